//! Max pooling over packs: the rules are those of `cpu/max_pool.rs`.

#![allow(clippy::needless_range_loop, reason = "one index over packs is what becomes a register")]

use super::{IMAGES, Pack};
use crate::{
    cpu::vectorised,
    host::{PoolDims, Window},
};

/// A pooling, prepared once.
#[derive(Clone, Debug)]
pub struct MaxPool {
    dims: PoolDims,
    /// What every window down, and across, sees inside the image.
    windows: [Vec<Vec<usize>>; 2],
    /// The windows down, and across, that see each place of the image, in their order.
    seeing: [Vec<Vec<usize>>; 2],
}

fn taps_inside(window: &Window, outputs: usize, inputs: usize) -> Vec<Vec<usize>> {
    let taps = |p| (0..window.kernel).filter_map(move |r| window.position(p, r, inputs)).collect();
    (0..outputs).map(taps).collect()
}

fn inverse(windows: &[Vec<usize>], inputs: usize) -> Vec<Vec<usize>> {
    (0..inputs).map(|h| (0..windows.len()).filter(|&p| windows[p].contains(&h)).collect()).collect()
}

impl MaxPool {
    /// A pooling of these dimensions.
    pub fn new(dims: &PoolDims) -> Self {
        let windows = [taps_inside(&dims.vertical, dims.p, dims.x.h), taps_inside(&dims.horizontal, dims.q, dims.x.w)];
        let seeing = [inverse(&windows[0], dims.x.h), inverse(&windows[1], dims.x.w)];
        Self { dims: *dims, windows, seeing }
    }

    /// Lines of the output.
    pub const fn lines(&self) -> usize {
        self.dims.p
    }

    /// How many lines of the image line `p` of the output, and those in front of it, need.
    pub fn needs(&self, p: usize) -> usize {
        self.windows[0][..=p].iter().flatten().max().map_or(0, |last| last + 1)
    }

    /// Overwrites `y` with each window's maximum and `argmax` with its place `h * W + w`.
    pub fn forward(&self, x: &[Pack<f32>], y: &mut [Pack<f32>], argmax: &mut [Pack<u32>]) {
        (0..self.lines()).for_each(|p| self.forward_line(x, p, y, argmax));
    }

    /// The same for line `p` of the output.
    pub fn forward_line(&self, x: &[Pack<f32>], p: usize, y: &mut [Pack<f32>], argmax: &mut [Pack<u32>]) {
        let (c, width, lines) = (self.dims.x.c, self.dims.x.w, &self.windows[0][p]);
        let line = self.dims.q * c;
        let outputs = y[p * line..][..line].chunks_exact_mut(c).zip(argmax[p * line..][..line].chunks_exact_mut(c));
        let windows = &self.windows[1];
        vectorised(
            #[inline(always)]
            || {
                for (columns, (y, argmax)) in windows.iter().zip(outputs) {
                    let none = lines.first().zip(columns.first()).map_or(0, |(h, w)| h * width + w);
                    for (j, (y, argmax)) in y.iter_mut().zip(argmax).enumerate() {
                        let (mut best, mut place_of) = ([f32::NEG_INFINITY; IMAGES], [none as u32; IMAGES]);
                        for h in lines {
                            for w in columns {
                                let place = h * width + w;
                                let x = &x[place * c + j];
                                for i in 0..IMAGES {
                                    // Without a short circuit the compiler turns both choices into selections.
                                    let wins = (x[i] > best[i]) | x[i].is_nan();
                                    best[i] = if wins { x[i] } else { best[i] };
                                    place_of[i] = if wins { place as u32 } else { place_of[i] };
                                }
                            }
                        }
                        (*y, *argmax) = (best, place_of);
                    }
                }
            },
        );
    }

    /// Packs of room that the backward pass needs.
    pub fn room(&self) -> usize {
        self.dims.y().features()
    }

    /// Overwrites `dx`: each place takes the gradients of the windows whose maximum it is, in their order.
    pub fn backward(
        &self,
        argmax: &[Pack<u32>],
        dy: &[Pack<f32>],
        mask: Mask<'_>,
        dx: &mut [Pack<f32>],
        room: &mut [Pack<f32>],
    ) {
        let (len, width, across) = (self.dims.x.c * IMAGES, self.dims.x.w, self.dims.q);
        let room = room.as_flattened_mut();
        let (argmax, mut dy) = (argmax.as_flattened(), dy.as_flattened());
        if let Mask::Maxima(y) = mask {
            let room = &mut room[..dy.len()];
            vectorised(
                #[inline(always)]
                || {
                    for ((to, &dy), &y) in room.iter_mut().zip(dy).zip(y.as_flattened()) {
                        *to = if y > 0.0 { dy } else { 0.0 };
                    }
                },
            );
            dy = room;
        }
        // All channels of a place are one loop.
        vectorised(
            #[inline(always)]
            || {
                for (place, dx) in dx.as_flattened_mut().chunks_exact_mut(len).enumerate() {
                    let (lines, columns) = (&self.seeing[0][place / width], &self.seeing[1][place % width]);
                    let mut first = true;
                    for p in lines {
                        for q in columns {
                            let at = (p * across + q) * len;
                            let (argmax, dy) = (&argmax[at..][..len], &dy[at..][..len]);
                            let taken = |i: usize| if argmax[i] == place as u32 { dy[i] } else { 0.0 };
                            if first {
                                (0..len).for_each(|i| dx[i] = taken(i));
                            } else {
                                (0..len).for_each(|i| dx[i] += taken(i));
                            }
                            first = false;
                        }
                    }
                    if first {
                        dx.fill(0.0);
                    }
                    if let Mask::Inputs(x) = mask {
                        let x = &x.as_flattened()[place * len..][..len];
                        dx.iter_mut().zip(x).for_each(|(dx, &x)| *dx = if x > 0.0 { *dx } else { 0.0 });
                    }
                }
            },
        );
    }
}

/// The rectifier whose output was pooled: what is not positive has no gradient.
#[derive(Clone, Copy, Debug)]
pub enum Mask<'a> {
    /// None.
    None,
    /// By the pooling's input.
    Inputs(&'a [Pack<f32>]),
    /// By the maxima, which are a quarter as many: a place has a gradient where it is one.
    Maxima(&'a [Pack<f32>]),
}
