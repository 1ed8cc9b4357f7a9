//! `tree`: who is whose child, what core serves to it, and what it may call at others.

use super::{Tab, bytes};
use crate::state::{Component, History, State};
use ratatui::Frame;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use ratatui::text::{Line, Text};
use ratatui::widgets::Paragraph;
use std::fmt::Write;

/// The tab.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Lines above the first one that is shown.
    above: usize,
}

/// The lines of a component and of what is below it. `first` leads to it, `rest` goes on below.
fn component(out: &mut Vec<String>, state: &State, of: &Component, first: &str, rest: &str) {
    let name = state.parent(&of.label).and_then(|parent| of.label.get(parent.label.len() + 4..));
    let name = name.unwrap_or(&of.label);
    let (ram, caps) = (of.ram, of.caps);
    let (used, limit) = (bytes(ram.used), bytes(ram.limit));
    let mut line =
        format!("{first}{name}  {used} of {limit}, {} of {} caps", caps.used, caps.limit);
    let sessions = state.sessions_of(&of.label);
    if !sessions.is_empty() {
        line.push_str(", core:");
        for (service, count) in sessions {
            line.push(' ');
            line.push_str(service);
            if count > 1 {
                let _ = write!(line, "×{count}");
            }
        }
    }
    out.push(line);
    let children: Vec<_> = state.children(Some(&of.label)).collect();
    let below = if children.is_empty() { "  " } else { "│ " };
    for calls in state.calls_of(&of.label) {
        let objects = if calls.objects == 1 { "object" } else { "objects" };
        out.push(format!("{rest}{below}→ {} ({} {objects})", calls.server, calls.objects));
    }
    for (at, child) in children.iter().enumerate() {
        let (first, below) =
            if at + 1 < children.len() { ("├ ", "│ ") } else { ("└ ", "  ") };
        component(out, state, child, &format!("{rest}{first}"), &format!("{rest}{below}"));
    }
}

/// All lines.
fn lines(state: &State) -> Vec<String> {
    let mut out = Vec::new();
    for root in state.children(None) {
        component(&mut out, state, root, "", "");
    }
    out
}

impl Tab for Tree {
    fn title(&self) -> &'static str {
        "tree"
    }

    fn keys(&self) -> &'static str {
        "↑ ↓ scroll"
    }

    fn key(&mut self, key: KeyCode) -> bool {
        match key {
            KeyCode::Down => self.above = self.above.saturating_add(1),
            KeyCode::Up => self.above = self.above.saturating_sub(1),
            _ => return false,
        }
        true
    }

    fn height(&self, history: &History) -> usize {
        lines(&history.now).len()
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, history: &History) {
        let all = lines(&history.now);
        self.above = self.above.min(all.len().saturating_sub(1));
        let shown = all.into_iter().skip(self.above).take(usize::from(area.height));
        frame.render_widget(Paragraph::new(shown.map(Line::from).collect::<Text<'_>>()), area);
    }
}
