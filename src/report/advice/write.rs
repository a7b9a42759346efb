//! Writes every form of an advice into its folder.

use super::super::{
    error::ReportError,
    figure::{of_advice, svg::standalone},
    page::of_advice as page,
    write::put,
};
use crate::{host::document::document, protocol::advice::record::Advice};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files of a written advice.
#[derive(Clone, Debug)]
pub struct Written {
    /// The page for people: `report.html`.
    pub page: PathBuf,
    /// The whole record: `advice.json`.
    pub json: PathBuf,
    /// Each figure as SVG and PNG.
    pub figures: Vec<PathBuf>,
}

/// Writes `report.html`, `advice.json` and each figure as SVG and PNG into a folder, which is made if it is missing.
/// Each file is written under another name and renamed.
///
/// # Errors
/// [`ReportError::Write`] where the folder cannot be written, [`ReportError::Raster`] where a picture cannot be drawn.
pub fn write(advice: &Advice, folder: &Path) -> Result<Written, ReportError> {
    let figures = of_advice(advice)?;
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.to_path_buf(), source })?;
    let mut paths = Vec::new();
    for figure in &figures {
        paths.push(put(folder, &format!("{}.svg", figure.name), standalone(&figure.svg).as_bytes())?);
        paths.push(put(folder, &format!("{}.png", figure.name), &figure.png)?);
    }
    Ok(Written {
        json: put(folder, "advice.json", serde_json::to_string_pretty(&document("advise", advice))?.as_bytes())?,
        page: put(folder, "report.html", page(advice, &figures).as_bytes())?,
        figures: paths,
    })
}
