//! Statuses: how much attention a migration needs, what is on its way, what failed, and what to do next.

use std::collections::BTreeMap;

use s3ferry_core::doctor::Status;
use s3ferry_core::format::SpecInfo;
use s3ferry_core::format::status::{
    Attention, BacklogSource, MigrationStatus, ReceiptKind, StatusFile,
};
use s3ferry_core::ids::{JobId, MigrationName, RuleName};
use s3ferry_core::model::kinds::alarm::{FAILED_OPERATIONS, LATENCY, PENDING_BYTES};
use s3ferry_core::model::kinds::{AlarmState, Document, Job, JobStatus, Jobs, StateValue};
use s3ferry_core::model::{AlarmRef, Observed, RegionPart, RegionRef, Target};
use s3ferry_core::ownership::Markers;
use s3ferry_core::plan::file::Head;
use s3ferry_core::plan::{Goal, Plan, Work};
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::Spec;
use s3ferry_core::status::{
    Asked, LastReceipt, Looked, LookedVersion, Measured, Measures, Seen, reads, status,
};

use crate::world::{World, spec, two_migrations};

const NOW: &str = "2026-11-27T12:00:00Z";

/// A world that was read, with what a status reads beside.
struct Case {
    spec: Spec,
    plan: Plan,
    observed: Observed,
    measured: Measures,
    looked: BTreeMap<MigrationName, Looked>,
    receipts: Vec<LastReceipt>,
}

impl Case {
    fn of(world: &World, spec: Spec) -> Self {
        let (plan, observed) = world.surveyed(&spec, &Scope::All);
        let asked = reads::asked(&spec, &Scope::All, &observed).into_iter();
        Self {
            measured: asked.map(|asked| (asked, Measured::Number(0))).collect(),
            looked: BTreeMap::new(),
            receipts: Vec::new(),
            spec,
            plan,
            observed,
        }
    }

    /// One migration whose rules are there and proven.
    fn proven() -> Self {
        let spec = spec(&[]);
        let mut world = World::with_source("orders-prod");
        world.converge(&spec);
        Self::of(&world, spec)
    }

    /// What a metric of a rule says.
    fn says(&mut self, metric: &str, rule: &str, measured: &Measured) {
        let is_it =
            |asked: &Asked| asked.metric.name == metric && asked.metric.rule.ends_with(rule);
        let (_, found) = self
            .measured
            .iter_mut()
            .find(|(asked, _)| is_it(asked))
            .expect("it is asked for");
        *found = measured.clone();
    }

    /// What all metrics say.
    fn all_say(&mut self, measured: &Measured) {
        for found in self.measured.values_mut() {
            *found = measured.clone();
        }
    }

    fn sees(&mut self, looked: Looked) {
        self.looked.insert(name("orders"), looked);
    }

    fn status(self) -> StatusFile {
        let head = Head {
            s3ferry: "0".to_owned(),
            created: NOW.to_owned(),
            spec: SpecInfo {
                name: self.spec.name.to_string(),
                digest: String::new(),
                files: Vec::new(),
                targets: Vec::new(),
                search: false,
            },
            accounts: Vec::new(),
        };
        let (_, file) = self.plan.into_file(head);
        status(&Seen {
            spec: &self.spec,
            observed: &self.observed,
            plan: &file,
            measured: &self.measured,
            looked: &self.looked,
            receipts: &self.receipts,
            paths: "spec.yaml",
        })
    }

    fn only(self) -> MigrationStatus {
        let mut file = self.status();
        assert_eq!(file.migrations.len(), 1);
        file.migrations.remove(0)
    }
}

fn name(of: &str) -> MigrationName {
    MigrationName::new(of).expect("a name")
}

fn version(key: &str, status: Status) -> LookedVersion {
    LookedVersion {
        key: key.to_owned(),
        written: "2026-11-27T11:58:00.000Z".to_owned(),
        size: 10,
        status,
    }
}

fn looked(versions: Vec<LookedVersion>) -> Looked {
    Looked {
        versions,
        whole: true,
        unread: None,
    }
}

