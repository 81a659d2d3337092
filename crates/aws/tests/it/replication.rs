//! Replication configurations go through unchanged, and nothing that would be lost goes unnoticed.

use quick_xml::Reader;
use quick_xml::events::Event;
use s3ferry_core::model::kinds::replication::{Filter, ReplicationConfiguration, Status};
use s3ferry_core::model::{BucketPart, Document, Target};
use s3ferry_engine::ports::{Class, Read, Write, WriteChange};

use crate::stub::{Reply, Stub, bucket};

/// An element: its name, its text, its children in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Element {
    name: String,
    text: String,
    children: Vec<Self>,
}

/// The document as a tree; children sorted by name, because their order means nothing (rules keep theirs, by ID).
fn tree(xml: &str) -> Element {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element {
        name: String::new(),
        text: String::new(),
        children: vec![],
    }];
    let named = |name: &[u8]| Element {
        name: String::from_utf8(name.to_vec()).unwrap(),
        text: String::new(),
        children: vec![],
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => open.push(named(start.name().as_ref())),
            Event::Empty(empty) => open
                .last_mut()
                .unwrap()
                .children
                .push(named(empty.name().as_ref())),
            Event::Text(text) => open.last_mut().unwrap().text += &text.decode().unwrap(),
            Event::GeneralRef(entity) => {
                open.last_mut().unwrap().text += &format!("&{};", entity.decode().unwrap());
            }
            Event::End(_) => {
                let mut done = open.pop().unwrap();
                done.children.sort();
                open.last_mut().unwrap().children.push(done);
            }
            Event::Eof => return open.pop().unwrap().children.pop().unwrap(),
            _ => {}
        }
    }
}

fn configuration(rules: &str) -> String {
    format!(
        "<ReplicationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Role>arn:aws:iam::111111111111:role/s3ferry/r</Role>{rules}</ReplicationConfiguration>"
    )
}

/// Reads the configuration, writes it back, and gives the document and the XML that was sent.
async fn there_and_back(rules: &str) -> (ReplicationConfiguration, String) {
    let xml = configuration(rules);
    let stub = Stub::start(move |request| match request.method.as_str() {
        "GET" => Reply::ok(xml.clone()),
        "PUT" => Reply::ok(""),
        _ => Reply::of(404, ""),
    })
    .await;
    let cloud = stub.cloud().await;
    let target = Target::Bucket(bucket(), BucketPart::Replication);
    let document = cloud.read(&target).await.unwrap().unwrap();
    let change = WriteChange {
        before: Some(&document),
        after: Some(&document),
    };
    cloud.write(&target, change).await.unwrap();
    let Document::Replication(found) = document else {
        panic!("not a replication configuration")
    };
    (found, stub.seen().pop().unwrap().body)
}

/// Every element that S3 knows, and every way to leave one out.
const RULES: &[&str] = &[
    "<Rule><ID>v1</ID><Prefix>a/</Prefix><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::d</Bucket></Destination></Rule>",
    "<Rule><Prefix></Prefix><Status>Disabled</Status><Destination><Bucket>arn:aws:s3:::d</Bucket></Destination></Rule>",
    "<Rule><ID>all</ID><Priority>0</Priority><Filter></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::d</Bucket></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule>",
    "<Rule><ID>empty prefix</ID><Priority>1</Priority><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::d</Bucket></Destination><DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication></Rule>",
    "<Rule><ID>tag</ID><Priority>2</Priority><Filter><Tag><Key>k&amp;</Key><Value>&lt;v&gt;</Value></Tag></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::d</Bucket></Destination><DeleteMarkerReplication></DeleteMarkerReplication></Rule>",
    "<Rule><ID>and of one</ID><Priority>3</Priority><Filter><And><Prefix>p</Prefix></And></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::d</Bucket></Destination></Rule>",
    "<Rule><ID>everything</ID><Priority>2147483647</Priority><Filter><And><Prefix>p/é</Prefix><Tag><Key>b</Key><Value>2</Value></Tag><Tag><Key>a</Key><Value></Value></Tag></And></Filter><Status>Enabled</Status>\
     <SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects><ReplicaModifications><Status>Disabled</Status></ReplicaModifications></SourceSelectionCriteria>\
     <ExistingObjectReplication><Status>Disabled</Status></ExistingObjectReplication>\
     <Destination><Bucket>arn:aws:s3:::d</Bucket><Account>222222222222</Account><StorageClass>STANDARD_IA</StorageClass><AccessControlTranslation><Owner>Destination</Owner></AccessControlTranslation>\
     <EncryptionConfiguration><ReplicaKmsKeyID>arn:aws:kms:eu-west-1:222222222222:key/k</ReplicaKmsKeyID></EncryptionConfiguration>\
     <ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime><Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics></Destination>\
     <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule>",
    "<Rule><ID> spaced </ID><Priority>6</Priority><Filter><And><Prefix> </Prefix><Tag><Key> </Key><Value>  </Value></Tag></And></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::d</Bucket></Destination></Rule>",
    "<Rule><ID>bare blocks</ID><Priority>4</Priority><Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status><SourceSelectionCriteria></SourceSelectionCriteria>\
     <Destination><Bucket>arn:aws:s3:::d</Bucket><EncryptionConfiguration></EncryptionConfiguration><Metrics><Status>Disabled</Status></Metrics></Destination></Rule>",
    "<Rule><ID>words of tomorrow</ID><Priority>5</Priority><Filter><Prefix>x</Prefix></Filter><Status>Paused</Status><Destination><Bucket>arn:aws:s3:::d</Bucket><StorageClass>HOLOGRAPHIC</StorageClass>\
     <AccessControlTranslation><Owner>Nobody</Owner></AccessControlTranslation></Destination><DeleteMarkerReplication><Status>Sometimes</Status></DeleteMarkerReplication></Rule>",
];

