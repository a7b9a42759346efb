//! A small program around a few calls: inputs in, results out.

use super::case::Stop;
use std::sync::Arc;
use strata::{
    host::{ImageDims, Stream},
    ops::{Device, Element, Executor, Op, Program, Role, Step, TensorId, TensorShape, program::Entry},
};

/// Tensors with their inputs, and tapes.
#[derive(Debug)]
pub struct Machine {
    program: Program,
    reals: Vec<(TensorId, Vec<f32>)>,
    words: Vec<(TensorId, Vec<u32>)>,
}

/// The shape of an activation.
pub const fn map(n: usize, c: usize, h: usize, w: usize) -> TensorShape {
    TensorShape::Activation(ImageDims { n, c, h, w })
}

/// One value an image.
pub const fn column(rows: usize) -> TensorShape {
    TensorShape::Rows { rows, width: 1 }
}

impl Machine {
    /// An empty one with one tape.
    pub fn new() -> Self {
        let program = Program { tapes: vec![Vec::new()], ..Program::default() };
        Self { program, reals: Vec::new(), words: Vec::new() }
    }

    /// An input of real numbers.
    pub fn real(&mut self, name: &str, shape: TensorShape, values: &[f32]) -> TensorId {
        let id = self.program.tensor(name, Role::Input, Element::Real, shape);
        self.reals.push((id, values.to_vec()));
        id
    }

    /// An input of words.
    pub fn word(&mut self, name: &str, shape: TensorShape, values: &[u32]) -> TensorId {
        let id = self.program.tensor(name, Role::Input, Element::Word, shape);
        self.words.push((id, values.to_vec()));
        id
    }

    /// A result of real numbers, which begins as NaN.
    pub fn result(&mut self, name: &str, shape: TensorShape) -> TensorId {
        self.real(name, shape, &vec![f32::NAN; shape.len()])
    }

    /// A result of words, which begins as what no operation gives.
    pub fn result_words(&mut self, name: &str, shape: TensorShape) -> TensorId {
        self.word(name, shape, &vec![u32::MAX; shape.len()])
    }

    /// A call, on the last tape.
    pub fn call(&mut self, op: impl Into<Op>) {
        let tape = self.program.tapes.last_mut().expect("a machine has a tape");
        tape.push(Entry { layer: "golden".into(), op: op.into() });
    }

    /// Begins another tape.
    pub fn next_tape(&mut self) {
        self.program.tapes.push(Vec::new());
    }

    /// Loads the program and writes its inputs.
    pub fn load(self, device: &Device) -> Result<Executor, Stop> {
        let mut executor = Executor::load(device, Arc::new(self.program))?;
        for (id, values) in &self.reals {
            executor.write(*id, values)?;
        }
        for (id, values) in &self.words {
            executor.write_words(*id, values)?;
        }
        Ok(executor)
    }

    /// Loads the program and runs its only tape.
    pub fn run(self, device: &Device) -> Result<Executor, Stop> {
        let mut executor = self.load(device)?;
        executor.run(0, &step(0.0))?;
        Ok(executor)
    }
}

/// A step of a learning rate; golden cases draw nothing.
pub fn step(rate: f64) -> Step {
    Step { iteration: 0, rate, dropout: Stream::named("golden"), first_image: 0 }
}
