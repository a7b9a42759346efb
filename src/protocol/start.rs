//! What a network starts from: new layers are drawn, copied ones come from the parent, random filters from a
//! stream of their own.

use super::{Arm, Node, ProtocolError, run_dir::RunDir, streams};
use crate::{
    nn::{Filler, Init, Param, ParamRole, weights, zoo},
    ops::Device,
    train::Trainer,
};

/// Writes a network's weights before its first step.
///
/// # Errors
/// A parent whose weights are missing, damaged or of another shape; a lost device.
pub fn weights(trainer: &mut Trainer<'_>, seed: u64, node: &Node, runs: &RunDir) -> Result<(), ProtocolError> {
    trainer.net.initialise(&mut trainer.executor, |name| streams::new_layer(seed, node, name))?;
    let depth = match (node.arm, node.n) {
        (Arm::Base | Arm::Base2x, _) => return Ok(()),
        (Arm::Restart | Arm::Continue, _) => trainer.net.def.most_n() + 1,
        (arm, n) => n.unwrap_or(0) + arm.preserved(),
    };
    let layers = trainer.net.def.prefix(depth)?;
    let prefix: Vec<Param> = trainer.net.params.iter().filter(|p| layers.contains(&p.layer)).cloned().collect();
    let parent = match node.parents.first() {
        Some(parent) => Some((runs.node(parent).join("weights.safetensors"), runs.tensors(parent)?)),
        None => None,
    };
    for param in prefix {
        let learned = match &parent {
            Some((path, tensors)) => Some(weights::take(tensors, &param, path)?),
            None => None,
        };
        let values = match learned {
            // They belong to the random filters, and are measured when all of these are there.
            _ if node.arm.is_random() && param.role == ParamRole::Statistic => {
                trainer.net.initial(&param, |name| streams::new_layer(seed, node, name))
            }
            Some(learned) if node.arm.is_random() => like(learned, seed, node, &param),
            Some(learned) => learned.to_vec(),
            None => random(trainer, seed, node, &param)?,
        };
        trainer.executor.write(param.w, &values).map_err(ProtocolError::Ops)?;
    }
    Ok(())
}

/// Gives the normalisations of a network's random blocks the statistics of the training images, for good.
///
/// # Errors
/// A lost device; a stop.
pub fn statistics(trainer: &mut Trainer<'_>, node: &Node, device: &Device) -> Result<(), ProtocolError> {
    if !node.arm.is_random() {
        return Ok(());
    }
    let layers = trainer.net.def.prefix(node.n.unwrap_or(0) + node.arm.preserved())?;
    Ok(trainer.measure_statistics(device, &layers)?)
}

/// Normal values with the mean and the (population) deviation of learned ones.
fn like(learned: &[f32], seed: u64, node: &Node, param: &Param) -> Vec<f32> {
    let count = learned.len() as f64;
    let mean = learned.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = learned.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    let drawn = streams::random_filter(seed, node, &param.name).normal(learned.len(), variance.sqrt());
    drawn.into_iter().map(|v| v + mean as f32).collect()
}

/// The values of a random filter. The paper's are CaffeNet's own initial weights: its deviations and biases, layer
/// by layer.
fn random(trainer: &Trainer<'_>, seed: u64, node: &Node, param: &Param) -> Result<Vec<f32>, ProtocolError> {
    let he = Init { weight: Filler::He, bias: 0.0 };
    let init = match node.arm {
        Arm::RandomCaffe => {
            let fillers = zoo::caffe_fillers(&trainer.net.def)?;
            let number = trainer.net.def.weighted().position(|layer| layer.name == param.layer);
            // A parameter belongs to a layer of its net, and there is a filler for each.
            number.and_then(|number| fillers.get(number).copied()).unwrap_or(he)
        }
        _ => he,
    };
    if let Some(value) = param.starts_at {
        return Ok(vec![value as f32; param.shape.iter().product()]);
    }
    if param.is_bias() {
        return Ok(vec![init.bias as f32; param.shape[0]]);
    }
    Ok(init.weights(&param.shape, &streams::random_filter(seed, node, &param.name)))
}
