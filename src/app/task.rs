//! Running a task: plan, confirm, wire, execute.

use super::aftermath;
use super::confirm::{self, Given};
use super::confirming;
use super::context::Context;
use super::diagnose;
use super::incidents::Incidents;
use super::keeping;
use super::learn;
use super::load;
use super::lock;
use super::preview::{self, Showing};
use super::resume;
use super::tape::Tape;
use super::trust;
use super::usual;
use super::watched::{Meaning, Next, Seen, Watched};
use crate::adapter::clock::{ReplayClock, SystemClock};
use crate::adapter::interrupt::Interrupts;
use crate::adapter::lock::Held;
use crate::adapter::lookup::Programs;
use crate::adapter::pace::{Paced, PacedClock};
use crate::adapter::person::AtTerminal;
use crate::adapter::process::Processes;
use crate::adapter::state::{Journal, Scratch};
use crate::adapter::taskbar;
use crate::adapter::terminal::{self, Out};
use crate::cli::{Format, RunArgs};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::event::{Counts, Event, EventKind};
use crate::model::exchange::SCRATCH;
use crate::model::finding::{Diagnosis, Document, Verdict};
use crate::model::incident::Attached;
use crate::model::step::Danger;
use crate::model::usual::Usual;
use crate::plan::{Block, JudgedBy, Plan, Work, build, checks, exchange};
use crate::port::{Clock, Person, Recorder, Reporter, Runner, Stop};
use crate::report::fanout::Fanout;
use crate::report::journal::Measured;
use crate::report::jsonl::Jsonl;
use crate::report::parity::Form;
use crate::report::plain::Plain;
use crate::report::progress::{Progress, Stage};
use crate::report::quoting;
use crate::report::summary::Summary;
use crate::report::view::live::Size;
use crate::report::{plan as plan_text, plan_json};
use crate::run::engine::{self, RunReport};
use crate::run::past::Past;
use crate::run::world::World;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

/// `refloat TASK [ARGS]`.
pub(super) fn run(context: &Context, args: &RunArgs) -> Result<Code, Failure> {
    let (catalog, content) = load::to_run(context, args.dry_run)?;
    let name = args.task.as_deref().unwrap_or_default();
    let task = load::task(&catalog, None, name)?;
    aftermath::possible(task, args)?;
    let plan = build(&catalog, name, &args.args)?;
    if context.global.format == Format::Markdown && !compares(&plan.root) {
        let hint = "--format json, or without --format";
        return Err(Failure::new(
            Code::Usage,
            format!("`{name}` compares nothing: there is nothing to tell in Markdown"),
        )
        .hint(hint));
    }
    if args.dry_run {
        let look = context.out_look();
        learn::answer(context, &catalog, || plan_text::text(&plan, &look), || plan_json::json(&plan))?;
        return Ok(Code::Done);
    }
    let stop = interrupts()?;
    let again = format!("{} --resume", typed(context, args, &catalog, false));
    let typed = typed(context, args, &catalog, true);
    let typed = if args.resume { again.clone() } else { typed };
    let lock = match args.resume {
        true => Some(lock::take(context, &catalog, &plan)?),
        false => None,
    };
    let past = match args.resume {
        true => Some(resume::find(context, &catalog, &plan)?),
        false => None,
    };
    if past.is_none() {
        resume::remind(context, &catalog, &plan, &again);
    }
    let tape = Tape::open(context)?;
    let asked = match &past {
        Some(past) => Plan { confirmations: resume::confirmations(&plan, past), ..plan.clone() },
        None => plan.clone(),
    };
    let given = Given { yes: args.yes, names: &args.confirm, typed: &typed };
    let person = &mut AtTerminal::new(&context.terminal, Arc::new(stop.clone()));
    let trusted = trust::Given { trust: args.trust, typed: &typed };
    let agreed = trust::agreed(context, &catalog, &plan, &content, trusted, person).and_then(|()| {
        let mut show =
            || preview::of(&asked).into_iter().try_for_each(|name| show_first(context, &catalog, name, &stop, &tape));
        let mut person = Showing::new(person, &mut show);
        let answered = confirm::gather(&asked, given, &mut person);
        person.finish(answered)
    });
    if let Some(signal) = stop.requested() {
        return Err(Failure::new(Code::of_signal(signal), "stopped; nothing was done"));
    }
    agreed?;
    // Whoever goes on from a run must know that it is over, before its journal is read.
    let lock = match lock {
        Some(lock) => lock,
        None => lock::take(context, &catalog, &plan)?,
    };
    let scene = aftermath::Scene { context, catalog: &catalog, content: &content, stop: &stop, tape: &tape, args };
    let next = aftermath::next(&scene, &plan, task, Person::is_present(person));
    // What will be rolled back is not gone on with.
    let resume = (plan.root.danger > Danger::Read && !args.rollback_on_failure).then_some(again);
    let standing = Standing { lock: lock.clone(), past, resume, next: Some(&next) };
    let ran = execute(context, &catalog, &plan, &stop, Audience::Person, &tape, standing)?;
    aftermath::after(&scene, &plan, task, &ran, lock, person);
    Ok(ran.report.code)
}

