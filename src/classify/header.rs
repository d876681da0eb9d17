//! The header of a table, and rows read by where its columns stand.
//!
//! Offsets are counted in letters, not in bytes: that is how kubectl pads.

use super::cells;
use super::podrow::{self, is_status, name_of, ratio};
use super::table::{EventRow, PodRow, is_name, seconds};
use super::{eventrow, table};

/// What a table lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Pods.
    Pods,
    /// Events.
    Events,
    /// Anything else.
    Other,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Namespace,
    Name,
    Ready,
    Status,
    Restarts,
    Age,
    Node,
    Type,
    Reason,
    Object,
    Message,
    LastSeen,
    Count,
    Other,
}

/// Names of columns, and what people's languages make of them.
const NAMES: [(&str, Field); 66] = [
    ("NAMESPACE", Field::Namespace),
    ("NS", Field::Namespace),
    ("NAME", Field::Name),
    ("POD", Field::Name),
    ("POD_NAME", Field::Name),
    ("POD NAME", Field::Name),
    ("NOMBRE", Field::Name),
    ("NOME", Field::Name),
    ("NOM", Field::Name),
    ("ИМЯ", Field::Name),
    ("名称", Field::Name),
    ("名前", Field::Name),
    ("이름", Field::Name),
    ("READY", Field::Ready),
    ("LISTO", Field::Ready),
    ("PRONTO", Field::Ready),
    ("BEREIT", Field::Ready),
    ("PRÊT", Field::Ready),
    ("ГОТОВ", Field::Ready),
    ("就绪", Field::Ready),
    ("準備完了", Field::Ready),
    ("준비", Field::Ready),
    ("STATUS", Field::Status),
    ("PHASE", Field::Status),
    ("STATE", Field::Status),
    ("ESTADO", Field::Status),
    ("STATUT", Field::Status),
    ("ÉTAT", Field::Status),
    ("СТАТУС", Field::Status),
    ("状态", Field::Status),
    ("状態", Field::Status),
    ("상태", Field::Status),
    ("RESTARTS", Field::Restarts),
    ("RESTART", Field::Restarts),
    ("RESTART COUNT", Field::Restarts),
    ("REINICIOS", Field::Restarts),
    ("REINICIALIZAÇÕES", Field::Restarts),
    ("NEUSTARTS", Field::Restarts),
    ("REDÉMARRAGES", Field::Restarts),
    ("ПЕРЕЗАПУСКИ", Field::Restarts),
    ("重启次数", Field::Restarts),
    ("重启", Field::Restarts),
    ("再起動", Field::Restarts),
    ("재시작", Field::Restarts),
    ("AGE", Field::Age),
    ("EDAD", Field::Age),
    ("IDADE", Field::Age),
    ("ALTER", Field::Age),
    ("ÂGE", Field::Age),
    ("ВОЗРАСТ", Field::Age),
    ("NODE", Field::Node),
    ("TYPE", Field::Type),
    ("Type", Field::Type),
    ("REASON", Field::Reason),
    ("Reason", Field::Reason),
    ("OBJECT", Field::Object),
    ("MESSAGE", Field::Message),
    ("Message", Field::Message),
    ("LAST SEEN", Field::LastSeen),
    ("Age", Field::LastSeen),
    ("COUNT", Field::Count),
    ("Count", Field::Count),
    ("LastSeen", Field::LastSeen),
    ("FirstSeen", Field::Other),
    ("From", Field::Other),
    ("SubObjectPath", Field::Other),
];

/// Names of two words, as their first words tell.
const PAIRS: [(&str, &str); 10] = [
    ("LAST", "SEEN"),
    ("FIRST", "SEEN"),
    ("POD", "NAME"),
    ("RESTART", "COUNT"),
    ("NOMINATED", "NODE"),
    ("READINESS", "GATES"),
    ("CONTAINER", "ID"),
    ("IMAGE", "ID"),
    ("APP", "VERSION"),
    ("CREATED", "AT"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    name: Field,
    /// Its first letter.
    start: usize,
}

/// The cells of a row: the column, what it holds, where that begins in the line.
type Fields<'a> = Vec<(Field, &'a str, usize)>;

/// A header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    columns: Vec<Column>,
    kind: Kind,
}

/// Longer lines are no headers.
const LONGEST: usize = 600;
/// No table has more columns.
const MOST: usize = 24;

