//! Short words for the things that tests are made of.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::ids::{
    AccountId, AccountName, AlarmName, Arn, BucketName, MigrationName, Partition, Region, RoleName,
    RuleName, SpecName, TrailName,
};
use s3ferry_core::model::kinds::replication::{
    Filter, ReplicationConfiguration, Rule, RuleDestination, Status,
};
use s3ferry_core::model::kinds::{
    Alarm, AlarmActions, Bucket, BucketEncryption, Key, ObjectOwnership, Policy, PublicAccessBlock,
    Role, Trail, Versioning, VersioningStatus,
};
use s3ferry_core::model::target::ROLE_PATH;
use s3ferry_core::model::{
    AlarmRef, BucketRef, Document, KeyRef, RoleRef, Target, TrailPart, TrailRef,
};
use s3ferry_core::plan::{
    AlarmGoal, CanaryGoal, Goal, PlacedCanary, Probe, ProofSubject, PutEncryption, Replica, Stage,
    Step, StepId, Sweep, Work, WriteStep,
};
use s3ferry_core::policy::{Effect, Statement};
use s3ferry_core::spec::{
    Access, Account, Backfill, Canary, Create, DeleteMarkers, Destination, Encryption, Guards,
    KeyPolicies, Ledger, Logging, Migration, Monitoring, Phase, ReplicaOwner, RuleSpec, Source,
    Spec, VerifySpec, default_batch_role, default_role,
};

/// The account that sources are in.
pub const SOURCE_ACCOUNT: &str = "111111111111";
/// The account that destinations are in.
pub const DESTINATION_ACCOUNT: &str = "222222222222";

/// An account ID.
#[must_use]
pub fn account(id: &str) -> AccountId {
    AccountId::new(id).expect("a test names valid accounts")
}

/// A bucket in an account, in the Region `eu-west-1`.
#[must_use]
pub fn bucket(owner: &str, name: &str) -> BucketRef {
    BucketRef {
        account: account(owner),
        region: Region::new("eu-west-1").expect("a valid Region"),
        bucket: BucketName::new(name).expect("a test names valid buckets"),
    }
}

/// A KMS key.
#[must_use]
pub fn key(account: &str, region: &str, id: &str) -> KeyRef {
    let arn = format!("arn:aws:kms:{region}:{account}:key/{id}");
    KeyRef::of_arn(&Arn::new(arn).expect("an ARN")).expect("a test names valid keys")
}

/// A key as customers make them.
#[must_use]
pub fn customer_key() -> Document {
    Document::Key(Key {
        state: "Enabled".to_owned(),
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        manager: "CUSTOMER".to_owned(),
        multi_region: false,
    })
}

/// A policy that leaves a key to its account, and lets a role encrypt with it.
#[must_use]
pub fn key_policy(key: &KeyRef, role: Option<&RoleRef>) -> Document {
    let role = role.map_or_else(String::new, |role| {
        format!(
            r#",{{"Sid":"Role","Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"kms:Encrypt","Resource":"*"}}"#,
            role_arn(role)
        )
    });
    Document::KeyPolicy(Policy::read(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Admin","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}{role}]}}"#,
        key.account
    )))
}

/// The bucket that tests replicate from.
#[must_use]
pub fn source() -> BucketRef {
    bucket(SOURCE_ACCOUNT, "orders-prod")
}

/// The bucket that tests replicate to, in another Region.
#[must_use]
pub fn destination() -> BucketRef {
    BucketRef {
        region: Region::new("eu-central-1").expect("a valid Region"),
        ..bucket(DESTINATION_ACCOUNT, "orders-archive")
    }
}

/// A role in the source account.
#[must_use]
pub fn role(name: &str) -> RoleRef {
    RoleRef {
        account: account(SOURCE_ACCOUNT),
        partition: Partition::Commercial,
        name: RoleName::new(name).expect("a test names valid roles"),
    }
}

