//! Values behind telling keys: `KEY: value`, `KEY=value`, `"key": "value"`, flow maps, flags.
//!
//! Names that merely point at a secret (`secretName: x`, `secret "x" not found`) and prose
//! (`Invalid token: Signature verification failed`) stay readable: a diagnosis lives on them.

use super::redact::{decode_base64, fixed};
use super::redact_mask::{Atoms, has_atom, whole_atom, without_atoms};
use super::redact_value::{Place, Value, value_at};
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Cheap candidates; [`is_secret`] decides.
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"(?i)[a-z0-9_.-]*(?:pass|pwd|_pw\b|secret|token|api[_-]?key|credential|(?:private|access|encryption|signing|signature|jwt|session|master|shared|auth)[_-]?key|dsn|rediscli_auth|database[_-]?url|db[_-]?url|conn[a-z]*[_-]?str)[a-z0-9_.-]*",
    )
});
/// `{name: DB_PASSWORD, value: x}`
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    fixed(r#"(?i)\bname\\*["']?\s*[:=]\s*\\*["']?([a-z0-9_.-]+)\\*["']?\s*,\s*\\*["']?value\\*["']?\s*[:=]\s*"#)
});
/// A Kubernetes Secret on one line, and where its values start.
static KIND_SECRET: LazyLock<Regex> = LazyLock::new(|| fixed(r#"\bkind\\*["']?\s*:\s*\\*["']?Secret\b"#));
static DATA: LazyLock<Regex> = LazyLock::new(|| fixed(r#"\b(?:data|stringData)\\*["']?\s*:\s*\{"#));

/// Ends of names that say something about a secret without holding it.
const ABOUT: [&str; 32] = [
    "name",
    "ref",
    "file",
    "path",
    "type",
    "seconds",
    "ttl",
    "namespace",
    "policy",
    "count",
    "length",
    "len",
    "expiry",
    "expires",
    "expiresin",
    "expiration",
    "enabled",
    "algorithm",
    "alg",
    "method",
    "mode",
    "version",
    "provider",
    "class",
    "hash",
    "hint",
    "rotation",
    // Classes of errors: `JsonWebTokenError: invalid signature`, `InvalidPasswordError: …`.
    "error",
    "exception",
    "warning",
    "failure",
    "fault",
];
/// Names of collections and of other things.
const NOT: [&str; 9] = [
    "secrets",
    "tokens",
    "credentials",
    "imagepullsecrets",
    "mountablesecrets",
    "tokenizer",
    "tokenize",
    "passthrough",
    "bypass",
];
const PARTS: [&str; 22] = [
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "secret",
    "token",
    "apikey",
    "credential",
    "privatekey",
    "accesskey",
    "encryptionkey",
    "signingkey",
    "signaturekey",
    "jwtkey",
    "sessionkey",
    "masterkey",
    "sharedkey",
    "authkey",
    "databaseurl",
    "dburl",
    "connectionstring",
    "rediscliauth",
];
const WORDS: [&str; 4] = ["pass", "pwd", "pw", "dsn"];

/// Does a key of this name hold a secret?
pub(super) fn is_secret(key: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower = false;
    for c in key.chars() {
        let border = !c.is_ascii_alphanumeric();
        if (border || (c.is_ascii_uppercase() && lower)) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        lower = c.is_ascii_lowercase();
        if let (false, Some(word)) = (border, words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    let packed: String = words.concat();
    // The last part of a dotted path decides: `secrets.name` is a name.
    let last = words.iter().rev().find(|word| !word.is_empty()).map_or("", String::as_str);
    if NOT.contains(&packed.as_str())
        || ABOUT.contains(&last)
        || (packed.ends_with("keyid") && packed.contains("access"))
    {
        return false;
    }
    if ["secretname", "secretref", "keyref", "passwordfile", "tokenfile"].iter().any(|end| packed.ends_with(end)) {
        return false;
    }
    PARTS.iter().any(|part| packed.contains(part))
        || words.iter().any(|word| WORDS.contains(&word.as_str()))
        || (packed.contains("conn") && last.starts_with("str"))
}

/// Is it a flag whose value is the next argument, and a secret?
pub(super) fn is_secret_flag(argument: &str) -> bool {
    argument.starts_with('-') && !argument.contains('=') && is_secret(argument)
}

/// Is it the kind of key whose value is an address with a password in it?
fn is_address_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["url", "uri", "dsn", "conn"].iter().any(|part| key.contains(part))
}

/// Hides the values behind telling keys.
pub(super) fn hide(atoms: &mut Atoms<'_>, text: &[u8]) -> Vec<u8> {
    let text = if KIND_SECRET.is_match(text) { kind_secret(atoms, text) } else { text.to_vec() };
    let text = named(atoms, &text);
    let mut out = Vec::with_capacity(text.len());
    let (mut last, mut from) = (0, 0);
    while let Some(found) = KEY.find_at(&text, from) {
        from = found.end();
        let key = String::from_utf8_lossy(found.as_bytes()).into_owned();
        if !is_secret(&key) {
            continue;
        }
        let Some(value) = value_of(&text, found.start(), found.end(), &key) else { continue };
        if let Some(hidden) = masked(atoms, Some(&key), &text[value.start..value.end]) {
            out.extend_from_slice(&text[last..value.start]);
            out.extend(hidden);
            (last, from) = (value.end, value.end);
        }
    }
    out.extend_from_slice(&text[last..]);
    out
}

/// What to print in place of a secret value; `None` when it can stay as it is.
pub(super) fn masked(atoms: &mut Atoms<'_>, name: Option<&str>, value: &[u8]) -> Option<Vec<u8>> {
    if is_readable(name.unwrap_or_default(), value) {
        return None;
    }
    let is_address = name.is_none_or(is_address_key);
    if is_address && memchr::memmem::find(value, b"//").is_some() {
        // The password is an atom by now; an `@` without one is something else.
        let safe = has_atom(value) || (!value.contains(&b'@') && memchr::memmem::find(value, b"://").is_some());
        if safe {
            return None;
        }
    }
    let pairs = is_address && value.contains(&b'=') && memchr::memmem::find(value, b"assw").is_some();
    if pairs && name.is_some() {
        return None; // `host=… password=…`: the inner key is found by itself
    }
    Some(atoms.hide(name, value))
}

/// Values that are no secrets wherever they stand: masks, switches, sizes, references.
pub(super) fn is_readable(name: &str, value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let bracketed = |open: &[u8], close: &[u8]| value.starts_with(open) && value.ends_with(close);
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    value.is_empty()
        || whole_atom(value).is_some_and(|_| name.is_empty())
        || ["true", "false", "null", "~", "nil", "none", "{}", "[]", "yes", "no", "***", "redacted", "string"]
            .contains(&text.as_str())
        || value.iter().all(|byte| *byte == b'*')
        || value.starts_with(b"<set to ")
        || bracketed(b"<", b">")
        || bracketed(b"${", b"}")
        || bracketed(b"{{", b"}}")
        || bracketed(b"$(", b")")
        || text.strip_suffix(" bytes").is_some_and(|size| size.bytes().all(|byte| byte.is_ascii_digit()))
        || (name.ends_with("tokens") && value.iter().all(u8::is_ascii_digit))
}

/// The value behind the key at `start..end`, if what stands there is a key with a value.
fn value_of(text: &[u8], start: usize, end: usize, key: &str) -> Option<Value> {
    let slashes = text[end..].iter().take_while(|byte| **byte == b'\\').count();
    let quote = text.get(end + slashes).copied().filter(|byte| b"\"'".contains(byte));
    let before = &text[..start];
    let mut at = end;
    let mut place = match quote {
        Some(quote) if before.last() == Some(&quote) => {
            at += slashes + 1;
            Place::Flow
        }
        Some(_) => return None,
        None => place_of(before),
    };
    let spaces = text[at..].iter().take_while(|byte| b" \t".contains(byte)).count();
    let rest = &text[at + spaces..];
    match rest.first()? {
        b'=' if rest.get(1) == Some(&b'=') => return None,
        b'=' => {
            at += spaces + 1;
            at += usize::from(text.get(at) == Some(&b'>'));
            place = match place {
                Place::Start if spaces == 0 => Place::Assigned,
                Place::Prose | Place::Start => Place::Assigned,
                other => other,
            };
        }
        // ["--password", "secret"]
        b',' if quote.is_some() && key.starts_with("--") => {
            let rest = rest[1..].trim_ascii_start();
            let quoted = rest.iter().find(|byte| **byte != b'\\').is_some_and(|byte| b"\"'".contains(byte));
            let value = value_at(text, text.len() - rest.len(), Place::Flow).filter(|_| quoted)?;
            return (text.get(value.start) != Some(&b'-')).then_some(value);
        }
        // Only a quoted value may follow `"key" :`; otherwise it is prose: `volume "x" : secret …`.
        b':' if spaces > 0 && quote.is_some() && !rest[1..].trim_ascii_start().starts_with(b"\"") => return None,
        b':' if spaces > 0 && place == Place::Prose => return None,
        b':' if rest.starts_with(b"://") || rest.starts_with(b"::") => return None,
        b':' => at += spaces + 1,
        // --password secret
        _ if spaces > 0 && key.starts_with("--") => {
            // A flag that follows ends it, however much of the line the value could be.
            let is_last = !rest.split(|byte| b" \t".contains(byte)).skip(1).any(|word| word.starts_with(b"--"));
            let value = value_at(text, at + spaces, if is_last { Place::Assigned } else { Place::Prose })?;
            return (text.get(value.start) != Some(&b'-')).then_some(value);
        }
        _ => return None,
    }
    at += text[at..].iter().take_while(|byte| b" \t".contains(byte)).count();
    let value = value_at(text, at, place)?;
    let bytes = &text[value.start..value.end];
    match place {
        Place::Prose if whole_atom(bytes).is_none() && !is_mixed(bytes) => None,
        _ => Some(value),
    }
}

/// Where a bare key stands: at the start of a line, inside `{…}` or `[…]`, or in a sentence.
fn place_of(before: &[u8]) -> Place {
    // A key at the start of a line has little before it.
    let trimmed = before[before.len().saturating_sub(256)..].trim_ascii_end();
    let bare: Vec<u8> = trimmed.iter().copied().filter(|byte| !b" \t-+#".contains(byte)).collect();
    if before.len() < 256 && (bare.is_empty() || bare == b"export") {
        return Place::Start;
    }
    match trimmed.last() {
        Some(b'{' | b',') => Place::Flow,
        Some(b'[') => Place::Bracket,
        _ => Place::Prose,
    }
}

/// In a sentence, a word is a word; letters and digits together are a value. Masks count for
/// nothing, or a second pass would judge otherwise than the first.
fn is_mixed(value: &[u8]) -> bool {
    let bare = without_atoms(value);
    bare.len() >= 8 && bare.iter().any(u8::is_ascii_digit) && bare.iter().any(u8::is_ascii_alphabetic)
}

fn named(atoms: &mut Atoms<'_>, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut last = 0;
    for found in NAMED.captures_iter(text) {
        let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
        let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
        if whole.start() < last || !is_secret(&name) {
            continue;
        }
        let Some(value) = value_at(text, whole.end(), Place::Flow) else { continue };
        if let Some(hidden) = masked(atoms, Some(&name), &text[value.start..value.end]) {
            out.extend_from_slice(&text[last..value.start]);
            out.extend(hidden);
            last = value.end;
        }
    }
    out.extend_from_slice(&text[last..]);
    out
}

fn kind_secret(atoms: &mut Atoms<'_>, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut last = 0;
    for found in DATA.find_iter(text) {
        if found.start() < last {
            continue;
        }
        out.extend_from_slice(&text[last..found.end()]);
        let packed = found.as_bytes().starts_with(b"data");
        let (map, end) = flow_map(atoms, text, found.end(), packed);
        out.extend(map);
        last = end;
    }
    out.extend_from_slice(&text[last..]);
    out
}

/// Hides every value of the flow map whose first key stands at `at`; returns it up to its `}`.
pub(super) fn flow_map(atoms: &mut Atoms<'_>, text: &[u8], at: usize, packed: bool) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let mut at = at;
    while at < text.len() && text[at] != b'}' {
        let start = at;
        at += text[at..].iter().take_while(|byte| b" \t,".contains(byte)).count();
        let Some(key) = value_at(text, at, Place::Key) else { return (out, start) };
        let name = String::from_utf8_lossy(&text[key.start..key.end]).into_owned();
        let Some(colon) = memchr::memchr(b':', &text[key.end..]) else { return (out, start) };
        let from = key.end + colon + 1;
        let from = from + text[from..].iter().take_while(|byte| b" \t".contains(byte)).count();
        let Some(value) = value_at(text, from, Place::Flow) else {
            out.extend_from_slice(&text[start..from]);
            at = from;
            continue;
        };
        out.extend_from_slice(&text[start..value.start]);
        out.extend(entry(atoms, &name, &text[value.start..value.end], packed));
        at = value.end;
        let tail = text[at..].iter().take_while(|byte| !b",}".contains(byte)).count();
        out.extend_from_slice(&text[at..at + tail]);
        at += tail;
        if at == start {
            break;
        }
    }
    (out, at)
}

/// A value under `data` or `stringData` of a Secret. Under `data` the mask describes what the
/// base64 holds, so that it can be recognised elsewhere.
pub(super) fn entry(atoms: &mut Atoms<'_>, name: &str, value: &[u8], packed: bool) -> Vec<u8> {
    let plain = if packed && !has_atom(value) { decode_base64(value) } else { None };
    match plain.filter(|plain| std::str::from_utf8(plain).is_ok() && !plain.is_empty()) {
        Some(plain) => atoms.hide(Some(name), plain.trim_ascii()),
        None => match masked(atoms, Some(name), value) {
            Some(hidden) => hidden,
            None => value.to_vec(),
        },
    }
}
