//! Rows of `kubectl`'s tables, one line at a time: pods and events.
//!
//! Rows are read by their cells where these prove themselves: pasted tables are often shifted, and a
//! cell such as `5 (17s ago)` holds blanks. Where they do not, a known [`header`](super::header) helps.

use super::{eventrow, podrow};

/// A row of `kubectl get pods`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodRow {
    /// Its namespace, where the table has that column; else empty.
    pub(crate) namespace: String,
    /// The pod's name, without `pod/`.
    pub(crate) name: String,
    /// Containers ready.
    pub(crate) ready: u32,
    /// Containers in all.
    pub(crate) total: u32,
    /// The STATUS column.
    pub(crate) status: String,
    /// The RESTARTS column.
    pub(crate) restarts: u32,
    /// How long ago the last restart was, in seconds.
    pub(crate) restarted: Option<u64>,
    /// The AGE column, in seconds.
    pub(crate) age: Option<u64>,
}

/// A row of events: `kubectl get events`, or the tail of a describe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct EventRow {
    /// `Warning`? Otherwise `Normal`.
    pub(crate) warning: bool,
    /// The REASON column.
    pub(crate) reason: String,
    /// `pod/NAME` of the OBJECT column; empty in a describe.
    pub(crate) object: String,
    /// `x12` of `3s (x12 over 4m)`; 1 when not told.
    pub(crate) count: u64,
    /// How long ago it was last seen, in seconds.
    pub(crate) age: Option<u64>,
    /// The container, where the row names one.
    pub(crate) container: String,
    /// Where the message begins in the line; its length when there is none.
    pub(crate) message: usize,
}

/// `kubectl`'s short durations: `45s`, `3m46s`, `5h`, `2d4h`, `1y20d`. In seconds.
pub(crate) fn seconds(cell: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    for c in cell.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
            continue;
        }
        let size = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'y' => 31_536_000,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(size)?)?;
    }
    if number.is_none() && !cell.is_empty() { Some(total) } else { None }
}

/// A name that Kubernetes accepts: lower case letters, digits, `-` and `.`.
pub(crate) fn is_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
}

/// Reads a line as a row of pods.
pub(crate) fn pod_row(line: &str) -> Option<PodRow> {
    podrow::read(line)
}

/// Reads a line as a row of events.
pub(crate) fn event_row(line: &str) -> Option<EventRow> {
    eventrow::read(line)
}

/// The name of what owns a pod: the name without the random parts that a ReplicaSet, a StatefulSet,
/// a DaemonSet or a Job adds. `pod/`, `deployment/` … in front go away.
pub(crate) fn workload(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    let Some((rest, last)) = name.rsplit_once('-') else { return name };
    if !last.is_empty() && last.len() <= 3 && last.bytes().all(|byte| byte.is_ascii_digit()) {
        return rest;
    }
    // Kubernetes draws these suffixes from an alphabet without vowels, so words survive.
    let random = |part: &str| part.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte));
    if last.len() == 5 && random(last) {
        return match rest.rsplit_once('-') {
            Some((owner, hash)) if is_hash(hash) => owner,
            _ => rest,
        };
    }
    if is_hash(last) { rest } else { name }
}

/// The ReplicaSet of a pod: its name without the pod's own part. `None`: the name does not tell.
pub(crate) fn replica_set(name: &str) -> Option<&str> {
    let (set, _) = name.rsplit_once('-')?;
    let (owner, hash) = set.rsplit_once('-')?;
    (is_hash(hash) && workload(name) == owner).then_some(set)
}

/// A pod-template-hash: safe letters, or hexadecimal digits before Kubernetes 1.8 and in labs.
fn is_hash(part: &str) -> bool {
    (6..=10).contains(&part.len())
        && part.bytes().any(|byte| byte.is_ascii_digit())
        && part.bytes().all(|byte| byte.is_ascii_hexdigit() || b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pods_of_every_table() {
        let row = pod_row("taskflow-backend-6d4-x   0/1   CrashLoopBackOff   5 (17s ago)   4m").unwrap();
        assert_eq!(
            (row.status.as_str(), row.restarts, row.restarted, row.age),
            ("CrashLoopBackOff", 5, Some(17), Some(240))
        );
        assert_eq!(
            pod_row("kube-system  etcd-m1  1/1  Running  5 (17m ago)  100m  10.0.0.1  m1").unwrap().name,
            "etcd-m1"
        );
        assert_eq!(pod_row("pod/web-1  0/1  Init:0/2  0  3s").unwrap().status, "Init:0/2");
        for line in [
            "deployment.apps/web  1/1  1  1  5s",
            "NAME READY STATUS RESTARTS AGE",
            "web  1/1  5s",
            "GET /a/b 1/1 200 5",
            "",
        ] {
            assert_eq!(pod_row(line), None, "{line}");
        }
    }

    #[test]
    fn events_of_every_table() {
        let row = event_row("  Warning  Failed     5s (x9 over 95s)  kubelet   Error: x").unwrap();
        assert_eq!((row.warning, row.reason.as_str(), row.count, row.age), (true, "Failed", 9, Some(5)));
        let row = event_row("25s   Warning   FailedMount   pod/web-1   MountVolume.SetUp failed").unwrap();
        assert_eq!((row.object.as_str(), row.age), ("pod/web-1", Some(25)));
        let row = event_row("49s (x2 over 78s)   Warning   FailedScheduling   Pod/web   0/1 nodes").unwrap();
        assert_eq!((row.count, row.age), (2, Some(49)));
        assert!(event_row("Warning  Unhealthy  <invalid> (x2 over <invalid>)  kubelet, n2  Liveness").is_some());
        assert_eq!(event_row("Warning: config file does not have x"), None);
        assert_eq!(event_row("Normal users never see this"), None);
    }

    #[test]
    fn pods_know_their_workload() {
        for (pod, owner) in [
            ("taskflow-backend-854759d849-pfrf4", "taskflow-backend"),
            ("pod/mysql-0", "mysql"),
            ("restic-sl57t", "restic"),
            ("deployment/taskflow-backend", "taskflow-backend"),
            ("web", "web"),
            ("replicaset/web-576898f6cd", "web"),
        ] {
            assert_eq!(workload(pod), owner);
        }
    }

    #[test]
    fn ages() {
        assert_eq!(seconds("3m46s"), Some(226));
        assert_eq!(seconds("<invalid>"), None);
        assert_eq!(seconds("12"), None);
        assert_eq!(seconds("99999999999999999999y"), None);
    }

    proptest! {
        #[test]
        fn any_line_is_a_row_or_none(line in "\\PC*") {
            let _ = (pod_row(&line), event_row(&line), workload(&line), seconds(&line));
        }
    }
}
