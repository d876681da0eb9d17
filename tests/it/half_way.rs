//! A world that is not as it should be when a run starts, or that changes under it: a release that
//! another helm left half-way, a context that somebody switched, a cluster that goes away.

use super::resume::{KUBECONFIG, NO_PROFILE, WHOLE, helm, kubectl, minikube, tools};
use super::support::Project;
use serde_json::{Value, json};

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

#[cfg(unix)]
#[test]
fn an_installation_that_died_with_its_reset_is_named_repaired_and_gone_on_with() {
    let dying = helm(&["install", "**"], json!({ "kill_parent": "after", "creates": ["half"], "once": true }));
    let tools = tools(vec![dying]);
    let project = Project::taskflow().with_tools(&tools);
    assert_eq!(project.run(&["reset", "--confirm", "minikube"]).code, -1);
    project.run(&["reset", "--resume"]).exits(7).says(&["refloat uninstall", "refloat reset --resume"]);
    project.run(&["uninstall", "--confirm", "taskflow"]).exits(0);
    project.run(&["incident", "cause", "the first installation was killed"]).exits(0);
    project.run(&["reset", "--resume"]).exits(0);
    assert_eq!(tools.in_world(), WHOLE);
}

/// The answer to `kubectl config view --minify` of a cluster that is nobody's Minikube.
fn another() -> serde_json::Value {
    let foreign = KUBECONFIG.replace("provider: minikube.sigs.k8s.io", "provider: example.com");
    kubectl(&["config", "view", "--minify"], json!({ "stdout": foreign, "nth": 4 }))
}

#[test]
fn a_context_that_is_switched_while_a_reset_runs_stops_it_before_the_next_thing_is_destroyed() {
    let tools = tools(vec![another()]);
    let project = Project::taskflow().with_tools(&tools);
    let answer = project.run(&["reset", "--confirm", "minikube"]).exits(4);
    answer.says(&["not begun", "is that of Minikube's minikube", "refloat reset --set context=minikube"]);
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
        answer.says(&["minikube update-context --profile minikube"]);
        assert_eq!(tools.in_world(), WHOLE, "{task}");
    }
}

/// The kubeconfig of a context that has Minikube's mark, and another server.
fn elsewhere() -> Value {
    json!({ "stdout": KUBECONFIG.replace("192.168.49.2:8443", "prod.example:6443") })
}

fn no_profile() -> Value {
    json!({ "stdout": NO_PROFILE, "exit": 85 })
}

/// What `minikube status` says of a cluster whose every part is in this state.
fn all_is(state: &str) -> Value {
    let parts = ["host", "kubelet", "apiserver", "kubeconfig"].map(|part| format!("{part}: {state}\n"));
    json!({ "stdout": format!("minikube\ntype: Control Plane\n{}", parts.concat()), "exit": 7 })
}

/// Runs the task where the two questions of its guards are answered so: the exit code, and what was called.
fn where_guards_hear(task: &str, config: Option<&Value>, status: Option<&Value>) -> (i32, Vec<String>) {
    // Minikube writes the context when it makes a cluster.
    let config = config.map(|answer| {
        let mut rule = kubectl(&["config", "view", "--minify"], answer.clone());
        rule["if_missing"] = json!(["anew"]);
        rule
    });
    let status = status.map(|answer| minikube(&["status"], answer.clone()));
    let made = minikube(&["start", "**"], json!({ "creates": ["cluster", "anew"] }));
    let tools = tools(config.into_iter().chain(status).chain([made]).collect());
    let name = if task == "reset" { "minikube" } else { "taskflow" };
    let answer = Project::taskflow().with_tools(&tools).run(&[task, "--confirm", name]);
    (answer.code, tools.calls().iter().map(|call| call.join(" ")).collect())
}

/// Does this call take something away from whatever the context names?
fn empties(call: &str) -> bool {
    call.contains(" uninstall ") || call.contains(" delete all ")
}

