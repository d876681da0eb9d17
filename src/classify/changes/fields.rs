//! A tree as flat fields, each with a name that a change can be told by: lists of named things by
//! their names, since a container added in front is no change of all that follow.

use super::tree::Node;
use regex::Regex;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// What tells the items of a list apart, first choice first. The first that all items have, each its
/// own, is taken; a list without one goes by index.
const NAMES: [&str; 10] =
    ["name", "containerPort", "port", "mountPath", "key", "host", "path", "ip", "secretName", "claimName"];
/// A name longer than this is no name.
const LONG: usize = 120;

/// `KEY=value` or `key: value`, as files of settings in a ConfigMap hold them.
#[expect(clippy::expect_used, reason = "a constant of the source; the tests compile it")]
static SETTING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.\-]*)\s*[=:]\s*(.*)$").expect("a constant pattern")
});

/// One value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// `values`, or the object: `Deployment/web`, `Deployment/shop/web`.
    pub(super) head: String,
    /// `spec.template.spec.containers[web].image`
    pub(super) path: String,
    /// What stands there.
    pub(super) value: String,
}

/// The fields of a file of values.
pub(super) fn of_values(roots: &[Node]) -> Vec<Field> {
    let mut out = Vec::new();
    for root in roots {
        // `helm get values` of a release without any.
        if !matches!(root, Node::Scalar(text) if text == "null") {
            flatten(&mut out, "values", &mut String::new(), root, false);
        }
    }
    out
}

/// The fields of the objects of a manifest. `seen` counts the names that came before.
pub(super) fn of_objects(roots: &[Node], seen: &mut HashMap<String, usize>) -> Vec<Field> {
    let mut out = Vec::new();
    for root in roots {
        match (root.text("kind"), root.get("items")) {
            (Some(kind), Some(Node::List(items))) if kind.ends_with("List") => {
                items.iter().for_each(|item| object(&mut out, item, seen));
            }
            _ if matches!(root, Node::Scalar(text) if text == "null") => {}
            _ => object(&mut out, root, seen),
        }
    }
    out
}

fn object(out: &mut Vec<Field>, node: &Node, seen: &mut HashMap<String, usize>) {
    let part = |text: Option<&str>| text.filter(|text| text.len() <= LONG).map(str::to_owned);
    let meta = node.get("metadata");
    let name = part(meta.and_then(|meta| meta.text("name").or_else(|| meta.text("generateName"))));
    let parts = [part(node.text("kind")), part(meta.and_then(|meta| meta.text("namespace"))), name];
    let mut head = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    if head.is_empty() {
        head.push_str("manifest");
    }
    let count = seen.entry(head.clone()).or_default();
    *count += 1;
    if *count > 1 {
        head.push_str(&format!("#{count}"));
    }
    flatten(out, &head, &mut String::new(), node, true);
}

/// The depth is bounded by the reader's.
fn flatten(out: &mut Vec<Field>, head: &str, path: &mut String, node: &Node, is_object: bool) {
    let here = path.len();
    let mut leaf = |path: &str, value: &str| {
        out.push(Field { head: head.to_owned(), path: path.to_owned(), value: value.to_owned() });
    };
    match node {
        Node::Scalar(text) => match settings(text) {
            Some(settings) => {
                for (key, value) in settings {
                    push_key(path, key);
                    leaf(path, value);
                    path.truncate(here);
                }
            }
            None => leaf(path, text),
        },
        Node::List(items) if items.is_empty() => leaf(path, "[]"),
        Node::Map(entries) if entries.is_empty() => leaf(path, "{}"),
        Node::List(items) => {
            let names = names(items);
            for (index, item) in items.iter().enumerate() {
                match names.as_ref().and_then(|names| names.get(index)) {
                    Some(name) => path.push_str(&format!("[{name}]")),
                    None => path.push_str(&format!("[{index}]")),
                }
                flatten(out, head, path, item, is_object);
                path.truncate(here);
            }
        }
        Node::Map(entries) => {
            for (key, value) in entries {
                push_key(path, key);
                // What the object is called stands in its head.
                if !(is_object && ["kind", "metadata.name", "metadata.namespace"].contains(&path.as_str())) {
                    flatten(out, head, path, value, is_object);
                }
                path.truncate(here);
            }
        }
    }
}

/// `.key`, or `["a.key"]` where a dot or a blank in it would mislead.
fn push_key(path: &mut String, key: &str) {
    let key: String = if key.len() > LONG { key.chars().take(LONG).collect() } else { key.to_owned() };
    if key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') && !key.is_empty() {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key);
    } else {
        path.push_str(&format!("[\"{key}\"]"));
    }
}

