//! Convolutions and their input gradients over packs, as one correlation: each output is the sum, tap by tap, over the
//! channels of what the tap sees; taps that see nothing are left out.
//!
//! A tile is one to three outputs of a line by some channels in registers: each step loads a pack of every output and
//! one weight of every channel.

#![allow(clippy::needless_range_loop, reason = "the loops over a tile have fixed bounds, which keeps it in registers")]

use super::{IMAGES, Pack};
use crate::host::{ConvDims, Lanes, Window};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Outputs of a tile.
const OUTPUTS: usize = 3;

/// Where a tap sees nothing while it sees something from another output of the tile.
const OUTSIDE: usize = usize::MAX;

/// Adjacent packs that each output of a tile sees through adjacent rows of the weights.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Where they begin in their line.
    at: [usize; OUTPUTS],
    /// The first row of the weights, counted from the first one of its line of taps.
    row: usize,
    /// How many there are.
    len: usize,
}

/// Outputs of a line that are computed together.
#[derive(Clone, Debug)]
struct Tile {
    first: usize,
    outputs: usize,
    runs: Vec<Run>,
}

/// A correlation over packs, prepared once.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// Lines of the output, its places and its channels.
    to: [usize; 3],
    /// Elements of a line of the input.
    line: usize,
    groups: usize,
    /// Channels of a group that are summed over, and that are computed.
    depth: usize,
    columns: usize,
    /// The rows of the weights of one line of taps, and the columns of all groups.
    rows_of_line: usize,
    row_len: usize,
    /// Whether sums run along the rows of the weights instead of down their columns.
    along: bool,
    /// The lines of taps that each line of the output sees something through, with the line that it sees.
    lines: Vec<Vec<(usize, usize)>>,
    tiles: Vec<Tile>,
    /// What a tap sees outside.
    zeros: Vec<Pack<f32>>,
}

/// What happens to a sum.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a> {
    /// It overwrites the result.
    Write,
    /// The bias of its channel is added; where asked, what is below zero becomes zero.
    AddBias(Option<&'a [f32]>, bool),
    /// It becomes zero where this, of the same shape as the result, is not positive.
    Mask(&'a [Pack<f32>]),
}

/// What a place of an output sees through each tap of an axis.
type Sees = Vec<Vec<Option<usize>>>;

fn forward(window: &Window, outputs: usize, inputs: usize) -> Sees {
    (0..outputs).map(|p| (0..window.kernel).map(|r| window.position(p, r, inputs)).collect()).collect()
}

/// The outputs whose tap sees an input.
fn backward(window: &Window, outputs: usize, inputs: usize) -> Sees {
    let seeing = |h: usize, r: usize| {
        let from = (h + window.pad_begin).checked_sub(r * window.dilation)?;
        (from.is_multiple_of(window.stride) && from / window.stride < outputs).then_some(from / window.stride)
    };
    (0..inputs).map(|h| (0..window.kernel).map(|r| seeing(h, r)).collect()).collect()
}

/// Divides a line into tiles of two and three, or one.
fn division(outputs: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let size = match outputs - first {
            0 => return None,
            2 | 4 => 2,
            1 => 1,
            _ => OUTPUTS,
        };
        first += size;
        Some((first - size, size))
    })
}

impl Correlation {
    /// The forward pass of a convolution.
    pub fn forward(dims: &ConvDims) -> Self {
        let sees = [forward(&dims.vertical, dims.p, dims.x.h), forward(&dims.horizontal, dims.q, dims.x.w)];
        Self::new(dims, sees, [dims.x.w * dims.x.c, dims.cg(), dims.kg()], false)
    }

    /// The gradient with respect to its input.
    pub fn backward(dims: &ConvDims) -> Self {
        let sees = [backward(&dims.vertical, dims.p, dims.x.h), backward(&dims.horizontal, dims.q, dims.x.w)];
        Self::new(dims, sees, [dims.q * dims.k, dims.kg(), dims.cg()], true)
    }

