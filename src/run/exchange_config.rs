//! What `curl` is told on standard input: everything that may be a secret, in the words of its config files.
//!
//! A command line is for all to read, standard input is not. The form is that of `curl --config`: `name = "value"`,
//! with `\\`, `\"`, `\t`, `\n`, `\r` and `\v` inside the quotes.

use super::scope::Values;
use crate::model::template::Template;
use crate::plan::Exchange;

/// Before what `curl` itself says of the exchange, at the end of its output: the status and the seconds it took.
pub const TRAILER: &str = "refloat-exchange:";

/// The longest body that is sent: a config line of curl has 10 MB at most, the escapes included.
const LONGEST: usize = 1 << 20;

/// The config of a call.
///
/// # Errors
/// A variable without a value, a value that cannot stand where it is put, or a body that is not JSON.
pub fn of(exchange: &Exchange, values: &Values) -> Result<String, String> {
    let mut config = String::from("globoff\n");
    let mut say = |name: &str, value: &str| config.push_str(&format!("{name} = {}\n", quoted(value)));
    if let Some(url) = &exchange.url {
        say("url", &one_line("its address", url, values)?);
    }
    for (name, template) in &exchange.headers {
        let value = one_line(&format!("the header `{name}`"), template, values)?;
        // A colon and nothing behind it takes a header away.
        say("header", &if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") });
    }
    if let Some(json) = &exchange.json {
        let body = values.json(json)?;
        if body.len() > LONGEST {
            return Err(format!("its body has {} bytes; {LONGEST} is the most", body.len()));
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&body) {
            let why = error.to_string();
            return Err(format!("its body is no JSON: {}", why.split(" at line").next().unwrap_or(&why)));
        }
        if !exchange.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
            say("header", "Content-Type: application/json");
        }
        say("data-binary", &body);
    }
    if exchange.method == "HEAD" {
        config.push_str("head\n");
    }
    config.push_str(&format!("write-out = {}\n", quoted(&format!("\n{TRAILER}%{{http_code}}:%{{time_total}}\n"))));
    Ok(config)
}

/// A filled text that must not end its line: what comes behind would be read as another header.
fn one_line(what: &str, template: &Template, values: &Values) -> Result<String, String> {
    let text = values.text(template)?.unwrap_or_default();
    match text.chars().any(|c| c.is_control() && c != '\t') {
        true => Err(format!("{what} would hold a line end or another control character")),
        false => Ok(text),
    }
}

/// A value as curl's config has it.
pub fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{b}' => out.push_str("\\v"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
#[path = "exchange_config_tests.rs"]
mod tests;
