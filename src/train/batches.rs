//! Which images per step sees, and how they are cropped: functions of the step alone, so that a resumed run
//! sees what an undisturbed one would.

use crate::{
    data::{DataError, ImageSet, Normalisation, crop::Crop},
    host::Stream,
};

/// Images and how their pixels become numbers.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// The images.
    pub set: &'a ImageSet,
    /// What is subtracted from their pixels, and what the difference is multiplied with: statistics of the source's
    /// training half.
    pub normalisation: &'a Normalisation,
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

/// Which windows of stored images become a net's input.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Where training crops come from.
    pub augmentation: Augmentation,
    /// Windows of each image, drawn once and seen in turn from epoch to epoch; 0 draws a new one every time.
    pub views: u32,
    /// Pixels of 0 around a stored image on each side, before anything is subtracted: random windows reach into them.
    pub padding: usize,
}

impl Reading {
    /// The centre window only.
    pub const fn centre() -> Self {
        Self { augmentation: Augmentation::None, views: 0, padding: 0 }
    }

    /// The window of `side` that evaluations see of images of a set.
    ///
    /// # Errors
    /// Images smaller than the window.
    pub fn centre_window(&self, set: &ImageSet, side: usize) -> Result<Crop, DataError> {
        let [height, width] = self.padded(set);
        Crop::centre(height, width, side)
    }

    /// Height and width of padded images of a set.
    fn padded(&self, set: &ImageSet) -> [usize; 2] {
        [set.height, set.width].map(|length| length + 2 * self.padding)
    }

    /// How many different inputs a training run makes of an image; none where there is no end of them.
    pub fn inputs(&self) -> Option<usize> {
        match (self.augmentation, self.views) {
            (Augmentation::None, _) => Some(1),
            (_, 0) => None,
            (_, views) => Some(views as usize),
        }
    }

    fn window(&self, set: &ImageSet, side: usize, words: [u32; 4]) -> Result<Crop, DataError> {
        let [row, column, mirror, _] = words;
        let words = [row, column, mirror];
        let [height, width] = self.padded(set);
        match self.augmentation {
            Augmentation::None => Crop::centre(height, width, side),
            Augmentation::Crop => Crop::train(height, width, side, false, words),
            Augmentation::CropAndMirror => Crop::train(height, width, side, true, words),
        }
    }
}

/// The order of the images of one training run: all images of an epoch in random order, then the next epoch.
/// A batch may span two epochs, as it does in Caffe. Where batches are computed in parts, these are its batches, and
/// part i of step s has the number `s * parts + i` instead of s: the images are the same.
#[derive(Clone, Debug)]
pub struct Batches {
    order: Stream,
    crops: Stream,
    images: usize,
    batch: usize,
    reading: Reading,
    cached: Option<(u32, Vec<u32>)>,
}

impl Batches {
    /// The order drawn from two streams.
    pub fn new(order: Stream, crops: Stream, images: usize, batch: usize, reading: Reading) -> Self {
        Self { order, crops, images, batch, reading, cached: None }
    }

    /// The images of a step, by their index.
    pub fn indices(&mut self, step: u64) -> Vec<usize> {
        self.places(step).map(|place| self.at(place)).collect()
    }

    /// The inputs of a step, by their number: view times images plus image.
    pub fn inputs(&mut self, step: u64) -> Vec<usize> {
        self.places(step).map(|place| self.view(place) * self.images + self.at(place)).collect()
    }

    fn places(&self, step: u64) -> std::ops::Range<u64> {
        let first = step * self.batch as u64;
        first..first + self.batch as u64
    }

    fn at(&mut self, place: u64) -> usize {
        let (epoch, within) = ((place / self.images as u64) as u32, (place % self.images as u64) as usize);
        if self.cached.as_ref().is_none_or(|(cached, _)| *cached != epoch) {
            self.cached = Some((epoch, self.order.permutation(self.images, epoch)));
        }
        self.cached.as_ref().map_or(0, |(_, order)| order[within] as usize)
    }

    /// Which view of its image a place sees.
    fn view(&self, place: u64) -> usize {
        let epoch = place / self.images as u64;
        self.reading.inputs().map_or(0, |inputs| (epoch % inputs as u64) as usize)
    }

    /// The windows of a step's images: top, left and mirror of each.
    ///
    /// # Errors
    /// Images smaller than the window.
    pub fn crops(&mut self, step: u64, set: &ImageSet, side: usize) -> Result<Vec<u32>, DataError> {
        if self.reading.views > 0 {
            let inputs = self.inputs(step);
            return self.windows(&inputs, set, side);
        }
        let places = self.places(step);
        let crops = places.map(|place| Ok(words(self.reading.window(set, side, self.crops.words(place, 0))?)));
        Ok(crops.collect::<Result<Vec<_>, DataError>>()?.concat())
    }

    /// The windows of inputs by their number, as [`Self::inputs`] gives it.
    ///
    /// # Errors
    /// Images smaller than the window.
    pub fn windows(&self, inputs: &[usize], set: &ImageSet, side: usize) -> Result<Vec<u32>, DataError> {
        // Views are drawn from a page of their own, apart from windows that are drawn at every step.
        let of = |&input: &usize| Ok(words(self.reading.window(set, side, self.crops.words(input as u64, 1))?));
        Ok(inputs.iter().map(of).collect::<Result<Vec<_>, DataError>>()?.concat())
    }
}

fn words(crop: Crop) -> [u32; 3] {
    [crop.top, crop.left, u32::from(crop.mirror)]
}
