//! The buckets that replicate: those that are named, or all of an account.

use std::collections::BTreeSet;

use s3ferry_aws::Cloud;
use s3ferry_core::import::replicating;
use s3ferry_core::model::{BucketRef, Observed, OutOfReach};
use s3ferry_engine::import::{NotFound, all, configurations, find};

use crate::args::Import;
use crate::causes::messages;
use crate::exit::Exit;
use crate::planning::unreadable;
use crate::printer::Printer;

/// What is said where there is no spec.
pub(super) const NOTHING: &str = "Nothing was imported";

/// The source buckets with their configurations.
pub(super) async fn sources(
    printer: &Printer,
    args: &Import,
    cloud: &Cloud,
    parallelism: usize,
) -> Result<(BTreeSet<BucketRef>, Observed), Exit> {
    printer.status("looking for replication");
    let failed = |failures: Vec<_>| unreadable(printer, &failures, NOTHING);
    if args.all {
        let accounts = args.account.iter().cloned().collect();
        let buckets = all(cloud, &accounts, &args.region, parallelism).await;
        let (buckets, unnamed) = buckets.map_err(failed)?;
        for name in unnamed {
            let name = s3ferry_render::sanitize(&name);
            printer.warning(&format!(
                "the bucket {name} has a name that no bucket can have any more, and was not looked at"
            ));
        }
        let found = configurations(cloud, &buckets, true, parallelism).await;
        let found = found.map_err(failed)?;
        let sources = replicating(&found);
        return has_any(printer, args, &sources, &found).map(|()| (sources, found));
    }
    let named = args.source.iter().cloned().collect();
    let sources = find(cloud, &named, |_| args.region.clone()).await;
    let sources = sources.map_err(|missing| missing_sources(printer, &missing))?;
    let found = configurations(cloud, &sources, false, parallelism).await;
    let found = found.map_err(failed)?;
    has_rules(printer, &sources, &found)?;
    Ok((sources, found))
}

/// Whether any bucket of the accounts replicates, as far as they could be looked at.
fn has_any(
    printer: &Printer,
    args: &Import,
    sources: &BTreeSet<BucketRef>,
    found: &Observed,
) -> Result<(), Exit> {
    if !sources.is_empty() {
        return Ok(());
    }
    printer.clear_status();
    let ids: Vec<String> = args.account.iter().map(ToString::to_string).collect();
    let text = format!("no bucket of {} replicates anything", ids.join(", "));
    let unseen = found.out_of_reach();
    for (target, why) in unseen {
        let (OutOfReach::Elsewhere(code) | OutOfReach::Unread(code)) = why;
        printer.warning(&format!("{target} could not be looked at: {code}"));
    }
    if unseen.is_empty() {
        printer.error(&text, None);
        return Err(Exit::Error);
    }
    let hint = "the callers need s3:GetReplicationConfiguration on every bucket";
    printer.error(&format!("{text} that could be looked at"), Some(hint));
    Err(Exit::Denied)
}

fn missing_sources(printer: &Printer, missing: &[NotFound]) -> Exit {
    printer.clear_status();
    let mut failures = Vec::new();
    for of in missing {
        match of {
            NotFound::Nowhere(account, bucket) => {
                let text = format!("account {account} has no bucket {bucket}");
                printer.error(&text, None);
            }
            NotFound::Failed(error) => failures.push((**error).clone()),
        }
    }
    for (text, hint) in messages(&failures) {
        printer.error(&text, hint);
    }
    Exit::of_errors(failures.iter())
}

/// A bucket that was named and replicates nothing is a slip.
fn has_rules(
    printer: &Printer,
    sources: &BTreeSet<BucketRef>,
    found: &Observed,
) -> Result<(), Exit> {
    let replicating = replicating(found);
    let without: Vec<&BucketRef> = sources.difference(&replicating).collect();
    for bucket in &without {
        let text = format!(
            "{} of account {} has no replication configuration",
            bucket.bucket, bucket.account
        );
        printer.error(
            &text,
            Some("name a bucket that replicates; what is only prepared cannot be told from its rules"),
        );
    }
    if without.is_empty() {
        Ok(())
    } else {
        Err(Exit::Error)
    }
}
