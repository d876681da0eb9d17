//! Is the answer what it must be? Pure: an answer and its rules in, every violation in words out.

use super::exchange_answer::{Body, HttpAnswer};
use super::scope::Values;
use crate::model::exchange::{Answer, Field, JsonKind};
use crate::model::template::Template;
use crate::text;
use serde_json::Value;
use std::time::Duration;

/// Makes a value fit to be shown. Done before it is cut: the head of a secret is none that anybody would know again.
pub type Show<'a> = dyn Fn(&Value) -> Value + 'a;

/// How much of a value a note quotes, in characters.
const QUOTED: usize = 80;
/// How much of a body.
const BODY: usize = 200;

/// Everything that is wrong with an answer. A replayed one may hold masks, which have no text to be compared.
///
/// # Errors
/// A rule needs a variable that has no value.
pub fn violations(
    wanted: &Answer,
    answer: &HttpAnswer,
    values: &Values,
    show: &Show<'_>,
) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    if !is_status(&wanted.status, answer.status) {
        let body = excerpt(&answer.body, show);
        let colon = if body.is_empty() { "" } else { ": " };
        found.push(format!("answered {}, not {}{colon}{body}", answer.status, one_of_status(&wanted.status)));
    }
    for (name, allowed) in &wanted.headers {
        let allowed: Vec<String> = allowed.iter().map(|value| filled(value, values)).collect::<Result<_, _>>()?;
        found.extend(header(name, &allowed, answer, show));
    }
    if answer.dropped > 0 {
        let more = text::count(usize::try_from(answer.dropped).unwrap_or(usize::MAX), "byte");
        found.push(format!("its answer is longer than 1 MiB: {more} of it were not read"));
    } else if !wanted.fields.is_empty() {
        match &answer.body {
            Body::Json(root) => {
                for rule in &wanted.fields {
                    field(rule, root, (values, show), &mut found)?;
                }
            }
            // The status tells more of an answer that is another one altogether.
            Body::Text(_) if !is_status(&wanted.status, answer.status) => {}
            Body::Text(text) if text.trim().is_empty() => found.push("its answer is empty".to_owned()),
            Body::Text(_) => found.push(format!("its answer is no JSON: {}", excerpt(&answer.body, show))),
        }
    }
    if let (Some(limit), Some(took)) = (wanted.within, answer.took)
        && took > limit
    {
        found.push(format!("took {}, longer than {}", seconds(took), seconds(limit)));
    }
    Ok(found)
}

fn is_status(wanted: &[u16], status: u16) -> bool {
    if wanted.is_empty() { (200..300).contains(&status) } else { wanted.contains(&status) }
}

fn one_of_status(wanted: &[u16]) -> String {
    match wanted {
        [] => "200 to 299".to_owned(),
        wanted => wanted.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
    }
}

fn header(name: &str, allowed: &[String], answer: &HttpAnswer, show: &Show<'_>) -> Option<String> {
    let values: Vec<&str> = answer.header(name).collect();
    if values.is_empty() {
        return Some(format!("{name} is missing"));
    }
    let fits = values.iter().any(|value| allowed.is_empty() || allowed.iter().any(|allowed| allowed == value));
    let quote = |list: Vec<&str>, joined: &str| {
        list.into_iter().map(|text| quoted(text, show)).collect::<Vec<_>>().join(joined)
    };
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
    (!fits).then(|| format!("{name} is {}, not {}", quote(values, ", "), quote(allowed, " or ")))
}

