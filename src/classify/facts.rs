//! What the texts say of the present: which pods are well, what has passed, what came later.

use super::signs;
use super::table::{self, PodRow};
use super::text::Text;
use std::collections::BTreeMap;
use std::ops::Range;

/// A restart longer ago than this says nothing about now.
const LONG_AGO: u64 = 3600;
/// A pod younger than this may still be starting.
const YOUNG: u64 = 60;

/// How a pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    /// Ready and not restarted lately, or done.
    Good,
    /// Starting, stopping, or restarted a moment ago.
    Unsure,
    /// Anything else.
    Bad,
}

/// What is known of a pod.
#[derive(Debug, Clone)]
struct Pod {
    /// Where it runs, where that is told.
    namespace: String,
    health: Health,
    /// In seconds.
    age: Option<u64>,
    /// It will never run again: evicted, rejected by the kubelet, lost with its node.
    is_dead: bool,
}

/// What is known of the pods.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pods: BTreeMap<String, Pod>,
    /// The pods of each workload.
    workloads: BTreeMap<String, Vec<String>>,
    /// Some text says that something is well: a ready pod, a deployed release.
    pub(crate) has_good: bool,
}

impl Facts {
    /// Gathers what tables and describes say; the last word counts.
    pub(crate) fn new(texts: &[Text]) -> Self {
        let mut facts = Self::default();
        for text in texts {
            for described in &text.described {
                if described.ready + described.unready == 0 {
                    continue;
                }
                let health = match (described.unready, described.restarted) {
                    (0, false) => Health::Good,
                    // A table tells when the restart was; a describe does not.
                    (0, true) if facts.pods.contains_key(&described.name) => continue,
                    (0, true) => Health::Unsure,
                    _ => Health::Bad,
                };
                let known = facts.pods.remove(&described.name);
                let known = known.unwrap_or(Pod { namespace: String::new(), health, age: None, is_dead: false });
                facts.pods.insert(described.name.clone(), Pod { health, ..known });
            }
            let asked = namespace(&text.head.argv);
            for (name, pod) in &text.pods {
                let row = &pod.row;
                let is_dead = DEAD.contains(&row.status.as_str()) || is_left_over(row);
                let namespace = if row.namespace.is_empty() { asked.to_owned() } else { row.namespace.clone() };
                facts.pods.insert(name.clone(), Pod { namespace, health: of_row(row), age: row.age, is_dead });
            }
        }
        facts.has_good = facts.pods.values().any(|pod| pod.health == Health::Good);
        for name in facts.pods.keys() {
            facts.workloads.entry(table::workload(name).to_owned()).or_default().push(name.clone());
        }
        facts
    }

    /// How a pod is, when some text says so.
    pub(crate) fn pod(&self, name: &str) -> Option<Health> {
        Some(self.pods.get(bare(name))?.health)
    }

    /// How the pods of a deployment are: as its worst pod that is not replaced.
    pub(crate) fn workload(&self, name: &str) -> Option<Health> {
        let pods = self.workloads.get(table::workload(name))?;
        let now = pods.iter().filter(|pod| !self.is_replaced(pod));
        now.filter_map(|pod| self.pod(pod)).max()
    }

    /// Do the tables list pods, but not this one? Then it is gone.
    pub(crate) fn is_gone(&self, pod: &str) -> bool {
        !self.pods.is_empty() && self.pod(pod).is_none()
    }

    /// Does another pod of its workload run in the place of this one: of a dead pod any that is well, of
    /// a failing one those of a younger ReplicaSet, when all of them are well?
    pub(crate) fn is_replaced(&self, pod: &str) -> bool {
        let name = bare(pod);
        let Some(here) = self.pods.get(name).filter(|pod| pod.health != Health::Good) else { return false };
        let Some(others) = self.workloads.get(table::workload(name)) else { return false };
        let others = || {
            let sisters = others.iter().filter(|other| *other != name);
            let sisters = sisters.filter_map(|other| Some((other, self.pods.get(other)?)));
            // A namesake in another namespace is a stranger.
            sisters.filter(|(_, pod)| pod.namespace == here.namespace)
        };
        if here.is_dead {
            return others().any(|(_, pod)| pod.health == Health::Good);
        }
        let (Some(set), Some(age)) = (table::replica_set(name), here.age) else { return false };
        let mut younger = others().filter(|(other, pod)| {
            table::replica_set(other).is_some_and(|other| other != set) && pod.age.is_some_and(|other| other < age)
        });
        let first = younger.next();
        first.is_some_and(|(_, pod)| pod.health == Health::Good) && younger.all(|(_, pod)| pod.health == Health::Good)
    }
}

