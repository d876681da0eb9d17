//! What `helm history`, `helm list` and `helm status` say of a release.

use serde_json::Value;
use std::collections::BTreeMap;

/// A table has at most so many rows: helm keeps ten revisions unless told otherwise.
const ROWS: usize = 5000;

/// The state of a revision, as helm names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    /// The last that helm called a success.
    Deployed,
    /// Was deployed, until a later one was.
    Superseded,
    /// Failed.
    Failed,
    /// `pending-install`, `pending-upgrade`, `pending-rollback`: helm was broken off, or is at work.
    Pending(String),
    /// Uninstalled, its history kept.
    Uninstalled,
    /// Is being uninstalled.
    Uninstalling,
    /// `unknown`
    Unknown,
}

impl Status {
    /// Reads helm's word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        Some(match word.as_str() {
            "deployed" => Self::Deployed,
            "superseded" => Self::Superseded,
            "failed" => Self::Failed,
            "pending-install" | "pending-upgrade" | "pending-rollback" => Self::Pending(word),
            "uninstalled" => Self::Uninstalled,
            "uninstalling" => Self::Uninstalling,
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }

    /// Was it, by helm's word, in service?
    pub(super) fn is_good(&self) -> bool {
        matches!(self, Self::Deployed | Self::Superseded)
    }
}

/// A revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Revision {
    /// Its number.
    pub(super) number: u32,
    /// Its state.
    pub(super) status: Status,
    /// Helm's words about it; may be empty.
    pub(super) description: String,
}

/// A release and what is known of its revisions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Release {
    /// Its name; empty where no text tells it.
    pub(super) name: String,
    /// Its revisions by number.
    pub(super) revisions: BTreeMap<u32, Revision>,
    /// The revisions come from a history: there are no others.
    pub(super) is_whole: bool,
}

impl Release {
    /// The newest revision.
    pub(super) fn last(&self) -> Option<&Revision> {
        self.revisions.values().next_back()
    }

    /// The newest revision before the last one that was in service.
    pub(super) fn good_before(&self) -> Option<&Revision> {
        self.revisions.values().rev().skip(1).find(|revision| revision.status.is_good())
    }

    /// The revision that the last one is compared with: the good one, or else the one before.
    pub(super) fn before(&self) -> Option<&Revision> {
        self.good_before().or_else(|| self.revisions.values().rev().nth(1))
    }
}

/// A row: the release's name where the table has one, and the revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Empty in a history.
    pub(super) name: String,
    /// What it says.
    pub(super) revision: Revision,
    /// Of a history?
    pub(super) is_history: bool,
}

/// The rows of all tables, JSON lists and status texts of helm in a text.
pub(super) fn rows(text: &str) -> Vec<Row> {
    let trimmed = text.trim_start();
    if trimmed.starts_with(['[', '{'])
        && let Ok(value) = serde_json::from_str::<Value>(trimmed)
    {
        return from_json(&value);
    }
    let mut out = Vec::new();
    let mut header: Option<Header> = None;
    let mut status = StatusText::default();
    for line in text.lines() {
        if out.len() >= ROWS {
            break;
        }
        if let Some(found) = Header::read(line) {
            header = Some(found);
        } else if let Some(table) = &header {
            match table.row(line) {
                Some(row) => out.push(row),
                None => header = None,
            }
        }
        out.extend(status.line(line));
    }
    out
}

