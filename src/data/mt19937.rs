//! NumPy's legacy random generator, as far as the published class splits need it.
//!
//! The authors drew their halves with `numpy.random.RandomState([s])`. Its bit stream is MT19937
//! (Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998, with the seeding of 2002); the way
//! from bits to bounded integers and permutations is NumPy's own and frozen by its compatibility policy.
//! Everything else in strata draws from a counter-based generator; this one only recreates splits.

use super::DataError;

/// Words of state, n in the publication.
const WORDS: usize = 624;
/// The distance of the recurrence, m in the publication.
const DISTANCE: usize = 397;
/// The coefficients of the twist's matrix, a in the publication.
const TWIST: u32 = 0x9908_b0df;

/// The state of one generator.
#[derive(Debug, Clone)]
pub struct Mt19937 {
    state: [u32; WORDS],
    /// The next word to hand out; `WORDS` when a new block is due.
    position: usize,
}

impl Mt19937 {
    /// Seeds with one integer, like `RandomState(seed)`. This is another stream than that of the list `[seed]`.
    pub fn from_integer(seed: u32) -> Self {
        let mut state = [seed; WORDS];
        for i in 1..WORDS {
            let before = state[i - 1];
            state[i] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Self { state, position: WORDS }
    }

    /// Seeds with a list of integers, like `RandomState([...])` (`init_by_array` of the publication's authors).
    ///
    /// # Errors
    /// [`DataError::EmptySeed`] for a list without entries.
    pub fn from_list(seed: &[u32]) -> Result<Self, DataError> {
        if seed.is_empty() {
            return Err(DataError::EmptySeed);
        }
        let mut state = Self::from_integer(19_650_218).state;
        let mut i = 1;
        // Two passes over the state: the first mixes the list in, the second only stirs.
        for round in 0..WORDS.max(seed.len()) {
            let j = round % seed.len();
            let stirred = state[i] ^ mixed(state[i - 1]).wrapping_mul(1_664_525);
            state[i] = stirred.wrapping_add(seed[j]).wrapping_add(j as u32);
            i = next_index(i, &mut state);
        }
        for _ in 1..WORDS {
            let stirred = state[i] ^ mixed(state[i - 1]).wrapping_mul(1_566_083_941);
            state[i] = stirred.wrapping_sub(i as u32);
            i = next_index(i, &mut state);
        }
        // The top bit guarantees a state that is not all zero, from which nothing would ever come.
        state[0] = 0x8000_0000;
        Ok(Self { state, position: WORDS })
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.position == WORDS {
            self.renew();
        }
        let mut word = self.state[self.position];
        self.position += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// Computes the next 624 words of the recurrence in place.
    fn renew(&mut self) {
        for k in 0..WORDS {
            let joined = (self.state[k] & 0x8000_0000) | (self.state[(k + 1) % WORDS] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { TWIST } else { 0 };
            self.state[k] = self.state[(k + DISTANCE) % WORDS] ^ (joined >> 1) ^ odd;
        }
        self.position = 0;
    }

    /// An integer from 0 to `max`, both included, every value equally likely.
    ///
    /// As in NumPy's legacy code, bits above the highest bit of `max` are masked off and values above `max`
    /// are thrown away; `max = 0` draws nothing.
    pub fn interval(&mut self, max: u32) -> u32 {
        if max == 0 {
            return 0;
        }
        let mask = u32::MAX >> max.leading_zeros();
        loop {
            let value = self.next_u32() & mask;
            if value <= max {
                return value;
            }
        }
    }

    /// Shuffles in place: the last place first, each swapped with one at or before it.
    ///
    /// Only slices below 2^32 entries follow NumPy's stream; no list of classes or images comes near that.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.interval(u32::try_from(i).unwrap_or(u32::MAX)) as usize;
            items.swap(i, j);
        }
    }

    /// The numbers 0 to n-1 in random order, like `RandomState.permutation(n)`.
    pub fn permutation(&mut self, n: u32) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..n).collect();
        self.shuffle(&mut numbers);
        numbers
    }

    /// The first `k` (at most n) numbers of a permutation of 0 to n-1,
    /// like `RandomState.choice(arange(n), k, replace=False)`.
    pub fn choice(&mut self, n: u32, k: u32) -> Vec<u32> {
        let mut numbers = self.permutation(n);
        numbers.truncate(k as usize);
        numbers
    }
}

