//! What a step promises, seen from outside: what it calls, how it takes the answer, what it keeps.

use super::stub::Tools;
use super::support::{Answer, Project};
use serde_json::{Value, json};

const HEAD: &str = "version = 1\n[app]\nname = \"app\"\n[tools.helm]\n[tools.kubectl]\n";

/// A project whose task `t` has these keys and steps.
pub(crate) fn project(task: &str, tools: &Tools) -> Project {
    Project::new(&format!("{HEAD}[tasks.t]\nsummary = \"Try it\"\n{task}")).with_tools(tools)
}

/// The task `t` with one step that runs `helm go`, with these keys; helm answers like this.
fn step(keys: &str, answer: Value) -> (Tools, Project) {
    let tools = Tools::new().rule(rule(&["helm", "go"], answer));
    let project = project(&one(keys), &tools);
    (tools, project)
}

fn one(keys: &str) -> String {
    format!("[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\n{keys}\n")
}

/// A rule: the call, and how it is answered.
pub(crate) fn rule(argv: &[&str], mut answer: Value) -> Value {
    answer["argv"] = json!(argv);
    answer
}

/// The calls, each as one line.
pub(crate) fn lines(tools: &Tools) -> Vec<String> {
    tools.calls().iter().map(|call| call.join(" ")).collect()
}

fn run(keys: &str, answer: Value) -> Answer {
    step(keys, answer).1.run(&["t"])
}

#[test]
fn a_limit_ends_the_tool_shows_its_last_words_and_exits_with_124() {
    let (tools, project) = step(
        "timeout = \"3s\"",
        json!({ "stdout": "waiting for pods\n", "stderr": "0 of 2 ready\n", "hang_ms": 600_000 }),
    );
    let answer = project.run(&["-q", "t"]).exits(124).says(&["ran out of time", "0 of 2 ready", "timed out"]);
    assert_eq!(answer.out, "waiting for pods\n");
    let ended = project.finished("1");
    assert_eq!((&ended["status"], &ended["exit"]), (&json!("failed"), &json!("timed-out")));
    for line in ["waiting for pods", "0 of 2 ready"] {
        assert!(ended["tail"].as_array().unwrap().contains(&json!(line)), "{ended}");
    }
    #[cfg(unix)]
    super::process::wait_until_gone(tools.pids()[0]);
    #[cfg(not(unix))]
    drop(tools);
}

#[test]
fn a_failed_call_is_tried_again_as_often_as_it_says() {
    let keys = "retry = { times = 2, backoff = \"1ms..2ms\" }";
    let (tools, project) = step(keys, json!({ "exit": 1, "stderr": "connection refused\n" }));
    project.run(&["t"]).exits(1).says(&["attempt 2", "exited with code 1", "connection refused"]);
    assert_eq!(tools.calls().len(), 3);
    let waits: Vec<_> = project
        .journal()
        .iter()
        .filter(|event| event["type"] == "step-retry")
        .map(|event| event["wait_ms"].clone())
        .collect();
    assert_eq!(waits, [1, 2], "the pause doubles up to its limit");
}

#[test]
fn the_first_success_ends_the_tries() {
    let tools = Tools::new()
        .rule(rule(&["helm", "go"], json!({ "exit": 1, "once": true })))
        .rule(rule(&["helm", "go"], json!({ "stdout": "fine\n" })));
    let project = project(&one("retry = { times = 5, backoff = \"1ms\" }"), &tools);
    assert_eq!(project.run(&["t"]).exits(0).out, "fine\n");
    assert_eq!(tools.calls().len(), 2);
}

#[test]
fn a_retry_for_a_symptom_needs_the_symptom() {
    let keys = "retry = { times = 2, backoff = \"1ms\", on = [\"docker-daemon-down\"] }";
    let down = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n";
    for (stderr, calls) in [(down, 3), ("Error: something else\n", 1)] {
        let (tools, project) = step(keys, json!({ "exit": 1, "stderr": stderr }));
        project.run(&["t"]).exits(1);
        assert_eq!(tools.calls().len(), calls, "{stderr}");
    }
}

const POLL: &str = "until = { match = '2/2', every = \"1ms\", timeout = \"1m\" }";

#[test]
fn a_poll_goes_on_through_failures_until_the_output_matches() {
    let tools = Tools::new()
        .rule(rule(&["helm", "go"], json!({ "exit": 1, "stderr": "not yet there\n", "once": true })))
        .rule(rule(&["helm", "go"], json!({ "stdout": "1/2\n", "once": true })))
        .rule(rule(&["helm", "go"], json!({ "stdout": "2/2\n" })));
    let project = project(&one(POLL), &tools);
    project.run(&["t"]).exits(0).says(&["not yet"]);
    assert_eq!(tools.calls().len(), 3);
}

