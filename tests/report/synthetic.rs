//! Studies made up from a formula, with the answer known, and what the statistics make of them.

use strata::report::{
    Arm, Check, Estimator, Evaluation, Kind, Run, Similarity, State, Study, Verdict, analyse, report,
};

/// A finished run whose curve climbs to `top1` (a share of 1).
pub fn run(split: usize, replicate: u32, target: &str, arm: Arm, n: Option<u32>, top1: f64) -> Run {
    let other = if target == "A" { "B" } else { "A" };
    let source = match arm {
        Arm::Selffer | Arm::SelfferPlus | Arm::Restart | Arm::Continue => Some(target.to_string()),
        Arm::Transfer | Arm::TransferPlus => Some(other.to_string()),
        _ => None,
    };
    let curve = (1..=12u32).map(|i| Evaluation {
        step: u64::from(i) * 100,
        epoch: f64::from(i) / 2.0,
        train_loss: 2.0 / f64::from(i),
        loss: 2.2 / f64::from(i),
        top1: top1 * (1.0 - 0.5f64.powi(i as i32 - 1)) + if i == 12 { top1 * 0.5f64.powi(11) } else { 0.0 },
        top5: 0.9,
        images: 1000,
        seconds: f64::from(i) * 7.0,
    });
    let name = format!("s{split}-r{replicate}-{}{}-{target}", arm.name(), n.map_or(String::new(), |n| n.to_string()));
    Run {
        command: format!("strata run synthetic {name}"),
        name,
        split: split.to_string(),
        replicate,
        arm,
        n,
        source,
        target: target.to_string(),
        train_size: None,
        source_task: None,
        draw: 0,
        held_out: Vec::new(),
        state: State::Done,
        curve: curve.collect(),
        message: None,
        seconds: 84.0,
        work: Some(1e12),
        chance: Some(0.01),
    }
}

/// A study around some runs.
pub fn study(runs: Vec<Run>) -> Study {
    Study {
        experiment: "synthetic".into(),
        kind: Kind::Random,
        dataset: "made up".into(),
        net: "alexnet32".into(),
        layers: ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"].map(String::from).to_vec(),
        device: "no device <at all>".into(),
        version: "0.1.0".into(),
        config_toml: "[solver]\nrate = 0.01 # \"fast\" & loose\n".into(),
        reported: Default::default(),
        margin: strata::report::USUAL_MARGIN,
        quick: false,
        on_held_out: false,
        batch_size: None,
        halves: Vec::new(),
        runs,
        train_per_class: None,
        filters: Vec::new(),
        confusions: Vec::new(),
        similarities: Vec::new(),
    }
}

/// The effect that the balanced study gives each arm, in points; the base has none.
pub fn effect(arm: Arm, n: u32) -> f64 {
    let n = f64::from(n);
    match arm {
        Arm::Base => 0.0,
        Arm::Selffer => -2.0 * (-(n - 4.5).powi(2) / 2.0).exp(),
        Arm::SelfferPlus => 0.8,
        Arm::Transfer => -2.0 * (-(n - 4.5).powi(2) / 2.0).exp() - 0.15 * n * n,
        Arm::TransferPlus => 1.0,
        Arm::Restart | Arm::Continue => 0.9,
        Arm::Base2x => 0.7,
        Arm::RandomCaffe => (-20.0 * n).max(-58.0),
        Arm::RandomHe | Arm::RandomMoments => -5.0 * n,
        Arm::SelfferPreserve1 | Arm::SelfferPreserve2 | Arm::SelfferProbe => -1.0,
        Arm::TransferPreserve1 | Arm::TransferPreserve2 | Arm::TransferProbe => -1.5,
    }
}

/// Whether an arm is one of those that every study here has.
fn plain(arm: &Arm) -> bool {
    arm.preserved() == 0 && !arm.is_probe() && *arm != Arm::RandomMoments
}

/// Every arm on both halves of `splits` splits: bases differ by split and target, replicates jitter a little.
pub fn balanced(splits: usize, replicates: u32, layers: u32) -> Study {
    let mut runs = Vec::new();
    for split in 0..splits {
        for replicate in 0..replicates {
            for (side, target) in ["A", "B"].into_iter().enumerate() {
                let base = 61.0 + 0.5 * split as f64 + 2.0 * side as f64 + 0.2 * f64::from(replicate);
                let mut seed = (split as f64 * 7.3 + side as f64 * 3.1 + f64::from(replicate) * 1.7).sin();
                let mut add = |arm: Arm, n: Option<u32>| {
                    seed = (seed * 91.7 + 0.37).sin();
                    let jitter = if arm == Arm::Base { 0.0 } else { 0.25 * seed };
                    let value = base + effect(arm, n.unwrap_or(0)) + jitter;
                    runs.push(run(split, replicate, target, arm, n, value / 100.0));
                };
                add(Arm::Base, None);
                add(Arm::Restart, None);
                add(Arm::Base2x, None);
                for n in 1..layers {
                    for arm in Arm::WITH_N.into_iter().filter(plain) {
                        add(arm, Some(n));
                    }
                }
            }
        }
    }
    study(runs)
}