/// The word before, folded onto itself, as both seeding passes use it.
fn mixed(word: u32) -> u32 {
    word ^ (word >> 30)
}

/// Steps from index `i` to the next; past the end it carries the last word to the front and continues at 1.
fn next_index(i: usize, state: &mut [u32; WORDS]) -> usize {
    if i + 1 < WORDS {
        return i + 1;
    }
    state[0] = state[WORDS - 1];
    1
}

#[cfg(test)]
mod tests {
    //! All expected values were printed by NumPy 2.4.6 (`RandomState`).
    use super::*;

    fn listed(seed: &[u32]) -> Mt19937 {
        Mt19937::from_list(seed).unwrap()
    }

    /// Words 0 to 3, 622 to 625 (across the first renewal) and 1299 (in the third block).
    fn sample(mut generator: Mt19937) -> Vec<u32> {
        let words: Vec<u32> = (0..1300).map(|_| generator.next_u32()).collect();
        [&words[..4], &words[622..626], &words[1299..]].concat()
    }

    #[test]
    fn the_words_equal_numpys_for_list_seeds() {
        let zero = [3626764237, 1654615998, 3255389356, 3823568514, 1691392275, 2390040247, 2229104038, 1244770883];
        assert_eq!(sample(listed(&[0])), [&zero[..], &[613370405]].concat());
        let three = [1022050301, 2545373330, 2337446730, 560161641, 3614367766, 3660603180, 520908551, 109381845];
        assert_eq!(sample(listed(&[3])), [&three[..], &[1460216296]].concat());
        let four = [1067595299, 955945823, 477289528, 4107218783, 853571438, 144400272, 3768408841, 782634401];
        assert_eq!(sample(listed(&[0x123, 0x234, 0x345, 0x456])), [&four[..], &[2668049223]].concat());
    }

    #[test]
    fn the_words_equal_numpys_for_integer_seeds() {
        let zero = [2357136044, 2546248239, 3071714933, 3626093760, 631131020, 3791854820, 341544762, 1076416385];
        assert_eq!(sample(Mt19937::from_integer(0)), [&zero[..], &[387547707]].concat());
        let usual = [3499211612, 581869302, 3890346734, 3586334585, 2227348307, 4020325887, 4178893912, 610818241];
        assert_eq!(sample(Mt19937::from_integer(5489)), [&usual[..], &[3163125263]].concat());
        let top = [419326371, 479346978, 3918654476, 2416749639, 1222270187, 1027084080, 3860652269, 657474326];
        assert_eq!(sample(Mt19937::from_integer(u32::MAX)), [&top[..], &[319045431]].concat());
    }

    #[test]
    fn bounded_integers_equal_numpys() {
        let mut generator = listed(&[0]);
        let bounds = [1, 2, 6, 9, 99, 999, 65535, 1_000_000, 4_294_967_294];
        let drawn = bounds.map(|max| generator.interval(max));
        assert_eq!(drawn, [1, 2, 4, 2, 85, 820, 24122, 570618, 2195908194]);
    }

    #[test]
    fn permutations_equal_numpys() {
        assert_eq!(listed(&[0]).permutation(10), [7, 3, 0, 1, 8, 6, 9, 4, 5, 2]);
        assert_eq!(Mt19937::from_integer(0).permutation(10), [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
        assert_eq!(listed(&[7]).permutation(10), [2, 1, 9, 3, 5, 0, 6, 7, 4, 8]);
        let mut generator = listed(&[0]);
        assert_eq!(generator.permutation(1000)[995..], [85, 642, 172, 958, 973]);
        assert_eq!(generator.permutation(5), [3, 1, 4, 0, 2], "the stream goes on where the first ended");
        let mut letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
        listed(&[2]).shuffle(&mut letters);
        assert_eq!(letters, ['e', 'c', 'f', 'a', 'g', 'b', 'd']);
    }

    #[test]
    fn choices_equal_numpys() {
        assert_eq!(listed(&[1]).choice(11, 5), [6, 2, 10, 9, 3]);
        assert!(listed(&[1]).choice(0, 5).is_empty());
    }

    #[test]
    fn an_empty_seed_is_refused_and_a_bound_of_zero_draws_nothing() {
        assert!(matches!(Mt19937::from_list(&[]), Err(DataError::EmptySeed)));
        let mut generator = listed(&[0]);
        assert_eq!(generator.interval(0), 0);
        assert_eq!(generator.next_u32(), 3626764237);
    }
}
