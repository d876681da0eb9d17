//! A call of `curl` that is one HTTP exchange with the app: filled, sent, held back until its secrets are known,
//! judged, and kept for the comparison.

use super::attempt;
use super::clean::{clean, shorten};
use super::desk::{Desk, millis};
use super::exchange_answer::{Body, HttpAnswer, Taking};
use super::exchange_judge::{Judging, content, seconds, violations};
use super::live::LiveCall;
use super::redact_stream::RedactStream;
use super::scope::{Item, Values};
use super::{exchange_config as config, exchange_show as show};
use crate::model::command::{Exit, Invocation, RecordedCall, Stream};
use crate::model::event::EventKind;
use crate::model::exchange::{HeaderRule, UNIQUE};
use crate::model::finding::Document;
use crate::model::template::Template;
use crate::plan::{Block, Call, Exchange, PlannedStep, Work};
use std::collections::BTreeSet;
use std::time::Duration;

/// What `curl` says on standard error is a line or two.
const COMPLAINT: usize = 64 << 10;

/// What an operation came to, for the comparison. Everything in it is real: redact what is shown
/// ([`exchange_show::json`](super::exchange_show::json), [`exchange_show::header`](super::exchange_show::header)).
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeResult {
    /// The target's name.
    pub target: String,
    /// The operation's name.
    pub operation: String,
    /// Its HTTP method.
    pub method: String,
    /// The answer; `None` when there was none.
    pub answer: Option<HttpAnswer>,
    /// How it ended.
    pub ended: ExchangeEnd,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeEnd {
    /// The answer is what it must be.
    Kept,
    /// It is not, or there is none: everything that is wrong, redacted.
    Broken(Vec<String>),
    /// It was not asked; why, redacted.
    Unasked(String),
}

/// What came of an exchange, for its step.
#[derive(Debug, Default)]
pub struct Exchanged {
    /// It is as it must be.
    pub ok: bool,
    /// The person stopped it.
    pub interrupted: bool,
    /// Our own limit passed.
    pub late: bool,
    /// How curl ended.
    pub exit: Option<Exit>,
    /// `201 in 34 ms`, or everything that is wrong; redacted.
    pub note: String,
    /// What to do about it.
    pub hints: Vec<String>,
    /// What curl said, on a failure.
    pub tail: Vec<String>,
    /// What later operations know: also of an answer that is not as it must be, for who cleans up needs it.
    pub captured: Item,
    /// Bytes of the answer that were not read.
    pub dropped: u64,
    /// A grandchild holds the output open.
    pub leaked: bool,
}

/// What an exchange is asked with.
pub struct Asked<'a> {
    /// The step's id.
    pub id: &'a str,
    /// What is asked, and what the answer must be.
    pub exchange: &'a Exchange,
    /// The call, with what goes to its standard input.
    pub call: Invocation,
    /// The values of the rules.
    pub values: &'a Values,
    /// It runs although a stop has been asked for.
    pub cleanup: bool,
}

/// What of an exchange has no value yet, and which step should have given it: a reason not to ask.
pub fn lacks(desk: &Desk<'_>, call: &Call, exchange: &Exchange, values: &Values) -> Option<String> {
    let rules = exchange.answer.fields.iter().flat_map(|rule| [&rule.equals, &rule.any, &rule.none]).flatten();
    let asked = call.argv.iter().chain(&exchange.url).chain(exchange.headers.values()).chain(&exchange.json);
    let all = asked.chain(exchange.answer.headers.values().flat_map(HeaderRule::templates)).chain(rules);
    let names: BTreeSet<&str> = all.flat_map(Template::names).collect();
    let lacking = names.into_iter().find(|name| !values.knows(name))?;
    let giver = giver(&desk.plan.root, &exchange.target, lacking);
    Some(match giver {
        Some(step) => format!("needs {lacking}, which \"{}\" did not give", values.show(step)),
        None => format!("needs {lacking}, which nothing gave"),
    })
}

/// The name of the step that gives a value: the operation of this target, or a call whose output holds it.
fn giver<'p>(block: &'p Block, target: &str, name: &str) -> Option<&'p Template> {
    let gives = |step: &PlannedStep| match &step.exchange {
        Some(exchange) => exchange.target == target && exchange.capture.iter().any(|captured| captured.name == name),
        None => step.spec.expect.as_ref().is_some_and(|expect| expect.groups().any(|group| group == name)),
    };
    block.steps.iter().chain(&block.finally).find_map(|step| match &step.work {
        Work::Block(inner) => giver(inner, target, name),
        Work::Run(_) => gives(step).then_some(&step.name),
        Work::Rounds(rounds) => rounds.steps().find_map(|step| match &step.work {
            Work::Block(inner) => giver(inner, target, name),
            _ => None,
        }),
        _ => None,
    })
}

