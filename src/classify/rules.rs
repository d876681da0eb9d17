//! Symptoms, ready to be looked for.
//!
//! Building the rules is cheap: a pattern is compiled when the first text comes that could match it.

use super::literals;
use crate::model::finding::{Source, Symptom};
use crate::model::pattern::{MAX_SOURCE, Pattern};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Texts from this size on earn the faster, costlier automaton.
const LARGE: usize = 512 << 10;

/// A pattern of a symptom that does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("symptom `{symptom}`: {message} in the pattern `{pattern}`")]
pub struct RuleError {
    /// The symptom's id.
    pub symptom: String,
    /// The pattern as it was written.
    pub pattern: String,
    /// What is wrong with it, in one line.
    pub message: String,
}

/// A pattern, compiled on first use.
struct Lazy {
    source: String,
    /// One of these stands in every match; `None`: nothing is sure.
    literals: Option<Vec<String>>,
    /// Every match ends where the text ends.
    at_end: bool,
    compiled: OnceLock<Option<Pattern>>,
}

impl Lazy {
    fn new(source: &str) -> Result<Self, String> {
        // Parsing costs a tenth of compiling; `Pattern` words the fault.
        match literals::parse(source) {
            Some(hir) if source.len() <= MAX_SOURCE => Ok(Self {
                source: source.to_owned(),
                literals: literals::required(&hir),
                at_end: literals::is_at_end(&hir),
                compiled: OnceLock::new(),
            }),
            _ => Err(Pattern::new(source).err().unwrap_or_else(|| "not a regular expression".to_owned())),
        }
    }

    fn get(&self) -> Option<&Pattern> {
        self.compiled.get_or_init(|| Pattern::new(&self.source).ok()).as_ref()
    }
}

/// A symptom with its patterns.
pub(crate) struct Rule {
    /// What it was made from.
    pub(crate) symptom: Symptom,
    any: Vec<Lazy>,
    unless: Vec<Lazy>,
}

impl Rule {
    fn new(symptom: Symptom) -> Result<Self, RuleError> {
        let lazies = |sources: &[String]| {
            sources
                .iter()
                .map(|source| {
                    Lazy::new(source).map_err(|message| RuleError {
                        symptom: symptom.id.clone(),
                        pattern: source.clone(),
                        message,
                    })
                })
                .collect::<Result<Vec<Lazy>, RuleError>>()
        };
        Ok(Self { any: lazies(&symptom.any)?, unless: lazies(&symptom.unless)?, symptom })
    }

    /// One of its patterns, compiled, and whether its matches end where the text ends.
    pub(crate) fn pattern(&self, index: usize) -> Option<(&Pattern, bool)> {
        let lazy = self.any.get(index)?;
        Some((lazy.get()?, lazy.at_end))
    }

    /// Is a match on this line taken back?
    pub(crate) fn is_excused(&self, line: &[u8]) -> bool {
        self.unless.iter().filter_map(Lazy::get).any(|pattern| pattern.is_match(line))
    }

    /// May it be read from this kind of text? What was not recognised may be anything.
    pub(crate) fn reads(&self, source: Source) -> bool {
        use Source::{DescribeOther, DescribePod, Events, Manifest, Unknown};
        let sources = &self.symptom.sources;
        let tells = |source: Source| matches!(source, DescribePod | DescribeOther | Events);
        match source {
            Manifest => false,
            _ if sources.is_empty() || sources.contains(&source) => true,
            // Rows of pods are recognised wherever they stand.
            Unknown => sources[..] != [Source::PodTable],
            // The three parts of a describe are easily taken for one another in a cut text.
            _ => tells(source) && sources.iter().any(|source| tells(*source)),
        }
    }
}

/// A pattern: the index of its rule, and its own in that rule.
type Place = (usize, usize);

/// The automaton over all literals, and which pattern each of them stands for.
struct Filter {
    automaton: AhoCorasick,
    owners: Vec<Place>,
    /// Patterns without a literal: always run.
    always: Vec<Place>,
}

/// Symptoms, ready to be looked for.
pub struct Rules {
    rules: Vec<Rule>,
    small: OnceLock<Option<Filter>>,
    large: OnceLock<Option<Filter>>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules").field("symptoms", &self.rules.len()).finish_non_exhaustive()
    }
}

impl Rules {
    /// Takes the symptoms as they are; the order breaks ties. Patterns are parsed, not compiled.
    ///
    /// # Errors
    /// The first pattern that is no regular expression.
    pub fn new(symptoms: Vec<Symptom>) -> Result<Self, RuleError> {
        let rules = symptoms.into_iter().map(Rule::new).collect::<Result<_, _>>()?;
        Ok(Self { rules, small: OnceLock::new(), large: OnceLock::new() })
    }

    /// The symptom of that id.
    pub fn get(&self, id: &str) -> Option<&Symptom> {
        self.iter().find(|symptom| symptom.id == id)
    }

    /// All symptoms, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Symptom> {
        self.rules.iter().map(|rule| &rule.symptom)
    }

    /// The rule at an index that [`candidates`](Self::candidates) gave.
    pub(crate) fn rule(&self, index: usize) -> Option<&Rule> {
        self.rules.get(index)
    }

    /// The patterns that could match in this text, in order: a rule's index and a pattern's in it.
    pub(crate) fn candidates(&self, text: &[u8]) -> BTreeSet<Place> {
        let slot = if text.len() < LARGE { &self.small } else { &self.large };
        let kind = if text.len() < LARGE { AhoCorasickKind::NoncontiguousNFA } else { AhoCorasickKind::DFA };
        let Some(filter) = slot.get_or_init(|| self.filter(kind)) else { return self.places().collect() };
        let mut seen = vec![false; filter.owners.len()];
        for found in filter.automaton.find_overlapping_iter(text) {
            if let Some(seen) = seen.get_mut(found.pattern().as_usize()) {
                *seen = true;
            }
        }
        let owners = filter.owners.iter().zip(seen).filter(|(_, seen)| *seen).map(|(place, _)| *place);
        owners.chain(filter.always.iter().copied()).collect()
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        self.rules.iter().enumerate().flat_map(|(rule, of)| (0..of.any.len()).map(move |pattern| (rule, pattern)))
    }

    fn filter(&self, kind: AhoCorasickKind) -> Option<Filter> {
        let mut always = Vec::new();
        let mut texts = Vec::new();
        let mut owners = Vec::new();
        for place @ (rule, pattern) in self.places() {
            let Some(literals) = &self.rules[rule].any[pattern].literals else {
                always.push(place);
                continue;
            };
            for literal in literals {
                texts.push(literal);
                owners.push(place);
            }
        }
        let automaton = AhoCorasickBuilder::new().ascii_case_insensitive(true).kind(Some(kind)).build(&texts).ok()?;
        Some(Filter { automaton, owners, always })
    }
}
