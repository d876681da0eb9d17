//! An argv on one line, so that it can be read in one way only.
//!
//! An argument of plain characters stands as it is; any other stands in single quotes as a POSIX
//! shell takes them, control characters in `$'…'`. A variable that only the run can fill stands
//! outside of the quotes, as `${pod}`; a dollar sign of the argument itself always stands inside.

use crate::model::template::{Part, Template};

pub use crate::text::quote;

/// A whole argv.
pub fn argv<S: AsRef<str>>(arguments: &[S]) -> String {
    let quoted: Vec<String> = arguments.iter().map(|argument| quote(argument.as_ref())).collect();
    quoted.join(" ")
}

/// A whole argv with open variables.
pub fn templates(arguments: &[Template], mask: &Mask<'_>) -> String {
    let quoted: Vec<String> = arguments.iter().map(|argument| template(argument, mask)).collect();
    quoted.join(" ")
}

/// One argument with open variables.
pub fn template(argument: &Template, mask: &Mask<'_>) -> String {
    if let Some(text) = argument.as_literal() {
        return quote(&mask.hide(&text));
    }
    argument
        .parts()
        .iter()
        .map(|part| match part {
            Part::Text(text) => quote(&mask.hide(text)),
            Part::Var { name, optional } => format!("${{{name}{}}}", if *optional { "?" } else { "" }),
        })
        .collect()
}

/// Values that are never shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mask<'a> {
    secrets: &'a [String],
}

/// Shorter values are hidden only where they stand alone: "1" inside of "v1.31" is no secret.
const SHORTEST: usize = 4;

impl<'a> Mask<'a> {
    /// Hides these.
    pub fn new(secrets: &'a [String]) -> Self {
        Self { secrets }
    }

    /// `text` with `***` for every secret in it.
    pub fn hide(&self, text: &str) -> String {
        if self.secrets.iter().any(|secret| !secret.is_empty() && secret == text) {
            return "***".to_owned();
        }
        let mut longest_first: Vec<&String> =
            self.secrets.iter().filter(|secret| secret.len() >= SHORTEST && text.contains(secret.as_str())).collect();
        longest_first.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        longest_first.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }

    /// A template as text for people, secrets hidden.
    pub fn text(&self, template: &Template) -> String {
        self.hide(&template.as_literal().unwrap_or_else(|| template.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_reads_in_one_way() {
        assert_eq!(quote("--set=a.b=1,2"), "--set=a.b=1,2");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("; rm -rf /"), "'; rm -rf /'");
        assert_eq!(quote("it's"), "'it'\\''s'");
        assert_eq!(quote("a\nb\u{1b}[0m"), "$'a\\nb\\x1b[0m'");
        assert_eq!(quote("\u{202e}x"), "$'\\u202ex'");
        assert_eq!(quote("C:\\Users"), "'C:\\Users'");
        assert_eq!(quote("jsonpath={.data.X}"), "'jsonpath={.data.X}'");
    }

    #[test]
    fn open_variables_stand_outside_of_the_quotes() {
        let show = |source: &str| template(&Template::parse(source).unwrap(), &Mask::default());
        assert_eq!(show("${pod}"), "${pod}");
        assert_eq!(show("pod/${pod} x"), "pod/${pod}' x'");
        assert_eq!(show("$${pod}"), "'${pod}'");
        assert_eq!(show("${revision?}"), "${revision?}");
    }

    #[test]
    fn secrets_are_hidden_before_they_are_quoted() {
        let secrets = ["it's secret".to_owned(), "1".to_owned()];
        let mask = Mask::new(&secrets);
        let show = |source: &str| template(&Template::parse(source).unwrap(), &mask);
        assert_eq!(show("key=it's secret"), "'key=***'");
        assert_eq!(show("1"), "'***'");
        assert_eq!(show("v1.31"), "v1.31");
    }
}
