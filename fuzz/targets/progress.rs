//! Any bytes as what tools print while they work, in pieces that end anywhere: the lines come out whole,
//! progress is read, everything can be told. First every source of progress by itself, with lines whole and
//! torn; then a whole run, with a tool that only prints.

#![no_main]

use libfuzzer_sys::fuzz_target;
use refloat::config::{Input, Os, Source, load};
use refloat::model::command::{Exit, Invocation, Outcome, Stream};
use refloat::model::event::{Event, EventKind, RunOutcome};
use refloat::model::finding::{Diagnosis, Verdict};
use refloat::model::pattern::Pattern;
use refloat::plan::{self, Plan};
use refloat::port::{Clock, Locate, Reporter, Runner, Stop, Store};
use refloat::progress::{Meter, Reading};
use refloat::report::progress::{Progress, Stage};
use refloat::report::render::Verbosity;
use refloat::report::style::Look;
use refloat::report::view::live::Size;
use refloat::run::engine::{World, execute};
use refloat::run::lines::Lines;
use refloat::run::wide::Wide;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const TASKS: &str = r#"
version = 1
[tools.docker]
[tools.minikube]
[tools.kubectl]
[tasks.build]
summary = "Prints"
[[tasks.build.steps]]
run = ["docker", "build", "."]
progress = '(?:^Step |\[[^\]]*?\s*)(?P<current>\d+)/(?P<total>\d+)'
[[tasks.build.steps]]
run = ["docker", "push", "."]
progress = '(?:^|\s)(?:(?P<stage>[^:\s]+):)?\s*(?P<percent>[-+.\deE]+)%?'
filter = '\d'
[[tasks.build.steps]]
run = ["docker", "build", "."]
[[tasks.build.steps]]
run = ["minikube", "start", "-o", "json"]
[[tasks.build.steps]]
run = ["kubectl", "rollout", "status", "deploy/x"]
"#;

const OWN: &str = r"(?:(?P<stage>[^: ]+): ?)?(?P<current>[^/ ]+)/(?P<total>[^ ]+)|(?P<percent>[^% ]+)%";
static PATTERN: LazyLock<Pattern> = LazyLock::new(|| Pattern::new(OWN).unwrap_or_else(|fault| panic!("{fault}")));

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let file = Source { path: "tasks.toml".into(), shown: "tasks.toml".to_owned(), text: TASKS.into() };
    let nothing = Vec::new;
    let input =
        Input { file, local: None, env: nothing(), sets: nothing(), os: Os::Linux, known_symptoms: &[], color: false };
    let loaded = load(&input).unwrap_or_else(|failure| panic!("{failure}"));
    plan::build(&loaded.catalog, "build", &[]).unwrap_or_else(|failure| panic!("{failure}"))
});

fuzz_target!(|bytes: &[u8]| {
    let [size, view, text @ ..] = bytes else { return };
    let pieces: Vec<&[u8]> = text.chunks(usize::from(*size) + 1).collect();
    let (lines, joined) = split(&pieces);
    assert_eq!(joined, text, "bytes are lost or made");
    assert_eq!(split(&[text]).0, lines, "in pieces there are other lines");
    measure(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>(), *view % 2 == 0);
    measure(&pieces, *view % 2 == 0);
    let port = Port { pieces: &pieces };
    let mut ear = Ear { events: Vec::new(), view: (*view % 2 == 1).then(|| screen(*view / 2)) };
    let report = run(&port, &mut ear);
    assert!(matches!(report, RunOutcome::Done), "{report:?}");
    let told = |kind: &EventKind| matches!(kind, EventKind::Output { step, .. } if step == "1");
    // A last line without anything in it is none; UTF-16 is read as what it stands for.
    let read = narrow(&pieces);
    assert_eq!(ear.events.iter().filter(|event| told(&event.kind)).count(), split(&[&read]).0.len());
});

/// The text as a run reads it.
fn narrow(pieces: &[&[u8]]) -> Vec<u8> {
    let mut wide = Wide::default();
    let mut text = Vec::new();
    pieces.iter().for_each(|piece| text.extend_from_slice(&wide.push(piece)));
    text.extend_from_slice(&wide.finish());
    text
}

