//! Did the step do its work? Pure: an answer in, a verdict out.

use super::call::Answer;
use super::console;
use super::scope::Item;
use crate::model::command::Exit;
use crate::model::pattern::Pattern;
use crate::model::step::{DoneIf, Each, Step};
use std::collections::HashSet;

/// What an answer comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Ok,
    /// The output says that it had been done before.
    AlreadyDone,
    /// `until` goes on.
    NotYet(String),
    /// Failed; why.
    Failed(String),
    /// Failed, for the output says what it must not: the line, if it may be shown.
    Rejected(String),
    /// Our limit passed and the call was ended.
    TimedOut(String),
    /// Stopped by the person.
    Interrupted,
}

/// Judges an answer by the step's rules. The exit code and the patterns are independent: a match
/// never rescues a failed call, and a success does not make up for a missing match.
pub fn judge(spec: &Step, answer: &Answer) -> Verdict {
    let failed = match &answer.exit {
        Exit::Interrupted => return Verdict::Interrupted,
        // A poll has a limit of its own.
        Exit::TimedOut if spec.until.is_some() => return Verdict::NotYet(answer.exit.in_words()),
        Exit::TimedOut => return Verdict::TimedOut(answer.exit.in_words()),
        Exit::NotStarted(_) => return Verdict::Failed(answer.exit.in_words()),
        Exit::Code(code) if spec.codes.contains(code) => None,
        exit => (!exit.is_success()).then(|| exit.in_words()),
    };
    if let Some(DoneIf::Output(pattern)) = &spec.done_if
        && answer.matches(pattern)
    {
        return Verdict::AlreadyDone;
    }
    if let Some(pattern) = spec.reject.as_ref().filter(|pattern| answer.matches(pattern)) {
        return Verdict::Rejected(match answer.line_of(pattern) {
            Some(line) => format!("it says: {line}"),
            None => format!("its output matches {}", brief(pattern)),
        });
    }
    let missing = |pattern: &Pattern| format!("its output does not match {}", brief(pattern));
    if let Some(until) = &spec.until {
        let unmet = failed.or_else(|| (!answer.matches(&until.pattern)).then(|| missing(&until.pattern)));
        if let Some(why) = unmet {
            return Verdict::NotYet(why);
        }
    } else if let Some(why) = failed {
        return Verdict::Failed(why);
    }
    if let Some(why) = &answer.undecodable {
        return Verdict::Failed(why.clone());
    }
    let silent = spec.console.as_ref().and_then(|allowed| console::complaint(allowed, &answer.shown_stderr));
    let unmet = spec.expect.as_ref().filter(|pattern| !answer.matches(pattern)).map(missing);
    match silent.into_iter().chain(unmet).collect::<Vec<_>>() {
        wrong if wrong.is_empty() => Verdict::Ok,
        wrong => Verdict::Failed(wrong.join("; ")),
    }
}

/// A pattern for a note: whole when it is short, for a long one tells nobody anything.
fn brief(pattern: &Pattern) -> String {
    const MOST: usize = 60;
    let source = pattern.source();
    match source.char_indices().nth(MOST) {
        Some((end, _)) => format!("`{}...`", &source[..end]),
        None => format!("`{source}`"),
    }
}

/// The named groups of the first match.
pub fn groups(pattern: &Pattern, answer: &Answer) -> Item {
    let found = pattern.regex().captures(&answer.stdout).or_else(|| pattern.regex().captures(&answer.stderr));
    found.map(|found| named(pattern, &found)).unwrap_or_default()
}

/// The matches in standard output, unique by their main value, in order.
pub fn items(each: &Each, answer: &Answer) -> Vec<Item> {
    let mut seen = HashSet::new();
    let mut items = Vec::new();
    for found in each.pattern.regex().captures_iter(&answer.stdout) {
        let mut item = named(&each.pattern, &found);
        if found.name(&each.list).is_none()
            && let Some(main) = found.get(1).or_else(|| found.get(0))
        {
            item.insert(each.list.clone(), String::from_utf8_lossy(main.as_bytes()).into_owned());
        }
        if item.get(&each.list).is_some_and(|main| seen.insert(main.clone())) {
            items.push(item);
        }
    }
    items
}

/// A group that took no part in the match is empty.
fn named(pattern: &Pattern, found: &regex::bytes::Captures<'_>) -> Item {
    let text = |name: &str| found.name(name).map_or(&b""[..], |group| group.as_bytes());
    pattern.groups().map(|name| (name.to_owned(), String::from_utf8_lossy(text(name)).into_owned())).collect()
}
