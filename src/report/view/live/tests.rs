use super::*;
use crate::model::command::Stream;
use crate::model::event::Outlined;
use crate::report::samples::Script;
use proptest::prelude::*;

/// A run of a call with two builds side by side, and what is behind them.
fn live(usual_ms: Option<u64>) -> Live {
    let names = [
        ("1", "Build both images", "task"),
        ("1.1", "Build the backend", "run"),
        ("1.2", "Build the frontend", "run"),
        ("2", "Roll out", "run"),
        ("v1", "The pods are ready", "verify"),
    ];
    let mut script = Script::default().run("rebuild", "", 2);
    if let EventKind::RunStarted { outline, usual_ms: usual, .. } = &mut script.0[0].kind {
        *usual = usual_ms;
        for (step, name, kind) in names {
            outline.push(Outlined { step: step.into(), name: name.into(), kind: kind.into(), usual_ms: None });
        }
    }
    let stage = Some("RUN npm ci".to_owned());
    script = script
        .start("1", "Build both images", "task", &[])
        .start("1.1", "Build the backend", "run", &[])
        .start("1.2", "Build the frontend", "run", &[])
        .says("1.2", Stream::Stdout, "Sending build context to Docker daemon")
        .add(EventKind::Progress { step: "1.1".into(), stage, current: Some(4), total: Some(8), unit: None });
    let mut live = Live::default();
    script.0.iter().for_each(|event| live.event(event));
    live
}

fn lines(live: &mut Live, columns: u16, lines: u16) -> Vec<String> {
    live.lines(&Look::plain(80), Size { columns, lines }, 65_000, 0)
}

#[test]
fn the_tree_and_what_is_left() {
    assert_eq!(
        lines(&mut live(Some(600_000)), 74, 24),
        [
            "| Build both images     1:04",
            "  | Build the backend   1:03  [####----] 4/8  RUN npm ci",
            "  | Build the frontend  1:02  Sending build context to Docker daemon",
            ". Roll out",
            ". The pods are ready",
            "[##----------------------] 11%  0/4 steps  1:05  about 9m left",
        ]
    );
}

#[test]
fn nothing_is_said_of_what_is_left_when_nothing_is_known() {
    for usual in [None, Some(64_000)] {
        let all = lines(&mut live(usual), 74, 24);
        assert_eq!(all.last().unwrap(), "[##----------------------] 11%  0/4 steps  1:05", "{usual:?}");
    }
    // The rest gets ever shorter, and is never less than nothing.
    let live = live(Some(100_000));
    let mut before = u64::MAX;
    for now in (0..100_000).step_by(1000) {
        let rest = live.rest(live.overall.clone().share(now), now).unwrap();
        let number: u64 = rest.split_once("about ").unwrap().1.split(['s', 'm']).next().unwrap().parse().unwrap();
        let secs = if rest.contains('m') { number * 60 } else { number };
        assert!(secs <= before && secs > 0, "{rest}");
        before = secs;
    }
}

#[test]
fn nothing_is_said_of_what_is_left_after_a_failure_or_a_stop() {
    let failed = Script::default().fails("1.2", "Build the frontend", 1, &[], &[]);
    let stopped = Script::default().add(EventKind::Notice { text: "waiting".into(), urgent: true });
    for script in [failed, stopped] {
        let mut live = live(Some(600_000));
        assert!(lines(&mut live, 74, 24).last().unwrap().ends_with("about 9m left"));
        script.0.iter().for_each(|event| live.event(&Event { elapsed_ms: 5_000, ..event.clone() }));
        let all = lines(&mut live, 74, 24);
        assert!(all.last().unwrap().ends_with("/4 steps  1:05"), "{all:?}");
        assert!(!all.iter().any(|line| line.contains("Roll out") || line.contains("ready")), "{all:?}");
    }
}

