//! `refloat rebuild` with a real docker engine, by the classic builder and by BuildKit; kubectl and minikube
//! are stand-ins. No registry takes part: the images stand on a busybox that was put into an empty one.

use super::resume::{KUBECONFIG, kubectl};
use super::safe;
use super::stub::Tools;
use super::support::{Answer, Project};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Which builder is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Builder {
    Classic,
    BuildKit,
}

impl Builder {
    /// As `DOCKER_BUILDKIT` has it.
    fn switch(self) -> &'static str {
        if self == Self::Classic { "0" } else { "1" }
    }

    /// How many steps it counts in this Dockerfile. The classic one: every instruction. BuildKit: in each
    /// stage the base, unless that is `scratch`, and what changes files.
    fn steps(self, dockerfile: &str) -> u64 {
        let joined = dockerfile.replace("\\\n", " ");
        let counted = joined.lines().filter(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            match (self, words.first()) {
                (_, None) => false,
                (_, Some(word)) if word.starts_with('#') => false,
                (Self::Classic, Some(_)) => true,
                (Self::BuildKit, Some(&"FROM")) => words[1] != "scratch",
                (Self::BuildKit, Some(word)) => ["RUN", "COPY", "ADD", "WORKDIR"].contains(word),
            }
        });
        counted.count().try_into().unwrap()
    }
}

/// A node that holds what was loaded, under the ids that the engine gave it. It notes its calls as the stub does.
const MINIKUBE: &str = r#"#!/bin/sh
case "$*" in
version*) echo v1.38.1 ;;
*"image load "*)
  printf '{"argv":["minikube","image load","%s"],"argv_pid":%s}\n' "$5" $$ >>"$REFLOAT_STUB_LOG"
  id=$("${0%/*}/docker" image inspect --format '{{.Id}}' "$5") || exit 1
  echo "${id#sha256:} docker.io/library/$5" >>"$0.holds" ;;
*"image ls --format=yaml")
  echo "- id: 2"
  [ ! -e "$0.holds" ] || while read -r id name; do echo "- id: $id"; done <"$0.holds" ;;
*"image ls")
  [ ! -e "$0.holds" ] || while read -r id name; do echo "$name"; done <"$0.holds" ;;
*) echo "no answer to $*" >&2; exit 97 ;;
esac
"#;

/// Writes a program. A process of its own does it: one that this process has open cannot be started while any
/// other thread is starting one ("text file busy").
fn script(place: &Path, text: &str) {
    let write = "printf %s \"$2\" >\"$1\" && chmod 755 \"$1\"";
    let status = Command::new("/bin/sh").args(["-c", write, "sh"]).arg(place).arg(text).status().unwrap();
    assert!(status.success());
}

/// Images under names that no other test has; removed at the end, whatever came of it.
struct Engine {
    docker: PathBuf,
    name: String,
}

impl Engine {
    /// An engine that can build with both builders. Where `REFLOAT_REAL_TOOLS` names `engine` it must be
    /// there; elsewhere a test without it has nothing to show and says so.
    fn real() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let demanded = std::env::var("REFLOAT_REAL_TOOLS").is_ok_and(|tools| tools.split(',').any(|it| it == "engine"));
        let name = format!("refloat-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let mut why = vec!["no docker on PATH".to_owned()];
        for docker in std::env::split_paths(&paths).map(|folder| folder.join("docker")).filter(|it| it.is_file()) {
            let engine = Self { docker, name: name.clone() };
            match engine.base() {
                Ok(()) => return Some(engine),
                Err(error) => why.push(format!("{}: {error}", engine.docker.display())),
            }
        }
        assert!(!demanded, "a docker engine is demanded: {}", why.join("\n"));
        eprintln!("passed over: no docker engine that builds: {}", why.join("\n"));
        None
    }

    /// Builds the image that the others stand on.
    fn base(&self) -> Result<(), String> {
        let context = tempfile::tempdir().unwrap();
        fs::copy("/bin/busybox", context.path().join("busybox")).map_err(|error| format!("/bin/busybox: {error}"))?;
        // What is built on it has the label, too.
        let base = format!("FROM scratch\nLABEL refloat-test={}\nADD busybox /bin/sh\nRUN true\n", self.name);
        fs::write(context.path().join("Dockerfile"), base).unwrap();
        let tag = format!("{}-base:1", self.name);
        for builder in ["0", "1"] {
            let built = self
                .docker(&["build", "-t", &tag, "."])
                .env("DOCKER_BUILDKIT", builder)
                .current_dir(context.path())
                .output()
                .unwrap();
            if !built.status.success() {
                return Err(String::from_utf8_lossy(&built.stderr).into_owned());
            }
        }
        Ok(())
    }

