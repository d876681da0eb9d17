use super::*;
use proptest::prelude::*;

fn entry(at: u64, what: What) -> Entry {
    Entry { at, what }
}

fn opened() -> What {
    What::Opened {
        schema: SCHEMA,
        why: "redeploy failed".into(),
        run: Some("r1".into()),
        replay: None,
        by: None,
        given: Given::new(),
    }
}

fn cause(text: &str) -> What {
    What::Cause { text: text.into(), finding: None, by: None }
}

fn run(id: &str, outcome: RunOutcome, changed: bool, validation: Option<bool>) -> What {
    What::Run(Attached {
        run: id.into(),
        task: "redeploy".into(),
        danger: Danger::Change,
        outcome,
        exit_code: 0,
        changed,
        validation,
        unverified: Vec::new(),
        given: Given::new(),
        undoes: false,
        evidence: None,
        files: 0,
    })
}

fn warning(seen: Option<u64>, message: &str) -> Warning {
    Warning {
        seen,
        reason: "BackOff".into(),
        object: "pod/web".into(),
        message: message.into(),
        count: 1,
        kind: "Warning".into(),
    }
}

fn folded(all: Vec<What>) -> Incident {
    let entries: Vec<Entry> = all.into_iter().zip(1..).map(|(what, at)| entry(at, what)).collect();
    Incident::of("i1", &entries).unwrap()
}

const DONE: RunOutcome = RunOutcome::Done;

#[test]
fn a_validation_counts_only_after_the_cause_and_before_the_next_change() {
    let failed = || run("r1", RunOutcome::Failed, true, None);
    let passed = || run("r2", DONE, false, Some(true));
    let lacks = |all: Vec<What>| {
        let incident = folded([vec![opened(), failed()], all].concat());
        match incident.lacks(true) {
            None => "nothing".to_owned(),
            Some(Lack::Cause(CauseLack::Missing)) => "cause".to_owned(),
            Some(Lack::Cause(doubt)) => doubt.to_string(),
            Some(Lack::Elsewhere(elsewhere)) => format!("{:?}", elsewhere.differs),
            Some(Lack::Validation(last)) => format!("{:?}", last.map(|passed| passed.outdated.clone())),
        }
    };
    assert_eq!(lacks(vec![]), "cause");
    assert_eq!(lacks(vec![passed()]), "cause");
    assert_eq!(lacks(vec![cause("a")]), "None");
    assert_eq!(lacks(vec![passed(), cause("a")]), "Some(Some(Cause))");
    assert_eq!(lacks(vec![cause("a"), passed()]), "nothing");
    assert_eq!(lacks(vec![cause("a"), passed(), cause("b")]), "Some(Some(Cause))");
    assert_eq!(lacks(vec![cause("a"), passed(), run("r3", DONE, true, None)]), "Some(Some(Run(\"r3\")))");
    assert_eq!(
        lacks(vec![cause("a"), passed(), run("r3", RunOutcome::Failed, false, Some(false))]),
        "Some(Some(Run(\"r3\")))"
    );
    assert_eq!(lacks(vec![cause("a"), passed(), run("r3", DONE, false, None)]), "nothing", "a look changes nothing");
    // One that validated, and failed at something else.
    let again = run("r3", RunOutcome::Failed, true, Some(true));
    assert_eq!(lacks(vec![cause("a"), again.clone(), cause("a")]), "None");
    assert_eq!(lacks(vec![cause("a"), run("r3", DONE, true, Some(true))]), "nothing", "a redeploy that validates");
    let incident = folded(vec![opened(), cause("a")]);
    assert_eq!(incident.lacks(false), None, "no validation is declared");
}

/// A run, adjusted.
fn run_with(id: &str, outcome: RunOutcome, changed: bool, adjust: impl FnOnce(&mut Attached)) -> What {
    match run(id, outcome, changed, None) {
        What::Run(mut run) => {
            adjust(&mut run);
            What::Run(run)
        }
        what => what,
    }
}

