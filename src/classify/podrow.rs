//! A row of `kubectl get pods`, told by its cells: no header is needed, and a shifted paste does no harm.

use super::cells::{self, Cell};
use super::table::{PodRow, is_name, seconds, workload};

/// What the STATUS column says besides `Init:…`, `Signal:9` and `ExitCode:1`: phases, reasons of pods
/// and of containers.
const STATUSES: [&str; 50] = [
    "Running",
    "Pending",
    "Completed",
    "Succeeded",
    "Failed",
    "Unknown",
    "Error",
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
    "ContainerCreating",
    "PodInitializing",
    "Terminating",
    "Evicted",
    "OOMKilled",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PostStartHookError",
    "PreStartHookError",
    "StartError",
    "ContainerCannotRun",
    "ContainerStatusUnknown",
    "DeadlineExceeded",
    "NodeLost",
    "NodeAffinity",
    "NodeShutdown",
    "Shutdown",
    "Terminated",
    "Preempting",
    "Preempted",
    "NotReady",
    "SchedulingGated",
    "Unschedulable",
    "OutOfcpu",
    "OutOfmemory",
    "OutOfpods",
    "OutOfephemeral-storage",
    "UnexpectedAdmissionError",
    "TopologyAffinityError",
    "SysctlForbidden",
    "AppArmor",
    "MatchNodeSelector",
    "ContainersNotReady",
];

/// A status that Kubernetes prints. One that was cut off is known by its first letters.
pub(crate) fn is_status(cell: &str) -> bool {
    let cut = cell.strip_suffix('\u{2026}').or(cell.strip_suffix("..."));
    STATUSES.contains(&cell)
        || ["Init:", "Signal:", "ExitCode:"].iter().any(|head| cell.starts_with(head))
        || cut.is_some_and(|cut| cut.len() >= 5 && STATUSES.iter().any(|status| status.starts_with(cut)))
}

/// `1/2` of the READY column.
pub(crate) fn ratio(cell: &str) -> Option<(u32, u32)> {
    let (ready, total) = cell.split_once('/')?;
    Some((ready.parse().ok()?, total.parse().ok()?))
}

/// Is there a digit, a slash, a digit? No row of pods is without.
fn has_ratio(line: &[u8]) -> bool {
    memchr::memchr_iter(b'/', line).any(|at| {
        let digit = |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(u8::is_ascii_digit);
        digit(at.checked_sub(1)) && digit(at.checked_add(1))
    })
}

/// A row stands at the start of its line; more is somebody's label.
const NEAR: usize = 1000;

