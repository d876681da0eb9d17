//! When a rollout is not waited for any longer, and when it must be: look after look, with the built-in symptoms.

use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::rollout::{Rollout, When};
use refloat::classify::rules::Rules;
use refloat::model::finding::{Document, Final, Finding, Os};
use refloat::model::pattern::Pattern;
use std::sync::LazyLock;
use std::time::Duration;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(catalog::to_find(Vec::new())).unwrap());

fn finals(documents: &[Document]) -> Vec<(Finding, Option<Final>)> {
    let found = diagnose(&RULES, documents, Os::Unix).findings.into_iter();
    found
        .map(|finding| {
            let when = RULES.get(&finding.id).and_then(|symptom| symptom.is_final);
            (finding, when)
        })
        .collect()
}

fn document(what: &str, text: &str) -> Document {
    let argv: Vec<String> = ["kubectl", "get", what].map(str::to_owned).to_vec();
    Document { file: argv.join(" "), argv, is_stderr: false, text: text.as_bytes().to_vec() }
}

/// A look: rows of pods (`name ready status restarts age`) and of events.
fn shown(pods: &[&str], events: &[&str]) -> Vec<Document> {
    let pods = format!("NAME   READY   STATUS   RESTARTS   AGE\n{}\n", pods.join("\n"));
    let events = format!("LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\n{}\n", events.join("\n"));
    vec![document("pods", &pods), document("events", &events)]
}

fn at(seconds: u64) -> When {
    When { at: Duration::from_secs(seconds), young: Duration::from_secs(seconds) }
}

/// An upgrade of `app-…`, with these pods there before it began.
fn upgrade(pods: &[&str], events: &[&str]) -> Rollout {
    let mut rollout = Rollout::new(Some(Pattern::new("^app-").unwrap()), false);
    rollout.before(&shown(pods, events));
    rollout
}

/// What ended the wait: the second and the symptom.
fn ends(rollout: &mut Rollout, looks: impl IntoIterator<Item = (u64, Vec<Document>)>) -> Option<(u64, String)> {
    looks.into_iter().find_map(|(second, documents)| {
        let ended = rollout.look(&documents, at(second), &finals).ended?;
        Some((second, ended.finding.id))
    })
}

/// Looks every 3 seconds that all show the same; ages are as they were at the first.
fn same(pods: &[&str], events: &[&str], until: u64) -> Vec<(u64, Vec<Document>)> {
    (1..=until / 3).map(|look| (look * 3, shown(pods, events))).collect()
}

const OLD: &str = "app-back-854759d849-pfrf4   0/1   ErrImageNeverPull   0   3d";
const NEVER: &str = "app-back-5f5b59cdd7-kfv6z   0/1   ErrImageNeverPull   0   2s";

#[test]
fn what_cannot_pass_ends_the_wait_at_once() {
    for (status, event, id) in [
        ("ErrImageNeverPull", "", "image-never-pull"),
        ("InvalidImageName", "", "image-name-invalid"),
        (
            "CreateContainerConfigError",
            "Warning   Failed   pod/app-back-5f5b59cdd7-kfv6z   Error: secret \"x\" not found",
            "config-object-missing",
        ),
        (
            "CreateContainerConfigError",
            "Warning   Failed   pod/app-back-5f5b59cdd7-kfv6z   Error: couldn't find key K in Secret default/x",
            "config-key-missing",
        ),
        (
            "RunContainerError",
            "Warning   Failed   pod/app-back-5f5b59cdd7-kfv6z   Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"serve\": executable file not found in $PATH: unknown",
            "start-not-found",
        ),
    ] {
        let pod = format!("app-back-5f5b59cdd7-kfv6z   0/1   {status}   0   2s");
        let event = format!("1s   {event}");
        let looks = same(&[&pod], &[&event], 30);
        assert_eq!(ends(&mut upgrade(&[], &[]), looks), Some((3, id.to_owned())), "{status}");
    }
}

#[test]
fn a_pod_that_may_not_be_made_ends_the_wait_at_once() {
    for (message, id) in [
        (
            "pods \"app-back-854759d849-8wpl6\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2",
            "quota-exceeded",
        ),
        (
            "pods \"app-back-854759d849-8wpl6\" is forbidden: violates PodSecurity \"restricted:latest\": x",
            "pod-security",
        ),
    ] {
        let event = format!("2s   Warning   FailedCreate   replicaset/app-back-854759d849   Error creating: {message}");
        let looks = same(&[], &[&event], 30);
        assert_eq!(ends(&mut upgrade(&[], &[]), looks), Some((3, id.to_owned())));
        // Made in the end, or about to be: then it is no final state.
        let made = "app-back-854759d849-8wpl6   0/1   Running   0   1s";
        assert_eq!(ends(&mut upgrade(&[], &[]), same(&[made], &[&event], 300)), None);
        let going = "app-back-64c699f9d4-vqdk6   1/1   Terminating   0   3d";
        assert_eq!(ends(&mut upgrade(&[going], &[]), same(&[going], &[&event], 300)), None);
    }
}

