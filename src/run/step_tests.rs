//! What a step does with a tool's answer, feature by feature.

use super::redact::{Mask, decode_base64};
use super::testing::*;
use crate::error::Code;
use crate::model::command::{Exit, Stream};
use crate::model::event::{EventKind, RunOutcome};
use crate::model::step::{Decode, DoneIf, Each, Retry, Step, Until};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;

const SECS: fn(u64) -> Duration = Duration::from_secs;

/// Runs one step with one answer; returns how the step ended.
fn one(said: Said, adjust: impl FnOnce(&mut Step)) -> String {
    let told = Stage::default().on("helm x", said).run(&plan_of(vec![runs_with("1", "helm x", adjust)]));
    told.steps().remove(0)
}

fn retry(times: u32, on: &[&str]) -> Option<Retry> {
    let on = on.iter().map(|id| (*id).to_owned()).collect();
    Some(Retry { times, first: SECS(1), max: SECS(3), on })
}

fn waits(told: &Told) -> Vec<(u32, u64)> {
    told.kinds()
        .filter_map(|kind| match kind {
            EventKind::StepRetry { attempt, wait_ms, .. } => Some((*attempt, *wait_ms)),
            _ => None,
        })
        .collect()
}

#[test]
fn exit_code_and_patterns_are_independent() {
    let expect = |text: &'static str| move |spec: &mut Step| spec.expect = Some(pattern(text));
    let reject = |text: &'static str| move |spec: &mut Step| spec.reject = Some(pattern(text));
    assert_eq!(one(exit(0).out("all good"), expect("good")), "1 ok");
    assert_eq!(one(exit(0).err("all good"), expect("good")), "1 ok");
    assert_eq!(one(exit(0).out("x"), expect("good")), "1 failed its output does not match `good`");
    assert_eq!(one(exit(3).out("all good"), expect("good")), "1 failed exited with code 3");
    assert_eq!(one(exit(0).err("ERROR: no"), reject("^ERROR")), "1 failed it says: ERROR: no");
    assert_eq!(one(exit(0).out("fine"), reject("^ERROR")), "1 ok");
    let done = |spec: &mut Step| spec.done_if = Some(DoneIf::Output(pattern("already exists")));
    assert_eq!(one(exit(1).err("x already exists"), done), "1 already");
    assert_eq!(one(exit(1).err("boom"), done), "1 failed exited with code 1");
    assert_eq!(one(ends(Exit::TimedOut).err("x already exists"), done), "1 failed ran out of time and was ended");
    assert_eq!(one(exit(1), |spec| spec.allow_failure = true), "1 allowed exited with code 1");
    assert_eq!(one(exit(-1_073_741_510), |_| ()), "1 failed exited with code 0xc000013a (Ctrl-C)");
    assert_eq!(one(ends(Exit::Signal(9)), |_| ()), "1 failed was ended by signal 9 (SIGKILL)");
}

#[test]
fn a_retry_waits_twice_as_long_each_time_up_to_its_limit() {
    let stage = Stage::default()
        .on("helm x", exit(1).err("a"))
        .on("helm x", exit(1).err("b"))
        .on("helm x", exit(1).err("c"))
        .on("helm x", exit(0).out("fine\n"));
    let told = stage.run(&plan_of(vec![runs_with("1", "helm x", |spec| {
        spec.retry = retry(5, &[]);
        spec.save = Some(template("x.txt"));
    })]));
    assert_eq!(waits(&told), [(1, 1000), (2, 2000), (3, 3000)]);
    assert_eq!(told.steps(), ["1 ok"]);
    assert_eq!(stage.file("x.txt"), "fine\n", "the answer that counted, alone");
    assert_eq!(told.report.documents.len(), 1);
}

#[test]
fn a_retry_ends_by_number_by_symptom_and_where_nothing_can_start() {
    let mut stage = Stage::default().on("helm x", exit(1).err("reset by peer"));
    stage.symptoms = vec![("reset by peer", "network-flake")];
    let told = stage.run(&plan_of(vec![runs_with("1", "helm x", |spec| spec.retry = retry(2, &["network-flake"]))]));
    assert_eq!((stage.called().len(), told.report.code), (3, Code::StepFailed));
    let stage = Stage::default().on("helm x", exit(1).err("denied"));
    stage.run(&plan_of(vec![runs_with("1", "helm x", |spec| spec.retry = retry(2, &["network-flake"]))]));
    assert_eq!(stage.called().len(), 1);
    let stage = Stage::default();
    stage.run(&plan_of(vec![runs_with("1", "helm x", |spec| spec.retry = retry(2, &[]))]));
    assert_eq!(stage.called().len(), 1);
}

