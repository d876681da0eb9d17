//! Recordings: written, read, and asked.

use refloat::adapter::record::Recording;
use refloat::adapter::replay::Replay;
use refloat::model::command::{Exit, Invocation, RecordedCall, Stream};
use refloat::port::{Recorder, Runner};
use std::collections::BTreeMap;
use std::time::Duration;

fn invocation(argv: &[&str]) -> Invocation {
    Invocation {
        argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
        label: argv[0].to_owned(),
        pinned: 0..0,
        program: None,
        cwd: None,
        env: BTreeMap::new(),
        timeout: None,
        grace: Duration::from_secs(10),
        leaves: None,
        interactive: false,
        input: None,
    }
}

fn ask(replay: &Replay, line: &str) -> (Exit, String, String) {
    ask_call(replay, &invocation(&line.split(' ').collect::<Vec<_>>()))
}

fn ask_call(replay: &Replay, call: &Invocation) -> (Exit, String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let outcome = replay.run(call, &mut |stream, bytes| match stream {
        Stream::Stdout => stdout.extend_from_slice(bytes),
        Stream::Stderr => stderr.extend_from_slice(bytes),
    });
    assert!(!outcome.leaked);
    (outcome.exit, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn parse(lines: &[&str]) -> Replay {
    Replay::parse("drill.jsonl", lines.join("\n").as_bytes()).unwrap()
}

/// A call that answers with its place.
fn line(argv: &str, answer: &str) -> String {
    let argv: Vec<&str> = argv.split(' ').collect();
    serde_json::json!({ "argv": argv, "exit_code": 0, "stdout": answer }).to_string()
}

fn stdout(replay: &Replay, asked: &str) -> String {
    let (exit, stdout, _) = ask(replay, asked);
    assert_eq!(exit, Exit::Code(0), "{asked}");
    stdout
}

#[test]
fn a_call_is_answered_with_its_output_and_code() {
    let replay = parse(&[
        r#"{"incident": "db-refused", "note": "port closed"}"#,
        r#"{"argv": ["helm", "status", "x"], "exit_code": 130, "elapsed_ms": 1500, "stdout": "out\r\n", "stderr": "érr"}"#,
    ]);
    assert!(replay.is_replay());
    assert_eq!((replay.incident(), replay.note()), ("db-refused", "port closed"));
    assert_eq!(ask(&replay, "helm status x"), (Exit::Code(130), "out\r\n".into(), "érr".into()));
    let outcome = replay.run(&invocation(&["helm", "status", "x"]), &mut |_, _| {});
    assert_eq!(outcome.elapsed.as_millis(), 1500);
}

#[test]
fn pinned_arguments_are_not_part_of_the_question() {
    let replay = parse(&[&line("helm status x", "a")]);
    let argv = ["helm", "--kube-context", "minikube", "status", "x"];
    let pinned = Invocation { pinned: 1..3, ..invocation(&argv) };
    assert_eq!(ask_call(&replay, &pinned).1, "a");
    assert!(matches!(ask(&replay, &argv.join(" ")).0, Exit::NotStarted(_)), "unless nobody pinned them");
}

#[test]
fn the_same_call_gets_its_answers_in_order_and_the_last_repeats() {
    let replay =
        parse(&[&line("kubectl get pods", "1"), &line("kubectl get all", "x"), &line("kubectl get pods", "2")]);
    let answers: Vec<String> = (0..4).map(|_| stdout(&replay, "kubectl get pods")).collect();
    assert_eq!(answers, ["1", "2", "2", "2"]);
    assert_eq!(stdout(&replay, "kubectl get all"), "x");
}

#[test]
fn several_threads_share_the_order() {
    let lines: Vec<String> = (0..40).map(|index| line("kubectl get pods", &index.to_string())).collect();
    let replay = parse(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let mut answers: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..10).map(|_| stdout(&replay, "kubectl get pods")).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).map(|answer| answer.parse().unwrap()).collect()
    });
    answers.sort_unstable();
    assert_eq!(answers, (0..40).collect::<Vec<_>>(), "every answer once");
}

#[test]
fn how_long_the_caller_waits_is_not_part_of_the_question() {
    let replay = parse(&[
        &line("helm install x chart --wait --timeout 60s", "install"),
        &line("kubectl get pods --request-timeout=5s", "pods"),
        &line("kubectl logs x --tail=20", "logs"),
        &line("kubectl get nodes -o wide", "nodes"),
    ]);
    for (asked, answer) in [
        ("helm install x chart --wait --timeout 5m", "install"),
        ("helm install x chart --wait --timeout=5m", "install"),
        ("helm install x chart --wait", "install"),
        ("helm --timeout 5m install x chart --wait", "install"),
        ("kubectl get pods", "pods"),
        ("kubectl get pods --request-timeout 20s", "pods"),
        ("kubectl logs x --tail 20", "logs"),
        ("kubectl get nodes -o wide --request-timeout=20s", "nodes"),
    ] {
        assert_eq!(stdout(&replay, asked), answer, "{asked}");
    }
    for asked in [
        "helm install x chart --timeout 60s",
        "kubectl logs x --tail 30",
        "kubectl get nodes -o",
        "kubectl get pods -- --request-timeout=5s",
    ] {
        assert!(matches!(ask(&replay, asked).0, Exit::NotStarted(_)), "{asked}");
    }
}

