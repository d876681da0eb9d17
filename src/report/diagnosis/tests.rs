use super::*;
use crate::model::finding::Quote;
use crate::report::layout::is_harmless;
use crate::report::samples::{advice, database_auth, finding, full, lines, quote, unicode};
use proptest::prelude::*;

fn screen(diagnosis: &Diagnosis, look: &Look) -> String {
    text(diagnosis, None, Extent::Screen, look)
}

#[test]
fn a_cause_with_its_proof_its_fix_and_its_consequences() {
    let expected = r#"
root cause  The database refuses the login of taskflow
            database-auth (database-connection)  in taskflow-backend
            confidence high: 2 consequences, several kinds of text

  db-auth-failed.jsonl: kubectl logs deployment/taskflow-backend:23
    ...t 5432 failed: FATAL:  password authentication failed for user "taskflow"

fix
 ! 1. Correct DATABASE_URL in values-local.yaml
 ! 2. refloat redeploy

confirm     refloat check database-reachable

it explains
  crash-loop    taskflow-backend-...  ... 0/1 CrashLoopBackOff 4 (38s ago) 2m41s
  helm-timeout                        The cause of helm-timeout

also seen
  probe-http  frontend  The cause of probe-http
"#;
    assert_eq!(screen(&database_auth(), &Look::plain(80)), lines(expected));
}

#[test]
fn the_same_in_a_narrow_place() {
    let expected = r#"
root cause  The database refuses the
  login of taskflow
  database-auth (database-connection)
  in taskflow-backend  confidence high:
  2 consequences, several kinds of text

  …l logs deployment/taskflow-backend:23
    password authentication failed for …

fix
 ! 1. Correct DATABASE_URL in
      values-local.yaml
 ! 2. refloat redeploy

confirm
  refloat check database-reachable

it explains
  crash-loop    taskflow-ba…
  helm-timeout

also seen
  probe-http  frontend  The cause of pr…
"#;
    assert_eq!(screen(&database_auth(), &unicode(40)), lines(expected));
}

#[test]
fn a_full_diagnosis_on_a_screen() {
    let expected = r#"
root cause  The database refuses the login of taskflow
            database-auth (database-connection)  in taskflow-backend
            confidence high: 10 consequences, several kinds of text

  db-auth-failed.jsonl: kubectl logs deployment/taskflow-backend:23
    …om" (203.0.113.7), port 5432 failed: FATAL:  password authentication failed for user "taskflow"
  backend.log:30
    ERROR retrying the login
  and 2 more lines, shown by -v

fix
   1. kubectl logs taskflow-backend
 ! 2. Correct DATABASE_URL in values-local.yaml
 ! 3. refloat redeploy
!! 4. Or, losing the release's history: refloat uninstall
   !! loses something for good

confirm     refloat check database-reachable
            refloat check database-login
rollback    helps: the cause lies in what the release deploys

it explains, oldest first
  3m  probe-8       taskflow-backend-854759d…  …probe failed: HTTP probe failed with statuscode: 503
  2m  crash-loop    taskflow-backend-854759d…  …759d849-pfrf4 0/1 CrashLoopBackOff 4 (38s ago) 2m41s
      helm-timeout                             The cause of helm-timeout
      probe-1       taskflow-backend-854759d…  …probe failed: HTTP probe failed with statuscode: 503
      probe-2       taskflow-backend-854759d…  …probe failed: HTTP probe failed with statuscode: 503
      probe-3       taskflow-backend-854759d…  …probe failed: HTTP probe failed with statuscode: 503
      probe-4       taskflow-backend-854759d…  …probe failed: HTTP probe failed with statuscode: 503
      probe-5       taskflow-backend-854759d…  …probe failed: HTTP probe failed with statuscode: 503
  and 2 more, shown by -v

root cause  The cause of image-rate-limit
            image-rate-limit (image-pull)  in taskflow-frontend
            confidence medium: 2 consequences, one kind of text

rollback    does not help: the cause lies outside the release

it explains  crash-loop

also seen
  probe-http  frontend  The cause of probe-http

ruled out
  insufficient-cpu   taskflow-frontend-7d9c8b…  the pod got past it
  database-starting                             it was reached later
"#;
    assert_eq!(screen(&full(), &unicode(100)), lines(expected));
}

