//! The plain records a report is made from: the runs of a study, and their curves.
//!
//! Nothing here knows how a run was made; whoever holds such records (this program's runner, a published
//! table, a test) can have them reported.

use serde::{Deserialize, Serialize};

pub use super::kind::Kind;
use super::{error::ReportError, json_nan::null_is_nan, statistics::mean};
pub use crate::protocol::{Arm, State, USUAL_MARGIN};

/// How many evaluations a curve needs before the mean of its ten highest may be reported.
///
/// Choosing the best of few evaluations rewards noise; with the paper's 450 the effect is below 0.1 points.
pub const EVALUATIONS_FOR_BEST_TEN: usize = 100;

/// How many standard errors a network must stand above chance to have learnt something.
const ERRORS_ABOVE_CHANCE: f64 = 3.0;

/// One evaluation on the test set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// Training steps done so far.
    pub step: u64,
    /// Passes over the training set done so far; NaN where unknown.
    #[serde(deserialize_with = "null_is_nan")]
    pub epoch: f64,
    /// Mean training loss since the evaluation before, in nats; NaN (`null` in JSON) where none was recorded.
    #[serde(deserialize_with = "null_is_nan")]
    pub train_loss: f64,
    /// Mean test loss, in nats.
    #[serde(deserialize_with = "null_is_nan")]
    pub loss: f64,
    /// Share of test images whose class was ranked first, 0 to 1.
    #[serde(deserialize_with = "null_is_nan")]
    pub top1: f64,
    /// Share of test images whose class was among the first five, 0 to 1.
    #[serde(deserialize_with = "null_is_nan")]
    pub top5: f64,
    /// Test images seen in this evaluation.
    pub images: u64,
    /// Seconds since the run started.
    pub seconds: f64,
}

/// One network: what was trained, how it went, and how to train it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Unique within the study, such as `s0-r0-A3B+`.
    pub name: String,
    /// The class split; all runs of one split form one cluster.
    pub split: String,
    /// The seed replicate; a run is paired with the base of the same replicate.
    pub replicate: u32,
    /// What was trained.
    pub arm: Arm,
    /// How many layers were copied (or left random); `None` for a base and a restart.
    pub n: Option<u32>,
    /// Half whose weights were copied, if any.
    pub source: Option<String>,
    /// What A is, of a base on it and of what derives from that, where A is several things in turn: a study of
    /// distance.
    #[serde(default)]
    pub source_task: Option<String>,
    /// Half trained and tested on.
    pub target: String,
    /// Most training images of a class, where the training set was reduced.
    #[serde(default)]
    pub train_size: Option<usize>,
    /// Which of several bases, restarts or bases of double length of one target: they are averaged within it. All
    /// other runs derive from draw 0.
    #[serde(default)]
    pub draw: u32,
    /// Where the run stands.
    pub state: State,
    /// Evaluations on the test set in order of step.
    pub curve: Vec<Evaluation>,
    /// Evaluations on held-out images, of bases where they were asked for: what shows a plateau. They have no training
    /// loss.
    #[serde(default)]
    pub held_out: Vec<Evaluation>,
    /// What went wrong, or was done otherwise than asked for.
    pub message: Option<String>,
    /// Wall-clock seconds spent on the run.
    pub seconds: f64,
    /// Multiply-adds of training and evaluation, where they are known.
    #[serde(default)]
    pub work: Option<f64>,
    /// Share of the test images that the most frequent class has, where it is known: what a network scores that takes
    /// every image for the same.
    #[serde(default)]
    pub chance: Option<f64>,
    /// The command that makes this run again.
    pub command: String,
}

/// Which number of a curve is the run's result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reported {
    /// The last evaluation's top-1 accuracy. Nothing is chosen by looking at the test set.
    #[default]
    #[serde(rename = "last")]
    Last,
    /// The mean of the ten highest top-1 accuracies, as in the paper; slightly optimistic, and refused for
    /// curves of fewer than [`EVALUATIONS_FOR_BEST_TEN`] evaluations. Rounded to six decimals.
    #[serde(rename = "best10")]
    BestTen,
}

