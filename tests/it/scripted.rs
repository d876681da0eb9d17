//! Runs of plans against scripted tools: what a question that could not be asked decides, and what
//! leaves a sensitive step.

use refloat::config::{self, Input, Os, Source};
use refloat::error::Code;
use refloat::model::catalog::Catalog;
use refloat::model::command::{Exit, Invocation, Outcome, Stream};
use refloat::model::event::{Event, EventKind};
use refloat::model::finding::{Diagnosis, Verdict};
use refloat::plan;
use refloat::port::{Clock, Locate, Reporter, Runner, Stop, Store};
use refloat::run::engine::{World, execute};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

/// Tools that answer by the end of what they are asked: (words, exit code, output).
struct Script {
    answers: Vec<(&'static str, i32, &'static str)>,
    asked: Mutex<Vec<String>>,
}

impl Runner for Script {
    fn run(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        let words = call.argv.join(" ");
        let (_, code, text) = self.answers.iter().find(|(asked, ..)| words.ends_with(asked)).unwrap_or(&("", 0, ""));
        sink(if *code == 0 { Stream::Stdout } else { Stream::Stderr }, text.as_bytes());
        self.asked.lock().unwrap().push(words);
        Outcome { exit: Exit::Code(*code), elapsed: Duration::ZERO, leaked: false }
    }

    fn is_replay(&self) -> bool {
        true
    }
}

/// The rest of the world: nothing happens in it.
struct Still;

impl Locate for Still {
    fn find(&self, program: &str) -> Result<PathBuf, String> {
        Ok(program.into())
    }
}

impl Clock for Still {
    fn now(&self) -> u64 {
        0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration, _: &dyn Stop) {}
}

impl Stop for Still {
    fn requested(&self) -> Option<i32> {
        None
    }
}

impl Store for Still {
    fn create(&self, _: &str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(io::sink()))
    }

    fn place(&self) -> String {
        String::new()
    }
}

struct Events(Vec<EventKind>, Disk);

/// What happens to a journal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Disk {
    Free,
    Full,
}

