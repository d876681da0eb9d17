//! `refloat diagnose` names the same cause from minikube's events (`-o json`) as from its text.

use super::support::Project;
use serde_json::{Value, json};
use std::fs;

/// Errors as minikube has them: their name, exit code, message and advice (pkg/minikube/reason), and the
/// symptom.
const ERRORS: [(&str, &str, &str, &str, &str); 9] = [
    (
        "GUEST_START",
        "80",
        "failed to start node: wait 6m0s for node: wait for healthy API server: apiserver healthz never reported healthy: context deadline exceeded",
        "",
        "minikube-control-plane",
    ),
    ("GUEST_START", "80", "failed to start node: something odd", "", "minikube-exit"),
    ("GUEST_PROVISION", "80", "error provisioning guest: Failed to start host", "", "minikube-exit"),
    (
        "GUEST_PROVISION_CONTAINER_EXITED",
        "80",
        "Docker container exited prematurely after it was created, consider investigating Docker's performance/health.",
        "",
        "minikube-container-exited",
    ),
    ("IF_SSH_AUTH", "40", "Failed to start host: x", "", "minikube-ssh"),
    ("MK_USAGE_NO_PROFILE", "64", "No minikube profile was found.", "", "minikube-profile-missing"),
    (
        "K8S_DOWNGRADE_UNSUPPORTED",
        "102",
        "Unable to safely downgrade existing Kubernetes v1.35.1 cluster to v1.30.0",
        "1) Recreate the cluster with Kubernetes 1.30.0, by running:\n\n  minikube delete\n  minikube start",
        "minikube-kubernetes-version",
    ),
    (
        "PROVIDER_DOCKER_NOT_RUNNING",
        "69",
        "\"docker version --format {{.Server.Os}}\" exit status 1: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "Start the Docker service",
        "docker-daemon-down",
    ),
    (
        "RSRC_INSUFFICIENT_CORES",
        "29",
        "Requested cpu count 4 is greater than the available cpus of 2",
        "",
        "minikube-cpus",
    ),
];

/// The findings in a text: their ids, causes and the lines of their evidence.
fn findings(project: &Project, text: &str) -> Vec<(Value, Value, Value)> {
    fs::write(project.path().join("start.txt"), text).unwrap();
    let answer = project.run(&["--format", "json", "diagnose", "start.txt"]).exits(3);
    let data: Value = serde_json::from_str(&answer.out).unwrap();
    let findings = data["findings"].as_array().unwrap().clone();
    findings.iter().map(|one| (one["id"].clone(), one["cause"].clone(), one["evidence"][0]["line"].clone())).collect()
}

#[test]
fn an_error_event_names_what_its_text_names() {
    let project = Project::new("version = 1\n");
    let step = r#"{"specversion":"1.0","id":"a","source":"https://minikube.sigs.k8s.io/","type":"io.k8s.sigs.minikube.step","datacontenttype":"application/json","data":{"currentstep":"0","message":"minikube v1.38.0 on Debian 12.8","name":"Initial Minikube Setup","totalsteps":"19"}}"#;
    for (name, exitcode, message, advice, symptom) in ERRORS {
        let event = json!({
            "specversion": "1.0",
            "id": "0d8f1c5e-6a5b-4c39-9b7e-000000000001",
            "source": "https://minikube.sigs.k8s.io/",
            "type": "io.k8s.sigs.minikube.error",
            "datacontenttype": "application/json",
            "data": { "advice": advice, "exitcode": exitcode, "issues": "", "message": message, "name": name, "url": "" },
        });
        let suggestion = if advice.is_empty() { String::new() } else { format!("* Suggestion: {advice}\n") };
        let text = format!("* minikube v1.38.0 on Debian 12.8\nX Exiting due to {name}: {message}\n{suggestion}");
        let told = findings(&project, &text);
        assert_eq!(told[0].0, symptom, "{name}");
        assert_eq!(findings(&project, &format!("{step}\n{event}\n")), told, "{name}");
    }
}

#[test]
fn a_quote_repeats_the_event_as_it_stands() {
    let project = Project::new("version = 1\n");
    let failed = include_str!("../progress/minikube-start-failed.jsonl");
    fs::write(project.path().join("start.jsonl.txt"), failed).unwrap();
    let answer = project.run(&["--format", "json", "diagnose", "start.jsonl.txt"]).exits(3);
    let data: Value = serde_json::from_str(&answer.out).unwrap();
    let quote = &data["findings"][0]["evidence"][0];
    let line = usize::try_from(quote["line"].as_u64().unwrap()).unwrap();
    assert_eq!(data["findings"][0]["id"], "minikube-control-plane");
    assert!(failed.lines().nth(line - 1).unwrap().starts_with(&quote["text"].as_str().unwrap()[..60]));
}
