//! Generated policies: their text, and that they hold exactly what the rules need.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::ids::{Arn, BucketName, Partition, Region};
use crate::policy::generate::{
    BucketKeys, DestinationInput, KeyPolicyInput, KeySide, KmsAccess, RoleBy, RolePolicyInput,
    RuleAccess, destination_statements, key_policy_grants, replication_role_policy, trust_for_s3,
};
use crate::policy::{PolicyDocument, Statement, size};
use crate::spec::DeleteMarkers;

fn arn(text: &str) -> Arn {
    Arn::new(text).unwrap()
}

fn key(region: &str, name: &str) -> Arn {
    arn(&format!("arn:aws:kms:{region}:111111111111:key/{name}"))
}

fn rule(prefix: &str) -> RuleAccess {
    RuleAccess {
        source_bucket: BucketName::new("src").unwrap(),
        source_region: Region::new("eu-west-1").unwrap(),
        source_object_lock: false,
        destination_bucket: BucketName::new("dst").unwrap(),
        destination_region: Region::new("eu-central-1").unwrap(),
        prefix: prefix.to_owned(),
        delete_markers: DeleteMarkers::Keep,
        owner_override: false,
        kms: None,
        destination_default_key: None,
        destination_bucket_keys: BucketKeys::Unused,
    }
}

fn policy(rules: &[RuleAccess]) -> PolicyDocument {
    replication_role_policy(&RolePolicyInput {
        mark: String::new(),
        rules: rules.to_vec(),
    })
}

fn destination(rules: &[RuleAccess]) -> Vec<Statement> {
    destination_statements(&DestinationInput {
        sid: "OursOrders".to_owned(),
        role: arn("arn:aws:iam::111111111111:role/s3ferry/r"),
        bucket: BucketName::new("dst").unwrap(),
        partition: Partition::Commercial,
        rules: rules.iter().map(RuleAccess::replica_access).collect(),
    })
}

#[track_caller]
fn statements(document: &PolicyDocument, expected: &[&str]) {
    let found: Vec<&str> = document.statements().iter().map(Statement::raw).collect();
    assert_eq!(found, expected);
}

