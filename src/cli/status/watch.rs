//! The view on the whole terminal.

use super::lines::{self, Line, Look};
use crate::{
    cli::terminal,
    protocol::survey::{Activity, Survey},
};
use anyhow::{Result, bail};
use ratatui::{
    Frame,
    crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    style::{Color, Modifier, Style},
};
use std::{
    env,
    io::{IsTerminal, stdin, stdout},
    time::{Duration, Instant},
};

/// What is shown.
struct View {
    surveys: Vec<Survey>,
    /// Why the last look failed; the surveys are then those of the look before.
    failure: Option<String>,
    /// The first line of those that are shown.
    from: usize,
    all: bool,
    ascii: bool,
    colours: bool,
}

/// Looks again and again until q, Escape or Ctrl-C.
///
/// # Errors
/// No terminal; a first look that fails; a terminal that goes away.
pub(super) fn run(look: impl Fn() -> Result<Vec<Survey>>, all: bool, every: Duration) -> Result<()> {
    if !stdout().is_terminal() || !stdin().is_terminal() {
        bail!("--watch needs a terminal; leave it out to print once");
    }
    // What is wrong at the first look is said on a terminal that is as it was.
    let surveys = look()?;
    let (ascii, colours) = (!terminal::shows_utf8(), env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()));
    let mut view = View { surveys, failure: None, from: 0, all, ascii, colours };
    // It restores the terminal on a panic, too.
    let mut screen = ratatui::try_init()?;
    let mut show = || -> Result<()> {
        let mut looked = Instant::now();
        loop {
            screen.draw(|frame| view.draw(frame))?;
            if event::poll(every.saturating_sub(looked.elapsed()))? {
                match event::read()? {
                    Event::Key(key) if key.kind != KeyEventKind::Release && ends(&key) => return Ok(()),
                    Event::Key(key) if key.kind != KeyEventKind::Release => view.scroll(key.code),
                    _ => {}
                }
            }
            if looked.elapsed() >= every {
                // A directory may be away for a moment; what was seen last stays.
                match look() {
                    Ok(seen) => (view.surveys, view.failure) = (seen, None),
                    Err(error) => view.failure = Some(error.to_string()),
                }
                looked = Instant::now();
            }
        }
    };
    let shown = show();
    ratatui::try_restore()?;
    shown
}

/// Whether a key ends the view. In raw mode Ctrl-C is a key like any other.
fn ends(key: &KeyEvent) -> bool {
    let interrupted = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    interrupted || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)
}

/// How a line looks.
fn style(activity: Option<Activity>, colours: bool) -> Style {
    let plain = Style::new();
    match activity {
        None => plain.add_modifier(Modifier::BOLD),
        _ if !colours => plain,
        Some(Activity::Training) => plain.fg(Color::Green),
        Some(Activity::Lost | Activity::Failed | Activity::Diverged) => plain.fg(Color::Red),
        Some(Activity::Interrupted | Activity::Blocked) => plain.fg(Color::Yellow),
        Some(_) => plain,
    }
}

impl View {
    fn scroll(&mut self, key: KeyCode) {
        match key {
            KeyCode::Down => self.from += 1,
            KeyCode::Up => self.from = self.from.saturating_sub(1),
            // `draw` keeps them in range.
            KeyCode::Home => self.from = 0,
            KeyCode::End => self.from = usize::MAX,
            _ => {}
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        for (line, row) in self.lines(area.width, area.height).iter().zip(area.rows()) {
            let style = style(line.activity, self.colours);
            frame.buffer_mut().set_stringn(row.x, row.y, &line.text, usize::from(row.width), style);
        }
    }

    /// The lines that fit so many columns and rows, with the keys, or what went wrong, in the last one.
    fn lines(&mut self, columns: u16, rows: u16) -> Vec<Line> {
        let lines = lines::lines(&self.surveys, &Look { columns, ascii: self.ascii, all: self.all });
        let room = usize::from(rows.saturating_sub(1));
        self.from = self.from.min(lines.len().saturating_sub(room));
        let mut shown: Vec<Line> = lines.into_iter().skip(self.from).take(room).collect();
        let blank = Line { text: String::new(), activity: Some(Activity::Done) };
        shown.resize(room, blank);
        shown.push(match &self.failure {
            None => Line { text: "q: quit, up and down: scroll".into(), activity: Some(Activity::Done) },
            Some(failure) => Line { text: format!("cannot look: {failure}"), activity: Some(Activity::Failed) },
        });
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::status::made::made;
    use ratatui::{Terminal, backend::TestBackend};

    fn view() -> View {
        View { surveys: vec![made()], failure: None, from: 0, all: false, ascii: true, colours: true }
    }

    /// The screen after a view is drawn on it.
    fn drawn(view: &mut View, width: u16, height: u16) -> Terminal<TestBackend> {
        let mut screen = Terminal::new(TestBackend::new(width, height)).unwrap();
        screen.draw(|frame| view.draw(frame)).unwrap();
        screen
    }

    #[test]
    fn a_terminal_of_any_size_shows_what_fits_and_what_went_wrong() {
        for (width, height) in [(80, 24), (200, 50), (20, 3), (1, 1)] {
            for failure in [None, Some("the server is away")] {
                let mut view = View { failure: failure.map(String::from), from: 100, ..view() };
                let text = drawn(&mut view, width, height).backend().to_string();
                assert_eq!(text.contains("s0-r0-A3B+"), width >= 80, "{text}");
                assert_eq!(text.contains("cannot look: the server"), width >= 80 && failure.is_some(), "{text}");
                assert_eq!(view.from == 0, height >= 24);
            }
        }
    }

    #[test]
    fn what_is_wrong_is_red_and_nothing_has_a_colour_where_none_is_wanted() {
        for colours in [true, false] {
            let screen = drawn(&mut View { colours, ..view() }, 80, 24);
            let seen: Vec<Color> = screen.backend().buffer().content().iter().map(|cell| cell.fg).collect();
            for colour in [Color::Red, Color::Green] {
                assert_eq!(seen.contains(&colour), colours, "{colour:?}");
            }
        }
    }
}
