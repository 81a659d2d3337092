//! A case: a migration as it is live, and what its rules need.

use std::collections::BTreeSet;

use super::sight::LiveObject;
use crate::goals::canary::{SourceKey, source_key};
use crate::ids::Arn;
use crate::merge::advice;
use crate::migration::keys_of_rule;
use crate::model::kinds::replication::{Rule, Status};
use crate::model::kinds::{Document, ObjectOwnership, ReplicationConfiguration, Role, RoleTexts};
use crate::model::{BucketPart, BucketRef, KeyRef, OutOfReach, RolePart, RoleRef, Target};
use crate::policy::PolicyDocument;
use crate::policy::generate::{
    BucketKeys, KeyGrant, KeyPolicyInput, KeySide, KmsAccess, RoleBy, RuleAccess, key_policy_grants,
};
use crate::route::{Route, Side};
use crate::scene::Scene;
use crate::spec::DeleteMarkers;

/// A migration as it is live.
pub(super) struct Case<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) route: &'a Route<'a>,
    pub(super) live: Option<&'a ReplicationConfiguration>,
    /// The role that the configuration names.
    pub(super) role: Option<(RoleRef, Arn)>,
    /// The enabled rules to the destination, each with what it needs; where none is, those that are there: they would need it.
    pub(super) rules: Vec<(&'a Rule, RuleAccess)>,
    /// The keys that source objects are under, as far as they are known.
    pub(super) source_keys: BTreeSet<Arn>,
}

