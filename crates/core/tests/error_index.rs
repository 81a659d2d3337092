//! `docs/errors.md` names every code that the workspace gives, and no other.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its files has failed"
)]

use std::collections::BTreeSet;
use std::path::Path;

use s3ferry_core::failures::{FAILURE_CODES, failure_code};

type Codes = BTreeSet<String>;

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// A Rust file without its tests.
fn source(path: &str) -> String {
    let text = file(path);
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The Rust files of a folder and of those in it, without their tests.
fn sources(folder: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let entries = std::fs::read_dir(root.join(folder)).unwrap();
    let of = |entry: std::fs::DirEntry| {
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            sources(&path)
        } else {
            vec![source(&path)]
        }
    };
    entries.flat_map(|entry| of(entry.unwrap())).collect()
}

/// The first cells of the tables under a heading, down to the next heading of its level.
fn table(page: &str, heading: &str) -> Codes {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let codes = cells.filter(|cell| cell.starts_with('`') || cell.parse::<u8>().is_ok());
    codes
        .map(|cell| cell.trim_matches('`').to_owned())
        .collect()
}

/// The string that follows each occurrence of `before`, white space apart.
fn strings_after(text: &str, before: &str) -> Codes {
    let literal = |rest: &str| {
        Some(
            rest.trim_start()
                .strip_prefix('"')?
                .split('"')
                .next()?
                .to_owned(),
        )
    };
    text.split(before).skip(1).filter_map(literal).collect()
}

/// The number that follows each arrow.
fn numbers_after_arrows(text: &str) -> Codes {
    let number = |rest: &str| rest.split(',').next()?.trim().parse::<u8>().ok();
    text.split("=>")
        .skip(1)
        .filter_map(number)
        .map(|code| code.to_string())
        .collect()
}

/// The text of a function, from its name to its end at this indentation.
fn function(text: &str, name: &str) -> String {
    let (_, body) = text.split_once(&format!("fn {name}(")).unwrap();
    body.split("\n    }\n").next().unwrap().to_owned()
}

/// The variants of an enum, in lower case.
fn variants(text: &str, name: &str) -> Codes {
    let (_, body) = text.split_once(&format!("pub enum {name} {{")).unwrap();
    let lines = body.split('}').next().unwrap().lines().map(str::trim);
    let variants = lines.filter(|line| !line.starts_with("//") && line.ends_with(','));
    variants
        .map(|variant| variant.trim_end_matches(',').to_lowercase())
        .collect()
}

#[test]
fn findings_are_in_the_index() {
    let conflicts = source("crates/core/src/merge/conflict.rs");
    let mut given = strings_after(&function(&conflicts, "code"), "=>");
    assert!(given.len() >= 11, "{given:?}");
    let of_parts: Codes = sources("crates/core/src/migration")
        .iter()
        .flat_map(|text| strings_after(text, "finding("))
        .collect();
    assert!(of_parts.len() >= 12, "{of_parts:?}");
    given.extend(of_parts);
    for text in sources("crates/core/src/plan") {
        given.extend(strings_after(&text, "code:"));
    }
    assert!(given.contains("max-deletes"));
    assert_eq!(table(&file("docs/errors.md"), "Findings"), given);
}

#[test]
fn diagnostics_are_in_the_index() {
    let given = table(&s3ferry_spec::reference(), "Diagnostics");
    assert!(given.len() >= 50, "{given:?}");
    assert_eq!(table(&file("docs/errors.md"), "Diagnostics"), given);
}

#[test]
fn kinds_of_problems_are_in_the_index() {
    let of_calls = variants(&source("crates/engine/src/ports.rs"), "Class");
    let own = variants(&source("crates/engine/src/problem.rs"), "ProblemKind");
    assert!(own.contains("call(class)"), "{own:?}");
    let own = own.into_iter().filter(|kind| kind != "call(class)");
    let given: Codes = of_calls.into_iter().chain(own).collect();
    assert!(given.len() >= 12, "{given:?}");
    assert_eq!(
        table(&file("docs/errors.md"), "Problems of an apply"),
        given
    );
}

#[test]
fn symptoms_are_in_the_index() {
    let page = file("docs/errors.md");
    let (findings, symptoms) = (table(&page, "Findings"), table(&page, "Symptoms"));
    let texts = sources("crates/core/src/doctor");
    let given = texts
        .iter()
        .flat_map(|text| strings_after(text, "symptom("));
    let given: Codes = given.collect();
    assert!(given.len() >= 10, "{given:?}");
    let unknown = given
        .iter()
        .filter(|code| !findings.contains(*code) && !symptoms.contains(*code));
    assert_eq!(unknown.count(), 0, "{given:?}");
    for code in &symptoms {
        let quoted = format!("\"{code}\"");
        assert!(
            texts.iter().any(|text| text.contains(&quoted)),
            "nobody gives {code}"
        );
    }
}

/// The page says of each failure code what `failures.rs` says, as sentences.
#[test]
fn failures_are_in_the_index() {
    let page = file("docs/errors.md");
    let sentence = |text: &str| text[..1].to_uppercase() + &text[1..] + ".";
    let rows = FAILURE_CODES.iter().map(|of| {
        let (cause, fix) = (sentence(of.cause), sentence(of.fix));
        format!("| `{}` | {cause} | {fix} |", of.code)
    });
    let rows: Vec<String> = rows.collect();
    let (_, section) = page.split_once("\n## Failure codes of S3\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let on_page = section.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(on_page.collect::<Vec<_>>().join("\n"), rows.join("\n"));
}

/// The doctor gives no other failure codes than those.
#[test]
fn the_doctor_knows_documented_failures_only() {
    let texts = sources("crates/core/src/doctor");
    let words = texts
        .iter()
        .flat_map(|text| text.split('"').skip(1).step_by(2));
    let is_failure = |word: &&str| {
        let starts = ["Src", "Dst", "AssumeRole"];
        starts.iter().any(|start| word.starts_with(start)) && !word.contains(' ')
    };
    let given: Codes = words.filter(is_failure).map(str::to_owned).collect();
    assert!(given.len() >= 15, "{given:?}");
    let unknown = given.iter().find(|code| failure_code(code).is_none());
    assert_eq!(unknown, None);
}

#[test]
fn exit_codes_are_in_the_index() {
    let verdicts = function(&source("crates/engine/src/outcome.rs"), "exit_code");
    let mut given = numbers_after_arrows(&verdicts);
    assert!(given.len() >= 7, "{given:?}");
    given.extend(numbers_after_arrows(&function(
        &source("crates/cli/src/exit.rs"),
        "code",
    )));
    assert_eq!(table(&file("docs/errors.md"), "Exit codes"), given);
}