#[test]
fn what_has_nothing_to_do_moves_on() {
    let fine = Case::proven().only();
    assert_eq!(fine.attention, Attention::Fine, "{fine:#?}");
    assert_eq!(fine.backlog.source, BacklogSource::Metrics);
    assert_eq!(
        (fine.backlog.operations, fine.failed.by_metric),
        (Some(0), Some(0))
    );
    assert_eq!(fine.next, "set phase: backfill in the spec");
    assert_eq!((fine.changes, fine.why.len()), (0, 0));
}

/// What waits is counted in the destination's Region, what failed in the source's (UG26:repl-metrics).
#[test]
fn metrics_are_asked_for_in_their_regions() {
    let case = Case::proven();
    let regions: BTreeMap<&str, &str> = case
        .measured
        .keys()
        .map(|asked| (asked.metric.name.as_str(), asked.at.region.as_str()))
        .collect();
    assert_eq!(regions[FAILED_OPERATIONS], "eu-west-1");
    assert_eq!(regions[LATENCY], "eu-central-1");
    assert_eq!(case.measured.len(), 8);
    assert!(reads::to_look(&case.spec, &Scope::All, &case.observed, &case.measured).is_empty());
}

#[test]
fn numbers_of_all_rules_are_one_backlog() {
    let mut case = Case::proven();
    case.says(PENDING_BYTES, "hot", &Measured::Number(5));
    case.says(PENDING_BYTES, "cold", &Measured::Number(6));
    case.says(LATENCY, "hot", &Measured::Number(70));
    case.says(LATENCY, "cold", &Measured::Number(9));
    let backlog = case.only().backlog;
    assert_eq!(
        (backlog.bytes, backlog.latency_seconds),
        (Some(11), Some(70))
    );
}

#[test]
fn failures_come_first_and_are_never_added_up_twice() {
    let mut case = Case::proven();
    case.says(FAILED_OPERATIONS, "hot", &Measured::Number(3));
    let to_look = reads::to_look(&case.spec, &Scope::All, &case.observed, &case.measured);
    assert_eq!(to_look.len(), 1);
    assert_eq!(to_look[0].prefixes, ["hot/".to_owned()].into());
    case.sees(looked(vec![
        version("hot/it's", Status::Failed),
        version("hot/b", Status::Completed),
        version("hot/c", Status::Pending),
    ]));
    let failing = case.only();
    assert_eq!(failing.attention, Attention::Failing);
    assert_eq!(failing.failed.count, 3);
    assert_eq!(
        (failing.failed.by_metric, failing.failed.looked_at),
        (Some(3), Some(1))
    );
    // What a metric counts is not counted once more where it was looked at.
    assert_eq!(failing.backlog.operations, Some(0));
    assert_eq!(
        failing.next,
        r"s3ferry doctor spec.yaml --target orders --object 'hot/it'\''s'"
    );
}

#[test]
fn keys_are_capped_and_their_count_is_not() {
    let mut case = Case::proven();
    case.all_say(&Measured::Silent);
    let versions = (0..50).map(|number| version(&format!("hot/{number}"), Status::Failed));
    case.sees(looked(versions.collect()));
    let failing = case.only();
    assert_eq!(failing.failed.keys.len(), 10);
    assert_eq!(
        (failing.failed.count, failing.failed.looked_at),
        (50, Some(50))
    );
}

/// A key that cannot be typed is not put into a command.
#[test]
fn a_command_names_a_key_that_can_be_typed() {
    let mut case = Case::proven();
    case.all_say(&Measured::Silent);
    case.sees(looked(vec![version("hot/\u{1b}[2J", Status::Failed)]));
    assert_eq!(case.only().next, "s3ferry doctor spec.yaml --target orders");
    let mut case = Case::proven();
    case.all_say(&Measured::Silent);
    case.sees(looked(vec![version("-rf", Status::Failed)]));
    assert!(case.only().next.ends_with("--object=-rf"));
}

#[test]
fn where_metrics_are_silent_versions_tell() {
    let mut case = Case::proven();
    case.all_say(&Measured::Silent);
    let to_look = reads::to_look(&case.spec, &Scope::All, &case.observed, &case.measured);
    assert_eq!(to_look[0].prefixes.len(), 2);
    case.sees(looked(vec![
        version("hot/a", Status::Pending),
        version("cold/b", Status::Pending),
        version("cold/c", Status::None),
    ]));
    let seen = case.only();
    assert_eq!(seen.backlog.source, BacklogSource::Looks);
    assert_eq!(
        (seen.backlog.operations, seen.backlog.bytes),
        (Some(2), Some(20))
    );
    assert_eq!(seen.backlog.latency_seconds, Some(120));
    assert_eq!(seen.attention, Attention::Fine);
}

