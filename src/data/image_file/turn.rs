//! Pictures that are stored turned or mirrored.

use super::rgb::Rgb;

/// Columns and rows of an upright picture of which `width` x `height` pixels are stored.
pub(super) fn size(width: u32, height: u32, orientation: u16) -> [u32; 2] {
    if (5..=8).contains(&orientation) { [height, width] } else { [width, height] }
}

/// A picture as it is to be looked at, by TIFF's orientation tag: 1 as stored, 2 mirrored, 3 upside down, 4 both, 5 to
/// 8 with rows and columns exchanged; others are taken for 1.
pub(super) fn upright(image: Rgb, orientation: u16) -> Rgb {
    if !(2..=8).contains(&orientation) {
        return image;
    }
    let (w, h) = (image.width as usize, image.height as usize);
    let [width, height] = size(image.width, image.height, orientation);
    // The stored column and row of column x and row y.
    let stored = |x: usize, y: usize| match orientation {
        2 => (w - 1 - x, y),
        3 => (w - 1 - x, h - 1 - y),
        4 => (x, h - 1 - y),
        5 => (y, x),
        6 => (y, h - 1 - x),
        7 => (w - 1 - y, h - 1 - x),
        _ => (w - 1 - y, x),
    };
    let mut pixels = Vec::with_capacity(image.pixels.len());
    for y in 0..height as usize {
        for x in 0..width as usize {
            let (column, row) = stored(x, y);
            pixels.extend(&image.pixels[(row * w + column) * 3..][..3]);
        }
    }
    Rgb { width, height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corner_that_the_tag_names_comes_to_the_top_left() {
        // Two rows of three pixels: 0 1 2 / 3 4 5.
        let image = || Rgb { width: 3, height: 2, pixels: (0..6).flat_map(|v| [v; 3]).collect() };
        let upright: [&[u8]; 9] = [
            &[0, 1, 2, 3, 4, 5],
            &[0, 1, 2, 3, 4, 5],
            &[2, 1, 0, 5, 4, 3],
            &[5, 4, 3, 2, 1, 0],
            &[3, 4, 5, 0, 1, 2],
            &[0, 3, 1, 4, 2, 5],
            &[3, 0, 4, 1, 5, 2],
            &[5, 2, 4, 1, 3, 0],
            &[2, 5, 1, 4, 0, 3],
        ];
        for (orientation, expected) in upright.into_iter().enumerate() {
            let got = super::upright(image(), orientation as u16);
            assert_eq!([got.width, got.height], size(3, 2, orientation as u16));
            assert_eq!(got.pixels.iter().step_by(3).copied().collect::<Vec<_>>(), expected, "{orientation}");
        }
    }
}
