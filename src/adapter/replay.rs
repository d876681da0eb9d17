//! Answers tool calls from a recording: a run without a cluster.

use crate::model::command::{Exit, Invocation, Outcome, RecordedCall, Stream};
use crate::port::{Beside, Rehearsal, Runner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Largest recording that is read.
const CAP: u64 = 256 * 1024 * 1024;

/// Output goes to the sink in pieces of this size, as it would from a pipe.
const CHUNK: usize = 64 * 1024;

/// How long the caller waits is not part of what is asked.
const TIME_LIMITS: [&str; 2] = ["--timeout", "--request-timeout"];

/// First line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) incident: String,
    #[serde(default)]
    pub(super) note: String,
    /// The word that was another one in every run, and is this one in every replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unique: Option<String>,
}

/// A recording, ready to answer.
#[derive(Debug)]
pub struct Replay {
    name: String,
    header: Header,
    calls: Vec<RecordedCall>,
    /// The answers to the very same arguments.
    exact: BTreeMap<Vec<String>, Answers>,
    /// The answers to arguments that ask the same.
    alike: BTreeMap<Vec<String>, Answers>,
}

/// The answers to one question: they come in order, and the last one repeats.
#[derive(Debug, Default)]
struct Answers {
    /// Places in `calls`.
    places: Vec<usize>,
    given: AtomicUsize,
}

impl Answers {
    fn next(&self) -> Option<usize> {
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        self.places.get(given).or(self.places.last()).copied()
    }

    /// The answer that comes next, without giving it.
    fn coming(&self) -> Option<usize> {
        self.places.get(self.given.load(Ordering::Relaxed)).or(self.places.last()).copied()
    }

    /// Gives all that stand before this place.
    fn up_to(&self, place: usize) -> Vec<usize> {
        let until = self.places.partition_point(|own| *own < place);
        let given = self.given.fetch_max(until, Ordering::Relaxed);
        self.places.get(given..until).unwrap_or_default().to_vec()
    }
}

impl Replay {
    /// Reads a recording from a file.
    ///
    /// # Errors
    /// One line: it cannot be read, or the line of it that is wrong.
    pub fn open(path: &Path) -> Result<Self, String> {
        let bytes = super::files::read_capped(path, CAP).map_err(|error| error.to_string())?;
        Self::parse(&path.display().to_string(), &bytes)
    }

