//! Plans made by hand, for the tests of what they look like.

use s3ferry_core::format::{
    AccessChange, AccessVerdict, AccountInfo, Action, Attribute, Change, Edge, Estimate, Finding,
    FindingLevel, Gate, GateState, Kept, MigrationInfo, PermissionInfo, PlanFile, Reason, Risk,
    RiskLevel, SpecInfo, Summary, Undo, UndoKind, Wait,
};
use serde_json::{Value, json};

pub(crate) const RULE: &str =
    "prod/bucket/orders-prod/replication/rule/s3ferry/default/orders/everything";
pub(crate) const STATEMENT: &str =
    "archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate";

/// A plan of two accounts and one migration without changes.
pub(crate) fn plan(phase: &str) -> PlanFile {
    PlanFile {
        format: "1.1".into(),
        s3ferry: "0.1.0".into(),
        created: "2026-11-23T17:00:00Z".into(),
        spec: SpecInfo {
            name: "default".into(),
            digest: "sha256:5f3e".into(),
            files: vec![],
            targets: vec![],
            search: false,
        },
        accounts: vec![
            account("prod", "111111111111", "eu-west-1"),
            account("archive", "222222222222", "eu-central-1"),
        ],
        migrations: vec![MigrationInfo {
            name: "orders".into(),
            phase: phase.into(),
            source: "prod/orders-prod (eu-west-1)".into(),
            destination: "archive/orders-archive (eu-central-1)".into(),
            gates: vec![],
            not_carried: vec![],
        }],
        changes: vec![],
        kept: vec![],
        waits: vec![],
        order: vec![],
        fingerprints: [].into(),
        permissions: vec![],
        estimate: Estimate {
            reads: 23,
            writes: 0,
            calls: 0,
            throttle_seconds: 0,
        },
        findings: vec![],
        summary: Summary::default(),
    }
}

fn account(name: &str, id: &str, region: &str) -> AccountInfo {
    AccountInfo {
        name: name.into(),
        id: id.into(),
        region: region.into(),
        caller: format!("arn:aws:sts::{id}:assumed-role/s3ferry/pipeline"),
    }
}

/// A change of migration `orders` at low risk that can be undone.
pub(crate) fn change(address: &str, kind: &str, actions: &[Action], reason: Reason) -> Change {
    Change {
        address: address.into(),
        target: address.into(),
        kind: kind.into(),
        migrations: vec!["orders".into()],
        actions: actions.to_vec(),
        reason,
        before: Value::Null,
        after: Value::Null,
        attributes: vec![],
        access: None,
        undo: Undo {
            kind: UndoKind::Exact,
            why: String::new(),
        },
        risk: Risk {
            level: RiskLevel::Low,
            notes: vec![],
        },
    }
}

pub(crate) fn create(address: &str, kind: &str, after: Value) -> Change {
    Change {
        after,
        ..change(address, kind, &[Action::Create], Reason::Missing)
    }
}

pub(crate) fn attribute(path: &str, before: Value, after: Value) -> Attribute {
    Attribute {
        path: path.into(),
        before,
        after,
    }
}

pub(crate) fn gate(name: &str, state: GateState, why: &str) -> Gate {
    Gate {
        name: name.into(),
        state,
        why: why.into(),
    }
}

pub(crate) fn finding(
    level: FindingLevel,
    code: &str,
    address: &str,
    message: &str,
    help: &str,
) -> Finding {
    Finding {
        code: code.into(),
        level,
        address: address.into(),
        message: message.into(),
        help: help.into(),
    }
}

pub(crate) fn kept(address: &str) -> Kept {
    Kept {
        address: address.into(),
        kind: "replication rule".into(),
        why: "not s3ferry's".into(),
        value: json!({"id": "analytics"}),
    }
}

fn edge(first: &str, then: &str, why: &str) -> Edge {
    Edge {
        first: first.into(),
        then: then.into(),
        why: why.into(),
    }
}

fn risk(level: RiskLevel, note: &str) -> Risk {
    Risk {
        level,
        notes: vec![note.into()],
    }
}

pub(crate) fn destination_statement(actions: &[&str]) -> Value {
    json!({
        "Sid": "s3ferryOrdersReplicate",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod"},
        "Action": actions,
        "Resource": "arn:aws:s3:::orders-archive/*",
    })
}

