//! What is sent, and how answers are read, against a server that says what the test says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::stub::{Reply, Request, Stub, bucket, bucket_in, role};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3ferry_core::ids::{AlarmName, Arn, Region, RoleName, SpecName, TrailName};
use s3ferry_core::model::kinds::replication::ReplicationConfiguration;
use s3ferry_core::model::kinds::{
    Bucket, BucketEncryption, Lifecycle, ObjectLock, ObjectOwnership, Policy, PublicAccessBlock,
    RequestPayment, Role, RolePolicies, Versioning, VersioningStatus,
};
use s3ferry_core::model::{
    AccountPart, AccountRef, BucketPart, Document, RegionPart, RegionRef, RolePart, Target,
    TopicRef, TrailPart, TrailRef,
};
use s3ferry_core::plan::PutEncryption;
use s3ferry_engine::ports::{
    Class, ListedVersion, NewObject, Objects, Onto, Read, Replication, Write, WriteChange,
};

fn nothing() -> Reply {
    Reply::of(404, "")
}

const fn to(after: &Document) -> WriteChange<'_> {
    WriteChange {
        before: None,
        after: Some(after),
    }
}

const GONE: WriteChange<'static> = WriteChange {
    before: None,
    after: None,
};

fn enabled() -> Document {
    Document::Versioning(Versioning {
        status: VersioningStatus::Enabled,
        mfa_delete: false,
    })
}

fn bucket_targets() -> Vec<Target> {
    let part: [fn(_) -> Target; 13] = [
        |of| Target::Bucket(of, BucketPart::Itself),
        |of| Target::Bucket(of, BucketPart::Tags),
        |of| Target::Bucket(of, BucketPart::Versioning),
        |of| Target::Bucket(of, BucketPart::Encryption),
        |of| Target::Bucket(of, BucketPart::Ownership),
        |of| Target::Bucket(of, BucketPart::PublicAccess),
        |of| Target::Bucket(of, BucketPart::Policy),
        |of| Target::Bucket(of, BucketPart::Replication),
        |of| Target::Bucket(of, BucketPart::ObjectLock),
        |of| Target::Bucket(of, BucketPart::RequestPayment),
        |of| Target::Bucket(of, BucketPart::Lifecycle),
        |of| Target::Bucket(of, BucketPart::Logging),
        |of| Target::Bucket(of, BucketPart::Inventory),
    ];
    part.iter().map(|part| part(bucket())).collect()
}

#[tokio::test]
async fn reads_are_sent_again_and_writes_once() {
    let failures = AtomicUsize::new(0);
    let stub = Stub::start(move |request| match request.line().as_str() {
        "GET /orders?versioning" if failures.fetch_add(1, Ordering::Relaxed) < 2 => {
            Reply::s3_error(503, "SlowDown", "Please reduce your request rate.")
        }
        "GET /orders?versioning" => {
            Reply::ok("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
        }
        "PUT /orders?versioning" => {
            Reply::s3_error(500, "InternalError", "We encountered an internal error.")
        }
        _ => nothing(),
    })
    .await;
    let cloud = stub.cloud().await;
    let target = Target::Bucket(bucket(), BucketPart::Versioning);
    assert_eq!(cloud.read(&target).await.unwrap(), Some(enabled()));
    assert_eq!(stub.seen().len(), 3);
    stub.forget();
    let error = cloud.write(&target, to(&enabled())).await.unwrap_err();
    assert_eq!(error.class, Class::Transient);
    assert_eq!(error.request_id.as_deref(), Some("R-1"));
    assert_eq!(stub.lines(), ["PUT /orders?versioning"]);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_sent_once() {
    let stub = Stub::start(|request| {
        if request.method == "PUT" {
            Reply::Hang
        } else {
            nothing()
        }
    })
    .await;
    let cloud = stub.cloud().await;
    let error = cloud
        .write(
            &Target::Bucket(bucket(), BucketPart::Versioning),
            to(&enabled()),
        )
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Transient);
    assert_eq!(stub.seen().len(), 1);
}

#[tokio::test]
async fn reads_give_up() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "GET" => Reply::s3_error(503, "SlowDown", "slow"),
        _ => nothing(),
    })
    .await;
    let error = stub
        .cloud()
        .await
        .read(&Target::Bucket(bucket(), BucketPart::Policy))
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Throttled);
    assert_eq!(stub.seen().len(), 8);
}

