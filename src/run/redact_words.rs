//! Secrets in command lines: which word is one depends on the tool and on the word before it.

use super::redact::fixed;
use super::redact_mask::{Atoms, has_atom};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A text without any of these names no tool that we know.
pub(super) const CUES: [&str; 7] = ["curl", "redis-cli", "sshpass", "login", "mysql", "mariadb", "mongo"];
/// A tool, as a word.
static TOOL: LazyLock<Regex> = LazyLock::new(|| {
    fixed(r"(?i)\b(?:curl|redis-cli|sshpass|(?:docker|podman|nerdctl|registry) login)\b|\bmysql|\bmariadb|\bmongo")
});

/// Who reads the words that follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tool {
    /// `-u user:password`.
    Curl,
    /// `-a password`, `AUTH [user] password`.
    Redis,
    /// `-ppassword`.
    Mysql,
    /// `-p password`.
    Login,
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// `user:password`.
    Pair,
    /// A password.
    Whole,
    /// A password, or a user and a password: which, only the end would tell.
    Auth(usize),
}

/// Hides the secrets of the command lines in a text.
pub(super) fn hide(atoms: &mut Atoms<'_>, text: &[u8]) -> Vec<u8> {
    if !TOOL.is_match(text) {
        return text.to_vec();
    }
    let places = split(text);
    let words: Vec<&[u8]> = places.iter().map(|place| &text[place.clone()]).collect();
    let mut out = Vec::with_capacity(text.len());
    let mut last = 0;
    for (place, secret) in places.iter().zip(secrets(&words)) {
        let Some(secret) = secret.filter(|secret| !secret.is_empty()) else { continue };
        let (start, end) = (place.start + secret.start, place.start + secret.end);
        out.extend_from_slice(&text[last..start]);
        out.extend(atoms.hide(None, &text[start..end]));
        last = end;
    }
    out.extend_from_slice(&text[last..]);
    out
}

/// For each word, the part of it that is secret.
pub(super) fn secrets(words: &[&[u8]]) -> Vec<Option<Range<usize>>> {
    let (mut tool, mut next, mut before): (Option<Tool>, Option<Next>, &[u8]) = (None, None, b"");
    let mut out = Vec::with_capacity(words.len());
    for word in words {
        let expected = next.take().filter(|_| !word.starts_with(b"-"));
        out.push(match expected {
            Some(Next::Pair) => pair(word, 0),
            Some(Next::Whole) => secret(word, 0),
            Some(Next::Auth(left)) => {
                next = left.checked_sub(1).map(Next::Auth);
                secret(word, 0)
            }
            None => {
                if let Some(found) = tool_of(word, before) {
                    tool = Some(found);
                } else if [&b"|"[..], b"||", b"&&", b";"].contains(word) {
                    tool = None;
                }
                let (attached, follows) = tool.map_or((None, None), |tool| flag(tool, word));
                next = follows;
                attached
            }
        });
        before = *word;
    }
    out
}

fn tool_of(word: &[u8], before: &[u8]) -> Option<Tool> {
    let name = word.rsplit(|byte| b"/\\".contains(byte)).next()?;
    let name = name.strip_suffix(b".exe").unwrap_or(name);
    match name {
        b"curl" => Some(Tool::Curl),
        b"redis-cli" => Some(Tool::Redis),
        b"sshpass" => Some(Tool::Login),
        b"login" if [&b"docker"[..], b"podman", b"nerdctl", b"registry"].contains(&before) => Some(Tool::Login),
        _ if name.starts_with(b"mysql") || name.starts_with(b"mariadb") => Some(Tool::Mysql),
        _ if name.starts_with(b"mongo") && !name.contains(&b':') => Some(Tool::Login),
        _ => None,
    }
}

/// The secret in a flag, and what it makes of the next word.
fn flag(tool: Tool, word: &[u8]) -> (Option<Range<usize>>, Option<Next>) {
    let short = word.starts_with(b"-") && !word.starts_with(b"--");
    match tool {
        Tool::Curl if [&b"--user"[..], b"--proxy-user"].contains(&word) => (None, Some(Next::Pair)),
        Tool::Curl if word.starts_with(b"--user=") || word.starts_with(b"--proxy-user=") => (pair(word, 0), None),
        // `-sku user:password`, but not `-o output` or `-X …`.
        Tool::Curl if short && word[1..].iter().all(u8::is_ascii_alphabetic) && word.ends_with(b"u") => {
            (None, Some(Next::Pair))
        }
        Tool::Curl if word == b"-U" => (None, Some(Next::Pair)),
        Tool::Curl if word.starts_with(b"-u") || word.starts_with(b"-U") => (pair(word, 2), None),
        Tool::Redis if word == b"-a" => (None, Some(Next::Whole)),
        Tool::Redis if word.eq_ignore_ascii_case(b"auth") => (None, Some(Next::Auth(1))),
        Tool::Mysql if word.starts_with(b"-p") => (secret(word, 2), None),
        Tool::Login if word == b"-p" => (None, Some(Next::Whole)),
        _ => (None, None),
    }
}

/// The password of `user:password` behind `from`.
fn pair(word: &[u8], from: usize) -> Option<Range<usize>> {
    let colon = memchr::memchr(b':', word.get(from..)?)?;
    secret(word, from + colon + 1)
}

/// The word from there on, unless it is a variable or a placeholder.
fn secret(word: &[u8], from: usize) -> Option<Range<usize>> {
    let value = word.get(from..)?;
    (!value.is_empty() && !value.starts_with(b"$") && !value.starts_with(b"<")).then_some(from..word.len())
}

/// The words of a command line, of a list in brackets, of a list in quotes.
fn split(text: &[u8]) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < text.len() {
        at += text[at..].iter().take_while(|byte| b" \t\r[](){},\\".contains(byte)).count();
        let Some(first) = text.get(at).copied() else { break };
        if b"\"'`".contains(&first) {
            let start = at + 1;
            let end = memchr::memchr(first, &text[start..]).map_or(text.len(), |long| start + long);
            let word = trimmed(text, start, end, b"\\");
            // What stands in quotes may be a command line of its own; with a mask in it, it was one.
            let quoted = &text[word.clone()];
            if quoted.contains(&b' ') && (TOOL.is_match(quoted) || has_atom(quoted)) {
                let shifted = |inner: Range<usize>| word.start + inner.start..word.start + inner.end;
                words.extend(split(quoted).into_iter().map(shifted));
            } else {
                words.push(word);
            }
            at = end + 1;
        } else {
            let end = at + text[at..].iter().take_while(|byte| !b" \t\r\"'`".contains(byte)).count();
            words.push(trimmed(text, at, end, b"]),}\\"));
            at = end;
        }
    }
    words
}

fn trimmed(text: &[u8], start: usize, end: usize, marks: &[u8]) -> Range<usize> {
    let long = text[start..end].iter().rev().take_while(|byte| marks.contains(byte)).count();
    start..end - long
}
