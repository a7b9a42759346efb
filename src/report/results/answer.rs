//! The answer: a sentence that can be quoted of what frozen blocks of other classes cost more than those of the same ones
//! (specificity), and up to which n they cost nothing; a sentence on the n that are undecided; a sentence on what freezing
//! costs by itself (co-adaptation).
//!
//! It is made from the verdicts by n, so that it can say no more than they do. A difference that lies inside the margin
//! costs "less than" the margin; one whose interval lies below zero costs its mean with half the interval; of any other
//! nothing is said but that it is undecided.

use super::super::{
    format::counted,
    run::{Arm, Kind},
    statistics::{Estimate, UNITS_TO_JUDGE, Verdict},
};
use super::{Results, contrast::Row};

/// Said of every report of a plan that was cut down.
pub(in super::super) const QUICK: &str =
    "This is a quick run: it shows that every part of the program works, and its numbers mean nothing.";

/// Said of a loss that is a difference to the bases.
const UNMATCHED: &str = ", against the bases, with no matched control";

/// The sentence of a study whose other numbers are computed.
pub(super) fn answer(results: &Results) -> String {
    if results.quick {
        return QUICK.to_string();
    }
    let Some(base) = &results.base else { return "No base has finished, so there is no answer yet.".to_string() };
    if base.estimate.at_chance > 0 {
        return format!(
            "{} of {} ended at chance: their training failed, so that nothing follows for features.",
            base.estimate.at_chance,
            counted(base.estimate.runs, "base")
        );
    }
    if results.loss.is_empty() {
        // Every frozen transfer network has a difference to its base.
        let planned = results.runs.iter().any(|run| run.arm == Arm::Transfer);
        let words = if planned { "has finished, so there is no answer yet" } else { "is part of this study" };
        return format!("No frozen transfer network (AnB) {words}.");
    }
    let mut text = if results.specificity.is_empty() { loss(results) } else { specificity(results) };
    text.push_str(&remarks(results));
    text.push('.');
    text
}

/// Where the copied blocks come from.
const fn source(kind: Kind) -> &'static str {
    match kind {
        Kind::Random | Kind::OtherClasses | Kind::AllClasses | Kind::Reduced => "other classes",
        Kind::ManMadeNatural => "the other kind of classes (man-made or natural)",
        Kind::Listed => "the other half of the classes",
        Kind::OtherData => "the other data set",
        Kind::OppositeKind => "man-made classes",
        Kind::Shuffled => "shuffled images",
        Kind::Noise => "noise",
        Kind::Pretrained => "other data elsewhere",
    }
}

/// One decimal, the sign left to the words around it.
fn points(e: &Estimate) -> String {
    let half = e.half_width().map_or_else(String::new, |half| format!(" +- {half:.1}"));
    format!("{:.1}{half}", e.mean.abs())
}

/// What the verdicts by n come to.
struct Read<'a> {
    rows: &'a [Row],
    margin: f64,
}

fn loses_nothing(row: &Row) -> bool {
    matches!(row.test.verdict, Verdict::WithinMargin | Verdict::Higher)
}

impl<'a> Read<'a> {
    fn of(&self, verdict: Verdict) -> Vec<&'a Row> {
        self.rows.iter().filter(|row| row.test.verdict == verdict).collect()
    }

    /// The largest n up to which nothing is lost: at it and at every smaller n the interval is inside the margin or above
    /// zero.
    fn free(&self) -> Option<u32> {
        self.rows.iter().take_while(|row| loses_nothing(row)).last().map(|row| row.n)
    }

    /// Whether at all of some n nothing is lost.
    fn nothing_at(&self, ns: &[u32]) -> bool {
        ns.iter().all(|n| self.rows.iter().any(|row| row.n == *n && loses_nothing(row)))
    }

    /// What it costs by n, after the words of what is done; `None` where no n is decided.
    fn cost(&self) -> Option<String> {
        let (free, lost) = (self.free(), self.of(Verdict::Lower));
        let mut parts = Vec::new();
        if let (Some(free), Some(last)) = (free, self.rows.last().map(|row| row.n)) {
            let up_to = match (self.rows.len(), free == last) {
                (1, _) => format!("at n = {free}"),
                (_, true) => format!("at every n up to {free}"),
                _ if self.rows.first().is_some_and(|row| row.n == free) => format!("at n = {free}"),
                _ => format!("up to n = {free}"),
            };
            parts.push(format!("less than {} points {up_to}", self.margin));
        }
        let noun = |at: usize| if at == 0 { " points" } else { "" };
        let ends = [lost.first(), lost.last().filter(|_| lost.len() > 1)];
        for (at, row) in ends.into_iter().flatten().enumerate() {
            parts.push(format!("{}{} at n = {}", points(&row.estimate), noun(at), row.n));
        }
        let text = match &parts[..] {
            [] => return None,
            [rest @ .., last] if !rest.is_empty() => format!("cost {} and {last}", rest.join(", ")),
            _ => format!("cost {}", parts.join("")),
        };
        Some(text)
    }

    /// Sentences on the n of which nothing can be said.
    fn open(&self) -> String {
        let named = |rows: &[&Row]| {
            let ns: Vec<String> = rows.iter().map(|row| row.n.to_string()).collect();
            match &ns[..] {
                [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
                _ => ns.concat(),
            }
        };
        let mut text = String::new();
        let undecided = self.of(Verdict::Undecided);
        if !undecided.is_empty() {
            text.push_str(&format!(
                ". Undecided at n = {}: the interval holds both zero and more than {} points",
                named(&undecided),
                self.margin
            ));
        }
        let at_chance = self.of(Verdict::AtChance);
        if !at_chance.is_empty() {
            let ns = named(&at_chance);
            text.push_str(&format!(". At n = {ns} networks ended at chance, which says nothing of features"));
        }
        text
    }
}

