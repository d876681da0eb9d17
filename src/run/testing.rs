//! A world for tests: scripted tools, a clock that only `sleep` moves, everything remembered.

use super::engine::{RunReport, World, execute};
use crate::model::command::{Exit, Invocation, Outcome, RecordedCall, Stream};
use crate::model::event::{Event, EventKind, Status};
use crate::model::finding::{Advice, Confidence, Diagnosis, Document, Final, Finding, Role, Rollback, Verdict};
use crate::model::pattern::Pattern;
use crate::model::step::{Action, CheckRef, Danger, SecretFrom, SecretRef, Step};
use crate::model::template::Template;
use crate::plan::{Ask, Block, Call, Gate, Hide, Plan, PlannedStep, PlannedTool, SecretRead, Work};
use crate::port::{Clock, Locate, Person, Recorder, Reporter, Runner, Stop, Store};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Effect = Box<dyn Fn(&Stage) + Send + Sync>;

/// A scripted answer.
pub(crate) struct Said {
    exit: Exit,
    chunks: Vec<(Stream, Vec<u8>)>,
    takes: Duration,
    effect: Option<Effect>,
}

/// An answer with this exit code.
pub(crate) fn exit(code: i32) -> Said {
    ends(Exit::Code(code))
}

/// An answer that ends so.
pub(crate) fn ends(exit: Exit) -> Said {
    Said { exit, chunks: Vec::new(), takes: Duration::from_millis(10), effect: None }
}

impl Said {
    pub(crate) fn out(mut self, text: impl AsRef<[u8]>) -> Self {
        self.chunks.push((Stream::Stdout, text.as_ref().to_vec()));
        self
    }

    pub(crate) fn err(mut self, text: impl AsRef<[u8]>) -> Self {
        self.chunks.push((Stream::Stderr, text.as_ref().to_vec()));
        self
    }

    pub(crate) fn takes(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }

    /// Something that happens while the tool runs, after its output.
    pub(crate) fn then(mut self, effect: impl Fn(&Stage) + Send + Sync + 'static) -> Self {
        self.effect = Some(Box::new(effect));
        self
    }
}

/// The scripted world.
#[derive(Default)]
pub(crate) struct Stage {
    script: Mutex<BTreeMap<String, Vec<Arc<Said>>>>,
    /// Every call, in order: the arguments that a recording would match.
    pub(crate) calls: Mutex<Vec<String>>,
    /// The same with pinned arguments, environment and directory.
    pub(crate) invocations: Mutex<Vec<Invocation>>,
    time: Mutex<Duration>,
    signal: AtomicI32,
    /// How many calls ran at the same time, at most.
    pub(crate) widest: AtomicUsize,
    busy: AtomicUsize,
    /// Evidence files.
    pub(crate) files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// Creating this file fails.
    pub(crate) full: Option<String>,
    /// Programs that are not there.
    pub(crate) missing: Vec<String>,
    /// Answers come from a recording.
    pub(crate) replay: bool,
    /// What `--record` got.
    pub(crate) recorded: Mutex<Vec<RecordedCall>>,
    /// Text → symptom id.
    pub(crate) symptoms: Vec<(&'static str, &'static str)>,
    /// What to type after a failure that nothing explains.
    pub(crate) after_failure: Option<String>,
    /// Who can be asked.
    pub(crate) person: Option<Box<Mutex<dyn Person + Send>>>,
    /// The reporter's error, at the first event.
    pub(crate) reporter_error: Option<io::ErrorKind>,
    /// How many events have arrived.
    pub(crate) told: Mutex<Vec<Event>>,
}

impl Stage {
    /// A stage on which `command` answers so; several answers come in order, the last repeats.
    pub(crate) fn on(self, command: &str, said: Said) -> Self {
        self.script.lock().unwrap().entry(command.to_owned()).or_default().push(Arc::new(said));
        self
    }

    /// The same answer as elsewhere.
    pub(crate) fn on_again(self, command: &str, said: &Arc<Said>) -> Self {
        self.script.lock().unwrap().entry(command.to_owned()).or_default().push(said.clone());
        self
    }

