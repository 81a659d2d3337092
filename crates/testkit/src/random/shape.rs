//! Shapes of specs: small values that shrink well and always make a spec that `s3ferry-spec` would accept.

use std::collections::{BTreeMap, BTreeSet};

use proptest::array::{uniform2, uniform4};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use s3ferry_core::data_events::DataEvents;
use s3ferry_core::ids::{
    AccountName, Arn, BucketName, MigrationName, Region, RoleName, RuleName, SpecName,
};
use s3ferry_core::model::{BucketRef, RoleRef};
use s3ferry_core::spec::{
    Above, Access, AccessLogs, Account, AlarmSpec, Backfill, Canary, Create, DeleteMarkers,
    Destination, Encryption, Guards, Inventories, InventoryPlace, KeyFormat, KeyPolicies,
    KmsSelection, Ledger, LogPlace, Logging, Migration, MissingData, Monitoring, Phase,
    ReplicaOwner, RuleSpec, Sides, Source, Spec, StorageClass, Trails, VerifySpec,
    default_batch_role,
};

use super::trails;
use crate::build;

/// The source buckets, all there from the start.
pub const SOURCES: [&str; 2] = ["orders-prod", "invoices-prod"];
/// The destination buckets.
pub const DESTINATIONS: [&str; 2] = ["orders-archive", "shared-archive"];
/// The replication roles that a source bucket may have.
pub const ROLES: [&str; 3] = ["s3ferry-orders-prod", "s3ferry-invoices-prod", "mover"];
/// The migrations: names that read alike in Sids.
pub const MIGRATIONS: [&str; 4] = ["a", "a-1", "a1", "b"];
/// The rules of a migration.
const RULES: [&str; 4] = ["everything", "hot", "cold", "x.y"];
/// Prefixes inside each other, one that a policy must escape, and one that fills policies; see [`prefix`].
const PREFIXES: [&str; 5] = ["", "hot/", "hot/new/", "cold*/", "long"];

/// A source bucket.
#[must_use]
pub fn source(index: usize) -> BucketRef {
    build::bucket(build::SOURCE_ACCOUNT, SOURCES[index])
}

/// A destination bucket.
#[must_use]
pub fn destination(index: usize) -> BucketRef {
    BucketRef {
        region: Region::new("eu-central-1").expect("a valid Region"),
        ..build::bucket(build::DESTINATION_ACCOUNT, DESTINATIONS[index])
    }
}

/// The buckets that logs and inventories go to: two in the source account, and two in the destination account.
pub const LOGS: [&str; 4] = [
    "prod-logs",
    "prod-records",
    "archive-logs",
    "archive-records",
];

/// The queue that hears of each object that fails.
pub const EVENTS: &str = "arn:aws:sqs:eu-west-1:111111111111:failures";

/// A bucket that logs and inventories go to.
#[must_use]
pub fn logs(index: usize) -> BucketRef {
    let like = if index < 2 { source(0) } else { destination(0) };
    BucketRef {
        bucket: BucketName::new(LOGS[index]).expect("a valid name"),
        ..like
    }
}

/// A bucket that may be logged: the two sources, then the two destinations.
#[must_use]
pub fn end(index: usize) -> BucketRef {
    match index {
        0 | 1 => source(index),
        _ => destination(index - 2),
    }
}

/// A role that a source bucket may have.
#[must_use]
pub fn role(index: usize) -> RoleRef {
    build::role(ROLES[index])
}

/// A spec as choices from few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The migrations of [`MIGRATIONS`] that there are.
    pub migrations: [Option<Move>; 4],
    /// The role of each source bucket.
    pub roles: [usize; 2],
    /// Each destination bucket.
    pub destinations: [To; 2],
    /// What is written down of each bucket: the sources, then the destinations.
    pub written: [Written; 4],
    /// Whether buckets and roles that exist are handed over.
    pub adopts: bool,
    /// Whether the policies of keys are written.
    pub writes_keys: bool,
}

