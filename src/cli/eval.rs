//! `strata eval`: how good a trained network is on a data set.

use super::{Format, device, json, network::NetworkArgs, output::note, output::print_line};
use crate::train::{Confusion, Images, WeightsFile};
use anyhow::Result;
use clap::Args;
use serde_json::json;

/// The most classes of which the whole table of confusions is printed.
const TABLE: usize = 20;
/// The most confusions that are listed where there are more classes.
const LISTED: usize = 10;

#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    network: NetworkArgs,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn main(options: &Options) -> Result<()> {
    let args = &options.network;
    let file = WeightsFile::read(&args.weights)?;
    let precision = args.precision.precision.unwrap_or_default();
    let device = device::open(&args.device.device, precision)?;
    let images = args.images(&file)?;
    note!("{} on {} ({} images), {}", file.net.name, images.name, images.set.len(), device.describe());
    let normalisation = &file.preprocessing.normalisation;
    let images = Images { set: &images.set, normalisation };
    let mut network = file.network(images, args.batch_size, precision, &device)?;
    let mut confusion = Confusion::new(&file.classes, network.net.classes());
    let scores = network.evaluate_into(&images, Some(&mut confusion))?;
    match options.format {
        Format::Json => json::print(
            "eval",
            json!({
                "weights": args.weights.display().to_string(), "net": file.net.name, "device": device.describe(),
                "images": scores.images, "top1": scores.top1, "top5": scores.top5, "loss": scores.loss,
                "confusion": confusion,
            }),
        ),
        Format::Text => {
            print_line!("{scores}")?;
            if file.classes.len() <= TABLE { table(&file, &confusion) } else { list(&file, &confusion) }
        }
    }
}

/// The counts: true classes by row, classes that were taken for them by column.
fn table(file: &WeightsFile, confusion: &Confusion) -> Result<()> {
    let columns = confusion.counts.first().map_or(0, Vec::len);
    let heads: Vec<String> = (0..columns).map(|column| format!("{column}")).collect();
    print_line!("images of each class (row) that were taken for each output (column):")?;
    print_line!("      {}", heads.iter().map(|head| format!("{head:>6}")).collect::<String>())?;
    for (row, counts) in confusion.counts.iter().enumerate() {
        let counts: String = counts.iter().map(|count| format!("{count:>6}")).collect();
        print_line!("{row:>6}{counts}  {}", file.class_name(row))?;
    }
    Ok(())
}

/// The most frequent confusions.
fn list(file: &WeightsFile, confusion: &Confusion) -> Result<()> {
    let rows = confusion.counts.iter().enumerate();
    let cells =
        rows.flat_map(|(row, counts)| counts.iter().enumerate().map(move |(column, &count)| (count, row, column)));
    let mut wrong: Vec<(u64, usize, usize)> =
        cells.filter(|&(count, row, column)| count > 0 && row != column).collect();
    wrong.sort_by_key(|&(count, row, column)| (std::cmp::Reverse(count), row, column));
    print_line!("the most frequent confusions (all counts: --format json):")?;
    for (count, row, column) in wrong.into_iter().take(LISTED) {
        print_line!("{count:>6}  {} taken for {}", file.class_name(row), file.class_name(column))?;
    }
    Ok(())
}
