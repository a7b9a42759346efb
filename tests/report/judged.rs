//! How claims are judged: against which control, over which units, and what is withheld.

use strata::report::{Arm, Kind, Run, Study, Unit, Verdict, analyse, report, text};

use super::synthetic::{balanced, run, several, study};

fn without(mut study: Study, arms: &[Arm]) -> Study {
    study.runs.retain(|run| !arms.contains(&run.arm));
    study
}

/// Moves the last accuracy of some runs by some points.
fn moved(mut study: Study, points: f64, which: impl Fn(&Run) -> bool) -> Study {
    for run in study.runs.iter_mut().filter(|run| which(run)) {
        run.curve.last_mut().unwrap().top1 += points / 100.0;
    }
    study
}

fn judgements(study: &Study) -> Vec<&'static str> {
    analyse(study).unwrap().claims.iter().map(|claim| claim.judgement.words()).collect()
}

#[test]
fn co_adaptation_is_measured_against_continue_n_where_there_is_one() {
    let matched = analyse(&balanced(4, 1, 8)).unwrap();
    let unmatched = analyse(&without(balanced(4, 1, 8), &[Arm::Continue])).unwrap();
    assert_eq!((matched.co_adaptation_control, unmatched.co_adaptation_control), (Some(Arm::Continue), None));
    for (with, base) in matched.co_adaptation.iter().zip(&unmatched.co_adaptation) {
        // Continue-n gains 0.9 points by its second training run; the base has had none.
        approx::assert_abs_diff_eq!(with.estimate.mean, base.estimate.mean - 0.9, epsilon = 0.4);
    }
    let found = &matched.claims[1].found;
    assert!(found.starts_with("BnB minus continue-n, n = 3 to 6: "), "{found}");
    assert!(matched.claims[1].labels.is_empty());
    assert!(matched.claims[3].found.starts_with("Change of AnB minus continue-n from n = 1 to 2 to n = 4 to 7: "));
}

#[test]
fn a_claim_about_a_loss_is_withheld_where_a_second_run_gains_more_than_the_margin_and_nothing_matches() {
    let unmatched = without(balanced(4, 1, 8), &[Arm::Continue]);
    assert_eq!(judgements(&unmatched), ["not tested here", "withheld", "holds", "withheld", "no difference"]);
    let results = analyse(&unmatched).unwrap();
    for at in [1, 3] {
        let claim = &results.claims[at];
        assert_eq!(claim.labels, ["no matched control"]);
        assert!(
            claim.found.contains("Withheld: the bases are no matched control. A second training run alone gains +")
        );
    }
    // A restart that gains less than the margin lets the base stand in; the label stays.
    let settled = moved(unmatched.clone(), -0.8, |run| run.arm == Arm::Restart);
    assert_eq!(judgements(&settled), ["not tested here", "holds", "holds", "holds", "no difference"]);
    assert_eq!(analyse(&settled).unwrap().claims[1].labels, ["no matched control"]);
}

#[test]
fn the_distance_of_tasks_is_withheld_on_the_same_terms() {
    let mut studies = several();
    assert_eq!(report(&studies).unwrap().claims.last().unwrap().judgement.words(), "holds");
    studies[1].runs.retain(|run| run.arm != Arm::Continue);
    let unmatched = report(&studies).unwrap();
    let claim = unmatched.claims.last().unwrap();
    assert_eq!(claim.judgement.words(), "withheld");
    assert_eq!(claim.labels, ["one study against several splits", "no matched control"]);
    assert!(claim.found.contains("AnB minus its own base at n = 7"), "{}", claim.found);
}

#[test]
fn without_a_restart_losses_are_judged_against_the_base_and_say_so() {
    let alone = without(balanced(4, 1, 8), &[Arm::Continue, Arm::Restart, Arm::Base2x]);
    let results = analyse(&alone).unwrap();
    assert_eq!(judgements(&alone), ["not tested here", "holds", "holds", "holds", "no difference"]);
    assert_eq!(results.claims[1].labels, ["no matched control"]);
    assert!(results.claims[2].found.starts_with("BnB+ minus its own base, n = 3 to 6: "));
}

