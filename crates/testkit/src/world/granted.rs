//! What a spec takes for granted: the accounts as they are before its first plan.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::model::kinds::{
    BasicSelector, Bucket, BucketEncryption, Document, EventSelectors, Key, ObjectOwnership,
    Policy, Topic, Trail, Versioning, VersioningStatus,
};
use s3ferry_core::model::{
    BucketPart, BucketRef, KeyPart, KeyRef, Target, TopicRef, TrailPart, TrailRef,
};
use s3ferry_core::reads;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::{Create, Spec};

/// What a spec takes for granted: its sources, destinations that it does not create, keys, topics, buckets for logs and reports, and
/// trails that it does not make.
#[must_use]
pub fn granted(spec: &Spec) -> BTreeMap<Target, Document> {
    let mut world = Granted::default();
    let keys = reads::first_in(spec, &Scope::All).into_iter();
    for key in keys.filter_map(|target| target.key().cloned()) {
        world.make_key(key);
    }
    for migration in spec.migrations.values() {
        world.make(spec.source(migration));
        if migration.destination.create == Create::No {
            world.make(spec.destination(migration));
        }
    }
    for topic in spec.routes().flat_map(|route| route.topics) {
        world.make_topic(&topic);
    }
    for route in spec.routes() {
        let theirs = route.trails().into_iter().filter(|of| of.to.is_none());
        theirs.for_each(|of| world.make_trail(&of.trail));
        for bucket in route.log_buckets() {
            let encrypted = Target::Bucket(bucket.clone(), BucketPart::Encryption);
            world.make(bucket);
            world.documents.insert(encrypted, sse_s3());
        }
        let reports = [route.job_report(), route.job_manifest()];
        let computed = route.computed().into_iter().map(|of| of.report.0);
        let reports = reports.into_iter().flatten().map(|(bucket, _)| bucket);
        for bucket in reports.chain(computed) {
            world.make(bucket);
        }
    }
    world.documents
}

/// What every bucket is encrypted with where nobody says otherwise.
fn sse_s3() -> Document {
    Document::Encryption(BucketEncryption {
        algorithm: "AES256".to_owned(),
        key: None,
        bucket_key: false,
        blocked: BTreeSet::new(),
    })
}

#[derive(Default)]
struct Granted {
    documents: BTreeMap<Target, Document>,
}

impl Granted {
    /// A key that its account administers, and that nobody of another one may use; one for lists lets S3 write them.
    fn make_key(&mut self, key: KeyRef) {
        let account = &key.account;
        let lists = format!(
            r#",{{"Sid":"AllowS3Inventory","Effect":"Allow","Principal":{{"Service":"s3.amazonaws.com"}},"Action":"kms:GenerateDataKey","Resource":"*","Condition":{{"StringEquals":{{"aws:SourceAccount":"{account}"}}}}}}"#
        );
        let lists = if key.id == "lists" { &*lists } else { "" };
        let policy = format!(
            r#"{{"Version":"2012-10-17","Id":"key-default-1","Statement":[{{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"kms:*","Resource":"*"}}{lists}]}}"#
        );
        let made = Document::Key(Key {
            state: "Enabled".to_owned(),
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            usage: "ENCRYPT_DECRYPT".to_owned(),
            manager: "CUSTOMER".to_owned(),
            multi_region: key.id.starts_with("mrk-"),
        });
        let policy = Document::KeyPolicy(Policy::read(policy));
        self.documents
            .insert(Target::Key(key.clone(), KeyPart::Itself), made);
        self.documents
            .insert(Target::Key(key, KeyPart::Policy), policy);
    }

    /// A trail of a security team, which records who changes what.
    fn make_trail(&mut self, trail: &TrailRef) {
        let made = Trail {
            bucket: "central-trail".to_owned(),
            prefix: None,
            multi_region: true,
            organization: false,
            key: None,
            tags: BTreeMap::from([("team".to_owned(), "security".to_owned())]),
            logging: true,
            delivery_error: None,
        };
        let records = EventSelectors::Basic(vec![BasicSelector::of_management()]);
        let part = |part| Target::Trail(trail.clone(), part);
        let made = Document::Trail(Box::new(made));
        self.documents.insert(part(TrailPart::Itself), made);
        let records = Document::Selectors(records);
        self.documents.insert(part(TrailPart::Selectors), records);
    }

    /// A topic that lets alarms and buckets of its account in, with somebody who listens.
    fn make_topic(&mut self, topic: &TopicRef) {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":["cloudwatch.amazonaws.com","s3.amazonaws.com"]}},"Action":"SNS:Publish","Resource":"{}","Condition":{{"StringEquals":{{"aws:SourceAccount":"{}"}}}}}}]}}"#,
            topic.arn, topic.account
        );
        let made = Topic {
            policy: Policy::read(policy),
            confirmed: 1,
            pending: 0,
            key: None,
        };
        self.documents
            .insert(Target::Topic(topic.clone()), Document::Topic(made));
    }

    fn make(&mut self, bucket: BucketRef) {
        let region = bucket.region.clone();
        let made = Document::Bucket(Bucket {
            region,
            created_with_tags: BTreeMap::new(),
        });
        let never = Versioning {
            status: VersioningStatus::Never,
            mfa_delete: false,
        };
        self.documents
            .insert(Target::Bucket(bucket.clone(), BucketPart::Itself), made);
        self.documents.insert(
            Target::Bucket(bucket.clone(), BucketPart::Tags),
            Document::Tags(BTreeMap::new()),
        );
        self.documents.insert(
            Target::Bucket(bucket.clone(), BucketPart::Versioning),
            Document::Versioning(never),
        );
        let ownership = Document::Ownership(ObjectOwnership::BucketOwnerEnforced);
        self.documents
            .insert(Target::Bucket(bucket, BucketPart::Ownership), ownership);
    }
}
