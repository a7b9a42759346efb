//! What the files are that a store is packed from: known by their bytes, not by their names, sizes or times.

use crate::{data::folder::Item, host::digest};
use rayon::prelude::*;

/// The digest of a file that cannot be read.
const UNREADABLE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The BLAKE3 of a file's bytes.
pub(super) fn of_bytes(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| UNREADABLE.into(), digest::hex)
}

/// The BLAKE3 of the digests of the files of a chunk of images.
pub(super) fn of_items(items: &[&Item]) -> String {
    let files: Vec<String> =
        items.par_iter().map(|item| of_bytes(item.place.read(&item.name).ok().as_deref())).collect();
    of_all(&files)
}

/// One digest of several: of the files of a chunk, or of all chunks.
pub(super) fn of_all(digests: &[String]) -> String {
    digest::hex(digests.concat().as_bytes())
}
