//! Notifications: who hears of what.

use std::sync::{Arc, Mutex};

use super::*;
use crate::authority::Authority;
use crate::call_log::CallLog;
use crate::clock::Clock;
use crate::environment::{Account, Environment};
use crate::iam::Iam;
use crate::keys::KeyRing;
use crate::kms::Kms;
use crate::notifier::{Notifier, Unpublished};
use crate::s3::rules::new_bucket::empty_bucket;
use crate::switches::Switches;

/// Takes everything.
#[derive(Default)]
struct Everything(Mutex<Vec<(String, String)>>);

impl Notifier for Everything {
    fn accepts(&self, _: &Notice<'_>) -> Result<(), Unpublished> {
        Ok(())
    }

    fn publish(&self, notice: &Notice<'_>) -> Result<(), Unpublished> {
        let told = (notice.topic.to_owned(), notice.message.to_owned());
        self.0.lock().unwrap().push(told);
        Ok(())
    }
}

#[test]
fn topics_hear_of_what_they_ask_for() {
    let topics = Arc::new(Everything::default());
    let (clock, switches) = (Clock::default(), Arc::new(Switches::default()));
    let accounts = [Account {
        id: "111111111111".to_owned(),
        region: "eu-west-1".to_owned(),
    }];
    let keys = KeyRing::new(clock.clone());
    let iam = Arc::new(Iam::new(
        &accounts,
        1,
        clock.clone(),
        Arc::clone(&switches),
        keys,
    ));
    let store = Store::new(
        Environment {
            vault: Arc::new(Kms::new(
                1,
                clock.clone(),
                Arc::clone(&iam) as Arc<dyn Authority>,
            )),
            authority: iam,
            notifier: Arc::clone(&topics) as Arc<dyn Notifier>,
            calls: Arc::new(CallLog::new()),
            clock,
            switches,
            seed: 1,
        },
        |_, _, _| {},
    );
    let mut bucket = empty_bucket(&store, "111111111111", "eu-west-1", "BucketOwnerEnforced");
    let text = "<NotificationConfiguration><TopicConfiguration><Id>one</Id><Topic>t</Topic>\
        <Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>Prefix</Name><Value>a/</Value></FilterRule>\
        </S3Key></Filter></TopicConfiguration></NotificationConfiguration>";
    let now = store.now();
    bucket.set_document(("notification", String::new()), now, Some(text));
    store.world().buckets.insert("b".to_owned(), bucket);
    let happening = |event, key| Happening {
        event,
        bucket: "b",
        key,
        version_id: Some("v"),
        etag: Some("e"),
        size: Some(3),
        caller: None,
        replication: None,
    };
    tell(&store, &happening("ObjectCreated:Put", "b/k"));
    tell(&store, &happening("ObjectRemoved:Delete", "a/k"));
    tell(&store, &happening("ObjectCreated:Copy", "a/k @"));
    let told = topics.0.lock().unwrap();
    let [(topic, message)] = &told[..] else {
        panic!("{told:?}");
    };
    let message: Value = serde_json::from_str(message).unwrap();
    let record = &message["Records"][0];
    assert_eq!(
        (topic.as_str(), &record["eventName"]),
        ("t", &json!("ObjectCreated:Copy"))
    );
    assert_eq!(record["s3"]["configurationId"], "one");
    assert_eq!(record["s3"]["object"]["key"], "a/k+%40");
    assert_eq!(record["s3"]["object"]["size"], 3);
}
