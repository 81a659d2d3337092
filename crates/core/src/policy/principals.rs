//! Principals: their one form for comparison, and those that point at nobody any more.

use std::collections::{BTreeMap, BTreeSet};

use super::grammar::{Body, PolicyDocument, Principals, Scope, Statement};

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

/// Principals as sets, account IDs as root ARNs, types without names left out.
pub(super) fn canonical_principals(
    listed: &Principals,
    body: &Body,
) -> BTreeMap<String, BTreeSet<String>> {
    let partition = partition(body);
    listed
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(kind, names)| {
            let names = names
                .iter()
                .map(|name| canonical_name(kind, name, partition));
            (kind.clone(), names.collect())
        })
        .collect()
}

fn canonical_name(kind: &str, name: &str, partition: &str) -> String {
    if kind == "AWS" && is_account_id(name) {
        format!("arn:{partition}:iam::{name}:root")
    } else {
        name.to_owned()
    }
}

/// Whether a principal is written as an account ID.
pub(super) fn is_account_id(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account whose root ARN a principal is.
pub(super) fn root_account(name: &str) -> Option<&str> {
    let account = account_of_arn(name)?;
    name.ends_with(":root").then_some(account)
}

/// The account of an IAM or STS ARN.
pub(super) fn account_of_arn(name: &str) -> Option<&str> {
    let fields: Vec<&str> = name.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, "iam" | "sts", "", account, _] if is_account_id(account) => Some(account),
        _ => None,
    }
}

/// The partition that a statement's ARNs name; `aws` where they name none, or more than one.
fn partition(body: &Body) -> &str {
    let principals = body
        .principals
        .iter()
        .flat_map(|scope| scope.listed().values().flatten());
    let resources = body.resources.iter().flat_map(|scope| scope.listed());
    let conditions = body
        .conditions
        .iter()
        .flat_map(|condition| &condition.values);
    let partitions: BTreeSet<&str> = principals
        .chain(resources)
        .chain(conditions)
        .filter_map(|text| text.strip_prefix("arn:")?.split(':').next())
        .filter(|partition| partition.starts_with("aws") && !partition.contains(['*', '?', '$']))
        .collect();
    match partitions.len() {
        1 => partitions.first().copied().unwrap_or("aws"),
        _ => "aws",
    }
}