#[test]
fn a_poll_that_runs_out_of_time_says_what_it_waited_for_and_exits_with_124() {
    let keys = POLL.replace("\"1m\"", "\"1s\"");
    run(&keys, json!({ "stdout": "1/2\n" })).exits(124).says(&["not within 1s", "timed out"]);
}

#[test]
fn a_poll_whose_call_hangs_runs_out_of_time_too() {
    let keys = POLL.replace("\"1m\"", "\"2s\"");
    run(&keys, json!({ "stdout": "1/2\n", "hang_ms": 600_000 })).exits(124).says(&["not within 2s", "ran out of time"]);
}

#[test]
fn a_pattern_and_the_exit_code_are_independent() {
    let good = json!({ "stdout": "Rollback was a success\n" });
    let lies = json!({ "stdout": "Rollback was a success\n", "exit": 1 });
    let silent = json!({ "stdout": "ok\n" });
    let expect = "expect = 'was a success'";
    run(expect, good.clone()).exits(0);
    run(expect, lies).exits(1).says(&["exited with code 1"]);
    run(expect, silent.clone()).exits(1).says(&["does not match `was a success`"]);
    let reject = "reject = 'was a'";
    run(reject, good).exits(1).says(&["it says: Rollback was a success"]);
    run(reject, silent).exits(0);
    run(reject, json!({ "stderr": "was a\n" })).exits(1).says(&["it says: was a"]);
}

#[test]
fn an_answer_that_says_already_done_is_success() {
    let gone = json!({ "exit": 1, "stderr": "Error: uninstall: Release not loaded: app: release: not found\n" });
    run("done_if = 'release: not found'", gone.clone()).exits(0).says(&["already ok"]);
    run("", gone).exits(1);
}

const THERE: &str = "[checks.there]\ntitle = \"It is there\"\nrun = [\"kubectl\", \"ask\"]\nno = 'not found'\nfix = \"refloat other\"\n";

fn asked(keys: &str, answer: Value) -> (Tools, Project) {
    let tools =
        Tools::new().rule(rule(&["kubectl", "ask"], answer)).rule(rule(&["helm", "go"], json!({ "stdout": "gone\n" })));
    let project = project(&format!("{}{THERE}", one(keys)), &tools);
    (tools, project)
}

#[test]
fn a_check_decides_whether_a_step_is_done_or_skipped() {
    let yes = || json!({ "stdout": "here\n" });
    let no = || json!({ "exit": 1, "stderr": "not found\n" });
    for (keys, answer, runs, said) in [
        ("done_if = { check = \"there\" }", yes(), false, "already ok"),
        ("done_if = { check = \"there\" }", no(), true, "done"),
        ("skip_if = \"there\"", yes(), false, "skip"),
        ("skip_if = \"there\"", no(), true, "done"),
        ("skip_if = \"!there\"", no(), false, "skip"),
        ("skip_if = \"!there\"", yes(), true, "done"),
    ] {
        let (tools, project) = asked(keys, answer);
        project.run(&["t"]).exits(0).says(&[said]);
        assert_eq!(lines(&tools).contains(&"helm go".to_owned()), runs, "{keys}");
    }
}

#[test]
fn a_check_that_cannot_be_asked_decides_nothing() {
    for keys in ["done_if = { check = \"there\" }", "skip_if = \"there\"", "skip_if = \"!there\""] {
        let (tools, project) = asked(keys, json!({ "exit": 1, "stderr": "Unable to connect to the server\n" }));
        project.run(&["t"]).exits(1).says(&["could not ask", "Unable to connect to the server"]);
        assert_eq!(lines(&tools), ["kubectl ask"], "{keys}");
    }
}

#[test]
fn a_failure_that_is_allowed_is_told_and_stops_nothing() {
    let tools = Tools::new()
        .rule(rule(&["helm", "go"], json!({ "exit": 7, "stderr": "no such thing\n" })))
        .rule(rule(&["helm", "next"], json!({ "stdout": "went on\n" })));
    let steps = format!("{}[[tasks.t.steps]]\nrun = [\"helm\", \"next\"]\n", one("allow_failure = true"));
    let project = project(&steps, &tools);
    let answer = project.run(&["t"]).exits(0).says(&["no such thing", "exited with code 7", "may fail"]);
    assert_eq!(answer.out, "went on\n");
    assert_eq!(project.finished("1")["status"], "failed-allowed");
}

