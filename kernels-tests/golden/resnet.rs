//! `grad_resnet_<k>`: whole small residual nets, described by their own layers, through `nn::Net`: the very tapes that
//! training runs.

use super::{
    case::{Attributes, Case, Stop},
    judge::{self, Got, Verdict},
    machine::step,
    onnx::softmax::mean_of,
};
use strata::{
    nn::{
        BuildOptions, Filler, Init, Layer, Net, NetDef, ParamRole, Tape,
        layers::{Add, AvgPool, BatchNorm, Conv2d, Dense, Kind, Relu},
    },
    ops::{Device, Executor, TensorId},
};

/// The accepted relative error by norm: of losses, activations and gradients; of weights after the last step.
const FIRST_STEP: f64 = 7e-6;
const LAST_WEIGHTS: f64 = 3e-4;

fn missing(name: &str) -> Stop {
    Stop::Fail(format!("attribute {name} is missing"))
}

/// What a layer of the case does.
fn kind(a: &Attributes) -> Result<Kind, Stop> {
    let size = |name: &str| a.int(name)?.map(|v| v as usize).ok_or_else(|| missing(name));
    let number = |name: &str| a.float(name)?.ok_or_else(|| missing(name));
    Ok(match a.text("type")?.ok_or_else(|| missing("type"))?.as_str() {
        "conv2d" => Conv2d {
            out_channels: size("out_channels")?,
            kernel_size: [size("kernel")?; 2],
            stride: [size("stride")?; 2],
            padding: [size("padding")?; 2],
            dilation: [1; 2],
            groups: 1,
            bias: a.flag("bias")?.ok_or_else(|| missing("bias"))?,
        }
        .into(),
        "batchnorm" => BatchNorm { eps: number("eps")?, momentum: number("momentum")? }.into(),
        "relu" => Relu {}.into(),
        "add" => Add {}.into(),
        "avgpool" => {
            a.must_be("kernel", "global")?;
            AvgPool::whole().into()
        }
        "dense" => Dense { out_features: size("out_features")? }.into(),
        other => return Err(format!("a layer of type {other:?} is not understood").into()),
    })
}

/// The net of a case, with as many blocks frozen as it says.
fn net_of(case: &Case) -> Result<NetDef, Stop> {
    let a = &case.attributes;
    let input = a.sizes("input")?.ok_or_else(|| missing("input"))?;
    let input = <[usize; 3]>::try_from(input).map_err(|input| Stop::Fail(format!("input is {input:?}")))?;
    let frozen = a.int("frozen_blocks")?.ok_or_else(|| missing("frozen_blocks"))? as usize;
    let blocks = a.get("blocks").and_then(|v| v.as_array().cloned()).ok_or_else(|| missing("blocks"))?;
    let in_frozen = |name: &str| {
        blocks.iter().take(frozen).any(|block| block.as_array().is_some_and(|b| b.iter().any(|v| v == name)))
    };
    let solver = a.inner("solver")?;
    let factor = |name: &str| solver.float(name)?.ok_or_else(|| missing(name));
    let (bias_rate, norm_decay) = (factor("lr_mult_bias_of_dense")?, factor("decay_mult_of_gamma_beta_bias")?);
    let mut layers = Vec::new();
    for layer in a.list("layers")? {
        let name = layer.text("name")?.ok_or_else(|| missing("name"))?;
        let kind = kind(&layer)?;
        let read = match layer.text("input")? {
            Some(one) => vec![one],
            None => layer.texts("inputs")?.ok_or_else(|| missing("inputs"))?,
        };
        layer.all_understood()?;
        let (lr_mult, decay_mult) = match kind {
            Kind::BatchNorm(_) => ([1.0; 2], [norm_decay; 2]),
            _ => ([1.0, bias_rate], [1.0, norm_decay]),
        };
        let init = matches!(kind, Kind::Conv2d(_) | Kind::Dense(_)).then_some(Init { weight: Filler::He, bias: 0.0 });
        let inputs = read.into_iter().map(|name| if name == "x" { "input".into() } else { name }).collect();
        let trainable = !in_frozen(&name);
        layers.push(Layer { inputs, trainable, lr_mult, decay_mult, ..Layer::new(&name, kind, init) });
    }
    // The blocks of the case: each begins with its first layer.
    for (number, block) in blocks.iter().enumerate() {
        let first = block.as_array().and_then(|b| b.first()).and_then(|v| v.as_str()).unwrap_or_default();
        let layer = layers.iter_mut().find(|layer| layer.name == first);
        layer.ok_or_else(|| Stop::Fail(format!("block {} begins with no layer", number + 1)))?.block = Some(number + 1);
    }
    if let Some(scores) = layers.last_mut() {
        scores.block = Some(blocks.len() + 1);
    }
    Ok(NetDef { name: "golden".into(), input, layers })
}

