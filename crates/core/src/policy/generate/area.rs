//! The objects that a rule is about: a bucket and a key prefix, and how policies name them.

use crate::ids::{BucketName, Partition};

/// The objects of a bucket whose keys begin with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Area {
    pub(super) bucket: BucketName,
    pub(super) prefix: String,
}

impl Area {
    /// Whether every object of the other area is in this one, and this one is larger.
    pub(super) fn exceeds(&self, other: &Self) -> bool {
        self != other && self.bucket == other.bucket && other.prefix.starts_with(&self.prefix)
    }

    /// The ARN pattern of the objects.
    pub(super) fn pattern(&self, partition: Partition) -> String {
        let bucket = partition.bucket_arn(&self.bucket);
        format!("{bucket}/{}*", literal(&self.prefix))
    }
}

/// A text that policies match as it stands.
///
/// `*`, `?` and `$` mean something in a policy; version 2012-10-17 has variables that stand for the characters
/// themselves (IAMUG:reference_policies_variables).
pub(crate) fn literal(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '*' => escaped.push_str("${*}"),
            '?' => escaped.push_str("${?}"),
            '$' => escaped.push_str("${$}"),
            plain => escaped.push(plain),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(prefix: &str) -> Area {
        let bucket = BucketName::new("bucket").unwrap();
        Area {
            bucket,
            prefix: prefix.to_owned(),
        }
    }

    #[test]
    fn special_characters_of_a_prefix_are_taken_literally() {
        assert_eq!(
            area("a*b?c${d}/").pattern(Partition::China),
            "arn:aws-cn:s3:::bucket/a${*}b${?}c${$}{d}/*"
        );
        assert_eq!(
            area("").pattern(Partition::Commercial),
            "arn:aws:s3:::bucket/*"
        );
    }

    #[test]
    fn a_shorter_prefix_is_a_larger_area() {
        assert!(area("").exceeds(&area("a")));
        assert!(area("lo").exceeds(&area("logs/")));
        assert!(!area("a").exceeds(&area("a")));
        assert!(!area("b").exceeds(&area("a")));
    }
}
