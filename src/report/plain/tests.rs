use super::*;
use crate::model::command::{Exit, Stream};
use crate::model::event::{Counts, EventKind, RunOutcome, Status};
use crate::report::progress::{Progress, Stage};
use crate::report::samples::{self, finished, strings};
use crate::report::view::live::Size;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

/// Keeps what is written; fails after `room` bytes.
#[derive(Clone)]
struct Paper {
    text: Arc<Mutex<Vec<u8>>>,
    room: usize,
    fails: io::ErrorKind,
}

impl Paper {
    fn new() -> Self {
        Self::short(usize::MAX, io::ErrorKind::Other)
    }

    fn short(room: usize, fails: io::ErrorKind) -> Self {
        Self { text: Arc::default(), room, fails }
    }

    fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.text.lock().unwrap();
        if text.len() >= self.room {
            return Err(self.fails.into());
        }
        text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn plain(err: &Paper, out: &Paper, width: usize, verbosity: Verbosity) -> Plain {
    Plain::new(Box::new(err.clone()), Box::new(out.clone()), Look::plain(width), verbosity)
}

fn progress(err: &Paper, out: &Paper, width: u16, verbosity: Verbosity) -> Progress {
    let look = Look::plain(width.into());
    let sizes = Arc::new(move || Size { columns: width, lines: 24 });
    let stage = Stage { sizes, reflows: false, has_taskbar: false };
    Progress::new(Box::new(err.clone()), Box::new(out.clone()), stage, look, verbosity)
}

#[test]
fn plain_lines_hold_no_escapes() {
    let (err, out) = (Paper::new(), Paper::new());
    let mut reporter = plain(&err, &out, 80, Verbosity::Verbose);
    for event in samples::rollback().iter().chain(&samples::status()) {
        reporter.event(event).unwrap();
    }
    assert!(!err.text().contains('\u{1b}'));
    assert_eq!(out.text(), "NAME   READY\na\tb[2J\n");
}

#[test]
fn a_reader_that_leaves_takes_nothing_else_along() {
    let (err, out) = (Paper::new(), Paper::short(0, io::ErrorKind::BrokenPipe));
    let mut reporter = plain(&err, &out, 80, Verbosity::Normal);
    samples::status().iter().for_each(|event| reporter.event(event).unwrap());
    assert!(err.text().contains("done  status"));
    let gone = Paper::short(0, io::ErrorKind::BrokenPipe);
    let mut reporter = plain(&gone, &gone, 80, Verbosity::Normal);
    let errors: Vec<_> = samples::status().iter().filter_map(|event| reporter.event(event).err()).collect();
    assert!(errors.iter().all(|error| error.kind() == io::ErrorKind::BrokenPipe));
    assert!(!errors.is_empty());
}

#[test]
fn a_full_disk_is_told() {
    let (err, out) = (Paper::new(), Paper::short(0, io::ErrorKind::StorageFull));
    let mut reporter = plain(&err, &out, 80, Verbosity::Normal);
    let errors: Vec<_> = samples::status().iter().filter_map(|event| reporter.event(event).err()).collect();
    assert_eq!(errors[0].kind(), io::ErrorKind::StorageFull);
}

/// A log has no line for what a step prints; the engine says every half minute that it runs.
#[test]
fn a_step_that_takes_long_is_told_with_how_far_it_is_and_its_output_is_not() {
    let (err, out) = (Paper::new(), Paper::new());
    let mut reporter = plain(&err, &out, 80, Verbosity::Normal);
    let slow = |running_ms| EventKind::StepSlow { step: "1".into(), name: "Build".into(), running_ms };
    let progress = EventKind::Progress { step: "1".into(), stage: None, current: Some(3), total: Some(9), unit: None };
    let script = samples::Script::default()
        .run("rebuild", "Builds", 1)
        .start("1", "Build", "run", &[])
        .add(slow(5_000))
        .says("1", Stream::Stdout, "working")
        .add(slow(35_000))
        .add(progress)
        .says("1", Stream::Stdout, "working")
        .add(slow(65_000));
    for (minute, event) in (0..).zip(&script.0) {
        // However late it comes, no event but those of the engine makes a line.
        reporter.event(&Event { elapsed_ms: minute * 60_000, ..event.clone() }).unwrap();
    }
    assert_eq!(
        err.text(),
        "     rebuild  Builds\n         ...  running: Build\n         ...  still running: Build, 35s\n         \
         ...  still running: Build, 1m 05s, 3/9\n"
    );
}

/// What a terminal of that width shows after `text`. Like a real one it wraps a full line only
/// when the next character comes; it knows the escapes of the progress view and no others.
fn screen(text: &str, width: usize) -> Vec<String> {
    let mut cells: Vec<Vec<char>> = vec![];
    let (mut row, mut column) = (0, 0);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => (row, column) = (row + 1, 0),
            '\r' => column = 0,
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['));
                let mut number = String::new();
                let end = loop {
                    match rest.next().unwrap() {
                        c if c.is_ascii_digit() => number.push(c),
                        c => break c,
                    }
                };
                let number: usize = number.parse().unwrap();
                match end {
                    'A' => row -= number,
                    'B' => row += number,
                    'K' if row < cells.len() => cells[row].clear(),
                    'K' => {}
                    other => panic!("escape {other}"),
                }
            }
            c => {
                if column == width {
                    (row, column) = (row + 1, 0);
                }
                while cells.len() <= row {
                    cells.push(vec![]);
                }
                while cells[row].len() <= column {
                    cells[row].push(' ');
                }
                cells[row][column] = c;
                column += 1;
            }
        }
    }
    let mut lines: Vec<String> =
        cells.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[test]
