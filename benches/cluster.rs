//! The evidence of a large cluster, made up: the same bytes every time.

use refloat::model::finding::Document;
use std::fmt::Write as _;

/// A small generator of numbers (Knuth's): enough to make lines differ.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let index = usize::try_from(self.below(texts.len() as u64)).unwrap_or_default();
        texts.get(index).copied().unwrap_or_default()
    }
}

/// What a database that refuses its client leaves in logs.
const FAULTS: [&str; 4] = [
    "psycopg2.OperationalError: connection to server at \"postgres\" (10.96.3.4), port 5432 failed: FATAL:  password authentication failed for user \"taskflow\"",
    "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) FATAL:  password authentication failed for user \"taskflow\"",
    "asyncpg.exceptions.InvalidPasswordError: password authentication failed for user \"taskflow\"",
    "2026-11-23 01:51:20.001 UTC [71] FATAL:  password authentication failed for user \"taskflow\"",
];

const PATHS: [&str; 6] =
    ["/api/tasks", "/api/health", "/api/users/42", "/static/app.9f3a.js", "/api/auth/session", "/metrics"];

/// A line of one of twelve kinds of logs, none of them telling anything.
fn line(kind: u64, numbers: &mut Numbers, out: &mut String) {
    let (a, b, path) = (numbers.below(250), numbers.below(60_000), numbers.pick(&PATHS));
    let (second, milli) = (numbers.below(60), numbers.below(1000));
    let at = format!("2026-11-23T01:51:{second:02}.{milli:03}Z");
    let written = match kind {
        0 => writeln!(out, "INFO:     10.244.0.{a}:{b} - \"GET {path} HTTP/1.1\" 200 OK"),
        1 => writeln!(
            out,
            "10.244.0.{a} - - [23/Nov/2026:01:51:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 {b} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\""
        ),
        2 => writeln!(
            out,
            "{{\"level\":\"info\",\"time\":\"{at}\",\"msg\":\"request completed\",\"req\":{{\"method\":\"GET\",\"url\":\"{path}\"}},\"responseTime\":{milli}}}"
        ),
        3 => writeln!(
            out,
            "I1123 01:51:{second:02}.{milli:03}001       1 controller.go:{a}] \"Finished syncing\" key=\"default/item-{b}\" duration=\"{milli}µs\""
        ),
        4 => writeln!(out, "{at} INFO  [worker-{a}] task {b} done in {milli} ms, 0 errors"),
        5 => writeln!(out, "2026-11-23 01:51:{second:02},{milli:03} INFO [taskflow] user {b} listed {a} tasks"),
        6 => writeln!(
            out,
            "2026-11-23 01:51:{second:02}.{milli:03} UTC [{a}] LOG:  checkpoint complete: wrote {b} buffers (0.3%)"
        ),
        7 => writeln!(out, "time=\"{at}\" level=info msg=\"sync {path}\" component=agent items={b}"),
        8 => writeln!(out, "[{at}] DEBUG cache hit key=session:{b} ttl={a}s"),
        9 => writeln!(out, "{at} stdout F GET {path} 200 in {milli}ms"),
        10 => writeln!(out, " ✓ Compiled {path} in {milli}ms ({b} modules)"),
        _ => writeln!(out, "{b}:M 23 Nov 2026 01:51:{second:02}.{milli:03} * {a} changes in 300 seconds. Saving..."),
    };
    debug_assert!(written.is_ok());
}

/// A log of so many bytes; every `each`th line is telling, none for 0.
pub(crate) fn log(file: &str, bytes: usize, each: u64) -> Document {
    let mut numbers = Numbers(7);
    let mut text = String::with_capacity(bytes + 400);
    for index in 1.. {
        if text.len() >= bytes {
            break;
        }
        if each > 0 && index % each == 0 {
            text.push_str(numbers.pick(&FAULTS));
            text.push('\n');
        } else {
            let kind = numbers.below(12);
            line(kind, &mut numbers, &mut text);
        }
    }
    Document { file: file.to_owned(), text: text.into_bytes(), ..Document::default() }
}

fn suffix(mut number: u64, len: usize) -> String {
    let letters = b"bcdfghjklmnpqrstvwxz2456789";
    (0..len)
        .map(|_| {
            let letter = usize::try_from(number % 27).unwrap_or_default();
            number /= 27;
            char::from(letters.get(letter).copied().unwrap_or(b'b'))
        })
        .collect()
}

