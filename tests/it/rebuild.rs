//! What a rebuild takes for a success, and what it keeps until then. `tests/it/builds.rs` has the real engine.

use super::resume::{minikube, tools};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

const APPS: [&str; 2] = ["backend", "frontend"];
const LIST: [&str; 3] = ["image", "ls", "--format=yaml"];

fn image(app: &str) -> String {
    format!("taskflow-{app}:1.0.0")
}

/// The id of what was built.
fn new_id(app: &str) -> String {
    if app == "backend" { "a".repeat(64) } else { "b".repeat(64) }
}

/// A docker that has both images, builds, tags and removes; what it did is in the world as `new-APP`, `kept-APP`.
fn docker() -> Vec<Value> {
    let mut rules = vec![json!({ "argv": ["docker", "build", "**"] })];
    for app in APPS {
        let (image, kept, new) = (image(app), format!("kept-{app}"), format!("new-{app}"));
        let (previous, built) = (format!("{image}-previous"), format!("{image}-new"));
        let inspect = ["docker", "image", "inspect", &image, "--format", "{{.Id}}"];
        let none = format!("[]\nError response from daemon: No such image: {previous}\n");
        rules.extend([
            json!({ "argv": inspect, "if_there": [new], "stdout": format!("sha256:{}\n", new_id(app)) }),
            json!({ "argv": ["docker", "image", "inspect", previous, "**"], "if_there": [kept], "stdout": "[{}]\n" }),
            json!({ "argv": ["docker", "image", "inspect", previous, "**"], "stderr": none, "exit": 1 }),
            json!({ "argv": ["docker", "image", "inspect", previous], "if_there": [kept], "stdout": "[{}]\n" }),
            json!({ "argv": ["docker", "image", "inspect", previous], "stderr": none, "exit": 1 }),
            json!({ "argv": ["docker", "tag", image, previous], "creates": [kept] }),
            json!({ "argv": ["docker", "tag", built, image], "creates": [new] }),
        ]);
    }
    rules.push(json!({ "argv": ["docker", "rmi", "**"], "removes": ["kept-backend", "kept-frontend"] }));
    rules
}

/// A restart with new images is a deployment: neither code that nobody committed nor a failure that nobody understands.
#[test]
fn what_is_not_safe_is_not_rebuilt() {
    let dirty =
        json!({ "argv": ["git", "--no-optional-locks", "status", "**"], "stdout": " M Phase-II/backend/main.py\n" });
    let stand_ins = tools(vec![dirty]);
    let project = Project::taskflow().with_tools(&stand_ins);
    project.run(&["incident", "open", "the backend crashes"]).exits(0);
    project.run(&["rebuild"]).exits(4).says(&["has no root cause", "Nothing in Phase-II and Phase-III differs"]);
    assert!(!stand_ins.calls().iter().any(|call| call.contains(&"build".to_owned())));
}

/// A docker that keeps its images in containerd: its ids are those of an index, which no node knows.
fn in_containerd() -> Value {
    json!({ "argv": ["docker", "info", "**"], "stdout": "[[driver-type io.containerd.snapshotter.v1]]\n" })
}

/// Loads that say nothing and change nothing: the node has the old images, under the same names.
fn loads_nothing() -> Vec<Value> {
    APPS.iter().map(|app| minikube(&["image", "load", &image(app)], json!({}))).collect()
}

/// Loads that arrive.
fn loads() -> Vec<Value> {
    let ids = format!("- id: {}\n- id: {}\n", new_id("backend"), new_id("frontend"));
    let mut rules: Vec<Value> = APPS
        .iter()
        .map(|app| minikube(&["image", "load", &image(app)], json!({ "creates": [format!("loaded-{app}")] })))
        .collect();
    rules.push(minikube(&LIST, json!({ "if_there": ["loaded-backend", "loaded-frontend"], "stdout": ids })));
    rules
}

fn project(tools: &Tools) -> Project {
    Project::taskflow()
        .file("Phase-II/backend/app.txt", "backend\n")
        .file("Phase-II/frontend/app.txt", "frontend\n")
        .with_tools(tools)
}

/// The calls that begin so.
fn made(tools: &Tools, start: &str) -> Vec<String> {
    tools.calls().iter().map(|call| call.join(" ")).filter(|call| call.starts_with(start)).collect()
}

#[test]
fn a_rebuild_that_arrives_removes_what_it_kept() {
    let tools = tools([docker(), loads()].concat());
    project(&tools).run(&["rebuild"]).exits(0);
    assert_eq!(made(&tools, "docker rmi").len(), 1);
    assert_eq!(made(&tools, "docker tag").len(), 4, "two kept, two named");
}

#[test]
fn a_load_that_exits_with_0_and_changes_nothing_fails_and_nothing_is_removed() {
    let tools = tools([docker(), loads_nothing()].concat());
    let answer = project(&tools).run(&["rebuild"]).exits(7);
    answer.says(&["The node holds the very image taskflow-backend:1.0.0 that docker has"]);
    assert_eq!(made(&tools, "minikube --profile minikube image load").len(), 2);
    assert_eq!(made(&tools, "docker rmi"), Vec::<String>::new());
    assert!(!made(&tools, "kubectl").iter().any(|call| call.contains("rollout")), "nothing is restarted");
    assert_eq!(tools.in_world().iter().filter(|name| name.starts_with("kept-")).count(), 2);
}

#[test]
fn where_ids_cannot_be_compared_the_names_are() {
    let tools = tools([vec![in_containerd()], docker(), loads_nothing()].concat());
    project(&tools).run(&["load-images"]).exits(0).says(&["Both are in the node"]);
}

#[test]
fn a_second_try_keeps_the_image_that_the_first_one_kept() {
    let fails = |app: &str| minikube(&["image", "load", &image(app)], json!({ "stderr": "no space\n", "exit": 1 }));
    let tools = tools([docker(), APPS.map(fails).to_vec()].concat());
    let project = project(&tools);
    for attempt in 1..=2 {
        assert_ne!(project.run(&["rebuild"]).code, 0);
        for app in APPS {
            let keeps = made(&tools, &format!("docker tag {0} {0}-previous", image(app)));
            assert_eq!(keeps.len(), 1, "after try {attempt}: the first try's image is not the last good one");
        }
    }
    assert_eq!(made(&tools, "docker rmi"), Vec::<String>::new());
}
