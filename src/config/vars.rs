//! Variables: declared in `[vars]`, given a value by the strongest source, filled from each other.

use super::fault::{Fault, Faults, Place, Texts, show};
use super::filling;
use super::graph;
use super::input::Input;
use super::names;
use super::tree::{Entry, Filling, Item, Node, Value};
use crate::error::{Code, Failure};
use crate::model::catalog::{Origin, Var};
use crate::model::pattern::Pattern;
use crate::model::template::Template;
use crate::model::value;
use crate::text::suggest;
use std::collections::BTreeMap;
use toml::de::DeTable;

const ENVIRONMENT: &str = "REFLOAT_VAR_";

/// A variable as the file declares it.
#[derive(Debug, Clone)]
struct Declared<'a> {
    entry: &'a Entry,
    value: Option<(Filling, Place)>,
    pattern: Option<Pattern>,
    secret: bool,
    help: String,
}

/// The variables' final values, and what is wrong with those given from outside.
#[derive(Debug, Default)]
pub struct Settled {
    /// By name.
    pub vars: BTreeMap<String, Var>,
    /// What is wrong with `--set` and the environment.
    pub usage: Option<Failure>,
    /// One line each.
    pub warnings: Vec<String>,
}

/// Where the values of secrets stand in tasks.toml, right or wrong: no report may quote them.
pub fn secrets(file: &DeTable<'_>) -> Vec<Place> {
    let vars = file.get("vars").and_then(|vars| vars.get_ref().as_table());
    let tables = vars.into_iter().flat_map(|vars| vars.values()).filter_map(|var| var.get_ref().as_table());
    let secret = tables.filter(|var| var.get("secret").is_some_and(|flag| flag.get_ref().as_bool() != Some(false)));
    secret
        .filter_map(|var| var.get("value"))
        .map(|value| Place { file: 0, start: value.span().start, end: value.span().end })
        .collect()
}

/// The same in a file that is no TOML, where nobody can tell what belongs to what: in a table with a
/// `secret = …`, all that stands behind a `value =`, and the lines on which it may go on.
pub fn likely_secrets(text: &str) -> Vec<Place> {
    let has_key = |line: &str, key: &str| {
        line.match_indices(key).find_map(|(at, _)| {
            let is_start = line[..at].ends_with(|c: char| c.is_whitespace() || "{,".contains(c)) || at == 0;
            let rest = line[at + key.len()..].trim_start();
            (is_start && rest.starts_with('=')).then_some(line.len() - rest.len() + 1)
        })
    };
    let mut places = Vec::new();
    let mut table: Vec<Place> = Vec::new();
    let mut holds_secret = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with('[') {
            if std::mem::take(&mut holds_secret) {
                places.append(&mut table);
            }
            table.clear();
        }
        holds_secret |= has_key(line, "secret").is_some();
        let end = start + line.trim_end().len();
        match has_key(line, "value") {
            Some(at) => table.push(Place { file: 0, start: start + at, end: end.max(start + at) }),
            None if !line.contains('=') && !line.starts_with('[') => table.push(Place { file: 0, start, end }),
            None => {}
        }
        start += line.len();
    }
    if holds_secret {
        places.append(&mut table);
    }
    places
}

