//! The view of a run at a real terminal: what stands on the screen, as text that a person can read.
//!
//! `tests/screens/NAME.txt` is the exact screen, what has scrolled off it above. Clocks and durations stand
//! still in it, and so does the spinner. After a wanted change of the view:
//! `UPDATE_EXPECTED=1 cargo test --test it view`, then read the difference.

use super::pty::AtPty;
use super::steps::rule;
use super::stub::Tools;
use super::support::{Project, root};
use regex::Regex;
use serde_json::{Value, json};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const TASKS: &str = r##"
version = 1
[app]
name = "app"
[tools.docker]
[tools.helm]
[tools.kubectl]

[tasks.rebuild]
summary = "Builds both images and rolls them out"
danger  = "change"
require = ["cluster"]
[[tasks.rebuild.steps]]
name = "Build both images"
task = "images"
[[tasks.rebuild.steps]]
name = "Load the images into the cluster"
run  = ["docker", "load"]
[[tasks.rebuild.steps]]
name = "Roll out"
run  = ["helm", "upgrade"]

[tasks.images]
summary  = "Builds both images"
danger   = "change"
parallel = 2
[[tasks.images.steps]]
name = "Build the backend"
run  = ["docker", "build", "backend"]
progress = '^Step (?P<current>\d+)/(?P<total>\d+) : (?P<stage>.+)$'
[[tasks.images.steps]]
name = "Build the frontend 前端"
run  = ["docker", "build", "frontend"]

[checks.cluster]
title = "The cluster answers"
run   = ["kubectl", "version"]
"##;

const BACKEND: &str = "Step 1/9 : FROM python:3.12\n ---> 3a1f\nStep 3/9 : RUN pip install -r requirements.txt\n";
const FRONTEND: &str = "npm info it worked if it ends with ok\nadded 1280 packages, and audited 1281 packages in 41 s, \
                        日本語の長い行もここで終わる\n\nE1123 01:24:15.158838   29886 memcache.go:265] noise\n";

/// A run that waits in its two builds until they are let go on; the backend's ends with this code.
struct Stage {
    tools: Tools,
    project: Project,
    /// The backend's, the frontend's, and that of a backend that was told to end.
    gates: [PathBuf; 3],
}

impl Stage {
    fn new(backend_exit: u8) -> Self {
        let mut tools = Tools::new();
        let gates = ["backend", "frontend", "stop"].map(|name| tools.path().join(format!("{name}.gate")));
        let gate = |index: usize| gates[index].to_str().unwrap().to_owned();
        tools = tools
            .rule(rule(&["kubectl", "version"], json!({ "stdout": "fine\n" })))
            .rule(rule(
                &["docker", "build", "backend"],
                json!({
                    "stdout": BACKEND,
                    "until_file": gate(0),
                    "exit": backend_exit,
                    "signal_exit": 130,
                    "signal_until_file": gate(2),
                }),
            ))
            .rule(rule(&["docker", "build", "frontend"], json!({ "stdout": FRONTEND, "until_file": gate(1) })))
            .rule(rule(&["docker", "load"], json!({ "stdout": "Loaded\n" })))
            .rule(rule(&["helm", "upgrade"], json!({ "stdout": "Happy Helming!\n" })));
        let project = Project::new(TASKS).with_tools(&tools).env("LANG", "C.UTF-8");
        Self { tools, project, gates }
    }

    fn starts(&self, columns: u16) -> AtPty {
        self.starts_with(columns, &[])
    }

    fn starts_with(&self, columns: u16, env: &[(&str, &str)]) -> AtPty {
        let mut command = self.project.command(&["rebuild"]);
        command.envs(env.iter().copied());
        AtPty::start_as(command, "xterm-256color", Some(columns))
    }

    fn goes_on(&self, index: usize) {
        std::fs::write(&self.gates[index], "").unwrap();
    }
}

/// Clocks, durations and spinners stand still; the name of the folder is one.
fn still(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, instead) in [
        (r"\b\d:\d\d\b", "0:00"),
        (r"\b\d+(\.\d+)?s\b", "0.0s"),
        (r"(?m)^( *)[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] ", "$1⠋ "),
        (r"(?m)^( *)[|/\\-] ", "$1| "),
        (r"\d{8}-\d{6}-\d{3}-", "20260101-000000-000-"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, instead).into_owned();
    }
    text
}

/// Waits until the screen is the one in `tests/screens`, but not for ever.
fn shows(terminal: &AtPty, name: &str) {
    shows_in(|| terminal.picture(), name);
}

