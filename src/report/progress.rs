//! The terminal view: what runs and what is still to come, under the same lines that plain mode tells.
//!
//! A thin drawer. indicatif redraws with its own clock, never for an event: a tool that prints a hundred
//! thousand lines a second costs no picture more than a silent one. What there is to draw is in
//! [`super::view`].

use super::parity::Form;
use super::plain::Pen;
use super::render::{Story, Told, Verbosity};
use super::style::Look;
use super::view::live::Live;
use super::view::screen::{Screen, Sizes};
use super::view::taskbar::Taskbar;
use crate::model::event::{Event, EventKind};
use crate::port::Reporter;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two pictures, and two turns of a spinner.
const TICK: Duration = Duration::from_millis(120);

/// What the drawing thread shares with the events.
struct Shared {
    live: Live,
    taskbar: Taskbar,
}

/// What the view has to know about its terminal.
#[derive(Clone)]
pub struct Stage {
    /// How large it is now.
    pub sizes: Sizes,
    /// It breaks lines anew when its window is made narrower.
    pub reflows: bool,
    /// It shows progress in its taskbar or tab, too.
    pub has_taskbar: bool,
}

/// Tells a run on a terminal.
pub struct Progress {
    look: Look,
    story: Story,
    screen: Screen,
    out: Pen,
    shared: Arc<Mutex<Shared>>,
    /// The picture, while there is one.
    picture: Option<ProgressBar>,
    /// Steps that want the terminal for themselves: those whose child owns it, and those whose output is
    /// the answer. The latter get it with their first line.
    guests: BTreeMap<String, bool>,
    is_running: bool,
}

impl Progress {
    /// The story and the view go to `err`, which is a terminal that understands escapes and is like
    /// this; answers go to `out`.
    pub fn new(
        err: Box<dyn Write + Send>,
        out: Box<dyn Write + Send>,
        stage: Stage,
        look: Look,
        verbosity: Verbosity,
    ) -> Self {
        Self {
            look,
            story: Story::new(look, verbosity),
            screen: Screen::new(Pen::new(err), stage.sizes, stage.reflows),
            out: Pen::new(out),
            shared: Arc::new(Mutex::new(Shared { live: Live::default(), taskbar: Taskbar::new(stage.has_taskbar) })),
            picture: None,
            guests: BTreeMap::new(),
            is_running: false,
        }
    }

    /// Tells comparisons in this form.
    #[must_use]
    pub fn answering(mut self, form: Form) -> Self {
        self.story.answer_in(form);
        self
    }

    /// Takes the view off the screen: for a prompt, an interactive child, the end.
    pub fn clear(&mut self) {
        let Some(picture) = self.picture.take() else { return };
        picture.disable_steady_tick();
        picture.finish_and_clear();
        let gone = lock(&self.shared).taskbar.hides();
        self.screen.write(gone);
    }

    fn draw(&mut self) {
        if self.picture.is_some() || !self.is_running || self.guests.values().any(|owns| *owns) {
            return;
        }
        lock(&self.shared).live.restart();
        let (shared, screen, look) = (Arc::clone(&self.shared), self.screen.clone(), self.look);
        let view = move |state: &ProgressState, to: &mut dyn fmt::Write| {
            let drawn = state.elapsed();
            let mut shared = lock(&shared);
            let now = shared.live.now(drawn);
            let turn = drawn.as_millis() / TICK.as_millis();
            let lines = shared.live.lines(&look, screen.room(), now, usize::try_from(turn).unwrap_or_default());
            let (share, is_failing) = (shared.live.share(now), shared.live.is_failing());
            screen.add(&shared.taskbar.shows(share, is_failing));
            // The place that it writes to takes everything.
            let _ = to.write_str(&lines.join("\n"));
        };
        let style = ProgressStyle::with_template("{view}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let target = ProgressDrawTarget::term_like(Box::new(self.screen.clone()));
        let picture = ProgressBar::with_draw_target(None, target).with_style(style.with_key("view", view));
        picture.enable_steady_tick(TICK);
        self.picture = Some(picture);
    }

    /// Who wants the terminal for itself, before the event is told.
    fn before(&mut self, kind: &EventKind) {
        match kind {
            EventKind::RunStarted { .. } | EventKind::RunFinished { .. } => {
                self.clear();
                self.guests.clear();
                self.is_running = false;
            }
            EventKind::StepStarted { step, interactive, shown, .. } => {
                self.is_running = true;
                if *interactive {
                    self.clear();
                }
                if *interactive || *shown {
                    self.guests.insert(step.clone(), *interactive);
                }
            }
            EventKind::Output { step, .. } if !self.guests.is_empty() => {
                if let Some(owns @ false) = self.guests.get_mut(step) {
                    *owns = true;
                    self.clear();
                }
            }
            EventKind::StepFinished { step, .. } | EventKind::StepSkipped { step, .. } => {
                self.guests.remove(step);
            }
            _ => {}
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reporter for Progress {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.before(&event.kind);
        lock(&self.shared).live.event(event);
        // The view says that it still runs.
        let is_seen = matches!(event.kind, EventKind::StepSlow { .. }) && self.picture.is_some();
        let mut answered = Ok(());
        if !is_seen {
            if !matches!(event.kind, EventKind::Output { .. } | EventKind::Progress { .. }) {
                self.story.fit(usize::from(self.screen.size().columns));
            }
            let Told { err, out } = self.story.tell(event);
            if !err.is_empty() || !out.is_empty() {
                let (screen, pen) = (&self.screen, &mut self.out);
                let mut tell = || {
                    screen.write(&err);
                    answered = pen.write(&out);
                };
                match &self.picture {
                    Some(picture) => picture.suspend(tell),
                    None => tell(),
                }
            }
        }
        self.draw();
        answered?;
        if let Some(error) = self.screen.error() {
            return Err(error);
        }
        if self.screen.is_gone() && self.out.is_gone() {
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
