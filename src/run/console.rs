//! What a page writes to its browser's console, as Chromium logs it:
//! `[pid:tid:0204/101112.131415:INFO:CONSOLE:3] "text", source: http://host/ (3)` (older: `INFO:CONSOLE(3)`).
//!
//! How grave a line is cannot be known: for security's sake Chromium logs the console of every ordinary page as INFO
//! (`content/browser/web_contents/web_contents_impl.cc`, `LogConsoleMessage`). So every line counts, unless the task
//! says that it is none to worry about. What a page cannot load (a script that is not there) is in no such line.
//!
//! A message goes over as many lines as it has: Chromium prints its line ends as they are.

use super::redact::fixed;
use crate::model::pattern::Pattern;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Messages that a note quotes.
const QUOTED: usize = 5;

/// Characters of a message that a note quotes: a stack is as long as it likes.
const LONGEST: usize = 300;

static HEAD: LazyLock<Regex> = LazyLock::new(|| fixed(r#"(?m)^\[[^\]\n]*:CONSOLE[:(]\d+\)?\] ""#));

/// Where a message ends; the last one of its line, for a message may hold such words.
static END: LazyLock<Regex> = LazyLock::new(|| fixed(r#"(?m)^(.*)", source: [^\n]* \(\d+\)\r?$"#));

/// What the console says that it should not; `None` when it is silent.
pub fn complaint(allowed: &[Pattern], log: &[u8]) -> Option<String> {
    let heads: Vec<_> = HEAD.find_iter(log).map(|head| (head.start(), head.end())).collect();
    let next = heads.iter().skip(1).map(|(start, _)| *start).chain([log.len()]);
    let said: Vec<String> = heads
        .iter()
        .zip(next)
        .map(|((_, start), next)| &log[*start..next])
        .filter_map(|rest| match END.captures(rest).and_then(|end| end.get(1)) {
            Some(end) => Some(&rest[..end.end()]).filter(|text| !allowed.iter().any(|known| known.is_match(text))),
            // A log that breaks off: nobody can say that the message was one of those.
            None => Some(rest),
        })
        .map(in_one_line)
        .collect();
    let more = said.len().saturating_sub(QUOTED);
    let mut told = said.iter().take(QUOTED).map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    if more > 0 {
        told.push_str(&format!(" and {more} more"));
    }
    (!said.is_empty()).then(|| format!("the console says: {told}"))
}

/// A message for a note.
fn in_one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let line = lines.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_console_counts_but_those_that_are_allowed() {
        let log = b"[18659:18702:1127/045643.157311:ERROR:dbus/bus.cc:405] Failed to connect to the bus\n\
            [1:1:1127/045644.793311:INFO:CONSOLE:3] \"just a log\", source: http://x/ (3)\r\n\
            [1:1:1127/045644.793311:INFO:CONSOLE(9)] \"Uncaught Error: \"quoted\"\", source: http://x/a.js (9)\n";
        let told = |allowed: &[&str]| {
            complaint(&allowed.iter().map(|text| Pattern::new(text).unwrap()).collect::<Vec<_>>(), log)
        };
        assert_eq!(told(&[]).unwrap(), r#"the console says: "just a log", "Uncaught Error: "quoted"""#);
        assert_eq!(told(&["^just"]).unwrap(), r#"the console says: "Uncaught Error: "quoted"""#);
        assert_eq!(told(&["^just", "quoted"]), None);
        assert_eq!(complaint(&[], b"CONSOLE: nothing of a page"), None);
    }

    #[test]
    fn a_flood_is_counted() {
        let log: String = (0..9).map(|n| format!("[1:INFO:CONSOLE:1] \"{n}\", source:  (1)\n")).collect();
        assert_eq!(complaint(&[], log.as_bytes()).unwrap(), r#"the console says: "0", "1", "2", "3", "4" and 4 more"#);
    }

    #[test]
    fn a_message_has_as_many_lines_as_it_likes() {
        let log = b"[1:2:INFO:CONSOLE:1] \"The above error occurred in <List>:\n\n    at List\", source: http://x/a.js (1)\r\n\
            [1:1:ERROR:dbus/bus.cc:405] Failed to connect to the bus\n\
            [1:2:INFO:CONSOLE(7)] \"Uncaught TypeError: Cannot read\r\nproperties\", source: http://x/ (7)\r\n";
        let told = |allowed: &[&str]| {
            complaint(&allowed.iter().map(|text| Pattern::new(text).unwrap()).collect::<Vec<_>>(), log)
        };
        assert_eq!(
            told(&[]).unwrap(),
            "the console says: \"The above error occurred in <List>: at List\", \"Uncaught TypeError: Cannot read properties\""
        );
        // The whole message is held against what is allowed, not its first line.
        assert_eq!(told(&["at List$"]).unwrap(), "the console says: \"Uncaught TypeError: Cannot read properties\"");
        assert_eq!(told(&["at List$", r"\Aat List"]), told(&["at List$"]));
        assert_eq!(told(&["at List$", "^Uncaught"]), None);
    }

    #[test]
    fn a_message_whose_end_is_missing_is_one_all_the_same() {
        let log = b"[1:INFO:CONSOLE:1] \"first\nand no end\n[1:INFO:CONSOLE:2] \"second\", source: http://x/ (2)\n";
        let second = [Pattern::new("first").unwrap(), Pattern::new("second").unwrap()];
        assert_eq!(complaint(&second, log).unwrap(), "the console says: \"first and no end\"");
        assert_eq!(complaint(&second, b"[1:INFO:CONSOLE:1] \"first").unwrap(), "the console says: \"first\"");
    }

    #[test]
    fn a_message_may_hold_the_words_of_an_end() {
        let log = b"[1:INFO:CONSOLE:1] \"ok\", source: none \", source: http://x/ (2)\n";
        assert_eq!(
            complaint(&[Pattern::new("^ok$").unwrap()], log).unwrap(),
            "the console says: \"ok\", source: none\""
        );
    }
}