#[test]
fn only_s3_may_assume_the_role() {
    assert_eq!(
        trust_for_s3().to_json(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#
    );
}

#[test]
fn a_plain_rule_needs_three_statements() {
    statements(
        &policy(&[rule("")]),
        &[
            r#"{"Sid":"SourceBucket","Effect":"Allow","Action":["s3:GetReplicationConfiguration","s3:ListBucket"],"Resource":"arn:aws:s3:::src"}"#,
            r#"{"Sid":"SourceObjects","Effect":"Allow","Action":["s3:GetObjectVersionForReplication","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging","s3:GetObjectVersionAnnotationForReplication"],"Resource":"arn:aws:s3:::src/*"}"#,
            r#"{"Sid":"ReplicaObjects","Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}"#,
        ],
    );
    assert_eq!(
        policy(&[rule("")]).to_json().split(r#""Statement""#).next(),
        Some(r#"{"Version":"2012-10-17","#)
    );
    assert!(policy(&[]).is_empty());
}

#[test]
fn each_option_adds_its_actions_to_its_prefix() {
    let mut logs = rule("logs/");
    logs.delete_markers = DeleteMarkers::Mirror;
    logs.owner_override = true;
    logs.source_object_lock = true;
    statements(
        &policy(&[logs, rule("a")]),
        &[
            r#"{"Sid":"SourceBucket","Effect":"Allow","Action":["s3:GetReplicationConfiguration","s3:ListBucket"],"Resource":"arn:aws:s3:::src"}"#,
            r#"{"Sid":"SourceObjects","Effect":"Allow","Action":["s3:GetObjectVersionForReplication","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging","s3:GetObjectVersionAnnotationForReplication"],"Resource":"arn:aws:s3:::src/a*"}"#,
            r#"{"Sid":"SourceObjectsLocks","Effect":"Allow","Action":["s3:GetObjectVersionForReplication","s3:GetObjectVersionAcl","s3:GetObjectVersionTagging","s3:GetObjectVersionAnnotationForReplication","s3:GetObjectRetention","s3:GetObjectLegalHold"],"Resource":"arn:aws:s3:::src/logs/*"}"#,
            r#"{"Sid":"ReplicaObjects","Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/a*"}"#,
            r#"{"Sid":"ReplicaObjectsDeletesOwner","Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags","s3:ObjectOwnerOverrideToBucketOwner"],"Resource":"arn:aws:s3:::dst/logs/*"}"#,
        ],
    );
}

#[test]
fn what_a_larger_prefix_has_is_not_granted_again() {
    let mut logs = rule("logs/");
    logs.delete_markers = DeleteMarkers::Mirror;
    let document = policy(&[rule(""), logs, rule("logs/2026/")]);
    let replicas: Vec<&str> = document.statements()[2..]
        .iter()
        .map(Statement::raw)
        .collect();
    assert_eq!(
        replicas,
        [
            r#"{"Sid":"ReplicaDeletes","Effect":"Allow","Action":"s3:ReplicateDelete","Resource":"arn:aws:s3:::dst/logs/*"}"#,
            r#"{"Sid":"ReplicaObjects","Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/*"}"#,
        ]
    );
}

#[test]
fn keys_are_bound_to_their_service_bucket_and_prefix() {
    let mut orders = rule("orders/");
    orders.kms = Some(KmsAccess {
        source_keys: vec![key("eu-west-1", "b"), key("eu-west-1", "a")],
        replica_key: key("eu-central-1", "r"),
    });
    let mut plain = rule("plain/");
    plain.destination_default_key = Some(key("eu-central-1", "r"));
    let document = policy(&[orders.clone(), plain]);
    let keys: Vec<&str> = document.statements()[3..]
        .iter()
        .map(Statement::raw)
        .collect();
    assert_eq!(
        keys,
        [
            r#"{"Sid":"SourceKey","Effect":"Allow","Action":"kms:Decrypt","Resource":["arn:aws:kms:eu-west-1:111111111111:key/a","arn:aws:kms:eu-west-1:111111111111:key/b"],"Condition":{"StringLike":{"kms:ViaService":"s3.eu-west-1.amazonaws.com","kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::src","arn:aws:s3:::src/orders/*"]}}}"#,
            r#"{"Sid":"ReplicaKey","Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:eu-central-1:111111111111:key/r","Condition":{"StringLike":{"kms:ViaService":"s3.eu-central-1.amazonaws.com","kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::dst","arn:aws:s3:::dst/orders/*"]}}}"#,
            r#"{"Sid":"ReplicaKey2","Effect":"Allow","Action":["kms:Encrypt","kms:GenerateDataKey"],"Resource":"arn:aws:kms:eu-central-1:111111111111:key/r","Condition":{"StringLike":{"kms:ViaService":"s3.eu-central-1.amazonaws.com","kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::dst","arn:aws:s3:::dst/orders/*","arn:aws:s3:::dst/plain/*"]}}}"#,
        ]
    );
    let alone = policy(&[orders]);
    let replica_key = alone.statement("ReplicaKey").unwrap();
    assert_eq!(
        replica_key.actions().listed(),
        &["kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"]
    );
}

#[test]
fn keys_of_different_prefixes_do_not_lend_each_other_their_objects() {
    let with_key = |prefix: &str, name: &str| {
        let mut rule = rule(prefix);
        rule.kms = Some(KmsAccess {
            source_keys: vec![key("eu-west-1", name)],
            replica_key: key("eu-central-1", "r"),
        });
        rule
    };
    let document = policy(&[
        with_key("a/", "a"),
        with_key("b/", "b"),
        with_key("a/", "c"),
    ]);
    let resources = |sid: &str| {
        document
            .statement(sid)
            .unwrap()
            .resources()
            .unwrap()
            .listed()
            .len()
    };
    assert_eq!(
        (
            resources("SourceKey"),
            resources("SourceKey2"),
            resources("ReplicaKey")
        ),
        (2, 1, 1)
    );
    assert!(document.statement("SourceKey3").is_none());
}

#[test]
fn china_has_its_own_arns_and_both_service_names() {
    let mut rule = rule("x");
    rule.source_region = Region::new("cn-north-1").unwrap();
    rule.destination_region = Region::new("cn-northwest-1").unwrap();
    rule.kms = Some(KmsAccess {
        source_keys: vec![arn("arn:aws-cn:kms:cn-north-1:111111111111:key/a")],
        replica_key: arn("arn:aws-cn:kms:cn-northwest-1:222222222222:key/r"),
    });
    let document = policy(&[rule]);
    assert!(!document.to_json().contains("arn:aws:"));
    let via = &document.statement("SourceKey").unwrap().conditions()[0];
    assert_eq!(
        via.values,
        [
            "s3.cn-north-1.amazonaws.com.cn",
            "s3.cn-north-1.amazonaws.com"
        ]
    );
}

#[test]
fn the_destination_allows_objects_only() {
    let mut mirrored = rule("a");
    mirrored.delete_markers = DeleteMarkers::Mirror;
    let found = destination(&[rule("b*"), mirrored]);
    let found: Vec<&str> = found.iter().map(Statement::raw).collect();
    assert_eq!(
        found,
        [
            r#"{"Sid":"OursOrdersObjects","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/s3ferry/r"},"Action":["s3:ReplicateObject","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/b${*}*"}"#,
            r#"{"Sid":"OursOrdersObjectsDeletes","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/s3ferry/r"},"Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags"],"Resource":"arn:aws:s3:::dst/a*"}"#,
        ]
    );
}

#[test]
fn a_key_policy_names_the_role_and_what_s3_says_of_itself() {
    let role = arn("arn:aws:iam::111111111111:role/s3ferry/r");
    let (source, replica) = (key("eu-west-1", "s"), key("eu-central-1", "r"));
    let texts = |rules: &[RuleAccess], key: &Arn, side: KeySide| {
        let grants = key_policy_grants(&KeyPolicyInput {
            sid: "Ours",
            role: &role,
            by: RoleBy::Name,
            key,
            side,
            rules,
        });
        let texts = grants.into_iter();
        texts
            .map(|of| of.statement.raw().to_owned())
            .collect::<Vec<_>>()
    };
    let mut default = rule("a");
    default.destination_default_key = Some(replica.clone());
    assert_eq!(
        texts(std::slice::from_ref(&default), &replica, KeySide::Replica),
        [
            r#"{"Sid":"OursReplicaKey","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/s3ferry/r"},"Action":["kms:Encrypt","kms:GenerateDataKey"],"Resource":"*","Condition":{"StringLike":{"kms:ViaService":"s3.eu-central-1.amazonaws.com","kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::dst","arn:aws:s3:::dst/a*"]}}}"#
        ]
    );
    let decrypts = |rule: &RuleAccess| {
        let texts = texts(std::slice::from_ref(rule), &replica, KeySide::Replica);
        assert_eq!(texts.len(), 1);
        texts[0].contains("kms:Decrypt")
    };
    assert!(!decrypts(&default));
    default.destination_bucket_keys = BucketKeys::Used;
    assert!(decrypts(&default));
    let mut selected = default.clone();
    selected.destination_bucket_keys = BucketKeys::Unused;
    selected.kms = Some(KmsAccess {
        source_keys: vec![source.clone()],
        replica_key: replica.clone(),
    });
    assert!(decrypts(&selected), "bucket keys travel with the object");
    assert_eq!(
        texts(&[selected], &source, KeySide::Source),
        [
            r#"{"Sid":"OursSourceKey","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/s3ferry/r"},"Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:ViaService":"s3.eu-west-1.amazonaws.com","kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::src","arn:aws:s3:::src/a*"]}}}"#
        ]
    );
}

#[test]
fn documents_are_ascii_whatever_the_prefix() {
    let document = policy(&[rule("日本/\u{1F600}\"\\")]);
    assert!(document.to_json().is_ascii());
    assert_eq!(
        document.statements()[1].resources().unwrap().listed(),
        &["arn:aws:s3:::src/日本/\u{1F600}\"\\*"]
    );
    assert_eq!(size::iam(&document), document.to_json().len());
}

const PREFIXES: [&str; 6] = ["", "a", "a/", "a/b", "b*", "b?$"];

/// Bucket keys are a property of the bucket, so that all rules to it agree.
fn bucket_keys(bucket: &str) -> BucketKeys {
    if bucket == "dst-two" {
        BucketKeys::Used
    } else {
        BucketKeys::Unused
    }
}

fn any_rule() -> impl Strategy<Value = RuleAccess> {
    let key_name = || prop::sample::select(vec!["k", "l"]);
    (
        prop::sample::select(PREFIXES.to_vec()),
        prop::sample::select(vec!["src", "src-two"]),
        prop::sample::select(vec![("dst", "eu-central-1"), ("dst-two", "us-east-1")]),
        any::<[bool; 5]>(),
        prop::collection::vec(key_name(), 1..3),
        key_name(),
    )
        .prop_map(
            |(prefix, source, (bucket, region), flags, source_keys, replica)| {
                let [mirror, owner, lock, kms, default] = flags;
                let replica_key = key(region, replica);
                RuleAccess {
                    source_bucket: BucketName::new(source).unwrap(),
                    source_object_lock: lock,
                    destination_bucket: BucketName::new(bucket).unwrap(),
                    destination_region: Region::new(region).unwrap(),
                    delete_markers: if mirror {
                        DeleteMarkers::Mirror
                    } else {
                        DeleteMarkers::Keep
                    },
                    owner_override: owner,
                    destination_bucket_keys: bucket_keys(bucket),
                    destination_default_key: default.then(|| replica_key.clone()),
                    kms: kms.then(|| KmsAccess {
                        source_keys: source_keys
                            .iter()
                            .map(|name| key("eu-west-1", name))
                            .collect(),
                        replica_key,
                    }),
                    ..rule(prefix)
                }
            },
        )
}

/// A request: an action on a resource, in the encryption context of an object or a bucket.
type Request = (String, String, Option<String>);

/// What a rule makes S3 do with an object under its prefix, written down from the domain and not from the code.
fn needs(rule: &RuleAccess, object: &str) -> BTreeSet<Request> {
    let source = format!("arn:aws:s3:::{}", rule.source_bucket);
    let replica = format!("arn:aws:s3:::{}", rule.destination_bucket);
    let mut needs = BTreeSet::new();
    let mut need = |actions: &[&str], resource: &str, context: Option<&str>| {
        for action in actions {
            needs.insert((
                (*action).to_owned(),
                resource.to_owned(),
                context.map(str::to_owned),
            ));
        }
    };
    need(
        &["s3:GetReplicationConfiguration", "s3:ListBucket"],
        &source,
        None,
    );
    if object.starts_with(&rule.prefix) {
        let (from, to) = (format!("{source}/{object}"), format!("{replica}/{object}"));
        need(
            &[
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
                "s3:GetObjectVersionAnnotationForReplication",
            ],
            &from,
            None,
        );
        if rule.source_object_lock {
            need(
                &["s3:GetObjectRetention", "s3:GetObjectLegalHold"],
                &from,
                None,
            );
        }
        need(&["s3:ReplicateObject", "s3:ReplicateTags"], &to, None);
        if rule.delete_markers == DeleteMarkers::Mirror {
            need(&["s3:ReplicateDelete"], &to, None);
        }
        if rule.owner_override {
            need(&["s3:ObjectOwnerOverrideToBucketOwner"], &to, None);
        }
        for key in rule.kms.iter().flat_map(|kms| &kms.source_keys) {
            need(&["kms:Decrypt"], key.as_str(), Some(&from));
            need(&["kms:Decrypt"], key.as_str(), Some(&source));
        }
        for key in rule.kms.iter().map(|kms| &kms.replica_key) {
            need(&["kms:Decrypt"], key.as_str(), Some(&to));
            need(&["kms:Decrypt"], key.as_str(), Some(&replica));
        }
        let selected = rule.kms.as_ref().map(|kms| &kms.replica_key);
        let default = rule.destination_default_key.as_ref();
        for key in selected.into_iter().chain(default) {
            need(
                &["kms:Encrypt", "kms:GenerateDataKey"],
                key.as_str(),
                Some(&to),
            );
            need(
                &["kms:Encrypt", "kms:GenerateDataKey"],
                key.as_str(),
                Some(&replica),
            );
            if rule.destination_bucket_keys == BucketKeys::Used && Some(key) != selected {
                need(&["kms:Decrypt"], key.as_str(), Some(&to));
                need(&["kms:Decrypt"], key.as_str(), Some(&replica));
            }
        }
    }
    needs
}

/// A matcher of its own: escapes become marks that no key holds, then wildcards are tried one by one.
fn matches(pattern: &str, text: &str) -> bool {
    let marked = |text: &str| {
        text.replace('*', "\u{1}")
            .replace('?', "\u{2}")
            .replace('$', "\u{3}")
    };
    let pattern = pattern
        .replace("${*}", "\u{1}")
        .replace("${?}", "\u{2}")
        .replace("${$}", "\u{3}");
    let text = marked(text);
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, "")) => text.starts_with(start),
        Some(_) => panic!("a wildcard in the middle of {pattern}"),
    }
}

