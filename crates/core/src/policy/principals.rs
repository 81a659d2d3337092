//! Principals: their one form for comparison.

use std::collections::{BTreeMap, BTreeSet};

use super::grammar::{Body, Principals};

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
