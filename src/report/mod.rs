//! Statistics, tables, figures and the HTML report, from plain records.
//!
//! One [`Study`] goes in; [`analyse`] computes every number once, and everything written only formats those
//! numbers, so that table, figure, page and `results.json` cannot disagree.

mod csv;
pub mod error;
pub mod figure;
mod format;
pub mod load;
mod page;
mod published;
mod results;
mod run;
pub mod statistics;
mod table;
mod write;

pub use csv::{runs_csv, summary_csv};
pub use error::ReportError;
pub use figure::{Figure, Table, figures};
pub use page::page;
pub use published::published;
pub use results::{
    Boost, Claim, Contrast, Curve, Difference, Excluded, Judgement, Level, MeanCurve, PaperRow, Results, Row, RunRow,
    States, analyse,
};
pub use run::{Arm, EVALUATIONS_FOR_BEST_TEN, Evaluation, Filters, Reported, Run, State, Study};
pub use statistics::Verdict;
pub use table::text_table;
pub use write::{Written, write};
