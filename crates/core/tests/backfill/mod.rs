//! Backfills as plans have them: when a job is made, of what, and what its end leaves to be done.

use std::collections::BTreeMap;

use s3ferry_core::failures::failure_code;
use s3ferry_core::format::{FindingLevel, GateState, Reason};
use s3ferry_core::ids::JobId;
use s3ferry_core::model::kinds::{Document, Job, JobStatus, Jobs, Lifecycle, ObjectLock};
use s3ferry_core::model::{BucketPart, BucketRef, RegionPart, RegionRef, Target};
use s3ferry_core::plan::{BackfillGoal, EndedJob, Goal, JobEnd, ObjectStatus, Plan, Todo, Work};
use s3ferry_core::spec::Spec;

use crate::world::{World, codes, copied, finding, spec};

fn backfill(more: &str) -> Spec {
    let field =
        format!("phase: backfill\n    backfill: {{ report: {{ bucket: prod-reports }}{more} }}");
    spec(&[("phase: replicate", &field)])
}

/// A world with the source and the bucket for reports, in which the rules are proven.
fn world(spec: &Spec) -> World {
    let mut world = World::with_source("orders-prod");
    world.make_source("prod-reports");
    let plan = world.plan(spec);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    world.apply(&plan);
    world.ended.clear();
    world
}

fn goal(plan: &Plan) -> BackfillGoal {
    let mut goals = plan.steps.iter().filter_map(|step| match &step.work {
        Work::Prove(goal) => match &**goal {
            Goal::Backfill(goal) => Some((**goal).clone()),
            Goal::Canary(_) | Goal::Alarm(_) | Goal::Checksums(_) => None,
        },
        Work::Write(_) | Work::Sweep(_) => None,
    });
    goals.next().expect("a backfill is to be done")
}

fn gate(plan: &Plan) -> (GateState, String) {
    let mut gates = plan.migrations.iter().flat_map(|of| &of.gates);
    let gate = gates.find(|gate| gate.name == "backfill");
    let gate = gate.expect("the migration has the gate");
    (gate.state, gate.why.clone())
}

fn jobs() -> Target {
    let of = s3ferry_testkit::build::source();
    let place = RegionRef {
        account: of.account,
        region: of.region,
    };
    Target::Region(place, RegionPart::Jobs)
}

/// The job of an attempt as S3 lists it.
fn job(of: &BackfillGoal, status: &str) -> Document {
    let Todo::Make(attempt) = &of.todo else {
        panic!("{:?}", of.todo);
    };
    let request = of.request(attempt, None);
    let job = Job {
        description: request.description,
        created: String::new(),
        status: JobStatus::of(status),
        tasks: 7,
        succeeded: 0,
        failed: 0,
        reasons: Vec::new(),
    };
    let id = JobId::new("job-00000001").expect("a valid ID");
    Document::Jobs(Jobs(BTreeMap::from([(id, job)])))
}

#[test]
fn a_job_is_made_last_and_never_without_a_status() {
    let spec = backfill("");
    let mut world = World::with_source("orders-prod");
    world.make_source("prod-reports");
    let plan = world.plan(&spec);
    let goal = goal(&plan);
    let Todo::Make(attempt) = &goal.todo else {
        panic!("{:?}", goal.todo);
    };
    assert_eq!(attempt.statuses, [ObjectStatus::Never].into());
    let before = plan
        .order
        .iter()
        .filter(|edge| edge.then == "orders/backfill");
    let before: Vec<&str> = before.map(|edge| edge.first.as_str()).collect();
    for first in [
        "orders/canary/hot",
        "orders/canary/cold",
        "prod/bucket/orders-prod/replication",
        "prod/role/s3ferry-batch-orders-prod/policy",
    ] {
        assert!(before.contains(&first), "{first} is not before: {before:?}");
    }
    world.apply(&plan);
    world.must_be_settled(&spec);
}

