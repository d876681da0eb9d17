//! Catalog + task + arguments → [`Plan`].

use super::args::bind;
use super::hide::{self, Hide};
use super::limits;
use super::types::{Block, Call, Confirmation, FailFast, Gate, Plan, PlannedStep, PlannedTool, Watched, Work};
use super::values::check_argument;
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::step::{Action, Confirm, Danger, DoneIf, OnInterrupt, Step, Task};
use crate::model::template::Template;
use crate::text;
use std::collections::{BTreeMap, BTreeSet};

/// Makes the plan of `task` with `args` as the command line gave them: by position, or `name=value`.
///
/// # Errors
/// [`Code::Usage`]: no such task, too many arguments, a missing or unfit one.
pub fn build(catalog: &Catalog, task: &str, args: &[String]) -> Result<Plan, Failure> {
    let task = find(catalog, task)?;
    of_task(catalog, task, &bind(task, args)?)
}

/// The plan of a task that need not be one of the file's.
pub(super) fn of_task(catalog: &Catalog, task: &Task, values: &Scope) -> Result<Plan, Failure> {
    planned(Builder::new(catalog), task, values)
}

/// The calls of a task, for whoever goes through all tasks of a file: of a task that it calls as anybody could there is
/// nothing in it, and every step is, given or not.
///
/// # Errors
/// As [`build`].
pub fn alone(catalog: &Catalog, task: &Task) -> Result<Plan, Failure> {
    planned(Builder { is_alone: true, ..Builder::new(catalog) }, task, &bind(task, &[])?)
}

fn planned(mut builder: Builder<'_>, task: &Task, values: &Scope) -> Result<Plan, Failure> {
    let catalog = builder.catalog;
    let root = builder.block(task, values, "")?;
    let tools = builder
        .tools
        .iter()
        .filter_map(|name| catalog.tools.get(name))
        .map(|tool| {
            let planned = PlannedTool {
                program: tool.program.clone(),
                others: tool.others.clone(),
                version: tool.version.clone(),
                install: tool.install.clone(),
            };
            (tool.name.clone(), planned)
        })
        .collect();
    let secrets = catalog.vars.values().filter(|var| var.secret).map(|var| var.value.clone()).collect();
    let hide = Hide { read: hide::read(catalog, &builder.tools), ..Hide::default() };
    Ok(Plan { root, confirmations: builder.confirmations, tools, secrets, hide })
}

/// The task of that name, or a usage failure that says which there are.
///
/// # Errors
/// No such task.
pub fn find<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Task, Failure> {
    catalog.task(name).ok_or_else(|| {
        let known = catalog.tasks.iter().map(|task| task.name.as_str());
        let failure = Failure::new(Code::Usage, format!("there is no task or command `{name}`"));
        match text::suggest(name, known) {
            Some(near) => failure.hint(format!("did you mean `{near}`?  refloat {near}")),
            None => failure.hint("refloat list"),
        }
    })
}

pub(super) struct Builder<'a> {
    pub(super) catalog: &'a Catalog,
    tools: BTreeSet<String>,
    confirmations: Vec<Confirmation>,
    /// Inside the task that saves the evidence, which needs none of its own.
    is_evidence: bool,
    /// See [`alone`].
    is_alone: bool,
}

/// The values that are known before the run.
pub(super) type Scope = BTreeMap<String, String>;

/// Names that only the run can fill, with the index of the step that fills them.
pub(super) type Open = BTreeMap<String, usize>;

