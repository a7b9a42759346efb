//! Which images a step sees, and how they are cropped: functions of the step alone, so that a resumed run
//! sees what an undisturbed one would.

use crate::{
    data::{DataError, ImageSet, crop::Crop},
    host::Stream,
};

/// Images with the mean that is subtracted from them.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// The images.
    pub set: &'a ImageSet,
    /// The mean image of the source's training half, `[h][w][c]`.
    pub mean: &'a [f32],
}

/// Where training crops come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Augmentation {
    /// The centre window, never mirrored.
    None,
    /// A random window.
    Crop,
    /// A random window, mirrored half of the time.
    CropAndMirror,
}

/// The order of the images of one training run: all images of an epoch in random order, then the next epoch.
/// A batch may span two epochs, as it does in Caffe.
#[derive(Clone, Debug)]
pub struct Batches {
    order: Stream,
    crops: Stream,
    images: usize,
    batch: usize,
    augmentation: Augmentation,
    cached: Option<(u32, Vec<u32>)>,
}

impl Batches {
    /// The order drawn from two streams.
    pub fn new(order: Stream, crops: Stream, images: usize, batch: usize, augmentation: Augmentation) -> Self {
        Self { order, crops, images, batch, augmentation, cached: None }
    }

    /// The images of a step, by their index.
    pub fn indices(&mut self, step: u64) -> Vec<usize> {
        let first = step * self.batch as u64;
        (first..first + self.batch as u64).map(|place| self.at(place)).collect()
    }

    fn at(&mut self, place: u64) -> usize {
        let (epoch, within) = ((place / self.images as u64) as u32, (place % self.images as u64) as usize);
        if self.cached.as_ref().is_none_or(|(cached, _)| *cached != epoch) {
            self.cached = Some((epoch, self.order.permutation(self.images, epoch)));
        }
        self.cached.as_ref().map_or(0, |(_, order)| order[within] as usize)
    }

    /// The windows of a step's images: top, left and mirror of each.
    pub fn crops(&self, step: u64, set: &ImageSet, side: usize) -> Result<Vec<u32>, DataError> {
        let first = step * self.batch as u64;
        let mut crops = Vec::with_capacity(3 * self.batch);
        for place in first..first + self.batch as u64 {
            let [row, column, mirror, _] = self.crops.words(place, 0);
            let words = [row, column, mirror];
            let crop = match self.augmentation {
                Augmentation::None => Crop::centre(set.height, set.width, side)?,
                Augmentation::Crop => Crop::train(set.height, set.width, side, false, words)?,
                Augmentation::CropAndMirror => Crop::train(set.height, set.width, side, true, words)?,
            };
            crops.extend([crop.top, crop.left, u32::from(crop.mirror)]);
        }
        Ok(crops)
    }
}
