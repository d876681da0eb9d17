//! Joins what the last revision changed to a diagnosis, and says whether going back helps.

use super::diff::{self, Cannot, Differs, What};
use super::history::Release;
use super::parts::{self, At, Part};
use super::relation::{self, is_noise};
use super::rollback::{self, Known};
use crate::model::finding::{Changes, Diagnosis, Document, Finding, Role, Verdict};
use regex::bytes::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

pub use super::diff::Hide;

/// So many changed fields are told; the rest is counted.
pub const FIELDS: usize = 200;

/// The kind and the name of an object that runs pods, as manifests write them.
#[expect(clippy::expect_used, reason = "a constant of the source; the tests compile it")]
static WORKLOAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^kind:\s*(?:Deployment|StatefulSet|DaemonSet|CronJob|Job|Pod)\s*$").expect("a constant pattern")
});
#[expect(clippy::expect_used, reason = "a constant of the source; the tests compile it")]
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m)^(?:metadata:\s*\{(?:[^}\n]*,)?\s*name:|  name:)\s*["']?([A-Za-z0-9.\-]+)"#)
        .expect("a constant pattern")
});

/// Fills `changes`, or the reason why there are none, and `rollback`. The documents may hold secrets;
/// what is told holds none: `hide` sees every text before it is compared.
pub fn join(diagnosis: &mut Diagnosis, documents: &[Document], hide: &dyn Hide) {
    if diagnosis.verdict == Verdict::Healthy {
        return;
    }
    let told = parts::told(documents);
    let roots: Vec<&Finding> = roots(diagnosis);
    let about = roots.first().map_or("", |root| root.subject.as_str());
    let release = told.release(about);
    let compared = match &release {
        Some(release) => compare(release, &told.parts, hide),
        None => Compared::default(),
    };
    let workloads = workloads(&told.parts);
    let is_whole = compared.is_whole;
    let changes = compared.fields.map(|fields| {
        let mut fields = relation::ranked(fields, &roots, &workloads);
        let more = fields.len().saturating_sub(FIELDS);
        fields.truncate(FIELDS);
        Changes { from: compared.from, to: compared.to, fields, more }
    });
    let is_near = changes.as_ref().is_some_and(|changes| {
        let name = roots.first().map_or("", |root| crate::classify::table::workload(&root.subject));
        changes.fields.iter().any(|change| {
            let (head, path) = change.field.split_once(": ").unwrap_or_default();
            !name.is_empty() && !is_noise(path) && head.ends_with(&format!("/{name}"))
        })
    });
    let rollback =
        rollback::advice(diagnosis, release.as_ref(), Known { changes: changes.as_ref(), is_whole, is_near });
    diagnosis.no_changes = compared.why_not.filter(|_| changes.is_none());
    diagnosis.changes = changes;
    diagnosis.rollback = rollback;
}

/// The findings that a change may be behind.
fn roots(diagnosis: &Diagnosis) -> Vec<&Finding> {
    let roots: Vec<&Finding> = diagnosis.findings.iter().filter(|finding| finding.role != Role::Consequence).collect();
    if roots.is_empty() { diagnosis.findings.first().into_iter().collect() } else { roots }
}

/// What came of a comparison.
#[derive(Default)]
struct Compared {
    from: Option<u32>,
    to: Option<u32>,
    fields: Option<Vec<Differs>>,
    /// The manifests were compared.
    is_whole: bool,
    why_not: Option<String>,
}

fn compare(release: &Release, parts: &[Part<'_>], hide: &dyn Hide) -> Compared {
    let last = release.last().map(|revision| revision.number);
    let before = release.before().map(|revision| revision.number);
    let ours = |part: &&Part<'_>| part.release.is_empty() || release.name.is_empty() || part.release == release.name;
    let parts: Vec<&Part<'_>> = parts.iter().filter(ours).collect();
    let numbers: BTreeSet<u32> =
        parts.iter().filter_map(|part| if let At::Revision(number) = part.at { Some(number) } else { None }).collect();
    // Without a history the numbers of the texts themselves are what there is.
    let has_last = parts.iter().any(|part| part.at == At::Last);
    let to = last.or_else(|| numbers.last().copied().filter(|_| !has_last));
    let from = before.filter(|number| numbers.contains(number) || parts.iter().any(|part| part.at == At::Before));
    let earlier = |number: &&u32| to.is_none_or(|to| **number < to);
    let from = from.or_else(|| numbers.iter().rev().find(earlier).copied());
    let from = if parts.iter().any(|part| part.at == At::Before) { from.or(before) } else { from };
    let mut compared = Compared { from, to, ..Compared::default() };
    if let (Some(to), true, None) = (last, release.is_whole, before) {
        compared.why_not = Some(format!("revision {to} has no earlier revision"));
        return compared;
    }
    let mut fields = Vec::new();
    let mut any = false;
    for what in [What::Values, What::AllValues, What::Manifest] {
        let of = |wanted: &dyn Fn(At) -> bool| parts.iter().rev().find(|part| part.what == what && wanted(part.at));
        let new = of(&|at| to.is_some_and(|to| at == At::Revision(to))).or_else(|| of(&|at| at == At::Last));
        let old = of(&|at| from.is_some_and(|from| at == At::Revision(from))).or_else(|| of(&|at| at == At::Before));
        let (Some(old), Some(new)) = (old, new) else { continue };
        match diff::between(what, &old.text, &new.text, hide) {
            Ok(found) => {
                any = true;
                compared.is_whole |= what == What::Manifest;
                fields.extend(found);
            }
            Err(Cannot::Large) => {
                compared.why_not = Some(format!("{} differ in too much to compare", what.words()));
                return compared;
            }
            Err(Cannot::Broken(is_old, line)) => {
                let which = if is_old { from } else { to };
                let of = which.map_or_else(
                    || if is_old { "the earlier revision".to_owned() } else { "the last revision".to_owned() },
                    |number| format!("revision {number}"),
                );
                compared.why_not = Some(format!("{} of {of} cannot be read as YAML (line {line})", what.words()));
                return compared;
            }
        }
    }
    if any {
        compared.fields = Some(fields);
    } else if let (Some(from), Some(_)) = (before, last) {
        let name = if release.name.is_empty() { "RELEASE" } else { &release.name };
        compared.why_not =
            Some(format!("what revision {from} deployed was not read: helm get manifest {name} --revision {from}"));
    }
    compared
}

/// The names of what runs pods, in all manifests: those that are the same on both sides, too.
fn workloads(parts: &[Part<'_>]) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for part in parts.iter().filter(|part| part.what == What::Manifest) {
        for found in WORKLOAD.find_iter(&part.text) {
            let rest = &part.text[found.end()..];
            let rest = &rest[..rest.len().min(4096)];
            let end = memchr::memmem::find(rest, b"\n---").unwrap_or(rest.len());
            if let Some(name) = NAME.captures(&rest[..end]).and_then(|found| found.get(1)) {
                out.insert(String::from_utf8_lossy(name.as_bytes()).into_owned());
            }
        }
    }
    out
}
