//! Secrets that give themselves away by their shape.

use super::redact::{decode_base64, fixed};
use super::redact_mask::{Atoms, OPEN};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Longest URL that is looked at: a line of a megabyte may begin one at every byte.
const LONGEST: usize = 4096;

/// Each: what stays readable is group `keep`, what goes is group `hide`.
static SHAPES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // A key on one line, its line ends escaped or lost.
        r"(?P<keep>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<hide>[^-]*)-----END",
        r"(?P<hide>\beyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*)",
        r"(?P<keep>\bsk-)(?P<hide>(?:proj-|live_|test_)?[A-Za-z0-9_]{16,}[A-Za-z0-9_-]*)",
        r"(?P<hide>\bgh[pousr]_[A-Za-z0-9]{20,})",
        r"(?P<hide>\bgithub_pat_[A-Za-z0-9_]{20,})",
        r"(?P<hide>\bglpat-[A-Za-z0-9_-]{16,})",
        r"(?P<hide>\b(?:AKIA|ASIA)[0-9A-Z]{16}\b)",
        r"(?P<hide>\bxox[abeoprs]-[A-Za-z0-9-]{10,})",
        r"(?P<hide>\bAIza[0-9A-Za-z_-]{30,})",
        // The session that a browser sends.
        r"(?i)(?P<keep>\b(?:set-)?cookie[\x22']?\s*[:=]\s*[\x22']?[A-Za-z0-9_.-]+=)(?P<hide>[^;,\s\x22'\xf8\xf9]{16,})",
        // go-sql-driver: user:password@tcp(host:port)/db
        r"(?P<keep>\b[A-Za-z0-9_.-]+:)(?P<hide>[^\s@\xf8\xf9]+)@(?:tcp|unix)\(",
        r"(?i)(?P<keep>\bauthorization[\x22']?\s*[:=]\s*[\x22']?(?:bearer|basic|token|digest)?\s*)(?P<hide>[A-Za-z0-9._~+/=-]{8,})",
    ]
    .map(fixed)
    .into()
});

/// Which kind of key it is stays; that prefix alone is no key.
static ANTHROPIC: LazyLock<Regex> =
    LazyLock::new(|| fixed(r"(?P<keep>\bsk-ant-(?:[a-z]+[0-9]+-)?)(?P<hide>[A-Za-z0-9_-]{6,})"));
static KIND_OF_KEY: LazyLock<Regex> = LazyLock::new(|| fixed(r"^[a-z]+[0-9]+-$"));
static BEARER: LazyLock<Regex> = LazyLock::new(|| fixed(r"(?i)(?P<keep>\bbearer\s+)(?P<hide>[A-Za-z0-9._~+/-]{8,}=*)"));
static BASIC: LazyLock<Regex> = LazyLock::new(|| fixed(r"(?i)(?P<keep>\bbasic\s+)(?P<hide>[A-Za-z0-9+/]{6,}={0,2})"));
/// `-----BEGIN` in base64: certificates are public, keys are not.
static PACKED_PEM: LazyLock<Regex> = LazyLock::new(|| fixed(r"(?P<hide>\bLS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}=*)"));

/// Hides every secret that its shape gives away.
pub(super) fn hide(atoms: &mut Atoms<'_>, text: &[u8]) -> Vec<u8> {
    let mut text = userinfo(atoms, text);
    for shape in SHAPES.iter() {
        text = apply(atoms, shape, &text, |_| true);
    }
    text = apply(atoms, &ANTHROPIC, &text, |value| !KIND_OF_KEY.is_match(value));
    // "Bearer authentication" and "Basic authentication" are prose.
    text = apply(atoms, &BEARER, &text, |value| value.len() >= 20 || value.iter().any(u8::is_ascii_digit));
    text = apply(atoms, &BASIC, &text, |value| decode_base64(value).is_some_and(|plain| plain.contains(&b':')));
    apply(atoms, &PACKED_PEM, &text, |value| {
        let head = value.get(..value.len().min(80) / 4 * 4).unwrap_or_default();
        decode_base64(head).is_some_and(|plain| memchr::memmem::find(&plain, b"PRIVATE KEY").is_some())
    })
}

