//! The story of a run: every event becomes text once, here, whoever prints it afterwards.
//!
//! The plain lines, the progress view and `history RUN` show the same text. What a step answers
//! goes to standard output, everything that is told about it to standard error.

use super::diagnosis::{self, Extent};
use super::layout::{Piece, answer, margin, told, visible};
use super::parity::{self, Form};
use super::style::Look;
use super::view::amount::Amount;
use crate::model::command::{Exit, Stream};
use crate::model::event::{Counts, Event, EventKind, RuleSaid, RuleState, RunOutcome, Status};
use crate::model::finding::Verdict;
use crate::text;
use owo_colors::Style;
use std::collections::BTreeMap;
use std::time::Duration;

/// A step that has been running for less than this, in milliseconds, is told as one that has begun.
const BEGUN: u64 = 10_000;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Failures and answers.
    Quiet,
    /// A line per step.
    #[default]
    Normal,
    /// The calls and their output too.
    Verbose,
}

/// An event, told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// For standard error: the story.
    pub err: String,
    /// For standard output: answers.
    pub out: String,
}

/// A step that has started and not ended.
#[derive(Debug)]
struct Open {
    /// What people read, called tasks before it.
    path: String,
    /// `run`, `task` …
    kind: String,
    /// Its output is the answer.
    shown: bool,
    /// Lines of output told so far.
    lines: usize,
    /// Something below it failed and has been told.
    trouble: bool,
    /// The last reason to try again: a poll that waits says the same every time.
    retry: Option<String>,
    /// How far it is.
    amount: Option<Amount>,
}

/// How a step treats the screen.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// Its output is the answer.
    shown: bool,
    /// Its child owns the terminal.
    interactive: bool,
}

/// Tells a run, event by event.
#[derive(Debug)]
pub struct Story {
    look: Look,
    /// How a comparison is told, which is an answer.
    form: Form,
    verbosity: Verbosity,
    task: String,
    open: BTreeMap<String, Open>,
    /// The step whose output was told last.
    speaker: Option<String>,
    /// What the last diagnosis came to.
    named: Option<Verdict>,
    /// Advice that has been given: nobody needs to read it twice.
    given: Vec<String>,
    /// Questions that nobody answered.
    unverified: Vec<String>,
}

impl Story {
    /// A story for a place that looks like `look`.
    pub fn new(look: Look, verbosity: Verbosity) -> Self {
        Self {
            look,
            form: Form { look, is_markdown: false },
            verbosity,
            task: String::new(),
            open: BTreeMap::new(),
            speaker: None,
            named: None,
            given: Vec::new(),
            unverified: Vec::new(),
        }
    }

    /// Tells comparisons in this form.
    #[must_use]
    pub fn answering(mut self, form: Form) -> Self {
        self.answer_in(form);
        self
    }

    /// Tells comparisons in this form from now on.
    pub fn answer_in(&mut self, form: Form) {
        self.form = form;
    }

    /// Fits what is told from now on into so many columns.
    pub fn fit(&mut self, width: usize) {
        self.look.width = width;
    }

