//! Everything that must be agreed to is agreed to before anything runs.

use crate::error::{Code, Failure};
use crate::plan::{Confirmation, Plan};
use crate::port::Person;
use crate::report::quoting::quote;

/// What the command line agreed to beforehand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    /// `--yes`
    pub(super) yes: bool,
    /// `--confirm NAME`, each
    pub(super) names: &'a [String],
    /// The command that was given, without these answers.
    pub(super) typed: &'a str,
}

/// Gathers every confirmation of the plan, from the flags first and the person second.
///
/// # Errors
/// [`Code::Refused`]: a no, a wrong name, the end of input, or nobody to ask.
pub(super) fn gather(plan: &Plan, given: Given<'_>, person: &mut dyn Person) -> Result<(), Failure> {
    for confirmation in &plan.confirmations {
        if let Some(name) = confirmation.name.as_ref().filter(|name| name.trim().is_empty() || name.contains("${")) {
            // An empty name would be typed by pressing Enter.
            let why = format!("the name that `{}` asks for is `{name}`: nobody can type that", confirmation.task);
            return Err(Failure::new(Code::Refused, format!("{why}; nothing was done"))
                .hint("give the variables in its `confirm` a value"));
        }
        match &confirmation.name {
            Some(name) => typed(plan, confirmation, name, given, person)?,
            None => yes_or_no(plan, confirmation, given, person)?,
        }
    }
    Ok(())
}

/// The command that agrees to everything that the plan asks for.
pub(super) fn agreeing(plan: &Plan, typed: &str) -> String {
    let mut line = typed.to_owned();
    for name in plan.confirmations.iter().filter_map(|confirmation| confirmation.name.as_ref()) {
        line.push_str(" --confirm ");
        line.push_str(&quote(name));
    }
    if plan.confirmations.iter().any(|confirmation| confirmation.name.is_none()) {
        line.push_str(" --yes");
    }
    line
}

fn typed(
    plan: &Plan,
    confirmation: &Confirmation,
    name: &str,
    given: Given<'_>,
    person: &mut dyn Person,
) -> Result<(), Failure> {
    if given.names.iter().any(|given| given == name) {
        return Ok(());
    }
    let refused = |why: String| {
        Failure::new(Code::Refused, format!("{why}; nothing was done"))
            .hint(format!("{} --dry-run   (what it would do)", given.typed.trim_end_matches(" --resume")))
            .hint(agreeing(plan, given.typed))
    };
    if let Some(other) = given.names.first() {
        return Err(refused(format!("`{}` asks for the name `{name}`, not `{other}`", confirmation.task)));
    }
    if !person.is_present() {
        return Err(refused(format!(
            "`{}` needs the name `{name}` typed, and there is no terminal",
            confirmation.task
        )));
    }
    let prompt =
        format!("{}: {}.\nThis cannot be undone. Type {name} to go on: ", confirmation.task, confirmation.summary);
    match person.ask(&prompt) {
        // Only the line end is taken off: a name with a blank behind it was not typed with care.
        Ok(Some(answer)) if answer == name => Ok(()),
        Ok(Some(_)) => Err(refused(format!("that is not `{name}`"))),
        Ok(None) => Err(refused("no answer".to_owned())),
        Err(error) => Err(refused(format!("the terminal cannot be read: {error}"))),
    }
}

