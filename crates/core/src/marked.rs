//! What of a bucket's, a key's or a role's document carries the mark of a spec: rules, inventories and event notifications by their IDs,
//! statements by their Sids, event selectors by their names.

use crate::model::kinds::Role;
use crate::model::target::ROLE_PATH;
use crate::model::{AccountPart, AccountRef, Document, Observed, RoleRef, Target};
use crate::ownership::{Markers, SPEC_TAG};
use crate::policy::Statement;

/// Whether a role is a spec's: by its tags, or by its description in the account's list where somebody took the tag from a role that
/// s3ferry made.
pub(crate) fn is_marked_role(
    of: &RoleRef,
    role: &Role,
    observed: &Observed,
    markers: &Markers,
) -> bool {
    let list = AccountRef {
        account: of.account.clone(),
        partition: of.partition,
    };
    let list = observed.document(&Target::Account(list, AccountPart::Roles));
    let described = match list {
        Some(Document::Roles(roles)) => roles.get(&of.name).and_then(Option::as_ref),
        Some(_) | None => None,
    };
    let is_untagged = !role.tags.contains_key(SPEC_TAG) && role.path == ROLE_PATH;
    let names_it = described.is_some_and(|specs| markers.is_only(specs));
    markers.owns_tags(&role.tags) || (is_untagged && names_it)
}

/// The IDs, Sids and names of a spec's items in a document; none in one that has no such items.
pub(crate) fn marked<'a>(document: &'a Document, markers: &Markers) -> Vec<&'a str> {
    match document {
        Document::Replication(live) => {
            let ids = live.rules.iter().filter_map(|rule| rule.id.as_deref());
            ids.filter(|id| markers.rule(id).is_some()).collect()
        }
        Document::BucketPolicy(policy) | Document::KeyPolicy(policy) => {
            let sids = policy.statements().iter().filter_map(Statement::sid);
            sids.filter(|sid| markers.owns_sid(sid)).collect()
        }
        Document::RolePolicy(policy) => {
            let sids = policy.statements().iter().filter_map(Statement::sid);
            sids.filter(|sid| markers.owns_role_sid(sid)).collect()
        }
        Document::Inventories(live) => {
            let ids = live.keys().map(String::as_str);
            ids.filter(|id| markers.owns_configuration(id)).collect()
        }
        Document::Notifications(live) => {
            let ids = live.by_id.keys().map(String::as_str);
            ids.filter(|id| markers.owns_configuration(id)).collect()
        }
        Document::Selectors(live) => {
            let names = live.names().into_iter();
            names
                .filter(|name| markers.selector(name).is_some())
                .collect()
        }
        Document::Bucket(_)
        | Document::Tags(_)
        | Document::Versioning(_)
        | Document::Encryption(_)
        | Document::Ownership(_)
        | Document::PublicAccess(_)
        | Document::ObjectLock(_)
        | Document::RequestPayment(_)
        | Document::Lifecycle(_)
        | Document::Logging(_)
        | Document::Roles(_)
        | Document::AccountPublicAccess(_)
        | Document::Buckets(_)
        | Document::Role(_)
        | Document::RolePolicies(_)
        | Document::RoleTexts(_)
        | Document::Key(_)
        | Document::Grants(_)
        | Document::AlarmNames(_)
        | Document::RuleMetrics(_)
        | Document::Alarm(_)
        | Document::Topic(_)
        | Document::Trail(_)
        | Document::Trails(_)
        | Document::Jobs(_) => Vec::new(),
    }
}
