//! Sizes that kernels are most likely to get wrong: of 1, not of four, around a tile, with uneven padding.

use super::{
    Case,
    layers::{convolution, dense_layer},
};
use strata::{
    host::{ConvDims, ImageDims, Window},
    ops::{conv2d, dense},
};

pub fn images(n: usize, c: usize, h: usize, w: usize) -> ImageDims {
    ImageDims { n, c, h, w }
}

pub fn window(kernel: usize, stride: usize, pad_begin: usize, pad_end: usize, dilation: usize) -> Window {
    Window { kernel, stride, dilation, pad_begin, pad_end }
}

pub fn awkward_convolutions() -> Vec<ConvDims> {
    let cases = [
        (images(1, 1, 1, 1), 1, [Window::new(1, 1, 0), Window::new(1, 1, 0)], 1),
        (images(2, 3, 7, 5), 5, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 1),
        (images(3, 4, 9, 8), 8, [Window::new(5, 1, 2), Window::new(3, 2, 1)], 2),
        (images(2, 6, 7, 7), 10, [Window::new(3, 2, 1), Window::new(3, 1, 0)], 2),
        (images(2, 7, 6, 5), 7, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 7),
        (images(1, 3, 23, 19), 12, [Window::new(11, 4, 0), Window::new(11, 4, 2)], 1),
        (images(2, 5, 11, 13), 6, [window(3, 1, 2, 1, 2), window(2, 1, 0, 3, 3)], 1),
        (images(1, 16, 9, 7), 63, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 1),
        (images(1, 17, 8, 8), 64, [Window::new(1, 1, 0), Window::new(1, 1, 0)], 1),
        (images(1, 16, 13, 5), 65, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 1),
        (images(5, 24, 5, 5), 136, [Window::new(5, 1, 2), Window::new(5, 1, 2)], 2),
        // So many tiles that a sum over the batch is split into parts of two images, each in two runs; and not at all.
        (images(4, 528, 17, 19), 528, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 132),
        (images(3, 1056, 5, 6), 1056, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 264),
        // The same parts where groups do not begin at four channels.
        (images(4, 396, 17, 19), 396, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 132),
    ];
    cases.map(|(x, k, windows, groups)| conv2d::dims(x, k, windows, groups).unwrap()).to_vec()
}

pub fn awkward_dense_layers() -> Vec<dense::DenseDims> {
    let layers = [
        (1, 1, 1, 1, 1),
        (3, 5, 2, 3, 7),
        (65, 16, 1, 1, 63),
        (64, 17, 2, 2, 64),
        (33, 37, 3, 3, 130),
        (3, 37, 6, 5, 1030),
    ];
    layers.map(|(n, c, h, w, k)| dense::DenseDims { x: images(n, c, h, w), k }).to_vec()
}

/// Dimensions of 1, 2, a tile less one, a tile, a tile and one, and primes.
pub fn products_around_tiles() -> Vec<Case> {
    let mut cases = Vec::new();
    for (x, k, windows, groups) in [
        (images(1, 1, 1, 1), 1, [Window::new(1, 1, 0); 2], 1),
        (images(2, 2, 2, 2), 2, [Window::new(2, 1, 0); 2], 2),
        (images(1, 63, 9, 7), 127, [Window::new(3, 1, 1); 2], 1),
        (images(1, 64, 8, 16), 128, [Window::new(1, 1, 0); 2], 1),
        (images(3, 65, 43, 1), 129, [Window::new(1, 1, 0), Window::new(1, 2, 0)], 1),
        (images(5, 14, 13, 11), 134, [Window::new(5, 2, 2), Window::new(3, 1, 1)], 2),
        (images(2, 72, 5, 13), 264, [Window::new(3, 1, 1); 2], 2),
    ] {
        cases.push(convolution(conv2d::dims(x, k, windows, groups).unwrap()));
    }
    for (n, c, k) in [
        (1, 1, 1),
        (2, 2, 2),
        (63, 127, 65),
        (64, 128, 128),
        (127, 64, 63),
        (129, 257, 131),
        (37, 293, 17),
        (5, 1301, 2050),
    ] {
        cases.push(dense_layer(dense::DenseDims { x: images(n, c, 1, 1), k }));
    }
    cases
}
