//! What can stand where a bucket's name belongs: each other kind of S3 resource is refused by its own reason.

use s3ferry_core::ids::{Arn, BucketName};

use crate::scalar::Wrong;

/// Says what is wrong with a text as the name of a general purpose bucket.
pub(crate) fn check(text: &str) -> Result<(), Wrong> {
    if let Ok(arn) = Arn::new(text) {
        return Err(by_arn(text, &arn));
    }
    if let Some(rest) = text
        .strip_prefix("s3://")
        .or_else(|| text.strip_prefix("S3://"))
    {
        let name = rest.split('/').next().unwrap_or_default();
        return Err(Wrong::new(
            "bucket-name",
            format!("`{text}` is a URL, not a name"),
            instead(name),
        ));
    }
    if let Some(refused) = other_kind(text) {
        return Err(refused);
    }
    BucketName::new(text).map(|_| ()).map_err(|invalid| {
        let lower = text.to_ascii_lowercase();
        let help = if BucketName::new(lower.as_str()).is_ok() {
            format!("{}; is it `{lower}`?", invalid.rule)
        } else {
            invalid.rule.to_owned()
        };
        Wrong::new(
            "bucket-name",
            format!("`{text}` cannot be the name of a bucket"),
            help,
        )
    })
}

fn instead(name: &str) -> String {
    if BucketName::new(name).is_ok() {
        format!("write the name only: `{name}`")
    } else {
        "write the name of the bucket only".to_owned()
    }
}

fn by_arn(text: &str, arn: &Arn) -> Wrong {
    if arn.service() == "s3" && arn.region().is_empty() && arn.account().is_empty() {
        let name = arn.resource().split('/').next().unwrap_or_default();
        return Wrong::new(
            "bucket-name",
            format!("`{text}` is an ARN, not a name"),
            instead(name),
        );
    }
    kind_of_arn(arn).map_or_else(
        || {
            Wrong::new(
                "bucket-name",
                format!("`{text}` is not a bucket"),
                "write the name of a bucket",
            )
        },
        |kind| refusal(text, kind),
    )
}

fn kind_of_arn(arn: &Arn) -> Option<Kind> {
    match arn.service() {
        "s3" if arn.resource().starts_with("accesspoint/") && arn.region().is_empty() => {
            Some(Kind::MultiRegion)
        }
        "s3" if arn.resource().starts_with("accesspoint") => Some(Kind::AccessPoint),
        "s3-object-lambda" => Some(Kind::AccessPoint),
        "s3-outposts" => Some(Kind::Outposts),
        "s3express" => Some(Kind::Directory),
        "s3tables" => Some(Kind::Table),
        _ => None,
    }
}

fn other_kind(text: &str) -> Option<Wrong> {
    const SUFFIXES: [(&str, Kind); 5] = [
        ("-s3alias", Kind::AccessPoint),
        ("--ol-s3", Kind::AccessPoint),
        (".mrap", Kind::MultiRegion),
        ("--x-s3", Kind::Directory),
        ("--table-s3", Kind::Table),
    ];
    let (_, kind) = SUFFIXES.iter().find(|(suffix, _)| text.ends_with(suffix))?;
    Some(refusal(text, *kind))
}

/// What is not a general purpose bucket.
#[derive(Debug, Clone, Copy)]
enum Kind {
    AccessPoint,
    MultiRegion,
    Outposts,
    Directory,
    Table,
}

fn refusal(text: &str, kind: Kind) -> Wrong {
    let (what, why) = match kind {
        Kind::AccessPoint => (
            "an access point",
            "replication rules are set on buckets and name buckets: write the name of the bucket behind it",
        ),
        Kind::MultiRegion => (
            "a Multi-Region Access Point",
            "replication rules are set on buckets and name buckets: write the name of one bucket behind it",
        ),
        Kind::Outposts => (
            "on S3 on Outposts",
            "buckets on Outposts replicate by an API of their own and only between Outposts: name a bucket of a Region",
        ),
        Kind::Directory => (
            "a directory bucket",
            "S3 Express One Zone has no versioning and so no replication: name a general purpose bucket",
        ),
        Kind::Table => (
            "a table bucket",
            "S3 Tables does not take replication rules of buckets: name a general purpose bucket",
        ),
    };
    Wrong::new("bucket-kind", format!("`{text}` is {what}"), why)
}
