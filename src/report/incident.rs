//! An incident, for somebody who is tired: what is known, in the order in which it happened, and what is still to do.

use super::layout::{Piece, fill, flow, table, told, visible};
use super::style::Look;
use crate::model::event::RunOutcome;
use crate::model::finding::{Diagnosis, Quote};
use crate::model::incident::{Attached, Doubt, Entry, Incident, Root, Said, Timeline, Warning, What};
use crate::text::{self, timestamp};
use owo_colors::Style;
use serde_json::{Value, json};
use std::time::Duration;

/// What is still to do: commands.
pub type Commands = Vec<String>;

/// Version of the JSON form.
const SCHEMA: u32 = 1;
/// So many of the cluster's warnings are shown, the newest; `--verbose` shows all.
const WARNINGS: usize = 8;

/// What came of a run, in a word or two.
pub fn outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Done => "done",
        RunOutcome::Failed => "failed",
        RunOutcome::TimedOut => "timed out",
        RunOutcome::Refused => "refused",
        RunOutcome::Interrupted => "stopped",
        RunOutcome::Unwritable => "not all of it written",
        RunOutcome::Unequipped => "a tool is missing",
        RunOutcome::Findings => "findings",
    }
}

/// The same behind a task's name, of a run that opened an incident.
pub fn failed(of: RunOutcome) -> &'static str {
    if of == RunOutcome::Findings { "found something" } else { outcome(of) }
}

/// What a validation could ask of nobody.
pub fn not_verified(all: &[String]) -> String {
    let verb = if all.len() == 1 { "was" } else { "were" };
    format!("{} {verb} not verified: {}", text::count(all.len(), "thing"), visible(&all.join(" ")))
}

/// Where evidence went.
pub fn saved(files: usize, place: &str) -> String {
    match files {
        0 => "no evidence could be saved".to_owned(),
        files => format!("saved {} in {}", text::count(files, "file"), visible(place)),
    }
}

/// The roots that a diagnosis names and an earlier one did not.
pub fn named(diagnosis: &Diagnosis, earlier: Option<&Diagnosis>, look: &Look) -> String {
    let known: Vec<Root> = earlier.map(Root::of).unwrap_or_default();
    let mut out = String::new();
    for root in Root::of(diagnosis).iter().filter(|root| !known.iter().any(|known| known.id == root.id)) {
        let pieces = [Piece::prose(Style::new(), &root.cause), Piece::whole(look.styles.dim, &root.id)];
        told(&mut out, look, (look.styles.strong, "cause"), &pieces);
        out.push_str(&quotes(&root.quotes, look, 1));
    }
    out
}

fn quotes(all: &[Quote], look: &Look, most: usize) -> String {
    let mut out = String::new();
    for quote in all.iter().take(most) {
        let place = format!("{}:{}", quote.file, quote.line);
        let pieces = [Piece::whole(look.styles.dim, &place), Piece::prose(Style::new(), quote.text.trim())];
        told(&mut out, look, (Style::new(), ""), &pieces);
    }
    out
}

/// The whole story. `now` is milliseconds since 1970-01-01 UTC.
pub fn text(
    incident: &Incident,
    timeline: &Timeline,
    next: &Commands,
    is_whole: bool,
    now: u64,
    look: &Look,
) -> String {
    let mut out = String::new();
    head(&mut out, incident, now, look);
    out.push('\n');
    let mut day = String::new();
    for (at, row) in rows(incident, timeline, is_whole) {
        let stamp = timestamp(at);
        let (date, clock) = stamp.split_once(' ').unwrap_or_default();
        if date != day {
            date.clone_into(&mut day);
            out.push_str(&format!("{}{}\n", fill(date, look.gutter()), look.styles.dim.style(date)));
        }
        row.tell(&mut out, clock, look);
    }
    let hidden = incident.cluster.len().saturating_sub(WARNINGS);
    if hidden > 0 && !is_whole {
        let more = format!("{} of the cluster: refloat --verbose incident", text::count(hidden, "more warning"));
        told(&mut out, look, (Style::new(), ""), &[Piece::prose(look.styles.dim, &more)]);
    }
    if timeline.torn || timeline.unknown > 0 {
        let lost = "not all of the timeline can be read: a line of it was cut off, or is of another version";
        told(&mut out, look, (look.styles.warn, "note"), &[Piece::prose(Style::new(), lost)]);
    }
    if !next.is_empty() {
        out.push('\n');
        for line in next {
            told(&mut out, look, (look.styles.strong, "next"), &[Piece::whole(look.styles.command, line)]);
        }
    }
    out
}

