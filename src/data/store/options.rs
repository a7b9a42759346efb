//! How a store is built.

use super::{Skipped, StoreError};
use crate::data::OnBad;

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

impl PackOptions {
    /// Whether as many images may be left out.
    pub(super) fn allow(&self, skipped: usize) -> bool {
        skipped == 0 || self.on_bad == OnBad::Skip && skipped <= self.max_bad
    }

    /// The refusal of as many.
    pub(super) fn too_many(&self, skipped: usize, last: &Skipped) -> StoreError {
        StoreError::TooManyBad { got: skipped, limit: self.max_bad, last: last.reason.clone() }
    }

    /// The bytes of an image.
    pub(super) fn image_len(&self) -> usize {
        3 * self.side as usize * self.side as usize
    }
}
