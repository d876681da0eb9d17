//! Matches that say nothing about now are let go: what has passed, what was told of somebody who is
//! well, what passes by itself.

use super::facts::{self, Facts, Health, Text};
use super::rules::Rules;
use super::scan::Hit;
use super::table;
use crate::model::finding::{Role, Source};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A transient symptom counts once it was seen this often.
const PERSISTS: u64 = 3;

/// Words of a log after which an earlier failure to reach a database or a host is over.
const RECONNECTED: [&str; 14] = [
    "database ready",
    "database is ready",
    "database connected",
    "database connection established",
    "database connection successful",
    "connected to database",
    "connected to the database",
    "connected to postgres",
    "connected to mysql",
    "connected to mongo",
    "connected to redis",
    "connection established",
    "successfully connected",
    "reconnected",
];

/// Words of a log after which a start has succeeded.
const STARTED: [&str; 8] = [
    "Application startup complete",
    "Uvicorn running on",
    "Listening at",
    "listening on",
    "Server started",
    "Started Application in",
    "ready to accept connections",
    "Ready in ",
];

/// Lets go of what says nothing about now.
pub(crate) fn settle(rules: &Rules, texts: &[Text<'_>], facts: &Facts, hits: Vec<Hit>) -> Vec<Hit> {
    let last = last_lines(&hits);
    let kept: Vec<Hit> = hits.into_iter().filter(|hit| !is_over(rules, texts, facts, hit, &last)).collect();
    persistent(rules, texts, without_gone(facts, kept))
}

/// The last line of each rule in each text.
fn last_lines(hits: &[Hit]) -> BTreeMap<(usize, usize), usize> {
    let mut last = BTreeMap::new();
    for hit in hits {
        let line = last.entry((hit.rule, hit.document)).or_insert(hit.line);
        *line = hit.line.max(*line);
    }
    last
}

fn is_over(
    rules: &Rules,
    texts: &[Text<'_>],
    facts: &Facts,
    hit: &Hit,
    last: &BTreeMap<(usize, usize), usize>,
) -> bool {
    let Some(rule) = rules.rule(hit.rule) else { return true };
    let family = rule.symptom.family.as_str();
    let line = last.get(&(hit.rule, hit.document)).copied().unwrap_or(hit.line);
    match hit.source {
        Source::PodTable | Source::Events | Source::DescribePod => {
            let pod = facts.pod(&hit.subject);
            pod == Some(Health::Good) || (hit.event.is_some() && has_moved_on(texts, family, hit))
        }
        Source::PodLog if family == "crash-loop" => facts.workload(&hit.subject) == Some(Health::Good),
        _ if family == "dns-failure" && is_answered(texts, hit) => true,
        _ if matches!(family, "database-connection" | "dns-failure") => {
            is_reconnected(texts, hit.document, line, facts.workload(&hit.subject) == Some(Health::Good))
        }
        _ => match family {
            "helm-timeout" if hit.source == Source::Kubectl => has_rolled_out(texts, hit, line),
            "helm-release-conflict" | "helm-not-found" | "helm-chart-error" | "helm-timeout" => facts::later(
                texts,
                hit.document,
                line,
                &["STATUS: deployed", "Happy Helming!", "\tdeployed", " deployed "],
            ),
            "cluster-unreachable" => facts::answers_later(texts, hit.document, line),
            "minikube-start-failed" | "minikube-profile-missing" | "docker-daemon-down" => {
                facts::later(texts, hit.document, line, &["Done! kubectl is now configured"])
            }
            "docker-build-failed" => facts::later(texts, hit.document, line, &["Successfully tagged "]),
            _ => false,
        },
    }
}

/// Did the log go on well after this line?
fn is_reconnected(texts: &[Text<'_>], document: usize, line: usize, pod_is_good: bool) -> bool {
    let Some(text) = texts.get(document) else { return false };
    let end = text.layout.end_of(line, text.page.len());
    let from = text.page.start(line + 1);
    let after = text.page.buffer().get(from..text.page.start(end)).unwrap_or_default();
    signs().is_some_and(|signs| {
        signs.find_iter(after).any(|found| {
            let (at, _) = text.page.place(from + found.start());
            (pod_is_good || found.pattern().as_usize() < RECONNECTED.len()) && !is_denied(text.page.line(at))
        })
    })
}

/// Finds the words of [`RECONNECTED`] and, behind them, of [`STARTED`].
fn signs() -> Option<&'static AhoCorasick> {
    static SIGNS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasickBuilder::new().ascii_case_insensitive(true).build(RECONNECTED.iter().chain(&STARTED)).ok()
    });
    SIGNS.as_ref()
}

