//! How a network of another program sees images, from the arguments that say so.

use crate::cli::one_of;
use crate::{
    data::{Normalisation, fit::Fit, normalisation::MeanValues},
    exchange::{self, ExchangeError},
    nn::NetDef,
    train::Preprocessing,
};
use anyhow::{Context, Result};
use clap::Args;
use std::path::Path;

#[derive(Args, Debug)]
pub struct PreprocessingArgs {
    /// Subtract these means of red, green and blue from pixels of 0 to 255, or the mean image of this file
    /// (mean.binaryproto of Caffe); torchvision's are 123.675,116.28,103.53
    #[arg(long, value_name = "R,G,B|FILE", allow_hyphen_values = true)]
    mean: String,
    /// Divide by these deviations; torchvision's are 58.395,57.12,57.375
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', conflicts_with = "scale")]
    std: Vec<f64>,
    /// Multiply pixels by this factor, instead of dividing them by --std
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Make images of this height and width, of which the net sees the centre; 256 for the nets of ImageNet (default:
    /// the size of the mean image, else of the net's input)
    #[arg(long, value_name = "SIDE")]
    images: Option<usize>,
    /// Fit images of another size by resize, pad or crop; exact refuses them
    #[arg(long, default_value = Fit::Resize.name(), value_parser = one_of(Fit::ALL, Fit::name, Fit::sees))]
    fit: Fit,
}

impl PreprocessingArgs {
    /// What the arguments say, for a net; `bgr` where the file's order of channels is blue, green, red.
    ///
    /// # Errors
    /// A mean that cannot be read or is of another size than the net can have; another number of values than channels.
    pub fn of(&self, net: &NetDef, bgr: bool) -> Result<Preprocessing> {
        let [channels, side, _] = net.input;
        let numbers: Result<Vec<f32>, _> = self.mean.split(',').map(|number| number.trim().parse::<f32>()).collect();
        let (mean, given) = match numbers {
            Ok(numbers) => (MeanValues::Channels(self.checked("--mean", numbers, channels)?), None),
            Err(_) => {
                let (mean, side) = image(Path::new(&self.mean), net, bgr)?;
                (mean, Some(side))
            }
        };
        let images = self.images.or(given).unwrap_or(side);
        if images < side || given.is_some_and(|given| given != images) {
            let expected =
                given.map_or(format!("at least the net's {side}"), |given| format!("the mean image's {given}"));
            return Err(ExchangeError::ImageSide { expected, got: images }.into());
        }
        let scale = match self.std.is_empty() {
            true => vec![self.scale as f32; channels],
            false => {
                let std = self.checked("--std", self.std.clone(), channels)?;
                std.into_iter().map(|deviation| (1.0 / deviation) as f32).collect()
            }
        };
        if let Some(&factor) = scale.iter().find(|factor| !factor.is_finite() || **factor == 0.0) {
            return Err(ExchangeError::Factor { got: factor }.into());
        }
        let normalisation = Normalisation::given([images, images, channels], mean, scale)?;
        Ok(Preprocessing { normalisation, fit: self.fit })
    }

    fn checked<T>(&self, what: &'static str, numbers: Vec<T>, expected: usize) -> Result<Vec<T>, ExchangeError> {
        match numbers.len() == expected {
            true => Ok(numbers),
            false => Err(ExchangeError::Channels { what, expected, got: numbers.len() }),
        }
    }
}

/// The mean image of a file, `[h][w][c]`, red first, and its side.
fn image(path: &Path, net: &NetDef, bgr: bool) -> Result<(MeanValues, usize)> {
    let read = exchange::mean(path).context("--mean takes one number per channel, or Caffe's mean image")?;
    let [channels, height, width] = read.shape;
    let [expected, least, _] = net.input;
    if channels != expected || height != width || height < least {
        let text = |sides: [usize; 3]| sides.map(|side| side.to_string()).join(" x ");
        let (path, net, expected, got) = (path.into(), net.name.clone(), text(net.input), text(read.shape));
        return Err(ExchangeError::MeanSize { path, net, expected, got }.into());
    }
    let pixels = height * width;
    let channel = |c: usize| if bgr && channels == 3 { 2 - c } else { c };
    let value = |at: usize| read.values[channel(at % channels) * pixels + at / channels];
    Ok((MeanValues::Image((0..channels * pixels).map(value).collect()), height))
}

/// The preprocessing in words.
pub fn words(preprocessing: &Preprocessing) -> String {
    let normalisation = &preprocessing.normalisation;
    let [height, width, channels] = normalisation.shape();
    let numbers = |values: &[f32]| values.iter().map(f32::to_string).collect::<Vec<_>>().join(", ");
    let mean = match normalisation.mean() {
        MeanValues::Channels(means) => format!("mean {}", numbers(means)),
        MeanValues::Image(_) => "a mean image".to_string(),
    };
    let (scale, fit) = (numbers(&normalisation.scale), preprocessing.fit.name());
    format!("images of {channels} x {height} x {width} (fit {fit}), {mean} subtracted, then times {scale}")
}