fn the_terminal_is_left_with_the_plain_lines_and_nothing_else() {
    for width in [20, 40, 80] {
        let (err, out, lines, answers) = (Paper::new(), Paper::new(), Paper::new(), Paper::new());
        let mut view = progress(&err, &out, width, Verbosity::Normal);
        let mut reporter = plain(&lines, &answers, width.into(), Verbosity::Normal);
        for event in samples::rollback().iter().chain(&samples::status()) {
            view.event(event).unwrap();
            // The spinner says it; a line would say it twice.
            if !matches!(event.kind, EventKind::StepSlow { .. }) {
                reporter.event(event).unwrap();
            }
        }
        drop(view);
        let width = usize::from(width);
        assert_eq!(screen(&err.text(), width), screen(&lines.text(), width));
        assert_eq!(out.text(), answers.text());
        assert!(!err.text().contains("\u{1b}[?25"), "the cursor was never hidden");
    }
}

/// The terminal itself writes `^C` where the cursor stands, and the view learns nothing of it.
#[test]
fn the_echo_of_a_ctrl_c_leaves_no_line_of_the_view_behind() {
    for width in [20, 40, 80] {
        let (err, out, lines) = (Paper::new(), Paper::new(), Paper::new());
        let mut view = progress(&err, &out, width, Verbosity::Normal);
        let mut reporter = plain(&lines, &out, width.into(), Verbosity::Normal);
        for event in samples::rollback() {
            view.event(&event).unwrap();
            if matches!(event.kind, EventKind::StepSlow { .. }) {
                for _ in 0..2 {
                    err.clone().write_all(b"^C").unwrap();
                }
            } else {
                reporter.event(&event).unwrap();
            }
        }
        drop(view);
        let width = usize::from(width);
        assert_eq!(screen(&err.text(), width), screen(&lines.text(), width));
    }
}

#[test]
fn a_running_step_is_on_the_screen_with_its_progress() {
    let (err, out) = (Paper::new(), Paper::new());
    let mut view = progress(&err, &out, 80, Verbosity::Normal);
    let events = samples::rollback();
    let slow = events.iter().position(|event| matches!(event.kind, EventKind::StepSlow { .. })).unwrap();
    events[..slow].iter().for_each(|event| view.event(event).unwrap());
    let stage = Some("waiting for pods".to_owned());
    let kind = EventKind::Progress { step: "2".into(), stage, current: Some(1), total: Some(4), unit: None };
    view.event(&Event { at: 0, elapsed_ms: 0, kind }).unwrap();
    // The view draws in its own time.
    let is_awaited = |_: &u32| !err.text().contains("  [##------] 1/4  waiting for pods");
    #[expect(clippy::disallowed_methods, reason = "the view draws by its own clock")]
    (0..1000).take_while(is_awaited).for_each(|_| std::thread::sleep(std::time::Duration::from_millis(20)));
    drop(view);
    assert!(err.text().contains("  [##------] 1/4  waiting for pods"), "{}", err.text());
}

#[test]
fn a_closed_terminal_ends_the_view_and_not_the_program() {
    let (err, out) = (Paper::short(40, io::ErrorKind::StorageFull), Paper::new());
    let mut view = progress(&err, &out, 80, Verbosity::Normal);
    let errors = samples::rollback().iter().filter(|event| view.event(event).is_err()).count();
    assert!(errors > 0);
}

