//! Every kernel on the software adapter, checked against the native executor in f64, and the laws that
//! the gpu executor keeps: the same bits run after run, however tensors are divided, whatever the batch.
//!
//! Here is what all of these tests share: the adapters, and a `Case` to run on them. `layers` makes a case of a layer,
//! `shapes` has the sizes that kernels are most likely to get wrong.

mod executor;
mod fused;
mod layers;
mod matrices;
mod reference;
mod same_bits;
mod shapes;

use std::sync::{Arc, OnceLock};
use strata::{
    gpu::{Choice, Gpu, Limits},
    host::{ImageDims, Stream},
    ops::{Device, Element, Executor, Op, Program, Role, Step, TensorId, TensorShape, program::Entry},
};

/// The software adapter with guards around every tensor; without one these tests fail and say what to install.
fn software() -> Arc<Gpu> {
    static GPU: OnceLock<Arc<Gpu>> = OnceLock::new();
    let open = || Gpu::open_limited(&Choice::Software, |limits| limits.guarded = true);
    Arc::clone(GPU.get_or_init(|| open().unwrap_or_else(|e| panic!("{e}"))))
}

fn limited(lower: impl FnOnce(&mut Limits)) -> Device {
    let opened = Gpu::open_limited(&Choice::Software, |limits| {
        limits.guarded = true;
        lower(limits);
    });
    Device::Gpu(opened.unwrap_or_else(|e| panic!("{e}")))
}

/// A program of one tape, with the values that its tensors begin with.
#[derive(Clone, Default)]
struct Case {
    program: Program,
    reals: Vec<(TensorId, Vec<f32>)>,
    words: Vec<(TensorId, Vec<u32>)>,
    bytes: Vec<(TensorId, Vec<u8>)>,
}

impl Case {
    fn real(&mut self, name: &str, shape: TensorShape) -> TensorId {
        let id = self.program.tensor(name, Role::Activation, Element::Real, shape);
        let len = shape.len();
        self.reals.push((id, Stream::named(name).normal(len, 1.0)));
        id
    }
    fn act(&mut self, name: &str, dims: ImageDims) -> TensorId {
        self.real(name, TensorShape::Activation(dims))
    }
    fn word(&mut self, name: &str, shape: TensorShape, values: impl Fn(usize) -> u32) -> TensorId {
        let id = self.program.tensor(name, Role::Input, Element::Word, shape);
        self.words.push((id, (0..shape.len()).map(values).collect()));
        id
    }
    fn op(&mut self, op: impl Into<Op>) {
        if self.program.tapes.is_empty() {
            self.program.tapes.push(Vec::new());
        }
        self.program.tapes[0].push(Entry { layer: "layer".into(), op: op.into() });
    }

    fn load(&self, device: &Device) -> Executor {
        let program = Program { precision: device.precision(), ..self.program.clone() };
        let mut executor = Executor::load(device, Arc::new(program)).unwrap_or_else(|e| panic!("{e}"));
        self.reals.iter().for_each(|(id, values)| executor.write(*id, values).unwrap());
        self.words.iter().for_each(|(id, values)| executor.write_words(*id, values).unwrap());
        self.bytes.iter().for_each(|(id, values)| executor.write_bytes(*id, values).unwrap());
        executor
    }

    /// All tensors after one run: real numbers widened, words as numbers.
    fn run(&self, device: &Device) -> Vec<Vec<f64>> {
        let mut executor = self.load(device);
        let step = Step { iteration: 7, rate: 0.1, dropout: Stream::named("dropout"), first_image: 0 };
        executor.run(0, &step).unwrap();
        self.program
            .tensors
            .iter()
            .enumerate()
            .map(|(i, tensor)| match tensor.element {
                Element::Real => executor.read_f64(TensorId(i)).unwrap(),
                Element::Word => executor.read_words(TensorId(i)).unwrap().into_iter().map(f64::from).collect(),
                Element::Byte => Vec::new(),
            })
            .collect()
    }

    /// Fails where a tensor differs from the reference by more than a part of its largest value.
    fn check(&self, what: &str) {
        self.check_on(what, &Device::Gpu(software()));
    }
    fn check_on(&self, what: &str, device: &Device) {
        let (got, want) = (self.run(device), self.run(&Device::Reference));
        for ((got, want), tensor) in got.iter().zip(&want).zip(&self.program.tensors) {
            let largest = want.iter().fold(0.0_f64, |m, v| if v.is_finite() { m.max(v.abs()) } else { m });
            for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
                let near = (got - want).abs() <= 3e-6 * largest + 1e-30 || (got.is_nan() && want.is_nan());
                assert!(near || got == want, "{what}: {}[{i}] is {got}, not {want}", tensor.name);
            }
        }
    }
}

fn bits(values: &[Vec<f64>]) -> Vec<Vec<u64>> {
    values.iter().map(|v| v.iter().map(|v| v.to_bits()).collect()).collect()
}
