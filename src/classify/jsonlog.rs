//! Log lines that are one JSON object, or logfmt: how loud they are, and where in them the words stand.
//!
//! zap, logrus, zerolog, slog, pino, bunyan, winston, Serilog, logback's encoder, python-json-logger and
//! structlog name their fields differently; all of them are read. Nothing is unescaped here: the ranges
//! are those of the line.

use super::level::{self, Level};
use std::ops::Range;

/// A line longer than this is data.
const LONGEST: usize = 64 << 10;
/// An object with more members is data.
const MOST: usize = 64;

/// A log line with fields. The ranges exclude the quotes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Record {
    /// How loud it is, when it says so.
    pub(crate) level: Option<Level>,
    /// The message.
    pub(crate) message: Option<Range<usize>>,
    /// The error, as a text or as an object.
    pub(crate) error: Option<Range<usize>>,
    /// The stack.
    pub(crate) stack: Option<Range<usize>>,
}

impl Record {
    fn take(&mut self, name: &[u8], value: Range<usize>, line: &[u8]) {
        let text = line.get(value.clone()).unwrap_or_default();
        match field(name) {
            Some(Field::Level) => self.level = self.level.or_else(|| level_of(text)),
            Some(Field::Message) if self.message.is_none() => self.message = Some(value),
            Some(Field::Error) if self.error.is_none() && !is_nothing(text) => self.error = Some(value),
            Some(Field::Stack) if self.stack.is_none() && !is_nothing(text) => self.stack = Some(value),
            _ => {}
        }
    }

    /// An object is a log line when it says something and how loud, or when.
    fn is_one(&self, has_time: bool) -> bool {
        (self.message.is_some() || self.error.is_some()) && (self.level.is_some() || has_time)
    }
}

enum Field {
    Level,
    Message,
    Error,
    Stack,
}

fn field(name: &[u8]) -> Option<Field> {
    Some(match name {
        b"level" | b"lvl" | b"severity" | b"@l" | b"Level" | b"log.level" | b"levelname" | b"loglevel"
        | b"log_level" | b"severityText" | b"severity_text" | b"LEVEL" | b"SEVERITY" => Field::Level,
        b"msg" | b"message" | b"@m" | b"@mt" | b"Message" | b"RenderedMessage" | b"MessageTemplate" | b"event"
        | b"short_message" | b"body" | b"MESSAGE" | b"text" => Field::Message,
        b"error" | b"err" | b"@x" | b"Exception" | b"exception" | b"exc_info" | b"error.message" | b"errorMessage"
        | b"cause" | b"Error" | b"thrown" | b"reason" => Field::Error,
        b"stack" | b"stacktrace" | b"stack_trace" | b"errorVerbose" | b"trace" | b"error.stack_trace"
        | b"StackTrace" | b"traceback" => Field::Stack,
        _ => return None,
    })
}

fn is_time(name: &[u8]) -> bool {
    matches!(
        name,
        b"time"
            | b"ts"
            | b"timestamp"
            | b"@timestamp"
            | b"@t"
            | b"Timestamp"
            | b"asctime"
            | b"datetime"
            | b"date"
            | b"t"
    )
}

fn is_nothing(text: &[u8]) -> bool {
    matches!(text, b"" | b"null" | b"false" | b"{}" | b"[]" | b"<nil>")
}

fn level_of(text: &[u8]) -> Option<Level> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        return level::numbered(std::str::from_utf8(text).ok()?.parse().ok()?);
    }
    level::named(text)
}

/// Reads a line as a log line with fields: JSON, or logfmt.
pub(crate) fn read(line: &[u8]) -> Option<Record> {
    let blank = line.iter().take_while(|byte| **byte == b' ').count();
    let rest = line.get(blank..)?;
    if line.len() > LONGEST {
        return None;
    }
    match rest.first()? {
        b'{' if rest.len() > 10 => json(line, blank),
        byte if byte.is_ascii_alphabetic() => logfmt(line, blank),
        _ => None,
    }
}

/// Reads an object; one that was cut off at its end counts as far as it goes.
fn json(line: &[u8], start: usize) -> Option<Record> {
    let mut record = Record::default();
    let mut has_time = false;
    let mut at = start + 1;
    for _ in 0..MOST {
        at = skip(line, at, b" \t,");
        if line.get(at) != Some(&b'"') {
            break;
        }
        let name_end = string(line, at + 1);
        let name = line.get(at + 1..name_end)?;
        at = skip(line, name_end + 1, b" \t");
        if line.get(at) != Some(&b':') {
            // `{"a", …` is no object.
            return record.is_one(has_time).then_some(record);
        }
        at = skip(line, at + 1, b" \t");
        let end = value(line, at);
        let inner = if line.get(at) == Some(&b'"') { at + 1..end.saturating_sub(1).max(at + 1) } else { at..end };
        has_time |= is_time(name);
        record.take(name, inner.start.min(line.len())..inner.end.min(line.len()), line);
        at = end;
    }
    record.is_one(has_time).then_some(record)
}

fn skip(line: &[u8], at: usize, blanks: &[u8]) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| blanks.contains(byte)).count()
}

/// Where the string that begins at `at` ends: at its quote, or at the line's end.
fn string(line: &[u8], mut at: usize) -> usize {
    while let Some(found) = line.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if line.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    line.len()
}

/// Behind the value that begins at `at`.
fn value(line: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = line.get(at) {
        match byte {
            b'"' => at = string(line, at + 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
        if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
            break;
        }
    }
    at.min(line.len())
}

/// `time="…" level=error msg="…" error="…"`: must begin with such a pair.
fn logfmt(line: &[u8], start: usize) -> Option<Record> {
    let mut record = Record::default();
    let mut has_time = false;
    let mut at = start;
    for count in 0..MOST {
        at = skip(line, at, b" \t");
        let rest = line.get(at..)?;
        let name =
            rest.iter().take(40).take_while(|byte| byte.is_ascii_alphanumeric() || b"_.@-".contains(byte)).count();
        if name == 0 || rest.get(name) != Some(&b'=') {
            if count == 0 {
                return None;
            }
            // A word between the pairs.
            match rest.iter().position(|byte| *byte == b' ') {
                Some(blank) => at += blank,
                None => break,
            }
            continue;
        }
        let from = at + name + 1;
        let inner = if line.get(from) == Some(&b'"') {
            let end = string(line, from + 1);
            at = end + 1;
            from + 1..end
        } else {
            let length = line.get(from..)?.iter().take_while(|byte| **byte != b' ').count();
            at = from + length;
            from..at
        };
        let name = rest.get(..name)?;
        has_time |= is_time(name);
        record.take(name, inner.start.min(line.len())..inner.end.min(line.len()), line);
        if at >= line.len() {
            break;
        }
    }
    record.is_one(has_time).then_some(record)
}

#[cfg(test)]
#[path = "jsonlog_tests.rs"]
mod tests;
