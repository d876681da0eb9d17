use super::*;
use crate::model::command::Stream;
use crate::model::event::Outlined;
use crate::report::samples::{Script, finished};

fn outline(steps: &[(&str, &str)]) -> Tree {
    let mut script = Script::default().run("t", "", steps.len());
    let all = steps.iter().map(|(step, kind)| Outlined {
        step: (*step).into(),
        name: format!("step {step}"),
        kind: (*kind).into(),
        usual_ms: None,
    });
    if let EventKind::RunStarted { outline, .. } = &mut script.0[0].kind {
        outline.extend(all);
    }
    let mut tree = Tree::default();
    tell(&mut tree, script);
    tree
}

fn tell(tree: &mut Tree, script: Script) {
    script.0.iter().for_each(|event| tree.event(event));
}

/// The rows as text: indent, `*` before what runs, the name, what it does.
fn rows(tree: &Tree) -> Vec<String> {
    let row = |row: &Row<'_>| {
        let mark = if row.state == State::Waiting { '.' } else { '*' };
        format!("{}{mark} {} {}", "  ".repeat(row.depth), row.name, row.doing).trim_end().to_owned()
    };
    tree.rows().iter().map(row).collect()
}

#[test]
fn steps_stand_under_their_call_and_leave_when_they_end() {
    let mut tree = outline(&[("1", "run"), ("2", "task"), ("2.1", "run"), ("2.2", "run"), ("f1", "run")]);
    assert_eq!(rows(&tree), [". step 1", ". step 2", "  . step 2.1", "  . step 2.2", ". step f1"]);
    tell(&mut tree, Script::default().end("1", "x", 1).start("2", "Call", "task", &[]).start("2.2", "Two", "run", &[]));
    assert_eq!(rows(&tree), ["* Call", "  . step 2.1", "  * Two", ". step f1"]);
    tell(&mut tree, Script::default().end("2.2", "Two", 1).end("2", "Call", 1));
    assert_eq!(rows(&tree), [". step f1"]);
}

#[test]
fn what_will_not_run_any_more_is_not_to_come() {
    let steps = [("1", "task"), ("1.1", "run"), ("1.2", "run"), ("1.f1", "run"), ("2", "run"), ("f1", "run")];
    let mut tree = outline(&steps);
    tell(&mut tree, Script::default().start("1", "Call", "task", &[]).start("1.1", "a", "run", &[]));
    assert!(!tree.is_failing());
    tell(&mut tree, Script::default().fails("1.1", "a", 1, &[], &[]));
    assert!(tree.is_failing());
    assert_eq!(rows(&tree), ["* Call", "  . step 1.f1", ". step f1"]);
    // The call may fail: the run goes on.
    let mut allowed = outline(&steps);
    tell(&mut allowed, Script::default().start("1", "Call", "task", &[]).fails("1.1", "a", 1, &[], &[]));
    tell(&mut allowed, Script::default().add(finished("1", "Call", Status::FailedAllowed, 1)));
    assert_eq!(rows(&allowed), [". step 2", ". step f1"]);
    assert!(!allowed.is_failing());
    // It may not: nothing but the cleaning up is left.
    tell(&mut tree, Script::default().fails("1", "Call", 1, &[], &[]));
    assert_eq!(rows(&tree), [". step f1"]);
    assert!(tree.is_failing());
}

#[test]
fn a_failure_deep_inside_breaks_every_caller() {
    let steps = [
        ("1", "task"),
        ("1.1", "task"),
        ("1.1.1", "run"),
        ("1.1.2", "run"),
        ("1.2", "run"),
        ("2", "run"),
        ("f1", "run"),
    ];
    let mut tree = outline(&steps);
    let calls = || Script::default().start("1", "Outer", "task", &[]).start("1.1", "Inner", "task", &[]);
    tell(&mut tree, calls().fails("1.1.1", "a", 1, &[], &[]));
    assert_eq!(rows(&tree), ["* Outer", "  * Inner", ". step f1"]);
    assert!(tree.is_failing() && tree.is_ending());
    tell(&mut tree, Script::default().fails("1.1", "Inner", 1, &[], &[]));
    assert_eq!(rows(&tree), ["* Outer", ". step f1"]);
    assert!(tree.is_failing() && tree.is_ending());
    // The outer call may fail after all.
    tell(&mut tree, Script::default().add(finished("1", "Outer", Status::FailedAllowed, 1)));
    assert_eq!(rows(&tree), [". step 2", ". step f1"]);
    assert!(!tree.is_failing() && !tree.is_ending());
    // So may the step itself.
    let mut tree = outline(&steps);
    tell(&mut tree, calls().add(finished("1.1.1", "a", Status::FailedAllowed, 1)));
    assert_eq!(rows(&tree), ["* Outer", "  * Inner", "    . step 1.1.2", "  . step 1.2", ". step 2", ". step f1"]);
    assert!(!tree.is_failing() && !tree.is_ending());
    // A call that is tried again is whole again.
    let mut tree = outline(&steps);
    tell(&mut tree, calls().fails("1.1.1", "a", 1, &[], &[]));
    let retry = EventKind::StepRetry { step: "1.1".into(), attempt: 1, wait_ms: 1, why: "failed".into() };
    tell(&mut tree, Script::default().add(retry));
    assert!(!tree.is_failing());
}