fn shows_in(picture: impl Fn() -> String, name: &str) {
    let path = root().join("tests").join("screens").join(format!("{name}.txt"));
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let is_update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut last = String::new();
    for _ in 0..600 {
        let now = still(&picture());
        if !is_update && now == expected {
            return;
        }
        let is_steady = now == last;
        last = now;
        if is_update && is_steady {
            std::fs::write(&path, &last).unwrap();
            return;
        }
        std::thread::sleep(Duration::from_millis(if is_update { 1500 } else { 50 }));
    }
    panic!("{}:\n--- expected\n{expected}\n--- got\n{last}", path.display());
}

/// Nothing was hidden that would have to be shown again, and nothing is left in the taskbar.
fn leaves_nothing(terminal: &AtPty) {
    let bytes = terminal.screen();
    assert_eq!(bytes.matches("\u{1b}[?25l").count(), bytes.matches("\u{1b}[?25h").count(), "{bytes:?}");
    if let Some(at) = bytes.rfind("\u{1b}]9;4;") {
        assert!(bytes[at..].starts_with("\u{1b}]9;4;0;0\u{1b}\\"), "{:?}", &bytes[at..]);
    }
}

#[test]
fn a_run_in_its_middle_and_at_its_end() {
    for columns in [20, 80, 200] {
        let stage = Stage::new(0);
        let mut terminal = stage.starts(columns);
        shows(&terminal, &format!("{columns}-middle"));
        stage.goes_on(1);
        shows(&terminal, &format!("{columns}-later"));
        stage.goes_on(0);
        terminal.exits(0);
        shows(&terminal, &format!("{columns}-end"));
        leaves_nothing(&terminal);
    }
}

/// An earlier run that took a day: what these few seconds add to it cannot be seen.
#[test]
fn what_earlier_runs_took_weighs_the_bar_and_tells_what_is_left() {
    let stage = Stage::new(0);
    (0..2).for_each(|gate| stage.goes_on(gate));
    stage.project.run(&["rebuild"]).exits(0);
    let journal = stage.project.runs()[0].join("journal.jsonl");
    let hours = |event: &Value| match (event["type"].as_str().unwrap(), event["step"].as_str().unwrap_or_default()) {
        ("step-finished", "1.1") => 12,
        ("step-finished", "1.2") => 6,
        ("step-finished", "2" | "3") => 3,
        ("run-finished", _) => 17,
        _ => 0,
    };
    let mut lines = String::new();
    for line in std::fs::read_to_string(&journal).unwrap().lines() {
        let mut event: Value = serde_json::from_str(line).unwrap();
        let millis = hours(&event) * 3_600_000;
        for key in ["took_ms", "elapsed_ms"] {
            if event.get(key).is_some() && millis > 0 {
                event[key] = json!(millis);
            }
        }
        lines.push_str(&format!("{event}\n"));
    }
    std::fs::write(&journal, lines).unwrap();
    stage.gates.iter().take(2).for_each(|gate| std::fs::remove_file(gate).unwrap());
    let mut terminal = stage.starts(80);
    shows(&terminal, "80-estimated");
    (0..2).for_each(|gate| stage.goes_on(gate));
    terminal.exits(0);
    leaves_nothing(&terminal);
}

#[test]
fn ascii_and_no_colour_where_they_are_wanted() {
    let stage = Stage::new(0);
    let mut terminal = stage.starts_with(80, &[("LANG", "C"), ("NO_COLOR", "1")]);
    shows(&terminal, "80-ascii");
    stage.goes_on(1);
    stage.goes_on(0);
    terminal.exits(0);
    let bytes = terminal.screen();
    assert!(bytes.contains('\u{1b}') && !Regex::new("\u{1b}\\[[0-9;]*m").unwrap().is_match(&bytes), "{bytes:?}");
    assert!(bytes.replace("前端", "").replace("日本語の長い行もここで終わる", "").is_ascii(), "{bytes:?}");
}

#[test]
fn the_view_follows_the_window() {
    let stage = Stage::new(0);
    let mut terminal = stage.starts(80);
    shows(&terminal, "80-middle");
    terminal.resize(120);
    shows(&terminal, "resized-80-120");
    terminal.resize(40);
    shows(&terminal, "resized-120-40");
    stage.goes_on(1);
    shows(&terminal, "resized-40-later");
    stage.goes_on(0);
    terminal.exits(0);
    shows(&terminal, "resized-end");
    leaves_nothing(&terminal);
}