    /// Tells one event. Often there is nothing to tell.
    pub fn tell(&mut self, event: &Event) -> Told {
        let mut told = Told::default();
        match &event.kind {
            EventKind::RunStarted { task, summary, replay, .. } => {
                self.start(&mut told.err, task, summary, replay.as_deref());
            }
            EventKind::StepStarted { step, name, kind, argv, shown, interactive } => {
                let manner = Manner { shown: *shown, interactive: *interactive };
                self.step_started(&mut told.err, step, name, kind, argv, manner);
            }
            EventKind::Output { step, stream, line } => self.output(&mut told, step, *stream, line),
            EventKind::Progress { step, .. } => {
                if let Some(open) = self.open.get_mut(step) {
                    open.amount = Amount::of(&event.kind).or(open.amount);
                }
            }
            EventKind::StepSlow { step, name, running_ms } => {
                let name = self.named(step, name);
                self.still_running(&mut told.err, step, &name, *running_ms);
            }
            EventKind::StepRetry { step, attempt, wait_ms, why } => {
                self.retry(&mut told.err, step, *attempt, *wait_ms, why);
            }
            EventKind::StepFinished { .. } => self.step_finished(&mut told.err, &event.kind),
            EventKind::StepSkipped { step, name, why } => {
                let path = self.named(step, name);
                self.open.remove(step);
                if self.verbosity >= Verbosity::Normal {
                    let dim = self.look.styles.dim;
                    let pieces = [Piece::prose(dim, &path), Piece::prose(dim, why)];
                    self.line(&mut told.err, (dim, "skip"), &pieces);
                }
            }
            EventKind::Diagnosed { diagnosis } => {
                self.named = Some(diagnosis.verdict);
                if self.verbosity >= Verbosity::Normal {
                    told.err.push('\n');
                }
                let extent = if self.verbosity == Verbosity::Verbose { Extent::Whole } else { Extent::Short };
                told.err.push_str(&diagnosis::text(diagnosis, None, extent, &self.look));
                self.given.extend(
                    diagnosis.findings.iter().flat_map(|finding| finding.fixes.iter().map(|fix| fix.text.clone())),
                );
                told.err.push('\n');
            }
            EventKind::Compared { comparison, .. } => {
                if self.verbosity >= Verbosity::Normal {
                    told.err.push('\n');
                }
                told.out.push_str(&parity::told(comparison, &self.form));
                told.out.push('\n');
            }
            EventKind::Round { number, rules, .. } => self.round(&mut told.err, *number, rules),
            EventKind::Notice { text, urgent: true } => {
                self.line(&mut told.err, (self.look.styles.warn, "note"), &[Piece::prose(Style::new(), text)]);
            }
            EventKind::Notice { text, .. } => self.normal(&mut told.err, (self.look.styles.warn, "note"), text),
            EventKind::RunFinished { .. } => self.finish(&mut told.err, event),
        }
        told
    }

    /// A round of rules: one line, or one for every rule that there is something to say of.
    fn round(&self, out: &mut String, number: u64, rules: &[RuleState]) {
        let verb = format!("round {number}");
        let (dim, warn) = (self.look.styles.dim, self.look.styles.warn);
        let mut is_well = true;
        for rule in rules {
            let why = rule.why.as_deref().unwrap_or_default();
            let said = match rule.said {
                RuleSaid::Well => continue,
                RuleSaid::Unjudged => "not judged".to_owned(),
                RuleSaid::Failed if rule.of == 1 => "yes".to_owned(),
                RuleSaid::Failed => format!("{} of {} in a row", rule.failures, rule.of),
            };
            is_well = false;
            let said = [rule.name.as_str(), &said, why].into_iter().filter(|text| !text.is_empty());
            let said = said.collect::<Vec<_>>().join(": ");
            self.line(out, (warn, &verb), &[Piece::prose(Style::new(), &said)]);
        }
        if is_well && self.verbosity >= Verbosity::Normal {
            let all =
                if rules.len() == 1 { "the rule is".to_owned() } else { format!("all {} rules are", rules.len()) };
            self.line(out, (dim, &verb), &[Piece::prose(dim, &format!("{all} well"))]);
        }
    }

    fn still_running(&self, out: &mut String, step: &str, name: &str, running_ms: u64) {
        // A step that has a line for its start needs no other.
        let was_told = self.verbosity == Verbosity::Verbose || self.open.get(step).is_some_and(|open| open.shown);
        if running_ms < BEGUN {
            if !was_told {
                self.normal(out, (self.look.styles.dim, "..."), &format!("running: {name}"));
            }
            return;
        }
        let mut text = format!("still running: {name}, {}", took(running_ms));
        if let Some(amount) = self.open.get(step).and_then(|open| open.amount) {
            text.push_str(&format!(", {}", amount.in_words()));
        }
        self.normal(out, (self.look.styles.dim, "..."), &text);
    }

    fn line(&self, out: &mut String, verb: (Style, &str), pieces: &[Piece]) {
        told(out, &self.look, verb, pieces);
    }

