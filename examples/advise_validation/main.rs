//! Is advice worth following? Holds `strata advise` against every candidate trained with fresh seeds and judged on
//! thousands of test images, on small tasks of CIFAR-100.
//!
//! `cargo run --release --example advise_validation -- CIFAR_100_FOLDER OUT design|final [TASKS]`
//!
//! `design` has the eight tasks on which the procedure may be changed, `final` the sixteen others, which are opened once.
//! Every network is a file in OUT, so that an interrupted run resumes. `results/advise` has the record.

mod judged;
mod written;

use anyhow::{Context, Result, bail};
use judged::{Record, Task};
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
    protocol::advice::{keys::Keys, oracle, preparation::Request, procedure, record::Kind},
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
    written::write(&records, phase, &keys, &out)
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
    let events = Stop::default();
    let advice = procedure::advise(request, data.clone(), &events)?;
    let oracle = oracle::scores(request, data, ORACLE_SEEDS, &events)?;
    // A candidate that has diverged is as good as chance.
    let chance = 100.0 / CLASSES as f64;
    let oracle = oracle.into_iter().map(|of| of.into_iter().map(|s| s.unwrap_or(chance)).collect()).collect();
    Ok(Record { task: *task, advice, oracle })
}
