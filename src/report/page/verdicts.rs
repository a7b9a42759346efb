//! The verdicts on the paper's claims as a table, and how each was reached.

use super::super::{
    figure::svg::escape,
    format::{minus, p_value, signed},
    results::{Claim, Judgement, Results},
    table::basis,
};
use super::{html::paragraph, minus_numbers};

fn number(claim: &Claim) -> String {
    if claim.number > 5 { "Figure 3".to_string() } else { claim.number.to_string() }
}

/// The class of a verdict, which colours it.
fn class(claim: &Claim) -> String {
    claim.judgement.words().replace(' ', "-")
}

/// The difference that was judged, with its interval and p.
fn measured(claim: &Claim) -> (String, String) {
    let ends = |low: Option<f64>, high: Option<f64>| match (low, high) {
        (Some(low), Some(high)) => format!("[{}, {}]", signed(low), signed(high)),
        _ => "no interval".to_string(),
    };
    let p = |p: Option<f64>| p.map_or_else(String::new, |p| format!(", p = {}", p_value(p)).replace("= <", "<"));
    let (mean, rest) = match (&claim.contrast, &claim.case) {
        (Some(found), _) => {
            let e = &found.estimate;
            (e.mean, format!("{}{}", ends(e.low, e.high), p(found.test.student.map(|student| student.p))))
        }
        (None, Some(case)) => (case.difference, format!("{}{}", ends(case.low, case.high), p(case.p))),
        (None, None) => return (String::new(), String::new()),
    };
    (minus(&signed(mean)), escape(&minus(&rest)))
}

/// The table of the claims that were tested, the others named below it, and how each was reached, folded.
pub(super) fn table(claims: &[Claim], results: &Results) -> String {
    if claims.is_empty() || results.base.is_none() {
        return String::new();
    }
    let row = |claim: &Claim| {
        let (mean, rest) = measured(claim);
        format!(
            "<tr><th scope=\"row\" class=\"text\"><strong>{}.</strong> {}</th>\
             <td class=\"text\"><span class=\"verdict {}\">{}</span><small>{}</small></td>\
             <td class=\"text\"><strong>{mean}</strong> {rest}<small>{}</small></td></tr>\n",
            number(claim),
            escape(&claim.claim),
            class(claim),
            escape(&claim.verdict),
            escape(basis(claim).trim().trim_start_matches('(').trim_end_matches(')')),
            escape(&claim.what),
        )
    };
    let (tested, untested): (Vec<&Claim>, Vec<&Claim>) =
        claims.iter().partition(|claim| claim.judgement != Judgement::NotTested);
    let mut out = String::new();
    // Before the table, because its numbers begin at 2 where one study is reported.
    if !untested.is_empty() {
        let names: Vec<String> = untested.iter().map(|claim| format!("{}. {}", number(claim), claim.claim)).collect();
        out.push_str(&format!("<p class=\"aside\">{} {}</p>\n", untested_why(&untested), escape(&names.join(" "))));
    }
    if !tested.is_empty() {
        let rows: String = tested.into_iter().map(row).collect();
        out.push_str(&format!(
            "<table class=\"verdicts\" aria-label=\"Verdicts\"><thead><tr><th scope=\"col\" class=\"text\">What Yosinski et al. (2014) say</th>\
             <th scope=\"col\" class=\"text\">Here</th><th scope=\"col\" class=\"text\">Difference in points, 95 % interval</th></tr></thead>\n\
             <tbody>\n{rows}</tbody></table>\n"
        ));
    }
    let item = |claim: &Claim| {
        format!("<li><strong>{}.</strong> {}</li>\n", number(claim), escape(&minus_numbers(&claim.found)))
    };
    let items: String = claims.iter().map(item).collect();
    out.push_str(&format!(
        "<details><summary>How each verdict was reached</summary>\n{}<ul class=\"claims\">\n{items}</ul>\n</details>\n",
        paragraph(&rule(results.margin, results.unit.noun()))
    ));
    out
}

/// Why claims are not in the table.
fn untested_why(untested: &[&Claim]) -> &'static str {
    let of_two_studies = |claim: &&Claim| claim.number == 1 || claim.number > 5;
    if untested.iter().all(of_two_studies) {
        "Of the claims of the paper (Yosinski et al. 2014) these compare two studies, and are not tested by one:"
    } else {
        "Of the claims of the paper (Yosinski et al. 2014) these are not tested, because a study or an arm that they need \
         is missing:"
    }
}

/// How verdicts follow from intervals.
fn rule(margin: f64, unit: &str) -> String {
    format!(
        "Each claim rests on one contrast between runs on the same targets, judged by its 95 % t interval over {unit}s: it \
         holds or fails where the interval lies on one side of zero and not inside the margin of {margin} points, there is \
         no difference of {margin} points or more where the interval lies inside the margin, and it is undecided where the \
         interval holds both zero and more than the margin. A sign-flip test of all these contrasts together stands beside \
         t as a check that assumes less. Two studies are compared by how much the random splits differ among themselves."
    )
}
