//! Philox 4x32-10, a counter-based random number generator (Salmon, Moraes, Dror and Shaw, 2011,
//! "Parallel random numbers: as easy as 1, 2, 3"). `shaders/shared/philox.wgsl` is its twin.

/// Four random words that depend on nothing but the key and the counter.
#[inline(always)]
pub const fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let mut round = 0;
    while round < 10 {
        let a = 0xD251_1F53_u64 * counter[0] as u64;
        let b = 0xCD9E_8D57_u64 * counter[2] as u64;
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
        round += 1;
    }
    counter
}

/// The same for `N` counters that differ in their first two words, words by their place: a loop over the counters for
/// every round, which becomes registers.
#[inline(always)]
pub fn philox_of<const N: usize>(low: [u32; N], high: [u32; N], others: [u32; 2], mut key: [u32; 2]) -> [[u32; N]; 4] {
    let mut words = [low, high, [others[0]; N], [others[1]; N]];
    for _ in 0..10 {
        let before = words;
        for i in 0..N {
            let a = 0xD251_1F53_u64 * u64::from(before[0][i]);
            let b = 0xCD9E_8D57_u64 * u64::from(before[2][i]);
            words[0][i] = (b >> 32) as u32 ^ before[1][i] ^ key[0];
            words[1][i] = b as u32;
            words[2][i] = (a >> 32) as u32 ^ before[3][i] ^ key[1];
            words[3][i] = a as u32;
        }
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with the generator (Random123, `kat_vectors`).
    #[test]
    fn philox_gives_the_published_known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
        assert_eq!(
            philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
        );
    }

    #[test]
    fn words_of_many_counters_are_those_of_each() {
        let (low, high) = (std::array::from_fn(|i| i as u32 * 77), std::array::from_fn(|i| (i % 3) as u32));
        let words: [[u32; 16]; 4] = philox_of(low, high, [5, 6], [7, 8]);
        for i in 0..16 {
            assert_eq!(words.map(|words| words[i]), philox([low[i], high[i], 5, 6], [7, 8]));
        }
    }
}
