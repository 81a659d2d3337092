//! Least privilege, shown by mutation: with any one action taken out of a generated policy, something no longer
//! replicates as it did.
//!
//! A spec is applied, its policies are seen to replicate every kind of object, and then each action of each statement
//! is taken away by itself. What nothing misses is granted for nothing, or stands in the case's table of exceptions
//! with its reason.

use std::collections::BTreeMap;

use s3ferry_tests::signed::Client;
use s3ferry_tests::world::{DESTINATION, World};
use serde_json::{Value, json};

const SOURCE_KEY: &str =
    "arn:aws:kms:eu-west-1:111111111111:key/aaaaaaaa-1111-2222-3333-444444444444";
const REPLICA_KEY: &str =
    "arn:aws:kms:eu-central-1:222222222222:key/bbbbbbbb-1111-2222-3333-444444444444";
const DEFAULT_KEY: &str =
    "arn:aws:kms:eu-central-1:222222222222:key/cccccccc-1111-2222-3333-444444444444";

const ROLE: &str = "s3ferry-source";

/// A statement by its Sid and an action of it that the sandbox does not miss, and why it is granted all the same.
type Exception = (&'static str, &'static str, &'static str);

const FOR_OLD_OBJECTS: &str = "the default key is for source objects that are not encrypted at all \
     (UG:replication-config-for-kms-objects): they are from before 2023, and the sandbox has none";

/// A spec, what it finds, and what its rules replicate.
struct Case {
    migration: String,
    seed: Value,
    /// The keys whose policies the spec asks to be written.
    keys: Vec<&'static str>,
    /// Keys to write, with their headers.
    objects: Vec<(&'static str, Vec<(&'static str, &'static str)>)>,
    /// Keys to write and to delete, so that a delete marker replicates.
    deleted: Vec<&'static str>,
    exceptions: Vec<Exception>,
}

/// Who may do what: the role's policies in the source account and the destination bucket's.
#[derive(Clone)]
struct Policies {
    role: BTreeMap<String, Value>,
    bucket: Value,
    /// By ARN.
    keys: BTreeMap<String, Value>,
}

/// Whose policy a statement is in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Of {
    /// The role's inline policy of this name.
    Role(String),
    /// The destination bucket's.
    Bucket,
    /// That of the key of this ARN.
    Key(String),
}

/// One action of one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grant {
    of: Of,
    sid: String,
    action: String,
}

#[test]
fn every_action_is_missed_where_every_feature_is_used() {
    every_action_is_missed(&every_feature("", &open_keys(), vec![], &[]));
}

#[test]
fn every_action_is_missed_where_the_policies_of_keys_are_written() {
    let same_account = "a key's policy that names a role of its own account needs no IAM (KMS Developer Guide, \"Default key \
         policy\"); the role's policy is for keys whose policies leave it to IAM";
    let exceptions = [
        ("SourceKey", "kms:Decrypt", same_account),
        ("ReplicaKey of cccccccc", "kms:Encrypt", FOR_OLD_OBJECTS),
        (
            "ReplicaKey of cccccccc",
            "kms:GenerateDataKey",
            FOR_OLD_OBJECTS,
        ),
        ("ReplicaKey of cccccccc", "kms:Decrypt", FOR_OLD_OBJECTS),
    ];
    every_action_is_missed(&every_feature(
        ", kms: { write_policy: true }",
        &closed_keys(),
        vec![SOURCE_KEY, REPLICA_KEY, DEFAULT_KEY],
        &exceptions,
    ));
}

fn every_feature(
    destination: &str,
    seeded: &Value,
    keys: Vec<&'static str>,
    exceptions: &[Exception],
) -> Case {
    Case {
        migration: format!(
            r#"  everything:
    phase: replicate
    source: {{ account: prod, bucket: source }}
    destination: {{ account: archive, bucket: destination{destination} }}
    owner: destination
    rules:
      - id: mirrored
        prefix: mirrored/
        delete_markers: mirror
        source_kms: {{ keys: ["{SOURCE_KEY}"], replica_key: "{REPLICA_KEY}" }}
      - id: tagged
        prefix: tagged/
        tags: {{ class: hot }}
        delete_markers: keep
        source_kms: {{ keys: ["{SOURCE_KEY}"], replica_key: "{REPLICA_KEY}" }}
"#
        ),
        seed: seed(
            &json!({ "object-lock": LOCK }),
            &json!({ "object-lock": LOCK, "encryption": encryption(true), "policy": foreign_policy() }),
            seeded,
        ),
        keys,
        objects: vec![
            ("mirrored/plain", vec![]),
            ("mirrored/tagged", vec![TAGS]),
            ("mirrored/key", KMS.to_vec()),
            ("mirrored/bucket-key", [&KMS[..], &[BUCKET_KEY]].concat()),
            ("tagged/plain", vec![TAGS]),
            ("tagged/key", [&KMS[..], &[TAGS]].concat()),
        ],
        deleted: vec!["mirrored/deleted"],
        exceptions: [
            &[("SourceObjectsLocks", ANNOTATIONS.0, ANNOTATIONS.1)],
            exceptions,
        ]
        .concat(),
    }
}

