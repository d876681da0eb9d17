use super::*;
use crate::report::samples::{advice, database_auth, finding, lines, quote, unicode};
use proptest::prelude::*;

#[test]
fn a_root_with_its_proof_its_consequences_and_its_fix() {
    let expected = r#"
root cause  database-auth (database-connection), confidence high
            in taskflow-backend
            The database refuses the login of taskflow

  db-auth-failed.jsonl: kubectl logs deployment/taskflow-backend:23
    ...t 5432 failed: FATAL:  password authentication failed for user "taskflow"

it explains
  crash-loop    taskflow-backend-854759d849-pfrf4
    pods.txt:2
      ...backend-854759d849-pfrf4   0/1   CrashLoopBackOff   4 (38s ago)   2m41s
  helm-timeout  The cause of helm-timeout

fix
  1. Correct DATABASE_URL in values-local.yaml
  2. refloat redeploy

confirm with: refloat check database-reachable

also seen
  probe-http  frontend
"#;
    assert_eq!(text(&database_auth(), None, &Look::plain(80)), lines(expected));
}

#[test]
fn the_same_in_a_narrow_place() {
    let expected = r#"
root cause  database-auth
  (database-connection), confidence high
  in taskflow-backend
  The database refuses the login of
  taskflow

  …l logs deployment/taskflow-backend:23
    password authentication failed for …

it explains
  crash-loop    taskflow-backend-854759d849-pfrf4
    pods.txt:2
      …/1   CrashLoopBackOff   4 (38s a…
  helm-timeout  The cause of
                helm-timeout

fix
  1. Correct DATABASE_URL in values-local.yaml
  2. refloat redeploy

confirm with: refloat check database-reachable

also seen
  probe-http  frontend
"#;
    assert_eq!(text(&database_auth(), None, &unicode(40)), lines(expected));
}

#[test]
fn every_root_has_its_own_part() {
    let mut both = database_auth();
    both.findings.truncate(1);
    both.findings.push(finding("image-pull", Role::Root, "", vec![quote("a", 1, "x", "x"); 5]));
    let expected = r#"
root cause  database-auth (database-connection), confidence high  in taskflow-backend
            The database refuses the login of taskflow

  db-auth-failed.jsonl: kubectl logs deployment/taskflow-backend:23
    psycopg2.OperationalError: connection to server at "db.example.com" (203.0.113.7), port 5432 failed: FATAL:  password authentication failed for user "taskflow"

fix
  1. Correct DATABASE_URL in values-local.yaml
  2. refloat redeploy

confirm with: refloat check database-reachable

root cause  image-pull (image-pull), confidence medium
            The cause of image-pull

  a:1
    x
  a:1
    x
  a:1
    x
  and 2 more lines
"#;
    assert_eq!(text(&both, None, &Look::plain(200)), lines(expected));
}

#[test]
fn a_consequence_alone_is_told_with_its_fix() {
    let mut alone =
        finding("crash-loop", Role::Consequence, "pod-x", vec![quote("pods.txt", 2, "x CrashLoopBackOff", "Crash")]);
    alone.fixes = advice(&["kubectl logs pod-x --previous"]);
    let diagnosis = Diagnosis { schema: 1, verdict: Verdict::Failing, findings: vec![alone], ..Diagnosis::default() };
    let expected = r#"
also seen
  crash-loop  pod-x
    pods.txt:2
      x CrashLoopBackOff

fix
  1. kubectl logs pod-x --previous
"#;
    assert_eq!(text(&diagnosis, None, &Look::plain(80)), lines(expected));
}

fn nothing(verdict: Verdict, telling: Option<Quote>) -> Diagnosis {
    Diagnosis { verdict, telling, ..Diagnosis::default() }
}

#[test]
fn all_is_well() {
    let healthy = nothing(Verdict::Healthy, None);
    assert_eq!(text(&healthy, Some(1), &Look::plain(80)), "healthy     nothing wrong found in 1 text\n");
    assert_eq!(text(&healthy, None, &Look::plain(20)), "healthy  nothing\n  wrong found\n");
}

#[test]
fn nothing_known_quotes_and_does_not_guess() {
    let unknown = nothing(Verdict::Unclassified, Some(quote("build.log", 7, "Error: it broke", "it broke")));
    let expected = r#"
not known   no known symptom; the last telling line:

  build.log:7
    Error: it broke

hint        read on from there; a [symptoms.NAME] table in tasks.toml makes
            refloat know it next time
"#;
    assert_eq!(text(&unknown, None, &Look::plain(80)), lines(expected));
    let silent = text(&nothing(Verdict::Unclassified, None), None, &Look::plain(80));
    assert!(silent.starts_with("not known   no known symptom\n"), "{silent}");
}

#[test]
fn a_long_line_is_cut_around_its_telling_part() {
    let long = format!("{}FATAL: no{}", "a".repeat(300), "b".repeat(300));
    let quote = quote("f", 1, &long, "FATAL: no");
    assert_eq!(line(&quote, 30, &Look::plain(80)), "...aaaaFATAL: nobbbbbbbbbbb...");
    assert_eq!(line(&quote, 30, &unicode(80)), "…aaaaaaFATAL: nobbbbbbbbbbbbb…");
    assert_eq!(line(&quote, 6, &Look::plain(80)), "FAT...");
}

#[test]
fn the_telling_part_stands_out_and_controls_are_written_out() {
    let look = Look { styles: crate::report::style::Styles::coloured(), ..Look::plain(80) };
    let quote = quote("f", 1, "x \u{1b}[2Jno y", "no");
    assert_eq!(line(&quote, 60, &look), "x \\u{1b}[2J\u{1b}[31;1;4mno\u{1b}[0m y");
}

#[test]
fn a_span_that_is_none_is_ignored() {
    for span in [(1, 99), (2, 1), (1, 2)] {
        let quote = Quote { file: "f".into(), line: 1, text: "éa".into(), span: Some(span) };
        assert_eq!(line(&quote, 10, &Look::plain(80)), "éa");
    }
}

proptest! {
    /// Whatever a line holds and wherever its span points: no panic, no escape, never too long.
    #[test]
    fn a_quoted_line_fits(
        text in prop_oneof![any::<String>(), "[a-z日e\u{301}\u{1b}\t ]{0,300}"],
        from in 0usize..400,
        long in 0usize..100,
        room in 0usize..200,
    ) {
        let quote = Quote { file: "f".into(), line: 1, text, span: Some((from, from + long)) };
        for look in [Look::plain(80), unicode(80)] {
            let told = line(&quote, room, &look);
            prop_assert!(columns(&told) <= room, "{told:?}");
            prop_assert!(told.chars().all(crate::report::layout::is_harmless));
        }
    }

    #[test]
    fn any_diagnosis_in_any_place(words in any::<[String; 4]>(), width in 0usize..210) {
        let [id, subject, file, text] = words;
        let mut root = finding(&id, Role::Root, &subject, vec![quote(&file, 1, &text, "a")]);
        root.explains = vec!["x".into()];
        root.fixes = advice(&[&text]);
        root.confirm = vec![subject.clone()];
        let below = finding("x", Role::Consequence, &subject, vec![quote(&file, 2, &text, "b")]);
        let diagnosis = Diagnosis { schema: 1, verdict: Verdict::Failing, findings: vec![root, below], ..Diagnosis::default() };
        let told = super::text(&diagnosis, None, &Look::plain(width));
        prop_assert!(told.chars().all(|c| c == '\n' || crate::report::layout::is_harmless(c)));
    }
}

#[test]
fn only_what_can_be_typed_is_painted_as_a_command() {
    let styles = crate::report::style::Styles::coloured();
    let told = text(&database_auth(), None, &Look { styles, ..Look::plain(80) });
    let typed = |line: &str| styles.command.style(line).to_string();
    assert!(told.contains("  1. Correct DATABASE_URL in values-local.yaml\n"), "{told}");
    assert!(told.contains(&format!("  2. {}\n", typed("refloat redeploy"))), "{told}");
    assert!(told.contains(&typed("refloat check database-reachable")), "{told}");
}
