//! One line of the view, cut to what fits.
//!
//! Where room is short these go, in this order: what the step says, its bar, its clock, its numbers. The
//! name is cut last.

use super::amount::{BAR, clock};
use super::tree::{Row, State};
use crate::report::layout::{columns, head, shorten, visible};
use crate::report::style::Look;
use owo_colors::Style;

/// Less of what a step says is not worth reading.
const LEAST: usize = 10;

/// Text in pieces that is cut where the line ends.
#[derive(Debug)]
pub(super) struct Line {
    text: String,
    room: usize,
}

impl Line {
    pub(super) fn new(room: usize) -> Self {
        Self { text: String::new(), room }
    }

    /// Adds what fits of `text`.
    pub(super) fn push(&mut self, style: Style, text: &str) {
        let text = head(text, self.room);
        if !text.is_empty() {
            self.room -= columns(text);
            self.text.push_str(&style.style(text).to_string());
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// How the rows of one picture are set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) look: &'a Look,
    /// Columns.
    pub(super) width: usize,
    /// Milliseconds of the run.
    pub(super) now: u64,
    /// The spinner's turn.
    pub(super) turn: usize,
    /// The column where what stands behind the names begins.
    pub(super) behind: usize,
}

impl Setting<'_> {
    fn indent(&self, row: &Row<'_>) -> usize {
        (row.depth * 2).min(self.width / 4)
    }

    /// Columns of the row up to the end of its name.
    pub(super) fn named(&self, row: &Row<'_>) -> usize {
        self.indent(row) + 2 + columns(&visible(row.name))
    }

    /// The row as a line.
    pub(super) fn line(&self, row: &Row<'_>) -> String {
        let (styles, symbols) = (self.look.styles, self.look.symbols);
        let mut line = Line::new(self.width);
        line.push(styles.dim, &" ".repeat(self.indent(row)));
        let State::Running(since) = row.state else {
            line.push(styles.dim, symbols.waiting);
            line.push(styles.dim, " ");
            line.push(styles.dim, &shorten(&visible(row.name), line.room, symbols.ellipsis));
            return line.finish();
        };
        let turns: Vec<char> = symbols.spinner.chars().collect();
        let spinner = turns.get(self.turn.checked_rem(turns.len()).unwrap_or_default()).copied().unwrap_or('*');
        line.push(styles.command, &spinner.to_string());
        line.push(Style::new(), " ");
        let name = visible(row.name);
        let elapsed = clock(self.now.saturating_sub(since));
        let numbers = row.amount.map(|amount| amount.in_words());
        let bar = row.amount.and_then(|amount| amount.bar(&symbols));
        let mut left = line.room.saturating_sub(columns(&name));
        let mut takes = |columns: usize| {
            let fits = left >= columns + 2;
            left -= if fits { columns + 2 } else { 0 };
            fits
        };
        let numbers = numbers.filter(|numbers| takes(columns(numbers)));
        let has_clock = (numbers.is_some() || row.amount.is_none()) && takes(columns(&elapsed));
        let bar = bar.filter(|_| has_clock && numbers.is_some() && takes(BAR - 1));
        line.push(if row.is_call { styles.strong } else { Style::new() }, &shorten(&name, line.room, symbols.ellipsis));
        // The columns stand under each other as far as that costs nothing that would be shown.
        let gap = self.behind.saturating_sub(self.named(row)).min(left);
        if has_clock || numbers.is_some() {
            line.push(Style::new(), &" ".repeat(gap));
            left -= gap;
        }
        if has_clock {
            line.push(styles.dim, &format!("  {elapsed}"));
        }
        if let Some(bar) = &bar {
            line.push(Style::new(), &format!("  {bar}"));
        }
        if let Some(numbers) = &numbers {
            line.push(Style::new(), &format!("{}{numbers}", if bar.is_some() { " " } else { "  " }));
        }
        let doing = visible(row.doing);
        if left >= LEAST + 2 && !doing.is_empty() && has_clock {
            line.push(styles.dim, &format!("  {}", shorten(&doing, left - 2, symbols.ellipsis)));
        }
        line.finish()
    }
}
