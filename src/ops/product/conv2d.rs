//! The products of a convolution: the operands of its passes, and its geometry.

use super::{
    parameters::ProductParameters,
    pass::{Buffer, End, Operand, Pass},
};
use crate::{
    gpu::{Kernel, Module},
    host::{ConvDims, Layout},
};

const GEOMETRY: Option<Module> = Some(module!("product/conv2d"));
/// The input as the windows see it: along the depth for the forward pass, across it for the gradient of the weights.
const fn windows(along: bool) -> Operand {
    Operand { lines: module!("product/conv2d_windows"), needs: GEOMETRY, buffer: Buffer::X, along }
}
/// The output channels of a tap and an input channel, or of an output pixel.
const fn channels(buffer: Buffer) -> Operand {
    Operand { lines: module!("product/matrix"), needs: None, buffer, along: false }
}
/// The upstream gradient as the input pixels reach it.
const REACHED: Operand =
    Operand { lines: module!("product/conv2d_reached"), needs: GEOMETRY, buffer: Buffer::DY, along: true };
/// The weights of an input channel.
const TURNED: Operand =
    Operand { lines: module!("product/conv2d_turned"), needs: GEOMETRY, buffer: Buffer::W, along: true };

pub static FORWARD: Pass =
    Pass::new("conv2d", "forward", [windows(true), channels(Buffer::W)], End::Output).unaligned();
pub static BACKWARD_INPUT: Pass =
    Pass::new("conv2d", "backward_input", [REACHED, TURNED], End::InputGradient).unaligned();
pub static BACKWARD_WEIGHT: Pass =
    Pass::new("conv2d", "backward_weight", [windows(false), channels(Buffer::DY)], End::Keep)
        .unaligned()
        .continuing()
        .splitting();
pub static BACKWARD_WEIGHT_UPDATE: Pass =
    Pass::new("conv2d", "backward_weight_update", [windows(false), channels(Buffer::DY)], End::Update)
        .unaligned()
        .continuing()
        .splitting();

/// Every kernel.
pub fn kernels() -> impl Iterator<Item = &'static Kernel> {
    [&FORWARD, &BACKWARD_INPUT, &BACKWARD_WEIGHT, &BACKWARD_WEIGHT_UPDATE].into_iter().flat_map(|pass| pass.kernels())
}

/// The depth of a run, but of the gradient of the weights.
pub const RUN: usize = 256;
/// Images of a run of the gradient of the weights: some 256 pixels, and a power of two up to 32, so that no run is
/// divided where a batch is.
pub fn weight_run(pixels: usize) -> usize {
    RUN.div_ceil(pixels).next_power_of_two().min(32)
}

/// Whether no group begins within four channels, so that these can be loaded together.
pub fn begins_fours(channels: usize, groups: usize) -> bool {
    groups == 1 || channels.is_multiple_of(4)
}

/// The same for both input and output channels.
pub fn aligned(dims: &ConvDims) -> bool {
    begins_fours(dims.cg(), dims.groups) && begins_fours(dims.kg(), dims.groups)
}

/// Channels as they lie in memory.
pub struct Sizes {
    /// Input and output channels, padded.
    pub cp: usize,
    pub kp: usize,
    /// Input channels a group of the weights, and output channels a group that a sum over them runs through.
    pub stored: usize,
    pub kr: usize,
}

impl Sizes {
    /// Those of a convolution.
    pub fn of(dims: &ConvDims) -> Self {
        let layout = Layout::VEC4;
        Self {
            cp: layout.padded(dims.x.c),
            kp: layout.padded(dims.k),
            stored: layout.kernel_channels(dims.cg(), dims.groups),
            kr: layout.kernel_channels(dims.kg(), dims.groups),
        }
    }
}

/// The parameters of a product whose groups have so many results, with the geometry.
pub fn parameters_of(dims: &ConvDims, results: [usize; 2], depth: usize) -> ProductParameters {
    let (down, right, sizes) = (&dims.vertical, &dims.horizontal, Sizes::of(dims));
    ProductParameters {
        groups: dims.groups as u32,
        kp: sizes.kp as u32,
        h: dims.x.h as u32,
        w: dims.x.w as u32,
        cp: sizes.cp as u32,
        p: dims.p as u32,
        q: dims.q as u32,
        s: dims.s() as u32,
        stored: sizes.stored as u32,
        cg: dims.cg() as u32,
        kg: dims.kg() as u32,
        kr: sizes.kr as u32,
        stride_h: down.stride as u32,
        stride_w: right.stride as u32,
        pad_h: down.pad_begin as u32,
        pad_w: right.pad_begin as u32,
        dilation_h: down.dilation as u32,
        dilation_w: right.dilation as u32,
        ..ProductParameters::of(results, depth)
    }
}
