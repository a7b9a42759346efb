//! Element-wise addition, and what its gradients need: a sum of one term is a copy, and a gradient is added to another.

use super::{Absorbed, Cost, Epilogue, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, read_write, write},
    host::{ImageDims, Real},
};

/// `y = a + b`, or `y = a` where there is no b, passed through the rectifier where `relu` says so; overwrites y.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Dimensions.
    pub dims: ImageDims,
    /// The first term.
    pub a: TensorId,
    /// The second term, if there is one.
    pub b: Option<TensorId>,
    /// The sum, which is neither term.
    pub y: TensorId,
    /// Whether y is `max(y, 0)` in the end.
    pub relu: bool,
}

/// `dx = dx + dy`: adds the gradient that came by one reader of a tensor to the one that came by others, which dx
/// holds.
#[derive(Clone, Debug)]
pub struct Backward {
    /// Dimensions.
    pub dims: ImageDims,
    /// The gradient of a sum, which is that of each of its terms.
    pub dy: TensorId,
    /// The gradient of a term, which is added to.
    pub dx: TensorId,
    /// The term, where it is the output of a rectifier: dx is 0 where it is not positive.
    pub rectified: Option<TensorId>,
}

fn elements(dims: &ImageDims, tensors: usize) -> Cost {
    Cost { macs: 0, elements: (tensors * dims.n * dims.features()) as u64 }
}

impl Operation for Forward {
    const STEM: &'static str = "add";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        elements(&self.dims, 2 + usize::from(self.b.is_some()))
    }
    fn reads(&self) -> Vec<TensorId> {
        [self.a].into_iter().chain(self.b).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.y]
    }
    fn as_epilogues(&self) -> Vec<Epilogue> {
        let Self { a, y: sum, .. } = *self;
        let either = |b| vec![Epilogue::Add { term: a, other: b, sum }, Epilogue::Add { term: b, other: a, sum }];
        // A sum that is rectified is more than a sum.
        self.b.filter(|_| !self.relu).map_or_else(Vec::new, either)
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        epilogue.rectified(self.y, &mut self.relu)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.y.0, |m, y| {
            cpu::add::forward(&m.real[self.a.0], self.b.map(|b| &m.real[b.0][..]), y, self.relu);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for y in recorder.parts(self.y.0) {
            let a = recorder.beside(self.a.0, y)?;
            let b = self.b.map_or(Ok(a), |b| recorder.beside(b.0, y))?;
            let vectors = y.rows * recorder.row_elements(self.y.0) / 4;
            let parameters = AddParameters {
                vectors: vectors as u32,
                terms: 1 + u32::from(self.b.is_some()),
                rectified: u32::from(self.relu),
            };
            let bindings = [read(a), read(b), write(y)];
            recorder.dispatch(&FORWARD, &[], &parameters, &bindings, vectors.div_ceil(256) as u64)?;
        }
        Ok(())
    }
}

impl Operation for Backward {
    const STEM: &'static str = "add";
    fn pass(&self) -> &'static str {
        "backward"
    }
    fn cost(&self) -> Cost {
        elements(&self.dims, 3)
    }
    fn reads(&self) -> Vec<TensorId> {
        [self.dy, self.dx].into_iter().chain(self.rectified).collect()
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.dx]
    }
    fn as_epilogues(&self) -> Vec<Epilogue> {
        // What is masked is more than a sum.
        let sum = Epilogue::Accumulate { dx: self.dx, dy: self.dy };
        if self.rectified.is_none() { vec![sum] } else { Vec::new() }
    }
    fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
        epilogue.masked(self.dx, &mut self.rectified)
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.dx.0, |m, dx| {
            cpu::add::backward(&m.real[self.dy.0], dx, self.rectified.map(|x| &m.real[x.0][..]));
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        for dx in recorder.parts(self.dx.0) {
            let dy = recorder.beside(self.dy.0, dx)?;
            let x = self.rectified.map_or(Ok(dy), |x| recorder.beside(x.0, dx))?;
            let vectors = dx.rows * recorder.row_elements(self.dx.0) / 4;
            let parameters =
                AddParameters { vectors: vectors as u32, terms: 2, rectified: u32::from(self.rectified.is_some()) };
            let bindings = [read(dy), read(x), read_write(dx)];
            recorder.dispatch(&BACKWARD, &[], &parameters, &bindings, vectors.div_ceil(256) as u64)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("add", ["grid", "rectifier"]);
parameters! {
    /// The parameters of both kernels.
    struct AddParameters { vectors: u32, terms: u32, rectified: u32 }
}
kernels!(SHADER, AddParameters:
    FORWARD = "forward" [1 Read, 2 Read, 3 Write],
    BACKWARD = "backward" [1 Read, 2 Read, 3 ReadWrite],
);
