use super::*;
use crate::model::event::Counts;
use crate::model::step::Danger;
use crate::report::samples::finished;
use proptest::prelude::*;

fn run_started(outline: Vec<Outlined>, usual_ms: Option<u64>) -> EventKind {
    EventKind::RunStarted {
        schema: 1,
        run: "r".into(),
        task: "t".into(),
        summary: String::new(),
        danger: Danger::Read,
        steps: outline.len(),
        replay: None,
        resumes: None,
        outline,
        usual_ms,
    }
}

fn outlined(step: &str, kind: &str, usual_ms: Option<u64>) -> Outlined {
    Outlined { step: step.into(), name: step.into(), kind: kind.into(), usual_ms }
}

fn started(step: &str, kind: &str) -> EventKind {
    EventKind::StepStarted {
        step: step.into(),
        name: step.into(),
        kind: kind.into(),
        argv: Vec::new(),
        shown: false,
        interactive: false,
    }
}

fn progress(step: &str, current: u64, total: u64) -> EventKind {
    EventKind::Progress { step: step.into(), stage: None, current: Some(current), total: Some(total), unit: None }
}

fn run_finished(outcome: RunOutcome) -> EventKind {
    let (counts, files, next) = (Counts::default(), Vec::new(), Vec::new());
    EventKind::RunFinished { outcome, exit_code: 0, counts, evidence: None, files, next }
}

/// The share after each of these events, in percent.
fn told(events: &[(u64, EventKind)]) -> Vec<u64> {
    let mut overall = Overall::default();
    let share = |(at, kind): &(u64, EventKind)| {
        overall.event(kind, *at);
        (overall.share(*at) * 100.0).round() as u64
    };
    events.iter().map(share).collect()
}

#[test]
fn steps_weigh_what_they_take() {
    let outline =
        vec![outlined("1", "run", Some(9_000)), outlined("2", "task", None), outlined("2.1", "run", Some(1_000))];
    let shares = told(&[
        (0, run_started(outline, None)),
        (0, started("2", "task")),
        (0, started("2.1", "run")),
        (500, EventKind::Notice { text: String::new(), urgent: false }),
        (800, finished("2.1", "x", Status::Ok, 1)),
        (800, finished("2", "x", Status::Ok, 1)),
        (1_000, started("1", "run")),
        (5_500, progress("1", 1, 10)),
        (90_000, progress("1", 9, 10)),
        (90_000, finished("1", "x", Status::AlreadyDone, 1)),
        (90_000, run_finished(RunOutcome::Done)),
    ]);
    assert_eq!(shares, [0, 0, 0, 5, 10, 10, 10, 55, 96, 99, 100]);
}

#[test]
fn what_is_skipped_is_done_and_what_fails_is_not() {
    let outline = || vec![outlined("1", "run", None), outlined("2", "task", None), outlined("2.1", "run", None)];
    let skip = EventKind::StepSkipped { step: "2".into(), name: "x".into(), why: String::new() };
    assert_eq!(told(&[(0, run_started(outline(), None)), (0, skip)]), [0, 50]);
    let fails = finished("1", "x", Status::Failed, 1);
    let failed = run_finished(RunOutcome::Failed);
    assert_eq!(told(&[(0, run_started(outline(), None)), (0, started("1", "run")), (0, fails), (0, failed)]), [0; 4]);
}

#[test]
fn a_list_of_unknown_length_is_done_when_what_follows_begins() {
    let outline = vec![outlined("1", "run", None), outlined("2", "run", None)];
    let shares = told(&[
        (0, run_started(outline, None)),
        (0, started("1[a]", "run")),
        (0, finished("1[a]", "x", Status::Ok, 1)),
        (0, started("1[b]", "run")),
        (0, finished("1[b]", "x", Status::Ok, 1)),
        (0, started("2", "run")),
    ]);
    assert_eq!(shares, [0, 0, 25, 25, 33, 50]);
}

fn step() -> impl Strategy<Value = String> {
    "[1-4](\\.[1-3](\\.[12])?)?(\\[[ab]\\])?|f1|r1|v1"
}

fn kind() -> impl Strategy<Value = EventKind> {
    let task = prop_oneof![3 => Just("run"), 1 => Just("task"), 1 => Just("check")];
    let status = prop_oneof![
        4 => Just(Status::Ok),
        1 => Just(Status::AlreadyDone),
        1 => Just(Status::Failed),
        1 => Just(Status::FailedAllowed),
        1 => Just(Status::Interrupted)
    ];
    prop_oneof![
        3 => (step(), task).prop_map(|(step, kind)| started(&step, kind)),
        3 => (step(), any::<u64>(), any::<u64>()).prop_map(|(step, current, total)| progress(&step, current, total)),
        3 => (step(), 0u64..12, 0u64..12).prop_map(|(step, current, total)| progress(&step, current, total)),
        3 => (step(), status).prop_map(|(step, status)| finished(&step, "x", status, 1)),
        1 => step().prop_map(|step| EventKind::StepSkipped { step, name: String::new(), why: String::new() }),
        1 => step().prop_map(|step| EventKind::StepRetry { step, attempt: 1, wait_ms: 1, why: String::new() }),
    ]
}

fn outline() -> impl Strategy<Value = Vec<Outlined>> {
    let usual = prop_oneof![Just(None), (0u64..100_000).prop_map(Some), any::<u64>().prop_map(Some)];
    let one = (step(), prop_oneof![3 => Just("run"), 1 => Just("task")], usual)
        .prop_map(|(step, kind, usual_ms)| outlined(&step, kind, usual_ms));
    proptest::collection::vec(one, 0..12)
}

fn outcome() -> impl Strategy<Value = RunOutcome> {
    prop_oneof![
        Just(RunOutcome::Done),
        Just(RunOutcome::Findings),
        Just(RunOutcome::Failed),
        Just(RunOutcome::TimedOut),
        Just(RunOutcome::Refused),
        Just(RunOutcome::Interrupted),
        Just(RunOutcome::Unwritable),
        Just(RunOutcome::Unequipped),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Any tree, any events in any order, any clock: never back, never outside, whole only at a good end.
    #[test]
    fn the_bar_never_goes_back_and_is_full_only_at_a_good_end(
        outline in outline(),
        usual in proptest::option::of(any::<u64>()),
        events in proptest::collection::vec((kind(), 0u64..30_000), 0..60),
        outcome in outcome(),
    ) {
        let mut overall = Overall::default();
        let (mut now, mut before) = (0, 0.0);
        let last = (run_finished(outcome), 0);
        let all = std::iter::once((run_started(outline, usual), 0)).chain(events).chain([last]);
        for (kind, pause) in all {
            now += pause;
            let is_end = matches!(kind, EventKind::RunFinished { .. });
            overall.event(&kind, now);
            for later in [0, 1, 700] {
                let share = overall.share(now + later);
                prop_assert!((0.0..=1.0).contains(&share), "{share}");
                prop_assert!(share >= before, "{before} → {share}");
                let is_good = is_end && matches!(outcome, RunOutcome::Done | RunOutcome::Findings);
                prop_assert_eq!(share >= 1.0, is_good, "{}", share);
                before = share;
            }
            let (done, steps) = overall.steps();
            prop_assert!(done <= steps);
        }
    }
}