/// Tables, describes, events and logs of so many pods, about so many bytes. One workload of them, the
/// backend, has no database; a few others had something once.
pub(crate) fn evidence(pods: u64, bytes: usize) -> Vec<Document> {
    let mut numbers = Numbers(11);
    let name = |index: u64| match index % 1000 {
        500 => format!("taskflow-backend-854759d849-{}", suffix(index * 7919 + 12_345, 5)),
        _ => format!("service-{:03}-7d9c8b6f5-{}", index % 400, suffix(index * 7919 + 12_345, 5)),
    };
    let fails = |index: u64| index % 1000 == 500;
    let mut table = format!("{:<40} READY   STATUS             RESTARTS      AGE\n", "NAME");
    let mut events =
        "LAST SEEN   TYPE      REASON      OBJECT                                        MESSAGE\n".to_owned();
    let mut documents = Vec::new();
    for index in 0..pods {
        let pod = name(index);
        let _ = match (fails(index), index % 50) {
            (true, _) => writeln!(table, "{pod:<40} 0/1     CrashLoopBackOff   6 (17s ago)   9m"),
            (false, 3) => writeln!(table, "{pod:<40} 0/1     Completed          0             3h"),
            (false, 7) => writeln!(table, "{pod:<40} 1/1     Running            1 (30d ago)   45d"),
            _ => writeln!(table, "{pod:<40} 1/1     Running            0             9d"),
        };
        let object = format!("pod/{pod}");
        let _ = if fails(index) {
            writeln!(
                events,
                "17s         Warning   BackOff     {object:<45} Back-off restarting failed container backend in pod {pod}_default(1b)"
            )
        } else {
            writeln!(
                events,
                "52m         Normal    Scheduled   {object:<45} Successfully assigned default/{pod} to node-{}",
                index % 40
            )
        };
        if index % 4 == 0 {
            documents.push(described(&pod, fails(index)));
        }
    }
    documents.insert(0, call("kubectl get pods", table));
    documents.insert(1, call("kubectl get events", events));
    let used: usize = documents.iter().map(|document| document.text.len()).sum();
    let share = bytes.saturating_sub(used) / 100;
    for index in 0..100 {
        let pod = name(index * pods / 100);
        let mut text = String::with_capacity(share + 400);
        let kind = index % 12;
        while text.len() < share {
            line(kind, &mut numbers, &mut text);
        }
        if fails(index * pods / 100) {
            text.push_str("Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n");
            text.push_str(FAULTS[0]);
            text.push_str("\n\nERROR:    Application startup failed. Exiting.\n");
        }
        documents.push(call(&format!("kubectl logs {pod}"), text));
    }
    documents
}

fn described(pod: &str, fails: bool) -> Document {
    let (state, ready, restarts) = if fails {
        (
            "Waiting\n      Reason:       CrashLoopBackOff\n    Last State:     Terminated\n      Reason:       Error\n      Exit Code:    3",
            "False",
            6,
        )
    } else {
        ("Running\n      Started:      Mon, 23 Nov 2026 01:50:41 +0000", "True", 0)
    };
    let event = if fails {
        format!(
            "  Warning  BackOff  17s (x9 over 9m)  kubelet  Back-off restarting failed container backend in pod {pod}_default(1b)\n"
        )
    } else {
        format!(
            "  Normal  Pulled   52m  kubelet  Container image \"web:1.0.0\" already present on machine\n  Normal  Started  52m  kubelet  Started container {pod}\n"
        )
    };
    let text = format!(
        "Name:             {pod}\nNamespace:        default\nPriority:         0\nService Account:  default\nNode:             minikube/192.168.49.2\n\
         Labels:           app=web\nStatus:           Running\nIP:               10.244.0.36\nContainers:\n  backend:\n    Image:          web:1.0.0\n    \
         Port:           8000/TCP\n    State:          {state}\n    Ready:          {ready}\n    Restart Count:  {restarts}\n    Limits:\n      memory:  256Mi\n    \
         Environment:    <none>\nConditions:\n  Type              Status\n  Initialized       True \n  Ready             {ready} \nQoS Class:                   Burstable\n\
         Events:\n  Type    Reason   Age  From     Message\n  ----    ------   ---- ----     -------\n{event}"
    );
    call(&format!("kubectl describe pod {pod}"), text)
}

fn call(command: &str, text: String) -> Document {
    let argv = command.split(' ').map(str::to_owned).collect();
    Document { file: command.to_owned(), argv, is_stderr: false, text: text.into_bytes() }
}