impl Header {
    /// Reads a line as a header.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let first = line.bytes().find(|byte| !matches!(byte, b' ' | b'\t' | b'#' | b'>' | b'|' | b'*'))?;
        // Headers shout, but for a describe's, and letters beyond ASCII may.
        if line.len() > LONGEST || !(first.is_ascii_uppercase() || first >= 0x80) {
            return None;
        }
        let cells = cells::cells(line, MOST);
        let mut columns = Vec::new();
        let mut known = 0;
        let mut at = 0;
        while let Some(cell) = cells.get(at) {
            at += 1;
            if !cell.text.contains(char::is_alphabetic) {
                continue;
            }
            // k9s marks the column that it sorts by.
            let mut text = cell.text.trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')');
            if let Some(next) = cells.get(at)
                && PAIRS.contains(&(text, next.text))
            {
                text = line.get(cell.at..next.end())?;
                at += 1;
            }
            let name = match NAMES.iter().find(|(word, _)| *word == text) {
                Some((_, name)) => *name,
                None if is_shouted(text) => Field::Other,
                None => return None,
            };
            known += usize::from(name != Field::Other);
            columns.push(Column { name, start: line.get(..cell.at)?.chars().count() });
        }
        let kind = kind(&columns)?;
        (columns.len() >= 3 && known >= 1 || known >= 2).then_some(Self { columns, kind })
    }

    /// What its rows are.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The cells of a row. `None`: the row does not stand under this header.
    fn row<'a>(&self, line: &'a str) -> Option<Fields<'a>> {
        self.by_offset(line).or_else(|| self.by_count(line))
    }

    fn by_offset<'a>(&self, line: &'a str) -> Option<Fields<'a>> {
        let mut starts = Vec::with_capacity(self.columns.len());
        let mut letters = line.char_indices().enumerate();
        let mut before = ' ';
        for column in &self.columns {
            let at = loop {
                match letters.next() {
                    Some((index, (at, c))) => {
                        let gap = std::mem::replace(&mut before, c);
                        if index == column.start {
                            // A word across the border of two columns: the row is shifted.
                            if index > 0 && !gap.is_whitespace() && !is_border(gap) {
                                return None;
                            }
                            break at;
                        }
                    }
                    // The row was cut off.
                    None => break line.len(),
                }
            };
            starts.push(at);
        }
        let ends = starts.iter().copied().skip(1).chain([line.len()]);
        let cells = self.columns.iter().zip(starts.iter().zip(ends)).map(|(column, (start, end))| {
            let text = line.get(*start..end).unwrap_or_default();
            let inner = text.trim_start_matches(|c: char| c.is_whitespace() || is_border(c));
            let at = start + text.len() - inner.len();
            (column.name, inner.trim_end_matches(|c: char| c.is_whitespace() || is_border(c)), at)
        });
        Some(cells.collect())
    }

    /// As many cells as columns: then each is its column's, wherever it stands. The last may hold blanks.
    fn by_count<'a>(&self, line: &'a str) -> Option<Fields<'a>> {
        let mut cells = cells::cells(line, MOST + 8);
        // `5 (17s ago)` is one cell here.
        let mut index = 1;
        while index < cells.len() {
            if cells[index].text.starts_with('(')
                && cells[index - 1].text.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
            {
                let end = cells[index].end();
                let from = cells[index - 1].at;
                cells[index - 1].text = line.get(from..end)?;
                cells.remove(index);
            } else {
                index += 1;
            }
        }
        let last = self.columns.len().checked_sub(1)?;
        let is_text = self.columns.get(last)?.name == Field::Message;
        if cells.len() < self.columns.len() || (cells.len() > self.columns.len() && !is_text) {
            return None;
        }
        let found = self.columns.iter().zip(&cells).enumerate().map(|(index, (column, cell))| {
            let text = if index == last { line.get(cell.at..).unwrap_or_default().trim_end() } else { cell.text };
            (column.name, text, cell.at)
        });
        Some(found.collect())
    }
}

fn is_border(c: char) -> bool {
    matches!(c, '|' | '\u{2502}' | '\u{2503}' | '\u{2551}')
}

fn is_shouted(text: &str) -> bool {
    text.chars().all(|c| !c.is_lowercase()) && text.chars().any(char::is_uppercase)
}

fn kind(columns: &[Column]) -> Option<Kind> {
    let has = |name: Field| columns.iter().any(|column| column.name == name);
    let pods =
        has(Field::Name) && has(Field::Status) && (has(Field::Ready) || has(Field::Restarts) || has(Field::Node));
    Some(if has(Field::Reason) && has(Field::Message) || (has(Field::LastSeen) && has(Field::Type)) {
        Kind::Events
    } else if pods || (has(Field::Name) && has(Field::Ready) && has(Field::Restarts)) {
        Kind::Pods
    } else if matches!(columns.first()?.name, Field::Name | Field::Namespace) {
        Kind::Other
    } else {
        return None;
    })
}

