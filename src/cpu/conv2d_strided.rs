//! The input gradient of a convolution with a stride, without the products with zeros between the windows.
//!
//! Input `h` is seen by output `p` through tap `r = h + pad - p * stride`: inputs of one remainder by the stride, a
//! phase, are seen through the same taps, from outputs that lie side by side. So each phase is a convolution of its own
//! with a part of the taps, in the same order as among all of them.

use super::{
    frame::Frame,
    memory::Scratch,
    panels::{Packed, Panels},
    tiles::{End, Left, Then, product},
};
use crate::host::{ConvDims, Real};
use rayon::prelude::*;

/// Whether an input gradient is computed so: by its shape alone.
pub fn pays(dims: &ConvDims) -> bool {
    let windows = [&dims.vertical, &dims.horizontal];
    windows.iter().any(|window| window.stride > 1) && windows.iter().all(|window| window.dilation == 1)
}

/// The inputs of one phase.
struct Phase<'a, T> {
    /// The first of them, down and across.
    first: [usize; 2],
    frame: Frame,
    weights: Packed<'a, T>,
}

/// Overwrites `dx`.
pub fn backward_input<T: Real>(
    dims: &ConvDims,
    w: &[T],
    dy: &[T],
    end: End<'_, T>,
    dx: &mut [T],
    scratch: &Scratch<T>,
) {
    let strides = [dims.vertical.stride, dims.horizontal.stride];
    let firsts = (0..strides[0].min(dims.x.h)).flat_map(|v| (0..strides[1].min(dims.x.w)).map(move |h| [v, h]));
    let firsts: Vec<[usize; 2]> = firsts.collect();
    let phases: Vec<Phase<'_, T>> = firsts.iter().filter_map(|&first| phase(dims, w, first, scratch)).collect();
    // Inputs that no tap of any window sees.
    let unseen = phases.len() < firsts.len();
    let (c, cg) = (dims.x.c, dims.cg());
    let image = dims.x.features();
    dx.par_chunks_mut(image).zip(dy.par_chunks(dims.y().features())).enumerate().for_each_init(
        || phases.iter().map(|phase| scratch.zeros(phase.frame.len())).collect::<Vec<_>>(),
        |frames, (n, (dx, dy))| {
            if unseen {
                dx.fill(T::zero());
            }
            for (phase, frame) in phases.iter().zip(frames) {
                for group in 0..dims.groups {
                    phase.frame.fill(dy, group, frame);
                    let all = phase.frame.rows(frame);
                    for line in 0..all.rows / all.across {
                        let rows = Left { values: &all.values[line * all.line..], rows: all.across, ..all };
                        let pixel = (phase.first[0] + line * strides[0]) * dims.x.w + phase.first[1];
                        let to = &mut dx[pixel * c + group * cg..];
                        product(&rows, phase.weights.matrix(group), Then::Write, to, strides[1] * c);
                    }
                }
            }
            end(n * image, dx);
        },
    );
}

/// The frame and the weights of a phase; none where no tap sees its inputs.
fn phase<'a, T: Real>(dims: &ConvDims, w: &[T], first: [usize; 2], scratch: &'a Scratch<T>) -> Option<Phase<'a, T>> {
    let (cg, kg) = (dims.cg(), dims.kg());
    // The taps of an axis that see the phase.
    let taps = |first: usize, pad: usize, stride: usize, taps: usize| -> Vec<usize> {
        ((first + pad) % stride..taps).step_by(stride).collect()
    };
    let down = taps(first[0], dims.vertical.pad_begin, dims.vertical.stride, dims.r());
    let across = taps(first[1], dims.horizontal.pad_begin, dims.horizontal.stride, dims.s());
    if down.is_empty() || across.is_empty() {
        return None;
    }
    let frame = Frame::phase(dims, first, [down.len(), across.len()]);
    let shape = Panels::new::<T>(frame.depth(), cg);
    let weights = Packed::new(scratch, shape, dims.groups, |group, columns, panel| {
        panel.fill(T::zero());
        let taps = down.iter().rev().flat_map(|&r| across.iter().rev().map(move |&s| r * dims.s() + s));
        for (place, tap) in taps.enumerate() {
            for (lane, c) in columns.clone().enumerate() {
                let row = &w[(tap * cg + c) * dims.k + group * kg..][..kg];
                let places = panel[place * kg * shape.width + lane..].iter_mut().step_by(shape.width);
                places.zip(row).for_each(|(place, &w)| *place = w);
            }
        }
    });
    Some(Phase { first, frame, weights })
}