    fn normal(&self, out: &mut String, verb: (Style, &str), text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(out, verb, &[Piece::prose(Style::new(), text)]);
        }
    }

    fn start(&mut self, out: &mut String, task: &str, summary: &str, replay: Option<&str>) {
        task.clone_into(&mut self.task);
        self.open.clear();
        self.named = None;
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        let styles = self.look.styles;
        self.line(out, (styles.strong, &visible(task)), &[Piece::prose(Style::new(), summary)]);
        if let Some(recording) = replay {
            self.line(out, (styles.dim, "replay"), &[Piece::whole(styles.dim, recording)]);
        }
    }

    fn step_started(&mut self, out: &mut String, step: &str, name: &str, kind: &str, argv: &[String], manner: Manner) {
        let path = self.named(step, name);
        let styles = self.look.styles;
        let shown = manner.shown;
        // The name of a verbose, answering or talking step stands above its output, not below it.
        let is_above = (shown || manner.interactive) && self.verbosity == Verbosity::Normal;
        if self.verbosity == Verbosity::Verbose || is_above {
            let verb = if shown { "show" } else { "start" };
            let call = if argv.is_empty() { String::new() } else { super::quoting::argv(argv) };
            let call = if self.verbosity == Verbosity::Verbose { call } else { String::new() };
            self.line(out, (styles.dim, verb), &[Piece::prose(Style::new(), &path), Piece::whole(styles.dim, &call)]);
            self.speaker = Some(step.to_owned());
        }
        let open = Open { path, kind: kind.to_owned(), shown, lines: 0, trouble: false, retry: None, amount: None };
        self.open.insert(step.to_owned(), open);
    }

    fn output(&mut self, told: &mut Told, step: &str, stream: Stream, line: &str) {
        let shown = self.open.get(step).is_some_and(|open| open.shown);
        if shown && stream == Stream::Stdout {
            told.out.push_str(&answer(line));
            told.out.push('\n');
        } else if self.verbosity == Verbosity::Verbose || (shown && self.verbosity == Verbosity::Normal) {
            if self.speaker.as_deref() != Some(step) {
                let path = self.named(step, step);
                self.line(&mut told.err, (self.look.styles.dim, "from"), &[Piece::prose(self.look.styles.dim, &path)]);
                self.speaker = Some(step.to_owned());
            }
            self.quoted(&mut told.err, line);
        } else {
            return;
        }
        if let Some(open) = self.open.get_mut(step) {
            open.lines += 1;
        }
    }

    /// A line that a child printed, whole: it may be copied or searched for.
    fn quoted(&self, out: &mut String, line: &str) {
        let dim = self.look.styles.dim;
        let text = format!("{} {}", self.look.symbols.edge, visible(line));
        out.push_str(&format!("{}{}\n", margin(&self.look), dim.style(text.trim_end())));
    }

    fn retry(&mut self, out: &mut String, step: &str, attempt: u32, wait_ms: u64, why: &str) {
        let path = self.named(step, step);
        if let Some(open) = self.open.get_mut(step) {
            if open.retry.as_deref() == Some(why) && self.verbosity < Verbosity::Verbose {
                return;
            }
            open.retry = Some(why.to_owned());
        }
        if self.verbosity >= Verbosity::Normal {
            let styles = self.look.styles;
            let when = format!("attempt {} in {}", u64::from(attempt) + 1, took(wait_ms));
            self.line(
                out,
                (styles.warn, "retry"),
                &[Piece::prose(Style::new(), &path), Piece::prose(styles.dim, &when), Piece::prose(Style::new(), why)],
            );
        }
    }

    fn step_finished(&mut self, out: &mut String, kind: &EventKind) {
        let EventKind::StepFinished { step, name, status, exit, took_ms, note, saved, dropped, leaked, tail, hints } =
            kind
        else {
            return;
        };
        let path = self.named(step, name);
        if *status == Status::NotVerified {
            self.unverified.push(note.as_ref().unwrap_or(name).clone());
        }
        let open = self.open.remove(step);
        let bad = matches!(status, Status::Failed | Status::Interrupted | Status::FailedAllowed);
        let is_call = open.as_ref().is_some_and(|open| open.kind == "task");
        let is_named = open.as_ref().is_some_and(|open| open.kind == "diagnose")
            && self.named.is_some_and(|verdict| verdict != Verdict::Healthy);
        let was_shown = open.as_ref().is_some_and(|open| open.shown);
        let trouble = open.as_ref().is_some_and(|open| open.trouble);
        let lines = open.map_or(0, |open| open.lines);
        if bad {
            for parent in parents(step) {
                if let Some(open) = self.open.get_mut(parent) {
                    open.trouble = true;
                }
            }
        }
        // A call has been told by its steps, an answer by its lines; neither needs an "ok" behind.
        let silent = match self.verbosity {
            // What nobody has looked at is never passed over.
            _ if *status == Status::NotVerified => false,
            Verbosity::Quiet => !bad || (is_call && trouble),
            Verbosity::Normal if bad => is_call && trouble,
            // What it printed may read like an error; that it is none must be said.
            Verbosity::Normal if *status == Status::AlreadyDone => false,
            Verbosity::Normal => (is_call || was_shown) && note.is_none() && saved.is_none() && *dropped == 0,
            Verbosity::Verbose => false,
        };
        if !silent {
            let styles = self.look.styles;
            let mut pieces = vec![Piece::prose(Style::new(), &path), Piece::whole(styles.dim, &took(*took_ms))];
            let noted = |words: &str| note.as_ref().is_some_and(|note| note.contains(words));
            let exit = exit.as_ref().filter(|exit| bad && !exit.is_success());
            let is_noted = |exit: &Exit| match exit {
                Exit::NotStarted(why) => noted(why),
                exit => noted(&exit.in_words()),
            };
            if let Some(exit) = exit.filter(|exit| !is_noted(exit)) {
                pieces.push(Piece::prose(Style::new(), &exit.in_words()));
            }
            if let Some(note) = note {
                pieces.push(Piece::prose(Style::new(), note));
            }
            if *status == Status::FailedAllowed {
                pieces.push(Piece::prose(styles.dim, "going on: it may fail"));
            }
            if *dropped > 0 {
                pieces.push(Piece::prose(styles.warn, &format!("{} of output not kept", bytes(*dropped))));
            }
            if *leaked {
                pieces.push(Piece::prose(styles.warn, "left a process running that holds its output open"));
            }
            if let Some(file) = saved {
                pieces.push(Piece::whole(styles.dim, &format!("{} {file}", self.look.symbols.arrow)));
            }
            let verb = match status {
                // The step did its work; what it found is no good news.
                Status::Ok if is_named => (styles.warn, "found"),
                status => self.verb(*status),
            };
            self.line(out, verb, &pieces);
            let all_told = lines > 0 && (self.verbosity == Verbosity::Verbose || (was_shown && lines >= tail.len()));
            let all_noted = tail.iter().all(|line| noted(line.trim()));
            if bad && !all_told && !all_noted {
                tail.iter().for_each(|line| self.quoted(out, line));
            }
        }
        if bad || self.verbosity >= Verbosity::Normal {
            self.advice(out, "fix", hints);
            self.given.extend(hints.iter().cloned());
        }
    }

    fn verb(&self, status: Status) -> (Style, &'static str) {
        let (styles, symbols) = (self.look.styles, self.look.symbols);
        match status {
            Status::Ok => (styles.good, symbols.ok),
            Status::AlreadyDone => (styles.good, "already ok"),
            Status::Failed => (styles.bad, symbols.failed),
            Status::FailedAllowed => (styles.warn, "failed"),
            Status::Interrupted => (styles.warn, "stopped"),
            Status::NotVerified => (styles.warn, "not asked"),
        }
    }

    /// Things to do. Never wrapped: a command that we broke in two is a command that fails.
    fn advice(&self, out: &mut String, verb: &str, lines: &[String]) {
        for (index, line) in lines.iter().enumerate() {
            let verb = if index == 0 || self.look.gutter() == 0 { verb } else { "" };
            let styles = self.look.styles;
            self.line(out, (styles.strong, verb), &[Piece::whole(styles.advice(line), line)]);
        }
    }

    fn finish(&mut self, out: &mut String, event: &Event) {
        let EventKind::RunFinished { outcome, exit_code, counts, evidence, files, next } = &event.kind else { return };
        self.open.clear();
        if self.verbosity == Verbosity::Quiet && *outcome == RunOutcome::Done && counts.not_verified == 0 {
            return;
        }
        let styles = self.look.styles;
        let (style, verb, what) = match outcome {
            RunOutcome::Done => (styles.good, self.look.symbols.done, ""),
            RunOutcome::Findings if self.named == Some(Verdict::Unclassified) => {
                (styles.warn, "found", "something is wrong that no symptom names")
            }
            RunOutcome::Findings => (styles.warn, "found", "the cause is named above"),
            RunOutcome::Failed => (styles.bad, self.look.symbols.failed, ""),
            RunOutcome::TimedOut => (styles.bad, "timed out", ""),
            RunOutcome::Refused => (styles.bad, "refused", "nothing was changed"),
            RunOutcome::Interrupted => (styles.warn, "stopped", ""),
            RunOutcome::Unwritable => (styles.bad, "unwritten", "output or evidence could not be written"),
            RunOutcome::Unequipped => (styles.bad, "unequipped", "a tool is missing or too old"),
        };
        let task = if self.task.is_empty() { "run" } else { &self.task };
        let mut pieces = vec![
            Piece::prose(styles.strong, task),
            Piece::prose(Style::new(), what),
            Piece::prose(
                Style::new(),
                &in_words(if self.unverified.is_empty() { *counts } else { Counts { not_verified: 0, ..*counts } }),
            ),
            Piece::whole(styles.dim, &took(event.elapsed_ms)),
        ];
        if *exit_code != 0 {
            pieces.push(Piece::whole(styles.dim, &format!("exit code {exit_code}")));
        }
        if !self.unverified.is_empty() {
            let many = self.unverified.len();
            let told = format!("{many} not verified: {}", self.unverified.join(" "));
            pieces.push(Piece::prose(styles.warn, &told));
        }
        self.line(out, (style, verb), &pieces);
        if let Some(place) = evidence {
            let many = text::count(files.len(), "file");
            self.line(
                out,
                (styles.strong, "evidence"),
                &[Piece::whole(Style::new(), place), Piece::whole(styles.dim, &many)],
            );
        }
        let fresh: Vec<String> = next.iter().filter(|line| !self.given.contains(line)).cloned().collect();
        self.advice(out, "next", &fresh);
    }

    /// What people read for a step: the names of the calls it stands in, its own, its item.
    fn named(&self, step: &str, name: &str) -> String {
        if let Some(open) = self.open.get(step) {
            return open.path.clone();
        }
        let mut path = String::new();
        if let Some(open) = parents(step).filter_map(|parent| self.open.get(parent)).last() {
            path = format!("{} {} ", open.path, self.look.symbols.path);
        }
        path.push_str(&visible(name));
        if let Some(item) = item(step).filter(|item| !name.contains(item)) {
            path.push_str(&format!(" [{}]", visible(item)));
        }
        path
    }
}

