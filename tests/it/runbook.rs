//! The runbook that comes with this repository: right on every system, every task plannable.

use refloat::config::{self, Input, Loaded, Os, Source};
use refloat::model::step::Action;
use refloat::plan::{self, Ask, Plan, Work};

const RUNBOOK: &str = include_str!("../../tasks.toml");

fn load(os: Os, sets: &[(&str, &str)]) -> Loaded {
    let input = Input {
        file: Source { path: "/app/tasks.toml".into(), shown: "tasks.toml".into(), text: RUNBOOK.into() },
        local: None,
        env: Vec::new(),
        sets: sets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        os,
        known_symptoms: &[],
        color: false,
    };
    config::load(&input).unwrap_or_else(|failure| panic!("{os:?}\n{}", failure.message))
}

fn plan(loaded: &Loaded, task: &str, args: &[&str]) -> Plan {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    plan::build(&loaded.catalog, task, &args).unwrap_or_else(|failure| panic!("{task}: {}", failure.message))
}

#[test]
fn it_loads_without_a_warning_and_every_task_can_be_planned() {
    for os in Os::ALL {
        let loaded = load(os, &[("production_page", "https://app.example"), ("production_api", "https://api.example")]);
        assert_eq!(loaded.warnings, [""; 0], "{os:?}");
        assert!(loaded.catalog.tasks.len() > 20);
        for task in &loaded.catalog.tasks {
            let block = plan(&loaded, &task.name, &[]).root;
            let planned = task.steps.iter().filter(|step| step.if_given.is_none());
            assert_eq!(block.steps.len(), planned.count(), "{}", task.name);
            // The parts of a checklist are gates of their own.
            assert!(block.verify.len() >= task.verify.len(), "{}", task.name);
        }
        plan::checks::build_check(&loaded.catalog, &[]).unwrap();
    }
}

#[test]
fn its_patterns_hold_the_values_of_its_variables() {
    let loaded = load(Os::Linux, &[("prefix", "shop"), ("backend_image", "shop:1.0")]);
    let step = |task: &str, index: usize| loaded.catalog.task(task).unwrap().steps[index].clone();
    let reject = step("uninstall", 2).reject.unwrap();
    assert_eq!(reject.source(), "^shop-");
    let expect = step("load-images", 4).expect.unwrap();
    assert!(expect.is_match(b"docker.io/library/shop:1.0\ndocker.io/library/taskflow-frontend:1.0.0\n"));
    assert!(!expect.is_match(b"docker.io/library/shop:1x0\ndocker.io/library/taskflow-frontend:1.0.0\n"));
}

#[test]
fn only_a_missing_release_is_a_no_to_the_question_for_it() {
    let plan = plan(&load(Os::Linux, &[]), "redeploy", &[]);
    let gate = plan.root.steps[0].skip_if.as_ref().unwrap();
    assert!(gate.negated);
    assert!(gate.no.as_ref().unwrap().is_match(b"Error: release: not found"));
    assert!(matches!(&gate.ask, Ask::Run(step) if matches!(step.work, Work::Run(_))));
}

#[test]
fn the_database_step_lets_host_and_port_out_and_nothing_else() {
    let loaded = load(Os::Linux, &[]);
    let step = &loaded.catalog.task("investigate-database").unwrap().steps[0];
    assert!(step.sensitive && matches!(step.action, Action::Run(_)));
    let expect = step.expect.as_ref().unwrap();
    assert_eq!(expect.groups().collect::<Vec<_>>(), ["db_host", "db_port"]);
    let found = expect.regex().captures(b"postgresql://app:hunter2@db.example.com/app").unwrap();
    assert_eq!(&found["db_host"], b"db.example.com");
    assert!(found.name("db_port").is_none());
}

#[test]
fn a_revision_is_a_number_or_nothing() {
    let loaded = load(Os::Linux, &[]);
    let failure = plan::build(&loaded.catalog, "rollback", &["1; rm -rf /".to_owned()]).unwrap_err();
    assert_eq!(
        failure.message,
        "`1; rm -rf /` cannot be the revision of `rollback`: it does not match `[1-9]\\d*` (a revision from `refloat releases`)"
    );
    let revision = |args: &[&str]| match &plan(&loaded, "rollback", args).root.steps.last().unwrap().work {
        Work::Run(call) => call.argv.iter().any(|argument| argument.to_string() == "3"),
        _ => panic!("the last step runs helm"),
    };
    assert!(revision(&["3"]) && !revision(&[]));
}