/// Did it fail long ago and was never started again? Its node went down, or it was a job's.
fn is_left_over(row: &PodRow) -> bool {
    const LONG: u64 = 600;
    matches!(row.status.as_str(), "Error" | "Failed" | "Unknown")
        && row.restarts == 0
        && row.age.is_some_and(|age| age > LONG)
}

/// The namespace that a call names.
fn namespace(argv: &[String]) -> &str {
    let mut words = argv.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-n" | "--namespace" => return words.next().unwrap_or_default(),
            _ => {
                if let Some(name) = word.strip_prefix("--namespace=").or(word.strip_prefix("-n=")) {
                    return name;
                }
            }
        }
    }
    ""
}

/// States that a pod never leaves: the kubelet has rejected it, or its node is lost.
const DEAD: [&str; 14] = [
    "Evicted",
    "OutOfcpu",
    "OutOfmemory",
    "OutOfpods",
    "OutOfephemeral-storage",
    "NodeAffinity",
    "NodeLost",
    "NodeShutdown",
    "Shutdown",
    "Terminated",
    "Preempting",
    "Preempted",
    "UnexpectedAdmissionError",
    "ContainerStatusUnknown",
];

/// The name without `pod/` or a namespace in front.
fn bare(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// How the pod of this row is.
pub(crate) fn of_row(row: &PodRow) -> Health {
    let starting = row.status.starts_with("Init:") && !row.status.ends_with(|c: char| c.is_ascii_lowercase())
        || matches!(row.status.as_str(), "Pending" | "ContainerCreating" | "PodInitializing" | "Running");
    match row.status.as_str() {
        "Completed" | "Succeeded" => Health::Good,
        "Running" if row.ready == row.total && row.total > 0 => {
            let lately = row.restarts > 0 && row.restarted.is_some_and(|ago| ago < LONG_AGO);
            if lately { Health::Unsure } else { Health::Good }
        }
        // A table without READY tells no more.
        "Running" if row.total == 0 => Health::Unsure,
        "Terminating" => Health::Unsure,
        _ if starting && row.age.is_some_and(|age| age < YOUNG) => Health::Unsure,
        _ => Health::Bad,
    }
}

/// Does one of these signs stand after this place: later in the same text or, when both are calls of
/// one run, in a later one? Files of a folder have no order.
pub(crate) fn later(texts: &[Text], document: usize, line: usize, signs: &Range<usize>) -> bool {
    after(texts, document, |text, behind| text.has_sign(signs, behind), line)
}

/// Is there a row of pods after this place? Then the cluster answered.
pub(crate) fn answers_later(texts: &[Text], document: usize, line: usize) -> bool {
    let has = |text: &Text, behind: Option<usize>| {
        text.last_pod.is_some_and(|last| behind.is_none_or(|behind| last > behind))
    };
    after(texts, document, has, line)
}

/// Was this deployment seen rolled out after this place?
pub(crate) fn rolled_out_later(texts: &[Text], document: usize, line: usize, workload: &str) -> bool {
    let has = |text: &Text, behind: Option<usize>| {
        text.rolled_out.get(workload).is_some_and(|last| behind.is_none_or(|behind| *last > behind))
    };
    after(texts, document, has, line)
}

/// Was the image of this build built after this place? What another call builds is another image, unless both
/// name the same one, or one of them names none.
pub(crate) fn built_later(texts: &[Text], document: usize, line: usize) -> bool {
    let Some(here) = texts.get(document) else { return false };
    let tags = tags(&here.head.argv);
    let is_it = |text: &Text| {
        let others = self::tags(&text.head.argv);
        tags.is_empty() || others.is_empty() || others.iter().any(|tag| tags.contains(tag))
    };
    let has = |text: &Text, behind: Option<usize>| text.has_sign(&signs::BUILT, behind) && is_it(text);
    after(texts, document, has, line)
}

/// What a `docker build` calls its image: `-t NAME`, `--tag NAME`, `--tag=NAME`.
fn tags(argv: &[String]) -> Vec<&str> {
    let is_flag = |argument: &String| argument == "-t" || argument == "--tag";
    let behind = argv.iter().zip(argv.iter().skip(1)).filter(|(flag, _)| is_flag(flag)).map(|(_, name)| name.as_str());
    behind.chain(argv.iter().filter_map(|argument| argument.strip_prefix("--tag="))).collect()
}

fn after(texts: &[Text], document: usize, has: impl Fn(&Text, Option<usize>) -> bool, line: usize) -> bool {
    let Some(here) = texts.get(document) else { return false };
    has(here, Some(line))
        || (here.is_call() && texts.iter().skip(document + 1).any(|text| text.is_call() && has(text, None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(row: &str) -> Health {
        of_row(&table::pod_row(row).unwrap())
    }

    #[test]
    fn pods_that_are_well_and_pods_that_are_not() {
        assert_eq!(health("a 1/1 Running 0 5s"), Health::Good);
        assert_eq!(health("a 1/1 Running 5 (4h3m ago) 55d"), Health::Good);
        assert_eq!(health("a 1/1 Running 2 (17s ago) 22s"), Health::Unsure);
        assert_eq!(health("a 0/1 Completed 0 55d"), Health::Good);
        assert_eq!(health("a 0/1 Pending 0 1s"), Health::Unsure);
        assert_eq!(health("a 0/1 Init:0/1 0 1s"), Health::Unsure);
        assert_eq!(health("a 0/1 Init:Error 0 1s"), Health::Bad);
        assert_eq!(health("a 0/1 Running 0 5m"), Health::Bad);
    }

    fn facts(rows: &[&str]) -> Facts {
        let mut text = Text::default();
        for (line, row) in rows.iter().enumerate() {
            let row = table::pod_row(row).unwrap();
            let shown = super::super::text::Line::default();
            text.pods.insert(row.name.clone(), super::super::text::Pod { line, row, shown });
        }
        Facts::new(&[text])
    }

    #[test]
    fn a_dead_pod_is_replaced_by_any_that_is_well() {
        let dead = "web-6d5b8c7f9d-2xk7p 0/1 Evicted 0 3d";
        let well = "web-6d5b8c7f9d-9zv4q 1/1 Running 0 2d";
        assert!(facts(&[dead, well]).is_replaced("pod/web-6d5b8c7f9d-2xk7p"));
        assert_eq!(facts(&[dead, well]).workload("web"), Some(Health::Good));
        assert!(!facts(&[dead, "api-6d5b8c7f9d-9zv4q 1/1 Running 0 2d"]).is_replaced("web-6d5b8c7f9d-2xk7p"));
        assert!(!facts(&[dead]).is_replaced("web-6d5b8c7f9d-2xk7p"));
        // A namesake in another namespace is a stranger.
        let (dead, well) = (format!("staging {dead}"), format!("prod {well}"));
        assert!(!facts(&[&dead, &well]).is_replaced("web-6d5b8c7f9d-2xk7p"));
    }

    #[test]
    fn a_failing_pod_is_replaced_by_a_younger_replica_set_that_is_well() {
        let old = "web-6d5b8c7f9d-2xk7p 0/1 CrashLoopBackOff 9 (1m ago) 3d";
        let new = "web-7c9d4b5f8d-9zv4q 1/1 Running 0 5m";
        assert!(facts(&[old, new]).is_replaced("web-6d5b8c7f9d-2xk7p"));
        let failing = "web-7c9d4b5f8d-8hj2k 0/1 Error 2 (3s ago) 5m";
        assert!(!facts(&[old, new, failing]).is_replaced("web-6d5b8c7f9d-2xk7p"));
        // The other way round the rollout is what fails.
        let well_before = "web-6d5b8c7f9d-2xk7p 1/1 Running 0 3d";
        assert!(!facts(&[well_before, failing]).is_replaced("web-7c9d4b5f8d-8hj2k"));
        // A sister of the same ReplicaSet proves nothing.
        assert!(!facts(&["web-7c9d4b5f8d-9zv4q 1/1 Running 0 1m", failing]).is_replaced("web-7c9d4b5f8d-8hj2k"));
    }
}
