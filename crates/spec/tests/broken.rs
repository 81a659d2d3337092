//! A table of broken specs and what is said about each; the snapshots are read as a tired reviewer would.
//!
//! Most cases are one edit of a spec that is well, so that a diagnostic more than expected is a cascade.

use std::collections::BTreeSet;

use s3ferry_spec::{Diagnostic, SourceFile, read, reference};

/// A spec without a finding.
const WELL: &str = r#"version: 1
accounts:
  prod:
    id: "111111111111"
    region: eu-west-1
    profile: prod
  archive:
    id: "222222222222"
    region: eu-central-1
    profile: archive
migrations:
  orders:
    phase: replicate
    source:
      account: prod
      bucket: orders-prod
    destination:
      account: archive
      bucket: orders-archive
      create: true
    rules:
      - id: everything
        delete_markers: mirror
"#;

/// A second migration, to put after the first.
const SECOND: &str = r#"  invoices:
    phase: replicate
    source: { account: prod, bucket: invoices-prod }
    destination: { account: archive, bucket: invoices-archive, create: true }
    rules: [{ id: everything, delete_markers: keep }]
"#;

const KEY: &str = "arn:aws:kms:eu-central-1:222222222222:key/1234";
const SOURCE_KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/5678";

struct Case {
    name: &'static str,
    files: Vec<SourceFile>,
}

fn file(path: &str, bytes: impl Into<Vec<u8>>) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        bytes: bytes.into(),
    }
}

/// One file as it is.
fn text(name: &'static str, bytes: impl Into<Vec<u8>>) -> Case {
    Case {
        name,
        files: vec![file("spec.yaml", bytes)],
    }
}

/// One edit of the spec that is well.
fn edit(name: &'static str, from: &str, to: impl AsRef<str>) -> Case {
    edits(name, &[(from, to.as_ref())])
}

fn edits(name: &'static str, edits: &[(&str, &str)]) -> Case {
    text(name, edited(name, WELL, edits))
}

/// Edits of the spec with a second migration.
fn two(name: &'static str, edits: &[(&str, &str)]) -> Case {
    text(name, edited(name, &format!("{WELL}{SECOND}"), edits))
}

fn edited(name: &str, well: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(well.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{name}: nothing to edit at {from:?}");
        text.replacen(from, to, 1)
    })
}

/// A line or more under the rule.
fn rule(name: &'static str, lines: &str) -> Case {
    let lines = lines.replace('\n', "\n        ");
    edit(
        name,
        "        delete_markers: mirror\n",
        format!("        delete_markers: keep\n        {lines}\n"),
    )
}

/// A line or more under the migration.
fn migration(name: &'static str, lines: &str) -> Case {
    let lines = lines.replace('\n', "\n    ");
    edit(
        name,
        "    phase: replicate\n",
        format!("    phase: replicate\n    {lines}\n"),
    )
}

fn told(case: &Case) -> Vec<Diagnostic> {
    let reading = read(&case.files);
    let errors = reading
        .diagnostics
        .iter()
        .any(|found| found.severity == s3ferry_spec::Severity::Error);
    assert_eq!(
        reading.spec.is_none(),
        errors,
        "{}: a spec and an error, or neither",
        case.name
    );
    reading.diagnostics
}

fn tell(cases: &[Case]) -> String {
    let mut all = String::new();
    for case in cases {
        let found = told(case);
        assert!(!found.is_empty(), "{}: nothing was found", case.name);
        let found: Vec<String> = found.iter().map(Diagnostic::to_text).collect();
        all.push_str(&format!("## {}\n{}\n", case.name, found.join("\n")));
    }
    all
}