#[test]
fn every_action_is_missed_where_the_destination_has_a_default_key() {
    every_action_is_missed(&Case {
        migration: r#"  keeps:
    phase: replicate
    source: { account: prod, bucket: source }
    destination: { account: archive, bucket: destination }
    rules:
      - { id: everything, delete_markers: keep }
"#
        .to_owned(),
        seed: seed(
            &json!({}),
            &json!({ "encryption": encryption(false) }),
            &open_keys(),
        ),
        keys: vec![],
        objects: vec![("plain", vec![]), ("tagged", vec![TAGS])],
        deleted: vec![],
        exceptions: vec![
            (
                "SourceBucket",
                "s3:ListBucket",
                "AWS's least policy has it whatever the rules say of delete markers (UG:setting-repl-config-perm-overview)",
            ),
            ("SourceObjects", ANNOTATIONS.0, ANNOTATIONS.1),
            ("ReplicaKey", "kms:Encrypt", FOR_OLD_OBJECTS),
            ("ReplicaKey", "kms:GenerateDataKey", FOR_OLD_OBJECTS),
        ],
    });
}

/// The sandbox has no annotations.
const ANNOTATIONS: (&str, &str) = (
    "s3:GetObjectVersionAnnotationForReplication",
    "objects with annotations lose them at the destination without it (UG:annotations-overview)",
);

const TAGS: (&str, &str) = ("x-amz-tagging", "class=hot");
const KMS: [(&str, &str); 2] = [
    ("x-amz-server-side-encryption", "aws:kms"),
    ("x-amz-server-side-encryption-aws-kms-key-id", SOURCE_KEY),
];
const BUCKET_KEY: (&str, &str) = ("x-amz-server-side-encryption-bucket-key-enabled", "true");
const LOCK: &str = "<ObjectLockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                    <ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";

fn encryption(bucket_key: bool) -> String {
    format!(
        "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
         <ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
         <KMSMasterKeyID>{DEFAULT_KEY}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>\
         <BucketKeyEnabled>{bucket_key}</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
    )
}

