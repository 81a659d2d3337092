//! Would an explicit Deny in somebody else's bucket policy hit the replication role, or whoever runs s3ferry?
//!
//! A Deny wins over every Allow (UG26:replication-troubleshoot), so a plan must see it before replication fails.
//! Principals, actions and resources are evaluated exactly; conditions as far as what is known about the request
//! goes, and else quoted. It is the best effort from one document: SCPs, RCPs and boundaries can't be seen here.

use std::collections::BTreeMap;

use super::grammar::{PolicyDocument, Statement};
pub use super::request::{Certainty, DenyHit};
use super::request::{Known, Request, Who, strongest};
use crate::ids::Arn;

/// The first statement that denies a role an action on a resource: one that always hits before one that may.
///
/// The resource is an ARN or a pattern as policies have them (so `${*}` is a star): a Deny of a part of what the
/// pattern matches may hit.
#[must_use]
pub fn denies(
    document: &PolicyDocument,
    role: &Arn,
    action: &str,
    resource: &str,
) -> Option<DenyHit> {
    let request = Request {
        who: Who::Replication(role),
        action,
        resource,
        version: document.version(),
        known: Known::Nothing,
    };
    strongest(request.hits(document))
}

/// A call that s3ferry itself makes on objects.
#[derive(Debug, Clone, Copy)]
pub struct OwnCall<'a> {
    /// The role that is assumed for it, where one is.
    pub caller: Option<&'a Arn>,
    /// The account of the caller.
    pub account: &'a str,
    /// The action, e.g. `s3:PutObject`.
    pub action: &'a str,
    /// The ARN of the object.
    pub resource: &'a str,
    /// The condition keys of S3 that the request carries, in lower case; it carries no other.
    pub keys: &'a BTreeMap<String, String>,
}

/// The first statement that denies a call of s3ferry's own: one that always hits before one that may.
#[must_use]
pub fn denies_call(document: &PolicyDocument, call: OwnCall<'_>) -> Option<DenyHit> {
    let request = Request {
        who: Who::Caller(call.caller, call.account),
        action: call.action,
        resource: call.resource,
        version: document.version(),
        known: Known::OfS3(call.keys),
    };
    strongest(request.hits(document))
}

/// The Denies that keep a role from what a statement grants it, each once and in order.
#[must_use]
pub fn denials(document: &PolicyDocument, role: &Arn, wanted: &Statement) -> Vec<DenyHit> {
    let resources = wanted.resources().map_or(&[][..], |scope| scope.listed());
    let requests = wanted.actions().listed().iter().flat_map(|action| {
        resources.iter().map(move |resource| Request {
            who: Who::Replication(role),
            action,
            resource,
            version: document.version(),
            known: Known::Nothing,
        })
    });
    let mut hits: Vec<DenyHit> = requests
        .flat_map(|request| request.hits(document))
        .collect();
    hits.sort_by_key(|hit| (hit.index, hit.certainty.weakness()));
    hits.dedup_by_key(|hit| hit.index);
    hits
}
