//! What is asked beside a call that does not tell how far it is: `helm --wait` prints nothing for
//! minutes (helm 3 and 4), and the deployments know.

use super::attempt::invocation;
use super::clean::clean;
use super::desk::Desk;
use super::lines::{Line, Lines};
use super::redact_stream::RedactStream;
use super::scope::Values;
use crate::model::command::{Exit, Invocation, Stream};
use crate::model::event::EventKind;
use crate::plan::Watched;
use crate::port::Stop;
use crate::progress::parts::parts;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How long one look may take.
const MOST: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const ENOUGH: usize = 1 << 20;

/// Runs `work`, and looks meanwhile. Against a recording nobody looks: it holds the calls that were
/// made, and when is chance.
pub(super) fn beside<T>(
    desk: &Desk<'_>,
    id: &str,
    watch: Option<&Watched>,
    values: &Values,
    work: impl FnOnce() -> T,
) -> T {
    let Some(watch) = watch.filter(|_| !desk.world.runner.is_replay()) else { return work() };
    let Ok(call) = invocation(desk, &watch.call, None, values) else { return work() };
    let over = Over::new(desk.world.stop);
    thread::scope(|threads| {
        threads.spawn(|| look(desk, id, watch, &call, &over));
        // Even if the work panics, nobody must look for ever.
        let _end = End::of(&over);
        work()
    })
}

/// What runs beside is over when this goes.
pub(super) struct End<'a>(&'a AtomicBool);

impl<'a> End<'a> {
    pub(super) fn of(over: &'a Over<'_>) -> Self {
        Self(&over.done)
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The step is over, or the person wants it to be: then a look ends at once.
pub(super) struct Over<'a> {
    done: AtomicBool,
    stop: &'a dyn Stop,
}

impl<'a> Over<'a> {
    pub(super) fn new(stop: &'a dyn Stop) -> Self {
        Self { done: AtomicBool::new(false), stop }
    }
}

impl Stop for Over<'_> {
    fn requested(&self) -> Option<i32> {
        // Which signal it was means nothing to one that only looks.
        if self.done.load(Ordering::Relaxed) { Some(15) } else { self.stop.requested() }
    }

    fn hard(&self) -> bool {
        self.requested().is_some()
    }
}

fn look(desk: &Desk<'_>, id: &str, watch: &Watched, call: &Invocation, over: &Over<'_>) {
    let timeout = Some(call.timeout.map_or(MOST, |limit| limit.min(MOST)));
    let call = Invocation { timeout, grace: Duration::ZERO, ..call.clone() };
    let mut last = None;
    loop {
        desk.world.clock.sleep(watch.every, over);
        if over.requested().is_some() {
            return;
        }
        let mut text = Vec::new();
        let outcome = desk.world.runner.run_beside(&call, over, &mut |stream, chunk| {
            if stream == Stream::Stdout && text.len() < ENOUGH {
                text.extend_from_slice(chunk);
            }
        });
        let said = parts(&watch.pattern, &fit(desk, &text));
        if outcome.exit == Exit::Code(0) && said.is_some() && said != last && over.requested().is_none() {
            // No count: pods that are about to go are ready, too, and would be taken for those that come.
            let (step, stage) = (id.to_owned(), said.clone());
            desk.emit(EventKind::Progress { step, stage, current: None, total: None, unit: None });
            last = said;
        }
    }
}

/// The answer as it may be shown: a secret is known by what stands around it, so the whole is read for them before
/// the pattern cuts pieces out.
fn fit(desk: &Desk<'_>, text: &[u8]) -> Vec<u8> {
    let mut redact = RedactStream::new(&desk.redactor);
    let mut out = Vec::with_capacity(text.len());
    let mut lines = Lines::default();
    let mut each = |line: &Line| {
        out.extend_from_slice(desk.redactor.line(&clean(&redact.line(&line.text))).as_bytes());
        out.push(b'\n');
    };
    lines.feed(text, &mut each);
    lines.finish(&mut each);
    out
}
