//! The bytes of a tape: sections one after the other, packed into one file.

use super::{
    WebError,
    format::{File, MOST_BYTES, Section},
};
use crate::host::digest;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// What sections begin at multiples of.
const ALIGNMENT: usize = 16;
/// The name of the file. It is not `.gz`: servers would unpack it on the way, some of them.
pub(super) const FILE: &str = "tape.bin";

/// Sections that are being collected.
#[derive(Clone, Debug, Default)]
pub struct Binary {
    bytes: Vec<u8>,
}

impl Binary {
    /// Adds a section.
    pub fn add(&mut self, bytes: &[u8]) -> Section {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
        let offset = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        Section { offset, bytes: bytes.len() as u64 }
    }

    /// The bytes of all sections so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What describes the file, and its bytes. The same sections give the same bytes.
    ///
    /// # Errors
    /// [`WebError::TooLarge`] for more than a page may hold.
    pub fn pack(self) -> Result<(File, Vec<u8>), WebError> {
        let bytes = self.bytes.len() as u64;
        if bytes > MOST_BYTES {
            return Err(WebError::TooLarge { got: bytes, limit: MOST_BYTES });
        }
        let packed = || {
            let mut packer = GzEncoder::new(Vec::new(), Compression::best());
            packer.write_all(&self.bytes)?;
            packer.finish()
        };
        let packed = packed().map_err(|source| WebError::Io { path: FILE.into(), source })?;
        let file = File { file: FILE, packed: packed.len() as u64, bytes, digest: digest::hex(&self.bytes) };
        Ok((file, packed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn sections_are_found_where_they_are_said_to_be() {
        let mut binary = Binary::default();
        let sections = [binary.add(&[1, 2, 3]), binary.add(&[]), binary.add(&[4; 20])];
        let (file, packed) = binary.clone().pack().unwrap();
        assert_eq!((file.packed, packed.clone()), (packed.len() as u64, binary.pack().unwrap().1));
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
        assert_eq!((file.bytes, &file.digest), (bytes.len() as u64, &digest::hex(&bytes)));
        let of = |section: Section| &bytes[section.offset as usize..][..section.bytes as usize];
        assert_eq!(sections.map(of), [&[1, 2, 3][..], &[], &[4; 20]]);
    }
}
