//! What is known of actions, resource types and condition keys: `data/authorization.txt`, which says its source. Read with
//! the first policy that needs it, so that the sandbox starts without it.

use std::sync::OnceLock;

use crate::policy::{Pattern, Wildcards};

const TABLE: &str = include_str!("../../../data/authorization.txt");

/// Everything in the table.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    global: Vec<&'static str>,
    services: Vec<Service>,
}

/// A service.
#[derive(Debug, Default)]
pub(super) struct Service {
    name: &'static str,
    key_sets: Vec<Vec<&'static str>>,
    kinds: Vec<Kind>,
    actions: Vec<Action>,
}

/// A type of resource.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// With placeholders: `arn:${Partition}:s3:::${BucketName}`.
    pub(super) arn: &'static str,
    keys: usize,
}

/// An action.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) name: &'static str,
    kinds: Vec<&'static str>,
    /// None where the keys are not known.
    keys: Option<usize>,
}

/// Returns what is known.
pub(super) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| Catalogue::read(TABLE))
}

impl Catalogue {
    fn read(table: &'static str) -> Self {
        let mut catalogue = Self::default();
        for line in table.lines() {
            let mut words = line.split(' ');
            match (words.next(), catalogue.services.last_mut()) {
                (Some("global"), _) => catalogue.global = words.collect(),
                (Some("service"), _) => catalogue.services.push(Service::new(words.next())),
                (Some(word), Some(service)) => service.read(word, words),
                _ => {}
            }
        }
        catalogue
    }

    /// Returns a service by the prefix of its actions.
    pub(super) fn service(&self, prefix: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == prefix)
    }

    /// Says whether a condition key is one of those that every service has.
    pub(super) fn is_global(&self, key: &str) -> bool {
        has_key(&self.global, key)
    }
}

impl Service {
    fn new(name: Option<&'static str>) -> Self {
        Self {
            name: name.unwrap_or_default(),
            ..Self::default()
        }
    }

    fn read(&mut self, word: &str, mut rest: std::str::Split<'static, char>) {
        let first = rest.next().unwrap_or_default();
        match word {
            "keys" => self.key_sets.push(rest.collect()),
            "resource" => self.kinds.push(Kind {
                name: first,
                keys: rest
                    .next()
                    .and_then(|number| number.parse().ok())
                    .unwrap_or(0),
                arn: rest.next().unwrap_or_default(),
            }),
            "action" => self.actions.push(Action {
                name: first,
                keys: rest.next().and_then(|number| number.parse().ok()),
                kinds: rest.collect(),
            }),
            _ => {}
        }
    }

    /// Returns the prefix of its actions and keys.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the types of resource.
    pub(super) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Returns the actions that a pattern matches: `s3:Get*`, or `*` for all. Letters compare without case
    /// (IAMUG:reference_policies_elements_action).
    pub(super) fn matching(&self, pattern: &str) -> Vec<&Action> {
        let name = match pattern.split_once(':') {
            Some((service, name)) if service.eq_ignore_ascii_case(self.name) => name,
            None if pattern == "*" => pattern,
            Some(_) | None => return Vec::new(),
        };
        let Some(wanted) = Pattern::new(&name.to_ascii_lowercase(), Wildcards::Match, None) else {
            return Vec::new();
        };
        let matches = |action: &&Action| wanted.matches(&action.name.to_ascii_lowercase());
        self.actions.iter().filter(matches).collect()
    }

    /// Returns the types of resource that an action is done to.
    pub(super) fn kinds_of<'a>(&'a self, action: &'a Action) -> impl Iterator<Item = &'a Kind> {
        self.kinds
            .iter()
            .filter(|kind| action.kinds.contains(&kind.name))
    }

    /// Says whether the service has a condition key, with any of its actions.
    pub(super) fn has_key(&self, key: &str) -> bool {
        self.key_sets.iter().any(|set| has_key(set, key))
    }

    /// Says whether a condition key goes with an action: by itself, or by a type of resource that it is done to. None where
    /// the reference does not say which keys do.
    pub(super) fn goes_with(&self, key: &str, action: &Action) -> Option<bool> {
        let of_set = |number: usize| self.key_sets.get(number).map_or(&[][..], Vec::as_slice);
        let own = of_set(action.keys?);
        let mut kinds = self.kinds_of(action);
        let goes = has_key(own, key) || kinds.any(|kind| has_key(of_set(kind.keys), key));
        (!own.is_empty()).then_some(goes)
    }
}