#[tokio::test]
async fn every_call_on_a_bucket_says_whose_it_must_be() {
    let stub = Stub::start(|_| nothing()).await;
    let cloud = stub.cloud().await;
    let policy = Policy::read("{}".to_owned());
    let documents = [
        Document::Tags(BTreeMap::from([("a".to_owned(), "b".to_owned())])),
        enabled(),
        Document::Encryption(BucketEncryption {
            algorithm: "AES256".to_owned(),
            key: None,
            bucket_key: false,
            blocked: ["SSE-C".to_owned()].into(),
        }),
        Document::Ownership(ObjectOwnership::BucketOwnerEnforced),
        Document::PublicAccess(PublicAccessBlock::ALL),
        Document::BucketPolicy(policy),
        Document::Replication(ReplicationConfiguration {
            role: "r".to_owned(),
            rules: vec![],
            unmodelled: vec![],
        }),
    ];
    for target in bucket_targets() {
        // The answers do not matter here, only what is asked.
        let _ = cloud.read(&target).await;
        let _ = cloud.write(&target, GONE).await;
        if let Some(document) = documents
            .iter()
            .find(|document| document.kind() == target.kind())
        {
            let _ = cloud.write(&target, to(document)).await;
        }
    }
    let object = NewObject {
        bucket: bucket(),
        key: "k".to_owned(),
        body: b"x".to_vec(),
        tags: BTreeMap::new(),
        metadata: BTreeMap::new(),
        encryption: PutEncryption::BucketDefault,
        onto: Onto::Nothing,
    };
    let _ = cloud.put(&object).await;
    let _ = cloud.head(&bucket(), "k", "v").await;
    let _ = cloud.versions(&bucket(), "k").await;
    let _ = cloud.delete(&bucket(), "k", "v").await;
    let seen = stub.seen();
    assert!(seen.len() >= 27, "{:?}", stub.lines());
    for request in seen {
        assert_eq!(
            request.header("x-amz-expected-bucket-owner"),
            Some(crate::stub::ACCOUNT),
            "{}",
            request.line()
        );
    }
}