/// Reads `[vars]` and gives every variable its value.
pub fn settle(file: &Node, local: Option<&Node>, input: &Input<'_>, texts: &Texts, faults: &mut Faults) -> Settled {
    let declared = declare(file, faults);
    let index: BTreeMap<&str, usize> =
        declared.iter().enumerate().map(|(at, var)| (var.entry.key.as_str(), at)).collect();
    let local = local.map_or(&[][..], |node| node.map("vars"));
    for entry in local.iter().filter(|entry| !index.contains_key(entry.key.as_str())) {
        let title = format!("{} does not declare the variable {}", texts.name(0), show(&entry.key));
        faults.push(Fault::new(entry.place, title).among(
            &entry.key,
            "declared",
            index.keys().copied(),
            "declare it there",
        ));
    }
    let mut settled = Settled::default();
    let outside = from_outside(input, &index, &mut settled);
    let in_files: Vec<Option<(Filling, Place, Origin)>> =
        declared.iter().map(|var| written(var, local, texts, faults)).collect();
    let Some(order) = order(&declared, &in_files, &index, faults) else { return settled };

    // What is wrong with a value is told once, where it came from: not again of what it went into.
    let mut roots: BTreeMap<String, Root> = BTreeMap::new();
    for at in order {
        let (Some(var), Some(in_file)) = (declared.get(at), in_files.get(at)) else { continue };
        let name = var.entry.key.as_str();
        let (var, root) = match (outside.get(&at), in_file) {
            (Some((value, origin, source)), _) => {
                let root = Root { outside: Some(source.clone()), wrong: false };
                (var.with(value.clone(), *origin, var.secret), root)
            }
            (None, Some((filling, _, origin))) => {
                let used: Vec<&Root> = filling.template.names().iter().filter_map(|used| roots.get(*used)).collect();
                let root = Root {
                    outside: used.iter().find_map(|root| root.outside.clone()),
                    wrong: used.iter().any(|root| root.wrong),
                };
                // What a secret went into is a secret.
                let secret = filling.uses.iter().any(|used| settled.vars.get(&used.name).is_some_and(|var| var.secret));
                let mut whole = var.with(fill(&filling.template, &settled.vars), *origin, var.secret || secret);
                let missing = filling.uses.iter().find_map(|used| settled.vars.get(&used.name)?.lacks.clone());
                whole.lacks = missing.filter(|_| !whole.value.is_empty()).or(whole.lacks);
                (whole, root)
            }
            (None, None) => (var.with(String::new(), Origin::File, var.secret), Root::default()),
        };
        let verdict = value::check_value(name, &var.value, var.pattern.as_ref());
        // A secret that nobody has given yet is no error: most tasks do not need it.
        let wrong = verdict.err().filter(|_| !(var.secret && var.value.is_empty()));
        match (&wrong, &root, in_file) {
            (Some(_), Root { wrong: true, .. }, _) => {}
            (Some(why), Root { outside: Some(source), .. }, _) => {
                add_usage(&mut settled.usage, format!("{source}: {why}"), None);
            }
            (Some(why), _, Some((_, place, _))) => faults.push(Fault::new(*place, why)),
            _ => {}
        }
        roots.insert(name.to_owned(), Root { wrong: root.wrong || wrong.is_some(), ..root });
        settled.vars.insert(name.to_owned(), var);
    }
    settled
}

/// What a value was made of.
#[derive(Debug, Clone, Default)]
struct Root {
    /// The `--set` or environment variable that went into it.
    outside: Option<String>,
    /// Something in it has been reported.
    wrong: bool,
}

impl Declared<'_> {
    fn with(&self, value: String, origin: Origin, secret: bool) -> Var {
        let lacks = (secret && value.is_empty()).then(|| self.entry.key.clone());
        Var { value, origin, secret, pattern: self.pattern.clone(), help: self.help.clone(), lacks }
    }
}

fn declare<'a>(file: &'a Node, faults: &mut Faults) -> Vec<Declared<'a>> {
    let mut twins: BTreeMap<String, &Entry> = BTreeMap::new();
    let mut declared = Vec::new();
    for entry in file.map("vars") {
        if let Err(why) = names::plain(&entry.key) {
            faults.push(Fault::new(entry.place, format!("{} cannot name a variable", show(&entry.key))).label(why));
        }
        if let Some(twin) = twins.insert(names::folded(&entry.key), entry) {
            let title = format!("{} and {} are one variable to the environment", show(&twin.key), show(&entry.key));
            faults.push(Fault::new(entry.place, title).also(twin.place, "the other one"));
        }
        let mut var = Declared { entry, value: None, pattern: None, secret: false, help: String::new() };
        match entry.item.as_ref().map(|item| &item.value) {
            Some(Value::Table(node)) => {
                var.value = node.item("value").and_then(placed);
                var.pattern = node.pattern("match");
                var.secret = node.flag("secret");
                var.help = node.text_or_empty("help");
                if !var.secret && !node.has("value") {
                    faults.push(Fault::new(entry.place, "`value` is missing").label("its value; may be \"\""));
                }
                if let Some(Err(why)) = var.pattern.as_ref().map(value::whole) {
                    let title = "this pattern cannot be held against a whole value";
                    faults.push(Fault::new(node.value_place("match"), title).label(why));
                }
                refuse_written_secret(&var, faults);
            }
            _ => var.value = entry.item.as_ref().and_then(placed),
        }
        declared.push(var);
    }
    declared
}

fn refuse_written_secret(var: &Declared<'_>, faults: &mut Faults) {
    let Some((filling, place)) = &var.value else { return };
    if var.secret && filling.template.as_literal().is_some_and(|text| !text.is_empty()) {
        let fault = Fault::new(*place, format!("the value of the secret {} stands in the file", show(&var.entry.key)));
        faults.push(fault.help(format!(
            "leave it out here; give it in tasks.local.toml or as {ENVIRONMENT}{}",
            names::folded(&var.entry.key).to_ascii_uppercase()
        )));
    }
}

fn placed(item: &Item) -> Option<(Filling, Place)> {
    item.filling().map(|filling| (filling.clone(), item.place))
}

