//! Calls of helm: what was asked, of which release, at which revision. Pinned arguments may stand
//! anywhere.

use super::diff::What;

/// Flags of helm that take their value as the next word.
const VALUED: [&str; 33] = [
    "--kube-context",
    "--namespace",
    "-n",
    "--kubeconfig",
    "--revision",
    "--output",
    "-o",
    "--kube-apiserver",
    "--kube-token",
    "--kube-as-user",
    "--kube-as-group",
    "--kube-ca-file",
    "--kube-tls-server-name",
    "--registry-config",
    "--repository-cache",
    "--repository-config",
    "--burst-limit",
    "--qps",
    "--max",
    "--template",
    "--time-format",
    "--timeout",
    "--values",
    "-f",
    "--set",
    "--set-string",
    "--set-file",
    "--set-json",
    "--version",
    "--description",
    "--repo",
    "--history-max",
    "--post-renderer",
];

/// What a call of helm prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// `helm get values`, `helm get manifest`
    Get(What),
    /// `helm history`
    History,
    /// `helm list`
    List,
    /// Anything else that names a release: `helm status`, `helm upgrade` …
    Other,
}

/// A call of helm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// What it prints.
    pub(super) asked: Asked,
    /// The release; empty where none is named.
    pub(super) release: String,
    /// `--revision`
    pub(super) revision: Option<u32>,
}

/// Reads a call; `None` when it is not helm's.
pub(super) fn call<'a>(argv: impl IntoIterator<Item = &'a str>) -> Option<Call> {
    let mut argv = argv.into_iter();
    let program = argv.next()?.rsplit(['/', '\\']).next()?;
    if !program.eq_ignore_ascii_case("helm") && !program.eq_ignore_ascii_case("helm.exe") {
        return None;
    }
    let mut words = Vec::new();
    let (mut revision, mut all) = (None, false);
    while let Some(word) = argv.next() {
        // What a shell does with the output says nothing about it.
        if ["|", ">", ">>", "2>&1", ";", "&&"].contains(&word) {
            break;
        }
        if !word.starts_with('-') {
            words.push(word);
            continue;
        }
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None if VALUED.contains(&word) => (word, argv.next()),
            None => (word, None),
        };
        match flag {
            "--revision" => revision = value.and_then(|value| value.parse().ok()),
            "--all" | "-a" => all = true,
            _ => {}
        }
    }
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    let (asked, release) = match (word(0), word(1)) {
        ("get", "values") if all => (Asked::Get(What::AllValues), word(2)),
        ("get", "values") => (Asked::Get(What::Values), word(2)),
        ("get", "manifest") => (Asked::Get(What::Manifest), word(2)),
        ("history" | "hist", release) => (Asked::History, release),
        ("list" | "ls", _) => (Asked::List, ""),
        ("status" | "upgrade" | "install" | "rollback" | "uninstall" | "delete", release) => (Asked::Other, release),
        _ => (Asked::Other, ""),
    };
    Some(Call { asked, release: release.to_owned(), revision })
}

/// The call that was typed in this line of a session, behind whatever prompt.
pub(super) fn typed(line: &str) -> Option<Call> {
    let words: Vec<&str> = line.split_whitespace().take(40).collect();
    let at = words.iter().position(|word| {
        let name = word.rsplit(['>', '/', '\\']).next().unwrap_or(word);
        name.eq_ignore_ascii_case("helm") || name.eq_ignore_ascii_case("helm.exe")
    })?;
    call(std::iter::once("helm").chain(words[at + 1..].iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<(Asked, String, Option<u32>)> {
        call(line.split(' ')).map(|call| (call.asked, call.release, call.revision))
    }

    #[test]
    fn calls_with_pinned_arguments_anywhere() {
        let values = |revision| Some((Asked::Get(What::Values), "web".to_owned(), revision));
        for line in [
            "helm get values web --revision 6",
            "helm --kube-context minikube --namespace shop get values web --revision=6",
            "/usr/bin/helm get --revision 6 values -n shop web -o yaml",
            "C:\\bin\\helm.exe get values web --revision 6 > values.yaml",
        ] {
            assert_eq!(of(line), values(Some(6)), "{line}");
        }
        assert_eq!(of("helm get values web"), values(None));
        assert_eq!(of("helm get values -a web"), Some((Asked::Get(What::AllValues), "web".into(), None)));
        assert_eq!(of("helm get manifest web"), Some((Asked::Get(What::Manifest), "web".into(), None)));
        assert_eq!(of("helm upgrade -f values.yaml --set a=b web chart"), Some((Asked::Other, "web".into(), None)));
        assert_eq!(of("helm hist web --max 5"), Some((Asked::History, "web".into(), None)));
        assert_eq!(of("helm ls -A"), Some((Asked::List, String::new(), None)));
        assert_eq!(of("kubectl get values"), None);
        assert_eq!(of("helm"), Some((Asked::Other, String::new(), None)));
    }

    #[test]
    fn a_call_behind_a_prompt() {
        let typed = |line| typed(line).map(|call| (call.asked, call.release));
        for line in ["$ helm history web", "PS C:\\app> helm history web", "C:\\app>helm history web | more"] {
            assert_eq!(typed(line), Some((Asked::History, "web".to_owned())), "{line}");
        }
        assert_eq!(typed("nothing of the kind"), None);
    }
}
