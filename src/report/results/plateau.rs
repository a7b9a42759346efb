//! Whether the bases were trained until they stopped improving.

use serde::Serialize;

use super::super::{
    run::{Arm, Run},
    statistics::{Estimate, estimate},
};
use super::sheet::Sheet;

/// Bases that gain less than this many points over the last third of their schedule have reached a plateau.
const PLATEAU: f64 = 0.2;

/// What the bases gained over the last third of their schedule.
#[derive(Clone, Debug, Serialize)]
pub struct Plateau {
    /// The last evaluation minus the last one of the first two thirds, in points; `None` where no base has both.
    pub gain: Option<Estimate>,
    /// The mean gain that is asked for at most, in points.
    pub limit: f64,
    /// Whether the mean gain is below the limit; `None` where it is not known.
    pub reached: Option<bool>,
}

/// The gain of all finished bases on whole training sets.
pub(super) fn plateau(sheet: &Sheet) -> Plateau {
    let mut sample = sheet.levels(Arm::Base, &(0..=0));
    let gains = sheet.of(Arm::Base).map(|one| gain_of_last_third(one.run));
    let seen = sample.seen.drain(..).zip(gains).filter_map(|(mut o, gain)| {
        o.value = gain?;
        Some(o)
    });
    let sample = sheet.sample(seen.collect());
    let gain = estimate(&sample);
    let reached = gain.as_ref().map(|gain| gain.mean < PLATEAU);
    Plateau { gain, limit: PLATEAU, reached }
}

/// How much a run's accuracy rose over the last third of its schedule, in points.
pub(super) fn gain_of_last_third(run: &Run) -> Option<f64> {
    let last = run.towards_plateau().last().filter(|e| e.top1.is_finite())?;
    Some((last.top1 - run.at_two_thirds()?.top1) * 100.0)
}
