//! A rollout, look after look: what of it is new, what lasts, and when waiting any longer is of no use.
//!
//! Pods of an earlier revision are still there while the new ones come, and events are listed for an hour.
//! So each look is taken apart by object, and what was there before does not count: a healthy rollout must
//! never be ended.

use super::rollout_rows::{Key, Pod, Rows, Stage, Told, is_passed, name_of};
use super::table::{replica_set, workload};
use crate::model::finding::{Document, Final, Finding, Role};
use crate::model::pattern::Pattern;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A revision that changes no pod keeps its pods: after so long they count like new ones, unless new ones
/// have come in their place.
const KEPT: Duration = Duration::from_secs(60);
/// The clocks of the cluster and of this machine may differ by so many seconds.
const SKEW: u64 = 60;
/// Objects that are looked at closely in one look.
const CLOSELY: usize = 40;
/// Below so many seconds kubectl tells ages to the second.
const EXACT: u64 = 600;

/// What is found in texts about one object, and when each of it ends a wait.
pub type Finals<'a> = dyn Fn(&[Document]) -> Vec<(Finding, Option<Final>)> + Sync + 'a;

/// When a look was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Since the call began.
    pub at: Duration,
    /// What is older than this was there before the call began.
    pub young: Duration,
}

/// Why there is nothing to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `pod/web-1`.
    pub object: String,
    /// What is wrong with it.
    pub finding: Finding,
    /// How long it has lasted.
    pub lasted: Duration,
}

/// What a look comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// Why the wait ends.
    pub ended: Option<Ended>,
    /// Something that is new is not well yet.
    pub is_unwell: bool,
}

/// What was there before.
#[derive(Debug, Default)]
struct Before {
    /// Pods and their ages.
    pods: BTreeMap<String, Option<u64>>,
    /// Events and how long ago each was seen.
    events: BTreeMap<Key, Option<u64>>,
    /// Objects that events tell of.
    objects: BTreeSet<String>,
}

/// Since when something holds of an object.
#[derive(Debug, Clone, Copy)]
struct Clock {
    since: Duration,
    stage: Option<Stage>,
}

/// A rollout that is waited for.
#[derive(Debug)]
pub struct Rollout {
    /// Only objects whose names match.
    of: Option<Pattern>,
    /// Without knowing what was there before: everything is new (an installation).
    is_first: bool,
    before: Option<Before>,
    /// Object and symptom → since when.
    clocks: BTreeMap<(String, String), Clock>,
    /// Workloads that have new pods, or a new set of them.
    renewed: BTreeSet<String>,
}

/// An object of a look with what is told of it.
struct Case<'a> {
    object: String,
    pod: Option<&'a Pod>,
    events: Vec<&'a Told>,
    is_new: bool,
}

impl Rollout {
    /// A rollout of the objects whose names match. `is_first`: where nobody looked before it began, all
    /// pods are new.
    pub fn new(of: Option<Pattern>, is_first: bool) -> Self {
        Self { of, is_first, before: None, clocks: BTreeMap::new(), renewed: BTreeSet::new() }
    }

    /// Is it known what was there before?
    pub fn has_before(&self) -> bool {
        self.before.is_some()
    }

    /// Takes a look from before the call began.
    pub fn before(&mut self, documents: &[Document]) {
        let rows = Rows::read(documents);
        let pods = rows.pods.into_iter().map(|(name, pod)| (name, pod.row.age)).collect();
        let mut before = Before { pods, ..Before::default() };
        for told in &rows.events {
            before.objects.insert(told.object.clone());
            let age = before.events.entry(told.key()).or_insert(told.row.age);
            *age = match (*age, told.row.age) {
                (Some(known), Some(now)) => Some(known.min(now)),
                (known, now) => known.or(now),
            };
        }
        self.before = Some(before);
    }

    /// Takes the next look.
    pub fn look(&mut self, documents: &[Document], when: When, finals: &Finals<'_>) -> Looked {
        let rows = Rows::read(documents);
        let events: Vec<&Told> = rows.events.iter().filter(|told| self.counts(told, when)).collect();
        self.note_new(&rows, &events, when);
        let cases = self.cases(&rows, &events, when);
        let mut looked = Looked::default();
        let mut clocks = BTreeMap::new();
        for case in &cases {
            let stage = case.pod.map(|pod| pod.stage);
            looked.is_unwell |= case.is_new;
            let may_end = case.is_new || when.at >= KEPT;
            // Between two crashes the pod runs for a while: that is no break, and no moment to judge it.
            let is_between = stage == Some(Stage::Runs);
            let found = if is_between { Vec::new() } else { finals(&rows.about(documents, case.pod, &case.events)) };
            for (finding, when_final) in found {
                let Some(when_final) = when_final.filter(|_| finding.role == Role::Root) else { continue };
                let key = (case.object.clone(), finding.id.clone());
                let clock = self.clocks.get(&key).copied().unwrap_or(Clock { since: when.at, stage });
                let lasted = when.at.saturating_sub(clock.since);
                clocks.insert(key, clock);
                if may_end && looked.ended.is_none() && lasted >= when_final.lasted() {
                    looked.ended = Some(Ended { object: case.object.clone(), finding, lasted });
                }
            }
            if matches!(stage, Some(Stage::Runs | Stage::Crashes)) {
                let of = self
                    .clocks
                    .iter()
                    .filter(|(key, clock)| key.0 == case.object && clock.stage == Some(Stage::Crashes));
                for (key, clock) in of {
                    clocks.entry(key.clone()).or_insert(*clock);
                }
            }
        }
        self.clocks = clocks;
        looked
    }

