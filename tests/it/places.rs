//! Whose the task file is, and who else could have written it.

use super::stub::Tools;
use super::support::Project;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[tools.helm]
version = { run = ["version"], match = 'v(\d+\.\d+\.\d+)', min = "3.0.0" }
[tasks.look]
summary = "Look"
[[tasks.look.steps]]
run = ["helm", "list"]
[checks.there]
title = "It is there"
run   = ["helm", "status"]
[diagnose]
task = "look"
[symptoms.own]
family = "crash-loop"
role   = "root"
any    = ['my own error']
cause  = "It is mine"
fix    = ["mend it"]
"#;

/// What runs something of the file, and what only reads it.
const ACTS: [&[&str]; 4] = [&["look"], &["check"], &["diagnose"], &["doctor"]];
const READS: [&[&str]; 5] = [&["list"], &["show", "look"], &["look", "--dry-run"], &["history"], &["explain", "own"]];

fn project() -> (Tools, Project) {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "version"], "stdout": "v3.14.0\n" }))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }));
    let project = Project::new(TASKS).with_tools(&tools);
    (tools, project)
}

fn rights(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Nothing of it is run, reading goes on with a warning, and the command that is told mends it.
fn refused(tools: &Tools, project: &Project, says: &[&str], mends: &str) {
    for args in ACTS {
        let answer = project.run(args).exits(4);
        let told = answer.err.replace('\n', " ").replace("  ", " ");
        for part in says.iter().chain(&["nothing of it is run", mends]) {
            assert!(told.contains(part), "{args:?}: {part:?} is missing in {told}");
        }
    }
    assert!(tools.calls().is_empty() && project.runs().is_empty(), "{:?}", tools.calls());
    for args in READS {
        project.run(args).exits(0).says(&["warning: "]).says(&says[..1]);
    }
    let text = project.path().join("log.txt");
    fs::write(&text, "ERROR my own error\n").unwrap();
    project.run(&["diagnose", "log.txt"]).exits(3).answers(&["It is mine"]).says(&["warning: "]);
    // A recording touches nothing.
    let call = |verb: &str| {
        format!(
            "{{\"argv\": [\"helm\", \"{verb}\"], \"exit_code\": 0, \"elapsed_ms\": 1, \"stdout\": \"x\", \"stderr\": \"\"}}\n"
        )
    };
    let recording = format!("{{\"incident\": \"x\", \"note\": \"\"}}\n{}", call("list"));
    fs::write(project.path().join("r.jsonl"), recording).unwrap();
    project.run(&["look", "--replay", "r.jsonl"]).exits(0).says(&["warning: "]);
    assert!(tools.calls().is_empty());
    let mended = std::process::Command::new("sh").arg("-c").arg(mends).status().unwrap();
    assert!(mended.success(), "{mends}");
    let answer = project.run(&["look"]).exits(0);
    assert!(!answer.err.contains("warning"), "{}", answer.err);
    assert!(!tools.calls().is_empty());
}

#[test]
fn a_file_that_everybody_may_write_to_is_not_run() {
    let (tools, project) = project();
    let file = project.path().join("tasks.toml");
    rights(&file, 0o666);
    let mends = format!("chmod o-w {}", file.display());
    refused(&tools, &project, &["everybody may write to `"], &mends);
}

#[test]
fn neither_is_one_beside_which_everybody_may_write() {
    let (tools, project) = project();
    let project = project.file("tasks.local.toml", "[vars]\n");
    let file = project.path().join("tasks.local.toml");
    rights(&file, 0o646);
    let mends = format!("chmod o-w {}", file.display());
    refused(&tools, &project, &["everybody may write to `", "tasks.local.toml"], &mends);
}

#[test]
fn neither_is_one_that_everybody_may_replace() {
    let (tools, project) = project();
    rights(project.path(), 0o777);
    let mends = format!("chmod o-w {}", project.path().display());
    refused(&tools, &project, &["everybody may replace files in `"], &mends);
}

/// As in `/tmp`: there, only the owner replaces a file.
#[test]
fn a_file_of_ours_is_run_where_only_owners_replace_files() {
    let (tools, project) = project();
    rights(project.path(), 0o1777);
    project.run(&["look"]).exits(0);
    assert_eq!(tools.calls().len(), 2);
}

#[test]
fn a_link_to_a_file_of_ours_is_as_good_as_the_file() {
    let (tools, project) = project();
    let [file, target] = ["tasks.toml", "target.toml"].map(|name| project.path().join(name));
    fs::rename(&file, &target).unwrap();
    symlink(&target, &file).unwrap();
    project.run(&["look"]).exits(0);
    assert_eq!(tools.calls().len(), 2);
    rights(&target, 0o666);
    project.run(&["look"]).exits(4).says(&["everybody may write", "target.toml"]);
}

/// Only root can give a file away; elsewhere the rule itself is shown by the unit tests of the adapter.
#[test]
fn a_file_of_somebody_else_is_not_run() {
    const SOMEBODY: u32 = 54_321;
    let (tools, project) = project();
    let file = project.path().join("tasks.toml");
    if fs::metadata(&file).unwrap().uid() != 0 {
        eprintln!("passed over: only root can give a file to somebody else");
        return;
    }
    chown(&file, Some(SOMEBODY), None).unwrap();
    let mends = format!("chown -h 0 {}", file.display());
    refused(&tools, &project, &["belongs to user 54321, and you are user 0"], &mends);
    // Whoever called sudo is who we are.
    chown(&file, Some(SOMEBODY), None).unwrap();
    for (user, code) in [("54321", 0), ("54322", 4), ("x", 4)] {
        let mut command = project.command(&["look"]);
        command.env("SUDO_UID", user);
        project.ran(command).exits(code);
    }
    // The link itself may be somebody's, too.
    let target = project.path().join("target.toml");
    fs::rename(&file, &target).unwrap();
    chown(&target, Some(0), None).unwrap();
    symlink(&target, &file).unwrap();
    std::os::unix::fs::lchown(&file, Some(SOMEBODY), None).unwrap();
    project.run(&["look"]).exits(4).says(&["belongs to user 54321"]);
}
