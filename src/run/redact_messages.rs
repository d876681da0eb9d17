//! Secrets that only the words of a message give away.
//!
//! An `@` or a `/` that is not percent-encoded moves the rest of a password into the host, the
//! port or the database, and the client quotes it there. Nothing in `x@y` tells it from an e-mail
//! address or a git remote: each shape is tied to what its message says around the quote.

use super::redact::{decode_base64, fixed};
use super::redact_keys::is_readable;
use super::redact_mask::{Atoms, has_atom};
use aho_corasick::AhoCorasick;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

/// A message: what it quotes is group `value`; what of that is secret, the function tells.
struct Message {
    source: String,
    /// Compiled with the first text that may hold it.
    form: OnceLock<Regex>,
    /// The quotation mark without which a text is none.
    mark: Option<u8>,
    secret: fn(&[u8]) -> Option<Range<usize>>,
}

impl Message {
    fn new(source: String, mark: Option<u8>, secret: Part) -> Self {
        Self { source, form: OnceLock::new(), mark, secret }
    }

    fn form(&self) -> &Regex {
        self.form.get_or_init(|| fixed(&self.source))
    }
}

/// `Q` stands for a quotation mark of any kind, and for the text up to it: `[^Q]`.
const QUOTED: [(&str, Part); 9] = [
    // libpq, psycopg, MySQL: the host that was looked up; node: the host in the error's fields.
    (
        r"(?i)(?:\bhost ?name|\bresolve host|\bserver (?:host|at|on)|\bdatabase)\\*[\x22']?\s*[:=]?\s*\\*Q(?P<value>[^Q\s]+)Q",
        before_at,
    ),
    // "(tried password 'x')": any program that quotes what it was given.
    (r"(?i)\b(?:password|passphrase|passwd)(?: is| was| used)?:?\s+\\*Q(?P<value>[^Q\s]+)Q", whole),
    // `key="…"`, `salt: '…'`: such a key stands before names, too.
    (r"(?i)\b(?:key|salt|pepper|auth)\\*[\x22']?\s*[:=]\s*\\*Q(?P<value>[^Q\s]+)Q", dense),
    (
        r"(?i)\b(?:secret|token|key|credentials?)(?: (?:is|was|used|tried|given|provided|received|sent|wrong))*:?\s+\\*Q(?P<value>[^Q\s]+)Q",
        dense,
    ),
    // libpq, Go, Python.
    (r"(?i)\binvalid port(?: number)?:?\s+\\*Q:?(?P<value>[^Q\s]+)Q", port),
    (r"(?i)\binteger value as\s+\\*Q(?P<value>[^Q\s]+)Q", port),
    (r"(?i)\binteger value\s+\\*Q(?P<value>[^Q\s]+)Q for connection option \\*Qport\b", port),
    // SQLAlchemy, Go, node.
    (r"(?i)(?:\bURL from (?:given )?(?:URL )?string|\bparse|\binput:)\s+\\*Q(?P<value>[^Q\s]+)Q", userinfo),
    // httpx, requests, Go: the line end that a key was pasted with stays, it is the fault.
    (
        r"(?i)\bheader (?:field )?value:? b?\\*Q(?:\\+[nrt]|\s)*(?:(?:bearer|basic|token) +)?(?:sk-(?:ant-(?:[a-z]+[0-9]+-)?)?)?(?P<value>[^Q]+?)(?:\\+[nrt]|\s)*\\*Q",
        whole,
    ),
];
const BARE: [(&str, Part); 8] = [
    (r"\blookup (?P<value>\S+@[^\s@]+?)(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout|dial )", before_at),
    (r"\bgetaddrinfo [A-Z_]+ (?P<value>[^\s\x22'`]+)", before_at),
    (r"\bUnknownHostException: (?P<value>[^\s\x22'`]+)", before_at),
    // A provider prints a part of the key that it was given.
    (r"(?i)\bAPI key provided: (?:sk-)?(?P<value>[^\s\x22'`,;}\\]*[^\s\x22'`,;}\\.])", whole),
    (r"(?i)\bInvalid API key: (?:sk-)?(?P<value>[^\s\x22'`,;}\\]*[^\s\x22'`,;}\\.])", key),
    // "secret used: …", "the token is …", "falsches Passwort: …".
    (
        r"(?i)\b(?:secret|token|key|credentials?|password|passwort)(?: (?:is|was|used|tried|given|provided|received|sent|wrong|falsch|key|value))*:? +(?P<value>[^\s\x22'`,;(){}\[\]]*[^\s\x22'`,;(){}\[\].:!?])",
        dense,
    ),
    (
        r"(?i)\b(?:secret|token|key|credentials?|password|passwort) (?:used|tried|given|provided|received|sent)(?: was| is)?: *(?P<value>[^\s\x22'`,;(){}\[\]]*[^\s\x22'`,;(){}\[\].:!?])",
        mixed,
    ),
    // The logins in docker's config.json.
    (r"\x22auth\\*\x22\s*:\s*\\*\x22(?P<value>[A-Za-z0-9+/]{4,}={0,2})", login),
];

