//! The last receipts of a ledger, for people: what was proven, copied and compared last, and when.

use std::collections::BTreeMap;

use s3ferry_core::format::status::ReceiptKind;
use s3ferry_core::format::verification::{Answer, Verification};
use s3ferry_core::goals::is_whole;
use s3ferry_core::ids::SpecName;
use s3ferry_core::plan::JobEnd;
use s3ferry_core::status::LastReceipt;

use super::backfill::{BACKFILL_FORMAT, BackfillReceipt};
use super::folder::{LONGEST_RECEIPT, files as listed};
use super::receipt::{CanaryReceipt, RECEIPT_FORMAT, from_file};
use super::{FolderLedger, LedgerError};

/// What a receipt is the last one of.
type Of = (String, ReceiptKind, Option<String>);

impl FolderLedger {
    /// Reads the last receipts of a spec. Files that say nothing are named where a plan reads them.
    ///
    /// # Errors
    /// [`LedgerError::Io`] where a folder cannot be read.
    pub fn last_receipts(&self, spec: &SpecName) -> Result<Vec<LastReceipt>, LedgerError> {
        let mut last: BTreeMap<Of, LastReceipt> = BTreeMap::new();
        let mut keep = |receipt: LastReceipt| {
            let rule = receipt.of.clone();
            let rule = rule.filter(|_| receipt.kind == ReceiptKind::Canary);
            let of = (receipt.migration.clone(), receipt.kind, rule);
            let is_newer = last.get(&of).is_none_or(|before| before.at < receipt.at);
            if is_newer {
                last.insert(of, receipt);
            }
        };
        for path in listed(&self.root().join("receipts"), "json")? {
            let read = from_file::<CanaryReceipt>(&path, LONGEST_RECEIPT, RECEIPT_FORMAT);
            let ours = read.ok().map(|(_, read)| read.value);
            let is_ours =
                |of: &CanaryReceipt| of.spec.as_ref().is_none_or(|of| of == spec.as_str());
            ours.filter(is_ours)
                .map(canary)
                .into_iter()
                .for_each(&mut keep);
        }
        for path in listed(&self.root().join("backfills"), "json")? {
            let read = from_file::<BackfillReceipt>(&path, LONGEST_RECEIPT, BACKFILL_FORMAT);
            let ours = read.ok().map(|(_, read)| read.value);
            let ours = ours.filter(|of| of.spec == spec.as_str());
            ours.map(|of| backfill(&of)).into_iter().for_each(&mut keep);
        }
        for (_, of) in self.verifications()?.found {
            if of.spec == spec.as_str() {
                keep(verification(of));
            }
        }
        Ok(last.into_values().collect())
    }
}

fn canary(of: CanaryReceipt) -> LastReceipt {
    let is_of_alarms = of.alarm.is_some();
    let (kind, says) = if is_of_alarms {
        (ReceiptKind::Alarms, "an object that failed raised an alarm")
    } else {
        (ReceiptKind::Canary, "an object arrived")
    };
    LastReceipt {
        migration: of.migration,
        kind,
        of: (!is_of_alarms).then_some(of.rule),
        at: of.proven_at,
        good: true,
        says: says.to_owned(),
    }
}

fn backfill(of: &BackfillReceipt) -> LastReceipt {
    let ended = of.says();
    let says = match &ended.end {
        JobEnd::Complete => format!("{} objects tried, {} failed", ended.tasks, ended.failed),
        JobEnd::NothingToDo => "there was nothing to copy".to_owned(),
        JobEnd::NothingUnderRules => "no key begins as the rules say".to_owned(),
        JobEnd::AllArchived => "everything is archived".to_owned(),
        JobEnd::Failed(reason) => format!("S3 gave it up: {reason}"),
        JobEnd::Cancelled => "somebody cancelled it".to_owned(),
    };
    LastReceipt {
        migration: of.migration.clone(),
        kind: ReceiptKind::Backfill,
        of: Some(ended.job.clone()),
        at: of.read_at.clone(),
        good: is_whole(&ended),
        says,
    }
}

fn verification(of: Verification) -> LastReceipt {
    let (different, unknown) = (
        of.versions(Answer::Different),
        of.versions(Answer::Unprovable),
    );
    let says = if of.clean {
        "both sides are the same".to_owned()
    } else {
        format!("{different} versions differ, {unknown} are not known")
    };
    LastReceipt {
        migration: of.migration,
        kind: ReceiptKind::Verification,
        of: None,
        at: of.ended,
        good: of.clean,
        says,
    }
}
