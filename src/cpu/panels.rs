//! Products in register tiles on matrices that are packed once and used for many rows.
//!
//! A tile is up to [`ROWS`] rows by one or two registers of columns, held in registers over the whole depth:
//! each step loads one row of a panel, and one value of each of the rows. Every element of a result is the sum
//! over the depth in its order, whatever the tile, the width of a register or the rows around it, so that
//! results do not depend on batch, threads or instruction set.

#![allow(clippy::needless_range_loop, reason = "the loops over a tile have fixed bounds, which keeps it in registers")]

use super::frame::Frame;
use crate::host::Real;
use pulp::{Simd, WithSimd};

/// Most rows of a tile: with two registers of columns, twelve sums hide the latency of a fused multiply-add
/// and leave registers for the operands on every instruction set that has sixteen.
const ROWS: usize = 6;

/// Most registers of columns in a tile.
const VECTORS: usize = 2;

/// Columns side by side in panels of one tile's width, each `[depth][width]`, with zeros behind the last column.
#[derive(Clone, Debug)]
pub struct Panels<T> {
    values: Vec<T>,
    width: usize,
    depth: usize,
    columns: usize,
}

struct Width<T>(usize, std::marker::PhantomData<T>);

impl<T: Real> WithSimd for Width<T> {
    type Output = usize;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let lanes = T::lanes::<S>();
        if self.0 <= lanes { lanes } else { VECTORS * lanes }
    }
}

impl<T: Real> Panels<T> {
    /// Panels of zeros.
    pub fn new(depth: usize, columns: usize) -> Self {
        let width = pulp::Arch::new().dispatch(Width(columns, std::marker::PhantomData::<T>));
        Self { values: vec![T::zero(); columns.div_ceil(width) * depth * width], width, depth, columns }
    }

    /// Overwrites the first rows of the depth: `row(d)` gives the columns of row `d`.
    pub fn pack<'a>(&mut self, rows: usize, row: impl Fn(usize) -> &'a [T])
    where
        T: 'a,
    {
        for d in 0..rows {
            let (width, depth) = (self.width, self.depth);
            for (panel, part) in row(d)[..self.columns].chunks(width).enumerate() {
                self.values[(panel * depth + d) * width..][..part.len()].copy_from_slice(part);
            }
        }
    }

    /// Overwrites one element.
    pub fn set(&mut self, d: usize, column: usize, value: T) {
        let (panel, lane) = (column / self.width, column % self.width);
        self.values[(panel * self.depth + d) * self.width + lane] = value;
    }

    /// The columns of all panels together.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The columns of row `d`, in parts with the number of their first column.
    pub fn row(&self, d: usize) -> impl Iterator<Item = (usize, &[T])> {
        (0..self.columns).step_by(self.width).map(move |first| {
            let part = self.width.min(self.columns - first);
            (first, &self.values[(first / self.width * self.depth + d) * self.width..][..part])
        })
    }
}

/// The windows of a frame: rows of a matrix, read where they lie.
#[derive(Debug)]
pub struct Windows<'a, T> {
    /// The frame of one group.
    pub values: &'a [T],
    /// Its shape.
    pub shape: &'a Frame,
}

/// `y[i][j] = b[j] + sum over d of a[i][d] * panels[d][j]` for every window `a[i]`, overwriting as many elements of
/// each row of `y` as the panels have columns. Rows of `y` begin `stride` elements apart.
pub fn product<T: Real>(a: &Windows<'_, T>, panels: &Panels<T>, b: Option<&[T]>, y: &mut [T], stride: usize) {
    pulp::Arch::new().dispatch(Product { a, panels, b, y, stride });
}

struct Product<'a, T> {
    a: &'a Windows<'a, T>,
    panels: &'a Panels<T>,
    b: Option<&'a [T]>,
    y: &'a mut [T],
    stride: usize,
}

impl<T: Real> WithSimd for Product<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.panels.width == T::lanes::<S>() { self.tiles::<S, 1>(simd) } else { self.tiles::<S, 2>(simd) }
    }
}