/// The case's word for a parameter: `gamma` and `beta` are a normalisation's weight and bias.
fn outside(def: &NetDef, layer: &str, name: &str) -> String {
    let norm = def.layers.iter().any(|l| l.name == layer && matches!(l.kind, Kind::BatchNorm(_)));
    if norm { name.replace(".weight", ".gamma").replace(".bias", ".beta") } else { name.into() }
}

/// Runs the net's steps and judges what the case shows.
pub fn resnet(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let def = net_of(case)?;
    let solver = case.attributes.inner("solver")?;
    solver.must_be("convention", "caffe")?;
    let number = |name: &str| solver.float(name)?.ok_or_else(|| missing(name));
    let (rate, momentum, weight_decay) = (number("base_lr")?, number("momentum")?, number("weight_decay")?);
    let steps = case.attributes.int("steps")?.ok_or_else(|| missing("steps"))? as usize;
    case.attributes.int("classes")?;
    let (images, labels) = (case.given("x")?, case.given("labels")?);
    let batch = labels.shape.iter().product::<usize>() / steps.max(1);
    let options = BuildOptions { momentum, weight_decay, keep_gradients: true, ..BuildOptions::of(batch) };
    let net = Net::build(&def, options).map_err(|e| Stop::Fail(e.to_string()))?;
    let mut e = Executor::load(device, net.program.clone())?;
    let mut begun = Vec::new();
    for param in &net.params {
        let prefix = if param.role == ParamRole::Statistic { "stat" } else { "param" };
        let values = case.given(&format!("{prefix}_{}", outside(&def, &param.layer, &param.name)))?;
        e.write(param.w, values.f32s()?)?;
        begun.push(values.f32s()?);
    }
    case.all_understood()?;
    // Activations are judged as they are after the layer: what works in place writes over its input.
    let find = |name: &str| -> Option<(TensorId, Vec<usize>)> {
        let of_param = |name: &str| net.params.iter().find(|p| outside(&def, &p.layer, &p.name) == name);
        if let Some(layer) = name.strip_prefix("act_") {
            let id = net.outputs.get(layer)?.0;
            let in_place = net.outputs.iter().filter(|(_, (other, _))| *other == id).count() > 1;
            let rectifier = def.layers.iter().any(|l| l.name == layer && matches!(l.kind, Kind::Relu(_)));
            return (!in_place || rectifier).then(|| (id, Vec::new()));
        }
        let param = of_param(name.strip_prefix("grad_").or(name.strip_prefix("final_"))?)?;
        let id = if name.starts_with("grad_") { param.g? } else { param.w };
        Some((id, param.shape.clone()))
    };
    let rectified = |name: &str| name.strip_prefix("act_").is_some_and(|layer| net.outputs.contains_key(layer));
    let mut verdict = Verdict::default();
    let mut judged = |e: &mut Executor, name: &str, tolerance: f64| -> Result<(), Stop> {
        let output = case.outputs.iter().find(|o| o.name == name).ok_or_else(|| Stop::Fail(name.into()))?;
        match find(name) {
            Some((id, _)) => {
                let got = Got::new(&output.array.shape, e.read_f64(id)?);
                verdict.worst = verdict.worst.max(judge::by_norm(name, &got, &output.array, tolerance)?);
                Ok(())
            }
            // It has been overwritten in place by its rectifier, whose own output is judged.
            None if rectified(name) => Ok(()),
            None => Err(format!("output {name} is not understood").into()),
        }
    };
    let mut losses = Vec::new();
    for at in 0..steps {
        e.write(net.x, super::net::part(images.f32s()?, at, steps)?)?;
        e.write_words(net.labels, super::net::part(&labels.words()?, at, steps)?)?;
        e.run(Tape::Train, &step(rate))?;
        losses.extend(mean_of(device, &e.read_f64(net.loss)?)?);
        for output in
            case.outputs.iter().filter(|o| at == 0 && (o.name.starts_with("act_") || o.name.starts_with("grad_")))
        {
            judged(&mut e, &output.name, FIRST_STEP)?;
        }
    }
    for output in &case.outputs {
        if output.name.starts_with("final_") {
            judged(&mut e, &output.name, LAST_WEIGHTS)?;
        } else if output.name == "loss_each_step" {
            let got = Got::new(&[steps], losses.clone());
            judge::by_norm(&output.name, &got, &output.array, FIRST_STEP)?;
        } else if !output.name.starts_with("act_") && !output.name.starts_with("grad_") {
            return Err(format!("output {} is not understood", output.name).into());
        }
    }
    for (param, begun) in net.params.iter().zip(begun) {
        let learns = def.layers.iter().any(|layer| layer.name == param.layer && layer.learns());
        let now = e.read(param.w)?;
        if !learns && now.iter().zip(begun).any(|(a, b)| a.to_bits() != b.to_bits()) {
            return Err(format!("{} is frozen, and changed", param.name).into());
        }
    }
    if case.outputs.is_empty() {
        return Err("the case has no outputs".into());
    }
    Ok(verdict)
}
