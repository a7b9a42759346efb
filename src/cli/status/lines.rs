//! The view of a survey as lines that fit a number of columns.

use crate::protocol::survey::{Activity, Survey, Watched};
use std::fmt::Write;

/// How a view is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub columns: u16,
    /// Without characters that a terminal may not have.
    pub ascii: bool,
    /// With networks that have ended or have not begun.
    pub all: bool,
}

/// A line, and what the network in it is doing.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub text: String,
    pub activity: Option<Activity>,
}

/// Seconds as people say them.
fn span(seconds: f64) -> String {
    match seconds as u64 {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        s @ 3600..86400 => format!("{}h{:02}m", s / 3600, s / 60 % 60),
        s => format!("{}d{:02}h", s / 86400, s / 3600 % 24),
    }
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_BARS: [char; 8] = ['_', '.', ',', '-', '~', '=', '+', '#'];

/// The latest values as a row of bars from their least to their greatest.
fn sparkline(values: &[f64], columns: usize, ascii: bool) -> String {
    let bars = if ascii { ASCII_BARS } else { BARS };
    let latest: Vec<f64> = values[values.len().saturating_sub(columns)..].to_vec();
    let finite = || latest.iter().copied().filter(|value| value.is_finite());
    let (least, most) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let bar = |&value: &f64| match (value - least) / (most - least) {
        share if share.is_finite() => bars[((share * 7.0).round() as usize).min(7)],
        _ if value.is_finite() => bars[0],
        _ => '!',
    };
    latest.iter().map(bar).collect()
}

/// A text of exactly so many columns: cut, or filled with spaces.
fn fitted(text: &str, columns: usize) -> String {
    let count = text.chars().count();
    if count <= columns {
        return format!("{text}{}", " ".repeat(columns - count));
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{kept}~")
}

/// Text to the right of so many columns.
fn right(text: &str, columns: usize) -> String {
    let text = fitted(text, columns);
    let kept = text.trim_end();
    format!("{}{kept}", " ".repeat(columns - kept.chars().count()))
}

/// The columns of a table, of which a narrow one has fewer: title, columns, whether to the right, least width of the
/// whole.
const TABLE: [(&str, usize, bool, u16); 9] = [
    ("network", 22, false, 0),
    ("state", 11, false, 0),
    ("done", 5, true, 0),
    ("images/s", 8, true, 0),
    ("left", 6, true, 0),
    ("loss", 7, true, 0),
    ("to base", 8, true, 0),
    ("since", 6, true, 100),
    ("process", 30, false, 130),
];

/// The cells of a network, in the order of the table.
fn cells(network: &Watched) -> [String; TABLE.len()] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let share = 100.0 * network.step as f64 / network.steps.max(1) as f64;
    [
        network.name.clone(),
        network.activity.name().into(),
        format!("{share:.0}%"),
        or_dash(network.images_per_second.map(|speed| format!("{speed:.0}"))),
        or_dash(network.left_seconds.map(span)),
        or_dash(network.losses.last().map(|loss| format!("{loss:.4}"))),
        or_dash(network.to_base.map(|points| format!("{points:+.2}"))),
        or_dash(network.taken_seconds.map(span)),
        or_dash(network.owner.as_ref().map(|owner| format!("{} on {}", owner.process, owner.host))),
    ]
}

fn row(cells: [String; TABLE.len()], losses: &[f64], look: &Look) -> String {
    let shown = TABLE.into_iter().zip(cells).filter(|((.., least), _)| look.columns >= *least);
    let mut text = String::new();
    for ((_, columns, to_the_right, _), cell) in shown {
        let cell = if to_the_right { right(&cell, columns) } else { fitted(&cell, columns) };
        // Writing into a string does not fail.
        let _ = write!(text, "{cell} ");
    }
    let left = usize::from(look.columns).saturating_sub(text.chars().count());
    if left > 3 {
        text.push_str(&sparkline(losses, left.min(60), look.ascii));
    }
    text.trim_end().chars().take(usize::from(look.columns)).collect()
}

/// The lines of some surveys: for each the counts, the networks that somebody trains or should look at, and why
/// networks failed.
pub(super) fn lines(surveys: &[Survey], look: &Look) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |text: String, activity| {
        let text = text.chars().take(usize::from(look.columns)).collect();
        lines.push(Line { text, activity });
    };
    for (place, survey) in surveys.iter().enumerate() {
        if place > 0 {
            add(String::new(), None);
        }
        let counts = survey.counts.iter().map(|(activity, count)| format!("{count} {}", activity.name()));
        let counts = counts.collect::<Vec<_>>().join(", ");
        add(format!("{}: {} networks: {counts}", survey.experiment, survey.networks.len()), None);
        if survey.images_per_second > 0.0 {
            let left = survey.left_seconds.map_or_else(String::new, |left| format!(", about {} left", span(left)));
            add(format!("{:.0} images/s{left}", survey.images_per_second), None);
        }
        let of_interest = |network: &&Watched| {
            let usual = [Activity::Done, Activity::Ready, Activity::Waiting, Activity::Blocked];
            look.all || !usual.contains(&network.activity)
        };
        let mut shown: Vec<&Watched> = survey.networks.iter().filter(of_interest).collect();
        shown.sort_by_key(|network| network.activity);
        if shown.is_empty() {
            continue;
        }
        add(row(TABLE.map(|(title, ..)| title.to_string()), &[], look), None);
        for network in &shown {
            add(row(cells(network), &network.losses, look), Some(network.activity));
        }
        for network in shown {
            if let Some(message) = &network.message {
                add(format!("{}: {message}", network.name), Some(network.activity));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::status::made::made;

    #[test]
    fn every_line_fits_its_columns_and_says_what_matters() {
        for (columns, ascii) in [(80, true), (80, false), (200, true), (200, false), (20, true)] {
            let lines = lines(&[made()], &Look { columns, ascii, all: false });
            assert!(lines.iter().all(|line| line.text.chars().count() <= usize::from(columns)), "{lines:#?}");
            assert!(!ascii || lines.iter().all(|line| line.text.is_ascii()), "{lines:#?}");
            let text = lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
            assert!(!text.contains("baseA"), "done ones are not listed: {text}");
            if columns >= 80 {
                for word in
                    ["3 networks: 1 training, 1 failed, 1 done", "about 1m05s left", "25%", "1234", "1d01h", "-1.25"]
                {
                    assert!(text.contains(word), "{word} is missing in {text}");
                }
                assert!(text.contains("the disk is full"), "{text}");
                // Who is at work comes first.
                assert!(text.find("s0-r0-A3B+") < text.find("s0-r0-other"), "{text}");
            }
            assert_eq!(text.contains("123456 on a-host"), columns == 200, "{text}");
        }
        let all = lines(&[made()], &Look { columns: 80, ascii: true, all: true });
        assert!(all.iter().any(|line| line.text.contains("baseA")));
    }

    #[test]
    fn a_sparkline_goes_from_the_least_to_the_greatest_of_the_latest_values() {
        assert_eq!(sparkline(&[9.0, 0.0, 1.0, 2.0], 3, true), "_~#");
        assert_eq!(sparkline(&[1.0, 1.0], 5, false), "▁▁");
        assert_eq!(sparkline(&[f64::NAN, 1.0, 2.0], 5, true), "!_#");
        assert_eq!(sparkline(&[], 5, true), "");
    }
}
