//! Looking at a key: whether it is there, and what keeps S3 from using it, whoever it is for.

use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::Arn;
use crate::migration::access::dangling;
use crate::migration::finding;
use crate::model::kinds::{Document, Key, Says};
use crate::model::{BucketRef, KeyPart, KeyRef, OutOfReach, Target};
use crate::policy::PolicyDocument;
use crate::scene::Scene;

/// A key that is there.
pub(crate) struct Seen<'a> {
    pub(crate) key: KeyRef,
    pub(crate) live: &'a Key,
}

/// Why nothing can be said of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blind {
    /// There is none; its address.
    Missing(String),
    /// It could not be looked at, in an account of the spec; its address and why.
    Unread(String, String),
    /// Nobody of the spec can look at it; its ARN and why.
    Elsewhere(String, String),
}

/// What keeps S3 from using a key.
pub(crate) struct Unusable {
    pub(crate) code: &'static str,
    pub(crate) what: String,
    pub(crate) help: String,
}

/// Looks at the key of an ARN.
pub(crate) fn look<'a>(scene: &'a Scene<'_>, arn: &Arn) -> Result<Seen<'a>, Blind> {
    let known = KeyRef::of_arn(arn).filter(|key| scene.names.knows(&key.account));
    let Some(key) = known else {
        let why = "its account is not among those of the spec, or its ARN is not that of a key";
        return Err(Blind::Elsewhere(arn.to_string(), why.to_owned()));
    };
    let part = |part| Target::Key(key.clone(), part);
    let address = scene.names.address(&part(KeyPart::Itself));
    for target in KeyPart::LOOKED_AT.map(part) {
        let why = match scene.observed.out_of_reach().get(&target) {
            Some(OutOfReach::Unread(code) | OutOfReach::Elsewhere(code)) => code.as_str(),
            None if scene.observed.knows(&target) => continue,
            None => "it was not read",
        };
        return Err(Blind::Unread(address, why.to_owned()));
    }
    match scene.observed.document(&part(KeyPart::Itself)) {
        Some(Document::Key(live)) => Ok(Seen { key, live }),
        _ => Err(Blind::Missing(address)),
    }
}

impl<'a> Seen<'a> {
    pub(crate) fn address(&self, scene: &Scene<'_>, part: KeyPart) -> String {
        scene.names.address(&Target::Key(self.key.clone(), part))
    }

    /// What the key's policy will say.
    pub(crate) fn policy<'b>(
        &self,
        scene: &Scene<'_>,
        future: &Future<'b>,
    ) -> Result<&'b PolicyDocument, Blind> {
        let target = Target::Key(self.key.clone(), KeyPart::Policy);
        let blind = |why: String| Blind::Unread(scene.names.address(&target), why);
        let Some(Document::KeyPolicy(policy)) = future.document(&target) else {
            return Err(blind("it has no policy".to_owned()));
        };
        match policy.says() {
            Says::Readable(policy) => Ok(policy),
            Says::Unreadable(error) => Err(blind(format!("its policy cannot be read: {error}"))),
        }
    }

    /// Statements of others in its policy that name nobody any more.
    pub(crate) fn dangling(&self, scene: &Scene<'_>, future: &Future<'_>) -> Vec<Finding> {
        let target = Target::Key(self.key.clone(), KeyPart::Policy);
        dangling(scene, &target, future)
    }

    /// What keeps S3 from using it for a bucket, whatever its policy says.
    pub(crate) fn unusable(&self, bucket: &BucketRef) -> Option<Unusable> {
        self.of_another_kind()
            .or_else(|| self.of_its_state())
            .or_else(|| self.of_another_region(bucket))
    }

    fn of_another_kind(&self) -> Option<Unusable> {
        let Key { spec, usage, .. } = self.live;
        (!self.live.is_symmetric()).then(|| {
            key_finding(
                "key-not-symmetric",
                format!(
                    "the key is {spec} for {usage}, and S3 takes symmetric encryption keys only"
                ),
                "name a key of spec SYMMETRIC_DEFAULT and usage ENCRYPT_DECRYPT",
            )
        })
    }

    /// Keys of all other states fail when they are used (KMS Developer Guide, "Key states of AWS KMS keys"). One whose primary
    /// Region is being changed goes on working (ibid., "The Updating key state").
    fn of_its_state(&self) -> Option<Unusable> {
        let KeyRef { region, id, .. } = &self.key;
        let enable = format!("aws kms enable-key --region {region} --key-id {id}");
        let way = match self.live.state.as_str() {
            "Enabled" | "Updating" => return None,
            "PendingDeletion" | "PendingReplicaDeletion" => {
                return Some(key_finding(
                    "key-pending-deletion",
                    "the key is waiting to be deleted".to_owned(),
                    &format!(
                        "aws kms cancel-key-deletion --region {region} --key-id {id}\n{enable}\n{ANOTHER_KEY}"
                    ),
                ));
            }
            "Disabled" => &enable,
            "PendingImport" => {
                "import its key material (aws kms get-parameters-for-import, import-key-material)"
            }
            "Unavailable" => "connect its key store again (aws kms connect-custom-key-store)",
            _ => "wait until it is Enabled",
        };
        Some(key_finding(
            "key-disabled",
            format!("the key is in state {}", self.live.state),
            &format!("{way}\n{ANOTHER_KEY}"),
        ))
    }

    fn of_another_region(&self, bucket: &BucketRef) -> Option<Unusable> {
        let there = &self.key.region;
        (*there != bucket.region).then(|| {
            let (name, here) = (&bucket.bucket, &bucket.region);
            key_finding(
                "key-wrong-region",
                format!("the key is in {there}, and the bucket {name} is in {here}"),
                "use a key of the bucket's Region",
            )
        })
    }
}

const ANOTHER_KEY: &str = "or name another key in the spec";

fn key_finding(code: &'static str, what: String, help: &str) -> Unusable {
    Unusable {
        code,
        what,
        help: help.to_owned(),
    }
}

impl Unusable {
    /// A key that AWS manages has a policy of AWS's, which lets nobody of another account in.
    pub(crate) fn managed(help: &str) -> Self {
        key_finding(
            "key-aws-managed",
            "AWS manages the key, and lets nobody of another account use it".to_owned(),
            help,
        )
    }

    /// The finding, with what comes of it.
    pub(crate) fn told(self, level: FindingLevel, address: String, what_fails: &str) -> Finding {
        let Self { code, what, help } = self;
        finding(code, level, address, format!("{what}: {what_fails}"), &help)
    }
}

/// A key that is not there.
pub(crate) fn missing(level: FindingLevel, at: String, what_fails: &str) -> Finding {
    finding(
        "key-missing",
        level,
        at,
        format!("there is no such key: {what_fails}"),
        "correct the key's ARN in the spec; a key that was deleted is gone, and so is what was encrypted with it",
    )
}