fn yaml() -> Vec<Case> {
    let deep = "[".repeat(40);
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let item = format!("*a{}, ", level - 1).repeat(10);
        laughs.push_str(&format!("a{level}: &a{level} [{item}]\n"));
    }
    let nul = WELL.replace("orders-prod", "orders\0prod");
    vec![
        Case {
            name: "no file",
            files: vec![],
        },
        text("empty file", ""),
        text("only a comment", "# later\n"),
        text("not UTF-8", b"version: 1\nname: caf\xe9\n".to_vec()),
        text("UTF-16", b"\xff\xfev\0e\0r\0".to_vec()),
        text("NUL", nul),
        text("a list at the top", "- version: 1\n"),
        text("a word at the top", "hello\n"),
        edit(
            "tab as indentation",
            "    source:\n      account",
            "    source:\n\taccount",
        ),
        edit(
            "tab in the middle of indentation",
            "      bucket: orders-prod",
            "    \tbucket: orders-prod",
        ),
        edit(
            "wrong indentation",
            "    destination:\n",
            "   destination:\n",
        ),
        edit(
            "field too far left",
            "      bucket: orders-prod",
            "     bucket: orders-prod",
        ),
        edit(
            "no space after the colon",
            "phase: replicate",
            "phase:replicate",
        ),
        edit(
            "colon in a value",
            "bucket: orders-prod",
            "bucket: orders: prod",
        ),
        edit(
            "quote not closed",
            "id: \"111111111111\"",
            "id: \"111111111111",
        ),
        edit(
            "bracket not closed",
            "      - id: everything",
            "      - { id: everything",
        ),
        edit(
            "a value that begins with an at sign",
            "bucket: orders-prod",
            "bucket: @orders",
        ),
        edit("a value that begins with a star", "id: everything", "id: *"),
        edit(
            "template braces",
            "bucket: orders-prod",
            "bucket: {{ bucket }}",
        ),
        edit(
            "key twice",
            "    region: eu-west-1\n",
            "    region: eu-west-1\n    region: eu-west-2\n",
        ),
        edit(
            "merge key",
            "    phase: replicate\n",
            "    <<: { phase: replicate }\n    phase: prepare\n",
        ),
        edit("tag", "id: \"111111111111\"", "id: !!str 111111111111"),
        edit("two documents", "migrations:", "---\nmigrations:"),
        edit("unknown alias", "phase: replicate", "phase: *phase"),
        text("an alias of itself", "version: 1\naccounts: &a [*a]\n"),
        text("a billion laughs", laughs),
        text("too deep", format!("version: 1\naccounts: {deep}\n")),
        edit("a key that is a number", "  prod:\n", "  2024:\n"),
        migration("a key that is a bool", "true: 1"),
        edit("carriage returns", "create: true\n", "create: maybe\r\n"),
    ]
}