#[test]
fn until_polls_through_failures_up_to_its_limit() {
    let until = || Some(Until { pattern: pattern("1/1"), every: SECS(2), timeout: SECS(10) });
    let stage = Stage::default()
        .on("kubectl get", exit(1).err("refused"))
        .on("kubectl get", exit(0).out("0/1"))
        .on("kubectl get", exit(0).out("1/1"));
    let told = stage.run(&plan_of(vec![runs_with("1", "kubectl get", |spec| spec.until = until())]));
    assert_eq!(told.steps(), ["1 ok"]);
    assert_eq!(waits(&told), [(1, 2000), (2, 2000)]);
    assert!(
        told.kinds()
            .any(|kind| matches!(kind, EventKind::StepRetry { why, .. } if why == "not yet: exited with code 1"))
    );
    let stage = Stage::default().on("kubectl get", exit(0).out("0/1").takes(SECS(1)));
    let told = stage.run(&plan_of(vec![runs_with("1", "kubectl get", |spec| spec.until = until())]));
    assert_eq!(told.steps(), ["1 failed not within 10s: its output does not match `1/1`"]);
    assert_eq!(told.report.code, Code::TimedOut);
    assert_eq!(stage.called().len(), 4);
}

#[test]
fn a_list_is_run_item_by_item_and_an_empty_one_is_skipped_aloud() {
    let table = "NAME READY\napp-a 1/1\napp-b 0/1\napp-a 1/1\r\n";
    let stage = Stage::default()
        .on("kubectl get", exit(0).out(table))
        .on("kubectl describe app-a 1", exit(0).out("A"))
        .on("kubectl describe app-b 0", exit(0).out("B"));
    let list = runs_with("1", "kubectl get", |spec| {
        spec.each = Some(Each { list: "pod".into(), pattern: pattern(r"^(?P<pod>app-\S+) (?P<ready>\d)/") });
    });
    let describe = runs_with("2", "kubectl describe ${pod} ${ready}", |spec| {
        spec.for_each = Some("pod".into());
        spec.save = Some(template("events-${pod}.txt"));
    });
    let none = runs_with("3", "kubectl logs ${job}", |spec| spec.for_each = Some("job".into()));
    let mut root = block(vec![list, describe, none]);
    root.steps[1].after = vec![0];
    for parallel in [1, 4] {
        root.parallel = parallel;
        let stage = if parallel == 1 {
            &stage
        } else {
            &Stage::default()
                .on("kubectl get", exit(0).out(table))
                .on("kubectl describe app-a 1", exit(0).out("A"))
                .on("kubectl describe app-b 0", exit(0).out("B"))
        };
        let told = stage.run(&plan(root.clone()));
        let mut steps = told.steps();
        steps.sort();
        assert_eq!(steps, ["1 ok", "2[app-a] ok", "2[app-b] ok", "3 skipped no job found"]);
        assert_eq!(stage.file("events-app-b.txt"), "B");
        assert_eq!(told.report.files.len(), 2);
    }
}

#[test]
fn named_groups_of_an_expectation_reach_later_steps_and_called_tasks() {
    let stage = Stage::default()
        .on("helm history", exit(0).out("REVISION: 7\n"))
        .on("helm rollback 7", exit(0))
        .on("helm get 7", exit(0));
    let first = runs_with("1", "helm history", |spec| spec.expect = Some(pattern(r"REVISION: (?P<revision>\d+)")));
    let inner = block(vec![runs("3.1", "helm get ${revision}")]);
    let called = step("3", crate::plan::Work::Block(Box::new(inner)));
    let told = stage.run(&plan_of(vec![first, runs("2", "helm rollback ${revision}"), called]));
    assert_eq!(told.steps(), ["1 ok", "2 ok", "3.1 ok", "3 ok"]);
}