fn field(
    rule: &Field,
    root: &Value,
    (values, show): (&Values, &Show<'_>),
    found: &mut Vec<String>,
) -> Result<(), String> {
    let there = rule.path.values(root);
    let path = &rule.path;
    let only_none = rule.none.is_some() && rule.equals.is_none() && rule.pattern.is_none() && rule.kinds.is_empty();
    if there.is_empty() && rule.any.is_none() {
        if !rule.optional && !only_none {
            found.push(format!("{path} is missing"));
        }
        return Ok(());
    }
    if let Some(wrong) = there.iter().find(|value| !is_of(rule, value)) {
        let words: Vec<&str> = rule.kinds.iter().map(|kind| with_article(*kind)).collect();
        found.push(format!("{path} is {}, not {}", described(wrong, show), words.join(" or ")));
    }
    if let Some(wanted) = rule.equals.as_ref().map(|wanted| filled(wanted, values)).transpose()?
        && let Some(wrong) = there.iter().find(|value| !is_masked(value) && content(value) != wanted)
    {
        found.push(format!("{path} is {}, not {}", short(wrong, show), quoted(&wanted, show)));
    }
    if let Some(pattern) = &rule.pattern
        && let Some(wrong) =
            there.iter().find(|value| !is_masked(value) && !pattern.is_match(content(value).as_bytes()))
    {
        found.push(format!("{path} is {}, which does not match `{}`", short(wrong, show), pattern.source()));
    }
    if let Some(wanted) = rule.any.as_ref().map(|wanted| filled(wanted, values)).transpose()?
        && !there.iter().any(|value| is_masked(value) || content(value) == wanted)
        && !(there.is_empty() && rule.optional)
    {
        let among = match there.len() {
            0 => "nothing is there".to_owned(),
            count => format!("{} there", text::count(count, "other value")),
        };
        found.push(format!("{path} is nowhere {}: {among}", quoted(&wanted, show)));
    }
    if let Some(unwanted) = rule.none.as_ref().map(|unwanted| filled(unwanted, values)).transpose()?
        && there.iter().any(|value| content(value) == unwanted)
    {
        found.push(format!("{path} is {}, which must not be there", quoted(&unwanted, show)));
    }
    Ok(())
}

fn is_of(rule: &Field, value: &Value) -> bool {
    rule.kinds.is_empty() || rule.kinds.iter().any(|kind| kind.takes(JsonKind::of(value)))
}

/// The text of a value: of a string its content, of anything else how JSON writes it.
pub fn content(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Recorded without what stood there: there is nothing to compare.
fn is_masked(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("[hidden "))
}

fn filled(template: &Template, values: &Values) -> Result<String, String> {
    Ok(values.text(template)?.unwrap_or_default())
}

fn with_article(kind: JsonKind) -> &'static str {
    match kind {
        JsonKind::String => "a string",
        JsonKind::Integer => "an integer",
        JsonKind::Number => "a number",
        JsonKind::Boolean => "a boolean",
        JsonKind::Array => "a list",
        JsonKind::Object => "an object",
        JsonKind::Null => "null",
    }
}

/// `a string ("7")`; what has no short form goes without it.
fn described(value: &Value, show: &Show<'_>) -> String {
    let kind = with_article(JsonKind::of(value));
    match value {
        Value::Null => kind.to_owned(),
        value => format!("{kind} ({})", short(value, show)),
    }
}

/// A value as JSON, cut to what fits into a line.
pub fn short(value: &Value, show: &Show<'_>) -> String {
    cut(&show(value).to_string(), QUOTED)
}

fn quoted(text: &str, show: &Show<'_>) -> String {
    short(&Value::from(text), show)
}

/// The beginning of a body, in one line.
pub fn excerpt(body: &Body, show: &Show<'_>) -> String {
    match body {
        Body::Json(value) => cut(&show(value).to_string(), BODY),
        Body::Text(text) => {
            let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            cut(&content(&show(&Value::from(one_line))), BODY)
        }
    }
}

/// `340 ms`, `6.2 s`, `5 s`.
pub fn seconds(took: Duration) -> String {
    match took.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        millis => {
            let tenths = millis / 100;
            let fraction = if tenths % 10 == 0 { String::new() } else { format!(".{}", tenths % 10) };
            format!("{}{fraction} s", tenths / 10)
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "exchange_judge_tests.rs"]
mod tests;
