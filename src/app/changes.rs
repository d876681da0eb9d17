//! What the last revision changed, joined to a diagnosis. The texts are hidden first: evidence from
//! elsewhere may hold what ours never does.

use crate::classify::changes::join::{Hide, join};
use crate::model::catalog::Catalog;
use crate::model::finding::{Diagnosis, Document, RollbackAdvice};
use crate::run::redact::{Redactor, is_origins};
use crate::run::redact_stream::RedactStream;

use super::advice;

/// Adds the changed fields and the word on a rollback.
pub(super) fn joined(
    diagnosis: &mut Diagnosis,
    documents: &[Document],
    redactor: &Redactor,
    catalog: Option<&Catalog>,
) {
    join(diagnosis, documents, &Hidden(redactor));
    if let Some(rollback) = &mut diagnosis.rollback {
        fit(rollback, catalog);
    }
}

/// The redactor, as the comparison sees it.
struct Hidden<'a>(&'a Redactor);

impl Hide for Hidden<'_> {
    fn text(&self, text: &[u8]) -> Vec<u8> {
        RedactStream::new(self.0).whole_text(text)
    }

    fn value(&self, name: &str, value: &str) -> String {
        // Web addresses are what a person must see to mend them.
        if is_origins(value) { value.to_owned() } else { self.0.value(Some(name), value) }
    }
}

/// The command as it works here: the runbook's own task, or helm where the file pins it.
fn fit(rollback: &mut RollbackAdvice, catalog: Option<&Catalog>) {
    let Some(command) = &rollback.command else { return };
    let has = |task: &str| catalog.is_some_and(|catalog| catalog.task(task).is_some());
    let words: Vec<&str> = command.split(' ').collect();
    rollback.command = match words.as_slice() {
        ["helm", "rollback", _, revision] if has("rollback") => Some(format!("refloat rollback {revision}")),
        ["helm", "uninstall", _] if has("uninstall") => Some("refloat uninstall".to_owned()),
        ["helm", "history", _] if has("releases") => Some("refloat releases".to_owned()),
        _ => advice::fit(command, catalog),
    };
}