/// What is written down of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// To which of two buckets its access logs go, and under which of two prefixes.
    pub logs: Option<(usize, usize)>,
    /// To which of two buckets its inventory goes.
    pub lists: Option<usize>,
    /// Which of three trails records its data events.
    pub trail: Option<usize>,
}

/// A migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Its source bucket.
    pub from: usize,
    /// Its destination bucket.
    pub to: usize,
    /// Phase `replicate`, else `prepare`.
    pub replicates: bool,
    /// Whether canaries prove its rules.
    pub canary: bool,
    /// Whether alarms watch its rules, and how many operations that wait they are above.
    pub watched: Option<u64>,
    /// Its rules.
    pub rules: Vec<Line>,
}

/// A destination bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct To {
    /// Whether s3ferry makes it.
    pub made: bool,
    /// Whether it is encrypted with a KMS key, where s3ferry makes it.
    pub kms: bool,
    /// Whether the destination account owns the replicas.
    pub owns: bool,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name of four.
    pub name: usize,
    /// Its prefix of five.
    pub prefix: usize,
    /// How many tags its filter has.
    pub tags: usize,
    /// Whether delete markers replicate; never with tags, which S3 refuses.
    pub mirrors: bool,
    /// Its storage class.
    pub class: Option<StorageClass>,
    /// Time control, KMS, replica modifications.
    pub extras: [bool; 3],
    /// Whether it is enabled.
    pub enabled: bool,
}

/// A spec of one to four migrations.
pub fn shape() -> impl Strategy<Value = Shape> {
    let more = || option::weighted(0.4, moving());
    let migrations = (option::weighted(0.95, moving()), more(), more(), more());
    let flags = (any::<bool>(), any::<bool>());
    (
        migrations,
        roles(),
        uniform2(to()),
        uniform4(written()),
        flags,
    )
        .prop_map(
            |((a, b, c, d), roles, destinations, written, (adopts, writes_keys))| Shape {
                migrations: [a, b, c, d],
                roles,
                destinations,
                written,
                adopts,
                writes_keys,
            },
        )
}

fn roles() -> impl Strategy<Value = [usize; 2]> {
    prop_oneof![3 => Just([0, 1]), 1 => uniform2(0..ROLES.len())]
}

fn moving() -> impl Strategy<Value = Move> {
    (
        0..SOURCES.len(),
        0..DESTINATIONS.len(),
        prop::bool::weighted(0.8),
        any::<bool>(),
        watched(),
        vec(line(), 1..4),
    )
        .prop_map(|(from, to, replicates, canary, watched, rules)| Move {
            from,
            to,
            replicates,
            canary,
            watched,
            rules,
        })
}

fn watched() -> impl Strategy<Value = Option<u64>> {
    option::weighted(0.4, select(&[0, 10_000][..]))
}

fn written() -> impl Strategy<Value = Written> {
    let two = || 0..2_usize;
    (
        option::weighted(0.3, (two(), two())),
        option::weighted(0.3, two()),
    )
        .prop_map(|(logs, lists)| Written {
            logs,
            lists,
            trail: trails::with(logs, lists),
        })
}

fn to() -> impl Strategy<Value = To> {
    (
        prop::bool::weighted(0.6),
        prop::bool::weighted(0.2),
        any::<bool>(),
    )
        .prop_map(|(made, kms, owns)| To { made, kms, owns })
}

fn line() -> impl Strategy<Value = Line> {
    let prefix = prop_oneof![12 => 0..PREFIXES.len() - 1, 1 => Just(PREFIXES.len() - 1)];
    let off = || prop::bool::weighted(0.2);
    (
        0..RULES.len(),
        prefix,
        prop_oneof![3 => Just(0_usize), 1 => 1..3_usize],
        any::<bool>(),
        option::weighted(0.3, select(&StorageClass::ALL[..])),
        [off(), off(), off()],
        prop::bool::weighted(0.85),
    )
        .prop_map(
            |(name, prefix, tags, mirrors, class, extras, enabled)| Line {
                name,
                prefix,
                tags,
                mirrors,
                class,
                extras,
                enabled,
            },
        )
}

