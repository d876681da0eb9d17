//! `refloat diagnose`.

use super::context::Context;
use super::tape::Tape;
use super::{advice, clean, confirming, input, load, task};
use crate::catalog;
use crate::classify::diagnose::diagnose as classified;
use crate::classify::rules::Rules;
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::finding::{Advice, Answer, Confirmation, Diagnosis, Document, Finding, Os, Verdict};
use crate::plan::checks;
use crate::report;
use crate::run::redact::Redactor;
use std::path::Path;

/// Names what is wrong: in `path`, or live with the task that `[diagnose]` names; there the findings'
/// checks are asked too, unless `confirms` is false.
pub(super) fn diagnose(context: &Context, path: Option<&Path>, confirms: bool) -> Result<Code, Failure> {
    let (catalog, documents, tape) = match path {
        Some(path) => (load::catalog_if_any(context)?, input::documents(path)?, None),
        None => {
            let catalog = load::catalog(context)?;
            let Some(name) = &catalog.diagnose else {
                return Err(Failure::new(Code::Usage, "tasks.toml does not say which task collects the evidence")
                    .hint("add: [diagnose] task = \"evidence\"")
                    .hint("refloat diagnose FILE"));
            };
            let tape = Tape::open(context)?;
            let documents = task::collect(context, &catalog, name, &tape)?;
            (Some(catalog), documents, Some(tape))
        }
    };
    if documents.iter().all(|document| document.text.trim_ascii().is_empty()) {
        let (code, hint) = match path {
            Some(_) => (Code::Usage, "refloat diagnose FILE, FOLDER, RECORDING.jsonl, or - for standard input"),
            None => (Code::StepFailed, "refloat doctor"),
        };
        return Err(Failure::new(code, "there is nothing to read: no text, no verdict").hint(hint));
    }
    let (mut diagnosis, texts) =
        (found(&rules(catalog.as_ref())?, &documents, catalog.as_ref(), context), documents.len());
    let live = catalog.as_ref().zip(tape.as_ref()).filter(|_| confirms);
    let stopped = live.and_then(|(catalog, tape)| confirming::confirm(context, catalog, &mut diagnosis, tape));
    as_commands(&mut diagnosis, catalog.as_ref());
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
    let look = context.out_look();
    context.answer(
        || report::diagnosis::text(&diagnosis, Some(texts), &look),
        || serde_json::to_value(&diagnosis).unwrap_or_default(),
    )?;
    Ok(stopped.unwrap_or(match diagnosis.verdict {
        Verdict::Healthy => Code::Done,
        Verdict::Failing | Verdict::Unclassified => Code::Findings,
    }))
}

/// The built-in symptoms and the file's own.
pub(super) fn rules(catalog: Option<&Catalog>) -> Result<Rules, Failure> {
    let own = catalog.map(|catalog| catalog.symptoms.clone()).unwrap_or_default();
    Rules::new(catalog::with(own)).map_err(|error| {
        Failure::new(Code::Config, format!("symptom `{}`: `{}`: {}", error.symptom, error.pattern, error.message))
    })
}

/// The diagnosis, fit to be shown: secrets hidden, fixes and confirming checks as the commands that
/// work here.
pub(super) fn named(rules: &Rules, documents: &[Document], catalog: Option<&Catalog>, context: &Context) -> Diagnosis {
    let mut diagnosis = found(rules, documents, catalog, context);
    as_commands(&mut diagnosis, catalog);
    diagnosis
}

/// The names of the confirming checks become the commands that ask them.
fn as_commands(diagnosis: &mut Diagnosis, catalog: Option<&Catalog>) {
    for finding in &mut diagnosis.findings {
        finding.confirm = finding.confirm.iter().filter_map(|check| checks::command(catalog?, check)).collect();
    }
}

/// The same, with the confirming checks by their names.
fn found(rules: &Rules, documents: &[Document], catalog: Option<&Catalog>, context: &Context) -> Diagnosis {
    let os = if context.is_windows() { Os::Windows } else { Os::Unix };
    let vars = catalog.into_iter().flat_map(|catalog| catalog.vars.values());
    let secrets: Vec<String> = vars.filter(|var| var.secret).map(|var| var.value.clone()).collect();
    let mut diagnosis =
        clean::diagnosed(documents, &Redactor::new(&secrets), |documents| classified(rules, documents, os));
    for finding in &mut diagnosis.findings {
        finding.fixes = finding
            .fixes
            .iter()
            .filter_map(|fix| Some(Advice { text: advice::fit(&fix.text, catalog)?, danger: fix.danger }))
            .collect();
    }
    diagnosis
}
