//! The terminal view: a spinner for every running step, under the same lines that plain mode tells.
//!
//! Everything goes through one `Screen`, which swallows what the terminal refuses: indicatif
//! unwraps inside `suspend`, and a closed terminal must not end a run half-way.

use super::layout::visible;
use super::plain::Pen;
use super::render::{Story, Told, Verbosity, parents};
use super::style::Look;
use crate::model::event::{Event, EventKind};
use crate::port::Reporter;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Between two turns of a spinner.
const TICK: Duration = Duration::from_millis(120);
/// More running steps than this share the last line.
const MOST: usize = 8;

/// Columns at the right that stay free: the terminal writes `^C` there when it is typed. Wrapped
/// into the next line it would leave the line above standing, out of the view's reach.
const ECHO: u16 = 6;

/// How wide the terminal is now.
pub type Width = Arc<dyn Fn() -> u16 + Send + Sync>;

/// The terminal as indicatif sees it: draws are gathered and written at once.
#[derive(Clone)]
struct Screen {
    state: Arc<Mutex<Canvas>>,
    width: Width,
}

struct Canvas {
    pen: Pen,
    draft: String,
    /// The first thing that went wrong, until someone asks.
    error: Option<io::Error>,
}

impl Screen {
    fn canvas(&self) -> MutexGuard<'_, Canvas> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn draw(&self, text: &str) -> io::Result<()> {
        self.canvas().draft.push_str(text);
        Ok(())
    }

    fn walk(&self, steps: usize, way: char) -> io::Result<()> {
        if steps > 0 { self.draw(&format!("\u{1b}[{steps}{way}")) } else { Ok(()) }
    }

    /// Writes `text` after everything drawn so far.
    fn write(&self, text: &str) {
        let mut canvas = self.canvas();
        let mut all = std::mem::take(&mut canvas.draft);
        all.push_str(text);
        if let Err(error) = canvas.pen.write(&all) {
            canvas.error.get_or_insert(error);
        }
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Screen")
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        (self.width)().saturating_sub(ECHO).max(1)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.walk(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.walk(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.walk(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.walk(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(text)?;
        self.draw("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.draw("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        self.write("");
        Ok(())
    }
}

/// Tells a run on a terminal.
pub struct Progress {
    look: Look,
    story: Story,
    screen: Screen,
    out: Pen,
    bars: MultiProgress,
    overall: Option<ProgressBar>,
    running: BTreeMap<String, ProgressBar>,
    task: String,
    steps: usize,
    /// Top-level steps that began.
    begun: BTreeSet<String>,
    /// Steps that began and did not end, calls too.
    open: BTreeSet<String>,
    /// Steps whose child owns the terminal.
    guests: BTreeSet<String>,
}

impl Progress {
    /// The story and the spinners go to `err`, which is a terminal that understands escapes and is
    /// `width()` columns wide; answers go to `out`.
    pub fn new(
        err: Box<dyn Write + Send>,
        out: Box<dyn Write + Send>,
        width: Width,
        look: Look,
        verbosity: Verbosity,
    ) -> Self {
        let canvas = Canvas { pen: Pen::new(err), draft: String::new(), error: None };
        let screen = Screen { state: Arc::new(Mutex::new(canvas)), width };
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        Self {
            look,
            story: Story::new(look, verbosity),
            screen,
            out: Pen::new(out),
            bars: MultiProgress::with_draw_target(target),
            overall: None,
            running: BTreeMap::new(),
            task: String::new(),
            steps: 0,
            begun: BTreeSet::new(),
            open: BTreeSet::new(),
            guests: BTreeSet::new(),
        }
    }

    /// Takes every spinner off the screen: for a prompt, an interactive child, the end.
    pub fn clear(&mut self) {
        for bar in std::mem::take(&mut self.running).into_values().chain(self.overall.take()) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        let _ = self.bars.clear();
    }

    fn spinner(&self, message: String) -> ProgressBar {
        let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_chars(self.look.symbols.spinner);
        let bar = ProgressBar::new_spinner();
        bar.set_style(style);
        // Added before anything is drawn: a bar that draws alone leaves its line behind.
        let bar = match &self.overall {
            Some(overall) => self.bars.insert_before(overall, bar),
            None => self.bars.add(bar),
        };
        bar.set_message(message);
        bar.enable_steady_tick(TICK);
        bar
    }

    fn name(&self, step: &str) -> String {
        self.story.path(step).unwrap_or(step).to_owned()
    }

    fn before(&mut self, kind: &EventKind) {
        match kind {
            EventKind::RunStarted { task, steps, .. } => {
                self.clear();
                self.task = visible(task).into_owned();
                self.steps = *steps;
                self.begun.clear();
                self.open.clear();
                self.guests.clear();
            }
            EventKind::StepStarted { step, interactive: true, .. } => {
                self.clear();
                self.guests.insert(step.clone());
            }
            EventKind::StepFinished { step, .. } | EventKind::StepSkipped { step, .. } => {
                self.open.remove(step);
                self.guests.remove(step);
                self.begun.extend(top(step));
                if let Some(bar) = self.running.remove(step) {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                }
            }
            EventKind::RunFinished { .. } => self.clear(),
            _ => {}
        }
    }

    fn after(&mut self, kind: &EventKind) {
        match kind {
            EventKind::StepStarted { step, kind, .. } => {
                self.open.insert(step.clone());
                self.begun.extend(top(step));
                if self.guests.is_empty() && kind != "task" && self.running.len() < MOST {
                    let bar = self.spinner(self.name(step));
                    self.running.insert(step.clone(), bar);
                }
            }
            EventKind::Progress { step, stage, current, total, .. } => {
                if let Some(bar) = self.running.get(step) {
                    let mut message = self.name(step);
                    match (current, total) {
                        (Some(current), Some(total)) => message.push_str(&format!("  {current}/{total}")),
                        (Some(current), None) => message.push_str(&format!("  {current}")),
                        _ => {}
                    }
                    if let Some(stage) = stage {
                        message.push_str(&format!("  {}", visible(stage)));
                    }
                    bar.set_message(message);
                }
                return;
            }
            EventKind::StepFinished { .. } | EventKind::StepSkipped { .. } => {}
            _ => return,
        }
        self.count();
    }

    /// The overall line stands below the others while something runs.
    fn count(&mut self) {
        if self.steps < 2 || self.open.is_empty() || !self.guests.is_empty() {
            if let Some(bar) = self.overall.take() {
                bar.finish_and_clear();
                self.bars.remove(&bar);
            }
            return;
        }
        let busy: BTreeSet<String> = self.open.iter().filter_map(|step| top(step)).collect();
        let done = self.begun.len().saturating_sub(busy.len()).min(self.steps);
        let message = format!("{} {done}/{}", self.task, self.steps);
        match &self.overall {
            Some(bar) => bar.set_message(message),
            None => self.overall = Some(self.spinner(message)),
        }
    }
}

/// The number of the top-level step that `step` is or stands in; gates and `finally` have none.
fn top(step: &str) -> Option<String> {
    let outer = parents(step).next().unwrap_or(step);
    let number = outer.split('[').next().unwrap_or(outer);
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.to_owned())
}

impl Reporter for Progress {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.before(&event.kind);
        // The spinner says that it still runs.
        let is_seen = matches!(&event.kind, EventKind::StepSlow { step, .. } if self.running.contains_key(step));
        let mut answered = Ok(());
        if !is_seen {
            let Told { err, out } = self.story.tell(event);
            if !err.is_empty() || !out.is_empty() {
                let (bars, screen, pen) = (&self.bars, &self.screen, &mut self.out);
                bars.suspend(|| {
                    screen.write(&err);
                    answered = pen.write(&out);
                });
            }
        }
        self.after(&event.kind);
        answered?;
        let mut canvas = self.screen.canvas();
        if let Some(error) = canvas.error.take() {
            return Err(error);
        }
        if canvas.pen.is_gone() && self.out.is_gone() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests;
