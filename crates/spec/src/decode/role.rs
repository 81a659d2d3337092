//! The replication role: one per source bucket, in the source account.

use s3ferry_core::ids::{Arn, BucketName, RoleName};
use s3ferry_core::spec::{Account, default_batch_role, default_role};

use super::view::View;
use crate::report::{Report, Span};
use crate::yaml::Kind;

/// The path of every role that s3ferry makes.
const PATH: &str = "role/s3ferry/";

/// The role that a migration names, and where; or the default.
pub(super) fn role(
    report: &mut Report<'_>,
    migration: &View<'_>,
    bucket: &BucketName,
    source: &Account,
    destination: &Account,
) -> Option<(RoleName, Option<Span>)> {
    let replication = match migration.optional("roles")? {
        Some(roles) => roles.optional("replication")?,
        None => None,
    };
    let Some(view) = replication else {
        return Some((default_role(bucket), None));
    };
    let name = match view.node().kind {
        Kind::Map(_) => view.require(report, "name")?,
        _ => view,
    };
    let (text, at) = (name.text()?, name.place());
    if text.starts_with("arn:") {
        let arn = Arn::new(text).ok()?;
        let role = by_arn(report, &arn, at, source, destination)?;
        return Some((role, Some(at)));
    }
    Some((RoleName::new(text).ok()?, Some(at)))
}

fn by_arn(
    report: &mut Report<'_>,
    arn: &Arn,
    at: Span,
    source: &Account,
    destination: &Account,
) -> Option<RoleName> {
    let last = arn.resource().rsplit('/').next().unwrap_or_default();
    if arn.account() == source.id.as_str() {
        return by_path(report, arn, at, last);
    }
    if arn.account() == destination.id.as_str() {
        report.error(
            "role-in-destination",
            at,
            format!("the replication role is in account {}, the destination", arn.account()),
            format!(
                "write `replication: {{ name: {last} }}`: s3ferry makes that role in the source account, {}\n\
                 S3 assumes ONE role to read the source and write the destination, and it is passed to S3 in the source \
                 account; iam:PassRole never crosses accounts (IAM User Guide, id_roles_use_passrole)\n\
                 the destination account grants that role in its bucket policy, which s3ferry writes",
                source.id
            ),
        );
    } else {
        report.error(
            "role-account",
            at,
            format!("the replication role is in account {}, and the source account is {}", arn.account(), source.id),
            "write the name only: the role is made in the source account, because iam:PassRole never crosses accounts",
        );
    }
    None
}

fn by_path(report: &mut Report<'_>, arn: &Arn, at: Span, last: &str) -> Option<RoleName> {
    if let Some(name) = arn
        .resource()
        .strip_prefix(PATH)
        .and_then(|name| RoleName::new(name).ok())
    {
        return Some(name);
    }
    report.error(
        "role-path",
        at,
        format!("the role `{}` is not under the path /s3ferry/", arn.resource()),
        format!(
            "write `replication: {{ name: {last} }}`: s3ferry makes the role /s3ferry/{last} and keeps its policies\n\
             a role of that name that exists is taken over only with its address in `guards.adopt`"
        ),
    );
    None
}

/// The role of jobs on a bucket that a migration names in a field, and where; or the default.
pub(super) fn batch_role(
    report: &mut Report<'_>,
    migration: &View<'_>,
    field: &'static str,
    bucket: &BucketName,
) -> Option<(RoleName, Option<Span>)> {
    let named = match migration.optional("roles")? {
        Some(roles) => roles.optional(field)?,
        None => None,
    };
    let Some(view) = named else {
        return Some((default_batch_role(bucket), None));
    };
    let name = match view.node().kind {
        Kind::Map(_) => view.require(report, "name")?,
        _ => view,
    };
    Some((RoleName::new(name.text()?).ok()?, Some(name.place())))
}