/// Rounds a share to six decimals, as the authors' tables do: their logs hold no more, and an accuracy on 50,000
/// images moves in steps of 0.00002.
fn six_decimals(share: f64) -> f64 {
    format!("{share:.6}").parse().unwrap_or(share)
}

impl Run {
    /// The run's result, a share of 1: the last top-1 accuracy or `mean of the ten highest`.
    ///
    /// `None` for a run that is not done, has no evaluation, or ends on a number that is not finite.
    ///
    /// # Errors
    /// [`ReportError::TooFewEvaluations`] where the ten highest are asked of a short curve.
    pub fn value(&self, reported: Reported) -> Result<Option<f64>, ReportError> {
        if self.state != State::Done {
            return Ok(None);
        }
        let value = match reported {
            Reported::Last => self.curve.last().map(|e| e.top1),
            Reported::BestTen => {
                let (run, found, needed) = (self.name.clone(), self.evaluations(), EVALUATIONS_FOR_BEST_TEN);
                if found < needed {
                    return Err(ReportError::TooFewEvaluations { run, found, needed });
                }
                let mut top1: Vec<f64> = self.curve.iter().map(|e| e.top1).filter(|v| v.is_finite()).collect();
                top1.sort_by(f64::total_cmp);
                let best = &top1[top1.len().saturating_sub(10)..];
                mean(best).map(six_decimals)
            }
        };
        Ok(value.filter(|v| v.is_finite()))
    }

    /// Whether another record of the same network says the same: one that is still to be made says nothing.
    #[must_use]
    pub fn agrees_with(&self, other: &Run) -> bool {
        let unmade = |run: &Run| matches!(run.state, State::Pending | State::Running | State::Interrupted);
        let same = |(a, b): (&Evaluation, &Evaluation)| {
            a.step == b.step && a.top1.to_bits() == b.top1.to_bits() && a.loss.to_bits() == b.loss.to_bits()
        };
        let as_long = self.curve.len() == other.curve.len();
        unmade(self)
            || unmade(other)
            || (self.state == other.state && as_long && self.curve.iter().zip(&other.curve).all(same))
    }

    /// Whether the run ended where a network stands that has learnt nothing: no more than three standard errors,
    /// `sqrt(c (1 - c) / images)`, above chance c. False where chance is not known.
    #[must_use]
    pub fn ended_at_chance(&self) -> bool {
        let (Some(chance), Some(last)) = (self.chance, self.curve.last()) else { return false };
        let error = (chance * (1.0 - chance) / last.images.max(1) as f64).sqrt();
        last.top1 <= chance + ERRORS_ABOVE_CHANCE * error
    }

    /// The evaluations that show a plateau: those on held-out images where there are some, else those of the curve.
    #[must_use]
    pub fn towards_plateau(&self) -> &[Evaluation] {
        if self.held_out.is_empty() { &self.curve } else { &self.held_out }
    }

    /// The last evaluation of the first two thirds of the schedule, of those that show a plateau; `None` where none was
    /// made.
    #[must_use]
    pub fn at_two_thirds(&self) -> Option<&Evaluation> {
        let evaluations = self.towards_plateau();
        let last = evaluations.last()?.step;
        // Evaluations have whole distances, so that the one at two thirds may be a little later: a hundredth of all
        // steps.
        evaluations.iter().rfind(|e| e.step > 0 && 300 * e.step <= 203 * last && e.top1.is_finite())
    }

    /// Whether the run is a base on one of several sources of a study of distance: nothing is compared with it, because
    /// no other network has its target.
    #[must_use]
    pub fn is_source(&self) -> bool {
        self.arm == Arm::Base && self.source_task.is_some()
    }

