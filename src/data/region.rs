//! Regions of images of random size and shape, resized to a net's input: torchvision's `RandomResizedCrop`.

use super::{DataError, crop::Crop, image_file::Resampler};
use serde::{Deserialize, Serialize};

/// How often a region is drawn that does not fit before the largest one in the centre is taken.
const TRIES: u32 = 10;

/// Which regions are drawn, as torchvision's `RandomResizedCrop(scale=..., ratio=...)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regions {
    /// The least and the most of an image's area that a region has, from above 0 to 1.
    pub scale: [f64; 2],
    /// The least and the most of a region's width over its height.
    pub ratio: [f64; 2],
}

impl Default for Regions {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Regions {
    /// torchvision's defaults.
    pub const USUAL: Self = Self { scale: [0.08, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0] };
}

/// A rectangle of an image of H x W.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its first row.
    pub top: usize,
    /// Its first column.
    pub left: usize,
    /// How many rows.
    pub height: usize,
    /// How many columns.
    pub width: usize,
}

impl Region {
    /// A region of an image of H x W: an area evenly between the ends of `scale`, and a ratio of width to height whose
    /// logarithm is evenly between those of `ratio`; sides are rounded to whole pixels, halves to even ones, and the place
    /// is evenly among those where it fits. One that fits nowhere is drawn anew up to ten times; then it is the largest in
    /// the centre whose ratio is allowed. These are the rules of torchvision 0.29.2.
    ///
    /// `words` are four independent uniform 32-bit words of each try: for the area, the ratio, the row and the column.
    pub fn draw(height: usize, width: usize, rules: &Regions, words: impl Fn(u32) -> [u32; 4]) -> Self {
        let even = |word: u32, [low, high]: [f64; 2]| low + f64::from(word) / 4_294_967_296.0 * (high - low);
        let below = |word: u32, count: usize| ((u64::from(word) * count as u64) >> 32) as usize;
        let area = (height * width) as f64;
        for attempt in 0..TRIES {
            let [of_area, of_ratio, row, column] = words(attempt);
            let target = area * even(of_area, rules.scale);
            let ratio = even(of_ratio, rules.ratio.map(f64::ln)).exp();
            let [w, h] = [target * ratio, target / ratio].map(|square| square.sqrt().round_ties_even() as usize);
            if (1..=width).contains(&w) && (1..=height).contains(&h) {
                let (top, left) = (below(row, height - h + 1), below(column, width - w + 1));
                return Self { top, left, height: h, width: w };
            }
        }
        Self::centre(height, width, rules.ratio)
    }

    /// The largest region in the centre whose ratio is allowed.
    fn centre(height: usize, width: usize, [least, most]: [f64; 2]) -> Self {
        let whole = |side: f64, most: usize| (side.round_ties_even() as usize).clamp(1, most.max(1));
        let ratio = width as f64 / height as f64;
        let [h, w] = match ratio {
            wide if wide > most => [height, whole(height as f64 * most, width)],
            narrow if narrow < least => [whole(width as f64 / least, height), width],
            _ => [height, width],
        };
        Self { top: (height - h) / 2, left: (width - w) / 2, height: h, width: w }
    }
}

/// Resizes regions of stored images. Keep one for many images: it reuses its buffers.
#[derive(Debug, Default)]
pub struct RegionResizer {
    resampler: Resampler,
    region: Vec<u8>,
}

