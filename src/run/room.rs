//! Has the node what the pods that wait for one want? Allocatable minus requested, in numbers.

use super::attempt;
use super::call::{Answer, Ask, perform};
use super::desk::Desk;
use super::gate::{Manner, Reply};
use super::manifest::Manifest;
use super::room_text::{self, Amounts};
use super::scope::{Item, Values};
use crate::model::command::Exit;
use crate::plan::{Call, WantedBy, limits};
use crate::text;
use std::time::Duration;

/// None of the calls takes longer.
const LIMIT: Duration = limits::LOOK;
/// More pods are not described; that there are more is told.
const MOST: usize = 8;

/// Asks the node, and those who want something of it.
pub fn ask(desk: &Desk<'_>, node: &Call, wanted: &WantedBy, values: &Values, manner: Manner<'_>) -> Reply {
    room(desk, node, wanted, values, manner).unwrap_or_else(|reply| reply)
}

/// What is wanted, by whom, and what else there is to say.
struct Wishes {
    amounts: Amounts,
    who: String,
    more: String,
}

fn room(desk: &Desk<'_>, node: &Call, wanted: &WantedBy, values: &Values, manner: Manner<'_>) -> Result<Reply, Reply> {
    let described = text(desk, node, values, manner, true)?;
    let Some(mut node) = room_text::node(&described) else {
        return Ok(Reply::Unasked("the node's description does not say what can be had and what is taken".to_owned()));
    };
    let wishes = match wanted {
        WantedBy::Waiting { pods, pod } => waiting(desk, pods, pod, values, manner)?,
        WantedBy::Chart { chart, own } => {
            if let Some(own) = own {
                room_text::without(&mut node, &described, &values.show(own));
            }
            of_chart(desk, chart, values, manner)?
        }
    };
    let lines = room_text::lines(&node, &wishes.amounts);
    let short: Vec<String> = lines.iter().filter(|line| line.is_short()).map(room_text::Line::in_words).collect();
    if !short.is_empty() {
        return Ok(Reply::No(Some(format!("{} by {}{}", short.join("; "), wishes.who, wishes.more))));
    }
    let all: Vec<String> = lines.iter().map(room_text::Line::in_words).collect();
    let who = if wishes.who.is_empty() { "no pod waits for a node".to_owned() } else { format!("{} fits", wishes.who) };
    Ok(Reply::Yes(Some(format!("{who}: {}{}", all.join("; "), wishes.more))))
}

/// What a call prints.
fn text(desk: &Desk<'_>, call: &Call, values: &Values, manner: Manner<'_>, is_evidence: bool) -> Result<String, Reply> {
    let answer = asked(desk, call, values, manner, is_evidence).map_err(|reply| match reply {
        Reply::No(why) => Reply::Unasked(why.unwrap_or_default()),
        other => other,
    })?;
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// What the pods want that wait for a node.
fn waiting(desk: &Desk<'_>, pods: &Call, pod: &Call, values: &Values, manner: Manner<'_>) -> Result<Wishes, Reply> {
    let table = text(desk, pods, values, manner, true)?;
    let waiting = room_text::waiting(&table);
    let mut amounts = Amounts::new();
    let mut names = Vec::new();
    for name in waiting.iter().take(MOST) {
        let values = values.with_item(&Item::from([("pod".to_owned(), (*name).to_owned())]));
        let answer = match asked(desk, pod, &values, manner, true) {
            Ok(answer) => answer,
            // It has gone since: it wants nothing any more.
            Err(Reply::No(_)) => continue,
            Err(reply) => return Err(reply),
        };
        let Some(wanted) = room_text::wanted(&String::from_utf8_lossy(&answer.stdout)) else { continue };
        names.push((*name).to_owned());
        for (resource, amount) in wanted {
            let sum = amounts.entry(resource).or_default();
            *sum = *sum + amount;
        }
    }
    let more = match waiting.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!("; {more} more wait"),
    };
    Ok(Wishes { amounts, who: who(&names), more })
}

/// What the workloads of a chart want.
fn of_chart(desk: &Desk<'_>, chart: &Call, values: &Values, manner: Manner<'_>) -> Result<Wishes, Reply> {
    // It tells what shall be, which is no evidence of what is.
    let manifest = Manifest::read(&text(desk, chart, values, manner, false)?)
        .map_err(|line| Reply::Unasked(format!("what was rendered is no YAML at line {line}")))?;
    let amounts = manifest.wanted();
    let who = match amounts.get("pods") {
        Some(_) => "what the chart deploys".to_owned(),
        None => return Err(Reply::Unasked("the chart renders no workload".to_owned())),
    };
    Ok(Wishes { amounts, who, more: String::new() })
}

fn who(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        names => text::count(names.len(), "pod"),
    }
}

/// A call's answer; the reply to give when there is none. [`Reply::No`]: what it asks for is not there.
fn asked(
    desk: &Desk<'_>,
    call: &Call,
    values: &Values,
    manner: Manner<'_>,
    is_evidence: bool,
) -> Result<Answer, Reply> {
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
    if is_evidence && !manner.quiet {
        desk.books().keep(manner.id, attempt::documents(desk, &call, &answer, None));
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
