//! What a check reports.

use serde::Serialize;
use std::fmt;

/// The result of one case on one device.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The operation's stem.
    pub op: &'static str,
    /// The configuration in words and numbers.
    pub configuration: String,
    /// The passes that ran.
    pub passes: Vec<&'static str>,
    /// The result with the largest share of its limit, such as `dw`.
    pub worst: String,
    /// Its largest error, in units of its bound (see `Rule`).
    pub error: f64,
    /// The accepted number of units.
    pub limit: f64,
    /// The largest relative error of the reference's gradients against central differences;
    /// none where the operation has no gradient or the inputs lie on a kink.
    pub central_difference: Option<f64>,
    /// Whether everything is accepted.
    pub ok: bool,
    /// What is wrong, where something is.
    pub complaint: Option<String>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ok { "ok" } else { "WRONG" };
        write!(f, "{:<21} {:<64} ", self.op, self.configuration)?;
        write!(f, "{:>8.2} of {:<5} {:<8}", self.error, self.limit, self.worst)?;
        match self.central_difference {
            Some(error) => write!(f, " f64 {error:>7.1e}")?,
            None => write!(f, " {:11}", "")?,
        }
        write!(f, " {verdict}")?;
        self.complaint.as_ref().map_or(Ok(()), |complaint| write!(f, "  {complaint}"))
    }
}

/// The results of all cases on one device.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Cases that ran.
    pub cases: usize,
    /// Cases that are not accepted.
    pub failed: usize,
    /// The largest error as a share of its limit: at most 1 where nothing failed.
    pub largest_share: f64,
    /// The largest relative error of the reference against central differences.
    pub largest_central_difference: f64,
}

impl Summary {
    /// Whether every case is accepted.
    pub const fn ok(&self) -> bool {
        self.cases > 0 && self.failed == 0
    }

    /// Counts a case.
    pub fn count(&mut self, line: &Line) {
        self.cases += 1;
        self.failed += usize::from(!line.ok);
        if line.error > 0.0 {
            self.largest_share = self.largest_share.max(line.error / line.limit);
        }
        if let Some(central) = line.central_difference {
            self.largest_central_difference = self.largest_central_difference.max(central);
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cases, failed) = (self.cases, self.failed);
        writeln!(f, "{cases} cases, {failed} wrong; largest error {:.1}% of its bound", 100.0 * self.largest_share)?;
        write!(f, "f64 against central differences: {:.1e} relative at most", self.largest_central_difference)
    }
}
