//! Random shapes: every operation with a shape of its own against `f64`, within the bounds of the fixed cases.
//!
//! 200 cases run in the suite. `STRATA_RANDOM_CASES=2000` asks for more, `STRATA_RANDOM_SEED=S` for others; case i of
//! seed S is case 0 of seed S + i, so that one that fails is run again alone by its own seed.

use std::fmt::Debug;
use strata::{
    host::Stream,
    ops::{
        Device, OpsError, TensorShape,
        batch_norm::BatchNorm,
        check::{
            Case, add, avg_pool, batch_norm, conv2d, dense, lrn, max_pool, relu, sgd, softmax_cross_entropy, top_k,
        },
        lrn::Lrn,
        sgd::{Convention, Rule},
    },
};

const SEED: u64 = 20_141_106;
const CASES: u64 = 200;

/// Draws of one case, one after the other.
struct Draws {
    stream: Stream,
    drawn: u64,
}

impl Draws {
    fn new(seed: u64) -> Self {
        Self { stream: Stream::named(&format!("random shapes/{seed}")), drawn: 0 }
    }

    /// A number from `low` to `high`, both included.
    fn within(&mut self, low: usize, high: usize) -> usize {
        let word = u64::from(self.stream.words(self.drawn, 0)[0]);
        self.drawn += 1;
        low + ((word * (high - low + 1) as u64) >> 32) as usize
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.within(0, values.len() - 1)]
    }
}

/// A case in words that name all of it, and the case.
type Drawn = (String, Result<Case, OpsError>);

fn in_words<T: Debug>(what: &T, case: Result<Case, OpsError>) -> Drawn {
    (format!("{what:?}"), case)
}

fn convolution(d: &mut Draws) -> Drawn {
    let groups = d.one_of(&[1, 1, 1, 2, 2, 3, 4, 7]);
    // Channels a group on both sides of multiples of four, where the kernels load in another way.
    let (cg, kg) = (d.within(1, 9), d.within(1, 9));
    let kernel = [d.within(1, 5), d.within(1, 5)];
    let dilation = [d.one_of(&[1, 1, 1, 2, 3]), d.one_of(&[1, 1, 1, 2, 3])];
    let stride = [d.within(1, 4), d.within(1, 4)];
    let pads: [usize; 4] = std::array::from_fn(|side| d.within(0, kernel[side % 2]));
    let mut side = |axis: usize| {
        let extent = dilation[axis] * (kernel[axis] - 1) + 1;
        // The smallest input of which a window is left, and a little more.
        let least = extent.saturating_sub(pads[axis] + pads[axis + 2]).max(1);
        least + d.within(0, 12)
    };
    let [h, w] = [side(0), side(1)];
    let x = [d.within(1, 5), cg * groups, h, w];
    let bias = d.within(0, 3) > 0;
    let k = kg * groups;
    let configuration = conv2d::Configuration { text: "random", x, k, kernel, stride, pads, dilation, groups, bias };
    in_words(&configuration, configuration.case())
}

fn pooling(d: &mut Draws) -> Drawn {
    let kernel = [d.within(1, 4), d.within(1, 4)];
    let dilation = [d.one_of(&[1, 1, 1, 2]), d.one_of(&[1, 1, 1, 2])];
    let stride = [d.within(1, 4), d.within(1, 4)];
    // A window must not lie in the padding alone.
    let pads: [usize; 4] = std::array::from_fn(|side| d.within(0, kernel[side % 2] / 2));
    let mut side = |axis: usize| dilation[axis] * (kernel[axis] - 1) + 1 + d.within(0, 12);
    let [h, w] = [side(0), side(1)];
    let x = [d.within(1, 4), d.within(1, 13), h, w];
    let ceil = d.within(0, 1) == 1;
    use max_pool::Content;
    let content = d.one_of(&[Content::Distinct, Content::Negative, Content::Ties, Content::Constant]);
    let configuration =
        max_pool::Configuration { text: "random", x, kernel, stride, pads, dilation, ceil, own: content };
    in_words(&configuration, configuration.case())
}

