//! Matches that say nothing about now are let go: what has passed, what was told of somebody who is
//! well or replaced, what passes by itself. Each is remembered with the reason.

use super::facts::{self, Facts, Health};
use super::rules::Rules;
use super::scan::Hit;
use super::signs;
use super::table;
use super::text::Text;
use crate::model::finding::{Role, Source};
use std::collections::{BTreeMap, BTreeSet};

/// A transient symptom counts once it was seen this often.
const PERSISTS: u64 = 3;

/// What is left, and what was let go.
pub(crate) struct Settled {
    /// About now.
    pub(crate) kept: Vec<Hit>,
    /// Over, and why.
    pub(crate) over: Vec<(Hit, Why)>,
}

/// Why a match says nothing about now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The pod that it is about is well.
    Well,
    /// A newer pod runs in the place of that one.
    Replaced,
    /// The pod is past the stage in which it happened.
    MovedOn,
    /// No table lists the pod any more.
    Gone,
    /// What was out of reach was reached later.
    Reached,
    /// The same thing succeeded later.
    Succeeded,
    /// The cluster answered later.
    Answered,
    /// It passes by itself, and was seen too seldom.
    Passing,
}

impl Why {
    /// For people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Well => "the pod is well now",
            Self::Replaced => "a newer pod runs in its place",
            Self::MovedOn => "the pod got past it",
            Self::Gone => "that pod is gone",
            Self::Reached => "it was reached later",
            Self::Succeeded => "it succeeded later",
            Self::Answered => "the cluster answered later",
            Self::Passing => "it passes by itself, and was not seen to persist",
        }
    }
}

/// Lets go of what says nothing about now.
pub(crate) fn settle(rules: &Rules, texts: &[Text], facts: &Facts, hits: Vec<Hit>) -> Settled {
    let last = last_lines(&hits);
    let mut settled = Settled { kept: Vec::new(), over: Vec::new() };
    for hit in hits {
        match over(rules, texts, facts, &hit, &last) {
            Some(why) => settled.over.push((hit, why)),
            None => settled.kept.push(hit),
        }
    }
    without_vaguer(rules, &mut settled);
    without_gone(facts, &mut settled);
    persistent(rules, &mut settled);
    settled
}