/// The steps that `step` stands in, outermost first: "2" and "2.1" for "2.1.4". A dot inside the
/// brackets belongs to an item.
pub fn parents(step: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    step.char_indices().filter_map(move |(at, c)| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => return step.get(..at),
            _ => {}
        }
        None
    })
}

/// The item that a step ran for: "pod-x" for "3\[pod-x]".
pub fn item(step: &str) -> Option<&str> {
    let own = parents(step).last().and_then(|parent| step.get(parent.len() + 1..)).unwrap_or(step);
    own.strip_suffix(']')?.split_once('[').map(|(_, item)| item)
}

/// Milliseconds, as people read them.
pub fn took(millis: u64) -> String {
    text::took(Duration::from_millis(millis))
}

/// "4 ok, 1 failed".
pub fn in_words(counts: Counts) -> String {
    let parts = [
        (counts.ok, "ok"),
        (counts.failed, "failed"),
        (counts.skipped, "skipped"),
        (counts.not_run, "not run"),
        (counts.not_verified, "not verified"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")).collect();
    told.join(", ")
}

/// "512 bytes", "3 KiB", "12 MiB".
fn bytes(number: u64) -> String {
    match number {
        1 => "1 byte".to_owned(),
        0..1024 => format!("{number} bytes"),
        1024..1_048_576 => format!("{} KiB", number / 1024),
        _ => format!("{} MiB", number / 1_048_576),
    }
}

#[cfg(test)]
mod tests;
