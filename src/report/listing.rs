//! `refloat` and `refloat list`: what there is to run.

use super::conditions::danger_word;
use super::layout::{Piece, columns, table, visible};
use super::style::Look;
use crate::model::catalog::Catalog;
use crate::model::step::{Confirm, Danger, Param, Task};
use owo_colors::Style;
use serde_json::{Value, json};
use std::fmt::Write;

/// Tasks by group, groups and tasks in the file's order. `last` is the last run in one line.
pub fn text(catalog: &Catalog, last: Option<&str>, look: &Look) -> String {
    let mut out = String::new();
    let styles = look.styles;
    let mut groups: Vec<&str> = Vec::new();
    for task in &catalog.tasks {
        if !groups.contains(&task.group.as_str()) {
            groups.push(&task.group);
        }
    }
    // One width for all groups: the eye runs down one column of summaries.
    let wide = catalog.tasks.iter().map(|task| columns(&usage(task))).max().unwrap_or(0).min(30);
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if !group.is_empty() {
            let _ = writeln!(out, "{}", styles.strong.style(visible(group)));
        }
        let rows: Vec<Vec<Piece>> = catalog
            .tasks
            .iter()
            .filter(|task| task.group == *group)
            .map(|task| {
                let (style, mark) = mark(task.danger, look);
                let usage = usage(task);
                let usage = format!("{usage}{}", " ".repeat(wide.saturating_sub(columns(&usage))));
                vec![
                    Piece::whole(style, &format!("{mark:>2}")),
                    Piece::whole(styles.command, &usage),
                    Piece::prose(Style::new(), &catalog.say(&task.summary)),
                ]
            })
            .collect();
        table(&mut out, look, 0, &rows);
    }
    if catalog.tasks.is_empty() {
        out.push_str("no tasks\n");
    }
    let is_there = |danger| catalog.tasks.iter().any(|task| task.danger == danger);
    let legend: Vec<Vec<Piece>> = [Danger::Change, Danger::Destroy]
        .into_iter()
        .filter(|danger| is_there(*danger))
        .map(|danger| {
            let (style, mark) = mark(danger, look);
            let says = super::conditions::danger(danger);
            vec![Piece::whole(style, &format!("{mark:>2}")), Piece::prose(styles.dim, says)]
        })
        .collect();
    if !legend.is_empty() {
        out.push('\n');
        table(&mut out, look, 0, &legend);
    }
    if let Some(last) = last {
        out.push('\n');
        let rows = [vec![Piece::whole(styles.strong, "last run"), Piece::prose(Style::new(), last)]];
        table(&mut out, look, 0, &rows);
    }
    out
}

/// The same as data.
pub fn json(catalog: &Catalog) -> Value {
    let tasks: Vec<Value> = catalog.tasks.iter().map(brief).collect();
    json!({ "schema": 1, "app": catalog.app, "file": catalog.path.display().to_string(), "tasks": tasks })
}

/// A task in short, as data.
pub fn brief(task: &Task) -> Value {
    json!({
        "name": task.name,
        "summary": task.summary,
        "group": task.group,
        "danger": danger_word(task.danger),
        "confirm": match &task.confirm {
            None => Value::Null,
            Some(Confirm::Yes) => json!("yes"),
            Some(Confirm::Type(name)) => json!({ "type": name }),
        },
        "params": task.params.iter().map(param).collect::<Vec<_>>(),
    })
}

fn param(param: &Param) -> Value {
    json!({
        "name": param.name,
        "required": param.default.is_none(),
        "default": param.default,
        "match": param.pattern,
        "help": param.help,
    })
}

/// `rollback [REVISION]`.
pub fn usage(task: &Task) -> String {
    let mut usage = task.name.clone();
    for param in &task.params {
        let name = param.name.to_uppercase();
        usage.push_str(&if param.default.is_some() { format!(" [{name}]") } else { format!(" {name}") });
    }
    visible(&usage).into_owned()
}

/// The mark of a danger: nothing, `!`, `!!`.
pub fn mark(danger: Danger, look: &Look) -> (Style, &'static str) {
    match danger {
        Danger::Read => (Style::new(), ""),
        Danger::Change => (look.styles.warn, "!"),
        Danger::Destroy => (look.styles.bad, "!!"),
    }
}

#[cfg(test)]
mod tests;
