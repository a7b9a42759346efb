//! Fully connected layers over packs: forward and input gradient are correlations on images of one place; the gradient
//! of the weights is a product over all images, `x` read where it lies.

use super::{IMAGES, Pack, conv2d::Correlation};
use crate::{
    cpu::{
        memory::Scratch,
        panels::{Panels, Right},
        sgd,
        tiles::{Left, Then, product},
    },
    host::{ConvDims, ImageDims, Window},
};
use rayon::prelude::*;

/// Rows of weights whose gradient is computed before they are updated.
const ROWS_PER_UPDATE: usize = 64;

/// A fully connected layer, prepared once.
#[derive(Clone, Debug)]
pub struct Dense {
    outputs: usize,
    forward: Correlation,
    backward: Correlation,
    /// Gradients of the output, image by image, as the right side of a product.
    panels: Panels,
}

impl Dense {
    /// A layer of some input and output features.
    pub fn new([inputs, outputs]: [usize; 2]) -> Self {
        let place = Window::new(1, 1, 0);
        let x = ImageDims { n: 1, c: inputs, h: 1, w: 1 };
        let dims = ConvDims { x, k: outputs, p: 1, q: 1, vertical: place, horizontal: place, groups: 1 };
        let (forward, backward) = (Correlation::forward(&dims), Correlation::backward(&dims));
        Self { outputs, forward, backward, panels: Panels::new::<f32>(IMAGES, outputs) }
    }

    /// `y = x w + b`.
    pub const fn forward(&self) -> &Correlation {
        &self.forward
    }

    /// `dx = dy w^T`.
    pub const fn backward(&self) -> &Correlation {
        &self.backward
    }

    /// Numbers that a block leaves.
    pub fn kept_len(&self) -> usize {
        self.panels.len()
    }

    /// Overwrites `kept` with a block's gradients of the output, which its images beyond the batch have zeros in.
    pub fn keep(&self, dy: &[Pack<f32>], kept: &mut [f32]) {
        let Panels { width, .. } = self.panels;
        for (panel, kept) in kept.chunks_exact_mut(self.panels.panel_len()).enumerate() {
            for (image, row) in kept.chunks_exact_mut(width).enumerate() {
                row.fill(0.0);
                row.iter_mut().zip(&dy[self.panels.columns_of(panel)]).for_each(|(to, dy)| *to = dy[image]);
            }
        }
    }

    /// Overwrites `db` with the sum of what the blocks have kept over the images in their order.
    pub fn backward_bias<'a>(&self, kept: impl Iterator<Item = &'a [f32]>, db: &mut [f32]) {
        db.fill(0.0);
        for kept in kept {
            for image in 0..IMAGES {
                for (first, row) in self.panels.row(kept, image) {
                    db[first..].iter_mut().zip(row).for_each(|(db, &v)| *db += v);
                }
            }
        }
    }

    /// Overwrites the gradient of some rows of the weights from `first` on: over the images of the blocks in their
    /// order.
    fn gradient_of_rows(&self, blocks: &[(&[Pack<f32>], &[f32])], first: usize, dw: &mut [f32]) {
        let rows = dw.len() / self.outputs;
        for (i, (x, kept)) in blocks.iter().enumerate() {
            let x = Left::matrix(x[first..].as_flattened(), rows, IMAGES, IMAGES);
            let dy = Right { shape: self.panels, values: kept, panel_stride: self.panels.panel_len() };
            product(&x, dy, if i == 0 { Then::Write } else { Then::Accumulate }, dw, self.outputs);
        }
    }

    /// Overwrites `dw` with the gradient, from each block's input and what it has kept.
    pub fn backward_weight(&self, blocks: &[(&[Pack<f32>], &[f32])], dw: &mut [f32]) {
        let parts = dw.par_chunks_mut(ROWS_PER_UPDATE * self.outputs).enumerate();
        parts.for_each(|(part, dw)| self.gradient_of_rows(blocks, part * ROWS_PER_UPDATE, dw));
    }

    /// Updates the weights `w` and the history `h` with the gradient that [`Self::backward_weight`] would write.
    pub fn update_weight(
        &self,
        blocks: &[(&[Pack<f32>], &[f32])],
        update: &sgd::Update,
        [w, h]: [&mut [f32]; 2],
        scratch: &Scratch<f32>,
    ) {
        let of_part = ROWS_PER_UPDATE * self.outputs;
        // One loan for all tasks: how many of them run at a time must not decide how much is allocated.
        let mut dw = scratch.lend(w.len());
        let parts = w.par_chunks_mut(of_part).zip(h.par_chunks_mut(of_part)).zip(dw.par_chunks_mut(of_part));
        parts.enumerate().for_each(|(part, ((w, h), dw))| {
            self.gradient_of_rows(blocks, part * ROWS_PER_UPDATE, dw);
            sgd::step_of_task(update, dw, w, h);
        });
    }
}
