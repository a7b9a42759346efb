//! Several run directories: those of one experiment are one study, others stand side by side.

use super::made::{err, out, strata, tiny};
use std::{collections::BTreeSet, path::Path, path::PathBuf};

const SMALL: [&str; 2] = ["protocol.arms=[\"AnB\", \"BnB\"]", "protocol.layers=[2]"];

/// Trains some splits of a tiny study and returns its directory.
fn trained(runs: &Path, splits: &str, more: &[&str]) -> PathBuf {
    let mut command = tiny(&["reproduce"], runs);
    command.args(["--set", &format!("protocol.splits={splits}")]);
    let output = command.args(SMALL.iter().chain(more).flat_map(|set| ["--set", set])).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    runs.join("default-quick")
}

fn report(folders: &[&Path], to: &Path) -> serde_json::Value {
    let output = strata(&["report", "--format", "json", "--out"]).arg(to).args(folders).output().unwrap();
    assert!(output.status.success(), "{}", err(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn names(study: &serde_json::Value) -> BTreeSet<&str> {
    study["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect()
}

#[test]
fn directories_of_one_experiment_are_pooled_by_split_and_judged_together() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, splits: &str| trained(&folder.path().join(name), splits, &[]);
    let (one, other, both) = (of("one", "[0]"), of("other", "[1, 2]"), of("both", "[1, 0]"));
    let pooled = report(&[&one, &other], &folder.path().join("report"));
    let studies = pooled["studies"].as_array().unwrap();
    assert_eq!(studies.len(), 1);
    assert_eq!(names(&studies[0]).len(), 3 * (2 + 4));
    assert_eq!(studies[0]["states"]["done"], 3 * (2 + 4));
    assert_eq!(studies[0]["base"]["estimate"]["units"], 3);
    let claim = pooled["claims"].as_array().unwrap().iter().find(|claim| claim["number"] == 2);
    assert!(claim.is_some() && studies[0]["halves"].as_array().unwrap().len() == 6);
    // A split that two directories hold counts once.
    let again = report(&[&one, &both, &other], &folder.path().join("again"));
    assert_eq!(again["studies"][0]["paired"], studies[0]["paired"]);
    assert_eq!(again["studies"].as_array().unwrap().len(), 1);
}

#[test]
fn directories_whose_networks_have_one_name_and_other_results_stand_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| trained(&folder.path().join(name), "[0]", &[]));
    let together = report(&[&one, &other], &folder.path().join("report"));
    assert_eq!(together["studies"].as_array().unwrap().len(), 1);
    // As if another device had computed it: one network ends at another loss.
    let (log, manifest) = (other.join("s0-r0-baseA/log.jsonl"), other.join("s0-r0-baseA/manifest.toml"));
    let mut last: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&log).unwrap()).unwrap();
    last["loss"] = 1.25.into();
    let line = format!("{last}\n");
    std::fs::write(&log, &line).unwrap();
    let mut table: toml::Table = std::fs::read_to_string(&manifest).unwrap().parse().unwrap();
    table["log"] = strata::host::digest::hex(line.as_bytes()).into();
    std::fs::write(&manifest, table.to_string()).unwrap();
    let apart = report(&[&one, &other], &folder.path().join("again"));
    assert_eq!(apart["studies"].as_array().unwrap().len(), 2);
}

#[test]
fn directories_of_one_name_that_are_no_one_experiment_stand_side_by_side_without_colliding() {
    let folder = tempfile::tempdir().unwrap();
    let one = trained(&folder.path().join("one"), "[0]", &[]);
    let other = trained(&folder.path().join("other"), "[0]", &["solver.base_lr=0.02"]);
    // The name of a section, in capitals that some file systems do not tell apart.
    let named = trained(&folder.path().join("named"), "[0]", &["name=\"Default\""]);
    let named = named.with_file_name("Default-quick");
    let to = folder.path().join("report");
    let both = report(&[&one, &other, &named], &to);
    let studies = both["studies"].as_array().unwrap();
    let of: Vec<&str> = studies.iter().map(|study| study["experiment"].as_str().unwrap()).collect();
    assert_eq!(of, ["default-quick", "default-quick (2)", "Default-quick (3)"]);
    let page = std::fs::read_to_string(to.join("report.html")).unwrap();
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    let files = std::fs::read_dir(&to).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let files: BTreeSet<String> = files.map(|name| name.to_lowercase()).collect();
    for at in 1..=3 {
        let figures =
            files.iter().filter(|name| name.starts_with(&format!("{at}-default-quick")) && name.ends_with(".svg"));
        assert!(figures.count() > 3, "{files:?}");
    }
}

#[test]
fn a_report_shows_the_configuration_that_was_trained_whatever_was_asked_for_last() {
    let folder = tempfile::tempdir().unwrap();
    trained(folder.path(), "[0, 1]", &[]);
    let path = trained(folder.path(), "[1]", &["protocol.arms=[\"restart\"]"]);
    let json = report(&[&path], &folder.path().join("report"));
    let kept = json["studies"][0]["config_toml"].as_str().unwrap();
    let table: toml::Table = kept.parse().unwrap();
    let protocol = table["protocol"].as_table().unwrap();
    let list = |key: &str| protocol[key].as_array().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(list("splits"), ["1", "0"]);
    let arms: BTreeSet<String> = list("arms").into_iter().collect();
    assert_eq!(arms, BTreeSet::from(["\"AnB\"", "\"BnB\"", "\"restart\""].map(String::from)));
}

#[test]
#[cfg(target_os = "linux")]
fn a_page_that_no_program_opens_is_named_and_the_report_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let path = trained(folder.path(), "[0]", &[]);
    let output = strata(&["report", "--open"]).arg(&path).env("PATH", "").output().unwrap();
    assert!(output.status.success() && out(&output).contains("report.html"), "{}", err(&output));
    assert!(err(&output).contains("no program opened the page"), "{}", err(&output));
}

#[test]
fn a_quick_study_says_on_terminal_and_page_that_its_numbers_mean_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = trained(folder.path(), "[0]", &[]);
    let output = strata(&["report"]).arg(&path).output().unwrap();
    let (text, page) = (out(&output), std::fs::read_to_string(path.join("report/report.html")).unwrap());
    for written in [&text, &page] {
        assert!(written.contains("its numbers mean nothing"), "{written}");
        assert!(!written.contains("beside published") && !written.contains("ILSVRC2012"), "{written}");
    }
    assert!(page.contains("T-shirt/top") && page.contains("5 + 5 classes"), "the halves are named");
}
