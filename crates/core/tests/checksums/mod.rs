//! Computed checksums as plans have them: a job at each side, when another one is made, and what is granted to its role.

use std::collections::BTreeMap;

use s3ferry_core::format::{FindingLevel, GateState};
use s3ferry_core::ids::JobId;
use s3ferry_core::model::kinds::{Bucket, Document, Job, JobStatus, Jobs, ObjectLock};
use s3ferry_core::model::{BucketPart, BucketRef, Target};
use s3ferry_core::ownership::JobWork;
use s3ferry_core::plan::{ChecksumsGoal, ComputeTodo, EndedJob, Goal, JobEnd, Plan, Work};
use s3ferry_core::route::Side;
use s3ferry_core::spec::Spec;
use s3ferry_testkit::build;

use crate::world::{World, codes, finding, spec};

const REPORTS: &str = "reports: { source: { bucket: prod-reports, prefix: s3 }, destination: { bucket: archive-reports } }";

fn computed(more: &str) -> Spec {
    let field = format!("phase: verify\n    verify: {{ depth: computed, {REPORTS}{more} }}");
    spec(&[("phase: replicate", &field)])
}

fn reports_of_destination() -> BucketRef {
    BucketRef {
        bucket: s3ferry_core::ids::BucketName::new("archive-reports").expect("a name"),
        ..build::destination()
    }
}

/// A world in which everything but the jobs is done.
fn world(spec: &Spec) -> World {
    let mut world = new_world();
    let plan = world.plan(spec);
    assert!(!plan.is_blocked(), "{:?}", plan.findings);
    world.apply(&plan);
    world
}

fn new_world() -> World {
    let mut world = World::with_source("orders-prod");
    world.make_source("prod-reports");
    let to = reports_of_destination();
    let bucket = Document::Bucket(Bucket {
        region: to.region.clone(),
        created_with_tags: BTreeMap::new(),
    });
    world.put(Target::Bucket(to, BucketPart::Itself), Some(bucket));
    world
}

fn goals(plan: &Plan) -> Vec<ChecksumsGoal> {
    let goals = plan.steps.iter().filter_map(|step| match &step.work {
        Work::Prove(goal) => match &**goal {
            Goal::Checksums(goal) => Some((**goal).clone()),
            Goal::Canary(_) | Goal::Alarm(_) | Goal::Backfill(_) => None,
        },
        Work::Write(_) | Work::Sweep(_) => None,
    });
    goals.collect()
}

fn gates(plan: &Plan) -> Vec<(String, GateState, String)> {
    let gates = plan.migrations.iter().flat_map(|of| &of.gates);
    let gates = gates.map(|of| (of.name.clone(), of.state, of.why.clone()));
    gates
        .filter(|(name, _, _)| name.starts_with("checksums"))
        .collect()
}

fn listed(of: &ChecksumsGoal, attempt: u32, status: &str) -> Document {
    let job = Job {
        description: of.request(attempt).description,
        created: String::new(),
        status: JobStatus::of(status),
        tasks: 7,
        succeeded: 0,
        failed: 0,
        reasons: Vec::new(),
    };
    let id = JobId::new(format!("job-{attempt:08}")).expect("a valid ID");
    Document::Jobs(Jobs(BTreeMap::from([(id, job)])))
}

fn ended(of: &ChecksumsGoal, end: JobEnd, age: u64) -> EndedJob {
    EndedJob {
        subject: of.jobs.subject.clone(),
        attempt: 1,
        job: "job-00000001".to_owned(),
        end,
        tasks: 7,
        failed: 0,
        codes: BTreeMap::new(),
        age: Some(age),
    }
}

#[test]
fn each_side_has_a_job_of_its_own_by_a_role_of_its_own() {
    let spec = computed("");
    let plan = new_world().plan(&spec);
    let goals = goals(&plan);
    let [source, destination] = &goals[..] else {
        panic!("{goals:?}");
    };
    assert_eq!(
        (source.side, destination.side),
        (Side::Source, Side::Destination)
    );
    assert_eq!(source.jobs.at.account, build::source().account);
    assert_eq!(destination.jobs.at.account, build::destination().account);
    let before: Vec<&str> = plan
        .order
        .iter()
        .filter(|edge| edge.then == "orders/checksums/destination")
        .map(|edge| edge.first.as_str())
        .collect();
    assert!(
        before.contains(&"archive/role/s3ferry-batch-orders-archive/policy"),
        "{before:?}"
    );
    assert_ne!(source.request(1).token, destination.request(1).token);
    assert_ne!(source.request(1).token, source.request(2).token);
    assert_eq!(source.request(1), source.request(1));
    assert_eq!(source.jobs.mark(1).work, JobWork::Checksum);
}