impl Reporter for Events {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.0.push(event.kind.clone());
        Ok(())
    }

    fn settle(&mut self) -> io::Result<()> {
        if self.1 == Disk::Full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

/// What a run came to.
struct Told {
    code: Code,
    /// "id status note", skipped steps included.
    steps: Vec<String>,
    /// The calls, as the tools saw them.
    asked: Vec<String>,
    /// Everything that any reporter was told.
    text: String,
}

/// The catalog of a file that declares the tools and begins with the task `t`.
fn load(file: &str) -> Catalog {
    catalog(&format!("version = 1\n[tools.helm]\n[tools.kubectl]\n[tasks.t]\nsummary = \"x\"\n{file}"))
}

/// The catalog of a whole file.
pub(crate) fn catalog(file: &str) -> Catalog {
    let input = Input {
        file: Source { path: "/app/tasks.toml".into(), shown: "tasks.toml".into(), text: file.as_bytes().to_vec() },
        local: None,
        env: Vec::new(),
        sets: Vec::new(),
        os: Os::Linux,
        known_symptoms: &[],
        color: false,
    };
    config::load(&input).unwrap_or_else(|failure| panic!("{}", failure.message)).catalog
}

/// Loads, plans and runs the task `t`.
fn run(file: &str, answers: &[(&'static str, i32, &'static str)]) -> Told {
    run_by(&Still, file, answers)
}

/// The same by this clock.
fn run_by(clock: &dyn Clock, file: &str, answers: &[(&'static str, i32, &'static str)]) -> Told {
    run_on(clock, Disk::Free, file, answers)
}

/// The same with such a disk under the journal.
fn run_on(clock: &dyn Clock, disk: Disk, file: &str, answers: &[(&'static str, i32, &'static str)]) -> Told {
    let catalog = load(file);
    let plan = plan::build(&catalog, "t", &[]).unwrap();
    let script = Script { answers: answers.to_vec(), asked: Mutex::default() };
    let world = World {
        runner: &script,
        locate: &Still,
        clock,
        stop: &Still,
        store: &Still,
        recorder: None,
        base: PathBuf::new(),
        run_id: "1".into(),
        person: None,
        unique: "k3m9x2ab".to_owned(),
        replay: None,
        past: None,
        incident: Ok(None),
        usual: Default::default(),
        resume: None,
        after_failure: None,
        diagnose: &|_| Diagnosis::naming_nothing(Verdict::Healthy),
        symptom_in: &|_| Vec::new(),
        finals: &|_| Vec::new(),
    };
    let mut events = Events(Vec::new(), disk);
    let report = execute(&plan, &world, &mut events);
    let steps = events.0.iter().filter_map(|kind| match kind {
        EventKind::StepFinished { step, status, note, .. } => {
            Some(format!("{step} {status:?} {}", note.as_deref().unwrap_or_default()).trim_end().to_owned())
        }
        EventKind::StepSkipped { step, why, .. } => Some(format!("{step} skipped {why}")),
        _ => None,
    });
    let steps = steps.collect();
    Told { code: report.code, steps, asked: script.asked.into_inner().unwrap(), text: format!("{:?}", events.0) }
}

#[test]
fn a_journal_that_cannot_be_written_stops_the_run_before_it_changes_anything() {
    let step = |danger: &str, word: &str| {
        format!("[[tasks.t.steps]]\ndanger = \"{danger}\"\nallow_failure = true\nrun = [\"helm\", \"{word}\"]\n")
    };
    for danger in ["change", "destroy"] {
        let head = if danger == "destroy" { "confirm = \"x\"\n" } else { "" };
        let steps = [step("read", "look"), step(danger, "act"), step("read", "after")].concat();
        let file = format!("danger = \"{danger}\"\n{head}{steps}");
        let told = run_on(&Still, Disk::Full, &file, &[]);
        assert_eq!(told.asked, ["helm look"], "no failure is allowed here");
        assert_eq!(told.steps[1], "2 Failed not begun: the journal cannot be written: no storage space");
        assert_eq!(told.code, Code::Unwritable);
        assert_eq!(run(&file, &[]).asked.len(), 3);
    }
}

const UPGRADE_OR_INSTALL: &str = r#"
[[tasks.t.steps]]
skip_if = "!there"
run = ["helm", "upgrade"]
[[tasks.t.steps]]
skip_if = "there"
run = ["helm", "install"]
[checks.there]
title = "There is a release"
run = ["helm", "status"]
no = 'release: not found'
"#;

#[test]
fn yes_and_no_decide_and_a_failure_to_ask_does_not() {
    let there = run(UPGRADE_OR_INSTALL, &[("status", 0, "STATUS: deployed\n")]);
    assert_eq!(there.steps, ["1 Ok", "2 skipped There is a release"]);
    let gone = run(UPGRADE_OR_INSTALL, &[("status", 1, "Error: release: not found\n")]);
    assert_eq!(gone.steps, ["1 skipped not: There is a release", "2 Ok"]);
    let mute = run(UPGRADE_OR_INSTALL, &[("status", 1, "Error: query: EOF\n")]);
    assert_eq!(mute.steps, ["1 Failed `there`: could not ask: exited with code 1: Error: query: EOF"]);
    assert_eq!((mute.code, mute.asked), (Code::StepFailed, vec!["helm status".to_owned()]));
}

#[test]
fn a_done_if_that_could_not_be_asked_fails_its_step() {
    let file = UPGRADE_OR_INSTALL.replace("skip_if = \"!there\"", "done_if = { check = \"there\" }");
    let mute = run(&file, &[("status", 1, "Error: query: EOF\n")]);
    assert_eq!(mute.steps, ["1 Failed `there`: could not ask: exited with code 1: Error: query: EOF"]);
}

#[test]
fn neither_a_gate_nor_its_opposite_holds_when_it_could_not_be_asked() {
    for gate in ["there", "!there"] {
        let file = format!("require = [\"{gate}\"]\n{UPGRADE_OR_INSTALL}");
        let mute = run(&file, &[("status", 1, "Error: query: EOF\n")]);
        assert_eq!(mute.steps, ["r1 Failed could not ask: exited with code 1: Error: query: EOF"], "{gate}");
        assert_eq!(mute.code, Code::Refused);
    }
}

#[test]
fn without_a_no_every_failure_is_one() {
    let file = UPGRADE_OR_INSTALL.replace("no = 'release: not found'\n", "");
    let told = run(&file, &[("status", 1, "Error: query: EOF\n")]);
    assert_eq!(told.steps[1], "2 Ok");
}

const READ_URL: &str = r#"
[[tasks.t.steps]]
run = ["kubectl", "get", "secret"]
decode = "base64"
sensitive = true
expect = '@(?P<db_host>[^@:/]+)(?::(?P<db_port>\d+))?/'
[[tasks.t.steps]]
name = "Reach ${db_host}"
run = ["kubectl", "exec", "${db_host}", "port=${db_port}"]
"#;

#[test]
fn named_groups_leave_a_sensitive_step_and_nothing_else_does() {
    // postgresql://app:hunter2pass@db.example.com:5433/tasks
    let url = "cG9zdGdyZXNxbDovL2FwcDpodW50ZXIycGFzc0BkYi5leGFtcGxlLmNvbTo1NDMzL3Rhc2tz";
    let told = run(READ_URL, &[("get secret", 0, url)]);
    assert_eq!(told.steps, ["1 Ok 54 bytes, not shown", "2 Ok"]);
    assert_eq!(told.asked[1], "kubectl exec db.example.com port=5433");
    assert!(told.text.contains("Reach db.example.com") && told.text.contains("port=5433"), "{}", told.text);
    assert!(!told.text.contains("hunter2") && !told.text.contains("/tasks") && !told.text.contains(url));
}

#[test]
fn a_group_that_took_no_part_is_empty() {
    // No address that a URL's reader knows: the whole value is the secret, and the host a part of it.
    // app;hunter2pass@db.example.com/tasks
    let told = run(READ_URL, &[("get secret", 0, "YXBwO2h1bnRlcjJwYXNzQGRiLmV4YW1wbGUuY29tL3Rhc2tz")]);
    assert_eq!(told.asked[1], "kubectl exec db.example.com port=");
    assert!(told.text.contains("Reach db.example.com") && !told.text.contains("hunter2"), "{}", told.text);
}

#[test]
fn without_names_the_checks_that_only_decide_what_runs_are_not_asked() {
    let file = "require = [\"gate\", \"both\"]\nverify = [\"both\"]\n\
                [[tasks.t.steps]]\nskip_if = \"!skips\"\ndone_if = { check = \"done\" }\nrun = [\"helm\"]\n\
                [[tasks.t.steps]]\ncheck = \"step\"\n";
    let checks = ["alone", "both", "done", "gate", "skips", "step"];
    let checks = checks.map(|name| format!("[checks.{name}]\ntitle = \"x\"\nrun = [\"helm\", \"{name}\"]\n"));
    let catalog = load(&format!("{file}{}", checks.concat()));
    let asked = |names: &[&str]| -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let plan = plan::checks::build_check(&catalog, &names).unwrap();
        plan.root.verify.into_iter().map(|gate| gate.check).collect()
    };
    assert_eq!(asked(&[]), ["alone", "both", "step"]);
    assert_eq!(asked(&["gate", "alone"]), ["gate", "alone"]);
}