fn averages(d: &mut Draws) -> Drawn {
    let kernel = [d.within(1, 5), d.within(1, 5)];
    let dilation = [d.one_of(&[1, 1, 1, 2]), d.one_of(&[1, 1, 1, 2])];
    let stride = [d.within(1, 4), d.within(1, 4)];
    let pads: [usize; 4] = std::array::from_fn(|side| d.within(0, kernel[side % 2] / 2));
    let mut side = |axis: usize| dilation[axis] * (kernel[axis] - 1) + 1 + d.within(0, 12);
    let [h, w] = [side(0), side(1)];
    let x = [d.within(1, 4), d.within(1, 20), h, w];
    let ceil = d.within(0, 1) == 1;
    let own = d.one_of(&[avg_pool::Padding::NotCounted, avg_pool::Padding::Counted]);
    let configuration = avg_pool::Configuration { text: "random", x, kernel, stride, pads, dilation, ceil, own };
    in_words(&configuration, configuration.case())
}

fn batches(d: &mut Draws) -> Drawn {
    // Of two values the variance may be so small that no difference is; sometimes more chunks than invocations.
    let most = d.one_of(&[5, 9, 80]);
    let x = [d.within(4, most), d.within(1, 40), d.within(1, 9), d.within(1, 9)];
    let norm = BatchNorm { eps: d.one_of(&[1e-5, 1e-5, 1e-3, 0.1]), momentum: d.one_of(&[0.0, 0.1, 0.1, 0.5, 1.0]) };
    let mean = d.one_of(&[0.0, 0.0, 1.0, -30.0, 100.0]);
    let std = d.one_of(&[1e-3, 1.0, 20.0]);
    let training = d.within(0, 3) > 0;
    let plus = d.within(0, 2) == 0;
    let configuration = batch_norm::Configuration { text: "random", x, mean, std, norm, training, plus };
    in_words(&configuration, configuration.case())
}

fn normalisation(d: &mut Draws) -> Drawn {
    let x = [d.within(1, 3), d.within(1, 40), d.within(1, 7), d.within(1, 7)];
    let parameters = Lrn {
        size: 2 * d.within(0, 4) + 1,
        alpha: d.one_of(&[1e-4, 1e-2, 0.5, 1.0]),
        beta: d.one_of(&[0.75, 0.75, 0.5, 1.0, 0.6]),
        k: d.one_of(&[1.0, 2.0, 0.5]),
    };
    let std = d.one_of(&[1.0, 10.0, 100.0]);
    in_words(&(x, parameters, std), lrn::case("random", x, parameters, std))
}

fn fully_connected(d: &mut Draws) -> Drawn {
    let x = [d.within(1, 70), d.within(1, 20), d.within(1, 5), d.within(1, 5)];
    let (k, bias) = (d.within(1, 70), d.within(0, 3) > 0);
    in_words(&(x, k, bias), Ok(dense::case("random", x, k, bias)))
}

fn loss(d: &mut Draws) -> Drawn {
    let (n, classes) = (d.within(1, 70), d.within(1, 130));
    let (std, offset) = (d.one_of(&[0.0, 1.0, 3.0, 90.0]), d.one_of(&[0.0, 5.0, -300.0]));
    let weight = d.one_of(&[1.0, 0.3]) / n as f64;
    let case = softmax_cross_entropy::case("random", n, classes, weight, std, offset);
    in_words(&(n, classes, weight, std, offset), Ok(case))
}

fn rank(d: &mut Draws) -> Drawn {
    let (n, classes, different) = (d.within(1, 70), d.within(1, 130), d.within(1, 9) as u32);
    in_words(&(n, classes, different), Ok(top_k::case("random", n, classes, different)))
}