fn yes_or_no(
    plan: &Plan,
    confirmation: &Confirmation,
    given: Given<'_>,
    person: &mut dyn Person,
) -> Result<(), Failure> {
    if given.yes {
        return Ok(());
    }
    let refused = |why: &str| {
        Failure::new(Code::Refused, format!("{why}; nothing was done"))
            .hint(format!("{} --dry-run   (what it would do)", given.typed))
            .hint(agreeing(plan, given.typed))
    };
    if !person.is_present() {
        return Err(refused(&format!("`{}` needs a yes, and there is no terminal", confirmation.task)));
    }
    match person.ask(&format!("{}: {}. Go on? [y/N] ", confirmation.task, confirmation.summary)) {
        Ok(Some(answer)) if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") => Ok(()),
        Ok(_) => Err(refused("not confirmed")),
        Err(error) => Err(refused(&format!("the terminal cannot be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::step::Danger;
    use crate::plan::{Block, Hide};
    use std::collections::BTreeMap;
    use std::io;

    struct Answers(Vec<Option<&'static str>>, bool);

    impl Person for Answers {
        fn is_present(&self) -> bool {
            self.1
        }
        fn ask(&mut self, _: &str) -> io::Result<Option<String>> {
            Ok(if self.0.is_empty() { None } else { self.0.remove(0).map(str::to_owned) })
        }
    }

    fn plan(names: &[Option<&str>]) -> Plan {
        let confirmation = |name: &Option<&str>| Confirmation {
            preview: None,
            task: "reset".to_owned(),
            summary: "Delete the cluster".to_owned(),
            name: name.map(str::to_owned),
        };
        Plan {
            root: Block {
                task: "reset".to_owned(),
                summary: String::new(),
                danger: Danger::Destroy,
                scope: BTreeMap::new(),
                require: Vec::new(),
                steps: Vec::new(),
                guard: Vec::new(),
                verify: Vec::new(),
                finally: Vec::new(),
                parallel: 1,
                keep_going: false,
                asks: 1,
            },
            confirmations: names.iter().map(confirmation).collect(),
            tools: BTreeMap::new(),
            secrets: Vec::new(),
            hide: Hide::default(),
        }
    }

    fn ask(names: &[Option<&str>], answers: &[Option<&'static str>], yes: bool, confirm: &[&str]) -> Option<String> {
        let confirm: Vec<String> = confirm.iter().map(|name| (*name).to_owned()).collect();
        let mut person = Answers(answers.to_vec(), !answers.is_empty());
        let given = Given { yes, names: &confirm, typed: "refloat reset --set x=1" };
        gather(&plan(names), given, &mut person).err().map(|failure| {
            assert_eq!(failure.code, Code::Refused);
            failure.message
        })
    }

    #[test]
    fn the_name_must_be_typed_exactly() {
        let name = [Some("minikube")];
        assert_eq!(ask(&name, &[Some("minikube")], false, &[]), None);
        assert_eq!(ask(&name, &[], false, &["minikube"]), None);
        for wrong in [Some("minikube "), Some("yes"), Some(""), None] {
            assert!(ask(&name, &[wrong], false, &[]).unwrap().ends_with("nothing was done"), "{wrong:?}");
        }
        assert!(ask(&name, &[Some("minikube")], false, &["other"]).is_some(), "a wrong flag is not asked over");
        assert!(ask(&name, &[], true, &[]).unwrap().contains("no terminal"), "--yes is not enough");
    }

    #[test]
    fn an_empty_name_cannot_be_agreed_to() {
        for name in ["", "  ", "${profile}"] {
            assert!(
                ask(&[Some(name)], &[Some(name)], true, &[name]).unwrap().ends_with("nothing was done"),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_yes_is_enough_for_a_question() {
        assert_eq!(ask(&[None], &[Some("Y")], false, &[]), None);
        assert_eq!(ask(&[None], &[], true, &[]), None);
        assert!(ask(&[None], &[Some("")], false, &[]).is_some());
        assert!(ask(&[None], &[], false, &[]).unwrap().contains("no terminal"));
    }

    #[test]
    fn every_name_is_asked_for() {
        let both = [Some("minikube"), Some("taskflow")];
        assert!(ask(&both, &[], false, &["minikube"]).is_some());
        assert_eq!(ask(&both, &[], false, &["minikube", "taskflow"]), None);
        let hint = agreeing(&plan(&[Some("minikube"), Some("my app"), None]), "refloat reset --set x=1");
        assert_eq!(hint, "refloat reset --set x=1 --confirm minikube --confirm 'my app' --yes");
    }
}
