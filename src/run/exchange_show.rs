//! Of an HTTP answer what may be seen: learned secrets, and what its keys and its forms tell to be one, are hidden.

use super::clean::clean;
use super::exchange_answer::{Body, HttpAnswer};
use super::exchange_config::TRAILER;
use super::exchange_judge::Show;
use super::redact::{Redactor, is_secret_key};
use crate::plan::Exchange;
use serde_json::{Map, Value};

/// Headers that hold nothing but a secret.
const SECRET_HEADERS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/// Headers that are an address.
const ADDRESS_HEADERS: [&str; 3] = ["location", "content-location", "refresh"];

/// Keys of a list or an object of secrets; in a text these words name something else.
const SECRET_LISTS: [&str; 3] = ["tokens", "secrets", "credentials"];

/// Keys of which a text is a secret.
const SECRET_TEXTS: [&str; 6] = ["session", "sessionid", "pin", "otp", "codeverifier", "refresh"];

/// Parameters of an address that let somebody in.
const SECRET_PARAMETERS: [&str; 12] = [
    "code",
    "state",
    "session",
    "sessionid",
    "sid",
    "ticket",
    "nonce",
    "sig",
    "signature",
    "assertion",
    "otp",
    "refresh",
];

/// Learns what of an answer is a secret: what is captured as one, what stands behind telling keys, cookies.
pub fn learn(redactor: &Redactor, exchange: &Exchange, answer: &HttpAnswer) {
    for (name, value) in &answer.headers {
        if name == "set-cookie" {
            let value = value.split(';').next().unwrap_or_default();
            redactor.learn(value.split_once('=').map_or(value, |(_, value)| value));
        } else if ADDRESS_HEADERS.contains(&name.as_str()) {
            let found = parameters(value).into_iter().filter_map(|(_, pair)| pair);
            redactor.learn_all(found.map(|(_, secret)| (Some("token"), secret)));
        } else if SECRET_HEADERS.contains(&name.as_str()) || is_secret_key(name) {
            redactor.learn(value);
        }
    }
    let Body::Json(root) = &answer.body else { return };
    learn_json(redactor, root);
    for captured in exchange.capture.iter().filter(|captured| captured.secret) {
        for value in captured.path.values(root) {
            redactor.learn(&super::exchange_judge::content(value));
        }
    }
}

/// Learns what of a request is a secret.
pub fn learn_request(redactor: &Redactor, headers: &[(String, String)], body: Option<&str>) {
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if SECRET_HEADERS.contains(&name.as_str()) || is_secret_key(&name) {
            // `Bearer TOKEN`: the word is none.
            redactor.learn(value.split_once(' ').map_or(value, |(_, value)| value));
        }
    }
    if let Some(Ok(root)) = body.map(serde_json::from_str::<Value>) {
        learn_json(redactor, &root);
    }
}

fn learn_json(redactor: &Redactor, value: &Value) {
    let mut found = Vec::new();
    told(value, None, &mut found);
    redactor.learn_all(found.iter().map(|(key, value)| (Some(key.as_str()), *value)));
}

/// Does a key hide its value, and everything in it?
fn is_telling(key: &str, value: &Value) -> bool {
    let packed = packed(key);
    is_secret_key(key)
        || SECRET_LISTS.contains(&packed.as_str())
        || value.is_string() && SECRET_TEXTS.contains(&packed.as_str())
        || value.is_number() && ["pin", "otp"].contains(&packed.as_str())
}

/// The texts behind telling keys, each with a key that says how sure it is: below a telling key a `type` is a word.
fn told<'v>(value: &'v Value, below: Option<&str>, found: &mut Vec<(String, &'v str)>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let path = format!("token.{key}");
                told(inner, Some(path.as_str()).filter(|_| below.is_some() || is_telling(key, inner)), found);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| told(inner, below, found)),
        Value::String(text) => found.extend(below.map(|key| (key.to_owned(), text.as_str()))),
        _ => {}
    }
}

/// A value as it may be shown: the same shape, secrets hidden.
pub fn json(redactor: &Redactor, value: &Value) -> Value {
    shaped(redactor, None, value)
}

/// As [`json`], of a value that stands behind these keys, the outermost first.
pub fn json_at(redactor: &Redactor, keys: &[&str], value: &Value) -> Value {
    let last = keys.last().filter(|key| is_telling(key, value));
    let name = last.or_else(|| keys.iter().rev().find(|key| is_telling(key, &Value::Null)));
    shaped(redactor, name.copied(), value)
}

