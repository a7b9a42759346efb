//! The authors' published validation curves through our statistics give the numbers that were computed from their
//! logs independently: the tables in `expected` were made by another program and are used nowhere else.

use std::{collections::BTreeMap, sync::OnceLock};

use strata::report::{Arm, Check, Report, Results, Verdict, published_text};

/// The report of the published runs, made once.
pub fn report() -> &'static Report {
    static REPORT: OnceLock<Report> = OnceLock::new();
    REPORT.get_or_init(|| Report::published().unwrap())
}

fn results(at: usize) -> &'static Results {
    &report().studies[at]
}

#[test]
fn the_mean_of_the_eight_bases_is_reproduced() {
    let base = results(0).base.as_ref().unwrap();
    approx::assert_abs_diff_eq!(base.mean, 62.510, epsilon = 0.0005);
    approx::assert_abs_diff_eq!(base.sd.unwrap(), 0.5492, epsilon = 0.0005);
    assert_eq!((base.estimate.units, base.estimate.targets, base.estimate.runs), (4, 8, 8));
}

/// The rows of a table of expected values, by column.
fn expected(csv: &'static str) -> Vec<BTreeMap<&'static str, &'static str>> {
    let mut lines = csv.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines.map(|line| head.iter().copied().zip(line.split(',')).collect()).collect()
}

fn number(row: &BTreeMap<&str, &str>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// The words of the line that begins with `n` in the part of the printed text that begins with `title`.
fn line<'a>(text: &'a str, title: &str, n: &str) -> Vec<&'a str> {
    let part = text.split("\n\n").find(|part| part.trim_start().starts_with(title)).unwrap();
    let lines = part.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.into_iter().find(|words| words.first() == Some(&n)).unwrap_or_else(|| panic!("no line {n} in {part}"))
}

#[test]
fn the_means_of_figure_2_are_printed_to_every_digit() {
    let (text, results) = (published_text(report()), results(0));
    let rows = expected(include_str!("expected/figure2_means.csv"));
    assert_eq!(rows.len(), 29);
    let arms = [
        ("selffer", Arm::Selffer),
        ("selffer+", Arm::SelfferPlus),
        ("transfer", Arm::Transfer),
        ("transfer+", Arm::TransferPlus),
    ];
    for row in &rows {
        let points = format!("({})", row["points"]);
        let Some(at) = arms.iter().position(|(name, _)| *name == row["treatment"]) else {
            assert_eq!(line(&text, "Figure 2", "base")[1..], [row["mean_top1"], &points]);
            continue;
        };
        // Each arm takes two words of a line, its mean and its number of runs.
        let words = line(&text, "Figure 2", row["n"]);
        assert_eq!(words[1 + 2 * at..3 + 2 * at], [row["mean_top1"], &points], "{row:?}");
        let (arm, n) = (arms[at].1, row["n"].parse().unwrap());
        let found = results.paper_at(arm, n).unwrap();
        let close =
            |percent: f64, column| approx::assert_abs_diff_eq!(percent / 100.0, number(row, column), epsilon = 1.1e-6);
        close(found.delta.unwrap(), "mean_minus_mean_base8");
        close(found.sd.unwrap_or(0.0), "sd_top1");
        // Each run counts once in the table; ours counts each split once, which is another mean where runs lie
        // unevenly.
        let own = results.runs.iter().filter(|r| r.arm == arm && r.n == Some(n));
        let deltas: Vec<f64> = own.filter_map(|r| r.delta).collect();
        close(deltas.iter().sum::<f64>() / deltas.len() as f64, "paired_delta_vs_own_target_base_mean");
    }
}

#[test]
fn every_paired_difference_of_a_run_is_reproduced() {
    let results = results(0);
    let rows = expected(include_str!("expected/paired_deltas.csv"));
    assert_eq!(rows.len(), 104);
    for row in &rows {
        let run = results.runs.iter().find(|run| run.run == row["run"]).unwrap();
        let same =
            |percent: f64, column| approx::assert_abs_diff_eq!(percent / 100.0, number(row, column), epsilon = 1e-12);
        same(run.top1.unwrap(), "top1_mean_best10");
        same(run.base.unwrap(), "own_target_base_top1");
        same(run.delta.unwrap(), "paired_delta");
    }
}

