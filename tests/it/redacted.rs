//! A diagnosis reads the same before and after redaction: what is hidden is nothing that it needs.

use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::recording;
use refloat::classify::rules::Rules;
use refloat::model::finding::{Diagnosis, Document, Os};
use refloat::run::redact::Redactor;
use refloat::run::redact_stream::RedactStream;
use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(catalog::symptoms()).unwrap());

fn recordings() -> Vec<(String, Vec<Document>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "jsonl") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let documents = recording::documents(&name, &std::fs::read(&path).unwrap()).unwrap();
            all.push((name, documents));
        }
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
}

/// What the recorded app's Secrets hold: a run would have learned it from the cluster.
fn learned(documents: &[Document]) -> Redactor {
    let key = Regex::new(r#"(?:DATABASE_URL|BETTER_AUTH_SECRET|ANTHROPIC_API_KEY)"?\s*[:=]\s*"?([^"\s,}]+)"#).unwrap();
    let redactor = Redactor::new(&[]);
    for document in documents {
        let text = String::from_utf8_lossy(&document.text).into_owned();
        key.captures_iter(&text).for_each(|found| redactor.learn(&found[1]));
    }
    redactor
}

fn hidden(redactor: &Redactor, document: &Document) -> Document {
    Document { text: RedactStream::new(redactor).whole_text(&document.text), ..document.clone() }
}

/// Everything but the quoted words.
fn outline(redactor: &Redactor, diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = vec![format!("{:?}", diagnosis.verdict)];
    for finding in &diagnosis.findings {
        let places: Vec<String> =
            finding.evidence.iter().map(|quote| format!("{}:{}", quote.file, quote.line)).collect();
        lines.push(format!(
            "{} {} {:?} {:?} [{}] {:?}",
            finding.id,
            finding.family,
            finding.role,
            finding.confidence,
            redactor.line(&finding.subject),
            places
        ));
    }
    lines.extend(diagnosis.telling.iter().map(|quote| format!("telling {}:{}", quote.file, quote.line)));
    lines
}

#[test]
fn every_recording_is_diagnosed_the_same_with_its_secrets_hidden() {
    let mut masks = 0;
    let all = recordings();
    assert!(all.len() >= 25, "{}", all.len());
    for (name, documents) in all {
        let redactor = learned(&documents);
        let redacted: Vec<Document> = documents.iter().map(|document| hidden(&redactor, document)).collect();
        masks += redacted
            .iter()
            .map(|document| memchr::memmem::find_iter(&document.text, b"[hidden ").count())
            .sum::<usize>();
        let before = outline(&redactor, &diagnose(&RULES, &documents, Os::Unix));
        let after = outline(&redactor, &diagnose(&RULES, &redacted, Os::Unix));
        assert_eq!(before, after, "{name}");
    }
    // Otherwise it would show nothing.
    assert!(masks > 100, "{masks}");
}

/// Every example of every symptom, a tool's real words, is still known by it.
#[test]
fn every_symptom_knows_its_examples_with_their_secrets_hidden() {
    let redactor = Redactor::new(&[]);
    let mut changed = 0;
    let mut lost = Vec::new();
    for symptom in RULES.iter() {
        for example in &symptom.examples {
            let document =
                Document { file: "text".into(), text: example.text.clone().into_bytes(), ..Document::default() };
            let redacted = hidden(&redactor, &document);
            if redacted.text == document.text {
                continue;
            }
            changed += 1;
            let found = |document: &Document| {
                symptom.any.iter().any(|pattern| {
                    refloat::model::pattern::Pattern::new(pattern).is_ok_and(|pattern| pattern.is_match(&document.text))
                })
            };
            if found(&document) && !found(&redacted) {
                lost.push(format!("{}: {}", symptom.id, String::from_utf8_lossy(&redacted.text)));
            }
        }
    }
    assert!(lost.is_empty(), "of {changed} examples with a secret:\n{}", lost.join("\n"));
}
