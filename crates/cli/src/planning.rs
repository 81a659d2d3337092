//! From a loaded spec to a plan: sign in, observe, plan.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use s3ferry_aws::{Caller, Cloud, Endpoint, Options};
use s3ferry_core::format::{AccountInfo, PlanFile};
use s3ferry_core::ids::AccountName;
use s3ferry_core::model::Observed;
use s3ferry_core::plan::file::Head;
use s3ferry_core::plan::{Comparisons, EndedJob, PlacedCanary, Proofs, Step};
use s3ferry_core::reads::is_left;
use s3ferry_core::remembered::Remembered;
use s3ferry_core::spec::Spec;
use s3ferry_engine::ledger::{ChecksumsReceipt, FolderLedger, LedgerError, ReceiptId, verified};
use s3ferry_engine::ports::{Class, PortError};
use s3ferry_engine::{Survey, Surveyed, survey};

use crate::build_info::VERSION;
use crate::causes::{messages, sign_in_messages};
use crate::chain::chain;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::specs::Loaded;
use crate::wording::ignored_keys;

/// A plan with the world it was made from, ready to be applied.
pub(crate) struct Planned {
    pub(crate) steps: Vec<Step>,
    pub(crate) file: PlanFile,
    pub(crate) cloud: Cloud,
    pub(crate) ledger: FolderLedger,
    pub(crate) remembered: Remembered,
    /// The world that it was made from.
    pub(crate) observed: Observed,
    /// When it had been read.
    pub(crate) read_at: tokio::time::Instant,
}

/// Signs in, reads both accounts and plans.
pub(crate) async fn make(
    printer: &Printer,
    loaded: &Loaded,
    parallelism: usize,
    endpoint: Option<Endpoint>,
) -> Result<Planned, Exit> {
    let (cloud, callers) = sign_in(printer, loaded, parallelism, endpoint).await?;
    printer.status("reading both accounts");
    let ledger = FolderLedger::new(&loaded.ledger);
    let (proofs, remembered) = of_ledger(printer, &ledger, loaded)?;
    let canaries = canaries(printer, &ledger)?;
    let ended = ended(printer, &ledger)?;
    let comparisons = comparisons(printer, &ledger)?;
    let of = Survey {
        spec: &loaded.spec,
        scope: &loaded.scope,
        proofs: &proofs,
        remembered: &remembered,
        search: loaded.info.search,
        canaries: &canaries,
        ended: &ended,
        comparisons: &comparisons,
    };
    let Surveyed { plan, observed } =
        survey(&cloud, of, parallelism).await.map_err(|failures| {
            let exit = unreadable(printer, &failures, "Nothing was planned");
            tell_left(printer, &loaded.spec, &failures);
            exit
        })?;
    let read_at = tokio::time::Instant::now();
    printer.clear_status();
    for remark in cloud.remarks() {
        printer.detail(&remark);
    }
    printer.detail(&format!(
        "read {}",
        s3ferry_render::plural(plan.estimate.reads, "document")
    ));
    let (steps, file) = plan.into_file(Head {
        s3ferry: VERSION.to_owned(),
        created: now(),
        spec: loaded.info.clone(),
        accounts: accounts(loaded, &callers),
    });
    Ok(Planned {
        steps,
        file,
        cloud,
        ledger,
        remembered,
        observed,
        read_at,
    })
}

/// Now, RFC 3339 in UTC, to the second.
pub(crate) fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

pub(crate) async fn sign_in(
    printer: &Printer,
    loaded: &Loaded,
    parallelism: usize,
    endpoint: Option<Endpoint>,
) -> Result<(Cloud, BTreeMap<AccountName, Caller>), Exit> {
    printer.status("signing in");
    let options = Options {
        parallelism,
        version: VERSION.to_owned(),
        endpoint,
        ..Options::default()
    };
    let signed_in = Cloud::connect(&loaded.spec.accounts, options).await;
    printer.clear_status();
    let (cloud, callers) = signed_in.map_err(|problems| {
        for (text, hint) in sign_in_messages(&problems) {
            printer.error(&text, hint);
        }
        Exit::of_errors(problems.iter().map(|problem| &problem.error))
    })?;
    for (name, caller) in &callers {
        printer.detail(&format!("signed in to {name} as {}", caller.arn));
    }
    Ok((cloud, callers))
}

pub(crate) fn unreadable(printer: &Printer, failures: &[PortError], nothing: &str) -> Exit {
    printer.clear_status();
    for (text, hint) in messages(failures) {
        printer.error(&text, hint);
    }
    let count = s3ferry_render::plural(failures.len() as u64, "document");
    printer.message(&format!("{nothing}: {count} could not be read."));
    Exit::of_errors(failures.iter())
}

