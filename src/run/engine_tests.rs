//! The run as a whole: order, gates, codes, interruption, tools.

use super::testing::*;
use crate::error::Code;
use crate::model::catalog::{Version, VersionRule};
use crate::model::command::Exit;
use crate::model::event::{Counts, EventKind, RunOutcome};
use crate::model::step::OnInterrupt;
use crate::plan::Work;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn counts(told: &Told) -> Counts {
    match told.kinds().last() {
        Some(EventKind::RunFinished { counts, .. }) => *counts,
        other => panic!("the last event is {other:?}"),
    }
}

#[test]
fn steps_run_in_order_and_all_is_told() {
    let stage = Stage::default().on("helm status", exit(0).out("STATUS: deployed\n")).on("kubectl get", exit(0));
    let told = stage.run(&plan_of(vec![runs("1", "helm status"), runs("2", "kubectl get")]));
    assert_eq!((told.report.code, told.report.outcome), (Code::Done, RunOutcome::Done));
    assert_eq!(told.steps(), ["1 ok", "2 ok"]);
    assert_eq!(told.lines("1"), ["STATUS: deployed"]);
    assert!(matches!(told.kinds().next(), Some(EventKind::RunStarted { steps: 2, .. })));
    assert_eq!(counts(&told), Counts { ok: 2, failed: 0, skipped: 0, not_run: 0, ..Counts::default() });
    assert_eq!(told.report.documents[0].file, "helm status");
    let invocation = stage.invocations.lock().unwrap()[0].clone();
    assert_eq!(invocation.program.unwrap().to_str(), Some("/usr/bin/helm"));
    assert_eq!(invocation.cwd.unwrap().to_str(), Some("/work"));
}

#[test]
fn a_failure_ends_the_task_but_not_finally_and_the_cause_is_named() {
    let mut stage = Stage::default().on("helm upgrade", exit(1).err("Error: timed out\n")).on("helm history", exit(0));
    stage.symptoms = vec![("timed out", "helm-timeout")];
    let mut root = block(vec![runs("1", "helm upgrade"), runs("2", "kubectl get")]);
    root.finally = vec![runs("f1", "helm history")];
    let told = stage.run(&plan(root));
    assert_eq!((told.report.code, told.report.outcome), (Code::StepFailed, RunOutcome::Failed));
    assert_eq!(told.steps(), ["1 failed exited with code 1", "f1 ok"]);
    assert_eq!(stage.called(), ["helm upgrade", "helm history (to the end)"]);
    assert_eq!(counts(&told), Counts { ok: 1, failed: 1, skipped: 0, not_run: 1, ..Counts::default() });
    assert!(
        told.kinds().any(
            |kind| matches!(kind, EventKind::Diagnosed { diagnosis } if diagnosis.findings[0].id == "helm-timeout")
        )
    );
    assert_eq!(told.next(), ["fix helm-timeout"]);
    let tail = told.kinds().find_map(|kind| match kind {
        EventKind::StepFinished { tail, .. } if !tail.is_empty() => Some(tail.clone()),
        _ => None,
    });
    assert_eq!(tail.unwrap(), ["Error: timed out"]);
}

#[test]
fn without_a_finding_the_next_command_is_what_the_caller_knows() {
    for after in [Some("refloat diagnose --replay r.jsonl"), None] {
        let mut stage = Stage::default().on("helm upgrade", exit(1));
        stage.after_failure = after.map(str::to_owned);
        let told = stage.run(&plan_of(vec![runs("1", "helm upgrade")]));
        assert_eq!(told.next(), after.into_iter().collect::<Vec<_>>());
    }
    let stage = Stage::default().on("helm upgrade", exit(1).err("odd"));
    let told = stage.run(&plan_of(vec![runs_with("1", "helm upgrade", |spec| spec.save = Some(template("a.txt")))]));
    assert_eq!(told.next(), ["refloat diagnose .refloat/runs/run-1"]);
}