#[test]
fn where_room_is_short_the_least_telling_goes_first() {
    let backend = |columns| lines(&mut live(None), columns, 24)[1].clone();
    assert_eq!(backend(60), "  | Build the backend   1:03  [####----] 4/8  RUN npm ci");
    assert_eq!(backend(54), "  | Build the backend   1:03  [####----] 4/8");
    assert_eq!(backend(43), "  | Build the backend  1:03  [####----] 4/8");
    assert_eq!(backend(41), "  | Build the backend  1:03  4/8");
    assert_eq!(backend(31), "  | Build the backend  4/8");
    assert_eq!(backend(25), "  | Build the backend");
    assert_eq!(backend(14), "  | Build t...");
    let whole = |columns| lines(&mut live(Some(600_000)), columns, 24).pop().unwrap();
    assert_eq!(whole(40), "11%  0/4 steps  1:05  about 9m left");
    assert_eq!(whole(34), "11%  0/4 steps  1:05");
    assert_eq!(whole(60), "[##--------------------] 11%  0/4 steps  1:05  about 9m left");
    assert_eq!(whole(20), "11%  0/4 steps  1:05");
    assert_eq!(whole(14), "11%  0/4 steps");
    assert_eq!(whole(4), "11%");
}

#[test]
fn what_does_not_fit_into_the_height_is_counted() {
    let all = |height| lines(&mut live(None), 74, height);
    assert_eq!(all(8).len(), 5, "what is to come fills half the terminal: {:?}", all(8));
    assert_eq!(all(8)[3], "... 2 more");
    assert_eq!(all(3).len(), 3);
    assert_eq!(all(3)[1], "... 4 more");
    assert_eq!(all(1).len(), 1);
    assert!(!all(1)[0].contains('%'), "{:?}", all(1));
}

#[test]
fn the_clock_is_the_runs_and_goes_on_between_events() {
    let mut live = live(None);
    let secs = Duration::from_secs;
    assert_eq!(live.now(secs(100)), 5_000);
    assert_eq!(live.now(secs(103)), 8_000);
    // A replay whose clock jumps; then a new drawer, whose clock begins at nothing.
    live.event(&Event { at: 0, elapsed_ms: 60_000, kind: EventKind::Notice { text: String::new(), urgent: false } });
    assert_eq!(live.now(secs(104)), 60_000);
    assert_eq!(live.now(secs(106)), 62_000);
    live.restart();
    assert_eq!(live.now(secs(0)), 62_000);
    assert_eq!(live.now(secs(1)), 63_000);
}

#[test]
fn estimates_are_rough() {
    let table = [(1, "10s"), (31_000, "40s"), (60_000, "1m"), (230_000, "4m"), (4_260_000, "1h 11m")];
    for (millis, text) in table {
        assert_eq!(roughly(millis), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// No place is too small, and no line is blank: the drawer takes blanks for the end of a line.
    #[test]
    fn the_picture_fits(
        columns in 0u16..90,
        height in 0u16..30,
        name in "\\PC{0,30}",
        says in "\\PC{0,60}",
        current in any::<u64>(),
        total in proptest::option::of(any::<u64>()),
        is_ascii in any::<bool>(),
    ) {
        let mut live = live(Some(1 << 40));
        let script = Script::default()
            .start("2", &name, "run", &[])
            .says("2", Stream::Stdout, &says)
            .add(EventKind::Progress { step: "2".into(), stage: None, current: Some(current), total, unit: None });
        script.0.iter().for_each(|event| live.event(event));
        let look = if is_ascii { Look::plain(80) } else { Look { styles: crate::report::style::Styles::default(), ..Look::full(80) } };
        let lines = live.lines(&look, Size { columns: columns.max(1), lines: height }, 65_000, 3);
        prop_assert!(lines.len() <= usize::from(height));
        for line in lines {
            prop_assert!(crate::report::layout::columns(&line) <= usize::from(columns.max(1)), "{:?}", line);
            prop_assert!(!line.trim().is_empty());
        }
    }
}
