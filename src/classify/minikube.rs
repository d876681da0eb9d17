//! Minikube's events (`-o json`), read as the lines that it prints without that.
//!
//! With `-o json` an error is `{"type":"io.k8s.sigs.minikube.error","data":{"name":"GUEST_START",
//! "message":"…"}}`, and the message lacks the `Exiting due to GUEST_START:` that people and symptoms know
//! (pkg/minikube/exit/exit.go, pkg/minikube/out/register/log.go).

use memchr::memmem;
use serde::Deserialize;
use std::borrow::Cow;

/// What every event's type begins with.
const TYPE: &str = "io.k8s.sigs.minikube.";
/// A line longer than this is data.
const LONGEST: usize = 64 << 10;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
}

/// The text with its events as lines for people, line by line. `None`: there is none in it.
pub(crate) fn without_events(text: &[u8]) -> Option<Vec<u8>> {
    memmem::find(text, TYPE.as_bytes())?;
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let words = line.trim_ascii_end();
        match words_of(words) {
            Some(told) => {
                out.extend_from_slice(told.as_bytes());
                out.extend_from_slice(line.get(words.len()..).unwrap_or_default());
            }
            None => out.extend_from_slice(line),
        }
    }
    Some(out)
}

/// What an event says, on one line.
fn words_of(line: &[u8]) -> Option<String> {
    if line.first() != Some(&b'{') || line.len() > LONGEST {
        return None;
    }
    let Event { kind, data } = serde_json::from_slice(line).ok()?;
    let kind = kind.strip_prefix(TYPE)?;
    let message = data.message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    match kind {
        "error" if !data.name.is_empty() => Some(format!("X Exiting due to {}: {message}", data.name)),
        _ => Some(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        String::from_utf8(without_events(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn events_read_as_the_lines_for_people() {
        let event = |kind: &str, data: &str| format!(r#"{{"type":"io.k8s.sigs.minikube.{kind}","data":{{{data}}}}}"#);
        let text = [
            event("step", r#""message":"Pulling base image ...","name":"Pulling Base Image""#),
            event("error", r#""exitcode":"80","message":"failed to start node:\n  \"x\"","name":"GUEST_START""#),
            event("error", r#""message":"wait: refused""#),
            event("download", r#""artifact":"x""#),
            "* plain\r".to_owned(),
            event("warning", r#""message":"slow""#)[..40].to_owned(),
        ];
        let download = &text[3];
        let torn = &text[5];
        assert_eq!(
            read(&text.join("\n")),
            format!(
                "Pulling base image ...\nX Exiting due to GUEST_START: failed to start node: \"x\"\nwait: refused\n{download}\n* plain\r\n{torn}"
            )
        );
        assert_eq!(without_events(b"{\"type\":\"other\"}\n"), None);
    }
}
