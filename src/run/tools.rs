//! Before the first step: is every tool there, and new enough? All problems at once.

use super::call::{Ask, perform};
use super::desk::Desk;
use crate::model::catalog::VersionRule;
use crate::model::command::Invocation;
use crate::plan::{PlannedTool, limits};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Asking for a version takes no longer.
const LIMIT: Duration = Duration::from_secs(20);

/// What is wrong with the tools.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// One line each.
    pub lines: Vec<String>,
    /// How to get what is missing.
    pub installs: Vec<String>,
}

/// Looks up every tool and asks for the versions that matter.
pub fn look_up(desk: &Desk<'_>) -> (BTreeMap<String, PathBuf>, Problems) {
    let mut programs = BTreeMap::new();
    let mut problems = Problems::default();
    for (name, tool) in &desk.plan.tools {
        let problem = match desk.world.locate.find_any(&tool.program, &tool.others) {
            Ok(program) => {
                let problem = tool.version.as_ref().and_then(|rule| too_old(desk, name, rule, &program));
                programs.insert(name.clone(), program);
                problem
            }
            Err(why) => Some(format!("{name}: {why}")),
        };
        if let Some(problem) = problem {
            problems.add(problem, tool);
        }
    }
    (programs, problems)
}

impl Problems {
    fn add(&mut self, problem: String, tool: &PlannedTool) {
        if tool.install.is_empty() {
            self.lines.push(problem);
        } else {
            self.lines.push(format!("{problem}; install: {}", tool.install));
            self.installs.push(tool.install.clone());
        }
    }
}

fn too_old(desk: &Desk<'_>, name: &str, rule: &VersionRule, program: &std::path::Path) -> Option<String> {
    let call = Invocation {
        argv: std::iter::once(name.to_owned()).chain(rule.run.iter().cloned()).collect(),
        label: name.to_owned(),
        pinned: 0..0,
        program: Some(program.to_owned()),
        cwd: Some(desk.world.base.clone()).filter(|base| !base.as_os_str().is_empty()),
        env: BTreeMap::new(),
        timeout: Some(LIMIT),
        grace: limits::GRACE,
        leaves: None,
        interactive: false,
        input: None,
    };
    let ask = Ask {
        id: "",
        quiet: true,
        to_end: false,
        sensitive: false,
        decode: false,
        filter: None,
        progress: None,
        record: false,
        over: None,
        given: None,
    };
    let answer = perform(desk, &call, &ask, None);
    let found = [&answer.stdout, &answer.stderr].into_iter().find_map(|text| rule.read(text));
    match found {
        Some(version) if version < rule.min => {
            Some(format!("{name} {version} is too old: {} or later is needed ({})", rule.min, program.display()))
        }
        Some(_) => None,
        None => {
            let said = answer.last_words().unwrap_or_else(|| answer.exit.in_words());
            desk.notice(format!("the version of {name} is unknown, going on: {said}"));
            None
        }
    }
}
