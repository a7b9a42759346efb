//! Kept inputs with random damage: what a test can do without a fuzzer's knowledge of the branches taken.
//!
//! `STRATA_HOSTILE_CASES` asks for more inputs a parser than the suite's, `STRATA_HOSTILE_SEED` for others, and
//! `STRATA_HOSTILE_TARGET` for those of one parser alone.

use super::targets::TARGETS;
use std::{fs, path::Path, time::Instant};
use strata::host::Stream;

const SEED: u64 = 1;
const CASES: u64 = 150;

/// Numbers at which parsers go wrong, as bytes and as text.
const BYTES: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
const WORDS: [&str; 8] = ["0", "-1", "65536", "4294967296", "18446744073709551615", "1e999", "[[[[[[[[", "\u{202e}"];

struct Damage {
    stream: Stream,
    drawn: u64,
}

impl Damage {
    fn below(&mut self, count: usize) -> usize {
        let word = u64::from(self.stream.words(self.drawn, 0)[0]);
        self.drawn += 1;
        ((word * count.max(1) as u64) >> 32) as usize
    }

    /// Changes, takes out, doubles, cuts or joins parts of an input, up to eight times.
    fn of(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(8) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(16)).min(bytes.len());
            match self.below(8) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = BYTES[self.below(BYTES.len())],
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                4 => bytes.truncate(at),
                5 => {
                    let other = &inputs[self.below(inputs.len())];
                    let from = self.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend(&other[from..]);
                }
                6 => drop(bytes.splice(at..end, WORDS[self.below(WORDS.len())].bytes())),
                _ => (at..end).for_each(|at| bytes[at] = self.below(256) as u8),
            }
        }
        bytes
    }
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

#[test]
fn inputs_with_random_damage_are_read_or_refused_without_a_panic() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let (seed, cases) = (number("STRATA_HOSTILE_SEED", SEED), number("STRATA_HOSTILE_CASES", CASES));
    let only = std::env::var("STRATA_HOSTILE_TARGET").ok();
    assert!(only.iter().all(|only| TARGETS.iter().any(|(name, _)| name == only)), "there is no parser {only:?}");
    let mut complaints = Vec::new();
    for (name, target) in TARGETS.into_iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)) {
        let folders = ["corpus", "regressions"].map(|folder| fuzz.join(folder).join(name));
        let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let inputs: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
        let begun = Instant::now();
        for case in 0..cases {
            let stream = Stream::named(&format!("damage/{name}/{}", seed + case));
            let bytes = Damage { stream, drawn: 0 }.of(&inputs);
            if std::panic::catch_unwind(|| target(&bytes)).is_err() {
                let path = std::env::temp_dir().join(format!("strata-{name}-{}", seed + case));
                fs::write(&path, &bytes).unwrap();
                complaints.push(format!("{name}, seed {}: panics; the input is {}", seed + case, path.display()));
            }
        }
        println!("{name}: {cases} inputs in {:.1} s", begun.elapsed().as_secs_f64());
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
