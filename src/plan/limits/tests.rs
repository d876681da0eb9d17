use super::*;

fn call(line: &str, step: Option<u64>) -> Limits {
    let mut words = line.split(' ');
    let program = words.next().unwrap();
    of(program, words, step.map(Duration::from_secs))
}

/// What is inserted, and ours, in words.
fn told(line: &str, step: Option<u64>) -> (String, String) {
    let Limits { missing, ours, .. } = call(line, step);
    (missing.unwrap_or_default(), ours.map(text::duration).unwrap_or_default())
}

#[track_caller]
fn holds(line: &str, step: Option<u64>, missing: &str, ours: &str) {
    assert_eq!(told(line, step), (missing.to_owned(), ours.to_owned()), "{line}");
}

#[test]
fn helm_waits_for_its_limit_and_so_do_the_hooks() {
    holds("helm upgrade a b", None, "--timeout=5m", "16m");
    holds("helm install a b --timeout 10m", None, "", "31m");
    holds("helm upgrade a b --timeout=5m0s --atomic", None, "", "31m");
    holds("helm upgrade a b --rollback-on-failure", None, "--timeout=5m", "31m");
    holds("helm --kube-context up uninstall a", None, "--timeout=5m", "16m");
    holds("helm rollback a 3", None, "--timeout=5m", "16m");
    holds("helm test a", None, "--timeout=5m", "");
    for line in ["helm status a", "helm history a", "helm lint c", "helm get values a", "helm repo update", "helm"] {
        holds(line, None, "", "");
    }
}

#[test]
fn the_tool_gets_a_bit_less_than_the_step_has() {
    holds("helm uninstall a", Some(600), "--timeout=9m", "10m");
    holds("helm uninstall a", Some(120), "--timeout=1m30s", "2m");
    holds("helm uninstall a", Some(1), "--timeout=750ms", "1s");
    holds("helm uninstall a --timeout=8m", Some(600), "", "10m");
    holds("kubectl rollout status deploy/x", Some(400), "--timeout=5m40s", "6m40s");
    // Six tries and a bit, but never so few seconds that a slow server has no time.
    holds("kubectl get pods", Some(600), "--request-timeout=1m25s", "10m");
    holds("kubectl get pods", Some(30), "--request-timeout=10s", "30s");
    holds("kubectl get pods", Some(4), "--request-timeout=3s", "4s");
    holds("kubectl logs x", Some(600), "--request-timeout=9m", "10m");
}

#[test]
fn what_kubectl_waits_for_ends() {
    holds("kubectl rollout status deploy/x", None, "--timeout=15m", "16m");
    holds("kubectl rollout status deploy/x --timeout=0", None, "", "");
    holds("kubectl rollout status deploy/x --timeout=0s", Some(60), "", "1m");
    holds("kubectl rollout status deploy/x --timeout=5m", None, "", "6m");
    holds("kubectl wait pod/x --for=condition=Ready", None, "--timeout=30s", "1m30s");
    holds("kubectl wait pod/x --for=delete --timeout=0", None, "", "1m");
    holds("kubectl wait pod/x --for=delete --timeout=-1s", None, "", "");
    holds("kubectl delete pod x", None, "--timeout=5m", "6m");
    holds("kubectl delete all --all --timeout=0", None, "", "");
    holds("kubectl drain node", None, "--timeout=10m", "11m");
}

#[test]
fn a_request_is_answered_or_given_up() {
    holds("kubectl --context c --namespace d get pods", None, "--request-timeout=30s", "4m");
    holds("kubectl describe pod x --request-timeout 5", None, "", "1m30s");
    holds("kubectl get pods --request-timeout=0", None, "", "");
    holds("kubectl apply -f x.yaml", None, "--request-timeout=1m", "7m");
    holds("kubectl rollout restart deploy/x", None, "--request-timeout=1m", "7m");
    holds("kubectl rollout history deploy/x", None, "--request-timeout=30s", "4m");
    holds("kubectl logs deploy/x --tail=100", None, "--request-timeout=5m", "6m");
    holds("/usr/bin/kubectl version", None, "--request-timeout=30s", "4m");
    // A limit that only the run knows is the call's own.
    holds("kubectl get pods --request-timeout=${limit}", None, "", "");
}

#[test]
fn what_goes_on_by_intent_has_no_limit() {
    for line in [
        "kubectl get pods -w",
        "kubectl get pods --watch",
        "kubectl get pods -Aw",
        "kubectl events --watch",
        "kubectl logs -f deploy/x",
        "kubectl logs deploy/x --follow",
        "kubectl exec deploy/x -- get pods",
        "kubectl attach x",
        "kubectl port-forward svc/x 80",
        "kubectl config view --minify",
        "kubectl version --client",
        "kubectl get --help",
        "kubectl ctx other",
        "kubectl",
        "minikube start",
        "docker build .",
        "helmfile apply",
        "curl --timeout",
    ] {
        holds(line, None, "", "");
        holds(line, Some(60), "", "1m");
    }
    holds("kubectl get pods --watch=false -owide", None, "--request-timeout=30s", "4m");
}

#[test]
fn who_tidies_up_gets_the_time_for_it() {
    for (line, grace) in [
        ("helm upgrade a b", 30),
        ("helm3 install a b --timeout=20m", 30),
        ("helm upgrade a b --atomic", 330),
        ("helm upgrade a b --atomic --timeout=20m", 1230),
        ("helm install a b --rollback-on-failure --timeout 1m", 90),
        ("helm rollback a", 10),
        ("kubectl get pods", 10),
        ("docker build .", 10),
    ] {
        assert_eq!(call(line, None).grace, Duration::from_secs(grace), "{line}");
    }
}

#[test]
fn what_can_only_be_broken_finishes() {
    for (line, finish, leaves) in [
        ("helm rollback a", true, Some("the release `pending-rollback`")),
        ("helm.exe uninstall a", true, Some("the release `uninstalling`")),
        ("helm -n x un a", true, Some("the release `uninstalling`")),
        ("minikube --profile p delete", true, Some("a cluster that is half deleted")),
        ("minikube start", false, Some("a cluster that is half made")),
        ("helm upgrade a b", false, Some("the release `pending-upgrade`")),
        ("helm install a b", false, Some("the release `pending-install`")),
        ("kubectl delete pod x", false, None),
        ("docker rmi x", false, None),
    ] {
        let limits = call(line, None);
        assert_eq!((limits.finish, limits.leaves), (finish, leaves), "{line}");
    }
}

#[test]
fn how_long_a_call_waits_by_itself() {
    let of = |line: &str| {
        let (program, rest) = line.split_once(' ').unwrap();
        waits(program, rest.split(' ')).map(|waits| (text::duration(waits.most), waits.takes_back))
    };
    let told = |most: &str, takes_back| Some((most.to_owned(), takes_back));
    assert_eq!(of("helm upgrade web ./web --wait"), told("5m", false));
    assert_eq!(of("helm upgrade web ./web --atomic --timeout 90s"), told("1m30s", true));
    assert_eq!(of("helm upgrade web ./web --rollback-on-failure --timeout=2m"), told("2m", true));
    assert_eq!(of("helm upgrade web ./web --cleanup-on-fail"), told("5m", true));
    assert_eq!(of("kubectl rollout status deployment/web --timeout=3s"), told("3s", false));
    assert_eq!(of("helm list --atomic"), None);
    assert_eq!(of("minikube start --wait=all"), None);
}
