//! A step's table → [`Step`], with the rules that concern the step alone.

use super::book::Book;
use super::fault::{Fault, Place, show};
use super::input::Os;
use super::names;
use super::rules;
use super::tree::{Filling, Item, Node, Value};
use crate::model::danger;
use crate::model::step::{Action, Danger, Decode, DoneIf, Each, FailFast, OnInterrupt, Retry, Step, Until, Watch};
use crate::model::template::{Part, Template};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a step can do.
pub const ACTIONS: &[&str] = &["run", "task", "check", "diagnose", "operations", "parity", "ask", "rounds"];

/// Words that mean something to a shell and nothing here, with what stands for them.
const SHELL_WORDS: [(&str, &str); 9] = [
    ("|", "`filter` keeps matching lines, `decode` decodes"),
    (">", "`save` writes the output to a file"),
    (">>", "`save` writes the output to a file"),
    ("2>&1", "both streams are always read"),
    ("2>", "`save` writes the output to a file"),
    ("<", "give the file as an argument"),
    ("&&", "write two steps"),
    ("||", "write two steps, the first with `allow_failure`"),
    (";", "write two steps"),
];

/// The step, on the book's system; `None` when it does nothing that can be named. `written` is the
/// table as it stands in the file, `node` the same with this system's overrides put over it.
pub fn draw(written: &Node, node: &Node, root: &Node, book: &mut Book<'_>) -> Option<Step> {
    one_action(written, node, ACTIONS, book);
    company(node, ACTIONS, book);
    let action = action(node, root, book)?;
    interactive(node, book);
    secret_output(node, book);
    let each = each(node, book);
    let save = save(node, book);
    Some(Step {
        name: node.template("name"),
        danger: node.text("danger").map(super::tasks::danger_named),
        done_if: done_if(node, book),
        unless_given: node.text("unless_given").map(str::to_owned),
        if_given: node.text("if_given").map(str::to_owned),
        skip_if: node.text("skip_if").map(|text| book.check_ref(text, node.value_place("skip_if"))),
        allow_failure: node.flag("allow_failure"),
        each,
        for_each: node.text("for").map(str::to_owned),
        save,
        interactive: node.flag("interactive"),
        progress: node.pattern("progress"),
        watch: watch(node, book),
        fail_fast: fail_fast(node, book),
        on_interrupt: node.text("on_interrupt").map(|word| match word {
            "finish" => OnInterrupt::Finish,
            _ => OnInterrupt::Forward,
        }),
        console: node.has("console").then(|| super::symptoms::patterns(node, "console")),
        ..call(action, node, book)
    })
}

/// The part that steps and checks share: a call and how to take its answer.
pub fn call(action: Action, node: &Node, book: &mut Book<'_>) -> Step {
    for entry in node.map("env") {
        if entry.key.is_empty() || entry.key.contains(['=', '\0']) {
            let title = format!("{} cannot name an environment variable", show(&entry.key));
            book.faults.push(Fault::new(entry.place, title).label("not empty, without `=`"));
        }
    }
    let env = node
        .map("env")
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), entry.item.as_ref()?.filling()?.template.clone())));
    Step {
        name: None,
        action,
        danger: None,
        cwd: node.template("cwd"),
        env: env.collect(),
        timeout: node.duration("timeout"),
        retry: node.table("retry").map(|table| retry(table, book)),
        until: node.table("until").and_then(until),
        codes: node.list("codes").iter().filter_map(Item::code).collect(),
        expect: node.pattern("expect"),
        reject: node.pattern("reject"),
        done_if: None,
        skip_if: None,
        unless_given: None,
        if_given: None,
        allow_failure: false,
        each: None,
        for_each: None,
        filter: node.pattern("filter"),
        decode: node.text("decode").map(|_| Decode::Base64),
        save: None,
        sensitive: node.flag("sensitive"),
        interactive: false,
        progress: None,
        watch: None,
        fail_fast: None,
        on_interrupt: None,
        console: None,
        line: book.texts.line(node.place),
    }
}

