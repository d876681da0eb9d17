//! What the texts say of the present: which pods are well, what has passed, what came later.

use super::page::Page;
use super::sources::Layout;
use super::table::{self, PodRow};
use crate::model::finding::{Document, Source};
use memchr::memmem;
use std::collections::BTreeMap;

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

/// A document with all that was made of it.
pub(crate) struct Text<'a> {
    /// As it was given.
    pub(crate) document: &'a Document,
    /// Its lines.
    pub(crate) page: Page<'a>,
    /// Their kinds.
    pub(crate) layout: Layout,
}

/// What is known of the pods.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pods: BTreeMap<String, Health>,
    /// Some text says that something is well: a ready pod, a deployed release.
    pub(crate) has_good: bool,
}

impl Facts {
    /// Gathers what tables and describes say; the last word counts.
    pub(crate) fn new(texts: &[Text<'_>]) -> Self {
        let mut facts = Self::default();
        for text in texts {
            for described in &text.layout.described {
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
                facts.pods.insert(described.name.clone(), health);
            }
            for (_, row) in &text.layout.pods {
                facts.pods.insert(row.name.clone(), of_row(row));
            }
        }
        facts.has_good = facts.pods.values().any(|health| *health == Health::Good);
        facts
    }

    /// How a pod is, when some text says so.
    pub(crate) fn pod(&self, name: &str) -> Option<Health> {
        self.pods.get(name.rsplit('/').next().unwrap_or(name)).copied()
    }

    /// How the pods of a deployment are: as its worst pod.
    pub(crate) fn workload(&self, name: &str) -> Option<Health> {
        let owner = table::workload(name);
        self.pods.iter().filter(|(pod, _)| table::workload(pod) == owner).map(|(_, health)| *health).max()
    }

    /// Do the tables list pods, but not this one? Then it is gone.
    pub(crate) fn is_gone(&self, pod: &str) -> bool {
        !self.pods.is_empty() && self.pod(pod).is_none()
    }
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
        "Terminating" => Health::Unsure,
        _ if starting && row.age.is_some_and(|age| age < YOUNG) => Health::Unsure,
        _ => Health::Bad,
    }
}

/// Does one of `signs` stand after this place: later in the same text or, when both are calls of one
/// run, in a later one? Files of a folder have no order.
pub(crate) fn later(texts: &[Text<'_>], document: usize, line: usize, signs: &[&str]) -> bool {
    let Some(here) = texts.get(document) else { return false };
    let stands = |text: &Text<'_>, after: usize| {
        let from = text.page.start(after);
        let rest = text.page.buffer().get(from..).unwrap_or_default();
        signs.iter().any(|sign| {
            memmem::find_iter(rest, sign.as_bytes()).any(|at| {
                let (found, _) = text.page.place(from + at);
                text.layout.stretch(found).is_some_and(|stretch| stretch.source != Some(Source::Manifest))
            })
        })
    };
    stands(here, line + 1)
        || (!here.document.argv.is_empty()
            && texts.iter().skip(document + 1).any(|text| !text.document.argv.is_empty() && stands(text, 0)))
}

/// Is there a row of pods after this place? Then the cluster answered.
pub(crate) fn answers_later(texts: &[Text<'_>], document: usize, line: usize) -> bool {
    let Some(here) = texts.get(document) else { return false };
    here.layout.pods.iter().any(|(at, _)| *at > line)
        || (!here.document.argv.is_empty()
            && texts
                .iter()
                .skip(document + 1)
                .any(|text| !text.document.argv.is_empty() && !text.layout.pods.is_empty()))
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
}
