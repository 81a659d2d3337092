//! What the SDK does not model is found, and the table is what the SDK writes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use quick_xml::Reader;
use quick_xml::events::Event;
use s3ferry_core::model::kinds::replication::{
    Filter, ReplicationConfiguration, Rule, RuleDestination, SourceSelection, Status, Timed,
};

use super::replication_model;
use super::replication_xml::{MODELLED, unmodelled};

fn document(rule: &str) -> Vec<String> {
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role>r</Role><Rule>{rule}</Rule></ReplicationConfiguration>"#
    );
    unmodelled(xml.as_bytes())
}

#[test]
fn modelled_elements_are_quiet() {
    let found = document(
        "<ID>a &amp; b</ID><Filter/><Status>Enabled</Status><Destination><Bucket>b</Bucket></Destination>",
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn unknown_elements_are_found_at_every_depth_once() {
    let found = document(
        "<New/><Filter><And><Tag><Key>k</Key><Value>v</Value><Scope>x</Scope></Tag><SizeAbove>1</SizeAbove></And></Filter>\
         <Destination><Metrics><Status>Enabled</Status><Sink><Arn>x</Arn></Sink></Metrics></Destination>\
         <Destination><Metrics><Sink/></Metrics></Destination>",
    );
    let expected = [
        "Rule/Destination/Metrics/Sink",
        "Rule/Filter/And/SizeAbove",
        "Rule/Filter/And/Tag/Scope",
        "Rule/New",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_element_hides_nothing_after_it() {
    let found = document("<New><Deep><Deeper/></Deep></New><Status>Enabled</Status><Newer/>");
    assert_eq!(found, ["Rule/New", "Rule/Newer"]);
}

#[test]
fn a_modelled_name_in_the_wrong_place_is_unknown() {
    // AWS's guide once showed Metrics under Rule (domain reference §1.4).
    assert_eq!(
        document("<Metrics><Status>Enabled</Status></Metrics>"),
        ["Rule/Metrics"]
    );
}

#[test]
fn broken_xml_is_never_taken_for_harmless() {
    assert_eq!(unmodelled(b"<ReplicationConfiguration><Rule>").len(), 1);
    assert_eq!(
        unmodelled(b"<ReplicationConfiguration><Rule></Role>").len(),
        1
    );
}

/// Keeps the body of the one request and answers nothing of use.
#[derive(Debug, Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl HttpConnector for Capture {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        *self.0.lock().unwrap() = request.body().bytes().unwrap_or_default().to_vec();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            200.try_into().unwrap(),
            SdkBody::empty(),
        )))
    }
}

fn status() -> Option<Status> {
    Some(Status::Enabled)
}

/// A rule with everything in it; the filter is given, because one filter cannot hold everything.
fn full(filter: Option<Filter>) -> Rule {
    let timed = || {
        Some(Timed {
            status: Status::Enabled,
            minutes: Some(15),
        })
    };
    Rule {
        id: Some("r".to_owned()),
        priority: Some(1),
        legacy_prefix: filter.is_none().then(|| "p".to_owned()),
        filter,
        status: Status::Enabled,
        source_selection: Some(SourceSelection {
            sse_kms: status(),
            replica_modifications: status(),
        }),
        existing_objects: status(),
        destination: Some(RuleDestination {
            bucket: "b".to_owned(),
            account: Some("a".to_owned()),
            storage_class: Some("STANDARD".to_owned()),
            owner_override: Some("Destination".to_owned()),
            replica_key: Some(Some("k".to_owned())),
            replication_time: timed(),
            metrics: timed(),
        }),
        delete_markers: Some(status()),
    }
}

async fn written(rules: Vec<Rule>) -> Vec<u8> {
    let document = ReplicationConfiguration {
        role: "r".to_owned(),
        rules,
        unmodelled: vec![],
    };
    let capture = Capture::default();
    let connector = SharedHttpConnector::new(capture.clone());
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    let request = aws_sdk_s3::Client::from_conf(config)
        .put_bucket_replication()
        .bucket("orders");
    let request = request.replication_configuration(replication_model::to_sdk(&document).unwrap());
    request.send().await.unwrap();
    capture.0.lock().unwrap().clone()
}

/// Every path in a document below its root.
fn paths(xml: &[u8]) -> BTreeSet<String> {
    let mut reader = Reader::from_reader(xml);
    let (mut names, mut found) = (Vec::new(), BTreeSet::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                names.push(String::from_utf8(element.name().as_ref().to_vec()).unwrap());
                found.insert(names[1..].join("/"));
            }
            Event::End(_) => drop(names.pop()),
            Event::Eof => break,
            _ => {}
        }
    }
    found.remove("");
    found
}

#[tokio::test]
async fn the_table_is_what_the_sdk_writes() {
    let tags = vec![("k".to_owned(), "v".to_owned())];
    let body = written(vec![
        full(None),
        full(Some(Filter::Prefix("p".to_owned()))),
        full(Some(Filter::Tag("k".to_owned(), "v".to_owned()))),
        full(Some(Filter::And {
            prefix: Some("p".to_owned()),
            tags,
        })),
    ])
    .await;
    let table: BTreeSet<String> = MODELLED.iter().map(ToString::to_string).collect();
    assert_eq!(paths(&body), table);
    assert_eq!(unmodelled(&body), Vec::<String>::new());
}
