//! The names of roles where a spec names none.

use sha2::{Digest, Sha256};

use crate::ids::{BucketName, RoleName};

/// The longest name of a role (BC:iam CreateRole).
const LONGEST: usize = 64;

/// The replication role of a source bucket: `s3ferry-<bucket>`, shortened with a hash where it is too long.
///
/// # Panics
/// Never: the name of a bucket is made of what names of roles are made of.
#[must_use]
pub fn default_role(bucket: &BucketName) -> RoleName {
    shortened(format!("s3ferry-{bucket}"), bucket)
}

/// The role that jobs on a source bucket act as: `s3ferry-batch-<bucket>`, likewise. It is also the replication role of a bucket
/// whose name begins with `batch-`: then a spec must name one of the two.
///
/// # Panics
/// Never: the name of a bucket is made of what names of roles are made of.
#[must_use]
pub fn default_batch_role(bucket: &BucketName) -> RoleName {
    shortened(format!("s3ferry-batch-{bucket}"), bucket)
}

fn shortened(whole: String, bucket: &BucketName) -> RoleName {
    let name = if whole.len() <= LONGEST {
        whole
    } else {
        let hash = Sha256::digest(bucket.as_str().as_bytes());
        let hash: String = hash
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let start: String = whole.chars().take(LONGEST - 9).collect();
        format!("{start}-{hash}")
    };
    RoleName::new(name).expect("letters, digits, hyphens and dots")
}