#[tokio::test]
async fn absence_is_none() {
    let codes = [
        (
            "encryption",
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        ("ownershipControls", "OwnershipControlsNotFoundError"),
        ("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("policy", "NoSuchBucketPolicy"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("tagging", "NoSuchTagSet"),
    ];
    let stub = Stub::start(move |request| {
        let query = request
            .line()
            .split_once('?')
            .map(|(_, query)| query.to_owned())
            .unwrap_or_default();
        match codes.iter().find(|(part, _)| *part == query) {
            Some((_, code)) => Reply::s3_error(404, code, "not there"),
            // The bucket's own HEAD is a 404 without words.
            None if query.is_empty() => nothing(),
            None => Reply::s3_error(404, "NoSuchBucket", "The specified bucket does not exist"),
        }
    })
    .await;
    let cloud = stub.cloud().await;
    for target in bucket_targets() {
        let expected = matches!(target, Target::Bucket(_, BucketPart::Tags))
            .then(|| Document::Tags(BTreeMap::new()));
        assert_eq!(cloud.read(&target).await, Ok(expected), "{target}");
    }
}

/// What is no answer of AWS to any read, as a server on the way gives it.
fn no_answers() -> Vec<Reply> {
    let html = "<html><body>not found</body></html>";
    let mut replies = vec![
        Reply::ok(""),
        Reply::of(204, ""),
        Reply::ok("<Other/>"),
        Reply::ok("<ReplicationConfiguration></ReplicationConfiguration>"),
        Reply::ok("<ReplicationConfiguration><Role>r</Role></ReplicationConfiguration>"),
        Reply::ok("{\"Version\":\"2012-10-17\",\"Statement\":[]}"),
        Reply::ok("<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag>"),
        Reply::ok(format!("<Tagging>{}", "<TagSet>".repeat(80_000))),
        Reply::of(404, ""),
        Reply::of(404, html),
        Reply::ok(html),
    ];
    // Codes that say of something else that it is not there.
    for code in ["NotFound", "NoSuchBucket", "NoSuchKey", "NoSuchUpload"] {
        replies.push(Reply::s3_error(404, code, "x"));
        replies.push(Reply::iam_error(404, code, "x"));
    }
    replies
}

#[tokio::test]
async fn an_answer_that_is_none_is_never_nothing() {
    let mut targets = bucket_targets();
    targets.retain(|target| !matches!(target, Target::Bucket(_, BucketPart::Itself)));
    targets.push(account_block());
    let parts = [RolePart::Itself, RolePart::Policy, RolePart::Policies];
    targets.extend(parts.map(|part| Target::Role(role(), part)));
    targets.push(Target::Account(
        AccountRef {
            account: role().account,
            partition: role().partition,
        },
        AccountPart::Roles,
    ));
    let place = RegionRef {
        account: bucket().account,
        region: bucket().region,
    };
    let alarm = AlarmName::new("s3ferry/default/orders/all/latency").unwrap();
    let topic = Arn::new(format!(
        "arn:aws:sns:{}:{}:ops",
        place.region, place.account
    ))
    .unwrap();
    let topic = Target::Topic(TopicRef::of_arn(&topic).unwrap());
    targets.extend([
        Target::Alarm(place.alarm(&alarm)),
        Target::Region(place.clone(), RegionPart::Alarms),
        Target::Region(place.clone(), RegionPart::Metrics),
        Target::Region(place.clone(), RegionPart::Trails),
        topic.clone(),
    ]);
    let trail = TrailRef {
        account: place.account,
        region: place.region,
        name: TrailName::new("audit").unwrap(),
    };
    targets.extend(TrailPart::ALL.map(|part| Target::Trail(trail.clone(), part)));
    // That there is no topic SNS says in just these words.
    let no_topic = Reply::iam_error(404, "NotFound", "x");
    // That there is no bucket is believed of its tags alone: what would make it looks for the bucket itself.
    let no_bucket = Reply::s3_error(404, "NoSuchBucket", "x");
    let is_believed = |target: &Target, reply: &Reply| {
        let of_tags = matches!(target, Target::Bucket(_, BucketPart::Tags));
        let is = |other: &Reply| format!("{reply:?}") == format!("{other:?}");
        of_tags && is(&no_bucket) || *target == topic && is(&no_topic)
    };
    for reply in no_answers() {
        let answer = reply.clone();
        let stub = Stub::start(move |request| match request.method.as_str() {
            // The bucket is there, whatever its parts say.
            "HEAD" => Reply::ok(""),
            _ if request.body.contains("Action=GetCallerIdentity") => nothing(),
            _ => answer.clone(),
        })
        .await;
        let cloud = stub.cloud().await;
        for target in &targets {
            let begun = std::time::Instant::now();
            let answer = cloud.read(target).await;
            if is_believed(target, &reply) {
                assert_eq!(answer, Ok(None), "{target}");
                continue;
            }
            let error = answer.expect_err(&format!("{target}: {reply:?}"));
            let classes = [Class::Unexpected, Class::Rejected, Class::Transient];
            assert!(classes.contains(&error.class), "{target}: {error}");
            assert!(begun.elapsed().as_secs() < 5, "{target}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_to_its_end() {
    let long = format!("<Tagging>{}</Tagging>", " ".repeat(33 << 20));
    let stub = Stub::start(move |request| match request.method.as_str() {
        "GET" => Reply::ok(long.clone()),
        _ => nothing(),
    })
    .await;
    let cloud = stub.cloud().await;
    let target = Target::Bucket(bucket(), BucketPart::Tags);
    let error = cloud.read(&target).await.unwrap_err();
    assert!(error.message.contains("longer than 32 MiB"), "{error}");
    assert_eq!(error.class, Class::Unexpected);
}

#[tokio::test]
async fn a_list_whose_pages_do_not_end_is_a_failure() {
    for more in ["<Marker>same</Marker>", ""] {
        let stub = Stub::start(move |request| {
            let page = |name: &str, entries: &str| {
                Reply::ok(format!(
                    "<{name}Response><{name}Result>{entries}<IsTruncated>true</IsTruncated>{more}</{name}Result></{name}Response>"
                ))
            };
            match &request.body {
                body if body.contains("Action=ListRoles&") => page("ListRoles", "<Roles/>"),
                body if body.contains("Action=ListRolePolicies&") => {
                    page("ListRolePolicies", "<PolicyNames/>")
                }
                body if body.contains("Action=ListAttachedRolePolicies&") => {
                    page("ListAttachedRolePolicies", "<AttachedPolicies/>")
                }
                _ if request.method == "GET" => Reply::ok(if more.is_empty() {
                    "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>"
                } else {
                    "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker></ListVersionsResult>"
                }),
                _ => nothing(),
            }
        })
        .await;
        let cloud = stub.cloud().await;
        let of = AccountRef {
            account: role().account,
            partition: role().partition,
        };
        for target in [
            Target::Account(of, AccountPart::Roles),
            Target::Role(role(), RolePart::Policies),
        ] {
            let error = cloud.read(&target).await.unwrap_err();
            assert_eq!(error.class, Class::Unexpected, "{error}");
        }
        let error = cloud.versions(&bucket(), "k").await.unwrap_err();
        assert_eq!(error.class, Class::Unexpected, "{error}");
        assert!(stub.seen().len() < 20);
    }
}

#[tokio::test]
async fn no_part_of_a_missing_bucket_is_there() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "POST" => nothing(),
        _ => Reply::s3_error(404, "NoSuchBucket", "The specified bucket does not exist"),
    })
    .await;
    let cloud = stub.cloud().await;
    for target in bucket_targets() {
        assert_eq!(cloud.read(&target).await, Ok(None), "{target}");
    }
    assert_eq!(cloud.versions(&bucket(), "k").await, Ok(vec![]));
    let parts = bucket_targets()
        .into_iter()
        .filter(|target| target.kind().facts().write.is_some());
    for target in parts.filter(|part| {
        !matches!(
            part,
            Target::Bucket(_, BucketPart::Itself) | Target::Bucket(_, BucketPart::Versioning)
        )
    }) {
        assert_eq!(cloud.write(&target, GONE).await, Ok(()), "{target}");
    }
    let error = cloud
        .write(
            &Target::Bucket(bucket(), BucketPart::Versioning),
            to(&enabled()),
        )
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Propagation);
}

#[tokio::test]
async fn a_bucket_in_another_region_is_misplaced() {
    let stub = Stub::start(|request| match request.line().as_str() {
        "HEAD /orders" => Reply::of(301, "").with("x-amz-bucket-region", "eu-central-1"),
        "GET /orders?policy" => Reply::s3_error(301, "PermanentRedirect", "use the right endpoint")
            .with("x-amz-bucket-region", "eu-central-1"),
        "GET /orders?versioning" => Reply::s3_error(
            400,
            "AuthorizationHeaderMalformed",
            "the region 'eu-west-1' is wrong; expecting 'eu-central-1'",
        ),
        _ => nothing(),
    })
    .await;
    let cloud = stub.cloud().await;
    for target in [
        Target::Bucket(bucket(), BucketPart::Itself),
        Target::Bucket(bucket(), BucketPart::Policy),
    ] {
        let error = cloud.read(&target).await.unwrap_err();
        assert_eq!(error.class, Class::Misplaced, "{target}");
        assert!(error.hint.unwrap().contains("eu-central-1"), "{target}");
    }
    assert_eq!(
        cloud
            .read(&Target::Bucket(bucket(), BucketPart::Versioning))
            .await
            .unwrap_err()
            .class,
        Class::Misplaced
    );
}

#[tokio::test]
async fn an_answer_from_the_wrong_region_is_misplaced() {
    let stub = Stub::start(|request| match request.line().as_str() {
        "HEAD /orders" => Reply::ok("").with("x-amz-bucket-region", "us-east-1"),
        _ => nothing(),
    })
    .await;
    let error = stub
        .cloud()
        .await
        .read(&Target::Bucket(bucket(), BucketPart::Itself))
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Misplaced);
    assert!(error.hint.unwrap().contains("us-east-1"));
}

