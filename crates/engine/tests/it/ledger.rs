//! The ledger: proofs by content, files that prove nothing, and the lock.

use std::fs;

use s3ferry_core::format::reading::ReadError;
use s3ferry_core::plan::{Proof, ProofSubject};
use s3ferry_engine::ledger::{
    CanaryReceipt, FolderLedger, KeptProofs, LedgerError, Place, RECEIPT_FORMAT, ReceiptError,
    ReceiptStore as _,
};

use sha2::{Digest, Sha256};

use crate::support::now;

fn receipt(subject: &str) -> CanaryReceipt {
    let place = |account: &str, region: &str, bucket: &str| Place {
        account: account.to_owned(),
        region: region.to_owned(),
        bucket: bucket.to_owned(),
    };
    CanaryReceipt {
        format: RECEIPT_FORMAT.to_owned(),
        s3ferry: "0.1.0".to_owned(),
        subject: subject.to_owned(),
        role_id: "AROA1".to_owned(),
        spec: Some("test".to_owned()),
        migration: "orders".to_owned(),
        rule: "everything".to_owned(),
        source: place("111111111111", "eu-west-1", "orders-prod"),
        destination: place("222222222222", "eu-central-1", "orders-archive"),
        key: ".s3ferry-canary".to_owned(),
        version: "v1".to_owned(),
        size: 3,
        same_etag: true,
        alarm: None,
        proven_at: now(),
    }
}

fn proof(subject: &str) -> Proof {
    Proof {
        subject: ProofSubject(subject.to_owned()),
        role_id: "AROA1".to_owned(),
    }
}

fn ledger() -> (tempfile::TempDir, FolderLedger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FolderLedger::new(folder.path().join("ledger"));
    (folder, ledger)
}

fn files(ledger: &FolderLedger) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(ledger.root().join("receipts")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn what_is_kept_is_proven_and_keeping_twice_is_keeping_once() {
    let (_folder, ledger) = ledger();
    let first = ledger.keep(&receipt("a")).await.unwrap();
    assert_eq!(ledger.keep(&receipt("a")).await.unwrap(), first);
    ledger.keep(&receipt("b")).await.unwrap();
    let kept = ledger.proofs().unwrap();
    assert!(kept.proofs.into_iter().eq([proof("a"), proof("b")]));
    assert!(kept.ignored.is_empty());
    assert_eq!(files(&ledger).len(), 2, "no temporary file stays");
    let hex = first.to_string().replace("sha256:", "sha256-");
    assert!(
        files(&ledger)
            .iter()
            .any(|path| path.ends_with(format!("{hex}.json")))
    );
}

#[test]
fn reading_a_ledger_that_is_not_there_makes_none() {
    let (_folder, ledger) = ledger();
    assert!(ledger.proofs().unwrap().proofs.is_empty());
    assert!(!ledger.root().exists());
}

#[tokio::test]
async fn a_receipt_that_was_changed_cut_or_renamed_proves_nothing_and_is_named() {
    let (_folder, ledger) = ledger();
    ledger.keep(&receipt("changed")).await.unwrap();
    let path = files(&ledger).remove(0);
    let text = fs::read_to_string(&path).unwrap();
    let forged = [
        text.replace("changed", "forged!"),
        text[..text.len() / 2].to_owned(),
        String::new(),
    ];
    for content in forged {
        fs::write(&path, content).unwrap();
        let kept = ledger.proofs().unwrap();
        assert!(kept.proofs.is_empty());
        assert_eq!(kept.ignored.len(), 1);
        assert_eq!(kept.ignored[0].path, path);
        assert!(matches!(kept.ignored[0].why, ReceiptError::Hash));
    }
    ledger.keep(&receipt("changed")).await.unwrap();
    assert_eq!(
        ledger.proofs().unwrap().proofs.len(),
        1,
        "keeping again mends it"
    );
    fs::rename(&path, path.with_file_name("sha256-0.json")).unwrap();
    assert!(ledger.proofs().unwrap().proofs.is_empty());
}

#[tokio::test]
async fn a_receipt_of_another_format_proves_nothing_here() {
    let (_folder, ledger) = ledger();
    let newer = CanaryReceipt {
        format: "3.0".to_owned(),
        ..receipt("a")
    };
    ledger.keep(&newer).await.unwrap();
    let kept = ledger.proofs().unwrap();
    assert!(kept.proofs.is_empty());
    assert!(matches!(
        kept.ignored[0].why,
        ReceiptError::Unreadable(ReadError::Version { .. })
    ));
}

/// Keeps a receipt as that version writes it, with a key of its own.
fn keep_as_written_by(ledger: &FolderLedger, format: &str) -> KeptProofs {
    let mut receipt = serde_json::to_value(receipt("a")).unwrap();
    receipt["format"] = format.into();
    receipt["source"]["zone"] = "a".into();
    let content = receipt.to_string();
    let hash = Sha256::digest(&content);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = ledger.root().join("receipts");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("sha256-{hex}.json")), &content).unwrap();
    let kept = ledger.proofs().unwrap();
    let id = format!("sha256:{hex}");
    assert_eq!(kept.receipts.len() + kept.ignored.len(), 1);
    assert!(kept.receipts.keys().all(|kept| kept.to_string() == id));
    kept
}

#[test]
fn a_receipt_of_a_newer_minor_proves_what_it_says_and_its_keys_are_named() {
    let (_folder, ledger) = ledger();
    let kept = keep_as_written_by(&ledger, "2.3");
    assert!(kept.proofs.contains(&proof("a")));
    let newer: Vec<_> = kept.newer.values().collect();
    let ignored: Vec<&str> = newer[0].ignored.iter().map(String::as_str).collect();
    assert_eq!((newer.len(), ignored), (1, vec!["source.zone"]));
}

#[test]
fn a_receipt_of_our_minor_with_a_key_it_does_not_have_proves_nothing() {
    let (_folder, ledger) = ledger();
    let kept = keep_as_written_by(&ledger, RECEIPT_FORMAT);
    assert!(kept.proofs.is_empty());
    assert!(matches!(
        kept.ignored[0].why,
        ReceiptError::Unreadable(ReadError::UnknownKeys { .. })
    ));
}

#[tokio::test]
async fn a_temporary_file_of_a_killed_run_is_no_receipt() {
    let (_folder, ledger) = ledger();
    ledger.keep(&receipt("a")).await.unwrap();
    fs::write(ledger.root().join("receipts/.1-0.tmp"), "{").unwrap();
    let kept = ledger.proofs().unwrap();
    assert_eq!((kept.proofs.len(), kept.ignored.len()), (1, 0));
}

#[test]
fn the_lock_is_held_by_one_and_free_again_when_dropped() {
    let (_folder, ledger) = ledger();
    let held = ledger.lock("run-1").unwrap();
    let refused = ledger.lock("run-2").unwrap_err();
    assert!(refused.to_string().contains("(run run-1)"), "{refused}");
    assert!(matches!(refused, LedgerError::Locked { .. }));
    drop(held);
    ledger.lock("run-3").unwrap();
}
