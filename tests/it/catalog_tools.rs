//! Whole outputs of the tools, as they stand on a screen: healthy ones must stay healthy, failing ones
//! must name their family. Written from the tools' sources, with the names of this project.

use super::support::Project;
use serde_json::Value;
use std::fs;

/// The answer of `refloat --format json diagnose` to a file that holds this text.
fn diagnose_text(text: &str) -> Value {
    let project = Project::new("").file("output.txt", text);
    fs::remove_file(project.path().join("tasks.toml")).unwrap();
    let answer = project.run(&["--format", "json", "diagnose", "output.txt"]);
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {} {}", answer.out, answer.err))
}

/// No finding, and no line that is quoted as telling.
fn assert_healthy(name: &str, text: &str) {
    let answer = diagnose_text(text);
    assert_eq!(answer["verdict"], "healthy", "{name}: {answer:#}");
    assert_eq!(answer["findings"].as_array().map(Vec::len), Some(0), "{name}");
}

/// The first finding, which must be of that family; its id.
fn assert_leads(family: &str, id: &str, text: &str) -> Value {
    let answer = diagnose_text(text);
    let first = &answer["findings"][0];
    assert_eq!((first["family"].as_str(), first["id"].as_str()), (Some(family), Some(id)), "{answer:#}");
    first.clone()
}

#[test]
fn a_build_that_works_is_healthy_whatever_its_packages_are_called() {
    assert_healthy(
        "buildkit",
        "#0 building with \"default\" instance using docker driver\n\n\
         #1 [internal] load build definition from backend.Dockerfile\n\
         #1 transferring dockerfile: 812B done\n\
         #1 DONE 0.0s\n\n\
         #2 [internal] load metadata for docker.io/library/python:3.12-slim\n\
         #2 DONE 1.1s\n\n\
         #5 [2/5] RUN apt-get update && apt-get install -y liberror-perl git\n\
         #5 0.412 Get:1 http://deb.debian.org/debian bookworm InRelease [151 kB]\n\
         #5 2.118 The following NEW packages will be installed:\n\
         #5 2.118   git liberror-perl\n\
         #5 3.907 debconf: delaying package configuration, since apt-utils is not installed\n\
         #5 4.551 Selecting previously unselected package liberror-perl.\n\
         #5 4.702 Setting up liberror-perl (0.17029-2) ...\n\
         #5 DONE 5.0s\n\n\
         #7 [4/5] RUN pip install -r requirements.txt\n\
         #7 1.950 Collecting fastapi==0.110.0 (from -r requirements.txt (line 1))\n\
         #7 2.110 WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken by 'ReadTimeoutError(\"HTTPSConnectionPool(host='pypi.org', port=443): Read timed out. (read timeout=15)\")': /simple/exceptiongroup/\n\
         #7 3.204 Collecting exceptiongroup>=1.0.2\n\
         #7 9.880 Successfully installed exceptiongroup-1.2.0 fastapi-0.110.0\n\
         #7 9.881 WARNING: Running pip as the 'root' user can result in broken permissions and conflicting behaviour with the system package manager.\n\
         #7 DONE 10.4s\n\n\
         #9 exporting to image\n\
         #9 exporting layers 0.8s done\n\
         #9 naming to docker.io/library/taskflow-backend:1.0.0 done\n\
         #9 DONE 0.9s\n\n\
         1 warning found (use docker --debug to expand):\n \
         - LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy \"ENV key value\" format (line 12)\n",
    );
    assert_healthy(
        "npm and the classic builder",
        "$ docker build -t taskflow-frontend:1.0.0 .\n\
         Sending build context to Docker daemon  1.204MB\n\
         Step 1/6 : FROM node:22-alpine\n ---> 3fb7711e8e76\n\
         Step 3/6 : RUN npm ci\n ---> Running in d664d3544f30\n\
         npm warn deprecated inflight@1.0.6: This module is not supported, and leaks memory.\n\
         npm warn ERESOLVE overriding peer dependency\n\n\
         added 412 packages, and audited 413 packages in 9s\n\n\
         2 moderate severity vulnerabilities\n\n\
         Removing intermediate container d664d3544f30\n ---> 8c1f0de1b2aa\n\
         Step 4/6 : RUN npm run build && npm test\n ---> Running in 0d1f7f3c2b11\n\n\
         \u{2713} 214 modules transformed.\n\
         Tests: 41 passed, 0 failed, 41 total\n\
         Removing intermediate container 0d1f7f3c2b11\n ---> 77aa0c1d2e3f\n\
         Successfully built 77aa0c1d2e3f\n\
         Successfully tagged taskflow-frontend:1.0.0\n",
    );
}

