//! One call of a tool: its output streams through redaction to the screen, the evidence file and
//! the bounded captures. Nothing here judges.

use super::capture::{Capture, Tail};
use super::clean::{clean, shorten};
use super::desk::{Desk, millis};
use super::evidence::Evidence;
use super::lines::{Line, Lines};
use super::marks::Marks;
use super::redact::{decode_base64, is_origins};
use super::redact_stream::RedactStream;
use super::wide::Wide;
use crate::model::command::{Exit, Invocation, Outcome, RecordedCall, Stream};
use crate::model::event::EventKind;
use crate::model::pattern::Pattern;
use crate::port::Stop;
use crate::progress::{Meter, Reading};
use std::time::Duration;

/// How a call's output is taken.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The step's id.
    pub id: &'a str,
    /// No events: a gate asked on the side.
    pub quiet: bool,
    /// A stop does not break it off.
    pub to_end: bool,
    /// Standard output is a secret.
    pub sensitive: bool,
    /// Standard output is base64.
    pub decode: bool,
    /// The lines of standard output that count.
    pub filter: Option<&'a Pattern>,
    /// Reads progress, in place of what is known of the tool.
    pub progress: Option<&'a Pattern>,
    /// Worth recording?
    pub record: bool,
    /// Something else than the run may end it.
    pub over: Option<&'a dyn Stop>,
    /// The answer is known: nothing is run.
    pub given: Option<&'a RecordedCall>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub exit: Exit,
    /// How long it took.
    pub elapsed: Duration,
    /// A grandchild holds the output open.
    pub leaked: bool,
    /// Standard output, filtered and decoded: for patterns, never for eyes.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
    /// Standard output, redacted; empty when sensitive.
    pub shown_stdout: Vec<u8>,
    /// Standard error, redacted.
    pub shown_stderr: Vec<u8>,
    /// Bytes that were not kept.
    pub dropped: u64,
    /// Of these, the ones that an evidence file of standard output cannot have either.
    pub unfiled: u64,
    /// The last lines.
    pub tail: Vec<String>,
    /// Why standard output could not be decoded.
    pub undecodable: Option<String>,
}

impl Answer {
    /// Does either stream match?
    pub fn matches(&self, pattern: &Pattern) -> bool {
        pattern.is_match(&self.stdout) || pattern.is_match(&self.stderr)
    }

    /// The line that matches, as it may be shown; `None` when only what is hidden matches.
    pub fn line_of(&self, pattern: &Pattern) -> Option<String> {
        [&self.shown_stdout, &self.shown_stderr].into_iter().find_map(|text| {
            let found = pattern.regex().find(text)?;
            let line = text[found.start()..].split(|byte| *byte == b'\n').next()?;
            let before = text[..found.start()].rsplit(|byte| *byte == b'\n').next()?;
            Some(shorten(clean(&[before, line].concat()).trim().to_owned()))
        })
    }

    /// The last telling line of standard error (or else of standard output), for a note.
    pub fn last_words(&self) -> Option<String> {
        [&self.shown_stderr, &self.shown_stdout].into_iter().find_map(|text| {
            let line = text.split(|byte| *byte == b'\n').rev().find(|line| !line.trim_ascii().is_empty())?;
            Some(shorten(clean(line).trim().to_owned()))
        })
    }
}

/// One stream on its way.
struct Side<'a> {
    wide: Wide,
    lines: Lines,
    redact: RedactStream<'a>,
    raw: Capture,
    shown: Capture,
    recorded: Option<Capture>,
    cut: u64,
}

impl Side<'_> {
    /// Bytes that were not kept, each once: what the lines lost at their ends and what the middle
    /// of the whole lost are bytes of the same stream.
    fn lost(&self) -> u64 {
        self.cut.max(self.raw.dropped())
    }
}

