//! `refloat incident`: what is known of the failure that is being worked on, and what people add to it.

use super::context::Context;
use super::incidents::{self, Incidents, Known, command, now};
use super::load;
use crate::cli::IncidentCommand;
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::cause;
use crate::model::event::RunOutcome;
use crate::model::incident::{Elsewhere, Incident, Lack, Outdated, Root, What};
use crate::report::incident as page;
use crate::report::incident::Commands;
use crate::report::render::Verbosity;
use std::collections::BTreeSet;

/// The longest text that is written down, in characters.
const LONGEST: usize = 2000;

/// `refloat incident [...]`.
pub(super) fn incident(context: &Context, what: Option<&IncidentCommand>) -> Result<Code, Failure> {
    match what {
        None => current(context),
        Some(IncidentCommand::List) => list(context),
        Some(IncidentCommand::Show { id }) => show(context, id),
        Some(IncidentCommand::Cause { text, accept: true }) => accept(context, text),
        Some(IncidentCommand::Cause { text, accept: false }) => cause(context, &text.join(" ")),
        Some(IncidentCommand::Note { text }) => note(context, &text.join(" ")),
        Some(IncidentCommand::Open { text }) => open(context, &text.join(" ")),
        Some(IncidentCommand::Close) => close(context),
        Some(IncidentCommand::Drop) => drop_it(context),
    }
}

fn current(context: &Context) -> Result<Code, Failure> {
    // What happened can be read whatever has become of the task file since.
    let incidents = Incidents::of(context, &load::state_here(context)?);
    let all = incidents.all()?;
    match all.iter().find(|known| known.incident.is_open()) {
        Some(known) => answer(context, known)?,
        None => {
            let last = all.first().map(|known| &known.incident);
            context.answer(|| page::none(last, incidents.are_drills()), || page::none_json(last))?;
        }
    }
    Ok(Code::Done)
}

fn list(context: &Context) -> Result<Code, Failure> {
    let all = Incidents::of(context, &load::state_here(context)?).all()?;
    let all: Vec<&Incident> = all.iter().map(|known| &known.incident).collect();
    context.answer(|| page::list(&all, &context.out_look()), || page::list_json(&all))?;
    Ok(Code::Done)
}

fn show(context: &Context, id: &str) -> Result<Code, Failure> {
    let all = Incidents::of(context, &load::state_here(context)?).all()?;
    let mut found = all.iter().filter(|known| known.incident.id.starts_with(id));
    let wrong = |why: String| Failure::new(Code::Usage, why).hint(command(context, &["incident", "list"]));
    match (found.next(), found.next()) {
        (Some(known), None) => answer(context, known)?,
        (None, _) => return Err(wrong(format!("there is no incident `{id}`"))),
        (Some(_), Some(_)) => return Err(wrong(format!("more than one incident begins with `{id}`"))),
    }
    Ok(Code::Done)
}

fn answer(context: &Context, known: &Known) -> Result<(), Failure> {
    let next = next(context, &known.incident);
    let is_whole = context.verbosity() == Verbosity::Verbose;
    context.answer(
        || page::text(&known.incident, &known.timeline, &next, is_whole, now(), &context.out_look()),
        || page::json(&known.incident, &known.timeline, &next),
    )
}

/// What is still to do, as commands. What a validation is, the task file says; without one nothing is promised.
fn next(context: &Context, incident: &Incident) -> Commands {
    let catalog = load::catalog(context).ok();
    let closes = catalog.as_ref().and_then(closes);
    let say = |words: &[&str]| command(context, words);
    match incident.lacks(closes.is_some()) {
        _ if !incident.is_open() => Vec::new(),
        Some(Lack::Cause(_)) => {
            let accepted = the_root(&incident.findings, None).is_ok();
            let accept = accepted.then(|| say(&["incident", "cause", "--accept"]));
            accept.into_iter().chain([format!("{} TEXT", say(&["incident", "cause"]))]).collect()
        }
        Some(Lack::Validation(_) | Lack::Elsewhere(_)) => {
            // What failed last comes first, with the cause mended: there is nothing to validate before.
            let last = incident.runs.iter().rev().find(|run| run.changed);
            let again =
                last.filter(|run| run.outcome != RunOutcome::Done).map(|run| run_there(context, incident, &run.task));
            again.into_iter().chain(closes.iter().map(|task| run_there(context, incident, task))).collect()
        }
        None => vec![say(&["incident", "close"])],
    }
}

/// The command that runs a task where the incident happened.
fn run_there(context: &Context, incident: &Incident, task: &str) -> String {
    let pairs: Vec<String> = incident.given.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let words: Vec<&str> =
        std::iter::once(task).chain(pairs.iter().flat_map(|pair| ["--set", pair.as_str()])).collect();
    command(context, &words)
}

