//! What follows a run: the incident that it opens or belongs to, the evidence that it did not save itself, and the
//! task that is offered when it fails.

use super::confirm::{self, Given};
use super::context::{Context, write_all};
use super::incidents::{self, Incidents, command};
use super::tape::Tape;
use super::task::{Audience, Collected, Ran, Standing, execute};
use super::trust::{self, Content};
use super::watched::Seen;
use super::{diagnose, load, lock};
use crate::adapter::interrupt::Interrupts;
use crate::adapter::lock::Held;
use crate::adapter::terminal::Out;
use crate::cli::{Format, RunArgs};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::event::RunOutcome;
use crate::model::finding::{Diagnosis, Helps, Role};
use crate::model::incident::{Attached, What};
use crate::model::step::{Danger, Task};
use crate::plan::clusters::clusters;
use crate::plan::{Ask, Block, Gate, Plan, PlannedStep, Work, build};
use crate::port::{Person, Stop};
use crate::report::{failure, incident as words};
use std::sync::Arc;

/// Families of causes that keep the cluster from being asked for anything.
const OUT_OF_REACH: [&str; 5] = [
    "cluster-unreachable",
    "auth-to-cluster",
    "docker-daemon-down",
    "minikube-start-failed",
    "minikube-profile-missing",
];

/// Where it happens.
pub(super) struct Scene<'a> {
    pub(super) context: &'a Context,
    pub(super) catalog: &'a Catalog,
    pub(super) content: &'a Content,
    pub(super) stop: &'a Interrupts,
    pub(super) tape: &'a Tape,
    pub(super) args: &'a RunArgs,
}

/// Is there something to run after a failure, where the command line asks for it?
///
/// # Errors
/// [`Code::Usage`].
pub(super) fn possible(task: &Task, args: &RunArgs) -> Result<(), Failure> {
    if args.rollback_on_failure && task.on_failure.is_none() {
        let message = format!("`{}` has no `on_failure`: there is nothing to run after a failure", task.name);
        return Err(Failure::new(Code::Usage, message).hint(format!("refloat show {}", task.name)));
    }
    Ok(())
}

/// What is said next after a run of `task`: what will be undone is not gone on with, and where nobody can be asked
/// the command that undoes it comes first.
pub(super) fn next<'a>(
    scene: &'a Scene<'_>,
    plan: &Plan,
    task: &'a Task,
    is_asked: bool,
) -> impl Fn(&Seen, RunOutcome, Vec<String>) -> Vec<String> + 'a {
    // As the engine tells it: secrets hidden.
    let goes_on = |line: &String| line.starts_with("refloat ") && line.ends_with(" --resume");
    let wants_cause = asks_for_cause(&plan.root);
    move |seen, outcome, mut next| {
        // An incident is about to be opened: without a cause the run could not be gone on with.
        if scene.catalog.incident.is_some() && opens(task, outcome) && wants_cause {
            let at = next.iter().position(goes_on);
            let cause = format!("{} TEXT", command(scene.context, &["incident", "cause"]));
            at.into_iter().for_each(|at| next.insert(at, cause.clone()));
        }
        let Some(then) = task.on_failure.as_deref().filter(|_| is_offered(task, outcome, seen.changed)) else {
            return next;
        };
        if scene.args.rollback_on_failure || is_asked {
            next.retain(|line| !goes_on(line));
        } else {
            let undo = command(scene.context, &[then]);
            next.retain(|line| *line != undo && *line != format!("refloat {then}"));
            next.insert(0, undo);
        }
        next
    }
}

/// Does a task of the plan require that no incident is open without its cause?
fn asks_for_cause(block: &Block) -> bool {
    fn asks(gate: &Gate) -> bool {
        match &gate.ask {
            Ask::Incident => !gate.negated,
            Ask::Checks { of, .. } => of.iter().any(asks),
            _ => false,
        }
    }
    let calls = |step: &PlannedStep| matches!(&step.work, Work::Block(called) if asks_for_cause(called));
    block.require.iter().any(asks) || block.steps.iter().any(calls)
}

/// Is something to be undone? A run that only looks says so by its findings.
fn is_offered(task: &Task, outcome: RunOutcome, changed: bool) -> bool {
    let failed = matches!(outcome, RunOutcome::Failed | RunOutcome::TimedOut) && changed;
    task.on_failure.is_some() && (failed || outcome == RunOutcome::Findings)
}

