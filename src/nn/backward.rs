//! The backward pass of a net, decided once, when the net is built.

use super::{
    Layer, NnError,
    build::{Builder, Placed},
    graph::{Graph, Node},
    layers::{ParamRole, Place, Wants, softmax_cross_entropy::Loss},
};
use crate::{
    host::ImageDims,
    ops::{Op, Role, TensorId, add, program::Entry, sgd},
};

/// A gradient of a tensor that one of its readers has computed.
#[derive(Clone, Copy)]
struct Part {
    id: TensorId,
    /// Whether it is the gradient of this tensor alone: then it may be changed in place.
    own: bool,
}

/// What the backward pass has come to.
struct Pass<'a, 'b> {
    builder: &'a mut Builder<'b>,
    graph: &'a Graph<'a>,
    /// The gradients of each value, from the top reader down.
    parts: Vec<Vec<Part>>,
    tape: Vec<Entry>,
}

impl Builder<'_> {
    /// The backward pass, from the loss down to the lowest layers that learn.
    pub(super) fn backward_pass(
        &mut self,
        graph: &Graph<'_>,
        placed: &[Placed],
        loss: &Loss,
    ) -> Result<Vec<Entry>, NnError> {
        if !graph.values.last().is_some_and(|top| top.needs) {
            self.removed.push("no layer learns: a step is a forward pass".into());
            return Ok(Vec::new());
        }
        for layer in graph.nodes.iter().map(|node| node.layer).filter(|layer| layer.has_params() && !layer.learns()) {
            self.removed.push(format!("{}: weight and bias gradients, history, update", layer.name));
        }
        let mut pass = Pass { parts: vec![Vec::new(); graph.values.len()], tape: Vec::new(), builder: self, graph };
        pass.begin(loss);
        for (place, node) in graph.nodes.iter().enumerate().rev() {
            pass.layer(place, node, &placed[place])?;
        }
        Ok(pass.tape)
    }

    /// What becomes of the gradients of a layer's learned parameters; none where it does not learn.
    fn gradients_of(&self, layer: &Layer, placed: &Placed) -> Option<Vec<sgd::Gradient>> {
        let learned = self.params[placed.params.clone()].iter().filter(|param| param.role != ParamRole::Statistic);
        let of = |param: &super::Param| {
            let kept = param.g.map(sgd::Gradient::Kept);
            let applied = param.h.map(|h| sgd::Gradient::Applied { rule: self.rule(layer, param.role), w: param.w, h });
            kept.or(applied)
        };
        if layer.learns() { learned.map(of).collect() } else { None }
    }

    /// How a layer's parameter follows its gradient, which is `loss_scale` times what it should be. As that is a power
    /// of two, `(rate / scale) (scale g + (scale decay) w)` rounds as `rate (g + decay w)` does: the steps have the
    /// same bits as without it, as long as no gradient overflows or is too small for a normal number. In PyTorch's
    /// convention the history is scaled as well.
    fn rule(&self, layer: &Layer, role: ParamRole) -> sgd::Rule {
        let i = role.place();
        sgd::Rule {
            convention: self.options.convention,
            momentum: self.options.momentum,
            nesterov: self.options.nesterov,
            decay: self.options.weight_decay * layer.decay_mult[i] * self.options.loss_scale,
            lr_mult: layer.lr_mult[i] / self.options.loss_scale,
        }
    }

    /// The updates of all parameters whose gradients are kept.
    pub(super) fn updates(&self) -> Vec<Entry> {
        let update = |param: &super::Param| {
            let (g, h) = (param.g?, param.h?);
            let layer = self.def.layers.iter().find(|layer| layer.name == param.layer)?;
            let (len, rule) = (param.shape.iter().product(), self.rule(layer, param.role));
            Some(Entry { layer: param.layer.clone(), op: sgd::Update { len, rule, g, w: param.w, h }.into() })
        };
        self.params.iter().filter_map(update).collect()
    }
}

impl Pass<'_, '_> {
    fn begin(&mut self, loss: &Loss) {
        let top = self.graph.values.len() - 1;
        let dx = self.gradient(top, None);
        self.push("loss", loss.backward(&self.builder.options, dx));
        self.parts[top].push(Part { id: dx, own: true });
    }

