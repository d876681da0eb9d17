//! Places that are full, gone, closed to us, or oddly named: told, and nothing is written elsewhere.

use super::steps::{lines, project, rule};
use super::stub::Tools;
use super::support::{Answer, Project};
use serde_json::json;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A step that waits for the test, one whose output is kept, and one more.
const KEEPS: &str = "[[tasks.t.steps]]\nrun = [\"wait\"]\n[[tasks.t.steps]]\nrun = [\"helm\", \"keep\"]\nsave = \"x.txt\"\n\
                     [[tasks.t.steps]]\nrun = [\"helm\", \"last\"]\n[tools.wait]\n";

fn keeps() -> (Tools, Project) {
    let tools = Tools::new()
        .rule(rule(&["helm", "keep"], json!({ "stdout": "precious\n" })))
        .rule(rule(&["helm", "last"], json!({ "stdout": "x\n" })));
    let wait = tools.bin("wait");
    fs::write(&wait, "#!/bin/sh\n: > waits\nuntil [ -e go ]; do /bin/sleep 0.05; done\n").unwrap();
    fs::set_permissions(&wait, fs::Permissions::from_mode(0o755)).unwrap();
    let project = project(KEEPS, &tools);
    (tools, project)
}

/// Starts the task, and changes something while its first step waits.
fn meanwhile(project: &Project, mut command: Command, change: impl FnOnce(&Path)) -> Answer {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let child = until(project, "waits", child);
    change(&project.runs()[0]);
    fs::write(project.path().join("go"), "").unwrap();
    unwrapped(answer(child))
}

