//! `refloat test DIR`.

use super::context::Context;
use super::input::Evidence;
use super::{diagnose, load};
use crate::adapter::files;
use crate::error::{Code, Failure};
use crate::model::finding::FAMILIES;
use crate::model::trial::{Expectation, Samples, Score, Trial};
use crate::report::trial::{json, text};
use crate::text::{is_like, suggest};
use std::collections::BTreeSet;
use std::path::Path;

/// What labels the samples of a folder.
const LABELS: &str = "samples.toml";
/// A file of labels of more than this is none.
const MAX_LABELS: u64 = 5 << 20;

/// Diagnoses the labelled samples of a folder with the built-in symptoms and those of the task file.
pub(super) fn test(context: &Context, dir: &Path) -> Result<Code, Failure> {
    let samples = read(dir)?.samples;
    let catalog = load::catalog_if_any(context)?;
    let rules = diagnose::rules(catalog.as_ref())?;
    let ids: BTreeSet<&str> = rules.iter().map(|symptom| symptom.id.as_str()).collect();
    samples.iter().try_for_each(|(name, expected)| check(name, expected, &ids))?;
    let mut trials = Vec::new();
    for (name, expected) in &samples {
        let unhinted = |failure: Failure| Failure { hints: Vec::new(), ..failure };
        let evidence = Evidence::at(&dir.join(name)).map_err(unhinted)?;
        let diagnosis = diagnose::of_evidence(&rules, &evidence, catalog.as_ref(), context).map_err(unhinted)?;
        trials.push(Trial::new(name, expected, &diagnosis));
    }
    let score = Score::of(&trials);
    context.answer(|| text(&trials, &score, &context.out_look()), || json(&trials, &score))?;
    Ok(if score.ok == score.samples { Code::Done } else { Code::Findings })
}

fn read(dir: &Path) -> Result<Samples, Failure> {
    const FORM: &str = "[samples.\"db-down.txt\"]  family = \"database-connection\"   (docs/rules.md)";
    let path = dir.join(LABELS);
    let shown = path.display();
    let usage = |message: String| Failure::new(Code::Usage, message).hint(FORM);
    if !files::is_directory(dir) {
        return Err(usage(format!("`{}` is no folder of samples", dir.display())));
    }
    if !files::exists(&path) {
        return Err(usage(format!("`{}` has no {LABELS}: no sample is labelled", dir.display())));
    }
    let bytes = files::read_capped(&path, MAX_LABELS).map_err(|error| usage(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| usage(format!("`{shown}` is no UTF-8 text")))?;
    let samples: Samples = toml::from_str(&text)
        .map_err(|error| usage(format!("`{shown}` is wrong: {}", error.to_string().trim_end())))?;
    if samples.samples.is_empty() {
        return Err(usage(format!("`{shown}` labels no sample")));
    }
    Ok(samples)
}

/// Are these names that a diagnosis could give?
fn check(name: &str, expected: &Expectation, ids: &BTreeSet<&str>) -> Result<(), Failure> {
    let wrong = |message: String| Failure::new(Code::Usage, format!("sample `{name}`: {message}"));
    if !expected.is_sound() {
        return Err(wrong(
            "expect one of `family` and `id`, `healthy = true`, `unclassified = true`; or only `not`".into(),
        ));
    }
    let known = |what: &str, word: &str, among: &mut dyn Iterator<Item = &str>, is_known: fn(&str, &str) -> bool| {
        let among: Vec<&str> = among.collect();
        if among.iter().any(|known| is_known(word, known)) {
            return Ok(());
        }
        let failure = wrong(format!("there is no {what} `{word}`"));
        Err(match suggest(word, among) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("refloat explain   (lists the symptoms by family)"),
        })
    };
    let same: fn(&str, &str) -> bool = |word, known| word == known;
    if let Some(family) = &expected.family {
        known("family", family, &mut FAMILIES.into_iter(), same)?;
    }
    if let Some(id) = &expected.id {
        known("symptom", id, &mut ids.iter().copied(), same)?;
    }
    expected
        .not
        .iter()
        .try_for_each(|not| known("symptom or family", not, &mut ids.iter().copied().chain(FAMILIES), is_like))
}