#[test]
fn docker_at_work_is_healthy() {
    assert_healthy(
        "run, and an image that is named after errors",
        "$ docker run -d -p 8080:80 registry.example.com/error-pages:1\n\
         Unable to find image 'registry.example.com/error-pages:1' locally\n\
         1: Pulling from error-pages\n\
         e6590344b1a5: Retrying in 2 seconds\n\
         e6590344b1a5: Pull complete\n\
         Digest: sha256:0e11c388b664df8a27a901dce21eb89f11d8292f7fca1b3e3c4321bf7897bffe\n\
         Status: Downloaded newer image for registry.example.com/error-pages:1\n\
         5f0c2e1d\n\
         $ docker ps\n\
         CONTAINER ID   IMAGE                                COMMAND   CREATED         STATUS         PORTS                  NAMES\n\
         5f0c2e1d       registry.example.com/error-pages:1   \"/serve\"  2 seconds ago   Up 1 second    0.0.0.0:8080->80/tcp   web\n",
    );
    assert_healthy(
        "version and info",
        "Client: Docker Engine - Community\n Version:           29.0.1\n API version:       1.52\n\n\
         Server: Docker Desktop 4.51.0 (210443)\n Engine:\n  Version:          29.0.1\n  API version:      1.52 (minimum version 1.44)\n \
         runc:\n  Version:          1.3.3\nWARNING: DOCKER_INSECURE_NO_IPTABLES_RAW is set\n",
    );
}

#[test]
fn a_start_of_minikube_with_warnings_is_healthy() {
    assert_healthy(
        "first start",
        "* minikube v1.38.1 on Microsoft Windows 11\n\
         * Automatically selected the docker driver. Other choices: hyperv, ssh\n\
         * Using Docker Desktop driver with root privileges\n\
         * Starting \"minikube\" primary control-plane node in \"minikube\" cluster\n\
         * Pulling base image v0.0.48 ...\n\
         ! minikube was unable to download gcr.io/k8s-minikube/kicbase:v0.0.48, but successfully downloaded docker.io/kicbase/stable:v0.0.48 as a fallback image\n\
         * Creating docker container (CPUs=2, Memory=3072MB) ...\n\
         ! Failing to connect to https://registry.k8s.io/ from inside the minikube container\n\
         * To pull new external images, you may need to configure a proxy: https://minikube.sigs.k8s.io/docs/reference/networking/proxy/\n\
         ! Docker is nearly out of disk space, which may cause deployments to fail! (86% of capacity). You can pass '--force' to skip this check.\n\
         * Preparing Kubernetes v1.35.1 on Docker 29.0.1 ...\n\
         * Configuring bridge CNI (Container Networking Interface) ...\n\
         * Verifying Kubernetes components...\n\
         * Enabled addons: storage-provisioner, default-storageclass\n\
         * Done! kubectl is now configured to use \"minikube\" cluster and \"default\" namespace by default\n",
    );
    assert_healthy(
        "a start that was tried again",
        "! StartHost failed, but will try again: creating host: create: creating: prepare kic ssh: container exited unexpectedly\n\
         * Restarting existing docker container for \"minikube\" ...\n\
         * Done! kubectl is now configured to use \"minikube\" cluster and \"default\" namespace by default\n",
    );
    assert_healthy(
        "status",
        "minikube\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\nkubeconfig: Configured\n\n",
    );
}