impl<T: Real> Product<'_, T> {
    #[inline(always)]
    fn tiles<S: Simd, const V: usize>(&mut self, simd: S) {
        for panel in 0..self.panels.columns.div_ceil(self.panels.width) {
            for (first, size) in parts(self.a.shape.windows()) {
                match size {
                    1 => self.tile::<S, 1, V>(simd, panel, first),
                    2 => self.tile::<S, 2, V>(simd, panel, first),
                    3 => self.tile::<S, 3, V>(simd, panel, first),
                    4 => self.tile::<S, 4, V>(simd, panel, first),
                    5 => self.tile::<S, 5, V>(simd, panel, first),
                    _ => self.tile::<S, 6, V>(simd, panel, first),
                }
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, panel: usize, first: usize) {
        let Panels { width, depth, columns, .. } = *self.panels;
        let (values, shape) = (self.a.values, self.a.shape);
        let weights = T::vectors::<S>(&self.panels.values[panel * depth * width..][..depth * width]);
        let mut at = [0; M];
        for i in 0..M {
            at[i] = shape.at(first + i);
        }
        let mut sums = [[T::splat(simd, T::zero()); V]; M];
        let len = shape.run_len();
        for (run, weights) in shape.runs().iter().zip(weights.as_chunks::<V>().0.chunks_exact(len)) {
            let mut rows = [values; M];
            for i in 0..M {
                rows[i] = &values[at[i] + run..][..len];
            }
            for (d, w) in weights[..len].iter().enumerate() {
                for i in 0..M {
                    let value = T::splat(simd, rows[i][d]);
                    for v in 0..V {
                        sums[i][v] = T::fused(simd, value, w[v], sums[i][v]);
                    }
                }
            }
        }
        let column = panel * width;
        let count = width.min(columns - column);
        for i in 0..M {
            let y = &mut self.y[(first + i) * self.stride + column..][..count];
            if count == width {
                T::vectors_mut::<S>(y)[..V].copy_from_slice(&sums[i]);
            } else {
                y.copy_from_slice(&T::elements::<S>(&sums[i])[..count]);
            }
            if let Some(b) = self.b {
                y.iter_mut().zip(&b[column..]).for_each(|(y, &b)| *y += b);
            }
        }
    }
}

/// Rows of a matrix that follow one another at a fixed distance, and the rows of gradients that they meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The first element of the first row.
    pub from: usize,
    /// The first row of the gradients.
    pub g: usize,
    /// Rows.
    pub count: usize,
}

/// What rows add to the gradient of some rows of a matrix of weights.
#[derive(Debug)]
pub struct Rows<'a, T> {
    /// The elements that the runs point into.
    pub values: &'a [T],
    /// The distance between two rows of a run.
    pub step: usize,
    /// The runs, in the order in which they are summed.
    pub runs: &'a [Run],
    /// Elements of a row that are used: each meets a row of weights of its own.
    pub width: usize,
}

/// `sums[first + d][j] += sum over i of rows[i][d] * g[i][j]`, i running over the rows of all runs in their order.
pub fn accumulate<T: Real>(rows: &Rows<'_, T>, g: &Panels<T>, sums: &mut Panels<T>, first: usize) {
    pulp::Arch::new().dispatch(Accumulate { rows, g, sums, first });
}

struct Accumulate<'a, T> {
    rows: &'a Rows<'a, T>,
    g: &'a Panels<T>,
    sums: &'a mut Panels<T>,
    first: usize,
}

impl<T: Real> WithSimd for Accumulate<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.g.width == T::lanes::<S>() { self.tiles::<S, 1>(simd) } else { self.tiles::<S, 2>(simd) }
    }
}

impl<T: Real> Accumulate<'_, T> {
    #[inline(always)]
    fn tiles<S: Simd, const V: usize>(&mut self, simd: S) {
        for (at, size) in parts(self.rows.width) {
            for panel in 0..self.sums.columns.div_ceil(self.sums.width) {
                match size {
                    1 => self.tile::<S, 1, V>(simd, panel, at),
                    2 => self.tile::<S, 2, V>(simd, panel, at),
                    3 => self.tile::<S, 3, V>(simd, panel, at),
                    4 => self.tile::<S, 4, V>(simd, panel, at),
                    5 => self.tile::<S, 5, V>(simd, panel, at),
                    _ => self.tile::<S, 6, V>(simd, panel, at),
                }
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, panel: usize, at: usize) {
        let Panels { width, depth, .. } = *self.sums;
        let g = T::vectors::<S>(&self.g.values[panel * self.g.depth * width..][..self.g.depth * width]);
        let g = g.as_chunks::<V>().0;
        let target = &mut self.sums.values[(panel * depth + self.first + at) * width..][..M * width];
        let target = &mut T::vectors_mut::<S>(target).as_chunks_mut::<V>().0[..M];
        let mut sums = [[T::splat(simd, T::zero()); V]; M];
        sums.copy_from_slice(target);
        for run in self.rows.runs {
            let rows = self.rows.values[run.from + at..].chunks(self.rows.step);
            for (row, g) in rows.zip(&g[run.g..][..run.count]) {
                let row = &row[..M];
                for i in 0..M {
                    let value = T::splat(simd, row[i]);
                    for v in 0..V {
                        sums[i][v] = T::fused(simd, value, g[v], sums[i][v]);
                    }
                }
            }
        }
        target.copy_from_slice(&sums);
    }
}

/// Divides rows into tiles of nearly equal size, at most [`ROWS`] each: first row and size.
#[inline(always)]
fn parts(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(ROWS).max(1);
    (0..count).map(move |i| (rows * i / count, rows * (i + 1) / count - rows * i / count)).filter(|(_, size)| *size > 0)
}
