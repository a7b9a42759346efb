//! Is advice worth following? Holds `strata advise` against every candidate trained with fresh seeds and judged on
//! thousands of test images, on small tasks of CIFAR-100.
//!
//! `cargo run --release --example advise_validation -- CIFAR_100_FOLDER OUT design|final [TASKS]`
//!
//! `design` has the eight tasks on which the procedure may be changed, `final` the sixteen others, which are opened once.
//! Every network is a file in OUT, so that an interrupted run goes on where it was. `results/advise` has the record.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use strata::{
    data::{
        Dataset, Normalisation, Source, fashion,
        fit::{Fit, fit},
        normalisation::{Mean, Std},
        split::{self, choice, half},
        subset::drawn_per_class,
    },
    host::{Stop, Stream, atomic, digest},
    nn::{NetDef, zoo},
    ops::Device,
    protocol::advice::{
        choice::mean,
        inference::regret_bound,
        keys::Keys,
        oracle,
        procedure::{self, Request},
        queue::Events,
        record::{Advice, Kind},
    },
    report::statistics::t_interval,
    train::{Images, Policy, Reading, Schedule, Solver, Trainer, Warmup, WeightsFile, trainer::Streams},
};

/// Independent networks of each candidate on all images of a task.
const ORACLE_SEEDS: usize = 3;
/// Classes of a task.
const CLASSES: usize = 10;
/// The seed of everything.
const SEED: u64 = 1;

/// The twelve candidates.
fn kinds() -> Vec<Kind> {
    let lr_mult = 0.1;
    let mut kinds = vec![Kind::Scratch];
    kinds.extend([2, 4, 6, 7].map(|n| Kind::Frozen { n }));
    kinds.extend([2, 4, 6, 7].map(|n| Kind::FineTuned { n }));
    kinds.extend([Kind::HeadFirst { n: 4 }, Kind::HeadFirst { n: 7 }, Kind::LowRate { n: 7, lr_mult }]);
    kinds
}

/// A source, some classes of a target, and how many images there are of each.
#[derive(Clone, Copy, Debug)]
struct Task {
    source: &'static str,
    draw: u32,
    per_class: usize,
}

impl Task {
    fn name(&self) -> String {
        format!("{}-{}-{}", self.source, self.draw, self.per_class)
    }
}

/// The tasks of a phase, those of few images first.
fn tasks(phase: &str) -> Result<Vec<Task>> {
    let pairs: &[(&str, u32)] = match phase {
        "design" => &[("half-1", 0), ("man-made", 0), ("natural", 0), ("fashion", 0)],
        "final" => &[
            ("half-2", 1),
            ("man-made", 1),
            ("natural", 1),
            ("fashion", 1),
            ("half-2", 2),
            ("man-made", 2),
            ("natural", 2),
            ("fashion", 2),
        ],
        other => bail!("there is no phase {other:?}; there are design and final"),
    };
    let of = |&per_class: &usize| pairs.iter().map(move |&(source, draw)| Task { source, draw, per_class });
    Ok([10, 50].iter().flat_map(of).collect())
}

struct Quiet(Stop);

