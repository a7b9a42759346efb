//! The backward pass down to the lowest trainable layer, and the updates.

use super::{
    layer_of,
    layout::{Back, Net},
    zero_of_frozen,
};
use crate::golden::case::Stop;
use strata::{
    host::ImageDims,
    ops::{
        TensorId, TensorShape, conv2d, dense,
        dropout::{Apply, Mask},
        lrn, max_pool,
        sgd::{Convention, Rule, Update},
    },
};

impl Net<'_> {
    /// The gradient's tensor of an activation, made when it is first asked for.
    pub fn gradient(&mut self, of: TensorId, dims: ImageDims) -> TensorId {
        if let Some((_, by)) = self.gradients.iter().find(|(x, _)| *x == of) {
            return *by;
        }
        let by = self.m.result("gradient", TensorShape::Activation(dims));
        self.gradients.push((of, by));
        by
    }

    /// The gradients of a layer's parameters and their updates, which wait until all gradients are computed.
    fn trained(&mut self, name: &str, layer: usize, kernel: TensorShape) -> Result<([TensorId; 2], [Update; 2]), Stop> {
        let found = self.parameters.iter().find(|(l, _)| *l == layer).map(|(_, ids)| *ids);
        let [w, b] = found.ok_or_else(|| Stop::Fail(format!("{name} has no parameters")))?;
        let [dw_shape, db_shape] = ["weight", "bias"].map(|what| self.case.given(&format!("init_{name}.{what}")));
        let biases = db_shape?.shape.clone();
        let channels = TensorShape::Channels(biases[0]);
        let gradients = [self.m.result("dw", kernel), self.m.result("db", channels)];
        self.show(format!("dgrad_{name}.weight"), gradients[0], &dw_shape?.shape.clone());
        self.show(format!("dgrad_{name}.bias"), gradients[1], &biases);
        let history = [kernel, channels].map(|shape| self.m.real("history", shape, &vec![0.0; shape.len()]));
        let (convention, momentum, decay) = (Convention::Caffe, self.s.momentum, self.s.decay);
        let rule = Rule { convention, momentum, nesterov: false, decay, lr_mult: 1.0 };
        let weight = Update { len: kernel.len(), rule, g: gradients[0], w, h: history[0] };
        let rule = Rule { decay: decay * self.s.bias_decay_mult, lr_mult: self.s.bias_lr_mult, ..rule };
        let bias = Update { len: channels.len(), rule, g: gradients[1], w: b, h: history[1] };
        Ok((gradients, [weight, bias]))
    }

    /// Lays out the backward pass, from the last operation to the lowest trainable layer, and the updates.
    pub fn backward(&mut self) -> Result<(), Stop> {
        // A case may show the gradients of layers that it does not train; then the pass goes on down to them.
        let shown = self.case.outputs.iter().filter(|o| o.name.starts_with("dgrad_"));
        let shown = shown.filter(|o| !zero_of_frozen(o, self.s.frozen)).map(|o| layer_of(&o.name)).min();
        let frozen = self.s.frozen.min(shown.unwrap_or(usize::MAX).saturating_sub(1));
        let mut updates: Vec<Update> = Vec::new();
        for back in std::mem::take(&mut self.back).into_iter().rev() {
            match back {
                Back::Conv { layer, dims, x, w, y } if layer > frozen => {
                    let dy = self.gradient(y, dims.y());
                    let kernel =
                        TensorShape::Kernel { dims: [dims.k, dims.cg(), dims.r(), dims.s()], groups: dims.groups };
                    let ([dw, db], both) = self.trained(&format!("conv{layer}"), layer, kernel)?;
                    updates.extend(both.into_iter().filter(|_| layer > self.s.frozen));
                    self.m.call(conv2d::BackwardWeight {
                        dims,
                        x,
                        dy,
                        dw: dw.into(),
                        db,
                        biased: true,
                        accumulate: false,
                    });
                    if layer > frozen + 1 {
                        let dx = self.gradient(x, dims.x);
                        let rectified = self.rectified.contains(&x).then_some(x);
                        self.m.call(conv2d::BackwardInput { dims, w, dy, dx, plus: None, rectified });
                    }
                }
                Back::Dense { layer, dims, x, w, y } if layer > frozen => {
                    let dy = self.gradient(y, dims.y());
                    let kernel = TensorShape::Kernel { dims: [dims.k, dims.x.c, dims.x.h, dims.x.w], groups: 1 };
                    let ([dw, db], both) = self.trained(&format!("fc{layer}"), layer, kernel)?;
                    updates.extend(both.into_iter().filter(|_| layer > self.s.frozen));
                    self.m.call(dense::BackwardWeight { dims, x, dy, dw: dw.into(), db, accumulate: false });
                    if layer > frozen + 1 {
                        let dx = self.gradient(x, dims.x);
                        let rectified = self.rectified.contains(&x).then_some(x);
                        self.m.call(dense::BackwardInput { dims, w, dy, dx, rectified });
                    }
                }
                Back::Dropout { layer, dims, mask, y } if layer > frozen => {
                    let x = self.gradient(y, dims);
                    self.m.call(Apply { dims, ratio: self.s.ratio, mask: Mask::Given(mask), x });
                }
                Back::Norm { layer, dims, x, y } if layer > frozen => {
                    let (dy, dx) = (self.gradient(y, dims.x), self.gradient(x, dims.x));
                    let rectified = self.rectified.contains(&x);
                    self.m.call(lrn::Backward { dims, x, dy, dx, rectified });
                }
                Back::Pool { layer, dims, argmax, x, y } if layer > frozen => {
                    let (dy, dx) = (self.gradient(y, dims.y()), self.gradient(x, dims.x));
                    let rectified = self.rectified.contains(&x).then_some(x);
                    self.m.call(max_pool::Backward { dims, argmax, dy, dx, rectified });
                }
                // Below the lowest trainable layer nothing is computed backward.
                _ => {}
            }
        }
        updates.into_iter().for_each(|update| self.m.call(update));
        Ok(())
    }
}
