//! Access logging, inventories and notifications on the wire: what is answered is read whole, and what is written says all of it.

use std::collections::BTreeSet;

use s3ferry_core::model::kinds::{
    BucketLogging, EventTarget, Inventories, Inventory, InventoryEncryption, LogGrant, LogKeys,
    Notification, Notifications,
};
use s3ferry_core::model::{BucketPart, Document, Target};
use s3ferry_engine::ports::{Class, Read as _, Write as _, WriteChange};

use crate::stub::{Reply, Request, Stub, bucket};

/// The same answer to every request of a method, which signing in is none of.
fn answer(request: &Request, method: &str, body: &str) -> Reply {
    if request.method == method {
        Reply::ok(body)
    } else {
        Reply::of(404, "")
    }
}

fn logging_target() -> Target {
    Target::Bucket(bucket(), BucketPart::Logging)
}

fn inventory_target() -> Target {
    Target::Bucket(bucket(), BucketPart::Inventory)
}

fn logging() -> BucketLogging {
    BucketLogging {
        bucket: "logs".to_owned(),
        prefix: "s3/orders/".to_owned(),
        keys: Some(LogKeys::Partitioned(Some("DeliveryTime".to_owned()))),
        grants: BTreeSet::from([LogGrant {
            kind: "CanonicalUser".to_owned(),
            id: Some("auditors".to_owned()),
            uri: None,
            email: None,
            permission: Some("READ".to_owned()),
        }]),
    }
}

const LOGGING: &str = r#"<BucketLoggingStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LoggingEnabled>
    <TargetBucket>logs</TargetBucket><TargetPrefix>s3/orders/</TargetPrefix>
    <TargetGrants><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>auditors</ID></Grantee>
      <Permission>READ</Permission></Grant></TargetGrants>
    <TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>DeliveryTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>
    </LoggingEnabled></BucketLoggingStatus>"#;

#[tokio::test]
async fn logging_is_read_whole_and_an_empty_status_is_none() {
    let stub = Stub::start(|request| match request.line().as_str() {
        "GET /orders?logging" => Reply::ok(LOGGING),
        _ => Reply::of(404, ""),
    })
    .await;
    let cloud = stub.cloud().await;
    let read = cloud.read(&logging_target()).await;
    assert_eq!(read, Ok(Some(Document::Logging(logging()))));

    for empty in [
        "<BucketLoggingStatus/>",
        "<BucketLoggingStatus></BucketLoggingStatus>",
    ] {
        let stub = Stub::start(move |request| answer(request, "GET", empty)).await;
        let cloud = stub.cloud().await;
        assert_eq!(cloud.read(&logging_target()).await, Ok(None));
    }
}

#[tokio::test]
async fn logging_that_goes_nowhere_or_is_cut_is_no_answer() {
    for answer in [
        "",
        "<Tagging/>",
        "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket>",
        "<BucketLoggingStatus><LoggingEnabled><TargetPrefix>x</TargetPrefix></LoggingEnabled></BucketLoggingStatus>",
        "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket><TargetPrefix/><TargetObjectKeyFormat/></LoggingEnabled></BucketLoggingStatus>",
    ] {
        let stub = Stub::start(move |request| self::answer(request, "GET", answer)).await;
        let cloud = stub.cloud().await;
        let error = cloud.read(&logging_target()).await.expect_err(answer);
        assert_eq!(error.class, Class::Unexpected, "{answer}: {error}");
    }
}

#[tokio::test]
async fn logging_is_written_whole_and_ends_with_an_empty_status() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "PUT" => Reply::ok(""),
        _ => Reply::of(404, ""),
    })
    .await;
    let cloud = stub.cloud().await;
    let document = Document::Logging(logging());
    let change = WriteChange {
        before: None,
        after: Some(&document),
    };
    cloud
        .write(&logging_target(), change)
        .await
        .expect("it is taken");
    let sent = stub.seen().remove(0);
    assert_eq!(sent.line(), "PUT /orders?logging");
    for part in [
        "<TargetBucket>logs<",
        "<TargetPrefix>s3/orders/<",
        "<ID>auditors<",
        "<PartitionDateSource>DeliveryTime<",
    ] {
        assert!(sent.body.contains(part), "{part} in {}", sent.body);
    }
    stub.forget();
    let change = WriteChange {
        before: Some(&document),
        after: None,
    };
    cloud
        .write(&logging_target(), change)
        .await
        .expect("it is taken");
    let sent = stub.seen().remove(0);
    assert_eq!(sent.line(), "PUT /orders?logging");
    assert!(!sent.body.contains("LoggingEnabled"), "{}", sent.body);
}

