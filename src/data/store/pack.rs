//! Packing a data set, or finding that it is packed already.

use super::{
    PackOptions, Skipped, Store, StoreError,
    build::{self, Build, beside},
    content,
    format::READING,
};
use crate::data::{
    DataError, OnBad,
    folder::{FolderSet, Item},
};
use std::{fs::File, path::Path};

/// Images decoded before they are written and entered into the journal: what a kill can cost.
pub(super) const CHUNK: usize = 256;

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Images in the store.
    pub images: usize,
    /// Images that were found packed already.
    pub resumed: usize,
    /// Images left out.
    pub skipped: Vec<Skipped>,
    /// Whether a store was replaced whose files have changed since it was packed.
    pub replaced: bool,
}

/// Packs a data set into one file: decodes in parallel, warps to S x S, writes in the order of the listing. A build
/// that was killed resumes from its last whole chunk to the same bytes; a store that is whole already stays.
///
/// What is packed already is known by its content. The files of the listing are read again, and where the bytes of
/// any of them have changed, or where a later version reads files in another way, a finished store is built anew and
/// an unfinished one from that chunk on: an image that was bad and has been repaired is included. The pixels are held
/// against their digests, and `options` decide about images left out, as if all was packed now.
///
/// `progress` hears how many images of how many are done, and returns whether to continue.
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
    let found = build::stamp(out);
    let replaced = out.exists();
    if replaced {
        let store = Store::open(out)?;
        if store.identity() != identity {
            let what = "other images or another size";
            return Err(StoreError::OtherContents { path: out.into(), what }.into());
        }
        if is_of(&store, &items, progress)? {
            store.verify()?;
            let skipped = store.skipped().to_vec();
            if let Some(first) = skipped.first().filter(|_| options.on_bad == OnBad::Fail) {
                let first = format!("{}: {}", first.name, first.reason);
                return Err(StoreError::LeftOut { path: out.into(), got: skipped.len(), first }.into());
            }
            if let Some(last) = skipped.last().filter(|_| !options.allow(skipped.len())) {
                return Err(options.too_many(skipped.len(), last).into());
            }
            tidy(out);
            return Ok(Packed { images: store.len(), resumed: store.len(), skipped, replaced: false });
        }
    }
    let mut build = Build::open(out, &identity, &items, options, found.as_deref())?;
    let resumed = build.kept();
    while build.done() < items.len() {
        go_on(progress, build.done(), items.len())?;
        let chunk = &items[build.done()..(build.done() + CHUNK).min(items.len())];
        build.add(chunk, set.train.items.len(), options)?;
    }
    progress(build.done(), items.len());
    let images = build.kept();
    let skipped = build.finish(set, &items, out, identity, options.side)?;
    Ok(Packed { images, resumed, skipped, replaced })
}

fn go_on(progress: &dyn Fn(usize, usize) -> bool, done: usize, total: usize) -> Result<(), DataError> {
    if progress(done, total) { Ok(()) } else { Err(StoreError::Stopped { done, total }.into()) }
}

/// Whether a finished store holds what the files hold now.
fn is_of(store: &Store, items: &[&Item], progress: &dyn Fn(usize, usize) -> bool) -> Result<bool, DataError> {
    let (packed, reading) = store.content();
    if packed.is_empty() || reading != READING {
        return Ok(false);
    }
    let mut sources = Vec::with_capacity(items.len().div_ceil(CHUNK));
    for (at, chunk) in items.chunks(CHUNK).enumerate() {
        go_on(progress, at * CHUNK, items.len())?;
        sources.push(content::of_items(chunk));
    }
    progress(items.len(), items.len());
    Ok(content::of_all(&sources) == packed)
}

/// Removes what a process may leave that is killed just after the renaming of a whole store. What cannot be removed
/// costs nothing but space, and a part that is locked belongs to a process that is about to remove it.
fn tidy(out: &Path) {
    let [part, journal] = beside(out);
    if !part.exists() {
        let _ = std::fs::remove_file(journal);
    } else if File::open(&part).is_ok_and(|file| file.try_lock().is_ok()) {
        let _ = std::fs::remove_file(journal);
        let _ = std::fs::remove_file(part);
    }
}

/// The digest of what a store is built of: the listing, the labels and the size.
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
