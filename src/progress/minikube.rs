//! `minikube start|stop|delete|pause|unpause`, with `-o json`: one CloudEvent a line on standard output.
//!
//! From pkg/minikube/out/register (register.go, log.go, json.go) of minikube 1.37: all values of `data` are
//! strings. A command has a list of steps and `totalsteps` is the number of the last one, from 0; some exclude
//! each other (`Creating Container`, `Creating VM`), so the numbers jump. A start that deletes the old cluster
//! first leaves its list: `currentstep` is then `""`, or `"unknown"`. Only the name `Done` says that the end
//! is reached, and even that one stands in front of errors; so the exit code has to agree.

use super::count::{Count, number, words as short};
use super::meter::{Reading, failed};
use serde::Deserialize;
use std::borrow::Cow;

/// What every event's type begins with.
const TYPE: &str = "io.k8s.sigs.minikube.";

/// One call.
#[derive(Debug)]
pub(super) struct Minikube {
    /// Events were asked for: other lines say nothing.
    json: bool,
    count: Count,
    /// The step `Done` was seen.
    done: bool,
    failed: bool,
    stage: Option<String>,
}

/// An event, as far as it is read.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Data<'a>,
}

#[derive(Deserialize, Default)]
struct Data<'a> {
    #[serde(borrow, default)]
    currentstep: Cow<'a, str>,
    #[serde(borrow, default)]
    totalsteps: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(borrow, default)]
    artifact: Cow<'a, str>,
    #[serde(borrow, default)]
    progress: Cow<'a, str>,
    #[serde(borrow, default)]
    exitcode: Cow<'a, str>,
    #[serde(borrow, default)]
    advice: Cow<'a, str>,
}

impl<'a> Event<'a> {
    /// A line that is an event of minikube's, whole and well-formed.
    fn read(line: &'a [u8]) -> Option<Self> {
        let line = line.trim_ascii();
        if line.first() != Some(&b'{') || line.last() != Some(&b'}') {
            return None;
        }
        let event: Self = serde_json::from_slice(line).ok()?;
        event.kind.starts_with(TYPE).then_some(event)
    }

    fn kind(&self) -> &str {
        self.kind.strip_prefix(TYPE).unwrap_or_default()
    }
}

impl Data<'_> {
    /// `Downloading kubelet: 42%`. The artifact is an image or an address with a checksum behind it.
    fn download(&self) -> String {
        let name = self.artifact.split(['?', '@']).next().unwrap_or_default();
        let name = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let ratio = self.progress.parse::<f64>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        let percent = ratio.map(|ratio| format!(": {:.0}%", (ratio * 100.0).floor())).unwrap_or_default();
        one_line(&format!("Downloading {name}{percent}"))
    }
}

impl Minikube {
    /// Nothing seen yet. `json`: events were asked for.
    pub(super) fn new(json: bool) -> Self {
        Self { json, count: Count::default(), done: false, failed: false, stage: None }
    }

    /// Takes a line. Does it change something?
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        let Some(event) = Event::read(line) else {
            return !self.json && self.plain(line);
        };
        let data = &event.data;
        let told = match event.kind() {
            "step" => {
                self.step(data);
                if data.name.is_empty() { one_line(&data.message) } else { one_line(&data.name) }
            }
            "download" | "download.progress" => data.download(),
            // One without a name or an exit code is but a line that would stand on standard error.
            "error" if !data.name.is_empty() && !data.exitcode.is_empty() => {
                self.stage = Some(failed(&data.name));
                self.failed = true;
                return true;
            }
            _ => return false,
        };
        if !self.failed {
            self.stage = Some(short(told.as_bytes()));
        }
        true
    }

    fn step(&mut self, data: &Data<'_>) {
        self.done |= data.name == "Done";
        let (Some(current), Some(total)) = (number(data.currentstep.as_bytes()), number(data.totalsteps.as_bytes()))
        else {
            return;
        };
        if self.count.known().is_none_or(|(_, known)| known == total) {
            // The last one is done when minikube has ended.
            self.count.see(current.min(total.saturating_sub(1)), total, None);
        }
    }

    /// A line for people: `* Pulling base image v0.0.48 ...`, `  - Booting up control plane ...`; at a
    /// terminal with an emoji instead of the star (pkg/minikube/style/style.go).
    fn plain(&mut self, line: &[u8]) -> bool {
        let text = String::from_utf8_lossy(line.get(..1000).unwrap_or(line));
        let text = text.trim();
        let Some(mark) = text.chars().next().filter(|mark| matches!(mark, '*' | '-') || !mark.is_ascii()) else {
            return false;
        };
        let rest = text.trim_start_matches(|c: char| c == mark || !c.is_ascii());
        let told = rest.trim().trim_end_matches('.').trim_end();
        if !rest.starts_with(' ') || !told.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return false;
        }
        self.stage = Some(short(told.as_bytes()));
        true
    }

    /// The call succeeded.
    pub(super) fn complete(&mut self) {
        if self.done {
            self.count.complete();
        }
    }

    pub(super) fn reading(&self) -> Reading {
        self.count.reading(self.stage.as_ref())
    }
}

