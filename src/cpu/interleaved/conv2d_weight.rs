//! The gradient of a convolution's weights over one block of images: sums over output places in registers, one for each
//! image, and over the images at the end.
//!
//! A tile is some rows of the weights (channels of one tap) by some of its columns. Lines of the output are taken some
//! at a time, so that what all taps of a tile see stays in the first-level cache. Where a group has few channels, its
//! lines are copied with their padding around them, and rows go over the channels of several taps.

#![allow(clippy::needless_range_loop, reason = "the loops over a tile have fixed bounds, which keeps it in registers")]

use super::{IMAGES, Pack, fold::fold};
use crate::host::{ConvDims, Lanes, Window};
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Bytes of inputs and gradients that a tile goes over for all its taps.
const BLOCK_BYTES: usize = 32 << 10;

/// Channels a group below which lines are copied.
const FEW: usize = 4;

/// The places of an output line that see something through some rows, and where the first of them looks.
#[derive(Clone, Copy, Debug)]
struct Seen {
    first: usize,
    count: usize,
    at: usize,
}

/// A gradient of weights, prepared once.
#[derive(Clone, Debug)]
pub struct WeightGradient {
    dims: ConvDims,
    /// Whether lines are copied with their padding around them.
    copied: bool,
    /// For each line of taps, the output lines that see something, and what the first of them sees.
    down: Vec<Seen>,
    /// For each tap, or once for all of a line where lines are copied, the places that see something.
    across: Vec<Seen>,
    /// Rows of the weights of an element of `across`.
    rows: usize,
}

fn seen(window: &Window, tap: usize, outputs: usize, inputs: usize) -> Seen {
    let mut seeing = (0..outputs).filter_map(|p| Some((p, window.position(p, tap, inputs)?)));
    let (first, at) = seeing.next().unwrap_or((0, 0));
    let count = (0..outputs).filter(|&p| window.position(p, tap, inputs).is_some()).count();
    Seen { first, count, at }
}

impl WeightGradient {
    /// The gradient for a convolution.
    pub fn new(dims: &ConvDims) -> Self {
        let copied = dims.cg() < FEW && dims.horizontal.dilation == 1;
        let down = (0..dims.r()).map(|r| seen(&dims.vertical, r, dims.p, dims.x.h)).collect();
        let (across, rows) = if copied {
            (vec![Seen { first: 0, count: dims.q, at: 0 }], dims.s() * dims.cg())
        } else {
            ((0..dims.s()).map(|s| seen(&dims.horizontal, s, dims.q, dims.x.w)).collect(), dims.cg())
        };
        Self { dims: *dims, copied, down, across, rows }
    }

    /// Weights.
    fn weights(&self) -> usize {
        self.dims.r() * self.dims.s() * self.dims.cg() * self.dims.k
    }

    /// Numbers that a block leaves: the gradients of weights and biases.
    pub fn kept_len(&self) -> usize {
        self.weights() + self.dims.k
    }

    /// Places of a copied line.
    fn copied_width(&self) -> usize {
        ((self.dims.q - 1) * self.dims.horizontal.stride + self.dims.s()).max(1)
    }

    /// Packs of a copied group.
    fn copied_len(&self) -> usize {
        self.dims.x.h * self.dims.cg() * if self.copied { self.copied_width() } else { self.dims.x.w }
    }

    /// Packs of the gradients of a tile's columns.
    fn gradients_len(&self) -> usize {
        self.dims.p * self.dims.q * MOST_COLUMNS
    }

    /// Packs of room that a call needs.
    pub fn room(&self) -> usize {
        let sums = self.dims.r() * self.across.len() * MOST_ROWS * MOST_COLUMNS;
        self.copied_len() + self.gradients_len() + sums
    }

    /// Overwrites `part` with what a block adds to the gradients.
    pub fn run(&self, x: &[Pack<f32>], dy: &[Pack<f32>], part: &mut [f32], room: &mut [Pack<f32>]) {
        pulp::Arch::new().dispatch(Gradients { of: self, x, dy, part, room });
    }

    /// Copies the lines of a group with zeros where there is padding, so that rows over several taps are adjacent.
    fn copy_lines(&self, x: &[Pack<f32>], group: usize, to: &mut [Pack<f32>]) {
        let (cg, width, pad) = (self.dims.cg(), self.copied_width(), self.dims.horizontal.pad_begin);
        for (h, line) in to.chunks_exact_mut(width * cg).enumerate() {
            for (place, to) in line.chunks_exact_mut(cg).enumerate() {
                match place.checked_sub(pad).filter(|&w| w < self.dims.x.w) {
                    Some(w) => {
                        let from = (h * self.dims.x.w + w) * self.dims.x.c + group * cg;
                        to.copy_from_slice(&x[from..][..cg]);
                    }
                    None => to.fill([0.0; IMAGES]),
                }
            }
        }
    }

