//! Which command printed a text: from the call itself, or from a prompt in a pasted session.

use super::heads::source_of_unit;
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
const VALUED: [&str; 20] = [
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
    "--since-time",
    "--sort-by",
    "--user",
    "--cluster",
    "--profile",
];

/// Words before a command that change nothing of what it prints.
const WRAPPERS: [&str; 7] = ["sudo", "time", "watch", "exec", "nohup", "winpty", "command"];

/// What `argv` prints to standard output.
pub(crate) fn printed<'a>(argv: impl IntoIterator<Item = &'a str>) -> Printed {
    let argv: Vec<&str> = argv.into_iter().collect();
    let at = argv.iter().position(|word| !is_before_program(word)).unwrap_or(0);
    let program = argv.get(at).copied().unwrap_or_default();
    let rest = argv.get(at + 1..).unwrap_or_default();
    let words = plain(rest);
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    match stem(program) {
        "kubectl" | "k" | "kk" | "oc" | "kubecolor" | "k3s" | "microk8s" | "microk8s.kubectl" => {
            let skip = usize::from(word(0) == "kubectl");
            kubectl(rest, word(skip), word(skip + 1), word(skip + 2))
        }
        // KubeEdge's `keadm ctl get pod` is kubectl behind another name.
        "keadm" => kubectl(rest, word(1), word(2), word(3)),
        "helm" => match word(0) {
            "get" | "template" | "show" | "inspect" => Printed::of(Source::Manifest),
            "list" | "ls" | "history" | "hist" => Printed::of(Source::OtherTable),
            _ => Printed::of(Source::Helm),
        },
        "minikube" if word(0) == "kubectl" => kubectl(rest, word(1), word(2), word(3)),
        "minikube" if word(0) == "logs" => Printed::of(Source::Unknown),
        "minikube" => Printed::of(Source::Minikube),
        "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => docker(&words),
        "crictl" => match word(0) {
            "logs" => Printed::of(Source::PodLog),
            "ps" | "pods" | "images" | "img" | "stats" => Printed::of(Source::OtherTable),
            _ => Printed::of(Source::Unknown),
        },
        "stern" | "kubetail" => Printed { source: Source::PodLog, subject: named(word(0)) },
        "systemctl" => Printed::of(source_of_unit(word(1).trim_end_matches(".service"))),
        "journalctl" => {
            let unit = rest.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--unit=") {
                Some(unit) => Some(unit),
                None if matches!(*word, "-u" | "--unit" | "-fu" | "-xeu" | "-xu" | "-eu") => rest.get(at + 1).copied(),
                None => None,
            });
            Printed::of(source_of_unit(unit.unwrap_or_default().trim_end_matches(".service")))
        }
        _ => Printed::of(Source::Unknown),
    }
}

/// `sudo`, `KUBECONFIG=x`, and flags of these.
fn is_before_program(word: &str) -> bool {
    let flag = word.strip_prefix('-').map(|flag| flag.strip_prefix('-').unwrap_or(flag));
    WRAPPERS.contains(&word)
        || is_setting(word)
        || flag.is_some_and(|flag| flag.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()))
}

/// `KUBECONFIG=x` before a command, and PowerShell's `$env:KUBECONFIG="x";`.
fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    }) || word.starts_with("$env:")
}

fn named(name: &str) -> String {
    if table::is_name(name) { name.to_owned() } else { String::new() }
}

