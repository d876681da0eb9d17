//! `refloat diagnose`.

use super::context::Context;
use super::{advice, changes, clean, input, load, task};
use crate::catalog;
use crate::classify::diagnose::diagnose as classified;
use crate::classify::rules::Rules;
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::finding::{Advice, Diagnosis, Document, Os, Verdict};
use crate::plan::checks;
use crate::report;
use crate::run::redact::Redactor;
use std::path::Path;

/// Names what is wrong: in `path`, or live with the task that `[diagnose]` names.
pub(super) fn diagnose(context: &Context, path: Option<&Path>) -> Result<Code, Failure> {
    let (catalog, documents) = match path {
        Some(path) => (load::catalog_if_any(context)?, input::documents(path)?),
        None => {
            let catalog = load::catalog(context)?;
            let Some(name) = &catalog.diagnose else {
                return Err(Failure::new(Code::Usage, "tasks.toml does not say which task collects the evidence")
                    .hint("add: [diagnose] task = \"evidence\"")
                    .hint("refloat diagnose FILE"));
            };
            let documents = task::collect(context, &catalog, name)?;
            (Some(catalog), documents)
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
        (named(&rules(catalog.as_ref())?, &documents, catalog.as_ref(), context), documents.len());
    if path.is_none() {
        // What has just been done is no advice.
        diagnosis.findings.iter_mut().for_each(|finding| finding.fixes.retain(|fix| fix.text != "refloat diagnose"));
    }
    let look = context.out_look();
    context.answer(
        || report::diagnosis::text(&diagnosis, Some(texts), &look),
        || serde_json::to_value(&diagnosis).unwrap_or_default(),
    )?;
    Ok(match diagnosis.verdict {
        Verdict::Healthy => Code::Done,
        Verdict::Failing | Verdict::Unclassified => Code::Findings,
    })
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
    let os = if context.is_windows() { Os::Windows } else { Os::Unix };
    let vars = catalog.into_iter().flat_map(|catalog| catalog.vars.values());
    let secrets: Vec<String> = vars.filter(|var| var.secret).map(|var| var.value.clone()).collect();
    let redactor = Redactor::new(&secrets);
    let mut diagnosis = clean::diagnosed(documents, &redactor, |documents| classified(rules, documents, os));
    changes::joined(&mut diagnosis, documents, &redactor, catalog);
    for finding in &mut diagnosis.findings {
        finding.fixes = finding
            .fixes
            .iter()
            .filter_map(|fix| Some(Advice { text: advice::fit(&fix.text, catalog)?, danger: fix.danger }))
            .collect();
        finding.confirm = finding.confirm.iter().filter_map(|check| checks::command(catalog?, check)).collect();
    }
    diagnosis
}
