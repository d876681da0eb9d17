//! Does going back to an earlier revision help? One sentence and one command.

use super::families;
use super::history::{Release, Status};
use super::relation::is_noise;
use crate::model::finding::{Changes, Diagnosis, Finding, Helps, Role, Rollback, RollbackAdvice, Verdict};

/// What is known of the change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// The compared fields, where they could be.
    pub(super) changes: Option<&'a Changes>,
    /// Both manifests were compared: what is not among the fields has not changed.
    pub(super) is_whole: bool,
    /// Something in the object of the root changed, related or not.
    pub(super) is_near: bool,
}

/// The advice; `None` where nothing can be said.
pub(super) fn advice(diagnosis: &Diagnosis, release: Option<&Release>, known: Known<'_>) -> Option<RollbackAdvice> {
    if diagnosis.verdict == Verdict::Healthy {
        return None;
    }
    let root =
        diagnosis.findings.iter().find(|finding| finding.role != Role::Consequence).or(diagnosis.findings.first());
    let release = release.filter(|release| !release.revisions.is_empty());
    if root.is_some_and(|root| root.family == "helm-chart-error") {
        return Some(no("helm refused the chart; what runs is the revision before it".to_owned()));
    }
    if root.is_some_and(is_outside) {
        return Some(no("the cause lies outside what the release deploys".to_owned()));
    }
    let Some(release) = release else { return without_history(root) };
    let last = release.last()?;
    let name = if release.name.is_empty() { "RELEASE" } else { &release.name };
    let number = last.number;
    let Some(good) = release.good_before() else {
        return nothing_before(release, name);
    };
    let to = good.number;
    let back = |helps, why| RollbackAdvice {
        helps,
        why,
        revision: Some(to),
        command: Some(format!("helm rollback {name} {to}")),
    };
    match &last.status {
        Status::Pending(state) => {
            let why = format!(
                "revision {number} is {state}, which locks the release: once no helm is at work, a rollback unlocks it"
            );
            return Some(back(Helps::Yes, why));
        }
        Status::Uninstalling => {
            return Some(RollbackAdvice {
                helps: Helps::Impossible,
                why: format!("revision {number} is being uninstalled: let that end, then install"),
                revision: None,
                command: Some(format!("helm uninstall {name}")),
            });
        }
        Status::Uninstalled => {
            return Some(back(
                Helps::Perhaps,
                format!("the release is uninstalled; revision {to} was in service before"),
            ));
        }
        _ => {}
    }
    if let Some(earlier) = last.description.strip_prefix("Rollback to ") {
        return Some(no(format!("revision {number} is a rollback already, to revision {}", earlier.trim())));
    }
    let Some(root) = root else {
        let why = format!("what is wrong has no name yet; revision {to} was in service before");
        return Some(back(Helps::Perhaps, why));
    };
    Some(by_change(root, known, number, to, back))
}

/// The answer that the changed fields give.
fn by_change(
    root: &Finding,
    known: Known<'_>,
    number: u32,
    to: u32,
    back: impl Fn(Helps, String) -> RollbackAdvice,
) -> RollbackAdvice {
    let fields = known.changes.map(|changes| changes.fields.as_slice());
    let related = fields.and_then(|fields| fields.iter().find(|change| change.relates.contains(&root.id)));
    if let Some(change) = related {
        return back(Helps::Yes, format!("revision {number} changed {}, which the cause is about", change.field));
    }
    let is_same = |fields: &[crate::model::finding::Change]| {
        fields.iter().all(|change| is_noise(change.field.split_once(": ").map_or("", |(_, path)| path)))
    };
    match fields.filter(|_| known.is_whole) {
        Some(fields) if is_same(fields) => no(format!("revision {to} deployed the same")),
        Some(_) if root.rollback == Rollback::Depends && !known.is_near => {
            no(format!("revision {number} changed nothing that the cause is about"))
        }
        Some(_) => {
            back(Helps::Perhaps, format!("revision {number} changed other fields than the cause is usually about"))
        }
        None if root.rollback == Rollback::Helps => back(
            Helps::Yes,
            format!("the cause lies in what revision {number} deploys; revision {to} was in service before"),
        ),
        None => back(Helps::Perhaps, format!("only if revision {number} changed what the cause is about")),
    }
}

