//! One run at a time for each cluster: the system's own file locks.
//!
//! ```text
//! <state>/locks/<cluster>.lock    empty; whoever has it locked works on that cluster
//! <state>/locks/<cluster>.json    who that is; written whole or not at all
//! ```
//! Who cannot name its cluster locks a file of its own for itself alone, of which all others take a share:
//! it keeps out everybody, and is kept out by everybody.
//!
//! The system lets a lock go when the last process that has the file open ends, however it ends: a file
//! that lies there says nothing. On Unix every child has it open too, as its standard input (at whose end
//! it is, for it is empty): should this program be killed, the cluster stays locked until the `helm` that
//! it left behind has ended. Windows lets go at once; there, and for a second cluster of the same run,
//! the children that are written down count as long as they live.

#![expect(clippy::disallowed_methods, reason = "this is where locks are taken and told")]

use super::files::at;
use super::os;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Longest file name that is made of a cluster's name; beyond it a digest takes over.
const LONGEST: usize = 120;

/// How often the holder's story is read again while it is about to be written, and how long between.
const READS: usize = 4;
const BETWEEN: Duration = Duration::from_millis(50);

/// Who works on a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The task.
    pub task: String,
    /// The directory of its `tasks.toml`.
    pub project: PathBuf,
    /// The process.
    pub pid: u32,
    /// Tells the process from a later one of the same number; unknown on some systems.
    pub birth: Option<u64>,
    /// Since when, in milliseconds since 1970-01-01 UTC.
    pub since: u64,
    /// The clusters that it has locked.
    #[serde(default)]
    pub clusters: BTreeSet<String>,
    /// The tools that run for it now.
    #[serde(default)]
    pub tools: Vec<Running>,
}

/// A tool that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// What: `helm upgrade`.
    pub label: String,
    /// The process.
    pub pid: u32,
    /// Tells the process from a later one of the same number; unknown on some systems.
    pub birth: Option<u64>,
}

impl Holder {
    /// This process, working on `task` of `project` since `since`.
    pub fn new(task: &str, project: &Path, since: u64) -> Self {
        let pid = std::process::id();
        let (task, project) = (task.to_owned(), project.to_owned());
        Self { task, project, pid, birth: os::birth(pid), since, clusters: BTreeSet::new(), tools: Vec::new() }
    }

    /// Does the program itself still run?
    pub fn is_there(&self) -> bool {
        is_there(self.pid, self.birth)
    }

    /// Those of its tools that still run.
    pub fn left(&self) -> impl Iterator<Item = &Running> {
        self.tools.iter().filter(|tool| is_there(tool.pid, tool.birth))
    }
}

/// Is this very process still there, as far as that can be told?
fn is_there(pid: u32, birth: Option<u64>) -> bool {
    os::is_alive(pid) && (birth.is_none() || os::birth(pid) == birth)
}

/// Why a cluster could not be locked.
#[derive(Debug)]
pub enum Refusal {
    /// Somebody works on it.
    Held {
        /// The cluster.
        cluster: String,
        /// Who, if that could be read.
        holder: Option<Box<Holder>>,
    },
    /// The lock could not be asked for; one line.
    Broken(String),
}

/// The locks of a run. Dropped, they are released, whoever else still has the files open.
#[derive(Debug)]
pub struct Held {
    /// Keeps out whoever may mean any cluster.
    shared: Option<File>,
    locks: Vec<Lock>,
    story: Mutex<Holder>,
}

#[derive(Debug)]
struct Lock {
    file: File,
    /// Where its holder is told.
    story: PathBuf,
}

