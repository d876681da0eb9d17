//! Secrets that the files say before any tool does: the values files that helm is given, and what
//! stands behind `--set`.

use super::context::Context;
use crate::adapter::files;
use crate::classify::changes::tree::{Node, read};
use crate::error::Failure;
use crate::model::catalog::Catalog;
use crate::model::template::Template;
use crate::plan::checks::build_check;
use crate::plan::{Ask, Block, Call, Gate, Plan, PlannedStep, Work, alone};
use crate::report::plan_json;
use crate::run::redact::{Mask, Redactor, is_secret_key};
use crate::run::redact_stream::RedactStream;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A values file of more than this is none.
const MOST: u64 = 8 << 20;

/// The plan, with what its values files and arguments hold of secrets. A file that cannot be read is
/// no error here: helm will say so.
pub(super) fn with_values(plan: &Plan, catalog: &Catalog) -> Plan {
    // Of every task: a pod prints what it was given, whichever task looks at it.
    let mut found = of_all(catalog);
    found.block(&plan.root, &base(catalog));
    let mut plan = plan.clone();
    plan.hide.values = found.values();
    plan
}

/// Knows the secrets of the file's variables.
pub(super) fn declared(catalog: Option<&Catalog>) -> Redactor {
    let vars = catalog.into_iter().flat_map(|catalog| catalog.vars.values());
    let secrets: Vec<String> = vars.filter(|var| var.secret).map(|var| var.value.clone()).collect();
    let public = catalog.into_iter().flat_map(|catalog| catalog.vars.values()).filter(|var| !var.secret);
    Redactor::with_public(&secrets, public.map(|var| var.value.as_str()))
}

/// Knows these, and what the arguments of the file's tasks tell: enough for what shows a task.
pub(super) fn written(catalog: &Catalog) -> Redactor {
    let mut found = of_all(catalog);
    found.files.clear();
    learned(declared(Some(catalog)), found)
}

/// Shows an answer without the secrets that the file itself has.
pub(super) fn answer(
    context: &Context,
    catalog: &Catalog,
    human: impl FnOnce() -> String,
    json: impl FnOnce() -> Value,
) -> Result<(), Failure> {
    let redactor = written(catalog);
    context.answer(
        || String::from_utf8_lossy(&RedactStream::new(&redactor).whole_text(human().as_bytes())).into_owned(),
        || inside(&redactor, json()),
    )
}

/// The plan as a run folder keeps it: redacted as what shows a task, and comparable with the plan of a
/// later run, whose masks would carry other tags.
pub(super) fn kept(plan: &Plan, catalog: &Catalog) -> Value {
    let mut found = of_all(catalog);
    // With the arguments that this run was given.
    found.block(&plan.root, &base(catalog));
    found.files.clear();
    untagged(inside(&learned(declared(Some(catalog)), found), plan_json::json(plan)))
}

/// The same data, the masks in its texts without tags.
fn untagged(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(Mask::without_tags(&text)),
        Value::Array(items) => items.into_iter().map(untagged).collect(),
        Value::Object(map) => map.into_iter().map(|(key, item)| (key, untagged(item))).collect(),
        other => other,
    }
}

/// The same data, its texts redacted.
fn inside(redactor: &Redactor, value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redactor.line(&text)),
        Value::Array(items) => match items.iter().map(Value::as_str).collect::<Option<Vec<_>>>() {
            // A list of texts may be an argv: what follows a flag is judged by it.
            Some(argv) => redactor.argv(argv).into(),
            None => items.into_iter().map(|item| inside(redactor, item)).collect(),
        },
        Value::Object(map) => map
            .into_iter()
            .map(|(key, item)| match item {
                Value::Object(env) if key == "env" => (key, env_inside(redactor, env)),
                item => (key, inside(redactor, item)),
            })
            .collect(),
        other => other,
    }
}

/// A variable of the environment is judged by its name, too.
fn env_inside(redactor: &Redactor, env: Map<String, Value>) -> Value {
    env.into_iter()
        .map(|(name, item)| match item {
            Value::String(text) if is_secret_key(&name) && !text.contains("${") => {
                let text = redactor.value(Some(&name), &text);
                (name, Value::String(text))
            }
            item => (name, inside(redactor, item)),
        })
        .collect()
}

/// Knows these, and what every values file holds that a task or check of the file names.
pub(super) fn everything(catalog: Option<&Catalog>) -> Redactor {
    let redactor = declared(catalog);
    match catalog {
        Some(catalog) => learned(redactor, of_all(catalog)),
        None => redactor,
    }
}

/// What the calls of all tasks and checks say.
fn of_all(catalog: &Catalog) -> Found {
    let mut found = Found::default();
    let plans = catalog.tasks.iter().filter_map(|task| alone(catalog, task).ok());
    for plan in plans.chain(build_check(catalog, &[])) {
        found.block(&plan.root, &base(catalog));
    }
    found
}

