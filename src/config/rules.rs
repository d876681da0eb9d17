//! `[[rules]]` → [`Rule`]s, and the steps that have to do with the app.

use super::book::Book;
use super::fault::Fault;
use super::tree::Node;
use super::{operations, steps, targets, tasks};
use crate::model::exchange::{Rounds, Rule, RuleOf};
use crate::model::step::Action;
use crate::model::template::Template;
use crate::text;

/// What a rule can ask.
const ACTIONS: &[&str] = &["check", "operations", "parity", "task"];

/// All rules.
pub fn draw(root: &Node, book: &mut Book<'_>) -> Vec<Rule> {
    root.tables("rules").filter_map(|node| rule(node, root, book)).collect()
}

fn rule(node: &Node, root: &Node, book: &mut Book<'_>) -> Option<Rule> {
    steps::one_action(node, node, ACTIONS, book);
    steps::company(node, ACTIONS, book);
    let of = if let Some(check) = node.text("check") {
        RuleOf::Check(book.check_ref(check, node.value_place("check")))
    } else if node.has("operations") {
        let only = operations::references(node.list("operations"), root, book);
        let Some(target) = node.text("target") else {
            if !node.has("target") {
                let fault = Fault::new(node.key_place("operations"), "against which target?");
                book.faults.push(fault.help("add target = \"NAME\""));
            }
            return None;
        };
        targets::reference(target, node.value_place("target"), root, book);
        RuleOf::Operations { target: target.to_owned(), only }
    } else if node.has("parity") {
        needs_parity(node, "parity", root, book);
        RuleOf::Parity { only: operations::references(node.list("parity"), root, book) }
    } else {
        RuleOf::Task(tasks::that_looks(node.item("task")?, "a rule", book)?)
    };
    let failures = node.number("failures").and_then(|times| u32::try_from(times).ok()).unwrap_or(1);
    Some(Rule { name: node.text("name")?.to_owned(), of, failures })
}

fn needs_parity(node: &Node, key: &str, root: &Node, book: &mut Book<'_>) {
    if !root.has("parity") {
        let fault = Fault::new(node.key_place(key), "nothing says which targets are compared");
        book.faults.push(fault.help("declare them: [parity] targets = [\"...\", \"...\"]"));
    }
}

/// The steps that ask the app, the person, or the rules; `None` for all others.
pub fn action(node: &Node, root: &Node, book: &mut Book<'_>) -> Option<Action> {
    let only = |book: &mut Book<'_>| operations::references(node.list("only"), root, book);
    if let Some(target) = node.text("operations") {
        targets::reference(target, node.value_place("operations"), root, book);
        if !root.has("operations") {
            book.faults
                .push(Fault::new(node.key_place("operations"), "there are no operations").help("[[operations]]"));
        }
        let cleanup = !node.has("cleanup") || node.flag("cleanup");
        return Some(Action::Operations { target: target.to_owned(), only: only(book), cleanup });
    }
    if node.has("parity") {
        if !node.flag("parity") && !node.is_broken("parity") {
            let fault = Fault::new(node.value_place("parity"), "`parity` can only be true");
            book.faults.push(fault.label("write true, or leave the step out"));
        }
        needs_parity(node, "parity", root, book);
        return Some(Action::Parity { only: only(book) });
    }
    if let Some(question) = node.template("ask") {
        return Some(Action::Ask(question));
    }
    let rounds = node.table("rounds")?;
    if !root.has("rules") {
        book.faults.push(Fault::new(node.key_place("rounds"), "there are no rules to ask").help("[[rules]]"));
    }
    for key in ["every", "for"] {
        // What a variable holds is seen when it is known.
        let literal = rounds.template(key).and_then(|template| template.as_literal());
        if let Some(Err(why)) = literal.map(|text| text::parse_duration(&text)) {
            book.faults.push(Fault::new(rounds.value_place(key), why.to_string()));
        }
    }
    Some(Action::Rounds(Rounds {
        every: rounds.template("every").unwrap_or_else(|| Template::literal("30s")),
        limit: rounds.template("for")?,
    }))
}
