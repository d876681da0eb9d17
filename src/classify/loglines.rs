//! How loud a log line is, in whichever of the usual forms it says so.

use super::level::{self, Level};
use super::{jsonlog, stamp};

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
                let _ = level(line);
            }
        }
    }
}
