//! The key that AWS manages for S3, one in each account and Region: made when it is first asked for, with a policy that
//! nobody changes.

use std::collections::BTreeMap;

use serde_json::json;

use super::Kms;
use super::names::{AWS_S3, Name, Of};
use super::state::{Alias, Key, Place, State, Status};
use crate::ids::Ids;

/// Makes the key if this is its name and it is not there yet.
pub(crate) fn make(kms: &Kms, state: &mut State, name: &Name) {
    let is_it = matches!(&name.of, Of::Alias(alias) if alias == AWS_S3);
    let there = state.store(&name.place);
    if !is_it || there.is_some_and(|store| store.aliases.contains_key(AWS_S3)) {
        return;
    }
    let key = key(kms, &name.place);
    let alias = Alias {
        key: key.id.clone(),
        created: key.created,
        updated: key.created,
    };
    let store = state.store_mut(&name.place);
    store.keys.insert(key.id.clone(), key);
    store.aliases.insert(AWS_S3.to_owned(), alias);
}

/// Its id hangs on nothing but where it is, so that it does not matter who asks first.
fn key(kms: &Kms, place: &Place) -> Key {
    let domain = format!("{AWS_S3} {} {}", place.account, place.region);
    Key {
        id: Ids::new(kms.shared.seed, &domain).uuid(),
        place: place.clone(),
        created: kms.now(),
        description: "Default key that protects my S3 objects when no other key is defined"
            .to_owned(),
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        multi_region: false,
        managed: true,
        status: Status::Enabled,
        policy: policy(place),
        tags: BTreeMap::new(),
        // "All AWS managed keys are automatically rotated every year" (KMS Developer Guide).
        rotation: Some(365),
    }
}

/// Everyone in the account through S3, and nobody else (KMS Developer Guide, "AWS managed keys"; the policy as accounts show
/// it).
fn policy(Place { account, region }: &Place) -> String {
    let used = json!({
        "Sid": "Allow access through S3 for all principals in the account that are authorized to use S3",
        "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": { "StringEquals": {
            "kms:ViaService": format!("s3.{region}.amazonaws.com"), "kms:CallerAccount": account,
        } },
    });
    let seen = json!({
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*"], "Resource": "*",
    });
    json!({ "Version": "2012-10-17", "Id": "auto-s3-2", "Statement": [used, seen] }).to_string()
}
