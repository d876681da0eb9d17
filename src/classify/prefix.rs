//! What others put before every line of a text: CI runners, `docker compose`, `stern`, syslog, a mail's `> `.
//!
//! A prefix is looked for in a stretch of lines and counts only when most of them have it. Several may
//! stand before each other: a compose log that a CI job printed.

use super::stamp;
use memchr::{memchr, memmem, memrchr};
use std::ops::Range;

/// So many lines say what the prefix is.
const SAMPLE: usize = 200;
/// Fewer lines with it prove nothing.
const FEWEST: usize = 3;
/// More prefixes before each other have not been seen.
const DEEPEST: usize = 3;

/// One kind of prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    /// A time stamp: GitHub Actions, GitLab, Jenkins, `docker logs -t`, `kubectl logs --timestamps`.
    Stamp,
    /// `2024-05-01T10:00:00.123456789Z stderr F `: a log file that the kubelet has containerd write.
    Cri,
    /// `May  1 10:00:00 host kubelet[123]: `: syslog and journald.
    Syslog,
    /// `E0501 10:00:00.123456    1 file.go:12] `.
    Klog,
    /// `web-1  | `, `web_1  | `.
    Compose,
    /// `[pod/web-1/app] ` of `kubectl logs --prefix`, `[web-1] ` of kubetail.
    Bracket,
    /// `web-1 app ` or `web-1 › app ` of stern.
    Stern,
    /// `{"log":"…\n","stream":"stderr","time":"…"}`: a log file of Docker.
    Json,
    /// `> `, `# `, `// `, `- `, `* `.
    Mark(u8),
    /// `| … |`, `│ … │`.
    Border,
}

const LAYERS: [Layer; 14] = [
    Layer::Json,
    Layer::Cri,
    Layer::Syslog,
    Layer::Stamp,
    Layer::Klog,
    Layer::Border,
    Layer::Compose,
    Layer::Bracket,
    Layer::Stern,
    Layer::Mark(b'>'),
    Layer::Mark(b'#'),
    Layer::Mark(b'/'),
    Layer::Mark(b'-'),
    Layer::Mark(b'*'),
];

/// What stands before the lines of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix {
    layers: Vec<Layer>,
}

/// A line without its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stripped<'a> {
    /// The text inside the line; all of it when the line has no prefix.
    pub(crate) text: Range<usize>,
    /// The pod or the service that the prefix names.
    pub(crate) subject: Option<&'a [u8]>,
}

/// The prefix of these lines, when most of them have one.
pub(crate) fn detect<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Prefix> {
    let mut lines: Vec<&[u8]> = lines.take(SAMPLE).filter(|line| !line.trim_ascii().is_empty()).collect();
    let mut layers = Vec::new();
    while layers.len() < DEEPEST {
        let Some((layer, inner)) = LAYERS.into_iter().find_map(|layer| {
            let inner = most(layer, &lines)?;
            Some((layer, inner))
        }) else {
            break;
        };
        // The same marks twice: a quote in a quote. The same stamp twice: no more than that.
        layers.push(layer);
        lines = inner;
    }
    (!layers.is_empty()).then_some(Prefix { layers })
}

/// The texts behind a prefix, when most lines have it.
fn most<'a>(layer: Layer, lines: &[&'a [u8]]) -> Option<Vec<&'a [u8]>> {
    let mut inner = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if let Some(found) = layer.strip(line) {
            inner.push(line.get(found.text).unwrap_or_default());
        } else if index + 1 >= 12 && inner.is_empty() {
            // Most texts have none of them.
            return None;
        }
    }
    // A bullet or a comment mark is often the text's own: all lines must have it.
    let enough = match layer {
        Layer::Mark(b'-' | b'*' | b'#' | b'/') => inner.len() * 20 >= lines.len() * 19,
        _ => inner.len() * 10 >= lines.len() * 6,
    };
    let enough = enough && inner.len() >= FEWEST && (layer != Layer::Stern || is_stern(lines));
    enough.then(|| inner.into_iter().filter(|line| !line.trim_ascii().is_empty()).collect())
}

/// Two names before every line could be a table. Stern's pods repeat, with another text behind each.
fn is_stern(lines: &[&[u8]]) -> bool {
    let heads: Vec<&[u8]> = lines
        .iter()
        .filter_map(|line| {
            let found = Layer::Stern.strip(line)?;
            line.get(..found.text.start)
        })
        .collect();
    let mut different = heads.clone();
    different.sort_unstable();
    different.dedup();
    different.len() * 2 <= heads.len()
}