/// The columns of a table, by the names in its header.
#[derive(Debug)]
struct Header {
    columns: Vec<(&'static str, usize)>,
    is_history: bool,
    /// Cells are told apart by tabs, as helm prints them, or by where the header's words begin, as a
    /// terminal shows them.
    tabs: bool,
}

impl Header {
    fn read(line: &str) -> Option<Self> {
        const NAMES: [&str; 8] =
            ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"];
        let first = line.split_whitespace().next()?;
        if !(first == "REVISION" || first == "NAME") || !line.contains("REVISION") || !line.contains("STATUS") {
            return None;
        }
        let tabs = line.contains('\t');
        let columns: Vec<(&str, usize)> = if tabs {
            let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
            NAMES.iter().filter_map(|name| Some((*name, cells.iter().position(|cell| cell == name)?))).collect()
        } else {
            let at = |name: &str| {
                let starts = line.match_indices(name).map(|(at, _)| at);
                let free = |at: usize| {
                    line.get(at + name.len()..).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_uppercase()))
                };
                starts.filter(|at| free(*at)).find(|at| *at == 0 || line[..*at].ends_with([' ', '\t']))
            };
            NAMES.iter().filter_map(|name| Some((*name, at(name)?))).collect()
        };
        Some(Self { columns, is_history: first == "REVISION", tabs })
    }

    fn row(&self, line: &str) -> Option<Row> {
        let cell = |name: &str| self.cell(line, name).unwrap_or_default();
        let (number, status) = match (cell("REVISION").parse(), Status::parse(cell("STATUS"))) {
            (Ok(number), Some(status)) => (number, status),
            // Not in line with the header: a copy with its blanks squeezed.
            _ => squeezed(line, self.is_history)?,
        };
        let name = if self.is_history { "" } else { cell("NAME").split_whitespace().next().unwrap_or_default() };
        let description = cell("DESCRIPTION").to_owned();
        Some(Row {
            name: name.to_owned(),
            revision: Revision { number, status, description },
            is_history: self.is_history,
        })
    }

    fn cell<'l>(&self, line: &'l str, name: &str) -> Option<&'l str> {
        let (_, at) = self.columns.iter().find(|(column, _)| *column == name)?;
        if self.tabs && line.contains('\t') {
            return line.split('\t').nth(*at).map(str::trim);
        }
        if self.tabs {
            return None;
        }
        let end = self.columns.iter().map(|(_, start)| *start).filter(|start| start > at).min().unwrap_or(line.len());
        line.get(*at..end.min(line.len())).map(str::trim)
    }
}

/// The number and the state of a row, wherever they stand in it.
fn squeezed(line: &str, is_history: bool) -> Option<(u32, Status)> {
    let mut words = line.split_whitespace();
    let number = words.nth(if is_history { 0 } else { 2 })?.parse().ok()?;
    Some((number, words.find_map(Status::parse)?))
}

/// `NAME: web`, `STATUS: failed`, `REVISION: 7`, each on its line.
#[derive(Debug, Default)]
struct StatusText {
    name: Option<String>,
    status: Option<Status>,
}

impl StatusText {
    fn line(&mut self, line: &str) -> Option<Row> {
        if let Some(name) = line.strip_prefix("NAME: ") {
            *self = Self { name: Some(name.trim().to_owned()), status: None };
        } else if let Some(status) = line.strip_prefix("STATUS: ") {
            self.status = Status::parse(status.trim());
        } else if let Some(number) = line.strip_prefix("REVISION: ") {
            let (name, status) = (self.name.take()?, self.status.take()?);
            let revision = Revision { number: number.trim().parse().ok()?, status, description: String::new() };
            return Some(Row { name, revision, is_history: false });
        }
        None
    }
}

/// `helm history -o json`, `helm list -o json`, `helm status -o json`.
fn from_json(value: &Value) -> Vec<Row> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    items.iter().take(ROWS).filter_map(json_row).collect()
}

