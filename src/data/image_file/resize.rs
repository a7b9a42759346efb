//! Resizing to a square, without keeping the proportions.

use super::{ImageFileError, Rgb, resample::Resampler};
use crate::data::DataError;
use std::path::Path;

/// Warps images to S x S pixels, as the paper's 256 x 256: width and height are scaled by factors of their own.
///
/// The pixels are those of Pillow's `resize((S, S), BILINEAR)`, to the bit.
#[derive(Debug)]
pub struct Warp {
    side: u32,
    resampler: Resampler,
}

impl Warp {
    /// A warp to `side` x `side` pixels. Keep one for many images: it reuses its buffers.
    pub fn to(side: u32) -> Self {
        Self { side, resampler: Resampler::default() }
    }

    /// The S x S x 3 bytes of an image; one that has this size already comes back as it is. `path` is what errors
    /// name.
    ///
    /// # Errors
    /// [`ImageFileError::Resize`] for a side of 0, and for an image without pixels or with another number of bytes.
    pub fn apply(&mut self, image: Rgb, path: &Path) -> Result<Vec<u8>, DataError> {
        let (Rgb { width, height, pixels }, side) = (image, self.side);
        if width == side && height == side {
            return Ok(pixels);
        }
        let [from, to] = [[width, height], [side, side]].map(|size| size.map(|side| side as usize));
        if [width, height, side].contains(&0) || pixels.len() != from[0] * from[1] * 3 {
            let reason = format!("there are {} bytes of pixels", pixels.len());
            return Err(ImageFileError::Resize { path: path.into(), width, height, side, reason }.into());
        }
        Ok(self.resampler.apply::<3>(&pixels, from, to))
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

    /// The digests are of `Image.resize((61, 61), Image.BILINEAR).tobytes()` of Pillow 13.0.0 for the same images.
    #[test]
    fn the_bytes_are_pillows() {
        for (sizes, digest) in [
            (
                &[(500, 375), (31, 400), (64, 64), (20, 20)][..],
                "113c2bee5d126ba839ee17698811c904b4a58c253782d6c022e53f16961897e8",
            ),
            (
                &[(61, 300), (300, 61), (1, 1), (2, 3), (4000, 3), (7, 2000)],
                "c7c61ff4bcf7c556f4fafcb3880647ddd27e7b264a0120100f5d0e2ce509a862",
            ),
        ] {
            let mut warp = Warp::to(61);
            let warped = |&(width, height): &(u32, u32)| warp.apply(image(width, height), Path::new("x")).unwrap();
            assert_eq!(crate::host::digest::hex(&sizes.iter().flat_map(warped).collect::<Vec<_>>()), digest);
        }
    }

    #[test]
    fn a_side_of_nothing_and_missing_bytes_are_refused() {
        assert!(Warp::to(0).apply(image(2, 2), Path::new("x")).is_err());
        assert!(Warp::to(4).apply(Rgb { pixels: vec![0; 5], ..image(2, 2) }, Path::new("x")).is_err());
    }
}
