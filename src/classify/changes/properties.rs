//! What holds for any text, and the comparison as a whole.

use super::diff::{Hide, What, between};
use super::history::rows;
use super::join::join;
use super::tree::{Node, read};
use crate::model::finding::{Diagnosis, Document, Helps, Verdict};
use proptest::prelude::*;

/// Hides nothing: what it is given is what is compared.
struct Open;

impl Hide for Open {
    fn text(&self, text: &[u8]) -> Vec<u8> {
        text.to_vec()
    }

    fn value(&self, _: &str, value: &str) -> String {
        format!("<{value}>")
    }
}

fn said(what: What, before: &str, after: &str) -> Vec<String> {
    let changes = between(what, before.as_bytes(), after.as_bytes(), &Open).unwrap();
    let value = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    changes
        .into_iter()
        .map(|change| format!("{}: {} {} > {}", change.head, change.path, value(change.before), value(change.after)))
        .collect()
}

#[test]
fn added_removed_and_changed() {
    let before = "USER-SUPPLIED VALUES:\na: 1\nb: {c: x}\ngone: y\n";
    let after = "USER-SUPPLIED VALUES:\na: 2\nb: {c: x}\nnew: z\n";
    assert_eq!(said(What::Values, before, after), ["values: a 1 > 2", "values: new - > z", "values: gone y > -"]);
    assert_eq!(
        said(What::Values, "USER-SUPPLIED VALUES:\nnull\n", "USER-SUPPLIED VALUES:\na: 1\n"),
        ["values: a - > 1"]
    );
    assert_eq!(said(What::Values, "r: {}\n", "r: {limits: {cpu: 1}}\n"), ["values: r.limits.cpu - > 1"]);
    assert_eq!(said(What::Values, "p: 80\n", "p: \"80\"\n"), ["values: p 80 > \"80\""]);
    assert_eq!(said(What::Values, "a: 1\n", "a:   1 # same\n"), [""; 0]);
}

#[test]
fn a_new_variable_is_one_change() {
    let list = |items: &str| format!("kind: Deployment\nmetadata: {{name: web}}\nspec: {{env: [{items}]}}\n");
    let before = list("{name: A, value: x}, {name: B, value: y}");
    let after = list("{name: NEW, value: z}, {name: A, value: x}, {name: B, value: y2}");
    assert_eq!(
        said(What::Manifest, &before, &after),
        ["Deployment/web: spec.env[NEW].value - > z", "Deployment/web: spec.env[B].value y > y2"]
    );
}

#[test]
fn objects_that_stay_are_not_read_and_need_not_be_yaml() {
    let same = "---\n# Source: c/a.yaml\nkind: ConfigMap\nmetadata: {name: a}\ndata: {broken: [}\n";
    let before = format!("{same}---\nkind: Service\nmetadata: {{name: s}}\nspec: {{type: ClusterIP}}\n");
    let after = format!("---\nkind: Service\nmetadata: {{name: s}}\nspec: {{type: NodePort}}\n{same}");
    assert_eq!(said(What::Manifest, &before, &after), ["Service/s: spec.type ClusterIP > NodePort"]);
    assert_eq!(between(What::Manifest, b"", same.as_bytes(), &Open), Err(super::diff::Cannot::Broken(false, 5)));
}

#[test]
fn long_values_are_cut_around_what_differs() {
    let long = |word: &str| format!("a: {}{word}{}\n", "x".repeat(300), "y".repeat(300));
    let told = said(What::Values, &long("one"), &long("two"));
    assert!(told[0].contains("xone") && told[0].contains("xtwo") && told[0].chars().count() < 300, "{told:?}");
    let text = |line: &str| format!("a: |\n  first\n  {line}\n  {}\n", "last ".repeat(100));
    assert_eq!(said(What::Values, &text("mid one"), &text("mid two")), ["values: a mid one > mid two"]);
}

#[test]
fn a_value_below_secrets_is_hidden_as_a_whole() {
    let told = said(What::Values, "secrets: {a: b, name: x}\n", "secrets: {a: c, name: y}\n");
    assert_eq!(told, ["values: secrets.a <b> > <c>", "values: secrets.name x > y"]);
}

#[test]
fn equal_secrets_are_no_change_and_different_ones_are() {
    let mask = |tag: &str| format!("A: [hidden A 9 chars #{tag}]\nurl: postgres://u:[hidden 4 chars #{tag}]@db/x\n");
    assert_eq!(said(What::Values, &mask("01234567"), &mask("01234567")), [""; 0]);
    assert_eq!(
        said(What::Values, &mask("01234567"), &mask("89abcdef")),
        [
            "values: A [hidden A 9 chars #01234567] > [hidden A 9 chars #89abcdef]",
            "values: url postgres://u:[hidden 4 chars #01234567]@db/x > postgres://u:[hidden 4 chars #89abcdef]@db/x",
        ]
    );
}

fn document(file: &str, argv: &str, text: &str) -> Document {
    Document {
        file: file.to_owned(),
        argv: argv.split_whitespace().map(str::to_owned).collect(),
        is_stderr: false,
        text: text.as_bytes().to_vec(),
    }
}

fn joined(documents: &[Document]) -> Diagnosis {
    let mut diagnosis = Diagnosis::naming_nothing(Verdict::Unclassified);
    join(&mut diagnosis, documents, &Open);
    diagnosis
}