#[test]
fn a_cause_does_not_outlive_the_next_failure_of_what_changes() {
    let failed = |id: &str| run(id, RunOutcome::Failed, true, None);
    let doubt = |more: Vec<What>| folded([vec![opened(), failed("r1"), cause("a")], more].concat()).lacks_cause();
    let of = |run: &str| Some(CauseLack::Doubt(Doubt { run: run.into(), task: "redeploy".into() }));
    assert_eq!(folded(vec![opened(), failed("r1")]).lacks_cause(), Some(CauseLack::Missing));
    assert_eq!(doubt(vec![]), None);
    assert_eq!(doubt(vec![failed("r2")]), of("r2"));
    assert_eq!(doubt(vec![run("r2", RunOutcome::TimedOut, true, None)]), of("r2"));
    assert_eq!(doubt(vec![run("r2", RunOutcome::Findings, true, None)]), of("r2"));
    assert_eq!(doubt(vec![failed("r2"), cause("a")]), None, "the same cause again will do");
    let rolled_back = run_with("r3", DONE, true, |run| run.undoes = true);
    assert_eq!(doubt(vec![failed("r2"), rolled_back]), of("r2"), "it failed all the same");
    assert_eq!(doubt(vec![run_with("r2", RunOutcome::Failed, true, |run| run.undoes = true)]), None);
    for outcome in [DONE, RunOutcome::Interrupted, RunOutcome::Refused] {
        assert_eq!(doubt(vec![run("r2", outcome, true, None)]), None, "{outcome:?}");
    }
    assert_eq!(doubt(vec![run("r2", RunOutcome::Failed, false, None)]), None, "it changed nothing");
    let incident = folded(vec![opened(), cause("a"), failed("r2"), run("r4", DONE, false, Some(true))]);
    assert!(matches!(incident.lacks(true), Some(Lack::Cause(CauseLack::Doubt(_)))));
}

#[test]
fn a_validation_counts_only_where_it_happened() {
    let given = |pairs: &[(&str, &str)]| -> Given {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let opened_with = |pairs: &[(&str, &str)]| match opened() {
        What::Opened { schema, why, run, replay, by, .. } => {
            What::Opened { schema, why, run, replay, by, given: given(pairs) }
        }
        what => what,
    };
    let passed = |id: &str, pairs: &[(&str, &str)]| {
        run_with(id, DONE, false, |run| (run.validation, run.given) = (Some(true), given(pairs)))
    };
    let differs = |first: What, runs: Vec<What>| match folded([vec![first, cause("a")], runs].concat()).lacks(true) {
        Some(Lack::Elsewhere(elsewhere)) => elsewhere.differs.iter().map(|(name, ..)| name.clone()).collect(),
        Some(_) => vec!["?".to_owned()],
        None => Vec::new(),
    };
    let staging = &[("context", "staging")][..];
    assert_eq!(differs(opened(), vec![passed("r2", staging)]), ["context"]);
    assert_eq!(differs(opened_with(staging), vec![passed("r2", &[])]), ["context"]);
    assert_eq!(differs(opened_with(staging), vec![passed("r2", &[("context", "prod")])]), ["context"]);
    assert_eq!(differs(opened_with(staging), vec![passed("r2", staging)]), [""; 0]);
    assert_eq!(differs(opened(), vec![passed("r2", &[]), passed("r3", staging)]), [""; 0], "the first one stands");
    assert_eq!(differs(opened(), vec![passed("r2", staging), passed("r3", &[])]), [""; 0]);
    let elsewhere = |outcome, changed, validation| {
        run_with("r3", outcome, changed, |run| (run.validation, run.given) = (validation, given(staging)))
    };
    let not_here = elsewhere(RunOutcome::Failed, false, Some(false));
    assert_eq!(differs(opened(), vec![passed("r2", &[]), not_here]), [""; 0], "what fails elsewhere fails there");
    assert_eq!(
        differs(opened(), vec![passed("r2", &[]), elsewhere(DONE, true, None)]),
        ["?"],
        "nobody knows the reach"
    );
}

#[test]
fn the_first_end_counts_and_the_last_cause() {
    let closed = |why: Option<&str>| What::Closed { why: why.map(str::to_owned), unverified: Vec::new(), by: None };
    let incident = folded(vec![opened(), cause("a"), cause("b"), closed(None), closed(Some("late"))]);
    assert_eq!(incident.cause.as_ref().unwrap().text, "b");
    assert_eq!(incident.closed.as_ref().unwrap().at, 4);
    assert!(!incident.is_open());
    assert_eq!(Incident::of("i1", &[]), None);
}

#[test]
fn the_same_warning_is_one() {
    let all = [warning(Some(1000), "a"), warning(Some(900_000), "a"), warning(None, "b")];
    let incident = folded(std::iter::once(opened()).chain(all.into_iter().map(What::Cluster)).collect());
    let told: Vec<_> = incident.cluster.iter().map(|known| (known.message.as_str(), known.seen)).collect();
    assert_eq!(told, [("b", None), ("a", Some(900_000))]);
    assert!(incident.knows(&warning(Some(930_000), "a")), "an age of whole minutes is no news");
    assert!(!incident.knows(&warning(Some(2_000_000), "a")));
    assert!(!incident.knows(&warning(Some(1), "c")));
}

#[test]
fn a_line_is_one_object_with_its_kind() {
    let line = serde_json::to_string(&entry(7, cause("a"))).unwrap();
    assert_eq!(line, r#"{"at":7,"kind":"cause","text":"a"}"#);
    let run = entry(8, run("r1", DONE, false, None));
    let line = serde_json::to_string(&run).unwrap();
    assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), run);
}

