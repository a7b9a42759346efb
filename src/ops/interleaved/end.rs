//! What follows when all blocks have ended: the gradients of weights, from what each block has left.

use super::super::{Op, Step, TensorId, conv2d, dense, sgd::Gradient};
use crate::cpu::{
    self, Memory,
    interleaved::{Block, Pack, conv2d_weight::WeightGradient, dense::Dense},
};

/// The second half of an operation.
#[derive(Debug)]
pub(super) enum End {
    /// The parts of the blocks are added in their order.
    Conv2d(conv2d::BackwardWeight, usize),
    /// The product of all blocks' inputs and gradients.
    Dense(dense::BackwardWeight, Box<Dense>),
}

impl End {
    /// The end of an operation that has one.
    pub(super) fn new(op: &Op) -> Option<Self> {
        match op {
            Op::Conv2dBackwardWeight(call) => {
                Some(End::Conv2d(call.clone(), WeightGradient::new(&call.dims).kept_len()))
            }
            Op::DenseBackwardWeight(call) => Some(End::Dense(call.clone(), Box::new(Dense::new(call.dims.native())))),
            _ => None,
        }
    }

    /// The tensor that is written, by whose number a block keeps its part.
    pub(super) fn target(&self) -> usize {
        match self {
            End::Conv2d(call, _) => call.dw.target().0,
            End::Dense(call, _) => call.dw.target().0,
        }
    }

    /// Numbers that a block keeps.
    pub(super) fn kept(&self) -> usize {
        match self {
            End::Conv2d(_, len) => *len,
            End::Dense(_, dense) => dense.kept_len(),
        }
    }

    /// The tensor in blocks that it reads.
    pub(super) fn reads(&self) -> Option<TensorId> {
        match self {
            End::Conv2d(..) => None,
            End::Dense(call, _) => Some(call.x),
        }
    }

    /// Writes the gradients, or updates the weights with theirs.
    pub(super) fn run(&self, shared: &mut Memory<f32>, blocks: &[Block], step: &Step) {
        let target = self.target();
        let parts = || blocks.iter().map(move |block| block.kept(target));
        match self {
            End::Conv2d(call, len) => {
                let weights = len - call.dims.k;
                match call.dw {
                    Gradient::Kept(dw) => shared.write_real(dw.0, |m, dw| {
                        m.scratch.overwrite_or_add(call.accumulate, dw, |dw| add(parts(), 0, dw));
                    }),
                    Gradient::Applied { rule, w, h } => shared.write_both(w.0, h.0, |m, w, h| {
                        let mut dw = m.scratch.lend(w.len());
                        add(parts(), 0, &mut dw);
                        cpu::sgd::step(&rule.at(step), &dw, w, h);
                    }),
                }
                shared.write_real(call.db.0, |m, db| {
                    m.scratch.overwrite_or_add(call.accumulate, db, |db| add(parts(), weights, db));
                });
            }
            End::Dense(call, dense) => {
                let of_block = |block| -> (&[Pack<f32>], &[f32]) {
                    let block: &Block = block;
                    (block.real(call.x.0), block.kept(target))
                };
                let inputs: Vec<_> = blocks.iter().map(of_block).collect();
                match call.dw {
                    Gradient::Kept(dw) => shared.write_real(dw.0, |m, dw| {
                        m.scratch.overwrite_or_add(call.accumulate, dw, |dw| dense.backward_weight(&inputs, dw));
                    }),
                    Gradient::Applied { rule, w, h } => shared.write_both(w.0, h.0, |m, w, h| {
                        dense.update_weight(&inputs, &rule.at(step), [w, h], &m.scratch);
                    }),
                }
                shared.write_real(call.db.0, |m, db| {
                    m.scratch.overwrite_or_add(call.accumulate, db, |db| dense.backward_bias(parts(), db));
                });
            }
        }
    }
}

/// Overwrites sums with those of the parts, from the element `first` of each on.
fn add<'a>(parts: impl Iterator<Item = &'a [f32]>, first: usize, sums: &mut [f32]) {
    for (i, part) in parts.enumerate() {
        let part = &part[first..][..sums.len()];
        if i == 0 {
            sums.copy_from_slice(part);
        } else {
            sums.iter_mut().zip(part).for_each(|(sum, v)| *sum += v);
        }
    }
}