/// The terminal breaks the view's own lines when its window is made narrower: they go all the same, and
/// what was told stays.
#[test]
fn the_view_follows_the_window_where_lines_reflow() {
    let stage = Stage::new(0);
    let mut terminal = stage.starts_with(120, &[("VTE_VERSION", "7600")]);
    shows_in(|| terminal.picture_where_lines_reflow(), "reflowing-120");
    terminal.resize(50);
    shows_in(|| terminal.picture_where_lines_reflow(), "reflowing-120-50");
    terminal.resize(30);
    stage.goes_on(1);
    shows_in(|| terminal.picture_where_lines_reflow(), "reflowing-50-30");
    stage.goes_on(0);
    terminal.exits(0);
    shows_in(|| terminal.picture_where_lines_reflow(), "reflowing-end");
}

#[test]
fn a_failure_stands_with_what_it_said_and_nothing_of_the_view_behind() {
    let stage = Stage::new(3);
    let mut terminal = stage.starts_with(80, &[("WT_SESSION", "1")]);
    shows(&terminal, "80-middle");
    stage.goes_on(0);
    shows(&terminal, "80-failing");
    terminal.sees("\u{1b}]9;4;2;");
    stage.goes_on(1);
    terminal.exits(7);
    shows(&terminal, "80-failed");
    leaves_nothing(&terminal);
}

#[test]
fn ctrl_c_leaves_the_lines_of_the_story_only() {
    let stage = Stage::new(0);
    let mut terminal = stage.starts_with(80, &[("TERM_PROGRAM", "ghostty")]);
    stage.goes_on(1);
    shows(&terminal, "80-later");
    terminal.types("\u{3}");
    shows(&terminal, "80-stopping");
    stage.goes_on(2);
    terminal.exits(130);
    shows(&terminal, "80-stopped");
    leaves_nothing(&terminal);
}

#[test]
fn the_taskbar_is_told_where_there_is_one_and_nowhere_else() {
    for (env, is_told) in [
        (&[("WT_SESSION", "1")] as &[_], true),
        (&[("WT_SESSION", "1"), ("CI", "1")], false),
        (&[("TERM_PROGRAM", "Apple_Terminal")], false),
    ] {
        let stage = Stage::new(0);
        let mut terminal = stage.starts_with(80, env);
        stage.goes_on(1);
        stage.goes_on(0);
        terminal.exits(0);
        let bytes = terminal.screen();
        assert_eq!(bytes.contains("\u{1b}]9;4;1;"), is_told, "{env:?} {bytes:?}");
        assert_eq!(bytes.contains("\u{1b}]9;"), is_told, "{env:?} {bytes:?}");
        leaves_nothing(&terminal);
        drop(stage.tools);
    }
}

#[test]
fn sigterm_leaves_nothing_in_the_taskbar() {
    let stage = Stage::new(0);
    let mut terminal = stage.starts_with(80, &[("WT_SESSION", "1")]);
    shows(&terminal, "80-middle");
    stage.goes_on(2);
    terminal.signals("TERM");
    terminal.exits(143);
    assert!(terminal.screen().contains("\u{1b}]9;4;1;"));
    leaves_nothing(&terminal);
}

/// Takes the progress out of the taskbar.
const REMOVE: &str = "\u{1b}]9;4;0;0\u{1b}\\";

#[test]
fn a_bug_of_ours_leaves_nothing_in_the_taskbar() {
    let tools = Tools::new().tool("supervisor").rule(rule(&["helm"], json!({ "stdout": "x\n", "hang_ms": 600_000 })));
    for is_held in [true, false] {
        let mut supervisor = Command::new(tools.bin("supervisor"));
        supervisor.arg("--panic").arg(tools.bin("helm")).envs(tools.env());
        if is_held {
            supervisor.env("REFLOAT_STUB_TASKBAR", "1");
        }
        let output = supervisor.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(70), "{told:?}");
        assert_eq!(told.ends_with(REMOVE), is_held, "{told:?}");
        assert_eq!(told.contains("\u{1b}]"), is_held, "{told:?}");
    }
}

#[test]
fn who_leaves_at_once_takes_the_taskbar_along() {
    // Nobody reads the flood: the supervisor hangs in writing, and only a third signal ends it.
    let flood = json!({ "ignore_signals": true, "bytes": 10_000_000, "hang_ms": 600_000 });
    let tools = Tools::new().tool("supervisor").rule(rule(&["helm"], flood));
    let mut child = Command::new(tools.bin("supervisor"))
        .arg(tools.bin("helm"))
        .envs(tools.env())
        .env("REFLOAT_STUB_TASKBAR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 10]).unwrap();
    for name in ["-INT", "-TERM", "-INT"] {
        assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    }
    let mut told = String::new();
    child.stderr.as_mut().unwrap().read_to_string(&mut told).unwrap();
    let code = child.wait().unwrap().code();
    assert!([Some(130), Some(143)].contains(&code), "{code:?}");
    assert!(told.ends_with(REMOVE), "{told:?}");
}
