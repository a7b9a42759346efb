//! The sentence that a page begins with: made from the records, and never more than they say.

use super::synthetic::{balanced, run, study};
use strata::report::{Arm, Kind, State, Study, analyse, report, text};

fn answer(study: &Study) -> String {
    analyse(study).unwrap().answer
}

/// Six splits in which frozen networks differ from `continue` by what `own` (BnB) and `other` (AnB) say, in points.
fn made(own: impl Fn(u32) -> f64, other: impl Fn(u32) -> f64) -> Study {
    let mut runs = Vec::new();
    for split in 0..6 {
        for (side, target) in ["A", "B"].into_iter().enumerate() {
            let base = 0.80 + 0.01 * split as f64 + 0.02 * side as f64;
            // Splits differ a little, so that intervals have a width.
            let wave = |n: u32| 0.05 * ((split * 7 + n as usize * 3 + side) as f64).sin();
            runs.push(run(split, 0, target, Arm::Base, None, base));
            runs.push(run(split, 0, target, Arm::Restart, None, base + 0.001));
            for n in 1..=7 {
                let at = |points: f64| base + (points + wave(n)) / 100.0;
                runs.push(run(split, 0, target, Arm::Continue, Some(n), base));
                runs.push(run(split, 0, target, Arm::Selffer, Some(n), at(own(n))));
                runs.push(run(split, 0, target, Arm::Transfer, Some(n), at(other(n))));
            }
        }
    }
    // One evaluation per run: what plateau there is is not known, and no part of the sentence.
    runs.iter_mut().for_each(|run| drop(run.curve.drain(..run.curve.len() - 1)));
    study(runs)
}

fn steep(n: u32) -> f64 {
    if n <= 3 { 0.0 } else { -2.7 - 3.0 * f64::from(n - 4) }
}

#[test]
fn a_loss_above_some_n_is_told_with_its_interval_and_with_its_part() {
    let sentence = answer(&made(|_| 0.0, steep));
    assert_eq!(
        sentence,
        "Frozen blocks trained on other classes cost less than 0.5 points up to n = 3, 2.7 +- 0.0 points at n = 4 and \
         11.7 +- 0.0 at n = 7, compared with frozen blocks trained on the same classes (specificity). Freezing itself \
         (co-adaptation) costs less than 0.5 points at every n up to 7."
    );
    // The numbers are those of the results.
    let results = analyse(&made(|_| 0.0, steep)).unwrap();
    let row = results.specificity.iter().find(|row| row.n == 7).unwrap();
    assert_eq!(format!("{:.1}", -row.estimate.mean), "11.7");
}

#[test]
fn losses_of_both_parts_and_of_co_adaptation_alone_are_told_apart() {
    let dip = |n: u32| if n == 4 { -2.0 } else { 0.0 };
    let own = answer(&made(dip, dip));
    for words in [
        "cost less than 0.5 points at every n up to 7, compared with frozen blocks trained on the same classes \
         (specificity)",
        ". Freezing itself (co-adaptation) costs up to 2.0 +- 0.0 points, at n = 4, and less than 0.5 from n = 5 on.",
    ] {
        assert!(own.contains(words), "{words} is missing in {own}");
    }
    let both =
        answer(&made(|n| if n <= 3 { 0.0 } else { -f64::from(n) }, |n| if n <= 3 { 0.0 } else { -3.0 * f64::from(n) }));
    for words in [
        "up to n = 3, 8.0 +- 0.0 points at n = 4 and 14.0 +- 0.0 at n = 7, compared with",
        ". Freezing itself (co-adaptation) costs up to 7.0 +- 0.0 points, at n = 7.",
    ] {
        assert!(both.contains(words), "{words} is missing in {both}");
    }
}

#[test]
fn no_loss_anywhere_is_told_up_to_the_last_n() {
    let sentence = answer(&made(|_| 0.0, |_| 0.0));
    assert!(
        sentence.ends_with(
            "cost less than 0.5 points at every n up to 7, compared with frozen blocks trained on the same classes \
             (specificity). Freezing itself (co-adaptation) costs less than 0.5 points at every n up to 7."
        ),
        "{sentence}"
    );
    let pair = Study { kind: Kind::Noise, ..made(|_| 0.0, |_| 0.0) };
    assert!(answer(&pair).contains("Frozen blocks trained on noise cost less"));
}

