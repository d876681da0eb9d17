//! What the tests of this module tell: one run, one catalog, one diagnosis.

use crate::model::catalog::{Catalog, Origin, Tool, Var};
use crate::model::command::{Exit, Stream};
use crate::model::event::{Counts, Event, EventKind, RunOutcome, SCHEMA, Status};
use crate::model::finding::{Advice, Confidence, Diagnosis, Finding, Quote, Role, Rollback, RuledOut, Verdict};
use crate::model::pattern::Pattern;
use crate::model::step::{
    Action, Check, CheckRef, Confirm, Danger, Each, Param, Question, SecretFrom, SecretRef, Step, Task,
};
use crate::model::template::Template;
use crate::plan::{Ask, Block, Call, Confirmation, Gate, Hide, Plan, PlannedStep, PlannedTool, SecretRead, Work};
use crate::report::style::{Look, Symbols};
use std::collections::BTreeMap;
use std::time::Duration;

/// A script of events; every one is a second after the one before.
#[derive(Default)]
pub(crate) struct Script(pub(crate) Vec<Event>);

impl Script {
    pub(crate) fn add(mut self, kind: EventKind) -> Self {
        let second = self.0.len() as u64 * 1000;
        self.0.push(Event { at: 1_790_000_000_000 + second, elapsed_ms: second, kind });
        self
    }

    pub(crate) fn run(self, task: &str, summary: &str, steps: usize) -> Self {
        self.add(EventKind::RunStarted {
            schema: SCHEMA,
            run: "20260921-1".into(),
            task: task.into(),
            summary: summary.into(),
            danger: Danger::Change,
            steps,
            replay: None,
            resumes: None,
            outline: Vec::new(),
            usual_ms: None,
        })
    }

    pub(crate) fn start(self, step: &str, name: &str, kind: &str, argv: &[&str]) -> Self {
        self.add(started(step, name, kind, argv, false))
    }

    pub(crate) fn shown(self, step: &str, name: &str, argv: &[&str]) -> Self {
        self.add(started(step, name, "run", argv, true))
    }

    pub(crate) fn says(self, step: &str, stream: Stream, line: &str) -> Self {
        self.add(EventKind::Output { step: step.into(), stream, line: line.into() })
    }

    pub(crate) fn end(self, step: &str, name: &str, took_ms: u64) -> Self {
        self.add(finished(step, name, Status::Ok, took_ms))
    }

    pub(crate) fn saved(self, step: &str, name: &str, took_ms: u64, file: &str) -> Self {
        let mut kind = finished(step, name, Status::Ok, took_ms);
        if let EventKind::StepFinished { saved, .. } = &mut kind {
            *saved = Some(file.into());
        }
        self.add(kind)
    }

    pub(crate) fn fails(self, step: &str, name: &str, took_ms: u64, says: &[&str], fixes: &[&str]) -> Self {
        let mut kind = finished(step, name, Status::Failed, took_ms);
        if let EventKind::StepFinished { exit, tail, hints, .. } = &mut kind {
            *exit = Some(Exit::Code(1));
            *tail = strings(says);
            *hints = strings(fixes);
        }
        self.add(kind)
    }

    pub(crate) fn finish(self, outcome: RunOutcome, exit_code: u8, counts: [usize; 4], next: &[&str]) -> Self {
        let [ok, failed, skipped, not_run] = counts;
        let counts = Counts { ok, failed, skipped, not_run, ..Counts::default() };
        let (evidence, files) = (None, vec![]);
        self.add(EventKind::RunFinished { outcome, exit_code, counts, evidence, files, next: strings(next) })
    }
}

pub(crate) fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn advice(all: &[&str]) -> Vec<Advice> {
    all.iter().map(|text| Advice { text: (*text).to_owned(), danger: crate::model::danger::of(text) }).collect()
}

