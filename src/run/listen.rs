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
/// How often it is told from then on, whatever it prints: most of that stands in no log, and whoever waits there,
/// person or CI, takes silence for a standstill.
const SLOW: Duration = Duration::from_secs(30);

/// The first error of the reporter that matters.
pub type Complaint = Option<io::Error>;

struct Running {
    name: String,
    since: Duration,
    /// When it was told last.
    last: Duration,
    /// It has been told that it runs.
    told: bool,
    /// Its output is the answer: each line tells that it runs.
    shown: bool,
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
    let mut running: BTreeMap<String, Running> = BTreeMap::new();
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
        for (step, known) in &mut running {
            let is_news = !known.told && now.saturating_sub(known.since) >= LONG;
            if is_news || now.saturating_sub(known.last) >= SLOW {
                (known.last, known.told) = (now, true);
                let running_ms = millis(now.saturating_sub(known.since));
                let slow = EventKind::StepSlow { step: step.clone(), name: known.name.clone(), running_ms };
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

fn note(running: &mut BTreeMap<String, Running>, kind: &EventKind, now: Duration) {
    match kind {
        // Of a called task its steps are told; a child that owns the terminal is
        // in a talk that nobody should break into.
        EventKind::StepStarted { step, name, kind, shown, interactive: false, .. } if kind != "task" => {
            let known = Running { name: name.clone(), since: now, last: now, told: false, shown: *shown };
            running.insert(step.clone(), known);
        }
        EventKind::StepFinished { step, .. } => {
            running.remove(step);
        }
        // A round has a line of its own.
        EventKind::Round { step, .. } => {
            if let Some(known) = running.get_mut(step) {
                known.last = now;
            }
        }
        EventKind::Output { step, .. } => {
            if let Some(known) = running.get_mut(step).filter(|known| known.shown) {
                known.last = now;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Stage;
    use super::*;
    use crate::model::command::Stream;
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

    fn hear(stage: &Stage, messages: Vec<Message>, reporter: &mut dyn Reporter) -> Complaint {
        let (diagnose, symptom_in) = (|_: &[Document]| unreachable!(), |_: &[Document]| Vec::new());
        let world = World {
            runner: stage,
            locate: stage,
            clock: stage,
            stop: stage,
            store: stage,
            recorder: None,
            base: PathBuf::from("/work"),
            run_id: "run-1".to_owned(),
            person: None,
            unique: String::new(),
            replay: None,
            past: None,
            incident: Ok(None),
            usual: Default::default(),
            resume: None,
            after_failure: None,
            diagnose: &diagnose,
            symptom_in: &symptom_in,
            finals: &|_| Vec::new(),
        };
        let (sender, receiver) = sync_channel(messages.len());
        messages.into_iter().for_each(|message| sender.send(message).unwrap());
        drop(sender);
        listen(&world, &Mutex::default(), Duration::ZERO, &receiver, reporter)
    }

    #[test]
    fn a_wish_to_stop_is_answered_before_the_journal_is_made_safe() {
        let stage = Stage::default();
        stage.stop(2);
        let (answer, _answers) = sync_channel(1);
        let mut told = Told::default();
        assert!(hear(&stage, vec![Message::Settle(answer)], &mut told).is_none());
        assert_eq!(told.0, ["stopping: nothing new starts", "settled"]);
    }

    /// Notes after how many seconds a step was told to run, and lets time pass with every event.
    struct Slow<'a>(&'a Stage, Vec<u64>);

    impl Reporter for Slow<'_> {
        fn event(&mut self, event: &Event) -> io::Result<()> {
            match &event.kind {
                EventKind::StepSlow { running_ms, .. } => self.1.push(running_ms / 1000),
                _ => self.0.pass(Duration::from_secs(20)),
            }
            Ok(())
        }
    }

    /// The seconds at which a step was told to run that prints, counts and tries again, 20 s apart.
    fn told_at(shown: bool) -> Vec<u64> {
        let stage = Stage::default();
        let step = || "1".to_owned();
        let output = || EventKind::Output { step: step(), stream: Stream::Stdout, line: "working".to_owned() };
        let started = EventKind::StepStarted {
            step: step(),
            name: "Build".to_owned(),
            kind: "run".to_owned(),
            argv: Vec::new(),
            shown,
            interactive: false,
        };
        let progress = EventKind::Progress { step: step(), stage: None, current: Some(1), total: None, unit: None };
        let retry = EventKind::StepRetry { step: step(), attempt: 1, wait_ms: 1, why: "not yet".to_owned() };
        let kinds = [started, output(), progress, retry, output(), output(), output()];
        let message = |kind| Message::Event(Box::new(Event { at: 0, elapsed_ms: 0, kind }));
        let mut slow = Slow(&stage, Vec::new());
        assert!(hear(&stage, kinds.into_iter().map(message).collect(), &mut slow).is_none());
        slow.1
    }

    #[test]
    fn a_step_is_told_every_half_minute_whatever_it_prints() {
        assert_eq!(told_at(false), [20, 60, 100]);
    }

    #[test]
    fn an_answer_tells_as_much() {
        assert_eq!(told_at(true), [20, 60], "the lines after that are there to be read");
    }
}
