//! TIFF, by the crate `tiff`: the first page, turned as its orientation tag says.

use super::{
    cmyk,
    fault::Fault,
    limits::{self, MAX_BYTES},
    rgb::{Rgb, without_alpha},
    tiff_palette::{self, Palette},
    turn,
};
use ::tiff::{
    ColorType,
    decoder::{BufferLayoutPreference, Decoder, DecodingResult, Limits},
    tags::Tag,
};
use std::{borrow::Cow, io::Cursor};

/// The most bytes of one tag's values.
const MAX_TAG: usize = 1 << 20;

/// None, Group 4, LZW, Deflate under both its numbers, PackBits. The crate may know more, and JPEG by another decoder
/// than libjpeg.
const COMPRESSIONS: [u16; 6] = [1, 4, 5, 8, 32_946, 32_773];

/// What the tags of a page say about its samples.
struct Page {
    width: u32,
    height: u32,
    orientation: u16,
    colour: ColorType,
    /// Whether colours were multiplied by the alpha after them.
    premultiplied: bool,
    palette: Option<Palette>,
}

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

/// Gray of 1, 2, 4, 8 and 16 bits with black or white as 0, palettes up to eight bits, red, green and blue of 8 and 16
/// bits, and inks of 8; extra samples are dropped.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, Fault> {
    let bytes = tiff_palette::as_gray(bytes);
    let mut reader = reader(&bytes)?;
    let (page, samples) = (page(&mut reader, matches!(bytes, Cow::Owned(_)))?, &mut DecodingResult::U8(Vec::new()));
    let channels = usize::from(page.colour.num_samples());
    let depth = page.colour.bit_depth();
    limits::check(page.width, page.height, channels as u64 * u64::from(depth.div_ceil(8)))?;
    let layout = reader.read_image_to_buffer(samples).map_err(|error| Fault::of(&error))?;
    let values = match samples {
        DecodingResult::U8(values) if depth <= 8 => std::mem::take(values),
        DecodingResult::U16(values) if depth == 16 => values.iter().map(|value| (value >> 8) as u8).collect(),
        _ => return Err(unread(&page.colour)),
    };
    let values = pixel_by_pixel(values, &page, depth, &layout)?;
    let pixels = match (&page.palette, page.colour) {
        (Some(palette), _) => values.iter().flat_map(|&index| palette.colour(index)).collect(),
        (None, ColorType::Gray(1..=16)) => without_alpha(values, 1),
        (None, ColorType::Multiband { .. } | ColorType::CMYKA(8)) if page.premultiplied => {
            return Err(unread(&page.colour));
        }
        (None, ColorType::Multiband { .. }) => values.chunks_exact(channels).flat_map(|pixel| [pixel[0]; 3]).collect(),
        (None, ColorType::RGB(8 | 16)) => values,
        (None, ColorType::RGBA(8 | 16)) if page.premultiplied => values.chunks_exact(4).flat_map(divided).collect(),
        (None, ColorType::RGBA(8 | 16)) => without_alpha(values, 4),
        (None, ColorType::CMYK(8)) => cmyk::to_rgb(&values),
        _ => return Err(unread(&page.colour)),
    };
    let image = Rgb { width: page.width, height: page.height, pixels };
    Ok(turn::upright(image, page.orientation))
}

/// Columns and rows after turning.
pub(super) fn dimensions(bytes: &[u8]) -> Result<[u32; 2], Fault> {
    let bytes = tiff_palette::as_gray(bytes);
    let page = page(&mut reader(&bytes)?, matches!(bytes, Cow::Owned(_)))?;
    Ok(turn::size(page.width, page.height, page.orientation))
}

fn unread(colour: &ColorType) -> Fault {
    Fault::Undecodable(format!("its samples are of a kind that is not read ({colour:?})"))
}