/// The ARN of a role under s3ferry's path.
#[must_use]
pub fn role_arn(role: &RoleRef) -> Arn {
    role.partition
        .role_arn(&role.account, ROLE_PATH, &role.name)
}

/// Tags.
#[must_use]
pub fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
    pairs.iter().map(owned).collect()
}

/// The document of a bucket that is made with tags.
#[must_use]
pub fn made(bucket: &BucketRef, with: &[(&str, &str)]) -> Document {
    Document::Bucket(Bucket {
        region: bucket.region.clone(),
        created_with_tags: tags(with),
    })
}

/// Versioning in a state.
#[must_use]
pub const fn versioning(status: VersioningStatus) -> Document {
    Document::Versioning(Versioning {
        status,
        mfa_delete: false,
    })
}

/// Versioning that is on.
#[must_use]
pub const fn versioned() -> Document {
    versioning(VersioningStatus::Enabled)
}

/// Default encryption with SSE-S3.
#[must_use]
pub fn sse_s3() -> Document {
    Document::Encryption(BucketEncryption {
        algorithm: "AES256".to_owned(),
        key: None,
        bucket_key: false,
        blocked: BTreeSet::new(),
    })
}

/// Ownership enforced.
#[must_use]
pub const fn owner_enforced() -> Document {
    Document::Ownership(ObjectOwnership::BucketOwnerEnforced)
}

/// Public access blocked wholly.
#[must_use]
pub const fn private() -> Document {
    Document::PublicAccess(PublicAccessBlock::ALL)
}

