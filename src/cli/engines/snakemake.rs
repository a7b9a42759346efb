//! A Snakefile: a network's manifest, which is written last, is what its rule makes.

use super::Workflow;
use crate::host::shell;
use std::collections::BTreeMap;

/// A string of Python, which writes such strings as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A shell command within a string of Python in which Snakemake replaces words in braces.
fn command(words: &[String], network: Option<&str>) -> String {
    let text = shell::line(words).replace('{', "{{").replace('}', "}}");
    quoted(&network.map_or(text.clone(), |name| text.replace(name, "{wildcards.network}")))
}

/// The Snakefile.
pub(super) fn snakefile(workflow: &Workflow<'_>) -> String {
    /// What stands for a network's name, which no argument of a command holds.
    const NAME: &str = "NETWORK-OF-THE-RULE";
    let parents: BTreeMap<&str, &[String]> =
        workflow.nodes.iter().map(|node| (node.name.as_str(), node.parents.as_slice())).collect();
    let parents = serde_json::to_string_pretty(&parents).unwrap_or_default();
    let network = workflow.command("run", Some(NAME));
    let gpu = if workflow.is_on_gpu() { "    resources:\n        gpu=1\n" } else { "" };
    format!(
        r#"# {count} networks of {name}, and the report:
#   snakemake --snakefile FILE --directory {directory} --cores all --rerun-triggers mtime{limit}
# After a crash: the same with --rerun-incomplete.

FOLDER = {folder}

# Each network with those that it derives from.
PARENTS = {parents}


def manifest(network):
    return FOLDER + "/" + network + "/manifest.toml"


rule report:
    input:
        [manifest(network) for network in PARENTS],
    output:
        FOLDER + "/report/report.html",
    shell:
        {report}


rule network:
    input:
        lambda wildcards: [manifest(parent) for parent in PARENTS[wildcards.network]],
    output:
        FOLDER + "/{{network}}/manifest.toml",
    wildcard_constraints:
        network="[^/]+",
    threads: 1
    retries: 2
{gpu}    shell:
        {network}
"#,
        count = workflow.nodes.len(),
        name = workflow.name,
        directory = shell::line(&[workflow.working.display().to_string()]),
        limit = if workflow.is_on_gpu() { " --resources gpu=1" } else { "" },
        folder = quoted(&workflow.folder.display().to_string()),
        report = command(&workflow.report(), None),
        network = command(&network, Some(NAME)),
    )
}