fn allows(statement: &Statement, (action, resource, context): &Request) -> bool {
    let conditions = statement.conditions();
    let contexts = conditions
        .iter()
        .find(|one| one.key == "kms:EncryptionContext:aws:s3:arn");
    let in_context = match (contexts, context) {
        (None, None) => true,
        (Some(condition), Some(context)) => {
            condition.values.iter().any(|one| matches(one, context))
        }
        _ => false,
    };
    let resources = statement.resources().unwrap().listed();
    statement.actions().listed().contains(action)
        && resources.iter().any(|one| matches(one, resource))
        && in_context
}

/// Objects on every side of every prefix, and those that a prefix taken for a pattern would match.
const OBJECTS: [&str; 8] = ["x", "a", "a/", "a/b", "a/c", "b*", "bx", "b?$"];

fn all_needs(rules: &[RuleAccess]) -> BTreeSet<Request> {
    rules
        .iter()
        .flat_map(|rule| OBJECTS.iter().flat_map(|object| needs(rule, object)))
        .collect()
}

/// Every request that rules of any kind could ask for, about these buckets, keys and objects.
fn universe() -> BTreeSet<Request> {
    let mut all = BTreeSet::new();
    for source in ["src", "src-two"] {
        for (bucket, region) in [("dst", "eu-central-1"), ("dst-two", "us-east-1")] {
            let everything = RuleAccess {
                source_bucket: BucketName::new(source).unwrap(),
                source_object_lock: true,
                destination_bucket: BucketName::new(bucket).unwrap(),
                destination_region: Region::new(region).unwrap(),
                delete_markers: DeleteMarkers::Mirror,
                owner_override: true,
                destination_bucket_keys: bucket_keys(bucket),
                kms: Some(KmsAccess {
                    source_keys: vec![key("eu-west-1", "k"), key("eu-west-1", "l")],
                    replica_key: key(region, "k"),
                }),
                destination_default_key: Some(key(region, "l")),
                ..rule("")
            };
            all.extend(all_needs(&[everything]));
        }
    }
    all
}

