//! Rules that are asked again and again, until their time is over or one of them holds.
//!
//! A round asks every operation once per target, however many rules judge its answer. What happens inside of a round is
//! told by one line: its events go nowhere, its files are not kept, and what it learned is forgotten with it, so that
//! hours of rounds take no more memory than one. Of the round in which a rule holds the texts and the comparison stay.

use super::aside;
use super::block::{self, End, Place};
use super::compare;
use super::desk::{Desk, millis};
use super::exchange::ExchangeEnd;
use super::gate;
use super::scope::Values;
use crate::error::Code;
use crate::model::comparison::{Comparison, Row, RowVerdict};
use crate::model::event::{EventKind, RuleSaid, RuleState, Unit};
use crate::model::exchange::UNIQUE;
use crate::model::step::Danger;
use crate::plan::{Block, JudgedBy, PlannedRounds, PlannedRule, PlannedStep, Work};
use crate::text;
use std::collections::BTreeMap;
use std::time::Duration;

/// How the rounds ended.
#[derive(Debug)]
pub struct Rounded {
    /// For the run.
    pub end: End,
    /// One line.
    pub note: String,
    /// What to do about the rule that holds.
    pub hints: Vec<String>,
    /// The file in which the comparison lies that made it hold.
    pub saved: Option<String>,
}

/// What was said of a rule so far.
#[derive(Debug, Clone, Default)]
struct Tally {
    /// In a row.
    failures: u32,
    /// Rounds in which it could be judged.
    judged: usize,
    /// Rounds in which it could not.
    unjudged: usize,
    /// Rounds in which it failed.
    failed: usize,
    /// Why it could not be judged the last time.
    why: String,
}

/// Where the rounds run.
pub struct Watch<'a> {
    /// The books and ports of the run.
    pub desk: &'a Desk<'a>,
    /// The id of the step.
    pub place: &'a Place,
    /// The rules.
    pub rounds: &'a PlannedRounds,
    /// The values.
    pub values: &'a Values,
}

