//! The steps that ask the app through its front door: operations against a target, a comparison of two, and the rules
//! of a rollback, made of calls of `curl` and of other steps.

use super::build::{Builder, Scope, find, show};
use super::types::{Block, Comparison, Exchange, JudgedBy, PlannedRounds, PlannedRule, PlannedStep, Row, Work};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::exchange::{Field, HeaderRule, Operation, Parity, Rounds, RuleOf, Target};
use crate::model::step::{Action, Danger, Step};
use crate::model::template::{Part, Template};
use crate::text;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is written for curl's own limit to act first.
const BEHIND: Duration = Duration::from_secs(5);

impl Builder<'_> {
    /// The operations against a target, one after the other; the ones that clean up at the end.
    pub(super) fn operations(
        &mut self,
        target: &str,
        only: &[String],
        cleanup: bool,
        scope: &Scope,
        prefix: &str,
    ) -> Result<Block, Failure> {
        let catalog = self.catalog;
        let Some(target) = catalog.targets.get(target) else {
            return Err(Failure::new(Code::Config, format!("there is no target `{target}`")));
        };
        let chosen = chosen(&catalog.operations, only, cleanup);
        let (mut steps, mut finally) = (Vec::new(), Vec::new());
        for (index, fact) in target.before.iter().enumerate() {
            steps.push(self.step(fact, scope, format!("{prefix}{}", index + 1), &BTreeMap::new())?);
        }
        let facts = steps.len();
        for operation in chosen {
            let (list, id) = match operation.cleanup {
                true => (&mut finally, "f"),
                false => (&mut steps, ""),
            };
            let number = list.len() + 1;
            let planned = self.operation(operation, target, scope, format!("{prefix}{id}{number}"))?;
            list.push(planned);
        }
        let asked = steps.len() - facts;
        Ok(Block {
            task: format!("operations:{}", target.name),
            summary: format!("{} against {}", text::count(asked, "operation"), show(&target.title, scope)),
            danger: Danger::Read,
            scope: self.whole(scope),
            require: Vec::new(),
            steps,
            guard: Vec::new(),
            verify: Vec::new(),
            finally,
            parallel: 1,
            keep_going: true,
            asks: 1,
        })
    }

    fn operation(
        &mut self,
        operation: &Operation,
        target: &Target,
        scope: &Scope,
        id: String,
    ) -> Result<PlannedStep, Failure> {
        let at = |template: &Template| fill(&on(template, target), scope);
        let url = at(&operation.url);
        if let Some(why) = homeless(&url, target, scope) {
            return Err(why);
        }
        // Where a secret may stand in the address it goes in with the headers and the body: a command line is for all to read.
        let is_secret = url.names().iter().any(|name| self.is_secret(name));
        let mut argv =
            vec!["curl".to_owned(), "--silent".to_owned(), "--show-error".to_owned(), "--include".to_owned()];
        // Apart: curl of old knows no `--option=value`.
        let limit = operation.timeout.as_secs().max(1).to_string();
        argv.extend(["--max-time", &limit, "--request", &operation.method].map(str::to_owned));
        let mut argv: Vec<Template> = argv.into_iter().map(Template::literal).collect();
        if !is_secret {
            argv.extend([Template::literal("--url"), url.clone()]);
        }
        argv.extend(["--config", "-"].map(Template::literal));
        let spec = Step {
            danger: Some(Danger::Read),
            timeout: Some(operation.timeout + BEHIND),
            line: operation.line,
            ..Step::of(Action::Run(argv.clone()))
        };
        let mut planned = self.step(&spec, scope, id, &BTreeMap::new())?;
        planned.name = Template::literal(operation.title.clone());
        planned.spec.name = Some(planned.name.clone());
        let mut answer = operation.answer.clone();
        answer.headers.values_mut().flat_map(HeaderRule::templates_mut).for_each(|value| *value = at(value));
        let rule = |field: &mut Field| {
            [&mut field.equals, &mut field.any, &mut field.none]
                .into_iter()
                .flatten()
                .for_each(|text| *text = at(text));
        };
        answer.fields.iter_mut().for_each(rule);
        planned.exchange = Some(Box::new(Exchange {
            operation: operation.name.clone(),
            target: target.name.clone(),
            method: operation.method.clone(),
            url: Some(url).filter(|_| is_secret),
            headers: operation.headers.iter().map(|(name, value)| (name.clone(), at(value))).collect(),
            json: operation.json.as_ref().map(at),
            answer,
            capture: operation.capture.clone(),
        }));
        Ok(planned)
    }

    /// The same operations against both targets, at the same time, and then the comparison.
    pub(super) fn parity(&mut self, only: &[String], scope: &Scope, prefix: &str) -> Result<Block, Failure> {
        let catalog = self.catalog;
        let parity = compared(catalog)?;
        let mut steps = Vec::new();
        for (index, target) in parity.targets.iter().enumerate() {
            let id = format!("{prefix}{}", index + 1);
            let block = self.operations(target, only, true, scope, &format!("{id}."))?;
            steps.push(bare(id, Template::literal(block.summary.clone()), Work::Block(Box::new(block))));
        }
        let comparison = self.comparison(parity, chosen(&catalog.operations, only, false));
        let name = Template::literal(format!("{} against {}", comparison.titles[0], comparison.titles[1]));
        let summary = format!("Compare {} with {}", comparison.titles[0], comparison.titles[1]);
        let mut compare = bare(format!("{prefix}3"), name, Work::Compare(Box::new(comparison)));
        compare.after = vec![0, 1];
        steps.push(compare);
        Ok(Block {
            task: "parity".to_owned(),
            summary,
            danger: Danger::Read,
            scope: self.whole(scope),
            require: Vec::new(),
            steps,
            guard: Vec::new(),
            verify: Vec::new(),
            finally: Vec::new(),
            parallel: 2,
            keep_going: true,
            asks: 1,
        })
    }

    /// What is compared of the answers to these operations.
    fn comparison<'o>(&self, parity: &Parity, of: impl IntoIterator<Item = &'o Operation>) -> Comparison {
        let catalog = self.catalog;
        let rows = of.into_iter().filter(|operation| operation.compare);
        let rows = rows.map(|operation| Row {
            operation: operation.name.clone(),
            title: operation.title.clone(),
            ignore: parity.ignore.iter().chain(&operation.ignore).cloned().collect(),
        });
        let title = |name: &String| catalog.targets.get(name).map_or(name.clone(), |target| target.title.clone());
        Comparison {
            targets: parity.targets.clone(),
            titles: parity.targets.each_ref().map(title),
            headers: parity.headers.clone(),
            rows: rows.collect(),
        }
    }

    /// The rules. What several of them need of the app is asked once a round: each judges its part of the answers.
    pub(super) fn rounds(&mut self, rounds: &Rounds, scope: &Scope, prefix: &str) -> Result<PlannedRounds, Failure> {
        let catalog = self.catalog;
        let needed = needed(catalog)?;
        let mut number = 0;
        let mut id = || {
            number += 1;
            format!("{prefix}{number}")
        };
        let mut asked = Vec::new();
        for (target, only) in &needed {
            let id = id();
            let block = self.operations(target, only, true, scope, &format!("{id}."))?;
            asked.push(bare(id, Template::literal(block.summary.clone()), Work::Block(Box::new(block))));
        }
        let mut rules = Vec::new();
        for rule in &catalog.rules {
            let id = id();
            let inner = format!("{id}.");
            let step = |work| JudgedBy::Step(Box::new(bare(id, Template::literal(rule.name.clone()), work)));
            let by = match &rule.of {
                RuleOf::Check(check) => step(Work::Check(Box::new(self.gate(check, scope, &format!("{inner}1"))?))),
                RuleOf::Task(name) => {
                    let task = find(catalog, name)?;
                    step(Work::Block(Box::new(self.called(task, &[], &inner)?)))
                }
                RuleOf::Operations { target, only } => JudgedBy::Answers {
                    target: target.clone(),
                    operations: meant(&catalog.operations, only).map(|operation| operation.name.clone()).collect(),
                },
                // A rule is about what it names: what that needs of others is another rule's affair.
                RuleOf::Parity { only } => {
                    let meant = meant(&catalog.operations, only);
                    JudgedBy::Compared(Box::new(self.comparison(compared(catalog)?, meant)))
                }
            };
            rules.push(PlannedRule { name: rule.name.clone(), failures: rule.failures, by });
        }
        let [every, limit] = [&rounds.every, &rounds.limit].map(|template| lasts(template, scope));
        Ok(PlannedRounds { every: every?, limit: limit?, asked, rules })
    }

    /// Is it never shown: a secret variable, or captured as one?
    fn is_secret(&self, name: &str) -> bool {
        let captured = self.catalog.operations.iter().flat_map(|operation| &operation.capture);
        self.catalog.vars.get(name).is_some_and(|var| var.secret)
            || captured.into_iter().any(|captured| captured.secret && captured.name == name)
    }
}

