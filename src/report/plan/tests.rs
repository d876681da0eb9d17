use super::*;
use crate::report::plan_json;
use crate::report::samples::{self, lines};

#[test]
fn every_call_to_the_last_argument() {
    let expected = r"
rollback  Roll the release back to the previous revision, or to REVISION
  changes what can be changed back
asks for
  type `minikube` (reset)  Delete the whole cluster
require
  The release taskflow exists  release-exists
    helm --kube-context minikube status taskflow
steps
  1  Save the evidence first  task evidence
     steps, up to 6 at the same time
       1.1  kubectl get pods -o 'jsonpath={.items}'
              # list pod from /^(?P<pod>\S+)/; save failure-pods.txt
       1.2  for each pod
            kubectl describe pod ${pod}  # save failure-${pod}-events.txt
  2  Roll back
     skip unless: The release taskflow exists  release-exists
       helm --kube-context minikube status taskflow
     helm --kube-context minikube rollback taskflow '--set=token=***' $'it\'s\n'
       # timeout 6m; expect /Rollback was a success/
verify
  Backend and frontend share one secret  secrets-equal
    kubectl get secret backend -o 'jsonpath={.data.KEY}'
    kubectl get secret frontend -o 'jsonpath={.data.KEY}'
      # all equal; at least 32 bytes; values compared in memory, never shown
finally, whatever happened
  f1  names the cause from the output so far
";
    assert_eq!(text(&samples::plan(), &Look::plain(80)), lines(expected));
}

#[test]
fn a_call_is_one_line_in_any_place() {
    let call = "helm --kube-context minikube rollback taskflow '--set=token=***' $'it\\'s\\n'";
    for width in [1, 20, 40, 200] {
        let told = text(&samples::plan(), &Look::plain(width));
        assert!(told.lines().any(|line| line.contains(call)), "{told}");
    }
}

#[test]
fn as_data() {
    let plan = plan_json::json(&samples::plan());
    let names: Vec<&str> = plan.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "confirmations",
            "danger",
            "finally",
            "guard",
            "parallel",
            "require",
            "schema",
            "steps",
            "summary",
            "task",
            "tools",
            "verify",
        ]
    );
    assert_eq!(
        plan["steps"][0]["steps"][1].to_string(),
        r#"{"after":[0],"argv":["kubectl","describe","pod","${pod}"],"danger":"read","for":"pod","id":"1.2","kind":"run","name":"1.2","open":[3],"pinned":[],"save":"failure-${pod}-events.txt"}"#
    );
    assert_eq!(plan["steps"][1]["argv"][6], "it's\n");
    assert_eq!(plan["steps"][1]["pinned"].to_string(), "[1,2]");
    assert_eq!(plan["steps"][1]["timeout"], "6m");
    assert_eq!(plan["steps"][1]["skip_if"]["negated"], true);
    assert_eq!(plan["require"][0]["argv"][4], "taskflow");
    assert_eq!(plan["verify"][0]["reads"][1]["argv"][3], "frontend");
    assert_eq!(
        plan["confirmations"].to_string(),
        r#"[{"preview":null,"summary":"Delete the whole cluster","task":"reset","type":"minikube"}]"#
    );
    assert!(!plan.to_string().contains("hunter2"));
}

#[test]
fn no_place_is_too_narrow() {
    for width in 0..130 {
        assert!(text(&samples::plan(), &Look::plain(width)).ends_with('\n'));
    }
}

#[test]
fn a_check_as_a_step_is_asked_below_its_statement() {
    let mut plan = samples::plan();
    let gate = plan.root.require.remove(0);
    let mut step = plan.root.finally.remove(0);
    step.id = "1".into();
    step.work = Work::Check(Box::new(gate));
    plan.root.steps = vec![step];
    plan.root.verify.clear();
    plan.confirmations.clear();
    let expected = r"
rollback  Roll the release back to the previous revision, or to REVISION
  changes what can be changed back
steps
  1  The release taskflow exists  release-exists
     helm --kube-context minikube status taskflow
";
    assert_eq!(text(&plan, &Look::plain(80)), lines(expected));
}