fn fields() -> Vec<Case> {
    vec![
        edit("no version", "version: 1\n", ""),
        edit("a newer version", "version: 1", "version: 2"),
        edit("version as text", "version: 1", "version: \"1\""),
        edit("misspelt field", "delete_markers", "delete_marker"),
        edit(
            "field of another tool",
            "      - id: everything\n",
            "      - id: everything\n        filter: { prefix: logs/ }\n",
        ),
        edit(
            "field at the wrong level",
            "    phase: replicate\n",
            "    phase: replicate\n    delete_markers: mirror\n",
        ),
        edit("misspelt top field", "migrations:", "migration:"),
        edit("no value", "phase: replicate", "phase:"),
        edit("no phase", "    phase: replicate\n", ""),
        edit(
            "no source",
            "    source:\n      account: prod\n      bucket: orders-prod\n",
            "",
        ),
        edit("no bucket", "      bucket: orders-prod\n", ""),
        edit("no rule id", "id: everything\n        ", ""),
        edit("no delete markers", "        delete_markers: mirror\n", ""),
        edit(
            "no rules",
            "rules:\n      - id: everything\n        delete_markers: mirror",
            "rules: []",
        ),
        edit(
            "rules as a mapping",
            "- id: everything\n        delete_markers: mirror",
            "id: everything\n      delete_markers: mirror",
        ),
        edit(
            "mapping as text",
            "source:\n      account: prod\n      bucket: orders-prod",
            "source: orders-prod",
        ),
        edit("number as account ID", "\"111111111111\"", "111111111111"),
        edit("yes for true", "create: true", "create: yes"),
        edit("quoted bool", "create: true", "create: \"true\""),
        edit(
            "list for a value",
            "bucket: orders-prod",
            "bucket: [orders-prod]",
        ),
        edit("unknown phase", "phase: replicate", "phase: replicating"),
        edit("later phase", "phase: replicate", "phase: cutover"),
        edit("word in capitals", "phase: replicate", "phase: Replicate"),
        edit(
            "computed checksums without places for their reports",
            "phase: replicate",
            "phase: verify\n    verify: { depth: computed, reports: { source: { bucket: prod-reports } } }",
        ),
        edit(
            "backfill without a report",
            "phase: replicate",
            "phase: backfill",
        ),
        migration(
            "a report among what is copied",
            "backfill: { report: { bucket: orders-prod } }",
        ),
        migration(
            "a priority that no job has",
            "backfill: { priority: 2147483648 }",
        ),
        migration("one role for both", "roles: { batch: s3ferry-orders-prod }"),
        migration(
            "a topic of the other Region",
            "monitoring:\n  notify: { source: [\"arn:aws:sns:eu-central-1:111111111111:ops\"] }",
        ),
        migration(
            "a topic twice",
            "monitoring:\n  notify: { destination: [\"arn:aws:sns:eu-central-1:111111111111:ops\", \"arn:aws:sns:eu-central-1:111111111111:ops\"] }",
        ),
        migration(
            "more topics than an alarm tells",
            "monitoring:\n  notify:\n    source: [\"arn:aws:sns:eu-west-1:111111111111:a\", \"arn:aws:sns:eu-west-1:111111111111:b\", \"arn:aws:sns:eu-west-1:111111111111:c\", \"arn:aws:sns:eu-west-1:111111111111:d\", \"arn:aws:sns:eu-west-1:111111111111:e\", \"arn:aws:sns:eu-west-1:111111111111:f\"]",
        ),
        migration(
            "a threshold that no alarm holds",
            "monitoring: { pending_bytes: 9000TiB }",
        ),
        migration(
            "alarms in an account that there is not",
            "monitoring: { account: prodd }",
        ),
        migration(
            "missing data that never is",
            "monitoring: { missing_data: never }",
        ),
        migration(
            "alarms and none",
            "monitoring: { none: \"nobody\", latency: 15m }",
        ),
        migration(
            "events of the other Region",
            "monitoring: { events: \"arn:aws:sns:eu-central-1:111111111111:ops\" }",
        ),
        migration(
            "events that a bucket shall hear",
            "monitoring: { events: \"arn:aws:s3:::orders-archive\" }",
        ),
        migration(
            "events in order",
            "monitoring: { events: \"arn:aws:sqs:eu-west-1:111111111111:ops.fifo\" }",
        ),
        migration(
            "events and nobody watches",
            "monitoring: { none: \"nobody\", events: \"arn:aws:sns:eu-west-1:111111111111:ops\" }",
        ),
        migration(
            "alarms that would be proven by more objects than are put",
            "monitoring: { prove: true, failed_operations: { above: 20 } }",
        ),
        migration(
            "a proof of alarms that there are not",
            "monitoring: { none: \"nobody\", prove: true }",
        ),
        migration("a typo in monitoring", "monitoring: { latencies: 15m }"),
        migration(
            "a wrong duration in monitoring",
            "monitoring: { latency: fast }",
        ),
        migration(
            "content, cutover and retire",
            "verify: { depth: content, sample_content: 101% }\ncutover: { freeze: true }\nretire: { source: keep }",
        ),
        migration(
            "a database that would end a statement",
            "verify: { athena: { database: \"a`; DROP\", output: { bucket: results } } }",
        ),
        migration(
            "a workgroup in a workgroup",
            "verify: { athena: { workgroup: a/b, output: { bucket: results } } }",
        ),
        migration(
            "an account that asks and is none",
            "verify: { athena: { account: nobody, output: { bucket: results } } }",
        ),
        migration(
            "results among what is moved",
            "verify: { athena: { output: { bucket: orders-archive } } }",
        ),
        migration(
            "queries without a place for results",
            "verify: { athena: { account: prod } }",
        ),
        migration(
            "destination role",
            "roles: { destination: { name: S3ReplicationDestinationRole } }",
        ),
        migration("owner nobody", "owner: nobody"),
        migration("negative deletes", "guards: { max_deletes: -1 }"),
        migration("adopted twice", "guards: { adopt: [a.b, a.b] }"),
        migration(
            "canary with a name and a skip",
            "canary: { name: c, skip: \"why not\" }",
        ),
        migration("canary without a reason", "canary: { skip: \" \" }"),
        migration("canary with a slash", "canary: { name: /canary }"),
        edit(
            "ledger in a bucket",
            "migrations:",
            "ledger: { account: prod, bucket: ops-ledger }\nmigrations:",
        ),
        edit(
            "ledger as a URL",
            "migrations:",
            "ledger: s3://ops-ledger/s3ferry\nmigrations:",
        ),
        edit(
            "a mistake in defaults",
            "migrations:",
            "defaults: { owner: me }\nmigrations:",
        ),
        edit("spec name", "migrations:", "name: Move 42\nmigrations:"),
        edit("migration name", "  orders:", "  Orders_2024:"),
    ]
}

