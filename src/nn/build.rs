//! From a description to a program: shapes, freezing, tapes.

use super::{
    Kind, Layer, Net, NetDef, NnError, Param,
    net::{ABOVE, NEXT, TRAIN},
};
use crate::{
    host::{ImageDims, Precision},
    ops::{
        Element, Op, OpsError, Program, Role, TensorId, TensorShape, augment, conv2d, dense, dropout, lrn, max_pool,
        program::Entry, relu, sgd, softmax_cross_entropy, top_k,
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// What a net reads.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// The first activation, written from outside.
    Activation,
    /// Stored bytes, cropped, mirrored and normalised on the device.
    Images {
        /// Height and width of stored images.
        stored: [usize; 2],
        /// Pixels of 0 around them on each side, into which windows may reach.
        padding: usize,
    },
}

/// How a net is built.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions {
    /// Images in one step.
    pub batch: usize,
    /// The parts in which the batch is computed, one after the other; a divisor of it. The gradients of the parts are
    /// added before the update, so that a step is that of the whole batch.
    pub parts: usize,
    /// What the net reads.
    pub input: Input,
    /// The momentum.
    pub momentum: f64,
    /// Whether it is Nesterov's.
    pub nesterov: bool,
    /// The weight decay.
    pub weight_decay: f64,
    /// Where the learning rate enters.
    pub convention: sgd::Convention,
    /// The precision of matrix products.
    pub precision: Precision,
    /// What the loss is multiplied with on its way back, a power of two: all gradients are so much larger, and steps are
    /// what they were, because updates divide by it. 1 where small gradients need no lift.
    pub loss_scale: f64,
    /// Whether dropout masks are given from outside instead of drawn.
    pub given_masks: bool,
    /// Whether gradients are kept, to be read. Else those of weights update the weights where they are computed, and
    /// those of activations share storage.
    pub keep_gradients: bool,
}

impl BuildOptions {
    /// Whole batches of activations in `f32`, with the paper's momentum and decay, in Caffe's convention; masks are drawn,
    /// and no gradient is kept.
    pub const fn of(batch: usize) -> Self {
        Self {
            batch,
            parts: 1,
            input: Input::Activation,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.0005,
            convention: sgd::Convention::Caffe,
            precision: Precision::F32,
            loss_scale: 1.0,
            given_masks: false,
            keep_gradients: false,
        }
    }
}

/// A net while it is built.
pub(super) struct Builder<'a> {
    pub(super) def: &'a NetDef,
    pub(super) options: BuildOptions,
    pub(super) program: Program,
    forward: Vec<Entry>,
    pub(super) backward: Vec<Entry>,
    pub(super) update: Vec<Entry>,
    pub(super) params: Vec<Param>,
    pub(super) outputs: BTreeMap<String, (TensorId, Option<TensorId>)>,
    masks: BTreeMap<String, TensorId>,
    pub(super) drawn: BTreeMap<String, dropout::Mask>,
    pub(super) removed: Vec<String>,
}

/// One layer with the tensors around it.
pub(super) struct Placed<'a> {
    pub(super) layer: &'a Layer,
    pub(super) x: (TensorId, ImageDims),
    pub(super) y: (TensorId, ImageDims),
    pub(super) weights: Option<(TensorId, TensorId)>,
    pub(super) argmax: Option<TensorId>,
}

