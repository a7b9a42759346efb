//! Training steps and inference of the study's nets in candle, on the CPU.
//!
//! Convolutions, rectifiers, dense layers, dropout and cross-entropy are candle's own. What it has not is written here
//! with its tensor operations, as a user would: local response normalisation, SGD with momentum and decay, and the
//! overlapping pool of a training step (candle has a gradient only where windows do not overlap; inference uses its
//! own). The `gemm` crate below has its AVX-512 kernels on, since Burn's feature `x86-v4` turns them on for the whole
//! build.

use candle_core::{DType, Device, Tensor, Var, backprop::GradStore, utils::get_num_threads};
use candle_nn::{
    Conv2d, Conv2dConfig, Linear, Module, VarBuilder, VarMap, conv2d, linear, loss::cross_entropy, ops::dropout,
};
use clap::Parser;
use peers::{About, Arguments, DeviceName, LEARNING_RATE, LRN_BETA, MOMENTUM, Net, Peer, Result, WEIGHT_DECAY};
use std::collections::HashMap;

type Candle<T> = candle_core::Result<T>;

/// Rows or columns by which windows of 3 at stride 2 go over the end (ceil mode). Zeros there change no maximum, since
/// every pool follows a rectifier.
fn overhang(size: usize) -> usize {
    (size + 1) % 2
}

/// The maximum of windows of 3 at stride 2 along one dimension: of every second slice, from the first, second and third
/// on. Of the ways to write it this had the fastest gradient.
fn window_max(x: &Tensor, dim: usize) -> Candle<Tensor> {
    let windows = (x.dim(dim)? as u32 - 1) / 2;
    let slices = |first: u32| {
        let at: Vec<u32> = (0..windows).map(|window| 2 * window + first).collect();
        x.index_select(&Tensor::new(at, x.device())?, dim)
    };
    slices(0)?.maximum(&slices(1)?)?.maximum(&slices(2)?)
}

fn max_pool(x: &Tensor, train: bool) -> Candle<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let x = x.pad_with_zeros(2, 0, overhang(height))?.pad_with_zeros(3, 0, overhang(width))?;
    if train { window_max(&window_max(&x, 2)?, 3) } else { x.max_pool2d_with_stride(3, 2) }
}

/// x / (1 + alpha / size * s)^beta, where s sums the squares of `size` channels around: a convolution of 1 x 1 with a
/// band of ones, which takes half the time of adding slices.
fn local_response_norm(x: &Tensor, size: usize, alpha: f64) -> Candle<Tensor> {
    let channels = x.dim(1)?;
    let in_band = |i: usize| (i / channels).abs_diff(i % channels) <= size / 2;
    let band: Vec<f32> = (0..channels * channels).map(|i| if in_band(i) { 1.0 } else { 0.0 }).collect();
    let band = Tensor::from_vec(band, (channels, channels, 1, 1), x.device())?;
    let sum = x.sqr()?.conv2d(&band, 0, 1, 1, 1)?;
    x / sum.affine(alpha / size as f64, 1.0)?.powf(LRN_BETA)?
}

struct Model {
    convs: Vec<Conv2d>,
    dense: Vec<Linear>,
    norm: (usize, f64),
}

impl Model {
    fn new(net: &Net, vars: &VarBuilder) -> Candle<Self> {
        let mut channels = net.input[0];
        let (mut convs, mut dense) = (Vec::new(), Vec::new());
        for (i, c) in net.convs.iter().enumerate() {
            let config = Conv2dConfig { padding: c.padding, stride: c.stride, groups: c.groups, ..Default::default() };
            convs.push(conv2d(channels, c.out, c.kernel, config, vars.pp(format!("conv{}", i + 1)))?);
            channels = c.out;
        }
        for (i, pair) in [net.features, net.hidden, net.hidden, net.classes].windows(2).enumerate() {
            dense.push(linear(pair[0], pair[1], vars.pp(format!("fc{}", i + 6)))?);
        }
        Ok(Self { convs, dense, norm: (net.norm_size, net.norm_alpha) })
    }

