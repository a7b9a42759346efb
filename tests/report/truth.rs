//! Studies drawn from a known truth, 2,000 of each kind: how often intervals hold it, and how often verdicts miss it.
//!
//! Every number goes the whole way, from single runs through pairing and averaging to intervals and verdicts. Draws
//! come from streams with names, so that every run of the test sees the same ones.

use rayon::prelude::*;
use strata::{
    host::Stream,
    report::{Arm, Results, Run, Study, Verdict, analyse},
};

use super::synthetic::{run, study};

const DRAWS: u64 = 2000;
const SPLITS: [usize; 3] = [3, 6, 9];
const MARGIN: f64 = 0.5;

/// Normal numbers, one after the other.
struct Normal(std::vec::IntoIter<f32>);

impl Normal {
    fn named(name: &str) -> Self {
        Self(Stream::named(name).normal(4096, 1.0).into_iter())
    }

    fn next(&mut self, sd: f64) -> f64 {
        f64::from(self.0.next().unwrap()) * sd
    }
}

/// A run with one evaluation: more would only cost time.
fn short(split: usize, target: &str, arm: Arm, n: Option<u32>, percent: f64) -> Run {
    let mut run = run(split, 0, target, arm, n, percent / 100.0);
    run.curve.drain(..11);
    run
}

/// An arm at n: the true difference to the base, and the deviation of a split's mean difference around it.
#[derive(Clone, Copy)]
struct Effect {
    arm: Arm,
    n: Option<u32>,
    points: f64,
    sd: f64,
}

/// Splits and their two halves differ in difficulty; an effect differs between splits, and between the halves of one.
fn draw(name: &str, splits: usize, effects: &[Effect]) -> Study {
    let mut normal = Normal::named(name);
    let mut runs = Vec::new();
    for split in 0..splits {
        let level = 60.0 + normal.next(2.0);
        let bases = ["A", "B"].map(|target| (target, level + normal.next(1.0)));
        runs.extend(bases.map(|(target, base)| short(split, target, Arm::Base, None, base)));
        for effect in effects {
            // A half of the variance is the split's; the rest comes from the halves, whose mean has half of theirs.
            let of_split = normal.next(effect.sd / 2f64.sqrt());
            for (target, base) in bases {
                let value = base + effect.points + of_split + normal.next(effect.sd);
                runs.push(short(split, target, effect.arm, effect.n, value));
            }
        }
    }
    study(runs)
}

/// The results of 2,000 studies.
fn studies(kind: &str, splits: usize, effects: &[Effect]) -> Vec<Results> {
    let one = |at| analyse(&draw(&format!("{kind}/{splits}/{at}"), splits, effects)).unwrap();
    (0..DRAWS).into_par_iter().map(one).collect()
}

fn share(results: &[Results], which: impl Fn(&Results) -> bool) -> f64 {
    results.iter().filter(|results| which(results)).count() as f64 / results.len() as f64
}

/// Differences of the sizes and deviations that studies have: none, some inside the margin, at it and beyond it.
const DIFFERENCES: [(f64, f64); 8] =
    [(0.0, 0.16), (0.0, 0.39), (-0.6, 0.25), (-2.7, 0.39), (-8.0, 4.4), (0.3, 0.16), (-0.5, 0.39), (0.0, 4.4)];