fn nothing_before(release: &Release, name: &str) -> Option<RollbackAdvice> {
    let last = release.last()?;
    // A list tells the last revision and nothing of those before.
    if !release.is_whole && last.number > 1 {
        let why =
            format!("revision {} is the last; helm history tells whether an earlier one was in service", last.number);
        return Some(RollbackAdvice {
            helps: Helps::Perhaps,
            why,
            revision: None,
            command: Some(format!("helm history {name}")),
        });
    }
    let why = match (&last.status, release.revisions.len()) {
        // Helm upgrades no release that was never installed to the end.
        (Status::Pending(state), _) => {
            let why = format!("revision {} is {state} and none before it was in service", last.number);
            return Some(RollbackAdvice {
                helps: Helps::Impossible,
                why: format!("{why}: once no helm is at work, uninstall, then install"),
                revision: None,
                command: Some(format!("helm uninstall {name}")),
            });
        }
        (_, 1) => format!("revision {} is the only one", last.number),
        _ => format!("no revision before {} was ever in service", last.number),
    };
    Some(RollbackAdvice {
        helps: Helps::Impossible,
        why: format!("{why}; mend the cause and deploy again, or, to start anew, uninstall and install"),
        revision: None,
        command: None,
    })
}

fn without_history(root: Option<&Finding>) -> Option<RollbackAdvice> {
    let root = root?;
    if root.family == "helm-not-found" {
        return Some(RollbackAdvice {
            helps: Helps::Impossible,
            why: "helm knows no revision to go back to".to_owned(),
            revision: None,
            command: None,
        });
    }
    (root.rollback == Rollback::Helps).then(|| RollbackAdvice {
        helps: Helps::Perhaps,
        why: "the cause lies in what the release deploys: it helps where an earlier revision was in service".to_owned(),
        revision: None,
        command: None,
    })
}

fn is_outside(root: &Finding) -> bool {
    match root.rollback {
        Rollback::Useless => true,
        Rollback::Helps => false,
        Rollback::Depends => families::is_outside(&root.family),
    }
}

fn no(why: String) -> RollbackAdvice {
    RollbackAdvice { helps: Helps::No, why, revision: None, command: None }
}

#[cfg(test)]
mod tests {
    use super::super::history::Revision;
    use super::*;
    use crate::model::finding::{Change, Confidence};

    fn release(states: &[(&str, &str)]) -> Release {
        let revision = |(number, (state, description)): (u32, &(&str, &str))| {
            let status = Status::parse(state).unwrap();
            (number, Revision { number, status, description: (*description).to_owned() })
        };
        Release { name: "web".to_owned(), revisions: (1..).zip(states).map(revision).collect(), is_whole: true }
    }

    fn failing(family: &str, rollback: Rollback) -> Diagnosis {
        let finding = Finding {
            id: "x".to_owned(),
            family: family.to_owned(),
            role: Role::Root,
            subject: "web".to_owned(),
            cause: String::new(),
            fixes: Vec::new(),
            explains: Vec::new(),
            confidence: Confidence::Low,
            confirm: Vec::new(),
            confirmed: Vec::new(),
            rollback,
            fields: Vec::new(),
            since: None,
            evidence: Vec::new(),
        };
        Diagnosis { findings: vec![finding], ..Diagnosis::naming_nothing(Verdict::Failing) }
    }

    fn changes(relates: &[&str]) -> Changes {
        let relates = relates.iter().map(|id| (*id).to_owned()).collect();
        let change = Change { field: "values: a".to_owned(), before: None, after: None, relates };
        Changes { from: Some(1), to: Some(2), fields: vec![change], more: 0 }
    }

    const UNKNOWN: Known<'_> = Known { changes: None, is_whole: false, is_near: false };
    const TWO: [(&str, &str); 2] = [("superseded", "Install complete"), ("deployed", "Upgrade complete")];

    fn said(
        diagnosis: &Diagnosis,
        release: Option<&Release>,
        known: Known<'_>,
    ) -> Option<(Helps, Option<u32>, String)> {
        advice(diagnosis, release, known).map(|advice| (advice.helps, advice.revision, advice.why))
    }

