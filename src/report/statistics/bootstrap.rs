//! Percentile bootstrap over clusters with a generator of fixed seed: the same data give the same interval.

use super::mean;

/// Resamples drawn; the ends of an interval move by about 1 % of its width between seeds.
const RESAMPLES: usize = 10_000;
const SEED: u64 = 20_140_612;

/// A 64-bit generator with one word of state: a counter stepped by an odd constant, then mixed twice by
/// shift and multiplication (the construction known as SplitMix64).
#[derive(Clone, Debug)]
pub struct Generator(u64);

impl Generator {
    /// A generator whose numbers depend on `seed` alone.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number in `0..below`, by the high half of a product; the bias is below `below / 2^64`.
    pub const fn below(&mut self, below: usize) -> usize {
        ((self.bits() as u128 * below as u128) >> 64) as usize
    }
}

/// The quantile `q` of sorted values, linear between neighbours.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (low, share) = (at.floor() as usize, at.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + share * (sorted[high] - sorted[low])
}

/// The 2.5 % and 97.5 % quantiles of the mean over resamples with replacement; `None` of fewer than two values.
#[must_use]
pub fn percentile_bootstrap(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let mut generator = Generator::new(SEED);
    let mut means = Vec::with_capacity(RESAMPLES);
    let mut resample = vec![0.0; values.len()];
    for _ in 0..RESAMPLES {
        resample.fill_with(|| values[generator.below(values.len())]);
        means.push(mean(&resample)?);
    }
    means.sort_by(f64::total_cmp);
    Some((quantile(&means, 0.025), quantile(&means, 0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 12] = [0.31, -0.42, 0.95, 1.21, 0.05, 0.77, -0.11, 0.64, 0.38, 1.02, 0.49, 0.18];

    #[test]
    fn the_bootstrap_agrees_with_scipy_up_to_its_own_noise() {
        // SciPy 1.17.1: scipy.stats.bootstrap((values,), numpy.mean, method="percentile", n_resamples=1_000_000)
        let (low, high) = percentile_bootstrap(&VALUES).unwrap();
        approx::assert_abs_diff_eq!(low, 0.19, epsilon = 0.012);
        approx::assert_abs_diff_eq!(high, 0.715_833, epsilon = 0.012);
    }

    #[test]
    fn the_same_values_give_the_same_interval() {
        assert_eq!(percentile_bootstrap(&VALUES), percentile_bootstrap(&VALUES));
        assert_eq!(percentile_bootstrap(&[1.0]), None);
    }

    #[test]
    fn quantiles_lie_linearly_between_neighbours_as_in_numpy() {
        approx::assert_relative_eq!(quantile(&[1.0, 2.0, 4.0, 8.0], 0.4), 2.4, epsilon = 1e-12);
        assert_eq!(quantile(&[1.0, 2.0], 1.0), 2.0);
    }
}
