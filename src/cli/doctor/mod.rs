//! `strata doctor`: whether a machine, or two of them, can share run directories.

mod disk;
mod finding;
mod meeting;

use super::{Format, device, exit_code::CheckFailed, json, output::print_line};
use crate::{
    gpu,
    host::{Precision, machine},
};
use anyhow::{Context, Result};
use clap::Args;
use finding::{Finding, Verdict};
use serde::Serialize;
use std::{fs, path::PathBuf, time::Duration};

/// Where doctors meet, beside the run directories; reports and `strata status` pass it over.
const FOLDER: &str = ".doctor";

#[derive(Args, Debug)]
pub struct Options {
    /// Look at the file system of this directory of runs; it is made if it is missing
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// Wait this many seconds (120 if none are given) for the same command on a second machine, and test the pair: locks,
    /// claims and clocks
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "120")]
    meet: Option<u64>,
    /// Print text or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// All lines, for programs.
#[derive(Serialize)]
struct Findings<'a> {
    findings: &'a [Finding],
}

pub fn main(options: &Options) -> Result<()> {
    let folder = options.runs.join(FOLDER);
    let own = folder.join(format!("{}-{}", machine::host_name(), std::process::id()));
    fs::create_dir_all(&own).with_context(|| format!("{} cannot be made", own.display()))?;
    let looked = (|| {
        let mut findings = of_machine();
        findings.extend(disk::checks(&own).with_context(|| format!("{}", own.display()))?);
        if let Some(seconds) = options.meet {
            findings.extend(meeting::meet(&folder, Duration::from_secs(seconds))?);
        }
        Ok::<_, anyhow::Error>(findings)
    })();
    // Another doctor may still be at work beside this one's folder.
    let _ = fs::remove_dir_all(&own);
    let _ = fs::remove_dir(&folder);
    let findings = looked?;
    match options.format {
        Format::Json => {
            json::print("doctor", Findings { findings: &findings })?;
        }
        Format::Text => print(&findings)?,
    }
    let failed = findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count();
    match failed {
        0 => Ok(()),
        _ => Err(CheckFailed { failed, total: findings.len() }.into()),
    }
}

fn print(findings: &[Finding]) -> Result<()> {
    for Finding { what, verdict, found, follows } in findings {
        let word = match verdict {
            Verdict::Good => "good",
            Verdict::Bad => "bad",
            Verdict::Unknown => "unknown",
        };
        print_line!("{word:<8} {what:<15} {found}")?;
        if let Some(follows) = follows {
            print_line!("{:<24} so: {follows}", "")?;
        }
    }
    Ok(())
}

fn of_machine() -> Vec<Finding> {
    let mut findings = vec![
        Finding::good(
            "strata",
            format!("{} for {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH),
        ),
        Finding::good("machine", machine::host_name()),
    ];
    findings.push(match machine::boot_id() {
        Some(id) => Finding::good("boot", id),
        None => Finding::unknown(
            "boot",
            "this system has no number for it",
            "a network whose process was killed is taken over after five minutes instead of at once",
        ),
    });
    let adapters = gpu::adapters();
    for (index, adapter) in adapters.iter().enumerate() {
        findings.push(Finding::good("adapter", format!("gpu:{index} {adapter}")));
    }
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").ok();
    if let Some(visible) = visible {
        findings.push(Finding::good("given GPUs", format!("CUDA_VISIBLE_DEVICES={visible}")));
    }
    let opened = device::open("auto", Precision::F32);
    findings.push(match opened {
        Ok(device) if adapters.iter().any(|adapter| adapter.is_hardware) => {
            Finding::good("auto takes", device.describe())
        }
        Ok(device) => Finding::unknown(
            "auto takes",
            device.describe(),
            "there is no GPU, or none with a Vulkan, Metal or DX12 driver: training takes the processor",
        ),
        Err(error) => Finding::bad("auto takes", error.to_string(), "training cannot begin with --device auto"),
    });
    findings
}
