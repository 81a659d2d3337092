//! Principals in policies: stored as unique ids, shown as ARNs
//! (IAMUG:reference_policies_elements_principal). A role that is deleted leaves its bare id behind,
//! and creating it again does not heal the policy.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Iam;
use crate::policy::Document;

/// Why principals are not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PrincipalError {
    /// The document does not follow the grammar; AWS's message.
    Document(String),
    /// The principal does not exist (yet), as AWS quotes it: `"AWS":"arn:..."`.
    Invalid(String),
}

impl Iam {
    /// Replaces a policy's principals by what is stored for them.
    pub(crate) fn stored(&self, json: &str) -> Result<String, PrincipalError> {
        Document::parse(json).map_err(PrincipalError::Document)?;
        let stored = |kind: &str, name: &str| self.store(kind, name);
        rewritten(json, &stored)
    }

    /// Replaces stored principals by what is shown for them.
    pub(crate) fn shown(&self, json: &str) -> String {
        let shown = |_: &str, name: &str| Ok(self.show(name));
        rewritten(json, &shown).unwrap_or_else(|_| json.to_owned())
    }

    fn store(&self, kind: &str, name: &str) -> Result<String, PrincipalError> {
        let stored = match kind {
            "AWS" => self.store_aws(name),
            "Service" => is_service(name).then(|| name.to_owned()),
            _ => Some(name.to_owned()),
        };
        let quoted = || format!("\"{}\":\"{name}\"", kind.to_uppercase());
        stored.ok_or_else(|| PrincipalError::Invalid(quoted()))
    }

    fn store_aws(&self, name: &str) -> Option<String> {
        if name == "*" {
            return Some(name.to_owned());
        }
        if is_account(name) {
            return self
                .has_account(name)
                .then(|| format!("arn:aws:iam::{name}:root"));
        }
        let Some((service, account, resource)) = arn_parts(name) else {
            return self.find_by_id(name).map(|_| name.to_owned());
        };
        let state = self.effective(account)?;
        match (service, resource) {
            ("iam", "root") => Some(name.to_owned()),
            ("iam", _) => state.by_arn(name).map(|identity| identity.id.clone()),
            ("sts", session) => {
                let role = session.strip_prefix("assumed-role/")?.split('/').next()?;
                state.role(role).map(|_| name.to_owned())
            }
            _ => None,
        }
    }

    fn show(&self, name: &str) -> String {
        self.find_by_id(name).unwrap_or_else(|| name.to_owned())
    }

    /// Finds the ARN that goes with a unique id, in any account.
    fn find_by_id(&self, id: &str) -> Option<String> {
        self.account_ids().find_map(|account| {
            let state = self.latest(account)?;
            state.by_id(id).map(|identity| identity.arn.clone())
        })
    }
}

fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// What services are called: prefixes of actions and names of endpoints, one a line.
const SERVICES: &str = include_str!("services.txt");

/// AWS refuses a service that it does not have. There is no list of all principals, so here a name passes in which that of
/// a service occurs: `logging.s3`, `ecs-tasks`, `edgelambda`; unverified at its edges.
fn is_service(name: &str) -> bool {
    let ends = [".amazonaws.com", ".amazonaws.com.cn"];
    let Some(name) = ends.iter().find_map(|end| name.strip_suffix(end)) else {
        return false;
    };
    let known = |service: &str| {
        let whole = |part: &str| part == service;
        let within = service.len() >= 3 && name.contains(service);
        within
            || name
                .split('.')
                .any(|label| whole(label) || label.split('-').any(whole))
    };
    SERVICES.lines().any(known)
}

/// Splits `arn:aws:iam::111111111111:role/r` into service, account and resource.
pub(crate) fn arn_parts(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (scheme == "arn" && partition == "aws" && region.is_empty())
        .then_some((service, account, resource))
}

type Rewrite<'a> = &'a dyn Fn(&str, &str) -> Result<String, PrincipalError>;