    /// Copies some channels of a group, which a tile then finds side by side: as far apart as they lie in the input,
    /// they would compete for the same few lines of a cache.
    fn copy_channels(&self, x: &[Pack<f32>], group: usize, rows: Range<usize>, to: &mut [Pack<f32>]) {
        let first = group * self.dims.cg() + rows.start;
        for (x, to) in x.chunks_exact(self.dims.x.c).zip(to.chunks_exact_mut(rows.len())) {
            to.copy_from_slice(&x[first..][..rows.len()]);
        }
    }
}

struct Gradients<'a> {
    of: &'a WeightGradient,
    x: &'a [Pack<f32>],
    dy: &'a [Pack<f32>],
    part: &'a mut [f32],
    room: &'a mut [Pack<f32>],
}

/// Most rows and columns of a tile.
const MOST_ROWS: usize = 6;
const MOST_COLUMNS: usize = 6;

/// A tile: its group, its rows and columns.
#[derive(Clone, Debug)]
struct Tile {
    group: usize,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Divides so many rows or columns into few sizes that are compiled.
#[inline(always)]
fn sizes(all: usize, fitting: &'static [usize]) -> impl Iterator<Item = Range<usize>> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let size = fitting.iter().copied().find(|&size| size <= all - first)?;
        first += size;
        Some(first - size..first)
    })
}

/// Calls a function with the rows and columns of a tile as constants.
macro_rules! with_sizes {
    ($rows:expr, $columns:expr, $self:ident, $S:ident, $arguments:tt) => {
        match $rows {
            6 => with_sizes!(@ $columns, $self, $S, 6, $arguments),
            5 => with_sizes!(@ $columns, $self, $S, 5, $arguments),
            4 => with_sizes!(@ $columns, $self, $S, 4, $arguments),
            3 => with_sizes!(@ $columns, $self, $S, 3, $arguments),
            2 => with_sizes!(@ $columns, $self, $S, 2, $arguments),
            _ => with_sizes!(@ $columns, $self, $S, 1, $arguments),
        }
    };
    (@ $columns:expr, $self:ident, $S:ident, $C:literal, ($($argument:expr),*)) => {
        match $columns {
            6 => $self.tile::<$S, $C, 6>($($argument),*),
            4 => $self.tile::<$S, $C, 4>($($argument),*),
            2 => $self.tile::<$S, $C, 2>($($argument),*),
            _ => $self.tile::<$S, $C, 1>($($argument),*),
        }
    };
}

/// The same for what has columns only.
macro_rules! with_columns {
    ($columns:expr, $self:ident, $S:ident, ($($argument:expr),*)) => {
        match $columns {
            6 => $self.copy_gradients::<$S, 6>($($argument),*),
            4 => $self.copy_gradients::<$S, 4>($($argument),*),
            2 => $self.copy_gradients::<$S, 2>($($argument),*),
            _ => $self.copy_gradients::<$S, 1>($($argument),*),
        }
    };
}

impl WithSimd for Gradients<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let dims = self.of.dims;
        let (wide, kg) = (S::REGISTER_COUNT >= 32, dims.kg());
        // Sums of a whole tile must be registers, beside a row and a column.
        let [of_rows, of_columns]: [&[usize]; 2] = match wide {
            true if self.of.copied => [&[5, 4, 3, 2, 1], &[4, 2, 1]],
            true if kg.is_multiple_of(6) => [&[4, 3, 2, 1], &[6, 4, 2, 1]],
            true if self.of.rows.is_multiple_of(6) => [&[6], &[4, 2, 1]],
            true => [&[4, 3, 2, 1], &[4, 2, 1]],
            false => [&[2, 1], &[4, 2, 1]],
        };
        let places = dims.x.h * dims.x.w;
        for group in 0..dims.groups {
            if self.of.copied {
                self.of.copy_lines(self.x, group, &mut self.room[..self.of.copied_len()]);
            } else {
                for rows in sizes(self.of.rows, of_rows) {
                    let to = &mut self.room[rows.start * places..rows.end * places];
                    self.of.copy_channels(self.x, group, rows, to);
                }
            }
            for columns in sizes(kg, of_columns) {
                let column = group * kg + columns.start;
                with_columns!(columns.len(), self, S, (simd, column));
                for rows in sizes(self.of.rows, of_rows) {
                    let tile = Tile { group, rows: rows.clone(), columns: columns.clone() };
                    for half in 0..IMAGES / f32::lanes::<S>() {
                        with_sizes!(rows.len(), columns.len(), self, S, (simd, &tile, half));
                    }
                    self.leave(simd, &tile);
                }
            }
        }
    }
}