#[test]
fn what_is_tried_again_ends_the_wait_when_it_has_lasted() {
    let pull = "1s   Warning   Failed   pod/app-back-5f5b59cdd7-kfv6z   Failed to pull image \"x/app:1\": rpc error: code = NotFound desc = failed to pull and unpack image \"x/app:1\": failed to resolve reference \"x/app:1\": x/app:1: not found";
    let cpu = "1s   Warning   FailedScheduling   pod/app-back-5f5b59cdd7-kfv6z   0/1 nodes are available: 1 Insufficient cpu.";
    let mount = "1s   Warning   FailedMount   pod/app-back-5f5b59cdd7-kfv6z   MountVolume.SetUp failed for volume \"cfg\" : configmap \"c\" not found";
    for (status, event, id, second) in [
        ("ImagePullBackOff", pull, "image-not-found", 33),
        ("ImagePullBackOff", "", "image-backoff", 63),
        ("CreateContainerConfigError", "", "config-status", 63),
        ("Pending", cpu, "insufficient-cpu", 123),
        ("ContainerCreating", mount, "volume-object-missing", 63),
        ("CrashLoopBackOff", "", "crash-loop", 123),
    ] {
        let pod = format!("app-back-5f5b59cdd7-kfv6z   0/1   {status}   0   2s");
        let looks = same(&[&pod], &[event], 300);
        assert_eq!(ends(&mut upgrade(&[], &[]), looks), Some((second, id.to_owned())), "{status}");
    }
}

#[test]
fn a_slow_start_is_waited_for() {
    let unhealthy = "1s   Warning   Unhealthy   pod/app-back-5f5b59cdd7-kfv6z   Readiness probe failed: HTTP probe failed with statuscode: 503";
    for (pod, event) in [
        ("app-back-5f5b59cdd7-kfv6z   0/1   Running   0   2s", unhealthy),
        ("app-back-5f5b59cdd7-kfv6z   0/1   ContainerCreating   0   2s", ""),
        ("app-back-5f5b59cdd7-kfv6z   0/1   Init:0/2   0   2s", ""),
        ("app-back-5f5b59cdd7-kfv6z   0/1   Pending   0   2s", ""),
        ("app-back-5f5b59cdd7-kfv6z   0/1   Terminating   0   2s", ""),
        ("app-migrate-bx7qk   0/1   Completed   0   2s", ""),
    ] {
        assert_eq!(ends(&mut upgrade(&[], &[]), same(&[pod], &[event], 1200)), None, "{pod}");
    }
}

/// A rolling update keeps the old pods, however broken, until the new ones are ready.
#[test]
fn what_is_wrong_with_old_pods_does_not_count_where_new_ones_come() {
    let good = "app-back-5f5b59cdd7-kfv6z   0/1   Running   0   2s";
    let old_event = "7s   Warning   Failed   pod/app-back-854759d849-pfrf4   Error: ErrImageNeverPull";
    assert_eq!(ends(&mut upgrade(&[OLD], &[old_event]), same(&[OLD, good], &[old_event], 600)), None);
    // The new pod comes late.
    let mut rollout = upgrade(&[OLD], &[]);
    assert_eq!(ends(&mut rollout, same(&[OLD], &[], 57)), None);
    assert_eq!(ends(&mut rollout, [(60, shown(&[OLD, good], &[])), (300, shown(&[OLD, good], &[]))]), None);
}

#[test]
fn a_revision_that_keeps_its_pods_is_ended_by_them_a_minute_later() {
    assert_eq!(ends(&mut upgrade(&[OLD], &[]), same(&[OLD], &[], 300)), Some((60, "image-never-pull".to_owned())));
    // Those of another app never count.
    let other = "other-5f5b59cdd7-kfv6z   0/1   ErrImageNeverPull   0   3d";
    assert_eq!(ends(&mut upgrade(&[other], &[]), same(&[other], &[], 300)), None);
    // Whose they are is not known without a pattern.
    let mut rollout = Rollout::new(None, false);
    rollout.before(&shown(&[other], &[]));
    assert_eq!(ends(&mut rollout, same(&[other], &[], 300)), None);
}

#[test]
fn old_events_never_count() {
    let failed = |age: &str| {
        format!(
            "{age}   Warning   FailedCreate   replicaset/app-back-854759d849   Error creating: pods \"app-back-854759d849-8wpl6\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
        )
    };
    let mut rollout = upgrade(&[], &[&failed("50s")]);
    let looks =
        [(3, "53s"), (9, "59s"), (30, "80s"), (57, "107s")].map(|(second, age)| (second, shown(&[], &[&failed(age)])));
    assert_eq!(ends(&mut rollout, looks), None);
    // Told once more since, by a set that was there before: it counts after a minute.
    let looks = [(58, "2s"), (61, "5s")].map(|(second, age)| (second, shown(&[], &[&failed(age)])));
    assert_eq!(ends(&mut rollout, looks), Some((61, "quota-exceeded".to_owned())));
    // Nobody looked before, and it is older than the call.
    assert_eq!(ends(&mut Rollout::new(None, true), same(&[], &[&failed("50s")], 45)), None);
}