/// Rewrites every principal of a document; the rest of its text stays as it is written.
fn rewritten(json: &str, rewrite: Rewrite<'_>) -> Result<String, PrincipalError> {
    let Ok(written) = serde_json::from_str::<Written<'_>>(json) else {
        return Ok(json.to_owned());
    };
    let mut text = String::with_capacity(json.len());
    let mut done = 0;
    for (kind, name) in written.principals() {
        let Ok(old) = serde_json::from_str::<String>(name) else {
            continue;
        };
        let new = rewrite(&kind, &old)?;
        if new != old {
            // The name is a part of the document's own text, so its place is how far apart they begin.
            let start = name.as_ptr() as usize - json.as_ptr() as usize;
            text.push_str(&json[done..start]);
            text.push_str(&Value::String(new).to_string());
            done = start + name.len();
        }
    }
    text.push_str(&json[done..]);
    Ok(text)
}

/// A policy as far as its principals need it: pieces of its text.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow, rename = "Statement")]
    statements: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenStatement<'a> {
    #[serde(borrow)]
    principal: Option<&'a RawValue>,
    #[serde(borrow)]
    not_principal: Option<&'a RawValue>,
}

impl<'a> Written<'a> {
    /// Returns every principal's kind and its name as written, in the order of the text.
    fn principals(&self) -> Vec<(String, &'a str)> {
        let statements = one_or_many(self.statements).into_iter();
        let statements = statements.filter_map(|text| serde_json::from_str(text).ok());
        let mut found: Vec<_> = statements.flat_map(principals_of).collect();
        found.sort_by_key(|(_, name)| name.as_ptr());
        found
    }
}

fn principals_of(statement: WrittenStatement<'_>) -> Vec<(String, &str)> {
    let WrittenStatement {
        principal,
        not_principal,
    } = statement;
    let fields = [principal, not_principal].into_iter().flatten();
    // A principal that is no object is "*" and names nobody.
    let kinds = fields
        .filter_map(|field| serde_json::from_str::<BTreeMap<String, &RawValue>>(field.get()).ok());
    let names = |(kind, names): (String, _)| {
        let names = one_or_many(names).into_iter();
        names.map(move |name| (kind.clone(), name))
    };
    kinds.flatten().flat_map(names).collect()
}

fn one_or_many(value: &RawValue) -> Vec<&str> {
    match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
        Ok(many) => many.into_iter().map(RawValue::get).collect(),
        Err(_) => vec![value.get()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_name() {
        for name in [
            "s3",
            "batchoperations.s3",
            "ecs-tasks",
            "edgelambda",
            "delivery.logs",
            "states.eu-west-1",
        ] {
            assert!(is_service(&format!("{name}.amazonaws.com")), "{name}");
        }
        for name in [
            "foo.amazonaws.com",
            "s3.amazonaw.com",
            "s3",
            "nosuch.amazonaws.com",
        ] {
            assert!(!is_service(name), "{name}");
        }
    }

    #[test]
    fn only_names_that_change_are_written_anew() {
        let json = r#"{ "Statement" : [ {"Sid":"b",  "Principal":"*"},
            { "Principal" : {"Service":"s3.amazonaws.com", "AWS":[ "old", "kept" ,"old"]}, "Action":"a" } ,
            {"NotPrincipal":{"AWS":"o\u006cd"},"Effect":"old"}] }"#;
        let new = |kind: &str, name: &str| match (kind, name) {
            ("AWS", "old") => Ok("a \"new\" one".to_owned()),
            _ => Ok(name.to_owned()),
        };
        let expected = json
            .replace(
                r#"[ "old", "kept" ,"old"]"#,
                r#"[ "a \"new\" one", "kept" ,"a \"new\" one"]"#,
            )
            .replace(r#""o\u006cd""#, r#""a \"new\" one""#);
        assert_eq!(rewritten(json, &new), Ok(expected));
        let one = r#"{"Statement":{"Principal":{"AWS":"old"}}}"#;
        assert_eq!(
            rewritten(one, &|_: &str, _: &str| Ok("new".to_owned())),
            Ok(one.replace("old", "new"))
        );
    }
}