#[test]
fn figure_3_is_printed_to_every_digit() {
    let text = published_text(report());
    let rows = expected(include_str!("expected/figure3.csv"));
    assert_eq!(rows.len(), 8);
    for row in &rows {
        let columns = [
            "natman_target_manmade",
            "natman_target_natural",
            "natman_mean_relative",
            "random_filters_1000way",
            "random_filters_relative",
            "AnB_random_split_relative",
        ];
        let words = line(&text, "Figure 3", row["n"]);
        for (word, column) in words[1..].iter().zip(columns) {
            // Digits after the point are compared as text: every printed one counts.
            let padded = format!("{:0<8}", row[column].trim_start_matches('-'));
            let padded = if row[column] == "0" { "0.000000".to_string() } else { padded };
            assert_eq!(word.trim_start_matches(['+', '-']), padded, "n = {}, {column}", row["n"]);
            assert_eq!(word.starts_with('-'), row[column].starts_with('-'));
        }
    }
}

#[test]
fn the_table_of_reduced_training_sets_is_reproduced() {
    let sizes: Vec<(usize, String)> = results(3)
        .sizes
        .iter()
        .map(|row| (row.train_size.unwrap(), format!("{:.5}", row.level.mean / 100.0)))
        .collect();
    let expected = [
        (1, "0.00380"),
        (2, "0.00445"),
        (5, "0.00108"),
        (10, "0.00107"),
        (25, "0.00108"),
        (50, "0.00111"),
        (100, "0.00111"),
        (250, "0.38428"),
        (500, "0.47568"),
        (750, "0.51470"),
        (1000, "0.54094"),
        (1300, "0.55176"),
    ];
    assert_eq!(sizes, expected.map(|(size, share)| (size, share.to_string())));
}

#[test]
fn the_published_studies_together_judge_half_the_classes_and_the_distance_of_tasks() {
    let report = report();
    let verdicts: Vec<&str> = report.claims.iter().map(|claim| claim.judgement.words()).collect();
    assert_eq!(verdicts, ["holds", "holds", "undecided", "holds", "not tested here", "holds"]);
    let ordering = report.claims[5].case.as_ref().unwrap();
    approx::assert_abs_diff_eq!(ordering.difference, -25.0123 + 8.2615, epsilon = 1e-3);
    assert_eq!((ordering.cases, ordering.controls, ordering.splits), (1, 4, 4));
    let whole = report.claims[0].case.as_ref().unwrap();
    approx::assert_abs_diff_eq!(whole.difference, 57.6305 - 62.5101, epsilon = 1e-3);
    // One network against eight single ones of four splits, whose deviation is that between halves.
    assert_eq!((whole.cases, whole.controls, whole.splits), (1, 8, 4));
    approx::assert_abs_diff_eq!(whole.t.unwrap(), -4.8796 / (0.5492 * 1.25f64.sqrt()), epsilon = 0.01);
}

#[test]
fn the_claims_about_losses_hold_against_the_bases_and_say_that_no_control_matches_them() {
    let report = report();
    for (at, t, p) in [(1, "t(3) = -16.75, p = 4.6e-4", 4.6e-4), (3, "t(3) = -41.33, p = 3.1e-5", 3.1e-5)] {
        let claim = &report.claims[at];
        let student = claim.contrast.as_ref().unwrap().test.student.unwrap();
        approx::assert_relative_eq!(student.p, p, max_relative = 0.02);
        assert!(claim.found.contains(t), "{}", claim.found);
        assert!(claim.found.contains("4 splits cannot bring the joint sign-flip test below p = 0.125"));
    }
    for at in [1, 3, 5] {
        let claim = &report.claims[at];
        assert!(claim.labels.contains(&"no matched control".to_string()), "{:?}", claim.labels);
        assert!(claim.found.contains("its own base") && claim.found.contains("There is no matched control"));
    }
    let figure_3 = &report.claims[5];
    assert!(figure_3.found.contains("t(3) = ") && figure_3.found.contains("p = "), "{}", figure_3.found);
}

