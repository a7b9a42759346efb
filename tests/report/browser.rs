//! The page in a browser, at the widths of a telephone and of a desk, and on paper.
//!
//! The numbers themselves are checked without one in [`super::drawn`]; what only a browser knows is where it puts them.

use super::advised::advice;
use super::synthetic::several;
use super::written::{full, write};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Looks into the page from outside, since the page itself runs no script: whether it is wider than the window, how
/// many means are drawn, how many of them stand away from their value on the axis, and the smallest text.
const LOOK: &str = r#"<!DOCTYPE html><meta charset="utf-8"/><pre id="found">nothing</pre>
<iframe id="page" style="width:WIDTHpx;height:900px;border:0" src="report.html"></iframe>
<script>
onload = () => {
  const view = page.contentDocument, centre = box => (box.top + box.bottom) / 2;
  const number = text => parseFloat(text.textContent.replace("\u2212", "-"));
  view.querySelectorAll("details").forEach(fold => fold.open = true);
  let means = 0, astray = 0, least = 99;
  for (const svg of view.querySelectorAll("figure svg")) {
    const heights = [...svg.querySelectorAll("text")].map(t => t.getBoundingClientRect().height).filter(h => h > 0);
    least = Math.min(least, ...heights);
    const marks = [...svg.querySelectorAll("[data-mean]")];
    const ticks = [...svg.querySelectorAll("text[text-anchor=end][x='56']")].filter(t => !isNaN(number(t)));
    if (!marks.length) continue;
    const [low, high] = [ticks[0], ticks[ticks.length - 1]].map(t => [number(t), centre(t.getBoundingClientRect())]);
    for (const mark of marks) {
      const value = parseFloat(mark.dataset.mean), box = mark.getBoundingClientRect();
      const y = low[1] + (value - low[0]) / (high[0] - low[0]) * (high[1] - low[1]);
      means += 1;
      if (box.height <= 0 || y < box.top - 2 || y > box.bottom + 2) astray += 1;
    }
  }
  const cells = [...view.querySelectorAll(".scroll tbody th")].filter(c => c.getClientRects().length);
  const narrow = cells.filter(c => c.getBoundingClientRect().width < 40).length;
  found.textContent = [view.documentElement.scrollWidth, means, astray, least.toFixed(2), narrow].join(" ");
};
</script>"#;

fn chromium() -> PathBuf {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let found =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file());
    found.expect("a Chromium in PATH: run scripts/web, which installs it")
}

/// Runs the browser on a file and returns what it wrote: the document, and its complaints.
fn run(browser: &Path, profile: &Path, more: &[String], file: &Path) -> (String, String) {
    let quiet = ["background-networking", "component-update", "sync"].map(|what| format!("--disable-{what}"));
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"])
        .args(["--enable-logging=stderr", "--v=0", "--allow-file-access-from-files", "--virtual-time-budget=10000"])
        .args(quiet)
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(more)
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Holds the page in a folder to its promises on a telephone, on a desk and on paper; `drawn` means are on it.
fn fits(folder: &Path, drawn: usize) {
    let browser = chromium();
    let profile = folder.join("profile");
    for width in [360, 1440] {
        let look = folder.join("look.html");
        std::fs::write(&look, LOOK.replace("WIDTH", &width.to_string())).unwrap();
        let (document, complaints) = run(&browser, &profile, &["--dump-dom".to_string()], &look);
        assert!(!complaints.contains("CONSOLE"), "{complaints}");
        let found = document.split("<pre id=\"found\">").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap();
        let found: Vec<f64> = found.split(' ').map(|word| word.parse().unwrap_or(f64::NAN)).collect();
        let [across, means, astray, least, narrow] = found[..] else { panic!("{found:?}") };
        assert!(across <= f64::from(width), "at {width} px the page is {across} px wide");
        assert_eq!((means as usize, astray as usize), (drawn, 0), "means and those astray at {width} px");
        assert!(least >= 8.0, "at {width} px a label is {least} px high");
        // Where there is room, a title of one digit is narrow by itself.
        assert!(width > 360 || narrow == 0.0, "{narrow} titles of rows are squeezed at {width} px");
    }
    let paper = folder.join("report.pdf");
    let more = [format!("--print-to-pdf={}", paper.display()), "--no-pdf-header-footer".to_string()];
    let (_, complaints) = run(&browser, &profile, &more, &folder.join("report.html"));
    assert!(!complaints.contains("CONSOLE"), "{complaints}");
    assert!(std::fs::read(paper).unwrap().starts_with(b"%PDF"));
}

/// The means that are drawn on the page in a folder.
fn drawn(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("report.html")).unwrap().matches("data-mean=").count()
}

#[test]
fn in_a_browser_the_page_fits_its_window_and_every_mean_stands_at_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let studies: Vec<_> = std::iter::once(full()).chain(several().into_iter().skip(1)).collect();
    write(&studies, folder.path()).unwrap();
    let drawn = drawn(folder.path());
    assert!(drawn > 100, "{drawn}");
    fits(folder.path(), drawn);
}

#[test]
fn in_a_browser_the_page_of_an_advice_fits_its_window_and_every_mean_stands_at_its_value() {
    let folder = tempfile::tempdir().unwrap();
    strata::report::advice::write(&advice(), folder.path()).unwrap();
    let drawn = drawn(folder.path());
    assert!(drawn > 40, "{drawn}");
    fits(folder.path(), drawn);
}