fn step() -> impl Strategy<Value = String> {
    prop_oneof!["[1-3](\\.[1-2])?(\\[[a-z.é日]{0,4}\\])?", "f1|r1|v1", any::<String>()]
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z ]{0,40}", "[日本e\u{301}\u{202e}\u{1b}\t\n\r✅]{0,12}", any::<String>()]
}

fn kind() -> impl Strategy<Value = EventKind> {
    let status = prop_oneof![
        Just(Status::Ok),
        Just(Status::AlreadyDone),
        Just(Status::Failed),
        Just(Status::FailedAllowed),
        Just(Status::Interrupted)
    ];
    let outcome = prop_oneof![Just(RunOutcome::Done), Just(RunOutcome::Failed), Just(RunOutcome::Refused)];
    prop_oneof![
        (words(), words(), 0usize..4).prop_map(|(task, summary, steps)| {
            let danger = crate::model::step::Danger::Read;
            EventKind::RunStarted {
                schema: 1,
                run: "r".into(),
                task,
                summary,
                danger,
                steps,
                replay: None,
                resumes: None,
                outline: Vec::new(),
                usual_ms: None,
            }
        }),
        (step(), words(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(step, name, task, shown, interactive)| {
                let kind = if task { "task" } else { "run" }.to_owned();
                EventKind::StepStarted { step, argv: vec![name.clone()], name, kind, shown, interactive }
            }
        ),
        (step(), words(), any::<bool>()).prop_map(|(step, line, is_err)| {
            EventKind::Output { step, stream: if is_err { Stream::Stderr } else { Stream::Stdout }, line }
        }),
        (step(), proptest::option::of(words()), proptest::option::of(any::<u64>())).prop_map(
            |(step, stage, current)| EventKind::Progress { step, stage, current, total: current, unit: None }
        ),
        (step(), words(), any::<u64>()).prop_map(|(step, name, running_ms)| EventKind::StepSlow {
            step,
            name,
            running_ms
        }),
        (step(), any::<u32>(), any::<u64>(), words()).prop_map(|(step, attempt, wait_ms, why)| EventKind::StepRetry {
            step,
            attempt,
            wait_ms,
            why
        }),
        (step(), words(), status, any::<u64>(), words()).prop_map(|(step, name, status, took_ms, text)| {
            let mut kind = finished(&step, &name, status, took_ms);
            if let EventKind::StepFinished { exit, note, tail, hints, dropped, .. } = &mut kind {
                *exit = Some(Exit::NotStarted(text.clone()));
                *note = Some(text.clone());
                *tail = vec![text.clone()];
                *hints = vec![text];
                *dropped = took_ms;
            }
            kind
        }),
        (step(), words(), words()).prop_map(|(step, name, why)| EventKind::StepSkipped { step, name, why }),
        words().prop_map(|text| EventKind::Notice { text, urgent: false }),
        Just(EventKind::Diagnosed { diagnosis: samples::database_auth() }),
        (outcome, any::<u8>(), words()).prop_map(|(outcome, exit_code, text)| EventKind::RunFinished {
            outcome,
            exit_code,
            counts: Counts { ok: 1, failed: 2, skipped: 3, not_run: 4, not_verified: 5 },
            evidence: Some(text.clone()),
            files: strings(&["a"]),
            next: vec![text],
        }),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (kind(), any::<u64>()).prop_map(|(kind, elapsed_ms)| Event { at: 0, elapsed_ms, kind });
    proptest::collection::vec(event, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any events in any order: no panic, no escape, one line is one line.
    #[test]
    fn plain_survives_everything(events in events(), width in prop_oneof![0usize..3, Just(20), Just(40), Just(80)]) {
        for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            let (err, out) = (Paper::new(), Paper::new());
            let mut reporter = plain(&err, &out, width, verbosity);
            events.iter().for_each(|event| reporter.event(event).unwrap());
            let harmless = |c: char| c == '\n' || crate::report::layout::is_harmless(c);
            prop_assert!(err.text().chars().all(harmless));
            prop_assert!(out.text().chars().all(|c| c == '\t' || harmless(c)));
        }
    }

    #[test]
    fn the_terminal_view_survives_everything(events in events(), width in prop_oneof![1u16..4, Just(20), Just(40)]) {
        let (err, out) = (Paper::new(), Paper::new());
        let mut view = progress(&err, &out, width, Verbosity::Normal);
        events.iter().for_each(|event| view.event(event).unwrap());
        drop(view);
        let mut story = Story::new(Look::plain(width.into()), Verbosity::Normal);
        let answers: String = events.iter().map(|event| story.tell(event).out).collect();
        prop_assert_eq!(out.text(), answers);
    }
}
