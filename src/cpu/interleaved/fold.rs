//! The sum over the images of a block: always the same tree, whatever the width of a register.

use super::{IMAGES, Pack};
use crate::host::Lanes;
use pulp::Simd;

/// The sum of a pack by halves: image i and image i + 8, then i + 4, i + 2 and i + 1.
#[inline(always)]
pub fn fold<S: Simd>(simd: S, pack: &Pack<f32>) -> f32 {
    let parts = f32::vectors::<S>(pack);
    let mut registers = [parts[0]; IMAGES];
    let mut count = IMAGES / f32::lanes::<S>();
    registers[..count].copy_from_slice(parts);
    while count > 1 {
        count /= 2;
        for i in 0..count {
            registers[i] = f32::plus(simd, registers[i], registers[i + count]);
        }
    }
    f32::total(simd, registers[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Arch, Scalar, WithSimd};

    struct Fold<'a>(&'a Pack<f32>);

    impl WithSimd for Fold<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            fold(simd, self.0)
        }
    }

    #[test]
    fn a_pack_is_summed_by_halves_on_registers_of_any_width() {
        for i in 0..20 {
            let pack: Pack<f32> = std::array::from_fn(|lane| 1.0 / (i * 16 + lane + 1) as f32);
            let mut values = pack.to_vec();
            while values.len() > 1 {
                let half = values.len() / 2;
                values = (0..half).map(|i| values[i] + values[i + half]).collect();
            }
            for sum in [Arch::new().dispatch(Fold(&pack)), fold(Scalar::new(), &pack)] {
                assert_eq!(values[0].to_bits(), sum.to_bits());
            }
        }
    }
}