    fn docker(&self, args: &[&str]) -> Command {
        let mut docker = Command::new(&self.docker);
        docker.args(args).stdin(Stdio::null());
        docker
    }

    /// What it answers; it must succeed.
    fn answer(&self, args: &[&str]) -> String {
        let output = self.docker(args).output().unwrap();
        assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn backend(&self) -> String {
        format!("{}-backend:1", self.name)
    }

    fn frontend(&self) -> String {
        format!("{}-frontend:1", self.name)
    }

    /// Our images by name, with their ids.
    fn images(&self) -> BTreeMap<String, String> {
        let list = self.answer(&["images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]);
        let ours = list.lines().filter(|line| line.starts_with(&format!("{}-", self.name)));
        let pairs = ours.map(|line| line.split_once(' ').unwrap());
        pairs.filter(|(name, _)| !name.contains("-base:")).map(|(name, id)| (name.to_owned(), id.to_owned())).collect()
    }

    /// Gives both names to images as an earlier build would have left them.
    fn old_images(&self) -> BTreeMap<String, String> {
        for image in [self.backend(), self.frontend()] {
            let context = tempfile::tempdir().unwrap();
            let old = format!("FROM {}-base:1\nLABEL old={image}\n", self.name);
            fs::write(context.path().join("Dockerfile"), old).unwrap();
            self.answer(&["build", "-q", "-t", &image, context.path().to_str().unwrap()]);
        }
        let images = self.images();
        assert_eq!(images.len(), 2);
        images
    }

    /// One stage, with instructions of every kind.
    fn backend_dockerfile(&self) -> String {
        format!(
            "# What it stands on.\nFROM {}-base:1\nLABEL app=backend\nWORKDIR /app\nCOPY app.txt ./\n\
             ENV MODE=production\nRUN echo \"installing\"; \\\n    cat app.txt > built.txt\n\nRUN true\nEXPOSE 8000\n\
             CMD [\"/bin/sh\", \"-c\", \"cat /app/built.txt\"]\n",
            self.name
        )
    }

    /// Three stages: one stands on the base as the last one does, one on nothing.
    fn frontend_dockerfile(&self) -> String {
        format!(
            "FROM {0}-base:1 AS build\nWORKDIR /app\nCOPY app.txt ./\nRUN tr a-z A-Z < app.txt > page.html\n\n\
             FROM scratch AS assets\nLABEL refloat-test={0}\nCOPY app.txt /assets/\n\n\
             FROM {0}-base:1\nENV MODE=production\nCOPY --from=build /app/page.html /srv/\nCOPY --from=assets /assets /srv/\n\
             USER 1000\nCMD [\"/bin/sh\", \"-c\", \"cat /srv/page.html\"]\n",
            self.name
        )
    }

    /// A project that builds with this engine, and the stand-ins for its cluster.
    fn project(&self, builder: Builder, backend: &str, frontend: &str) -> (Project, Tools) {
        let tools = Tools::new()
            .rule(json!({ "argv": ["kubectl", "version", "--client"], "stdout": "Client Version: v1.32.4\n" }))
            .rule(kubectl(&["config", "view", "--minify"], json!({ "stdout": KUBECONFIG })))
            .rule(json!({ "argv": ["kubectl", "**"], "stdout": "deployment \"x\" successfully rolled out\n" }));
        let tools = safe::at_home().into_iter().fold(tools, Tools::rule);
        std::os::unix::fs::symlink(&self.docker, tools.bin("docker")).unwrap();
        script(&tools.bin("minikube"), MINIKUBE);
        let mut project = Project::taskflow()
            .file("Phase-II/backend/app.txt", "backend\n")
            .file("Phase-II/frontend/app.txt", "frontend\n")
            .file("Phase-IV/docker/backend.Dockerfile", backend)
            .file("Phase-IV/docker/frontend.Dockerfile", frontend)
            .with_tools(&tools)
            .env("DOCKER_BUILDKIT", builder.switch());
        if let Ok(host) = std::env::var("DOCKER_HOST") {
            project = project.env("DOCKER_HOST", &host);
        }
        (project, tools)
    }

    /// The command line of a rebuild of our images.
    fn rebuild(&self, more: &[&str]) -> Vec<String> {
        let mut args = vec!["rebuild".to_owned()];
        for set in [format!("backend_image={}", self.backend()), format!("frontend_image={}", self.frontend())] {
            args.extend(["--set".to_owned(), set]);
        }
        args.extend(more.iter().map(|it| (*it).to_owned()));
        args
    }

    fn run(&self, project: &Project, more: &[&str]) -> Answer {
        let args = self.rebuild(more);
        project.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let lines = |args: &[&str]| {
            let output = self.docker(args).output();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let remove = |args: &[&str], what: &[String]| {
            if !what.is_empty() {
                let _ = self.docker(args).args(what).output();
            }
        };
        let label = format!("label=refloat-test={}", self.name);
        // The classic builder leaves the container of a step that failed.
        remove(&["rm", "--force"], &lines(&["ps", "--all", "--quiet", "--filter", &label]));
        let ours = |name: &String| name.starts_with(&format!("{}-", self.name));
        let names = lines(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
        remove(&["rmi", "--force"], &names.into_iter().filter(ours).collect::<Vec<_>>());
        remove(&["image", "prune", "--force", "--filter"], &[label]);
    }
}

fn events(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The place of the step with this name.
fn place(events: &[Value], name: &str) -> String {
    let started = events.iter().find(|event| event["type"] == "step-started" && event["name"] == name);
    started.unwrap_or_else(|| panic!("{name} did not start"))["step"].as_str().unwrap().to_owned()
}

/// What a step said of its progress: current and total.
fn progress(events: &[Value], name: &str) -> Vec<(u64, u64)> {
    let step = place(events, name);
    let told = events.iter().filter(|event| event["type"] == "progress" && event["step"] == *step);
    let counted = told.filter(|event| event["total"].is_u64());
    counted.map(|event| (event["current"].as_u64().unwrap(), event["total"].as_u64().unwrap())).collect()
}

/// Which calls changed something in the cluster.
fn cluster_calls(tools: &Tools) -> Vec<String> {
    let calls = tools.calls().into_iter().map(|call| call.join(" "));
    calls.filter(|call| call.contains("image load") || call.contains("rollout")).collect()
}

fn rebuilds(builder: Builder) {
    let Some(engine) = Engine::real() else { return };
    let old = engine.old_images();
    let (backend, frontend) = (engine.backend_dockerfile(), engine.frontend_dockerfile());
    let (project, tools) = engine.project(builder, &backend, &frontend);
    let answer = engine.run(&project, &["--format", "jsonl"]).exits(0);
    let images = engine.images();
    assert_eq!(images.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>(), "no name is left over");
    for (name, id) in &images {
        assert_ne!(id, &old[name], "{name} is a new one");
    }
    assert_eq!(engine.answer(&["run", "--rm", &engine.backend()]), "backend\n");
    assert_eq!(engine.answer(&["run", "--rm", &engine.frontend()]), "FRONTEND\n");
    assert_eq!(cluster_calls(&tools).len(), 6, "two loads, two restarts, two waits");
    let events = events(&answer.out);
    assert_eq!(events.last().unwrap()["counts"]["failed"], 0, "{:?}", events.last());
    for (name, dockerfile) in [("Build the backend", &backend), ("Build the frontend", &frontend)] {
        let total = builder.steps(dockerfile);
        let told = progress(&events, name);
        assert_eq!(told.last(), Some(&(total, total)), "{name}: {told:?}");
        assert!(told.is_sorted_by(|before, after| before.0 <= after.0), "{name} never goes back: {told:?}");
    }
}

#[test]
fn the_steps_of_a_dockerfile_are_counted_as_its_builder_counts_them() {
    let dockerfile = "# x\nFROM a AS b\nRUN x \\\n  y\n\nENV A=1\nFROM scratch\nCOPY --from=b / /\nWORKDIR /\nCMD x\n";
    assert_eq!(Builder::Classic.steps(dockerfile), 7);
    assert_eq!(Builder::BuildKit.steps(dockerfile), 4);
}

#[test]
fn the_classic_builder_rebuilds() {
    rebuilds(Builder::Classic);
}

#[test]
fn buildkit_rebuilds() {
    rebuilds(Builder::BuildKit);
}

#[test]
fn the_first_build_of_all_has_nothing_to_remove_and_fails_nowhere() {
    let Some(engine) = Engine::real() else { return };
    let (backend, frontend) = (engine.backend_dockerfile(), engine.frontend_dockerfile());
    let (project, _tools) = engine.project(Builder::Classic, &backend, &frontend);
    let answer = engine.run(&project, &["--format", "jsonl"]).exits(0);
    assert_eq!(engine.images().into_keys().collect::<Vec<_>>(), [engine.backend(), engine.frontend()]);
    let events = events(&answer.out);
    assert_eq!(events.last().unwrap()["counts"]["failed"], 0, "{:?}", events.last());
}

fn fails_in_the_middle(builder: Builder) {
    let Some(engine) = Engine::real() else { return };
    let old = engine.old_images();
    let good = engine.frontend_dockerfile();
    let bad = good.replace("RUN tr", "RUN echo \"the lockfile is out of date\"; exit 42; tr");
    let (project, tools) = engine.project(builder, &engine.backend_dockerfile(), &bad);
    // The other one was built: that is half of the work, and nothing of it is lost.
    let answer = engine.run(&project, &[]).exits(7).says(&[
        "RUN echo \"the lockfile is out of date\"; exit 42",
        "A RUN step of the image build failed with exit code 42",
        "build-run-failed",
        "refloat rebuild --set",
    ]);
    let images = engine.images();
    for (name, id) in &old {
        assert_eq!(images.get(name), Some(id), "{name} is the old one still\n{}", answer.err);
    }
    assert_eq!(cluster_calls(&tools), Vec::<String>::new(), "nothing reached the cluster");
    fs::write(project.path().join("Phase-IV/docker/frontend.Dockerfile"), &good).unwrap();
    engine.run(&project, &["--resume"]).exits(4).says(&["has no root cause"]);
    project.run(&["incident", "cause", "--accept"]).exits(0);
    engine.run(&project, &["--resume"]).exits(0);
    let images = engine.images();
    assert_eq!(images.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>(), "no name is left over");
    assert_eq!(engine.answer(&["run", "--rm", &engine.frontend()]), "FRONTEND\n");
    assert_eq!(engine.answer(&["run", "--rm", &engine.backend()]), "backend\n");
    assert_eq!(cluster_calls(&tools).len(), 6);
}

#[test]
fn a_failed_classic_build_keeps_the_old_images_and_goes_on_when_it_is_mended() {
    fails_in_the_middle(Builder::Classic);
}

#[test]
fn a_failed_buildkit_build_keeps_the_old_images_and_goes_on_when_it_is_mended() {
    fails_in_the_middle(Builder::BuildKit);
}

/// The processes whose command line holds this.
fn processes(mark: &str) -> Vec<String> {
    let list = Command::new("ps").args(["-A", "-o", "pid=,args="]).output().unwrap();
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    list.lines().filter(|line| line.contains(mark)).map(str::to_owned).collect()
}

/// Waits until it holds, but not for ever.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what}: not within a minute");
}

fn is_stopped(builder: Builder) {
    let Some(engine) = Engine::real() else { return };
    let old = engine.old_images();
    let mark = format!("{}-begun", engine.name);
    let slow = engine.backend_dockerfile().replace("RUN true", &format!("RUN echo {mark}; sleep 600; true"));
    let (project, tools) = engine.project(builder, &slow, &engine.frontend_dockerfile());
    let args = engine.rebuild(&["--format", "jsonl"]);
    let mut command = project.command(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !(line.contains("\"output\"") && line.contains(&mark) && !line.contains("sleep")) {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "the build ended before it was stopped");
    }
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let rest = std::thread::spawn(move || out.lines().map_while(Result::ok).collect::<Vec<_>>());
    let mut ended = None;
    wait_until("refloat ends", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    let rest = rest.join().unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(130), "{rest:?}");
    assert_eq!(processes(&format!("{}-backend", engine.name)), Vec::<String>::new(), "no docker is left");
    // The engine itself takes a moment to end what it ran.
    wait_until("the build's own process ends", || processes(&mark).is_empty());
    let images = engine.images();
    for (name, id) in &old {
        assert_eq!(images.get(name), Some(id), "{name} is the old one still");
    }
    assert_eq!(cluster_calls(&tools), Vec::<String>::new(), "nothing reached the cluster");
}

#[test]
fn a_stopped_classic_build_keeps_the_old_images_and_leaves_nothing_running() {
    is_stopped(Builder::Classic);
}

#[test]
fn a_stopped_buildkit_build_keeps_the_old_images_and_leaves_nothing_running() {
    is_stopped(Builder::BuildKit);
}