/// How many forward operations lie below the first layer that learns or draws random numbers, and the activation
/// that they end in. None where the lowest layer with weights learns, and where nothing learns.
fn frozen_prefix(placed: &[Placed<'_>], forward: &[Entry]) -> (usize, Option<TensorId>) {
    let changes = |p: &Placed<'_>| p.layer.learns() || matches!(p.layer.kind, Kind::Dropout { .. });
    let Some(first) = placed.iter().position(changes) else { return (0, None) };
    let any_learns = placed.iter().any(|p| p.layer.learns());
    if !any_learns || !placed[..first].iter().any(|p| p.layer.has_weights()) {
        return (0, None);
    }
    let below = forward.iter().take_while(|entry| entry.layer != placed[first].layer.name).count();
    (below, Some(placed[first].x.0))
}

/// The same tape, but that it adds to the gradients of parameters.
fn adding(tape: &[Entry]) -> Vec<Entry> {
    let mut tape = tape.to_vec();
    for entry in &mut tape {
        match &mut entry.op {
            Op::Conv2dBackwardWeight(call) => call.accumulate = true,
            Op::DenseBackwardWeight(call) => call.accumulate = true,
            _ => {}
        }
    }
    tape
}

impl Net {
    /// Builds a net: infers every shape, decides what needs a backward pass, and writes both tapes.
    ///
    /// A layer's parameters get gradients where it learns. An input gradient is computed only above
    /// the lowest layer that learns (Caffe's `net.cpp`): nothing runs backward below it.
    ///
    /// # Errors
    /// Shapes that do not fit, with the layer; a net that does not end in class scores.
    pub fn build(def: &NetDef, options: BuildOptions) -> Result<Net, NnError> {
        let mut builder = Builder {
            def,
            options,
            program: Program { precision: options.precision, ..Program::default() },
            forward: Vec::new(),
            backward: Vec::new(),
            update: Vec::new(),
            params: Vec::new(),
            outputs: BTreeMap::new(),
            masks: BTreeMap::new(),
            drawn: BTreeMap::new(),
            removed: Vec::new(),
        };
        builder.finish()
    }
}

impl<'a> Builder<'a> {
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

    fn finish(&mut self) -> Result<Net, NnError> {
        let def = self.def;
        for (i, layer) in def.layers.iter().enumerate() {
            if def.layers[..i].iter().any(|other| other.name == layer.name) {
                return Err(NnError::DuplicateLayer { net: def.name.clone(), layer: layer.name.clone() });
            }
        }
        let [c, h, w] = def.input;
        let n = self.images();
        let dims = ImageDims { n, c, h, w };
        let (x, images, input) = self.input(dims);
        let labels = self.per_image("labels", Role::Input, Element::Word, 1);

        let mut placed = Vec::new();
        let mut at = (x, dims);
        for layer in &def.layers {
            let input = [at.1.c, at.1.h, at.1.w];
            let next = self.place(layer, at).map_err(|source| {
                let (net, layer) = (def.name.clone(), layer.name.clone());
                NnError::Layer { net, layer, input, source }
            })?;
            at = next.y;
            self.outputs.insert(layer.name.clone(), (at.0, None));
            placed.push(next);
        }
        let last = def.layers.last();
        if !matches!(last, Some(Layer { kind: Kind::Dense { .. }, .. })) {
            let last = last.map_or("missing".into(), |layer| layer.name.clone());
            return Err(NnError::NoLogits { net: def.name.clone(), last });
        }
        let (logits, classes) = (at.0, at.1.c);
        let loss = self.per_image("loss", Role::Activation, Element::Real, 1);
        let prob = self.activation("prob", Role::Activation, at.1);
        let rank = self.per_image("rank", Role::Activation, Element::Word, 1);
        let mut entries = std::mem::take(&mut self.forward);
        let softmax = softmax_cross_entropy::Forward { n, classes, logits, labels, loss, prob };
        entries.push(Entry { layer: "loss".into(), op: softmax.into() });

        self.backward_pass(&placed, (prob, labels, classes));

        let of_dropout = |entry: &Entry| entry.op.stem() == "dropout";
        let mut eval: Vec<Entry> = input.iter().chain(&entries).filter(|e| !of_dropout(e)).cloned().collect();
        let top_k = top_k::Forward { n, classes, logits, labels, rank };
        eval.push(Entry { layer: "top_k".into(), op: top_k.into() });
        let (below, boundary) = frozen_prefix(&placed, &entries);
        let inputs = input.len();
        let mut train = input;
        train.extend(entries);
        train.append(&mut self.backward);
        if self.options.parts == 1 {
            train.append(&mut self.update);
        }
        let (watched, flags, watch) = self.watch(loss);
        let mut tapes = vec![train, eval, watch];
        if boundary.is_some() {
            let (prefix, above) = tapes[0].split_at(inputs + below);
            let parts = [prefix.to_vec(), above.to_vec()];
            tapes.extend(parts);
        }
        if self.options.parts > 1 {
            tapes.resize(NEXT, Vec::new());
            let next = [TRAIN, ABOVE].map(|tape| adding(&tapes[tape]));
            tapes.extend(next);
            tapes.push(std::mem::take(&mut self.update));
        }
        self.program.tapes = tapes;

        Ok(Net {
            def: def.clone(),
            batch: n,
            program: Arc::new(std::mem::take(&mut self.program)),
            images,
            x,
            labels,
            logits,
            loss,
            rank,
            params: std::mem::take(&mut self.params),
            outputs: std::mem::take(&mut self.outputs),
            masks: std::mem::take(&mut self.masks),
            boundary,
            watched,
            flags,
            removed: std::mem::take(&mut self.removed),
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

    fn push(&mut self, layer: &Layer, op: impl Into<Op>) {
        self.forward.push(Entry { layer: layer.name.clone(), op: op.into() });
    }

    /// The rectifier is a part of the product whose output it takes, and an operation of its own elsewhere.
    fn rectify(&mut self, layer: &Layer, (y, dims): (TensorId, ImageDims)) {
        match self.forward.last_mut().map(|entry| &mut entry.op) {
            Some(Op::Conv2dForward(conv2d::Forward { y: of, relu, .. })) if *of == y => *relu = true,
            Some(Op::DenseForward(dense::Forward { y: of, relu, .. })) if *of == y => *relu = true,
            _ => self.push(layer, relu::Forward { dims, y }),
        }
    }

    /// Adds a layer's tensors and its forward operation.
    fn place(&mut self, layer: &'a Layer, x: (TensorId, ImageDims)) -> Result<Placed<'a>, OpsError> {
        let (x_id, xd) = x;
        let mut placed = Placed { layer, x, y: x, weights: None, argmax: None };
        match &layer.kind {
            Kind::Conv2d(conv) => {
                let dims = conv.dims(xd)?;
                let kernel = [dims.k, dims.cg(), dims.r(), dims.s()];
                let weights = self.parameters(layer, kernel, dims.groups, kernel.to_vec());
                placed.y = (self.activation(&layer.name, Role::Activation, dims.y()), dims.y());
                placed.weights = Some(weights);
                let (w, b) = weights;
                self.push(layer, conv2d::Forward { dims, x: x_id, w, b: Some(b), y: placed.y.0, relu: false });
            }
            Kind::Dense { out_features } => {
                if *out_features == 0 {
                    let (expected, got) = ("at least 1", "0".into());
                    return Err(OpsError::Parameter { op: "dense", parameter: "out_features", expected, got });
                }
                let dims = dense::DenseDims { x: xd, k: *out_features };
                let kernel = [dims.k, xd.c, xd.h, xd.w];
                let weights = self.parameters(layer, kernel, 1, vec![dims.k, xd.features()]);
                placed.y = (self.activation(&layer.name, Role::Activation, dims.y()), dims.y());
                placed.weights = Some(weights);
                let (w, b) = weights;
                self.push(layer, dense::Forward { dims, x: x_id, w, b: Some(b), y: placed.y.0, relu: false });
            }
            Kind::Relu => self.rectify(layer, x),
            Kind::MaxPool(pool) => {
                let dims = pool.dims(xd)?;
                placed.y = (self.activation(&layer.name, Role::Activation, dims.y()), dims.y());
                let shape = TensorShape::Activation(dims.y());
                let name = format!("{}.argmax", layer.name);
                let argmax = self.program.tensor(name, Role::Activation, Element::Word, shape);
                placed.argmax = Some(argmax);
                self.push(layer, max_pool::Forward { dims, x: x_id, y: placed.y.0, argmax });
            }
            Kind::Lrn(norm) => {
                let dims = norm.dims(xd)?;
                placed.y = (self.activation(&layer.name, Role::Activation, xd), xd);
                self.push(layer, lrn::Forward { dims, x: x_id, y: placed.y.0 });
            }
            Kind::Dropout { ratio } => {
                if !(0.0..1.0).contains(ratio) {
                    let (expected, got) = ("at least 0 and below 1", ratio.to_string());
                    return Err(OpsError::Parameter { op: "dropout", parameter: "ratio", expected, got });
                }
                let mask = self.mask(layer, xd);
                self.drawn.insert(layer.name.clone(), mask);
                self.push(layer, dropout::Apply { dims: xd, ratio: *ratio, mask, x: x_id });
            }
        }
        Ok(placed)
    }

    fn mask(&mut self, layer: &Layer, dims: ImageDims) -> dropout::Mask {
        if !self.options.given_masks {
            // The number counts dropout layers, so that it does not change when other layers come or go.
            return dropout::Mask::Drawn { layer: self.drawn.len() as u32 };
        }
        let name = format!("{}.mask", layer.name);
        let mask = self.program.tensor(name, Role::Input, Element::Word, TensorShape::Activation(dims));
        self.masks.insert(layer.name.clone(), mask);
        dropout::Mask::Given(mask)
    }

    fn parameters(
        &mut self,
        layer: &Layer,
        dims: [usize; 4],
        groups: usize,
        outer: Vec<usize>,
    ) -> (TensorId, TensorId) {
        let shapes = [
            ("weight", TensorShape::Kernel { dims, groups }, outer),
            ("bias", TensorShape::Channels(dims[0]), vec![dims[0]]),
        ];
        let mut ids = [TensorId(0); 2];
        for (i, (suffix, shape, outer)) in shapes.into_iter().enumerate() {
            let name = format!("{}.{suffix}", layer.name);
            let w = self.program.tensor(&name, Role::Parameter, Element::Real, shape);
            let program = &mut self.program;
            let learns = layer.learns() && layer.lr_mult[i] != 0.0;
            // Both gradients come from one operation, even where only one of the two parameters learns.
            // The gradients of parts wait for one another.
            let keep = self.options.keep_gradients || self.options.parts > 1;
            let kept = layer.learns() && (keep || i == 1 || !learns);
            let g = kept.then(|| program.tensor(format!("d({name})"), Role::ParameterGradient, Element::Real, shape));
            let h = learns.then(|| program.tensor(format!("h({name})"), Role::History, Element::Real, shape));
            ids[i] = w;
            self.params.push(Param { name, layer: layer.name.clone(), shape: outer, w, g, h, is_bias: i == 1 });
        }
        (ids[0], ids[1])
    }
}
