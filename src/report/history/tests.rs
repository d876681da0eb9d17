use super::*;
use crate::port::Reporter;
use crate::report::jsonl::Jsonl;
use crate::report::samples::{self, lines};
use proptest::prelude::*;

fn journal(events: &[Event]) -> Vec<u8> {
    let mut to = Jsonl::new(Vec::new());
    events.iter().for_each(|event| to.event(event).unwrap());
    to.into_inner()
}

#[test]
fn a_journal_reads_back_as_it_was_told() {
    let events = samples::rollback();
    let read = Journal::read(&journal(&events));
    assert_eq!(read, Journal { events: events.clone(), ..Journal::default() });
    let row = read.row().unwrap();
    assert_eq!((row.outcome, row.exit_code, row.took_ms), (Some(RunOutcome::Failed), Some(1), 14_000));
}

#[test]
fn a_torn_tail_is_dropped_and_a_strange_line_is_counted() {
    let mut bytes = journal(&samples::rollback());
    bytes.truncate(bytes.len() - 3);
    let mut strange = b"{\"type\":\"from-the-future\"}\n\xff\n\n".to_vec();
    strange.extend(bytes);
    let read = Journal::read(&strange);
    assert!(read.torn);
    assert_eq!(read.unknown, 2);
    assert_eq!(read.events.len(), samples::rollback().len() - 1);
    let row = read.row().unwrap();
    assert_eq!((row.outcome, row.counts.ok, row.counts.failed), (None, 3, 1));
    let told = read.story(Look::plain(80), Verbosity::Quiet).err;
    assert!(
        told.ends_with(
            "     cut off  the journal ends here: the run was killed\n              \
             refloat rollback --resume\n"
        ),
        "{told}"
    );
}

#[test]
fn what_tools_printed_is_not_needed_to_know_what_was_done() {
    let bytes = journal(&samples::rollback());
    let (whole, steps) = (Journal::read(&bytes), Journal::read_steps(&bytes));
    assert!(steps.events.len() < whole.events.len());
    assert_eq!(steps.row(), whole.row());
}

fn rows() -> Vec<Row> {
    let whole = Journal::read(&journal(&samples::status())).row().unwrap();
    let bytes = journal(&samples::rollback());
    let torn = Journal::read(&bytes[..bytes.len() - 9]).row().unwrap();
    vec![torn, Row { run: "20260921-2".into(), replay: Some("x.jsonl".into()), ..whole }]
}

#[test]
fn runs_as_a_table() {
    let expected = r"
run         task      outcome          took  steps
20260921-1  rollback  cut off          13s   3 ok, 1 failed
20260921-2  status    done (replayed)  6.0s  1 ok
";
    assert_eq!(text(&rows(), &Look::plain(100)), lines(expected));
    assert_eq!(text(&[], &Look::plain(80)), "no runs yet\n");
    assert_eq!(last_run(&rows()[1]), "status (replayed): done, 2026-09-21 14:13:20Z");
}

#[test]
fn a_run_is_one_line_where_that_fits_and_its_id_is_never_broken() {
    let [torn, whole] = <[Row; 2]>::try_from(rows()).unwrap();
    let run =
        |task: &str, row: &Row| Row { run: format!("20260921-141320-123-{task}"), task: task.into(), ..row.clone() };
    let mut long = run("investigate-database", &torn);
    long.counts = Counts { ok: 12, failed: 1, skipped: 3, not_run: 14, ..Counts::default() };
    long.replay = Some("x.jsonl".into());
    let rows = [long, run("status", &whole)];
    let expected = r"
run                                       outcome             took  steps
20260921-141320-123-investigate-database  cut off (replayed)  13s   12 ok, 1 failed, 3 skipped, 1...
20260921-141320-123-status                done (replayed)     6.0s  1 ok
";
    assert_eq!(text(&rows, &Look::plain(100)), lines(expected));
    let expected = r"
20260921-141320-123-investigate-database
  cut off (replayed)  13s
  12 ok, 1 failed, 3 skipped, 14 not run
20260921-141320-123-status
  done (replayed)  6.0s  1 ok
";
    assert_eq!(text(&rows, &Look::plain(40)), lines(expected));
    for width in 0..120 {
        let told = text(&rows, &Look::plain(width));
        assert!(rows.iter().all(|row| told.lines().any(|line| line.starts_with(&row.run))), "{width}: {told}");
    }
}

#[test]
fn runs_as_data() {
    let data = json(&rows());
    assert_eq!(data["runs"][0]["outcome"], Value::Null);
    assert_eq!(
        data["runs"][1].to_string(),
        r#"{"at":1790000000000,"counts":{"failed":0,"not_run":0,"ok":1,"skipped":0},"evidence":null,"exit_code":0,"outcome":"done","replay":"x.jsonl","run":"20260921-2","running":false,"task":"status","took_ms":6000}"#
    );
}

proptest! {
    /// Whatever is left of a journal, the whole lines of it are read.
    #[test]
    fn cut_anywhere(at in 0usize..4000) {
        let bytes = journal(&samples::rollback());
        let left = &bytes[..at.min(bytes.len())];
        let read = Journal::read(left);
        prop_assert_eq!(read.events.len(), left.iter().filter(|byte| **byte == b'\n').count());
        prop_assert_eq!(read.torn, left.last().is_some_and(|byte| *byte != b'\n'));
        prop_assert_eq!(read.unknown, 0);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let read = Journal::read(&bytes);
        let _ = (read.row(), read.story(Look::plain(20), Verbosity::Verbose));
    }
}
