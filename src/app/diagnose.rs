//! `refloat diagnose`.

use super::context::Context;
use super::input::Evidence;
use super::tape::Tape;
use super::{advice, aftermath, changes, clean, confirming, learn, load, task};
use crate::catalog;
use crate::classify;
use crate::classify::rules::Rules;
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::finding::{Advice, Answer, Confirmation, Diagnosis, Document, Final, Finding, Os, Role, Verdict};
use crate::plan::checks;
use crate::report;
use crate::report::diagnosis::Extent;
use crate::run::redact::Redactor;
use std::path::Path;

/// Names what is wrong: in `path`, or live with the task that `[diagnose]` names; there the findings'
/// checks are asked too, unless `confirms` is false.
pub(super) fn diagnose(context: &Context, path: Option<&Path>, confirms: bool) -> Result<Code, Failure> {
    let mut live_run = None;
    let (catalog, evidence, tape, ground) = match path {
        Some(path) => (load::catalog_if_any(context)?, Evidence::at(path)?, None, None),
        None => {
            let catalog = load::to_act(context)?;
            let Some(name) = &catalog.diagnose else {
                return Err(Failure::new(Code::Usage, "tasks.toml does not say which task collects the evidence")
                    .hint("add: [diagnose] task = \"evidence\"")
                    .hint("refloat diagnose FILE"));
            };
            let tape = Tape::open(context)?;
            let collected = task::collect(context, &catalog, name, &tape)?;
            let (counts, is_unkept) = (collected.counts, collected.is_unkept);
            let evidence = Evidence::of(&collected.documents);
            live_run = Some(collected);
            (Some(catalog), evidence, Some(tape), Some((counts, is_unkept)))
        }
    };
    let catalog = catalog.as_ref();
    let redactor = learn::everything(catalog);
    let clean::Read { mut diagnosis, texts, kept } = found(&rules(catalog)?, &evidence, catalog, &redactor, context)?;
    if texts == 0 {
        // Nothing was said: that is no sign of health. The tool before the pipe has failed, most likely.
        return Err(match path {
            Some(_) => Failure::new(Code::Usage, format!("{} holds no text", evidence.name())),
            None => {
                Failure::new(Code::StepFailed, "there is nothing to read: no text, no verdict").hint("refloat doctor")
            }
        });
    }
    let live = catalog.zip(tape.as_ref()).filter(|_| confirms);
    let stopped = live.and_then(|(catalog, tape)| confirming::confirm(context, catalog, &mut diagnosis, tape));
    changes::joined(&mut diagnosis, &kept, &redactor, catalog);
    as_commands(&mut diagnosis, catalog);
    if path.is_none() {
        // What has just been done is no advice.
        for Finding { fixes, confirmed, .. } in &mut diagnosis.findings {
            let answered = |told: &Confirmation| told.answer != Answer::CouldNotCheck;
            let asked: Vec<String> = confirmed
                .iter()
                .filter(|told| answered(told))
                .map(|told| format!("refloat check {}", told.check))
                .collect();
            fixes.retain(|fix| fix.text != "refloat diagnose" && !asked.contains(&fix.text));
        }
    }
    // Answers that say nothing known are no sign of health when most of them are failures.
    if let Some((counts, _)) = ground.filter(|(counts, _)| counts.failed > counts.ok)
        && diagnosis.verdict == Verdict::Healthy
    {
        diagnosis.verdict = Verdict::Unclassified;
        let all = counts.failed + counts.ok;
        context.tell(&format!("warning: {} of {all} calls failed, in words that no symptom knows", counts.failed));
    }
    let look = context.out_look();
    let extent = if context.global.verbose { Extent::Whole } else { Extent::Screen };
    context.answer(
        || report::diagnosis::text(&diagnosis, Some(texts), extent, &look),
        || serde_json::to_value(&diagnosis).unwrap_or_default(),
    )?;
    if tape.is_some() && diagnosis.verdict == Verdict::Healthy {
        context.tell("hint: what no text shows a check may: refloat check");
    }
    if let Some((catalog, collected)) = catalog.zip(live_run.as_ref()) {
        aftermath::diagnosed(context, catalog, collected, &diagnosis);
    }
    // The answer has been given; that its ground is not all on the disk is said last.
    let unkept = ground.is_some_and(|(_, is_unkept)| is_unkept).then_some(Code::Unwritable);
    if unkept.is_some() {
        context.tell("warning: not all of the evidence, or of what was done, could be written");
    }
    Ok(stopped.or(unkept).unwrap_or(match diagnosis.verdict {
        Verdict::Healthy => Code::Done,
        Verdict::Failing | Verdict::Unclassified => Code::Findings,
    }))
}

