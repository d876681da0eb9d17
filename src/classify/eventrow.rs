//! A row of events, told by its cells: `kubectl get events` old and new, `kubectl events`, a describe's tail.

use super::cells::{self, Cell};
use super::stamp;
use super::table::{EventRow, is_name, seconds, workload};
use memchr::memmem;

/// TYPE stands within so many cells.
const NEAR: usize = 9;

/// Reads a line as a row of events.
pub(crate) fn read(line: &str) -> Option<EventRow> {
    let bytes = line.as_bytes();
    // Most lines hold neither.
    let head = bytes.get(..bytes.len().min(400))?;
    if memmem::find(head, b"Warning").is_none() && memmem::find(head, b"Normal").is_none() {
        return None;
    }
    let inner = cells::without_marks(line);
    let cells = cells::cells(inner, 16);
    let kind = cells.iter().take(NEAR).position(|cell| matches!(cell.text, "Warning" | "Normal"))?;
    let (front, rest) = (cells.get(..kind)?, cells.get(kind + 1..)?);
    let (reason, rest) = rest.split_first()?;
    if !is_reason(reason.text) {
        return None;
    }
    let mut row = EventRow {
        warning: cells.get(kind)?.text == "Warning",
        reason: reason.text.to_owned(),
        count: 1,
        message: inner.len(),
        ..EventRow::default()
    };
    let rest = if front.is_empty() { described(&mut row, rest) } else { listed(&mut row, front, rest, inner)? };
    if let Some(first) = rest.first() {
        row.message = first.at;
    }
    container(&mut row, inner);
    row.message += line.len() - inner.len();
    Some(row)
}

/// Reasons are CamelCase words: `FailedScheduling`, `BackOff`.
pub(crate) fn is_reason(cell: &str) -> bool {
    cell.len() <= 60
        && cell.bytes().next().is_some_and(|first| first.is_ascii_uppercase())
        && cell.bytes().skip(1).any(|byte| byte.is_ascii_lowercase())
        && cell.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An age, or what stands in its place.
fn is_age(cell: &str) -> bool {
    seconds(cell).is_some() || matches!(cell, "<invalid>" | "<unknown>") || stamp::length(cell.as_bytes()) == cell.len()
}

/// `(x12 over 3m46s)`.
fn times(cell: &str) -> Option<u64> {
    cell.strip_prefix("(x")?.split(' ').next()?.trim_end_matches(')').parse().ok()
}

/// What follows the reason in a describe: Age From Message.
fn described<'c, 'l>(row: &mut EventRow, rest: &'c [Cell<'l>]) -> &'c [Cell<'l>] {
    let mut rest = rest;
    if let Some((age, behind)) = rest.split_first().filter(|(age, _)| is_age(age.text)) {
        row.age = seconds(age.text);
        rest = behind;
    } else {
        // `-o custom-columns=TYPE:.type,REASON:.reason,OBJECT:….` has the object here.
        return object(row, rest);
    }
    if let Some((count, behind)) = rest.split_first().filter(|(cell, _)| cell.text.starts_with('(')) {
        row.count = times(count.text).unwrap_or(1);
        rest = behind;
    }
    source(rest)
}

/// Skips who says it: `kubelet`, `kubelet, node-1`, `{kubelet node-1}`.
fn source<'c, 'l>(rest: &'c [Cell<'l>]) -> &'c [Cell<'l>] {
    match rest {
        [first, _, behind @ ..] if first.text.ends_with(',') || first.text.starts_with('{') => behind,
        [_, behind @ ..] => behind,
        [] => rest,
    }
}

