//! Where a net looks for non-finite values.

use super::build::Builder;
use crate::ops::{Element, Role, TensorId, TensorShape, finite, program::Entry};
use std::collections::BTreeSet;

impl Builder<'_> {
    /// The tensors to search, in the order in which a training step writes them, with their descriptions; the flags;
    /// and the tape.
    ///
    /// A rectifier or a pool may hide a non-finite value from the loss for many steps, so weights and gradients are
    /// searched, too. A tensor that is not kept shows in what is computed from it: the gradient of an activation in
    /// that of a bias, a gradient of weights in their momentum. Weights are written last, so the first non-finite
    /// tensor of the list is where it began. `passed` are the outputs of layers that a step does not write.
    pub(super) fn watch(
        &mut self,
        loss: TensorId,
        passed: &BTreeSet<TensorId>,
    ) -> (Vec<(TensorId, String)>, TensorId, Vec<Entry>) {
        let layers: Vec<&str> = self.def.layers.iter().map(|layer| layer.name.as_str()).collect();
        let mut watched: Vec<(TensorId, String)> = Vec::new();
        let mut look = |id: TensorId, words: String| {
            // Layers that work in place share a tensor; it is named after the first of them.
            if !watched.iter().any(|(known, _)| *known == id) {
                watched.push((id, words));
            }
        };
        for layer in &layers {
            if let Some((output, _)) = self.outputs.get(*layer)
                && !passed.contains(output)
            {
                look(*output, format!("the output of layer {layer}"));
            }
        }
        look(loss, "the loss".into());
        for layer in layers.iter().rev() {
            if let Some((_, Some(gradient))) = self.outputs.get(*layer)
                && self.options.keep_gradients
            {
                look(*gradient, format!("the gradient of the output of layer {layer}"));
            }
            for param in self.params.iter().filter(|param| param.layer == *layer) {
                if let Some(gradient) = param.g {
                    look(gradient, format!("the gradient of {} (layer {layer})", param.name));
                }
            }
        }
        for param in &self.params {
            look(param.w, format!("{} (layer {})", param.name, param.layer));
        }
        for param in &self.params {
            if let Some(history) = param.h {
                look(history, format!("the momentum of {} (layer {})", param.name, param.layer));
            }
        }
        let shape = TensorShape::Rows { rows: 1, width: watched.len() };
        let flags = self.program.tensor("flags", Role::Activation, Element::Word, shape);
        let tape = watched.iter().enumerate().map(|(place, &(x, _))| {
            let len = self.program.tensors[x.0].shape.len();
            Entry { layer: "watch".into(), op: finite::Forward { len, place, x, flags }.into() }
        });
        let tape = tape.collect();
        (watched, flags, tape)
    }
}
