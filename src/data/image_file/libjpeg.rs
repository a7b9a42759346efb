//! libjpeg: its decoder by way of the crate `mozjpeg`, its errors and its warnings.
//!
//! libjpeg reports through two functions that it calls. An error may not return to it; here it unwinds through the C
//! frames, as the crate's own function does, with a payload of our own and without a panic message. Warnings are what
//! libjpeg calls everything after which it continues with a guess: those of missing data end decoding in the same way,
//! the others are kept for the caller.
//!
//! The settings are libjpeg's defaults, which PIL leaves as they are: the accurate transform in whole numbers, smooth
//! upsampling.
#![allow(unsafe_code)]

use mozjpeg::{ColorSpace, decompress::DecompressBuilder};
use mozjpeg_sys::{
    JMSG_NOMESSAGE, JWRN_ADOBE_XFORM, JWRN_EXTRANEOUS_DATA, JWRN_JFIF_MAJOR, JWRN_JPEG_EOF, JWRN_NOT_SEQUENTIAL,
    jpeg_common_struct, jpeg_error_mgr, jpeg_std_error,
};
use std::{
    cell::RefCell,
    ffi::{CStr, c_int},
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
};

/// The most warnings of one picture that are kept; more refuse it.
const MAX_WARNINGS: usize = 4096;

/// What is in a decoded picture's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// One sample a pixel.
    Gray,
    /// Red, green and blue.
    Rgb,
    /// Four inks, as they are stored.
    Inks,
}

/// A picture as libjpeg gives it.
#[derive(Debug)]
pub(super) struct Samples {
    pub width: usize,
    pub height: usize,
    pub channels: Channels,
    /// H x W samples of the channels.
    pub values: Vec<u8>,
    /// What libjpeg warned of that did no harm to them.
    pub warnings: Vec<Warning>,
}

/// Something wrong in a file that does not touch its pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Warning {
    /// In libjpeg's words.
    pub text: String,
    /// How many bytes stood before which marker that belong to nothing.
    pub stray: Option<(usize, u8)>,
}

/// Why libjpeg stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes ran out.
    Ended,
    /// An error, or a warning of missing data, in libjpeg's words.
    Refused(String),
}

thread_local! {
    /// The warnings of the picture that this thread decodes.
    static WARNINGS: RefCell<Vec<Warning>> = const { RefCell::new(Vec::new()) };
}

/// Decodes a stream of bytes, which the caller has found to be of sizes that memory allows.
pub(super) fn decode(bytes: &[u8]) -> Result<Samples, Stop> {
    WARNINGS.take();
    let decoded = catch_unwind(AssertUnwindSafe(|| samples(bytes)));
    let warnings = WARNINGS.take();
    match decoded {
        Ok(Ok(samples)) => Ok(Samples { warnings, ..samples }),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Stop::Ended),
        Ok(Err(error)) => Err(Stop::Refused(error.to_string())),
        Err(payload) => match payload.downcast::<Stop>() {
            Ok(stop) => Err(*stop),
            // A panic of the crate itself, which `decode.rs` answers like that of any decoder.
            Err(payload) => resume_unwind(payload),
        },
    }
}

fn samples(bytes: &[u8]) -> io::Result<Samples> {
    let decoder = DecompressBuilder::new().with_err(reports()).from_mem(bytes)?;
    let (space, channels) = match decoder.color_space() {
        ColorSpace::JCS_GRAYSCALE => (ColorSpace::JCS_GRAYSCALE, Channels::Gray),
        ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => (ColorSpace::JCS_CMYK, Channels::Inks),
        _ => (ColorSpace::JCS_RGB, Channels::Rgb),
    };
    let mut picture = decoder.to_colorspace(space)?;
    let (width, height) = (picture.width(), picture.height());
    let values = picture.read_scanlines::<u8>()?;
    picture.finish()?;
    Ok(Samples { width, height, channels, values, warnings: Vec::new() })
}

/// libjpeg's own table of messages, with functions of ours.
fn reports() -> jpeg_error_mgr {
    let mut reports = jpeg_error_mgr {
        error_exit: None,
        emit_message: None,
        output_message: None,
        format_message: None,
        reset_error_mgr: None,
        msg_code: JMSG_NOMESSAGE,
        msg_parm: Default::default(),
        trace_level: 0,
        num_warnings: 0,
        jpeg_message_table: ptr::null(),
        last_jpeg_message: 0,
        addon_message_table: ptr::null(),
        first_addon_message: 0,
        last_addon_message: 0,
    };
    // SAFETY: the function fills in every field of the structure that it is given, and keeps no pointer to it.
    unsafe { jpeg_std_error(&mut reports) };
    reports.error_exit = Some(stop_on_error);
    reports.emit_message = Some(hear);
    reports
}

