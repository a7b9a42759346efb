//! What the terminal behind stderr can show.

use indicatif::{ProgressBar, ProgressStyle};
use std::{env, io::IsTerminal};

/// Whether lines on stderr can be drawn over: a terminal, and none that says that it is dumb.
pub fn is_live() -> bool {
    std::io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A bar on a terminal that can show one, which fits into 80 columns and, where the locale is not UTF-8, is ASCII.
pub fn bar(template: &str, length: u64) -> Option<ProgressBar> {
    is_live().then(|| {
        let bar = ProgressBar::new(length);
        bar.set_style(style(template, is_utf8(|name| env::var(name).ok())));
        bar
    })
}

fn style(template: &str, utf8: bool) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    if utf8 { style } else { style.progress_chars("=> ").tick_chars("-\\|/ ") }
}

/// Whether characters are UTF-8, by the first of the variables of POSIX that is set.
fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
    let locale = locale.unwrap_or_default().to_uppercase();
    locale.contains("UTF-8") || locale.contains("UTF8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::{InMemoryTerm, ProgressDrawTarget, TermLike};

    #[test]
    fn the_locale_is_that_of_the_first_variable_that_is_set() {
        let of = |all: Option<&str>, lang: Option<&str>| {
            is_utf8(|name| match name {
                "LC_ALL" => all.map(String::from),
                "LANG" => lang.map(String::from),
                _ => None,
            })
        };
        assert!(of(None, Some("de_DE.UTF-8")) && of(Some("C.utf8"), Some("C")));
        assert!(!of(Some("C"), Some("en_US.UTF-8")) && !of(None, None) && !of(Some("POSIX"), None));
        assert!(of(Some(""), Some("en_US.UTF-8")), "an empty one is as good as none");
    }

    #[test]
    fn bars_fit_into_80_columns_and_are_ascii_where_the_locale_is_not_utf8() {
        for (template, utf8) in [(crate::cli::progress::TEMPLATE, true), (crate::cli::progress::TEMPLATE, false)] {
            let terminal = InMemoryTerm::new(10, 80);
            let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
            let bar = ProgressBar::with_draw_target(Some(100), target).with_style(style(template, utf8));
            bar.set_position(42);
            bar.set_prefix("999h59m");
            bar.set_message("1234/56789 networks, s12-r3-other-classes-k1000-random-moments7B");
            bar.tick();
            let shown = terminal.contents();
            assert!(shown.lines().count() == 1 && shown.chars().count() <= 80, "{shown}");
            assert!(shown.contains("1234/56789"), "{shown}");
            assert_eq!(shown.is_ascii(), !utf8, "{shown}");
            let _ = terminal.width();
        }
    }
}