fn json_row(item: &Value) -> Option<Row> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let info = item.get("info").unwrap_or(item);
    let number = item.get("revision").or_else(|| item.get("version"))?;
    let number = number.as_u64().or_else(|| number.as_str()?.parse().ok())?;
    let status = Status::parse(&text(info, "status"))?;
    let name = text(item, "name");
    let is_history = name.is_empty();
    let revision = Revision { number: u32::try_from(number).ok()?, status, description: text(info, "description") };
    Some(Row { name, revision, is_history })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HISTORY: &str = "REVISION\tUPDATED                 \tSTATUS         \tCHART         \tAPP VERSION\tDESCRIPTION      \n5       \tMon Nov 23 02:33:06 2026\tsuperseded     \ttaskflow-0.1.0\t           \tRollback to 4    \n6       \tMon Nov 23 02:33:08 2026\tdeployed       \ttaskflow-0.1.0\t1.0.0      \tUpgrade complete \n7       \tMon Nov 23 02:33:09 2026\tpending-upgrade\ttaskflow-0.1.0\t1.0.0      \tPreparing upgrade\n";

    fn said(text: &str) -> Vec<String> {
        rows(text)
            .into_iter()
            .map(|row| {
                format!("{} {} {:?} {}", row.name, row.revision.number, row.revision.status, row.revision.description)
                    .trim()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn a_history_by_tabs_and_as_a_terminal_shows_it() {
        let wanted = [
            "5 Superseded Rollback to 4",
            "6 Deployed Upgrade complete",
            "7 Pending(\"pending-upgrade\") Preparing upgrade",
        ];
        assert_eq!(said(HISTORY), wanted);
        assert_eq!(said(&HISTORY.replace('\t', " ")), wanted);
        assert_eq!(said(&HISTORY.replace('\n', "\r\n")), wanted);
        assert_eq!(said(&format!("$ helm history web\n{HISTORY}$ ls\n8 x deployed\n")), wanted);
        let squeezed: String =
            HISTORY.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect();
        assert_eq!(said(&squeezed).iter().map(|row| &row[..6]).collect::<Vec<_>>(), ["5 Supe", "6 Depl", "7 Pend"]);
    }

    #[test]
    fn a_list_names_its_releases() {
        let list = "NAME    \tNAMESPACE\tREVISION\tUPDATED                                \tSTATUS         \tCHART         \tAPP VERSION\ntaskflow\tdefault  \t5       \t2026-11-23 02:33:09.987782414 +0000 UTC\tpending-upgrade\ttaskflow-0.1.0\t1.0.0      \ndb      \tdefault  \t1       \t2026-11-23 02:33:09.987782414 +0000 UTC\tfailed         \tpostgres-1\t           \n";
        let wanted = ["taskflow 5 Pending(\"pending-upgrade\")", "db 1 Failed"];
        assert_eq!(said(list), wanted);
        assert_eq!(said(&list.replace('\t', " ")), wanted);
        assert_eq!(said("NAME\tNAMESPACE\tREVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\n"), [""; 0]);
    }

    #[test]
    fn a_status_and_json() {
        let status = "NAME: web\nLAST DEPLOYED: Mon Nov 23 02:09:49 2026\nNAMESPACE: default\nSTATUS: failed\nREVISION: 7\nTEST SUITE: None\n";
        assert_eq!(said(status), ["web 7 Failed"]);
        assert_eq!(
            said(
                r#"[{"revision":1,"updated":"x","status":"superseded","chart":"a","app_version":"","description":"Install complete"}]"#
            ),
            ["1 Superseded Install complete"]
        );
        assert_eq!(
            said(r#"[{"name":"web","namespace":"default","revision":"2","status":"deployed"}]"#),
            ["web 2 Deployed"]
        );
        assert_eq!(
            said(r#"{"name":"web","info":{"status":"failed","description":"d"},"version":3}"#),
            ["web 3 Failed d"]
        );
        assert_eq!(said("[1, 2"), [""; 0]);
    }

    #[test]
    fn the_last_good_revision_is_the_one_to_go_back_to() {
        let release = |states: &[&str]| Release {
            revisions: states
                .iter()
                .zip(1..)
                .map(|(state, number)| {
                    (number, Revision { number, status: Status::parse(state).unwrap(), description: String::new() })
                })
                .collect(),
            ..Release::default()
        };
        let good = |states: &[&str]| release(states).good_before().map(|revision| revision.number);
        assert_eq!(good(&["superseded", "deployed", "failed", "failed"]), Some(2));
        assert_eq!(good(&["superseded", "deployed"]), Some(1));
        assert_eq!(good(&["failed", "failed"]), None);
        assert_eq!(release(&["failed", "failed"]).before().map(|revision| revision.number), Some(1));
        assert_eq!(good(&["deployed"]), None);
    }
}
