use super::*;
use proptest::prelude::*;

/// Cuts every line at `width` letters.
fn cut(text: &str, width: usize) -> String {
    let cut = |line: &str| {
        let letters: Vec<char> = line.chars().collect();
        letters.chunks(width).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// Breaks every line at blanks, as an editor does.
fn fold(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut here = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if here > 0 && here + 1 + length > width {
                out.push('\n');
                here = 0;
            } else if here > 0 {
                out.push(' ');
                here += 1;
            }
            out.push_str(word);
            here += length;
        }
        out.push('\n');
    }
    out
}

/// The text with its joins made.
fn joined(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let bytes: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    let mut out = String::new();
    let mut glue = None;
    let found = joins(&bytes);
    for (index, line) in lines.iter().enumerate() {
        match glue {
            Some(glue) => {
                out.push_str(glue);
                out.push_str(line.trim_start());
            }
            None => out.push_str(line),
        }
        glue = found.iter().find(|join| join.line == index).map(|join| join.glue);
        if glue.is_none() {
            out.push('\n');
        } else {
            out.truncate(out.trim_end().len());
        }
    }
    out.trim_end().to_owned()
}

const LOG: &str = "\
2024-05-01T10:00:00Z ERROR could not connect to the database at db.shop.svc.cluster.local port 5432, will try again in a while
2024-05-01T10:00:05Z ERROR password authentication failed for user \"shop\", the password that was given is not that of the server
2024-05-01T10:00:06Z INFO waiting
2024-05-01T10:00:07Z ERROR giving up: after 3 attempts there is still no connection, and the pool was closed by its owner at last";

const EVENTS: &str = "\
LAST SEEN   TYPE      REASON      OBJECT      MESSAGE
5s          Warning   Failed      pod/web-1   Failed to pull image \"shop/web:9\": rpc error: code = NotFound desc = failed to resolve reference \"docker.io/shop/web:9\"
7s          Warning   BackOff     pod/web-1   Back-off pulling image \"shop/web:9\": ErrImagePull: the reference was not found in the registry that was asked for it
9s          Warning   Unhealthy   pod/web-2   Readiness probe failed: Get \"http://10.1.0.4:8000/health\": dial tcp 10.1.0.4:8000: connect: connection refused";