impl Held {
    /// Locks `clusters` in the directory `locks`, all or none, and tells who `holder` is. Never waits.
    /// `any` is the name of whatever cluster it may be: who locks that is alone.
    ///
    /// # Errors
    /// Somebody else works on one of them, or the directory cannot be used.
    pub fn take(locks: &Path, clusters: &BTreeSet<String>, any: &str, mut holder: Holder) -> Result<Self, Refusal> {
        let broken = |error: io::Error| Refusal::Broken(error.to_string());
        make(locks).map_err(broken)?;
        holder.clusters.clone_from(clusters);
        let mut held = Self { shared: None, locks: Vec::new(), story: Mutex::new(holder) };
        if !clusters.contains(any) {
            let (file, story) = open(locks, any).map_err(broken)?;
            let taken = file.try_lock_shared();
            free(taken, &file, any, &story, || told(&story))?;
            held.shared = Some(file);
        }
        // In one order everywhere: of two runs that want the same two, one gets both.
        for cluster in clusters {
            let (file, story) = open(locks, cluster).map_err(broken)?;
            let taken = file.try_lock();
            let who = || told(&story).or_else(|| stories(locks).into_iter().find(at_work).filter(|_| cluster == any));
            free(taken, &file, cluster, &story, who)?;
            held.locks.push(Lock { file, story });
        }
        // What a killed program left at work on a cluster of a name holds no share of this lock.
        if clusters.contains(any)
            && let Some(before) = stories(locks).into_iter().find(|before| before.left().any(is_sure))
        {
            return Err(Refusal::Held { cluster: any.to_owned(), holder: Some(Box::new(before)) });
        }
        held.tell().map_err(broken)?;
        Ok(held)
    }

    /// The clusters that are locked.
    pub fn clusters(&self) -> BTreeSet<String> {
        self.story().clusters.clone()
    }

    /// What a child gets as its standard input, so that the lock lasts as long as it does. `None` where
    /// that does not help.
    ///
    /// # Errors
    /// No more files can be opened.
    pub(super) fn for_child(&self) -> io::Result<Option<File>> {
        let first = self.locks.first().filter(|_| os::LOCKS_ARE_INHERITED);
        first.map(|lock| lock.file.try_clone()).transpose()
    }

    /// A tool has started.
    pub(super) fn started(&self, label: &str, pid: u32) {
        self.story().tools.push(Running { label: label.to_owned(), pid, birth: os::birth(pid) });
        // The lock itself holds, told or not; there is nothing better to do than go on.
        let _ = self.tell();
    }

    /// A tool has ended.
    pub(super) fn ended(&self, pid: u32) {
        self.story().tools.retain(|tool| tool.pid != pid);
        let _ = self.tell();
    }

    fn story(&self) -> std::sync::MutexGuard<'_, Holder> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the story beside each lock. Not synced: after a power failure none of this holds any more.
    fn tell(&self) -> io::Result<()> {
        let story = self.story();
        let text = serde_json::to_vec(&*story)?;
        for lock in &self.locks {
            let beside = lock.story.with_extension(format!("{}.new", story.pid));
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            let written = os::private_file(os::no_link(&mut options)).open(&beside);
            let written =
                written.and_then(|mut file| file.write_all(&text)).and_then(|()| std::fs::rename(&beside, &lock.story));
            written.map_err(|error| at(&lock.story, &error))?;
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            let _ = shared.unlock();
        }
        for lock in &self.locks {
            // First the story: the next one tells its own as soon as it has the lock.
            let _ = std::fs::remove_file(&lock.story);
            let _ = lock.file.unlock();
        }
    }
}

/// The lock's file, and where its holder is told.
fn open(locks: &Path, cluster: &str) -> io::Result<(File, PathBuf)> {
    let name = file_name(cluster);
    let path = locks.join(format!("{name}.lock"));
    // Written to by nobody; without the right to write, some file systems lock nothing.
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = os::private_file(os::no_link(&mut options)).open(&path).map_err(|error| at(&path, &error))?;
    Ok((file, locks.join(format!("{name}.json"))))
}

/// Is the lock ours, and does nobody that is left behind still work under it? `who` has it otherwise.
fn free(
    taken: Result<(), TryLockError>,
    file: &File,
    cluster: &str,
    story: &Path,
    who: impl Fn() -> Option<Holder>,
) -> Result<(), Refusal> {
    let held = |holder: Option<Holder>| Refusal::Held { cluster: cluster.to_owned(), holder: holder.map(Box::new) };
    match taken {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held(who())),
        Err(TryLockError::Error(error)) => return Err(Refusal::Broken(at(story, &error).to_string())),
    }
    match read(story).filter(|before| before.left().any(is_sure)) {
        Some(before) => {
            let _ = file.unlock();
            Err(held(Some(before)))
        }
        None => Ok(()),
    }
}

