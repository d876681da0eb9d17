//! What following a piece of advice does to the world, read off its words.

use super::step::Danger;

/// Commands that only look.
const LOOKS: [&str; 22] = [
    "kubectl get",
    "kubectl describe",
    "kubectl logs",
    "kubectl top",
    "kubectl explain",
    "kubectl version",
    "kubectl config get-contexts",
    "kubectl config view",
    "kubectl auth can-i",
    "helm list",
    "helm status",
    "helm history",
    "helm get",
    "helm lint",
    "helm template",
    "helm search",
    "minikube status",
    "minikube logs",
    "minikube image ls",
    "minikube profile list",
    "docker images",
    "docker ps",
];

/// More of them, from the machine itself and from us.
const LOOKS_TOO: [&str; 13] = [
    "docker info",
    "docker logs",
    "docker version",
    "refloat check",
    "refloat diagnose",
    "refloat doctor",
    "refloat explain",
    "refloat history",
    "refloat investigate",
    "refloat logs",
    "refloat manifest",
    "refloat status",
    "refloat evidence",
];

/// Words of commands after which something is gone for good.
const DESTROYS: [&str; 14] = [
    "minikube delete",
    "refloat reset",
    "refloat uninstall",
    "helm uninstall",
    "helm delete",
    "kubectl delete",
    "docker system prune",
    "docker volume rm",
    "docker volume prune",
    "docker rmi",
    "docker rm ",
    "docker image prune",
    "docker builder prune",
    "--force",
];

/// The danger of advice that does not declare one. What is no known command changes something.
pub fn of(text: &str) -> Danger {
    if DESTROYS.iter().any(|words| text.contains(words)) {
        return Danger::Destroy;
    }
    let looks = LOOKS.iter().chain(&LOOKS_TOO).any(|words| text.starts_with(words));
    if looks { Danger::Read } else { Danger::Change }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_tell_what_they_do() {
        assert_eq!(of("kubectl get pods"), Danger::Read);
        assert_eq!(of("refloat check api-key-shape"), Danger::Read);
        assert_eq!(of("refloat redeploy"), Danger::Change);
        assert_eq!(of("Correct DATABASE_URL in values-local.yaml"), Danger::Change);
        assert_eq!(of("minikube delete, then: minikube start"), Danger::Destroy);
        assert_eq!(of("kubectl get pods, then kubectl delete pod web"), Danger::Destroy);
    }
}
