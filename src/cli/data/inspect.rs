//! `strata data inspect`.

use crate::cli::output::{note, print_line};
use crate::{
    cli::{Format, files::source_or_path, json, one_of, sources_with_paths},
    data::{OnBad, Source, fetch::unlike_published, folder, inspect},
    host::atomic,
};
use anyhow::{Context, Result};
use clap::Args;
use std::path::PathBuf;

/// The side that files of any size are warped to, and that of generated images.
const SIDE: u32 = 64;

/// The images of each kind of duplicates of which as many are named.
const NAMED: usize = 10;

#[derive(Args, Debug)]
pub struct Options {
    #[arg(value_name = "SOURCE|PATH", default_value = Source::FashionMnist.name(), allow_hyphen_values = true,
        help = format!("Inspect this data source ({}), or this folder of images or packed file", Source::ALL.map(Source::name).join(", ")))]
    data: String,
    /// Read the data set's files from this folder, or this packed file
    #[arg(allow_hyphen_values = true, required_if_eq_any = sources_with_paths("data"))]
    path: Option<PathBuf>,
    /// Choose what happens to an image of a folder that cannot be decoded
    #[arg(long, default_value = OnBad::Fail.name(), value_parser = one_of(OnBad::ALL, OnBad::name, OnBad::does))]
    on_bad_image: OnBad,
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
    let (source, path) = source_or_path(&options.data, options.path.as_deref())?;
    let mut files = match (source, path) {
        (Source::Folder, Some(path)) => Some(folder::open(path, None)?),
        _ => None,
    };
    let (dataset, sizes) = match &mut files {
        Some(set) => (folder::load_good(set, SIDE, options.on_bad_image)?, folder::sizes(set)?),
        None => (source.load(path, [SIDE as usize, SIDE as usize, 3], options.on_bad_image)?, None),
    };
    // An image by its file where it has one, else by its place.
    let named = |part: &str, index: usize| match &files {
        Some(set) => {
            let listing = if part == "test" { &set.test } else { &set.train };
            listing.items.get(index).map_or_else(String::new, |item| item.place.path(&item.name).display().to_string())
        }
        None => format!("{part} image {index}"),
    };
    if let Some(path) = path.filter(|path| path.is_dir() && source != Source::Folder) {
        for name in unlike_published(path)? {
            note!("warning: {name} is not the published file, byte for byte; its records may be in another order");
        }
    }
    dataset.train.verify()?;
    dataset.test.verify()?;
    dataset.taken.iter().for_each(|line| note!("{line}"));
    let found = inspect::inspect(&dataset)?;
    match options.format {
        Format::Json => json::print("data-inspect", &found)?,
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
            let of = |part, other, pairs: &[[usize; 2]]| {
                let line = |&[one, earlier]: &[usize; 2]| (named(part, one), named(other, earlier));
                pairs.iter().take(NAMED).map(line).collect::<Vec<_>>()
            };
            let within = [of("training", "training", &twice.training), of("test", "test", &twice.test)].concat();
            for (one, earlier) in within.into_iter().chain(of("test", "training", &twice.across)) {
                print_line!("  {one} is {earlier}")?;
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
