//! `kubectl rollout status`: one line whenever something changes, on standard output.
//!
//! The texts are those of kubectl's pkg/polymorphichelpers/rollout_status.go (1.10 to 1.35; before 1.11 a
//! deployment and a daemon set were not named while they were waited for).

use super::classic::compile;
use super::count::{Count, number, words};
use super::meter::Reading;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// `Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...`,
/// `… 1 of 3 updated replicas are available...`, the same of pods of a daemon set, `Waiting for
/// partitioned roll out to finish: 1 out of 2 new pods have been updated...`.
static COUNTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"^Waiting for (?:(?:deployment|daemon set) "[^"]*" rollout|rollout|partitioned roll out) to finish: (?P<current>\d+) (?:out )?of (?P<total>\d+) (?P<what>(?:new|updated) (?:replicas|pods) (?:have been updated|are available))\.\.\.$"#,
    )
});

/// What is waited for without a total: `1 old replicas are pending termination`, `Waiting for 2 pods to be
/// ready...`, `waiting for statefulset rolling update to complete 1 pods at revision web-5d6...` (so many are
/// updated), `Waiting for deployment spec update to be observed...`.
static WAITED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"^[Ww]aiting for (?:(?:(?:deployment|daemon set) "[^"]*" )?rollout to finish: (?P<old>\d+ old replicas are pending termination)|(?P<ready>\d+ pods to be ready)|(?P<set>statefulset rolling update to complete \d+ pods at revision \S+?)|(?P<spec>(?:deployment|daemon set|statefulset) spec update to be observed))\.\.\.$"#,
    )
});

/// `deployment "web" successfully rolled out`, `partitioned roll out complete: 2 new pods have been
/// updated...`, `statefulset rolling update complete 3 pods at revision web-5d6...`.
static OVER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"^(?:(?:deployment|daemon set|statefulset) "[^"]*" successfully rolled out|partitioned roll out complete: (?P<some>\d+) new pods have been updated\.\.\.|statefulset rolling update complete (?P<all>\d+) pods at revision \S+)$"#,
    )
});

/// One call; it may wait for several objects, one after the other.
#[derive(Debug, Default)]
pub(super) struct Rollout {
    count: Count,
    /// What the objects that are rolled out counted.
    before: u64,
    /// What the object that is waited for counts.
    total: u64,
    stage: Option<String>,
}

impl Rollout {
    /// Takes a line. Does it change something?
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        let line = line.trim_ascii_end();
        match line.first() {
            Some(b'W' | b'w') => self.counted(line) || self.waited(line),
            Some(b'd' | b's' | b'p') => self.over(line),
            _ => false,
        }
    }

    fn counted(&mut self, line: &[u8]) -> bool {
        let Some(found) = COUNTED.as_ref().and_then(|regex| regex.captures(line)) else { return false };
        let (Some(current), Some(total)) = (number(&found["current"]), number(&found["total"])) else { return false };
        let what = words(&found["what"]);
        // Updated ones are counted first, then those that are available: that may be fewer. Then the words say so.
        let is_taken = self.count.see(self.before.saturating_add(current), self.before.saturating_add(total), None);
        if is_taken {
            self.total = total;
        }
        self.stage = Some(if is_taken { what } else { format!("{current} of {total} {what}") });
        true
    }

    fn waited(&mut self, line: &[u8]) -> bool {
        let Some(found) = WAITED.as_ref().and_then(|regex| regex.captures(line)) else { return false };
        let what = ["old", "ready", "set", "spec"].iter().find_map(|name| found.name(name));
        self.stage = what.map(|what| words(what.as_bytes()));
        true
    }

    fn over(&mut self, line: &[u8]) -> bool {
        let Some(found) = OVER.as_ref().and_then(|regex| regex.captures(line)) else { return false };
        let pods = found.name("some").or(found.name("all")).and_then(|pods| number(pods.as_bytes()));
        let total = if self.total > 0 { self.total } else { pods.unwrap_or(0) };
        let before = self.before.saturating_add(total);
        if total > 0 && self.count.see(before, before, None) {
            self.before = before;
        }
        self.total = 0;
        self.stage = Some("rolled out".to_owned());
        true
    }

    pub(super) fn reading(&self) -> Reading {
        self.count.reading(self.stage.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Told = (String, Option<u64>, Option<u64>);

    fn told(text: &str) -> Vec<Told> {
        let mut rollout = Rollout::default();
        text.lines()
            .filter_map(|line| {
                let reading = rollout.line(line.as_bytes()).then(|| rollout.reading())?;
                Some((reading.stage.unwrap_or_default(), reading.current, reading.total))
            })
            .collect()
    }

    fn one(stage: &str, current: u64, total: u64) -> Told {
        (stage.to_owned(), Some(current), Some(total))
    }

    fn bare(stage: &str) -> Told {
        (stage.to_owned(), None, None)
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(COUNTED.is_some() && WAITED.is_some() && OVER.is_some());
    }

    #[test]
    fn a_deployment_is_counted_to_its_end() {
        assert_eq!(
            told(include_str!("../../tests/progress/rollout-deployment.txt")),
            [
                bare("deployment spec update to be observed"),
                one("new replicas have been updated", 0, 3),
                one("new replicas have been updated", 2, 3),
                one("1 old replicas are pending termination", 2, 3),
                one("1 of 3 updated replicas are available", 2, 3),
                one("updated replicas are available", 2, 3),
                one("rolled out", 3, 3),
            ]
        );
        // Asked too late, it says no more than that.
        assert_eq!(told("deployment \"web\" successfully rolled out"), [bare("rolled out")]);
    }

    #[test]
    fn other_kinds_and_versions_are_read() {
        assert_eq!(
            told(include_str!("../../tests/progress/rollout-others.txt")),
            [
                one("new pods have been updated", 1, 2),
                one("updated pods are available", 1, 2),
                one("rolled out", 2, 2),
                one("2 pods to be ready", 2, 2),
                one("statefulset rolling update to complete 1 pods at revision web-5d6cb7f7d9", 2, 2),
                one("rolled out", 5, 5),
                one("new pods have been updated", 5, 7),
                one("rolled out", 7, 7),
                one("new replicas have been updated", 8, 9),
            ]
        );
    }

    #[test]
    fn other_lines_say_nothing() {
        let text = "error: deployment \"web\" exceeded its progress deadline\nWaiting for a bus\n\
                    Waiting for deployment \"web\" rollout to finish: 9999999999999999999 out of 3 new replicas have been updated...\n\
                    E1123 01:24:15.158838 29886 memcache.go:265] x\n";
        assert_eq!(told(text), []);
        let more = "Waiting for deployment \"web\" rollout to finish: 4 out of 3 new replicas have been updated...";
        assert_eq!(told(more), [bare("4 of 3 new replicas have been updated")]);
    }

    proptest! {
        #[test]
        fn nothing_goes_back(lines in proptest::collection::vec(
            prop_oneof![
                "Waiting for deployment \"a\" rollout to finish: [0-9] (out of|of) [0-9] (new replicas have been updated|updated replicas are available)\\.\\.\\.",
                "(deployment \"a\" successfully rolled out|partitioned roll out complete: [0-9] new pods have been updated\\.\\.\\.)",
                "Waiting for [0-9] pods to be ready\\.\\.\\.",
            ], 0..40)) {
            let mut rollout = Rollout::default();
            let mut last = 0;
            for line in lines {
                rollout.line(line.as_bytes());
                let reading = rollout.reading();
                if let (Some(current), Some(total)) = (reading.current, reading.total) {
                    prop_assert!(last <= current && current <= total);
                    last = current;
                }
            }
        }
    }
}