    fn push(&mut self, layer: &str, op: impl Into<Op>) {
        self.tape.push(Entry { layer: layer.into(), op: op.into() });
    }

    /// A tensor for the gradient of a value, or for what one of its readers adds to it.
    fn gradient(&mut self, value: usize, reader: Option<&str>) -> TensorId {
        let value = &self.graph.values[value];
        // The input's name in the program.
        let of = if value.name == super::def::INPUT { "x" } else { value.name };
        let name = match reader {
            Some(reader) if value.readers.len() > 1 => format!("d({of}) by {reader}"),
            _ => format!("d({of})"),
        };
        self.builder.activation(&name, Role::ActivationGradient, value.dims)
    }

    fn dims(&self, value: usize) -> ImageDims {
        self.graph.values[value].dims
    }

    /// One layer's backward pass, where its output's gradient is needed.
    fn layer(&mut self, place: usize, node: &Node<'_>, placed: &Placed) -> Result<(), NnError> {
        let (layer, kind) = (node.layer, node.layer.kind.layer());
        if !self.graph.values[place + 1].needs {
            return Ok(());
        }
        let Some(dy) = self.sum(place + 1, &layer.name) else { return Ok(()) };
        if let Some(output) = self.builder.outputs.get_mut(&layer.name) {
            output.1 = Some(dy.id);
        }
        let wanted: Vec<bool> = node.inputs.iter().map(|&value| self.graph.values[value].needs).collect();
        let mut dx = Vec::new();
        for (&value, _) in node.inputs.iter().zip(&wanted).filter(|(_, wanted)| **wanted) {
            let part = match kind.place() {
                Place::Apart => Part { id: self.gradient(value, Some(&layer.name)), own: true },
                Place::InPlace if dy.own => dy,
                Place::InPlace => self.copied(value, dy, &layer.name),
                Place::Summed => Part { own: dy.own && wanted.iter().filter(|wanted| **wanted).count() == 1, ..dy },
            };
            dx.push((value, part));
        }
        let mut next = dx.iter().map(|(_, part)| part.id);
        let wants: Vec<Option<TensorId>> =
            wanted.iter().map(|&wanted| if wanted { next.next() } else { None }).collect();
        let gradients = self.builder.gradients_of(layer, placed);
        let wants = Wants { dy: dy.id, dx: &wants, params: gradients.as_deref() };
        let ops = kind.backward(&placed.io(), &wants);
        let ops = ops.map_err(|source| self.builder.of_layer(layer, &placed.x, source))?;
        ops.into_iter().for_each(|op| self.push(&layer.name, op));
        let below = self.graph.nodes[..place].iter().any(|node| node.layer.has_params());
        if dx.is_empty() && below {
            let text = format!("{}: input gradient, and everything backward below", layer.name);
            self.builder.removed.push(text);
        }
        dx.into_iter().for_each(|(value, part)| self.parts[value].push(part));
        Ok(())
    }

    /// A copy of a gradient that other tensors have, too.
    fn copied(&mut self, value: usize, from: Part, layer: &str) -> Part {
        let y = self.gradient(value, Some(layer));
        self.push(layer, add::Forward { dims: self.dims(value), a: from.id, b: None, y, relu: false });
        Part { id: y, own: true }
    }

    /// The gradient of a value: what its readers have left is added, the first that may be changed taking the others
    /// from the top down, so that the order depends on the net alone. None where nothing came.
    fn sum(&mut self, value: usize, layer: &str) -> Option<Part> {
        let mut parts = std::mem::take(&mut self.parts[value]);
        if parts.len() < 2 {
            return parts.pop();
        }
        let dims = self.dims(value);
        let into = match parts.iter().position(|part| part.own) {
            Some(own) => parts.remove(own).id,
            None => {
                let y = self.gradient(value, None);
                let (a, b) = (parts.remove(0).id, Some(parts.remove(0).id));
                self.push(layer, add::Forward { dims, a, b, y, relu: false });
                y
            }
        };
        for part in parts {
            self.push(layer, add::Backward { dims, dy: part.id, dx: into, rectified: None });
        }
        Some(Part { id: into, own: true })
    }
}
