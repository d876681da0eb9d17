//! `tasks.toml` → catalog, or every error of the file in one report.
//!
//! `tests/configs/NAME.toml` is a wrong file and `NAME.txt` the exact report. After a wanted change
//! of the words: `UPDATE_EXPECTED=1 cargo test --test it config`, then read the difference.

use proptest::prelude::*;
use refloat::config::{self, Input, Loaded, Os, Source};
use refloat::error::{Code, Failure};
use refloat::model::catalog::Origin;
use refloat::model::step::{Action, OnInterrupt};
use std::path::Path;
use std::time::Duration;

const BUILT_IN: [&str; 4] = ["crash-loop", "helm-timeout", "network-timeout", "probe-failed"];
const GOOD: &str = include_str!("../configs/good.toml");

fn input(text: &[u8]) -> Input<'static> {
    Input {
        file: Source { path: "/app/tasks.toml".into(), shown: "tasks.toml".into(), text: text.to_vec() },
        local: None,
        env: Vec::new(),
        sets: Vec::new(),
        os: Os::Linux,
        known_symptoms: &BUILT_IN,
        color: false,
    }
}

fn load(text: &str) -> Result<Loaded, Failure> {
    config::load(&input(text.as_bytes()))
}

fn report(text: &str) -> String {
    load(text).unwrap_err().message
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
mod files {
    pub(super) fn read(path: &std::path::Path) -> Vec<u8> {
        std::fs::read(path).unwrap_or_default()
    }

    pub(super) fn write(path: &std::path::Path, text: &str) {
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn names(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
        let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }

    pub(super) fn update() -> bool {
        std::env::var_os("UPDATE_EXPECTED").is_some()
    }
}

/// Holds `text` against a file of expectations, or writes it there.
fn expect_file(path: &Path, text: &str) -> Option<String> {
    if files::update() {
        files::write(path, text);
    }
    let expected = String::from_utf8(files::read(path)).unwrap().replace("\r\n", "\n");
    (expected != text).then(|| format!("{}:\n--- expected\n{expected}\n--- got\n{text}", path.display()))
}

#[test]
fn every_wrong_file_has_its_exact_report() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let wrong: Vec<_> = files::names(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "toml") && !path.ends_with("good.toml"))
        .collect();
    assert!(wrong.len() >= 30, "{} files", wrong.len());
    let mut differences = Vec::new();
    for path in wrong {
        match config::load(&input(&files::read(&path))) {
            Ok(_) => differences.push(format!("{}: loads", path.display())),
            Err(failure) => {
                assert_eq!(failure.code, Code::Config, "{}", path.display());
                differences.extend(expect_file(&path.with_extension("txt"), &format!("{}\n", failure.message)));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn the_schema_in_docs_is_that_of_the_parser() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tasks.schema.json");
    let schema = serde_json::to_string_pretty(&config::schema()).unwrap();
    assert_eq!(expect_file(&path, &format!("{schema}\n")), None);
}

#[test]
fn a_good_file_loads_to_the_expected_catalog() {
    let Loaded { catalog, warnings } = load(GOOD).unwrap();
    assert_eq!(warnings, [""; 0]);
    assert_eq!(catalog.path, Path::new("/app/tasks.toml"));
    let json = serde_json::json!({
        "app": catalog.app,
        "vars": catalog.vars,
        "tools": catalog.tools,
        "tasks": catalog.tasks,
        "checks": catalog.checks,
        "symptoms": catalog.symptoms,
        "diagnose": catalog.diagnose,
        "redact": catalog.redact,
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs/good.json");
    assert_eq!(expect_file(&path, &format!("{}\n", serde_json::to_string_pretty(&json).unwrap())), None);
}

#[test]
fn the_good_file_uses_every_key_of_the_format() {
    let schema = config::schema();
    let mut unused = Vec::new();
    let tables = schema["definitions"].as_object().unwrap().values().chain([&schema]);
    for key in tables.flat_map(|table| table["properties"].as_object().unwrap().keys()) {
        let used = ["\n", "{ ", ", ", "."].iter().any(|before| {
            ["=", " ", "."].iter().any(|after| GOOD.contains(&format!("{before}{key}{after}")))
                || GOOD.contains(&format!("[{key}]"))
                || GOOD.contains(&format!("[{key}."))
                || GOOD.contains(&format!("{before}{key}]"))
        });
        if !used {
            unused.push(key);
        }
    }
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn overrides_are_those_of_the_system() {
    let steps = |os: Os| {
        let mut input = input(GOOD.as_bytes());
        input.os = os;
        config::load(&input).unwrap().catalog.task("reset").unwrap().steps.clone()
    };
    let (windows, macos, linux) = (steps(Os::Windows), steps(Os::Macos), steps(Os::Linux));
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    assert_eq!([windows[1].timeout, macos[1].timeout, linux[1].timeout], [minutes(20), minutes(15), minutes(10)]);
    assert_eq!(windows[1].on_interrupt, Some(OnInterrupt::Finish));
    assert_eq!(linux[1].on_interrupt, None);
    assert!(windows[2].interactive && !macos[2].interactive);
    assert!(matches!(&macos[2].action, Action::Run(argv) if argv[1].to_string() == "-V"));
    assert!(matches!(&linux[2].action, Action::Task { name, .. } if name == "evidence"));
    assert_eq!(linux[2].name.as_ref().unwrap().to_string(), "Which python");
}

const VARS: &str = r#"version = 1
[vars]
release = "from-file"
chart = "charts/${release}"
revision = { value = "1", match = '\d+' }
password = { secret = true, match = '.{8,}' }
url = "postgres://app:${password?}@db"
"#;

fn settle(local: Option<&str>, env: &[(&str, &str)], sets: &[(&str, &str)]) -> Result<Loaded, Failure> {
    let mut input = input(VARS.as_bytes());
    input.local = local.map(|text| Source {
        path: "/app/tasks.local.toml".into(),
        shown: "tasks.local.toml".into(),
        text: text.as_bytes().to_vec(),
    });
    input.env = pairs(env);
    input.sets = pairs(sets);
    config::load(&input)
}

#[test]
fn the_strongest_source_gives_the_value() {
    let local = "[vars]\nrelease = \"from-local\"\n";
    let env = [("PATH", "/bin"), ("refloat_var_RELEASE", "from-env")];
    let sets = [("release", "first"), ("release", "from-set")];
    let value = |loaded: Loaded| {
        let var = &loaded.catalog.vars["release"];
        (var.value.clone(), var.origin, loaded.catalog.vars["chart"].value.clone())
    };
    let is = |value: &str, origin| (value.to_owned(), origin, format!("charts/{value}"));
    assert_eq!(value(settle(None, &[], &[]).unwrap()), is("from-file", Origin::File));
    assert_eq!(value(settle(Some(local), &[], &[]).unwrap()), is("from-local", Origin::LocalFile));
    assert_eq!(value(settle(Some(local), &env, &[]).unwrap()), is("from-env", Origin::Environment));
    assert_eq!(value(settle(Some(local), &env, &sets).unwrap()), is("from-set", Origin::Set));
}

#[test]
fn values_from_outside_are_taken_as_they_are() {
    let loaded = settle(None, &[], &[("release", "${password}; rm -rf / $(x)")]).unwrap();
    assert_eq!(loaded.catalog.vars["release"].value, "${password}; rm -rf / $(x)");
    let loaded = settle(Some("vars.password = 'pa$$${x}word'"), &[], &[]).unwrap();
    assert_eq!(loaded.catalog.vars["password"].value, "pa$$${x}word");
    let loaded = settle(Some("vars.chart = 'local/${release}'"), &[], &[]).unwrap();
    assert_eq!(loaded.catalog.vars["chart"].value, "local/from-file");
}

#[test]
fn what_a_secret_went_into_is_secret() {
    let vars = settle(Some("vars.password = 'longenough'"), &[], &[]).unwrap().catalog.vars;
    assert_eq!(vars["url"].value, "postgres://app:longenough@db");
    assert!(vars["password"].secret && vars["url"].secret && !vars["release"].secret);
    // A secret that nobody gave is empty, and no error.
    assert_eq!(settle(None, &[], &[]).unwrap().catalog.vars["password"].value, "");
}

#[test]
fn bad_values_from_outside_are_a_usage_error() {
    let usage = |env: &[(&str, &str)], sets: &[(&str, &str)]| {
        let failure = settle(None, env, sets).unwrap_err();
        assert_eq!(failure.code, Code::Usage);
        (failure.message, failure.hints)
    };
    assert_eq!(
        usage(&[], &[("relase", "x"), ("zzz", "x")]),
        (
            "--set: tasks.toml declares no variable `relase`\n--set: tasks.toml declares no variable `zzz`".into(),
            vec![
                "did you mean --set release=…?".to_owned(),
                "declared: chart, password, release, revision, url".to_owned()
            ]
        )
    );
    assert_eq!(usage(&[], &[("revision", "1; x")]).0, r"--set revision: `revision` does not match `\d+`");
    assert_eq!(
        usage(&[("REFLOAT_VAR_REVISION", "x")], &[]).0,
        r"REFLOAT_VAR_REVISION: `revision` does not match `\d+`"
    );
    assert_eq!(usage(&[], &[("release", "a\nb")]).0, "--set release: `release` holds a line break");
    assert_eq!(
        usage(&[], &[("release", "--kubeconfig=evil")]).0,
        "--set release: `release` starts with `-`, which a tool would take for an option; allow it with `match`"
    );
    let built = usage(&[], &[("release", &"x".repeat(4090))]).0;
    assert_eq!(built, "--set release: `chart` has 4097 bytes; 4096 is the most");
    let secret = usage(&[("REFLOAT_VAR_PASSWORD", "hunter2")], &[]).0;
    assert!(!secret.contains("hunter2"), "{secret}");
}

#[test]
fn an_unknown_environment_variable_is_a_warning() {
    let warnings = settle(None, &[("REFLOAT_VAR_RELASE", "x"), ("REFLOAT_VARIETY", "x")], &[]).unwrap().warnings;
    assert_eq!(warnings, ["`REFLOAT_VAR_RELASE` sets no declared variable; did you mean REFLOAT_VAR_RELEASE?"]);
}

#[test]
fn shell_words_are_a_warning() {
    let text = "version = 1\n[tools.kubectl]\n[tasks.a]\nsummary = \"x\"\n[[tasks.a.steps]]\n\
                run = [\"kubectl\", \"get\", \"pods\", \"|\", \"grep\", \"x\"]\n";
    assert_eq!(
        load(text).unwrap().warnings,
        ["tasks.toml:6: `|` reaches `kubectl` as an argument, for no shell reads it: \
             `filter` keeps matching lines, `decode` decodes"]
    );
}

#[test]
fn errors_of_the_local_file_show_nothing_of_its_values() {
    let local = "[vars]\npassword = \"hunter2\"\npasword = \"hunter2hunter2\"\nrelease = 20042\n";
    let failure = settle(Some(local), &[], &[]).unwrap_err();
    assert_eq!(failure.code, Code::Config);
    assert_eq!(
        failure.message,
        "error: `password` does not match `.{8,}`
 --> tasks.local.toml:2:12
  |
2 | password = *********
  |            ^^^^^^^^^

error: tasks.toml does not declare the variable `pasword`
 --> tasks.local.toml:3:1
  |
3 | pasword = ****************
  | ^^^^^^^ did you mean `password`?

error: `release` must be a string
 --> tasks.local.toml:4:11
  |
4 | release = *****
  |           ^^^^^ this is a whole number
  |
  = help: write it in quotes, as a string

3 errors"
    );
    let broken = settle(Some("[vars]\npassword = \"hunter2\n"), &[], &[]).unwrap_err().message;
    assert!(!broken.contains("hunter2") && broken.contains("never closed"), "{broken}");
}

#[test]
fn a_byte_order_mark_and_crlf_are_fine() {
    let text = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    let loaded = load(&text).unwrap().catalog;
    assert_eq!(loaded.tasks, load(GOOD).unwrap().catalog.tasks);
}

#[test]
fn tasks_keep_the_order_of_the_file() {
    let names: Vec<String> = load(GOOD).unwrap().catalog.tasks.into_iter().map(|task| task.name).collect();
    assert_eq!(names, ["rollback", "evidence", "redeploy", "reset", "validate"]);
}

#[test]
fn a_long_chain_of_calls_and_a_long_circle_are_told() {
    let chain = |last: &str| {
        let mut text = "version = 1\n[tools.helm]\n".to_owned();
        for n in 0..3000 {
            text.push_str(&format!("[tasks.t{n}]\nsummary = \"x\"\nsteps = [{{ task = \"t{}\" }}]\n", n + 1));
        }
        text + &format!("[tasks.t3000]\nsummary = \"x\"\nsteps = [{{ {last} }}]\n")
    };
    let deep = load(&chain("run = [\"helm\"]")).unwrap_err().message;
    assert!(deep.contains("calls nest 51 deep below"), "{deep}");
    let report = report(&chain("task = \"t0\""));
    assert!(report.starts_with("error: the task `t0` calls itself"), "{report}");
    assert!(report.lines().count() < 60, "{report}");
}

#[test]
fn a_file_full_of_errors_ends() {
    let mut text = "version = 1\n".to_owned();
    for n in 0..20_000 {
        text.push_str(&format!(
            "[tasks.t{n}]\nsummary = \"x\"\nsteps = [{{ task = \"u{n}\" }}, {{ run = [\"x\"] }}]\n"
        ));
    }
    assert!(report(&text).ends_with("more than 20 errors; the first 20 are shown"));
}

#[test]
fn colours_change_nothing_but_colours() {
    let text = "version = 1\nvars.port = 3000\n";
    let mut coloured = input(text.as_bytes());
    coloured.color = true;
    let message = config::load(&coloured).unwrap_err().message;
    assert!(message.contains("\u{1b}["));
    assert!(!report(text).contains('\u{1b}'));
}

#[test]
fn a_report_carries_no_terminal_controls() {
    for text in [
        r#"version = "\u001b[31m""#,
        r#"version = 1
            vars.a = "${\u001b[31m}"
            [tasks."\u001b[2J"]"#,
        "version = 1 # \u{1b}[31m",
        "version = \u{1b}[31m",
        "version = \u{9b}31m",
        "\0version = 1",
    ] {
        let report = report(text);
        assert!(!report.chars().any(|c| c.is_control() && c != '\n'), "{report:?}");
    }
}

/// Lines of a file that is nearly right: more of the loader is met than by arbitrary text.
fn nearly_right() -> impl Strategy<Value = String> {
    let lines: Vec<&'static str> = GOOD.lines().collect();
    let count = lines.len();
    (proptest::collection::vec((0..count, 0..4usize, 0..count), 1..6), ".{0,12}").prop_map(move |(edits, noise)| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        for (at, what, other) in edits {
            match what {
                0 => lines[at].clear(),
                1 => lines.swap(at, other),
                2 => lines[at] = lines[other].clone(),
                _ => {
                    let middle = lines[at].char_indices().map(|(at, _)| at).nth(other % 30).unwrap_or(0);
                    lines[at].insert_str(middle, &noise);
                }
            }
        }
        lines.join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*") {
        let _ = load(&text);
        let _ = load(&format!("version = 1\n[vars]\n{text}"));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = config::load(&input(&bytes));
    }

    #[test]
    fn a_file_with_edits_loads_or_is_told_why(text in nearly_right()) {
        if let Err(failure) = load(&text) {
            prop_assert_eq!(failure.code, Code::Config);
            prop_assert!(failure.message.starts_with("error: "));
            prop_assert!(failure.message.contains("--> tasks.toml:"), "{}", failure.message);
            prop_assert!(!failure.message.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