/// Studies of similar and dissimilar tasks, of sizes, and with similarities: what one report compares.
pub fn several() -> Vec<Study> {
    let mut similar = balanced(4, 1, 8);
    similar.experiment = "similar".into();
    let base = |split: usize, half: &str| format!("s{split}-r0-base-{half}");
    for split in 0..4 {
        for (i, layer) in similar.layers.iter().enumerate() {
            for (j, other) in similar.layers.iter().enumerate() {
                similar.similarities.push(Similarity {
                    network: base(split, "A"),
                    other: base(split, "B"),
                    images: "A".into(),
                    count: 100,
                    layer: layer.clone(),
                    other_layer: other.clone(),
                    estimator: Estimator::Debiased,
                    value: 0.95 - 0.08 * i as f64 - 0.1 * i.abs_diff(j) as f64 + 0.01 * split as f64,
                });
            }
            similar.similarities.push(Similarity {
                network: format!("s{split}-r0-AnB+7-A"),
                other: base(split, "B"),
                images: "A".into(),
                count: 100,
                layer: layer.clone(),
                other_layer: layer.clone(),
                estimator: Estimator::Debiased,
                value: 0.99 - 0.05 * i as f64,
            });
        }
    }
    for split in 0..4 {
        for target in ["A", "B"] {
            for arm in Arm::WITH_N.into_iter().filter(|arm| !plain(arm)) {
                for n in 1..6 {
                    let value = 0.61 + (effect(arm, n) - f64::from(n) * 0.3) / 100.0;
                    similar.runs.push(run(split, 0, target, arm, Some(n), value));
                }
            }
        }
    }
    let mut dissimilar = balanced(1, 2, 8);
    dissimilar.experiment = "dissimilar".into();
    dissimilar.kind = Kind::ManMadeNatural;
    dissimilar.runs.retain(|run| matches!(run.arm, Arm::Base | Arm::Transfer | Arm::Continue));
    for run in dissimilar.runs.iter_mut().filter(|run| run.arm == Arm::Transfer) {
        run.curve.last_mut().unwrap().top1 -= 0.02 * f64::from(run.n.unwrap());
    }
    let mut sizes = balanced(2, 1, 4);
    sizes.experiment = "sizes".into();
    sizes.train_per_class = Some(500);
    for size in [5, 50] {
        for mut run in balanced(2, 1, 4).runs {
            run.name = format!("{}-k{size}", run.name);
            run.train_size = Some(size);
            run.curve.last_mut().unwrap().top1 *= 1.0 - 0.5 / (size as f64).sqrt();
            sizes.runs.push(run);
        }
    }
    vec![similar, dissimilar, sizes]
}

#[test]
fn similar_and_dissimilar_tasks_are_compared_by_the_spread_of_random_splits() {
    let report = report(&several()).unwrap();
    let ordering = report.claims.last().unwrap();
    assert_eq!((ordering.number, ordering.judgement.words(), ordering.units), (6, "holds", 4));
    // The dissimilar study loses two points more at every copied layer.
    approx::assert_abs_diff_eq!(ordering.case.as_ref().unwrap().difference, -14.0, epsilon = 0.5);
    assert!(ordering.found.contains("Crawford and Howell's test of a single case: 1 split against 4; t(3) = "));
    assert!(ordering.found.contains("AnB minus continue-n at n = 7"), "{}", ordering.found);

    let alone = strata::report::report(&several()[..1]).unwrap();
    assert_eq!(alone.claims.last().unwrap().judgement.words(), "not tested here");
    let mut two = several();
    two[0].runs.retain(|run| run.split == "0");
    let two = strata::report::report(&two).unwrap();
    assert_eq!(two.claims.last().unwrap().judgement.words(), "undecided", "one random split has no spread");
}

#[test]
fn runs_on_reduced_data_are_compared_with_bases_of_their_own_size() {
    let results = analyse(&several()[2]).unwrap();
    assert_eq!(results.paired_at(Arm::Transfer, 1).unwrap().estimate.runs, 4, "the whole sets alone");
    let row = results.sizes.iter().find(|r| r.train_size == Some(5) && r.arm == Arm::Transfer && r.n == 3).unwrap();
    let shrunk = 1.0 - 0.5 / 5f64.sqrt();
    approx::assert_abs_diff_eq!(row.delta.as_ref().unwrap().mean, effect(Arm::Transfer, 3) * shrunk, epsilon = 0.25);
    assert!(results.sizes.iter().any(|r| r.train_size.is_none()), "the whole set is the last point of the curve");
}

#[test]
fn both_ways_recover_the_effects_of_a_balanced_study() {
    let results = analyse(&balanced(4, 2, 8)).unwrap();
    for row in &results.paired {
        let expected = effect(row.arm, row.n);
        approx::assert_abs_diff_eq!(row.estimate.mean, expected, epsilon = 0.25);
        assert_eq!((row.estimate.units, row.estimate.targets, row.estimate.runs), (4, 8, 16));
        let paper = results.paper_at(row.arm, row.n).unwrap();
        approx::assert_abs_diff_eq!(paper.delta.unwrap(), row.estimate.mean, epsilon = 1e-9);
    }
    approx::assert_abs_diff_eq!(results.restart_gain().unwrap().mean, 0.9, epsilon = 0.25);
}

