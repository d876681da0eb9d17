//! The steps that ask the app through its front door: operations against a target, a comparison of two, and the rules
//! of a rollback, made of calls of `curl` and of other steps.

use super::build::{Builder, Scope, find, show};
use super::types::{Block, Comparison, Exchange, PlannedRounds, PlannedRule, PlannedStep, Row, Work};
use crate::error::{Code, Failure};
use crate::model::exchange::{Field, Operation, Rounds, RuleOf, Target};
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
        answer.headers.values_mut().flatten().for_each(|value| *value = at(value));
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
        let Some(parity) = &catalog.parity else {
            return Err(Failure::new(Code::Config, "nothing says which targets are compared: [parity]"));
        };
        let mut steps = Vec::new();
        for (index, target) in parity.targets.iter().enumerate() {
            let id = format!("{prefix}{}", index + 1);
            let block = self.operations(target, only, true, scope, &format!("{id}."))?;
            steps.push(bare(id, Template::literal(block.summary.clone()), Work::Block(Box::new(block))));
        }
        let rows = chosen(&catalog.operations, only, false).into_iter().filter(|operation| operation.compare);
        let rows = rows.map(|operation| Row {
            operation: operation.name.clone(),
            title: operation.title.clone(),
            ignore: parity.ignore.iter().chain(&operation.ignore).cloned().collect(),
        });
        let title = |name: &String| catalog.targets.get(name).map_or(name.clone(), |target| target.title.clone());
        let comparison = Comparison {
            targets: parity.targets.clone(),
            titles: parity.targets.each_ref().map(title),
            headers: parity.headers.clone(),
            rows: rows.collect(),
        };
        let name = Template::literal(format!("{} against {}", comparison.titles[0], comparison.titles[1]));
        let mut compare = bare(format!("{prefix}3"), name, Work::Compare(Box::new(comparison)));
        compare.after = vec![0, 1];
        steps.push(compare);
        Ok(Block {
            task: "parity".to_owned(),
            summary: format!("Compare {} with {}", title(&parity.targets[0]), title(&parity.targets[1])),
            danger: Danger::Read,
            scope: self.whole(scope),
            require: Vec::new(),
            steps,
            guard: Vec::new(),
            verify: Vec::new(),
            finally: Vec::new(),
            parallel: 2,
            keep_going: true,
        })
    }

    /// The rules, each a step that fails when its answer is a no.
    pub(super) fn rounds(&mut self, rounds: &Rounds, scope: &Scope, prefix: &str) -> Result<PlannedRounds, Failure> {
        let catalog = self.catalog;
        let mut rules = Vec::new();
        for (index, rule) in catalog.rules.iter().enumerate() {
            let id = format!("{prefix}{}", index + 1);
            let inner = format!("{id}.");
            let work = match &rule.of {
                RuleOf::Check(check) => Work::Check(Box::new(self.gate(check, scope, &format!("{inner}1"))?)),
                RuleOf::Operations { target, only } => {
                    Work::Block(Box::new(self.operations(target, only, true, scope, &inner)?))
                }
                RuleOf::Parity { only } => Work::Block(Box::new(self.parity(only, scope, &inner)?)),
                RuleOf::Task(name) => {
                    let task = find(catalog, name)?;
                    Work::Block(Box::new(self.called(task, &[], &inner)?))
                }
            };
            let step = bare(id, Template::literal(rule.name.clone()), work);
            rules.push(PlannedRule { name: rule.name.clone(), failures: rule.failures, step });
        }
        Ok(PlannedRounds { every: rounds.every, limit: rounds.limit, rules })
    }

    /// Is it never shown: a secret variable, or captured as one?
    fn is_secret(&self, name: &str) -> bool {
        let captured = self.catalog.operations.iter().flat_map(|operation| &operation.capture);
        self.catalog.vars.get(name).is_some_and(|var| var.secret)
            || captured.into_iter().any(|captured| captured.secret && captured.name == name)
    }
}

/// The operations that are meant, and those that capture what they need; the ones that clean up when all that they
/// need is captured.
fn chosen<'a>(all: &'a [Operation], only: &[String], cleanup: bool) -> Vec<&'a Operation> {
    let is_meant =
        |operation: &Operation| only.is_empty() || only.iter().any(|name| text::is_like(name, &operation.name));
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
    texts.chain(operation.answer.headers.values().flatten()).chain(rules).flat_map(Template::names).collect()
}

/// Does a call of it use this variable, which only the run knows?
pub fn uses(block: &Block, name: &str) -> bool {
    let of = |step: &PlannedStep| match &step.work {
        Work::Run(call) => call.argv.iter().any(|argument| argument.names().contains(name)),
        Work::Block(inner) => uses(inner, name),
        Work::Rounds(rounds) => rounds.rules.iter().any(|rule| match &rule.step.work {
            Work::Block(inner) => uses(inner, name),
            _ => false,
        }),
        _ => false,
    };
    block.steps.iter().chain(&block.finally).any(of)
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
        skip_if: None,
        done_if: None,
        spec: Step::of(Action::Diagnose),
    }
}
