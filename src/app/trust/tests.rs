use super::*;
use crate::config::{self, Input, Os, Source};
use crate::plan::build;
use std::io;

const TASKS: &str = r#"
version = 1
[vars]
password = { secret = true }
[tools.kubectl]
args = ["--context", "minikube"]
[tools.helm]
program = "/opt/cleaner"
[tasks.reset]
summary = "x"
danger  = "destroy"
confirm = "app"
[[tasks.reset.steps]]
task = "evidence"
[[tasks.reset.steps]]
run  = ["kubectl", "get", "pods"]
each = { as = "pod", match = '^(?P<pod>\S+)' }
[[tasks.reset.steps]]
for = "pod"
run = ["kubectl", "delete", "pod", "${pod}"]
[[tasks.reset.steps]]
run = ["kubectl", "delete", "all", "--token=${password}"]
[[tasks.reset.steps]]
run = ["helm", "list"]
[[tasks.reset.steps]]
task = "more"
[[tasks.reset.finally]]
run = ["kubectl", "annotate", "ns", "default", "odd\u001b[2J"]
[tasks.evidence]
summary = "x"
[[tasks.evidence.steps]]
run = ["kubectl", "version"]
[tasks.more]
summary = "x"
danger  = "destroy"
confirm = "app"
[[tasks.more.steps]]
run = ["kubectl", "delete", "all", "--token=${password}"]
"#;

fn plan() -> Plan {
    plan_of(TASKS)
}

fn plan_of(text: &str) -> Plan {
    let file = Source { path: "/app/tasks.toml".into(), shown: "tasks.toml".to_owned(), text: text.into() };
    let sets = vec![("password".to_owned(), "hunter22".to_owned())];
    let input =
        Input { file, local: None, env: Vec::new(), sets, os: Os::named("linux"), known_symptoms: &[], color: false };
    let loaded = config::load(&input).map_err(|failure| failure.message).unwrap();
    build(&loaded.catalog, "reset", &[]).unwrap()
}

#[test]
fn every_call_that_may_destroy_is_shown_once_and_as_it_is() {
    assert_eq!(
        destructive(&plan(), &Redactor::new(&[])),
        [
            "kubectl --context minikube --timeout=5m delete pod ${pod}",
            "kubectl --context minikube --timeout=5m delete all --token=${password}",
            // Called helm, and something else: it is not known to only look.
            "/opt/cleaner list",
            "kubectl --context minikube --request-timeout=1m annotate ns default $'odd\\x1b[2J'",
        ]
    );
}

#[test]
fn a_content_is_known_by_its_bytes_and_where_they_end() {
    let of =
        |file: &str, local: Option<&str>| Content::of(Path::new("x"), file.as_bytes(), local.map(str::as_bytes)).sum;
    let all = [of("ab", None), of("ab", Some("")), of("a", Some("b")), of("", Some("ab")), of("abc", None)];
    for (index, one) in all.iter().enumerate() {
        assert_eq!(one.len(), 64);
        assert!(!all[index + 1..].contains(one), "{index}");
    }
    assert_eq!(of("ab", Some("c")), of("ab", Some("c")));
}

/// Answers once, and keeps what it was asked.
struct Scripted(Option<&'static str>, String);

impl Person for Scripted {
    fn is_present(&self) -> bool {
        true
    }
    fn ask(&mut self, prompt: &str) -> io::Result<Option<String>> {
        prompt.clone_into(&mut self.1);
        Ok(self.0.map(str::to_owned))
    }
}

#[test]
fn only_a_yes_is_one() {
    let content = Content::of(Path::new("/app/\u{202e}tasks.toml"), b"x", None);
    let given = Given { trust: false, typed: "refloat reset" };
    for (answer, agrees) in [("y", true), (" YES ", true), ("", false), ("n", false), ("yess", false)] {
        let mut person = Scripted(Some(answer), String::new());
        assert_eq!(
            asked(&Redactor::new(&[]), &plan(), &content, None, given, &mut person).is_ok(),
            agrees,
            "{answer:?}"
        );
        assert!(person.1.contains("was never confirmed here") && !person.1.contains('\u{202e}'), "{}", person.1);
    }
    let note = Note { schema: 1, path: String::new(), sha256: String::new(), confirmed: "2026-11-23".to_owned() };
    let mut nobody = Scripted(None, String::new());
    let refused = asked(&Redactor::new(&[]), &plan(), &content, Some(&note), given, &mut nobody).unwrap_err();
    assert_eq!(refused.code, Code::Refused);
    assert_eq!(refused.hints[1], "refloat reset --confirm app --trust");
    assert!(nobody.1.contains("has changed since you confirmed it (2026-11-23)"), "{}", nobody.1);
}

#[test]
fn pinned_arguments_may_be_the_command() {
    let looks = |pinned: &[&str], asked: &[&str]| {
        let words: Vec<String> =
            asked[..1].iter().chain(pinned).chain(&asked[1..]).map(|word| (*word).to_owned()).collect();
        only_looks(&words, &(1..1 + pinned.len()))
    };
    let get = ["kubectl", "get", "pods"];
    for pinned in [&[][..], &["--context", "minikube"], &["--context=minikube", "-n", "app", "--request-timeout=10s"]] {
        assert!(looks(pinned, &get), "{pinned:?}");
    }
    for pinned in [
        &["delete", "pvc", "--all"][..],
        &["--context", "minikube", "delete"],
        &["exec", "web", "--", "rm"],
        &["--force"],
        &["--context"],
        &["-p", "delete"],
    ] {
        assert!(!looks(pinned, &get), "{pinned:?}");
    }
    assert!(looks(&["--profile", "app"], &["minikube", "status"]));
    assert!(!looks(&["--context", "app"], &["kubectl", "delete", "pod", "web"]));
}

#[test]
fn no_secret_of_a_call_is_on_the_screen_whoever_declared_it() {
    let text = TASKS.replacen(
        "[tasks.evidence]",
        "[[tasks.reset.steps]]\nrun = [\"kubectl\", \"apply\", \"--password\", \"Xq7-rasp-11\", \"postgresql://app:Xq7-rasp-22@db/app\"]\n[tasks.evidence]",
        1,
    );
    let calls = destructive(&plan_of(&text), &Redactor::new(&[])).join("\n");
    assert!(calls.contains("kubectl --context minikube") && calls.contains(" apply --password '[hidden "), "{calls}");
    assert!(calls.contains("postgresql://app:[hidden ") && calls.contains("@db/app"), "{calls}");
    assert!(!calls.contains("Xq7-rasp"), "{calls}");
}