/// Reads a line as a row of pods.
pub(crate) fn read(line: &str) -> Option<PodRow> {
    if !has_ratio(line.as_bytes().get(..line.len().min(NEAR))?) {
        return None;
    }
    let cells = cells::cells(cells::without_marks(line), 12);
    // k9s has a dot for port-forwards, and marks the chosen line.
    let cells: Vec<&str> =
        cells.iter().map(|cell: &Cell<'_>| cell.text).filter(|cell| cell.contains(char::is_alphanumeric)).collect();
    (0..cells.len().min(4)).find_map(|at| ready_at(&cells, at))
}

/// Reads the row when its READY column is this cell.
fn ready_at(cells: &[&str], at: usize) -> Option<PodRow> {
    let (front, cell) = (cells.get(..at)?, *cells.get(at)?);
    let mut rest: Vec<&str> = cells.get(at + 1..)?.to_vec();
    let mut front = front.to_vec();
    let (ready, total) = match ratio(cell) {
        Some(counts) => counts,
        None => {
            let (name, counts, status) = glued(cell)?;
            front.extend(name);
            if let Some(status) = status {
                rest.insert(0, status);
            }
            counts
        }
    };
    let mut restarts = None;
    let status = match front.last() {
        // STATUS may stand before READY.
        Some(status) if front.len() > 1 && is_status(status) => {
            // A job has a duration there.
            times(rest.first()?)?;
            front.pop()?
        }
        _ => {
            // RESTARTS stands before STATUS in k9s.
            if rest.get(1).is_some_and(|status| is_status(status))
                && let Some(number) = rest.first().and_then(|cell| cell.parse().ok())
            {
                restarts = Some(number);
                rest.remove(0);
            }
            if rest.is_empty() { return None } else { rest.remove(0) }
        }
    };
    let is_known = is_status(status);
    // The namespace stands before the name; nothing before that.
    let raw = front.pop()?;
    if front.len() > 1 || !status.bytes().next()?.is_ascii_uppercase() || status.len() > 40 {
        return None;
    }
    let name = name_of(raw)?;
    let mut restarted = None;
    let mut rest = rest.into_iter().peekable();
    if restarts.is_none() {
        if let Some((number, since)) = rest.peek().and_then(|cell| times(cell)) {
            restarts = Some(number);
            restarted = since;
            rest.next();
        }
        if let Some(since) = rest.peek().and_then(|cell| cell.strip_prefix('(')) {
            restarted = restarted.or_else(|| seconds(since.split(' ').next()?));
            rest.next();
        }
    }
    let age = rest.next();
    // A row that was cut off, or that has no RESTARTS, must be sure of its status.
    let whole =
        restarts.is_some() || (is_known && age.is_none_or(|age| seconds(age).is_some() || age.starts_with('<')));
    let named = is_name(name) || (is_known && restarts.is_some() && is_hidden_name(name));
    let namespace = front.first().copied().unwrap_or_default().to_owned();
    (whole && named).then(|| PodRow {
        namespace,
        name: name.to_owned(),
        ready,
        total,
        status: status.to_owned(),
        restarts: restarts.unwrap_or(0),
        restarted,
        age: age.and_then(seconds),
    })
}

/// `5`, and `5(17s` when the blank is missing.
fn times(cell: &str) -> Option<(u32, Option<u64>)> {
    match cell.split_once('(') {
        Some((number, since)) if !number.is_empty() => Some((number.parse().ok()?, seconds(since.split(' ').next()?))),
        _ => Some((cell.parse().ok()?, None)),
    }
}

/// The name without `pod/`; other kinds have no row of pods.
pub(crate) fn name_of(cell: &str) -> Option<&str> {
    let cell = cell.trim_end_matches('\u{2026}');
    match cell.rsplit_once('/') {
        None => Some(cell),
        Some(("pod" | "pods" | "po" | "Pod", name)) => Some(name),
        Some((kind, name)) => {
            const OTHERS: [&str; 9] =
                ["service", "svc", "deployment", "deploy", "replicaset", "statefulset", "daemonset", "job", "cronjob"];
            // `default/web-1` is a namespace and a name.
            (is_name(kind) && !kind.contains('.') && !OTHERS.contains(&kind)).then_some(name)
        }
    }
}

/// A name that somebody made unreadable before showing it: `web-XXXXX`, `<pod>`, `my_pod`.
fn is_hidden_name(name: &str) -> bool {
    name.bytes().any(|byte| byte.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.*<>".contains(&byte))
}

/// The cells of READY glued to what stands beside it: `web-6d4cf56db6-x2x4z1/1`, `0/1Running`.
#[expect(clippy::type_complexity, reason = "three neighbours, read on the next line")]
fn glued(cell: &str) -> Option<(Option<&str>, (u32, u32), Option<&str>)> {
    let slash = cell.find('/')?;
    let (left, right) = (cell.get(..slash)?, cell.get(slash + 1..)?);
    let digits = right.bytes().take_while(u8::is_ascii_digit).count();
    let total = right.get(..digits)?.parse().ok()?;
    let status = right.get(digits..).filter(|status| !status.is_empty());
    if status.is_some_and(|status| !is_status(status)) {
        return None;
    }
    if let Ok(ready) = left.parse() {
        return status.map(|status| (None, (ready, total), Some(status)));
    }
    // A name ends in five letters that nobody chose; what follows them is READY.
    let (name, ready) = left.split_at_checked(left.rfind('-')? + 6)?;
    (is_name(name) && workload(name) != name).then_some((Some(name), (ready.parse().ok()?, total), status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn short(line: &str) -> Option<(String, String, String, u32)> {
        let row = read(line)?;
        Some((row.name, format!("{}/{}", row.ready, row.total), row.status, row.restarts))
    }

    #[test]
    fn rows_of_every_version_and_tool() {
        for (line, name, ready, status, restarts) in [
            ("web-1   0/1   CrashLoopBackOff   5 (17s ago)   4m", "web-1", "0/1", "CrashLoopBackOff", 5),
            ("web-1   0/1   CrashLoopBackOff   5          4m", "web-1", "0/1", "CrashLoopBackOff", 5),
            ("web-1\t0/1\tInit:0/1\t0\t<invalid>", "web-1", "0/1", "Init:0/1", 0),
            (
                "web-1  0/2  Init:CrashLoopBackOff  3 (<invalid> ago)  <unknown>",
                "web-1",
                "0/2",
                "Init:CrashLoopBackOff",
                3,
            ),
            ("shop  web-1  1/1  Running  0  4m  10.1.0.4  node-1  <none>  <none>", "web-1", "1/1", "Running", 0),
            ("pod/web-1  0/1  ContainerStatusUnknown  1  4m  app=web", "web-1", "0/1", "ContainerStatusUnknown", 1),
            ("web-1  0/1  OutOfcpu  0  4m", "web-1", "0/1", "OutOfcpu", 0),
            ("web-1  0/1  SomethingNew  0  4m", "web-1", "0/1", "SomethingNew", 0),
            ("| web-1 | 0/1 | Error | 2 | 4m |", "web-1", "0/1", "Error", 2),
            ("\u{2502} shop  web-1  \u{25cf}  0/1  Error  2  0  0 \u{2502}", "web-1", "0/1", "Error", 2),
            ("web-1 \u{25cf} 0/1 7 ImagePullBackOff 10.1.0.4", "web-1", "0/1", "ImagePullBackOff", 7),
            ("web-1   Error   0/1   2   4m", "web-1", "0/1", "Error", 2),
            ("web-6d4cf56db6-x2x4z0/1     Error   2   4m", "web-6d4cf56db6-x2x4z", "0/1", "Error", 2),
            ("web-1   0/1Error   2   4m", "web-1", "0/1", "Error", 2),
            ("web-1   0/1   Error   2(17s ago)   4m", "web-1", "0/1", "Error", 2),
            ("web-1   0/1   CrashLoopBackOff", "web-1", "0/1", "CrashLoopBackOff", 0),
            ("web-1   0/1   CrashLoop\u{2026}", "web-1", "0/1", "CrashLoop\u{2026}", 0),
            ("web-1   0/1   Pending   4m", "web-1", "0/1", "Pending", 0),
            ("web-XXXXX   0/1   Error   2   4m", "web-XXXXX", "0/1", "Error", 2),
            ("shop/web-1   0/1   Error   2   4m", "web-1", "0/1", "Error", 2),
            ("> - web-1   0/1   Error   2   4m", "web-1", "0/1", "Error", 2),
        ] {
            assert_eq!(short(line), Some((name.into(), ready.into(), status.into(), restarts)), "{line}");
        }
    }

    #[test]
    fn what_is_no_row_of_pods() {
        for line in [
            "NAME READY STATUS RESTARTS AGE",
            "deployment.apps/web  1/1  1  1  5s",
            "web  1/1  5s",
            "job.batch/migrate   Running   0/1   5s   5s",
            "migrate   Running   0/1   5s   5s",
            "job/migrate  0/1  Running  2  5s",
            "GET /a/b 1/1 200 5",
            "the pod web-1 is 0/1 Running 0",
            "pod web-1 0/1 Running and never ready",
            "5s  Warning  FailedScheduling  pod/web-1  0/1 nodes are available",
            "web-1 0/1",
            "1/2",
            "/",
            "",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_a_row_or_none(line in "\\PC*", cells in "([a-z0-9-]{1,9}|[0-9]/[0-9]|Running|\u{2026}|\\(|\\)|/|[ \u{2502}]){0,14}") {
            let _ = (read(&line), read(&cells));
        }

        #[test]
        fn what_kubectl_prints_is_read(
            name in "[a-z][a-z0-9-]{0,20}[a-z0-9]",
            ready in 0_u32..9, total in 1_u32..9, restarts in 0_u32..999,
            status in prop::sample::select(STATUSES.to_vec()),
            ago in prop::option::of("[1-9][0-9]?[smhd]"), gap in " {1,9}|\t",
        ) {
            let ago = ago.map_or_else(String::new, |ago| format!(" ({ago} ago)"));
            let line = [name.clone(), format!("{ready}/{total}"), status.to_owned(), format!("{restarts}{ago}"), "4m".to_owned()].join(&gap);
            let row = read(&line).unwrap();
            prop_assert_eq!((row.name, row.ready, row.total), (name, ready, total));
            prop_assert_eq!((row.status.as_str(), row.restarts, row.age), (status, restarts, Some(240)));
            prop_assert_eq!(row.restarted.is_some(), !ago.is_empty());
        }
    }
}
