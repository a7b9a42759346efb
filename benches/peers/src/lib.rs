//! What the peers share: arguments, the nets of the study, the clock, and the object that is printed.
//!
//! A peer does the work of `strata bench step` and `benches/baselines/pytorch_step.py`: a training step is forward with
//! dropout, softmax cross-entropy, backward, stochastic gradient descent with momentum 0.9 and decay 0.0005, and
//! reading the loss; inference is forward without dropout, and reading the loss. Each is timed by the median of
//! `--steps` after two more to warm up.

use clap::{Parser, ValueEnum};
use serde_json::json;
use std::{error::Error, time::Instant};

/// Any error: these programs end at the first.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

pub const LEARNING_RATE: f64 = 1e-4;
pub const MOMENTUM: f64 = 0.9;
pub const WEIGHT_DECAY: f64 = 5e-4;
/// Local response normalisation: x / (k + alpha / size * sum of squares)^beta with k = 1.
pub const LRN_BETA: f64 = 0.75;

#[derive(Parser, Clone)]
pub struct Arguments {
    #[arg(long, value_enum, default_value = "alexnet32")]
    pub net: NetName,
    /// Images a step
    #[arg(long, default_value_t = 128)]
    pub batch: usize,
    /// Steps that are timed; two more come first to warm up
    #[arg(long, default_value_t = 5)]
    pub steps: usize,
    #[arg(long, value_enum, default_value = "cpu")]
    pub device: DeviceName,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum NetName {
    Caffenet,
    Alexnet32,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum DeviceName {
    Cpu,
    Wgpu,
}

/// A convolution with square kernels; a rectifier follows.
pub struct Conv {
    pub out: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub groups: usize,
}

/// conv1-pool-norm, conv2-pool-norm, conv3, conv4, conv5-pool, fc6-drop, fc7-drop, fc8. Pools are 3 x 3 of stride 2,
/// and count a window that begins inside the image (Caffe's ceil mode).
pub struct Net {
    pub input: [usize; 3],
    pub convs: [Conv; 5],
    pub norm_size: usize,
    pub norm_alpha: f64,
    /// Outputs of conv5 after its pool.
    pub features: usize,
    pub hidden: usize,
    pub classes: usize,
}

/// Whether a pool follows convolution `i`, and whether a norm follows that.
pub fn pool_and_norm(i: usize) -> (bool, bool) {
    (matches!(i, 0 | 1 | 4), i < 2)
}

fn conv(out: usize, kernel: usize, stride: usize, padding: usize, groups: usize) -> Conv {
    Conv { out, kernel, stride, padding, groups }
}

impl NetName {
    pub fn name(self) -> &'static str {
        match self {
            Self::Caffenet => "caffenet",
            Self::Alexnet32 => "alexnet32",
        }
    }

    pub fn net(self) -> Net {
        match self {
            Self::Caffenet => Net {
                input: [3, 227, 227],
                convs: [
                    conv(96, 11, 4, 0, 1),
                    conv(256, 5, 1, 2, 2),
                    conv(384, 3, 1, 1, 1),
                    conv(384, 3, 1, 1, 2),
                    conv(256, 3, 1, 1, 2),
                ],
                norm_size: 5,
                norm_alpha: 1e-4,
                features: 9216,
                hidden: 4096,
                classes: 1000,
            },
            Self::Alexnet32 => Net {
                input: [3, 32, 32],
                convs: [
                    conv(32, 5, 1, 2, 1),
                    conv(64, 5, 1, 2, 1),
                    conv(96, 3, 1, 1, 1),
                    conv(96, 3, 1, 1, 1),
                    conv(64, 3, 1, 1, 1),
                ],
                norm_size: 3,
                norm_alpha: 5e-5,
                features: 1024,
                hidden: 256,
                classes: 100,
            },
        }
    }
}

/// What is timed. Both return the loss that they have read.
pub trait Peer {
    fn train(&mut self) -> Result<f32>;
    fn infer(&mut self) -> Result<f32>;
    fn parameters(&self) -> usize;
}

/// What a peer says of itself.
pub struct About {
    pub framework: &'static str,
    /// The crate whose version is the framework's.
    pub package: &'static str,
    pub device: String,
    pub threads: usize,
    /// Cargo features that decide how fast it is.
    pub features: Vec<&'static str>,
    /// Where its work differs from that of the others; empty where it is the same.
    pub changed: Vec<String>,
}

fn median_seconds(steps: usize, mut call: impl FnMut() -> Result<f32>) -> Result<(f64, f32)> {
    let mut seconds = Vec::new();
    let mut loss = 0.0;
    for _ in 0..steps + 2 {
        let start = Instant::now();
        loss = call()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let mut timed = seconds.split_off(2);
    timed.sort_by(f64::total_cmp);
    Ok(((timed[(timed.len() - 1) / 2] + timed[timed.len() / 2]) / 2.0, loss))
}

/// The version that Cargo.lock holds of a crate: frameworks do not say it at run time.
fn version(package: &str) -> Option<&'static str> {
    let entry = format!("name = \"{package}\"\nversion = \"");
    include_str!("../Cargo.lock").split_once(&entry)?.1.split('"').next()
}

/// Times a peer and prints one JSON object.
pub fn run(arguments: &Arguments, about: About, peer: &mut impl Peer) -> Result<()> {
    let steps = arguments.steps.max(1);
    let (training, loss) = median_seconds(steps, || peer.train())?;
    let (inference, _) = median_seconds(steps, || peer.infer())?;
    // Work that ends in no number is not the same work.
    if !loss.is_finite() {
        return Err(format!("{} trains to a loss of {loss}", about.framework).into());
    }
    let record = json!({
        "framework": about.framework, "version": version(about.package), "features": about.features,
        "threads": about.threads, "net": arguments.net.name(), "batch": arguments.batch, "device": about.device,
        "steps": steps, "parameters": peer.parameters(), "loss": loss, "changed": about.changed,
        "milliseconds": 1e3 * training, "images_per_second": arguments.batch as f64 / training,
        "inference_milliseconds": 1e3 * inference,
        "inference_images_per_second": arguments.batch as f64 / inference,
    });
    println!("{record}");
    Ok(())
}
