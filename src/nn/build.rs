//! From a description to a program: tensors, the forward pass, and the tapes.

use super::{
    BuildOptions, Depends, Input, Layer, Net, NetDef, NnError, Param, Tape,
    fuse::fuse,
    graph::{Graph, Node},
    layers::{Io, KeptSpec, Mode, ParamRole, ParamSpec, Place, softmax_cross_entropy::Loss},
};
use crate::{
    host::ImageDims,
    ops::{
        Element, Op, OpsError, Program, Role, TensorId, TensorShape, add, augment,
        program::{Entry, TapeName},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A net while it is built.
pub(super) struct Builder<'a> {
    pub(super) def: &'a NetDef,
    pub(super) options: BuildOptions,
    pub(super) program: Program,
    pub(super) params: Vec<Param>,
    pub(super) outputs: BTreeMap<String, (TensorId, Option<TensorId>)>,
    pub(super) removed: Vec<String>,
}

/// One layer with its tensors.
pub(super) struct Placed {
    /// What it reads and writes; the output is the input itself where it works in place.
    pub(super) x: Vec<(TensorId, ImageDims)>,
    pub(super) y: (TensorId, ImageDims),
    /// The places of its parameters among those of the net.
    pub(super) params: std::ops::Range<usize>,
    weights: Vec<TensorId>,
    kept: Vec<TensorId>,
    drawing: u32,
}

impl Placed {
    pub(super) fn io(&self) -> Io<'_> {
        Io { x: &self.x, y: self.y, params: &self.weights, kept: &self.kept, drawing: self.drawing }
    }
}

impl Net {
    /// Builds a net: infers every shape, decides what needs a backward pass, and writes all tapes.
    ///
    /// A layer's parameters get gradients where it learns. The gradient of a tensor is computed only where something
    /// below it learns (Caffe's `net.cpp`), and where several layers read it their gradients are added, from the top
    /// down.
    ///
    /// # Errors
    /// Shapes that do not fit, with the layer; a net that does not end in class scores.
    pub fn build(def: &NetDef, options: BuildOptions) -> Result<Net, NnError> {
        let builder = Builder {
            def,
            options,
            program: Program { precision: options.precision, ..Program::default() },
            params: Vec::new(),
            outputs: BTreeMap::new(),
            removed: Vec::new(),
        };
        builder.finish()
    }
}