/// The value that the files give: the local one before the shared one. A local value may use other
/// variables; that of a secret is taken as it is, for a password may hold `$`.
fn written(
    var: &Declared<'_>,
    local: &[Entry],
    texts: &Texts,
    faults: &mut Faults,
) -> Option<(Filling, Place, Origin)> {
    let own = local.iter().find(|entry| entry.key == var.entry.key).and_then(|entry| entry.item.as_ref());
    let own = own.and_then(|item| Some((item.text()?, item.place)));
    let Some((text, place)) = own else {
        return var.value.clone().map(|(filling, place)| (filling, place, Origin::File));
    };
    if var.secret {
        let filling = Filling { template: Template::literal(text), text: text.to_owned(), uses: Vec::new() };
        return Some((filling, place, Origin::LocalFile));
    }
    match filling::read(texts.text(place.file), text, place) {
        Ok(filling) => Some((filling, place, Origin::LocalFile)),
        Err(fault) => {
            faults.push(fault);
            None
        }
    }
}

/// Values from the command line and the environment, by variable. They are taken as they are: what
/// comes from outside opens no `${…}`.
fn from_outside(
    input: &Input<'_>,
    index: &BTreeMap<&str, usize>,
    settled: &mut Settled,
) -> BTreeMap<usize, (String, Origin, String)> {
    let folded: BTreeMap<String, usize> = index.iter().map(|(name, at)| (names::folded(name), *at)).collect();
    let mut outside = BTreeMap::new();
    for (key, value) in &input.env {
        let is_ours = key.get(..ENVIRONMENT.len()).is_some_and(|head| head.eq_ignore_ascii_case(ENVIRONMENT));
        let Some(name) = key.get(ENVIRONMENT.len()..).filter(|_| is_ours) else { continue };
        match folded.get(&names::folded(name)) {
            Some(at) => {
                outside.insert(*at, (value.clone(), Origin::Environment, key.clone()));
            }
            None => {
                let near = suggest(&names::folded(name), folded.keys().map(String::as_str));
                let near = near.map(|near| format!("; did you mean {ENVIRONMENT}{}?", near.to_ascii_uppercase()));
                let key = show(key);
                settled.warnings.push(format!("{key} sets no declared variable{}", near.unwrap_or_default()));
            }
        }
    }
    for (name, value) in &input.sets {
        match index.get(name.as_str()) {
            Some(at) => {
                outside.insert(*at, (value.clone(), Origin::Set, format!("--set {name}")));
            }
            None => {
                let hint = match suggest(name, index.keys().copied()) {
                    Some(near) => format!("did you mean --set {near}=…?"),
                    None => format!("declared: {}", index.keys().copied().collect::<Vec<_>>().join(", ")),
                };
                let message = format!("--set: {} declares no variable {}", input.file.shown, show(name));
                add_usage(&mut settled.usage, message, Some(hint));
            }
        }
    }
    outside
}

fn add_usage(usage: &mut Option<Failure>, message: String, hint: Option<String>) {
    let failure = match usage.take() {
        Some(mut before) => {
            before.message = format!("{}\n{message}", before.message);
            before
        }
        None => Failure::new(Code::Usage, message),
    };
    *usage = Some(match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    });
}

/// The order in which to fill them; `None` after a fault that leaves none.
fn order(
    declared: &[Declared<'_>],
    in_files: &[Option<(Filling, Place, Origin)>],
    index: &BTreeMap<&str, usize>,
    faults: &mut Faults,
) -> Option<Vec<usize>> {
    let mut edges = Vec::with_capacity(declared.len());
    for in_file in in_files {
        if faults.is_hopeless() {
            return None;
        }
        let mut needs = Vec::new();
        for used in in_file.iter().flat_map(|(filling, ..)| &filling.uses) {
            match index.get(used.name.as_str()) {
                Some(at) => needs.push(*at),
                None => {
                    let fault = Fault::new(used.place, format!("unknown variable {}", show(&used.name)));
                    faults.push(fault.among(&used.name, "variables", index.keys().copied(), ""));
                }
            }
        }
        edges.push(needs);
    }
    let (order, circles) = graph::order(&edges);
    for circle in &circles {
        let names: Vec<&str> = circle.iter().chain(circle.first()).map(|at| declared[*at].entry.key.as_str()).collect();
        let place =
            circle.first().and_then(|at| in_files[*at].as_ref()).map_or_else(Place::default, |(_, place, _)| *place);
        let fault = Fault::new(place, format!("the variable {} needs itself", show(names[0])));
        faults.push(fault.label(graph::path(&names)));
    }
    circles.is_empty().then_some(order)
}

/// Fills from the values known so far; an unknown one has been reported and counts as empty.
fn fill(template: &Template, vars: &BTreeMap<String, Var>) -> String {
    let value = |name: &str| Some(vars.get(name).map_or("", |var| var.value.as_str()));
    template.resolve(value).ok().flatten().unwrap_or_default()
}
