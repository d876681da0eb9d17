use super::*;
use crate::report::doctor::{self, Row, State};
use crate::report::samples::{self, lines, unicode};
use crate::report::{explain, show, variables};

#[test]
fn tasks_by_group_in_the_order_of_the_file() {
    let expected = r"
    status               What runs

Rollback
 !  rollback [REVISION]  Roll the release back to the previous revision, or to
                         REVISION
!!  reset                Delete the whole cluster and everything in it

Look
    evidence             Save what the cluster says now

 !  changes what can be changed back
!!  loses something for good

last run  rollback: failed
";
    assert_eq!(text(&samples::catalog(), Some("rollback: failed"), &Look::plain(80)), lines(expected));
}

#[test]
fn tasks_in_a_narrow_place() {
    let expected = r"
    status               What runs

Rollback
 !  rollback [REVISION]
      Roll the release back to the
      previous revision, or to REVISION
!!  reset
      Delete the whole cluster and
      everything in it

Look
    evidence
      Save what the cluster says now

 !  changes what can be changed back
!!  loses something for good
";
    assert_eq!(text(&samples::catalog(), None, &Look::plain(40)), lines(expected));
}

#[test]
fn no_tasks_and_near_names() {
    assert_eq!(text(&Catalog::default(), None, &Look::plain(80)), "no tasks\n");
}

#[test]
fn the_list_as_data() {
    let list = json(&samples::catalog());
    assert_eq!(list["app"], "taskflow");
    assert_eq!(
        list["tasks"][2].to_string(),
        r#"{"confirm":{"type":"${profile}"},"danger":"destroy","group":"Rollback","name":"reset","params":[],"summary":"Delete the whole cluster and everything in it"}"#
    );
    assert_eq!(list["tasks"][1]["params"][0]["required"], false);
}

#[test]
fn a_task_in_full() {
    let catalog = samples::catalog();
    let expected = r"
rollback  Roll the release back to the previous revision, or to REVISION
usage     refloat rollback [REVISION]
danger    change: changes what can be changed back

params
  revision  revision from `refloat history`; matches /\d+/; may be left out

require
  release-exists  The release ${release} exists

steps
  1  Save the evidence first  task evidence
     1.1  kubectl get pods -o wide
            # list pod from /^(?P<pod>\S+)/; save failure-pods.txt
     1.2  for each pod
          kubectl describe pod ${pod}
            # save failure-${pod}-events.txt
  2  Roll back
     helm rollback ${release} ${revision?} --wait
       # timeout 6m; expect /Rollback was a success/

tools
  helm  always with --kube-context ${context}

variables
  context  minikube  tasks.toml
  release  taskflow  tasks.toml
";
    assert_eq!(show::text(&catalog, catalog.task("rollback").unwrap(), &Look::plain(80)), lines(expected));
    let reset = show::text(&catalog, catalog.task("reset").unwrap(), &Look::plain(80));
    assert!(reset.contains("asks for  type `minikube`, or --confirm minikube\n"), "{reset}");
}

#[test]
fn the_gates_of_a_called_task_stand_under_its_call() {
    let mut catalog = samples::catalog();
    let gate = catalog.tasks[1].require.clone();
    let evidence = catalog.tasks.iter_mut().find(|task| task.name == "evidence").unwrap();
    (evidence.require, evidence.verify) = (gate.clone(), gate);
    let told = show::text(&catalog, catalog.task("rollback").unwrap(), &Look::plain(80));
    let expected = r"
  1  Save the evidence first  task evidence
     require
       release-exists  The release ${release} exists
     1.1  kubectl get pods -o wide
            # list pod from /^(?P<pod>\S+)/; save failure-pods.txt
     1.2  for each pod
          kubectl describe pod ${pod}
            # save failure-${pod}-events.txt
     verify
       release-exists  The release ${release} exists
  2  Roll back
";
    assert!(told.contains(lines(expected)), "{told}");
}

