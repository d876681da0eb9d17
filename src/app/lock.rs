//! What changes a cluster works on it alone: the lock, and who is told to be in the way.

use super::context::Context;
use crate::adapter::clock::SystemClock;
use crate::adapter::home;
use crate::adapter::lock::{Held, Holder, Refusal};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::step::Danger;
use crate::plan::Plan;
use crate::plan::clusters::{CURRENT, clusters};
use crate::port::Clock;
use crate::text;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Why another cluster's run can be in the way.
const UNNAMED: &str = "a call without --context means whatever cluster is current, so its run is alone";

/// Locks every cluster that the plan works on; `None` for a run that only looks, or that a recording
/// answers.
///
/// # Errors
/// [`Code::Locked`]: somebody else works on one of them. [`Code::Unwritable`]: nobody can tell.
pub(super) fn take(context: &Context, catalog: &Catalog, plan: &Plan) -> Result<Option<Arc<Held>>, Failure> {
    let clusters = clusters(plan);
    if plan.root.danger == Danger::Read || context.global.replay.is_some() || clusters.is_empty() {
        return Ok(None);
    }
    let broken = |why: String| {
        Failure::new(Code::Unwritable, format!("nobody can tell whether another run works on the cluster: {why}"))
            .hint("nothing was done")
    };
    let place = home::state_dir(&context.env, context.terminal.os).map_err(broken)?.join("locks");
    let now = SystemClock::start().now();
    let project = catalog.path.parent().unwrap_or(Path::new("/"));
    match Held::take(&place, &clusters, CURRENT, Holder::new(&plan.root.task, project, now)) {
        Ok(held) => Ok(Some(Arc::new(held))),
        Err(Refusal::Broken(why)) => Err(broken(why)),
        Err(Refusal::Held { cluster, holder }) => {
            let failure = locked(&cluster, holder.as_deref(), now);
            Err(if cluster == CURRENT { failure.hint(UNNAMED) } else { failure })
        }
    }
}

/// Who works there, since when, and what to do.
fn locked(cluster: &str, holder: Option<&Holder>, now: u64) -> Failure {
    let name = |cluster: &str| if cluster == CURRENT { cluster.to_owned() } else { format!("`{cluster}`") };
    // Whoever is alone is kept out by others, too: then theirs is the one to name.
    let theirs: Vec<String> = holder.iter().flat_map(|holder| &holder.clusters).map(|theirs| name(theirs)).collect();
    let is_other = holder.is_some_and(|holder| !holder.clusters.contains(cluster)) && !theirs.is_empty();
    let on = if is_other { theirs.join(", ") } else { name(cluster) };
    let Some(holder) = holder else {
        return Failure::new(Code::Locked, format!("another run works on {on}; it has not said yet which"))
            .hint("nothing was done; try again in a moment");
    };
    let age = text::took(Duration::from_millis(now.saturating_sub(holder.since)));
    let since = format!("since {} ({age})", text::timestamp(holder.since));
    let run = format!("`refloat {}` (pid {}, in {})", holder.task, holder.pid, holder.project.display());
    let tools: Vec<String> = holder.left().map(|tool| format!("`{}` (pid {})", tool.label, tool.pid)).collect();
    if holder.is_there() {
        let now = if tools.is_empty() { String::new() } else { format!("; now it runs {}", tools.join(", ")) };
        return Failure::new(Code::Locked, format!("{run} works on {on} {since}{now}"))
            .hint("nothing was done; wait for its end, or stop it there with Ctrl-C");
    }
    let left =
        if tools.is_empty() { "something that it started".to_owned() } else { format!("its {}", tools.join(", ")) };
    let runs = if tools.len() > 1 { "run" } else { "runs" };
    Failure::new(Code::Locked, format!("{run} worked on {on} {since} and is gone, but {left} still {runs}"))
        .hint("nothing was done; wait until it has ended: what it does is not known before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::lock::Running;

    fn holder() -> Holder {
        let mut holder = Holder::new("reset", Path::new("/home/ada/taskflow"), 1_763_906_400_000);
        holder.tools = vec![Running { label: "helm upgrade".to_owned(), pid: holder.pid, birth: holder.birth }];
        holder
    }

    #[test]
    fn the_one_in_the_way_is_named() {
        let there = holder();
        let told = locked("minikube", Some(&there), there.since + 192_000);
        assert_eq!(told.code, Code::Locked);
        let pid = there.pid;
        assert_eq!(
            told.message,
            format!(
                "`refloat reset` (pid {pid}, in /home/ada/taskflow) works on `minikube` since 2025-11-23 \
                 14:00:00Z (3m 12s); now it runs `helm upgrade` (pid {pid})"
            )
        );
        let gone = Holder { pid: u32::MAX - 1, ..there };
        assert_eq!(
            locked(CURRENT, Some(&gone), gone.since).message,
            format!(
                "`refloat reset` (pid 4294967294, in /home/ada/taskflow) worked on the current context since \
                 2025-11-23 14:00:00Z (0.0s) and is gone, but its `helm upgrade` (pid {pid}) still runs"
            )
        );
        assert!(locked("a", None, 0).message.contains("another run works on `a`"));
    }
}
