//! Which versions a generated manifest lists (BC:s3control JobManifestGeneratorFilter).

use std::time::{Duration, SystemTime};

use super::reading::{Parsed, Violation, flag, members};
use crate::s3::state::version::{Encryption, Object, Version};
use crate::s3::xml::Element;

/// The filter of a generated manifest; what is left out takes everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Asks the replication configuration, which this room does not know.
    pub(crate) eligible: bool,
    created_after: Option<SystemTime>,
    created_before: Option<SystemTime>,
    /// With `NONE` for versions that have none.
    statuses: Vec<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    substrings: Vec<String>,
    larger_than: Option<i64>,
    smaller_than: Option<i64>,
    classes: Vec<String>,
    encryptions: Vec<Sought>,
}

/// One kind of encryption that is sought.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sought {
    S3,
    Kms {
        dual: bool,
        key: Option<String>,
        bucket_key: Option<bool>,
    },
    Customer,
    None,
}

const FIELDS: [&str; 9] = [
    "EligibleForReplication",
    "CreatedAfter",
    "CreatedBefore",
    "ObjectReplicationStatuses",
    "KeyNameConstraint",
    "ObjectSizeGreaterThanBytes",
    "ObjectSizeLessThanBytes",
    "MatchAnyStorageClass",
    "MatchAnyObjectEncryption",
];

const STATUSES: [&str; 4] = ["COMPLETED", "FAILED", "REPLICA", "NONE"];

