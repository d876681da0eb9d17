//! Tools that are missing, too old, or cannot reach what they talk to: stand-ins first, then the
//! real ones where they are installed.

use super::stub::Tools;
use super::support::Project;
use serde_json::json;

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[tools.helm]
version = { run = ["version", "--short"], match = 'v(\d+\.\d+\.\d+)', min = "3.6.0" }
install = { windows = "winget install Helm.Helm", unix = "install helm" }
[tools.kubectl]
args    = ["--context", "nowhere"]
version = { run = ["version", "--client"], match = 'v(\d+\.\d+\.\d+)', min = "1.20.0" }
install = "install kubectl"
[tools.docker]
[tools.minikube]
install = "install minikube"
[tasks.look]
summary = "Look"
[[tasks.look.steps]]
run = ["kubectl", "get", "pods"]
[tasks.both]
summary = "Two tools"
[[tasks.both.steps]]
run = ["helm", "list"]
[[tasks.both.steps]]
run = ["minikube", "status"]
[tasks.images]
summary = "Images"
[[tasks.images.steps]]
run = ["docker", "images"]
[tasks.releases]
summary = "Releases"
[[tasks.releases.steps]]
run = ["helm", "list"]
[diagnose]
task = "look"
"#;

fn tasks() -> String {
    // One text on every system, so that the test can name it.
    TASKS.replace("{ windows = \"winget install Helm.Helm\", unix = \"install helm\" }", "\"install helm\"")
}

#[test]
fn every_missing_tool_is_named_before_the_first_step() {
    let tools = Tools::new().tool("kubectl");
    let project = Project::new(&tasks()).with_tools(&tools);
    project.run(&["both"]).exits(5).says(&["helm", "not on PATH", "install helm", "minikube", "install minikube"]);
    assert!(tools.calls().is_empty());
}

#[test]
fn a_tool_that_is_too_old_is_named_with_both_versions() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "version", "--short"], "stdout": "v3.2.4+g0ad800e\n" }))
        .tool("minikube");
    let project = Project::new(&tasks()).with_tools(&tools);
    project.run(&["both"]).exits(5).says(&["helm 3.2.4 is too old", "3.6.0", "install helm"]);
    assert_eq!(tools.calls().len(), 1, "only the version was asked for");
}

#[test]
fn an_odd_version_is_said_and_does_not_stop_the_run() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "version", "--short"], "stdout": "devel\n" }))
        .rule(json!({ "argv": ["helm", "list"], "stdout": "NAME\n" }));
    let project = Project::new(&tasks()).with_tools(&tools);
    project.run(&["releases"]).exits(0).says(&["version of helm is unknown"]);
}

#[test]
fn doctor_tells_each_tool_and_exits_with_5_when_one_is_unfit() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "version", "--short"], "stdout": "v3.2.4+g0ad800e\n" }))
        .rule(json!({ "argv": ["kubectl", "version", "--client"], "stdout": "Client Version: v1.32.4-dispatcher\n" }))
        .tool("docker");
    let project = Project::new(&tasks()).with_tools(&tools);
    project.run(&["doctor"]).exits(5).answers(&[
        "helm",
        "3.2.4",
        "kubectl",
        "1.32.4",
        "docker",
        "minikube",
        "install minikube",
    ]);
}

#[test]
fn the_listing_starts_no_tool() {
    let tools = Tools::new().tool("helm").tool("kubectl").tool("docker").tool("minikube");
    let project = Project::new(&tasks()).with_tools(&tools);
    for args in [&["list"][..], &["show", "look"], &["look", "--dry-run"], &["history"], &["schema"], &[]] {
        project.run(args).exits(0);
    }
    assert!(tools.calls().is_empty());
}

/// The folder of a real tool. Where `REFLOAT_REAL_TOOLS` names it, it must be there; elsewhere a
/// test without it has nothing to show and says so.
fn real(tool: &str) -> Option<String> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folder = std::env::split_paths(&paths).find(|folder| folder.join(tool).is_file());
    let demanded = std::env::var("REFLOAT_REAL_TOOLS").is_ok_and(|tools| tools.split(',').any(|name| name == tool));
    assert!(folder.is_some() || !demanded, "{tool} is demanded and is not on PATH");
    if folder.is_none() {
        eprintln!("passed over: no real {tool} on PATH");
    }
    folder?.to_str().map(str::to_owned)
}

#[test]
fn real_kubectl_without_a_cluster() {
    let Some(folder) = real("kubectl") else { return };
    let project = Project::new(&tasks()).env("PATH", &format!("{folder}:/usr/bin:/bin"));
    // No kubeconfig: the pinned context does not exist.
    project
        .run(&["look"])
        .exits(1)
        .says(&["context was not found for specified context: nowhere", "kubectl config get-contexts"]);
    project.run(&["diagnose"]).exits(3).answers(&["nowhere"]);
    // A kubeconfig whose server is down.
    let config = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:9'}}]\n\
                  contexts: [{name: nowhere, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: t}}]\n";
    let project = project.file("kubeconfig", config);
    let kubeconfig = project.path().join("kubeconfig").to_str().unwrap_or_default().to_owned();
    let project = project.env("KUBECONFIG", &kubeconfig);
    project.run(&["look"]).exits(1).says(&["127.0.0.1:9"]);
    project.run(&["diagnose"]).exits(3).answers(&["cluster-unreachable", "minikube status"]);
}

#[test]
fn real_helm_without_a_cluster() {
    let Some(folder) = real("helm") else { return };
    let project = Project::new(&tasks()).env("PATH", &folder);
    project.run(&["releases"]).exits(1).says(&[
        "Kubernetes cluster unreachable",
        "cluster-unreachable",
        "minikube update-context",
    ]);
}

#[test]
fn real_docker_without_a_daemon() {
    let Some(folder) = real("docker") else { return };
    let project = Project::new(&tasks()).env("PATH", &folder).env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    project.run(&["images"]).exits(1).says(&["docker-daemon-down", "Docker"]);
}