#[test]
fn every_requirement_is_asked_and_a_no_refuses_before_anything_is_done() {
    let stage = Stage::default()
        .on("helm status", exit(1).err("Error: release: not found\n"))
        .on("kubectl get", exit(0))
        .on("kubectl auth", exit(1));
    let mut root = block(vec![runs("1", "helm rollback")]);
    root.require = vec![gate("a", "helm status"), gate("b", "kubectl get"), gate("c", "kubectl auth")];
    root.finally = vec![runs("f1", "helm history")];
    let told = stage.run(&plan(root));
    assert_eq!((told.report.code, told.report.outcome), (Code::Refused, RunOutcome::Refused));
    assert_eq!(
        told.steps(),
        ["r1 failed exited with code 1: Error: release: not found", "r2 ok", "r3 failed exited with code 1"]
    );
    assert_eq!(told.next(), ["fix a", "fix c"]);
    assert_eq!(stage.called(), ["helm status", "kubectl get", "kubectl auth"]);
    assert_eq!(counts(&told).not_run, 2);
}

#[test]
fn a_refusal_names_its_cause() {
    const OUT_OF_REACH: &str = "Error: Kubernetes cluster unreachable: EOF\n";
    let mut secret = secrets_gate(&["app"], None, None, None);
    secret.fix.clear();
    let mut absent = gate("a", "helm status");
    absent.negated = true;
    for require in [gate("a", "helm status"), absent, secret] {
        let mut stage = Stage::default()
            .on("helm status", exit(1).err(OUT_OF_REACH))
            .on("kubectl get app", exit(1).err(OUT_OF_REACH));
        stage.symptoms = vec![("unreachable", "api-refused")];
        let mut root = block(vec![runs("1", "helm rollback")]);
        root.require = vec![require];
        let told = stage.run(&plan(root));
        assert_eq!((told.report.code, told.report.outcome), (Code::Refused, RunOutcome::Refused));
        let named: Vec<&str> = told
            .kinds()
            .filter_map(|kind| match kind {
                EventKind::Diagnosed { diagnosis } => Some(diagnosis.findings[0].id.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(named, ["api-refused"]);
        assert_eq!(told.next(), ["fix api-refused"]);
    }
}

#[test]
fn a_refusal_without_a_cause_says_nothing_more() {
    let stage = Stage::default().on("helm status", exit(1).err("Error: release: not found\n"));
    let mut root = block(vec![runs("1", "helm rollback")]);
    root.require = vec![gate("a", "helm status")];
    let told = stage.run(&plan(root));
    assert!(!told.kinds().any(|kind| matches!(kind, EventKind::Diagnosed { .. })));
    assert_eq!(told.next(), ["fix a"]);
}

#[test]
fn a_verify_that_says_no_fails_the_task() {
    let stage = Stage::default().on("helm upgrade", exit(0)).on("kubectl get", exit(0).out("0/1"));
    let mut root = block(vec![runs("1", "helm upgrade")]);
    let mut pods = gate("pods-ready", "kubectl get");
    if let crate::plan::Ask::Run(step) = &mut pods.ask {
        step.spec.expect = Some(pattern("1/1"));
    }
    root.verify = vec![pods];
    let told = stage.run(&plan(root));
    assert_eq!((told.report.code, told.report.outcome), (Code::StepFailed, RunOutcome::Failed));
    assert_eq!(told.steps(), ["1 ok", "v1 failed its output does not match `1/1`: 0/1"]);
    assert_eq!(told.next(), ["fix pods-ready"]);
}

#[test]
fn the_line_that_is_rejected_is_quoted_alone() {
    let pods = "backend   0/1   CrashLoopBackOff\nfrontend   1/1   Running\n";
    let stage = Stage::default().on("kubectl get", exit(0).out(pods));
    let mut ready = gate("pods-ready", "kubectl get");
    if let crate::plan::Ask::Run(step) = &mut ready.ask {
        step.spec.reject = Some(pattern("0/1"));
    }
    let told = stage.run(&plan_of(vec![step("1", Work::Check(Box::new(ready)))]));
    assert_eq!(told.steps(), ["1 failed it says: backend   0/1   CrashLoopBackOff"]);
}

#[test]
fn a_question_that_could_not_be_asked_is_no_yes_even_when_turned_round() {
    for (answer, said) in [
        (exit(1).err("Error: release: not found"), "r1 ok"),
        (exit(0), "r1 failed"),
        (
            exit(1).err("Error: Kubernetes cluster unreachable: EOF"),
            "r1 failed could not ask: exited with code 1: Error: Kubernetes cluster unreachable: EOF",
        ),
        (ends(Exit::NotStarted("not recorded".into())), "r1 failed could not ask: not recorded"),
        (ends(Exit::TimedOut), "r1 failed could not ask: it ran out of time and was ended"),
    ] {
        let stage = Stage::default().on("helm status", answer).on("helm install", exit(0));
        let mut root = block(vec![runs("1", "helm install")]);
        let mut absent = gate("release-exists", "helm status");
        absent.negated = true;
        root.require = vec![absent];
        let told = stage.run(&plan(root));
        assert_eq!(told.steps()[0], said);
        assert_eq!(told.report.code == Code::Done, said.starts_with("r1 ok"));
    }
}

#[test]
fn advice_for_a_no_is_given_on_a_no_alone() {
    let hints = |told: &Told| -> Vec<String> {
        let of = |kind: &EventKind| match kind {
            EventKind::StepFinished { hints, .. } => hints.clone(),
            _ => Vec::new(),
        };
        told.kinds().flat_map(of).collect()
    };
    let mute = || gate("a", "helm status");
    for (answer, asked) in [(exit(1), true), (ends(Exit::NotStarted("gone".into())), false)] {
        let answers = || Stage::default().on("kubectl get", exit(0));
        let mut refused = block(vec![runs("1", "kubectl get")]);
        refused.require = vec![mute()];
        let mut failed = block(vec![runs("1", "kubectl get")]);
        failed.verify = vec![mute()];
        let checked = block(vec![step("1", Work::Check(Box::new(mute())))]);
        let answer = std::sync::Arc::new(answer);
        for root in [refused, failed, checked] {
            let told = answers().on_again("helm status", &answer).run(&plan(root));
            let wanted = if asked { vec!["fix a"] } else { Vec::new() };
            assert_eq!(hints(&told), wanted, "{:?}", told.steps());
            assert_eq!(told.next().contains(&"fix a".to_owned()), asked, "{:?}", told.steps());
        }
    }
}

#[test]
fn a_called_task_that_is_refused_is_a_failed_step() {
    let stage = Stage::default().on("helm status", exit(1)).on("helm list", exit(0));
    let mut inner = block(vec![runs("2.1", "helm rollback"), runs("2.2", "helm history")]);
    inner.require = vec![gate("a", "helm status")];
    let root = block(vec![runs("1", "helm list"), step("2", Work::Block(Box::new(inner)))]);
    let told = stage.run(&plan(root));
    // Code 4 would say that nothing was done, but step 1 was.
    assert_eq!((told.report.code, told.report.outcome), (Code::StepFailed, RunOutcome::Failed));
    assert_eq!(told.steps(), ["1 ok", "2.r1 failed exited with code 1", "2 failed `demo` is refused: see above"]);
    assert_eq!(counts(&told), Counts { ok: 1, failed: 1, skipped: 0, not_run: 2, ..Counts::default() });
}

#[test]
fn called_tasks_nest_and_may_be_allowed_to_fail() {
    let stage = Stage::default().on("helm a", exit(0)).on("helm b", exit(1)).on("helm c", exit(0));
    let inner = block(vec![runs("1.1", "helm a"), runs("1.2", "helm b")]);
    let mut call = step("1", Work::Block(Box::new(inner)));
    call.spec.allow_failure = true;
    let told = stage.run(&plan_of(vec![call, runs("2", "helm c")]));
    assert_eq!(told.report.code, Code::Done);
    assert_eq!(told.steps(), ["1.1 ok", "1.2 failed exited with code 1", "1 allowed", "2 ok"]);
}

#[test]
fn skip_if_and_done_if_are_asked_before_and_leave_no_trace() {
    let stage = Stage::default().on("helm yes", exit(0).out("noise")).on("helm no", exit(1)).on("helm c", exit(0));
    let mut skipped = runs("1", "helm never");
    skipped.skip_if = Some(gate("there", "helm yes"));
    let mut done = runs("2", "helm never");
    done.done_if = Some(gate("applied", "helm yes"));
    let mut neither = runs("3", "helm c");
    neither.skip_if = Some(gate("there", "helm no"));
    neither.done_if = Some(gate("applied", "helm no"));
    let told = stage.run(&plan_of(vec![skipped, done, neither]));
    assert_eq!(told.steps(), ["1 skipped there holds", "2 already applied holds", "3 ok"]);
    assert!(!told.kinds().any(|kind| matches!(kind, EventKind::Output { .. })));
    assert!(told.report.documents.is_empty());
    assert_eq!(counts(&told), Counts { ok: 2, failed: 0, skipped: 1, not_run: 0, ..Counts::default() });
}

#[test]
fn a_diagnose_step_that_finds_something_ends_with_three() {
    for (text, code, outcome) in
        [("boom", Code::Findings, RunOutcome::Findings), ("fine", Code::Done, RunOutcome::Done)]
    {
        let mut stage = Stage::default().on("kubectl logs", exit(0).out(text));
        stage.symptoms = vec![("boom", "app-boom")];
        let told = stage.run(&plan_of(vec![runs("1", "kubectl logs"), step("2", Work::Diagnose)]));
        assert_eq!((told.report.code, told.report.outcome), (code, outcome));
        assert_eq!(told.next().is_empty(), code == Code::Done);
        let note = if code == Code::Done { "nothing found" } else { "1 root cause, named above" };
        assert_eq!(told.steps()[1], format!("2 ok {note}"));
        assert_eq!(told.kinds().filter(|kind| matches!(kind, EventKind::Diagnosed { .. })).count(), 1);
    }
}

#[test]
fn our_limit_ends_with_124() {
    let stage = Stage::default().on("helm upgrade", ends(Exit::TimedOut));
    let told = stage.run(&plan_of(vec![runs("1", "helm upgrade")]));
    assert_eq!((told.report.code, told.report.outcome), (Code::TimedOut, RunOutcome::TimedOut));
    assert_eq!(told.steps(), ["1 failed ran out of time and was ended"]);
}

#[test]
fn after_a_stop_nothing_new_starts_but_finally() {
    // The running step succeeds all the same.
    let stage = Stage::default()
        .on("helm upgrade", exit(0).then(|stage| stage.stop(15)))
        .on("helm history", exit(0))
        .on("helm status", exit(0));
    let mut root = block(vec![runs("1", "helm upgrade"), runs("2", "helm test")]);
    root.verify = vec![gate("a", "helm status")];
    root.finally = vec![runs("f1", "helm history")];
    let told = stage.run(&plan(root));
    assert_eq!((told.report.code, told.report.outcome), (Code::Terminated, RunOutcome::Interrupted));
    assert_eq!(stage.called(), ["helm upgrade", "helm history (to the end)"]);
    assert_eq!(told.next(), ["refloat history"]);
    assert_eq!(counts(&told).not_run, 1);
}

#[test]
fn a_tool_that_fails_because_it_was_stopped_is_interrupted() {
    for answer in [exit(1), ends(Exit::Interrupted)] {
        let stage = Stage::default().on("helm upgrade", answer.then(|stage| stage.stop(2)));
        let told = stage.run(&plan_of(vec![runs_with("1", "helm upgrade", |spec| spec.allow_failure = true)]));
        assert_eq!(told.report.code, Code::Interrupted);
        assert!(told.steps()[0].starts_with("1 interrupted"), "{:?}", told.steps());
    }
}

#[test]
fn a_step_that_must_finish_is_run_to_its_end() {
    let stage = Stage::default().on("helm rollback", exit(0));
    let step = runs_with("1", "helm rollback", |spec| spec.on_interrupt = Some(OnInterrupt::Finish));
    stage.run(&plan_of(vec![step]));
    assert_eq!(stage.called(), ["helm rollback (to the end)"]);
}

/// Waits (in real time, generously) until the reporter has got such an event.
fn until_told(stage: &Stage, wanted: impl Fn(&EventKind) -> bool) {
    for _ in 0..1_000_000 {
        if stage.told.lock().unwrap().iter().any(|event| wanted(&event.kind)) {
            return;
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(1));
    }
    panic!("never told");
}

#[test]
fn a_stop_is_answered_while_the_tool_still_runs() {
    let stage = Stage::default().on(
        "helm upgrade app",
        exit(0).then(|stage| {
            stage.stop(2);
            until_told(stage, |kind| matches!(kind, EventKind::Notice { .. }));
        }),
    );
    let told = stage.run(&plan_of(vec![runs("1", "helm --pinned upgrade app")]));
    assert_eq!(
        told.notices(),
        ["waiting for `helm upgrade` to end, 30s at most; Ctrl-C again ends it at once and may leave the release \
         `pending-upgrade`"]
    );
}

#[test]
fn a_step_that_takes_longer_is_told_once_whatever_it_prints() {
    let stage = Stage::default().on(
        "helm upgrade",
        exit(0).then(|stage| {
            until_told(stage, |kind| matches!(kind, EventKind::StepStarted { .. }));
            stage.pass(Duration::from_secs(6));
            until_told(stage, |kind| matches!(kind, EventKind::StepSlow { .. }));
            stage.pass(Duration::from_secs(6));
        }),
    );
    let told = stage.run(&plan_of(vec![runs("1", "helm upgrade"), runs("2", "helm list")]));
    let slow = told.kinds().filter(|kind| matches!(kind, EventKind::StepSlow { .. })).count();
    assert_eq!(slow, 1);
}

#[test]
fn a_silent_step_is_told_to_be_slow() {
    let stage = Stage::default().on(
        "helm upgrade",
        exit(0).then(|stage| {
            until_told(stage, |kind| matches!(kind, EventKind::StepStarted { .. }));
            stage.pass(Duration::from_secs(31));
            until_told(stage, |kind| matches!(kind, EventKind::StepSlow { .. }));
        }),
    );
    let told = stage.run(&plan_of(vec![runs("1", "helm upgrade")]));
    let slow = told.kinds().find_map(|kind| match kind {
        EventKind::StepSlow { step, running_ms, .. } => Some((step.clone(), *running_ms)),
        _ => None,
    });
    assert!(slow.is_some_and(|(step, running)| step == "1" && running >= 31_000));
}

#[test]
fn parallel_steps_overlap_within_their_bound_and_wait_for_what_they_need() {
    let meet = |stage: &Stage| {
        // Two calls must be under way at once, or this never ends.
        for _ in 0..100_000 {
            if stage.widest.load(Ordering::SeqCst) >= 2 {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        panic!("never two at a time");
    };
    let mut stage = Stage::default();
    for name in ["a", "b", "c", "d"] {
        stage = stage.on(&format!("kubectl {name}"), exit(0).out(format!("from {name}\n")).then(meet));
    }
    let mut root =
        block(vec![runs("1", "kubectl a"), runs("2", "kubectl b"), runs("3", "kubectl c"), runs("4", "kubectl d")]);
    root.parallel = 2;
    root.steps[3].after = vec![0, 1];
    let told = stage.run(&plan(root));
    assert_eq!(told.report.code, Code::Done, "{:?}", told.steps());
    assert_eq!(stage.widest.load(Ordering::SeqCst), 2);
    assert_eq!(told.lines("3"), ["from c"]);
    let position = |wanted: &str| told.steps().iter().position(|step| step == wanted).unwrap();
    assert!(position("4 ok") > position("1 ok") && position("4 ok") > position("2 ok"));
}

#[test]
fn in_parallel_a_failure_lets_the_running_finish_and_starts_nothing_new() {
    let stage = Stage::default().on("kubectl a", exit(1)).on("kubectl b", exit(0));
    let mut root =
        block((1..=8).map(|n| runs(&n.to_string(), if n == 1 { "kubectl a" } else { "kubectl b" })).collect());
    root.parallel = 2;
    for step in &mut root.steps[2..] {
        step.after = vec![0];
    }
    let told = stage.run(&plan(root));
    assert_eq!(told.report.code, Code::StepFailed);
    assert_eq!(counts(&told).not_run + counts(&told).ok, 7);
    assert!(counts(&told).not_run >= 6);
}

#[test]
fn all_missing_and_old_tools_are_told_at_once() {
    let mut stage = Stage::default().on("kubectl version", exit(0).out("Client Version: v1.20.1\n"));
    stage.missing = vec!["helm".into()];
    let mut plan = plan_of(vec![runs("1", "helm status")]);
    plan.tools.get_mut("kubectl").unwrap().version = Some(VersionRule {
        run: vec!["version".into()],
        pattern: pattern(r"v(\d+\.\d+\.\d+)"),
        min: Version([1, 25, 0]),
    });
    let told = stage.run(&plan);
    assert_eq!((told.report.code, told.report.outcome), (Code::ToolMissing, RunOutcome::Unequipped));
    assert_eq!(
        told.notices(),
        [
            "helm: `helm` is not on PATH; install: get helm",
            "kubectl 1.20.1 is too old: 1.25.0 or later is needed (/usr/bin/kubectl); install: get kubectl",
        ]
    );
    assert_eq!(told.next(), ["get helm", "get kubectl"]);
    assert_eq!(stage.called(), ["kubectl version"]);
    assert!(stage.recorded.lock().unwrap().is_empty());
}

#[test]
fn an_odd_version_is_a_notice_and_a_replay_asks_nothing() {
    let rule = VersionRule { run: vec!["version".into()], pattern: pattern(r"v(\d+)"), min: Version([3, 0, 0]) };
    let mut plan = plan_of(vec![runs("1", "helm status")]);
    plan.tools.get_mut("helm").unwrap().version = Some(rule);
    let stage = Stage::default().on("helm version", exit(0).out("nightly")).on("helm status", exit(0));
    let told = stage.run(&plan);
    assert_eq!(told.report.code, Code::Done);
    assert_eq!(told.notices(), ["the version of helm is unknown, going on: nightly"]);
    let mut stage = Stage::default().on("helm status", exit(0));
    (stage.replay, stage.missing) = (true, vec!["helm".into()]);
    let told = stage.run(&plan);
    assert_eq!((told.report.code, stage.called()), (Code::Done, vec!["helm status".to_owned()]));
    assert_eq!(stage.invocations.lock().unwrap()[0].program, None);
}

#[test]
fn a_reporter_that_fails_never_stops_the_run() {
    for (error, code) in
        [(std::io::ErrorKind::StorageFull, Code::Unwritable), (std::io::ErrorKind::BrokenPipe, Code::Done)]
    {
        let mut stage = Stage::default().on("helm a", exit(0)).on("helm b", exit(0));
        stage.reporter_error = Some(error);
        let told = stage.run(&plan_of(vec![runs("1", "helm a"), runs("2", "helm b")]));
        assert_eq!(told.report.code, code);
        assert_eq!(stage.called(), ["helm a", "helm b"]);
    }
}

/// What is diagnosed does not depend on who was done first.
#[test]
fn what_steps_side_by_side_print_is_kept_in_their_order() {
    let last = |stage: &Stage| {
        for _ in 0..100_000 {
            // The third can only begin when the second is done.
            if stage.called().iter().any(|call| call.contains("kubectl c")) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        panic!("the others wait");
    };
    let stage = Stage::default()
        .on("kubectl a", exit(0).out("a\n").then(last))
        .on("kubectl b", exit(0).out("b\n"))
        .on("kubectl c", exit(0).out("c\n"));
    let mut root = block(vec![runs("1", "kubectl a"), runs("2", "kubectl b"), runs("3", "kubectl c")]);
    root.parallel = 2;
    let told = stage.run(&plan(root));
    let files: Vec<&str> = told.report.documents.iter().map(|document| document.file.as_str()).collect();
    assert_eq!(files, ["kubectl a", "kubectl b", "kubectl c"]);
}
