//! The steps of a run as they stand: what runs, what is still to come, what each one said last.

use super::amount::Amount;
use super::telling::is_telling;
use crate::model::event::{Event, EventKind, Status};
use crate::model::usual::place;
use crate::report::render::{item, parents};
use std::collections::HashMap;

/// Of a line that a tool printed, no more is kept: no terminal is wider.
const KEPT: usize = 400;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Still to come.
    Waiting,
    /// Runs, since so many milliseconds of the run.
    Running(u64),
    /// Ended or skipped: told in the lines above the view.
    Over,
}

#[derive(Debug)]
struct Node {
    name: String,
    state: State,
    is_call: bool,
    /// It cleans up: it runs whatever else failed.
    is_cleanup: bool,
    /// One of its steps failed, and what was left of them will not run.
    is_broken: bool,
    /// The items of its list stand in its place.
    is_list: bool,
    /// The list that it is an item of.
    list: Option<usize>,
    amount: Option<Amount>,
    stage: String,
    said: String,
    children: Vec<usize>,
}

/// One line of the tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// How many calls it stands in.
    pub depth: usize,
    /// What people read.
    pub name: &'a str,
    /// Where it stands; never `Over`.
    pub state: State,
    /// It calls a task: its steps stand below it.
    pub is_call: bool,
    /// How far it is.
    pub amount: Option<Amount>,
    /// What it does now: the stage that it named, or the last telling line that it printed.
    pub doing: &'a str,
}

/// The steps of a run.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    /// Steps that stand in no call.
    roots: Vec<usize>,
    index: HashMap<String, usize>,
    is_broken: bool,
    /// The person asked to stop.
    is_stopped: bool,
}

