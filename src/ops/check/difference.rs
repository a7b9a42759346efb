//! The reference against central differences of itself.

use super::case::{Case, Loss, Values};
use crate::{
    host::Stream,
    ops::{Device, Executor, OpsError, TensorId},
};
use std::sync::Arc;

/// The accepted relative error of a gradient against central differences in `f64`.
pub const CENTRAL_LIMIT: f64 = 1e-6;

/// The step over a plane, as a share of the input's root mean square.
const PLANE_STEP: f64 = 1e-2;

/// Tensors up to this length are differentiated element by element, longer ones along random directions.
const ELEMENTWISE: usize = 12;

/// Random directions a tensor.
const DIRECTIONS: u32 = 3;

impl Case {
    /// The largest relative error of the reference's gradients against central differences
    /// `D(h) = (L(x + h v) - L(x - h v)) / 2h`, L being `sum(y * upstream)`, v a direction of signs (or one element).
    /// Two of them are extrapolated to a step of zero, `(4 D(h / 2) - D(h)) / 3`: a strongly curved loss would
    /// otherwise fail by the error of the difference itself, which falls with `h^2` only.
    ///
    /// The error is relative to the derivative or, where its terms cancel, to their root of squares.
    pub fn central_difference(&self) -> Result<Option<f64>, OpsError> {
        let Some(loss) = &self.loss else { return Ok(None) };
        let mut executor = Executor::load(&Device::Reference, Arc::clone(&self.program))?;
        let mut largest = 0.0_f64;
        let curved = loss.gradients.iter().map(|gradient| (gradient, loss.step));
        for (gradient, step) in curved.chain(loss.of_planes.iter().map(|gradient| (gradient, PLANE_STEP))) {
            let Some(x) = self.real(gradient.of) else { continue };
            self.write(&mut executor, false)?;
            self.run_tapes(&mut executor)?;
            let dx = executor.read_f64(gradient.by)?;
            let mean_square = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
            let h = step * if mean_square > 0.0 { mean_square.sqrt() } else { 1.0 };
            for direction in directions(x.len()) {
                let mut along = |step: f64| {
                    let moved: Vec<f64> = x.iter().zip(&direction).map(|(x, v)| x + step * v).collect();
                    self.loss_at(&mut executor, loss, gradient.of, &moved)
                };
                let mut central = |h: f64| Ok::<f64, OpsError>((along(h)? - along(-h)?) / (2.0 * h));
                let numeric = (4.0 * central(0.5 * h)? - central(h)?) / 3.0;
                let terms = dx.iter().zip(&direction).map(|(g, v)| g * v);
                let exact: f64 = terms.clone().sum();
                let scale = exact.abs().max(terms.map(|t| t * t).sum::<f64>().sqrt());
                let error = (numeric - exact).abs();
                // Where the gradient is zero, so must the difference be, up to its own rounding.
                let relative = if scale > 0.0 { error / scale } else { error };
                largest = if relative.is_nan() { f64::INFINITY } else { largest.max(relative) };
            }
        }
        Ok(Some(largest))
    }

    fn real(&self, id: TensorId) -> Option<Vec<f64>> {
        self.given.iter().find(|g| g.id == id).and_then(|g| match &g.values {
            Values::Real(values) => Some(values.iter().map(|&v| f64::from(v)).collect()),
            _ => None,
        })
    }

    fn loss_at(&self, executor: &mut Executor, loss: &Loss, of: TensorId, x: &[f64]) -> Result<f64, OpsError> {
        self.write(executor, false)?;
        executor.write_f64(of, x)?;
        self.run_tapes(executor)?;
        Ok(executor.read_f64(loss.y)?.iter().zip(&loss.upstream).map(|(y, dy)| y * dy).sum())
    }
}

fn directions(len: usize) -> Vec<Vec<f64>> {
    if len <= ELEMENTWISE {
        return (0..len).map(|i| (0..len).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    }
    let stream = Stream::named("check/directions");
    let sign = |index: usize, page: u32| if stream.words(index as u64, page)[0] >> 31 == 0 { 1.0 } else { -1.0 };
    (0..DIRECTIONS).map(|page| (0..len).map(|index| sign(index, page)).collect()).collect()
}