/// A duration that may come from a variable.
fn lasts(template: &Template, scope: &Scope) -> Result<Duration, Failure> {
    let text = fill(template, scope).to_string();
    text::parse_duration(&text).map_err(|why| Failure::new(Code::Usage, format!("the rounds of `{template}`: {why}")))
}

/// What `[parity]` says.
fn compared(catalog: &Catalog) -> Result<&Parity, Failure> {
    let nothing = || Failure::new(Code::Config, "nothing says which targets are compared: [parity]");
    catalog.parity.as_ref().ok_or_else(nothing)
}

/// Target → the operations that the rules need against it; the targets that are compared first.
fn needed(catalog: &Catalog) -> Result<Vec<(&str, Vec<String>)>, Failure> {
    let mut needed: Vec<(&str, Vec<String>)> = Vec::new();
    let mut add = |target: &'_ str, only: &[String]| {
        // The name as the catalog has it lives as long as the catalog.
        let Some((target, _)) = catalog.targets.get_key_value(target) else { return };
        match needed.iter_mut().find(|(known, _)| *known == target) {
            Some((_, all)) => all.extend_from_slice(only),
            None => needed.push((target, only.to_vec())),
        }
    };
    for rule in &catalog.rules {
        if let RuleOf::Parity { only } = &rule.of {
            compared(catalog)?.targets.iter().for_each(|target| add(target, only));
        }
    }
    for rule in &catalog.rules {
        if let RuleOf::Operations { target, only } = &rule.of {
            add(target, only);
        }
    }
    for (_, only) in &mut needed {
        let mut known = BTreeSet::new();
        only.retain(|name| known.insert(name.clone()));
    }
    Ok(needed)
}

