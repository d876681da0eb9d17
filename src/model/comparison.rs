//! Two targets' answers to the same operations, held against each other. Everything here may be shown: secrets are
//! gone before it exists.

use serde::{Deserialize, Serialize};

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What people call the target that is judged, and the one that it is held against.
    pub targets: [String; 2],
    /// The operations, in order.
    pub rows: Vec<Row>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// Does the one behave as the other?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every operation was answered by both, and alike.
    Valid,
    /// At least one was not, or nothing was compared.
    Invalid,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub operation: String,
    /// What people call it.
    pub title: String,
    /// The answer of the target that is judged.
    pub left: Side,
    /// The answer of the other one.
    pub right: Side,
    /// What it comes to.
    pub verdict: RowVerdict,
    /// What differs, in the order of the answer; empty on a match.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub differences: Vec<Difference>,
    /// How many differences are left out here.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub more: usize,
}

/// Is an operation answered alike?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowVerdict {
    /// Alike.
    Match,
    /// Not alike.
    Differs,
    /// At least one of the two gave no answer: nothing can be said.
    NotRun,
}

/// What one target answered, in short.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Side {
    /// The status; `None`: no answer came, or it was never asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// How long the answer took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub took_ms: Option<u64>,
    /// What of the operation's own rules the answer breaks; or why there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// Something that one answer has and the other has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What kind.
    pub kind: Kind,
    /// Where: a header's name, a path in the JSON (`tasks[0].title`); empty where the whole is meant.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub place: String,
    /// What the target that is judged has there, shortened; `None` where it has nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left: Option<String>,
    /// What the other one has there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub right: Option<String>,
}

/// In what two answers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The status.
    Status,
    /// A response header that matters.
    Header,
    /// The judged one lacks a key that the other has.
    Missing,
    /// The judged one has a key that the other lacks.
    Extra,
    /// Values of two types at one place.
    Type,
    /// Two values of one type at one place.
    Value,
    /// Lists of two lengths.
    Length,
    /// Bodies that are not both JSON.
    Body,
    /// One of them keeps the operation's own rules, the other does not.
    Rule,
}

impl Comparison {
    /// From its rows.
    pub fn of(targets: [String; 2], rows: Vec<Row>) -> Self {
        let is_valid = !rows.is_empty() && rows.iter().all(|row| row.verdict == RowVerdict::Match);
        Self { targets, rows, verdict: if is_valid { Verdict::Valid } else { Verdict::Invalid } }
    }

