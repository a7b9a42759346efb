//! GIF, by the crate `gif`.

use super::{
    fault::Fault,
    limits::{self, MAX_BYTES},
    rgb::Rgb,
};
use ::gif::{ColorOutput, DecodeOptions, Decoder, MemoryLimit};
use std::{io::Cursor, num::NonZeroU64};

/// The first frame on its screen, which grows where the frame is larger. Transparency is dropped: a pixel has the
/// colour of its index, and so have the pixels outside the frame, whose index is the transparent one, else 0.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, Fault> {
    let mut decoder = decoder(bytes)?;
    let screen = [u32::from(decoder.width()), u32::from(decoder.height())];
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    let info = decoder.next_frame_info().map_err(|error| Fault::of(&error))?;
    let info = info.ok_or_else(|| Fault::Undecodable("it has no frame".into()))?;
    let [left, top] = [usize::from(info.left), usize::from(info.top)];
    let [columns, rows] = [usize::from(info.width), usize::from(info.height)];
    let (width, height) = (screen[0].max((left + columns) as u32), screen[1].max((top + rows) as u32));
    limits::check(width, height, 3)?;
    let palette = info.palette.clone().or(global).unwrap_or_default();
    let outside = info.transparent.unwrap_or(0);
    let mut frame = vec![0; decoder.buffer_size()];
    decoder.read_into_buffer(&mut frame).map_err(|error| Fault::of(&error))?;
    let mut indices = vec![outside; width as usize * height as usize];
    if columns > 0 {
        for (y, row) in frame.chunks_exact(columns).enumerate() {
            indices[(top + y) * width as usize + left..][..columns].copy_from_slice(row);
        }
    }
    // An index past the end of the palette is black.
    let colour = |index| palette.chunks_exact(3).nth(index).map_or([0; 3], |entry| [entry[0], entry[1], entry[2]]);
    let colours: Vec<[u8; 3]> = (0..256).map(colour).collect();
    Ok(Rgb { width, height, pixels: indices.into_iter().flat_map(|index| colours[usize::from(index)]).collect() })
}

pub(super) fn dimensions(bytes: &[u8]) -> Result<[u32; 2], Fault> {
    let mut decoder = decoder(bytes)?;
    let screen = [u32::from(decoder.width()), u32::from(decoder.height())];
    let info = decoder.next_frame_info().map_err(|error| Fault::of(&error))?;
    let frame = info.map_or([0; 2], |info| {
        [[info.left, info.width], [info.top, info.height]].map(|[at, len]| u32::from(at) + u32::from(len))
    });
    Ok([screen[0].max(frame[0]), screen[1].max(frame[1])])
}

fn decoder(bytes: &[u8]) -> Result<Decoder<Cursor<&[u8]>>, Fault> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    if let Some(limit) = NonZeroU64::new(MAX_BYTES) {
        options.set_memory_limit(MemoryLimit::Bytes(limit));
    }
    options.read_info(Cursor::new(bytes)).map_err(|error| Fault::of(&error))
}
