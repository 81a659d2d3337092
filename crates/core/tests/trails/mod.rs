//! Trails: one of ours made after its bucket takes its files, somebody else's told what to record besides; whose they are, in which
//! order they come and go, and what stands in their way.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::data_events::DataEvents;
use s3ferry_core::format::{Action, FindingLevel, Reason};
use s3ferry_core::ids::{AccountId, Region, TrailName};
use s3ferry_core::model::kinds::{
    AdvancedSelector, BasicSelector, BucketEncryption, EventSelectors, FieldSelector, ObjectLock,
    RequestPayment, SeenTrail, SeenTrails, Trail,
};
use s3ferry_core::model::{Document, RegionPart, Target, TrailPart, TrailRef};
use s3ferry_core::permissions::of_steps;
use s3ferry_core::plan::Plan;
use s3ferry_core::spec::Spec;

use super::world::{self, World, codes, help, no_migrations, order, spec};

const OWN: &str = "guards: {}
    logging:
      cloudtrail:
        source: { trail: s3-data, bucket: prod-trail, prefix: ct }
        destination: { trail: s3-data, bucket: archive-trail }";

const OTHERS: &str = "guards: {}
    logging: { cloudtrail: { source: { trail: audit } } }";

/// A spec with this for its guards and its logging, after replacing parts of its text.
fn traced(text: &str, replacements: &[(&str, &str)]) -> Spec {
    let mut text = text.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from:?} is not in the spec");
        text = text.replace(from, to);
    }
    spec(&[("guards: {}", &text)])
}

fn world() -> World {
    let mut world = World::with_source("orders-prod");
    world.make_source("prod-trail");
    world.make_destination("archive-trail");
    world
}

fn trail(account: &str, name: &str) -> TrailRef {
    let (id, region) = match account {
        "prod" => ("111111111111", "eu-west-1"),
        _ => ("222222222222", "eu-central-1"),
    };
    TrailRef {
        account: AccountId::new(id).expect("a test is well made"),
        region: Region::new(region).expect("a test is well made"),
        name: TrailName::new(name).expect("a test is well made"),
    }
}

fn itself(of: &TrailRef) -> Target {
    Target::Trail(of.clone(), TrailPart::Itself)
}

fn selectors(of: &TrailRef) -> Target {
    Target::Trail(of.clone(), TrailPart::Selectors)
}

/// A trail that somebody else made, with what it records.
fn theirs(records: EventSelectors) -> World {
    let mut world = world();
    put(&mut world, &trail("prod", "audit"), |_| {}, records);
    world
}

fn put(world: &mut World, at: &TrailRef, edit: impl FnOnce(&mut Trail), records: EventSelectors) {
    let mut trail = Trail {
        bucket: "prod-audit".to_owned(),
        prefix: None,
        multi_region: false,
        organization: false,
        key: None,
        tags: BTreeMap::from([("team".to_owned(), "security".to_owned())]),
        logging: true,
        delivery_error: None,
    };
    edit(&mut trail);
    world.put(itself(at), Some(Document::Trail(Box::new(trail))));
    world.put(selectors(at), Some(Document::Selectors(records)));
}

fn recorded(world: &World, of: &TrailRef) -> EventSelectors {
    match world.held(&selectors(of)) {
        Some(Document::Selectors(held)) => held.clone(),
        other => panic!("{other:?}"),
    }
}

fn management() -> EventSelectors {
    EventSelectors::Basic(vec![BasicSelector::of_management()])
}

fn arns<const N: usize>(buckets: [&str; N]) -> BTreeSet<String> {
    buckets.map(|of| format!("arn:aws:s3:::{of}/")).into()
}