const CLASSES: [&str; 7] = [
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "GLACIER",
    "INTELLIGENT_TIERING",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

impl Filter {
    /// Reads a filter.
    pub(crate) fn parse(element: &Element) -> Parsed<Self> {
        if !element.has_only(&FIELDS, &[]) {
            return Err(Violation::Schema);
        }
        let time = |name| element.text_of(name).map(instant).transpose();
        let number = |name| element.text_of(name).map(number).transpose();
        let constraint = element.child("KeyNameConstraint");
        // "accepts an array of strings with a length of 1 string" (BC:s3control KeyNameConstraint).
        let one = |name| {
            let texts = constraint.map(|of| texts(of, name)).unwrap_or_default();
            if texts.len() > 1 || texts.iter().any(String::is_empty) {
                Err(Violation::Schema)
            } else {
                Ok(texts)
            }
        };
        let encryptions = element
            .child("MatchAnyObjectEncryption")
            .into_iter()
            .flat_map(|of| of.children_named("ObjectEncryption"));
        Ok(Self {
            eligible: flag(element, "EligibleForReplication")?.unwrap_or_default(),
            created_after: time("CreatedAfter")?,
            created_before: time("CreatedBefore")?,
            statuses: known(texts(element, "ObjectReplicationStatuses"), &STATUSES)?,
            prefixes: one("MatchAnyPrefix")?,
            suffixes: one("MatchAnySuffix")?,
            substrings: one("MatchAnySubstring")?,
            larger_than: number("ObjectSizeGreaterThanBytes")?,
            smaller_than: number("ObjectSizeLessThanBytes")?,
            classes: known(texts(element, "MatchAnyStorageClass"), &CLASSES)?,
            encryptions: encryptions.map(sought).collect::<Parsed<_>>()?,
        })
    }

    /// Says whether a version is listed, as far as it says it of itself. A delete marker has neither size nor class nor
    /// encryption, so that who asks for one of them gets none (unverified).
    pub(crate) fn takes(&self, key: &str, version: &Version) -> bool {
        self.takes_key(key)
            && self.takes_times(version)
            && self.takes_status(version)
            && match &version.object {
                Some(object) => self.takes_object(object),
                None => !self.asks_of_objects(),
            }
    }

    fn takes_key(&self, key: &str) -> bool {
        let any = |texts: &[String], fits: &dyn Fn(&str) -> bool| {
            texts.is_empty() || texts.iter().any(|text| fits(text))
        };
        any(&self.prefixes, &|text| key.starts_with(text))
            && any(&self.suffixes, &|text| key.ends_with(text))
            && any(&self.substrings, &|text| key.contains(text))
    }

    fn takes_times(&self, version: &Version) -> bool {
        self.created_after
            .is_none_or(|at| version.modified > at.into())
            && self
                .created_before
                .is_none_or(|at| version.modified < at.into())
    }

    /// What is PENDING has none of the statuses that can be asked for.
    fn takes_status(&self, version: &Version) -> bool {
        let status = version.replication.map_or("NONE", |status| status.as_str());
        self.statuses.is_empty() || self.statuses.iter().any(|wanted| wanted == status)
    }

    fn asks_of_objects(&self) -> bool {
        self.larger_than.is_some()
            || self.smaller_than.is_some()
            || !self.classes.is_empty()
            || !self.encryptions.is_empty()
    }

    fn takes_object(&self, object: &Object) -> bool {
        let size = i64::try_from(object.content.body.size()).unwrap_or(i64::MAX);
        let class = &*object.storage_class;
        self.larger_than.is_none_or(|than| size > than)
            && self.smaller_than.is_none_or(|than| size < than)
            && (self.classes.is_empty() || self.classes.iter().any(|wanted| wanted == class))
            && (self.encryptions.is_empty()
                || self
                    .encryptions
                    .iter()
                    .any(|of| of.fits(&object.encryption)))
    }
}

impl Sought {
    fn fits(&self, encryption: &Encryption) -> bool {
        match (self, encryption) {
            (Self::S3, Encryption::S3) | (Self::Customer, Encryption::Customer { .. }) => true,
            (
                Self::Kms {
                    dual,
                    key,
                    bucket_key,
                },
                Encryption::Kms {
                    key: used,
                    bucket_key: used_bucket_key,
                    dual: is_dual,
                },
            ) => {
                dual == is_dual
                    && key.as_ref().is_none_or(|key| **key == **used)
                    && bucket_key.is_none_or(|wanted| wanted == *used_bucket_key)
            }
            // There are no objects that are not encrypted at all.
            (Self::None | Self::S3 | Self::Customer | Self::Kms { .. }, _) => false,
        }
    }
}

fn sought(element: &Element) -> Parsed<Sought> {
    let [kind] = &element.children[..] else {
        return Err(Violation::Schema);
    };
    let key = kind.text_of("KmsKeyArn").map(str::to_owned);
    Ok(match kind.name.as_str() {
        "SSE-S3" => Sought::S3,
        "SSE-KMS" => Sought::Kms {
            dual: false,
            key,
            bucket_key: flag(kind, "BucketKeyEnabled")?,
        },
        "DSSE-KMS" => Sought::Kms {
            dual: true,
            key,
            bucket_key: None,
        },
        "SSE-C" => Sought::Customer,
        "NOT-SSE" => Sought::None,
        _ => return Err(Violation::Schema),
    })
}

fn texts(element: &Element, name: &str) -> Vec<String> {
    members(element, name)
        .map(|member| member.text.clone())
        .collect()
}

fn known(texts: Vec<String>, words: &[&str]) -> Parsed<Vec<String>> {
    if texts.iter().all(|text| words.contains(&text.as_str())) {
        Ok(texts)
    } else {
        Err(Violation::Schema)
    }
}

fn instant(text: &str) -> Parsed<SystemTime> {
    let time: Result<jiff::Timestamp, _> = text.trim().parse();
    let millis = time.map_err(|_| Violation::Schema)?.as_millisecond();
    let since = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
    Ok(SystemTime::UNIX_EPOCH + since)
}

fn number(text: &str) -> Parsed<i64> {
    text.trim().parse().map_err(|_| Violation::Schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::xml;

    fn parsed(inner: &str) -> Parsed<Filter> {
        Filter::parse(&xml::parse(format!("<Filter>{inner}</Filter>").as_bytes()).unwrap())
    }

    fn list(name: &str, members: &[&str]) -> String {
        let members: String = members
            .iter()
            .map(|text| format!("<member>{text}</member>"))
            .collect();
        format!("<{name}>{members}</{name}>")
    }

    #[test]
    fn kinds_of_constraints_hold_together() {
        let inner = [
            list("MatchAnyPrefix", &["a/"]),
            list("MatchAnySubstring", &["m"]),
            list("MatchAnySuffix", &[".z"]),
        ];
        let filter = parsed(&format!(
            "<KeyNameConstraint>{}</KeyNameConstraint>",
            inner.concat()
        ))
        .unwrap();
        assert!(filter.takes_key("a/m.z"));
        for key in ["b/m.z", "a/n.z", "a/m.y"] {
            assert!(!filter.takes_key(key), "{key}");
        }
        assert!(Filter::default().takes_key("anything"));
    }

    #[test]
    fn what_the_model_does_not_have_is_no_filter() {
        for inner in [
            list("ObjectReplicationStatuses", &["PENDING"]),
            list("MatchAnyStorageClass", &["OUTPOSTS"]),
            "<EligibleForReplication>yes</EligibleForReplication>".to_owned(),
            "<CreatedAfter>yesterday</CreatedAfter>".to_owned(),
            "<ObjectSizeLessThanBytes>few</ObjectSizeLessThanBytes>".to_owned(),
            "<MatchAnyObjectEncryption><ObjectEncryption/></MatchAnyObjectEncryption>".to_owned(),
            "<Weight>1</Weight>".to_owned(),
        ] {
            assert_eq!(parsed(&inner), Err(Violation::Schema), "{inner}");
        }
        let time = "<CreatedBefore>2026-01-02T03:04:05Z</CreatedBefore>";
        let wanted = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        assert_eq!(parsed(time).unwrap().created_before, Some(wanted));
    }

    #[test]
    fn kinds_of_encryption_are_told_apart() {
        let of = |inner: &str| {
            let one = format!("<ObjectEncryption>{inner}</ObjectEncryption>");
            let all = parsed(&format!(
                "<MatchAnyObjectEncryption>{one}</MatchAnyObjectEncryption>"
            ));
            all.unwrap().encryptions.remove(0)
        };
        let kms = |dual| Encryption::Kms {
            key: "k".into(),
            bucket_key: true,
            dual,
        };
        let customer = Encryption::Customer {
            key_md5: "m".into(),
        };
        let every = [Encryption::S3, kms(false), kms(true), customer];
        let wanted = [
            ("<SSE-S3/>", [true, false, false, false]),
            ("<SSE-KMS/>", [false, true, false, false]),
            (
                "<SSE-KMS><KmsKeyArn>other</KmsKeyArn></SSE-KMS>",
                [false; 4],
            ),
            (
                "<SSE-KMS><BucketKeyEnabled>false</BucketKeyEnabled></SSE-KMS>",
                [false; 4],
            ),
            (
                "<DSSE-KMS><KmsKeyArn>k</KmsKeyArn></DSSE-KMS>",
                [false, false, true, false],
            ),
            ("<SSE-C/>", [false, false, false, true]),
            ("<NOT-SSE/>", [false; 4]),
        ];
        for (inner, fits) in wanted {
            assert_eq!(
                every.each_ref().map(|one| of(inner).fits(one)),
                fits,
                "{inner}"
            );
        }
    }
}