#[test]
fn helm_that_only_informs_is_healthy() {
    assert_healthy(
        "lint",
        "==> Linting Phase-IV/helm/taskflow\n[INFO] Chart.yaml: icon is recommended\n[WARNING] templates/: directory not found\n\n1 chart(s) linted, 0 chart(s) failed\n",
    );
    assert_healthy(
        "upgrade",
        "$ helm upgrade --install taskflow ./helm/taskflow -f values-local.yaml --wait\n\
         WARNING: Kubernetes configuration file is group-readable. This is insecure. Location: /home/dev/.kube/config\n\
         coalesce.go:286: warning: cannot overwrite table with non table for taskflow.backend.env (map[])\n\
         Release \"taskflow\" does not exist. Installing it now.\n\
         NAME: taskflow\nLAST DEPLOYED: Mon Nov 23 02:01:03 2026\nNAMESPACE: default\nSTATUS: deployed\nREVISION: 1\nTEST SUITE: None\n",
    );
    assert_healthy(
        "repositories, one of them gone",
        "Hang tight while we grab the latest from your chart repositories...\n\
         ...Unable to get an update from the \"old\" chart repository (https://charts.example.com):\n\
         \tfailed to fetch https://charts.example.com/index.yaml : 404 Not Found\n\
         ...Successfully got an update from the \"bitnami\" chart repository\n\
         Update Complete. \u{2388}Happy Helming!\u{2388}\n",
    );
}

#[test]
fn a_pull_that_was_tried_again_and_worked_is_healthy() {
    assert_healthy(
        "events",
        "NAME                                READY   STATUS    RESTARTS   AGE\n\
         taskflow-backend-7d9c8b6f5-x2k4p    1/1     Running   0          4m\n\n\
         LAST SEEN   TYPE      REASON                             OBJECT                                 MESSAGE\n\
         4m          Normal    Scheduled                          pod/taskflow-backend-7d9c8b6f5-x2k4p   Successfully assigned default/taskflow-backend-7d9c8b6f5-x2k4p to minikube\n\
         4m          Warning   FailedToRetrieveImagePullSecret    pod/taskflow-backend-7d9c8b6f5-x2k4p   Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.\n\
         4m          Warning   Failed                             pod/taskflow-backend-7d9c8b6f5-x2k4p   Failed to pull image \"registry.example.com/web:1\": Get \"https://registry.example.com/v2/\": net/http: TLS handshake timeout\n\
         3m          Normal    Pulled                             pod/taskflow-backend-7d9c8b6f5-x2k4p   Successfully pulled image \"registry.example.com/web:1\" in 2.1s\n\
         3m          Normal    Started                            pod/taskflow-backend-7d9c8b6f5-x2k4p   Started container backend\n",
    );
    assert_healthy(
        "a metrics server that still starts",
        "E1123 10:00:00.000000   12345 memcache.go:287] couldn't get resource list for metrics.k8s.io/v1beta1: the server is currently unable to handle the request\n\
         NAME                               READY   STATUS    RESTARTS   AGE\n\
         taskflow-backend-7d9c8b6f5-x2k4p   1/1     Running   0          4m\n",
    );
}