fn accounts() -> Vec<Case> {
    let assume = |arn: &str| format!("assume_role: {{ arn: \"{arn}\" }}");
    vec![
        edit("unknown account", "account: prod", "account: prdo"),
        edit(
            "account by its ID",
            "account: prod",
            "account: \"111111111111\"",
        ),
        edit(
            "account ID too short",
            "\"111111111111\"",
            "\"11111111111\"",
        ),
        edit("no region", "    region: eu-west-1\n", ""),
        edit("malformed region", "region: eu-west-1", "region: Ireland"),
        edit("unknown region", "region: eu-west-1", "region: eu-wset-1"),
        edit(
            "region of another cloud",
            "region: eu-west-1",
            "region: us-iso-east-1",
        ),
        edit(
            "profile and role",
            "profile: prod",
            assume("arn:aws:iam::111111111111:role/s3ferry") + "\n    profile: prod",
        ),
        edit(
            "role of another account",
            "profile: prod",
            assume("arn:aws:iam::333333333333:role/s3ferry"),
        ),
        edit(
            "role that is a user",
            "profile: prod",
            assume("arn:aws:iam::111111111111:user/me"),
        ),
        edit(
            "role of another partition",
            "profile: prod",
            assume("arn:aws-cn:iam::111111111111:role/s3ferry"),
        ),
        edit(
            "external ID of one letter",
            "profile: prod",
            "assume_role: { arn: \"arn:aws:iam::111111111111:role/s3ferry\", external_id: x }",
        ),
        edit(
            "one profile for two accounts",
            "profile: archive",
            "profile: prod",
        ),
        edits(
            "the default chain for two accounts",
            &[("    profile: prod\n", ""), ("    profile: archive\n", "")],
        ),
        edit(
            "one account with two ways in",
            "\"222222222222\"",
            "\"111111111111\"",
        ),
        edit("two partitions", "eu-central-1", "cn-north-1"),
        edits(
            "owner in one account",
            &[
                ("\"222222222222\"", "\"111111111111\""),
                ("profile: archive", "profile: prod"),
            ],
        ),
    ]
}

fn buckets() -> Vec<Case> {
    let bucket =
        |name, text: &str| edit(name, "bucket: orders-prod", format!("bucket: \"{text}\""));
    vec![
        bucket("bucket in capitals", "Orders-Prod"),
        bucket("bucket with an underscore", "orders_prod"),
        bucket("bucket as an ARN", "arn:aws:s3:::orders-prod"),
        bucket("bucket as a URL", "s3://orders-prod/2024/"),
        bucket(
            "access point ARN",
            "arn:aws:s3:eu-west-1:111111111111:accesspoint/orders",
        ),
        bucket("access point alias", "orders-abcdefgh-s3alias"),
        bucket(
            "Multi-Region Access Point",
            "arn:aws:s3::111111111111:accesspoint/abc.mrap",
        ),
        bucket(
            "bucket on Outposts",
            "arn:aws:s3-outposts:eu-west-1:111111111111:outpost/op-1/bucket/orders",
        ),
        bucket("directory bucket", "orders--euw1-az1--x-s3"),
        bucket(
            "directory bucket ARN",
            "arn:aws:s3express:eu-west-1:111111111111:bucket/orders--euw1-az1--x-s3",
        ),
        bucket("bucket formatted as an address", "192.168.0.1"),
        bucket(
            "name of another account's namespace",
            "orders-222222222222-eu-west-1-an",
        ),
        edit(
            "destination is source",
            "bucket: orders-archive",
            "bucket: orders-prod",
        ),
        edit(
            "encryption of an existing bucket",
            "create: true",
            "encryption: sse-s3",
        ),
        edit(
            "unknown encryption",
            "create: true",
            "create: true\n      encryption: aws:kms",
        ),
    ]
}