/// A change of a spec by its authors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A migration comes, goes or is another.
    Migration(usize, Option<Move>),
    /// A migration goes to another phase.
    Phase(usize, bool),
    /// A migration goes elsewhere.
    Destination(usize, usize),
    /// A migration gets other rules.
    Rules(usize, Vec<Line>),
    /// The first rule of a migration gets another name.
    Rename(usize, usize),
    /// The rules of a migration come in another order.
    Turn(usize),
    /// A source bucket gets another role.
    Role(usize, usize),
    /// A destination bucket is made otherwise.
    To(usize, To),
    /// A migration gets other alarms, or none.
    Watch(usize, Option<u64>),
    /// Something else is written down of a bucket.
    Written(usize, Written),
    /// What exists is handed over, or is not.
    Adopt(bool),
    /// The policies of keys are written, or are not.
    Keys(bool),
}

/// Any change.
pub fn change() -> impl Strategy<Value = Change> {
    let which = || 0..MIGRATIONS.len();
    prop_oneof![
        2 => (which(), option::weighted(0.4, moving())).prop_map(|(at, to)| Change::Migration(at, to)),
        2 => (which(), any::<bool>()).prop_map(|(at, to)| Change::Phase(at, to)),
        1 => (which(), 0..2_usize).prop_map(|(at, to)| Change::Destination(at, to)),
        2 => (which(), vec(line(), 1..4)).prop_map(|(at, to)| Change::Rules(at, to)),
        1 => (which(), 0..RULES.len()).prop_map(|(at, to)| Change::Rename(at, to)),
        1 => which().prop_map(Change::Turn),
        2 => (0..2_usize, 0..ROLES.len()).prop_map(|(at, to)| Change::Role(at, to)),
        1 => (0..2_usize, to()).prop_map(|(at, to)| Change::To(at, to)),
        1 => (which(), watched()).prop_map(|(at, to)| Change::Watch(at, to)),
        2 => (0..4_usize, written()).prop_map(|(at, to)| Change::Written(at, to)),
        1 => any::<bool>().prop_map(Change::Adopt),
        1 => any::<bool>().prop_map(Change::Keys),
    ]
}

impl Shape {
    /// Makes a change.
    pub fn change(&mut self, change: &Change) {
        match change.clone() {
            Change::Migration(at, to) => self.migrations[at] = to,
            Change::Phase(at, to) => self.with(at, |it| it.replicates = to),
            Change::Destination(at, to) => self.with(at, |it| it.to = to),
            Change::Rules(at, to) => self.with(at, |it| it.rules = to),
            Change::Rename(at, to) => self.with(at, |it| it.rules[0].name = to),
            Change::Turn(at) => self.with(at, |it| it.rules.reverse()),
            Change::Role(at, to) => self.roles[at] = to,
            Change::To(at, to) => self.destinations[at] = to,
            Change::Watch(at, to) => self.with(at, |it| it.watched = to),
            Change::Written(at, to) => self.written[at] = to,
            Change::Adopt(to) => self.adopts = to,
            Change::Keys(to) => self.writes_keys = to,
        }
    }

    fn with(&mut self, at: usize, change: impl FnOnce(&mut Move)) {
        if let Some(migration) = &mut self.migrations[at] {
            change(migration);
        }
    }

