//! Is the answer what it must be? Pure: an answer and its rules in, every violation in words out.

use super::exchange_answer::{Body, HttpAnswer};
use super::redact::Mask;
use super::scope::Values;
use crate::model::exchange::{Answer, Field, HeaderRule, JsonKind};
use crate::model::template::Template;
use crate::text;
use serde_json::Value;
use std::time::Duration;

/// Makes what an answer holds fit to be shown. Done before it is cut: the head of a secret is none that anybody would
/// know again.
pub trait Show {
    /// A value; `keys` are those that it stands behind, the outermost first.
    fn json(&self, keys: &[&str], value: &Value) -> Value;
    /// The value of a header.
    fn header(&self, name: &str, value: &str) -> String;
}

/// What an answer is judged with.
#[derive(Clone, Copy)]
pub struct Judging<'a> {
    /// What the rules are filled with.
    pub values: &'a Values,
    /// How the answer may be shown.
    pub show: &'a dyn Show,
    /// The answer comes from a recording: a mask stands for a value that nobody knows any more. In a live one it is a
    /// text like any other.
    pub replayed: bool,
}

/// A place in an answer, for what is told of it.
#[derive(Clone, Copy)]
struct Shown<'a> {
    show: &'a dyn Show,
    keys: &'a [&'a str],
}

/// How much of a value a note quotes, in characters.
const QUOTED: usize = 80;
/// The header that lets a page read an answer; in lower case, as all names are.
const ALLOW_ORIGIN: &str = "access-control-allow-origin";
/// How much of a body.
const BODY: usize = 200;

/// Everything that is wrong with an answer.
///
/// # Errors
/// A rule needs a variable that has no value.
pub fn violations(wanted: &Answer, answer: &HttpAnswer, judging: &Judging<'_>) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let show = judging.show;
    if !is_status(&wanted.status, answer.status) {
        let body = excerpt(&answer.body, show);
        let colon = if body.is_empty() { "" } else { ": " };
        found.push(format!("answered {}, not {}{colon}{body}", answer.status, one_of_status(&wanted.status)));
    }
    for (name, rule) in &wanted.headers {
        found.extend(header(name, rule, answer, judging)?);
    }
    if answer.dropped > 0 {
        let more = text::count(usize::try_from(answer.dropped).unwrap_or(usize::MAX), "byte");
        found.push(format!("its answer is longer than 1 MiB: {more} of it were not read"));
    } else if !wanted.fields.is_empty() {
        match &answer.body {
            Body::Json(root) => {
                for rule in &wanted.fields {
                    field(rule, root, judging, &mut found)?;
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

fn header(name: &str, rule: &HeaderRule, answer: &HttpAnswer, judging: &Judging<'_>) -> Result<Option<String>, String> {
    let values: Vec<&str> = answer.header(name).collect();
    if values.is_empty() {
        return Ok(Some(format!("{name} is missing")));
    }
    // The one header of which a browser wants exactly one, whatever the two say.
    if name == ALLOW_ORIGIN && values.len() > 1 {
        let times = if values.len() == 2 { "twice".to_owned() } else { format!("{} times", values.len()) };
        return Ok(Some(format!("{name} is given {times}, which browsers refuse")));
    }
    let quote = |list: &[&str], joined: &str| {
        let one = |text: &&str| cut(&Value::from(judging.show.header(name, text)).to_string(), QUOTED);
        list.iter().map(one).collect::<Vec<_>>().join(joined)
    };
    match rule {
        HeaderRule::OneOf(allowed) => {
            let allowed: Vec<String> =
                allowed.iter().map(|value| filled(value, judging.values)).collect::<Result<_, _>>()?;
            let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
            let fits = |value: &&str| allowed.is_empty() || allowed.contains(value) || judging.is_masked(value);
            let wrong = !values.iter().any(fits);
            Ok(wrong.then(|| format!("{name} is {}, not {}", quote(&values, ", "), quote(&allowed, " or "))))
        }
        HeaderRule::Match { pattern } => {
            let all = values.join(", ");
            let wrong = !pattern.is_match(all.as_bytes()) && !judging.is_masked(&all);
            Ok(wrong.then(|| format!("{name} is {}, which does not match `{}`", quote(&[&all], ""), pattern.source())))
        }
    }
}

impl Judging<'_> {
    /// Recorded without what stood there: there is nothing to compare.
    fn is_masked(&self, text: &str) -> bool {
        self.replayed && !Mask::all(text.as_bytes()).is_empty()
    }

    fn is_masked_value(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|text| self.is_masked(text))
    }

    /// A hidden number is a text in a recording: a mask may be either.
    fn is_of(&self, rule: &Field, value: &Value) -> bool {
        let fits = |kind: &JsonKind| {
            kind.takes(JsonKind::of(value)) || self.is_masked_value(value) && kind.takes(JsonKind::Integer)
        };
        rule.kinds.is_empty() || rule.kinds.iter().any(fits)
    }
}

fn field(rule: &Field, root: &Value, judging: &Judging<'_>, found: &mut Vec<String>) -> Result<(), String> {
    let there = rule.path.values(root);
    let keys: Vec<&str> = rule.path.keys().collect();
    let (values, show) = (judging.values, Shown { show: judging.show, keys: &keys });
    let path = &rule.path;
    let only_none = rule.none.is_some() && rule.equals.is_none() && rule.pattern.is_none() && rule.kinds.is_empty();
    if there.is_empty() && rule.any.is_none() {
        if !rule.optional && !only_none {
            found.push(format!("{path} is missing"));
        }
        return Ok(());
    }
    if let Some(wrong) = there.iter().find(|value| !judging.is_of(rule, value)) {
        let words: Vec<&str> = rule.kinds.iter().map(|kind| with_article(*kind)).collect();
        found.push(format!("{path} is {}, not {}", described(wrong, show), words.join(" or ")));
    }
    if let Some(wanted) = rule.equals.as_ref().map(|wanted| filled(wanted, values)).transpose()?
        && let Some(wrong) = there.iter().find(|value| !judging.is_masked_value(value) && content(value) != wanted)
    {
        found.push(format!("{path} is {}, not {}", short(wrong, show), quoted(&wanted, show)));
    }
    if let Some(pattern) = &rule.pattern
        && let Some(wrong) =
            there.iter().find(|value| !judging.is_masked_value(value) && !pattern.is_match(content(value).as_bytes()))
    {
        found.push(format!("{path} is {}, which does not match `{}`", short(wrong, show), pattern.source()));
    }
    if let Some(wanted) = rule.any.as_ref().map(|wanted| filled(wanted, values)).transpose()?
        && !there.iter().any(|value| judging.is_masked_value(value) || content(value) == wanted)
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

/// The text of a value: of a string its content, of anything else how JSON writes it.
pub fn content(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
fn described(value: &Value, show: Shown<'_>) -> String {
    let kind = with_article(JsonKind::of(value));
    match value {
        Value::Null => kind.to_owned(),
        value => format!("{kind} ({})", short(value, show)),
    }
}

/// A value as JSON, cut to what fits into a line.
fn short(value: &Value, shown: Shown<'_>) -> String {
    cut(&shown.show.json(shown.keys, value).to_string(), QUOTED)
}

fn quoted(text: &str, shown: Shown<'_>) -> String {
    short(&Value::from(text), shown)
}

/// The beginning of a body, in one line.
fn excerpt(body: &Body, show: &dyn Show) -> String {
    match body {
        Body::Json(value) => cut(&show.json(&[], value).to_string(), BODY),
        Body::Text(text) => {
            let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            cut(&content(&show.json(&[], &Value::from(one_line))), BODY)
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
