//! Which command printed a text: from the call itself, or from a prompt in a pasted session.

use super::table;
use crate::model::finding::Source;

/// What a command prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Printed {
    /// The kind of text.
    pub(crate) source: Source,
    /// What it is about: a pod, a deployment; may be empty.
    pub(crate) subject: String,
}

impl Printed {
    fn of(source: Source) -> Self {
        Self { source, subject: String::new() }
    }
}

/// Flags of `kubectl` that take their value as the next word.
const VALUED: [&str; 15] = [
    "-n",
    "--namespace",
    "--context",
    "--kube-context",
    "-c",
    "--container",
    "-l",
    "--selector",
    "-f",
    "--filename",
    "--tail",
    "--since",
    "--kubeconfig",
    "--field-selector",
    "--for",
];

/// What `argv` prints to standard output.
pub(crate) fn printed<'a>(argv: impl IntoIterator<Item = &'a str>) -> Printed {
    let mut argv = argv.into_iter();
    let program = argv.next().unwrap_or_default();
    let rest: Vec<&str> = argv.collect();
    let words = plain(&rest);
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    match stem(program) {
        "kubectl" | "k" | "kk" | "oc" | "kubecolor" | "k3s" | "microk8s" | "microk8s.kubectl" => {
            let skip = usize::from(word(0) == "kubectl");
            kubectl(&rest, word(skip), word(skip + 1), word(skip + 2))
        }
        // KubeEdge's `keadm ctl get pod` is kubectl behind another name.
        "keadm" => kubectl(&rest, word(1), word(2), word(3)),
        "helm" => match word(0) {
            "get" | "template" | "show" | "inspect" => Printed::of(Source::Manifest),
            "list" | "ls" | "history" | "hist" => Printed::of(Source::OtherTable),
            _ => Printed::of(Source::Helm),
        },
        "minikube" if word(0) == "kubectl" => kubectl(&rest, word(1), word(2), word(3)),
        "minikube" if word(0) == "logs" => Printed::of(Source::Unknown),
        "minikube" => Printed::of(Source::Minikube),
        "docker" | "podman" | "nerdctl" | "docker-compose" => match (word(0), word(1)) {
            ("logs", name) | ("compose", name @ "logs") => Printed { source: Source::PodLog, subject: name.to_owned() },
            ("run" | "exec", _) => Printed::of(Source::Unknown),
            _ => Printed::of(Source::Docker),
        },
        _ => Printed::of(Source::Unknown),
    }
}

fn kubectl(rest: &[&str], verb: &str, kind: &str, name: &str) -> Printed {
    let raw = rest.iter().any(|word| {
        let value = word.strip_prefix("-o").or(word.strip_prefix("--output"));
        value.is_some_and(|value| value.trim_start_matches('=').starts_with(['y', 'j', 'g']))
    }) || rest.windows(2).any(|pair| {
        matches!(pair, ["-o" | "--output", format] if format.starts_with("yaml") || format.starts_with("json") || format.starts_with("go-template"))
    });
    let subject = |kind: &str, name: &str| match kind.split_once('/') {
        // `deployment/web` is what the next command has to say, too.
        Some(("pod" | "pods" | "po", name)) => name.to_owned(),
        Some(_) => kind.to_owned(),
        None if table::is_name(name) => name.to_owned(),
        None => String::new(),
    };
    let kind_only = kind.split('/').next().unwrap_or_default();
    match verb {
        "logs" | "log" | "attach" => Printed { source: Source::PodLog, subject: subject(kind, kind) },
        "get" if raw => Printed::of(Source::Manifest),
        "get" if matches!(kind_only, "pod" | "pods" | "po") => Printed::of(Source::PodTable),
        "get" | "events" if verb == "events" || matches!(kind_only, "event" | "events" | "ev") => {
            Printed::of(Source::Events)
        }
        "get" => Printed::of(Source::OtherTable),
        "describe" if matches!(kind_only, "pod" | "pods" | "po") => {
            Printed { source: Source::DescribePod, subject: subject(kind, name) }
        }
        "describe" => Printed { source: Source::DescribeOther, subject: subject(kind, name) },
        // What `exec … curl` prints is about what was asked, not about where it was asked from.
        "exec" | "run" | "debug" => Printed::of(Source::Unknown),
        "rollout" => Printed { source: Source::Kubectl, subject: subject(name, name) },
        _ => Printed::of(Source::Kubectl),
    }
}

/// The words that are no flags and no flags' values.
pub(crate) fn plain<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut out = Vec::new();
    let mut skip = false;
    for word in words {
        if std::mem::take(&mut skip) {
            continue;
        }
        if *word == "|" || *word == "--" {
            break;
        }
        if word.starts_with('-') {
            skip = VALUED.contains(word);
        } else {
            out.push(*word);
        }
    }
    out
}