#[test]
fn the_request_is_the_same_for_every_try_of_an_attempt() {
    let spec = backfill("");
    let world = world(&spec);
    let goal = goal(&world.plan(&spec));
    let Todo::Make(attempt) = &goal.todo else {
        panic!("{:?}", goal.todo);
    };
    let at = || Some("2026-01-02T03:04:05Z".to_owned());
    let request = goal.request(attempt, at());
    assert_eq!(request, goal.request(attempt, at()));
    assert_eq!(request.token.len(), 64);
    assert_eq!(request.created_before, at());
    let next = s3ferry_core::plan::Attempt {
        number: 2,
        ..attempt.clone()
    };
    assert_ne!(goal.request(&next, at()).token, request.token);
    // What failed later than the rules began shall be tried again, too.
    let both = goal_of("both");
    let Todo::Make(attempt) = &both.todo else {
        panic!("{:?}", both.todo);
    };
    assert_eq!(both.request(attempt, at()).created_before, None);
}

fn goal_of(scope: &str) -> BackfillGoal {
    let spec = backfill(&format!(", scope: {scope}"));
    goal(&world(&spec).plan(&spec))
}

#[test]
fn a_job_is_found_by_what_it_says_and_confirmed_with_its_number() {
    let spec = backfill("");
    let mut world = world(&spec);
    let made = goal(&world.plan(&spec));
    world.put(jobs(), Some(job(&made, "Active")));
    let plan = world.plan(&spec);
    assert!(matches!(goal(&plan).todo, Todo::Follow { attempt: 1, .. }));
    assert_eq!(gate(&plan).0, GateState::Waiting);
    // How far it is makes no other plan.
    world.put(jobs(), Some(job(&made, "Complete")));
    assert_eq!(world.plan(&spec).changes, plan.changes);

    world.put(jobs(), Some(job(&made, "Suspended")));
    let plan = world.plan(&spec);
    assert!(matches!(goal(&plan).todo, Todo::Confirm { tasks: 7, .. }));
    assert!(gate(&plan).1.contains("7 objects"), "{:?}", gate(&plan));
    world.put(jobs(), None);
    world.apply(&world.plan(&spec));
    world.must_be_settled(&spec);
}

#[test]
fn what_failed_is_tried_again_where_the_scope_says_so() {
    for (scope, again) in [
        ("both", true),
        ("failed", true),
        ("never-replicated", false),
    ] {
        let spec = backfill(&format!(", scope: {scope}"));
        let mut world = world(&spec);
        let goal = goal(&world.plan(&spec));
        let failed = EndedJob {
            failed: 2,
            codes: BTreeMap::from([("DstPutObjectNotPermitted".to_owned(), 2)]),
            ..copied(&goal)
        };
        world.ended.push(failed);
        let plan = world.plan(&spec);
        let (state, why) = gate(&plan);
        assert!(why.contains("2 with DstPutObjectNotPermitted"), "{why}");
        match &self::goal(&plan).todo {
            Todo::Make(attempt) if again => {
                assert_eq!(
                    (attempt.number, &attempt.statuses),
                    (2, &[ObjectStatus::Failed].into())
                );
            }
            Todo::Explain(_) if !again => assert_eq!(state, GateState::Blocked),
            other => panic!("{scope}: {other:?}"),
        }
    }
}

#[test]
fn a_job_that_was_given_up_is_followed_by_one_for_all_that_is_left() {
    let spec = backfill("");
    let mut world = world(&spec);
    let goal = goal(&world.plan(&spec));
    for end in [
        JobEnd::Failed("why".to_owned()),
        JobEnd::Cancelled,
        JobEnd::AllArchived,
    ] {
        world.ended = vec![EndedJob {
            end,
            ..copied(&goal)
        }];
        let Todo::Make(attempt) = self::goal(&world.plan(&spec)).todo else {
            panic!("another is made");
        };
        assert_eq!(
            (attempt.number, attempt.statuses),
            (2, [ObjectStatus::Never].into())
        );
    }
    world.ended = vec![EndedJob {
        end: JobEnd::NothingToDo,
        ..copied(&goal)
    }];
    world.must_be_settled(&spec);
}

#[test]
fn another_scope_or_another_prefix_is_another_backfill() {
    let spec = backfill("");
    let mut world = world(&spec);
    world.apply(&world.plan(&spec));
    world.must_be_settled(&spec);
    for spec in [
        backfill(", scope: both"),
        self::spec_with("prefix: cold/", "prefix: other/"),
    ] {
        assert!(matches!(goal(&world.plan(&spec)).todo, Todo::Make(_)));
    }
    // What is not selected otherwise is not copied once more.
    let spec = self::spec_with("storage_class: STANDARD_IA", "storage_class: GLACIER_IR");
    let plan = world.plan(&spec);
    assert_eq!(gate(&plan).0, GateState::Met);
}

