//! A survey in Prometheus' text format.

use crate::protocol::survey::{Activity, Survey, Watched};
use std::fmt::Write;

/// A value of a label, with what the format reserves escaped.
fn label(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// One metric of every network that has it.
type OfNetwork = (&'static str, &'static str, fn(&Watched) -> Option<f64>);

const OF_NETWORKS: [OfNetwork; 6] = [
    ("strata_network_step", "Steps done.", |network| Some(network.step as f64)),
    ("strata_network_steps", "Steps in all.", |network| Some(network.steps as f64)),
    ("strata_network_images_per_second", "Images trained on a second.", |network| network.images_per_second),
    ("strata_network_left_seconds", "Seconds until the last step.", |network| network.left_seconds),
    ("strata_network_loss", "The last loss.", |network| network.losses.last().copied()),
    ("strata_network_top1", "Accuracy at the last evaluation, from 0 to 1.", |network| network.top1),
];

/// The text.
pub(super) fn text(surveys: &[Survey]) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        // Writing into a string does not fail.
        let _ = writeln!(text, "{words}");
    };
    line("# HELP strata_networks Networks by what they are doing.\n# TYPE strata_networks gauge".into());
    for survey in surveys {
        for activity in Activity::ALL {
            let count = survey.counts.get(&activity).copied().unwrap_or(0);
            let experiment = label(&survey.experiment);
            line(format!("strata_networks{{experiment=\"{experiment}\",state=\"{}\"}} {count}", activity.name()));
        }
    }
    for (name, help, value) in OF_NETWORKS {
        line(format!("# HELP {name} {help}\n# TYPE {name} gauge"));
        for survey in surveys {
            for network in &survey.networks {
                let host = network.owner.as_ref().map_or("", |owner| owner.host.as_str());
                let labels = [("experiment", survey.experiment.as_str()), ("network", &network.name), ("host", host)];
                let labels = labels.map(|(name, value)| format!("{name}=\"{}\"", label(value))).join(",");
                if let Some(value) = value(network) {
                    line(format!("{name}{{{labels}}} {value}"));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::status::made::made;

    #[test]
    fn every_sample_belongs_to_a_metric_that_was_announced_and_labels_are_escaped() {
        let mut survey = made();
        survey.networks[0].name = "a\"b\\c\nd".into();
        let text = text(&[survey]);
        assert!(text.contains(r#"strata_networks{experiment="default",state="failed"} 1"#), "{text}");
        assert!(text.contains(r#"network="a\"b\\c\nd""#) && text.ends_with('\n'), "{text}");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, rest) = line.split_once('{').unwrap();
            assert!(text.contains(&format!("# TYPE {name} gauge")), "{line}");
            assert!(rest.rsplit_once("} ").unwrap().1.parse::<f64>().is_ok(), "{line}");
        }
    }
}
