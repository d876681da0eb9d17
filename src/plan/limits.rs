//! How long a call may take, and how it is stopped: what is known of the tools.
//!
//! A tool that gives up by itself says why and tidies up; one that is ended does neither. So the tool's
//! own limit is always passed, and ours stands behind it. Only helm and kubectl have such limits; no
//! other tool gets one that nobody asked for.
//!
//! Where the facts are from: helm 3.21 and 4.2 (`cmd/helm`, `pkg/action`), kubectl 1.32
//! (`staging/src/k8s.io/kubectl/pkg/cmd`), minikube 1.37 (`cmd/minikube/cmd`). That both take a flag of
//! a subcommand in front of it (`helm --timeout=5m upgrade`) was tried with helm 3.6 and kubectl 1.32.

use crate::model::argv::{Arguments, Known, go_duration};
use crate::text;
use std::time::Duration;

/// Between asking a child to end and ending it, where nothing else is known.
pub const GRACE: Duration = Duration::from_secs(10);

/// None of the calls that look at something for a check takes longer.
pub const LOOK: Duration = Duration::from_secs(30);

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What holds for one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The tool's own limit, as an argument, where the call has none.
    pub missing: Option<String>,
    /// Our limit: the step's, or one behind the tool's own.
    pub ours: Option<Duration>,
    /// From asking it to end to ending it.
    pub grace: Duration,
    /// A first Ctrl-C is not for it, unless the step says otherwise: it cannot be stopped, only broken.
    pub finish: bool,
    /// What it may leave behind when it is broken off: fits behind "may leave".
    pub leaves: Option<&'static str>,
}

/// The limit that a tool sets itself.
struct Own<'a> {
    /// The flag that sets it.
    flag: &'static str,
    /// What the call says.
    given: Option<&'a str>,
    /// What to say where nobody does.
    usual: Duration,
    /// Does a limit of zero mean none at all?
    zero_is_never: bool,
    /// How the whole call relates to it.
    shape: Shape,
}

/// How often a call may wait for its own limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Once.
    Once,
    /// So many times: helm's hooks before and after have the limit each, and so has a rollback of its own.
    Times(u32),
    /// kubectl asks up to six times before it gives up: five for what the server offers, one for what
    /// is wanted (a server that takes connections and never answers, `--request-timeout=2s`: 12 s).
    Request,
    /// As often as there is something to wait for.
    Endless,
}

/// Tries of a request, see [`Shape::Request`].
const TRIES: u32 = 6;

/// What holds for this call of `program`, when its step has the limit `step`. `arguments` are those
/// behind the program; what the run alone can fill is left as `${name}`.
pub fn of<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>, step: Option<Duration>) -> Limits {
    let known = Known::by(program);
    let arguments = Arguments::of(known, arguments);
    let mut limits = Limits { missing: None, ours: step, grace: GRACE, finish: false, leaves: None };
    let own = match known {
        Some(Known::Helm) => helm(&arguments, &mut limits),
        Some(Known::Kubectl) => kubectl(&arguments),
        Some(Known::Minikube) => {
            minikube(&arguments, &mut limits);
            None
        }
        Some(Known::Docker) | None => None,
    };
    if let Some(own) = own {
        if own.given.is_none() {
            limits.missing = Some(format!("{}={}", own.flag, text::duration(own.within(step))));
        }
        limits.ours = step.or_else(|| own.behind());
    }
    limits
}

/// What is known of a call that waits by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// How long it waits at most.
    pub most: Duration,
    /// At the end of its time it removes what it made, evidence and all.
    pub takes_back: bool,
}

/// How long this call of `program` waits by itself, where that is known.
pub fn waits<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Option<Waits> {
    let known = Known::by(program)?;
    let arguments = Arguments::of(Some(known), arguments);
    let mut limits = Limits { missing: None, ours: None, grace: GRACE, finish: false, leaves: None };
    let own = match known {
        Known::Helm => helm(&arguments, &mut limits)?,
        Known::Kubectl => kubectl(&arguments)?,
        Known::Minikube | Known::Docker => return None,
    };
    let most = own.given.map_or(Some(own.usual), go_duration)?;
    let takes_back = ["--atomic", "--rollback-on-failure", "--cleanup-on-fail"];
    Some(Waits { most, takes_back: known == Known::Helm && takes_back.iter().any(|flag| arguments.is_on(flag)) })
}

impl Own<'_> {
    /// What to pass: the usual, or a bit less than the step has.
    fn within(&self, step: Option<Duration>) -> Duration {
        let Some(step) = step else { return self.usual };
        let mut inner = step.saturating_sub(MINUTE.min(step / 4));
        if self.shape == Shape::Request {
            // Less, so that kubectl gets to say that nobody answers; a slow server has its time.
            inner = inner.min((step / (TRIES + 1)).max(10 * SECOND));
        }
        if inner < SECOND { inner } else { Duration::from_secs(inner.as_secs()) }
    }

    /// Ours behind it. `None`: it never ends by itself, and that is meant, or nobody knows when.
    fn behind(&self) -> Option<Duration> {
        let inner = match self.given {
            Some(given) => go_duration(given)?,
            None => self.usual,
        };
        if inner.is_zero() && self.zero_is_never {
            return None;
        }
        let times = match self.shape {
            Shape::Once => 1,
            Shape::Times(times) => times,
            Shape::Request => TRIES,
            Shape::Endless => return None,
        };
        Some(inner.saturating_mul(times).saturating_add(MINUTE))
    }
}

