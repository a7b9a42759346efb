//! Statistics, tables, figures and the HTML report, from plain records.
//!
//! One or several [`Study`] go in; [`report`] computes every number once, and everything written only formats those
//! numbers, so that table, figure, page and `results.json` cannot disagree.

pub mod advice;
mod csv;
pub mod directories;
pub mod error;
pub mod figure;
mod format;
mod json_nan;
mod kind;
pub mod load;
mod measured;
mod page;
mod published;
mod published_text;
mod results;
mod run;
pub mod statistics;
mod study;
mod table;
mod tensorboard;
mod write;

pub use csv::{runs_csv, summary_csv};
pub use error::ReportError;
pub use figure::{
    Figure, Place, Table, figures, figures_together, filters_png,
    roofline::{Achieved, Roof, roofline},
};
pub use measured::{Confusion, Estimator, Filters, Similarity};
pub use page::{Drawn, page};
pub use published::published;
pub use published_text::published_text;
pub use results::{
    AtChance, Beside, Boost, Claim, ClassRow, ConfusionRows, Contrast, CostRow, Count, Curve, Difference, Excluded,
    FilterRanges, Gains, Judgement, Level, MeanCurve, PaperRow, Plateau, Preserved, Report, Results, Row, RunRow,
    Shared, SharedCell, SimilarityRow, SizeRow, States, TargetRow, Trained, analyse, report,
};
pub use run::{Arm, EVALUATIONS_FOR_BEST_TEN, Evaluation, Kind, Reported, Run, State, USUAL_MARGIN};
pub use statistics::{Check, Unit, Verdict};
pub use study::{HalfClasses, Study};
pub use table::text;
pub use tensorboard::write_events;
pub use write::{Written, draw, write};
