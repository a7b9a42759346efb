//! Cases of batch normalisation, in training and in evaluation.
//!
//! A variance by one pass, `mean of squares - square of mean`, fails where the mean is 100 and the deviation 1; one
//! whose rounding counts as spread fails where a channel has one value and `eps` is small.

use super::{Builder, Case, Gradient, LRN_LIMIT, Rule, Values};
use crate::{
    host::{BatchNormDims, ImageDims},
    ops::{
        Element, OpsError, TensorShape,
        batch_norm::{self, BatchNorm, Gradients, Statistics},
    },
};

/// One configuration.
#[derive(Clone, Copy, Debug)]
pub struct Configuration {
    /// What it is for.
    pub text: &'static str,
    /// Images, channels, height, width.
    pub x: [usize; 4],
    /// The mean of the input.
    pub mean: f64,
    /// Its deviation.
    pub std: f64,
    /// The parameters.
    pub norm: BatchNorm,
    /// Whether the statistics are those of the batch.
    pub training: bool,
    /// Whether something is added.
    pub plus: bool,
}

const PYTORCH: BatchNorm = BatchNorm { eps: 1e-5, momentum: 0.1 };
const PLAIN: Configuration =
    Configuration { text: "", x: [1; 4], mean: 0.0, std: 1.0, norm: PYTORCH, training: true, plus: false };

/// The configurations.
#[rustfmt::skip]
pub const CONFIGURATIONS: &[Configuration] = &[
    Configuration { text: "the first norm of resnet20, fewer images", x: [4, 16, 32, 32], ..PLAIN },
    Configuration { text: "odd channels", x: [4, 6, 5, 5], ..PLAIN },
    Configuration { text: "channels over multiples of four and sixteen", x: [2, 130, 3, 7], ..PLAIN },
    Configuration { text: "after a fully connected layer", x: [8, 12, 1, 1], ..PLAIN },
    Configuration { text: "one channel", x: [3, 1, 4, 5], ..PLAIN },
    Configuration { text: "two values per channel", x: [2, 5, 1, 1], ..PLAIN },
    Configuration { text: "one image", x: [1, 9, 7, 6], ..PLAIN },
    Configuration { text: "mean of 100, deviation 1", x: [4, 5, 9, 9], mean: 100.0, ..PLAIN },
    Configuration { text: "mean of -1e4, deviation 1", x: [8, 16, 12, 12], mean: -1e4, ..PLAIN },
    Configuration { text: "variance below eps", x: [32, 16, 8, 8], std: 1e-4, ..PLAIN },
    Configuration { text: "one value in all of a channel", x: [3, 8, 7, 7], mean: 3.7, std: 0.0, ..PLAIN },
    Configuration { text: "large one value, small eps", x: [5, 20, 9, 9], mean: 12_345.678, std: 0.0, norm: BatchNorm { eps: 1e-12, ..PYTORCH }, ..PLAIN },
    Configuration { text: "more chunks than invocations", x: [70, 4, 6, 6], mean: 2.0, ..PLAIN },
    Configuration { text: "other eps and momentum", x: [4, 7, 3, 3], norm: BatchNorm { eps: 1e-2, momentum: 0.7 }, ..PLAIN },
    Configuration { text: "the running statistics are the batch's", x: [4, 7, 3, 3], norm: BatchNorm { momentum: 1.0, ..PYTORCH }, ..PLAIN },
    Configuration { text: "the end of a block of resnet20, shrunk", x: [4, 16, 16, 16], plus: true, ..PLAIN },
    Configuration { text: "a sum of odd channels", x: [3, 21, 5, 5], plus: true, ..PLAIN },
    Configuration { text: "a sum of more than one task", x: [3, 64, 12, 12], mean: -3.0, plus: true, ..PLAIN },
    Configuration { text: "evaluation of a sum", x: [2, 130, 3, 7], training: false, plus: true, ..PLAIN },
    Configuration { text: "evaluation", x: [4, 6, 5, 5], training: false, ..PLAIN },
    Configuration { text: "evaluation, many channels", x: [2, 130, 3, 7], mean: 1.0, training: false, ..PLAIN },
    Configuration { text: "evaluation of one value", x: [1, 5, 1, 1], training: false, ..PLAIN },
    Configuration { text: "evaluation, mean of 100", x: [4, 5, 9, 9], mean: 100.0, training: false, ..PLAIN },
];