    /// How many evaluations the run made, those included that an incomplete log has lost: as many as the smallest
    /// distance between two of them fits into the steps.
    fn evaluations(&self) -> usize {
        let distances = self.curve.windows(2).map(|pair| pair[1].step.saturating_sub(pair[0].step));
        let made = distances.filter(|d| *d > 0).min().and_then(|every| Some(self.curve.last()?.step / every));
        made.and_then(|made| usize::try_from(made).ok()).unwrap_or(0).max(self.curve.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(top1: &[f64]) -> Run {
        let curve = top1.iter().enumerate().map(|(i, &top1)| Evaluation {
            step: i as u64,
            epoch: 0.0,
            train_loss: f64::NAN,
            loss: 1.0,
            top1,
            top5: 1.0,
            images: 10,
            seconds: 0.0,
        });
        Run {
            name: "s0-r0-baseA".into(),
            split: "0".into(),
            replicate: 0,
            arm: Arm::Base,
            n: None,
            source: None,
            target: "A".into(),
            train_size: None,
            source_task: None,
            draw: 0,
            held_out: Vec::new(),
            state: State::Done,
            curve: curve.collect(),
            message: None,
            seconds: 0.0,
            work: None,
            chance: None,
            command: String::new(),
        }
    }

    #[test]
    fn a_run_at_chance_is_known_by_its_last_evaluation() {
        let at = |top1: f64| {
            let mut run = Run { chance: Some(0.2), ..run(&[0.9, top1]) };
            run.curve[1].images = 1000;
            run.ended_at_chance()
        };
        // Three standard errors of 1,000 images are 3.8 points.
        assert!(at(0.2) && at(0.19) && at(0.237) && !at(0.239) && !at(0.9));
        assert!(!run(&[0.2]).ended_at_chance(), "nothing is known of chance");
    }

    #[test]
    fn two_thirds_of_a_schedule_are_looked_up_among_its_evaluations() {
        let of = |steps: &[u64]| {
            let mut run = run(&vec![0.5; steps.len()]);
            run.curve.iter_mut().zip(steps).for_each(|(e, step)| e.step = *step);
            run.at_two_thirds().map(|e| e.step)
        };
        assert_eq!(of(&[300, 600, 900]), Some(600));
        assert_eq!(of(&[261, 522, 782]), Some(522));
        assert_eq!(of(&[209, 418, 627, 836, 1045, 1250]), Some(836));
        assert_eq!(of(&[1564, 3128, 4690]), Some(3128));
        assert_eq!(of(&[400, 800]), Some(400));
        assert_eq!(of(&[782]), None);
        assert_eq!(of(&[0, 782]), None);
        // Held-out images come first where there are some.
        let held_out = run(&[0.3, 0.4, 0.5]).curve;
        let watched = Run { held_out, ..run(&[0.9]) };
        assert_eq!(watched.towards_plateau().len(), 3);
        assert!(run(&[0.9]).towards_plateau().len() == 1 && watched.at_two_thirds().is_none_or(|e| e.top1 < 0.9));
    }

    #[test]
    fn the_last_evaluation_is_reported_even_if_an_earlier_one_was_higher() {
        assert_eq!(run(&[0.1, 0.9, 0.5]).value(Reported::Last).unwrap(), Some(0.5));
    }

    #[test]
    fn the_ten_highest_are_refused_for_a_short_curve() {
        let error = run(&[0.5; 99]).value(Reported::BestTen).unwrap_err();
        assert!(error.to_string().contains("99 evaluations"), "{error}");
    }

    #[test]
    fn the_ten_highest_of_a_long_curve_are_averaged() {
        let curve: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
        let value = run(&curve).value(Reported::BestTen).unwrap().unwrap();
        approx::assert_relative_eq!(value, 0.9725, epsilon = 1e-12);
    }

    #[test]
    fn evaluations_that_a_log_has_lost_count_as_made() {
        let mut late = run(&[0.5; 90]);
        for (i, e) in late.curve.iter_mut().enumerate() {
            e.step = 361_000 + 1000 * i as u64;
        }
        assert_eq!(late.evaluations(), 450);
        assert!(late.value(Reported::BestTen).is_ok());
    }

    #[test]
    fn a_run_that_ends_on_nan_has_no_result() {
        assert_eq!(run(&[0.5, f64::NAN]).value(Reported::Last).unwrap(), None);
        assert_eq!(run(&[]).value(Reported::Last).unwrap(), None);
    }

    #[test]
    fn nan_survives_json_as_null() {
        let text = serde_json::to_string(&run(&[0.5])).unwrap();
        assert!(text.contains("\"train_loss\":null"), "{text}");
        let back: Run = serde_json::from_str(&text).unwrap();
        assert!(back.curve[0].train_loss.is_nan());
        assert!(text.contains("\"arm\":\"base\"") && text.contains("\"state\":\"done\""), "{text}");
    }
}
