//! Saves operations that another one before them can do on its way to memory.

use crate::ops::{Absorbed, Epilogue, program::Entry};

/// The same tape without the operations that others do for them: it gives the same bits.
///
/// An operation that changes a tensor in place asks the one that wrote it, past those that do not touch it and those
/// that do not mind their order.
pub(super) fn fuse(tape: Vec<Entry>) -> Vec<Entry> {
    let mut fused: Vec<Entry> = Vec::with_capacity(tape.len());
    for entry in tape {
        let taken = entry.op.as_epilogue().is_some_and(|epilogue| taken(&mut fused, epilogue));
        if !taken {
            fused.push(entry);
        }
    }
    fused
}

fn taken(before: &mut [Entry], epilogue: Epilogue) -> bool {
    let tensor = epilogue.changes();
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
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::ImageDims,
        ops::{Op, TensorId, add, dropout, relu},
    };

    const DIMS: ImageDims = ImageDims { n: 1, c: 4, h: 1, w: 1 };

    fn sum(a: usize, y: usize) -> Op {
        add::Forward { dims: DIMS, a: TensorId(a), b: None, y: TensorId(y), relu: false }.into()
    }

    fn rectifier(y: usize) -> Op {
        relu::Forward { dims: DIMS, y: TensorId(y) }.into()
    }

    fn left(ops: Vec<Op>) -> Vec<&'static str> {
        let tape = ops.into_iter().map(|op| Entry { layer: "l".into(), op }).collect();
        fuse(tape).iter().map(|entry| entry.op.stem()).collect()
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
