//! How numbers are written: two decimals of a point, a sign on every difference, no minus zero.

use super::statistics::{Estimate, SingleCase, Unit};

/// Two decimals, such as `62.51`.
#[must_use]
pub fn plain(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_string() } else { text }
}

/// Two decimals with a sign, such as `+0.97`; ASCII, for text and CSV.
#[must_use]
pub fn signed(value: f64) -> String {
    let text = plain(value);
    if value > 0.0 && text != "0.00" { format!("+{text}") } else { text }
}

/// The same text with a typographic minus, for pages and figures.
#[must_use]
pub fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

/// An accuracy that is given without need for digits, with one decimal where it has any.
#[must_use]
pub fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), String::from)
}

/// What an answer that never changes scores, in percent: one number, or the least and the most of several tasks.
#[must_use]
pub fn chance([low, high]: [f64; 2]) -> String {
    if plain(low) == plain(high) { format!("{} %", short(low)) } else { format!("{} to {} %", short(low), short(high)) }
}

/// A p-value with three decimals, with two digits below 0.001, such as `4.6e-4`.
#[must_use]
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-15 => "< 1e-15".to_string(),
        p if p < 0.001 => format!("{p:.1e}"),
        p => format!("{p:.3}"),
    }
}

/// A test in words, such as `t(3) = -12.31, p = 0.001`.
#[must_use]
pub fn t_and_p(t: f64, df: usize, p: f64) -> String {
    let t = if t.is_finite() { format!("= {}", plain(t)) } else { "is infinite".to_string() };
    format!("t({df}) {t}, p = {}", p_value(p)).replace("p = <", "p <")
}

/// A count with its noun, such as `1 split` or `4 splits`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The units of an estimate, such as `4 splits, 8 targets, 8 runs`.
#[must_use]
pub fn units(e: &Estimate) -> String {
    let counts = format!("{}, {}", counted(e.targets, "target"), counted(e.runs, "run"));
    format!("{}, {counts}{}", counted(e.units, e.unit.noun()), conditional(e))
}

/// What an interval over replicates holds for.
#[must_use]
pub const fn conditional(e: &Estimate) -> &'static str {
    match e.unit {
        Unit::Split => "",
        Unit::Replicate => "; conditional on this pair",
    }
}

/// The interval in brackets; says so where one unit gives none.
#[must_use]
pub fn interval(e: &Estimate, number: impl Fn(f64) -> String) -> String {
    match (e.low, e.high) {
        (Some(low), Some(high)) => format!("[{}, {}]", number(low), number(high)),
        _ => "(no interval)".to_string(),
    }
}

/// Interval and units, such as `[+0.40, +1.54] (4 splits, 8 targets, 8 runs)`.
#[must_use]
pub fn spread(e: &Estimate, number: impl Fn(f64) -> String) -> String {
    match e.low {
        None => format!("({}; no interval)", units(e)),
        Some(_) => format!("{} ({})", interval(e, number), units(e)),
    }
}

/// A difference with interval and units, such as `+0.97 points [+0.40, +1.54] (4 splits, 8 targets, 8 runs)`.
#[must_use]
pub fn difference(e: &Estimate) -> String {
    let noun = if plain(e.mean.abs()) == "1.00" { "point" } else { "points" };
    format!("{} {noun} {}", signed(e.mean), spread(e, signed))
}

/// A difference between special units and ordinary ones, such as
/// `-16.75 points [-17.73, -15.76] (1 split against 4; t(3) = -54.40, p = 1.4e-5)`.
#[must_use]
pub fn case(c: &SingleCase, against: &str) -> String {
    match (c.low, c.high, c.t, c.p) {
        (Some(low), Some(high), Some(t), Some(p)) => {
            let test = t_and_p(t, c.splits - 1, p);
            format!("{} points [{}, {}] ({against}; {test})", signed(c.difference), signed(low), signed(high))
        }
        _ => format!("{} points ({against}: their spread is unknown, so there is no interval)", signed(c.difference)),
    }
}

/// Seconds as `h`, `min` and `s`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0).round() as u64 } else { 0 };
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_carry_signs_and_zero_none() {
        assert_eq!(signed(0.974), "+0.97");
        assert_eq!(signed(-8.258), "-8.26");
        assert_eq!(signed(-0.001), "0.00");
        assert_eq!(signed(0.001), "0.00");
    }

    #[test]
    fn small_ps_keep_two_digits() {
        let texts = [0.0312, 4.61e-4, 3.05e-5, 0.0].map(p_value);
        assert_eq!(texts, ["0.031", "4.6e-4", "3.0e-5", "< 1e-15"]);
        assert_eq!(t_and_p(-12.307, 3, 4.6e-4), "t(3) = -12.31, p = 4.6e-4");
        assert_eq!(t_and_p(f64::INFINITY, 3, 0.0), "t(3) is infinite, p < 1e-15");
    }

    #[test]
    fn durations_read_in_two_units() {
        assert_eq!(duration(59.6), "1 min 00 s");
        assert_eq!(duration(7322.0), "2 h 02 min");
        assert_eq!(duration(f64::NAN), "0 s");
    }
}
