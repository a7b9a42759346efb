//! Pictures that strata writes.

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};

/// A PNG of H x W x C bytes: gray for C = 1, red, green and blue for C = 3.
///
/// # Errors
/// That of the encoder for a number of bytes that is not H x W x C, and for a side of 0.
pub fn encode(width: u32, height: u32, channels: usize, pixels: &[u8]) -> Result<Vec<u8>, EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(if channels == 1 { ColorType::Grayscale } else { ColorType::Rgb });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}
