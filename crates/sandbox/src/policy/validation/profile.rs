//! Whose policy it is, and what is special about those.

use super::catalogue::Action;
use super::fault::Fault;
use crate::policy::{Pattern, Wildcards};

/// The policy of what.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Profile<'a> {
    /// Of a bucket, under the partition of its Region.
    Bucket { name: &'a str, partition: &'a str },
    /// Of a role: who may assume it.
    Trust,
    /// Of a key of KMS.
    Key,
    /// Of a topic of SNS.
    Topic { arn: &'a str },
}

/// The actions with which a role is assumed (IAMUG:id_roles_create_for-custom and the guide's pages on session tags, source
/// identities and trusted identity propagation).
const ASSUMING: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
];

/// What a service knows of the actions and resources of its policies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    /// The prefix of the actions.
    pub(super) service: &'static str,
    /// The types of resource.
    pub(super) kinds: &'static [&'static str],
    /// Actions on those that no such policy may name.
    pub(super) barred: &'static [&'static str],
}

/// Nobody can be let make a bucket that is there: the one action on buckets that their policies may not name (seen:
/// versitygw and LeoFS, each against AWS).
const BUCKET: Scope = Scope {
    service: "s3",
    kinds: &["bucket", "object"],
    barred: &["CreateBucket"],
};

/// Actions on topics that no policy of a topic may name: making one is seen (GH:hashicorp/terraform#12740), and so is that those on
/// subscriptions are refused (GH:aws/aws-cli#3143), which are on no topic anyhow. `sns:*` is taken (GH:nccgroup/ScoutSuite#1415).
const TOPIC: Scope = Scope {
    service: "sns",
    kinds: &["topic"],
    barred: &["CreateTopic"],
};

impl Profile<'_> {
    /// Returns how actions, resources and condition keys are judged; none where they are not.
    pub(super) fn scope(&self) -> Option<Scope> {
        match self {
            Self::Bucket { .. } => Some(BUCKET),
            Self::Topic { .. } => Some(TOPIC),
            // Which actions and keys KMS refuses is not known, so none is.
            Self::Trust | Self::Key => None,
        }
    }

    /// Says whether the policy may be about a resource.
    pub(super) fn is_own(&self, resource: &str) -> bool {
        match self {
            Self::Bucket { name, partition } => is_of_bucket(resource, name, partition),
            Self::Topic { arn } => is_it(resource, arn),
            Self::Trust | Self::Key => false,
        }
    }

    /// Says whether condition keys are judged; which SNS refuses is not known.
    pub(super) fn judges_keys(&self) -> bool {
        match self {
            Self::Bucket { .. } => true,
            Self::Trust | Self::Key | Self::Topic { .. } => false,
        }
    }

    /// Returns AWS's message for a fault.
    pub(super) fn words(&self, fault: &Fault) -> String {
        match (self, fault) {
            // seen: GH:hashicorp/terraform#12740
            (Self::Topic { .. }, Fault::Action | Fault::NoResource) => {
                "Policy statement action out of service scope!".to_owned()
            }
            // seen of a policy without statements (GH:cloud-custodian/cloud-custodian#1779); that all else is told so is unverified.
            (Self::Topic { .. }, _) => "Policy Error: null".to_owned(),
            (Self::Bucket { .. } | Self::Trust | Self::Key, fault) => fault.words(self.syntax()),
        }
    }

    /// Returns the words for what the grammar does not have.
    pub(super) fn syntax(&self) -> &'static str {
        match self {
            // seen: `"Action": null`, and a principal that is a string other than `*`
            // (GH:hashicorp/terraform-provider-aws#20134)
            Self::Bucket { .. } => "Invalid policy syntax.",
            // The words are unverified for keys.
            Self::Trust | Self::Key | Self::Topic { .. } => "Syntax errors in policy.",
        }
    }

    /// Checks a statement's resources for being there or not.
    pub(super) fn resources(&self, are_there: bool) -> Result<(), Fault> {
        match (self, are_there) {
            (Self::Trust, true) => Err(Fault::Prohibited("Resource")),
            (Self::Bucket { .. } | Self::Key, false) => Err(Fault::Missing("Resource")),
            // That SNS asks for none is as little known as that it does.
            (Self::Topic { .. }, _)
            | (Self::Trust, false)
            | (Self::Bucket { .. } | Self::Key, true) => Ok(()),
        }
    }

    /// Checks actions as far as they need no table.
    pub(super) fn actions(&self, named: &[&str]) -> Result<(), Fault> {
        let assumes = |pattern: &&str| {
            let pattern = Pattern::new(&pattern.to_ascii_lowercase(), Wildcards::Match, None);
            pattern.is_some_and(|pattern| ASSUMING.iter().any(|name| pattern.matches(name)))
        };
        match self {
            // A bare `*` is refused although it matches (seen: versitygw against AWS).
            Self::Trust if named.iter().all(|name| *name != "*" && assumes(name)) => Ok(()),
            Self::Trust => Err(Fault::NotAssuming),
            Self::Bucket { .. } | Self::Key | Self::Topic { .. } => Ok(()),
        }
    }
}

impl Scope {
    /// Says whether such a policy may name an action.
    pub(super) fn allows(&self, action: &Action) -> bool {
        !self.barred.contains(&action.name)
    }
}

/// Says whether a resource, with its wildcards, is or holds the one of the policy.
fn is_it(resource: &str, arn: &str) -> bool {
    Pattern::new(resource, Wildcards::Match, None).is_some_and(|pattern| pattern.matches(arn))
}

/// A bucket policy speaks of its own bucket and the objects in it only, under the partition of its Region; everything, `*`,
/// is more than that (seen: GH:noobaa/noobaa-core#10058).
fn is_of_bucket(resource: &str, bucket: &str, partition: &str) -> bool {
    let matches = |pattern: &str, text: &str| {
        Pattern::new(pattern, Wildcards::Match, None).is_some_and(|pattern| pattern.matches(text))
    };
    let Some((start, name)) = resource.split_once(":s3:::") else {
        return false;
    };
    let own = start
        .strip_prefix("arn:")
        .is_some_and(|named| matches(named, partition));
    let bucket_part = name.split('/').next().unwrap_or_default();
    // A variable is whatever the request makes of it.
    own && (bucket_part.contains("${") || matches(bucket_part, bucket))
}
