//! The program starts. That this test exists also makes cargo build the program before any test of the workspace runs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

const NAME_AND_VERSION: &str = concat!("s3ferry ", env!("CARGO_PKG_VERSION"));

fn said(argument: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_s3ferry"))
        .arg(argument)
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .ok()?;
    let said = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| said.trim().to_owned())
}

/// What HEAD is called in a repository of ours, or what a packager called it.
fn commit() -> Option<String> {
    let ours = || {
        let place = git(&["rev-parse", "--show-prefix"])?;
        (place == "crates/cli/").then(|| git(&["rev-parse", "--short=12", "HEAD"]))?
    };
    let named = std::env::var("S3FERRY_COMMIT").ok();
    named.map_or_else(ours, |named| Some(named).filter(|named| !named.is_empty()))
}

#[test]
fn the_program_says_its_name_and_version() {
    assert_eq!(said("-V"), NAME_AND_VERSION);
}

#[test]
fn the_long_version_names_the_commit_and_the_day_of_the_build() {
    let long = said("--version");
    let rest = long.strip_prefix(NAME_AND_VERSION).unwrap();
    let rest = rest
        .strip_prefix(" (")
        .and_then(|rest| rest.strip_suffix(')'));
    let (build, day) = rest.and_then(|rest| rest.split_once(", built ")).unwrap();
    match commit() {
        Some(commit) => {
            let named = build.strip_prefix("commit ").unwrap();
            // Cargo runs a test with what the build script set, mark included.
            let clean = |name: &str| name.strip_suffix("-dirty").unwrap_or(name).to_owned();
            assert_eq!(clean(named), clean(&commit));
        }
        None => assert_eq!(build, "unknown commit"),
    }
    assert!(
        regular(day, "0000-00-00") && day > "1970-00-00",
        "{day}: the day that the program was built"
    );
}

/// Whether a text has a digit where the pattern has a zero and is the same elsewhere.
fn regular(text: &str, pattern: &str) -> bool {
    let same = |(letter, meant): (char, char)| match meant {
        '0' => letter.is_ascii_digit(),
        meant => letter == meant,
    };
    text.len() == pattern.len() && text.chars().zip(pattern.chars()).all(same)
}
