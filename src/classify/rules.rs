//! Symptoms, ready to be looked for.
//!
//! Building the rules is cheap: a pattern is compiled when the first text comes that could match it.

use super::sieve::{self, Sieve};
use super::{glance, literals, signs};
use crate::model::finding::{Source, Symptom};
use crate::model::pattern::{self, MAX_SOURCE, Pattern};
use regex_syntax::hir::Hir;
use std::collections::BTreeMap;
use std::sync::OnceLock;

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

/// Where the matches of a pattern can lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Each inside one line.
    Line,
    /// Anywhere.
    Text,
    /// They end where the text ends.
    End,
}

/// A pattern, compiled on first use.
struct Lazy {
    source: String,
    /// One of these stands in every match; `None`: nothing is sure.
    literals: Option<Vec<String>>,
    compiled: OnceLock<Option<(Pattern, Reach)>>,
}

impl Lazy {
    fn new(source: &str) -> Result<Self, String> {
        // Compiling costs ten times as much as parsing, and that ten times as much as a glance.
        let literals = match glance::required(source) {
            Some(literals) if source.len() <= MAX_SOURCE => Some(literals),
            _ => literals::required(&Self::parse(source)?),
        };
        Ok(Self { literals, ..Self::unread(source) })
    }

    /// For a pattern that runs on lines in question only: no literals.
    fn unread(source: &str) -> Self {
        Self { source: source.to_owned(), literals: None, compiled: OnceLock::new() }
    }

    /// `Pattern` words the fault.
    fn parse(source: &str) -> Result<Hir, String> {
        pattern::parse(source)
            .filter(|_| source.len() <= MAX_SOURCE)
            .ok_or_else(|| Pattern::new(source).err().unwrap_or_else(|| "not a regular expression".to_owned()))
    }

    fn get(&self) -> Option<&(Pattern, Reach)> {
        let compile = || {
            let hir = Self::parse(&self.source).ok()?;
            let reach = match (literals::is_at_end(&hir), literals::spans_lines(&hir)) {
                (true, _) => Reach::End,
                (false, true) => Reach::Text,
                (false, false) => Reach::Line,
            };
            Some((Pattern::new(&self.source).ok()?, reach))
        };
        self.compiled.get_or_init(compile).as_ref()
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
        let read = |source: &String| {
            let named = |message| RuleError { symptom: symptom.id.clone(), pattern: source.clone(), message };
            Lazy::new(source).map_err(named)
        };
        let any = symptom.any.iter().map(read).collect::<Result<_, _>>()?;
        let unless = symptom.unless.iter().map(|source| Lazy::unread(source)).collect();
        Ok(Self { any, unless, symptom })
    }

    /// One of its patterns, compiled, and where its matches can lie.
    pub(crate) fn pattern(&self, index: usize) -> Option<&(Pattern, Reach)> {
        self.any.get(index)?.get()
    }

    /// Is a match on this line taken back?
    pub(crate) fn is_excused(&self, line: &[u8]) -> bool {
        self.unless.iter().filter_map(Lazy::get).any(|(pattern, _)| pattern.is_match(line))
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
pub(crate) type Place = (usize, usize);

/// Which patterns are worth running. A pattern's number is its index in `places`.
pub(crate) struct Filter {
    /// The patterns, in the order of the rules.
    pub(crate) places: Vec<Place>,
    /// Finds the literals.
    pub(crate) sieve: Sieve,
    /// For each literal the numbers of its patterns; numbers behind those of all patterns are signs.
    pub(crate) owners: Vec<Vec<usize>>,
    /// Numbers of the patterns without a literal: always run.
    pub(crate) always: Vec<usize>,
}

impl Filter {
    fn new(rules: &[Rule]) -> Self {
        let (mut places, mut always) = (Vec::new(), Vec::new());
        let mut owners: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let signs: Vec<String> = signs::literals().collect();
        for (index, rule) in rules.iter().enumerate() {
            for (pattern, lazy) in rule.any.iter().enumerate() {
                match &lazy.literals {
                    Some(literals) if literals.iter().all(|literal| literal.len() >= sieve::SHORTEST) => {
                        for literal in literals {
                            owners.entry(literal).or_default().push(places.len());
                        }
                    }
                    _ => always.push(places.len()),
                }
                places.push((index, pattern));
            }
        }
        for (sign, literal) in signs.iter().enumerate() {
            owners.entry(literal).or_default().push(places.len() + sign);
        }
        let sieve = Sieve::new(owners.keys().map(|literal| literal.as_bytes().to_vec()).collect());
        Self { places, sieve, owners: owners.into_values().collect(), always }
    }
}

/// Symptoms, ready to be looked for.
pub struct Rules {
    rules: Vec<Rule>,
    filter: OnceLock<Filter>,
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
    /// The first pattern that is seen to be no regular expression. A fault inside a group or a class,
    /// or in `unless`, would show as a pattern that never matches: who takes patterns from people compiles
    /// them (`config` does).
    pub fn new(symptoms: Vec<Symptom>) -> Result<Self, RuleError> {
        let rules = symptoms.into_iter().map(Rule::new).collect::<Result<_, _>>()?;
        Ok(Self { rules, filter: OnceLock::new() })
    }

    /// The symptom of that id.
    pub fn get(&self, id: &str) -> Option<&Symptom> {
        self.iter().find(|symptom| symptom.id == id)
    }

    /// All symptoms, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Symptom> {
        self.rules.iter().map(|rule| &rule.symptom)
    }

    /// The rule at the index of a [`Place`].
    pub(crate) fn rule(&self, index: usize) -> Option<&Rule> {
        self.rules.get(index)
    }

    /// What tells which patterns are worth running. Built on first use.
    pub(crate) fn filter(&self) -> &Filter {
        self.filter.get_or_init(|| Filter::new(&self.rules))
    }
}