fn head(out: &mut String, incident: &Incident, now: u64, look: &Look) {
    let styles = look.styles;
    let word = if incident.replay.is_some() { "drill" } else { "incident" };
    let (style, state) = match &incident.closed {
        None => (styles.bad, format!("open for {}", age(now.saturating_sub(incident.opened)))),
        Some(closed) if !closed.text.is_empty() => (styles.warn, format!("{} {}", closed.text, timestamp(closed.at))),
        Some(closed) => (styles.good, format!("closed {}", timestamp(closed.at))),
    };
    told(out, look, (styles.strong, word), &[Piece::whole(styles.strong, &incident.id), Piece::prose(style, &state)]);
    told(out, look, (styles.dim, "why"), &[Piece::prose(Style::new(), &incident.why)]);
    let cause = match &incident.cause {
        Some(cause) if incident.is_open() && incident.doubt.is_some() => {
            let question = incident.doubt.as_ref().map_or_else(String::new, Doubt::question);
            Piece::prose(styles.warn, &format!("{}; but {question}", cause.text))
        }
        Some(cause) => Piece::prose(Style::new(), &cause.text),
        None => Piece::prose(styles.warn, "not recorded yet"),
    };
    told(out, look, (styles.dim, "root cause"), &[cause]);
    let validated = match &incident.validated {
        Some(passed) if passed.outdated.is_none() && !passed.unverified.is_empty() => {
            Piece::prose(styles.warn, &format!("{}; {}", passed.run, not_verified(&passed.unverified)))
        }
        Some(passed) if passed.outdated.is_none() => Piece::whole(Style::new(), &passed.run),
        Some(passed) => Piece::prose(styles.warn, &format!("{}, which counts no more", passed.run)),
        None => Piece::prose(styles.warn, "not yet"),
    };
    told(out, look, (styles.dim, "validated"), &[validated]);
    if let Some(replay) = &incident.replay {
        told(out, look, (styles.dim, "played from"), &[Piece::whole(Style::new(), replay)]);
    }
}

/// `3m`, `2h 05m`, `4 days`.
fn age(millis: u64) -> String {
    let days = millis / 86_400_000;
    if days >= 2 {
        text::count(usize::try_from(days).unwrap_or(0), "day")
    } else {
        text::took(Duration::from_millis(millis))
    }
}

/// A line of the story.
enum Row<'a> {
    Entry(&'a Entry),
    Warning(&'a Warning),
}

/// In the order of time; of what happened at once, in the order in which it was written.
fn rows<'a>(incident: &'a Incident, timeline: &'a Timeline, is_whole: bool) -> Vec<(u64, Row<'a>)> {
    let is_told = |entry: &&Entry| !matches!(entry.what, What::Cluster(_));
    let mut all: Vec<(u64, Row<'a>)> =
        timeline.entries.iter().filter(is_told).map(|entry| (entry.at, Row::Entry(entry))).collect();
    let skipped = if is_whole { 0 } else { incident.cluster.len().saturating_sub(WARNINGS) };
    let when = |warning: &Warning| warning.seen.unwrap_or(incident.opened);
    all.extend(incident.cluster.iter().skip(skipped).map(|warning| (when(warning), Row::Warning(warning))));
    all.sort_by_key(|(at, _)| *at);
    all
}

impl Row<'_> {
    fn tell(&self, out: &mut String, clock: &str, look: &Look) {
        let styles = look.styles;
        let mut line = |style: Style, verb: &str, pieces: Vec<Piece>| {
            let time = Piece::whole(styles.dim, clock);
            let all: Vec<Piece> = std::iter::once(time).chain(pieces).collect();
            told(out, look, (style, verb), &all);
        };
        let prose = |text: &str| Piece::prose(Style::new(), text);
        let dim = |text: &str| Piece::whole(styles.dim, text);
        let who = |by: &Option<String>| dim(by.as_deref().unwrap_or_default());
        match self {
            Self::Warning(warning) => {
                let times = if warning.count > 1 { format!("x{}", warning.count) } else { String::new() };
                let text = format!("{} {}: {}", warning.reason, warning.object, warning.message);
                line(styles.warn, "cluster", vec![prose(&text), dim(&times)]);
            }
            Self::Entry(entry) => match &entry.what {
                What::Opened { why, by, .. } => line(styles.bad, "opened", vec![prose(why), who(by)]),
                What::Run(run) => {
                    let (style, words) = ran(run, look);
                    line(style, "run", vec![prose(&words), dim(&run.run)]);
                    if let Some(evidence) = &run.evidence {
                        line(styles.dim, "evidence", vec![prose(&saved(run.files, evidence))]);
                    }
                }
                What::Diagnosed { findings, .. } => {
                    for root in findings {
                        line(styles.strong, "named", vec![prose(&root.cause), dim(&root.id)]);
                    }
                    let all: Vec<String> = findings.iter().map(|root| quotes(&root.quotes, look, 1)).collect();
                    out.push_str(&all.concat());
                }
                What::Cluster(_) => {}
                What::Note { text, by } => line(styles.dim, "note", vec![prose(text), who(by)]),
                What::Cause { text, by, .. } => line(styles.good, "cause", vec![prose(text), who(by)]),
                What::Decision { text, by } => line(styles.dim, "decided", vec![prose(text), who(by)]),
                What::Closed { why, unverified, by } => {
                    let open = if unverified.is_empty() { String::new() } else { not_verified(unverified) };
                    let pieces = vec![prose(why.as_deref().unwrap_or_default()), Piece::prose(styles.warn, &open)];
                    line(styles.good, "closed", pieces.into_iter().chain([who(by)]).collect());
                }
            },
        }
    }
}

