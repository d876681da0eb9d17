//! Asking a yes/no question about the world.

use super::attempt::{self, Unit};
use super::desk::Desk;
use super::judge::Verdict;
use super::redact::fixed;
use super::scope::Values;
use super::secrets;
use crate::model::command::Exit;
use crate::plan::{Ask, Gate, PlannedStep, Work};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// The question never reached what it is about. Only for questions that are turned round: there
/// a failure to ask would pass for a yes.
static OUT_OF_REACH: LazyLock<Regex> = LazyLock::new(|| {
    fixed(concat!(
        r"(?i)cluster unreachable|unable to connect to the server|the connection to the server \S+ was refused|",
        r"cannot connect to the docker daemon|context .* does not exist|You must be logged in to the server",
    ))
});

/// How a gate is asked.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// The id for events.
    pub id: &'a str,
    /// No events of its own.
    pub quiet: bool,
    /// Although a stop has been asked for.
    pub cleanup: bool,
}

/// What a gate found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// It holds.
    pub yes: bool,
    /// It could not be asked: neither yes nor no.
    pub unasked: bool,
    /// The person stopped the run while it was asked.
    pub interrupted: bool,
    /// One line about it.
    pub note: Option<String>,
    /// How the child ended.
    pub exit: Option<Exit>,
    /// The last lines, on a no.
    pub tail: Vec<String>,
    /// Bytes that were not kept.
    pub dropped: u64,
    /// An evidence file.
    pub saved: Option<String>,
}

/// An answer to the question as it is written, before it is turned round.
pub enum Reply {
    /// Yes.
    Yes(Option<String>),
    /// No; why.
    No(Option<String>),
    /// It could not be asked; why.
    Unasked(String),
    /// Stopped by the person.
    Interrupted,
}

/// Asks. A question that could not be asked is answered by neither yes nor no: the gate fails.
pub fn ask(desk: &Desk<'_>, gate: &Gate, values: &Values, manner: Manner<'_>) -> Found {
    let mut found = Found::default();
    let reply = match &gate.ask {
        Ask::Run(step) => run(desk, gate, step, values, manner, &mut found),
        Ask::Secrets { reads, min_len, pattern, contains } => {
            let contains = contains.as_ref().map(|text| values.show(text));
            let rules = secrets::Rules { min_len: *min_len, pattern: pattern.as_ref(), contains };
            secrets::ask(desk, reads, &rules, values, manner)
        }
    };
    match reply {
        Reply::Yes(note) => (found.yes, found.note) = (!gate.negated, note),
        // Why the opposite does not hold is no news.
        Reply::No(note) => (found.yes, found.note) = (gate.negated, note.filter(|_| !gate.negated)),
        Reply::Unasked(why) => (found.unasked, found.note) = (true, Some(format!("could not ask: {why}"))),
        Reply::Interrupted => found.interrupted = true,
    }
    if found.yes {
        found.tail.clear();
    }
    found
}

/// What to do on a no. Where nothing was answered there is nothing to mend yet.
pub fn fixes(desk: &Desk<'_>, gate: &Gate, values: &Values, found: &Found) -> Vec<String> {
    let is_no = !found.yes && !found.unasked && !found.interrupted;
    gate.fix.iter().filter(|_| is_no).map(|fix| desk.redactor.line(&values.show(fix))).collect()
}

/// The statement that the gate confirms.
pub fn title(desk: &Desk<'_>, gate: &Gate, values: &Values) -> String {
    let title = desk.redactor.line(&values.show(&gate.title));
    if gate.negated { format!("not: {title}") } else { title }
}

fn run(
    desk: &Desk<'_>,
    gate: &Gate,
    step: &PlannedStep,
    values: &Values,
    manner: Manner<'_>,
    found: &mut Found,
) -> Reply {
    let Work::Run(call) = &step.work else {
        return Reply::Unasked("the check runs nothing".to_owned());
    };
    let unit = attempt::invocation(desk, call, Some(&step.spec), values).and_then(|call| {
        let save = match &step.spec.save {
            Some(name) if !manner.quiet => values.file_name(name)?,
            _ => None,
        };
        Ok(Unit { id: manner.id, spec: &step.spec, call, save, quiet: manner.quiet, cleanup: manner.cleanup })
    });
    let unit = match unit {
        Ok(unit) => unit,
        Err(why) => return Reply::Unasked(why),
    };
    let tried = attempt::run(desk, &unit);
    // Behind the line that was rejected, another one would be read as a part of it.
    let says_enough = step.spec.sensitive || matches!(tried.verdict, Verdict::Rejected(_));
    let words = tried.answer.last_words().filter(|_| !says_enough);
    let unreachable = OUT_OF_REACH.is_match(&tried.answer.stderr) || OUT_OF_REACH.is_match(&tried.answer.stdout);
    // Where the check says how a no reads, every other failure is about something else.
    let is_no = gate.no.as_ref().is_none_or(|no| tried.answer.matches(no));
    found.exit = Some(tried.answer.exit.clone());
    found.tail = tried.answer.tail;
    found.dropped = tried.answer.dropped;
    found.saved = tried.saved;
    // A no that is hoped for ("not found") is no evidence of a fault; a cluster out of reach is.
    if !manner.quiet && (!gate.negated || unreachable) {
        desk.books().keep(tried.documents);
    }
    match tried.verdict {
        Verdict::Ok | Verdict::AlreadyDone => Reply::Yes(None),
        Verdict::Interrupted => Reply::Interrupted,
        Verdict::TimedOut(why) if tried.answer.exit == Exit::TimedOut => Reply::Unasked(format!("it {why}")),
        Verdict::Failed(_) | Verdict::NotYet(_) if matches!(tried.answer.exit, Exit::NotStarted(_)) => {
            match tried.answer.exit {
                Exit::NotStarted(why) => Reply::Unasked(why),
                exit => Reply::Unasked(exit.in_words()),
            }
        }
        // A poll that was answered to its end has an answer: no.
        Verdict::Failed(why) | Verdict::Rejected(why) | Verdict::NotYet(why) | Verdict::TimedOut(why) => {
            let why = words.map(|words| format!("{why}: {words}")).unwrap_or(why);
            if !is_no || gate.negated && unreachable { Reply::Unasked(why) } else { Reply::No(Some(why)) }
        }
    }
}