fn is_meant(operation: &Operation, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|name| text::is_like(name, &operation.name))
}

/// The operations that are meant; none that cleans up.
fn meant<'a>(all: &'a [Operation], only: &'a [String]) -> impl Iterator<Item = &'a Operation> {
    all.iter().filter(|operation| !operation.cleanup && is_meant(operation, only))
}

/// The operations that are meant, and those that capture what they need; the ones that clean up when all that they
/// need is captured.
fn chosen<'a>(all: &'a [Operation], only: &[String], cleanup: bool) -> Vec<&'a Operation> {
    let is_meant = |operation: &Operation| is_meant(operation, only);
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    for operation in all.iter().rev().filter(|operation| !operation.cleanup) {
        let gives = operation.capture.iter().any(|captured| wanted.contains(captured.name.as_str()));
        if is_meant(operation) || gives {
            wanted.extend(names(operation));
            wanted.insert(&operation.name);
        }
    }
    let given = |name: &str| all.iter().any(|other| other.capture.iter().any(|captured| captured.name == name));
    let captures: BTreeSet<&str> = all
        .iter()
        .filter(|operation| wanted.contains(operation.name.as_str()))
        .flat_map(|operation| operation.capture.iter().map(|captured| captured.name.as_str()))
        .collect();
    let is_chosen = |operation: &&Operation| match operation.cleanup {
        true => cleanup && names(operation).into_iter().all(|name| !given(name) || captures.contains(name)),
        false => wanted.contains(operation.name.as_str()),
    };
    all.iter().filter(is_chosen).collect()
}

/// The variables that an operation uses.
fn names(operation: &Operation) -> BTreeSet<&str> {
    let rules = operation.answer.fields.iter().flat_map(|field| [&field.equals, &field.any, &field.none]).flatten();
    let texts = std::iter::once(&operation.url).chain(operation.headers.values()).chain(&operation.json);
    texts
        .chain(operation.answer.headers.values().flat_map(HeaderRule::templates))
        .chain(rules)
        .flat_map(Template::names)
        .collect()
}

/// Does a call of it use this variable, which only the run knows?
pub fn uses(block: &Block, name: &str) -> bool {
    block.steps.iter().chain(&block.finally).any(|step| step_uses(step, name))
}

fn step_uses(step: &PlannedStep, name: &str) -> bool {
    match &step.work {
        Work::Run(call) => call.argv.iter().any(|argument| argument.names().contains(name)),
        Work::Block(inner) => uses(inner, name),
        Work::Rounds(rounds) => rounds.steps().any(|step| step_uses(step, name)),
        _ => false,
    }
}

/// A target whose address nobody has named is not asked.
fn homeless(url: &Template, target: &Target, scope: &Scope) -> Option<Failure> {
    let start = match url.parts().first() {
        Some(Part::Text(text)) => text.as_str(),
        Some(Part::Var { .. }) => return None,
        None => "",
    };
    if start.starts_with("http://") || start.starts_with("https://") {
        return None;
    }
    let empty = |name: &&str| scope.get(*name).is_some_and(String::is_empty);
    let names: BTreeSet<&str> = target.vars.values().flat_map(Template::names).filter(empty).collect();
    let failure =
        Failure::new(Code::Usage, format!("the target {} has no address: `{url}` is none", show(&target.title, scope)));
    Some(names.into_iter().fold(failure, |failure, name| {
        failure.hint(format!("set {name}, in tasks.local.toml or with --set {name}=https://..."))
    }))
}

/// A text as it is on a target: the target's variables put in their places.
fn on(template: &Template, target: &Target) -> Template {
    template.put(|name| target.vars.get(name))
}

fn fill(template: &Template, scope: &Scope) -> Template {
    template.fill(|name| scope.get(name).map(String::as_str)).unwrap_or_default()
}

/// A step that has nothing but its work.
fn bare(id: String, name: Template, work: Work) -> PlannedStep {
    PlannedStep {
        id,
        name,
        danger: Danger::Read,
        work,
        after: Vec::new(),
        watch: None,
        exchange: None,
        fail_fast: None,
        skip_if: None,
        done_if: None,
        spec: Step::of(Action::Diagnose),
    }
}
