use super::*;
use crate::model::command::Exit;
use crate::model::step::Step;
use crate::run::testing::{block, runs, runs_with, step};

fn event(kind: EventKind) -> Event {
    Event { at: 1_000, elapsed_ms: 0, kind }
}

fn started(run: &str, resumes: Option<&str>) -> Event {
    event(EventKind::RunStarted {
        schema: 1,
        run: run.to_owned(),
        task: "reset".to_owned(),
        summary: String::new(),
        danger: Danger::Destroy,
        steps: 1,
        replay: None,
        resumes: resumes.map(str::to_owned),
        outline: Vec::new(),
        usual_ms: None,
    })
}

fn begun(id: &str) -> Event {
    event(EventKind::StepStarted {
        step: id.to_owned(),
        name: String::new(),
        kind: "run".to_owned(),
        argv: Vec::new(),
        shown: false,
        interactive: false,
    })
}

fn ended(id: &str, status: Status) -> Event {
    event(EventKind::StepFinished {
        step: id.to_owned(),
        name: String::new(),
        status,
        exit: Some(Exit::Code(0)),
        took_ms: 0,
        note: None,
        saved: None,
        dropped: 0,
        leaked: false,
        tail: Vec::new(),
        hints: Vec::new(),
    })
}

fn of(danger: Danger, adjust: impl FnOnce(&mut Step)) -> PlannedStep {
    PlannedStep { danger, ..runs_with("1", "helm x", adjust) }
}

fn past(events: &[Event]) -> Past {
    Past::of(&[&[started("r1", None)], events].concat()).unwrap()
}

#[test]
fn what_destroys_and_is_over_is_never_run_again() {
    for status in [Status::Ok, Status::AlreadyDone, Status::FailedAllowed] {
        let past = past(&[begun("1"), ended("1", status)]);
        let kept = Again::Keep("done at 1970-01-01 00:00:01Z in run r1".to_owned());
        assert_eq!(past.again(&of(Danger::Destroy, |_| {}), "1"), kept);
        let with_groups = of(Danger::Destroy, |step| {
            step.expect = Some(crate::model::pattern::Pattern::new("(?P<x>.)").unwrap());
        });
        assert_eq!(past.again(&with_groups, "1"), kept, "not even for what later steps want of it");
    }
}

#[test]
fn what_nobody_knows_the_end_of_is_asked_of_the_world() {
    for events in [vec![], vec![begun("1")], vec![begun("1"), ended("1", Status::Failed)]] {
        for danger in [Danger::Read, Danger::Change, Danger::Destroy] {
            assert_eq!(past(&events).again(&of(danger, |_| {}), "1"), Again::Run, "{events:?}");
        }
    }
    let twice = past(&[begun("1"), ended("1", Status::Ok), begun("1")]);
    assert_eq!(twice.again(&of(Danger::Destroy, |_| {}), "1"), Again::Run, "it began again");
}

#[test]
fn what_changes_is_kept_only_where_no_check_can_tell() {
    let past = past(&[begun("1"), ended("1", Status::Ok)]);
    assert!(matches!(past.again(&of(Danger::Change, |_| {}), "1"), Again::Keep(_)));
    let mut checked = of(Danger::Change, |_| {});
    checked.done_if = Some(crate::run::testing::gate("done", "helm status"));
    assert_eq!(past.again(&checked, "1"), Again::Run);
    assert_eq!(past.again(&of(Danger::Read, |_| {}), "1"), Again::Run, "a look is taken again");
}

#[test]
fn a_called_task_that_only_looks_is_not_repeated_and_another_is_looked_into() {
    let past = past(&[begun("1"), ended("1", Status::FailedAllowed)]);
    let call = |danger| {
        let inner = Block { danger, task: "inner".to_owned(), ..block(vec![runs("1.1", "helm x")]) };
        PlannedStep { danger, ..step("1", Work::Block(Box::new(inner))) }
    };
    assert!(matches!(past.again(&call(Danger::Read), "1"), Again::Keep(_)));
    assert_eq!(past.again(&call(Danger::Change), "1"), Again::Run);
}

#[test]
fn a_run_that_went_on_from_another_knows_what_both_did() {
    let first = past(&[begun("1"), ended("1", Status::Ok), begun("2"), ended("2", Status::Failed)]);
    let second = Past::of(&[started("r2", Some("r1")), begun("2"), ended("2", Status::Ok)]).unwrap();
    assert_eq!(second.resumes.as_deref(), Some("r1"));
    let both = second.after(first);
    for (id, run) in [("1", "r1"), ("2", "r2")] {
        let Again::Keep(why) = both.again(&of(Danger::Destroy, |_| {}), id) else { panic!("{id}") };
        assert!(why.ends_with(run), "{why}");
    }
    assert_eq!(both.resumes, None);
}

#[test]
fn only_a_run_that_came_to_its_end_is_finished() {
    assert!(past(&[]).is_unfinished());
    assert!(!past(&[begun("r1"), begun("2.v1")]).did_anything(), "gates are no steps");
    assert!(past(&[begun("2.v1"), begun("2.1")]).did_anything());
    assert_eq!(Past::of(&[begun("1")]), None);
}
