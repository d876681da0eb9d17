//! Diagnosis from the outside: the catalogue against its own examples, recordings of real incidents,
//! texts with noise around them, and any bytes at all.

use proptest::prelude::*;
use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::recording;
use refloat::classify::rules::Rules;
use refloat::model::finding::{Diagnosis, Document, FAMILIES, Os, Role, Source, Symptom, Verdict};
use refloat::model::pattern::Pattern;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(catalog::symptoms()).unwrap());

fn document(text: &str) -> Document {
    Document { file: "text".into(), text: text.as_bytes().to_vec(), ..Document::default() }
}

fn read(text: &str) -> Diagnosis {
    diagnose(&RULES, &[document(text)], Os::Unix)
}

/// The family named first; empty for none.
fn first(diagnosis: &Diagnosis) -> &str {
    diagnosis.findings.first().map_or("", |finding| finding.family.as_str())
}

fn assert_quotes_stand(diagnosis: &Diagnosis, documents: &[Document]) {
    for quote in diagnosis.findings.iter().flat_map(|finding| &finding.evidence).chain(&diagnosis.telling) {
        let stands = documents.iter().filter(|document| document.file == quote.file).any(|document| {
            let text = String::from_utf8_lossy(&document.text).into_owned();
            text.split('\n').nth(quote.line - 1).is_some_and(|line| line.trim_end_matches('\r') == quote.text)
        });
        assert!(stands, "{quote:?}");
        if let Some((start, end)) = quote.span {
            assert!(start < end && quote.text.get(start..end).is_some(), "{quote:?}");
        }
    }
}

fn recordings() -> BTreeMap<String, String> {
    let labels = std::fs::read_to_string(Path::new("tests/recordings/labels.json")).unwrap();
    serde_json::from_str(&labels).unwrap()
}

fn recorded(name: &str) -> Vec<Document> {
    let bytes = std::fs::read(format!("tests/recordings/{name}.jsonl")).unwrap();
    assert!(recording::looks_like_recording(&bytes));
    recording::documents(&format!("{name}.jsonl"), &bytes).unwrap()
}

#[test]
fn every_recorded_incident_names_its_family_first() {
    let labels = recordings();
    assert!(labels.len() >= 22);
    for (name, label) in &labels {
        let documents = recorded(name);
        let diagnosis = diagnose(&RULES, &documents, Os::Unix);
        if label == "healthy" {
            assert_eq!((diagnosis.verdict, diagnosis.findings.len()), (Verdict::Healthy, 0), "{name}");
        } else {
            assert_eq!(diagnosis.verdict, Verdict::Failing, "{name}");
            assert_eq!(first(&diagnosis), label, "{name}");
            assert_eq!(diagnosis.findings[0].role, Role::Root, "{name}");
        }
        assert_quotes_stand(&diagnosis, &documents);
    }
}

#[test]
fn noise_around_an_incident_changes_nothing() {
    let noise = [
        "NAME      READY   STATUS      RESTARTS     AGE\nother-0   1/1     Running     1 (3d ago)   9d\njob-x7k2p 0/1     Completed   0            9d\n",
        "LAST SEEN   TYPE      REASON             OBJECT        MESSAGE\n59m         Warning   FailedScheduling   pod/other-0   0/1 nodes are available: 1 Insufficient cpu.\n58m         Normal    Scheduled          pod/other-0   Successfully assigned default/other-0 to minikube\n",
        "INFO worker finished: 0 errors, 0 failed\n",
        "error-pages deployed; see the docs for `CrashLoopBackOff` and what to do about it\n",
    ];
    for (name, label) in recordings() {
        let mut documents = recorded(&name);
        for (index, text) in noise.iter().enumerate() {
            documents.insert(index, Document { file: format!("noise-{index}.txt"), ..document(text) });
        }
        let diagnosis = diagnose(&RULES, &documents, Os::Unix);
        let label = if label == "healthy" { "" } else { label.as_str() };
        assert_eq!(first(&diagnosis), label, "{name}");
    }
}

#[test]
fn every_example_is_recognised_and_no_counter_example_is() {
    for symptom in RULES.iter() {
        assert!(!symptom.examples.is_empty(), "{} has no example", symptom.id);
        let patterns: Vec<Pattern> = symptom.any.iter().map(|source| Pattern::new(source).unwrap()).collect();
        let matches = |text: &str| patterns.iter().any(|pattern| pattern.is_match(text.as_bytes()));
        for example in &symptom.examples {
            assert!(matches(example), "{}: {example}", symptom.id);
            let unless = symptom.unless.iter().map(|source| Pattern::new(source).unwrap());
            let line = example.lines().find(|line| matches(line)).unwrap_or(example);
            assert!(unless.into_iter().all(|pattern| !pattern.is_match(line.as_bytes())), "{}: {example}", symptom.id);
        }
        for counter in &symptom.counter {
            let found = read(counter).findings.iter().any(|finding| finding.id == symptom.id);
            assert!(!found, "{}: {counter}", symptom.id);
        }
    }
}

