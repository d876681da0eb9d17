use super::*;
use crate::model::finding::Rollback;

fn finding(id: &str, role: Role, explains: &[&str], confirm: &[&str]) -> Finding {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Finding {
        id: id.to_owned(),
        family: "cors".to_owned(),
        role,
        subject: String::new(),
        cause: "x".to_owned(),
        fixes: Vec::new(),
        explains: texts(explains),
        confidence: Confidence::Medium,
        confirm: texts(confirm),
        confirmed: Vec::new(),
        rollback: Rollback::Depends,
        fields: Vec::new(),
        since: None,
        evidence: Vec::new(),
    }
}

fn root(id: &str, explains: &[&str], confirm: &[&str]) -> Finding {
    finding(id, Role::Root, explains, confirm)
}

fn answers(list: &[(&str, Answer)]) -> Answers {
    list.iter().map(|(check, answer)| ((*check).to_owned(), (*answer, format!("{check} said so")))).collect()
}

/// The ids in their order after settling, each with its confidence.
fn settled(mut findings: Vec<Finding>, said: &[(&str, Answer)]) -> Vec<(String, Confidence)> {
    let before = findings.len();
    settle(&mut findings, &answers(said));
    assert_eq!(findings.len(), before, "nothing is dropped");
    findings.into_iter().map(|finding| (finding.id, finding.confidence)).collect()
}

fn order(findings: Vec<Finding>, said: &[(&str, Answer)]) -> String {
    settled(findings, said).into_iter().map(|(id, _)| id).collect()
}

use Answer::{Confirmed, CouldNotCheck, Refuted};

#[test]
fn a_no_confirms_a_yes_refutes_and_the_rest_is_neither() {
    let said = |yes, note: Option<&str>| Said {
        check: "c".to_owned(),
        title: "It holds".to_owned(),
        yes,
        note: note.map(str::to_owned),
    };
    let seen = |said| seen_from_a_finding(said);
    assert_eq!(seen(said(Some(false), Some("36 and 40"))), (Confirmed, "36 and 40".to_owned()));
    assert_eq!(seen(said(Some(true), None)), (Refuted, "It holds".to_owned()));
    assert_eq!(seen(said(None, Some("could not ask: no shell"))), (CouldNotCheck, "no shell".to_owned()));
    assert!(seen(said(None, Some(&"x".repeat(5000)))).1.len() <= DETAIL, "one line");
}

#[test]
fn the_checks_of_what_leads_are_asked_once_in_the_order_of_the_roots() {
    let findings = [
        root("a", &[], &["one", "two"]),
        root("b", &[], &["two", "nobody-knows", "three"]),
        finding("c", Role::Consequence, &[], &["four"]),
    ];
    let known = |check: &str| check != "nobody-knows";
    assert_eq!(wanted(&findings, known), ["one", "two", "three"]);
    // Where there is no root, what leads is asked about.
    assert_eq!(wanted(&findings[2..], known), ["four"]);
    assert_eq!(wanted(&[], known), [""; 0]);
}

#[test]
fn a_confirmed_root_goes_before_those_that_explain_no_more() {
    let findings = || vec![root("a", &["x"], &[]), root("b", &["x"], &[]), root("c", &["x"], &["check"])];
    assert_eq!(order(findings(), &[("check", Confirmed)]), "cab");
    assert_eq!(order(findings(), &[("check", CouldNotCheck)]), "abc");
    let mut deeper = findings();
    deeper[0].explains.push("y".to_owned());
    assert_eq!(order(deeper, &[("check", Confirmed)]), "acb");
    // Two that are confirmed stay in their order.
    let both = vec![root("a", &[], &[]), root("b", &[], &["check"]), root("c", &[], &["check"])];
    assert_eq!(order(both, &[("check", Confirmed)]), "bca");
}

#[test]
fn a_root_that_all_its_checks_refute_goes_behind_the_others_and_before_their_consequences() {
    let findings = |checks: &[&str]| {
        let effect = finding("z", Role::Consequence, &[], &["one"]);
        vec![root("a", &["z"], checks), root("b", &[], &[]), effect]
    };
    let of = |id: &str, confidence| (id.to_owned(), confidence);
    let all = settled(findings(&["one", "two"]), &[("one", Refuted), ("two", Refuted)]);
    assert_eq!(all, [of("b", Confidence::Medium), of("a", Confidence::Low), of("z", Confidence::Medium)]);
    let some = settled(findings(&["one", "two"]), &[("one", Refuted), ("two", CouldNotCheck)]);
    assert_eq!(some[0], of("a", Confidence::Medium));
    let mixed = settled(findings(&["one", "two"]), &[("one", Refuted), ("two", Confirmed)]);
    assert_eq!(mixed[0], of("a", Confidence::High));
}

#[test]
fn every_check_is_told_and_what_is_open_keeps_its_command() {
    let mut findings =
        vec![root("a", &[], &["one", "two", "nobody-knows"]), finding("b", Role::Consequence, &[], &["one"])];
    settle(&mut findings, &answers(&[("one", Confirmed), ("two", CouldNotCheck)]));
    let told: Vec<_> = findings[0].confirmed.iter().map(|told| (told.check.as_str(), told.answer)).collect();
    assert_eq!(told, [("one", Confirmed), ("two", CouldNotCheck)]);
    assert_eq!(findings[0].confirm, ["two", "nobody-knows"]);
    // A consequence is asked nothing.
    assert_eq!((findings[1].confirmed.len(), findings[1].confirm.len()), (0, 1));
    settle(&mut Vec::new(), &answers(&[("one", Confirmed)]));
}