#[test]
fn a_foreign_value_that_would_be_an_option_never_reaches_a_tool() {
    for (value, why) in [
        ("--kubeconfig=evil", "would be read as an option: it begins with `-`"),
        ("a\u{7}b", "holds control characters"),
    ] {
        let stage = Stage::default().on("helm list", exit(0).out(format!("name={value}\n")));
        let first = runs_with("1", "helm list", |spec| spec.expect = Some(pattern("name=(?P<name>.+)$")));
        let told = stage.run(&plan_of(vec![first, runs("2", "helm status ${name}")]));
        assert_eq!(stage.called(), ["helm list"]);
        assert!(told.steps()[1].starts_with("2 failed the value found for `${name}` "), "{:?}", told.steps());
        assert!(told.steps()[1].ends_with(why), "{:?}", told.steps());
    }
    let stage = Stage::default()
        .on("helm list", exit(0).out("name=; rm -rf / $(x)\n"))
        .on("helm status ; rm -rf / $(x)", exit(0));
    let first = runs_with("1", "helm list", |spec| spec.expect = Some(pattern("name=(?P<name>.+)$")));
    stage.run(&plan_of(vec![first, runs("2", "helm status ${name}")]));
    assert_eq!(stage.invocations.lock().unwrap()[1].argv, ["helm", "status", "; rm -rf / $(x)"]);
}

#[test]
fn an_empty_optional_argument_goes_away_and_pinned_ones_keep_their_place() {
    let stage = Stage::default().on("helm rollback app", exit(0));
    let mut root = block(vec![runs("1", "helm --pinned rollback app ${revision?}")]);
    root.scope = [("revision".to_owned(), String::new())].into();
    root.steps[0].spec.env = [("A".to_owned(), template("${revision}!"))].into();
    root.steps[0].spec.cwd = Some(template("charts"));
    assert_eq!(stage.run(&plan(root)).report.code, Code::Done);
    let call = stage.invocations.lock().unwrap()[0].clone();
    assert_eq!(call.argv, ["helm", "--pinned", "rollback", "app"]);
    assert_eq!((call.pinned, call.env["A"].as_str()), (1..2, "!"));
    assert_eq!(call.cwd.unwrap(), std::path::Path::new("/work/charts"));
}

#[test]
fn a_filter_keeps_its_lines_everywhere_but_in_the_recording() {
    let stage = Stage::default().on("kubectl logs", exit(0).out("INFO a\nERR").out("OR b\r\nINFO c\n"));
    let told = stage.run(&plan_of(vec![runs_with("1", "kubectl logs", |spec| {
        spec.filter = Some(pattern("ERROR"));
        spec.save = Some(template("errors.txt"));
        spec.reject = Some(pattern("INFO"));
    })]));
    assert_eq!((told.steps(), told.lines("1")), (vec!["1 ok".to_owned()], vec!["ERROR b".to_owned()]));
    assert_eq!(stage.file("errors.txt"), "ERROR b\r\n");
    assert_eq!(told.report.documents[0].text, b"ERROR b\r\n");
    assert_eq!(told.report.documents[0].file, "errors.txt");
    assert_eq!(stage.recorded.lock().unwrap()[0].stdout, "INFO a\nERROR b\r\nINFO c\n");
}

#[test]
fn base64_is_decoded_before_anything_reads_it() {
    let adjust = |spec: &mut Step| {
        spec.decode = Some(Decode::Base64);
        spec.expect = Some(pattern("^plain text$"));
    };
    let packed = STANDARD.encode("plain text\n");
    let stage = Stage::default().on("helm x", exit(0).out(&packed[..5]).out(format!("\n{}\n", &packed[5..])));
    let told = stage.run(&plan_of(vec![runs_with("1", "helm x", adjust)]));
    assert_eq!((told.steps(), told.lines("1")), (vec!["1 ok".to_owned()], vec!["plain text".to_owned()]));
    assert_eq!(decode_base64(stage.recorded.lock().unwrap()[0].stdout.as_bytes()).unwrap(), b"plain text\n");
    assert_eq!(one(exit(0).out("not base64!"), adjust), "1 failed its output is not base64");
}

