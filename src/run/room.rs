//! Has the node what the pods that wait for one want? Allocatable minus requested, in numbers.

use super::attempt;
use super::call::{Answer, Ask, perform};
use super::desk::Desk;
use super::gate::{Manner, Reply};
use super::room_text::{self, Amounts};
use super::scope::{Item, Values};
use crate::model::command::Exit;
use crate::plan::{Call, limits};
use crate::text;
use std::time::Duration;

/// None of the calls takes longer.
const LIMIT: Duration = limits::LOOK;
/// More pods are not described; that there are more is told.
const MOST: usize = 8;

/// Asks the node, the list of pods, and every pod that waits.
pub fn ask(desk: &Desk<'_>, node: &Call, pods: &Call, pod: &Call, values: &Values, manner: Manner<'_>) -> Reply {
    room(desk, node, pods, pod, values, manner).unwrap_or_else(|reply| reply)
}

fn room(
    desk: &Desk<'_>,
    node: &Call,
    pods: &Call,
    pod: &Call,
    values: &Values,
    manner: Manner<'_>,
) -> Result<Reply, Reply> {
    let text = |call: &Call, values: &Values| {
        let answer = asked(desk, call, values, manner).map_err(|reply| match reply {
            Reply::No(why) => Reply::Unasked(why.unwrap_or_default()),
            other => other,
        })?;
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    };
    let Some(node) = room_text::node(&text(node, values)?) else {
        return Ok(Reply::Unasked("the node's description does not say what can be had and what is taken".to_owned()));
    };
    let table = text(pods, values)?;
    let waiting = room_text::waiting(&table);
    let mut wanted = Amounts::new();
    let mut names = Vec::new();
    for name in waiting.iter().take(MOST) {
        let values = values.with_item(&Item::from([("pod".to_owned(), (*name).to_owned())]));
        let answer = match asked(desk, pod, &values, manner) {
            Ok(answer) => answer,
            // It has gone since: it wants nothing any more.
            Err(Reply::No(_)) => continue,
            Err(reply) => return Err(reply),
        };
        let Some(amounts) = room_text::wanted(&String::from_utf8_lossy(&answer.stdout)) else { continue };
        names.push((*name).to_owned());
        for (resource, amount) in amounts {
            let sum = wanted.entry(resource).or_default();
            *sum = *sum + amount;
        }
    }
    let lines = room_text::lines(&node, &wanted);
    let more = match waiting.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!("; {more} more wait"),
    };
    let short: Vec<String> = lines.iter().filter(|line| line.is_short()).map(room_text::Line::in_words).collect();
    if !short.is_empty() {
        return Ok(Reply::No(Some(format!("{} by {}{more}", short.join("; "), who(&names)))));
    }
    let all: Vec<String> = lines.iter().map(room_text::Line::in_words).collect();
    let who = if names.is_empty() { "no pod waits for a node".to_owned() } else { format!("{} fits", who(&names)) };
    Ok(Reply::Yes(Some(format!("{who}: {}{more}", all.join("; ")))))
}

fn who(names: &[String]) -> String {
    match names {
        [one] => one.clone(),
        names => text::count(names.len(), "pod"),
    }
}

/// A call's answer; the reply to give when there is none. [`Reply::No`]: what it asks for is not there.
fn asked(desk: &Desk<'_>, call: &Call, values: &Values, manner: Manner<'_>) -> Result<Answer, Reply> {
    let mut call = attempt::invocation(desk, call, None, values).map_err(Reply::Unasked)?;
    call.timeout = Some(LIMIT);
    let ask = Ask {
        id: manner.id,
        quiet: true,
        to_end: manner.cleanup,
        sensitive: false,
        decode: false,
        filter: None,
        progress: None,
        record: true,
        over: None,
        given: None,
    };
    let answer = perform(desk, &call, &ask, None);
    if !manner.quiet {
        desk.books().keep(attempt::documents(desk, &call, &answer, None));
    }
    match &answer.exit {
        Exit::Interrupted => Err(Reply::Interrupted),
        Exit::NotStarted(why) => Err(Reply::Unasked(why.clone())),
        exit if !exit.is_success() => {
            let words = answer.last_words().unwrap_or_else(|| format!("it {}", exit.in_words()));
            Err(if words.contains("(NotFound)") { Reply::No(Some(words)) } else { Reply::Unasked(words) })
        }
        _ => Ok(answer),
    }
}
