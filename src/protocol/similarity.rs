//! How alike the layers of trained networks are: which are compared, on which images, and the file of the results.
//!
//! Compared are the bases of both halves (every layer with every layer, on the images of each half), the bases of
//! one half in two replicates (what two seeds alone make different), and every fine-tuned network with the base
//! that it started from (each layer with itself: how far fine-tuning has moved it).

use super::{
    Arm, Experiment, Half, Node, Plan, ProtocolError, RunDir, State, cka::Gram, node::net_of, source::Halves, streams,
};
use crate::{
    data::{ImageSet, subset},
    host::digest,
    nn::{Block, weights},
    ops::Device,
    train::{Images, Reading, Trainer},
};
use serde::{Deserialize, Serialize};

/// Images compared where an experiment does not say how many.
pub const USUAL_IMAGES: usize = 1000;

/// One value: two layers of two networks on the same images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The one network.
    pub network: String,
    /// The other.
    pub other: String,
    /// The half whose evaluation images were used.
    pub images: String,
    /// How many images.
    pub count: u64,
    /// The block of the one, as its last layer with weights or its sum leaves it, after the rectifier; the last block's
    /// outputs are its scores.
    pub layer: String,
    /// The block of the other.
    pub other_layer: String,
    /// Linear CKA, 0 to 1; none where a layer gives every image the same.
    pub value: Option<f64>,
}

/// The content of `similarity.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similarities {
    /// The digest of the weights, images and their number that the rows were computed from.
    pub of: String,
    /// The values.
    pub rows: Vec<Row>,
}

/// Computes all similarities of the trained networks of a run directory, or returns those that are there where
/// nothing has changed, and writes `similarity.json`. About `images` images of each half are used, as many of each
/// class.
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
    let mut of = format!("{images} {}", device.identity());
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
    for (&(split, half), data) in &halves.halves {
        let per_class = (images / data.classes.max(1)).max(1);
        let mut set = subset::first_per_class(&data.evaluate, per_class)?;
        // The other half's network may have fewer outputs than these images have labels; here none is looked at.
        set.labels.fill(0);
        let lens = Lens { experiment, halves: &halves, runs, device, blocks: &blocks, set: &set };
        let here: Vec<&Node> = trained.iter().copied().filter(|node| node.split == split).collect();
        lens.compare(&here, half, &mut rows)?;
    }
    let found = Similarities { of, rows };
    runs.write_similarities(&found)?;
    Ok(found)
}

fn compared(node: &Node) -> bool {
    node.train_size.is_none() && matches!(node.arm, Arm::Base | Arm::SelfferPlus | Arm::TransferPlus)
}

/// What networks are looked at through: one half's images.
struct Lens<'a> {
    experiment: &'a Experiment,
    halves: &'a Halves,
    runs: &'a RunDir,
    device: &'a Device,
    blocks: &'a [Block],
    set: &'a ImageSet,
}

impl Lens<'_> {
    fn compare(&self, nodes: &[&Node], half: Half, rows: &mut Vec<Row>) -> Result<(), ProtocolError> {
        let mut bases: Vec<(&Node, Vec<Gram>)> = Vec::new();
        for node in nodes.iter().filter(|node| node.arm == Arm::Base) {
            bases.push((node, self.grams(node)?));
        }
        for (i, (one, left)) in bases.iter().enumerate() {
            for (other, right) in &bases[i + 1..] {
                let halves = one.target != other.target && one.replicate == other.replicate;
                let seeds = one.target == half && other.target == half;
                if halves || seeds {
                    for (a, layer) in left.iter().zip(self.blocks) {
                        let with = right.iter().zip(self.blocks);
                        rows.extend(
                            with.map(|(b, other_layer)| self.row((one, layer, a), (other, other_layer, b), half)),
                        );
                    }
                }
            }
        }
        for node in nodes.iter().filter(|node| node.arm != Arm::Base && node.target == half) {
            let Some((parent, before)) = bases.iter().find(|(base, _)| node.parents.contains(&base.name)) else {
                continue;
            };
            for ((after, before), layer) in self.grams(node)?.iter().zip(before).zip(self.blocks) {
                rows.push(self.row((node, layer, after), (parent, layer, before), half));
            }
        }
        Ok(())
    }

    fn row(&self, one: (&Node, &Block, &Gram), other: (&Node, &Block, &Gram), half: Half) -> Row {
        Row {
            network: one.0.name.clone(),
            other: other.0.name.clone(),
            images: half.letter().to_string(),
            count: self.set.len() as u64,
            layer: one.1.name.clone(),
            other_layer: other.1.name.clone(),
            value: Some(one.2.cka(other.2)).filter(|value| value.is_finite()),
        }
    }

    /// The Gram matrices of all layers of a network.
    fn grams(&self, node: &Node) -> Result<Vec<Gram>, ProtocolError> {
        let (half, normalisation) = self.halves.of_node(self.experiment, node)?;
        let mut def = net_of(self.experiment, node, half.classes)?;
        // Nothing learns here: no gradients, no history.
        def.freeze(def.most_n() + 1)?;
        let images = Images { set: self.set, normalisation: &normalisation };
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
