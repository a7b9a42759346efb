//! Building a store.

use super::{
    Skipped, Store, StoreError,
    format::{Index, MAGIC, PIXELS_AT, footer},
    journal::{Chunk, Journal},
};
use crate::{
    data::{
        DataError,
        folder::{FolderSet, Item},
        image_file::Warp,
    },
    host::atomic,
};
use rayon::prelude::*;
use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Images decoded before they are written and entered into the journal: what a kill can cost.
const CHUNK: usize = 256;

/// What to do about an image that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBad {
    /// Stop with its error.
    Fail,
    /// Leave it out and list it.
    Skip,
}

/// How a store is built.
#[derive(Debug, Clone, Copy)]
pub struct PackOptions {
    /// H and W of the packed images.
    pub side: u32,
    /// What to do about bad images.
    pub on_bad: OnBad,
    /// The most bad images that are left out.
    pub max_bad: usize,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Images in the store.
    pub images: usize,
    /// Images that were found packed already.
    pub resumed: usize,
    /// Images left out.
    pub skipped: Vec<Skipped>,
}

/// Packs a data set into one file: decodes in parallel, warps to S x S, writes in the order of the listing. A build
/// that was killed goes on from its last whole chunk to the same bytes; a store that is whole already stays.
///
/// `progress` hears how many images of how many are done, and returns whether to go on.
///
/// # Errors
/// The first bad image under [`OnBad::Fail`]; every [`StoreError`].
pub fn pack(
    set: &FolderSet,
    out: &Path,
    options: PackOptions,
    progress: &dyn Fn(usize, usize) -> bool,
) -> Result<Packed, DataError> {
    let items: Vec<&Item> = set.train.items.iter().chain(&set.test.items).collect();
    let identity = identity(set, options.side);
    if out.exists() {
        let store = Store::open(out)?;
        if store.identity() != identity {
            let what = "other images or another size";
            return Err(StoreError::OtherContents { path: out.into(), what }.into());
        }
        tidy(out);
        let skipped = store.skipped().to_vec();
        return Ok(Packed { images: store.len(), resumed: store.len(), skipped });
    }
    let mut build = Build::open(out, &identity, items.len(), options)?;
    let resumed = build.kept.len();
    while build.done < items.len() {
        if !progress(build.done, items.len()) {
            return Err(StoreError::Stopped { done: build.done, total: items.len() }.into());
        }
        let chunk = &items[build.done..(build.done + CHUNK).min(items.len())];
        build.add(chunk, set.train.items.len(), options)?;
    }
    progress(build.done, items.len());
    let images = build.kept.len();
    let skipped = build.finish(set, &items, out, identity, options.side)?;
    Ok(Packed { images, resumed, skipped })
}

/// The file that a store is built in, and the journal beside it.
fn beside(out: &Path) -> [PathBuf; 2] {
    [".part", ".journal"].map(|suffix| PathBuf::from(format!("{}{suffix}", out.display())))
}

/// Removes what a process may leave that is killed just behind the renaming of a whole store. What cannot be removed
/// costs nothing but space, and a part that is locked belongs to a process that is about to remove it.
fn tidy(out: &Path) {
    let [part, journal] = beside(out);
    let _ = std::fs::remove_file(journal);
    if File::open(&part).is_ok_and(|file| file.try_lock().is_ok()) {
        let _ = std::fs::remove_file(part);
    }
}

/// The digest of what a store is built from: the listing, the labels and the size.
fn identity(set: &FolderSet, side: u32) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(&format!("{side} {} {}", set.train.items.len(), set.test.items.len()));
    set.train.class_names.iter().for_each(|name| add(name));
    for item in set.train.items.iter().chain(&set.test.items) {
        add(&item.name);
        add(&item.label.to_string());
    }
    hasher.finalize().to_hex().to_string()
}

/// An unfinished store.
struct Build {
    path: PathBuf,
    journal_path: PathBuf,
    file: File,
    journal: Journal,
    done: usize,
    kept: Vec<usize>,
    digests: Vec<String>,
    skipped: Vec<Skipped>,
}

