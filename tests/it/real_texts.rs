//! The runbook's questions against what real tools print in the less usual cases.

use super::safe::{self, RENDERED};
use super::stub::Tools;
use super::support::{Answer, Project};
use serde_json::{Value, json};

fn kubectl(rest: &[&str], mut says: Value) -> Value {
    says["argv"] = json!([&["kubectl", "--context", "minikube", "--namespace", "default"], rest].concat());
    says
}

fn helm(rest: &[&str], mut says: Value) -> Value {
    says["argv"] = json!([&["helm", "--kube-context", "minikube", "--namespace", "default"], rest].concat());
    says
}

/// The answer of `refloat check NAME`, and the calls that were made.
fn check(name: &str, rules: Vec<Value>) -> (Answer, Vec<String>) {
    let tools = safe::safe(rules.into_iter().fold(Tools::new(), Tools::rule));
    let answer = Project::taskflow().with_tools(&tools).run(&["check", name]);
    (answer, tools.calls().into_iter().map(|call| call.join(" ")).collect())
}

/// busybox 1.35: it asks every search domain, and its exit code is that of the last one that does not know the name.
#[test]
fn busybox_resolves_a_name_and_exits_with_1() {
    let head = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n";
    let found = "Name:\ttaskflow-backend-service.default.svc.cluster.local\nAddress: 10.101.7.22\n\n";
    let rest = "** server can't find taskflow-backend-service.svc.cluster.local: NXDOMAIN\n\n";
    let exec = |stdout: String| {
        let says = json!({ "stdout": stdout, "stderr": "command terminated with exit code 1\n", "exit": 1 });
        vec![kubectl(&["exec", "deployment/taskflow-frontend", "--", "nslookup", "**"], says)]
    };
    check("dns-resolves", exec(format!("{head}{found}{rest}"))).0.exits(0);
    check("dns-resolves", exec(format!("{head}{rest}"))).0.exits(1).says(&["can't find"]);
}

/// containerd's words, and runc's by way of docker: nobody was asked, so another program is.
#[test]
fn an_image_without_curl_is_asked_by_another_program() {
    let curl = |says: Value| kubectl(&["exec", "deployment/taskflow-backend", "--", "curl", "**"], says);
    let python = kubectl(
        &["exec", "deployment/taskflow-backend", "--", "python3", "**"],
        json!({ "stdout": "{\"status\": \"healthy\"}\n" }),
    );
    let missing = "exec failed: unable to start container process: exec: \"curl\": executable file not found in $PATH";
    for (stderr, exit) in [
        (format!("OCI runtime exec {missing}: unknown\ncommand terminated with exit code 126\n"), 126),
        (
            format!(
                "error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"3f\": OCI runtime exec {missing}: unknown\n"
            ),
            1,
        ),
    ] {
        let (answer, _) =
            check("backend-healthy", vec![curl(json!({ "stderr": stderr, "exit": exit })), python.clone()]);
        answer.exits(0);
    }
    // One that reached nobody has answered.
    let refused = json!({ "stderr": "command terminated with exit code 7\n", "exit": 7 });
    let (answer, calls) = check("backend-healthy", vec![curl(refused), python]);
    answer.exits(1);
    assert!(!calls.iter().any(|call| call.contains("python3")), "{calls:?}");
}

/// A pod that is about to go has up to 30 s to do so, and is nobody's fault.
#[test]
fn a_pod_that_is_leaving_does_not_count() {
    let head = "NAME                        READY   STATUS        RESTARTS   AGE\n";
    let well = "taskflow-backend-5d8f-x2x4q    1/1     Running       0          1m\n";
    let pods = |row: &str| vec![kubectl(&["get", "pods"], json!({ "stdout": format!("{head}{well}{row}") }))];
    check("pods-ready", pods("taskflow-backend-77bc-p9q2z    0/1     Terminating   3          9m\n")).0.exits(0);
    check("pods-ready", pods("taskflow-backend-77bc-p9q2z    0/1     Error         3          9m\n")).0.exits(1);
}

/// `helm create` writes images in quotes.
#[test]
fn an_image_in_quotes_is_the_image() {
    let rendered = |image: &str| {
        let text = RENDERED.replace("image: taskflow-backend:1.0.0", &format!("image: {image}"));
        assert_ne!(text, RENDERED);
        vec![helm(&["template", "**"], json!({ "stdout": text }))]
    };
    check("chart-wants-backend-image", rendered("\"taskflow-backend:1.0.0\"")).0.exits(0);
    check("chart-wants-backend-image", rendered("\"taskflow-backend:1.0.1\"")).0.exits(1);
}