#[test]
fn an_evidence_file_holds_the_bytes_and_says_why_it_is_empty() {
    let stage = Stage::default()
        .on("kubectl a", exit(0).out("\u{1b}[31mred\u{1b}[0m\r\nDB_PASSWORD=hunter2hunter2\n"))
        .on("kubectl b", exit(1).err("Error: no such pod\n"))
        .on("kubectl c", exit(0).out("x").err("Warning: old\n"))
        .on("kubectl d", exit(1).out("x").err("Error: half\n"))
        .on("kubectl e", exit(1));
    let save = |id: &str, words: &str| {
        runs_with(id, words, |spec| {
            spec.save = Some(template("out.txt"));
            spec.allow_failure = true;
        })
    };
    let steps = ["a", "b", "c", "d", "e"];
    let steps = steps.iter().enumerate().map(|(at, name)| save(&(at + 1).to_string(), &format!("kubectl {name}")));
    let steps = steps.collect();
    let told = stage.run(&plan_of(steps));
    assert_eq!(told.lines("1")[0], "red");
    assert_eq!(stage.file("out-5.txt"), "[the command exited with code 1 and printed nothing]\n");
    let first = stage.file("out.txt");
    assert!(first.starts_with("\u{1b}[31mred\u{1b}[0m\r\nDB_PASSWORD=[hidden DB_PASSWORD 14 chars #"), "{first}");
    assert_eq!(stage.file("out-2.txt"), "Error: no such pod\n");
    assert_eq!(stage.file("out-3.txt"), "x");
    assert_eq!(stage.file("out-4.txt"), "x\nError: half\n");
    assert_eq!(told.report.files, ["out.txt", "out-2.txt", "out-3.txt", "out-4.txt", "out-5.txt"]);
}

#[test]
fn a_call_that_did_not_start_is_no_evidence() {
    let save = |id: &str, words: &str, adjust: fn(&mut Step)| {
        runs_with(id, words, |spec| {
            spec.save = Some(template("out.txt"));
            spec.allow_failure = true;
            adjust(spec);
        })
    };
    let again = |spec: &mut Step| spec.retry = retry(1, &[]);
    let stage = Stage::default().on("kubectl c", exit(0));
    let told = stage.run(&plan_of(vec![
        save("1", "kubectl a", |_| ()),
        save("2", "kubectl b", again),
        save("3", "kubectl c", |_| ()),
    ]));
    assert_eq!(told.steps()[0], "1 allowed did not start: `kubectl a` is not in the script");
    assert_eq!(told.steps()[2], "3 ok");
    let saved = told.kinds().filter(|kind| matches!(kind, EventKind::StepFinished { saved: Some(_), .. }));
    assert_eq!((saved.count(), told.report.files.len(), stage.files.lock().unwrap().len()), (1, 1, 1));
    assert!(told.report.documents.is_empty());
}

#[test]
fn a_full_disk_stops_no_step_and_ends_with_74() {
    let mut stage = Stage::default().on("kubectl a", exit(0).out("x")).on("kubectl b", exit(0));
    stage.full = Some("pods.txt".into());
    let told = stage.run(&plan_of(vec![
        runs_with("1", "kubectl a", |spec| spec.save = Some(template("pods.txt"))),
        runs("2", "kubectl b"),
    ]));
    assert_eq!((told.report.code, told.report.outcome), (Code::Unwritable, RunOutcome::Unwritable));
    assert_eq!(told.steps(), ["1 ok", "2 ok"]);
    assert_eq!(told.notices(), ["could not write pods.txt: no space left on device"]);
}

#[test]
fn progress_is_read_from_the_output() {
    let stage = Stage::default().on("helm x", exit(0).out("Step 3/7 : COPY\n45%\n"));
    let told = stage.run(&plan_of(vec![runs_with("1", "helm x", |spec| {
        spec.progress = Some(pattern(r"Step (?P<current>\d+)/(?P<total>\d+) : (?P<stage>.+)|(?P<percent>\d+)%"));
    })]));
    let seen: Vec<_> = told
        .kinds()
        .filter_map(|kind| match kind {
            EventKind::Progress { stage, current, total, .. } => Some((stage.clone(), *current, *total)),
            _ => None,
        })
        .collect();
    assert_eq!(seen, [(Some("COPY".into()), Some(3), Some(7)), (None, Some(45), Some(100))]);
}

/// The readings of a run: stage, current, total.
fn readings(told: &Told) -> Vec<(Option<String>, Option<u64>, Option<u64>)> {
    let kinds = told.kinds().filter_map(|kind| match kind {
        EventKind::Progress { stage, current, total, .. } => Some((stage.clone(), *current, *total)),
        _ => None,
    });
    kinds.collect()
}