#[test]
fn the_code_and_the_signal_of_a_tool_are_data() {
    let (_tools, project) = step("", json!({ "exit": 42 }));
    project.run(&["t"]).exits(1).says(&["exited with code 42"]);
    assert_eq!(project.finished("1")["exit"], json!({ "code": 42 }));
    #[cfg(unix)]
    {
        let (_tools, project) = step("", json!({ "die_by": 9 }));
        project.run(&["t"]).exits(1).says(&["signal 9"]);
        assert_eq!(project.finished("1")["exit"], json!({ "signal": 9 }));
    }
    #[cfg(windows)]
    {
        let (_tools, project) = step("", json!({ "exit": 0xc000_013a_u32 }));
        project.run(&["t"]).exits(1).says(&["exited with code 0xc000013a (Ctrl-C)"]);
        assert_eq!(project.finished("1")["exit"], json!({ "code": -1_073_741_510 }));
    }
}

#[test]
fn a_filter_keeps_the_lines_that_count_on_screen_and_in_the_evidence() {
    let table = "NAME   READY\napp-1  1/1\nother  1/1\napp-2  0/1\n";
    assert_eq!(run("filter = '^app-'", json!({ "stdout": table })).exits(0).out, "app-1  1/1\napp-2  0/1\n");
    let (_tools, project) = step("filter = '^app-'\nsave = \"pods.txt\"", json!({ "stdout": table }));
    project.run(&["t"]).exits(0);
    assert_eq!(project.evidence()["pods.txt"], "app-1  1/1\napp-2  0/1\n");
}

#[test]
fn base64_is_decoded_before_anything_reads_it() {
    // "level=debug\n"
    let encoded = json!({ "stdout": "bGV2ZWw9ZGVidWcK" });
    let keys = "decode = \"base64\"\nexpect = '^level=debug$'\nsave = \"level.txt\"";
    let (_tools, project) = step(keys, encoded.clone());
    project.run(&["t"]).exits(0);
    assert_eq!(project.evidence()["level.txt"], "level=debug\n");
    run("decode = \"base64\"\nexpect = 'bGV2'", encoded).exits(1);
    run("decode = \"base64\"", json!({ "stdout": "no base64!\n" })).exits(1).says(&["not base64"]);
}

#[test]
fn evidence_holds_the_output_and_of_a_failure_both_streams() {
    let keys = "save = \"log.txt\"\nallow_failure = true";
    for (answer, file) in [
        (json!({ "stdout": "a\nb", "stderr": "a warning\n" }), "a\nb"),
        (json!({ "stdout": "", "stderr": "No resources found\n" }), "No resources found\n"),
        (json!({ "stdout": "a\n", "stderr": "Error: cut off\n", "exit": 1 }), "a\nError: cut off\n"),
        (json!({ "stdout": "a", "stderr": "Error: cut off\n", "exit": 1 }), "a\nError: cut off\n"),
        (json!({ "exit": 1 }), "[the command exited with code 1 and printed nothing]\n"),
    ] {
        let (_tools, project) = step(keys, answer.clone());
        let told = project.run(&["t"]).exits(0).says(&["log.txt", "evidence"]);
        assert_eq!(project.evidence()["log.txt"], file, "{answer}");
        assert_eq!(told.out, "", "what is kept is not shown");
    }
}

#[test]
fn two_steps_that_save_under_one_name_keep_both_files() {
    let tools = Tools::new()
        .rule(rule(&["helm", "go"], json!({ "stdout": "first\n", "once": true })))
        .rule(rule(&["helm", "go"], json!({ "stdout": "second\n" })));
    let project = project(&one("save = \"x.txt\"").repeat(2), &tools);
    project.run(&["t"]).exits(0).says(&["x.txt", "x-2.txt", "2 files"]);
    let files = project.evidence();
    assert_eq!((files["x.txt"].as_str(), files["x-2.txt"].as_str()), ("first\n", "second\n"));
}