fn started(step: &str, name: &str, kind: &str, argv: &[&str], shown: bool) -> EventKind {
    EventKind::StepStarted {
        step: step.into(),
        name: name.into(),
        kind: kind.into(),
        argv: strings(argv),
        shown,
        interactive: false,
    }
}

pub(crate) fn finished(step: &str, name: &str, status: Status, took_ms: u64) -> EventKind {
    EventKind::StepFinished {
        step: step.into(),
        name: name.into(),
        status,
        exit: None,
        took_ms,
        note: None,
        saved: None,
        dropped: 0,
        leaked: false,
        tail: vec![],
        hints: vec![],
    }
}

/// A rollback that saves evidence and fails.
pub(crate) fn rollback() -> Vec<Event> {
    Script::default()
        .run("rollback", "Roll the release back to the previous revision, or to REVISION", 2)
        .start("r1", "The release exists", "require", &["helm", "status", "taskflow"])
        .end("r1", "The release exists", 120)
        .start("1", "Save the evidence first", "task", &[])
        .start("1.1", "Pods", "run", &["kubectl", "get", "pods"])
        .says("1.1", Stream::Stdout, "taskflow-backend-0   0/1")
        .saved("1.1", "Pods", 100, "failure-pods.txt")
        .start("1.2[taskflow.backend-0]", "Events of the pod", "run", &["kubectl", "describe", "pod", "a b"])
        .saved("1.2[taskflow.backend-0]", "Events of the pod", 230, "failure-events.txt")
        .end("1", "Save the evidence first", 400)
        .start("2", "Roll back", "run", &["helm", "rollback", "taskflow"])
        .add(EventKind::StepSlow { step: "2".into(), name: "Roll back".into(), running_ms: 90_000 })
        .says("2", Stream::Stderr, "Error: release: not found")
        .fails("2", "Roll back", 95_000, &["Error: release: not found"], &["refloat redeploy"])
        .finish(RunOutcome::Failed, 1, [3, 1, 0, 0], &["refloat diagnose"])
        .0
}

/// A read-only task that answers.
pub(crate) fn status() -> Vec<Event> {
    Script::default()
        .run("status", "What runs", 1)
        .shown("1", "Pods", &["kubectl", "get", "pods"])
        .says("1", Stream::Stdout, "NAME   READY")
        .says("1", Stream::Stderr, "Warning: old client")
        .says("1", Stream::Stdout, "a\tb\u{1b}[2J")
        .end("1", "Pods", 100)
        .finish(RunOutcome::Done, 0, [1, 0, 0, 0], &[])
        .0
}

pub(crate) fn quote(file: &str, line: usize, text: &str, telling: &str) -> Quote {
    let span = text.find(telling).map(|from| (from, from + telling.len()));
    Quote { file: file.into(), line, text: text.into(), span }
}

pub(crate) fn finding(id: &str, role: Role, subject: &str, evidence: Vec<Quote>) -> Finding {
    Finding {
        id: id.into(),
        family: id.into(),
        role,
        subject: subject.into(),
        cause: format!("The cause of {id}"),
        fixes: vec![],
        explains: vec![],
        confidence: Confidence::Medium,
        confirm: vec![],
        confirmed: vec![],
        rollback: Rollback::Depends,
        fields: vec![],
        since: None,
        evidence,
    }
}

