//! The catalogue of what runs in the cluster, against whole outputs: logs, describes and tables of
//! apps that are well must stay quiet, and each way of failing must lead to its family.

use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::rules::Rules;
use refloat::model::finding::{Diagnosis, Document, Os, Role, Verdict};
use refloat::model::pattern::Pattern;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(catalog::symptoms()).unwrap());

fn read(argv: &[&str], text: &str) -> Diagnosis {
    let document = Document {
        file: "text".into(),
        text: text.as_bytes().to_vec(),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        ..Document::default()
    };
    diagnose(&RULES, &[document], Os::Unix)
}

const LOGS: [&str; 3] = ["kubectl", "logs", "deployment/web"];

/// As a call's answer, and as a text that nobody says anything about.
fn assert_healthy(argv: &[&str], text: &str) {
    for argv in [argv, &[]] {
        let diagnosis = read(argv, text);
        let told: Vec<_> = diagnosis.findings.iter().map(|finding| (&finding.id, &finding.evidence)).collect();
        assert_eq!((diagnosis.verdict, told), (Verdict::Healthy, vec![]), "{:?}\n{text}", diagnosis.telling);
    }
}

fn assert_leads_to(family: &str, id: &str, argv: &[&str], text: &str) {
    for argv in [argv, &[]] {
        let diagnosis = read(argv, text);
        let first = diagnosis.findings.first();
        let named: Vec<_> = diagnosis.findings.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(
            first.map(|first| (first.family.as_str(), first.id.as_str(), first.role)),
            Some((family, id, Role::Root)),
            "{named:?}\n{text}"
        );
    }
}

