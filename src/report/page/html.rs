//! Pieces of a page: escaped text, tables, figures. The page is well-formed XML, so that a strict parser can
//! check it.

use std::fmt::Write;

use super::super::figure::{Figure, Table, svg::escape};

const STYLE: &str = include_str!("style.css");

/// A whole page that loads nothing. `class` is an attribute of its body, `body` and the others are in order below the
/// title.
pub(super) fn document(title: &str, class: &str, body: &str, footer: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>\n\
         <link rel=\"icon\" href=\"data:,\"/>\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body{class}>\n\
         <main>\n<header><h1>{title}</h1></header>\n{body}</main>\n\
         <footer><p>{footer}</p></footer>\n</body>\n</html>\n",
        title = escape(title),
        footer = escape(footer),
    )
}

/// A table cell: a main text and a smaller line below it.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub main: String,
    pub small: Vec<String>,
    /// Words stand left, numbers right.
    pub words: bool,
}

impl Cell {
    /// A number.
    pub fn number(text: impl Into<String>) -> Self {
        Self { main: text.into(), small: Vec::new(), words: false }
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { main: text.into(), small: Vec::new(), words: true }
    }

    /// Adds a smaller line.
    pub fn below(mut self, text: impl Into<String>) -> Self {
        self.small.push(text.into());
        self
    }

    fn html(&self, tag: &str, scope: &str) -> String {
        let class = if self.words { " class=\"text\"" } else { "" };
        let small: String = self.small.iter().map(|s| format!("<small>{}</small>", escape(s))).collect();
        format!("<{tag}{class}{scope}>{}{small}</{tag}>", escape(&self.main))
    }
}

/// A table that scrolls sideways by itself where the screen is narrow, below a caption that does not; the first cell of a row is its title.
pub(super) fn table(caption: &str, head: &[Cell], rows: &[Vec<Cell>]) -> String {
    let mut out = format!(
        "<p class=\"caption\">{c}</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{c}\"><table aria-label=\"{c}\"><thead><tr>",
        c = escape(caption)
    );
    for cell in head {
        out.push_str(&cell.html("th", " scope=\"col\""));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            out.push_str(&if at == 0 { cell.html("th", " scope=\"row\"") } else { cell.html("td", "") });
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

fn of_figure(title: &str, table_: &Table) -> String {
    let head: Vec<Cell> = table_.head.iter().map(|text| Cell::number(text.as_str())).collect();
    let cells = |row: &Vec<String>| row.iter().map(|text| Cell::number(text.as_str())).collect();
    let rows: Vec<Vec<Cell>> = table_.rows.iter().map(cells).collect();
    table(title, &head, &rows)
}

/// A figure with its caption and its numbers as a table.
pub(super) fn figure(figure: &Figure) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<figure id=\"{name}\"{class}>\n{svg}<figcaption><strong>{title}.</strong> {caption} Files: <code>{name}.svg</code>, <code>{name}.png</code>.</figcaption>\n\
         <details><summary>The numbers of this figure as a table</summary>{table}</details></figure>\n",
        name = figure.name,
        class = if figure.panels.is_empty() { "" } else { " class=\"wide\"" },
        svg = match &figure.panels[..] {
            [] => figure.svg.clone(),
            panels => format!("<div class=\"panels\">\n{}</div>\n", panels.concat()),
        },
        title = escape(&figure.title),
        caption = escape(&figure.caption),
        table = of_figure(&figure.title, &figure.table),
    );
    out
}

/// Figures side by side where there is room.
pub(super) fn figures(some: &[String]) -> String {
    if some.is_empty() { String::new() } else { format!("<div class=\"figures\">\n{}</div>\n", some.concat()) }
}

/// A section with a heading of a level that can be linked to; empty content gives no section.
pub(super) fn section(id: &str, title: &str, content: &str, level: u8) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h{level} id=\"{id}-h\">{}</h{level}>\n{content}</section>\n",
        escape(title)
    )
}

/// A section that is folded until its heading is opened; a link to it opens it. Empty content gives none.
pub(super) fn fold(id: &str, title: &str, content: &str, level: u8) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!(
        "<details class=\"fold\"><summary><h{level} id=\"{id}-h\">{}</h{level}></summary>\n\
         <section id=\"{id}\" aria-labelledby=\"{id}-h\">\n{content}</section></details>\n",
        escape(title)
    )
}

/// A paragraph.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}