#[test]
fn what_passes_before_it_has_lasted_starts_anew() {
    let pod = |status: &str| format!("app-back-5f5b59cdd7-kfv6z   0/1   {status}   0   2s");
    let mut rollout = upgrade(&[], &[]);
    let looks = (1..200_u64).map(|look| {
        let status = if look % 10 == 0 { "Running" } else { "ImagePullBackOff" };
        (look * 3, shown(&[&pod(status)], &[]))
    });
    assert_eq!(ends(&mut rollout, looks), None);
    // One pull that fails, and then it runs and takes its time.
    let failed = "2s   Warning   Failed   pod/app-back-5f5b59cdd7-kfv6z   Error: ErrImagePull";
    let looks =
        [(3, shown(&[&pod("ErrImagePull")], &[failed]))].into_iter().chain(same(&[&pod("Running")], &[failed], 300));
    assert_eq!(ends(&mut upgrade(&[], &[]), looks), None);
}

#[test]
fn a_crash_loop_lasts_from_crash_to_crash() {
    let looks = (1..100_u64).map(|look| {
        let status = match look % 4 {
            0 => "Running",
            1 => "Error",
            _ => "CrashLoopBackOff",
        };
        (look * 3, shown(&[&format!("app-back-5f5b59cdd7-kfv6z   0/1   {status}   {look}   9s")], &[]))
    });
    let ended = ends(&mut upgrade(&[], &[]), looks).unwrap();
    assert_eq!(ended.1, "crash-loop");
    assert!((120..=135).contains(&ended.0), "{ended:?}");
    // Ready in between: it has recovered.
    let looks = (1..200_u64).map(|look| {
        let row = if look % 20 == 0 { "1/1   Running" } else { "0/1   CrashLoopBackOff" };
        (look * 3, shown(&[&format!("app-back-5f5b59cdd7-kfv6z   {row}   {look}   9s")], &[]))
    });
    assert_eq!(ends(&mut upgrade(&[], &[]), looks), None);
}

/// A container that a probe kills again and again starts slowly, perhaps.
#[test]
fn what_follows_from_probes_is_waited_for() {
    let pod = "app-back-5f5b59cdd7-kfv6z   0/1   CrashLoopBackOff   5 (9s ago)   4m";
    let events = [
        "9s   Warning   Unhealthy   pod/app-back-5f5b59cdd7-kfv6z   Liveness probe failed: HTTP probe failed with statuscode: 503",
        "9s   Normal   Killing   pod/app-back-5f5b59cdd7-kfv6z   Container app failed liveness probe, will be restarted",
        "2s   Warning   BackOff   pod/app-back-5f5b59cdd7-kfv6z   Back-off restarting failed container app in pod app-back-5f5b59cdd7-kfv6z_default(1)",
    ];
    assert_eq!(ends(&mut upgrade(&[], &[]), same(&[pod], &events, 600)), None);
}

/// A volume that was late once does not count while the image is pulled.
#[test]
fn a_pod_that_got_further_is_not_ended_by_what_is_behind_it() {
    let pod = "app-back-5f5b59cdd7-kfv6z   0/1   ContainerCreating   0   4m";
    let events = [
        "200s   Warning   FailedMount   pod/app-back-5f5b59cdd7-kfv6z   MountVolume.SetUp failed for volume \"cfg\" : configmap \"c\" not found",
        "190s   Normal   Pulling   pod/app-back-5f5b59cdd7-kfv6z   Pulling image \"x/app:1\"",
    ];
    assert_eq!(ends(&mut upgrade(&[], &[]), same(&[pod], &events, 600)), None);
    assert!(ends(&mut upgrade(&[], &[]), same(&[pod], &events[..1], 600)).is_some());
}

#[test]
fn a_pod_of_the_same_name_made_anew_is_new() {
    let mut rollout = upgrade(&["app-db-0   1/1   Running   0   3d"], &[]);
    let broken = "app-db-0   0/1   InvalidImageName   0   2s";
    assert_eq!(ends(&mut rollout, same(&[broken], &[], 30)), Some((3, "image-name-invalid".to_owned())));
}

#[test]
fn a_look_says_whether_something_new_is_not_well() {
    let unwell = |pods: &[&str]| upgrade(&[OLD], &[]).look(&shown(pods, &[]), at(3), &finals).is_unwell;
    assert!(unwell(&["app-back-5f5b59cdd7-kfv6z   0/1   Running   0   2s"]));
    assert!(!unwell(&["app-back-5f5b59cdd7-kfv6z   1/1   Running   0   2s", OLD]));
}

#[test]
fn nobody_looked_before_an_installation_so_all_is_new() {
    let mut first = Rollout::new(None, true);
    assert_eq!(ends(&mut first, same(&[NEVER], &[], 30)), Some((3, "image-never-pull".to_owned())));
    // Of an upgrade only what is younger than the call.
    assert_eq!(ends(&mut Rollout::new(None, false), same(&[NEVER], &[], 30)), Some((3, "image-never-pull".to_owned())));
    assert_eq!(ends(&mut Rollout::new(None, false), same(&[OLD], &[], 30)), None);
}