/// `below` is the telling key that a value stands behind.
fn shaped(redactor: &Redactor, below: Option<&str>, value: &Value) -> Value {
    match (value, below) {
        (Value::String(text), None) => Value::String(lines(redactor, text)),
        (Value::String(text), Some(key)) => Value::String(redactor.value(Some(key), text)),
        (Value::Number(number), Some(key)) => {
            let plain = number.to_string();
            let hidden = redactor.value(Some(key), &plain);
            // A count of tokens is none of them.
            if hidden == plain { value.clone() } else { Value::String(hidden) }
        }
        (Value::Array(list), _) => Value::Array(list.iter().map(|inner| shaped(redactor, below, inner)).collect()),
        (Value::Object(object), _) => {
            let entry = |(key, inner): (&String, &Value)| {
                let below = if is_telling(key, inner) { Some(key.as_str()) } else { below };
                (lines(redactor, key), shaped(redactor, below, inner))
            };
            Value::Object(object.iter().map(entry).collect::<Map<_, _>>())
        }
        (other, _) => other.clone(),
    }
}

impl Show for Redactor {
    fn json(&self, keys: &[&str], value: &Value) -> Value {
        json_at(self, keys, value)
    }

    fn header(&self, name: &str, value: &str) -> String {
        header(self, name, value)
    }
}

fn lines(redactor: &Redactor, text: &str) -> String {
    text.split('\n').map(|line| redactor.line(line)).collect::<Vec<_>>().join("\n")
}

/// A header's value as it may be shown.
pub fn header(redactor: &Redactor, name: &str, value: &str) -> String {
    if name == "set-cookie" {
        let (pair, rest) =
            value.split_once(';').map_or((value, String::new()), |(pair, rest)| (pair, format!(";{rest}")));
        let (cookie, secret) = pair.split_once('=').unwrap_or(("", pair));
        return format!("{cookie}={}{}", redactor.value(None, secret), redactor.line(&rest));
    }
    if SECRET_HEADERS.contains(&name) || is_secret_key(name) {
        return redactor.value(Some(name), value);
    }
    if ADDRESS_HEADERS.contains(&name) {
        let shown = parameters(value).into_iter().map(|(piece, pair)| match pair {
            Some((name, secret)) => format!("{name}={}", redactor.value(Some(name), secret)),
            None => piece.to_owned(),
        });
        return redactor.line(&shown.collect::<String>());
    }
    redactor.line(value)
}

/// An address in pieces, and what ends them; of a parameter that lets somebody in its name and value.
fn parameters(address: &str) -> Vec<(&str, Option<(&str, &str)>)> {
    let (mut parts, mut rest, mut is_query) = (Vec::new(), address, false);
    loop {
        let (piece, behind) = rest.split_at(rest.find(['?', '#', '&', ';']).unwrap_or(rest.len()));
        let pair = piece.split_once('=').filter(|(name, _)| is_query && is_secret_parameter(name));
        parts.push((piece, pair));
        let Some(end) = behind.chars().next() else { return parts };
        is_query |= end == '?' || end == '#';
        parts.push((&behind[..1], None));
        rest = &behind[1..];
    }
}

fn is_secret_parameter(name: &str) -> bool {
    is_secret_key(name) || SECRET_PARAMETERS.contains(&packed(name).as_str())
}

/// A key without what stands between its words: `sessionId`, `session_id`, `session-id` are one.
fn packed(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// The answer as `curl` printed it, secrets hidden: it reads as the same answer again.
pub fn printed(redactor: &Redactor, answer: &HttpAnswer) -> String {
    let mut out = text(redactor, answer);
    let seconds = answer.took.map(|took| took.as_secs_f64()).unwrap_or_default();
    out.push_str(&format!("\n{TRAILER}{}:{seconds:.6}\n", answer.status));
    out
}

/// The answer for people and for the diagnosis: status, headers, body.
pub fn text(redactor: &Redactor, answer: &HttpAnswer) -> String {
    let mut out = format!("HTTP/1.1 {} {}\r\n", answer.status, redactor.line(&answer.reason)).replace(" \r\n", "\r\n");
    for (name, value) in &answer.headers {
        out.push_str(&format!("{name}: {}\r\n", header(redactor, name, value)));
    }
    out.push_str("\r\n");
    match &answer.body {
        Body::Json(value) => out.push_str(&json(redactor, value).to_string()),
        Body::Text(text) => out.push_str(&lines(redactor, text)),
    }
    out
}

/// Its lines, fit for a screen.
pub fn shown(redactor: &Redactor, answer: &HttpAnswer) -> Vec<String> {
    text(redactor, answer).lines().map(|line| redactor.line(&clean(line.as_bytes()))).collect()
}