/// Every source reads these lines.
fn measure(lines: &[&[u8]], ok: bool) {
    let calls: [(&str, &[&str], Option<&Pattern>); 5] = [
        ("docker", &["build", "."], None),
        ("docker", &["build", "."], Some(&PATTERN)),
        ("minikube", &["start", "-o", "json"], None),
        ("minikube", &["start"], None),
        ("kubectl", &["rollout", "status", "deploy/x"], None),
    ];
    for (tool, arguments, pattern) in calls {
        let Some(mut meter) = Meter::of(tool, arguments, pattern) else { panic!("{tool} is not known") };
        let mut last = Reading::default();
        for line in lines {
            assert!(meter.words(line).is_none_or(|words| !words.is_empty() && !words.contains('\n')));
            if let Some(reading) = meter.line(line) {
                last = follows(&last, reading);
            }
        }
        let end = meter.end(ok);
        assert!(ok || end.is_none(), "what failed went on");
        if let Some(reading) = end {
            follows(&last, reading);
        }
    }
}

/// A reading says something new, makes sense, and takes nothing back.
fn follows(last: &Reading, next: Reading) -> Reading {
    assert_ne!(*last, next);
    assert_ne!(next.stage.as_deref(), Some(""));
    if let Some(total) = next.total {
        assert!(total > 0 && next.current.is_none_or(|current| current <= total), "{next:?}");
    }
    if last.total.is_some() {
        assert!(next.total.is_some() && next.current >= last.current, "{next:?} after {last:?}");
    }
    next
}

/// The lines, and what they come to with their ends.
fn split(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut lines, mut out, mut joined) = (Lines::default(), Vec::new(), Vec::new());
    let mut each = |line: &refloat::run::lines::Line| {
        joined.extend_from_slice(&line.text);
        joined.extend_from_slice(line.end);
        out.push(line.text.clone());
    };
    pieces.iter().for_each(|piece| lines.feed(piece, &mut each));
    lines.finish(&mut each);
    (out, joined)
}

fn run(port: &Port<'_>, ear: &mut Ear) -> RunOutcome {
    let world = World {
        runner: port,
        locate: port,
        clock: port,
        stop: port,
        store: port,
        recorder: None,
        base: PathBuf::from("."),
        run_id: "run".to_owned(),
        unique: String::new(),
        person: None,
        incident: Ok(None),
        replay: None,
        past: None,
        usual: Default::default(),
        resume: None,
        after_failure: None,
        diagnose: &|_| Diagnosis::naming_nothing(Verdict::Unclassified),
        symptom_in: &|_| Vec::new(),
        finals: &|_| Vec::new(),
    };
    execute(&PLAN, &world, ear).outcome
}

fn screen(width: u8) -> Progress {
    let width = u16::from(width);
    Progress::new(
        Box::new(io::sink()),
        Box::new(io::sink()),
        Stage {
            sizes: Arc::new(move || Size { columns: width, lines: 24 }),
            reflows: width.is_multiple_of(2),
            has_taskbar: width.is_multiple_of(3),
        },
        Look::plain(width.into()),
        Verbosity::Verbose,
    )
}

/// Hears everything, and shows it on a screen that nobody looks at.
struct Ear {
    events: Vec<Event>,
    view: Option<Progress>,
}

impl Reporter for Ear {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.events.push(event.clone());
        self.view.as_mut().map_or(Ok(()), |view| view.event(event))
    }
}

/// A world in which every tool prints the same.
struct Port<'a> {
    pieces: &'a [&'a [u8]],
}

impl Runner for Port<'_> {
    fn run(&self, _: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.pieces.iter().for_each(|piece| sink(Stream::Stdout, piece));
        Outcome { exit: Exit::Code(0), elapsed: Duration::ZERO, leaked: false }
    }

    fn is_replay(&self) -> bool {
        true
    }
}

impl Locate for Port<'_> {
    fn find(&self, program: &str) -> Result<PathBuf, String> {
        Ok(program.into())
    }
}

impl Clock for Port<'_> {
    fn now(&self) -> u64 {
        0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration, _: &dyn Stop) {}
}

impl Stop for Port<'_> {
    fn requested(&self) -> Option<i32> {
        None
    }
}

impl Store for Port<'_> {
    fn create(&self, _: &str) -> io::Result<Box<dyn io::Write + Send>> {
        Ok(Box::new(io::sink()))
    }

    fn place(&self) -> String {
        String::new()
    }
}
