//! Resizing to a square, without keeping the proportions.

use super::{ImageFileError, Rgb};
use crate::data::DataError;
use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use std::path::Path;

/// Warps images to S x S pixels, as the paper's 256 x 256: width and height are scaled by factors of their own.
///
/// The filter is a triangle as wide as the reduction (PIL's `BILINEAR`, torchvision's default with antialiasing), in
/// whole-number arithmetic, so that the bytes are the same on processors with and without vector instructions.
#[derive(Debug)]
pub struct Warp {
    side: u32,
    resizer: Resizer,
}

impl Warp {
    /// A warp to `side` x `side` pixels. Keep one for many images: it reuses its buffers.
    pub fn to(side: u32) -> Self {
        Self { side, resizer: Resizer::new() }
    }

    /// The S x S x 3 bytes of an image; one that has this size already comes back as it is. `path` is what errors
    /// name.
    ///
    /// # Errors
    /// [`ImageFileError::Resize`] where the resizer refuses, as for a side of 0.
    pub fn apply(&mut self, image: Rgb, path: &Path) -> Result<Vec<u8>, DataError> {
        let (Rgb { width, height, pixels }, side) = (image, self.side);
        if width == side && height == side {
            return Ok(pixels);
        }
        let failure = |reason: String| ImageFileError::Resize { path: path.into(), width, height, side, reason };
        // The type of a pixel is given: the resizer for any type would be compiled for all of them.
        let from = TypedImageRef::<U8x3>::from_buffer(width, height, &pixels).map_err(|e| failure(e.to_string()))?;
        let mut warped = vec![0; side as usize * side as usize * 3];
        let mut to = TypedImage::from_buffer(side, side, &mut warped).map_err(|e| failure(e.to_string()))?;
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
        self.resizer.resize_typed(&from, &mut to, &options).map_err(|e| failure(e.to_string()))?;
        Ok(warped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32) -> Rgb {
        let pixels = (0..width * height * 3).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        Rgb { width, height, pixels }
    }

    #[test]
    fn an_image_of_the_size_asked_for_is_not_touched() {
        assert_eq!(Warp::to(8).apply(image(8, 8), Path::new("x")).unwrap(), image(8, 8).pixels);
    }

    #[test]
    fn one_colour_stays_one_colour_in_any_proportion() {
        for (width, height) in [(1, 1), (1, 40), (57, 3), (300, 200)] {
            let pixels = [10, 128, 255].repeat((width * height) as usize);
            let warped = Warp::to(16).apply(Rgb { width, height, pixels }, Path::new("x")).unwrap();
            assert_eq!(warped, [10, 128, 255].repeat(256), "{width} x {height}");
        }
    }

    #[test]
    fn halving_weighs_neighbours_with_a_triangle() {
        // Columns 0, 0, 0, 0, 240, 240, 240, 240 to four: the triangle has the weights 1, 3, 3, 1 (of 8).
        let pixels: Vec<u8> = (0..8).flat_map(|_| (0..8).flat_map(|x| [if x < 4 { 0 } else { 240 }; 3])).collect();
        let warped = Warp::to(4).apply(Rgb { width: 8, height: 8, pixels }, Path::new("x")).unwrap();
        assert_eq!(warped.chunks(3).take(4).map(|pixel| pixel[0]).collect::<Vec<_>>(), [0, 30, 210, 240]);
    }

    #[test]
    fn the_bytes_are_those_that_were_made_without_vector_instructions() {
        let mut all = Vec::new();
        for (width, height) in [(500, 375), (31, 400), (64, 64), (20, 20)] {
            all.extend(Warp::to(61).apply(image(width, height), Path::new("x")).unwrap());
        }
        assert_eq!(crate::host::digest::hex(&all), "796847049d2ca0e164f0a2f1a435bb51e234313157ae7617e361b1699a60f4e0");
    }
}
