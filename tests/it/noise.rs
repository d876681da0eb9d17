//! Things beside the point, and how they get into a recording.

use super::screens::aligned;
use refloat::model::finding::Document;

/// Where something is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Before,
    Amid,
    After,
}

impl Place {
    /// An index to insert at, of `first..=len`.
    fn of(self, first: usize, len: usize) -> usize {
        match self {
            Self::Before => first,
            Self::Amid => first + (len - first) / 2,
            Self::After => len,
        }
    }
}

/// One kind of thing beside the point.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// A true fault, of somebody else.
    pub(crate) fails: bool,
    /// Rows of `kubectl get pods`: name, ready, status, restarts, age.
    pods: &'static [[&'static str; 5]],
    /// Rows of `kubectl get events`: last seen, type, reason, object, message.
    events: &'static [[&'static str; 5]],
    /// Lines of a log.
    log: &'static [&'static str],
    /// What `kubectl describe pod` says of the first pod, without its name and its events.
    described: &'static str,
    /// Rows of events in the describe of a pod of the incident that is ready.
    ready: &'static [&'static str],
}

impl Kind {
    /// Does only a cluster that answers show it?
    pub(crate) fn is_of_cluster(&self) -> bool {
        self.log.is_empty()
    }
}

const PODS: [&str; 5] = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"];
const EVENTS: [&str; 5] = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];

const NONE: Kind = Kind { name: "", fails: false, pods: &[], events: &[], log: &[], described: "", ready: &[] };

const RUNNING: &str = "Status:           Running\nContainers:\n  main:\n    State:          Running\n    Ready:          True\n    Restart Count:  0\n";

