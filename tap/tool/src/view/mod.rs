//! The terminal view: tabs that show one model each in their way.
//!
//! A tab knows the model and where to draw, and nothing of terminals or of other tabs. To add one:
//! a file here, and its line in [`tabs`].

mod terminal;
mod top;
mod tree;

use crate::state::History;
use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Tabs};

pub use terminal::{Next, run};

/// A way to show the model.
pub trait Tab: std::fmt::Debug {
    /// Its title.
    fn title(&self) -> &'static str;

    /// Its own keys, in a few words.
    fn keys(&self) -> &'static str {
        ""
    }

    /// Takes a key of its own. False if it is none.
    fn key(&mut self, _: KeyCode) -> bool {
        false
    }

    /// Lines that it would like to have.
    fn height(&self, history: &History) -> usize;

    /// Draws.
    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, history: &History);
}

/// All tabs, in their order.
pub fn tabs() -> Vec<Box<dyn Tab>> {
    vec![Box::new(top::Top::default()), Box::new(tree::Tree::default())]
}

/// Tabs, of which one is shown.
#[derive(Debug)]
pub struct View {
    tabs: Vec<Box<dyn Tab>>,
    chosen: usize,
}

impl View {
    /// A view that shows the tab with a title first.
    pub fn new(title: &str) -> Self {
        let tabs = tabs();
        let chosen = tabs.iter().position(|tab| tab.title() == title).unwrap_or(0);
        Self { tabs, chosen }
    }

    /// Takes a key. False for one that ends the view.
    pub fn key(&mut self, key: KeyCode) -> bool {
        let count = self.tabs.len().max(1);
        let taken = self.tabs.get_mut(self.chosen).is_some_and(|tab| tab.key(key));
        match key {
            _ if taken => {}
            KeyCode::Char('q') | KeyCode::Esc => return false,
            KeyCode::Tab | KeyCode::Right => self.chosen = (self.chosen + 1) % count,
            KeyCode::BackTab | KeyCode::Left => self.chosen = (self.chosen + count - 1) % count,
            _ => {}
        }
        true
    }

    /// Draws all of it; `note` is something that is wrong.
    pub fn draw(&mut self, frame: &mut Frame<'_>, history: &History, note: Option<&str>) {
        let rows = [Constraint::Length(1), Constraint::Min(1), Constraint::Length(1)];
        let [head, body, foot] = Layout::vertical(rows).areas(frame.area());
        let title = format!(" {} ", history.now.name);
        let columns =
            [Constraint::Length(u16::try_from(title.len()).unwrap_or(0)), Constraint::Min(1)];
        let [name, titles] = Layout::horizontal(columns).areas(head);
        let bold = Style::new().add_modifier(Modifier::BOLD);
        frame.render_widget(Paragraph::new(title).style(bold), name);
        let names = self.tabs.iter().map(|tab| Line::from(tab.title()));
        let bar = Tabs::new(names).select(self.chosen).highlight_style(Style::new().reversed());
        frame.render_widget(bar, titles);
        let mut keys = String::from(" q quit  Tab next view");
        if let Some(tab) = self.tabs.get_mut(self.chosen) {
            tab.draw(frame, body, history);
            if !tab.keys().is_empty() {
                keys.push_str("  ");
                keys.push_str(tab.keys());
            }
        }
        let foot_text = note.map_or(keys, |note| format!(" {note}"));
        frame.render_widget(Paragraph::new(foot_text).style(Style::new().dim()), foot);
    }
}

