//! The runbook's tasks that lose something, driven through stand-ins: what reached the tools, in
//! which order, and what proves that the work is done.

use super::safe::safe;
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

const PINS: [&str; 4] = ["--context", "minikube", "--namespace", "default"];

fn kubectl(rest: &[&str], mut rule: Value) -> Value {
    rule["argv"] = json!([&["kubectl"], &PINS[..], rest].concat());
    rule
}

fn helm(rest: &[&str], mut rule: Value) -> Value {
    rule["argv"] = json!([&["helm", "--kube-context"], &PINS[1..], rest].concat());
    rule
}

/// The versions that every run asks for first, and what the safety checklist asks.
fn tools() -> Tools {
    safe(Tools::new())
        .rule(json!({ "argv": ["helm", "version", "--short"], "stdout": "v3.14.0+g1\n" }))
        .rule(json!({ "argv": ["kubectl", "version", "--client"], "stdout": "Client Version: v1.32.4\n" }))
        .rule(json!({ "argv": ["minikube", "version", "--short"], "stdout": "v1.38.1\n" }))
        .rule(json!({ "argv": ["docker", "--version"], "stdout": "Docker version 28.2.2, build x\n" }))
        .rule(json!({ "argv": ["docker", "info", "**"], "stdout": "[[Backing Filesystem extfs]]\n" }))
        .rule(json!({ "argv": ["docker", "image", "inspect", "taskflow-backend:1.0.0", "**"],
            "stdout": format!("sha256:{}\n", "1".repeat(64)) }))
        .rule(json!({ "argv": ["docker", "image", "inspect", "taskflow-frontend:1.0.0", "**"],
            "stdout": format!("sha256:{}\n", "2".repeat(64)) }))
        .rule(json!({ "argv": ["minikube", "--profile", "minikube", "image", "load", "taskflow-frontend:1.0.0"],
            "creates": ["loaded"] }))
        .rule(json!({ "argv": ["minikube", "--profile", "minikube", "image", "ls", "--format=yaml"],
            "if_there": ["loaded"], "stdout": format!("- id: {}\n- id: {}\n", "1".repeat(64), "2".repeat(64)) }))
        .rule(json!({ "argv": ["minikube", "--profile", "minikube", "image", "ls", "--format=yaml"],
            "stdout": "- id: 3\n" }))
}

/// The calls without the pinned arguments and without the version questions.
fn asked(tools: &Tools) -> Vec<String> {
    let bare = |call: Vec<String>| {
        let mut kept = Vec::new();
        let mut arguments = call.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--kube-context" | "--context" | "--namespace" | "--profile" => drop(arguments.next()),
                _ => kept.push(argument),
            }
        }
        kept.join(" ")
    };
    let calls = tools.calls().into_iter().map(bare);
    calls.filter(|call| !call.contains("version")).collect()
}

const GONE: &str = "No resources found in default namespace.\n";
const ONE_LEFT: &str = "NAME                 READY   STATUS        RESTARTS   AGE\n\
                        taskflow-backend-x   1/1     Terminating   0          5m\n";
const SERVICES: &str = "NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n\
                        kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   22m\n";

#[test]
fn uninstall_waits_until_pods_and_services_are_gone() {
    let tools = guarded(tools())
        .rule(kubectl(&["get", "pods", "-o", "wide"], json!({ "stdout": ONE_LEFT })))
        .rule(helm(&["uninstall", "taskflow"], json!({ "stdout": "release \"taskflow\" uninstalled\n" })))
        .rule(kubectl(&["get", "pods"], json!({ "stdout": ONE_LEFT, "once": true })))
        .rule(kubectl(&["get", "pods"], json!({ "stderr": GONE })))
        .rule(kubectl(&["get", "services"], json!({ "stdout": SERVICES })))
        .rule(json!({ "argv": ["kubectl", "**"], "stdout": "x\n" }))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "x\n" }));
    let project = Project::taskflow().with_tools(&tools);
    project.run(&["uninstall", "--confirm", "taskflow"]).exits(0).says(&["No pods are left", "No services are left"]);
    let calls = asked(&tools);
    let at = |call: &str| calls.iter().rposition(|made| made == call).unwrap_or_else(|| panic!("{call}: {calls:?}"));
    assert!(at("kubectl get pods -o wide") < at("helm uninstall taskflow"), "the evidence comes first");
    assert!(at("helm uninstall taskflow") < at("kubectl get pods"));
    assert!(at("kubectl get pods") < at("kubectl get services"));
    assert_eq!(calls.iter().filter(|call| *call == "kubectl get pods").count(), 2, "asked again while one was left");
    assert!(project.evidence().contains_key("failure-pods.txt"));
}

