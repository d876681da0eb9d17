//! Terminals that are too narrow, change under us, or are none.

use super::pty::AtPty;
use super::steps::{project, rule};
use super::stub::Tools;
use super::support::Project;
use serde_json::json;

const STEPS: &str = "[[tasks.t.steps]]\nname = \"The first step has a long name\"\nrun = [\"helm\", \"one\"]\n\
                     progress = '^(?P<stage>\\w+) (?P<current>\\d+)/(?P<total>\\d+)'\n\
                     [[tasks.t.steps]]\nrun = [\"helm\", \"two\"]\n";

fn app() -> (Tools, Project) {
    let lines: String = (1..=20).map(|n| format!("pulling {n}/20 \u{65e5}\u{672c}\u{8a9e}\n")).collect();
    let tools = Tools::new()
        .rule(rule(&["helm", "one"], json!({ "stdout": lines, "lines_delay_ms": 20 })))
        .rule(rule(&["helm", "two"], json!({ "stderr": "Error: release: not found\n", "exit": 1 })));
    let project = project(STEPS, &tools).file("log.txt", "FATAL:  password authentication failed for user \"app\"\n");
    (tools, project)
}

const COMMANDS: [(&[&str], i32); 7] = [
    (&["t"], 1),
    (&["list"], 0),
    (&["show", "t"], 0),
    (&["t", "--dry-run"], 0),
    (&["diagnose", "log.txt"], 3),
    (&["history"], 0),
    (&["nothing"], 2),
];

#[test]
fn no_terminal_is_too_narrow() {
    let (_tools, project) = app();
    for columns in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] {
        for (args, code) in COMMANDS {
            let mut terminal = AtPty::start_as(project.command(args), "xterm", Some(columns));
            terminal.exits(code);
            assert!(!terminal.screen().contains("panicked"), "{columns} columns, {args:?}: {}", terminal.screen());
        }
    }
}

#[test]
fn a_terminal_may_change_its_width_meanwhile() {
    let (tools, project) = app();
    let mut terminal = AtPty::start_as(project.command(&["t"]), "xterm", Some(80));
    while tools.calls().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    for columns in [40, 7, 1, 0, 200, 3, 80] {
        terminal.resize(columns);
        std::thread::sleep(std::time::Duration::from_millis(40));
    }
    terminal.exits(1);
    assert!(!terminal.screen().contains("panicked"), "{}", terminal.screen());
    assert_eq!(project.journal().last().unwrap()["outcome"], "failed");
}

#[test]
fn escapes_go_only_where_they_are_wanted() {
    let (_tools, project) = app();
    for (kind, variable) in [("dumb", None), ("", None), ("xterm", Some(("NO_COLOR", "1")))] {
        for (args, code) in COMMANDS {
            let mut command = project.command(args);
            command.envs(variable);
            // What is redrawn needs escapes, colours or not.
            if kind == "xterm" {
                command.env("CI", "1");
            }
            let mut terminal = AtPty::start_as(command, kind, Some(60));
            terminal.exits(code);
            assert!(!terminal.screen().contains('\u{1b}'), "{kind:?} {args:?}: {:?}", terminal.screen());
        }
    }
    // The counter-proof: at a terminal that can, there are some.
    let mut terminal = AtPty::start_as(project.command(&["t"]), "xterm", Some(60));
    terminal.exits(1);
    assert!(terminal.screen().contains('\u{1b}'));
}
