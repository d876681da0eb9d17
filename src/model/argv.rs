//! An argv, read as its tool reads it: which tool it is, the words that say what to do, the flags.

use std::time::Duration;

/// The tools whose habits are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Helm.
    Helm,
    /// The Kubernetes command line.
    Kubectl,
    /// Minikube.
    Minikube,
    /// Docker, and its compose.
    Docker,
}

impl Known {
    /// Known by its program, whatever the task file calls the tool: `helm`, `helm3`, `helm.exe`,
    /// `/opt/helm-v3.14.0`, `minikube-linux-amd64`; not `helmfile`, not `helm-docs`.
    pub fn by(program: &str) -> Option<Self> {
        [
            (Self::Helm, "helm"),
            (Self::Kubectl, "kubectl"),
            (Self::Minikube, "minikube"),
            (Self::Docker, "docker"),
            (Self::Docker, "docker-compose"),
        ]
        .into_iter()
        .find(|(_, stem)| is_named(program, stem))
        .map(|(known, _)| known)
    }

    /// Its flags that take the next word as their value, of those that may stand before the words
    /// that say what to do (`helm options`, `kubectl options`, `minikube options`).
    fn valued(self) -> &'static [&'static str] {
        match self {
            Self::Helm => &[
                "-n",
                "--namespace",
                "--burst-limit",
                "--color",
                "--colour",
                "--content-cache",
                "--kube-apiserver",
                "--kube-as-group",
                "--kube-as-user",
                "--kube-ca-file",
                "--kube-context",
                "--kube-tls-server-name",
                "--kube-token",
                "--kubeconfig",
                "--qps",
                "--registry-config",
                "--repository-cache",
                "--repository-config",
                "--timeout",
            ],
            Self::Kubectl => &[
                "-n",
                "--namespace",
                "-s",
                "--server",
                "-v",
                "--v",
                "--as",
                "--as-group",
                "--as-uid",
                "--cache-dir",
                "--certificate-authority",
                "--client-certificate",
                "--client-key",
                "--cluster",
                "--context",
                "--kubeconfig",
                "--kuberc",
                "--log-flush-frequency",
                "--password",
                "--profile",
                "--profile-output",
                "--request-timeout",
                "--timeout",
                "--tls-server-name",
                "--token",
                "--user",
                "--username",
                "--vmodule",
            ],
            // `docker --help`, `docker compose --help`, `docker buildx --help` (Docker 28).
            Self::Docker => &[
                "-c",
                "--context",
                "--config",
                "-H",
                "--host",
                "-l",
                "--log-level",
                "--tlscacert",
                "--tlscert",
                "--tlskey",
                "--builder",
                "-f",
                "--file",
                "-p",
                "--project-name",
                "--project-directory",
                "--profile",
                "--env-file",
                "--ansi",
                "--progress",
                "--parallel",
            ],
            Self::Minikube => &[
                "-p",
                "--profile",
                "-b",
                "--bootstrapper",
                "-v",
                "--v",
                "--log_backtrace_at",
                "--log_dir",
                "--log_file",
                "--log_file_max_size",
                "--stderrthreshold",
                "--user",
                "--vmodule",
                // Of its commands, and taken in front of them, too.
                "-o",
                "--output",
            ],
        }
    }
}

/// Is this program the tool of that name, wherever it lies and however its build is called?
pub fn is_named(program: &str, tool: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
    name.strip_suffix(".exe").unwrap_or(&name).strip_prefix(tool).is_some_and(is_build)
}

/// What stands behind a tool's name in the name of one build of it: a version, a system, a processor.
fn is_build(rest: &str) -> bool {
    const MACHINES: [&str; 8] = ["linux", "darwin", "windows", "amd64", "arm64", "arm", "ppc64le", "s390x"];
    let is_version = |part: &str| {
        let digits = part.strip_prefix('v').unwrap_or(part);
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    rest.is_empty()
        || rest
            .trim_start_matches(['-', '_', '.'])
            .split(['-', '_'])
            .all(|part| is_version(part) || MACHINES.contains(&part))
}

/// A tool's arguments. What stands behind `--` belongs to another program.
#[derive(Debug, Clone)]
pub struct Arguments<'a> {
    known: Option<Known>,
    own: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// The arguments behind the program.
    pub fn of(known: Option<Known>, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        Self { known, own: arguments.into_iter().take_while(|argument| *argument != "--").collect() }
    }

    /// The words that say what to do: the `index`th argument that is neither a flag nor, as far as
    /// that is known, the value of one. Empty when there is none.
    pub fn word(&self, index: usize) -> &'a str {
        let valued = self.known.map_or(&[][..], Known::valued);
        let mut words = Vec::new();
        let mut arguments = self.own.iter();
        while let Some(argument) = arguments.next() {
            if valued.contains(argument) {
                arguments.next();
            } else if !argument.starts_with('-') {
                words.push(*argument);
            }
        }
        words.get(index).copied().unwrap_or_default()
    }

    /// The values of a flag, in order: `--flag value`, `--flag=value`, `-f value`, `-fvalue`. An
    /// empty one where the value is missing.
    pub fn values(&self, flag: &str) -> Vec<&'a str> {
        let mut values = Vec::new();
        let mut arguments = self.own.iter();
        while let Some(argument) = arguments.next() {
            if *argument == flag {
                values.push(arguments.next().copied().unwrap_or_default());
            } else if let Some(rest) = argument.strip_prefix(flag)
                && (rest.starts_with('=') || !flag.starts_with("--"))
            {
                values.push(rest.strip_prefix('=').unwrap_or(rest));
            }
        }
        values
    }

    /// Is this switch on? `--flag`, `--flag=true`; of several the last counts.
    pub fn is_on(&self, flag: &str) -> bool {
        let given = self.own.iter().rev().find_map(|argument| match argument.strip_prefix(flag)? {
            "" => Some(true),
            rest => rest.strip_prefix('=').map(|value| !matches!(value, "false" | "False" | "FALSE" | "F" | "f" | "0")),
        });
        given.unwrap_or(false)
    }

    /// Is this letter among the short switches: `-w`, `-Aw`? `valued` are the letters whose value may
    /// follow in the same argument: what stands behind them is no switch.
    pub fn has_letter(&self, letter: char, valued: &[char]) -> bool {
        self.own.iter().filter(|argument| !argument.starts_with("--")).any(|argument| {
            let letters = argument.strip_prefix('-').unwrap_or_default();
            letters.chars().take_while(|c| c.is_ascii_alphabetic() && !valued.contains(c)).any(|c| c == letter)
        })
    }
}