fn names(items: &[Node]) -> Option<Vec<&str>> {
    NAMES.iter().find_map(|key| {
        let names: Option<Vec<&str>> = items.iter().map(|item| item.text(key)).collect();
        let names = names?;
        let distinct: HashSet<&&str> = names.iter().collect();
        let fit = distinct.len() == items.len() && names.iter().all(|name| !name.is_empty() && name.len() <= LONG);
        fit.then_some(names)
    })
}

/// The settings of a text in which every line is one, each key once.
fn settings(text: &str) -> Option<Vec<(&str, &str)>> {
    if !text.trim_end().contains('\n') {
        return None;
    }
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() || line.trim_start().starts_with(['#', ';', '!']) {
            continue;
        }
        let found = SETTING.captures(line)?;
        let (key, value) = (found.get(1)?.as_str(), found.get(2)?.as_str());
        if !seen.insert(key) {
            return None;
        }
        out.push((key, value));
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::super::tree::read;
    use super::*;

    fn said(fields: Vec<Field>) -> Vec<String> {
        fields.into_iter().map(|field| format!("{}: {} = {}", field.head, field.path, field.value)).collect()
    }

    fn objects(text: &str) -> Vec<String> {
        said(of_objects(&read(text).unwrap(), &mut HashMap::new()))
    }

    #[test]
    fn values_are_named_by_their_keys() {
        let text = "backend:\n  image: {tag: v2}\n  env:\n  - {name: A, value: x}\n  hosts: [a.b, c]\n  \"a.b/c\": 1\n";
        assert_eq!(
            said(of_values(&read(text).unwrap())),
            [
                "values: backend.image.tag = v2",
                "values: backend.env[A].name = A",
                "values: backend.env[A].value = x",
                "values: backend.hosts[0] = a.b",
                "values: backend.hosts[1] = c",
                "values: backend[\"a.b/c\"] = 1",
            ]
        );
        assert_eq!(said(of_values(&read("null").unwrap())), [""; 0]);
    }

    #[test]
    fn objects_are_named_by_kind_namespace_and_name() {
        let text = "kind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  replicas: 1\n  template: {spec: {containers: [{name: api, ports: [{containerPort: 80}], env: [{name: U, value: v}]}], volumes: [{name: d, emptyDir: {}}]}}\n---\nkind: Secret\nmetadata: {name: s}\ndata: {A: x}\n---\nkind: Secret\nmetadata: {name: s}\ndata: {A: y}\n";
        assert_eq!(
            objects(text),
            [
                "Deployment/shop/web: spec.replicas = 1",
                "Deployment/shop/web: spec.template.spec.containers[api].name = api",
                "Deployment/shop/web: spec.template.spec.containers[api].ports[80].containerPort = 80",
                "Deployment/shop/web: spec.template.spec.containers[api].env[U].name = U",
                "Deployment/shop/web: spec.template.spec.containers[api].env[U].value = v",
                "Deployment/shop/web: spec.template.spec.volumes[d].name = d",
                "Deployment/shop/web: spec.template.spec.volumes[d].emptyDir = {}",
                "Secret/s: data.A = x",
                "Secret/s#2: data.A = y",
            ]
        );
        assert_eq!(
            objects("kind: ConfigMapList\nitems:\n- {kind: ConfigMap, metadata: {name: a}, data: {k: v}}\n"),
            ["ConfigMap/a: data.k = v"]
        );
        assert_eq!(objects("# only a comment\n"), [""; 0]);
        assert_eq!(objects("a: 1"), ["manifest: a = 1"]);
    }

    #[test]
    fn a_file_of_settings_is_read_line_by_line() {
        let text = "kind: ConfigMap\nmetadata: {name: c}\ndata:\n  app.properties: |\n    # the database\n    DB_HOST=db-2\n    url: http://x:80/a=b\n  run.sh: |\n    #!/bin/sh\n    exec app\n";
        assert_eq!(
            objects(text),
            [
                "ConfigMap/c: data[\"app.properties\"].DB_HOST = db-2",
                "ConfigMap/c: data[\"app.properties\"].url = http://x:80/a=b",
                "ConfigMap/c: data[\"run.sh\"] = #!/bin/sh\nexec app\n",
            ]
        );
    }

    #[test]
    fn items_without_names_of_their_own_go_by_index() {
        let text = "m:\n- {name: a, mountPath: /x}\n- {name: a, mountPath: /y}\np:\n- {name: a}\n- b\n";
        assert_eq!(
            said(of_values(&read(text).unwrap())),
            [
                "values: m[/x].name = a",
                "values: m[/x].mountPath = /x",
                "values: m[/y].name = a",
                "values: m[/y].mountPath = /y",
                "values: p[0].name = a",
                "values: p[1] = b",
            ]
        );
    }
}