/// What a person reads instead of an event. An error reads as it does without `-o json`
/// (pkg/minikube/exit/exit.go).
pub(super) fn words(line: &[u8]) -> Option<String> {
    let event = Event::read(line)?;
    let data = &event.data;
    let told = match event.kind() {
        "download" | "download.progress" => data.download(),
        "error" => {
            let reason = if data.name.is_empty() { String::new() } else { format!("Exiting due to {}: ", data.name) };
            let advice = if data.advice.is_empty() { String::new() } else { format!(" (Suggestion: {})", data.advice) };
            format!("{reason}{}{advice}", data.message)
        }
        _ if data.message.is_empty() => data.name.to_string(),
        _ => data.message.to_string(),
    };
    Some(one_line(&told)).filter(|told| !told.is_empty())
}

/// Some messages have several lines.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Told = (String, Option<u64>, Option<u64>);

    fn told(minikube: &mut Minikube, text: &str) -> Vec<Told> {
        let mut told = Vec::new();
        for line in text.lines() {
            if minikube.line(line.as_bytes()) {
                let reading = minikube.reading();
                let next = (reading.stage.unwrap_or_default(), reading.current, reading.total);
                if told.last() != Some(&next) {
                    told.push(next);
                }
            }
        }
        told
    }

    fn one(stage: &str, current: u64, total: u64) -> Told {
        (stage.to_owned(), Some(current), Some(total))
    }

    fn step(current: &str, total: &str, name: &str) -> String {
        format!(
            r#"{{"specversion":"1.0","id":"x","source":"https://minikube.sigs.k8s.io/","type":"io.k8s.sigs.minikube.step","datacontenttype":"application/json","data":{{"currentstep":"{current}","message":"m","name":"{name}","totalsteps":"{total}"}}}}"#
        )
    }

    #[test]
    fn a_start_jumps_and_ends_when_it_is_done_and_well() {
        let mut minikube = Minikube::new(true);
        assert_eq!(
            told(&mut minikube, include_str!("../../tests/progress/minikube-start.jsonl")),
            [
                one("Initial Minikube Setup", 0, 19),
                one("Selecting Driver", 1, 19),
                one("Downloading Artifacts", 2, 19),
                one("Downloading preloaded-images-k8s-v18-v1.35.1-docker-overlay2-amd64.tar.lz4", 2, 19),
                one("Downloading preloaded-images-k8s-v18-v1.35.1-docker-overlay2-amd64.tar.lz4: 42%", 2, 19),
                one("Downloading preloaded-images-k8s-v18-v1.35.1-docker-overlay2-amd64.tar.lz4: 100%", 2, 19),
                one("Pulling Base Image", 5, 19),
                one("Downloading kicbase:v0.0.48: 0%", 5, 19),
                // A detour: the old cluster is deleted first.
                one("Deleting", 5, 19),
                one("Creating Container", 8, 19),
                one("Preparing Kubernetes", 11, 19),
                one("Verifying Kubernetes", 17, 19),
                one("Enabling Addons", 18, 19),
                one("Done", 18, 19),
            ]
        );
        minikube.complete();
        assert_eq!(minikube.reading().current, Some(19));
    }

    #[test]
    fn without_done_nothing_is_complete() {
        let mut minikube = Minikube::new(true);
        let text = include_str!("../../tests/progress/minikube-start-failed.jsonl");
        assert_eq!(told(&mut minikube, text).last(), Some(&one("failed: GUEST_START", 13, 19)));
        minikube.complete();
        assert_eq!(minikube.reading().current, Some(13));
        // `--purge` goes on behind it.
        let mut minikube = Minikube::new(true);
        let text = [step("0", "3", "Deleting"), step("2", "3", "Done"), step("3", "3", "Puring home dir")].join("\n");
        told(&mut minikube, &text);
        assert_eq!(minikube.reading().current, Some(2));
        minikube.complete();
        assert_eq!(minikube.reading().current, Some(3));
    }

    #[test]
    fn what_makes_no_sense_is_harmless() {
        for (current, total) in
            [("", "19"), ("unknown", "19"), ("3", "-1"), ("99999999999999999999", "19"), ("20", "0"), ("1e3", "19")]
        {
            let mut minikube = Minikube::new(true);
            assert!(minikube.line(step(current, total, "Deleting").as_bytes()));
            assert_eq!(minikube.reading().current, None, "{current}/{total}");
        }
        let whole = step("3", "19", "Starting Node");
        let nested =
            format!(r#"{{"type":"io.k8s.sigs.minikube.step","data":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
        let twice = whole.replace(r#""message":"m""#, r#""name":"x""#);
        let number = whole.replace(r#""currentstep":"3""#, r#""currentstep":3"#);
        for line in [&whole[..100], &whole[20..], &nested, &twice, &number, "* Starting", "", "{}", "[]", "null"] {
            assert!(!Minikube::new(true).line(line.as_bytes()), "{line}");
            assert_eq!(words(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn people_read_the_messages() {
        let event = |kind: &str, data: &str| format!(r#"{{"type":"io.k8s.sigs.minikube.{kind}","data":{{{data}}}}}"#);
        for (kind, data, expected) in [
            (
                "step",
                r#""message":"Pulling base image ...","name":"Pulling Base Image""#,
                Some("Pulling base image ..."),
            ),
            ("info", r#""message":"a\nb""#, Some("a b")),
            ("warning", r#""message":"This VM is having trouble""#, Some("This VM is having trouble")),
            (
                "error",
                r#""message":"failed to start node","name":"GUEST_START","advice":"run logs","exitcode":"80""#,
                Some("Exiting due to GUEST_START: failed to start node (Suggestion: run logs)"),
            ),
            (
                "download",
                r#""artifact":"https://dl.k8s.io/v1/kubelet?checksum=file:https://x/y""#,
                Some("Downloading kubelet"),
            ),
            ("download.progress", r#""artifact":"a/b:1@sha256:0","progress":"0.4299""#, Some("Downloading b:1: 42%")),
            ("download.progress", r#""artifact":"b","progress":"NaN""#, Some("Downloading b")),
            ("download.progress", r#""artifact":"b","progress":"1e300""#, Some("Downloading b")),
            ("download.progress", r#""artifact":"b","progress":"-0.5""#, Some("Downloading b")),
            ("step", r#""message":"""#, None),
        ] {
            assert_eq!(words(event(kind, data).as_bytes()).as_deref(), expected, "{kind} {data}");
        }
    }

    #[test]
    fn plain_lines_are_words_and_no_count() {
        let text = "* minikube v1.37.0 on Debian 12.8\n\u{1f69c}  Pulling base image v0.0.48 ...\n  - Booting up control plane ...\n\
                    I1123 01:24:15.158838 29886 x.go:1] y\nX Exiting due to GUEST_START: x\n*\n";
        let stages: Vec<String> = told(&mut Minikube::new(false), text).into_iter().map(|told| told.0).collect();
        assert_eq!(
            stages,
            ["minikube v1.37.0 on Debian 12.8", "Pulling base image v0.0.48", "Booting up control plane"]
        );
        assert_eq!(told(&mut Minikube::new(true), text), []);
    }

    proptest! {
        #[test]
        fn nothing_goes_back_and_nothing_is_done_before_the_end(
            steps in proptest::collection::vec(
                ("([0-9]{1,2}|unknown|-1|)", "(19|3|-1)", "(Done|Deleting|Starting Node)"), 0..30,
            ),
            ok: bool,
        ) {
            let mut minikube = Minikube::new(true);
            let mut last = 0;
            for (current, total, name) in &steps {
                minikube.line(step(current, total, name).as_bytes());
                let reading = minikube.reading();
                if let (Some(current), Some(total)) = (reading.current, reading.total) {
                    prop_assert!(last <= current && current < total);
                    last = current;
                }
            }
            if ok {
                minikube.complete();
            }
            let reading = minikube.reading();
            let is_done = steps.iter().any(|(_, _, name)| name == "Done");
            prop_assert_eq!(reading.total.is_some() && reading.current == reading.total, ok && is_done && reading.total.is_some());
        }
    }
}