/// Says of what the caller may not read why no policy that is printed for the spec allows it.
fn tell_left(printer: &Printer, spec: &Spec, failures: &[PortError]) {
    let mut denied = failures.iter().filter(|of| of.class == Class::Denied);
    if denied.any(|of| is_left(spec, &of.target)) {
        printer.message(
            "Some of it is what an earlier text of the spec named: its permissions are needed, too, until an apply has taken out what is there (s3ferry permissions).",
        );
    }
}

/// What receipts prove, and what runs worked on that the spec does not name.
fn of_ledger(
    printer: &Printer,
    ledger: &FolderLedger,
    loaded: &Loaded,
) -> Result<(Proofs, Remembered), Exit> {
    let kept = self::kept(printer, ledger.proofs())?;
    for ignored in &kept.ignored {
        let path = ignored.path.display();
        printer.warning(&format!(
            "the receipt {path} proves nothing: {}",
            chain(&ignored.why)
        ));
    }
    for warning in kept
        .newer
        .values()
        .filter_map(|newer| ignored_keys("a receipt in the ledger", newer))
    {
        printer.warning(&warning);
    }
    let remembered = ledger.remembered(&loaded.spec, &kept.receipts);
    let remembered = self::kept(printer, remembered)?;
    Ok((kept.proofs, remembered))
}

/// What the ledger holds; why it cannot be read is told.
fn kept<T>(printer: &Printer, read: Result<T, LedgerError>) -> Result<T, Exit> {
    read.map_err(|error| {
        printer.error(&chain(&error), None);
        Exit::Error
    })
}

/// Names files of the ledger that say nothing of what they are there for.
fn ignored<E: std::error::Error>(printer: &Printer, files: &[(PathBuf, E)], kind: &str, of: &str) {
    for (path, why) in files {
        let (path, why) = (path.display(), chain(why));
        printer.warning(&format!("{kind}{path} says nothing of {of}: {why}"));
    }
}

/// The jobs that have ended, as the ledger tells.
fn ended(printer: &Printer, ledger: &FolderLedger) -> Result<Vec<EndedJob>, Exit> {
    let mut kept = self::kept(printer, ledger.backfills())?;
    ignored(printer, &kept.ignored, "the receipt ", "a backfill");
    let now = Timestamp::now();
    let computed = checksums(printer, ledger)?.into_iter();
    let computed = computed.map(|(_, of)| of.says(age(&of.made, now)));
    kept.ended.extend(computed);
    Ok(kept.ended)
}

/// The receipts of jobs that computed checksums.
pub(crate) fn checksums(
    printer: &Printer,
    ledger: &FolderLedger,
) -> Result<Vec<(ReceiptId, ChecksumsReceipt)>, Exit> {
    let kept = self::kept(printer, ledger.checksums())?;
    ignored(printer, &kept.ignored, "the receipt ", "checksums");
    Ok(kept.found)
}

/// Comparisons of both sides, as the ledger tells.
fn comparisons(printer: &Printer, ledger: &FolderLedger) -> Result<Comparisons, Exit> {
    let kept = self::kept(printer, ledger.verifications())?;
    ignored(printer, &kept.ignored, "the receipt ", "a comparison");
    let now = Timestamp::now();
    let mut comparisons = Comparisons {
        verified: Vec::new(),
        unread: kept.ignored.len(),
    };
    for (id, found) in &kept.found {
        match verified(id, found, age(found.as_of(), now)) {
            Some(of) => comparisons.verified.extend(of),
            None => {
                printer.warning(&format!("the receipt {id} of a comparison says something that this version does not know: it counts as unread"));
                comparisons.unread += 1;
            }
        }
    }
    Ok(comparisons)
}

/// How far clocks of two machines may be apart, in seconds.
const SKEW: i64 = 300;

/// How many seconds ago something was; what is said to be of the future is of no age that anything could rest on.
fn age(when: &str, now: Timestamp) -> u64 {
    let seconds = when
        .parse::<Timestamp>()
        .map(|then| now.as_second() - then.as_second());
    match seconds {
        Ok(seconds) if seconds >= -SKEW => u64::try_from(seconds).unwrap_or(0),
        Ok(_) | Err(_) => u64::MAX,
    }
}

/// The canaries that may lie in buckets, as the ledger tells.
pub(crate) fn canaries(
    printer: &Printer,
    ledger: &FolderLedger,
) -> Result<Vec<PlacedCanary>, Exit> {
    let kept = self::kept(printer, ledger.canaries())?;
    ignored(
        printer,
        &kept.ignored,
        "",
        "a canary that may lie in a bucket",
    );
    Ok(kept.canaries)
}

fn accounts(loaded: &Loaded, callers: &BTreeMap<AccountName, Caller>) -> Vec<AccountInfo> {
    let info = |(name, account): (&AccountName, &s3ferry_core::spec::Account)| AccountInfo {
        name: name.to_string(),
        id: account.id.to_string(),
        region: account.region.to_string(),
        caller: callers
            .get(name)
            .map(|caller| caller.arn.to_string())
            .unwrap_or_default(),
    };
    loaded.spec.accounts.iter().map(info).collect()
}