    fn forward(&self, images: &Tensor, train: bool) -> Candle<Tensor> {
        let mut x = images.clone();
        for (i, conv) in self.convs.iter().enumerate() {
            x = conv.forward(&x)?.relu()?;
            let (pool, norm) = peers::pool_and_norm(i);
            if pool {
                x = max_pool(&x, train)?;
            }
            if norm {
                x = local_response_norm(&x, self.norm.0, self.norm.1)?;
            }
        }
        x = x.flatten_from(1)?;
        for dense in &self.dense[..2] {
            x = dense.forward(&x)?.relu()?;
            if train {
                x = dropout(&x, 0.5)?;
            }
        }
        self.dense[2].forward(&x)
    }
}

/// SGD as PyTorch and we define it: v = momentum * v + (gradient + decay * w), w = w - rate * v.
struct Sgd {
    vars: Vec<(Var, Option<Tensor>)>,
}

impl Sgd {
    fn step(&mut self, gradients: &GradStore) -> Candle<()> {
        for (var, velocity) in &mut self.vars {
            let Some(gradient) = gradients.get(var.as_tensor()) else { continue };
            let mut next = (gradient + (var.as_detached_tensor() * WEIGHT_DECAY)?)?;
            if let Some(last) = velocity.take() {
                next = (next + (last * MOMENTUM)?)?;
            }
            var.set(&(var.as_detached_tensor() - (&next * LEARNING_RATE)?)?)?;
            *velocity = Some(next);
        }
        Ok(())
    }
}

struct Candles {
    net: Net,
    vars: VarMap,
    training: Model,
    /// The same weights, apart from the graph; made at the first inference.
    inference: Option<Model>,
    optimiser: Sgd,
    images: Tensor,
    labels: Tensor,
}

impl Candles {
    fn new(net: Net, batch: usize) -> Candle<Self> {
        let device = Device::Cpu;
        let vars = VarMap::new();
        let training = Model::new(&net, &VarBuilder::from_varmap(&vars, DType::F32, &device))?;
        let labels: Vec<u32> = (0..batch).map(|i| (i % net.classes) as u32).collect();
        let [channels, height, width] = net.input;
        Ok(Self {
            training,
            inference: None,
            optimiser: Sgd { vars: vars.all_vars().into_iter().map(|var| (var, None)).collect() },
            images: Tensor::randn(0f32, 1.0, (batch, channels, height, width), &device)?,
            labels: Tensor::new(labels, &device)?,
            vars,
            net,
        })
    }

    fn detached(&self) -> Result<Model> {
        let vars = self.vars.data().lock().map_err(|error| error.to_string())?;
        let tensors: HashMap<String, Tensor> =
            vars.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect();
        Ok(Model::new(&self.net, &VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))?)
    }
}

impl Peer for Candles {
    fn train(&mut self) -> Result<f32> {
        let loss = cross_entropy(&self.training.forward(&self.images, true)?, &self.labels)?;
        self.optimiser.step(&loss.backward()?)?;
        Ok(loss.to_scalar()?)
    }

    fn infer(&mut self) -> Result<f32> {
        let model = match self.inference.take() {
            Some(model) => model,
            None => self.detached()?,
        };
        let loss = cross_entropy(&model.forward(&self.images, false)?, &self.labels)?.to_scalar()?;
        self.inference = Some(model);
        Ok(loss)
    }

    fn parameters(&self) -> usize {
        self.optimiser.vars.iter().map(|(var, _)| var.elem_count()).sum()
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.device != DeviceName::Cpu {
        return Err("candle has no backend on wgpu; it runs on --device cpu".into());
    }
    let mut candles = Candles::new(arguments.net.net(), arguments.batch)?;
    let about = About {
        framework: "candle",
        package: "candle-core",
        device: "cpu".into(),
        threads: get_num_threads(),
        features: vec!["x86-v4"],
        changed: Vec::new(),
    };
    peers::run(&arguments, about, &mut candles)
}
