//! A recording that takes its time: every call as long as it took, every line when it came, or a
//! number of times faster.

use super::clock::SystemClock;
use super::replay::Replay;
use crate::model::command::{Exit, Invocation, Outcome, RecordedCall, Stream};
use crate::port::{Clock, Rehearsal, Runner, Stop};
use std::sync::Arc;
use std::time::Duration;

/// The time of a recording that is played at a pace. What is told of it is recorded time: at ten
/// times the speed a minute on the wall counts as ten.
#[derive(Debug)]
pub struct PacedClock {
    system: SystemClock,
    begun: u64,
    pace: f64,
}

impl PacedClock {
    /// A clock that counts from now, `pace` times as fast as the system's.
    pub fn start(pace: f64) -> Self {
        let system = SystemClock::start();
        Self { begun: system.now(), system, pace }
    }
}

impl Clock for PacedClock {
    fn now(&self) -> u64 {
        self.begun.saturating_add(u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.system.elapsed().mul_f64(self.pace)
    }

    fn sleep(&self, duration: Duration, stop: &dyn Stop) {
        self.system.sleep(duration.div_f64(self.pace), stop);
    }
}

/// Answers from a recording, at a pace.
pub struct Paced<'a> {
    replay: &'a Replay,
    clock: PacedClock,
    stop: Arc<dyn Stop + Send>,
}

impl<'a> Paced<'a> {
    /// `pace`: how many times as fast as it was, more than 0.
    pub fn new(replay: &'a Replay, pace: f64, stop: Arc<dyn Stop + Send>) -> Self {
        Self { replay, clock: PacedClock::start(pace), stop }
    }

    /// Plays one answer; `None` when it was stopped on the way.
    fn play(&self, answer: &RecordedCall, stop: &dyn Stop, sink: &mut dyn FnMut(Stream, &[u8])) -> Option<()> {
        let begun = self.clock.elapsed();
        let until = |ms: u64| {
            let left = (begun + Duration::from_millis(ms)).saturating_sub(self.clock.elapsed());
            self.clock.sleep(left, stop);
            stop.requested().is_none().then_some(())
        };
        for (ms, stream, piece) in pieces(answer) {
            until(ms)?;
            sink(stream, piece);
        }
        until(answer.elapsed_ms)
    }

    fn answer(&self, call: &Invocation, stop: &dyn Stop, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        match self.replay.answer_to(call) {
            Err(outcome) => outcome,
            Ok(answer) => {
                let exit = match self.play(answer, stop, sink) {
                    Some(()) => Exit::Code(answer.exit_code),
                    None => Exit::Interrupted,
                };
                Outcome { exit, elapsed: Duration::from_millis(answer.elapsed_ms), leaked: false }
            }
        }
    }
}

impl Runner for Paced<'_> {
    fn run(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.answer(call, self.stop.as_ref(), sink)
    }

    fn run_to_end(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.answer(call, &Hard(self.stop.as_ref()), sink)
    }

    fn run_beside(&self, call: &Invocation, over: &dyn Stop, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.answer(call, over, sink)
    }

    fn rehearse(&self, call: &Invocation, beside: &[Invocation]) -> Option<Rehearsal> {
        Some(Rehearsal { is_paced: true, ..self.replay.of(call, beside).unwrap_or_default() })
    }

    fn is_replay(&self) -> bool {
        true
    }
}

/// A stop that only the second request is.
struct Hard<'a>(&'a dyn Stop);

impl Stop for Hard<'_> {
    fn requested(&self) -> Option<i32> {
        self.0.requested().filter(|_| self.0.hard())
    }

    fn hard(&self) -> bool {
        self.0.hard()
    }
}

/// What was printed, in pieces, each with the time at which it came, in milliseconds. A recording
/// without marks tells only how long the call took: its lines come evenly.
fn pieces(answer: &RecordedCall) -> Vec<(u64, Stream, &[u8])> {
    let texts = [(Stream::Stdout, answer.stdout.as_bytes()), (Stream::Stderr, answer.stderr.as_bytes())];
    if answer.marks.is_empty() {
        let lines: Vec<(Stream, &[u8])> = texts
            .iter()
            .flat_map(|(stream, text)| text.split_inclusive(|byte| *byte == b'\n').map(|line| (*stream, line)))
            .collect();
        let parts = lines.len() as u64 + 1;
        let at = |index: usize| answer.elapsed_ms.saturating_mul(index as u64 + 1) / parts;
        return lines.into_iter().enumerate().map(|(index, (stream, line))| (at(index), stream, line)).collect();
    }
    let mut rest = texts.map(|(_, text)| text);
    let mut last = 0;
    let mut out = Vec::new();
    for mark in &answer.marks {
        let stream = if mark.1 == 2 { Stream::Stderr } else { Stream::Stdout };
        let text = &mut rest[stream as usize];
        let (piece, behind) = text.split_at(usize::try_from(mark.2).unwrap_or(usize::MAX).min(text.len()));
        *text = behind;
        // Whatever a file says, time goes on, and the call ends when it ended.
        last = mark.0.clamp(last, answer.elapsed_ms.max(last));
        out.push((last, stream, piece));
    }
    let ends = [(Stream::Stdout, rest[0]), (Stream::Stderr, rest[1])];
    out.extend(ends.into_iter().filter(|(_, text)| !text.is_empty()).map(|(stream, text)| (last, stream, text)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::Mark;
    use proptest::prelude::*;

    fn call(elapsed_ms: u64, stdout: &str, stderr: &str, marks: Vec<Mark>) -> RecordedCall {
        let (stdout, stderr) = (stdout.to_owned(), stderr.to_owned());
        RecordedCall { argv: vec!["helm".to_owned()], exit_code: 0, elapsed_ms, stdout, stderr, marks }
    }

    #[test]
    fn lines_without_marks_come_evenly() {
        let call = call(300, "a\nb", "", Vec::new());
        let expected: [(u64, Stream, &[u8]); 2] = [(100, Stream::Stdout, b"a\n"), (200, Stream::Stdout, b"b")];
        assert_eq!(pieces(&call), expected);
    }

    #[test]
    fn marks_say_what_came_when() {
        let call = call(900, "a\nb\n", "e\n", vec![Mark(10, 1, 2), Mark(20, 2, 2), Mark(800, 1, 2)]);
        let expected: [(u64, Stream, &[u8]); 3] =
            [(10, Stream::Stdout, b"a\n"), (20, Stream::Stderr, b"e\n"), (800, Stream::Stdout, b"b\n")];
        assert_eq!(pieces(&call), expected);
    }

    proptest! {
        /// Marks are what a file says: whatever that is, every byte comes once, in order, in time.
        #[test]
        fn nothing_is_lost_whatever_the_marks_say(
            out in "[a-c\n]{0,40}",
            err in "[a-c\n]{0,40}",
            marks in prop::collection::vec((any::<u64>(), any::<u8>(), 0u64..50), 0..8),
            elapsed in 0u64..1000,
        ) {
            let marks = marks.into_iter().map(|(at, stream, bytes)| Mark(at, stream, bytes)).collect();
            let call = call(elapsed, &out, &err, marks);
            let pieces = pieces(&call);
            for (stream, text) in [(Stream::Stdout, &out), (Stream::Stderr, &err)] {
                let told: Vec<u8> =
                    pieces.iter().filter(|piece| piece.1 == stream).flat_map(|piece| piece.2).copied().collect();
                prop_assert_eq!(told, text.as_bytes());
            }
            prop_assert!(pieces.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            prop_assert!(pieces.iter().all(|piece| piece.0 <= elapsed));
        }
    }
}
