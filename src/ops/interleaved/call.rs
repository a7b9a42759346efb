//! What operations do to one block of images.

use super::super::{Op, Program, Step, TensorId, conv2d, dense, dropout};
use crate::{
    cpu::{
        self, Memory,
        interleaved::{
            Block, Pack, augment,
            conv2d::{Correlation, Then},
            conv2d_weight::WeightGradient,
            dense::Dense,
            dropout as dropout_of_packs, lrn,
            max_pool::{Mask, MaxPool},
            pays, relu, rows,
        },
    },
    host::ConvDims,
};

/// Weights of a fully connected layer up to which images go through it in blocks: all blocks read all of them.
const MOST_WEIGHTS: usize = 1 << 20;

/// An operation, with what is prepared once for it.
#[derive(Debug)]
pub(super) struct Call {
    op: Op,
    prepared: Prepared,
}

#[derive(Debug)]
enum Prepared {
    Nothing,
    Correlation(Correlation),
    Weights(WeightGradient),
    Dense(Dense),
    /// A pooling, and its output, where nothing else writes it.
    Pool(MaxPool, Option<TensorId>),
}

impl Call {
    /// The call of an operation of a program; none where it does not know blocks, or its product is too large for them.
    pub(super) fn new(op: &Op, program: &Program) -> Option<Self> {
        let small = |dims: &ConvDims| pays(dims).then_some(());
        let few = |dims: &dense::DenseDims| {
            let size = dims.native();
            (size[0] * size[1] <= MOST_WEIGHTS).then(|| Prepared::Dense(Dense::new(size)))
        };
        let prepared = match op {
            Op::Conv2dForward(call) => {
                small(&call.dims).map(|()| Prepared::Correlation(Correlation::forward(&call.dims)))?
            }
            Op::Conv2dBackwardInput(call) if call.plus.is_none() => {
                small(&call.dims).map(|()| Prepared::Correlation(Correlation::backward(&call.dims)))?
            }
            Op::Conv2dBackwardWeight(call) => {
                small(&call.dims).map(|()| Prepared::Weights(WeightGradient::new(&call.dims)))?
            }
            Op::DenseForward(call) => few(&call.dims)?,
            Op::DenseBackwardInput(call) => few(&call.dims)?,
            Op::DenseBackwardWeight(call) => few(&call.dims)?,
            Op::MaxPoolForward(call) => Prepared::Pool(MaxPool::new(&call.dims), None),
            Op::MaxPoolBackward(call) => Prepared::Pool(MaxPool::new(&call.dims), maxima(call.argmax, program)),
            Op::Augment(_)
            | Op::ReluForward(_)
            | Op::ReluBackward(_)
            | Op::LrnForward(_)
            | Op::LrnBackward(_)
            | Op::Dropout(_)
            | Op::SoftmaxCrossEntropyForward(_)
            | Op::SoftmaxCrossEntropyBackward(_)
            | Op::TopK(_) => Prepared::Nothing,
            _ => return None,
        };
        Some(Self { op: op.clone(), prepared })
    }

    /// Whether it is a convolution.
    pub(super) fn convolves(&self) -> bool {
        matches!(self.prepared, Prepared::Weights(_))
            || matches!(self.op, Op::Conv2dForward(_) | Op::Conv2dBackwardInput(_))
    }

    /// Packs of room that it needs.
    pub(super) fn room(&self) -> usize {
        match (&self.op, &self.prepared) {
            (_, Prepared::Weights(gradient)) => gradient.room(),
            (_, Prepared::Pool(pool, _)) => pool.room(),
            (Op::LrnForward(call), _) => lrn::room(&call.dims),
            (Op::LrnBackward(call), _) => lrn::room(&call.dims),
            (Op::SoftmaxCrossEntropyForward(call), _) => 2 * call.classes,
            (Op::SoftmaxCrossEntropyBackward(call), _) => 2 * call.classes,
            (Op::TopK(call), _) => call.classes,
            _ => 0,
        }
    }