/// The document with one value less in one place, for every such place.
fn weakened(document: &PolicyDocument) -> Vec<Vec<Statement>> {
    let context = "/Condition/StringLike/kms:EncryptionContext:aws:s3:arn";
    let mut weaker = Vec::new();
    for (index, statement) in document.statements().iter().enumerate() {
        let json: serde_json::Value = serde_json::from_str(statement.raw()).unwrap();
        for place in ["/Action", "/Resource", context] {
            let values = match json.pointer(place) {
                Some(serde_json::Value::Array(items)) => items.clone(),
                one => one.cloned().into_iter().collect(),
            };
            for without in 0..values.len() {
                let mut changed = json.clone();
                let mut kept = values.clone();
                kept.remove(without);
                *changed.pointer_mut(place).unwrap() = kept.into();
                let mut statements = document.statements().to_vec();
                statements[index] = Statement::parse(&changed.to_string()).unwrap();
                weaker.push(statements);
            }
        }
    }
    weaker
}

proptest! {
    // Each case looks at some hundred requests, so that fewer cases see as much.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_role_may_do_exactly_what_its_rules_need(rules in prop::collection::vec(any_rule(), 1..5)) {
        let document = policy(&rules);
        let needed = all_needs(&rules);
        for request in universe() {
            let allowed = document.statements().iter().any(|one| allows(one, &request));
            prop_assert_eq!(allowed, needed.contains(&request), "{:?} in {}", request, document.to_json());
        }
    }

    #[test]
    fn nothing_can_be_taken_away(rules in prop::collection::vec(any_rule(), 1..5)) {
        let document = policy(&rules);
        let needed = all_needs(&rules);
        for statements in weakened(&document) {
            let enough = needed.iter().all(|request| statements.iter().any(|one| allows(one, request)));
            prop_assert!(!enough, "{}", PolicyDocument::of(statements).to_json());
        }
    }
}