/// What stands around the reason in a list; `None`: this is no row.
fn listed<'c, 'l>(row: &mut EventRow, front: &[Cell<'l>], rest: &'c [Cell<'l>], line: &str) -> Option<&'c [Cell<'l>]> {
    if front.first()?.text.ends_with(':') {
        return None;
    }
    let ages: Vec<u64> = front.iter().filter_map(|cell| seconds(cell.text)).collect();
    let namespaced = front.len() == 1 && is_name(front.first()?.text);
    if !front.iter().any(|cell| is_age(cell.text)) && !namespaced {
        return None;
    }
    // Of FIRST SEEN and LAST SEEN the last is nearer.
    row.age = ages.iter().min().copied();
    let mut counted = false;
    for (index, cell) in front.iter().enumerate() {
        if let Some(count) = times(cell.text) {
            row.count = count;
        } else if let Ok(count) = cell.text.parse() {
            row.count = count;
            counted = true;
        } else if cell.text.starts_with("spec.") {
            row.container = in_braces(cell.text).unwrap_or_default().to_owned();
        } else if let Some(kind) = front.get(index + 1)
            && let Some(name) = event_name(cell.text)
            && kind.text.bytes().next()?.is_ascii_uppercase()
        {
            row.object = format!("{}/{name}", kind.text.to_ascii_lowercase());
        }
    }
    if !row.object.is_empty() {
        return Some(source(rest));
    }
    // An old describe: FirstSeen LastSeen Count From SubObjectPath Type Reason Message.
    if counted && ages.len() == 2 {
        return Some(rest);
    }
    let mut rest = object(row, rest);
    // `-o wide`: SUBOBJECT SOURCE MESSAGE FIRST SEEN COUNT NAME.
    let mut wide = false;
    if let Some((path, behind)) =
        rest.split_first().filter(|(cell, _)| cell.text.starts_with("spec.") && cell.text.ends_with('}'))
    {
        row.container = in_braces(path.text).unwrap_or_default().to_owned();
        rest = behind;
        wide = true;
    }
    let speaker = |cell: &Cell<'_>| {
        let name = cell.text.trim_end_matches(',');
        let behind = line.get(cell.end()..).is_some_and(|behind| behind.starts_with("  ") || behind.starts_with('\t'));
        (name == "kubelet" || name == "default-scheduler" || name.ends_with("-controller"))
            && (behind || cell.text.ends_with(','))
    };
    if wide || rest.first().is_some_and(speaker) {
        rest = source(rest);
        let last: Vec<&str> = line.split_whitespace().rev().take(2).collect();
        if let [name, count] = last[..]
            && event_name(name).is_some()
        {
            row.count = count.parse().unwrap_or(row.count);
        }
    }
    Some(rest)
}

/// Takes the object that stands first.
fn object<'c, 'l>(row: &mut EventRow, rest: &'c [Cell<'l>]) -> &'c [Cell<'l>] {
    const KINDS: [&str; 8] =
        ["Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Node", "PersistentVolumeClaim"];
    let Some((first, behind)) = rest.split_first() else { return rest };
    let text = first.text.trim_end_matches('\u{2026}');
    if text.contains('/') && !text.contains(':') {
        row.object = text.to_owned();
        behind
    } else if KINDS.contains(&text) {
        // 1.13's KIND column: a kind, and no name.
        behind
    } else if is_name(text) && workload(text) != text {
        row.object = format!("pod/{text}");
        behind
    } else {
        rest
    }
}

/// The object of an event's own name: `web-1.15a3f8c2d4e6b7a9`.
fn event_name(cell: &str) -> Option<&str> {
    let (name, stamp) = cell.rsplit_once('.')?;
    (stamp.len() >= 10 && stamp.bytes().all(|byte| byte.is_ascii_hexdigit()) && is_name(name)).then_some(name)
}

/// `web` of `spec.containers{web}`.
fn in_braces(path: &str) -> Option<&str> {
    path.split_once('{')?.1.split('}').next()
}

