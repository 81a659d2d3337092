//! Any bytes are answered: with a spec, or with an error that can be printed.

use proptest::prelude::*;
use s3ferry_core::ids::SpecName;
use s3ferry_spec::{SourceFile, read, starter};

/// Pieces that YAML and specs are made of, so that random text gets past the first character.
const PIECES: &[&str] = &[
    "version: 1\n",
    "accounts:",
    "migrations:",
    "defaults:",
    "ledger",
    "name",
    "  ",
    "    ",
    "\n",
    "\n  ",
    "\n    - ",
    "- ",
    ": ",
    ":",
    ",",
    "{",
    "}",
    "[",
    "]",
    "{}",
    "[]",
    "'",
    "\"",
    "|\n",
    ">-\n",
    "#",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "!x ",
    "? ",
    "---\n",
    "...\n",
    "%TAG ! x\n",
    "\t",
    "\r\n",
    "\r",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{0}",
    "\u{7f}",
    "~",
    "null",
    "true",
    "1",
    "-1",
    "1e400",
    "0x10",
    "012",
    ".inf",
    "id: ",
    "prod",
    "orders:",
    "phase: prepare",
    "source: ",
    "destination: ",
    "rules:",
    "bucket: ",
    "tags: ",
    "source_kms: true",
    "arn:aws:s3:::x",
    "arn:aws:kms:a:1:alias/x",
    "\u{1f980}",
    "\u{202e}",
    "e\u{301}",
];

fn answered(bytes: Vec<u8>) -> Result<(), TestCaseError> {
    let reading = read(&[SourceFile {
        path: "a.yaml".to_owned(),
        bytes,
    }]);
    let errors = reading
        .diagnostics
        .iter()
        .any(|found| found.severity == s3ferry_spec::Severity::Error);
    prop_assert_eq!(reading.spec.is_none(), errors);
    for found in &reading.diagnostics {
        let text = found.to_text();
        let safe = text.chars().all(|char| {
            char == '\n' || !(char.is_control() || matches!(char, '\u{202a}'..='\u{202e}'))
        });
        prop_assert!(safe, "{:?}", text);
        prop_assert!(found.place.line > 0 && found.place.column > 0 && found.place.width > 0);
    }
    Ok(())
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60)
        .prop_map(|pieces| pieces.concat().into_bytes())
}

/// The starter with some bytes removed, doubled or replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (
        any::<prop::sample::Index>(),
        0usize..40,
        prop::sample::select(PIECES),
    );
    prop::collection::vec(damage, 1..6).prop_map(|damages| {
        let mut bytes = starter(&SpecName::new("0x10").expect("a name")).into_bytes();
        for (at, length, piece) in damages {
            let at = at.index(bytes.len() + 1);
            let end = bytes.len().min(at + length);
            bytes.splice(at..end, piece.bytes());
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        answered(bytes)?;
    }

    #[test]
    fn random_pieces_are_answered(bytes in pieces()) {
        answered(bytes)?;
    }

    #[test]
    fn damaged_specs_are_answered(bytes in damaged()) {
        answered(bytes)?;
    }
}
