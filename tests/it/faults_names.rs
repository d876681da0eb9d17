//! Folders and files with names that a shell, a terminal or an encoding would trip over.

use super::stub::Tools;
use super::support::Project;
use serde_json::json;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[tools.helm]
[tasks.t]
summary = "Try it"
[[tasks.t.steps]]
run  = ["helm", "fail"]
save = "x.txt"
"#;

/// Names that this system can hold.
fn names() -> Vec<OsString> {
    let mut names: Vec<OsString> =
        ["with space", "100%PATH%", "a&b;c", "it's", "(x)^!", "日本語", "😀", "émile", "-f"].map(OsString::from).into();
    names.extend(on_this_system());
    names
}

#[cfg(unix)]
fn on_this_system() -> Vec<OsString> {
    use std::os::unix::ffi::OsStringExt;
    let mut names: Vec<OsString> =
        ["\"quoted\"", "a\\b", "$(touch evil)", "`x`", "rtl\u{202e}txt", "new\nline", "\u{1b}[2Jx", "*?"]
            .map(OsString::from)
            .into();
    // Windows takes no path of that length as the directory of a program.
    names.push(format!("{0}/{0}", "x".repeat(150)).into());
    names.push(OsString::from_vec(b"no\xff\xfetext".to_vec()));
    names
}

#[cfg(not(unix))]
fn on_this_system() -> Vec<OsString> {
    Vec::new()
}

/// The whole of it works from such a folder and into such a folder, and what is told is fit for a
/// terminal.
#[test]
fn a_project_may_lie_in_a_folder_of_any_name() {
    for name in names() {
        let tools = Tools::new().rule(json!({ "argv": ["helm", "fail"], "stdout": "nothing known\n", "exit": 1 }));
        let project = Project::new(TASKS).with_tools(&tools);
        let folder = project.path().join(&name);
        fs::create_dir_all(&folder).unwrap();
        fs::rename(project.path().join("tasks.toml"), folder.join("tasks.toml")).unwrap();

        let mut inside = project.command(&["t"]);
        inside.current_dir(&folder);
        let answer = project.ran(inside).exits(1);
        harmless(&answer.err);
        assert_eq!(evidence(&folder), ["nothing known\n"], "{name:?}");

        let mut outside = project.command(&["t"]);
        outside.arg("-f").arg(Path::new(".").join(&name).join("tasks.toml"));
        let answer = project.ran(outside).exits(1);
        harmless(&answer.err);
        assert_eq!(evidence(&folder).len(), 2, "{name:?}");
        assert!(!project.path().join(".refloat").exists(), "beside the file, not where we stand");
        follows(&project, &name, &answer.err);

        let mut read = project.command(&["diagnose"]);
        read.arg("--").arg(folder.join("tasks.toml"));
        harmless(&project.ran(read).err);
    }
}

/// The command that is told next can be copied: it reads that very evidence.
#[cfg(unix)]
fn follows(project: &Project, name: &std::ffi::OsStr, told: &str) {
    if name.to_str().is_none() {
        // No text can say it.
        return;
    }
    let hint = told.lines().find_map(|line| line.trim().strip_prefix("next  refloat ")).expect(told);
    // Control characters are written as `bash` takes them; not every `sh` does.
    let shell = if hint.contains("$'") { "bash" } else { "sh" };
    let refloat = project.command(&[]);
    let mut command = std::process::Command::new(shell);
    command.arg("-c").arg(format!("\"$0\" {hint}")).arg(refloat.get_program()).current_dir(project.path());
    for (key, value) in refloat.get_envs().filter_map(|(key, value)| Some((key, value?))) {
        if key != "PATH" {
            command.env(key, value);
        }
    }
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{hint}\n{out}{err}");
    assert!(out.contains("in 1 text"), "{hint}\n{out}{err}");
    assert!(!project.path().join("evil").exists(), "{hint}");
}

#[cfg(not(unix))]
fn follows(_project: &Project, _name: &std::ffi::OsStr, _told: &str) {}

#[track_caller]
fn harmless(told: &str) {
    assert!(!told.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{told:?}");
}

/// The texts that the runs of a project kept.
fn evidence(folder: &Path) -> Vec<String> {
    let runs = fs::read_dir(folder.join(".refloat").join("runs")).unwrap();
    runs.map(|run| fs::read_to_string(run.unwrap().path().join("evidence").join("x.txt")).unwrap()).collect()
}

#[test]
fn a_file_that_cannot_be_named_is_told_and_ends_nothing() {
    let tasks = TASKS.replace("x.txt", "${name}.txt").replace("[tools.helm]", "[vars]\nname = \"x\"\n[tools.helm]");
    let long = "n".repeat(300);
    for (name, why) in [
        (long.as_str(), Some("1 to 200 bytes")),
        ("nul", Some("keeps that name for a device")),
        ("../x", None),
        ("a:b", None),
        ("日本語 😀", None),
    ] {
        let tools = Tools::new().rule(json!({ "argv": ["helm", "fail"], "stdout": "kept\n" }));
        let project = Project::new(&tasks).with_tools(&tools);
        let answer = project.run(&["t", "--set", &format!("name={name}")]);
        assert_eq!(tools.calls().len(), 1, "{name}: {}", answer.err);
        let texts: Vec<String> = project.evidence().into_values().collect();
        if let Some(why) = why {
            let told = answer.exits(74).err.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(told.contains("is no file name") && told.contains(why), "{told}");
            assert!(texts.is_empty(), "{name}");
        } else {
            // What no system takes in a name was replaced.
            answer.exits(0);
            assert_eq!(texts, ["kept\n"], "{name}");
        }
        let mut beside: Vec<_> =
            fs::read_dir(project.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        beside.sort();
        assert_eq!(beside, [".git", ".refloat", "tasks.toml"], "{name}: nothing else was written");
    }
}
