use super::*;
use crate::model::command::Exit;
use crate::model::event::Event;
use crate::model::finding::{Diagnosis, Verdict};
use crate::report::samples::{self, Script, finished, lines, unicode};

pub(crate) fn tell(events: &[Event], look: Look, verbosity: Verbosity) -> Told {
    let mut story = Story::new(look, verbosity);
    let mut all = Told::default();
    for event in events {
        let told = story.tell(event);
        all.err.push_str(&told.err);
        all.out.push_str(&told.out);
    }
    all
}

#[test]
fn a_run_that_fails() {
    let told = tell(&samples::rollback(), Look::plain(80), Verbosity::Normal);
    assert_eq!(told.out, "");
    let expected = r"
    rollback  Roll the release back to the previous revision, or to REVISION
          ok  The release exists  0.1s
          ok  Save the evidence first > Pods  0.1s  -> failure-pods.txt
          ok  Save the evidence first > Events of the pod [taskflow.backend-0]
              0.2s  -> failure-events.txt
         ...  still running: Roll back, 1m 30s
      failed  Roll back  1m 35s  exited with code 1
              | Error: release: not found
         fix  refloat redeploy
      failed  rollback  3 ok, 1 failed  14s  exit code 1
        next  refloat diagnose
";
    assert_eq!(told.err, lines(expected));
}

#[test]
fn a_run_that_fails_in_unicode() {
    let told = tell(&samples::rollback(), unicode(80), Verbosity::Normal);
    let expected = r"
    rollback  Roll the release back to the previous revision, or to REVISION
        ✓ ok  The release exists  0.1s
        ✓ ok  Save the evidence first › Pods  0.1s  → failure-pods.txt
        ✓ ok  Save the evidence first › Events of the pod [taskflow.backend-0]
              0.2s  → failure-events.txt
         ...  still running: Roll back, 1m 30s
    ✗ failed  Roll back  1m 35s  exited with code 1
              │ Error: release: not found
         fix  refloat redeploy
    ✗ failed  rollback  3 ok, 1 failed  14s  exit code 1
        next  refloat diagnose
";
    assert_eq!(told.err, lines(expected));
}

#[test]
fn a_run_that_fails_in_a_narrow_place() {
    let told = tell(&samples::rollback(), Look::plain(30), Verbosity::Normal);
    let expected = r"
rollback  Roll the release
  back to the previous
  revision, or to REVISION
ok  The release exists  0.1s
ok  Save the evidence first >
  Pods  0.1s
  -> failure-pods.txt
ok  Save the evidence first >
  Events of the pod
  [taskflow.backend-0]  0.2s
  -> failure-events.txt
...  still running: Roll back,
  1m 30s
failed  Roll back  1m 35s
  exited with code 1
  | Error: release: not found
fix  refloat redeploy
failed  rollback
  3 ok, 1 failed  14s
  exit code 1
next  refloat diagnose
";
    assert_eq!(told.err, lines(expected));
}

#[test]
fn quiet_tells_failures_only() {
    let told = tell(&samples::rollback(), Look::plain(80), Verbosity::Quiet);
    let expected = r"
      failed  Roll back  1m 35s  exited with code 1
              | Error: release: not found
         fix  refloat redeploy
      failed  rollback  3 ok, 1 failed  14s  exit code 1
        next  refloat diagnose
";
    assert_eq!(told.err, lines(expected));
}

#[test]
fn verbose_tells_calls_and_output_once() {
    let told = tell(&samples::rollback(), Look::plain(80), Verbosity::Verbose);
    let expected = r"
    rollback  Roll the release back to the previous revision, or to REVISION
       start  The release exists  helm status taskflow
          ok  The release exists  0.1s
       start  Save the evidence first
       start  Save the evidence first > Pods  kubectl get pods
              | taskflow-backend-0   0/1
          ok  Save the evidence first > Pods  0.1s  -> failure-pods.txt
       start  Save the evidence first > Events of the pod [taskflow.backend-0]
              kubectl describe pod 'a b'
          ok  Save the evidence first > Events of the pod [taskflow.backend-0]
              0.2s  -> failure-events.txt
          ok  Save the evidence first  0.4s
       start  Roll back  helm rollback taskflow
         ...  still running: Roll back, 1m 30s
              | Error: release: not found
      failed  Roll back  1m 35s  exited with code 1
         fix  refloat redeploy
      failed  rollback  3 ok, 1 failed  14s  exit code 1
        next  refloat diagnose
";
    assert_eq!(told.err, lines(expected));
}

#[test]
fn an_answer_goes_to_standard_output_and_its_warnings_do_not() {
    let told = tell(&samples::status(), Look::plain(80), Verbosity::Normal);
    assert_eq!(told.out, "NAME   READY\na\tb[2J\n");
    let expected = r"
      status  What runs
        show  Pods
              | Warning: old client
        done  status  1 ok  6.0s
";
    assert_eq!(told.err, lines(expected));
    let quiet = tell(&samples::status(), Look::plain(80), Verbosity::Quiet);
    assert_eq!((quiet.err.as_str(), quiet.out), ("", told.out));
}