#[test]
fn a_wrong_argument_is_told_with_what_it_may_be() {
    let file = "params = [{ name = \"who\", match = 'backend|frontend', help = \"the part to greet\" }]\n\
                [[tasks.t.steps]]\nrun = [\"helm\", \"${who}\"]\n";
    let catalog = load(file);
    let told = |argument: &str| plan::build(&catalog, "t", &[argument.to_owned()]).map_err(|failure| failure.message);
    let unfit = |value: &str| {
        format!("`{value}` cannot be the who of `t`: it does not match `backend|frontend` (the part to greet)")
    };
    assert_eq!(told("db").unwrap_err(), unfit("db"));
    assert_eq!(told("whom=backend").unwrap_err(), "`t` has no parameter `whom`; did you mean `who`?");
    assert!(told("who=backend").is_ok());
    // What is near to no parameter is a value.
    assert_eq!(told("colour=red").unwrap_err(), unfit("colour=red"));
    assert_eq!(told("who=whom=x").unwrap_err(), unfit("whom=x"));
}

#[test]
fn a_secret_without_a_value_is_no_empty_argument() {
    let used = [
        "run = [\"helm\", \"--password=${token}\"]",
        "run = [\"helm\"]\nenv = { TOKEN = \"${token}\" }",
        "run = [\"helm\", \"${url}\"]",
        "check = \"c\"",
    ];
    let vars = "[vars]\ntoken = { secret = true }\nurl = \"https://u:${token}@host\"\n\
                [checks.c]\ntitle = \"x\"\nrun = [\"helm\", \"${token}\"]\n";
    for step in used {
        let failure = plan::build(&load(&format!("[[tasks.t.steps]]\n{step}\n{vars}")), "t", &[]).unwrap_err();
        assert_eq!((failure.code, failure.message.as_str()), (Code::Usage, "`token` has no value"), "{step}");
        assert_eq!(failure.hints, ["give it in tasks.local.toml, or as REFLOAT_VAR_TOKEN"]);
    }
    for step in ["run = [\"helm\", \"${token?}\"]", "run = [\"helm\"]\nname = \"With ${token}\""] {
        assert!(plan::build(&load(&format!("[[tasks.t.steps]]\n{step}\n{vars}")), "t", &[]).is_ok(), "{step}");
    }
}