impl Tree {
    /// Takes one event. A line of output costs one look-up and at most `KEPT` bytes to copy.
    pub fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted { outline, .. } => {
                *self = Self::default();
                for step in outline {
                    let index = self.node(&step.step, &step.name);
                    self.change(index, |node| node.is_call = step.kind == "task");
                }
            }
            EventKind::StepStarted { step, name, kind, .. } => {
                let index = self.node(step, name);
                let since = event.elapsed_ms;
                self.change(index, |node| {
                    name.clone_into(&mut node.name);
                    if let Some(item) = item(step).filter(|item| !name.contains(item)) {
                        node.name.push_str(&format!(" [{item}]"));
                    }
                    node.state = State::Running(since);
                    node.is_call = kind == "task";
                    node.is_broken = false;
                    node.amount = None;
                    node.stage.clear();
                    node.said.clear();
                });
            }
            EventKind::Output { step, line, .. } if is_telling(line) => {
                self.at(step, |node| start(line).clone_into(&mut node.said));
            }
            EventKind::Progress { step, stage, .. } => {
                let amount = Amount::of(&event.kind);
                self.at(step, |node| {
                    node.amount = amount.or(node.amount);
                    if let Some(stage) = stage {
                        start(stage).clone_into(&mut node.stage);
                    }
                });
            }
            EventKind::StepRetry { step, why, .. } => self.at(step, |node| {
                node.is_broken = false;
                node.amount = None;
                node.stage.clear();
                start(why).clone_into(&mut node.said);
            }),
            EventKind::StepFinished { step, status, .. } => {
                self.at(step, |node| node.state = State::Over);
                self.is_stopped |= *status == Status::Interrupted;
                if matches!(status, Status::Failed | Status::Interrupted) {
                    match parents(step).last().and_then(|parent| self.index.get(parent)).copied() {
                        Some(parent) => self.change(parent, |node| node.is_broken = true),
                        None => self.is_broken = true,
                    }
                }
            }
            EventKind::StepSkipped { step, .. } => self.at(step, |node| node.state = State::Over),
            EventKind::Notice { urgent: true, .. } => self.is_stopped = true,
            _ => {}
        }
    }

    /// Has something failed that nobody allowed to fail?
    pub fn is_failing(&self) -> bool {
        self.is_broken || self.holds_broken(&self.roots)
    }

    /// Will not all happen that was foreseen, after a failure or because the person asked to stop?
    pub fn is_ending(&self) -> bool {
        self.is_stopped || self.is_failing()
    }

    /// Is one of these steps a call that runs and is broken, or holds such a one? Whether a call may fail is told
    /// when it ends; until then its callers are taken to fail with it.
    fn holds_broken(&self, these: &[usize]) -> bool {
        let mut running = these
            .iter()
            .filter_map(|index| self.nodes.get(*index))
            .filter(|node| matches!(node.state, State::Running(_)));
        running.any(|node| node.is_broken || self.holds_broken(&node.children))
    }

    /// What runs and what is still to come, in order; the steps of a call stand below it.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        self.gather(&self.roots, 0, (self.is_failing(), self.is_stopped), &mut rows);
        rows
    }

    /// Of these steps only those that clean up are to come when their call failed or was stopped. A stop does not
    /// reach into what cleans up.
    fn gather<'a>(&'a self, these: &[usize], depth: usize, (failed, stopped): (bool, bool), rows: &mut Vec<Row<'a>>) {
        for node in these.iter().filter_map(|index| self.nodes.get(*index)) {
            let is_shown = match node.state {
                State::Waiting => !node.is_list && (!(failed || stopped) || node.is_cleanup),
                State::Running(_) => true,
                State::Over => false,
            };
            if is_shown {
                rows.push(Row {
                    depth,
                    name: &node.name,
                    state: node.state,
                    is_call: node.is_call,
                    amount: node.amount,
                    doing: if node.stage.is_empty() { &node.said } else { &node.stage },
                });
                let failed = node.is_broken || self.holds_broken(&node.children);
                self.gather(&node.children, depth + 1, (failed, stopped && !node.is_cleanup), rows);
            }
        }
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(index) {
            change(node);
        }
    }

    fn at(&mut self, step: &str, change: impl FnOnce(&mut Node)) {
        if let Some(index) = self.index.get(step).copied() {
            self.change(index, change);
        }
    }

    /// The step's node. What was not foreseen gets one behind its like: an item behind its list, a step at
    /// the end of its call.
    fn node(&mut self, step: &str, name: &str) -> usize {
        if let Some(index) = self.index.get(step) {
            return *index;
        }
        let own = parents(step).last().map_or(step, |parent| step.get(parent.len() + 1..).unwrap_or(step));
        let index = self.nodes.len();
        self.index.insert(step.to_owned(), index);
        self.nodes.push(Node {
            name: name.to_owned(),
            state: State::Waiting,
            is_call: false,
            is_cleanup: own.starts_with('f'),
            is_broken: false,
            is_list: false,
            list: None,
            amount: None,
            stage: String::new(),
            said: String::new(),
            children: Vec::new(),
        });
        let list = step.ends_with(']').then(|| self.index.get(own_place(step).as_str()).copied()).flatten();
        let parent = parents(step).last();
        let parent = parent.and_then(|parent| self.index.get(parent).or_else(|| self.index.get(&place(parent))));
        let parent = parent.copied().and_then(|parent| self.nodes.get(parent).map(|_| parent));
        let siblings = parent.and_then(|parent| self.nodes.get(parent)).map_or(&self.roots, |node| &node.children);
        let at =
            list.and_then(|list| siblings.iter().position(|sibling| *sibling == list)).map_or(siblings.len(), |at| {
                let is_item = |sibling: &&usize| self.nodes.get(**sibling).is_some_and(|node| node.list == list);
                at + 1 + siblings.iter().skip(at + 1).take_while(is_item).count()
            });
        if let Some(list) = list {
            self.change(list, |node| node.is_list = true);
        }
        self.change(index, |node| node.list = list);
        match parent.and_then(|parent| self.nodes.get_mut(parent)) {
            Some(parent) => parent.children.insert(at, index),
            None => self.roots.insert(at, index),
        }
        index
    }
}

/// The place of the list that an item's step belongs to: its id without its own item.
fn own_place(step: &str) -> String {
    let outer = parents(step).last().map_or(0, |parent| parent.len() + 1);
    let (before, own) = step.split_at(outer);
    format!("{before}{}", own.split('[').next().unwrap_or(own))
}

/// What is kept of a line, blanks at its ends left out.
fn start(line: &str) -> &str {
    let line = line.trim_start();
    let end = (0..=KEPT.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or_default();
    line.get(..end).unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests;
