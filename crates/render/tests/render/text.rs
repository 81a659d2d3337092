//! What a reviewer reads in a terminal.

use s3ferry_core::format::{Action, Change, GateState, PlanFile, Reason};
use s3ferry_render::{Detail, Style, markdown, text};

use crate::build;

fn shown(plan: &PlanFile) -> String {
    text(plan, Style::Plain, 100, Detail::Brief)
}

#[test]
fn an_empty_plan() {
    insta::assert_snapshot!(shown(&build::plan("replicate")), @"
    Plan for spec default, made 2026-11-23T17:00:00Z by s3ferry 0.1.0
    spec digest sha256:5f3e

      account prod (111111111111, eu-west-1) as arn:aws:sts::111111111111:assumed-role/s3ferry/pipeline
      account archive (222222222222, eu-central-1) as
        arn:aws:sts::222222222222:assumed-role/s3ferry/pipeline

    Migration orders, phase replicate: no changes

    No changes. Both accounts match the spec.
    ");
}

#[test]
fn the_first_plan_of_a_migration() {
    insta::assert_snapshot!(shown(&build::first()), @r#"
    Plan for spec default, made 2026-11-23T17:00:00Z by s3ferry 0.1.0
    spec digest sha256:5f3e

      account prod (111111111111, eu-west-1) as arn:aws:sts::111111111111:assumed-role/s3ferry/pipeline
      account archive (222222222222, eu-central-1) as
        arn:aws:sts::222222222222:assumed-role/s3ferry/pipeline

    + create   ? prove
    A change without a note on undo is taken back by planning the spec of before.

    Migration orders, phase replicate
      from prod/orders-prod (eu-west-1)
      to   archive/orders-archive (eu-central-1)

      Gates of phase replicate:
        met      source bucket exists: orders-prod was read in eu-west-1
        pending  canary everything: this plan writes a canary object and waits for its replica

      In account prod (111111111111, eu-west-1)

        + prod/bucket/orders-prod/versioning
          bucket versioning: create, because the spec asks for it.
            + status:  "Enabled"
          ! medium risk: deletes leave delete markers from now on, and old versions are billed until a
            lifecycle rule removes them
          ! medium risk: the first rule must wait 15 minutes after versioning is enabled for the first
            time
          ! can be undone only in part: versioning can be suspended and never be off again; versions
            written meanwhile stay

        + prod/role/s3ferry-orders-prod
          replication role: create, because the spec asks for it.
            + name:                    "s3ferry-orders-prod"
            + path:                    "/s3ferry/"
            + tags.s3ferry:migration:  "orders"
            + tags.s3ferry:spec:       "default"
            + trust:
              + Version:  "2012-10-17"
              + statement
                + effect     Allow
                + actions    sts:AssumeRole
                + principal  Service s3.amazonaws.com

        + prod/role/s3ferry-orders-prod/policy/s3ferry
          role policy: create, because the spec asks for it.
            + document:
              + Version:  "2012-10-17"
              + statement
                + sid        ReadSource
                + effect     Allow
                + actions    s3:GetReplicationConfiguration
                +            s3:ListBucket
                + resources  arn:aws:s3:::orders-prod
              + statement
                + sid        WriteDestination
                + effect     Allow
                + actions    s3:ReplicateDelete
                +            s3:ReplicateObject
                +            s3:ReplicateTags
                + resources  arn:aws:s3:::orders-archive/*

        + prod/bucket/orders-prod/replication/rule/s3ferry/default/orders/everything
          replication rule: create, because the spec asks for it.
            + delete_markers:             "mirror"
            + destination.account:        "222222222222"
            + destination.bucket:         "arn:aws:s3:::orders-archive"
            + destination.metrics:        "Enabled"
            + destination.storage_class:  "STANDARD_IA"
            + filter.prefix:              ""
            + id:                         "s3ferry/default/orders/everything"
            + priority:                   1
            + status:                     "Enabled"

      In account archive (222222222222, eu-central-1)

        + archive/bucket/orders-archive
          bucket: create, because the spec asks for it.
            + name:    "orders-archive"
            + region:  "eu-central-1"

        + archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate
          bucket policy statement: create, because the spec asks for it.
            + sid        s3ferryOrdersReplicate
            + effect     Allow
            + actions    s3:ReplicateDelete
            +            s3:ReplicateObject
            +            s3:ReplicateTags
            + resources  arn:aws:s3:::orders-archive/*
            + principal  AWS arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod
              access     newly granted

        + archive/bucket/orders-archive/versioning
          bucket versioning: create, because the spec asks for it.
            + status:  "Enabled"

      To be proved

        ? orders/canary/everything
          canary: prove, because no proof covers it as it will be.
            + object:  ".s3ferry-canary"
            + rule:    "everything"

      Not carried by these rules:
        - Objects that are there already: phase backfill copies them.
        - Deletes of object versions: S3 never replicates them.

    Kept as found:
      = prod/bucket/orders-prod/replication/rule/analytics (replication rule, not s3ferry's)

    Waits of an apply:
      at most 15 min: versioning to reach every part of S3 (prod/bucket/orders-prod/versioning)

    Order of an apply:
       1. archive/bucket/orders-archive
          prod/bucket/orders-prod/versioning
          prod/role/s3ferry-orders-prod
       2. archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate (a principal exists
            before a policy names it)
          archive/bucket/orders-archive/versioning (a bucket exists before its settings)
       3. prod/bucket/orders-prod/replication/rule/s3ferry/default/orders/everything (both buckets are
            versioned before a rule is written)

    Apply: 7 documents to write, 61 API calls, at least 2 s at the service limits; this plan read 23
      documents.
    Needs: 2 IAM actions in prod; the plan as JSON lists them.

    Findings:

      warning [lifecycle-noncurrent] prod/bucket/orders-prod/lifecycle
        no lifecycle rule removes old versions, so the bucket only grows
        help: add a rule with NoncurrentVersionExpiration

    Plan: 7 to add, 0 to change, 0 to destroy, 1 to prove.
    "#);
}

#[test]
fn a_rule_leaf_is_updated() {
    insta::assert_snapshot!(shown(&build::leaf_update()), @r#"
    Plan for spec default, made 2026-11-23T17:00:00Z by s3ferry 0.1.0
    spec digest sha256:5f3e

      account prod (111111111111, eu-west-1) as arn:aws:sts::111111111111:assumed-role/s3ferry/pipeline
      account archive (222222222222, eu-central-1) as
        arn:aws:sts::222222222222:assumed-role/s3ferry/pipeline

    ~ change in place
    A change without a note on undo is taken back by planning the spec of before.

    Migration orders, phase replicate
      from prod/orders-prod (eu-west-1)
      to   archive/orders-archive (eu-central-1)

      In account prod (111111111111, eu-west-1)

        ~ prod/bucket/orders-prod/replication/rule/s3ferry/default/orders/everything
          replication rule: change in place, because it differs from the spec.
            ~ delete_markers:             "mirror" -> "keep"
            ~ destination.storage_class:  "STANDARD" -> "STANDARD_IA"
          ! medium risk: deletes in the source no longer reach the destination
          ! can be undone only in part: replicas written meanwhile keep the class they got

    Apply: 1 document to write, 9 API calls; this plan read 23 documents.

    Plan: 0 to add, 1 to change, 0 to destroy.
    "#);
}

#[test]
fn a_statement_is_narrowed() {
    insta::assert_snapshot!(shown(&build::narrowing()), @"
    Plan for spec default, made 2026-11-23T17:00:00Z by s3ferry 0.1.0
    spec digest sha256:5f3e

      account prod (111111111111, eu-west-1) as arn:aws:sts::111111111111:assumed-role/s3ferry/pipeline
      account archive (222222222222, eu-central-1) as
        arn:aws:sts::222222222222:assumed-role/s3ferry/pipeline

    ~ change in place
    A change without a note on undo is taken back by planning the spec of before.

    Migration orders, phase replicate
      from prod/orders-prod (eu-west-1)
      to   archive/orders-archive (eu-central-1)

      In account archive (222222222222, eu-central-1)

        ~ archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate
          bucket policy statement: change in place, because it differs from the spec.
              sid        s3ferryOrdersReplicate
              effect     Allow
            - actions    s3:*
            +            s3:ReplicateObject
            +            s3:ReplicateTags
              resources  arn:aws:s3:::orders-archive/*
              principal  AWS arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod
              access     narrower than before
            -            action s3:* but s3:ReplicateObject, s3:ReplicateTags

    Apply: 0 documents to write, 0 API calls; this plan read 23 documents.

    Plan: 0 to add, 1 to change, 0 to destroy.
    ");
}

#[test]
fn an_orphan_is_deleted() {
    insta::assert_snapshot!(shown(&build::orphan()), @r#"
    Plan for spec default, made 2026-11-23T17:00:00Z by s3ferry 0.1.0
    spec digest sha256:5f3e

      account prod (111111111111, eu-west-1) as arn:aws:sts::111111111111:assumed-role/s3ferry/pipeline
      account archive (222222222222, eu-central-1) as
        arn:aws:sts::222222222222:assumed-role/s3ferry/pipeline

    - delete
    A change without a note on undo is taken back by planning the spec of before.

    Migration orders, phase replicate: no changes

    Migration invoices, no longer in the spec

      In account prod (111111111111, eu-west-1)

        - prod/bucket/orders-prod/replication/rule/s3ferry/default/invoices/all
          replication rule: delete, because it is s3ferry's and left the spec.
            - filter.prefix:  "invoices/"
            - id:             "s3ferry/default/invoices/all"
            - priority:       2
          ! HIGH RISK: new objects under invoices/ stop reaching the destination
          ! cannot be undone: objects written while the rule is gone are not replicated later

    Apply: 0 documents to write, 0 API calls; this plan read 23 documents.

    Plan: 0 to add, 0 to change, 1 to destroy.
    "#);
}

#[test]
fn a_way_out_that_begins_with_or_says_it_once() {
    let mut plan = build::conflict();
    "do this\nor do that".clone_into(&mut plan.findings[0].help);
    let text = shown(&plan);
    assert!(text.contains("or:   do that"), "{text}");
    let markdown = markdown(&plan, 65_536);
    assert!(markdown.contains("- or: do that"), "{markdown}");
}

#[test]
fn a_conflict_blocks_and_names_two_ways_out() {
    insta::assert_snapshot!(shown(&build::conflict()), @"
    BLOCKED: apply refuses this plan (exit 4): 1 finding and 1 gate in the way.

    Plan for spec default, made 2026-11-23T17:00:00Z by s3ferry 0.1.0
    spec digest sha256:5f3e

      account prod (111111111111, eu-west-1) as arn:aws:sts::111111111111:assumed-role/s3ferry/pipeline
      account archive (222222222222, eu-central-1) as
        arn:aws:sts::222222222222:assumed-role/s3ferry/pipeline

    Migration orders, phase replicate
      from prod/orders-prod (eu-west-1)
      to   archive/orders-archive (eu-central-1)

      Gates of phase replicate:
        BLOCKED  rules written: the live configuration can't be merged with this rule
        waiting  backlog: 1,204 objects are pending

      No changes.

    Findings:

      BLOCKED [foreign-role] prod/bucket/orders-prod/replication
        rule `analytics` is not s3ferry's and the configuration names role
        arn:aws:iam::111111111111:role/service-role/analytics-replication; S3 allows one role for all
        rules
        help: name that role in migrations.orders.roles.replication, with the permissions that `doctor`
              prints
        or:   list `analytics` in migrations.orders.guards.adopt, and s3ferry moves it under its own
              role

      note [ledger-local] ledger
        the ledger is a folder of this machine

    No changes.
    BLOCKED: apply refuses this plan (exit 4): 1 finding and 1 gate in the way.
    ");
}

#[test]
fn a_broken_principal_is_repaired() {
    insta::assert_snapshot!(shown(&build::broken_principal()), @"
    Plan for spec default, made 2026-11-23T17:00:00Z by s3ferry 0.1.0
    spec digest sha256:5f3e

      account prod (111111111111, eu-west-1) as arn:aws:sts::111111111111:assumed-role/s3ferry/pipeline
      account archive (222222222222, eu-central-1) as
        arn:aws:sts::222222222222:assumed-role/s3ferry/pipeline

    ~ change in place
    A change without a note on undo is taken back by planning the spec of before.

    Migration orders, phase replicate
      from prod/orders-prod (eu-west-1)
      to   archive/orders-archive (eu-central-1)

      In account archive (222222222222, eu-central-1)

        ~ archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate
          bucket policy statement: change in place, because its principal was deleted and left a
            dangling ID.
              sid        s3ferryOrdersReplicate
              effect     Allow
              actions    s3:ReplicateObject
              resources  arn:aws:s3:::orders-archive/*
            - principal  AWS AROAEXAMPLEEXAMPLE123
            +            AWS arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod
              access     in part BROADER, in part narrower than before
            -            principal AROAEXAMPLEEXAMPLE123 (deleted)
          ! HIGH RISK: until then every object of the migration fails to replicate and is not retried

    Apply: 0 documents to write, 0 API calls; this plan read 23 documents.

    Plan: 0 to add, 1 to change, 0 to destroy.
    ");
}

#[test]
fn changes_stand_with_those_who_want_them() {
    let mut plan = build::plan("verify");
    plan.spec.targets = vec!["orders".into()];
    let of = |names: &[&str], address: &str| Change {
        migrations: names.iter().map(|name| (*name).to_owned()).collect(),
        ..build::change(address, "role", &[Action::Delete], Reason::Phase)
    };
    plan.changes = vec![
        of(&["orders"], "elsewhere/role/a"),
        of(&["orders"], "archive/role/b"),
        of(&["orders", "invoices"], "prod/role/c"),
        of(&["invoices"], "prod/role/d"),
        of(&[], "prod/role/e"),
    ];
    insta::assert_snapshot!(shown(&plan), @"
    Plan for spec default, made 2026-11-23T17:00:00Z by s3ferry 0.1.0
    spec digest sha256:5f3e
    Only for orders (--target); the rest of the spec was not planned.

      account prod (111111111111, eu-west-1) as arn:aws:sts::111111111111:assumed-role/s3ferry/pipeline
      account archive (222222222222, eu-central-1) as
        arn:aws:sts::222222222222:assumed-role/s3ferry/pipeline

    - delete
    A change without a note on undo is taken back by planning the spec of before.

    Migration orders, phase verify
      from prod/orders-prod (eu-west-1)
      to   archive/orders-archive (eu-central-1)

      In account archive (222222222222, eu-central-1)

        - archive/role/b
          role: delete, because phase verify does not have it.

      In account elsewhere

        - elsewhere/role/a
          role: delete, because phase verify does not have it.

    Shared by migrations orders, invoices

      In account prod (111111111111, eu-west-1)

        - prod/role/c
          role: delete, because the phase of its migration does not have it.

    Migration invoices, not among the targets

      In account prod (111111111111, eu-west-1)

        - prod/role/d
          role: delete, because the phase of its migration does not have it.

    Of no migration

      In account prod (111111111111, eu-west-1)

        - prod/role/e
          role: delete, because the phase of its migration does not have it.

    Apply: 0 documents to write, 0 API calls; this plan read 23 documents.

    Plan: 0 to add, 0 to change, 5 to destroy.
    ");
}

#[test]
fn what_does_not_change_is_counted_where_it_is_long() {
    let mut plan = build::plan("replicate");
    plan.migrations[0].gates = vec![build::gate("canary everything", GateState::Met, "proven")];
    plan.kept = vec![build::kept("prod/bucket/a/replication/rule/b"); 23];
    let page = shown(&plan);
    assert_eq!(page.matches("= prod/bucket/a").count(), 20);
    assert!(page.contains("\n  (3 more)\n"));
    assert!(page.contains("Migration orders, phase replicate: no changes, 1 gate met\n"));
}

#[test]
fn no_changes_is_not_said_to_match_where_a_gate_is_blocked() {
    let mut plan = build::plan("cutover");
    plan.migrations[0].gates = vec![build::gate(
        "verified",
        GateState::Blocked,
        "3 objects differ",
    )];
    let page = shown(&plan);
    assert!(page.starts_with("BLOCKED: apply refuses this plan (exit 4): 1 gate in the way.\n"));
    assert!(!page.contains("match"));
}
