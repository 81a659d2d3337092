//! What a trail is called: a name, or its ARN.

use super::errors::{fault, invalid_name};
use super::state;
use crate::wire::Refusal;

/// A name, or an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    Short(&'a str),
    Arn(&'a str),
}

impl<'a> Name<'a> {
    /// Reads either.
    pub(crate) fn read(text: &'a str) -> Result<Self, Refusal> {
        if !text.starts_with("arn:") {
            check(text)?;
            return Ok(Self::Short(text));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let name = match parts[..] {
            [
                "arn",
                "aws" | "aws-cn" | "aws-us-gov",
                "cloudtrail",
                region,
                account,
                resource,
            ] if !region.is_empty() && !account.is_empty() => resource.strip_prefix("trail/"),
            _ => None,
        };
        match name {
            Some(name) => check(name).map(|()| Self::Arn(text)),
            None => {
                let message = format!("The ARN {text} is not one of a trail.");
                Err(fault("CloudTrailARNInvalidException", message))
            }
        }
    }

    /// Returns the ARN; a name is meant in the Region of the call.
    pub(crate) fn arn(self, region: &str, account: &str) -> String {
        match self {
            Self::Short(name) => state::arn(region, account, name),
            Self::Arn(arn) => arn.to_owned(),
        }
    }
}

/// Checks a trail's name (BC:cloudtrail CreateTrailRequest Name).
pub(crate) fn check(name: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if length < 3 {
        return Err(invalid_name(format!(
            "Trail name too short. Minimum allowed length: 3 characters. Specified name length: {length} characters."
        )));
    }
    if length > 128 {
        return Err(invalid_name(format!(
            "Trail name too long. Maximum allowed length: 128 characters. Specified name length: {length} characters."
        )));
    }
    let plain = |char: char| char.is_ascii_alphanumeric();
    let mark = |char: char| ['.', '_', '-'].contains(&char);
    if !name.starts_with(plain) {
        return Err(invalid_name(
            "Trail name must starts with a letter or number.",
        ));
    }
    if !name.ends_with(plain) {
        return Err(invalid_name(
            "Trail name must ends with a letter or number.",
        ));
    }
    if !name.chars().all(|char| plain(char) || mark(char)) {
        let text = "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), \
                    hyphens (-), and underscores (_).";
        return Err(invalid_name(text));
    }
    let chars: Vec<char> = name.chars().collect();
    if chars
        .windows(2)
        .any(|pair| pair.iter().all(|char| mark(*char)))
    {
        let text = "Trail name must not have adjacent periods, underscores, or dashes.";
        return Err(invalid_name(text));
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err(invalid_name("Trail name must not be in IP address format."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_documented() {
        for name in ["abc", "a.b", "My-trail_1", "1.2.3", &"a".repeat(128)] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in [
            "ab",
            "-ab",
            "ab-",
            "a b",
            "a--b",
            "a._b",
            "192.168.5.4",
            "ä12",
            &"a".repeat(129),
        ] {
            assert_eq!(
                check(name).unwrap_err().code,
                "InvalidTrailNameException",
                "{name}"
            );
        }
    }

    #[test]
    fn an_arn_names_its_own_region() {
        let arn = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit";
        assert_eq!(Name::read(arn).unwrap().arn("us-east-1", "2"), arn);
        let short = Name::read("audit").unwrap();
        assert_eq!(short.arn("eu-west-1", "111111111111"), arn);
        for wrong in [
            "arn:aws:s3:::audit",
            "arn:aws:cloudtrail:eu-west-1::trail/audit",
            "arn:aws:cloudtrail:eu-west-1:111111111111:eventdatastore/audit",
        ] {
            let refused = Name::read(wrong).unwrap_err();
            assert_eq!(refused.code, "CloudTrailARNInvalidException", "{wrong}");
        }
    }
}
