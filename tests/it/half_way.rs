//! A world that is not as it should be when a run starts, or that changes under it: a release that
//! another helm left half-way, a context that somebody switched, a cluster that goes away.

use super::resume::{KUBECONFIG, WHOLE, helm, kubectl, minikube, tools};
use super::support::Project;
use serde_json::json;

fn status_is(status: &str) -> serde_json::Value {
    helm(&["status", "taskflow"], json!({ "stdout": format!("NAME: taskflow\nSTATUS: {status}\nREVISION: 2\n") }))
}

#[test]
fn a_release_that_was_left_half_way_is_repaired_first_and_never_upgraded_blindly() {
    for (status, repair) in [
        ("pending-install", "refloat uninstall"),
        ("uninstalling", "refloat uninstall"),
        ("pending-upgrade", "refloat rollback"),
        ("pending-rollback", "refloat rollback REVISION"),
    ] {
        let tools = tools(vec![status_is(status)]);
        let answer = Project::taskflow().with_tools(&tools).run(&["redeploy"]).exits(4);
        let answer = answer.says(&["was broken off", repair, "Is another helm still at work on it?"]);
        assert_eq!(
            answer.err.contains("refloat uninstall"),
            repair == "refloat uninstall",
            "{status}:\n{}",
            answer.err
        );
        let made = tools.calls();
        assert!(!made.iter().any(|call| call.iter().any(|word| word == "upgrade" || word == "install")), "{status}");
    }
    for status in ["deployed", "failed", "superseded"] {
        let tools = tools(vec![status_is(status)]);
        Project::taskflow().with_tools(&tools).run(&["redeploy"]).exits(0);
    }
}

#[test]
fn after_a_broken_rollback_the_revision_must_be_named() {
    let history = "REVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\tDESCRIPTION\n\
                   1\tx\tsuperseded\tt-1\t1\tx\n2\tx\tfailed\tt-1\t1\tx\n3\tx\tpending-rollback\tt-1\t1\tx\n";
    let rules = || {
        let done = json!({ "stdout": "Rollback was a success! Happy Helming!\n" });
        vec![
            status_is("pending-rollback"),
            helm(&["history", "taskflow"], json!({ "stdout": history })),
            helm(&["rollback", "**"], done),
        ]
    };
    let rolled_back = |args: &[&str], code: i32| {
        let tools = tools(rules());
        let answer = Project::taskflow().with_tools(&tools).run(args).exits(code);
        (answer, tools.calls().into_iter().find(|call| call.iter().any(|word| word == "rollback")))
    };
    let (answer, call) = rolled_back(&["rollback"], 1);
    answer.says(&["refloat releases", "refloat rollback REVISION"]);
    assert_eq!(call, None, "the previous revision would be the one that is to be left");
    let (_, call) = rolled_back(&["rollback", "1"], 0);
    assert!(call.unwrap().iter().any(|word| word == "1"));
}

#[test]
fn an_installation_that_died_with_its_reset_is_named_repaired_and_gone_on_with() {
    let dying = helm(&["install", "**"], json!({ "kill_parent": "after", "creates": ["half"], "once": true }));
    let tools = tools(vec![dying]);
    let project = Project::taskflow().with_tools(&tools);
    assert_eq!(project.run(&["reset", "--confirm", "minikube"]).code, -1);
    project.run(&["reset", "--resume"]).exits(7).says(&["refloat uninstall", "refloat reset --resume"]);
    project.run(&["uninstall", "--confirm", "taskflow"]).exits(0);
    project.run(&["reset", "--resume"]).exits(0);
    assert_eq!(tools.in_world(), WHOLE);
}

/// The answer to `kubectl config view --minify` of a cluster that is nobody's Minikube.
fn another() -> serde_json::Value {
    let foreign = KUBECONFIG.replace("provider: minikube.sigs.k8s.io", "provider: example.com");
    kubectl(&["config", "view", "--minify"], json!({ "stdout": foreign, "nth": 3 }))
}

#[test]
fn a_context_that_is_switched_while_a_reset_runs_stops_it_before_the_next_thing_is_destroyed() {
    let tools = tools(vec![another()]);
    let project = Project::taskflow().with_tools(&tools);
    let answer = project.run(&["reset", "--confirm", "minikube"]).exits(4);
    answer.says(&["not begun", "belongs to another cluster", "refloat reset --set context=minikube"]);
    let made: Vec<String> = tools.calls().iter().map(|call| call.join(" ")).collect();
    assert!(made.iter().any(|call| call.contains(" uninstall ")), "the first was still guarded well");
    assert!(!made.iter().any(|call| call.contains(" delete")), "{made:#?}");
}

#[test]
fn a_kubeconfig_that_names_another_server_than_the_profile_has_stops_what_destroys() {
    let stale = "minikube\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\n\
                 kubeconfig: Misconfigured\n\n\nWARNING: Your kubectl is pointing to stale minikube-vm.\n";
    for task in ["reset", "uninstall"] {
        let tools = tools(vec![minikube(&["status"], json!({ "stdout": stale, "exit": 4 }))]);
        let name = if task == "reset" { "minikube" } else { "taskflow" };
        let answer = Project::taskflow().with_tools(&tools).run(&[task, "--confirm", name]).exits(4);
        answer.says(&["not begun", "minikube update-context --profile minikube"]);
        assert_eq!(tools.in_world(), WHOLE, "{task}");
    }
}

#[test]
fn a_daemon_that_goes_away_half_way_is_named_and_the_rest_can_be_gone_on_with() {
    let gone = "Error response from daemon: dial unix docker.raw.sock: connect: connection refused\n\
                Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n";
    let load = ["image", "load", "taskflow-frontend:1.0.0"];
    let tools = tools(vec![minikube(&load, json!({ "stderr": gone, "exit": 1, "once": true }))]);
    let project = Project::taskflow().with_tools(&tools);
    let answer = project.run(&["reset", "--confirm", "minikube"]).exits(7);
    answer.says(&["docker-daemon-down", "refloat reset --resume"]);
    project.run(&["reset", "--resume"]).exits(0);
    assert_eq!(tools.in_world(), WHOLE);
}

#[test]
fn an_image_of_the_right_name_and_another_id_is_loaded_again() {
    let old = json!({ "stdout": format!("- id: {}\n", "9".repeat(64)), "once": true });
    let tools = tools(vec![minikube(&["image", "ls", "--format=yaml"], old)]);
    Project::taskflow().with_tools(&tools).run(&["load-images"]).exits(0);
    let loads: Vec<_> = tools.calls().into_iter().filter(|call| call.contains(&"load".to_owned())).collect();
    assert_eq!(loads.len(), 1, "the other one is there already: {loads:?}");
    assert!(loads[0].contains(&"taskflow-backend:1.0.0".to_owned()));
}
