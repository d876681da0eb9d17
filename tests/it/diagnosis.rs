//! Diagnosis from the outside: the catalogue against its own examples, recordings of real incidents,
//! texts with noise around them, and any bytes at all.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot read its samples has to fail")]

use proptest::prelude::*;
use refloat::catalog;
use refloat::classify::diagnose::diagnose;
use refloat::classify::recording;
use refloat::classify::rules::Rules;
use refloat::model::finding::{Diagnosis, Document, FAMILIES, Os, Role, Source, Symptom, Verdict};
use refloat::model::pattern::Pattern;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(catalog::symptoms()).unwrap());

fn document(text: &str) -> Document {
    Document { file: "text".into(), text: text.as_bytes().to_vec(), ..Document::default() }
}

fn read(text: &str) -> Diagnosis {
    diagnose(&RULES, &[document(text)], Os::Unix)
}

/// The family named first; empty for none.
fn first(diagnosis: &Diagnosis) -> &str {
    diagnosis.findings.first().map_or("", |finding| finding.family.as_str())
}

fn assert_quotes_stand(diagnosis: &Diagnosis, documents: &[Document]) {
    for quote in diagnosis.findings.iter().flat_map(|finding| &finding.evidence).chain(&diagnosis.telling) {
        let stands = documents.iter().filter(|document| document.file == quote.file).any(|document| {
            let text = String::from_utf8_lossy(&document.text).into_owned();
            text.split('\n').nth(quote.line - 1).is_some_and(|line| line.trim_end_matches('\r') == quote.text)
        });
        assert!(stands, "{quote:?}");
        if let Some((start, end)) = quote.span {
            assert!(start < end && quote.text.get(start..end).is_some(), "{quote:?}");
        }
    }
}

fn recordings() -> BTreeMap<String, String> {
    let labels = std::fs::read_to_string(Path::new("tests/recordings/labels.json")).unwrap();
    serde_json::from_str(&labels).unwrap()
}

fn recorded(name: &str) -> Vec<Document> {
    let bytes = std::fs::read(format!("tests/recordings/{name}.jsonl")).unwrap();
    assert!(recording::looks_like_recording(&bytes));
    recording::documents(&format!("{name}.jsonl"), &bytes).unwrap()
}

#[test]
fn every_recorded_incident_names_its_family_first() {
    let labels = recordings();
    assert!(labels.len() >= 22);
    for (name, label) in &labels {
        let documents = recorded(name);
        let diagnosis = diagnose(&RULES, &documents, Os::Unix);
        if label == "healthy" {
            assert_eq!((diagnosis.verdict, diagnosis.findings.len()), (Verdict::Healthy, 0), "{name}");
        } else {
            assert_eq!(diagnosis.verdict, Verdict::Failing, "{name}");
            assert_eq!(first(&diagnosis), label, "{name}");
            assert_eq!(diagnosis.findings[0].role, Role::Root, "{name}");
        }
        assert_quotes_stand(&diagnosis, &documents);
    }
}

#[test]
fn saved_to_files_the_same_incidents_read_the_same() {
    for (name, label) in recordings() {
        // As `kubectl … > failure-pods.txt` leaves them: no calls, no streams, one folder.
        let documents: Vec<Document> = recorded(&name)
            .into_iter()
            .enumerate()
            .map(|(index, document)| {
                let is_yaml = document.argv.iter().any(|word| word == "values" || word == "manifest");
                let end = if is_yaml { "yaml" } else { "txt" };
                Document { file: format!("failure-{index:02}.{end}"), argv: Vec::new(), is_stderr: false, ..document }
            })
            .collect();
        let diagnosis = diagnose(&RULES, &documents, Os::Unix);
        let label = if label == "healthy" { "" } else { label.as_str() };
        assert_eq!(first(&diagnosis), label, "{name}");
        assert_quotes_stand(&diagnosis, &documents);
    }
}

