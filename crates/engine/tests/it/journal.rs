//! The journal: whole lines, a torn end, and the same events that everybody hears.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3ferry_core::format::reading::ReadError;
use s3ferry_core::model::{BucketPart, RolePart, Target};
use s3ferry_engine::cancel::canceller;
use s3ferry_engine::events::{Both, RunEvent};
use s3ferry_engine::journal::{self, FORMAT, Header, JournalError, NewerJournal};
use s3ferry_engine::ledger::FolderLedger;
use s3ferry_engine::{CancelToken, Run, execute};
use s3ferry_testkit::{MemoryReceipts, MemoryWorld, Recording, build};

use crate::support::now;

fn header() -> Header {
    Header {
        format: FORMAT.to_owned(),
        s3ferry: "0.1.0".to_owned(),
        run: "run-1".to_owned(),
        started: now(),
        plan: "sha256:1".to_owned(),
        spec: "sha256:2".to_owned(),
        accounts: BTreeMap::from([("prod".to_owned(), "111111111111".to_owned())]),
    }
}

/// The bytes of the journal of a run, and the events that a second listener heard.
async fn journal_of_a_run() -> (Vec<u8>, Vec<RunEvent>) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FolderLedger::new(folder.path());
    let world = MemoryWorld::new()
        .with_bucket(&build::source())
        .with_bucket(&build::destination())
        .with(
            &Target::Role(build::role("s3ferry-orders-prod"), RolePart::Itself),
            build::replication_role(&[]),
        );
    let rule = build::rule("everything", 1, "", &build::destination());
    let target = Target::Bucket(build::source(), BucketPart::Replication);
    let configuration = build::replication(&build::role("r"), [rule]);
    let write = build::step(&target, None, Some(configuration), &[]);
    let steps = [write.clone(), build::prove("", &[&write])];
    let mut heard = Vec::new();
    let journal = ledger
        .journal(&header())
        .unwrap()
        .listen(Arc::new(now), canceller().0);
    let mut sink = Both(journal, |event: &RunEvent| heard.push(event.clone()));
    let run = Run {
        id: "run",
        world: &world,
        receipts: &MemoryReceipts::default(),
        clock: &now,
        limits: &crate::support::limits(),
        read_at: tokio::time::Instant::now(),
        cancel: CancelToken::never(),
    };
    execute(&steps, &run, &mut sink).await.unwrap();
    sink.0.finish().unwrap();
    let bytes = std::fs::read(folder.path().join("runs/run-1.jsonl")).unwrap();
    (bytes, heard)
}