    fn new(dims: &ConvDims, [down, across]: [Sees; 2], [line, depth, columns]: [usize; 3], along: bool) -> Self {
        let all = depth * dims.groups;
        let tiles = division(across.len()).map(|(first, outputs)| {
            let mut runs: Vec<Run> = Vec::new();
            for tap in 0..dims.s() {
                let of = |i: usize| across.get(first + i).filter(|_| i < outputs).and_then(|taps| taps[tap]);
                if (0..outputs).all(|i| of(i).is_none()) {
                    continue;
                }
                let at = std::array::from_fn(|i| of(i).map_or(OUTSIDE, |place| place * all));
                let run = Run { at, row: tap * dims.cg(), len: depth };
                match runs.last_mut() {
                    Some(last) if !along && follows(last, &run, outputs) => last.len += depth,
                    _ => runs.push(run),
                }
            }
            Tile { first, outputs, runs }
        });
        let lines = down.iter().map(|taps| taps.iter().enumerate().filter_map(|(r, h)| Some((r, (*h)?))).collect());
        Self {
            to: [down.len(), across.len(), columns * dims.groups],
            line,
            groups: dims.groups,
            depth,
            columns,
            rows_of_line: dims.s() * dims.cg(),
            row_len: dims.k,
            along,
            lines: lines.collect(),
            tiles: tiles.collect(),
            zeros: vec![[0.0; IMAGES]; dims.s() * depth],
        }
    }

    /// Overwrites `y`. With `divided`, several threads do.
    pub fn run(&self, x: &[Pack<f32>], w: &[f32], then: Then<'_>, y: &mut [Pack<f32>], divided: bool) {
        let line = |(p, y): (usize, &mut [Pack<f32>])| self.run_line(x, w, then, p, y);
        if divided {
            y.par_chunks_mut(self.line_len()).enumerate().for_each(line);
        } else {
            y.chunks_mut(self.line_len()).enumerate().for_each(line);
        }
    }

    /// Packs of a line of the output.
    pub const fn line_len(&self) -> usize {
        self.to[1] * self.to[2]
    }

    /// Overwrites `y`, line `p` of the output.
    pub fn run_line(&self, x: &[Pack<f32>], w: &[f32], then: Then<'_>, p: usize, y: &mut [Pack<f32>]) {
        pulp::Arch::new().dispatch(Line { of: self, x, w, then, p, y });
    }
}

/// Whether a run goes on where another ends, for every output and in the weights.
fn follows(last: &Run, run: &Run, outputs: usize) -> bool {
    let adjacent = |i: usize| last.at[i] != OUTSIDE && run.at[i] == last.at[i] + last.len;
    run.row == last.row + last.len && (0..outputs).all(adjacent)
}

/// One line of the output.
struct Line<'a> {
    of: &'a Correlation,
    x: &'a [Pack<f32>],
    w: &'a [f32],
    then: Then<'a>,
    p: usize,
    y: &'a mut [Pack<f32>],
}

/// Calls a tile with its outputs and channels as constants.
macro_rules! with_sizes {
    ($outputs:expr, $columns:expr, $self:ident, $S:ident, $arguments:tt) => {
        match ($outputs, $columns) {
            (3, 8) => with_sizes!(@ $self, $S, 3, 8, $arguments),
            (3, 4) => with_sizes!(@ $self, $S, 3, 4, $arguments),
            (3, 2) => with_sizes!(@ $self, $S, 3, 2, $arguments),
            (3, _) => with_sizes!(@ $self, $S, 3, 1, $arguments),
            (2, 8) => with_sizes!(@ $self, $S, 2, 8, $arguments),
            (2, 4) => with_sizes!(@ $self, $S, 2, 4, $arguments),
            (2, 2) => with_sizes!(@ $self, $S, 2, 2, $arguments),
            (2, _) => with_sizes!(@ $self, $S, 2, 1, $arguments),
            (_, 16) => with_sizes!(@ $self, $S, 1, 16, $arguments),
            (_, 8) => with_sizes!(@ $self, $S, 1, 8, $arguments),
            (_, 4) => with_sizes!(@ $self, $S, 1, 4, $arguments),
            (_, 2) => with_sizes!(@ $self, $S, 1, 2, $arguments),
            _ => with_sizes!(@ $self, $S, 1, 1, $arguments),
        }
    };
    (@ $self:ident, $S:ident, $P:literal, $K:literal, ($($argument:expr),*)) => {
        if $self.of.along {
            $self.tile::<$S, $P, $K, true>($($argument),*)
        } else {
            $self.tile::<$S, $P, $K, false>($($argument),*)
        }
    };
}

/// Most channels of a tile: twelve sums and more hide the latency of a fused multiply-add, and all have registers.
const fn most<S: Simd>(outputs: usize) -> usize {
    match (S::REGISTER_COUNT >= 32, outputs) {
        (true, 1) => 16,
        (true, _) => 8,
        (false, 1) => 8,
        (false, _) => 4,
    }
}

