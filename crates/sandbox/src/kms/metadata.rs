//! What DescribeKey shows of a key, and which kinds of key there are.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::state::{Key, Status};

const ENCRYPT: &str = "ENCRYPT_DECRYPT";
const SIGN: &str = "SIGN_VERIFY";
const MAC: &str = "GENERATE_VERIFY_MAC";
const AGREE: &str = "KEY_AGREEMENT";

/// Kinds of key and what each may be for (BC:kms CreateKey, KeySpec); the first is the default of a kind that has one.
const SPECS: [(&str, &[&str]); 13] = [
    ("SYMMETRIC_DEFAULT", &[ENCRYPT]),
    ("RSA_2048", &[ENCRYPT, SIGN]),
    ("RSA_3072", &[ENCRYPT, SIGN]),
    ("RSA_4096", &[ENCRYPT, SIGN]),
    ("ECC_NIST_P256", &[SIGN, AGREE]),
    ("ECC_NIST_P384", &[SIGN, AGREE]),
    ("ECC_NIST_P521", &[SIGN, AGREE]),
    ("ECC_SECG_P256K1", &[SIGN]),
    ("ECC_NIST_EDWARDS25519", &[SIGN]),
    ("HMAC_224", &[MAC]),
    ("HMAC_256", &[MAC]),
    ("HMAC_384", &[MAC]),
    ("HMAC_512", &[MAC]),
];

/// Returns what keys of a kind may be for; none where there is no such kind.
pub(crate) fn usages(spec: &str) -> Option<&'static [&'static str]> {
    let known = SPECS.iter().find(|(known, _)| *known == spec);
    known.map(|(_, usages)| *usages)
}

/// Returns the names of the kinds, as an error lists them.
pub(crate) fn specs() -> String {
    let names: Vec<&str> = SPECS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// Seconds since 1970, as JSON services write times.
pub(crate) fn seconds(time: SystemTime) -> Value {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    json!(since.unwrap_or(Duration::ZERO).as_secs())
}

/// Returns `KeyMetadata`.
pub(crate) fn metadata(key: &Key) -> Value {
    let mut value = json!({
        "AWSAccountId": key.place.account, "KeyId": key.id, "Arn": key.arn(),
        "CreationDate": seconds(key.created), "Enabled": key.status == Status::Enabled,
        "Description": key.description, "KeyUsage": key.usage, "KeyState": key.status.as_str(),
        "Origin": "AWS_KMS", "KeyManager": if key.managed { "AWS" } else { "CUSTOMER" },
        "CustomerMasterKeySpec": key.spec, "KeySpec": key.spec, "MultiRegion": key.multi_region,
    });
    if let Some((field, algorithms)) = algorithms(key) {
        value[field] = json!(algorithms);
    }
    if key.multi_region {
        value["MultiRegionConfiguration"] = json!({
            "MultiRegionKeyType": "PRIMARY", "ReplicaKeys": [],
            "PrimaryKey": { "Arn": key.arn(), "Region": key.place.region },
        });
    }
    if let Status::PendingDeletion { at, .. } = key.status {
        value["DeletionDate"] = seconds(at);
    }
    value
}

fn algorithms(key: &Key) -> Option<(&'static str, Vec<&'static str>)> {
    match (key.usage.as_str(), key.is_symmetric()) {
        (ENCRYPT, true) => Some(("EncryptionAlgorithms", vec!["SYMMETRIC_DEFAULT"])),
        (ENCRYPT, false) => Some((
            "EncryptionAlgorithms",
            vec!["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
        )),
        _ => None,
    }
}
