//! The safety checklist: whatever of it does not hold is told with what to do about it, and a redeployment is refused
//! before anything of it is done.

use super::resume::{KUBECONFIG, helm, kubectl, minikube, tools};
use super::safe::{NODE, RENDERED};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

/// The secrets of [`RENDERED`], which nobody may see.
const SECRETS: [&str; 3] = ["sk-ant-api03-labkey", "0123456789abcdef0123456789abcdef0123", "secretpw"];

fn rendered(from: &str, to: &str) -> Value {
    assert!(RENDERED.contains(from), "{from}");
    helm(&["template", "**"], json!({ "stdout": RENDERED.replacen(from, to, 1) }))
}

/// Calls that change something.
fn changes(tools: &Tools) -> Vec<String> {
    let words = ["install", "upgrade", "rollback", "uninstall", "delete", "start", "stop", "load", "restart", "tag"];
    let calls = tools.calls().into_iter().filter(|call| call.iter().any(|word| words.contains(&word.as_str())));
    calls.map(|call| call.join(" ")).collect()
}

#[test]
fn what_is_not_safe_is_refused_with_its_fix_and_nothing_is_run() {
    let dirty =
        json!({ "argv": ["git", "--no-optional-locks", "status", "**"], "stdout": " M Phase-II/backend/main.py\n" });
    let no_repository = json!({ "argv": ["git", "--no-optional-locks", "rev-parse", "**"], "exit": 128,
        "stderr": "fatal: not a git repository (or any of the parent directories): .git\n" });
    let unlinted = helm(
        &["lint", "**"],
        json!({ "exit": 1, "stdout": "[ERROR] templates/: nil pointer\n", "stderr": "Error: 1 chart(s) linted, 1 chart(s) failed\n" }),
    );
    let no_values = helm(
        &["template", "**"],
        json!({ "exit": 1, "stderr": "Error: open Phase-IV/helm/values-local.yaml: no such file or directory\n" }),
    );
    let foreign = KUBECONFIG.replace("provider: minikube.sigs.k8s.io", "provider: example.com");
    let small = NODE.replace("cpu:     2", "cpu:     100m");
    let half = json!({ "stdout": "NAME: taskflow\nSTATUS: pending-upgrade\n" });
    let old = json!({ "stdout": format!("- id: {}\n", "9".repeat(64)) });
    let unbuilt = json!({ "argv": ["docker", "image", "inspect", "taskflow-backend:1.0.0", "**"], "exit": 1,
        "stderr": "Error response from daemon: No such image: taskflow-backend:1.0.0\n" });
    let other_images = minikube(&["image", "ls"], json!({ "stdout": "registry.k8s.io/pause:3.10\n" }));
    for (rules, says) in [
        (vec![dirty], &["Nothing in Phase-II and Phase-III differs", "git diff -- Phase-II Phase-III"][..]),
        (vec![no_repository], &["could not ask", "not a git repository"]),
        (vec![unlinted], &["The chart holds together", "refloat lint-chart"]),
        (vec![no_values], &["no such file or directory"]),
        (
            vec![rendered("postgresql://taskflow", "mysql://taskflow")],
            &["DATABASE_URL", "postgresql://user:pass@host:port"],
        ),
        (
            vec![rendered(
                "BETTER_AUTH_SECRET: \"0123456789abcdef0123456789abcdef0123\"",
                "BETTER_AUTH_SECRET: \"another\"",
            )],
            &["they differ: 7 and 36 characters", "Set one BETTER_AUTH_SECRET"],
        ),
        (
            vec![helm(
                &["template", "**"],
                json!({ "stdout": RENDERED.replace("0123456789abcdef0123456789abcdef0123", "short") }),
            )],
            &["too short: 5 of at least 32"],
        ),
        (
            vec![rendered("sk-ant-api03-labkeylabkeylabkey", "sk-ant-api03-mine")],
            &["ANTHROPIC_API_KEY", "too short: 17"],
        ),
        (
            vec![rendered("sk-ant-api03-labkeylabkeylabkey", "sk-live-0123456789012345678901234")],
            &["ANTHROPIC_API_KEY", "does not have the expected form"],
        ),
        (
            vec![rendered("  BETTER_AUTH_SECRET: \"0123456789abcdef0123456789abcdef0123\"\n", "")],
            &["is not in what the chart renders"],
        ),
        (
            vec![rendered("http://192.168.49.2:30080", "http://localhost:3000")],
            &["does not contain http://192.168.49.2:30080", "Add the address, exactly as it is told here"],
        ),
        (
            vec![rendered("image: taskflow-backend:1.0.0", "image: taskflow-backend:1.0.1")],
            &["The chart deploys taskflow-backend:1.0.0", "refloat images"],
        ),
        (
            vec![minikube(&["image", "ls", "--format=yaml"], old)],
            &["taskflow-backend:1.0.0 is built, and loaded", "refloat load-images"],
        ),
        (vec![unbuilt, other_images], &["The node holds an image of that name", "refloat load-images"]),
        (
            vec![kubectl(&["config", "view", "--minify"], json!({ "stdout": foreign }))],
            &["The context minikube is that of Minikube's minikube", "--set context=minikube"],
        ),
        (
            vec![kubectl(&["describe", "node", "minikube"], json!({ "stdout": small }))],
            &["cpu: 0m of 100m requested, 100m free, 150m wanted by what the chart deploys", "Lower the requests"],
        ),
        (vec![helm(&["status", "taskflow"], half)], &["An upgrade of taskflow was broken off", "refloat rollback"]),
    ] {
        let stand_ins = tools(rules.clone());
        let project = Project::taskflow().with_tools(&stand_ins);
        let answer = project.run(&["redeploy"]).exits(4).says(says);
        assert_eq!(changes(&stand_ins), [""; 0], "{says:?}");
        assert!(
            !SECRETS.iter().any(|secret| answer.err.contains(secret) || answer.out.contains(secret)),
            "{}",
            answer.err
        );
        // No flag skips it; asked by itself it fails.
        project.run(&["redeploy", "--yes"]).exits(4);
        project.run(&["preflight"]).exits(1).says(says);
        assert_eq!(changes(&stand_ins), [""; 0], "{says:?}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let dirty = json!({ "argv": ["git", "--no-optional-locks", "status", "**"], "stdout": "?? Phase-III/new.py\n" });
    let stand_ins = tools(vec![dirty, rendered("http://192.168.49.2:30080", "http://localhost:3000")]);
    let answer = Project::taskflow().with_tools(&stand_ins).run(&["preflight"]).exits(1);
    answer.says(&["Nothing in Phase-II", "The CORS_ORIGINS", "2 failed"]);
}

#[test]
fn what_is_safe_passes_and_a_reset_that_could_not_deploy_deletes_nothing() {
    let stand_ins = tools(Vec::new());
    Project::taskflow().with_tools(&stand_ins).run(&["preflight"]).exits(0);
    let stand_ins = tools(vec![rendered("postgresql://taskflow", "mysql://taskflow")]);
    let answer = Project::taskflow().with_tools(&stand_ins).run(&["reset", "--confirm", "minikube"]).exits(4);
    answer.says(&["DATABASE_URL"]);
    assert_eq!(changes(&stand_ins), [""; 0]);
}
