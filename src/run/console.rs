//! What a page writes to its browser's console, as Chromium logs it:
//! `[pid:tid:0204/101112.131415:INFO:CONSOLE:3] "text", source: http://host/ (3)` (older: `INFO:CONSOLE(3)`).
//!
//! How grave a line is cannot be known: for security's sake Chromium logs the console of every ordinary page as INFO
//! (`content/browser/web_contents/web_contents_impl.cc`, `LogConsoleMessage`). So every line counts, unless the task
//! says that it is none to worry about. What a page cannot load (a script that is not there) is in no such line.

use super::redact::fixed;
use crate::model::pattern::Pattern;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Lines that a note quotes.
const QUOTED: usize = 5;

static LINE: LazyLock<Regex> =
    LazyLock::new(|| fixed(r#"(?m)^\[[^\]\n]*:CONSOLE[:(]\d+\)?\] "(.*)", source: [^\n]*\r?$"#));

/// What the console says that it should not; `None` when it is silent.
pub fn complaint(allowed: &[Pattern], log: &[u8]) -> Option<String> {
    let said: Vec<String> = LINE
        .captures_iter(log)
        .filter_map(|found| found.get(1))
        .filter(|text| !allowed.iter().any(|pattern| pattern.is_match(text.as_bytes())))
        .map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned())
        .collect();
    let more = said.len().saturating_sub(QUOTED);
    let mut told = said.iter().take(QUOTED).map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    if more > 0 {
        told.push_str(&format!(" and {more} more"));
    }
    (!said.is_empty()).then(|| format!("the console says: {told}"))
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
}
