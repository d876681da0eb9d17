//! Documents in, a diagnosis out.

use super::reading::Reading;
use super::rules::Rules;
use crate::model::finding::{Diagnosis, Document, Os};

/// Reads the documents and names what is wrong, most likely root first. Fixes are for `os`.
///
/// Calls of one run should come in the order in which they were made: a later answer can show that
/// an earlier fault has passed. For texts that are too large for memory there is [`Reading`].
pub fn diagnose(rules: &Rules, documents: &[Document], os: Os) -> Diagnosis {
    let mut reading = Reading::new(rules);
    for document in documents {
        reading.begin(document.head());
        reading.feed(&document.text);
    }
    reading.diagnosis(os)
}