fn inventory(bucket: &str) -> Inventory {
    Inventory {
        enabled: true,
        versions: "All".to_owned(),
        schedule: Some("Daily".to_owned()),
        filter: None,
        fields: BTreeSet::from(["ETag".to_owned(), "Size".to_owned()]),
        bucket: format!("arn:aws:s3:::{bucket}"),
        account: Some("111111111111".to_owned()),
        prefix: Some("orders".to_owned()),
        format: "CSV".to_owned(),
        encryption: Some(InventoryEncryption::SseKms("k".to_owned())),
    }
}

fn answered(id: &str, of: &Inventory) -> String {
    let Inventory { bucket, .. } = of;
    format!(
        "<InventoryConfiguration><Id>{id}</Id><IsEnabled>true</IsEnabled><IncludedObjectVersions>All</IncludedObjectVersions>\
         <Schedule><Frequency>Daily</Frequency></Schedule>\
         <Destination><S3BucketDestination><AccountId>111111111111</AccountId><Bucket>{bucket}</Bucket><Format>CSV</Format><Prefix>orders</Prefix>\
         <Encryption><SSE-KMS><KeyId>k</KeyId></SSE-KMS></Encryption></S3BucketDestination></Destination>\
         <OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields></InventoryConfiguration>"
    )
}

#[tokio::test]
async fn inventories_are_read_page_by_page() {
    let stub = Stub::start(|request| {
        let line = request.line();
        if request.method != "GET" {
            return Reply::of(404, "");
        }
        let page = |id: &str, more: &str| {
            let configuration = answered(id, &inventory("lists"));
            Reply::ok(format!(
                "<ListInventoryConfigurationsResult>{configuration}{more}</ListInventoryConfigurationsResult>"
            ))
        };
        if line.contains("continuation-token=next") {
            page("theirs", "<IsTruncated>false</IsTruncated>")
        } else {
            page(
                "s3ferry-default",
                "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>",
            )
        }
    })
    .await;
    let cloud = stub.cloud().await;
    let held: Inventories = ["s3ferry-default", "theirs"]
        .into_iter()
        .map(|id| (id.to_owned(), inventory("lists")))
        .collect();
    let read = cloud.read(&inventory_target()).await;
    assert_eq!(read, Ok(Some(Document::Inventories(held))));

    let stub = Stub::start(|request| {
        answer(request, "GET", "<ListInventoryConfigurationsResult><IsTruncated>false</IsTruncated></ListInventoryConfigurationsResult>")
    })
    .await;
    let cloud = stub.cloud().await;
    assert_eq!(cloud.read(&inventory_target()).await, Ok(None));
}

#[tokio::test]
async fn only_inventories_that_differ_are_written() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "DELETE" => Reply::s3_error(
            404,
            "NoSuchConfiguration",
            "The specified configuration does not exist.",
        ),
        "PUT" => Reply::ok(""),
        _ => Reply::of(404, ""),
    })
    .await;
    let cloud = stub.cloud().await;
    let held = |ids: &[(&str, &str)]| {
        let held = ids.iter().map(|(id, to)| ((*id).to_owned(), inventory(to)));
        Document::Inventories(held.collect())
    };
    let before = held(&[
        ("theirs", "x"),
        ("s3ferry-default", "old"),
        ("s3ferry-gone", "x"),
    ]);
    let after = held(&[("theirs", "x"), ("s3ferry-default", "lists")]);
    let change = WriteChange {
        before: Some(&before),
        after: Some(&after),
    };
    cloud
        .write(&inventory_target(), change)
        .await
        .expect("what is gone is gone");
    let lines: Vec<String> = stub.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("PUT ") && lines[0].contains("id=s3ferry-default"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("DELETE ") && lines[1].contains("id=s3ferry-gone"),
        "{lines:?}"
    );
    let sent = &stub.seen()[0].body;
    for part in [
        "<IncludedObjectVersions>All<",
        "<Bucket>arn:aws:s3:::lists<",
        "<KeyId>k<",
        "<Field>ETag<",
        "<Frequency>Daily<",
    ] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
}

