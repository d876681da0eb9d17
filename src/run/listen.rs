//! The reporter's side of a run: hands events on, says when a step takes long, answers Ctrl-C.

use super::desk::{Message, event, millis};
use super::live::{self, Live};
use super::world::World;
use crate::model::event::{Event, EventKind};
use crate::port::Reporter;
use std::collections::BTreeMap;
use std::io;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How soon a Ctrl-C is answered: well within the tenth of a second after which people press again.
const TICK: Duration = Duration::from_millis(40);
/// A step that runs longer than this is told once, whatever it prints: a log should say what runs, and a line for the
/// start of each step would be one too many for all the others.
const LONG: Duration = Duration::from_secs(5);
/// How long a step may be silent.
const SLOW: Duration = Duration::from_secs(30);

/// The first error of the reporter that matters.
pub type Complaint = Option<io::Error>;

struct Silent {
    name: String,
    since: Duration,
    last: Duration,
    /// It has been told that it runs.
    told: bool,
}

/// Hands events to the reporter until the run is over. A reporter that fails never stops the
/// run; a reader that went away (`| head`) is no failure.
pub fn listen(
    world: &World<'_>,
    live: &Live,
    started: Duration,
    events: &Receiver<Message>,
    reporter: &mut dyn Reporter,
) -> Complaint {
    let mut complaint = None;
    let mut running: BTreeMap<String, Silent> = BTreeMap::new();
    let mut told = false;
    loop {
        let message = events.recv_timeout(TICK);
        // Before anything that may take long, like a journal that is to be made safe on a slow disk.
        if !told && world.stop.requested().is_some() {
            told = true;
            let live = live.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for text in live::first(live.values()) {
                tell(reporter, &mut complaint, &event(world, started, EventKind::Notice { text, urgent: true }));
            }
        }
        let now = match message {
            Ok(Message::Settle(answer)) => {
                // Whoever asked may have given up.
                let _ = answer.send(reporter.settle().map_err(|error| error.to_string()));
                world.clock.elapsed()
            }
            Ok(Message::Event(next)) => {
                let now = world.clock.elapsed();
                note(&mut running, &next.kind, now);
                tell(reporter, &mut complaint, &next);
                now
            }
            Err(RecvTimeoutError::Timeout) => world.clock.elapsed(),
            Err(RecvTimeoutError::Disconnected) => return complaint,
        };
        for (step, silent) in &mut running {
            let is_news = !silent.told && now.saturating_sub(silent.since) >= LONG;
            if is_news || now.saturating_sub(silent.last) >= SLOW {
                (silent.last, silent.told) = (now, true);
                let running_ms = millis(now.saturating_sub(silent.since));
                let slow = EventKind::StepSlow { step: step.clone(), name: silent.name.clone(), running_ms };
                tell(reporter, &mut complaint, &event(world, started, slow));
            }
        }
    }
}

fn tell(reporter: &mut dyn Reporter, complaint: &mut Complaint, event: &Event) {
    if let Err(error) = reporter.event(event)
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        complaint.get_or_insert(error);
    }
}

fn note(running: &mut BTreeMap<String, Silent>, kind: &EventKind, now: Duration) {
    match kind {
        // A called task is not silent while its steps are not; a child that owns the terminal is
        // in a talk that nobody should break into.
        EventKind::StepStarted { step, name, kind, interactive: false, .. } if kind != "task" => {
            running.insert(step.clone(), Silent { name: name.clone(), since: now, last: now, told: false });
        }
        EventKind::StepFinished { step, .. } => {
            running.remove(step);
        }
        EventKind::Output { step, .. } | EventKind::Progress { step, .. } | EventKind::StepRetry { step, .. } => {
            if let Some(silent) = running.get_mut(step) {
                silent.last = now;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Stage;
    use super::*;
    use crate::model::finding::Document;
    use std::path::PathBuf;
    use std::sync::Mutex;
    use std::sync::mpsc::sync_channel;

    #[derive(Default)]
    struct Told(Vec<String>);

    impl Reporter for Told {
        fn event(&mut self, event: &Event) -> io::Result<()> {
            if let EventKind::Notice { text, .. } = &event.kind {
                self.0.push(text.clone());
            }
            Ok(())
        }

        fn settle(&mut self) -> io::Result<()> {
            self.0.push("settled".to_owned());
            Ok(())
        }
    }

    #[test]
    fn a_wish_to_stop_is_answered_before_the_journal_is_made_safe() {
        let stage = Stage::default();
        stage.stop(2);
        let (diagnose, symptom_in) = (|_: &[Document]| unreachable!(), |_: &[Document]| Vec::new());
        let world = World {
            runner: &stage,
            locate: &stage,
            clock: &stage,
            stop: &stage,
            store: &stage,
            recorder: None,
            base: PathBuf::from("/work"),
            run_id: "run-1".to_owned(),
            replay: None,
            past: None,
            usual: Default::default(),
            resume: None,
            after_failure: None,
            diagnose: &diagnose,
            symptom_in: &symptom_in,
        };
        let (sender, receiver) = sync_channel(1);
        let (answer, _answers) = sync_channel(1);
        sender.send(Message::Settle(answer)).unwrap();
        drop(sender);
        let mut told = Told::default();
        assert!(listen(&world, &Mutex::default(), Duration::ZERO, &receiver, &mut told).is_none());
        assert_eq!(told.0, ["stopping: nothing new starts", "settled"]);
    }
}
