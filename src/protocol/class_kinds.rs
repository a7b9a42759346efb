//! Which classes are of things that people make.

use super::ProtocolError;
use crate::data::{Dataset, Split, natural};

/// The man-made (A) and the natural (B) classes of a data set, where they are known.
///
/// # Errors
/// Classes that are named by ImageNet's identifiers and are all of one kind.
pub(super) fn man_made_and_natural(source: &str, data: &Dataset) -> Result<Option<Split>, ProtocolError> {
    Ok(match source {
        "cifar10" => Some(natural::cifar10()),
        "cifar100" => Some(natural::cifar100()),
        "cifar100-coarse" => Some(natural::cifar100_coarse()),
        _ => natural::of_wnids(&data.class_names)?,
    })
}