impl Events for Quiet {
    fn stage(&self, _: &str) {}
    fn planned(&self, _: f64) {}
    fn ended(&self, _: &str, _: f64, _: bool) {}
    fn stop(&self) -> &Stop {
        &self.0
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [cifar, out, phase, rest @ ..] = &arguments[..] else {
        bail!("expected CIFAR_100_FOLDER OUT design|final [TASKS]");
    };
    let (out, most) = (PathBuf::from(out), rest.first().map_or(Ok(usize::MAX), |text| text.parse())?);
    fs::create_dir_all(out.join("sources"))?;
    let cifar = Source::Cifar100.load(Some(Path::new(cifar)), [32, 32, 3], strata::data::OnBad::Fail)?.into_shared();
    let overrides = ["advice.refit_seeds=0", "advice.curve_splits=0"].map(String::from);
    let keys = Keys::of(&overrides)?;
    let mut records = Vec::new();
    for task in tasks(phase)?.into_iter().take(most) {
        records.push(record(&task, &cifar, &keys, &out)?);
        let last = &records[records.len() - 1];
        eprintln!("{}: {}", task.name(), serde_json::to_string(&last.summary())?);
    }
    write(&records, phase, &keys, &out)
}

/// The classes of a source and of the targets that are drawn for it.
fn classes(source: &str, cifar: &Dataset) -> Result<(Vec<u16>, Vec<u16>)> {
    let halves = |seed| split::random_halves(100, seed);
    let natural = || Source::Cifar100.man_made_and_natural(&cifar.class_names)?.context("CIFAR-100 has such a split");
    Ok(match source {
        "half-1" => halves(11).map(|split| (split.a, split.b))?,
        "half-2" => halves(12).map(|split| (split.a, split.b))?,
        "man-made" => natural().map(|split| (split.a, split.b))?,
        "natural" => natural().map(|split| (split.b, split.a))?,
        _ => (Vec::new(), (0..100).collect()),
    })
}

/// The source's network, trained where it is not there yet: alexnet28 on colours, 20 epochs.
fn source(name: &str, cifar: &Dataset, out: &Path) -> Result<(WeightsFile, String)> {
    let path = out.join("sources").join(format!("{name}.safetensors"));
    if !path.is_file() {
        let data = match name {
            "fashion" => fit(fashion::embedded()?, [32, 32, 3], Fit::Pad)?,
            _ => half(cifar, &classes(name, cifar)?.0)?,
        };
        let net = NetDef { name: "alexnet28-rgb32".into(), input: [3, 32, 32], ..zoo::find("alexnet28")? };
        let net = net.with_classes(data.classes())?;
        let max_iter = (20 * data.train.len() as u64).div_ceil(64);
        let schedule = Schedule { base_lr: 0.01, policy: Policy::Cosine, warmup: Warmup::NONE, max_iter };
        let solver = Solver { schedule, batch_size: 64, ..Solver::default() };
        let normalisation = Normalisation::of(&data.train, &Mean::Channel, &Std::None, 0.0125)?;
        let stream = |purpose: &str| Stream::named(&format!("advise validation/{name}/{purpose}"));
        let streams = Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") };
        let images = Images { set: &data.train, normalisation: &normalisation };
        let mut trainer = Trainer::new(&net, &solver, images, Reading::centre(), streams, &Device::Cpu)?;
        trainer.net.initialise(&mut trainer.executor, |name| stream(&format!("weights/{name}")))?;
        while trainer.step < max_iter {
            trainer.train_step()?;
        }
        let scores = trainer.evaluate(&Images { set: &data.test, normalisation: &normalisation })?;
        eprintln!("source {name}: {scores}");
        let file = WeightsFile::of(&mut trainer, Fit::Exact, &data.class_names, &data.name)?;
        atomic::write(&path, &file.encode()?)?;
        fs::write(path.with_extension("txt"), format!("{scores}\n"))?;
    }
    let bytes = fs::read(&path)?;
    Ok((WeightsFile::decode(&path, &bytes)?, digest::hex(&bytes)))
}

/// What came out of a task.
struct Record {
    task: Task,
    advice: Advice,
    /// `[candidate][seed]`, in percent.
    oracle: Vec<Vec<f64>>,
}

fn record(task: &Task, cifar: &Dataset, keys: &Keys, out: &Path) -> Result<Record> {
    let (file, digest) = source(task.source, cifar, out)?;
    let (_, targets) = classes(task.source, cifar)?;
    let number = ["half-1", "half-2", "man-made", "natural", "fashion"].iter().position(|name| *name == task.source);
    let chosen = choice(&targets, CLASSES, [1000 + task.draw, number.unwrap_or(0) as u32])?;
    let data = half(cifar, &chosen)?;
    let stream = Stream::named(&format!("advise validation/images/{}-{}", task.source, task.draw));
    let train = drawn_per_class(&data.train, task.per_class, stream)?;
    let data = Dataset::new(task.name(), data.class_names, train, data.test)?;
    let kinds = kinds();
    let folder = out.join("tasks").join(task.name());
    let request = Request {
        source: &file,
        source_path: task.source,
        source_digest: &digest,
        keys,
        kinds: Some(&kinds),
        seed: SEED,
        device: &Device::Cpu,
        jobs: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        budget: None,
        out: &folder,
    };
    let events = Quiet(Stop::default());
    let advice = procedure::advise(request, data.clone(), &events)?;
    let oracle = oracle::scores(request, data, ORACLE_SEEDS, &events)?;
    // A candidate that has diverged is as good as chance.
    let chance = 100.0 / CLASSES as f64;
    let oracle = oracle.into_iter().map(|of| of.into_iter().map(|s| s.unwrap_or(chance)).collect()).collect();
    Ok(Record { task: *task, advice, oracle })
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

impl Record {
    fn truth(&self) -> Vec<f64> {
        self.oracle.iter().map(|scores| average(scores)).collect()
    }

    fn best(&self) -> usize {
        let truth = self.truth();
        (0..truth.len()).max_by(|&a, &b| truth[a].total_cmp(&truth[b])).unwrap_or(0)
    }

    /// Points below the best candidate.
    fn regret(&self, candidate: usize) -> f64 {
        self.truth()[self.best()] - self.truth()[candidate]
    }

    fn at(&self, kind: Kind) -> usize {
        self.advice.candidates.iter().position(|candidate| candidate.kind == kind).unwrap_or(0)
    }

    fn scores(&self) -> Vec<Vec<Option<f64>>> {
        self.advice.candidates.iter().map(|candidate| candidate.accuracy.clone()).collect()
    }

    fn costs(&self) -> Vec<u64> {
        self.advice.candidates.iter().map(|candidate| candidate.multiply_adds).collect()
    }

    /// The cheapest candidate of the set whose mean is at most so much below the leader's.
    fn cheapest_within(&self, slack: f64) -> usize {
        let scores = self.scores();
        let of = |at: usize| mean(&scores[at]).unwrap_or(f64::NEG_INFINITY);
        let leader = self.advice.choice.leader;
        let within = self.advice.choice.set.iter().copied().filter(|&at| of(at) >= of(leader) - slack);
        within.min_by_key(|&at| (self.costs()[at], at)).unwrap_or(leader)
    }

    /// The n whose nearest neighbours score best, among those of the candidates.
    fn nearest(&self) -> usize {
        let of = self.advice.neighbours.iter().filter(|of| [2, 4, 6, 7].contains(&of.n));
        of.max_by(|a, b| a.knn.total_cmp(&b.knn)).map_or(7, |of| of.n)
    }

    /// The bound of the regret of a candidate by the splits alone.
    fn bound(&self, candidate: usize) -> f64 {
        let split = &self.advice.data;
        let test_over_train = split.validation_images as f64 / split.training_images as f64;
        regret_bound(&self.scores(), candidate, test_over_train, self.advice.level).unwrap_or(f64::INFINITY)
    }

    /// Multiply-adds of the networks that were trained, over those of all candidates on all splits.
    fn cost(&self) -> f64 {
        let of = |all: bool| {
            let each = |candidate: &strata::protocol::advice::record::Candidate| {
                let runs = candidate.accuracy.iter().filter(|score| all || score.is_some()).count();
                runs as f64 * candidate.multiply_adds as f64
            };
            self.advice.candidates.iter().map(each).sum::<f64>()
        };
        of(false) / of(true)
    }

    /// The regret of every way to choose.
    fn ways(&self) -> Vec<(&'static str, f64)> {
        let truth = self.truth();
        vec![
            ("strata advise", self.regret(self.advice.choice.recommended)),
            ("always fine-tune all", self.regret(self.at(Kind::FineTuned { n: 7 }))),
            ("last-layer probe", self.regret(self.at(Kind::Frozen { n: 7 }))),
            ("fixed n = 4, frozen", self.regret(self.at(Kind::Frozen { n: 4 }))),
            ("fixed n = 4, fine-tuned", self.regret(self.at(Kind::FineTuned { n: 4 }))),
            ("k-NN argmax, frozen", self.regret(self.at(Kind::Frozen { n: self.nearest() }))),
            ("k-NN argmax, fine-tuned", self.regret(self.at(Kind::FineTuned { n: self.nearest() }))),
            ("random", truth[self.best()] - average(&truth)),
            ("from scratch", self.regret(self.at(Kind::Scratch))),
            ("highest mean", self.regret(self.advice.choice.leader)),
            ("cheapest of the set", self.regret(self.cheapest_within(f64::INFINITY))),
            ("cheapest of the set within 2 points", self.regret(self.cheapest_within(2.0))),
            ("cheapest of the set within 1 point", self.regret(self.cheapest_within(1.0))),
            ("cheapest of the set within 0.5 points", self.regret(self.cheapest_within(0.5))),
        ]
    }

    fn summary(&self) -> Value {
        let choice = &self.advice.choice;
        let name = |at: usize| self.advice.candidates[at].name.clone();
        let names = |of: &[usize]| of.iter().map(|&at| name(at)).collect::<Vec<_>>();
        let dropped = self.advice.candidates.iter().filter(|candidate| candidate.dropped.is_some()).count();
        json!({
            "task": self.task.name(), "source": self.task.source, "draw": self.task.draw,
            "images_per_class": self.task.per_class, "best": name(self.best()),
            "recommended": name(choice.recommended), "leader": name(choice.leader), "set": names(&choice.set),
            "cannot_tell": choice.cannot_tell, "dropped": dropped,
            "best_in_set": choice.set.contains(&self.best()),
            "regret": self.regret(choice.recommended), "regret_bound": self.bound(choice.recommended),
            "cost_of_exhaustive": self.cost(),
            "regrets": self.ways().into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        })
    }
}

/// The value at a share of the sorted values, between neighbours.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len().max(1) - 1) as f64;
    let low = place.floor() as usize;
    sorted.get(low).map_or(f64::NAN, |&at| at + place.fract() * (sorted.get(low + 1).unwrap_or(&at) - at))
}

/// A share with Wilson's 95 % interval.
fn share(count: usize, of: usize) -> [f64; 3] {
    let (n, z) = (of as f64, 1.959_963_985);
    let p = count as f64 / n;
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [p, centre - half, centre + half]
}

/// The mean regret of each way with its interval, as SVG.
fn figure(ways: &[(&str, f64, (f64, f64))]) -> String {
    let most = ways.iter().map(|(.., (_, high))| *high).fold(1.0, f64::max).ceil();
    let (left, right, row) = (250.0, 690.0, 26.0);
    let x = |points: f64| left + points.max(0.0) / most * (right - left);
    let bottom = 40.0 + row * ways.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {0}\" width=\"720\" height=\"{0}\" \
         font-family=\"sans-serif\" font-size=\"13\"><rect width=\"720\" height=\"{0}\" fill=\"#ffffff\"/>\n",
        bottom + 45.0
    );
    let step = if most > 10.0 { 5 } else { 1 };
    for tick in (0..=most as u32).step_by(step) {
        let at = x(f64::from(tick));
        svg += &format!(
            "<path d=\"M{at:.1} 25V{bottom:.1}\" stroke=\"#dddddd\"/><text x=\"{at:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{tick}</text>\n",
            bottom + 18.0
        );
    }
    for (place, (name, mean, (low, high))) in ways.iter().enumerate() {
        let y = 40.0 + row * place as f64;
        let colour = if place == 0 { "#b03a2e" } else { "#2c5d8f" };
        svg += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text><path d=\"M{:.1} {y:.1}H{:.1}\" \
             stroke=\"{colour}\" stroke-width=\"2\"/><circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{colour}\"/>\n",
            left - 12.0,
            y + 4.5,
            x(*low),
            x(*high),
            x(*mean)
        );
    }
    svg += &format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">mean regret in points, 95 % interval over tasks</text>\n</svg>\n",
        (left + right) / 2.0,
        bottom + 37.0
    );
    svg
}

