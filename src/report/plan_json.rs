//! `--dry-run --format json`: the plan as data, under names that stay.
//!
//! Written out by hand: the names are a promise to scripts, not a mirror of our types. An argument
//! is exact text unless `open` lists its index; then it holds `${name}` for what the run will fill.

use super::conditions::danger_word;
use super::exchange;
use super::plan::is_open;
use super::quoting::Mask;
use crate::model::step::{Decode, DoneIf, OnInterrupt, Step};
use crate::plan::{Ask, Block, Call, Gate, JudgedBy, Plan, PlannedRule, PlannedStep, Work};
use crate::text::duration;
use serde_json::{Map, Value, json};

/// Version of the form.
const SCHEMA: u32 = 1;

/// The whole plan.
pub fn json(plan: &Plan) -> Value {
    let mask = Mask::new(&plan.secrets);
    let mut all = Map::new();
    all.insert("schema".to_owned(), json!(SCHEMA));
    block(&mut all, &plan.root, &mask);
    let confirmations = plan.confirmations.iter().map(|ask| {
        json!({
            "task": ask.task,
            "summary": ask.summary,
            "type": ask.name.as_ref().map(|name| mask.hide(name)),
            "preview": ask.preview,
        })
    });
    all.insert("confirmations".to_owned(), confirmations.collect());
    let tools = plan.tools.iter().map(|(name, tool)| {
        let min = tool.version.as_ref().map(|rule| rule.min.to_string());
        (name.clone(), json!({ "program": tool.program, "min": min, "install": tool.install }))
    });
    all.insert("tools".to_owned(), Value::Object(tools.collect()));
    Value::Object(all)
}

fn block(into: &mut Map<String, Value>, block: &Block, mask: &Mask<'_>) {
    let steps = |steps: &[PlannedStep]| steps.iter().map(|item| step(item, mask)).collect::<Value>();
    let gates = |gates: &[Gate]| gates.iter().map(|item| gate(item, mask)).collect::<Value>();
    into.extend([
        ("task".to_owned(), json!(block.task)),
        ("summary".to_owned(), json!(mask.hide(&block.summary))),
        ("danger".to_owned(), json!(danger_word(block.danger))),
        ("parallel".to_owned(), json!(block.parallel)),
        ("require".to_owned(), gates(&block.require)),
        ("steps".to_owned(), steps(&block.steps)),
        ("guard".to_owned(), gates(&block.guard)),
        ("verify".to_owned(), gates(&block.verify)),
        ("finally".to_owned(), steps(&block.finally)),
    ]);
}

