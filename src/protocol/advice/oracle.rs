//! Every candidate trained with fresh seeds on all images that are not locked away and judged on the test images: what
//! advice is held against. It costs what advice saves, and opens the test images.

use super::{
    network::Task,
    preparation::{Request, prepare},
    queue::Events,
};
use crate::{data::Dataset, protocol::ProtocolError};

/// The test score of each candidate with each seed, in percent; none where it has diverged.
///
/// # Errors
/// Those of [`prepare`] and of training.
pub fn scores(
    request: Request<'_>,
    data: Dataset,
    seeds: usize,
    events: &dyn Events,
) -> Result<Vec<Vec<Option<f64>>>, ProtocolError> {
    let prepared = prepare(request, data, events)?;
    let queue = prepared.queue(request.jobs, events);
    let all: Vec<usize> = (0..prepared.parts.data.train.len()).collect();
    let each = prepared.kinds.iter().flat_map(|&kind| (0..seeds).map(move |seed| (kind, seed)));
    let tasks: Vec<Task> = each
        .map(|(kind, seed)| Task { kind, draw: format!("refit={seed}"), train: all.clone(), judged: None, keep: false })
        .collect();
    events.stage("every candidate with fresh seeds");
    let labels = &prepared.parts.data.test.labels;
    let done = queue.run(&tasks)?;
    let score = |(outcome, _): &(super::outcome::Outcome, f64)| outcome.score(labels, prepared.measure);
    Ok(done.chunks(seeds.max(1)).map(|done| done.iter().map(score).collect()).collect())
}
