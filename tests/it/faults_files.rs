//! Task files and patterns that are too big, endless, or no files at all.

use super::stub::Tools;
use super::support::Project;
use serde_json::json;
use std::fs;

const TASKS: &str = r#"version = 1
[app]
name = "app"
[tools.helm]
[tasks.t]
summary = "Try it"
[[tasks.t.steps]]
run = ["helm", "first"]
[[tasks.t.steps]]
run = ["helm", "second"]
"#;

/// A file of nothing but comments behind the tasks.
fn padded(bytes: usize) -> String {
    let line = "# nothing to see here, and nothing there, and a line of it is 72 bytes\n";
    format!("{TASKS}{}", line.repeat(bytes / line.len()))
}

#[test]
fn a_large_file_is_read_and_a_huge_one_is_not() {
    let project = Project::new(&padded(3 << 20));
    project.run(&["list"]).exits(0).answers(&["Try it"]);
    for bytes in [(4 << 20) + 4096, 50 << 20] {
        let project = Project::new(&padded(bytes));
        project.run(&["list"]).exits(78).says(&["is larger than 4 MiB"]);
    }
    // Big and wrong: told, and not for ever.
    let many = "[tasks.x]\n".repeat(100_000);
    Project::new(&format!("version = 1\n{many}")).run(&["list"]).exits(78).says(&["tasks.toml:3"]);
}

#[test]
fn an_empty_file_and_no_text_are_told() {
    for (bytes, says) in [(&b""[..], "version"), (&b"version = 1\n# caf\xe9\n"[..], "UTF-8")] {
        let project = Project::new("");
        fs::write(project.path().join("tasks.toml"), bytes).unwrap();
        project.run(&["list"]).exits(78).says(&[says]);
    }
}

#[test]
fn a_directory_is_no_task_file() {
    let project = Project::new(TASKS).file("folder/tasks.toml/x", "").file("folder/.git/x", "");
    project.run(&["-f", "folder/tasks.toml", "list"]).exits(78).says(&["is a directory"]);
    let mut command = project.command(&["list"]);
    command.current_dir(project.path().join("folder"));
    project.ran(command).exits(2).says(&["no tasks.toml here"]);
    let project = project.file("tasks.local.toml/x", "");
    project.run(&["list"]).exits(78).says(&["tasks.local.toml", "is a directory"]);
}

/// Whoever opens a pipe waits until somebody writes to it: it is not even opened.
#[cfg(unix)]
#[test]
fn what_never_ends_is_no_task_file() {
    let project = Project::new(TASKS);
    project.run(&["-f", "/dev/zero", "list"]).exits(78).says(&["is not a regular file"]);
    let pipe = |name: &str| {
        let made = std::process::Command::new("mkfifo").arg(project.path().join(name)).status().unwrap();
        assert!(made.success());
    };
    pipe("pipe");
    project.run(&["-f", "pipe", "list"]).exits(78).says(&["is not a regular file"]);
    project.run(&["diagnose", "pipe"]).exits(2).says(&["is not a regular file"]);
    pipe("tasks.local.toml");
    project.run(&["t"]).exits(78).says(&["tasks.local.toml", "is not a regular file"]);
    fs::remove_file(project.path().join("tasks.toml")).unwrap();
    pipe("tasks.toml");
    project.run(&["list"]).exits(2).says(&["no tasks.toml here"]);
    assert!(project.runs().is_empty());
}

/// The plan is made before the first step, of what the file said then.
#[test]
fn a_file_that_changes_while_its_task_runs_changes_nothing() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "first"], "hang_ms": 1500 }))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "x\n" }));
    let project = Project::new(TASKS).with_tools(&tools);
    let child = project
        .command(&["t"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while tools.calls().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fs::write(project.path().join("tasks.toml"), TASKS.replace("second", "evil")).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(tools.calls(), [["helm", "first"], ["helm", "second"]]);
    project.run(&["t"]).exits(0);
    assert_eq!(tools.calls()[3], ["helm", "evil"], "the next run reads it anew");
}

fn symptom(id: &str, pattern: &str) -> String {
    format!(
        "[symptoms.{id}]\nfamily = \"crash-loop\"\nrole = \"root\"\nany = ['{pattern}']\ncause = \"It is {id}\"\nfix = [\"mend it\"]\n"
    )
}

/// A pattern that would make other engines try every way to cut a megabyte into pieces.
#[test]
fn a_pattern_that_others_choke_on_is_linear() {
    let project = Project::new(&format!("{TASKS}{}", symptom("greedy", "ERROR (a+)+$")));
    let long = "a".repeat(1 << 20);
    let project = project.file("no.txt", &format!("ERROR {long}b\n")).file("yes.txt", &format!("ERROR {long}\n"));
    let answer = project.run(&["diagnose", "no.txt"]).exits(3);
    assert!(!answer.out.contains("It is greedy"), "{}", answer.out);
    project.run(&["diagnose", "yes.txt"]).exits(3).answers(&["It is greedy"]);
}

#[test]
fn five_hundred_patterns_are_looked_for_at_once() {
    let symptoms: String =
        (0..500).map(|n| symptom(&format!("own-{n}"), &format!("own error number {n}\\b"))).collect();
    let project = Project::new(&format!("{TASKS}{symptoms}"));
    let text: String = (0..20_000).map(|n| format!("INFO all is well {n}\n")).collect();
    let project = project.file("log.txt", &format!("{text}ERROR own error number 499\n{text}"));
    project.run(&["diagnose", "log.txt"]).exits(3).answers(&["It is own-499"]);
}

#[test]
fn a_pattern_that_grows_too_big_is_told_at_its_place() {
    for (pattern, says) in [
        ("((a{900}){900}){9}".to_owned(), "size limit"),
        ("a".repeat(5000), "5000 bytes; 4096 is the most"),
        (format!("{}x{}", "(".repeat(300), ")".repeat(300)), "nest"),
    ] {
        let project = Project::new(&format!("{TASKS}{}", symptom("big", &pattern)));
        let answer = project.run(&["list"]).exits(78);
        let line = TASKS.lines().count() + 4;
        for part in ["this is not a valid pattern", says, &format!("tasks.toml:{line}")] {
            assert!(answer.err.contains(part), "{part:?} is missing: {}", &answer.err[..answer.err.len().min(2000)]);
        }
    }
}

/// A task that two others call runs for each of them: that is what the file says, and what is shown.
#[test]
fn a_task_that_two_others_call_runs_for_each() {
    let calls = |name: &str, of: &[&str]| {
        let steps: Vec<String> = of.iter().map(|task| format!("{{ task = \"{task}\" }}")).collect();
        format!("[tasks.{name}]\nsummary = \"{name}\"\nsteps = [{}]\n", steps.join(", "))
    };
    let tasks =
        format!("{TASKS}{}{}{}", calls("left", &["t"]), calls("right", &["t"]), calls("top", &["left", "right"]));
    let tools = Tools::new().rule(json!({ "argv": ["helm", "**"], "stdout": "x\n" }));
    let project = Project::new(&tasks).with_tools(&tools);
    let shown = project.run(&["top", "--dry-run"]).exits(0).out;
    assert_eq!((shown.matches("helm first").count(), shown.matches("helm second").count()), (2, 2), "{shown}");
    project.run(&["top"]).exits(0);
    assert_eq!(tools.calls().len(), 4);
}
