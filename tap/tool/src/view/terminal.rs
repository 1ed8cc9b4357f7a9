//! The view on a terminal, renewed each second.

use super::View;
use crate::state::{History, State};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use std::io;
use std::time::{Duration, Instant};

/// Time between two states.
const PERIOD: Duration = Duration::from_secs(1);

/// Source of states.
pub type Next<'a> = &'a mut dyn FnMut() -> Result<State, String>;

/// Shows a view until it is ended. A system that ended stays as it was last, and the view says so.
///
/// # Errors
/// The terminal's.
pub fn run(mut view: View, history: History, next: Next<'_>) -> Result<(), String> {
    let mut terminal = ratatui::try_init().map_err(|e| format!("cannot use the terminal: {e}"))?;
    let shown = show(&mut terminal, &mut view, history, next);
    shown.and(ratatui::try_restore()).map_err(|e| format!("cannot use the terminal: {e}"))
}

fn show(
    terminal: &mut DefaultTerminal,
    view: &mut View,
    mut history: History,
    next: Next<'_>,
) -> io::Result<()> {
    let mut note = None;
    loop {
        let end = Instant::now() + PERIOD;
        terminal.draw(|frame| view.draw(frame, &history, note.as_deref()))?;
        while event::poll(end.saturating_duration_since(Instant::now()))? {
            match event::read()? {
                Event::Key(key) if key.kind == KeyEventKind::Press => {
                    let ends = key.code == KeyCode::Char('c')
                        && key.modifiers.contains(KeyModifiers::CONTROL);
                    if ends || !view.key(key.code) {
                        return Ok(());
                    }
                }
                Event::Resize(..) => {}
                _ => continue,
            }
            terminal.draw(|frame| view.draw(frame, &history, note.as_deref()))?;
        }
        note = match next() {
            Ok(state) => {
                history.next(state);
                None
            }
            Err(why) => Some(why),
        };
    }
}
