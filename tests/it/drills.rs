//! The guide's procedures, run from recordings.

use super::support::{Project, recording, root};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// The files that the guide saves after a failure.
const GUIDE_FILES: [&str; 7] = [
    "failure-pods.txt",
    "failure-events.txt",
    "failure-backend-logs.txt",
    "failure-frontend-logs.txt",
    "failure-backend-service.txt",
    "failure-frontend-service.txt",
    "failure-helm-values.yaml",
];

#[test]
fn evidence_saves_every_file_of_the_guide_and_no_secret() {
    let project = Project::taskflow();
    project.run(&["--replay", &recording("db-auth-failed"), "evidence"]).exits(0);
    let files = project.evidence();
    for name in GUIDE_FILES {
        assert!(files.contains_key(name), "{name} is missing: {:?}", files.keys());
    }
    assert!(files["failure-pods.txt"].contains("taskflow-backend-854759d849-pfrf4    0/1     CrashLoopBackOff"));
    assert!(files["failure-taskflow-backend-854759d849-pfrf4.txt"].contains("Exit Code:    3"));
    assert!(files["failure-backend-logs.txt"].contains("password authentication failed for user \"taskflow\""));
    let values = &files["failure-helm-values.yaml"];
    assert!(values.contains("postgresql://taskflow:") && values.contains("@192.168.49.2:5432/taskflow"), "{values}");
    for (name, text) in &files {
        for secret in ["wrongpw", "0123456789abcdef0123456789abcdef0123", "labkeylabkey"] {
            assert!(!text.contains(secret), "{name} holds {secret}");
        }
    }
}

#[test]
fn every_recorded_incident_yields_its_evidence() {
    for name in ["image-never-pull", "pending-cpu", "oom-killed", "healthy", "pod-security"] {
        let project = Project::taskflow();
        project.run(&["--replay", &recording(name), "evidence"]).exits(0);
        let files = project.evidence();
        for file in GUIDE_FILES {
            assert!(files.contains_key(file), "{name}: {file} is missing: {:?}", files.keys());
        }
    }
}

#[test]
fn a_live_diagnosis_names_the_cause_and_exits_with_3() {
    let project = Project::taskflow();
    project.run(&["--replay", &recording("db-auth-failed"), "diagnose"]).exits(3).answers(&[
        "database-connection",
        "password authentication failed for user \"taskflow\"",
        "refloat redeploy",
    ]);
    project.run(&["--replay", &recording("healthy"), "diagnose"]).exits(0);
}

#[test]
fn rollback_asks_saves_rolls_back_and_proves_it() {
    let project = Project::taskflow();
    let answer = project.run(&["--replay", &recording("drill-rollback"), "rollback"]).exits(0);
    assert!(answer.err.contains("Roll back"), "{}", answer.err);
    assert!(project.evidence().contains_key("failure-pods.txt"));
    Project::taskflow().run(&["--replay", &recording("drill-rollback"), "rollback", "1"]).exits(0);
}

#[test]
fn rollback_with_one_revision_is_refused_before_anything_is_done() {
    let project = Project::taskflow();
    project
        .run(&["--replay", &recording("db-auth-failed"), "rollback"])
        .exits(4)
        .says(&["There is a revision to go back to", "refloat diagnose"]);
    assert!(project.evidence().is_empty(), "no step ran");
}

#[test]
fn redeploy_installs_where_there_is_no_release() {
    Project::taskflow().run(&["--replay", &recording("drill-install"), "redeploy"]).exits(0).says(&[
        "Upgrade",
        "Install",
        "The frontend reaches the backend",
    ]);
}

#[test]
fn redeploy_upgrades_where_there_is_one() {
    let answer = Project::taskflow().run(&["--replay", &recording("drill-upgrade"), "-v", "redeploy"]).exits(0);
    assert!(answer.err.contains("has been upgraded. Happy Helming!"), "{}", answer.err);
}

#[test]
fn validation_tells_every_check_that_fails() {
    let project = Project::taskflow();
    project.run(&["--replay", &recording("healthy"), "validate-infrastructure"]).exits(0);
    project.run(&["--replay", &recording("db-auth-failed"), "validate-infrastructure"]).exits(1).says(&[
        "Every pod is Running and ready",
        "The backend says that it is healthy",
        "The frontend reaches the backend",
    ]);
}