    fn helps(family: &str, rollback: Rollback, states: &[(&str, &str)], known: Known<'_>) -> (Helps, Option<u32>) {
        let (helps, revision, _) = said(&failing(family, rollback), Some(&release(states)), known).unwrap();
        (helps, revision)
    }

    #[test]
    fn by_what_changed() {
        let (related, other) = (changes(&["x"]), changes(&[]));
        let of = |changes, is_whole, is_near| Known { changes: Some(changes), is_whole, is_near };
        let depends = |known| helps("database-connection", Rollback::Depends, &TWO, known);
        assert_eq!(depends(of(&related, false, false)), (Helps::Yes, Some(1)));
        assert_eq!(depends(of(&other, true, false)), (Helps::No, None));
        assert_eq!(depends(of(&other, true, true)), (Helps::Perhaps, Some(1)));
        assert_eq!(depends(of(&other, false, false)), (Helps::Perhaps, Some(1)), "only the values are known");
        assert_eq!(depends(UNKNOWN), (Helps::Perhaps, Some(1)));
        assert_eq!(helps("image-pull", Rollback::Helps, &TWO, of(&other, true, false)), (Helps::Perhaps, Some(1)));
        assert_eq!(helps("image-pull", Rollback::Helps, &TWO, UNKNOWN), (Helps::Yes, Some(1)));
    }

    #[test]
    fn what_lies_outside_is_not_mended_whatever_changed() {
        let related = changes(&["x"]);
        let known = Known { changes: Some(&related), is_whole: true, is_near: true };
        assert_eq!(helps("cluster-unreachable", Rollback::Depends, &TWO, known), (Helps::No, None));
        assert_eq!(helps("image-pull", Rollback::Useless, &TWO, known), (Helps::No, None));
        assert_eq!(helps("disk-pressure", Rollback::Helps, &TWO, known), (Helps::Yes, Some(1)), "the symptom's word");
        assert_eq!(helps("helm-chart-error", Rollback::Depends, &TWO, known), (Helps::No, None));
    }

    #[test]
    fn by_the_state_of_the_release() {
        let of = |states: &[(&str, &str)]| helps("database-connection", Rollback::Depends, states, UNKNOWN);
        assert_eq!(of(&[("failed", "x")]), (Helps::Impossible, None));
        assert_eq!(of(&[("failed", "x"), ("failed", "y")]), (Helps::Impossible, None));
        assert_eq!(of(&[("pending-install", "x")]), (Helps::Impossible, None));
        assert_eq!(of(&[("deployed", "x"), ("pending-upgrade", "y")]), (Helps::Yes, Some(1)));
        assert_eq!(of(&[("deployed", "x"), ("uninstalled", "y")]), (Helps::Perhaps, Some(1)));
        assert_eq!(of(&[("deployed", "x"), ("uninstalling", "y")]), (Helps::Impossible, None));
        let back = [("superseded", "a"), ("failed", "b"), ("deployed", "Rollback to 1")];
        assert_eq!(of(&back), (Helps::No, None));
    }

    #[test]
    fn without_a_history_little_is_said() {
        let of = |family, rollback| said(&failing(family, rollback), None, UNKNOWN).map(|(helps, ..)| helps);
        assert_eq!(of("database-connection", Rollback::Depends), None);
        assert_eq!(of("image-pull", Rollback::Helps), Some(Helps::Perhaps));
        assert_eq!(of("docker-daemon-down", Rollback::Depends), Some(Helps::No));
        assert_eq!(of("helm-not-found", Rollback::Depends), Some(Helps::Impossible));
        assert_eq!(said(&Diagnosis::naming_nothing(Verdict::Healthy), Some(&release(&TWO)), UNKNOWN), None);
        let nameless = Diagnosis::naming_nothing(Verdict::Unclassified);
        assert_eq!(said(&nameless, Some(&release(&TWO)), UNKNOWN).map(|(helps, ..)| helps), Some(Helps::Perhaps));
        let listed = Release { is_whole: false, ..release(&[("deployed", "")]) };
        assert_eq!(
            said(&failing("cors", Rollback::Depends), Some(&listed), UNKNOWN).map(|(helps, ..)| helps),
            Some(Helps::Impossible)
        );
    }
}
