//! Rules over a page: what matched, where, and what it is about.

use super::page::Page;
use super::rejoin::Rejoined;
use super::rules::{Place, Rule, Rules};
use super::search::Matches;
use super::sources::{Layout, Stretch};
use super::table::{self, EventRow};
use super::text::Line;
use crate::model::finding::Source;
use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// So many matches of one pattern about one workload are kept; the last one always is.
const KEPT: usize = 12;
/// Normal events that are signs of a fault: the course of things does not hold them.
const SIGNS: [&str; 4] = ["BackOff", "Killing", "NodeNotReady", "FailedBinding"];
/// So many workloads are told apart for one pattern in one document.
const WORKLOADS: usize = 100;

/// One match of one rule.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    /// Index of the rule.
    pub(crate) rule: usize,
    /// Index of the document.
    pub(crate) document: usize,
    /// Index of the line.
    pub(crate) line: usize,
    /// The line, as a quote repeats it.
    pub(crate) shown: Line,
    /// The kind of text it stands in.
    pub(crate) source: Source,
    /// The number of the stretch it stands in.
    pub(crate) stretch: usize,
    /// Pod, deployment, node … the line is about; may be empty.
    pub(crate) subject: String,
    /// The event, when the line is one.
    pub(crate) event: Option<EventRow>,
    /// Named groups that took part.
    pub(crate) groups: BTreeMap<String, String>,
    /// How often it was seen: `(x12 over 3m)`, or lines of a log.
    pub(crate) count: u64,
}

/// The matches in a document, as many as are worth keeping.
#[derive(Default)]
pub(crate) struct Collected {
    by_pattern: BTreeMap<Place, BTreeMap<String, Vec<Hit>>>,
    stretches: BTreeSet<usize>,
}

impl Collected {
    /// Is one of the matches in this stretch?
    pub(crate) fn has_stretch(&self, stretch: usize) -> bool {
        self.stretches.contains(&stretch)
    }

    /// The matches, by rule and pattern, then in order.
    pub(crate) fn into_hits(self, document: usize) -> impl Iterator<Item = Hit> {
        self.by_pattern.into_values().flat_map(move |by_workload| {
            let mut hits: Vec<Hit> = by_workload.into_values().flatten().collect();
            hits.sort_by_key(|hit| hit.line);
            hits.into_iter().map(move |hit| Hit { document, ..hit })
        })
    }

    /// Adds a match; of many the first ones and the last one stay, the others are counted.
    fn add(&mut self, place: Place, hit: Hit) {
        let by_workload = self.by_pattern.entry(place).or_default();
        let workload = table::workload(&hit.subject);
        if by_workload.len() >= WORKLOADS && !by_workload.contains_key(workload) {
            return;
        }
        self.stretches.insert(hit.stretch);
        let kept = by_workload.entry(workload.to_owned()).or_default();
        if kept.len() >= KEPT
            && let Some(left) = kept.pop()
            && let Some(first) = kept.first_mut()
        {
            first.count += left.count;
        }
        kept.push(hit);
    }

    /// Are as many matches about this log kept as ever will be?
    fn is_full(&self, place: Place, stretch: &Stretch) -> bool {
        let Some(by_workload) = self.by_pattern.get(&place).filter(|_| stretch.source == Some(Source::PodLog)) else {
            return false;
        };
        by_workload.get(table::workload(&stretch.subject)).is_some_and(|kept| kept.len() >= KEPT)
    }

    /// Counts matches that were not looked at.
    fn pass(&mut self, place: Place, passed: u64) {
        let first = self.by_pattern.get_mut(&place).and_then(|all| all.values_mut().next()?.first_mut());
        if let Some(first) = first {
            first.count += passed;
        }
    }
}

/// Adds what was found in a page, with what it says there. The lines that a rule has found.
pub(crate) fn collect(
    rules: &Rules,
    page: &Page<'_>,
    layout: &Layout,
    found: Vec<(Place, Matches)>,
    all: &mut Collected,
) -> BTreeSet<usize> {
    let mut known = BTreeSet::new();
    for (place, found) in found {
        let Some(rule) = rules.rule(place.0) else { continue };
        let Some((pattern, _)) = rule.pattern(place.1) else { continue };
        let passed = found.passed;
        let mut last_line = None;
        let mut found = found.ranges().peekable();
        while let Some(here) = found.next() {
            let (line, _) = page.place(here.start + blank(page, &here));
            if last_line == Some(line) {
                continue;
            }
            // Of a log that says the same over and over the last time is enough.
            if found.peek().is_some() && layout.stretch(line).is_some_and(|stretch| all.is_full(place, stretch)) {
                known.insert(line);
                all.pass(place, 1);
                last_line = Some(line);
                continue;
            }
            let found = here;
            let Some(hit) = layout.stretch(line).and_then(|here| hit(rule, pattern.regex(), page, here, found)) else {
                continue;
            };
            last_line = Some(line);
            known.insert(hit.line);
            all.add(place, Hit { rule: place.0, ..hit });
        }
        all.pass(place, passed);
    }
    known
}