impl Gradients<'_> {
    /// Copies the gradients of some columns side by side, and leaves their sums: the gradients of the biases.
    #[inline(always)]
    fn copy_gradients<S: Simd, const K: usize>(&mut self, simd: S, column: usize) {
        let (of, registers) = (self.of, IMAGES / f32::lanes::<S>());
        let to = self.room[of.copied_len()..][..of.dims.p * of.dims.q * K].as_chunks_mut::<K>().0;
        let mut sums = [[0.0; IMAGES]; K];
        for half in 0..registers {
            let mut total = [f32::splat(simd, 0.0); K];
            for (to, dy) in to.iter_mut().zip(self.dy.chunks_exact(of.dims.k)) {
                let dy = &dy[column..][..K];
                for j in 0..K {
                    let values = f32::vectors::<S>(&dy[j])[half];
                    total[j] = f32::plus(simd, total[j], values);
                    f32::vectors_mut::<S>(&mut to[j])[half] = values;
                }
            }
            for j in 0..K {
                f32::vectors_mut::<S>(&mut sums[j])[half] = total[j];
            }
        }
        let db = &mut self.part[of.weights() + column..][..K];
        db.iter_mut().zip(&sums).for_each(|(db, sums)| *db = fold(simd, sums));
    }

    /// Overwrites the sums of a tile: `[r][across][rows][columns]`.
    #[inline(always)]
    fn tile<S: Simd, const C: usize, const K: usize>(&mut self, simd: S, tile: &Tile, half: usize) {
        let of = self.of;
        let dims = &of.dims;
        if C * K > if S::REGISTER_COUNT >= 32 { 24 } else { 8 } {
            return;
        }
        let (copied, room) = self.room.split_at_mut(of.copied_len());
        let (dy, sums) = room.split_at_mut(of.gradients_len());
        let dy = dy.as_chunks::<K>().0;
        let sums = &mut sums[..dims.r() * of.across.len() * C * K];
        let (x, width, place, first) = if of.copied {
            (&*copied, of.copied_width(), dims.cg(), tile.rows.start)
        } else {
            (&copied[tile.rows.start * dims.x.h * dims.x.w..], dims.x.w, C, 0)
        };
        let step = dims.horizontal.stride * place;
        let bytes = dims.q * (K + C * dims.horizontal.stride * dims.vertical.stride) * size_of::<Pack<f32>>();
        let lines = (BLOCK_BYTES / bytes).max(1);
        for block in (0..dims.p).step_by(lines) {
            let block = block..(block + lines).min(dims.p);
            let taps = of.down.iter().flat_map(|down| of.across.iter().map(move |across| (down, across)));
            for ((down, across), sums) in taps.zip(sums.as_chunks_mut::<K>().0.chunks_exact_mut(C)) {
                let Some(sums) = sums.first_chunk_mut::<C>() else { continue };
                let mut total = [[f32::splat(simd, 0.0); K]; C];
                if block.start > 0 {
                    for i in 0..C {
                        for j in 0..K {
                            total[i][j] = f32::vectors::<S>(&sums[i][j])[half];
                        }
                    }
                }
                let seeing = block.start.max(down.first)..block.end.min(down.first + down.count);
                for p in seeing.filter(|_| across.count > 0) {
                    let h = down.at + (p - down.first) * dims.vertical.stride;
                    // Windows have a length that is known, so that nothing is checked inside.
                    let x = &x[(h * width + across.at) * place + first..][..(across.count - 1) * step + C];
                    let dy = &dy[p * dims.q + across.first..][..across.count];
                    for (x, dy) in x.windows(C).step_by(step).zip(dy) {
                        let mut columns = [f32::splat(simd, 0.0); K];
                        for j in 0..K {
                            columns[j] = f32::vectors::<S>(&dy[j])[half];
                        }
                        for i in 0..C {
                            let value = f32::vectors::<S>(&x[i])[half];
                            for j in 0..K {
                                total[i][j] = f32::fused(simd, value, columns[j], total[i][j]);
                            }
                        }
                    }
                }
                for i in 0..C {
                    for j in 0..K {
                        f32::vectors_mut::<S>(&mut sums[i][j])[half] = total[i][j];
                    }
                }
            }
        }
    }

    /// Sums over the images, and leaves the sums in their places.
    #[inline(always)]
    fn leave<S: Simd>(&mut self, simd: S, tile: &Tile) {
        let of = self.of;
        let dims = &of.dims;
        let (rows, columns) = (tile.rows.len(), tile.columns.len());
        let sums = self.room[of.copied_len() + of.gradients_len()..].chunks_exact(columns);
        let column = tile.group * dims.kg() + tile.columns.start;
        let places = (0..dims.r() * of.across.len())
            .flat_map(|tap| (0..rows).map(move |row| tap * of.rows + tile.rows.start + row));
        for (place, sums) in places.zip(sums) {
            let part = &mut self.part[place * dims.k + column..][..columns];
            part.iter_mut().zip(sums).for_each(|(part, sums)| *part = fold(simd, sums));
        }
    }
}
