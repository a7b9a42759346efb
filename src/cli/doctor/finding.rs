//! What was looked at, what was found, and what follows.

use serde::Serialize;

/// Whether something is as strata needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    Good,
    Bad,
    Unknown,
}

/// One line of the result.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub what: &'static str,
    pub verdict: Verdict,
    pub found: String,
    /// What follows where it is not good.
    pub follows: Option<String>,
}

impl Finding {
    pub fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, found: found.into(), follows: None }
    }

    pub fn bad(what: &'static str, found: impl Into<String>, follows: &str) -> Self {
        Self { what, verdict: Verdict::Bad, found: found.into(), follows: Some(follows.into()) }
    }

    pub fn unknown(what: &'static str, found: impl Into<String>, follows: &str) -> Self {
        Self { what, verdict: Verdict::Unknown, found: found.into(), follows: Some(follows.into()) }
    }

    /// Good or bad, by a condition.
    pub fn that(good: bool, what: &'static str, found: impl Into<String>, follows: &str) -> Self {
        if good { Self::good(what, found) } else { Self::bad(what, found, follows) }
    }
}
