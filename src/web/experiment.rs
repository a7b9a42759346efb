//! Which experiments a page can follow, and what it is told of them.

use super::{WebError, format::Study};
use crate::{
    data::normalisation::{Mean, Std},
    protocol::{Experiment, experiment_data::MeanOf},
    train::{Schedule, batches::Augmentation},
};

/// Refuses what the player does not do.
pub(super) fn check(experiment: &Experiment) -> Result<(), WebError> {
    let Experiment { data, protocol, solver, .. } = experiment;
    let refuse =
        |key, expected, got: String| Err(WebError::Setting { experiment: experiment.name.clone(), key, expected, got });
    if data.augmentation != Augmentation::None {
        return refuse("data.augmentation", "\"none\"", format!("{:?}", data.augmentation));
    }
    if data.augment_padding > 0 {
        return refuse("data.augment_padding", "0", data.augment_padding.to_string());
    }
    if data.mean != Mean::Image {
        return refuse("data.mean", "\"image\"", format!("{:?}", data.mean));
    }
    if data.std != Std::None {
        return refuse("data.std", "\"none\"", format!("{:?}", data.std));
    }
    if data.evaluate_on != "test" {
        return refuse("data.evaluate_on", "\"test\"", format!("{:?}", data.evaluate_on));
    }
    if data.train_per_class == 0 {
        return refuse("data.train_per_class", "a number of images", "0, all of them".into());
    }
    if data.test_per_class == 0 {
        return refuse("data.test_per_class", "a number of images", "0, all of them".into());
    }
    if protocol.split.is_of_different_data() {
        return refuse("protocol.split", "halves of one data set", format!("{:?}", protocol.split.name()));
    }
    if protocol.classes_per_half > 0 {
        return refuse("protocol.classes_per_half", "0", protocol.classes_per_half.to_string());
    }
    if solver.batch_parts > 1 {
        return refuse("solver.batch_parts", "1", solver.batch_parts.to_string());
    }
    if !solver.precision.is_f32() {
        return refuse("solver.precision", "\"f32\"", format!("{:?}", solver.precision.name()));
    }
    Ok(())
}

/// What a page is told.
pub(super) fn described(experiment: &Experiment, command: &str) -> Study {
    let Experiment { name, description, seed, data, protocol, solver, .. } = experiment;
    Study {
        name: name.clone(),
        description: description.clone(),
        command: command.into(),
        seed: *seed,
        steps: solver.schedule.max_iter,
        batch: solver.batch_size,
        evaluations: protocol.evaluations,
        rates: rates(&solver.schedule),
        mean_of: match data.mean_of {
            MeanOf::Source => "source",
            MeanOf::Target => "target",
        },
    }
}

/// The learning rates of a schedule, each with the first step that has it.
fn rates(schedule: &Schedule) -> Vec<(u64, f64)> {
    let mut rates: Vec<(u64, f64)> = Vec::new();
    for step in 0..schedule.max_iter {
        let rate = schedule.rate(step);
        if rates.last().is_none_or(|(_, last)| *last != rate) {
            rates.push((step, rate));
        }
    }
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(overrides: &[&str]) -> Experiment {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        Experiment::find("web", &overrides).unwrap()
    }

    #[test]
    fn rates_are_those_of_every_step_each_written_once() {
        let schedule = experiment(&["solver.max_iter=30", "solver.stepsize=12"]).solver.schedule;
        let rates = rates(&schedule);
        assert_eq!(rates.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0, 12, 24]);
        assert!(rates.iter().all(|&(step, rate)| rate == schedule.rate(step)));
    }

    #[test]
    fn what_the_player_does_not_do_is_refused_with_its_key() {
        assert!(check(&experiment(&[])).is_ok());
        for (given, key) in [
            ("data.augmentation=crop", "data.augmentation"),
            ("data.mean=channel", "data.mean"),
            ("data.test_per_class=0", "data.test_per_class"),
            ("solver.batch_parts=2", "solver.batch_parts"),
        ] {
            let error = check(&experiment(&[given])).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("a page needs"), "{error}");
        }
    }
}