#[test]
fn one_pasted_session_reads_like_the_calls() {
    for (name, label) in recordings() {
        let mut session = String::new();
        for document in recorded(&name) {
            if !document.is_stderr {
                session.push_str(&format!("dev@laptop:~/app$ {}\n", document.argv.join(" ")));
            }
            session.push_str(&String::from_utf8_lossy(&document.text));
        }
        let label = if label == "healthy" { "" } else { label.as_str() };
        for text in [session.clone(), session.replace('\n', "\r\n")] {
            let diagnosis = read(&text);
            assert_eq!(first(&diagnosis), label, "{name}");
            assert_quotes_stand(&diagnosis, &[document(&text)]);
        }
    }
}

#[test]
fn noise_around_an_incident_changes_nothing() {
    let noise = [
        "NAME      READY   STATUS      RESTARTS     AGE\nother-0   1/1     Running     1 (3d ago)   9d\njob-x7k2p 0/1     Completed   0            9d\n",
        "LAST SEEN   TYPE      REASON             OBJECT        MESSAGE\n59m         Warning   FailedScheduling   pod/other-0   0/1 nodes are available: 1 Insufficient cpu.\n58m         Normal    Scheduled          pod/other-0   Successfully assigned default/other-0 to minikube\n",
        "INFO worker finished: 0 errors, 0 failed\n",
        "error-pages deployed; see the docs for `CrashLoopBackOff` and what to do about it\n",
    ];
    for (name, label) in recordings() {
        let mut documents = recorded(&name);
        for (index, text) in noise.iter().enumerate() {
            documents.insert(index, Document { file: format!("noise-{index}.txt"), ..document(text) });
        }
        let diagnosis = diagnose(&RULES, &documents, Os::Unix);
        let label = if label == "healthy" { "" } else { label.as_str() };
        assert_eq!(first(&diagnosis), label, "{name}");
    }
}

#[test]
fn every_example_is_recognised_and_no_counter_example_is() {
    for symptom in RULES.iter() {
        assert!(!symptom.examples.is_empty(), "{} has no example", symptom.id);
        let patterns: Vec<Pattern> = symptom.any.iter().map(|source| Pattern::new(source).unwrap()).collect();
        let matches = |text: &str| patterns.iter().any(|pattern| pattern.is_match(text.as_bytes()));
        for example in symptom.examples.iter().map(|sample| sample.text.as_str()) {
            assert!(matches(example), "{}: {example}", symptom.id);
            let unless = symptom.unless.iter().map(|source| Pattern::new(source).unwrap());
            let line = example.lines().find(|line| matches(line)).unwrap_or(example);
            assert!(unless.into_iter().all(|pattern| !pattern.is_match(line.as_bytes())), "{}: {example}", symptom.id);
        }
        for counter in &symptom.counter {
            let found = read(counter).findings.iter().any(|finding| finding.id == symptom.id);
            assert!(!found, "{}: {counter}", symptom.id);
        }
    }
}

#[test]
fn every_example_alone_leads_to_its_family() {
    let mut astray = Vec::new();
    for symptom in RULES.iter().filter(|symptom| symptom.role != Role::Transient) {
        for example in symptom.examples.iter().map(|sample| sample.text.as_str()) {
            let diagnosis = read(example);
            let named: Vec<&str> = diagnosis.findings.iter().map(|finding| finding.id.as_str()).collect();
            if first(&diagnosis) != symptom.family {
                astray.push(format!("{} → {named:?}: {example}", symptom.id));
            }
            assert_quotes_stand(&diagnosis, &[document(example)]);
        }
    }
    assert!(astray.is_empty(), "{astray:#?}");
}

#[test]
fn the_catalogue_is_sound() {
    let symptoms: Vec<&Symptom> = RULES.iter().collect();
    let mut dangling = Vec::new();
    let ids: BTreeSet<&str> = symptoms.iter().map(|symptom| symptom.id.as_str()).collect();
    for symptom in &symptoms {
        assert!(FAMILIES.contains(&symptom.family.as_str()), "{}: family {}", symptom.id, symptom.family);
        assert!(symptom.layer <= 12 && !symptom.cause.is_empty() && !symptom.fix.is_empty(), "{}", symptom.id);
        assert!(symptom.origin.is_some(), "{} does not say where its text comes from", symptom.id);
        assert!(!symptom.sources.contains(&Source::Manifest), "{}", symptom.id);
        for pattern in &symptom.explains {
            if !ids.iter().any(|id| *id != symptom.id && is_like(pattern, id)) {
                dangling.push(format!("{} explains `{pattern}`", symptom.id));
            }
        }
        for word in ["password", "secret", "token", "apikey"] {
            assert!(!symptom.cause.contains(&format!("{{{word}")), "{} would print a secret", symptom.id);
        }
    }
    assert!(dangling.is_empty(), "{dangling:#?}");
    let families: BTreeSet<&str> = symptoms.iter().map(|symptom| symptom.family.as_str()).collect();
    assert_eq!(families, FAMILIES.into_iter().collect(), "a family without a symptom");
}

