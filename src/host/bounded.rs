//! Files read under a limit of their size.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

/// The most bytes of a text that strata writes about one network or one experiment, and of an experiment file: 16 MiB.
/// A log of ten thousand evaluations has 2 MB.
pub const TEXT: u64 = 16 << 20;

/// The most bytes of a table that belongs to a whole study or data set: labels, similarities, listings. 256 MiB.
pub const TABLE: u64 = 256 << 20;

/// What some programs write in front of a text to say that it is UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file that is larger than what it should hold can be. It comes inside an [`io::Error`] of the kind
/// [`ErrorKind::FileTooLarge`], so that callers name the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "holds {got} bytes or more, above the limit of {limit} for such a file; it is damaged or another file, remove it"
)]
pub struct TooLarge {
    /// The bytes known to be there.
    pub got: u64,
    /// The most bytes read.
    pub limit: u64,
}

/// Reads a regular file of at most `limit` bytes. Pipes and devices, which may never end, are not opened.
///
/// # Errors
/// [`TooLarge`]; [`ErrorKind::InvalidInput`] for anything but a regular file; what the operating system says.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Judged before it is opened: opening a pipe would wait for its other end.
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "is not a regular file; remove it"));
    }
    let too_large = |got| Err(io::Error::new(ErrorKind::FileTooLarge, TooLarge { got, limit }));
    if metadata.len() > limit {
        return too_large(metadata.len());
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    // A file can grow while it is read, and some report no size at all.
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { too_large(bytes.len() as u64) } else { Ok(bytes) }
}

/// The same for text, less the byte order mark that some programs write in front of UTF-8.
///
/// # Errors
/// Those of [`read`], and [`ErrorKind::InvalidData`] for bytes that are no UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let invalid = |_| io::Error::new(ErrorKind::InvalidData, "is no text in UTF-8");
    let mut text = String::from_utf8(read(path, limit)?).map_err(invalid)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_refused_above_it_by_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        let error = read(&path, 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<TooLarge>());
        assert_eq!(inner, Some(&TooLarge { got: 5, limit: 4 }));
        assert!(error.to_string().contains("5 bytes") && error.to_string().contains("remove it"), "{error}");
    }

    #[test]
    fn a_sparse_giant_costs_no_memory_and_a_file_without_a_size_is_read_no_further_than_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("giant");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&path, TEXT).unwrap_err().kind(), ErrorKind::FileTooLarge);
        // Files of /proc report a length of 0.
        if let Ok(text) = read(Path::new("/proc/self/maps"), 10) {
            panic!("{} bytes were read", text.len());
        }
    }

    #[test]
    fn a_byte_order_mark_in_front_of_a_text_is_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "\u{feff}a\u{feff}b").unwrap();
        assert_eq!(read_text(&path, 10).unwrap(), "a\u{feff}b");
    }

    #[test]
    fn folders_devices_and_bytes_that_are_no_text_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), 10).unwrap_err().kind(), ErrorKind::InvalidInput);
        if cfg!(unix) {
            assert_eq!(read(Path::new("/dev/zero"), 10).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        let path = folder.path().join("x");
        std::fs::write(&path, [b'a', 0xff]).unwrap();
        assert_eq!(read_text(&path, 10).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
