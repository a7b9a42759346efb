//! Products in register tiles.
//!
//! A tile is some rows by one to three registers of columns, held in registers over the whole depth:
//! each step loads one row of a panel, and one value of each of the rows. Every element of a result is the sum
//! over the depth in its order, whatever the tile, the width of a register or the rows around it, so that
//! results do not depend on batch, threads or instruction set.

#![allow(clippy::needless_range_loop, reason = "the loops over a tile have fixed bounds, which keeps it in registers")]

use super::{
    dispatch,
    panels::{Panels, Right},
};
use crate::host::Real;
use pulp::{Simd, WithSimd};

/// Most rows of a tile of `vectors` registers of columns. Twelve sums and more hide the latency of a fused
/// multiply-add; the more rows, the less often a panel is read from the second-level cache. A row of the panel and
/// a value must have registers, too.
const fn most_rows<T: Real, S: Simd>(vectors: usize) -> usize {
    match (S::REGISTER_COUNT >= 32, vectors) {
        // Few tiles are compiled for double precision.
        _ if !T::SINGLE => 4,
        (true, 3) => 8,
        (true, _) => 12,
        (false, 3) => 4,
        (false, _) => 6,
    }
}

/// The same for gradients of weights, whose rows lie side by side: one address serves all of them, and sixteen rows, as
/// many as a group often has channels, need no second tile.
const fn most_accumulated<T: Real, S: Simd>(vectors: usize) -> usize {
    if T::SINGLE && S::REGISTER_COUNT >= 32 && vectors == 1 { 16 } else { most_rows::<T, S>(vectors) }
}

/// The left side of a product: rows read where they lie. A row is a few runs of adjacent elements.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a, T> {
    /// The elements.
    pub values: &'a [T],
    /// The number of rows.
    pub rows: usize,
    /// Rows that follow one another `step` elements apart before the next `line` begins.
    pub across: usize,
    /// The distance between two rows of a line.
    pub step: usize,
    /// The distance between two lines.
    pub line: usize,
    /// Where the runs of a row begin, counted from its first element.
    pub runs: &'a [usize],
    /// Elements of a run.
    pub run_len: usize,
}

impl<'a, T> Left<'a, T> {
    /// The rows of a row-major matrix, of which the first `depth` elements are used.
    pub fn matrix(values: &'a [T], rows: usize, stride: usize, depth: usize) -> Self {
        Self { values, rows, across: rows.max(1), step: stride, line: 0, runs: &[0], run_len: depth }
    }

    /// Where some rows begin.
    #[inline(always)]
    fn starts<const M: usize>(&self, first: usize) -> [usize; M] {
        // One division a tile: where the depth is small, one a row would take longer than the products.
        let (mut line, mut column) = (first / self.across, first % self.across);
        // No `array::from_fn`: its closure would be called for every row.
        let mut starts = [0; M];
        for at in &mut starts {
            *at = line * self.line + column * self.step;
            column += 1;
            if column == self.across {
                (line, column) = (line + 1, 0);
            }
        }
        starts
    }
}

/// What happens to a sum.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a, T> {
    /// It overwrites the result.
    Write,
    /// The bias of its column is added, and it overwrites the result.
    AddBias(&'a [T]),
    /// It is added to the result.
    Accumulate,
}

/// What is done to a part of a result while it lies in a cache: the place of its first element, and the part, which is
/// some images or lines of one.
pub type End<'a, T> = &'a (dyn Fn(usize, &mut [T]) + Sync);

/// `y[i][j] = sum over d of a[i][d] * b[d][j]`, then as asked, for every row of `a` and every column of `b`.
/// Rows of `y` begin `stride` elements apart.
pub fn product<T: Real>(a: &Left<'_, T>, b: Right<'_, T>, then: Then<'_, T>, y: &mut [T], stride: usize) {
    dispatch::<T, _>(Product { a, b, then, y, stride });
}

struct Product<'a, T> {
    a: &'a Left<'a, T>,
    b: Right<'a, T>,
    then: Then<'a, T>,
    y: &'a mut [T],
    stride: usize,
}

/// Sizes of tiles, largest first: rows are divided into few tiles, and few tiles are compiled.
const SIZES: [usize; 8] = [16, 12, 8, 6, 4, 3, 2, 1];

