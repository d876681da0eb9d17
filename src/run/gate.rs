//! Asking a yes/no question about the world.

use super::attempt::{self, Unit};
use super::desk::Desk;
use super::judge::{self, Verdict};
use super::redact::fixed;
use super::scope::{Item, Values};
use super::{holds, room, secrets};
use crate::model::command::Exit;
use crate::model::step::Join;
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

/// Before the reason in the note of a question that could not be asked.
pub const UNASKED: &str = "could not ask: ";

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
    /// What the calls before the question found out.
    facts: Item,
    /// What to do, from the checks that it asked.
    fixes: Vec<String>,
}

/// What a gate of the run said, for its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The check's name.
    pub check: String,
    /// The statement that a yes confirms.
    pub title: String,
    /// Yes or no; `None`: it could not be asked.
    pub yes: Option<bool>,
    /// One line about it.
    pub note: Option<String>,
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
    let reply = match before(desk, gate, values, manner, &mut found) {
        Ok(values) => question(desk, gate, &values, manner, &mut found),
        Err(reply) => reply,
    };
    match reply {
        Reply::Yes(note) => (found.yes, found.note) = (!gate.negated, note),
        // Why the opposite does not hold is no news.
        Reply::No(note) => (found.yes, found.note) = (gate.negated, note.filter(|_| !gate.negated)),
        Reply::Unasked(why) => (found.unasked, found.note) = (true, Some(format!("{UNASKED}{why}"))),
        Reply::Interrupted => found.interrupted = true,
    }
    if found.yes {
        found.tail.clear();
    }
    found
}

/// Finds out what the question needs. Without that it cannot be asked.
fn before(
    desk: &Desk<'_>,
    gate: &Gate,
    values: &Values,
    manner: Manner<'_>,
    found: &mut Found,
) -> Result<Values, Reply> {
    let mut values = values.clone();
    for step in &gate.before {
        let Work::Run(call) = &step.work else { continue };
        let call = attempt::invocation(desk, call, Some(&step.spec), &values).map_err(Reply::Unasked)?;
        let what = step.spec.name.as_ref().map_or_else(|| attempt::label(desk, &call), |name| values.show(name));
        let (id, spec) = (manner.id, &step.spec);
        let tried = attempt::run(
            desk,
            &Unit { id, spec, call, save: None, quiet: true, cleanup: manner.cleanup, again: None, over: None },
        );
        let words = tried.answer.last_words().filter(|_| !spec.sensitive);
        if !manner.quiet {
            desk.books().keep(manner.id, tried.documents);
        }
        match tried.verdict {
            Verdict::Ok | Verdict::AlreadyDone => {}
            Verdict::Interrupted => return Err(Reply::Interrupted),
            Verdict::Failed(why) | Verdict::Rejected(why) | Verdict::NotYet(why) | Verdict::TimedOut(why) => {
                let why = words.map(|words| format!("{why}: {words}")).unwrap_or(why);
                return Err(Reply::Unasked(format!("{what}: {why}")));
            }
        }
        found.facts.extend(spec.expect.iter().flat_map(|expect| judge::groups(expect, &tried.answer)));
        values = values.with_item(&found.facts);
    }
    Ok(values)
}

fn question(desk: &Desk<'_>, gate: &Gate, values: &Values, manner: Manner<'_>, found: &mut Found) -> Reply {
    match &gate.ask {
        Ask::Run(step) => run(desk, gate, step, values, manner, found),
        Ask::Secrets { reads, min_len, pattern, contains } => {
            let contains = contains.as_ref().map(|text| values.show(text));
            let rules = secrets::Rules { min_len: *min_len, pattern: pattern.as_ref(), contains };
            secrets::ask(desk, reads, &rules, values, manner)
        }
        Ask::Room { node, wanted } => room::ask(desk, node, wanted, values, manner),
        Ask::Incident => match &desk.world.incident {
            Ok(open) => match open.as_ref().and_then(|open| Some((&open.id, open.lacks.as_ref()?))) {
                None => Reply::Yes(None),
                Some((id, lack)) => Reply::No(Some(format!("incident {id}: {lack}"))),
            },
            Err(why) => Reply::Unasked(why.clone()),
        },
        Ask::Checks { join, of } => match join {
            Join::All => all(desk, of, values, manner, found),
            Join::First => first(desk, of, values, manner, found),
        },
    }
}