fn ran(run: &Attached, look: &Look) -> (Style, String) {
    let styles = look.styles;
    let mut words = format!("{}: {}", run.task, outcome(run.outcome));
    if run.exit_code != 0 {
        words.push_str(&format!(", exit code {}", run.exit_code));
    }
    if run.validation == Some(true) && run.outcome == RunOutcome::Done {
        words.push_str(", validated");
    }
    for (name, value) in &run.given {
        words.push_str(&format!(", {name}={value}"));
    }
    let style = match run.outcome {
        RunOutcome::Done => styles.good,
        RunOutcome::Findings | RunOutcome::Interrupted => styles.warn,
        _ => styles.bad,
    };
    (style, words)
}

/// The same as data: what it comes to, and the timeline that says so.
pub fn json(incident: &Incident, timeline: &Timeline, next: &Commands) -> Value {
    json!({
        "schema": SCHEMA, "incident": incident, "timeline": timeline.entries,
        "unread": timeline.unknown + usize::from(timeline.torn), "next": next,
    })
}

/// That none is open, and how the last one ended.
pub fn none(last: Option<&Incident>, are_drills: bool) -> String {
    let word = if are_drills { "drill" } else { "incident" };
    let ended = last.and_then(|last| Some((last, last.closed.as_ref()?)));
    let last = match ended {
        None => format!("there was no {word} yet"),
        Some((last, closed)) => {
            let how = if closed.text.is_empty() { "closed" } else { closed.text.as_str() };
            let cause = last.cause.as_ref().map_or_else(String::new, |cause| format!(": {}", visible(&cause.text)));
            format!("the last, {}, was {how} {}{cause}", last.id, timestamp(closed.at))
        }
    };
    format!("no {word} is open; {last}\n")
}

/// The same as data.
pub fn none_json(last: Option<&Incident>) -> Value {
    json!({ "schema": SCHEMA, "incident": null, "last": last })
}

/// All, newest first.
pub fn list(all: &[&Incident], look: &Look) -> String {
    let mut out = String::new();
    let styles = look.styles;
    if all.is_empty() {
        out.push_str("no incidents yet\n");
    }
    let cause = |said: &Option<Said>| said.as_ref().map_or("no root cause", |cause| cause.text.as_str()).to_owned();
    let rows: Vec<Vec<Piece>> = all
        .iter()
        .map(|incident| {
            let (style, state) = match &incident.closed {
                None => (styles.bad, "open"),
                Some(closed) if closed.text.is_empty() => (styles.good, "closed"),
                Some(closed) => (styles.warn, closed.text.as_str()),
            };
            vec![
                Piece::whole(styles.strong, &incident.id),
                Piece::whole(style, state),
                Piece::prose(Style::new(), &incident.why),
                Piece::prose(Style::new(), &cause(&incident.cause)),
            ]
        })
        .collect();
    table(&mut out, look, 0, &rows);
    out
}

/// The same as data.
pub fn list_json(all: &[&Incident]) -> Value {
    json!({ "schema": SCHEMA, "incidents": all })
}

/// That something was recorded.
pub fn written(id: &str, what: &str, text: &str) -> String {
    let mut out = format!("incident {id}: ");
    let at = out.len();
    let said = if text.is_empty() { what.to_owned() } else { format!("{what}: {}", visible(text)) };
    flow(&mut out, at, 2, &[Piece::prose(Style::new(), &said)], usize::MAX);
    out
}

/// That one was opened.
pub fn opened(id: &str, why: &str) -> String {
    written(id, "opened", why)
}

/// The same as data.
pub fn written_json(id: &str, what: &str, text: &str) -> Value {
    json!({ "schema": SCHEMA, "incident": id, "recorded": what, "text": text })
}
