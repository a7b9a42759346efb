//! What an adapter multiplies and adds, and moves, at most: the measure that operations are held against.

use super::{
    Access, Gpu, GpuError, Kernel, Module, Parameters, Session, Shader, StepValues, TensorSpec, kernel::parameters,
    read, write,
};
use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

const fn module(name: &'static str, text: &'static str) -> Module {
    Module { name, text, names: Cow::Borrowed(&[]) }
}

/// The probes' shader, which belongs to no operation.
pub static PROBES: Shader = Shader {
    name: Cow::Borrowed("peak"),
    stem: "peak",
    modules: Cow::Borrowed(&[
        module("shared/grid", include_str!("../../shaders/shared/grid.wgsl")),
        module("probes/peak", include_str!("../../shaders/probes/peak.wgsl")),
    ]),
    sizes: Cow::Borrowed(&[]),
};

parameters! {
    /// The parameters of both probes.
    pub struct PeakParameters { vectors: u32, rounds: u32, factor: f32, term: f32 }
}

const BINDINGS: Cow<'static, [(u32, Access)]> =
    Cow::Borrowed(&[(0, Access::Uniform), (1, Access::Read), (2, Access::Write)]);
/// The probe of multiply-adds.
pub static MULTIPLY_ADD: Kernel =
    Kernel { shader: &PROBES, entry: "multiply_add", bindings: BINDINGS, parameters: PeakParameters::TABLE };
/// The probe of the memory.
pub static MOVE_ONCE: Kernel =
    Kernel { shader: &PROBES, entry: "move_once", bindings: BINDINGS, parameters: PeakParameters::TABLE };

/// Invocations that multiply: enough for every adapter of today to be full.
const MULTIPLYING: usize = 1 << 18;
/// Multiply-adds of an invocation in one round: eight times eight vectors of four.
const IN_A_ROUND: f64 = 256.0;
/// Bytes that are moved from: more than any cache holds.
const MOVED: u64 = 256 << 20;
/// A measurement that takes less says more of the submission than of the adapter.
const LONG_ENOUGH: Duration = Duration::from_millis(50);
/// Measurements, of which the best counts.
const TRIES: usize = 5;

/// The most multiply-adds per second on registers, in single precision.
pub fn multiply_adds_per_second(gpu: &Arc<Gpu>) -> Result<f64, GpuError> {
    let mut rounds = 16;
    loop {
        let mut probe = Probe::new(gpu, &MULTIPLY_ADD, MULTIPLYING, rounds)?;
        let first = probe.seconds()?;
        if first < LONG_ENOUGH.as_secs_f64() && rounds < 1 << 20 {
            rounds *= 4;
            continue;
        }
        return Ok(MULTIPLYING as f64 * f64::from(rounds) * IN_A_ROUND / probe.best(first)?);
    }
}

/// The most bytes a second between memory and registers, read and written ones together.
pub fn bytes_per_second(gpu: &Arc<Gpu>) -> Result<f64, GpuError> {
    let vectors = (MOVED.min(gpu.limits().segment_bytes()) / 16) as usize;
    let mut probe = Probe::new(gpu, &MOVE_ONCE, vectors, 1)?;
    let first = probe.seconds()?;
    Ok(32.0 * vectors as f64 / probe.best(first)?)
}

/// One dispatch, ready to be timed.
struct Probe {
    session: Session,
    tape: usize,
}

impl Probe {
    fn new(gpu: &Arc<Gpu>, kernel: &'static Kernel, vectors: usize, rounds: u32) -> Result<Self, GpuError> {
        let tensors = ["peak/x", "peak/y"].map(|name| TensorSpec::whole(name, 1, 16 * vectors));
        let mut session = Session::new(Arc::clone(gpu), tensors.to_vec())?;
        let tape = session.tape(|recorder| {
            recorder.operation("peak", None);
            let parameters = PeakParameters { vectors: vectors as u32, rounds, factor: 0.999, term: 1e-3 };
            let bindings = [read(recorder.whole(0)?), write(recorder.whole(1)?)];
            recorder.dispatch(kernel, &[], &parameters, &bindings, vectors.div_ceil(256) as u64)
        })?;
        let mut probe = Self { session, tape };
        // The first submission pays for zeroed memory and for the driver's compilation.
        probe.seconds()?;
        Ok(probe)
    }

    /// Seconds of one run: by the device's clock where it has one.
    fn seconds(&mut self) -> Result<f64, GpuError> {
        let values = StepValues::default();
        let timed = self.session.run_timed(self.tape, 1, &values)?;
        if let Some(seconds) = timed.and_then(|seconds| seconds.first().copied()).filter(|seconds| *seconds > 0.0) {
            return Ok(seconds);
        }
        let start = Instant::now();
        self.session.run(self.tape, &values)?;
        self.session.finish()?;
        Ok(start.elapsed().as_secs_f64())
    }

    fn best(&mut self, first: f64) -> Result<f64, GpuError> {
        (1..TRIES).try_fold(first, |best, _| Ok(best.min(self.seconds()?)))
    }
}
