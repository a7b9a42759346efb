//! `strata net`: list the nets, or describe one.

use super::{Format, at_least_one};
use crate::{
    cli::json,
    host::Layout,
    nn::{BuildOptions, Net, NetDef, Param, ParamRole, Tape, memory_plan, zoo},
    ops::{TensorShape, storage},
};
use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::Write;

#[derive(Debug, Subcommand)]
pub enum Options {
    /// List the built-in nets
    List(List),
    /// Print a net's layers with their shapes, parameters and multiply-adds, its blocks and its memory
    Show(Show),
}

#[derive(Args, Debug)]
pub struct List {
    /// Print text, or json: one object per net
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Args, Debug)]
pub struct Show {
    /// Describe this net (`strata net list`) or net file
    net: String,
    /// Compute memory for this many images per step
    #[arg(long, default_value_t = 128, value_parser = at_least_one::<usize>())]
    batch: usize,
    /// Print text, or json: one object
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// One layer as it is printed.
#[derive(Serialize)]
struct Row {
    block: usize,
    layer: String,
    #[serde(rename = "type")]
    kind: &'static str,
    inputs: Vec<String>,
    /// Channels, height and width.
    output: [usize; 3],
    parameters: usize,
    /// Of the forward pass over one image.
    multiply_adds: u64,
}

/// A net as it is printed.
#[derive(Serialize)]
struct Shown {
    net: String,
    digest: String,
    input: [usize; 3],
    blocks: Vec<String>,
    parameters: usize,
    multiply_adds: u64,
    batch: usize,
    /// Bytes of a training step's tensors, on a GPU and on the cpu.
    memory_bytes: [u64; 2],
    layers: Vec<Row>,
}

/// Elements that can learn.
fn elements(param: &Param) -> usize {
    if param.role == ParamRole::Statistic { 0 } else { param.shape.iter().product() }
}

fn shown(def: &NetDef, batch: usize) -> Result<Shown> {
    let blocks = def.blocks()?;
    // Nothing learns in it, so that a normalisation of one value per channel can be shown.
    let mut still = def.clone();
    still.layers.iter_mut().for_each(|layer| layer.trainable = false);
    let one = Net::build(&still, BuildOptions::of(1))?;
    let net = Net::build(def, BuildOptions::of(batch))?;
    let forward = one.program.tape(Tape::Evaluate);
    let row = |(place, layer): (usize, &crate::nn::Layer)| Row {
        block: 1 + blocks.iter().position(|block| block.layers.contains(&place)).unwrap_or(0),
        layer: layer.name.clone(),
        kind: layer.kind.type_name(),
        inputs: def.inputs_of(place).into_iter().map(String::from).collect(),
        output: match one.program.tensors[one.outputs[&layer.name].0.0].shape {
            TensorShape::Activation(d) => [d.c, d.h, d.w],
            _ => [0; 3],
        },
        parameters: one.params.iter().filter(|param| param.layer == layer.name).map(elements).sum(),
        multiply_adds: forward.iter().filter(|entry| entry.layer == layer.name).map(|e| e.op.cost().macs).sum(),
    };
    Ok(Shown {
        net: def.name.clone(),
        digest: def.digest(),
        input: def.input,
        blocks: blocks.iter().map(|block| block.name.clone()).collect(),
        parameters: one.params.iter().map(elements).sum(),
        multiply_adds: one.program.macs(Tape::Evaluate),
        batch,
        memory_bytes: [Layout::VEC4, Layout::NATIVE].map(|layout| storage::bytes(&net.program, layout, |_| true)),
        layers: def.layers.iter().enumerate().map(row).collect(),
    })
}

pub fn main(options: &Options) -> Result<()> {
    match options {
        Options::List(options) => list(options),
        Options::Show(options) => show(options),
    }
}

fn list(options: &List) -> Result<()> {
    let nets = zoo::names().map(|name| shown(&zoo::named(name)?, 1)).collect::<Result<Vec<_>>>()?;
    let mut out = std::io::stdout().lock();
    if let Format::Json = options.format {
        json::write(&mut out, "net-list", serde_json::json!({ "nets": nets }))?;
        return Ok(());
    }
    writeln!(out, "{:<14} {:>11} {:>7} {:>12} {:>13}", "net", "input", "blocks", "parameters", "multiply-adds")?;
    for net in &nets {
        let input = net.input.map(|side| side.to_string()).join("x");
        let (blocks, macs) = (net.blocks.len(), net.multiply_adds);
        writeln!(out, "{:<14} {input:>11} {blocks:>7} {:>12} {macs:>13}", net.net, net.parameters)?;
    }
    Ok(())
}

fn show(options: &Show) -> Result<()> {
    let def = zoo::find(&options.net)?;
    let net = shown(&def, options.batch)?;
    let mut out = std::io::stdout().lock();
    if let Format::Json = options.format {
        json::write(&mut out, "net", &net)?;
        return Ok(());
    }
    let wide = net.layers.iter().map(|row| row.layer.len()).max().unwrap_or(0).max(5);
    writeln!(
        out,
        "{:>5} {:<wide$} {:<9} {:>14} {:>12} {:>13}  inputs",
        "block", "layer", "type", "output", "parameters", "multiply-adds"
    )?;
    for row in &net.layers {
        let output = row.output.map(|side| side.to_string()).join("x");
        let inputs = row.inputs.join(", ");
        let (parameters, macs) = (row.parameters, row.multiply_adds);
        writeln!(
            out,
            "{:>5} {:<wide$} {:<9} {output:>14} {parameters:>12} {macs:>13}  {inputs}",
            row.block, row.layer, row.kind
        )?;
    }
    let Shown { parameters, multiply_adds, blocks, digest, .. } = &net;
    let count = blocks.len();
    writeln!(out, "\n{}: {parameters} parameters, {multiply_adds} multiply-adds an image", net.net)?;
    writeln!(out, "{count} blocks, n = 1 to {}: {}", count.saturating_sub(1), blocks.join(", "))?;
    writeln!(out, "digest {digest}\n")?;
    let net = Net::build(&def, BuildOptions::of(options.batch))?;
    writeln!(out, "on a GPU: {}", memory_plan::describe(&net, Layout::VEC4))?;
    write!(out, "on the cpu: {}", memory_plan::describe(&net, Layout::NATIVE))?;
    Ok(())
}
