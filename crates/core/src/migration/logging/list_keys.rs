//! The keys that lists of inventories are encrypted with: S3 uses a customer's key only where its policy lets it
//! (UG:configure-inventory), and says nothing where it does not.

use super::places::Delivered;
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::Arn;
use crate::merge::advice;
use crate::migration::finding;
use crate::migration::keys::look::{Blind, Seen, look, missing};
use crate::model::{BucketPart, Document, KeyPart, KeyRef, Observed, Target};
use crate::policy::service::{Let, ServiceCall};
use crate::policy::{Effect, Statement};
use crate::route::{Recorded, Route};
use crate::scene::Scene;
use crate::spec::{InventoryPlace, ListEncryption};
use FindingLevel::{Blocked, Warning};

type Listed<'a> = Recorded<'a, InventoryPlace>;

/// What S3 writes lists as.
const S3: &str = "s3.amazonaws.com";
const ENCRYPT: &str = "kms:GenerateDataKey";

/// A key that lists are encrypted with.
enum ListKey {
    /// `aws/s3`, as the default of the bucket that they go to.
    Managed,
    /// By the name that the spec or that bucket gives it.
    Named(String),
}

fn of(observed: Option<&Observed>, listed: &Listed<'_>) -> Option<ListKey> {
    match &listed.place.encryption {
        Some(ListEncryption::SseKms(key)) => return Some(ListKey::Named(key.to_string())),
        Some(ListEncryption::SseS3) => return None,
        None => {}
    }
    let default = Target::Bucket(listed.to.clone(), BucketPart::Encryption);
    match observed?.document(&default) {
        Some(Document::Encryption(live)) if live.algorithm != "AES256" => {
            let named = live.key.clone().map(ListKey::Named);
            Some(named.unwrap_or(ListKey::Managed))
        }
        _ => None,
    }
}

/// The keys to look at, as far as the spec and what was read name them.
pub(super) fn reads(route: &Route<'_>, observed: Option<&Observed>) -> Vec<Target> {
    let listed = route.inventories().into_iter();
    let named = listed.filter_map(|listed| match of(observed, &listed)? {
        ListKey::Named(name) => KeyRef::of_arn(&Arn::new(name).ok()?),
        ListKey::Managed => None,
    });
    let parts = |key: KeyRef| KeyPart::LOOKED_AT.map(|part| Target::Key(key.clone(), part));
    named.flat_map(parts).collect()
}

/// What keeps lists from being encrypted.
pub(super) fn warns(
    scene: &Scene<'_>,
    listed: &Listed<'_>,
    to: &Delivered<'_>,
    future: &Future<'_>,
) -> Vec<Finding> {
    let name = match of(Some(scene.observed), listed) {
        None => return Vec::new(),
        Some(ListKey::Managed) => {
            let default = to.part(BucketPart::Encryption);
            return vec![managed(scene.names.address(&default), to)];
        }
        Some(ListKey::Named(name)) => name,
    };
    let key = Arn::new(&name).map_err(|_| {
        let why = "it is not named by its ARN";
        Blind::Elsewhere(name.clone(), why.to_owned())
    });
    match key.and_then(|key| look(scene, &key)) {
        Err(blind) => vec![unseen(listed, blind)],
        Ok(seen) => of_key(scene, listed, to, &seen, future),
    }
}

fn of_key(
    scene: &Scene<'_>,
    listed: &Listed<'_>,
    to: &Delivered<'_>,
    seen: &Seen<'_>,
    future: &Future<'_>,
) -> Vec<Finding> {
    let address = seen.address(scene, KeyPart::Itself);
    if let Some(why) = seen.unusable(&listed.to) {
        return vec![why.told(Blocked, address, &what_fails(listed))];
    }
    if seen.live.is_of_aws() {
        return vec![managed(address, to)];
    }
    let policy = match seen.policy(scene, future) {
        Ok(policy) => policy,
        Err(blind) => return vec![unseen(listed, blind)],
    };
    let mut findings = seen.dangling(scene, future);
    let at = seen.address(scene, KeyPart::Policy);
    let source = listed.of.arn().to_string();
    let key = seen.key.arn();
    findings.extend(
        match policy.lets(ServiceCall {
            service: S3,
            account: listed.of.account.as_str(),
            source: &source,
            action: ENCRYPT,
            resource: &key,
        }) {
            Let::Through => None,
            Let::Not => Some(closed(listed, at)),
            Let::Perhaps => {
                let why = "it hangs on a condition that cannot be judged here";
                Some(unsure(listed, at, why))
            }
        },
    );
    findings
}

fn what_fails(listed: &Listed<'_>) -> String {
    format!("inventories of {} are not delivered", listed.of.bucket)
}

fn unseen(listed: &Listed<'_>, blind: Blind) -> Finding {
    match blind {
        Blind::Missing(at) => missing(Blocked, at, &what_fails(listed)),
        Blind::Unread(at, why) | Blind::Elsewhere(at, why) => unsure(listed, at, &why),
    }
}

fn closed(listed: &Listed<'_>, at: String) -> Finding {
    finding(
        "inventory-key-closed",
        Blocked,
        at,
        format!(
            "the key's policy does not let S3 encrypt inventories of {} with the key: none is delivered",
            listed.of.bucket
        ),
        &format!(
            "{}\nadd this to the key's policy, or take away what denies it there",
            statement(listed)
        ),
    )
}

fn unsure(listed: &Listed<'_>, at: String, why: &str) -> Finding {
    finding(
        "inventory-key-unchecked",
        Warning,
        at,
        format!(
            "whether the key's policy lets S3 encrypt inventories of {} cannot be told ({why}); without this statement in it none may be delivered",
            listed.of.bucket
        ),
        &statement(listed),
    )
}

/// What lets S3 encrypt the lists of one bucket (UG:configure-inventory, "Granting Amazon S3 permission to use your customer
/// managed key for encryption").
fn statement(listed: &Listed<'_>) -> String {
    let source = listed.of.arn();
    let sid = advice::sid("AllowS3Inventory", source.as_str());
    Statement::builder(sid, Effect::Allow, [ENCRYPT])
        .principals("Service", [S3])
        .resources(["*"])
        .condition(
            "StringEquals",
            "aws:SourceAccount",
            [listed.of.account.as_str()],
        )
        .condition("ArnLike", "aws:SourceArn", [source.as_str()])
        .build()
        .raw()
        .to_owned()
}

/// Nobody writes the policy of a key that AWS manages (UG:configure-inventory: it is not supported).
fn managed(at: String, to: &Delivered<'_>) -> Finding {
    finding(
        "inventory-managed-key",
        Blocked,
        at,
        "inventories would be encrypted with the AWS managed key aws/s3, which S3 cannot encrypt them with".to_owned(),
        &format!(
            "write encryption: sse-s3 in {}, or a kms_key of your own\nor {}",
            to.field,
            to.elsewhere()
        ),
    )
}
