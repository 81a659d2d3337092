//! Committed documents are what the crate draws; run with `UPDATE=1` to write them.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its files has failed"
)]

use std::path::{Path, PathBuf};

use s3ferry_core::ids::SpecName;
use s3ferry_spec::{Reading, SourceFile, json_schema, read, reference, starter};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn committed(path: &str, drawn: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, drawn).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == drawn,
        "{path} is not what the table says: run `UPDATE=1 cargo test -p s3ferry-spec`"
    );
}

fn read_folder(folder: &Path) -> Reading {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(SourceFile {
                path: path.display().to_string(),
                bytes: std::fs::read(&path).unwrap(),
            });
        }
    }
    read(&files)
}

fn text(reading: &Reading) -> String {
    reading
        .diagnostics
        .iter()
        .map(s3ferry_spec::Diagnostic::to_text)
        .collect()
}

#[test]
fn the_reference_page_is_the_table() {
    committed("docs/spec.md", &reference());
}

#[test]
fn the_schema_next_to_the_examples_is_the_table() {
    committed("plans/s3ferry.schema.json", &json_schema());
}

#[test]
fn the_starter_is_a_spec_without_a_finding() {
    let reading = read(&[SourceFile {
        path: "s3ferry.yaml".to_owned(),
        bytes: starter(&SpecName::new("0x10").unwrap()).into_bytes(),
    }]);
    assert_eq!(text(&reading), "");
    assert_eq!(reading.spec.unwrap().migrations.len(), 1);
}

#[test]
fn every_example_is_a_spec_without_a_finding() {
    let mut examples = 0;
    for entry in std::fs::read_dir(root().join("plans")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() {
            let reading = read_folder(&folder);
            assert_eq!(text(&reading), "", "{}", folder.display());
            assert!(reading.spec.is_some());
            examples += 1;
        }
    }
    assert!(examples >= 5, "{examples} examples");
}
