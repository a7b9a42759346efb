//! PNG, by the crate `png`.

use super::{
    fault::Fault,
    limits::{self, MAX_BYTES},
    rgb::{Rgb, without_alpha},
};
use ::png::{Decoder, Limits, Reader, Transformations};
use std::io::Cursor;

/// Every depth becomes eight bits: less is spread to 255 (a palette is resolved), of sixteen the high byte is kept.
/// Of an animation the default image counts.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, Fault> {
    let mut decoder = decoder(bytes);
    let (width, height) = size(&mut decoder)?;
    let mut reader: Reader<_> = decoder.read_info().map_err(|error| Fault::of(&error))?;
    let channels = reader.output_color_type().0.samples();
    let too_large = || Fault::TooLarge(u64::MAX);
    let len = reader.output_buffer_size().ok_or_else(too_large)?;
    limits::memory(len as u64)?;
    let mut samples = vec![0; len];
    reader.next_frame(&mut samples).map_err(|error| Fault::of(&error))?;
    Ok(Rgb { width, height, pixels: without_alpha(samples, channels) })
}

pub(super) fn dimensions(bytes: &[u8]) -> Result<[u32; 2], Fault> {
    let info = decoder(bytes).read_header_info().map(|info| [info.width, info.height]);
    info.map_err(|error| Fault::of(&error))
}

fn decoder(bytes: &[u8]) -> Decoder<Cursor<&[u8]>> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_BYTES as usize });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder
}

fn size(decoder: &mut Decoder<Cursor<&[u8]>>) -> Result<(u32, u32), Fault> {
    let info = decoder.read_header_info().map_err(|error| Fault::of(&error))?;
    let (width, height) = (info.width, info.height);
    limits::check(width, height, info.bytes_per_pixel() as u64)?;
    Ok((width, height))
}