    pub(crate) fn stop(&self, signal: i32) {
        self.signal.store(signal, Ordering::SeqCst);
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.time.lock().unwrap() += time;
    }

    /// Runs a plan.
    pub(crate) fn run(&self, plan: &Plan) -> Told {
        let diagnose = |documents: &[Document]| self.diagnose(documents);
        let symptom_in = |documents: &[Document]| self.symptoms_in(documents);
        let world = World {
            runner: self,
            locate: self,
            clock: self,
            stop: self,
            person: self.person.as_deref(),
            store: self,
            recorder: Some(self),
            base: PathBuf::from("/work"),
            run_id: "run-1".to_owned(),
            unique: "k3m9x2ab".to_owned(),
            replay: None,
            past: None,
            incident: Ok(None),
            usual: Default::default(),
            resume: None,
            after_failure: self.after_failure.clone(),
            diagnose: &diagnose,
            symptom_in: &symptom_in,
            finals: &|documents| {
                self.diagnose(documents).findings.into_iter().map(|found| (found, Some(Final::Now))).collect()
            },
        };
        let mut reporter = Collector(self);
        let report = execute(plan, &world, &mut reporter);
        Told { events: self.told.lock().unwrap().clone(), report }
    }

    pub(crate) fn file(&self, name: &str) -> String {
        let files = self.files.lock().unwrap();
        let bytes = files.get(name).unwrap_or_else(|| panic!("no file {name}, but {:?}", files.keys()));
        String::from_utf8_lossy(bytes).into_owned()
    }

    pub(crate) fn called(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn symptoms_in(&self, documents: &[Document]) -> Vec<String> {
        let text: String = documents.iter().map(|document| String::from_utf8_lossy(&document.text)).collect();
        self.symptoms.iter().filter(|(needle, _)| text.contains(needle)).map(|(_, id)| (*id).to_owned()).collect()
    }

    fn diagnose(&self, documents: &[Document]) -> Diagnosis {
        let found = self.symptoms_in(documents);
        let findings: Vec<Finding> = found
            .iter()
            .map(|id| Finding {
                id: id.clone(),
                family: "crash-loop".to_owned(),
                role: Role::Root,
                subject: String::new(),
                cause: format!("cause of {id}"),
                fixes: vec![Advice { text: format!("fix {id}"), danger: Danger::Change }],
                explains: Vec::new(),
                confidence: Confidence::Low,
                confirm: Vec::new(),
                confirmed: Vec::new(),
                rollback: Rollback::Depends,
                fields: Vec::new(),
                since: None,
                evidence: Vec::new(),
            })
            .collect();
        let verdict = if findings.is_empty() { Verdict::Healthy } else { Verdict::Failing };
        Diagnosis { verdict, findings, ..Diagnosis::default() }
    }
}

/// What a run told.
pub(crate) struct Told {
    pub(crate) events: Vec<Event>,
    pub(crate) report: RunReport,
}

impl Told {
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &EventKind> {
        self.events.iter().map(|event| &event.kind)
    }

    /// `id status note` of every finished step, in order; `id skipped why` of the skipped ones.
    pub(crate) fn steps(&self) -> Vec<String> {
        self.kinds()
            .filter_map(|kind| match kind {
                EventKind::StepFinished { step, status, note, .. } => {
                    let status = match status {
                        Status::Ok => "ok",
                        Status::AlreadyDone => "already",
                        Status::Failed => "failed",
                        Status::FailedAllowed => "allowed",
                        Status::Interrupted => "interrupted",
                        Status::NotVerified => "not-verified",
                    };
                    Some(format!("{step} {status} {}", note.as_deref().unwrap_or_default()).trim_end().to_owned())
                }
                EventKind::StepSkipped { step, why, .. } => Some(format!("{step} skipped {why}")),
                _ => None,
            })
            .collect()
    }

