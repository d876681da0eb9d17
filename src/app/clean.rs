//! A diagnosis without secrets. Evidence from elsewhere may hold what ours never does, and what a
//! pattern captured goes on into causes, fixes and subjects.

use super::input::{Evidence, Sink};
use crate::classify::decode::Decoder;
use crate::classify::reading::Reading;
use crate::classify::rules::Rules;
use crate::error::Failure;
use crate::model::finding::{Diagnosis, Document, Finding, Head, Os, Quote};
use crate::run::redact::Redactor;
use crate::run::redact_stream::RedactStream;

/// Revisions are compared in texts of at most this size …
const LARGEST: usize = 5 << 20;
/// … and of this size together.
const KEPT: usize = 16 << 20;
/// Texts of this size together are hidden as a whole, where they hold a secret.
const HIDDEN: usize = 1 << 20;
/// A longer line is redacted in parts.
const LINE: usize = 1 << 20;

/// What came of reading evidence.
pub(super) struct Read {
    /// What is wrong, secrets hidden.
    pub(super) diagnosis: Diagnosis,
    /// How many texts there were.
    pub(super) texts: usize,
    /// The texts that are small enough to be compared with each other, as they came.
    pub(super) kept: Vec<Document>,
}

/// Diagnoses, and where that brought up a secret diagnoses the redacted text instead: hiding the
/// whole text first would cost as much again for every log that holds none.
///
/// # Errors
/// The evidence cannot be read.
pub(super) fn diagnosed(evidence: &Evidence, rules: &Rules, redactor: &Redactor, os: Os) -> Result<Read, Failure> {
    let mut keeping = Keeping { reading: Reading::new(rules), kept: Vec::new(), open: None, room: KEPT, bytes: 0 };
    let texts = evidence.read(&mut keeping)?;
    keeping.close();
    let Keeping { reading, kept, bytes, .. } = keeping;
    let mut first = reading.diagnosis(os);
    if is_clean(&first, redactor) {
        return Ok(Read { diagnosis: first, texts, kept });
    }
    let mut second = Vec::new();
    // Of a large text only what is quoted is masked: the rest is not shown.
    if evidence.is_lasting() && bytes <= HIDDEN {
        let mut hidden = Hidden { reading: Reading::new(rules), redactor, open: None };
        evidence.read(&mut hidden)?;
        hidden.flush();
        second = hidden.reading.diagnosis(os).findings;
    }
    for finding in &mut first.findings {
        // A mask can keep a pattern from matching; what it named stays named, in masked words.
        match second.iter().position(|other| other.id == finding.id) {
            Some(index) => *finding = Finding { role: finding.role, ..second.remove(index) },
            None => scrub(finding, redactor),
        }
    }
    first.telling.iter_mut().for_each(|quote| scrub_quote(quote, redactor));
    for out in &mut first.ruled_out {
        out.evidence.iter_mut().for_each(|quote| scrub_quote(quote, redactor));
        out.subject = redactor.line(&out.subject);
    }
    Ok(Read { diagnosis: first, texts, kept })
}

impl Sink for Reading<'_> {
    fn begin(&mut self, head: Head) {
        Reading::begin(self, head);
    }

    fn feed(&mut self, bytes: &[u8]) {
        Reading::feed(self, bytes);
    }
}

/// Hands on, and keeps the smaller texts.
struct Keeping<'r> {
    reading: Reading<'r>,
    kept: Vec<Document>,
    open: Option<Document>,
    /// So many bytes may still be kept.
    room: usize,
    /// So many bytes came.
    bytes: usize,
}

impl Keeping<'_> {
    fn close(&mut self) {
        self.kept.extend(self.open.take());
    }
}

impl Sink for Keeping<'_> {
    fn begin(&mut self, head: Head) {
        self.close();
        let Head { file, argv, is_stderr } = head.clone();
        self.open = Some(Document { file, argv, is_stderr, text: Vec::new() });
        self.reading.begin(head);
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.reading.feed(bytes);
        self.bytes += bytes.len();
        let Some(open) = &mut self.open else { return };
        if open.text.len() + bytes.len() > LARGEST || bytes.len() > self.room {
            self.room += open.text.len();
            self.open = None;
            return;
        }
        self.room -= bytes.len();
        open.text.extend_from_slice(bytes);
    }
}

/// Redacts what it hands on.
struct Hidden<'r> {
    reading: Reading<'r>,
    redactor: &'r Redactor,
    open: Option<Lines<'r>>,
}

/// A text on its way, line by line.
struct Lines<'r> {
    stream: RedactStream<'r>,
    /// Windows' own encoding would hide a secret from the redactor, not from the reader.
    decoder: Decoder,
    /// The start of a line.
    rest: Vec<u8>,
}

impl Hidden<'_> {
    /// Hands the last line of the open text on.
    fn flush(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        open.rest.extend(open.decoder.finish());
        if !open.rest.is_empty() {
            self.reading.feed(&open.stream.line(&open.rest));
        }
    }
}

impl Sink for Hidden<'_> {
    fn begin(&mut self, head: Head) {
        self.flush();
        self.reading.begin(head);
        let stream = RedactStream::new(self.redactor);
        self.open = Some(Lines { stream, decoder: Decoder::default(), rest: Vec::new() });
    }

    fn feed(&mut self, bytes: &[u8]) {
        let Some(open) = &mut self.open else { return };
        open.rest.extend_from_slice(&open.decoder.push(bytes));
        let whole = match memchr::memrchr(b'\n', &open.rest) {
            Some(end) => end + 1,
            None if open.rest.len() > LINE => open.rest.len(),
            None => return,
        };
        let rest = open.rest.split_off(whole);
        let text = std::mem::replace(&mut open.rest, rest);
        self.reading.feed(&open.stream.whole_text(&text));
    }
}

fn is_clean(diagnosis: &Diagnosis, redactor: &Redactor) -> bool {
    let findings = &diagnosis.findings;
    let quotes = findings.iter().flat_map(|finding| &finding.evidence).chain(&diagnosis.telling);
    let said = findings.iter().flat_map(|finding| {
        [&finding.cause, &finding.subject].into_iter().chain(finding.fixes.iter().map(|fix| &fix.text))
    });
    let out = &diagnosis.ruled_out;
    let quotes = quotes.chain(out.iter().filter_map(|out| out.evidence.as_ref()));
    let said = said.chain(out.iter().map(|out| &out.subject));
    quotes.map(|quote| &quote.text).chain(said).all(|text| redactor.line(text) == *text)
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
