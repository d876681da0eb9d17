//! `refloat diagnose`.

use super::context::Context;
use super::{input, load, task};
use crate::catalog;
use crate::classify::diagnose as classify;
use crate::classify::rules::Rules;
use crate::error::{Code, Failure};
use crate::model::finding::{Diagnosis, Document, Symptom, Verdict};
use crate::report;
use crate::run::redact::Redactor;
use std::path::Path;

/// Names what is wrong: in `path`, or live with the task that `[diagnose]` names.
pub(super) fn diagnose(context: &Context, path: Option<&Path>) -> Result<Code, Failure> {
    let (diagnosis, texts) = match path {
        Some(path) => {
            let documents = input::documents(path)?;
            let own = load::catalog_if_any(context)?.map(|catalog| catalog.symptoms).unwrap_or_default();
            (named(&rules(own)?, &documents, context.is_windows()), documents.len())
        }
        None => {
            let catalog = load::catalog(context)?;
            let Some(name) = &catalog.diagnose else {
                return Err(Failure::new(Code::Usage, "tasks.toml does not say which task collects the evidence")
                    .hint("add: [diagnose] task = \"evidence\"")
                    .hint("refloat diagnose FILE"));
            };
            let documents = task::collect(context, &catalog, name)?;
            (named(&rules(catalog.symptoms)?, &documents, context.is_windows()), documents.len())
        }
    };
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

/// The built-in symptoms and the user's.
pub(super) fn rules(own: Vec<Symptom>) -> Result<Rules, Failure> {
    Rules::new(catalog::with(own)).map_err(|error| {
        Failure::new(Code::Config, format!("symptom `{}`: `{}`: {}", error.symptom, error.pattern, error.message))
    })
}

/// The diagnosis, its quotes redacted: evidence from elsewhere may hold what ours never does.
pub(super) fn named(rules: &Rules, documents: &[Document], windows: bool) -> Diagnosis {
    let mut diagnosis = classify::diagnose(rules, documents, windows);
    let redactor = Redactor::new(&[]);
    let quotes = diagnosis.findings.iter_mut().flat_map(|finding| &mut finding.evidence);
    for quote in quotes.chain(&mut diagnosis.telling) {
        let clean = redactor.line(&quote.text);
        if clean != quote.text {
            // The telling part lies elsewhere now.
            quote.span = None;
            quote.text = clean;
        }
    }
    diagnosis
}