fn is_like(pattern: &str, id: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => id.len() >= head.len() + tail.len() && id.starts_with(head) && id.ends_with(tail),
        None => pattern == id,
    }
}

#[test]
fn nothing_explains_itself() {
    let symptoms: Vec<&Symptom> = RULES.iter().collect();
    let effects: Vec<Vec<usize>> = symptoms
        .iter()
        .map(|cause| {
            (0..symptoms.len())
                .filter(|other| symptoms[*other].id != cause.id)
                .filter(|other| cause.explains.iter().any(|pattern| is_like(pattern, &symptoms[*other].id)))
                .collect()
        })
        .collect();
    // Remove symptoms that explain nothing that is left, until none is left: only a circle stays.
    let mut left: BTreeSet<usize> = (0..symptoms.len()).collect();
    loop {
        let free: Vec<usize> =
            left.iter().copied().filter(|index| effects[*index].iter().all(|effect| !left.contains(effect))).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|index| !free.contains(index));
    }
    let circle: Vec<&str> = left.iter().map(|index| symptoms[*index].id.as_str()).collect();
    assert!(circle.is_empty(), "{circle:?}");
}

fn assert_healthy(text: &str) {
    let diagnosis = read(text);
    assert_eq!((diagnosis.verdict, diagnosis.findings), (Verdict::Healthy, vec![]), "{text}");
}

#[test]
fn what_has_passed_is_no_symptom() {
    // Scheduled, after all.
    assert_healthy(
        "Events:\n  Type     Reason            Age  From               Message\n  \
         Warning  FailedScheduling  5m   default-scheduler  0/1 nodes are available: 1 Insufficient cpu.\n  \
         Normal   Scheduled         4m   default-scheduler  Successfully assigned default/web-1 to minikube\n",
    );
    // Restarted and failed its probe, long before it became what it is now.
    assert_healthy(
        "NAME                  READY   STATUS      RESTARTS     AGE\n\
         web-7d9c8b6f5-x2k4p   1/1     Running     3 (2h ago)   3h\n\
         seed-27x4k            0/1     Completed   0            3h\n\
         LAST SEEN   TYPE      REASON      OBJECT                    MESSAGE\n\
         20m         Warning   Unhealthy   pod/web-7d9c8b6f5-x2k4p   Readiness probe failed: connection refused\n",
    );
    // The pod that the event was about is gone, and the others are well.
    assert_healthy(
        "NAME                  READY   STATUS    RESTARTS   AGE\nweb-7d9c8b6f5-x2k4p   1/1     Running   0          3h\n\n\
         18s   Warning   FailedMount   pod/web-5f58b9555-47l7d   MountVolume.SetUp failed for volume \"cfg\" : configmap \"cfg\" not found\n",
    );
    assert_healthy(
        "Error: uninstall: Release not loaded: web: release: not found\nNAME: web\nSTATUS: deployed\nREVISION: 1\n",
    );
    assert_healthy(
        "WARN could not connect to server: Connection refused, next try in 2s\nINFO connected to database\n",
    );
    assert_healthy(
        "Server: 10.96.0.10\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.96.72.205\n\n** server can't find web.svc.cluster.local: NXDOMAIN\n",
    );
}