/// How S3 answers about a bucket that the caller may not touch: 403 in every case.
fn refusing(
    head_with_owner: u16,
    head_without: u16,
    listed: &'static str,
) -> impl Fn(&Request) -> Reply {
    move |request| {
        let owned = request.header("x-amz-expected-bucket-owner").is_some();
        match request.method.as_str() {
            "HEAD" => Reply::of(if owned { head_with_owner } else { head_without }, ""),
            "GET" if request.target.starts_with("/?") => Reply::ok(listed),
            "GET" | "PUT" => Reply::s3_error(403, "AccessDenied", "Access Denied"),
            _ => nothing(),
        }
    }
}

const NO_BUCKETS: &str = "<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>";
const OUR_BUCKET: &str = "<ListAllMyBucketsResult><Buckets><Bucket><Name>orders</Name></Bucket></Buckets></ListAllMyBucketsResult>";

#[tokio::test]
async fn another_accounts_bucket_is_told_from_a_missing_grant() {
    let cases = [
        (200, 200, NO_BUCKETS, Class::Denied),
        (403, 200, NO_BUCKETS, Class::Misplaced),
        (403, 403, NO_BUCKETS, Class::Misplaced),
        (403, 403, OUR_BUCKET, Class::Denied),
        (403, 403, "not XML", Class::Denied),
    ];
    for (with_owner, without, listed, expected) in cases {
        let stub = Stub::start(refusing(with_owner, without, listed)).await;
        let cloud = stub.cloud().await;
        let target = Target::Bucket(bucket(), BucketPart::Policy);
        let case = format!("{with_owner} {without} {listed}");
        assert_eq!(
            cloud.read(&target).await.unwrap_err().class,
            expected,
            "{case}"
        );
        let policy = Document::BucketPolicy(Policy::read("{}".to_owned()));
        assert_eq!(
            cloud.write(&target, to(&policy)).await.unwrap_err().class,
            expected,
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_denial_names_action_and_request() {
    let stub = Stub::start(refusing(200, 200, NO_BUCKETS)).await;
    let error = stub
        .cloud()
        .await
        .read(&Target::Bucket(bucket(), BucketPart::Replication))
        .await
        .unwrap_err();
    assert!(
        error
            .hint
            .as_ref()
            .unwrap()
            .contains("s3:GetReplicationConfiguration")
    );
    assert_eq!(
        error.to_string(),
        "s3:GetBucketReplication on 111111111111/bucket/orders/replication: AccessDenied: Access Denied (request R-1)"
    );
}

fn new_bucket(region: &str, marked: bool) -> Document {
    let marker = ("s3ferry".to_owned(), "default".to_owned());
    Document::Bucket(Bucket {
        region: Region::new(region).unwrap(),
        created_with_tags: marked.then_some(marker).into_iter().collect(),
    })
}

#[tokio::test]
async fn a_bucket_is_made_with_its_marker_and_without_acls() {
    let stub = Stub::start(|request| {
        if request.method == "PUT" {
            Reply::ok("")
        } else {
            nothing()
        }
    })
    .await;
    let cloud = stub.cloud().await;
    let target = Target::Bucket(bucket(), BucketPart::Itself);
    cloud
        .write(&target, to(&new_bucket("eu-west-1", true)))
        .await
        .unwrap();
    let request = stub.seen().remove(0);
    assert_eq!(request.line(), "PUT /orders");
    assert_eq!(
        request.header("x-amz-object-ownership"),
        Some("BucketOwnerEnforced")
    );
    assert!(
        request
            .body
            .contains("<LocationConstraint>eu-west-1</LocationConstraint>"),
        "{}",
        request.body
    );
    assert!(
        request
            .body
            .contains("<Tag><Key>s3ferry</Key><Value>default</Value></Tag>"),
        "{}",
        request.body
    );
}

#[tokio::test]
async fn us_east_1_takes_no_location_constraint() {
    let stub = Stub::start(|request| {
        if request.method == "PUT" {
            Reply::ok("")
        } else {
            nothing()
        }
    })
    .await;
    let cloud = stub.cloud().await;
    let target = Target::Bucket(bucket_in("us-east-1"), BucketPart::Itself);
    for marked in [true, false] {
        cloud
            .write(&target, to(&new_bucket("us-east-1", marked)))
            .await
            .unwrap();
    }
    for request in stub.seen() {
        assert!(
            !request.body.contains("LocationConstraint"),
            "{}",
            request.body
        );
    }
}

#[tokio::test]
async fn a_bucket_that_is_there_already_counts_only_with_our_tags() {
    for (tags, made) in [
        ("<Tag><Key>s3ferry</Key><Value>default</Value></Tag>", true),
        ("", false),
    ] {
        let stub = Stub::start(move |request| match request.line().as_str() {
            "PUT /orders" => Reply::s3_error(409, "BucketAlreadyOwnedByYou", "you own it"),
            "HEAD /orders" => Reply::ok("").with("x-amz-bucket-region", "eu-west-1"),
            "GET /orders?tagging" => {
                Reply::ok(format!("<Tagging><TagSet>{tags}</TagSet></Tagging>"))
            }
            _ => nothing(),
        })
        .await;
        let target = Target::Bucket(bucket(), BucketPart::Itself);
        let answer = stub
            .cloud()
            .await
            .write(&target, to(&new_bucket("eu-west-1", true)))
            .await;
        assert_eq!(
            answer.map_err(|error| error.class),
            made.then_some(()).ok_or(Class::Transient)
        );
    }
}

#[tokio::test]
async fn a_bucket_is_never_deleted() {
    let stub = Stub::start(|_| nothing()).await;
    let error = stub
        .cloud()
        .await
        .write(&Target::Bucket(bucket(), BucketPart::Itself), GONE)
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Rejected);
    assert!(stub.seen().is_empty());
}

#[tokio::test]
async fn what_is_only_read_is_never_written() {
    let stub = Stub::start(|_| nothing()).await;
    let cloud = stub.cloud().await;
    for target in bucket_targets()
        .into_iter()
        .filter(|target| target.kind().facts().write.is_none())
    {
        assert_eq!(
            cloud.write(&target, GONE).await.unwrap_err().class,
            Class::Rejected,
            "{target}"
        );
    }
    assert!(stub.seen().is_empty());
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"a+b é"}}}]}"#;

