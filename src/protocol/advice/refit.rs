//! The recommendation beside fine-tuning all and scratch, with fresh seeds on all images that are not locked away, on
//! the test images.

use super::{
    bootstrap,
    network::Task,
    outcome::Outcome,
    queue::Queue,
    record::{Choice, Difference, Kind, Measure, Refit, Refitted},
};
use crate::{
    host::{atomic, bounded},
    nn::weights,
    protocol::ProtocolError,
};

/// The recommended weights, within the directory.
pub const WEIGHTS: &str = "recommended.safetensors";
/// What the test images were opened for.
const OPENED: &str = "test-opened.txt";

/// Multiply-adds of a refit, as if the recommendation were fine-tuned.
///
/// # Errors
/// A net that cannot be built.
pub fn work(queue: &Queue<'_>, seeds: usize) -> Result<f64, ProtocolError> {
    let images = queue.parts.data.train.len();
    Ok((3 * seeds) as f64 * queue.common.multiply_adds(Kind::Scratch, images)? as f64)
}

/// Trains and judges the networks, and writes the recommended weights: those of the first seed, whatever its score.
/// Also what a reader should know.
///
/// # Errors
/// Those of [`Queue::run`]; a network that has diverged with a fresh seed.
pub fn refit(
    queue: &Queue<'_>,
    kinds: &[Kind],
    choice: &Choice,
    measure: Measure,
) -> Result<(Refit, Option<String>), ProtocolError> {
    let seeds = queue.common.keys.advice.refit_seeds;
    let most_n = queue.common.net.most_n();
    let mut candidates = vec![choice.recommended];
    for kind in [Kind::FineTuned { n: most_n }, Kind::Scratch] {
        let at = kinds.iter().position(|&other| other == kind);
        candidates.extend(at.filter(|at| !candidates.contains(at)));
    }
    let all: Vec<usize> = (0..queue.parts.data.train.len()).collect();
    let mut tasks = Vec::new();
    for &at in &candidates {
        tasks.extend((0..seeds).map(|seed| Task {
            kind: kinds[at],
            draw: format!("refit={seed}"),
            train: all.clone(),
            judged: None,
            keep: at == choice.recommended && seed == 0,
        }));
    }
    let name = kinds[choice.recommended].name();
    let remark = opened_before(queue, &name)?;
    let done = queue.run(&tasks)?;
    let labels = &queue.parts.data.test.labels;
    let mut networks = Vec::new();
    let mut right: Vec<bootstrap::Right> = Vec::new();
    for (&at, outcomes) in candidates.iter().zip(done.chunks(seeds.max(1))) {
        let of = |(outcome, _): &(Outcome, f64)| {
            let diverged = || ProtocolError::Diverged {
                node: outcome.name.clone(),
                message: "with a fresh seed its values are not finite; lower solver.base_lr".into(),
            };
            outcome.right(labels).ok_or_else(diverged)
        };
        right.push(outcomes.iter().map(of).collect::<Result<_, _>>()?);
        let score = |measure| outcomes.iter().filter_map(|(outcome, _)| outcome.score(labels, measure)).collect();
        let balanced = if measure == Measure::BalancedAccuracy { score(measure) } else { Vec::new() };
        // The mean is filled in below.
        let mean = super::inference::Interval { mean: 0.0, low: 0.0, high: 0.0 };
        networks.push(Refitted { candidate: at, accuracy: score(Measure::Accuracy), balanced, mean });
    }
    let level = queue.common.keys.advice.level;
    let (means, differences) = bootstrap::intervals(&right, labels, measure, level, queue.common.seed);
    networks.iter_mut().zip(means).for_each(|(network, mean)| network.mean = mean);
    let differences = candidates[1..]
        .iter()
        .zip(differences)
        .map(|(&against, difference)| Difference { against, difference })
        .collect();
    let kept = queue.directory.weights(&tasks[0].name());
    let bytes = bounded::read(&kept, weights::MAX_FILE).map_err(|source| ProtocolError::Io { path: kept, source })?;
    queue.directory.put(WEIGHTS, &bytes)?;
    Ok((Refit { networks, differences, draws: bootstrap::DRAWS, weights: WEIGHTS.into() }, remark))
}

/// Notes what the test images are opened for. They may have been opened in this directory for another recommendation,
/// as of another budget, and are then no longer unseen.
fn opened_before(queue: &Queue<'_>, name: &str) -> Result<Option<String>, ProtocolError> {
    let path = queue.directory.path.join(OPENED);
    match bounded::read_text(&path, bounded::TEXT) {
        Ok(before) if before.trim() == name => Ok(None),
        Ok(before) => Ok(Some(format!(
            "The test images were opened before, for {}, so that they are no longer unseen.",
            before.trim()
        ))),
        Err(_) => {
            let written = atomic::write(&path, format!("{name}\n").as_bytes());
            written.map(|()| None).map_err(|source| ProtocolError::Io { path, source })
        }
    }
}
