//! The backward pass and the updates of a net: decided once, when the net is built.

use super::{
    Kind,
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
            let weight = 1.0 / self.options.batch as f64;
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
        let gradient = |suffix: &str| {
            let name = format!("{}.{suffix}", p.layer.name);
            self.params.iter().find(|param| param.name == name).and_then(|param| param.g)
        };
        let gradients = gradient("weight").zip(gradient("bias")).map(|(dw, db)| [dw, db]);
        let mut ops: Vec<Op> = Vec::new();
        match (&p.layer.kind, p.weights) {
            (Kind::Conv2d(conv), Some((w, _))) => {
                // The forward pass has already been placed with these dimensions.
                let Ok(dims) = conv.dims(p.x.1) else { return };
                ops.extend(
                    gradients.map(|[dw, db]| {
                        conv2d::BackwardWeight { dims, x: p.x.0, dy, dw, db, accumulate: false }.into()
                    }),
                );
                ops.extend(dx.map(|dx| conv2d::BackwardInput { dims, w, dy, dx, rectified: None }.into()));
            }
            (Kind::Dense { out_features }, Some((w, _))) => {
                let dims = dense::DenseDims { x: p.x.1, k: *out_features };
                ops.extend(
                    gradients
                        .map(|[dw, db]| dense::BackwardWeight { dims, x: p.x.0, dy, dw, db, accumulate: false }.into()),
                );
                ops.extend(dx.map(|dx| dense::BackwardInput { dims, w, dy, dx, rectified: None }.into()));
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

    /// Lets the operation that has written a gradient pass it through the rectifier whose output is y. Dropout in
    /// place between the two does not matter: what it has left positive was positive. False where no operation can.
    fn rectify_gradient(&mut self, y: TensorId, of: TensorId) -> bool {
        let mut above = self.backward.iter_mut().rev().map(|entry| &mut entry.op);
        match above.find(|op| !matches!(op, Op::Dropout(_))) {
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
        let options = self.options;
        for param in &self.params {
            let (Some(g), Some(h)) = (param.g, param.h) else { continue };
            let Some(layer) = placed.iter().map(|p| p.layer).find(|layer| layer.name == param.layer) else { continue };
            let i = usize::from(param.is_bias);
            let op = sgd::Update {
                len: param.shape.iter().product(),
                convention: options.convention,
                momentum: options.momentum,
                decay: options.weight_decay * layer.decay_mult[i],
                lr_mult: layer.lr_mult[i],
                g,
                w: param.w,
                h,
            };
            self.update.push(Entry { layer: param.layer.clone(), op: op.into() });
        }
    }
}
