//! What a rendered manifest says: the values of its Secrets, and what its workloads want of a node. Pure: text in,
//! answers out.

use super::redact::decode_base64;
use super::room_text::Amounts;
use crate::classify::changes::tree::{Node, read, unquoted};
use crate::model::quantity::Quantity;

/// How a mask begins, in a recording in which a secret stood.
const MASK: &str = "[hidden ";

/// The documents, and the masks in them, which are no YAML.
pub(super) struct Manifest {
    documents: Vec<Node>,
    masks: Vec<String>,
}

impl Manifest {
    /// Reads what `helm template` prints.
    ///
    /// # Errors
    /// The 1-based line at which it is no YAML.
    pub(super) fn read(text: &str) -> Result<Self, usize> {
        let mut masks = Vec::new();
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(MASK) {
            let end = rest[start..].find(']').map_or(rest.len(), |end| start + end + 1);
            plain.push_str(&rest[..start]);
            plain.push_str(&format!("refloat-mask-{}-", masks.len()));
            masks.push(rest[start..end].to_owned());
            rest = &rest[end..];
        }
        plain.push_str(rest);
        Ok(Self { documents: read(&plain)?, masks })
    }

    /// The value of a key of a Secret; `None` when there is no such Secret or key.
    pub(super) fn secret(&self, name: &str, key: &str) -> Option<String> {
        let secrets = self.documents.iter().filter(|document| document.text("kind") == Some("Secret"));
        let named = |document: &&Node| document.get("metadata").and_then(|meta| meta.text("name")) == Some(name);
        secrets.filter(named).find_map(|secret| {
            // The API server lets `stringData` win.
            let text = |field: &str| secret.get(field)?.text(key).map(|text| self.unmasked(unquoted(text)));
            text("stringData").or_else(|| {
                let encoded = text("data")?;
                let plain = decode_base64(encoded.as_bytes()).filter(|_| !encoded.starts_with(MASK));
                Some(plain.map_or(encoded, |plain| String::from_utf8_lossy(&plain).into_owned()))
            })
        })
    }

    fn unmasked(&self, text: &str) -> String {
        let masks = self.masks.iter().enumerate();
        masks.fold(text.to_owned(), |text, (number, mask)| text.replace(&format!("refloat-mask-{number}-"), mask))
    }

    /// What the pods of its workloads want together.
    pub(super) fn wanted(&self) -> Amounts {
        let mut sum = Amounts::new();
        for document in &self.documents {
            let Some((count, pod)) = workload(document) else { continue };
            for (name, amount) in of_pod(pod) {
                let all = sum.entry(name).or_default();
                (0..count).for_each(|_| *all = *all + amount);
            }
        }
        sum
    }
}

/// More pods of one workload than any node takes.
const MOST: usize = 1000;

/// How many pods a document makes on one node, and their `spec`.
fn workload(document: &Node) -> Option<(usize, &Node)> {
    let spec = document.get("spec");
    let count = |key: &str| spec.and_then(|spec| spec.text(key)?.parse::<usize>().ok()).unwrap_or(1).min(MOST);
    let template = || spec?.get("template")?.get("spec");
    match document.text("kind")? {
        "Pod" => Some((1, spec?)),
        "Deployment" | "StatefulSet" | "ReplicaSet" => Some((count("replicas"), template()?)),
        "DaemonSet" => Some((1, template()?)),
        "Job" => Some((count("parallelism"), template()?)),
        _ => None,
    }
}

/// What one pod wants: all its containers together, or its largest init container, whichever is more.
fn of_pod(spec: &Node) -> Amounts {
    let mut wanted = Amounts::new();
    for container in list(spec, "containers") {
        for (name, amount) in of_container(container) {
            let sum = wanted.entry(name).or_default();
            *sum = *sum + amount;
        }
    }
    for container in list(spec, "initContainers") {
        for (name, amount) in of_container(container) {
            let most = wanted.entry(name).or_default();
            *most = (*most).max(amount);
        }
    }
    wanted.insert("pods".to_owned(), Quantity::whole(1));
    wanted
}

fn list<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    match node.get(key) {
        Some(Node::List(items)) => items,
        _ => &[],
    }
}

/// Requests; where only a limit is given that is what is requested (the API server's defaults).
fn of_container(container: &Node) -> Amounts {
    let mut wanted = Amounts::new();
    for key in ["limits", "requests"] {
        let Some(Node::Map(entries)) = container.get("resources").and_then(|resources| resources.get(key)) else {
            continue;
        };
        for (name, amount) in entries {
            if let Node::Scalar(text) = amount
                && let Some(amount) = Quantity::parse(unquoted(text))
            {
                wanted.insert(name.clone(), amount);
            }
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "---\n# Source: app/templates/all.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: web}\n\
        data:\n  URL: aHR0cDovL3g=\n  PIN: \"MTIz\"\nstringData: {KEY: \"0123\", NAME: joe}\n---\nkind: Secret\n\
        metadata:\n  name: other\nstringData:\n  KEY: [hidden 36 chars #01234567]\n  PART: http://a:[hidden 3 chars #89abcdef]@b\n  QUOTED: \"[hidden 3 chars #89abcdef]\"\n\
        ---\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n  template:\n    spec:\n      \
        initContainers:\n      - {name: a, resources: {requests: {cpu: \"1\"}}}\n      containers:\n      - name: b\n        \
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}\n      - name: c\n        \
        resources: {limits: {cpu: 50m}}\n---\nkind: DaemonSet\nspec: {template: {spec: {containers: [{name: d}]}}}\n\
        ---\nkind: Service\nspec: {ports: [{port: 80}]}\n";

    #[test]
    fn the_values_of_secrets_in_every_form() {
        let manifest = Manifest::read(TEXT).unwrap();
        for (name, key, value) in [
            ("web", "URL", Some("http://x")),
            ("web", "PIN", Some("123")),
            ("web", "KEY", Some("0123")),
            ("web", "NAME", Some("joe")),
            ("web", "NONE", None),
            ("none", "KEY", None),
            ("other", "KEY", Some("[hidden 36 chars #01234567]")),
            ("other", "PART", Some("http://a:[hidden 3 chars #89abcdef]@b")),
            ("other", "QUOTED", Some("[hidden 3 chars #89abcdef]")),
        ] {
            assert_eq!(manifest.secret(name, key).as_deref(), value, "{name}/{key}");
        }
    }

    #[test]
    fn what_the_workloads_want() {
        let wanted = Manifest::read(TEXT).unwrap().wanted();
        let told: Vec<String> = wanted.iter().map(|(name, amount)| format!("{name} {}", amount.of(name))).collect();
        // Two pods of at least the init container's CPU; the third asks for nothing but its place.
        assert_eq!(told, ["cpu 2000m", "memory 256Mi", "pods 3"]);
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        assert_eq!(Manifest::read("a: b\n c: [d\n").err(), Some(2));
    }

    proptest! {
        #[test]
        fn never_panics(text in "(---\\n|kind: Secret\\n|data:|  [a-c]: |\\[hidden |\\]|#|\"|[a-z ]|\\n|é)*") {
            if let Ok(manifest) = Manifest::read(&text) {
                let _ = (manifest.secret("a", "b"), manifest.wanted());
            }
        }
    }
}