/// The database refuses the login, and three things follow.
pub(crate) fn database_auth() -> Diagnosis {
    let log = "psycopg2.OperationalError: connection to server at \"db.example.com\" (203.0.113.7), port 5432 \
               failed: FATAL:  password authentication failed for user \"taskflow\"";
    let mut root = finding(
        "database-auth",
        Role::Root,
        "taskflow-backend",
        vec![quote(
            "db-auth-failed.jsonl: kubectl logs deployment/taskflow-backend",
            23,
            log,
            "password authentication failed for user \"taskflow\"",
        )],
    );
    root.family = "database-connection".into();
    root.cause = "The database refuses the login of taskflow".into();
    root.fixes = advice(&["Correct DATABASE_URL in values-local.yaml", "refloat redeploy"]);
    root.explains = strings(&["crash-loop", "helm-timeout"]);
    root.confidence = Confidence::High;
    root.confirm = strings(&["refloat check database-reachable"]);
    let table = "taskflow-backend-854759d849-pfrf4   0/1   CrashLoopBackOff   4 (38s ago)   2m41s";
    Diagnosis {
        verdict: Verdict::Failing,
        findings: vec![
            root,
            finding(
                "crash-loop",
                Role::Consequence,
                "taskflow-backend-854759d849-pfrf4",
                vec![quote("pods.txt", 2, table, "CrashLoopBackOff")],
            ),
            finding("helm-timeout", Role::Consequence, "", vec![]),
            finding("probe-http", Role::Consequence, "frontend", vec![]),
        ],
        ..Diagnosis::default()
    }
}

