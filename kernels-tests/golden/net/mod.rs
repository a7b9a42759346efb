//! `grad_net_<k>`: whole small AlexNets. One program holds the forward pass, the backward pass down to the
//! lowest trainable layer, and the updates; the masks of dropout are given.

mod backward;
mod layout;
mod settings;

use super::{
    case::{Case, Named, Stop},
    judge::{self, Got, Verdict},
    machine::{Machine, column, step},
    onnx::softmax::mean_of,
};
use layout::{Net, Shown};
use settings::Settings;
use strata::{
    host::ImageDims,
    ops::{Device, Executor, TensorShape, softmax_cross_entropy},
};

/// The accepted relative error by norm: of losses, activations and gradients; of weights after the last step.
const FIRST_STEP: f64 = 7e-6;
const LAST_WEIGHTS: f64 = 3e-4;

/// The layer's number in a name such as `dgrad_conv2.weight`.
fn layer_of(name: &str) -> usize {
    name.chars().find_map(|c| c.to_digit(10)).unwrap_or(0) as usize
}

/// Whether a case shows a frozen layer's gradient as zero: no gradient is computed there.
fn zero_of_frozen(output: &Named, frozen: usize) -> bool {
    let frozen = output.name.starts_with("dgrad_") && layer_of(&output.name) <= frozen;
    frozen && output.array.wide().iter().all(|&v| v == 0.0)
}

/// Runs the net's steps and judges what the case shows.
pub fn net(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let (m, s) = (Machine::new(), Settings::read(case)?);
    let mut net = Net {
        case,
        s,
        m,
        shown: Vec::new(),
        back: Vec::new(),
        parameters: Vec::new(),
        masks: Vec::new(),
        gradients: Vec::new(),
        rectified: Vec::new(),
    };
    let (images, labels) = (case.given("x")?, case.given("labels")?);
    let image = ImageDims { n: net.s.batch, c: 3, h: net.s.image, w: net.s.image };
    let x = net.m.result("x", TensorShape::Activation(image));
    let (mut at, mut dims) = (x, image);
    for layer in 1..=5 {
        (at, dims) = net.conv(layer, at, dims)?;
        if layer <= 2 && net.s.norm_first {
            (at, dims) = net.norm(layer, at, dims)?;
        }
        if [1, 2, 5].contains(&layer) {
            (at, dims) = net.pool(layer, at, dims)?;
        }
        if layer <= 2 && !net.s.norm_first {
            (at, dims) = net.norm(layer, at, dims)?;
        }
    }
    for layer in 6..=8 {
        (at, dims) = net.dense(layer, at, dims)?;
    }
    let (n, classes) = (dims.n, dims.c);
    let label = net.m.result_words("labels", column(n));
    let (loss, prob) = (net.m.result("loss", column(n)), net.m.result("prob", TensorShape::Activation(dims)));
    net.m.call(softmax_cross_entropy::Forward { n, classes, logits: at, labels: label, loss, prob });
    let dx = net.gradient(at, dims);
    net.m.call(softmax_cross_entropy::Backward { n, classes, weight: 1.0 / n as f64, prob, labels: label, dx });
    net.backward()?;
    case.all_understood()?;

    let Net { s, m, shown, masks, .. } = net;
    let mut e = m.load(device)?;
    let mut losses = Vec::new();
    let mut verdict = Verdict::default();
    for at in 0..s.steps {
        e.write(x, part(images.f32s()?, at, s.steps)?)?;
        e.write_words(label, part(&labels.words()?, at, s.steps)?)?;
        for (id, mask) in &masks {
            e.write_words(*id, part(&mask.words()?, at, s.steps)?)?;
        }
        e.run(0, &step(s.rate))?;
        losses.extend(mean_of(device, &e.read_f64(loss)?)?);
        for output in case.outputs.iter().filter(|o| !o.name.starts_with("final_") && o.name != "loss_each_step") {
            if at == 0 && !zero_of_frozen(output, s.frozen) {
                verdict.worst = verdict.worst.max(judged(&shown, &mut e, output, FIRST_STEP)?);
            }
        }
    }
    for output in &case.outputs {
        let share = if output.name == "loss_each_step" {
            judge::by_norm(&output.name, &Got::new(&[s.steps], losses.clone()), &output.array, FIRST_STEP)?
        } else if output.name.starts_with("final_") {
            judged(&shown, &mut e, output, LAST_WEIGHTS)?
        } else {
            continue;
        };
        verdict.worst = verdict.worst.max(share);
    }
    frozen_are_untouched(case, &shown, &mut e, s.frozen)?;
    if case.outputs.is_empty() {
        return Err("the case has no outputs".into());
    }
    Ok(verdict)
}

fn judged(shown: &[Shown], e: &mut Executor, output: &Named, tolerance: f64) -> Result<f64, Stop> {
    let tensor = shown.iter().find(|shown| shown.name == output.name);
    let tensor = tensor.ok_or_else(|| Stop::Fail(format!("output {} is not understood", output.name)))?;
    let got = Got::new(&tensor.shape, e.read_f64(tensor.id)?);
    judge::by_norm(&output.name, &got, &output.array, tolerance)
}

/// The parameters of frozen layers keep every bit.
fn frozen_are_untouched(case: &Case, shown: &[Shown], e: &mut Executor, frozen: usize) -> Result<(), Stop> {
    for tensor in shown {
        let Some(name) = tensor.name.strip_prefix("final_") else { continue };
        if layer_of(name) <= frozen && e.read(tensor.id)? != case.given(&format!("init_{name}"))?.f32s()? {
            return Err(format!("{name} is frozen, and changed").into());
        }
    }
    Ok(())
}

/// The values of one step.
pub fn part<T>(values: &[T], step: usize, steps: usize) -> Result<&[T], Stop> {
    if steps == 0 || !values.len().is_multiple_of(steps) {
        return Err(format!("{} values for {steps} steps", values.len()).into());
    }
    let len = values.len() / steps;
    Ok(&values[step * len..][..len])
}
