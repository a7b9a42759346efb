//! What is subtracted from the pixels of images, and what the difference is multiplied with.
//!
//! Statistics are those of one training half only, as [`mean`](super::mean) says. Values are in the units of the bytes,
//! 0 to 255: 255 times those that torchvision's `Normalize` takes.

use super::{DataError, ImageSet, mean};
use serde::{Deserialize, Serialize};

/// What is subtracted from pixels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Words", into = "Words")]
pub enum Mean {
    /// The mean image of the training images (Caffe).
    #[default]
    Image,
    /// The mean of each channel over the training images.
    Channel,
    /// These numbers, one a channel (PyTorch).
    Given(Vec<f64>),
}

/// What a pixel's difference to the mean is divided by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Words", into = "Words")]
pub enum Std {
    /// Nothing: it is multiplied with one scale for all channels.
    #[default]
    None,
    /// The standard deviation of each channel over the training images.
    Channel,
    /// These numbers, one a channel (PyTorch).
    Given(Vec<f64>),
}

/// Either of the two, as it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Words {
    Word(String),
    Numbers(Vec<f64>),
}

impl TryFrom<Words> for Mean {
    type Error = String;

    fn try_from(words: Words) -> Result<Self, String> {
        match words {
            Words::Numbers(numbers) => Ok(Self::Given(numbers)),
            Words::Word(word) if word == "image" => Ok(Self::Image),
            Words::Word(word) if word == "channel" => Ok(Self::Channel),
            Words::Word(word) => {
                Err(format!("mean is {word:?}, expected \"image\", \"channel\" or a list of one number per channel"))
            }
        }
    }
}

impl From<Mean> for Words {
    fn from(mean: Mean) -> Self {
        match mean {
            Mean::Image => Self::Word("image".into()),
            Mean::Channel => Self::Word("channel".into()),
            Mean::Given(numbers) => Self::Numbers(numbers),
        }
    }
}

impl TryFrom<Words> for Std {
    type Error = String;

    fn try_from(words: Words) -> Result<Self, String> {
        match words {
            Words::Numbers(numbers) => Ok(Self::Given(numbers)),
            Words::Word(word) if word == "none" => Ok(Self::None),
            Words::Word(word) if word == "channel" => Ok(Self::Channel),
            Words::Word(word) => {
                Err(format!("std is {word:?}, expected \"none\", \"channel\" or a list of one number per channel"))
            }
        }
    }
}

impl From<Std> for Words {
    fn from(std: Std) -> Self {
        match std {
            Std::None => Self::Word("none".into()),
            Std::Channel => Self::Word("channel".into()),
            Std::Given(numbers) => Self::Numbers(numbers),
        }
    }
}

/// What is subtracted from pixels, in numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum MeanValues {
    /// One for every pixel and channel of an image, `[h][w][c]`.
    Image(Vec<f32>),
    /// One for every channel, the same at every pixel and around the image.
    Channels(Vec<f32>),
}

/// How pixels become numbers: `scale[c] * (pixel[h, w, c] - mean[h, w, c])`.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// Height, width and channels of the images that it is for.
    shape: [usize; 3],
    mean: MeanValues,
    /// What the difference is multiplied with, `[c]`.
    pub scale: Vec<f32>,
}

impl Normalisation {
    /// The normalisation of images of a shape `[height, width, channels]` that these numbers are.
    ///
    /// # Errors
    /// [`DataError::Channels`] for another number of values than channels, [`DataError::PixelCount`] for a mean image
    /// of another size.
    pub fn given(shape: [usize; 3], mean: MeanValues, scale: Vec<f32>) -> Result<Self, DataError> {
        let [height, width, channels] = shape;
        match &mean {
            MeanValues::Image(values) => {
                let expected = height.saturating_mul(width).saturating_mul(channels);
                if values.len() != expected {
                    let got = values.len();
                    return Err(DataError::PixelCount { images: 1, height, width, channels, expected, got });
                }
            }
            MeanValues::Channels(values) if values.len() != channels => {
                return Err(DataError::Channels { what: "mean", expected: channels, got: values.len() });
            }
            MeanValues::Channels(_) => {}
        }
        if scale.len() != channels {
            return Err(DataError::Channels { what: "scale", expected: channels, got: scale.len() });
        }
        Ok(Self { shape, mean, scale })
    }

    /// The mean image of a set, and one scale.
    ///
    /// # Errors
    /// [`DataError::NoImages`] for an empty set.
    pub fn mean_image(set: &ImageSet, scale: f64) -> Result<Self, DataError> {
        Self::of(set, &Mean::Image, &Std::None, scale)
    }

