//! JPEG, as libjpeg and so PIL decode it.

use super::{
    cmyk,
    fault::Fault,
    jpeg_stream::{Frame, Stream},
    libjpeg::{self, Channels, Samples, Stop, Warning},
    limits,
    rgb::{Rgb, without_alpha},
};

/// The most scans of a picture: a few bytes of one can stand for all blocks, which would cost hours. Encoders write
/// up to twenty.
const MAX_SCANS: usize = 500;

/// Stray bytes of zero that may stand at the end of a scan, as padding to a word. Where more of them stand there a
/// part of the file was lost and filled with zeros.
const MAX_PADDING: usize = 15;

/// The picture, and what libjpeg warned of that did no harm to it.
pub(super) fn decode(bytes: &[u8]) -> Result<(Rgb, Option<String>), Fault> {
    let stream = Stream::of(bytes);
    if !stream.has_end {
        return Err(Fault::Truncated);
    }
    let frame = frame(&stream)?;
    check(frame, &stream)?;
    let Samples { width, height, channels, values, warnings } = libjpeg::decode(bytes).map_err(|stop| match stop {
        Stop::Ended => Fault::Truncated,
        Stop::Refused(reason) => Fault::Undecodable(reason),
    })?;
    if (width, height) != (frame.width as usize, frame.height as usize) {
        return Err(Fault::Undecodable("it has two sizes".into()));
    }
    if !stream.is_complete() {
        return Err(Fault::Undecodable("scans are missing: some coefficients were not sent to their last bit".into()));
    }
    for (count, marker) in warnings.iter().filter_map(|warning| warning.stray) {
        if count > MAX_PADDING && stream.has_zeros_before(marker, count) {
            return Err(Fault::Undecodable(format!("a scan ends in {count} bytes of zero, in place of its data")));
        }
    }
    let pixels = match channels {
        Channels::Gray => without_alpha(values, 1),
        Channels::Rgb => values,
        Channels::Inks => cmyk::inverted_to_rgb(&values),
    };
    Ok((Rgb { width: frame.width, height: frame.height, pixels }, remark(&warnings)))
}

pub(super) fn dimensions(bytes: &[u8]) -> Result<[u32; 2], Fault> {
    let stream = Stream::of(bytes);
    frame(&stream).map(|frame| [frame.width, frame.height])
}

fn frame(stream: &Stream) -> Result<&Frame, Fault> {
    match stream {
        Stream { other_frame: Some(marker), .. } => Err(Fault::Undecodable(format!(
            "its kind of JPEG (marker 0x{marker:02x}) is not read; baseline, extended and progressive Huffman coding \
             are"
        ))),
        Stream { frame: Some(frame), .. } => Ok(frame),
        Stream { has_end: false, .. } => Err(Fault::Truncated),
        _ => Err(Fault::Undecodable("it has no frame header".into())),
    }
}

/// Refuses what would take too much memory or time, and what has neither gray nor three colours nor four inks.
fn check(frame: &Frame, stream: &Stream) -> Result<(), Fault> {
    let components = frame.components();
    if !matches!(components, 1 | 3 | 4) {
        return Err(Fault::Undecodable(format!("it has {components} components, and 1, 3 and 4 are read")));
    }
    // Libjpeg repeats pixels here, where it smooths for factors of 2, and other decoders smooth or refuse: the same
    // file would be another picture elsewhere.
    if frame.has_thirds() {
        return Err(Fault::Undecodable("it has a sampling factor of 3; 1, 2 and 4 are read".into()));
    }
    limits::check(frame.width, frame.height, components as u64)?;
    limits::memory(stream.coefficient_bytes())?;
    if stream.scans > MAX_SCANS {
        return Err(Fault::Undecodable(format!("it has {} scans, above the limit of {MAX_SCANS}", stream.scans)));
    }
    Ok(())
}

/// All warnings as one remark: the first one, and how many there are.
fn remark(warnings: &[Warning]) -> Option<String> {
    let first = &warnings.first()?.text;
    Some(if warnings.len() == 1 {
        first.clone()
    } else {
        format!("{first} (the first of {} warnings)", warnings.len())
    })
}
