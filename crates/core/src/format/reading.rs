//! Reading what this or another version of s3ferry wrote: plans, journals, receipts.
//!
//! Each says its format as `major.minor`. A minor adds keys, and words to closed sets; it takes nothing away and gives
//! nothing another meaning. What does is a major.
//!
//! | the data is of | unknown key | unknown word of a closed set | missing key |
//! |---|---|---|---|
//! | another major | refused, whatever it holds | refused | refused |
//! | our minor or an older one | refused: no version wrote it so | refused | the default, where a later minor than the data's added it; else refused |
//! | a newer minor | ignored, and named | refused by name | refused: no minor takes one away |
//!
//! So an old reader takes new data as far as it understands it, and a new reader takes old data whole. A word is refused
//! where a key is ignored, because a value cannot be left out: a reviewer would be shown something else than was written.
//! Types of a wire format do not deny unknown keys themselves; they are read here and nowhere else.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_ignored::Path;

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// The value, as far as this version knows its keys.
    pub value: T,
    /// What a newer version says besides; nothing where the data is of our minor or an older one.
    pub newer: Option<Newer>,
}

/// Data of a newer minor version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// Its format's version.
    pub format: String,
    /// The version of s3ferry that wrote it.
    pub s3ferry: String,
    /// The keys that this version does not know, as paths: `changes[].cost`.
    pub ignored: BTreeSet<String>,
}

/// Why data cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or not of the shape that its format has.
    #[error("it does not have the shape of its format")]
    Shape(#[from] serde_json::Error),
    /// Another major version, or no version at all.
    #[error("format {found} cannot be read by this s3ferry, which reads {known}")]
    Version {
        /// The version found.
        found: String,
        /// The version that this build writes.
        known: &'static str,
    },
    /// Keys that this format does not have: a slip of hand, or tampering.
    #[error("format {format} does not have these keys: {}", .keys.iter().cloned().collect::<Vec<_>>().join(", "))]
    UnknownKeys {
        /// The version found.
        format: String,
        /// The keys.
        keys: BTreeSet<String>,
    },
    /// A newer minor version says something that cannot be left out.
    #[error("format {format}, written by s3ferry {s3ferry}, holds what this version does not know")]
    Newer {
        /// The version found.
        format: String,
        /// The version of s3ferry that wrote it.
        s3ferry: String,
        /// What is not known, and where.
        source: serde_json::Error,
    },
}

/// What every format begins with.
#[derive(Deserialize)]
struct Head {
    format: String,
    #[serde(default)]
    s3ferry: String,
}

/// Reads JSON of a format, `known` being the version that this build writes.
///
/// # Errors
/// [`ReadError`], as the table of the module says.
pub fn read<T: DeserializeOwned>(json: &[u8], known: &'static str) -> Result<Read<T>, ReadError> {
    let Head { format, s3ferry } = serde_json::from_slice(json)?;
    let is_newer = match (version(&format), version(known)) {
        (Some((major, minor)), Some((our_major, our_minor))) if major == our_major => {
            minor > our_minor
        }
        (_, _) => {
            let found = format;
            return Err(ReadError::Version { found, known });
        }
    };
    let mut keys = BTreeSet::new();
    let value = deserialize(json, &mut keys);
    if is_newer {
        newer(value, format, s3ferry, keys)
    } else if keys.is_empty() {
        Ok(Read {
            value: value?,
            newer: None,
        })
    } else {
        Err(ReadError::UnknownKeys { format, keys })
    }
}

fn newer<T>(
    value: Result<T, serde_json::Error>,
    format: String,
    s3ferry: String,
    ignored: BTreeSet<String>,
) -> Result<Read<T>, ReadError> {
    match value {
        Ok(value) => Ok(Read {
            value,
            newer: Some(Newer {
                format,
                s3ferry,
                ignored,
            }),
        }),
        Err(source) => Err(ReadError::Newer {
            format,
            s3ferry,
            source,
        }),
    }
}

