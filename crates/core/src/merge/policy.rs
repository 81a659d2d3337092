//! Policies: in a bucket's and in a key's, our statements by Sid and everybody else's as they stand; a role's is ours, and that of the specs
//! that share the role.

use super::conflict::{Conflict, ConflictKind};
use super::limits::fits;
use super::{Merged, refuse};
use crate::ids::MigrationName;
use crate::model::kinds::{Document, Policy, Says};
use crate::model::{BucketRef, Target};
use crate::ownership::marked_role_sid;
use crate::phase::Part;
use crate::policy::generate::{Record, recorded};
use crate::policy::{PolicyDocument, Statement, union_for_growth};
use crate::route::Route;
use crate::scene::Scene;
use crate::scope::Scope;
use crate::spec::KeyPolicies;

pub(super) fn bucket_policy(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &[(MigrationName, Statement)],
    live: Option<&Document>,
) -> Merged {
    let live = match live {
        Some(Document::BucketPolicy(policy)) => Some(policy),
        _ => None,
    };
    let after = with_ours(scene, target, wanted, live, |sid| is_managed(scene, sid))?;
    let after = match (scene.scope, live.and_then(Policy::document)) {
        (Scope::Only(_), Some(before)) => with_what_is_out_of_reach(scene, target, before, &after)?,
        (_, _) => after,
    };
    let policy = (!after.is_empty()).then(|| Policy::from(after));
    Ok(policy.map(Document::BucketPolicy))
}

/// What a plan of some migrations leaves: what is wanted, and beside it what lets in logs and inventories that go on.
fn with_what_is_out_of_reach(
    scene: &Scene<'_>,
    target: &Target,
    before: &PolicyDocument,
    after: &PolicyDocument,
) -> Result<PolicyDocument, Box<Conflict>> {
    let kept = union_for_growth(before, after, |statement| {
        lets_in_what_is_out_of_reach(scene, target, statement)
    });
    fits(target, &Policy::from(kept.clone())).map_err(|kind| refuse(scene, target, kind))?;
    Ok(kept)
}

/// Whether a statement of ours lets in logs or inventories of a bucket of which none of the migrations that a plan is for asks for
/// them: they have left the bucket, or no longer say anything of its logs. They go on until a plan of all ends them, and the
/// statement as long.
fn lets_in_what_is_out_of_reach(scene: &Scene<'_>, target: &Target, statement: &Statement) -> bool {
    let is_ours = statement
        .sid()
        .is_some_and(|sid| scene.markers.owns_sid(sid));
    let (Some(to), Some((record, bucket)), true) = (target.bucket(), recorded(statement), is_ours)
    else {
        return false;
    };
    // Both are in one account and one Region.
    let of = BucketRef {
        bucket,
        ..to.clone()
    };
    let asks = |route: &Route<'_>| {
        Part::Logging.is_in(route.migration.phase)
            && match record {
                Record::AccessLogs => route.access_logs().iter().any(|asked| *asked.of == of),
                Record::Inventory => route.inventories().iter().any(|asked| *asked.of == of),
            }
    };
    !scene.covered().any(asks)
}

/// The policy of a key that is there and not AWS's own; where there is none to be written, that is said as a finding. A policy that
/// would no longer let in who administers the key is never written: nobody but AWS could open it again (KMS Developer Guide,
/// "Key policies").
pub(super) fn key_policy(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &[(MigrationName, Statement)],
    live: Option<&Document>,
) -> Merged {
    let itself = target.whole().and_then(|key| scene.observed.document(&key));
    let is_of_aws = matches!(itself, Some(Document::Key(key)) if key.is_of_aws());
    let before = match live {
        Some(Document::KeyPolicy(policy)) if !is_of_aws => policy,
        _ => return Ok(live.cloned()),
    };
    let after = with_ours(scene, target, wanted, Some(before), |sid| {
        is_managed(scene, sid) && may_write_keys(scene, sid)
    })?;
    if before.document().is_some_and(|before| *before == after) {
        return Ok(live.cloned());
    }
    let key = target.key();
    let lost = key.and_then(|key| {
        let before = before.document()?;
        before.locked_out(&after, &key.arn(), key.account.as_str())
    });
    if let Some(lost) = lost {
        let lost = lost.iter().map(ToString::to_string).collect();
        return Err(refuse(scene, target, ConflictKind::LocksOut(lost)));
    }
    Ok(Some(Document::KeyPolicy(Policy::from(after))))
}