#[test]
fn a_task_as_data() {
    let catalog = samples::catalog();
    let task = show::json(&catalog, catalog.task("rollback").unwrap());
    assert_eq!(task["steps"][1]["argv"][3], "${revision?}");
    assert_eq!(task["steps"][0]["task"], "evidence");
    assert_eq!(task["steps"][1]["timeout"], "6m");
    let mut skipping = samples::step(crate::model::step::Action::Diagnose);
    skipping.skip_if = Some(crate::model::step::CheckRef { name: "there".into(), negated: true });
    let mut alone = catalog.tasks[0].clone();
    alone.steps = vec![skipping];
    let steps = &show::json(&catalog, &alone)["steps"];
    assert_eq!(steps.to_string(), r#"[{"kind":"diagnose","name":null,"skip_if":{"check":"there","negated":true}}]"#);
    assert_eq!(task["tools"]["helm"]["args"][1], "${context}");
    assert_eq!(task["require"][0]["title"], "The release ${release} exists");
    assert_eq!(
        task["variables"].to_string(),
        r#"{"context":{"help":"","origin":"file","secret":false,"set":true,"value":"minikube"},"release":{"help":"","origin":"file","secret":false,"set":true,"value":"taskflow"}}"#
    );
}

#[test]
fn secrets_are_never_shown_not_even_inside_of_another_value() {
    let expected = r"
  context  minikube            tasks.toml
  profile  minikube            tasks.toml
  release  taskflow            tasks.toml
  token    (secret)            tasks.toml
  unused   x                   tasks.toml
  url      https://u:***@host  tasks.toml
";
    assert_eq!(variables::text(&samples::catalog(), &Look::plain(80)), lines(expected));
    let data = variables::json(&samples::catalog());
    assert_eq!(data["variables"]["token"]["value"], Value::Null);
    assert!(!data.to_string().contains("hunter2"));
}

#[test]
fn a_secret_that_nobody_gave_is_not_set() {
    let mut catalog = samples::catalog();
    for name in ["token", "url"] {
        let var = catalog.vars.get_mut(name).unwrap();
        (var.secret, var.lacks) = (true, Some("token".to_owned()));
    }
    catalog.vars.retain(|name, _| ["token", "url", "unused"].contains(&name.as_str()));
    let expected = r"
  token   not set
  unused  x                    tasks.toml
  url     (secret), not whole  tasks.toml
";
    assert_eq!(variables::text(&catalog, &Look::plain(80)), lines(expected));
    let data = &variables::json(&catalog)["variables"];
    assert_eq!([&data["token"]["set"], &data["unused"]["set"]], [&json!(false), &json!(true)]);
}

fn symptom() -> crate::model::finding::Symptom {
    serde_json::from_value(json!({
        "id": "database-auth",
        "family": "database-connection",
        "role": "root",
        "sources": ["pod-log"],
        "any": ["password authentication failed for user \"?(?P<user>[^\"\\s]+)"],
        "explains": ["crash-loop", "probe-*"],
        "cause": "The database refuses the login of {user}",
        "fix": ["refloat redeploy", { "windows": "type values.yaml", "unix": "cat values.yaml" }],
        "confirm": ["database-reachable", "database-url"],
        "layer": 10,
        "rollback": "helps",
        "fields": ["*DATABASE_URL*"],
        "unless": ["retrying"],
        "origin": "PostgreSQL 16, src/backend/libpq/auth.c",
        "examples": [
            "FATAL:  password authentication failed for user \"taskflow\"",
            {
                "text": "password authentication failed for user \"app\"",
                "expect": { "user": "app" },
            },
        ],
        "counter": ["password authentication succeeded"],
    }))
    .unwrap()
}

/// The symptom, one that explains it, and fifteen that it explains.
fn related() -> Vec<crate::model::finding::Symptom> {
    let other = |id: String, explains: &[&str]| crate::model::finding::Symptom {
        id,
        explains: samples::strings(explains),
        ..symptom()
    };
    let mut all = vec![symptom(), other("disk-full".into(), &["database-*"]), other("crash-loop".into(), &[])];
    all.extend((1..=14).map(|index| other(format!("probe-{index}"), &[])));
    all
}

#[test]
fn a_symptom_in_full() {
    let expected = r#"
database-auth  The database refuses the login of USER
family         database-connection
layer          10, the app
role           can be the cause of all the rest
read from      logs of pods
captures       user
rollback       helps: the cause lies in what the release deploys
fields         *DATABASE_URL*
origin         PostgreSQL 16, src/backend/libpq/auth.c

fix
 ! 1. refloat redeploy
 ! 2. cat values.yaml
      on Windows: type values.yaml

confirmed by
  • refloat check database-reachable
  • refloat check database-url

found by
  • password authentication failed for user "?(?P<user>[^"\s]+)

unless the line has
  • retrying

explains
  crash-loop
  probe-*  probe-1, probe-2, probe-3, probe-4, probe-5, probe-6, probe-7,
    probe-8, probe-9, probe-10, probe-11, probe-12 and 2 more

