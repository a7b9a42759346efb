//! Holds the gradients of a whole net against central differences of its loss, in f64, and one operation of the cpu
//! executor against the same operation in f64.
//!
//!     cargo run --release --example gradient_check

use std::error::Error;
use strata::{
    host::Stream,
    nn::{BuildOptions, Net, Tape, zoo},
    ops::{Device, Executor, Step, check},
};

/// How far a weight is moved to each side.
const STEP: f64 = 1e-6;
/// The accepted error, as a share of a parameter's largest gradient.
const LIMIT: f64 = 1e-5;

/// Checks a net and an operation.
///
/// # Errors
/// A gradient that is off by more than [`LIMIT`].
pub fn main() -> Result<(), Box<dyn Error>> {
    // Gradients that nobody reads are not kept, unless they are asked for.
    let options = BuildOptions { keep_gradients: true, ..BuildOptions::of(4) };
    let net = Net::build(&zoo::net("alexnet28", 5)?, options)?;
    let mut executor = Executor::load(&Device::Reference, net.program.clone())?;
    net.initialise(&mut executor, Stream::named)?;
    executor.write(net.x, &Stream::named("pixels").normal(4 * 28 * 28, 1.0))?;
    executor.write_words(net.labels, &[0, 1, 2, 3])?;

    // At a rate of 0 a step computes gradients and leaves the weights alone; the same step draws the same dropout.
    let step = Step { iteration: 0, rate: 0.0, dropout: Stream::named("dropout"), first_image: 0 };
    executor.run(Tape::Train, &step)?;
    let mut gradients = Vec::new();
    for param in &net.params {
        let gradient = param.g.ok_or_else(|| format!("{} has no gradient", param.name))?;
        gradients.push(executor.read_f64(gradient)?);
    }
    for (param, gradient) in net.params.iter().zip(&gradients) {
        let weights = executor.read_f64(param.w)?;
        let largest = gradient.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        let mut worst: f64 = 0.0;
        for at in (0..weights.len()).step_by(weights.len().div_ceil(3)) {
            let mut loss_at = |moved: f64| -> Result<f64, Box<dyn Error>> {
                let mut weights = weights.clone();
                weights[at] += moved;
                executor.write_f64(param.w, &weights)?;
                executor.run(Tape::Train, &step)?;
                let losses = executor.read_f64(net.loss)?;
                Ok(losses.iter().sum::<f64>() / losses.len() as f64)
            };
            let difference = (loss_at(STEP)? - loss_at(-STEP)?) / (2.0 * STEP);
            worst = worst.max((difference - gradient[at]).abs() / largest);
        }
        executor.write_f64(param.w, &weights)?;
        println!("{:<14} off by {worst:.1e} of its largest gradient", param.name);
        if worst > LIMIT {
            return Err(format!("the gradient of {} is wrong", param.name).into());
        }
    }

    // A case of an operation: a convolution of two groups, in f32 against f64.
    let configuration = check::conv2d::Configuration {
        text: "two groups",
        x: [2, 6, 9, 7],
        k: 4,
        kernel: [3, 3],
        stride: [2, 1],
        pads: [1, 1, 1, 1],
        dilation: [1, 1],
        groups: 2,
        bias: true,
    };
    let line = configuration.case()?.check(&Device::Cpu)?;
    println!("conv2d, {}: {}", configuration.text, line.complaint.as_deref().unwrap_or("within its bounds"));
    line.complaint.map_or(Ok(()), |complaint| Err(complaint.into()))
}
