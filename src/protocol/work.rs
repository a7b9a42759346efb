//! How much a network computes, counted in multiply-adds from its tapes before anything runs.

use super::{
    Arm, Experiment, Node, ProtocolError, half_sizes::HalfSizes, network_def::net_of, pretrained, sizes::Size,
};
use crate::{
    nn::{Input, Net, NetDef, Tape},
    train::{Solver, prefix},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Multiply-adds of one network's training and evaluations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// As if every layer learned and every step computed all of them.
    pub whole: u64,
    /// Without the backward passes that freezing removes.
    pub pruned: u64,
    /// And with a frozen prefix computed once an input, where that is done: what is computed.
    pub computed: u64,
    /// The part of `computed` that is the prefix' own pass over its inputs.
    pub prefix: u64,
    /// Multiply-adds of the backward pass of one step, if every layer learned and as it is.
    pub backward: [u64; 2],
    /// The tensor that the prefix ends in, where it is computed once.
    pub boundary: Option<String>,
}

impl Work {
    /// The share of a step's backward multiply-adds that freezing removes.
    pub fn backward_saved(&self) -> f64 {
        let [whole, left] = self.backward;
        if whole == 0 { 0.0 } else { 1.0 - left as f64 / whole as f64 }
    }
}

/// The work of a network.
///
/// # Errors
/// A split that is not there; a net that cannot be built.
pub fn of(experiment: &Experiment, node: &Node, halves: &HalfSizes) -> Result<Work, ProtocolError> {
    if pretrained::is_file(node) {
        return Ok(Work::default());
    }
    of_size(experiment, node, &halves.size_of(experiment, node)?)
}

/// The work of many networks: those that differ in their images alone are counted once.
#[derive(Debug)]
pub struct Works<'a> {
    experiment: &'a Experiment,
    images: Images<'a>,
    counted: HashMap<Key, Arc<Work>>,
}

/// How many images networks have.
#[derive(Debug)]
enum Images<'a> {
    /// Those of the data.
    Of(&'a HalfSizes),
    /// All the same, whatever the data are.
    Given(&'a Size),
}

/// What a network's work depends on within an experiment: arm and n, its classes, and the numbers of its images to
/// train, to be evaluated and to be held out.
type Key = (&'static str, Option<usize>, [usize; 4]);

impl<'a> Works<'a> {
    /// The work of an experiment's networks.
    pub fn new(experiment: &'a Experiment, halves: &'a HalfSizes) -> Self {
        Self { experiment, images: Images::Of(halves), counted: HashMap::new() }
    }

    /// The work of an experiment's networks on halves of one size: no image is looked at.
    pub fn of_size(experiment: &'a Experiment, size: &'a Size) -> Self {
        Self { experiment, images: Images::Given(size), counted: HashMap::new() }
    }

    /// The work of a network.
    ///
    /// # Errors
    /// As [`of`].
    pub fn of(&mut self, node: &Node) -> Result<Arc<Work>, ProtocolError> {
        if pretrained::is_file(node) {
            return Ok(Arc::default());
        }
        let size = match self.images {
            Images::Of(halves) => halves.size_of(self.experiment, node)?,
            Images::Given(size) => size.clone(),
        };
        let key = (node.arm.name(), node.n, [size.classes(), size.train(), size.evaluate, size.held_out]);
        if let Some(work) = self.counted.get(&key) {
            return Ok(Arc::clone(work));
        }
        let work = Arc::new(of_size(self.experiment, node, &size)?);
        self.counted.insert(key, Arc::clone(&work));
        Ok(work)
    }
}

/// The work of a network on images of these numbers, wherever they are.
///
/// # Errors
/// A net that cannot be built.
fn of_size(experiment: &Experiment, node: &Node, size: &Size) -> Result<Work, ProtocolError> {
    let solver = &experiment.solver_of(node.arm);
    let steps = solver.schedule.max_iter;
    let def = net_of(experiment, node, size.classes())?;
    let net = build(experiment, &def)?;
    let learning = {
        let mut def = def;
        def.layers.iter_mut().for_each(|layer| layer.trainable = true);
        build(experiment, &def)?
    };
    // As many as fit at whole steps of one distance, the last one after the last step.
    let evaluations = steps.div_ceil(steps.div_ceil(experiment.protocol.evaluations));
    let batches = |images: usize| images.div_ceil(solver.batch_size) as u64;
    let held_out = match held_out_evaluations(experiment, node) {
        0 => 0,
        times => batches(size.held_out) * steps.div_ceil(steps.div_ceil(times)),
    };
    let evaluation = net.program.macs(Tape::Evaluate) * (evaluations * batches(size.evaluate) + held_out);
    let forward = net.program.macs(Tape::Evaluate);
    let backward = [&learning, &net].map(|net| net.program.macs(Tape::Train).saturating_sub(forward));
    let whole = learning.program.macs(Tape::Train) * steps + evaluation;
    let pruned = net.program.macs(Tape::Train) * steps + evaluation;
    let reading = experiment.data.reading();
    if !prefix::pays(&net, size.train(), &reading, solver) {
        return Ok(Work { whole, pruned, computed: pruned, prefix: 0, backward, boundary: None });
    }
    let prefix = net.program.macs(Tape::Prefix) * batches(size.train() * reading.inputs().unwrap_or(1));
    let computed = prefix + net.program.macs(Tape::Above) * steps + evaluation;
    let boundary = net.boundary.map(|id| net.program.tensors[id.0].name.clone());
    Ok(Work { whole, pruned, computed, prefix, backward, boundary })
}

/// How often a network is evaluated on held-out images: what is compared with the plateau of its schedule is.
pub fn held_out_evaluations(experiment: &Experiment, node: &Node) -> u64 {
    if node.arm.has_n() { 0 } else { experiment.protocol.held_out_evaluations }
}

/// What networks save that share the forward pass of a frozen prefix: all but the first of each group.
pub fn shared<'a>(experiment: &Experiment, networks: impl Iterator<Item = (&'a Node, &'a Work)>) -> u64 {
    let mut groups = HashSet::new();
    let mut saved = 0;
    for (node, work) in networks {
        if let (Some(key), Some(boundary)) = (sharing_key(experiment, node), &work.boundary)
            && !groups.insert((key, boundary))
        {
            saved += work.prefix;
        }
    }
    saved
}

/// What networks have in common whose frozen prefixes make the same of the same images, up to where they end; none
/// where no other network of the experiment can have it. Views are drawn for each n.
pub fn sharing_key(experiment: &Experiment, node: &Node) -> Option<String> {
    let shares = |arm: Arm| arm.freezes() && !arm.is_random() && arm.source(node.target) == node.source;
    let others = experiment.protocol.arms.iter().filter(|&&arm| shares(arm)).count();
    if !shares(node.arm) || others < 2 {
        return None;
    }
    let views = node.n.filter(|_| experiment.data.reading().inputs() != Some(1));
    Some(format!("{:?} {:?} {:?} {:?} {:?}", node.split, node.parents, node.target, node.train_size, views))
}

fn build(experiment: &Experiment, def: &NetDef) -> Result<Net, ProtocolError> {
    // The work is that of whole batches, however they are computed.
    let solver = Solver { batch_parts: 1, ..experiment.solver.clone() };
    Ok(Net::build(def, solver.building(Input::Activation))?)
}