#[test]
fn a_full_diagnosis_whole() {
    let told = text(&full(), None, Extent::Whole, &unicode(100));
    let expected = r#"
  3m  probe-8       taskflow-backend-854759d849-pfrf4  The cause of probe-8
        events.txt:8
          Readiness probe failed: HTTP probe failed with statuscode: 503
  2m  crash-loop    taskflow-backend-854759d849-pfrf4  The cause of crash-loop
        pods.txt:2
          taskflow-backend-854759d849-pfrf4   0/1   CrashLoopBackOff   4 (38s ago)   2m41s
      helm-timeout                                     The cause of helm-timeout
      probe-1       taskflow-backend-854759d849-pfrf4  The cause of probe-1
        events.txt:1
          Readiness probe failed: HTTP probe failed with statuscode: 503
      probe-2       taskflow-backend-854759d849-pfrf4  The cause of probe-2
        events.txt:2
          Readiness probe failed: HTTP probe failed with statuscode: 503
      probe-3       taskflow-backend-854759d849-pfrf4  The cause of probe-3
        events.txt:3
          Readiness probe failed: HTTP probe failed with statuscode: 503
      probe-4       taskflow-backend-854759d849-pfrf4  The cause of probe-4
        events.txt:4
          Readiness probe failed: HTTP probe failed with statuscode: 503
      probe-5       taskflow-backend-854759d849-pfrf4  The cause of probe-5
        events.txt:5
          Readiness probe failed: HTTP probe failed with statuscode: 503
      probe-6       taskflow-backend-854759d849-pfrf4  The cause of probe-6
        events.txt:6
          Readiness probe failed: HTTP probe failed with statuscode: 503
      probe-7       taskflow-backend-854759d849-pfrf4  The cause of probe-7
        events.txt:7
          Readiness probe failed: HTTP probe failed with statuscode: 503

root cause  The cause of image-rate-limit
            image-rate-limit (image-pull)  in taskflow-frontend
            confidence medium: 2 consequences, one kind of text

rollback    does not help: the cause lies outside the release

it explains  crash-loop

also seen
  probe-http  frontend  The cause of probe-http

ruled out
  insufficient-cpu   taskflow-frontend-7d9c8b6f5-x2k4p  the pod got past it
    events.txt:4
      0/1 nodes are available: 1 Insufficient cpu.
  database-starting                                     it was reached later
    events.txt:9
      0/1 nodes are available: 1 Insufficient cpu.
"#;
    let (head, tail) = told.split_once("it explains, oldest first\n").unwrap();
    assert!(!told.contains("shown by -v"), "{told}");
    assert_eq!(head.matches("  backend.log:").count(), 3, "every line is quoted: {head}");
    assert_eq!(tail, lines(expected));
}

#[test]
fn a_full_diagnosis_in_a_run_is_short() {
    let expected = r#"
root cause  The database refuses the login of taskflow
            database-auth (database-connection)  in taskflow-backend
            confidence high: 10 consequences, several kinds of text

  db-auth-failed.jsonl: kubectl logs deployment/taskflow-backend:23
    …om" (203.0.113.7), port 5432 failed: FATAL:  password authentication failed for user "taskflow"
  and 3 more lines, shown by -v

fix
   1. kubectl logs taskflow-backend
 ! 2. Correct DATABASE_URL in values-local.yaml
 ! 3. refloat redeploy
!! 4. Or, losing the release's history: refloat uninstall
   !! loses something for good

confirm     refloat check database-reachable
            refloat check database-login
rollback    helps: the cause lies in what the release deploys

it explains  crash-loop, helm-timeout, probe-1, probe-2 and 6 more

other causes, less likely
  image-rate-limit  taskflow-frontend  The cause of image-rate-limit

also seen   probe-http
"#;
    assert_eq!(text(&full(), None, Extent::Short, &unicode(100)), lines(expected));
}

