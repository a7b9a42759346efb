//! Whether more images would change the advice: the recommendation, fine-tuning all and scratch on 25 and 50 % of the
//! training images, judged on the validation images of the same splits.

use super::{
    network::Task,
    queue::Queue,
    record::{Choice, CurvePoint, CurveValue, Kind, Measure},
};
use crate::protocol::ProtocolError;

/// The shares that networks are trained for; all images are those of the race.
const SHARES: [f64; 2] = [0.25, 0.5];

/// Multiply-adds of a curve, as if the recommendation were fine-tuned.
///
/// # Errors
/// A net that cannot be built.
pub fn work(queue: &Queue<'_>, splits: usize) -> Result<f64, ProtocolError> {
    let images = queue.parts.splits[0].train.len() as f64;
    let each = |share: f64| queue.common.multiply_adds(Kind::Scratch, (share * images) as usize);
    let mut sum = 0.0;
    for share in SHARES {
        sum += (3 * splits) as f64 * each(share)? as f64;
    }
    Ok(sum)
}

/// The curve over the first `splits` splits.
///
/// # Errors
/// Those of [`Queue::run`].
pub fn curve(
    queue: &Queue<'_>,
    kinds: &[Kind],
    scores: &[Vec<Option<f64>>],
    choice: &Choice,
    splits: usize,
    measure: Measure,
) -> Result<Vec<CurvePoint>, ProtocolError> {
    let most_n = queue.common.net.most_n();
    let mut candidates = vec![choice.recommended];
    for kind in [Kind::FineTuned { n: most_n }, Kind::Scratch] {
        let at = kinds.iter().position(|&other| other == kind);
        candidates.extend(at.filter(|at| !candidates.contains(at)));
    }
    let mut tasks = Vec::new();
    for share in SHARES {
        for &at in &candidates {
            tasks.extend((0..splits).map(|split| Task {
                kind: kinds[at],
                draw: format!("share={}-split={split}", (100.0 * share) as u32),
                train: queue.parts.share(split, share, queue.common.seed),
                judged: Some(queue.parts.splits[split].validation.clone()),
                keep: false,
            }));
        }
    }
    let done = queue.run(&tasks)?;
    let mut results = tasks.iter().zip(&done);
    let mut points = Vec::new();
    for share in SHARES {
        let mut images = 0;
        let mut values = Vec::new();
        for &candidate in &candidates {
            let of = results.by_ref().take(splits).filter_map(|(task, (outcome, _))| {
                images = task.train.len();
                let judged = task.judged.iter().flatten();
                let labels: Vec<u16> = judged.map(|&index| queue.parts.data.train.labels[index]).collect();
                outcome.score(&labels, measure)
            });
            values.push(CurveValue { candidate, scores: of.collect() });
        }
        points.push(CurvePoint { share, images, values });
    }
    let whole = |&candidate: &usize| CurveValue {
        candidate,
        scores: scores[candidate].iter().take(splits).flatten().copied().collect(),
    };
    let values = candidates.iter().map(whole).collect();
    points.push(CurvePoint { share: 1.0, images: queue.parts.splits[0].train.len(), values });
    Ok(points)
}
