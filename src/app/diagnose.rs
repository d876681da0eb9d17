//! `refloat diagnose`.

use super::context::Context;
use super::{advice, input, load, task};
use crate::catalog;
use crate::classify::diagnose::diagnose as classified;
use crate::classify::rules::Rules;
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::finding::{Diagnosis, Document, Os, Verdict};
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
    let (diagnosis, texts) = (named(&rules(catalog.as_ref())?, &documents, catalog.as_ref(), context), documents.len());
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

/// The diagnosis, fit to be shown: quotes redacted, for evidence from elsewhere may hold what ours
/// never does, and confirming checks as the command that asks them, where the file has such a check.
pub(super) fn named(rules: &Rules, documents: &[Document], catalog: Option<&Catalog>, context: &Context) -> Diagnosis {
    let os = if context.is_windows() { Os::Windows } else { Os::Unix };
    let mut diagnosis = classified(rules, documents, os);
    let redactor = Redactor::new(&[]);
    for finding in &mut diagnosis.findings {
        let check = finding.confirm.take();
        finding.fixes = finding.fixes.iter().filter_map(|fix| advice::fit(fix, catalog)).collect();
        finding.confirm = check.and_then(|check| checks::command(catalog?, &check));
    }
    let quotes = diagnosis.findings.iter_mut().flat_map(|finding| &mut finding.evidence);
    for quote in quotes.chain(&mut diagnosis.telling) {
        let clean = redactor.line(&quote.text);
        if clean != quote.text {
            // The telling part lies elsewhere now, if it is still there.
            let telling = quote.span.and_then(|(start, end)| quote.text.get(start..end));
            let found = telling.and_then(|telling| Some((clean.find(telling)?, telling.len())));
            quote.span = found.map(|(start, length)| (start, start + length));
            quote.text = clean;
        }
    }
    diagnosis
}
