//! One case: a small program, its inputs, and how its results are judged.

use super::{
    line::Line,
    rule::{Largest, Rule},
};
use crate::{
    host::Stream,
    ops::{Device, Element, Executor, Op, OpsError, Program, Role, Step, TensorId, TensorShape, program::Entry},
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
    fn name(&self, id: TensorId) -> &str {
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

    fn run_on(&self, device: &Device, magnitudes: bool) -> Result<Outcome, OpsError> {
        let mut executor = Executor::load(device, Arc::clone(&self.program))?;
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

    /// Runs the case on a device and on the reference, and judges the results.
    pub fn check(&self, device: &Device) -> Result<Line, OpsError> {
        let (got, want) = (self.run(device)?, self.run(&Device::Reference)?);
        let magnitudes = self.run_on(&Device::Reference, true)?;
        let mut complaints = Vec::new();
        let mut worst: Option<(TensorId, Largest)> = None;
        for (index, answer) in self.answers.iter().enumerate() {
            let (got, want) = (&got.results[index], &want.results[index]);
            let largest = answer.rule.largest(got, want, &magnitudes.results[index]);
            if !largest.ok() {
                complaints.push(format!(
                    "{}: element {} is {:e}, the reference {:e}: {:.1} units, accepted {}",
                    self.name(answer.id),
                    largest.element,
                    got[largest.element],
                    want[largest.element],
                    largest.units,
                    largest.limit
                ));
            }
            let share = |l: &Largest| if l.units > 0.0 { l.units / l.limit } else { 0.0 };
            if worst.as_ref().is_none_or(|(_, w)| share(&largest) > share(w)) {
                worst = Some((answer.id, largest));
            }
        }
        complaints.extend(got.changed.iter().map(|name| format!("{name}: an input that no operation owns changed")));
        let central_difference = self.central_difference()?;
        if let Some(error) = central_difference
            && !(error <= super::CENTRAL_LIMIT)
        {
            complaints.push(format!("the reference differs from central differences by {error:e} relative"));
        }
        let mut passes: Vec<&str> = Vec::new();
        for entry in self.program.tapes.iter().flatten() {
            if !passes.contains(&entry.op.pass()) {
                passes.push(entry.op.pass());
            }
        }
        let (worst, largest) =
            worst.map_or_else(|| (String::new(), None), |(id, l)| (self.name(id).to_owned(), Some(l)));
        Ok(Line {
            op: self.op,
            configuration: self.configuration.clone(),
            passes,
            worst,
            error: largest.map_or(0.0, |l| l.units),
            limit: largest.map_or(0.0, |l| l.limit),
            central_difference,
            ok: complaints.is_empty(),
            complaint: if complaints.is_empty() { None } else { Some(complaints.join("; ")) },
        })
    }
}

/// Puts a case together.
#[derive(Debug)]
pub struct Builder {
    case: Case,
    program: Program,
}

impl Builder {
    /// An empty case with one tape.
    pub fn new(op: &'static str, configuration: impl Into<String>) -> Self {
        let configuration = configuration.into();
        let step = Step { iteration: 0, rate: 0.0, dropout: Stream::named(&format!("check/{op}/dropout")) };
        let case = Case {
            op,
            configuration,
            program: Arc::default(),
            steps: vec![step],
            given: Vec::new(),
            answers: Vec::new(),
            loss: None,
        };
        Self { case, program: Program { tensors: Vec::new(), tapes: vec![Vec::new()] } }
    }

    /// Normally distributed values that depend on the case and the name alone.
    pub fn draw(&self, name: &str, count: usize, std: f64) -> Vec<f32> {
        Stream::named(&format!("check/{}/{}/{name}", self.case.op, self.case.configuration)).normal(count, std)
    }

    /// Random words below a limit.
    pub fn draw_words(&self, name: &str, count: usize, below: u32) -> Vec<u32> {
        let stream = Stream::named(&format!("check/{}/{}/{name}", self.case.op, self.case.configuration));
        (0..count as u64).map(|i| ((u64::from(stream.words(i, 0)[0]) * u64::from(below)) >> 32) as u32).collect()
    }

    /// An input; `magnitude` says whether the bounds' run takes its absolute values.
    pub fn given(&mut self, name: &str, shape: TensorShape, values: Values, magnitude: bool) -> TensorId {
        let element = match values {
            Values::Real(_) => Element::Real,
            Values::Words(_) => Element::Word,
            Values::Bytes(_) => Element::Byte,
        };
        let id = self.program.tensor(name, Role::Input, element, shape);
        self.case.given.push(Given { id, values, magnitude });
        id
    }

    /// A normally distributed input, of which the bounds' run takes absolute values.
    pub fn drawn(&mut self, name: &str, shape: TensorShape, std: f64) -> TensorId {
        let values = self.draw(name, shape.len(), std);
        self.given(name, shape, Values::Real(values), true)
    }

    /// A result.
    pub fn result(&mut self, name: &str, shape: TensorShape, element: Element, rule: Rule) -> TensorId {
        let id = self.program.tensor(name, Role::Activation, element, shape);
        self.case.answers.push(Answer { id, rule });
        id
    }

    /// Declares an input to be a result, too: an operation updates it in place.
    pub fn in_place(&mut self, id: TensorId, rule: Rule) {
        self.case.answers.push(Answer { id, rule });
    }

    /// A call, on the last tape.
    pub fn call(&mut self, op: impl Into<Op>) {
        if let Some(tape) = self.program.tapes.last_mut() {
            tape.push(Entry { layer: self.case.op.into(), op: op.into() });
        }
    }

    /// Begins another tape; the last step's rate is `rate`, and so is this one's until it is changed.
    pub fn next_tape(&mut self) {
        let iteration = self.case.steps.len() as u32;
        self.program.tapes.push(Vec::new());
        self.case.steps.push(Step { iteration, ..self.case.steps[0] });
    }

    /// The learning rate of the last tape's step.
    pub fn rate(&mut self, rate: f64) {
        if let Some(step) = self.case.steps.last_mut() {
            step.rate = rate;
        }
    }

    /// What central differences are taken of; `dy` is an input of real numbers.
    pub fn loss(&mut self, y: TensorId, dy: TensorId, step: f64, gradients: Vec<Gradient>) {
        let upstream = self.case.given.iter().find(|g| g.id == dy).and_then(|g| match &g.values {
            Values::Real(values) => Some(values.iter().map(|&v| f64::from(v)).collect()),
            _ => None,
        });
        self.case.loss = upstream.map(|upstream| Loss { y, upstream, step, gradients });
    }

    /// The same with an upstream gradient of its own.
    pub fn loss_with(&mut self, loss: Loss) {
        self.case.loss = Some(loss);
    }

    /// The case.
    pub fn finish(self) -> Case {
        Case { program: Arc::new(self.program), ..self.case }
    }
}
