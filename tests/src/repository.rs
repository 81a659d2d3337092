//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the root of the repository.
///
/// # Panics
/// Where this package is not in a folder of it.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package lies in the repository")
}

/// Returns the files that belong to the repository, relative to its root and sorted: those that git
/// keeps or would keep, or, in a copy without git, all but what building leaves behind.
pub fn files() -> Vec<PathBuf> {
    static FILES: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let list = || {
        let mut files = kept_by_git().unwrap_or_else(|| walk(root()));
        files.retain(|file| root().join(file).is_file());
        files.sort();
        files
    };
    FILES.get_or_init(list).clone()
}

/// Returns the files of the repository whose name ends with this.
pub fn files_ending(ending: &str) -> Vec<PathBuf> {
    let mut files = files();
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files
}

/// Reads a file of the repository; `None` where it is not text.
///
/// # Panics
/// Where the file cannot be read.
pub fn text(file: &Path) -> Option<String> {
    let bytes = fs::read(root().join(file));
    let bytes = bytes.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    String::from_utf8(bytes).ok()
}

fn kept_by_git() -> Option<Vec<PathBuf>> {
    let list = [
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ];
    let output = Command::new("git")
        .args(list)
        .current_dir(root())
        .output()
        .ok()?;
    let listed = String::from_utf8(output.stdout).ok()?;
    let files: Vec<PathBuf> = listed
        .split('\0')
        .filter(|file| !file.is_empty())
        .map(PathBuf::from)
        .collect();
    (output.status.success() && !files.is_empty()).then_some(files)
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    const LEFT_BEHIND: [&str; 4] = ["target", ".git", "__pycache__", ".venv"];
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if LEFT_BEHIND.iter().any(|left| name == *left) {
            continue;
        }
        if path.is_dir() {
            files.extend(walk(&path));
        } else if let Ok(relative) = path.strip_prefix(root()) {
            files.push(relative.to_path_buf());
        }
    }
    files
}
