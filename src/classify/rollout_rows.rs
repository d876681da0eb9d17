//! What one look at a rollout shows: the rows of pods and of events, object by object.

use super::table::{self, EventRow, PodRow};
use crate::model::finding::Document;
use std::collections::BTreeMap;

/// Pods that are kept of one look.
const PODS: usize = 2000;
/// Events that are kept of one look.
const EVENTS: usize = 5000;
/// Lines in front of the rows, of each text.
const HEAD: usize = 2;

/// Where a pod stands, by its STATUS column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has no node yet.
    Waits,
    /// Its volumes, its network, its images are being prepared, or its init containers run.
    Starts,
    /// The kubelet cannot make one of its containers.
    Stuck,
    /// A container has ended and is started again.
    Crashes,
    /// It runs and is not ready.
    Runs,
    /// It runs and is ready.
    Well,
    /// Its work is done.
    Done,
    /// It is about to go, or another one takes its place.
    Leaves,
}

impl Stage {
    /// Something may be wrong.
    pub(crate) fn is_trouble(self) -> bool {
        matches!(self, Self::Waits | Self::Starts | Self::Stuck | Self::Crashes)
    }
}

/// Where the pod of this row stands (`printPod` of kubernetes pkg/printers/internalversion).
pub(crate) fn stage(row: &PodRow) -> Stage {
    let init = row.status.strip_prefix("Init:");
    let status = init.unwrap_or(&row.status);
    match status {
        "Running" if row.ready >= row.total => Stage::Well,
        "Running" => Stage::Runs,
        "Completed" | "Succeeded" | "NotReady" => Stage::Done,
        "Terminating" | "Evicted" | "Preempting" | "Preempted" | "Shutdown" | "NodeShutdown" | "NodeLost"
        | "Terminated" => Stage::Leaves,
        "Pending" | "SchedulingGated" | "Unschedulable" => Stage::Waits,
        "ContainerCreating" | "PodInitializing" => Stage::Starts,
        "CrashLoopBackOff" | "Error" | "OOMKilled" | "RunContainerError" | "StartError" | "ContainerCannotRun"
        | "PostStartHookError" => Stage::Crashes,
        _ if status.starts_with("ExitCode:") || status.starts_with("Signal:") => Stage::Crashes,
        // `Init:1/2`
        _ if init.is_some() && status.contains('/') => Stage::Starts,
        _ => Stage::Stuck,
    }
}

/// A row of pods at its place.
#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) row: PodRow,
    pub(crate) stage: Stage,
    line: String,
    document: usize,
}

/// A row of events at its place.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) row: EventRow,
    /// `pod/web-1`, lower case.
    pub(crate) object: String,
    pub(crate) message: String,
    line: String,
    document: usize,
}

/// Of which object an event tells what: the same again is the same event, seen once more.
pub(crate) type Key = (String, String, String);

impl Told {
    pub(crate) fn key(&self) -> Key {
        (self.object.clone(), self.row.reason.clone(), self.message.clone())
    }
}

/// Everything that a look shows.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) pods: BTreeMap<String, Pod>,
    pub(crate) events: Vec<Told>,
    heads: Vec<Vec<String>>,
}

/// The name of an object, without its kind.
pub(crate) fn name_of(object: &str) -> &str {
    object.rsplit('/').next().unwrap_or(object)
}

impl Rows {
    /// Reads the texts of a look; of each pod the last row counts.
    pub(crate) fn read(documents: &[Document]) -> Self {
        let mut rows = Self::default();
        for (document, text) in documents.iter().enumerate() {
            let mut head = Vec::new();
            let mut has_rows = false;
            for line in String::from_utf8_lossy(&text.text).lines() {
                if let Some(row) = table::pod_row(line) {
                    has_rows = true;
                    if rows.pods.len() < PODS {
                        let stage = stage(&row);
                        let pod = Pod { stage, line: line.to_owned(), document, row };
                        rows.pods.insert(pod.row.name.clone(), pod);
                    }
                } else if let Some(row) = table::event_row(line) {
                    has_rows = true;
                    if rows.events.len() < EVENTS {
                        let object = row.object.to_ascii_lowercase();
                        let message = line.get(row.message..).unwrap_or_default().to_owned();
                        rows.events.push(Told { object, message, line: line.to_owned(), document, row });
                    }
                } else if !has_rows && head.len() < HEAD {
                    head.push(line.to_owned());
                }
            }
            rows.heads.push(head);
        }
        rows
    }

    /// The texts again, with the rows of one object alone.
    pub(crate) fn about(&self, documents: &[Document], pod: Option<&Pod>, events: &[&Told]) -> Vec<Document> {
        let mut lines: Vec<Vec<&str>> = vec![Vec::new(); documents.len()];
        let rows = pod.iter().map(|pod| (pod.document, pod.line.as_str()));
        for (document, line) in rows.chain(events.iter().map(|told| (told.document, told.line.as_str()))) {
            if let Some(lines) = lines.get_mut(document) {
                lines.push(line);
            }
        }
        let filled = documents.iter().zip(&self.heads).zip(lines).filter(|(_, lines)| !lines.is_empty());
        filled
            .map(|((document, head), lines)| {
                let text =
                    head.iter().map(String::as_str).chain(lines).flat_map(|line| [line, "\n"]).collect::<String>();
                Document { text: text.into_bytes(), ..document.clone() }
            })
            .collect()
    }
}

/// How far a pod is when this is told of it, and whether it is told of a failure.
fn step_of(told: &Told) -> Option<(u8, bool)> {
    Some(match told.row.reason.as_str() {
        "FailedScheduling" => (1, true),
        "Scheduled" => (1, false),
        "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" | "FailedCreatePodSandBox" | "NetworkNotReady" => {
            (2, true)
        }
        "Pulling" => (2, false),
        "ErrImageNeverPull" | "InspectFailed" => (3, true),
        "Pulled" => (3, false),
        "SuccessfulCreate" => (0, false),
        "FailedCreate" => (0, true),
        "Started" => (4, false),
        _ => return None,
    })
}

/// Is this failure behind its object: has a later step been told of since?
pub(crate) fn is_passed(told: &Told, all: &[&Told]) -> bool {
    let Some((step, true)) = step_of(told) else { return false };
    let Some(age) = told.row.age else { return false };
    all.iter().any(|other| {
        let is_later = step_of(other).is_some_and(|(later, failed)| !failed && later >= step);
        is_later && other.object == told.object && other.row.age.is_some_and(|other| other < age)
    })
}