/// The first cell of that name that holds something.
fn cell<'a>(cells: &Fields<'a>, name: Field) -> Option<(&'a str, usize)> {
    let found = cells.iter().find(|(column, text, _)| *column == name && !text.is_empty() && *text != "<none>");
    found.map(|(_, text, at)| (*text, *at))
}

/// Reads a line below `header` as a row of pods. Where no column tells what is ready, the row says 0 of 0.
pub(crate) fn pod_row_under(header: &Header, line: &str) -> Option<PodRow> {
    if header.kind != Kind::Pods {
        return None;
    }
    // Where the columns say nothing, a row that proves itself is right all the same.
    header
        .by_offset(line)
        .and_then(|cells| pod_of(&cells))
        .or_else(|| podrow::read(line))
        .or_else(|| header.by_count(line).and_then(|cells| pod_of(&cells)))
}

fn pod_of(cells: &Fields<'_>) -> Option<PodRow> {
    let text = |name: Field| cell(cells, name).map(|(text, _)| text);
    let name = name_of(text(Field::Name)?)?;
    let status = text(Field::Status).or_else(|| text(Field::Reason))?;
    let (restarts, restarted) = match text(Field::Restarts) {
        // One number for each container: the worst counts.
        Some(cell) => {
            let (number, since) = cell.split_once('(').unwrap_or((cell, ""));
            let most = number.trim().split(',').map(|number| number.parse().ok()).collect::<Option<Vec<u32>>>()?;
            (most.into_iter().max()?, seconds(since.split(' ').next().unwrap_or_default()))
        }
        None => (0, None),
    };
    let (ready, total) = match text(Field::Ready) {
        Some(cell) => ratio(cell).or_else(|| bools(cell))?,
        None => (0, 0),
    };
    if !is_name(name) || !is_status(status) {
        return None;
    }
    let age = text(Field::Age).and_then(seconds);
    let namespace = text(Field::Namespace).unwrap_or_default().to_owned();
    Some(PodRow { namespace, name: name.to_owned(), ready, total, status: status.to_owned(), restarts, restarted, age })
}

/// `true,false`: what `custom-columns` shows of each container.
fn bools(cell: &str) -> Option<(u32, u32)> {
    let mut counts = (0, 0);
    for word in cell.split(',') {
        counts.1 += 1;
        counts.0 += match word.trim() {
            "true" => 1,
            "false" => 0,
            _ => return None,
        };
    }
    Some(counts)
}

/// Reasons of events that are the course of things, for tables without a TYPE.
const NORMAL: [&str; 14] = [
    "Scheduled",
    "Pulling",
    "Pulled",
    "Created",
    "Started",
    "Killing",
    "SuccessfulCreate",
    "SuccessfulDelete",
    "ScalingReplicaSet",
    "SuccessfulAttachVolume",
    "Completed",
    "NodeReady",
    "RegisteredNode",
    "Provisioning",
];

/// Reads a line below `header` as a row of events.
pub(crate) fn event_row_under(header: &Header, line: &str) -> Option<EventRow> {
    if header.kind != Kind::Events {
        return None;
    }
    if let Some(row) = table::event_row(line) {
        return Some(row);
    }
    let cells = header.row(line)?;
    let (reason, _) = cell(&cells, Field::Reason)?;
    let (message, at) = cell(&cells, Field::Message)?;
    let kind = cell(&cells, Field::Type).map(|(text, _)| text);
    if !eventrow::is_reason(reason)
        || message.is_empty()
        || kind.is_some_and(|kind| !matches!(kind, "Warning" | "Normal"))
    {
        return None;
    }
    let object = cell(&cells, Field::Object).or_else(|| cell(&cells, Field::Name)).map_or("", |(text, _)| text);
    Some(EventRow {
        warning: kind.map_or(!NORMAL.contains(&reason), |kind| kind == "Warning"),
        reason: reason.to_owned(),
        object: object.to_owned(),
        count: cell(&cells, Field::Count).and_then(|(text, _)| text.parse().ok()).unwrap_or(1),
        age: cell(&cells, Field::LastSeen).and_then(|(text, _)| seconds(text.split(' ').next()?)),
        container: String::new(),
        message: at,
    })
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
