//! Tools that cannot be run, and versions that nobody expects.

use super::stub::Tools;
use super::support::Project;
use serde_json::json;

#[cfg(unix)]
const TASKS: &str = r#"
version = 1
[app]
name = "app"
[tools.helm]
install = "install helm"
[tools.kubectl]
install = "install kubectl"
[tools.docker]
program = "docker.cmd"
install = "install docker"
[tools.minikube]
install = "install minikube"
[tools.curl]
[tasks.all]
summary = "All of them"
[[tasks.all.steps]]
run = ["curl", "--version"]
[[tasks.all.steps]]
run = ["helm", "list"]
[[tasks.all.steps]]
run = ["kubectl", "get", "pods"]
[[tasks.all.steps]]
run = ["docker", "images"]
[[tasks.all.steps]]
run = ["minikube", "status"]
"#;

/// A directory, a file without the right to run, a batch file and nothing at all.
#[cfg(unix)]
#[test]
fn every_tool_that_cannot_run_is_told_with_its_reason_before_the_first_step() {
    use std::os::unix::fs::PermissionsExt;
    let tools = Tools::new().rule(json!({ "argv": ["curl", "**"] }));
    std::fs::create_dir(tools.bin("helm")).unwrap();
    for (name, mode) in [("kubectl", 0o644), ("docker.cmd", 0o755)] {
        std::fs::write(tools.bin(name), "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(tools.bin(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let project = Project::new(TASKS).with_tools(&tools);
    project.run(&["all"]).exits(5).says(&[
        "is a directory",
        "install helm",
        "is not executable",
        "install kubectl",
        "is a batch file",
        "install docker",
        "`minikube` is not on PATH",
        "install minikube",
    ]);
    assert!(tools.calls().is_empty(), "not even the tool that is there was called");
    assert_eq!(project.journal().last().unwrap()["outcome"], "unequipped");
}

const VERSIONS: &str = r#"
version = 1
[app]
name = "app"
[tools.kubectl]
version = { run = ["version"], match = 'v(\d+\.\d+\.\d+)', min = "1.20.0" }
[tasks.look]
summary = "Look"
[[tasks.look.steps]]
run = ["kubectl", "get", "pods"]
"#;

/// What stands behind the three numbers does not count; a version that is none is said and no more.
#[test]
fn a_version_is_its_three_numbers() {
    for (says, code, told) in [
        ("Client Version: v1.32.4-dispatcher\n", 0, None),
        ("Client Version: v1.20.0+k3s1\n", 0, None),
        ("Client Version: v1.18.9-dispatcher\n", 5, Some("kubectl 1.18.9 is too old")),
        ("Client Version: v1.99999999999999999999.0\n", 0, Some("version of kubectl is unknown")),
        ("Client Version: devel\n", 0, Some("version of kubectl is unknown")),
        ("", 0, Some("version of kubectl is unknown")),
    ] {
        let tools = Tools::new()
            .rule(json!({ "argv": ["kubectl", "version"], "stdout": says }))
            .rule(json!({ "argv": ["kubectl", "get", "pods"], "stdout": "NAME\n" }));
        let answer = Project::new(VERSIONS).with_tools(&tools).run(&["look"]).exits(code);
        assert_eq!(answer.err.contains("version of kubectl") || code == 5, told.is_some(), "{says:?}: {}", answer.err);
        answer.says(told.as_slice());
        assert_eq!(tools.calls().len(), if code == 0 { 2 } else { 1 }, "{says:?}");
    }
}

/// A program of the project's own directory must not run because of its name.
#[cfg(unix)]
#[test]
fn without_a_path_nothing_of_the_current_directory_is_run() {
    use std::os::unix::fs::PermissionsExt;
    for path in ["", ".", ":", "./bin:."] {
        let project = Project::new(VERSIONS).env("PATH", path);
        for place in ["kubectl", "bin/kubectl"] {
            let file = project.path().join(place);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "#!/bin/sh\n: > evil\n").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        project.run(&["look"]).exits(5).says(&["`kubectl` is not on PATH"]);
        assert!(!project.path().join("evil").exists(), "{path:?}");
    }
}
