//! How a step's answer is taken, in words: what stands in dim behind its argv.

use super::quoting::Mask;
use crate::model::step::{Danger, Decode, OnInterrupt, Step};
use crate::text;

/// Everything about a step that is neither its name nor what it does, nor a check that it asks.
pub fn of(step: &Step, mask: &Mask<'_>) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(cwd) = &step.cwd {
        all.push(format!("in {}", mask.text(cwd)));
    }
    for (name, value) in &step.env {
        all.push(format!("with {name}={}", mask.text(value)));
    }
    all.extend(step.danger.map(|own| danger(own).to_owned()));
    if let Some(limit) = step.timeout {
        all.push(format!("timeout {}", text::duration(limit)));
    }
    if let Some(retry) = &step.retry {
        let when = if retry.on.is_empty() { String::new() } else { format!(" on {}", retry.on.join(", ")) };
        let (first, max) = (text::duration(retry.first), text::duration(retry.max));
        let pause = if first == max { first } else { format!("{first} to {max}") };
        all.push(format!("up to {}{when}, {pause} apart", times(retry.times)));
    }
    if let Some(until) = &step.until {
        let (every, limit) = (text::duration(until.every), text::duration(until.timeout));
        all.push(format!("until /{}/, every {every} for {limit}", until.pattern.source()));
    }
    if !step.codes.is_empty() {
        let codes: Vec<String> = step.codes.iter().map(ToString::to_string).collect();
        all.push(format!("exit code {} is no failure", codes.join(" or ")));
    }
    let patterns = [("filter", &step.filter), ("expect", &step.expect), ("reject", &step.reject)];
    for (word, pattern) in patterns {
        if let Some(pattern) = pattern {
            all.push(format!("{word} /{}/", pattern.source()));
        }
    }
    if let Some(Decode::Base64) = step.decode {
        all.push("decode base64".to_owned());
    }
    if let Some(crate::model::step::DoneIf::Output(pattern)) = &step.done_if {
        all.push(format!("done if /{}/", pattern.source()));
    }
    if let Some(each) = &step.each {
        all.push(format!("list {} from /{}/", each.list, each.pattern.source()));
    }
    if let Some(save) = &step.save {
        all.push(format!("save {}", mask.text(save)));
    }
    if step.on_interrupt == Some(OnInterrupt::Finish) {
        all.push("finishes before Ctrl-C stops".to_owned());
    }
    all.extend(step.unless_given.as_ref().map(|name| format!("unless {} is given", name.to_uppercase())));
    all.extend(step.if_given.as_ref().map(|name| format!("if {} is given", name.to_uppercase())));
    let flags = [
        (step.allow_failure, "may fail"),
        (step.sensitive, "output is secret"),
        (step.interactive, "owns the terminal"),
    ];
    all.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, word)| (*word).to_owned()));
    all
}

fn times(number: u32) -> String {
    if number == 1 { "1 retry".to_owned() } else { format!("{number} retries") }
}

/// A danger in words.
pub fn danger(danger: Danger) -> &'static str {
    match danger {
        Danger::Read => "looks only",
        Danger::Change => "changes what can be changed back",
        Danger::Destroy => "loses something for good",
    }
}

/// A danger as `tasks.toml` writes it.
pub fn danger_word(danger: Danger) -> &'static str {
    match danger {
        Danger::Read => "read",
        Danger::Change => "change",
        Danger::Destroy => "destroy",
    }
}