/// Exactly one action, on every system.
pub fn one_action(written: &Node, node: &Node, actions: &[&str], book: &mut Book<'_>) {
    let what = match (actions.contains(&"run"), actions.contains(&"task")) {
        (true, true) => "step",
        (true, false) => "check",
        _ => "rule",
    };
    let given: Vec<&str> = actions.iter().copied().filter(|action| node.has(action)).collect();
    match given.as_slice() {
        [_] => {}
        [first, second, ..] => {
            let place = node.key_place(second);
            let fault = Fault::new(place, format!("this {what} does two things: `{first}` and `{second}`"));
            book.faults.push(fault.also(node.key_place(first), "the other one").help(format!("write two {what}s")));
        }
        [] => {
            let differs = written.shape.overrides.is_some();
            let elsewhere = |os: &Os| differs && actions.iter().any(|action| written.on(*os, actions).has(action));
            let others: Vec<&str> = Os::ALL.into_iter().filter(elsewhere).map(Os::title).collect();
            let fault = if others.is_empty() {
                Fault::new(written.place, format!("this {what} does nothing"))
                    .label(format!("needs one of: {}", actions.join(", ")))
            } else {
                Fault::new(written.place, format!("this {what} does nothing on {}", book.os.title()))
                    .label(format!("only on {}", others.join(" and ")))
                    .help(format!("add {} = {{ run = [...] }}, or a `run` for all systems", book.os.key()))
            };
            book.faults.push(fault);
        }
    }
}

