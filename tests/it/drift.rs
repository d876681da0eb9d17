//! The wordings of the tools drift from version to version; the diagnosis must not.
//!
//! Every text of `tests/drift/*.toml` is rendered as each version prints it, in everything that shows
//! it. The family must be named first, whatever the version.

use super::screens::screens;
use super::wordings::sheets;
use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::rules::Rules;
use refloat::model::finding::{FAMILIES, Os};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// At least this share, in percent: of all renderings, and of those that differ from each other.
const SHARE: f64 = 98.0;

#[test]
fn every_version_leads_to_the_same_family() {
    let rules = Rules::new(catalog::symptoms()).unwrap();
    let (mut all, mut right, mut causes) = (0_usize, 0_usize, 0_usize);
    // Versions often agree: each text is diagnosed once, and counted for each version.
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut right_texts = BTreeSet::new();
    let mut misses: BTreeMap<(String, &str, String), Vec<String>> = BTreeMap::new();
    let mut tools: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for sheet in sheets() {
        for cause in &sheet.cause {
            causes += 1;
            assert!(FAMILIES.contains(&cause.family.as_str()), "{}: {}", cause.name, cause.family);
            assert!(!cause.source.is_empty(), "{} does not say where its text comes from", cause.name);
            let before = all;
            for version in sheet.versions() {
                for (index, wording) in cause.at(version).enumerate() {
                    for (screen, documents) in screens(&sheet.tool, cause, wording, version) {
                        all += 1;
                        let of_tool = tools.entry(sheet.tool.clone()).or_default();
                        of_tool.0 += 1;
                        let key = format!("{documents:?}");
                        let named = seen.entry(key.clone()).or_insert_with(|| {
                            let found = diagnose(&rules, &documents, Os::Unix);
                            found.findings.first().map_or(format!("{:?}", found.verdict), |first| {
                                format!("{} ({})", first.family, first.id)
                            })
                        });
                        if named.split(' ').next() == Some(cause.family.as_str()) {
                            right += 1;
                            of_tool.1 += 1;
                            right_texts.insert(key);
                        } else {
                            let miss =
                                (format!("{} / {} / {}", sheet.tool, cause.family, cause.name), screen, named.clone());
                            misses.entry(miss).or_default().push(format!("{version}#{index}"));
                        }
                    }
                }
            }
            assert!(all > before, "{}: no version prints it", cause.name);
        }
    }
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole as f64;
    let mut story = format!(
        "{causes} causes, {all} renderings: {right} right ({:.2} %); {} texts that differ: {} right ({:.2} %)\n",
        share(right, all),
        seen.len(),
        right_texts.len(),
        share(right_texts.len(), seen.len()),
    );
    for (tool, (here, right)) in &tools {
        writeln!(story, "  {tool:<11} {right:>4} of {here:>4}").unwrap();
    }
    for ((cause, screen, named), versions) in &misses {
        writeln!(story, "  missed: {cause} [{screen}] → {named}: {}", versions.join(" ")).unwrap();
    }
    eprintln!("{story}");
    assert!(causes >= 60 && all >= 400, "{story}");
    assert!(share(right, all) >= SHARE && share(right_texts.len(), seen.len()) >= SHARE, "{story}");
}
