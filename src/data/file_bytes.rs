//! Bytes of one file, plain or gzip, read under limits.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
};

use super::{DataError, gzip::Gzip};

/// No file may decode to more than this many bytes (1 GiB): the largest of the official files has 0.2 GB.
pub(super) const LIMIT: u64 = 1 << 30;

/// At most this much memory is reserved on the word of a header alone, before any byte has arrived.
const TRUSTED_RESERVE: u64 = 64 << 20;

/// The bytes of a file, which know its name and how far they have been read.
pub(super) struct FileBytes<'a> {
    reader: Box<dyn Read + 'a>,
    path: PathBuf,
    gzip: bool,
    consumed: u64,
}

impl<'a> FileBytes<'a> {
    /// Opens a file; gzip is recognised by its first two bytes, so the suffix does not matter.
    pub(super) fn open(path: &Path) -> Result<FileBytes<'static>, DataError> {
        let file = File::open(path).map_err(|source| DataError::Read { path: path.into(), source })?;
        FileBytes::new(BufReader::with_capacity(1 << 16, file), path)
    }

    /// Wraps any stream; `path` is what errors name.
    pub(super) fn new(mut stream: impl Read + 'a, path: &Path) -> Result<Self, DataError> {
        let mut start = [0; 2];
        let got = fill(&mut stream, &mut start).map_err(|source| DataError::Read { path: path.into(), source })?;
        let gzip = start[..got] == [0x1f, 0x8b];
        let whole = Cursor::new(start).take(got as u64).chain(stream);
        let reader: Box<dyn Read + 'a> =
            if gzip { Box::new(Gzip::new(BufReader::new(whole))) } else { Box::new(whole) };
        Ok(Self { reader, path: path.into(), gzip, consumed: 0 })
    }

    /// The name that errors give.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads into `buffer` until it is full or the data ends, and returns how many bytes came.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        let got = fill(&mut self.reader, buffer).map_err(|source| self.failure(source))?;
        self.consumed += got as u64;
        Ok(got)
    }

    /// Reads exactly `len` bytes. Memory grows with the bytes that arrive, not with the bytes that are promised.
    pub(super) fn read_exactly(&mut self, len: u64) -> Result<Vec<u8>, DataError> {
        let expected = self.consumed.saturating_add(len);
        if expected > LIMIT {
            return Err(DataError::TooLarge { path: self.path.clone(), limit: LIMIT, got: expected });
        }
        let mut bytes = Vec::with_capacity(len.min(TRUSTED_RESERVE) as usize);
        let result = (&mut self.reader).take(len).read_to_end(&mut bytes);
        result.map_err(|source| self.failure(source))?;
        self.consumed += bytes.len() as u64;
        if self.consumed < expected {
            return Err(DataError::Truncated { path: self.path.clone(), expected, got: self.consumed });
        }
        Ok(bytes)
    }

    /// Checks that nothing follows. For gzip this is also what verifies the checksum at the end.
    pub(super) fn expect_end(&mut self) -> Result<(), DataError> {
        let expected = self.consumed;
        match self.fill(&mut [0])? {
            0 => Ok(()),
            _ => Err(DataError::TrailingBytes { path: self.path.clone(), expected }),
        }
    }

    fn failure(&self, source: io::Error) -> DataError {
        let path = self.path.clone();
        if self.gzip { DataError::Gzip { path, source } } else { DataError::Read { path, source } }
    }
}

/// Reads until `buffer` is full or the stream ends; an interrupted call is repeated.
fn fill(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(got) => filled += got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