#[test]
fn builds_that_fail_name_the_step_that_failed() {
    let first = assert_leads(
        "docker-build-failed",
        "build-package-missing",
        "#6 [3/5] RUN apt-get update && apt-get install -y libpq-devel\n\
         #6 2.118 Reading package lists...\n\
         #6 2.611 E: Unable to locate package libpq-devel\n\
         #6 ERROR: process \"/bin/sh -c apt-get update && apt-get install -y libpq-devel\" did not complete successfully: exit code: 100\n\
         ------\n > [3/5] RUN apt-get update && apt-get install -y libpq-devel:\n\
         2.611 E: Unable to locate package libpq-devel\n------\n\
         backend.Dockerfile:7\n--------------------\n   7 | >>> RUN apt-get update && apt-get install -y libpq-devel\n--------------------\n\
         ERROR: failed to build: failed to solve: process \"/bin/sh -c apt-get update && apt-get install -y libpq-devel\" did not complete successfully: exit code: 100\n",
    );
    assert!(first["cause"].as_str().is_some_and(|cause| cause.contains("libpq-devel")), "{first:#}");
    assert_leads(
        "docker-build-failed",
        "build-network",
        "#7 [4/5] RUN apk add --no-cache curl\n\
         #7 5.104 WARNING: fetching https://dl-cdn.alpinelinux.org/alpine/v3.20/main: temporary error (try again later)\n\
         #7 5.104 ERROR: unable to select packages:\n\
         #7 5.105   curl (no such package):\n\
         #7 5.105     required by: world[curl]\n\
         #7 ERROR: process \"/bin/sh -c apk add --no-cache curl\" did not complete successfully: exit code: 1\n",
    );
    assert_leads(
        "docker-build-failed",
        "build-lock-file",
        "#9 [4/6] RUN npm ci\n\
         #9 1.902 npm error code EUSAGE\n\
         #9 1.903 npm error\n\
         #9 1.903 npm error `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync. Please update your lock file with `npm install` before continuing.\n\
         #9 ERROR: process \"/bin/sh -c npm ci\" did not complete successfully: exit code: 1\n",
    );
    assert_leads(
        "docker-build-failed",
        "build-out-of-memory",
        "#11 [6/6] RUN npm run build\n#11 31.02 Creating an optimized production build ...\n#11 210.4 Killed\n\
         #11 ERROR: process \"/bin/sh -c npm run build\" did not complete successfully: exit code: 137\n",
    );
    assert_leads(
        "docker-build-failed",
        "build-copy-missing",
        "STEP 4/6: COPY requirements.txt .\n\
         Error: building at STEP \"COPY requirements.txt .\": checking on sources under \"/home/dev/app\": copier: stat: \"/requirements.txt\": no such file or directory\n",
    );
}

#[test]
fn minikube_that_does_not_start_names_what_it_lacks() {
    assert_leads(
        "minikube-start-failed",
        "minikube-driver-changed",
        "* minikube v1.38.1 on Microsoft Windows 11\n\n\
         X Exiting due to GUEST_DRIVER_MISMATCH: The existing \"minikube\" cluster was created using the \"docker\" driver, which is incompatible with requested \"hyperv\" driver.\n\
         * Suggestion: Delete the existing 'minikube' cluster using: 'minikube delete', or start the existing 'minikube' cluster using: 'minikube start --driver=docker'\n",
    );
    assert_leads(
        "docker-daemon-down",
        "docker-daemon-down",
        "* minikube v1.38.1 on Microsoft Windows 11\n\
         * Using the docker driver based on existing profile\n\n\
         X Exiting due to PROVIDER_DOCKER_VERSION_EXIT_1: \"docker version --format <no value>-<no value>:<no value>\" exit status 1: failed to connect to the docker API at npipe:////./pipe/dockerDesktopLinuxEngine; check if the path is correct and if the daemon is running: open //./pipe/dockerDesktopLinuxEngine: Das System kann die angegebene Datei nicht finden.\n\
         * Documentation: https://minikube.sigs.k8s.io/docs/drivers/docker/\n",
    );
    assert_leads(
        "minikube-start-failed",
        "minikube-control-plane",
        "* Verifying Kubernetes components...\n\n\
         X Exiting due to K8S_APISERVER_MISSING: wait 6m0s for node: wait for apiserver proc: apiserver process never appeared\n\
         * Suggestion: Check that the provided apiserver flags are valid, and that SELinux is disabled\n",
    );
    assert_leads(
        "minikube-profile-missing",
        "minikube-profile-missing",
        "$ minikube image load taskflow-backend:1.0.0\n\nX Exiting due to MK_USAGE: loading profile: cluster \"minikube\" does not exist\n",
    );
}