#[test]
fn uninstall_of_what_is_not_there_is_done_already() {
    let tools = guarded(tools())
        .rule(helm(
            &["uninstall", "taskflow"],
            json!({ "stderr": "Error: uninstall: Release not loaded: taskflow: release: not found\n", "exit": 1 }),
        ))
        .rule(kubectl(&["get", "pods"], json!({ "stderr": GONE })))
        .rule(kubectl(&["get", "services"], json!({ "stdout": SERVICES })))
        .rule(json!({ "argv": ["kubectl", "**"], "stdout": "x\n" }))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "x\n" }));
    Project::taskflow().with_tools(&tools).run(&["uninstall", "--confirm", "taskflow"]).exits(0);
}

/// What a guard hears of the profile's own cluster.
fn guarded(tools: Tools) -> Tools {
    tools
        .rule(kubectl(&["config", "view", "--minify"], json!({ "stdout": kubeconfig("minikube", true) })))
        .rule(status())
}

fn status() -> Value {
    let status = "minikube\ntype: Control Plane\nkubeconfig: Configured\n";
    json!({ "argv": ["minikube", "--profile", "minikube", "status"], "stdout": status })
}

fn healthy_cluster(tools: Tools) -> Tools {
    let pods = "NAME                  READY   STATUS    RESTARTS   AGE\n\
                taskflow-backend-x    1/1     Running   0          5m\n\
                taskflow-frontend-x   1/1     Running   0          5m\n";
    let services = "NAME                        TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)          AGE\n\
                    taskflow-backend-service    ClusterIP   10.96.0.50   <none>        8000/TCP         46s\n\
                    taskflow-frontend-service   NodePort    10.96.0.51   <none>        3000:30080/TCP   46s\n";
    let exec = |pod: &'static str, tool: &'static str, answer: &str| {
        kubectl(&["exec", pod, "--", tool, "**"], json!({ "stdout": answer }))
    };
    tools
        .rule(kubectl(&["get", "pods"], json!({ "stdout": pods })))
        .rule(kubectl(&["get", "services"], json!({ "stdout": services })))
        .rule(exec("deployment/taskflow-backend", "curl", "{\"status\":\"healthy\"}"))
        .rule(exec(
            "deployment/taskflow-frontend",
            "nslookup",
            "Name:\ttaskflow-backend-service.default.svc.cluster.local\nAddress: 10.96.0.50\n",
        ))
        .rule(exec("deployment/taskflow-frontend", "wget", "{\"status\":\"healthy\"}"))
        .with_app(&[])
}

