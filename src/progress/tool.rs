//! Which calls tell how far they are.

use crate::model::argv::{Arguments, Known as Tool};

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

/// What is known of a call. `docker save`, `docker load`, `minikube image load` and `helm --wait` say
/// nothing that could be counted.
pub(super) fn known(tool: &str, args: &[&str]) -> Option<Known> {
    let tool = Tool::by(tool)?;
    let arguments = Arguments::of(Some(tool), args.iter().copied());
    match (tool, [arguments.word(0), arguments.word(1)]) {
        (Tool::Docker, ["build", _] | ["buildx", "build" | "bake"] | ["image" | "builder" | "compose", "build"]) => {
            Some(Known::Build)
        }
        (Tool::Kubectl, ["rollout", "status"]) => Some(Known::Rollout),
        (Tool::Minikube, ["start" | "stop" | "delete" | "pause" | "unpause", _]) => {
            let json = ["--output", "-o"].iter().any(|flag| arguments.values(flag).contains(&"json"));
            Some(Known::Minikube { json })
        }
        _ => None,
    }
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
            ("kubectl --as-uid 7 --kuberc off rollout status deploy/x", Some(Known::Rollout)),
            ("kubectl rollout restart deploy/status", None),
            ("minikube -p start image load x", None),
            ("minikube start -p x", Some(Known::Minikube { json: false })),
            ("minikube-linux-amd64 -p x start -o json", Some(Known::Minikube { json: true })),
            ("minikube -o json start", Some(Known::Minikube { json: true })),
            ("minikube --output json stop", Some(Known::Minikube { json: true })),
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
