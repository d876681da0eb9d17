use super::*;
use proptest::prelude::*;

#[test]
fn programs_that_speak_for_themselves() {
    use Source::{Browser, Docker, Helm, Kubectl, Minikube};
    for (source, lines) in [
        (Kubectl, &["Error from server (NotFound): x", "error: timed out waiting for the condition on pods/a"][..]),
        (
            Helm,
            &[
                "Error: UPGRADE FAILED: x",
                "Error: release: not found",
                "Error: execution error at (shop/templates/a.yaml:1:2): x",
                "upgrade.go:142: [debug] preparing upgrade for shop",
                "coalesce.go:220: warning: cannot overwrite table with non table for x",
            ],
        ),
        (
            Browser,
            &[
                "Access to fetch at 'http://a' from origin 'http://b' has been blocked by CORS policy: x",
                "GET http://a:8000/api net::ERR_CONNECTION_REFUSED",
                "login:1 Access to XMLHttpRequest at 'http://a' from origin 'http://b' has been blocked by CORS policy",
                "[Error] Origin http://b is not allowed by Access-Control-Allow-Origin. Status code: 200",
                "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at http://a.",
                "(index):1 Uncaught x",
            ],
        ),
        (
            Minikube,
            &[
                "\u{1f604}  minikube v1.39.0 on Darwin",
                "\u{274c}  Exiting due to DRV_NOT_HEALTHY: x",
                "* minikube v1.39.0 on Ubuntu",
            ],
        ),
        (
            Docker,
            &[
                "#12 [3/6] RUN npm ci",
                "12 [3/6] RUN npm ci",
                "#5 [internal] load build context",
                "#9 [build 3/6] COPY . .",
                "#12 ERROR: process \"/bin/sh -c npm ci\" did not complete successfully: exit code: 1",
                "=> ERROR [3/6] RUN npm ci",
                "=> CACHED [2/6] WORKDIR /app",
                "> [3/6] RUN npm ci:",
                "Step 3/9 : RUN npm ci",
                "Error response from daemon: x",
                "ERROR: failed to build: failed to solve: x",
                "failed to connect to the docker API at unix:///var/run/docker.sock; check if x",
            ],
        ),
    ] {
        for line in lines {
            assert_eq!(spoken(line), Some(source), "{line}");
        }
    }
    for line in [
        "Error: something that any program says",
        "Step 3/9 of my plan",
        "Step by step",
        "=> and then it failed",
        "> quoted [1] text",
        "12 [main] INFO x",
        "1 [error] x",
        "I use docker",
        "",
    ] {
        assert_eq!(spoken(line), None, "{line}");
    }
}

#[test]
fn what_is_described() {
    for (line, kind) in [
        ("Node:             minikube/192.168.49.2", Described::Pod),
        ("Taints:             node.kubernetes.io/disk-pressure:NoSchedule", Described::Node),
        ("Replicas:               1 desired | 1 updated", Described::Workload),
        ("NewReplicaSet:   web-7d4b9cf56d (1/1 replicas created)", Described::Workload),
        ("Endpoints:                <none>", Described::Other),
        ("StorageClass:  fast", Described::Other),
    ] {
        assert_eq!(described(line), Some(kind), "{line}");
    }
    for line in ["  Node: x", "Nodes: x", "node: x", "Node", ""] {
        assert_eq!(described(line), None, "{line}");
    }
}

#[test]
fn units_of_systemd() {
    assert_eq!(unit("\u{25cf} docker.service - Docker Application Container Engine"), Some("docker"));
    assert_eq!(unit("\u{d7} kubelet.service - kubelet: The Kubernetes Node Agent"), Some("kubelet"));
    assert_eq!(unit("* restart docker.service and try again"), None);
    assert_eq!(source_of_unit("docker"), Source::Docker);
    assert_eq!(source_of_unit("kubelet"), Source::Unknown);
}

proptest! {
    #[test]
    fn any_line_is_spoken_or_not(line in "\\PC*", heads in "(#[0-9]{1,2} |Step |=> |> \\[|\u{25cf} |[a-z]{1,5}\\.go:|ERROR|\\]|/|:|é){0,8}") {
        for line in [&line, &heads] {
            let _ = (spoken(line), described(line), unit(line), header(line), is_manifest_head(line));
        }
    }
}