/// The answer to GetRole, its policy encoded but for the plus, which RFC 3986 lets stand.
fn found_role() -> Reply {
    let trust = utf8_percent_encode(TRUST, const { &NON_ALPHANUMERIC.remove(b'+') });
    Reply::ok(format!(
        "<GetRoleResponse><GetRoleResult><Role><Path>/s3ferry/</Path><RoleName>s3ferry-orders</RoleName><RoleId>AROA1</RoleId>\
         <Arn>arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>\
         <Tags><member><Key>s3ferry</Key><Value>default</Value></member></Tags>\
         <PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::111111111111:policy/b</PermissionsBoundaryArn></PermissionsBoundary>\
         </Role></GetRoleResult></GetRoleResponse>"
    ))
}

fn wanted_role() -> Role {
    Role {
        id: Some("AROA1".to_owned()),
        path: "/s3ferry/".to_owned(),
        trust: Policy::read(TRUST.to_owned()),
        tags: BTreeMap::from([("s3ferry".to_owned(), "default".to_owned())]),
        boundary: Some("arn:aws:iam::111111111111:policy/b".to_owned()),
        description: None,
    }
}

#[tokio::test]
async fn policies_are_decoded_and_a_plus_stays_a_plus() {
    let stub = Stub::start(|request| match request.body.contains("Action=GetRole&") {
        true => found_role(),
        false => nothing(),
    })
    .await;
    let found = stub
        .cloud()
        .await
        .read(&Target::Role(role(), RolePart::Itself))
        .await
        .unwrap();
    assert_eq!(found, Some(Document::Role(wanted_role())));
}

#[tokio::test]
async fn a_role_that_is_there_as_wanted_counts_as_made() {
    let stub = Stub::start(|request| {
        if request.body.contains("Action=CreateRole&") {
            Reply::iam_error(
                409,
                "EntityAlreadyExists",
                "Role with name s3ferry-orders already exists.",
            )
        } else if request.body.contains("Action=GetRole&") {
            found_role()
        } else {
            nothing()
        }
    })
    .await;
    let cloud = stub.cloud().await;
    let target = Target::Role(role(), RolePart::Itself);
    assert_eq!(
        cloud
            .write(&target, to(&Document::Role(wanted_role())))
            .await,
        Ok(())
    );
    let other = Document::Role(Role {
        tags: BTreeMap::new(),
        ..wanted_role()
    });
    assert_eq!(
        cloud.write(&target, to(&other)).await.unwrap_err().class,
        Class::Transient
    );
}

