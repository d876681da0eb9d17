//! The last line that says something is wrong, for texts in which no symptom was found.

use super::facts::{self, Facts, Health};
use super::level::Level;
use super::loglines;
use super::page::Page;
use super::signs;
use super::table::{self, PodRow};
use super::text::{Line, Text};
use crate::model::finding::Quote;
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How a line begins that reports a fault, behind a time stamp or a log's punctuation.
const HEADS: [&str; 11] = [
    "Error:",
    "error:",
    "ERROR",
    "FATAL",
    "Fatal:",
    "fatal:",
    "CRITICAL",
    "panic:",
    "Exception in thread",
    "Error from server",
    "npm ERR!",
];

/// So many lines of a piece are kept.
const MOST: usize = 64;

/// Lines that look like faults and are the evidence's own small talk.
const SMALL_TALK: [&str; 14] = [
    "previous terminated container",
    "is waiting to start",
    "unable to retrieve container logs",
    "command terminated with exit code",
    "unable to upgrade connection",
    "OCI runtime exec failed",
    "failed to exec in container",
    "error executing command in container",
    "executable file not found in $PATH",
    "(AlreadyExists)",
    "current-context is not set",
    "No resources found",
    " 0 error",
    "no error",
];

/// The last line of all texts that reports a fault and was not made good afterwards. Lines of symptoms
/// that have passed are no such lines.
pub(crate) fn telling(texts: &[Text], facts: &Facts) -> Option<Quote> {
    for (document, text) in texts.iter().enumerate().rev() {
        if let Some((line, shown)) = text.faults.back() {
            let mended = facts::later(texts, document, *line, &signs::DEPLOYED_WELL)
                || facts::later(texts, document, *line, &signs::SUCCEEDED)
                || facts::answers_later(texts, document, *line);
            return (!mended).then(|| shown.quote(&text.head.file, *line));
        }
    }
    unready(texts, facts)
}

/// The last row of a pod that is not well in a state that no symptom names (`Unknown`, `NotReady`,
/// `Running` and never ready).
fn unready(texts: &[Text], facts: &Facts) -> Option<Quote> {
    // Of a pod that is listed more than once the last row counts.
    let mut last: BTreeMap<&str, (usize, usize, &PodRow, &Line)> = BTreeMap::new();
    for (document, text) in texts.iter().enumerate() {
        for (name, seen) in &text.pods {
            last.insert(name, (document, seen.line, &seen.row, &seen.shown));
        }
    }
    let bad =
        |pod: &&(usize, usize, &PodRow, &Line)| facts::of_row(pod.2) == Health::Bad && !facts.is_replaced(&pod.2.name);
    let (document, line, _, shown) = last.values().filter(bad).max_by_key(|pod| (pod.0, pod.1))?;
    Some(shown.quote(&texts.get(*document)?.head.file, *line))
}

/// The lines from `from` on that report a fault, in order; of many the last ones.
pub(crate) fn faults(page: &Page<'_>, from: usize) -> Vec<usize> {
    let mut lines: Vec<usize> =
        suspects(page, from).into_iter().rev().filter(|line| is_fault(page.line(*line))).take(MOST).collect();
    lines.reverse();
    lines
}

/// Lines that hold a word of a fault, in order.
fn suspects(page: &Page<'_>, from: usize) -> Vec<usize> {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build([
                "Error",
                "error:",
                "=error",
                "level\":\"error\"",
                "level\":\"fatal\"",
                "ERR",
                "atal",
                "FATAL",
                "CRITICAL",
                "SEVERE",
                "panic",
                "xception",
                "Traceback",
                "Warning",
            ])
            .ok()
    });
    let Some(words) = WORDS.as_ref() else { return (from..page.end()).collect() };
    let start = page.start(from);
    let text = page.buffer().get(start..).unwrap_or_default();
    let mut lines: Vec<usize> = words.find_iter(text).map(|found| page.place(start + found.start()).0).collect();
    lines.dedup();
    lines
}

fn is_fault(line: &[u8]) -> bool {
    let head = &line[..line.len().min(400)];
    let text = String::from_utf8_lossy(head);
    if SMALL_TALK.iter().any(|talk| text.contains(talk)) {
        return false;
    }
    if let Some(event) = table::event_row(&text) {
        // One failed probe is how most pods start.
        return event.warning && (event.reason != "Unhealthy" || event.count > 2);
    }
    // A log line that says how loud it is says it best.
    match loglines::level(line) {
        Some(Level::Quiet) => return false,
        Some(Level::Error) => return true,
        _ => {}
    }
    let text = text.trim_start();
    if HEADS.iter().any(|fault| text.starts_with(fault)) {
        return true;
    }
    // Behind a time stamp, a level or a bracket.
    let mut words = text.split_whitespace().take(5);
    words.any(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        matches!(word, "ERROR" | "FATAL" | "CRITICAL" | "SEVERE" | "panic")
            || word == "level=error"
            || word == "level=fatal"
    }) || is_exception(text)
}

/// `sqlalchemy.exc.ArgumentError: …`, `java.lang.IllegalStateException: …`.
fn is_exception(text: &str) -> bool {
    let Some((name, _)) = text.split_once(':') else { return false };
    let last = name.rsplit('.').next().unwrap_or(name);
    (last.ends_with("Error") || last.ends_with("Exception"))
        && last.len() > 5
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_small_talk() {
        for line in [
            "Error: something new",
            "2026-11-23 01:51:51,932 ERROR [app] cannot do it",
            "app.exc.StrangeError: x",
            r#"{"level":"error","msg":"x"}"#,
            "5s  Warning  FailedSomething  pod/web-1  what",
        ] {
            assert!(is_fault(line.as_bytes()), "{line}");
        }
        for line in [
            "INFO: 0 errors",
            "5s  Normal  Pulled  pod/web-1  Error page image pulled",
            "mariadb-ingress-error-pages  0/1    1           0          1s",
            "Error from server (BadRequest): previous terminated container \"a\" in pod \"b\" not found",
            "Failed Checks: 0",
        ] {
            assert!(!is_fault(line.as_bytes()), "{line}");
        }
    }
}
