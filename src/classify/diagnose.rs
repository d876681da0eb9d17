//! Documents in, a diagnosis out.

use super::facts::{Facts, Text};
use super::page::Page;
use super::rules::Rules;
use super::scan::Hit;
use super::{rank, scan, settle, sources, telling};
use crate::model::finding::{Diagnosis, Document, Os, Verdict};
use std::collections::BTreeSet;

/// Version of the diagnosis' JSON form.
pub const SCHEMA: u32 = 1;

/// Reads the documents and names what is wrong, most likely root first. Fixes are for `os`.
///
/// Calls of one run should come in the order in which they were made: a later answer can show that
/// an earlier fault has passed.
pub fn diagnose(rules: &Rules, documents: &[Document], os: Os) -> Diagnosis {
    let texts: Vec<Text<'_>> = documents
        .iter()
        .map(|document| {
            let page = Page::new(&document.text);
            let layout = sources::layout(document, &page);
            Text { document, page, layout }
        })
        .collect();
    let facts = Facts::new(&texts);
    let hits: Vec<Hit> =
        texts.iter().enumerate().flat_map(|(index, text)| scan::scan(rules, index, &text.page, &text.layout)).collect();
    let known: BTreeSet<(usize, usize)> = hits.iter().map(|hit| (hit.document, hit.line)).collect();
    let hits = settle::settle(rules, &texts, &facts, hits);
    let findings = rank::rank(rules, &texts, hits, os);
    if !findings.is_empty() {
        return Diagnosis { schema: SCHEMA, verdict: Verdict::Failing, findings, telling: None };
    }
    let telling = telling::telling(&texts, &known);
    let verdict = if telling.is_some() { Verdict::Unclassified } else { Verdict::Healthy };
    Diagnosis { schema: SCHEMA, verdict, findings, telling }
}
