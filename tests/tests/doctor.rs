//! `s3ferry doctor`: every grant and setting that the sandbox needs is broken in turn, one and two at a time; the doctor names what was
//! broken and nothing else, and what it says to add mends it.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use s3ferry_tests::repository;
use s3ferry_tests::signed::{Client, Request};
use s3ferry_tests::world::{DESTINATION, Ran, SOURCE, World};
use serde_json::{Value, json};

const FROM: &str = "orders-prod";
const TO: &str = "orders-archive";
const ROLE: &str = "s3ferry-orders-prod";
const ROLE_ARN: &str = "arn:aws:iam::111111111111:role/s3ferry/s3ferry-orders-prod";
const SOURCE_KEY: &str =
    "arn:aws:kms:eu-west-1:111111111111:key/aaaaaaaa-1111-2222-3333-444444444444";
const REPLICA_KEY: &str =
    "arn:aws:kms:eu-central-1:222222222222:key/bbbbbbbb-1111-2222-3333-444444444444";
const FENCE: &str = "arn:aws:iam::111111111111:policy/fence";

const RULES: &str = "    rules:
      - id: all
        prefix: in/
        delete_markers: mirror
        source_kms: { keys: [\"SOURCE_KEY\"], replica_key: \"REPLICA_KEY\" }
";

fn spec(rules: &str, destination: &str) -> String {
    let rules = rules
        .replace("SOURCE_KEY", SOURCE_KEY)
        .replace("REPLICA_KEY", REPLICA_KEY);
    format!(
        "  orders:
    phase: replicate
    source: {{ account: prod, bucket: {FROM} }}
    destination: {{ account: archive, bucket: {TO}{destination} }}
    monitoring: {{ none: a test }}
    canary: {{ skip: a test }}
{rules}"
    )
}

/// A destination with ACLs, so that replicas change their owner, and a key on each side.
fn world() -> World {
    let key = |arn: &str| {
        let account = arn.split(':').nth(4).expect("an ARN");
        json!({ "arn": arn, "policy": { "Version": "2012-10-17", "Statement": [{ "Sid": "Admin",
            "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "AWS": format!("arn:aws:iam::{account}:role/sandbox") } }] } })
    };
    let world = World::new(&spec(RULES, ", kms: { write_policy: true }")).with(&json!({
        "keys": [key(SOURCE_KEY), key(REPLICA_KEY)],
        "buckets": [bucket(FROM, SOURCE), bucket(TO, DESTINATION)],
    }));
    world.converge();
    // The source key's policy leaves it to the account's IAM, as most do: then the role's own policies count, too.
    let policy = Doc::SourceKey.read(&world);
    let delegated = policy.replace(ROLE_ARN, "arn:aws:iam::111111111111:root");
    Doc::SourceKey.write(&world, &delegated);
    let fence = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "kms:*"], "Resource": "*" }] });
    let fence = fence.to_string();
    iam(
        &world,
        &[
            ("Action", "CreatePolicy"),
            ("PolicyName", "fence"),
            ("PolicyDocument", &fence),
        ],
    );
    world
}

fn bucket(name: &str, (account, region): (&str, &str)) -> Value {
    json!({ "name": name, "account": account, "region": region, "versioning": "Enabled", "ownership": "ObjectWriter" })
}

fn iam(world: &World, parameters: &[(&str, &str)]) -> String {
    world.source().iam(parameters).expect_ok().body
}

/// What is put, and what of it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    Plain,
    Tagged,
    Kms,
    Marker,
}

/// What became of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Became {
    status: Option<String>,
    failure: Option<String>,
}

impl Probe {
    fn put(self, world: &World, key: &str) -> Became {
        self.send(world, key);
        became(world, key)
    }

    fn send(self, world: &World, key: &str) {
        let source = world.source();
        let headers: &[(&str, &str)] = match self {
            Self::Plain | Self::Marker => &[],
            Self::Tagged => &[("x-amz-tagging", "a=b")],
            Self::Kms => &[
                ("x-amz-server-side-encryption", "aws:kms"),
                ("x-amz-server-side-encryption-aws-kms-key-id", SOURCE_KEY),
                ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
            ],
        };
        if self == Self::Marker {
            source.delete_object(FROM, key);
        } else {
            source.put_object(FROM, key, headers);
        }
    }
}

fn became(world: &World, key: &str) -> Became {
    world.settle();
    let key = key.replace('/', "~1");
    let state = world.buckets(&format!("/{FROM}/objects/{key}"));
    let versions = state.as_array().cloned().unwrap_or_default();
    // The newest stands first.
    let last = versions.first().cloned().unwrap_or_default();
    let text = |name: &str| last[name].as_str().map(str::to_owned);
    Became {
        status: text("replication_status"),
        failure: text("failure_reason"),
    }
}

/// A document of the world, as the people of its account read and write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doc {
    RolePolicy,
    Trust,
    Boundary,
    SourcePolicy,
    DestinationPolicy,
    SourceKey,
    ReplicaKey,
    Rules,
    Versioning,
    Payment,
    PublicBlock,
    SourceKeyState,
    ReplicaKeyState,
}

impl Doc {
    fn read(self, world: &World) -> String {
        let policy = |client: Client, key: &str| {
            let input = json!({ "KeyId": key, "PolicyName": "default" });
            let reply = client.kms("GetKeyPolicy", &input.to_string()).expect_ok();
            let reply: Value = serde_json::from_str(&reply.body).expect("JSON");
            reply["Policy"].as_str().expect("a policy").to_owned()
        };
        let optional = |client: Client, bucket: &str, part: &str| {
            let reply = client.get(bucket, part);
            if reply.status == 404 {
                String::new()
            } else {
                reply.expect_ok().body
            }
        };
        match self {
            Self::RolePolicy => {
                let of = [
                    ("Action", "GetRolePolicy"),
                    ("RoleName", ROLE),
                    ("PolicyName", "s3ferry"),
                ];
                unescaped(
                    &world
                        .source()
                        .iam(&of)
                        .expect_ok()
                        .element("PolicyDocument"),
                )
            }
            Self::Trust => {
                let of = [("Action", "GetRole"), ("RoleName", ROLE)];
                unescaped(
                    &world
                        .source()
                        .iam(&of)
                        .expect_ok()
                        .element("AssumeRolePolicyDocument"),
                )
            }
            Self::SourcePolicy => optional(world.source(), FROM, "policy"),
            Self::DestinationPolicy => optional(world.destination(), TO, "policy"),
            Self::SourceKey => policy(world.source(), SOURCE_KEY),
            Self::ReplicaKey => policy(world.destination(), REPLICA_KEY),
            Self::Rules => optional(world.source(), FROM, "replication"),
            Self::Versioning => "Enabled".to_owned(),
            Self::Payment => "BucketOwner".to_owned(),
            Self::PublicBlock | Self::Boundary => String::new(),
            Self::SourceKeyState | Self::ReplicaKeyState => "Enabled".to_owned(),
        }
    }