pub(crate) const KINDS: [Kind; 11] = [
    Kind {
        name: "unpullable pod",
        fails: true,
        pods: &[["payments-worker-7c9d8f6b5-k4x2m", "0/1", "ImagePullBackOff", "0", "41m"]],
        events: &[
            [
                "41m",
                "Normal",
                "Scheduled",
                "pod/payments-worker-7c9d8f6b5-k4x2m",
                "Successfully assigned billing/payments-worker-7c9d8f6b5-k4x2m to minikube",
            ],
            [
                "2m1s",
                "Warning",
                "Failed",
                "pod/payments-worker-7c9d8f6b5-k4x2m",
                "Failed to pull image \"registry.example.com/payments:9\": failed to pull and unpack image \"registry.example.com/payments:9\": failed to resolve reference \"registry.example.com/payments:9\": registry.example.com/payments:9: not found",
            ],
            [
                "61s",
                "Normal",
                "BackOff",
                "pod/payments-worker-7c9d8f6b5-k4x2m",
                "Back-off pulling image \"registry.example.com/payments:9\"",
            ],
        ],
        described: "Status:           Pending\nContainers:\n  worker:\n    State:          Waiting\n      Reason:       ImagePullBackOff\n    Ready:          False\n    Restart Count:  0\n",
        ..NONE
    },
    Kind {
        name: "crashing pod",
        fails: true,
        pods: &[["reports-6f5c9d7b48-z9w4t", "0/1", "CrashLoopBackOff", "41 (2m ago)", "3h2m"]],
        events: &[[
            "2m11s",
            "Warning",
            "BackOff",
            "pod/reports-6f5c9d7b48-z9w4t",
            "Back-off restarting failed container reports in pod reports-6f5c9d7b48-z9w4t_billing(9b1e)",
        ]],
        described: "Status:           Running\nContainers:\n  reports:\n    State:          Waiting\n      Reason:       CrashLoopBackOff\n    Last State:     Terminated\n      Reason:       Error\n      Exit Code:    1\n    Ready:          False\n    Restart Count:  41\n",
        ..NONE
    },
    Kind {
        name: "scheduled at last",
        pods: &[["search-5d8f7c6b9-t7w2q", "1/1", "Running", "0", "59m"]],
        events: &[
            [
                "59m",
                "Warning",
                "FailedScheduling",
                "pod/search-5d8f7c6b9-t7w2q",
                "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
            ],
            [
                "58m",
                "Normal",
                "Scheduled",
                "pod/search-5d8f7c6b9-t7w2q",
                "Successfully assigned default/search-5d8f7c6b9-t7w2q to minikube",
            ],
            ["58m", "Normal", "Started", "pod/search-5d8f7c6b9-t7w2q", "Container started"],
        ],
        described: RUNNING,
        ..NONE
    },
    Kind {
        name: "mounted at last",
        pods: &[["gateway-6b7f9c5d4-q8v2n", "1/1", "Running", "0", "57m"]],
        events: &[
            [
                "57m",
                "Normal",
                "Scheduled",
                "pod/gateway-6b7f9c5d4-q8v2n",
                "Successfully assigned default/gateway-6b7f9c5d4-q8v2n to minikube",
            ],
            [
                "57m",
                "Warning",
                "FailedMount",
                "pod/gateway-6b7f9c5d4-q8v2n",
                "MountVolume.SetUp failed for volume \"certs\" : secret \"gateway-certs\" not found",
            ],
            ["55m", "Normal", "Started", "pod/gateway-6b7f9c5d4-q8v2n", "Container started"],
        ],
        described: RUNNING,
        ..NONE
    },
    Kind {
        name: "unhealthy once",
        pods: &[["cache-7d5c8b9f6-m2k8r", "1/1", "Running", "0", "52m"]],
        events: &[
            ["52m", "Normal", "Started", "pod/cache-7d5c8b9f6-m2k8r", "Container started"],
            [
                "51m",
                "Warning",
                "Unhealthy",
                "pod/cache-7d5c8b9f6-m2k8r",
                "Readiness probe failed: dial tcp 10.244.0.91:6379: connect: connection refused",
            ],
        ],
        described: RUNNING,
        ready: &[
            "  Warning  Unhealthy  51m  kubelet  Readiness probe failed: Get \"http://10.244.0.91:3000/\": dial tcp 10.244.0.91:3000: connect: connection refused",
        ],
        ..NONE
    },
    Kind {
        name: "no errors",
        log: &[
            "INFO  worker finished: 120 tasks, 0 errors, 0 failed",
            "INFO  metrics error_count=0 error_rate=0.0 failures=0",
            "{\"level\":\"info\",\"msg\":\"sync done\",\"errors\":0,\"failed\":false}",
        ],
        ..NONE
    },
    Kind {
        name: "connected at last",
        log: &[
            "WARN  could not connect to cache at redis:6379: Connection refused, retrying in 1s (attempt 1)",
            "INFO  connected to cache at redis:6379",
        ],
        ..NONE
    },
    Kind {
        name: "done",
        pods: &[["seed-data-27x4k", "0/1", "Completed", "0", "3h"]],
        events: &[["58m", "Normal", "Completed", "job/seed-data", "Job completed"]],
        described: "Status:           Succeeded\nContainers:\n  seed:\n    State:          Terminated\n      Reason:       Completed\n      Exit Code:    0\n    Ready:          False\n    Restart Count:  0\n",
        ..NONE
    },
    Kind {
        name: "restarted once",
        pods: &[["mailer-79c5d8f6b-x4z9w", "1/1", "Running", "1 (30d ago)", "45d"]],
        described: "Status:           Running\nContainers:\n  mailer:\n    State:          Running\n    Last State:     Terminated\n      Reason:       Error\n      Exit Code:    255\n    Ready:          True\n    Restart Count:  1\n",
        ..NONE
    },
    Kind {
        name: "evicted once",
        pods: &[
            ["indexer-5c8d7f6b5-q7w8k", "0/1", "Evicted", "0", "6d"],
            ["indexer-5c8d7f6b5-v2n4j", "1/1", "Running", "0", "6d"],
        ],
        described: "Status:           Failed\nReason:           Evicted\nMessage:          The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. \nContainers:\n  indexer:\n    Ready:          False\n    Restart Count:  0\n",
        ..NONE
    },
    Kind {
        name: "replaced",
        pods: &[
            ["catalog-5f58b9555-47l7d", "0/1", "Error", "0", "20d"],
            ["catalog-7d9c8b6f5-x2k4p", "1/1", "Running", "0", "2d"],
        ],
        described: "Status:           Failed\nContainers:\n  catalog:\n    State:          Terminated\n      Reason:       Error\n      Exit Code:    1\n    Ready:          False\n    Restart Count:  0\n",
        ..NONE
    },
];

/// With further calls: what somebody asked about the other things.
pub(crate) fn added(documents: &[Document], kinds: &[&Kind], place: Place) -> Vec<Document> {
    let mut calls = Vec::new();
    for kind in kinds {
        let scope = if kind.fails { " -n billing" } else { " -n tools" };
        if let Some([name, ..]) = kind.pods.first() {
            let mut rows = vec![PODS.to_vec()];
            rows.extend(kind.pods.iter().map(|row| row.to_vec()));
            calls.push(call(&format!("kubectl get pods{scope}"), aligned(&rows, "")));
            let mut events: Vec<Vec<&str>> = vec![
                vec!["Type", "Reason", "Age", "From", "Message"],
                vec!["----", "------", "----", "----", "-------"],
            ];
            events.extend(kind.events.iter().map(|[age, kind, reason, _, message]| {
                let from = if *reason == "Scheduled" || *reason == "FailedScheduling" {
                    "default-scheduler"
                } else {
                    "kubelet"
                };
                vec![*kind, *reason, *age, from, *message]
            }));
            let events = if events.len() > 2 {
                format!("Events:\n{}", aligned(&events, "  "))
            } else {
                "Events:           <none>\n".to_owned()
            };
            let text = format!(
                "Name:             {name}\nNamespace:        {}\nNode:             minikube/192.168.49.2\n{}{events}",
                scope.trim_start_matches(" -n "),
                kind.described
            );
            calls.push(call(&format!("kubectl describe pod {name}{scope}"), text));
        }
        if !kind.events.is_empty() {
            let mut rows = vec![EVENTS.to_vec()];
            rows.extend(kind.events.iter().map(|row| row.to_vec()));
            calls.push(call(&format!("kubectl get events{scope}"), aligned(&rows, "")));
        }
        if !kind.log.is_empty() {
            calls.push(call("docker logs worker", format!("{}\n", kind.log.join("\n"))));
        }
    }
    let mut all = documents.to_vec();
    let at = place.of(0, all.len());
    all.splice(at..at, calls);
    all
}

