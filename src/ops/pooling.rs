//! What the poolings share: how large their outputs are.

use super::OpsError;
use crate::host::{ImageDims, PoolDims, Window};

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
