//! Which changed fields a root is likely about. What names the root's own words stands first, then
//! what its symptom says, then what is usual for its family, then the same object, then the rest;
//! labels and checksums that change with every release come last.

use super::diff::{Differs, leaf};
use super::families;
use crate::classify::table;
use crate::model::finding::{Change, Finding};
use crate::text::is_like;
use std::collections::BTreeSet;

/// Objects that run pods: a change in one says nothing about another.
const WORKLOADS: [&str; 7] = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"];

/// A root, as far as fields can be about it.
struct Root<'f> {
    finding: &'f Finding,
    /// Its workload; may be empty.
    workload: String,
    /// All that is said of it: its sentence, its subject, its lines.
    said: String,
    /// Parts of names that only its workload has, and those that only others have.
    own: BTreeSet<String>,
    others: BTreeSet<String>,
}

/// How near a field stands to a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Near {
    /// The symptom names such fields.
    Direct,
    /// Usual for the family, or it holds the very host, image or port that the root names.
    Usual,
    /// In the object that the root is about.
    SameObject,
    /// Not known to have to do with it.
    Far,
}

/// The fields in order, with the ids of the roots that they relate to. `workloads` are the names of
/// what runs pods in the release.
pub(super) fn ranked(changes: Vec<Differs>, roots: &[&Finding], workloads: &BTreeSet<String>) -> Vec<Change> {
    let roots: Vec<Root<'_>> = roots.iter().map(|finding| Root::new(finding, workloads)).collect();
    let mut ranked: Vec<_> = changes
        .into_iter()
        .map(|change| {
            let noise = is_noise(&change.path);
            let mut near: Vec<((Near, bool), usize)> = roots
                .iter()
                .enumerate()
                .map(|(index, root)| (if noise { (Near::Far, true) } else { root.near(&change) }, index))
                .collect();
            near.sort_unstable();
            let best = near.first().map_or((Near::Far, true), |(near, _)| *near);
            let related = near.iter().filter(|((near, _), _)| *near <= Near::Usual);
            let relates: BTreeSet<usize> = related.clone().map(|(_, index)| *index).collect();
            let first = relates.first().copied().unwrap_or(usize::MAX);
            let mut ids: Vec<String> = Vec::new();
            for (_, index) in related {
                let id = &roots[*index].finding.id;
                if !ids.contains(id) {
                    ids.push(id.clone());
                }
            }
            let field = format!("{}: {}", change.head, change.path);
            let is_values = change.head == "values";
            (
                (noise, best, first, !is_values),
                Change { field, before: change.before, after: change.after, relates: ids },
            )
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, change)| change).collect()
}

/// Is there a change in the object of a root, or in anything that is no noise?
pub(super) fn is_noise(path: &str) -> bool {
    const LEAVES: [&str; 11] = [
        "helm.sh/chart",
        "app.kubernetes.io/version",
        "app.kubernetes.io/managed-by",
        "kubectl.kubernetes.io/restartedAt",
        "rollme",
        "timestamp",
        "deployedAt",
        "chart",
        "heritage",
        "releaseRevision",
        "revision",
    ];
    let is_mark = path.contains("annotations") || path.contains("labels") || path.contains("Labels");
    // `["checksum/config"]`: the key itself holds dots.
    let key = path.rsplit_once("[\"").map_or_else(|| leaf(path), |(_, key)| key.trim_end_matches("\"]"));
    let always = ["rollme", "timestamp", "deployedAt"].contains(&key);
    key.starts_with("checksum/") || always || (is_mark && LEAVES.contains(&key))
}

impl<'f> Root<'f> {
    fn new(finding: &'f Finding, workloads: &BTreeSet<String>) -> Self {
        let workload = table::workload(&finding.subject).to_owned();
        let mut said = format!("{}\n{}", finding.cause, finding.subject);
        for quote in &finding.evidence {
            said.push('\n');
            said.push_str(&quote.text);
        }
        let parts =
            |name: &str| name.to_ascii_lowercase().split(['-', '.']).map(str::to_owned).collect::<BTreeSet<_>>();
        let ours = parts(&workload);
        let is_known = workloads.contains(&workload);
        let theirs: BTreeSet<String> =
            workloads.iter().filter(|name| is_known && **name != workload).flat_map(|name| parts(name)).collect();
        let own = ours.difference(&theirs).filter(|_| is_known).cloned().collect();
        let others = theirs.difference(&ours).cloned().collect();
        Self { finding, workload, said, own, others }
    }