fn spec_with(from: &str, to: &str) -> Spec {
    let field = "phase: backfill\n    backfill: { report: { bucket: prod-reports } }";
    spec(&[("phase: replicate", field), (from, to)])
}

#[test]
fn the_role_is_there_for_the_phase_alone() {
    let with = backfill("");
    let mut world = world(&with);
    world.apply(&world.plan(&with));
    let without = spec(&[]);
    let plan = world.plan(&without);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    let mut gone = plan.changes.iter().filter(|of| of.kind == "IAM role");
    assert_eq!(gone.next().map(|of| of.reason), Some(Reason::Phase));
    world.apply(&plan);
    world.must_be_settled(&without);
}

#[test]
fn a_job_at_work_is_not_left_without_its_role() {
    let with = backfill("");
    let mut world = world(&with);
    let made = goal(&world.plan(&with));
    for (status, code, level) in [
        ("Active", "backfill-at-work", FindingLevel::Blocked),
        ("Suspended", "backfill-left", FindingLevel::Warning),
    ] {
        world.put(jobs(), Some(job(&made, status)));
        for without in [spec(&[]), backfill(", scope: none")] {
            let plan = world.plan(&without);
            assert_eq!(finding(&plan, code).level, level);
        }
    }
}

#[test]
fn what_fights_a_job_or_keeps_its_report_away_is_told() {
    let spec = backfill("");
    let mut world = world(&spec);
    let bucket = |name: &str| BucketRef {
        bucket: s3ferry_core::ids::BucketName::new(name).expect("a valid name"),
        ..s3ferry_testkit::build::source()
    };
    let lifecycle = Document::Lifecycle(Lifecycle {
        expires_current: 0,
        expires_noncurrent: 1,
    });
    let at = |name: &str, part| Target::Bucket(bucket(name), part);
    world.put(at("orders-prod", BucketPart::Lifecycle), Some(lifecycle));
    let lock = Document::ObjectLock(ObjectLock {
        default_retention: true,
    });
    world.put(at("prod-reports", BucketPart::ObjectLock), Some(lock));
    let denied = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoPuts","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::prod-reports/*"}]}"#;
    let policy = Document::BucketPolicy(s3ferry_core::model::kinds::Policy::read(denied));
    world.put(at("prod-reports", BucketPart::Policy), Some(policy));
    let plan = world.plan(&spec);
    let found = codes(&plan);
    for code in [
        "backfill-lifecycle",
        "backfill-report-locked",
        "policy-denies-backfill",
    ] {
        assert!(found.contains(&code), "{code}: {found:?}");
    }
    assert!(plan.is_blocked());
}

#[test]
fn who_may_not_list_jobs_makes_none() {
    let spec = backfill("");
    let mut world = world(&spec);
    world.denied.insert(jobs());
    let plan = world.plan(&spec);
    assert_eq!(
        finding(&plan, "backfill-jobs-unread").level,
        FindingLevel::Blocked
    );
}

/// UG:replication-failure-codes; every code has a cause and a way out.
#[test]
fn every_documented_code_is_explained() {
    let documented = "AssumeRoleNotPermitted DstBucketInvalidRegion DstBucketNotFound DstBucketObjectLockConfigMissing \
        DstBucketUnversioned DstDelObjNotPermitted DstKmsKeyInvalidState DstKmsKeyNotFound DstMultipartCompleteNotPermitted \
        DstMultipartInitNotPermitted DstMultipartPartUploadNotPermitted DstObjectHardDeleted DstPutAclNotPermitted \
        DstPutLegalHoldNotPermitted DstPutObjectNotPermitted DstPutTaggingNotPermitted DstVersionNotFound \
        InitiateReplicationNotPermitted SrcBucketInvalidRegion SrcBucketNotFound SrcBucketReplicationConfigMissing \
        SrcGetAclNotPermitted SrcGetObjectNotPermitted SrcGetTaggingNotPermitted SrcHeadObjectNotPermitted \
        SrcKmsKeyInvalidState SrcObjectNotEligible SrcVersionNotFound";
    for code in documented.split_whitespace() {
        let known = failure_code(code).unwrap_or_else(|| panic!("{code}"));
        assert!(!known.cause.is_empty() && !known.fix.is_empty(), "{code}");
    }
}