#[test]
fn what_is_starting_or_only_told_of_is_no_symptom() {
    assert_healthy(
        "NAME    READY   STATUS     RESTARTS   AGE\nweb-0   0/1     Pending    0          1s\ndb-0    0/1     Init:0/1   0          2s\n",
    );
    assert_healthy(
        "Some pods show `CrashLoopBackOff`; logs then hold `password authentication failed for user \"x\"`.\n\n### \"ImagePullBackOff\"\n",
    );
    assert_healthy(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  hint: 'FATAL: password authentication failed for user \"x\"'\n",
    );
    assert_healthy("\u{2713} rejects when signature verification failed (2 ms)\nTests: 12 passed\n");
    assert_healthy(
        "INFO 10.0.0.1 \"GET /api/tasks HTTP/1.1\" 401 Unauthorized\nINFO 0 errors\nerror-pages-6d4-x  1/1  Running  0  2m\n",
    );
}

#[test]
fn transient_symptoms_count_when_they_persist() {
    let once = "3s  Warning  FailedMount  pod/web-0  MountVolume.SetUp failed for volume \"x\" : failed to sync secret cache: timed out waiting for the condition";
    assert_healthy(&format!(
        "{once}\nNAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          1m\n"
    ));
    let starting = "FATAL:  the database system is starting up";
    assert!(read(starting).findings.is_empty());
    let often: String = (0..3).map(|second| format!("10:00:0{second} {starting}\n")).collect();
    assert_eq!(first(&read(&often)), "database-connection");
}

#[test]
fn a_consequence_leads_only_where_nothing_deeper_is_known() {
    let row = "NAME                  READY   STATUS             RESTARTS      AGE\nweb-7d9c8b6f5-x2k4p   0/1     CrashLoopBackOff   4 (20s ago)   2m\n";
    let alone = read(row);
    assert_eq!((first(&alone), alone.findings[0].role), ("crash-loop", Role::Root));
    let text = format!(
        "{row}\n$ kubectl logs web-7d9c8b6f5-x2k4p --previous\npq: password authentication failed for user \"app\"\n"
    );
    let diagnosis = read(&text);
    assert_eq!(first(&diagnosis), "database-connection");
    let crash = diagnosis.findings.iter().find(|finding| finding.id == "crash-loop").unwrap();
    assert_eq!(crash.role, Role::Consequence);
    assert!(diagnosis.findings[0].explains.contains(&"crash-loop".to_owned()));
}

#[test]
fn two_incidents_are_two_roots() {
    let diagnosis = read(
        "NAME                  READY   STATUS             RESTARTS      AGE\n\
         web-7d9c8b6f5-x2k4p   0/1     CrashLoopBackOff   4 (20s ago)   2m\n\
         job-5c8d7f6b5-q7w8k   0/1     ErrImageNeverPull  0             2m\n",
    );
    let roots: BTreeSet<&str> = diagnosis
        .findings
        .iter()
        .filter(|finding| finding.role == Role::Root)
        .map(|finding| finding.subject.as_str())
        .collect();
    assert_eq!(roots, BTreeSet::from(["web-7d9c8b6f5-x2k4p", "job-5c8d7f6b5-q7w8k"]));
}

#[test]
fn what_no_symptom_names_is_quoted_and_not_guessed() {
    let diagnosis = read("INFO start\nERROR the flux capacitor is empty\nINFO end\n");
    assert_eq!((diagnosis.verdict, diagnosis.findings.len()), (Verdict::Unclassified, 0));
    let quote = diagnosis.telling.unwrap();
    assert_eq!((quote.line, quote.text.as_str()), (2, "ERROR the flux capacitor is empty"));
}

#[test]
fn fixes_are_for_the_system_and_hold_what_the_text_says() {
    let text = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    let fixes = |os| diagnose(&RULES, &[document(text)], os).findings.remove(0).fixes;
    assert!(fixes(Os::Windows)[0].text.contains("Docker Desktop"));
    assert!(fixes(Os::Unix)[0].text.contains("systemctl"));
    let fixes = read("Container image \"web:1.0.0\" is not present with pull policy of Never").findings.remove(0).fixes;
    assert_eq!(fixes[0].text, "minikube image load web:1.0.0");
}