#[test]
fn a_build_is_counted_without_a_pattern_and_only_changes_are_told() {
    let build = exit(0)
        .err("#4 [1/2] FROM a\n#4 DONE 0.1s\n\n#5 [2/2] RUN x\n#5 0.1 log\n#5 ...\n\n")
        .out("nothing\n")
        .err("#5 [2/2] RUN x\n#5 DONE 1.0s\n");
    let told = Stage::default().on("docker build", build).run(&plan_of(vec![runs("1", "docker build")]));
    let one = |stage: &str, current| (Some(stage.to_owned()).filter(|stage| !stage.is_empty()), Some(current), Some(2));
    assert_eq!(readings(&told), [one("FROM a", 0), one("FROM a", 1), one("RUN x", 1), one("RUN x", 2), one("", 2)]);
}

#[test]
fn people_read_the_words_of_an_event_and_files_keep_the_event() {
    let event = |message: &str| {
        format!(
            r#"{{"type":"io.k8s.sigs.minikube.error","data":{{"message":"{message}","name":"GUEST_START","exitcode":"80"}}}}"#
        )
    };
    let said = format!("{}\n{}\n", event("no node"), event(r"no \u0073ecret-word-1234"));
    let stage = Stage::default().on("minikube start -o json", exit(80).out(&said));
    let mut plan = plan_of(vec![runs_with("1", "minikube start -o json", |spec| {
        spec.save = Some(template("start.jsonl"));
    })]);
    plan.secrets = vec!["secret-word-1234".to_owned()];
    let told = stage.run(&plan);
    let lines = told.lines("1");
    assert_eq!(lines[0], "Exiting due to GUEST_START: no node");
    // What the escapes hid from the redactor, the words must not show.
    assert!(lines[1].starts_with("Exiting due to GUEST_START: no ") && !lines[1].contains("secret"), "{lines:?}");
    assert!(stage.file("start.jsonl").starts_with(&event("no node")));
    assert_eq!(readings(&told), [(Some("failed: GUEST_START".to_owned()), None, None)]);
}

#[test]
fn a_flood_of_output_stays_in_bounds_and_is_counted() {
    let mut said = exit(0);
    for _ in 0..64 {
        said = said.out(vec![b'x'; 1 << 20]);
    }
    let told = Stage::default().on("helm x", said).run(&plan_of(vec![runs("1", "helm x")]));
    let kept: usize = told.report.documents.iter().map(|document| document.text.len()).sum();
    assert!(kept < 5 << 20);
    let dropped = told.kinds().find_map(|kind| match kind {
        EventKind::StepFinished { dropped, .. } => Some(*dropped),
        _ => None,
    });
    assert!(dropped.unwrap() > 60 << 20);
    assert!(told.lines("1")[0].len() < 20 << 10);
}

#[test]
fn each_byte_that_is_not_kept_is_counted_once() {
    const MIB: usize = 1 << 20;
    let kept = 2 * super::capture::HALF;
    let line = |bytes: usize| [vec![b'.'; bytes - 1], b"\n".to_vec()].concat();
    let one = 10 * MIB - (super::lines::LINE_MAX + 1);
    type Adjust = fn(&mut Step);
    let plain: Adjust = |_| ();
    let filter: Adjust = |spec| spec.filter = Some(pattern("^."));
    let sensitive: Adjust = |spec| spec.sensitive = true;
    for (text, adjust, expected) in [
        (line(10 * MIB), plain, one),
        (line(10 * MIB), filter, one),
        // No text, so that nothing is learned of it.
        (vec![0xff; 10 * MIB], sensitive, 10 * MIB - kept),
        (vec![0xff; kept + 5], sensitive, 5),
        (line(1024).repeat(10 << 10), plain, 10 * MIB - kept),
        (line(1024).repeat(10 << 10), filter, 10 * MIB - kept),
        // A long line, and then many short ones: the middle goes, and the long line's end with it.
        ([line(10 * MIB), line(1024).repeat(10 << 10)].concat(), plain, 20 * MIB - kept),
    ] {
        let stage = Stage::default().on("helm x", exit(0).out(text));
        let told = stage.run(&plan_of(vec![runs_with("1", "helm x", adjust)]));
        let dropped = told.kinds().find_map(|kind| match kind {
            EventKind::StepFinished { dropped, .. } => Some(*dropped),
            _ => None,
        });
        assert_eq!(dropped, Some(expected as u64));
    }
}

