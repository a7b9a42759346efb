//! What the files are that a store is packed from: known by their bytes, not by their names, sizes or times.

use crate::{data::folder::Item, host::digest};
use rayon::prelude::*;

/// The digest of a file that cannot be read.
const UNREADABLE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The BLAKE3 of a file's bytes.
pub(super) fn of_bytes(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| UNREADABLE.into(), digest::hex)
}

/// The digests of the files of some images, in their order.
pub(super) fn of_items(items: &[&Item]) -> Vec<String> {
    items.par_iter().map(|item| of_bytes(item.place.read(&item.name).ok().as_deref())).collect()
}

/// One digest of those of all files.
pub(super) fn of_all(sources: &[String]) -> String {
    digest::hex(sources.concat().as_bytes())
}
