//! What the cluster warned of, as `kubectl get events` tells it, with the time at which it did.

use super::eventrow;
use crate::model::finding::Document;
use crate::model::incident::Warning;

/// So many different ones are taken from the texts of one run; beyond it nobody reads them.
const MOST: usize = 200;
/// A message is a line, not a page.
const LONGEST: usize = 300;

/// The warnings in the texts that list events, each once, newest last. `captured` says when a text was printed, in
/// milliseconds since 1970-01-01 UTC: ages are counted back from there.
pub fn warnings(documents: &[Document], captured: &dyn Fn(&Document) -> u64) -> Vec<Warning> {
    let mut all: Vec<Warning> = Vec::new();
    for document in documents.iter().filter(|document| !document.is_stderr && lists_events(&document.argv)) {
        let now = captured(document);
        for line in String::from_utf8_lossy(&document.text).lines() {
            let Some(row) = eventrow::read(line).filter(|row| row.warning && !row.object.is_empty()) else { continue };
            let message: String = line.get(row.message..).unwrap_or_default().trim().chars().take(LONGEST).collect();
            let seen = row.age.map(|age| now.saturating_sub(age.saturating_mul(1000)));
            let new = Warning {
                seen,
                reason: row.reason,
                object: row.object,
                message,
                count: row.count,
                kind: "Warning".into(),
            };
            let same = |known: &&mut Warning| {
                known.object == new.object && known.reason == new.reason && known.message == new.message
            };
            match all.iter_mut().find(same) {
                Some(known) => {
                    known.seen = known.seen.max(new.seen);
                    known.count = known.count.max(new.count);
                }
                None => all.push(new),
            }
        }
    }
    all.sort_by_key(|warning| warning.seen);
    // The newest matter most.
    all.split_off(all.len().saturating_sub(MOST))
}

/// `kubectl get events`, `kubectl events`.
fn lists_events(argv: &[String]) -> bool {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    matches!(words.as_slice(), ["kubectl", "get", "events" | "event" | "ev", ..] | ["kubectl", "events", ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document(argv: &str, text: &str) -> Document {
        let argv = argv.split(' ').map(str::to_owned).collect();
        Document { file: "failure-events.txt".into(), argv, is_stderr: false, text: text.into() }
    }

    const EVENTS: &str = "\
LAST SEEN   TYPE      REASON              OBJECT                    MESSAGE
4m          Normal    Scheduled           pod/web-6d4cf56db6-x2x4z  Successfully assigned default/web
90s         Warning   ErrImageNeverPull   pod/web-6d4cf56db6-x2x4z  spec.containers{web}: Container image \"web:2\" is not present
30s         Warning   BackOff             pod/web-6d4cf56db6-x2x4z  Back-off restarting failed container
10s         Warning   BackOff             pod/web-6d4cf56db6-x2x4z  Back-off restarting failed container
";

    #[test]
    fn warnings_have_the_time_at_which_they_were_seen() {
        let texts = [
            document("kubectl get events --sort-by=.lastTimestamp", EVENTS),
            document("kubectl get events", EVENTS),
            document("kubectl describe pod web", EVENTS),
        ];
        let found = warnings(&texts, &|_| 1_000_000);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.seen, one.reason.as_str(), one.object.as_str(), one.message.as_str()))
            .collect();
        let pod = "pod/web-6d4cf56db6-x2x4z";
        assert_eq!(
            told,
            [
                (Some(910_000), "ErrImageNeverPull", pod, "Container image \"web:2\" is not present"),
                (Some(990_000), "BackOff", pod, "Back-off restarting failed container"),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([0-9a-z ]{0,9}(Warning|Normal) {1,3}[A-Z][a-z]{1,5} {1,3}pod/[a-zé]{0,3} {0,3}\\PC{0,9}\n?){0,9}", now in any::<u64>()) {
            let found = warnings(&[document("kubectl get events", &text)], &|_| now);
            prop_assert!(found.iter().all(|one| one.seen.is_none_or(|seen| seen <= now)));
        }
    }
}