explained by
  disk-full

for example
  • FATAL:  password authentication failed for user "taskflow"
  • password authentication failed for user "app"
      user = app

but not
  • password authentication succeeded
"#;
    assert_eq!(explain::text(&symptom(), &related(), false, &unicode(80)), lines(expected));
    let there = explain::text(&symptom(), &related(), true, &unicode(80));
    assert!(there.contains("\n ! 2. type values.yaml\n      elsewhere: cat values.yaml\n"), "{there}");
}

#[test]
fn a_symptom_as_data_leaves_nothing_out() {
    let data = explain::json(&symptom(), &related(), true);
    let both = json!({ "do": "type values.yaml", "danger": "change", "windows": "type values.yaml", "unix": "cat values.yaml" });
    assert_eq!(data["fixes"], json!([{ "do": "refloat redeploy", "danger": "change" }, both]));
    assert_eq!(data["explained"].as_array().map(Vec::len), Some(15), "all of them: {}", data["explained"]);
    assert_eq!((&data["explained_by"], &data["captures"]), (&json!(["disk-full"]), &json!(["user"])));
    // What a symptom is, field for field.
    for (field, value) in serde_json::to_value(symptom()).unwrap().as_object().unwrap() {
        if field != "fix" {
            assert_eq!(data.get(field), Some(value), "{field}");
        }
    }
}

#[test]
fn what_stands_alone_says_nothing_of_relations() {
    let mut alone = symptom();
    alone.explains = vec!["own-*".into()];
    let told = explain::text(&alone, &[alone.clone()], false, &Look::plain(80));
    assert!(told.contains("\nexplains\n  own-*  no known symptom\n"), "{told}");
    assert!(!told.contains("explained by"), "{told}");
}

#[test]
fn symptoms_by_family() {
    let mut late = symptom();
    (late.id, late.family, late.cause) =
        ("no-route".into(), "own-family".into(), "{host|The host} has {no route, see {x}".into());
    let mut early = symptom();
    (early.id, early.family, early.cause) =
        ("image-gone".into(), "image-pull".into(), "The image {image|of a pod} is not there".into());
    let symptoms = [late, symptom(), early];
    let expected = r"
image-pull
  image-gone  The image of a pod is not there

database-connection
  database-auth  The database refuses the login of USER

own-family
  no-route  The host has {no route, see {x}
";
    assert_eq!(explain::all(&symptoms, &Look::plain(80)), lines(expected));
    let data = explain::all_json(&symptoms);
    assert_eq!(data["symptoms"][0]["id"], "image-gone");
    assert_eq!(data["symptoms"].as_array().map(Vec::len), Some(3));
}

#[test]
fn tools_as_found() {
    let row = |tool: &str, state, path: Option<&str>, version: Option<&str>| Row {
        tool: tool.into(),
        state,
        path: path.map(str::to_owned),
        version: version.map(str::to_owned),
        min: Some("3.6.0".into()),
        why: path.is_none().then(|| "not on PATH".to_owned()),
        install: if state == State::Ok { String::new() } else { format!("brew install {tool}") },
    };
    let rows = [
        row("helm", State::Ok, Some("/usr/bin/helm"), Some("3.14.2")),
        row("kubectl", State::UnknownVersion, Some("/usr/bin/kubectl"), None),
        row("docker", State::TooOld, Some("/usr/bin/docker"), Some("1.0.0")),
        row("minikube", State::Missing, None, None),
    ];
    let expected = r"
✓  helm      3.14.2           needs 3.6.0  /usr/bin/helm
⚠  kubectl   version unknown  needs 3.6.0  /usr/bin/kubectl
✗  docker    1.0.0            needs 3.6.0  /usr/bin/docker
✗  minikube  missing          needs 3.6.0  not on PATH

     install  brew install docker
              brew install minikube
";
    assert_eq!(doctor::text(&rows, &unicode(80)), lines(expected));
    assert_eq!(doctor::json(&rows)["tools"][3]["state"], "missing");
}

#[test]
fn no_place_is_too_narrow() {
    let catalog = samples::catalog();
    for width in 0..130 {
        let look = Look::plain(width);
        for told in [
            text(&catalog, Some("x"), &look),
            show::text(&catalog, &catalog.tasks[1], &look),
            variables::text(&catalog, &look),
            explain::text(&symptom(), &related(), true, &look),
        ] {
            assert!(told.ends_with('\n') && !told.contains(" \n"), "{width}: {told}");
        }
    }
}