#[test]
fn fine_tuning_is_measured_against_the_restart_and_the_base_of_double_length() {
    let results = analyse(&balanced(6, 1, 8)).unwrap();
    let boost = &results.boosts[0];
    let of = |found: &Option<strata::report::Contrast>| found.as_ref().unwrap().estimate.mean;
    approx::assert_abs_diff_eq!(of(&boost.transfer.over_base), 1.0, epsilon = 0.15);
    approx::assert_abs_diff_eq!(of(&boost.transfer.over_restart), 0.1, epsilon = 0.15);
    approx::assert_abs_diff_eq!(of(&boost.transfer.over_double), 0.3, epsilon = 0.15);
    approx::assert_abs_diff_eq!(of(&boost.selffer.over_restart), -0.1, epsilon = 0.15);
    let found = &results.claims[2].found;
    assert!(found.starts_with("BnB+ minus the restarted base, n = 3 to 6: "), "{found}");
    assert!(found.contains("The base of double length gains +"), "{found}");
    let found = &results.claims[4].found;
    assert!(
        found.contains("AnB+ minus the restarted base is ")
            && found.contains("AnB+ minus the base of double length is ")
    );
    // A fine-tuned network that stays behind a restart has not recovered, however far above its base it is.
    let behind = moved(balanced(6, 1, 8), 3.0, |run| matches!(run.arm, Arm::Restart | Arm::Continue));
    assert_eq!(judgements(&behind)[2], "fails");
}

#[test]
fn a_fixed_pair_has_intervals_over_replicates_and_says_what_they_hold_for() {
    for kind in [Kind::ManMadeNatural, Kind::Listed, Kind::OtherData] {
        let pair = Study { kind, ..balanced(1, 4, 8) };
        let results = analyse(&pair).unwrap();
        let row = results.paired_at(Arm::Transfer, 7).unwrap();
        assert_eq!((results.unit, row.estimate.units, row.estimate.targets), (Unit::Replicate, 4, 2));
        assert_eq!(row.test.verdict, Verdict::Lower);
        assert_eq!(results.claims[3].judgement.words(), "holds");
        assert_eq!(results.claims[3].labels, ["conditional on this pair"]);
        assert!(results.claims[3].found.contains("(4 replicates, 2 targets, 8 runs; conditional on this pair)"));
        let table = text(&report(&[pair]).unwrap());
        assert!(table.contains("(replicates; conditional on this pair)"), "{table}");
    }
    // Random splits are what a random study speaks of, and one of them is one; drawn classes make splits of a pair,
    // too.
    assert_eq!(analyse(&balanced(1, 4, 8)).unwrap().unit, Unit::Split);
    assert_eq!(analyse(&Study { kind: Kind::OtherData, ..balanced(3, 1, 8) }).unwrap().unit, Unit::Split);
}

#[test]
fn runs_at_chance_are_named_and_nothing_with_them_is_judged() {
    let mut stuck = balanced(6, 1, 8);
    let of = |run: &Run| run.arm == Arm::Selffer && run.n == Some(4) && run.split == "2" && run.target == "A";
    for run in stuck.runs.iter_mut().filter(|run| of(run)) {
        run.curve.last_mut().unwrap().top1 = 0.011;
    }
    let results = analyse(&stuck).unwrap();
    assert_eq!(results.at_chance.len(), 1);
    assert_eq!((results.at_chance[0].run.as_str(), results.at_chance[0].chance), ("s2-r0-BnB4-A", 1.0));
    let row = |n| results.paired_at(Arm::Selffer, n).unwrap();
    assert_eq!((row(4).test.verdict, row(4).estimate.at_chance), (Verdict::AtChance, 1));
    assert_eq!(row(5).estimate.at_chance, 0);
    // What compares with it is not judged either: specificity at n = 4, and the claim about co-adaptation.
    let specific = results.specificity.iter().find(|row| row.n == 4).unwrap();
    assert_eq!(specific.test.verdict, Verdict::AtChance);
    assert_eq!(results.claims[1].judgement.words(), "withheld");
    assert!(results.claims[1].found.contains("1 of the 48 runs ended at chance, so it is not judged."));
    assert_eq!(results.claims[3].judgement.words(), "holds");
    let table = text(&report(&[stuck.clone()]).unwrap());
    assert!(table.contains("at chance (1;") && table.contains("  BnB, 1 run: s2-r0-BnB4-A 1.10 %"), "{table}");

    // A base at chance takes everything that is paired with it along.
    for run in stuck.runs.iter_mut().filter(|run| run.name == "s0-r0-base-B") {
        run.curve.last_mut().unwrap().top1 = 0.012;
    }
    let results = analyse(&stuck).unwrap();
    assert_eq!(results.paired_at(Arm::Transfer, 1).unwrap().test.verdict, Verdict::AtChance);
}

