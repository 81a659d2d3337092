//! The program under test, found beside the test programs and built where it is missing or older than its source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::repository;

/// Returns the path of `s3ferry`.
///
/// # Panics
/// Where it cannot be built.
pub fn path() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("a test has a path");
        let profile = test
            .ancestors()
            .nth(2)
            .expect("tests lie in target/PROFILE/deps");
        let program = profile.join("s3ferry");
        if !fs::metadata(&program)
            .and_then(|data| data.modified())
            .is_ok_and(is_new)
        {
            build(profile);
        }
        assert!(program.exists(), "{} was not built", program.display());
        program
    })
}

/// Whether nothing of the source is newer. `cargo test --workspace` has built the program already.
fn is_new(built: SystemTime) -> bool {
    let sources = repository::files().into_iter().filter(|file| {
        let mut parts = file.components().map(|part| part.as_os_str());
        parts.next().is_some_and(|part| part == "crates")
            && parts.nth(1).is_some_and(|part| part == "src")
    });
    let changed = sources.filter_map(|file| {
        fs::metadata(repository::root().join(file))
            .and_then(|data| data.modified())
            .ok()
    });
    changed.max().is_none_or(|newest| newest <= built)
}

/// The program is built along with a test of its crate, as `cargo test --workspace` does it: alone it would get other features, and
/// every dependency be compiled once more; and so would be what looks at the variables that cargo sets for a test.
fn build(profile: &Path) {
    let is_release = profile.file_name().is_some_and(|name| name == "release");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let of_tests = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_PRIMARY_",
    ];
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        let said = name.to_string_lossy();
        if of_tests.iter().any(|start| said.starts_with(start)) {
            command.env_remove(&name);
        }
    }
    let built = command
        .args(["test", "--workspace", "--no-run", "--test", "starts"])
        .args(is_release.then_some("--release"))
        .args(
            profile
                .parent()
                .map(|target| format!("--target-dir={}", target.display())),
        )
        .current_dir(repository::root())
        .output()
        .expect("cargo runs");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
}
