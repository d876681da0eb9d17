//! Questions about secret values. They are read, compared and forgotten in memory; only lengths
//! and "equal" or "different" leave this place.

use super::attempt;
use super::call::{Answer, Ask, perform};
use super::desk::Desk;
use super::gate::{Manner, Reply};
use super::holds::has_entry;
use super::manifest::Manifest;
use super::redact::{Mask, is_origins};
use super::scope::Values;
use crate::model::command::Exit;
use crate::model::pattern::Pattern;
use crate::model::step::SecretFrom;
use crate::plan::SecretRead;
use crate::text;
use std::time::Duration;

/// Reading one value takes no longer.
const LIMIT: Duration = Duration::from_secs(60);

/// What must hold.
pub struct Rules<'a> {
    /// Shortest accepted value, in bytes.
    pub min_len: Option<usize>,
    /// Every value must match this, as a whole.
    pub pattern: Option<&'a Pattern>,
    /// Every value must contain this.
    pub contains: Option<String>,
}

/// One value, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Secret {
    /// `secret/KEY`.
    name: String,
    /// The value; of one that a recording masks, a stand-in of the same length.
    text: String,
    /// What is the same for equal values and different for others.
    tag: String,
    /// It comes from a recording in which it is masked.
    masked: bool,
}

/// Reads the values and holds them against the rules.
pub fn ask(desk: &Desk<'_>, reads: &[SecretRead], rules: &Rules<'_>, values: &Values, manner: Manner<'_>) -> Reply {
    let mut secrets = Vec::new();
    for read in reads {
        match one(desk, read, values, manner) {
            // What somebody has copied from our own output is no value. In a recording it is all that there is.
            Ok(secret) if secret.masked && !desk.world.runner.is_replay() => {
                return Reply::No(Some(format!("{}: it is a mask of refloat's, not a value", secret.name)));
            }
            Ok(secret) => secrets.push(secret),
            Err(reply) => return reply,
        }
    }
    judge(&secrets, rules)
}

fn one(desk: &Desk<'_>, read: &SecretRead, values: &Values, manner: Manner<'_>) -> Result<Secret, Reply> {
    let name = format!("{}/{}", values.show(&read.of.secret), values.show(&read.of.key));
    let mut call = attempt::invocation(desk, &read.call, None, values).map_err(Reply::Unasked)?;
    call.timeout = Some(LIMIT);
    let in_cluster = read.of.from == SecretFrom::Cluster;
    let ask = Ask {
        id: manner.id,
        quiet: true,
        to_end: manner.cleanup,
        // Of a manifest the redactor hides what is a secret in it, so that a recording keeps the rest.
        sensitive: in_cluster,
        decode: in_cluster,
        filter: None,
        progress: None,
        record: true,
        over: None,
        given: None,
    };
    let answer = perform(desk, &call, &ask, None);
    match &answer.exit {
        Exit::Interrupted => return Err(Reply::Interrupted),
        Exit::NotStarted(why) => return Err(Reply::Unasked(why.clone())),
        exit if !exit.is_success() => {
            let words = answer.last_words().unwrap_or_else(|| exit.in_words());
            if words.contains("(NotFound)") {
                return Err(Reply::No(Some(format!("{name} is empty or missing"))));
            }
            if !manner.quiet {
                // Why it could not be asked; the value itself is in no document.
                desk.books().keep(manner.id, attempt::documents(desk, &call, &answer, None));
            }
            return Err(Reply::Unasked(words));
        }
        _ => {}
    }
    if answer.undecodable.is_some() {
        return Err(Reply::Unasked(format!("{name} is not base64")));
    }
    if read.of.from == SecretFrom::Rendered {
        return rendered(desk, read, &name, &answer, values);
    }
    let plain = String::from_utf8_lossy(&answer.stdout).into_owned();
    // A base64 value that ends in a line end was made with `echo`: the line end is part of it.
    Ok(Secret::new(desk, name, plain))
}

/// The value in a rendered manifest; it is hidden from then on.
fn rendered(desk: &Desk<'_>, read: &SecretRead, name: &str, answer: &Answer, values: &Values) -> Result<Secret, Reply> {
    let manifest = Manifest::read(&String::from_utf8_lossy(&answer.stdout))
        .map_err(|line| Reply::Unasked(format!("what was rendered is no YAML at line {line}")))?;
    let (of, key) = (values.show(&read.of.secret), values.show(&read.of.key));
    let Some(plain) = manifest.secret(&of, &key) else {
        return Err(Reply::No(Some(format!("{name} is not in what the chart renders"))));
    };
    if !is_origins(&plain) {
        desk.redactor.learn(&plain);
    }
    Ok(Secret::new(desk, name.to_owned(), plain))
}

impl Secret {
    fn new(desk: &Desk<'_>, name: String, plain: String) -> Self {
        let (text, mask) = Mask::stand_in(&plain);
        let masked = mask.is_some();
        let tag = mask.map_or_else(|| desk.redactor.tag(plain.as_bytes()), |mask| mask.tag);
        Self { name, text, tag, masked }
    }

    /// Equal, as far as can be known: a masked value is known by its tag and length.
    fn equals(&self, other: &Self) -> bool {
        self.text.len() == other.text.len() && self.tag == other.tag && (self.masked || self.text == other.text)
    }
}

fn judge(secrets: &[Secret], rules: &Rules<'_>) -> Reply {
    let no = |why: String| Reply::No(Some(why));
    for secret in secrets {
        if secret.text.is_empty() {
            return no(format!("{} is empty or missing", secret.name));
        }
    }
    if let [first, rest @ ..] = secrets
        && rest.iter().any(|other| !first.equals(other))
    {
        let lengths: Vec<String> = secrets.iter().map(|secret| length(secret).to_string()).collect();
        return no(format!("they differ: {} characters", lengths.join(" and ")));
    }
    for secret in secrets {
        let of = if secrets.len() > 1 { String::new() } else { format!("{}: ", secret.name) };
        if let Some(min) = rules.min_len.filter(|min| secret.text.len() < *min) {
            return no(format!("{of}too short: {} of at least {min}", secret.text.len()));
        }
        if rules.pattern.is_some_and(|pattern| !matches_whole(pattern, &secret.text)) {
            return no(format!("{of}does not have the expected form"));
        }
        if let Some(part) = rules.contains.as_ref().filter(|part| !has_entry(&secret.text, part)) {
            return no(format!("{of}does not contain {part}"));
        }
    }
    Reply::Yes(secrets.first().map(|first| {
        let characters = text::count(length(first), "character");
        match secrets.len() {
            1 => format!("has {characters} (#{})", first.tag),
            2 => format!("both have {characters} and are equal (#{})", first.tag),
            more => format!("all {more} have {characters} and are equal (#{})", first.tag),
        }
    }))
}

fn length(secret: &Secret) -> usize {
    secret.text.chars().count()
}

/// The whole value, not a part of it: `a|ab` matches "ab".
fn matches_whole(pattern: &Pattern, text: &str) -> bool {
    Pattern::new(&format!(r"\A(?:{})\z", pattern.source()))
        .map_or_else(|_| pattern.is_match(text.as_bytes()), |whole| whole.is_match(text.as_bytes()))
}
