//! YAML of a spec: any bytes are a spec or are told what is wrong, at a place that is in the text.

use s3ferry_core::format::{PlanFile, SpecInfo};
use s3ferry_core::model::Observed;
use s3ferry_core::plan::{Proofs, file::Head, plan};
use s3ferry_core::reads;
use s3ferry_core::scene::Scene;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::{Access, Spec};
use s3ferry_render::{Detail, Style, markdown, text};
use s3ferry_spec::{Diagnostic, Reading, Severity, SourceFile, digest, masked, read};

use crate::shown::is_quiet;

const PATH: &str = "spec.yaml";

/// The text of all diagnostics is at most this, whatever the file: 2,000 of them, each cut.
const LONGEST_REPORT: usize = 2000 * 20_000;

/// Reads any bytes as a spec.
pub fn yaml(data: &[u8]) {
    let reading = read_one(data);
    assert_eq!(reading, read_one(data), "the same bytes are read the same");
    let refused = reading.diagnostics.iter().any(is_error);
    assert_eq!(reading.spec.is_none(), refused, "{:?}", reading.diagnostics);
    let text = readable(data);
    let lines: Vec<&str> = lines(text);
    let mut told = 0;
    for diagnostic in &reading.diagnostics {
        is_in(diagnostic, &lines);
        told += can_be_shown(diagnostic);
    }
    assert!(told <= LONGEST_REPORT, "{told}");
    if std::str::from_utf8(data).is_ok() {
        line_ends_mean_nothing(text, &reading);
    }
    if let Some(spec) = &reading.spec {
        external_ids_are_masked(data, spec);
        can_be_planned(spec);
    }
}

fn read_one(bytes: &[u8]) -> Reading {
    read(&file(bytes))
}

fn file(bytes: &[u8]) -> [SourceFile; 1] {
    let (path, bytes) = (PATH.to_owned(), bytes.to_vec());
    [SourceFile { path, bytes }]
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

/// The text up to what is no UTF-8, without a byte order mark.
fn readable(data: &[u8]) -> &str {
    let text = match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&data[..error.valid_up_to()]).unwrap_or_default(),
    };
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// LF, CRLF and CR end a line.
fn lines(text: &str) -> Vec<&str> {
    let with_ends = text.split('\n').enumerate();
    let last = text.matches('\n').count();
    with_ends
        .flat_map(|(number, line)| {
            let line = if number < last {
                line.strip_suffix('\r').unwrap_or(line)
            } else {
                line
            };
            line.split('\r')
        })
        .collect()
}

/// A place is in the text, or right behind the end of a line or of the text.
fn is_in(diagnostic: &Diagnostic, lines: &[&str]) {
    let place = &diagnostic.place;
    assert_eq!(place.file, PATH, "{diagnostic:?}");
    assert!(
        place.line >= 1 && place.column >= 1 && place.width >= 1,
        "{diagnostic:?}"
    );
    assert!(
        place.line <= lines.len(),
        "{} lines: {diagnostic:?}",
        lines.len()
    );
    let line = lines[place.line - 1];
    assert!(
        line.starts_with(&diagnostic.source_line),
        "{line:?}: {diagnostic:?}"
    );
    let length = line.chars().count();
    assert!(place.column <= length + 1, "{line:?}: {diagnostic:?}");
}

/// Gives the length of the text.
fn can_be_shown(diagnostic: &Diagnostic) -> usize {
    let text = diagnostic.to_text();
    assert!(text.ends_with('\n'));
    is_quiet(&text);
    for (number, line) in text.lines().enumerate() {
        let head = format!("{}[{}]: ", diagnostic.severity.as_str(), diagnostic.code);
        let of_source = format!("{} | ", diagnostic.place.line);
        let ours = if number == 0 {
            line.starts_with(&head)
        } else {
            line.starts_with(' ') || line.starts_with(&of_source)
        };
        assert!(ours, "{line:?} of {text}");
    }
    text.len()
}

fn line_ends_mean_nothing(text: &str, reading: &Reading) {
    if text.contains('\r') {
        return;
    }
    let other = read_one(text.replace('\n', "\r\n").as_bytes());
    assert_eq!(other.spec, reading.spec, "with CRLF");
    if reading.spec.is_some() {
        let places = |reading: &Reading| -> Vec<_> {
            let all = reading.diagnostics.iter();
            all.map(|one| (one.code, one.place.line, one.place.column))
                .collect()
        };
        assert_eq!(places(&other), places(reading), "with CRLF");
    }
}

/// What a plan keeps of the files means the same, but for the external IDs, which are not in it.
fn external_ids_are_masked(data: &[u8], spec: &Spec) {
    let kept = masked(&file(data));
    assert_eq!(masked(&kept), kept, "masking twice is masking once");
    let text = String::from_utf8_lossy(&kept[0].bytes).into_owned();
    let whole = String::from_utf8_lossy(data);
    let ids = external_ids(spec);
    for id in ids
        .iter()
        .filter(|id| id.len() >= 8 && !"not-kept".contains(id.as_str()))
    {
        assert!(!text.contains(id.as_str()), "{id} in {text}");
    }
    // An ID that is also another word of the file takes that word with it.
    if ids
        .iter()
        .all(|id| id.len() < 8 || whole.matches(id.as_str()).count() <= 1)
    {
        let again = read(&kept);
        let mut expected = spec.clone();
        forget_external_ids(&mut expected);
        assert_eq!(again.spec, Some(expected), "{:?} {text}", again.diagnostics);
    }
    let _ = digest(&kept);
}

fn external_ids(spec: &Spec) -> Vec<String> {
    let accounts = spec.accounts.values();
    accounts
        .filter_map(|account| match &account.access {
            Access::AssumeRole { external_id, .. } => external_id.clone(),
            Access::DefaultChain | Access::Profile(_) => None,
        })
        .collect()
}

fn forget_external_ids(spec: &mut Spec) {
    for account in spec.accounts.values_mut() {
        if let Access::AssumeRole {
            external_id: Some(id),
            ..
        } = &mut account.access
        {
            "not-kept".clone_into(id);
        }
    }
}

/// Plans for a world in which nothing is.
fn can_be_planned(spec: &Spec) {
    let (scope, mut observed) = (Scope::All, Observed::default());
    for _round in 0..8 {
        let targets = reads::following(spec, &scope, &observed);
        targets
            .into_iter()
            .for_each(|target| observed.insert(target, None));
    }
    let proofs = Proofs::default();
    let (_, file) = plan(&Scene::new(spec, &observed, &proofs, &scope)).into_file(head(spec));
    let read = PlanFile::from_json(&file.to_json()).expect("a plan of ours is read");
    assert_eq!(read.value, file);
    is_quiet(&text(&file, Style::Plain, 80, Detail::Full));
    is_quiet(&markdown(&file, 65_536));
}

fn head(spec: &Spec) -> Head {
    Head {
        s3ferry: "0".to_owned(),
        created: String::new(),
        spec: SpecInfo {
            name: spec.name.to_string(),
            digest: String::new(),
            files: Vec::new(),
            targets: Vec::new(),
            search: false,
        },
        accounts: Vec::new(),
    }
}