#[test]
fn arms_that_cover_different_targets_are_compared_on_those_they_share() {
    // BnB has all four splits, AnB two of them, which are the easy ones.
    let mut partial = balanced(4, 1, 4);
    partial.runs.retain(|run| matches!(run.arm, Arm::Base | Arm::Selffer | Arm::Transfer));
    partial.runs.retain(|run| run.arm != Arm::Transfer || matches!(run.split.as_str(), "2" | "3"));
    let results = analyse(&partial).unwrap();
    assert_eq!(results.shared.len(), 3);
    let at = &results.shared[0];
    assert_eq!(at.splits, ["2", "3"]);
    assert_eq!(at.targets, ["2A", "2B", "3A", "3B"]);
    let cell = |arm| at.cells.iter().find(|cell| cell.arm == arm).unwrap();
    assert_eq!((cell(Arm::Selffer).own_targets, cell(Arm::Transfer).own_targets), (8, 4));
    // The paper's way counts the easy splits as an effect of AnB; on shared targets it is the paired way.
    let paper = results.paper_at(Arm::Transfer, 1).unwrap().delta.unwrap();
    let (shared, paired) = (cell(Arm::Transfer).paper.unwrap(), cell(Arm::Transfer).estimate.as_ref().unwrap().mean);
    assert!(paper - paired > 0.4, "{paper} and {paired}");
    approx::assert_abs_diff_eq!(shared, paired, epsilon = 1e-9);
    let matched = results.specificity.iter().find(|row| row.n == 1).unwrap();
    assert_eq!(matched.estimate.units, 2, "AnB minus BnB is there on two splits");
    assert!(text(&report(&[partial]).unwrap()).contains("n = 1 on 2A 2B 3A 3B: BnB "));
    assert!(analyse(&balanced(4, 1, 4)).unwrap().shared.is_empty());
}

#[test]
fn the_margin_is_that_of_the_study_and_changes_verdicts_alone() {
    let judged = |margin: f64| {
        let results = analyse(&Study { margin, ..balanced(6, 1, 8) }).unwrap();
        let row = results.paired_at(Arm::TransferPlus, 4).unwrap().clone();
        (row.test.verdict, row.estimate.mean, results.claims[4].verdict.clone())
    };
    let (small, large) = (judged(0.5), judged(3.0));
    assert_eq!((small.0, large.0), (Verdict::Higher, Verdict::WithinMargin));
    assert_eq!(small.1, large.1);
    assert_eq!([small.2, large.2], ["no difference of 0.5 points or more", "no difference of 3 points or more"]);
}

#[test]
fn a_plateau_is_judged_by_the_last_third_of_the_schedule_and_not_guessed() {
    // Twelve evaluations, of which the eighth is at two thirds.
    let rising = |points: f64| {
        let mut study = balanced(4, 1, 4);
        for run in &mut study.runs {
            let last = run.curve[11].top1;
            run.curve[7].top1 = last - points / 100.0;
        }
        analyse(&study).unwrap().plateau
    };
    let (flat, steep) = (rising(0.15), rising(0.3));
    assert_eq!((flat.reached, steep.reached), (Some(true), Some(false)));
    approx::assert_abs_diff_eq!(steep.gain.as_ref().unwrap().mean, 0.3, epsilon = 1e-9);
    assert_eq!(steep.gain.unwrap().runs, 8, "the bases alone");
    // Held-out images count where there are evaluations on them.
    let mut watched = balanced(4, 1, 4);
    for run in &mut watched.runs {
        run.held_out = run.curve.clone();
        run.held_out[7].top1 = run.held_out[11].top1 - 0.001;
    }
    approx::assert_abs_diff_eq!(analyse(&watched).unwrap().plateau.gain.unwrap().mean, 0.1, epsilon = 1e-9);
    let mut once = balanced(4, 1, 4);
    once.runs.iter_mut().for_each(|run| drop(run.curve.drain(..11)));
    let once = analyse(&once).unwrap();
    assert!(once.plateau.gain.is_none() && once.plateau.reached.is_none());
}

#[test]
fn several_bases_of_one_target_are_averaged_before_anything_is_paired_with_them() {
    let mut runs = Vec::new();
    for split in 0..3 {
        runs.push(run(split, 0, "A", Arm::Base, None, 0.60));
        runs.push(Run { name: format!("s{split}-r0-second"), ..run(split, 0, "A", Arm::Base, None, 0.62) });
        runs.push(run(split, 0, "A", Arm::Transfer, Some(3), 0.64));
    }
    let results = analyse(&study(runs)).unwrap();
    let row = results.paired_at(Arm::Transfer, 3).unwrap();
    approx::assert_abs_diff_eq!(row.estimate.mean, 3.0, epsilon = 1e-9);
    assert_eq!((row.estimate.runs, results.base.as_ref().unwrap().estimate.runs), (3, 6));
    assert!(results.excluded.is_empty());
}
