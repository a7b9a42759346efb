//! What layers make of images.

use super::{Images, TrainError, Trainer};
use crate::{
    nn::Tape,
    ops::{Step, TensorId},
};

impl Trainer<'_> {
    /// The outputs of some layers for every image, as an evaluation computes them: centre window, no dropout.
    /// One vector a layer, an image after the other in outer order (CHW). A rectifier works in place, so that the
    /// output of a layer that has one is what comes out of it.
    ///
    /// # Errors
    /// No images; a layer that is not there; a lost device.
    pub fn activations(&mut self, images: &Images<'_>, layers: &[String]) -> Result<Vec<Vec<f32>>, TrainError> {
        if images.set.is_empty() {
            return Err(TrainError::Empty { what: "compared" });
        }
        let batch = self.net.batch;
        let centre = self.reading.centre_window(images.set, self.net.def.input[1])?;
        let crops = [centre.top, centre.left, 0].repeat(batch);
        let ids = layers.iter().map(|layer| self.net.output(layer)).collect::<Result<Vec<TensorId>, _>>()?;
        let mut outputs = vec![Vec::new(); ids.len()];
        let all: Vec<usize> = (0..images.set.len()).collect();
        for indices in all.chunks(batch) {
            self.write_batch(images, indices, &crops)?;
            self.executor
                .run(Tape::Evaluate, &Step { iteration: 0, rate: 0.0, dropout: self.dropout, first_image: 0 })?;
            for (&id, output) in ids.iter().zip(&mut outputs) {
                let values = self.executor.read(id)?;
                output.extend_from_slice(&values[..values.len() / batch * indices.len()]);
            }
        }
        Ok(outputs)
    }
}
