//! The symptoms on the bench: compiled, and each example read by all of them.

use super::super::diagnose::diagnose;
use super::super::rules::Rules;
use super::super::sample;
use super::super::{glance, literals};
use crate::model::finding::{Document, Os, Source, Symptom};
use crate::model::lint::{Defect, Kind, Spot};
use crate::model::pattern::{Pattern, parse};
use crate::text::is_like;
use std::sync::OnceLock;

/// One symptom.
pub(super) struct Ready<'a> {
    pub(super) symptom: &'a Symptom,
    /// Written by the user?
    pub(super) own: bool,
    /// Its patterns, compiled when the first text comes that they could find.
    compiled: OnceLock<[Vec<Pattern>; 2]>,
    /// For each of `any`: one of these stands in every match.
    literals: Vec<Option<Vec<String>>>,
    /// What was found by each of its examples.
    pub(super) told: Vec<Told>,
}

/// What one example comes to.
#[derive(Default)]
pub(super) struct Told {
    /// Indices of the symptoms that find it.
    pub(super) by: Vec<usize>,
    /// Ids of what the classifier names, first to last.
    pub(super) named: Vec<String>,
}

impl Ready<'_> {
    pub(super) fn id(&self) -> &str {
        &self.symptom.id
    }

    fn compiled(&self) -> &[Vec<Pattern>; 2] {
        self.compiled.get_or_init(|| {
            [&self.symptom.any, &self.symptom.unless]
                .map(|sources| sources.iter().filter_map(|source| Pattern::new(source).ok()).collect())
        })
    }

    /// Its patterns.
    pub(super) fn any(&self) -> &[Pattern] {
        &self.compiled()[0]
    }

    /// Those that take a match back.
    pub(super) fn unless(&self) -> &[Pattern] {
        &self.compiled()[1]
    }

    /// Is an example of it found by anybody but itself? What was not read tells nothing.
    pub(super) fn is_read(&self) -> bool {
        self.told.len() == self.symptom.examples.len()
    }

    /// Is a text found by this one of its patterns?
    pub(super) fn finds_by(&self, pattern: &Pattern, text: &str) -> bool {
        sample::is_found_by(text.as_bytes(), pattern, self.unless())
    }

    /// Is a text found? `lower` is the same text in lower case.
    fn finds(&self, text: &str, lower: &str) -> bool {
        self.literals.iter().enumerate().any(|(index, literals)| {
            let worth =
                literals.as_ref().is_none_or(|literals| literals.iter().any(|one| lower.contains(one.as_str())));
            worth && self.any().get(index).is_some_and(|pattern| self.finds_by(pattern, text))
        })
    }

    pub(super) fn explains(&self, other: &Self) -> bool {
        self.id() != other.id() && self.symptom.explains.iter().any(|pattern| is_like(pattern, other.id()))
    }

    pub(super) fn is_related(&self, other: &Self) -> bool {
        self.explains(other) || other.explains(self)
    }

    /// Is there a kind of text that both may be read from?
    pub(super) fn meets(&self, other: &Self) -> bool {
        let (mine, others) = (&self.symptom.sources, &other.symptom.sources);
        let known = |source: &&Source| **source != Source::Unknown;
        mine.is_empty() || others.is_empty() || mine.iter().filter(known).any(|source| others.contains(source))
    }
}

/// All of them, in the order that breaks ties.
pub(super) struct Bench<'a> {
    pub(super) all: Vec<Ready<'a>>,
}

impl<'a> Bench<'a> {
    /// Lays the symptoms out and reads the examples: all of them, or only those that an own symptom has or
    /// finds. One that does not compile is told of and left out.
    pub(super) fn new(
        symptoms: &'a [Symptom],
        own: &dyn Fn(&str) -> bool,
        only_own: bool,
        defects: &mut Vec<Defect>,
    ) -> Self {
        let mut sound = |symptom: &&Symptom| only_own || is_sound(symptom, defects);
        let mut all: Vec<Ready<'a>> =
            symptoms.iter().filter(|symptom| sound(symptom)).map(|symptom| ready(symptom, own(&symptom.id))).collect();
        let rules = Rules::new(all.iter().map(|ready| ready.symptom.clone()).collect()).ok();
        let concerns = |ready: &Ready<'_>| {
            !only_own || ready.own || {
                let examples =
                    ready.symptom.examples.iter().map(|example| (&example.text, example.text.to_ascii_lowercase()));
                examples.into_iter().any(|(text, lower)| all.iter().any(|other| other.own && other.finds(text, &lower)))
            }
        };
        let told: Vec<Vec<Told>> = all
            .iter()
            .map(|ready| match concerns(ready) {
                true => {
                    ready.symptom.examples.iter().map(|example| told(&all, rules.as_ref(), &example.text)).collect()
                }
                false => Vec::new(),
            })
            .collect();
        for (ready, told) in all.iter_mut().zip(told) {
            ready.told = told;
        }
        Self { all }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Ready<'a>> {
        self.all.iter().find(|ready| ready.id() == id)
    }
}

/// Do its patterns compile? Those of a task file did when it was read.
fn is_sound(symptom: &Symptom, defects: &mut Vec<Defect>) -> bool {
    let mut sound = true;
    for (key, sources) in [("any", &symptom.any), ("unless", &symptom.unless)] {
        for (index, source) in sources.iter().enumerate() {
            if let Err(why) = Pattern::new(source) {
                let message = format!("this is no regular expression: {why}");
                defects.push(Defect::error(Kind::Dead, &symptom.id, Spot::Element(key, index), message, "correct it"));
                sound = false;
            }
        }
    }
    sound
}

fn ready(symptom: &Symptom, own: bool) -> Ready<'_> {
    let literals = symptom.any.iter().map(|source| required(source)).collect();
    Ready { symptom, own, compiled: OnceLock::new(), literals, told: Vec::new() }
}

/// One of these, in lower case, stands in every match.
pub(super) fn required(source: &str) -> Option<Vec<String>> {
    glance::required(source).or_else(|| literals::required(&parse(source)?))
}

fn told(all: &[Ready<'_>], rules: Option<&Rules>, text: &str) -> Told {
    let lower = text.to_ascii_lowercase();
    let by = (0..all.len()).filter(|index| all[*index].finds(text, &lower)).collect();
    let document = Document { file: "example".to_owned(), text: text.as_bytes().to_vec(), ..Document::default() };
    let named = rules.map(|rules| diagnose(rules, &[document], Os::Unix).findings).unwrap_or_default();
    Told { by, named: named.into_iter().map(|finding| finding.id).collect() }
}