/// The sums of the absolute values of the terms of every result, in outer order.
struct Bounds {
    y: Vec<f64>,
    dx: Vec<f64>,
    dweight: Vec<f64>,
    dbias: Vec<f64>,
    batch_mean: Vec<f64>,
    batch_var: Vec<f64>,
    running_mean: Vec<f64>,
    running_var: Vec<f64>,
}

/// The inputs of a case, in outer order.
struct Inputs {
    x: Vec<f32>,
    dy: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    plus: Option<Vec<f32>>,
    mean: Vec<f32>,
    var: Vec<f32>,
}

impl Inputs {
    fn bounds(&self, dims: &BatchNormDims, training: bool) -> Bounds {
        let (c, pixels) = (dims.x.c, dims.x.h * dims.x.w);
        let (mut y, mut dx) = (vec![0.0; self.x.len()], vec![0.0; self.x.len()]);
        let [mut dweight, mut dbias, mut batch_mean, mut batch_var, mut running_mean, mut running_var] =
            std::array::from_fn(|_| vec![0.0; c]);
        let values = dims.values() as f64;
        for channel in 0..c {
            let places: Vec<usize> =
                (0..dims.x.n).flat_map(|n| (n * c + channel) * pixels..(n * c + channel + 1) * pixels).collect();
            let x = |at: usize| f64::from(self.x[at]);
            let dy = |at: usize| f64::from(self.dy[at]);
            let total = |term: &dyn Fn(usize) -> f64| places.iter().map(|&at| term(at)).sum::<f64>();
            let of = |list: &[f32]| f64::from(list[channel]);
            let own_mean = total(&x) / values;
            let own_var = total(&|at| (x(at) - own_mean).powi(2)) / values;
            let (mean, var) = if training { (own_mean, own_var) } else { (of(&self.mean), of(&self.var)) };
            let inverse = 1.0 / (var + dims.eps).sqrt();
            let scale = of(&self.weight).abs() * inverse;
            batch_mean[channel] = total(&|at| x(at).abs()) / values;
            // A normalised value is a difference of two terms, which may be much larger than it; the mean is a sum itself.
            let mean_terms = if training { batch_mean[channel] } else { mean.abs() };
            let size = |at: usize| (x(at).abs() + mean_terms) * inverse;
            let normalised = |at: usize| ((x(at) - mean) * inverse).abs();
            dbias[channel] = total(&|at| dy(at).abs());
            dweight[channel] = total(&|at| dy(at).abs() * size(at));
            let inner = total(&|at| dy(at).abs() * normalised(at));
            for &at in &places {
                let plus = self.plus.as_ref().map_or(0.0, |plus| f64::from(plus[at]).abs());
                y[at] = size(at) * of(&self.weight).abs() + of(&self.bias).abs() + plus;
                let through = dbias[channel] + normalised(at) * dweight[channel] + size(at) * inner;
                dx[at] = scale * (dy(at).abs() + if training { through / values } else { 0.0 });
            }
            let (kept, taken) = (1.0 - dims.momentum, dims.momentum);
            let spread = total(&|at| x(at).abs() + mean.abs()) / values;
            running_mean[channel] = kept * of(&self.mean).abs() + taken * batch_mean[channel];
            // Each square is of a difference of two rounded terms.
            let squares = total(&|at| (x(at) - mean).powi(2) + (x(at) - mean).abs() * spread);
            batch_var[channel] = squares / values;
            running_var[channel] = kept * of(&self.var).abs() + taken * squares / (values - 1.0).max(1.0);
        }
        Bounds { y, dx, dweight, dbias, batch_mean, batch_var, running_mean, running_var }
    }
}

