//! Too few of what the system gives, and a bug of ours: an error, an exit code, and nobody left behind.

use super::process::wait_until_gone;
use super::steps::{project, rule};
use super::stub::Tools;
use serde_json::json;
use std::process::Command;

#[test]
fn with_too_few_files_a_run_fails_in_words_and_leaves_nobody_behind() {
    let tools = Tools::new().rule(rule(&["helm", "go"], json!({ "stdout": "begun\n", "spawn_grandchild_ms": 0 })));
    let project = project("danger = \"change\"\n[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\n", &tools);
    let mut codes = Vec::new();
    for most in 3..=24 {
        let plain = project.command(&["t"]);
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]);
        shell.arg(plain.get_program()).args(plain.get_args()).current_dir(project.path()).env_clear();
        for (name, value) in plain.get_envs() {
            shell.env(name, value.unwrap());
        }
        let output = shell.stdin(std::process::Stdio::null()).output().unwrap();
        let (code, told) = (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
        // The loader itself needs a file.
        if told.contains("error while loading shared libraries") {
            continue;
        }
        let code = code.unwrap_or_else(|| panic!("{most} files: it died of a signal: {told}"));
        assert!([0, 1, 5, 70, 74, 78].contains(&code), "{most} files: {code}: {told}");
        assert!(code == 0 || told.contains("rror"), "{most} files: {code} and no word: {told}");
        assert!(!told.contains("panicked"), "{most} files: {told}");
        codes.push(code);
    }
    assert!(codes.contains(&0) && codes.iter().any(|code| *code != 0), "{codes:?}: nothing was scarce");
    tools.pids().into_iter().for_each(wait_until_gone);
}

#[cfg(target_os = "linux")]
#[test]
fn where_no_process_can_be_started_the_step_says_so() {
    // Limits on processes do not hold for root: a user of its own then.
    let tools = Tools::new().rule(rule(&["helm", "go"], json!({ "stdout": "begun\n" })));
    let project = project("[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\n", &tools);
    let plain = project.command(&["t"]);
    // Our own threads are taken from the same account, and one day there will be more of them.
    let mut codes = Vec::new();
    for most in 1..=12 {
        let mut shell = Command::new("prlimit");
        shell.arg(format!("--nproc={most}"));
        if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            for path in [project.path().to_owned(), tools.path(), tools.path().join("..")] {
                let files = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
                files
                    .chain([path.clone()])
                    .for_each(|path| std::os::unix::fs::lchown(path, Some(54321), None).unwrap());
            }
            shell.args(["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]);
        }
        shell.arg(plain.get_program()).args(plain.get_args()).current_dir(project.path());
        for (name, value) in plain.get_envs() {
            shell.env(name, value.unwrap());
        }
        shell.env("PATH", format!("{}:/usr/bin:/bin", tools.path().display()));
        let output = shell.stdin(std::process::Stdio::null()).output().unwrap();
        let (code, told) = (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
        let code = code.unwrap_or_else(|| panic!("{most} processes: it died of a signal: {told}"));
        assert!([0, 1, 70].contains(&code), "{most} processes: {code}: {told}");
        assert!(code == 0 || told.contains("rror") || told.contains("failed"), "{most} processes: {code}: {told}");
        codes.push(format!("{most}: {code}: {told}"));
    }
    let some = |code: &str| codes.iter().any(|told| told.contains(code));
    assert!(some(": 0: ") && (some(": 1: ") || some(": 70: ")), "nothing was scarce: {codes:#?}");
    tools.pids().into_iter().for_each(wait_until_gone);
}

#[test]
fn a_bug_of_ours_ends_the_tools_says_one_calm_line_and_has_its_own_code() {
    let tools = Tools::new()
        .tool("supervisor")
        .rule(rule(&["helm"], json!({ "stdout": "a secret\n", "spawn_grandchild_ms": 600_000, "hang_ms": 600_000 })));
    let mut supervisor = Command::new(tools.bin("supervisor"));
    let output = supervisor.arg("--panic").arg(tools.bin("helm")).envs(tools.env()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(70), "{told}");
    assert!(told.contains("error: a bug in refloat itself (tests/stub/main.rs:"), "{told}");
    assert!(told.contains("next: refloat history"), "{told}");
    // What a bug says may quote what it worked on.
    assert!(!told.contains("secret") && !told.contains("panicked"), "{told}");
    tools.pids().into_iter().chain(tools.grandchildren()).for_each(wait_until_gone);
}
