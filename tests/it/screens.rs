//! What a person sees of a text: the table, the describe, the log, the session in which it stands.
//!
//! The formats are kubectl's own: pkg/describe/describe.go, pkg/printers/internalversion/printers.go,
//! a tabwriter that pads columns with blanks. They follow the version like the texts do.

use super::wordings::{Cause, Wording, is_since};
use refloat::model::finding::Document;

const POD: &str = "taskflow-backend-68644b9dcd-2v7jb";
const OWNER: &str = "taskflow-backend-68644b9dcd";
const UID: &str = "7a3c6a1e-1c1b-4b5e-9d0e-0a1b2c3d4e5f";

/// An event: Warning or Normal, reason, age, source, of the container?, message.
type Event = (&'static str, String, &'static str, &'static str, bool, String);

/// A text laid into everything that shows it: the screen's name, and what is on it.
pub(crate) fn screens(
    tool: &str,
    cause: &Cause,
    wording: &Wording,
    version: &str,
) -> Vec<(&'static str, Vec<Document>)> {
    let text = filled(&wording.text, version);
    match tool {
        "kubernetes" => cluster(cause, &text, version),
        "libpq" => logs(cause, &text),
        _ => calls(cause, wording, &text),
    }
}

/// The text with its places filled, as this version fills them.
fn filled(text: &str, version: &str) -> String {
    let rpc = if is_since(version, "1.28") { "" } else { "rpc error: code = Unknown desc = " };
    let install = if is_since(version, "3.7") { "Error: INSTALLATION FAILED: " } else { "Error: " };
    text.replace("{rpc}", rpc)
        .replace("{install}", install)
        .replace("{upgrade}", "Error: UPGRADE FAILED: ")
        .replace("{image}", "taskflow-backend:1.0.0")
        .replace("{pod}", POD)
        .replace("{container}", "backend")
        .replace("{namespace}", "default")
        .replace("{uid}", UID)
}

/// `FitError.Error()` around the reasons.
fn fit_error(reasons: &str, unhelpful: bool, version: &str) -> String {
    let nodes = "0/1 nodes are available:";
    if !is_since(version, "1.24") {
        return format!("{nodes} {reasons}.");
    }
    let why = if unhelpful {
        "Preemption is not helpful for scheduling"
    } else {
        "No preemption victims found for incoming pod"
    };
    let stop = if is_since(version, "1.26") && !is_since(version, "1.29") { "." } else { "" };
    format!("{nodes} {reasons}. preemption: {nodes} 1 {why}.{stop}")
}

fn cluster(cause: &Cause, text: &str, version: &str) -> Vec<(&'static str, Vec<Document>)> {
    let text = if cause.kind == "scheduler" { fit_error(text, cause.unhelpful, version) } else { text.to_owned() };
    let events = events(cause, &text, version);
    let object = match cause.kind.as_str() {
        "replicaset" => format!("replicaset/{OWNER}"),
        "claim" => "persistentvolumeclaim/data".to_owned(),
        "job" => "job/taskflow-migrate".to_owned(),
        _ => format!("pod/{POD}"),
    };
    let describe = described(cause, &text, &events, version);
    let command = format!("kubectl describe {}", object.replace('/', " "));
    let session = format!("dev@laptop:~/app$ kubectl get pods\n{}dev@laptop:~/app$ {command}\n{describe}", pods(cause));
    let mut screens = vec![
        ("describe", vec![call("kubectl get pods", false, pods(cause)), call(&command, false, describe)]),
        ("session", vec![paste("session.txt", session)]),
    ];
    // An end of the container is told by its status alone.
    if !cause.reason.is_empty()
        || matches!(cause.kind.as_str(), "scheduler" | "replicaset")
        || cause.terminated == "Error"
    {
        screens.push(("events", vec![call("kubectl get events", false, table_of_events(&events, &object, false))]));
        screens
            .push(("wide", vec![call("kubectl get events -o wide", false, table_of_events(&events, &object, true))]));
    }
    let status = status(cause, &text, version);
    if !status.is_empty() {
        screens.push(("json", vec![call("kubectl get pods -o json", false, json(&status))]));
        screens.push(("yaml", vec![call("kubectl get pods -o yaml", false, yaml(&status))]));
    }
    screens
}

/// What happened around it, in the words of the version.
fn events(cause: &Cause, text: &str, version: &str) -> Vec<Event> {
    let normal =
        |reason: &str, from, message: String| ("Normal", reason.to_owned(), "62s", from, from == "kubelet", message);
    let warning = |reason: &str, from, of_container, message: String| {
        ("Warning", reason.to_owned(), "11s (x4 over 62s)", from, of_container, message)
    };
    let scheduled =
        normal("Scheduled", "default-scheduler", format!("Successfully assigned default/{POD} to minikube"));
    let created = match version {
        _ if is_since(version, "1.35") => "Container created",
        _ if is_since(version, "1.29") => "Created container: backend",
        _ => "Created container backend",
    };
    let started = if is_since(version, "1.35") { "Container started" } else { "Started container backend" };
    let present = if is_since(version, "1.33") { " and can be accessed by the pod" } else { "" };
    let running = [
        normal(
            "Pulled",
            "kubelet",
            format!("Container image \"taskflow-backend:1.0.0\" already present on machine{present}"),
        ),
        normal("Created", "kubelet", created.to_owned()),
        normal("Started", "kubelet", started.to_owned()),
    ];
    let told = |of_container| warning(&cause.reason, "kubelet", of_container, text.to_owned());
    match cause.kind.as_str() {
        "scheduler" => vec![warning("FailedScheduling", "default-scheduler", false, text.to_owned())],
        "evicted" => vec![scheduled, told(false)],
        "volume" => vec![scheduled, told(false)],
        "replicaset" => vec![warning("FailedCreate", "replicaset-controller", false, text.to_owned())],
        "claim" => {
            let kind = if cause.reason == "FailedBinding" { "Normal" } else { "Warning" };
            vec![(
                kind,
                cause.reason.clone(),
                "5s (x9 over 2m3s)",
                "persistentvolume-controller",
                false,
                text.to_owned(),
            )]
        }
        "job" => vec![warning(&cause.reason, "job-controller", false, text.to_owned())],
        "probe" => {
            let mut all = vec![scheduled];
            all.extend(running);
            all.push(told(true));
            if cause.restarts {
                all.push(normal(
                    "Killing",
                    "kubelet",
                    "Container backend failed liveness probe, will be restarted".into(),
                ));
            }
            all
        }
        _ if cause.status == "CrashLoopBackOff" => {
            let mut all = vec![scheduled];
            all.extend(running.into_iter().take(if cause.terminated == "StartError" { 2 } else { 3 }));
            if !text.is_empty() {
                all.push(told(true));
            }
            let back_off = if is_since(version, "1.26") {
                format!("Back-off restarting failed container backend in pod {POD}_default({UID})")
            } else {
                "Back-off restarting failed container".to_owned()
            };
            all.push(warning("BackOff", "kubelet", true, back_off));
            all
        }
        _ => {
            let mut all = vec![scheduled];
            if text.starts_with("Failed to pull image") {
                all.push(normal("Pulling", "kubelet", "Pulling image \"taskflow-backend:1.0.0\"".into()));
            }
            all.push(told(true));
            if !matches!(cause.status.as_str(), "CreateContainerConfigError") && !text.starts_with("Back-off") {
                all.push(warning("Failed", "kubelet", true, format!("Error: {}", cause.status)));
            }
            all
        }
    }
}

/// `kubectl get pods`.
fn pods(cause: &Cause) -> String {
    let (ready, status, restarts) = match cause.kind.as_str() {
        "replicaset" => return "No resources found in default namespace.\n".to_owned(),
        "scheduler" | "claim" => ("0/1", "Pending", "0"),
        "job" => ("0/1", "Error", "0"),
        "probe" if cause.restarts => ("0/1", "Running", "3 (11s ago)"),
        _ if cause.status == "CrashLoopBackOff" => ("0/1", "CrashLoopBackOff", "4 (11s ago)"),
        _ => ("0/1", cause.status.as_str(), "0"),
    };
    let name = if cause.kind == "job" { "taskflow-migrate-x7k2p" } else { POD };
    aligned(
        &[["NAME", "READY", "STATUS", "RESTARTS", "AGE"], [name, ready, status, restarts, "62s"]]
            .map(|row| row.to_vec()),
        "",
    )
}

/// `kubectl describe` of the object that it is about.
fn described(cause: &Cause, text: &str, events: &[Event], version: &str) -> String {
    let mut out = match cause.kind.as_str() {
        "replicaset" => format!(
            "Name:           {OWNER}\nNamespace:      default\nSelector:       app=taskflow-backend\nControlled By:  Deployment/taskflow-backend\n\
             Replicas:       0 current / 1 desired\nPods Status:    0 Running / 0 Waiting / 0 Succeeded / 0 Failed\nConditions:\n  \
             Type             Status  Reason\n  ----             ------  ------\n  ReplicaFailure   True    FailedCreate\n"
        ),
        "claim" => "Name:          data\nNamespace:     default\nStorageClass:  fast\nStatus:        Pending\nVolume:        \n\
                    Access Modes:  \nVolumeMode:    Filesystem\nUsed By:       <none>\n"
            .to_owned(),
        "job" => "Name:             taskflow-migrate\nNamespace:        default\nParallelism:      1\nCompletions:      1\n\
                  Backoff Limit:    0\nPods Statuses:    0 Active (0 Ready) / 0 Succeeded / 1 Failed\n"
            .to_owned(),
        _ => described_pod(cause, text),
    };
    if events.is_empty() {
        out.push_str("Events:          <none>\n");
        return out;
    }
    out.push_str("Events:\n");
    let mut rows = vec![
        ["Type", "Reason", "Age", "From", "Message"].map(str::to_owned).to_vec(),
        ["----", "------", "----", "----", "-------"].map(str::to_owned).to_vec(),
    ];
    for (kind, reason, age, from, of_container, message) in events {
        // kubectl 1.35 puts the container's path in front of the message.
        let path = if *of_container && is_since(version, "1.35") { "spec.containers{backend}: " } else { "" };
        let age = age.to_string();
        rows.push(vec![
            (*kind).to_owned(),
            reason.clone(),
            age,
            (*from).to_owned(),
            format!("{path}{}", message.trim()),
        ]);
    }
    out.push_str(&aligned(&rows, "  "));
    out
}

fn described_pod(cause: &Cause, text: &str) -> String {
    let node = if cause.kind == "scheduler" { "<none>" } else { "minikube/192.168.49.2" };
    let phase = match cause.kind.as_str() {
        "evicted" => format!("Failed\nReason:           Evicted\nMessage:          {text}"),
        "probe" => "Running".to_owned(),
        _ if cause.status == "CrashLoopBackOff" => "Running".to_owned(),
        _ => "Pending".to_owned(),
    };
    let mut out = format!(
        "Name:             {POD}\nNamespace:        default\nPriority:         0\nService Account:  default\nNode:             {node}\n\
         Labels:           app=taskflow-backend\n                  pod-template-hash=68644b9dcd\nStatus:           {phase}\n\
         Controlled By:  ReplicaSet/{OWNER}\nContainers:\n  backend:\n    Image:          taskflow-backend:1.0.0\n    Port:           8000/TCP\n"
    );
    match cause.kind.as_str() {
        "scheduler" | "evicted" => {}
        "probe" => out.push_str("    State:          Running\n      Started:      Mon, 23 Nov 2026 01:59:17 +0000\n"),
        _ => out.push_str(&format!("    State:          Waiting\n      Reason:       {}\n", cause.status)),
    }
    if !cause.terminated.is_empty() {
        out.push_str(&format!("    Last State:     Terminated\n      Reason:       {}\n", cause.terminated));
        if let Some(message) = text.strip_prefix("Error: ") {
            out.push_str(&format!("      Message:      {message}\n"));
        }
        out.push_str(&format!("      Exit Code:    {}\n", cause.exit));
    }
    let count = if cause.status == "CrashLoopBackOff" || cause.restarts { 4 } else { 0 };
    out.push_str(&format!(
        "    Ready:          False\n    Restart Count:  {count}\nConditions:\n  Type              Status\n  Ready             False \n\
         QoS Class:                   Burstable\nNode-Selectors:              <none>\n"
    ));
    out
}

fn table_of_events(events: &[Event], object: &str, wide: bool) -> String {
    let head: &[&str] = if wide {
        &["LAST SEEN", "TYPE", "REASON", "OBJECT", "SUBOBJECT", "SOURCE", "MESSAGE", "FIRST SEEN", "COUNT", "NAME"]
    } else {
        &["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    };
    let mut rows = vec![head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
    for (index, (kind, reason, age, from, of_container, message)) in events.iter().enumerate() {
        let seen = age.split(' ').next().unwrap_or_default().to_owned();
        let message = message.trim().to_owned();
        let mut row = vec![seen.clone(), (*kind).to_owned(), reason.clone(), object.to_owned()];
        if wide {
            let part = if *of_container { "spec.containers{backend}" } else { "" };
            let name = format!("{}.18{index:x}f0", object.split('/').nth(1).unwrap_or_default());
            let source = if *from == "kubelet" { "kubelet, minikube" } else { from };
            row.extend([part.to_owned(), source.to_owned(), message, "62s".to_owned(), "4".to_owned(), name]);
        } else {
            row.push(message);
        }
        rows.push(row);
    }
    aligned(&rows, "")
}

/// The pod's status as `-o json` and `-o yaml` hold it: (path of keys, message, reason).
fn status(cause: &Cause, text: &str, version: &str) -> Vec<(&'static str, String, String)> {
    let back_off = format!("back-off 40s restarting failed container=backend pod={POD}_default({UID})");
    let text = text.to_owned();
    match cause.kind.as_str() {
        "scheduler" => vec![("condition", text, "Unschedulable".to_owned())],
        "evicted" => vec![("pod", text, "Evicted".to_owned())],
        "pod" if cause.status == "CrashLoopBackOff" => {
            let last = text.strip_prefix("Error: ").unwrap_or(&text).to_owned();
            vec![("terminated", last, cause.terminated.clone()), ("waiting", back_off, cause.status.clone())]
        }
        "pod" => {
            let told = text.strip_prefix("Error: ").unwrap_or(&text);
            let told = match told.split_once("\": ") {
                Some((head, error)) if head.starts_with("Failed to pull image") => error,
                _ => told,
            };
            let mut all = vec![("waiting", told.to_owned(), cause.status.clone())];
            // The back-off repeats the error since 1.32.
            if cause.status == "ErrImagePull" && is_since(version, "1.32") {
                let told = format!("Back-off pulling image \"taskflow-backend:1.0.0\": ErrImagePull: {told}");
                all = vec![("waiting", told, "ImagePullBackOff".to_owned())];
            }
            all
        }
        _ => Vec::new(),
    }
}

fn json(status: &[(&'static str, String, String)]) -> String {
    let mut container =
        serde_json::json!({"name": "backend", "ready": false, "image": "taskflow-backend:1.0.0", "restartCount": 4});
    let mut pod = serde_json::json!({"phase": "Pending"});
    for (at, message, reason) in status {
        let entry = match message.as_str() {
            "" => serde_json::json!({"reason": reason}),
            message => serde_json::json!({"message": message, "reason": reason}),
        };
        match *at {
            "waiting" => container["state"] = serde_json::json!({"waiting": entry}),
            "terminated" => container["lastState"] = serde_json::json!({"terminated": entry}),
            "pod" => pod = serde_json::json!({"phase": "Failed", "message": message, "reason": reason}),
            _ => {
                let mut entry = entry;
                entry["status"] = "False".into();
                entry["type"] = "PodScheduled".into();
                pod["conditions"] = serde_json::json!([entry]);
            }
        }
    }
    if container.get("state").is_some() {
        pod["containerStatuses"] = serde_json::json!([container]);
    }
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD, "namespace": "default"}, "status": pod}]});
    format!("{}\n", serde_json::to_string_pretty(&list).unwrap())
}

fn yaml(status: &[(&'static str, String, String)]) -> String {
    let mut out = format!(
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {POD}\n    namespace: default\n  status:\n"
    );
    let containers: Vec<_> = status.iter().filter(|(at, ..)| matches!(*at, "waiting" | "terminated")).collect();
    for (at, message, reason) in status {
        match *at {
            "condition" => out.push_str(&format!(
                "    conditions:\n    - lastTransitionTime: \"2026-11-23T01:59:17Z\"\n{}      reason: {reason}\n      status: \"False\"\n      type: PodScheduled\n",
                scalar("      ", message)
            )),
            "pod" => out.push_str(&format!("{}    phase: Failed\n    reason: {reason}\n", scalar("    ", message))),
            _ => {}
        }
    }
    if !containers.is_empty() {
        out.push_str("    containerStatuses:\n    - image: taskflow-backend:1.0.0\n");
    }
    for (at, message, reason) in containers {
        let (part, key) = if *at == "waiting" { ("state", "waiting") } else { ("lastState", "terminated") };
        out.push_str(&format!("      {part}:\n        {key}:\n"));
        if *key == *"terminated" {
            out.push_str("          exitCode: 137\n");
        }
        if !message.is_empty() {
            out.push_str(&scalar("          ", message));
        }
        out.push_str(&format!("          reason: {reason}\n"));
    }
    out.push_str("kind: List\n");
    out
}

/// `message:` as go-yaml writes it: quoted where it has to be, folded at blanks behind the 80th column.
fn scalar(indent: &str, text: &str) -> String {
    if text.contains('\n') {
        let body: String = text.lines().map(|line| format!("{indent}  {line}\n")).collect();
        return format!("{indent}message: |-\n{body}");
    }
    let quoted = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']);
    let (quote, text) = if quoted { ("'", text.replace('\'', "''")) } else { ("", text.to_owned()) };
    let mut out = format!("{indent}message: {quote}");
    let mut column = out.len();
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 && column > 80 {
            out.push_str(&format!("\n{indent}  "));
            column = indent.len() + 2;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out.push_str(quote);
    out.push('\n');
    out
}

/// The log of an app that met it, in the ways in which apps write.
fn logs(cause: &Cause, text: &str) -> Vec<(&'static str, Vec<Document>)> {
    let trace = format!(
        "INFO:     Waiting for application startup.\nTraceback (most recent call last):\n  File \"/usr/local/lib/python3.12/site-packages/psycopg2/__init__.py\", line 122, in connect\n    conn = _connect(dsn, connection_factory=connection_factory, **kwasync)\npsycopg2.OperationalError: {text}\n\nERROR:    Application startup failed. Exiting.\n"
    );
    let json = serde_json::json!({"level": "ERROR", "message": format!("startup failed: psycopg2.OperationalError: {text}\n")});
    let message = text.lines().map(str::to_owned).collect::<Vec<_>>().join("\n");
    let described = format!(
        "Name:             {POD}\nNamespace:        default\nNode:             minikube/192.168.49.2\nStatus:           Running\nContainers:\n  backend:\n    State:          Waiting\n      Reason:       CrashLoopBackOff\n    Last State:     Terminated\n      Reason:       Error\n      Message:      psycopg2.OperationalError: {message}\n\n      Exit Code:    3\n    Ready:          False\n    Restart Count:  4\nEvents:          <none>\n"
    );
    vec![
        ("log", vec![call(&cause.call, false, trace.clone())]),
        ("psql", vec![call(&cause.call, false, format!("psql: error: {text}\n"))]),
        ("psycopg 3", vec![call(&cause.call, false, format!("psycopg.OperationalError: connection failed: {text}\n"))]),
        ("json log", vec![call(&cause.call, false, format!("{json}\n"))]),
        ("session", vec![paste("session.txt", format!("$ {}\n{trace}", cause.call))]),
        ("terminated", vec![call(&format!("kubectl describe pod {POD}"), false, described)]),
    ]
}

/// A tool's standard error: known by its call, and pasted from the shell of the system.
fn calls(cause: &Cause, wording: &Wording, text: &str) -> Vec<(&'static str, Vec<Document>)> {
    let before = if wording.before.is_empty() { String::new() } else { format!("{}\n", wording.before) };
    let text = format!("{before}{text}\n");
    let mut screens = vec![("call", vec![call(&cause.call, true, text.clone())])];
    if wording.os.as_deref() != Some("windows") {
        screens.push((
            "session",
            vec![paste("session.txt", format!("dev@laptop:~/app$ {}\n{text}dev@laptop:~/app$ \n", cause.call))],
        ));
        screens.push(("file", vec![paste("error.txt", text.clone())]));
    }
    if wording.os.as_deref() != Some("unix") {
        let session = format!("PS C:\\app> {}\n{text}PS C:\\app> \n", cause.call).replace('\n', "\r\n");
        screens.push(("PowerShell", vec![paste("session.txt", session.clone())]));
        let mut utf16 = vec![0xFF, 0xFE];
        utf16.extend(session.encode_utf16().flat_map(u16::to_le_bytes));
        screens.push(("UTF-16", vec![Document { text: utf16, ..paste("session.txt", String::new()) }]));
    }
    screens
}

/// Rows under each other, as a tabwriter sets them: three blanks between, none behind the last cell.
pub(crate) fn aligned<S: AsRef<str>>(rows: &[Vec<S>], indent: &str) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.as_ref().chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let gap = if indent.is_empty() { 3 } else { 2 };
    let mut out = String::new();
    for row in rows {
        out.push_str(indent);
        for (column, cell) in row.iter().enumerate() {
            let cell = cell.as_ref();
            let last = column + 1 == row.len();
            let room = if last { 0 } else { widths.get(column).copied().unwrap_or(0) + gap };
            out.push_str(&format!("{cell:room$}"));
        }
        out.push('\n');
    }
    out
}

/// What a call printed.
fn call(command: &str, is_stderr: bool, text: String) -> Document {
    let argv = command.split(' ').map(str::to_owned).collect();
    Document { file: command.to_owned(), argv, is_stderr, text: text.into_bytes() }
}

/// A file of which nothing is known but its text.
fn paste(file: &str, text: String) -> Document {
    Document { file: file.to_owned(), text: text.into_bytes(), ..Document::default() }
}
