//! `refloat diagnose`.

use super::context::Context;
use super::input::Evidence;
use super::{advice, clean, load, task};
use crate::catalog;
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
    let (catalog, evidence) = match path {
        Some(path) => (load::catalog_if_any(context)?, Evidence::at(path)?),
        None => {
            let catalog = load::catalog(context)?;
            let Some(name) = &catalog.diagnose else {
                return Err(Failure::new(Code::Usage, "tasks.toml does not say which task collects the evidence")
                    .hint("add: [diagnose] task = \"evidence\"")
                    .hint("refloat diagnose FILE"));
            };
            let documents = task::collect(context, &catalog, name)?;
            (Some(catalog), Evidence::of(&documents))
        }
    };
    let (mut diagnosis, texts) = of_evidence(&rules(catalog.as_ref())?, &evidence, catalog.as_ref(), context)?;
    if texts == 0 {
        // Nothing was said: that is no sign of health. The tool before the pipe has failed, most likely.
        return Err(match path {
            Some(_) => Failure::new(Code::Usage, format!("{} holds no text", evidence.name())),
            None => {
                Failure::new(Code::StepFailed, "there is nothing to read: no text, no verdict").hint("refloat doctor")
            }
        });
    }
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

/// The diagnosis of texts in memory, fit to be shown.
pub(super) fn named(rules: &Rules, documents: &[Document], catalog: Option<&Catalog>, context: &Context) -> Diagnosis {
    // Memory can always be read.
    of_evidence(rules, &Evidence::of(documents), catalog, context)
        .map_or_else(|_| Diagnosis::naming_nothing(Verdict::Unclassified), |(diagnosis, _)| diagnosis)
}

/// The diagnosis, fit to be shown: secrets hidden, fixes and confirming checks as the commands that
/// work here. How many texts there were.
fn of_evidence(
    rules: &Rules,
    evidence: &Evidence,
    catalog: Option<&Catalog>,
    context: &Context,
) -> Result<(Diagnosis, usize), Failure> {
    let os = if context.is_windows() { Os::Windows } else { Os::Unix };
    let vars = catalog.into_iter().flat_map(|catalog| catalog.vars.values());
    let secrets: Vec<String> = vars.filter(|var| var.secret).map(|var| var.value.clone()).collect();
    let (mut diagnosis, texts) = clean::diagnosed(evidence, rules, &Redactor::new(&secrets), os)?;
    for finding in &mut diagnosis.findings {
        finding.fixes = finding
            .fixes
            .iter()
            .filter_map(|fix| Some(Advice { text: advice::fit(&fix.text, catalog)?, danger: fix.danger }))
            .collect();
        finding.confirm = finding.confirm.iter().filter_map(|check| checks::command(catalog?, check)).collect();
    }
    Ok((diagnosis, texts))
}
