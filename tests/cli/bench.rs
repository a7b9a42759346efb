//! `strata bench`: what it prints and draws.

use super::made::{err, out, strata};

#[test]
fn bench_kernels_checks_first_then_prints_shares_of_the_roof_and_draws_it() {
    let folder = tempfile::tempdir().unwrap();
    let line = [
        "bench",
        "kernels",
        "--net",
        "alexnet28",
        "--batch",
        "4",
        "--steps",
        "1",
        "--device",
        "cpu",
        "--format",
        "json",
    ];
    let output = strata(&line).arg("--roofline").arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let record: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(record["checks"]["failed"], 0, "{record}");
    assert!(record["checks"]["cases"].as_u64().unwrap() > 100, "{record}");
    assert!(["peak_gflops", "peak_gigabytes_per_second"].iter().all(|key| record[key].as_f64().unwrap() > 0.0));
    let operations = record["nets"][0]["operations"].as_array().unwrap();
    let multiply = operations.iter().filter(|row| row["gflops"].as_f64().unwrap() > 0.0).count();
    // Eight layers with weights have three passes each, but for the input gradient of the first.
    assert_eq!(multiply, 23);
    let svg = std::fs::read_to_string(folder.path().join("roofline-alexnet28.svg")).unwrap();
    assert_eq!(svg.matches("data-layer=").count(), multiply);
}

#[test]
fn bench_step_gives_images_a_second_in_training_and_inference() {
    let line =
        ["bench", "step", "--net", "alexnet28", "--batch", "4", "--steps", "1", "--device", "cpu", "--format", "json"];
    let output = strata(&line).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    let record: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    for key in ["images_per_second", "inference_images_per_second", "milliseconds", "gflops"] {
        assert!(record[key].as_f64().unwrap() > 0.0, "{key}: {record}");
    }
}
