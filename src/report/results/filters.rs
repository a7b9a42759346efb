//! The range of each drawn filter's weights.

use serde::Serialize;

use super::super::{error::ReportError, measured::Filters};

/// The smallest and largest weights of one network's filters.
#[derive(Clone, Debug, Serialize)]
pub struct FilterRanges {
    /// What the filters are.
    pub title: String,
    /// Smallest and largest finite weight of each filter; `None` where it has none.
    pub ranges: Vec<Option<(f32, f32)>>,
}

pub(super) fn ranges(filters: &Filters) -> Result<FilterRanges, ReportError> {
    filters.check()?;
    let range = |values: &[f32]| {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        finite().reduce(f32::min).zip(finite().reduce(f32::max))
    };
    let ranges = filters.values.chunks(filters.values.len() / filters.count).map(range).collect();
    Ok(FilterRanges { title: filters.title.clone(), ranges })
}
