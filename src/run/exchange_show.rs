//! Of an HTTP answer what may be seen: learned secrets, and what its keys and its forms tell to be one, are hidden.

use super::clean::clean;
use super::exchange_answer::{Body, HttpAnswer};
use super::exchange_config::TRAILER;
use super::redact::{Redactor, is_secret_key};
use crate::plan::Exchange;
use serde_json::{Map, Value};

/// Headers that hold nothing but a secret.
const SECRET_HEADERS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];

/// Learns what of an answer is a secret: what is captured as one, what stands behind telling keys, cookies.
pub fn learn(redactor: &Redactor, exchange: &Exchange, answer: &HttpAnswer) {
    for (name, value) in &answer.headers {
        if name == "set-cookie" {
            let value = value.split(';').next().unwrap_or_default();
            redactor.learn(value.split_once('=').map_or(value, |(_, value)| value));
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
    let mut found: Vec<(&str, &str)> = Vec::new();
    told(value, &mut found);
    redactor.learn_all(found.into_iter().map(|(key, value)| (Some(key), value)));
}

/// The texts behind telling keys.
fn told<'v>(value: &'v Value, found: &mut Vec<(&'v str, &'v str)>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                match inner {
                    Value::String(text) if is_secret_key(key) => found.push((key, text)),
                    inner => told(inner, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| told(inner, found)),
        _ => {}
    }
}

/// A value as it may be shown: the same shape, secrets hidden.
pub fn json(redactor: &Redactor, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(lines(redactor, text)),
        Value::Array(list) => Value::Array(list.iter().map(|inner| json(redactor, inner)).collect()),
        Value::Object(object) => {
            let hidden = |key: &str, inner: &Value| match inner {
                Value::String(text) if is_secret_key(key) => Value::String(redactor.value(Some(key), text)),
                Value::Number(number) if is_secret_key(key) => {
                    Value::String(redactor.value(Some(key), &number.to_string()))
                }
                inner => json(redactor, inner),
            };
            let entries = object.iter().map(|(key, inner)| (lines(redactor, key), hidden(key, inner)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        other => other.clone(),
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
    redactor.line(value)
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
