//! Stand-ins that say yes to the safety checklist: a clean tree, a chart that holds together with good secrets, images
//! that are built, and a node with room.

use super::stub::Tools;
use serde_json::{Value, json};

/// What `helm template` prints of a chart that is as it should be, for a node at 192.168.49.2.
pub(crate) const RENDERED: &str = r#"---
# Source: taskflow/templates/all.yaml
apiVersion: v1
kind: Secret
metadata: {name: taskflow-backend-secrets}
stringData:
  ANTHROPIC_API_KEY: "sk-ant-api03-labkeylabkeylabkey"
  BETTER_AUTH_SECRET: "0123456789abcdef0123456789abcdef0123"
  CORS_ORIGINS: "http://192.168.49.2:30080"
  DATABASE_URL: "postgresql://taskflow:secretpw@192.168.49.2:5432/taskflow"
---
# Source: taskflow/templates/all.yaml
apiVersion: v1
kind: Secret
metadata: {name: taskflow-frontend-secrets}
stringData: {BETTER_AUTH_SECRET: "0123456789abcdef0123456789abcdef0123"}
---
# Source: taskflow/templates/all.yaml
apiVersion: v1
kind: Service
metadata: {name: taskflow-frontend-service}
spec: {type: NodePort, selector: {app: taskflow-frontend}, ports: [{port: 3000, nodePort: 30080}]}
---
# Source: taskflow/templates/all.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: taskflow-backend}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: backend
        image: taskflow-backend:1.0.0
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
---
# Source: taskflow/templates/all.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: taskflow-frontend}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: frontend
        image: taskflow-frontend:1.0.0
        resources: {requests: {cpu: 50m, memory: 64Mi}}
"#;

/// What `kubectl describe node` prints of it.
pub(crate) const NODE: &str = "Name:               minikube\nAddresses:\n  InternalIP:  192.168.49.2\nAllocatable:\n  \
    cpu:     2\n  memory:  4Gi\n  pods:    110\nNon-terminated Pods:          (0 in total)\nAllocated resources:\n  \
    cpu       0 (0%)     0 (0%)\n  memory    0 (0%)     0 (0%)\n";

/// The rules that ask no cluster.
pub(crate) fn at_home() -> Vec<Value> {
    vec![
        json!({ "argv": ["git", "--version"], "stdout": "git version 2.39.2\n" }),
        json!({ "argv": ["git", "--no-optional-locks", "rev-parse", "**"],
            "stdout": "3b18e512dba79e4c8300dd08aeb37f8e728b8dad\n" }),
        json!({ "argv": ["git", "--no-optional-locks", "status", "**"], "stdout": "" }),
        json!({ "argv": ["helm", "--kube-context", "minikube", "--namespace", "default", "template", "**"],
            "stdout": RENDERED }),
        json!({ "argv": ["helm", "--kube-context", "minikube", "--namespace", "default", "lint", "**"],
            "stdout": "1 chart(s) linted, 0 chart(s) failed\n" }),
    ]
}

/// The rules that ask the cluster.
pub(crate) fn in_cluster() -> Vec<Value> {
    let kubectl = |rest: &[&str], stdout: &str| {
        let argv = [&["kubectl", "--context", "minikube", "--namespace", "default"], rest].concat();
        json!({ "argv": argv, "stdout": stdout })
    };
    vec![
        kubectl(&["describe", "node", "minikube"], NODE),
        kubectl(&["get", "svc", "taskflow-frontend-service", "**"], "30080"),
    ]
}

/// Adds them all; what is said before them counts first.
pub(crate) fn safe(tools: Tools) -> Tools {
    at_home().into_iter().chain(in_cluster()).fold(tools, Tools::rule)
}