/// A text without any of these is no such message.
pub(super) const CUES: [&str; 14] = [
    "@",
    "invalid port",
    "integer value",
    "header",
    "key",
    "auth",
    "passw",
    "passphrase",
    "secret",
    "token",
    "credential",
    "salt",
    "pepper",
    "cookie",
];
static CUE: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(CUES).ok());

type Part = fn(&[u8]) -> Option<Range<usize>>;

static MESSAGES: LazyLock<Vec<Message>> = LazyLock::new(|| {
    let marks = [(r"\x22", b'"'), ("'", b'\''), ("`", b'`')];
    let quoted = QUOTED.iter().flat_map(|(form, secret)| {
        marks.map(|(mark, byte)| Message::new(form.replace('Q', mark), Some(byte), *secret))
    });
    quoted.chain(BARE.iter().map(|(form, secret)| Message::new((*form).to_owned(), None, *secret))).collect()
});

/// Hides what messages quote of secrets.
pub(super) fn hide(atoms: &mut Atoms<'_>, text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    if CUE.as_ref().is_some_and(|cue| !cue.is_match(&text)) {
        return text;
    }
    for message in MESSAGES.iter() {
        if message.mark.is_some_and(|mark| memchr::memchr(mark, &text).is_none()) {
            continue;
        }
        text = apply(atoms, message, text);
    }
    text
}

fn apply(atoms: &mut Atoms<'_>, message: &Message, text: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut last = 0;
    for found in message.form().captures_iter(&text) {
        let Some(value) = found.name("value") else { continue };
        let Some(part) = (message.secret)(value.as_bytes()).filter(|part| !part.is_empty()) else { continue };
        let (start, end) = (value.start() + part.start, value.start() + part.end);
        out.extend_from_slice(&text[last..start]);
        out.extend(atoms.hide(None, &text[start..end]));
        last = end;
    }
    if last == 0 {
        return text;
    }
    out.extend_from_slice(&text[last..]);
    out
}

/// A whole URL is no piece of one; it loses its password as any URL does.
fn is_url(value: &[u8]) -> bool {
    memchr::memmem::find(value, b"://").is_some()
}

/// Where a host begins behind an `@`; an image's digest is none.
fn last_at(value: &[u8]) -> Option<usize> {
    memchr::memrchr(b'@', value).filter(|at| !value[at + 1..].starts_with(b"sha256:"))
}

/// `rest-of-a-password@host`.
fn before_at(value: &[u8]) -> Option<Range<usize>> {
    if is_url(value) { None } else { last_at(value).map(|at| 0..at) }
}

/// Where a port should stand: a number with something behind it is a slip; other text is the
/// beginning or the rest of a password.
fn port(value: &[u8]) -> Option<Range<usize>> {
    static SLIP: LazyLock<Regex> = LazyLock::new(|| {
        fixed(
            r"(?i)^(?:[+-]?[0-9]+(?:[^0-9A-Za-z].*)?|undefined|nan|port|https?|tcp|postgres(?:ql)?|mysql|redis|%[A-Z_]+%|\$[A-Z_]+)$",
        )
    });
    let value = value.strip_suffix(b"\\").unwrap_or(value);
    if is_url(value) {
        return None;
    }
    match last_at(value) {
        Some(at) => Some(0..at),
        None => (!SLIP.is_match(value) && !is_readable("", value)).then_some(0..value.len()),
    }
}

/// `user:password@host` without a scheme, or with half of one.
fn userinfo(value: &[u8]) -> Option<Range<usize>> {
    static SCHEME: LazyLock<Regex> = LazyLock::new(|| fixed(r"^(?i)[a-z][a-z0-9+.]*:/+"));
    if is_url(value) {
        return None;
    }
    let at = last_at(value)?;
    let from = SCHEME.find(value).map_or(0, |scheme| scheme.end());
    let colon = memchr::memchr(b':', value.get(from..at)?)?;
    Some(from + colon + 1..at)
}

fn whole(value: &[u8]) -> Option<Range<usize>> {
    (!is_readable("", value) && !value.eq_ignore_ascii_case(b"undefined")).then_some(0..value.len())
}

/// In a sentence, a word is a word.
fn key(value: &[u8]) -> Option<Range<usize>> {
    let is_key = has_atom(value) || value.len() >= 8 && value.iter().any(|byte| byte.is_ascii_digit() || *byte == b'*');
    if is_key { whole(value) } else { None }
}

/// Letters of both cases and digits, close together: no name in a cluster has them, no word of a
/// language.
fn dense(value: &[u8]) -> Option<Range<usize>> {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    // What is left around a mask is what was to be read.
    let is_one = !has_atom(value)
        && value.len() >= 10
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && !value.contains(&b'/');
    if is_one { whole(value) } else { None }
}

/// Letters and digits, where the words before leave no doubt.
fn mixed(value: &[u8]) -> Option<Range<usize>> {
    let is_one = !has_atom(value)
        && value.len() >= 8
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic);
    if is_one { whole(value) } else { None }
}

/// `user:password` in base64.
fn login(value: &[u8]) -> Option<Range<usize>> {
    decode_base64(value).is_some_and(|plain| plain.contains(&b':')).then_some(0..value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles_and_has_its_value() {
        for message in MESSAGES.iter() {
            assert!(message.form().capture_names().flatten().any(|name| name == "value"), "{}", message.source);
        }
    }
}