#[test]
fn a_sensitive_output_appears_nowhere() {
    let secret = "Sw0rdfish-of-the-deep";
    let tools = Tools::new().rule(rule(&["helm", "go"], json!({ "stdout": format!("{secret}\n") }))).rule(rule(
        &["helm", "echo"],
        json!({ "stdout": format!("it was {secret}\n"), "stderr": format!("{secret}\n") }),
    ));
    let steps =
        format!("{}[[tasks.t.steps]]\nrun = [\"helm\", \"echo\"]\nsave = \"echo.txt\"\n", one("sensitive = true"));
    for args in [&["-v", "t"][..], &["t"], &["--format", "jsonl", "t"], &["--format", "json", "t"]] {
        let project = project(&steps, &tools);
        let answer = project.run(&[args, &["--record", "call.jsonl"]].concat()).exits(0);
        let mut kept = project.kept();
        kept.push(("call.jsonl".into(), std::fs::read(project.path().join("call.jsonl")).unwrap()));
        kept.push(("stdout".into(), answer.out.into_bytes()));
        kept.push(("stderr".into(), answer.err.into_bytes()));
        assert!(kept.iter().any(|(path, _)| path.ends_with("echo.txt")));
        for (path, bytes) in kept {
            assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{args:?}: {} tells it", path.display());
        }
    }
}

#[test]
fn a_call_has_the_directory_and_the_environment_that_its_step_names() {
    let keys = "cwd = \"sub\"\nenv = { GREETING = \"hello ${who}\", EMPTY = \"\" }";
    let tools =
        Tools::new().rule(rule(&["helm", "go"], json!({ "print_cwd": true, "print_env": ["GREETING", "EMPTY"] })));
    let tasks = format!("{HEAD}[vars]\nwho = \"world\"\n[tasks.t]\nsummary = \"x\"\n{}", one(keys));
    let project = Project::new(&tasks).with_tools(&tools).file("sub/x", "");
    let out = project.run(&["t"]).exits(0).out;
    let said: Vec<&str> = out.lines().collect();
    assert_eq!(said[..2], ["GREETING=hello world", "EMPTY="]);
    let real = |path: &std::path::Path| std::fs::canonicalize(path).unwrap();
    assert_eq!(real(said[2].as_ref()), real(&project.path().join("sub")));
}

#[test]
fn a_directory_that_is_not_there_is_a_clear_failure() {
    let (tools, project) = step("cwd = \"nowhere\"", json!({}));
    project.run(&["t"]).exits(1).says(&["working directory", "nowhere", "does not exist"]);
    assert!(tools.calls().is_empty());
}

#[test]
fn a_step_may_differ_by_system() {
    let keys = "windows = { run = [\"helm\", \"on-windows\"] }\nunix = { run = [\"helm\", \"on-unix\"] }";
    let tools = Tools::new().rule(rule(&["helm", "*"], json!({ "stdout": "x\n" })));
    project(&one(keys), &tools).run(&["t"]).exits(0);
    assert_eq!(lines(&tools), [if cfg!(windows) { "helm on-windows" } else { "helm on-unix" }]);
}

#[test]
fn a_flood_on_both_streams_is_bounded_and_harms_nothing() {
    let (_tools, project) = step(
        "allow_failure = true\nsave = \"flood.txt\"",
        json!({ "bytes": 5_000_000, "stderr_bytes": 5_000_000, "exit": 1 }),
    );
    project.run(&["t"]).exits(0).says(&["not kept"]);
    let file = &project.evidence()["flood.txt"];
    assert!(file.len() >= 5_000_000, "a stream goes to its file whole: {}", file.len());
    let journal = std::fs::metadata(project.runs()[0].join("journal.jsonl")).unwrap().len();
    assert!(journal > 1000);
}

#[test]
fn odd_bytes_and_terminal_controls_reach_no_terminal() {
    let odd = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}]52;c;ZXZpbA==\u{7}plain \u{202e}txt\u{9b}31m\u{8}end\u{0}\n";
    let (_tools, project) =
        step("", json!({ "stdout_bytes": b"bad \xff\xfe byte\n", "stdout": odd, "stderr": odd, "exit": 1 }));
    let answer = project.run(&["-v", "t"]).exits(1).answers(&["bad \u{fffd}\u{fffd} byte\n"]);
    for (text, stream) in [(&answer.out, "stdout"), (&answer.err, "stderr")] {
        assert!(text.contains("plain txtend"), "{stream}: {text:?}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{stream}: {text:?}");
    }
}

#[test]
fn progress_is_an_event() {
    let keys = "progress = 'step (?P<current>\\d+)/(?P<total>\\d+): (?P<stage>\\w+)'";
    let (_tools, project) = step(keys, json!({ "stdout": "step 1/3: build\nnoise\nstep 3/3: load\n" }));
    let out = project.run(&["--format", "jsonl", "t"]).exits(0).out;
    let told: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["type"] == "progress")
        .map(|event| json!([event["stage"], event["current"], event["total"]]))
        .collect();
    assert_eq!(told, [json!(["build", 1, 3]), json!(["load", 3, 3])]);
}
