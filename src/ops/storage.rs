//! Which tensors share storage: those that only pass values from one operation of a tape to a later one, and are never
//! of use at the same time.

use super::{
    Program, TensorId, TensorShape,
    program::{Entry, Tensor},
};
use crate::host::Layout;

/// When a tensor is of use in a tape: from the operation that overwrites it to the last one that reads it.
type Life = (usize, usize);

/// The storage of each tensor that shares one, by number; none for a tensor with storage of its own.
///
/// Activations of one batch share where they are passing, nothing pads them (what pads a tensor is zero from the start,
/// and stays zero because nobody writes it), and no tape reads them before it has overwritten them. Larger tensors are
/// placed first, each into the first storage of which every tensor is of use at other times.
pub fn plan(program: &Program, layout: Layout) -> Vec<Option<usize>> {
    let mut placed = vec![None; program.tensors.len()];
    let mut storages: Vec<Vec<Vec<Option<Life>>>> = Vec::new();
    let images = |tensor: &Tensor| match tensor.shape {
        TensorShape::Activation(dims) => dims.n,
        _ => 0,
    };
    let batch = program.tensors.iter().map(images).max().unwrap_or(0);
    let shares = |tensor: &Tensor| {
        tensor.passing && images(tensor) == batch && tensor.shape.inner_len(layout) == tensor.shape.len()
    };
    let mut passing: Vec<usize> = (0..program.tensors.len()).filter(|&i| shares(&program.tensors[i])).collect();
    passing.sort_by_key(|&i| std::cmp::Reverse(program.tensors[i].shape.len()));
    for tensor in passing {
        let Some(lives) = lives(program, TensorId(tensor)) else { continue };
        let apart = |others: &Vec<Vec<Option<Life>>>| {
            others.iter().all(|other| other.iter().zip(&lives).all(|(&a, &b)| !overlap(a, b)))
        };
        let storage = storages.iter().position(apart).unwrap_or(storages.len());
        if storage == storages.len() {
            storages.push(Vec::new());
        }
        storages[storage].push(lives);
        placed[tensor] = Some(storage);
    }
    placed
}

/// Bytes of the tensors that `of` names, in an executor of four bytes a real number, shared ones once.
pub fn bytes(program: &Program, layout: Layout, of: impl Fn(&Tensor) -> bool) -> u64 {
    let mut shared: Vec<u64> = Vec::new();
    let mut own = 0;
    for (tensor, storage) in program.tensors.iter().zip(plan(program, layout)).filter(|(tensor, _)| of(tensor)) {
        let bytes = tensor.bytes(layout, 4);
        let Some(storage) = storage else {
            own += bytes;
            continue;
        };
        shared.resize(shared.len().max(storage + 1), 0);
        shared[storage] = shared[storage].max(bytes);
    }
    own + shared.iter().sum::<u64>()
}

fn overlap(a: Option<Life>, b: Option<Life>) -> bool {
    a.zip(b).is_some_and(|((first_a, last_a), (first_b, last_b))| first_a <= last_b && first_b <= last_a)
}

/// When a tensor is of use in each tape; none where one reads it before it has written it.
fn lives(program: &Program, tensor: TensorId) -> Option<Vec<Option<Life>>> {
    let life = |tape: &Vec<Entry>| {
        let mut life: Option<Life> = None;
        for (number, entry) in tape.iter().enumerate() {
            let (reads, writes) = (entry.op.reads().contains(&tensor), entry.op.writes().contains(&tensor));
            match &mut life {
                _ if !reads && !writes => {}
                None if reads => return None,
                None => life = Some((number, number)),
                Some((_, last)) => *last = number,
            }
        }
        Some(life)
    };
    program.tapes.iter().map(life).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::{ImageDims, LrnDims},
        ops::{Element, Role, lrn},
    };

    /// A program of passing activations with so many channels, and operations that read one tensor and overwrite the
    /// next.
    fn chain(channels: &[usize], tapes: usize) -> Program {
        let mut program = Program::default();
        let dims = |c| LrnDims { x: ImageDims { n: 2, c, h: 1, w: 1 }, size: 1, alpha: 1.0, beta: 0.75, k: 1.0 };
        for &c in channels {
            let shape = TensorShape::Activation(dims(c).x);
            let id = program.tensor(format!("{c}"), Role::ActivationGradient, Element::Real, shape);
            program.tensors[id.0].passing = true;
        }
        program.tensors[0].passing = false;
        let op = |i: usize| lrn::Forward { dims: dims(channels[i]), x: TensorId(i), y: TensorId(i + 1) }.into();
        let tape = (0..channels.len() - 1).map(|i| Entry { layer: "l".into(), op: op(i) });
        program.tapes = vec![tape.collect(); tapes];
        program
    }

    #[test]
    fn tensors_of_a_chain_take_two_storages_in_turn_and_those_that_are_padded_none() {
        let program = chain(&[4, 8, 4, 16, 5, 4], 2);
        assert_eq!(plan(&program, Layout::VEC4), [None, Some(0), Some(1), Some(0), None, Some(0)]);
        assert_eq!(plan(&program, Layout::NATIVE), [None, Some(0), Some(1), Some(0), Some(1), Some(0)]);
        assert_eq!(bytes(&program, Layout::NATIVE, |_| true), 2 * 4 * (4 + 16 + 5));
    }

    #[test]
    fn what_a_tape_reads_before_it_has_overwritten_it_has_storage_of_its_own() {
        let mut program = chain(&[4, 8, 4, 16], 1);
        let last = program.tapes[0].split_off(1);
        program.tapes.push(last);
        // The second is read by the second tape first; the third and the fourth are of use at the same time.
        assert_eq!(plan(&program, Layout::VEC4), [None, None, Some(1), Some(0)]);
    }

    #[test]
    fn lives_that_touch_overlap() {
        assert!(overlap(Some((0, 2)), Some((2, 3))) && overlap(Some((2, 3)), Some((0, 2))));
        assert!(!overlap(Some((0, 1)), Some((2, 3))) && !overlap(None, Some((2, 3))) && !overlap(None, None));
    }
}
