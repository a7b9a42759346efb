//! The bytes around the pixels.

use serde::{Deserialize, Serialize};

/// What a store begins with.
pub(super) const MAGIC: &[u8; 24] = b"strata packed images 1\n\0";

/// What a store ends with, so that a truncated file is detected at once.
pub(super) const END: &[u8; 16] = b"strata pack end\n";

/// Where pixels begin: a page, so that images lie on few pages.
pub(super) const PIXELS_AT: usize = 4096;

/// The bytes of the footer.
pub(super) const FOOTER: usize = 64;

/// The most bytes of an index: 1 GiB, a hundred bytes per image for ten million images.
pub(super) const MAX_INDEX: usize = 1 << 30;

/// The most images of one store, whose places are kept as 32-bit numbers.
pub(super) const MAX_IMAGES: usize = 1 << 31;

/// The bytes of one digest.
pub(super) const DIGEST: usize = 32;

/// How files become pixels. It is raised whenever decoding or warping gives other pixels of the same file, so that
/// stores read in an earlier way are known to be stale.
pub(super) const READING: u32 = 3;

/// A bad image that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its part and its path within it.
    pub name: String,
    /// What was wrong.
    pub reason: String,
}

/// What a store says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    /// The data set.
    pub name: String,
    /// What it was built from: the digest of the listing and the size.
    pub identity: String,
    /// H and W.
    pub side: usize,
    /// The name of class k at position k.
    pub class_names: Vec<String>,
    /// Training images.
    pub train: usize,
    /// Test images.
    pub test: usize,
    /// Where each image came from, within its part.
    pub names: Vec<String>,
    /// Images left out.
    pub skipped: Vec<Skipped>,
    /// The BLAKE3 of labels and digests.
    pub tables: String,
    /// The BLAKE3 of the digests of the files of all chunks of the listing, those left out included; empty in stores
    /// that were packed before there was one.
    #[serde(default)]
    pub content: String,
    /// How the files were read, see [`READING`].
    #[serde(default)]
    pub reading: u32,
}

/// The footer for an index at an offset.
pub(super) fn footer(offset: u64, index: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FOOTER);
    bytes.extend(offset.to_le_bytes());
    bytes.extend((index.len() as u64).to_le_bytes());
    bytes.extend(blake3::hash(index).as_bytes());
    bytes.extend(END);
    bytes
}

/// The index of a whole file and where it begins, or what is wrong.
pub(super) fn parse(file: &[u8]) -> Result<(Index, usize), String> {
    if !file.starts_with(MAGIC) {
        return Err("it begins with other bytes".into());
    }
    let (body, footer) = file.split_last_chunk::<FOOTER>().ok_or("it is too short")?;
    if &footer[48..] != END {
        return Err("its end is missing".into());
    }
    let number = |at: usize| -> usize {
        let bytes = footer[at..at + 8].iter().rev();
        bytes.fold(0u64, |number, &byte| number << 8 | u64::from(byte)).try_into().unwrap_or(usize::MAX)
    };
    let (offset, len) = (number(0), number(8));
    let index = offset.checked_add(len).filter(|&end| end == body.len()).and_then(|_| body.get(offset..));
    let index = index.ok_or("its index is not where the footer says")?;
    if index.len() > MAX_INDEX {
        return Err(format!("its index has {} bytes, above the limit of {MAX_INDEX}", index.len()));
    }
    if blake3::hash(index).as_bytes()[..] != footer[16..48] {
        return Err("its index has changed".into());
    }
    let index: Index = serde_json::from_slice(index).map_err(|error| format!("its index: {error}"))?;
    Ok((index, offset))
}
