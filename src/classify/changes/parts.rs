//! The parts of the evidence that a comparison needs: values and manifests with their revisions, and
//! what is known of the release.

use super::calls::{self, Asked, Call};
use super::diff::What;
use super::history::{self, Release, Row};
use crate::classify::command;
use crate::classify::decode::decode;
use crate::model::finding::Document;
use memchr::memmem;
use regex::Regex;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A text of values or a manifest above this is somebody's dump.
const MAX: usize = 64 << 20;
/// A table may stand so far behind its first word, in a text that holds much else.
const TABLE: usize = 1 << 20;
/// A status text names its release so many bytes before its revision.
const STATUS: usize = 2 << 10;

/// `failure-helm-values.yaml`, `helm-manifest-before.yaml`, `web-helm-values-r6.yaml`.
#[expect(clippy::expect_used, reason = "a constant of the source; the tests compile it")]
static FILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[/\\]|[-_.])helm[-_](values|manifest)(?:[-_](?:(before|previous|old)|(after|current|new)|r(?:ev(?:ision)?)?[-_]?(\d{1,9})))?\.(?:ya?ml|txt|json)$")
        .expect("a constant pattern")
});

/// Values or a manifest.
#[derive(Debug, Clone)]
pub(super) struct Part<'d> {
    /// What it is.
    pub(super) what: What,
    /// Its release; empty where none is named.
    pub(super) release: String,
    /// Which revision.
    pub(super) at: At,
    /// As it was printed.
    pub(super) text: Cow<'d, [u8]>,
}

/// Which revision a text is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// This one.
    Revision(u32),
    /// The last one: nothing else was asked for.
    Last,
    /// The one that the last one is compared with.
    Before,
}

/// All that the documents tell.
#[derive(Debug, Default)]
pub(super) struct Told<'d> {
    /// Values and manifests, in the order of the documents.
    pub(super) parts: Vec<Part<'d>>,
    /// The releases by name; the nameless one under the empty name.
    releases: BTreeMap<String, Release>,
    /// The releases that somebody asked about, rather than listed.
    asked: BTreeSet<String>,
}

/// Reads the documents.
pub(super) fn told(documents: &[Document]) -> Told<'_> {
    let mut told = Told::default();
    let mut rows: [Vec<(String, Row)>; 3] = Default::default();
    for document in documents.iter().filter(|document| !document.is_stderr && document.text.len() <= MAX) {
        let call = calls::call(document.argv.iter().map(String::as_str));
        told.part(document, call.as_ref());
        for row in table_rows(&document.text) {
            let release = call.as_ref().filter(|call| call.asked == Asked::History).map_or("", |call| &call.release);
            let name = if row.name.is_empty() { release.to_owned() } else { row.name.clone() };
            // A history knows every revision, a list the last one, a status what was when it was asked.
            let is_list = call.as_ref().is_some_and(|call| call.asked == Asked::List);
            let weight = if row.is_history { 2 } else { usize::from(is_list) };
            rows[weight].push((name, row));
        }
        if let Some(call) = call.filter(|call| !call.release.is_empty()) {
            told.asked.insert(call.release);
        }
    }
    for (name, row) in rows.into_iter().flatten() {
        let release = told.releases.entry(name.clone()).or_insert_with(|| Release { name, ..Release::default() });
        release.is_whole |= row.is_history;
        release.revisions.insert(row.revision.number, row.revision);
    }
    told
}

