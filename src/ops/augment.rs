//! Crop, mirror and mean subtraction: stored bytes become the network's input.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    host::{ImageDims, Real},
};

/// Overwrites x with `scale * (pixel - mean)` of each image's window, mirrored where asked.
#[derive(Clone, Debug)]
pub struct Forward {
    /// The stored images.
    pub stored: ImageDims,
    /// Height and width of the window.
    pub crop: [usize; 2],
    /// What the difference is multiplied with.
    pub scale: f64,
    /// Bytes: `[n][h][w][c]`.
    pub images: TensorId,
    /// Words: top, left and mirror of each image.
    pub crops: TensorId,
    /// The mean of one stored image, `[h][w][c]`.
    pub mean: TensorId,
    /// The network's input.
    pub x: TensorId,
}

impl Operation for Forward {
    const STEM: &'static str = "augment";
    fn pass(&self) -> &'static str {
        "forward"
    }
    fn cost(&self) -> Cost {
        Cost { macs: 0, elements: (self.stored.n * self.stored.c * self.crop[0] * self.crop[1]) as u64 }
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.x.0, |m, x| {
            let (images, crops, mean) = (&m.bytes[self.images.0], &m.words[self.crops.0], &m.real[self.mean.0]);
            cpu::augment::forward(&self.stored, self.scale, images, crops, mean, self.crop, x);
        });
    }
}
