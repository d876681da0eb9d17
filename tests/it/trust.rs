//! The first time that a task file destroys something, somebody must have seen what it does.

use super::steps::lines;
use super::stub::Tools;
use super::support::{Answer, Project};
use serde_json::json;
use std::fs;
use std::path::PathBuf;

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[vars]
profile  = "minikube"
password = { secret = true }
[tools.minikube]
[tools.helm]
args = ["--kube-context", "${profile}"]

[tasks.reset]
summary = "Delete the cluster"
danger  = "destroy"
confirm = "${profile}"
[[tasks.reset.steps]]
run = ["helm", "list"]
[[tasks.reset.steps]]
run = ["minikube", "delete", "-p", "${profile}", "--token=${password}"]
[[tasks.reset.steps]]
task = "remove"

[tasks.remove]
summary = "Remove the release"
danger  = "destroy"
confirm = "${profile}"
[[tasks.remove.steps]]
run = ["helm", "uninstall", "app"]

[tasks.restart]
summary = "Restart the pods"
danger  = "change"
confirm = true
[[tasks.restart.steps]]
run = ["helm", "upgrade"]
"#;

const CALLS: [&str; 3] = [
    "helm --kube-context minikube list",
    "minikube delete -p minikube --token=hunter22",
    "helm --kube-context minikube uninstall app",
];

fn project() -> (Tools, Project) {
    let tools = Tools::new()
        .rule(json!({ "argv": ["minikube", "**"], "stdout": "deleted\n" }))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }));
    let project = Project::new(TASKS).with_tools(&tools).env("REFLOAT_VAR_PASSWORD", "hunter22");
    (tools, project)
}

/// Runs it where nothing says beforehand that the file is trusted.
fn run(project: &Project, args: &[&str]) -> Answer {
    let mut command = project.command(args);
    command.env_remove("REFLOAT_TRUST");
    project.ran(command)
}

/// Where this person's notes about trusted files lie.
fn folder(project: &Project) -> PathBuf {
    let state = if cfg!(windows) { project.path().join("local") } else { project.path().join(".local/state") };
    state.join("refloat").join("trust")
}

fn notes(project: &Project) -> Vec<PathBuf> {
    let Ok(notes) = fs::read_dir(folder(project)) else { return Vec::new() };
    notes.map(|note| note.unwrap().path()).collect()
}

#[test]
fn without_a_terminal_a_new_file_destroys_nothing() {
    let (tools, project) = project();
    let tasks = project.path().join("tasks.toml").display().to_string();
    for args in [&["reset"][..], &["reset", "--confirm", "minikube"], &["reset", "--yes"]] {
        let answer = run(&project, args).exits(4).says(&[
            "was never confirmed here",
            "no terminal",
            "nothing was done",
            "refloat reset --dry-run",
            "refloat reset --confirm minikube --trust",
        ]);
        // The line may be wrapped inside of the path.
        assert!(answer.err.replace(['\n', ' '], "").contains(&tasks.replace(' ', "")), "{}", answer.err);
        assert!(!answer.err.contains("hunter22"));
    }
    assert!(tools.calls().is_empty() && project.runs().is_empty() && notes(&project).is_empty());
}

#[test]
fn a_flag_says_yes_once_and_it_is_remembered_until_the_file_changes() {
    let (tools, project) = project();
    run(&project, &["reset", "--trust", "--confirm", "minikube"]).exits(0);
    assert_eq!(lines(&tools), CALLS);
    run(&project, &["reset", "--confirm", "minikube"]).exits(0);
    assert_eq!(tools.calls().len(), 6);
    // Another task of the same file: it was the file that was confirmed.
    run(&project, &["remove", "--confirm", "minikube"]).exits(0);
    let project = project.file("tasks.toml", &format!("{TASKS}# changed\n"));
    run(&project, &["reset", "--confirm", "minikube"]).exits(4).says(&["has changed since you confirmed it"]);
    run(&project, &["reset", "--confirm", "minikube", "--trust"]).exits(0);
    // What lies beside it decides as well what runs.
    let project = project.file("tasks.local.toml", "[vars]\nprofile = \"minikube\"\n");
    run(&project, &["reset", "--confirm", "minikube"]).exits(4).says(&["has changed since you confirmed it"]);
    assert_eq!(tools.calls().len(), 10);
    assert_eq!(notes(&project).len(), 1, "one for each file, however often it changes");
}