fn step(step: &PlannedStep, mask: &Mask<'_>) -> Value {
    let mut all = Map::new();
    all.insert("id".to_owned(), json!(step.id));
    all.insert("name".to_owned(), json!(mask.text(&step.name)));
    let kind = match &step.work {
        Work::Run(planned) => {
            call(&mut all, planned, mask);
            "run"
        }
        Work::Block(inner) => {
            block(&mut all, inner, mask);
            "task"
        }
        Work::Check(asked) => {
            all.insert("check".to_owned(), gate(asked, mask));
            "check"
        }
        Work::Diagnose => "diagnose",
        Work::Compare(comparison) => {
            all.insert("compare".to_owned(), json!(comparison));
            "compare"
        }
        Work::Ask(question) => {
            all.insert("question".to_owned(), json!(mask.text(question)));
            "ask"
        }
        Work::Rounds(rounds) => {
            let rules: Vec<Value> = rounds.rules.iter().map(|rule| judged(rule, mask)).collect();
            let asked: Vec<Value> = rounds.asked.iter().map(|asked| self::step(asked, mask)).collect();
            let (every, limit) = (duration(rounds.every), duration(rounds.limit));
            let rounds = json!({ "every": every, "for": limit, "asked": asked, "rules": rules });
            all.insert("rounds".to_owned(), rounds);
            "rounds"
        }
    };
    if let Some(exchange) = &step.exchange {
        all.insert("exchange".to_owned(), exchange::json(exchange, mask));
    }
    all.insert("kind".to_owned(), json!(kind));
    all.insert("danger".to_owned(), json!(danger_word(step.danger)));
    if !step.after.is_empty() {
        all.insert("after".to_owned(), json!(step.after));
    }
    taken(&mut all, &step.spec, mask);
    if let Some(watch) = &step.watch {
        let mut own = Map::new();
        call(&mut own, &watch.call, mask);
        own.insert("match".to_owned(), json!(watch.pattern.source()));
        own.insert("every".to_owned(), json!(duration(watch.every)));
        all.insert("watch".to_owned(), Value::Object(own));
    }
    if let Some(fail_fast) = &step.fail_fast {
        let ask = fail_fast.ask.iter().map(|asked| {
            let mut own = Map::new();
            call(&mut own, asked, mask);
            Value::Object(own)
        });
        let own = json!({
            "ask": ask.collect::<Value>(),
            "match": fail_fast.of.as_ref().map(|of| of.source()),
            "every": duration(fail_fast.every),
            "evidence": fail_fast.evidence.as_ref().map(|evidence| &evidence.task),
        });
        all.insert("fail_fast".to_owned(), own);
    }
    if let Some(asked) = &step.skip_if {
        all.insert("skip_if".to_owned(), gate(asked, mask));
    }
    if let Some(asked) = &step.done_if {
        all.insert("done_if".to_owned(), gate(asked, mask));
    }
    Value::Object(all)
}

/// A rule, and how it judges a round.
fn judged(rule: &PlannedRule, mask: &Mask<'_>) -> Value {
    let mut all = Map::new();
    all.insert("name".to_owned(), json!(rule.name));
    all.insert("failures".to_owned(), json!(rule.failures));
    match &rule.by {
        JudgedBy::Step(asked) => all.insert("step".to_owned(), step(asked, mask)),
        JudgedBy::Answers { target, operations } => {
            all.insert("answers".to_owned(), json!({ "target": target, "operations": operations }))
        }
        JudgedBy::Compared(comparison) => all.insert("compare".to_owned(), json!(comparison)),
    };
    Value::Object(all)
}

fn call(into: &mut Map<String, Value>, call: &Call, mask: &Mask<'_>) {
    let open: Vec<usize> = call.argv.iter().enumerate().filter(|(_, text)| is_open(text)).map(|(at, _)| at).collect();
    into.insert("argv".to_owned(), call.argv.iter().map(|argument| mask.text(argument)).collect());
    into.insert("pinned".to_owned(), json!(call.pinned.clone().collect::<Vec<usize>>()));
    if !open.is_empty() {
        into.insert("open".to_owned(), json!(open));
    }
}

