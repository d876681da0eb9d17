//! `[redact]`: the Secrets whose values are hidden.

use super::book::Book;
use super::fault::{Fault, show};
use super::tree::Node;
use crate::model::template::Template;

/// The names, as templates over the file's variables.
pub fn draw(node: &Node, book: &mut Book<'_>) -> Vec<Template> {
    // Read before the first step: only the file's variables have a value by then.
    for used in node.uses() {
        if !book.var_names.contains(&used.name) {
            book.unknown_variable(&used, std::iter::empty());
        }
    }
    let items = node.list("secrets");
    if !items.is_empty() && !book.tools.contains("kubectl") {
        let fault = Fault::new(node.key_place("secrets"), "Secrets are read with kubectl, which is not declared");
        book.faults.push(fault.help("declare it: [tools.kubectl]"));
    }
    for item in items {
        let literal = item.filling().and_then(|filling| filling.template.as_literal());
        if let Some(name) = literal.filter(|name| !is_name(name)) {
            let fault = Fault::new(item.place, format!("{} cannot be the name of a Secret", show(&name)));
            book.faults.push(fault.label("lower-case letters, digits, `-` and `.`"));
        }
    }
    items.iter().filter_map(|item| Some(item.filling()?.template.clone())).collect()
}

/// A DNS subdomain, as Kubernetes wants it.
fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 253
        && name.starts_with(inner)
        && name.ends_with(inner)
        && name.chars().all(|c| inner(c) || c == '-' || c == '.')
}