#[test]
fn the_typed_name_is_asked_for_all_the_same() {
    let (tools, project) = project();
    run(&project, &["reset", "--trust"])
        .exits(4)
        .says(&["needs the name `minikube`", "refloat reset --confirm minikube"]);
    run(&project, &["reset", "--trust", "--confirm", "other"]).exits(4).says(&["`minikube`, not `other`"]);
    assert!(tools.calls().is_empty());
}

#[test]
fn the_same_text_elsewhere_is_another_file() {
    let (tools, project) = project();
    run(&project, &["remove", "--confirm", "minikube", "--trust"]).exits(0);
    let project = project.file("copy/tasks.toml", TASKS);
    run(&project, &["-f", "copy/tasks.toml", "remove", "--confirm", "minikube"])
        .exits(4)
        .says(&["was never confirmed here", "refloat -f copy/tasks.toml remove --confirm minikube --trust"]);
    // However it is named, it is the same file.
    run(&project, &["-f", "copy/../tasks.toml", "remove", "--confirm", "minikube"]).exits(0);
    assert_eq!(tools.calls().len(), 2);
}

#[test]
fn the_environment_says_yes_for_scripts_and_nothing_is_remembered() {
    let (tools, project) = project();
    project.run(&["reset", "--confirm", "minikube"]).exits(0);
    assert_eq!(tools.calls().len(), 3);
    assert!(notes(&project).is_empty());
    for value in ["", "0", "yes"] {
        let mut command = project.command(&["reset", "--confirm", "minikube"]);
        command.env("REFLOAT_TRUST", value);
        project.ran(command).exits(4).says(&["was never confirmed here"]);
    }
    assert_eq!(tools.calls().len(), 3);
}

#[test]
fn what_destroys_nothing_needs_no_trust() {
    let (tools, project) = project();
    run(&project, &["reset", "--dry-run"]).exits(0);
    run(&project, &["restart", "--yes"]).exits(0);
    let recording = "{\"incident\": \"x\", \"note\": \"\"}\n\
        {\"argv\": [\"helm\", \"uninstall\", \"app\"], \"exit_code\": 0, \"elapsed_ms\": 1, \"stdout\": \"\", \"stderr\": \"\"}\n";
    let project = project.file("r.jsonl", recording);
    run(&project, &["remove", "--confirm", "minikube", "--replay", "r.jsonl"]).exits(0);
    assert_eq!(lines(&tools), ["helm --kube-context minikube upgrade"]);
    assert!(notes(&project).is_empty());
}

#[test]
fn a_note_says_which_file_and_no_secret_and_an_unreadable_one_is_none() {
    let (_tools, project) = project();
    let project = project.file("tasks.local.toml", "[vars]\npassword = \"hunter23\"\n");
    run(&project, &["remove", "--confirm", "minikube", "--trust"]).exits(0);
    let note = notes(&project).remove(0);
    let text = fs::read_to_string(&note).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(kept["path"], project.path().join("tasks.toml").to_str().unwrap());
    assert_eq!(kept["sha256"].as_str().unwrap().len(), 64);
    assert!(!text.contains("hunter"));
    for torn in [&text[..text.len() / 2], "", "[]"] {
        fs::write(&note, torn).unwrap();
        run(&project, &["remove", "--confirm", "minikube"]).exits(4).says(&["was never confirmed here"]);
    }
}

#[test]
fn a_yes_that_cannot_be_remembered_is_a_yes() {
    let (tools, project) = project();
    let place = folder(&project);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, "in the way").unwrap();
    let args = ["remove", "--confirm", "minikube", "--trust"];
    run(&project, &args).exits(0).says(&["it will be asked again", "not a directory"]);
    assert_eq!(tools.calls().len(), 1);
    assert_eq!(fs::read(place).unwrap(), b"in the way");
}

