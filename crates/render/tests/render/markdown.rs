//! What a reviewer reads in a pull request.

use s3ferry_core::format::{FindingLevel, PlanFile};
use s3ferry_render::markdown;
use serde_json::json;

use crate::build;

/// The limit of a comment on GitHub.
const COMMENT: usize = 65_536;

fn shown(plan: &PlanFile) -> String {
    markdown(plan, COMMENT)
}

#[test]
fn an_empty_plan() {
    insta::assert_snapshot!(shown(&build::plan("replicate")), @"
    <!-- s3ferry plan default -->
    ### s3ferry plan: no changes

    No changes. Both accounts match the spec.

    Spec <code>default</code>, planned <code>2026-11-23T17:00:00Z</code> by s3ferry <code>0.1.0</code>.

    | Migration | Phase | From | To | Gates |
    |---|---|---|---|---|
    | <code>orders</code> | <code>replicate</code> | <code>prod/orders-prod (eu-west-1)</code> | <code>archive/orders-archive (eu-central-1)</code> | none |
    ");
}

#[test]
fn the_first_plan_of_a_migration() {
    insta::assert_snapshot!(shown(&build::first()), @r#"
    <!-- s3ferry plan default -->
    ### s3ferry plan: 7 to add, 0 to change, 0 to destroy, 1 to prove

    Spec <code>default</code>, planned <code>2026-11-23T17:00:00Z</code> by s3ferry <code>0.1.0</code>.

    | Migration | Phase | From | To | Gates |
    |---|---|---|---|---|
    | <code>orders</code> | <code>replicate</code> | <code>prod/orders-prod (eu-west-1)</code> | <code>archive/orders-archive (eu-central-1)</code> | 1 pending, 1 met |

    #### Findings

    - **warning** <code>lifecycle-noncurrent</code> at <code>prod/bucket/orders-prod/lifecycle</code>: no lifecycle rule removes old versions, so the bucket only grows
      - help: add a rule with NoncurrentVersionExpiration

    #### Gates not passed yet

    - **pending** canary everything of <code>orders</code>: this plan writes a canary object and waits for its replica

    #### Look at these first

    <details open><summary><b>+ create</b> bucket policy statement <code>archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate</code></summary>

    Of migration <code>orders</code>, because the spec asks for it.

    ```diff
    + sid        s3ferryOrdersReplicate
    + effect     Allow
    + actions    s3:ReplicateDelete
    +            s3:ReplicateObject
    +            s3:ReplicateTags
    + resources  arn:aws:s3:::orders-archive/*
    + principal  AWS arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod
      access     newly granted
    ```

    </details>


    #### Changes

    <details><summary><b>+ create</b> bucket versioning <code>prod/bucket/orders-prod/versioning</code> · <b>medium risk</b> · <b>undone only in part</b></summary>

    Of migration <code>orders</code>, because the spec asks for it.

    - medium risk: deletes leave delete markers from now on, and old versions are billed until a lifecycle rule removes them
    - medium risk: the first rule must wait 15 minutes after versioning is enabled for the first time
    - can be undone only in part: versioning can be suspended and never be off again; versions written meanwhile stay

    ```diff
    + status:  "Enabled"
    ```

    </details>

    <details><summary><b>+ create</b> bucket <code>archive/bucket/orders-archive</code></summary>

    Of migration <code>orders</code>, because the spec asks for it.

    ```diff
    + name:    "orders-archive"
    + region:  "eu-central-1"
    ```

    </details>

    <details><summary><b>+ create</b> bucket versioning <code>archive/bucket/orders-archive/versioning</code></summary>

    Of migration <code>orders</code>, because the spec asks for it.

    ```diff
    + status:  "Enabled"
    ```

    </details>

    <details><summary><b>+ create</b> replication role <code>prod/role/s3ferry-orders-prod</code></summary>

    Of migration <code>orders</code>, because the spec asks for it.

    ```diff
    + name:                    "s3ferry-orders-prod"
    + path:                    "/s3ferry/"
    + tags.s3ferry:migration:  "orders"
    + tags.s3ferry:spec:       "default"
    + trust:
    +   Version:  "2012-10-17"
    +   statement
    +     effect     Allow
    +     actions    sts:AssumeRole
    +     principal  Service s3.amazonaws.com
    ```

    </details>

    <details><summary><b>+ create</b> role policy <code>prod/role/s3ferry-orders-prod/policy/s3ferry</code></summary>

    Of migration <code>orders</code>, because the spec asks for it.

    ```diff
    + document:
    +   Version:  "2012-10-17"
    +   statement
    +     sid        ReadSource
    +     effect     Allow
    +     actions    s3:GetReplicationConfiguration
    +                s3:ListBucket
    +     resources  arn:aws:s3:::orders-prod
    +   statement
    +     sid        WriteDestination
    +     effect     Allow
    +     actions    s3:ReplicateDelete
    +                s3:ReplicateObject
    +                s3:ReplicateTags
    +     resources  arn:aws:s3:::orders-archive/*
    ```

    </details>

    <details><summary><b>+ create</b> replication rule <code>prod/bucket/orders-prod/replication/rule/s3ferry/default/orders/everything</code></summary>

    Of migration <code>orders</code>, because the spec asks for it.

    ```diff
    + delete_markers:             "mirror"
    + destination.account:        "222222222222"
    + destination.bucket:         "arn:aws:s3:::orders-archive"
    + destination.metrics:        "Enabled"
    + destination.storage_class:  "STANDARD_IA"
    + filter.prefix:              ""
    + id:                         "s3ferry/default/orders/everything"
    + priority:                   1
    + status:                     "Enabled"
    ```

    </details>

    <details><summary><b>? prove</b> canary <code>orders/canary/everything</code></summary>

    Of migration <code>orders</code>, because no proof covers it as it will be.

    ```diff
    + object:  ".s3ferry-canary"
    + rule:    "everything"
    ```

    </details>


    #### Not carried by these rules

    - <code>orders</code>: Objects that are there already: phase backfill copies them.
    - <code>orders</code>: Deletes of object versions: S3 never replicates them.

    #### Background

    <details><summary>1 kept item</summary>

    - <code>prod/bucket/orders-prod/replication/rule/analytics</code> replication rule: not s3ferry's

    </details>

    <details><summary>1 wait</summary>

    - at most 15 min: versioning to reach every part of S3 (<code>prod/bucket/orders-prod/versioning</code>)

    </details>

    <details><summary>6 ordered steps</summary>

    - step 1: <code>archive/bucket/orders-archive</code>
    - step 1: <code>prod/bucket/orders-prod/versioning</code>
    - step 1: <code>prod/role/s3ferry-orders-prod</code>
    - step 2: <code>archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate</code> (a principal exists before a policy names it)
    - step 2: <code>archive/bucket/orders-archive/versioning</code> (a bucket exists before its settings)
    - step 3: <code>prod/bucket/orders-prod/replication/rule/s3ferry/default/orders/everything</code> (both buckets are versioned before a rule is written)

    </details>

    Apply: 7 documents to write, 61 API calls, at least 2 s at the service limits; this plan read 23 documents.

    Needs: 2 IAM actions in prod; the plan as JSON lists them.
    "#);
}

#[test]
fn a_statement_is_narrowed() {
    insta::assert_snapshot!(shown(&build::narrowing()), @"
    <!-- s3ferry plan default -->
    ### s3ferry plan: 0 to add, 1 to change, 0 to destroy

    Spec <code>default</code>, planned <code>2026-11-23T17:00:00Z</code> by s3ferry <code>0.1.0</code>.

    | Migration | Phase | From | To | Gates |
    |---|---|---|---|---|
    | <code>orders</code> | <code>replicate</code> | <code>prod/orders-prod (eu-west-1)</code> | <code>archive/orders-archive (eu-central-1)</code> | none |

    #### Changes

    <details><summary><b>~ change in place</b> bucket policy statement <code>archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate</code></summary>

    Of migration <code>orders</code>, because it differs from the spec.

    ```diff
      sid        s3ferryOrdersReplicate
      effect     Allow
    - actions    s3:*
    +            s3:ReplicateObject
    +            s3:ReplicateTags
      resources  arn:aws:s3:::orders-archive/*
      principal  AWS arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod
      access     narrower than before
    -            action s3:* but s3:ReplicateObject, s3:ReplicateTags
    ```

    </details>


    #### Background

    Apply: 0 documents to write, 0 API calls; this plan read 23 documents.
    ");
}

#[test]
fn an_orphan_is_deleted() {
    insta::assert_snapshot!(shown(&build::orphan()), @r#"
    <!-- s3ferry plan default -->
    ### s3ferry plan: 0 to add, 0 to change, 1 to destroy

    Spec <code>default</code>, planned <code>2026-11-23T17:00:00Z</code> by s3ferry <code>0.1.0</code>.

    | Migration | Phase | From | To | Gates |
    |---|---|---|---|---|
    | <code>orders</code> | <code>replicate</code> | <code>prod/orders-prod (eu-west-1)</code> | <code>archive/orders-archive (eu-central-1)</code> | none |

    #### Look at these first

    <details open><summary><b>- delete</b> replication rule <code>prod/bucket/orders-prod/replication/rule/s3ferry/default/invoices/all</code> · <b>HIGH RISK</b> · <b>cannot be undone</b></summary>

    Of migration <code>invoices</code>, because it is s3ferry's and left the spec.

    - HIGH RISK: new objects under invoices/ stop reaching the destination
    - cannot be undone: objects written while the rule is gone are not replicated later

    ```diff
    - filter.prefix:  "invoices/"
    - id:             "s3ferry/default/invoices/all"
    - priority:       2
    ```

    </details>


    #### Background

    Apply: 0 documents to write, 0 API calls; this plan read 23 documents.
    "#);
}

#[test]
fn a_conflict_blocks_and_names_two_ways_out() {
    insta::assert_snapshot!(shown(&build::conflict()), @"
    <!-- s3ferry plan default -->
    ### s3ferry plan: no changes

    > [!CAUTION]
    > **BLOCKED**: `apply` refuses this plan (exit 4): 1 finding and 1 gate in the way.

    Spec <code>default</code>, planned <code>2026-11-23T17:00:00Z</code> by s3ferry <code>0.1.0</code>.

    | Migration | Phase | From | To | Gates |
    |---|---|---|---|---|
    | <code>orders</code> | <code>replicate</code> | <code>prod/orders-prod (eu-west-1)</code> | <code>archive/orders-archive (eu-central-1)</code> | 1 BLOCKED, 1 waiting |

    #### Findings

    - **BLOCKED** <code>foreign-role</code> at <code>prod/bucket/orders-prod/replication</code>: rule <code>analytics</code> is not s3ferry's and the configuration names role arn:aws:iam::111111111111:role/service-role/analytics-replication; S3 allows one role for all rules
      - help: name that role in migrations.orders.roles.replication, with the permissions that <code>doctor</code> prints
      - or: list <code>analytics</code> in migrations.orders.guards.adopt, and s3ferry moves it under its own role
    - **note** <code>ledger-local</code> at <code>ledger</code>: the ledger is a folder of this machine

    #### Gates not passed yet

    - **BLOCKED** rules written of <code>orders</code>: the live configuration can't be merged with this rule
    - **waiting** backlog of <code>orders</code>: 1,204 objects are pending
    ");
}

#[test]
fn where_room_is_short_dangers_stay_and_the_rest_is_counted() {
    let mut plan = build::first();
    plan.changes.extend(build::orphan().changes);
    insta::assert_snapshot!(markdown(&plan, 2_400), @r#"
    <!-- s3ferry plan default -->
    ### s3ferry plan: 7 to add, 0 to change, 1 to destroy, 1 to prove

    Spec <code>default</code>, planned <code>2026-11-23T17:00:00Z</code> by s3ferry <code>0.1.0</code>.

    | Migration | Phase | From | To | Gates |
    |---|---|---|---|---|
    | <code>orders</code> | <code>replicate</code> | <code>prod/orders-prod (eu-west-1)</code> | <code>archive/orders-archive (eu-central-1)</code> | 1 pending, 1 met |

    #### Findings

    - **warning** <code>lifecycle-noncurrent</code> at <code>prod/bucket/orders-prod/lifecycle</code> (text left out for length)

    #### Gates not passed yet


    **Left out here for length: 1 pending.**

    #### Look at these first

    <details open><summary><b>- delete</b> replication rule <code>prod/bucket/orders-prod/replication/rule/s3ferry/default/invoices/all</code> · <b>HIGH RISK</b> · <b>cannot be undone</b></summary>

    Of migration <code>invoices</code>, because it is s3ferry's and left the spec.

    - HIGH RISK: new objects under invoices/ stop reaching the destination
    - cannot be undone: objects written while the rule is gone are not replicated later

    ```diff
    - filter.prefix:  "invoices/"
    - id:             "s3ferry/default/invoices/all"
    - priority:       2
    ```

    </details>

    <details open><summary><b>+ create</b> bucket policy statement <code>archive/bucket/orders-archive/policy/statement/s3ferryOrdersReplicate</code></summary>

    Of migration <code>orders</code>, because the spec asks for it.

    ```diff
    + sid        s3ferryOrdersReplicate
    + effect     Allow
    + actions    s3:ReplicateDelete
    +            s3:ReplicateObject
    +            s3:ReplicateTags
    + resources  arn:aws:s3:::orders-archive/*
    + principal  AWS arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod
      access     newly granted
    ```

    </details>


    #### Changes

    - <b>+ create</b> bucket versioning <code>prod/bucket/orders-prod/versioning</code> · <b>medium risk</b> · <b>undone only in part</b> (details left out for length)


    **Left out here for length: 5 to add, 1 to prove.**

    #### Not carried by these rules


    **Left out here for length: 2 sentences.**

    #### Background

    Needs: 2 IAM actions in prod; the plan as JSON lists them.


    **Left out here for length: 1 estimate, 1 kept item, 6 ordered steps, 1 wait.**
    "#);
}

#[test]
fn a_key_forges_nothing() {
    let mut plan = build::orphan();
    let forged =
        "```\n\n</details>\n\n### Approved by @admins <b>see</b> [this](https://evil.example) | #1";
    plan.changes[0].before = json!({forged: forged});
    plan.changes[0].risk.notes = vec![forged.into()];
    plan.changes[0].address = forged.into();
    plan.changes[0].kind = forged.into();
    plan.migrations[0].source = forged.into();
    plan.findings = vec![build::finding(
        FindingLevel::Warning,
        forged,
        forged,
        forged,
        forged,
    )];
    insta::assert_snapshot!(shown(&plan), @r#"
    <!-- s3ferry plan default -->
    ### s3ferry plan: 0 to add, 0 to change, 1 to destroy

    Spec <code>default</code>, planned <code>2026-11-23T17:00:00Z</code> by s3ferry <code>0.1.0</code>.

    | Migration | Phase | From | To | Gates |
    |---|---|---|---|---|
    | <code>orders</code> | <code>replicate</code> | <code>&#96;&#96;&#96;&#92;n&#92;n&#60;/details&#62;&#92;n&#92;n#&#8203;#&#8203;#&#8203; Approved by @&#8203;admins &#60;b&#62;see&#60;/b&#62; &#91;this&#93;(https:&#8203;//evil.example) &#124; #&#8203;1</code> | <code>archive/orders-archive (eu-central-1)</code> | none |

    #### Findings

    - **warning** <code>&#96;&#96;&#96;&#92;n&#92;n&#60;/details&#62;&#92;n&#92;n#&#8203;#&#8203;#&#8203; Approved by @&#8203;admins &#60;b&#62;see&#60;/b&#62; &#91;this&#93;(https:&#8203;//evil.example) &#124; #&#8203;1</code> at <code>&#96;&#96;&#96;&#92;n&#92;n&#60;/details&#62;&#92;n&#92;n#&#8203;#&#8203;#&#8203; Approved by @&#8203;admins &#60;b&#62;see&#60;/b&#62; &#91;this&#93;(https:&#8203;//evil.example) &#124; #&#8203;1</code>: &#96;&#96;&#96;&#92;n&#92;n&#60;/details&#62;&#92;n&#92;n#&#8203;#&#8203;#&#8203; Approved by @&#8203;admins &#60;b&#62;see&#60;/b&#62; &#91;this&#93;(https:&#8203;//evil.example) &#124; #&#8203;1
      - help: &#96;&#96;&#96;
      - or: &#60;/details&#62;
      - or: #&#8203;#&#8203;#&#8203; Approved by @&#8203;admins &#60;b&#62;see&#60;/b&#62; &#91;this&#93;(https:&#8203;//evil.example) &#124; #&#8203;1

    #### Look at these first

    <details open><summary><b>- delete</b> &#96;&#96;&#96;&#92;n&#92;n&#60;/details&#62;&#92;n&#92;n#&#8203;#&#8203;#&#8203; Approved by @&#8203;admins &#60;b&#62;see&#60;/b&#62; &#91;this&#93;(https:&#8203;//evil.example) &#124; #&#8203;1 <code>&#96;&#96;&#96;&#92;n&#92;n&#60;/details&#62;&#92;n&#92;n#&#8203;#&#8203;#&#8203; Approved by @&#8203;admins &#60;b&#62;see&#60;/b&#62; &#91;this&#93;(https:&#8203;//evil.example) &#124; #&#8203;1</code> · <b>HIGH RISK</b> · <b>cannot be undone</b></summary>

    Of migration <code>invoices</code>, because it is s3ferry's and left the spec.

    - HIGH RISK: &#96;&#96;&#96;&#92;n&#92;n&#60;/details&#62;&#92;n&#92;n#&#8203;#&#8203;#&#8203; Approved by @&#8203;admins &#60;b&#62;see&#60;/b&#62; &#91;this&#93;(https:&#8203;//evil.example) &#124; #&#8203;1
    - cannot be undone: objects written while the rule is gone are not replicated later

    ````diff
    - "```\n\n</details>\n\n### Approved by @admins <b>see</b> [this](https://evil.example) | #1":
    -   | ```
    -   |
    -   | </details>
    -   |
    -   | ### Approved by @admins <b>see</b> [this](https://evil.example) | #1
    ````

    </details>


    #### Background

    Apply: 0 documents to write, 0 API calls; this plan read 23 documents.
    "#);
}
