//! Programs are found on PATH, and only there.

use crate::stub::Tools;
use refloat::adapter::lookup::Programs;
use refloat::port::Locate;
use serde_json::json;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

fn on(entries: &[&Path]) -> Programs {
    Programs::on(&std::env::join_paths(entries).unwrap())
}

#[test]
fn the_first_on_path_wins_and_the_answer_is_absolute() {
    let [one, two] = [(); 2].map(|()| Tools::new().rule(json!({ "argv": ["helm"] })));
    let found = on(&[&one.path(), &two.path()]).find("helm").unwrap();
    assert_eq!(found, one.bin("helm"));
    assert!(found.is_absolute());
    assert_eq!(on(&[]).find(one.bin("helm").to_str().unwrap()), Ok(one.bin("helm")), "an absolute path needs no PATH");
}

#[test]
fn what_is_not_on_path_is_told() {
    let tools = Tools::new().rule(json!({ "argv": ["helm"] }));
    let path = on(&[&tools.path()]);
    assert_eq!(path.find("kubectl").unwrap_err(), "`kubectl` is not on PATH");
    assert_eq!(path.find("").unwrap_err(), "that is no name for a program");
    assert_eq!(Programs::on(&OsString::new()).find("helm").unwrap_err(), "`helm` is not on PATH");
    let missing = tools.bin("kubectl").display().to_string();
    assert_eq!(path.find(&missing).unwrap_err(), format!("`{missing}` does not exist"));
    for relative in ["./helm", "../helm", "bin/helm"] {
        let want = format!("`{relative}` is a relative path; write a name that is on PATH, or an absolute path");
        assert_eq!(path.find(relative).unwrap_err(), want);
    }
}

#[test]
fn relative_entries_of_path_do_not_count() {
    let tools = Tools::new().rule(json!({ "argv": ["helm"] }));
    let here = std::env::current_dir().unwrap();
    let bin = tools.path();
    let names = |path: &Path| path.components().filter(|part| matches!(part, Component::Normal(_))).count();
    let mut relative: PathBuf = std::iter::repeat_n("..", names(&here)).collect();
    relative.extend(bin.components().filter(|part| matches!(part, Component::Normal(_))));
    assert!(here.join(&relative).join(tools.bin("helm").file_name().unwrap()).exists());
    assert_eq!(on(&[&relative, Path::new("."), Path::new("")]).find("helm").unwrap_err(), "`helm` is not on PATH");
    assert_eq!(on(&[&relative, &bin]).find("helm"), Ok(tools.bin("helm")));
}

#[test]
fn what_has_the_name_but_is_no_program_is_told() {
    let tools = Tools::new();
    std::fs::create_dir(tools.bin("helm")).unwrap();
    let want = format!("`{}` is a directory", tools.path().join("helm").display());
    if cfg!(unix) {
        assert_eq!(on(&[&tools.path()]).find("helm").unwrap_err(), want);
    }
    // A later entry of PATH that has the program is used all the same.
    let other = Tools::new().rule(json!({ "argv": ["helm"] }));
    assert_eq!(on(&[&tools.path(), &other.path()]).find("helm"), Ok(other.bin("helm")));
}

#[cfg(unix)]
#[test]
fn a_file_without_the_right_to_run_and_a_batch_file_are_told_apart() {
    use std::os::unix::fs::PermissionsExt;
    let tools = Tools::new();
    for (name, mode) in [("kubectl", 0o644), ("helm.cmd", 0o755), ("docker.BAT", 0o755)] {
        std::fs::write(tools.path().join(name), "").unwrap();
        std::fs::set_permissions(tools.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let path = on(&[&tools.path()]);
    let place = |name: &str| tools.path().join(name).display().to_string();
    assert_eq!(path.find("kubectl").unwrap_err(), format!("`{}` is not executable", place("kubectl")));
    for name in ["helm.cmd", "docker.BAT"] {
        let want = format!("`{}` is a batch file; install the real program", place(name));
        assert_eq!(path.find(name).unwrap_err(), want);
    }
}

/// `PATHEXT` may name scripts, or nothing at all; what Windows starts by itself is always the same.
#[cfg(windows)]
#[test]
fn only_programs_are_found_whatever_they_are_called() {
    let tools = Tools::new().tool("helm").tool("kubectl.1.30").tool("Docker");
    for name in ["kubectl.js", "minikube.cmd", "minikube.vbs", "helm.bat", "curl"] {
        std::fs::write(tools.path().join(name), "").unwrap();
    }
    let path = on(&[&tools.path()]);
    assert_eq!(path.find("helm"), Ok(tools.bin("helm")), "the batch file beside it is passed over");
    assert_eq!(path.find("helm.exe"), Ok(tools.bin("helm")));
    assert_eq!(path.find("kubectl.1.30"), Ok(tools.bin("kubectl.1.30")));
    assert_eq!(path.find("docker"), Ok(tools.bin("Docker")), "as the file is spelled");
    assert_eq!(path.find("kubectl").unwrap_err(), "`kubectl` is not on PATH");
    let place = |name: &str| tools.path().join(name).display().to_string();
    let batch = format!("`{}` is a batch file; install the real program", place("minikube.cmd"));
    assert_eq!(path.find("minikube").unwrap_err(), batch);
    assert_eq!(path.find("curl").unwrap_err(), format!("`{}` is not executable", place("curl")));
}

#[test]
fn of_several_programs_the_first_that_is_there_is_run() {
    use super::stub::Tools;
    use super::support::Project;
    use serde_json::json;
    let tools = Tools::new()
        .rule(json!({ "argv": ["chrome", "--dump-dom"], "stdout": "this one\n" }))
        .rule(json!({ "argv": ["edge", "**"], "stdout": "not this one\n" }));
    let tasks = "version = 1\n[tools.browser]\nprogram = ['C:\\no\\where.exe', \"/no/where\", \"chrome\", \"edge\"]\n\
        [tasks.t]\nsummary = \"x\"\n[[tasks.t.steps]]\nrun = [\"browser\", \"--dump-dom\"]\n";
    let project = Project::new(tasks).with_tools(&tools);
    project.run(&["t"]).exits(0).answers(&["this one"]);
    project.run(&["doctor"]).exits(0).answers(&[tools.bin("chrome").to_str().unwrap()]);
}