#[test]
fn wide_intervals_and_few_splits_decide_nothing_and_say_so() {
    let mut wide = made(|_| 0.0, |_| 0.0);
    for run in wide.runs.iter_mut().filter(|run| run.arm == Arm::Transfer) {
        let split: f64 = run.split.parse().unwrap();
        run.curve.last_mut().unwrap().top1 += 0.02 * (split - 2.0);
    }
    let sentence = answer(&wide);
    assert!(
        sentence.starts_with("6 splits do not decide what frozen blocks trained on other classes cost"),
        "{sentence}"
    );
    let sentence = answer(&balanced(2, 1, 8));
    assert!(sentence.starts_with("2 splits give no verdict on what frozen"), "{sentence}");
    // One undecided n among decided ones is named.
    let mut one = made(|_| 0.0, steep);
    for run in one.runs.iter_mut().filter(|run| run.arm == Arm::Transfer && run.n == Some(3)) {
        let split: f64 = run.split.parse().unwrap();
        run.curve.last_mut().unwrap().top1 += 0.02 * (split - 2.5);
    }
    let sentence = answer(&one);
    assert!(
        sentence.contains("up to n = 2, 2.7")
            && sentence.contains(". Undecided at n = 3: the interval holds both zero and more than 0.5 points."),
        "{sentence}"
    );
}

#[test]
fn runs_at_chance_diverged_and_unfinished_are_part_of_the_sentence() {
    let mut chance = made(|_| 0.0, steep);
    for run in &mut chance.runs {
        run.chance = Some(0.2);
        if run.arm == Arm::Transfer && run.n == Some(7) {
            run.curve.last_mut().unwrap().top1 = 0.2;
        }
    }
    let sentence = answer(&chance);
    assert!(sentence.contains(". At n = 7 networks ended at chance, which says nothing of features"), "{sentence}");
    assert!(sentence.contains("and 8.7 +- 0.0 at n = 6"), "{sentence}");
    for run in chance.runs.iter_mut().filter(|run| run.arm == Arm::Base) {
        run.curve.last_mut().unwrap().top1 = 0.2;
    }
    assert_eq!(
        answer(&chance),
        "12 of 12 bases ended at chance: their training failed, so that nothing follows for features."
    );

    let mut broken = made(|_| 0.0, steep);
    for (run, state) in broken.runs.iter_mut().rev().zip([State::Diverged, State::Failed, State::Pending]) {
        run.state = state;
    }
    let sentence = answer(&broken);
    assert!(sentence.ends_with(" (1 network not finished; 2 networks failed or diverged and left out)."), "{sentence}");

    let mut waiting = made(|_| 0.0, steep);
    waiting.runs.iter_mut().filter(|run| run.arm == Arm::Transfer).for_each(|run| run.state = State::Pending);
    assert_eq!(answer(&waiting), "No frozen transfer network (AnB) has finished, so there is no answer yet.");
    waiting.runs.iter_mut().for_each(|run| run.state = State::Pending);
    assert_eq!(answer(&waiting), "No base has finished, so there is no answer yet.");
    waiting.runs.retain(|run| run.arm != Arm::Transfer);
    waiting.runs.iter_mut().for_each(|run| run.state = State::Done);
    assert_eq!(answer(&waiting), "No frozen transfer network (AnB) is part of this study.");
}

#[test]
fn without_a_matched_control_a_loss_is_labelled_and_withheld_where_a_second_run_gains_more() {
    let mut small = made(|_| 0.0, steep);
    small.runs.retain(|run| run.arm != Arm::Continue);
    let labelled = "(co-adaptation, against the bases, with no matched control) costs less than 0.5 points";
    assert!(answer(&small).contains(labelled), "{}", answer(&small));
    for run in small.runs.iter_mut().filter(|run| run.arm == Arm::Restart) {
        run.curve.last_mut().unwrap().top1 += 0.02;
    }
    let sentence = answer(&small);
    for words in [
        "Frozen blocks trained on other classes cost less than 0.5 points up to n = 3",
        "What freezing itself costs (co-adaptation) is withheld, because a second training run alone gains 2.1 points",
    ] {
        assert!(sentence.contains(words), "{words} is missing in {sentence}");
    }
    // Without BnB the loss is all there is; it is withheld for the same reason, and told against continue-n.
    small.runs.retain(|run| run.arm != Arm::Selffer);
    assert!(answer(&small).contains("is withheld, because a second training run alone gains 2.1 points"));
    let mut alone = made(|_| 0.0, steep);
    alone.runs.retain(|run| run.arm != Arm::Selffer);
    let sentence = answer(&alone);
    assert!(sentence.starts_with("Copied and frozen blocks trained on other classes cost"));
    assert!(sentence.contains("less than 0.5 points up to n = 3, ") && !sentence.contains("specificity"), "{sentence}");
}

#[test]
fn a_quick_study_says_that_it_means_nothing_and_stands_beside_no_published_number() {
    let quick = Study { quick: true, ..made(|_| 0.0, steep) };
    assert!(answer(&quick).contains("its numbers mean nothing"));
    let whole = report(std::slice::from_ref(&quick)).unwrap();
    assert!(whole.beside.is_empty());
    let text = text(&whole);
    assert!(text.starts_with("This is a quick run") && !text.contains("beside published numbers"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let written = super::written::write(&[quick], folder.path()).unwrap();
    let page = std::fs::read_to_string(written.page).unwrap();
    assert!(page.contains("<p class=\"answer warning\">This is a quick run") && !page.contains("id=\"beside\""));
}