    /// How near, and whether it does not name what the root names.
    fn near(&self, change: &Differs) -> (Near, bool) {
        let field = format!("{}: {}", change.head, change.path).to_ascii_lowercase();
        let path = format!(".{}", change.path.to_ascii_lowercase());
        let fits = |pattern: &str| {
            let pattern = pattern.to_ascii_lowercase();
            is_like(&pattern, &field) || is_like(&pattern, &path)
        };
        let (is_own, is_other) = self.is_about(change, &path);
        let named = [&change.after, &change.before].into_iter().flatten().any(|value| self.names(value, &path));
        let near = match () {
            () if is_other && !named => Near::Far,
            () if self.finding.fields.iter().any(|pattern| fits(pattern)) => Near::Direct,
            () if named || families::fields(&self.finding.family).iter().any(|pattern| fits(pattern)) => Near::Usual,
            () if is_own => Near::SameObject,
            () => Near::Far,
        };
        (near, !(named || is_own))
    }

    /// Is the change in what the root is about; is it in something else of the same kind?
    fn is_about(&self, change: &Differs, path: &str) -> (bool, bool) {
        if self.workload.is_empty() {
            return (false, false);
        }
        if change.head == "values" {
            let keys: BTreeSet<&str> = path.split(['.', '[', ']']).filter(|key| key.len() > 2).collect();
            let own = keys.iter().any(|key| self.own.contains(*key));
            // `backend.env.FRONTEND_URL` is the backend's.
            let first = keys.iter().any(|key| self.others.contains(*key) && path.starts_with(&format!(".{key}")));
            return (own, first && !own);
        }
        let (kind, name) = (change.head.split('/').next().unwrap_or_default(), object(&change.head));
        let own = name == self.workload || name.strip_prefix(&self.workload).is_some_and(|rest| rest.starts_with('-'));
        let mentioned = has_word(&self.said, name);
        (own || mentioned, WORKLOADS.contains(&kind) && !own && !mentioned)
    }

    /// Does a root's text name this value: its host, its image, its port?
    fn names(&self, value: &str, path: &str) -> bool {
        let is_port = value.len() >= 2 && value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit());
        if is_port {
            return path.contains("port") && has_word(&self.said, value);
        }
        if let Some((_, rest)) = value.split_once("://") {
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default();
            return host.len() > 2 && has_word(&self.said, host);
        }
        // A word of everyday says nothing; an image, a host, a version, a path does.
        let is_telling = value.len() > 3
            && value.len() < 300
            && value.contains(['.', '/', ':', '-', '_'])
            && !value.contains(char::is_whitespace)
            && !self.workload.starts_with(value)
            && value != self.finding.subject;
        is_telling && has_word(&self.said, value)
    }
}

/// The name of the object that a head tells.
fn object(head: &str) -> &str {
    let name = head.rsplit('/').next().unwrap_or(head);
    name.split('#').next().unwrap_or(name)
}

