//! What a network makes of images that it does not learn from: its scores, and what its layers give.

use super::{Confusion, Images, TrainError, Trainer, trainer::check_labels};
use crate::ops::TensorId;

/// Results of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// The mean loss.
    pub loss: f64,
    /// The share of images whose true class has the greatest score.
    pub top1: f64,
    /// The share of images whose true class is among the five greatest scores.
    pub top5: f64,
    /// Images evaluated.
    pub images: u64,
}

impl std::fmt::Display for Scores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { top1, top5, loss, images } = self;
        write!(f, "top1 {top1:.4} top5 {top5:.4} loss {loss:.4} on {images} images")
    }
}

impl Trainer<'_> {
    /// Evaluates on images, centre window, no dropout. The last batch may be partly filled.
    ///
    /// # Errors
    /// No images; a lost device; a loss that is not finite; a stop.
    pub fn evaluate(&mut self, images: &Images<'_>) -> Result<Scores, TrainError> {
        self.evaluate_into(images, None)
    }

    /// Evaluates as [`Self::evaluate`], and counts which classes were taken for which.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn evaluate_into(
        &mut self,
        images: &Images<'_>,
        mut confusion: Option<&mut Confusion>,
    ) -> Result<Scores, TrainError> {
        if images.set.is_empty() {
            return Err(TrainError::Empty { what: "test" });
        }
        check_labels(&self.net, images)?;
        let (mut loss, mut first, mut fifth) = (0.0, 0, 0);
        self.each_batch_at_centre(images, |trainer, indices| {
            let losses = trainer.executor.read(trainer.net.loss)?;
            let ranks = trainer.executor.read_words(trainer.net.rank)?;
            let batch_loss = losses[..indices.len()].iter().map(|&l| f64::from(l)).sum::<f64>();
            if !batch_loss.is_finite() {
                let place = Some(trainer.not_finite()?.unwrap_or_else(|| "the loss".into()));
                return Err(TrainError::Diverged { step: trainer.step, loss: batch_loss, place });
            }
            loss += batch_loss;
            first += ranks[..indices.len()].iter().filter(|&&rank| rank < 1).count();
            fifth += ranks[..indices.len()].iter().filter(|&&rank| rank < 5).count();
            if let Some(confusion) = confusion.as_deref_mut() {
                let scores = trainer.executor.read(trainer.net.logits)?;
                for (&index, scores) in indices.iter().zip(scores.chunks_exact(scores.len() / trainer.net.batch)) {
                    confusion.count(usize::from(images.set.labels[index]), scores);
                }
            }
            Ok(())
        })?;
        let (images, count) = (images.set.len() as u64, images.set.len() as f64);
        Ok(Scores { loss: loss / count, top1: first as f64 / count, top5: fifth as f64 / count, images })
    }

    /// The outputs of some layers for every image, as an evaluation computes them: centre window, no dropout.
    /// One vector a layer, an image after the other in outer order (CHW). A rectifier works in place, so that the
    /// output of a layer that has one is what comes out of it.
    ///
    /// # Errors
    /// No images; a layer that is not there; a lost device; a stop.
    pub fn activations(&mut self, images: &Images<'_>, layers: &[String]) -> Result<Vec<Vec<f32>>, TrainError> {
        let mut outputs = vec![Vec::new(); layers.len()];
        self.each_activation(images, layers, |place, values| {
            outputs[place].extend_from_slice(values);
            Ok(())
        })?;
        Ok(outputs)
    }

    /// The same, handed over batch by batch: `take` gets the place of a layer among `layers` and what it gives for the
    /// images of the batch, in their order.
    ///
    /// # Errors
    /// Those of [`Self::activations`] and of `take`.
    pub fn each_activation(
        &mut self,
        images: &Images<'_>,
        layers: &[String],
        mut take: impl FnMut(usize, &[f32]) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        if images.set.is_empty() {
            return Err(TrainError::Empty { what: "compared" });
        }
        let ids = layers.iter().map(|layer| self.net.output(layer)).collect::<Result<Vec<TensorId>, _>>()?;
        self.each_batch_at_centre(images, |trainer, indices| {
            for (place, &id) in ids.iter().enumerate() {
                let values = trainer.executor.read(id)?;
                take(place, &values[..values.len() / trainer.net.batch * indices.len()])?;
            }
            Ok(())
        })
    }
}
