//! The rules of the golden cases: when a result is accepted.

use super::{
    case::{Case, Named, Stop},
    npy::Array,
};
use strata::ops::check::{LIMIT, LRN_LIMIT, Rule};

/// The verdict on a case whose results are accepted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verdict {
    /// The largest error in units of its bound, or its share of the tolerance where there is no bound.
    pub worst: f64,
    /// For cases of ONNX: whether 1e-5 relative plus 1e-6 is met, too.
    pub tight: Option<bool>,
    /// Outputs that were skipped.
    pub skipped_outputs: usize,
}

/// A result with its shape.
#[derive(Debug)]
pub struct Got {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Got {
    pub fn new(shape: &[usize], values: Vec<f64>) -> Self {
        Self { shape: shape.to_vec(), values }
    }
}

fn same_shape(name: &str, got: &Got, want: &Array) -> Result<(), Stop> {
    let elements: usize = want.shape.iter().product();
    if got.shape != want.shape || got.values.len() != elements {
        return Err(
            format!("{name} has shape {:?} ({}), expected {:?}", got.shape, got.values.len(), want.shape).into()
        );
    }
    Ok(())
}

/// Judges one result of a gradient case by a rule.
pub fn by_rule(name: &str, got: &Got, want: &Array, rule: &Rule) -> Result<f64, Stop> {
    same_shape(name, got, want)?;
    let wide = want.wide();
    let largest = rule.largest(&got.values, &wide, &[]);
    if largest.ok() {
        return Ok(largest.units);
    }
    let (got, want) = (got.values[largest.element], wide[largest.element]);
    let (element, units, limit) = (largest.element, largest.units, largest.limit);
    Err(format!("{name}: element {element} is {got:e}, expected {want:e}: {units:.1} units, accepted {limit}").into())
}

/// The rule of a gradient case's output: its bound, or exact where it has none.
pub fn rule_of(case: &Case, output: &Named) -> Rule {
    let limit = if ["lrn", "batchnorm"].contains(&case.op.as_str()) { LRN_LIMIT } else { LIMIT };
    output.bound.as_ref().map_or(Rule::Exact, |bound| Rule::Bound { bound: bound.wide(), limit })
}

/// Where the note says "exactly 0", elements without any term are compared with `==`.
pub fn exact_zeros(case: &Case, output: &Named, got: &Got) -> Result<(), Stop> {
    if !case.note.contains("exactly 0") {
        return Ok(());
    }
    let bound = output.bound.as_ref().map_or_else(|| output.array.wide(), Array::wide);
    let wrong =
        got.values.iter().zip(output.array.wide()).zip(bound).position(|((&g, w), b)| w == 0.0 && b == 0.0 && g != 0.0);
    wrong.map_or(Ok(()), |at| {
        Err(format!("{}: element {at} is {:e}, not exactly 0", output.name, got.values[at]).into())
    })
}

/// Judges one result by its error's norm over the expected norm; gives the share of the tolerance.
pub fn by_norm(name: &str, got: &Got, want: &Array, tolerance: f64) -> Result<f64, Stop> {
    same_shape(name, got, want)?;
    let wide = want.wide();
    let error = got.values.iter().zip(&wide).map(|(g, w)| (g - w).powi(2)).sum::<f64>().sqrt();
    let norm = wide.iter().map(|w| w * w).sum::<f64>().sqrt();
    // A NaN is not below anything.
    if error <= tolerance * norm {
        return Ok(if norm > 0.0 { error / norm / tolerance } else { 0.0 });
    }
    Err(format!("{name}: relative error {:e} by norm, accepted {tolerance:e}", error / norm).into())
}

/// Judges the results of a case of ONNX, in the order of its slots, by its own tolerances.
pub fn by_tolerance(case: &Case, got: &[Got]) -> Result<Verdict, Stop> {
    let (rtol, atol) = (case.rtol.ok_or("the case has no rtol")?, case.atol.ok_or("the case has no atol")?);
    let mut verdict = Verdict { tight: Some(true), ..Verdict::default() };
    if case.outputs.is_empty() {
        return Err("the case has no outputs".into());
    }
    for output in &case.outputs {
        let got =
            got.get(output.slot).ok_or_else(|| Stop::Fail(format!("output {} is not understood", output.name)))?;
        same_shape(&output.name, got, &output.array)?;
        let whole = !matches!(output.array.dtype(), "float32" | "float64");
        for (at, (&got, want)) in got.values.iter().zip(output.array.wide()).enumerate() {
            if got == want {
                continue;
            }
            let (error, allowed) = ((got - want).abs(), atol + rtol * want.abs());
            if whole || error.is_nan() || error > allowed {
                return Err(format!("{}: element {at} is {got:e}, expected {want:e}", output.name).into());
            }
            verdict.worst = verdict.worst.max(error / allowed);
            verdict.tight = Some(verdict.tight == Some(true) && error <= 1e-6 + 1e-5 * want.abs());
        }
    }
    Ok(verdict)
}