/// Where a process cannot be told from a later one of the same number, the system's word counts.
fn is_sure(tool: &Running) -> bool {
    tool.birth.is_some()
}

/// Is anybody of it still there?
fn at_work(holder: &Holder) -> bool {
    holder.is_there() || holder.left().next().is_some()
}

/// Every story that is told here.
fn stories(locks: &Path) -> Vec<Holder> {
    let Ok(entries) = std::fs::read_dir(locks) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().filter_map(|path| read(path)).collect()
}

/// The directory, and those above it. Nobody else may enter it, and no link leads there.
fn make(locks: &Path) -> io::Result<()> {
    os::private_dir(DirBuilder::new().recursive(true)).create(locks).map_err(|error| at(locks, &error))?;
    for place in locks.ancestors().take(2) {
        if std::fs::symlink_metadata(place).map_err(|error| at(place, &error))?.is_symlink() {
            return Err(io::Error::other(format!("`{}` is a symbolic link; remove it", place.display())));
        }
    }
    Ok(())
}

/// Who holds the lock. It was taken a moment before its story is told: a story of somebody who is gone
/// is read again.
fn told(story: &Path) -> Option<Holder> {
    let mut found = None;
    for _ in 0..READS {
        found = read(story);
        if found.as_ref().is_some_and(at_work) {
            break;
        }
        std::thread::sleep(BETWEEN);
    }
    found
}

fn read(story: &Path) -> Option<Holder> {
    const CAP: u64 = 1 << 20;
    serde_json::from_slice(&super::files::read_capped(story, CAP).ok()?).ok()
}