fn reader(bytes: &[u8]) -> Result<Reader<'_>, Fault> {
    let reader = Decoder::new(Cursor::new(bytes)).map_err(|error| Fault::of(&error))?;
    let (decoding_buffer_size, intermediate_buffer_size) = (MAX_BYTES as usize, MAX_BYTES as usize);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = decoding_buffer_size;
    limits.intermediate_buffer_size = intermediate_buffer_size;
    limits.ifd_value_size = MAX_TAG;
    Ok(reader.with_limits(limits))
}

fn number(reader: &mut Reader<'_>, tag: Tag) -> Result<Option<u16>, Fault> {
    reader.find_tag_unsigned(tag).map_err(|error| Fault::of(&error))
}

fn page(reader: &mut Reader<'_>, has_palette: bool) -> Result<Page, Fault> {
    let fault = |error: ::tiff::TiffError| Fault::of(&error);
    let (width, height) = reader.dimensions().map_err(fault)?;
    let colour = reader.colortype().map_err(fault)?;
    let orientation = number(reader, Tag::Orientation)?.unwrap_or(1);
    let bit_order = number(reader, Tag::FillOrder)?.unwrap_or(1);
    if bit_order != 1 {
        return Err(Fault::Undecodable("its bits are in reversed order (FillOrder 2), which is not read".into()));
    }
    let compression = number(reader, Tag::Compression)?.unwrap_or(1);
    if !COMPRESSIONS.contains(&compression) {
        return Err(Fault::Undecodable(format!("its compression ({compression}) is not read")));
    }
    // The crate undoes the predictor after it has dropped extra samples, as if it had been made without them.
    let samples = number(reader, Tag::SamplesPerPixel)?.unwrap_or(1);
    if number(reader, Tag::Predictor)?.unwrap_or(1) != 1 && samples != colour.num_samples() {
        return Err(Fault::Undecodable("it has a predictor and extra samples, which are not read together".into()));
    }
    let extra = reader.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).map_err(fault)?.unwrap_or_default();
    let palette = if has_palette {
        if !matches!(colour, ColorType::Gray(1 | 2 | 4 | 8)) {
            return Err(unread(&colour));
        }
        let map = reader.find_tag_unsigned_vec::<u16>(Tag::ColorMap).map_err(fault)?.unwrap_or_default();
        Some(Palette::of(&map, colour.bit_depth())?)
    } else {
        None
    };
    Ok(Page { width, height, orientation, colour, premultiplied: extra.first() == Some(&1), palette })
}

/// The samples of a page, pixel by pixel, of one byte each.
fn pixel_by_pixel(values: Vec<u8>, page: &Page, depth: u8, layout: &BufferLayoutPreference) -> Result<Vec<u8>, Fault> {
    let (width, height) = (page.width as usize, page.height as usize);
    if depth < 8 {
        let row_len = (width * usize::from(depth)).div_ceil(8);
        // Gray levels are spread to 255; indices stay as they are.
        let unit = if page.palette.is_some() { 1 } else { 255 / ((1 << depth) - 1) };
        let sample = |row: &[u8], x: usize| {
            let bit = x * usize::from(depth);
            (row[bit / 8] >> (8 - usize::from(depth) - bit % 8) & ((1 << depth) - 1)) * unit
        };
        let rows = values.get(..row_len * height).ok_or(Fault::Truncated)?.chunks_exact(row_len);
        return Ok(rows.flat_map(|row| (0..width).map(|x| sample(row, x)).collect::<Vec<_>>()).collect());
    }
    let planes = layout.planes.max(1);
    let plane = values.len() / planes;
    if values.len() != width * height * usize::from(page.colour.num_samples()) {
        return Err(unread(&page.colour));
    }
    if planes == 1 {
        return Ok(values);
    }
    Ok((0..plane).flat_map(|at| (0..planes).map(move |number| number * plane + at)).map(|at| values[at]).collect())
}

/// A colour that was multiplied by its alpha, divided by it again, as PIL does.
fn divided(pixel: &[u8]) -> [u8; 3] {
    let alpha = u32::from(pixel[3]);
    let value = |value: u8| (u32::from(value) * 255).checked_div(alpha).unwrap_or(0).min(255) as u8;
    [value(pixel[0]), value(pixel[1]), value(pixel[2])]
}
