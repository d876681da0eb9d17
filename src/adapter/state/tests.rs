use super::*;
use std::fs;

fn state() -> (tempfile::TempDir, State) {
    let dir = tempfile::tempdir().unwrap();
    let state = State::beside(&dir.path().join("tasks.toml"));
    (dir, state)
}

#[test]
fn a_run_leaves_a_journal_and_evidence() {
    let (_dir, state) = state();
    assert_eq!(state.list_runs().unwrap(), []);
    let run = RunDir::create(&state, "20261123-060512-a").unwrap();
    RunDir::create(&state, "20261124-060512-a").unwrap();
    run.journal().unwrap().write_all(b"{}\n").unwrap();
    let evidence = run.evidence();
    assert!(!run.path().join("evidence").exists(), "made when the first file is");
    evidence.create("failure-pods.txt").unwrap().write_all(b"x").unwrap();
    assert_eq!(fs::read(run.path().join("evidence/failure-pods.txt")).unwrap(), b"x");
    assert_eq!(fs::read(state.path().join(".gitignore")).unwrap(), b"*\n");
    let runs = state.list_runs().unwrap();
    assert_eq!(runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["20261124-060512-a", "20261123-060512-a"]);
    assert_eq!(fs::read(&runs[1].journal).unwrap(), b"{}\n");
}

