//! `s3ferry explain`: codes as people ask for them.

use std::path::Path;

use s3ferry_tests::world::{Ran, command};

fn explain(code: &[&str]) -> Ran {
    let arguments = [&["explain"], code].concat();
    let output = command(Path::new("."), [], &arguments).output();
    Ran::from(output.expect("the program starts"))
}

#[test]
fn a_code_is_told_with_cause_danger_and_fix() {
    for (code, kind) in [
        ("bucket-not-ours", "finding, blocked"),
        ("canary-left", "finding, warning"),
        ("denied", "problem of an apply"),
        ("role-trust", "symptom"),
        ("DstKmsKeyNotFound", "failure code of S3"),
        ("key-alias", "diagnostic"),
        ("rules-overlap", "diagnostic, warning"),
    ] {
        let ran = explain(&[code]);
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        assert!(
            ran.out.starts_with(&format!("{code} ({kind})\n")),
            "{}",
            ran.out
        );
        for part in ["  Cause ", "  Danger ", "  Fix "] {
            assert!(ran.out.contains(part), "{}", ran.out);
        }
        assert!(
            ran.out.lines().all(|line| line.chars().count() <= 100),
            "{}",
            ran.out
        );
    }
}

#[test]
fn without_a_code_all_are_listed_a_line_each() {
    let ran = explain(&[]);
    assert_eq!(ran.code, Some(0));
    let codes: Vec<&str> = ran
        .out
        .lines()
        .filter_map(|line| line.split("  ").next())
        .collect();
    assert!(codes.len() > 120, "{}", ran.out);
    for code in codes {
        let told = explain(&[code]);
        assert_eq!(told.code, Some(0), "{code}: {}", told.said());
    }
}

#[test]
fn an_unknown_code_names_its_neighbours() {
    let ran = explain(&["bucket-not-our"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(64), ""));
    assert!(ran.err.contains("is it bucket-not-ours"), "{}", ran.err);
    let ran = explain(&["\u{1b}[31m\n"]);
    assert_eq!(ran.code, Some(64));
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
    assert!(ran.err.contains("lists all of them"), "{}", ran.err);
}
