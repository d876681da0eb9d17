//! The binary at a terminal: a tool that owns it, and the view of a run.

use super::pty::AtPty;
use super::steps::{lines, project, rule};
use super::stub::Tools;
use serde_json::json;

#[test]
fn an_interactive_step_owns_the_terminal() {
    let tools = Tools::new()
        .rule(rule(&["helm", "talk"], json!({ "stdout": "?\n", "echo_stdin": true })))
        .rule(rule(&["kubectl", "next"], json!({ "stdout": "over\n" })));
    let steps = "[[tasks.t.steps]]\nrun = [\"helm\", \"talk\"]\ninteractive = true\n\
                 [[tasks.t.steps]]\nrun = [\"kubectl\", \"next\"]\n";
    let project = project(steps, &tools);
    let mut terminal = AtPty::start(project.command(&["t"]));
    terminal.sees("helm talk").types("spoken\n");
    // Once as the terminal's echo, once from the tool.
    while terminal.screen().matches("spoken").count() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    terminal.types("\u{4}").sees("over").exits(0);
    assert_eq!(lines(&tools), ["helm talk", "kubectl next"]);
    assert!(!std::fs::read_to_string(project.runs()[0].join("journal.jsonl")).unwrap().contains("spoken"));
}

#[test]
fn an_interactive_step_without_a_terminal_gets_an_empty_input() {
    let tools = Tools::new().rule(rule(&["helm", "talk"], json!({ "echo_stdin": true, "stdout": "end\n" })));
    let project = project("[[tasks.t.steps]]\nrun = [\"helm\", \"talk\"]\ninteractive = true\n", &tools);
    project.run(&["t"]).exits(0).answers(&["end"]);
}

#[test]
fn a_run_at_a_terminal_leaves_its_lines_behind() {
    let tools = Tools::new()
        .rule(rule(&["helm", "one"], json!({ "stdout": "x\n", "hang_ms": 500 })))
        .rule(rule(&["helm", "two"], json!({ "stderr": "Error: broken\n", "exit": 1 })));
    let steps = "danger = \"change\"\n[[tasks.t.steps]]\nname = \"The first\"\nrun = [\"helm\", \"one\"]\n\
                 [[tasks.t.steps]]\nname = \"The second\"\nrun = [\"helm\", \"two\"]\n";
    let project = project(steps, &tools);
    let mut terminal = AtPty::start(project.command(&["t"]));
    terminal.sees("exit code 7").exits(7);
    let screen = terminal.screen();
    for part in ["The first", "The second", "Error: broken", "exited with code 1"] {
        assert!(screen.contains(part), "{part} is missing:\n{screen}");
    }
    // A CI system has terminals nobody watches: nothing is redrawn there.
    let mut command = project.command(&["t"]);
    command.env("CI", "true").env("NO_COLOR", "1");
    let mut terminal = AtPty::start(command);
    terminal.sees("exit code 7").exits(7);
    assert!(!terminal.screen().contains('\u{1b}'), "{:?}", terminal.screen());
}