/// The program's name without directory and `.exe`.
pub(crate) fn stem(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Programs whose calls are recognised in a pasted session.
const TOOLS: [&str; 12] =
    ["kubectl", "k", "kk", "oc", "helm", "minikube", "docker", "docker-compose", "podman", "keadm", "microk8s", "k3s"];

/// First words that make a line without a prompt a command.
const VERBS: [&str; 34] = [
    "get",
    "describe",
    "logs",
    "exec",
    "apply",
    "create",
    "delete",
    "rollout",
    "install",
    "upgrade",
    "list",
    "ls",
    "status",
    "history",
    "hist",
    "uninstall",
    "rollback",
    "repo",
    "start",
    "stop",
    "service",
    "build",
    "run",
    "pull",
    "push",
    "ps",
    "compose",
    "version",
    "cluster-info",
    "attach",
    "events",
    "image",
    "images",
    "template",
];

/// A line of a session at which a command was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A tool that we know.
    Tool(Printed),
    /// Any other command, or a bare prompt.
    Other,
}

/// A command is looked for among so many words.
const FIRST: usize = 12;

/// Reads a line as a prompt with a command behind it.
pub(crate) fn typed(line: &str) -> Option<Typed> {
    if line.len() > 1000 {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().take(FIRST + 1).collect();
    for (index, word) in words.iter().enumerate().take(FIRST) {
        // cmd.exe's prompt touches the command: `C:\work>minikube status`.
        let (before, name) = match word.rsplit_once('>') {
            Some((before, name)) if !before.is_empty() => (Some(before), name),
            _ => (None, *word),
        };
        if !TOOLS.contains(&stem(name)) {
            continue;
        }
        let previous = index.checked_sub(1).and_then(|at| words.get(at)).copied();
        let next = words.get(index + 1).copied().unwrap_or_default();
        let prompted = before.is_some_and(|path| path.contains(['\\', '/', '~']))
            || previous.is_some_and(|word| word == "sudo" || is_prompt_end(word));
        let bare = previous.is_none() && (VERBS.contains(&next) || next.starts_with('-'));
        if prompted || bare {
            let argv = std::iter::once(name).chain(line.split_whitespace().skip(index + 1));
            return Some(Typed::Tool(printed(argv)));
        }
    }
    let first = words.first()?;
    let at_host = first.contains('@') && words.iter().take(4).any(|word| word.ends_with(['$', '#', '%']));
    if *first == "$" || at_host || (first.starts_with("PS") && words.get(1).is_some_and(|word| word.ends_with('>'))) {
        return Some(Typed::Other);
    }
    None
}

fn is_prompt_end(word: &str) -> bool {
    word.ends_with(['$', '#', '>', '%', '❯', '➜', '✗', '✔', 'λ', '»']) && !word.ends_with("->") && !word.ends_with("=>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tool(line: &str) -> Option<(Source, String)> {
        match typed(line)? {
            Typed::Tool(printed) => Some((printed.source, printed.subject)),
            Typed::Other => None,
        }
    }

    #[test]
    fn prompts_of_every_shell() {
        for line in [
            "$ kubectl -n s12 logs deploy/web --tail=5",
            "[root@master ~]# kubectl logs deploy/web -c app",
            "PS C:\\app> kubectl logs deployment/web | findstr error",
            "C:\\app>kubectl.exe logs deploy/web",
            "me@host:~/x$ sudo k logs deploy/web",
            "➜  app git:(main) ✗ kubectl logs deploy/web",
            "kubectl logs deploy/web",
        ] {
            let (source, subject) = tool(line).unwrap();
            assert_eq!((source, table::workload(&subject)), (Source::PodLog, "web"), "{line}");
        }
    }

    #[test]
    fn what_commands_print() {
        assert_eq!(tool("$ helm get values web"), Some((Source::Manifest, String::new())));
        assert_eq!(tool("$ kubectl get deploy web -o yaml"), Some((Source::Manifest, String::new())));
        assert_eq!(tool("$ kubectl get pods -owide -A"), Some((Source::PodTable, String::new())));
        assert_eq!(tool("$ kubectl describe pod web-1 -n x"), Some((Source::DescribePod, "web-1".into())));
        assert_eq!(
            tool("$ kubectl get events -n x --field-selector reason=Failed"),
            Some((Source::Events, String::new()))
        );
    }

    #[test]
    fn prose_and_messages_are_no_commands() {
        for line in
            ["helm release failed", "docker: Cannot connect to the Docker daemon", "Error: helm install failed", ""]
        {
            assert_eq!(typed(line), None, "{line}");
        }
        assert_eq!(typed("$ cat notes.txt"), Some(Typed::Other));
    }

    proptest! {
        #[test]
        fn any_line_is_a_command_or_none(line in "\\PC*") {
            let _ = typed(&line);
        }
    }
}
