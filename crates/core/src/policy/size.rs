//! How large a document is in the way AWS counts.

use super::grammar::PolicyDocument;

/// The most bytes of a bucket policy: 20 KB (UG:S3OutpostsBucketPolicy; unverified: that S3 proper counts as Outposts does).
pub const BUCKET_POLICY_BYTES: usize = 20 * 1024;

/// The most bytes of a key policy: "The key policy size quota is 32 kilobytes (32768 bytes)" (BC:kms PutKeyPolicy).
pub const KEY_POLICY_BYTES: usize = 32 * 1024;

/// The most characters of all inline policies of a role together (IAMUG:reference_iam-quotas; unverified there).
pub const INLINE_ROLE_CHARACTERS: usize = 10_240;

/// The most characters of a trust policy; an account can have it raised to 4,096 (IAMUG:reference_iam-quotas).
pub const TRUST_CHARACTERS: usize = 2_048;

/// The size of a bucket policy: bytes, white space included.
#[must_use]
pub fn bucket_policy(document: &PolicyDocument) -> usize {
    document.to_json().len()
}

/// The size of an IAM document: characters without white space (IAMUG:reference_iam-quotas).
///
/// White space inside strings is counted, so that the figure is never too small.
#[must_use]
pub fn iam(document: &PolicyDocument) -> usize {
    let json = document.to_json();
    let mut in_string = false;
    let mut escaped = false;
    let counted = json.chars().filter(|character| {
        let counts = in_string || !character.is_ascii_whitespace();
        if escaped {
            escaped = false;
        } else if *character == '\\' {
            escaped = true;
        } else if *character == '"' {
            in_string = !in_string;
        }
        counts
    });
    counted.count()
}