impl Prefix {
    /// The line without its prefix. A line that lacks it stays whole.
    pub(crate) fn strip<'a>(&self, line: &'a [u8]) -> Stripped<'a> {
        let mut out = Stripped { text: 0..line.len(), subject: None };
        for layer in &self.layers {
            let Some(found) = line.get(out.text.clone()).and_then(|rest| layer.strip(rest)) else { continue };
            let start = out.text.start;
            out.text = start + found.text.start..start + found.text.end;
            out.subject = found.subject.or(out.subject);
        }
        out
    }
}

impl Layer {
    /// The text of a line that has this prefix.
    fn strip(self, line: &[u8]) -> Option<Stripped<'_>> {
        let from = |start: usize| Some(Stripped { text: start..line.len(), subject: None });
        match self {
            Self::Stamp => {
                let stamp = some(section(line) + stamp::length(line.get(section(line)..)?))?;
                from(stream(line, stamp + blanks(line, stamp)))
            }
            Self::Cri => {
                let stamp = some(stamp::length(line))?;
                let rest = line.get(stamp..)?;
                [b" stdout F ", b" stderr F ", b" stdout P ", b" stderr P "]
                    .iter()
                    .find(|head| rest.starts_with(**head))
                    .and_then(|head| from(stamp + head.len()))
            }
            Self::Syslog => syslog(line).and_then(from),
            Self::Klog => from(some(stamp::klog(line))?),
            Self::Compose => compose(line),
            Self::Bracket => bracket(line),
            Self::Stern => stern(line),
            Self::Json => json(line),
            Self::Mark(mark) => marked(line, mark).and_then(from),
            Self::Border => border(line),
        }
    }
}

fn some(length: usize) -> Option<usize> {
    (length > 0).then_some(length)
}

fn blanks(line: &[u8], at: usize) -> usize {
    // One blank belongs to the stamp, more to the text.
    usize::from(line.get(at) == Some(&b' '))
}

/// GitLab's `section_start:1560896352:name` with its carriage return.
fn section(line: &[u8]) -> usize {
    if line.starts_with(b"section_") { memchr(b'\r', line).map_or(0, |end| end + 1) } else { 0 }
}

/// GitLab's `00O ` or `01E+` behind the stamp: the stream, and whether the line goes on.
fn stream(line: &[u8], at: usize) -> usize {
    match line.get(at..at + 4) {
        Some([a, b, b'O' | b'E', b' ' | b'+']) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => at + 4,
        _ => at,
    }
}

/// Behind `host program[pid]: `.
fn syslog(line: &[u8]) -> Option<usize> {
    let stamp = some(stamp::length(line))?;
    let rest = line.get(stamp..)?.strip_prefix(b" ")?;
    let near = rest.get(..rest.len().min(120))?;
    let host = memchr(b' ', near)?;
    let colon = memmem::find(near.get(host..)?, b": ")? + host;
    let program = near.get(host + 1..colon)?;
    let named = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._@-".contains(byte))
    };
    let pid = program.strip_suffix(b"]").and_then(|program| program.iter().position(|byte| *byte == b'['));
    let is_program = match pid {
        Some(open) => {
            let pid = program.get(open + 1..program.len() - 1)?;
            named(program.get(..open)?) && !pid.is_empty() && pid.iter().all(u8::is_ascii_digit)
        }
        // The kernel has no number.
        None => program == b"kernel" || program == b"systemd",
    };
    (named(near.get(..host)?) && is_program).then_some(stamp + 1 + colon + 2)
}

fn is_named(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// `web-1  | text`.
fn compose(line: &[u8]) -> Option<Stripped<'_>> {
    let near = line.get(..line.len().min(80))?;
    let bar = memchr(b'|', near)?;
    let padded = line.get(..bar)?.strip_suffix(b" ")?;
    let name = padded.trim_ascii_end();
    let behind = line.get(bar + 1);
    if !is_named(name) || name.iter().all(u8::is_ascii_digit) || behind.is_some_and(|byte| *byte != b' ') {
        return None;
    }
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let service = match name.get(..name.len() - digits) {
        Some([service @ .., b'-' | b'_']) if digits > 0 && !service.is_empty() => service,
        _ => name,
    };
    Some(Stripped { text: (bar + 2).min(line.len())..line.len(), subject: Some(service) })
}

