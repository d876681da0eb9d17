use super::*;
use crate::report::samples::{self, Script};
use std::io::sink;

fn view() -> Progress {
    let width: Width = Arc::new(|| 80);
    Progress::new(Box::new(sink()), Box::new(sink()), width, Look::plain(80), Verbosity::Normal)
}

#[test]
fn a_line_says_what_the_step_does_and_how_far_it_is() {
    let mut view = view();
    let events = samples::rollback();
    let slow = events.iter().position(|event| matches!(event.kind, EventKind::StepSlow { .. })).unwrap();
    events[..slow].iter().for_each(|event| view.event(event).unwrap());
    let stage = Some("waiting for\npods".to_owned());
    let kind = EventKind::Progress { step: "2".into(), stage, current: Some(1), total: Some(4), unit: None };
    view.event(&Event { at: 0, elapsed_ms: 0, kind }).unwrap();
    assert_eq!(view.running["2"].message(), "Roll back  1/4  waiting for\\u{a}pods");
    assert_eq!(view.overall.as_ref().unwrap().message(), "rollback 1/2");
    events[slow..].iter().for_each(|event| view.event(event).unwrap());
    assert!(view.running.is_empty() && view.overall.is_none());
}

#[test]
fn an_interactive_child_has_the_terminal_for_itself() {
    let mut view = view();
    let mut events = Script::default().run("shell", "Opens a shell", 2).start("1", "Look", "run", &[]).0;
    let mut guest = Script::default().start("2", "Shell", "run", &[]).0;
    if let EventKind::StepStarted { interactive, .. } = &mut guest[0].kind {
        *interactive = true;
    }
    events.append(&mut guest);
    events.iter().for_each(|event| view.event(event).unwrap());
    assert!(view.running.is_empty() && view.overall.is_none());
    Script::default().end("2", "Shell", 1).0.iter().for_each(|event| view.event(event).unwrap());
    assert!(view.overall.is_some());
}

#[test]
fn only_numbered_steps_count() {
    assert_eq!(top("3[a.b].1").as_deref(), Some("3"));
    assert_eq!(top("f1"), None);
    assert_eq!(top("r1"), None);
}
