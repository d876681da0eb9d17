//! The whole way: bytes → tree → catalog, or one report.

use super::book::Book;
use super::calls::Calls;
use super::decode::decode;
use super::fault::{Fault, Faults, Place, Texts};
use super::format;
use super::input::{Input, Loaded, Os, Source};
use super::scope::Needs;
use super::shape::Shape;
use super::spots::Spots;
use super::tree::Node;
use super::vars::{self, Settled};
use super::walk::Walker;
use super::{checks, incident, operations, patterns, redact, rules, symptoms, syntax, targets, tasks, tools};
use crate::error::Failure;
use crate::model::catalog::Catalog;
use std::collections::BTreeSet;
use toml::de::DeTable;

/// The version of the format that this program reads.
const VERSION: usize = 1;

/// Reads `tasks.toml` for this machine and this call.
///
/// # Errors
/// Every error of the files in one report (exit code 78); or, when the files are right, what is
/// wrong with `--set` and the environment (exit code 2).
pub fn load(input: &Input<'_>) -> Result<Loaded, Failure> {
    read(input, false).map(|(loaded, _)| loaded)
}

/// Reads it to lint its symptoms: what is wrong with their samples and with the names in them is left to
/// the linter, and with it where they stand.
///
/// # Errors
/// As [`load`].
pub fn load_to_lint(input: &Input<'_>) -> Result<(Loaded, Spots), Failure> {
    read(input, true)
}

fn read(input: &Input<'_>, linted: bool) -> Result<(Loaded, Spots), Failure> {
    let reading = Reading { input, linted };
    let mut texts = Texts::default();
    for source in std::iter::once(&input.file).chain(&input.local) {
        texts.add(&source.shown, decode(&source.shown, &source.text)?);
    }
    let mut faults = Faults::default();
    let mut secrets = Vec::new();
    let shapes: [&'static Shape; 2] = [&format::FILE, &format::LOCAL];
    let files = if input.local.is_some() { 2 } else { 1 };
    let mut nodes: Vec<Option<Node>> =
        (0..files).zip(shapes).map(|(file, shape)| parse(file, &texts, shape, &mut faults, &mut secrets)).collect();
    let [Some(root), rest @ ..] = nodes.as_mut_slice() else {
        return Err(faults.into_failure(&texts.masked(&secrets), input.color));
    };
    version(root, &mut faults);
    let local = rest.first().and_then(Option::as_ref);
    let settled = vars::settle(root, local, input, &texts, &mut faults);
    patterns::fill(root, &settled.vars, &mut faults);

    let mut warnings: BTreeSet<String> = settled.warnings.iter().cloned().collect();
    // A file is right on every system or wrong on every system: the others are checked as well.
    for os in Os::ALL.into_iter().filter(|os| *os != input.os && differs(root)) {
        draw(root, os, &reading, &settled, &texts, &mut faults, &mut warnings);
    }
    let catalog = draw(root, input.os, &reading, &settled, &texts, &mut faults, &mut warnings);
    if !faults.is_empty() {
        return Err(faults.into_failure(&texts.masked(&secrets), input.color));
    }
    match settled.usage {
        Some(usage) => Err(usage),
        None => {
            let spots = Spots::gather(root, texts.masked(&secrets));
            Ok((Loaded { catalog, warnings: warnings.into_iter().collect() }, spots))
        }
    }
}

/// The tree of one file; `None` when its syntax is wrong, for then little can be said of the rest.
fn parse(
    file: usize,
    texts: &Texts,
    shape: &'static Shape,
    faults: &mut Faults,
    secrets: &mut Vec<Place>,
) -> Option<Node> {
    let text = texts.text(file);
    let (table, errors) = DeTable::parse_recoverable(text);
    if file == 0 {
        secrets.extend(vars::secrets(table.get_ref()));
    }
    if !errors.is_empty() {
        if file == 0 {
            secrets.extend(vars::likely_secrets(text));
        }
        syntax::report(file, text, &errors, faults);
        return None;
    }
    let start = Place { file, start: 0, end: 0 };
    Some(Walker { file, text, faults }.table(shape, table.get_ref(), start))
}

fn version(root: &Node, faults: &mut Faults) {
    if let Some(version) = root.number("version").filter(|version| *version > VERSION) {
        let fault = Fault::new(root.value_place("version"), format!("version {version} of the format is not known"));
        faults.push(fault.label(format!("this refloat reads version {VERSION}")));
    }
}

fn differs(root: &Node) -> bool {
    let checks = root.table_map("checks").map(|(_, check)| check);
    let steps = root.table_map("tasks").flat_map(|(_, task)| task.tables("steps").chain(task.tables("finally")));
    checks.chain(steps).any(Node::differs_by_system)
}

/// What is read, and for whom.
struct Reading<'a> {
    input: &'a Input<'a>,
    /// For the linter?
    linted: bool,
}

