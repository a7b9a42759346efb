//! The learning rate of every step: against PyTorch's schedulers, and over an interruption.

use super::made::{bits, images, in_parts, losses, schedule, solver};
use strata::{
    data::Normalisation,
    nn::zoo,
    ops::Device,
    train::{
        Policy, Schedule, Solver, Warmup,
        checkpoint::{self, Identity, Measured},
    },
};

/// What `torch.optim.lr_scheduler` of PyTorch 2.2.2 gives for 17 steps from 0.2 on, where `o` is the optimiser.
fn of_pytorch() -> Vec<(&'static str, Schedule, [f64; 17])> {
    let of = |policy, warmup| Schedule { base_lr: 0.2, policy, warmup, max_iter: 17 };
    let step = Policy::Step { gamma: 0.3, stepsize: 5 };
    let multistep = Policy::Multistep { gamma: 0.1, stepvalue: vec![4, 9, 10] };
    let warm = |iter, start_factor| Warmup { iter, start_factor };
    vec![
        (
            "StepLR(o, 5, 0.3)",
            of(step.clone(), Warmup::NONE),
            [0.2, 0.2, 0.2, 0.2, 0.2, 0.06, 0.06, 0.06, 0.06, 0.06, 0.018, 0.018, 0.018, 0.018, 0.018, 0.0054, 0.0054],
        ),
        (
            "MultiStepLR(o, [4, 9, 10], 0.1)",
            of(multistep.clone(), Warmup::NONE),
            [0.2, 0.2, 0.2, 0.2, 0.02, 0.02, 0.02, 0.02, 0.02, 0.002, 2e-4, 2e-4, 2e-4, 2e-4, 2e-4, 2e-4, 2e-4],
        ),
        (
            "CosineAnnealingLR(o, 17)",
            of(Policy::Cosine, Warmup::NONE),
            [
                0.2,
                0.1982973099683902,
                0.1932472229404356,
                0.18502171357296143,
                0.1739008917220659,
                0.16026346363792565,
                0.14457383557765385,
                0.1273662990072083,
                0.1092268359463302,
                0.09077316405366981,
                0.07263370099279172,
                0.05542616442234622,
                0.039736536362074366,
                0.026099108277934067,
                0.0149782864270386,
                0.006752777059564429,
                0.0017026900316098213,
            ],
        ),
        (
            "ChainedScheduler([LinearLR(o, 0.25, 1, 3), StepLR(o, 5, 0.3)])",
            of(step, warm(3, 0.25)),
            [
                0.05, 0.1, 0.15, 0.2, 0.2, 0.06, 0.06, 0.06, 0.06, 0.06, 0.018, 0.018, 0.018, 0.018, 0.018, 0.0054,
                0.0054,
            ],
        ),
        (
            "ChainedScheduler([LinearLR(o, 1 / 3, 1, 4), MultiStepLR(o, [4, 9, 10], 0.1)])",
            of(multistep, warm(4, Warmup::USUAL_START_FACTOR)),
            [
                0.06666666666666667,
                0.1,
                0.13333333333333336,
                0.16666666666666669,
                0.02,
                0.02,
                0.02,
                0.02,
                0.02,
                0.002,
                2e-4,
                2e-4,
                2e-4,
                2e-4,
                2e-4,
                2e-4,
                2e-4,
            ],
        ),
        (
            "SequentialLR(o, [LinearLR(o, 0.01, 1, 5), CosineAnnealingLR(o, 12)], [5])",
            of(Policy::Cosine, warm(5, 0.01)),
            [
                0.002,
                0.0416,
                0.0812,
                0.1208,
                0.1604,
                0.2,
                0.19659258262890683,
                0.1866025403784439,
                0.17071067811865476,
                0.15000000000000002,
                0.1258819045102521,
                0.1,
                0.07411809548974795,
                0.05,
                0.02928932188134526,
                0.013397459621556132,
                0.0034074173710931807,
            ],
        ),
    ]
}

#[test]
fn every_policy_has_the_rates_of_pytorchs_scheduler() {
    for (name, schedule, rates) in of_pytorch() {
        schedule.check().unwrap();
        for (step, &expected) in rates.iter().enumerate() {
            let got = schedule.rate(step as u64);
            assert!((got - expected).abs() <= 1e-13 * expected + 1e-17, "{name}, step {step}: {got} for {expected}");
        }
    }
}

#[test]
fn the_closed_forms_hold_at_their_ends() {
    let drops = vec![60, 120, 160];
    let all = [
        schedule(Policy::Step { gamma: 0.5, stepsize: 60 }, 200),
        schedule(Policy::Multistep { gamma: 0.5, stepvalue: drops.clone() }, 200),
        schedule(Policy::Cosine, 200),
    ];
    for schedule in &all {
        let warm = Schedule { warmup: Warmup { iter: 20, start_factor: 0.125 }, ..schedule.clone() };
        assert_eq!(schedule.rate(0), schedule.base_lr);
        assert_eq!(warm.rate(0), warm.base_lr * 0.125);
        assert_eq!(warm.rate(20), warm.base_lr, "warm-up ends at the whole rate");
        assert!((1..20).all(|step| warm.rate(step) > warm.rate(step - 1)));
        assert!((21..200).all(|step| warm.rate(step) <= warm.rate(step - 1)));
    }
    for step in 0..200 {
        let below = drops.iter().filter(|&&drop| step >= drop).count() as i32;
        assert_eq!(all[1].rate(step), 0.01 * 0.5f64.powi(below), "step {step}");
    }
    // Half of it in the middle, nothing after the last step.
    assert!((all[2].rate(100) - 0.005).abs() < 1e-17 && all[2].rate(200) < 1e-17);
}

#[test]
fn a_run_resumed_in_the_middle_of_warm_up_gives_the_same_bytes() {
    let set = images(40, 5, "set");
    let normalisation = Normalisation::mean_image(&set, 0.0125).unwrap();
    let def = zoo::net("alexnet28", 5).unwrap();
    let warm = |policy| Schedule { warmup: Warmup { iter: 5, start_factor: 0.1 }, ..schedule(policy, 8) };
    for (policy, nesterov) in [(Policy::Multistep { gamma: 0.1, stepvalue: vec![6] }, false), (Policy::Cosine, true)] {
        let solver = Solver { schedule: warm(policy), nesterov, ..solver(8, 16) };
        let trainer = || in_parts(&def, &set, &normalisation, &solver, &Device::Cpu);
        let weights = |trainer: &mut _| -> Vec<Vec<u32>> {
            checkpoint::weights_of(trainer).unwrap().values().map(|(_, values)| bits(values)).collect()
        };
        let mut undisturbed = trainer();
        let whole = losses(&mut undisturbed, 8);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let identity = Identity { configuration: "c".into(), device: "d".into() };
        let mut first = trainer();
        let mut seen = losses(&mut first, 2);
        checkpoint::save(&mut first, &Measured::default(), &identity, &path, &strata::host::atomic::Anyone).unwrap();
        drop(first);
        let mut second = trainer();
        let found = checkpoint::find(&identity, &path, &mut |text| panic!("{text}")).unwrap().unwrap();
        found.load(&mut second).unwrap();
        seen.extend(losses(&mut second, 6));
        assert_eq!(seen, whole);
        assert!(weights(&mut second) == weights(&mut undisturbed));
    }
}
