//! What an unfinished store holds so far, one line a chunk of images.

use super::{
    StoreError,
    format::{READING, Skipped},
};
use crate::host::bounded;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    identity: String,
    /// How files became pixels, see [`READING`].
    #[serde(default)]
    reading: u32,
}

/// One chunk of images, written after its pixels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// Images of the listing looked at, this chunk's included.
    pub done: usize,
    /// The places in the listing of those whose pixels were written.
    pub kept: Vec<usize>,
    /// The BLAKE3 of each one's pixels, in hexadecimal.
    pub digests: Vec<String>,
    /// Those that were left out.
    pub skipped: Vec<Skipped>,
    /// The BLAKE3 of the digests of the files of all images of the chunk, those left out included.
    pub source: String,
}

impl Chunk {
    /// Whether it can follow chunks of `before` images: it names each image of its own at most once, in their
    /// order, with a digest for each one kept.
    fn follows(&self, before: usize) -> bool {
        let own = |place: &usize| (before..self.done).contains(place);
        let digest = |text: &String| text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        self.kept.iter().all(own)
            && self.kept.is_sorted_by(|a, b| a < b)
            && self.digests.len() == self.kept.len()
            && self.digests.iter().chain([&self.source]).all(digest)
            && self.done.checked_sub(before) == Some(self.kept.len() + self.skipped.len())
    }
}

/// The journal of one store.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    /// Where the line of each chunk that was found begins, and after them where the last one ends.
    lines: Vec<u64>,
}

impl Journal {
    /// Opens a journal, or begins one, and returns the chunks in it. A line that was cut short by a kill is
    /// taken off, with everything after it, and so is one that cannot follow the one before.
    ///
    /// # Errors
    /// [`StoreError::OtherContents`] for a journal of other images or another size, [`StoreError::Write`].
    pub(super) fn open(path: &Path, identity: &str) -> Result<(Self, Vec<Chunk>), StoreError> {
        let failure = |source| StoreError::Write { path: path.into(), source };
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path).map_err(failure)?;
        let mut journal = Self { file, path: path.into(), lines: Vec::new() };
        let mut text = Vec::new();
        (&mut journal.file).take(bounded::TABLE + 1).read_to_end(&mut text).map_err(failure)?;
        if text.len() as u64 > bounded::TABLE {
            let reason = format!("its journal is above the limit of {} bytes; remove both", bounded::TABLE);
            return Err(StoreError::Damaged { path: path.into(), reason });
        }
        let (mut chunks, mut whole, mut head) = (Vec::new(), 0u64, None);
        for line in text.split_inclusive(|&byte| byte == b'\n') {
            if !line.ends_with(b"\n") {
                break;
            }
            if head.is_none() {
                let Ok(Head { identity, reading }) = serde_json::from_slice(line) else { break };
                // What was read in another way is packed anew from the beginning.
                if reading != READING {
                    break;
                }
                head = Some(identity);
            } else {
                let Ok(chunk) = serde_json::from_slice::<Chunk>(line) else { break };
                if !chunk.follows(chunks.last().map_or(0, |last: &Chunk| last.done)) {
                    break;
                }
                chunks.push(chunk);
                journal.lines.push(whole);
            }
            whole += line.len() as u64;
        }
        journal.lines.push(whole);
        journal.cut(whole)?;
        match head {
            None => journal.line(&Head { identity: identity.into(), reading: READING })?,
            Some(head) if head == identity => {}
            Some(_) => {
                let what = "an unfinished store of other images or another size";
                return Err(StoreError::OtherContents { path: path.into(), what });
            }
        }
        Ok((journal, chunks))
    }

    /// Takes off all but the first chunks of those that were found.
    pub(super) fn keep(&mut self, chunks: usize) -> Result<(), StoreError> {
        match self.lines.get(chunks) {
            Some(&at) if chunks + 1 < self.lines.len() => self.cut(at),
            _ => Ok(()),
        }
    }

    fn cut(&mut self, at: u64) -> Result<(), StoreError> {
        let failure = |source| StoreError::Write { path: self.path.clone(), source };
        self.file.set_len(at).and_then(|()| self.file.seek(SeekFrom::Start(at))).map(drop).map_err(failure)
    }

    /// Adds a chunk, whose pixels must be on the disk already.
    pub(super) fn add(&mut self, chunk: &Chunk) -> Result<(), StoreError> {
        self.line(chunk)
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), StoreError> {
        let failure = |source| StoreError::Write { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(value).map_err(|error| failure(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(failure)
    }
}
