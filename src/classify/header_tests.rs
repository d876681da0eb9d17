use super::*;
use proptest::prelude::*;

fn pods(text: &str) -> Vec<Option<(String, String, String, u32)>> {
    let mut lines = text.lines();
    let header = Header::read(lines.next().unwrap()).unwrap();
    lines
        .map(|line| {
            let row = pod_row_under(&header, line)?;
            Some((row.name, format!("{}/{}", row.ready, row.total), row.status, row.restarts))
        })
        .collect()
}

fn row(name: &str, ready: &str, status: &str, restarts: u32) -> Option<(String, String, String, u32)> {
    Some((name.into(), ready.into(), status.into(), restarts))
}

#[test]
fn kinds_of_headers() {
    for (line, kind) in [
        ("NAME   READY   STATUS   RESTARTS   AGE", Kind::Pods),
        ("NAMESPACE  NAME  READY  STATUS  RESTARTS  AGE  IP  NODE  NOMINATED NODE  READINESS GATES", Kind::Pods),
        (" NAMESPACE\u{2191}  NAME  PF  READY  STATUS  RESTARTS  CPU  MEM  %CPU/R  IP  NODE  AGE", Kind::Pods),
        ("| NAME | READY | STATUS | RESTARTS | AGE |", Kind::Pods),
        ("NAME READY STATUS", Kind::Pods),
        ("NOMBRE   LISTO   ESTADO   REINICIOS   EDAD", Kind::Pods),
        ("名称      就绪   状态   重启   AGE", Kind::Pods),
        ("POD   PHASE   NODE", Kind::Pods),
        ("NAME                STATUS   REASON   RESTARTS", Kind::Pods),
        ("LAST SEEN   TYPE      REASON      OBJECT      MESSAGE", Kind::Events),
        ("NAMESPACE   LAST SEEN   TYPE      REASON      OBJECT      MESSAGE", Kind::Events),
        ("LAST SEEN  FIRST SEEN  COUNT  NAME  KIND  SUBOBJECT  TYPE  REASON  SOURCE  MESSAGE", Kind::Events),
        ("  Type     Reason     Age    From      Message", Kind::Events),
        ("  FirstSeen  LastSeen  Count  From  SubObjectPath  Type  Reason  Message", Kind::Events),
        ("REASON   MESSAGE", Kind::Events),
        ("NAME   STATUS   ROLES   AGE   VERSION", Kind::Other),
        ("NAME        STATUS   VOLUME   CAPACITY   ACCESS MODES   STORAGECLASS   AGE", Kind::Other),
        ("NAME  NAMESPACE  REVISION  UPDATED  STATUS  CHART  APP VERSION", Kind::Other),
    ] {
        assert_eq!(Header::read(line).map(|header| header.kind()), Some(kind), "{line}");
    }
    for line in
        ["ERROR IN THE NAME", "Name: web", "NAME", "The STATUS of READY", "GET / HTTP", "{\"NAME\"}", "", "A B C"]
    {
        assert_eq!(Header::read(line), None, "{line}");
    }
}

#[test]
fn rows_by_offset() {
    let table = "\
NAME        STATUS             RESTARTS     NODE
web-1       Running            0            node-1
web-2       CrashLoopBackOff   5            <none>
a-very-long CrashLoopBackOff   5            <none>
";
    assert_eq!(
        pods(table),
        [
            row("web-1", "0/0", "Running", 0),
            row("web-2", "0/0", "CrashLoopBackOff", 5),
            row("a-very-long", "0/0", "CrashLoopBackOff", 5)
        ]
    );
    let labels = "\
NAME    TIER    READY   STATUS    RESTARTS      AGE
web-1   front   0/1     Error     5 (17s ago)   4m
web-2           1/1     Running   0             4m
";
    assert_eq!(pods(labels), [row("web-1", "0/1", "Error", 5), row("web-2", "1/1", "Running", 0)]);
    let ready = "\
POD     READY        PHASE     RESTARTS
web-1   true,false   Running   0,7
web-2   <none>       Pending   <none>
";
    assert_eq!(pods(ready), [row("web-1", "1/2", "Running", 7), row("web-2", "0/0", "Pending", 0)]);
}

#[test]
fn shifted_rows_are_counted() {
    let table = "\
NAME STATUS RESTARTS NODE
web-with-a-long-name   Running   5 (17s ago)   node-1
web-2 Running
prose is not below its header
";
    assert_eq!(pods(table), [row("web-with-a-long-name", "0/0", "Running", 5), None, None]);
    let foreign = "\
ИМЯ     ГОТОВ   СТАТУС    ПЕРЕЗАПУСКИ   ВОЗРАСТ
web-1   0/1     Error     2             4m
";
    assert_eq!(pods(foreign), [row("web-1", "0/1", "Error", 2)]);
}

#[test]
fn events_without_a_type() {
    let header = Header::read("LAST SEEN   REASON       OBJECT      MESSAGE").unwrap();
    let line = "5s          FailedMount  pod/web-1   MountVolume.SetUp failed for x";
    let found = event_row_under(&header, line).unwrap();
    assert_eq!(
        (found.warning, found.reason.as_str(), found.object.as_str(), found.age),
        (true, "FailedMount", "pod/web-1", Some(5))
    );
    assert_eq!(&line[found.message..], "MountVolume.SetUp failed for x");
    let calm = event_row_under(&header, "5s          Pulled       pod/web-1   Container image is present").unwrap();
    assert!(!calm.warning);
    assert_eq!(event_row_under(&header, "and now something else"), None);
    assert_eq!(pod_row_under(&header, "web-1 0/1 Error 2 4m"), None);
}

proptest! {
    #[test]
    fn any_line_is_a_row_or_none(
        header in "([A-Z]{1,9}|NAME|READY|STATUS|RESTARTS|AGE|REASON|MESSAGE|LAST SEEN|名称| {1,5}|\\|){1,14}",
        line in "\\PC{0,80}", cells in "([a-z0-9-]{1,9}|0/1|Running|5|\\(5s ago\\)|é|[ |]{1,4}){0,16}",
    ) {
        if let Some(header) = Header::read(&header) {
            for line in [&line, &cells] {
                let _ = pod_row_under(&header, line);
                if let Some(row) = event_row_under(&header, line) {
                    prop_assert!(line.is_char_boundary(row.message));
                }
            }
        }
        let _ = Header::read(&line);
    }

    #[test]
    fn every_row_of_an_aligned_table_is_read(
        rows in prop::collection::vec(("[a-z][a-z0-9-]{0,18}[a-z]", prop::sample::select(vec!["Running", "Error", "Init:0/1"]), 0_u32..99, prop::option::of("[a-z]{1,6}")), 1..8),
    ) {
        let width = rows.iter().map(|row| row.0.len()).max().unwrap().max(4) + 3;
        let header = Header::read(&format!("{:width$}{:11}{:11}{:9}NODE", "NAME", "STATUS", "RESTARTS", "TIER")).unwrap();
        for (name, status, restarts, tier) in rows {
            let line = format!("{name:width$}{status:11}{restarts:<11}{:9}n", tier.unwrap_or_default());
            let found = pod_row_under(&header, &line).unwrap();
            prop_assert_eq!((found.name, found.status.as_str(), found.restarts), (name, status, restarts));
        }
    }
}