fn rules() -> Vec<Case> {
    let tags: String = (0..11).map(|tag| format!("t{tag}: x, ")).collect();
    let long = "x".repeat(1025);
    let nearly = "x".repeat(1020);
    vec![
        edit(
            "delete markers with tags",
            "delete_markers: mirror",
            "delete_markers: mirror\n        tags: { class: hot }",
        ),
        edit(
            "the id of a rule that proves alarms",
            "id: everything",
            "id: s3ferry-prove-1",
        ),
        rule("number as a tag value", "tags: { year: 2024 }"),
        rule("reserved tag", "tags: { \"aws:createdBy\": me }"),
        rule("tag twice", "tags: { class: hot, class: cold }"),
        rule(
            "long tag value",
            &format!("tags: {{ class: {} }}", "x".repeat(257)),
        ),
        rule(
            "long tag key",
            &format!("tags: {{ {}: hot }}", "x".repeat(129)),
        ),
        rule("letter that tags do not take", "tags: { class: \"hot!\" }"),
        rule("eleven tags", &format!("tags: {{ {tags} }}")),
        rule("long prefix", &format!("prefix: {long}")),
        rule("prefix as a URL", "prefix: s3://orders-prod/2024/"),
        rule("prefix as a pattern", "prefix: logs/*"),
        rule("prefix with a slash", "prefix: /logs/"),
        rule("no room for the canary", &format!("prefix: {nearly}")),
        rule("control character in a prefix", "prefix: \"a\\u0007b\""),
        rule(
            "storage class in small letters",
            "storage_class: standard_ia",
        ),
        rule(
            "storage class that is not for replicas",
            "storage_class: OUTPOSTS",
        ),
        edit(
            "two rules with one id",
            "        delete_markers: mirror\n",
            "        delete_markers: mirror\n      - id: everything\n        prefix: a/\n        delete_markers: keep\n",
        ),
        edit(
            "two rules with one filter",
            "        delete_markers: mirror\n",
            "        delete_markers: mirror\n      - id: all\n        delete_markers: keep\n",
        ),
        edit(
            "a rule that never acts",
            "        delete_markers: mirror\n",
            "        delete_markers: mirror\n      - id: logs\n        prefix: logs/\n        delete_markers: keep\n",
        ),
        rule("on for true", "enabled: on"),
        edit("a rule id with a space", "id: everything", "id: all of it"),
    ]
}

fn keys() -> Vec<Case> {
    let destination = |name, key: &str| {
        edit(
            name,
            "create: true",
            format!("create: true\n      encryption: {{ kms_key: \"{key}\" }}"),
        )
    };
    let source = |name, key: &str| {
        rule(
            name,
            &format!("source_kms: {{ keys: [\"{key}\"], replica_key: \"{KEY}\" }}"),
        )
    };
    vec![
        destination("key alias", "alias/archive"),
        destination(
            "key alias ARN",
            "arn:aws:kms:eu-central-1:222222222222:alias/archive",
        ),
        destination("key that AWS manages", "alias/aws/s3"),
        destination("key ID", "1234abcd-12ab-34cd-56ef-1234567890ab"),
        destination(
            "key of another Region",
            "arn:aws:kms:eu-west-1:222222222222:key/1234",
        ),
        destination(
            "key of the source account",
            "arn:aws:kms:eu-central-1:111111111111:key/1234",
        ),
        destination(
            "key of another partition",
            "arn:aws-cn:kms:eu-central-1:222222222222:key/1234",
        ),
        rule("source_kms without keys", "source_kms: true"),
        rule(
            "source_kms with an empty list",
            &format!("source_kms: {{ keys: [], replica_key: \"{KEY}\" }}"),
        ),
        rule(
            "no replica key",
            &format!("source_kms: {{ keys: [\"{SOURCE_KEY}\"] }}"),
        ),
        source(
            "source key of the destination Region",
            "arn:aws:kms:eu-central-1:111111111111:key/5678",
        ),
        source(
            "source key of another account",
            "arn:aws:kms:eu-west-1:333333333333:key/5678",
        ),
        rule(
            "source key twice",
            &format!(
                "source_kms:\n  keys:\n    - \"{SOURCE_KEY}\"\n    - \"{SOURCE_KEY}\"\n  replica_key: \"{KEY}\""
            ),
        ),
        rule(
            "replica key of another Region",
            &format!("source_kms: {{ keys: [\"{SOURCE_KEY}\"], replica_key: \"{SOURCE_KEY}\" }}"),
        ),
    ]
}

fn roles() -> Vec<Case> {
    let role = |name, text: &str| migration(name, &format!("roles: {{ replication: {text} }}"));
    vec![
        role(
            "role of the destination account",
            "{ name: \"arn:aws:iam::222222222222:role/S3ReplicationDestinationRole\" }",
        ),
        role(
            "role of the destination account, by itself",
            "\"arn:aws:iam::222222222222:role/service-role/replicate\"",
        ),
        role(
            "role of a third account",
            "{ name: \"arn:aws:iam::333333333333:role/replicate\" }",
        ),
        role(
            "role under another path",
            "{ name: \"arn:aws:iam::111111111111:role/service-role/replicate\" }",
        ),
        role("role name with a path", "{ name: service-role/replicate }"),
        role("role name by itself", "replicate"),
        role(
            "role name that is too long",
            &format!("{{ name: {} }}", "x".repeat(65)),
        ),
        role("no role name", "{}"),
    ]
}

