//! How alike the layers of trained networks are: which are compared, and on which images.
//!
//! Compared are the bases of both halves (every layer with every layer, on the images of each half), the bases of
//! one half in two replicates (what two seeds alone make different), and every fine-tuned network with the base
//! that it started from (each layer with itself: how far fine-tuning has moved it).

pub use super::similarities::{Row, Similarities};
use super::{
    Arm, Experiment, Half, Node, Plan, ProtocolError, RunDir, State,
    cka::{Estimator, FEWEST_IMAGES, Gram},
    experiment_data::MeanOf,
    half_key::HalfKey,
    halves::Halves,
    network_def::net_of,
    pretrained, streams,
};
use crate::{
    data::{ImageSet, Normalisation, subset},
    host::digest,
    nn::{Block, weights},
    ops::Device,
    train::{Images, Reading, Trainer},
};

/// Images compared where an experiment does not say how many.
pub const USUAL_IMAGES: usize = 1000;

/// Computes all similarities of the trained networks of a run directory, or returns those that are there where
/// nothing has changed, and writes `similarity.json`. Of each half the first `images` images are used, spread evenly
/// over its classes: at least one of each class, at least as many as can be debiased, at most all; rows say how many.
///
/// # Errors
/// Weights that are damaged; a data, device or file error.
pub fn compare(
    experiment: &Experiment,
    runs: &RunDir,
    device: &Device,
    images: usize,
) -> Result<Similarities, ProtocolError> {
    let plan = Plan::with_found(experiment, runs)?;
    let mut trained = Vec::new();
    let mut of = format!("both estimators {images} {}", device.identity());
    for node in plan.nodes.iter().filter(|node| compared(node)) {
        if let Some(manifest) = runs.manifest(&node.name)?.filter(|manifest| manifest.state == State::Done) {
            of.push_str(&format!(" {} {} {}", node.name, manifest.weights.unwrap_or_default(), manifest.data));
            trained.push(node);
        }
    }
    let of = digest::hex(of.as_bytes());
    // Training may have lost it.
    let device = &device.renewed()?;
    if let Some(found) = runs.similarities()?.filter(|found| found.of == of) {
        return Ok(found);
    }
    // Splits of earlier commands are in the directory, too.
    let halves = Halves::of_nodes(experiment, trained.iter().copied())?;
    let blocks = experiment.net.blocks()?;
    let mut rows = Vec::new();
    for key in halves.sizes.keys() {
        let data = halves.half(experiment, key)?;
        let mut set = subset::first_evenly(&data.evaluate, images.max(data.classes).max(FEWEST_IMAGES))?;
        // The other half's network may have fewer outputs than these images have labels; here none is looked at.
        set.labels.fill(0);
        let lens = Lens {
            experiment,
            halves: &halves,
            runs,
            device,
            blocks: &blocks,
            set: &set,
            normalisation: &data.normalisation,
        };
        let here = trained.iter().copied().filter(|node| {
            let same_source = node.source_task.is_none() || key.half == Half::B || node.source_task == key.source_task;
            node.split == key.split && same_source
        });
        lens.compare(&here.collect::<Vec<_>>(), key, &mut rows)?;
    }
    let found = Similarities { of, rows };
    runs.write_similarities(&found)?;
    Ok(found)
}

fn compared(node: &Node) -> bool {
    // A file's last layer is that of its own classes, and its images are not there.
    !pretrained::is_file(node)
        && node.train_size.is_none()
        && matches!(node.arm, Arm::Base | Arm::SelfferPlus | Arm::TransferPlus)
}

/// What networks are looked at through: one half's images.
struct Lens<'a> {
    experiment: &'a Experiment,
    halves: &'a Halves,
    runs: &'a RunDir,
    device: &'a Device,
    blocks: &'a [Block],
    set: &'a ImageSet,
    /// How the half's own networks normalise pixels.
    normalisation: &'a Normalisation,
}

impl Lens<'_> {
    fn compare(&self, nodes: &[&Node], key: HalfKey, rows: &mut Vec<Row>) -> Result<(), ProtocolError> {
        let half = key.half;
        let mut bases: Vec<(&Node, Vec<Gram>)> = Vec::new();
        for node in nodes.iter().filter(|node| node.arm == Arm::Base) {
            bases.push((node, self.grams(node)?));
        }
        for (i, (one, left)) in bases.iter().enumerate() {
            for (other, right) in &bases[i + 1..] {
                let seed = |node: &Node| (node.replicate, node.draw);
                let halves = one.target != other.target && seed(one) == seed(other);
                let seeds = one.target == half && other.target == half;
                if halves || seeds {
                    for (a, layer) in left.iter().zip(self.blocks) {
                        for (b, other_layer) in right.iter().zip(self.blocks) {
                            rows.extend(self.rows((one, layer, a), (other, other_layer, b), key));
                        }
                    }
                }
            }
        }
        for node in nodes.iter().filter(|node| node.arm != Arm::Base && node.target == half) {
            let Some((parent, before)) = bases.iter().find(|(base, _)| node.parents.contains(&base.name)) else {
                continue;
            };
            for ((after, before), layer) in self.grams(node)?.iter().zip(before).zip(self.blocks) {
                rows.extend(self.rows((node, layer, after), (parent, layer, before), key));
            }
        }
        Ok(())
    }

    fn rows(&self, one: (&Node, &Block, &Gram), other: (&Node, &Block, &Gram), key: HalfKey) -> [Row; 2] {
        [Estimator::Biased, Estimator::Debiased].map(|estimator| Row {
            network: one.0.name.clone(),
            other: other.0.name.clone(),
            images: key.to_string(),
            count: self.set.len() as u64,
            layer: one.1.name.clone(),
            other_layer: other.1.name.clone(),
            estimator,
            value: Some(one.2.cka(other.2, estimator)).filter(|value| value.is_finite()),
        })
    }

    /// The Gram matrices of all layers of a network. Images are less its own mean, or less theirs where it is theirs
    /// that transfer networks subtract.
    fn grams(&self, node: &Node) -> Result<Vec<Gram>, ProtocolError> {
        let (half, own) = self.halves.of_node(self.experiment, node)?;
        let normalisation = match self.experiment.data.mean_of {
            MeanOf::Source => &own,
            MeanOf::Target => self.normalisation,
        };
        let mut def = net_of(self.experiment, node, half.classes)?;
        // Nothing learns here: no gradients, no history.
        def.freeze(def.most_n() + 1)?;
        let images = Images { set: self.set, normalisation };
        let reading = Reading::centre();
        let streams = streams::training(self.experiment.seed, node);
        let mut trainer = Trainer::new(&def, &self.experiment.solver, images, reading, streams, self.device)?;
        let path = self.runs.node(&node.name).join("weights.safetensors");
        let tensors = self.runs.tensors(&node.name)?;
        for param in trainer.net.params.clone() {
            trainer.executor.write(param.w, weights::take(&tensors, &param, &path)?).map_err(ProtocolError::Ops)?;
        }
        let layers: Vec<String> = self.blocks.iter().map(|block| block.features.clone()).collect();
        let outputs = trainer.activations(&images, &layers)?;
        Ok(outputs.into_iter().map(|values| Gram::of(values, images.set.len())).collect())
    }
}
