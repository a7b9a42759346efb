//! Gzip as gzip(1) and Python read it: any number of members one after the other, and zeros after a member, with
//! which tapes and block devices fill their last block.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

/// The bytes that all members of a gzip file unpack to, in their order.
///
/// Each member's checksum and length are verified where it ends. Bytes after a member that are neither zero nor the
/// beginning of another one are an error, not passed over: the file was joined to something else.
#[derive(Debug)]
pub(super) struct Gzip<R> {
    /// The current member; none after the last one.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { member: Some(GzDecoder::new(stream)) }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let got = member.read(buffer)?;
            if got > 0 || buffer.is_empty() {
                return Ok(got);
            }
            self.member = self.member.take().map(GzDecoder::into_inner).map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The member after some zeros, or none where the stream ends with them.
fn next_member<R: BufRead>(mut rest: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let bytes = match rest.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let zeros = bytes.iter().position(|&byte| byte != 0);
        let step = zeros.unwrap_or(bytes.len());
        rest.consume(step);
        if zeros.is_some() {
            return Ok(Some(GzDecoder::new(rest)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Write};

    fn member(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// Read through a buffer of few bytes, so that every boundary falls between two reads.
    fn unpacked(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Gzip::new(BufReader::with_capacity(3, bytes)).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn members_are_joined_and_zeros_after_them_are_ignored() {
        let (one, two, none) = (member("one"), member("two"), member(""));
        for zeros in [0, 1, 2, 511, 5000] {
            let padding = vec![0; zeros];
            assert_eq!(unpacked(&[&one[..], &padding].concat()).unwrap(), "one", "{zeros} zeros");
            let all = [&one[..], &padding, &none, &two, &padding].concat();
            assert_eq!(unpacked(&all).unwrap(), "onetwo", "{zeros} zeros");
        }
    }

    #[test]
    fn anything_else_after_a_member_and_a_truncated_or_changed_one_are_errors() {
        let (one, two) = (member("one"), member("two"));
        assert!(unpacked(&[&one[..], b"x"].concat()).is_err());
        assert!(unpacked(&[&one[..], &[0; 9], b"text after zeros"].concat()).is_err());
        for end in one.len() + 1..one.len() + two.len() {
            assert!(unpacked(&[&one[..], &two].concat()[..end]).is_err(), "cut at {end}");
        }
        let mut changed = [&one[..], &two].concat();
        let crc = one.len() - 8;
        changed[crc] ^= 1;
        assert!(unpacked(&changed).is_err(), "the checksum of a member that is not the last");
    }
}