#[test]
fn a_value_given_to_a_called_task_is_held_against_its_rule() {
    let file = "[[tasks.t.steps]]\ntask = \"u\"\nwith = { tag = \"a b\" }\n\
                [tasks.u]\nsummary = \"x\"\nparams = [{ name = \"tag\", match = '\\w+' }]\nsteps = [{ run = [\"helm\"] }]\n";
    let catalog = load(file);
    let failure = plan::build(&catalog, "t", &[]).unwrap_err();
    assert_eq!(failure.message, r"`a b` cannot be the tag of `u`: it does not match `\w+`");
}

#[test]
fn a_confirming_check_has_a_limit_and_says_what_it_lacks() {
    let file = "[[tasks.t.steps]]\nrun = [\"helm\", \"x\"]\nexpect = '(?P<ip>x)'\n[[tasks.t.steps]]\ncheck = \"late\"\n\
                [checks.late]\ntitle = \"x\"\nrun = [\"helm\", \"${ip}\"]\n\
                [checks.bare]\ntitle = \"x\"\nbefore = [{ run = [\"helm\"], expect = '(?P<found>x)' }]\n\
                run = [\"helm\", \"${found}\"]\n\
                [checks.timed]\ntitle = \"x\"\nrun = [\"helm\"]\ntimeout = \"5s\"\n\
                [checks.both]\ntitle = \"x\"\nall = [\"bare\", \"timed\"]\n";
    let catalog = load(file);
    let limit = Duration::from_secs(30);
    let planned = |name: &str| plan::checks::build_confirming(&catalog, &[name.to_owned()], limit);
    assert_eq!(planned("late").unwrap_err(), "it needs ip, which only a task finds out");
    assert_eq!(plan::checks::command(&catalog, "late").unwrap(), "refloat t");
    // What a check finds out itself keeps nobody from asking it.
    assert_eq!(plan::checks::command(&catalog, "bare").unwrap(), "refloat check bare");
    let plan::Ask::Checks { of, .. } = planned("both").unwrap().root.verify.remove(0).ask else { panic!("parts") };
    let limits: Vec<Option<Duration>> = of
        .iter()
        .flat_map(|gate| {
            let plan::Ask::Run(step) = &gate.ask else { panic!("runs") };
            gate.before.iter().chain([step.as_ref()]).map(|step| step.spec.timeout)
        })
        .collect();
    assert_eq!(limits, [Some(limit), Some(limit), Some(Duration::from_secs(5))]);
    // Parts are asked with the whole, not beside it.
    let asked = plan::checks::build_check(&catalog, &[]).unwrap().root.verify;
    assert_eq!(asked.iter().map(|gate| gate.check.as_str()).collect::<Vec<_>>(), ["both"]);
}

/// A clock on the wall that is put forward and back by a day each time that anybody looks at it. How
/// long something takes is told by another.
struct Jumping {
    looks: Mutex<u64>,
    steady: Mutex<Duration>,
}

impl Clock for Jumping {
    fn now(&self) -> u64 {
        const DAY: u64 = 86_400_000;
        let mut looks = self.looks.lock().unwrap();
        *looks += 1;
        // A day ahead, as it should be, a day behind, and again.
        1_700_000_000_000 + [DAY * 2, DAY, 0][(*looks % 3) as usize]
    }

    fn elapsed(&self) -> Duration {
        *self.steady.lock().unwrap()
    }

    fn sleep(&self, duration: Duration, _: &dyn Stop) {
        *self.steady.lock().unwrap() += duration;
    }
}

#[test]
fn a_clock_that_is_put_forward_and_back_changes_no_limit() {
    let file = "[[tasks.t.steps]]\nrun = [\"helm\", \"poll\"]\nuntil = { match = \"ready\", every = \"2s\", timeout = \"1m\" }\n";
    let clock = Jumping { looks: Mutex::default(), steady: Mutex::default() };
    let told = run_by(&clock, file, &[("poll", 0, "waiting")]);
    assert_eq!(told.code, Code::TimedOut);
    assert!((30..=31).contains(&told.asked.len()), "asked every 2 s for a minute: {}", told.asked.len());
    assert_eq!(*clock.steady.lock().unwrap(), Duration::from_secs(60));
    assert!(*clock.looks.lock().unwrap() > 2, "somebody looked at it");
}