/// With rows and lines inside the answers that are there.
pub(crate) fn woven(documents: &[Document], kinds: &[&Kind], place: Place) -> Vec<Document> {
    let mut all = documents.to_vec();
    for document in all.iter_mut().filter(|document| !document.is_stderr) {
        let text = String::from_utf8(document.text.clone()).unwrap();
        let words: Vec<&str> = document.argv.iter().map(String::as_str).collect();
        let woven = match words.as_slice() {
            ["kubectl", "get", "pods" | "pod" | "all", rest @ ..]
                if !rest.iter().any(|word| word.starts_with("json")) =>
            {
                let rows: Vec<_> = kinds.iter().flat_map(|kind| kind.pods).collect();
                in_table(&text, &PODS, &rows, place)
            }
            ["kubectl", "get", "events", ..] => {
                let rows: Vec<_> = kinds.iter().flat_map(|kind| kind.events).collect();
                in_table(&text, &EVENTS, &rows, place)
            }
            ["kubectl", "logs", ..] => {
                in_log(&text, &kinds.iter().flat_map(|kind| kind.log).copied().collect::<Vec<_>>(), place)
            }
            ["kubectl", "describe", "pod", ..]
                if text.contains("Ready:          True") && !text.contains("Ready:          False") =>
            {
                let rows: String = kinds.iter().flat_map(|kind| kind.ready).map(|row| format!("{row}\n")).collect();
                if text.contains("\nEvents:\n") { format!("{text}{rows}") } else { text }
            }
            _ => text,
        };
        document.text = woven.into_bytes();
    }
    all
}

fn in_log(text: &str, more: &[&str], place: Place) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = place.of(0, lines.len());
    lines.splice(at..at, more.iter().copied());
    if lines.is_empty() { String::new() } else { format!("{}\n", lines.join("\n")) }
}

/// The first table with these columns gets the rows, and is set anew. Cells of other columns are `<none>`.
fn in_table(text: &str, columns: &[&str; 5], rows: &[&[&'static str; 5]], place: Place) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_head = |line: &&str| line.starts_with(columns[0]) && columns.iter().all(|column| line.contains(column));
    let Some(first) = lines.iter().position(is_head) else { return text.to_owned() };
    let last = lines.iter().skip(first).position(|line| line.is_empty()).map_or(lines.len(), |len| first + len);
    let head = lines[first];
    // A column begins behind two blanks or more.
    let begins = |at: &usize| *at == 0 || (!head[*at..].starts_with(' ') && head[..*at].ends_with("  "));
    let starts: Vec<usize> = (0..head.len()).filter(begins).collect();
    let cells = |line: &str| -> Vec<String> {
        let end = |index: usize| starts.get(index + 1).copied().unwrap_or(line.len()).min(line.len());
        starts
            .iter()
            .enumerate()
            .map(|(index, start)| line.get(*start..end(index)).unwrap_or_default().trim_end().to_owned())
            .collect()
    };
    let mut table: Vec<Vec<String>> = lines[first..last].iter().map(|line| cells(line)).collect();
    let names = table[0].clone();
    let prefix = if table.iter().skip(1).any(|row| row[0].starts_with("pod/")) { "pod/" } else { "" };
    let more = rows.iter().map(|row| {
        let cell = |name: &String| match columns.iter().position(|column| column == name) {
            Some(0) if columns[0] == "NAME" => format!("{prefix}{}", row[0]),
            Some(index) => row[index].to_owned(),
            None => "<none>".to_owned(),
        };
        names.iter().map(cell).collect::<Vec<_>>()
    });
    let at = place.of(1, table.len());
    table.splice(at..at, more);
    let mut out: String = lines[..first].iter().map(|line| format!("{line}\n")).collect();
    out.push_str(&aligned(&table, ""));
    out.extend(lines[last..].iter().map(|line| format!("{line}\n")));
    out
}

fn call(command: &str, text: String) -> Document {
    let argv = command.split(' ').map(str::to_owned).collect();
    Document { file: format!("recording: {command}"), argv, is_stderr: false, text: text.into_bytes() }
}