/// The container before the message, as kubectl prints it since 1.35: `spec.containers{web}: `.
fn container(row: &mut EventRow, line: &str) {
    let Some(message) = line.get(row.message..) else { return };
    if !message.starts_with("spec.") {
        return;
    }
    if let Some((path, behind)) = message.split_once("}: ")
        && let Some((kind, name)) = path.split_once('{')
        && ["spec.containers", "spec.initContainers", "spec.ephemeralContainers"].contains(&kind)
    {
        row.container = name.to_owned();
        row.message = line.len() - behind.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reason, object, container, count, age, message.
    #[expect(clippy::type_complexity, reason = "six cells, named on the line before")]
    fn short(line: &str) -> Option<(String, String, String, u64, Option<u64>, &str)> {
        let row = read(line)?;
        Some((row.reason, row.object, row.container, row.count, row.age, &line[row.message..]))
    }

    #[test]
    fn rows_of_every_version() {
        for (line, object, container, count, age) in [
            ("25s   Warning   Failed   pod/web-1   Error: x y", "pod/web-1", "", 1, Some(25)),
            ("shop   25s   Warning   Failed   pod/web-1   Error: x y", "pod/web-1", "", 1, Some(25)),
            ("49s (x2 over 78s)   Warning   Failed   Pod/web-1   Error: x y", "Pod/web-1", "", 2, Some(49)),
            ("shop  49s (x2 over 78s)   Warning   Failed   Pod/web-1   Error: x y", "Pod/web-1", "", 2, Some(49)),
            ("2024-05-01T10:00:00Z   Warning   Failed   pod/web-1   Error: x y", "pod/web-1", "", 1, None),
            ("<unknown>   Warning   Failed   pod/web-1   Error: x y", "pod/web-1", "", 1, None),
            ("25s   Warning   Failed   web-6d4cf56db6-x2x4z   Error: x y", "pod/web-6d4cf56db6-x2x4z", "", 1, Some(25)),
            ("25s   Warning   Failed   Pod   Error: x y", "", "", 1, Some(25)),
            (
                "4m   25s   3   web-1.15a3f8c2d4e6b7a9   Pod   spec.containers{app}   Warning   Failed   kubelet, minikube   Error: x y",
                "pod/web-1",
                "app",
                3,
                Some(25),
            ),
            (
                "25s   4m   3   web-1.15a3f8c2d4e6b7a9   Pod      Warning   Failed   {kubelet minikube}   Error: x y",
                "pod/web-1",
                "",
                3,
                Some(25),
            ),
            (
                "25s   Warning   Failed   pod/web-1   spec.containers{app}   kubelet, minikube   Error: x y   4m   3   web-1.15a3f8c2d4e6b7a9",
                "pod/web-1",
                "app",
                3,
                Some(25),
            ),
            (
                "25s   Warning   Failed   pod/web-1      default-scheduler   Error: x y   4m   3   web-1.15a3f8c2d4e6b7a9",
                "pod/web-1",
                "",
                3,
                Some(25),
            ),
            ("  Warning  Failed     5s (x9 over 95s)  kubelet   Error: x y", "", "", 9, Some(5)),
            ("  Warning  Failed     5s   kubelet, minikube  Error: x y", "", "", 1, Some(5)),
            (
                "  Warning  Failed     5s (x9 over 95s)  kubelet   spec.containers{app}: Error: x y",
                "",
                "app",
                9,
                Some(5),
            ),
            (
                "  Warning  Failed     <invalid> (x9 over <invalid>)  kubelet   spec.initContainers{app}: Error: x y",
                "",
                "app",
                9,
                None,
            ),
            (
                "  4m  5s  9  kubelet, minikube  spec.containers{app}  Warning  Failed  Error: x y",
                "",
                "app",
                9,
                Some(5),
            ),
            ("| 25s | Warning | Failed | pod/web-1 | Error: x y", "pod/web-1", "", 1, Some(25)),
        ] {
            let found = short(line).unwrap_or_else(|| panic!("{line}"));
            let message = found.5;
            assert_eq!(
                (found.0.as_str(), found.1.as_str(), found.2.as_str(), found.3, found.4),
                ("Failed", object, container, count, age),
                "{line}"
            );
            assert!(message.starts_with("Error: x y"), "{line}: {message}");
        }
        assert_eq!(short("5s  Normal  Pulled  pod/a").unwrap().5, "");
    }

    #[test]
    fn what_is_no_event() {
        for line in [
            "Warning: config file does not have x",
            "Normal users never see this",
            "This is a Warning BackOff should not give",
            "x: Warning Failed",
            "WARNING Failed",
            "",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_a_row_or_none(line in "\\PC*", cells in "([a-z0-9]{1,5}|5s|Warning|Normal|Failed|pod/a|spec\\.containers\\{|\\}: |\\(x|\\)|é|[ |]){0,16}") {
            for line in [&line, &cells] {
                if let Some(row) = read(line) {
                    prop_assert!(line.is_char_boundary(row.message) && row.message <= line.len());
                }
            }
        }
    }
}
