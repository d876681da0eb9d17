//! `refloat show TASK`: what a task is, before anything is planned.

use super::conditions;
use super::exchange;
use super::layout::{Piece, columns, flow, table, visible};
use super::listing;
use super::plan_json;
use super::quoting::{Mask, templates};
use super::style::Look;
use super::variables;
use crate::model::catalog::Catalog;
use crate::model::step::{Action, Check, CheckRef, Confirm, DoneIf, Question, Step, Task, Wanted};
use crate::text::duration;
use owo_colors::Style;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The task, for people.
pub fn text(catalog: &Catalog, task: &Task, look: &Look) -> String {
    let mut page = Page { out: String::new(), look, catalog, calls: vec![task.name.clone()] };
    page.head(task);
    page.params(task);
    page.checks("require", &task.require);
    page.heading("steps");
    page.steps(&task.steps, "", 2);
    page.checks("guard, before each step that destroys", &task.guard);
    page.checks("verify", &task.verify);
    if !task.finally.is_empty() {
        page.heading("finally, whatever happened");
        page.steps(&task.finally, "f", 2);
    }
    page.tools(task);
    let used = variables::used(catalog, task);
    if !used.is_empty() {
        page.heading("variables");
        variables::table(&mut page.out, catalog, &used, look);
    }
    page.out
}

struct Page<'a> {
    out: String,
    look: &'a Look,
    catalog: &'a Catalog,
    /// The tasks that we are inside of. The catalog has no circles; this keeps a wrong one from
    /// hanging us.
    calls: Vec<String>,
}