    /// The spec. A rule that repeats a name or a filter is left out, and a migration without rules too: both are errors
    /// in a spec.
    #[must_use]
    pub fn spec(&self) -> Spec {
        let mut filters = BTreeSet::new();
        let mut migrations = BTreeMap::new();
        for (name, shape) in MIGRATIONS.iter().zip(&self.migrations) {
            let Some(shape) = shape else { continue };
            let rules = distinct(shape, &mut filters);
            if !rules.is_empty() {
                let name = MigrationName::new(*name).expect("a valid name");
                migrations.insert(name, self.migration(shape, rules));
            }
        }
        let account = |id: &str, region: &str| Account {
            id: build::account(id),
            region: Region::new(region).expect("a valid Region"),
            access: Access::DefaultChain,
        };
        Spec {
            name: SpecName::new("default").expect("a valid name"),
            accounts: BTreeMap::from([
                (name("prod"), account(build::SOURCE_ACCOUNT, "eu-west-1")),
                (
                    name("archive"),
                    account(build::DESTINATION_ACCOUNT, "eu-central-1"),
                ),
            ]),
            ledger: Ledger::Folder("ledger".to_owned()),
            guards: self.guards(&migrations),
            migrations,
        }
    }

    fn guards(&self, migrations: &BTreeMap<MigrationName, Migration>) -> Guards {
        let adopted = migrations.values().filter(|_| self.adopts);
        let mut adopt: Vec<String> = adopted.flat_map(addresses).collect();
        adopt.sort();
        adopt.dedup();
        Guards {
            max_deletes: 99,
            adopt,
            forget: BTreeSet::new(),
        }
    }

    fn migration(&self, shape: &Move, rules: Vec<RuleSpec>) -> Migration {
        let to = self.destinations[shape.to];
        let create = match (to.made, to.kms) {
            (false, _) => Create::No,
            (true, false) => Create::Yes(Encryption::SseS3),
            (true, true) => Create::Yes(Encryption::SseKms {
                key: key("eu-central-1", build::DESTINATION_ACCOUNT, "default"),
                bucket_key: true,
            }),
        };
        let bucket = |name: &str| BucketName::new(name).expect("a valid name");
        Migration {
            phase: if shape.replicates {
                Phase::Replicate
            } else {
                Phase::Prepare
            },
            source: Source {
                account: name("prod"),
                bucket: bucket(SOURCES[shape.from]),
            },
            destination: Destination {
                account: name("archive"),
                bucket: bucket(DESTINATIONS[shape.to]),
                create,
                key_policies: if self.writes_keys {
                    KeyPolicies::Written
                } else {
                    KeyPolicies::LeftAlone
                },
            },
            role: RoleName::new(ROLES[self.roles[shape.from]]).expect("a valid name"),
            batch_role: default_batch_role(&bucket(SOURCES[shape.from])),
            destination_batch_role: default_batch_role(&bucket(DESTINATIONS[shape.to])),
            rules,
            owner: if to.owns {
                ReplicaOwner::Destination
            } else {
                ReplicaOwner::Source
            },
            canary: if shape.canary {
                Canary::Write {
                    name: ".s3ferry-canary".to_owned(),
                }
            } else {
                Canary::Skip {
                    reason: "a test".to_owned(),
                }
            },
            monitoring: shape.watched.map_or(Monitoring::Unset, alarms),
            logging: self.logging(shape),
            backfill: Backfill::default(),
            verify: VerifySpec::default(),
            guards: Guards::default(), // Those of the spec hold for all.
        }
    }
}

fn alarms(pending: u64) -> Monitoring {
    let above = |threshold| Above {
        threshold,
        missing_data: MissingData::Ignore,
    };
    Monitoring::Alarms(Box::new(AlarmSpec {
        account: None,
        notify_source: Vec::new(),
        notify_destination: Vec::new(),
        events: (pending == 0).then(events),
        failed_operations: above(0),
        latency: above(900),
        pending_operations: above(pending),
        pending_bytes: above(1 << 30),
        prove: false,
    }))
}

/// Who hears of each object that fails, of any bucket.
fn events() -> Arn {
    Arn::new(EVENTS).expect("a valid ARN")
}

impl Shape {
    /// Which data events are recorded: what hands things over asks for all of them.
    #[must_use]
    pub const fn events(&self) -> DataEvents {
        if self.adopts {
            DataEvents::All
        } else {
            DataEvents::Writes
        }
    }

