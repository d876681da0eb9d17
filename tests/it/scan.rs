//! `refloat evidence scan`: what it finds, what it only points at, and what it never says.

use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

const TASKS: &str = "version = 1\n[app]\nname = \"x\"\n[vars]\nkey = { secret = true }\n[tools.helm]\n[tasks.up]\nsummary = \"Up\"\n[[tasks.up.steps]]\nrun = [\"helm\", \"upgrade\", \"a\", \"b\", \"-f\", \"values.yaml\"]\n[tasks.evidence]\nsummary = \"Save\"\n[[tasks.evidence.steps]]\nrun = [\"helm\", \"list\"]\nsave = \"list.txt\"\n";

#[test]
fn a_folder_is_looked_through_to_the_last_line() {
    let project = Project::new(TASKS)
        .file("values.yaml", "secrets:\n  jwt: from-values-77\n")
        .file("tasks.local.toml", "[vars]\nkey = \"from-local-88\"\n")
        .file("e/clean.txt", "all is well\npostgresql://app@db:5432/app\n[hidden DB 9 chars #0123abcd]\n")
        .file(
            "e/deep/log.txt",
            "one\r\nDB_PASSWORD=hunter2secret\r\nsaid from-values-77\r\nkey from-local-88, twice from-local-88",
        )
        .file("e/wide.txt", &format!("{}postgres://u:pw-at-the-end@h/d", "x ".repeat(70_000)))
        .file(
            "e/call.jsonl",
            &json!({"argv": ["kubectl"], "stdout": "password:\n  x\nother: 1\n---\nadminPassword: short1\n"})
                .to_string(),
        );
    let told = project.run(&["evidence", "scan", "e"]).exits(3);
    for line in [
        "deep/log.txt:2  DB_PASSWORD (13 characters, #",
        "deep/log.txt:3  a secret (14 characters, #",
        "deep/log.txt:4  a secret (13 characters, #",
        "wide.txt:1  a secret (13 characters, #",
        "call.jsonl:1  adminPassword (6 characters, #",
        "4 files: 5 secrets not hidden\n",
    ] {
        assert!(told.out.contains(line), "{line}\n{}", told.out);
    }
    for secret in ["hunter2", "from-values", "from-local", "pw-at-the-end", "short1"] {
        assert!(!told.out.contains(secret) && !told.err.contains(secret), "{}", told.out);
    }
    let data = project.run(&["evidence", "scan", "e", "--format", "json"]).exits(3);
    let data: Value = serde_json::from_str(&data.out).unwrap();
    assert_eq!((data["schema"].as_u64(), data["files"].as_u64()), (Some(1), Some(4)));
    assert_eq!(data["secrets"].as_array().unwrap().len(), 5);
    assert_eq!(data["secrets"][1]["line"], 2);
}

#[test]
fn a_file_alone_and_no_task_file_at_all_are_enough() {
    let project = Project::new("").file("x.txt", "token: sk-ant-api03-abcdefghij0123456789\n");
    std::fs::remove_file(project.path().join("tasks.toml")).unwrap();
    project.run(&["evidence", "scan", "x.txt"]).exits(3).answers(&["x.txt:1  token (20 characters, #"]);
    let project = project.file("y.txt", "nothing here\n");
    project.run(&["evidence", "scan", "y.txt"]).exits(0).answers(&["1 file: no secret found\n"]);
}

#[test]
fn a_word_that_only_looks_random_is_pointed_at() {
    let project =
        Project::new(TASKS).file("e/x.txt", "id q1W2e3R4t5Y6u7I8o9P0a1S2d3\nsha256:0123456789abcdef0123456789abcdef\n");
    let told = project.run(&["evidence", "scan", "e"]).exits(0);
    assert_eq!(
        told.out,
        "x.txt:1:4  a word that looks random (26 characters)\n1 file: no secret found; 1 word to look at\n"
    );
}

#[test]
fn what_is_not_there_is_a_usage_error() {
    let project = Project::new(TASKS);
    for (args, says) in [
        (&["evidence", "scan", "nowhere"][..], "`nowhere` does not exist"),
        (&["evidence", "scan"], "`evidence scan` takes one folder or file"),
        (&["evidence", "scan", "a", "b"], "`evidence scan` takes one folder or file"),
    ] {
        project.run(args).exits(2).says(&[says, "refloat evidence scan DIR"]);
    }
}

#[test]
fn the_task_of_that_name_is_still_a_task() {
    let tools = Tools::new().rule(json!({ "argv": ["helm", "list"], "stdout": "x\n" }));
    let project = Project::new(TASKS).with_tools(&tools);
    project.run(&["evidence"]).exits(0);
    assert_eq!(project.evidence()["list.txt"], "x\n");
    let place = project.runs()[0].join("evidence");
    project.run(&["evidence", "scan", place.to_str().unwrap()]).exits(0).answers(&["1 file: no secret found\n"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed_out_of_the_folder() {
    let project = Project::new(TASKS).file("secret.txt", "password: hunter2secret\n").file("e/a.txt", "fine\n");
    std::os::unix::fs::symlink(project.path().join("secret.txt"), project.path().join("e/link.txt")).unwrap();
    project.run(&["evidence", "scan", "e"]).exits(0).answers(&["1 file: no secret found\n"]);
}