/// Does a run that ended so open an incident? A refusal did nothing, and a stop was wanted.
fn opens(task: &Task, outcome: RunOutcome) -> bool {
    match outcome {
        RunOutcome::Failed | RunOutcome::TimedOut => task.danger > Danger::Read,
        RunOutcome::Findings => task.danger > Danger::Read || task.on_failure.is_some(),
        _ => false,
    }
}

/// A task began that opens an incident always. What cannot be written keeps nobody from rolling back.
pub(super) fn begun(incidents: &Incidents<'_>, catalog: &Catalog, plan: &Plan, run: &str) {
    let name = &plan.root.task;
    let is_own = catalog.task(name).is_some_and(|task| task.incident);
    let why = if is_own { format!("{name} was started") } else { format!("{name} began what opens one") };
    if let Err(failure) = incidents.begin(catalog, &why, Some(run)) {
        incidents.warn(&failure);
    }
}

/// After a run of a person: what it is to an incident, and what it left to be undone. The exit code of the command
/// stays that of the run.
pub(super) fn after(
    scene: &Scene<'_>,
    plan: &Plan,
    task: &Task,
    ran: &Ran,
    lock: Option<Arc<Held>>,
    person: &mut dyn Person,
) {
    let incident = keep(scene, plan, task, ran);
    let is_stopped = scene.stop.requested().is_some();
    let Some(then) = task.on_failure.as_deref().filter(|_| !is_stopped) else { return };
    if !is_offered(task, ran.report.outcome, ran.seen.changed) {
        let failed = matches!(ran.report.outcome, RunOutcome::Failed | RunOutcome::TimedOut);
        if failed && scene.args.rollback_on_failure {
            scene.context.tell(&format!("nothing was changed: `{then}` is not run"));
        }
        return;
    }
    if !scene.args.rollback_on_failure {
        match asked(scene, then, &ran.seen, person) {
            Some(true) => {}
            Some(false) => {
                decided(scene, incident.as_deref(), format!("not to run `{then}` now"));
                scene.context.tell(&format!("{then} is not run; to run it later: {}", command(scene.context, &[then])));
                return;
            }
            // Nobody was asked: it has been said as what comes next.
            None => return,
        }
    }
    let how = if scene.args.rollback_on_failure { " (--rollback-on-failure)" } else { "" };
    decided(scene, incident.as_deref(), format!("to run `{then}`{how}"));
    undo(scene, then, lock, person);
}