#[test]
fn a_second_run_or_file_of_the_same_name_is_an_error() {
    let (_dir, state) = state();
    let run = RunDir::create(&state, "a").unwrap();
    assert_eq!(RunDir::create(&state, "a").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    run.evidence().create("x").unwrap();
    let error = run.evidence().create("x").err().unwrap();
    assert_eq!(error.to_string(), format!("`{}` exists already", run.path().join("evidence").join("x").display()));
}

#[test]
fn a_torn_last_line_is_not_glued_to_the_next() {
    let (_dir, state) = state();
    let run = RunDir::create(&state, "a").unwrap();
    run.journal().unwrap().write_all(b"{\"a\":1}\n{\"b").unwrap();
    let mut again = run.journal().unwrap();
    again.write_all(b"{\"c\":3}\n").unwrap();
    again.sync().unwrap();
    run.journal().unwrap().write_all(b"{\"d\":4}\n").unwrap();
    let path = run.path().join("journal.jsonl");
    assert_eq!(fs::read_to_string(path).unwrap(), "{\"a\":1}\n{\"b\n{\"c\":3}\n{\"d\":4}\n");
}

#[test]
fn only_plain_names_become_files() {
    let (_dir, state) = state();
    let run = RunDir::create(&state, "a").unwrap();
    for name in
        ["", ".", "..", "../x", "a/b", "a\\b", "C:x", "x:stream", "a\nb", "x.", "nul", "NUL.txt", "com1.log", "lpt9"]
    {
        let told = run.evidence().create(name).err().expect(name).to_string();
        assert!(told.contains("is no file name"), "{name}: {told}");
        assert!(RunDir::create(&state, name).is_err(), "{name}");
    }
    assert!(!run.path().join("evidence").exists(), "a refused name leaves nothing behind");
    for name in ["failure-pods.txt", "console.log", "pod[1].txt", "日本語", ".hidden", "com12"] {
        assert!(run.evidence().create(name).is_ok(), "{name}");
    }
}

#[test]
fn evidence_is_placed_as_a_person_would_type_it() {
    let here = std::env::current_dir().unwrap();
    let inside = Evidence { folder: here.join(".refloat/runs/a/evidence") };
    assert_eq!(inside.place(), Path::new(".refloat/runs/a/evidence").display().to_string());
    let odd = Evidence { folder: here.join("-f/evidence") };
    assert_eq!(odd.place(), Path::new(".").join("-f/evidence").display().to_string());
    let outside = Evidence { folder: here.with_file_name("elsewhere").join("evidence") };
    assert_eq!(outside.place(), outside.folder.display().to_string());
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_state_is_refused() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().unwrap();
    for part in [".refloat", ".refloat/runs"] {
        let (dir, state) = state();
        let link = dir.path().join(part);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(elsewhere.path(), &link).unwrap();
        let told = RunDir::create(&state, "a").unwrap_err().to_string();
        assert!(told.contains("is a symbolic link"), "{told}");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_evidence_is_not_followed() {
    let (dir, state) = state();
    let run = RunDir::create(&state, "a").unwrap();
    run.evidence().create("first").unwrap();
    let target = dir.path().join("target");
    std::os::unix::fs::symlink(&target, run.path().join("evidence/x")).unwrap();
    assert!(run.evidence().create("x").is_err());
    assert!(!target.exists());
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_journal_is_refused() {
    let (dir, state) = state();
    let run = RunDir::create(&state, "a").unwrap();
    for name in ["theirs", "nowhere"] {
        let target = dir.path().join(name);
        let _ = fs::remove_file(run.path().join("journal.jsonl"));
        std::os::unix::fs::symlink(&target, run.path().join("journal.jsonl")).unwrap();
        if name == "theirs" {
            fs::write(&target, "x").unwrap();
        }
        assert!(run.journal().unwrap_err().to_string().contains("is a symbolic link"), "{name}");
        assert_eq!(fs::read(&target).unwrap_or_default(), if name == "theirs" { b"x".to_vec() } else { Vec::new() });
    }
    // Whoever is quicker than the question meets the system's own refusal.
    assert!(os::private_file(OpenOptions::new().append(true)).open(run.path().join("journal.jsonl")).is_err());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, state) = state();
    let run = RunDir::create(&state, "a").unwrap();
    run.journal().unwrap();
    run.evidence().create("x").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [state.path(), &state.path().join("runs"), run.path(), &run.path().join("evidence")] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    for file in ["journal.jsonl", "evidence/x"] {
        assert_eq!(mode(&run.path().join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_file_in_place_of_the_state_is_told() {
    let (_dir, state) = state();
    fs::write(state.path(), "").unwrap();
    let told = RunDir::create(&state, "a").unwrap_err().to_string();
    assert!(told.ends_with("is in the way: it is not a directory"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_folder_of_ours_that_others_could_write_to_is_ours_alone_again() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (_dir, state) = state();
    let runs = state.prepare().unwrap();
    for claim in [|state: &State| state.claim(), |state: &State| state.prepare().map(|_| ())] {
        for path in [state.path(), &runs] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        }
        claim(&state).unwrap();
        assert_eq!((mode(state.path()), mode(&runs)), (0o700, 0o700));
    }
}

/// Only root can give something away.
#[cfg(unix)]
#[test]
fn what_somebody_else_put_there_is_refused_and_no_run() {
    use std::os::unix::fs::chown;
    let (_dir, state) = state();
    let run = RunDir::create(&state, "a").unwrap();
    if crate::adapter::os::user() != 0 || std::env::var_os("SUDO_UID").is_some() {
        return;
    }
    chown(run.path(), Some(4711), None).unwrap();
    assert_eq!(state.list_runs().unwrap(), []);
    for path in [state.path().join("runs"), state.path().to_owned()] {
        chown(&path, Some(4711), None).unwrap();
        for told in [state.claim().unwrap_err(), state.prepare().map(|_| ()).unwrap_err()] {
            let told = told.to_string();
            assert!(told.contains("belongs to somebody else") && told.contains(path.to_str().unwrap()), "{told}");
        }
        chown(&path, Some(0), None).unwrap();
    }
}

#[test]
fn a_plan_is_kept_whole() {
    let (_dir, state) = state();
    let run = RunDir::create(&state, "a").unwrap();
    run.keep_plan(b"{}").unwrap();
    run.keep_plan(b"[]").unwrap();
    assert_eq!(fs::read(run.path().join("plan.json")).unwrap(), b"[]");
    assert_eq!(fs::read_dir(run.path()).unwrap().count(), 1);
}