/// A run that is over.
pub(super) struct Ran {
    pub(super) report: RunReport,
    pub(super) seen: Seen,
}

/// Does it hold the answers of two targets against each other?
fn compares(block: &Block) -> bool {
    block.steps.iter().chain(&block.finally).any(|step| match &step.work {
        Work::Compare(_) => true,
        Work::Block(block) => compares(block),
        Work::Rounds(rounds) => rounds.rules.iter().any(|rule| matches!(rule.by, JudgedBy::Compared(_))),
        _ => false,
    })
}

/// Runs a task whose answers are shown before a question. What it cannot find out is told, and keeps nobody from
/// going on: a cluster that does not answer is a reason to reset it.
fn show_first(context: &Context, catalog: &Catalog, name: &str, stop: &Interrupts, tape: &Tape) -> Result<(), Failure> {
    let plan = build(catalog, name, &[])?;
    let report = execute(context, catalog, &plan, stop, Audience::Preview, tape, Standing::default())?.report;
    if let Some(signal) = stop.requested() {
        return Err(Failure::new(Code::of_signal(signal), "stopped; nothing was done"));
    }
    match report.code {
        Code::Refused | Code::ToolMissing => Err(Failure { silent: true, ..Failure::new(report.code, "") }),
        _ => Ok(()),
    }
}

/// What a run stands on.
#[derive(Default)]
pub(super) struct Standing<'a> {
    /// The clusters that nobody else may work on meanwhile.
    pub(super) lock: Option<Arc<Held>>,
    /// What it goes on from.
    pub(super) past: Option<Past>,
    /// The command that goes on from it.
    pub(super) resume: Option<String>,
    /// What is said next.
    pub(super) next: Option<&'a Next<'a>>,
}

/// The command as it was given, without its answers: what a hint goes on from.
fn typed(context: &Context, args: &RunArgs, catalog: &Catalog, record: bool) -> String {
    let global = &context.global;
    let mut words = vec!["refloat".to_owned()];
    let paths = [("-f", &global.file), ("--replay", &global.replay), ("--record", &global.record)];
    // A recording is a new file: one that goes on cannot be the same.
    let paths = paths.into_iter().filter(|(flag, _)| record || *flag != "--record");
    for (flag, path) in paths.filter_map(|(flag, path)| Some((flag, path.as_ref()?))) {
        words.extend([flag.to_owned(), path.display().to_string()]);
    }
    words.extend(global.pace.iter().flat_map(|pace| ["--pace".to_owned(), format!("{pace}x")]));
    words.extend(args.task.iter().chain(&args.args).cloned());
    words.extend(args.rollback_on_failure.then(|| "--rollback-on-failure".to_owned()));
    words.extend(global.set.iter().flat_map(|set| ["--set".to_owned(), learn::without_secret(set, catalog)]));
    quoting::argv(&words)
}

/// `refloat check [NAME…]`.
pub(super) fn check(context: &Context, names: &[String]) -> Result<Code, Failure> {
    let catalog = load::to_act(context)?;
    let plan = checks::build_check(&catalog, names)?;
    let standing = Standing::default();
    let ran = execute(context, &catalog, &plan, &interrupts()?, Audience::Person, &Tape::open(context)?, standing)?;
    Ok(ran.report.code)
}

/// What a diagnosis stands on.
pub(super) struct Collected {
    /// What the calls printed.
    pub(super) documents: Vec<Document>,
    /// How the calls ended.
    pub(super) counts: Counts,
    /// Not all of it could be written.
    pub(super) is_unkept: bool,
    /// What was seen of the run.
    pub(super) seen: Seen,
    /// The run, as an incident keeps it.
    pub(super) attached: Attached,
}