#[test]
fn more_than_three_causes_have_a_line_each() {
    let mut many = database_auth();
    many.findings.truncate(1);
    for index in 1..=4 {
        let line = quote("a", index, "x is not there", "not");
        many.findings.push(finding(&format!("image-{index}"), Role::Root, "web", vec![line]));
    }
    let told = screen(&many, &Look::plain(80));
    assert_eq!(told.matches("root cause  ").count(), 3, "{told}");
    let rest = "\n\nother causes, less likely\n  image-3  web  x is not there\n  image-4  web  x is not there\n";
    assert!(told.ends_with(rest), "{told}");
    let whole = text(&many, None, Extent::Whole, &Look::plain(80));
    assert_eq!((whole.matches("root cause  ").count(), whole.contains("less likely")), (5, false), "{whole}");
}

#[test]
fn what_follows_from_something_else_leads_and_says_so() {
    let mut alone =
        finding("crash-loop", Role::Root, "pod-x", vec![quote("pods.txt", 2, "x CrashLoopBackOff", "Crash")]);
    alone.fixes = advice(&["kubectl logs pod-x --previous"]);
    alone.confidence = Confidence::Low;
    let unexplained = vec!["crash-loop".to_owned()];
    let told =
        Diagnosis { verdict: Verdict::Failing, findings: vec![alone.clone()], unexplained, ..Diagnosis::default() };
    let expected = r#"
symptom     The cause of crash-loop
            crash-loop (crash-loop)  in pod-x
            confidence low: nothing else that was seen follows from it
            something deeper causes it, and nothing that was read says what

  pods.txt:2
    x CrashLoopBackOff

next
   1. kubectl logs pod-x --previous
"#;
    assert_eq!(screen(&told, &Look::plain(80)), lines(expected));
    // Whatever the reader was given, one of the findings leads.
    alone.role = Role::Consequence;
    let told = Diagnosis { verdict: Verdict::Failing, findings: vec![alone], ..Diagnosis::default() };
    assert_eq!(screen(&told, &Look::plain(80)), lines(expected));
}

fn nothing(verdict: Verdict, telling: Option<Quote>) -> Diagnosis {
    Diagnosis { verdict, telling, ..Diagnosis::default() }
}

#[test]
fn all_is_well() {
    let mut healthy = nothing(Verdict::Healthy, None);
    let told = |diagnosis: &Diagnosis, texts, width| text(diagnosis, texts, Extent::Screen, &Look::plain(width));
    assert_eq!(told(&healthy, Some(1), 80), "healthy     nothing wrong found in 1 text\n");
    assert_eq!(told(&healthy, None, 20), "healthy  nothing\n  wrong found\n");
    healthy.ruled_out = full().ruled_out;
    let expected = "
healthy     nothing wrong found

seen, and over
  insufficient-cpu   taskflow-frontend...  the pod got past it
  database-starting                        it was reached later
";
    assert_eq!(told(&healthy, None, 80), lines(expected));
}

#[test]
fn nothing_known_quotes_and_does_not_guess() {
    let mut unknown = nothing(Verdict::Unclassified, Some(quote("build.log", 7, "Error: it broke", "it broke")));
    unknown.ruled_out = full().ruled_out;
    unknown.ruled_out.truncate(1);
    let expected = r#"
not known   no known symptom; the last telling line:

  build.log:7
    Error: it broke

hint        read on from there; a [symptoms.NAME] table in tasks.toml makes
            refloat know it next time

seen, and over
  insufficient-cpu  taskflow-frontend...  the pod got past it
"#;
    assert_eq!(screen(&unknown, &Look::plain(80)), lines(expected));
    let silent = screen(&nothing(Verdict::Unclassified, None), &Look::plain(80));
    assert!(silent.starts_with("not known   no known symptom\n"), "{silent}");
}

#[test]
fn only_what_can_be_typed_is_painted_as_a_command() {
    let styles = crate::report::style::Styles::coloured();
    let told = screen(&database_auth(), &Look { styles, ..Look::plain(80) });
    let typed = |line: &str| styles.command.style(line).to_string();
    assert!(told.contains(" 1. Correct DATABASE_URL in values-local.yaml\n"), "{told}");
    assert!(told.contains(&format!(" 2. {}\n", typed("refloat redeploy"))), "{told}");
    assert!(told.contains(&typed("refloat check database-reachable")), "{told}");
}