/// Waits until that file is there.
fn until(project: &Project, file: &str, mut child: Child) -> Child {
    while !project.path().join(file).exists() {
        if child.try_wait().unwrap().is_some() {
            panic!("it ended early: {:?}", answer(child));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn answer(child: Child) -> Answer {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// The story on one line: where it is wrapped depends on the length of paths.
fn unwrapped(answer: Answer) -> Answer {
    let err = answer.err.split_whitespace().collect::<Vec<_>>().join(" ");
    Answer { err, ..answer }
}

/// Every file below, by its path.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            files.extend(below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[track_caller]
fn holds_nothing_precious(folder: &Path) {
    for path in below(folder).into_iter().filter(|path| !path.ends_with("journal.jsonl") && !path.is_symlink()) {
        assert!(!fs::read(&path).unwrap().starts_with(b"precious"), "{}", path.display());
    }
}

#[test]
fn evidence_whose_place_becomes_a_link_goes_nowhere() {
    let (tools, project) = keeps();
    let elsewhere = tempfile::tempdir().unwrap();
    meanwhile(&project, project.command(&["t"]), |run| symlink(elsewhere.path(), run.join("evidence")).unwrap())
        .exits(74)
        .says(&["could not write x.txt", "symbolic link"]);
    assert_eq!(lines(&tools), ["helm keep", "helm last"], "the evidence is a copy, not the work");
    assert!(below(elsewhere.path()).is_empty());
    holds_nothing_precious(project.path());
}

#[test]
fn evidence_whose_run_was_removed_goes_nowhere() {
    let (tools, project) = keeps();
    let answer = meanwhile(&project, project.command(&["t"]), |run| fs::remove_dir_all(run).unwrap());
    answer.exits(74).says(&["could not write x.txt", "does not exist"]);
    assert_eq!(lines(&tools), ["helm keep", "helm last"]);
    holds_nothing_precious(project.path());
}

/// Runs as somebody for whom permissions count: root may do everything.
struct Commoner {
    is_root: bool,
}

const NOBODY: u32 = 65_534;

impl Commoner {
    /// Gives these folders to them, where we are root.
    fn owning(folders: &[&Path]) -> Self {
        let is_root = fs::metadata(folders[0]).unwrap().uid() == 0;
        for folder in folders.iter().filter(|_| is_root) {
            let mut all = vec![folder.to_path_buf()];
            while let Some(path) = all.pop() {
                lchown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
                if path.is_dir() && !path.is_symlink() {
                    all.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                }
            }
        }
        Self { is_root }
    }

    fn command(&self, project: &Project, args: &[&str]) -> Command {
        let mut command = project.command(args);
        if self.is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

/// Whoever is root gives the project away; the binary must be reachable for others then.
fn commoner(tools: &Tools, project: &Project) -> Option<Commoner> {
    let commoner = Commoner::owning(&[project.path(), tools.path().parent().unwrap()]);
    let mut command = commoner.command(project, &["--version"]);
    let can = command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !can {
        eprintln!("passed over: the binary lies where only root can start it");
    }
    can.then_some(commoner)
}

fn rights(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_place_that_is_closed_to_us_is_told_before_anything_runs() {
    for (place, mode) in [(".refloat", 0o500), (".refloat/runs", 0o500), (".", 0o500)] {
        let (tools, project) = keeps();
        let closed = project.path().join(place);
        fs::create_dir_all(&closed).unwrap();
        rights(&closed, mode);
        let Some(commoner) = commoner(&tools, &project) else { return };
        let answer = project.ran(commoner.command(&project, &["t"]));
        rights(&closed, 0o700);
        unwrapped(answer).exits(74).says(&["permission denied", "nothing was done"]);
        assert!(tools.calls().is_empty() && !project.path().join("waits").exists(), "{place}");
    }
}

/// Whoever only looks gets an answer from a disk that is full or closed; what saves evidence does not begin.
#[test]
fn what_only_looks_answers_without_a_place_to_be_kept_in() {
    let tools = Tools::new().rule(rule(&["helm", "look"], json!({ "stdout": "precious\n" })));
    let steps = "[[tasks.t.steps]]\nrun = [\"helm\", \"look\"]\n[tasks.e]\nsummary = \"E\"\n[[tasks.e.steps]]\n\
                 run = [\"helm\", \"look\"]\nsave = \"x.txt\"\n[diagnose]\ntask = \"e\"\n";
    let project = project(steps, &tools);
    let state = project.path().join(".refloat");
    fs::create_dir(&state).unwrap();
    rights(&state, 0o500);
    let Some(commoner) = commoner(&tools, &project) else { return };
    let [answer, saved, named] =
        [&["t"][..], &["e"], &["diagnose"]].map(|args| project.ran(commoner.command(&project, args)));
    rights(&state, 0o700);
    unwrapped(saved).exits(74).says(&["permission denied", "nothing was done"]);
    let named = named.says(&["warning: nothing of this run is kept"]);
    assert!([0, 3].contains(&named.code) && !named.out.is_empty(), "{}: {}", named.code, named.err);
    let answer = unwrapped(answer).exits(0).says(&["warning: nothing of this run is kept", "permission denied"]);
    assert_eq!(answer.out, "precious\n");
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
}

#[test]
fn earlier_runs_that_cannot_be_read_are_told() {
    let (tools, project) = keeps();
    let runs = project.path().join(".refloat/runs");
    fs::create_dir_all(&runs).unwrap();
    rights(&runs, 0);
    let Some(commoner) = commoner(&tools, &project) else { return };
    let answers: Vec<Answer> =
        [&["history"][..], &["list"]].map(|args| project.ran(commoner.command(&project, args))).into();
    rights(&runs, 0o700);
    for answer in answers {
        unwrapped(answer).exits(74).says(&["the earlier runs cannot be read", "permission denied"]);
    }
}

#[test]
fn evidence_whose_place_is_closed_to_us_goes_nowhere() {
    let (tools, project) = keeps();
    let Some(commoner) = commoner(&tools, &project) else { return };
    let answer = meanwhile(&project, commoner.command(&project, &["t"]), |run| {
        let place = run.join("evidence");
        fs::create_dir(&place).unwrap();
        rights(&place, 0o500);
        if commoner.is_root {
            lchown(&place, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    });
    answer.exits(74).says(&["could not write x.txt", "permission denied"]);
    assert_eq!(lines(&tools), ["helm keep", "helm last"]);
    holds_nothing_precious(project.path());
}

/// A limit on the size of files stands for a full disk: the write fails half-way.
#[test]
fn evidence_that_does_not_fit_is_told_and_the_run_goes_on() {
    let tools = Tools::new()
        .rule(rule(&["helm", "much"], json!({ "bytes": 8_000_000 })))
        .rule(rule(&["helm", "last"], json!({ "stdout": "x\n" })));
    let steps = "danger = \"change\"\n[[tasks.t.steps]]\nrun = [\"helm\", \"much\"]\nsave = \"x.txt\"\n[[tasks.t.steps]]\nrun = [\"helm\", \"last\"]\n";
    let project = project(steps, &tools);
    let command = project.command(&["t"]);
    unwrapped(project.ran(in_shell(&project, &command, "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"")))
        .exits(74)
        .says(&["could not write x.txt", "too large"]);
    assert_eq!(lines(&tools), ["helm much", "helm last"]);
    let last = project.journal().pop().unwrap();
    assert_eq!(last["outcome"], "unwritable");
    assert_eq!(last.get("files"), None, "half a file is no evidence");
    for path in below(project.path()) {
        let inside = path.starts_with(project.path().join(".refloat")) || fs::metadata(&path).unwrap().len() < 4096;
        assert!(inside, "{} was written elsewhere", path.display());
    }
}

/// A full disk is a bad time for silence: what is wrong is named, and that it could not be kept is said.
#[test]
fn on_a_full_disk_a_diagnosis_is_given_all_the_same() {
    let tools = Tools::new().rule(rule(&["helm", "much"], json!({ "bytes": 8_000_000 }))).rule(rule(
        &["helm", "last"],
        json!({ "stdout": "FATAL:  password authentication failed for user \"app\"\n" }),
    ));
    let steps = "[[tasks.t.steps]]\nrun = [\"helm\", \"much\"]\nsave = \"x.txt\"\n[[tasks.t.steps]]\nrun = [\"helm\", \
                 \"last\"]\n[diagnose]\ntask = \"t\"\n";
    let project = project(steps, &tools);
    let command = project.command(&["diagnose"]);
    unwrapped(project.ran(in_shell(&project, &command, "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"")))
        .exits(74)
        .says(&["could not write x.txt", "could be written"])
        .answers(&["password authentication failed"]);
}

/// The same command, started by a shell that prepares what it inherits.
fn in_shell(project: &Project, command: &Command, script: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(script).arg(command.get_program()).args(command.get_args()).current_dir(project.path());
    shell.env_clear().stdin(Stdio::null());
    for (name, value) in command.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        shell.env(name, value);
    }
    shell
}

#[test]
fn a_directory_that_was_removed_under_us_is_told() {
    let (tools, project) = keeps();
    for args in [&["t"][..], &["list"]] {
        let command = project.command(args);
        let script = "/bin/mkdir gone && cd gone && /bin/rmdir ../gone && exec \"$0\" \"$@\"";
        project.ran(in_shell(&project, &command, script)).exits(2).says(&["the current directory cannot be used"]);
    }
    assert!(tools.calls().is_empty() && !project.path().join("waits").exists());
}

#[test]
fn nobody_needs_a_home_to_read() {
    let project = Project::new(
        "version = 1\n[tools.helm]\n[tasks.t]\nsummary = \"Try it\"\n[[tasks.t.steps]]\nrun = [\"helm\"]\n",
    );
    let project = project.file("log.txt", "FATAL:  password authentication failed for user \"app\"\n");
    for (args, code) in [(&["list"][..], 0), (&["history"], 0), (&["diagnose", "log.txt"], 3), (&["explain"], 0)] {
        for home in [None, Some(""), Some("relative")] {
            let mut command = project.command(args);
            command.env_remove("HOME");
            command.envs(home.map(|home| ("HOME", home)));
            project.ran(command).exits(code);
        }
    }
    assert!(!project.path().join("relative").exists());
}

/// Where a stream was closed, the next file that is opened gets its number: it must not get its text.
#[test]
fn closed_streams_end_nothing_and_go_into_no_file() {
    let tools = Tools::new()
        .rule(rule(&["helm", "keep"], json!({ "stdout": "precious\n", "stderr": "and so on\n" })))
        .rule(rule(&["helm", "in"], json!({ "echo_stdin": true, "stdout": "end\n" })));
    let steps = "[[tasks.t.steps]]\nrun = [\"helm\", \"keep\"]\nsave = \"x.txt\"\n[[tasks.t.steps]]\nrun = [\"helm\", \"in\"]\nsave = \"y.txt\"\n";
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let project = project(steps, &tools);
        let command = project.command(&["-v", "t"]);
        project.ran(in_shell(&project, &command, &format!("exec \"$0\" \"$@\" {closed}"))).exits(0);
        assert_eq!(project.journal().last().unwrap()["outcome"], "done", "{closed}");
        let evidence = project.evidence();
        assert_eq!((evidence["x.txt"].as_str(), evidence["y.txt"].as_str()), ("precious\n", "end\n"), "{closed}");
    }
}

#[test]
fn a_reader_of_the_story_who_leaves_early_ends_nothing() {
    let (tools, project) = keeps();
    let child = project.command(&["-v", "t"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut child = until(&project, "waits", child);
    drop((child.stdout.take(), child.stderr.take()));
    fs::write(project.path().join("go"), "").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(lines(&tools), ["helm keep", "helm last"]);
    assert_eq!(project.evidence()["x.txt"], "precious\n");
    assert_eq!(project.journal().last().unwrap()["outcome"], "done");
}
