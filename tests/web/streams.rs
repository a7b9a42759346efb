//! Random numbers, digests and initial weights: the player's against the native ones.

use super::browser::{numbers, tasks};
use serde_json::json;
use strata::host::{Stream, digest, philox::philox};

#[test]
fn the_player_draws_the_numbers_of_the_native_streams() {
    let names = ["seed=1/split=0/replicate=0/target=A/base/order", "", "n=3/weights/conv1.weight", "Ä \u{1f600}"];
    let long = "x".repeat(3000);
    let names: Vec<&str> = names.into_iter().chain([&long[..]]).collect();
    for count in [1, 10, 1003] {
        let folder = tempfile::tempdir().unwrap();
        let done = tasks(folder.path(), &[("vectors", json!({ "names": names, "count": count }))]);
        for (name, got) in names.iter().zip(done[0].as_array().unwrap()) {
            let stream = Stream::named(name);
            let words = [0, 1, 77, (1u64 << 33) + 5].map(|index| stream.words(index, 3));
            assert_eq!((&got["key"], &got["words"]), (&json!(stream.key), &json!(words)), "{name}");
            assert_eq!(got["permutation"], json!(stream.permutation(count, 2)), "{name}");
            let bytes: Vec<u8> = (0..count * 97).map(|i| (i % 251) as u8).collect();
            assert_eq!(got["digest"], json!(digest::hex(&bytes)), "{count}");
            // Logarithms and cosines may differ in their last digit.
            for (got, expected) in numbers(&got["normal"]).iter().zip(stream.normal(count, 0.5)) {
                assert!((got - f64::from(expected)).abs() <= 1.2e-7 * f64::from(expected).abs(), "{got} {expected}");
            }
            let known = philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]);
            assert_eq!(got["philox"], json!(known));
        }
    }
}