/// What blocks of other classes cost on top of blocks of the same ones, which were frozen and trained alike, and what
/// freezing costs by itself.
fn specificity(results: &Results) -> String {
    let read = Read { rows: &results.specificity, margin: results.margin };
    let what = format!("rozen blocks trained on {}", source(results.kind));
    let beside = "compared with frozen blocks trained on the same classes";
    let main = match read.cost() {
        Some(cost) => format!("F{what} {cost}, {beside} (specificity){}", read.open()),
        None => undecided(&read, &format!("f{what} cost, {beside}")),
    };
    format!("{main}{}", co_adaptation(results))
}

/// What freezing costs by itself, as a further sentence.
fn co_adaptation(results: &Results) -> String {
    let gain = results.restart_gain().map(|gain| gain.mean).filter(|gain| *gain > results.margin);
    if let (None, Some(gain)) = (results.co_adaptation_control, gain) {
        return format!(
            ". What freezing itself costs (co-adaptation) is withheld, because a second training run alone gains {gain:.1} \
             points and no continue-n was trained"
        );
    }
    let read = Read { rows: &results.co_adaptation, margin: results.margin };
    let ns: Vec<u32> = read.rows.iter().map(|row| row.n).collect();
    let Some(&last) = ns.last() else { return String::new() };
    let unmatched = if results.co_adaptation_control.is_none() { UNMATCHED } else { "" };
    let begin = format!(". Freezing itself (co-adaptation{unmatched})");
    if read.nothing_at(&ns) {
        return format!("{begin} costs less than {} points at every n up to {last}", read.margin);
    }
    let most = read.of(Verdict::Lower).into_iter().min_by(|a, b| a.estimate.mean.total_cmp(&b.estimate.mean));
    let Some(most) = most else { return ". What freezing itself costs (co-adaptation) is undecided".to_string() };
    // From some n on nothing is lost any more.
    let after = ns.iter().filter(|n| **n > most.n).find(|n| read.nothing_at(&from(&ns, **n)));
    let after = after.map_or_else(String::new, |n| format!(" and less than {} from n = {n} on", read.margin));
    format!("{begin} costs up to {} points, at n = {},{after}", points(&most.estimate), most.n)
        .trim_end_matches(',')
        .to_string()
}

fn from(ns: &[u32], first: u32) -> Vec<u32> {
    ns.iter().copied().filter(|n| *n >= first).collect()
}

/// What copying and freezing costs where no network has frozen blocks of the same classes.
fn loss(results: &Results) -> String {
    let read = Read { rows: &results.loss, margin: results.margin };
    let what = format!("opied and frozen blocks trained on {}", source(results.kind));
    let gain = results.restart_gain().map(|gain| gain.mean).filter(|gain| *gain > results.margin);
    if let (None, Some(gain)) = (results.loss_control, gain) {
        return format!(
            "What c{what} cost is withheld, because a second training run alone gains {gain:.1} points and neither BnB nor \
             continue-n was trained"
        );
    }
    match read.cost() {
        Some(cost) if results.loss_control.is_none() => format!("C{what} {cost}{UNMATCHED}{}", read.open()),
        Some(cost) => format!("C{what} {cost}{}", read.open()),
        None => undecided(&read, &format!("c{what} cost")),
    }
}

/// The sentence where no n is decided.
fn undecided(read: &Read, what: &str) -> String {
    if !read.of(Verdict::AtChance).is_empty() && read.of(Verdict::Undecided).is_empty() {
        return format!("It is undecided what {what}: at every n networks ended at chance");
    }
    let Some(row) = read.rows.last() else { return format!("It is undecided what {what}") };
    let e = &row.estimate;
    let units = counted(e.units, e.unit.noun());
    let sign = if e.mean < 0.0 { "-" } else { "+" };
    match e.units < UNITS_TO_JUDGE {
        true => {
            let verb = if e.units == 1 { "gives" } else { "give" };
            format!("{units} {verb} no verdict on what {what} ({sign}{} points at n = {})", points(e), row.n)
        }
        false => {
            format!("{units} do not decide what {what} ({sign}{} points at n = {})", points(e), row.n)
        }
    }
}

/// What a reader of the sentence must know of the study.
fn remarks(results: &Results) -> String {
    let mut remarks = Vec::new();
    let s = &results.states;
    let waiting = s.pending + s.running + s.interrupted;
    if waiting > 0 {
        remarks.push(format!("{} not finished", counted(waiting, "network")));
    }
    let lost = s.failed + s.diverged;
    if lost > 0 {
        remarks.push(format!("{} failed or diverged and left out", counted(lost, "network")));
    }
    if results.plateau.reached == Some(false) {
        remarks.push("the bases were still improving".to_string());
    }
    if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join("; ")) }
}