/// All of them, so that everything that is wrong is told. A no outweighs what could not be asked.
fn all(desk: &Desk<'_>, of: &[Gate], values: &Values, manner: Manner<'_>, found: &mut Found) -> Reply {
    let (mut yes, mut no, mut unasked) = (Vec::new(), Vec::new(), Vec::new());
    for part in of {
        let told = ask(desk, part, values, manner);
        if told.interrupted {
            return Reply::Interrupted;
        }
        found.fixes.extend(fixes(desk, part, values, &told));
        let words = in_words(desk, part, values, &told);
        match (told.yes, told.unasked) {
            (true, _) => yes.push(words),
            (_, true) => unasked.push(words),
            _ => no.push(words),
        }
    }
    match (no.is_empty(), unasked.is_empty()) {
        (false, _) => Reply::No(Some(no.join("; "))),
        (true, false) => Reply::Unasked(unasked.join("; ")),
        (true, true) => Reply::Yes(Some(yes.join("; "))),
    }
}

/// The first that has an answer.
fn first(desk: &Desk<'_>, of: &[Gate], values: &Values, manner: Manner<'_>, found: &mut Found) -> Reply {
    let mut unasked = Vec::new();
    for part in of {
        let told = ask(desk, part, values, manner);
        let words = in_words(desk, part, values, &told);
        match (told.interrupted, told.unasked) {
            (true, _) => return Reply::Interrupted,
            (_, true) => unasked.push(words),
            _ => {
                found.fixes.extend(fixes(desk, part, values, &told));
                return if told.yes { Reply::Yes(Some(words)) } else { Reply::No(Some(words)) };
            }
        }
    }
    Reply::Unasked(unasked.join("; "))
}

/// A part of a check and what it said, in one line.
fn in_words(desk: &Desk<'_>, part: &Gate, values: &Values, told: &Found) -> String {
    let title = title(desk, part, &values.with_item(&told.facts));
    match told.note.as_deref() {
        Some(note) => format!("{title}: {}", note.strip_prefix(UNASKED).unwrap_or(note)),
        None => title,
    }
}

/// What to do on a no. Where nothing was answered there is nothing to mend yet.
pub fn fixes(desk: &Desk<'_>, gate: &Gate, values: &Values, found: &Found) -> Vec<String> {
    if found.yes || found.unasked || found.interrupted {
        return Vec::new();
    }
    let values = values.with_item(&found.facts);
    let mut fixes: Vec<String> = gate.fix.iter().map(|fix| desk.redactor.line(&values.show(fix))).collect();
    for fix in &found.fixes {
        if !fixes.contains(fix) {
            fixes.push(fix.clone());
        }
    }
    fixes
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
        Ok(Unit {
            id: manner.id,
            spec: &step.spec,
            call,
            save,
            quiet: manner.quiet,
            cleanup: manner.cleanup,
            again: None,
            over: None,
        })
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
    // Where the check says how a no reads, every other failure is about something else. One that
    // looks for words in a list has no answer without the list.
    let is_no = gate.no.as_ref().map_or(gate.holds.is_empty(), |no| tried.answer.matches(no));
    found.exit = Some(tried.answer.exit.clone());
    found.tail = tried.answer.tail;
    found.dropped = tried.answer.dropped;
    found.saved = tried.saved;
    let stdout = tried.answer.stdout;
    // A no that is hoped for ("not found") is no evidence of a fault; a cluster out of reach is.
    if !manner.quiet && (!gate.negated || unreachable) {
        desk.books().keep(manner.id, tried.documents);
    }
    match tried.verdict {
        Verdict::Ok | Verdict::AlreadyDone if gate.holds.is_empty() => Reply::Yes(None),
        Verdict::Ok | Verdict::AlreadyDone => match holds::resolved(&gate.holds, values) {
            Ok(wanted) => holds::judge(&wanted, &stdout, words.as_deref()),
            Err(why) => Reply::Unasked(why),
        },
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