#[test]
fn captures_of_powershell_and_json_read_like_any_other() {
    let text =
        "NAME    READY   STATUS             RESTARTS   AGE\r\nweb-0   0/1     ImagePullBackOff   0          3m\r\n";
    let mut utf16 = vec![0xFF, 0xFE];
    utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let document = Document { file: "pods.txt".into(), text: utf16, ..Document::default() };
    let diagnosis = diagnose(&RULES, &[document], Os::Windows);
    assert_eq!((first(&diagnosis), diagnosis.findings[0].evidence[0].line), ("image-pull", 2));
    let json = r#"{"level":"error","msg":"Service \"web\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"}"#;
    let diagnosis = read(json);
    assert_eq!(first(&diagnosis), "port-conflict");
    assert_eq!(diagnosis.findings[0].evidence[0].text, json);
}

#[test]
fn a_pattern_that_is_none_is_named() {
    let mut symptom = catalog::symptoms().remove(0);
    symptom.id = "mine".into();
    symptom.any = vec!["a(".into()];
    let error = Rules::new(vec![symptom]).unwrap_err();
    assert_eq!(
        (error.symptom.as_str(), error.pattern.as_str(), error.message.as_str()),
        ("mine", "a(", "unclosed group")
    );
}

#[test]
fn symptoms_that_explain_each_other_still_name_one() {
    let symptom = |id: &str, other: &str| Symptom {
        id: id.into(),
        any: vec!["strange thing".into()],
        explains: vec![other.into()],
        ..catalog::symptoms().remove(0)
    };
    let rules = Rules::new(vec![symptom("a", "b"), symptom("b", "a")]).unwrap();
    assert_eq!(diagnose(&rules, &[document("a strange thing")], Os::Unix).findings.len(), 1);
}

#[test]
fn a_log_of_one_line_over_and_over_is_counted_and_not_kept() {
    let line =
        "ERROR psycopg2.OperationalError: connection to server at \"db\", port 5432 failed: Connection refused\n";
    let diagnosis = read(&line.repeat(20_000));
    assert_eq!(first(&diagnosis), "database-connection");
    assert_eq!(diagnosis.findings[0].evidence.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_give_a_diagnosis(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let document = Document { file: "x".into(), text: bytes, ..Document::default() };
        let _ = diagnose(&RULES, &[document], Os::Windows);
    }

    #[test]
    fn quotes_stand_in_any_shuffle_of_real_lines(picks in prop::collection::vec((0usize..22, 0usize..400), 1..60), crlf: bool) {
        let names: Vec<String> = recordings().into_keys().collect();
        let mut text = String::new();
        for (name, line) in picks {
            let documents = recorded(&names[name % names.len()]);
            let all: Vec<String> = documents
                .iter()
                .flat_map(|document| String::from_utf8_lossy(&document.text).lines().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            text.push_str(&all[line % all.len()]);
            text.push_str(if crlf { "\r\n" } else { "\n" });
        }
        let document = document(&text);
        let diagnosis = diagnose(&RULES, std::slice::from_ref(&document), Os::Unix);
        assert_quotes_stand(&diagnosis, &[document]);
    }
}

/// A state that no symptom names is no health: the row is quoted, nothing is guessed.
#[test]
fn a_pod_that_is_not_ready_is_never_healthy() {
    for status in ["Unknown", "ContainerStatusUnknown", "NotReady", "SomethingNew"] {
        let table = format!("NAME    READY   STATUS    RESTARTS   AGE\nweb-1   0/1     {status}   3          5d\n");
        let found = told(&table);
        assert_eq!(found.verdict, Verdict::Unclassified, "{status}");
        assert_eq!(found.telling.map(|quote| quote.line), Some(2), "{status}");
        let later =
            format!("{table}\nNAME    READY   STATUS    RESTARTS   AGE\nweb-1   1/1     Running   0          5d\n");
        assert_eq!(told(&later).verdict, Verdict::Healthy, "{status}");
    }
}

/// What a command that could not reach the cluster was about is not what fails.
#[test]
fn an_unreachable_cluster_is_not_a_pods_fault() {
    let text = "$ kubectl logs deployment/web\n\
                The connection to the server 192.168.49.2:8443 was refused - did you specify the right host or port?\n";
    let found = told(text);
    assert_eq!(found.findings[0].family, "cluster-unreachable");
    assert!(!found.findings[0].subject.contains("web"), "{}", found.findings[0].subject);
}

fn told(text: &str) -> Diagnosis {
    diagnose(&RULES, &[document(text)], Os::Unix)
}