fn between() -> Vec<Case> {
    let more: String = (0..1001)
        .map(|rule| format!("      - {{ id: r{rule}, prefix: p{rule}/, delete_markers: keep }}\n"))
        .collect();
    vec![
        two(
            "one source bucket in two accounts",
            &[
                (
                    "{ account: prod, bucket: invoices-prod }",
                    "{ account: archive, bucket: orders-prod }",
                ),
                (
                    "{ account: archive, bucket: invoices-archive",
                    "{ account: prod, bucket: invoices-archive",
                ),
            ],
        ),
        two(
            "one source bucket with two roles",
            &[(
                "bucket: invoices-prod }",
                "bucket: orders-prod }\n    roles: { replication: { name: other } }",
            )],
        ),
        two(
            "one destination bucket made in two ways",
            &[(
                "bucket: invoices-archive, create: true",
                "bucket: orders-archive, create: false",
            )],
        ),
        two(
            "one destination bucket with two owners",
            &[(
                "bucket: invoices-archive, create: true }",
                "bucket: orders-archive, create: true }\n    owner: source",
            )],
        ),
        two(
            "one filter in two migrations",
            &[
                ("bucket: invoices-prod", "bucket: orders-prod"),
                ("bucket: invoices-archive", "bucket: orders-archive"),
            ],
        ),
        two(
            "a circle of two",
            &[
                (
                    "{ account: prod, bucket: invoices-prod }",
                    "{ account: archive, bucket: orders-archive }",
                ),
                (
                    "{ account: archive, bucket: invoices-archive, create: true }",
                    "{ account: prod, bucket: orders-prod }",
                ),
            ],
        ),
        two(
            "rules of two migrations that overlap",
            &[
                (
                    "delete_markers: mirror",
                    "prefix: logs/\n        delete_markers: mirror",
                ),
                ("bucket: invoices-prod", "bucket: orders-prod"),
                ("bucket: invoices-archive", "bucket: orders-archive"),
            ],
        ),
        two(
            "two sources that write the same keys",
            &[("bucket: invoices-archive", "bucket: orders-archive")],
        ),
        two(
            "one bucket that tells failures to two",
            &[
                (
                    "        delete_markers: mirror\n",
                    "        delete_markers: mirror\n    monitoring: { events: \"arn:aws:sns:eu-west-1:111111111111:ops\" }\n",
                ),
                (
                    "delete_markers: keep }]",
                    "delete_markers: keep }]\n    monitoring: { events: \"arn:aws:sqs:eu-west-1:111111111111:ops\" }",
                ),
                ("bucket: invoices-prod", "bucket: orders-prod"),
            ],
        ),
        text("a circle of three", circle(3)),
        two(
            "replicas that stay",
            &[
                (
                    "{ account: prod, bucket: invoices-prod }",
                    "{ account: archive, bucket: orders-archive }",
                ),
                (
                    "{ account: archive, bucket: invoices-archive",
                    "{ account: prod, bucket: invoices-archive",
                ),
            ],
        ),
        edit(
            "too many rules",
            "      - id: everything\n        delete_markers: mirror\n",
            more,
        ),
    ]
}