/// Shows a tab as text, all of it, for where no terminal is.
///
/// # Errors
/// None that is known: the text is made in memory.
pub fn text(title: &str, history: &History, width: u16) -> Result<String, String> {
    let mut view = View::new(title);
    let height = view.tabs.get(view.chosen).map_or(0, |tab| tab.height(history));
    let height = u16::try_from(height.saturating_add(2)).unwrap_or(u16::MAX);
    let backend = TestBackend::new(width, height);
    let mut terminal = Terminal::new(backend).map_err(|e| e.to_string())?;
    terminal.draw(|frame| view.draw(frame, history, None)).map_err(|e| e.to_string())?;
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 1..height.saturating_sub(1) {
        let cells = (0..width).filter_map(|x| buffer.cell((x, y)));
        let line: String = cells.map(ratatui::buffer::Cell::symbol).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    Ok(out)
}

/// An amount of bytes, as `numfmt` shows it: `512`, `4.0K`, `63M`.
fn bytes(bytes: u64) -> String {
    let mut rest = bytes as f64;
    for unit in ["", "K", "M", "G", "T", "P"] {
        if rest < 1024.0 || unit == "P" {
            return match unit {
                "" => format!("{bytes}"),
                _ if rest < 9.95 => format!("{rest:.1}{unit}"),
                _ => format!("{rest:.0}{unit}"),
            };
        }
        rest /= 1024.0;
    }
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::sample;
    use std::time::Duration;

    fn history() -> History {
        let mut history = History::new(sample());
        let mut later = sample();
        later.when = history.now.when + Duration::from_secs(1);
        later.components[2].cpu += Duration::from_millis(750);
        later.components[3].cpu += Duration::from_millis(30);
        history.next(later);
        history
    }

    /// The whole screen, as a person sees it.
    fn screen(view: &mut View, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view.draw(frame, &history(), None)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(|y| line(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn top_shows_who_takes_most_first() {
        assert_eq!(
            screen(&mut View::new("top"), 84, 8),
            [
                " rs_sample  top │ tree",
                "  CPU%     TIME  THREADS        RAM USED / QUOTA        CAPS COMPONENT",
                "  75.0     0.8s        2        2.0M /      8.0M      30/200 init -> sub",
                "   3.0     0.1s        2        256K /      1.0M      30/200 init -> sub -> client",
                "   0.0     0.0s        2         16M /       64M      30/200 init",
                "   0.0     0.0s        2        1.0M /      4.0M      30/200 init -> server",
                "",
                " q quit  Tab next view  c r t n sort by CPU, RAM, threads, name; ↑ ↓ scroll",
            ]
        );
    }

    #[test]
    fn tree_shows_children_below_their_parent_with_what_they_use() {
        assert_eq!(
            screen(&mut View::new("tree"), 64, 11),
            [
                " rs_sample  top │ tree",
                "init  16M of 64M, 30 of 200 caps, core: LOG",
                "├ server  1.0M of 4.0M, 30 of 200 caps, core: LOG",
                "└ sub  2.0M of 8.0M, 30 of 200 caps",
                "  └ client  256K of 1.0M, 30 of 200 caps, core: LOG PD TRACE",
                "      → init -> server (2 objects)",
                "",
                "",
                "",
                "",
                " q quit  Tab next view  ↑ ↓ scroll",
            ]
        );
    }

    #[test]
    fn keys_choose_tabs_sort_scroll_and_quit() {
        let mut view = View::new("top");
        assert!(view.key(KeyCode::Char('n')));
        let names: Vec<_> =
            screen(&mut view, 84, 8)[2..6].iter().map(|l| l[61..].to_owned()).collect();
        assert_eq!(names, ["init", "init -> server", "init -> sub", "init -> sub -> client"]);
        assert!(view.key(KeyCode::Char('r')) && screen(&mut view, 84, 8)[2].ends_with(" init"));
        assert!(view.key(KeyCode::Down) && screen(&mut view, 84, 8)[2].ends_with(" init -> sub"));
        assert!(view.key(KeyCode::Up) && view.key(KeyCode::Up));
        assert!(screen(&mut view, 84, 8)[2].ends_with(" init"));
        assert!(view.key(KeyCode::Tab) && screen(&mut view, 84, 8)[1].starts_with("init  16M"));
        assert!(view.key(KeyCode::Down) && screen(&mut view, 84, 8)[1].starts_with("├ server"));
        assert!(view.key(KeyCode::Right) && view.key(KeyCode::Left) && view.key(KeyCode::BackTab));
        assert!(!view.key(KeyCode::Char('q')) && !view.key(KeyCode::Esc));
    }

    #[test]
    fn small_terminals_and_what_is_wrong_fit() {
        let mut view = View::new("tree");
        for (width, height) in [(1, 1), (10, 2), (20, 3), (200, 50)] {
            assert_eq!(screen(&mut view, width, height).len(), height as usize);
        }
        let mut terminal = Terminal::new(TestBackend::new(40, 4)).unwrap();
        terminal.draw(|frame| view.draw(frame, &history(), Some("it has ended"))).unwrap();
        let last: String = (0..13).map(|x| terminal.backend().buffer()[(x, 3)].symbol()).collect();
        assert_eq!(last, " it has ended");
    }

    #[test]
    fn without_a_terminal_all_of_a_tab_is_text() {
        let text = text("top", &history(), 100).unwrap();
        assert_eq!(text.lines().count(), 5);
        assert!(text.lines().nth(1).is_some_and(|line| line.ends_with("init -> sub")), "{text}");
    }

    #[test]
    fn amounts_are_short() {
        let shown = [0, 1023, 1024, 10 << 10, 1_048_575, 63 << 20, 5 << 30, u64::MAX].map(bytes);
        assert_eq!(shown, ["0", "1023", "1.0K", "10K", "1024K", "63M", "5.0G", "16384P"]);
    }
}