    fn write(self, world: &World, text: &str) {
        let policy = |client: Client, key: &str| {
            let input = json!({ "KeyId": key, "PolicyName": "default", "Policy": text });
            client.kms("PutKeyPolicy", &input.to_string()).expect_ok();
        };
        let part = |client: &Client, bucket: &str, part: &str| {
            if text.is_empty() {
                let path = format!("/{bucket}");
                let query = format!("{part}=");
                let request = Request {
                    method: "DELETE",
                    path: &path,
                    query: &query,
                    ..Request::default()
                };
                client.s3(request).expect_ok();
            } else {
                client.put(bucket, part, text);
            }
        };
        match self {
            Self::RolePolicy => {
                iam(
                    world,
                    &[
                        ("Action", "PutRolePolicy"),
                        ("RoleName", ROLE),
                        ("PolicyName", "s3ferry"),
                        ("PolicyDocument", text),
                    ],
                );
            }
            Self::Trust => {
                iam(
                    world,
                    &[
                        ("Action", "UpdateAssumeRolePolicy"),
                        ("RoleName", ROLE),
                        ("PolicyDocument", text),
                    ],
                );
            }
            Self::Boundary if text.is_empty() => {
                iam(
                    world,
                    &[
                        ("Action", "DeleteRolePermissionsBoundary"),
                        ("RoleName", ROLE),
                    ],
                );
            }
            Self::Boundary => {
                iam(
                    world,
                    &[
                        ("Action", "PutRolePermissionsBoundary"),
                        ("RoleName", ROLE),
                        ("PermissionsBoundary", text),
                    ],
                );
            }
            Self::SourcePolicy => part(&world.source(), FROM, "policy"),
            Self::DestinationPolicy => part(&world.destination(), TO, "policy"),
            Self::SourceKey => policy(world.source(), SOURCE_KEY),
            Self::ReplicaKey => policy(world.destination(), REPLICA_KEY),
            Self::Rules => part(&world.source(), FROM, "replication"),
            Self::Versioning => {
                let body = format!(
                    "<VersioningConfiguration><Status>{text}</Status></VersioningConfiguration>"
                );
                world.destination().put(TO, "versioning", &body);
            }
            Self::Payment => {
                let body = format!(
                    "<RequestPaymentConfiguration><Payer>{text}</Payer></RequestPaymentConfiguration>"
                );
                world.destination().put(TO, "requestPayment", &body);
            }
            Self::PublicBlock => part(&world.destination(), TO, "publicAccessBlock"),
            Self::SourceKeyState => state(&world.source(), SOURCE_KEY, text),
            Self::ReplicaKeyState => state(&world.destination(), REPLICA_KEY, text),
        }
    }
}

fn state(owner: &Client, key: &str, text: &str) {
    let call = |operation: &str, more: Value| {
        let mut input = json!({ "KeyId": key });
        for (name, value) in more.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        owner.kms(operation, &input.to_string())
    };
    match text {
        "Disabled" => drop(call("DisableKey", json!({})).expect_ok()),
        "PendingDeletion" => {
            drop(call("ScheduleKeyDeletion", json!({ "PendingWindowInDays": 7 })).expect_ok());
        }
        _ => {
            call("CancelKeyDeletion", json!({}));
            call("EnableKey", json!({})).expect_ok();
        }
    }
}

