//! What a key is called: its id, its ARN, an alias or an alias's ARN.

use super::state::{Place, State};
use crate::vault::Unusable;

/// A name, read as far as the text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) place: Place,
    pub(crate) of: Of,
}

/// What a name is one of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Of {
    /// The id.
    Key(String),
    /// With `alias/` before it.
    Alias(String),
}

impl Name {
    /// Reads a name as a caller of an account says it in a Region; only an ARN names another account, and none another
    /// Region.
    pub(crate) fn read(text: &str, here: &Place) -> Result<Self, Unusable> {
        let Some(rest) = text.strip_prefix("arn:") else {
            return Ok(Self {
                place: here.clone(),
                of: Of::read(text),
            });
        };
        let parts: Vec<&str> = rest.splitn(5, ':').collect();
        let ["aws", "kms", region, account, resource] = parts[..] else {
            return Err(Unusable::NotFound(format!("Invalid arn {text}")));
        };
        if region != here.region {
            return Err(Unusable::NotFound(format!("Invalid arn {region}")));
        }
        let of = match resource.strip_prefix("key/") {
            Some(id) => Of::Key(id.to_owned()),
            None if resource.starts_with("alias/") => Of::Alias(resource.to_owned()),
            None => return Err(Unusable::NotFound(format!("Invalid keyId {text}"))),
        };
        Ok(Self {
            place: Place::new(account, region),
            of,
        })
    }

    /// Returns the id of the key that is named.
    pub(crate) fn find(&self, state: &State) -> Result<String, Unusable> {
        match &self.of {
            Of::Key(id) if state.key(&self.place, id).is_some() => Ok(id.clone()),
            Of::Key(id) => Err(self.missing(id)),
            Of::Alias(alias) => {
                let store = state.store(&self.place);
                let alias = store.and_then(|store| store.aliases.get(alias));
                let missing = || {
                    let arn = self.arn();
                    Unusable::NotFound(format!("Alias {arn} is not found."))
                };
                alias.map(|alias| alias.key.clone()).ok_or_else(missing)
            }
        }
    }

    fn arn(&self) -> String {
        match &self.of {
            Of::Key(id) => self.place.arn("kms", &format!("key/{id}")),
            Of::Alias(alias) => self.place.arn("kms", alias),
        }
    }

    /// Two forms of an id there are: a UUID, and that of a multi-Region key.
    fn missing(&self, id: &str) -> Unusable {
        let hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        let fits = id.len() == 36 && id.trim_start_matches("mrk-").bytes().all(hex);
        Unusable::NotFound(if fits {
            format!("Key '{}' does not exist", self.arn())
        } else {
            format!("Invalid keyId {id}")
        })
    }
}

impl Of {
    fn read(text: &str) -> Self {
        if text.starts_with("alias/") {
            Self::Alias(text.to_owned())
        } else {
            Self::Key(text.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(text: &str) -> String {
        let here = Place::new("111111111111", "eu-west-1");
        let found = Name::read(text, &here).and_then(|name| name.find(&State::default()));
        match found {
            Err(Unusable::NotFound(message)) => message,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_there_is_told_by_its_kind() {
        let id = "02de8641-eea1-4115-8aa2-daf8b1e9b52f";
        let here = "arn:aws:kms:eu-west-1:111111111111";
        for (text, told) in [
            (
                id.to_owned(),
                format!("Key '{here}:key/{id}' does not exist"),
            ),
            (
                format!("{here}:key/{id}"),
                format!("Key '{here}:key/{id}' does not exist"),
            ),
            ("aws/s3".to_owned(), "Invalid keyId aws/s3".to_owned()),
            (
                format!("arn:aws:kms:eu-west-2:111111111111:key/{id}"),
                "Invalid arn eu-west-2".to_owned(),
            ),
            (
                "alias/x".to_owned(),
                format!("Alias {here}:alias/x is not found."),
            ),
        ] {
            assert_eq!(missing(&text), told, "{text}");
        }
    }
}
