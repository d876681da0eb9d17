//! What is asked beside a call that does not tell how far it is: `helm --wait` prints nothing for
//! minutes (helm 3 and 4), and the deployments know.

use super::attempt::invocation;
use super::desk::Desk;
use super::scope::Values;
use crate::model::command::{Exit, Invocation, Stream};
use crate::model::event::EventKind;
use crate::model::pattern::Pattern;
use crate::plan::Watched;
use crate::port::Stop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How long one look may take: the step's own end waits for it.
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
    let over = Over { done: AtomicBool::new(false), stop: desk.world.stop };
    thread::scope(|threads| {
        threads.spawn(|| look(desk, id, watch, &call, &over));
        // Even if the work panics, nobody must look for ever.
        let _end = End(&over.done);
        work()
    })
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The step is over, or the person wants it to be: for the sleeper, who asks often.
struct Over<'a> {
    done: AtomicBool,
    stop: &'a dyn Stop,
}

impl Stop for Over<'_> {
    fn requested(&self) -> Option<i32> {
        // Which signal it was means nothing to a sleeper.
        if self.done.load(Ordering::Relaxed) { Some(15) } else { self.stop.requested() }
    }
}

fn look(desk: &Desk<'_>, id: &str, watch: &Watched, call: &Invocation, over: &Over<'_>) {
    let call = Invocation { timeout: Some(call.timeout.map_or(MOST, |limit| limit.min(MOST))), ..call.clone() };
    let mut last = None;
    loop {
        desk.world.clock.sleep(watch.every, over);
        if over.requested().is_some() {
            return;
        }
        let mut text = Vec::new();
        let outcome = desk.world.runner.run(&call, &mut |stream, chunk| {
            if stream == Stream::Stdout && text.len() < ENOUGH {
                text.extend_from_slice(chunk);
            }
        });
        let parts = parts(&watch.pattern, &text);
        if outcome.exit != Exit::Code(0) || parts.is_none() || parts == last || over.requested().is_some() {
            continue;
        }
        if let Some((stage, current, total)) = &parts {
            let stage = Some(desk.redactor.line(stage)).filter(|stage| !stage.is_empty());
            let (step, current, total) = (id.to_owned(), Some(*current), Some(*total));
            desk.emit(EventKind::Progress { step, stage, current, total, unit: None });
        }
        last = parts;
    }
}

/// "backend 0/1, frontend 1/1", and the sums; `None` when nothing matches.
fn parts(pattern: &Pattern, text: &[u8]) -> Option<(String, u64, u64)> {
    let (mut names, mut done, mut all) = (Vec::new(), 0u64, 0u64);
    for found in pattern.regex().captures_iter(text) {
        let text = |name| found.name(name).map(|group| super::clean::clean(group.as_bytes()));
        let number = |name| text(name)?.parse::<u64>().ok();
        let (Some(current), Some(total)) = (number("current"), number("total")) else { continue };
        // More replicas than wanted are ready while old ones go.
        done = done.saturating_add(current.min(total));
        all = all.saturating_add(total);
        names.push(format!("{} {current}/{total}", text("stage").unwrap_or_default()).trim_start().to_owned());
    }
    (!names.is_empty()).then(|| (names.join(", "), done, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_match_is_a_part() {
        let pattern = Pattern::new(r"^taskflow-(?P<stage>\S+)\s+(?P<current>\d+)/(?P<total>\d+)").unwrap();
        let text = b"NAME                READY   UP-TO-DATE   AVAILABLE   AGE\n\
                     other               0/9     1            0           3s\n\
                     taskflow-backend    0/1     1            0           3s\n\
                     taskflow-frontend   3/2     1            1           3s\n";
        assert_eq!(parts(&pattern, text), Some(("backend 0/1, frontend 3/2".to_owned(), 2, 3)));
        assert_eq!(parts(&pattern, b"No resources found in default namespace.\n"), None);
    }
}
