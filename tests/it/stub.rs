//! A private directory with copies of the stub, and what they were asked.

use super::app::App;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A PATH of stand-ins with one scenario.
pub(crate) struct Tools {
    dir: tempfile::TempDir,
    rules: Vec<Value>,
    /// Asked by the stand-in of curl, as long as this lives.
    _app: Option<App>,
}

/// Whatever a test is about, no tool outlives it: an orphan is a fault of ours, or of the test. (Wine gives the
/// number of a dead process to the next one: there, nobody could tell.)
#[cfg(unix)]
impl Drop for Tools {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.pids().into_iter().for_each(super::process::wait_until_gone);
        }
    }
}

impl Tools {
    /// No tools yet.
    pub(crate) fn new() -> Self {
        // Beside the built stub, where hard links work: a program that was just copied cannot be
        // started while any other thread is starting one ("text file busy").
        let dir = tempfile::tempdir_in(std::path::absolute(env!("CARGO_TARGET_TMPDIR")).unwrap()).unwrap();
        fs::create_dir(dir.path().join("bin")).unwrap();
        Self { dir, rules: Vec::new(), _app: None }
    }

    /// Adds a rule (see `tests/stub/main.rs`), and the tool that it is for.
    pub(crate) fn rule(mut self, rule: Value) -> Self {
        self = self.tool(rule["argv"][0].as_str().expect("a rule names its tool"));
        self.rules.push(rule);
        fs::write(self.scenario(), serde_json::to_vec(&self.rules).unwrap()).unwrap();
        self
    }

    /// Adds an app that is well, at the front door of the cluster that the stand-ins play: at http://192.168.49.2:30080,
    /// while these are there in their world.
    pub(crate) fn with_app(mut self, while_there: &[&str]) -> Self {
        let place = "http://192.168.49.2:30080";
        let app = App::start(&["--origin", place]);
        let at = |argv: &[&str], answer: &str| {
            let argv = [&["kubectl", "*", "*", "*", "*"], argv].concat();
            json!({ "argv": argv, "stdout": answer, "if_there": while_there })
        };
        let port = "jsonpath={.spec.ports[0].nodePort}";
        let rules = [
            at(&["describe", "node", "minikube"], super::safe::NODE),
            at(&["get", "svc", "taskflow-frontend-service", "-o", port], "30080"),
            json!({ "argv": ["curl", "--version"], "stdout": "curl 8.5.0 (x)\n" }),
            json!({ "argv": ["curl", "--disable", "--silent", "--show-error", "--fail", "**"], "stdout": "<html>\n" }),
            json!({ "argv": ["curl", "**"], "asks_port": app.api }),
            json!({ "argv": ["chromium", "**"], "stdout": "<html><body><h1>TaskFlow</h1></body></html>\n" }),
        ];
        self = rules.into_iter().fold(self, Self::rule);
        self._app = Some(app);
        self
    }

    /// Adds a rule that goes before all others.
    pub(crate) fn first(self, rule: Value) -> Self {
        let mut all = self.rule(rule);
        all.rules.rotate_right(1);
        fs::write(all.scenario(), serde_json::to_vec(&all.rules).unwrap()).unwrap();
        all
    }

    /// Adds a copy of the stub under this name.
    pub(crate) fn tool(self, name: &str) -> Self {
        let place = self.bin(name);
        if !place.exists() {
            let stub = built_stub();
            if fs::hard_link(&stub, &place).is_err() {
                fs::copy(&stub, &place).unwrap();
            }
        }
        self
    }

    /// The directory for PATH.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("bin")
    }

    /// Where this tool is, or would be.
    pub(crate) fn bin(&self, tool: &str) -> PathBuf {
        self.path().join(format!("{tool}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Puts something into the world that the rules share, or takes it out.
    pub(crate) fn world(self, name: &str, is_there: bool) -> Self {
        let world = self.dir.path().join("world");
        fs::create_dir_all(&world).unwrap();
        if is_there {
            fs::write(world.join(name), "").unwrap();
        } else {
            fs::remove_file(world.join(name)).unwrap();
        }
        self
    }

    /// What is in that world now, sorted.
    pub(crate) fn in_world(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.dir.path().join("world")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// What the tools need in their environment.
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        let text = |path: PathBuf| path.to_str().expect("a path in UTF-8").to_owned();
        BTreeMap::from([
            ("REFLOAT_STUB_SCENARIO".to_owned(), text(self.scenario())),
            ("REFLOAT_STUB_LOG".to_owned(), text(self.log())),
        ])
    }

    /// Every call so far, in order, without the limits that are given to every call.
    pub(crate) fn calls(&self) -> Vec<Vec<String>> {
        self.whole_calls().iter().map(|call| without_limit(call)).collect()
    }

    /// Every call so far, in order, to the last argument.
    pub(crate) fn whole_calls(&self) -> Vec<Vec<String>> {
        self.logged("argv").map(|argv| serde_json::from_value(argv).unwrap()).collect()
    }

    /// Every signal that a tool noted.
    #[cfg(unix)]
    pub(crate) fn signals(&self) -> Vec<i64> {
        self.logged("signal").map(|signal| signal.as_i64().unwrap()).collect()
    }

    /// Calls and signals, in the order in which they came: `kubectl get pods`, `signal 2`.
    pub(crate) fn story(&self) -> Vec<String> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let told = lines.filter_map(|line| match (line.get("argv"), line.get("signal")) {
            (Some(argv), _) => {
                Some(without_limit(&serde_json::from_value::<Vec<String>>(argv.clone()).unwrap()).join(" "))
            }
            (_, Some(signal)) => Some(format!("signal {signal}")),
            _ => None,
        });
        told.collect()
    }

    /// Where something of the world is, or would be.
    pub(crate) fn in_world_at(&self, name: &str) -> PathBuf {
        self.dir.path().join("world").join(name)
    }

    /// The pids of the tools that were called.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.logged("argv_pid").map(|pid| pid.as_u64().unwrap().try_into().unwrap()).collect()
    }

    /// The pids of the children that tools left behind.
    pub(crate) fn grandchildren(&self) -> Vec<u32> {
        self.logged("grandchild").map(|pid| pid.as_u64().unwrap().try_into().unwrap()).collect()
    }

    fn logged(&self, key: &'static str) -> impl Iterator<Item = Value> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.into_iter().filter_map(move |line| line.get(key).cloned())
    }

    fn scenario(&self) -> PathBuf {
        self.dir.path().join("scenario.json")
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log.jsonl")
    }
}

/// A call without the limit among the flags before its first word; see `tests/it/limits.rs` for these.
fn without_limit(argv: &[String]) -> Vec<String> {
    let mut at = 1;
    while let Some(flag) = argv.get(at).filter(|argument| argument.starts_with("--")) {
        if flag.starts_with("--timeout=") || flag.starts_with("--request-timeout=") {
            return [&argv[..at], &argv[at + 1..]].concat();
        }
        at += if flag.contains('=') { 1 } else { 2 };
    }
    argv.to_vec()
}

fn built_stub() -> PathBuf {
    let stub = Path::new(env!("CARGO_BIN_EXE_refloat"))
        .with_file_name("examples")
        .join(format!("stub{}", std::env::consts::EXE_SUFFIX));
    if !stub.exists() {
        panic!("`{}` is missing: run `cargo build --example stub` first, or plain `cargo test`", stub.display());
    }
    stub
}