    /// The output lines of a step.
    pub(crate) fn lines(&self, id: &str) -> Vec<String> {
        self.kinds()
            .filter_map(|kind| match kind {
                EventKind::Output { step, line, .. } if step == id => Some(line.clone()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.kinds()
            .filter_map(|kind| match kind {
                EventKind::Notice { text, .. } => Some(text.clone()),
                _ => None,
            })
            .collect()
    }

    /// The commands to type next.
    pub(crate) fn next(&self) -> Vec<String> {
        match self.kinds().last() {
            Some(EventKind::RunFinished { next, .. }) => next.clone(),
            other => panic!("the last event is {other:?}"),
        }
    }

    /// Everything that anybody could read, as one text.
    pub(crate) fn all_text(&self, stage: &Stage) -> String {
        let recorded = serde_json::to_string(&*stage.recorded.lock().unwrap()).unwrap();
        let files: String = stage.files.lock().unwrap().values().map(|bytes| String::from_utf8_lossy(bytes)).collect();
        let documents: String =
            self.report.documents.iter().map(|document| String::from_utf8_lossy(&document.text)).collect();
        format!("{}{recorded}{files}{documents}", serde_json::to_string(&self.events).unwrap())
    }
}

struct Collector<'a>(&'a Stage);

impl Reporter for Collector<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.0.told.lock().unwrap().push(event.clone());
        self.0.reporter_error.map_or(Ok(()), |kind| Err(io::Error::from(kind)))
    }
}

impl Runner for Stage {
    fn run(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        let command = call.asked().collect::<Vec<_>>().join(" ");
        self.calls.lock().unwrap().push(command.clone());
        self.invocations.lock().unwrap().push(call.clone());
        let said = {
            let mut script = self.script.lock().unwrap();
            match script.get_mut(&command) {
                Some(answers) if answers.len() > 1 => answers.remove(0),
                Some(answers) => answers[0].clone(),
                None => Arc::new(ends(Exit::NotStarted(format!("`{command}` is not in the script")))),
            }
        };
        let busy = self.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.widest.fetch_max(busy, Ordering::SeqCst);
        for (stream, chunk) in &said.chunks {
            sink(*stream, chunk);
        }
        self.pass(said.takes);
        if let Some(effect) = &said.effect {
            effect(self);
        }
        self.busy.fetch_sub(1, Ordering::SeqCst);
        Outcome { exit: said.exit.clone(), elapsed: said.takes, leaked: false }
    }

    fn run_to_end(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        let outcome = Runner::run(self, call, sink);
        self.calls.lock().unwrap().last_mut().unwrap().push_str(" (to the end)");
        outcome
    }

    fn is_replay(&self) -> bool {
        self.replay
    }
}

impl Locate for Stage {
    fn find(&self, program: &str) -> Result<PathBuf, String> {
        if self.missing.iter().any(|missing| missing == program) {
            return Err(format!("`{program}` is not on PATH"));
        }
        Ok(PathBuf::from(format!("/usr/bin/{program}")))
    }
}

impl Clock for Stage {
    fn now(&self) -> u64 {
        1_700_000_000_000
    }

    fn elapsed(&self) -> Duration {
        *self.time.lock().unwrap()
    }

    fn sleep(&self, duration: Duration, stop: &dyn Stop) {
        if stop.requested().is_none() {
            self.pass(duration);
        }
    }
}

impl Stop for Stage {
    fn requested(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }
}

struct File(Arc<Mutex<BTreeMap<String, Vec<u8>>>>, String);

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().get_mut(&self.1).unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Store for Stage {
    fn create(&self, name: &str) -> io::Result<Box<dyn Write + Send>> {
        if self.full.as_deref() == Some(name) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
        }
        let old = self.files.lock().unwrap().insert(name.to_owned(), Vec::new());
        assert!(old.is_none(), "{name} is created twice");
        Ok(Box::new(File(self.files.clone(), name.to_owned())))
    }

    fn place(&self) -> String {
        ".refloat/runs/run-1".to_owned()
    }
}

impl Recorder for Stage {
    fn keep(&self, call: &RecordedCall) -> io::Result<()> {
        self.recorded.lock().unwrap().push(call.clone());
        Ok(())
    }
}

