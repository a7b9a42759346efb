//! Stochastic gradient descent with momentum and weight decay.

use super::{ELEMENTS_PER_TASK, vectorised};
use crate::host::Real;
use rayon::prelude::*;

/// Where the learning rate enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Convention {
    /// `h = momentum * h + rate * (g + decay * w); w -= h` (Caffe's `sgd_solver.cpp`): after a drop
    /// of the rate the old history keeps its old scale.
    ///
    /// With Nesterov's momentum `w -= momentum * h + rate * (g + decay * w)`, h being the new history. Caffe's
    /// `nesterov_solver.cpp` writes the same step as `(1 + momentum) * h - momentum * (the history before)`.
    Caffe,
    /// `h = momentum * h + g + decay * w; w -= rate * h` (PyTorch's `SGD` without dampening).
    ///
    /// With Nesterov's momentum `w -= rate * (momentum * h + g + decay * w)`, h being the new history (PyTorch's `SGD`
    /// with `nesterov=True`; Sutskever et al. 2013, in the variables of Bengio et al. 2012).
    Pytorch,
}

/// One update's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// Where the learning rate enters.
    pub convention: Convention,
    /// The learning rate of this step times the parameter's `lr_mult`.
    pub rate: f64,
    /// The momentum.
    pub momentum: f64,
    /// Whether the momentum is Nesterov's: the step continues along the new history and the gradient once more.
    pub nesterov: bool,
    /// The weight decay times the parameter's `decay_mult`.
    pub decay: f64,
}

/// Updates the weights `w` and the history `h` from the gradient `g`, in place.
pub fn step<T: Real>(update: &Update, g: &[T], w: &mut [T], h: &mut [T]) {
    let parts = w.par_chunks_mut(ELEMENTS_PER_TASK).zip(h.par_chunks_mut(ELEMENTS_PER_TASK));
    parts.zip(g.par_chunks(ELEMENTS_PER_TASK)).for_each(|((w, h), g)| step_of_task(update, g, w, h));
}

/// The same for a few weights, on the current thread.
pub(super) fn step_of_task<T: Real>(update: &Update, g: &[T], w: &mut [T], h: &mut [T]) {
    let (rate, momentum, decay) = (T::of(update.rate), T::of(update.momentum), T::of(update.decay));
    vectorised(
        #[inline(always)]
        || match (update.convention, update.nesterov) {
            (Convention::Caffe, false) => {
                for ((w, h), &g) in w.iter_mut().zip(h).zip(g) {
                    *h = momentum * *h + rate * (g + decay * *w);
                    *w = *w - *h;
                }
            }
            (Convention::Pytorch, false) => {
                for ((w, h), &g) in w.iter_mut().zip(h).zip(g) {
                    *h = momentum * *h + (g + decay * *w);
                    *w = *w - rate * *h;
                }
            }
            (Convention::Caffe, true) => {
                for ((w, h), &g) in w.iter_mut().zip(h).zip(g) {
                    let along = rate * (g + decay * *w);
                    *h = momentum * *h + along;
                    *w = *w - (momentum * *h + along);
                }
            }
            (Convention::Pytorch, true) => {
                for ((w, h), &g) in w.iter_mut().zip(h).zip(g) {
                    let gradient = g + decay * *w;
                    *h = momentum * *h + gradient;
                    *w = *w - rate * (momentum * *h + gradient);
                }
            }
        },
    );
}
