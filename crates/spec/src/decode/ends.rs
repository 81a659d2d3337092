//! From which bucket to which: the two ends of a migration, and what they make impossible.

use s3ferry_core::ids::{ACCOUNT_REGIONAL, AccountName, BucketName, RoleName};
use s3ferry_core::spec::{Account, Create, Encryption, KeyPolicies, ReplicaOwner};

use super::accounts::Accounts;
use super::keys::{self, Side};
use super::role;
use super::rule::Context;
use super::view::View;
use crate::report::{Report, Span};

/// The ends of a migration. What is `None` was told; the rest is good for further checks.
pub(super) struct Ends<'a> {
    pub(super) source: Option<End<'a>>,
    pub(super) destination: Option<End<'a>>,
    pub(super) create: Option<(Create, Span)>,
    pub(super) key_policies: Option<KeyPolicies>,
    pub(super) owner: Option<(ReplicaOwner, Option<Span>)>,
    /// Whether the ends go together.
    pub(super) sound: Option<()>,
}

/// A bucket in its account.
pub(super) struct End<'a> {
    pub(super) name: AccountName,
    pub(super) account: &'a Account,
    pub(super) bucket: BucketName,
    pub(super) at: EndPlace,
}

/// Where a bucket and its account are named.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndPlace {
    pub(super) account: Span,
    pub(super) bucket: Span,
}

/// Reads both ends.
pub(super) fn ends<'a>(
    report: &mut Report<'_>,
    accounts: &'a Accounts,
    view: &View<'_>,
) -> Ends<'a> {
    let source = view
        .require(report, "source")
        .and_then(|view| end(report, accounts, &view));
    let there = view.require(report, "destination");
    let destination = there.and_then(|view| end(report, accounts, &view));
    let account = destination.as_ref().map(|end| end.account);
    let create = there.and_then(|view| create(report, &view, account));
    let key_policies = there.and_then(|view| key_policies(&view));
    let owner = owner(view);
    let sound = match (&source, &destination, owner) {
        (Some(source), Some(destination), Some(owner)) => {
            let together = together(report, source, destination);
            together.and_then(|()| same_account(report, source, destination, owner.0, owner.1))
        }
        _ => None,
    };
    Ends {
        source,
        destination,
        create,
        key_policies,
        owner,
        sound,
    }
}

impl Ends<'_> {
    /// The replication role, if the accounts that it is judged by are known.
    pub(super) fn role(
        &self,
        report: &mut Report<'_>,
        view: &View<'_>,
    ) -> Option<(RoleName, Option<Span>)> {
        let (source, destination) = (self.source.as_ref()?, self.destination.as_ref()?);
        role::role(
            report,
            view,
            &source.bucket,
            source.account,
            destination.account,
        )
    }

    /// The role of jobs, if the source is known.
    pub(super) fn batch_role(
        &self,
        report: &mut Report<'_>,
        view: &View<'_>,
    ) -> Option<(RoleName, Option<Span>)> {
        role::batch_role(report, view, "batch", &self.source.as_ref()?.bucket)
    }

    /// The role of jobs on the destination bucket, if it is known.
    pub(super) fn destination_batch_role(
        &self,
        report: &mut Report<'_>,
        view: &View<'_>,
    ) -> Option<(RoleName, Option<Span>)> {
        let bucket = &self.destination.as_ref()?.bucket;
        role::batch_role(report, view, "destination_batch", bucket)
    }

    /// What rules are judged by.
    pub(super) fn context(&self) -> Context<'_> {
        Context {
            source: self.source.as_ref().map(|end| end.account),
            destination: self.destination.as_ref().map(|end| end.account),
            create: self.create.as_ref().map(|(create, _)| create),
        }
    }
}

fn end<'a>(report: &mut Report<'_>, accounts: &'a Accounts, view: &View<'_>) -> Option<End<'a>> {
    let account = view.require(report, "account");
    let bucket = view.require(report, "bucket");
    let account_at = account.as_ref().map(View::place);
    let account = account.and_then(|view| accounts.find(report, view.text()?, view.place()));
    let bucket = bucket?;
    let (name, account) = account?;
    let at = EndPlace {
        account: account_at?,
        bucket: bucket.place(),
    };
    let bucket = BucketName::new(bucket.text()?).ok()?;
    namespace(report, &bucket, account, at.bucket)?;
    Some(End {
        name,
        account,
        bucket,
        at,
    })
}