fn rectifier(d: &mut Draws) -> Drawn {
    let (x, zeros) = ([d.within(1, 5), d.within(1, 17), d.within(1, 9), d.within(1, 9)], d.within(0, 1) == 1);
    in_words(&(x, zeros), Ok(relu::case("random", x, zeros)))
}

fn update(d: &mut Draws) -> Drawn {
    let rule = Rule {
        convention: d.one_of(&[Convention::Caffe, Convention::Pytorch]),
        momentum: d.one_of(&[0.0, 0.5, 0.9, 0.99]),
        nesterov: d.within(0, 1) == 1,
        decay: d.one_of(&[0.0, 5e-4, 0.1]),
        lr_mult: d.one_of(&[0.0, 0.3, 1.0, 2.0]),
    };
    let groups = d.within(1, 3);
    let dims = [groups * d.within(1, 40), d.within(1, 40), d.within(1, 5), d.within(1, 5)];
    let shape = d.one_of(&[TensorShape::Kernel { dims, groups }, TensorShape::Channels(dims[0])]);
    in_words(&(rule, shape), Ok(sgd::case("random", rule, shape)))
}

fn sum(d: &mut Draws) -> Drawn {
    let (x, relu) = ([d.within(1, 5), d.within(1, 17), d.within(1, 9), d.within(1, 9)], d.within(0, 1) == 1);
    in_words(&(x, relu), Ok(add::case("random", x, relu)))
}

fn drawn(seed: u64) -> Drawn {
    let mut draws = Draws::new(seed);
    match draws.within(0, 28) {
        0..=8 => convolution(&mut draws),
        9..=12 => pooling(&mut draws),
        13..=14 => normalisation(&mut draws),
        15..=16 => fully_connected(&mut draws),
        17 => loss(&mut draws),
        18 => rank(&mut draws),
        19..=20 => update(&mut draws),
        21 => sum(&mut draws),
        22..=24 => averages(&mut draws),
        25..=27 => batches(&mut draws),
        _ => rectifier(&mut draws),
    }
}

/// The usual devices and, where the adapter takes the kernels for processors, those for GPUs on it, too.
fn every_device() -> Vec<(String, Device)> {
    let named = |device: Device| (device.describe(), device);
    let mut devices: Vec<_> = super::devices::devices().into_iter().map(named).collect();
    let (name, device) = named(super::devices::guarded(false));
    devices.push((format!("{name}, the kernels for GPUs"), device));
    devices
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

#[test]
fn operations_of_random_shapes_stay_within_their_bounds_on_every_device() {
    let (seed, cases) = (number("STRATA_RANDOM_SEED", SEED), number("STRATA_RANDOM_CASES", CASES));
    let devices = every_device();
    let mut complaints = Vec::new();
    let mut checked = 0;
    for seed in seed..seed + cases {
        let (words, case) = drawn(seed);
        let case = case.unwrap_or_else(|error| panic!("seed {seed}: {words}: {error}"));
        for (name, device) in &devices {
            checked += 1;
            let line = case.check(device).unwrap_or_else(|error| panic!("seed {seed}, {name}: {words}: {error}"));
            if let Some(complaint) = line.complaint {
                let again = format!("STRATA_RANDOM_SEED={seed} STRATA_RANDOM_CASES=1 cargo test --release random");
                complaints.push(format!("{}, {name}: {words}: {complaint}\n  again: {again}", line.op));
            }
        }
    }
    let devices: Vec<&str> = devices.iter().map(|(name, _)| name.as_str()).collect();
    println!("seed {seed}: {} of {checked} checks passed, on {}", checked - complaints.len(), devices.join("; "));
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn a_seed_gives_the_same_shapes_again_and_neighbours_differ() {
    assert_eq!(drawn(5).0, drawn(5).0);
    let different: std::collections::BTreeSet<String> = (0..50).map(|seed| drawn(seed).0).collect();
    assert!(different.len() > 45, "{} of 50 cases differ", different.len());
}
