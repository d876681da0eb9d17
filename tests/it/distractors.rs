//! What else goes on in a cluster must not change a verdict.
//!
//! Every recorded incident and every drill is read again with things added that are true and beside
//! the point: as further calls before, amid and after its own, and inside the answers that it holds.

use super::noise::{KINDS, Kind, Place, added, woven};
use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::recording;
use refloat::classify::rules::Rules;
use refloat::model::finding::{Diagnosis, Document, Os, Verdict};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(catalog::symptoms()).unwrap());

const PLACES: [Place; 3] = [Place::Before, Place::Amid, Place::After];

static INCIDENTS: LazyLock<Vec<(String, Vec<Document>, String)>> = LazyLock::new(incidents);

/// The recordings with a label, and the drills: name, documents, the family that comes first.
fn incidents() -> Vec<(String, Vec<Document>, String)> {
    let folder = super::support::root().join("tests").join("recordings");
    let labels = std::fs::read_to_string(folder.join("labels.json")).unwrap();
    let mut labels: BTreeMap<String, String> = serde_json::from_str(&labels).unwrap();
    for drill in ["drill-install", "drill-rollback", "drill-upgrade"] {
        labels.insert(drill.to_owned(), String::new());
    }
    assert!(labels.len() >= 25);
    let read = |(name, label): (String, String)| {
        let bytes = std::fs::read(folder.join(format!("{name}.jsonl"))).unwrap();
        let documents = recording::documents(&format!("{name}.jsonl"), &bytes).unwrap();
        let label = match label.as_str() {
            "healthy" => String::new(),
            // A drill has no label of its own: it has to stay what it is.
            "" => verdict(&read_all(&documents)),
            _ => label,
        };
        (name, documents, label)
    };
    labels.into_iter().map(read).collect()
}

fn read_all(documents: &[Document]) -> Diagnosis {
    diagnose(&RULES, documents, Os::Unix)
}

/// The family named first; empty for healthy.
fn verdict(found: &Diagnosis) -> String {
    match (found.findings.first(), found.verdict) {
        (Some(first), _) => first.family.clone(),
        (None, Verdict::Healthy) => String::new(),
        (None, verdict) => format!("{verdict:?}"),
    }
}

/// Reads every incident with these kinds added; tells what became another verdict.
fn misses(kinds: &[&Kind]) -> (usize, Vec<String>) {
    let (mut all, mut misses) = (0, Vec::new());
    let number = KINDS.iter().position(|kind| kind.name == kinds[0].name).unwrap();
    for (index, (name, documents, label)) in INCIDENTS.iter().enumerate() {
        // Where nothing fails, a pod that does would be the truth.
        let fits = |kind: &Kind| match label.as_str() {
            "" => !kind.fails,
            // A cluster that answers is not unreachable: only what is no answer of it can be added.
            "cluster-unreachable" => !kind.is_of_cluster(),
            _ => true,
        };
        let fitting: Vec<&Kind> = kinds.iter().copied().filter(|kind| fits(kind)).collect();
        // One kind alone stands at another place in each incident, all together at each place in each.
        let places = match kinds {
            [_] => vec![PLACES[(index + number) % PLACES.len()]],
            _ => PLACES.to_vec(),
        };
        for place in places.into_iter().filter(|_| !fitting.is_empty()) {
            let calls = added(documents, &fitting, place);
            let rows = woven(documents, &fitting, place);
            assert_ne!(&calls, documents, "{name}: no call is added");
            for (way, changed) in [("as calls", calls), ("inside", rows)] {
                all += 1;
                let found = read_all(&changed);
                if verdict(&found) != *label {
                    let why = match found.findings.first() {
                        Some(first) => format!("{} of {:?}", first.id, first.subject),
                        None => format!("{:?}", found.verdict),
                    };
                    misses.push(format!("{name} {way}, {place:?}: {label:?} → {why}"));
                }
            }
        }
    }
    (all, misses)
}

#[track_caller]
fn assert_unmoved(kinds: &[&Kind]) {
    let (all, misses) = misses(kinds);
    assert!(all >= 40, "only {all} were read");
    assert!(misses.is_empty(), "{} of {all} verdicts changed:\n{}", misses.len(), misses.join("\n"));
}

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).unwrap()
}

#[test]
fn a_pod_of_somebody_else_that_cannot_be_pulled() {
    assert_unmoved(&[kind("unpullable pod")]);
}

#[test]
fn a_pod_of_somebody_else_that_crashes() {
    assert_unmoved(&[kind("crashing pod")]);
}

#[test]
fn a_pod_that_was_scheduled_after_all() {
    assert_unmoved(&[kind("scheduled at last")]);
}

#[test]
fn a_mount_that_failed_long_ago() {
    assert_unmoved(&[kind("mounted at last")]);
}

#[test]
fn a_probe_that_failed_once() {
    assert_unmoved(&[kind("unhealthy once")]);
}

#[test]
fn lines_that_count_no_errors() {
    assert_unmoved(&[kind("no errors")]);
}

#[test]
fn a_connection_that_came_at_the_second_try() {
    assert_unmoved(&[kind("connected at last")]);
}

#[test]
fn a_job_that_is_done() {
    assert_unmoved(&[kind("done")]);
}

#[test]
fn a_restart_a_month_ago() {
    assert_unmoved(&[kind("restarted once")]);
}

#[test]
fn an_evicted_pod_with_a_successor() {
    assert_unmoved(&[kind("evicted once")]);
}

#[test]
fn a_pod_of_an_old_replica_set() {
    assert_unmoved(&[kind("replaced")]);
}

#[test]
fn everything_that_has_passed_at_once() {
    assert_unmoved(&KINDS.iter().filter(|kind| !kind.fails).collect::<Vec<_>>());
}

#[test]
fn everything_at_once() {
    assert_unmoved(&KINDS.iter().collect::<Vec<_>>());
}
