//! The settings of a case, from its attributes.

use crate::golden::case::{Case, Stop};
use strata::ops::lrn::Lrn;

/// The settings of a case.
pub struct Settings {
    pub norm_first: bool,
    pub ceil: bool,
    pub lrn: Lrn,
    pub channels: [usize; 5],
    pub outputs: [usize; 3],
    pub grouped: [usize; 5],
    pub ratio: f64,
    pub steps: usize,
    pub batch: usize,
    pub image: usize,
    pub frozen: usize,
    pub rate: f64,
    pub momentum: f64,
    pub decay: f64,
    pub bias_lr_mult: f64,
    pub bias_decay_mult: f64,
}

fn missing(name: &str) -> Stop {
    Stop::Fail(format!("attribute {name} is missing"))
}

impl Settings {
    pub fn read(case: &Case) -> Result<Self, Stop> {
        let a = &case.attributes;
        let size = |name: &str| a.int(name)?.map(|v| v as usize).ok_or_else(|| missing(name));
        let (norm, solver) = (a.inner("lrn")?, a.inner("sgd")?);
        let lrn_number = |name: &str| norm.float(name)?.ok_or_else(|| missing(name));
        let solver_number = |name: &str| solver.float(name)?.ok_or_else(|| missing(name));
        let norm_first = match a.text("order")?.as_deref() {
            Some("norm_pool") => true,
            Some("pool_norm") => false,
            other => return Err(format!("order is {other:?}").into()),
        };
        if solver.text("convention")?.as_deref() != Some("caffe") {
            return Err("the convention is not Caffe's".into());
        }
        let dropout = a.text("dropout")?.ok_or_else(|| missing("dropout"))?;
        let ratio = dropout.split_once(" on fc6, fc7, masks given").and_then(|(ratio, _)| ratio.parse().ok());
        let ratio = ratio.ok_or_else(|| Stop::Fail(format!("dropout is {dropout:?}")))?;
        let groups = a.text("groups")?.ok_or_else(|| missing("groups"))?;
        let grouped = grouped(&groups).ok_or_else(|| Stop::Fail(format!("groups is {groups:?}")))?;
        // The images are given as they enter the net; the scale says how they were made.
        a.float("xscale")?;
        let settings = Self {
            norm_first,
            ceil: a.flag("ceil_mode")?.ok_or_else(|| missing("ceil_mode"))?,
            lrn: Lrn {
                size: lrn_number("size")? as usize,
                alpha: lrn_number("alpha")?,
                beta: lrn_number("beta")?,
                k: lrn_number("k")?,
            },
            channels: list(a.sizes("channels")?)?,
            outputs: list(a.sizes("fc")?)?,
            grouped,
            ratio,
            steps: size("steps")?,
            batch: size("batch")?,
            image: size("image")?,
            frozen: size("frozen_first_n")?,
            rate: solver_number("lr")?,
            momentum: solver_number("momentum")?,
            decay: solver_number("weight_decay")?,
            bias_lr_mult: solver_number("bias_lr_mult")?,
            bias_decay_mult: solver_number("bias_decay_mult")?,
        };
        norm.all_understood()?;
        solver.all_understood()?;
        Ok(settings)
    }
}

fn list<const N: usize>(sizes: Option<Vec<usize>>) -> Result<[usize; N], Stop> {
    let sizes = sizes.unwrap_or_default();
    <[usize; N]>::try_from(sizes).map_err(|sizes| Stop::Fail(format!("{sizes:?}, expected {N} sizes")))
}

/// The groups of the five convolutions, written as `conv2,4,5: 2`; those that are not named have one.
fn grouped(text: &str) -> Option<[usize; 5]> {
    let (layers, groups) = text.strip_prefix("conv")?.split_once(": ")?;
    let (mut all, groups) = ([1; 5], groups.parse().ok()?);
    for layer in layers.split(',') {
        *all.get_mut(layer.parse::<usize>().ok()?.checked_sub(1)?)? = groups;
    }
    Some(all)
}
