//! `refloat explain` of what a tool printed: the guide's common error messages, and more.

use super::support::Project;
use serde_json::Value;

fn project() -> Project {
    Project::new("version = 1\n[app]\nname = \"app\"\n")
}

/// The ids that are told of a message, the likeliest first.
fn told(words: &[&str]) -> Vec<String> {
    let mut args = vec!["--format", "json", "explain"];
    args.extend(words);
    let document: Value = serde_json::from_str(&project().run(&args).exits(0).out).unwrap();
    if let Some(id) = document["id"].as_str() {
        return vec![id.to_owned()];
    }
    let ids = document["symptoms"].as_array().unwrap().iter();
    ids.map(|symptom| symptom["id"].as_str().unwrap().to_owned()).collect()
}

/// As `kubectl get pods` has them in its column STATUS.
#[test]
fn a_status_is_explained() {
    for (status, id) in [
        ("ImagePullBackOff", "image-backoff"),
        ("CrashLoopBackOff", "crash-loop"),
        ("Pending", "pod-pending"),
        ("ErrImageNeverPull", "image-never-pull"),
        ("InvalidImageName", "image-name-invalid"),
        ("OOMKilled", "oom-killed"),
        ("CreateContainerConfigError", "config-status"),
        ("Evicted", "evicted"),
        ("Init:CrashLoopBackOff", "crash-init"),
        ("ModuleNotFoundError:", "app-module"),
    ] {
        assert_eq!(told(&[status]), [id], "{status}");
    }
}

#[test]
fn a_message_is_explained_whether_it_is_quoted_or_not() {
    let line = "psycopg2.OperationalError: connection to server at \"10.0.0.5\", port 5432 failed: FATAL:  password authentication failed for user \"app\"";
    assert_eq!(told(&[line])[0], "database-auth");
    assert_eq!(told(&["Error:", "timed", "out", "waiting", "for", "the", "condition"]), ["helm-timeout"]);
    let page = project().run(&["explain", line]).exits(0);
    page.answers(&["database-auth", "The database refuses the login", "fix", "DATABASE_URL"]);
}

#[test]
fn a_part_of_a_message_finds_those_that_hold_it() {
    let found = told(&["insufficient"]);
    assert!(found.contains(&"insufficient-cpu".to_owned()) && found.len() > 1, "{found:?}");
    project().run(&["explain", "insufficient"]).exits(0).says(&["refloat explain ID tells one in full"]);
}

#[test]
fn a_family_is_its_symptoms() {
    let found = told(&["image-pull"]);
    assert!(found.len() > 5 && found.contains(&"image-not-loaded".to_owned()), "{found:?}");
    assert!(!found.contains(&"image-never-pull".to_owned()), "{found:?}");
}

#[test]
fn what_nothing_knows_is_said() {
    let said = project().run(&["explain", "the", "flux", "capacitor", "is", "wet"]).exits(2);
    said.says(&["no symptom is called, or says, `the flux capacitor is wet`", "refloat diagnose FILE"]);
    project().run(&["explain", "crash-lop"]).exits(2).says(&["did you mean `crash-loop`"]);
}
