//! How loud a log line is.

/// The level of a log line, as far as a diagnosis cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Trace, debug, info, notice: no fault, whatever the words.
    Quiet,
    /// A warning.
    Warn,
    /// An error, or worse.
    Error,
}

/// A level's name, in any case: `warn`, `ERROR`, `Information`, `CRIT`.
pub(crate) fn named(word: &[u8]) -> Option<Level> {
    const QUIET: [&str; 12] =
        ["info", "debug", "trace", "notice", "verbose", "information", "log", "inf", "dbg", "fine", "config", "silly"];
    const WARN: [&str; 3] = ["warn", "warning", "wrn"];
    const ERROR: [&str; 13] = [
        "error",
        "err",
        "fatal",
        "critical",
        "crit",
        "panic",
        "severe",
        "emerg",
        "emergency",
        "alert",
        "dpanic",
        "ftl",
        "eror",
    ];
    if !(3..=11).contains(&word.len()) {
        return None;
    }
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
    if is(&QUIET) {
        Some(Level::Quiet)
    } else if is(&ERROR) {
        Some(Level::Error)
    } else if is(&WARN) {
        Some(Level::Warn)
    } else {
        None
    }
}

/// A level's number in pino and bunyan: 10 trace … 30 info, 40 warn, 50 error, 60 fatal. Syslog's
/// 0 to 7 count the other way round.
pub(crate) fn numbered(number: u32) -> Option<Level> {
    match number {
        0..=3 | 50..=60 => Some(Level::Error),
        4 | 40..=49 => Some(Level::Warn),
        5..=7 | 10..=39 => Some(Level::Quiet),
        _ => None,
    }
}

/// The level that a line of plain text begins with, and how many bytes that takes: `INFO:`, `[error]`,
/// `WARN `, `<Warning>`. A word without a sign around it must be in capitals.
pub(crate) fn leading(text: &[u8]) -> Option<(Level, usize)> {
    let open = usize::from(matches!(text.first(), Some(b'[' | b'<' | b'(')));
    let rest = text.get(open..)?;
    let blank = if open == 1 { rest.iter().take_while(|byte| **byte == b' ').count() } else { 0 };
    let rest = rest.get(blank..)?;
    let length = rest.iter().take(12).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = rest.get(..length)?;
    let level = named(word)?;
    let behind = rest.get(length..)?;
    let closed = match (open, behind.first()) {
        (1, _) => behind.iter().take(4).position(|byte| matches!(byte, b']' | b'>' | b')')).map(|at| at + 1),
        // A log's `ERROR`, not a sentence's "Error in".
        (_, None | Some(b' ' | b'\t')) => word.iter().all(u8::is_ascii_uppercase).then_some(0),
        (_, Some(b':' | b'|' | b']')) => word.iter().all(u8::is_ascii_uppercase).then_some(1),
        _ => None,
    }?;
    Some((level, open + blank + length + closed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(named(b"Information"), Some(Level::Quiet));
        assert_eq!(named(b"CRITICAL"), Some(Level::Error));
        assert_eq!(named(b"warn"), Some(Level::Warn));
        assert_eq!(named(b"retry"), None);
        assert_eq!(
            (numbered(30), numbered(50), numbered(3)),
            (Some(Level::Quiet), Some(Level::Error), Some(Level::Error))
        );
    }

    #[test]
    fn levels_at_the_start_of_a_line() {
        for (line, level) in [
            ("INFO:     Started server", Level::Quiet),
            ("[error] 7#7: x", Level::Error),
            ("[ WARN ] x", Level::Warn),
            ("ERROR x", Level::Error),
            ("<Warning> x", Level::Warn),
        ] {
            assert_eq!(leading(line.as_bytes()).map(|(level, _)| level), Some(level), "{line}");
        }
        for line in ["Error in x", "error: x", "Info", "[x] y", "INFORMAL", "", "["] {
            assert_eq!(leading(line.as_bytes()), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn never_longer_than_the_line(line in "[\\[<]?[ ]?(INFO|warn|Error)?\\PC{0,12}") {
            prop_assert!(leading(line.as_bytes()).is_none_or(|(_, length)| length <= line.len()));
        }
    }
}