    /// How many rows have this verdict.
    pub fn count(&self, verdict: RowVerdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// The table, what differs, and what it comes to, in Markdown.
    pub fn markdown(&self) -> String {
        let [left, right] = self.targets.each_ref().map(|title| cell(title));
        let mut out = format!("| Operation | {left} | {right} | Match? |\n|---|---|---|---|\n");
        for row in &self.rows {
            let of = |side: &Side| match (side.status, side.took_ms) {
                (Some(status), Some(millis)) => format!("{status} in {millis} ms"),
                (Some(status), None) => status.to_string(),
                (None, _) => "no answer".to_owned(),
            };
            let mark = match row.verdict {
                RowVerdict::Match => "✅",
                RowVerdict::Differs => "❌",
                RowVerdict::NotRun => "❌ not run",
            };
            out.push_str(&format!("| {} | {} | {} | {mark} |\n", cell(&row.title), of(&row.left), of(&row.right)));
        }
        for row in &self.rows {
            let notes = row.notes(&self.targets);
            if !notes.is_empty() {
                out.push_str(&format!("\n**{}**\n\n", cell(&row.title)));
                notes.iter().for_each(|note| out.push_str(&format!("- {}\n", code(note))));
            }
        }
        out.push_str(&format!("\n**{}**\n", self.in_words()));
        out
    }

    /// What it comes to, in one line.
    pub fn in_words(&self) -> String {
        let all = self.rows.len();
        let operations = if all == 1 { "operation" } else { "operations" };
        let (differ, not_run) = (self.count(RowVerdict::Differs), self.count(RowVerdict::NotRun));
        let verb = if differ == 1 { "differs" } else { "differ" };
        match (all, differ, not_run) {
            (0, ..) => "INVALID: nothing was compared".to_owned(),
            (1, 0, 0) => "VALID: the operation is answered alike".to_owned(),
            (_, 0, 0) => format!("VALID: all {all} operations are answered alike"),
            (_, _, 0) => format!("INVALID: {differ} of {all} {operations} {verb}"),
            (_, 0, _) => format!("INVALID: {not_run} of {all} {operations} could not be compared"),
            _ => format!("INVALID: {differ} of {all} {operations} {verb}, {not_run} could not be compared"),
        }
    }
}

impl Row {
    /// What there is to say of it beside its place in the table, a line each.
    pub fn notes(&self, targets: &[String; 2]) -> Vec<String> {
        let mut notes: Vec<String> = self.differences.iter().map(|difference| difference.in_words(targets)).collect();
        if self.more > 0 {
            notes.push(format!("and {} more difference{}", self.more, if self.more == 1 { "" } else { "s" }));
        }
        let [left, right] = targets;
        match (self.verdict, &self.left.why, &self.right.why) {
            (RowVerdict::NotRun, ours, theirs) => {
                for (side, target, why) in [(&self.left, left, ours), (&self.right, right, theirs)] {
                    match why {
                        Some(why) if side.status.is_none() => notes.push(format!("{target} gave no answer: {why}")),
                        None if side.status.is_none() => notes.push(format!("{target} gave no answer")),
                        _ => {}
                    }
                }
            }
            // What both do alike is no difference, and no health either.
            (RowVerdict::Match, Some(why), Some(_)) => {
                notes.push(format!("not as it should be on both alike: {why}"));
            }
            _ => {}
        }
        notes
    }
}

impl Difference {
    /// In one line; `left` and `right` are what people call the targets.
    pub fn in_words(&self, [left, right]: &[String; 2]) -> String {
        let of = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        let (on_left, on_right) = (of(&self.left), of(&self.right));
        let both = format!("{left} {on_left}, {right} {on_right}");
        let place = &self.place;
        match self.kind {
            Kind::Status => format!("status: {both}"),
            Kind::Header => format!("header {place}: {both}"),
            Kind::Missing => format!("{place}: missing at {left}; {right} has {on_right}"),
            Kind::Extra => format!("{place}: only {left} has it: {on_left}"),
            Kind::Type => format!("{place}: another type: {both}"),
            Kind::Value => format!("{place}: {both}"),
            Kind::Length => format!("{place}: another length: {both}"),
            Kind::Body => format!("body: {both}"),
            Kind::Rule => match (&self.left, &self.right) {
                (Some(why), None) => format!("only {left} breaks the operation's own rules: {why}"),
                (None, Some(why)) => format!("only {right} breaks the operation's own rules: {why}"),
                _ => format!("the operation's own rules: {both}"),
            },
        }
    }
}

/// A title inside a table: nothing in it ends the cell, or is read as anything but text.
fn cell(text: &str) -> String {
    let special = |c: char| "\\|`*_[]<>#".contains(c);
    text.chars()
        .flat_map(|c| special(c).then_some('\\').into_iter().chain([if c.is_control() { ' ' } else { c }]))
        .collect()
}

/// A line of foreign text as code, whatever it holds.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &usize) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_holds_whatever_the_app_says() {
        let difference =
            Difference { kind: Kind::Value, place: "a`b".into(), left: Some("\"``|<b>\n\"".into()), right: None };
        let side = Side { status: Some(200), took_ms: Some(7), why: None };
        let row = Row {
            operation: "x".into(),
            title: "A|B <i>".into(),
            left: side.clone(),
            right: side,
            verdict: RowVerdict::Differs,
            differences: vec![difference],
            more: 0,
        };
        assert_eq!(
            Comparison::of(["K8s".into(), "Prod".into()], vec![row]).markdown(),
            "| Operation | K8s | Prod | Match? |\n|---|---|---|---|\n| A\\|B \\<i\\> | 200 in 7 ms | 200 in 7 ms | ❌ |\n\n\
             **A\\|B \\<i\\>**\n\n- ```a`b: K8s \"``|<b> \", Prod nothing```\n\n**INVALID: 1 of 1 operation differs**\n"
        );
    }
}