#[test]
fn what_could_not_be_looked_at_is_never_taken_for_fine() {
    let mut case = Case::proven();
    case.all_say(&Measured::Unread("GetMetricData: AccessDenied".to_owned()));
    case.sees(Looked {
        unread: Some("ListObjectVersions: AccessDenied".to_owned()),
        ..Looked::default()
    });
    let unknown = case.only();
    assert_eq!(unknown.attention, Attention::Unknown);
    assert_eq!(unknown.backlog.source, BacklogSource::Unknown);
    assert_eq!(
        (unknown.backlog.operations, unknown.failed.by_metric),
        (None, None)
    );
    assert_eq!(unknown.unread.len(), 3, "{:?}", unknown.unread);
    assert_eq!(
        unknown.next,
        "s3ferry permissions spec.yaml --target orders --for status"
    );
    // Also where versions could be looked at, and tell of nothing.
    let mut case = Case::proven();
    case.all_say(&Measured::Unread("GetMetricData: AccessDenied".to_owned()));
    case.sees(looked(Vec::new()));
    assert_eq!(case.only().attention, Attention::Unknown);
}

#[test]
fn what_is_to_be_applied_is_to_do() {
    let spec = spec(&[]);
    let case = Case::of(&World::with_source("orders-prod"), spec);
    let to_do = case.only();
    assert_eq!(to_do.attention, Attention::ToDo);
    assert_eq!(to_do.backlog.source, BacklogSource::NoRules);
    assert!(to_do.changes > 0);
    assert_eq!(to_do.next, "s3ferry apply spec.yaml --target orders");
}

/// A finding blocks the plan, and with it every gate; only the migration that it is about is blocked.
#[test]
fn only_what_a_finding_is_about_is_blocked() {
    let spec = two_migrations();
    let mut world = World::with_source("orders-prod");
    world.make_source("invoices-prod");
    world.converge(&spec);
    world.lose_bucket("orders-prod");
    let file = Case::of(&world, spec).status();
    let levels: Vec<_> = file
        .migrations
        .iter()
        .map(|of| (of.name.as_str(), of.attention))
        .collect();
    assert_eq!(levels[0], ("orders", Attention::Blocked), "{file:#?}");
    assert_ne!(levels[1].1, Attention::Blocked, "{file:#?}");
    assert!(file.blocked.is_empty(), "{:?}", file.blocked);
    assert_eq!(
        file.migrations[0].next,
        "s3ferry plan spec.yaml --target orders"
    );
}

#[test]
fn what_needs_attention_stands_first() {
    let spec = two_migrations();
    let mut world = World::with_source("orders-prod");
    world.make_source("invoices-prod");
    world.converge(&spec);
    let mut case = Case::of(&world, spec);
    case.says(FAILED_OPERATIONS, "orders/hot", &Measured::Number(1));
    let file = case.status();
    let names: Vec<&str> = file.migrations.iter().map(|of| of.name.as_str()).collect();
    assert_eq!(names, ["orders", "invoices"]);
    assert_eq!(file.attention(), 1);
    assert_eq!(file.counts[&Attention::Fine], 1);
}

#[test]
fn an_alarm_that_is_raised_is_a_failure() {
    let mut case = Case::proven();
    let rule = RuleName::new("hot").expect("a name");
    let markers = Markers::of(&case.spec.name);
    let mut alarm = |metric: &str, state: StateValue| {
        let at = AlarmRef {
            account: s3ferry_testkit::build::source().account,
            region: s3ferry_testkit::build::source().region,
            name: markers.alarm_name(&name("orders"), &rule, metric),
        };
        let Document::Alarm(mut document) = s3ferry_testkit::build::alarm("default", 0) else {
            panic!("an alarm is an alarm");
        };
        document.state = Some(AlarmState {
            value: state,
            reason: String::new(),
            lasts: false,
        });
        case.observed
            .insert(Target::Alarm(at), Some(Document::Alarm(document)));
    };
    alarm("failed", StateValue::Raised);
    alarm("latency", StateValue::NoData);
    alarm("pending", StateValue::Fine);
    let failing = case.only();
    assert_eq!(failing.attention, Attention::Failing);
    assert_eq!((failing.alarms, failing.raised.len()), (3, 2));
    assert_eq!(failing.why.len(), 1, "{:?}", failing.why);
}