#[test]
fn a_command_is_never_broken() {
    let mut long = database_auth();
    let command = format!("kubectl run {}", "--a=b ".repeat(40).trim_end());
    let inside = format!("Or, losing what it holds: {command}");
    long.findings[0].fixes = advice(&[&command, &inside]);
    long.findings[0].confirm = vec![command.clone()];
    for width in [20, 40, 80] {
        let told = screen(&long, &Look::plain(width));
        assert_eq!(told.lines().filter(|line| line.contains(&command)).count(), 3, "{width}: {told}");
    }
}

fn any_look() -> impl Strategy<Value = Look> {
    (20usize..=200, any::<bool>()).prop_map(|(width, ascii)| if ascii { Look::plain(width) } else { unicode(width) })
}

fn any_extent() -> impl Strategy<Value = Extent> {
    prop_oneof![Just(Extent::Short), Just(Extent::Screen), Just(Extent::Whole)]
}

proptest! {
    /// Words that fit are put so that every line fits, whatever is told and however much of it.
    #[test]
    fn no_line_is_wider_than_the_place(
        words in prop::collection::vec("[a-z]{1,7}( [a-zé]{1,6}){0,9}", 6),
        long in "[a-z日-]{1,90}",
        many in 0usize..30,
        since in prop::option::of(0u64..1_000_000),
        look in any_look(),
        extent in any_extent(),
    ) {
        // A command is never broken, however wide it is.
        prop_assume!(!words.iter().any(|word| crate::report::style::holds_command(word)));
        let mut diagnosis = full();
        let root = &mut diagnosis.findings[0];
        (root.id, root.family, root.subject, root.cause) = ("ab".into(), "cd".into(), words[0].clone(), words[1].clone());
        root.fixes = advice(&[&words[2], &words[3]]);
        root.confirm = vec![];
        root.explains.push(words[4].clone());
        for index in 0..many {
            let mut below = finding(&words[4], Role::Consequence, &long, vec![quote(&long, index, &words[5], "a")]);
            below.since = since;
            diagnosis.findings.push(below);
        }
        // Its id stands in prose, where a longer word stays whole.
        diagnosis.findings.retain(|finding| finding.role != Role::Root || finding.id == "ab");
        diagnosis.findings.iter_mut().for_each(|finding| if finding.id.starts_with("probe") { finding.id = "p".into() });
        for out in &mut diagnosis.ruled_out {
            (out.id, out.subject, out.why) = (long.clone(), words[0].clone(), words[1].clone());
        }
        let told = text(&diagnosis, None, extent, &look);
        for line in told.lines() {
            prop_assert!(columns(line) <= look.width, "{} > {}: {line:?}\n{told}", columns(line), look.width);
        }
        // A narrow screen takes three lines for one.
        let most = if look.width < 40 { 150 } else { 60 };
        prop_assert!(told.lines().count() < most || extent == Extent::Whole, "{} lines\n{told}", told.lines().count());
    }

    #[test]
    fn any_diagnosis_in_any_place(words in any::<[String; 4]>(), width in 0usize..210, extent in any_extent()) {
        let [id, subject, file, line] = words;
        let mut root = finding(&id, Role::Root, &subject, vec![quote(&file, 1, &line, "a")]);
        root.explains = vec!["x".into(), line.clone()];
        root.fixes = advice(&[&line]);
        root.confirm = vec![subject.clone()];
        root.cause = file.clone();
        let mut below = finding("x", Role::Consequence, &subject, vec![quote(&file, 2, &line, "b")]);
        below.since = Some(width as u64);
        let rest = finding(&line, Role::Consequence, &file, vec![]);
        let mut diagnosis = full();
        diagnosis.findings = vec![root, below, rest];
        for out in &mut diagnosis.ruled_out {
            (out.id, out.subject, out.why) = (id.clone(), subject.clone(), file.clone());
        }
        for look in [Look::plain(width), unicode(width)] {
            let told = text(&diagnosis, None, extent, &look);
            prop_assert!(told.chars().all(|c| c == '\n' || is_harmless(c)), "{told:?}");
            prop_assert!(told.ends_with('\n'));
        }
    }
}
