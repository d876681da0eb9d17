//! The view of a run as text: fed by events, asked for lines. It knows no terminal and no clock.

use super::amount::{bar, clock};
use super::overall::Overall;
use super::row::{Line, Setting};
use super::tree::{Row, State, Tree};
use crate::model::event::{Event, EventKind};
use crate::report::layout::columns;
use crate::report::style::Look;
use owo_colors::Style;
use std::time::Duration;

/// Columns of the overall bar at most and at least, its brackets too.
const BAR: (usize, usize) = (26, 8);

/// A place for the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: u16,
    /// Lines.
    pub lines: u16,
}

/// What there is to show of a run.
#[derive(Debug, Default)]
pub struct Live {
    tree: Tree,
    overall: Overall,
    usual_ms: Option<u64>,
    /// The run's clock as the last event had it, in milliseconds.
    told: u64,
    /// The drawer's clock when that event was first drawn.
    mark: Option<Duration>,
    now: u64,
}

impl Live {
    /// Takes one event.
    pub fn event(&mut self, event: &Event) {
        if let EventKind::RunStarted { usual_ms, .. } = &event.kind {
            self.usual_ms = *usual_ms;
            self.now = 0;
        }
        self.told = event.elapsed_ms;
        self.mark = None;
        self.tree.event(event);
        self.overall.event(&event.kind, event.elapsed_ms);
    }

    /// The drawer's clock starts anew.
    pub fn restart(&mut self) {
        self.told = self.now.max(self.told);
        self.mark = None;
    }

    /// The run's clock, in milliseconds: the last event's, and what the drawer's clock has counted since.
    pub fn now(&mut self, drawn: Duration) -> u64 {
        let since = drawn.saturating_sub(*self.mark.get_or_insert(drawn));
        let now = self.told.saturating_add(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        self.now = self.now.max(now);
        self.now
    }

    /// The share of the run that is done, 0 to 1.
    pub fn share(&mut self, now: u64) -> f64 {
        self.overall.share(now)
    }

    /// Has something failed that nobody allowed to fail?
    pub fn is_failing(&self) -> bool {
        self.tree.is_failing()
    }

    /// The lines of the view, `now` milliseconds into the run; none is wider than the place, and together
    /// they are not higher. `turn` counts the spinner's turns.
    pub fn lines(&mut self, look: &Look, size: Size, now: u64, turn: usize) -> Vec<String> {
        let (width, height) = (usize::from(size.columns), usize::from(size.lines));
        let overall = (height > 1).then(|| self.overall_line(look, width, now)).flatten();
        let rows = self.tree.rows();
        let (rows, more) = chosen(&rows, height.saturating_sub(usize::from(overall.is_some())), height / 2);
        let mut set = Setting { look, width, now, turn, behind: 0 };
        let running = rows.iter().filter(|row| row.state != State::Waiting);
        set.behind = running.map(|row| set.named(row)).filter(|named| *named <= width / 2).max().unwrap_or(0);
        let mut lines: Vec<String> = rows.iter().map(|row| set.line(row)).collect();
        if more > 0 {
            let mut line = Line::new(width);
            line.push(look.styles.dim, look.symbols.ellipsis);
            if width >= 10 {
                line.push(look.styles.dim, &format!(" {more} more"));
            }
            lines.push(line.finish());
        }
        lines.extend(overall);
        lines
    }

    /// Bar, percent, steps, clock, what is left. Where room is short the bar goes first, then what is
    /// left, the clock, the steps.
    fn overall_line(&mut self, look: &Look, width: usize, now: u64) -> Option<String> {
        let share = self.overall.share(now);
        let (done, steps) = self.overall.steps();
        if steps < 2 || !self.overall.is_foreseen() {
            return None;
        }
        let percent = format!("{:>2}%", (share * 100.0) as u64);
        let mut left = width.checked_sub(columns(&percent))?;
        let mut is_whole = true;
        let mut fitting = |text: String| {
            let takes = columns(&text) + 2;
            let fits = !text.is_empty() && left >= takes;
            left -= if fits { takes } else { 0 };
            is_whole &= fits || text.is_empty();
            if fits { format!("  {text}") } else { String::new() }
        };
        let steps = fitting(format!("{done}/{steps} steps"));
        let elapsed = fitting(clock(now));
        let rest = fitting(self.rest(share, now).unwrap_or_default());
        let mut line = Line::new(width);
        if is_whole && left > BAR.1 {
            line.push(look.styles.good, &bar(share, (left - 1).min(BAR.0), &look.symbols));
            line.push(Style::new(), " ");
        }
        line.push(look.styles.strong, &percent);
        line.push(Style::new(), &steps);
        line.push(look.styles.dim, &elapsed);
        line.push(look.styles.dim, &rest);
        Some(line.finish())
    }

    /// What is left, when earlier runs tell; nothing once this one takes longer than they did, or ends otherwise.
    fn rest(&self, share: f64, now: u64) -> Option<String> {
        let usual = self.usual_ms.filter(|usual| now <= *usual && !self.tree.is_ending())?;
        Some(format!("about {} left", roughly(((1.0 - share).max(0.0) * usual as f64) as u64)))
    }
}

/// Milliseconds in the few words that an estimate deserves: `40s`, `4m`, `1h 10m`.
fn roughly(millis: u64) -> String {
    let secs = millis.div_ceil(1000);
    match secs {
        0..60 => format!("{}s", secs.div_ceil(10).max(1) * 10),
        60..3600 => format!("{}m", (secs + 30) / 60),
        _ => format!("{}h {:02}m", secs / 3600, secs % 3600 / 60),
    }
}

/// Of all rows those that `most` lines have room for, one kept for how many were left out. What runs
/// comes first; what is still to come fills up to `waiting` lines, so that it does not push the story off
/// the screen.
fn chosen<'a>(rows: &[Row<'a>], most: usize, waiting: usize) -> (Vec<Row<'a>>, usize) {
    let runs = |row: &&Row<'_>| row.state != State::Waiting;
    let running = rows.iter().filter(runs).count();
    let limit = waiting.max(running.saturating_add(1)).min(most);
    if rows.len() <= limit {
        return (rows.to_vec(), 0);
    }
    let Some(limit) = limit.checked_sub(1) else { return (Vec::new(), 0) };
    let (mut running, mut waiting) = (limit, limit.saturating_sub(running));
    let mut left_out = 0;
    let mut kept = Vec::new();
    for row in rows {
        let room = if runs(&row) { &mut running } else { &mut waiting };
        if *room > 0 {
            *room -= 1;
            kept.push(*row);
        } else {
            left_out += 1;
        }
    }
    (kept, left_out)
}

#[cfg(test)]
mod tests;