impl<'d> Told<'d> {
    /// The release that the diagnosis is about: the only one that was asked about, or the only one
    /// there is; of several, the one that `about` names.
    pub(super) fn release(&self, about: &str) -> Option<Release> {
        let named = |name: &&String| !name.is_empty();
        let asked: Vec<&String> = self.asked.iter().collect();
        let known: Vec<&String> = self.releases.keys().filter(named).collect();
        let begins = |name: &&&String| {
            about == name.as_str() || about.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('-'))
        };
        let name = match (asked.as_slice(), known.as_slice()) {
            ([one], _) | ([], [one]) => (*one).clone(),
            ([], []) => String::new(),
            ([], many) | (many, _) => {
                many.iter().filter(begins).max_by_key(|name| name.len()).map(|name| (*name).clone())?
            }
        };
        let mut release = self.releases.get(&name).cloned().unwrap_or_default();
        if let Some(nameless) = self.releases.get("").filter(|_| !name.is_empty()) {
            // A history that was saved or pasted without its call.
            release.is_whole |= nameless.is_whole;
            release.revisions.extend(nameless.revisions.clone());
        }
        release.name = name;
        Some(release)
    }

    fn part(&mut self, document: &'d Document, call: Option<&Call>) {
        if let Some(Call { asked: Asked::Get(what), release, revision }) = call {
            let at = revision.map_or(At::Last, At::Revision);
            self.push(*what, release.clone(), at, Cow::Borrowed(&document.text));
        } else if !document.argv.is_empty() {
            // Another call's output, wherever it was saved.
        } else if let Some((what, at)) = of_file(&document.file) {
            self.push(what, String::new(), at, Cow::Borrowed(&document.text));
        } else if has(&document.text, b"get values") || has(&document.text, b"get manifest") {
            self.session(&document.text);
        }
    }

    fn push(&mut self, what: What, release: String, at: At, text: Cow<'d, [u8]>) {
        let said = decode(&text);
        let said = said.trim_ascii_start();
        // What a failed call left behind is no YAML of a release.
        if said.is_empty() || said.starts_with(b"Error:") || said.starts_with(b"[the command ") {
            return;
        }
        self.parts.push(Part { what, release, at, text });
    }

    /// Values and manifests in a pasted session: from the call to the next prompt.
    fn session(&mut self, text: &[u8]) {
        let text = decode(text);
        let text = String::from_utf8_lossy(&text);
        let mut open: Option<(Call, usize)> = None;
        let mut at = 0;
        let mut found = Vec::new();
        for line in text.split_inclusive('\n') {
            let is_prompt = command::typed(line).is_some();
            if is_prompt || line.trim_start().starts_with("```") {
                if let Some((call, start)) = open.take() {
                    found.push((call, start..at));
                }
                open = calls::typed(line).filter(|_| is_prompt).map(|call| (call, at + line.len()));
            }
            at += line.len();
        }
        found.extend(open.map(|(call, start)| (call, start..at)));
        for (call, range) in found {
            if !call.release.is_empty() {
                self.asked.insert(call.release.clone());
            }
            if let (Asked::Get(what), Some(text)) = (call.asked, text.get(range)) {
                let at = call.revision.map_or(At::Last, At::Revision);
                self.push(what, call.release, at, Cow::Owned(text.as_bytes().to_vec()));
            }
        }
    }
}

/// What a file of evidence holds, by its name.
fn of_file(file: &str) -> Option<(What, At)> {
    let found = FILE.captures(file)?;
    let what = if found.get(1)?.as_str().eq_ignore_ascii_case("values") { What::Values } else { What::Manifest };
    let at = match (found.get(2), found.get(4)) {
        (Some(_), _) => At::Before,
        (None, Some(number)) => At::Revision(number.as_str().parse().ok()?),
        (None, None) => At::Last,
    };
    Some((what, at))
}

fn has(text: &[u8], word: &[u8]) -> bool {
    memmem::find(text, word).is_some()
}

