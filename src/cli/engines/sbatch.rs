//! A script for Slurm's `sbatch`: one array of workers, each of which trains what is ready until nothing is left.

use super::Workflow;
use crate::host::shell;

/// Minutes after which a worker without anything to train gives its machine back.
const IDLE: &str = "10";

/// The script.
pub(super) fn script(workflow: &Workflow<'_>) -> String {
    let mut worker = workflow.command("reproduce", None);
    worker.extend(["--idle-exit", IDLE].map(String::from));
    let gpu = if workflow.is_on_gpu() { "#SBATCH --gres=gpu:1\n" } else { "" };
    format!(
        r#"#!/bin/bash
# {count} networks of {name} by an array of {workers} workers on one run directory.
#   sbatch FILE
# Add what your site asks for, such as --partition, --account, --time, --cpus-per-task and --mem.
#SBATCH --job-name=strata-{name}
#SBATCH --array=0-{last}
#SBATCH --ntasks=1
{gpu}#SBATCH --requeue
#SBATCH --signal=B:TERM@60
#SBATCH --open-mode=append
#SBATCH --output=strata-{name}-%a.log

cd {working} || exit 1

# Slurm's signal comes to this shell 60 seconds before the time is up; the worker needs one step to stop.
stopped=
{worker} &
worker=$!
trap 'stopped=yes; kill -TERM "$worker"' TERM
wait "$worker"
code=$?
if [ "$stopped" ]; then
    # A signal ends the first wait early.
    wait "$worker"
    code=$?
fi
case $code in
    # Other workers have what is left, or wait for it.
    75) exit 0 ;;
    # Stopped with checkpoints: the next turn of this worker resumes.
    143) scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"; exit 0 ;;
    *) exit "$code" ;;
esac
"#,
        count = workflow.nodes.len(),
        name = workflow.name,
        workers = workflow.workers,
        last = workflow.workers - 1,
        working = shell::line(&[workflow.working.display().to_string()]),
        worker = shell::line(&worker),
    )
}