#[test]
fn pulls_that_fail_name_why() {
    for (id, message) in [
        (
            "image-registry-tls",
            "Get \"https://registry.local:5000/v2/\": http: server gave HTTP response to HTTPS client",
        ),
        (
            "image-registry-dns",
            "failed to do request: Head \"https://registry.local/v2/web/manifests/1\": dial tcp: lookup registry.local on 192.168.49.1:53: no such host",
        ),
        (
            "image-credentials-wrong",
            "failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://registry.local/token: 401 Unauthorized",
        ),
        (
            "image-rate-limit",
            "failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry.local/v2/web/blobs/sha256:1: 429 Too Many Requests",
        ),
        ("image-platform", "no match for platform in manifest sha256:0e11: not found"),
        (
            "image-registry-sick",
            "failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry.local/v2/web/blobs/sha256:1: 503 Service Unavailable",
        ),
    ] {
        let text = format!(
            "NAME                          READY   STATUS             RESTARTS   AGE\n\
             taskflow-web-7d9c8b6f5-x2k4p  0/1     ImagePullBackOff   0          4m\n\n\
             LAST SEEN   TYPE      REASON   OBJECT                             MESSAGE\n\
             4m          Warning   Failed   pod/taskflow-web-7d9c8b6f5-x2k4p   Failed to pull image \"registry.local/web:1\": {message}\n\
             3m          Warning   Failed   pod/taskflow-web-7d9c8b6f5-x2k4p   Error: ImagePullBackOff\n"
        );
        let first = assert_leads("image-pull", id, &text);
        assert_eq!(first["role"], "root", "{id}");
    }
}

#[test]
fn helm_and_the_api_say_which_value_is_wrong() {
    let first = assert_leads(
        "helm-chart-error",
        "helm-value-type",
        "Error: INSTALLATION FAILED: failed to create resource: Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string\n",
    );
    assert!(first["cause"].as_str().is_some_and(|cause| cause.contains("env.value is number")), "{first:#}");
    assert_leads(
        "helm-release-conflict",
        "helm-already-exists",
        "Error: UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* jobs.batch \"taskflow-migrate\" already exists\n\n",
    );
    assert_leads(
        "helm-not-found",
        "helm-repo-unreachable",
        "Error: looks like \"https://charts.example.com\" is not a valid chart repository or cannot be reached: Get \"https://charts.example.com/index.yaml\": dial tcp: lookup charts.example.com: no such host\n",
    );
    assert_leads(
        "quota-or-admission",
        "webhook-certificate",
        "Error: INSTALLATION FAILED: failed to create resource: Internal error occurred: failed calling webhook \"webhook.cert-manager.io\": failed to call webhook: Post \"https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s\": tls: failed to verify certificate: x509: certificate signed by unknown authority\n",
    );
    assert_leads(
        "cluster-unreachable",
        "api-refused",
        "Error: UPGRADE FAILED: kubernetes cluster unreachable: Get \"https://127.0.0.1:52113/version\": dial tcp 127.0.0.1:52113: connectex: No connection could be made because the target machine actively refused it.\n",
    );
}

const DRY_RUN: &str = "NAME: taskflow\nLAST DEPLOYED: Mon Nov 23 02:01:03 2026\nNAMESPACE: default\n\
                       STATUS: pending-install\nREVISION: 1\nTEST SUITE: None\nHOOKS:\nMANIFEST:\n---\n\
                       # Source: taskflow/templates/service.yaml\nkind: Service\n";