#[test]
fn a_sensitive_value_is_known_from_then_on_and_shown_nowhere() {
    let secret = "correct horse battery";
    let packed = STANDARD.encode(secret);
    let stage = Stage::default()
        .on("kubectl get secret", exit(0).out(&packed))
        .on("kubectl logs", exit(1).err(format!("bad value {secret} or {packed}\n")))
        .on("kubectl echo correct horse battery", exit(0));
    let read = runs_with("1", "kubectl get secret", |spec| {
        spec.sensitive = true;
        spec.decode = Some(Decode::Base64);
        spec.save = Some(template("secret.txt"));
        spec.expect = Some(pattern("(?P<value>.+)"));
    });
    let logs = runs_with("2", "kubectl logs", |spec| {
        spec.allow_failure = true;
        spec.save = Some(template("logs.txt"));
    });
    let told = stage.run(&plan_of(vec![read, logs, runs("3", "kubectl echo ${value}")]));
    assert_eq!(told.steps()[0], "1 ok 21 bytes, not shown");
    let text = told.all_text(&stage);
    assert!(!text.contains(secret) && !text.contains(&packed) && !text.contains("horse"), "{text}");
    assert!(stage.file("logs.txt").starts_with("bad value [hidden 21 chars #"));
    let kept = decode_base64(stage.recorded.lock().unwrap()[0].stdout.as_bytes()).unwrap();
    assert_eq!(Mask::parse(&String::from_utf8(kept).unwrap()).unwrap().chars, 21);
}