#[test]
fn the_investigations_tell_facts_and_no_secret() {
    let project = Project::taskflow();
    let ask = |incident: &str, task: &str| project.run(&["--replay", &recording(incident), task]);
    ask("jwt-mismatch", "investigate-jwt").exits(1).says(&["differ", "Set the same BETTER_AUTH_SECRET"]);
    ask("healthy", "investigate-jwt").exits(0);
    ask("cors-wrong-origin", "investigate-cors").exits(1).says(&["http://192.168.49.2:30080"]);
    ask("healthy", "investigate-cors").exits(0);
    ask("api-key-invalid", "investigate-api-key").exits(1).says(&["ANTHROPIC_API_KEY"]);
    ask("healthy", "investigate-api-key").exits(0);
    ask("db-bad-url", "investigate-database").exits(1).says(&["DATABASE_URL"]);
    ask("pending-cpu", "investigate-resources").exits(3).says(&["insufficient-resources"]);
}

/// A step without a name is told by its call, and for an item of a list with the item in it.
#[test]
fn an_unnamed_step_of_a_list_is_told_with_its_item() {
    let answer = Project::taskflow().run(&["--replay", &recording("healthy"), "describe"]).exits(0);
    assert!(answer.err.contains("kubectl describe pod taskflow-backend-854759d849-mflbk"), "{}", answer.err);
    assert!(!answer.err.contains("${pod}"), "{}", answer.err);
}

#[test]
fn a_reset_can_be_rehearsed_to_its_end() {
    let project = Project::taskflow();
    let tape = recording("drill-reset");
    let answer = project.run(&["--format", "jsonl", "--replay", &tape, "reset", "--confirm", "minikube"]).exits(0);
    // What goes is shown first, and is no part of the answer.
    let answer = answer.says(&["data-postgres-0", "ingress-nginx", "taskflow-0.1.0"]);
    let events: Vec<Value> = answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named = |name: &str| {
        let step = events.iter().find(|event| event["type"] == "step-started" && event["name"] == name).unwrap();
        step["step"].as_str().unwrap().to_owned()
    };
    let far: Vec<u64> = events
        .iter()
        .filter(|event| event["type"] == "progress" && event["step"] == named("Create the cluster"))
        .filter(|event| event["unit"].is_null())
        .filter_map(|event| event["current"].as_u64())
        .collect();
    assert!(far.len() > 5 && far.is_sorted() && far.last() == Some(&19), "{far:?}");
    let files = project.evidence();
    for name in ["failure-helm-values.yaml", "failure-helm-manifest.yaml"] {
        assert!(files.contains_key(name), "{name} is missing: {:?}", files.keys());
    }
    assert_eq!(events.last().unwrap()["counts"]["failed"], 0);
}

/// What the drill of a reset holds that nobody recorded: there was no Minikube. Its note says so.
/// And what the safety checklist asks that no recorded cluster was asked, in every drill.
const ASKED: [&str; 7] = [
    "git rev-parse ",
    "git status --porcelain ",
    "helm template ",
    "docker image inspect ",
    "docker info ",
    "kubectl config view --minify",
    "minikube image ls",
];
const WRITTEN: [&str; 8] = [
    "minikube ",
    "helm list --all-namespaces",
    "docker image inspect ",
    "docker info ",
    "kubectl config view --minify",
    "kubectl delete all ",
    "kubectl get persistentvolumeclaims ",
    "kubectl get namespaces",
];

#[test]
fn the_drills_alter_no_call() {
    let folder = root().join("tests").join("recordings");
    let calls = |path: std::path::PathBuf| -> Vec<Value> {
        fs::read_to_string(path)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|call| call.get("argv").is_some())
            .collect()
    };
    let (drills, sources): (Vec<_>, Vec<_>) = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "jsonl"))
        .partition(|path| path.file_name().unwrap().to_str().unwrap().starts_with("drill-"));
    assert!(drills.len() >= 3 && sources.len() >= 22);
    let real: BTreeSet<String> = sources.into_iter().flat_map(calls).map(|call| call.to_string()).collect();
    for drill in drills {
        for call in calls(drill.clone()) {
            let argv: Vec<&str> = call["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
            let is_written = |list: &[&str]| list.iter().any(|start| argv.join(" ").starts_with(start));
            if is_written(&ASKED) || drill.ends_with("drill-reset.jsonl") && is_written(&WRITTEN) {
                continue;
            }
            assert!(real.contains(&call.to_string()), "{}: {call}", drill.display());
        }
    }
}