    /// Reads a recording from memory; `name` is what messages call it.
    ///
    /// # Errors
    /// The line that is wrong, and why.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut header = None;
        let mut calls = Vec::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let wrong = |why: &str| format!("`{name}`, line {}: {why}", index + 1);
            if header.is_none()
                && calls.is_empty()
                && let Ok(first) = serde_json::from_slice(line)
            {
                header = Some::<Header>(first);
                continue;
            }
            let call: RecordedCall = serde_json::from_slice(line)
                .map_err(|error| wrong(&format!("this is not a recorded call: {}", without_place(&error))))?;
            if call.argv.is_empty() {
                return Err(wrong("`argv` is empty"));
            }
            calls.push(call);
        }
        if header.is_none() && calls.is_empty() {
            return Err(format!("`{name}` is empty: a recording holds one JSON object a line"));
        }
        let mut exact: BTreeMap<_, Answers> = BTreeMap::new();
        let mut alike: BTreeMap<_, Answers> = BTreeMap::new();
        for (place, call) in calls.iter().enumerate() {
            exact.entry(call.argv.clone()).or_default().places.push(place);
            alike.entry(essence(&call.argv)).or_default().places.push(place);
        }
        Ok(Self { name: name.to_owned(), header: header.unwrap_or_default(), calls, exact, alike })
    }

    /// The incident's name; empty when the recording has none.
    pub fn incident(&self) -> &str {
        &self.header.incident
    }

    /// What somebody wrote about it; may be empty.
    pub fn note(&self) -> &str {
        &self.header.note
    }

    /// The word that stood for `${unique}`; recordings of old have none.
    pub fn unique(&self) -> Option<&str> {
        self.header.unique.as_deref()
    }

    /// The calls, in the order recorded.
    pub fn calls(&self) -> &[RecordedCall] {
        &self.calls
    }

    fn answer(&self, asked: &[String]) -> Option<&RecordedCall> {
        self.calls.get(self.answers(asked)?.next()?)
    }

    fn answers(&self, asked: &[String]) -> Option<&Answers> {
        self.exact.get(asked).or_else(|| self.alike.get(&essence(asked))).or_else(|| {
            // Recorded with a secret among its arguments: what stood there cannot be known any more.
            self.exact.iter().find(|(recorded, _)| is_masked_form(recorded, asked)).map(|(_, answers)| answers)
        })
    }

    /// What is recorded of a call and of those beside it; see [`Runner::rehearse`].
    pub(super) fn of(&self, call: &Invocation, beside: &[Invocation]) -> Option<Rehearsal> {
        let asked = |call: &Invocation| call.asked().map(str::to_owned).collect::<Vec<_>>();
        let place = self.answers(&asked(call))?.coming()?;
        let took = Duration::from_millis(self.calls.get(place)?.elapsed_ms);
        let of = |call: &Invocation| {
            let Some(answers) = self.answers(&asked(call)) else { return Beside::default() };
            let before = answers.up_to(place).into_iter().filter_map(|place| self.calls.get(place).cloned()).collect();
            let after = answers.coming().filter(|own| *own > place).and_then(|place| self.calls.get(place).cloned());
            Beside { before, after }
        };
        Some(Rehearsal { took, is_paced: false, beside: beside.iter().map(of).collect() })
    }

    /// What was recorded of this call, or how a call ends of which nothing was.
    pub(super) fn answer_to(&self, call: &Invocation) -> Result<&RecordedCall, Outcome> {
        let asked: Vec<String> = call.asked().map(str::to_owned).collect();
        self.answer(&asked).ok_or_else(|| {
            let exit = Exit::NotStarted(self.no_answer(&asked));
            Outcome { exit, elapsed: Duration::ZERO, leaked: false }
        })
    }

    fn no_answer(&self, asked: &[String]) -> String {
        let mut told = format!("the recording `{}` holds no call `{}`", self.name, asked.join(" "));
        let shared = |call: &RecordedCall| call.argv.iter().zip(asked).take_while(|(have, want)| have == want).count();
        // `max_by_key` takes the last of equals; the first reads better.
        let nearest = self.calls.iter().rev().max_by_key(|call| shared(call)).filter(|call| shared(call) >= 2);
        if let Some(nearest) = nearest {
            told.push_str(&format!("; nearest: `{}`", nearest.argv.join(" ")));
        }
        told
    }
}

impl Runner for Replay {
    fn run(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        let answer = match self.answer_to(call) {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        for (stream, text) in [(Stream::Stdout, &answer.stdout), (Stream::Stderr, &answer.stderr)] {
            for chunk in text.as_bytes().chunks(CHUNK) {
                sink(stream, chunk);
            }
        }
        let elapsed = Duration::from_millis(answer.elapsed_ms);
        Outcome { exit: Exit::Code(answer.exit_code), elapsed, leaked: false }
    }

    fn rehearse(&self, call: &Invocation, beside: &[Invocation]) -> Option<Rehearsal> {
        Some(self.of(call, beside).unwrap_or_default())
    }

    fn is_replay(&self) -> bool {
        true
    }
}

/// What is asked, however it is written: `--flag=value` as `--flag value`, no time limits. What
/// stands behind `--` belongs to another program and stays as it is.
fn essence(argv: &[String]) -> Vec<String> {
    let mut out = Vec::with_capacity(argv.len());
    let mut arguments = argv.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            out.push(argument.clone());
            break;
        }
        match argument.split_once('=').filter(|(flag, _)| flag.starts_with("--")) {
            Some((flag, _)) if TIME_LIMITS.contains(&flag) => {}
            Some((flag, value)) => out.extend([flag.to_owned(), value.to_owned()]),
            None if TIME_LIMITS.contains(&argument.as_str()) => {
                arguments.next();
            }
            None => out.push(argument.clone()),
        }
    }
    out.extend(arguments.cloned());
    out
}

