//! WebP, by the crate `image-webp`.

use super::{
    fault::Fault,
    limits::{self, MAX_BYTES},
    rgb::{Rgb, without_alpha},
};
use image_webp::WebPDecoder;
use std::io::Cursor;

/// Lossy or lossless, alpha dropped; of an animation the first frame counts.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, Fault> {
    let mut decoder = decoder(bytes)?;
    let ((width, height), channels) = (decoder.dimensions(), if decoder.has_alpha() { 4 } else { 3 });
    limits::check(width, height, channels as u64)?;
    let mut samples = vec![0; width as usize * height as usize * channels];
    decoder.read_image(&mut samples).map_err(|error| Fault::of(&error))?;
    Ok(Rgb { width, height, pixels: without_alpha(samples, channels) })
}

pub(super) fn dimensions(bytes: &[u8]) -> Result<[u32; 2], Fault> {
    decoder(bytes).map(|decoder| decoder.dimensions().into())
}

fn decoder(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, Fault> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| Fault::of(&error))?;
    decoder.set_memory_limit(MAX_BYTES as usize);
    Ok(decoder)
}