#[tokio::test]
async fn a_role_is_changed_by_the_calls_that_differ() {
    let stub = Stub::start(|request| {
        if request.body.contains("Action=GetCallerIdentity") {
            nothing()
        } else {
            Reply::ok("<R/>")
        }
    })
    .await;
    let cloud = stub.cloud().await;
    let target = Target::Role(role(), RolePart::Itself);
    let before = Document::Role(wanted_role());
    let actions = || -> Vec<String> {
        let seen = stub.seen();
        stub.forget();
        let action = |body: &str| body.split(['=', '&']).nth(1).unwrap_or_default().to_owned();
        seen.iter().map(|request| action(&request.body)).collect()
    };
    let mut after = wanted_role();
    after.trust = Policy::read(TRUST.replace(',', " , "));
    let change = |after: Role| (before.clone(), Document::Role(after));
    let write = async |(before, after): (Document, Document)| {
        let change = WriteChange {
            before: Some(&before),
            after: Some(&after),
        };
        cloud.write(&target, change).await
    };
    write(change(after)).await.unwrap();
    assert_eq!(actions(), Vec::<String>::new(), "spacing is no change");
    let mut after = wanted_role();
    after.tags = BTreeMap::from([("team".to_owned(), "x".to_owned())]);
    after.trust = Policy::read(TRUST.replace("a+b", "a b"));
    after.boundary = None;
    write(change(after)).await.unwrap();
    assert_eq!(
        actions(),
        [
            "TagRole",
            "UpdateAssumeRolePolicy",
            "DeleteRolePermissionsBoundary",
            "UntagRole"
        ]
    );
    let moved = Role {
        path: "/".to_owned(),
        ..wanted_role()
    };
    assert_eq!(
        write(change(moved)).await.unwrap_err().class,
        Class::Rejected
    );
}

#[tokio::test]
async fn versions_are_those_of_exactly_the_key() {
    let page = |entries: &str, next: &str| {
        Reply::ok(format!(
            "<ListVersionsResult>{next}{entries}</ListVersionsResult>"
        ))
    };
    let stub = Stub::start(move |request| {
        if request.target.contains("key-marker=a%2Bb%20%C3%A9") {
            page(
                "<Version><Key>a%2Bb+%C3%A9</Key><VersionId>v2</VersionId></Version><DeleteMarker><Key>a%2Bb+%C3%A9</Key><VersionId>m1</VersionId></DeleteMarker>\
                 <Version><Key>a%2Bb+%C3%A9x</Key><VersionId>other</VersionId></Version>",
                "<IsTruncated>true</IsTruncated><NextKeyMarker>z</NextKeyMarker>",
            )
        } else if request.method == "GET" {
            page(
                "<Version><Key>a%2Bb+%C3%A9</Key><VersionId>v1</VersionId></Version>",
                "<IsTruncated>true</IsTruncated><NextKeyMarker>a%2Bb+%C3%A9</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>",
            )
        } else {
            nothing()
        }
    })
    .await;
    let versions = stub
        .cloud()
        .await
        .versions(&bucket(), "a+b é")
        .await
        .unwrap();
    let of = |listed: &ListedVersion| (listed.version.clone(), listed.is_delete_marker);
    let expected = [("v1", false), ("v2", false), ("m1", true)];
    let expected = expected.map(|(version, marker)| (version.to_owned(), marker));
    assert!(versions.iter().map(of).eq(expected), "{versions:?}");
    assert_eq!(stub.seen().len(), 2);
}

#[tokio::test]
async fn an_object_is_put_with_tags_metadata_and_key() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "PUT" => Reply::ok("").with("x-amz-version-id", "v1"),
        "HEAD" if request.target.contains("versionId=v1") => Reply::ok("")
            .with("x-amz-replication-status", "COMPLETED")
            .with("x-amz-meta-probe", "1")
            .with("etag", "\"abc\""),
        "HEAD" => Reply::of(405, ""),
        _ => nothing(),
    })
    .await;
    let cloud = stub.cloud().await;
    let object = NewObject {
        bucket: bucket(),
        key: "a/.canary".to_owned(),
        body: b"x".to_vec(),
        tags: BTreeMap::from([
            ("a b".to_owned(), "c&d=é".to_owned()),
            ("k".to_owned(), String::new()),
        ]),
        metadata: BTreeMap::from([("probe".to_owned(), "1".to_owned())]),
        encryption: PutEncryption::SseKms(
            Arn::new("arn:aws:kms:eu-west-1:111111111111:key/k").unwrap(),
        ),
        onto: Onto::Nothing,
    };
    assert_eq!(cloud.put(&object).await.unwrap(), "v1");
    let request = stub.seen().remove(0);
    assert_eq!(
        request.header("x-amz-tagging"),
        Some("a%20b=c%26d%3D%C3%A9&k=")
    );
    assert_eq!(request.header("x-amz-meta-probe"), Some("1"));
    assert_eq!(request.header("if-none-match"), Some("*"));
    assert_eq!(
        request.header("x-amz-server-side-encryption"),
        Some("aws:kms")
    );
    assert_eq!(
        request.header("x-amz-server-side-encryption-aws-kms-key-id"),
        Some("arn:aws:kms:eu-west-1:111111111111:key/k")
    );
    let head = cloud
        .head(&bucket(), &object.key, "v1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.replication, Replication::Completed);
    assert_eq!(head.metadata, object.metadata);
    assert_eq!(head.etag.as_deref(), Some("abc"));
    assert_eq!(cloud.head(&bucket(), &object.key, "marker").await, Ok(None));
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_unexpected() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "GET" => Reply::ok("<html>sign in to the hotel network"),
        _ => nothing(),
    })
    .await;
    let error = stub
        .cloud()
        .await
        .read(&Target::Bucket(bucket(), BucketPart::Tags))
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Unexpected, "{error}");
}