impl<'a> Builder<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Self { catalog, tools: BTreeSet::new(), confirmations: Vec::new(), is_evidence: false, is_alone: false }
    }

    fn block(&mut self, task: &Task, params: &BTreeMap<String, String>, prefix: &str) -> Result<Block, Failure> {
        let whole = self.whole(params);
        // A secret stays an open `${name}` in the plan, so that no view of a plan can show it; the
        // engine fills it from the block's scope.
        let is_secret = |name: &str| self.catalog.vars.get(name).is_some_and(|var| var.secret);
        let scope: BTreeMap<String, String> = whole
            .iter()
            .filter(|(name, _)| params.contains_key(*name) || !is_secret(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.ask(task, &scope);

        let mut open = Open::new();
        let mut steps = Vec::new();
        let require = self.gates(&task.require, &scope, prefix, "r")?;
        let is_alone = self.is_alone;
        let is_left_out = |step: &Step| {
            let is_given = |name: &String| params.get(name).is_some_and(|value| !value.is_empty());
            let (unless, only) = (step.unless_given.as_ref(), step.if_given.as_ref());
            !is_alone && (unless.is_some_and(is_given) || only.is_some_and(|name| !is_given(name)))
        };
        for (index, step) in task.steps.iter().enumerate().filter(|(_, step)| !is_left_out(step)) {
            let id = format!("{prefix}{}", index + 1);
            let mut planned = self.step(step, &scope, id, &open)?;
            planned.danger = danger_of(&planned, task.danger);
            steps.push(planned);
            let place = steps.len() - 1;
            open.extend(exports(step).into_iter().map(|name| (name, place)));
        }
        let mut finally = Vec::new();
        for (index, step) in task.finally.iter().enumerate().filter(|(_, step)| !is_left_out(step)) {
            let mut planned = self.step(step, &scope, format!("{prefix}f{}", index + 1), &open)?;
            planned.after.clear();
            planned.danger = danger_of(&planned, task.danger);
            finally.push(planned);
        }
        let guard = self.gates(&task.guard, &scope, prefix, "g")?;
        steps.iter_mut().chain(&mut finally).for_each(|step| spread(step, &guard));
        let verify = self.gates(&task.verify, &scope, prefix, "v")?;
        Ok(Block {
            task: task.name.clone(),
            summary: show(&task.summary, &scope),
            danger: task.danger,
            scope: whole,
            require,
            steps,
            guard,
            verify,
            finally,
            parallel: task.parallel.max(1),
            keep_going: false,
            asks: task
                .require
                .iter()
                .chain(&task.verify)
                .filter_map(|check| Some(self.parts(check)?.2))
                .max()
                .unwrap_or(1),
        })
    }

    /// A called task, with these values for its parameters.
    pub(super) fn called(&mut self, task: &Task, args: &[String], prefix: &str) -> Result<Block, Failure> {
        let values = bind(task, args)?;
        if self.is_alone && args.is_empty() {
            return Ok(Block::default());
        }
        self.block(task, &values, prefix)
    }

    /// A scope with the secrets in it, which no view of a plan shows.
    pub(super) fn whole(&self, scope: &Scope) -> Scope {
        let mut whole: Scope = self.catalog.vars.iter().map(|(name, var)| (name.clone(), var.value.clone())).collect();
        whole.extend(scope.iter().map(|(name, value)| (name.clone(), value.clone())));
        whole
    }

    /// Notes what must be agreed to; a name that is asked for already is not asked for twice.
    fn ask(&mut self, task: &Task, scope: &BTreeMap<String, String>) {
        let name = match &task.confirm {
            None => return,
            Some(Confirm::Yes) => None,
            Some(Confirm::Type(template)) => Some(fill(template, scope).map_or_else(String::new, |t| t.to_string())),
        };
        let known = self.confirmations.iter().any(|known| match &name {
            Some(name) => known.name.as_ref() == Some(name),
            // A typed name is the stronger answer; it covers a plain yes.
            None => true,
        });
        if !known {
            self.confirmations.push(Confirmation {
                task: task.name.clone(),
                summary: show(&task.summary, scope),
                name,
                preview: task.preview.clone(),
            });
        }
    }

    pub(super) fn step(
        &mut self,
        step: &Step,
        scope: &BTreeMap<String, String>,
        id: String,
        open: &Open,
    ) -> Result<PlannedStep, Failure> {
        let gate_prefix = format!("{id}.");
        let (work, title) = match &step.action {
            Action::Run(argv) => {
                let call = self.call(argv, scope, Some(step))?;
                let asked = call.argv.iter().enumerate().filter(|(index, _)| !call.pinned.contains(index));
                let words: Vec<String> = asked.map(|(_, argument)| argument.to_string()).collect();
                // What only the run knows stays open, to be filled in the title too.
                let title = Template::parse(&words.join(" ")).unwrap_or_default();
                (Work::Run(call), title)
            }
            Action::Task { name, with } => {
                let task = find(self.catalog, name)?;
                let mut args = Vec::new();
                for (param, value) in with {
                    let filled = fill(value, scope).unwrap_or_default();
                    let Some(value) = filled.as_literal() else {
                        let message = format!(
                            "tasks.toml:{}: `{param} = \"{filled}\"` is not known before the run; a called task's parameters must be",
                            step.line
                        );
                        return Err(Failure::new(Code::Config, message));
                    };
                    args.push(format!("{param}={value}"));
                }
                let block = self.called(task, &args, &gate_prefix)?;
                let title = Template::literal(block.summary.clone());
                (Work::Block(Box::new(block)), title)
            }
            Action::Check(check) => {
                let gate = self.gate(check, scope, &format!("{gate_prefix}1"))?;
                let title = if gate.negated {
                    Template::parse(&format!("not: {}", gate.title)).unwrap_or_else(|_| gate.title.clone())
                } else {
                    gate.title.clone()
                };
                (Work::Check(Box::new(gate)), title)
            }
            Action::Diagnose => (Work::Diagnose, Template::literal("Name the cause")),
            Action::Operations { target, only, cleanup } => {
                let block = self.operations(target, only, *cleanup, scope, &gate_prefix)?;
                let title = Template::literal(block.summary.clone());
                (Work::Block(Box::new(block)), title)
            }
            Action::Parity { only } => {
                let block = self.parity(only, scope, &gate_prefix)?;
                let title = Template::literal(block.summary.clone());
                (Work::Block(Box::new(block)), title)
            }
            Action::Ask(question) => {
                let question = fill(question, scope).unwrap_or_default();
                (Work::Ask(question.clone()), question)
            }
            Action::Rounds(rounds) => {
                let planned = self.rounds(rounds, scope, &gate_prefix)?;
                let title = Template::literal(format!(
                    "{} every {} for {}",
                    text::count(planned.rules.len(), "rule"),
                    text::duration(planned.every),
                    text::duration(planned.limit)
                ));
                (Work::Rounds(Box::new(planned)), title)
            }
        };
        let skip_if = match &step.skip_if {
            Some(check) => Some(self.gate(check, scope, &format!("{gate_prefix}skip"))?),
            None => None,
        };
        let done_if = match &step.done_if {
            Some(DoneIf::Check(check)) => Some(self.gate(check, scope, &format!("{gate_prefix}done"))?),
            _ => None,
        };
        let after: BTreeSet<usize> =
            needs(step, &work, &[&skip_if, &done_if]).iter().filter_map(|name| open.get(name).copied()).collect();
        let also = step.cwd.iter().chain(&step.save).chain(step.env.values());
        also.filter_map(|text| fill(text, scope)).try_for_each(|text| self.has_values(&text))?;
        let on_interrupt = match &work {
            Work::Run(call) => step.on_interrupt.or_else(|| self.limits(call).finish.then_some(OnInterrupt::Finish)),
            _ => step.on_interrupt,
        };
        let watch = match &step.watch {
            Some(watch) => {
                let call = self.call(&watch.argv, scope, None)?;
                Some(Watched { call, pattern: watch.pattern.clone(), every: watch.every })
            }
            None => None,
        };
        let fail_fast = match (&step.fail_fast, on_interrupt) {
            (None, _) => None,
            (Some(_), Some(OnInterrupt::Finish)) => {
                let message =
                    "`fail_fast` ends the call as a Ctrl-C would, and this one cannot be stopped, only broken";
                return Err(Failure::new(Code::Config, format!("tasks.toml:{}: {message}", step.line)));
            }
            (Some(declared), _) => Some(Box::new(self.fail_fast(declared, scope, &id)?)),
        };
        let spec = Step {
            on_interrupt,
            name: step.name.as_ref().and_then(|name| fill(name, scope)),
            cwd: step.cwd.as_ref().and_then(|cwd| fill(cwd, scope)),
            env: step.env.iter().filter_map(|(name, value)| Some((name.clone(), fill(value, scope)?))).collect(),
            save: step.save.as_ref().and_then(|save| fill(save, scope)),
            ..step.clone()
        };
        Ok(PlannedStep {
            name: spec.name.clone().unwrap_or(title),
            id,
            danger: Danger::Read,
            work,
            after: after.into_iter().collect(),
            watch,
            exchange: None,
            fail_fast,
            skip_if,
            done_if,
            spec,
        })
    }

    /// What may end the step, and the evidence that is saved before it does.
    fn fail_fast(
        &mut self,
        declared: &crate::model::step::FailFast,
        scope: &BTreeMap<String, String>,
        id: &str,
    ) -> Result<FailFast, Failure> {
        let ask = declared.ask.iter().map(|argv| self.call(argv, scope, None)).collect::<Result<_, _>>()?;
        let evidence = match self.catalog.diagnose.as_ref().filter(|_| !self.is_evidence) {
            None => None,
            Some(name) => {
                self.is_evidence = true;
                let evidence = self.evidence(name, id);
                self.is_evidence = false;
                Some(evidence?)
            }
        };
        Ok(FailFast { ask, of: declared.of.clone(), every: declared.every, evidence })
    }

    /// The task of `[diagnose]`, as a step of its own below the step `id`.
    fn evidence(&mut self, name: &str, id: &str) -> Result<Block, Failure> {
        let task = find(self.catalog, name)?;
        if task.danger != Danger::Read {
            let message = format!("[diagnose] names `{name}`, which changes things; it must only read");
            return Err(Failure::new(Code::Config, message));
        }
        let called =
            Step { allow_failure: true, ..Step::of(Action::Task { name: name.to_owned(), with: BTreeMap::new() }) };
        let saves = Task {
            name: name.to_owned(),
            summary: String::new(),
            group: String::new(),
            danger: Danger::Read,
            confirm: None,
            preview: None,
            incident: false,
            on_failure: None,
            params: Vec::new(),
            require: Vec::new(),
            guard: Vec::new(),
            verify: Vec::new(),
            parallel: 1,
            steps: vec![called],
            finally: Vec::new(),
            line: 0,
        };
        self.block(&saves, &BTreeMap::new(), &format!("{id}.e"))
    }

    /// The call of `step`; without one, of something that looks for a check.
    pub(super) fn call(
        &mut self,
        argv: &[Template],
        scope: &BTreeMap<String, String>,
        step: Option<&Step>,
    ) -> Result<Call, Failure> {
        let name = argv.first().and_then(Template::as_literal).unwrap_or_default();
        let Some(tool) = self.catalog.tools.get(&name) else {
            return Err(Failure::new(Code::Config, format!("`{name}` is not a declared tool")));
        };
        self.tools.insert(name.clone());
        let mut whole = vec![Template::literal(name.clone())];
        whole.extend(tool.args.iter().filter_map(|argument| fill(argument, scope)));
        let mut pinned = 1..whole.len();
        for argument in argv.iter().skip(1) {
            let value = |name: &str| scope.get(name).or_else(|| Some(&self.catalog.vars.get(name)?.value)).cloned();
            check_argument(argument, value)
                .map_err(|why| Failure::new(Code::Usage, why).hint("refloat doctor shows the variables"))?;
            whole.extend(fill(argument, scope));
        }
        whole.iter().try_for_each(|argument| self.has_values(argument))?;
        // A person at the terminal takes the time that it takes.
        if !step.is_some_and(|step| step.interactive) {
            let time = step.map_or(Some(limits::LOOK), |step| step.timeout);
            let words: Vec<String> = whole.iter().skip(1).map(Template::to_string).collect();
            let limits = limits::of(&tool.program, words.iter().map(String::as_str), time);
            // Pinned: it belongs to how the tool is called, not to what is asked of it.
            if let Some(missing) = limits.missing {
                whole.insert(pinned.end, Template::literal(missing));
                pinned.end += 1;
            }
        }
        Ok(Call { tool: name, argv: whole, pinned })
    }

    fn limits(&self, call: &Call) -> limits::Limits {
        let program = self.catalog.tools.get(&call.tool).map_or(call.tool.as_str(), |tool| tool.program.as_str());
        let words: Vec<String> = call.argv.iter().skip(1).map(Template::to_string).collect();
        limits::of(program, words.iter().map(String::as_str), None)
    }

    /// A secret that nobody has given must not become an empty argument. What is still open in a
    /// filled text is a secret, or found out by the run.
    pub(super) fn has_values(&self, text: &Template) -> Result<(), Failure> {
        let Some(name) = self.catalog.lacking(text) else { return Ok(()) };
        let variable = name.to_ascii_uppercase().replace('-', "_");
        Err(Failure::new(Code::Usage, format!("`{name}` has no value"))
            .hint(format!("give it in tasks.local.toml, or as REFLOAT_VAR_{variable}")))
    }
}

/// The guard of a task stands before whatever the tasks that it calls destroy, too.
fn spread(step: &mut PlannedStep, guard: &[Gate]) {
    let Work::Block(block) = &mut step.work else { return };
    if block.danger != Danger::Destroy {
        return;
    }
    let is_new = |gate: &&Gate| !block.guard.contains(gate);
    let new: Vec<Gate> = guard.iter().filter(is_new).cloned().collect();
    block.guard.extend(new);
    block.steps.iter_mut().chain(&mut block.finally).for_each(|step| spread(step, guard));
}

/// What a step of a task may do.
fn danger_of(step: &PlannedStep, task: Danger) -> Danger {
    match &step.work {
        Work::Run(_) => step.spec.danger.unwrap_or(task),
        Work::Block(block) => block.danger,
        Work::Check(_) | Work::Diagnose | Work::Compare(_) | Work::Ask(_) | Work::Rounds(_) => Danger::Read,
    }
}

pub(super) fn fill(template: &Template, scope: &BTreeMap<String, String>) -> Option<Template> {
    template.fill(|name| scope.get(name).map(String::as_str))
}

/// A text for people; a text that is no template stays as it is.
pub(super) fn show(text: &str, scope: &BTreeMap<String, String>) -> String {
    match Template::parse(text) {
        Ok(template) => fill(&template, scope).map_or_else(String::new, |template| template.to_string()),
        Err(_) => text.to_owned(),
    }
}

/// The names that a step makes known to the later ones.
fn exports(step: &Step) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if let Some(each) = &step.each {
        names.push(each.list.clone());
        names.extend(each.pattern.groups().map(str::to_owned));
    }
    if let Some(expect) = &step.expect {
        names.extend(expect.groups().map(str::to_owned));
    }
    names
}

/// The names that a planned step still needs.
fn needs(step: &Step, work: &Work, gates: &[&Option<Gate>]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = step.for_each.iter().cloned().collect();
    let mut add = |template: &Template| names.extend(template.names().into_iter().map(str::to_owned));
    step.name.iter().chain(&step.cwd).chain(&step.save).chain(step.env.values()).for_each(&mut add);
    if let Work::Run(call) = work {
        call.argv.iter().for_each(&mut add);
    }
    if let Action::Task { with, .. } = &step.action {
        with.values().for_each(&mut add);
    }
    if let Work::Check(gate) = work {
        names.extend(super::checks::open_names(gate));
    }
    names.extend(gates.iter().filter_map(|gate| gate.as_ref()).flat_map(super::checks::open_names));
    names
}
