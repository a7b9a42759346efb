//! What a file of Caffe says of its layers beside their weights.

use super::{
    Geometry,
    caffe_messages::{BatchNorm, Convolution, Lrn, Pooling},
};

/// The numbers of two axes: named ones, else repeated ones, of which one stands for both.
fn both(named: [Option<u32>; 2], repeated: &[u32], usual: usize) -> [usize; 2] {
    let of = |axis: usize| match named[axis] {
        Some(number) => number as usize,
        None => repeated.get(axis).or(repeated.first()).map_or(usual, |&number| number as usize),
    };
    [of(0), of(1)]
}

/// The geometry of a convolution, with the name of its weight.
pub fn conv(weight: &str, said: &Convolution) -> Geometry {
    let [top, left] = both([said.pad_h, said.pad_w], &said.pad, 0);
    Geometry::Conv {
        weight: weight.into(),
        stride: both([said.stride_h, said.stride_w], &said.stride, 1),
        padding: [top, left, top, left],
        dilation: both([None; 2], &said.dilation, 1),
        groups: said.group.unwrap_or(1) as usize,
    }
}

/// The numbers of a local response normalisation.
pub fn lrn(said: &Lrn) -> Geometry {
    let number = |said: Option<f32>, usual: f64| said.map_or(usual, round);
    Geometry::Lrn {
        size: said.local_size.unwrap_or(5) as usize,
        alpha: number(said.alpha, 1.0),
        beta: number(said.beta, 0.75),
        k: number(said.k, 1.0),
    }
}

/// The shortest decimal number that is this one in `f32`: 0.0001, and not 0.0000999999974737875.
pub fn round(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// The geometry of a max pooling; none of an average pooling.
pub fn max_pool(said: &Pooling) -> Option<Geometry> {
    let of = |said: Option<u32>, usual: usize| [said.map_or(usual, |number| number as usize); 2];
    let [pad, _] = of(said.pad, 0);
    (said.pool.unwrap_or(0) == 0).then(|| Geometry::MaxPool {
        kernel: of(said.kernel_size, 0),
        stride: of(said.stride, 1),
        padding: [pad; 4],
        ceil: said.round_mode.unwrap_or(0) == 0,
    })
}

/// The eps of a batch normalisation, with the name of its mean.
pub fn batch_norm(mean: &str, said: &BatchNorm) -> Geometry {
    Geometry::BatchNorm { mean: mean.into(), eps: said.eps.map_or(1e-5, round) }
}