/// Calls a tile with its number of rows as a constant.
macro_rules! with_rows {
    ($size:expr, $self:ident . $tile:ident :: <$S:ident, $V:ident> ($($argument:expr),*)) => {
        match $size {
            1 => $self.$tile::<$S, 1, $V>($($argument),*),
            2 => $self.$tile::<$S, 2, $V>($($argument),*),
            3 => $self.$tile::<$S, 3, $V>($($argument),*),
            4 => $self.$tile::<$S, 4, $V>($($argument),*),
            6 => $self.$tile::<$S, 6, $V>($($argument),*),
            8 => $self.$tile::<$S, 8, $V>($($argument),*),
            12 => $self.$tile::<$S, 12, $V>($($argument),*),
            _ => $self.$tile::<$S, 16, $V>($($argument),*),
        }
    };
}

impl<T: Real> WithSimd for Product<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if !T::SINGLE {
            return self.tiles::<S, 2>(simd);
        }
        match self.b.shape.width / T::lanes::<S>() {
            1 => self.tiles::<S, 1>(simd),
            2 => self.tiles::<S, 2>(simd),
            _ => self.tiles::<S, 3>(simd),
        }
    }
}

impl<T: Real> Product<'_, T> {
    #[inline(always)]
    fn tiles<S: Simd, const V: usize>(&mut self, simd: S) {
        match self.a.step {
            16 if const { T::SINGLE && V == 1 } => return self.lines::<S, 16>(simd),
            32 if const { T::SINGLE && V == 1 } => return self.lines::<S, 32>(simd),
            _ => {}
        }
        for panel in 0..self.b.shape.count() {
            for (first, size) in parts(self.a.rows, most_rows::<T, S>(V)) {
                with_rows!(size, self.tile::<S, V>(simd, panel, first));
            }
        }
    }

    /// The same for tiles of one register, line by line, where the distance of rows is a constant: one address serves
    /// all rows of a tile, which has as many loads as products.
    #[inline(always)]
    fn lines<S: Simd, const STEP: usize>(&mut self, simd: S) {
        for panel in 0..self.b.shape.count() {
            for line in (0..self.a.rows).step_by(self.a.across) {
                for (first, size) in parts(self.a.across.min(self.a.rows - line), most_rows::<T, S>(1)) {
                    match size {
                        12 => self.tile_of_line::<S, 12, STEP>(simd, panel, line + first),
                        8 => self.tile_of_line::<S, 8, STEP>(simd, panel, line + first),
                        4 => self.tile_of_line::<S, 4, STEP>(simd, panel, line + first),
                        6 => self.tile::<S, 6, 1>(simd, panel, line + first),
                        3 => self.tile::<S, 3, 1>(simd, panel, line + first),
                        2 => self.tile::<S, 2, 1>(simd, panel, line + first),
                        _ => self.tile::<S, 1, 1>(simd, panel, line + first),
                    }
                }
            }
        }
    }

    /// A tile of rows of one line.
    #[inline(always)]
    fn tile_of_line<S: Simd, const M: usize, const STEP: usize>(&mut self, simd: S, panel: usize, first: usize) {
        if const { M > most_rows::<T, S>(1) } {
            return;
        }
        let (a, shape) = (self.a, self.b.shape);
        let b = T::vectors::<S>(&self.b.values[panel * self.b.panel_stride..][..shape.panel_len()]);
        let at = first / a.across * a.line + first % a.across * STEP;
        let mut sums = [[T::splat(simd, T::zero())]; M];
        for (run, b) in a.runs.iter().zip(b.chunks_exact(a.run_len)) {
            let values = &a.values[at + run..][..(M - 1) * STEP + a.run_len];
            // What the rows of the tile have at one place of the depth, from the first to the last.
            for (values, &b) in values.windows((M - 1) * STEP + 1).zip(b) {
                for i in 0..M {
                    sums[i][0] = T::fused(simd, T::splat(simd, values[i * STEP]), b, sums[i][0]);
                }
            }
        }
        self.finish::<S, M, 1>(simd, sums, panel, first);
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, panel: usize, first: usize) {
        if const { M > most_rows::<T, S>(V) } {
            return;
        }
        let (a, shape) = (self.a, self.b.shape);
        let b = T::vectors::<S>(&self.b.values[panel * self.b.panel_stride..][..shape.panel_len()]);
        let at: [usize; M] = a.starts(first);
        let mut sums = [[T::splat(simd, T::zero()); V]; M];
        for (run, b) in a.runs.iter().zip(b.as_chunks::<V>().0.chunks_exact(a.run_len)) {
            let mut rows = [a.values; M];
            for i in 0..M {
                rows[i] = &a.values[at[i] + run..][..a.run_len];
            }
            for (d, b) in b[..a.run_len].iter().enumerate() {
                for i in 0..M {
                    let value = T::splat(simd, rows[i][d]);
                    for v in 0..V {
                        sums[i][v] = T::fused(simd, value, b[v], sums[i][v]);
                    }
                }
            }
        }
        self.finish::<S, M, V>(simd, sums, panel, first);
    }

    /// What happens to the sums of a tile.
    #[inline(always)]
    fn finish<S: Simd, const M: usize, const V: usize>(
        &mut self,
        simd: S,
        sums: [[T::Vector<S>; V]; M],
        panel: usize,
        first: usize,
    ) {
        let shape = self.b.shape;
        let columns = shape.columns_of(panel);
        // Sums leave their registers in a loop of their own: the one below is too large to be unrolled, and sums that
        // are indexed by a variable would lie in memory all the time.
        let mut done = [[T::splat(simd, T::zero()); V]; M];
        for i in 0..M {
            for v in 0..V {
                done[i][v] = sums[i][v];
            }
        }
        for i in 0..M {
            let y = &mut self.y[(first + i) * self.stride..][columns.clone()];
            match self.then {
                Then::Accumulate => {
                    let sums = T::elements::<S>(&done[i]);
                    y.iter_mut().zip(sums).for_each(|(y, &sum)| *y += sum);
                }
                _ if y.len() == shape.width => T::vectors_mut::<S>(y)[..V].copy_from_slice(&done[i]),
                _ => y.copy_from_slice(&T::elements::<S>(&done[i])[..y.len()]),
            }
            if let Then::AddBias(bias) = self.then {
                y.iter_mut().zip(&bias[columns.clone()]).for_each(|(y, &b)| *y += b);
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
/// The sums are packed as `shape` says; the gradients have panels of the same width.
pub fn accumulate<T: Real>(rows: &Rows<'_, T>, g: Right<'_, T>, shape: Panels, sums: &mut [T], first: usize) {
    dispatch::<T, _>(Accumulate { rows, g, shape, sums, first });
}

struct Accumulate<'a, T> {
    rows: &'a Rows<'a, T>,
    g: Right<'a, T>,
    shape: Panels,
    sums: &'a mut [T],
    first: usize,
}

impl<T: Real> WithSimd for Accumulate<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if !T::SINGLE {
            return self.tiles::<S, 2>(simd);
        }
        match self.shape.width / T::lanes::<S>() {
            1 => self.tiles::<S, 1>(simd),
            2 => self.tiles::<S, 2>(simd),
            _ => self.tiles::<S, 3>(simd),
        }
    }
}

impl<T: Real> Accumulate<'_, T> {
    #[inline(always)]
    fn tiles<S: Simd, const V: usize>(&mut self, simd: S) {
        for (at, size) in parts(self.rows.width, most_accumulated::<T, S>(V)) {
            for panel in 0..self.shape.count() {
                with_rows!(size, self.tile::<S, V>(simd, panel, at));
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, panel: usize, at: usize) {
        if const { M > most_accumulated::<T, S>(V) } {
            return;
        }
        let Panels { width, .. } = self.shape;
        let g = T::vectors::<S>(&self.g.values[panel * self.g.panel_stride..][..self.g.shape.panel_len()]);
        let g = g.as_chunks::<V>().0;
        let target = &mut self.sums[panel * self.shape.panel_len() + (self.first + at) * width..][..M * width];
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

/// Divides rows into tiles of at most `most` rows, the largest first: first row and size.
#[inline(always)]
fn parts(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|&size| size <= most && size <= rows - first)?;
        first += size;
        Some((first - size, size))
    })
}
