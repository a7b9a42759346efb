//! A tensor as the device sees it, and its segments.

/// A tensor as the device sees it: rows of bytes along its leading axis, divided into segments.
#[derive(Clone, Debug)]
pub struct TensorSpec {
    /// The name, for messages.
    pub name: String,
    /// Rows along the leading axis: images, or input rows of a kernel.
    pub rows: usize,
    /// Bytes a row.
    pub row_bytes: usize,
    /// Rows in every segment but the last.
    pub rows_per_segment: usize,
    /// The number of the storage that it shares with tensors of other times, if it does; all of these are divided at
    /// the same rows.
    pub storage: Option<usize>,
}

impl TensorSpec {
    /// A tensor in one piece.
    pub fn whole(name: &str, rows: usize, row_bytes: usize) -> Self {
        Self { name: name.to_string(), rows, row_bytes, rows_per_segment: rows.max(1), storage: None }
    }

    /// The number of segments.
    pub fn segments(&self) -> usize {
        self.rows.div_ceil(self.rows_per_segment).max(1)
    }

    /// The segment of a number.
    pub(super) fn part(&self, tensor: usize, segment: usize) -> Part {
        let first = segment * self.rows_per_segment;
        Part { tensor, segment, first, rows: self.rows_per_segment.min(self.rows - first) }
    }
}

/// One segment of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The tensor's number.
    pub tensor: usize,
    /// The segment's number.
    pub segment: usize,
    /// Its first row.
    pub first: usize,
    /// Its rows.
    pub rows: usize,
}
