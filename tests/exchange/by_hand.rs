//! The small net computed by loops over the formulas, in double precision: an answer that is neither PyTorch's nor
//! strata's.

use super::made::{Expected, STORED, expected, imported};
use strata::{exchange::Turns, nn::weights::Tensors};

const SIDE: usize = 13;

/// A tensor of channels, height and width.
pub struct Planes {
    pub sides: [usize; 3],
    pub values: Vec<f64>,
}

impl Planes {
    fn at(&self, c: usize, h: isize, w: isize) -> f64 {
        let [_, height, width] = self.sides;
        if h < 0 || w < 0 || h as usize >= height || w as usize >= width {
            return 0.0;
        }
        self.values[(c * height + h as usize) * width + w as usize]
    }

    pub fn relu(mut self) -> Self {
        self.values.iter_mut().for_each(|value| *value = value.max(0.0));
        self
    }
}

pub fn conv(x: &Planes, weights: &Tensors, name: &str, [stride, pad, groups]: [usize; 3]) -> Planes {
    let ((shape, w), b) = (&weights[&format!("{name}.weight")], weights.get(&format!("{name}.bias")));
    let [outputs, inputs, kernel, _] = shape[..] else { panic!("{shape:?}") };
    let side = (x.sides[1] + 2 * pad - kernel) / stride + 1;
    let mut values = Vec::new();
    for o in 0..outputs {
        for p in 0..side {
            for q in 0..side {
                let mut sum = b.map_or(0.0, |(_, b)| f64::from(b[o]));
                for i in 0..inputs {
                    for (r, s) in (0..kernel).flat_map(|r| (0..kernel).map(move |s| (r, s))) {
                        let channel = o / (outputs / groups) * inputs + i;
                        let place = |at: usize, tap: usize| (at * stride + tap) as isize - pad as isize;
                        sum += f64::from(w[((o * inputs + i) * kernel + r) * kernel + s])
                            * x.at(channel, place(p, r), place(q, s));
                    }
                }
                values.push(sum);
            }
        }
    }
    Planes { sides: [outputs, side, side], values }
}

fn lrn(x: &Planes) -> Planes {
    let [channels, height, width] = x.sides;
    let pixels = height * width;
    let value = |at: usize| {
        let (c, pixel) = (at / pixels, at % pixels);
        let around = c.saturating_sub(2)..(c + 3).min(channels);
        let squares: f64 = around.map(|c| x.values[c * pixels + pixel].powi(2)).sum();
        x.values[at] / (1.0 + 0.02 / 5.0 * squares).powf(0.75)
    };
    Planes { sides: x.sides, values: (0..x.values.len()).map(value).collect() }
}

fn pool(x: &Planes) -> Planes {
    let side = (x.sides[1] - 3).div_ceil(2) + 1;
    let value = |at: usize| {
        let (c, p, q) = (at / (side * side), at / side % side, at % side);
        let window = (0..9).map(|tap| (2 * p + tap / 3, 2 * q + tap % 3));
        let inside = window.filter(|&(h, w)| h < x.sides[1] && w < x.sides[2]);
        inside.map(|(h, w)| x.at(c, h as isize, w as isize)).fold(f64::NEG_INFINITY, f64::max)
    };
    Planes { sides: [x.sides[0], side, side], values: (0..x.sides[0] * side * side).map(value).collect() }
}

pub fn dense(x: &[f64], weights: &Tensors, name: &str) -> Vec<f64> {
    let ((_, w), (_, b)) = (&weights[&format!("{name}.weight")], &weights[&format!("{name}.bias")]);
    let product = |row: &[f32]| row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum::<f64>();
    w.chunks_exact(x.len()).zip(b).map(|(row, &b)| product(row) + f64::from(b)).collect()
}

/// The centre of an image, its mean subtracted, divided by its deviations.
pub fn centre(expected: &Expected, image: &[u8]) -> Planes {
    let pixel = |at: usize| {
        let (c, h, w) = (at / (SIDE * SIDE), at / SIDE % SIDE, at % SIDE);
        (f64::from(image[(c * STORED + h + 1) * STORED + w + 1]) - expected.mean[c]) / expected.std[c]
    };
    Planes { sides: [3, SIDE, SIDE], values: (0..3 * SIDE * SIDE).map(pixel).collect() }
}

#[test]
fn loops_over_the_formulas_give_pytorchs_scores_too() {
    let (expected, weights) = (expected(), imported("new.caffemodel", Turns { bgr: true, ..Turns::default() }));
    for (image, scores) in expected.images.iter().zip(&expected.by_channel) {
        let x = centre(&expected, image);
        let x = pool(&lrn(&conv(&x, &weights, "conv1", [2, 0, 1]).relu()));
        let x = conv(&x, &weights, "conv2", [1, 1, 2]).relu().values;
        let relu = |values: Vec<f64>| values.into_iter().map(|value| value.max(0.0)).collect::<Vec<f64>>();
        let x = relu(dense(&x, &weights, "fc6"));
        let x = dense(&relu(dense(&x, &weights, "fc7")), &weights, "fc8");
        for (value, score) in x.iter().zip(scores) {
            assert!((value - score).abs() < 1e-9, "{value}, PyTorch {score}");
        }
    }
}