impl Page<'_> {
    fn heading(&mut self, word: &str) {
        let _ = writeln!(self.out, "\n{}", self.look.styles.strong.style(word));
    }

    fn head(&mut self, task: &Task) {
        let styles = self.look.styles;
        let mut rows = vec![
            vec![Piece::whole(styles.strong, &task.name), Piece::prose(Style::new(), &self.catalog.say(&task.summary))],
            vec![
                Piece::whole(styles.dim, "usage"),
                Piece::whole(styles.command, &format!("refloat {}", listing::usage(task))),
            ],
            vec![
                Piece::whole(styles.dim, "danger"),
                Piece::prose(
                    Style::new(),
                    &format!("{}: {}", conditions::danger_word(task.danger), conditions::danger(task.danger)),
                ),
            ],
        ];
        let asks = match &task.confirm {
            None => None,
            Some(Confirm::Yes) => Some("a yes, or --yes".to_owned()),
            Some(Confirm::Type(name)) => {
                let name = self.catalog.say(&name.to_string());
                Some(format!("type `{name}`, or --confirm {name}"))
            }
        };
        if let Some(asks) = asks {
            rows.push(vec![Piece::whole(styles.dim, "asks for"), Piece::prose(Style::new(), &asks)]);
        }
        if let Some(preview) = &task.preview {
            let shown = format!("`{preview}`, before it asks");
            rows.push(vec![Piece::whole(styles.dim, "shows"), Piece::prose(Style::new(), &shown)]);
        }
        if task.incident {
            let opens = "an incident, unless one is open";
            rows.push(vec![Piece::whole(styles.dim, "opens"), Piece::prose(Style::new(), opens)]);
        }
        if let Some(then) = &task.on_failure {
            let offers = format!("`{then}`, when it fails; --rollback-on-failure runs it unasked");
            rows.push(vec![Piece::whole(styles.dim, "offers"), Piece::prose(Style::new(), &offers)]);
        }
        if task.parallel > 1 {
            let many = format!("up to {} steps at the same time", task.parallel);
            rows.push(vec![Piece::whole(styles.dim, "parallel"), Piece::prose(Style::new(), &many)]);
        }
        table(&mut self.out, self.look, 0, &rows);
    }

    fn params(&mut self, task: &Task) {
        if task.params.is_empty() {
            return;
        }
        self.heading("params");
        let rows: Vec<Vec<Piece>> = task
            .params
            .iter()
            .map(|param| {
                let mut says: Vec<String> = Vec::new();
                if !param.help.is_empty() {
                    says.push(param.help.clone());
                }
                says.extend(param.pattern.as_ref().map(|pattern| format!("matches /{}/", pattern.source())));
                says.push(match param.default.as_deref() {
                    None => "must be given".to_owned(),
                    Some("") => "may be left out".to_owned(),
                    Some(default) => format!("default {default}"),
                });
                vec![Piece::whole(self.look.styles.command, &param.name), Piece::prose(Style::new(), &says.join("; "))]
            })
            .collect();
        table(&mut self.out, self.look, 2, &rows);
    }

    fn checks(&mut self, word: &str, checks: &[CheckRef]) {
        if !checks.is_empty() {
            self.heading(word);
            self.statements(checks, 2);
        }
    }

    /// The gates of a called task: they decide in the middle of the run.
    fn called_checks(&mut self, word: &str, checks: &[CheckRef], indent: usize) {
        if !checks.is_empty() {
            let _ = writeln!(self.out, "{}{}", " ".repeat(indent), self.look.styles.strong.style(word));
            self.statements(checks, indent + 2);
        }
    }

    fn statements(&mut self, checks: &[CheckRef], indent: usize) {
        let rows: Vec<Vec<Piece>> = checks
            .iter()
            .map(|check| {
                let title = self.check(check).map(|known| known.title.to_string()).unwrap_or_default();
                vec![Piece::whole(self.look.styles.command, &in_words(check)), Piece::prose(Style::new(), &title)]
            })
            .collect();
        table(&mut self.out, self.look, indent, &rows);
    }

    fn check(&self, check: &CheckRef) -> Option<&Check> {
        self.catalog.checks.get(&check.name)
    }

    fn steps(&mut self, steps: &[Step], prefix: &str, indent: usize) {
        for (index, step) in steps.iter().enumerate() {
            self.step(step, &format!("{prefix}{}", index + 1), indent);
        }
    }

    fn step(&mut self, step: &Step, id: &str, indent: usize) {
        let styles = self.look.styles;
        let inner = indent + columns(id) + 2;
        let _ = write!(self.out, "{}{}  ", " ".repeat(indent), styles.dim.style(id));
        let mut pieces = Vec::new();
        if let Some(list) = &step.for_each {
            pieces.push(Piece::whole(styles.strong, &format!("for each {list}")));
        }
        if let Some(name) = &step.name {
            pieces.push(Piece::prose(Style::new(), &name.to_string()));
        }
        let argv = match &step.action {
            Action::Run(argv) => Some(templates(argv, &Mask::default())),
            Action::Task { name, with } => {
                let with: Vec<String> = with.iter().map(|(param, value)| format!(" {param}={value}")).collect();
                pieces.push(Piece::whole(styles.dim, &format!("task {name}{}", with.concat())));
                None
            }
            Action::Check(check) => {
                let title = self.check(check).map(|known| known.title.to_string()).unwrap_or_default();
                pieces.push(Piece::whole(styles.dim, &format!("check {}", in_words(check))));
                pieces.push(Piece::prose(Style::new(), &title));
                None
            }
            Action::Diagnose => {
                pieces.push(Piece::prose(styles.dim, "names the cause from the output so far"));
                None
            }
            Action::Operations { .. } | Action::Parity { .. } | Action::Ask(_) | Action::Rounds(_) => {
                pieces.push(Piece::prose(styles.dim, &exchange::in_words(&step.action, self.catalog)));
                None
            }
        };
        if let Some(argv) = argv {
            if !pieces.is_empty() {
                flow(&mut self.out, inner, inner, &pieces, self.look.width);
                self.out.push_str(&" ".repeat(inner));
            }
            let _ = writeln!(self.out, "{}", styles.command.style(argv));
        } else {
            flow(&mut self.out, inner, inner, &pieces, self.look.width);
        }
        let mut notes = conditions::of(step, &Mask::default());
        notes.extend(step.skip_if.iter().map(|check| format!("skip if {}", in_words(check))));
        if let Some(DoneIf::Check(check)) = &step.done_if {
            notes.push(format!("done if {}", in_words(check)));
        }
        if let Some(watch) = &step.watch {
            notes.push(format!(
                "meanwhile every {}: {}",
                duration(watch.every),
                templates(&watch.argv, &Mask::default())
            ));
        }
        if let Some(fail_fast) = &step.fail_fast {
            let ask: Vec<String> = fail_fast.ask.iter().map(|argv| templates(argv, &Mask::default())).collect();
            notes.push(format!("ends early, looks every {}: {}", duration(fail_fast.every), ask.join(", ")));
        }
        if !notes.is_empty() {
            let notes = Piece::prose(styles.dim, &format!("# {}", notes.join("; ")));
            self.out.push_str(&" ".repeat(inner + 2));
            flow(&mut self.out, inner + 2, inner + 4, &[notes], self.look.width);
        }
        if let Action::Task { name, .. } = &step.action {
            self.called(name, id, inner);
        }
    }

    fn called(&mut self, name: &str, id: &str, indent: usize) {
        let catalog = self.catalog;
        let Some(task) = catalog.task(name).filter(|task| !self.calls.contains(&task.name)) else { return };
        self.calls.push(task.name.clone());
        self.called_checks("require", &task.require, indent);
        self.steps(&task.steps, &format!("{id}."), indent);
        self.called_checks("guard, before each step that destroys", &task.guard, indent);
        self.called_checks("verify", &task.verify, indent);
        self.steps(&task.finally, &format!("{id}.f"), indent);
        self.calls.pop();
    }

    /// The arguments that every call gets: they are not in the steps, and they matter.
    fn tools(&mut self, task: &Task) {
        let mut rows = Vec::new();
        for name in tools_of(self.catalog, task) {
            let Some(tool) = self.catalog.tools.get(&name) else { continue };
            let pinned = templates(&tool.args, &Mask::default());
            let says = if pinned.is_empty() { String::new() } else { format!("always with {pinned}") };
            rows.push(vec![Piece::whole(self.look.styles.command, &name), Piece::prose(Style::new(), &says)]);
        }
        if !rows.is_empty() {
            self.heading("tools");
            table(&mut self.out, self.look, 2, &rows);
        }
    }
}