#[tokio::test]
async fn every_rule_is_written_back_as_it_was_read() {
    for rule in RULES {
        let (found, sent) = there_and_back(rule).await;
        assert_eq!(found.unmodelled, Vec::<String>::new(), "{rule}");
        assert_eq!(tree(&sent), tree(&configuration(rule)), "{sent}");
    }
}

#[tokio::test]
async fn rules_keep_their_order() {
    let (found, sent) = there_and_back(&RULES.concat()).await;
    assert_eq!(found.rules.len(), RULES.len());
    let ids = |xml: &str| -> Vec<String> {
        xml.split("<ID>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(ids(&sent), ids(&RULES.concat()));
}

#[tokio::test]
async fn unknown_words_are_kept() {
    let (found, _) = there_and_back(RULES[9]).await;
    let rule = &found.rules[0];
    assert_eq!(rule.status, Status::Other("Paused".to_owned()));
    assert_eq!(
        rule.delete_markers,
        Some(Some(Status::Other("Sometimes".to_owned())))
    );
    let destination = rule.destination.as_ref().unwrap();
    assert_eq!(destination.storage_class.as_deref(), Some("HOLOGRAPHIC"));
    assert_eq!(destination.owner_override.as_deref(), Some("Nobody"));
}

async fn read_only(rules: &str) -> (Stub, ReplicationConfiguration) {
    let xml = configuration(rules);
    let stub = Stub::start(move |request| match request.method.as_str() {
        "GET" => Reply::ok(xml.clone()),
        _ => Reply::of(404, ""),
    })
    .await;
    let found = stub
        .cloud()
        .await
        .read(&Target::Bucket(bucket(), BucketPart::Replication))
        .await
        .unwrap();
    let Some(Document::Replication(found)) = found else {
        panic!("{found:?}")
    };
    (stub, found)
}

#[tokio::test]
async fn what_the_sdk_drops_is_named_and_never_written() {
    let rule = "<Rule><ID>r</ID><Priority>1</Priority><Filter><And><Prefix>p</Prefix><SizeAbove>1</SizeAbove></And></Filter><Status>Enabled</Status>\
        <Destination><Bucket>arn:aws:s3:::d</Bucket><Metrics><Status>Enabled</Status><Sink>s</Sink></Metrics><Cap/></Destination><Schedule><Hour>1</Hour></Schedule></Rule><Mode>fast</Mode>";
    let (stub, found) = read_only(rule).await;
    let expected = [
        "Mode",
        "Rule/Destination/Cap",
        "Rule/Destination/Metrics/Sink",
        "Rule/Filter/And/SizeAbove",
        "Rule/Schedule",
    ];
    assert_eq!(found.unmodelled, expected);
    let document = Document::Replication(found);
    let change = WriteChange {
        before: Some(&document),
        after: Some(&document),
    };
    let error = stub
        .cloud()
        .await
        .write(&Target::Bucket(bucket(), BucketPart::Replication), change)
        .await
        .unwrap_err();
    assert_eq!(error.class, Class::Rejected);
    assert!(error.message.contains("Rule/Schedule"), "{error}");
    assert!(stub.seen().iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn a_filter_that_the_model_cannot_hold_is_named() {
    let rule = "<Rule><Priority>1</Priority><Filter><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::d</Bucket></Destination></Rule>";
    let (_, found) = read_only(rule).await;
    assert_eq!(found.unmodelled.len(), 1, "{:?}", found.unmodelled);
    let tags = vec![("k".to_owned(), "v".to_owned())];
    assert_eq!(
        found.rules[0].filter,
        Some(Filter::And {
            prefix: Some("p".to_owned()),
            tags
        })
    );
}
