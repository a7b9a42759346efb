//! An unfinished store: the file that it is built in, and the journal beside it.

use super::{
    PackOptions, Skipped, StoreError, content,
    format::{Index, MAGIC, PIXELS_AT, READING, footer},
    journal::{Chunk, Journal},
};
use crate::{
    data::{
        DataError, OnBad,
        folder::{FolderSet, Item},
        image_file::Warp,
    },
    host::{atomic, digest},
};
use rayon::prelude::*;
use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The file that a store is built in, and the journal beside it.
pub(super) fn beside(out: &Path) -> [PathBuf; 2] {
    [".part", ".journal"].map(|suffix| {
        let mut name = OsString::from(out);
        name.push(suffix);
        PathBuf::from(name)
    })
}

/// The end of a finished store, by which it is known again; none where there is no such file.
pub(super) fn stamp(out: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(out).ok()?;
    let mut end = Vec::new();
    file.seek(SeekFrom::End(-(super::format::FOOTER as i64))).ok()?;
    file.read_to_end(&mut end).ok()?;
    Some(end)
}

/// Takes the lock of an unfinished store, which goes with the file handle, also when the process is killed. Only a
/// lock that another process has is worth waiting for.
fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    outcome(file.try_lock(), path)
}

fn outcome(locked: Result<(), TryLockError>, path: &Path) -> Result<(), StoreError> {
    match locked {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy { path: path.into() }),
        Err(TryLockError::Error(source)) => Err(StoreError::Lock { path: path.into(), source }),
    }
}

/// The digest of a file, and the digest and the pixels of its image.
type Decoded = (String, Result<(String, Vec<u8>), DataError>);

/// An unfinished store.
pub(super) struct Build {
    path: PathBuf,
    journal_path: PathBuf,
    file: File,
    journal: Journal,
    chunks: Vec<Chunk>,
    skipped: Vec<Skipped>,
}

impl Build {
    /// Begins a store or resumes one. `replaces` is the [`stamp`] of a finished one that is stale.
    pub fn open(
        out: &Path,
        identity: &str,
        items: &[&Item],
        options: PackOptions,
        replaces: Option<&[u8]>,
    ) -> Result<Self, DataError> {
        let [path, journal_path] = beside(out);
        let failure = |source| StoreError::Write { path: path.clone(), source };
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(failure)?;
        lock(&file, &path)?;
        if stamp(out).as_deref() != replaces {
            // Another process has finished it since this one looked; what was opened here is a new, empty file.
            let _ = std::fs::remove_file(&path);
            return Err(StoreError::Busy { path }.into());
        }
        let (mut journal, chunks) = Journal::open(&journal_path, identity)?;
        let whole = whole(&mut file, &chunks, items, options);
        if whole == 0 {
            let mut head = MAGIC.to_vec();
            head.resize(PIXELS_AT, 0);
            file.rewind().and_then(|()| file.write_all(&head)).map_err(failure)?;
        }
        journal.keep(whole)?;
        let chunks: Vec<Chunk> = chunks.into_iter().take(whole).collect();
        let kept: u64 = chunks.iter().map(|chunk| chunk.kept.len() as u64).sum();
        let at = PIXELS_AT as u64 + options.image_len() as u64 * kept;
        file.set_len(at).and_then(|()| file.seek(SeekFrom::Start(at))).map_err(failure)?;
        let skipped: Vec<Skipped> = chunks.iter().flat_map(|chunk| chunk.skipped.clone()).collect();
        Ok(Self { path, journal_path, file, journal, chunks, skipped })
    }

    /// Images of the listing looked at.
    pub fn done(&self) -> usize {
        self.chunks.last().map_or(0, |chunk| chunk.done)
    }