impl WithSimd for Line<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for index in 0..self.of.tiles.len() {
            let outputs = self.of.tiles[index].outputs;
            for group in 0..self.of.groups {
                let mut first = 0;
                while first < self.of.columns {
                    let fitting = [16, 8, 4, 2, 1]
                        .into_iter()
                        .find(|&size| size <= most::<S>(outputs) && size <= self.of.columns - first);
                    let Some(size) = fitting else { break };
                    for half in 0..IMAGES / f32::lanes::<S>() {
                        with_sizes!(outputs, size, self, S, (simd, index, group, first, half));
                    }
                    first += size;
                }
            }
        }
    }
}

impl Line<'_> {
    #[inline(always)]
    fn tile<S: Simd, const P: usize, const K: usize, const ALONG: bool>(
        &mut self,
        simd: S,
        index: usize,
        group: usize,
        first: usize,
        half: usize,
    ) {
        if K > most::<S>(P) {
            return;
        }
        let Correlation { line, depth, columns, rows_of_line, row_len, .. } = *self.of;
        let tile = &self.of.tiles[index];
        let (from, channel) = (group * depth, group * columns + first);
        let mut sums = [[f32::splat(simd, 0.0); P]; K];
        for &(r, h) in &self.of.lines[self.p] {
            let values = &self.x[h * line..][..line];
            for run in &tile.runs {
                let mut seen = [&self.of.zeros[..run.len]; P];
                for i in 0..P {
                    if run.at[i] != OUTSIDE {
                        seen[i] = &values[run.at[i] + from..][..run.len];
                    }
                }
                let row = r * rows_of_line + run.row;
                if ALONG {
                    let mut rows = [self.w; K];
                    for j in 0..K {
                        rows[j] = &self.w[(row + first + j) * row_len + from..][..run.len];
                    }
                    for d in 0..run.len {
                        let mut packs = [f32::splat(simd, 0.0); P];
                        for i in 0..P {
                            packs[i] = f32::vectors::<S>(&seen[i][d])[half];
                        }
                        for j in 0..K {
                            let weight = f32::splat(simd, rows[j][d]);
                            for i in 0..P {
                                sums[j][i] = f32::fused(simd, weight, packs[i], sums[j][i]);
                            }
                        }
                    }
                } else {
                    let rows = self.w[row * row_len..][..run.len * row_len].chunks_exact(row_len);
                    for (d, row) in rows.enumerate().take(run.len) {
                        let row = &row[channel..][..K];
                        let mut packs = [f32::splat(simd, 0.0); P];
                        for i in 0..P {
                            packs[i] = f32::vectors::<S>(&seen[i][d])[half];
                        }
                        for j in 0..K {
                            let weight = f32::splat(simd, row[j]);
                            for i in 0..P {
                                sums[j][i] = f32::fused(simd, weight, packs[i], sums[j][i]);
                            }
                        }
                    }
                }
            }
        }
        self.finish(simd, &mut sums, tile, channel, half);
        // Sums leave their registers in a loop of their own: one that did more would not be unrolled, and sums that are
        // indexed by a variable would lie in memory all the time.
        for i in 0..P {
            let y = &mut self.y[(tile.first + i) * self.of.to[2] + channel..][..K];
            for j in 0..K {
                f32::vectors_mut::<S>(&mut y[j])[half] = sums[j][i];
            }
        }
    }

    /// Does to the sums of a tile what is asked for, while they are in registers.
    #[inline(always)]
    fn finish<S: Simd, const P: usize, const K: usize>(
        &self,
        simd: S,
        sums: &mut [[S::f32s; P]; K],
        tile: &Tile,
        channel: usize,
        half: usize,
    ) {
        match self.then {
            Then::Write => {}
            Then::AddBias(bias, rectify) => {
                let mut biases = [0.0; K];
                if let Some(bias) = bias {
                    biases.copy_from_slice(&bias[channel..][..K]);
                }
                for j in 0..K {
                    let bias = f32::splat(simd, biases[j]);
                    for i in 0..P {
                        sums[j][i] = f32::plus(simd, sums[j][i], bias);
                    }
                }
                if rectify {
                    for j in 0..K {
                        for i in 0..P {
                            sums[j][i] = f32::rectified(simd, sums[j][i]);
                        }
                    }
                }
            }
            Then::Mask(mask) => {
                let line = &mask[self.p * self.of.to[1] * self.of.to[2]..];
                for i in 0..P {
                    let mask = &line[(tile.first + i) * self.of.to[2] + channel..][..K];
                    for j in 0..K {
                        sums[j][i] = f32::where_positive(simd, f32::vectors::<S>(&mask[j])[half], sums[j][i]);
                    }
                }
            }
        }
    }
}
