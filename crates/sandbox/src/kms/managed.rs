//! The keys that AWS manages for S3 and SNS, one each in each account and Region: made when it is first asked for, with a policy
//! that nobody changes.

use std::collections::BTreeMap;

use serde_json::json;

use super::Kms;
use super::names::{Name, Of};
use super::state::{Alias, Key, Place, State, Status};
use crate::ids::Ids;

/// A key that AWS manages.
#[derive(Debug, Clone, Copy)]
struct Managed {
    alias: &'static str,
    /// The service, as `kms:ViaService` begins and as people read it.
    service: &'static str,
    title: &'static str,
    id: &'static str,
    description: &'static str,
}

const MANAGED: [Managed; 2] = [
    Managed {
        alias: "alias/aws/s3",
        service: "s3",
        title: "S3",
        id: "auto-s3-2",
        description: "Default key that protects my S3 objects when no other key is defined",
    },
    Managed {
        alias: "alias/aws/sns",
        service: "sns",
        title: "SNS",
        id: "auto-sns-1",
        description: "Default key that protects my SNS data when no other key is defined",
    },
];

/// Makes the key if this is its name and it is not there yet.
pub(crate) fn make(kms: &Kms, state: &mut State, name: &Name) {
    let Of::Alias(alias) = &name.of else { return };
    let mut all = MANAGED.into_iter();
    let Some(managed) = all.find(|managed| managed.alias == alias) else {
        return;
    };
    let there = state.store(&name.place);
    if there.is_some_and(|store| store.aliases.contains_key(managed.alias)) {
        return;
    }
    let key = key(kms, &name.place, managed);
    let alias = Alias {
        key: key.id.clone(),
        created: key.created,
        updated: key.created,
    };
    let store = state.store_mut(&name.place);
    store.keys.insert(key.id.clone(), key);
    store.aliases.insert(managed.alias.to_owned(), alias);
}

/// Its id hangs on nothing but where it is, so that it does not matter who asks first.
fn key(kms: &Kms, place: &Place, managed: Managed) -> Key {
    let domain = format!("{} {} {}", managed.alias, place.account, place.region);
    Key {
        id: Ids::new(kms.shared.seed, &domain).uuid(),
        place: place.clone(),
        created: kms.now(),
        description: managed.description.to_owned(),
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        multi_region: false,
        managed: true,
        status: Status::Enabled,
        policy: policy(place, managed),
        tags: BTreeMap::new(),
        // "All AWS managed keys are automatically rotated every year" (KMS Developer Guide).
        rotation: Some(365),
    }
}

/// Everyone in the account through the service, and nobody else (KMS Developer Guide, "AWS managed keys"; the policy as accounts show
/// it).
fn policy(Place { account, region }: &Place, managed: Managed) -> String {
    let Managed {
        service, title, id, ..
    } = managed;
    let used = json!({
        "Sid": format!("Allow access through {title} for all principals in the account that are authorized to use {title}"),
        "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": { "StringEquals": {
            "kms:ViaService": format!("{service}.{region}.amazonaws.com"), "kms:CallerAccount": account,
        } },
    });
    let seen = json!({
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*"], "Resource": "*",
    });
    json!({ "Version": "2012-10-17", "Id": id, "Statement": [used, seen] }).to_string()
}