    /// Is this event younger than the beginning of the call?
    fn counts(&self, told: &Told, when: When) -> bool {
        let Some(before) = &self.before else {
            return told.row.age.is_some_and(|age| age <= when.young.as_secs());
        };
        match before.events.get(&told.key()) {
            None => told.row.age.is_none_or(|age| age <= when.young.as_secs() + SKEW),
            // Seen once more since: its age would have grown with the time.
            Some(Some(old)) => told
                .row
                .age
                .is_some_and(|age| age < *old || (*old < EXACT && age < EXACT && age + 2 < old + when.at.as_secs())),
            Some(None) => false,
        }
    }

    fn is_new_pod(&self, pod: &Pod, when: When) -> bool {
        match &self.before {
            Some(before) => match before.pods.get(&pod.row.name) {
                None => true,
                // The pods of a StatefulSet keep their names.
                Some(age) => age.zip(pod.row.age).is_some_and(|(old, now)| now < old),
            },
            None => self.is_first || pod.row.age.is_some_and(|age| age <= when.young.as_secs()),
        }
    }

    fn is_known(&self, object: &str) -> bool {
        self.before.as_ref().is_some_and(|before| before.objects.contains(object))
    }

    fn is_ours(&self, name: &str) -> bool {
        self.of.as_ref().is_none_or(|of| of.is_match(name.as_bytes()))
    }

    fn note_new(&mut self, rows: &Rows, events: &[&Told], when: When) {
        let pods = rows.pods.values().filter(|pod| self.is_new_pod(pod, when)).map(|pod| pod.row.name.as_str());
        let sets = events.iter().map(|told| told.object.as_str());
        let sets = sets.filter(|object| object.starts_with("replicaset/") && !self.is_known(object));
        let new: Vec<String> = pods.chain(sets).map(|name| workload(name).to_owned()).collect();
        self.renewed.extend(new);
    }

    /// The objects that may keep the rollout from its end.
    fn cases<'a>(&self, rows: &'a Rows, events: &[&'a Told], when: When) -> Vec<Case<'a>> {
        let of = |object: &str| -> Vec<&'a Told> {
            let all: Vec<&'a Told> = events.iter().copied().filter(|told| told.object == object).collect();
            all.iter().copied().filter(|told| !is_passed(told, &all)).collect()
        };
        // Whose pods only other people's rollouts may be about is not known without a pattern.
        let old_counts = |name: &str| self.of.is_some() && !self.renewed.contains(workload(name));
        let mut cases = Vec::new();
        for pod in rows.pods.values() {
            let name = pod.row.name.as_str();
            let is_new = self.is_new_pod(pod, when);
            let is_open = pod.stage.is_trouble() || pod.stage == Stage::Runs;
            if is_open && self.is_ours(name) && (is_new || old_counts(name)) {
                let object = format!("pod/{name}");
                cases.push(Case { events: of(&object), object, pod: Some(pod), is_new });
            }
        }
        let warned: BTreeSet<&str> =
            events.iter().filter(|told| told.row.warning).map(|told| told.object.as_str()).collect();
        for object in warned.into_iter().filter(|object| !object.is_empty() && !object.starts_with("pod/")) {
            let name = name_of(object);
            let is_new = !self.is_known(object);
            let is_set = object.starts_with("replicaset/");
            let is_at_work = rows.pods.values().any(|pod| {
                let its_own = replica_set(&pod.row.name) == Some(name);
                its_own || (pod.stage == Stage::Leaves && workload(&pod.row.name) == workload(name))
            });
            if self.is_ours(name) && !is_at_work && (is_new || is_set && old_counts(name)) {
                cases.push(Case { object: object.to_owned(), pod: None, events: of(object), is_new });
            }
        }
        // The most troubled first; of a flood not all can be looked at.
        cases.sort_by_key(|case| match case.pod.map(|pod| pod.stage) {
            Some(Stage::Stuck | Stage::Crashes) => 0,
            None => 1,
            _ => 2,
        });
        cases.truncate(CLOSELY);
        cases
    }
}
