//! KMS keys: S3 accepts a rule with any text as its key, and then no object replicates
//! (UG:replication-config-for-kms-objects), so what can be seen offline is refused here.

use s3ferry_core::ids::Arn;
use s3ferry_core::spec::Account;

use crate::report::{Report, Span};

/// Which side a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It decrypts source objects.
    Source,
    /// It encrypts replicas.
    Destination,
    /// It encrypts inventories of the bucket on this side: "source" or "destination".
    Lists(&'static str),
}

/// A key that belongs to the account and Region of its bucket; nothing is said of it where the account is not known.
pub(super) fn key(
    report: &mut Report<'_>,
    text: &str,
    at: Span,
    side: Side,
    account: Option<&Account>,
) -> Option<Arn> {
    let key = Arn::new(text).ok()?;
    let account = account?;
    let Some((code, message, help)) = misplaced(&key, side, account) else {
        if key.account() != account.id.as_str() {
            other_account(report, &key, at, side, account);
        }
        return Some(key);
    };
    report.error(code, at, message, help);
    None
}

/// Why a key cannot serve a bucket of this Region.
fn misplaced(key: &Arn, side: Side, account: &Account) -> Option<(&'static str, String, String)> {
    let (name, why) = match side {
        Side::Source => ("source", "objects are encrypted in their bucket's Region"),
        Side::Destination => (
            "destination",
            "replicas are encrypted in the destination Region; S3 does not check it and every object fails",
        ),
        Side::Lists(side) => (
            side,
            "lists are encrypted in the Region of the bucket that they go to",
        ),
    };
    let (region, partition) = (&account.region, account.region.partition());
    if key.partition() != partition.as_str() {
        let message = format!(
            "the key is in partition {}, and the {name} account is in {partition}",
            key.partition()
        );
        let help = format!("name a key whose ARN begins with `arn:{partition}:kms:{region}:`");
        return Some(("partition", message, help));
    }
    if key.region() != region.as_str() {
        let message = format!(
            "the key is in {}, and the {name} bucket is in {region}",
            key.region()
        );
        return Some((
            "key-region",
            message,
            format!("name a key of {region}: {why}"),
        ));
    }
    None
}

fn other_account(report: &mut Report<'_>, key: &Arn, at: Span, side: Side, account: &Account) {
    match side {
        Side::Lists(_) => {} // Its policy must let S3 use it wherever it is, and a plan says so.
        Side::Destination => report.error(
            "key-account",
            at,
            format!("the key is in account {}, and the destination account is {}", key.account(), account.id),
            format!(
                "name a customer managed key of account {}: replicas under another account's key, or under its `aws/s3`, \
                 cannot be read by the account that stores them",
                account.id
            ),
        ),
        Side::Source => report.warning(
            "key-account",
            at,
            format!("the key is in account {}, and the source account is {}", key.account(), account.id),
            "its key policy must let the replication role decrypt, and s3ferry cannot see or set that",
        ),
    }
}