/// What somebody did to a trail of theirs, and the code by which it is told.
type Told = (fn(&mut Trail), &'static str);

fn level(plan: &Plan, code: &str) -> Option<FindingLevel> {
    let found = plan.findings.iter().find(|of| of.code == code);
    found.map(|of| of.level)
}

/// Whether the first steps of these names stand in this order.
fn in_order(plan: &Plan, steps: &[&str]) -> bool {
    let order = order(plan);
    let places: Vec<usize> = steps
        .iter()
        .map(|step| {
            let place = order.iter().position(|id| id.starts_with(step));
            place.unwrap_or_else(|| panic!("no {step} in {order:#?}"))
        })
        .collect();
    places.windows(2).all(|pair| pair[0] < pair[1])
}

#[test]
fn a_trail_of_ours_is_made_after_its_bucket_takes_its_files_and_records_one_bucket() {
    let mut world = world();
    let own = traced(OWN, &[]);
    let plan = world.plan(&own);
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
    let steps = [
        "prod/bucket/prod-trail/policy",
        "prod/trail/eu-west-1/s3-data",
        "prod/trail/eu-west-1/s3-data/selectors",
    ];
    assert!(in_order(&plan, &steps));
    world.converge(&own);
    let at = trail("prod", "s3-data");
    let Some(Document::Trail(made)) = world.held(&itself(&at)) else {
        panic!("no trail");
    };
    assert!(made.logging && !made.multi_region);
    assert_eq!(made.prefix.as_deref(), Some("ct"));
    assert_eq!(
        made.tags.get("s3ferry:spec").map(String::as_str),
        Some("default")
    );
    let wanted = AdvancedSelector::of_buckets(
        "s3ferry/default/all".to_owned(),
        DataEvents::All,
        &arns(["orders-prod"]),
    );
    assert_eq!(
        recorded(&world, &at),
        EventSelectors::Advanced(vec![wanted])
    );
    let policy = world.policy_text("prod/bucket/prod-trail/policy");
    for part in [
        "\"Resource\":\"arn:aws:s3:::prod-trail/ct/AWSLogs/111111111111/*\"",
        "\"s3:x-amz-acl\":\"bucket-owner-full-control\"",
        "\"aws:SourceArn\":\"arn:aws:cloudtrail:eu-west-1:111111111111:trail/s3-data\"",
        "s3:GetBucketAcl",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
}

/// A run that was stopped after it had made the trail left what CloudTrail makes of a new one.
#[test]
fn a_trail_of_ours_that_is_only_half_made_is_finished_and_nothing_of_it_is_counted() {
    let mut world = world();
    world.converge(&traced(OWN, &[]));
    let at = trail("prod", "s3-data");
    let made = world.held(&itself(&at)).cloned();
    let Some(Document::Trail(mut half)) = made.clone() else {
        panic!("no trail");
    };
    half.logging = false;
    world.put(itself(&at), Some(Document::Trail(half)));
    world.put(selectors(&at), Some(Document::Selectors(management())));
    let plan = world.plan(&traced(OWN, &[]));
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
    world.converge(&traced(OWN, &[]));
    assert_eq!(world.held(&itself(&at)).cloned(), made);
    assert_eq!(recorded(&world, &at).names(), ["s3ferry/default/all"]);
}

#[test]
fn events_that_write_alone_are_asked_for_in_a_selector_of_their_own() {
    let mut world = world();
    world.converge(&traced(OWN, &[]));
    let writes = traced(
        OWN,
        &[("cloudtrail:", "cloudtrail:\n        write_only: true")],
    );
    world.converge(&writes);
    let wanted = AdvancedSelector::of_buckets(
        "s3ferry/default/writes".to_owned(),
        DataEvents::Writes,
        &arns(["orders-prod"]),
    );
    assert_eq!(
        recorded(&world, &trail("prod", "s3-data")),
        EventSelectors::Advanced(vec![wanted])
    );
}

#[test]
fn somebody_elses_trail_records_ours_besides_and_keeps_everything_else() {
    let lambda = AdvancedSelector {
        name: None,
        fields: vec![
            FieldSelector {
                field: "eventCategory".to_owned(),
                is: BTreeMap::from([("Equals".to_owned(), vec!["Data".to_owned()])]),
            },
            FieldSelector {
                field: "resources.type".to_owned(),
                is: BTreeMap::from([(
                    "Equals".to_owned(),
                    vec!["AWS::Lambda::Function".to_owned()],
                )]),
            },
        ],
    };
    let kms = BasicSelector {
        excluded: vec!["kms.amazonaws.com".to_owned()],
        ..BasicSelector::of_management()
    };
    let at = trail("prod", "audit");
    for records in [
        EventSelectors::Advanced(vec![lambda]),
        EventSelectors::Basic(vec![kms]),
        management(),
    ] {
        let mut world = theirs(records.clone());
        let before = world.held(&itself(&at)).cloned();
        world.converge(&traced(OTHERS, &[]));
        match (recorded(&world, &at), &records) {
            (EventSelectors::Advanced(all), EventSelectors::Advanced(old)) => {
                assert_eq!(&all[..1], &old[..]);
                assert_eq!(all[1].name.as_deref(), Some("s3ferry/default/all"));
            }
            (EventSelectors::Basic(all), EventSelectors::Basic(old)) => {
                assert_eq!(&all[..1], &old[..]);
                let ours = BasicSelector::of_buckets(DataEvents::All, &arns(["orders-prod"]));
                assert_eq!(all[1], ours);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(world.held(&itself(&at)), before.as_ref());
        // Without migrations it is found by the role's tags.
        world.converge(&no_migrations(9));
        assert_eq!(recorded(&world, &at), records);
        assert_eq!(world.held(&itself(&at)), before.as_ref());
        assert_eq!(world.get("prod/role/s3ferry-orders-prod"), None);
    }
}

#[test]
fn what_a_trail_of_ours_leaves_goes_in_the_safe_order_and_is_counted() {
    let mut world = world();
    world.converge(&traced(OWN, &[]));
    let refused = world.plan(&spec(&[]));
    assert!(codes(&refused).contains(&"max-deletes"));
    let without = spec(&[("guards: {}", "guards: { max_deletes: 2 }")]);
    let plan = world.plan(&without);
    assert!(!plan.is_blocked(), "{:#?}", plan.findings);
    let steps = [
        "prod/trail/eu-west-1/s3-data",
        "prod/bucket/prod-trail/policy",
        "prod/role/s3ferry-orders-prod",
    ];
    assert!(in_order(&plan, &steps), "{:#?}", order(&plan));
    let gone = plan.changes.iter().find(|of| of.kind == "CloudTrail trail");
    let gone = gone.expect("the trail goes");
    assert_eq!(
        (&gone.actions[..], gone.reason),
        (&[Action::Delete][..], Reason::LeftSpec)
    );
    world.converge(&without);
    assert_eq!(world.held(&itself(&trail("prod", "s3-data"))), None);
    assert_eq!(world.get("prod/bucket/prod-trail/policy"), None);
}

/// An apply that stops after any step leaves something that leads to the rest.
#[test]
fn whatever_step_an_end_stops_after_the_next_plan_finds_the_rest() {
    let both = format!("{OWN}\n").replace(
        "destination: { trail: s3-data, bucket: archive-trail }",
        "destination: { trail: audit }",
    );
    let begin = || {
        let mut world = world();
        let at = trail("archive", "audit");
        put(&mut world, &at, |_| {}, management());
        world.converge(&traced(both.trim_end(), &[]));
        world
    };
    let steps = begin().plan(&no_migrations(9)).steps.len();
    for stop in 0..steps {
        let mut world = begin();
        let mut cut = world.plan(&no_migrations(9));
        let first: BTreeSet<String> = order(&cut).into_iter().take(stop).collect();
        cut.steps.retain(|step| first.contains(&step.id.0));
        world.apply(&cut);
        world.converge(&no_migrations(9));
        assert_eq!(world.held(&itself(&trail("prod", "s3-data"))), None);
        assert_eq!(recorded(&world, &trail("archive", "audit")), management());
        assert_eq!(world.get("prod/bucket/prod-trail/policy"), None);
    }
}

#[test]
fn a_trail_of_ours_that_records_for_somebody_else_too_is_theirs_from_now_on() {
    let mut world = world();
    world.converge(&traced(OWN, &[]));
    let at = trail("prod", "s3-data");
    let EventSelectors::Advanced(mut all) = recorded(&world, &at) else {
        panic!("basic");
    };
    let other = AdvancedSelector {
        name: Some("theirs".to_owned()),
        ..all[0].clone()
    };
    all.push(other.clone());
    let changed = EventSelectors::Advanced(all);
    world.put(selectors(&at), Some(Document::Selectors(changed)));
    world.must_be_settled(&traced(OWN, &[]));
    let plan = world.plan(&no_migrations(9));
    // Its tag is what lets us write there: it goes last.
    let steps = order(&plan);
    let places = ["/selectors", ""].map(|part| {
        let step = format!("prod/trail/eu-west-1/s3-data{part}");
        steps.iter().position(|id| *id == step)
    });
    assert!(places[0].is_some() && places[0] < places[1], "{places:?}");
    let asked = format!("{:?}", of_steps(&no_migrations(9), &plan.steps));
    assert!(asked.contains("cloudtrail:RemoveTags"), "{asked}");
    assert!(!asked.contains("cloudtrail:UpdateTrail"), "{asked}");
    world.converge(&no_migrations(9));
    assert_eq!(recorded(&world, &at), EventSelectors::Advanced(vec![other]));
    let Some(Document::Trail(left)) = world.held(&itself(&at)) else {
        panic!("it is gone");
    };
    assert!(left.logging && left.tags.is_empty());
}

#[test]
fn drift_of_a_trail_of_ours_is_mended_and_of_somebody_elses_left() {
    let at = trail("prod", "s3-data");
    let edits: [fn(&mut Trail); 3] = [
        |of| of.logging = false,
        |of| of.bucket = "elsewhere".to_owned(),
        |of| of.prefix = None,
    ];
    for edit in edits {
        let mut world = world();
        world.converge(&traced(OWN, &[]));
        let Some(Document::Trail(mut live)) = world.held(&itself(&at)).cloned() else {
            panic!("no trail");
        };
        let made = live.clone();
        edit(&mut live);
        world.put(itself(&at), Some(Document::Trail(live)));
        world.converge(&traced(OWN, &[]));
        assert_eq!(world.held(&itself(&at)), Some(&Document::Trail(made)));
    }
    // What somebody did to our selector.
    let mut world = world();
    world.converge(&traced(OWN, &[]));
    let made = recorded(&world, &at);
    let EventSelectors::Advanced(mut all) = made.clone() else {
        panic!("basic");
    };
    all[0].fields.push(FieldSelector {
        field: "eventName".to_owned(),
        is: BTreeMap::from([("Equals".to_owned(), vec!["GetObject".to_owned()])]),
    });
    let narrowed = EventSelectors::Advanced(all);
    world.put(selectors(&at), Some(Document::Selectors(narrowed)));
    world.converge(&traced(OWN, &[]));
    assert_eq!(recorded(&world, &at), made);
}

#[test]
fn a_trail_of_the_name_without_our_tag_is_a_conflict_with_two_ways_out() {
    let mut world = world();
    let at = trail("prod", "s3-data");
    put(&mut world, &at, |_| {}, management());
    let plan = world.plan(&traced(OWN, &[]));
    assert_eq!(level(&plan, "trail-not-ours"), Some(FindingLevel::Blocked));
    assert!(help(&plan, "trail-not-ours").contains("take bucket out"));
    // Told to record ours besides, it is left as it is.
    let besides = traced(
        OWN,
        &[("s3-data, bucket: prod-trail, prefix: ct", "s3-data")],
    );
    let mut one = World::with_source("orders-prod");
    one.make_destination("archive-trail");
    put(&mut one, &at, |_| {}, management());
    one.converge(&besides);
    // Handed over, it writes where the spec says and goes on recording what it did.
    let adopt = "guards: { adopt: [prod/trail/eu-west-1/s3-data] }";
    let taken = traced(OWN, &[("guards: {}", adopt)]);
    world.converge(&taken);
    let Some(Document::Trail(live)) = world.held(&itself(&at)) else {
        panic!("no trail");
    };
    assert_eq!(live.bucket, "prod-trail");
    assert_eq!(live.tags.len(), 2, "{:?}", live.tags);
    let EventSelectors::Basic(all) = recorded(&world, &at) else {
        panic!("advanced");
    };
    assert_eq!(all[0], BasicSelector::of_management());
    assert_eq!(all.len(), 2);
}

#[test]
fn a_trail_that_is_not_there_is_said_with_where_it_is() {
    let mut world = world();
    let plan = world.plan(&traced(OTHERS, &[]));
    assert_eq!(level(&plan, "trail-missing"), Some(FindingLevel::Blocked));
    let mut us = trail("prod", "audit");
    us.region = Region::new("us-east-1").expect("a test is well made");
    put(&mut world, &us, |of| of.multi_region = true, management());
    let plan = world.plan(&traced(OTHERS, &[]));
    assert!(help(&plan, "trail-missing").contains("write region: us-east-1"));
    let there = traced(OTHERS, &[("audit", "audit, region: us-east-1")]);
    world.converge(&there);
    let EventSelectors::Basic(all) = recorded(&world, &us) else {
        panic!("advanced");
    };
    assert_eq!(all.len(), 2);
    // One Region's own does not see the other's buckets.
    put(&mut world, &us, |of| of.multi_region = false, management());
    let plan = world.plan(&there);
    assert_eq!(
        level(&plan, "trail-other-region"),
        Some(FindingLevel::Blocked)
    );
    // An organization's is nobody's to change from here.
    let seen = SeenTrail {
        name: "audit".to_owned(),
        home: "eu-west-1".to_owned(),
        account: "333333333333".to_owned(),
    };
    let region = Target::Region(trail("prod", "audit").place(), RegionPart::Trails);
    let mut world = self::world();
    let seen = Document::Trails(SeenTrails(BTreeSet::from([seen])));
    world.put(region, Some(seen));
    let plan = world.plan(&traced(OTHERS, &[]));
    assert!(help(&plan, "trail-missing").contains("account 333333333333 alone can change"));
}

#[test]
fn a_trail_takes_so_much_and_no_more() {
    let many = |count: usize| {
        let names: BTreeSet<String> = (0..count)
            .map(|of| format!("arn:aws:s3:::b{of}/"))
            .collect();
        EventSelectors::Advanced(vec![AdvancedSelector::of_buckets(
            "theirs".to_owned(),
            DataEvents::All,
            &names,
        )])
    };
    let full = |records: EventSelectors| {
        let plan = theirs(records).plan(&traced(OTHERS, &[]));
        level(&plan, "trail-full")
    };
    // 2 values more than buckets in theirs, and 3 in ours.
    assert_eq!(full(many(500 - 2 - 3)), None);
    assert_eq!(full(many(500 - 2 - 2)), Some(FindingLevel::Blocked));
    let basic = |count: usize| EventSelectors::Basic(vec![BasicSelector::of_management(); count]);
    assert_eq!(full(basic(4)), None);
    assert_eq!(full(basic(5)), Some(FindingLevel::Blocked));
    let resources = |count: usize| {
        let names = (0..count).map(|of| format!("arn:aws:s3:::b{of}/"));
        let of = BasicSelector::of_buckets(DataEvents::All, &names.collect());
        EventSelectors::Basic(vec![of])
    };
    assert_eq!(full(resources(249)), None);
    assert_eq!(full(resources(250)), Some(FindingLevel::Blocked));
    // A sixth trail in a Region.
    let mut world = world();
    for name in ["one", "two", "three", "four", "five"] {
        put(&mut world, &trail("prod", name), |_| {}, management());
    }
    let plan = world.plan(&traced(OWN, &[]));
    assert_eq!(level(&plan, "too-many-trails"), Some(FindingLevel::Blocked));
}

#[test]
fn what_would_refuse_the_files_of_a_trail_is_told() {
    let kms = Document::Encryption(BucketEncryption {
        algorithm: "aws:kms".to_owned(),
        key: Some("arn:aws:kms:eu-west-1:111111111111:key/one".to_owned()),
        bucket_key: false,
        blocked: BTreeSet::new(),
    });
    let cases = [
        (
            "request-payment",
            Document::RequestPayment(RequestPayment::Requester),
            "log-bucket-requester-pays",
            FindingLevel::Blocked,
        ),
        (
            "object-lock",
            Document::ObjectLock(ObjectLock {
                default_retention: true,
            }),
            "trail-bucket-retention",
            FindingLevel::Warning,
        ),
        ("encryption", kms, "trail-bucket-kms", FindingLevel::Warning),
    ];
    for (at, document, code, says) in cases {
        let mut world = world();
        world.set(&format!("prod/bucket/prod-trail/{at}"), document);
        let plan = world.plan(&traced(OWN, &[]));
        assert_eq!(level(&plan, code), Some(says), "{:?}", codes(&plan));
    }
    let edits: [Told; 3] = [
        (|of| of.logging = false, "trail-switched-off"),
        (|of| of.bucket = "orders-prod".to_owned(), "trail-circle"),
        (
            |of| of.delivery_error = Some("AccessDenied".to_owned()),
            "trail-undelivered",
        ),
    ];
    for (edit, code) in edits {
        let mut world = world();
        put(&mut world, &trail("prod", "audit"), edit, management());
        let plan = world.plan(&traced(OTHERS, &[]));
        assert!(codes(&plan).contains(&code), "{:?}", codes(&plan));
    }
}

#[test]
fn a_basic_selector_that_is_as_the_spec_says_is_taken_over_with_a_word() {
    let ours = BasicSelector::of_buckets(DataEvents::All, &arns(["orders-prod"]));
    let records = EventSelectors::Basic(vec![BasicSelector::of_management(), ours]);
    let mut world = theirs(records.clone());
    let plan = world.plan(&traced(OTHERS, &[]));
    assert_eq!(
        level(&plan, "trail-selector-as-found"),
        Some(FindingLevel::Note)
    );
    world.converge(&traced(OTHERS, &[]));
    assert_eq!(recorded(&world, &trail("prod", "audit")), records);
    let plan = world.plan(&traced(OTHERS, &[]));
    assert_eq!(level(&plan, "trail-selector-as-found"), None);
}

#[test]
fn where_specs_share_a_role_its_tags_do_not_tell_whose_a_basic_selector_is() {
    let mut world = theirs(management());
    world.converge(&traced(OTHERS, &[]));
    let at = trail("prod", "audit");
    let both = recorded(&world, &at);
    let Some(Document::Role(mut role)) = world.get("prod/role/s3ferry-orders-prod") else {
        panic!("no role");
    };
    role.tags
        .insert("s3ferry:spec".to_owned(), "default other".to_owned());
    world.set("prod/role/s3ferry-orders-prod", Document::Role(role));
    world.converge(&no_migrations(9));
    assert_eq!(recorded(&world, &at), both);
}

#[test]
fn a_trail_of_ours_needs_its_bucket_in_the_spec() {
    let mut world = world();
    world.converge(&traced(OWN, &[]));
    let without = traced(
        OWN,
        &[("s3-data, bucket: prod-trail, prefix: ct", "s3-data")],
    );
    let plan = world.plan(&without);
    assert!(help(&plan, "trail-without-bucket").contains("bucket: prod-trail"));
}

#[test]
fn migrations_share_a_trail_and_a_target_leaves_what_is_of_others() {
    let both = world::two_traced();
    let mut world = world();
    world.make_source("invoices-prod");
    world.converge(&both);
    let at = trail("prod", "s3-data");
    let wanted = AdvancedSelector::of_buckets(
        "s3ferry/default/all".to_owned(),
        DataEvents::All,
        &arns(["invoices-prod", "orders-prod"]),
    );
    let shared = EventSelectors::Advanced(vec![wanted]);
    assert_eq!(recorded(&world, &at), shared);
    let policy = world.policy_text("prod/bucket/prod-trail/policy");
    assert_eq!(policy.matches("\"Sid\"").count(), 2, "{policy}");
    let only = world.plan_only(&both, &["orders"]);
    assert!(only.steps.is_empty(), "{:#?}", only.steps);
    // The first alone makes what both need.
    let mut one = self::world();
    one.make_source("invoices-prod");
    let plan = one.plan_only(&both, &["orders"]);
    one.apply(&plan);
    let alone = AdvancedSelector::of_buckets(
        "s3ferry/default/all".to_owned(),
        DataEvents::All,
        &arns(["orders-prod"]),
    );
    assert_eq!(recorded(&one, &at), EventSelectors::Advanced(vec![alone]));
    one.converge(&both);
    assert_eq!(recorded(&one, &at), shared);
    // One leaves, the other stays.
    one.converge(&world::one_traced());
    let EventSelectors::Advanced(all) = recorded(&one, &at) else {
        panic!("basic");
    };
    assert_eq!(all[0].buckets().collect::<Vec<_>>().len(), 1);
}