#[test]
fn what_else_may_befall_a_step() {
    let retry = |why: &str| EventKind::StepRetry { step: "1".into(), attempt: 1, wait_ms: 3000, why: why.into() };
    let mut dropped = finished("3", "Logs", Status::FailedAllowed, 61_000);
    if let EventKind::StepFinished { dropped, leaked, exit, note, .. } = &mut dropped {
        *dropped = 5_000_000;
        *leaked = true;
        *exit = Some(Exit::Signal(9));
        *note = Some("no line matched".into());
    }
    let events = Script::default()
        .start("1", "Wait", "run", &["kubectl"])
        .add(retry("not yet: 0/1"))
        .add(retry("not yet: 0/1"))
        .add(retry("not yet: 1/1"))
        .add(finished("1", "Wait", Status::AlreadyDone, 4_000_000))
        .add(EventKind::StepSkipped { step: "2".into(), name: "Load".into(), why: "the image is there".into() })
        .start("3", "Logs", "run", &["kubectl"])
        .add(dropped)
        .add(EventKind::Notice { text: "Ctrl-C again stops at once".into(), urgent: false })
        .add(finished("4", "Roll\nback\u{1b}[2J", Status::Interrupted, 0))
        .finish(RunOutcome::Refused, 4, [0, 1, 0, 3], &[])
        .0;
    let expected = r"
       retry  Wait  attempt 2 in 3.0s  not yet: 0/1
       retry  Wait  attempt 2 in 3.0s  not yet: 1/1
  already ok  Wait  1h 06m
        skip  Load  the image is there
      failed  Logs  1m 01s  was ended by signal 9 (SIGKILL)  no line matched
              going on: it may fail  4 MiB of output not kept
              left a process running that holds its output open
        note  Ctrl-C again stops at once
     stopped  Roll\u{a}back\u{1b}[2J  0.0s
     refused  run  nothing was changed  1 failed, 3 not run  10s  exit code 4
";
    assert_eq!(tell(&events, Look::plain(80), Verbosity::Normal).err, lines(expected));
}

#[test]
fn a_cause_that_is_named_is_no_good_news() {
    let diagnosed = |diagnosis: Diagnosis, note: &str| {
        let mut end = finished("1", "Name the cause", Status::Ok, 10);
        if let EventKind::StepFinished { note: noted, .. } = &mut end {
            *noted = Some(note.into());
        }
        let script = Script::default().start("1", "Name the cause", "diagnose", &[]);
        let script = script.add(EventKind::Diagnosed { diagnosis }).add(end);
        let script = script.finish(RunOutcome::Findings, 3, [1, 0, 0, 0], &[]);
        tell(&script.0, Look::plain(100), Verbosity::Normal).err
    };
    let told = diagnosed(samples::database_auth(), "1 root cause, named above");
    assert!(told.contains("\n       found  Name the cause  0.0s  1 root cause, named above\n"), "{told}");
    assert!(told.contains("\n       found  run  the cause is named above  1 ok"), "{told}");
    let told = diagnosed(Diagnosis::naming_nothing(Verdict::Unclassified), "no symptom");
    assert!(told.contains("\n       found  Name the cause"), "{told}");
    assert!(told.contains("\n       found  run  something is wrong that no symptom names  1 ok"), "{told}");
    let told = diagnosed(Diagnosis::naming_nothing(Verdict::Healthy), "nothing found");
    assert!(told.contains("\n          ok  Name the cause  0.0s  nothing found\n"), "{told}");
}

#[test]
fn what_a_failed_check_found_stands_once() {
    let check = |why: &str, exit: Exit, says: &[&str]| {
        let mut kind = finished("r1", "The release exists", Status::Failed, 10);
        if let EventKind::StepFinished { note, exit: ended, tail, .. } = &mut kind {
            (*note, *ended, *tail) = (Some(why.into()), Some(exit), samples::strings(says));
        }
        tell(&Script::default().add(kind).0, Look::plain(100), Verbosity::Normal).err
    };
    let missing = "the recording `r.jsonl` holds no call `helm status`";
    let told = check(&format!("could not ask: {missing}"), Exit::NotStarted(missing.into()), &[]);
    assert_eq!(told, format!("      failed  The release exists  0.0s\n              could not ask: {missing}\n"));
    let gone = "Error: release: not found";
    let told = check(&format!("exited with code 1: {gone}"), Exit::Code(1), &[gone]);
    assert_eq!(told, "      failed  The release exists  0.0s  exited with code 1: Error: release: not found\n");
    // The other lines belong to it.
    let told = check("it says: b 0/1", Exit::Code(0), &["a 1/1", "b 0/1"]);
    assert!(told.ends_with("it says: b 0/1\n              | a 1/1\n              | b 0/1\n"), "{told}");
}

#[test]
fn a_call_that_fails_by_itself_is_told_and_one_that_follows_is_not() {
    let alone = Script::default().start("1", "Reset", "task", &[]).fails("1", "Reset", 1, &[], &[]).0;
    let expected = "      failed  Reset  0.0s  exited with code 1\n";
    assert_eq!(tell(&alone, Look::plain(80), Verbosity::Normal).err, expected);
    let below = Script::default()
        .start("1", "Reset", "task", &[])
        .start("1.1", "Stop", "run", &[])
        .fails("1.1", "Stop", 1, &[], &[])
        .fails("1", "Reset", 1, &[], &[])
        .0;
    let expected = "      failed  Reset > Stop  0.0s  exited with code 1\n";
    assert_eq!(tell(&below, Look::plain(80), Verbosity::Normal).err, expected);
}

#[test]
fn places_with_dots_in_their_items() {
    assert_eq!(parents("2.1[a.b].4").collect::<Vec<_>>(), ["2", "2.1[a.b]"]);
    assert_eq!(parents("f1").count(), 0);
    assert_eq!(item("2.1[a.b]"), Some("a.b"));
    assert_eq!(item("2.1[a.b].4"), None);
    assert_eq!(item("3[é]"), Some("é"));
}
