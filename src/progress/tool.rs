//! Which calls tell how far they are.

/// A call that tells its progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// An image is built, by the classic builder or by BuildKit.
    Build,
    /// A cluster is started, stopped, paused or deleted.
    Minikube {
        /// It was asked for events.
        json: bool,
    },
    /// A rollout is waited for.
    Rollout,
}

/// Docker's flags that take the next word, of those in front of its last command word: `docker --help`,
/// `docker compose --help`, `docker buildx --help` (Docker 28).
const DOCKER: &[&str] = &[
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
];

/// Those of `kubectl options` (1.32) that stand in front of a command in practice.
const KUBECTL: &[&str] = &[
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
    "--password",
    "--profile",
    "--request-timeout",
    "--tls-server-name",
    "--token",
    "--user",
    "--username",
];

/// Those of `minikube options` (1.37).
const MINIKUBE: &[&str] = &[
    "-p",
    "--profile",
    "-b",
    "--bootstrapper",
    "-v",
    "--v",
    "--log_dir",
    "--log_file",
    "--log_file_max_size",
    "--stderrthreshold",
    "--user",
    "--vmodule",
    "-o",
    "--output",
];

/// What is known of a call. `docker save`, `docker load`, `minikube image load` and `helm --wait` say
/// nothing that could be counted.
pub(super) fn known(tool: &str, args: &[&str]) -> Option<Known> {
    let name = tool.rsplit(['/', '\\']).next().unwrap_or(tool).to_ascii_lowercase();
    // `minikube-linux-amd64`, `kubectl1.29`, `docker.exe`, `docker-compose`.
    match name.split(['-', '_', '.']).next()?.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "docker" => match words(args, DOCKER) {
            ["build", _] | ["buildx", "build" | "bake"] | ["image" | "builder" | "compose", "build"] => {
                Some(Known::Build)
            }
            _ => None,
        },
        "kubectl" => (words(args, KUBECTL) == ["rollout", "status"]).then_some(Known::Rollout),
        "minikube" => matches!(words(args, MINIKUBE)[0], "start" | "stop" | "delete" | "pause" | "unpause")
            .then(|| Known::Minikube { json: is_json(args) }),
        _ => None,
    }
}

/// The first two words that say what to do.
fn words<'a>(args: &[&'a str], valued: &[&str]) -> [&'a str; 2] {
    let mut found = [""; 2];
    let mut at = 0;
    let mut args = args.iter().take_while(|arg| **arg != "--");
    while let Some(arg) = args.next() {
        if valued.contains(arg) {
            args.next();
        } else if !arg.starts_with('-')
            && let Some(place) = found.get_mut(at)
        {
            *place = arg;
            at += 1;
        }
    }
    found
}

fn is_json(args: &[&str]) -> bool {
    args.iter().any(|arg| matches!(*arg, "--output=json" | "-o=json" | "-ojson"))
        || args.windows(2).any(|pair| matches!(pair, ["-o" | "--output", "json"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_tell_their_progress_are_known() {
        for (line, expected) in [
            ("docker build -t a:1 .", Some(Known::Build)),
            ("docker --context build run x", None),
            ("docker -H tcp://127.0.0.1:9 build .", Some(Known::Build)),
            (r"C:\Docker\Docker.EXE buildx build .", Some(Known::Build)),
            ("docker buildx --builder b bake", Some(Known::Build)),
            ("docker buildx ls", None),
            ("docker image build .", Some(Known::Build)),
            ("docker compose -f a.yaml build backend", Some(Known::Build)),
            ("docker-compose build", Some(Known::Build)),
            ("docker run img build", None),
            ("docker save -o a.tar img", None),
            ("docker load -i a.tar", None),
            ("kubectl --context c -n default rollout status deploy/x", Some(Known::Rollout)),
            ("kubectl rollout --context c status deploy/x", Some(Known::Rollout)),
            ("kubectl rollout restart deploy/status", None),
            ("minikube -p start image load x", None),
            ("minikube start -p x", Some(Known::Minikube { json: false })),
            ("minikube-linux-amd64 -p x start -o json", Some(Known::Minikube { json: true })),
            ("minikube delete --output=json --all", Some(Known::Minikube { json: true })),
            ("minikube image load x", None),
            ("minikube status -o json", None),
            ("helm upgrade a b --wait", None),
            ("docker -- build", None),
            ("docker", None),
            ("", None),
        ] {
            let mut parts = line.split(' ');
            let tool = parts.next().unwrap_or_default();
            assert_eq!(known(tool, &parts.collect::<Vec<_>>()), expected, "{line}");
        }
    }
}