#[tokio::test]
async fn every_fact_is_read_from_its_answer() {
    let answers = [
        (
            "encryption",
            "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>\
             <BucketKeyEnabled>true</BucketKeyEnabled><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType><EncryptionType>SSE-NEW</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>",
        ),
        (
            "ownershipControls",
            "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerDecides</ObjectOwnership></Rule></OwnershipControls>",
        ),
        (
            "publicAccessBlock",
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
        ),
        (
            "versioning",
            "<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
        ),
        (
            "object-lock",
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
        ),
        (
            "requestPayment",
            "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
        ),
        (
            "lifecycle",
            "<LifecycleConfiguration>\
             <Rule><Status>Enabled</Status><Expiration><Days>1</Days></Expiration><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>\
             <Rule><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>\
             <Rule><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>\
             <Rule><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>",
        ),
    ];
    let stub = Stub::start(move |request| {
        let line = request.line();
        let query = line.split_once('?').map_or("", |(_, query)| query);
        answers
            .iter()
            .find(|(part, _)| *part == query)
            .map_or_else(nothing, |(_, body)| Reply::ok(*body))
    })
    .await;
    let cloud = stub.cloud().await;
    let encryption = BucketEncryption {
        algorithm: "aws:kms".to_owned(),
        key: Some("k".to_owned()),
        bucket_key: true,
        blocked: ["SSE-C".to_owned(), "SSE-NEW".to_owned()].into(),
    };
    let block = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: false,
        block_public_policy: false,
        restrict_public_buckets: false,
    };
    let expected = [
        (
            Target::Bucket(bucket(), BucketPart::Encryption),
            Document::Encryption(encryption.clone()),
        ),
        (
            Target::Bucket(bucket(), BucketPart::Ownership),
            Document::Ownership(ObjectOwnership::Other("BucketOwnerDecides".to_owned())),
        ),
        (
            Target::Bucket(bucket(), BucketPart::PublicAccess),
            Document::PublicAccess(block),
        ),
        (
            Target::Bucket(bucket(), BucketPart::Versioning),
            Document::Versioning(Versioning {
                status: VersioningStatus::Suspended,
                mfa_delete: true,
            }),
        ),
        (
            Target::Bucket(bucket(), BucketPart::ObjectLock),
            Document::ObjectLock(ObjectLock {
                default_retention: true,
            }),
        ),
        (
            Target::Bucket(bucket(), BucketPart::RequestPayment),
            Document::RequestPayment(RequestPayment::Requester),
        ),
        (
            Target::Bucket(bucket(), BucketPart::Lifecycle),
            Document::Lifecycle(Lifecycle {
                expires_current: 1,
                expires_noncurrent: 2,
            }),
        ),
    ];
    for (target, document) in expected {
        assert_eq!(cloud.read(&target).await, Ok(Some(document)), "{target}");
    }
    stub.forget();
    let _ = cloud
        .write(
            &Target::Bucket(bucket(), BucketPart::Encryption),
            to(&Document::Encryption(encryption)),
        )
        .await;
    let sent = stub.seen().remove(0).body;
    for part in [
        "<SSEAlgorithm>aws:kms<",
        "<KMSMasterKeyID>k<",
        "<BucketKeyEnabled>true<",
        "<EncryptionType>SSE-C<",
        "<EncryptionType>SSE-NEW<",
    ] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
}

fn account_block() -> Target {
    let of = AccountRef {
        account: role().account,
        partition: role().partition,
    };
    Target::Account(of, AccountPart::PublicAccess)
}

#[tokio::test]
async fn what_an_account_blocks_is_read_as_it_is() {
    let stub = Stub::start(|request| match request.line().as_str() {
        "GET /v20180820/configuration/publicAccessBlock" => Reply::ok(
            "<PublicAccessBlockConfiguration xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\"><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
        ),
        _ => nothing(),
    })
    .await;
    let block = PublicAccessBlock {
        block_public_acls: false,
        ignore_public_acls: false,
        block_public_policy: true,
        restrict_public_buckets: false,
    };
    let cloud = stub.cloud().await;
    let found = cloud.read(&account_block()).await;
    assert_eq!(found, Ok(Some(Document::AccountPublicAccess(block))));
    let asked = stub.seen().remove(0);
    assert_eq!(asked.header("x-amz-account-id"), Some(crate::stub::ACCOUNT));
    // The host is the one that was written, without the account in front of it.
    assert_eq!(asked.header("host"), stub.url.strip_prefix("http://"));
    let signed = asked.header("authorization").unwrap();
    assert!(signed.contains("/eu-west-1/s3/aws4_request"), "{signed}");

    stub.forget();
    let refusal = cloud
        .write(&account_block(), to(&Document::AccountPublicAccess(block)))
        .await;
    assert_eq!(refusal.unwrap_err().class, Class::Rejected);
    assert_eq!(stub.lines(), [""; 0], "it is only read");
}

