//! Documents in, a diagnosis out.

use super::facts::{Facts, Text};
use super::page::Page;
use super::rules::Rules;
use super::scan::Hit;
use super::search::{self, Found};
use super::{rank, scan, settle, sources, telling};
use crate::model::finding::{Diagnosis, Document, Os, Verdict};
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::thread;

/// Texts from this size on are worth a thread.
const LARGE: usize = 1 << 20;

/// Version of the diagnosis' JSON form.
pub const SCHEMA: u32 = 1;

/// Reads the documents and names what is wrong, most likely root first. Fixes are for `os`.
///
/// Calls of one run should come in the order in which they were made: a later answer can show that
/// an earlier fault has passed.
pub fn diagnose(rules: &Rules, documents: &[Document], os: Os) -> Diagnosis {
    let (texts, found): (Vec<Text<'_>>, Vec<Found>) = documents.iter().map(|document| read(rules, document)).unzip();
    let facts = Facts::new(&texts);
    let hits: Vec<Hit> = texts
        .iter()
        .zip(found)
        .enumerate()
        .flat_map(|(index, (text, found))| scan::hits(rules, index, &text.page, &text.layout, found))
        .collect();
    let known: BTreeSet<(usize, usize)> = hits.iter().map(|hit| (hit.document, hit.line)).collect();
    let hits = settle::settle(rules, &texts, &facts, hits);
    let findings = rank::rank(rules, &texts, hits, os);
    if !findings.is_empty() {
        return Diagnosis { schema: SCHEMA, verdict: Verdict::Failing, findings, ..Diagnosis::default() };
    }
    let telling = telling::telling(&texts, &known);
    let verdict = if telling.is_some() { Verdict::Unclassified } else { Verdict::Healthy };
    Diagnosis { schema: SCHEMA, verdict, findings, telling, ..Diagnosis::default() }
}

/// Lays a document out and looks for matches in it: at the same time, where that takes long.
fn read<'d>(rules: &Rules, document: &'d Document) -> (Text<'d>, Found) {
    let page = Page::new(&document.text);
    let layout = || sources::layout(document, &page);
    let (layout, found) = if page.buffer().len() < LARGE {
        let layout = layout();
        let found = search::search(rules, &page, |rule| layout.sources().any(|source| rule.reads(source)));
        (layout, found)
    } else {
        let search = || search::search(rules, &page, |_| true);
        thread::scope(|threads| match thread::Builder::new().spawn_scoped(threads, search) {
            Ok(thread) => (layout(), thread.join().unwrap_or_else(|panic| resume_unwind(panic))),
            Err(_) => (layout(), search()),
        })
    };
    (Text { document, page, layout }, found)
}
