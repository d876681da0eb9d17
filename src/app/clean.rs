//! A diagnosis without secrets. Evidence from elsewhere may hold what ours never does, and what a
//! pattern captured goes on into causes, fixes and subjects.

use crate::classify::decode::decode;
use crate::model::finding::{Diagnosis, Document, Finding, Quote};
use crate::run::redact::Redactor;
use crate::run::redact_stream::RedactStream;

/// Diagnoses, and where that brought up a secret diagnoses the redacted text instead: hiding the
/// whole text first would cost as much again for every log that holds none.
pub(super) fn diagnosed(
    documents: &[Document],
    redactor: &Redactor,
    diagnose: impl Fn(&[Document]) -> Diagnosis,
) -> Diagnosis {
    let mut first = diagnose(documents);
    if is_clean(&first, redactor) {
        return first;
    }
    let hidden: Vec<Document> = documents.iter().map(|document| redacted(document, redactor)).collect();
    let mut second = diagnose(&hidden).findings;
    for finding in &mut first.findings {
        // A mask can keep a pattern from matching; what it named stays named, in masked words.
        match second.iter().position(|other| other.id == finding.id) {
            Some(index) => *finding = Finding { role: finding.role, ..second.remove(index) },
            None => scrub(finding, redactor),
        }
    }
    first.telling.iter_mut().for_each(|quote| scrub_quote(quote, redactor));
    first
}

fn is_clean(diagnosis: &Diagnosis, redactor: &Redactor) -> bool {
    let findings = &diagnosis.findings;
    let quotes = findings.iter().flat_map(|finding| &finding.evidence).chain(&diagnosis.telling);
    let said = findings.iter().flat_map(|finding| {
        [&finding.cause, &finding.subject].into_iter().chain(finding.fixes.iter().map(|fix| &fix.text))
    });
    quotes.map(|quote| &quote.text).chain(said).all(|text| redactor.line(text) == *text)
}

fn redacted(document: &Document, redactor: &Redactor) -> Document {
    let mut stream = RedactStream::new(redactor);
    let mut text = Vec::with_capacity(document.text.len());
    // Windows' own encoding would hide a secret from the redactor, not from the reader.
    for line in decode(&document.text).split_inclusive(|byte| *byte == b'\n') {
        let end = line.ends_with(b"\n");
        text.extend(stream.line(line.strip_suffix(b"\n").unwrap_or(line)));
        if end {
            text.push(b'\n');
        }
    }
    Document { text, ..document.clone() }
}

fn scrub(finding: &mut Finding, redactor: &Redactor) {
    let fixes = finding.fixes.iter_mut().map(|fix| &mut fix.text);
    for text in [&mut finding.cause, &mut finding.subject].into_iter().chain(fixes) {
        *text = redactor.line(text);
        // What a pattern captured lacks the words that tell a secret; the line has them.
        for quote in &finding.evidence {
            *text = redactor.line_of(&quote.text, text);
        }
    }
    finding.evidence.iter_mut().for_each(|quote| scrub_quote(quote, redactor));
}

fn scrub_quote(quote: &mut Quote, redactor: &Redactor) {
    let clean = redactor.line(&quote.text);
    if clean == quote.text {
        return;
    }
    // The telling part lies elsewhere now, if it is still there.
    let telling = quote.span.and_then(|(start, end)| quote.text.get(start..end));
    let found = telling.and_then(|telling| Some((clean.find(telling)?, telling.len())));
    quote.span = found.map(|(start, length)| (start, start + length));
    quote.text = clean;
}
