//! What a run leaves behind, and how it is read again.

use super::steps::{project, rule};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};
use std::fs;

fn app() -> (Tools, Project) {
    let tools = Tools::new()
        .rule(rule(&["helm", "look"], json!({ "stdout": "NAME: app\n" })))
        .rule(rule(&["kubectl", "break"], json!({ "stderr": "Error: broken\n", "exit": 3 })));
    let tasks = "[[tasks.t.steps]]\nname = \"Look closely\"\nrun = [\"helm\", \"look\"]\n\
                 [tasks.breaks]\nsummary = \"Fail\"\n[[tasks.breaks.steps]]\nrun = [\"kubectl\", \"break\"]\nsave = \"why.txt\"\n";
    let project = project(tasks, &tools);
    (tools, project)
}

fn rows(project: &Project) -> Vec<Value> {
    let answer = project.run(&["--format", "json", "history"]).exits(0);
    let history: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(history["schema"], 1);
    history["runs"].as_array().unwrap().clone()
}

#[test]
fn there_may_be_no_runs_yet_and_asking_makes_none() {
    let (_tools, project) = app();
    project.run(&["history"]).exits(0).answers(&["no runs yet"]);
    assert!(rows(&project).is_empty());
    assert!(!project.path().join(".refloat").exists(), "looking writes nothing");
}

#[test]
fn runs_are_told_newest_first() {
    let (_tools, project) = app();
    project.run(&["t"]).exits(0);
    project.run(&["breaks"]).exits(1);
    let out = project.run(&["history"]).exits(0).out;
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[1].contains("breaks") && lines[1].contains("failed"), "{out}");
    assert!(lines[2].contains("-t ") && lines[2].contains("done"), "{out}");
    let rows = rows(&project);
    assert_eq!(
        (&rows[0]["task"], &rows[0]["outcome"], &rows[0]["exit_code"]),
        (&json!("breaks"), &json!("failed"), &json!(1))
    );
    assert_eq!(
        (&rows[1]["task"], &rows[1]["outcome"], &rows[1]["exit_code"]),
        (&json!("t"), &json!("done"), &json!(0))
    );
    assert_eq!(rows[0]["counts"]["failed"], 1);
    assert!(rows[0]["evidence"].as_str().unwrap().ends_with("evidence"));
}

#[test]
fn one_run_is_told_again_step_by_step() {
    let (_tools, project) = app();
    let told = project.run(&["breaks"]).exits(1).err;
    let id = rows(&project)[0]["run"].as_str().unwrap().to_owned();
    let again = project.run(&["history", &id]).exits(0).out;
    assert_eq!(again, told, "the story is the same");
    assert!(project.run(&["history", &id[..15]]).exits(0).out.contains("why.txt"), "its beginning is enough");
    let run: Value = serde_json::from_str(&project.run(&["--format", "json", "history", &id]).exits(0).out).unwrap();
    assert_eq!(run["run"], json!(id));
    assert_eq!(run["events"].as_array().unwrap().clone(), project.journal());
}

#[test]
fn a_beginning_that_two_runs_share_is_no_name() {
    let (_tools, project) = app();
    project.run(&["t"]).exits(0);
    project.run(&["t"]).exits(0);
    project.run(&["history", "2"]).exits(2).says(&["more than one run"]);
    project.run(&["history", "nope"]).exits(2).says(&["no run `nope`", "refloat history"]);
}

#[test]
fn a_journal_that_was_torn_is_read_as_far_as_it_goes() {
    let (_tools, project) = app();
    project.run(&["breaks"]).exits(1);
    let journal = project.runs()[0].join("journal.jsonl");
    let whole = fs::read(&journal).unwrap();
    // The middle of the last line, and of every other: nothing is lost but what stands behind it.
    for keep in [whole.len() - 20, whole.len() / 2, 40, 1, 0] {
        fs::write(&journal, &whole[..keep]).unwrap();
        project.run(&["history"]).exits(0);
        project.run(&[]).exits(0);
        let id = project.runs()[0].file_name().unwrap().to_str().unwrap().to_owned();
        project.run(&["history", &id]).exits(0);
    }
    fs::write(&journal, &whole[..whole.len() - 20]).unwrap();
    project.run(&["history"]).exits(0).answers(&["breaks", "cut off", "1 failed"]);
    let row = &rows(&project)[0];
    assert_eq!((&row["outcome"], &row["exit_code"]), (&Value::Null, &Value::Null));
    // A line from another version, and plain noise: the rest still stands.
    let mut odd = b"{\"at\":1,\"elapsed_ms\":1,\"type\":\"from-the-future\"}\n\xff\xfe\n".to_vec();
    odd.extend(&whole);
    fs::write(&journal, odd).unwrap();
    project.run(&["history"]).exits(0).answers(&["breaks", "failed"]);
}

#[test]
fn replayed_runs_are_marked() {
    let (_tools, project) = app();
    let project = project.file(
        "r.jsonl",
        "{\"incident\":\"x\",\"note\":\"\"}\n{\"argv\":[\"helm\",\"look\"],\"exit_code\":0,\"elapsed_ms\":1,\"stdout\":\"\",\"stderr\":\"\"}\n",
    );
    project.run(&["--replay", "r.jsonl", "t"]).exits(0);
    project.run(&["history"]).exits(0).answers(&["done (replayed)"]);
    project.run(&[]).exits(0).answers(&["(replayed)"]);
}

