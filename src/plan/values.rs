//! What a value may hold before it becomes an argument.

use crate::model::step::Param;
use crate::model::template::{Part, Template};
use crate::model::value;

/// Is `value` fit to be the value of `param`?
///
/// # Errors
/// The rule that it breaks, in words.
pub(super) fn check_param(param: &Param, value: &str) -> Result<(), String> {
    // A default may stand outside the pattern: `default = ""` with `match = '\d+'` is the usual way
    // to write an optional parameter.
    if param.default.as_deref() == Some(value) {
        return Ok(());
    }
    value::rule(value, param.pattern.as_ref()).map_err(|rule| format!("it {rule}"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pattern::Pattern;

    #[test]
    fn only_the_default_may_stand_outside_the_rule() {
        let param = Param {
            name: "revision".to_owned(),
            pattern: Some(Pattern::new(r"a|ab|\d+").unwrap()),
            default: Some(String::new()),
            help: String::new(),
        };
        assert_eq!(check_param(&param, "ab"), Ok(()));
        assert_eq!(check_param(&param, ""), Ok(()));
        assert_eq!(check_param(&param, "12; rm -rf /"), Err(r"it does not match `a|ab|\d+`".to_owned()));
        let given = Param { default: None, ..param };
        assert!(check_param(&given, "").is_err());
    }

    #[test]
    fn an_option_is_no_value() {
        let template = Template::parse("${release}").unwrap();
        assert!(check_argument(&template, |_| Some("--kubeconfig=evil".to_owned())).is_err());
        let template = Template::parse("--set=${release}").unwrap();
        assert!(check_argument(&template, |_| Some("--kubeconfig=evil".to_owned())).is_ok());
    }
}
