//! Progress that cannot be read, and rollouts that do not end well: what is printed is text, and the
//! step ends as its tool says.

use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

/// A task with one step that reads progress, and a tool that prints this.
fn told(pattern: &str, stdout: &str, stderr: &str, exit: u32) -> (i32, Vec<Value>, String) {
    let tools =
        Tools::new().rule(json!({ "argv": ["docker", "**"], "stdout": stdout, "stderr": stderr, "exit": exit }));
    let tasks = format!(
        "version = 1\n[app]\nname = \"x\"\n[tools.docker]\n[tasks.t]\nsummary = \"x\"\n\
         [[tasks.t.steps]]\nrun = [\"docker\", \"build\"]\nprogress = '{pattern}'\n"
    );
    let answer = Project::new(&tasks).with_tools(&tools).run(&["--format", "jsonl", "t"]);
    let events = answer.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let progress = events.filter(|event| event["type"] == "progress");
    (answer.code, progress.map(|event| json!([event["current"], event["total"]])).collect(), answer.out)
}

const BUILD: &str = r"(?:^Step |\[[^\]]*?\s*)(?P<current>\d+)/(?P<total>\d+)";

#[test]
fn steps_of_a_build_that_are_interleaved_unfinished_or_a_hundred_are_read_as_they_come() {
    let interleaved = "#7 [backend 2/5] RUN pip install\n#9 [frontend  2/10] RUN npm ci\n#7 12.34 ERROR: pip failed\n\
                       #9 CACHED\n#8 [backend 3/5] COPY . .\n#8 sha256:aa 1.0MB / 2.0MB 0.1s\n";
    let (code, progress, _) = told(BUILD, "", interleaved, 0);
    assert_eq!((code, progress), (0, vec![json!([2, 5]), json!([2, 10]), json!([3, 5])]));
    let many: String = (1..=100).map(|step| format!("Step {step}/100 : RUN true\n ---> 1a2b3c\n")).collect();
    let (code, progress, _) = told(BUILD, &many, "", 0);
    assert_eq!((code, progress.len(), progress.last()), (0, 100, Some(&json!([100, 100]))));
    let (code, progress, out) = told(BUILD, "", "unknown flag: --progress\nSee 'docker build --help'.\n", 125);
    assert_eq!((code, progress), (1, vec![]));
    assert!(out.contains("exited with code 125"), "{out}");
}

#[test]
fn torn_and_strange_lines_of_json_are_text() {
    let pattern = r#""currentstep":"(?P<current>\d+)".*"totalsteps":"(?P<total>\d+)""#;
    let one = |step: &str| format!("{{\"data\":{{\"currentstep\":\"{step}\",\"totalsteps\":\"19\"}}}}");
    let odd = format!(
        "{}\n{}\n{}\n{{\"type\":\"io.k8s.sigs.minikube.from-the-future\"}}\n{}{}\n{{\"data\":{{\"currentst\n{}\n",
        one("5"),
        one(""),
        one("unknown"),
        one("3"),
        one("4"),
        one("99999999999999999999999999")
    );
    let (code, progress, out) = told(pattern, &odd, "", 0);
    assert_eq!(code, 0);
    assert_eq!(progress[0], json!([5, 19]));
    // A number that is none of ours, and a line with two objects, do no harm.
    assert!(progress.len() <= 3, "{progress:?}");
    assert!(out.contains("from-the-future"), "the line itself is told");
}

#[test]
fn a_rollout_that_does_not_end_well_is_named() {
    for (text, exit) in [
        ("error: deployment \"taskflow-backend\" exceeded its progress deadline\n", 1),
        ("error: timed out waiting for the condition\n", 1),
        ("Error from server (NotFound): deployments.apps \"taskflow-backend\" not found\n", 1),
    ] {
        let tools = Tools::new()
            .rule(json!({ "argv": ["kubectl", "version", "--client"], "stdout": "Client Version: v1.32.4\n" }))
            .rule(json!({ "argv": ["kubectl", "--context", "minikube", "--namespace", "default", "rollout", "status", "**"],
                "stderr": text, "exit": exit }))
            .rule(json!({ "argv": ["kubectl", "**"], "stdout": "restarted\n" }));
        let project = Project::taskflow().with_tools(&tools);
        // Both restarts were made: what is left only looks.
        project.run(&["restart"]).exits(1).says(&[text.trim_end()]);
    }
    // Nothing is wanted, and nothing is there: that is a success of kubectl's, and of ours.
    let tools = Tools::new()
        .rule(json!({ "argv": ["kubectl", "version", "--client"], "stdout": "Client Version: v1.32.4\n" }))
        .rule(
            json!({ "argv": ["kubectl", "**"], "stdout": "deployment \"taskflow-backend\" successfully rolled out\n" }),
        );
    Project::taskflow().with_tools(&tools).run(&["restart"]).exits(0);
}
