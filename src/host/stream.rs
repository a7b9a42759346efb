//! Random streams with names: what is drawn depends on what it is for, never on what was drawn before.

use super::philox::philox;

/// A random stream, fixed by its key. Streams of different names are independent;
/// any element of a stream can be drawn at any time, in any order, on any device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The key of the counter-based generator.
    pub key: [u32; 2],
}

impl Stream {
    /// The stream of a name, such as `"seed=1/replicate=0/half=A/weights/conv1.weight"`.
    pub fn named(name: &str) -> Self {
        let hash = blake3::hash(name.as_bytes());
        let bytes = hash.as_bytes();
        let word = |i: usize| u32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
        Self { key: [word(0), word(4)] }
    }

    /// Four random words at a place of the stream: `index` counts draws, `page` separates uses
    /// such as training steps or epochs.
    pub fn words(&self, index: u64, page: u32) -> [u32; 4] {
        philox([index as u32, (index >> 32) as u32, page, 0], self.key)
    }

    /// Normally distributed values with mean 0 and the given standard deviation (Box and Muller), untruncated.
    pub fn normal(&self, count: usize, std: f64) -> Vec<f32> {
        let mut values = Vec::with_capacity(count + 3);
        for index in 0..count.div_ceil(4) as u64 {
            let words = self.words(index, 0);
            for pair in words.chunks_exact(2) {
                // The half keeps the uniform value away from 0, where the logarithm has none.
                let u = (f64::from(pair[0]) + 0.5) / 4_294_967_296.0;
                let angle = std::f64::consts::TAU * f64::from(pair[1]) / 4_294_967_296.0;
                let radius = (-2.0 * u.ln()).sqrt() * std;
                values.push((radius * angle.cos()) as f32);
                values.push((radius * angle.sin()) as f32);
            }
        }
        values.truncate(count);
        values
    }

    /// A random order of `0..count`: Fisher and Yates' shuffle, `page` is the epoch.
    pub fn permutation(&self, count: usize, page: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count as u32).collect();
        for last in (1..count).rev() {
            let word = self.words(last as u64, page)[0];
            // Multiply-shift maps 32 bits to 0..=last; its bias is below count / 2^32.
            let pick = ((u64::from(word) * (last as u64 + 1)) >> 32) as usize;
            order.swap(last, pick);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_values_have_the_wanted_mean_and_deviation() {
        let values = Stream::named("test").normal(100_001, 2.0);
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 4.0).abs() < 0.08, "variance {variance}");
    }

    #[test]
    fn a_permutation_holds_every_index_once_and_changes_with_its_page() {
        let stream = Stream::named("order");
        let mut first = stream.permutation(1000, 0);
        assert_ne!(first, stream.permutation(1000, 1));
        assert_eq!(first, stream.permutation(1000, 0));
        first.sort_unstable();
        assert_eq!(first, (0..1000).collect::<Vec<u32>>());
    }

    #[test]
    fn streams_of_different_names_differ() {
        assert_ne!(Stream::named("a").words(0, 0), Stream::named("b").words(0, 0));
    }
}
