//! `refloat test DIR`: labelled samples, diagnosed and held against what is expected of them.

use super::support::{Project, root};
use serde_json::Value;

const TASKS: &str = r#"
version = 1
[symptoms.queue-full]
family   = "crash-loop"
role     = "root"
any      = ['ERROR queue (?P<queue>\S+) is full']
cause    = "The queue {queue} is full"
examples = ['ERROR queue mail is full']
"#;

fn project(labels: &str) -> Project {
    Project::new(TASKS)
        .file("samples/queue.log", "INFO start\nERROR queue mail is full\n")
        .file("samples/db/backend.log", "FATAL:  password authentication failed for user \"app\" hunter22\n")
        .file("samples/well.txt", "INFO all is well\n")
        .file("samples/samples.toml", labels)
}

#[test]
fn samples_that_are_named_as_expected() {
    let labels = r#"
[samples."queue.log"]
id  = "queue-full"
not = ["database-*", "image-pull"]
[samples."db"]
family = "database-connection"
[samples."well.txt"]
healthy = true
"#;
    let answer = project(labels).run(&["test", "samples"]).exits(0);
    assert_eq!(answer.err, "");
    assert_eq!(
        answer.out,
        "ok db  database-connection\n\
         ok queue.log  queue-full, no database-*, no image-pull\n\
         ok well.txt  healthy\n\n\
         3 samples: all as expected; named first in 2 of 2; 0 false alarms in 1 healthy sample\n"
    );
}

#[test]
fn samples_that_are_not_are_told_with_the_line_that_led_astray() {
    let labels = r#"
[samples."queue.log"]
healthy = true
[samples."db"]
family = "cors"
[samples."well.txt"]
unclassified = true
"#;
    let project = project(labels);
    let answer = project.run(&["test", "samples"]).exits(3);
    assert_eq!(
        answer.out,
        "x db  expected cors; named database-connection (database-auth)\n    \
           backend.log:1  FATAL:  password authentication failed for user \"app\" hunter22\n\
         x queue.log  expected healthy; named crash-loop (queue-full)\n    \
           samples/queue.log:2  ERROR queue mail is full\n\
         x well.txt  expected unclassified; found healthy\n\n\
         3 samples: 3 not as expected; named first in 0 of 1; 1 false alarm in 1 healthy sample\n"
            .replace("samples/queue", &format!("samples{}queue", std::path::MAIN_SEPARATOR))
    );
    let answer = project.run(&["test", "samples", "--format", "json"]).exits(3);
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["summary"]["ok"], 0);
    assert_eq!(report["summary"]["false_alarms"], 1);
    assert_eq!(report["samples"][0]["named"]["id"], "database-auth");
    assert_eq!(report["samples"][0]["named"]["evidence"]["line"], 1);
}

#[test]
fn what_must_not_be_named_is_told_though_the_first_is_right() {
    let labels = "[samples.\"queue.log\"]\nfamily = \"crash-loop\"\nnot = [\"queue-*\"]\n";
    project(labels).run(&["test", "samples"]).exits(3).answers(&["expected crash-loop, no queue-*; named crash-loop"]);
}

#[test]
fn labels_that_say_nothing_are_usage_errors() {
    for (labels, says) in [
        ("", "labels no sample"),
        ("[samples.\"queue.log\"]\nfamly = \"cors\"\n", "unknown field `famly`"),
        ("[samples.\"queue.log\"]\nfamily = \"databse-connection\"\n", "did you mean `database-connection`?"),
        ("[samples.\"queue.log\"]\nid = \"queue-ful\"\n", "did you mean `queue-full`?"),
        ("[samples.\"queue.log\"]\nid = \"queue-*\"\n", "there is no symptom `queue-*`"),
        ("[samples.\"queue.log\"]\nhealthy = true\nnot = [\"kueue\"]\n", "there is no symptom or family `kueue`"),
        ("[samples.\"queue.log\"]\nhealthy = true\nfamily = \"cors\"\n", "expect one of"),
        ("[samples.\"gone.log\"]\nhealthy = true\n", "gone.log` does not exist"),
    ] {
        let answer = project(labels).run(&["test", "samples"]).exits(2).says(&[says]);
        assert_eq!(answer.out, "", "{labels}");
    }
    let bare = Project::new(TASKS).file("samples/queue.log", "x");
    bare.run(&["test", "samples"]).exits(2).says(&["has no samples.toml"]);
    bare.run(&["test", "none"]).exits(2).says(&["is no folder of samples"]);
}

/// The samples that CI runs are all those that have a label.
#[test]
fn our_own_samples_are_the_labelled_recordings() {
    let labels = std::fs::read_to_string(root().join("tests/recordings/labels.json")).unwrap();
    let labels: serde_json::Map<String, Value> = serde_json::from_str(&labels).unwrap();
    let samples = std::fs::read_to_string(root().join("tests/samples/samples.toml")).unwrap();
    let samples: toml::Table = toml::from_str(&samples).unwrap();
    let samples = samples["samples"].as_table().unwrap();
    assert_eq!(samples.len(), labels.len());
    for (name, label) in labels {
        let sample = &samples[&format!("../recordings/{name}.jsonl")];
        let label = label.as_str().unwrap();
        if label == "healthy" {
            assert_eq!(sample["healthy"].as_bool(), Some(true), "{name}");
        } else {
            assert_eq!(sample["family"].as_str(), Some(label), "{name}");
        }
    }
}