/// `[pod/web-1/app] text`, `[web-1 app] text`, `[web-1] text`.
fn bracket(line: &[u8]) -> Option<Stripped<'_>> {
    let inner = line.strip_prefix(b"[")?;
    let end = memchr(b']', inner.get(..inner.len().min(200))?)?;
    let head = inner.get(..end)?;
    let behind = inner.get(end + 1);
    if behind.is_some_and(|byte| *byte != b' ') {
        return None;
    }
    let whole = head.strip_prefix(b"pod/").unwrap_or(head);
    let mut parts = whole.splitn(2, |byte| matches!(byte, b'/' | b' '));
    let (pod, container) = (parts.next()?, parts.next());
    // `[error]`, `[12]`, `[main]` are the log's own: a pod's name has a dash.
    let kubectl = head.len() != whole.len();
    let is_pod = is_named(pod) && (kubectl || pod.contains(&b'-')) && pod.iter().all(|byte| !byte.is_ascii_uppercase());
    let is_number = pod.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-' || *byte == b'.');
    (is_pod && !is_number && container.is_none_or(is_named))
        .then(|| Stripped { text: (1 + end + 2).min(line.len())..line.len(), subject: Some(pod) })
}

/// `web-1 app text`, `web-1 › app text`.
fn stern(line: &[u8]) -> Option<Stripped<'_>> {
    const ARROW: &[u8] = "\u{203a} ".as_bytes();
    // `+ web-1 › app`: stern says that it follows a pod; that is no line of the pod.
    let near = line.get(..line.len().min(200))?;
    let blank = memchr(b' ', near)?;
    let pod = line.get(..blank)?;
    let lower = |name: &[u8]| {
        is_named(name)
            && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(byte))
    };
    if !lower(pod) || !pod.contains(&b'-') || !pod.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    let rest = line.get(blank + 1..)?;
    let arrow = if rest.starts_with(ARROW) { ARROW.len() } else { 0 };
    let rest = rest.get(arrow..)?;
    let length = memchr(b' ', rest.get(..rest.len().min(80))?)?;
    let container = rest.get(..length)?;
    // A cell of a table has more blanks behind it.
    let single = rest.get(length + 1).is_some_and(|byte| *byte != b' ') || arrow > 0;
    (lower(container) && single && !container.iter().all(u8::is_ascii_digit))
        .then(|| Stripped { text: blank + 1 + arrow + length + 1..line.len(), subject: Some(pod) })
}

/// The `log` of Docker's log file.
fn json(line: &[u8]) -> Option<Stripped<'_>> {
    const HEAD: &[u8] = b"{\"log\":\"";
    const TAIL: &[u8] = b"\",\"stream\":\"std";
    let body = line.strip_prefix(HEAD)?;
    let from = body.len().saturating_sub(400);
    let tail = from + memmem::rfind(body.get(from..)?, TAIL)?;
    let text = body.get(..tail)?;
    // The line end, as it stands there or as a reader of escapes sees it.
    let text = text.strip_suffix(b"\\n").or(text.strip_suffix(b" ")).unwrap_or(text);
    let text = text.strip_suffix(b"\\r").unwrap_or(text);
    Some(Stripped { text: HEAD.len()..HEAD.len() + text.len(), subject: None })
}

/// Behind a mark, which may stand behind blanks.
fn marked(line: &[u8], mark: u8) -> Option<usize> {
    let indent = line.iter().take(8).take_while(|byte| **byte == b' ').count();
    let rest = line.get(indent..)?;
    let marks = rest.iter().take_while(|byte| **byte == mark).count();
    let is_mark = match mark {
        b'/' => marks == 2,
        b'-' | b'*' => marks == 1,
        // Headings are text.
        b'#' => marks == 1,
        _ => (1..=4).contains(&marks),
    };
    match rest.get(marks) {
        _ if !is_mark => None,
        Some(b' ') => Some(indent + marks + 1),
        // The blank is missing where the line is empty.
        None => Some(indent + marks),
        // Some mailers quote without it.
        Some(byte) if mark == b'>' && (byte.is_ascii_alphanumeric() || *byte == b'[') => Some(indent + marks),
        _ => None,
    }
}

/// Between the borders of a box.
fn border(line: &[u8]) -> Option<Stripped<'_>> {
    let bars: [&[u8]; 3] = [b"|", "\u{2502}".as_bytes(), "\u{2503}".as_bytes()];
    let indent = line.iter().take_while(|byte| **byte == b' ').count();
    let rest = line.get(indent..)?;
    let bar = bars.iter().find(|bar| rest.starts_with(bar))?;
    let start = indent + bar.len();
    let inner = line.get(start..)?.trim_ascii_end();
    let inner = inner.strip_suffix(*bar).unwrap_or(inner);
    // Cells are the table's business; the frame of one text is not.
    let blank = usize::from(inner.first() == Some(&b' '));
    let inner = inner.get(blank..)?;
    (memrchr(b'|', inner).is_none() && memmem::find(inner, bars[1]).is_none())
        .then(|| Stripped { text: start + blank..start + blank + inner.trim_ascii_end().len(), subject: None })
}

#[cfg(test)]
#[path = "prefix_tests.rs"]
mod tests;