proptest! {
    #[test]
    fn order_and_repetition_of_rules_do_not_show(
        rules in prop::collection::vec(any_rule(), 1..5),
        turn in any::<prop::sample::Index>(),
    ) {
        let mut others = rules.clone();
        others.rotate_left(turn.index(rules.len()));
        others.push(rules[0].clone());
        prop_assert_eq!(policy(&rules).to_json(), policy(&others).to_json());
        let texts = |rules: &[RuleAccess]| -> Vec<String> {
            destination(rules).iter().map(|one| one.raw().to_owned()).collect()
        };
        prop_assert_eq!(texts(&rules), texts(&others));
    }

    #[test]
    fn generated_text_reads_back_as_itself(rules in prop::collection::vec(any_rule(), 1..5), prefix in "\\PC{0,12}") {
        let mut rules = rules;
        rules[0].prefix = prefix;
        let document = PolicyDocument::of(policy(&rules).statements().iter().cloned().chain(destination(&rules)));
        let read = PolicyDocument::parse(&document.to_json()).unwrap();
        prop_assert_eq!(read.canonical(), document.canonical());
        let sids: BTreeSet<Option<&str>> = document.statements().iter().map(Statement::sid).collect();
        prop_assert_eq!(sids.len(), document.statements().len());
        for sid in sids.into_iter().flatten() {
            prop_assert!(sid.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{}", sid);
        }
    }
}