/// Names of an account's own namespace name the account and the Region that they are in (UG:bucketnamingrules).
pub(super) fn namespace(
    report: &mut Report<'_>,
    bucket: &BucketName,
    account: &Account,
    at: Span,
) -> Option<()> {
    let name = bucket.as_str();
    let own = format!("-{}-{}{ACCOUNT_REGIONAL}", account.id, account.region);
    if !name.ends_with(ACCOUNT_REGIONAL) || name.ends_with(&own) {
        return Some(());
    }
    report.error(
        "bucket-namespace",
        at,
        format!(
            "`{name}` is a name of an account's own namespace, and not of this account and Region"
        ),
        format!(
            "such names end with `{own}` here; other names must not end with `{ACCOUNT_REGIONAL}`"
        ),
    );
    None
}

/// What cannot be source and destination of one another.
fn together(report: &mut Report<'_>, source: &End<'_>, destination: &End<'_>) -> Option<()> {
    let (from, to) = (
        source.account.region.partition(),
        destination.account.region.partition(),
    );
    if source.bucket == destination.bucket {
        report.error(
            "same-bucket",
            destination.at.bucket,
            format!("`{}` is both source and destination", source.bucket),
            "name another destination bucket: S3 refuses to replicate a bucket to itself",
        );
        return None;
    }
    if from != to {
        report.error(
            "partition",
            destination.at.account,
            format!("the source is in partition {from}, and the destination is in {to}"),
            "S3 does not replicate between partitions: both accounts must be in one",
        );
        return None;
    }
    Some(())
}

/// UG:replication-change-owner, warning: an owner override within one account is accepted and stops the replication of ACLs.
fn same_account(
    report: &mut Report<'_>,
    source: &End<'_>,
    destination: &End<'_>,
    owner: ReplicaOwner,
    owner_at: Option<Span>,
) -> Option<()> {
    if source.account.id != destination.account.id || owner == ReplicaOwner::Source {
        return Some(());
    }
    report.error(
        "owner-in-one-account",
        owner_at.unwrap_or(destination.at.account),
        format!("source and destination are one account, {}, so there is no owner to change to", source.account.id),
        "write `owner: source`: S3 accepts an owner override within one account and then stops replicating ACLs without a word",
    );
    None
}

fn create(
    report: &mut Report<'_>,
    view: &View<'_>,
    account: Option<&Account>,
) -> Option<(Create, Span)> {
    let create = view.bool_or("create", false)?;
    let create_at = view
        .optional("create")?
        .map_or(view.at, |view| view.place());
    let encryption = view.optional("encryption")?;
    match (create, encryption) {
        (false, None) => Some((Create::No, create_at)),
        (true, None) => Some((Create::Yes(Encryption::SseS3), create_at)),
        (true, Some(encryption)) => Some((
            Create::Yes(encryption_of(report, &encryption, account)?),
            create_at,
        )),
        (false, Some(encryption)) => {
            report.error(
                "encryption-without-create",
                encryption.at,
                "`encryption` is for a bucket that s3ferry makes, and this one exists",
                "write `create: true`, or remove `encryption`: the settings of a bucket that others made are left alone",
            );
            None
        }
    }
}

fn key_policies(view: &View<'_>) -> Option<KeyPolicies> {
    let Some(kms) = view.optional("kms")? else {
        return Some(KeyPolicies::LeftAlone);
    };
    let writes = kms.bool_or("write_policy", false)?;
    Some(if writes {
        KeyPolicies::Written
    } else {
        KeyPolicies::LeftAlone
    })
}

fn encryption_of(
    report: &mut Report<'_>,
    view: &View<'_>,
    account: Option<&Account>,
) -> Option<Encryption> {
    if view.text().is_some() {
        return Some(Encryption::SseS3);
    }
    let key = view.require(report, "kms_key");
    let bucket_key = view.bool_or("bucket_key", true);
    let key = key?;
    let key = keys::key(report, key.text()?, key.place(), Side::Destination, account)?;
    Some(Encryption::SseKms {
        key,
        bucket_key: bucket_key?,
    })
}

fn owner(view: &View<'_>) -> Option<(ReplicaOwner, Option<Span>)> {
    let Some(owner) = view.optional("owner")? else {
        return Some((ReplicaOwner::Destination, None));
    };
    let at = Some(owner.place());
    match owner.text()? {
        "destination" => Some((ReplicaOwner::Destination, at)),
        "source" => Some((ReplicaOwner::Source, at)),
        _ => None,
    }
}
