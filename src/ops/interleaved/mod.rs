//! Programs of small nets on the native executor: blocks of sixteen images (`cpu::interleaved`) go through whole tapes,
//! each on one thread, instead of all images through one operation after the other.
//!
//! The tapes stay as they are. When a program is loaded, its operations are asked for what they do to a block
//! ([`call`]); where all of them know, and their products are small, the program runs so. Gradients of weights have a
//! second half: when the blocks have ended, the parts that they have left are added in their order.

mod call;
mod end;

use super::{
    Element, Op, Program, Role, Step, TensorId, TensorShape,
    program::{Entry, Tensor},
    storage,
};
use crate::{
    cpu::{
        self,
        interleaved::{Block, IMAGES, rows},
    },
    host::Layout,
};
use call::Call;
use end::End;
use rayon::prelude::*;
use std::{ops::Range, time::Instant};

/// One entry of a tape.
#[derive(Debug)]
enum Way {
    /// Block by block, and what follows when all blocks have ended.
    Blocks(Box<Call>, Option<Box<End>>),
    /// On what all blocks share.
    Whole,
    /// A look at a tensor that lies in blocks.
    Look,
}

impl Way {
    fn call(&self) -> Option<&Call> {
        match self {
            Way::Blocks(call, _) => Some(call),
            Way::Whole | Way::Look => None,
        }
    }
}

/// Entries that blocks go through without waiting for one another, or one that is for all blocks together.
type Segment = Range<usize>;

/// A program in blocks, with its memory.
#[derive(Debug)]
pub struct Interleaved {
    shared: cpu::Memory<f32>,
    blocks: Vec<Block>,
    tapes: Vec<(Vec<Way>, Vec<Segment>)>,
}

/// Images of a program, where all its activations have as many.
fn images(program: &Program) -> Option<usize> {
    let mut of = program.tensors.iter().filter_map(|tensor| match tensor.shape {
        TensorShape::Activation(dims) => Some(dims.n),
        _ => None,
    });
    let first = of.next()?;
    of.all(|n| n == first).then_some(first)
}

/// Elements an image of a tensor that lies in blocks: activations, and what is computed for each image.
fn features(tensor: &Tensor, images: usize) -> Option<usize> {
    match tensor.shape {
        TensorShape::Activation(dims) => Some(dims.features()),
        TensorShape::Rows { rows, width } if rows == images && tensor.role == Role::Activation => Some(width),
        _ => None,
    }
}

/// Fewest images for which blocks pay: of those that are not there, the lanes are computed, too.
const FEWEST_IMAGES: usize = 8;

/// Whether a program runs in blocks.
#[derive(Debug)]
pub enum Fit {
    /// It does.
    Blocks(Box<Interleaved>),
    /// It would with more images.
    FewImages,
    /// It does not.
    No,
}

impl Interleaved {
    /// Loads a program, where it is one of a small net.
    pub fn load(program: &Program) -> Fit {
        match (Self::of(program), images(program)) {
            (Some(_), Some(images)) if images < FEWEST_IMAGES => Fit::FewImages,
            (Some(interleaved), _) => Fit::Blocks(Box::new(interleaved)),
            (None, _) => Fit::No,
        }
    }

