//! The key that a source bucket encrypts with by default, as canaries and rules see it.

use super::key_name;
use crate::ids::Arn;
use crate::model::kinds::Document;
use crate::model::{BucketPart, BucketRef, Target};
use crate::scene::Scene;

/// The KMS key that a source bucket encrypts with by default.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SourceKey<'a> {
    /// As it was set: an ARN, an ID or an alias.
    Named(&'a str),
    /// The AWS managed key, of which the configuration names none.
    AwsManaged,
}

/// The KMS key that a source bucket encrypts with by default; none where that is SSE-S3.
pub(crate) fn source_key<'a>(scene: &Scene<'a>, source: &BucketRef) -> Option<SourceKey<'a>> {
    let target = Target::Bucket(source.clone(), BucketPart::Encryption);
    match scene.observed.document(&target)? {
        Document::Encryption(default) if default.algorithm.starts_with("aws:kms") => {
            let named = default.key.as_deref().map(SourceKey::Named);
            Some(named.unwrap_or(SourceKey::AwsManaged))
        }
        _ => None,
    }
}

impl SourceKey<'_> {
    /// Whether it is the key of this ARN. What an alias stands for only KMS knows.
    pub(crate) fn is(self, key: &Arn) -> bool {
        match self {
            Self::Named(named) => named == key.as_str() || named == key_name(key),
            Self::AwsManaged => false,
        }
    }

    /// Whether it can be told from the keys of a spec, which are ARNs of keys.
    pub(crate) fn is_known(self) -> bool {
        match self {
            Self::Named(named) => !named.contains("alias/"),
            Self::AwsManaged => false,
        }
    }

    pub(super) fn arn(self) -> Option<Arn> {
        match self {
            Self::Named(named) => Arn::new(named).ok(),
            Self::AwsManaged => None,
        }
    }
}
