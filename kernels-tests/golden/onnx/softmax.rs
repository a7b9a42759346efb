//! `Softmax`, `LogSoftmax` and `SoftmaxCrossEntropyLoss`, all by softmax cross-entropy.

use crate::golden::{
    case::{Case, Stop, skip},
    judge::{Got, Verdict, by_tolerance},
    machine::{Machine, column, map},
};
use strata::{
    host::ImageDims,
    ops::{
        Device, TensorShape,
        dense::{DenseDims, Forward as DenseForward},
        softmax_cross_entropy::Forward,
    },
};

/// Rows of classes within a tensor: row (o, i) holds the elements `(o * classes + c) * inner + i`.
pub struct Rows {
    outer: usize,
    pub classes: usize,
    inner: usize,
}

impl Rows {
    /// The rows along one axis.
    pub fn along(shape: &[usize], axis: usize) -> Self {
        let product = |sides: &[usize]| sides.iter().product();
        Self { outer: product(&shape[..axis]), classes: shape[axis], inner: product(&shape[axis + 1..]) }
    }

    /// From opset 13 one axis; before, all axes from one on together.
    fn of(case: &Case, shape: &[usize]) -> Result<Self, Stop> {
        let opset = case.opset.ok_or("the case has no opset")?;
        let axis = case.attributes.int("axis")?.unwrap_or(if opset >= 13 { -1 } else { 1 });
        let axis = if axis < 0 { axis + shape.len() as i64 } else { axis };
        if axis < 0 || axis as usize >= shape.len() {
            return Err(format!("axis {axis} of shape {shape:?}").into());
        }
        if opset >= 13 {
            return Ok(Self::along(shape, axis as usize));
        }
        let (before, from) = shape.split_at(axis as usize);
        Ok(Self { outer: before.iter().product(), classes: from.iter().product(), inner: 1 })
    }

    /// The number of rows.
    pub const fn count(&self) -> usize {
        self.outer * self.inner
    }

    fn place(&self, row: usize, class: usize) -> usize {
        (row / self.inner * self.classes + class) * self.inner + row % self.inner
    }

    /// The elements row by row.
    pub fn gather(&self, values: &[f32]) -> Vec<f32> {
        (0..self.count()).flat_map(|row| (0..self.classes).map(move |c| values[self.place(row, c)])).collect()
    }

    /// Elements row by row, back in their places.
    pub fn scatter(&self, rows: &[f64]) -> Vec<f64> {
        let mut values = vec![f64::NAN; rows.len()];
        for (at, &value) in rows.iter().enumerate() {
            values[self.place(at / self.classes, at % self.classes)] = value;
        }
        values
    }
}

/// Losses and probabilities of rows of logits.
fn run(device: &Device, classes: usize, logits: &[f32], labels: &[u32]) -> Result<[Vec<f64>; 2], Stop> {
    let n = labels.len();
    if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
        return Err(format!("label {label} of {classes} classes").into());
    }
    let mut m = Machine::new();
    let x = m.real("x", map(n, classes, 1, 1), logits);
    let labels = m.word("labels", column(n), labels);
    let (loss, prob) = (m.result("loss", column(n)), m.result("prob", map(n, classes, 1, 1)));
    m.call(Forward { n, classes, logits: x, labels, loss, prob });
    let mut e = m.run(device)?;
    Ok([e.read_f64(loss)?, e.read_f64(prob)?])
}

/// The logarithms of the probabilities, row by row: the operation's loss, with its sign turned, for each
/// class in turn as the label.
fn log_probabilities(device: &Device, rows: &Rows, logits: &[f32]) -> Result<Vec<f64>, Stop> {
    let each = logits.chunks_exact(rows.classes).flat_map(|row| std::iter::repeat_n(row, rows.classes)).flatten();
    let labels: Vec<u32> = (0..rows.count()).flat_map(|_| 0..rows.classes as u32).collect();
    let [loss, _] = run(device, rows.classes, &each.copied().collect::<Vec<f32>>(), &labels)?;
    Ok(rows.scatter(&loss.into_iter().map(|loss| -loss).collect::<Vec<f64>>()))
}

/// The sum of values times a weight each, by a fully connected layer of one output.
pub fn weighted(device: &Device, values: &[f64], weight: f64) -> Result<Vec<f64>, Stop> {
    let dims = DenseDims { x: ImageDims { n: 1, c: values.len(), h: 1, w: 1 }, k: 1 };
    let mut m = Machine::new();
    let x = m.result("x", TensorShape::Activation(dims.x));
    let w = m.result("w", TensorShape::Kernel { dims: [1, values.len(), 1, 1], groups: 1 });
    let y = m.result("y", map(1, 1, 1, 1));
    m.call(DenseForward { dims, x, w, b: None, y, relu: false });
    let mut e = m.load(device)?;
    e.write_f64(x, values)?;
    e.write_f64(w, &vec![weight; values.len()])?;
    e.run(0, &crate::golden::machine::step(0.0))?;
    Ok(e.read_f64(y)?)
}

/// The mean of values, by a fully connected layer.
pub fn mean_of(device: &Device, values: &[f64]) -> Result<Vec<f64>, Stop> {
    weighted(device, values, 1.0 / values.len() as f64)
}

pub fn softmax(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let x = case.required(0)?;
    let rows = Rows::of(case, &x.shape)?;
    case.all_understood()?;
    let [_, prob] = run(device, rows.classes, &rows.gather(x.f32s()?), &vec![0; rows.count()])?;
    by_tolerance(case, &[Got::new(&x.shape, rows.scatter(&prob))])
}

pub fn log_softmax(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let x = case.required(0)?;
    let rows = Rows::of(case, &x.shape)?;
    case.all_understood()?;
    let logarithms = log_probabilities(device, &rows, &rows.gather(x.f32s()?))?;
    by_tolerance(case, &[Got::new(&x.shape, logarithms)])
}

pub fn loss(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let (x, labels) = (case.required(0)?, case.required(1)?);
    let reduction = case.attributes.text("reduction")?.unwrap_or_else(|| "mean".into());
    let (weights, ignore) = (case.slot(2), case.attributes.int("ignore_index")?);
    case.all_understood()?;
    if weights.is_some() {
        return Err(skip("SoftmaxCrossEntropyLoss: weights"));
    }
    if ignore.is_some() {
        return Err(skip("SoftmaxCrossEntropyLoss: ignore_index"));
    }
    if x.shape.len() < 2 {
        return Err("the logits have no classes".into());
    }
    let rows = Rows::along(&x.shape, 1);
    let logits = rows.gather(x.f32s()?);
    let [losses, _] = run(device, rows.classes, &logits, &labels.words()?)?;
    let loss = match reduction.as_str() {
        "none" => Got::new(&labels.shape, losses),
        "sum" => Got::new(&[], weighted(device, &losses, 1.0)?),
        "mean" => Got::new(&[], mean_of(device, &losses)?),
        other => return Err(format!("reduction is {other:?}").into()),
    };
    let mut results = vec![loss];
    if case.outputs.iter().any(|output| output.slot == 1) {
        results.push(Got::new(&x.shape, log_probabilities(device, &rows, &logits)?));
    }
    by_tolerance(case, &results)
}
