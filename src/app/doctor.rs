//! `refloat doctor`: the tools, and the variables with where their values come from.

use super::context::Context;
use super::learn;
use super::{load, task};
use crate::adapter::interrupt::Interrupts;
use crate::adapter::lookup::Programs;
use crate::adapter::process::Processes;
use crate::error::{Code, Failure};
use crate::model::catalog::{Catalog, Tool, VersionRule};
use crate::model::command::Invocation;
use crate::plan::limits;
use crate::port::{Locate, Runner, Stop};
use crate::report::doctor::{Row, State};
use crate::report::{doctor as view, variables};
use crate::run::clean::clean;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Asking for a version takes no longer.
const LIMIT: Duration = Duration::from_secs(20);
/// A version stands in the first lines.
const MOST: usize = 16 * 1024;

/// Looks at every declared tool. Exit code 5 when one is missing or too old.
pub(super) fn doctor(context: &Context) -> Result<Code, Failure> {
    let catalog = load::to_act(context)?;
    let stop = task::interrupts()?;
    let rows: Vec<Row> = catalog.tools.values().map(|tool| row(&catalog, tool, &stop)).collect();
    if let Some(signal) = stop.requested() {
        return Err(Failure::new(Code::of_signal(signal), "stopped; not every tool has answered"));
    }
    let look = context.out_look();
    learn::answer(
        context,
        &catalog,
        || {
            format!(
                "{}\ntools\n{}\nvariables\n{}",
                catalog.path.display(),
                view::text(&rows, &look),
                variables::text(&catalog, &look)
            )
        },
        || json!({ "schema": 1, "file": catalog.path, "tools": view::json(&rows), "variables": variables::json(&catalog) }),
    )?;
    let unfit = rows.iter().any(|row| matches!(row.state, State::Missing | State::TooOld));
    Ok(if unfit { Code::ToolMissing } else { Code::Done })
}

fn row(catalog: &Catalog, tool: &Tool, stop: &Interrupts) -> Row {
    let row = Row {
        tool: tool.name.clone(),
        state: State::Missing,
        path: None,
        version: None,
        min: tool.version.as_ref().map(|rule| rule.min.to_string()),
        why: None,
        install: tool.install.clone(),
    };
    let path = match Programs::from_env().find_any(&tool.program, &tool.others) {
        Ok(path) => path,
        Err(why) => return Row { why: Some(why), ..row },
    };
    let row = Row { path: Some(path.display().to_string()), ..row };
    let Some(rule) = &tool.version else { return Row { state: State::Ok, ..row } };
    let said = ask(catalog, tool, rule, path, stop);
    match rule.read(&said) {
        Some(version) => {
            let state = if version < rule.min { State::TooOld } else { State::Ok };
            Row { state, version: Some(version.to_string()), ..row }
        }
        None => {
            let first = String::from_utf8_lossy(&said).lines().next().unwrap_or("it printed nothing").to_owned();
            let first = learn::declared(Some(catalog)).line(&clean(first.as_bytes()));
            Row { state: State::UnknownVersion, why: Some(first), ..row }
        }
    }
}

fn ask(catalog: &Catalog, tool: &Tool, rule: &VersionRule, program: PathBuf, stop: &Interrupts) -> Vec<u8> {
    let base = catalog.path.parent().unwrap_or(Path::new("/")).to_owned();
    let call = Invocation {
        argv: std::iter::once(tool.name.clone()).chain(rule.run.iter().cloned()).collect(),
        label: tool.name.clone(),
        pinned: 0..0,
        program: Some(program),
        cwd: None,
        env: BTreeMap::new(),
        timeout: Some(LIMIT),
        grace: limits::GRACE,
        leaves: None,
        interactive: false,
        input: None,
    };
    let mut said = Vec::new();
    Processes::new(Arc::new(stop.clone()), base).run(&call, &mut |_, chunk| {
        let room = MOST.saturating_sub(said.len());
        said.extend_from_slice(&chunk[..chunk.len().min(room)]);
    });
    said
}
