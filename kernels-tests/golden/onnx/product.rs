//! `Gemm` and `MatMul`, by the fully connected layer.

use crate::golden::{
    case::{Case, Stop, skip},
    judge::{Got, Verdict, by_tolerance},
    machine::Machine,
    machine::map,
    npy::Array,
};
use strata::{
    host::ImageDims,
    ops::{
        Device, TensorShape,
        dense::{DenseDims, Forward},
    },
};

/// A matrix in row-major order.
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    fn transposed(&self) -> Self {
        let at = |column: usize, row: usize| self.values[row * self.columns + column];
        let values = (0..self.columns).flat_map(|column| (0..self.rows).map(move |row| at(column, row))).collect();
        Self { rows: self.columns, columns: self.rows, values }
    }

    fn read(array: &Array, transpose: bool) -> Result<Self, Stop> {
        let [rows, columns] = array.shape[..] else {
            return Err(format!("shape {:?} of a matrix", array.shape).into());
        };
        let matrix = Self { rows, columns, values: array.f32s()?.to_vec() };
        Ok(if transpose { matrix.transposed() } else { matrix })
    }
}

/// `a b + bias` by one fully connected layer.
fn product(device: &Device, a: &Matrix, b: &Matrix, bias: Option<&[f32]>) -> Result<Vec<f64>, Stop> {
    if a.columns != b.rows {
        return Err(format!("{} columns times {} rows", a.columns, b.rows).into());
    }
    let dims = DenseDims { x: ImageDims { n: a.rows, c: a.columns, h: 1, w: 1 }, k: b.columns };
    let mut m = Machine::new();
    let x = m.real("a", TensorShape::Activation(dims.x), &a.values);
    let kernel = TensorShape::Kernel { dims: [b.columns, b.rows, 1, 1], groups: 1 };
    let w = m.real("b", kernel, &b.transposed().values);
    let bias = bias.map(|bias| m.real("c", TensorShape::Channels(b.columns), bias));
    let y = m.result("y", map(a.rows, b.columns, 1, 1));
    m.call(Forward { dims, x, w, b: bias, y, relu: false });
    Ok(m.run(device)?.read_f64(y)?)
}

pub fn gemm(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let attributes = &case.attributes;
    let a = Matrix::read(case.required(0)?, attributes.flag("transA")?.unwrap_or(false))?;
    let b = Matrix::read(case.required(1)?, attributes.flag("transB")?.unwrap_or(false))?;
    let c = case.slot(2);
    let (alpha, beta) = (attributes.float("alpha")?.unwrap_or(1.0), attributes.float("beta")?.unwrap_or(1.0));
    // Before opset 7 a flag allowed what the shapes now say by themselves.
    attributes.flag("broadcast")?;
    case.all_understood()?;
    if alpha != 1.0 {
        return Err(skip("Gemm: alpha"));
    }
    if c.is_some() && beta != 1.0 {
        return Err(skip("Gemm: beta"));
    }
    let (m, n) = (a.rows, b.columns);
    let Some(c) = c else {
        return by_tolerance(case, &[Got::new(&[m, n], product(device, &a, &b, None)?)]);
    };
    let values = c.f32s()?;
    let y = match c.shape[..] {
        [] | [1] | [1, 1] => product(device, &a, &b, Some(&vec![values[0]; n]))?,
        [width] | [1, width] if width == n => product(device, &a, &b, Some(values))?,
        [rows, width] if rows == m && (width == n || width == 1) => {
            // A bias a row is a product with the identity: [a | 1] times [b over c].
            let (mut left, mut right) = (Vec::new(), b.values.clone());
            for row in 0..m {
                left.extend(&a.values[row * a.columns..][..a.columns]);
                left.extend((0..m).map(|column| if column == row { 1.0 } else { 0.0 }));
                right.extend((0..n).map(|column| values[row * width + column % width]));
            }
            let left = Matrix { rows: m, columns: a.columns + m, values: left };
            product(device, &left, &Matrix { rows: b.rows + m, columns: n, values: right }, None)?
        }
        _ => return Err(format!("a bias of shape {:?} for {m} x {n}", c.shape).into()),
    };
    by_tolerance(case, &[Got::new(&[m, n], y)])
}

pub fn matmul(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let (a, b) = (case.required(0)?, case.required(1)?);
    case.all_understood()?;
    // A vector on the left is one row, on the right one column, and the result loses that side again.
    let (mut a_shape, mut b_shape) = (a.shape.clone(), b.shape.clone());
    if a_shape.is_empty() || b_shape.is_empty() {
        return Err("a factor is a number".into());
    }
    if a_shape.len() == 1 {
        a_shape.insert(0, 1);
    }
    if b_shape.len() == 1 {
        b_shape.push(1);
    }
    let (a_batch, [m, depth]) = split(&a_shape);
    let (b_batch, [depth_b, n]) = split(&b_shape);
    let axes = a_batch.len().max(b_batch.len());
    let side = |batch: &[usize], axis: usize| (axis + batch.len()).checked_sub(axes).map_or(1, |at| batch[at]);
    let mut shape = Vec::new();
    for axis in 0..axes {
        match (side(a_batch, axis), side(b_batch, axis)) {
            (a, b) if a == b || b == 1 => shape.push(a),
            (1, b) => shape.push(b),
            (a, b) => return Err(format!("batches of {a} and {b}").into()),
        }
    }
    let mut values = Vec::new();
    for index in 0..shape.iter().product::<usize>() {
        let at = |batch: &[usize]| {
            // The place of this product's factor: sides of 1 are used again for every product.
            let (mut rest, mut place, mut step) = (index, 0, 1);
            for axis in (0..axes).rev() {
                let (own, coordinate) = (side(batch, axis), rest % shape[axis]);
                rest /= shape[axis];
                place += if own == 1 { 0 } else { coordinate * step };
                step *= own;
            }
            place
        };
        let a = Matrix { rows: m, columns: depth, values: a.f32s()?[at(a_batch) * m * depth..][..m * depth].to_vec() };
        let b = Matrix {
            rows: depth_b,
            columns: n,
            values: b.f32s()?[at(b_batch) * depth_b * n..][..depth_b * n].to_vec(),
        };
        values.extend(product(device, &a, &b, None)?);
    }
    if a.shape.len() > 1 {
        shape.push(m);
    }
    if b.shape.len() > 1 {
        shape.push(n);
    }
    by_tolerance(case, &[Got::new(&shape, values)])
}

fn split(shape: &[usize]) -> (&[usize], [usize; 2]) {
    let (batch, matrix) = shape.split_at(shape.len() - 2);
    (batch, [matrix[0], matrix[1]])
}