const HISTORY: &str = "REVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\tDESCRIPTION\n5\tx\tfailed\tc\t\tUpgrade \"w\" failed\n6\tx\tsuperseded\tc\t\tUpgrade complete\n7\tx\tfailed\tc\t\tUpgrade \"w\" failed: x\n8\tx\tfailed\tc\t\tUpgrade \"w\" failed: x\n";

#[test]
fn the_last_revision_is_compared_with_the_last_good_one() {
    let documents = [
        document("h", "helm history w", HISTORY),
        document("v", "helm get values w", "a: 3"),
        document("v7", "helm get values w --revision 7", "a: 2"),
        document("v6", "helm --kube-context m get values w --revision=6", "a: 1"),
    ];
    let diagnosis = joined(&documents);
    let changes = diagnosis.changes.unwrap();
    assert_eq!((changes.from, changes.to, changes.fields.len()), (Some(6), Some(8), 1));
    assert_eq!((changes.fields[0].before.as_deref(), changes.fields[0].after.as_deref()), (Some("1"), Some("3")));
    let rollback = diagnosis.rollback.unwrap();
    assert_eq!((rollback.helps, rollback.command.as_deref()), (Helps::Perhaps, Some("helm rollback w 6")));
}

#[test]
fn why_there_is_no_comparison_is_told() {
    let history = document("h", "helm history w", HISTORY);
    let why = |documents: &[Document]| joined(documents).no_changes;
    assert_eq!(
        why(std::slice::from_ref(&history)).as_deref(),
        Some("what revision 6 deployed was not read: helm get manifest w --revision 6")
    );
    let one = document("h", "helm history w", &HISTORY.lines().take(2).collect::<Vec<_>>().join("\n"));
    assert_eq!(why(&[one]).as_deref(), Some("revision 5 has no earlier revision"));
    let broken =
        [history, document("v", "helm get values w", "a: ["), document("v6", "helm get values w --revision 6", "a: 1")];
    assert_eq!(why(&broken).as_deref(), Some("the values of revision 8 cannot be read as YAML (line 1)"));
    assert_eq!(why(&[document("x", "", "nothing of helm")]), None);
}

#[test]
fn many_fields_are_counted() {
    let values = |word: &str| (0..1000).map(|index| format!("k{index}: {word}\n")).collect::<String>();
    let documents =
        [document("helm-values-r1.yaml", "", &values("a")), document("helm-values-r2.yaml", "", &values("b"))];
    let changes = joined(&documents).changes.unwrap();
    assert_eq!((changes.from, changes.to, changes.fields.len(), changes.more), (Some(1), Some(2), 200, 800));
}

fn yaml() -> impl Strategy<Value = String> {
    let word = prop_oneof!["[a-z]{1,6}", Just("name".to_owned()), Just("\"a.b/c\"".to_owned()), Just("80".to_owned())];
    let leaf = word.clone().prop_map(|word| word);
    let tree = leaf.prop_recursive(5, 60, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((word.clone(), inner), 0..5).prop_map(|entries| {
                let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    });
    prop::collection::vec(("[a-z]{1,4}", tree), 0..6)
        .prop_map(|entries| entries.into_iter().map(|(key, value)| format!("{key}: {value}\n")).collect())
}

proptest! {
    #[test]
    fn any_bytes_are_compared_or_refused(a in prop::collection::vec(any::<u8>(), 0..300), b in prop::collection::vec(any::<u8>(), 0..300)) {
        for what in [What::Values, What::Manifest] {
            let _ = between(what, &a, &b, &Open);
        }
        let document = |file: &str, text: &[u8]| Document { text: text.to_vec(), ..document(file, "", "") };
        let _ = joined(&[document("helm-values.yaml", &a), document("helm-values-before.yaml", &b), document("x", &b)]);
    }

    #[test]
    fn any_text_of_yaml_signs_is_compared_or_refused(a in "[-a: {}\\[\\],\"'|>&*!?#%\n]{0,120}", b in "[-a: {}\\[\\],\"'|>&*!?#%\n]{0,120}") {
        let _ = between(What::Manifest, a.as_bytes(), b.as_bytes(), &Open);
    }

    #[test]
    fn nothing_differs_from_itself_and_everything_from_nothing(text in yaml()) {
        let spaced = format!("# the same\n{text}");
        prop_assert_eq!(between(What::Values, text.as_bytes(), spaced.as_bytes(), &Open).unwrap(), vec![]);
        let fields = between(What::Values, b"", text.as_bytes(), &Open).unwrap();
        prop_assert!(fields.iter().all(|change| change.before.is_none()));
        let back = between(What::Values, text.as_bytes(), b"", &Open).unwrap();
        prop_assert_eq!(fields.len(), back.len());
    }

    #[test]
    fn a_change_anywhere_is_found(text in yaml(), key in "[A-Z]{1,4}") {
        let (before, after) = (format!("{text}{key}: 1\n"), format!("{text}{key}: 2\n"));
        let fields = between(What::Values, before.as_bytes(), after.as_bytes(), &Open).unwrap();
        prop_assert_eq!(fields.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), [key]);
    }

    #[test]
    fn any_text_has_rows_or_none(text in "(?s)(REVISION[ \t]+UPDATED[ \t]+STATUS[ \t]+DESCRIPTION\n)?.{0,200}") {
        let _ = rows(&text);
    }

    #[test]
    fn any_yaml_is_read_as_it_was_written(text in yaml()) {
        let roots = read(&text).unwrap();
        prop_assert!(roots.len() <= 1 && roots.iter().all(|root| matches!(root, Node::Map(_))));
    }
}