#[test]
fn many_runs_at_the_same_time_keep_a_folder_each() {
    let (_tools, project) = app();
    let children: Vec<_> = (0..24)
        .map(|_| {
            let mut command = project.command(&["t"]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(rows(&project).len(), 24);
}

#[test]
fn what_was_done_can_be_read_whatever_became_of_the_task_file() {
    let (_tools, project) = app();
    project.run(&["t"]).exits(0);
    std::fs::write(project.path().join("tasks.toml"), "version = \"no\"\n[").unwrap();
    project.run(&["history"]).exits(0).answers(&["done"]);
}

#[cfg(unix)]
mod on_unix {
    use super::{app, rows};
    use crate::steps::{project, rule};
    use crate::stub::Tools;
    use serde_json::json;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Stdio;
    use std::time::Duration;

    #[test]
    fn a_run_that_was_killed_shows_as_cut_off() {
        let tools = Tools::new()
            .rule(rule(&["helm", "first"], json!({ "stdout": "x\n" })))
            .rule(rule(&["helm", "hang"], json!({ "hang_ms": 600_000 })));
        let steps = "[[tasks.t.steps]]\nrun = [\"helm\", \"first\"]\n[[tasks.t.steps]]\nrun = [\"helm\", \"hang\"]\n";
        let project = project(steps, &tools);
        let mut child = project.command(&["t"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while tools.calls().len() < 2 {
            assert!(child.try_wait().unwrap().is_none(), "it ended early");
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Nobody was left to end it.
        std::process::Command::new("kill").args(["-9", &tools.pids()[1].to_string()]).status().unwrap();
        project.run(&["history"]).exits(0).answers(&["cut off", "1 ok"]);
        project.run(&[]).exits(0).answers(&["t: cut off"]);
        let id = rows(&project)[0]["run"].as_str().unwrap().to_owned();
        project.run(&["history", &id]).exits(0).answers(&["helm first", "cut off", "killed"]);
    }

    #[test]
    fn what_a_run_leaves_is_for_its_owner_alone_and_not_for_git() {
        let (_tools, project) = app();
        project.run(&["--record", "r.jsonl", "breaks"]).exits(1);
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let state = project.path().join(".refloat");
        let run = project.runs().remove(0);
        for folder in [&state, &state.join("runs"), &run, &run.join("evidence")] {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
        let recording = project.path().join("r.jsonl");
        for file in [&run.join("journal.jsonl"), &run.join("evidence/why.txt"), &recording] {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        assert_eq!(fs::read_to_string(state.join(".gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn a_link_in_the_place_of_the_state_is_refused_before_anything_runs() {
        for place in [".refloat", ".refloat/runs"] {
            let (tools, project) = app();
            let elsewhere = tempfile::tempdir().unwrap();
            let link = project.path().join(place);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(elsewhere.path(), &link).unwrap();
            project.run(&["t"]).exits(74).says(&["symbolic link", "nothing was done"]);
            assert!(tools.calls().is_empty(), "{place}");
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "{place}: nothing went through it");
        }
    }
}

#[test]
fn a_file_in_the_place_of_the_state_is_refused_before_anything_runs() {
    for place in [".refloat", ".refloat/runs"] {
        let (tools, project) = app();
        let project = project.file(place, "mine");
        project.run(&["--record", "r.jsonl", "t"]).exits(74).says(&["not a directory", "nothing was done"]);
        assert!(tools.calls().is_empty());
        assert_eq!(fs::read_to_string(project.path().join(place)).unwrap(), "mine");
        assert!(!project.path().join("r.jsonl").exists(), "no recording of a run that never was");
    }
}

/// The place of the evidence is taken while the run goes on: told, code 74, and nothing elsewhere.
#[test]
fn evidence_that_cannot_be_written_is_told_and_exits_with_74() {
    let tools = Tools::new()
        .rule(rule(&["helm", "first"], json!({ "stdout": "x\n", "hang_ms": 2000 })))
        .rule(rule(&["helm", "keep"], json!({ "stdout": "precious\n" })))
        .rule(rule(&["helm", "last"], json!({ "stdout": "x\n" })));
    let steps = "[[tasks.t.steps]]\nrun = [\"helm\", \"first\"]\n[[tasks.t.steps]]\nrun = [\"helm\", \"keep\"]\nsave = \"x.txt\"\n\
                 [[tasks.t.steps]]\nrun = [\"helm\", \"last\"]\n";
    let project = project(steps, &tools);
    let mut command = project.command(&["t"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    while tools.calls().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fs::write(project.runs()[0].join("evidence"), "in the way").unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{err}");
    assert!(err.contains("could not write x.txt") && err.contains("not a directory"), "{err}");
    assert_eq!(tools.calls().len(), 3, "the run goes on: the evidence is a copy, not the work");
    for (path, bytes) in project.kept() {
        assert!(!path.ends_with("x.txt") && (path.ends_with("journal.jsonl") || !bytes.starts_with(b"precious")));
    }
    assert!(!project.path().join("x.txt").exists());
}