fn of_one_arm(differences: &[(f64, f64)]) -> Vec<Effect> {
    let effect = |(&(points, sd), n)| Effect { arm: Arm::Selffer, n: Some(n), points, sd };
    differences.iter().zip(1..).map(effect).collect()
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say_and_verdicts_seldom_miss_it() {
    let mut at_the_level = Vec::new();
    for splits in SPLITS {
        let all = studies("differences", splits, &of_one_arm(&DIFFERENCES));
        for (n, (truth, sd)) in (1..).zip(DIFFERENCES) {
            let row = |results: &Results| results.paired_at(Arm::Selffer, n).unwrap().clone();
            let held = |results: &Results| {
                let e = row(results).estimate;
                (e.low.unwrap()..=e.high.unwrap()).contains(&truth)
            };
            let wrong = |results: &Results| match row(results).test.verdict {
                Verdict::Lower => truth >= 0.0,
                Verdict::Higher => truth <= 0.0,
                Verdict::WithinMargin => truth.abs() >= MARGIN,
                Verdict::Undecided | Verdict::AtChance => false,
            };
            let (coverage, missed) = (share(&all, held), share(&all, wrong));
            println!("{splits} splits, {truth} points, deviation {sd}: held {coverage:.4}, wrong {missed:.4}");
            assert!((0.93..=0.97).contains(&coverage), "{splits} splits, {truth} points: {coverage}");
            if (truth, sd) == (0.0, 4.4) {
                at_the_level.push(missed);
            } else {
                assert!(missed <= 0.05, "{splits} splits, {truth} points: {missed}");
            }
        }
    }
    // Where noise dwarfs the margin, no interval lies inside it, and a difference is seen wherever t reaches its level
    // of 5 %. A share of 2,000 draws is off by half a point itself; the three sizes together are held to the level.
    let error = (0.05f64 * 0.95 / DRAWS as f64).sqrt();
    assert!(at_the_level.iter().all(|missed| (missed - 0.05).abs() <= 2.0 * error), "{at_the_level:?}");
    assert!(at_the_level.iter().sum::<f64>() / 3.0 <= 0.05, "{at_the_level:?}");
}

#[test]
fn differences_that_matter_are_found() {
    // No difference at the deviation of BnB minus base is told as such; 0.6 points at 0.25 and 2.7 at 0.39 are found.
    for (splits, none, small, large) in [(3, 0.55, 0.55, 0.95), (6, 0.98, 0.95, 0.99), (9, 0.99, 0.98, 0.99)] {
        let all = studies("differences", splits, &of_one_arm(&DIFFERENCES));
        let expected = [(1, Verdict::WithinMargin), (3, Verdict::Lower), (4, Verdict::Lower)];
        let found = expected.map(|(n, verdict)| {
            share(&all, |results| results.paired_at(Arm::Selffer, n).unwrap().test.verdict == verdict)
        });
        println!("{splits} splits: none {:.3}, -0.6 {:.3}, -2.7 {:.3}", found[0], found[1], found[2]);
        assert!(found[0] >= none && found[1] >= small && found[2] >= large, "{splits} splits: {found:?}");
    }
}

#[test]
fn the_joint_sign_flip_test_raises_few_false_alarms_in_a_family_and_finds_what_is_there_from_six_splits_on() {
    let nothing = [(0.0, 0.25); 7];
    let mut dip = nothing;
    dip[3] = (-0.6, 0.25);
    for (splits, power) in [(3, 0.0), (6, 0.5), (9, 0.9)] {
        let joint = |results: &Results, n| results.paired_at(Arm::Selffer, n).unwrap().test.joint_p <= 0.05;
        let alarms = share(&studies("nothing", splits, &of_one_arm(&nothing)), |r| (1..=7).any(|n| joint(r, n)));
        let found = share(&studies("dip", splits, &of_one_arm(&dip)), |results| joint(results, 4));
        println!("{splits} splits: any false alarm {alarms:.4}, a dip of 0.6 found {found:.4}");
        assert!(alarms <= 0.05, "{splits} splits: {alarms}");
        assert!(found >= power && (splits > 3 || found == 0.0), "{splits} splits: {found}");
    }
}

/// All arms that claims are judged from, where a second training run gains 0.8 points by itself.
fn of_all_arms(loss: impl Fn(Arm, u32) -> f64) -> Vec<Effect> {
    let gain = 0.8;
    let mut effects = vec![Effect { arm: Arm::Restart, n: None, points: gain, sd: 0.25 }];
    for n in 1..=5 {
        for arm in [Arm::Continue, Arm::Selffer, Arm::SelfferPlus, Arm::Transfer, Arm::TransferPlus] {
            effects.push(Effect { arm, n: Some(n), points: gain + loss(arm, n), sd: 0.3 });
        }
    }
    effects
}

/// How often each of the claims 2 to 5 gets a judgement.
fn judged(all: &[Results], words: &[&str]) -> [f64; 4] {
    [1, 2, 3, 4].map(|at| share(all, |results| words.contains(&results.claims[at].judgement.words())))
}

#[test]
fn claims_are_seldom_judged_wrongly_where_nothing_is_lost_or_gained() {
    for splits in SPLITS {
        let all = studies("no-claim", splits, &of_all_arms(|_, _| 0.0));
        let (holds, fails) = (judged(&all, &["holds"]), judged(&all, &["fails"]));
        println!("{splits} splits, nothing there: holds {holds:?}, fails {fails:?}");
        for at in 0..4 {
            // Claim 3 says that nothing is lost, which is true here.
            let wrong = if at == 1 { fails[at] } else { holds[at] + fails[at] };
            assert!(wrong <= 0.05, "{splits} splits, claim {}: {wrong}", at + 2);
        }
        // Against the bases alone everything would seem to gain: such claims are withheld.
        let bare: Vec<Effect> =
            of_all_arms(|_, _| 0.0).into_iter().filter(|effect| effect.arm != Arm::Continue).collect();
        let bare = judged(&studies("no-control", splits, &bare), &["holds", "fails", "no difference"]);
        assert!(bare[0] <= 0.05 && bare[2] <= 0.05, "{splits} splits: {bare:?}");
    }
}

#[test]
fn claims_that_are_true_are_seldom_denied_and_mostly_found() {
    let truth = |arm: Arm, n: u32| match arm {
        Arm::Selffer if n >= 3 => -1.2,
        Arm::Transfer if n >= 4 => -1.2 - f64::from(n),
        Arm::Transfer if n == 3 => -1.2,
        Arm::TransferPlus => 1.0,
        _ => 0.0,
    };
    for (splits, power) in [(3, [0.8, 0.25, 0.9, 0.9]), (6, [0.99, 0.75, 0.99, 0.99]), (9, [0.99, 0.95, 0.99, 0.99])] {
        let all = studies("claims", splits, &of_all_arms(truth));
        let (holds, denied) = (judged(&all, &["holds"]), judged(&all, &["fails", "no difference"]));
        println!("{splits} splits, all true: holds {holds:?}, denied {denied:?}");
        for at in 0..4 {
            assert!(denied[at] <= 0.05, "{splits} splits, claim {}: {}", at + 2, denied[at]);
            assert!(holds[at] >= power[at], "{splits} splits, claim {}: {}", at + 2, holds[at]);
        }
    }
}