/// Somebody else's statement, which is nobody's business here.
fn foreign_policy() -> String {
    let statement = json!({
        "Sid": "Auditors", "Effect": "Allow", "Principal": { "AWS": DESTINATION.0 },
        "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::destination",
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// The keys of both accounts. The policy of a key leaves its use to IAM's policies, that of the destination's also to those
/// of the source's account: so every action that is missed is one of ours.
fn open_keys() -> Value {
    json!([
        { "arn": SOURCE_KEY },
        { "arn": REPLICA_KEY, "users": ["111111111111"] },
        { "arn": DEFAULT_KEY, "users": ["111111111111"] },
    ])
}

/// The same, each for who administers it, and the source's for who writes objects: the role is let in by our statements alone.
fn closed_keys() -> Value {
    let key = |arn: &str| {
        let account = arn.split(':').nth(4).expect("an ARN");
        let caller = format!("arn:aws:iam::{account}:role/sandbox");
        let admin = json!({ "Sid": "Auditors", "Effect": "Allow", "Principal": { "AWS": caller }, "Action": "kms:*", "Resource": "*" });
        json!({ "arn": arn, "policy": { "Version": "2012-10-17", "Statement": [admin] } })
    };
    json!([key(SOURCE_KEY), key(REPLICA_KEY), key(DEFAULT_KEY)])
}

/// A pair of buckets; writers of the destination own what they write.
fn seed(source: &Value, destination: &Value, keys: &Value) -> Value {
    let bucket = |name: &str, account: &str, region: &str, configuration: &Value| {
        json!({
            "name": name, "account": account, "region": region, "versioning": "Enabled",
            "ownership": "ObjectWriter", "configuration": configuration,
        })
    };
    json!({ "keys": keys, "buckets": [
        bucket("source", "111111111111", "eu-west-1", source),
        bucket("destination", "222222222222", "eu-central-1", destination),
    ] })
}

fn every_action_is_missed(case: &Case) {
    let world = World::new(&case.migration).with(&case.seed);
    world.converge();
    let (source, destination) = (world.source(), world.destination());
    let intact = Policies::read(&world, &destination, &case.keys);
    let grants = intact.grants();
    assert!(grants.len() >= 10, "the policies grant only {grants:?}");

    let whole = case.replicate(&world, &source);
    assert_eq!(
        whole,
        case.wanted(),
        "the generated policies replicate everything"
    );

    let mut idle = Vec::new();
    for grant in grants {
        intact.without(&grant).put(&source, &destination);
        if case.replicate(&world, &source) == whole {
            idle.push((grant.purpose(), grant.action));
        }
    }
    let excepted = case
        .exceptions
        .iter()
        .map(|(sid, action, _)| (*sid, *action));
    let excepted: Vec<_> = excepted
        .map(|(sid, action)| (sid.to_owned(), action.to_owned()))
        .collect();
    assert_eq!(
        idle, excepted,
        "left: what nothing misses; right: what may be so"
    );

    intact.put(&source, &destination);
    world.must_be_settled();
    assert_eq!(
        case.replicate(&world, &source),
        whole,
        "and all is as it was"
    );
}

impl Policies {
    fn read(world: &World, destination: &Client, keys: &[&str]) -> Self {
        let snapshot = world.sandbox().snapshot();
        let inline = &snapshot["iam"]["111111111111"]["roles"][ROLE]["inline"];
        let role = inline.as_object().expect("the role is there").clone();
        let bucket = destination.get("destination", "policy").expect_ok().body;
        Self {
            role: role.into_iter().collect(),
            bucket: serde_json::from_str(&bucket).expect("a policy is JSON"),
            keys: keys
                .iter()
                .map(|arn| ((*arn).to_owned(), key_policy(world, arn)))
                .collect(),
        }
    }

    /// Every action that is ours.
    fn grants(&self) -> Vec<Grant> {
        let role = self
            .role
            .iter()
            .map(|(name, policy)| (Of::Role(name.clone()), policy));
        let keys = self.keys.iter();
        let keys = keys.map(|(arn, policy)| (Of::Key(arn.clone()), policy));
        let documents = role.chain([(Of::Bucket, &self.bucket)]).chain(keys);
        documents
            .flat_map(|(of, policy)| grants_of(&of, policy))
            .collect()
    }

    fn without(&self, grant: &Grant) -> Self {
        let mut less = self.clone();
        let policy = match &grant.of {
            Of::Role(name) => less.role.get_mut(name).expect("it was read"),
            Of::Bucket => &mut less.bucket,
            Of::Key(arn) => less.keys.get_mut(arn).expect("it was read"),
        };
        let statements = policy["Statement"].as_array_mut().expect("statements");
        let at = statements
            .iter()
            .position(|statement| statement["Sid"] == grant.sid.as_str());
        let at = at.expect("it was read");
        let left: Vec<_> = actions(&statements[at])
            .filter(|action| *action != grant.action)
            .map(str::to_owned)
            .collect();
        if left.is_empty() {
            statements.remove(at);
        } else {
            statements[at]["Action"] = json!(left);
        }
        less
    }

    fn put(&self, source: &Client, destination: &Client) {
        for (name, policy) in &self.role {
            let document = policy.to_string();
            let parameters = [
                ("Action", "PutRolePolicy"),
                ("RoleName", ROLE),
                ("PolicyName", name),
                ("PolicyDocument", &document),
            ];
            source.iam(&parameters).expect_ok();
        }
        destination.put("destination", "policy", &self.bucket.to_string());
        for (arn, policy) in &self.keys {
            let input = json!({ "KeyId": arn, "Policy": policy.to_string() });
            let owner = if arn.contains(":111111111111:") {
                source
            } else {
                destination
            };
            owner.kms("PutKeyPolicy", &input.to_string()).expect_ok();
        }
    }
}

impl Grant {
    /// What the statement is for; what stands beside it is the mark of the spec.
    fn purpose(&self) -> String {
        let word = match self.of {
            Of::Role(_) | Of::Bucket => self.sid.split("S3Ferry").next().unwrap_or_default(),
            Of::Key(_) if self.sid.ends_with("SourceKey") => "SourceKey",
            Of::Key(_) => "ReplicaKey",
        };
        match &self.of {
            Of::Role(_) | Of::Bucket => word.to_owned(),
            Of::Key(arn) => {
                let id = arn.rsplit('/').next().unwrap_or_default();
                format!("{word} of {}", id.split('-').next().unwrap_or_default())
            }
        }
    }
}

fn key_policy(world: &World, arn: &str) -> Value {
    let owner = if arn.contains(":111111111111:") {
        world.source()
    } else {
        world.destination()
    };
    let input = json!({ "KeyId": arn, "PolicyName": "default" });
    let reply = owner.kms("GetKeyPolicy", &input.to_string()).expect_ok();
    let reply: Value = serde_json::from_str(&reply.body).expect("KMS answers JSON");
    serde_json::from_str(reply["Policy"].as_str().expect("a policy")).expect("a policy is JSON")
}

fn grants_of(of: &Of, policy: &Value) -> Vec<Grant> {
    let statements = policy["Statement"].as_array().expect("statements");
    let ours = statements
        .iter()
        .filter(|statement| statement["Sid"] != "Auditors");
    let grant = |statement: &Value, action: &str| Grant {
        of: of.clone(),
        sid: statement["Sid"]
            .as_str()
            .expect("ours have Sids")
            .to_owned(),
        action: action.to_owned(),
    };
    ours.flat_map(|statement| {
        actions(statement)
            .map(|action| grant(statement, action))
            .collect::<Vec<_>>()
    })
    .collect()
}

fn actions(statement: &Value) -> impl Iterator<Item = &str> {
    let action = &statement["Action"];
    let several = action
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    action.as_str().into_iter().chain(several)
}

impl Case {
    /// Writes every kind of object anew and tells what became of each newest version and of its replica.
    fn replicate(&self, world: &World, source: &Client) -> BTreeMap<String, Value> {
        for (key, headers) in &self.objects {
            source.put_object("source", key, headers);
        }
        for key in &self.deleted {
            source.put_object("source", key, &[]);
            source.delete_object("source", key);
        }
        world.settle();
        let keys = self.keys().map(|key| (key.to_owned(), fate(world, key)));
        keys.collect()
    }

    /// What shall become of them.
    fn wanted(&self) -> BTreeMap<String, Value> {
        let object = |(key, headers): &(&str, Vec<(&str, &str)>)| {
            let tags = if headers.contains(&TAGS) {
                json!({ "class": "hot" })
            } else {
                json!({})
            };
            // The destination's default is for sources that are not encrypted at all, which S3 has had none of since 2023.
            let encryption = if headers.contains(&KMS[0]) {
                REPLICA_KEY
            } else {
                "AES256"
            };
            let replica = json!({ "owner": DESTINATION.0, "tags": tags, "encryption": encryption, "marker": null });
            (
                (*key).to_owned(),
                json!({ "status": "COMPLETED", "replica": replica }),
            )
        };
        let marker = |key: &&str| {
            let replica =
                json!({ "owner": DESTINATION.0, "tags": null, "encryption": null, "marker": true });
            (
                (*key).to_owned(),
                json!({ "status": "COMPLETED", "replica": replica }),
            )
        };
        self.objects
            .iter()
            .map(object)
            .chain(self.deleted.iter().map(marker))
            .collect()
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.objects
            .iter()
            .map(|(key, _)| *key)
            .chain(self.deleted.iter().copied())
    }
}

/// The status of the newest version of a key, and its replica without what differs from write to write.
fn fate(world: &World, key: &str) -> Value {
    let versions = |bucket: &str| world.buckets(&format!("/{bucket}/objects"))[key].clone();
    let newest = &versions("source")[0];
    let copies = versions("destination");
    let replica = copies
        .as_array()
        .into_iter()
        .flatten()
        .find(|copy| copy["version_id"] == newest["version_id"]);
    let replica = replica.map(|copy| {
        json!({
            "owner": copy["owner"], "tags": copy["tags"],
            "encryption": copy["encryption"], "marker": copy["delete_marker"],
        })
    });
    json!({ "status": newest["replication_status"], "replica": replica })
}