struct Pipe<'a, 'e> {
    desk: &'a Desk<'a>,
    ask: &'a Ask<'a>,
    evidence: Option<&'e mut Evidence>,
    sides: [Side<'a>; 2],
    tail: Tail,
    /// When the recorded lines came.
    marks: Marks,
    meter: Option<Meter>,
}

/// Runs a call to its end.
pub fn perform(desk: &Desk<'_>, call: &Invocation, ask: &Ask<'_>, evidence: Option<&mut Evidence>) -> Answer {
    let side = || Side {
        wide: Wide::default(),
        lines: Lines::default(),
        redact: RedactStream::new(&desk.redactor),
        raw: Capture::default(),
        shown: Capture::default(),
        recorded: (ask.record && desk.world.recorder.is_some()).then(Capture::default),
        cut: 0,
    };
    let (meter, marks) = (meter(desk, call, ask), Marks::start(desk));
    let mut pipe = Pipe { desk, ask, evidence, sides: [side(), side()], tail: Tail::default(), marks, meter };
    let mut sink = |stream: Stream, chunk: &[u8]| pipe.chunk(stream, chunk);
    let runner = desk.world.runner;
    let outcome = match (ask.given, ask.over) {
        (Some(answer), _) => give(answer, &mut sink),
        (None, Some(over)) if !ask.to_end => runner.run_beside(call, over, &mut sink),
        _ if ask.to_end => runner.run_to_end(call, &mut sink),
        _ => runner.run(call, &mut sink),
    };
    pipe.finish(call, outcome)
}

/// Answers as it was recorded.
fn give(answer: &RecordedCall, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
    sink(Stream::Stdout, answer.stdout.as_bytes());
    sink(Stream::Stderr, answer.stderr.as_bytes());
    let elapsed = Duration::from_millis(answer.elapsed_ms);
    Outcome { exit: Exit::Code(answer.exit_code), elapsed, leaked: false }
}

/// What tells how far the call is, where something does.
fn meter(desk: &Desk<'_>, call: &Invocation, ask: &Ask<'_>) -> Option<Meter> {
    let (tool, arguments) = call.argv.split_first()?;
    let program = desk.plan.tools.get(tool).map_or(tool, |tool| &tool.program);
    Meter::of(program, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), ask.progress)
}

impl Pipe<'_, '_> {
    /// Standard output that nothing may show as it comes.
    fn is_held(&self, stream: Stream) -> bool {
        stream == Stream::Stdout && (self.ask.sensitive || self.ask.decode)
    }

    fn chunk(&mut self, stream: Stream, chunk: &[u8]) {
        let mut wide = std::mem::take(&mut self.sides[stream as usize].wide);
        self.text(stream, &wide.push(chunk));
        self.sides[stream as usize].wide = wide;
    }

    fn text(&mut self, stream: Stream, chunk: &[u8]) {
        let held = self.is_held(stream);
        let by_line = stream == Stream::Stdout && self.ask.filter.is_some();
        let side = &mut self.sides[stream as usize];
        if held || !by_line {
            side.raw.push(chunk);
        }
        if !held {
            let mut lines = std::mem::take(&mut side.lines);
            lines.feed(chunk, &mut |line| self.line(stream, line));
            self.sides[stream as usize].lines = lines;
        }
    }

    fn line(&mut self, stream: Stream, line: &Line) {
        let filter = self.ask.filter.filter(|_| stream == Stream::Stdout);
        let side = &mut self.sides[stream as usize];
        let mut redacted = side.redact.line(&line.text);
        if line.cut > 0 {
            // A secret that straddles the cut must not show its head.
            redacted.truncate(redacted.len().saturating_sub(4096));
            redacted.extend_from_slice(format!(" [{} bytes more, not kept]", line.cut + 4096).as_bytes());
            side.cut += line.cut;
        }
        if let Some(recorded) = side.recorded.as_mut().filter(|_| !self.ask.decode || stream == Stream::Stderr) {
            recorded.push(&redacted);
            recorded.push(line.end);
            self.marks.add(self.desk, stream, redacted.len() + line.end.len());
        }
        if filter.is_some_and(|filter| !filter.is_match(&line.text)) {
            return;
        }
        if filter.is_some() {
            side.raw.push(&line.text);
            side.raw.push(line.end);
        }
        side.shown.push(&redacted);
        side.shown.push(line.end);
        if let Some(evidence) = self.evidence.as_mut().filter(|_| stream == Stream::Stdout) {
            evidence.stream(self.desk, &redacted, line.end);
        }
        let text = self.fit(&redacted);
        // Progress is read off what may be shown: no number and no word of it is a secret's.
        let reading = self.meter.as_mut().and_then(|meter| meter.line(text.as_bytes()));
        let words = self.meter.as_ref().and_then(|meter| meter.words(text.as_bytes()));
        let text = shorten(words.map_or(text, |words| self.desk.redactor.line(&clean(words.as_bytes()))));
        self.tail.push(&text);
        if !self.ask.quiet {
            self.progress(reading);
            self.desk.emit(EventKind::Output { step: self.ask.id.to_owned(), stream, line: text });
        }
    }

    /// A line for a screen, not shortened. Controls inside a secret would have hidden it from the redactor,
    /// and so would the escapes of a text in JSON.
    fn fit(&self, redacted: &[u8]) -> String {
        let text = clean(redacted);
        if text.as_bytes() == redacted { text } else { self.desk.redactor.line(&text) }
    }