/// Runs the task that collects the evidence of a live diagnosis; what its calls printed.
pub(super) fn collect(context: &Context, catalog: &Catalog, name: &str, tape: &Tape) -> Result<Collected, Failure> {
    let plan = build(catalog, name, &[])?;
    if plan.root.danger != Danger::Read {
        return Err(Failure::new(
            Code::Config,
            format!("[diagnose] names `{name}`, which changes things; it must only read"),
        ));
    }
    let ran = execute(context, catalog, &plan, &interrupts()?, Audience::Diagnosis, tape, Standing::default())?;
    let attached = aftermath::attached(context, catalog, &plan, &ran);
    let Ran { report, seen } = ran;
    // Steps that fail are part of the picture; what keeps the picture from being taken is not.
    match report.code {
        Code::Done | Code::StepFailed | Code::TimedOut | Code::Findings | Code::Unwritable => Ok(Collected {
            is_unkept: report.code == Code::Unwritable,
            counts: report.counts,
            documents: report.documents,
            seen,
            attached,
        }),
        code => Err(Failure { silent: true, ..Failure::new(code, "") }),
    }
}

/// Asks the checks of a plan for a diagnosis; what they said.
pub(super) fn ask(context: &Context, catalog: &Catalog, plan: &Plan, tape: &Tape) -> Result<RunReport, Failure> {
    Ok(execute(context, catalog, plan, &interrupts()?, Audience::Confirmation, tape, Standing::default())?.report)
}

/// For whom a run is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// For the person who asked for it.
    Person,
    /// Only as the ground of a diagnosis, which is the answer.
    Diagnosis,
    /// For the person who is about to be asked something: nothing of it is the answer.
    Preview,
    /// As the last part of a diagnosis: a line for each check.
    Confirmation,
    /// For nobody: it is kept, and its caller says what came of it.
    Record,
}

/// The signals, taken over once.
pub(super) fn interrupts() -> Result<Interrupts, Failure> {
    Interrupts::install().map_err(|error| Failure::new(Code::Bug, format!("signals cannot be handled: {error}")))
}

pub(super) fn execute(
    context: &Context,
    catalog: &Catalog,
    plan: &Plan,
    stop: &Interrupts,
    audience: Audience,
    tape: &Tape,
    standing: Standing<'_>,
) -> Result<Ran, Failure> {
    let plan = &learn::with_values(plan, catalog);
    let base = catalog.path.parent().unwrap_or(Path::new("/")).to_owned();
    let processes = Processes::new(Arc::new(stop.clone()), base.clone()).under(standing.lock.clone());
    let pace = context.global.pace.filter(|pace| *pace > 0.0);
    let paced = tape.replay().zip(pace).map(|(replay, pace)| Paced::new(replay, pace, Arc::new(stop.clone())));
    let runner: &dyn Runner = match (&paced, tape.replay()) {
        (Some(paced), _) => paced,
        (None, Some(replay)) => replay,
        (None, None) => &processes,
    };
    let clock: Box<dyn Clock> = match pace {
        _ if !runner.is_replay() => Box::new(SystemClock::start()),
        None => Box::new(ReplayClock::start()),
        Some(pace) => Box::new(PacedClock::start(pace)),
    };
    let state = load::state(catalog);
    let looks = audience != Audience::Person;
    // Before the recording: a run that cannot be must leave none that is in the way of the next.
    let resumable = standing.resume.is_some();
    keeping::possible(plan, &state, looks)?;
    let recording = tape.recording(context, plan)?;
    let kept = keeping::open(context, catalog, plan, &state, clock.now(), (resumable, looks))?;
    // Removed when we leave, whatever came of the run.
    let _scratch = match !runner.is_replay() && exchange::uses(&plan.root, SCRATCH) {
        true => Some(
            Scratch::create(&state, tape.unique())
                .map_err(|error| Failure::new(Code::Unwritable, error.to_string()))?,
        ),
        false => None,
    };
    let usual = if runner.is_replay() { Usual::default() } else { usual::of(&state, plan) };
    let incidents = Incidents::of(context, &state);
    let open = Box::new(|run: &str| aftermath::begun(&incidents, catalog, plan, run));
    let unchanged = |_: &Seen, _, next| next;
    let next = standing.next.unwrap_or(&unchanged);
    let reporters = Fanout::new(reporters(context, kept.journal, audience));
    let mut reporter = Watched::new(reporters, Meaning::of(plan, catalog), open, next);
    let locate = Programs::from_env();
    let rules = OnceLock::new();
    // The catalogue is compiled when something has to be named, not before.
    let named = |documents: &[Document]| match rules.get_or_init(|| diagnose::rules(Some(catalog))) {
        Ok(rules) => diagnose::named(rules, documents, Some(catalog), context),
        // Patterns are checked when the file is loaded; should one slip through, nothing is claimed.
        Err(_) => Diagnosis::naming_nothing(Verdict::Unclassified),
    };
    let person = Mutex::new(AtTerminal::new(&context.terminal, Arc::new(stop.clone())));
    let person: &Mutex<dyn Person + Send> = &person;
    let world = World {
        runner,
        locate: &locate,
        clock: clock.as_ref(),
        stop,
        person: (audience == Audience::Person).then_some(person),
        store: kept.store.as_ref(),
        recorder: recording.map(|recording| recording as &dyn Recorder),
        base,
        run_id: kept.run_id,
        unique: tape.unique().to_owned(),
        replay: context.global.replay.as_ref().map(|path| path.display().to_string()),
        past: standing.past,
        incident: incidents.standing(),
        usual,
        resume: standing.resume,
        after_failure: catalog.diagnose.is_some().then(|| match &context.global.replay {
            Some(path) => format!("refloat diagnose --replay {}", quoting::quote(&path.display().to_string())),
            None => "refloat diagnose".to_owned(),
        }),
        diagnose: &named,
        finals: &|documents| {
            diagnose::finals(rules.get_or_init(|| diagnose::rules(Some(catalog))).as_ref().ok(), documents)
        },
        symptom_in: &|documents| named(documents).findings.into_iter().map(|finding| finding.id).collect(),
    };
    let report = engine::execute(plan, &world, &mut reporter);
    let seen = std::mem::take(&mut reporter.seen);
    drop(kept.running);
    match &report.untold {
        // The reporter that would have said so may be the one that could not.
        Some(why) if report.code == Code::Unwritable && audience != Audience::Diagnosis => {
            Err(Failure::new(Code::Unwritable, format!("not all of the run is told, or kept: {why}")))
        }
        Some(why) => {
            context.tell(&format!("warning: not all of the run is told: {why}"));
            Ok(Ran { report, seen })
        }
        None => Ok(Ran { report, seen }),
    }
}

