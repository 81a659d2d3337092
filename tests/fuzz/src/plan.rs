//! Plan files: any bytes are a plan or none, and any plan can be shown without anything in it forging a line.
//!
//! An input that begins with `{` is a plan file. Any other is a list of texts, each a byte that says where and what stands there
//! up to the next 0xFF: they are put into the texts of a plan that has everything, so that foreign text reaches each of them.

use std::sync::OnceLock;

use s3ferry_core::format::{Action, FindingLevel, GateState, PlanFile};
use s3ferry_render::{Detail, Style, markdown, sanitize, sanitize_json, summary, text};
use serde_json::Value;

use crate::shown::is_quiet;

/// A plan with everything in it, small.
const WHOLE: &str = include_str!("whole.json");

/// What lines of a text page begin with that do not begin with a space.
const HEADS: [&str; 21] = [
    "BLOCKED: apply refuses",
    "Plan for spec",
    "spec digest",
    "Only for",
    "+ create",
    "~ change in place",
    "-/+ delete",
    "- delete",
    "? prove",
    "A change without a note on undo",
    "Migration",
    "Shared by migrations",
    "Of no migration",
    "Kept as found:",
    "Waits of an apply:",
    "Order of an apply:",
    "Apply:",
    "Needs:",
    "Findings:",
    "Plan:",
    "No changes",
];

/// Reads any bytes as a plan file, or puts them into one.
pub fn plan(data: &[u8]) {
    if data.first() == Some(&b'{') {
        if let Ok(text) = std::str::from_utf8(data) {
            a_file(text);
        }
    } else {
        a_file(&filled(data).to_string());
    }
}

fn a_file(text: &str) {
    let Ok(read) = PlanFile::from_json(text) else {
        return;
    };
    let plan = read.value;
    let written = plan.to_json();
    let again = PlanFile::from_json(&written).expect("what was read can be written and read");
    assert_eq!(again.value, plan);
    assert_eq!(again.value.digest(), plan.digest());
    if read.newer.is_none() {
        assert_eq!(again.newer, None);
        nothing_is_passed_over(text, &written);
    }
    json_means_the_same(&written, &plan);
    // A page takes a millisecond, and another input has another size.
    let (width, limit) = match text.len() % 4 {
        0 => (40, 2_000),
        1 => (usize::MAX, 65_536),
        2 => (80, 4_000),
        _ => (41, 8_000),
    };
    can_be_read(&plan, width);
    fits_into_a_comment(&plan, limit);
}

/// What a file of our version says is what is shown and what is compared.
fn nothing_is_passed_over(text: &str, written: &str) {
    let value = |text: &str| -> Value { serde_json::from_str(text).expect("it was read as JSON") };
    let mut said = value(text);
    // A change without a word on access has none.
    for change in said["changes"].as_array_mut().into_iter().flatten() {
        if let Value::Object(change) = change {
            change.entry("access").or_insert(Value::Null);
        }
    }
    assert_eq!(value(written), said);
}

fn json_means_the_same(written: &str, plan: &PlanFile) {
    let safe = sanitize_json(written);
    assert!(!safe.chars().any(|one| one.is_control() && one != '\n'));
    let read = PlanFile::from_json(&safe).expect("it is the same JSON");
    assert_eq!(&read.value, plan);
}

fn can_be_read(plan: &PlanFile, width: usize) {
    let page = text(plan, Style::Plain, width, Detail::Full);
    is_quiet(&page);
    for line in page.lines() {
        let ours = line.is_empty() || line.starts_with(' ');
        assert!(
            ours || HEADS.iter().any(|head| line.starts_with(head)) || is_cut_short(line),
            "{line:?}"
        );
        assert!(!line.is_ascii() || line.len() <= width, "{line:?}");
    }
    if width == usize::MAX {
        for change in &plan.changes {
            assert!(
                page.contains(sanitize(&change.address).trim_end_matches(' ')),
                "{}",
                change.address
            );
        }
        for finding in &plan.findings {
            assert!(
                page.contains(sanitize(&finding.message).trim_end_matches(' ')),
                "{}",
                finding.message
            );
        }
    }
    is_quiet(&summary(plan));
}

/// Whether a line is the beginning of a head and no more: before a value that is signs only, which may not begin a line, a page cuts
/// the word before it. A sign by itself is no such line.
fn is_cut_short(line: &str) -> bool {
    let is_word = line.starts_with(|first: char| first.is_ascii_alphabetic());
    is_word && HEADS.iter().any(|head| head.starts_with(line))
}

fn fits_into_a_comment(plan: &PlanFile, limit: usize) {
    let page = markdown(plan, limit);
    is_quiet(&page);
    let length = page.chars().count();
    assert!(length <= limit, "{length} > {limit}");
    let blocked = plan
        .findings
        .iter()
        .filter(|one| one.level == FindingLevel::Blocked)
        .count();
    let gates = plan.migrations.iter().flat_map(|one| &one.gates);
    let gates = gates.filter(|one| one.state == GateState::Blocked).count();
    assert_eq!(
        shown(&page, &["- **BLOCKED**"]) + counted(&page, &["BLOCKED"]),
        blocked + gates,
        "{page}"
    );
    let deletes = plan
        .changes
        .iter()
        .filter(|one| one.actions.contains(&Action::Delete))
        .count();
    let titles = [
        "<details open><summary><b>- delete</b>",
        "- <b>- delete</b>",
        "<details open><summary><b>-/+ ",
        "- <b>-/+ ",
    ];
    assert_eq!(
        shown(&page, &titles) + counted(&page, &["to destroy", "to replace"]),
        deletes,
        "{page}"
    );
}

/// How many of a kind a page shows, by what it writes in front of each.
fn shown(page: &str, marks: &[&str]) -> usize {
    let is_one = |line: &&str| marks.iter().any(|mark| line.starts_with(mark));
    page.lines().filter(is_one).count()
}

/// How many of some classes a page says that it left out.
fn counted(page: &str, classes: &[&str]) -> usize {
    let counts = page
        .lines()
        .filter_map(|line| line.strip_prefix("**Left out here for length: "));
    let parts = counts.flat_map(|line| line.trim_end_matches(".**").split(", "));
    let count = |part: &str| {
        classes
            .iter()
            .find_map(|class| part.strip_suffix(class)?.trim().parse::<usize>().ok())
    };
    parts.filter_map(count).sum()
}

/// The whole plan with the texts of an input in it.
fn filled(data: &[u8]) -> Value {
    let mut plan: Value = whole();
    let places = places();
    for piece in data.split(|byte| *byte == 0xFF) {
        if let Some((place, text)) = piece.split_first() {
            let place = &places[usize::from(*place) % places.len()];
            let text = String::from_utf8_lossy(text).into_owned();
            if let Some(leaf) = plan.pointer_mut(place) {
                *leaf = Value::String(text);
            }
        }
    }
    plan
}

fn whole() -> Value {
    serde_json::from_str(WHOLE).expect("it is JSON")
}

/// Where in the whole plan any text may stand.
fn places() -> &'static [String] {
    static PLACES: OnceLock<Vec<String>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let mut places = Vec::new();
        leaves(&whole(), String::new(), &mut places);
        let takes_any = |place: &String| {
            let mut plan = whole();
            if let Some(leaf) = plan.pointer_mut(place) {
                *leaf = Value::from("?");
            }
            PlanFile::from_json(&plan.to_string()).is_ok()
        };
        places.retain(takes_any);
        places
    })
}

fn leaves(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                leaves(value, format!("{at}/{key}"), places);
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                leaves(value, format!("{at}/{number}"), places);
            }
        }
        Value::String(_) => places.push(at),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