/// Does `text` hold `word`, and not as a part of a longer one?
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::{Confidence, Quote, Role, Rollback};

    fn finding(family: &str, subject: &str, line: &str, fields: &[&str]) -> Finding {
        Finding {
            id: format!("{family}-x"),
            family: family.to_owned(),
            role: Role::Root,
            subject: subject.to_owned(),
            cause: "It is so".to_owned(),
            fixes: Vec::new(),
            explains: Vec::new(),
            confidence: Confidence::Low,
            confirm: Vec::new(),
            confirmed: Vec::new(),
            rollback: Rollback::Depends,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            since: None,
            evidence: vec![Quote { file: "x".to_owned(), line: 1, text: line.to_owned(), span: None }],
        }
    }

    fn change(head: &str, path: &str, after: &str) -> Differs {
        Differs {
            head: head.to_owned(),
            path: path.to_owned(),
            before: Some("old".to_owned()),
            after: Some(after.to_owned()),
        }
    }

    fn order(changes: Vec<Differs>, root: &Finding) -> Vec<(String, bool)> {
        let workloads = ["taskflow-backend", "taskflow-frontend"].map(str::to_owned).into();
        let ranked = ranked(changes, &[root], &workloads);
        ranked.into_iter().map(|change| (change.field, !change.relates.is_empty())).collect()
    }

    #[test]
    fn what_the_root_names_comes_before_what_is_usual_and_noise_comes_last() {
        let line = "could not translate host name \"db-2\" to address";
        let root = finding("database-connection", "taskflow-backend-854759d849-pfrf4", line, &[]);
        let changes = vec![
            change("Deployment/taskflow-backend", "metadata.labels[\"helm.sh/chart\"]", "taskflow-0.2.0"),
            change("Deployment/taskflow-backend", "metadata.labels.team", "blue"),
            change("Service/x", "spec.type", "NodePort"),
            change("Deployment/taskflow-backend", "spec.template.spec.containers[api].env[DB_POOL].value", "5"),
            change("values", "secrets.DATABASE_URL", "postgresql://app:x@db-2:5432/app"),
        ];
        assert_eq!(
            order(changes, &root),
            [
                ("values: secrets.DATABASE_URL".to_owned(), true),
                ("Deployment/taskflow-backend: spec.template.spec.containers[api].env[DB_POOL].value".to_owned(), true),
                ("Deployment/taskflow-backend: metadata.labels.team".to_owned(), false),
                ("Service/x: spec.type".to_owned(), false),
                ("Deployment/taskflow-backend: metadata.labels[\"helm.sh/chart\"]".to_owned(), false),
            ]
        );
    }

    #[test]
    fn the_symptoms_own_fields_come_first() {
        let root = finding("database-connection", "", "x", &["*POOL*"]);
        let changes = vec![change("values", "env.DATABASE_URL", "a"), change("values", "env.pool", "b")];
        assert_eq!(
            order(changes, &root),
            [("values: env.pool".to_owned(), true), ("values: env.DATABASE_URL".to_owned(), true)]
        );
    }

    #[test]
    fn another_workloads_image_is_not_the_reason() {
        let root = finding(
            "image-pull",
            "taskflow-backend-854759d849-pfrf4",
            "Back-off pulling image \"taskflow-backend:9\"",
            &["*image*"],
        );
        let changes = vec![
            change("Deployment/taskflow-frontend", "spec.template.spec.containers[web].image", "taskflow-frontend:9"),
            change("values", "frontend.image.tag", "9.9"),
            change("values", "backend.image.tag", "9"),
            change("Deployment/taskflow-backend", "spec.template.spec.containers[api].image", "taskflow-backend:9"),
        ];
        let order = order(changes, &root);
        let related: Vec<&str> =
            order.iter().filter(|(_, related)| *related).map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            related,
            ["values: backend.image.tag", "Deployment/taskflow-backend: spec.template.spec.containers[api].image",]
        );
    }

    #[test]
    fn a_port_counts_where_it_is_one_and_a_word_of_everyday_never() {
        let root = finding("crash-loop", "web-1", "dial tcp 10.0.0.1:5433: connect: refused by true backend", &[]);
        let changes = vec![
            change("values", "flag", "true"),
            change("values", "weight", "5433"),
            change("values", "db.port", "5433"),
        ];
        let order = order(changes, &root);
        assert_eq!(order[0], ("values: db.port".to_owned(), true));
        assert!(order[1..].iter().all(|(_, related)| !related));
    }

    #[test]
    fn labels_that_always_change_are_noise() {
        for path in [
            "spec.template.metadata.annotations[\"checksum/config\"]",
            "metadata.labels[\"app.kubernetes.io/version\"]",
            "podAnnotations.rollme",
            "metadata.labels.chart",
        ] {
            assert!(is_noise(path), "{path}");
        }
        for path in ["image.tag", "metadata.labels.team", "chart.version", "revision"] {
            assert!(!is_noise(path), "{path}");
        }
    }
}