    fn logging(&self, shape: &Move) -> Logging {
        let place = |end: usize, to: usize, prefix: &str| LogPlace {
            bucket: logs(end / 2 * 2 + to).bucket,
            prefix: prefix.to_owned(),
        };
        let logged = |end: usize| {
            let (to, prefix) = self.written[end].logs?;
            Some(place(end, to, ["", "s3/"][prefix]))
        };
        let listed = |end: usize| {
            let place = place(end, self.written[end].lists?, "");
            Some(InventoryPlace {
                place,
                encryption: None,
            })
        };
        let traced = |end: usize| Some(trails::place(end, self.written[end].trail?));
        let (from, to) = (shape.from, shape.to + 2);
        Logging {
            access: AccessLogs {
                to: Sides {
                    source: logged(from),
                    destination: logged(to),
                },
                key_format: KeyFormat::Simple,
            },
            cloudtrail: Trails {
                to: Sides {
                    source: traced(from),
                    destination: traced(to),
                },
                events: self.events(),
            },
            inventory: Inventories {
                to: Sides {
                    source: listed(from),
                    destination: listed(to),
                },
                ..Inventories::default()
            },
        }
    }
}

fn name(text: &str) -> AccountName {
    AccountName::new(text).expect("a valid name")
}

/// Every bucket and role that a spec may make.
/// What a migration may take over.
fn addresses(of: &Migration) -> [String; 2] {
    [
        format!("archive/bucket/{}", of.destination.bucket),
        format!("prod/role/{}", of.role),
    ]
}

type Filter = (usize, usize, usize, usize);

fn distinct(shape: &Move, filters: &mut BTreeSet<Filter>) -> Vec<RuleSpec> {
    let mut names = BTreeSet::new();
    let fresh = |line: &&Line| {
        let filter = (shape.from, shape.to, line.prefix, line.tags);
        !filters.contains(&filter) && names.insert(line.name) && filters.insert(filter)
    };
    let mut rules: Vec<RuleSpec> = shape.rules.iter().filter(fresh).map(rule).collect();
    // The narrow ones first: a rule that another one shadows blocks the plan, which only some cases are about.
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.prefix.len() + rule.tags.len()));
    rules
}

fn rule(line: &Line) -> RuleSpec {
    let [time_control, kms, replica_modifications] = line.extras;
    let tags = [("class", "hot"), ("year", "2026")];
    RuleSpec {
        name: RuleName::new(RULES[line.name]).expect("a valid name"),
        prefix: prefix(line.prefix),
        tags: build::tags(&tags[..line.tags]),
        delete_markers: if line.mirrors && line.tags == 0 {
            DeleteMarkers::Mirror
        } else {
            DeleteMarkers::Keep
        },
        storage_class: line.class,
        time_control,
        kms: kms.then(|| KmsSelection {
            source_keys: vec![key("eu-west-1", build::SOURCE_ACCOUNT, "source")],
            replica_key: key("eu-central-1", build::DESTINATION_ACCOUNT, "replica"),
        }),
        replica_modifications,
        enabled: line.enabled,
    }
}

fn prefix(index: usize) -> String {
    match PREFIXES[index] {
        "long" => format!("long/{}/", "x".repeat(900)),
        short => short.to_owned(),
    }
}

fn key(region: &str, account: &str, id: &str) -> Arn {
    Arn::new(format!("arn:aws:kms:{region}:{account}:key/{id}")).expect("a valid ARN")
}

/// A subset of the migrations, as `--target` names them; `None` for all.
pub fn targets() -> impl Strategy<Value = Option<BTreeSet<MigrationName>>> {
    let names = |chosen: [bool; 4]| -> BTreeSet<MigrationName> {
        let named = MIGRATIONS.iter().zip(chosen).filter(|(_, chosen)| *chosen);
        named
            .map(|(name, _)| MigrationName::new(*name).expect("a valid name"))
            .collect()
    };
    option::weighted(0.25, uniform4(any::<bool>()).prop_map(names))
}