    fn progress(&self, reading: Option<Reading>) {
        let Some(Reading { stage, current, total, unit }) = reading else { return };
        let stage = stage.map(|stage| self.desk.redactor.line(&clean(stage.as_bytes())));
        self.desk.emit(EventKind::Progress { step: self.ask.id.to_owned(), stage, current, total, unit });
    }

    fn finish(mut self, call: &Invocation, outcome: Outcome) -> Answer {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let rest = self.sides[stream as usize].wide.finish();
            self.text(stream, &rest);
            let mut lines = std::mem::take(&mut self.sides[stream as usize].lines);
            lines.finish(&mut |line| self.line(stream, line));
        }
        let held = self.is_held(Stream::Stdout);
        let mut undecodable = None;
        let mut held_bytes = None;
        if held {
            let raw = std::mem::take(&mut self.sides[0].raw);
            let cut = raw.dropped();
            let raw = raw.into_bytes();
            let plain = if self.ask.decode { decode_base64(&raw) } else { Some(raw.clone()) };
            if plain.is_none() {
                undecodable = Some("its output is not base64".to_owned());
            }
            let plain = plain.unwrap_or_default();
            if self.ask.sensitive {
                self.learn(&raw);
                self.learn(&plain);
            } else {
                let mut lines = Lines::default();
                lines.feed(&plain, &mut |line| self.line(Stream::Stdout, line));
                lines.finish(&mut |line| self.line(Stream::Stdout, line));
            }
            self.sides[0].cut += cut;
            // A filter has already pushed its lines.
            if self.ask.sensitive || self.ask.filter.is_none() {
                self.sides[0].raw.push(&plain);
            }
            held_bytes = Some(raw);
        }
        let reading = self.meter.as_mut().and_then(|meter| meter.end(outcome.exit.is_success()));
        if !self.ask.quiet {
            self.progress(reading);
        }
        self.record(call, &outcome, held_bytes.as_deref());
        let [out, err] = self.sides;
        let unfiled = out.cut + err.lost();
        let dropped = match (held, self.ask.filter) {
            // What was held back is in `cut` already.
            (true, _) => out.cut,
            // The filter got lines whose ends were cut before.
            (false, Some(_)) => out.cut + out.raw.dropped(),
            (false, None) => out.lost(),
        } + err.lost();
        // Why a call did not start may repeat it, arguments and all.
        let exit = match outcome.exit {
            Exit::NotStarted(why) => Exit::NotStarted(self.desk.redactor.line(&why)),
            exit => exit,
        };
        Answer {
            exit,
            elapsed: outcome.elapsed,
            leaked: outcome.leaked,
            stdout: out.raw.into_bytes(),
            stderr: err.raw.into_bytes(),
            shown_stdout: out.shown.into_bytes(),
            shown_stderr: err.shown.into_bytes(),
            dropped,
            unfiled,
            tail: self.tail.lines(),
            undecodable,
        }
    }

    fn learn(&self, value: &[u8]) {
        if let Ok(text) = std::str::from_utf8(value)
            && !is_origins(text)
        {
            self.desk.redactor.learn(text);
        }
    }

    fn record(&mut self, call: &Invocation, outcome: &Outcome, held: Option<&[u8]>) {
        let (Some(recorder), true) = (self.desk.world.recorder, self.ask.record) else { return };
        let exit_code = match outcome.exit {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
            Exit::TimedOut => 124,
            // Ended early, by us: what was looked at meanwhile ends it again.
            Exit::Interrupted if self.ask.over.is_some() && !self.ask.quiet && !self.desk.is_stopped() => 130,
            // No answer, nothing to replay.
            Exit::NotStarted(_) | Exit::Interrupted => return,
        };
        let redactor = &self.desk.redactor;
        let whole = self.sides.iter().all(|side| side.recorded.as_ref().is_none_or(|kept| kept.dropped() == 0));
        let marks = if held.is_none() && whole { self.marks.take() } else { Vec::new() };
        let mut recorded =
            |index: usize| self.sides[index].recorded.take().map(Capture::into_bytes).unwrap_or_default();
        let stdout = match held {
            Some(raw) if self.ask.decode => redactor.encoded(raw, self.ask.sensitive),
            Some(raw) => redactor.value(None, String::from_utf8_lossy(raw).trim_end()).into_bytes(),
            None => recorded(0),
        };
        let stderr = recorded(1);
        let answer = RecordedCall {
            argv: redactor.argv(call.asked()),
            exit_code,
            elapsed_ms: millis(outcome.elapsed),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            marks,
        };
        if let Err(error) = recorder.keep(&answer) {
            self.desk.unwritable(format!("the recording: {error}"));
        }
    }
}