/// The built-in symptoms and the file's own.
pub(super) fn rules(catalog: Option<&Catalog>) -> Result<Rules, Failure> {
    let own = catalog.map(|catalog| catalog.symptoms.clone()).unwrap_or_default();
    Rules::new(catalog::to_find(own)).map_err(|error| {
        Failure::new(Code::Config, format!("symptom `{}`: `{}`: {}", error.symptom, error.pattern, error.message))
    })
}

/// The ids of the roots that are consequences by nature.
fn unexplained(rules: &Rules, findings: &[Finding]) -> Vec<String> {
    let is_one = |finding: &&Finding| {
        let symptom = rules.get(&finding.id);
        finding.role == Role::Root && symptom.is_some_and(|symptom| symptom.role == Role::Consequence)
    };
    findings.iter().filter(is_one).map(|finding| finding.id.clone()).collect()
}

/// The diagnosis of texts in memory, fit to be shown.
pub(super) fn named(rules: &Rules, documents: &[Document], catalog: Option<&Catalog>, context: &Context) -> Diagnosis {
    // Memory can always be read.
    of_evidence(rules, &Evidence::of(documents), catalog, context)
        .unwrap_or_else(|_| Diagnosis::naming_nothing(Verdict::Unclassified))
}

/// What is found in texts that were redacted, and when each of it ends a wait.
pub(super) fn finals(rules: Option<&Rules>, documents: &[Document]) -> Vec<(Finding, Option<Final>)> {
    let Some(rules) = rules else { return Vec::new() };
    let findings = classify::diagnose::diagnose(rules, documents, Os::Unix).findings.into_iter();
    let with_end = |finding: Finding| {
        let end = rules.get(&finding.id).and_then(|symptom| symptom.is_final);
        (finding, end)
    };
    findings.map(with_end).collect()
}

/// The diagnosis of evidence, fit to be shown.
pub(super) fn of_evidence(
    rules: &Rules,
    evidence: &Evidence,
    catalog: Option<&Catalog>,
    context: &Context,
) -> Result<Diagnosis, Failure> {
    // What a run hands over has been redacted; only what is declared may have slipped in since.
    let redactor = learn::declared(catalog);
    let clean::Read { mut diagnosis, kept, .. } = found(rules, evidence, catalog, &redactor, context)?;
    changes::joined(&mut diagnosis, &kept, &redactor, catalog);
    as_commands(&mut diagnosis, catalog);
    Ok(diagnosis)
}

/// The names of the confirming checks become the commands that ask them.
fn as_commands(diagnosis: &mut Diagnosis, catalog: Option<&Catalog>) {
    for finding in &mut diagnosis.findings {
        finding.confirm = finding.confirm.iter().filter_map(|check| checks::command(catalog?, check)).collect();
    }
}

/// What was found, secrets hidden, fixes as they can be followed here; the confirming checks by their
/// names.
fn found(
    rules: &Rules,
    evidence: &Evidence,
    catalog: Option<&Catalog>,
    redactor: &Redactor,
    context: &Context,
) -> Result<clean::Read, Failure> {
    let os = if context.is_windows() { Os::Windows } else { Os::Unix };
    let mut read = clean::diagnosed(evidence, rules, redactor, os)?;
    let diagnosis = &mut read.diagnosis;
    for finding in &mut diagnosis.findings {
        finding.fixes = finding
            .fixes
            .iter()
            .filter_map(|fix| Some(Advice { text: advice::fit(&fix.text, catalog)?, danger: fix.danger }))
            .collect();
    }
    diagnosis.unexplained = unexplained(rules, &diagnosis.findings);
    Ok(read)
}
