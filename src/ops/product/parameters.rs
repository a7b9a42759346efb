//! The parameters of a product, with what most products have.

use crate::gpu::parameters;
use crate::ops::sgd::Rule;

parameters! {
    /// The parameters of every product.
    pub struct ProductParameters {
        rows: u32, columns: u32, groups: u32, tiles: u32, across: u32, depth: u32, before: u32, split: u32, parts: u32,
        run: u32, stretch: u32, origin: u32, pitch: u32, part_pitch: u32,
        column_first: u32, column_period: u32, column_real: u32, row_first: u32, row_period: u32, row_real: u32,
        continued: u32, biased: u32, rectified: u32, sums_bias: u32,
        a_origin: u32, a_pitch: u32, b_origin: u32, b_pitch: u32,
        momentum: f32, decay: f32, lr_mult: f32, formula: u32,
        kp: u32, h: u32, w: u32, cp: u32, p: u32, q: u32,
        s: u32, stored: u32, cg: u32, kg: u32, kr: u32,
        stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32, slab: u32,
    }
}

impl ProductParameters {
    /// A product of one group, in one part, whose rows are all real.
    pub fn of([rows, columns]: [usize; 2], depth: usize) -> Self {
        Self {
            rows: rows as u32,
            columns: columns as u32,
            depth: depth as u32,
            groups: 1,
            parts: 1,
            row_period: u32::MAX,
            row_real: u32::MAX,
            ..Self::default()
        }
    }

    /// The same in parts of a depth, which begin where the whole sum does: `before` of it lies before what is summed
    /// here. A depth of 0 leaves the sum whole.
    pub fn in_parts_of(self, split: usize, before: usize) -> Self {
        if split == 0 {
            return self;
        }
        let end = before + self.depth as usize;
        let parts = end.div_ceil(split) - before / split;
        Self { split: split as u32, before: before as u32, parts: parts as u32, ..self }
    }

    /// The same with an update of the weights.
    pub fn following(self, rule: &Rule) -> Self {
        Self {
            momentum: rule.momentum as f32,
            decay: rule.decay as f32,
            lr_mult: rule.lr_mult as f32,
            formula: rule.formula(),
            ..self
        }
    }
}