/// A job at work is waited for; when it has ended, an apply reads its report.
#[test]
fn a_job_at_work_is_waited_for() {
    let field = "phase: backfill\n    backfill: { report: { bucket: prod-reports } }";
    let spec = spec(&[("phase: replicate", field)]);
    let mut world = World::with_source("orders-prod");
    world.make_source("prod-reports");
    let plan = world.plan(&spec);
    world.apply(&plan);
    world.ended.clear();
    let plan = world.plan(&spec);
    let mut goals = plan.steps.iter().filter_map(|step| match &step.work {
        Work::Prove(goal) => match &**goal {
            Goal::Backfill(goal) => Some(goal.clone()),
            Goal::Canary(_) | Goal::Alarm(_) | Goal::Checksums(_) => None,
        },
        Work::Write(_) | Work::Sweep(_) => None,
    });
    let goal = goals.next().expect("a backfill is to be done");
    let at = RegionRef {
        account: s3ferry_testkit::build::source().account,
        region: s3ferry_testkit::build::source().region,
    };
    for (state, attention) in [
        ("Active", Attention::Waiting),
        ("Suspended", Attention::ToDo),
        ("Complete", Attention::ToDo),
    ] {
        let job = Job {
            description: format!(
                "{}: copies",
                Markers::of(&spec.name).job_mark(&goal.jobs.mark(1))
            ),
            created: String::new(),
            status: JobStatus::of(state),
            tasks: 7,
            succeeded: 2,
            failed: 0,
            reasons: Vec::new(),
        };
        let id = JobId::new("job-00000001").expect("a valid ID");
        let jobs = Document::Jobs(Jobs(BTreeMap::from([(id, job)])));
        world.set_at(Target::Region(at.clone(), RegionPart::Jobs), jobs);
        let seen = Case::of(&world, spec.clone()).only();
        assert_eq!(seen.attention, attention, "{state}: {seen:#?}");
        assert_eq!((seen.jobs[0].tasks, seen.jobs[0].succeeded), (7, 2));
    }
}

#[test]
fn receipts_have_an_age_and_a_comparison_that_differs_is_to_do() {
    let receipt = |kind, of: Option<&str>, at: &str, good| LastReceipt {
        migration: "orders".to_owned(),
        kind,
        of: of.map(str::to_owned),
        at: at.to_owned(),
        good,
        says: "something".to_owned(),
    };
    let mut case = Case::proven();
    case.receipts = vec![
        receipt(
            ReceiptKind::Canary,
            Some("hot"),
            "2026-11-27T11:00:00Z",
            true,
        ),
        receipt(
            ReceiptKind::Canary,
            Some("cold"),
            "2026-11-26T12:00:00Z",
            true,
        ),
        receipt(
            ReceiptKind::Canary,
            Some("gone"),
            "2020-11-26T12:00:00Z",
            true,
        ),
        receipt(
            ReceiptKind::Verification,
            None,
            "2026-11-27T11:30:00Z",
            false,
        ),
    ];
    let mut before = case.receipts.clone();
    let differs = case.only();
    assert_eq!(differs.canary_age_seconds, Some(86_400));
    assert_eq!(
        differs.receipts.len(),
        3,
        "a rule that is gone needs no proof"
    );
    assert_eq!(differs.attention, Attention::ToDo);
    assert_eq!(differs.next, "s3ferry verify spec.yaml --target orders");
    // What was copied after it makes it old news.
    before.push(receipt(
        ReceiptKind::Backfill,
        Some("job"),
        "2026-11-27T11:45:00Z",
        true,
    ));
    let mut case = Case::proven();
    case.receipts = before;
    assert_eq!(case.only().attention, Attention::Fine);
}
