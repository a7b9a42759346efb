//! What a terminal can show.

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
        bar.set_style(style(template, shows_utf8()));
        bar
    })
}

fn style(template: &str, utf8: bool) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    if utf8 { style } else { style.progress_chars("=> ").tick_chars("-\\|/ ") }
}

/// Whether the terminal's characters are UTF-8.
pub fn shows_utf8() -> bool {
    is_utf8(|name| env::var(name).ok())
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
    use indicatif::{ProgressDrawTarget, TermLike};
    use std::io;

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
        for (utf8, expected) in [(true, false), (false, true)] {
            let drawn = Drawn::default();
            let target = ProgressDrawTarget::term_like(Box::new(drawn.clone()));
            let style = style(crate::cli::progress::TEMPLATE, utf8);
            let bar = ProgressBar::with_draw_target(Some(100), target).with_style(style);
            bar.set_position(42);
            bar.set_prefix("999h59m");
            bar.set_message("1234/56789 networks, s12-r3-other-classes-k1000-random-moments7B");
            bar.tick();
            let lines = drawn.lines.lock().unwrap();
            let shown = lines.last().unwrap();
            assert!(shown.chars().count() <= 80 && shown.contains("1234/56789"), "{shown}");
            assert_eq!(shown.is_ascii(), expected, "{shown}");
        }
    }

    /// A terminal of 80 columns that keeps what is written on it.
    #[derive(Clone, Debug, Default)]
    struct Drawn {
        lines: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
    }

    impl TermLike for Drawn {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, line: &str) -> io::Result<()> {
            self.write_str(line)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            if !text.trim().is_empty() {
                self.lines.lock().unwrap().push(text.trim_end().into());
            }
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }
}