/// libjpeg's `error_exit`: an error after which it cannot continue.
extern "C-unwind" fn stop_on_error(state: &mut jpeg_common_struct) {
    stop(Stop::Refused(message(state).text));
}

/// libjpeg's `emit_message`: a warning at level -1, notes for the curious above.
extern "C-unwind" fn hear(state: &mut jpeg_common_struct, level: c_int) {
    if level >= 0 {
        return;
    }
    let Message { code, text, numbers } = message(state);
    let stray = match code {
        JWRN_EXTRANEOUS_DATA => Some((numbers[0] as usize, numbers[1] as u8)),
        // A marker of an unknown version or transform, which are then taken for the usual ones; spectral limits in a
        // scan that has none. PIL's libjpeg reads such files the same way.
        JWRN_ADOBE_XFORM | JWRN_JFIF_MAJOR | JWRN_NOT_SEQUENTIAL => None,
        JWRN_JPEG_EOF => stop(Stop::Ended),
        // A scan that ends early, an invalid code, a restart marker that is missing, bits of coefficients that
        // never came: what follows is a guess.
        _ => stop(Stop::Refused(text)),
    };
    let kept = WARNINGS.with_borrow_mut(|warnings| {
        warnings.push(Warning { text, stray });
        warnings.len()
    });
    if kept > MAX_WARNINGS {
        stop(Stop::Refused(format!("it is damaged in more than {MAX_WARNINGS} places")));
    }
}

/// Leaves libjpeg for [`decode`], which takes the picture's memory away.
fn stop(stop: Stop) -> ! {
    resume_unwind(Box::new(stop))
}

/// A message of libjpeg's.
struct Message {
    code: c_int,
    text: String,
    numbers: [u32; 8],
}

fn message(state: &jpeg_common_struct) -> Message {
    // SAFETY: libjpeg calls with its state, whose `err` points to the structure that `reports` made and that the
    // decoder owns as long as the state; nothing else has it borrowed during the call.
    let reports = unsafe { &*state.err };
    let numbers = std::array::from_fn(|at| reports.msg_parm._bindgen_data_[at]);
    let code = reports.msg_code;
    let known = (0..=reports.last_jpeg_message).contains(&code) && !reports.jpeg_message_table.is_null();
    let template = if known {
        // SAFETY: `jpeg_std_error` set the table, which has an entry for every code up to the last one.
        unsafe { *reports.jpeg_message_table.add(code as usize) }
    } else {
        ptr::null()
    };
    if template.is_null() {
        return Message { code, text: format!("libjpeg's message {code}"), numbers };
    }
    // SAFETY: entries that are not null are C's string constants.
    let template = unsafe { CStr::from_ptr(template.cast()) };
    Message { code, text: filled(&template.to_string_lossy(), &numbers), numbers }
}

/// A message with its numbers in the places that C's `printf` would put them. Those of errors and warnings have
/// decimal and hexadecimal ones only.
fn filled(template: &str, numbers: &[u32]) -> String {
    let mut numbers = numbers.iter().copied();
    let mut parts = template.split('%');
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let number = numbers.next().unwrap_or_default();
        let end = part.find(['d', 'u', 'x']).map_or(part.len(), |at| at + 1);
        let (kind, rest) = part.split_at(end);
        text += &if kind.ends_with('x') { format!("{number:02x}") } else { (number as i32).to_string() };
        text += rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_a_message_where_libjpeg_puts_them() {
        assert_eq!(
            filled("%u extraneous bytes before marker 0x%02x", &[65, 0xd9]),
            "65 extraneous bytes before marker 0xd9"
        );
        assert_eq!(filled("Bogus sampling factors", &[1]), "Bogus sampling factors");
        assert_eq!(filled("component %d coefficient %d", &[u32::MAX, 63]), "component -1 coefficient 63");
    }

    #[test]
    fn what_is_no_picture_is_refused_in_libjpegs_words_and_leaves_nothing_behind() {
        let refused = |bytes: &[u8]| decode(bytes).unwrap_err();
        assert_eq!(refused(&[]), Stop::Ended);
        assert_eq!(refused(&[0xff, 0xd8, 0xff]), Stop::Ended);
        assert_eq!(refused(b"GIF"), Stop::Refused("Not a JPEG file: starts with 0x47 0x49".into()));
        let arithmetic =
            [0xff, 0xd8, 0xff, 0xc9, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0];
        let Stop::Refused(reason) = refused(&arithmetic) else { panic!("not refused") };
        assert!(reason.contains("arithmetic"), "{reason}");
        assert!(WARNINGS.take().is_empty());
    }
}
