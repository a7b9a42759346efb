//! The taps of a pooling's windows.

use crate::host::{PoolDims, Window};

/// The lines of every window down, and its columns across, that lie inside the image.
pub(super) fn taps_inside(dims: &PoolDims) -> [Vec<Vec<usize>>; 2] {
    let inside = |window: &Window, outputs: usize, inputs: usize| -> Vec<Vec<usize>> {
        let taps = |p| (0..window.kernel).filter_map(move |r| window.position(p, r, inputs)).collect();
        (0..outputs).map(taps).collect()
    };
    [inside(&dims.vertical, dims.p, dims.x.h), inside(&dims.horizontal, dims.q, dims.x.w)]
}

/// Overwrites `places` with those of a window's taps, in row-major order.
#[inline(always)]
pub(super) fn write_places(lines: &[usize], columns: &[usize], width: usize, places: &mut Vec<u32>) {
    places.clear();
    for h in lines {
        places.extend(columns.iter().map(|w| (h * width + w) as u32));
    }
}