/// helm reacts to a signal in install and upgrade alone (since 3.7): it records the release as failed
/// and, with `--atomic`, goes back for as long as its `--timeout` is. Everywhere else it dies at once
/// and leaves the release in between.
fn helm<'a>(arguments: &Arguments<'a>, limits: &mut Limits) -> Option<Own<'a>> {
    let given = arguments.values("--timeout").last().copied();
    let usual = 5 * MINUTE;
    let mut shape = Shape::Times(3);
    match arguments.word(0) {
        verb @ ("install" | "upgrade") => {
            limits.leaves = Some(match verb {
                "install" => "the release `pending-install`",
                _ => "the release `pending-upgrade`",
            });
            limits.grace = 30 * SECOND;
            if arguments.is_on("--atomic") || arguments.is_on("--rollback-on-failure") {
                shape = Shape::Times(6);
                let rollback = given.map_or(Some(usual), go_duration).unwrap_or(usual);
                limits.grace = limits.grace.saturating_add(rollback);
            }
        }
        "rollback" => {
            limits.leaves = Some("the release `pending-rollback`");
            limits.finish = true;
        }
        "uninstall" | "delete" | "del" | "un" => {
            limits.leaves = Some("the release `uninstalling`");
            limits.finish = true;
        }
        // Each test has the limit, and only the chart knows how many there are.
        "test" => shape = Shape::Endless,
        _ => return None,
    }
    Some(Own { flag: "--timeout", given, usual, zero_is_never: false, shape })
}

fn kubectl<'a>(arguments: &Arguments<'a>) -> Option<Own<'a>> {
    let timeout = |usual, zero_is_never| {
        let given = arguments.values("--timeout").last().copied();
        Some(Own { flag: "--timeout", given, usual, zero_is_never, shape: Shape::Once })
    };
    let request = |usual, shape| {
        let given = arguments.values("--request-timeout").last().copied();
        Some(Own { flag: "--request-timeout", given, usual, zero_is_never: true, shape })
    };
    if arguments.is_on("--help") || arguments.is_on("-h") {
        return None;
    }
    match (arguments.word(0), arguments.word(1)) {
        // Never by itself. A deployment's own deadline is ten minutes (`progressDeadlineSeconds`).
        ("rollout", "status") => timeout(15 * MINUTE, true),
        // Zero asks once; negative is a week.
        ("wait", _) => timeout(30 * SECOND, false),
        // Never by itself: it waits for what must be tidied up first.
        ("delete", _) => timeout(5 * MINUTE, true),
        ("drain", _) => timeout(10 * MINUTE, true),
        // Those that go on by intent.
        ("get" | "events", _) if is_watching(arguments) => None,
        ("logs", _) if arguments.is_on("--follow") || arguments.has_letter('f', &['c', 'l', 'n', 's']) => None,
        ("version", _) if arguments.is_on("--client") => None,
        // The limit is for the whole of what is sent, and a log may be long.
        ("logs", _) => request(5 * MINUTE, Shape::Once),
        (
            "get" | "events" | "describe" | "top" | "explain" | "api-resources" | "api-versions" | "cluster-info"
            | "version" | "auth",
            _,
        )
        | ("rollout", "history") => request(30 * SECOND, Shape::Request),
        // What checks a change in the cluster (admission) may take its time.
        (
            "apply" | "create" | "replace" | "patch" | "set" | "scale" | "autoscale" | "expose" | "label" | "annotate"
            | "taint" | "cordon" | "uncordon" | "rollout" | "diff",
            _,
        ) => request(MINUTE, Shape::Request),
        // `exec`, `attach`, `port-forward`, `run`, `debug`, `cp`, `edit`, `proxy` last as long as what
        // they carry; `config`, `kustomize` and `plugin` ask nobody; plugins have flags of their own.
        _ => None,
    }
}

fn is_watching(arguments: &Arguments<'_>) -> bool {
    arguments.is_on("--watch")
        || arguments.is_on("--watch-only")
        || arguments.has_letter('w', &['o', 'l', 'n', 'f', 'k', 'L', 's', 'v'])
}

/// minikube reacts to no signal. A half-made cluster is taken up by the next `start`, which has a limit
/// of its own (`--wait-timeout`); a half-deleted one wants another `delete`.
fn minikube(arguments: &Arguments<'_>, limits: &mut Limits) {
    match arguments.word(0) {
        "delete" => {
            limits.finish = true;
            limits.leaves = Some("a cluster that is half deleted");
        }
        "start" => limits.leaves = Some("a cluster that is half made"),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