/// The rows of helm's tables in a text. Texts without one, which most are, cost one look.
fn table_rows(text: &[u8]) -> Vec<Row> {
    let text = decode(text);
    let json = text.trim_ascii_start();
    if json.starts_with(b"[") || json.starts_with(b"{") {
        let is_helm = json.len() <= TABLE
            && (has(json, b"\"revision\"") || has(json, b"\"version\""))
            && has(json, b"\"status\"");
        return if is_helm { history::rows(&String::from_utf8_lossy(json)) } else { Vec::new() };
    }
    let Some(first) = memmem::find(&text, b"REVISION") else { return Vec::new() };
    let last = memmem::rfind(&text, b"REVISION").unwrap_or(first);
    let start = first.saturating_sub(STATUS);
    // From the beginning of a line.
    let start = text[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = last.saturating_add(TABLE).min(text.len());
    history::rows(&String::from_utf8_lossy(&text[start..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(file: &str, argv: &str, text: &str) -> Document {
        Document {
            file: file.to_owned(),
            argv: argv.split_whitespace().map(str::to_owned).collect(),
            is_stderr: false,
            text: text.as_bytes().to_vec(),
        }
    }

    const HISTORY: &str = "REVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\tDESCRIPTION\n6\tx\tsuperseded\tc\t\tUpgrade complete\n7\tx\tdeployed\tc\t\tUpgrade complete\n";

    #[test]
    fn files_are_known_by_their_names() {
        for (file, what) in [
            ("failure-helm-values.yaml", Some((What::Values, At::Last))),
            ("run/failure-helm-values-before.yaml", Some((What::Values, At::Before))),
            ("a\\helm_manifest_previous.yml", Some((What::Manifest, At::Before))),
            ("helm-manifest-r6.yaml", Some((What::Manifest, At::Revision(6)))),
            ("web-helm-values-revision-7.txt", Some((What::Values, At::Revision(7)))),
            ("values.yaml", None),
            ("values-local.yaml", None),
            // The second file of that name in one run.
            ("failure-helm-values-2.yaml", None),
            ("helm-values.yaml.bak", None),
        ] {
            assert_eq!(of_file(file), what, "{file}");
        }
    }

    #[test]
    fn parts_come_from_calls_files_and_sessions() {
        let session = "$ helm get values web --revision 6\nUSER-SUPPLIED VALUES:\na: 1\n$ helm get values web\nUSER-SUPPLIED VALUES:\na: 2\n";
        let documents = [
            document("x.jsonl: helm get values web", "helm get values web --revision 6", "a: 1"),
            document("failure-helm-values-before.yaml", "", "a: 0"),
            document("failure-helm-manifest-before.yaml", "", "Error: release: not found"),
            document("paste.txt", "", session),
            document("x", "kubectl get values", "a: 9"),
        ];
        let told = told(&documents);
        let parts: Vec<_> = told.parts.iter().map(|part| (part.release.as_str(), part.at, part.text.len())).collect();
        assert_eq!(
            parts,
            [
                ("web", At::Revision(6), 4),
                ("", At::Before, 4),
                ("web", At::Revision(6), "USER-SUPPLIED VALUES:\na: 1\n".len()),
                ("web", At::Last, "USER-SUPPLIED VALUES:\na: 2\n".len()),
            ]
        );
    }

    #[test]
    fn a_release_is_chosen_and_a_nameless_history_is_its_own() {
        let documents = [document("h.txt", "", HISTORY), document("x", "helm get values web", "a: 1")];
        let release = told(&documents).release("web-backend").unwrap();
        assert_eq!((release.name.as_str(), release.revisions.len(), release.is_whole), ("web", 2, true));
        let list = "NAME\tNAMESPACE\tREVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\nweb\td\t5\tx\tdeployed\tc\t\nweb-db\td\t1\tx\tfailed\tc\t\n";
        let documents = [document("l.txt", "helm list", list)];
        let told = told(&documents);
        assert_eq!(told.release("web-db-0").unwrap().name, "web-db");
        assert_eq!(told.release("other"), None);
    }

    #[test]
    fn a_list_is_overruled_by_a_history() {
        let list = "NAME\tNAMESPACE\tREVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\nweb\td\t6\tx\tdeployed\tc\t\n";
        let documents = [document("h", "helm history web", HISTORY), document("l", "helm list", list)];
        let release = told(&documents).release("").unwrap();
        assert!(matches!(release.revisions[&6].status, history::Status::Superseded));
    }
}
