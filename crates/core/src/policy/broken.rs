//! Principals that point at nobody any more.

use super::grammar::{Effect, PolicyDocument, Principals, Scope, Statement};

/// A principal that AWS shows by unique ID because its role or user was deleted.
///
/// It matches nobody, and making a role of the same name again does not heal it
/// (IAMUG:reference_policies_elements_principal): the statement must be written again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokenPrincipal {
    /// The position of the statement in the document.
    pub index: usize,
    /// The statement's Sid.
    pub sid: Option<String>,
    /// The unique ID, e.g. `AROAEXAMPLEID`.
    pub id: String,
}

impl PolicyDocument {
    /// The principals that point at deleted roles and users, in order of the statements.
    #[must_use]
    pub fn broken_principals(&self) -> Vec<BrokenPrincipal> {
        let statements = self.statements().iter().enumerate();
        statements
            .flat_map(|(index, statement)| {
                let sid = statement.sid().map(str::to_owned);
                let names = aws_names(statement.principals());
                names
                    .filter(|name| is_unique_id(name))
                    .map(move |id| BrokenPrincipal {
                        index,
                        sid: sid.clone(),
                        id: id.to_owned(),
                    })
            })
            .collect()
    }
}

impl Statement {
    /// The principals of type `AWS` that the statement lists, whichever way they count.
    pub fn aws_principals(&self) -> impl Iterator<Item = &str> {
        aws_names(self.principals())
    }

    /// Whether the statement grants, and to principals that were deleted only.
    #[must_use]
    pub fn grants_to_nobody(&self) -> bool {
        let Some(Scope::Only(principals)) = self.principals() else {
            return false;
        };
        let only_aws = principals.keys().all(|kind| kind == "AWS");
        let mut names = aws_names(self.principals());
        self.effect() == Effect::Allow && only_aws && names.all(is_unique_id)
    }

    /// Whether a principal that the statement lists points at a deleted role or user.
    #[must_use]
    pub fn has_broken_principal(&self) -> bool {
        self.aws_principals().any(is_unique_id)
    }
}

fn aws_names(principals: Option<&Scope<Principals>>) -> impl Iterator<Item = &str> {
    principals
        .and_then(|scope| scope.listed().get("AWS"))
        .into_iter()
        .flatten()
        .map(String::as_str)
}

/// Whether a principal is the unique ID of a role (AROA) or a user (AIDA) (IAMUG:reference_identifiers).
fn is_unique_id(name: &str) -> bool {
    let id = name.split(':').next().unwrap_or_default();
    (id.starts_with("AROA") || id.starts_with("AIDA"))
        && id.len() >= 16
        && id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
