//! One case: a small program, its inputs and the rules for its results, and how it runs.

use super::rule::Rule;
use crate::{
    host::{Precision, precision::rounded_to_f16},
    ops::{Device, Element, Executor, OpsError, Program, Step, TensorId},
};
use std::sync::Arc;

/// The values of an input, in outer order.
#[derive(Clone, Debug)]
pub enum Values {
    /// Real numbers.
    Real(Vec<f32>),
    /// Words.
    Words(Vec<u32>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// An input.
#[derive(Clone, Debug)]
pub struct Given {
    /// The tensor.
    pub id: TensorId,
    /// Its values.
    pub values: Values,
    /// Whether the bounds' run takes absolute values of it.
    pub magnitude: bool,
}

/// A result that is judged.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The tensor. One that is an input, too, is updated in place; any other is filled with NaN before.
    pub id: TensorId,
    /// How it is judged.
    pub rule: Rule,
}

/// A pair of tensors of which one is the gradient with respect to the other.
#[derive(Clone, Copy, Debug)]
pub struct Gradient {
    /// The input.
    pub of: TensorId,
    /// The gradient of the loss with respect to it.
    pub by: TensorId,
}

/// The loss `sum(y * upstream)` whose gradients a case computes.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The output.
    pub y: TensorId,
    /// The upstream gradient.
    pub upstream: Vec<f64>,
    /// The step of central differences, as a share of the input's root mean square.
    pub step: f64,
    /// The gradients.
    pub gradients: Vec<Gradient>,
    /// Those with respect to inputs over which the loss is a plane: no step is too long for them, and a short one would
    /// be lost in the rounding of the loss.
    pub of_planes: Vec<Gradient>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The operation's stem.
    pub op: &'static str,
    /// The configuration in words and numbers.
    pub configuration: String,
    /// The program: its tapes run in order.
    pub program: Arc<Program>,
    /// One step for each tape.
    pub steps: Vec<Step>,
    /// The inputs.
    pub given: Vec<Given>,
    /// The results.
    pub answers: Vec<Answer>,
    /// What central differences are taken of, if anything.
    pub loss: Option<Loss>,
}

/// What a run of a case gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The values of each answer, in outer order.
    pub results: Vec<Vec<f64>>,
    /// The names of inputs that changed although no operation owns them.
    pub changed: Vec<String>,
}

impl Case {
    /// The same case, but the inputs of matrix products are numbers of `f16`: mixed precision, which rounds them to
    /// such, must then stay within the bounds of single precision.
    pub fn of_f16(mut self) -> Self {
        if ["conv2d", "dense"].contains(&self.op) {
            for given in &mut self.given {
                if let Values::Real(values) = &mut given.values {
                    values.iter_mut().for_each(|value| *value = rounded_to_f16(*value));
                }
            }
            if let Some(loss) = &mut self.loss {
                // These are an input's values, too, and so of single precision.
                loss.upstream.iter_mut().for_each(|value| *value = f64::from(rounded_to_f16(*value as f32)));
            }
        }
        self
    }

    /// The program in a device's precision.
    fn program_for(&self, device: &Device) -> Arc<Program> {
        match device.precision() {
            Precision::F32 => Arc::clone(&self.program),
            precision => Arc::new(Program { precision, ..Program::clone(&self.program) }),
        }
    }

    /// The name of a tensor.
    pub(super) fn name(&self, id: TensorId) -> &str {
        &self.program.tensors[id.0].name
    }

    /// Writes the inputs, as they are or their absolute values, and fills every other result with what
    /// no operation gives.
    pub(super) fn write(&self, executor: &mut Executor, magnitudes: bool) -> Result<(), OpsError> {
        for answer in &self.answers {
            let tensor = &self.program.tensors[answer.id.0];
            match tensor.element {
                Element::Real => executor.write(answer.id, &vec![f32::NAN; tensor.shape.len()])?,
                Element::Word => executor.write_words(answer.id, &vec![u32::MAX; tensor.shape.len()])?,
                Element::Byte => {}
            }
        }
        for given in &self.given {
            match &given.values {
                Values::Real(values) if magnitudes && given.magnitude => {
                    executor.write(given.id, &values.iter().map(|v| v.abs()).collect::<Vec<f32>>())?;
                }
                Values::Real(values) => executor.write(given.id, values)?,
                Values::Words(values) => executor.write_words(given.id, values)?,
                Values::Bytes(values) => executor.write_bytes(given.id, values)?,
            }
        }
        Ok(())
    }

    pub(super) fn run_tapes(&self, executor: &mut Executor) -> Result<(), OpsError> {
        self.steps.iter().enumerate().try_for_each(|(tape, step)| executor.run(tape, step))
    }

    fn read(&self, executor: &mut Executor, id: TensorId) -> Result<Vec<f64>, OpsError> {
        match self.program.tensors[id.0].element {
            Element::Word => Ok(executor.read_words(id)?.into_iter().map(f64::from).collect()),
            _ => executor.read_f64(id),
        }
    }

    /// Runs the case on a device with its inputs or their absolute values, of which bounds are made.
    pub(super) fn run_on(&self, device: &Device, magnitudes: bool) -> Result<Outcome, OpsError> {
        let mut executor = Executor::load(device, self.program_for(device))?;
        self.write(&mut executor, magnitudes)?;
        self.run_tapes(&mut executor)?;
        let results: Result<_, OpsError> = self.answers.iter().map(|a| self.read(&mut executor, a.id)).collect();
        let mut changed = Vec::new();
        for given in self.given.iter().filter(|g| !magnitudes && self.answers.iter().all(|a| a.id != g.id)) {
            let same = match &given.values {
                Values::Real(values) => {
                    executor.read(given.id)?.iter().zip(values).all(|(a, b)| a.to_bits() == b.to_bits())
                }
                Values::Words(values) => executor.read_words(given.id)? == *values,
                Values::Bytes(_) => true,
            };
            if !same {
                changed.push(self.name(given.id).to_owned());
            }
        }
        Ok(Outcome { results: results?, changed })
    }

    /// Runs the case on a device.
    pub fn run(&self, device: &Device) -> Result<Outcome, OpsError> {
        self.run_on(device, false)
    }
}
