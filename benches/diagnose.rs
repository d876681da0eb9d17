//! How long a diagnosis takes: `cargo bench`.
//!
//! `scripts/bench-diagnose` holds the program against `rg` and `grep`, with files of a gigabyte.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench reads its samples, and ends where they are missing"
)]

mod cluster;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::recording;
use refloat::classify::rules::Rules;
use refloat::model::finding::{Document, Os, Verdict};
use std::path::Path;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(catalog::symptoms()).unwrap());

fn main() {
    divan::main();
}

/// What every start of the program pays: the catalogue becomes rules. (It is parsed once a process.)
#[divan::bench]
fn rules(bencher: Bencher<'_, '_>) {
    let symptoms = catalog::symptoms();
    bencher
        .counter(ItemsCount::new(symptoms.len()))
        .with_inputs(|| symptoms.clone())
        .bench_values(|symptoms| Rules::new(symptoms).unwrap());
}

/// Reads documents, and holds the answer against what it has to be: a wrong one is no figure.
fn read(bencher: Bencher<'_, '_>, documents: &[Document], family: &str) {
    let bytes: usize = documents.iter().map(|document| document.text.len()).sum();
    let found = diagnose(&RULES, documents, Os::Unix);
    assert_eq!(found.findings.first().map_or("", |first| first.family.as_str()), family);
    assert_eq!(found.verdict == Verdict::Healthy, family.is_empty());
    bencher.counter(BytesCount::new(bytes)).bench(|| diagnose(&RULES, documents, Os::Unix));
}

/// A whole incident, as `diagnose FILE.jsonl` reads it.
#[divan::bench(args = ["db-auth-failed", "healthy", "pod-security"])]
fn incident(bencher: Bencher<'_, '_>, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("recordings").join(format!("{name}.jsonl"));
    let documents = recording::documents(name, &std::fs::read(path).unwrap()).unwrap();
    let family = match name {
        "db-auth-failed" => "database-connection",
        "pod-security" => "quota-or-admission",
        _ => "",
    };
    read(bencher, &documents, family);
}

/// Ten megabytes of everything about 5,000 pods, of which a few fail for one reason.
#[divan::bench(sample_count = 20)]
fn cluster_of_5000_pods(bencher: Bencher<'_, '_>) {
    read(bencher, &cluster::evidence(5000, 10_000_000), "database-connection");
}

/// Ten megabytes of logs of twelve kinds in which nothing is wrong.
#[divan::bench(sample_count = 20)]
fn clean_log(bencher: Bencher<'_, '_>) {
    read(bencher, &[cluster::log("clean.log", 10_000_000, 0)], "");
}

/// One telling line in a thousand.
#[divan::bench(sample_count = 20)]
fn rare_log(bencher: Bencher<'_, '_>) {
    read(bencher, &[cluster::log("rare.log", 10_000_000, 1000)], "database-connection");
}

/// Every line is telling.
#[divan::bench(sample_count = 20)]
fn telling_log(bencher: Bencher<'_, '_>) {
    read(bencher, &[cluster::log("telling.log", 10_000_000, 1)], "database-connection");
}
