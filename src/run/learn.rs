//! Values that are hidden from the first line on: those of the values files, and those that the
//! release's Secrets hold now. The Secrets are read in memory: what the call prints is no event, no
//! evidence, no document and in no recording.

use super::attempt;
use super::desk::Desk;
use super::redact::{Redactor, decode_base64};
use super::scope::Values;
use crate::model::command::{Exit, Stream};
use crate::plan::{Hide, ReadSecrets};
use serde_json::Value;
use std::time::Duration;

/// Behind the tool's own limit.
const LIMIT: Duration = Duration::from_secs(15);
/// A Secret holds 1 MiB at most; nobody names more of them than this comes to.
const MOST: usize = 32 << 20;

/// Learns what the plan knows already.
pub fn given(redactor: &Redactor, hide: &Hide) {
    redactor.learn_all(hide.values.iter().map(|(key, value)| (Some(key.as_str()), value.as_str())));
}

/// Learns the values of the Secrets that the plan names. Where they cannot be read the run goes on,
/// and says what is hidden then.
pub fn secrets(desk: &Desk<'_>) {
    let Some(read) = &desk.plan.hide.read else { return };
    if desk.world.runner.is_replay() {
        return; // a recording holds masks
    }
    match ask(desk, read) {
        Ok(values) => {
            desk.redactor.learn_all(values.iter().map(|(key, value)| (Some(key.as_str()), value.as_str())));
        }
        Err(_) if desk.is_stopped() => {}
        Err(why) => desk.notice(format!(
            "the values of {} could not be read ({why}): only secrets that are declared, or that their form tells, \
             are hidden",
            read.names.join(", ")
        )),
    }
}

fn ask(desk: &Desk<'_>, read: &ReadSecrets) -> Result<Vec<(String, String)>, String> {
    let mut call = attempt::invocation(desk, &read.call, None, &Values::default())?;
    if call.program.is_none() {
        call.program = Some(desk.world.locate.find_any(&read.tool.program, &read.tool.others)?);
    }
    call.timeout = Some(LIMIT);
    let mut printed = Vec::new();
    let mut lost = false;
    let outcome = desk.world.runner.run(&call, &mut |stream, chunk| {
        if stream == Stream::Stdout {
            lost |= printed.len() + chunk.len() > MOST;
            printed.extend_from_slice(if lost { &[] } else { chunk });
        }
    });
    match outcome.exit {
        // Why it did not start may repeat arguments; a variable that is secret may stand in them.
        Exit::NotStarted(_) => Err("kubectl did not start".to_owned()),
        exit if !exit.is_success() => Err(format!("kubectl {}", exit.in_words())),
        _ if lost => Err("they are too large".to_owned()),
        _ => values(&printed).ok_or_else(|| "kubectl printed something else".to_owned()),
    }
}

/// Keys and values of one Secret, or of a list of them; nothing at all is no Secret.
fn values(printed: &[u8]) -> Option<Vec<(String, String)>> {
    if printed.trim_ascii().is_empty() {
        return Some(Vec::new());
    }
    let whole: Value = serde_json::from_slice(printed).ok()?;
    let one = std::slice::from_ref(&whole);
    let secrets = whole.get("items").and_then(Value::as_array).map_or(one, Vec::as_slice);
    let data = secrets.iter().filter_map(|secret| secret.get("data")?.as_object()).flatten();
    let pairs = data.filter_map(|(key, value)| Some((key.clone(), value.as_str()?)));
    Some(
        pairs
            .map(|(key, packed)| {
                let plain = decode_base64(packed.as_bytes()).and_then(|plain| String::from_utf8(plain).ok());
                // What is no text is printed packed, if at all.
                (key, plain.unwrap_or_else(|| packed.to_owned()))
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Work;
    use crate::run::testing::{Stage, call, exit, plan_of, step};

    const ASKED: &str = "kubectl get secret a b -o json";

    fn plan() -> crate::plan::Plan {
        let mut plan = plan_of(vec![
            step("1", Work::Run(call("kubectl logs web"))),
            step("2", Work::Run(call("helm get values app"))),
        ]);
        let tool = plan.tools["kubectl"].clone();
        plan.hide.read = Some(ReadSecrets { call: call(ASKED), tool, names: vec!["a".to_owned(), "b".to_owned()] });
        plan.hide.values = vec![("dbPassword".to_owned(), "from-the-file-7".to_owned())];
        plan
    }

    const LIST: &str = r#"{"kind":"List","items":[
        {"kind":"Secret","data":{"JWT":"aHVudGVyMi1zZWNyZXQ=","DB_HOST":"ZGIuZXhhbXBsZS5jb20=","PORT":"NTQzMg=="}},
        {"kind":"Secret","data":{"DATABASE_URL":"cG9zdGdyZXNxbDovL2FwcDpzM2NyM3Qtb25lQGRiLmV4YW1wbGUuY29tOjU0MzIvYXBw"}}]}"#;

    #[test]
    fn what_the_secrets_hold_is_hidden_and_asked_for_once() {
        let log = "hunter2-secret s3cr3t-one from-the-file-7 postgresql://app@db.example.com:5432/app\n";
        let stage = Stage::default()
            .on(ASKED, exit(0).out(LIST))
            .on("kubectl logs web", exit(0).out(log))
            .on("helm get values app", exit(0).out("x: hunter2-secret\n"));
        let told = stage.run(&plan());
        let text = told.all_text(&stage);
        for secret in ["hunter2-secret", "s3cr3t-one", "from-the-file-7", "aHVudGVyMi1zZWNyZXQ"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("postgresql://app@db.example.com:5432/app"), "{text}");
        assert_eq!(stage.called(), [ASKED, "kubectl logs web", "helm get values app"]);
        assert_eq!(stage.recorded.lock().unwrap().len(), 2, "the read is in no recording");
        assert_eq!(told.notices(), [""; 0]);
        assert!(!text.contains("get secret"), "{text}");
    }

    #[test]
    fn what_cannot_be_read_is_told_in_one_line_and_stops_nothing() {
        for (said, why) in [
            (exit(1).err("Error from server (Forbidden): hunter2-secret"), "kubectl exited with code 1"),
            (exit(0).out("{\"items\": ["), "kubectl printed something else"),
        ] {
            let stage = Stage::default()
                .on(ASKED, said)
                .on("kubectl logs web", exit(0).out("x\n"))
                .on("helm get values app", exit(0).out("y\n"));
            let told = stage.run(&plan());
            assert_eq!(
                told.notices(),
                [format!(
                    "the values of a, b could not be read ({why}): only secrets that are declared, or that their form \
                     tells, are hidden"
                )]
            );
            assert_eq!(stage.called().len(), 3);
        }
        // There is no such Secret yet: nothing to hide, nothing to say.
        let stage = Stage::default()
            .on(ASKED, exit(0))
            .on("kubectl logs web", exit(0).out("x\n"))
            .on("helm get values app", exit(0).out("y\n"));
        assert_eq!(stage.run(&plan()).notices(), [""; 0]);
    }

    #[test]
    fn a_recording_is_not_asked() {
        let mut stage = Stage::default().on("kubectl logs web", exit(0)).on("helm get values app", exit(0));
        stage.replay = true;
        stage.run(&plan());
        assert_eq!(stage.called(), ["kubectl logs web", "helm get values app"]);
    }
}
