//! Where answers, stories and errors go, and in which form: for people, for scripts, through pipes.

use super::steps::{project, rule};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

const TASKS: &str = r#"
group   = "Look"
params  = [{ name = "pod", match = '[a-z]+', default = "app", help = "which pod" }]
[[tasks.t.steps]]
run = ["helm", "status", "${pod}"]
[tasks.breaks]
summary = "Fail on purpose"
danger  = "change"
[[tasks.breaks.steps]]
run  = ["kubectl", "break"]
save = "why.txt"
[checks.ready]
title = "It is ready"
run   = ["helm", "status", "ready"]
[symptoms.queue-full]
family   = "crash-loop"
role     = "root"
sources  = ["pod-log"]
any      = ['queue \S+ is full']
cause    = "The queue is full"
fix      = ["Raise queueSize"]
examples = ['ERROR queue mail is full']
"#;

fn app() -> (Tools, Project) {
    let tools = Tools::new()
        .rule(rule(
            &["helm", "status", "*"],
            json!({ "stdout": "NAME: app\nSTATUS: deployed\n", "stderr": "a warning\n" }),
        ))
        .rule(rule(&["kubectl", "break"], json!({ "stdout": "half\n", "stderr": "Error: broken\n", "exit": 3 })));
    let project = project(TASKS, &tools);
    (tools, project)
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn an_answer_goes_to_standard_output_and_its_story_to_standard_error() {
    let (_tools, project) = app();
    let answer = project.run(&["t"]).exits(0).says(&["Try it", "helm status app", "a warning", "done"]);
    assert_eq!(answer.out, "NAME: app\nSTATUS: deployed\n");
}

#[test]
fn what_changes_something_tells_its_story_and_answers_nothing() {
    let (_tools, project) = app();
    let answer = project.run(&["breaks"]).exits(1).says(&["Error: broken", "exited with code 3", "why.txt", "next"]);
    assert_eq!(answer.out, "");
}

#[test]
fn quiet_tells_failures_and_answers_alone() {
    let (_tools, project) = app();
    let answer = project.run(&["-q", "t"]).exits(0);
    assert_eq!((answer.out.as_str(), answer.err.as_str()), ("NAME: app\nSTATUS: deployed\n", ""));
    project.run(&["-q", "breaks"]).exits(1).says(&["Error: broken", "exit code 1"]);
}

#[test]
fn verbose_shows_each_call_and_its_output() {
    let (_tools, project) = app();
    project.run(&["-v", "breaks"]).exits(1).says(&["kubectl break", "half", "Error: broken"]);
    project.run(&["-q", "-v", "t"]).exits(2).says(&["cannot be used with"]);
}

#[test]
fn json_lines_are_the_events_in_their_order() {
    let (_tools, project) = app();
    let answer = project.run(&["--format", "jsonl", "t"]).exits(0);
    assert_eq!(answer.err, "");
    let events: Vec<Value> = answer.out.lines().map(document).collect();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let outputs = types.iter().filter(|kind| **kind == "output").count();
    assert_eq!(outputs, 3);
    let milestones: Vec<&str> = types.into_iter().filter(|kind| *kind != "output").collect();
    assert_eq!(milestones, ["run-started", "step-started", "step-finished", "run-finished"]);
    assert_eq!(
        (&events[0]["schema"], &events[0]["task"], &events[0]["danger"]),
        (&json!(1), &json!("t"), &json!("read"))
    );
    assert_eq!(events[1]["argv"], json!(["helm", "status", "app"]));
    assert_eq!((&events[6]["outcome"], &events[6]["exit_code"]), (&json!("done"), &json!(0)));
    assert_eq!(events, project.journal(), "the journal holds the same");
}

#[test]
fn json_is_one_document_about_the_run() {
    let (_tools, project) = app();
    let answer = project.run(&["--format", "json", "breaks"]).exits(1);
    assert_eq!(answer.err, "");
    let run = document(&answer.out);
    assert_eq!((&run["task"], &run["outcome"], &run["exit_code"]), (&json!("breaks"), &json!("failed"), &json!(1)));
    assert_eq!(run["steps"][0]["exit"], json!({ "code": 3 }));
    assert_eq!(run["files"], json!(["why.txt"]));
    let run = document(&project.run(&["--format", "json", "t"]).exits(0).out);
    let said = |stream: &str| -> Vec<Value> {
        let lines = run["output"].as_array().unwrap().iter().filter(|line| line["stream"] == stream);
        lines.map(|line| line["line"].clone()).collect()
    };
    assert_eq!(said("stdout"), ["NAME: app", "STATUS: deployed"]);
    assert_eq!(said("stderr"), ["a warning"]);
}

#[test]
fn no_escape_leaves_into_a_pipe_unless_asked_for() {
    let (_tools, project) = app();
    for args in [&["t"][..], &["breaks"], &["list"], &["show", "t"], &["explain", "crash-loop"], &["doctor"], &["nope"]]
    {
        let answer = project.run(args);
        assert!(!answer.out.contains('\u{1b}') && !answer.err.contains('\u{1b}'), "{args:?}");
        let answer = project.run(&[args, &["--color", "always"]].concat());
        assert!(answer.out.contains('\u{1b}') || answer.err.contains('\u{1b}'), "{args:?}");
        let answer = project.run(&[args, &["--color", "never"]].concat());
        assert!(!answer.out.contains('\u{1b}') && !answer.err.contains('\u{1b}'), "{args:?}");
    }
    for args in [&["--format", "json", "list"][..], &["--format", "jsonl", "t"]] {
        let answer = project.run(&[args, &["--color", "always"]].concat()).exits(0);
        assert!(!answer.out.contains('\u{1b}'), "data has no colours: {args:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_terminal_has_colours_unless_the_person_wants_none() {
    use super::pty::AtPty;
    let (_tools, project) = app();
    let shown = |no_color: &str| {
        let mut command = project.command(&["list"]);
        command.env("NO_COLOR", no_color);
        let mut terminal = AtPty::start(command);
        terminal.sees("Fail on purpose").exits(0);
        terminal.screen()
    };
    assert!(shown("").contains('\u{1b}'));
    assert!(!shown("1").contains('\u{1b}'));
}

/// Runs it, takes the first line of its standard output, and goes away.
fn first_line_of(project: &Project, args: &[&str]) -> (String, i32, String) {
    let mut child = project.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (line, child.wait().unwrap().code().unwrap(), err)
}

#[test]
fn a_reader_that_leaves_early_ends_nothing_and_hears_no_complaint() {
    let tools = Tools::new()
        .rule(rule(&["helm", "much"], json!({ "stdout": "first\n", "bytes": 3_000_000 })))
        .rule(rule(&["helm", "next"], json!({ "stdout": "x\n" })));
    let steps = "[[tasks.t.steps]]\nrun = [\"helm\", \"much\"]\n[[tasks.t.steps]]\nrun = [\"helm\", \"next\"]\n";
    let project = project(steps, &tools);
    for args in [&["t"][..], &["--format", "jsonl", "t"]] {
        let (line, code, err) = first_line_of(&project, args);
        assert!(line.ends_with('\n'));
        assert_eq!(code, 0, "{args:?}: {err}");
        assert!(!err.to_lowercase().contains("pipe") && !err.contains("panicked"), "{args:?}: {err}");
        let journal = project.journal();
        assert_eq!(journal.last().unwrap()["outcome"], "done", "{args:?}");
    }
    assert_eq!(tools.calls().len(), 4);
    let (_, code, err) = first_line_of(&project, &["schema"]);
    assert!(!err.contains("panicked") && [0, 74].contains(&code), "{code} {err}");
    assert_eq!(err, "");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_does_not_fit_on_the_disk_is_no_success() {
    let (tools, project) = app();
    for args in [&["list"][..], &["t"], &["--format", "json", "t"], &["--format", "jsonl", "t"], &["schema"]] {
        let mut command = project.command(args);
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(74), "{args:?}: {err}");
        assert!(err.contains("No space left on device"), "{args:?}: {err}");
    }
    assert_eq!(tools.calls().len(), 3, "the run itself goes on");
}

#[test]
fn an_error_is_data_for_those_who_ask_for_data() {
    let (tools, project) = app();
    for format in ["json", "jsonl"] {
        let answer = project.run(&["--format", format, "braeks"]).exits(2);
        let error = document(&answer.err);
        assert_eq!(error["error"]["code"], 2);
        assert_eq!(error["error"]["message"], "there is no task or command `braeks`");
        assert!(error["error"]["hints"][0].as_str().unwrap().contains("`breaks`"));
        assert_eq!(answer.out, "");
    }
    assert!(tools.calls().is_empty());
}

#[test]
fn a_wrong_word_is_a_usage_error_with_the_nearest_right_one() {
    let (tools, project) = app();
    for (args, says) in [
        (&["braeks"][..], "did you mean `breaks`?  refloat breaks"),
        (&["histroy"], "did you mean `history`?  refloat history"),
        (&["show", "braeks"], "did you mean `breaks`?  refloat show breaks"),
        (&["check", "raedy"], "did you mean `ready`?"),
        (&["help", "crash-lop"], "there is no task or command `crash-lop`"),
        (&["explain", "crash-lop"], "did you mean `crash-loop"),
        (&["explain", "queue-ful"], "did you mean `queue-full`?"),
        (&["--formt", "json", "t"], "--format"),
        (&["--set", "relase=x", "t"], "no variable `relase`"),
        (&["--set", "relase", "t"], "has no `=`"),
        (&["t", "two", "three"], "one too many"),
        (&["t", "A b"], "cannot be the pod of"),
        (&["t", "--format", "yaml"], "yaml"),
        (&["t", "list"], "a task and a command"),
        (&["-f", "nope.toml", "list"], "there is no file `nope.toml`"),
        (&["history", "2020"], "there is no run `2020`"),
    ] {
        let answer = project.run(args).exits(2).says(&[says]);
        assert_eq!(answer.out, "", "{args:?}");
    }
    assert!(tools.calls().is_empty());
    assert!(project.runs().is_empty());
}

#[test]
fn arguments_are_given_in_order_or_by_name_and_checked_before_anything_runs() {
    let tools = Tools::new().rule(json!({ "argv": ["helm", "**"], "stdout": "x\n" }));
    let params = "params = [{ name = \"what\" }, { name = \"how\", default = \"softly\", help = \"the manner\" }]\n";
    let project =
        project(&format!("{params}[[tasks.t.steps]]\nrun = [\"helm\", \"${{what}}\", \"${{how}}\"]\n"), &tools);
    for args in [&["t", "a", "b"][..], &["t", "how=b", "a"], &["t", "what=a", "how=b"], &["t", "--", "list"]] {
        project.run(args).exits(0);
    }
    let calls = tools.calls();
    assert!(calls[..3].iter().all(|call| call[1..] == ["a", "b"]), "{calls:?}");
    assert_eq!(calls[3][1..], ["list", "softly"], "a command's name behind `--` is an argument");
    for (args, says) in [
        (&["t"][..], "`t` needs WHAT\n"),
        (&["t", "a", "what=b"], "`what` is given twice"),
        (&["t", "a", "b", "c"], "takes at most 2 arguments"),
    ] {
        project.run(args).exits(2).says(&[says, "refloat show t"]);
    }
    assert_eq!(tools.calls().len(), 4);
}

#[test]
fn without_a_task_file_it_says_where_it_looked() {
    let (_tools, project) = app();
    std::fs::remove_file(project.path().join("tasks.toml")).unwrap();
    for args in [&[][..], &["list"], &["t"], &["history"], &["doctor"], &["diagnose"]] {
        project.run(args).exits(2).says(&["no tasks.toml here", "-f FILE"]);
    }
    project.run(&["schema"]).exits(0);
    project.run(&["explain", "crash-loop"]).exits(0);
}

#[test]
fn alone_it_lists_the_tasks_by_group_with_their_danger_and_the_last_run() {
    let (_tools, project) = app();
    let before = project.run(&[]).exits(0).out;
    assert_eq!(before, project.run(&["list"]).exits(0).out);
    for part in ["Look\n", "t [POD]", "Try it", "breaks", "Fail on purpose"] {
        assert!(before.contains(part), "{part} is missing:\n{before}");
    }
    let line = |name: &str| before.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(line("Fail on purpose").contains('!'), "danger is marked:\n{before}");
    assert!(!line("Try it").contains('!'));
    assert!(!before.contains("last run"));
    project.run(&["breaks"]).exits(1);
    assert!(project.run(&[]).exits(0).out.contains("breaks: failed"));
    let list = document(&project.run(&["--format", "json"]).exits(0).out);
    assert_eq!(list["tasks"][1]["name"], "breaks");
    assert_eq!(list["tasks"][1]["danger"], "change");
}

#[test]
fn show_tells_a_task_before_it_is_run() {
    let (_tools, project) = app();
    project.run(&["show", "t"]).exits(0).answers(&["Try it", "pod", "which pod", "[a-z]+", "helm status ${pod}"]);
    let task = document(&project.run(&["--format", "json", "show", "t"]).exits(0).out);
    assert_eq!(task["name"], "t", "{task}");
}

#[test]
fn help_is_that_of_all_of_a_command_or_of_a_task() {
    let (_tools, project) = app();
    let whole = project.run(&["help"]).exits(0);
    assert_eq!(whole.out, project.run(&["--help"]).exits(0).out);
    project.run(&["help", "history"]).exits(0).answers(&["Usage: refloat history"]);
    assert_eq!(project.run(&["help", "t"]), project.run(&["show", "t"]));
}

#[test]
fn explain_tells_a_built_in_symptom_and_one_of_the_file() {
    let (_tools, project) = app();
    project.run(&["explain", "queue-full"]).exits(0).answers(&["The queue is full", "Raise queueSize", "crash-loop"]);
    project.run(&["explain"]).exits(0).answers(&["queue-full", "The queue is full", "crash-loop"]);
    let all = document(&project.run(&["--format", "json", "explain"]).exits(0).out);
    assert!(all["symptoms"].as_array().unwrap().iter().any(|symptom| symptom["id"] == "queue-full"));
    let symptom = document(&project.run(&["--format", "json", "explain", "crash-loop"]).exits(0).out);
    assert_eq!(symptom["id"], "crash-loop");
}

#[test]
fn the_schema_is_the_one_in_the_repository() {
    let (_tools, project) = app();
    let printed = document(&project.run(&["schema"]).exits(0).out);
    let kept = std::fs::read_to_string(super::support::root().join("docs/tasks.schema.json")).unwrap();
    assert_eq!(printed, document(&kept));
}

#[test]
fn a_wrong_task_file_is_told_whole_before_anything_is_done() {
    let tasks = "version = 1\n[app]\nname = \"app\"\n[tools.helm]\n[tasks.t]\nsumary = \"x\"\n\
                 [[tasks.t.steps]]\nrun = [\"hlem\", \"${relase}\"]\nexpect = '('\n";
    let tools = Tools::new().tool("helm");
    let project = Project::new(tasks).with_tools(&tools);
    for args in [&[][..], &["t"], &["t", "--dry-run"], &["list"], &["doctor"], &["check"], &["diagnose"]] {
        let answer = project.run(args).exits(78);
        assert_eq!(answer.out, "");
        for part in ["sumary", "tasks.toml:6:1", "hlem", "tasks.toml:8:", "tasks.toml:9:"] {
            assert!(answer.err.contains(part), "{args:?}: {part} is missing:\n{}", answer.err);
        }
    }
    let error = document(&project.run(&["--format", "json", "t"]).exits(78).err);
    assert_eq!(error["error"]["code"], 78);
    assert!(tools.calls().is_empty() && project.runs().is_empty());
}

#[test]
fn help_and_version_are_answers() {
    let (_tools, project) = app();
    project.run(&["--help"]).exits(0).answers(&["Exit codes", "--dry-run", "diagnose"]);
    project.run(&["--version"]).exits(0).answers(&[env!("CARGO_PKG_VERSION")]);
}