/// The same with all that a diagnosis can hold: dangers, checks, times, more than a screen of
/// consequences, a second cause, and what is over.
pub(crate) fn full() -> Diagnosis {
    let mut all = database_auth();
    let root = &mut all.findings[0];
    root.fixes
        .push(Advice { text: "Or, losing the release's history: refloat uninstall".into(), danger: Danger::Destroy });
    root.fixes.insert(0, Advice { text: "kubectl logs taskflow-backend".into(), danger: Danger::Read });
    root.confirm.push("refloat check database-login".into());
    root.rollback = Rollback::Helps;
    root.explains.extend((1..=8).map(|index| format!("probe-{index}")));
    root.evidence.extend((30..33).map(|line| quote("backend.log", line, "ERROR retrying the login", "login")));
    all.findings[1].since = Some(161);
    let mut second = finding("image-rate-limit", Role::Root, "taskflow-frontend", vec![]);
    second.family = "image-pull".into();
    second.explains = strings(&["crash-loop", "image-backoff"]);
    second.rollback = Rollback::Useless;
    all.findings.insert(1, second);
    for index in 1..=8 {
        let mut probe = finding(
            &format!("probe-{index}"),
            Role::Consequence,
            "taskflow-backend-854759d849-pfrf4",
            vec![quote("events.txt", index, "Readiness probe failed: HTTP probe failed with statuscode: 503", "503")],
        );
        probe.since = (index == 8).then_some(200);
        all.findings.push(probe);
    }
    let over = |id: &str, subject: &str, why: &str, line: usize| RuledOut {
        id: id.into(),
        family: id.into(),
        subject: subject.into(),
        why: why.into(),
        evidence: Some(quote("events.txt", line, "0/1 nodes are available: 1 Insufficient cpu.", "Insufficient cpu")),
    };
    all.ruled_out = vec![
        over("insufficient-cpu", "taskflow-frontend-7d9c8b6f5-x2k4p", "the pod got past it", 4),
        over("database-starting", "", "it was reached later", 9),
    ];
    all
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn argv(words: &[&str]) -> Vec<Template> {
    words.iter().map(|word| template(word)).collect()
}

/// A step that does `action` and says nothing else.
pub(crate) fn step(action: Action) -> Step {
    Step { line: 1, ..Step::of(action) }
}

fn run(words: &[&str]) -> Step {
    step(Action::Run(argv(words)))
}

fn called(name: &str) -> Step {
    step(Action::Task { name: name.into(), with: BTreeMap::new() })
}

fn task(name: &str, summary: &str, group: &str, danger: Danger, steps: Vec<Step>) -> Task {
    Task {
        preview: None,
        name: name.into(),
        summary: summary.into(),
        group: group.into(),
        danger,
        confirm: None,
        params: vec![],
        require: vec![],
        guard: vec![],
        verify: vec![],
        parallel: 1,
        incident: false,
        on_failure: None,
        steps,
        finally: vec![],
        line: 1,
    }
}

fn check_ref(name: &str) -> CheckRef {
    CheckRef { name: name.into(), negated: false }
}

fn var(value: &str, secret: bool) -> Var {
    Var { value: value.into(), origin: Origin::File, secret, pattern: None, help: String::new(), lacks: None }
}

/// Four tasks in three groups.
pub(crate) fn catalog() -> Catalog {
    let mut pods = run(&["kubectl", "get", "pods", "-o", "wide"]);
    pods.save = Some(template("failure-pods.txt"));
    pods.each = Some(Each { list: "pod".into(), pattern: Pattern::new(r"^(?P<pod>\S+)").unwrap() });
    let mut describe = run(&["kubectl", "describe", "pod", "${pod}"]);
    describe.for_each = Some("pod".into());
    describe.save = Some(template("failure-${pod}-events.txt"));
    let mut evidence = task("evidence", "Save what the cluster says now", "Look", Danger::Read, vec![pods, describe]);
    evidence.parallel = 6;

    let mut first = called("evidence");
    first.name = Some(template("Save the evidence first"));
    let mut back = run(&["helm", "rollback", "${release}", "${revision?}", "--wait"]);
    back.name = Some(template("Roll back"));
    back.timeout = Some(Duration::from_secs(360));
    back.expect = Some(Pattern::new("Rollback was a success").unwrap());
    let mut rollback = task(
        "rollback",
        "Roll the release back to the previous revision, or to REVISION",
        "Rollback",
        Danger::Change,
        vec![first, back],
    );
    rollback.params = vec![Param {
        name: "revision".into(),
        pattern: Some(Pattern::new(r"\d+").unwrap()),
        default: Some(String::new()),
        help: "revision from `refloat history`".into(),
    }];
    rollback.require = vec![check_ref("release-exists")];
    let mut reset = task(
        "reset",
        "Delete the whole cluster and everything in it",
        "Rollback",
        Danger::Destroy,
        vec![run(&["minikube", "delete", "-p", "${profile}"])],
    );
    reset.confirm = Some(Confirm::Type(template("${profile}")));
    let status = task("status", "What runs", "", Danger::Read, vec![run(&["kubectl", "get", "pods"])]);

    let exists = Check {
        name: "release-exists".into(),
        title: template("The release ${release} exists"),
        before: vec![],
        question: Question::Run(Box::new(run(&["helm", "status", "${release}"]))),
        holds: vec![],
        no: None,
        fix: vec![template("refloat redeploy")],
        line: 1,
    };
    let helm = Tool {
        name: "helm".into(),
        program: "helm".into(),
        others: Vec::new(),
        args: argv(&["--kube-context", "${context}"]),
        version: None,
        install: String::new(),
    };
    let vars = [("release", "taskflow"), ("context", "minikube"), ("profile", "minikube"), ("unused", "x")];
    let mut vars: BTreeMap<String, Var> =
        vars.iter().map(|(name, value)| ((*name).to_owned(), var(value, false))).collect();
    vars.insert("token".into(), var("hunter2-secret", true));
    vars.insert("url".into(), var("https://u:hunter2-secret@host", false));
    Catalog {
        incident: None,
        path: "/srv/app/tasks.toml".into(),
        app: "taskflow".into(),
        vars,
        tools: [("helm".to_owned(), helm)].into(),
        tasks: vec![status, rollback, reset, evidence],
        checks: [("release-exists".to_owned(), exists)].into(),
        symptoms: vec![],
        diagnose: None,
        redact: vec![],
        ..Catalog::default()
    }
}

fn planned(id: &str, work: Work, spec: Step) -> PlannedStep {
    let name = spec.name.clone().unwrap_or_else(|| template(id));
    PlannedStep {
        id: id.into(),
        name,
        danger: Danger::Read,
        work,
        after: vec![],
        watch: None,
        exchange: None,
        fail_fast: None,
        skip_if: None,
        done_if: None,
        spec,
    }
}

fn call(words: &[&str], pinned: std::ops::Range<usize>) -> Call {
    Call { tool: words[0].into(), argv: argv(words), pinned }
}

/// The plan of the catalog's `rollback`, with a confirmation, a secret and a comparison added.
pub(crate) fn plan() -> Plan {
    let catalog = catalog();
    let (rollback, evidence) = (catalog.task("rollback").unwrap(), catalog.task("evidence").unwrap());
    let pods = Work::Run(call(&["kubectl", "get", "pods", "-o", "jsonpath={.items}"], 0..0));
    let describe = Work::Run(call(&["kubectl", "describe", "pod", "${pod}"], 0..0));
    let inner = Block {
        task: "evidence".into(),
        summary: evidence.summary.clone(),
        danger: Danger::Read,
        scope: BTreeMap::new(),
        require: vec![],
        steps: vec![
            planned("1.1", pods, evidence.steps[0].clone()),
            PlannedStep { after: vec![0], ..planned("1.2", describe, evidence.steps[1].clone()) },
        ],
        guard: vec![],
        verify: vec![],
        finally: vec![],
        parallel: 6,
        keep_going: false,
        asks: 1,
    };
    let back = ["helm", "--kube-context", "minikube", "rollback", "taskflow", "--set=token=hunter2-secret", "it's\n"];
    let status = call(&["helm", "--kube-context", "minikube", "status", "taskflow"], 1..3);
    let exists = Gate {
        check: "release-exists".into(),
        negated: false,
        title: template("The release taskflow exists"),
        fix: vec![template("refloat redeploy")],
        before: vec![],
        holds: vec![],
        ask: Ask::Run(Box::new(planned("r1", Work::Run(status), run(&["helm", "status"])))),
        no: None,
    };
    let read = |name: &str| SecretRead {
        of: SecretRef { from: SecretFrom::Cluster, secret: template(name), key: template("KEY") },
        call: call(&["kubectl", "get", "secret", name, "-o", "jsonpath={.data.KEY}"], 0..0),
    };
    let equal = Gate {
        check: "secrets-equal".into(),
        negated: false,
        title: template("Backend and frontend share one secret"),
        fix: vec![],
        before: vec![],
        holds: vec![],
        ask: Ask::Secrets {
            reads: vec![read("backend"), read("frontend")],
            min_len: Some(32),
            pattern: None,
            contains: None,
        },
        no: None,
    };
    Plan {
        root: Block {
            task: "rollback".into(),
            summary: rollback.summary.clone(),
            danger: Danger::Change,
            scope: BTreeMap::new(),
            require: vec![exists.clone()],
            steps: vec![
                planned("1", Work::Block(Box::new(inner)), rollback.steps[0].clone()),
                PlannedStep {
                    skip_if: Some(Gate { negated: true, ..exists }),
                    ..planned("2", Work::Run(call(&back, 1..3)), rollback.steps[1].clone())
                },
            ],
            guard: vec![],
            verify: vec![equal],
            finally: vec![PlannedStep {
                name: template("What the text says"),
                ..planned("f1", Work::Diagnose, step(Action::Diagnose))
            }],
            parallel: 1,
            keep_going: false,
            asks: 1,
        },
        confirmations: vec![Confirmation {
            preview: None,
            task: "reset".into(),
            summary: "Delete the whole cluster".into(),
            name: Some("minikube".into()),
        }],
        tools: [(
            "helm".to_owned(),
            PlannedTool { program: "helm".into(), others: Vec::new(), version: None, install: String::new() },
        )]
        .into(),
        secrets: vec!["hunter2-secret".into()],
        hide: Hide::default(),
    }
}

/// The text after the first line break: expectations start on a line of their own.
pub(crate) fn lines(text: &str) -> &str {
    text.strip_prefix('\n').unwrap_or(text)
}

/// ASCII without colour, or the same with Unicode symbols.
pub(crate) fn unicode(width: usize) -> Look {
    Look { symbols: Symbols::UNICODE, ..Look::plain(width) }
}
