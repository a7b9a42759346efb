//! Networks of weights files, ready to be evaluated.

use super::{Images, Reading, Solver, TrainError, Trainer, trainer::Streams, weights_file::WeightsFile};
use crate::{
    host::{Precision, Stream},
    nn::weights,
    ops::Device,
};
use std::path::Path;

impl WeightsFile {
    /// The network on a device, with `batch` images at once. No layer learns, so that nothing is kept for a backward
    /// pass; [`Trainer::evaluate`] and [`Trainer::activations`] give what it makes of images.
    ///
    /// # Errors
    /// No images; images or labels that do not fit the net; a device that refuses it.
    pub fn network<'a>(
        &self,
        images: Images<'a>,
        batch: usize,
        precision: Precision,
        device: &Device,
    ) -> Result<Trainer<'a>, TrainError> {
        let mut def = self.net.clone();
        def.layers.iter_mut().for_each(|layer| layer.trainable = false);
        let solver = Solver { batch_size: batch, precision, ..Solver::default() };
        // Nothing is drawn: evaluations see the centre window, without dropout.
        let stream = Stream::named("evaluation");
        let streams = Streams { order: stream, crops: stream, dropout: stream };
        let mut trainer = Trainer::new(&def, &solver, images, Reading::centre(), streams, device)?;
        for param in trainer.net.params.clone() {
            trainer.executor.write(param.w, weights::take(&self.tensors, &param, Path::new(&self.net.name))?)?;
        }
        Ok(trainer)
    }
}

/// The softmax of the scores of one image: `exp(x_k - max) / sum_j exp(x_j - max)`, in 64 bits.
pub fn probabilities(scores: &[f32]) -> Vec<f64> {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f64> = scores.iter().map(|&score| (f64::from(score) - f64::from(greatest)).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|value| value / sum).collect()
}

/// The `count` greatest probabilities with their outputs, the greatest first; of equal ones the first output, as in the
/// ranks that top-1 is counted from.
pub fn greatest(probabilities: &[f64], count: usize) -> Vec<(usize, f64)> {
    let mut order: Vec<(usize, f64)> = probabilities.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_whatever_the_scores_are() {
        for scores in [vec![1.0, 2.0, 3.0], vec![1e30, 1e30], vec![-1e4, 0.0, 1e4]] {
            let sum: f64 = probabilities(&scores).iter().sum();
            assert!((sum - 1.0).abs() < 1e-12, "{scores:?}: {sum}");
        }
        let two = probabilities(&[0.0, (3f32).ln()]);
        assert!((two[1] - 0.75).abs() < 1e-7, "{two:?}");
    }

    #[test]
    fn the_greatest_come_first_and_equal_ones_in_their_order() {
        assert_eq!(greatest(&[0.2, 0.3, 0.3, 0.2], 3), [(1, 0.3), (2, 0.3), (0, 0.2)]);
        assert_eq!(greatest(&[1.0], 5), [(0, 1.0)]);
    }
}