#[tokio::test(start_paused = true)]
async fn the_journal_holds_what_every_listener_heard() {
    let (bytes, heard) = journal_of_a_run().await;
    let journal = journal::parse(&bytes).unwrap();
    assert_eq!(journal.header, header());
    assert!(!journal.torn);
    let told: Vec<RunEvent> = journal
        .entries
        .into_iter()
        .map(|entry| entry.what)
        .collect();
    assert_eq!(told, heard);
    assert!(told.len() > 8, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_journal_cut_anywhere_reads_as_its_whole_lines() {
    let (bytes, heard) = journal_of_a_run().await;
    let first_line = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in first_line..bytes.len() {
        let journal = journal::parse(&bytes[..cut]).unwrap();
        let lines = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(journal.entries.len(), lines - 1);
        assert_eq!(journal.torn, bytes[cut - 1] != b'\n');
        assert!(
            journal
                .entries
                .iter()
                .map(|entry| &entry.what)
                .eq(&heard[..lines - 1])
        );
    }
    for cut in 0..first_line {
        assert!(matches!(
            journal::parse(&bytes[..cut]),
            Err(JournalError::NoHeader)
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn damage_before_the_end_is_named_by_its_line() {
    let (bytes, _) = journal_of_a_run().await;
    let text = String::from_utf8(bytes).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2] = "{";
    let damaged = lines.join("\n") + "\n";
    let error = journal::parse(damaged.as_bytes()).unwrap_err();
    assert!(
        matches!(error, JournalError::Line { line: 3, .. }),
        "{error:?}"
    );
}

#[test]
fn another_major_version_is_refused() {
    let newer = Header {
        format: "2.0".to_owned(),
        ..header()
    };
    let line = serde_json::to_string(&newer).unwrap() + "\n";
    let error = journal::parse(line.as_bytes()).unwrap_err();
    assert!(
        matches!(error, JournalError::Header(ReadError::Version { .. })),
        "{error:?}"
    );
}

/// The journal of a run as that version writes it: a key more in the header, in each line and in each event, and a last
/// event of its own.
fn as_written_by(format: &str, bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<serde_json::Value> = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    lines[0]["format"] = format.into();
    lines[0]["s3ferry"] = "9.9.9".into();
    lines[0]["host"] = "h".into();
    for line in &mut lines[1..] {
        line["took_ms"] = 1.into();
        line["what"]["lane"] = 1.into();
    }
    let mut unheard = lines[1].clone();
    unheard["what"]["event"] = "unheard".into();
    lines.push(unheard);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    text.into_bytes()
}

#[tokio::test(start_paused = true)]
async fn a_newer_minor_is_read_without_its_keys_and_without_events_that_are_not_known() {
    let (bytes, heard) = journal_of_a_run().await;
    let journal = journal::parse(&as_written_by("1.9", &bytes)).unwrap();
    let told = journal.entries.iter().map(|entry| &entry.what);
    assert!(told.eq(&heard));
    let NewerJournal { keys, left_out } = journal.newer.unwrap();
    assert_eq!(left_out, [heard.len() + 2]);
    assert_eq!((&*keys.format, &*keys.s3ferry), ("1.9", "9.9.9"));
    let ignored: Vec<&str> = keys.ignored.iter().map(String::as_str).collect();
    assert_eq!(ignored, ["host", "took_ms", "what.lane"]);
}

#[tokio::test(start_paused = true)]
async fn our_minor_has_no_unknown_keys_and_no_unknown_events() {
    let (bytes, _) = journal_of_a_run().await;
    let header = journal::parse(&as_written_by("1.0", &bytes)).unwrap_err();
    assert!(
        matches!(header, JournalError::Header(ReadError::UnknownKeys { .. })),
        "{header:?}"
    );
    let text = String::from_utf8(bytes).unwrap();
    for forged in ["\"lane\":1,\"event\"", "\"event\":\"unheard\",\"of\""] {
        let forged = text.replacen("\"event\"", forged, 1);
        let error = journal::parse(forged.as_bytes()).unwrap_err();
        assert!(
            matches!(error, JournalError::Line { line: 2, .. }),
            "{error:?}"
        );
    }
}

#[test]
fn a_journal_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FolderLedger::new(folder.path());
    ledger.journal(&header()).unwrap();
    assert!(ledger.journal(&header()).is_err());
}

#[tokio::test(start_paused = true)]
async fn what_the_journal_cannot_name_is_not_written_over() {
    let world = MemoryWorld::new().with_bucket(&build::source());
    let world = Recording::new(world);
    let target = Target::Bucket(build::source(), BucketPart::Replication);
    let rule = build::rule("ours", 1, "", &build::destination());
    let wanted = build::replication(&build::role("r"), [rule]);
    let step = build::step(&target, None, Some(wanted), &[]);
    let (canceller, cancel) = canceller();
    // As a journal does whose line does not fit on the disk.
    let mut sink = |event: &RunEvent| {
        if matches!(event, RunEvent::Writing { .. }) {
            canceller.cancel();
        }
    };
    let run = Run {
        id: "run",
        world: &world,
        receipts: &MemoryReceipts::default(),
        clock: &now,
        limits: &crate::support::limits(),
        read_at: tokio::time::Instant::now(),
        cancel,
    };
    execute(&[step], &run, &mut sink).await.unwrap();
    assert_eq!(world.written(), Vec::<String>::new());
}
