//! An HTTP answer as `curl --include` prints it: status, headers, body, and what curl says of it.

use super::exchange_config::TRAILER;
use serde_json::Value;
use std::time::Duration;

/// The longest answer that is read.
pub const MOST: usize = 1 << 20;

/// Bytes of the end that are kept in any case: what curl itself says stands there.
const END: usize = 128;

/// An answer, taken apart.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The words behind it; HTTP/2 has none.
    pub reason: String,
    /// The headers in order, names in lower case; one may stand there more than once.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// From the first byte of the request to the last of the answer, as curl measured it.
    pub took: Option<Duration>,
    /// Bytes of the body that were not read.
    pub dropped: u64,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// It is JSON.
    Json(Value),
    /// It is another text, or empty.
    Text(String),
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl HttpAnswer {
    /// The values of a header, in order; `name` in lower case.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Takes an answer as it comes, and no more than [`MOST`] of it.
#[derive(Debug, Default)]
pub struct Taking {
    head: Vec<u8>,
    end: Vec<u8>,
    dropped: u64,
}

impl Taking {
    /// Its next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        let kept = chunk.len().min(MOST - self.head.len());
        self.head.extend_from_slice(&chunk[..kept]);
        self.end.extend_from_slice(&chunk[kept..]);
        if let Some(excess) = self.end.len().checked_sub(END) {
            self.end.drain(..excess);
            self.dropped += excess as u64;
        }
    }

    /// The answer; `None` when no status line is in it.
    pub fn answer(self) -> Option<HttpAnswer> {
        let mut bytes = self.head;
        bytes.extend(self.end);
        read(&bytes).map(|answer| HttpAnswer { dropped: self.dropped, ..answer })
    }
}

/// Reads an answer; `None` when no status line is in it.
pub fn read(printed: &[u8]) -> Option<HttpAnswer> {
    let (printed, took) = without_trailer(printed);
    let mut rest = printed;
    loop {
        let (mut answer, behind) = head(rest)?;
        let is_on_the_way = matches!(answer.status, 100..=199) || is_tunnel(&answer);
        if is_on_the_way && is_status_line(behind) {
            rest = behind;
            continue;
        }
        answer.took = took;
        answer.body = match serde_json::from_slice(behind) {
            Ok(value) => Body::Json(value),
            Err(_) => Body::Text(String::from_utf8_lossy(behind).into_owned()),
        };
        return Some(answer);
    }
}

/// A proxy's word that the way is open.
fn is_tunnel(answer: &HttpAnswer) -> bool {
    answer.status / 100 == 2 && answer.reason.eq_ignore_ascii_case("connection established")
}

fn is_status_line(text: &[u8]) -> bool {
    status(line(text).0).is_some()
}

/// A status line with its headers, and what is behind them.
fn head(text: &[u8]) -> Option<(HttpAnswer, &[u8])> {
    let (first, mut rest) = line(text);
    let (code, reason) = status(first)?;
    let mut headers: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let (next, behind) = line(rest);
        rest = behind;
        if next.is_empty() {
            break;
        }
        let text = String::from_utf8_lossy(next);
        match (text.split_once(':'), headers.last_mut()) {
            // Of old a header could go on in the next line.
            (_, Some((_, value))) if text.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(text.trim());
            }
            (Some((name, value)), _) => {
                headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            _ => {}
        }
    }
    Some((HttpAnswer { status: code, reason, headers, ..HttpAnswer::default() }, rest))
}

/// `HTTP/1.1 200 OK`, `HTTP/2 200`.
fn status(line: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(line).ok()?;
    let (version, rest) = text.strip_prefix("HTTP/")?.split_once(' ')?;
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    (is_version && is_code).then(|| Some((code.parse().ok()?, reason.trim().to_owned())))?
}

/// The first line without its end, and what is behind it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &text[text.len()..]),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// The output without what curl says at its end, and how long it took.
fn without_trailer(printed: &[u8]) -> (&[u8], Option<Duration>) {
    let mark = TRAILER.as_bytes();
    let Some(at) = printed.windows(mark.len()).rposition(|window| window == mark) else { return (printed, None) };
    let said = String::from_utf8_lossy(&printed[at + mark.len()..]);
    let seconds = said.trim().split_once(':').and_then(|(_, seconds)| seconds.replace(',', ".").parse::<f64>().ok());
    let took = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let before = &printed[..at];
    (before.strip_suffix(b"\n").unwrap_or(before), took)
}

#[cfg(test)]
#[path = "exchange_answer_tests.rs"]
mod tests;