#[test]
fn every_example_alone_leads_to_its_family() {
    let mut astray = Vec::new();
    for symptom in RULES.iter().filter(|symptom| symptom.role != Role::Transient) {
        for example in &symptom.examples {
            let diagnosis = read(example);
            let named: Vec<&str> = diagnosis.findings.iter().map(|finding| finding.id.as_str()).collect();
            if first(&diagnosis) != symptom.family {
                astray.push(format!("{} → {named:?}: {example}", symptom.id));
            }
            assert_quotes_stand(&diagnosis, &[document(example)]);
        }
    }
    assert!(astray.is_empty(), "{astray:#?}");
}

#[test]
fn the_catalogue_is_sound() {
    let symptoms: Vec<&Symptom> = RULES.iter().collect();
    let mut dangling = Vec::new();
    let ids: BTreeSet<&str> = symptoms.iter().map(|symptom| symptom.id.as_str()).collect();
    for symptom in &symptoms {
        assert!(FAMILIES.contains(&symptom.family.as_str()), "{}: family {}", symptom.id, symptom.family);
        assert!(symptom.layer <= 12 && !symptom.cause.is_empty() && !symptom.fix.is_empty(), "{}", symptom.id);
        assert!(symptom.origin.is_some(), "{} does not say where its text comes from", symptom.id);
        assert!(!symptom.sources.contains(&Source::Manifest), "{}", symptom.id);
        for pattern in &symptom.explains {
            if !ids.iter().any(|id| *id != symptom.id && is_like(pattern, id)) {
                dangling.push(format!("{} explains `{pattern}`", symptom.id));
            }
        }
        for word in ["password", "secret", "token", "apikey"] {
            assert!(!symptom.cause.contains(&format!("{{{word}")), "{} would print a secret", symptom.id);
        }
    }
    assert!(dangling.is_empty(), "{dangling:#?}");
    let families: BTreeSet<&str> = symptoms.iter().map(|symptom| symptom.family.as_str()).collect();
    assert_eq!(families, FAMILIES.into_iter().collect(), "a family without a symptom");
}

fn is_like(pattern: &str, id: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => id.len() >= head.len() + tail.len() && id.starts_with(head) && id.ends_with(tail),
        None => pattern == id,
    }
}

#[test]
fn nothing_explains_itself() {
    let symptoms: Vec<&Symptom> = RULES.iter().collect();
    let effects: Vec<Vec<usize>> = symptoms
        .iter()
        .map(|cause| {
            (0..symptoms.len())
                .filter(|other| symptoms[*other].id != cause.id)
                .filter(|other| cause.explains.iter().any(|pattern| is_like(pattern, &symptoms[*other].id)))
                .collect()
        })
        .collect();
    // Remove symptoms that explain nothing that is left, until none is left: only a circle stays.
    let mut left: BTreeSet<usize> = (0..symptoms.len()).collect();
    loop {
        let free: Vec<usize> =
            left.iter().copied().filter(|index| effects[*index].iter().all(|effect| !left.contains(effect))).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|index| !free.contains(index));
    }
    let circle: Vec<&str> = left.iter().map(|index| symptoms[*index].id.as_str()).collect();
    assert!(circle.is_empty(), "{circle:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_give_a_diagnosis(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let document = Document { file: "x".into(), text: bytes, ..Document::default() };
        let _ = diagnose(&RULES, &[document], Os::Windows);
    }

    #[test]
    fn quotes_stand_in_any_shuffle_of_real_lines(picks in prop::collection::vec((0usize..22, 0usize..400), 1..60), crlf: bool) {
        let names: Vec<String> = recordings().into_keys().collect();
        let mut text = String::new();
        for (name, line) in picks {
            let documents = recorded(&names[name % names.len()]);
            let all: Vec<String> = documents
                .iter()
                .flat_map(|document| String::from_utf8_lossy(&document.text).lines().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            text.push_str(&all[line % all.len()]);
            text.push_str(if crlf { "\r\n" } else { "\n" });
        }
        let document = document(&text);
        let diagnosis = diagnose(&RULES, std::slice::from_ref(&document), Os::Unix);
        assert_quotes_stand(&diagnosis, &[document]);
    }
}