/// A length of time as Go writes it: `5m0s`, `1.5h`, `300ms`, `0`; a bare number is seconds, as
/// `kubectl --request-timeout` reads it. `None`: it is none, or negative.
pub fn go_duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (value, behind) = rest.split_at(number);
        let unit = behind.len() - behind.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '.').len();
        let (unit, behind) = behind.split_at(unit);
        let size = match unit {
            "ns" => 1e-9,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += value.parse::<f64>().ok()? * size;
        rest = behind;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_known_by_its_program() {
        for (program, known) in [
            ("helm", Some(Known::Helm)),
            ("helm3", Some(Known::Helm)),
            (r"C:\Tools\Helm.EXE", Some(Known::Helm)),
            ("/opt/helm-v3.14.0", Some(Known::Helm)),
            ("bin/kubectl1.29", Some(Known::Kubectl)),
            ("minikube-linux-amd64", Some(Known::Minikube)),
            ("minikube-windows-amd64.exe", Some(Known::Minikube)),
            ("helmfile", None),
            ("helm-docs", None),
            ("kubectl-ctx", None),
            ("docker", Some(Known::Docker)),
            (r"C:\Docker\docker-compose.exe", Some(Known::Docker)),
            ("docker-credential-pass", None),
            ("", None),
        ] {
            assert_eq!(Known::by(program), known, "{program}");
        }
    }

    fn of<'a>(known: Known, line: &'a str) -> Arguments<'a> {
        Arguments::of(Some(known), line.split(' '))
    }

    #[test]
    fn the_words_stand_behind_flags_and_their_values() {
        let helm = of(Known::Helm, "--kube-context up --namespace=x --debug uninstall app -- install");
        assert_eq!([helm.word(0), helm.word(1), helm.word(2)], ["uninstall", "app", ""]);
        let kubectl = of(Known::Kubectl, "--context c -n default -v=6 rollout status deploy/x");
        assert_eq!([kubectl.word(0), kubectl.word(1)], ["rollout", "status"]);
    }

    #[test]
    fn a_flag_is_found_however_it_is_written() {
        let line = of(Known::Minikube, "-p one --profile=two --profile three -pfour --profiles=no start -- -p five");
        assert_eq!(line.values("-p"), ["one", "four"]);
        assert_eq!(line.values("--profile"), ["two", "three"]);
        assert!(of(Known::Helm, "upgrade a b --atomic").is_on("--atomic"));
        assert!(!of(Known::Helm, "upgrade a b --atomic --atomic=false").is_on("--atomic"));
        assert!(!of(Known::Helm, "upgrade a b --atomically").is_on("--atomic"));
        let letters = |line| of(Known::Kubectl, line).has_letter('w', &['o', 'l', 'n']);
        assert!(letters("get pods -w") && letters("get pods -Aw"));
        assert!(!letters("get pods -owide") && !letters("get pods -lweb") && !letters("get pods --w=1"));
    }

    #[test]
    fn times_are_read_as_go_and_kubectl_do() {
        for (text, millis) in [
            ("5m", Some(300_000)),
            ("5m0s", Some(300_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5h", Some(5_400_000)),
            ("300ms", Some(300)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("90", Some(90_000)),
            ("-1s", None),
            ("5 m", None),
            ("m", None),
            ("", None),
            ("1e400s", None),
            ("99999999999999999999h", None),
            ("${x}", None),
        ] {
            assert_eq!(go_duration(text).map(|value| value.as_millis()), millis, "{text}");
        }
    }
}
