//! What is promised of trails.

use s3ferry_core::data_events::DataEvents;
use s3ferry_core::ids::TrailName;
use s3ferry_core::model::kinds::{
    AdvancedSelector, BasicSelector, EventSelectors, FieldSelector, Policy, SeenTrail, SeenTrails,
    Trail,
};
use s3ferry_core::model::{
    BucketPart, BucketRef, Document, RegionPart, Target, TrailPart, TrailRef,
};
use s3ferry_core::policy::generate::trail_statements;
use s3ferry_core::policy::{PolicyDocument, Statement};
use s3ferry_engine::ports::{Objects, Write};

use super::{Suite, Violation};
use crate::build;

/// Runs what is promised of trails, in a place that has none, with a bucket that is made for their files and left; an empty
/// list is a pass.
pub async fn trails<W: Write + Objects>(world: &W, bucket: &BucketRef) -> Vec<Violation> {
    let mut suite = Suite {
        world,
        violations: Vec::new(),
    };
    let trail = TrailRef {
        account: bucket.account.clone(),
        region: bucket.region.clone(),
        name: TrailName::new("contract").expect("a name"),
    };
    suite.trail(&trail, bucket).await;
    suite.violations
}

impl<W: Write + Objects> Suite<'_, W> {
    async fn trail(&mut self, trail: &TrailRef, bucket: &BucketRef) {
        let part = |part| Target::Trail(trail.clone(), part);
        let (itself, selectors) = (part(TrailPart::Itself), part(TrailPart::Selectors));
        let seen = Target::Region(trail.place(), RegionPart::Trails);
        let none = Document::Trails(SeenTrails::default());
        for (target, document) in [(&itself, None), (&selectors, None), (&seen, Some(&none))] {
            self.expect(target, document, "is not there before the suite")
                .await;
        }
        let made = Target::Bucket(bucket.clone(), BucketPart::Itself);
        self.write_twice(&made, &build::made(bucket, &[])).await;
        let policy = Target::Bucket(bucket.clone(), BucketPart::Policy);
        self.write_twice(&policy, &lets_in(trail, bucket)).await;

        let document = |edit: fn(&mut Trail)| {
            let mut of = of_contract(bucket);
            edit(&mut of);
            Document::Trail(Box::new(of))
        };
        self.write_twice(&itself, &document(|_| {})).await;
        let management = EventSelectors::Basic(vec![BasicSelector::of_management()]);
        let management = Document::Selectors(management);
        self.expect(&selectors, Some(&management), "a new trail records this")
            .await;
        let listed = SeenTrail {
            name: trail.name.to_string(),
            home: trail.region.to_string(),
            account: trail.account.to_string(),
        };
        let listed = Document::Trails(SeenTrails([listed].into()));
        self.expect(&seen, Some(&listed), "the list has what there is")
            .await;
        for records in all_sorts() {
            self.write_twice(&selectors, &Document::Selectors(records))
                .await;
        }
        let edits: [fn(&mut Trail); 5] = [
            |of| of.prefix = None,
            |of| of.logging = false,
            |of| of.multi_region = true,
            |of| drop(of.tags.insert("more".to_owned(), "ü".to_owned())),
            |of| of.tags.clear(),
        ];
        for edit in edits {
            self.write_twice(&itself, &document(edit)).await;
        }
        self.remove_twice(&itself).await;
        self.expect(&selectors, None, "goes with its trail").await;
        self.expect(&seen, Some(&none), "the list has what there is")
            .await;
        self.remove_twice(&policy).await;
    }
}

fn of_contract(bucket: &BucketRef) -> Trail {
    Trail {
        bucket: bucket.bucket.to_string(),
        prefix: Some("ct".to_owned()),
        multi_region: false,
        organization: false,
        key: None,
        tags: build::tags(&[("made-by", "contract")]),
        logging: true,
        delivery_error: None,
    }
}

/// Both places that the suite has the trail write to.
fn lets_in(trail: &TrailRef, bucket: &BucketRef) -> Document {
    let statements = |sids: [&str; 2], prefix| {
        trail_statements(sids.map(str::to_owned), trail, &bucket.bucket, prefix)
    };
    let all = [
        statements(["Looks", "Puts"], "ct"),
        statements(["LooksToo", "PutsToo"], ""),
    ];
    let all: Vec<Statement> = all.into_iter().flatten().collect();
    let policy = PolicyDocument::empty().merged(&all, |_| false);
    Document::BucketPolicy(Policy::from(policy.expect("it has a version")))
}

fn all_sorts() -> [EventSelectors; 3] {
    let buckets = ["arn:aws:s3:::a/", "arn:aws:s3:::b/"]
        .map(str::to_owned)
        .into();
    let basic = BasicSelector {
        excluded: vec!["kms.amazonaws.com".to_owned()],
        read_write: "WriteOnly".to_owned(),
        ..BasicSelector::of_management()
    };
    let theirs = AdvancedSelector {
        name: None,
        fields: vec![
            field("eventCategory", "Equals", &["Data"]),
            field("resources.type", "Equals", &["AWS::S3::Object"]),
            field("eventName", "NotStartsWith", &["Get", "List"]),
        ],
    };
    let name = "s3ferry/contract/writes".to_owned();
    let ours = AdvancedSelector::of_buckets(name, DataEvents::Writes, &buckets);
    [
        EventSelectors::Basic(vec![
            basic,
            BasicSelector::of_buckets(DataEvents::All, &buckets),
        ]),
        EventSelectors::Advanced(vec![theirs, ours]),
        EventSelectors::Basic(vec![BasicSelector::of_management()]),
    ]
}

fn field(name: &str, operator: &str, values: &[&str]) -> FieldSelector {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    FieldSelector {
        field: name.to_owned(),
        is: [(operator.to_owned(), values)].into(),
    }
}