fn logging() -> Vec<Case> {
    let access =
        |name, lines: &str| migration(name, &format!("logging: {{ access: {{ {lines} }} }}"));
    let lists =
        |name, lines: &str| migration(name, &format!("logging: {{ inventory: {{ {lines} }} }}"));
    let trails =
        |name, lines: &str| migration(name, &format!("logging: {{ cloudtrail: {{ {lines} }} }}"));
    let both = |name, first: &str, second: &str| {
        let first = format!(
            "    rules:\n      - id: everything\n        delete_markers: mirror\n    logging: {{ {first} }}\n"
        );
        let second = format!("delete_markers: keep }}]\n    logging: {{ {second} }}");
        two(
            name,
            &[
                (
                    "    rules:\n      - id: everything\n        delete_markers: mirror\n",
                    &first,
                ),
                ("delete_markers: keep }]", &second),
                ("bucket: invoices-prod", "bucket: orders-prod"),
            ],
        )
    };
    vec![
        access("a place without a bucket", "source: { prefix: logs/ }"),
        access(
            "a log bucket by its ARN",
            "source: { bucket: \"arn:aws:s3:::logs\" }",
        ),
        access(
            "a key format that is none",
            "source: { bucket: logs }, key_format: hourly",
        ),
        access(
            "logs of a bucket in itself",
            "source: { bucket: orders-prod }",
        ),
        access(
            "logs in the other bucket of the move",
            "source: { bucket: orders-archive }",
        ),
        access(
            "a log bucket of another account's own namespace",
            "source: { bucket: logs-222222222222-eu-central-1-an }",
        ),
        access(
            "one log bucket for both accounts",
            "source: { bucket: logs }, destination: { bucket: logs }",
        ),
        access(
            "a log prefix that is a URL",
            "source: { bucket: logs, prefix: \"s3://logs\" }",
        ),
        lists(
            "a format of lists that is none",
            "source: { bucket: lists }, format: json",
        ),
        lists(
            "lists in a bucket of the move",
            "destination: { bucket: orders-archive }",
        ),
        lists(
            "lists under a key of another Region",
            &format!("source: {{ bucket: lists, encryption: {{ kms_key: \"{KEY}\" }} }}"),
        ),
        lists(
            "lists under an alias",
            "source: { bucket: lists, encryption: { kms_key: alias/lists } }",
        ),
        both(
            "two places for the logs of one bucket",
            "access: { source: { bucket: logs, prefix: a/ } }",
            "access: { source: { bucket: logs, prefix: b/ } }",
        ),
        both(
            "two schedules for the inventory of one bucket",
            "inventory: { source: { bucket: lists } }",
            "inventory: { source: { bucket: lists }, schedule: weekly }",
        ),
        trails("a trail without a name", "source: { bucket: prod-trail }"),
        trails(
            "a name that no trail has",
            "source: { trail: my--trail, bucket: prod-trail }",
        ),
        trails(
            "a trail that writes to a bucket of the move",
            "source: { trail: s3-data, bucket: orders-prod }",
        ),
        trails(
            "a trail of ours with a home of its own",
            "source: { trail: s3-data, bucket: prod-trail, region: us-east-1 }",
        ),
        trails(
            "a prefix of a trail that is somebody else's",
            "source: { trail: audit, prefix: ct }",
        ),
        trails(
            "a prefix that CloudTrail does not take",
            &format!(
                "source: {{ trail: s3-data, bucket: prod-trail, prefix: {} }}",
                "x".repeat(201)
            ),
        ),
        both(
            "two buckets for one trail",
            "cloudtrail: { source: { trail: s3-data, bucket: one-trail } }",
            "cloudtrail: { source: { trail: s3-data, bucket: two-trail } }",
        ),
        both(
            "all events of a bucket, and those that write",
            "cloudtrail: { source: { trail: audit } }",
            "cloudtrail: { source: { trail: audit }, write_only: true }",
        ),
    ]
}

fn files() -> Vec<Case> {
    let head = "version: 1\nname: a\nledger: ./a\ndefaults: { owner: destination }\n";
    let other = |text: &str| vec![file("b.yaml", WELL), file("a.yaml", text)];
    vec![
        Case {
            name: "a migration in two files",
            files: other(&format!(
                "version: 1\nmigrations:\n{}",
                SECOND.replace("invoices", "orders")
            )),
        },
        Case {
            name: "an account in two files",
            files: other(
                "version: 1\naccounts: { prod: { id: \"111111111111\", region: eu-west-1 } }\n",
            ),
        },
        Case {
            name: "what is given once, twice",
            files: vec![
                file("a.yaml", head),
                file(
                    "b.yaml",
                    format!("{head}{}", WELL.replace("version: 1\n", "")),
                ),
            ],
        },
        Case {
            name: "one file that cannot be read hides what hangs on it",
            files: vec![
                file("accounts.yaml", "version: 1\naccounts: [\n"),
                file(
                    "orders.yaml",
                    WELL[..WELL.len()]
                        .split_once("migrations:")
                        .map(|(_, rest)| format!("version: 1\nmigrations:{rest}"))
                        .unwrap_or_default(),
                ),
            ],
        },
        Case {
            name: "only accounts",
            files: vec![file(
                "accounts.yaml",
                WELL.split_once("migrations:")
                    .map(|(head, _)| head.to_owned())
                    .unwrap_or_default(),
            )],
        },
        text(
            "text that would take over a terminal",
            WELL.replace("phase: replicate", "phase: \"\u{202e}etacilper\""),
        ),
        text(
            "escapes that would take over a terminal",
            WELL.replace("phase: replicate", "phase: \"\\e[2J\\e]0;x\\a\""),
        ),
        edits(
            "every part is told at once",
            &[
                ("account: archive", "account: archives"),
                (
                    "delete_markers: mirror",
                    "delete_markers: mirror\n        tags: { class: hot }",
                ),
                (
                    "    phase: replicate\n",
                    "    phase: replicate\n    guards: { adopt: [a, a] }\n    canary: { name: a, skip: b }\n",
                ),
            ],
        ),
        edits(
            "several mistakes at once",
            &[
                ("phase: replicate", "phase: replicat"),
                ("bucket: orders-prod", "bucket: Orders"),
                ("delete_markers: mirror", "delete_markers: maybe"),
                ("region: eu-central-1", "region: 7"),
            ],
        ),
    ]
}

