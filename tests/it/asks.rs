//! What only a person can judge: asked at a terminal, recorded with the answer, and never taken for a yes.

use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

const STEPS: &str = "version = 1\n[tools.helm]\n[tasks.look]\nsummary = \"Look\"\n\
    [[tasks.look.steps]]\nname = \"The page\"\nask = \"Does the page look as in production?\"\n\
    [[tasks.look.steps]]\nrun = [\"helm\", \"list\"]\nallow_failure = true\n";

fn project(tools: &Tools) -> Project {
    Project::new(STEPS).with_tools(tools)
}

fn tools() -> Tools {
    Tools::new().rule(json!({ "argv": ["helm", "list"], "stdout": "fine\n" }))
}

#[test]
fn without_a_terminal_it_is_not_verified_and_never_silently() {
    let tools = tools();
    let project = project(&tools);
    for quiet in [&["look"][..], &["-q", "look"]] {
        let answer = project.run(quiet).exits(0);
        answer.says(&["not asked", "1 not verified: Does the page look as in production?"]);
    }
    let end = project.journal().pop().unwrap();
    assert_eq!((&end["outcome"], &end["counts"]["not_verified"]), (&json!("done"), &json!(1)));
    assert_eq!(project.finished("1")["status"], "not-verified");
    let told: Value = serde_json::from_str(&project.run(&["--format", "json", "look"]).exits(0).out).unwrap();
    assert_eq!(told["counts"]["not_verified"], 1, "{told}");
    project.run(&["history"]).exits(0).answers(&["1 not verified"]);
}

#[test]
fn a_plan_shows_what_will_be_asked() {
    let tools = tools();
    let answer = project(&tools).run(&["look", "--dry-run"]).exits(0);
    answer.answers(&["asks the person, yes or no: Does the page look as in production?"]);
}

#[cfg(unix)]
mod at_a_terminal {
    use super::super::pty::AtPty;
    use super::*;

    #[test]
    fn a_yes_is_kept_and_answers_again_in_a_replay() {
        let tools = tools();
        let project = project(&tools);
        let mut terminal = AtPty::start(project.command(&["--record", "look.jsonl", "look"]));
        terminal.sees("Does the page look as in production? [y/n] ").types("\n");
        // Nothing said is no answer.
        while terminal.screen().matches("[y/n]").count() < 2 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        terminal.types("yes\n").sees("done").exits(0);
        assert_eq!(project.finished("1")["note"], "yes");
        let said =
            |event: &Value| event["type"] == "notice" && event["text"].as_str().unwrap().starts_with("answered yes: ");
        assert!(project.journal().iter().any(said));
        project.run(&["--replay", "look.jsonl", "look"]).exits(0);
        assert_eq!(project.finished("1")["note"], "yes");
    }

    #[test]
    fn a_no_fails_and_so_does_its_replay() {
        let tools = tools();
        let project = project(&tools);
        let mut terminal = AtPty::start(project.command(&["--record", "look.jsonl", "look"]));
        terminal.sees("[y/n]").types("n\n").sees("exit code 1").exits(1);
        project.run(&["--replay", "look.jsonl", "look"]).exits(1);
        assert_eq!(tools.calls().len(), 0, "nothing came after the no");
    }

    #[test]
    fn ctrl_c_is_no_answer() {
        let tools = tools();
        let project = project(&tools);
        let mut terminal = AtPty::start(project.command(&["look"]));
        terminal.sees("[y/n]").types("\u{3}").exits(130);
        assert_eq!(project.finished("1")["status"], "interrupted");
    }

    #[test]
    fn the_end_of_input_is_no_answer_either() {
        let tools = tools();
        let project = project(&tools);
        let mut terminal = AtPty::start(project.command(&["look"]));
        terminal.sees("[y/n]").types("\u{4}").sees("1 not verified").exits(0);
    }
}