fn any_what() -> impl Strategy<Value = What> {
    let text = || "\\PC{0,12}";
    let outcome = prop_oneof![
        Just(RunOutcome::Done),
        Just(RunOutcome::Failed),
        Just(RunOutcome::Findings),
        Just(RunOutcome::Interrupted)
    ];
    prop_oneof![
        text().prop_map(|why| What::Opened { schema: 1, why, run: None, replay: None, by: None, given: Given::new() }),
        (text(), outcome, any::<bool>(), any::<Option<bool>>())
            .prop_map(|(id, outcome, changed, validation)| run(&id, outcome, changed, validation)),
        text().prop_map(|run| What::Diagnosed { run, findings: Vec::new() }),
        (any::<Option<u64>>(), text()).prop_map(|(seen, message)| What::Cluster(warning(seen, &message))),
        text().prop_map(|text| What::Note { text, by: None }),
        text().prop_map(|text| cause(&text)),
        text().prop_map(|text| What::Decision { text, by: Some("a@b".into()) }),
        Just(What::Closed { why: None, unverified: Vec::new(), by: None }),
    ]
}

proptest! {
    #[test]
    fn any_sequence_folds(all in proptest::collection::vec((any::<u64>(), any_what()), 1..40), probe in any::<Option<u64>>()) {
        let entries: Vec<Entry> = all.into_iter().map(|(at, what)| entry(at, what)).collect();
        let incident = Incident::of("i", &entries).unwrap();
        let closes = entries.iter().any(|entry| matches!(entry.what, What::Closed { .. }));
        let causes = entries.iter().any(|entry| matches!(entry.what, What::Cause { .. }));
        prop_assert_eq!(incident.is_open(), !closes);
        prop_assert_eq!(incident.lacks(true) == Some(Lack::Cause(CauseLack::Missing)), !causes);
        incident.knows(&warning(probe, "x"));
    }

    #[test]
    fn a_torn_file_is_read_up_to_the_tear(all in proptest::collection::vec((any::<u64>(), any_what()), 0..10), cut in any::<prop::sample::Index>()) {
        let entries: Vec<Entry> = all.into_iter().map(|(at, what)| entry(at, what)).collect();
        let mut bytes = Vec::new();
        for entry in &entries {
            serde_json::to_writer(&mut bytes, entry).unwrap();
            bytes.push(b'\n');
        }
        let whole = Timeline::read(&bytes);
        prop_assert_eq!(&whole.entries, &entries);
        prop_assert!(!whole.torn && whole.unknown == 0);
        let at = cut.index(bytes.len() + 1);
        let torn = Timeline::read(&bytes[..at]);
        let lines = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(&torn.entries, &entries[..lines]);
        prop_assert_eq!(torn.torn, at > 0 && bytes[at - 1] != b'\n');
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let timeline = Timeline::read(&bytes);
        let lines = bytes.split(|byte| *byte == b'\n').count();
        prop_assert!(timeline.entries.len() + timeline.unknown <= lines);
    }
}
