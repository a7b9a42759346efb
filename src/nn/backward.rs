//! The backward pass and the updates of a net: decided once, when the net is built.

use super::{
    Kind, Layer,
    build::{Builder, Placed},
};
use crate::ops::{
    Op, Role, TensorId, conv2d, dense, dropout, lrn, max_pool, program::Entry, relu, sgd, softmax_cross_entropy,
};
use std::collections::BTreeMap;

impl Builder<'_> {
    /// Writes the backward pass and the updates, from the loss down to the lowest layer that learns.
    pub(super) fn backward_pass(
        &mut self,
        placed: &[Placed<'_>],
        (prob, labels, classes): (TensorId, TensorId, usize),
    ) {
        let Some(lowest) = placed.iter().position(|p| p.layer.learns()) else {
            self.removed.push("no layer learns: a step is a forward pass".into());
            return;
        };
        for p in placed.iter().filter(|p| p.layer.has_weights() && !p.layer.learns()) {
            self.removed.push(format!("{}: weight and bias gradients, history, update", p.layer.name));
        }
        let n = self.images();
        let mut gradients: BTreeMap<TensorId, TensorId> = BTreeMap::new();
        if let Some(top) = placed.last() {
            let dx = self.activation(&format!("d({})", top.layer.name), Role::ActivationGradient, top.y.1);
            gradients.insert(top.y.0, dx);
            let weight = self.options.loss_scale / self.options.batch as f64;
            let op = softmax_cross_entropy::Backward { n, classes, weight, prob, labels, dx };
            self.backward.push(Entry { layer: "loss".into(), op: op.into() });
        }
        for (i, p) in placed.iter().enumerate().rev() {
            let Some(&dy) = gradients.get(&p.y.0) else { continue };
            self.outputs.entry(p.layer.name.clone()).and_modify(|o| o.1 = Some(dy));
            if i < lowest {
                break;
            }
            let in_place = p.x.0 == p.y.0;
            let dx = (i > lowest).then(|| {
                if in_place {
                    return dy;
                }
                let below = i.checked_sub(1).map_or("x", |b| &placed[b].layer.name);
                let dx = self.activation(&format!("d({below})"), Role::ActivationGradient, p.x.1);
                gradients.insert(p.x.0, dx);
                dx
            });
            self.backward_of(p, dy, dx);
            if dx.is_none() {
                let below = placed[..i].iter().filter(|b| b.layer.has_weights()).count();
                if below > 0 {
                    self.removed.push(format!("{}: input gradient, and everything backward below", p.layer.name));
                }
                break;
            }
        }
        self.updates(placed);
    }

    fn backward_of(&mut self, p: &Placed<'_>, dy: TensorId, dx: Option<TensorId>) {
        let gradients = self.gradients_of(p.layer);
        let mut ops: Vec<Op> = Vec::new();
        match (&p.layer.kind, p.weights) {
            (Kind::Conv2d(conv), Some((w, _))) => {
                // The forward pass has already been placed with these dimensions.
                let Ok(dims) = conv.dims(p.x.1) else { return };
                // The input's gradient comes from the weights before they are updated.
                ops.extend(dx.map(|dx| conv2d::BackwardInput { dims, w, dy, dx, rectified: None }.into()));
                ops.extend(
                    gradients.map(|(dw, db)| {
                        conv2d::BackwardWeight { dims, x: p.x.0, dy, dw, db, accumulate: false }.into()
                    }),
                );
            }
            (Kind::Dense { out_features }, Some((w, _))) => {
                let dims = dense::DenseDims { x: p.x.1, k: *out_features };
                ops.extend(dx.map(|dx| dense::BackwardInput { dims, w, dy, dx, rectified: None }.into()));
                ops.extend(
                    gradients
                        .map(|(dw, db)| dense::BackwardWeight { dims, x: p.x.0, dy, dw, db, accumulate: false }.into()),
                );
            }
            (Kind::Relu, _) if self.rectify_gradient(p.y.0, dy) => {}
            (Kind::Relu, _) => ops.push(relu::Backward { dims: p.x.1, y: p.y.0, dy }.into()),
            (Kind::MaxPool(pool), _) => {
                let (Ok(dims), Some(argmax), Some(dx)) = (pool.dims(p.x.1), p.argmax, dx) else { return };
                ops.push(max_pool::Backward { dims, argmax, dy, dx, rectified: None }.into());
            }
            (Kind::Lrn(norm), _) => {
                let (Ok(dims), Some(dx)) = (norm.dims(p.x.1), dx) else { return };
                ops.push(lrn::Backward { dims, x: p.x.0, dy, dx, rectified: false }.into());
            }
            (Kind::Dropout { ratio }, _) => {
                let mask = self.drawn.get(&p.layer.name).copied();
                ops.extend(mask.map(|mask| dropout::Apply { dims: p.x.1, ratio: *ratio, mask, x: dy }.into()));
            }
            (Kind::Conv2d(_) | Kind::Dense { .. }, None) => {}
        }
        self.backward.extend(ops.into_iter().map(|op| Entry { layer: p.layer.name.clone(), op }));
    }

    /// What becomes of the gradient of a layer's weights, and the tensor of its bias'; none where it does not learn.
    fn gradients_of(&self, layer: &Layer) -> Option<(sgd::Gradient, TensorId)> {
        let of = |is_bias| self.params.iter().find(move |p| p.layer == layer.name && p.is_bias == is_bias);
        let (weight, bias) = (of(false)?, of(true)?);
        let kept = weight.g.map(sgd::Gradient::Kept);
        let applied = weight.h.map(|h| sgd::Gradient::Applied { rule: self.rule(layer, 0), w: weight.w, h });
        Some((kept.or(applied)?, bias.g?))
    }

    /// How a layer's weights (0) or bias (1) follow their gradient, which is `loss_scale` times what it should be. As that
    /// is a power of two, `(rate / scale) (scale g + (scale decay) w)` rounds as `rate (g + decay w)` does: the steps have
    /// the same bits as without it, as long as no gradient overflows or is too small for a normal number. In PyTorch's
    /// convention the history is scaled as well.
    fn rule(&self, layer: &Layer, i: usize) -> sgd::Rule {
        sgd::Rule {
            convention: self.options.convention,
            momentum: self.options.momentum,
            nesterov: self.options.nesterov,
            decay: self.options.weight_decay * layer.decay_mult[i] * self.options.loss_scale,
            lr_mult: layer.lr_mult[i] / self.options.loss_scale,
        }
    }

    /// Lets the operation that has written a gradient pass it through the rectifier whose output is y. Dropout in
    /// place between the two does not matter: what it has left positive was positive. Nor do gradients of weights,
    /// which are behind it. False where no operation can.
    fn rectify_gradient(&mut self, y: TensorId, of: TensorId) -> bool {
        let mut above = self.backward.iter_mut().rev().map(|entry| &mut entry.op);
        let others =
            |op: &&mut Op| matches!(op, Op::Dropout(_) | Op::Conv2dBackwardWeight(_) | Op::DenseBackwardWeight(_));
        match above.find(|op| !others(op)) {
            Some(Op::Conv2dBackwardInput(conv2d::BackwardInput { dx, rectified, .. })) if *dx == of => {
                *rectified = Some(y);
            }
            Some(Op::DenseBackwardInput(dense::BackwardInput { dx, rectified, .. })) if *dx == of => {
                *rectified = Some(y);
            }
            Some(Op::MaxPoolBackward(max_pool::Backward { dx, rectified, .. })) if *dx == of => *rectified = Some(y),
            Some(Op::LrnBackward(lrn::Backward { dx, rectified, .. })) if *dx == of => *rectified = true,
            _ => return false,
        }
        true
    }

    fn updates(&mut self, placed: &[Placed<'_>]) {
        for param in &self.params {
            let (Some(g), Some(h)) = (param.g, param.h) else { continue };
            let Some(layer) = placed.iter().map(|p| p.layer).find(|layer| layer.name == param.layer) else { continue };
            let rule = self.rule(layer, usize::from(param.is_bias));
            let op = sgd::Update { len: param.shape.iter().product(), rule, g, w: param.w, h };
            self.update.push(Entry { layer: param.layer.clone(), op: op.into() });
        }
    }
}
