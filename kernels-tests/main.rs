//! The kernels' tests: every operation's cases and laws on every device, and the golden cases.
//!
//! One module an operation, named as its file in `src/ops`; `golden` holds results of unrelated implementations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]

mod add;
mod augment;
mod avg_pool;
mod batch_norm;
mod conv2d;
mod dense;
mod devices;
mod dropout;
mod finite;
mod golden;
mod gpu;
mod guards;
mod interleaved;
mod laws;
mod lrn;
mod max_pool;
mod random;
mod relu;
mod sgd;
mod softmax_cross_entropy;
mod top_k;
mod tuning;

/// Runs an operation's cases on every device and names every one that fails.
fn check(cases: strata::ops::check::Cases) {
    let mut complaints = Vec::new();
    for device in devices::devices() {
        for case in cases().expect("the configurations fit their inputs") {
            let line = case.check(&device).expect("the case runs");
            if let Some(complaint) = line.complaint {
                complaints.push(format!("{}, {}, {}: {complaint}", device.describe(), line.op, line.configuration));
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn gradcheck_counts_every_case_and_none_fails() {
    let mut lines = Vec::new();
    let summary = strata::ops::check::gradcheck(&devices::devices()[0], |line| {
        println!(
            "{} ({}): {} {:.2} of {}{}",
            line.op,
            line.configuration,
            line.worst,
            line.error,
            line.limit,
            line.central_difference.map(|e| format!(", differences {e:.1e}")).unwrap_or_default()
        );
        lines.push(line.clone());
    })
    .expect("every case runs");
    println!("{summary:?}");
    assert!(summary.ok(), "{:#?}", lines.iter().filter(|line| !line.ok).collect::<Vec<_>>());
    assert_eq!(summary.cases, lines.len());
    for (stem, _) in strata::ops::check::OPERATIONS {
        assert!(lines.iter().any(|line| line.op == *stem), "{stem} has no case");
    }
}