impl Build {
    fn open(out: &Path, identity: &str, total: usize, options: PackOptions) -> Result<Self, DataError> {
        let [path, journal_path] = beside(out);
        let failure = |source| StoreError::Write { path: path.clone(), source };
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(failure)?;
        // The lock goes with the file handle, also when the process is killed.
        if file.try_lock().is_err() {
            return Err(StoreError::Busy { path }.into());
        }
        if out.exists() {
            // Another process has finished it since this one looked; what was opened here is a new, empty file.
            let _ = std::fs::remove_file(&path);
            return Err(StoreError::Busy { path }.into());
        }
        let (journal, mut chunks) = Journal::open(&journal_path, identity)?;
        let len = file.metadata().map_err(failure)?.len();
        let image = 3 * u64::from(options.side) * u64::from(options.side);
        let end = |chunks: &[Chunk]| {
            PIXELS_AT as u64 + image * chunks.iter().map(|chunk| chunk.kept.len() as u64).sum::<u64>()
        };
        // Pixels are on the disk before their line is; a shorter file was cut by someone else.
        if !chunks.is_empty() && end(&chunks) > len || chunks.iter().any(|chunk| chunk.done > total) {
            return Err(StoreError::Damaged { path, reason: "it is shorter than its journal says".into() }.into());
        }
        if len < PIXELS_AT as u64 || chunks.is_empty() {
            let mut head = MAGIC.to_vec();
            head.resize(PIXELS_AT, 0);
            file.write_all(&head).map_err(failure)?;
        }
        let at = end(&chunks);
        file.set_len(at).and_then(|()| file.seek(SeekFrom::Start(at))).map_err(failure)?;
        let done = chunks.last().map_or(0, |chunk| chunk.done);
        let mut build =
            Self { path, journal_path, file, journal, done, kept: vec![], digests: vec![], skipped: vec![] };
        chunks.drain(..).for_each(|chunk| build.keep(chunk));
        Ok(build)
    }

    fn keep(&mut self, chunk: Chunk) {
        self.done = chunk.done;
        self.kept.extend(chunk.kept);
        self.digests.extend(chunk.digests);
        self.skipped.extend(chunk.skipped);
    }

    /// Decodes the next images, writes them and enters them into the journal.
    fn add(&mut self, items: &[&Item], train: usize, options: PackOptions) -> Result<(), DataError> {
        let decoded: Vec<Result<(Vec<u8>, String), DataError>> = items
            .par_iter()
            .map_init(
                || Warp::to(options.side),
                |warp, item| {
                    let pixels = item.decode(warp)?;
                    let digest = crate::host::digest::hex(&pixels);
                    Ok((pixels, digest))
                },
            )
            .collect();
        let mut chunk = Chunk { done: self.done + items.len(), kept: vec![], digests: vec![], skipped: vec![] };
        let mut pixels = Vec::new();
        for (at, result) in decoded.into_iter().enumerate() {
            let place = self.done + at;
            match result {
                Ok((image, digest)) => {
                    pixels.extend(image);
                    chunk.kept.push(place);
                    chunk.digests.push(digest);
                }
                Err(error) if options.on_bad == OnBad::Fail => return Err(error),
                Err(error) => {
                    let part = if place < train { "train" } else { "test" };
                    let name = format!("{part}/{}", items[at].name);
                    chunk.skipped.push(Skipped { name, reason: error.to_string() });
                    let (got, limit) = (self.skipped.len() + chunk.skipped.len(), options.max_bad);
                    if got > limit {
                        return Err(StoreError::TooManyBad { got, limit, last: error.to_string() }.into());
                    }
                }
            }
        }
        let failure = |source| StoreError::Write { path: self.path.clone(), source };
        self.file.write_all(&pixels).and_then(|()| self.file.sync_data()).map_err(failure)?;
        self.journal.add(&chunk)?;
        self.keep(chunk);
        Ok(())
    }

    /// Writes tables, index and footer, and gives the store its name.
    fn finish(
        mut self,
        set: &FolderSet,
        items: &[&Item],
        out: &Path,
        identity: String,
        side: u32,
    ) -> Result<Vec<Skipped>, DataError> {
        let train = self.kept.iter().filter(|&&place| place < set.train.items.len()).count();
        let mut seen = vec![false; set.train.class_names.len()];
        self.kept[..train].iter().for_each(|&place| seen[usize::from(items[place].label)] = true);
        if let Some(class) = seen.iter().position(|seen| !seen) {
            return Err(StoreError::EmptiedClass { class: set.train.class_names[class].clone() }.into());
        }
        let mut tables: Vec<u8> = self.kept.iter().flat_map(|&place| items[place].label.to_le_bytes()).collect();
        let digit = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        for digest in &self.digests {
            tables.extend(digest.as_bytes().chunks(2).map_while(digit));
        }
        let index = Index {
            name: set.name(),
            identity,
            side: side as usize,
            class_names: set.train.class_names.clone(),
            train,
            test: self.kept.len() - train,
            names: self.kept.iter().map(|&place| items[place].name.clone()).collect(),
            skipped: self.skipped.clone(),
            tables: crate::host::digest::hex(&tables),
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