impl Watch<'_> {
    /// Asks until the time is over, a rule holds, or the person stops it.
    pub fn run(&self) -> Rounded {
        let Self { desk, rounds, .. } = *self;
        let clock = desk.world.clock;
        let begun = clock.elapsed();
        let passed = || clock.elapsed().saturating_sub(begun);
        let mut tallies = vec![Tally::default(); rounds.rules.len()];
        let mut number = 0;
        loop {
            number += 1;
            self.progress(number, passed());
            let from = clock.elapsed();
            let Some(round) = self.round(number) else { return interrupted(number - 1, passed()) };
            let rules: Vec<RuleState> = rounds
                .rules
                .iter()
                .zip(&round.judged)
                .zip(&mut tallies)
                .map(|((rule, judged), tally)| tally.count(rule, judged))
                .collect();
            let took_ms = millis(clock.elapsed().saturating_sub(from));
            desk.emit(EventKind::Round { step: self.place.actual.clone(), number, took_ms, rules: rules.clone() });
            if let Some(at) = rules.iter().position(RuleState::holds) {
                return self.holds(&rules, at, round);
            }
            if passed() + rounds.every > rounds.limit {
                return over(number, passed(), &rounds.rules, &tallies);
            }
            clock.sleep(rounds.every, desk.world.stop);
            if desk.is_stopped() {
                return interrupted(number, passed());
            }
        }
    }

    fn progress(&self, number: u64, passed: Duration) {
        let share = passed.as_millis() * 100 / self.rounds.limit.as_millis().max(1);
        let limit = text::duration(self.rounds.limit);
        self.desk.emit(EventKind::Progress {
            step: self.place.actual.clone(),
            stage: Some(format!("round {number}, {} of {limit}", text::took(passed))),
            current: Some(u64::try_from(share.min(100)).unwrap_or(100)),
            total: Some(100),
            unit: Some(Unit::Percent),
        });
    }

    /// One round; `None` when the person stopped it. What it did with the app is tidied up then, too.
    fn round(&self, number: u64) -> Option<Round> {
        let Self { desk, rounds, .. } = *self;
        // Test data of every round is its own.
        let values = self.values.with_own(UNIQUE, &format!("{}r{number}", desk.world.unique));
        let mut ends = BTreeMap::new();
        let mut aside = aside::of(desk, |inner| {
            let mut stopped = false;
            if !rounds.asked.is_empty() {
                stopped = self.ask(inner, &rounds.asked, &values) == End::Interrupted;
            }
            for step in rounds.rules.iter().filter_map(asks) {
                stopped = stopped || inner.is_stopped();
                if !stopped {
                    let end = self.ask(inner, std::slice::from_ref(step), &values);
                    stopped = end == End::Interrupted;
                    ends.insert(step.id.clone(), end);
                }
            }
            let seen = rounds.rules.iter().map(|rule| seen(inner, rule, &values)).collect::<Vec<_>>();
            (!stopped && !inner.is_stopped()).then_some(seen)
        });
        aside.books.unwritable.iter().for_each(|what| desk.unwritable(what.clone()));
        let seen = aside.answer?;
        let mut judged = Vec::new();
        for (rule, seen) in rounds.rules.iter().zip(seen) {
            judged.push(match (asks(rule), seen) {
                (Some(step), Seen::Step(statement)) => {
                    let id = self.place.id(&step.id);
                    Judged::of(
                        ends.get(&step.id) == Some(&End::Done),
                        || aside.heard.why(&id, &statement),
                        aside.heard.hints(&id),
                    )
                }
                (_, Seen::Step(_)) => Judged::well(),
                (_, Seen::Answers(wrong)) => match wrong.is_empty() {
                    true => Judged::well(),
                    false => Judged::of(false, || several(&wrong), Vec::new()),
                },
                (_, Seen::Compared(comparison)) => compared(comparison),
            });
        }
        Some(Round { judged, documents: aside.books.take_documents() })
    }

    fn ask(&self, inner: &Desk<'_>, steps: &[PlannedStep], values: &Values) -> End {
        let block = Block {
            task: "round".to_owned(),
            summary: String::new(),
            danger: Danger::Read,
            scope: BTreeMap::new(),
            require: Vec::new(),
            steps: steps.to_vec(),
            guard: Vec::new(),
            verify: Vec::new(),
            finally: Vec::new(),
            parallel: steps.len(),
            keep_going: true,
            asks: 1,
        };
        block::run(inner, &block, values, self.place)
    }

    /// A rule holds: what its round found becomes the run's.
    fn holds(&self, rules: &[RuleState], at: usize, round: Round) -> Rounded {
        let desk = self.desk;
        desk.books().keep(&self.place.actual, round.documents);
        let mut saved = None;
        let mut hints = Vec::new();
        for (judged, _) in round.judged.into_iter().zip(rules).filter(|(_, rule)| rule.holds()) {
            if let Some(comparison) = judged.comparison {
                let files = compare::tell(desk, &self.place.actual, &comparison);
                saved = saved.or(files.into_iter().next());
            }
            hints.extend(judged.hints);
        }
        let rule = &rules[at];
        let why = rule.why.as_deref().unwrap_or_default();
        let row = if rule.of > 1 { format!(", {} rounds in a row", rule.failures) } else { String::new() };
        let more = rules.iter().filter(|rule| rule.holds()).count() - 1;
        let more = if more > 0 { format!("; {} more", text::count(more, "rule")) } else { String::new() };
        let note = format!("\"{}\" holds{row}: {why}{more}", rule.name);
        desk.books().fixes.extend(hints.iter().cloned());
        Rounded { end: End::Failed(Code::Findings), note, hints, saved }
    }
}

impl Tally {
    fn count(&mut self, rule: &PlannedRule, judged: &Judged) -> RuleState {
        match judged.said {
            RuleSaid::Well => (self.failures, self.judged) = (0, self.judged + 1),
            RuleSaid::Failed => {
                self.failures += 1;
                (self.judged, self.failed) = (self.judged + 1, self.failed + 1);
            }
            // Neither better nor worse than before.
            RuleSaid::Unjudged => {
                self.unjudged += 1;
                self.why = judged.why.clone().unwrap_or_default();
            }
        }
        let (name, said, why) = (rule.name.clone(), judged.said, judged.why.clone());
        RuleState { name, said, failures: self.failures, of: rule.failures, why }
    }
}

/// What a round found.
struct Round {
    judged: Vec<Judged>,
    documents: Vec<crate::model::finding::Document>,
}

/// What a round says of one rule.
struct Judged {
    said: RuleSaid,
    why: Option<String>,
    hints: Vec<String>,
    comparison: Option<Comparison>,
}

impl Judged {
    fn well() -> Self {
        Self { said: RuleSaid::Well, why: None, hints: Vec::new(), comparison: None }
    }

    fn of(is_well: bool, why: impl FnOnce() -> String, hints: Vec<String>) -> Self {
        if is_well {
            return Self::well();
        }
        Self { said: RuleSaid::Failed, why: Some(why()), hints, comparison: None }
    }
}

