//! `top`: which component takes how much of CPUs, RAM and capabilities.

use super::{Tab, bytes};
use crate::state::{Component, History};
use ratatui::Frame;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Row, Table};
use std::cmp::Ordering;

/// Orders of components.
#[derive(Debug, Clone, Copy, Default)]
enum Key {
    #[default]
    Cpu,
    Ram,
    Threads,
    Name,
}

/// The tab.
#[derive(Debug, Default)]
pub(super) struct Top {
    key: Key,
    /// Lines above the first one that is shown.
    above: usize,
}

impl Top {
    /// Components with their part of a CPU, in the order in which they are shown.
    fn sorted<'h>(&self, history: &'h History) -> Vec<(&'h Component, Option<f64>)> {
        let mut all: Vec<_> = history.now.components.iter().zip(history.cpu()).collect();
        let order = |a: &(&Component, Option<f64>), b: &(&Component, Option<f64>)| match self.key {
            Key::Cpu => {
                let part = |of: Option<f64>| of.unwrap_or(0.0);
                part(b.1).total_cmp(&part(a.1)).then(b.0.cpu.cmp(&a.0.cpu))
            }
            Key::Ram => b.0.ram.used.cmp(&a.0.ram.used),
            Key::Threads => b.0.threads.cmp(&a.0.threads),
            Key::Name => Ordering::Equal,
        };
        all.sort_by(|a, b| order(a, b).then_with(|| a.0.label.cmp(&b.0.label)));
        all
    }
}

/// The line of a component.
fn row((component, part): (&Component, Option<f64>)) -> Row<'_> {
    let ram = component.ram;
    let part = part.map_or_else(|| "-".to_owned(), |part| format!("{part:.1}"));
    Row::new([
        format!("{part:>6}"),
        format!("{:>8}", format!("{:.1}s", component.cpu.as_secs_f64())),
        format!("{:>8}", component.threads),
        format!("{:>11} / {:>9}", bytes(ram.used), bytes(ram.limit)),
        format!("{:>11}", format!("{}/{}", component.caps.used, component.caps.limit)),
        component.label.clone(),
    ])
}

impl Tab for Top {
    fn title(&self) -> &'static str {
        "top"
    }

    fn keys(&self) -> &'static str {
        "c r t n sort by CPU, RAM, threads, name; ↑ ↓ scroll"
    }

    fn key(&mut self, key: KeyCode) -> bool {
        match key {
            KeyCode::Char('c') => self.key = Key::Cpu,
            KeyCode::Char('r') => self.key = Key::Ram,
            KeyCode::Char('t') => self.key = Key::Threads,
            KeyCode::Char('n') => self.key = Key::Name,
            KeyCode::Down => self.above = self.above.saturating_add(1),
            KeyCode::Up => self.above = self.above.saturating_sub(1),
            _ => return false,
        }
        true
    }

    fn height(&self, history: &History) -> usize {
        history.now.components.len() + 1
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, history: &History) {
        self.above = self.above.min(history.now.components.len().saturating_sub(1));
        let shown = usize::from(area.height);
        let rows = self.sorted(history).into_iter().skip(self.above).take(shown).map(row);
        let head = [
            "  CPU%",
            "    TIME",
            " THREADS",
            "       RAM USED / QUOTA",
            "       CAPS",
            "COMPONENT",
        ];
        let widths = [6, 8, 8, 23, 11].map(Constraint::Length);
        let widths = widths.into_iter().chain([Constraint::Min(10)]);
        let head = Row::new(head).style(Style::new().add_modifier(Modifier::BOLD));
        frame.render_widget(Table::new(rows, widths).header(head), area);
    }
}
