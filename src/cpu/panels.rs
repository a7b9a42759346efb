//! Matrices packed once and used for many rows: columns side by side in panels of one tile's width.

use super::{
    dispatch,
    memory::{Lent, Scratch},
};
use crate::host::Real;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// How a matrix is packed: panels of `width` columns, each `[depth][width]`, with zeros after the last column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panels {
    /// Columns of a panel: one, two or three registers, two in double precision.
    pub width: usize,
    /// Rows.
    pub depth: usize,
    /// Columns of all panels together.
    pub columns: usize,
}

struct Width<T>(usize, std::marker::PhantomData<T>);

impl<T: Real> WithSimd for Width<T> {
    type Output = usize;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let registers = self.0.div_ceil(T::lanes::<S>());
        // The most registers that leave none empty; two where one stays half empty anyway.
        let used = match registers {
            _ if !T::SINGLE => 2,
            0 | 1 => 1,
            n if n.is_multiple_of(2) => 2,
            n if n.is_multiple_of(3) => 3,
            _ => 2,
        };
        used * T::lanes::<S>()
    }
}

impl Panels {
    /// The panels of a `depth` x `columns` matrix of elements `T`, as wide as this machine's tiles.
    pub fn new<T: Real>(depth: usize, columns: usize) -> Self {
        let width = dispatch::<T, _>(Width(columns, std::marker::PhantomData::<T>));
        Self { width, depth, columns }
    }

    /// Panels.
    pub fn count(&self) -> usize {
        self.columns.div_ceil(self.width)
    }

    /// Elements of one panel.
    pub fn panel_len(&self) -> usize {
        self.depth * self.width
    }

    /// Elements of all panels.
    pub fn len(&self) -> usize {
        self.count() * self.panel_len()
    }

    /// The columns of a panel that are not zeros after the last one.
    pub fn columns_of(&self, panel: usize) -> std::ops::Range<usize> {
        panel * self.width..self.columns.min((panel + 1) * self.width)
    }

    /// Packs the first rows of the depth: `row(d)` gives the columns of row `d`.
    pub fn pack<'a, T: Real>(&self, values: &mut [T], rows: usize, row: impl Fn(usize) -> &'a [T]) {
        for d in 0..rows {
            let row = &row(d)[..self.columns];
            for (panel, part) in values.chunks_exact_mut(self.panel_len()).zip(row.chunks(self.width)) {
                let panel = &mut panel[d * self.width..][..self.width];
                panel[..part.len()].copy_from_slice(part);
                panel[part.len()..].fill(T::zero());
            }
        }
    }

    /// The columns of row `d`, in parts with the number of their first column.
    pub fn row<'a, T>(&'a self, values: &'a [T], d: usize) -> impl Iterator<Item = (usize, &'a [T])> {
        (0..self.count()).map(move |panel| {
            let columns = self.columns_of(panel);
            (columns.start, &values[panel * self.panel_len() + d * self.width..][..columns.len()])
        })
    }
}

/// Some packed matrices of one shape, such as the weights of each group.
#[derive(Debug)]
pub struct Packed<'a, T> {
    /// The shape of each.
    pub shape: Panels,
    values: Lent<'a, T>,
}

impl<'a, T: Real> Packed<'a, T> {
    /// Packs `count` matrices, panel by panel in parallel: `write(matrix, columns, panel)` overwrites a panel.
    pub fn new(
        scratch: &'a Scratch<T>,
        shape: Panels,
        count: usize,
        write: impl Fn(usize, std::ops::Range<usize>, &mut [T]) + Sync,
    ) -> Self {
        let mut values = scratch.lend(count * shape.len());
        values.par_chunks_mut(shape.panel_len()).enumerate().for_each(|(i, panel)| {
            write(i / shape.count(), shape.columns_of(i % shape.count()), panel);
        });
        Self { shape, values }
    }

    /// One of the matrices.
    pub fn matrix(&self, index: usize) -> Right<'_, T> {
        let values = &self.values[index * self.shape.len()..][..self.shape.len()];
        Right { shape: self.shape, values, panel_stride: self.shape.panel_len() }
    }
}

/// The right side of a product: panels that begin `panel_stride` elements apart.
#[derive(Clone, Copy, Debug)]
pub struct Right<'a, T> {
    /// The shape of the panels.
    pub shape: Panels,
    /// Their elements.
    pub values: &'a [T],
    /// The distance between two panels.
    pub panel_stride: usize,
}
