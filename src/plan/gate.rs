//! Checks at their place: what stands before, in and behind the steps of a task.

use super::build::{Builder, Open, fill};
use super::types::{Ask, Gate, SecretRead, WantedBy};
use crate::error::{Code, Failure};
use crate::model::step::{Check, CheckRef, Join, Question, SecretFrom, Wanted};
use crate::model::template::Template;
use std::collections::BTreeMap;

impl<'a> Builder<'a> {
    pub(super) fn gates(
        &mut self,
        checks: &[CheckRef],
        scope: &BTreeMap<String, String>,
        prefix: &str,
        kind: &str,
    ) -> Result<Vec<Gate>, Failure> {
        let mut gates = Vec::new();
        for check in checks {
            match self.parts(check) {
                // Each part is a gate of its own; what to do about all of them is what to do about one that says nothing.
                Some((whole, of, _)) => {
                    for part in of {
                        let mut gate = self.gate(part, scope, &format!("{prefix}{kind}{}", gates.len() + 1))?;
                        if gate.fix.is_empty() {
                            gate.fix = whole.fix.iter().filter_map(|line| fill(line, scope)).collect();
                        }
                        gates.push(gate);
                    }
                }
                None => gates.push(self.gate(check, scope, &format!("{prefix}{kind}{}", gates.len() + 1))?),
            }
        }
        Ok(gates)
    }

    /// The parts of a check that are asked side by side where a task requires it, and how many at a time.
    pub(super) fn parts(&self, reference: &CheckRef) -> Option<(&'a Check, &'a [CheckRef], usize)> {
        let check = self.catalog.checks.get(&reference.name).filter(|_| !reference.negated)?;
        match &check.question {
            Question::Checks { join: Join::All, of, parallel } if *parallel > 1 => Some((check, of, *parallel)),
            _ => None,
        }
    }

    /// The check at its place: its own step, or its secret reads.
    pub(super) fn gate(
        &mut self,
        reference: &CheckRef,
        scope: &BTreeMap<String, String>,
        id: &str,
    ) -> Result<Gate, Failure> {
        let Some(check) = self.catalog.checks.get(&reference.name) else {
            return Err(Failure::new(Code::Config, format!("there is no check `{}`", reference.name)));
        };
        let title = fill(&check.title, scope).unwrap_or_default();
        let before = check.before.iter().map(|step| self.step(step, scope, id.to_owned(), &Open::new()));
        let before = before.collect::<Result<Vec<_>, Failure>>()?;
        let ask = self.ask_of(check, &title, scope, id)?;
        let fill_all = |lines: &[Template]| lines.iter().filter_map(|line| fill(line, scope)).collect();
        let (fix, holds): (Vec<Template>, Vec<Template>) = (fill_all(&check.fix), fill_all(&check.holds));
        holds.iter().try_for_each(|text| self.has_values(text))?;
        let (check, negated, no) = (check.name.clone(), reference.negated, check.no.clone());
        Ok(Gate { check, negated, title, fix, before, ask, no, holds })
    }

    fn ask_of(
        &mut self,
        check: &Check,
        title: &Template,
        scope: &BTreeMap<String, String>,
        id: &str,
    ) -> Result<Ask, Failure> {
        Ok(match &check.question {
            Question::Run(step) => {
                let mut planned = self.step(step, scope, id.to_owned(), &Open::new())?;
                planned.name = title.clone();
                Ask::Run(Box::new(planned))
            }
            Question::Room(room) => {
                // The pod's name comes out of the list of pods, whatever a variable of that name holds.
                let mut of_pod = scope.clone();
                of_pod.remove("pod");
                let wanted = match &room.wanted {
                    Wanted::Waiting { pods, pod } => {
                        WantedBy::Waiting { pods: self.call(pods, scope, None)?, pod: self.call(pod, &of_pod, None)? }
                    }
                    Wanted::Chart { chart, own } => WantedBy::Chart {
                        chart: self.call(chart, scope, None)?,
                        own: own.as_ref().and_then(|own| fill(own, scope)),
                    },
                };
                Ask::Room { node: self.call(&room.node, scope, None)?, wanted }
            }
            Question::Incident => Ask::Incident,
            Question::Checks { join, of, .. } => {
                let of = of.iter().map(|part| self.gate(part, scope, id));
                Ask::Checks { join: *join, of: of.collect::<Result<_, _>>()? }
            }
            Question::Secrets { values, render, min_len, pattern, contains } => {
                let mut reads = Vec::new();
                for value in values {
                    let mut of = value.clone();
                    of.secret = fill(&value.secret, scope).unwrap_or_default();
                    of.key = fill(&value.key, scope).unwrap_or_default();
                    if value.from == SecretFrom::Rendered {
                        reads.push(SecretRead { call: self.call(render, scope, None)?, of });
                        continue;
                    }
                    // A dot in a key must be escaped in jsonpath, or it would be a path.
                    let key = of.key.to_string().replace('.', r"\.");
                    let argv = [
                        Template::literal("kubectl"),
                        Template::literal("get"),
                        Template::literal("secret"),
                        of.secret.clone(),
                        Template::literal("-o"),
                        Template::literal(format!("jsonpath={{.data.{key}}}")),
                    ];
                    reads.push(SecretRead { call: self.call(&argv, scope, None)?, of });
                }
                let contains = contains.as_ref().and_then(|text| fill(text, scope));
                contains.iter().try_for_each(|text| self.has_values(text))?;
                Ask::Secrets { reads, min_len: *min_len, pattern: pattern.clone(), contains }
            }
        })
    }
}
