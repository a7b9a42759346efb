//! Softmax and cross-entropy in one operation, stable for any finite logits.

use crate::host::Real;

/// Classes in one partial sum: one sum over a thousand classes would lose more than its bound.
const CLASSES_PER_SUM: usize = 32;

/// Overwrites `loss[n] = log(sum_j exp(x_nj - m)) - (x_nt - m)` and `prob[n,j] = exp(x_nj - m) / sum`,
/// m being the row's maximum and t its label. Taken together, the logarithm never sees an underflowed probability.
/// A label outside the classes gives a NaN loss; the data room refuses such labels before they come here.
pub fn forward<T: Real>(classes: usize, logits: &[T], labels: &[u32], loss: &mut [T], prob: &mut [T]) {
    let rows = logits.chunks_exact(classes).zip(prob.chunks_exact_mut(classes));
    for ((x, prob), (&label, loss)) in rows.zip(labels.iter().zip(loss)) {
        let max = x.iter().copied().fold(T::neg_infinity(), |m, v| if v > m || v.is_nan() { v } else { m });
        let mut sum = T::zero();
        for (prob, x) in prob.chunks_mut(CLASSES_PER_SUM).zip(x.chunks(CLASSES_PER_SUM)) {
            let mut part = T::zero();
            for (prob, &x) in prob.iter_mut().zip(x) {
                *prob = (x - max).exp();
                part += *prob;
            }
            sum += part;
        }
        prob.iter_mut().for_each(|p| *p = *p / sum);
        *loss = x.get(label as usize).map_or(T::nan(), |&x| sum.ln() - (x - max));
    }
}

/// Overwrites `dx[n,j] = weight * (prob[n,j] - [j = label n])`; `weight` is the loss weight over the batch size.
pub fn backward<T: Real>(classes: usize, weight: f64, prob: &[T], labels: &[u32], dx: &mut [T]) {
    let weight = T::of(weight);
    for ((dx, prob), &label) in dx.chunks_exact_mut(classes).zip(prob.chunks_exact(classes)).zip(labels) {
        for (j, (dx, &prob)) in dx.iter_mut().zip(prob).enumerate() {
            let target = if j == label as usize { T::one() } else { T::zero() };
            *dx = weight * (prob - target);
        }
    }
}
