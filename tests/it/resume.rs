//! A reset that dies half-way, anywhere, is gone on with: killed with SIGKILL at every call that it
//! makes, before, during and after the call, and resumed in the world that was left.

use super::safe;
use super::stub::Tools;
use super::support::{Answer, Project, root};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CONTEXT: [&str; 4] = ["--context", "minikube", "--namespace", "default"];
const IDS: [&str; 2] = [
    "1111111111111111111111111111111111111111111111111111111111111111",
    "2222222222222222222222222222222222222222222222222222222222222222",
];

pub(crate) fn kubectl(rest: &[&str], rule: Value) -> Value {
    with_argv(&[&["kubectl"], &CONTEXT[..], rest].concat(), rule)
}

pub(crate) fn helm(rest: &[&str], rule: Value) -> Value {
    with_argv(&[&["helm", "--kube-context"], &CONTEXT[1..], rest].concat(), rule)
}

pub(crate) fn minikube(rest: &[&str], rule: Value) -> Value {
    with_argv(&[&["minikube", "--profile", "minikube"], rest].concat(), rule)
}

fn with_argv(argv: &[&str], mut rule: Value) -> Value {
    rule["argv"] = json!(argv);
    rule
}

/// What a Minikube cluster leaves in the kubeconfig.
pub(crate) const KUBECONFIG: &str = "apiVersion: v1\nclusters:\n- cluster:\n    extensions:\n    - extension:\n        \
    provider: minikube.sigs.k8s.io\n        version: v1.38.1\n      name: cluster_info\n    \
    server: https://192.168.49.2:8443\n  name: minikube\ncontexts:\n- context:\n    cluster: minikube\n    \
    user: minikube\n  name: minikube\ncurrent-context: minikube\nkind: Config\n";
const STATUS: &str =
    "minikube\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\nkubeconfig: Configured\n";
pub(crate) const NO_PROFILE: &str =
    "Profile \"minikube\" not found. Run \"minikube profile list\" to view all profiles.\n";
const UNREACHABLE: &str = "Error: Kubernetes cluster unreachable: the server could not be found\n";
const PODS: &str = "NAME                 READY   STATUS    RESTARTS   AGE\n\
    taskflow-backend-x    1/1     Running   0          5m\ntaskflow-frontend-x   1/1     Running   0          5m\n";
const SERVICES: &str = "NAME                        TYPE       CLUSTER-IP   EXTERNAL-IP   PORT(S)          AGE\n\
    taskflow-backend-service    NodePort   10.96.0.2    <none>        8000:30001/TCP   5m\n\
    taskflow-frontend-service   NodePort   10.96.0.3    <none>        3000:30002/TCP   5m\n";
const DNS: &str = "Name:      taskflow-backend-service.default.svc.cluster.local\nAddress 1: 10.96.0.2\n";