#[test]
fn examples_hold_the_captures_that_they_promise() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for symptom in RULES.iter() {
        let patterns: Vec<Pattern> = symptom.any.iter().map(|source| Pattern::new(source).unwrap()).collect();
        for sample in symptom.examples.iter().filter(|sample| !sample.expect.is_empty()) {
            checked += 1;
            let holds = patterns.iter().any(|pattern| {
                pattern.regex().captures(sample.text.as_bytes()).is_some_and(|captures| {
                    sample.expect.iter().all(|(group, value)| {
                        captures.name(group).is_some_and(|found| found.as_bytes().trim_ascii() == value.as_bytes())
                    })
                })
            });
            if !holds {
                wrong.push(format!("{}: {:?} in {}", symptom.id, sample.expect, sample.text));
            }
        }
    }
    assert!(checked > 200, "{checked}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every pattern is there for some text: one that no example needs may be wrong without a sound.
#[test]
fn every_pattern_has_an_example() {
    let mut idle = Vec::new();
    // The other files of the catalogue have their own tests.
    let ours = [
        "scheduling",
        "eviction",
        "volume",
        "config",
        "container",
        "network",
        "database",
        "data",
        "auth",
        "cors",
        "app",
        "probe",
    ];
    let texts: Vec<String> =
        ours.iter().map(|name| std::fs::read_to_string(format!("src/catalog/{name}.toml")).unwrap()).collect();
    let is_ours = |id: &str| texts.iter().any(|text| text.contains(&format!("[symptoms.{id}]\n")));
    for symptom in RULES.iter().filter(|symptom| is_ours(&symptom.id)) {
        for source in &symptom.any {
            let pattern = Pattern::new(source).unwrap();
            if !symptom.examples.iter().any(|sample| pattern.is_match(sample.text.as_bytes())) {
                idle.push(format!("{}: {source}", symptom.id));
            }
        }
    }
    assert!(idle.is_empty(), "{idle:#?}");
}

#[test]
fn a_backend_that_waited_for_its_database_is_well() {
    assert_healthy(
        &LOGS,
        "INFO:     Started server process [1]\n\
         INFO:     Waiting for application startup.\n\
         2026-11-23 01:02:03,101 WARNING [taskflow.db] could not connect to server: Connection refused, next try in 2s\n\
         2026-11-23 01:02:05,204 WARNING [taskflow.db] connection to server at \"postgres\" (10.96.3.4), port 5432 failed: FATAL:  the database system is starting up, next try in 4s\n\
         2026-11-23 01:02:09,310 INFO [taskflow.db] connected to database\n\
         2026-11-23 01:02:09,312 INFO [taskflow.auth] JWT signature verification enabled (HS256), tokens expire after 3600 s\n\
         2026-11-23 01:02:09,313 INFO [taskflow.cors] CORS allows http://192.168.49.2:30080\n\
         INFO:     Application startup complete.\n\
         INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)\n\
         INFO:     10.244.0.1:41000 - \"GET /health HTTP/1.1\" 200 OK\n\
         INFO:     10.244.0.9:41234 - \"OPTIONS /api/tasks HTTP/1.1\" 200 OK\n\
         INFO:     10.244.0.9:41234 - \"GET /api/tasks HTTP/1.1\" 401 Unauthorized\n\
         INFO:     10.244.0.9:41234 - \"POST /api/auth/login HTTP/1.1\" 200 OK\n\
         INFO:     10.244.0.9:41234 - \"GET /api/tasks/17 HTTP/1.1\" 404 Not Found\n\
         INFO:     10.244.0.9:41234 - \"GET /api/tasks HTTP/1.1\" 200 OK\n",
    );
}

#[test]
fn proxies_and_frontends_at_work_are_well() {
    assert_healthy(
        &LOGS,
        "/docker-entrypoint.sh: Configuration complete; ready for start up\n\
         10-listen-on-ipv6-by-default.sh: info: can not modify /etc/nginx/conf.d/default.conf (read-only file system?)\n\
         2026/11/23 01:02:03 [warn] 1#1: the \"user\" directive makes sense only if the master process runs with super-user privileges, ignored in /etc/nginx/nginx.conf:2\n\
         2026/11/23 01:02:03 [notice] 1#1: start worker processes\n\
         10.244.0.1 - - [23/Nov/2026:01:02:04 +0000] \"GET / HTTP/1.1\" 200 612 \"-\" \"kube-probe/1.36\" \"-\"\n\
         10.244.0.7 - - [23/Nov/2026:01:02:05 +0000] \"GET /errors/exception.js HTTP/1.1\" 404 153 \"-\" \"curl/8\" \"-\"\n\
         10.244.0.7 - - [23/Nov/2026:01:02:06 +0000] \"OPTIONS / HTTP/1.1\" 405 157 \"-\" \"scan\" \"-\"\n\
         10.244.0.7 - - [23/Nov/2026:01:02:07 +0000] \"GET /api/x HTTP/1.1\" 500 32 \"-\" \"curl/8\" \"-\"\n",
    );
    assert_healthy(
        &LOGS,
        "> web@1.0.0 start\n> next start\n\n   \u{25b2} Next.js 15.1.0\n   - Local:        http://localhost:3000\n\n \u{2713} Starting...\n \u{2713} Ready in 412ms\n\
         (node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated. Please use a userland alternative instead.\n\
         [Better Auth]: secret of 44 characters, trusted origins: http://192.168.49.2:30080\n\
         info: uncaughtException handler registered\n",
    );
    assert_healthy(
        &LOGS,
        "info: Microsoft.AspNetCore.Cors.Infrastructure.CorsService[4]\n      CORS policy execution successful.\n\
         info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://[::]:8080\n\
         info: Microsoft.Hosting.Lifetime[0]\n      Application started. Press Ctrl+C to shut down.\n",
    );
    assert_healthy(
        &LOGS,
        "2026-11-23T01:02:03.101Z  INFO 1 --- [main] com.zaxxer.hikari.HikariDataSource : HikariPool-1 - Starting...\n\
         2026-11-23T01:02:03.402Z  INFO 1 --- [main] com.zaxxer.hikari.HikariDataSource : HikariPool-1 - Start completed.\n\
         2026-11-23T01:02:03.500Z DEBUG 1 --- [main] o.s.b.a.Reporter : did not match: java.lang.ClassNotFoundException: com.mongodb.client.MongoClient\n\
         2026-11-23T01:02:04.101Z  INFO 1 --- [main] o.f.core.internal.command.DbValidate : Successfully validated 7 migrations (execution time 00:00.021s)\n\
         2026-11-23T01:02:05.101Z  INFO 1 --- [main] c.e.errors.ExceptionMapper : mapped 12 exceptions, 0 errors\n\
         2026-11-23T01:02:05.201Z  INFO 1 --- [main] c.e.App : Started App in 2.1 seconds\n",
    );
}

#[test]
fn servers_that_start_and_serve_are_well() {
    assert_healthy(
        &["kubectl", "logs", "postgres-0"],
        "PostgreSQL Database directory appears to contain a database; Skipping initialization\n\
         2026-11-23 01:02:03.101 UTC [1] LOG:  listening on Unix socket \"/var/run/postgresql/.s.PGSQL.5432\"\n\
         2026-11-23 01:02:03.150 UTC [30] FATAL:  the database system is starting up\n\
         2026-11-23 01:02:03.201 UTC [1] LOG:  database system is ready to accept connections\n\
         2026-11-23 01:02:09.000 UTC [41] NOTICE:  relation \"users\" already exists, skipping\n",
    );
    assert_healthy(
        &["kubectl", "logs", "redis-0"],
        "1:C 23 Nov 2026 01:02:03.101 # WARNING Memory overcommit must be enabled! Without it, a background save or replication may fail under low memory condition.\n\
         1:M 23 Nov 2026 01:02:03.110 * Ready to accept connections tcp\n",
    );
    assert_healthy(
        &["kubectl", "logs", "mysql-0"],
        "2026-11-23T01:02:03.1Z 0 [Warning] [MY-013360] [Server] Plugin mysql_native_password reported: 'mysql_native_password is deprecated and will be removed in a future release. Please use caching_sha2_password instead'\n\
         2026-11-23T01:02:04.1Z 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: '8.0.40'\n",
    );
    assert_healthy(
        &["kubectl", "logs", "-n", "kube-system", "coredns-7d9c8b6f5-x2k4p"],
        "[WARNING] No files matching import glob pattern: /etc/coredns/custom/*.override\n\
         [INFO] plugin/ready: Still waiting on: \"kubernetes\"\n\
         .:53\nCoreDNS-1.13.1\nlinux/amd64, go1.25.2, 1db4568\n\
         [INFO] 10.244.0.5:41000 - 7 \"A IN postgres.default.svc.cluster.local.svc.cluster.local. udp 70 false 512\" NXDOMAIN qr,aa,rd 163 0.0002s\n",
    );
    assert_healthy(
        &["kubectl", "logs", "job/migrate"],
        "INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.\n\
         INFO  [alembic.runtime.migration] Running upgrade  -> 8f2c1a, add users\n",
    );
}

#[test]
fn names_that_resolve_in_the_end_are_well() {
    assert_healthy(
        &["kubectl", "exec", "deployment/web", "--", "nslookup", "backend"],
        "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n** server can't find backend.cluster.local: NXDOMAIN\n\n\
         Name:\tbackend.default.svc.cluster.local\nAddress: 10.96.14.2\n\n** server can't find backend.svc.cluster.local: NXDOMAIN\n",
    );
    assert_healthy(
        &["kubectl", "exec", "deployment/web", "--", "dig", "backend"],
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711\n;; ANSWER SECTION:\nbackend.default.svc.cluster.local. 30 IN A 10.96.14.2\n",
    );
}

#[test]
fn a_pod_that_is_ready_again_is_well() {
    // A startup probe that failed while the app came up.
    assert_healthy(
        &["kubectl", "describe", "pod", "web-7d9c8b6f5-x2k4p"],
        "Name:             web-7d9c8b6f5-x2k4p\nNamespace:        default\nNode:             minikube/192.168.49.2\nStatus:           Running\n\
         Containers:\n  web:\n    State:          Running\n      Started:      Mon, 23 Nov 2026 01:02:03 +0000\n    Ready:          True\n    Restart Count:  0\n    Limits:\n      memory:  256Mi\n\
         Conditions:\n  Type              Status\n  Ready             True\n  PodScheduled      True\n\
         Tolerations:                 node.kubernetes.io/not-ready:NoExecute op=Exists for 300s\n                             node.kubernetes.io/disk-pressure:NoSchedule op=Exists\n\
         Events:\n  Type     Reason     Age   From               Message\n  ----     ------     ----  ----               -------\n  \
         Normal   Scheduled  2m    default-scheduler  Successfully assigned default/web-7d9c8b6f5-x2k4p to minikube\n  \
         Normal   Started    2m    kubelet            spec.containers{web}: Container started\n  \
         Warning  Unhealthy  110s (x2 over 115s)  kubelet  spec.containers{web}: Startup probe failed: Get \"http://10.244.0.7:8000/health\": dial tcp 10.244.0.7:8000: connect: connection refused\n",
    );
    // Restarted long ago, for a reason that a describe still tells.
    assert_healthy(
        &[],
        "NAME                  READY   STATUS    RESTARTS     AGE\nweb-7d9c8b6f5-x2k4p   1/1     Running   2 (3d ago)   9d\n\n\
         Name:         web-7d9c8b6f5-x2k4p\nNode:         minikube/192.168.49.2\nContainers:\n  web:\n    State:          Running\n    Last State:     Terminated\n      Reason:       Error\n      Exit Code:    1\n    Ready:          True\n    Restart Count:  2\n",
    );
}

#[test]
fn nodes_and_volumes_that_are_well_say_so() {
    assert_healthy(
        &["kubectl", "describe", "node", "minikube"],
        "Name:               minikube\nRoles:              control-plane\nTaints:             <none>\nUnschedulable:      false\n\
         Conditions:\n  Type             Status  Reason                       Message\n  \
         MemoryPressure   False   KubeletHasSufficientMemory   kubelet has sufficient memory available\n  \
         DiskPressure     False   KubeletHasNoDiskPressure     kubelet has no disk pressure\n  \
         PIDPressure      False   KubeletHasSufficientPID      kubelet has sufficient PID available\n  \
         Ready            True    KubeletReady                 kubelet is posting ready status\n",
    );
    assert_healthy(
        &["kubectl", "get", "pvc,pv"],
        "NAME                              STATUS   VOLUME   CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE\n\
         persistentvolumeclaim/data-db-0   Bound    pvc-1    1Gi        RWO            standard       <unset>                 5m\n\n\
         NAME                     CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS   CLAIM               STORAGECLASS   AGE\n\
         persistentvolume/pvc-1   1Gi        RWO            Delete           Bound    default/data-db-0   standard       5m\n",
    );
}

#[test]
fn words_of_other_trades_are_not_ours() {
    for (text, id) in [
        ("ERROR [billing] Webhook signature verification failed: no signatures found\n", "jwt-signature"),
        ("ERROR:  syntax error at or near \"form\" at character 15\n", "app-syntax"),
        ("Error: ENOSPC: System limit for number of file watchers reached, watch '/app'\n", "disk-full"),
        ("ERROR redis.exceptions.AuthenticationError: invalid password\n", "api-key-invalid"),
        (
            "OCI runtime exec failed: exec failed: unable to start container process: exec: \"curl\": executable file not found in $PATH: unknown\n",
            "start-not-found",
        ),
        ("Error from server (NotFound): persistentvolumeclaims \"data\" not found\n", "sched-claim-missing"),
    ] {
        let found = read(&[], text).findings.iter().any(|finding| finding.id == id);
        assert!(!found, "{id}: {text}");
    }
}

#[test]
fn schedulers_histograms_in_any_order_name_what_is_lacking() {
    let event = |why: &str| {
        format!(
            "Name:             web-7d9c8b6f5-x2k4p\nNode:             <none>\nEvents:\n  Type     Reason            Age   From               Message\n  Warning  FailedScheduling  21s (x4 over 2m)   default-scheduler  0/3 nodes are available: {why}\n"
        )
    };
    let describe = ["kubectl", "describe", "pod", "web-7d9c8b6f5-x2k4p"];
    for (family, id, why) in [
        (
            "insufficient-resources",
            "insufficient-cpu",
            "1 Insufficient cpu, 2 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
        ),
        (
            "insufficient-resources",
            "insufficient-memory",
            "1 node(s) had untolerated taint(s), 2 Insufficient memory. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        ),
        (
            "insufficient-resources",
            "insufficient-other",
            "1 Insufficient nvidia.com/gpu, 2 node(s) were unschedulable.",
        ),
        (
            "unschedulable-other",
            "sched-selector",
            "1 node(s) had taint {node-role.kubernetes.io/master: }, that the pod didn't tolerate, 2 node(s) didn't match Pod's node affinity/selector.",
        ),
        (
            "unschedulable-other",
            "sched-antiaffinity",
            "1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules.",
        ),
        (
            "unschedulable-other",
            "sched-volume-zone",
            "1 node(s) had untolerated taint(s), 2 node(s) didn't match PersistentVolume's node affinity.",
        ),
        ("unschedulable-other", "sched-volume", "pod has unbound immediate PersistentVolumeClaims."),
        (
            "unschedulable-other",
            "sched-node-not-ready",
            "3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
        ),
        ("disk-pressure", "sched-disk-taint", "3 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }."),
        ("unschedulable-other", "sched-other", "3 node(s) had unknown conditions."),
    ] {
        assert_leads_to(family, id, &describe, &event(why));
    }
}

#[test]
fn an_app_that_crashes_names_its_cause() {
    let uvicorn = |tail: &str| {
        format!(
            "INFO:     Started server process [1]\nINFO:     Waiting for application startup.\nERROR:    Traceback (most recent call last):\n  File \"/usr/lib/python3/site-packages/starlette/routing.py\", line 693, in lifespan\n    async with self.lifespan_context(app) as maybe_state:\n{tail}\n\nERROR:    Application startup failed. Exiting.\n"
        )
    };
    for (family, id, tail) in [
        (
            "database-connection",
            "database-auth",
            "asyncpg.exceptions.InvalidPasswordError: password authentication failed for user \"app\"",
        ),
        (
            "database-connection",
            "database-refused",
            "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \"postgres\" (10.96.3.4), port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
        ),
        (
            "database-connection",
            "database-host-unknown",
            "psycopg.OperationalError: failed to resolve host 'nowhere': [Errno -2] Name or service not known",
        ),
        (
            "database-connection",
            "database-socket",
            "psycopg2.OperationalError: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory",
        ),
        (
            "database-connection",
            "database-url",
            "sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
        ),
        (
            "database-connection",
            "database-other",
            "psycopg2.OperationalError: connection to server at \"db\" (10.96.3.4), port 5432 failed: Conex\u{e3}o recusada",
        ),
        (
            "api-key-invalid",
            "api-key-missing",
            "TypeError: \"Could not resolve authentication method. Expected one of api_key, auth_token, or credentials to be set.\"",
        ),
        ("crash-loop", "app-env-missing", "KeyError: 'REPORT_BUCKET'"),
        ("crash-loop", "app-module", "ModuleNotFoundError: No module named 'psycopg2'"),
        ("crash-loop", "app-readonly", "PermissionError: [Errno 13] Permission denied: '/app/logs/app.log'"),
        (
            "port-conflict",
            "app-port-in-use",
            "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
        ),
    ] {
        assert_leads_to(family, id, &["kubectl", "logs", "web-7d9c8b6f5-x2k4p", "--previous"], &uvicorn(tail));
    }
}

#[test]
fn what_services_and_browsers_say_names_its_cause() {
    for (family, id, text) in [
        (
            "jwt-mismatch",
            "jwt-signature",
            "INFO request GET /api/tasks\nJsonWebTokenError: invalid signature\n    at /app/node_modules/jsonwebtoken/verify.js:171:19\n",
        ),
        (
            "jwt-mismatch",
            "jwt-secret-weak",
            "Error: secretOrPrivateKey must have a value\n    at module.exports [as sign] (/app/node_modules/jsonwebtoken/sign.js:111:20)\n",
        ),
        (
            "jwt-mismatch",
            "jwt-malformed",
            "WARN auth io.jsonwebtoken.MalformedJwtException: Invalid compact JWT string: Compact JWSs must contain exactly 2 period characters, and compact JWEs must contain exactly 4.  Found: 0\n",
        ),
        (
            "cors",
            "cors-refused",
            "INFO:     10.244.0.1:5000 - \"OPTIONS /api/tasks HTTP/1.1\" 400 Bad Request\nINFO:     10.244.0.1:5001 - \"OPTIONS /api/tasks HTTP/1.1\" 400 Bad Request\n",
        ),
        (
            "api-key-invalid",
            "api-key-invalid",
            "INFO HTTP Request: POST https://api.anthropic.com/v1/messages \"HTTP/1.1 401 Unauthorized\"\nERROR [chat] anthropic.AuthenticationError: Error code: 401 - {'type': 'error', 'error': {'type': 'authentication_error', 'message': 'invalid x-api-key'}}\n",
        ),
        (
            "dns-failure",
            "dns-lookup",
            "ERROR Get \"http://billing:8080/\": dial tcp: lookup billing on 10.96.0.10:53: no such host\n",
        ),
        (
            "dns-failure",
            "dns-lookup",
            "2026/11/23 01:02:03 [emerg] 1#1: host not found in upstream \"taskflow-backend-service:8000\" in /etc/nginx/conf.d/default.conf:8\nnginx: [emerg] host not found in upstream \"taskflow-backend-service:8000\" in /etc/nginx/conf.d/default.conf:8\n",
        ),
        (
            "config-error",
            "config-file",
            "nginx: [emerg] unknown directive \"proxy_passs\" in /etc/nginx/conf.d/default.conf:8\nnginx: configuration file /etc/nginx/nginx.conf test failed\n",
        ),
        (
            "crash-loop",
            "database-server-data",
            "initdb: error: directory \"/var/lib/postgresql/data\" exists but is not empty\n",
        ),
        (
            "oom-killed",
            "app-heap",
            "<--- Last few GCs --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n",
        ),
        (
            "oom-killed",
            "app-heap",
            "[2026-11-23 01:02:03 +0000] [1] [ERROR] Worker (pid:12) was sent SIGKILL! Perhaps out of memory?\n",
        ),
        ("container-start-error", "start-crlf", "env: 'bash\\r': No such file or directory\n"),
        ("container-start-error", "start-arch", "exec /usr/local/bin/python: exec format error\n"),
    ] {
        assert_leads_to(family, id, &["kubectl", "logs", "web-7d9c8b6f5-x2k4p"], text);
    }
}

#[test]
fn pods_that_do_not_come_up_name_their_cause() {
    let describe = |state: &str, event: &str| {
        format!(
            "Name:             web-7d9c8b6f5-x2k4p\nNode:             minikube/192.168.49.2\nContainers:\n  web:\n    State:          Waiting\n      Reason:       {state}\n    Ready:          False\n    Restart Count:  4\nEvents:\n  Type     Reason     Age                From     Message\n  ----     ------     ----               ----     -------\n  {event}\n"
        )
    };
    for (family, id, state, event) in [
        (
            "config-error",
            "config-key-missing",
            "CreateContainerConfigError",
            "Warning  Failed  4s (x9 over 90s)  kubelet  spec.containers{web}: Error: couldn't find key PORT in ConfigMap default/web",
        ),
        (
            "config-error",
            "config-object-missing",
            "CreateContainerConfigError",
            "Warning  Failed  4s (x9 over 90s)  kubelet  Error: secret \"web\" not found",
        ),
        (
            "volume-mount",
            "volume-object-missing",
            "ContainerCreating",
            "Warning  FailedMount  4s (x9 over 4m)  kubelet  MountVolume.SetUp failed for volume \"cfg\" : configmap \"web\" not found",
        ),
        (
            "volume-mount",
            "volume-in-use",
            "ContainerCreating",
            "Warning  FailedAttachVolume  4m  attachdetach-controller  Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) web-5f58b9555-47l7d",
        ),
        (
            "volume-mount",
            "volume-nfs",
            "ContainerCreating",
            "Warning  FailedMount  4s (x9 over 4m)  kubelet  Output: mount.nfs: access denied by server while mounting 10.0.0.5:/export",
        ),
        (
            "network-cni",
            "cni-addresses-used-up",
            "ContainerCreating",
            "Warning  FailedCreatePodSandBox  4s (x9 over 4m)  kubelet  Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"0a1\": plugin type=\"aws-cni\" name=\"aws-cni\" failed (add): add cmd: failed to assign an IP address to container",
        ),
        (
            "container-start-error",
            "start-user",
            "CrashLoopBackOff",
            "Warning  Failed  4s (x4 over 90s)  kubelet  Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: unable to find user app: no matching entries in passwd file: unknown",
        ),
        (
            "container-start-error",
            "start-mount",
            "CrashLoopBackOff",
            "Warning  Failed  4s (x4 over 90s)  kubelet  Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting \"/var/lib/kubelet/pods/x/volume-subpaths/cfg/web/0\" to rootfs at \"/etc/nginx/nginx.conf\": not a directory: unknown",
        ),
        (
            "oom-killed",
            "start-oom",
            "CrashLoopBackOff",
            "Warning  Failed  4s (x4 over 90s)  kubelet  Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: container init was OOM-killed (memory limit too low?): unknown",
        ),
        (
            "probe-failure",
            "probe-exec",
            "CrashLoopBackOff",
            "Warning  Unhealthy  4s (x9 over 90s)  kubelet  Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container: failed to start exec \"0a1\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"curl\": executable file not found in $PATH: unknown",
        ),
    ] {
        assert_leads_to(family, id, &["kubectl", "describe", "pod", "web-7d9c8b6f5-x2k4p"], &describe(state, event));
    }
}

#[test]
fn the_databases_own_fault_explains_the_apps() {
    let diagnosis = read(
        &[],
        "$ kubectl get pods\nNAME                  READY   STATUS             RESTARTS      AGE\nweb-7d9c8b6f5-x2k4p   0/1     CrashLoopBackOff   4 (20s ago)   2m\npostgres-0            0/1     Pending            0             2m\n\
         $ kubectl logs web-7d9c8b6f5-x2k4p --previous\npsycopg2.OperationalError: connection to server at \"postgres\" (10.96.3.4), port 5432 failed: Connection refused\n\
         $ kubectl describe pod postgres-0\nName:         postgres-0\nNode:         <none>\nEvents:\n  Type     Reason            Age   From               Message\n  Warning  FailedScheduling  2m    default-scheduler  0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.\n",
    );
    let first = &diagnosis.findings[0];
    assert_eq!((first.id.as_str(), first.role), ("sched-volume", Role::Root), "{:?}", diagnosis.findings);
    assert!(first.explains.contains(&"database-refused".to_owned()), "{:?}", first.explains);
}