/// As many buckets as given, each replicating to the next and the last one to the first.
fn circle(buckets: usize) -> String {
    let mut text = WELL
        .split_once("migrations:")
        .map_or_else(String::new, |(head, _)| format!("{head}migrations:\n"));
    for bucket in 0..buckets {
        let next = (bucket + 1) % buckets;
        text.push_str(&format!(
            "  m{bucket}: {{ phase: prepare, owner: source, source: {{ account: prod, bucket: bucket-{bucket} }}, \
             destination: {{ account: prod, bucket: bucket-{next} }}, rules: [{{ id: a, delete_markers: keep }}] }}\n"
        ));
    }
    text
}

fn groups() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("yaml", yaml()),
        ("fields", fields()),
        ("accounts", accounts()),
        ("buckets", buckets()),
        ("rules", rules()),
        ("keys", keys()),
        ("roles", roles()),
        ("between", between()),
        ("logging", logging()),
        ("files", files()),
    ]
}

#[test]
fn every_broken_spec_is_told_as_in_its_snapshot() {
    let mut count = 0;
    for (group, cases) in groups() {
        count += cases.len();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(group, tell(&cases));
        });
    }
    assert!(count >= 60, "{count} cases");
}

#[test]
fn the_specs_that_are_edited_are_well() {
    for well in [WELL.to_owned(), format!("{WELL}{SECOND}")] {
        assert_eq!(told(&text("well", well)), []);
    }
}

#[test]
fn one_mistake_is_one_diagnostic() {
    const SEVERAL: [&str; 4] = [
        "every part is told at once",
        "content, cutover and retire",
        "what is given once, twice",
        "several mistakes at once",
    ];
    for (_, cases) in groups() {
        for case in cases.iter().filter(|case| !SEVERAL.contains(&case.name)) {
            let found = told(case);
            let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
            assert_eq!(codes.len(), 1, "{}: {codes:?}", case.name);
        }
    }
}

#[test]
fn every_code_is_on_the_reference_page_and_has_a_case() {
    let page = reference();
    let given: BTreeSet<&str> = groups()
        .iter()
        .flat_map(|(_, cases)| cases.iter().flat_map(told))
        .map(|found| found.code)
        .collect();
    for code in &given {
        assert!(
            page.contains(&format!("| `{code}` |")),
            "{code} is not on the page"
        );
    }
    let diagnostics = page.split("## Diagnostics").nth(1).unwrap_or_default();
    let listed: Vec<&str> = diagnostics
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert!(listed.len() > 50);
    for code in listed {
        // These two need big files, and have tests of their own.
        assert!(
            given.contains(code) || ["too-big", "too-many"].contains(&code),
            "no broken spec gives {code}"
        );
    }
}

#[test]
fn what_is_missing_is_missing_at_the_end_of_the_text() {
    let found = told(&text("cut", "      - { id: everything"));
    let places: Vec<_> = found
        .iter()
        .map(|found| (found.place.line, found.place.column, &*found.source_line))
        .collect();
    assert_eq!(places, [(1, 25, "      - { id: everything")]);
}

#[test]
fn a_byte_order_mark_is_no_column() {
    let found = told(&text("bad byte", b"\xef\xbb\xbfid: \xff"));
    let places: Vec<_> = found
        .iter()
        .map(|found| (found.place.line, found.place.column, &*found.source_line))
        .collect();
    assert_eq!(places, [(1, 5, "id: ")]);
}

#[test]
fn a_file_of_any_size_is_answered() {
    let big = vec![b'#'; 16 * 1024 * 1024 + 1];
    let codes: Vec<&str> = told(&text("too big", big))
        .iter()
        .map(|found| found.code)
        .collect();
    assert_eq!(codes, ["too-big"]);
}

#[test]
fn complaints_are_bounded_and_those_not_told_are_counted() {
    let fields: String = (0..5000).map(|field| format!("xyz{field}: 1, ")).collect();
    let found = told(&text(
        "one long line",
        format!("{{ version: 1, {fields} }}"),
    ));
    assert_eq!(found.len(), 2001);
    assert_eq!(
        found.last().map(|last| last.message.as_str()),
        Some("3000 more problems are not told")
    );
    assert!(found.iter().all(|found| found.source_line.len() <= 4096));
    assert!(found.iter().all(|found| found.to_text().len() < 1000));
}