impl Builder<'_> {
    pub(super) fn activation(&mut self, name: &str, role: Role, dims: ImageDims) -> TensorId {
        let id = self.program.tensor(name, role, Element::Real, TensorShape::Activation(dims));
        self.program.tensors[id.0].passing = role == Role::ActivationGradient && !self.options.keep_gradients;
        id
    }

    /// Images that the tapes compute at once.
    pub(super) fn images(&self) -> usize {
        self.options.batch / self.options.parts.max(1)
    }

    fn per_image(&mut self, name: &str, role: Role, element: Element, width: usize) -> TensorId {
        self.program.tensor(name, role, element, TensorShape::Rows { rows: self.images(), width })
    }

    /// The context of a layer's errors.
    pub(super) fn of_layer(&self, layer: &Layer, inputs: &[(TensorId, ImageDims)], source: OpsError) -> NnError {
        let named =
            |(id, d): &(TensorId, ImageDims)| format!("{} {:?}", self.program.tensors[id.0].name, [d.c, d.h, d.w]);
        let inputs = inputs.iter().map(named).collect::<Vec<_>>().join(" and ");
        NnError::Layer { net: self.def.name.clone(), layer: layer.name.clone(), inputs, source }
    }

    fn finish(mut self) -> Result<Net, NnError> {
        let def = self.def;
        let n = self.images();
        let graph = Graph::of(def, n)?;
        let (x, images, input) = self.input(graph.values[0].dims);
        let labels = self.per_image("labels", Role::Input, Element::Word, 1);

        let (mut placed, mut train, mut eval) = (Vec::<Placed>::new(), Vec::new(), Vec::new());
        let mut tensors = vec![x];
        let mut drawing = 0;
        for (place, node) in graph.nodes.iter().enumerate() {
            let layer = self.place(&graph, node, place, &tensors, drawing)?;
            drawing += u32::from(node.layer.kind.layer().depends_on(Mode::Training) == Depends::Random);
            tensors.push(layer.y.0);
            self.forward(&graph, node, &layer, [&mut train, &mut eval])?;
            self.outputs.insert(node.layer.name.clone(), (layer.y.0, None));
            placed.push(layer);
        }
        let (logits, dims) = placed.last().map_or((x, graph.values[0].dims), |top| top.y);
        let loss = Loss {
            dims,
            logits,
            labels,
            loss: self.per_image("loss", Role::Activation, Element::Real, 1),
            prob: self.activation("prob", Role::Activation, dims),
            rank: self.per_image("rank", Role::Activation, Element::Word, 1),
        };
        for tape in [&mut train, &mut eval] {
            tape.push(Entry { layer: "loss".into(), op: loss.forward() });
        }
        eval.push(Entry { layer: "top_k".into(), op: loss.ranks() });
        let (mut backward, update) = (self.backward_pass(&graph, &placed, &loss)?, self.updates());
        let mut passed = BTreeSet::new();
        if self.options.fuse {
            // An evaluation writes the output of every layer, which may be read from outside.
            if !self.options.keep_gradients {
                passed = read_once(&graph, &tensors);
            }
            (train, eval, backward) =
                (fuse(train, &passed), fuse(eval, &BTreeSet::new()), fuse(backward, &BTreeSet::new()));
            passed.retain(|tensor| !train.iter().any(|entry| entry.op.writes().contains(tensor)));
        }
        let eval = [input.clone(), eval].concat();

        let (below, boundary) = frozen_prefix(&graph, &tensors, &train);
        let (watched, flags, watch) = self.watch(loss.loss, &passed);
        let mut tapes = vec![Vec::new(); Tape::COUNT];
        let mut put = |tape: Tape, entries: Vec<Entry>| tapes[tape.number()] = entries;
        let after = if self.options.parts == 1 { update.clone() } else { Vec::new() };
        let step = [input.clone(), train, backward, after].concat();
        let (prefix, above) = step.split_at(input.len() + below);
        if self.options.parts > 1 {
            put(Tape::TrainNext, self.adding(&step)?);
            put(Tape::Update, update);
        }
        if boundary.is_some() {
            put(Tape::Prefix, prefix.to_vec());
            put(Tape::Above, above.to_vec());
            if self.options.parts > 1 {
                put(Tape::AboveNext, self.adding(above)?);
            }
        }
        put(Tape::Evaluate, eval);
        put(Tape::Watch, watch);
        put(Tape::Train, step);
        self.program.tapes = tapes;

        Ok(Net {
            def: def.clone(),
            batch: n,
            program: Arc::new(self.program),
            images,
            x,
            labels,
            logits,
            loss: loss.loss,
            rank: loss.rank,
            params: self.params,
            outputs: self.outputs,
            boundary,
            watched,
            flags,
            removed: self.removed,
        })
    }

    fn input(&mut self, dims: ImageDims) -> (TensorId, Option<[TensorId; 4]>, Vec<Entry>) {
        let Input::Images { stored: [h, w], padding } = self.options.input else {
            return (self.activation("x", Role::Input, dims), None, Vec::new());
        };
        let stored = ImageDims { n: dims.n, c: dims.c, h, w };
        let images = self.per_image("images", Role::Input, Element::Byte, stored.features());
        let crops = self.per_image("crops", Role::Input, Element::Word, 3);
        let padded = ImageDims { n: 1, h: h + 2 * padding, w: w + 2 * padding, ..stored };
        let row = |width| TensorShape::Rows { rows: 1, width };
        let mean = self.program.tensor("mean", Role::Input, Element::Real, row(padded.features()));
        let scale = self.program.tensor("scale", Role::Input, Element::Real, row(dims.c));
        let x = self.activation("x", Role::Activation, dims);
        let crop = [dims.h, dims.w];
        let op = augment::Forward { stored, padding, crop, images, crops, mean, scale, x };
        (x, Some([images, crops, mean, scale]), vec![Entry { layer: "input".into(), op: op.into() }])
    }

    /// Gives a layer its tensors.
    fn place(
        &mut self,
        graph: &Graph<'_>,
        node: &Node<'_>,
        place: usize,
        tensors: &[TensorId],
        drawing: u32,
    ) -> Result<Placed, NnError> {
        let (layer, kind) = (node.layer, node.layer.kind.layer());
        let x: Vec<(TensorId, ImageDims)> =
            node.inputs.iter().map(|&value| (tensors[value], graph.values[value].dims)).collect();
        let dims: Vec<ImageDims> = x.iter().map(|(_, dims)| *dims).collect();
        let specs = kind.params(&dims).map_err(|source| self.of_layer(layer, &x, source))?;
        let kept = kind.keeps(&dims).map_err(|source| self.of_layer(layer, &x, source))?;
        let first = self.params.len();
        let weights = specs.iter().map(|spec| self.parameter(layer, spec)).collect();
        let y = match graph.in_place(node) {
            true => x[0].0,
            false => self.activation(&layer.name, Role::Activation, graph.values[place + 1].dims),
        };
        let own = |KeptSpec { suffix, element, shape }| {
            self.program.tensor(format!("{}.{suffix}", layer.name), Role::Activation, element, shape)
        };
        let kept = kept.into_iter().map(own).collect();
        let y = (y, graph.values[place + 1].dims);
        Ok(Placed { x, y, params: first..self.params.len(), weights, kept, drawing })
    }

    /// Adds a layer's forward pass to the tapes of training and of evaluation.
    fn forward(
        &self,
        graph: &Graph<'_>,
        node: &Node<'_>,
        placed: &Placed,
        tapes: [&mut Vec<Entry>; 2],
    ) -> Result<(), NnError> {
        let (layer, kind) = (node.layer, node.layer.kind.layer());
        for (tape, mode) in tapes.into_iter().zip([node.mode, Mode::Evaluation]) {
            let mut push = |op: Op| tape.push(Entry { layer: layer.name.clone(), op });
            if kind.place() == Place::InPlace && !graph.in_place(node) {
                let (y, dims) = placed.y;
                push(add::Forward { dims, a: placed.x[0].0, b: None, y, relu: false }.into());
            }
            let ops = kind.forward(&placed.io(), mode).map_err(|e| self.of_layer(layer, &placed.x, e))?;
            ops.into_iter().for_each(push);
        }
        Ok(())
    }

    /// A parameter with its gradient and history, where it has them.
    fn parameter(&mut self, layer: &Layer, spec: &ParamSpec) -> TensorId {
        let name = format!("{}.{}", layer.name, spec.suffix);
        let program = &mut self.program;
        let w = program.tensor(&name, Role::Parameter, Element::Real, spec.shape);
        let has_gradient = layer.learns() && spec.role != ParamRole::Statistic;
        let learns = has_gradient && layer.lr_mult[spec.role.place()] != 0.0;
        // The gradients of a layer's parameters come from one operation, even where only one of them learns.
        // The gradients of parts wait for one another.
        let keep = self.options.keep_gradients || self.options.parts > 1;
        let kept = has_gradient && (keep || !spec.applies || !learns);
        let mut tensor = |name: String, role| program.tensor(name, role, Element::Real, spec.shape);
        let g = kept.then(|| tensor(format!("d({name})"), Role::ParameterGradient));
        let h = learns.then(|| tensor(format!("h({name})"), Role::History));
        let (layer, shape) = (layer.name.clone(), spec.outer.clone());
        self.params.push(Param { name, layer, shape, w, g, h, role: spec.role, starts_at: spec.starts_at });
        w
    }

    /// The same tape, but that it adds to the gradients of parameters.
    fn adding(&self, tape: &[Entry]) -> Result<Vec<Entry>, NnError> {
        let of_parameter = |id: &TensorId| self.program.tensors[id.0].role == Role::ParameterGradient;
        let mut tape = tape.to_vec();
        for entry in tape.iter_mut().filter(|entry| entry.op.writes().iter().any(of_parameter)) {
            if !entry.op.accumulate() {
                let (net, layer, operation) = (self.def.name.clone(), entry.layer.clone(), entry.op.stem());
                return Err(NnError::Parts { net, layer, operation });
            }
        }
        Ok(tape)
    }
}

