//! `--dry-run`: every call that a run would make, to the last argument. Nothing has run yet.

use super::conditions;
use super::exchange;
use super::layout::{Piece, columns, flow, visible};
use super::quoting::{Mask, templates};
use super::style::Look;
use crate::model::step::Join;
use crate::model::template::Template;
use crate::plan::{Ask, Block, Call, Gate, JudgedBy, Plan, PlannedRounds, PlannedStep, Work};
use owo_colors::Style;
use std::fmt::Write;

/// The plan, for people: confirmations, gates, steps. One call is one line.
pub fn text(plan: &Plan, look: &Look) -> String {
    let mut page = Page { out: String::new(), look, mask: Mask::new(&plan.secrets) };
    let root = &plan.root;
    let _ = write!(page.out, "{}  ", look.styles.strong.style(visible(&root.task)));
    let at = columns(&root.task) + 2;
    flow(
        &mut page.out,
        at,
        2,
        &[
            Piece::prose(Style::new(), &page.mask.hide(&root.summary)),
            Piece::prose(look.styles.dim, conditions::danger(root.danger)),
        ],
        look.width,
    );
    if !plan.confirmations.is_empty() {
        let previews: Vec<&str> = plan.confirmations.iter().filter_map(|ask| ask.preview.as_deref()).collect();
        if !previews.is_empty() {
            page.heading(0, "shows first");
            for preview in previews {
                page.line(2, &[Piece::whole(Style::new(), &format!("refloat {}", visible(preview)))]);
            }
        }
        page.heading(0, "asks for");
        for ask in &plan.confirmations {
            let what = match &ask.name {
                Some(name) => format!("type `{}` ({})", visible(&page.mask.hide(name)), visible(&ask.task)),
                None => format!("a yes ({})", visible(&ask.task)),
            };
            page.line(
                2,
                &[Piece::whole(look.styles.warn, &what), Piece::prose(look.styles.dim, &page.mask.hide(&ask.summary))],
            );
        }
    }
    page.block(root, 0);
    page.out
}

struct Page<'a> {
    out: String,
    look: &'a Look,
    mask: Mask<'a>,
}