/// A cluster's name as a file name of its own, on any file system: small letters, digits and `-` stand
/// for themselves, everything else as `_` and two hexadecimal digits for each byte.
fn file_name(cluster: &str) -> String {
    let mut name = String::from("on-");
    for byte in cluster.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => name.push(byte.into()),
            _ => name.push_str(&format!("_{byte:02x}")),
        }
    }
    if name.len() > LONGEST {
        // FNV-1a: the same in every version of this program, unlike the standard library's.
        let digest = cluster
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        name.truncate(LONGEST);
        name.push_str(&format!("-{digest:016x}"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: &str = "any";

    fn clusters(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn holder(task: &str) -> Holder {
        Holder::new(task, Path::new("/p"), 1)
    }

    #[test]
    fn a_name_becomes_a_file_name_of_its_own() {
        let eks = "arn:aws:eks:eu-west-1:1:cluster/A";
        assert_eq!(file_name("minikube"), "on-minikube");
        assert_eq!(file_name(eks), "on-arn_3aaws_3aeks_3aeu-west-1_3a1_3acluster_2f_41");
        let odd = ["a", "A", "_41", "..", "../x", "", "con", "\u{65e5}", "a b", "(current)"];
        let names: BTreeSet<String> = odd.iter().map(|name| file_name(name)).collect();
        assert_eq!(names.len(), odd.len());
        let (one, other) = ("x".repeat(5000), format!("{}y", "x".repeat(4999)));
        assert!(file_name(&one).len() < 150 && file_name(&one) != file_name(&other));
    }

    #[test]
    fn a_second_one_is_told_who_works_there_and_the_end_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let locks = dir.path().join("refloat").join("locks");
        let first = Held::take(&locks, &clusters(&["a", "b"]), ANY, holder("reset")).unwrap();
        first.started("helm upgrade", std::process::id());
        // Not even the first of its two stays locked by the one that is refused.
        let refused = Held::take(&locks, &clusters(&["0", "b"]), ANY, holder("rollback"));
        let Err(Refusal::Held { cluster, holder: Some(who) }) = refused else { panic!("{refused:?}") };
        assert_eq!((cluster.as_str(), who.task.as_str()), ("b", "reset"));
        assert!(who.is_there());
        assert_eq!(who.left().map(|tool| tool.label.as_str()).collect::<Vec<_>>(), ["helm upgrade"]);
        let other = Held::take(&locks, &clusters(&["0", "c"]), ANY, holder("rollback")).unwrap();
        first.ended(std::process::id());
        drop(first);
        drop(other);
        drop(Held::take(&locks, &clusters(&["0", "a", "b", "c"]), ANY, holder("rollback")).unwrap());
    }

    #[test]
    fn who_may_mean_any_cluster_is_alone() {
        let dir = tempfile::tempdir().unwrap();
        let locks = dir.path().join("locks");
        let who = |names: &[&str]| match Held::take(&locks, &clusters(names), ANY, holder("rollback")) {
            Err(Refusal::Held { holder, .. }) => holder.map(|holder| holder.clusters),
            other => panic!("{other:?}"),
        };
        let named = Held::take(&locks, &clusters(&["a"]), ANY, holder("reset")).unwrap();
        let another = Held::take(&locks, &clusters(&["b"]), ANY, holder("reset")).unwrap();
        assert_eq!(who(&[ANY]), Some(clusters(&["a"])));
        drop(named);
        assert_eq!(who(&[ANY, "c"]), Some(clusters(&["b"])));
        drop(another);
        let alone = Held::take(&locks, &clusters(&[ANY]), ANY, holder("reset")).unwrap();
        assert_eq!(who(&["a"]), Some(clusters(&[ANY])));
        assert_eq!(who(&[ANY]), Some(clusters(&[ANY])));
        drop(alone);
        drop(Held::take(&locks, &clusters(&["a"]), ANY, holder("reset")).unwrap());
    }

    #[test]
    fn a_tool_that_still_runs_holds_what_its_program_left() {
        let dir = tempfile::tempdir().unwrap();
        let locks = dir.path().join("locks");
        drop(Held::take(&locks, &clusters(&["a"]), ANY, holder("reset")).unwrap());
        let gone = Holder { pid: u32::MAX - 1, birth: Some(1), ..holder("reset") };
        let own =
            Running { label: "helm upgrade".to_owned(), pid: std::process::id(), birth: os::birth(std::process::id()) };
        std::fs::write(
            locks.join("on-a.json"),
            serde_json::to_vec(&Holder { tools: vec![own], ..gone.clone() }).unwrap(),
        )
        .unwrap();
        let refused = Held::take(&locks, &clusters(&["a"]), ANY, holder("rollback"));
        if cfg!(any(target_os = "linux", windows)) {
            assert!(matches!(refused, Err(Refusal::Held { holder: Some(_), .. })), "{refused:?}");
        }
        let refused = Held::take(&locks, &clusters(&[ANY]), ANY, holder("rollback"));
        if cfg!(any(target_os = "linux", windows)) {
            assert!(matches!(refused, Err(Refusal::Held { holder: Some(_), .. })), "{refused:?}");
        }
        // Neither a dead one's story, nor half a story, is a lock.
        for text in [serde_json::to_vec(&gone).unwrap(), b"{\"task\":".to_vec()] {
            std::fs::write(locks.join("on-a.json"), text).unwrap();
            drop(Held::take(&locks, &clusters(&["a"]), ANY, holder("rollback")).unwrap());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_place_that_is_a_link_or_a_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), dir.path().join("locks")).unwrap();
        let why = |place: &str| match Held::take(&dir.path().join(place), &clusters(&["a"]), ANY, holder("x")) {
            Err(Refusal::Broken(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(why("locks").contains("is a symbolic link"));
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(why("file").contains("file"));
        let real = dir.path().join("real");
        drop(Held::take(&real, &clusters(&["a"]), ANY, holder("x")).unwrap());
        std::fs::remove_file(real.join("on-a.lock")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("target"), real.join("on-a.lock")).unwrap();
        assert!(why("real").contains("on-a.lock"));
        assert!(!dir.path().join("target").exists(), "nothing is made through a link");
    }
}