/// Asks; `None` when there is nobody.
fn asked(scene: &Scene<'_>, then: &str, seen: &Seen, person: &mut dyn Person) -> Option<bool> {
    if !person.is_present() {
        return None;
    }
    let advice = seen.diagnosis.as_ref().and_then(|diagnosis| diagnosis.rollback.as_ref());
    if let Some(advice) = advice.filter(|advice| matches!(advice.helps, Helps::No | Helps::Impossible)) {
        scene.context.tell(&format!("note: going back does not help: {}", advice.why));
    }
    let verb = if then == "rollback" { "Roll back".to_owned() } else { format!("Run `{then}`") };
    match person.ask(&format!("{verb} now (refloat {then})? [y/N] ")) {
        Ok(answer) if scene.stop.requested().is_none() => {
            Some(answer.is_some_and(|answer| matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")))
        }
        _ => Some(false),
    }
}

/// Runs it, with its own gates and confirmations, as a run of its own; and says how it ended, whatever `--quiet` says.
fn undo(scene: &Scene<'_>, then: &str, lock: Option<Arc<Held>>, person: &mut dyn Person) {
    let context = scene.context;
    let ended = undone(scene, then, lock, person);
    let told = match &ended {
        Ok(ran) if ran.report.outcome == RunOutcome::Done => {
            context.tell(&format!("{then}: done, in run {}", ran.seen.run));
            return;
        }
        Ok(ran) => {
            let (outcome, code) = (words::outcome(ran.report.outcome), ran.report.code as u8);
            let what = if ran.seen.changed { "it may have been done in part" } else { "it changed nothing" };
            format!("error: `{then}` was NOT done to its end ({outcome}, exit code {code}): {what}\n")
                + &format!("  next: {}\n", command(context, &["history", &ran.seen.run]))
        }
        Err(failed) if failed.silent => format!("error: `{then}` was NOT done\n"),
        Err(failed) => {
            let failed = Failure { message: format!("`{then}` was NOT done: {}", failed.message), ..failed.clone() };
            failure::text(&failed, &context.err_look())
        }
    };
    let _ = write_all(&mut Out::stderr(), &told);
}

fn undone(scene: &Scene<'_>, then: &str, lock: Option<Arc<Held>>, person: &mut dyn Person) -> Result<Ran, Failure> {
    let Scene { context, catalog, stop, tape, args, .. } = *scene;
    let task = load::task(catalog, None, then)?;
    let plan = build(catalog, then, &[])?;
    let typed = command(context, &[then]);
    trust::agreed(context, catalog, &plan, scene.content, trust::Given { trust: args.trust, typed: &typed }, person)?;
    confirm::gather(&plan, Given { yes: args.yes, names: &args.confirm, typed: &typed }, person)?;
    if let Some(signal) = stop.requested() {
        return Err(Failure::new(Code::of_signal(signal), "stopped; nothing was done"));
    }
    // Nobody else may come in between, where one lock does for both.
    let covers = lock.as_ref().is_some_and(|held| clusters(&plan).is_subset(&held.clusters()));
    let lock = if covers {
        lock
    } else {
        drop(lock);
        lock::take(context, catalog, &plan)?
    };
    let resume = (plan.root.danger > Danger::Read).then(|| format!("{typed} --resume"));
    // Standard output holds one document, that of the run that was asked for.
    let audience = if context.global.format == Format::Json { Audience::Preview } else { Audience::Person };
    let ran = execute(context, catalog, &plan, stop, audience, tape, Standing { lock, resume, ..Standing::default() })?;
    keep(scene, &plan, task, &ran);
    Ok(ran)
}

/// Attaches a run to the incident that is open, or that it opens; then the evidence that it did not save. The id of the
/// incident. What cannot be written is told; the run is what it is.
fn keep(scene: &Scene<'_>, plan: &Plan, task: &Task, ran: &Ran) -> Option<String> {
    let Scene { context, catalog, .. } = *scene;
    let incidents = Incidents::of(context, &load::state(catalog));
    let redactor = incidents::redactor(catalog);
    let result = (|| -> Result<Option<String>, Failure> {
        let outcome = ran.report.outcome;
        let failed = catalog.incident.is_some() && opens(task, outcome);
        let (id, is_new) = if failed {
            let why = format!("{} {}", task.name, words::failed(outcome));
            incidents.begin(catalog, &why, Some(&ran.seen.run))?
        } else {
            match incidents.open()?.filter(|_| belongs(task, ran)) {
                Some(known) => (known.incident.id, false),
                None => return Ok(None),
            }
        };
        let mut all = vec![What::Run(attached(context, catalog, plan, ran))];
        let diagnosis = ran.seen.diagnosis.as_ref();
        all.extend(incidents.learned(&id, diagnosis, (&ran.report.documents, &ran.seen), &redactor)?);
        incidents.write(&id, all)?;
        if failed {
            let kind = if incidents.are_drills() { "drill" } else { "incident" };
            let news = if is_new { format!("opened {kind} {id}") } else { format!("{kind} {id} is open") };
            context.tell(&format!("{news}: {}", command(context, &["incident"])));
            complete(scene, &incidents, &id, ran)?;
        }
        Ok(Some(id))
    })();
    result.unwrap_or_else(|failure| {
        incidents.warn(&failure);
        None
    })
}

/// A look belongs to an incident when it says or keeps something; a refusal did nothing.
fn belongs(task: &Task, ran: &Ran) -> bool {
    let (report, seen) = (&ran.report, &ran.seen);
    let did = report.counts.ok + report.counts.failed > 0;
    let is_void = matches!(report.outcome, RunOutcome::Refused | RunOutcome::Unequipped);
    let tells = seen.validation.is_some() || seen.diagnosis.is_some() || !report.files.is_empty();
    did && !is_void && (task.danger > Danger::Read || task.incident || tells)
}

/// A run, as its incident keeps it.
pub(super) fn attached(context: &Context, catalog: &Catalog, plan: &Plan, ran: &Ran) -> Attached {
    let Ran { report, seen } = ran;
    let name = Some(plan.root.task.as_str());
    Attached {
        run: seen.run.clone(),
        task: plan.root.task.clone(),
        danger: plan.root.danger,
        outcome: report.outcome,
        exit_code: report.code as u8,
        changed: seen.changed,
        validation: seen.validation,
        unverified: if seen.validation.is_some() { seen.unverified.clone() } else { Vec::new() },
        given: incidents::given(context, catalog),
        undoes: catalog.tasks.iter().any(|task| task.on_failure.as_deref() == name),
        evidence: seen.evidence.clone(),
        files: report.files.len(),
    }
}

/// Saves the evidence that a failed run did not, before anything is undone: a rollback removes the pods that could
/// tell. Names the cause from both together.
fn complete(scene: &Scene<'_>, incidents: &Incidents<'_>, id: &str, ran: &Ran) -> Result<(), Failure> {
    let Scene { context, catalog, stop, tape, .. } = *scene;
    // A run that only looked may have found what is about to be undone.
    let is_due = (ran.seen.changed || ran.report.outcome == RunOutcome::Findings) && !ran.seen.is_fresh;
    let Some(name) = catalog.diagnose.as_deref().filter(|_| is_due) else {
        return Ok(());
    };
    let is_lost = ran.seen.diagnosis.as_ref().is_some_and(|diagnosis| {
        let roots = diagnosis.findings.iter().filter(|finding| finding.role == Role::Root);
        roots.map(|root| root.family.as_str()).any(|family| OUT_OF_REACH.contains(&family))
    });
    if is_lost || stop.requested().is_some() {
        return Ok(());
    }
    let plan = build(catalog, name, &[])?;
    if plan.root.danger > Danger::Read {
        return Ok(());
    }
    context.tell(&format!("saving the evidence first: refloat {name}"));
    let saved = execute(context, catalog, &plan, stop, Audience::Record, tape, Standing::default())?;
    let (files, place) = (saved.report.files.len(), saved.seen.evidence.as_deref().unwrap_or("nowhere"));
    context.tell(&words::saved(files, place));
    let mut documents = ran.report.documents.clone();
    documents.extend(saved.report.documents.iter().cloned());
    let rules = diagnose::rules(Some(catalog))?;
    let diagnosis = diagnose::named(&rules, &documents, Some(catalog), context);
    let redactor = incidents::redactor(catalog);
    let mut all = vec![What::Run(attached(context, catalog, &plan, &saved))];
    all.extend(incidents.learned(id, Some(&diagnosis), (&saved.report.documents, &saved.seen), &redactor)?);
    incidents.write(id, all)?;
    let known = ran.seen.diagnosis.as_ref();
    let news = words::named(&diagnosis, known, &context.err_look());
    // Even to the quiet: the run itself may have said that nothing it read tells the cause.
    if !news.is_empty() {
        let _ = write_all(&mut Out::stderr(), &news);
    }
    Ok(())
}

fn decided(scene: &Scene<'_>, incident: Option<&str>, text: String) {
    let Some(id) = incident else { return };
    let incidents = Incidents::of(scene.context, &load::state(scene.catalog));
    let by = incidents.who();
    if let Err(failure) = incidents.write(id, vec![What::Decision { text, by }]) {
        incidents.warn(&failure);
    }
}

/// A live diagnosis belongs to the incident that is open.
pub(super) fn diagnosed(context: &Context, catalog: &Catalog, collected: &Collected, diagnosis: &Diagnosis) {
    let incidents = Incidents::of(context, &load::state(catalog));
    let result = (|| -> Result<(), Failure> {
        let Some(known) = incidents.open()? else { return Ok(()) };
        let id = &known.incident.id;
        let seen = (collected.documents.as_slice(), &collected.seen);
        let mut all = vec![What::Run(collected.attached.clone())];
        all.extend(incidents.learned(id, Some(diagnosis), seen, &incidents::redactor(catalog))?);
        incidents.write(id, all)
    })();
    if let Err(failure) = result {
        incidents.warn(&failure);
    }
}
