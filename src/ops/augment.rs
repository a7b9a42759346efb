//! Crop from a padded image, mirror and normalisation: stored bytes become the network's input.

use super::{Cost, Operation, Step, TensorId};
use crate::{
    cpu,
    gpu::{GpuError, Recorder, Shader, parameters, read, write},
    host::{ImageDims, Layout, Real},
};

/// Overwrites x with `scale * (pixel - mean)` of each image's window, mirrored where asked. Around the image a pixel is
/// 0.
#[derive(Clone, Debug)]
pub struct Forward {
    /// The stored images.
    pub stored: ImageDims,
    /// Pixels of 0 around an image on each side; windows may reach into them.
    pub padding: usize,
    /// Height and width of the window.
    pub crop: [usize; 2],
    /// Bytes: `[n][h][w][c]`.
    pub images: TensorId,
    /// Words: top and left of each image's window, counted in the padded image, and its mirror.
    pub crops: TensorId,
    /// The mean of one padded image, `[h][w][c]`.
    pub mean: TensorId,
    /// What the difference is multiplied with, `[c]`.
    pub scale: TensorId,
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
    fn reads(&self) -> Vec<TensorId> {
        vec![self.images, self.crops, self.mean, self.scale]
    }
    fn writes(&self) -> Vec<TensorId> {
        vec![self.x]
    }
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, _: &Step) {
        memory.write_real(self.x.0, |m, x| {
            let (images, crops, mean) = (&m.bytes[self.images.0], &m.words[self.crops.0], &m.real[self.mean.0]);
            let normalisation = [&mean[..], &m.real[self.scale.0][..]];
            cpu::augment::forward(&self.stored, self.padding, images, crops, normalisation, self.crop, x);
        });
    }
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
        let (mean, scale) = (recorder.whole(self.mean.0)?, recorder.whole(self.scale.0)?);
        let [height, width] = self.crop;
        let across = Layout::VEC4.padded(self.stored.c) / 4;
        for x in recorder.parts(self.x.0) {
            let (images, crops) = (recorder.beside(self.images.0, x)?, recorder.beside(self.crops.0, x)?);
            let parameters = AugmentParameters {
                vectors: (x.rows * height * width * across) as u32,
                across: across as u32,
                channels: self.stored.c as u32,
                stored_h: self.stored.h as u32,
                stored_w: self.stored.w as u32,
                height: height as u32,
                width: width as u32,
                padding: self.padding as u32,
            };
            let bindings = [read(images), read(crops), read(mean), read(scale), write(x)];
            let workgroups = u64::from(parameters.vectors.div_ceil(64));
            recorder.dispatch(&FORWARD, &[], &parameters, &bindings, workgroups)?;
        }
        Ok(())
    }
}

static SHADER: Shader = shader!("augment", ["grid"]);
parameters! {
    /// The kernel's parameters.
    struct AugmentParameters {
        vectors: u32, across: u32, channels: u32, stored_h: u32, stored_w: u32, height: u32, width: u32, padding: u32,
    }
}
kernels! { SHADER, AugmentParameters:
    FORWARD = "forward" [1 Read, 2 Read, 3 Read, 4 Read, 5 Write],
}