/// Adds what is found only where the wrapped lines of `page` are joined; `text` is the joined text as a
/// page of its own.
pub(crate) fn collect_joined(
    rules: &Rules,
    (page, joined, text): (&Page<'_>, &Rejoined, &Page<'_>),
    layout: &Layout,
    found: Vec<(Place, Matches)>,
    all: &mut Collected,
) {
    for (place, found) in found {
        let Some(rule) = rules.rule(place.0) else { continue };
        let Some((pattern, _)) = rule.pattern(place.1) else { continue };
        for found in found.ranges().filter(|found| joined.crosses(found)) {
            let line = joined.line(found.start);
            let Some(hit) = layout.stretch(line).and_then(|here| hit(rule, pattern.regex(), text, here, found)) else {
                continue;
            };
            // Quoted is the line on which the match begins, as it stands there.
            all.add(place, Hit { rule: place.0, line, shown: Line::new(page.shown(line), None), ..hit });
        }
    }
}

/// What a match says; `None` where it says nothing.
fn hit(rule: &Rule, regex: &Regex, page: &Page<'_>, stretch: &Stretch, found: Range<usize>) -> Option<Hit> {
    // A pattern may begin with the blank or the line end before its text.
    let blank = blank(page, &found);
    let (line, column) = page.place(found.start + blank);
    let source = stretch.source?;
    let text = page.line(line);
    if !rule.reads(source) || rule.is_excused(text) || is_told_of(text, column, found.len() - blank) {
        return None;
    }
    let event = if matches!(source, Source::Events | Source::Unknown) {
        table::event_row(&String::from_utf8_lossy(text))
    } else {
        None
    };
    // Normal events are the course of things; only these are signs.
    if event.as_ref().is_some_and(|event| !event.warning && !SIGNS.contains(&event.reason.as_str())) {
        return None;
    }
    let end = (column + found.len() - blank).min(text.len());
    let mut subject = subject(source, stretch, event.as_ref(), text);
    if subject.is_empty() {
        subject = page.subject(line).unwrap_or_default();
    }
    Some(Hit {
        rule: 0,
        document: 0,
        line,
        shown: Line::new(page.shown(line), span(page, line, column..end)),
        source,
        stretch: stretch.id,
        subject,
        count: event.as_ref().map_or(1, |event| event.count),
        event,
        groups: groups(regex, page.buffer(), found.start),
    })
}

/// How many blanks and line ends a match begins with; none when it is nothing else.
fn blank(page: &Page<'_>, found: &Range<usize>) -> usize {
    let matched = page.buffer().get(found.clone()).unwrap_or_default();
    let blank = matched.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if blank == found.len() { 0 } else { blank }
}

/// The match inside the line as it is shown.
fn span(page: &Page<'_>, line: usize, found: Range<usize>) -> Option<(usize, usize)> {
    if found.is_empty() {
        return None;
    }
    if page.same(line) {
        return Some((found.start, found.end));
    }
    // A prefix or an escape shifts it; what has neither in it stands there as it is.
    let telling = page.line(line).get(found)?;
    let start = memchr::memmem::find(page.shown(line), telling)?;
    Some((start, start + telling.len()))
}

/// The named groups of the match that starts at `start`.
fn groups(regex: &Regex, buffer: &[u8], start: usize) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    if regex.captures_len() == 1 {
        return out;
    }
    let Some(captures) = regex.captures_at(buffer, start) else { return out };
    for name in regex.capture_names().flatten() {
        if let Some(group) = captures.name(name) {
            let text = String::from_utf8_lossy(group.as_bytes());
            let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
            if !text.is_empty() {
                out.insert(name.to_owned(), text);
            }
        }
    }
    out
}

fn subject(source: Source, stretch: &Stretch, event: Option<&EventRow>, text: &[u8]) -> String {
    if let Some(event) = event {
        return if event.object.is_empty() { stretch.subject.clone() } else { event.object.clone() };
    }
    if matches!(source, Source::PodTable | Source::Unknown)
        && let Some(row) = table::pod_row(&String::from_utf8_lossy(text))
    {
        return row.name;
    }
    stretch.subject.clone()
}

/// Is the match a quotation inside a sentence about it? ("Logs show: `could not connect to server`".)
fn is_told_of(line: &[u8], column: usize, length: usize) -> bool {
    // A test's report names what it tested.
    let passed = ["\u{2713}", "\u{2714}", "\u{221a}", "ok ", "PASS"];
    if passed.iter().any(|mark| line.trim_ascii_start().starts_with(mark.as_bytes())) {
        return true;
    }
    let before = line.get(..column).unwrap_or_default();
    let after = line.get((column + length).min(line.len())..).unwrap_or_default();
    let ticks = before.iter().filter(|byte| **byte == b'`').count();
    let in_ticks = ticks % 2 == 1 && after.contains(&b'`');
    let outside =
        line.split(|byte| *byte == b'`').step_by(2).flatten().filter(|byte| byte.is_ascii_alphabetic()).count();
    (in_ticks && outside >= 3) || line.starts_with(b"##")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_about_a_message_is_not_the_message() {
        let line = b"- Logs show: `could not connect to server`";
        assert!(is_told_of(line, 14, 27));
        assert!(!is_told_of(b"`could not connect to server`", 1, 27));
        assert!(is_told_of(b"### \"ImagePullBackOff\"", 5, 16));
        assert!(!is_told_of(b"#12 ERROR: failed to solve", 4, 10));
    }
}