/// The tensors that one layer reads, each once: it may do with something else.
fn read_once(graph: &Graph<'_>, tensors: &[TensorId]) -> BTreeSet<TensorId> {
    let pairs = || graph.values.iter().zip(tensors);
    // Layers in place share a tensor, and each of them must have one reader.
    let often: BTreeSet<TensorId> =
        pairs().filter(|(value, _)| value.readers.len() != 1).map(|(_, &tensor)| tensor).collect();
    pairs().map(|(_, &tensor)| tensor).filter(|tensor| !often.contains(tensor)).collect()
}

/// How many forward operations lie below the first layer that learns or whose output depends on more than the image,
/// and the one activation that the layers above read of them. Where they read several, the prefix ends lower, where
/// they read one. None where no layer with parameters is below, and where nothing learns.
fn frozen_prefix(graph: &Graph<'_>, tensors: &[TensorId], forward: &[Entry]) -> (usize, Option<TensorId>) {
    let changes =
        |node: &Node<'_>| node.layer.learns() || node.layer.kind.layer().depends_on(node.mode) != Depends::Image;
    let any_learns = graph.nodes.iter().any(|node| node.layer.learns());
    let Some(first) = graph.nodes.iter().position(changes).filter(|_| any_learns) else { return (0, None) };
    let places: BTreeMap<&str, usize> =
        graph.nodes.iter().enumerate().map(|(place, node)| (node.layer.name.as_str(), place)).collect();
    for cut in (1..=first).rev().take_while(|&cut| graph.nodes[..cut].iter().any(|node| node.layer.has_params())) {
        let across = (0..=cut).filter(|&value| graph.values[value].readers.iter().any(|&reader| reader >= cut));
        let mut across: Vec<TensorId> = across.map(|value| tensors[value]).collect();
        across.sort_unstable();
        across.dedup();
        if let [boundary] = across[..] {
            let below = |entry: &&Entry| places.get(entry.layer.as_str()).is_some_and(|&place| place < cut);
            return (forward.iter().take_while(below).count(), Some(boundary));
        }
    }
    (0, None)
}