#[test]
fn the_address_that_counts_is_the_one_after_the_deployment() {
    let template = |text: String| helm(&["template", "**"], json!({ "stdout": text }));
    let service = |says: Value| kubectl(&["get", "svc", "taskflow-frontend-service", "**"], says);
    let moved = RENDERED.replace("nodePort: 30080", "nodePort: 31111");
    assert_ne!(moved, RENDERED, "the chart names its port");
    let (answer, _) = check("cors-will-do", vec![template(moved)]);
    answer.exits(1).says(&["does not contain http://192.168.49.2:31111"]);
    // Left to the cluster: the port that is there, and before there is one nobody can know it.
    let open = RENDERED.replace("nodePort: 30080", "port: 3000");
    check("cors-will-do", vec![template(open.clone()), service(json!({ "stdout": "30080" }))]).0.exits(0);
    check("cors-will-do", vec![template(open.clone()), service(json!({ "stdout": "30999" }))]).0.exits(1);
    let none = "Error from server (NotFound): services \"taskflow-frontend-service\" not found\n";
    check(
        "cors-will-do",
        vec![template(open.clone()), kubectl(&["get", "svc", "**"], json!({ "stderr": none, "exit": 1 }))],
    )
    .0
    .exits(0);
    let away = "The connection to the server 192.168.49.2:8443 was refused - did you specify the right host or port?\n";
    let (answer, _) = check(
        "cors-will-do",
        vec![template(open), kubectl(&["get", "svc", "**"], json!({ "stderr": away, "exit": 1 }))],
    );
    answer.exits(1).says(&["could not ask"]);
    // An origin is compared whole: browsers send none with a slash at its end.
    let slash = RENDERED.replace("http://192.168.49.2:30080", "http://192.168.49.2:30080/");
    check("cors-will-do", vec![template(slash)]).0.exits(1).says(&["does not contain http://192.168.49.2:30080"]);
}

/// Two failed upgrades in a row: helm's own choice would be the first of them.
#[test]
fn a_rollback_goes_to_what_was_in_service() {
    let history = "REVISION\tUPDATED                 \tSTATUS    \tCHART         \tAPP VERSION\tDESCRIPTION\n\
        1       \tMon Nov 23 02:33:06 2026\tsuperseded\ttaskflow-0.1.0\t1.0.0      \tInstall complete\n\
        2       \tMon Nov 23 02:40:00 2026\tdeployed  \ttaskflow-0.1.0\t1.0.0      \tUpgrade complete\n\
        3       \tMon Nov 23 02:50:00 2026\tfailed    \ttaskflow-0.1.0\t1.0.0      \tUpgrade \"taskflow\" failed: timed out\n\
        4       \tMon Nov 23 02:59:00 2026\tfailed    \ttaskflow-0.1.0\t1.0.0      \tUpgrade \"taskflow\" failed: timed out\n";
    let pods = "NAME   READY   STATUS   RESTARTS   AGE\ntaskflow-backend-1   1/1   Running   0   1m\n";
    let tools = |history: &str| {
        let rules = vec![
            helm(&["status", "**"], json!({ "stdout": "NAME: taskflow\nSTATUS: failed\n" })),
            helm(&["history", "**"], json!({ "stdout": history })),
            helm(&["rollback", "**"], json!({ "stdout": "Rollback was a success! Happy Helming!\n" })),
            kubectl(&["get", "pods", "**"], json!({ "stdout": pods })),
            json!({ "argv": ["**"], "stdout": "" }),
        ];
        rules.into_iter().fold(Tools::new(), Tools::rule)
    };
    let rolled = |tools: &Tools| -> Vec<String> {
        let calls = tools.calls().into_iter().map(|call| call.join(" "));
        calls.filter_map(|call| Some(call.split_once(" rollback taskflow ")?.1.to_owned())).collect()
    };
    let stand_ins = tools(history);
    Project::taskflow().with_tools(&stand_ins).run(&["rollback"]).exits(0).says(&["Roll back to revision 2"]);
    assert_eq!(rolled(&stand_ins), ["2 --wait --timeout=5m"]);
    let stand_ins = tools(history);
    Project::taskflow().with_tools(&stand_ins).run(&["rollback", "1"]).exits(0).says(&["Roll back to revision 1"]);
    assert_eq!(rolled(&stand_ins), ["1 --wait --timeout=5m"]);
    // Nothing that is behind the last one ever ran.
    let stand_ins = tools(&history.replace("superseded", "failed    ").replace("deployed  ", "failed    "));
    Project::taskflow().with_tools(&stand_ins).run(&["rollback"]).exits(4).says(&["There is a revision to go back to"]);
    assert_eq!(rolled(&stand_ins), [""; 0]);
}
