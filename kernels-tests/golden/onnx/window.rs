//! The windows of `Conv` and of the poolings: one or two spatial axes, explicit or automatic padding.

use crate::golden::case::{Case, Stop};
use strata::host::{ImageDims, Window};

/// The image and its windows. One spatial axis is read as an image of one row.
#[derive(Debug)]
pub struct Windows {
    pub x: ImageDims,
    pub windows: [Window; 2],
    /// Whether the row was added, so that results lose it again.
    pub flat: bool,
}

/// Reads the attributes of a window; `three` is what a case of three spatial axes is skipped by.
pub fn windows(case: &Case, shape: &[usize], kernel: &[usize], three: &str) -> Result<Windows, Stop> {
    let flat = shape.len() == 3;
    let x = match *shape {
        [n, c, w] => ImageDims { n, c, h: 1, w },
        [n, c, h, w] => ImageDims { n, c, h, w },
        [_, _, _, _, _] => return Err(crate::golden::case::skip(three)),
        _ => return Err(format!("shape {shape:?} has no spatial axes").into()),
    };
    let axes = shape.len() - 2;
    let listed = |name: &str, len: usize, default: usize| -> Result<Vec<usize>, Stop> {
        let list = case.attributes.sizes(name)?.unwrap_or_else(|| vec![default; len]);
        if list.len() == len { Ok(list) } else { Err(format!("{name} is {list:?}, expected {len} sizes").into()) }
    };
    if kernel.len() != axes {
        return Err(format!("a kernel of {kernel:?} over shape {shape:?}").into());
    }
    let (strides, dilations) = (listed("strides", axes, 1)?, listed("dilations", axes, 1)?);
    let pads = listed("pads", 2 * axes, 0)?;
    let auto = case.attributes.text("auto_pad")?.unwrap_or_else(|| "NOTSET".into());
    let window = |axis: usize| -> Result<Window, Stop> {
        let input = shape[axis + 2];
        let mut window = Window {
            kernel: kernel[axis],
            stride: strides[axis],
            dilation: dilations[axis],
            pad_begin: pads[axis],
            pad_end: pads[axis + axes],
        };
        match auto.as_str() {
            "NOTSET" => {}
            "VALID" => (window.pad_begin, window.pad_end) = (0, 0),
            "SAME_UPPER" | "SAME_LOWER" => {
                // As many outputs as input / stride, rounded up; an odd pad goes to the end (upper) or the beginning.
                let outputs = input.div_ceil(window.stride.max(1));
                let pads = ((outputs - 1) * window.stride + window.extent()).saturating_sub(input);
                let (less, more) = (pads / 2, pads - pads / 2);
                (window.pad_begin, window.pad_end) = if auto == "SAME_UPPER" { (less, more) } else { (more, less) };
            }
            other => return Err(format!("auto_pad is {other:?}").into()),
        }
        Ok(window)
    };
    let windows = if flat { [Window::new(1, 1, 0), window(0)?] } else { [window(0)?, window(1)?] };
    Ok(Windows { x, windows, flat })
}

/// The shape of a result: without the row that was added.
pub fn outer(flat: bool, [n, c, h, w]: [usize; 4]) -> Vec<usize> {
    if flat { vec![n, c, w] } else { vec![n, c, h, w] }
}