#[test]
fn after_a_stop_only_what_cleans_up_is_to_come() {
    let steps = [("1", "task"), ("1.1", "run"), ("1.2", "run"), ("2", "run"), ("f1", "task"), ("f1.1", "run")];
    let stop = || EventKind::Notice { text: "waiting for `docker build` to end".into(), urgent: true };
    let mut tree = outline(&steps);
    tell(&mut tree, Script::default().start("1", "Call", "task", &[]).start("1.1", "a", "run", &[]));
    tell(&mut tree, Script::default().add(EventKind::Notice { text: "by the way".into(), urgent: false }));
    assert!(!tree.is_ending());
    assert_eq!(rows(&tree).len(), 6);
    tell(&mut tree, Script::default().add(stop()));
    assert!(tree.is_ending() && !tree.is_failing(), "nothing has failed");
    assert_eq!(rows(&tree), ["* Call", "  * a", ". step f1", "  . step f1.1"]);
    tell(&mut tree, Script::default().add(finished("1.1", "a", Status::Interrupted, 1)));
    tell(&mut tree, Script::default().add(finished("1", "Call", Status::Interrupted, 1)));
    assert_eq!(rows(&tree), [". step f1", "  . step f1.1"]);
    tell(&mut tree, Script::default().start("f1", "Clean", "task", &[]));
    assert_eq!(rows(&tree), ["* Clean", "  . step f1.1"]);
    // What a cleaning call calls is cleaning up, too.
    let mut tree = outline(&[("1", "run"), ("f1", "task"), ("f1.1", "task"), ("f1.1.1", "run"), ("2", "run")]);
    tell(&mut tree, Script::default().add(stop()).start("f1", "Clean", "task", &[]));
    tell(&mut tree, Script::default().start("f1.1", "Inner", "task", &[]));
    assert_eq!(rows(&tree), ["* Clean", "  * Inner", "    . step f1.1.1"]);
    // A step that was stopped tells as much.
    let mut tree = outline(&steps);
    tell(&mut tree, Script::default().start("1", "Call", "task", &[]).start("1.1", "a", "run", &[]));
    tell(&mut tree, Script::default().add(finished("1.1", "a", Status::Interrupted, 1)));
    assert_eq!(rows(&tree), ["* Call", ". step f1", "  . step f1.1"]);
    assert!(tree.is_ending());
}

#[test]
fn items_stand_in_the_place_of_their_list() {
    let mut tree = outline(&[("1", "run"), ("2", "task"), ("2.1", "run"), ("3", "run")]);
    tell(&mut tree, Script::default().start("1[b]", "Save", "run", &[]).start("1[a.x]", "Save a.x", "run", &[]));
    assert_eq!(rows(&tree), ["* Save [b]", "* Save a.x", ". step 2", "  . step 2.1", ". step 3"]);
    tell(&mut tree, Script::default().start("2[q]", "Call", "task", &[]).start("2[q].1", "In", "run", &[]));
    assert_eq!(rows(&tree), ["* Save [b]", "* Save a.x", "* Call [q]", "  * In", ". step 3"]);
}

#[test]
fn a_step_says_its_stage_or_its_last_telling_line() {
    let mut tree = outline(&[("1", "run")]);
    let say = |line: &str| Script::default().says("1", Stream::Stderr, line);
    tell(&mut tree, Script::default().start("1", "Build", "run", &[]));
    tell(&mut tree, say("  pulling  "));
    tell(&mut tree, say(""));
    tell(&mut tree, say("E1123 01:24:15.158838   29886 memcache.go:265] \"Unhandled Error\""));
    assert_eq!(rows(&tree), ["* Build pulling"]);
    let stage = Some("RUN npm ci".to_owned());
    let kind = EventKind::Progress { step: "1".into(), stage, current: Some(3), total: Some(9), unit: None };
    tell(&mut tree, Script::default().add(kind));
    tell(&mut tree, say("added 12 packages"));
    assert_eq!(rows(&tree), ["* Build RUN npm ci"]);
    assert_eq!(tree.rows()[0].amount.map(|amount| amount.in_words()).as_deref(), Some("3/9"));
    let retry = EventKind::StepRetry { step: "1".into(), attempt: 1, wait_ms: 1, why: "exited with code 1".into() };
    tell(&mut tree, Script::default().add(retry));
    assert_eq!(rows(&tree), ["* Build exited with code 1"]);
    assert_eq!(tree.rows()[0].amount, None);
    tell(&mut tree, say(&"日".repeat(1000)));
    assert!(tree.rows()[0].doing.len() <= KEPT);
}
