//! One migration.

use s3ferry_core::ids::{BucketName, MigrationName};
use s3ferry_core::spec::{
    Account, Canary, Create, Destination, Encryption, Guards, Migration, Monitoring, Phase,
    ReplicaOwner, Source,
};

use super::accounts::Accounts;
use super::keys::{self, Side};
use super::role;
use super::rule::{self, Context};
use super::view::View;
use crate::report::{Report, Span};
use crate::scalar::LONGEST_KEY;
use crate::yaml::Kind;

/// The name of canary objects where none is given.
const CANARY: &str = ".s3ferry-canary";

/// A migration and the places that contradictions point to.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) name: MigrationName,
    pub(super) migration: Migration,
    pub(super) source: EndPlace,
    pub(super) destination: EndPlace,
    pub(super) role_at: Option<Span>,
    pub(super) create_at: Span,
    pub(super) owner_at: Span,
    pub(super) rules_at: Vec<(Span, Span)>,
}

/// Where a bucket and its account are named.
#[derive(Debug, Clone, Copy)]
pub(super) struct EndPlace {
    pub(super) account: Span,
    pub(super) bucket: Span,
}

struct End<'a> {
    name: s3ferry_core::ids::AccountName,
    account: &'a Account,
    bucket: BucketName,
    at: EndPlace,
}

/// Reads a migration.
pub(super) fn migration(
    report: &mut Report<'_>,
    accounts: &Accounts,
    view: &View<'_>,
    name: MigrationName,
) -> Option<Placed> {
    if matches!(view.node().kind, Kind::Bad) {
        return None;
    }
    let phase = phase(report, view);
    let canary = canary(report, view);
    let owner = owner(view);
    let source_view = view.require(report, "source");
    let destination_view = view.require(report, "destination");
    let rules_view = view.require(report, "rules");
    let source = source_view.and_then(|view| end(report, accounts, &view));
    let destination = destination_view.and_then(|view| end(report, accounts, &view));
    let (source, destination) = (source?, destination?);
    let (create, create_at) = create(report, &destination_view?, destination.account)?;
    ends(report, &source, &destination)?;
    let (owner, owner_at) = owner?;
    same_account(report, &source, &destination, owner, owner_at)?;
    let role = role::role(
        report,
        view,
        &source.bucket,
        source.account,
        destination.account,
    );
    let context = Context {
        source: source.account,
        destination: destination.account,
        create: &create,
    };
    let rules = rules_view.and_then(|view| rule::rules(report, &view, &context));
    let canary = canary?;
    let (role, rules) = (role?, rules?);
    canary_fits(report, &canary, &rules)?;
    let migration = Migration {
        phase: phase?,
        source: Source {
            account: source.name,
            bucket: source.bucket,
        },
        destination: Destination {
            account: destination.name,
            bucket: destination.bucket,
            create,
        },
        role: role.0,
        owner,
        canary,
        monitoring: monitoring(view)?,
        guards: guards(report, view)?,
        rules: rules.iter().map(|placed| placed.rule.clone()).collect(),
    };
    Some(Placed {
        name,
        migration,
        source: source.at,
        destination: destination.at,
        role_at: role.1,
        create_at,
        owner_at: owner_at.unwrap_or(destination.at.account),
        rules_at: rules
            .iter()
            .map(|placed| (placed.id_at, placed.filter_at))
            .collect(),
    })
}

fn phase(report: &mut Report<'_>, view: &View<'_>) -> Option<Phase> {
    let text = view.require(report, "phase")?.text()?;
    Phase::ALL.into_iter().find(|phase| phase.as_str() == text)
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
    Some(End {
        name,
        account,
        bucket: BucketName::new(bucket.text()?).ok()?,
        at,
    })
}

/// What cannot be source and destination of one another.
fn ends(report: &mut Report<'_>, source: &End<'_>, destination: &End<'_>) -> Option<()> {
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

fn create(report: &mut Report<'_>, view: &View<'_>, account: &Account) -> Option<(Create, Span)> {
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

fn encryption_of(
    report: &mut Report<'_>,
    view: &View<'_>,
    account: &Account,
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

fn canary(report: &mut Report<'_>, view: &View<'_>) -> Option<Canary> {
    let written = |name: &str| Canary::Write {
        name: name.to_owned(),
    };
    let Some(view) = view.optional("canary")? else {
        return Some(written(CANARY));
    };
    match (view.optional("name")?, view.optional("skip")?) {
        (Some(_), Some(skip)) => {
            report.error(
                "contradiction",
                skip.at,
                "`skip` contradicts `name` of the same canary",
                "keep one of the two: `name` to prove the rules, `skip` to say why they are not proven",
            );
            None
        }
        (None, Some(skip)) => Some(Canary::Skip {
            reason: skip.text()?.to_owned(),
        }),
        (Some(name), None) => Some(written(name.text()?)),
        (None, None) => Some(written(CANARY)),
    }
}

/// The canary's key, a rule's prefix and the name, must be a key.
fn canary_fits(report: &mut Report<'_>, canary: &Canary, rules: &[rule::Placed]) -> Option<()> {
    let Canary::Write { name } = canary else {
        return Some(());
    };
    let too_long = |placed: &&rule::Placed| placed.rule.prefix.len() + name.len() > LONGEST_KEY;
    let Some(placed) = rules.iter().find(too_long) else {
        return Some(());
    };
    let length = placed.rule.prefix.len() + name.len();
    report.error(
        "canary-too-long",
        placed.filter_at,
        format!("the canary of rule `{}` would have a key of {length} bytes", placed.rule.name),
        "a key has up to 1,024 bytes: write a shorter `canary: { name: NAME }`, or `canary: { skip: \"reason\" }`",
    );
    None
}

fn monitoring(view: &View<'_>) -> Option<Monitoring> {
    let Some(view) = view.optional("monitoring")? else {
        return Some(Monitoring::Unset);
    };
    let reason = view.optional("none")??.text()?.to_owned();
    Some(Monitoring::None { reason })
}

fn guards(report: &mut Report<'_>, view: &View<'_>) -> Option<Guards> {
    let Some(view) = view.optional("guards")? else {
        return Some(Guards::default());
    };
    let max_deletes = match view.optional("max_deletes")? {
        Some(count) => match count.node().kind {
            Kind::Number(_, Some(count)) => u32::try_from(count).ok()?,
            _ => return None,
        },
        None => 0,
    };
    Some(Guards {
        max_deletes,
        adopt: adopt(report, &view)?,
    })
}

fn adopt(report: &mut Report<'_>, view: &View<'_>) -> Option<Vec<String>> {
    let mut adopt: Vec<String> = Vec::new();
    let Some(list) = view.optional("adopt")? else {
        return Some(adopt);
    };
    for item in list.node().items() {
        let address = item.text()?;
        if adopt.iter().any(|known| known == address) {
            report.error(
                "listed-twice",
                item.at,
                format!("`{address}` is listed twice"),
                "keep one of the two",
            );
            return None;
        }
        adopt.push(address.to_owned());
    }
    Some(adopt)
}
