//! Saves operations that another one before them can do on its way to memory.

use crate::ops::{Absorbed, Epilogue, TensorId, program::Entry};
use std::collections::BTreeSet;

/// The same tape without the operations that others do for them: it gives the same bits.
///
/// An operation that changes a tensor in place asks the one that wrote it, past those that do not touch it and those
/// that do not mind their order. So does one that adds to a tensor, where nothing else reads that: `passed` has the
/// tensors that need not be written.
pub(super) fn fuse(tape: Vec<Entry>, passed: &BTreeSet<TensorId>) -> Vec<Entry> {
    let mut fused: Vec<Entry> = Vec::with_capacity(tape.len());
    for entry in tape {
        let may = |epilogue: &Epilogue| match epilogue {
            Epilogue::Add { term, .. } => passed.contains(term),
            Epilogue::Rectify { .. } | Epilogue::Mask { .. } | Epilogue::Accumulate { .. } => true,
        };
        if !entry.op.as_epilogues().into_iter().filter(may).any(|epilogue| taken(&mut fused, epilogue)) {
            fused.push(entry);
        }
    }
    fused
}

fn taken(before: &mut [Entry], epilogue: Epilogue) -> bool {
    let tensor = epilogue.of();
    for entry in before.iter_mut().rev() {
        if entry.op.writes().contains(&tensor) {
            match entry.op.absorb(epilogue) {
                Absorbed::Taken => return true,
                Absorbed::Passed => {}
                Absorbed::Refused => return false,
            }
        } else if entry.op.reads().contains(&tensor) {
            // It has read what the epilogue has not yet changed.
            return false;
        } else if epilogue.waits_for(&entry.op.reads(), &entry.op.writes()) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::ImageDims,
        ops::{
            Op,
            batch_norm::{BatchNorm, ForwardEvaluation, Statistics},
            {add, dropout, relu},
        },
    };

    const DIMS: ImageDims = ImageDims { n: 1, c: 4, h: 1, w: 1 };

    fn sum(a: usize, y: usize) -> Op {
        add::Forward { dims: DIMS, a: TensorId(a), b: None, y: TensorId(y), relu: false }.into()
    }

    fn rectifier(y: usize) -> Op {
        relu::Forward { dims: DIMS, y: TensorId(y) }.into()
    }

    fn left(ops: Vec<Op>) -> Vec<&'static str> {
        left_where(ops, &[])
    }

    /// What is left where these tensors need not be written.
    fn left_where(ops: Vec<Op>, passed: &[usize]) -> Vec<&'static str> {
        let tape = ops.into_iter().map(|op| Entry { layer: "l".into(), op }).collect();
        let passed = passed.iter().map(|&id| TensorId(id)).collect();
        fuse(tape, &passed).iter().map(|entry| entry.op.stem()).collect()
    }

    /// A normalisation of tensor 0.
    fn norm(y: usize) -> Op {
        let dims = BatchNorm { eps: 1e-5, momentum: 0.1 }.dims(DIMS).unwrap();
        let [weight, bias, mean, var] = [90, 91, 92, 93].map(TensorId);
        let running = Statistics { mean, var };
        let (x, y) = (TensorId(0), TensorId(y));
        ForwardEvaluation { dims, x, weight, bias, running, plus: None, y, relu: false }.into()
    }

    fn sum_of(a: usize, b: usize, y: usize) -> Op {
        add::Forward { dims: DIMS, a: TensorId(a), b: Some(TensorId(b)), y: TensorId(y), relu: false }.into()
    }

    #[test]
    fn a_rectifier_goes_into_what_wrote_its_tensor_past_what_does_not_touch_it() {
        assert_eq!(left(vec![sum(0, 1), rectifier(1)]), ["add"]);
        assert_eq!(left(vec![sum(0, 1), sum(0, 2), rectifier(1)]), ["add", "add"]);
        assert_eq!(left(vec![rectifier(1)]), ["relu"]);
    }

    #[test]
    fn a_tensor_that_was_read_before_its_rectifier_keeps_it() {
        assert_eq!(left(vec![sum(0, 1), sum(1, 2), rectifier(1)]), ["add", "add", "relu"]);
    }

    #[test]
    fn a_sum_and_its_rectifier_go_into_the_normalisation_of_either_term() {
        assert_eq!(left_where(vec![norm(1), sum_of(1, 0, 2), rectifier(2)], &[1]), ["batch_norm"]);
        assert_eq!(left_where(vec![norm(1), sum_of(0, 1, 2), rectifier(2)], &[1]), ["batch_norm"]);
        // The first term would have to wait for the second, and the second has the first.
        assert_eq!(left_where(vec![norm(1), norm(2), sum_of(1, 2, 3)], &[1, 2]), ["batch_norm"; 2]);
    }

    #[test]
    fn a_sum_remains_where_its_term_is_read_elsewhere_is_rectified_or_would_have_to_wait() {
        assert_eq!(left_where(vec![norm(1), sum_of(1, 0, 2)], &[]), ["batch_norm", "add"]);
        assert_eq!(left_where(vec![norm(1), sum(1, 3), sum_of(1, 0, 2)], &[1]), ["batch_norm", "add", "add"]);
        assert_eq!(left_where(vec![norm(1), rectifier(1), sum_of(1, 0, 2)], &[1]), ["batch_norm", "add"]);
        assert_eq!(left_where(vec![norm(1), norm(2), sum_of(1, 2, 3)], &[1]), ["batch_norm", "batch_norm", "add"]);
        // One that has taken a sum has no room for another.
        let twice = vec![norm(1), sum_of(1, 0, 2), sum_of(2, 0, 3)];
        assert_eq!(left_where(twice, &[1, 2]), ["batch_norm", "add"]);
    }

    #[test]
    fn a_mask_passes_dropout_and_nothing_that_reads_the_gradient() {
        let mask = || relu::Backward { dims: DIMS, y: TensorId(0), dy: TensorId(3) }.into();
        let into = |dx: usize| -> Op {
            add::Backward { dims: DIMS, dy: TensorId(2), dx: TensorId(dx), rectified: None }.into()
        };
        let mask_of = dropout::Mask::Drawn { layer: 0 };
        let drop = || dropout::Apply { dims: DIMS, ratio: 0.5, mask: mask_of, x: TensorId(3) }.into();
        assert_eq!(left(vec![into(3), drop(), mask()]), ["add", "dropout"]);
        assert_eq!(left(vec![into(3), sum(3, 4), mask()]), ["add", "add", "relu"]);
    }
}