/// A text of IAM's, which escapes after RFC 3986.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// How a document is broken.
#[derive(Debug, Clone, Copy)]
enum How {
    /// An action is taken out of its Allow statements; with a part of the resource, only of those that name it.
    Without(&'static str, &'static str),
    /// A statement that denies an action to everybody is added.
    Deny(&'static str),
    /// A text is put in the place of another.
    Swap(&'static str, &'static str),
    /// It is written anew.
    Be(&'static str),
    /// It is a statement that lets everybody in, beside a block of public policies.
    Public,
}

/// One thing that is broken, what of a probe becomes of it, and what the doctor must find: codes with the ends of their addresses.
struct Breakage {
    name: &'static str,
    doc: Doc,
    how: How,
    probe: Probe,
    becomes: Becomes,
    finds: &'static [(&'static str, &'static str)],
    fate: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Failed(&'static str),
    /// It gets no status.
    Nothing,
    /// It arrives, but for a part of it.
    Lossy,
}

const PUBLIC: &str = "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";

impl Breakage {
    fn make(&self, world: &World) {
        let before = self.doc.read(world);
        let after = match self.how {
            How::Without(action, resource) => without(&before, action, resource),
            How::Deny(action) => denying(&before, action, self.doc),
            How::Swap(from, to) => {
                assert!(
                    before.contains(from),
                    "{}: no {from} in {before}",
                    self.name
                );
                before.replace(from, to)
            }
            How::Be(text) => text.to_owned(),
            How::Public => {
                Doc::PublicBlock.write(world, PUBLIC);
                let statement = json!({ "Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{TO}/open/*") });
                adding(&before, statement)
            }
        };
        if let How::Public = self.how {
            Doc::PublicBlock.write(world, "");
        }
        self.doc.write(world, &after);
        if let How::Public = self.how {
            Doc::PublicBlock.write(world, PUBLIC);
        }
    }
}

fn statements(policy: &mut Value) -> &mut Vec<Value> {
    policy["Statement"].as_array_mut().expect("statements")
}

fn parsed(text: &str) -> Value {
    if text.is_empty() {
        return json!({ "Version": "2012-10-17", "Statement": [] });
    }
    let mut policy: Value = serde_json::from_str(text).expect("a policy");
    if policy["Statement"].is_object() {
        policy["Statement"] = json!([policy["Statement"]]);
    }
    policy
}

fn adding(text: &str, statement: Value) -> String {
    let mut policy = parsed(text);
    statements(&mut policy).push(statement);
    policy.to_string()
}

fn without(text: &str, action: &str, resource: &str) -> String {
    let mut policy = parsed(text);
    let mut gone = 0;
    statements(&mut policy).retain_mut(|statement| {
        let is_meant = statement["Resource"].to_string().contains(resource);
        let listed = match &statement["Action"] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        let left: Vec<Value> = listed.iter().filter(|of| *of != action).cloned().collect();
        if !is_meant || left.len() == listed.len() {
            return true;
        }
        gone += 1;
        statement["Action"] = json!(left);
        !left.is_empty()
    });
    assert_eq!(gone, 1, "{action} on {resource} in {text}");
    policy.to_string()
}

fn denying(text: &str, action: &str, doc: Doc) -> String {
    let resource = match (doc, action.starts_with("kms:")) {
        (_, true) => "*".to_owned(),
        (Doc::SourcePolicy, _) => format!("arn:aws:s3:::{FROM}/*"),
        (Doc::DestinationPolicy, _) => format!("arn:aws:s3:::{TO}/*"),
        _ => "*".to_owned(),
    };
    let mut statement =
        json!({ "Sid": "No", "Effect": "Deny", "Action": action, "Resource": resource });
    if doc != Doc::RolePolicy {
        // Whoever runs the tests goes on.
        statement["Principal"] = json!({ "AWS": ROLE_ARN });
    }
    adding(text, statement)
}

const ROLE_AT: &str = "prod/role/s3ferry-orders-prod/policies";
const RULES_AT: &str = "prod/bucket/orders-prod/replication";
const POLICY_AT: &str = "archive/bucket/orders-archive/policy";

use Becomes::{Failed, Lossy, Nothing};
use How::{Be, Deny, Public, Swap, Without};
use Probe::{Kms, Marker, Plain, Tagged};

const fn row(
    name: &'static str,
    (doc, how): (Doc, How),
    (probe, becomes): (Probe, Becomes),
    finds: &'static [(&'static str, &'static str)],
) -> Breakage {
    let fate = match becomes {
        Failed(_) => "failed",
        Nothing => "no-rule",
        Lossy => "replicated",
    };
    Breakage {
        name,
        doc,
        how,
        probe,
        becomes,
        finds,
        fate,
    }
}

const ROLE_GRANTS: &[(&str, &str)] = &[("role-grants-nothing", ROLE_AT)];
const POLICY_GRANTS: &[(&str, &str)] = &[("policy-grants-nothing", POLICY_AT)];

/// Everything that is broken, one row each.
fn table() -> Vec<Breakage> {
    let role = |action, resource| (Doc::RolePolicy, Without(action, resource));
    let bucket = |action| (Doc::DestinationPolicy, Without(action, ""));
    vec![
        row(
            "role may not read the configuration",
            role("s3:GetReplicationConfiguration", ""),
            (Plain, Failed("SrcBucketReplicationConfigMissing")),
            ROLE_GRANTS,
        ),
        row(
            "role may not list the source",
            role("s3:ListBucket", ""),
            (Marker, Failed("SrcHeadObjectNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not read objects",
            role("s3:GetObjectVersionForReplication", ""),
            (Plain, Failed("SrcGetObjectNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not read ACLs",
            role("s3:GetObjectVersionAcl", ""),
            (Plain, Failed("SrcGetAclNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not read tags",
            role("s3:GetObjectVersionTagging", ""),
            (Tagged, Lossy),
            ROLE_GRANTS,
        ),
        row(
            "role may not write replicas",
            role("s3:ReplicateObject", ""),
            (Plain, Failed("DstPutObjectNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not write tags",
            role("s3:ReplicateTags", ""),
            (Tagged, Failed("DstPutTaggingNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not write delete markers",
            role("s3:ReplicateDelete", ""),
            (Marker, Failed("DstDelObjNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not change the owner",
            role("s3:ObjectOwnerOverrideToBucketOwner", ""),
            (Plain, Failed("DstPutAclNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not decrypt at the source",
            role("kms:Decrypt", "aaaaaaaa"),
            (Kms, Failed("SrcGetObjectNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not encrypt replicas",
            role("kms:Encrypt", "bbbbbbbb"),
            (Kms, Failed("DstPutObjectNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not make data keys",
            role("kms:GenerateDataKey", "bbbbbbbb"),
            (Kms, Failed("DstPutObjectNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role may not decrypt at the destination",
            role("kms:Decrypt", "bbbbbbbb"),
            (Kms, Failed("DstPutObjectNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role's grant is for another prefix",
            (
                Doc::RolePolicy,
                Swap("orders-archive/in/", "orders-archive/in/some/"),
            ),
            (Plain, Failed("DstPutObjectNotPermitted")),
            ROLE_GRANTS,
        ),
        row(
            "role denies itself",
            (Doc::RolePolicy, Deny("s3:ReplicateObject")),
            (Plain, Failed("DstPutObjectNotPermitted")),
            &[(
                "policy-denies-replication",
                "prod/role/s3ferry-orders-prod/policy/statement/No",
            )],
        ),
        row(
            "role denies itself keys",
            (Doc::RolePolicy, Deny("kms:Encrypt")),
            (Kms, Failed("DstPutObjectNotPermitted")),
            &[(
                "policy-denies-replication",
                "prod/role/s3ferry-orders-prod/policy/statement/No",
            )],
        ),
        row(
            "trust names another service",
            (
                Doc::Trust,
                Swap("s3.amazonaws.com", "batchoperations.s3.amazonaws.com"),
            ),
            (Plain, Failed("AssumeRoleNotPermitted")),
            &[("role-trust", "prod/role/s3ferry-orders-prod")],
        ),
        row(
            "boundary leaves out replicas",
            (Doc::Boundary, Be(FENCE)),
            (Plain, Failed("DstPutObjectNotPermitted")),
            &[("role-boundary", "prod/role/s3ferry-orders-prod")],
        ),
        row(
            "destination's policy is gone",
            (Doc::DestinationPolicy, Be("")),
            (Plain, Failed("DstPutObjectNotPermitted")),
            POLICY_GRANTS,
        ),
        row(
            "destination's policy grants no replicas",
            bucket("s3:ReplicateObject"),
            (Plain, Failed("DstPutObjectNotPermitted")),
            POLICY_GRANTS,
        ),
        row(
            "destination's policy grants no tags",
            bucket("s3:ReplicateTags"),
            (Tagged, Failed("DstPutTaggingNotPermitted")),
            POLICY_GRANTS,
        ),
        row(
            "destination's policy grants no delete markers",
            bucket("s3:ReplicateDelete"),
            (Marker, Failed("DstDelObjNotPermitted")),
            POLICY_GRANTS,
        ),
        row(
            "destination's policy grants no change of owner",
            bucket("s3:ObjectOwnerOverrideToBucketOwner"),
            (Plain, Failed("DstPutAclNotPermitted")),
            POLICY_GRANTS,
        ),
        row(
            "destination's policy names another role",
            (
                Doc::DestinationPolicy,
                Swap(ROLE_ARN, "arn:aws:iam::111111111111:role/sandbox"),
            ),
            (Plain, Failed("DstPutObjectNotPermitted")),
            POLICY_GRANTS,
        ),
        row(
            "destination's policy denies",
            (Doc::DestinationPolicy, Deny("s3:Replicate*")),
            (Plain, Failed("DstPutObjectNotPermitted")),
            &[(
                "policy-denies-replication",
                "archive/bucket/orders-archive/policy/statement/No",
            )],
        ),
        row(
            "source's policy denies",
            (Doc::SourcePolicy, Deny("s3:GetObjectVersionForReplication")),
            (Plain, Failed("SrcGetObjectNotPermitted")),
            &[(
                "policy-denies-replication",
                "prod/bucket/orders-prod/policy/statement/No",
            )],
        ),
        row(
            "destination is public and closed",
            (Doc::DestinationPolicy, Public),
            (Plain, Failed("DstPutObjectNotPermitted")),
            &[(
                "policy-public",
                "archive/bucket/orders-archive/policy/statement/Open",
            )],
        ),
        row(
            "source key's policy grants nothing",
            (Doc::SourceKey, Without("kms:Decrypt", "")),
            (Kms, Failed("SrcGetObjectNotPermitted")),
            &[("key-grants-nothing", "444444444444/policy")],
        ),
        row(
            "source key's policy denies",
            (Doc::SourceKey, Deny("kms:Decrypt")),
            (Kms, Failed("SrcGetObjectNotPermitted")),
            &[(
                "policy-denies-replication",
                "444444444444/policy/statement/No",
            )],
        ),
        row(
            "replica key's policy grants no encryption",
            (Doc::ReplicaKey, Without("kms:Encrypt", "")),
            (Kms, Failed("DstPutObjectNotPermitted")),
            &[("key-grants-nothing", "444444444444/policy")],
        ),
        row(
            "replica key's policy denies",
            (Doc::ReplicaKey, Deny("kms:GenerateDataKey")),
            (Kms, Failed("DstPutObjectNotPermitted")),
            &[(
                "policy-denies-replication",
                "444444444444/policy/statement/No",
            )],
        ),
        row(
            "source key is disabled",
            (Doc::SourceKeyState, Be("Disabled")),
            (Kms, Failed("SrcKmsKeyInvalidState")),
            &[("key-disabled", "444444444444")],
        ),
        row(
            "replica key is disabled",
            (Doc::ReplicaKeyState, Be("Disabled")),
            (Kms, Failed("DstKmsKeyInvalidState")),
            &[("key-disabled", "444444444444")],
        ),
        row(
            "replica key is pending deletion",
            (Doc::ReplicaKeyState, Be("PendingDeletion")),
            (Kms, Failed("DstKmsKeyInvalidState")),
            &[("key-pending-deletion", "444444444444")],
        ),
        row(
            "rule names a key that is not there",
            (Doc::Rules, Swap("bbbbbbbb-1111", "dddddddd-1111")),
            (Kms, Failed("DstKmsKeyNotFound")),
            &[("key-missing", "444444444444")],
        ),
        row(
            "rule says another owner of the destination",
            (
                Doc::Rules,
                Swap(
                    "<Account>222222222222</Account>",
                    "<Account>333333333333</Account>",
                ),
            ),
            (Plain, Failed("DstBucketNotFound")),
            &[("owner-elsewhere", "/all")],
        ),
        row(
            "rule is disabled",
            (
                Doc::Rules,
                Swap(
                    "<Status>Enabled</Status><SourceSelectionCriteria>",
                    "<Status>Disabled</Status><SourceSelectionCriteria>",
                ),
            ),
            (Plain, Nothing),
            &[("rule-disabled", "/all")],
        ),
        row(
            "rule selects another prefix",
            (
                Doc::Rules,
                Swap("<Prefix>in/</Prefix>", "<Prefix>in/other/</Prefix>"),
            ),
            (Plain, Nothing),
            &[],
        ),
        row(
            "rules are gone",
            (Doc::Rules, Be("")),
            (Plain, Nothing),
            &[("rules-missing", RULES_AT)],
        ),
        row(
            "destination's versioning is suspended",
            (Doc::Versioning, Be("Suspended")),
            (Plain, Failed("DstBucketUnversioned")),
            &[("versioning-off", "archive/bucket/orders-archive/versioning")],
        ),
        row(
            "destination is Requester Pays",
            (Doc::Payment, Be("Requester")),
            (Plain, Failed("DstPutObjectNotPermitted")),
            &[(
                "destination-requester-pays",
                "archive/bucket/orders-archive/",
            )],
        ),
    ]
}

/// What is found: codes with their addresses; and the word for the object's fate.
struct Told {
    code: Option<i32>,
    wrong: Vec<Value>,
    fate: String,
    ran: Ran,
}

fn doctor(world: &World, key: &str) -> Told {
    let ran = world.s3ferry(&["doctor", "spec.yaml", "--object", key, "--format", "json"]);
    let out: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.said()));
    let found = out[0]["found"].as_array().cloned().unwrap_or_default();
    Told {
        code: ran.code,
        wrong: found
            .into_iter()
            .filter(|of| of["level"] != "note")
            .collect(),
        fate: out[0]["object"]["fate"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        ran,
    }
}

/// Whether what was found is this breakage: the code at the address, the failure that the object got, and of an action that was taken
/// away the statement that gives it back and nothing more.
fn is_of(of: &Value, breakage: &Breakage, find: (&str, &str)) -> bool {
    let (code, place) = find;
    let at = of["address"].as_str().unwrap_or_default();
    let failures: Vec<&str> = of["failures"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_failure = match (breakage.becomes, breakage.how) {
        (Failed(failure), Without(_, _) | Public) => failures == [failure],
        (Failed(failure), Deny(_)) => failures.contains(&failure),
        // A policy that is gone or names somebody else leaves out more than the probe shows.
        (Failed(failure), Swap(_, _) | Be(_)) => {
            failures.contains(&failure) || code.ends_with("grants-nothing")
        }
        (Lossy, _) => failures == ["SrcGetTaggingNotPermitted"],
        (Nothing, _) => true,
    };
    let is_statement = match breakage.how {
        Without(action, _) => of["statement"]["Action"] == action,
        Deny(_) | Swap(_, _) | Be(_) | Public => true,
    };
    of["code"] == code
        && (at.ends_with(place) || at.starts_with(place))
        && is_failure
        && is_statement
}

/// How many of the breakages were found, and what was found that none of them is.
fn judged(told: &Told, broken: &[&Breakage]) -> (usize, Vec<Value>) {
    let is_found = |breakage: &&&Breakage| {
        let mut finds = breakage.finds.iter();
        let all = finds.all(|find| told.wrong.iter().any(|of| is_of(of, breakage, *find)));
        // Where nothing is wrong but what the rules say, the object's fate tells.
        all && (!breakage.finds.is_empty() || told.fate == breakage.fate)
    };
    let found = broken.iter().filter(is_found).count();
    let is_any = |of: &&Value| {
        broken.iter().any(|breakage| {
            let mut finds = breakage.finds.iter();
            finds.any(|find| is_of(of, breakage, *find))
        })
    };
    let strangers = told.wrong.iter().filter(|of| !is_any(of));
    (found, strangers.cloned().collect())
}

/// The figures of a run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    broken: usize,
    found: usize,
    false_ones: usize,
}

/// Breaks, sees it, asks the doctor, mends.
fn try_out(world: &World, broken: &[&Breakage], key: &str, figures: &mut Figures) {
    let names: Vec<&str> = broken.iter().map(|of| of.name).collect();
    let originals: Vec<(Doc, String)> = broken
        .iter()
        .map(|of| (of.doc, of.doc.read(world)))
        .collect();
    let make = || broken.iter().for_each(|breakage| breakage.make(world));
    // Nothing can be put under a key that is disabled: the object is on its way when that happens.
    let is_late = broken.iter().any(|of| of.doc == Doc::SourceKeyState);
    let switches = world.sandbox().switches();
    if is_late {
        switches.replication_delay(Duration::from_millis(500));
        broken[0].probe.send(world, key);
        make();
    } else {
        make();
        broken[0].probe.send(world, key);
    }
    let became = became(world, key);
    switches.replication_delay(Duration::from_millis(20));
    if let [only] = broken {
        let expected = match only.becomes {
            Failed(failure) => (Some("FAILED"), Some(failure)),
            Nothing => (None, None),
            Lossy => (Some("COMPLETED"), None),
        };
        assert_eq!(
            (became.status.as_deref(), became.failure.as_deref()),
            expected,
            "{names:?}"
        );
    } else {
        assert!(
            became.failure.is_some()
                || became.status.is_none()
                || broken
                    .iter()
                    .any(|of| of.becomes == Lossy || of.probe != broken[0].probe),
            "{names:?}: {became:?}"
        );
    }
    let told = doctor(world, key);
    let (found, strangers) = judged(&told, broken);
    figures.broken += broken.len();
    figures.found += found;
    figures.false_ones += strangers.len();
    assert_eq!(
        (found, &strangers[..]),
        (broken.len(), &[][..]),
        "{names:?}\n{}",
        told.ran.said()
    );
    assert_eq!(told.code, Some(6), "{names:?}\n{}", told.ran.said());
    for (doc, text) in originals.into_iter().rev() {
        doc.write(world, &text);
    }
    if broken.iter().any(|of| matches!(of.how, Public)) {
        Doc::PublicBlock.write(world, "");
    }
}

/// Every breakage, one at a time.
#[test]
fn each_breakage_is_named_and_nothing_else_is() {
    let world = world();
    assert_eq!(
        Plain.put(&world, "in/well").status.as_deref(),
        Some("COMPLETED")
    );
    let told = doctor(&world, "in/well");
    assert_eq!(
        (told.code, told.fate.as_str(), told.wrong.len()),
        (Some(0), "replicated", 0),
        "{}",
        told.ran.said()
    );
    let mut figures = Figures::default();
    for (at, breakage) in table().iter().enumerate() {
        try_out(&world, &[breakage], &format!("in/{at}"), &mut figures);
    }
    println!("doctor, one at a time: {figures:?}");
    let broken = table().len();
    assert_eq!(
        figures,
        Figures {
            broken,
            found: broken,
            false_ones: 0
        }
    );
    for (probe, key) in [
        (Plain, "in/a"),
        (Tagged, "in/b"),
        (Kms, "in/c"),
        (Marker, "in/a"),
    ] {
        assert_eq!(
            probe.put(&world, key).status.as_deref(),
            Some("COMPLETED"),
            "{probe:?}: it was mended"
        );
    }
    assert_eq!(doctor(&world, "in/c").code, Some(0));
}

/// Breakages that can stand beside each other and do not hide each other: a key that is out of use is not asked what its policy says,
/// and without rules nobody knows what a role needs.
fn pairs(table: &[Breakage]) -> Vec<(usize, usize)> {
    let hides = |of: &Breakage| {
        matches!(
            of.doc,
            Doc::Rules | Doc::SourceKeyState | Doc::ReplicaKeyState
        )
    };
    let is_without_rules = |of: &Breakage| of.finds == [("rules-missing", RULES_AT)];
    let is_setting = |of: &Breakage| {
        matches!(of.doc, Doc::Versioning | Doc::Payment) || matches!(of.how, Public)
    };
    let stand = |one: &Breakage, other: &Breakage| {
        let one_key = one.probe == Kms && other.probe == Kms && (hides(one) || hides(other));
        let both = |test: &dyn Fn(&Breakage) -> bool, needs: &dyn Fn(&Breakage) -> bool| {
            (!test(one) || needs(other)) && (!test(other) || needs(one))
        };
        one.doc != other.doc && !one_key && both(&is_without_rules, &is_setting)
    };
    let mut pairs = Vec::new();
    for (at, one) in table.iter().enumerate() {
        let others = table.iter().enumerate().skip(at + 1);
        let others = others.filter(|(_, other)| stand(one, other));
        pairs.extend(others.map(|(other, _)| (at, other)));
    }
    pairs
}

/// Two at a time: every so many of all pairs, with every breakage among them.
#[test]
fn two_breakages_are_named_and_nothing_else_is() {
    let world = world();
    let table = table();
    let all = pairs(&table);
    let mut figures = Figures::default();
    let mut seen = BTreeSet::new();
    for (at, (one, other)) in all.iter().enumerate() {
        let is_new = seen.insert(*one) | seen.insert(*other);
        if is_new || at % 13 == 0 {
            try_out(
                &world,
                &[&table[*one], &table[*other]],
                &format!("in/{at}"),
                &mut figures,
            );
        }
    }
    println!("doctor, two at a time: {figures:?} of {} pairs", all.len());
    assert_eq!(seen.len(), table.len(), "every breakage is in some pair");
    assert_eq!(
        figures,
        Figures {
            found: figures.broken,
            broken: figures.broken,
            false_ones: 0
        }
    );
}

/// What the doctor says to add, added where it says, is enough.
#[test]
fn what_the_doctor_says_to_add_mends_it() {
    let world = world();
    let mut mended = 0;
    for (at, breakage) in table().iter().enumerate() {
        let is_policy = matches!(
            breakage.doc,
            Doc::RolePolicy
                | Doc::Trust
                | Doc::DestinationPolicy
                | Doc::SourceKey
                | Doc::ReplicaKey
        );
        if !is_policy || matches!(breakage.how, Deny(_) | Public) {
            continue;
        }
        let original = breakage.doc.read(&world);
        breakage.make(&world);
        let told = doctor(&world, "in/nothing");
        let mut policy = match breakage.doc {
            Doc::RolePolicy => String::new(),
            doc => doc.read(&world),
        };
        let advised: Vec<Value> = told
            .wrong
            .iter()
            .map(|of| of["statement"].clone())
            .collect();
        assert!(
            !advised.is_empty() && advised.iter().all(Value::is_object),
            "{}",
            told.ran.said()
        );
        for statement in advised {
            policy = adding(&policy, statement);
        }
        let add = [
            ("Action", "PutRolePolicy"),
            ("RoleName", ROLE),
            ("PolicyName", "mended"),
            ("PolicyDocument", &policy),
        ];
        if breakage.doc == Doc::RolePolicy {
            iam(&world, &add);
        } else {
            breakage.doc.write(&world, &policy);
        }
        let key = format!("in/{at}");
        if breakage.probe == Marker {
            Plain.put(&world, &key);
        }
        let became = breakage.probe.put(&world, &key);
        assert_eq!(
            became.status.as_deref(),
            Some("COMPLETED"),
            "{}: {became:?}\n{}",
            breakage.name,
            told.ran.said()
        );
        let told = doctor(&world, &key);
        assert_eq!(
            told.wrong.len(),
            0,
            "{}\n{}",
            breakage.name,
            told.ran.said()
        );
        breakage.doc.write(&world, &original);
        if breakage.doc == Doc::RolePolicy {
            iam(
                &world,
                &[
                    ("Action", "DeleteRolePolicy"),
                    ("RoleName", ROLE),
                    ("PolicyName", "mended"),
                ],
            );
        }
        mended += 1;
    }
    assert!(mended >= 20, "{mended}");
}

/// A migration of everything, without keys, between buckets that enforce their owner.
fn plain(rules: &str) -> World {
    let bucket = |name: &str, (account, region): (&str, &str)| json!({ "name": name, "account": account, "region": region, "versioning": "Enabled" });
    World::new(&spec(rules, ""))
        .with(&json!({ "buckets": [bucket(FROM, SOURCE), bucket(TO, DESTINATION)] }))
}

const EVERYTHING: &str = "    rules: [ { id: all, delete_markers: keep } ]\n";

fn codes(told: &Told) -> Vec<&str> {
    let codes = told.wrong.iter().map(|of| of["code"].as_str());
    codes.map(Option::unwrap_or_default).collect()
}

/// What stands for a whole world to be broken: it is not mended.
#[test]
fn what_cannot_be_mended_is_named_too() {
    let lock = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
    type Break = fn(&World, &str);
    let cases: [(&str, Break, &str, &[&str]); 4] = [
        (
            "the destination is gone",
            |world, _| {
                let path = format!("/{TO}");
                let request = Request {
                    method: "DELETE",
                    path: &path,
                    ..Request::default()
                };
                world.destination().s3(request).expect_ok();
            },
            "DstBucketNotFound",
            &["bucket-missing"],
        ),
        (
            "the source has Object Lock",
            |world, lock| world.source().put(FROM, "object-lock", lock),
            "DstBucketObjectLockConfigMissing",
            &["object-lock-mismatch", "role-grants-nothing"],
        ),
        (
            "both have Object Lock, and the role may not read locks",
            |world, lock| {
                world.source().put(FROM, "object-lock", lock);
                world.destination().put(TO, "object-lock", lock);
            },
            "SrcGetObjectNotPermitted",
            &["role-grants-nothing"],
        ),
        (
            "the role is gone, and policies that named it name nobody",
            |world, _| {
                let policy = ("PolicyName", "s3ferry");
                iam(
                    world,
                    &[("Action", "DeleteRolePolicy"), ("RoleName", ROLE), policy],
                );
                iam(world, &[("Action", "DeleteRole"), ("RoleName", ROLE)]);
            },
            "AssumeRoleNotPermitted",
            &["role-missing", "policy-grants-nothing"],
        ),
    ];
    for (name, breaks, failure, finds) in cases {
        let world = plain(EVERYTHING);
        world.converge();
        assert_eq!(doctor(&world, "none").fate, "missing");
        breaks(&world, lock);
        let became = Plain.put(&world, "a");
        assert_eq!(became.failure.as_deref(), Some(failure), "{name}");
        let told = doctor(&world, "a");
        assert_eq!(
            codes(&told).into_iter().collect::<BTreeSet<_>>(),
            finds.iter().copied().collect(),
            "{name}\n{}",
            told.ran.said()
        );
        assert_eq!(
            (told.code, told.fate.as_str()),
            (Some(6), "failed"),
            "{name}"
        );
        assert!(
            told.ran.out.contains(failure),
            "{name}\n{}",
            told.ran.said()
        );
    }
}

/// What a role may do is what all of its policies say, whoever wrote them.
#[test]
fn grants_of_other_policies_count() {
    let world = plain(EVERYTHING);
    world.converge();
    let policy = Doc::RolePolicy.read(&world);
    let arn = "arn:aws:iam::111111111111:policy/moved";
    iam(
        &world,
        &[
            ("Action", "CreatePolicy"),
            ("PolicyName", "moved"),
            ("PolicyDocument", &policy),
        ],
    );
    iam(
        &world,
        &[
            ("Action", "AttachRolePolicy"),
            ("RoleName", ROLE),
            ("PolicyArn", arn),
        ],
    );
    iam(
        &world,
        &[
            ("Action", "DeleteRolePolicy"),
            ("RoleName", ROLE),
            ("PolicyName", "s3ferry"),
        ],
    );
    assert_eq!(Plain.put(&world, "a").status.as_deref(), Some("COMPLETED"));
    let told = doctor(&world, "a");
    assert_eq!(
        (told.code, codes(&told)),
        (Some(0), vec![]),
        "{}",
        told.ran.said()
    );
    iam(
        &world,
        &[
            ("Action", "DetachRolePolicy"),
            ("RoleName", ROLE),
            ("PolicyArn", arn),
        ],
    );
    assert_eq!(Plain.put(&world, "b").status.as_deref(), Some("FAILED"));
    let told = doctor(&world, "b");
    assert_eq!(told.code, Some(6));
    assert!(
        codes(&told)
            .iter()
            .all(|code| *code == "role-grants-nothing"),
        "{}",
        told.ran.said()
    );
}

/// The role is the one that the configuration names, whatever the spec says.
#[test]
fn the_role_that_is_judged_is_the_live_one() {
    let world = plain(EVERYTHING);
    world.converge();
    let trust = Doc::Trust.read(&world);
    iam(
        &world,
        &[
            ("Action", "CreateRole"),
            ("RoleName", "theirs"),
            ("AssumeRolePolicyDocument", &trust),
        ],
    );
    let rules = Doc::Rules.read(&world);
    let theirs = "arn:aws:iam::111111111111:role/theirs";
    Doc::Rules.write(&world, &rules.replace(ROLE_ARN, theirs));
    assert_eq!(Plain.put(&world, "a").status.as_deref(), Some("FAILED"));
    let told = doctor(&world, "a");
    let found = codes(&told).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(
        found,
        BTreeSet::from(["policy-grants-nothing", "role-grants-nothing"]),
        "{}",
        told.ran.said()
    );
    assert!(
        told.ran.out.contains("prod/role/theirs/policies"),
        "{}",
        told.ran.said()
    );
    // What is to be added for it, added, is enough.
    let mut policies = [String::new(), Doc::DestinationPolicy.read(&world)];
    for of in &told.wrong {
        let at = usize::from(of["code"] == "policy-grants-nothing");
        policies[at] = adding(&policies[at], of["statement"].clone());
    }
    iam(
        &world,
        &[
            ("Action", "PutRolePolicy"),
            ("RoleName", "theirs"),
            ("PolicyName", "all"),
            ("PolicyDocument", &policies[0]),
        ],
    );
    Doc::DestinationPolicy.write(&world, &policies[1]);
    assert_eq!(Plain.put(&world, "b").status.as_deref(), Some("COMPLETED"));
    assert_eq!(doctor(&world, "b").code, Some(0));
}

/// What S3 does with an object, and why.
#[test]
fn an_object_is_followed() {
    let rules = "    rules:
      - { id: in, prefix: in/, delete_markers: keep }
      - { id: tagged, prefix: tag/, tags: { move: \"yes\" }, delete_markers: keep }
      - { id: mirrored, prefix: mirror/, delete_markers: mirror }
";
    let world = plain(rules).with(&json!({ "keys": [{ "arn": SOURCE_KEY }] }));
    let source = world.source();
    source.put_object(FROM, "in/early", &[]);
    world.converge();
    let put = |key: &str, headers: &[(&str, &str)]| source.put_object(FROM, key, headers);
    put("in/there", &[]);
    put("out/there", &[]);
    put("tag/without", &[]);
    put("tag/with", &[("x-amz-tagging", "move=yes")]);
    put("in/archived", &[("x-amz-storage-class", "GLACIER")]);
    put(
        "in/kms",
        &[
            ("x-amz-server-side-encryption", "aws:kms"),
            ("x-amz-server-side-encryption-aws-kms-key-id", SOURCE_KEY),
        ],
    );
    put("in/gone", &[]);
    put("mirror/gone", &[]);
    world.settle();
    source.delete_object(FROM, "in/gone");
    source.delete_object(FROM, "mirror/gone");
    world.settle();
    for (key, fate, well, says) in [
        (
            "in/there",
            "replicated",
            true,
            "S3 has replicated it to orders-archive",
        ),
        (
            "in/early",
            "before-rule",
            false,
            "needs S3 Batch Replication",
        ),
        (
            "out/there",
            "no-rule",
            false,
            "no enabled rule selects its key",
        ),
        (
            "tag/without",
            "no-rule",
            false,
            "rule s3ferry/test/orders/tagged wants prefix tag/ and tag move=yes",
        ),
        ("tag/with", "replicated", true, "S3 has replicated it"),
        ("in/archived", "archived", false, "it is in GLACIER"),
        (
            "in/kms",
            "kms-not-selected",
            false,
            "selects no SSE-KMS objects",
        ),
        ("in/gone", "marker-kept", true, "keeps those at the source"),
        ("mirror/gone", "replicated", true, "S3 has replicated it"),
        ("in/nowhere", "missing", false, "no such object"),
    ] {
        let told = doctor(&world, key);
        let out: Value = serde_json::from_str(&told.ran.out).expect("JSON");
        let object = &out[0]["object"];
        assert_eq!(
            (object["fate"].as_str(), object["well"].as_bool()),
            (Some(fate), Some(well)),
            "{key}\n{}",
            told.ran.said()
        );
        assert!(
            object["says"]
                .as_str()
                .is_some_and(|text| text.contains(says)),
            "{key}\n{}",
            told.ran.said()
        );
        assert_eq!(told.code, Some(if well { 0 } else { 6 }), "{key}");
    }
    // One of its older versions.
    let state = world.buckets(&format!("/{FROM}/objects/in~1gone"));
    let first = state[1]["version_id"].as_str().expect("it has an ID");
    let ran = world.expect(
        0,
        &[
            "doctor",
            "spec.yaml",
            "--object",
            "in/gone",
            "--version",
            first,
        ],
    );
    assert!(ran.out.contains("COMPLETED"), "{}", ran.said());
}

/// What may not be read is said to be unknown; where the rules may not, nothing can be said.
#[test]
fn what_may_not_be_read_is_unknown() {
    let world = plain(EVERYTHING);
    world.converge();
    for (service, operation) in [
        ("s3", "GetBucketPolicy"),
        ("iam", "GetRolePolicy"),
        ("s3", "HeadObject"),
    ] {
        world.deny(service, operation);
    }
    Plain.put(&world, "a");
    let told = doctor(&world, "a");
    assert_eq!(told.fate, "unread", "{}", told.ran.said());
    assert!(
        told.wrong
            .iter()
            .all(|of| of["level"] == "unknown" && of["code"] == "unread"),
        "{}",
        told.ran.said()
    );
    assert_eq!(told.wrong.len(), 3, "{}", told.ran.said());
    let ran = world.expect(0, &["doctor", "spec.yaml"]);
    assert!(
        ran.out.contains("Of 3 things nobody can say"),
        "{}",
        ran.said()
    );
    world.deny("s3", "GetBucketReplication");
    let ran = world.expect(7, &["doctor", "spec.yaml"]);
    assert!(
        ran.err.contains("s3:GetReplicationConfiguration"),
        "{}",
        ran.said()
    );
}

/// A statement in the text can be copied as it stands.
#[test]
fn the_text_has_statements_to_copy() {
    let world = plain(EVERYTHING);
    world.converge();
    Doc::DestinationPolicy.write(&world, "");
    let ran = world.expect(6, &["doctor", "spec.yaml"]);
    let (_, rest) = ran.out.split_once("    {\n").expect("a statement");
    let (body, _) = rest.split_once("\n    }").expect("its end");
    let statement: Value = serde_json::from_str(&format!("{{{body}}}")).expect("JSON");
    Doc::DestinationPolicy.write(&world, &adding("", statement));
    assert_eq!(Plain.put(&world, "a").status.as_deref(), Some("COMPLETED"));
    let ran = world.expect(0, &["doctor", "spec.yaml"]);
    assert!(
        ran.out.contains("Nothing wrong was found."),
        "{}",
        ran.said()
    );
    world.expect(64, &["doctor", "spec.yaml", "--version", "x"]);
}

/// Within one account either the role's policies or the bucket's, which names the role, are enough.
#[test]
fn within_an_account_either_policy_is_enough() {
    let migration = spec(EVERYTHING, "").replace("account: archive", "account: prod");
    let migration = format!("{migration}    owner: source\n");
    let bucket = |name: &str| json!({ "name": name, "account": SOURCE.0, "region": SOURCE.1, "versioning": "Enabled" });
    let world = World::new(&migration).with(&json!({ "buckets": [bucket(FROM), bucket(TO)] }));
    world.converge();
    let role = Doc::RolePolicy.read(&world);
    let narrow = without(&role, "s3:ReplicateObject", "");
    let policy = world.source().get(TO, "policy").expect_ok().body;
    let refusing = adding(
        "",
        json!({ "Sid": "Other", "Effect": "Allow", "Action": "s3:ListBucket",
        "Resource": format!("arn:aws:s3:::{TO}"), "Principal": { "AWS": "arn:aws:iam::111111111111:root" } }),
    );
    for (at, (role, policy, status, found)) in [
        (&role, &refusing, "COMPLETED", &[][..]),
        (&narrow, &policy, "COMPLETED", &[]),
        (&narrow, &refusing, "FAILED", &["role-grants-nothing"]),
    ]
    .into_iter()
    .enumerate()
    {
        Doc::RolePolicy.write(&world, role);
        world.source().put(TO, "policy", policy);
        let key = format!("{at}");
        assert_eq!(
            Plain.put(&world, &key).status.as_deref(),
            Some(status),
            "{at}"
        );
        let told = doctor(&world, &key);
        assert_eq!(codes(&told), found, "{at}\n{}", told.ran.said());
    }
}

const MARK: &str = "<!-- table -->\n";

/// The page shows what is broken here; `UPDATE=1` writes it anew.
#[test]
fn the_page_has_the_table() {
    let path = repository::root().join("docs/doctor.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let (before, _) = page.split_once(MARK).expect("the page has a mark");
    let rows: String = table().iter().map(shown).collect();
    let wanted = format!("{before}{MARK}\n| Broken | The object | Found |\n|---|---|---|\n{rows}");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &wanted).expect("the page is written");
    }
    assert!(
        page == wanted || std::env::var_os("UPDATE").is_some(),
        "UPDATE=1 cargo test --workspace --test doctor the_page"
    );
}

fn shown(breakage: &Breakage) -> String {
    let becomes = match breakage.becomes {
        Failed(failure) => failure,
        Nothing => "no status",
        Lossy => "arrives without its tags",
    };
    let found = match breakage.finds {
        [] => format!("of the object: `{}`", breakage.fate),
        [(code, _), ..] => format!("`{code}`"),
    };
    format!("| {} | {becomes} | {found} |\n", breakage.name)
}