fn learned(redactor: Redactor, found: Found) -> Redactor {
    let values = found.values();
    redactor.learn_all(values.iter().map(|(key, value)| (Some(key.as_str()), value.as_str())));
    redactor
}

/// The failure, as it may be shown: an argument that is quoted in it may tell by its form that it is a
/// secret.
pub(super) fn harmless(failure: &Failure) -> Failure {
    let redactor = Redactor::new(&[]);
    let shown = |text: &String| text.split('\n').map(|line| redactor.line(line)).collect::<Vec<_>>().join("\n");
    Failure { message: shown(&failure.message), hints: failure.hints.iter().map(shown).collect(), ..failure.clone() }
}

/// `name=value` of a `--set`, as it may be shown: without the value of a secret.
pub(super) fn without_secret(set: &str, catalog: &Catalog) -> String {
    let is_secret = |name: &str| catalog.vars.get(name).is_some_and(|var| var.secret) || is_secret_key(name);
    match set.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=…"),
        _ => declared(Some(catalog)).line(set),
    }
}

fn base(catalog: &Catalog) -> PathBuf {
    catalog.path.parent().unwrap_or(Path::new("/")).to_owned()
}

/// What the calls of a plan say.
#[derive(Debug, Default)]
struct Found {
    /// Files, each read once; with `--set-file` the key that the whole file is the value of.
    files: BTreeMap<PathBuf, Option<String>>,
    pairs: Vec<(String, String)>,
}

impl Found {
    fn block(&mut self, block: &Block, base: &Path) {
        block.require.iter().chain(&block.verify).for_each(|gate| self.gate(gate, base));
        block.steps.iter().chain(&block.finally).for_each(|step| self.step(step, base));
    }

    fn gate(&mut self, gate: &Gate, base: &Path) {
        gate.before.iter().for_each(|step| self.step(step, base));
        match &gate.ask {
            Ask::Run(step) => self.step(step, base),
            Ask::Checks { of, .. } => of.iter().for_each(|part| self.gate(part, base)),
            Ask::Secrets { .. } | Ask::Room { .. } | Ask::Incident => {}
        }
    }

    fn step(&mut self, step: &PlannedStep, base: &Path) {
        step.skip_if.iter().chain(&step.done_if).for_each(|gate| self.gate(gate, base));
        match &step.work {
            Work::Run(call) => {
                self.flags(call);
                if call.tool != "helm" {
                    return;
                }
                let inside = step.spec.cwd.as_ref().map(Template::as_literal);
                // A directory that only the run knows is looked for in none.
                let directory = inside.map_or_else(|| Some(base.to_owned()), |inside| Some(base.join(inside?)));
                self.call(call, directory.as_deref());
            }
            Work::Diagnose | Work::Compare(_) | Work::Ask(_) => {}
            Work::Rounds(rounds) => rounds.steps().for_each(|step| self.step(step, base)),
            Work::Check(gate) => self.gate(gate, base),
            Work::Block(block) => self.block(block, base),
        }
    }

    /// What stands behind the flags that tell a secret, whatever the tool.
    fn flags(&mut self, call: &Call) {
        let words: Vec<Option<String>> = call.argv.iter().map(Template::as_literal).collect();
        for (word, next) in words.iter().zip(words.iter().skip(1).chain([&None])) {
            let Some(flag) = word.as_deref().filter(|word| word.starts_with('-')) else { continue };
            match (flag.split_once('='), next) {
                (Some((flag, value)), _) if is_secret_key(flag) => {
                    self.pairs.push((flag.to_owned(), value.to_owned()));
                }
                (None, Some(value)) if is_secret_key(flag) && !value.starts_with('-') => {
                    self.pairs.push((flag.to_owned(), value.clone()));
                }
                _ => {}
            }
        }
    }