/// The first plan of a migration.
pub(crate) fn first() -> PlanFile {
    let bucket = "archive/bucket/orders-archive";
    let (versioning, role) = (
        "archive/bucket/orders-archive/versioning",
        "prod/role/s3ferry-orders-prod",
    );
    let source_versioning = "prod/bucket/orders-prod/versioning";
    let mut plan = plan("replicate");
    plan.migrations[0].gates = vec![
        gate(
            "source bucket exists",
            GateState::Met,
            "orders-prod was read in eu-west-1",
        ),
        gate(
            "canary everything",
            GateState::Pending,
            "this plan writes a canary object and waits for its replica",
        ),
    ];
    plan.migrations[0].not_carried = vec![
        "Objects that are there already: phase backfill copies them.".into(),
        "Deletes of object versions: S3 never replicates them.".into(),
    ];
    plan.changes = vec![
        create(bucket, "bucket", json!({"region": "eu-central-1", "name": "orders-archive"})),
        Change {
            access: Some(AccessChange {
                verdict: AccessVerdict::Broader,
                added: vec!["action s3:ReplicateObject".into()],
                removed: vec![],
            }),
            ..create(
                STATEMENT,
                "bucket policy statement",
                destination_statement(&["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]),
            )
        },
        create(versioning, "bucket versioning", json!({"status": "Enabled"})),
        Change {
            attributes: vec![attribute("status", Value::Null, json!("Enabled"))],
            undo: Undo {
                kind: UndoKind::Partial,
                why: "versioning can be suspended and never be off again; versions written meanwhile stay".into(),
            },
            risk: Risk {
                level: RiskLevel::Medium,
                notes: vec![
                    "deletes leave delete markers from now on, and old versions are billed until a lifecycle rule \
                     removes them"
                        .into(),
                    "the first rule must wait 15 minutes after versioning is enabled for the first time".into(),
                ],
            },
            ..create(source_versioning, "bucket versioning", json!({"status": "Enabled"}))
        },
        create(
            role,
            "replication role",
            json!({
                "name": "s3ferry-orders-prod",
                "path": "/s3ferry/",
                "tags": {"s3ferry:spec": "default", "s3ferry:migration": "orders"},
                "trust": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "s3.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }]},
            }),
        ),
        create(
            "prod/role/s3ferry-orders-prod/policy/s3ferry",
            "role policy",
            json!({"document": {"Version": "2012-10-17", "Statement": [
                {"Sid": "ReadSource", "Effect": "Allow",
                 "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
                 "Resource": "arn:aws:s3:::orders-prod"},
                {"Sid": "WriteDestination", "Effect": "Allow",
                 "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
                 "Resource": "arn:aws:s3:::orders-archive/*"},
            ]}}),
        ),
        create(
            RULE,
            "replication rule",
            json!({
                "id": "s3ferry/default/orders/everything",
                "priority": 1,
                "status": "Enabled",
                "filter": {"prefix": ""},
                "delete_markers": "mirror",
                "destination": {"bucket": "arn:aws:s3:::orders-archive", "account": "222222222222",
                                "storage_class": "STANDARD_IA", "metrics": "Enabled"},
            }),
        ),
        Change {
            after: json!({"rule": "everything", "object": ".s3ferry-canary"}),
            ..change("orders/canary/everything", "canary", &[Action::Prove], Reason::Unproven)
        },
    ];
    plan.kept = vec![kept("prod/bucket/orders-prod/replication/rule/analytics")];
    plan.waits = vec![Wait {
        address: source_versioning.into(),
        what: "versioning to reach every part of S3".into(),
        bound_seconds: 900,
    }];
    plan.order = vec![
        edge(bucket, versioning, "a bucket exists before its settings"),
        edge(
            role,
            STATEMENT,
            "a principal exists before a policy names it",
        ),
        edge(bucket, STATEMENT, "a bucket exists before its settings"),
        edge(
            versioning,
            RULE,
            "both buckets are versioned before a rule is written",
        ),
        edge(
            source_versioning,
            RULE,
            "both buckets are versioned before a rule is written",
        ),
        edge(STATEMENT, RULE, "access is granted before a rule uses it"),
    ];
    plan.permissions = vec![PermissionInfo {
        account: "prod".into(),
        actions: vec![
            "iam:CreateRole".into(),
            "s3:PutReplicationConfiguration".into(),
        ],
    }];
    plan.estimate = Estimate {
        reads: 23,
        writes: 7,
        calls: 61,
        throttle_seconds: 2,
    };
    plan.findings = vec![finding(
        FindingLevel::Warning,
        "lifecycle-noncurrent",
        "prod/bucket/orders-prod/lifecycle",
        "no lifecycle rule removes old versions, so the bucket only grows",
        "add a rule with NoncurrentVersionExpiration",
    )];
    plan
}

/// One leaf of a rule changes.
pub(crate) fn leaf_update() -> PlanFile {
    let mut plan = plan("replicate");
    plan.changes = vec![Change {
        before: json!({"destination": {"storage_class": "STANDARD"}, "delete_markers": "mirror"}),
        after: json!({"destination": {"storage_class": "STANDARD_IA"}, "delete_markers": "keep"}),
        attributes: vec![
            attribute("delete_markers", json!("mirror"), json!("keep")),
            attribute(
                "destination.storage_class",
                json!("STANDARD"),
                json!("STANDARD_IA"),
            ),
        ],
        undo: Undo {
            kind: UndoKind::Partial,
            why: "replicas written meanwhile keep the class they got".into(),
        },
        risk: risk(
            RiskLevel::Medium,
            "deletes in the source no longer reach the destination",
        ),
        ..change(RULE, "replication rule", &[Action::Update], Reason::Differs)
    }];
    plan.estimate.writes = 1;
    plan.estimate.calls = 9;
    plan
}

/// A statement grants less than before.
pub(crate) fn narrowing() -> PlanFile {
    let mut plan = plan("replicate");
    plan.changes = vec![Change {
        before: destination_statement(&["s3:*"]),
        after: destination_statement(&["s3:ReplicateObject", "s3:ReplicateTags"]),
        attributes: vec![attribute(
            "Action",
            json!("s3:*"),
            json!(["s3:ReplicateObject", "s3:ReplicateTags"]),
        )],
        access: Some(AccessChange {
            verdict: AccessVerdict::Narrower,
            added: vec![],
            removed: vec!["action s3:* but s3:ReplicateObject, s3:ReplicateTags".into()],
        }),
        ..change(
            STATEMENT,
            "bucket policy statement",
            &[Action::Update],
            Reason::Differs,
        )
    }];
    plan
}

/// A rule of ours whose migration left the spec is deleted.
pub(crate) fn orphan() -> PlanFile {
    let mut plan = plan("replicate");
    plan.changes = vec![Change {
        migrations: vec!["invoices".into()],
        before: json!({"id": "s3ferry/default/invoices/all", "priority": 2, "filter": {"prefix": "invoices/"}}),
        undo: Undo {
            kind: UndoKind::None,
            why: "objects written while the rule is gone are not replicated later".into(),
        },
        risk: risk(
            RiskLevel::High,
            "new objects under invoices/ stop reaching the destination",
        ),
        ..change(
            "prod/bucket/orders-prod/replication/rule/s3ferry/default/invoices/all",
            "replication rule",
            &[Action::Delete],
            Reason::LeftSpec,
        )
    }];
    plan
}

/// A foreign rule makes the replication configuration impossible to merge.
pub(crate) fn conflict() -> PlanFile {
    let mut plan = plan("replicate");
    plan.migrations[0].gates = vec![
        gate(
            "rules written",
            GateState::Blocked,
            "the live configuration can't be merged with this rule",
        ),
        gate("backlog", GateState::Waiting, "1,204 objects are pending"),
    ];
    plan.findings = vec![
        finding(
            FindingLevel::Note,
            "ledger-local",
            "ledger",
            "the ledger is a folder of this machine",
            "",
        ),
        finding(
            FindingLevel::Blocked,
            "foreign-role",
            "prod/bucket/orders-prod/replication",
            "rule `analytics` is not s3ferry's and the configuration names role \
             arn:aws:iam::111111111111:role/service-role/analytics-replication; S3 allows one role for all rules",
            "name that role in migrations.orders.roles.replication, with the permissions that `doctor` prints\n\
             list `analytics` in migrations.orders.guards.adopt, and s3ferry moves it under its own role",
        ),
    ];
    plan
}

/// The principal of our statement was deleted and made again.
pub(crate) fn broken_principal() -> PlanFile {
    let mut plan = plan("replicate");
    let mut before = destination_statement(&["s3:ReplicateObject"]);
    before["Principal"]["AWS"] = json!("AROAEXAMPLEEXAMPLE123");
    plan.changes = vec![Change {
        before,
        after: destination_statement(&["s3:ReplicateObject"]),
        access: Some(AccessChange {
            verdict: AccessVerdict::Different,
            added: vec![
                "principal arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod".into(),
            ],
            removed: vec!["principal AROAEXAMPLEEXAMPLE123 (deleted)".into()],
        }),
        risk: risk(
            RiskLevel::High,
            "until then every object of the migration fails to replicate and is not retried",
        ),
        ..change(
            STATEMENT,
            "bucket policy statement",
            &[Action::Update],
            Reason::BrokenPrincipal,
        )
    }];
    plan
}