/// How the answer is taken; what a step does not say is absent.
pub fn taken(into: &mut Map<String, Value>, spec: &Step, mask: &Mask<'_>) {
    let text = |text: &crate::model::template::Template| json!(mask.text(text));
    let regex = |pattern: &crate::model::pattern::Pattern| json!(pattern.source());
    let env = spec.env.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let fields = [
        ("for", spec.for_each.as_ref().map(|list| json!(list))),
        ("cwd", spec.cwd.as_ref().map(text)),
        ("env", (!spec.env.is_empty()).then_some(Value::Object(env))),
        ("timeout", spec.timeout.map(|limit| json!(duration(limit)))),
        (
            "retry",
            spec.retry.as_ref().map(|retry| {
                json!({
                    "times": retry.times, "first": duration(retry.first), "max": duration(retry.max), "on": retry.on,
                })
            }),
        ),
        (
            "until",
            spec.until.as_ref().map(|until| {
                json!({
                    "match": until.pattern.source(),
                    "every": duration(until.every),
                    "timeout": duration(until.timeout),
                })
            }),
        ),
        ("codes", (!spec.codes.is_empty()).then(|| json!(spec.codes))),
        ("filter", spec.filter.as_ref().map(regex)),
        ("expect", spec.expect.as_ref().map(regex)),
        ("reject", spec.reject.as_ref().map(regex)),
        (
            "done_if_output",
            match &spec.done_if {
                Some(DoneIf::Output(pattern)) => Some(regex(pattern)),
                _ => None,
            },
        ),
        ("each", spec.each.as_ref().map(|each| json!({ "as": each.list, "match": each.pattern.source() }))),
        ("decode", spec.decode.map(|Decode::Base64| json!("base64"))),
        ("save", spec.save.as_ref().map(text)),
        ("on_interrupt", (spec.on_interrupt == Some(OnInterrupt::Finish)).then_some(json!("finish"))),
        ("unless_given", spec.unless_given.as_ref().map(|name| json!(name))),
        ("if_given", spec.if_given.as_ref().map(|name| json!(name))),
        ("allow_failure", spec.allow_failure.then_some(json!(true))),
        ("sensitive", spec.sensitive.then_some(json!(true))),
        ("interactive", spec.interactive.then_some(json!(true))),
    ];
    into.extend(fields.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value))));
}

fn gate(gate: &Gate, mask: &Mask<'_>) -> Value {
    let mut all = Map::new();
    all.insert("check".to_owned(), json!(gate.check));
    all.insert("negated".to_owned(), json!(gate.negated));
    all.insert("title".to_owned(), json!(mask.text(&gate.title)));
    all.insert("fix".to_owned(), gate.fix.iter().map(|fix| mask.text(fix)).collect());
    if !gate.before.is_empty() {
        all.insert("before".to_owned(), gate.before.iter().map(|fact| step(fact, mask)).collect());
    }
    match &gate.ask {
        Ask::Run(asked) => {
            all.insert("ask".to_owned(), json!("run"));
            if let Some(no) = &gate.no {
                all.insert("no".to_owned(), json!(no.source()));
            }
            if !gate.holds.is_empty() {
                all.insert("holds".to_owned(), gate.holds.iter().map(|text| mask.text(text)).collect());
            }
            match &asked.work {
                Work::Run(planned) => {
                    call(&mut all, planned, mask);
                    taken(&mut all, &asked.spec, mask);
                }
                _ => {
                    all.insert("step".to_owned(), step(asked, mask));
                }
            }
        }
        Ask::Room { node, wanted } => {
            all.insert("ask".to_owned(), json!("room"));
            for (name, planned) in std::iter::once(("node", node)).chain(wanted.calls()) {
                let mut one = Map::new();
                call(&mut one, planned, mask);
                all.insert(name.to_owned(), Value::Object(one));
            }
        }
        Ask::Incident => {
            all.insert("ask".to_owned(), json!("incident"));
        }
        Ask::Checks { join, of } => {
            all.insert("ask".to_owned(), json!(join));
            all.insert("of".to_owned(), of.iter().map(|part| self::gate(part, mask)).collect());
        }
        Ask::Secrets { reads, min_len, pattern, contains } => {
            all.insert("ask".to_owned(), json!("secrets"));
            let reads = reads.iter().map(|read| {
                let mut one = Map::new();
                one.insert("name".to_owned(), json!(mask.text(&read.of.secret)));
                one.insert("key".to_owned(), json!(mask.text(&read.of.key)));
                call(&mut one, &read.call, mask);
                Value::Object(one)
            });
            all.insert("reads".to_owned(), reads.collect());
            all.insert("min_len".to_owned(), json!(min_len));
            all.insert("match".to_owned(), json!(pattern.as_ref().map(|pattern| pattern.source())));
            all.insert("contains".to_owned(), json!(contains.as_ref().map(|text| mask.text(text))));
        }
    }
    Value::Object(all)
}