pub(crate) fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

pub(crate) fn pattern(text: &str) -> Pattern {
    Pattern::new(text).unwrap()
}

/// A call, its words split at blanks; `--pinned` behind the tool is its pinned argument.
pub(crate) fn call(words: &str) -> Call {
    let argv: Vec<Template> = words.split(' ').map(template).collect();
    let pinned = if words.contains(" --pinned") { 1..2 } else { 1..1 };
    Call { tool: words.split(' ').next().unwrap().to_owned(), argv, pinned }
}

/// A step that does this, with nothing special about it.
pub(crate) fn step(id: &str, work: Work) -> PlannedStep {
    let action = match &work {
        Work::Run(call) => Action::Run(call.argv.clone()),
        Work::Block(block) => Action::Task { name: block.task.clone(), with: BTreeMap::new() },
        Work::Check(gate) => Action::Check(CheckRef { name: gate.check.clone(), negated: gate.negated }),
        Work::Diagnose | Work::Compare(_) | Work::Rounds(_) => Action::Diagnose,
        Work::Ask(question) => Action::Ask(question.clone()),
    };
    PlannedStep {
        watch: None,
        exchange: None,
        fail_fast: None,
        id: id.to_owned(),
        name: template(&format!("step {id}")),
        danger: Danger::Read,
        work,
        after: Vec::new(),
        skip_if: None,
        done_if: None,
        spec: Step { line: 1, ..Step::of(action) },
    }
}

/// A step that runs a tool.
pub(crate) fn runs(id: &str, words: &str) -> PlannedStep {
    step(id, Work::Run(call(words)))
}

/// A step that runs a tool, adjusted.
pub(crate) fn runs_with(id: &str, words: &str, adjust: impl FnOnce(&mut Step)) -> PlannedStep {
    let mut step = runs(id, words);
    adjust(&mut step.spec);
    step
}

/// A gate that asks by running something.
pub(crate) fn gate(name: &str, words: &str) -> Gate {
    Gate {
        check: name.to_owned(),
        negated: false,
        title: template(&format!("{name} holds")),
        fix: vec![template(&format!("fix {name}"))],
        before: Vec::new(),
        ask: Ask::Run(Box::new(runs("", words))),
        no: None,
        holds: Vec::new(),
    }
}

/// A gate about `secret:NAME/KEY` values.
pub(crate) fn secrets_gate(secrets: &[&str], min_len: Option<usize>, form: Option<&str>, part: Option<&str>) -> Gate {
    let reads = secrets.iter().map(|name| SecretRead {
        of: SecretRef { from: SecretFrom::Cluster, secret: template(name), key: template("KEY") },
        call: call(&format!("kubectl get {name}")),
    });
    let ask =
        Ask::Secrets { reads: reads.collect(), min_len, pattern: form.map(pattern), contains: part.map(template) };
    Gate { ask, ..gate("secrets", "kubectl x") }
}

/// A task.
pub(crate) fn block(steps: Vec<PlannedStep>) -> Block {
    Block {
        task: "demo".to_owned(),
        summary: "A demo".to_owned(),
        danger: Danger::Read,
        scope: BTreeMap::new(),
        require: Vec::new(),
        steps,
        guard: Vec::new(),
        verify: Vec::new(),
        finally: Vec::new(),
        parallel: 1,
        keep_going: false,
        asks: 1,
    }
}

/// A plan of this task, with the tools helm and kubectl.
pub(crate) fn plan(root: Block) -> Plan {
    let tool = |name: &str| PlannedTool {
        program: name.to_owned(),
        others: Vec::new(),
        version: None,
        install: format!("get {name}"),
    };
    let tools = ["curl", "helm", "kubectl"].map(|name| (name.to_owned(), tool(name))).into();
    Plan { root, confirmations: Vec::new(), tools, secrets: Vec::new(), hide: Hide::default() }
}

/// A plan of these steps.
pub(crate) fn plan_of(steps: Vec<PlannedStep>) -> Plan {
    plan(block(steps))
}
