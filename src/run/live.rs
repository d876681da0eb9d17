//! The calls that run now, and what a person who wants to stop is told about them.

use crate::text;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

/// The running calls, by step id. The thread that owns the reporter reads it when a stop is asked for.
pub type Live = Mutex<BTreeMap<String, LiveCall>>;

/// A call that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCall {
    /// The tool and what it does: `helm upgrade`, redacted.
    pub label: String,
    /// A stop waits for its end.
    pub waits: bool,
    /// It owns the terminal: a Ctrl-C is its own affair.
    pub interactive: bool,
    /// How long it may still take once it has been asked to end.
    pub grace: Duration,
    /// How long it may take at all.
    pub limit: Option<Duration>,
    /// What it may leave behind when it is broken off.
    pub leaves: Option<&'static str>,
}

/// The lines for a person who asked to stop: nothing new starts, and this is waited for.
pub fn first<'a>(calls: impl IntoIterator<Item = &'a LiveCall>) -> Vec<String> {
    let told: Vec<String> = calls.into_iter().map(LiveCall::is_waited_for).collect();
    if told.is_empty() { vec!["stopping: nothing new starts".to_owned()] } else { told }
}

impl LiveCall {
    /// What to say of a call that was ended before it had done its work; `None` when that leaves nothing.
    pub fn broken(&self) -> Option<String> {
        Some(format!("`{}` was broken off; it may have left {}", self.label, self.leaves?))
    }

    fn is_waited_for(&self) -> String {
        let Self { label, leaves, .. } = self;
        if self.interactive && !self.waits {
            return format!("waiting for `{label}`, which owns the terminal, to end; Ctrl-C again ends it");
        }
        if self.waits {
            let most = self.limit.map(|limit| format!(", {} at most", text::duration(limit))).unwrap_or_default();
            let leaves = leaves.unwrap_or("things half done");
            return format!("`{label}` is left to finish{most}; Ctrl-C again breaks it off and may leave {leaves}");
        }
        let leaves = leaves.map(|leaves| format!(" and may leave {leaves}")).unwrap_or_default();
        let grace = text::duration(self.grace);
        format!("waiting for `{label}` to end, {grace} at most; Ctrl-C again ends it at once{leaves}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(label: &str) -> LiveCall {
        LiveCall {
            label: label.to_owned(),
            waits: false,
            interactive: false,
            grace: Duration::from_secs(30),
            limit: Some(Duration::from_secs(960)),
            leaves: None,
        }
    }

    #[test]
    fn a_stop_says_what_is_waited_for_and_what_another_one_would_do() {
        assert_eq!(first([]), ["stopping: nothing new starts"]);
        let upgrade = LiveCall { leaves: Some("the release `pending-upgrade`"), ..call("helm upgrade") };
        assert_eq!(
            first([&upgrade]),
            ["waiting for `helm upgrade` to end, 30s at most; Ctrl-C again ends it at once and may leave the \
              release `pending-upgrade`"]
        );
        let rollback =
            LiveCall { waits: true, leaves: Some("the release `pending-rollback`"), ..call("helm rollback") };
        assert_eq!(
            first([&rollback]),
            ["`helm rollback` is left to finish, 16m at most; Ctrl-C again breaks it off and may leave the release \
              `pending-rollback`"]
        );
        assert_eq!(
            rollback.broken().unwrap(),
            "`helm rollback` was broken off; it may have left the release `pending-rollback`"
        );
        assert_eq!(call("docker build").broken(), None);
        let shell = LiveCall { interactive: true, ..call("kubectl exec") };
        assert_eq!(
            first([&shell]),
            ["waiting for `kubectl exec`, which owns the terminal, to end; Ctrl-C again ends it"]
        );
    }
}