fn docker(words: &[&str]) -> Printed {
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    let skip = usize::from(matches!(word(0), "compose" | "container"));
    match (word(skip), word(skip + 1)) {
        ("logs", name) => Printed { source: Source::PodLog, subject: named(name) },
        // What a container prints, or what docker says of it: each line tells.
        ("run" | "exec" | "up" | "start" | "attach", _) => Printed::of(Source::Unknown),
        ("ps" | "ls" | "images" | "stats" | "top", _) => Printed::of(Source::OtherTable),
        _ => Printed::of(Source::Docker),
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
fn is_tool(name: &str) -> bool {
    matches!(
        name,
        "kubectl"
            | "k"
            | "kk"
            | "oc"
            | "helm"
            | "minikube"
            | "docker"
            | "docker-compose"
            | "podman"
            | "podman-compose"
            | "nerdctl"
            | "kubecolor"
            | "keadm"
            | "microk8s"
            | "microk8s.kubectl"
            | "k3s"
            | "crictl"
            | "stern"
            | "journalctl"
            | "systemctl"
    )
}

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
        let (before, name) = touching(word);
        if !is_tool(stem(name)) {
            continue;
        }
        // `sudo`, `KUBECONFIG=x` and `watch -n 5` may stand between the prompt and the tool.
        let mut start = index;
        while before.is_none()
            && let Some(word) = start.checked_sub(1).and_then(|at| words.get(at))
            && (is_before_program(word) || (word.parse::<f32>().is_ok() && is_counted(&words, start)))
        {
            start -= 1;
        }
        let wrapped = words.get(start).is_some_and(|word| WRAPPERS.contains(word) || is_setting(word));
        let previous = start.checked_sub(1).and_then(|at| words.get(at)).copied();
        let next = words.get(index + 1).copied().unwrap_or_default();
        let prompted = before.is_some() || previous.is_some_and(is_prompt_end);
        let bare = previous.is_none() && (wrapped || VERBS.contains(&next) || next.starts_with('-'));
        if prompted || bare {
            let argv = std::iter::once(name).chain(line.split_whitespace().skip(index + 1));
            return Some(Typed::Tool(printed(argv)));
        }
    }
    is_prompt(&words).then_some(Typed::Other)
}

/// The number of `watch -n 5`, when the word before `at` is one.
fn is_counted(words: &[&str], at: usize) -> bool {
    at.checked_sub(2).and_then(|at| words.get(at)).is_some_and(|flag| matches!(*flag, "-n" | "-d" | "--interval"))
}

/// cmd.exe's prompt touches the command: `C:\work>minikube status`; so does `sh-4.2$kubectl`.
fn touching(word: &str) -> (Option<&str>, &str) {
    if let Some((before, name)) = word.rsplit_once('>')
        && before.contains(['\\', '/', '~'])
    {
        return (Some(before), name);
    }
    match word.rsplit_once(['$', '#']) {
        Some((before, name))
            if before.starts_with("sh-") || before.starts_with("bash-") || before.ends_with(['~', ']']) =>
        {
            (Some(before), name)
        }
        _ => (None, word),
    }
}

/// A prompt with another command, or with none.
fn is_prompt(words: &[&str]) -> bool {
    let Some(first) = words.first() else { return false };
    let at_host = first.contains('@') && words.iter().take(4).any(|word| word.ends_with(['$', '#', '%']));
    let shell = (first.starts_with("sh-") || first.starts_with("bash-")) && first.ends_with(['$', '#']);
    let powershell = first.starts_with("PS") && words.get(1).is_some_and(|word| word.ends_with('>'));
    // `C:\app>dir`: a drive, and a path without blanks.
    let cmd = first.len() > 3
        && first.as_bytes().get(1..3) == Some(b":\\")
        && first.contains('>')
        && first.bytes().next().is_some_and(|drive| drive.is_ascii_alphabetic());
    *first == "$" || at_host || shell || powershell || cmd || is_git_bash(words) || is_fancy(first)
}

/// `user@HOST MINGW64 ~/x (main)`: the command stands on the next line, behind a `$`.
fn is_git_bash(words: &[&str]) -> bool {
    matches!(words, [user, "MINGW64" | "MINGW32" | "MSYS" | "UCRT64" | "CLANG64", _, ..] if user.contains('@'))
}

/// `➜  app git:(main) ✗ ls`, `❯ ls`, `λ ls`: signs that no program prints before a text.
fn is_fancy(first: &str) -> bool {
    matches!(
        first,
        "\u{279c}" | "\u{276f}" | "\u{3bb}" | "\u{256d}\u{2500}" | "\u{2570}\u{2500}$" | "\u{2570}\u{2500}\u{276f}"
    )
}