/// Writes what came out of all tasks: `PHASE.json`, `PHASE-scores.csv` and `PHASE.svg`.
fn write(records: &[Record], phase: &str, keys: &Keys, out: &Path) -> Result<()> {
    let names: Vec<&str> = records.first().map_or(Vec::new(), |r| r.ways().into_iter().map(|(name, _)| name).collect());
    let column = |at: usize| records.iter().map(|record| record.ways()[at].1).collect::<Vec<f64>>();
    let advised = column(0);
    let (mut ways, mut shown) = (Vec::new(), Vec::new());
    println!("{} tasks of {phase}", records.len());
    println!("| way | mean regret | 95 % interval | 90th percentile | less advise's, paired |");
    println!("|---|---|---|---|---|");
    for (at, name) in names.iter().enumerate() {
        let regrets = column(at);
        let interval = t_interval(&regrets).unwrap_or((f64::NAN, f64::NAN));
        let less: Vec<f64> = regrets.iter().zip(&advised).map(|(a, b)| a - b).collect();
        let paired = t_interval(&less).unwrap_or((f64::NAN, f64::NAN));
        let (mean, ninety) = (average(&regrets), quantile(&regrets, 0.9));
        println!(
            "| {name} | {mean:.2} | [{:.2}, {:.2}] | {ninety:.2} | {:+.2} [{:+.2}, {:+.2}] |",
            interval.0,
            interval.1,
            average(&less),
            paired.0,
            paired.1
        );
        shown.push((*name, mean, interval));
        ways.push(json!({
            "way": name, "mean_regret": mean, "interval": [interval.0, interval.1], "percentile_90": ninety,
            "less_advise": average(&less), "less_advise_interval": [paired.0, paired.1],
        }));
    }
    let count = |of: &dyn Fn(&Record) -> bool| records.iter().filter(|record| of(record)).count();
    let best = share(count(&|r| r.advice.choice.set.contains(&r.best())), records.len());
    let bound =
        share(count(&|r| r.regret(r.advice.choice.recommended) <= r.bound(r.advice.choice.recommended)), records.len());
    let size = average(&records.iter().map(|r| r.advice.choice.set.len() as f64).collect::<Vec<_>>());
    let cost = average(&records.iter().map(Record::cost).collect::<Vec<_>>());
    println!("best in the set {best:.3?}; regret within its bound {bound:.3?}; set of {size:.2} of 12; cost {cost:.3}");
    let document = json!({
        "phase": phase, "version": env!("CARGO_PKG_VERSION"), "keys": serde_json::to_value(keys)?,
        "oracle_seeds": ORACLE_SEEDS, "classes": CLASSES, "ways": ways, "best_in_set": best,
        "regret_within_bound": bound, "mean_set": size, "mean_cost_of_exhaustive": cost,
        "tasks": records.iter().map(Record::summary).collect::<Vec<_>>(),
    });
    atomic::write(&out.join(format!("{phase}.json")), serde_json::to_string_pretty(&document)?.as_bytes())?;
    atomic::write(&out.join(format!("{phase}.svg")), figure(&shown).as_bytes())?;
    let mut scores = String::from("task,candidate,multiply_adds,split_scores,oracle_scores\n");
    for record in records {
        for (candidate, oracle) in record.advice.candidates.iter().zip(&record.oracle) {
            let words = |values: Vec<String>| values.join(" ");
            let splits = candidate.accuracy.iter().map(|s| s.map_or("-".into(), |s| format!("{s}"))).collect();
            let seeds = oracle.iter().map(|s| format!("{s}")).collect();
            scores += &format!(
                "{},{},{},{},{}\n",
                record.task.name(),
                candidate.name,
                candidate.multiply_adds,
                words(splits),
                words(seeds)
            );
        }
    }
    atomic::write(&out.join(format!("{phase}-scores.csv")), scores.as_bytes())?;
    Ok(())
}