#[test]
fn a_dry_run_holds_no_lock() {
    assert_healthy("helm 3", &format!("$ helm install taskflow ./chart --dry-run\n{DRY_RUN}"));
    assert_healthy("helm 4", &DRY_RUN.replace("TEST SUITE", "DESCRIPTION: Dry run complete\nTEST SUITE"));
    // What goes wrong beside it leads.
    let taken = format!(
        "$ helm install taskflow ./chart --dry-run\n{DRY_RUN}$ kubectl port-forward service/taskflow 8080:80\n\
         Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:8080: bind: address already in use]\n\
         error: unable to listen on any of the requested ports: [{{8080 80}}]\n"
    );
    assert_leads("port-conflict", "port-forward-taken", &taken);
    // A release that stands there says nothing of hooks and manifest.
    let stuck = "$ helm status taskflow\nNAME: taskflow\nLAST DEPLOYED: Mon Nov 23 02:01:03 2026\nNAMESPACE: default\n\
                 STATUS: pending-upgrade\nREVISION: 2\nTEST SUITE: None\nNOTES:\nOpen it with: minikube service taskflow\n";
    assert_leads("helm-release-conflict", "helm-locked", stuck);
}

#[test]
fn a_revision_that_failed_before_the_one_that_runs_is_history() {
    assert_healthy(
        "helm history",
        "REVISION\tUPDATED                 \tSTATUS    \tCHART         \tAPP VERSION\tDESCRIPTION\n\
         1       \tMon Nov 23 01:02:03 2026\tsuperseded\ttaskflow-0.1.0\t1.0.0      \tInstall complete\n\
         2       \tMon Nov 23 02:02:03 2026\tfailed    \ttaskflow-0.1.0\t1.0.0      \tUpgrade \"taskflow\" failed: context deadline exceeded\n\
         3       \tMon Nov 23 03:02:03 2026\tdeployed  \ttaskflow-0.1.0\t1.0.0      \tRollback to 1\n",
    );
}

#[test]
fn a_daemon_that_does_not_start_stands_before_what_asks_it() {
    assert_leads(
        "docker-daemon-down",
        "docker-daemon-start",
        "$ sudo systemctl restart docker\n\
         Job for docker.service failed because the control process exited with error code.\n\
         See \"systemctl status docker.service\" and \"journalctl -xeu docker.service\" for details.\n\
         $ minikube start\n* minikube v1.38.1 on Ubuntu 24.04\n\n\
         X Exiting due to PROVIDER_DOCKER_NOT_RUNNING: \"docker version --format {{.Server.Os}}\" exit status 1: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n",
    );
}

#[test]
fn minikubes_own_image_is_no_image_of_the_app() {
    assert_leads(
        "minikube-start-failed",
        "minikube-base-image",
        "! StartHost failed, but will try again: creating host: create: creating: setting up container node: preparing volume for minikube container: docker run --rm --entrypoint /usr/bin/test -v minikube:/var gcr.io/k8s-minikube/kicbase:v0.0.48 -d /var/lib: exit status 125\n\
         stdout:\n\nstderr:\n\
         Unable to find image 'gcr.io/k8s-minikube/kicbase:v0.0.48' locally\n\
         docker: Error response from daemon: Get \"https://gcr.io/v2/\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers).\n",
    );
}

#[test]
fn a_node_that_throws_out_images_says_so_in_its_journal() {
    assert_leads(
        "disk-pressure",
        "kubelet-disk",
        "Nov 23 10:00:01 node1 k3s[900]: W1123 10:00:01.000000     900 eviction_manager.go:366] \"Eviction manager: attempting to reclaim\" resourceName=\"ephemeral-storage\"\n\
         Nov 23 10:00:01 node1 k3s[900]: I1123 10:00:01.000000     900 eviction_manager.go:377] \"Eviction manager: must evict pod(s) to reclaim\" resourceName=\"ephemeral-storage\"\n",
    );
}