impl RegionResizer {
    /// Replaces the window of `side` x `side` pixels at `window` of an image of H x W x C bytes by a region of it, resized
    /// as Pillow's `crop` and `resize((side, side), BILINEAR)` do, to the bit. Pixels around the window stay.
    ///
    /// # Errors
    /// [`DataError::CropTooLarge`] where the window or the region is not inside the image.
    pub fn put(
        &mut self,
        image: &mut [u8],
        [height, width, channels]: [usize; 3],
        region: Region,
        window: Crop,
        side: usize,
    ) -> Result<(), DataError> {
        let (top, left) = (window.top as usize, window.left as usize);
        let inside = top + side <= height
            && left + side <= width
            && region.top + region.height <= height
            && region.left + region.width <= width
            && image.len() == height * width * channels;
        if !inside {
            return Err(DataError::CropTooLarge { expected: side, height, width });
        }
        let row = |image_row: usize, first: usize| (image_row * width + first) * channels;
        self.region.clear();
        for at in region.top..region.top + region.height {
            let first = row(at, region.left);
            self.region.extend_from_slice(&image[first..first + region.width * channels]);
        }
        let resized = self.resampler.apply_any(&self.region, channels, [region.width, region.height], [side, side]);
        for (line, at) in resized.chunks_exact(side * channels).zip(top..) {
            let first = row(at, left);
            image[first..first + side * channels].copy_from_slice(line);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Stream, digest};

    const STREAM: Stream = Stream { key: [7, 11] };

    fn drawn(height: usize, width: usize, rules: &Regions, place: u64) -> Region {
        Region::draw(height, width, rules, |attempt| STREAM.words(place, 2 + 2 * attempt))
    }

    /// The source text of torchvision 0.29.2's `RandomResizedCrop.get_params`, run with these words in place of its
    /// random numbers.
    #[test]
    fn regions_are_those_of_torchvision() {
        let usual = Regions::USUAL;
        let of = |scale: [f64; 2], ratio: [f64; 2]| Regions { scale, ratio };
        let cases = [
            (32, 32, usual),
            (256, 256, usual),
            (300, 200, of([0.5, 1.0], [0.5, 2.0])),
            (40, 300, of([0.9, 1.0], usual.ratio)),
            (300, 40, of([0.9, 1.0], usual.ratio)),
            (50, 60, of([1.0, 1.0], [1.9, 2.0])),
            (40, 300, usual),
            (256, 250, of([0.9, 1.0], usual.ratio)),
            (1, 1, usual),
            (33, 47, of([0.08, 0.3], [1.0, 1.0])),
        ];
        let mut bytes = Vec::new();
        for (height, width, rules) in cases {
            for place in [0, 1, 2, 3, 1000] {
                let Region { top, left, height, width } = drawn(height, width, &rules, place);
                bytes.extend([top, left, height, width].into_iter().flat_map(|side| (side as u32).to_le_bytes()));
            }
        }
        let first = drawn(32, 32, &usual, 0);
        assert_eq!(first, Region { top: 10, left: 2, height: 19, width: 24 });
        assert_eq!(drawn(40, 300, &cases[3].2, 0), Region { top: 0, left: 123, height: 40, width: 53 });
        assert_eq!(digest::hex(&bytes), "d2612af05a1c97e91f8f6baa3778144b1b72f4f8cc156d0dfbbf907be61c1870");
    }

    /// Digests of `Image.crop(...).resize((side, side), Image.BILINEAR).tobytes()` of Pillow 13.0.0.
    #[test]
    fn pixels_are_those_of_pillow_in_colour_and_in_gray() {
        let cases = [
            (48, 64, 32, [3, 5, 20, 31]),
            (48, 64, 32, [0, 0, 48, 64]),
            (32, 32, 32, [7, 9, 11, 13]),
            (32, 32, 32, [0, 0, 32, 32]),
            (40, 32, 32, [1, 0, 32, 20]),
            (300, 200, 29, [17, 23, 250, 101]),
            (40, 40, 32, [39, 39, 1, 1]),
            (64, 64, 61, [2, 1, 60, 61]),
        ];
        for (channels, expected) in [
            (3, "7faf1aa64963e68ccb147dc6100bf9514b92ede7e00d516b3fc8d036201334fd"),
            (1, "f02ed3017f0610ab844e46c42bc734a244f09f2970ed9933081581dfbb6a992b"),
        ] {
            let (mut resizer, mut bytes) = (RegionResizer::default(), Vec::new());
            for (height, width, side, [top, left, h, w]) in cases {
                let count = (height * width * channels) as u32;
                let original: Vec<u8> = (0..count).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
                let mut image = original.clone();
                let window = Crop::centre(height, width, side).unwrap();
                let region = Region { top, left, height: h, width: w };
                resizer.put(&mut image, [height, width, channels], region, window, side).unwrap();
                let (first, across) = (window.left as usize * channels, side * channels);
                for (at, (row, before)) in
                    image.chunks(width * channels).zip(original.chunks(width * channels)).enumerate()
                {
                    let inside = (window.top as usize..window.top as usize + side).contains(&at);
                    if inside {
                        bytes.extend_from_slice(&row[first..first + across]);
                    }
                    let around = if inside { &row[..first] } else { row };
                    assert_eq!(around, &before[..around.len()], "around the window nothing changes");
                }
            }
            assert_eq!(digest::hex(&bytes), expected, "{channels} channels");
        }
    }

    #[test]
    fn the_whole_image_as_its_own_region_is_not_changed() {
        let original: Vec<u8> = (0..32 * 32 * 3).map(|i| (i * 7 % 251) as u8).collect();
        let mut image = original.clone();
        let region = Region { top: 0, left: 0, height: 32, width: 32 };
        let window = Crop { top: 0, left: 0, mirror: true };
        RegionResizer::default().put(&mut image, [32, 32, 3], region, window, 32).unwrap();
        assert_eq!(image, original);
    }

    #[test]
    fn regions_cover_all_sizes_and_reach_every_edge() {
        let rules = Regions::USUAL;
        let all: Vec<Region> = (0..4000).map(|place| drawn(32, 32, &rules, place)).collect();
        let share = |r: &Region| (r.height * r.width) as f64 / 1024.0;
        let mean = all.iter().map(share).sum::<f64>() / 4000.0;
        assert!((0.45..0.56).contains(&mean), "{mean}");
        assert!(all.iter().any(|r| r.top == 0) && all.iter().any(|r| r.top + r.height == 32));
        assert!(all.iter().any(|r| r.left == 0) && all.iter().any(|r| r.left + r.width == 32));
        assert!(all.iter().all(|r| share(r) > 0.07 && r.top + r.height <= 32 && r.left + r.width <= 32));
        assert!(all.iter().any(|r| share(r) < 0.1) && all.iter().any(|r| share(r) > 0.9));
    }

    #[test]
    fn what_is_not_inside_the_image_is_refused() {
        let region = Region { top: 5, left: 0, height: 4, width: 4 };
        let window = Crop { top: 0, left: 0, mirror: false };
        let mut image = vec![0; 8 * 8];
        assert!(RegionResizer::default().put(&mut image, [8, 8, 1], region, window, 8).is_err());
        assert!(RegionResizer::default().put(&mut image, [8, 8, 1], Region { top: 4, ..region }, window, 9).is_err());
    }
}