/// Keys that stand beside an action to which they mean nothing.
pub fn company(node: &Node, actions: &[&str], book: &mut Book<'_>) {
    let Some(action) = actions.iter().find(|action| node.has(action)) else { return };
    for field in node.shape.fields.iter().filter(|field| !field.only.is_empty() && node.has(field.key)) {
        if !field.only.contains(action) {
            let title = format!("`{}` goes with {}, not with `{action}`", field.key, quoted(field.only));
            book.faults.push(Fault::new(node.key_place(field.key), title));
        }
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}

fn action(node: &Node, root: &Node, book: &mut Book<'_>) -> Option<Action> {
    if node.has("run") {
        return run(node, book).map(Action::Run);
    }
    if let Some(name) = node.text("task") {
        let with: BTreeMap<String, Template> = node
            .map("with")
            .iter()
            .filter_map(|entry| Some((entry.key.clone(), entry.item.as_ref()?.filling()?.template.clone())))
            .collect();
        return Some(Action::Task { name: name.to_owned(), with });
    }
    if let Some(text) = node.text("check") {
        return Some(Action::Check(book.check_ref(text, node.value_place("check"))));
    }
    if node.has("diagnose") && !node.flag("diagnose") && !node.is_broken("diagnose") {
        let fault = Fault::new(node.value_place("diagnose"), "`diagnose` can only be true");
        book.faults.push(fault.label("write true, or leave the step out"));
    }
    if node.flag("diagnose") {
        return Some(Action::Diagnose);
    }
    rules::action(node, root, book)
}

/// The argv, whose first element is a declared tool.
pub fn run(node: &Node, book: &mut Book<'_>) -> Option<Vec<Template>> {
    argv(node, "run", book)
}

/// The argv under a key.
pub fn argv(node: &Node, key: &str, book: &mut Book<'_>) -> Option<Vec<Template>> {
    argv_of(node.list(key), book)
}

fn argv_of(items: &[Item], book: &mut Book<'_>) -> Option<Vec<Template>> {
    let first = items.first()?;
    let program = first.filling()?;
    tool(program, first.place, book);
    for item in items.iter().skip(1) {
        let Some(text) = item.filling().map(|filling| filling.text.as_str()) else { continue };
        if let Some((word, instead)) = SHELL_WORDS.iter().find(|(word, _)| *word == text) {
            let place = book.texts.name_line(item.place);
            book.warnings.insert(format!(
                "{place}: `{word}` reaches {} as an argument, for no shell reads it: {instead}",
                show(&program.text)
            ));
        }
    }
    items.iter().map(|item| item.filling().map(|filling| filling.template.clone())).collect()
}

fn tool(program: &Filling, place: Place, book: &mut Book<'_>) {
    let name = program.text.as_str();
    if book.tools.contains(name) {
        return;
    }
    let fault = |title: String| Fault::new(place, title);
    let fault = if name.is_empty() {
        fault("the program is empty".to_owned()).label("the name of a declared tool")
    } else if !program.uses.is_empty() {
        fault("the program may not be a variable".to_owned()).help("write the name of a declared tool")
    } else if name.split_whitespace().count() > 1 {
        let words: Vec<String> = name.split_whitespace().map(|word| format!("{word:?}")).collect();
        fault("the program holds blanks: no shell splits it".to_owned())
            .help(format!("write one string for each argument: run = [{}, ...]", words.join(", ")))
    } else {
        let fault = fault(format!("unknown tool {}", show(name)));
        let known = || book.tools.iter().map(String::as_str);
        if names::plain(name).is_ok() && crate::text::suggest(name, known()).is_none() {
            fault.help(format!("declare it: [tools.{name}]"))
        } else {
            fault.among(name, "tools", known(), "declare one: [tools.NAME]")
        }
    };
    book.faults.push(fault);
}

fn retry(node: &Node, book: &mut Book<'_>) -> Retry {
    for item in node.list("on") {
        if let Some(id) = item.text() {
            book.symptom_ref(id, item.place);
        }
    }
    let (first, max) = match node.item("backoff").map(|item| &item.value) {
        Some(Value::Backoff(first, max)) => (*first, *max),
        _ => (Duration::from_secs(1), Duration::from_secs(30)),
    };
    Retry {
        times: node.number("times").and_then(|times| u32::try_from(times).ok()).unwrap_or(1),
        first,
        max,
        on: node.list("on").iter().filter_map(Item::text).map(str::to_owned).collect(),
    }
}

fn watch(node: &Node, book: &mut Book<'_>) -> Option<Watch> {
    let table = node.table("watch")?;
    let argv = run(table, book);
    if argv.is_none() && !table.has("run") {
        book.faults.push(Fault::new(node.key_place("watch"), "this watch asks nothing").label("needs `run`"));
    }
    let text = table.list("run").iter().filter_map(|item| Some(item.filling()?.text.clone())).collect::<Vec<_>>();
    if danger::of(&text.join(" ")) == Danger::Destroy {
        let fault = Fault::new(table.value_place("run"), "a watch only looks, but this call destroys");
        book.faults.push(fault.help("make it a step"));
    }
    let pattern = table.pattern("match")?;
    for needed in ["current", "total"].into_iter().filter(|group| !pattern.groups().any(|name| name == *group)) {
        let fault = Fault::new(table.value_place("match"), format!("`match` has no group {}", show(needed)));
        book.faults.push(fault.label(format!("write (?P<{needed}>\\d+) in it")));
    }
    Some(Watch { argv: argv?, pattern, every: table.duration("every").unwrap_or(Duration::from_secs(3)) })
}

fn fail_fast(node: &Node, book: &mut Book<'_>) -> Option<FailFast> {
    let table = node.table("fail_fast")?;
    for key in ["until", "retry"].into_iter().filter(|key| node.has(key)) {
        let title = format!("`fail_fast` ends a call for good, and `{key}` makes it again");
        book.faults.push(Fault::new(node.key_place("fail_fast"), title).also(node.key_place(key), "one of them"));
    }
    if node.text("on_interrupt") == Some("finish") {
        let title = "`fail_fast` ends the call as a Ctrl-C would, and this one is left to finish";
        book.faults.push(Fault::new(node.key_place("fail_fast"), title).also(node.key_place("on_interrupt"), "here"));
    }
    let mut ask = Vec::new();
    for item in table.list("ask") {
        let Value::List(items) = &item.value else { continue };
        let text = items.iter().filter_map(|item| Some(item.filling()?.text.clone())).collect::<Vec<_>>().join(" ");
        if danger::of(&text) == Danger::Destroy {
            let fault = Fault::new(item.place, "a look only looks, but this call destroys");
            book.faults.push(fault.help("make it a step"));
        }
        ask.extend(argv_of(items, book));
    }
    let every = table.duration("every").unwrap_or(Duration::from_secs(3));
    (!ask.is_empty()).then(|| FailFast { ask, of: table.pattern("match"), every })
}

fn until(node: &Node) -> Option<Until> {
    Some(Until {
        pattern: node.pattern("match")?,
        every: node.duration("every").unwrap_or(Duration::from_secs(2)),
        timeout: node.duration("timeout")?,
    })
}

fn done_if(node: &Node, book: &mut Book<'_>) -> Option<DoneIf> {
    if let Some(pattern) = node.pattern("done_if") {
        if !node.has("run") {
            let fault = Fault::new(node.value_place("done_if"), "a pattern in `done_if` goes with `run`");
            book.faults.push(fault.help("write done_if = { check = \"name\" }"));
        }
        return Some(DoneIf::Output(pattern));
    }
    let table = node.table("done_if")?;
    let text = table.text("check")?;
    Some(DoneIf::Check(book.check_ref(text, table.value_place("check"))))
}

fn each(node: &Node, book: &mut Book<'_>) -> Option<Each> {
    let table = node.table("each")?;
    let each = Each { list: table.text("as")?.to_owned(), pattern: table.pattern("match")? };
    if !each.pattern.groups().any(|group| group == each.list) {
        let groups: Vec<&str> = each.pattern.groups().collect();
        let fault = Fault::new(table.value_place("as"), format!("{} is no named group of `match`", show(&each.list)));
        let fault = fault.also(
            table.value_place("match"),
            match groups.as_slice() {
                [] => format!("no named group; write (?P<{}>...)", each.list),
                groups => format!("its groups: {}", groups.join(", ")),
            },
        );
        book.faults.push(fault.suggest(&each.list, groups));
    }
    Some(each)
}

fn save(node: &Node, book: &mut Book<'_>) -> Option<Template> {
    let item = node.item("save")?;
    let filling = item.filling()?;
    // Whatever a variable holds, the engine keeps it out of paths; the written part is held here.
    let parts = filling.template.parts().iter();
    let sample: String = parts.map(|part| if let Part::Text(text) = part { text } else { "x" }).collect();
    if let Err(why) = names::file(&sample) {
        book.faults
            .push(Fault::new(item.place, format!("{} cannot name an evidence file", show(&filling.text))).label(why));
    }
    Some(filling.template.clone())
}

/// An interactive child has the terminal: there is no output to look at.
fn interactive(node: &Node, book: &mut Book<'_>) {
    if !node.flag("interactive") {
        return;
    }
    for key in
        ["save", "expect", "reject", "each", "filter", "decode", "progress", "watch", "fail_fast", "until", "sensitive"]
    {
        if node.has(key) {
            let fault =
                Fault::new(node.key_place(key), format!("`{key}` needs the output, and an interactive step has none"));
            book.faults.push(fault.also(node.key_place("interactive"), "the child owns the terminal"));
        }
    }
    if node.pattern("done_if").is_some() {
        let title = "this `done_if` needs the output, and an interactive step has none";
        book.faults.push(Fault::new(node.key_place("done_if"), title).help("write done_if = { check = \"name\" }"));
    }
}

/// Sensitive output goes into no file and into no list. The named groups of `expect` are what the
/// author says may leave: a host and a port, not the password between them.
fn secret_output(node: &Node, book: &mut Book<'_>) {
    if !node.flag("sensitive") {
        return;
    }
    for (key, what, wrong) in [
        ("save", "would write the secret to a file", node.has("save")),
        ("each", "would make a list of the secret", node.has("each")),
    ] {
        if wrong {
            let fault = Fault::new(node.key_place(key), format!("`{key}` {what}"));
            book.faults.push(fault.also(node.key_place("sensitive"), "only named groups of `expect` may leave"));
        }
    }
}

/// The checks that a step asks, with their places.
pub fn asked(node: &Node) -> Vec<(String, Place)> {
    let bare = |text: &str| text.trim_start_matches('!').to_owned();
    let mut found = Vec::new();
    for key in ["check", "skip_if"] {
        if let Some(text) = node.text(key) {
            found.push((bare(text), node.value_place(key)));
        }
    }
    if let Some(table) = node.table("done_if") {
        found.extend(table.text("check").map(|text| (bare(text), table.value_place("check"))));
    }
    found
}