    /// What a mean, a standard deviation and a scale are for the images of a set. The factor of channel c is
    /// `scale / std[c]`, or `scale` without a deviation.
    ///
    /// Around padded images lie pixels of 0, before anything is subtracted: a mean image is that of padded images, 0
    /// there as the pixels are, and the mean of a channel is the same everywhere.
    ///
    /// # Errors
    /// [`DataError::NoImages`] for an empty set; [`DataError::Channels`] for another number of values than channels;
    /// [`DataError::NoDeviation`] for a channel that has one value everywhere.
    pub fn of(set: &ImageSet, mean: &Mean, std: &Std, scale: f64) -> Result<Self, DataError> {
        let shape = set.shape();
        let [.., channels] = shape;
        let checked = |what, numbers: &[f64]| match numbers.len() == channels {
            true => Ok(numbers.to_vec()),
            false => Err(DataError::Channels { what, expected: channels, got: numbers.len() }),
        };
        let means = match mean {
            Mean::Image => None,
            Mean::Channel => Some(mean::channel_mean(set)?.into_iter().map(f64::from).collect()),
            Mean::Given(numbers) => Some(checked("mean", numbers)?),
        };
        let deviations = match std {
            Std::None => None,
            Std::Channel => Some(mean::channel_std(set)?.into_iter().map(f64::from).collect()),
            Std::Given(numbers) => Some(checked("std", numbers)?),
        };
        if let Some(channel) = deviations.iter().flatten().position(|&deviation| deviation == 0.0) {
            return Err(DataError::NoDeviation { channel });
        }
        let factors = match &deviations {
            None => vec![scale; channels],
            Some(deviations) => deviations.iter().map(|deviation| scale / deviation).collect(),
        };
        let of_f32 = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect::<Vec<f32>>();
        let mean = match means {
            None => MeanValues::Image(mean::mean_image(set)?),
            Some(means) => MeanValues::Channels(of_f32(means)),
        };
        Self::given(shape, mean, of_f32(factors))
    }

    /// Height, width and channels of the images that it is for.
    pub const fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// What is subtracted.
    pub const fn mean(&self) -> &MeanValues {
        &self.mean
    }

    /// The mean of one image with `padding` pixels around it on each side, `[h][w][c]`.
    pub fn padded_mean(&self, padding: usize) -> Vec<f32> {
        let [height, width, channels] = self.shape;
        let image = match &self.mean {
            MeanValues::Image(image) => image,
            MeanValues::Channels(means) => return means.repeat((height + 2 * padding) * (width + 2 * padding)),
        };
        let beside = vec![0.0; padding * channels];
        let above = vec![0.0; padding * (width + 2 * padding) * channels];
        let mut padded = above.clone();
        let rows = image.chunks_exact(width * channels);
        rows.for_each(|row| padded.extend(beside.iter().chain(row).chain(&beside)));
        padded.extend(above);
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> ImageSet {
        // Two images of 1 x 2 pixels with 3 channels.
        ImageSet::new(1, 2, 3, vec![0, 10, 20, 30, 40, 50, 2, 10, 21, 35, 40, 255], vec![0, 0]).unwrap()
    }

    #[test]
    fn a_mean_image_is_zero_around_the_image_and_a_channels_mean_is_everywhere() {
        let image = Normalisation::mean_image(&set(), 0.5).unwrap();
        assert_eq!(image.padded_mean(0), [1.0, 10.0, 20.5, 32.5, 40.0, 152.5]);
        assert_eq!(image.scale, [0.5; 3]);
        let padded = image.padded_mean(1);
        assert_eq!(padded.len(), 3 * 4 * 3);
        assert_eq!(padded[15..21], image.padded_mean(0));
        assert!(padded.iter().enumerate().all(|(at, &value)| (15..21).contains(&at) || value == 0.0));
        let channel = Normalisation::of(&set(), &Mean::Channel, &Std::None, 0.5).unwrap();
        assert_eq!(channel.padded_mean(1), [16.75, 25.0, 86.5].repeat(12));
    }

    #[test]
    fn a_deviation_divides_each_channel() {
        let mean = Mean::Given(vec![1.0, 2.0, 3.5]);
        let given = Normalisation::of(&set(), &mean, &Std::Given(vec![2.0, 4.0, 5.0]), 1.0).unwrap();
        assert_eq!(given.scale, [0.5, 0.25, 0.2]);
        assert_eq!(given.mean(), &MeanValues::Channels(vec![1.0, 2.0, 3.5]));
        let own = Normalisation::of(&set(), &Mean::Channel, &Std::Channel, 1.0).unwrap();
        let deviations = mean::channel_std(&set()).unwrap();
        assert!(own.scale.iter().zip(&deviations).all(|(scale, std)| (scale * std - 1.0).abs() < 1e-6));
    }

    #[test]
    fn numbers_that_do_not_fit_the_channels_and_channels_of_one_value_are_refused() {
        let two = Mean::Given(vec![1.0, 2.0]);
        let error = Normalisation::of(&set(), &two, &Std::None, 1.0).unwrap_err();
        assert!(matches!(error, DataError::Channels { what: "mean", expected: 3, got: 2 }), "{error}");
        let image = MeanValues::Image(vec![0.0; 5]);
        let error = Normalisation::given([1, 2, 3], image, vec![1.0; 3]).unwrap_err();
        assert!(matches!(error, DataError::PixelCount { expected: 6, got: 5, .. }), "{error}");
        let flat = ImageSet::new(1, 2, 2, vec![7, 1, 7, 2], vec![0]).unwrap();
        let error = Normalisation::of(&flat, &Mean::Channel, &Std::Channel, 1.0).unwrap_err();
        assert!(matches!(error, DataError::NoDeviation { channel: 0 }), "{error}");
    }

    #[test]
    fn means_and_deviations_are_read_as_they_are_written() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Both {
            mean: Mean,
            std: Std,
        }
        for (mean, std) in [
            (Mean::Image, Std::None),
            (Mean::Channel, Std::Channel),
            (Mean::Given(vec![123.5]), Std::Given(vec![58.25])),
        ] {
            let both = Both { mean, std };
            let text = toml::to_string(&both).unwrap();
            assert_eq!(toml::from_str::<Both>(&text).unwrap(), both, "{text}");
        }
        let error = toml::from_str::<Both>("mean = \"pixel\"\nstd = \"none\"").unwrap_err().to_string();
        assert!(error.contains("expected \"image\", \"channel\""), "{error}");
    }
}
