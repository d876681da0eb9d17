//! Is a text plainly a log? Told by its first lines: most begin with a time stamp or a level.

use super::level::{self, Level};
use super::{jsonlog, stamp};

/// So many lines say what the text is.
const SAMPLE: usize = 200;
/// Fewer lines prove nothing.
const FEWEST: usize = 4;

/// Do most of these lines begin as a log's do? Lines of a stack, which stand deeper, are not counted.
pub(crate) fn is_log<'a>(lines: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut all, mut logged) = (0, 0);
    for line in lines.take(SAMPLE) {
        if line.first().is_none_or(|first| matches!(first, b' ' | b'\t' | b'\r' | b'}')) {
            continue;
        }
        all += 1;
        logged += usize::from(begins(line));
    }
    logged >= FEWEST && logged * 2 > all
}

/// Does a line begin as a log's does?
pub(crate) fn begins(line: &[u8]) -> bool {
    let open = line.iter().take(2).take_while(|byte| matches!(byte, b'[' | b'(')).count();
    match line.get(open) {
        // Cheapest first: most lines of any text begin with a lower case letter.
        Some(byte) if byte.is_ascii_lowercase() && open == 0 => {
            matches!(byte, b't' | b'l' | b's' | b'm') && jsonlog::read(line).is_some()
        }
        Some(b'{') => jsonlog::read(line).is_some(),
        Some(_) => stamp::length(line) > 0 || stamp::klog(line) > 0 || level::leading(line).is_some(),
        None => false,
    }
}

/// How loud a log line is, when it says so: in its fields, its klog head, or behind its time stamp.
pub(crate) fn level(line: &[u8]) -> Option<Level> {
    if let Some(record) = jsonlog::read(line) {
        return record.level;
    }
    if stamp::klog(line) > 0 {
        return match line.first() {
            Some(b'I') => Some(Level::Quiet),
            Some(b'W') => Some(Level::Warn),
            _ => Some(Level::Error),
        };
    }
    let stamp = stamp::length(line);
    if stamp == 0 {
        return level::leading(line).map(|(found, _)| found);
    }
    let mut rest = line.get(stamp..)?;
    // `[7] [INFO]`, `- ERROR`, `app.main WARNING`: a few words may stand before it.
    for _ in 0..4 {
        rest = rest.trim_ascii_start();
        let dash = rest.strip_prefix(b"- ").or(rest.strip_prefix(b"| "));
        rest = dash.unwrap_or(rest);
        if let Some((found, _)) = level::leading(rest) {
            return Some(found);
        }
        rest = rest.get(rest.iter().position(|byte| *byte == b' ')?..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(text: &str) -> bool {
        is_log(text.lines().map(str::as_bytes))
    }

    #[test]
    fn logs_of_many_programs() {
        for text in [
            "INFO:     Started server process [1]\nINFO:     Waiting for application startup.\nERROR:    x\nTraceback (most recent call last):\n  File \"a\"\nINFO:     y",
            "2024-05-01 10:00:00,123 INFO a\n2024-05-01 10:00:00,124 INFO b\n\tat x.y\n2024-05-01 10:00:01,000 ERROR c\n2024-05-01 10:00:01,001 ERROR d",
            "[2024-05-01 10:00:00 +0000] [1] [INFO] a\n[2024-05-01 10:00:00 +0000] [1] [INFO] b\n[2024-05-01 10:00:00 +0000] [1] [INFO] c\n[2024-05-01 10:00:00 +0000] [1] [ERROR] d",
            "I0501 10:00:00.1 1 a.go:1] x\nI0501 10:00:00.1 1 a.go:1] x\nE0501 10:00:00.1 1 a.go:1] x\nE0501 10:00:00.1 1 a.go:1] x",
            "{\"level\":\"info\",\"msg\":\"a\"}\n{\"level\":\"info\",\"msg\":\"b\"}\n{\"level\":\"info\",\"msg\":\"c\"}\n{\"level\":\"error\",\"msg\":\"d\"}",
            "time=1 level=info msg=a\ntime=1 level=info msg=b\nlevel=info msg=c\nlevel=error msg=d",
        ] {
            assert!(log(text), "{text}");
        }
        for text in [
            "I upgraded the chart.\nNow it fails.\nERROR: no\nWhat now?\nThanks",
            "NAME READY STATUS\nweb-1 0/1 Error\nweb-2 0/1 Error\nweb-3 0/1 Error",
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:",
            "ERROR: a\nERROR: b",
            "",
        ] {
            assert!(!log(text), "{text}");
        }
    }

    #[test]
    fn how_loud_a_line_is() {
        for (line, expected) in [
            ("2024-05-01T10:00:00Z  INFO 1 --- [main] a.b: x", Some(Level::Quiet)),
            ("[2024-05-01 10:00:00 +0000] [7] [ERROR] x", Some(Level::Error)),
            ("2024-05-01 10:00:00,123 - app.main - WARNING - x", Some(Level::Warn)),
            ("10:00:00.123 [main] DEBUG a.b - x", Some(Level::Quiet)),
            ("W0501 10:00:00.1 1 a.go:1] x", Some(Level::Warn)),
            (r#"{"level":30,"time":1,"msg":"Error: x"}"#, Some(Level::Quiet)),
            ("sqlalchemy.exc.OperationalError: INFO", None),
            ("2024-05-01 10:00:00 no level at all here in this line of ERROR", None),
            ("ERROR: x", Some(Level::Error)),
            ("", None),
        ] {
            assert_eq!(level(line.as_bytes()), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_has_a_level_or_none(line in prop::collection::vec(any::<u8>(), 0..80), text in "[\\[(]?(2024-05-01T10:00:00Z|INFO|E0501| |:|\\]|-|\\PC){0,12}") {
            for line in [&line[..], text.as_bytes()] {
                let _ = (begins(line), level(line), is_log(line.split(|byte| *byte == b'\n')));
            }
        }
    }
}
