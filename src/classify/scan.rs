//! Rules over a page: what matched, where, and what it is about.

use super::page::Page;
use super::rules::{Rule, Rules};
use super::search::{Found, Matches};
use super::sources::{Layout, Stretch};
use super::table::{self, EventRow};
use crate::model::finding::Source;
use regex::bytes::Regex;
use std::collections::BTreeMap;

/// So many matches are kept with their groups; the last one always is.
const KEPT: usize = 12;

/// One match of one rule.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    /// Index of the rule.
    pub(crate) rule: usize,
    /// Index of the document.
    pub(crate) document: usize,
    /// Index of the line.
    pub(crate) line: usize,
    /// The match inside the shown line.
    pub(crate) span: Option<(usize, usize)>,
    /// The kind of text it stands in.
    pub(crate) source: Source,
    /// Pod, deployment, node … the line is about; may be empty.
    pub(crate) subject: String,
    /// The event, when the line is one.
    pub(crate) event: Option<EventRow>,
    /// Named groups that took part.
    pub(crate) groups: BTreeMap<String, String>,
    /// How often it was seen: `(x12 over 3m)`, or lines of a log.
    pub(crate) count: u64,
}

/// What was found in a page, with what it says there.
pub(crate) fn hits(rules: &Rules, document: usize, page: &Page<'_>, layout: &Layout, found: Found) -> Vec<Hit> {
    let mut hits = Vec::new();
    for ((index, pattern), found) in found {
        let Some(rule) = rules.rule(index) else { continue };
        let Some((pattern, _)) = rule.pattern(pattern) else { continue };
        let mut found = one(rule, pattern.regex(), page, layout, found);
        for hit in &mut found {
            (hit.rule, hit.document) = (index, document);
        }
        hits.extend(found);
    }
    hits
}

fn one(rule: &Rule, regex: &Regex, page: &Page<'_>, layout: &Layout, found: Matches) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut last_line = None;
    let passed = found.passed;
    for found in found.ranges() {
        // A pattern may begin with the blank or the line end before its text.
        let matched = page.buffer().get(found.clone()).unwrap_or_default();
        let blank = matched.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let blank = if blank == found.len() { 0 } else { blank };
        let (line, column) = page.place(found.start + blank);
        if last_line == Some(line) {
            continue;
        }
        let Some(stretch) = layout.stretch(line) else { continue };
        let Some(source) = stretch.source else { continue };
        let text = page.line(line);
        if !rule.reads(source) || rule.is_excused(text) || is_told_of(text, column, found.len() - blank) {
            continue;
        }
        let event = if matches!(source, Source::Events | Source::Unknown) {
            table::event_row(&String::from_utf8_lossy(text))
        } else {
            None
        };
        // Normal events are the course of things; only these two are signs.
        if event.as_ref().is_some_and(|event| {
            !event.warning && !matches!(event.reason.as_str(), "BackOff" | "Killing" | "NodeNotReady")
        }) {
            continue;
        }
        last_line = Some(line);
        let count = event.as_ref().map_or(1, |event| event.count);
        if hits.len() >= KEPT {
            // Keep the latest in the last place and count the one that leaves.
            if let Some(left) = hits.pop()
                && let Some(first) = hits.first_mut()
            {
                first.count += left.count;
            }
        }
        let subject = subject(source, stretch, event.as_ref(), text);
        let end = (column + found.len() - blank).min(text.len());
        hits.push(Hit {
            rule: 0,
            document: 0,
            line,
            span: (page.same(line) && column < end).then_some((column, end)),
            source,
            subject,
            event,
            groups: groups(regex, page.buffer(), found.start),
            count,
        });
    }
    if let Some(first) = hits.first_mut() {
        first.count += passed;
    }
    hits
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