fn deserialize<T: DeserializeOwned>(
    json: &[u8],
    unknown: &mut BTreeSet<String>,
) -> Result<T, serde_json::Error> {
    let mut text = serde_json::Deserializer::from_slice(json);
    let value = serde_ignored::deserialize(&mut text, |path| {
        unknown.insert(name(&path));
    })?;
    text.end()?;
    Ok(value)
}

/// Major and minor, each in digits alone.
fn version(text: &str) -> Option<(u32, u32)> {
    let number = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| plain)
    };
    let (major, minor) = text.split_once('.')?;
    Some((number(major)?, number(minor)?))
}

/// A path with dots; what holds for one element of a list is told once for all.
fn name(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index: _ } => format!("{}[]", name(parent)),
        Path::Map { parent, key } => match name(parent) {
            parent if parent.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => name(parent),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Data {
        format: String,
        s3ferry: String,
        parts: Vec<Part>,
        #[serde(default)]
        later: Option<u32>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Part {
        word: Word,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Known,
    }

    /// Reads as the version 3.2 what this format says, with keys besides.
    fn reading(format: &str, more: Value) -> Result<Read<Data>, ReadError> {
        let parts = json!([{ "word": "known" }, { "word": "known" }]);
        let mut data = json!({ "format": format, "s3ferry": "9.9.9", "parts": parts });
        let Value::Object(more) = more else {
            panic!("keys and values: {more}");
        };
        data.as_object_mut().unwrap().extend(more);
        read(data.to_string().as_bytes(), "3.2")
    }

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn a_newer_minor_is_read_and_its_keys_are_named_once() {
        let part = json!({ "word": "known", "cost": 1 });
        let more = json!({ "parts": [part, part], "import": { "id": 1 } });
        let read = reading("3.3", more.clone()).unwrap();
        assert_eq!(read.value.parts.len(), 2);
        let newer = read.newer.unwrap();
        assert_eq!((&*newer.format, &*newer.s3ferry), ("3.3", "9.9.9"));
        assert_eq!(newer.ignored, keys(&["import", "parts[].cost"]));
        assert!(reading("3.10", more).is_ok(), "minors are numbers");
    }

    #[test]
    fn our_minor_and_older_ones_have_no_unknown_keys() {
        for format in ["3.2", "3.1", "3.0"] {
            let error = reading(format, json!({ "imprt": 1 })).unwrap_err();
            let ReadError::UnknownKeys {
                format: found,
                keys: unknown,
            } = error
            else {
                panic!("{error:?}");
            };
            assert_eq!((found.as_str(), unknown), (format, keys(&["imprt"])));
        }
    }

    #[test]
    fn an_older_minor_lacks_what_was_added_later() {
        let read = reading("3.0", json!({})).unwrap();
        assert_eq!((read.value.later, read.newer), (None, None));
    }

    #[test]
    fn another_major_is_refused_whatever_it_holds() {
        for format in ["4.0", "2.9", "3", "3.", "3.x", "3.+2", "", "3.2.1"] {
            let error = reading(format, json!({})).unwrap_err();
            assert!(
                matches!(&error, ReadError::Version { found, known: "3.2" } if found == format),
                "{format}: {error:?}"
            );
        }
    }

    #[test]
    fn an_unknown_word_is_refused_and_a_newer_minor_says_whose_it_is() {
        let more = json!({ "parts": [{ "word": "unheard" }] });
        let ours = reading("3.2", more.clone()).unwrap_err();
        assert!(matches!(ours, ReadError::Shape(_)), "{ours:?}");
        let newer = reading("3.3", more).unwrap_err();
        assert_eq!(
            newer.to_string(),
            "format 3.3, written by s3ferry 9.9.9, holds what this version does not know"
        );
        let source = std::error::Error::source(&newer).unwrap().to_string();
        assert!(source.starts_with("unknown variant `unheard`"), "{source}");
    }

    #[test]
    fn what_follows_the_value_is_no_part_of_it() {
        let text = r#"{"format":"3.2","s3ferry":"1","parts":[]} {}"#;
        assert!(matches!(
            read::<Data>(text.as_bytes(), "3.2"),
            Err(ReadError::Shape(_))
        ));
    }
}