/// Statements of a migration that leaves the policies of its keys alone stay as they are.
fn may_write_keys(scene: &Scene<'_>, sid: &str) -> bool {
    let migration = scene.migration_of_sid(sid);
    let migration = migration.and_then(|name| scene.spec.migrations.get(name));
    migration.is_none_or(|of| of.destination.key_policies == KeyPolicies::Written)
}

/// A policy with our statements among those of others, none where nobody has one.
fn with_ours(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &[(MigrationName, Statement)],
    live: Option<&Policy>,
    is_managed: impl Fn(&str) -> bool,
) -> Result<PolicyDocument, Box<Conflict>> {
    let refused = |kind| refuse(scene, target, kind);
    let ours: Vec<Statement> = wanted
        .iter()
        .filter(|(migration, _)| scene.scope.covers(migration))
        .map(|(_, statement)| statement.clone())
        .collect();
    let before = match live.map(Policy::says) {
        Some(Says::Readable(document)) => document.clone(),
        Some(Says::Unreadable(error)) => {
            return Err(refused(ConflictKind::UnreadablePolicy(error.to_string())));
        }
        None => PolicyDocument::empty(),
    };
    let managed = |statement: &Statement| statement.sid().is_some_and(&is_managed);
    let address = scene.names.address(target);
    let adopted = |name: &str| scene.adopts(&format!("{address}/statement/{name}"));
    let after = before
        .without_named(adopted)
        .merged(&ours, managed)
        .map_err(|error| refused(ConflictKind::PolicyVersion(error.to_string())))?;
    if after.is_empty() {
        return Ok(after);
    }
    fits(target, &Policy::from(after.clone())).map_err(refused)?;
    let deleted = deleted_principals(&after);
    if !deleted.is_empty() && after.canonical_json() != before.canonical_json() {
        return Err(refused(ConflictKind::DeletedPrincipals(deleted)));
    }
    Ok(after)
}

/// The statements that name deleted principals, each once (T13). Ours never do after a merge.
fn deleted_principals(policy: &PolicyDocument) -> Vec<String> {
    let broken = policy.broken_principals().into_iter();
    let mut statements: Vec<String> = broken.map(|broken| policy.name_at(broken.index)).collect();
    statements.dedup();
    statements
}

/// The inline policy is under our name; where other specs share the role, they have statements of their own in it.
pub(super) fn role_policy(
    scene: &Scene<'_>,
    target: &Target,
    policy: &Policy,
    live: Option<&Document>,
) -> Merged {
    let refused = |kind| refuse(scene, target, kind);
    let ours = policy.statements();
    let merged = match shared(scene, target, ours.is_empty(), live) {
        None => policy.clone(),
        Some(Says::Unreadable(error)) => {
            return Err(refused(ConflictKind::UnreadablePolicy(error.to_string())));
        }
        Some(Says::Readable(before)) => {
            let is_ours = |statement: &Statement| {
                let sid = statement.sid().unwrap_or_default();
                scene.markers.owns_role_sid(sid)
            };
            let after = before
                .merged(ours, is_ours)
                .map_err(|error| refused(ConflictKind::PolicyVersion(error.to_string())))?;
            if after.is_empty() {
                return Ok(None);
            }
            Policy::from(after)
        }
    };
    fits(target, &merged).map_err(refused)?;
    Ok(Some(Document::RolePolicy(merged)))
}

/// What a role's inline policy says, where other specs share the role: where the role's tags name them, or their marks are in
/// the policy, whatever the tags say; and where this spec wants nothing in it, and only takes away what is its own.
fn shared<'a>(
    scene: &Scene<'_>,
    target: &Target,
    wants_nothing: bool,
    live: Option<&'a Document>,
) -> Option<&'a Says> {
    let Some(Document::RolePolicy(live)) = live else {
        return None;
    };
    let itself = target
        .whole()
        .and_then(|itself| scene.observed.document(&itself));
    let tagged = match itself {
        Some(Document::Role(role)) => !scene.markers.other_specs(&role.tags).is_empty(),
        _ => false,
    };
    let is_others = |statement: &Statement| {
        let sid = statement.sid().unwrap_or_default();
        marked_role_sid(sid).is_some() && !scene.markers.owns_role_sid(sid)
    };
    let is_shared = tagged || wants_nothing || live.statements().iter().any(is_others);
    is_shared.then(|| live.says())
}

/// Whether a Sid is ours and of a migration that this plan is for.
fn is_managed(scene: &Scene<'_>, sid: &str) -> bool {
    match scene.scope {
        Scope::All => scene.markers.owns_sid(sid),
        Scope::Only(names) => scene
            .migration_of_sid(sid)
            .is_some_and(|name| names.contains(name)),
    }
}
