//! `strata data inspect`.

use crate::cli::output::{note, print_line};
use crate::{
    cli::Format,
    data::{fetch::unlike_published, folder, inspect},
    host::atomic,
    protocol::{Experiment, keys, source},
};
use anyhow::{Context, Result};
use clap::Args;
use std::path::{Path, PathBuf};

/// The side that files of any size are warped to.
const SIDE: u32 = 64;

/// Test images that training holds, too, of which as many are named.
const NAMED: usize = 10;

#[derive(Args, Debug)]
pub struct Options {
    /// Inspect fashion-mnist (compiled in), idx, cifar10, cifar100, folder (image files) or packed (a store)
    #[arg(default_value = "fashion-mnist")]
    data: String,
    /// Read the data set's files from this folder, or this packed file
    #[arg(default_value = "", allow_hyphen_values = true)]
    path: String,
    /// Write a contact sheet with one row per class
    #[arg(long, value_name = "PNG", allow_hyphen_values = true)]
    sheet: Option<PathBuf>,
    /// Print text or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    if let Some(sheet) = &options.sheet {
        atomic::probe(sheet).with_context(|| format!("{} cannot be written", sheet.display()))?;
    }
    let (dataset, sizes) = if options.data == "folder" {
        let set = folder::open(Path::new(&options.path), None)?;
        (folder::load(&set, SIDE)?, folder::sizes(&set)?)
    } else {
        let overrides = [("data.source", &options.data), ("data.path", &options.path)];
        let overrides = overrides.map(|(key, value)| keys::assignment(key, value));
        (source::load_as_it_is(&Experiment::find("default", &overrides)?)?, None)
    };
    if Path::new(&options.path).is_dir() && options.data != "folder" {
        for name in unlike_published(Path::new(&options.path))? {
            note!("warning: {name} is not the published file, byte for byte; its records may be in another order");
        }
    }
    dataset.train.verify()?;
    dataset.test.verify()?;
    dataset.taken.iter().for_each(|line| note!("{line}"));
    let found = inspect::inspect(&dataset)?;
    match options.format {
        Format::Json => print_line!("{}", serde_json::to_string(&found)?)?,
        Format::Text => {
            let [height, width, channels] = found.shape;
            print_line!("{}: {} classes, images of {height} x {width} x {channels}", found.name, found.classes.len())?;
            if let Some([least, median, most]) = sizes {
                print_line!(
                    "files of {least:?} to {most:?} pixels (width, height), median {median:?}; warped for what follows"
                )?;
            }
            print_line!("{:>8} {:>8}  class", "training", "test")?;
            for count in &found.classes {
                print_line!("{:>8} {:>8}  {}", count.train, count.test, count.class)?;
            }
            print_line!("{:>8} {:>8}  all", dataset.train.len(), dataset.test.len())?;
            print_line!(
                "mean of each channel {:.2?}, deviation {:.2} (training images, 0 to 255)",
                found.channel_mean,
                found.std
            )?;
            let twice = &found.twice;
            print_line!(
                "duplicate images: {} in training, {} in test, {} test images that are also in training",
                twice.in_training,
                twice.in_test,
                twice.across.len()
            )?;
            for [test, train] in twice.across.iter().take(NAMED) {
                print_line!("  test image {test} is training image {train}")?;
            }
        }
    }
    if let Some(path) = &options.sheet {
        atomic::write(path, &inspect::contact_sheet(&dataset)?)
            .with_context(|| format!("writing {}", path.display()))?;
        note!("{}", path.display());
    }
    Ok(())
}