#[test]
fn a_reset_goes_through_the_guides_steps_in_order() {
    let tools = healthy_cluster(guarded(tools()))
        .rule(helm(&["uninstall", "taskflow"], json!({ "stdout": "release \"taskflow\" uninstalled\n" })))
        .rule(helm(&["status", "taskflow"], json!({ "stderr": "Error: release: not found\n", "exit": 1 })))
        .rule(json!({ "argv": ["minikube", "--profile", "minikube", "image", "ls"],
            "stdout": "docker.io/library/taskflow-frontend:1.0.0\ndocker.io/library/taskflow-backend:1.0.0\n" }))
        .rule(json!({ "argv": ["minikube", "**"], "stdout": "fine\n" }))
        .rule(json!({ "argv": ["kubectl", "**"], "stdout": "x\n" }))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "x\n" }));
    let project = Project::taskflow().with_tools(&tools);
    project.run(&["reset", "--confirm", "minikube"]).exits(0);
    let calls = asked(&tools);
    let order = [
        "helm get values taskflow",
        "helm uninstall taskflow",
        "kubectl delete all --all --timeout=2m",
        "minikube stop --output=json",
        "minikube delete --output=json",
        "minikube start --output=json --cpus=4 --memory=8192",
        "minikube image load taskflow-backend:1.0.0",
        "minikube image load taskflow-frontend:1.0.0",
        "minikube image ls",
        "helm install taskflow Phase-IV/helm/taskflow -f Phase-IV/helm/values-local.yaml --wait --timeout=5m",
        "kubectl exec deployment/taskflow-frontend -- wget -T 5 -qO- http://taskflow-backend-service:8000/health",
    ]
    .map(|wanted| {
        calls.iter().position(|call| call == wanted).unwrap_or_else(|| panic!("{wanted} is missing: {calls:#?}"))
    });
    assert!(order.is_sorted(), "{calls:#?}");
    assert!(!calls.iter().any(|call| call.starts_with("helm upgrade")), "nothing was there to upgrade");
}

#[test]
fn a_reset_without_the_name_reaches_no_tool() {
    let tools = tools();
    let project = Project::taskflow().with_tools(&tools);
    for args in [&["reset"][..], &["reset", "--yes"], &["reset", "--confirm", "taskflow"], &["uninstall", "--yes"]] {
        project.run(args).exits(4).says(&["nothing was done"]);
    }
    assert!(tools.calls().is_empty());
}

/// What `kubectl config view --minify` prints for a cluster of Minikube's, profile `name`.
fn kubeconfig(name: &str, by_minikube: bool) -> String {
    let mark = "    extensions:\n    - extension:\n        provider: minikube.sigs.k8s.io\n        version: v1.38.1\n      \
                name: cluster_info\n";
    let mark = if by_minikube { mark } else { "" };
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority: /home/x/ca.crt\n{mark}    \
         server: https://192.168.49.2:8443\n  name: {name}\ncontexts:\n- context:\n    cluster: {name}\n  \
         name: {name}\ncurrent-context: {name}\nkind: Config\n"
    )
}

#[test]
fn a_reset_of_another_cluster_is_refused_before_the_first_step() {
    for (config, expected) in [
        (kubeconfig("minikube", true), 0),
        (kubeconfig("minikube", false), 4),
        (kubeconfig("other", true), 4),
        (kubeconfig("prod", false), 4),
    ] {
        let tools = healthy_cluster(tools())
            .rule(kubectl(&["config", "view", "--minify"], json!({ "stdout": config })))
            .rule(status())
            .rule(helm(&["status", "taskflow"], json!({ "stderr": "Error: release: not found\n", "exit": 1 })))
            .rule(json!({ "argv": ["minikube", "--profile", "minikube", "image", "ls"],
                "stdout": "docker.io/library/taskflow-backend:1.0.0\ndocker.io/library/taskflow-frontend:1.0.0\n" }))
            .rule(json!({ "argv": ["minikube", "**"], "stdout": "fine\n" }))
            .rule(json!({ "argv": ["kubectl", "**"], "stdout": "x\n" }))
            .rule(json!({ "argv": ["helm", "**"], "stdout": "x\n" }));
        let project = Project::taskflow().with_tools(&tools);
        project.run(&["reset", "--confirm", "minikube"]).exits(expected);
        let reached = asked(&tools).iter().any(|call| call == "minikube delete --output=json");
        assert_eq!(reached, expected == 0, "{config}");
    }
}

#[test]
fn an_image_that_did_not_arrive_fails_the_load() {
    let tools = tools()
        .rule(json!({ "argv": ["minikube", "--profile", "minikube", "image", "ls"],
            "stdout": "docker.io/library/taskflow-backend:1.0.0\n" }))
        .rule(json!({ "argv": ["minikube", "**"] }));
    Project::taskflow().with_tools(&tools).run(&["load-images"]).exits(1).says(&["Both are in the node"]);
}