    fn of(program: &Program) -> Option<Self> {
        let images = images(program)?;
        let features: Vec<Option<usize>> = program.tensors.iter().map(|tensor| features(tensor, images)).collect();
        let ways = |tape: &Vec<Entry>| -> Option<Vec<Way>> {
            tape.iter().map(|entry| way(&entry.op, program, |id| features[id.0].is_some())).collect()
        };
        let tapes: Vec<Vec<Way>> = program.tapes.iter().map(ways).collect::<Option<_>>()?;
        let convolves = |way: &Way| matches!(way, Way::Blocks(call, _) if call.convolves());
        if !tapes.iter().flatten().any(convolves) {
            return None;
        }
        let storages = storage::plan(program, Layout::NATIVE);
        let shared_storages = storages.iter().flatten().max().map_or(0, |most| most + 1);
        let mut shared = cpu::Memory::default();
        let first = (0..images).step_by(IMAGES);
        let mut blocks: Vec<Block> = first.map(|n| Block::new(n..(n + IMAGES).min(images))).collect();
        blocks.iter_mut().for_each(|block| block.share(shared_storages));
        for ((tensor, storage), features) in program.tensors.iter().zip(&storages).zip(&features) {
            let whole = if features.is_some() { 0 } else { tensor.shape.inner_len(Layout::NATIVE) };
            let of = |element: Element, len: usize| if tensor.element == element { len } else { 0 };
            shared.add_real(of(Element::Real, whole), None);
            shared.words.push(vec![0; of(Element::Word, whole)]);
            shared.bytes.push(vec![0; of(Element::Byte, whole)]);
            let packs = features.unwrap_or(0);
            for block in &mut blocks {
                block.add(of(Element::Real, packs), *storage, of(Element::Word, packs));
            }
        }
        for way in tapes.iter().flatten() {
            if let Way::Blocks(call, end) = way {
                blocks.iter_mut().for_each(|block| {
                    block.reserve(call.room());
                    if let Some(end) = end {
                        block.keep(end.target(), end.kept());
                    }
                });
            }
        }
        let tapes = program.tapes.iter().zip(tapes).map(|(tape, ways)| {
            let segments = segments(program, tape, &ways);
            (ways, segments)
        });
        Some(Self { tapes: tapes.collect(), shared, blocks })
    }

    /// Runs one tape.
    pub fn run(&mut self, program: &Program, tape: usize, step: &Step) {
        // One call into the pool of threads instead of one an operation.
        rayon::scope(|_| {
            for segment in 0..self.tapes[tape].1.len() {
                let entries = self.tapes[tape].1[segment].clone();
                self.run_entries(&program.tapes[tape], tape, entries, step);
            }
        });
    }

    /// The same one by one, with the seconds of each.
    pub fn run_timed(&mut self, program: &Program, tape: usize, step: &Step) -> Vec<f64> {
        let timed = |entry: usize| {
            let start = Instant::now();
            self.run_entries(&program.tapes[tape], tape, entry..entry + 1, step);
            start.elapsed().as_secs_f64()
        };
        rayon::scope(|_| (0..program.tapes[tape].len()).map(timed).collect())
    }

    fn run_entries(&mut self, tape: &[Entry], number: usize, entries: Range<usize>, step: &Step) {
        let ways = &self.tapes[number].0[entries.clone()];
        let (shared, blocks) = (&mut self.shared, &mut self.blocks);
        match ways {
            [Way::Whole] => tape[entries.start].op.run(shared, step),
            [Way::Look] => call::look(&tape[entries.start].op, shared, blocks),
            _ => {
                // Where threads are more than blocks, the lines of a product are divided among them, too.
                let divided = rayon::current_num_threads() > blocks.len();
                let run = |block: &mut Block| {
                    let mut calls = ways.iter().filter_map(Way::call).peekable();
                    while let Some(call) = calls.next() {
                        // One thread a block takes a pooling with the convolution below it.
                        let with =
                            calls.peek().filter(|_| !divided).is_some_and(|next| call.run_with(next, shared, block));
                        if with {
                            calls.next();
                        } else {
                            call.run(shared, block, step, divided);
                        }
                    }
                };
                blocks.par_iter_mut().with_max_len(1).for_each(run);
                for way in ways {
                    if let Way::Blocks(_, Some(end)) = way {
                        end.run(shared, blocks, step);
                    }
                }
            }
        }
    }