/// "not yet connected to database", "failed: connected to …".
fn is_denied(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    ["not ", "fail", "unable", "error"].iter().any(|no| line.contains(no))
}

/// Did a later look at the same rollout see it done?
fn has_rolled_out(texts: &[Text<'_>], hit: &Hit, line: usize) -> bool {
    let name = hit.groups.get("name").map_or(hit.subject.as_str(), String::as_str);
    let done = format!("\"{}\" successfully rolled out", table::workload(name));
    facts::later(texts, hit.document, line, &[&done])
}

/// Did nslookup find the name after all? It tries every search suffix and tells of each that fails.
fn is_answered(texts: &[Text<'_>], hit: &Hit) -> bool {
    const NEAR: usize = 12;
    let Some(text) = texts.get(hit.document) else { return false };
    (hit.line.saturating_sub(NEAR)..(hit.line + NEAR).min(text.page.len()))
        .any(|line| text.page.line(line).starts_with(b"Name:") && text.page.line(line + 1).starts_with(b"Address"))
}

/// Has the pod passed the stage that this event tells of? `FailedScheduling` before `Scheduled`.
fn has_moved_on(texts: &[Text<'_>], family: &str, hit: &Hit) -> bool {
    let stages: &[&str] = match family {
        "insufficient-resources" | "unschedulable-other" => &["Scheduled"],
        "image-pull" | "image-never-pull" | "image-name-invalid" => &["Pulled"],
        "network-cni" | "volume-mount" | "config-error" => &["Started"],
        _ => return false,
    };
    let Some(age) = hit.event.as_ref().and_then(|event| event.age) else { return false };
    let Some(text) = texts.get(hit.document) else { return false };
    let image = hit.groups.get("image");
    text.layout.progress.iter().any(|(line, event, subject)| {
        let same = *subject == hit.subject && stages.contains(&event.reason.as_str());
        let younger = event.age.is_some_and(|other| other < age || (other == age && *line > hit.line));
        let about = image.is_none_or(|image| {
            let line = text.page.line(*line);
            line.windows(image.len()).any(|window| window == image.as_bytes())
        });
        same && younger && about
    })
}

/// Events of pods that no table lists any more, unless nothing else is left to go by.
fn without_gone(facts: &Facts, hits: Vec<Hit>) -> Vec<Hit> {
    let gone = |hit: &Hit| {
        let object = hit.subject.to_ascii_lowercase();
        hit.event.is_some() && object.starts_with("pod/") && facts.is_gone(&hit.subject)
    };
    let (old, now): (Vec<Hit>, Vec<Hit>) = hits.into_iter().partition(gone);
    if now.is_empty() && !facts.has_good { old } else { now }
}

/// Transient symptoms that were seen too seldom go.
fn persistent(rules: &Rules, texts: &[Text<'_>], hits: Vec<Hit>) -> Vec<Hit> {
    let mut seen: BTreeMap<usize, (u64, BTreeSet<Vec<u8>>)> = BTreeMap::new();
    for hit in &hits {
        let (most, lines) = seen.entry(hit.rule).or_default();
        *most = hit.count.max(*most);
        if let Some(text) = texts.get(hit.document) {
            lines.insert(text.page.line(hit.line).to_vec());
        }
    }
    hits.into_iter()
        .filter(|hit| {
            let transient = rules.rule(hit.rule).is_none_or(|rule| rule.symptom.role == Role::Transient);
            !transient
                || seen.get(&hit.rule).is_some_and(|(most, lines)| *most >= PERSISTS || lines.len() as u64 >= PERSISTS)
        })
        .collect()
}
