//! A live diagnosis asks about its candidates: read-only checks, each once, and what they say of the
//! findings.

use super::context::Context;
use super::tape::Tape;
use super::task;
use crate::adapter::lookup::Programs;
use crate::error::Code;
use crate::model::catalog::Catalog;
use crate::model::event::{Event, EventKind, RunOutcome};
use crate::model::finding::{Answer, Confidence, Confirmation, Diagnosis, Finding, Role};
use crate::plan::checks;
use crate::port::{Locate, Reporter};
use crate::report::layout::{shorten, visible};
use crate::report::plain::Pen;
use crate::report::render::Verbosity;
use crate::report::style::Look;
use crate::run::gate::{Said, UNASKED};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// So many checks are asked; a person waits for them.
const MOST: usize = 8;
/// A call without a limit of its own takes no longer.
const LIMIT: Duration = Duration::from_secs(30);

/// A detail is a line, not a page.
const DETAIL: usize = 300;

/// Check → what it said, seen from a finding.
type Answers = BTreeMap<String, (Answer, String)>;

/// Asks the checks of what leads the diagnosis, and settles the findings by their answers. Stopped
/// by the person: the exit code of that.
pub(super) fn confirm(context: &Context, catalog: &Catalog, diagnosis: &mut Diagnosis, tape: &Tape) -> Option<Code> {
    let wanted = wanted(&diagnosis.findings, |check| catalog.checks.contains_key(check));
    let mut answers = Answers::new();
    let mut names = Vec::new();
    for name in wanted {
        let unasked = if names.len() == MOST {
            Some(format!("not asked: {MOST} checks are the most"))
        } else {
            obstacle(context, catalog, &name)
        };
        match unasked {
            Some(why) => drop(answers.insert(name, (Answer::CouldNotCheck, why))),
            None => names.push(name),
        }
    }
    let stopped = ask(context, catalog, &names, tape, &mut answers);
    settle(&mut diagnosis.findings, &answers);
    stopped
}

/// The checks of the findings that lead, each once, in their order.
fn wanted(findings: &[Finding], is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut wanted: Vec<String> = Vec::new();
    for name in leading(findings).flat_map(|finding| &finding.confirm) {
        if is_known(name) && !wanted.contains(name) {
            wanted.push(name.clone());
        }
    }
    wanted
}

/// The roots; where there is none, the first finding.
fn leading(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let count = roots(findings).max(1);
    findings.iter().take(count)
}

/// How many roots there are: they stand first.
fn roots(findings: &[Finding]) -> usize {
    findings.iter().take_while(|finding| finding.role != Role::Consequence).count()
}

/// Why a check cannot be asked here. One that misses its tool must not keep the others from being
/// asked.
fn obstacle(context: &Context, catalog: &Catalog, name: &str) -> Option<String> {
    let plan = match checks::build_confirming(catalog, &[name.to_owned()], LIMIT) {
        Ok(plan) => plan,
        Err(why) => return Some(why),
    };
    if context.global.replay.is_some() {
        return None;
    }
    let programs = Programs::from_env();
    plan.tools.iter().find_map(|(tool, planned)| {
        Some(format!("{tool}: {}", programs.find_any(&planned.program, &planned.others).err()?))
    })
}

fn ask(context: &Context, catalog: &Catalog, names: &[String], tape: &Tape, answers: &mut Answers) -> Option<Code> {
    if names.is_empty() {
        return None;
    }
    let asked = checks::build_confirming(catalog, names, LIMIT)
        .and_then(|plan| task::ask(context, catalog, &plan, tape).map_err(|failure| failure.message));
    let (said, stopped, why) = match asked {
        Ok(report) => {
            let is_stopped = report.outcome == RunOutcome::Interrupted;
            let why = if is_stopped { "interrupted" } else { "a tool is missing or too old" };
            (report.said, is_stopped.then_some(report.code), why.to_owned())
        }
        Err(why) => (Vec::new(), None, why),
    };
    answers.extend(said.into_iter().map(|said| (said.check.clone(), seen_from_a_finding(said))));
    for name in names {
        answers.entry(name.clone()).or_insert_with(|| (Answer::CouldNotCheck, why.clone()));
    }
    stopped
}

/// A no is what the finding says; a yes is the opposite; anything else is neither.
fn seen_from_a_finding(said: Said) -> (Answer, String) {
    let answer = match said.yes {
        Some(false) => Answer::Confirmed,
        Some(true) => Answer::Refuted,
        None => Answer::CouldNotCheck,
    };
    let note = said.note.unwrap_or(said.title);
    let note = note.strip_prefix(UNASKED).unwrap_or(&note);
    (answer, shorten(note, DETAIL, "...").into_owned())
}

/// Puts the answers into the findings that lead, and those into the order that follows from them:
/// confirmed before what explains no more, refuted behind all others. Nothing is dropped.
fn settle(findings: &mut Vec<Finding>, answers: &Answers) {
    let count = roots(findings).max(1).min(findings.len());
    for finding in &mut findings[..count] {
        finding.confirmed = finding
            .confirm
            .iter()
            .filter_map(|check| {
                let (answer, detail) = answers.get(check)?.clone();
                Some(Confirmation { check: check.clone(), answer, detail })
            })
            .collect();
        // What was answered needs no command.
        let is_open = |check: &String| answers.get(check).is_none_or(|(answer, _)| *answer == Answer::CouldNotCheck);
        finding.confirm.retain(is_open);
        if is_confirmed(finding) {
            finding.confidence = Confidence::High;
        } else if is_refuted(finding) {
            finding.confidence = Confidence::Low;
        }
    }
    let rest = findings.split_off(count);
    let (refuted, standing): (Vec<_>, Vec<_>) = findings.drain(..).partition(is_refuted);
    for finding in standing {
        let is_confirmed_now = is_confirmed(&finding);
        let passes = |before: &&Finding| {
            is_confirmed_now && !is_confirmed(before) && before.explains.len() <= finding.explains.len()
        };
        let place = findings.len() - findings.iter().rev().take_while(passes).count();
        findings.insert(place, finding);
    }
    findings.extend(refuted.into_iter().chain(rest));
}

/// One of its checks says that the cause is there.
fn is_confirmed(finding: &Finding) -> bool {
    finding.confirmed.iter().any(|told| told.answer == Answer::Confirmed)
}

/// All of its checks say that what it is about works.
fn is_refuted(finding: &Finding) -> bool {
    !finding.confirmed.is_empty() && finding.confirmed.iter().all(|told| told.answer == Answer::Refuted)
}

/// The story of the asking: a line for each check, while it is asked. The answers come with the
/// diagnosis.
pub(super) struct Lines {
    err: Pen,
    look: Look,
    is_quiet: bool,
}

impl Lines {
    pub(super) fn new(err: Box<dyn Write + Send>, look: Look, verbosity: Verbosity) -> Self {
        Self { err: Pen::new(err), look, is_quiet: verbosity == Verbosity::Quiet }
    }
}

impl Reporter for Lines {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::StepStarted { name, .. } if !self.is_quiet => {
                let line = format!("Confirm  {}", visible(name));
                self.err.write(&format!("{}\n", self.look.styles.dim.style(line)))
            }
            EventKind::Notice { text, .. } => self.err.write(&format!("{}\n", visible(text))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