fn apply(atoms: &mut Atoms<'_>, shape: &Regex, text: &[u8], is_secret: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    if !shape.is_match(text) {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut last = 0;
    for found in shape.captures_iter(text) {
        let Some(secret) = found.name("hide") else { continue };
        if secret.as_bytes().trim_ascii().is_empty() || !is_secret(secret.as_bytes()) {
            continue;
        }
        out.extend_from_slice(&text[last..secret.start()]);
        out.extend(atoms.hide(None, secret.as_bytes()));
        last = secret.end();
    }
    out.extend_from_slice(&text[last..]);
    out
}

/// `//user:password@host`: only the password goes. The scheme may be missing or broken: that is
/// how connection strings end up in error messages.
fn userinfo(atoms: &mut Atoms<'_>, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut last = 0;
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&text[from..], b"//").map(|at| from + at) {
        match password_after(text, at + 2) {
            Some((start, end)) => {
                out.extend_from_slice(&text[last..start]);
                out.extend(atoms.hide(None, &text[start..end]));
                (last, from) = (end, end);
            }
            None => from = at + 2,
        }
    }
    out.extend_from_slice(&text[last..]);
    out
}

/// The passwords of a URL, as they stand and percent-decoded. `None`: not a URL with a password.
pub(super) fn passwords_in_url(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let at = memchr::memmem::find(text, b"//")?;
    let scheme = &text[..at];
    if !scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+.-:".contains(byte)) {
        return None;
    }
    let (start, end) = password_after(text, at + 2)?;
    let password = &text[start..end];
    Some(vec![password.to_vec(), percent_decoded(password)])
}

/// The password in the authority that starts at `at`.
fn password_after(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = text.get(at..)?;
    let user = rest.iter().take(256).position(|byte| b" \t\r\n/\\\"'<>@?#,;(){}[]|`:".contains(byte))?;
    if rest.get(user) == Some(&b'@') {
        // https://TOKEN@host
        return (user >= 20 && !rest[..user].contains(&OPEN)).then_some((at, at + user));
    }
    if rest.get(user) != Some(&b':') {
        return None;
    }
    let start = at + user + 1;
    if is_pattern(&text[at..]) {
        return None;
    }
    let token = &text[start..end_of_url(text, start)];
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=5).contains(&digits) && token.get(digits).is_none_or(|byte| b"/?#".contains(byte)) {
        return None; // a port
    }
    // An `@` behind the query is no border while there is one before it.
    let query = token.iter().position(|byte| *byte == b'?').unwrap_or(token.len());
    let length = memchr::memrchr(b'@', &token[..query]).or_else(|| memchr::memrchr(b'@', token))?;
    if length == 0 || token[length + 1..].starts_with(b"sha256:") {
        return None; // an image's digest
    }
    Some((start, start + length))
}

/// `postgresql://user:pass@host:port/dbname`: how an address is written, not one.
fn is_pattern(authority: &[u8]) -> bool {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        fixed(r"^(?:(?i)user(?:name)?:pass(?:word)?@(?:host(?:name)?)(?::(?:port|[0-9]+))?(?:[/?\s\x22'`)]|$))")
    });
    PATTERN.is_match(authority)
}

/// Where a URL ends in running text: white space, a quote, or the next URL of a list. A mask is
/// one piece of it.
fn end_of_url(text: &[u8], start: usize) -> usize {
    let text = &text[..text.len().min(start + LONGEST)];
    let mut at = start;
    while let Some(byte) = text.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'<' | b'>' | b'`' => return at,
            b'\\' if text.get(at + 1).is_some_and(|next| b"\"'nrt".contains(next)) => return at,
            b':' if text[at..].starts_with(b"://") => {
                let scheme = text[start..at].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                return at - scheme;
            }
            _ => at += 1,
        }
    }
    at
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let hex = (*byte == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok()))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(*byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    out
}
