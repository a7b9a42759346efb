//! `strata advise`: which blocks of a trained network to copy for own images, frozen or fine-tuned, and how sure.

mod progress;
mod source;

use super::{
    DeviceArgs, Format, at_least_one, device, exit_code,
    files::{FilesArgs, source_or_path},
    interrupt::Interrupt,
    json, one_of,
    output::{note, print_line},
};
use crate::{
    data::{DataError, Dataset, Source, fit, fit::Fit},
    host::atomic,
    protocol::{
        ProtocolError,
        advice::{keys::Keys, preparation::Request, procedure, record::Advice},
    },
    report::advice as report,
    train::{TrainError, WeightsFile},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use progress::Progress;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Options {
    /// Copy from this weights file, run directory (RUNS/EXPERIMENT) or built-in experiment: of a study its first base
    #[arg(long, value_name = "WEIGHTS|RUN_DIR|EXPERIMENT", allow_hyphen_values = true)]
    source: String,
    /// Look for the run directory of an experiment here
    #[arg(long, value_name = "DIR", allow_hyphen_values = true)]
    runs: Option<PathBuf>,
    #[arg(long, value_name = "SOURCE|PATH", allow_hyphen_values = true,
        help = format!("Advise for this folder of images (one folder per class), packed file or data source ({})", Source::ALL.map(Source::name).join(", ")))]
    data: String,
    /// Read the data source's files from this folder, or this packed file
    #[arg(long, value_name = "PATH", allow_hyphen_values = true)]
    data_path: Option<PathBuf>,
    /// Fit images of another shape to those of the source in this way (default: as in the source's training)
    #[arg(long, value_parser = one_of(Fit::ALL, Fit::name, Fit::sees))]
    fit: Option<Fit>,
    #[command(flatten)]
    files: FilesArgs,
    /// Keep everything here; the same command resumes
    #[arg(long, value_name = "DIR", default_value = "advice", allow_hyphen_values = true)]
    out: PathBuf,
    /// Derive all random numbers from this seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave candidates out, in the order of docs/advise.md, so that it takes about this long
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    budget: Option<f64>,
    /// Set a key of the advice, such as solver.max_epochs=30 (may be repeated; docs/advise.md lists them)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Train this many networks side by side (default: one per core on the cpu, one on a GPU)
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>())]
    jobs: Option<usize>,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    device: DeviceArgs,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().ok().filter(|minutes: &f64| minutes.is_finite() && *minutes > 0.0);
    minutes.ok_or_else(|| "expected a number of minutes above 0, such as 10 or 0.5".to_string())
}

pub fn main(options: &Options) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let keys = Keys::of(&options.overrides)?;
    let found = source::find(&options.source, options.runs.as_deref())?;
    let mut source = found.file;
    source.preprocessing.fit = options.fit.unwrap_or(source.preprocessing.fit);
    let data = images(options, &source)?;
    let device = device::open(&options.device.device, keys.solver.precision)?;
    let jobs = options.jobs.unwrap_or_else(|| device.jobs());
    let page = options.out.join("report.html");
    if options.out.is_dir() {
        atomic::probe(&page).with_context(|| format!("{} cannot be written", page.display()))?;
    }
    note!(
        "{} of {}, {} images of {} classes, {}",
        source.net.name,
        found.path,
        data.train.len() + data.test.len(),
        data.classes(),
        device.describe()
    );
    let request = Request {
        source: &source,
        source_path: &found.path,
        source_digest: &found.digest,
        keys: &keys,
        kinds: None,
        seed: options.seed,
        device: &device,
        jobs,
        budget: options.budget,
        out: &options.out,
    };
    let progress = Progress::new(interrupt.stop());
    interrupt.ask_first();
    let result = procedure::advise(request, data, &progress);
    interrupt.at_once();
    progress.finish();
    let advice = match result {
        Err(ProtocolError::Train(TrainError::Stopped { .. })) => {
            note!("stopped; the same command resumes with the networks that are left");
            return Err(exit_code::Stopped(interrupt.asked().unwrap_or(exit_code::INTERRUPTED)).into());
        }
        result => result?,
    };
    show(options, &advice)
}

/// Writes the files of an advice, and prints it.
fn show(options: &Options, advice: &Advice) -> Result<()> {
    let written = report::write(advice, &options.out)?;
    match options.format {
        Format::Json => json::print("advise", advice)?,
        Format::Text => {
            print_line!("{}\n\n{}", report::sentence(advice), report::table(advice).trim_end())?;
            if let Some(refit) = &advice.refit {
                print_line!("\n{}", options.out.join(&refit.weights).display())?;
            }
            print_line!("{}", written.page.display())?;
        }
    }
    Ok(())
}

/// The images as the source saw those of its training.
fn images(options: &Options, source: &WeightsFile) -> Result<Dataset> {
    let shape = source.preprocessing.normalisation.shape();
    let (of, path) = source_or_path(&options.data, options.data_path.as_deref())?;
    let data = options.files.drawn(of.load(path, shape, options.files.on_bad_image)?)?;
    data.taken.iter().for_each(|line| note!("{line}"));
    let data = fit::fit(data, shape, source.preprocessing.fit)?;
    if data.train.shape() != shape {
        let (name, got) = (data.name, data.train.shape());
        let reason = "the source was trained on the other shape; give --fit resize or --fit pad";
        bail!(DataError::NoFit { name, expected: shape, got, reason });
    }
    data.train.verify()?;
    data.test.verify()?;
    Ok(data)
}