/// The catalog on one system.
fn draw(
    root: &Node,
    os: Os,
    reading: &Reading<'_>,
    settled: &Settled,
    texts: &Texts,
    faults: &mut Faults,
    warnings: &mut BTreeSet<String>,
) -> Catalog {
    let Reading { input, linted } = *reading;
    let keys = |map: &str| root.map(map).iter().map(|entry| entry.key.clone()).collect::<BTreeSet<_>>();
    let facts = tasks::facts(root, faults);
    let mut symptom_ids = keys("symptoms");
    symptom_ids.extend(input.known_symptoms.iter().map(|id| (*id).to_owned()));
    let mut book = Book {
        texts,
        os,
        vars: &settled.vars,
        var_names: keys("vars"),
        tools: keys("tools"),
        checks: keys("checks"),
        tasks: facts,
        linted,
        symptoms: symptom_ids,
        faults,
        warnings,
    };
    let mut calls = Calls::default();
    let mut needs = Needs::default();
    let Source { path, .. } = &input.file;
    let mut catalog = Catalog { path: path.clone(), vars: settled.vars.clone(), ..Catalog::default() };
    catalog.app = root.table("app").map(|app| app.text_or_empty("name")).unwrap_or_default();
    for (entry, node) in root.table_map("tools") {
        catalog.tools.insert(entry.key.clone(), tools::draw(entry, node, &mut book));
    }
    for (entry, node) in root.table_map("checks") {
        if let Some(check) = checks::draw(entry, node, &mut book, &mut needs) {
            catalog.checks.insert(entry.key.clone(), check);
        }
    }
    for (entry, node) in root.table_map("tasks") {
        catalog.tasks.push(tasks::draw(entry, node, root, &catalog.checks, &mut book, &mut calls, &mut needs));
    }
    for (entry, node) in root.table_map("targets") {
        catalog.targets.extend(targets::draw(entry, node, &mut book).map(|target| (entry.key.clone(), target)));
    }
    catalog.operations = operations::draw(root, &mut book);
    catalog.parity = root.table("parity").and_then(|node| targets::parity(node, root, &mut book));
    catalog.rules = rules::draw(root, &mut book);
    for (entry, node) in root.table_map("symptoms") {
        catalog.symptoms.extend(symptoms::draw(entry, node, &mut book));
    }
    catalog.diagnose = root.table("diagnose").and_then(|node| diagnose(node, &mut book));
    catalog.incident = incident::draw(root, &mut book);
    catalog.redact = root.table("redact").map(|node| redact::draw(node, &mut book)).unwrap_or_default();
    calls.check(&mut book);
    needs.finish(&mut book);
    catalog
}

/// The task that a live diagnosis runs: it must run as it is, and only look.
fn diagnose(node: &Node, book: &mut Book<'_>) -> Option<String> {
    tasks::that_looks(node.item("task")?, "a diagnosis", book)
}