#[test]
fn a_declared_secret_is_in_no_event_file_or_recording() {
    let secret = "s3cr3t-canary/+=";
    let stage = Stage::default().on(
        &format!("helm upgrade --set auth={secret}"),
        exit(1)
            .out("s3cr3t-")
            .out("canary/+=\n")
            .err(format!("{}\n", STANDARD.encode(secret)))
            .err("\u{1b}[1ms3cr3t\u{1b}[0m-canary/+=\n"),
    );
    let mut plan =
        plan_of(vec![runs_with("1", "helm upgrade --set auth=${auth}", |spec| spec.save = Some(template("a.txt")))]);
    plan.root.scope = [("auth".to_owned(), secret.to_owned())].into();
    plan.secrets = vec![secret.to_owned()];
    let told = stage.run(&plan);
    let text = told.all_text(&stage);
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn a_stream_is_told_apart_in_events_and_documents() {
    let stage = Stage::default().on("helm x", exit(0).out("out\n").err("err\n"));
    let told = stage.run(&plan_of(vec![runs("1", "helm x")]));
    let streams: Vec<Stream> = told
        .kinds()
        .filter_map(|kind| match kind {
            EventKind::Output { stream, .. } => Some(*stream),
            _ => None,
        })
        .collect();
    assert_eq!(streams, [Stream::Stdout, Stream::Stderr]);
    assert_eq!(told.report.documents.iter().map(|document| document.is_stderr).collect::<Vec<_>>(), [false, true]);
}

/// Asks a check about secrets whose values are these; returns what it found.
fn secrets(values: &[&str], min_len: Option<usize>, form: Option<&str>, part: Option<&str>) -> String {
    secrets_on(Stage::default(), values, min_len, form, part)
}

fn secrets_on(
    mut stage: Stage,
    values: &[&str],
    min_len: Option<usize>,
    form: Option<&str>,
    part: Option<&str>,
) -> String {
    let names: Vec<String> = (0..values.len()).map(|index| format!("s{index}")).collect();
    for (name, value) in names.iter().zip(values) {
        stage = stage.on(&format!("kubectl get {name}"), exit(0).out(STANDARD.encode(value)));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let gate = secrets_gate(&names, min_len, form, part);
    let told = stage.run(&plan_of(vec![step("1", crate::plan::Work::Check(Box::new(gate)))]));
    let text = told.all_text(&stage);
    for value in values.iter().filter(|value| value.len() >= 6 && !value.starts_with("http") && !value.contains('[')) {
        assert!(!text.contains(value) && !text.contains(&STANDARD.encode(value)), "{text}");
    }
    let tag = regex::Regex::new("#[0-9a-f]{8}").unwrap();
    tag.replace_all(&told.steps()[0], "#").into_owned()
}

#[test]
fn secrets_are_compared_in_memory_and_only_facts_come_out() {
    let (a, b) = ("0123456789abcdef0123456789abcdef0123", "ffffffffffffffffffffffffffffffffffff");
    assert_eq!(secrets(&[a, a], Some(32), None, None), "1 ok both have 36 characters and are equal (#)");
    assert_eq!(secrets(&[a, b], None, None, None), "1 failed they differ: 36 and 36 characters");
    assert_eq!(
        secrets(&["short-secret", "short-secret"], Some(32), None, None),
        "1 failed too short: 12 of at least 32"
    );
    assert_eq!(
        secrets(&["sk-ant-wrong"], None, Some("sk-ant-api03-.+"), None),
        "1 failed s0/KEY: does not have the expected form"
    );
    assert_eq!(
        secrets(&["sk-ant-api03-abcdefgh"], None, Some("sk|sk-ant-api03-.+"), None),
        "1 ok has 21 characters (#)"
    );
    let origin = "http://192.168.49.2:30080";
    assert_eq!(
        secrets(&["https://x.example.com"], None, None, Some(origin)),
        format!("1 failed s0/KEY: does not contain {origin}")
    );
    assert_eq!(secrets(&[origin], None, None, Some(origin)), "1 ok has 25 characters (#)");
    assert_eq!(secrets(&["", a], None, None, None), "1 failed s0/KEY is empty or missing");
}

#[test]
fn masked_secrets_of_a_recording_are_compared_by_tag_and_length() {
    let (a, b) = ("[hidden 36 chars #00112233]", "[hidden 36 chars #44556677]");
    let replayed = |values: &[&str], min_len, form| {
        let mut stage = Stage::default();
        stage.replay = true;
        secrets_on(stage, values, min_len, form, None)
    };
    assert_eq!(replayed(&[a, a], Some(32), None), "1 ok both have 36 characters and are equal (#)");
    assert_eq!(replayed(&[a, b], None, None), "1 failed they differ: 36 and 36 characters");
    assert_eq!(replayed(&[a], Some(40), None), "1 failed s0/KEY: too short: 36 of at least 40");
    let key = "sk-ant-api03-[hidden 18 chars #00112233]";
    assert_eq!(replayed(&[key], None, Some("sk-ant-api03-[A-Za-z0-9_-]+")), "1 ok has 31 characters (#)");
}

#[test]
fn a_mask_that_somebody_has_set_as_a_value_is_none() {
    let mask = "[hidden 36 chars #00112233]";
    let key = "sk-ant-api03-[hidden ANTHROPIC_API_KEY 18 chars #00112233]";
    for value in [mask, key] {
        assert_eq!(
            secrets(&[value, value], Some(8), None, None),
            "1 failed s0/KEY: it is a mask of refloat's, not a value"
        );
    }
}

#[test]
fn secrets_that_cannot_be_read_are_neither_equal_nor_different() {
    let ask = |said: Said| {
        let stage = Stage::default().on("kubectl get a", said);
        let gate = secrets_gate(&["a"], None, None, None);
        stage.run(&plan_of(vec![step("1", crate::plan::Work::Check(Box::new(gate)))])).steps().remove(0)
    };
    assert_eq!(
        ask(exit(1).err("Unable to connect to the server: dial tcp: i/o timeout\n")),
        "1 failed could not ask: Unable to connect to the server: dial tcp: i/o timeout"
    );
    assert_eq!(ask(ends(Exit::NotStarted("not recorded".into()))), "1 failed could not ask: not recorded");
    assert_eq!(
        ask(exit(1).err("Error from server (NotFound): secrets \"a\" not found\n")),
        "1 failed a/KEY is empty or missing"
    );
}

#[test]
fn what_is_recorded_answers_the_next_run_alike() {
    let value = "0123456789abcdef0123456789abcdef0123";
    let gate = || step("1", crate::plan::Work::Check(Box::new(secrets_gate(&["a", "b"], Some(32), None, None))));
    let stage = Stage::default()
        .on("kubectl get a", exit(0).out(STANDARD.encode(value)))
        .on("kubectl get b", exit(0).out(STANDARD.encode(value)));
    let first = stage.run(&plan_of(vec![gate()]));
    let mut again = Stage::default();
    again.replay = true;
    for call in stage.recorded.lock().unwrap().iter() {
        again = again.on(&call.argv.join(" "), exit(call.exit_code).out(&call.stdout).err(&call.stderr));
    }
    let second = again.run(&plan_of(vec![gate()]));
    assert_eq!(first.steps(), second.steps(), "tags and lengths are the same");
    assert!(first.steps()[0].starts_with("1 ok both have 36 characters"));
}
