//! How long the networks of a study were trained, and on how many images.

use serde::Serialize;

use super::super::{run::Arm, study::Study};

/// Numbers of images that differ between targets: the fewest and the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The fewest.
    pub least: usize,
    /// The most.
    pub most: usize,
}

/// Steps and images of the bases on whole training sets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trained {
    /// Steps of one network.
    pub steps: u64,
    /// Images of one step.
    pub batch_size: Option<usize>,
    /// Passes over the training images.
    pub epochs: Option<f64>,
    /// Training images of a target, as steps, batch and epochs give them.
    pub train: Option<Count>,
    /// Images that each evaluation sees.
    pub evaluated: Count,
}

fn range(counts: impl Iterator<Item = usize> + Clone) -> Option<Count> {
    Some(Count { least: counts.clone().min()?, most: counts.max()? })
}

/// What the finished bases on whole training sets say.
pub(super) fn trained(study: &Study) -> Option<Trained> {
    let bases = study.runs.iter().filter(|run| run.arm == Arm::Base && run.train_size.is_none());
    let ends: Vec<_> = bases.filter_map(|run| run.curve.last()).collect();
    let steps = ends.iter().map(|end| end.step).max()?;
    let epochs = ends.iter().map(|end| end.epoch).filter(|epochs| epochs.is_finite() && *epochs > 0.0);
    let train = study.batch_size.and_then(|batch| {
        let images = ends.iter().filter(|end| end.epoch.is_finite() && end.epoch > 0.0);
        let images: Vec<usize> =
            images.map(|end| (end.step as f64 * batch as f64 / end.epoch).round() as usize).collect();
        range(images.into_iter())
    });
    let seen: Vec<usize> = ends.iter().map(|end| usize::try_from(end.images).unwrap_or(usize::MAX)).collect();
    Some(Trained {
        steps,
        batch_size: study.batch_size,
        epochs: epochs.reduce(f64::max),
        train,
        evaluated: range(seen.into_iter())?,
    })
}

/// What an answer that never changes scores, in percent: the lowest and the highest over the bases' targets.
pub(super) fn chance(study: &Study) -> Option<[f64; 2]> {
    let bases = study.runs.iter().filter(|run| run.arm == Arm::Base && run.train_size.is_none());
    let shares: Vec<f64> = bases.filter_map(|run| run.chance).map(|chance| chance * 100.0).collect();
    Some([shares.iter().copied().reduce(f64::min)?, shares.iter().copied().reduce(f64::max)?])
}
