//! Files for schedulers and workflow engines: the networks of a plan as what they start.
//!
//! An engine starts commands and watches files; what may run twice, be killed and be run again is strata's own matter.

mod hyperqueue;
mod sbatch;
mod snakemake;

use super::StudyArgs;
use crate::protocol::{Experiment, Node, Plan, ProtocolError};
use std::{io, path::PathBuf};

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sbatch,
    HyperQueue,
    Snakemake,
}

/// A plan as engines need it.
pub struct Workflow<'a> {
    /// The experiment's name, which is that of its directory.
    pub name: &'a str,
    /// Where its networks go.
    pub folder: PathBuf,
    /// The program's own path.
    program: PathBuf,
    /// The working directory, which paths in arguments are relative to.
    pub working: PathBuf,
    study: &'a StudyArgs,
    device: &'a str,
    /// The networks, parents before children.
    pub nodes: &'a [Node],
    /// Workers that are started at once.
    pub workers: usize,
}

impl<'a> Workflow<'a> {
    /// The workflow of a plan's networks.
    ///
    /// # Errors
    /// A program or a working directory that cannot be found out.
    pub fn of(
        study: &'a StudyArgs,
        experiment: &'a Experiment,
        plan: &'a Plan,
        device: &'a str,
        workers: usize,
    ) -> Result<Self, ProtocolError> {
        let failed = |source| ProtocolError::Io { path: "strata".into(), source };
        Ok(Self {
            name: &experiment.name,
            folder: study.runs().join(&experiment.name),
            program: std::env::current_exe().map_err(failed)?,
            working: std::env::current_dir().map_err(failed)?,
            study,
            device,
            nodes: &plan.nodes,
            workers: workers.min(plan.nodes.len()).max(1),
        })
    }

    /// The program with a command of its own; `name` is a network's, which follows the experiment's.
    pub fn command(&self, verb: &str, name: Option<&str>) -> Vec<String> {
        let mut words = vec![self.program.display().to_string(), verb.into()];
        words.extend(self.study.arguments());
        words.splice(3..3, name.map(String::from));
        if self.device != "auto" {
            words.extend(["--device".into(), self.device.into()]);
        }
        words
    }

    /// The command that trains a network whose parents are done.
    pub fn of_network(&self, node: &Node) -> Vec<String> {
        self.command("run", Some(&node.name))
    }

    /// The files that are there when a network is done; the manifest is written last.
    pub fn outputs(&self, node: &Node) -> [PathBuf; 2] {
        ["weights.safetensors", "manifest.toml"].map(|file| self.folder.join(&node.name).join(file))
    }

    /// The command that writes the report.
    pub fn report(&self) -> Vec<String> {
        vec![self.program.display().to_string(), "report".into(), self.folder.display().to_string()]
    }

    /// Whether a network takes a GPU, as far as the arguments say.
    pub fn is_on_gpu(&self) -> bool {
        self.device != "cpu" && self.device != "software"
    }

    /// Writes the file of an engine.
    ///
    /// # Errors
    /// An output that cannot be written to.
    pub fn write(&self, engine: Engine, out: &mut impl io::Write) -> io::Result<()> {
        let text = match engine {
            Engine::Sbatch => sbatch::script(self),
            Engine::HyperQueue => hyperqueue::job(self),
            Engine::Snakemake => snakemake::snakefile(self),
        };
        out.write_all(text.as_bytes())
    }
}