impl Page<'_> {
    fn heading(&mut self, indent: usize, word: &str) {
        let _ = writeln!(self.out, "{}{}", " ".repeat(indent), self.look.styles.strong.style(word));
    }

    fn line(&mut self, indent: usize, pieces: &[Piece]) {
        self.out.push_str(&" ".repeat(indent));
        flow(&mut self.out, indent, indent + 2, pieces, self.look.width);
    }

    fn block(&mut self, block: &Block, indent: usize) {
        self.gates("require", &block.require, indent);
        if !block.steps.is_empty() {
            let heading = if block.parallel > 1 {
                format!("steps, up to {} at the same time", block.parallel)
            } else {
                "steps".to_owned()
            };
            self.heading(indent, &heading);
        }
        block.steps.iter().for_each(|step| self.step(step, indent + 2));
        self.gates("guard, before each step that destroys", &block.guard, indent);
        self.gates("verify", &block.verify, indent);
        if !block.finally.is_empty() {
            self.heading(indent, "finally, whatever happened");
            block.finally.iter().for_each(|step| self.step(step, indent + 2));
        }
    }

    fn gates(&mut self, word: &str, gates: &[Gate], indent: usize) {
        if gates.is_empty() {
            return;
        }
        self.heading(indent, word);
        gates.iter().for_each(|gate| self.gate("", gate, indent + 2));
    }

    /// The statement, then the calls that ask for it.
    fn gate(&mut self, word: &str, gate: &Gate, indent: usize) {
        let statement = self.statement(word, gate);
        self.line(indent, &statement);
        self.ask(gate, indent + 2);
    }

    fn statement(&self, word: &str, gate: &Gate) -> [Piece; 2] {
        let not = if gate.negated && word.is_empty() { "not: " } else { "" };
        let title = format!("{word}{not}{}", self.mask.text(&gate.title));
        [Piece::prose(Style::new(), &title), Piece::whole(self.look.styles.dim, &gate.check)]
    }

    fn ask(&mut self, gate: &Gate, indent: usize) {
        for step in &gate.before {
            self.asked(gate, step, indent);
        }
        match &gate.ask {
            Ask::Run(step) => self.asked(gate, step, indent),
            Ask::Room { node, wanted } => {
                self.call(node, &[], indent);
                for (name, call) in wanted.calls() {
                    let notes = (name == "pod").then(|| "for each pod that waits".to_owned());
                    self.call(call, notes.as_slice(), indent);
                }
                self.notes(&["allocatable minus requested, against what is wanted".to_owned()], indent + 2);
            }
            Ask::Incident => self.notes(&["asked of `refloat incident`, of no tool".to_owned()], indent),
            Ask::Checks { join, of } => {
                let how = match join {
                    Join::All => "all must say yes",
                    Join::First => "the answer of the first that can be asked",
                };
                self.notes(&[how.to_owned()], indent);
                of.iter().for_each(|part| self.gate("", part, indent));
            }
            Ask::Secrets { reads, min_len, pattern, contains } => {
                for read in reads {
                    self.call(&read.call, &[], indent);
                }
                let mut rules = Vec::new();
                if reads.len() > 1 {
                    rules.push("all equal".to_owned());
                }
                rules.extend(min_len.map(|least| format!("at least {least} bytes")));
                rules.extend(pattern.as_ref().map(|pattern| format!("match /{}/", pattern.source())));
                rules.extend(contains.as_ref().map(|text| format!("contain {}", self.mask.text(text))));
                rules.push("values compared in memory, never shown".to_owned());
                self.notes(&rules, indent + 2);
            }
        }
    }

    /// A check's step: its number means nothing to anyone, so only the call is shown.
    fn asked(&mut self, gate: &Gate, step: &PlannedStep, indent: usize) {
        match &step.work {
            Work::Run(call) => {
                let mut notes = conditions::of(&step.spec, &self.mask);
                if !gate.before.iter().any(|before| std::ptr::eq(before, step)) {
                    notes.extend(gate.no.as_ref().map(|no| format!("no is /{}/", no.source())));
                    let words: Vec<String> = gate.holds.iter().map(|text| self.mask.text(text)).collect();
                    notes.extend((!words.is_empty()).then(|| format!("holds {}", words.join(" or "))));
                }
                self.call(call, &notes, indent);
            }
            _ => self.step(step, indent),
        }
    }

    fn step(&mut self, step: &PlannedStep, indent: usize) {
        let (strong, dim) = (self.look.styles.strong, self.look.styles.dim);
        let inner = indent + columns(&step.id) + 2;
        let mut notes = conditions::of(&step.spec, &self.mask);
        notes.extend(step.exchange.iter().flat_map(|exchange| exchange::notes(exchange, &self.mask)));
        let mut pieces = Vec::new();
        if let Some(list) = &step.spec.for_each {
            pieces.push(Piece::whole(strong, &format!("for each {list}")));
        }
        if step.spec.name.is_some() {
            pieces.push(Piece::prose(Style::new(), &self.mask.text(&step.name)));
        }
        let _ = write!(self.out, "{}{}  ", " ".repeat(indent), dim.style(&step.id));
        let asks = [("skip", &step.skip_if), ("done", &step.done_if)];
        let is_plain_call = pieces.is_empty() && asks.iter().all(|(_, gate)| gate.is_none()) && step.watch.is_none();
        let is_plain_call = is_plain_call && step.fail_fast.is_none();
        match &step.work {
            Work::Run(call) if is_plain_call => return self.call_here(call, &notes, inner, inner),
            Work::Block(block) => pieces.push(Piece::whole(dim, &format!("task {}", block.task))),
            Work::Check(gate) => pieces.extend(self.statement("", gate)),
            Work::Diagnose => pieces.push(Piece::whole(dim, "names the cause from the output so far")),
            Work::Compare(_) | Work::Ask(_) | Work::Rounds(_) => {
                pieces.push(Piece::prose(dim, &exchange::planned(&step.work, &self.mask)));
            }
            Work::Run(_) => {}
        }
        if pieces.is_empty() {
            pieces.push(Piece::whole(dim, "run"));
        }
        flow(&mut self.out, inner, inner, &pieces, self.look.width);
        for (word, gate) in asks {
            if let Some(gate) = gate {
                // "skip if: not: …" would have to be read twice.
                let when = if gate.negated { "unless" } else { "if" };
                self.gate(&format!("{word} {when}: "), gate, inner);
            }
        }
        if let Some(watch) = &step.watch {
            let every = format!("meanwhile, every {}: ", crate::text::duration(watch.every));
            self.out.push_str(&" ".repeat(inner));
            flow(&mut self.out, inner, inner, &[Piece::prose(dim, every.trim_end())], self.look.width);
            self.call(&watch.call, &[format!("progress from /{}/", watch.pattern.source())], inner + 2);
        }
        if let Some(fail_fast) = &step.fail_fast {
            let saves = fail_fast.evidence.as_ref().map(|evidence| format!(", after `{}`", evidence.task));
            let every = crate::text::duration(fail_fast.every);
            let says = format!("ends early{}; looks every {every}:", saves.unwrap_or_default());
            self.out.push_str(&" ".repeat(inner));
            flow(&mut self.out, inner, inner, &[Piece::prose(dim, &says)], self.look.width);
            let of = fail_fast.of.iter().map(|of| format!("of /{}/", of.source())).collect::<Vec<_>>();
            fail_fast.ask.iter().for_each(|call| self.call(call, &of, inner + 2));
        }
        match &step.work {
            Work::Run(call) => self.call(call, &notes, inner),
            Work::Block(block) => {
                self.notes(&notes, inner);
                self.block(block, inner);
            }
            Work::Check(gate) => {
                self.notes(&notes, inner);
                self.ask(gate, inner);
            }
            Work::Diagnose | Work::Compare(_) | Work::Ask(_) => self.notes(&notes, inner),
            Work::Rounds(rounds) => self.rounds(rounds, inner),
        }
    }

    /// What a round asks, and how each rule judges it.
    fn rounds(&mut self, rounds: &PlannedRounds, indent: usize) {
        rounds.asked.iter().for_each(|asked| self.step(asked, indent));
        for rule in &rounds.rules {
            match &rule.by {
                JudgedBy::Step(step) => {
                    self.line(indent, &[Piece::prose(Style::new(), &rule.name)]);
                    self.step(step, indent + 2);
                }
                by => self.line(indent, &[Piece::prose(Style::new(), &rule.name), exchange::judged(by, self.look)]),
            }
            if rule.failures > 1 {
                let dim = self.look.styles.dim;
                self.line(
                    indent + 2,
                    &[Piece::prose(dim, &format!("holds after {} failures in a row", rule.failures))],
                );
            }
        }
    }

    fn call(&mut self, call: &Call, notes: &[String], indent: usize) {
        self.out.push_str(&" ".repeat(indent));
        self.call_here(call, notes, indent, indent);
    }

    /// The argv on one line, however long: it is there to be compared and copied.
    fn call_here(&mut self, call: &Call, notes: &[String], at: usize, indent: usize) {
        let argv = templates(&call.argv, &self.mask);
        let end = at + columns(&argv);
        let _ = write!(self.out, "{}", self.look.styles.command.style(&argv));
        let behind = format!("# {}", notes.join("; "));
        if notes.is_empty() {
            self.out.push('\n');
        } else if end + 2 + columns(&visible(&behind)) <= self.look.width {
            let _ = writeln!(self.out, "  {}", self.look.styles.dim.style(visible(&behind)));
        } else {
            self.out.push('\n');
            self.notes(notes, indent + 2);
        }
    }

    fn notes(&mut self, notes: &[String], indent: usize) {
        if !notes.is_empty() {
            let behind = format!("# {}", notes.join("; "));
            self.line(indent, &[Piece::prose(self.look.styles.dim, &behind)]);
        }
    }
}

/// Has this argument a variable that only the run can fill?
pub fn is_open(argument: &Template) -> bool {
    argument.as_literal().is_none()
}

#[cfg(test)]
mod tests;
