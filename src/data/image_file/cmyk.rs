//! Four inks to red, green and blue.

/// Red, green and blue of a picture of inks, 255 where an ink covers: `R = CLIP(K' - round(C K' / 255))` with
/// `K' = 255 - K`, in whole numbers, which is how PIL converts (`cmyk2rgb` in its `Convert.c`).
pub(super) fn to_rgb(inks: &[u8]) -> Vec<u8> {
    inks.chunks_exact(4).flat_map(|pixel| colour([pixel[0], pixel[1], pixel[2]], 255 - pixel[3])).collect()
}

/// The same of inks that are stored inverted, as Adobe programs write them into JPEG files.
pub(super) fn inverted_to_rgb(inks: &[u8]) -> Vec<u8> {
    inks.chunks_exact(4).flat_map(|pixel| colour([255 - pixel[0], 255 - pixel[1], 255 - pixel[2]], pixel[3])).collect()
}

fn colour(inks: [u8; 3], white: u8) -> [u8; 3] {
    inks.map(|ink| white.saturating_sub(over_255(ink, white)))
}

/// `round(a b / 255)` without a division.
fn over_255(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    (((product >> 8) + product) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_by_255_is_rounded_to_the_nearest() {
        for a in 0..=255u8 {
            for b in 0..=255u8 {
                let exact = f64::from(a) * f64::from(b) / 255.0;
                assert_eq!(f64::from(over_255(a, b)), exact.round(), "{a} * {b} / 255");
            }
        }
    }

    #[test]
    fn no_ink_is_white_and_black_ink_is_black_whatever_the_others_are() {
        assert_eq!(to_rgb(&[0, 0, 0, 0, 9, 200, 255, 255]), [255, 255, 255, 0, 0, 0]);
        assert_eq!(inverted_to_rgb(&[255, 255, 255, 255, 9, 200, 255, 0]), [255, 255, 255, 0, 0, 0]);
        assert_eq!(to_rgb(&[255, 0, 51, 0]), [0, 255, 204]);
    }
}