/// Tools that share a world: `cluster`, `backend` and `frontend` (images in the node), `release`,
/// `half` (a release that is pending-install). `first` are rules that come before all others.
pub(crate) fn tools(first: Vec<Value>) -> Tools {
    let mut tools = first.into_iter().fold(Tools::new(), Tools::rule).with_app(&["cluster"]);
    for (name, version) in [("helm", "v3.14.0+g1"), ("minikube", "v1.38.1")] {
        tools = tools.rule(json!({ "argv": [name, "version", "--short"], "stdout": format!("{version}\n") }));
    }
    tools = tools
        .rule(json!({ "argv": ["kubectl", "version", "--client"], "stdout": "Client Version: v1.32.4\n" }))
        .rule(json!({ "argv": ["docker", "--version"], "stdout": "Docker version 28.2.2, build x\n" }))
        .rule(json!({ "argv": ["docker", "info", "**"], "stdout": "[[Backing Filesystem extfs]]\n" }));
    for (name, id) in ["backend", "frontend"].iter().zip(IDS) {
        let image = format!("taskflow-{name}:1.0.0");
        tools = tools
            .rule(json!({ "argv": ["docker", "image", "inspect", &image, "--format", "{{.Id}}"],
                "stdout": format!("sha256:{id}\n") }))
            .rule(minikube(&["image", "load", &image], json!({ "creates": [name] })));
    }
    // Some image is always there: Kubernetes' own.
    let listed = |ids: &[&str]| -> String {
        ids.iter().chain(&["3333"]).map(|id| format!("- id: {id}\n  repoTags: []\n")).collect()
    };
    let both = "docker.io/library/taskflow-backend:1.0.0\ndocker.io/library/taskflow-frontend:1.0.0\n";
    tools = safe::at_home().into_iter().fold(tools, Tools::rule);
    let json_list = ["image", "ls", "--format=yaml"];
    let there = json!({ "if_there": ["backend", "frontend"], "stdout": listed(&IDS) });
    let one = json!({ "if_there": ["backend"], "stdout": listed(&IDS[..1]) });
    for rule in [
        kubectl(&["config", "view", "--minify"], json!({ "if_there": ["cluster"], "stdout": KUBECONFIG })),
        kubectl(
            &["config", "view", "--minify"],
            json!({ "stderr": "error: cannot locate context minikube\n", "exit": 1 }),
        ),
        minikube(&["status"], json!({ "if_there": ["cluster"], "stdout": STATUS })),
        minikube(&["status"], json!({ "stdout": NO_PROFILE, "exit": 85 })),
        minikube(&["stop", "--output=json"], json!({})),
        minikube(
            &["delete", "--output=json"],
            json!({ "removes": ["cluster", "backend", "frontend", "release", "half"] }),
        ),
        minikube(&["start", "--output=json", "--cpus=4", "--memory=8192"], json!({ "creates": ["cluster"] })),
        minikube(&json_list, there),
        minikube(&json_list, one),
        minikube(&json_list, json!({ "stdout": listed(&[]) })),
        minikube(&["image", "ls"], json!({ "if_there": ["backend", "frontend"], "stdout": both })),
        helm(&["**"], json!({ "if_missing": ["cluster"], "stderr": UNREACHABLE, "exit": 1 })),
        helm(&["uninstall", "taskflow"], json!({ "removes": ["release", "half"] })),
        helm(
            &["status", "taskflow"],
            json!({ "if_there": ["half"], "stdout": "NAME: taskflow\nSTATUS: pending-install\n" }),
        ),
        helm(
            &["status", "taskflow"],
            json!({ "if_there": ["release"], "stdout": "NAME: taskflow\nSTATUS: deployed\n" }),
        ),
        helm(&["status", "taskflow"], json!({ "stderr": "Error: release: not found\n", "exit": 1 })),
        helm(&["install", "**"], json!({ "creates": ["release"] })),
        helm(&["upgrade", "**"], json!({ "creates": ["release"] })),
        helm(&["**"], json!({ "stdout": "fine\n" })),
        kubectl(&["**"], json!({ "if_missing": ["cluster"], "stderr": UNREACHABLE, "exit": 1 })),
        kubectl(&["get", "secret", "**"], json!({ "stdout": "{\"items\": []}\n" })),
        kubectl(&["describe", "node", "minikube"], json!({ "stdout": safe::NODE })),
        kubectl(&["get", "pods"], json!({ "if_there": ["release"], "stdout": PODS })),
        kubectl(&["get", "pods"], json!({ "stderr": "No resources found in default namespace.\n" })),
        kubectl(&["get", "services"], json!({ "if_there": ["release"], "stdout": SERVICES })),
        kubectl(&["get", "services"], json!({ "stderr": "No resources found in default namespace.\n" })),
        kubectl(&["exec", "deployment/taskflow-frontend", "--", "nslookup", "**"], json!({ "stdout": DNS })),
        kubectl(&["exec", "**"], json!({ "stdout": "{\"status\": \"healthy\"}\n" })),
        kubectl(&["**"], json!({ "stdout": "fine\n" })),
    ] {
        tools = tools.rule(rule);
    }
    tools.world("cluster", true).world("release", true).world("backend", true).world("frontend", true)
}