fn reporters(context: &Context, journal: Option<Journal>, audience: Audience) -> Vec<Box<dyn Reporter>> {
    let mut all: Vec<Box<dyn Reporter>> = Vec::new();
    if let Some(journal) = journal {
        let journal = Jsonl::new(journal).synced(Box::new(|journal: &mut Journal| journal.sync()));
        all.push(Box::new(Measured::new(journal)));
    }
    let (err, look, verbosity) = (Box::new(Out::stderr()), context.err_look(), context.verbosity());
    let told = |reporter: Box<dyn Reporter>| -> Box<dyn Reporter> {
        if matches!(audience, Audience::Person | Audience::Preview) {
            reporter
        } else {
            Box::new(Undiagnosed(reporter))
        }
    };
    // The answer of a diagnosis is the diagnosis: nothing else may stand on standard output.
    let out: Box<Out> = Box::new(if audience == Audience::Person { Out::stdout() } else { Out::stderr() });
    let form = Form {
        look: if audience == Audience::Person { context.out_look() } else { look },
        is_markdown: context.global.format == Format::Markdown,
    };
    match (context.global.format, audience) {
        (_, Audience::Record) => {}
        (_, Audience::Confirmation) => all.push(Box::new(confirming::Lines::new(err, look, verbosity))),
        (Format::Jsonl, Audience::Person) => all.push(Box::new(Jsonl::new(Out::stdout()))),
        (Format::Json, Audience::Person) => all.push(Box::new(Summary::new(Out::stdout()))),
        _ if context.terminal.can_redraw() && !context.global.verbose && !context.global.quiet => {
            let terminal = context.terminal;
            let has_taskbar = taskbar::hold(terminal.taskbar);
            let stage = Stage { sizes: Arc::new(size), reflows: terminal.reflows, has_taskbar };
            all.push(told(Box::new(Progress::new(err, out, stage, look, verbosity).answering(form))));
        }
        _ => all.push(told(Box::new(Plain::new(err, out, look, verbosity).answering(form)))),
    }
    all
}

fn size() -> Size {
    let (columns, lines) = terminal::size();
    Size { columns, lines }
}

/// The story without the diagnosis: it is about to be given as the answer.
struct Undiagnosed(Box<dyn Reporter>);

impl Reporter for Undiagnosed {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event.kind {
            EventKind::Diagnosed { .. } => Ok(()),
            _ => self.0.event(event),
        }
    }

    fn settle(&mut self) -> io::Result<()> {
        self.0.settle()
    }

    fn keeps(&self) -> bool {
        self.0.keeps()
    }
}
