//! What ends a fault, and what only looks like it: the success of something else, a namesake in another
//! namespace, a stranger's connection. Each text was once told wrongly.

use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::rules::Rules;
use refloat::model::finding::{Diagnosis, Document, Os, Verdict};
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(catalog::symptoms()).unwrap());

fn told(text: &str) -> Diagnosis {
    let document = Document { file: "x".into(), text: text.as_bytes().to_vec(), ..Document::default() };
    diagnose(&RULES, &[document], Os::Unix)
}

/// The ids of the findings, the likeliest first.
fn ids(text: &str) -> Vec<String> {
    told(text).findings.into_iter().map(|finding| finding.id).collect()
}

#[test]
fn another_images_build_does_not_mend_one_that_failed() {
    let call = |args: &[&str], is_stderr: bool, text: &str| Document {
        file: args.join(" "),
        argv: args.iter().map(|argument| (*argument).to_owned()).collect(),
        is_stderr,
        text: text.as_bytes().to_vec(),
    };
    let failed = "The command '/bin/sh -c exit 42' returned a non-zero code: 42\n";
    let built = "Successfully built 79c83576891f\nSuccessfully tagged x:1\n";
    for (first, second, is_over) in [
        (&["docker", "build", "-t", "web:1", "."][..], &["docker", "build", "-t", "api:1", "."][..], false),
        (&["docker", "build", "--tag=web:1", "."], &["docker", "build", "--tag", "api:1", "."], false),
        (&["docker", "build", "-t", "web:1", "."], &["docker", "build", "--no-cache", "--tag=web:1", "."], true),
        (&["docker", "compose", "build"], &["docker", "compose", "build", "--no-cache"], true),
    ] {
        let told = diagnose(&RULES, &[call(first, true, failed), call(second, false, built)], Os::Unix);
        assert_eq!(told.findings.is_empty(), is_over, "{first:?} {second:?}");
    }
}

const LOCKED: &str = "$ helm upgrade shop ./chart\n\
    Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress\n";

#[test]
fn an_earlier_revision_does_not_unlock_a_release() {
    let history = "$ helm history shop\n\
        REVISION\tUPDATED                 \tSTATUS         \tCHART     \tAPP VERSION\tDESCRIPTION\n\
        1       \tMon Nov 23 01:50:40 2026\tdeployed       \tshop-0.1.0\t1.0.0      \tInstall complete\n\
        2       \tMon Nov 23 02:01:03 2026\tpending-upgrade\tshop-0.1.0\t1.0.0      \tPreparing upgrade\n";
    assert_eq!(ids(&format!("{LOCKED}{history}")).first().map(String::as_str), Some("helm-locked"));
}

#[test]
fn another_releases_row_ends_nothing() {
    let list = "$ helm list\n\
        NAME \tNAMESPACE\tREVISION\tUPDATED                                \tSTATUS  \tCHART      \tAPP VERSION\n\
        other\tdefault  \t4       \t2026-11-23 01:50:40.788057893 +0000 UTC\tdeployed\tother-0.1.0\t1.0.0\n";
    for (fault, id) in [
        (LOCKED, "helm-locked"),
        ("Error: uninstall: Release not loaded: shop: release: not found\n", "helm-release-not-found"),
        ("Error: UPGRADE FAILED: \"shop\" has no deployed releases\n", "helm-no-deployed"),
    ] {
        let found = ids(&format!("{fault}{list}"));
        assert!(!found.is_empty(), "{id}: {found:?}");
        assert_eq!(found[0], ids(fault)[0], "{id}");
    }
}

#[test]
fn an_old_revision_that_failed_is_over_once_a_later_one_is_deployed() {
    let text = "REVISION\tUPDATED                 \tSTATUS    \tCHART     \tAPP VERSION\tDESCRIPTION\n\
        2       \tMon Nov 23 01:50:40 2026\tfailed    \tshop-0.1.0\t1.0.0      \tUpgrade \"shop\" failed: admission webhook \"validate.example.io\" denied the request: no\n\
        3       \tMon Nov 23 02:01:03 2026\tdeployed  \tshop-0.1.1\t1.0.0      \tUpgrade complete\n";
    assert_eq!(ids(text), [""; 0]);
}

#[test]
fn a_strangers_connection_does_not_reach_the_database() {
    let refused = "ERROR psycopg2.OperationalError: connection to server at \"shop-db\" (10.0.0.5), port 5432 failed: Connection refused\n";
    let other = "INFO websocket connection established for client 42\n";
    assert_eq!(told(&format!("{refused}{other}")).verdict, Verdict::Failing);
    let same = "INFO connected to shop-db:5432\n";
    assert_eq!(told(&format!("{refused}{same}")).verdict, Verdict::Healthy);
}