    /// Images written.
    pub fn kept(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.kept.len()).sum()
    }

    /// Decodes the next images, writes them and enters them into the journal.
    pub fn add(&mut self, items: &[&Item], train: usize, options: PackOptions) -> Result<(), DataError> {
        let decoded: Vec<Decoded> = items
            .par_iter()
            .map_init(
                || Warp::to(options.side),
                |warp, item| {
                    let bytes = item.place.read(&item.name);
                    let source = content::of_bytes(bytes.as_deref().ok());
                    let pixels = bytes.and_then(|bytes| item.decode_bytes(&bytes, warp));
                    let digested = |pixels: Vec<u8>| (digest::hex(&pixels), pixels);
                    (source, pixels.map(digested))
                },
            )
            .collect();
        let first = self.done();
        let mut chunk = Chunk { done: first + items.len(), ..Chunk::default() };
        let (mut pixels, mut sources) = (Vec::new(), Vec::with_capacity(items.len()));
        for (at, (source, result)) in decoded.into_iter().enumerate() {
            let place = first + at;
            sources.push(source);
            match result {
                Ok((digest, image)) => {
                    pixels.extend(image);
                    chunk.kept.push(place);
                    chunk.digests.push(digest);
                }
                Err(error) if options.on_bad == OnBad::Fail => return Err(error),
                Err(error) => {
                    let part = if place < train { "train" } else { "test" };
                    let name = format!("{part}/{}", items[at].name);
                    let skipped = Skipped { name, reason: error.to_string() };
                    let got = self.skipped.len() + chunk.skipped.len() + 1;
                    if !options.allow(got) {
                        return Err(options.too_many(got, &skipped).into());
                    }
                    chunk.skipped.push(skipped);
                }
            }
        }
        chunk.source = content::of_all(&sources);
        let failure = |source| StoreError::Write { path: self.path.clone(), source };
        self.file.write_all(&pixels).and_then(|()| self.file.sync_data()).map_err(failure)?;
        self.journal.add(&chunk)?;
        self.skipped.extend(chunk.skipped.clone());
        self.chunks.push(chunk);
        Ok(())
    }

    /// Writes tables, index and footer, and gives the store its name.
    pub fn finish(
        mut self,
        set: &FolderSet,
        items: &[&Item],
        out: &Path,
        identity: String,
        side: u32,
    ) -> Result<Vec<Skipped>, DataError> {
        let kept: Vec<usize> = self.chunks.iter().flat_map(|chunk| chunk.kept.iter().copied()).collect();
        let train = kept.iter().filter(|&&place| place < set.train.items.len()).count();
        let mut seen = vec![false; set.train.class_names.len()];
        kept[..train].iter().for_each(|&place| seen[usize::from(items[place].label)] = true);
        if let Some(class) = seen.iter().position(|seen| !seen) {
            return Err(StoreError::EmptiedClass { class: set.train.class_names[class].clone() }.into());
        }
        let mut tables: Vec<u8> = kept.iter().flat_map(|&place| items[place].label.to_le_bytes()).collect();
        let digit = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        for digest in self.chunks.iter().flat_map(|chunk| &chunk.digests) {
            tables.extend(digest.as_bytes().chunks(2).map_while(digit));
        }
        let sources: Vec<String> = self.chunks.iter().map(|chunk| chunk.source.clone()).collect();
        let index = Index {
            name: set.name(),
            identity,
            side: side as usize,
            class_names: set.train.class_names.clone(),
            train,
            test: kept.len() - train,
            names: kept.iter().map(|&place| items[place].name.clone()).collect(),
            skipped: self.skipped.clone(),
            tables: digest::hex(&tables),
            content: content::of_all(&sources),
            reading: READING,
        };
        let failure = |source| StoreError::Write { path: self.path.clone(), source };
        let text = serde_json::to_vec(&index).map_err(|error| failure(error.into()))?;
        let at = self.file.stream_position().map_err(failure)? + tables.len() as u64;
        let rest = [tables, text.clone(), footer(at, &text)].concat();
        self.file.write_all(&rest).and_then(|()| self.file.sync_all()).map_err(failure)?;
        atomic::rename(&self.path, out).map_err(failure)?;
        // The store is whole; a leftover journal would only be in the way of a later build under the same name.
        let _ = std::fs::remove_file(&self.journal_path);
        Ok(self.skipped)
    }
}

/// How many chunks of an unfinished store can stay: those whose files are what they were, whose pixels are those that
/// were written, and which leave out no more than may be left out.
fn whole(file: &mut File, chunks: &[Chunk], items: &[&Item], options: PackOptions) -> usize {
    let (mut first, mut left_out) = (0, 0);
    let mut image = vec![0; options.image_len()];
    let mut head = [0; MAGIC.len()];
    let begins = file.rewind().and_then(|()| file.read_exact(&mut head));
    if begins.is_err() || head != *MAGIC || file.seek(SeekFrom::Start(PIXELS_AT as u64)).is_err() {
        return 0;
    }
    let stays = |chunk: &&Chunk| {
        left_out += chunk.skipped.len();
        let sources = items.get(first..chunk.done);
        first = chunk.done;
        options.allow(left_out)
            && sources.is_some_and(|sources| content::of_items(sources) == chunk.source)
            && chunk.digests.iter().all(|digest| file.read_exact(&mut image).is_ok() && digest::hex(&image) == *digest)
    };
    chunks.iter().take_while(stays).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn only_a_lock_that_another_process_has_is_one_to_wait_for() {
        let path = Path::new("x.part");
        assert!(outcome(Ok(()), path).is_ok());
        assert!(matches!(outcome(Err(TryLockError::WouldBlock), path), Err(StoreError::Busy { .. })));
        // ENOLCK, ENOSYS, EOPNOTSUPP, EBADF.
        for code in [37, 38, 95, 9] {
            let refused = outcome(Err(TryLockError::Error(io::Error::from_raw_os_error(code))), path).unwrap_err();
            let cause = io::Error::from_raw_os_error(code).to_string();
            assert!(matches!(refused, StoreError::Lock { .. }) && refused.to_string().contains(&cause), "{refused}");
        }
    }
}
