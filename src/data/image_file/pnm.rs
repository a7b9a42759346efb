//! PBM, PGM and PPM, as text and as bytes (P1 to P6).

use super::{fault::Fault, limits, rgb::Rgb};

/// A header: what a sample is, and where samples begin.
struct Header {
    width: u32,
    height: u32,
    channels: usize,
    plain: bool,
    /// The largest sample; None for bits.
    most: Option<u32>,
    at: usize,
}

/// Bits of one are black; samples become `round(255 v / maxval)`, halves to the even one, as in PIL. (PIL cuts gray
/// of more than eight bits off at 255 instead.)
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, Fault> {
    let header = header(bytes)?;
    let Header { width, height, channels, most, .. } = header;
    limits::check(width, height, channels as u64 * if most > Some(255) { 2 } else { 1 })?;
    let samples = width as usize * height as usize * channels;
    let body = bytes.get(header.at..).unwrap_or_default();
    let values = match (most, header.plain) {
        (None, true) => plain_bits(body, samples)?,
        (None, false) => bits(body, width as usize, height as usize)?,
        (Some(most), true) => plain_values(body, samples, most)?,
        (Some(most), false) => values(body, samples, most)?,
    };
    let pixels = if channels == 3 { values } else { values.into_iter().flat_map(|value| [value; 3]).collect() };
    Ok(Rgb { width, height, pixels })
}

pub(super) fn dimensions(bytes: &[u8]) -> Result<[u32; 2], Fault> {
    header(bytes).map(|header| [header.width, header.height])
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn header(bytes: &[u8]) -> Result<Header, Fault> {
    let kind = bytes.get(1).copied().unwrap_or_default();
    let mut at = 2;
    let (width, height) = (number(bytes, &mut at)?, number(bytes, &mut at)?);
    let most = if matches!(kind, b'1' | b'4') { None } else { Some(number(bytes, &mut at)?) };
    if let Some(most) = most.filter(|most| !(1..=65_535).contains(most)) {
        return Err(Fault::Undecodable(format!("its largest value is {most}, and 1 to 65535 are read")));
    }
    // One byte of space ends the header; a text may begin after it.
    let channels = if matches!(kind, b'3' | b'6') { 3 } else { 1 };
    Ok(Header { width, height, channels, plain: matches!(kind, b'1'..=b'3'), most, at: at + 1 })
}

/// The next number of a header, with comments passed over. `at` is left on the byte after it.
fn number(bytes: &[u8], at: &mut usize) -> Result<u32, Fault> {
    let mut digits = String::new();
    loop {
        match bytes.get(*at) {
            None if digits.is_empty() => return Err(Fault::Truncated),
            Some(b'#') => {
                let rest = &bytes[*at..];
                *at += rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).ok_or(Fault::Truncated)? + 1;
                continue;
            }
            Some(&byte) if !is_space(byte) && digits.len() < 10 => digits.push(char::from(byte)),
            Some(&byte) if is_space(byte) && digits.is_empty() => {}
            _ => break,
        }
        *at += 1;
    }
    digits.parse().map_err(|_| Fault::Undecodable(format!("{digits:?} in its header is not a number")))
}

/// Packed bits, a row in whole bytes.
fn bits(body: &[u8], width: usize, height: usize) -> Result<Vec<u8>, Fault> {
    let row_len = width.div_ceil(8);
    let rows = body.get(..row_len * height).ok_or(Fault::Truncated)?;
    let value = |row: &[u8], x: usize| if row[x / 8] >> (7 - x % 8) & 1 == 1 { 0 } else { 255 };
    Ok(rows.chunks_exact(row_len).flat_map(|row| (0..width).map(|x| value(row, x)).collect::<Vec<_>>()).collect())
}

/// Packed samples of one byte, or of two with the high one first.
fn values(body: &[u8], samples: usize, most: u32) -> Result<Vec<u8>, Fault> {
    let bytes = if most > 255 { 2 } else { 1 };
    let body = body.get(..samples * bytes).ok_or(Fault::Truncated)?;
    let value = |sample: &[u8]| sample.iter().fold(0, |value, &byte| value << 8 | u32::from(byte));
    Ok(body.chunks_exact(bytes).map(|sample| scaled(value(sample), most)).collect())
}

fn scaled(value: u32, most: u32) -> u8 {
    // A sample above the largest is as bright as that.
    (f64::from(value) / f64::from(most) * 255.0).round_ties_even().min(255.0) as u8
}

/// The bytes of a text without its comments, which go on to the end of a line.
fn without_comments(body: &[u8]) -> impl Iterator<Item = u8> {
    let mut in_comment = false;
    body.iter().copied().filter(move |&byte| {
        let ends = matches!(byte, b'\r' | b'\n');
        in_comment = (in_comment || byte == b'#') && !ends;
        !in_comment
    })
}

/// Digits 0 and 1, with or without space between them.
fn plain_bits(body: &[u8], samples: usize) -> Result<Vec<u8>, Fault> {
    let mut values = Vec::with_capacity(samples.min(body.len()));
    for byte in without_comments(body).filter(|&byte| !is_space(byte)).take(samples) {
        values.push(match byte {
            b'0' => 255,
            b'1' => 0,
            other => return Err(Fault::Undecodable(format!("{:?} is among its bits", char::from(other)))),
        });
    }
    if values.len() < samples { Err(Fault::Truncated) } else { Ok(values) }
}

/// Numbers with space between them.
fn plain_values(body: &[u8], samples: usize, most: u32) -> Result<Vec<u8>, Fault> {
    let text: Vec<u8> = without_comments(body).collect();
    let mut values = Vec::with_capacity(samples.min(body.len()));
    for word in text.split(|&byte| is_space(byte)).filter(|word| !word.is_empty()).take(samples) {
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<u32>().ok());
        match number.filter(|&number| number <= most) {
            Some(number) => values.push(scaled(number, most)),
            None => {
                let word = String::from_utf8_lossy(&word[..word.len().min(12)]).into_owned();
                return Err(Fault::Undecodable(format!("{word:?} is among its values, which end at {most}")));
            }
        }
    }
    if values.len() < samples { Err(Fault::Truncated) } else { Ok(values) }
}