/// Says whether a list has a key; one that ends with a slash stands for all that begin so. Keys compare without case
/// (IAMUG:reference_policies_elements_condition).
fn has_key(keys: &[&str], key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let tagged = key
        .split_once('/')
        .map(|(name, tag)| (name, !tag.is_empty()));
    keys.iter().any(|known| match known.strip_suffix('/') {
        Some(name) => tagged == Some((name, true)),
        None => *known == key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s3() -> &'static Service {
        catalogue().service("s3").unwrap()
    }

    fn kinds(action: &str) -> Vec<&'static str> {
        let found = s3().matching(action);
        assert_eq!(found.len(), 1, "{action}");
        s3().kinds_of(found[0]).map(|kind| kind.name).collect()
    }

    #[test]
    fn the_table_says_what_the_reference_says() {
        assert_eq!(kinds("s3:GetObject"), ["accesspointobject", "object"]);
        assert_eq!(kinds("S3:listbucketversions"), ["accesspoint", "bucket"]);
        assert_eq!(kinds("s3:ListAllMyBuckets"), [""; 0]);
        assert_eq!(
            kinds("s3:GetObjectVersionAnnotationForReplication"),
            ["object"]
        );
        for (service, action) in [
            ("kms", "kms:GenerateDataKey"),
            ("sns", "sns:Publish"),
            ("sqs", "sqs:SendMessage"),
            ("iam", "iam:PassRole"),
            ("sts", "sts:AssumeRole"),
            ("cloudwatch", "cloudwatch:PutMetricAlarm"),
            ("logs", "logs:PutLogEvents"),
            ("cloudtrail", "cloudtrail:LookupEvents"),
        ] {
            let found = catalogue().service(service).unwrap().matching(action);
            assert_eq!(found.len(), 1, "{action}");
        }
    }

    /// Each was tried on AWS with a condition on `s3:ExistingObjectTag/k`: a test suite that runs against it and an
    /// emulator (`pinned` in docs/semantics.md).
    #[test]
    fn keys_go_with_the_actions_that_aws_was_seen_to_take_them_with() {
        let goes = |key: &str, action: &str| {
            let found = s3().matching(&format!("s3:{action}"));
            assert_eq!(found.len(), 1, "{action}");
            s3().goes_with(key, found[0]).unwrap()
        };
        for action in [
            "GetObject",
            "GetObjectVersion",
            "GetObjectAttributes",
            "GetObjectAcl",
            "PutObjectAcl",
            "DeleteObjectTagging",
            "PutObjectVersionTagging",
        ] {
            assert!(goes("s3:ExistingObjectTag/k", action), "{action}");
        }
        for action in [
            "GetObjectRetention",
            "GetObjectLegalHold",
            "PutObject",
            "DeleteObject",
            "DeleteObjectVersion",
            "PutObjectRetention",
            "BypassGovernanceRetention",
        ] {
            assert!(!goes("s3:ExistingObjectTag/k", action), "{action}");
        }
        assert!(!goes("s3:RequestObjectTag/k", "PutObjectAcl"));
        assert!(goes("s3:x-amz-copy-source", "PutObject"));
        assert!(goes("s3:prefix", "ListBucketVersions"));
        assert!(!goes("s3:prefix", "ListBucketMultipartUploads"));
        // Keys of the resource, and of an action whose keys nobody has written down.
        assert!(goes("s3:DataAccessPointAccount", "GetObject"));
        assert_eq!(
            s3().goes_with("s3:prefix", s3().matching("s3:PutObjectAnnotation")[0]),
            None
        );
    }

    #[test]
    fn a_key_with_a_tag_needs_one() {
        assert!(catalogue().is_global("AWS:securetransport"));
        assert!(catalogue().is_global("aws:PrincipalTag/team"));
        for key in [
            "aws:PrincipalTag",
            "aws:PrincipalTag/",
            "aws:SourceIp/x",
            "aws:SourceIps",
        ] {
            assert!(!catalogue().is_global(key), "{key}");
        }
    }
}