#[test]
fn without_the_depth_or_before_the_phase_there_is_no_job() {
    for fields in [
        format!("phase: verify\n    verify: {{ depth: checksum, {REPORTS} }}"),
        format!("phase: replicate\n    verify: {{ depth: computed, {REPORTS} }}"),
    ] {
        let plan = new_world().plan(&spec(&[("phase: replicate", &fields)]));
        assert!(goals(&plan).is_empty() && gates(&plan).is_empty());
    }
}

#[test]
fn a_job_is_confirmed_or_followed_as_s3_lists_it() {
    let spec = computed("");
    let mut world = world(&spec);
    let [source, destination] = goals(&world.plan(&spec)).try_into().expect("two");
    let listed_in = |of: &ChecksumsGoal| of.jobs.listed_in();
    world.put(listed_in(&source), Some(listed(&source, 1, "Suspended")));
    world.put(
        listed_in(&destination),
        Some(listed(&destination, 1, "Active")),
    );
    let plan = world.plan(&spec);
    let todo: Vec<ComputeTodo> = goals(&plan).into_iter().map(|goal| goal.todo).collect();
    let job = JobId::new("job-00000001").expect("a valid ID");
    assert_eq!(
        todo,
        [
            ComputeTodo::Confirm {
                attempt: 1,
                job: job.clone(),
                tasks: 7
            },
            ComputeTodo::Follow { attempt: 1, job },
        ]
    );
    // A job of one side is none of the other, and no backfill is left at work by it.
    assert!(!codes(&plan).iter().any(|code| code.starts_with("backfill")));
}

#[test]
fn another_job_is_made_when_the_last_is_too_old_or_was_given_up_and_not_before() {
    let spec = computed(", max_age: 1h");
    let mut world = world(&spec);
    let [source, destination] = goals(&world.plan(&spec)).try_into().expect("two");
    let fresh = ended(&destination, JobEnd::Complete, 3_600);
    for (end, age, is_made) in [
        (JobEnd::Complete, 3_600, false),
        (JobEnd::Complete, 3_601, true),
        (JobEnd::NothingToDo, 0, false),
        (JobEnd::Failed("S3 said so".to_owned()), 0, true),
        (JobEnd::Cancelled, 0, true),
    ] {
        world.ended = vec![fresh.clone(), ended(&source, end.clone(), age)];
        let plan = world.plan(&spec);
        let made: Vec<ComputeTodo> = goals(&plan).into_iter().map(|goal| goal.todo).collect();
        assert_eq!(made.len(), usize::from(is_made), "{end:?} {age}: {made:?}");
        if let [made] = &made[..] {
            assert!(
                matches!(made, ComputeTodo::Make { attempt: 2, .. }),
                "{made:?}"
            );
        }
        assert_eq!(
            gates(&plan)[0].1 == GateState::Met,
            !is_made,
            "{:?}",
            gates(&plan)
        );
    }
    // What could not be computed is told, and makes no second job.
    let mut partly = ended(&source, JobEnd::Complete, 0);
    partly.failed = 2;
    world.ended = vec![fresh, partly];
    let plan = world.plan(&spec);
    assert!(goals(&plan).is_empty());
    assert!(
        gates(&plan)[0].2.contains("all but 2 of 7 objects"),
        "{:?}",
        gates(&plan)
    );
}

#[test]
fn what_would_keep_a_report_away_is_told_before_a_job_is_paid() {
    let spec = computed("");
    let mut world = world(&spec);
    let at = |part| Target::Bucket(reports_of_destination(), part);
    let lock = Document::ObjectLock(ObjectLock {
        default_retention: true,
    });
    world.put(at(BucketPart::ObjectLock), Some(lock));
    let denied = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoPuts","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::archive-reports/*"}]}"#;
    let policy = Document::BucketPolicy(s3ferry_core::model::kinds::Policy::read(denied));
    world.put(at(BucketPart::Policy), Some(policy));
    let plan = world.plan(&spec);
    for code in ["checksums-report-locked", "policy-denies-checksums"] {
        assert_eq!(finding(&plan, code).level, FindingLevel::Blocked, "{code}");
    }
}

#[test]
fn who_may_not_list_jobs_makes_none() {
    let spec = computed("");
    let mut world = world(&spec);
    let [_, destination] = goals(&world.plan(&spec)).try_into().expect("two");
    world.denied.insert(destination.jobs.listed_in());
    let plan = world.plan(&spec);
    assert_eq!(
        finding(&plan, "checksums-jobs-unread").level,
        FindingLevel::Blocked
    );
}