fn notification_target() -> Target {
    Target::Bucket(bucket(), BucketPart::Notifications)
}

fn notification(kind: EventTarget, target: &str, filter: &[(&str, &str)]) -> Notification {
    let owned = |(name, end): &(&str, &str)| ((*name).to_owned(), (*end).to_owned());
    Notification {
        kind,
        target: target.to_owned(),
        events: ["s3:ObjectCreated:*".to_owned()].into(),
        filter: filter.iter().map(owned).collect(),
    }
}

/// What S3 answers, and what is sent again: everything of everybody's is in both.
#[tokio::test]
async fn notifications_of_all_sorts_are_read_and_written_whole() {
    let event = "<Event>s3:ObjectCreated:*</Event>";
    let filter = "<Filter><S3Key><FilterRule><Name>Prefix</Name><Value>a/</Value></FilterRule><FilterRule><Name>Suffix</Name><Value>.csv</Value></FilterRule></S3Key></Filter>";
    let answer_is = format!(
        "<NotificationConfiguration><TopicConfiguration><Id>one</Id><Topic>arn:t</Topic>{event}{filter}</TopicConfiguration>\
         <QueueConfiguration><Id>two</Id><Queue>arn:q</Queue>{event}</QueueConfiguration>\
         <CloudFunctionConfiguration><Id>three</Id><CloudFunction>arn:f</CloudFunction>{event}</CloudFunctionConfiguration>\
         <EventBridgeConfiguration/></NotificationConfiguration>"
    );
    let stub = Stub::start(move |request| match request.method.as_str() {
        "PUT" => Reply::ok(""),
        _ => answer(request, "GET", &answer_is),
    })
    .await;
    let cloud = stub.cloud().await;
    let by_id = [
        (
            "one",
            notification(
                EventTarget::Topic,
                "arn:t",
                &[("prefix", "a/"), ("suffix", ".csv")],
            ),
        ),
        ("two", notification(EventTarget::Queue, "arn:q", &[])),
        ("three", notification(EventTarget::Function, "arn:f", &[])),
    ];
    let held = Document::Notifications(Notifications {
        by_id: by_id.map(|(id, of)| (id.to_owned(), of)).into(),
        event_bridge: true,
    });
    let read = cloud.read(&notification_target()).await;
    assert_eq!(read, Ok(Some(held.clone())));
    let change = WriteChange {
        before: None,
        after: Some(&held),
    };
    cloud
        .write(&notification_target(), change)
        .await
        .expect("it is taken");
    let seen = stub.seen();
    let sent = &seen.last().expect("a call").body;
    for part in [
        "<Topic>arn:t</Topic>",
        "<Queue>arn:q</Queue>",
        "<CloudFunction>arn:f</CloudFunction>",
        "<Id>one</Id>",
        "<Name>prefix</Name><Value>a/</Value>",
        "<Name>suffix</Name><Value>.csv</Value>",
        "<EventBridgeConfiguration",
    ] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
}

#[tokio::test]
async fn a_bucket_that_tells_nobody_anything_has_no_notifications_and_two_alike_are_not_read() {
    for (answered, is_read) in [
        ("<NotificationConfiguration/>", true),
        (
            "<NotificationConfiguration><TopicConfiguration><Id>a</Id><Topic>arn:t</Topic><Event>e</Event></TopicConfiguration><QueueConfiguration><Id>a</Id><Queue>arn:q</Queue><Event>e</Event></QueueConfiguration></NotificationConfiguration>",
            false,
        ),
        (
            "<NotificationConfiguration><TopicConfiguration><Topic>arn:t</Topic><Event>e</Event></TopicConfiguration></NotificationConfiguration>",
            false,
        ),
    ] {
        let stub = Stub::start(move |request| answer(request, "GET", answered)).await;
        let read = stub.cloud().await.read(&notification_target()).await;
        assert_eq!(read.is_ok(), is_read, "{answered}: {read:?}");
        if let Ok(read) = read {
            assert_eq!(read, None);
        }
    }
}
