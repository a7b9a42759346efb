//! A job file for HyperQueue (`hq job submit-file`): one task a network, in the order of the plan.

use super::Workflow;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// How often a task is started again whose worker was lost.
const CRASHES: u32 = 20;

#[derive(Serialize)]
struct Job<'a> {
    name: &'a str,
    task: Vec<Task>,
}

#[derive(Serialize)]
struct Task {
    id: usize,
    command: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deps: Vec<usize>,
    crash_limit: u32,
    stdout: String,
    stderr: String,
    request: Vec<Request>,
}

#[derive(Serialize)]
struct Request {
    resources: BTreeMap<&'static str, u32>,
}

/// The job file.
pub(super) fn job(workflow: &Workflow<'_>) -> String {
    let places: HashMap<&str, usize> =
        workflow.nodes.iter().enumerate().map(|(id, node)| (node.name.as_str(), id)).collect();
    let resources = || match workflow.is_on_gpu() {
        true => BTreeMap::from([("cpus", 1), ("gpus/nvidia", 1)]),
        false => BTreeMap::from([("cpus", 1)]),
    };
    let mut task: Vec<Task> = Vec::new();
    let mut add = |command, deps, name: &str| {
        let file = |end| workflow.working.join(format!("hyperqueue-{}", workflow.name)).join(format!("{name}.{end}"));
        task.push(Task {
            id: task.len(),
            command,
            deps,
            crash_limit: CRASHES,
            stdout: file("out").display().to_string(),
            stderr: file("err").display().to_string(),
            request: vec![Request { resources: resources() }],
        });
    };
    for node in workflow.nodes {
        let parents = node.parents.iter().filter_map(|name| places.get(name.as_str()).copied());
        add(workflow.of_network(node), parents.collect(), &node.name);
    }
    add(workflow.report(), (0..workflow.nodes.len()).collect(), "report");
    let count = workflow.nodes.len();
    let head = format!("# {count} networks of {}, and the report: hq job submit-file FILE\n", workflow.name);
    // Strings and numbers always serialise.
    head + &toml::to_string(&Job { name: workflow.name, task }).unwrap_or_default()
}