#[test]
fn a_guard_that_cannot_be_asked_does_not_hold() {
    let renamed = KUBECONFIG.replacen("  name: minikube\ncontexts", "  name: other\ncontexts", 1);
    let unreadable = json!({ "stderr": "error: error loading config file \"/x\": yaml: line 2\n", "exit": 1 });
    let nothing = json!({ "stderr": "X Exiting due to MK_CONFIG_ERROR\n", "exit": 30 });
    for task in ["reset", "uninstall"] {
        for (config, status) in [
            (Some(elsewhere()), Some(nothing.clone())),
            (None, Some(nothing.clone())),
            (None, Some(json!({ "exit": 1 }))),
            (None, Some(json!({}))),
            (Some(unreadable.clone()), None),
            (Some(json!({})), None),
            // Another profile's cluster under this one's name.
            (Some(json!({ "stdout": renamed })), None),
        ] {
            let (code, calls) = where_guards_hear(task, config.as_ref(), status.as_ref());
            assert_eq!(code, 4, "{task} {config:?} {status:?}: {calls:#?}");
            let destroys =
                |call: &String| empties(call) || call.ends_with(" stop") || call.ends_with(" delete --output=json");
            assert!(!calls.iter().any(destroys), "{task} {config:?} {status:?}: {calls:#?}");
        }
    }
}

#[test]
fn a_guard_that_stops_to_answer_half_way_stops_what_destroys() {
    let mute = minikube(&["status"], json!({ "exit": 30, "nth": 2 }));
    let tools = tools(vec![mute]);
    Project::taskflow().with_tools(&tools).run(&["uninstall", "--confirm", "taskflow"]).exits(4).says(&["not begun"]);
    assert_eq!(tools.in_world(), WHOLE);
}

#[test]
fn nothing_is_uninstalled_from_a_cluster_that_does_not_run() {
    let gone = json!({ "stderr": "error: cannot locate context minikube\n", "exit": 1 });
    for (config, status) in [
        (None, no_profile()),
        (Some(elsewhere()), no_profile()),
        (Some(elsewhere()), all_is("Stopped")),
        (Some(gone), all_is("Stopped")),
    ] {
        let (code, calls) = where_guards_hear("uninstall", config.as_ref(), Some(&status));
        assert_eq!(code, 4, "{config:?} {status:?}: {calls:#?}");
        assert!(!calls.iter().any(|call| empties(call)), "{config:?} {status:?}: {calls:#?}");
    }
}

#[test]
fn a_cluster_that_is_broken_or_half_deleted_is_reset_and_its_context_reaches_nothing_else() {
    let gone = json!({ "stderr": "error: cannot locate context \"minikube\"\n", "exit": 1 });
    let not_found = json!({ "stderr": "error: context \"minikube\" was not found\n", "exit": 1 });
    for (config, status) in [
        (None, all_is("Stopped")),
        (Some(elsewhere()), all_is("Stopped")),
        (Some(elsewhere()), all_is("Nonexistent")),
        (Some(elsewhere()), no_profile()),
        (Some(gone), no_profile()),
        (Some(not_found), all_is("Stopped")),
    ] {
        let (code, calls) = where_guards_hear("reset", config.as_ref(), Some(&status));
        assert_eq!(code, 0, "{config:?} {status:?}: {calls:#?}");
        assert!(!calls.iter().any(|call| empties(call)), "{config:?} {status:?}: {calls:#?}");
        assert!(
            calls.iter().any(|call| call.contains(" start --output=json --cpus")),
            "{config:?} {status:?}: {calls:#?}"
        );
        let deleted = calls.iter().any(|call| call.ends_with(" delete --output=json"));
        assert_eq!(deleted, status != no_profile(), "{config:?} {status:?}: {calls:#?}");
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
    answer.says(&["docker-daemon-down", "refloat incident cause TEXT", "refloat reset --resume"]);
    let before = tools.calls();
    project.run(&["reset", "--resume"]).exits(4).says(&["has no root cause"]);
    assert!(!tools.calls()[before.len()..].iter().any(|call| call.contains(&"load".to_owned())), "nothing was done");
    project.run(&["incident", "cause", "--accept"]).exits(0);
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
