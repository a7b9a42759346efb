//! Which images per step sees, and how they are cropped: functions of the step alone, so that a resumed run
//! sees what an undisturbed one would.

use crate::{
    data::{
        DataError, ImageSet, Normalisation,
        crop::Crop,
        region::{Region, RegionResizer, Regions},
    },
    host::Stream,
};
use rayon::prelude::*;

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
    /// A region of random size, shape and place, resized to the window.
    ResizedCrop,
    /// The same, mirrored half of the time.
    ResizedCropAndMirror,
}

impl Augmentation {
    /// Whether regions are resized.
    pub const fn resizes(self) -> bool {
        matches!(self, Self::ResizedCrop | Self::ResizedCropAndMirror)
    }

    const fn mirrors(self) -> bool {
        matches!(self, Self::CropAndMirror | Self::ResizedCropAndMirror)
    }
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
    /// Which regions are resized, where they are.
    pub regions: Regions,
}

impl Reading {
    /// The centre window only.
    pub const fn centre() -> Self {
        Self { augmentation: Augmentation::None, views: 0, padding: 0, regions: Regions::USUAL }
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

    /// What a training step sees of an image by its number on a page of a stream.
    fn seen(&self, set: &ImageSet, side: usize, stream: &Stream, number: u64, page: u32) -> Result<Seen, DataError> {
        let [row, column, mirror, _] = stream.words(number, page);
        let [height, width] = self.padded(set);
        let may_mirror = self.augmentation.mirrors();
        let drawn = || Crop::train(height, width, side, may_mirror, [row, column, mirror]);
        Ok(match self.augmentation {
            Augmentation::None => Seen { window: Crop::centre(height, width, side)?, region: None },
            Augmentation::Crop | Augmentation::CropAndMirror => Seen { window: drawn()?, region: None },
            Augmentation::ResizedCrop | Augmentation::ResizedCropAndMirror => {
                // Each try has a page of its own, so that none shifts another one's words.
                let words = |attempt: u32| stream.words(number, PAGES * (1 + attempt) + page);
                let region = Region::draw(set.height, set.width, &self.regions, words);
                Seen {
                    window: Crop { mirror: drawn()?.mirror, ..self.centre_window(set, side)? },
                    region: Some(region),
                }
            }
        })
    }
}

/// Pages of a stream of windows: one for those that are drawn at every step, one for views.
const PAGES: u32 = 2;

/// What a network sees of an image.
#[derive(Clone, Copy, Debug)]
struct Seen {
    window: Crop,
    /// What is resized to the window before it is read.
    region: Option<Region>,
}

/// What a network sees of the images of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// Top, left and mirror of each window.
    pub words: Vec<u32>,
    /// What is resized to each window before it is read; empty where windows are read as they are.
    regions: Vec<Region>,
}

impl Windows {
    /// One window of all `count` images of a batch.
    pub fn same(window: Crop, count: usize) -> Self {
        Self { words: words(window).repeat(count), regions: Vec::new() }
    }

    fn of(all: Vec<Seen>) -> Self {
        let regions = all.iter().filter_map(|seen| seen.region).collect();
        Self { words: all.iter().flat_map(|seen| words(seen.window)).collect(), regions }
    }

    /// Fills a batch of `count` images up with windows at the corner.
    pub fn filled(mut self, count: usize) -> Self {
        self.words.resize(3 * count, 0);
        self
    }

    /// Puts the resized region of each image into its window, where there are regions: `pixels` are those of the images of
    /// a batch as they are stored. Images are independent of each other, so that threads change no bit.
    ///
    /// # Errors
    /// Images smaller than their window.
    pub fn resize(&self, pixels: &mut [u8], set: &ImageSet, side: usize, padding: usize) -> Result<(), DataError> {
        let inside = |word: u32| word.saturating_sub(padding as u32);
        let images = pixels.par_chunks_mut(set.image_len().max(1)).zip(&self.regions).zip(self.words.par_chunks(3));
        images.try_for_each_init(RegionResizer::default, |resizer, ((image, region), window)| {
            let window = Crop { top: inside(window[0]), left: inside(window[1]), mirror: false };
            resizer.put(image, [set.height, set.width, set.channels], *region, window, side)
        })
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

    /// What a step sees of its images.
    ///
    /// # Errors
    /// Images smaller than the window.
    pub fn crops(&mut self, step: u64, set: &ImageSet, side: usize) -> Result<Windows, DataError> {
        if self.reading.views > 0 {
            let inputs = self.inputs(step);
            return self.windows(&inputs, set, side);
        }
        let seen = |place| self.reading.seen(set, side, &self.crops, place, 0);
        Ok(Windows::of(self.places(step).map(seen).collect::<Result<_, _>>()?))
    }

    /// The windows of inputs by their number, as [`Self::inputs`] gives it.
    ///
    /// # Errors
    /// Images smaller than the window.
    pub fn windows(&self, inputs: &[usize], set: &ImageSet, side: usize) -> Result<Windows, DataError> {
        // Views are drawn from a page of their own, apart from windows that are drawn at every step.
        let seen = |&input: &usize| self.reading.seen(set, side, &self.crops, input as u64, 1);
        Ok(Windows::of(inputs.iter().map(seen).collect::<Result<_, _>>()?))
    }
}

fn words(crop: Crop) -> [u32; 3] {
    [crop.top, crop.left, u32::from(crop.mirror)]
}