#[tokio::test]
async fn an_account_that_blocks_nothing_and_one_that_does_not_say() {
    // S3 Control wraps its errors as IAM does, and not as S3.
    let none = Stub::start(|request| match request.method.as_str() {
        "GET" => Reply::iam_error(404, "NoSuchPublicAccessBlockConfiguration", "none is set"),
        _ => nothing(),
    })
    .await;
    assert_eq!(none.cloud().await.read(&account_block()).await, Ok(None));

    let silent = Stub::start(|request| match request.method.as_str() {
        "GET" => Reply::iam_error(403, "AccessDenied", "Access Denied"),
        _ => nothing(),
    })
    .await;
    let error = silent.cloud().await.read(&account_block()).await;
    let error = error.unwrap_err();
    assert_eq!(error.class, Class::Denied);
    let hint = error.hint.unwrap();
    let action = "needs s3:GetAccountPublicAccessBlock here";
    assert!(hint.contains(action), "{hint}");
}

#[tokio::test]
async fn a_versioning_state_of_tomorrow_is_not_guessed() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "GET" => {
            Reply::ok("<VersioningConfiguration><Status>Frozen</Status></VersioningConfiguration>")
        }
        _ => nothing(),
    })
    .await;
    let error = stub
        .cloud()
        .await
        .read(&Target::Bucket(bucket(), BucketPart::Versioning))
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Unexpected);
    assert!(error.message.contains("Frozen"), "{error}");
}

/// Two pages of each list of IAM: one entry each, the second behind a marker.
fn paged(request: &Request) -> Reply {
    let second = request.body.contains("Marker=m%2B1");
    let number = if second { 2 } else { 1 };
    let more = if second {
        "<IsTruncated>false</IsTruncated>"
    } else {
        "<IsTruncated>true</IsTruncated><Marker>m+1</Marker>"
    };
    let answer = |name: &str, entries: String| {
        Reply::ok(format!(
            "<{name}Response><{name}Result>{entries}{more}</{name}Result></{name}Response>"
        ))
    };
    if request.body.contains("Action=ListRoles&") {
        answer(
            "ListRoles",
            format!(
                "<Roles><member><Path>/theirs/</Path><RoleName>other-{number}</RoleName><RoleId>B</RoleId><Arn>arn:aws:iam::111111111111:role/theirs/other-{number}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>\
                 <member><Path>/theirs/</Path><RoleName>adopted-{number}</RoleName><RoleId>C</RoleId><Arn>arn:aws:iam::111111111111:role/theirs/adopted-{number}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><Description>Assumed by S3 to replicate objects. s3ferry spec: a b.</Description></member>\
                 <member><Path>/s3ferry/</Path><RoleName>role-{number}</RoleName><RoleId>A</RoleId><Arn>arn:aws:iam::111111111111:role/s3ferry/role-{number}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member></Roles>"
            ),
        )
    } else if request.body.contains("Action=ListRolePolicies&") {
        answer(
            "ListRolePolicies",
            format!("<PolicyNames><member>inline-{number}</member></PolicyNames>"),
        )
    } else if request.body.contains("Action=ListAttachedRolePolicies&") {
        answer(
            "ListAttachedRolePolicies",
            format!(
                "<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::aws:policy/p-{number}</PolicyArn></member></AttachedPolicies>"
            ),
        )
    } else {
        nothing()
    }
}

#[tokio::test]
async fn lists_of_iam_are_read_to_their_last_page() {
    let cloud = Stub::start(paged).await.cloud().await;
    let names = |one: &str, two: &str| [one.to_owned(), two.to_owned()].into();
    let roles = cloud
        .read(&Target::Account(
            AccountRef {
                account: role().account,
                partition: role().partition,
            },
            AccountPart::Roles,
        ))
        .await
        .unwrap();
    let both = ["a", "b"].map(|name| SpecName::new(name).unwrap());
    let expected = [
        ("role-1", None),
        ("role-2", None),
        ("adopted-1", Some(both.clone().into())),
        ("adopted-2", Some(both.into())),
    ];
    let expected = expected.map(|(name, specs)| (RoleName::new(name).unwrap(), specs));
    assert_eq!(roles, Some(Document::Roles(expected.into())));
    let policies = RolePolicies {
        inline: names("inline-1", "inline-2"),
        attached: names("arn:aws:iam::aws:policy/p-1", "arn:aws:iam::aws:policy/p-2"),
    };
    let found = cloud
        .read(&Target::Role(role(), RolePart::Policies))
        .await
        .unwrap();
    assert_eq!(found, Some(Document::RolePolicies(policies)));
}