    /// Runs on one block. With `divided`, several threads compute lines of its products.
    pub(super) fn run(&self, shared: &Memory<f32>, block: &mut Block, step: &Step, divided: bool) {
        match (&self.op, &self.prepared) {
            (Op::Conv2dForward(conv2d::Forward { x, w, b, y, relu, .. }), Prepared::Correlation(correlation)) => {
                let then = Then::AddBias(b.map(|b| &shared.real[b.0][..]), *relu);
                block.write(y.0, |block, y| correlation.run(block.real(x.0), &shared.real[w.0], then, y, divided));
            }
            (Op::DenseForward(dense::Forward { x, w, b, y, relu, .. }), Prepared::Dense(dense)) => {
                let then = Then::AddBias(b.map(|b| &shared.real[b.0][..]), *relu);
                block.write(y.0, |block, y| dense.forward().run(block.real(x.0), &shared.real[w.0], then, y, divided));
            }
            (
                Op::Conv2dBackwardInput(conv2d::BackwardInput { w, dy, dx, rectified, .. }),
                Prepared::Correlation(correlation),
            ) => {
                block.write(dx.0, |block, dx| {
                    let then = rectified.map_or(Then::Write, |x| Then::Mask(block.real(x.0)));
                    correlation.run(block.real(dy.0), &shared.real[w.0], then, dx, divided);
                });
            }
            (Op::DenseBackwardInput(dense::BackwardInput { w, dy, dx, rectified, .. }), Prepared::Dense(dense)) => {
                block.write(dx.0, |block, dx| {
                    let then = rectified.map_or(Then::Write, |x| Then::Mask(block.real(x.0)));
                    dense.backward().run(block.real(dy.0), &shared.real[w.0], then, dx, divided);
                });
            }
            (Op::Conv2dBackwardWeight(call), Prepared::Weights(gradient)) => {
                block.write_kept(call.dw.target().0, |block, part| {
                    block.with_room(gradient.room(), |block, room| {
                        gradient.run(block.real(call.x.0), block.real(call.dy.0), part, room);
                    });
                });
            }
            (Op::DenseBackwardWeight(call), Prepared::Dense(dense)) => {
                block.write_kept(call.dw.target().0, |block, kept| dense.keep(block.real(call.dy.0), kept));
            }
            (Op::MaxPoolForward(call), Prepared::Pool(pool, _)) => block.write_words(call.argmax.0, |block, argmax| {
                block.write(call.y.0, |block, y| pool.forward(block.real(call.x.0), y, argmax));
            }),
            (Op::MaxPoolBackward(call), Prepared::Pool(pool, y)) => block.with_room(pool.room(), |block, room| {
                block.write(call.dx.0, |block, dx| {
                    let mask = match (call.rectified, y) {
                        (None, _) => Mask::None,
                        (Some(_), Some(y)) => Mask::Maxima(block.real(y.0)),
                        (Some(x), None) => Mask::Inputs(block.real(x.0)),
                    };
                    pool.backward(block.words(call.argmax.0), block.real(call.dy.0), mask, dx, room);
                });
            }),
            _ => self.run_small(shared, block, step),
        }
    }

    /// Runs this and the next operation line by line, where the next pools what this one convolves: a line is pooled
    /// while it lies in a cache. False where it does not.
    pub(super) fn run_with(&self, next: &Call, shared: &Memory<f32>, block: &mut Block) -> bool {
        let (Op::Conv2dForward(conv), Prepared::Correlation(correlation)) = (&self.op, &self.prepared) else {
            return false;
        };
        let (Op::MaxPoolForward(pooling), Prepared::Pool(pool, _)) = (&next.op, &next.prepared) else { return false };
        if pooling.x != conv.y {
            return false;
        }
        let then = Then::AddBias(conv.b.map(|b| &shared.real[b.0][..]), conv.relu);
        let w = &shared.real[conv.w.0];
        block.write_words(pooling.argmax.0, |block, argmax| {
            block.write(pooling.y.0, |block, maxima| {
                block.write(conv.y.0, |block, y| {
                    let x = block.real(conv.x.0);
                    let (line, mut done) = (correlation.line_len(), 0);
                    let mut convolve = |y: &mut [Pack<f32>], until: usize| {
                        for p in done..until {
                            correlation.run_line(x, w, then, p, &mut y[p * line..][..line]);
                        }
                        done = done.max(until);
                    };
                    for p in 0..pool.lines() {
                        convolve(y, pool.needs(p));
                        pool.forward_line(y, p, maxima, argmax);
                    }
                    convolve(y, conv.dims.p);
                });
            });
        });
        true
    }

