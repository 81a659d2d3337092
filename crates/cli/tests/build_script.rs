//! What the build script finds out, in repositories of every shape that it meets.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and one that is skipped says so"
)]

#[expect(
    dead_code,
    clippy::print_stdout,
    reason = "the script tells cargo, and cargo calls that part of it"
)]
#[path = "../build.rs"]
mod build_script;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use build_script::{built, commit, moves};
use tempfile::TempDir;

/// A folder with a package like ours in it.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(TempDir::new().unwrap());
        copy.write("crates/cli/src/main.rs", "fn main() {}");
        copy.write("Cargo.toml", "[workspace]");
        copy
    }

    /// One in a repository, committed.
    fn in_git() -> Option<Self> {
        let copy = Self::new();
        if Command::new("git").arg("--version").output().is_err() {
            eprintln!("skipped: there is no git");
            return None;
        }
        copy.git(&["init", "--quiet", "--initial-branch", "main"]);
        copy.commit("first");
        Some(copy)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn package(&self) -> PathBuf {
        self.root().join("crates/cli")
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.root().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.root(), arguments)
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    fn head(&self) -> Option<String> {
        Some(self.git(&["rev-parse", "HEAD"])[..12].to_owned())
    }
}

/// Git as nobody has configured it.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let settings = [
        "user.name=a test",
        "user.email=test@localhost",
        "commit.gpgSign=false",
    ];
    let output = Command::new("git")
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What cargo compares: it builds again when one of these changes, and always when one is missing.
fn state(files: &[PathBuf]) -> Vec<(PathBuf, Vec<u8>)> {
    let contents = |file: &PathBuf| match fs::read_dir(file) {
        Ok(folder) => format!(
            "{:?}",
            folder.flatten().map(|file| file.path()).collect::<Vec<_>>()
        )
        .into_bytes(),
        Err(_) => fs::read(file).unwrap(),
    };
    files
        .iter()
        .map(|file| (file.clone(), contents(file)))
        .collect()
}

/// Fails unless a commit and a checkout without one are seen by whoever watches the files.
fn must_see_moves(of: &dyn Fn(&[&str]) -> String, package: &Path) {
    let before = state(&moves(package));
    of(&["commit", "--quiet", "--allow-empty", "--message", "more"]);
    let after = state(&moves(package));
    let files: Vec<PathBuf> = before.iter().map(|(file, _)| file.clone()).collect();
    assert!(
        !files.is_empty() && before != state(&files),
        "a commit is not seen in {files:?}"
    );
    of(&["checkout", "--quiet", "--detach"]);
    let files: Vec<PathBuf> = after.iter().map(|(file, _)| file.clone()).collect();
    assert_ne!(after, state(&files), "a checkout is not seen");
}

#[test]
fn a_repository_names_head_and_only_changed_source_makes_it_dirty() {
    let Some(copy) = Copy::in_git() else { return };
    assert_eq!(commit(&copy.package()), copy.head());
    copy.write("docs/page.md", "what is not built in");
    assert_eq!(commit(&copy.package()), copy.head());
    for file in [
        "crates/cli/src/main.rs",
        "crates/core/src/new.rs",
        "Cargo.lock",
        "plans/demo/a.yaml",
    ] {
        copy.write(file, "changed");
        let dirty = copy.head().map(|head| format!("{head}-dirty"));
        assert_eq!(commit(&copy.package()), dirty, "{file}");
        copy.commit(file);
        assert_eq!(commit(&copy.package()), copy.head(), "{file}");
    }
}

#[test]
fn without_a_repository_of_ours_the_commit_is_unknown() {
    let tarball = Copy::new();
    assert_eq!(
        (commit(&tarball.package()), moves(&tarball.package())),
        (None, vec![])
    );
    let Some(theirs) = Copy::in_git() else { return };
    theirs.write("vendor/s3ferry/crates/cli/src/main.rs", "");
    theirs.commit("a tarball of ours in a repository of theirs");
    let inside = theirs.root().join("vendor/s3ferry/crates/cli");
    assert_eq!((commit(&inside), moves(&inside)), (None, vec![]));
}

#[test]
fn a_move_of_head_is_seen_wherever_git_keeps_it() {
    let Some(copy) = Copy::in_git() else { return };
    must_see_moves(&|arguments| copy.git(arguments), &copy.package());
    copy.git(&["checkout", "--quiet", "main"]);

    let tree = TempDir::new().unwrap();
    let place = tree.path().join("tree");
    copy.git(&[
        "worktree",
        "add",
        "--quiet",
        "-b",
        "other",
        place.to_str().unwrap(),
    ]);
    let package = place.join("crates/cli");
    assert_eq!(commit(&package), copy.head());
    let elsewhere = state(&moves(&package));
    copy.commit("the main folder moves, and the other one does not");
    assert_eq!(elsewhere, state(&moves(&package)));
    must_see_moves(&|arguments| git(&place, arguments), &package);

    copy.git(&["config", "core.logAllRefUpdates", "false"]);
    fs::remove_dir_all(copy.root().join(".git/logs")).unwrap();
    must_see_moves(&|arguments| copy.git(arguments), &copy.package());
    copy.git(&["checkout", "--quiet", "main"]);
    copy.git(&["pack-refs", "--all"]);
    assert_eq!(commit(&copy.package()), copy.head());
    must_see_moves(&|arguments| copy.git(arguments), &copy.package());
}

#[test]
fn the_day_of_a_reproducible_build_is_given() {
    assert_eq!(built(Some("951782400")), Ok(951_782_400));
    assert!(
        built(Some("yesterday"))
            .unwrap_err()
            .contains("SOURCE_DATE_EPOCH")
    );
    assert!(built(None).unwrap() > 1_700_000_000);
}
