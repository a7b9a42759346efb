//! How the results of a case are judged.

use super::{
    case::{Case, Outcome},
    difference::CENTRAL_LIMIT,
    line::Line,
    rule::Largest,
};
use crate::ops::{Device, OpsError, TensorId};

impl Case {
    /// Runs the case on a device and on the reference, and judges the results.
    pub fn check(&self, device: &Device) -> Result<Line, OpsError> {
        self.judge(&self.run(device)?)
    }

    /// Judges results, wherever the case was run, against those of the reference.
    pub fn judge(&self, got: &Outcome) -> Result<Line, OpsError> {
        let want = self.run(&Device::Reference)?;
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
            && (error.is_nan() || error > CENTRAL_LIMIT)
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
