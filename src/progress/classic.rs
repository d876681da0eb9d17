//! Docker's classic builder.
//!
//! It works through the instructions one after the other and numbers every one of them, `LABEL` and `ENV`
//! too (docker/docker, builder/dockerfile/dispatchers.go and evaluator.go: `Step %d/%d : %s`). What a `RUN`
//! prints comes between, as it is; so a step counts only where it is the next one.

use super::count::{Count, number, words};
use super::meter::{Reading, failed};
use regex::bytes::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// `Step 3/9 : RUN npm ci`: it begins.
static STEP: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(r"^Step (?P<current>\d+)/(?P<total>\d+) : (?P<words>.+)$"));

/// The build's last line but one (builder/dockerfile/builder.go); pip says `Successfully built NAME`.
static BUILT: LazyLock<Option<Regex>> = LazyLock::new(|| compile("^Successfully built [0-9a-f]{12}$"));

/// The step that is under way failed: `The command '/bin/sh -c x' returned a non-zero code: 127` (the
/// client prints it, docker/cli, cli/command/image/build.go), `COPY failed: file not found in build context`.
static FAILED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(r"^(?:The command '.*' returned a non-zero code: (?P<code>\d+)|(?:COPY|ADD) failed: .+)$")
});

/// `None` never comes: a test compiles them all.
pub(super) fn compile(source: &str) -> Option<Regex> {
    RegexBuilder::new(source).unicode(false).build().ok()
}

/// A build, or several in one call (`docker compose build`), one after the other.
#[derive(Debug, Default)]
pub(super) struct Classic {
    count: Count,
    /// Steps of the builds that are done.
    before: u64,
    /// The step under way, of how many.
    step: (u64, u64),
    /// The instruction under way.
    words: String,
    stage: Option<String>,
}

impl Classic {
    /// Takes a line. Does it change something?
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        match line.first() {
            Some(b'S') => self.step(line) || self.built(line),
            Some(b'T' | b'C' | b'A') => self.failed(line),
            _ => false,
        }
    }

    fn step(&mut self, line: &[u8]) -> bool {
        let Some(found) = STEP.as_ref().and_then(|regex| regex.captures(line)) else { return false };
        let (Some(current), Some(total)) = (number(&found["current"]), number(&found["total"])) else { return false };
        let is_next = match self.step {
            (_, 0) => current == 1,
            (step, of) => current == step + 1 && total == of,
        };
        if !is_next || current > total || !self.count.see(self.before + current - 1, self.before + total, None) {
            return false;
        }
        self.step = (current, total);
        self.words = words(&found["words"]);
        self.stage = Some(self.words.clone());
        true
    }

    fn built(&mut self, line: &[u8]) -> bool {
        let (step, total) = self.step;
        if total == 0 || step != total || !BUILT.as_ref().is_some_and(|regex| regex.is_match(line)) {
            return false;
        }
        self.before = self.before.saturating_add(total);
        self.step = (0, 0);
        self.count.complete();
        self.stage = None;
        true
    }

    fn failed(&mut self, line: &[u8]) -> bool {
        if self.step.1 == 0 {
            return false;
        }
        let Some(found) = FAILED.as_ref().and_then(|regex| regex.captures(line)) else { return false };
        let code = found.name("code").map(|code| format!(" (exit code {})", words(code.as_bytes())));
        self.stage = Some(failed(&format!("{}{}", self.words, code.unwrap_or_default())));
        true
    }

    /// The build succeeded.
    pub(super) fn complete(&mut self) {
        self.count.complete();
        self.stage = None;
    }

    pub(super) fn reading(&self) -> Reading {
        self.count.reading(self.stage.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(Option<String>, Option<u64>, Option<u64>)> {
        let mut classic = Classic::default();
        let mut told = Vec::new();
        for line in text.lines() {
            if classic.line(line.as_bytes()) {
                let reading = classic.reading();
                told.push((reading.stage, reading.current, reading.total));
            }
        }
        told
    }

    fn one(stage: &str, current: u64, total: u64) -> (Option<String>, Option<u64>, Option<u64>) {
        (Some(stage.to_owned()).filter(|stage| !stage.is_empty()), Some(current), Some(total))
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(STEP.is_some() && BUILT.is_some() && FAILED.is_some());
    }

    #[test]
    fn a_step_counts_when_it_is_done() {
        let text = include_str!("../../tests/progress/classic.txt");
        let told = told(text);
        assert_eq!(told.first(), Some(&one("FROM labbase:1 AS build", 0, 7)));
        assert_eq!(told[6], one(r#"CMD ["cat","/b.txt"]"#, 6, 7));
        assert_eq!(told.last(), Some(&one("", 7, 7)));
        assert_eq!(told.len(), 8);
    }

    #[test]
    fn what_only_looks_like_a_step_does_not_count() {
        let text = "Step 1/3 : FROM a\nStep 3/3 : echoed\nStep 2/9 : echoed\nSuccessfully built wheel\n\
                    Step 2/3 : RUN x\nStep 0/0 : x\nStep 99999999999999999999/3 : x\nSuccessfully built 0123456789ab\n";
        assert_eq!(told(text), [one("FROM a", 0, 3), one("RUN x", 1, 3)]);
        assert_eq!(told("Step 2/3 : RUN x\nThe command 'x' returned a non-zero code: 1"), []);
    }

    #[test]
    fn a_failure_names_its_instruction() {
        let text = include_str!("../../tests/progress/classic-failed.txt");
        assert_eq!(
            told(text),
            [
                one("FROM labbase:1", 0, 2),
                one("RUN pip install -r requirements.txt", 1, 2),
                one("failed: RUN pip install -r requirements.txt (exit code 127)", 1, 2),
            ]
        );
        assert_eq!(told("Step 1/2 : COPY a /a\nCOPY failed: no such file")[1], one("failed: COPY a /a", 0, 2));
    }

    #[test]
    fn builds_in_one_call_add_up() {
        let built = "Successfully built 0123456789ab";
        let text = format!("Step 1/1 : FROM a\n{built}\nStep 1/2 : FROM b\nStep 2/2 : RUN y\n{built}\n");
        assert_eq!(
            told(&text),
            [one("FROM a", 0, 1), one("", 1, 1), one("FROM b", 1, 3), one("RUN y", 2, 3), one("", 3, 3)]
        );
    }
}