#[test]
fn a_namesake_in_another_namespace_replaces_nobody() {
    let text = "NAMESPACE   NAME                        READY   STATUS             RESTARTS      AGE\n\
        prod        shop-api-7c9d4b5f8d-9zv4q   1/1     Running            0             9d\n\
        staging     shop-api-6d5b8c7f9d-2xk7p   0/1     CrashLoopBackOff   40 (1m ago)   40d\n";
    assert_eq!(ids(text), ["crash-loop"]);
}

#[test]
fn a_log_right_under_a_table_is_read() {
    let table = "NAME                        READY   STATUS             RESTARTS      AGE\n\
        shop-api-6d5b8c7f9d-2xk7p   0/1     CrashLoopBackOff   4 (1m ago)    5m\n";
    let log = "psycopg2.OperationalError: connection to server at \"db\" (10.0.0.5), port 5432 failed: FATAL:  password authentication failed for user \"shop\"\n";
    for between in ["", "--- logs\n", "Logs:\n", "==> kubectl logs shop-api\n"] {
        let found = ids(&format!("{table}{between}{log}"));
        assert_eq!(found.first().map(String::as_str), Some("database-auth"), "{between:?}: {found:?}");
    }
}

#[test]
fn a_service_without_endpoints_is_told() {
    let text = "Name:              shop-api\nNamespace:         default\nSelector:          app=shop\nType:              ClusterIP\n\
        Port:              http  8000/TCP\nEndpoints:         <none>\nEvents:            <none>\n";
    assert_eq!(ids(text), ["service-no-endpoints"]);
}

#[test]
fn probes_that_fail_once_on_each_of_several_pods_are_a_start() {
    let row = |pod: &str| {
        format!(
            "5m  Warning  Unhealthy  pod/{pod}  Readiness probe failed: Get \"http://10.0.0.1:8080/ready\": dial tcp 10.0.0.1:8080: connect: connection refused\n"
        )
    };
    let head = "LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\n";
    let once = format!(
        "{head}{}{}{}",
        row("a-controller-6d5b8c7f9d-2xk7p"),
        row("a-webhook-7c9d4b5f8d-9zv4q"),
        row("a-injector-5f8d7c9d4b-8hj2k")
    );
    assert_eq!(ids(&once), [""; 0]);
    let often = format!("{head}{}", row("web-6d5b8c7f9d-2xk7p").replace("5m  Warning", "5s (x12 over 2m)  Warning"));
    assert_eq!(ids(&often).len(), 1);
}

#[test]
fn a_failed_build_is_behind_the_missing_image() {
    let text = "$ docker build -t shop:1 .\nERROR: failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory\n\
        $ minikube image load shop:1\nError response from daemon: No such image: shop:1\n\
        $ kubectl get pods\nNAME      READY   STATUS              RESTARTS   AGE\nshop-0    0/1     ErrImageNeverPull   0          1m\n";
    assert_eq!(ids(text).first().map(String::as_str), Some("build-no-dockerfile"));
}

#[test]
fn a_claims_own_fault_is_behind_the_pod_that_waits_for_it() {
    let claim = "Name:          data-shop-db-0\nNamespace:     default\nStorageClass:  fast-ssd\nStatus:        Pending\nEvents:\n  \
        Type     Reason              Age               From                         Message\n  \
        ----     ------              ----              ----                         -------\n  \
        Warning  ProvisioningFailed  5s (x9 over 2m)   persistentvolume-controller  storageclass.storage.k8s.io \"fast-ssd\" not found\n";
    let pod = "LAST SEEN   TYPE      REASON             OBJECT          MESSAGE\n\
        12s         Warning   FailedScheduling   pod/shop-db-0   0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.\n";
    let found = ids(&format!("$ kubectl describe pvc data-shop-db-0\n{claim}\n$ kubectl get events\n{pod}"));
    assert_eq!(found.first().map(String::as_str), Some("volume-unbound"), "{found:?}");
}

#[test]
fn the_header_of_a_traceback_tells_nothing() {
    let found = told(
        "Traceback (most recent call last):\n  File \"/app/x.py\", line 1, in <module>\napp.errors.StrangeThing: what\n",
    );
    assert!(found.telling.is_none_or(|line| !line.text.starts_with("Traceback")));
}
