//! The keys that objects are encrypted with, as far as anything that was read names them.

use std::collections::BTreeSet;

use super::live::{key_in, part};
use crate::ids::{Arn, MigrationName};
use crate::model::kinds::ReplicationConfiguration;
use crate::model::{BucketPart, BucketRef, Document, KeyPart, KeyRef, Observed, RolePart, Target};
use crate::ownership::Markers;
use crate::policy::generate::literal;
use crate::policy::{PolicyDocument, Statement};
use crate::spec::KeyPolicies;

/// Where the keys of source objects are named.
pub(super) struct Keys {
    /// The policy of ours on the role: it says which keys for which objects.
    policy: Option<PolicyDocument>,
    /// The key that the bucket encrypts with by default.
    default: Option<Arn>,
}

impl Keys {
    pub(super) fn of(
        observed: &Observed,
        source: &BucketRef,
        live: &ReplicationConfiguration,
    ) -> Self {
        let policy = live.runs_as().and_then(|role| {
            let held = observed.document(&Target::Role(role, RolePart::Policy))?;
            held.policy_document().cloned()
        });
        let default = match part(observed, source, BucketPart::Encryption) {
            Some(Document::Encryption(live)) => live.key.as_deref(),
            _ => None,
        };
        Self {
            policy,
            default: default.and_then(|key| key_in(key, &source.region)),
        }
    }

    /// The keys of the objects under a prefix: those that our policy lets the role decrypt them with, or else the bucket's.
    pub(super) fn of_objects(&self, source: &BucketRef, prefix: &str) -> Vec<Arn> {
        let granted = self.policy.as_ref().map_or_else(BTreeSet::new, |policy| {
            let pattern = format!("{}/{}*", source.arn(), literal(prefix));
            policy.key_grants(&pattern)
        });
        let keys = granted
            .into_iter()
            .filter(|(action, _)| action.eq_ignore_ascii_case("kms:Decrypt"))
            .filter_map(|(_, key)| key_in(&key, &source.region));
        let keys: BTreeSet<Arn> = keys.collect();
        if keys.is_empty() {
            return self.default.iter().cloned().collect();
        }
        keys.into_iter().collect()
    }
}

/// The keys that the policy of ours on a role names, on both sides.
pub(super) fn of_role(observed: &Observed, live: &ReplicationConfiguration) -> BTreeSet<KeyRef> {
    let role = live
        .runs_as()
        .map(|role| Target::Role(role, RolePart::Policy));
    let policy = role.and_then(|role| observed.document(&role));
    let policy = policy.and_then(Document::policy_document);
    let statements = policy.map_or(&[][..], |policy| policy.statements());
    let resources = statements.iter().filter_map(Statement::resources);
    let keys = resources.flat_map(|of| of.listed()).filter_map(|text| {
        let key = Arn::new(text.clone()).ok()?;
        KeyRef::of_arn(&key)
    });
    keys.collect()
}

/// Whether the policy of a key has a statement of a migration: then the spec has them written.
pub(super) fn policies(
    observed: &Observed,
    markers: &Markers,
    name: &MigrationName,
) -> KeyPolicies {
    let mark = markers.sid_mark(name);
    let mut policies = observed.iter().filter_map(|(target, document)| {
        let of_key = matches!(target, Target::Key(_, KeyPart::Policy));
        document.filter(|_| of_key)?.policy_document()
    });
    let is_ours = |statement: &Statement| {
        let sid = statement.sid();
        sid.and_then(|sid| markers.migration_mark(sid)) == Some(mark.as_str())
    };
    if policies.any(|policy| policy.statements().iter().any(is_ours)) {
        KeyPolicies::Written
    } else {
        KeyPolicies::LeftAlone
    }
}
