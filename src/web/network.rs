//! The programs of an experiment's networks: one for each number of frozen blocks.

use super::{
    Binary, Kernels, WebError, buffer_of,
    format::{Inputs, Layout, Network, Outputs, Parameter, Start},
};
use crate::{
    data::Dataset,
    gpu::Limits,
    nn::{Net, Param, Tape},
    ops::{Planned, TensorShape, program::TapeName},
    protocol::{Arm, Experiment, Half, Node, NodeKind, network_def::net_of},
};

/// The programs of all networks: with no block frozen, which serves bases and fine-tuned networks, and with 1 to all
/// but the last.
pub(super) fn all(
    experiment: &Experiment,
    data: &Dataset,
    kernels: &mut Kernels,
    binary: &mut Binary,
) -> Result<Vec<Network>, WebError> {
    (0..=experiment.net.most_n()).map(|frozen| of(experiment, data, frozen, kernels, binary)).collect()
}

/// A network of the plan with so many frozen blocks.
fn node(frozen: usize) -> Node {
    let (arm, n) = if frozen == 0 { (Arm::Base, None) } else { (Arm::Transfer, Some(frozen)) };
    Node::of(NodeKind { arm, n, split: 0, replicate: 0, target: Half::B, source_task: None, train_size: None, draw: 0 })
}

fn of(
    experiment: &Experiment,
    data: &Dataset,
    frozen: usize,
    kernels: &mut Kernels,
    binary: &mut Binary,
) -> Result<Network, WebError> {
    let def = net_of(experiment, &node(frozen), data.classes() / 2)?;
    let net = Net::build(&def, experiment.solver.building(experiment.data.input(&data.train)))?;
    let planned = Planned::of(&net.program, &Limits::webgpu())?;
    let tapes = [("train", Tape::Train.number()), ("evaluate", Tape::Evaluate.number())];
    let program = kernels.program(&planned, &tapes, binary)?;
    let buffer = |tensor: crate::ops::TensorId| buffer_of(&planned, tensor.0);
    // The net reads stored images, so that it has these.
    let [images, crops, mean, scale] = net.images.unwrap_or([net.x; 4]);
    let mut parameters = Vec::with_capacity(net.params.len());
    for param in &net.params {
        parameters.push(Parameter {
            name: param.name.clone(),
            block: block_of(&net, param)?,
            shape: param.shape.clone(),
            buffer: buffer(param.w)?,
            history: param.h.map(buffer).transpose()?,
            layout: layout_of(&net, param),
            start: start_of(&net, param),
        });
    }
    Ok(Network {
        frozen,
        program,
        inputs: Inputs {
            images: buffer(images)?,
            crops: buffer(crops)?,
            mean: buffer(mean)?,
            scale: buffer(scale)?,
            labels: buffer(net.labels)?,
        },
        outputs: Outputs { loss: buffer(net.loss)?, rank: buffer(net.rank)?, scores: buffer(net.logits)? },
        parameters,
    })
}

/// The number of a parameter's block, counted from 1.
fn block_of(net: &Net, param: &Param) -> Result<usize, WebError> {
    let place = net.def.layers.iter().position(|layer| layer.name == param.layer).unwrap_or(0);
    Ok(1 + net.def.blocks()?.iter().position(|block| block.layers.contains(&place)).unwrap_or(0))
}

fn layout_of(net: &Net, param: &Param) -> Layout {
    match net.program.tensors[param.w.0].shape {
        TensorShape::Kernel { dims, groups } => Layout::Kernel { dims, groups },
        shape => Layout::Channels(shape.len()),
    }
}

/// What a parameter starts as, by the rules of [`Net::initial`].
fn start_of(net: &Net, param: &Param) -> Start {
    let init = net.def.layers.iter().find(|layer| layer.name == param.layer).and_then(|layer| layer.init);
    match (param.starts_at, init) {
        (Some(value), _) => Start::Constant(value),
        (None, Some(init)) if param.is_bias() => Start::Constant(init.bias),
        (None, Some(init)) => Start::Normal(init.weight.std(param.shape[1..].iter().product())),
        (None, None) => Start::Constant(0.0),
    }
}
