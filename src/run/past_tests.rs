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

fn call(id: &str, danger: Danger, task: &str) -> PlannedStep {
    let inner = Block { danger, task: task.to_owned(), ..block(vec![runs(&format!("{id}.1"), "helm x")]) };
    PlannedStep { danger, ..step(id, Work::Block(Box::new(inner))) }
}

fn whole(steps: Vec<PlannedStep>) -> Plan {
    crate::run::testing::plan(block(steps))
}

#[test]
fn a_called_task_that_only_looks_is_not_repeated_and_another_is_looked_into() {
    let past = past(&[begun("1"), ended("1", Status::FailedAllowed)]);
    for (danger, is_kept) in [(Danger::Read, true), (Danger::Change, false)] {
        let step = call("1", danger, "inner");
        let past = past.clone().facing(&whole(vec![step.clone()]), Some("validate"));
        assert_eq!(past.again(&step, "1") != Again::Run, is_kept);
    }
    assert_eq!(past.again(&call("1", Danger::Read, "inner"), "1"), Again::Run, "not without its plan");
}

#[test]
fn a_look_does_not_outlive_a_change_before_it() {
    let change = |id: &str| PlannedStep { danger: Danger::Change, ..runs(id, "helm upgrade") };
    let look = || call("2", Danger::Read, "look");
    let is_kept = |past: Past, first: PlannedStep| {
        let past = past.facing(&whole(vec![first, look()]), None);
        past.again(&look(), "2") != Again::Run
    };
    let over = |id: &str| vec![begun(id), ended(id, Status::Ok)];
    let both = || past(&[over("1"), over("2")].concat());
    assert!(is_kept(both(), change("1")), "the change is kept as well");
    let mut checked = change("1");
    checked.done_if = Some(crate::run::testing::gate("done", "helm status"));
    assert!(!is_kept(both(), checked), "the change may be made again");
    let from_a_list = PlannedStep {
        danger: Danger::Change,
        ..runs_with("1", "helm x", |step| step.for_each = Some("pods".to_owned()))
    };
    assert!(!is_kept(both(), from_a_list));
    let failed = [vec![begun("1"), ended("1", Status::Failed)], over("2")].concat();
    assert!(!is_kept(past(&failed), change("1")), "it was looked at before the change is made");
    let at_once = [begun("1"), begun("2"), ended("1", Status::Ok), ended("2", Status::Ok)];
    assert!(!is_kept(past(&at_once), change("1")), "it was looked at while the change was made");
    // What was made again in a second run that died before the look.
    let second = Past::of(&[vec![started("r2", Some("r1"))], over("1")].concat()).unwrap();
    assert!(!is_kept(second.after(past(&failed)), change("1")));
}

#[test]
fn nothing_of_a_validation_is_kept_but_what_it_destroyed() {
    let change = PlannedStep { danger: Danger::Change, ..runs("1.2", "helm test") };
    let destroy = PlannedStep { danger: Danger::Destroy, ..runs("1.3", "helm clean") };
    let inner = Block {
        danger: Danger::Destroy,
        task: "validate".to_owned(),
        ..block(vec![call("1.1", Danger::Read, "look"), change.clone(), destroy.clone()])
    };
    let called = PlannedStep { danger: Danger::Destroy, ..step("1", Work::Block(Box::new(inner))) };
    let events = ["1.1", "1.2", "1.3"].map(|id| [begun(id), ended(id, Status::Ok)]).concat();
    let plan = whole(vec![called]);
    let kept = |closes: Option<&str>| {
        let past = past(&events).facing(&plan, closes);
        let is_kept = |step: &PlannedStep| past.again(step, &step.id) != Again::Run;
        [is_kept(&call("1.1", Danger::Read, "look")), is_kept(&change), is_kept(&destroy)]
    };
    assert_eq!(kept(Some("validate")), [false, false, true]);
    assert_eq!(kept(Some("other")), [true, true, true]);
}

#[test]
fn an_id_in_the_plan_has_no_items() {
    for (told, wanted) in
        [("3", "3"), ("3[web]", "3"), ("3[web].1", "3.1"), ("3[a].f1[b].2", "3.f1.2"), ("3[a[1]].2", "3.2")]
    {
        assert_eq!(planned(told), wanted, "{told}");
    }
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
