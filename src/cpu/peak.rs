//! What this machine multiplies and adds, and moves, at most: the measure that operations are held against.

use crate::host::Lanes;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::{hint::black_box, time::Instant};

/// Independent sums: enough to hide the latency of a fused multiply-add on every processor, few enough for registers.
const SUMS: usize = 12;

/// Steps of one measurement, some milliseconds.
const STEPS: usize = 1 << 20;

struct Probe;

impl WithSimd for Probe {
    type Output = usize;
    /// Multiply-adds that were done, lane by lane.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let (a, b) = (f32::splat(simd, black_box(0.999)), f32::splat(simd, black_box(1e-3)));
        let mut sums = [f32::splat(simd, 1.0); SUMS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = f32::fused(simd, *sum, a, b);
            }
        }
        black_box(sums);
        STEPS * SUMS * f32::lanes::<S>()
    }
}

/// The most multiply-adds per second on registers, in single precision, over all threads: the best of some
/// measurements.
pub fn multiply_adds_per_second() -> f64 {
    let threads = rayon::current_num_threads();
    let measure = |_| {
        let start = Instant::now();
        let done: usize = (0..threads).into_par_iter().map(|_| pulp::Arch::new().dispatch(Probe)).sum();
        done as f64 / start.elapsed().as_secs_f64()
    };
    (0..10).map(measure).fold(0.0, f64::max)
}

/// Elements that are moved from: more than any cache holds.
const MOVED: usize = 1 << 26;

/// The most bytes a second between memory and registers, read and written ones together: `y = x a + b` over all
/// threads, the best of some measurements.
pub fn bytes_per_second() -> f64 {
    let x = vec![1.0f32; MOVED];
    let mut y = vec![0.0f32; MOVED];
    let (a, b) = (black_box(0.999f32), black_box(1e-3f32));
    let mut measure = |_| {
        let start = Instant::now();
        x.par_chunks(1 << 16).zip(y.par_chunks_mut(1 << 16)).for_each(|(x, y)| {
            x.iter().zip(y).for_each(|(x, y)| *y = x * a + b);
        });
        black_box(&y);
        8.0 * MOVED as f64 / start.elapsed().as_secs_f64()
    };
    (0..5).map(&mut measure).fold(0.0, f64::max)
}

/// Elements of the memory that copies go round in: more than the caches hold.
const ROUND: usize = 1 << 25;

/// Copies some elements over all threads, several times: the seconds of each. What is copied was written just before,
/// and where it goes nothing was lately, as in a training step.
pub fn copies(elements: usize, times: usize) -> Vec<f64> {
    let elements = elements.max(1);
    // Written, so that no page is touched for the first time while the clock runs.
    let mut memory = vec![1.0f32; ROUND.max(2 * elements)];
    let mut copy = |time: usize| {
        let mut regions: Vec<&mut [f32]> = memory.chunks_exact_mut(elements).collect();
        let (from, to) = (2 * time % regions.len(), (2 * time + 1) % regions.len());
        let [from, to] = match regions.get_disjoint_mut([from, to]) {
            Ok([from, to]) => [std::mem::take(from), std::mem::take(to)],
            Err(_) => return 0.0,
        };
        from.par_chunks_mut(super::ELEMENTS_PER_TASK).for_each(|from| from.fill(black_box(time as f32)));
        let start = Instant::now();
        let parts = to.par_chunks_mut(super::ELEMENTS_PER_TASK).zip(from.par_chunks(super::ELEMENTS_PER_TASK));
        parts.for_each(|(to, from)| to.copy_from_slice(from));
        let seconds = start.elapsed().as_secs_f64();
        black_box(to);
        seconds
    };
    (0..times).map(&mut copy).collect()
}
