//! Between packs and rows, one an image: for what is small, and for what comes from outside and goes there.

use super::{IMAGES, Pack};

/// Overwrites the lanes of some images with rows of `packs.len()` elements; the lanes after them become zero.
pub fn to_packs<T: Copy + Default>(rows: &[T], packs: &mut [Pack<T>]) {
    let features = packs.len();
    let images = (rows.len() / features.max(1)).min(IMAGES);
    for (i, pack) in packs.iter_mut().enumerate() {
        for image in 0..images {
            pack[image] = rows[image * features + i];
        }
        pack[images..].fill(T::default());
    }
}

/// Overwrites rows of `packs.len()` elements with the lanes of as many images.
pub fn to_rows<T: Copy>(packs: &[Pack<T>], rows: &mut [T]) {
    for (image, row) in rows.chunks_exact_mut(packs.len().max(1)).enumerate() {
        row.iter_mut().zip(packs).for_each(|(to, pack)| *to = pack[image]);
    }
}
