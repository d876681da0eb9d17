//! Symptoms, ready to be looked for.
//!
//! Building the rules is cheap: a pattern is compiled when the first text comes that could match it.

use super::literals;
use crate::model::finding::{Source, Symptom};
use crate::model::pattern::Pattern;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use std::sync::OnceLock;

/// Texts from this size on earn the faster, costlier automaton.
const LARGE: usize = 4 << 20;

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
    compiled: OnceLock<Option<Pattern>>,
}

impl Lazy {
    fn new(source: &str) -> Self {
        Self { source: source.to_owned(), compiled: OnceLock::new() }
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
    /// Its patterns, compiled.
    pub(crate) fn any(&self) -> impl Iterator<Item = &Pattern> {
        self.any.iter().filter_map(Lazy::get)
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
            Unknown => true,
            // The three parts of a describe are easily taken for one another in a cut text.
            _ => tells(source) && sources.iter().any(|source| tells(*source)),
        }
    }
}

/// The automaton over all literals, and which rules each of them stands for.
struct Filter {
    automaton: AhoCorasick,
    owners: Vec<usize>,
    /// Rules without a literal: always run.
    always: Vec<usize>,
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
        let mut rules = Vec::with_capacity(symptoms.len());
        for symptom in symptoms {
            for source in symptom.any.iter().chain(&symptom.unless) {
                check(source).map_err(|message| RuleError {
                    symptom: symptom.id.clone(),
                    pattern: source.clone(),
                    message,
                })?;
            }
            let lazies = |sources: &[String]| sources.iter().map(|source| Lazy::new(source)).collect();
            rules.push(Rule { any: lazies(&symptom.any), unless: lazies(&symptom.unless), symptom });
        }
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

    /// Indexes of the rules that could match in this text, in order.
    pub(crate) fn candidates(&self, text: &[u8]) -> Vec<usize> {
        let slot = if text.len() < LARGE { &self.small } else { &self.large };
        let kind = if text.len() < LARGE { AhoCorasickKind::ContiguousNFA } else { AhoCorasickKind::DFA };
        let Some(filter) = slot.get_or_init(|| self.filter(kind)) else { return (0..self.rules.len()).collect() };
        let mut wanted = vec![false; self.rules.len()];
        for index in &filter.always {
            wanted[*index] = true;
        }
        for found in filter.automaton.find_overlapping_iter(text) {
            wanted[filter.owners[found.pattern().as_usize()]] = true;
        }
        (0..wanted.len()).filter(|index| wanted[*index]).collect()
    }

    fn filter(&self, kind: AhoCorasickKind) -> Option<Filter> {
        let mut always = Vec::new();
        let mut texts = Vec::new();
        let mut owners = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let literals: Option<Vec<Vec<String>>> =
                rule.symptom.any.iter().map(|source| literals::required(source)).collect();
            let Some(literals) = literals else {
                always.push(index);
                continue;
            };
            for literal in literals.into_iter().flatten() {
                texts.push(literal);
                owners.push(index);
            }
        }
        let automaton = AhoCorasickBuilder::new().ascii_case_insensitive(true).kind(Some(kind)).build(&texts).ok()?;
        Some(Filter { automaton, owners, always })
    }
}

/// Is it a regular expression? Parsing costs a tenth of compiling.
fn check(source: &str) -> Result<(), String> {
    let parsed =
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).multi_line(true).crlf(true).build().parse(source);
    match parsed {
        Ok(_) if source.len() <= crate::model::pattern::MAX_SOURCE => Ok(()),
        // `Pattern` words the fault.
        _ => Pattern::new(source).map(|_| ()),
    }
}
