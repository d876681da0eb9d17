//! The app's stand-in (`tests/app`), started on loopback, and the real tools that ask it.

use super::stub::Tools;
use super::support::{Project, root};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running app; it ends with the test.
pub(crate) struct App {
    child: Child,
    pub(crate) api: u16,
    pub(crate) page: u16,
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl App {
    /// Starts one with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_refloat"))
            .with_file_name("examples")
            .join(format!("app{}", std::env::consts::EXE_SUFFIX));
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the app starts: run `cargo build --example app` first");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut port = |name: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(name).unwrap().trim().parse().unwrap()
        };
        let (api, page) = (port("api"), port("page"));
        Self { child, api, page }
    }

    /// The address of its API.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.api)
    }

    /// The address of its page.
    pub(crate) fn page_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.page)
    }

    /// Switches a fault on, or off.
    pub(crate) fn fault(&self, name: &str, is_on: bool) {
        self.tell(if is_on { "POST" } else { "DELETE" }, &format!("/_fault/{name}"));
    }

    /// Restarts it, as far as its store goes.
    pub(crate) fn restart(&self) {
        self.tell("POST", "/_restart");
    }

    /// What it answers to this, without a token.
    pub(crate) fn tell(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.api)).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        answer
    }
}

/// Where a real tool is. Where `REFLOAT_REAL_TOOLS` names it, it must be there; else a test without it is passed over,
/// with a word.
pub(crate) fn real(tool: &str, programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|directory| programs.iter().map(move |program| directory.join(program)))
        .find(|place| place.with_extension(std::env::consts::EXE_EXTENSION).is_file());
    if found.is_none() {
        let wanted = std::env::var("REFLOAT_REAL_TOOLS").unwrap_or_default();
        assert!(!wanted.split(',').any(|name| name == tool), "no {tool} on PATH, though REFLOAT_REAL_TOOLS wants it");
        eprintln!("passed over: no {tool} on PATH");
    }
    found
}

/// The curl of this machine.
pub(crate) fn curl() -> Option<PathBuf> {
    real("curl", &["curl"])
}

/// The part of the repository's task file about the app: its operations.
pub(crate) fn operations() -> String {
    let tasks = std::fs::read_to_string(root().join("tasks.toml")).unwrap();
    let start = tasks.find("# Each is one exchange").unwrap();
    let end = start + tasks[start..].find("# ------").unwrap();
    tasks[start..end].to_owned()
}

/// A project with the repository's operations against this app, and the real tools behind the stand-ins.
pub(crate) fn project(app: &App, more: &str) -> Project {
    let tasks = format!(
        "version = 1\n[vars]\ncluster_page = \"{}\"\ncluster_api = \"{}\"\n[tools.curl]\nargs = [\"--disable\"]\n\
         [targets.cluster]\ntitle = \"Kubernetes\"\n\
         vars = {{ page = \"${{cluster_page}}\", api = \"${{cluster_api}}\" }}\n{}\n\
         [tasks.app]\nsummary = \"Ask the app\"\n[[tasks.app.steps]]\nname = \"Ask\"\noperations = \"cluster\"\n{more}",
        app.page_url(),
        app.url(),
        operations(),
    );
    Project::new(&tasks)
}

/// The repository's own task file, its cluster played by stand-ins whose node is this app.
pub(crate) fn cluster(app: &App) -> (Project, Tools) {
    let tools = Tools::new()
        .rule(json!({"argv": ["kubectl", "*", "*", "*", "*", "describe", "node", "minikube"], "stdout": "  InternalIP:  127.0.0.1\n"}))
        .rule(json!({"argv": ["kubectl", "*", "*", "*", "*", "get", "svc", "**"], "stdout": app.api.to_string()}))
        .rule(json!({"argv": ["kubectl", "**"], "stdout": ""}));
    (Project::taskflow().with_tools(&tools), tools)
}
