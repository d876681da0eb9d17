//! The journals of earlier runs → how long a run and its steps usually take.

use super::history::Journal;
use super::render::parents;
use crate::model::event::{Event, EventKind, RunOutcome, Status};
use crate::model::usual::{Usual, UsualStep, place};
use std::collections::{BTreeMap, BTreeSet};

/// The medians of the runs that came to their end. Others tell how long it takes to fail, and runs that went on
/// from others did only a part. So did a run that found a step done already: it tells of its other steps only.
pub fn of<'a>(journals: impl IntoIterator<Item = &'a Journal>) -> Usual {
    let mut whole = Vec::new();
    let mut steps: BTreeMap<String, (String, Vec<u64>)> = BTreeMap::new();
    for journal in journals.into_iter().filter(|journal| counts(journal)) {
        if !journal.events.iter().any(|event| ended(event).is_some_and(|(_, status)| status == Status::AlreadyDone)) {
            whole.extend(journal.events.last().map(|event| event.elapsed_ms));
        }
        for (step, (name, took)) in times(journal) {
            let (known, all) = steps.entry(step).or_insert_with(|| (name.clone(), Vec::new()));
            // Newest first: an older run with another step at this place says nothing of this one.
            if *known == name {
                all.push(took);
            }
        }
    }
    let steps = steps.into_iter().filter_map(|(step, (name, all))| Some((step, UsualStep { name, ms: median(all)? })));
    Usual { whole: median(whole), steps: steps.collect() }
}

/// Did this run do the whole of its task in the real world?
pub fn counts(journal: &Journal) -> bool {
    let began = journal
        .events
        .iter()
        .any(|event| matches!(&event.kind, EventKind::RunStarted { replay: None, resumes: None, .. }));
    began
        && journal.events.last().is_some_and(|event| {
            matches!(&event.kind, EventKind::RunFinished { outcome: RunOutcome::Done | RunOutcome::Findings, .. })
        })
}

/// The step that this event is the end of, and how it ended.
fn ended(event: &Event) -> Option<(&str, Status)> {
    match &event.kind {
        EventKind::StepFinished { step, status, .. } => Some((step, *status)),
        _ => None,
    }
}

/// By place: the name and the sum of what its items took. The name of a step with items is that of its last one.
/// Left out is what did not do all of its work: a step that failed or had been done before, and the calls and the
/// list that it belongs to.
fn times(journal: &Journal) -> BTreeMap<String, (String, u64)> {
    let mut times: BTreeMap<String, (String, u64)> = BTreeMap::new();
    let in_part = journal.events.iter().filter_map(ended).filter(|(_, status)| *status != Status::Ok);
    let in_part: BTreeSet<String> = in_part.flat_map(|(step, _)| parents(step).chain([step]).map(place)).collect();
    for event in &journal.events {
        if let EventKind::StepFinished { step, name, took_ms, .. } = &event.kind {
            let (known, sum) = times.entry(place(step)).or_default();
            name.clone_into(known);
            *sum = sum.saturating_add(*took_ms);
        }
    }
    times.retain(|place, _| !in_part.contains(place));
    times
}

/// The middle one; of an even number the lower of the two.
fn median(mut all: Vec<u64>) -> Option<u64> {
    all.sort_unstable();
    all.get(all.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Script, finished};
    use super::*;

    fn journal(took: u64, outcome: RunOutcome) -> Journal {
        let samples = Script(Vec::new())
            .run("reset", "", 2)
            .end("1[a]", "Pod a", took)
            .end("1[b]", "Pod b", 1)
            .end("2", "Delete", 10 * took)
            .add(EventKind::RunFinished {
                outcome,
                exit_code: 0,
                counts: Default::default(),
                evidence: None,
                files: Vec::new(),
                next: Vec::new(),
            });
        let mut events = samples.0;
        if let Some(last) = events.last_mut() {
            last.elapsed_ms = 100 * took;
        }
        Journal { events, ..Journal::default() }
    }

    #[test]
    fn medians_of_whole_runs_and_of_their_steps() {
        let [slow, fast, usual] = [9, 1, 5].map(|took| journal(took, RunOutcome::Done));
        let found = of([&slow, &fast, &usual]);
        assert_eq!(found.whole, Some(500));
        assert_eq!(found.steps["1"].ms, 6);
        assert_eq!(found.steps["2"], UsualStep { name: "Delete".to_owned(), ms: 50 });
    }

    #[test]
    fn what_failed_was_replayed_or_went_on_from_another_says_nothing() {
        let failed = journal(5, RunOutcome::Failed);
        let mut replayed = journal(5, RunOutcome::Done);
        let mut resumed = journal(5, RunOutcome::Done);
        if let EventKind::RunStarted { replay, .. } = &mut replayed.events[0].kind {
            *replay = Some("a.jsonl".to_owned());
        }
        if let EventKind::RunStarted { resumes, .. } = &mut resumed.events[0].kind {
            *resumes = Some("1".to_owned());
        }
        assert_eq!(of([&failed, &replayed, &resumed]), Usual::default());
    }

    fn ends(journal: &mut Journal, place: &str, as_: Status) {
        for event in &mut journal.events {
            if let EventKind::StepFinished { step, status, .. } = &mut event.kind
                && step == place
            {
                *status = as_;
            }
        }
    }

    #[test]
    fn a_step_counts_only_when_it_did_its_work() {
        for status in [Status::AlreadyDone, Status::Failed, Status::FailedAllowed, Status::Interrupted] {
            let whole = journal(5, RunOutcome::Done);
            let mut others = [journal(1, RunOutcome::Done), journal(2, RunOutcome::Done)];
            others.iter_mut().for_each(|journal| ends(journal, "2", status));
            let found = of(others.iter().chain([&whole]));
            assert_eq!(found.steps["2"].ms, 50, "{status:?}");
            assert_eq!(found.steps["1"].ms, 3, "the other step of these runs counts");
            assert!(!of(&others).steps.contains_key("2"));
        }
        // Of a list all items must have done theirs, of a call all its steps.
        let mut list = journal(5, RunOutcome::Done);
        ends(&mut list, "1[b]", Status::AlreadyDone);
        assert!(!of([&list]).steps.contains_key("1"));
        let script = Script::default().run("t", "", 1).add(finished("1.1", "a", Status::AlreadyDone, 1));
        let events = script.end("1", "Call", 2).add(list.events.pop().unwrap().kind).0;
        assert!(of([&Journal { events, ..Journal::default() }]).steps.is_empty());
    }

    #[test]
    fn a_run_that_found_work_done_says_nothing_of_a_whole_one() {
        let whole = journal(5, RunOutcome::Done);
        let mut short = [journal(1, RunOutcome::Done), journal(2, RunOutcome::Done)];
        short.iter_mut().for_each(|journal| ends(journal, "2", Status::AlreadyDone));
        assert_eq!(of(short.iter().chain([&whole])).whole, Some(500));
        assert_eq!(of(&short).whole, None);
    }

    #[test]
    fn a_step_that_had_another_name_is_not_counted() {
        let newest = journal(5, RunOutcome::Done);
        let mut older = journal(1, RunOutcome::Done);
        for event in &mut older.events {
            if let EventKind::StepFinished { step, name, .. } = &mut event.kind
                && step == "2"
            {
                "Stop".clone_into(name);
            }
        }
        assert_eq!(of([&newest, &older]).steps["2"].ms, 50);
    }
}
