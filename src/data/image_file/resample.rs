//! Pillow's resampling with a triangle filter (`BILINEAR`), to the bit: its weights, in whole numbers of 22 bits after
//! the point, its rounding, and its two passes with bytes between them.
//!
//! The passes go along rows and then along columns, or the other way round where that is less work, as in Pillow
//! 13.0.0; earlier versions always begin with rows. The order is decided by [`columns_first`], which was found by
//! comparing the bytes of both orders with Pillow's for images of 600 pairs of sizes.

/// Bits after the point of a weight: a sum of 256 values with weights of at most 2 still fits into 32 bits.
const PRECISION: u32 = 32 - 8 - 2;

/// What each output value of one dimension is made of.
#[derive(Debug, Default)]
struct Taps {
    /// Where the inputs of each output begin, and the place of its weights.
    spans: Vec<(usize, std::ops::Range<usize>)>,
    weights: Vec<i32>,
}

impl Taps {
    /// The weights for `from` values that become `to`: a triangle as wide as two outputs, or two inputs where there are
    /// more outputs.
    fn set(&mut self, from: usize, to: usize) {
        self.spans.clear();
        self.weights.clear();
        let scale = from as f64 / to as f64;
        let support = scale.max(1.0);
        let mut exact = Vec::new();
        for out in 0..to {
            let centre = (out as f64 + 0.5) * scale;
            // Rounded toward zero, as C does; both ends are positive but for the first, which is cut off.
            let first = (centre - support + 0.5).max(0.0) as usize;
            let last = ((centre + support + 0.5) as usize).min(from);
            exact.clear();
            let triangle = |input: usize| (1.0 - ((input as f64 - centre + 0.5) / support).abs()).max(0.0);
            exact.extend((first..last).map(triangle));
            let sum: f64 = exact.iter().sum();
            let begin = self.weights.len();
            let whole = |weight: &f64| (0.5 + weight / sum * f64::from(1 << PRECISION)) as i32;
            self.weights.extend(exact.iter().map(whole));
            self.spans.push((first, begin..self.weights.len()));
        }
    }
}

/// A byte of a sum, as many as fit.
const fn byte(sum: i32) -> u8 {
    let value = sum >> PRECISION;
    if value < 0 {
        0
    } else if value > 255 {
        255
    } else {
        value as u8
    }
}

/// Whether columns are resampled before rows: where rows are lost, and more than twice as many as columns.
fn columns_first(from: [usize; 2], to: [usize; 2]) -> bool {
    let lost = |from: usize, to: usize| from as i64 - to as i64;
    let (columns, rows) = (lost(from[0], to[0]), lost(from[1], to[1]));
    rows > 0 && rows > 2 * columns
}

/// A sum before anything is added: half, so that cutting off rounds.
const HALF: i32 = 1 << (PRECISION - 1);

/// A resampler. Keep one for many images: it reuses its buffers.
#[derive(Debug, Default)]
pub(in crate::data) struct Resampler {
    taps: Taps,
    between: Vec<u8>,
    sums: Vec<i32>,
}

impl Resampler {
    /// The `to` (width, height) pixels of an image of `from` (width, height) pixels of C bytes. A dimension that keeps its
    /// size is not touched.
    pub fn apply<const C: usize>(&mut self, pixels: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
        let mut out = vec![0; to[0] * to[1] * C];
        match (from[0] == to[0], from[1] == to[1]) {
            (true, true) => out.copy_from_slice(pixels),
            (true, false) => self.along_columns::<C>(pixels, from[1], &mut out, to),
            (false, true) => self.along_rows::<C>(pixels, from[0], &mut out, to[0]),
            (false, false) => {
                let mut between = std::mem::take(&mut self.between);
                if columns_first(from, to) {
                    between.resize(from[0] * to[1] * C, 0);
                    self.along_columns::<C>(pixels, from[1], &mut between, [from[0], to[1]]);
                    self.along_rows::<C>(&between, from[0], &mut out, to[0]);
                } else {
                    between.resize(to[0] * from[1] * C, 0);
                    self.along_rows::<C>(pixels, from[0], &mut between, to[0]);
                    self.along_columns::<C>(&between, from[1], &mut out, to);
                }
                self.between = between;
            }
        }
        out
    }

    /// The same of any number of channels, each of which is resampled by itself.
    pub fn apply_any(&mut self, pixels: &[u8], channels: usize, from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
        match channels {
            3 => self.apply::<3>(pixels, from, to),
            1 => self.apply::<1>(pixels, from, to),
            _ => {
                let mut out = vec![0; to[0] * to[1] * channels];
                for channel in 0..channels {
                    let plane: Vec<u8> = pixels.iter().skip(channel).step_by(channels).copied().collect();
                    let plane = self.apply::<1>(&plane, from, to);
                    out.iter_mut().skip(channel).step_by(channels).zip(plane).for_each(|(out, value)| *out = value);
                }
                out
            }
        }
    }

    fn along_rows<const C: usize>(&mut self, pixels: &[u8], from: usize, out: &mut [u8], to: usize) {
        self.taps.set(from, to);
        for (row, out) in pixels.chunks_exact(from * C).zip(out.chunks_exact_mut(to * C)) {
            for ((first, weights), out) in self.taps.spans.iter().zip(out.chunks_exact_mut(C)) {
                let mut sums = [HALF; C];
                let weights = &self.taps.weights[weights.clone()];
                for (pixel, weight) in row[first * C..].chunks_exact(C).zip(weights) {
                    for (sum, &value) in sums.iter_mut().zip(pixel) {
                        *sum += i32::from(value) * weight;
                    }
                }
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out = byte(sum));
            }
        }
    }

    fn along_columns<const C: usize>(&mut self, pixels: &[u8], from: usize, out: &mut [u8], [width, to]: [usize; 2]) {
        self.taps.set(from, to);
        let line = width * C;
        for ((first, weights), out) in self.taps.spans.iter().zip(out.chunks_exact_mut(line)) {
            self.sums.clear();
            self.sums.resize(line, HALF);
            let weights = &self.taps.weights[weights.clone()];
            for (row, &weight) in pixels[first * line..].chunks_exact(line).zip(weights) {
                for (sum, &value) in self.sums.iter_mut().zip(row) {
                    *sum += i32::from(value) * weight;
                }
            }
            out.iter_mut().zip(&self.sums).for_each(|(out, &sum)| *out = byte(sum));
        }
    }
}
