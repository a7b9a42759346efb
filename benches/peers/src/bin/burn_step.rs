//! Training steps and inference of the study's nets in Burn, on the CPU (its backend Flex) or on wgpu.
//!
//! Everything is Burn's own: grouped convolutions, ceil-mode pools, local response normalisation, dropout, and SGD with
//! momentum (its dampening is 0, as PyTorch's and ours are). Flex has its AVX-512 kernels on (`x86-v4`, off by
//! default). On wgpu, kernels are WGSL, and neither autotuning nor fusion is on, unless the feature `tuned` is.
//! One thing is changed: Burn holds a tensor in one binding, so where the adapter binds less than fc6's weights,
//! fc6 gets fewer outputs and `changed` says so.

use burn::{
    module::Module,
    nn::{
        Dropout, DropoutConfig, Linear, LinearConfig, LocalResponseNorm, LocalResponseNormConfig, PaddingConfig2d,
        conv::{Conv2d, Conv2dConfig},
        loss::{CrossEntropyLoss, CrossEntropyLossConfig},
        pool::{MaxPool2d, MaxPool2dConfig},
    },
    optim::{GradientsParams, ModuleOptimizer, SgdConfig, decay::WeightDecayConfig, momentum::MomentumConfig},
    tensor::{Device, Distribution, Int, Tensor, TensorData, activation::relu},
};
use clap::Parser;
use peers::{About, Arguments, DeviceName, LEARNING_RATE, LRN_BETA, MOMENTUM, Net, Peer, Result, WEIGHT_DECAY};

#[derive(Module, Debug)]
struct Model {
    convs: Vec<Conv2d>,
    pool: MaxPool2d,
    norm: LocalResponseNorm,
    dense: Vec<Linear>,
    dropout: Dropout,
}

impl Model {
    fn new(net: &Net, fc6: usize, device: &Device) -> Self {
        let mut channels = net.input[0];
        let mut convs = Vec::new();
        for conv in &net.convs {
            let padding = PaddingConfig2d::Explicit(conv.padding, conv.padding, conv.padding, conv.padding);
            let config = Conv2dConfig::new([channels, conv.out], [conv.kernel; 2]).with_stride([conv.stride; 2]);
            convs.push(config.with_padding(padding).with_groups(conv.groups).init(device));
            channels = conv.out;
        }
        let widths = [net.features, fc6, net.hidden, net.classes];
        Self {
            convs,
            pool: MaxPool2dConfig::new([3, 3]).with_strides([2, 2]).with_ceil_mode(true).init(),
            norm: LocalResponseNormConfig::new(net.norm_size).with_alpha(net.norm_alpha).with_beta(LRN_BETA).init(),
            dense: widths.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect(),
            dropout: DropoutConfig::new(0.5).init(),
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let mut x = images;
        for (i, conv) in self.convs.iter().enumerate() {
            x = relu(conv.forward(x));
            let (pool, norm) = peers::pool_and_norm(i);
            if pool {
                x = self.pool.forward(x);
            }
            if norm {
                x = self.norm.forward(x);
            }
        }
        let mut x = x.flatten(1, 3);
        for dense in &self.dense[..2] {
            x = self.dropout.forward(relu(dense.forward(x)));
        }
        self.dense[2].forward(x)
    }
}

struct Burn {
    /// `None` only while the optimiser has it.
    model: Option<Model>,
    valid: Option<Model>,
    optimiser: ModuleOptimizer,
    criterion: CrossEntropyLoss,
    images: Tensor<4>,
    labels: Tensor<1, Int>,
}

impl Burn {
    fn new(net: &Net, fc6: usize, batch: usize, device: &Device) -> Self {
        let training = device.clone().autodiff();
        let [channels, height, width] = net.input;
        let labels: Vec<i32> = (0..batch).map(|i| (i % net.classes) as i32).collect();
        let momentum = MomentumConfig::new().with_momentum(MOMENTUM).with_dampening(0.0);
        let decay = WeightDecayConfig::new(WEIGHT_DECAY as f32);
        Self {
            model: Some(Model::new(net, fc6, &training)),
            valid: None,
            optimiser: SgdConfig::new().with_momentum(Some(momentum)).with_weight_decay(Some(decay)).init(),
            criterion: CrossEntropyLossConfig::new().init(device),
            images: Tensor::random([batch, channels, height, width], Distribution::Normal(0.0, 1.0), device),
            labels: Tensor::from_data(TensorData::from(labels.as_slice()), device),
        }
    }
}

impl Peer for Burn {
    fn train(&mut self) -> Result<f32> {
        let model = self.model.take().ok_or("the model is lost")?;
        let scores = model.forward(self.images.clone().autodiff());
        let loss = self.criterion.forward(scores, self.labels.clone().autodiff());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        self.model = Some(self.optimiser.step(LEARNING_RATE, model, gradients));
        Ok(loss.into_scalar::<f32>())
    }

    fn infer(&mut self) -> Result<f32> {
        let model = self.model.as_ref().ok_or("the model is lost")?;
        let valid = self.valid.get_or_insert_with(|| model.valid());
        let scores = valid.forward(self.images.clone());
        Ok(self.criterion.forward(scores, self.labels.clone()).into_scalar::<f32>())
    }

    fn parameters(&self) -> usize {
        self.model.as_ref().map_or(0, Module::num_params)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let net = arguments.net.net();
    let mut fc6 = net.hidden;
    let (device, name, features) = match arguments.device {
        DeviceName::Cpu => (Device::flex(), "cpu".into(), vec!["flex", "rayon", "simd", "x86-v4"]),
        DeviceName::Wgpu => {
            let (device, setup) = Device::wgpu_options().init_with_setup()?;
            // Whole tiles of 128 columns, as many as one binding holds.
            let bound = setup.device.limits().max_storage_buffer_binding_size as usize;
            fc6 = fc6.min(bound / (net.features * size_of::<f32>()) / 128 * 128);
            let tuned = if cfg!(feature = "tuned") { vec!["wgpu", "autotune", "fusion"] } else { vec!["wgpu"] };
            (device, setup.adapter.get_info().name, tuned)
        }
    };
    let mut changed = Vec::new();
    if fc6 < net.hidden {
        changed.push(format!("fc6 has {fc6} outputs instead of {}: the adapter binds no more at once", net.hidden));
    }
    let mut burn = Burn::new(&net, fc6, arguments.batch, &device);
    let threads = rayon::current_num_threads();
    let about = About { framework: "burn", package: "burn", device: name, threads, features, changed };
    peers::run(&arguments, about, &mut burn)
}