fn closes(catalog: &Catalog) -> Option<String> {
    catalog.incident.as_ref()?.closes.clone()
}

fn open_ones<'a>(context: &'a Context, catalog: &Catalog) -> Incidents<'a> {
    Incidents::of(context, &load::state(catalog))
}

/// A text of a person, fit to be kept: one line, no secret in it.
fn kept(catalog: &Catalog, text: &str) -> Result<String, Failure> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > LONGEST {
        return Err(Failure::new(
            Code::Usage,
            format!("that is longer than {LONGEST} characters; nothing was recorded"),
        ));
    }
    Ok(incidents::redactor(catalog).line(&text))
}

fn cause(context: &Context, text: &str) -> Result<Code, Failure> {
    let catalog = load::catalog(context)?;
    if let Some(why) = cause::objection(text) {
        let message = format!("that is no root cause: {why}; nothing was recorded");
        return Err(Failure::new(Code::Refused, message)
            .hint(format!("{}   (what was found)", command(context, &["incident"])))
            .hint(format!("{} TEXT", command(context, &["incident", "cause"]))));
    }
    let text = kept(&catalog, text)?;
    record(context, &catalog, |_| Ok((text, None)))
}

fn accept(context: &Context, words: &[String]) -> Result<Code, Failure> {
    let catalog = load::catalog(context)?;
    let id = match words {
        [] => None,
        [id] => Some(id.as_str()),
        _ => return Err(Failure::new(Code::Usage, "--accept takes the id of one finding")),
    };
    record(context, &catalog, |incident| {
        the_root(&incident.findings, id).map_err(|why| {
            let message = format!("{why}; nothing was recorded");
            let mut failure = Failure::new(Code::Refused, message);
            if id.is_none() {
                let accept = |root: &&str| command(context, &["incident", "cause", "--accept", root]);
                failure.hints = acceptable(&incident.findings).iter().map(accept).collect();
            }
            failure.hint(format!("{} TEXT", command(context, &["incident", "cause"])))
        })
    })
}

fn acceptable(findings: &[Root]) -> BTreeSet<&str> {
    findings.iter().filter(|root| !root.unexplained).map(|root| root.id.as_str()).collect()
}

/// The cause that the newest diagnosis named, and its symptom; `id` says which.
fn the_root(findings: &[Root], id: Option<&str>) -> Result<(String, Option<String>), String> {
    let is_it = |root: &&Root| id.is_none_or(|id| root.id == id);
    let found: Vec<&Root> = findings.iter().filter(is_it).collect();
    let ids = acceptable(findings);
    match (found.as_slice(), id) {
        ([], _) if findings.is_empty() => return Err("no diagnosis has named a root cause".to_owned()),
        ([], id) => return Err(format!("the newest diagnosis does not name `{}`", id.unwrap_or_default())),
        _ if found.iter().all(|root| root.unexplained) => {
            let names: BTreeSet<&str> = found.iter().map(|root| root.id.as_str()).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            return Err(format!("{names} follows from something that is not known yet"));
        }
        (_, None) if ids.len() > 1 => {
            return Err(format!(
                "the newest diagnosis names several: {}",
                ids.into_iter().collect::<Vec<_>>().join(", ")
            ));
        }
        _ => {}
    }
    // The same symptom on several subjects is one cause, told of each.
    let roots: Vec<&Root> = found.into_iter().filter(|root| !root.unexplained).collect();
    let mut causes: Vec<&str> = Vec::new();
    for root in &roots {
        if !causes.contains(&root.cause.as_str()) {
            causes.push(&root.cause);
        }
    }
    Ok((causes.join("; "), roots.first().map(|root| root.id.clone())))
}

fn record(
    context: &Context,
    catalog: &Catalog,
    cause: impl FnOnce(&Incident) -> Result<(String, Option<String>), Failure>,
) -> Result<Code, Failure> {
    let incidents = open_ones(context, catalog);
    let by = incidents.who();
    let mut told = String::new();
    let known = incidents.change(|known| {
        let (text, finding) = cause(&known.incident)?;
        told.clone_from(&text);
        Ok(What::Cause { text, finding, by })
    })?;
    written(context, &known, "cause", &told)
}

fn note(context: &Context, text: &str) -> Result<Code, Failure> {
    let catalog = load::catalog(context)?;
    let text = kept(&catalog, text)?;
    if text.is_empty() {
        return Err(Failure::new(Code::Usage, "there is nothing to write down"));
    }
    let incidents = open_ones(context, &catalog);
    let known = incidents.change(|_| Ok(What::Note { text: text.clone(), by: incidents.who() }))?;
    written(context, &known, "note", &text)
}