#[test]
fn unpaired_and_paired_differ_when_arms_see_targets_of_different_difficulty() {
    // Both arms gain exactly one point, but AnB+ was trained on the easy half only and BnB+ on the hard one.
    let mut runs = Vec::new();
    for split in 0..4 {
        runs.push(run(split, 0, "A", Arm::Base, None, 0.60));
        runs.push(run(split, 0, "B", Arm::Base, None, 0.64));
        runs.push(run(split, 0, "A", Arm::SelfferPlus, Some(3), 0.61));
        runs.push(run(split, 0, "B", Arm::TransferPlus, Some(3), 0.65));
    }
    let results = analyse(&study(runs)).unwrap();
    let boost = &results.boosts[0];
    approx::assert_abs_diff_eq!(boost.paper_over_selffer.unwrap(), 4.0, epsilon = 1e-9);
    approx::assert_abs_diff_eq!(boost.transfer_runs.unwrap(), 1.0, epsilon = 1e-9);
    approx::assert_abs_diff_eq!(boost.selffer_runs.unwrap(), 1.0, epsilon = 1e-9);
    assert!(boost.matched.is_none(), "no target has both arms");
}

#[test]
fn a_single_split_gives_numbers_without_intervals_or_decisions() {
    let results = analyse(&balanced(1, 2, 8)).unwrap();
    let row = results.paired_at(Arm::Transfer, 7).unwrap();
    assert_eq!((row.estimate.low, row.estimate.high, row.estimate.units), (None, None, 1));
    assert!(results.paired.iter().all(|row| row.test.verdict == Verdict::Undecided));
}

#[test]
fn three_splits_decide_and_six_are_checked_by_flipping_signs() {
    for splits in [3, 6] {
        let results = analyse(&balanced(splits, 1, 8)).unwrap();
        assert_eq!(results.paired_at(Arm::Transfer, 7).unwrap().test.verdict, Verdict::Lower);
        assert_eq!(results.paired_at(Arm::TransferPlus, 7).unwrap().test.verdict, Verdict::Higher);
        let judged: Vec<&str> = results.claims.iter().map(|claim| claim.judgement.words()).collect();
        assert_eq!(&judged[1..], ["holds", "holds", "holds", "no difference"]);
        let checks = results.claims[1..4].iter().map(|claim| claim.contrast.as_ref().unwrap().test.check);
        let expected = if splits == 6 { Check::Agrees } else { Check::OutOfReach };
        assert!(checks.into_iter().all(|check| check == expected), "{splits}");
    }
}

#[test]
fn missing_arms_leave_gaps_and_no_errors() {
    let mut study = balanced(3, 1, 5);
    study.runs.retain(|run| !matches!(run.arm, Arm::SelfferPlus | Arm::RandomHe | Arm::Restart | Arm::Base2x));
    let results = analyse(&study).unwrap();
    assert_eq!(results.ns, [1, 2, 3, 4]);
    assert!(results.paired_at(Arm::SelfferPlus, 2).is_none() && results.restart.is_none() && results.double.is_none());
    assert_eq!(results.claims[2].judgement.words(), "not tested here");
}

#[test]
fn diverged_and_failed_runs_are_named_and_left_out() {
    let mut study = balanced(3, 1, 4);
    let broken = |run: &&mut Run| run.arm == Arm::Transfer && run.n == Some(3) && run.split == "1";
    for run in study.runs.iter_mut().filter(broken) {
        run.state = State::Diverged;
        run.message = Some("loss is NaN at step 40".into());
    }
    study.runs[0].state = State::Failed;
    let results = analyse(&study).unwrap();
    let named: Vec<&str> = results.excluded.iter().map(|e| e.run.as_str()).collect();
    assert!(named.contains(&"s1-r0-AnB3-A") && named.contains(&"s1-r0-AnB3-B"), "{named:?}");
    assert!(results.excluded.iter().any(|e| e.reason == "diverged: loss is NaN at step 40"));
    assert_eq!((results.states.diverged, results.states.failed), (2, 1));
    // The failed run is a base: what hangs on it is counted the paper's way and missing from the pairs.
    assert!(results.excluded.iter().any(|e| e.run == "s0-r0-AnB3-A" && e.reason.contains("no finished base")));
    assert_eq!(results.paired_at(Arm::Transfer, 3).unwrap().estimate.runs, 3);
    assert_eq!(results.paper_at(Arm::Transfer, 3).unwrap().runs, 4);
}

#[test]
fn a_run_that_ends_on_nan_is_named_and_left_out() {
    let mut study = balanced(2, 1, 3);
    study.runs[2].curve.last_mut().unwrap().top1 = f64::NAN;
    let results = analyse(&study).unwrap();
    assert!(results.excluded.iter().any(|e| e.reason.contains("without a finite accuracy")));
    let text = serde_json::to_string(&results).unwrap();
    assert!(!text.contains("NaN"));
}
