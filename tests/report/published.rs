//! The authors' published runs through our statistics give the numbers that were computed from their logs
//! independently (`data/paper/README.md`).

use strata::report::{Arm, Results, Verdict, analyse, published};

fn results(at: usize) -> Results {
    analyse(&published().unwrap()[at]).unwrap()
}

#[test]
fn the_mean_of_the_eight_bases_is_reproduced() {
    let base = results(0).base.unwrap();
    approx::assert_abs_diff_eq!(base.mean, 62.510, epsilon = 0.0005);
    approx::assert_abs_diff_eq!(base.sd.unwrap(), 0.5492, epsilon = 0.0005);
    assert_eq!((base.estimate.clusters, base.estimate.targets, base.estimate.runs), (4, 8, 8));
}

#[test]
fn the_means_and_paired_differences_of_figure_2_are_reproduced() {
    let results = results(0);
    let expected = [
        (Arm::Selffer, 4, 60.48, -1.85),
        (Arm::Selffer, 5, 59.35, -2.97),
        (Arm::Transfer, 3, 61.89, -0.62),
        (Arm::Transfer, 5, 57.80, -4.71),
        (Arm::Transfer, 7, 54.25, -8.26),
    ];
    for (arm, n, level, delta) in expected {
        approx::assert_abs_diff_eq!(results.paper_at(arm, n).unwrap().mean, level, epsilon = 0.006);
        approx::assert_abs_diff_eq!(results.paired_at(arm, n).unwrap().estimate.mean, delta, epsilon = 0.006);
    }
}

#[test]
fn table_1_is_reproduced_to_the_printed_digit() {
    let expected = [(1, "1.6", "1.4"), (3, "1.8", "1.4"), (5, "2.1", "1.7")];
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
fn four_splits_cannot_decide_anything() {
    assert!(results(0).paired.iter().all(|row| row.test.verdict == Verdict::Undecided));
}

#[test]
fn the_two_panels_of_figure_3_are_reproduced() {
    let (natman, random) = (results(1), results(2));
    let row = natman.paired_at(Arm::Transfer, 7).unwrap();
    approx::assert_abs_diff_eq!(row.estimate.mean, -25.0, epsilon = 0.05);
    assert_eq!((row.estimate.clusters, row.estimate.low), (1, None));
    approx::assert_abs_diff_eq!(random.base.as_ref().unwrap().mean, 57.63, epsilon = 0.005);
    approx::assert_abs_diff_eq!(random.paper_at(Arm::RandomCaffe, 1).unwrap().mean, 49.17, epsilon = 0.005);
}
