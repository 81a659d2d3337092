//! A request, and what the statements of one policy say of it: principals, actions and resources are evaluated exactly; conditions
//! as far as what is known about the request goes, and else quoted.

use std::collections::BTreeMap;

use super::canon::canonical_key;
use super::grammar::{Condition, Effect, PolicyDocument, Principals, Scope, Statement, Version};
use super::pattern::{Pattern, variables_as_wildcards};
use super::principals::{is_account_id, root_account};
use crate::ids::Arn;

/// How sure it is that a Deny hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certainty {
    /// It hits every such request.
    Always,
    /// It hits every such request on a part of the resources, which this says.
    Partly(String),
    /// It hits if this holds, which can't be known here.
    Maybe(String),
}

impl Certainty {
    /// Whether less is left unsure than of the other.
    #[must_use]
    pub const fn is_surer_than(&self, other: &Self) -> bool {
        self.weakness() < other.weakness()
    }

    /// How much is left unsure.
    pub(super) const fn weakness(&self) -> u8 {
        match self {
            Self::Always => 0,
            Self::Partly(_) => 1,
            Self::Maybe(_) => 2,
        }
    }
}

/// A Deny that hits, or may hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenyHit {
    /// The position of the statement in the document.
    pub index: usize,
    /// Its Sid.
    pub sid: Option<String>,
    /// How sure it is.
    pub certainty: Certainty,
}

/// What a part of a statement says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth {
    No,
    Maybe(String),
    /// Yes for some of the resources that the request stands for, no for the rest.
    Partly(String),
    Yes,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            // Two parts may have nothing in common.
            (Self::Maybe(a) | Self::Partly(a), Self::Maybe(b) | Self::Partly(b)) => {
                Self::Maybe(format!("{a} and {b}"))
            }
            (Self::Yes, other) | (other, Self::Yes) => other,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Partly(a), Self::Partly(b)) => Self::Partly(format!("{a} or {b}")),
            (Self::Partly(text), _) | (_, Self::Partly(text)) => Self::Partly(text),
            (Self::Maybe(a), Self::Maybe(b)) => Self::Maybe(format!("{a} or {b}")),
            (Self::No, other) | (other, Self::No) => other,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            // Several parts together may be the whole.
            Self::Maybe(text) | Self::Partly(text) => Self::Maybe(format!("not ({text})")),
            Self::Yes => Self::No,
        }
    }
}

/// What is known of a request besides who makes it, of what and on what.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known<'a> {
    /// Nothing.
    Nothing,
    /// The condition keys of S3 that it carries: all of them.
    OfS3(&'a BTreeMap<String, String>),
    /// S3 uses a KMS key.
    OfKey(KeyContext<'a>),
}

/// In which way S3 uses a KMS key.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyContext<'a> {
    /// The names under which it may call.
    pub(super) via: &'a [String],
    /// The encryption context: an ARN, or a pattern as policies have them.
    pub(super) context: &'a str,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who<'a> {
    /// S3's, in a session of the replication role.
    Replication(&'a Arn),
    /// s3ferry's, in a session of a role or as a principal of which only the account is known.
    Caller(Option<&'a Arn>, &'a str),
}

impl<'a> Who<'a> {
    const fn role(self) -> Option<&'a Arn> {
        match self {
            Self::Replication(role) => Some(role),
            Self::Caller(role, _) => role,
        }
    }

    fn account(self) -> &'a str {
        match self {
            Self::Replication(role) => role.account(),
            Self::Caller(_, account) => account,
        }
    }
}

/// A request that policies are asked about.
pub(super) struct Request<'a> {
    pub(super) who: Who<'a>,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) version: Version,
    /// What the request carries besides.
    pub(super) known: Known<'a>,
}

