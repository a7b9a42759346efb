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
fn bench_step_gives_images_a_second_in_training_and_inference_of_all_networks_side_by_side() {
    let line =
        ["bench", "step", "--net", "alexnet28", "--batch", "4", "--steps", "2", "--device", "cpu", "--format", "json"];
    let run = |jobs: &[&str]| -> serde_json::Value {
        let output = strata(&line).args(jobs).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        serde_json::from_str(&out(&output)).unwrap()
    };
    let (one, three) = (run(&[]), run(&["--jobs", "3"]));
    let number = |record: &serde_json::Value, key: &str| record[key].as_f64().unwrap();
    for record in [&one, &three] {
        for key in ["images_per_second", "inference_images_per_second", "milliseconds", "gflops"] {
            assert!(number(record, key) > 0.0, "{key}: {record}");
        }
    }
    assert_eq!((&one["jobs"], &three["jobs"], &three["threads"]), (&1.into(), &3.into(), &1.into()));
    assert!(number(&three, "memory_bytes") > 2.0 * number(&one, "memory_bytes"), "{one} {three}");
    // One network gives a batch a step; three give together what each gives in its own steps.
    let steps = |record| number(record, "images_per_second") * number(record, "milliseconds") / 4e3;
    assert!((steps(&one) - 1.0).abs() < 1e-9, "{one}");
    assert!(steps(&three) > 1.0, "{three}");
}
