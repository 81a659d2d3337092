//! Tells the program which commit it is built from and when, for `s3ferry --version`.
//!
//! Nothing here may fail a build that has no git or no repository: then the commit is empty, which means unknown. The script runs
//! again when HEAD moves or the source changes, so what it tells is never older than the program; without either, nothing is built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a packager names the commit with, where there is no repository. Left empty, the commit is unknown.
const COMMIT: &str = "S3FERRY_COMMIT";
/// The date of a build that shall come out the same again: <https://reproducible-builds.org/specs/source-date-epoch/>.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

fn main() {
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let named = std::env::var(COMMIT).ok();
    let commit = named.unwrap_or_else(|| commit(&package).unwrap_or_default());
    tell(&format!(
        "rustc-env={COMMIT}={}",
        commit.lines().next().unwrap_or_default().trim()
    ));
    match built(std::env::var(EPOCH).ok().as_deref()) {
        Ok(seconds) => tell(&format!("rustc-env=S3FERRY_BUILT={seconds}")),
        Err(problem) => tell(&format!("error={problem}")),
    }
    for variable in [COMMIT, EPOCH] {
        tell(&format!("rerun-if-env-changed={variable}"));
    }
    for path in moves(&package).into_iter().chain(sources(&package)) {
        tell(&format!("rerun-if-changed={}", path.display()));
    }
}

/// Speaks to cargo.
fn tell(directive: &str) {
    println!("cargo::{directive}");
}

/// Returns HEAD, shortened, and whether the source differs from it; `None` where git does not know.
pub(crate) fn commit(package: &Path) -> Option<String> {
    // Twelve digits at least, whatever the clone is set to: the same source says the same.
    let head = git(package, &["rev-parse", "--short=12", "HEAD"])?;
    if !is_ours(package) {
        return None;
    }
    let mut status = Command::new("git");
    status.args(["status", "--porcelain", "--untracked-files=normal", "--"]);
    let changed = answer(status.args(sources(package)), package)?;
    Some(format!(
        "{head}{}",
        if changed.is_empty() { "" } else { "-dirty" }
    ))
}

/// Whether the repository is s3ferry's own. A tarball that was unpacked inside another one must not take that one's commit.
fn is_ours(package: &Path) -> bool {
    git(package, &["rev-parse", "--show-prefix"]).as_deref() == Some("crates/cli/")
}

/// Returns the files of git that change when HEAD moves.
///
/// The log of HEAD has a line for every commit, checkout and reset, wherever the branch is kept. Without it: the branch's own
/// file, or, where it is packed, the folder in which the next commit will make that file. Only what exists may be named: cargo
/// takes a missing file for a changed one.
pub(crate) fn moves(package: &Path) -> Vec<PathBuf> {
    if !is_ours(package) {
        return Vec::new();
    }
    let place = |name: &str| {
        let path = package.join(git(package, &["rev-parse", "--git-path", name])?);
        path.exists().then_some(path)
    };
    let branch = git(package, &["symbolic-ref", "--quiet", "HEAD"]);
    let file = || place(branch.as_deref()?);
    let packed = || {
        let folder = Path::new(branch.as_deref()?).parent()?.to_str()?;
        Some([place("packed-refs"), place(folder)])
    };
    let moved = place("logs/HEAD").or_else(file).map_or_else(
        || packed().into_iter().flatten().flatten().collect(),
        |file| vec![file],
    );
    place("HEAD").into_iter().chain(moved).collect()
}

/// Returns what the program is made of: only a change here makes a commit dirty, so that every such change builds it again.
fn sources(package: &Path) -> Vec<PathBuf> {
    let crates = package.parent().unwrap_or(package);
    let root = crates.parent().unwrap_or(crates);
    let members = fs::read_dir(crates).into_iter().flatten().flatten();
    let mut sources: Vec<PathBuf> = members
        .flat_map(|member| ["src", "Cargo.toml", "build.rs"].map(|name| member.path().join(name)))
        .chain(["Cargo.toml", "Cargo.lock", "plans/demo"].map(|name| root.join(name)))
        .filter(|path| path.exists())
        .collect();
    sources.sort();
    sources
}

/// Returns when this build is made, in seconds since 1970.
pub(crate) fn built(epoch: Option<&str>) -> Result<u64, String> {
    match epoch {
        Some(text) => text
            .trim()
            .parse()
            .map_err(|_| format!("{EPOCH} is not a number of seconds since 1970: {text:?}")),
        None => Ok(SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |passed| passed.as_secs())),
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    answer(Command::new("git").args(arguments), folder)
}

/// Runs git; `None` where there is none or it fails.
///
/// A hook sets variables that name its own repository, relative to another folder; and a build must not lock the index, or it
/// would get in the way of whoever commits at the same time.
fn answer(git: &mut Command, folder: &Path) -> Option<String> {
    let mut git = git.current_dir(folder);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git = git.env_remove(variable);
    }
    let output = git.env("GIT_OPTIONAL_LOCKS", "0").output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}
