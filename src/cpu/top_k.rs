//! The rank of the true class, from which top-1 and top-5 are counted.

use crate::host::Real;

/// Overwrites `rank[n]` with the number of classes that come before the true one: those with a greater logit,
/// and those with an equal one and a lower index. A prediction is right among the top k where `rank < k`.
/// A NaN comes before everything, so that a diverged network is never right.
pub fn forward<T: Real>(classes: usize, logits: &[T], labels: &[u32], rank: &mut [u32]) {
    for ((x, &label), rank) in logits.chunks_exact(classes).zip(labels).zip(rank) {
        *rank = match x.get(label as usize) {
            Some(&own) if !own.is_nan() => {
                let before = |(j, &v): (usize, &T)| v > own || v.is_nan() || (v == own && j < label as usize);
                x.iter().enumerate().filter(|&e| before(e)).count() as u32
            }
            _ => classes as u32,
        };
    }
}