fn open(context: &Context, text: &str) -> Result<Code, Failure> {
    let catalog = load::catalog(context)?;
    if catalog.incident.is_none() {
        let hint = "add: [incident] closes = \"TASK\"   (the task that validates)";
        return Err(Failure::new(Code::Usage, "tasks.toml has no [incident]: nothing opens one").hint(hint));
    }
    let why = kept(&catalog, text)?;
    let why = if why.is_empty() { "opened by hand".to_owned() } else { why };
    let incidents = open_ones(context, &catalog);
    let (id, is_new) = incidents.begin(&catalog, &why, None)?;
    if !is_new {
        return Err(Failure::new(Code::Refused, format!("incident {id} is open already; nothing was recorded"))
            .hint(command(context, &["incident"]))
            .hint(format!("{} TEXT", command(context, &["incident", "note"]))));
    }
    context.answer(|| page::opened(&id, &why), || page::written_json(&id, "opened", &why))?;
    Ok(Code::Done)
}

fn close(context: &Context) -> Result<Code, Failure> {
    let catalog = load::catalog(context)?;
    let closes = closes(&catalog);
    let incidents = open_ones(context, &catalog);
    let by = incidents.who();
    let unverified = |incident: &Incident| {
        let passed = incident.validated.as_ref().filter(|_| closes.is_some());
        passed.map(|passed| passed.unverified.clone()).unwrap_or_default()
    };
    let known = incidents.change(|known| match known.incident.lacks(closes.is_some()) {
        None => Ok(What::Closed { why: None, unverified: unverified(&known.incident), by }),
        Some(lack) => Err(not_closed(context, &known.incident, lack, closes.as_deref().unwrap_or_default())),
    })?;
    let mut told = known.incident.cause.as_ref().map_or("", |cause| cause.text.as_str()).to_owned();
    let open = unverified(&known.incident);
    if !open.is_empty() {
        told.push_str(&format!("; {}", page::not_verified(&open)));
    }
    written(context, &known, "closed", &told)
}

fn not_closed(context: &Context, incident: &Incident, lack: Lack<'_>, closes: &str) -> Failure {
    let refused = |why: String| Failure::new(Code::Refused, format!("incident {} is not closed: {why}", incident.id));
    let cause = || format!("{} TEXT", command(context, &["incident", "cause"]));
    match lack {
        Lack::Cause(lack) => refused(lack.to_string()).hint(cause()),
        Lack::Elsewhere(Elsewhere { run, differs }) => {
            let value = |value: &Option<String>| {
                value.as_ref().map_or_else(|| "as in the file".to_owned(), |value| format!("`{value}`"))
            };
            let differs = differs.iter().map(|(name, there, here)| {
                format!("{name} was {} there, and {} where the incident happened", value(there), value(here))
            });
            let differs = differs.collect::<Vec<_>>().join("; ");
            refused(format!("the validation {run} was of another place: {differs}"))
                .hint(run_there(context, incident, closes))
        }
        Lack::Validation(last) => {
            let why = match last.and_then(|passed| Some((passed, passed.outdated.as_ref()?))) {
                None => format!("no run of `{closes}` has passed since its cause was recorded"),
                Some((passed, Outdated::Cause)) => {
                    format!("the last run of `{closes}` that passed, {}, was before its cause was recorded", passed.run)
                }
                Some((passed, Outdated::Run(run))) => {
                    format!("`{closes}` passed in {}, and the run {run} came after it", passed.run)
                }
            };
            refused(why).hint(run_there(context, incident, closes))
        }
    }
}

fn drop_it(context: &Context) -> Result<Code, Failure> {
    let catalog = load::catalog(context)?;
    let incidents = open_ones(context, &catalog);
    if !incidents.are_drills() {
        let message = "only a drill is dropped; an incident ends with its cause and a validation";
        return Err(Failure::new(Code::Refused, message).hint(command(context, &["incident", "close"])));
    }
    let by = incidents.who();
    let known =
        incidents.change(|_| Ok(What::Closed { why: Some("dropped".to_owned()), unverified: Vec::new(), by }))?;
    written(context, &known, "dropped", "")
}

/// Says what was recorded, and what comes next.
fn written(context: &Context, known: &Known, what: &str, text: &str) -> Result<Code, Failure> {
    let id = &known.incident.id;
    context.answer(|| page::written(id, what, text), || page::written_json(id, what, text))?;
    if !matches!(what, "closed" | "dropped")
        && let Ok(Some(now)) = Incidents::of(context, &load::state_here(context)?).open()
    {
        next(context, &now.incident).iter().for_each(|line| context.tell(&format!("  next: {line}")));
    }
    Ok(Code::Done)
}
