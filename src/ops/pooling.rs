//! What the poolings share: how large their outputs are, and the parameters of their kernels.

use super::OpsError;
use crate::{
    gpu::parameters,
    host::{ImageDims, Layout, PoolDims, Window},
};

/// The dimensions of a pooling whose windows may be dilated or padded unevenly.
pub(super) fn dims(
    op: &'static str,
    x: ImageDims,
    [vertical, horizontal]: [Window; 2],
    ceil_mode: bool,
) -> Result<PoolDims, OpsError> {
    for window in [&vertical, &horizontal] {
        // `extent` needs a tap; a window without one has no outputs, and is refused below.
        let extent = if window.kernel == 0 { 1 } else { window.extent() };
        if window.pad_begin.max(window.pad_end) >= extent {
            let (expected, got) = ("less than the window", window.pad_begin.max(window.pad_end).to_string());
            return Err(OpsError::Parameter { op, parameter: "padding", expected, got });
        }
    }
    match (vertical.outputs(x.h, ceil_mode), horizontal.outputs(x.w, ceil_mode)) {
        (Some(p), Some(q)) => Ok(PoolDims { x, p, q, vertical, horizontal }),
        _ => Err(super::error_window(op, &vertical, &horizontal, &x)),
    }
}

parameters! {
    /// The parameters of all kernels.
    pub(super) struct PoolParameters {
        vectors: u32, across: u32, channels: u32, h: u32, w: u32, p: u32, q: u32, r: u32, s: u32,
        stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
        padded_h: u32, padded_w: u32, include_pad: u32, rectified: u32,
    }
}

/// The parameters of a kernel that writes so many pixels.
pub(super) fn parameters(dims: &PoolDims, pixels: usize) -> PoolParameters {
    let across = Layout::VEC4.padded(dims.x.c) / 4;
    let (down, right) = (&dims.vertical, &dims.horizontal);
    PoolParameters {
        vectors: (pixels * across) as u32,
        across: across as u32,
        channels: dims.x.c as u32,
        h: dims.x.h as u32,
        w: dims.x.w as u32,
        p: dims.p as u32,
        q: dims.q as u32,
        r: down.kernel as u32,
        s: right.kernel as u32,
        stride_h: down.stride as u32,
        stride_w: right.stride as u32,
        pad_h: down.pad_begin as u32,
        pad_w: right.pad_begin as u32,
        dilation_h: down.dilation as u32,
        dilation_w: right.dilation as u32,
        padded_h: (down.pad_begin + dims.x.h + down.pad_end) as u32,
        padded_w: (right.pad_begin + dims.x.w + right.pad_end) as u32,
        include_pad: 0,
        rectified: 0,
    }
}