/// The calls of the seven steps, each the first that begins so; the checks between them stand for
/// the borders of the steps.
fn calls() -> Vec<(Vec<&'static str>, u32)> {
    let kubectl = |rest: &[&'static str]| [&["kubectl"], &CONTEXT[..], rest].concat();
    let helm = |rest: &[&'static str]| [&["helm", "--kube-context"], &CONTEXT[1..], rest].concat();
    let minikube = |rest: &[&'static str]| [&["minikube", "--profile", "minikube"], rest].concat();
    let first = vec![
        kubectl(&["get", "events", "**"]),
        helm(&["uninstall", "**"]),
        kubectl(&["delete", "**"]),
        minikube(&["stop", "**"]),
        minikube(&["delete", "**"]),
        minikube(&["start", "**"]),
        vec!["docker", "image", "inspect", "taskflow-backend:1.0.0", "**"],
        minikube(&["image", "load", "taskflow-backend:1.0.0"]),
        vec!["docker", "image", "inspect", "taskflow-frontend:1.0.0", "**"],
        minikube(&["image", "load", "taskflow-frontend:1.0.0"]),
        vec!["docker", "info", "**"],
        minikube(&["image", "ls"]),
        helm(&["lint", "**"]),
        helm(&["status", "**"]),
        helm(&["install", "**"]),
        kubectl(&["get", "services", "**"]),
        kubectl(&["exec", "**"]),
    ];
    // The safety checklist has asked these before the first step, too.
    let again = [
        vec!["docker", "image", "inspect", "taskflow-backend:1.0.0", "**"],
        vec!["docker", "image", "inspect", "taskflow-frontend:1.0.0", "**"],
        helm(&["lint", "**"]),
    ];
    let again = again.into_iter().map(|call| (call, 2));
    // What is asked between the steps: before the first, before each that destroys, is it done already?
    // What is shown before the name is asked for asks them, too; that is no run of a reset yet.
    let between = [(kubectl(&["config", "view", "--minify"]), 2..=5), (minikube(&["status"]), 5..=9)];
    let between = between.into_iter().flat_map(|(call, times)| times.map(move |nth| (call.clone(), nth)));
    first.into_iter().map(|call| (call, 1)).chain(again).chain(between).collect()
}

pub(crate) const WHOLE: [&str; 4] = ["backend", "cluster", "frontend", "release"];

/// The runbook, in which a validation asks neither the app nor its page: what only looks is asked again by every run
/// that goes on, whatever it is, and two dozen more calls in each of hundreds of runs would tell nothing more.
fn without_front_door() -> String {
    let mut tasks = std::fs::read_to_string(root().join("tasks.toml")).unwrap();
    for step in ["name = \"The app\"\ntask = \"validate-app\"\n", "name = \"The page\"\ntask = \"page\"\n"] {
        let step = format!("[[tasks.validate.steps]]\n{step}");
        assert!(tasks.contains(&step), "{step}");
        tasks = tasks.replace(&step, "");
    }
    tasks
}

/// Runs the reset; it dies by SIGKILL at the call, and `resume` is typed until it is through.
fn killed_and_resumed((call, nth): &(Vec<&str>, u32), when: &str) {
    let rule = effect_of(call);
    let mut killing = rule.clone();
    (killing["kill_parent"], killing["nth"]) = (json!(when), json!(nth));
    let tools = tools(vec![killing]);
    let project = Project::new(&without_front_door()).with_tools(&tools);
    let killed = project.run(&["reset", "--confirm", "minikube"]);
    assert_eq!(killed.code, -1, "killed {when} call {nth} of {call:?}: {}", killed.err);
    let mut last = resumed(&project);
    // A failure on the way (an image that a killed load left behind) may be gone on from, too.
    for _ in 0..2 {
        if last.code == 0 {
            break;
        }
        last = resumed(&project);
    }
    assert_eq!(last.code, 0, "killed {when} call {nth} of {call:?}, resumed:\n{}", last.err);
    assert_eq!(tools.in_world(), WHOLE, "killed {when} call {nth} of {call:?}");
    let made: Vec<String> = tools.calls().iter().map(|call| call.join(" ")).collect();
    let at = |text: &str| {
        made.iter().enumerate().filter(|(_, call)| call.contains(text)).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (deleted, created) = (at("minikube --profile minikube delete"), at("minikube --profile minikube start"));
    assert!(!deleted.is_empty() && !created.is_empty());
    assert!(
        deleted.last() < created.first(),
        "killed {when} call {nth} of {call:?}: what was built anew is not deleted again:\n{made:#?}"
    );
}

/// What the general rules say of a call that changes the world.
fn effect_of(call: &[&str]) -> Value {
    let text = call.join(" ");
    let mut rule = if text.contains("uninstall") {
        json!({ "removes": ["release", "half"] })
    } else if text.contains("minikube delete") {
        json!({ "removes": ["cluster", "backend", "frontend", "release", "half"] })
    } else if text.contains("minikube start") {
        json!({ "creates": ["cluster"] })
    } else if text.contains("load taskflow-backend") {
        json!({ "creates": ["backend"] })
    } else if text.contains("load taskflow-frontend") {
        json!({ "creates": ["frontend"] })
    } else if text.contains(" install ") {
        json!({ "creates": ["release"] })
    } else {
        json!({})
    };
    rule["argv"] = json!(call);
    rule
}

/// Goes on; while an orphan of the dead run is still at work, that is refused.
fn resumed(project: &Project) -> Answer {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = project.run(&["reset", "--resume", "--confirm", "minikube"]);
        if answer.code != 6 || Instant::now() > until {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(unix)]
#[test]
fn a_reset_killed_before_any_of_its_calls_converges() {
    calls().iter().for_each(|call| killed_and_resumed(call, "before"));
}

#[cfg(unix)]
#[test]
fn a_reset_killed_during_any_of_its_calls_converges() {
    calls().iter().for_each(|call| killed_and_resumed(call, "during"));
}

#[cfg(unix)]
#[test]
fn a_reset_killed_after_any_of_its_calls_converges() {
    calls().iter().for_each(|call| killed_and_resumed(call, "after"));
}
