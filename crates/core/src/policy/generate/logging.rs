//! What the policy of a bucket that logs, inventories and a trail's files go to must allow S3 and CloudTrail, and how such a
//! statement is read back.

use super::area::{Area, literal};
use crate::ids::BucketName;
use crate::places::{BucketRef, TrailRef};
use crate::policy::grammar::{Effect, Scope, Statement};

/// The principal that delivers access logs (UG:enable-server-access-logging).
const LOG_DELIVERY: &str = "logging.s3.amazonaws.com";
/// The principal that writes inventories (UG:example-bucket-policies).
const INVENTORY: &str = "s3.amazonaws.com";

/// The key that names what a service writes for (UG:enable-server-access-logging).
const SOURCE_ARN: &str = "aws:SourceArn";

/// What a service writes about a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// Its access logs.
    AccessLogs,
    /// Its inventories.
    Inventory,
}

/// Lets S3 deliver the access logs of a bucket under a prefix of another one in the same account.
#[must_use]
pub fn access_log_statement(
    sid: String,
    of: &BucketRef,
    to: &BucketName,
    prefix: &str,
) -> Statement {
    let area = Area {
        bucket: to.clone(),
        prefix: prefix.to_owned(),
    };
    let resource = area.pattern(of.region.partition());
    delivery(sid, LOG_DELIVERY, of, resource).build()
}

/// What the keys of all that an inventory delivers begin with: `<prefix>/<bucket>/<ID>/` (UG:storage-inventory-location).
#[must_use]
pub fn lists_folder(of: &BucketName, prefix: &str, id: &str) -> String {
    let begin = match prefix {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    format!("{begin}{of}/{id}/")
}

/// Lets S3 write the inventories of a bucket into another one in the same account: nothing but those of this ID
/// (UG:storage-inventory-location).
#[must_use]
pub fn inventory_statement(
    sid: String,
    of: &BucketRef,
    to: &BucketName,
    prefix: &str,
    id: &str,
) -> Statement {
    let to = of.region.partition().bucket_arn(to);
    let folder = lists_folder(&of.bucket, prefix, id);
    let resource = format!("{to}/{}*", literal(&folder));
    // It is what the owner of the other bucket reads them by (UG:example-bucket-policies).
    delivery(sid, INVENTORY, of, resource)
        .condition(
            "StringEquals",
            "s3:x-amz-acl",
            ["bucket-owner-full-control"],
        )
        .build()
}

/// The principal that a trail's files come from (CTUG:create-s3-bucket-policy-for-cloudtrail).
const TRAIL: &str = "cloudtrail.amazonaws.com";

/// Lets CloudTrail see whose a bucket is and deliver a trail's files of its account there
/// (CTUG:create-s3-bucket-policy-for-cloudtrail, with `aws:SourceArn` as the page advises).
#[must_use]
pub fn trail_statements(
    sids: [String; 2],
    of: &TrailRef,
    to: &BucketName,
    prefix: &str,
) -> [Statement; 2] {
    let to = of.region.partition().bucket_arn(to);
    let begin = match prefix {
        "" => String::new(),
        prefix => format!("{}/", literal(prefix)),
    };
    let [look, put] = sids;
    let look = Statement::builder(look, Effect::Allow, ["s3:GetBucketAcl"])
        .principals("Service", [TRAIL])
        .resources([to.to_string()])
        .condition("StringEquals", SOURCE_ARN, [of.arn()]);
    let put = Statement::builder(put, Effect::Allow, ["s3:PutObject"])
        .principals("Service", [TRAIL])
        .resources([format!("{to}/{begin}AWSLogs/{}/*", of.account)])
        .condition("StringEquals", SOURCE_ARN, [of.arn()])
        .condition(
            "StringEquals",
            "s3:x-amz-acl",
            ["bucket-owner-full-control"],
        );
    [look.build(), put.build()]
}

fn delivery(
    sid: String,
    service: &str,
    of: &BucketRef,
    resource: String,
) -> crate::policy::grammar::StatementBuilder {
    Statement::builder(sid, Effect::Allow, ["s3:PutObject"])
        .principals("Service", [service])
        .resources([resource])
        .condition("ArnLike", SOURCE_ARN, [of.arn().to_string()])
        .condition(
            "StringEquals",
            "aws:SourceAccount",
            [of.account.to_string()],
        )
}

/// What a statement lets a service write, and about which bucket; none where it is no such statement.
#[must_use]
pub fn recorded(statement: &Statement) -> Option<(Record, BucketName)> {
    let Scope::Only(principals) = statement.principals()? else {
        return None;
    };
    let service = principals.get("Service")?.first()?;
    let record = match service.as_str() {
        LOG_DELIVERY => Record::AccessLogs,
        INVENTORY => Record::Inventory,
        _ => return None,
    };
    let mut conditions = statement.conditions().iter();
    let source = conditions.find(|of| of.key.eq_ignore_ascii_case(SOURCE_ARN))?;
    let (_, bucket) = source.values.first()?.split_once(":s3:::")?;
    Some((record, BucketName::new(bucket).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, Region};

    fn orders() -> BucketRef {
        BucketRef {
            account: AccountId::new("111111111111").unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            bucket: BucketName::new("orders").unwrap(),
        }
    }

    #[test]
    fn a_statement_says_what_is_written_about_which_bucket() {
        let (of, to) = (orders(), BucketName::new("logs").unwrap());
        let logs = access_log_statement("Sid".to_owned(), &of, &to, "s3/");
        assert_eq!(
            recorded(&logs),
            Some((Record::AccessLogs, of.bucket.clone()))
        );
        assert_eq!(
            logs.raw(),
            r#"{"Sid":"Sid","Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/s3/*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::orders"},"StringEquals":{"aws:SourceAccount":"111111111111"}}}"#
        );
        let lists = inventory_statement("Sid".to_owned(), &of, &to, "", "s3ferry-default");
        assert_eq!(recorded(&lists), Some((Record::Inventory, of.bucket)));
        assert!(
            lists
                .raw()
                .contains(r#""Resource":"arn:aws:s3:::logs/orders/s3ferry-default/*""#),
            "{}",
            lists.raw()
        );
    }

    #[test]
    fn statements_for_others_say_nothing_of_the_kind() {
        let roles = Statement::builder("Sid", Effect::Allow, ["s3:PutObject"])
            .principals("AWS", ["arn:aws:iam::111111111111:role/x"])
            .resources(["arn:aws:s3:::logs/*"])
            .condition("ArnLike", SOURCE_ARN, ["arn:aws:s3:::orders"])
            .build();
        assert_eq!(recorded(&roles), None);
    }
}