    fn call(&mut self, call: &Call, directory: Option<&Path>) {
        let words: Vec<Option<String>> = call.argv.iter().map(Template::as_literal).collect();
        let mut words = words.iter().map(Option::as_deref);
        while let Some(word) = words.next() {
            let Some(word) = word else { continue };
            let (flag, value) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => (flag, Some(value)),
                _ => (word, None),
            };
            if !["-f", "--values", "--set", "--set-string", "--set-literal", "--set-file", "--set-json"].contains(&flag)
            {
                continue;
            }
            let Some(value) = value.or_else(|| words.next().flatten()) else { continue };
            match flag {
                "-f" | "--values" => value.split(',').for_each(|file| self.file(file, None, directory)),
                "--set-literal" | "--set-json" => self.pairs.extend(pair(value)),
                "--set-file" => {
                    for (key, file) in split(value).iter().filter_map(|one| pair(one)) {
                        self.file(&file, Some(key), directory);
                    }
                }
                _ => self.pairs.extend(split(value).iter().filter_map(|one| pair(one))),
            }
        }
    }

    fn file(&mut self, name: &str, key: Option<String>, directory: Option<&Path>) {
        if let Some(directory) = directory.filter(|_| !name.is_empty() && name != "-" && !name.contains("://")) {
            self.files.insert(directory.join(name), key);
        }
    }

    /// Keys with their values, those of the files read now.
    fn values(self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (key, value) in self.pairs {
            walk(&Node::Scalar(value), &key, false, &mut all);
        }
        for (path, key) in &self.files {
            let Ok(bytes) = files::read_capped(path, MOST) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            match key {
                Some(key) => walk(&Node::Scalar(text.into_owned()), key, false, &mut all),
                None => {
                    for root in read(text.trim_start_matches('\u{feff}')).unwrap_or_default() {
                        walk(&root, "", false, &mut all);
                    }
                }
            }
        }
        all
    }
}

/// `a.b=c`, whole.
fn pair(text: &str) -> Option<(String, String)> {
    text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))
}

/// The pairs of one `--set`: a comma separates them, unless a backslash or a brace keeps it.
fn split(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let (mut escaped, mut depth) = (false, 0_usize);
    for c in text.chars() {
        match c {
            ',' if !escaped && depth == 0 => all.push(String::new()),
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            _ => {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if let Some(last) = all.last_mut() {
                    last.push(c);
                }
            }
        }
        escaped = false;
    }
    all
}

/// Keeps the scalars that a key tells to be secrets, its own or one above it.
fn walk(node: &Node, key: &str, within: bool, all: &mut Vec<(String, String)>) {
    match node {
        Node::Scalar(value) => {
            let value = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(value);
            let is_secret = is_secret_key(key) || within || is_weak(key);
            if is_secret && !is_reference(key, value) {
                all.push((key.to_owned(), value.to_owned()));
            }
        }
        Node::List(items) => items.iter().for_each(|item| walk(item, key, within, all)),
        Node::Map(entries) => {
            // `- name: DB_PASSWORD`, `value: …`
            if let (Some(name), Some(value)) = (node.text("name"), node.text("value")) {
                walk(&Node::Scalar(value.to_owned()), name, within, all);
            }
            for (inner, child) in entries {
                let holds = matches!(child, Node::Map(_) | Node::List(_)) && is_container(inner);
                walk(child, inner, within || holds, all);
            }
        }
    }
}

/// `secrets:`, `secretEnv:`, `credentials:`: everything below is one.
fn is_container(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let about = ["ref", "name", "pullsecrets", "namespace"].iter().any(|end| key.ends_with(end));
    !about && ["secret", "credential", "password"].iter().any(|part| key.contains(part))
}

/// May hold a secret, and often does not.
fn is_weak(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key).to_ascii_lowercase();
    last == "auth" || last == "connection" || last.ends_with("url") || last.ends_with("uri") || last.ends_with("dsn")
}

/// Names a Secret instead of holding one: that name is in every answer of kubectl.
fn is_reference(key: &str, value: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key).to_ascii_lowercase();
    last.starts_with("existing")
        || last.contains("pullsecret")
        || (last.ends_with("secret") && ["-secret", "-secrets", "-tls"].iter().any(|end| value.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(yaml: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        read(yaml).unwrap().iter().for_each(|root| walk(root, "", false, &mut all));
        all
    }

    #[test]
    fn a_values_file_gives_what_its_keys_tell() {
        let values = "
image: {tag: '1.0', pullPolicy: Never}
secrets:
  databaseUrl: postgresql://app:pw12345@db/app
  nested: {jwt: one-two-three}
backend:
  dbPassword: \"12345678\"
  existingSecret: taskflow-backend-secrets
  tlsSecret: web-tls
  imagePullSecrets: [{name: regcred}]
  env:
  - {name: API_TOKEN, value: tok-en-9}
  - {name: LOG_LEVEL, value: debug}
  auth: abc123def
  replicas: 2
";
        let keys: Vec<String> = found(values).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            keys,
            [
                "databaseUrl=postgresql://app:pw12345@db/app",
                "jwt=one-two-three",
                "dbPassword=12345678",
                "API_TOKEN=tok-en-9",
                "auth=abc123def",
            ]
        );
    }

    #[test]
    fn the_pairs_of_a_set_are_taken_apart_as_helm_does() {
        assert_eq!(split(r"a.password=x\,y,b={1,2},c=z"), ["a.password=x,y", "b={1,2}", "c=z"]);
    }
}
