//! What the command line gives a task: its arguments, by position or by name.

use super::values::check_param;
use crate::error::{Code, Failure};
use crate::model::step::Task;
use crate::text;
use std::collections::BTreeMap;

/// Arguments → parameter values, defaults filled in.
pub(super) fn bind(task: &Task, args: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let usage = |message: String| Failure::new(Code::Usage, message).hint(format!("refloat show {}", task.name));
    let mut places = task.params.iter();
    for arg in args {
        let known = || task.params.iter().map(|param| param.name.as_str());
        let pair = arg.split_once('=').filter(|(name, _)| !name.is_empty());
        let named = pair.filter(|(name, _)| known().any(|param| param == *name));
        // A value may hold a `=`; one that begins nearly like a parameter is a slip.
        if let (None, Some((name, _))) = (named, pair)
            && let Some(near) = text::suggest(name, known())
        {
            let name = name.escape_debug();
            return Err(usage(format!("`{}` has no parameter `{name}`; did you mean `{near}`?", task.name)));
        }
        let (name, value) = match named {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => match places.find(|param| !values.contains_key(&param.name)) {
                Some(param) => (param.name.clone(), arg.clone()),
                None => {
                    let takes = match task.params.len() {
                        0 => "takes no arguments".to_owned(),
                        most => format!("takes at most {}", text::count(most, "argument")),
                    };
                    return Err(usage(format!("`{}` {takes}; `{}` is one too many", task.name, arg.escape_debug())));
                }
            },
        };
        if values.insert(name.clone(), value).is_some() {
            return Err(usage(format!("`{name}` is given twice")));
        }
    }
    for param in &task.params {
        let value = match (values.get(&param.name), &param.default) {
            (Some(value), _) => value.clone(),
            (None, Some(default)) => default.clone(),
            (None, None) => {
                let help = if param.help.is_empty() { String::new() } else { format!(": {}", param.help) };
                return Err(usage(format!("`{}` needs {}{help}", task.name, param.name.to_uppercase())));
            }
        };
        check_param(param, &value).map_err(|rule| {
            let short: String = value.chars().take(60).collect();
            let help = if param.help.is_empty() { String::new() } else { format!(" ({})", param.help) };
            let value = short.escape_debug();
            usage(format!("`{value}` cannot be the {} of `{}`: {rule}{help}", param.name, task.name))
        })?;
        values.insert(param.name.clone(), value);
    }
    Ok(values)
}