/// Does it clean up? Its place in the plan tells: among the last of its block.
pub fn leaves_data(step: &PlannedStep) -> bool {
    step.id.rsplit('.').next().is_some_and(|last| last.starts_with('f'))
}

/// What may be left behind when this step does not clean up: `None` where nothing shows that there is anything.
pub fn left_behind(desk: &Desk<'_>, step: &PlannedStep, target: &str, values: &Values) -> Option<String> {
    let makes = |result: &ExchangeResult| {
        let status = result.answer.as_ref().map_or(0, |answer| answer.status);
        result.target == target
            && !["GET", "HEAD", "OPTIONS"].contains(&result.method.as_str())
            && (200..300).contains(&status)
    };
    // The word that the data are named with: in a round it is another one.
    let unique = Template::parse(&format!("${{{UNIQUE}}}")).ok()?;
    (leaves_data(step) && desk.books().exchanges.values().any(makes))
        .then(|| format!("test data may be left: refloat-{}", values.show(&unique)))
}

/// The call of an exchange, everything filled that is asked.
///
/// # Errors
/// A value that is missing, or that must not stand where it is put.
pub fn prepare(
    desk: &Desk<'_>,
    call: &Call,
    step: &PlannedStep,
    exchange: &Exchange,
    values: &Values,
) -> Result<Invocation, String> {
    let mut headers = Vec::new();
    for (name, value) in &exchange.headers {
        headers.push((name.clone(), values.text(value)?.unwrap_or_default()));
    }
    let body = exchange.json.as_ref().map(|json| values.json(json)).transpose()?;
    show::learn_request(&desk.redactor, &headers, body.as_deref());
    let input = config::of(exchange, values)?;
    let call = attempt::invocation(desk, call, Some(&step.spec), values)?;
    Ok(Invocation { input: Some(input), ..call })
}

