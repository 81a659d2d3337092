//! Block Public Access: what holds for a bucket is what is on for it or for its account
//! (UG:access-control-block-public-access "the most restrictive combination").

use crate::s3::state::world::{Bucket, World};

/// The settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Public ACLs are refused.
    BlockPublicAcls,
    /// Public ACLs that are there say nothing.
    IgnorePublicAcls,
    /// PutBucketPolicy refuses a public policy.
    BlockPublicPolicy,
    /// A bucket whose policy is public is closed to other accounts.
    RestrictPublicBuckets,
}

impl Setting {
    fn element(self) -> &'static str {
        match self {
            Self::BlockPublicAcls => "BlockPublicAcls",
            Self::IgnorePublicAcls => "IgnorePublicAcls",
            Self::BlockPublicPolicy => "BlockPublicPolicy",
            Self::RestrictPublicBuckets => "RestrictPublicBuckets",
        }
    }
}

/// Says whether a setting is on for a bucket, by itself or by its account.
pub(crate) fn is_on(world: &World, bucket: &Bucket, setting: Setting) -> bool {
    let name = setting.element();
    let own = bucket.setting("publicAccessBlock", &[name]);
    let account = world.public_access_blocks.get(&*bucket.owner);
    let of_account = account.and_then(|block| block.text_of(name));
    [own, of_account]
        .into_iter()
        .flatten()
        .any(|value| value.eq_ignore_ascii_case("true"))
}