/// `name`, or `not name`.
pub fn in_words(check: &CheckRef) -> String {
    let not = if check.negated { "not " } else { "" };
    visible(&format!("{not}{}", check.name)).into_owned()
}

fn tools_of(catalog: &Catalog, task: &Task) -> Vec<String> {
    let mut tools = Vec::new();
    variables::walk(catalog, task, &mut |step| {
        if let Action::Run(argv) = &step.action
            && let Some(tool) = argv.first().and_then(crate::model::template::Template::as_literal)
            && !tools.contains(&tool)
        {
            tools.push(tool);
        }
    });
    tools.sort();
    tools
}

/// The task as data: the listing's fields and everything under it.
pub fn json(catalog: &Catalog, task: &Task) -> Value {
    let mut all = listing::brief(task);
    let check = |check: &CheckRef| {
        let title = catalog.checks.get(&check.name).map(|known| known.title.to_string());
        json!({ "check": check.name, "negated": check.negated, "title": title })
    };
    let checks = |list: &[CheckRef]| list.iter().map(check).collect::<Value>();
    let steps = |list: &[Step]| list.iter().map(step_json).collect::<Value>();
    all["schema"] = json!(1);
    all["parallel"] = json!(task.parallel);
    all["preview"] = json!(task.preview);
    all["incident"] = json!(task.incident);
    all["on_failure"] = json!(task.on_failure);
    all["require"] = checks(&task.require);
    all["guard"] = checks(&task.guard);
    all["verify"] = checks(&task.verify);
    all["steps"] = steps(&task.steps);
    all["finally"] = steps(&task.finally);
    all["tools"] = tools_of(catalog, task)
        .iter()
        .filter_map(|name| catalog.tools.get(name))
        .map(|tool| (tool.name.clone(), json!({ "program": tool.program, "args": tool.args })))
        .collect::<serde_json::Map<_, _>>()
        .into();
    all["variables"] = variables::json_of(catalog, &variables::used(catalog, task));
    all
}

fn step_json(step: &Step) -> Value {
    let asked = |check: &CheckRef| json!({ "check": check.name, "negated": check.negated });
    let mut all = Map::new();
    all.insert("name".to_owned(), json!(step.name));
    let (kind, what) = match &step.action {
        Action::Run(argv) => ("run", Some(("argv", json!(argv)))),
        Action::Task { name, with } => {
            all.insert("with".to_owned(), json!(with));
            ("task", Some(("task", json!(name))))
        }
        Action::Check(check) => ("check", Some(("check", asked(check)))),
        Action::Diagnose => ("diagnose", None),
        Action::Operations { target, only, cleanup } => {
            all.insert("only".to_owned(), json!(only));
            all.insert("cleanup".to_owned(), json!(cleanup));
            ("operations", Some(("target", json!(target))))
        }
        Action::Parity { only } => ("parity", Some(("only", json!(only)))),
        Action::Ask(question) => ("ask", Some(("question", json!(question)))),
        Action::Rounds(rounds) => ("rounds", Some(("rounds", json!(rounds)))),
    };
    all.insert("kind".to_owned(), json!(kind));
    all.extend(step.danger.map(|danger| ("danger".to_owned(), json!(conditions::danger_word(danger)))));
    all.extend(what.map(|(name, value)| (name.to_owned(), value)));
    plan_json::taken(&mut all, step, &Mask::default());
    if let Some(watch) = &step.watch {
        let every = duration(watch.every);
        all.insert("watch".to_owned(), json!({ "argv": watch.argv, "match": watch.pattern.source(), "every": every }));
    }
    if let Some(fail_fast) = &step.fail_fast {
        let of = fail_fast.of.as_ref().map(|of| of.source());
        let own = json!({ "ask": fail_fast.ask, "match": of, "every": duration(fail_fast.every) });
        all.insert("fail_fast".to_owned(), own);
    }
    all.extend(step.skip_if.as_ref().map(|check| ("skip_if".to_owned(), asked(check))));
    if let Some(DoneIf::Check(check)) = &step.done_if {
        all.insert("done_if".to_owned(), asked(check));
    }
    Value::Object(all)
}

/// The calls by which a check asks, as steps; those that read secrets apart.
pub fn steps_of(check: &Check) -> Vec<Step> {
    let mut steps = check.before.clone();
    match &check.question {
        Question::Run(step) => steps.push(step.as_ref().clone()),
        Question::Room(room) => {
            let mut argvs = vec![&room.node];
            match &room.wanted {
                Wanted::Waiting { pods, pod } => argvs.extend([pods, pod]),
                Wanted::Chart { chart, .. } => argvs.push(chart),
            }
            steps.extend(argvs.into_iter().map(|argv| Step::of(Action::Run(argv.clone()))));
        }
        Question::Secrets { .. } | Question::Incident | Question::Checks { .. } => {}
    }
    steps
}