/// What is known of a target.
pub(super) enum Known<'a> {
    /// What it holds, or that it holds nothing.
    Held(Option<&'a Document>),
    /// Why nobody knows.
    Unread(&'a str),
}

/// A use of a key: on which side, and what S3 asks of it.
pub(super) struct KeyAsked {
    pub(super) key: Arn,
    pub(super) side: KeySide,
    pub(super) grants: Vec<KeyGrant>,
}

impl<'a> Case<'a> {
    pub(super) fn of(
        scene: &'a Scene<'a>,
        route: &'a Route<'a>,
        object: Option<&LiveObject>,
    ) -> Self {
        let target = Target::Bucket(route.source.clone(), BucketPart::Replication);
        let live = match scene.observed.document(&target) {
            Some(Document::Replication(live)) => Some(live),
            Some(_) | None => None,
        };
        let role = live.and_then(|live| {
            let arn = Arn::new(live.role.clone()).ok()?;
            Some((live.runs_as()?, arn))
        });
        let mut case = Self {
            scene,
            route,
            live,
            role,
            rules: Vec::new(),
            source_keys: BTreeSet::new(),
        };
        case.source_keys = case.keys_of_source(object);
        let acts = case.to_destination().any(Rule::is_enabled);
        let judged = case.to_destination();
        let judged = judged.filter(|rule| rule.is_enabled() || !acts);
        case.rules = judged.map(|rule| (rule, case.needs(rule))).collect();
        case
    }

    /// The live rules to the destination, whosever they are.
    pub(super) fn to_destination(&self) -> impl Iterator<Item = &'a Rule> {
        let to = &self.route.destination.bucket;
        let rules = self.live.into_iter().flat_map(|live| &live.rules);
        rules.filter(move |rule| rule.destination_bucket().as_ref() == Some(to))
    }

    pub(super) fn known(&self, target: &Target) -> Known<'a> {
        match self.scene.observed.out_of_reach().get(target) {
            Some(OutOfReach::Unread(why)) => Known::Unread(why),
            // Whatever is there is nobody's here.
            Some(OutOfReach::Elsewhere(_)) => Known::Held(None),
            None => Known::Held(self.scene.observed.document(target)),
        }
    }

    pub(super) fn address(&self, target: &Target) -> String {
        self.scene.names.address(target)
    }

    pub(super) fn part(&self, side: Side, part: BucketPart) -> Target {
        Target::Bucket(self.bucket(side).clone(), part)
    }

    pub(super) const fn bucket(&self, side: Side) -> &'a BucketRef {
        match side {
            Side::Source => &self.route.source,
            Side::Destination => &self.route.destination,
        }
    }

    /// What a setting of a bucket holds.
    pub(super) fn setting(&self, side: Side, part: BucketPart) -> Option<&'a Document> {
        self.scene.observed.document(&self.part(side, part))
    }

    /// Whether a bucket is not there, or somebody else's.
    pub(super) fn is_gone(&self, side: Side) -> bool {
        let versioning = self.part(side, BucketPart::Versioning);
        matches!(self.known(&versioning), Known::Held(None))
    }

    /// The role, where it is there.
    pub(super) fn live_role(&self) -> Option<&'a Role> {
        let (role, _) = self.role.as_ref()?;
        match self
            .scene
            .observed
            .document(&Target::Role(role.clone(), RolePart::Itself))
        {
            Some(Document::Role(role)) => Some(role),
            Some(_) | None => None,
        }
    }

    /// What the role's policies say, where that is known.
    pub(super) fn texts(&self) -> Option<&'a RoleTexts> {
        let (role, _) = self.role.as_ref()?;
        let texts = Target::Role(role.clone(), RolePart::Texts);
        match self.scene.observed.document(&texts) {
            Some(Document::RoleTexts(texts)) => Some(texts),
            Some(_) | None => None,
        }
    }

    /// The policies of the role's own that can be read, each with its address.
    pub(super) fn own_policies(&self) -> Vec<(String, &'a PolicyDocument)> {
        let Some((role, _)) = &self.role else {
            return Vec::new();
        };
        let at = self.address(&Target::Role(role.clone(), RolePart::Itself));
        let granting = self.texts().into_iter().flat_map(RoleTexts::granting);
        let readable =
            granting.filter_map(|(path, policy)| Some((format!("{at}{path}"), policy.document()?)));
        readable.collect()
    }

    /// What limits the role, where something does and it can be read: its ARN and what it says.
    pub(super) fn boundary(&self) -> Option<(&'a str, &'a PolicyDocument)> {
        let (arn, policy) = self.texts()?.boundary.as_ref()?;
        Some((arn, policy.as_ref()?.document()?))
    }

    /// Whether a rule carries delete markers.
    pub(super) fn mirrors(&self) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|(_, of)| of.delete_markers == DeleteMarkers::Mirror)
    }

    /// Whether a rule selects objects under KMS keys.
    pub(super) fn is_for_kms(&self) -> bool {
        self.rules.iter().any(|(rule, _)| rule.is_for_kms())
    }

    /// The keys that rules use, each once a side.
    pub(super) fn keys(&self) -> Vec<KeyAsked> {
        let Some((_, role)) = &self.role else {
            return Vec::new();
        };
        let rules: Vec<RuleAccess> = self.rules.iter().map(|(_, of)| of.clone()).collect();
        let kms = || rules.iter().filter_map(|rule| rule.kms.as_ref());
        let sources = kms().flat_map(|kms| &kms.source_keys);
        let replicas = kms().map(|kms| &kms.replica_key);
        let found = sources.map(|key| (KeySide::Source, key));
        let found = found.chain(replicas.map(|key| (KeySide::Replica, key)));
        let found: BTreeSet<(KeySide, &Arn)> = found.collect();
        let asked = found.into_iter().map(|(side, key)| KeyAsked {
            grants: key_policy_grants(&KeyPolicyInput {
                sid: "",
                role,
                by: RoleBy::Name,
                key,
                side,
                rules: &rules,
            }),
            key: key.clone(),
            side,
        });
        asked.collect()
    }

    /// The Sid of a statement to add: another one for each document and each thing.
    pub(super) fn sid(&self, address: &str, what: &str) -> String {
        advice::sid("AllowS3Replication", &format!("{address} {what}"))
    }

    /// The keys that source objects are under: those that the spec names, the bucket's default, the object's.
    fn keys_of_source(&self, object: Option<&LiveObject>) -> BTreeSet<Arn> {
        let rules = self.route.migration.rules.iter();
        let named = rules.flat_map(|rule| {
            let replica = rule.kms.as_ref().map(|kms| &kms.replica_key);
            keys_of_rule(rule).filter(move |key| Some(*key) != replica)
        });
        let default = match source_key(self.scene, &self.route.source) {
            Some(SourceKey::Named(key)) => Arn::new(key).ok(),
            Some(SourceKey::AwsManaged) | None => None,
        };
        let of_object = object.and_then(LiveObject::kms_key);
        let of_object = of_object.and_then(|key| Arn::new(key).ok());
        let all = named.cloned().chain(default).chain(of_object);
        all.filter(|key| KeyRef::of_arn(key).is_some()).collect()
    }

    fn needs(&self, rule: &Rule) -> RuleAccess {
        let (source, destination) = (&self.route.source, &self.route.destination);
        let means = rule.meaning();
        let enforced = matches!(
            self.setting(Side::Destination, BucketPart::Ownership),
            Some(Document::Ownership(ObjectOwnership::BucketOwnerEnforced))
        );
        let replica_key = means.replica_key.and_then(|key| Arn::new(key).ok());
        let replica_key = replica_key.filter(|key| KeyRef::of_arn(key).is_some());
        let kms = replica_key.filter(|_| rule.is_for_kms());
        RuleAccess {
            source_bucket: source.bucket.clone(),
            source_region: source.region.clone(),
            source_object_lock: self.setting(Side::Source, BucketPart::ObjectLock).is_some(),
            destination_bucket: destination.bucket.clone(),
            destination_region: destination.region.clone(),
            prefix: means.prefix,
            delete_markers: if means.delete_markers == Status::Enabled {
                DeleteMarkers::Mirror
            } else {
                DeleteMarkers::Keep
            },
            owner_override: means.owner_override.is_some() && !enforced,
            kms: kms.map(|replica_key| KmsAccess {
                source_keys: self.source_keys.iter().cloned().collect(),
                replica_key,
            }),
            // It takes only what is not encrypted at all, which nothing new is (UG:replication-config-for-kms-objects).
            destination_default_key: None,
            destination_bucket_keys: BucketKeys::Unused,
        }
    }
}