impl Configuration {
    fn inputs(&self, b: &Builder, shape: TensorShape) -> Inputs {
        let c = self.x[1];
        let around = |name: &str, count: usize, mean: f64, std: f64| -> Vec<f32> {
            b.draw(name, count, std).into_iter().map(|v| (f64::from(v) + mean) as f32).collect()
        };
        Inputs {
            x: around("x", shape.len(), self.mean, self.std),
            dy: b.draw("dy", shape.len(), 1.0),
            weight: around("weight", c, 1.0, 0.5),
            bias: b.draw("bias", c, 1.0),
            plus: self.plus.then(|| b.draw("plus", shape.len(), 1.0)),
            mean: around("running_mean", c, self.mean, 1.0),
            var: b.draw("running_var", c, 1.0).into_iter().map(|v| v.abs() + 0.1).collect(),
        }
    }

    /// Both directions.
    pub fn case(&self) -> Result<Case, OpsError> {
        let [n, c, h, w] = self.x;
        let x = ImageDims { n, c, h, w };
        let dims = if self.training { self.norm.training_dims(x)? } else { self.norm.dims(x)? };
        let (shape, channels) = (TensorShape::Activation(x), TensorShape::Channels(c));
        let BatchNorm { eps, momentum } = self.norm;
        let mode = if self.training { "training" } else { "evaluation" };
        let end = if self.plus { ", plus another tensor" } else { "" };
        let text = format!("{}: x {:?}, eps {eps}, momentum {momentum}, {mode}{end}", self.text, self.x);
        let mut b = Builder::new("batch_norm", text);
        let inputs = self.inputs(&b, shape);
        let bounds = inputs.bounds(&dims, self.training);
        let limited = |bound: Vec<f64>| Rule::Bound { bound, limit: LRN_LIMIT };
        let mut given = |name: &str, shape, values| b.given(name, shape, Values::Real(values), false);
        let (x, dy) = (given("x", shape, inputs.x), given("dy", shape, inputs.dy));
        let (weight, bias) = (given("weight", channels, inputs.weight), given("bias", channels, inputs.bias));
        let plus = inputs.plus.map(|plus| given("plus", shape, plus));
        let mean = given("running_mean", channels, inputs.mean);
        let running = Statistics { mean, var: given("running_var", channels, inputs.var) };
        let y = b.result("y", shape, Element::Real, limited(bounds.y));
        let dx = b.result("dx", shape, Element::Real, limited(bounds.dx));
        let dweight = b.result("dweight", channels, Element::Real, limited(bounds.dweight));
        let dbias = b.result("dbias", channels, Element::Real, limited(bounds.dbias));
        let params = Gradients { weight: dweight, bias: dbias, accumulate: false };
        if self.training {
            b.in_place(running.mean, limited(bounds.running_mean));
            b.in_place(running.var, limited(bounds.running_var));
            let mean = b.result("batch_mean", channels, Element::Real, limited(bounds.batch_mean));
            let batch =
                Statistics { mean, var: b.result("batch_var", channels, Element::Real, limited(bounds.batch_var)) };
            b.call(batch_norm::Forward { dims, x, weight, bias, batch, running, plus, y, relu: false });
            b.call(batch_norm::Backward { dims, x, weight, batch, dy, params, dx: Some(dx), rectified: false });
        } else {
            b.call(batch_norm::ForwardEvaluation { dims, x, weight, bias, running, plus, y, relu: false });
            let params = Some(params);
            b.call(batch_norm::BackwardEvaluation {
                dims,
                x,
                weight,
                running,
                dy,
                params,
                dx: Some(dx),
                rectified: false,
            });
        }
        if self.std > 0.0 {
            // Small beside what is divided by, whatever the mean.
            let step = 1e-3 * self.std.hypot(eps.sqrt()) / self.mean.hypot(self.std);
            b.loss(y, dy, step, vec![Gradient { of: x, by: dx }]);
            // Where the mean is far above the deviation, the step of x is one of 1e-6 and less.
            b.of_planes(vec![Gradient { of: weight, by: dweight }, Gradient { of: bias, by: dbias }]);
        }
        Ok(b.finish())
    }
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    CONFIGURATIONS.iter().map(Configuration::case).collect()
}