/// What is seen of a rule while the round's answers are there.
enum Seen {
    /// A step of its own; the statement that it is about.
    Step(String),
    /// What is wrong with its operations.
    Answers(Vec<String>),
    /// The comparison of its operations.
    Compared(Comparison),
}

fn asks(rule: &PlannedRule) -> Option<&PlannedStep> {
    match &rule.by {
        JudgedBy::Step(step) => Some(step),
        JudgedBy::Answers { .. } | JudgedBy::Compared(_) => None,
    }
}

fn seen(inner: &Desk<'_>, rule: &PlannedRule, values: &Values) -> Seen {
    match &rule.by {
        JudgedBy::Step(step) => Seen::Step(match &step.work {
            Work::Check(gate) => gate::title(inner, gate, values),
            _ => String::new(),
        }),
        JudgedBy::Answers { target, operations } => {
            let books = inner.books();
            let wrong = operations.iter().filter_map(|name| {
                let ended = books.exchanges.get(&(target.clone(), name.clone())).map(|result| &result.ended);
                match ended {
                    Some(ExchangeEnd::Kept) => None,
                    Some(ExchangeEnd::Broken(wrong)) => Some(format!("{name}: {}", wrong.join("; "))),
                    Some(ExchangeEnd::Unasked(why)) => Some(format!("{name}: not asked: {why}")),
                    None => Some(format!("{name}: not asked")),
                }
            });
            Seen::Answers(wrong.collect())
        }
        JudgedBy::Compared(planned) => Seen::Compared(compare::compare(inner, planned)),
    }
}

/// What a comparison says of its rule. Where the other target gives no answer, or one that is not as it must be, there
/// is nothing to be held against: a network that is away for a minute is no reason to roll back.
fn compared(comparison: Comparison) -> Judged {
    let is_lame = |row: &&Row| row.left.why.is_none() && row.left.status.is_some() && row.right.why.is_some();
    let bad: Vec<&Row> = comparison.rows.iter().filter(|row| row.verdict != RowVerdict::Match).collect();
    let (lame, wrong): (Vec<&Row>, Vec<&Row>) = bad.into_iter().partition(is_lame);
    let [_, right] = &comparison.targets;
    let (said, why) = match (wrong.first(), lame.first()) {
        (Some(_), _) => {
            let told =
                |row: &&Row| Some(format!("{}: {}", row.title, row.notes(&comparison.targets).into_iter().next()?));
            (RuleSaid::Failed, Some(several(&wrong.iter().filter_map(told).collect::<Vec<_>>())))
        }
        (None, Some(row)) => {
            let why = row.right.why.clone().unwrap_or_default();
            (RuleSaid::Unjudged, Some(format!("{right} is out of order itself: {}: {why}", row.title)))
        }
        (None, None) if comparison.rows.is_empty() => {
            (RuleSaid::Unjudged, Some("there is nothing to compare".to_owned()))
        }
        (None, None) => (RuleSaid::Well, None),
    };
    let kept = (said == RuleSaid::Failed).then_some(comparison);
    Judged { said, why, hints: Vec::new(), comparison: kept }
}

/// The first of several reasons, and how many more there are.
fn several(reasons: &[String]) -> String {
    match reasons {
        [] => String::new(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first} (and {} more)", more.len()),
    }
}

fn rounds_in(number: u64, passed: Duration) -> String {
    format!("watched {}, {}", text::took(passed), text::count(usize::try_from(number).unwrap_or(usize::MAX), "round"))
}

fn interrupted(number: u64, passed: Duration) -> Rounded {
    Rounded { end: End::Interrupted, note: rounds_in(number, passed), hints: Vec::new(), saved: None }
}

/// No rule held. That says nothing of a rule that could never be judged.
fn over(number: u64, passed: Duration, rules: &[PlannedRule], tallies: &[Tally]) -> Rounded {
    let mut note = rounds_in(number, passed);
    let never = rules.iter().zip(tallies).find(|(_, tally)| tally.judged == 0);
    if let Some((rule, tally)) = never {
        note.push_str(&format!("; \"{}\" could never be judged: {}", rule.name, tally.why));
        return Rounded { end: End::Failed(Code::StepFailed), note, hints: Vec::new(), saved: None };
    }
    note.push_str(", no rule held");
    for (rule, tally) in rules.iter().zip(tallies) {
        for (times, what) in [(tally.failed, "failed"), (tally.unjudged, "could not be judged")] {
            if times > 0 {
                note.push_str(&format!("; \"{}\" {what} in {}", rule.name, text::count(times, "round")));
            }
        }
    }
    Rounded { end: End::Done, note, hints: Vec::new(), saved: None }
}

#[cfg(test)]
#[path = "rounds_tests.rs"]
mod tests;