/// What was reached after all is over in vaguer words, too: on the same line, of the same family.
fn without_vaguer(rules: &Rules, settled: &mut Settled) {
    let family = |hit: &Hit| rules.rule(hit.rule).map(|rule| rule.symptom.family.as_str());
    let place = |hit: &Hit| (hit.document, hit.line, family(hit));
    let reached: BTreeSet<_> =
        settled.over.iter().filter(|(_, why)| *why == Why::Reached).map(|(hit, _)| place(hit)).collect();
    let (vaguer, kept): (Vec<Hit>, Vec<Hit>) =
        std::mem::take(&mut settled.kept).into_iter().partition(|hit| reached.contains(&place(hit)));
    settled.kept = kept;
    settled.over.extend(vaguer.into_iter().map(|hit| (hit, Why::Reached)));
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

fn over(
    rules: &Rules,
    texts: &[Text],
    facts: &Facts,
    hit: &Hit,
    last: &BTreeMap<(usize, usize), usize>,
) -> Option<Why> {
    let family = rules.rule(hit.rule)?.symptom.family.as_str();
    let line = last.get(&(hit.rule, hit.document)).copied().unwrap_or(hit.line);
    let later = |signs| facts::later(texts, hit.document, line, signs).then_some(Why::Succeeded);
    match hit.source {
        Source::PodTable | Source::Events | Source::DescribePod => {
            if facts.pod(&hit.subject) == Some(Health::Good) {
                return Some(Why::Well);
            }
            if facts.is_replaced(&hit.subject) {
                return Some(Why::Replaced);
            }
            (hit.event.is_some() && has_moved_on(texts, family, hit)).then_some(Why::MovedOn)
        }
        // An old revision's row says what was; a later one is in service.
        Source::OtherTable if is_revision(hit) && is_followed(texts, hit) => Some(Why::Succeeded),
        Source::PodLog if family == "crash-loop" => {
            (facts.workload(&hit.subject) == Some(Health::Good)).then_some(Why::Well)
        }
        _ if family == "dns-failure" && is_answered(texts, hit) => Some(Why::Reached),
        _ if matches!(family, "database-connection" | "dns-failure") => {
            is_reconnected(texts, hit, line, facts.workload(&hit.subject) == Some(Health::Good)).then_some(Why::Reached)
        }
        _ => match family {
            "helm-timeout" if hit.source == Source::Kubectl => {
                let name = hit.groups.get("name").map_or(hit.subject.as_str(), String::as_str);
                facts::rolled_out_later(texts, hit.document, line, table::workload(name)).then_some(Why::Succeeded)
            }
            "helm-release-conflict" | "helm-not-found" | "helm-chart-error" | "helm-timeout" => {
                later(&signs::DEPLOYED_WELL)
            }
            "cluster-unreachable" => facts::answers_later(texts, hit.document, line).then_some(Why::Answered),
            "minikube-start-failed" | "minikube-profile-missing" | "docker-daemon-down" => later(&signs::CLUSTER_UP),
            "docker-build-failed" => facts::built_later(texts, hit.document, line).then_some(Why::Succeeded),
            _ => None,
        },
    }
}

/// Does the row of a deployed revision stand below that one, in the same text?
fn is_followed(texts: &[Text], hit: &Hit) -> bool {
    texts.get(hit.document).is_some_and(|text| text.has_sign(&signs::REVISION, Some(hit.line)))
}

/// A row of `helm history`: it begins with the number of its revision.
fn is_revision(hit: &Hit) -> bool {
    let text = hit.shown.text.trim_ascii_start();
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && text.get(digits).is_some_and(u8::is_ascii_whitespace)
}

/// Did the log go on well after this line?
fn is_reconnected(texts: &[Text], hit: &Hit, line: usize, pod_is_good: bool) -> bool {
    let recovery = texts.get(hit.document).and_then(|text| text.recoveries.get(&hit.stretch));
    recovery.is_some_and(|recovery| {
        let behind = |seen: Option<usize>| seen.is_some_and(|seen| seen > line);
        // "connected to db:5432" speaks of the host that the fault names.
        let is_it = |line: &[u8]| {
            let line = String::from_utf8_lossy(line).to_ascii_lowercase();
            let names = hit.groups.values().map(|name| name.to_ascii_lowercase()).filter(|name| name.len() > 2);
            names.into_iter().any(|name| line.contains(&name))
        };
        let reached = recovery.reached.iter().any(|(seen, text)| *seen > line && is_it(text));
        reached || behind(recovery.reconnected) || (pod_is_good && behind(recovery.started))
    })
}

/// Did nslookup find the name after all? It tries every search suffix and tells of each that fails.
fn is_answered(texts: &[Text], hit: &Hit) -> bool {
    const NEAR: usize = 12;
    texts.get(hit.document).is_some_and(|text| text.answers.iter().any(|line| line.abs_diff(hit.line) <= NEAR))
}

/// Has the pod passed the stage that this event tells of? `FailedScheduling` before `Scheduled`.
fn has_moved_on(texts: &[Text], family: &str, hit: &Hit) -> bool {
    let stages: &[&str] = match family {
        "insufficient-resources" | "unschedulable-other" => &["Scheduled"],
        "image-pull" | "image-never-pull" | "image-name-invalid" => &["Pulled"],
        "network-cni" | "volume-mount" | "config-error" => &["Started"],
        _ => return false,
    };
    let Some(age) = hit.event.as_ref().and_then(|event| event.age) else { return false };
    let Some(text) = texts.get(hit.document) else { return false };
    let image = hit.groups.get("image");
    text.progress.iter().any(|passed| {
        let event = &passed.event;
        let same = passed.subject == hit.subject && stages.contains(&event.reason.as_str());
        let younger = event.age.is_some_and(|other| other < age || (other == age && passed.line > hit.line));
        let about = image.is_none_or(|image| memchr::memmem::find(&passed.text, image.as_bytes()).is_some());
        same && younger && about
    })
}

/// Events of pods that no table lists any more, unless nothing else is left to go by.
fn without_gone(facts: &Facts, settled: &mut Settled) {
    let gone = |hit: &Hit| {
        let object = hit.subject.to_ascii_lowercase();
        hit.event.is_some() && object.starts_with("pod/") && facts.is_gone(&hit.subject)
    };
    let (old, now): (Vec<Hit>, Vec<Hit>) = std::mem::take(&mut settled.kept).into_iter().partition(gone);
    if now.is_empty() && !facts.has_good {
        settled.kept = old;
    } else {
        settled.kept = now;
        settled.over.extend(old.into_iter().map(|hit| (hit, Why::Gone)));
    }
}

/// Rules of probes that failed once or twice on each of several workloads, and on none more often: that
/// is how a release starts.
fn starting(hits: &[Hit]) -> BTreeSet<usize> {
    let mut by_rule: BTreeMap<usize, BTreeMap<&str, u64>> = BTreeMap::new();
    for hit in hits {
        let is_probe = hit.event.as_ref().is_some_and(|event| event.reason == "Unhealthy");
        let count = if is_probe { hit.count } else { PERSISTS };
        *by_rule.entry(hit.rule).or_default().entry(table::workload(&hit.subject)).or_default() += count;
    }
    let is_start =
        |workloads: &BTreeMap<&str, u64>| workloads.len() > 1 && workloads.values().all(|count| *count < PERSISTS);
    by_rule.into_iter().filter(|(_, workloads)| is_start(workloads)).map(|(rule, _)| rule).collect()
}

/// Transient symptoms that were seen too seldom go. What happens once to each of many pods is how
/// pods start; what happens to one of them again and again is not.
fn persistent(rules: &Rules, settled: &mut Settled) {
    type Seen = (u64, BTreeSet<Vec<u8>>);
    let mut seen: BTreeMap<(usize, String), Seen> = BTreeMap::new();
    for hit in &settled.kept {
        let (most, lines) = seen.entry((hit.rule, hit.subject.clone())).or_default();
        *most = hit.count.max(*most);
        lines.insert(hit.shown.text.clone());
    }
    let starting = starting(&settled.kept);
    let passes = |hit: &Hit| {
        if starting.contains(&hit.rule) {
            return true;
        }
        let transient = rules.rule(hit.rule).is_none_or(|rule| rule.symptom.role == Role::Transient);
        let known = seen.get(&(hit.rule, hit.subject.clone()));
        transient && known.is_none_or(|(most, lines)| *most < PERSISTS && (lines.len() as u64) < PERSISTS)
    };
    let (passing, kept): (Vec<Hit>, Vec<Hit>) = std::mem::take(&mut settled.kept).into_iter().partition(passes);
    settled.kept = kept;
    settled.over.extend(passing.into_iter().map(|hit| (hit, Why::Passing)));
}