/// Are these the recorded arguments, with something else wherever those hold a mask?
fn is_masked_form(recorded: &[String], asked: &[String]) -> bool {
    let fits = |(recorded, asked): (&String, &String)| recorded == asked || masked_fits(recorded, asked);
    recorded.len() == asked.len() && recorded.iter().zip(asked).all(fits)
}

/// `--password=[hidden 9 chars #01234567]` fits any `--password=…` that is not empty.
fn masked_fits(recorded: &str, asked: &str) -> bool {
    let mut parts = recorded.split("[hidden ").peekable();
    let Some(mut rest) = parts.next().and_then(|head| asked.strip_prefix(head)) else { return false };
    if parts.peek().is_none() {
        return false;
    }
    while let Some(part) = parts.next() {
        let Some((_, behind)) = part.split_once(']') else { return false };
        // The text behind the last mask stands at the end, wherever else it stands.
        let hidden = if parts.peek().is_some() { rest.find(behind) } else { rest.strip_suffix(behind).map(str::len) };
        let Some(hidden) = hidden.filter(|hidden| *hidden > 0) else { return false };
        rest = rest.get(hidden + behind.len()..).unwrap_or_default();
    }
    true
}

/// serde_json says "at line 1 column 7", and the line is always 1 here.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_stands_for_any_text_and_the_rest_for_itself() {
        let mask = "[hidden password 9 chars #01234567]";
        for (recorded, asked, fits) in [
            (format!("--password={mask}"), "--password=hunter22x", true),
            (format!("--password={mask}"), "--password=", false),
            (format!("--password={mask}"), "--passphrase=x", false),
            (format!("app:{mask}@db"), "app:p@db@db", true),
            (format!("app:{mask}@db"), "app:p@db2", false),
            (format!("{mask}-{mask}"), "a-b", true),
            (format!("{mask}-{mask}"), "ab", false),
            (mask.to_owned(), "é", true),
            ("[hidden".to_owned(), "[hidden", false),
            ("plain".to_owned(), "plain", false),
        ] {
            assert_eq!(masked_fits(&recorded, asked), fits, "{recorded} {asked}");
        }
    }

    fn call(words: &str) -> Invocation {
        Invocation {
            argv: words.split(' ').map(str::to_owned).collect(),
            label: String::new(),
            pinned: 0..0,
            program: None,
            cwd: None,
            env: BTreeMap::new(),
            timeout: None,
            grace: Duration::ZERO,
            leaves: None,
            interactive: false,
            input: None,
        }
    }

    #[test]
    fn what_was_asked_beside_a_call_is_used_up_by_it() {
        let line = |words: &str, stdout: &str| {
            let argv = words.split(' ').collect::<Vec<_>>();
            serde_json::json!({ "argv": argv, "exit_code": 0, "elapsed_ms": 9000, "stdout": stdout }).to_string()
        };
        let lines = [
            line("kubectl get pods", "earlier"),
            line("kubectl get pods", "before"),
            line("kubectl get pods", "meanwhile"),
            line("helm upgrade", "done"),
            line("kubectl get pods", "after"),
        ];
        let replay = Replay::parse("r", lines.join("\n").as_bytes()).unwrap();
        let said = |call: &Invocation| {
            let mut out = Vec::new();
            replay.run(call, &mut |_, chunk| out.extend_from_slice(chunk));
            String::from_utf8(out).unwrap()
        };
        let (pods, events, helm) = (call("kubectl get pods"), call("kubectl get events"), call("helm upgrade"));
        // An earlier step has had the first.
        assert_eq!(said(&pods), "earlier");
        let known = replay.rehearse(&helm, &[pods.clone(), events]).unwrap();
        let beside: Vec<&str> = known.beside[0].before.iter().map(|call| call.stdout.as_str()).collect();
        assert_eq!((known.took, beside), (Duration::from_secs(9), vec!["before", "meanwhile"]));
        assert_eq!(known.beside[0].after.as_ref().unwrap().stdout, "after");
        assert_eq!(known.beside[1], Beside::default());
        // What follows has what was recorded behind the call.
        assert_eq!((said(&helm).as_str(), said(&pods).as_str()), ("done", "after"));
        assert_eq!(replay.rehearse(&call("helm install"), &[pods]), Some(Rehearsal::default()), "no such call");
    }
}
