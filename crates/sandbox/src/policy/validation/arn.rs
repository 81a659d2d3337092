//! Whether a resource that a policy names, with its wildcards, can be of a type of resource.

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Char(char),
    /// `?`
    One,
    /// `*`, a policy variable, and what may be a path.
    Any,
    /// Text without a slash.
    Name,
}

/// Says whether something of the type whose ARN is `template` can be what `resource` names. ARNs match part by part; parts
/// that are missing are any.
pub(super) fn can_be(resource: &str, template: &str) -> bool {
    let mut pairs = resource.splitn(6, ':').zip(template.splitn(6, ':'));
    resource == "*" || pairs.all(|(one, other)| meet(&written(one), &placeholders(other)))
}

fn written(resource: &str) -> Vec<Part> {
    let part = |char| match char {
        '*' => Part::Any,
        '?' => Part::One,
        char => Part::Char(char),
    };
    parts(resource, part, Part::Any)
}

/// A name has no slash, but what comes after one may have more: `${BucketName}/${ObjectName}`.
fn placeholders(template: &str) -> Vec<Part> {
    match template.split_once('/') {
        None => parts(template, Part::Char, Part::Name),
        Some((start, path)) => {
            let mut all = parts(start, Part::Char, Part::Name);
            all.push(Part::Char('/'));
            all.extend(parts(path, Part::Char, Part::Any));
            all
        }
    }
}

/// Splits a text into its characters, with `variable` for every `${...}`.
fn parts(text: &str, char: fn(char) -> Part, variable: Part) -> Vec<Part> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match rest
            .strip_prefix("${")
            .and_then(|rest| rest.split_once('}'))
        {
            Some((_, after)) => {
                found.push(variable);
                rest = after;
            }
            None => {
                found.push(char(next));
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    found
}

impl Part {
    fn repeats(self) -> bool {
        matches!(self, Self::Any | Self::Name)
    }

    /// Says whether a part that repeats can stand for another as well.
    fn takes(self, other: Self) -> bool {
        self == Self::Any || other != Self::Char('/')
    }

    fn equals(self, other: Self) -> bool {
        self == other || self == Self::One || other == Self::One
    }
}

/// Says whether some text matches both: from the ends on, whether what is left of each can meet.
fn meet(one: &[Part], other: &[Part]) -> bool {
    let mut after = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let mut now = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            now[j] = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some(a), None) => a.repeats() && after[j],
                (None, Some(b)) => b.repeats() && now[j + 1],
                (Some(a), Some(b)) => {
                    let left_out = a.repeats() && after[j] || b.repeats() && now[j + 1];
                    let taken = a.repeats() && a.takes(*b) && now[j + 1]
                        || b.repeats() && b.takes(*a) && after[j];
                    let alike = !a.repeats() && !b.repeats() && a.equals(*b) && after[j + 1];
                    left_out || taken || alike
                }
            };
        }
        after = now;
    }
    after[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: &str = "arn:${Partition}:s3:::${BucketName}";
    const OBJECT: &str = "arn:${Partition}:s3:::${BucketName}/${ObjectName}";
    const ROLE: &str = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}";

    #[test]
    fn resources_are_of_the_types_that_their_arns_can_be() {
        let cases = [
            ("arn:aws:s3:::b", true, false),
            ("arn:aws:s3:::b/*", false, true),
            ("arn:aws:s3:::b/a/b", false, true),
            ("arn:aws:s3:::b*", true, true),
            ("arn:aws:s3:::b?", true, true),
            ("arn:aws:s3:::b/?", false, true),
            ("arn:*:s3:::b", true, false),
            ("*", true, true),
            ("arn:aws:s3:::b/${aws:username}/*", false, true),
            ("arn:aws:s3:::${aws:PrincipalTag/bucket}", true, true),
            (
                "arn:aws:s3:eu-west-1:111111111111:accesspoint/a",
                false,
                false,
            ),
            ("arn:aws:sqs:::b", false, false),
        ];
        for (resource, bucket, object) in cases {
            assert_eq!(can_be(resource, BUCKET), bucket, "{resource}");
            assert_eq!(can_be(resource, OBJECT), object, "{resource}");
        }
        assert!(can_be("arn:aws:iam::111111111111:role/path/*", ROLE));
        assert!(!can_be("arn:aws:iam::111111111111:user/path/*", ROLE));
    }

    proptest::proptest! {
        /// What matches one pattern and the other is where they meet.
        #[test]
        fn patterns_meet_where_a_text_matches_both(text in "[ab/]{0,5}", one in "[ab/*?]{0,5}", other in "[ab/*?]{0,5}") {
            let glob = |pattern: &str| {
                let pattern = crate::policy::Pattern::new(pattern, crate::policy::Wildcards::Match, None);
                pattern.unwrap().matches(&text)
            };
            if glob(&one) && glob(&other) {
                proptest::prop_assert!(meet(&written(&one), &written(&other)));
            }
        }

        #[test]
        fn a_text_meets_what_it_matches_and_nothing_else(text in "[ab/]{0,5}", pattern in "[ab/*?]{0,5}") {
            let compiled = crate::policy::Pattern::new(&pattern, crate::policy::Wildcards::Match, None);
            let matches = compiled.unwrap().matches(&text);
            proptest::prop_assert_eq!(meet(&written(&pattern), &written(&text)), matches);
        }
    }
}
