//! What a value may hold before it becomes an argument.

use crate::model::step::Param;
use crate::model::template::{Part, Template};

/// Longest value of a parameter, in bytes: longer ones are a mistake, not a revision.
pub(super) const MAX_VALUE: usize = 4096;

/// Is `value` fit to be the value of `param`?
///
/// # Errors
/// The rule that it breaks, in words.
pub(super) fn check_param(param: &Param, value: &str) -> Result<(), String> {
    check_text(value)?;
    match &param.pattern {
        // A default may stand outside the pattern: `default = ""` with `match = '\d+'` is the
        // usual way to write an optional parameter.
        Some(_) if param.default.as_deref() == Some(value) => Ok(()),
        Some(pattern) if !whole_match(pattern, value) => Err(format!("it must match {}", pattern.source())),
        _ => Ok(()),
    }
}

/// The rule for every value from outside: one line, no control characters, not endless.
///
/// # Errors
/// The rule that it breaks, in words.
pub(super) fn check_text(value: &str) -> Result<(), String> {
    if value.len() > MAX_VALUE {
        return Err(format!("it has {} bytes; {MAX_VALUE} is the most", value.len()));
    }
    match value.chars().find(|c| c.is_control()) {
        Some('\0') => Err("it holds a NUL character".to_owned()),
        Some('\n' | '\r') => Err("it holds a line break".to_owned()),
        Some(_) => Err("it holds a control character".to_owned()),
        None => Ok(()),
    }
}

/// A value that begins an argument with `-` would be read as an option of the tool.
///
/// # Errors
/// Names the variable.
pub(super) fn check_argument(template: &Template, lookup: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    if let Some(Part::Var { name, .. }) = template.parts().first()
        && lookup(name).is_some_and(|value| value.starts_with('-'))
    {
        return Err(format!("the value of `{name}` begins with `-` and would be read as an option"));
    }
    Ok(())
}

fn whole_match(pattern: &crate::model::pattern::Pattern, value: &str) -> bool {
    // Leftmost-first alternation can find a shorter match first (`a|ab`), so any match that
    // covers everything counts, found by anchoring a copy of the pattern.
    crate::model::pattern::Pattern::new(&format!(r"\A(?:{})\z", pattern.source()))
        .is_ok_and(|anchored| anchored.is_match(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pattern::Pattern;

    fn param(pattern: Option<&str>, default: Option<&str>) -> Param {
        Param {
            name: "revision".to_owned(),
            pattern: pattern.map(|source| Pattern::new(source).unwrap()),
            default: default.map(str::to_owned),
            help: String::new(),
        }
    }

    #[test]
    fn the_whole_value_must_match() {
        let param = param(Some(r"a|ab|\d+"), Some(""));
        assert_eq!(check_param(&param, "ab"), Ok(()));
        assert_eq!(check_param(&param, ""), Ok(()), "the default may stand outside the pattern");
        assert!(check_param(&param, "12; rm -rf /").is_err());
        assert!(check_param(&param, "12\n").is_err());
    }

    #[test]
    fn control_characters_and_endless_values_are_refused() {
        let param = param(None, None);
        assert_eq!(check_param(&param, "; rm -rf / $(x)"), Ok(()), "an argument, not a shell line");
        for bad in ["a\nb", "a\0b", "a\x1b[0m", &"x".repeat(10_240)] {
            assert!(check_param(&param, bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_option_is_no_value() {
        let template = Template::parse("${release}").unwrap();
        assert!(check_argument(&template, |_| Some("--kubeconfig=evil".to_owned())).is_err());
        let template = Template::parse("--set=${release}").unwrap();
        assert!(check_argument(&template, |_| Some("--kubeconfig=evil".to_owned())).is_ok());
    }
}
