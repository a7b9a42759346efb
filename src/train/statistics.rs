//! The statistics of normalisations whose weights were not learned.

use super::{Solver, TrainError, Trainer, trainer::Streams};
use crate::{
    nn::ParamRole,
    ops::{Device, OpsError, TensorShape},
};

impl Trainer<'_> {
    /// Overwrites the running statistics of all normalisations among `layers` with mean and unbiased variance of what
    /// they read over all training images, as an evaluation reads them: centre windows, in their order. One after the
    /// other, from the input up, because what each reads depends on those below; the images are gone through once for
    /// each, by the layers below it alone.
    ///
    /// Sums are in double precision and in the order of the images, so that the batch changes no bit of them.
    ///
    /// # Errors
    /// Less than two values per channel; a lost device; a stop.
    pub fn measure_statistics(&mut self, device: &Device, layers: &[String]) -> Result<(), TrainError> {
        let order: Vec<String> = self.net.def.layers.iter().map(|layer| layer.name.clone()).collect();
        for layer in order.iter().filter(|layer| layers.contains(layer)) {
            let statistic = |suffix: &str| {
                let name = format!("{layer}.{suffix}");
                self.net.params.iter().find(|p| p.role == ParamRole::Statistic && p.name == name).map(|p| p.w)
            };
            if let (Some(mean), Some(var)) = (statistic("running_mean"), statistic("running_var")) {
                let (means, variances) = self.read_by(device, layer)?;
                self.executor.write(mean, &means)?;
                self.executor.write(var, &variances)?;
            }
        }
        Ok(())
    }

    /// Mean and unbiased variance, a channel each, of what a layer reads.
    fn read_by(&mut self, device: &Device, layer: &str) -> Result<(Vec<f32>, Vec<f32>), TrainError> {
        let (def, read) = self.net.def.clone().below(layer)?;
        let streams = Streams { order: self.dropout, crops: self.dropout, dropout: self.dropout };
        let solver = Solver { batch_size: self.net.batch, batch_parts: 1, ..self.solver.clone() };
        let mut below = Trainer::new(&def, &solver, self.train, self.reading, streams, device)?;
        below = below.stopping(self.stop.clone());
        for to in below.net.params.clone() {
            if let Some(from) = self.net.params.iter().find(|from| from.name == to.name) {
                below.executor.write(to.w, &self.executor.read(from.w)?)?;
            }
        }
        let tensor = match &read {
            Some(layer) => below.net.output(layer)?,
            None => below.net.x,
        };
        let pixels = match below.net.program.tensors[tensor.0].shape {
            TensorShape::Activation(dims) => [dims.c, dims.h * dims.w],
            _ => [1, 1],
        };
        let mut moments = vec![Moments::default(); pixels[0]];
        let train = below.train;
        below.each_batch_at_centre(&train, |below, indices| {
            let values = below.executor.read(tensor)?;
            for image in values.chunks_exact(pixels[0] * pixels[1]).take(indices.len()) {
                for (moments, channel) in moments.iter_mut().zip(image.chunks_exact(pixels[1])) {
                    moments.add(channel);
                }
            }
            Ok(())
        })?;
        if moments.iter().any(|moments| moments.count < 2.0) {
            return Err(OpsError::OneValue { op: "batch_norm" }.into());
        }
        Ok(moments.iter().map(|m| (m.mean as f32, (m.squares / (m.count - 1.0)) as f32)).unzip())
    }
}

/// Mean, and sum of the squares about it, of what was seen so far.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds the values of one image (Chan, Golub and LeVeque 1983).
    fn add(&mut self, values: &[f32]) {
        let count = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let squares: f64 = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
        let (all, apart) = (self.count + count, mean - self.mean);
        self.squares += squares + apart * apart * self.count * count / all;
        self.mean += apart * count / all;
        self.count = all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_parts_are_those_of_the_whole() {
        let values: Vec<f32> = (0..60).map(|i| 100.0 + (i * 7 % 13) as f32).collect();
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 60.0;
        let squares: f64 = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
        let mut moments = Moments::default();
        values.chunks(7).for_each(|part| moments.add(part));
        assert!((moments.mean - mean).abs() < 1e-12 && (moments.squares - squares).abs() < 1e-9, "{moments:?}");
        let mut one = Moments::default();
        [5.0; 9].chunks(2).for_each(|part| one.add(part));
        assert_eq!((one.mean, one.squares), (5.0, 0.0));
    }
}