/// A policy's text with one statement of this Sid.
#[must_use]
pub fn policy_text(sid: &str, resource: &Arn) -> Policy {
    Policy::read(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{SOURCE_ACCOUNT}:root"}},"Action":"s3:ReplicateObject","Resource":"{resource}/*"}}]}}"#
    ))
}

/// A bucket policy with one statement of this Sid.
#[must_use]
pub fn bucket_policy(bucket: &BucketRef, sid: &str) -> Document {
    Document::BucketPolicy(policy_text(sid, &bucket.arn()))
}

/// An inline policy that lets a role read a bucket's replication configuration.
#[must_use]
pub fn role_policy(bucket: &BucketRef) -> Document {
    Document::RolePolicy(Policy::read(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Read","Effect":"Allow","Action":"s3:GetReplicationConfiguration","Resource":"{}"}}]}}"#,
        bucket.arn()
    )))
}

/// A role under s3ferry's path that S3 may assume.
#[must_use]
pub fn replication_role(with: &[(&str, &str)]) -> Document {
    Document::Role(Role {
        id: None,
        path: ROLE_PATH.to_owned(),
        trust: Policy::read(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.to_owned(),
        ),
        tags: tags(with),
        boundary: None,
        description: None,
    })
}

/// An enabled V2 rule for a prefix.
#[must_use]
pub fn rule(id: &str, priority: i32, prefix: &str, to: &BucketRef) -> Rule {
    Rule {
        id: Some(id.to_owned()),
        priority: Some(priority),
        legacy_prefix: None,
        filter: Some(Filter::Prefix(prefix.to_owned())),
        status: Status::Enabled,
        source_selection: None,
        existing_objects: None,
        destination: Some(RuleDestination {
            bucket: to.arn().to_string(),
            account: Some(to.account.to_string()),
            storage_class: None,
            owner_override: None,
            replica_key: None,
            replication_time: None,
            metrics: None,
        }),
        delete_markers: Some(Some(Status::Disabled)),
    }
}

/// A replication configuration under a role.
#[must_use]
pub fn replication(role: &RoleRef, rules: impl IntoIterator<Item = Rule>) -> Document {
    Document::Replication(ReplicationConfiguration {
        role: role_arn(role).to_string(),
        rules: rules.into_iter().collect(),
        unmodelled: Vec::new(),
    })
}

/// A step that writes a target, named after it.
#[must_use]
pub fn step(
    target: &Target,
    before: Option<Document>,
    after: Option<Document>,
    needs: &[&Step],
) -> Step {
    Step {
        id: StepId(target.to_string()),
        work: Work::Write(Box::new(WriteStep {
            target: target.clone(),
            stage: if after.is_some() {
                Stage::Set
            } else {
                Stage::Remove
            },
            before,
            after,
            led: Vec::new(),
        })),
        needs: needs.iter().map(|step| step.id.clone()).collect(),
    }
}

/// A step that proves rule `everything` of migration `orders` by a canary under `prefix`.
#[must_use]
pub fn prove(prefix: &str, needs: &[&Step]) -> Step {
    Step {
        id: StepId("orders/everything/canary".to_owned()),
        work: Work::Prove(Box::new(Goal::Canary(Box::new(CanaryGoal {
            spec: SpecName::new("default").expect("a valid name"),
            migration: MigrationName::new("orders").expect("a valid name"),
            rule: RuleName::new("everything").expect("a valid name"),
            rule_id: "everything".to_owned(),
            source: source(),
            destination: destination(),
            role: role("s3ferry-orders-prod"),
            stem: format!("{prefix}.s3ferry-canary/default/orders/everything"),
            tags: BTreeMap::new(),
            is_kms: false,
            elsewhere: Vec::new(),
            earlier: Vec::new(),
            probe: Probe::Default,
            encryption: PutEncryption::BucketDefault,
            replica: Replica::default(),
            mirrors: false,
            subject: ProofSubject("subject-1".to_owned()),
        })))),
        needs: needs.iter().map(|step| step.id.clone()).collect(),
    }
}

/// The alarm of a proof, in the source's account and Region.
#[must_use]
pub fn proof_alarm() -> AlarmRef {
    let BucketRef {
        account, region, ..
    } = source();
    let name = AlarmName::new("s3ferry/default/orders/s3ferry-prove-1/failed-operations");
    AlarmRef {
        account,
        region,
        name: name.expect("a valid name"),
    }
}

/// A step that proves the alarms of migration `orders` by this many objects that fail.
#[must_use]
pub fn prove_alarms(objects: u32) -> Step {
    let mut step = prove("", &[]);
    let Work::Prove(goal) = &mut step.work else {
        return step;
    };
    if let Goal::Canary(canary) = &**goal {
        let mut canary = canary.clone();
        canary.rule = RuleName::new("s3ferry-prove-1").expect("a valid name");
        canary.stem = ".s3ferry-canary/default/orders/s3ferry-prove-1".to_owned();
        let denied = ["arn:aws:s3:::orders-archive/.s3ferry-canary/*"];
        let denial = Statement::builder("Prove", Effect::Deny, ["s3:ReplicateObject"]);
        let Document::Alarm(alarm) = alarm("default", 0) else {
            return step;
        };
        **goal = Goal::Alarm(Box::new(AlarmGoal {
            rule: rule("everything", 1, "", &destination()),
            denial: denial.resources(denied).build(),
            at: proof_alarm(),
            alarm: *alarm,
            is_up: true,
            objects,
            canary: *canary,
        }));
    }
    step.id = StepId("orders/alarms/proof".to_owned());
    step
}

/// A step that removes a canary that an earlier run left.
#[must_use]
pub fn sweep(canary: PlacedCanary) -> Step {
    Step {
        id: StepId(format!("sweep {}", canary.key)),
        work: Work::Sweep(Box::new(Sweep {
            canary,
            beyond: BTreeSet::new(),
        })),
        needs: BTreeSet::new(),
    }
}

/// A spec with one migration, `orders`, from `prod` to `archive`, in a phase.
#[must_use]
pub fn spec(phase: Phase) -> Spec {
    let account_of = |id: &str, bucket: &BucketRef| Account {
        id: account(id),
        region: bucket.region.clone(),
        access: Access::DefaultChain,
    };
    let name = |name: &str| AccountName::new(name).expect("a valid name");
    Spec {
        name: SpecName::new("default").expect("a valid name"),
        accounts: BTreeMap::from([
            (name("prod"), account_of(SOURCE_ACCOUNT, &source())),
            (
                name("archive"),
                account_of(DESTINATION_ACCOUNT, &destination()),
            ),
        ]),
        ledger: Ledger::Folder("ledger".to_owned()),
        migrations: BTreeMap::from([(
            MigrationName::new("orders").expect("a valid name"),
            migration(phase),
        )]),
        guards: Guards::default(),
    }
}

/// The migration of [`spec`].
#[must_use]
pub fn migration(phase: Phase) -> Migration {
    let name = |name: &str| AccountName::new(name).expect("a valid name");
    Migration {
        phase,
        source: Source {
            account: name("prod"),
            bucket: source().bucket,
        },
        destination: Destination {
            account: name("archive"),
            bucket: destination().bucket,
            create: Create::Yes(Encryption::SseS3),
            key_policies: KeyPolicies::LeftAlone,
        },
        role: default_role(&source().bucket),
        batch_role: default_batch_role(&source().bucket),
        destination_batch_role: default_batch_role(&destination().bucket),
        rules: vec![rule_spec("everything", "")],
        owner: ReplicaOwner::Destination,
        canary: Canary::Write {
            name: ".s3ferry-canary".to_owned(),
        },
        monitoring: Monitoring::Unset,
        logging: Logging::default(),
        backfill: Backfill::default(),
        verify: VerifySpec::default(),
        guards: Guards::default(),
    }
}

/// An enabled rule of a spec for a prefix.
#[must_use]
pub fn rule_spec(name: &str, prefix: &str) -> RuleSpec {
    RuleSpec {
        name: RuleName::new(name).expect("a test names valid rules"),
        prefix: prefix.to_owned(),
        tags: BTreeMap::new(),
        delete_markers: DeleteMarkers::Mirror,
        storage_class: None,
        time_control: false,
        kms: None,
        replica_modifications: false,
        enabled: true,
    }
}

/// An alarm of a spec on the latency of a rule of the test buckets.
#[must_use]
pub fn alarm(spec: &str, above: u32) -> Document {
    let dimensions = [
        ("SourceBucket", source().bucket.to_string()),
        ("DestinationBucket", destination().bucket.to_string()),
        ("RuleId", format!("s3ferry/{spec}/orders/everything")),
    ];
    Document::Alarm(Box::new(Alarm {
        description: Some(format!("Late. s3ferry spec: {spec}.")),
        namespace: "AWS/S3".to_owned(),
        metric: "ReplicationLatency".to_owned(),
        dimensions: dimensions
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        statistic: "Maximum".to_owned(),
        period: 300,
        evaluation_periods: 3,
        datapoints: 3,
        comparison: "GreaterThanThreshold".to_owned(),
        threshold: above.to_string(),
        missing_data: "ignore".to_owned(),
        unit: None,
        actions_enabled: true,
        actions: AlarmActions::default(),
        unmodelled: Vec::new(),
        state: None,
    }))
}

/// The trail of the tests, in the source's account.
#[must_use]
pub fn trail_ref() -> TrailRef {
    let BucketRef {
        account, region, ..
    } = source();
    TrailRef {
        account,
        region,
        name: TrailName::new("s3-data").expect("a valid name"),
    }
}

/// The trail itself, as a target.
#[must_use]
pub fn trail_target() -> Target {
    Target::Trail(trail_ref(), TrailPart::Itself)
}

/// A trail that somebody made.
#[must_use]
pub fn trail() -> Document {
    Document::Trail(Box::new(Trail {
        bucket: "prod-audit".to_owned(),
        prefix: None,
        multi_region: false,
        organization: false,
        key: None,
        tags: tags(&[("team", "security")]),
        logging: true,
        delivery_error: None,
    }))
}