#[test]
fn the_very_same_call_comes_before_one_that_asks_the_same() {
    let replay = parse(&[&line("helm list --timeout 1s", "one"), &line("helm list --timeout=2s", "two")]);
    assert_eq!(stdout(&replay, "helm list --timeout=2s"), "two");
    assert_eq!(stdout(&replay, "helm list --timeout 1s"), "one");
    assert_eq!(stdout(&replay, "helm list"), "one");
    assert_eq!(stdout(&replay, "helm list"), "two");
}

#[test]
fn a_call_that_was_not_recorded_is_named_with_the_nearest_that_was() {
    let replay =
        parse(&[&line("kubectl get pods", "a"), &line("kubectl get pods -o wide", "b"), &line("helm list", "c")]);
    let told = |asked: &str| match ask(&replay, asked).0 {
        Exit::NotStarted(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        told("kubectl get pods -o yaml"),
        "the recording `drill.jsonl` holds no call `kubectl get pods -o yaml`; nearest: `kubectl get pods -o wide`"
    );
    assert_eq!(
        told("kubectl get svc"),
        "the recording `drill.jsonl` holds no call `kubectl get svc`; nearest: `kubectl get pods`"
    );
    assert_eq!(told("kubectl describe x"), "the recording `drill.jsonl` holds no call `kubectl describe x`");
}

#[test]
fn what_is_no_recording_is_told_with_its_line() {
    let told = |bytes: &[u8]| Replay::parse("x.jsonl", bytes).unwrap_err();
    assert_eq!(told(b""), "`x.jsonl` is empty: a recording holds one JSON object a line");
    assert_eq!(told(b"\n \r\n"), "`x.jsonl` is empty: a recording holds one JSON object a line");
    assert_eq!(
        told(b"{\"incident\": \"a\"}\n\n{\"argv\": [\"helm\"]}\n"),
        "`x.jsonl`, line 3: this is not a recorded call: missing field `exit_code`"
    );
    assert_eq!(told(b"{\"argv\": [], \"exit_code\": 0}"), "`x.jsonl`, line 1: `argv` is empty");
    let torn = format!("{}\n{{\"argv\": [\"he", line("helm list", "a"));
    assert_eq!(told(torn.as_bytes()), "`x.jsonl`, line 2: this is not a recorded call: EOF while parsing a string");
    assert!(told(b"\xff\xfe").starts_with("`x.jsonl`, line 1: this is not a recorded call: "));
    assert!(told(b"{\"incident\": \"a\"}\n{\"incident\": \"b\"}").starts_with("`x.jsonl`, line 2: "));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_do_no_harm() {
    let text = format!("\u{feff}{{\"incident\": \"a\"}}\r\n{}\r\n", line("helm list", "x"));
    let replay = Replay::parse("x", text.as_bytes()).unwrap();
    assert_eq!((replay.incident(), replay.calls().len()), ("a", 1));
}

#[test]
fn what_is_recorded_replays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("drill.jsonl");
    let call = |argv: &[&str], exit_code, stdout: &str, stderr: &str| RecordedCall {
        argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
        exit_code,
        elapsed_ms: 12,
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
        marks: Vec::new(),
    };
    let calls = [
        call(&["helm", "list"], 0, "a\n\"b\"\t\u{1b}[0m 日本語\r\n", ""),
        call(&["kubectl", "get", "pods"], 1, "", "Unable to connect\n"),
        call(&["helm", "list"], 137, "", ""),
    ];
    let recording = Recording::create(&path, "drill", "on purpose", "k3m9x2ab").unwrap();
    for (index, call) in calls.iter().enumerate() {
        recording.keep(call).unwrap();
        let so_far = std::fs::read_to_string(&path).unwrap();
        assert_eq!(so_far.matches('\n').count(), index + 2, "each line is there at once");
    }
    let replay = Replay::open(&path).unwrap();
    assert_eq!((replay.incident(), replay.note(), replay.unique()), ("drill", "on purpose", Some("k3m9x2ab")));
    assert_eq!(replay.calls(), calls);
    assert_eq!(ask(&replay, "helm list").0, Exit::Code(0));
    assert_eq!(ask(&replay, "helm list").0, Exit::Code(137));

    let error = Recording::create(&path, "drill", "", "").unwrap_err();
    assert_eq!(error.to_string(), format!("`{}` exists; choose another name or remove it", path.display()));
    let missing = Replay::open(&dir.path().join("none")).unwrap_err();
    assert_eq!(missing, format!("`{}` does not exist", dir.path().join("none").display()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