/// Asks, and judges the answer.
pub fn run(desk: &Desk<'_>, asked: &Asked<'_>) -> Exchanged {
    let (mut taking, mut complaint) = (Taking::default(), Vec::new());
    let outcome = {
        let mut sink = |stream: Stream, chunk: &[u8]| match stream {
            Stream::Stdout => taking.push(chunk),
            Stream::Stderr => {
                let room = COMPLAINT - complaint.len();
                complaint.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
        };
        let short = desk.redactor.argv(asked.call.asked().take(1)).join(" ");
        let call = Invocation { label: short.clone(), ..asked.call.clone() };
        let live = LiveCall {
            label: short,
            waits: asked.cleanup,
            interactive: false,
            grace: call.grace,
            limit: call.timeout,
            leaves: call.leaves,
        };
        desk.live().insert(asked.id.to_owned(), live);
        let runner = desk.world.runner;
        let outcome = if asked.cleanup { runner.run_to_end(&call, &mut sink) } else { runner.run(&call, &mut sink) };
        desk.live().remove(asked.id);
        outcome
    };
    let answer = taking.answer();
    // Before anything of it is told.
    if let Some(answer) = &answer {
        show::learn(&desk.redactor, asked.exchange, answer);
    }
    let complaint = redacted_lines(desk, &complaint);
    record(desk, &asked.call, &outcome.exit, outcome.elapsed, answer.as_ref(), &complaint);
    for line in &complaint {
        desk.emit(EventKind::Output { step: asked.id.to_owned(), stream: Stream::Stderr, line: line.clone() });
    }
    let exit = match outcome.exit {
        Exit::NotStarted(why) => Exit::NotStarted(desk.redactor.line(&why)),
        exit => exit,
    };
    let mut done = Exchanged { leaked: outcome.leaked, ..Exchanged::default() };
    let stopped = desk.world.stop.requested().is_some() && (!asked.cleanup || desk.world.stop.hard());
    if exit == Exit::Interrupted || stopped && !exit.is_success() {
        (done.interrupted, done.note) = (true, exit.in_words());
        done.exit = Some(exit);
        return done;
    }
    let wrong = match (&exit, &answer) {
        (Exit::Code(0), Some(answer)) => {
            done.dropped = answer.dropped;
            wrong(desk, asked, answer, &mut done.captured)
        }
        (Exit::Code(0), None) => vec!["its answer is no HTTP".to_owned()],
        (exit, _) => {
            done.late = *exit == Exit::TimedOut;
            done.hints = hints(exit, &asked.call).into_iter().map(|hint| desk.redactor.line(&hint)).collect();
            vec![complaint.iter().find(|line| line.starts_with("curl: ")).cloned().unwrap_or_else(|| exit.in_words())]
        }
    };
    let wrong: Vec<String> = wrong.iter().map(|line| desk.redactor.line(&clean(line.as_bytes()))).collect();
    done.ok = wrong.is_empty();
    done.note = match &answer {
        Some(answer) if done.ok => {
            format!("{} in {}", answer.status, seconds(answer.took.unwrap_or(outcome.elapsed)))
        }
        _ => wrong.join("; "),
    };
    if !done.ok {
        tell(desk, asked, answer.as_ref(), &complaint);
        done.tail.clone_from(&complaint);
    }
    done.exit = Some(exit);
    let ended = if done.ok { ExchangeEnd::Kept } else { ExchangeEnd::Broken(wrong) };
    keep(desk, asked.exchange, answer, ended);
    done
}

/// Everything that is wrong with an answer; what it gives to later operations.
fn wrong(desk: &Desk<'_>, asked: &Asked<'_>, answer: &HttpAnswer, captured: &mut Item) -> Vec<String> {
    let judging = Judging { values: asked.values, show: &desk.redactor, replayed: desk.world.runner.is_replay() };
    let mut wrong = match violations(&asked.exchange.answer, answer, &judging) {
        Ok(wrong) => wrong,
        Err(why) => return vec![why],
    };
    for wanted in &asked.exchange.capture {
        let found = match &answer.body {
            Body::Json(root) => wanted.path.values(root).first().map(|value| content(value)),
            Body::Text(_) => None,
        };
        match found {
            Some(text) => {
                captured.insert(wanted.name.clone(), text);
            }
            // Told already, in other words.
            None if !wrong.is_empty() => {}
            None => wrong.push(format!("{} is missing, which is {} for later", wanted.path, wanted.name)),
        }
    }
    wrong
}

/// Keeps what it came to for the comparison.
fn keep(desk: &Desk<'_>, exchange: &Exchange, answer: Option<HttpAnswer>, ended: ExchangeEnd) {
    let key = (exchange.target.clone(), exchange.operation.clone());
    let method = exchange.method.clone();
    let result = ExchangeResult { target: key.0.clone(), operation: key.1.clone(), method, answer, ended };
    desk.books().exchanges.insert(key, result);
}

/// Keeps that it was not asked.
pub fn unasked(desk: &Desk<'_>, exchange: &Exchange, why: &str) {
    keep(desk, exchange, None, ExchangeEnd::Unasked(desk.redactor.line(why)));
}

/// What an answer says that is not as it must be, for the person who looks closer and for the diagnosis.
fn tell(desk: &Desk<'_>, asked: &Asked<'_>, answer: Option<&HttpAnswer>, complaint: &[String]) {
    let argv = desk.redactor.argv(asked.call.asked());
    let document = |is_stderr: bool, text: String| Document {
        file: argv.join(" "),
        argv: argv.clone(),
        is_stderr,
        text: text.into_bytes(),
    };
    let mut documents = Vec::new();
    if let Some(answer) = answer {
        let lines = show::shown(&desk.redactor, answer);
        for line in &lines {
            let line = shorten(line.clone());
            desk.emit(EventKind::Output { step: asked.id.to_owned(), stream: Stream::Stdout, line });
        }
        documents.push(document(false, lines.join("\n")));
    }
    if !complaint.is_empty() {
        documents.push(document(true, complaint.join("\n")));
    }
    desk.books().keep(asked.id, documents);
}

fn redacted_lines(desk: &Desk<'_>, text: &[u8]) -> Vec<String> {
    let mut stream = RedactStream::new(&desk.redactor);
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.map(|line| shorten(desk.redactor.line(&clean(&stream.line(line))))).collect()
}

fn record(
    desk: &Desk<'_>,
    call: &Invocation,
    exit: &Exit,
    elapsed: Duration,
    answer: Option<&HttpAnswer>,
    complaint: &[String],
) {
    let Some(recorder) = desk.world.recorder else { return };
    let exit_code = match exit {
        Exit::Code(code) => *code,
        Exit::Signal(signal) => 128 + signal,
        Exit::TimedOut => 124,
        Exit::NotStarted(_) | Exit::Interrupted => return,
    };
    let kept = RecordedCall {
        argv: desk.redactor.argv(call.asked()),
        exit_code,
        elapsed_ms: millis(elapsed),
        stdout: answer.map(|answer| show::printed(&desk.redactor, answer)).unwrap_or_default(),
        stderr: complaint.iter().map(|line| format!("{line}\n")).collect(),
        marks: Vec::new(),
    };
    if let Err(error) = recorder.keep(&kept) {
        desk.unwritable(format!("the recording: {error}"));
    }
}

/// What to do when curl got no answer.
fn hints(exit: &Exit, call: &Invocation) -> Vec<String> {
    let url = call.asked().skip_while(|argument| *argument != "--url").nth(1).unwrap_or("URL");
    match exit {
        Exit::Code(3) => vec!["Correct the address: where does the app answer?".to_owned()],
        Exit::Code(5 | 6) => vec![format!("Does this machine know the host's name? curl --verbose {url}")],
        Exit::Code(7 | 28 | 35 | 52 | 55 | 56) => {
            vec![format!("Does anything answer there? curl --verbose {url}")]
        }
        Exit::Code(60) => vec![format!("Whose certificate does it show? curl --verbose {url}")],
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