/// Does the command of this line go on in the next one? Behind `\` in a shell, a backtick in
/// PowerShell, `^` in cmd.exe.
pub(crate) fn goes_on(line: &str) -> bool {
    let line = line.trim_end();
    [" \\", " `", " ^"].iter().any(|end| line.ends_with(end))
}

fn is_prompt_end(word: &str) -> bool {
    word.ends_with(['$', '#', '>', '%', '❯', '➜', '✗', '✔', 'λ', '»', '⇒', '▶'])
        && !word.ends_with("->")
        && !word.ends_with("=>")
        // `50%`, `[1%]`: so much is done.
        && !word.strip_suffix('%').is_some_and(|number| number.ends_with(|c: char| c.is_ascii_digit()))
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
    fn commands_behind_everything() {
        for line in [
            "KUBECONFIG=/tmp/k kubectl logs web-1",
            "$ KUBECONFIG=/tmp/k sudo -E kubectl logs web-1",
            "time kubectl logs web-1",
            "$ watch -n 5 kubectl logs web-1",
            "$ watch kubectl logs web-1",
            "sh-4.2$ kubectl logs web-1",
            "bash-5.1#kubectl logs web-1",
            "# kubectl logs web-1",
            "root@node:/# kubectl logs web-1 \\",
            "~/app ❯ kubectl logs web-1",
            "me@host ~/app> kubectl logs web-1",
            "PS> kubectl logs web-1",
            "C:\\Users\\me\\app>kubectl logs web-1 | findstr ERROR",
            "λ kubectl logs web-1",
            "[me@host app]$ kubectl logs web-1 2>&1 | tail -5",
            "$ docker compose logs web-1",
            "$ docker logs -f web-1",
            "$ stern web-1",
            "$ sudo crictl logs 1234",
        ] {
            let (source, subject) = tool(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(source, Source::PodLog, "{line}");
            assert!(subject == "web-1" || subject.is_empty(), "{line}: {subject}");
        }
        for (line, source) in [
            ("$ docker ps -a", Source::OtherTable),
            ("$ docker compose ps", Source::OtherTable),
            ("$ docker compose up", Source::Unknown),
            ("$ docker inspect web", Source::Docker),
            ("$ docker events --since 5m", Source::Docker),
            ("$ docker compose build", Source::Docker),
            ("$ helm history web", Source::OtherTable),
            ("$ time helm upgrade web . --wait", Source::Helm),
            ("$ minikube status -p x", Source::Minikube),
            ("$ systemctl status docker", Source::Docker),
            ("$ journalctl -u kubelet --no-pager", Source::Unknown),
            ("$ sudo journalctl -xeu docker.service", Source::Docker),
            ("$ crictl ps -a", Source::OtherTable),
            ("$ kubectl --context x -n y get pods -w", Source::PodTable),
            ("$ kubectl describe node minikube", Source::DescribeOther),
        ] {
            assert_eq!(
                tool(line),
                Some((source, if line.contains("node") { "minikube".into() } else { String::new() })),
                "{line}"
            );
        }
    }

    #[test]
    fn prompts_without_a_tool() {
        for line in [
            "me@DESKTOP MINGW64 ~/app (main)",
            "C:\\app>dir",
            "PS C:\\app> ls",
            "sh-4.2$ ls",
            "root@node:/# cat x",
            "➜  app git:(main) ✗ ls",
        ] {
            assert_eq!(typed(line), Some(Typed::Other), "{line}");
        }
        assert!(goes_on("helm upgrade web . \\") && goes_on("helm upgrade web . `") && goes_on("helm upgrade web . ^"));
        assert!(!goes_on("helm upgrade web ."));
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
        for line in [
            "helm release failed",
            "docker: Cannot connect to the Docker daemon",
            "Error: helm install failed",
            "the pull is at 50% docker says",
            "time is up, kubectl",
            "->  kubectl logs",
            "A=1",
            "",
        ] {
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
