//! The products of a fully connected layer: the operands of its passes, and how its sums are split.

use super::{
    parameters::ProductParameters,
    pass::{Buffer, End, Operand, Pass},
    record::{Product, Runs},
    split,
};
use crate::{
    gpu::{Kernel, Part, Recorder},
    host::{ImageDims, Layout},
};

/// A tensor as a matrix: an image, or an input feature of the weights, is a line.
const fn matrix(buffer: Buffer, along: bool) -> Operand {
    Operand { lines: module!("product/matrix"), needs: None, buffer, along }
}

pub static FORWARD: Pass =
    Pass::new("dense", "forward", [matrix(Buffer::X, true), matrix(Buffer::W, false)], End::Output)
        .transposed()
        .continuing()
        .splitting();
pub static BACKWARD_INPUT: Pass =
    Pass::new("dense", "backward_input", [matrix(Buffer::DY, true), matrix(Buffer::W, true)], End::InputGradient)
        .transposed()
        .folded()
        .splitting();
pub static BACKWARD_WEIGHT: Pass =
    Pass::new("dense", "backward_weight", [matrix(Buffer::X, false), matrix(Buffer::DY, false)], End::Keep)
        .continuing();
pub static BACKWARD_WEIGHT_UPDATE: Pass =
    Pass::new("dense", "backward_weight_update", [matrix(Buffer::X, false), matrix(Buffer::DY, false)], End::Update)
        .continuing();

/// Every kernel.
pub fn kernels() -> impl Iterator<Item = &'static Kernel> {
    [&FORWARD, &BACKWARD_INPUT, &BACKWARD_WEIGHT, &BACKWARD_WEIGHT_UPDATE].into_iter().flat_map(|pass| pass.kernels())
}

/// The depth of a run: the terms that are summed before they are added to the sum of those in front of them.
pub const RUN: usize = 256;
/// Images of a run of a weight gradient.
pub const WEIGHT_RUN: usize = 32;

/// A product whose channels are all aligned, in runs of so many.
pub fn product<'a>(
    pass: &'static Pass,
    parameters: ProductParameters,
    run: usize,
    bindings: &'a [(Buffer, Part)],
) -> Product<'a> {
    let runs = Runs { tiles: run, lanes: run, stretch: run };
    Product { pass, parameters, runs, aligned: true, lanes: true, bindings }
}

/// Features as they lie in memory: input channels, input features and output features, all padded.
pub struct Sizes {
    pub cp: usize,
    pub features: usize,
    pub kp: usize,
}

impl Sizes {
    /// Those of a layer from an input to `k` output features.
    pub fn of(x: &ImageDims, k: usize) -> Self {
        let cp = Layout::VEC4.padded(x.c);
        Self { cp, features: x.h * x.w * cp, kp: Layout::VEC4.padded(k) }
    }
}

/// The depth of the parts into which the sums of `columns` results an image are split, or 0 where they are not.
/// Gradients of weights have a sum over the batch, too short to be split.
pub fn split(recorder: &Recorder<'_>, columns: usize, depth: usize) -> usize {
    // A processor has fewer cores than any product has tiles.
    if recorder.limits().lanes { 0 } else { split::by_depth(columns, depth, RUN) }
}

/// Images of a segment that are computed together.
pub struct Chunk {
    /// The first of them in the segment.
    pub start: usize,
    pub images: usize,
    /// Where the parts of split sums lie, and their number.
    pub partial: Option<Part>,
    pub parts: u32,
}

/// Divides a segment's images so that the parts of their sums, `columns` results an image, stay few enough bytes.
pub fn chunks(recorder: &mut Recorder<'_>, segment: Part, columns: usize, split: usize, depth: usize) -> Vec<Chunk> {
    if split == 0 {
        return vec![Chunk { start: 0, images: segment.rows, partial: None, parts: 0 }];
    }
    let parts = depth.div_ceil(split);
    let most = split::BYTES.min(recorder.limits().segment_bytes() as usize) / (parts * columns * 4);
    let most = most.clamp(1, segment.rows.max(1));
    let partial = Some(recorder.scratch(parts * most * columns));
    let chunk = |start| Chunk { start, images: most.min(segment.rows - start), partial, parts: parts as u32 };
    (0..segment.rows).step_by(most).map(chunk).collect()
}