#[cfg(unix)]
mod on_unix {
    use super::*;
    use crate::pty::AtPty;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn at_a_terminal(project: &Project, args: &[&str]) -> AtPty {
        let mut command = project.command(args);
        command.env_remove("REFLOAT_TRUST");
        AtPty::start(command)
    }

    const QUESTION: &str = "Trust this file until it changes? [y/N] ";

    #[test]
    fn a_person_sees_the_path_and_what_is_destroyed_and_is_asked_once() {
        let (tools, project) = project();
        let mut terminal = at_a_terminal(&project, &["reset"]);
        terminal.sees(QUESTION);
        let screen = terminal.screen();
        for part in [
            project.path().join("tasks.toml").to_str().unwrap(),
            "was never confirmed here",
            "minikube delete -p minikube '--token='${password}",
            "helm --kube-context minikube --timeout=5m uninstall app",
        ] {
            assert!(screen.contains(part) || screen.contains(&part.replace('\'', "")), "{part}:\n{screen}");
        }
        assert!(!screen.contains("hunter22") && !screen.contains("list"), "{screen}");
        assert!(tools.calls().is_empty());
        terminal.types("y\n").sees("Type minikube to go on: ").types("minikube\n").exits(0);
        assert_eq!(lines(&tools), CALLS);
        let mut terminal = at_a_terminal(&project, &["reset"]);
        terminal.sees("Type minikube to go on: ");
        assert!(!terminal.screen().contains(QUESTION));
        terminal.types("minikube\n").exits(0);
    }

    #[test]
    fn any_other_answer_does_nothing_and_is_not_remembered() {
        for (keys, code) in [("n\n", 4), ("\n", 4), ("\u{4}", 4), ("\u{3}", 130)] {
            let (tools, project) = project();
            at_a_terminal(&project, &["reset", "--confirm", "minikube"]).sees(QUESTION).types(keys).exits(code);
            assert!(tools.calls().is_empty() && project.runs().is_empty() && notes(&project).is_empty(), "{keys:?}");
        }
    }

    #[test]
    fn what_is_remembered_is_for_its_owner_alone() {
        let (_tools, project) = project();
        run(&project, &["remove", "--confirm", "minikube", "--trust"]).exits(0);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder(&project)), 0o700);
        assert_eq!(notes(&project).iter().map(|note| mode(note)).collect::<Vec<_>>(), [0o600]);
    }

    /// Whoever can plant a note could say yes in our name.
    #[test]
    fn a_planted_note_is_no_yes_and_no_link_is_followed() {
        let (tools, project) = project();
        run(&project, &["remove", "--confirm", "minikube", "--trust"]).exits(0);
        let note = notes(&project).remove(0);
        fs::set_permissions(&note, fs::Permissions::from_mode(0o666)).unwrap();
        run(&project, &["remove", "--confirm", "minikube"])
            .exits(4)
            .says(&["what was confirmed before is not known", "somebody else"]);
        fs::set_permissions(&note, fs::Permissions::from_mode(0o600)).unwrap();
        run(&project, &["remove", "--confirm", "minikube"]).exits(0);
        let elsewhere = project.path().join("elsewhere");
        fs::rename(folder(&project), &elsewhere).unwrap();
        symlink(&elsewhere, folder(&project)).unwrap();
        run(&project, &["remove", "--confirm", "minikube"]).exits(4).says(&["symbolic link"]);
        let before = fs::read(elsewhere.join(note.file_name().unwrap())).unwrap();
        let project = project.file("tasks.toml", &format!("{TASKS}# changed\n"));
        run(&project, &["remove", "--confirm", "minikube", "--trust"])
            .exits(0)
            .says(&["it will be asked again", "symbolic link"]);
        assert_eq!(fs::read(elsewhere.join(note.file_name().unwrap())).unwrap(), before);
        assert_eq!(tools.calls().len(), 3);
    }
}
