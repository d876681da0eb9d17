//! Labelled samples: what a diagnosis of a text should come to, and what it came to.

use super::finding::{Diagnosis, Quote, Verdict};
use crate::text::is_like;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `samples.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// Path of the sample, beside the file → what is expected of it.
    #[serde(default)]
    pub samples: BTreeMap<String, Expectation>,
}

/// What is expected of a sample.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The family that is named first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub family: Option<String>,
    /// The symptom that is named first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// Nothing is named, and nothing is wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub healthy: bool,
    /// Something is wrong that no symptom names.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unclassified: bool,
    /// Ids or families that are named nowhere; `*` stands for any text.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not: Vec<String>,
}

impl Expectation {
    /// In words: `database-connection`, `healthy`, `no cors`.
    pub fn words(&self) -> String {
        let mut words: Vec<String> = self.family.iter().chain(&self.id).cloned().collect();
        words.extend(self.healthy.then(|| "healthy".to_owned()));
        words.extend(self.unclassified.then(|| "unclassified".to_owned()));
        words.extend(self.not.iter().map(|not| format!("no {not}")));
        words.join(", ")
    }

    /// Does it expect anything at all, and nothing that excludes itself?
    pub fn is_sound(&self) -> bool {
        let names = usize::from(self.family.is_some() || self.id.is_some());
        let kinds = names + usize::from(self.healthy) + usize::from(self.unclassified);
        kinds == 1 || (kinds == 0 && !self.not.is_empty())
    }
}

/// A sample, diagnosed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// The sample's path, as `samples.toml` has it.
    pub sample: String,
    /// As expected?
    pub ok: bool,
    /// What was expected.
    pub expected: Expectation,
    /// What the diagnosis came to.
    pub verdict: Verdict,
    /// What was named first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<Named>,
    /// What was named and should not have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwanted: Option<Named>,
}

/// A symptom that was named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its family.
    pub family: String,
    /// The line it stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Quote>,
}

impl Trial {
    /// Holds a diagnosis against what was expected.
    pub fn new(sample: &str, expected: &Expectation, diagnosis: &Diagnosis) -> Self {
        let named = |index: usize| {
            diagnosis.findings.get(index).map(|finding| Named {
                id: finding.id.clone(),
                family: finding.family.clone(),
                evidence: finding.evidence.first().cloned(),
            })
        };
        let first = named(0);
        let is_unwanted =
            |id: &str, family: &str| expected.not.iter().any(|not| is_like(not, id) || is_like(not, family));
        let unwanted = diagnosis.findings.iter().position(|finding| is_unwanted(&finding.id, &finding.family));
        let is = |wanted: &Option<String>, of: fn(&Named) -> &String| {
            wanted.as_ref().is_none_or(|wanted| first.as_ref().is_some_and(|named| of(named) == wanted))
        };
        let ok = is(&expected.family, |named| &named.family)
            && is(&expected.id, |named| &named.id)
            && (!expected.healthy || diagnosis.verdict == Verdict::Healthy)
            && (!expected.unclassified || diagnosis.verdict == Verdict::Unclassified)
            && unwanted.is_none();
        Self {
            sample: sample.to_owned(),
            ok,
            expected: expected.clone(),
            verdict: diagnosis.verdict,
            named: first,
            unwanted: unwanted.and_then(named),
        }
    }
}

/// The figures of all trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Samples.
    pub samples: usize,
    /// Those that came out as expected.
    pub ok: usize,
    /// Those of which a family or a symptom is expected.
    pub failing: usize,
    /// Those of them that name it first.
    pub first: usize,
    /// Those that should be healthy.
    pub healthy: usize,
    /// Those of them in which something was named all the same.
    pub false_alarms: usize,
}

impl Score {
    /// Of these trials.
    pub fn of(trials: &[Trial]) -> Self {
        let count = |wanted: &dyn Fn(&Trial) -> bool| trials.iter().filter(|trial| wanted(trial)).count();
        let names = |trial: &Trial| trial.expected.family.is_some() || trial.expected.id.is_some();
        let is_first = |trial: &Trial| {
            let named = trial.named.as_ref();
            let is = |wanted: &Option<String>, of: fn(&Named) -> &String| {
                wanted.as_ref().is_none_or(|wanted| named.is_some_and(|named| of(named) == wanted))
            };
            is(&trial.expected.family, |named| &named.family) && is(&trial.expected.id, |named| &named.id)
        };
        Self {
            samples: trials.len(),
            ok: count(&|trial| trial.ok),
            failing: count(&names),
            first: count(&|trial| names(trial) && is_first(trial)),
            healthy: count(&|trial| trial.expected.healthy),
            false_alarms: count(&|trial| trial.expected.healthy && trial.named.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expecting(text: &str) -> Expectation {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn an_expectation_says_one_thing() {
        for sound in [
            "family = \"cors\"",
            "family = \"cors\"\nid = \"x\"",
            "healthy = true",
            "not = [\"cors\"]",
            "unclassified = true\nnot = [\"x\"]",
        ] {
            assert!(expecting(sound).is_sound(), "{sound}");
        }
        for odd in ["", "healthy = true\nfamily = \"cors\"", "healthy = false", "healthy = true\nunclassified = true"] {
            assert!(!expecting(odd).is_sound(), "{odd}");
        }
        assert_eq!(expecting("family = \"cors\"\nnot = [\"x-*\"]").words(), "cors, no x-*");
    }

    #[test]
    fn nothing_named_is_not_what_was_expected() {
        let healthy = Diagnosis::naming_nothing(Verdict::Healthy);
        assert!(!Trial::new("a", &expecting("family = \"cors\""), &healthy).ok);
        assert!(Trial::new("a", &expecting("healthy = true"), &healthy).ok);
        assert!(!Trial::new("a", &expecting("unclassified = true"), &healthy).ok);
        let score = Score::of(&[Trial::new("a", &expecting("family = \"cors\""), &healthy)]);
        assert_eq!((score.ok, score.failing, score.first), (0, 1, 0));
    }
}
