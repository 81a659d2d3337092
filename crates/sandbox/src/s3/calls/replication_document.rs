//! PutBucketReplication: admission, `iam:PassRole`, and the IDs S3 gives to rules without one.

use s3s::{S3Error, S3Result};

use super::access::refused;
use super::body::{as_sent, parse};
use super::request::Call;
use crate::s3::errors::malformed_xml;
use crate::s3::replication::admission::{self, RoleProblem};
use crate::s3::rules::target::Target;
use crate::s3::state::replication::Configuration;
use crate::s3::state::world::Store;
use crate::s3::xml::Element;

/// Checks a replication configuration and returns the text to store.
pub(crate) fn check(
    store: &Store,
    call: &Call<'_>,
    target: &Target,
    body: &[u8],
) -> S3Result<String> {
    // "The maximum size of a replication configuration is 2 MB" (BC:s3 ReplicationConfiguration).
    if body.len() > 2 << 20 {
        return Err(malformed_xml());
    }
    let mut root = parse(body, "ReplicationConfiguration")?;
    let config = Configuration::parse(&root).map_err(|_| malformed_xml())?;
    check_role(store, call, target, &config.role)?;
    admission::check(&config, &target.name, &store.world())?;
    if give_ids(store, &mut root) {
        Ok(root.write())
    } else {
        Ok(as_sent(body, &root))
    }
}

fn check_role(store: &Store, call: &Call<'_>, target: &Target, role: &str) -> S3Result<()> {
    match admission::check_role(role, &target.owner) {
        Ok(()) => {}
        Err(RoleProblem::Malformed(error)) => return Err(error),
        Err(RoleProblem::OtherAccount) => return Err(other_account(call, target, role)),
    }
    let authority = &store.environment.authority;
    let passed = authority.may_pass_role(call.caller, role, "s3.amazonaws.com");
    passed.map_err(|denied| refused(target, denied.message))
}

fn other_account(call: &Call<'_>, target: &Target, role: &str) -> S3Error {
    let who = &call.caller.arn;
    let text = format!(
        "User: {who} is not authorized to perform: iam:PassRole on resource: {role} because \
         cross-account pass role is not allowed."
    );
    refused(target, text)
}

/// Rules without an ID get a random one; says whether any did.
fn give_ids(store: &Store, root: &mut Element) -> bool {
    let mut given = false;
    for rule in root
        .children
        .iter_mut()
        .filter(|child| child.name == "Rule")
    {
        if rule.text_of("ID").is_none_or(str::is_empty) {
            rule.children.retain(|child| child.name != "ID");
            rule.children
                .insert(0, Element::leaf("ID", &store.ids.mixed(48)));
            given = true;
        }
    }
    given
}
