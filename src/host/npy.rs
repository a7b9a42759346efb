//! NumPy's files of one array, version 1.0: a header in ASCII, then the values in C order.
//!
//! Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".

use std::io::{self, Write};

/// A type of values that NumPy knows.
pub trait Value: Copy {
    /// NumPy's word for it, little endian.
    const DESCR: &'static str;
    /// Writes values.
    ///
    /// # Errors
    /// Those of the writer.
    fn write(values: &[Self], out: &mut dyn Write) -> io::Result<()>;
}

impl Value for f32 {
    const DESCR: &'static str = "<f4";

    fn write(values: &[Self], out: &mut dyn Write) -> io::Result<()> {
        values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
    }
}

impl Value for i64 {
    const DESCR: &'static str = "<i8";

    fn write(values: &[Self], out: &mut dyn Write) -> io::Result<()> {
        values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
    }
}

/// The bytes before the values of an array of a shape: a multiple of 64, as the format wants it.
pub fn header<T: Value>(shape: &[usize]) -> Vec<u8> {
    let sides: String = shape.iter().map(|side| format!("{side}, ")).collect();
    // A tuple of one number has a comma behind it, longer ones may not.
    let sides = if shape.len() > 1 { sides.trim_end_matches(", ") } else { sides.trim_end() };
    let mut text = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({sides}), }}", T::DESCR);
    let before = 10;
    let padding = 64 - (before + text.len() + 1) % 64;
    text.push_str(&" ".repeat(padding % 64));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_that_numpy_writes() {
        for (shape, tuple) in [(&[3][..], "(3,)"), (&[2, 5], "(2, 5)"), (&[1000, 96, 55, 55], "(1000, 96, 55, 55)")] {
            let bytes = header::<f32>(shape);
            assert_eq!(bytes.len() % 64, 0);
            assert_eq!(usize::from(u16::from_le_bytes([bytes[8], bytes[9]])), bytes.len() - 10);
            let text = std::str::from_utf8(&bytes[10..]).unwrap();
            let expected = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple}, }}");
            assert_eq!(text.trim_end(), expected);
            assert!(text.ends_with('\n') && &bytes[..8] == b"\x93NUMPY\x01\x00");
        }
        assert!(String::from_utf8_lossy(&header::<i64>(&[])).contains("'<i8'"));
    }
}
