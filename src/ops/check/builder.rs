//! Puts a case together: inputs, results and calls, in the order in which a reader would name them.

use super::{
    case::{Answer, Case, Given, Gradient, Loss, Values},
    rule::Rule,
};
use crate::{
    host::Stream,
    ops::{Element, Op, Program, Role, Step, TensorId, TensorShape, program::Entry},
};
use std::sync::Arc;

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
        let dropout = Stream::named(&format!("check/{op}/dropout"));
        let step = Step { iteration: 0, rate: 0.0, dropout, first_image: 0 };
        let case = Case {
            op,
            configuration,
            program: Arc::default(),
            steps: vec![step],
            given: Vec::new(),
            answers: Vec::new(),
            loss: None,
        };
        Self { case, program: Program { tapes: vec![Vec::new()], ..Program::default() } }
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
        self.case.loss = upstream.map(|upstream| Loss { y, upstream, step, gradients, of_planes: Vec::new() });
    }

    /// Further gradients of the same loss, with respect to inputs over which it is a plane.
    pub fn of_planes(&mut self, gradients: Vec<Gradient>) {
        if let Some(loss) = &mut self.case.loss {
            loss.of_planes = gradients;
        }
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
