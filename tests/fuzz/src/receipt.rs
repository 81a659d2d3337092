//! What the ledger is read from: receipts, notes of canaries, journals. All three are tried with the same bytes.

use s3ferry_core::format::reading::Read;
use s3ferry_engine::journal::{self, JournalFile};
use s3ferry_engine::ledger::{CanaryReceipt, ReceiptError, ReceiptId, note, read_note};
use serde_json::Value;

/// Reads any bytes as whatever a ledger holds.
pub fn receipt(data: &[u8]) {
    a_receipt(data);
    a_note(data);
    a_journal(data);
}

fn a_receipt(data: &[u8]) {
    let name = ReceiptId::of(data).file_name();
    let Ok(Read { value, newer }) = CanaryReceipt::read(&name, data) else {
        return;
    };
    its_name_holds_it(&name, data);
    let content = value.content();
    let again = CanaryReceipt::read(&value.id().file_name(), &content);
    let again = again.expect("what was read can be written and read");
    assert_eq!(again.value, value);
    assert_eq!(again.value.proves(), value.proves());
    if newer.is_none() {
        assert_eq!(again.newer, None);
        nothing_is_passed_over(data, &content);
    }
}

/// No edit of a receipt keeps its name.
fn its_name_holds_it(name: &str, data: &[u8]) {
    let middle = data.len() / 2;
    let mut edited = data.to_vec();
    edited[middle] ^= 1;
    for other in [&edited[..], &data[..data.len() - 1], &[data, b" "].concat()] {
        let read = CanaryReceipt::read(name, other);
        assert!(matches!(read, Err(ReceiptError::Hash)), "{read:?}");
    }
}

fn a_note(data: &[u8]) {
    let Ok(canary) = read_note(data) else {
        return;
    };
    assert!(canary.is_sound());
    assert!(canary.key.contains(&canary.mark()));
    assert_eq!(canary.sides().next(), Some(&canary.source));
    let again = read_note(&note(&canary)).expect("what was read can be written and read");
    assert_eq!(again, canary);
}

fn a_journal(data: &[u8]) {
    let Ok(read) = journal::parse(data) else {
        return;
    };
    let whole = data
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    assert_eq!(read.torn, whole < data.len());
    let lines = data[..whole].iter().filter(|byte| **byte == b'\n').count();
    let left_out = read.newer.as_ref().map_or(0, |newer| newer.left_out.len());
    assert_eq!(
        1 + read.entries.len() + left_out,
        lines,
        "each line is an entry, or told"
    );
    a_killed_run_is_read(data, &read);
    let written = written(&read);
    let again = journal::parse(&written).expect("what was read can be written and read");
    assert_eq!(
        (&again.header, &again.entries),
        (&read.header, &read.entries)
    );
    if read.newer.is_none() {
        let lines = |text: &[u8]| -> Vec<Vec<u8>> {
            text.split(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec)
                .collect()
        };
        for (was, is) in lines(&data[..whole]).iter().zip(lines(&written)) {
            if !is.is_empty() {
                nothing_is_passed_over(was, &is);
            }
        }
    }
}

/// A journal that ends anywhere behind its first line is read as far as it goes.
fn a_killed_run_is_read(data: &[u8], whole: &JournalFile) {
    let first = data
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(data.len(), |end| end + 1);
    let ends = [
        first,
        (first + data.len()) / 2,
        data.len().saturating_sub(1).max(first),
    ];
    for end in ends {
        let cut = journal::parse(&data[..end]).expect("a journal that was cut short is read");
        assert_eq!(cut.header, whole.header);
        assert!(whole.entries.starts_with(&cut.entries));
    }
}

fn written(journal: &JournalFile) -> Vec<u8> {
    let mut text = serde_json::to_vec(&journal.header).expect("a header is JSON");
    for entry in &journal.entries {
        text.push(b'\n');
        text.extend(serde_json::to_vec(entry).expect("an entry is JSON"));
    }
    text.push(b'\n');
    text
}

/// What a text of our version says is said again, but for keys without a value.
fn nothing_is_passed_over(text: &[u8], again: &[u8]) {
    let value = |text: &[u8]| -> Value {
        let value = serde_json::from_slice(text).expect("it was read as JSON");
        without_nulls(value)
    };
    assert_eq!(value(again), value(text));
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            kept.map(|(key, value)| (key, without_nulls(value)))
                .collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