    fn run_small(&self, shared: &Memory<f32>, block: &mut Block, step: &Step) {
        let images = block.images.clone();
        match &self.op {
            Op::Augment(call) => {
                let stored = call.stored.features();
                let bytes = &shared.bytes[call.images.0][images.start * stored..images.end * stored];
                let crops = &shared.words[call.crops.0][3 * images.start..3 * images.end];
                let normalisation = [&shared.real[call.mean.0][..], &shared.real[call.scale.0][..]];
                block.write(call.x.0, |_, x| {
                    augment::forward(&call.stored, call.padding, bytes, crops, normalisation, call.crop, x);
                });
            }
            Op::ReluForward(call) => {
                block.write(call.y.0, |_, y| relu::forward(y));
            }
            Op::ReluBackward(call) => {
                block.write(call.dy.0, |block, dy| relu::backward(block.real(call.y.0), dy));
            }
            Op::LrnForward(call) => block.with_room(lrn::room(&call.dims), |block, room| {
                block.write(call.y.0, |block, y| lrn::forward(&call.dims, block.real(call.x.0), y, room));
            }),
            Op::LrnBackward(call) => block.with_room(lrn::room(&call.dims), |block, room| {
                block.write(call.dx.0, |block, dx| {
                    let (x, dy) = (block.real(call.x.0), block.real(call.dy.0));
                    lrn::backward(&call.dims, x, dy, dx, call.rectified, room);
                });
            }),
            Op::Dropout(call) => {
                block.write(call.x.0, |block, x| match call.mask {
                    dropout::Mask::Drawn { layer } => {
                        let first = u64::from(step.first_image) * call.dims.features() as u64;
                        let draw = cpu::dropout::Draw { stream: step.dropout, layer, step: step.iteration, first };
                        dropout_of_packs::apply(&draw, call.ratio, images.start, x);
                    }
                    dropout::Mask::Given(mask) => dropout_of_packs::apply_given(block.words(mask.0), call.ratio, x),
                });
            }
            Op::SoftmaxCrossEntropyForward(call) => block.with_room(2 * call.classes, |block, room| {
                let of = images.len() * call.classes;
                let (logits, prob) = room.as_flattened_mut().split_at_mut(of);
                let prob = &mut prob[..of];
                rows::to_rows(block.real(call.logits.0), logits);
                let labels = &shared.words[call.labels.0][images.clone()];
                block.write(call.loss.0, |_, loss| {
                    let loss = &mut loss[0][..images.len()];
                    cpu::softmax_cross_entropy::forward(call.classes, logits, labels, loss, prob);
                });
                block.write(call.prob.0, |_, to| rows::to_packs(prob, to));
            }),
            Op::SoftmaxCrossEntropyBackward(call) => block.with_room(2 * call.classes, |block, room| {
                let of = images.len() * call.classes;
                let (prob, dx) = room.as_flattened_mut().split_at_mut(of);
                let dx = &mut dx[..of];
                rows::to_rows(block.real(call.prob.0), prob);
                let labels = &shared.words[call.labels.0][images.clone()];
                cpu::softmax_cross_entropy::backward(call.classes, call.weight, prob, labels, dx);
                block.write(call.dx.0, |_, to| rows::to_packs(dx, to));
            }),
            Op::TopK(call) => block.with_room(call.classes, |block, room| {
                let logits = &mut room.as_flattened_mut()[..images.len() * call.classes];
                rows::to_rows(block.real(call.logits.0), logits);
                let labels = &shared.words[call.labels.0][images.clone()];
                block.write_words(call.rank.0, |_, rank| {
                    cpu::top_k::forward(call.classes, logits, labels, &mut rank[0][..images.len()]);
                });
            }),
            // The others have no call, or are prepared.
            _ => {}
        }
    }
}

/// The output of the pooling that writes `argmax`, where no other operation writes it.
fn maxima(argmax: TensorId, program: &Program) -> Option<TensorId> {
    let ops = || program.tapes.iter().flatten().map(|entry| &entry.op);
    let y = ops().find_map(|op| match op {
        Op::MaxPoolForward(call) if call.argmax == argmax => Some(call.y),
        _ => None,
    })?;
    ops().filter(|op| op.writes().contains(&y)).all(|op| matches!(op, Op::MaxPoolForward(_))).then_some(y)
}

/// Looks for non-finite values in a tensor that lies in blocks: in the SIMD lanes of its images.
pub(super) fn look(op: &Op, shared: &mut Memory<f32>, blocks: &[Block]) {
    let Op::Finite(look) = op else { return };
    let finite = |block: &Block| {
        let lanes = block.images.len();
        block.real(look.x.0).iter().all(|pack| pack[..lanes].iter().all(|v| v.is_finite()))
    };
    if !blocks.iter().all(finite) {
        shared.words[look.flags.0][look.place] = 1;
    }
}
