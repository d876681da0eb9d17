use super::super::testing::*;
use crate::model::event::EventKind;
use crate::plan::{Plan, Work};
use crate::port::Person;
use std::io;
use std::sync::{Arc, Mutex};

/// Says these lines, and remembers what was asked.
struct Says(Vec<&'static str>, Arc<Mutex<Vec<String>>>);

impl Person for Says {
    fn is_present(&self) -> bool {
        true
    }

    fn ask(&mut self, prompt: &str) -> io::Result<Option<String>> {
        self.1.lock().unwrap().push(prompt.to_owned());
        Ok((!self.0.is_empty()).then(|| self.0.remove(0).to_owned()))
    }
}

fn plan() -> Plan {
    plan_of(vec![step("1", Work::Ask(template("Is it as ${unique}?"))), runs("2", "helm list")])
}

fn with(lines: &[&'static str]) -> (Stage, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::default();
    let mut stage = Stage::default().on("helm list", exit(0));
    stage.person = Some(Box::new(Mutex::new(Says(lines.to_vec(), Arc::clone(&asked)))));
    (stage, asked)
}

#[test]
fn a_yes_is_asked_for_until_it_is_one_and_kept() {
    let (stage, asked) = with(&["", "perhaps", " YES "]);
    let told = stage.run(&plan());
    assert_eq!(told.steps(), ["1 ok yes", "2 ok"]);
    assert_eq!(*asked.lock().unwrap(), vec!["Is it as k3m9x2ab? [y/n] "; 3]);
    assert_eq!(told.notices(), ["answered yes: Is it as k3m9x2ab?"]);
    let kept = stage.recorded.lock().unwrap();
    assert_eq!((kept[0].argv.join(" ").as_str(), kept[0].stdout.as_str()), ("ask Is it as k3m9x2ab?", "yes\n"));
}

#[test]
fn a_no_fails() {
    let (stage, _) = with(&["n"]);
    assert_eq!(stage.run(&plan()).steps(), ["1 failed no"]);
}

#[test]
fn without_an_answer_it_is_not_verified_and_the_run_goes_on() {
    let nobody = Stage::default().on("helm list", exit(0));
    for stage in [nobody, with(&[]).0] {
        let told = stage.run(&plan());
        assert_eq!(told.steps(), ["1 not-verified Is it as k3m9x2ab?", "2 ok"]);
        assert_eq!((told.report.counts.not_verified, told.report.counts.ok), (1, 1));
        assert_eq!(told.report.code, crate::error::Code::Done);
        let Some(EventKind::RunFinished { counts, .. }) = told.kinds().last() else { panic!("no end") };
        assert_eq!(counts.not_verified, 1);
    }
}

#[test]
fn a_recording_answers_as_the_person_did() {
    for (word, wanted) in [("yes\n", "1 ok yes"), ("no\n", "1 failed no"), ("", "1 not-verified Is it as k3m9x2ab?")] {
        let mut stage = Stage::default().on("helm list", exit(0)).on("ask Is it as k3m9x2ab?", exit(0).out(word));
        stage.replay = true;
        assert_eq!(stage.run(&plan()).steps()[0], wanted);
    }
}