/// Without the blanks at which a line was cut, which nobody can know of.
fn tight(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn what_a_terminal_cut_is_whole_again() {
    for text in [LOG, EVENTS] {
        for width in [60, 64, 72, 77, 80, 90, 96, 100] {
            let wrapped = cut(text, width);
            let whole = joined(&wrapped);
            assert_ne!(wrapped, whole, "{width}");
            assert_eq!(
                whole.lines().map(tight).collect::<Vec<_>>(),
                text.lines().map(tight).collect::<Vec<_>>(),
                "{width}"
            );
        }
    }
    // Cut inside words, nothing stands between the halves.
    assert!(joined(&cut(LOG, 72)).contains("password authentication failed for user \"shop\""));
}

#[test]
fn a_console_pads_its_lines() {
    let padded: String = cut(LOG, 80).lines().map(|line| format!("{line:80}\n")).collect();
    assert_eq!(joined(&padded).lines().map(tight).collect::<Vec<_>>(), LOG.lines().map(tight).collect::<Vec<_>>());
}

#[test]
fn what_an_editor_folded_is_whole_again() {
    let message = "the release could not be upgraded because one of its deployments never became ready: the image that it \
names was not found in the registry, so the pods wait and the deadline of the rollout passed without one of them being \
available, which is why the hook that migrates the database was not even started and the revision was marked as failed.";
    let wrapped = fold(message, 72);
    assert!(wrapped.lines().count() > 4);
    assert_eq!(joined(&wrapped), message);
}

#[test]
fn a_message_goes_on_below_itself() {
    let text = "\
LAST SEEN   TYPE      REASON      OBJECT      MESSAGE
5s          Warning   Failed      pod/web-1   Failed to pull image
                                              \"shop/web:9\": not
                                              found
7s          Warning   BackOff     pod/web-1   Back-off pulling image";
    let whole = joined(text);
    assert!(whole.contains("Failed to pull image \"shop/web:9\": not found\n7s "), "{whole}");
}

#[test]
fn one_message_is_enough_when_each_break_has_a_reason() {
    let event = "  Warning  FailedMount  14s (x8 over 82s)  kubelet  MountVolume.SetUp failed for volume \"data\" : the \
claim is not bound, and the driver that would have to provision it is not registered on this node at all";
    let wrapped = fold(event, 78);
    assert!(wrapped.lines().count() >= 3);
    assert_eq!(tight(&joined(&format!("Events:\n{wrapped}Volumes:\n"))), tight(&format!("Events: {event} Volumes:")));
    assert_eq!(joined(&wrapped).lines().count(), 1);
    // A browser's console, copied with the blanks at its breaks.
    let console = "Access to fetch at 'http://api.shop.test:8000/items' from \n\
origin 'http://shop.test:3000' has been blocked \n\
by CORS policy: No header is present on the resource.\n\
And now I do not know what to do.";
    assert_eq!(joined(console).lines().count(), 2);
    // What a person wrote below it is not the message.
    let told = "Error: UPGRADE FAILED: context deadline exceeded, and nothing more than that\nWhat can I do?\nThanks.";
    assert_eq!(joined(told), told);
}

#[test]
fn texts_that_nobody_wrapped_stay_as_they_are() {
    let repeated = "waiting for the database to become available....\n".repeat(20);
    let numbered: String =
        (0..20).map(|n| format!("waiting for the database to come up, attempt {n:02} of 20\n")).collect();
    let requests: String =
        (10..60).map(|n| format!("10.1.0.{n} - - \"GET /health HTTP/1.1\" 200 OK, in {n}ms, 12 bytes\n")).collect();
    let hex: String = (0..20)
        .map(|n| {
            format!("{:08x}  7f 45 4c 46 02 01 01 00  00 00 00 00 00 00 00 0{}  |.ELF............|\n", n * 16, n % 10)
        })
        .collect();
    let base64: String = (0..20)
        .map(|n| format!("{}\n", "QUJDREVGR0hJSktM".repeat(4).replace('Q', if n % 2 == 0 { "x" } else { "y" })))
        .collect();
    for (name, text) in [
        ("one line again and again", repeated.as_str()),
        ("lines of one length", &numbered),
        ("requests", &requests),
        ("a dump", &hex),
        ("base64", &base64),
        (
            "a table",
            "NAME      READY   STATUS             RESTARTS      AGE     NODE
web-1-x   0/1     CrashLoopBackOff   5 (17s ago)   4m20s   node-1
web-2-x   1/1     Running            0             4m20s   node-2
web-3-x   1/1     Running            0             4m20s   node-3
web-4-x   1/1     Running            0             4m20s   node-4
web-5-x   1/1     Running            0             4m20s   node-5",
        ),
        (
            "other rows",
            "NAME           TYPE        CLUSTER-IP      EXTERNAL-IP   PORT(S)    AGE
kubernetes     ClusterIP   10.96.0.1       <none>        443/TCP    50d
shop-backend   ClusterIP   10.96.100.201   <none>        8000/TCP   50d
shop-cache-0   ClusterIP   10.96.100.202   <none>        6379/TCP   50d
shop-frontend  ClusterIP   10.96.100.203   <none>        3000/TCP   50d",
        ),
        (
            "code",
            "fn main() {
    let first = connect(&settings.database.url, Duration::from_secs(30))?;
    let other = connect(&settings.replica_.url, Duration::from_secs(30))?;
    for attempt in 0..settings.attempts.unwrap_or(3).clamp(1, 10).max(2) {
        if let Err(error) = first.ping(attempt, Duration::from_secs(1)) {
            return Err(error);
        }
    }
}",
        ),
        (
            "ragged prose",
            "I upgraded the chart this morning.
Since then the backend does not start any more.
I tried to roll back, which did not help, and I also deleted the pods.
Does somebody know what this could be?
The values did not change at all, only the tag of the image did.
Thanks for reading!",
        ),
        (
            "a describe",
            "Name:             shop-backend-7d4b9cf56d-x2x4z
Namespace:        default
Priority:         0
Service Account:  default
Node:             minikube/192.168.49.2
Start Time:       Wed, 01 May 2024 10:00:00 +0000
Containers:
  app:
    Image:         shop/backend:9
    State:          Waiting
      Reason:       CrashLoopBackOff",
        ),
        (
            "a traceback",
            "Traceback (most recent call last):
  File \"/usr/local/lib/python3.12/site-packages/app/main.py\", line 12, in start
    engine = create_engine(settings.database_url, pool_pre_ping=True, echo=False)
  File \"/usr/local/lib/python3.12/site-packages/app/main.py\", line 34, in check
    connection = await engine.connect(timeout=settings.timeout, retries=settings)
sqlalchemy.exc.OperationalError: connection refused",
        ),
        (
            "yaml",
            "env:
  - name: DATABASE_URL
    value: postgresql://shop:shop@db.default.svc.cluster.local:5432/shop
  - name: REDIS_URL
    value: redis://cache.default.svc.cluster.local:6379/0
  - name: ORIGINS
    value: https://shop.example.com,https://admin.example.com",
        ),
        ("a log", LOG),
        ("events", EVENTS),
        ("nothing", ""),
    ] {
        let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
        assert_eq!(joins(&lines), [], "{name}");
    }
}

proptest! {
    #[test]
    fn only_what_was_cut_is_joined(
        records in prop::collection::vec(prop::collection::vec("[a-z]{1,12}", 1..40), 1..12), width in 40_usize..120,
    ) {
        let text: Vec<String> = records.iter().map(|words| format!("2024-05-01T10:00:00Z ERROR {}", words.join(" "))).collect();
        let wrapped = cut(&text.join("\n"), width);
        let lines: Vec<&[u8]> = wrapped.lines().map(str::as_bytes).collect();
        for join in joins(&lines) {
            prop_assert!(!lines[join.line + 1].starts_with(b"2024"));
        }
    }

    /// Records without a blank are always cut in the middle of a word, at one width.
    #[test]
    fn every_line_of_a_log_that_was_cut_is_whole_again(
        records in prop::collection::vec("q[a-z]{150,260}", 4..9), width in 60_usize..90,
    ) {
        let text: Vec<String> = records.iter().map(|word| format!("2024-05-01T10:00:00Z ERROR {word}")).collect();
        let whole = joined(&cut(&text.join("\n"), width));
        prop_assert_eq!(whole.lines().map(tight).collect::<Vec<_>>(), text.iter().map(|line| tight(line)).collect::<Vec<_>>());
    }

    #[test]
    fn any_lines_have_joins_or_none(text in prop::collection::vec(any::<u8>(), 0..600), folded in "(a|é| |Warning|\n| {40}|[a-z]{1,9}){0,80}") {
        for text in [&text[..], folded.as_bytes()] {
            let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            let found = joins(&lines);
            prop_assert!(found.iter().all(|join| join.line + 1 < lines.len()));
            prop_assert!(found.windows(2).all(|pair| pair[0].line < pair[1].line));
        }
    }
}