impl Request<'_> {
    /// The Denies that hit it, or may.
    pub(super) fn hits(&self, document: &PolicyDocument) -> Vec<DenyHit> {
        let numbered = document.statements().iter().enumerate();
        numbered
            .filter(|(_, statement)| statement.effect() == Effect::Deny)
            .filter_map(|(index, statement)| {
                Some(DenyHit {
                    index,
                    sid: statement.sid().map(str::to_owned),
                    certainty: self.certainty(statement)?,
                })
            })
            .collect()
    }

    fn certainty(&self, statement: &Statement) -> Option<Certainty> {
        match self.is_meant(statement) {
            Truth::No => None,
            Truth::Maybe(text) => Some(Certainty::Maybe(text)),
            Truth::Partly(text) => Some(Certainty::Partly(text)),
            Truth::Yes => Some(Certainty::Always),
        }
    }

    /// Whether a statement is about it.
    pub(super) fn is_meant(&self, statement: &Statement) -> Truth {
        let principals = statement
            .principals()
            .map_or(Truth::Yes, |scope| self.principals(scope));
        let resources = statement
            .resources()
            .map_or(Truth::Yes, |scope| self.resources(scope));
        let conditions = statement.conditions().iter().map(|one| self.condition(one));
        [
            principals,
            self.actions(statement.actions()),
            resources,
            unknown(statement),
        ]
        .into_iter()
        .chain(conditions)
        .fold(Truth::Yes, Truth::and)
    }

    fn actions(&self, scope: &Scope<Vec<String>>) -> Truth {
        let action = self.action.to_ascii_lowercase();
        let listed = scope
            .listed()
            .iter()
            .any(|name| Pattern::action(name).matches(&action));
        Truth::of(listed == matches!(scope, Scope::Only(_)))
    }

    fn resources(&self, scope: &Scope<Vec<String>>) -> Truth {
        // Ours are written for the newer version, whatever the document has.
        let wanted = Pattern::new(self.resource, Version::V2012);
        let within = |text: &String| self.within(&wanted, text, "the resource");
        let texts = scope.listed().iter().map(within);
        let listed = texts.fold(Truth::No, Truth::or);
        match scope {
            Scope::Only(_) => listed,
            Scope::Except(_) => listed.not(),
        }
    }

    /// Whether what is wanted lies within a pattern of the document.
    fn within(&self, wanted: &Pattern, text: &str, what: &str) -> Truth {
        let widened = variables_as_wildcards(text, self.version);
        let pattern = Pattern::new(widened.as_deref().unwrap_or(text), self.version);
        let part = || format!("{what} is {text}");
        if !pattern.overlaps(wanted) {
            Truth::No
        } else if widened.is_some() {
            Truth::Maybe(part())
        } else if pattern.covers(wanted) {
            Truth::Yes
        } else {
            Truth::Partly(part())
        }
    }

    fn principals(&self, scope: &Scope<Principals>) -> Truth {
        let aws = scope.listed().get("AWS").map_or(&[][..], Vec::as_slice);
        let names = |test: &dyn Fn(&str) -> bool| aws.iter().any(|name| test(name));
        let everyone = names(&|name| name == "*");
        let account = names(&|name| self.is_account_of_role(name));
        let role = names(&|name| self.who.role().is_some_and(|role| name == role.as_str()));
        let session = names(&|name| self.is_session_of_role(name));
        if self.who.role().is_none() && !everyone && !(account && matches!(scope, Scope::Only(_))) {
            let of_account = |name: &str| name.contains(&format!(":{}:", self.who.account()));
            return match scope {
                Scope::Only(_) if !names(&of_account) => Truth::No,
                Scope::Only(_) | Scope::Except(_) => Truth::Maybe("of who runs s3ferry".to_owned()),
            };
        }
        match scope {
            Scope::Only(_) if everyone || account || role => Truth::Yes,
            Scope::Only(_) if session => {
                Truth::Maybe("S3 uses the session that is named".to_owned())
            }
            Scope::Only(_) => Truth::No,
            Scope::Except(_) if everyone => Truth::No,
            // An exempted role must stand beside its account, which is looked at first; and its session is a principal of its
            // own whose name S3 chooses (IAMUG:reference_policies_elements_notprincipal).
            Scope::Except(_) if (role || session) && !account => Truth::Maybe(
                "NotPrincipal names the role without its account, which AWS may deny whole"
                    .to_owned(),
            ),
            Scope::Except(_) if role || session => {
                Truth::Maybe("NotPrincipal does not exempt the session that S3 uses".to_owned())
            }
            Scope::Except(_) => Truth::Yes,
        }
    }

    fn is_account_of_role(&self, name: &str) -> bool {
        let account = if is_account_id(name) {
            Some(name)
        } else {
            root_account(name)
        };
        account == Some(self.who.account())
    }

    /// Whether a principal is a session of the role; sessions do not show the role's path.
    fn is_session_of_role(&self, name: &str) -> bool {
        self.who.role().is_some_and(|of| {
            let role = of.resource().rsplit('/').next().unwrap_or_default();
            let (partition, account) = (of.partition(), of.account());
            name.starts_with(&format!(
                "arn:{partition}:sts::{account}:assumed-role/{role}/"
            ))
        })
    }

    fn condition(&self, condition: &Condition) -> Truth {
        let operator = condition.operator.to_ascii_lowercase();
        let base = operator.strip_suffix("ifexists").unwrap_or(&operator);
        let known = match canonical_key(&condition.key).as_str() {
            // S3 replicates over TLS (UG26:replication-troubleshoot).
            "aws:securetransport" if base == "bool" => {
                let mut values = condition.values.iter();
                Some(Truth::of(
                    values.any(|value| value.eq_ignore_ascii_case("true")),
                ))
            }
            "aws:principalarn" => {
                let role = self.who.role();
                role.and_then(|role| self.text(base, condition, role.as_str()))
            }
            "aws:principalaccount" => self.text(base, condition, self.who.account()),
            key if key.starts_with("s3:x-amz-")
                || key.starts_with("s3:requestobjecttag/")
                || matches!(key, "s3:if-match" | "s3:if-none-match") =>
            {
                match self.known {
                    Known::OfS3(keys) => self.of_request(&operator, condition, keys.get(key)),
                    Known::OfKey(_) | Known::Nothing => None,
                }
            }
            "kms:calleraccount" => self.text(base, condition, self.who.account()),
            "kms:viaservice" => self.via(base, condition),
            "kms:encryptioncontext:aws:s3:arn" => self.context(base, condition),
            _ => None,
        };
        known.unwrap_or_else(|| Truth::Maybe(quote(condition)))
    }

    /// A condition on what the request carries, or does not. A negated operator holds where the key is not there, and so does
    /// one with `IfExists` (IAMUG:reference_policies_elements_condition_operators).
    fn of_request(
        &self,
        operator: &str,
        condition: &Condition,
        value: Option<&String>,
    ) -> Option<Truth> {
        if operator == "null" {
            let mut values = condition.values.iter();
            let asks_for_none = values.any(|value| value.eq_ignore_ascii_case("true"));
            return Some(Truth::of(value.is_none() == asks_for_none));
        }
        let base = operator.strip_suffix("ifexists");
        let Some(value) = value else {
            let negated = base.unwrap_or(operator).starts_with("stringnot");
            let known = base.unwrap_or(operator).starts_with("string");
            return known.then(|| Truth::of(negated || base.is_some()));
        };
        self.text(base.unwrap_or(operator), condition, value)
    }

    /// S3 calls KMS under the name of its Region, of which there are two in China.
    fn via(&self, base: &str, condition: &Condition) -> Option<Truth> {
        let Known::OfKey(of) = self.known else {
            return None;
        };
        let mut said = of.via.iter().map(|name| self.text(base, condition, name));
        let first = said.next()??;
        let agree = said.all(|other| other.as_ref() == Some(&first));
        Some(first).filter(|_| agree)
    }

    /// The encryption context is one ARN, or any of those that a pattern stands for.
    fn context(&self, base: &str, condition: &Condition) -> Option<Truth> {
        let Known::OfKey(of) = self.known else {
            return None;
        };
        let wanted = Pattern::new(of.context, Version::V2012);
        let within = |text: &String| self.within(&wanted, text, "the encryption context");
        let literally = |text: &String| {
            if Pattern::literal(text).covers(&wanted) {
                Truth::Yes
            } else if wanted.matches(text) {
                Truth::Partly(format!("the encryption context is {text}"))
            } else {
                Truth::No
            }
        };
        let values = condition.values.iter();
        match base {
            "stringequals" => Some(values.map(literally).fold(Truth::No, Truth::or)),
            "stringnotequals" => Some(values.map(literally).fold(Truth::No, Truth::or).not()),
            "stringlike" | "arnequals" | "arnlike" => {
                Some(values.map(within).fold(Truth::No, Truth::or))
            }
            "stringnotlike" | "arnnotequals" | "arnnotlike" => {
                Some(values.map(within).fold(Truth::No, Truth::or).not())
            }
            _ => None,
        }
    }

    fn text(&self, operator: &str, condition: &Condition, value: &str) -> Option<Truth> {
        match operator {
            "stringequals" => Some(self.any(condition, value, false)),
            "stringnotequals" => Some(self.any(condition, value, false).not()),
            // ArnEquals and ArnLike behave identically (IAMUG:reference_policies_elements_condition_operators).
            "stringlike" | "arnequals" | "arnlike" => Some(self.any(condition, value, true)),
            "stringnotlike" | "arnnotequals" | "arnnotlike" => {
                Some(self.any(condition, value, true).not())
            }
            _ => None,
        }
    }

    fn any(&self, condition: &Condition, value: &str, wildcards: bool) -> Truth {
        let values = condition.values.iter().map(|text| {
            if wildcards || variables_as_wildcards(text, self.version).is_some() {
                self.within(&Pattern::literal(value), text, "the resource")
            } else {
                Truth::of(text == value)
            }
        });
        values.fold(Truth::No, Truth::or)
    }
}

/// One that always hits before one that may.
pub(super) fn strongest(mut hits: Vec<DenyHit>) -> Option<DenyHit> {
    hits.sort_by_key(|hit| (hit.certainty.weakness(), hit.index));
    hits.into_iter().next()
}

fn unknown(statement: &Statement) -> Truth {
    match statement.unknown_members() {
        [] => Truth::Yes,
        members => Truth::Maybe(format!("{} holds", members.join(", "))),
    }
}

pub(super) fn quote(condition: &Condition) -> String {
    let Condition {
        operator,
        key,
        values,
    } = condition;
    format!("{operator} {key} {}", values.join(" | "))
}