    /// Overwrites a tensor of real numbers, given in the order of [`Layout::NATIVE`].
    pub fn put_real(&mut self, id: usize, values: &[f32]) {
        if !self.in_blocks(id) {
            return self.shared.put_real(id, values);
        }
        for block in &mut self.blocks {
            let images = block.images.clone();
            block.write(id, |_, packs| {
                rows::to_packs(&values[images.start * packs.len()..images.end * packs.len()], packs);
            });
        }
    }

    /// A tensor of real numbers in the order of [`Layout::NATIVE`].
    pub fn real(&self, id: usize) -> Vec<f32> {
        if !self.in_blocks(id) {
            return self.shared.real[id].to_vec();
        }
        let rows = |block: &Block| {
            let packs = block.real(id);
            let mut values = vec![0.0; block.images.len() * packs.len()];
            rows::to_rows(packs, &mut values);
            values
        };
        self.blocks.iter().flat_map(rows).collect()
    }

    /// Overwrites a tensor of words, given in the order of [`Layout::NATIVE`].
    pub fn put_words(&mut self, id: usize, values: &[u32]) {
        if !self.in_blocks(id) {
            return self.shared.words[id].copy_from_slice(values);
        }
        for block in &mut self.blocks {
            let images = block.images.clone();
            block.write_words(id, |_, packs| {
                rows::to_packs(&values[images.start * packs.len()..images.end * packs.len()], packs);
            });
        }
    }

    /// A tensor of words in the order of [`Layout::NATIVE`].
    pub fn words(&self, id: usize) -> Vec<u32> {
        if !self.in_blocks(id) {
            return self.shared.words[id].clone();
        }
        let rows = |block: &Block| {
            let packs = block.words(id);
            let mut values = vec![0; block.images.len() * packs.len()];
            rows::to_rows(packs, &mut values);
            values
        };
        self.blocks.iter().flat_map(rows).collect()
    }

    /// Overwrites the first bytes of a tensor of bytes.
    pub fn put_bytes(&mut self, id: usize, values: &[u8]) {
        self.shared.bytes[id][..values.len()].copy_from_slice(values);
    }

    /// Bytes of all tensors and of the room for what operations compute on the way.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes() + self.blocks.iter().map(Block::bytes).sum::<usize>() as u64
    }

    fn in_blocks(&self, id: usize) -> bool {
        self.blocks.first().is_some_and(|block| block.holds(id))
    }
}

/// How an operation runs; none where it, or its size, does not fit.
fn way(op: &Op, program: &Program, in_blocks: impl Fn(TensorId) -> bool) -> Option<Way> {
    match op {
        Op::Sgd(_) => Some(Way::Whole),
        Op::Finite(look) if in_blocks(look.x) => Some(Way::Look),
        Op::Finite(_) => Some(Way::Whole),
        _ => Some(Way::Blocks(Box::new(Call::new(op, program)?), End::new(op).map(Box::new))),
    }
}

/// Divides a tape: blocks wait for one another in front of what is for all of them together, and of what touches a
/// tensor that only the end of an operation before writes.
fn segments(program: &Program, tape: &[Entry], ways: &[Way]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let (mut begun, mut awaited) = (0, Vec::new());
    for (i, (entry, way)) in tape.iter().zip(ways).enumerate() {
        let touched: Vec<_> = entry.op.reads().into_iter().chain(entry.op.writes()).collect();
        let Way::Blocks(_, end) = way else {
            segments.extend((begun < i).then_some(begun..i));
            segments.push(i..i + 1);
            begun = i + 1;
            awaited.clear();
            continue;
        };
        if touched.iter().any(|id| awaited.contains(id)) {
            segments.push(begun..i);
            begun = i;
            awaited.clear();
        }
        let Some(end) = end else { continue };
        awaited.extend(entry.op.writes());
        // What the end reads of the blocks must still be there.
        if end.reads().is_some_and(|x| program.tensors[x.0].passing) {
            segments.push(begun..i + 1);
            begun = i + 1;
            awaited.clear();
        }
    }
    segments.extend((begun < tape.len()).then_some(begun..tape.len()));
    segments
}