#[test]
fn networks_that_never_learnt_are_named() {
    let named = |at: usize| results(at).at_chance.iter().map(|one| one.run.as_str()).collect::<Vec<_>>();
    assert_eq!(named(2), ["nolearn_1_3"], "the third random layer");
    let reduced: Vec<usize> = [5, 10, 25, 50, 100].to_vec();
    let sizes = results(3).runs.iter().filter(|run| run.at_chance).filter_map(|run| run.train_size);
    let mut sizes: Vec<usize> = sizes.collect();
    sizes.sort_unstable();
    assert_eq!(sizes, reduced);
    assert!(named(0).is_empty() && named(1).is_empty());
    assert_eq!(results(2).paired_at(Arm::RandomCaffe, 3).unwrap().test.verdict, Verdict::AtChance);
}

#[test]
fn table_1_is_reproduced_to_the_printed_digit() {
    let rows = expected(include_str!("expected/table1_check.csv"));
    let of = |column: &str| rows.iter().map(|row| row[column].trim_end_matches('%')).collect::<Vec<_>>();
    let (bases, selffers) = (of("paper_table1_vs_base"), of("paper_table1_vs_BnBplus"));
    assert_eq!((&bases[..], &selffers[..]), (&["1.6", "1.8", "2.1"][..], &["1.4", "1.4", "1.7"][..]));
    let expected = [(1, bases[0], selffers[0]), (3, bases[1], selffers[1]), (5, bases[2], selffers[2])];
    for (boost, (from, over_base, over_selffer)) in results(0).boosts.iter().zip(expected) {
        assert_eq!((boost.from, boost.to), (from, 7));
        assert_eq!(format!("{:.1}", boost.paper_over_base.unwrap()), over_base);
        assert_eq!(format!("{:.1}", boost.paper_over_selffer.unwrap()), over_selffer);
    }
}

#[test]
fn against_their_own_bases_both_fine_tuned_arms_gain_the_same() {
    let results = results(0);
    approx::assert_abs_diff_eq!(results.boosts[0].transfer_runs.unwrap(), 0.97, epsilon = 0.005);
    approx::assert_abs_diff_eq!(results.boosts[0].selffer_runs.unwrap(), 0.97, epsilon = 0.005);
    assert!(results.boosts[0].matched.is_none(), "no published target has both arms");
    assert_eq!(results.claims[4].judgement.words(), "not tested here");
    assert!(results.claims[4].found.contains("AnB+ gains +0.97 points and BnB+ +0.97"), "{}", results.claims[4].found);
}

#[test]
fn specificity_grows_with_depth() {
    let specificity: Vec<f64> = results(0).specificity.iter().map(|row| row.estimate.mean).collect();
    for (got, want) in specificity[2..].iter().zip([-0.14, -0.62, -1.68, -3.90, -8.24]) {
        approx::assert_abs_diff_eq!(*got, want, epsilon = 0.006);
    }
}

#[test]
fn four_splits_decide_by_t_and_cannot_be_checked_by_flipping_signs() {
    let rows: Vec<_> = results(0).paired.iter().filter(|row| row.arm == Arm::Transfer).collect();
    assert!(rows.iter().all(|row| row.test.check == Check::OutOfReach && row.test.smallest_p == 0.125));
    assert!(rows[3..].iter().all(|row| row.test.verdict == Verdict::Lower));
    let one_split = results(0).paired_at(Arm::SelfferPlus, 1).unwrap();
    assert_eq!((one_split.estimate.units, one_split.test.verdict), (1, Verdict::Undecided));
}

#[test]
fn arms_on_different_targets_stand_side_by_side_only_where_they_share_some() {
    // Every published fine-tuned run of the one arm is on other targets than those of the other.
    let shared = &results(0).shared;
    assert_eq!(shared.len(), 7);
    assert!(shared.iter().all(|at| at.targets.is_empty()));
    assert!(shared.iter().flat_map(|at| &at.cells).all(|cell| cell.estimate.is_none() && cell.paper.is_none()));
}
