//! What a plan could not look at: places that markers of ours or the ledger lead to, and that the spec gives no way into; and where
//! nothing leads anywhere, that this is so.

use std::collections::BTreeMap;

use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::ids::AccountId;
use crate::merge::advice::{guards_line, quoted};
use crate::migration;
use crate::model::kinds::Document;
use crate::model::{BucketPart, BucketRef, OutOfReach, RolePart, Target, same};
use crate::ownership::tagged_destinations;
use crate::scene::Scene;
use crate::scope::Scope;

/// What tags of our roles and the ledger lead to in accounts that the spec does not have any more, and buckets that are not where
/// they were. A plan that would take away what leads there is blocked: nobody would find the way again.
pub(super) fn places(scene: &Scene<'_>, future: &Future<'_>) -> Vec<Finding> {
    let out_of_reach = scene.observed.out_of_reach().iter();
    // Of a key that a migration uses, the migration says it.
    let used = migration::used_keys(scene);
    let is_told = |target: &Target| target.key().is_some_and(|key| used.contains(key));
    let out_of_reach = out_of_reach.filter(|(target, _)| !is_told(target));
    let mut findings = Vec::new();
    let mut searched: BTreeMap<&AccountId, Vec<(&Target, &str)>> = BTreeMap::new();
    let is_led_to = |target: &Target| {
        let has = scene.remembered.is_some_and(|of| of.has(target));
        has || target.key().is_some()
    };
    for (target, why) in out_of_reach {
        match why {
            OutOfReach::Elsewhere(code) => findings.push(elsewhere(scene, target, code)),
            OutOfReach::Unread(code) if is_led_to(target) => {
                findings.push(unread(scene, target, code));
            }
            OutOfReach::Unread(code) => {
                let of_account = searched.entry(target.account()).or_default();
                of_account.push((target, code));
            }
        }
    }
    let searched = searched.into_values();
    findings.extend(searched.filter_map(|of| unsearched(scene, &of)));
    findings.extend(tagged(scene, future));
    findings.extend(proven(scene, future));
    findings
}

/// Destinations that the tags of our roles name.
fn tagged(scene: &Scene<'_>, future: &Future<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (target, document) in scene.observed.iter() {
        let (Target::Role(_, RolePart::Itself), Some(Document::Role(role))) = (target, document)
        else {
            continue;
        };
        if !scene.markers.owns_tags(&role.tags) {
            continue;
        }
        let stays = match future.document(target) {
            Some(Document::Role(role)) => tagged_destinations(&role.tags),
            _ => Vec::new(),
        };
        let destinations = tagged_destinations(&role.tags).into_iter();
        let unseen = destinations.filter(|bucket| !scene.names.knows(&bucket.account));
        findings.extend(unseen.map(|bucket| {
            let what = format!(
                "the role's tags lead to the bucket {} in account {}, which the spec does not have: what is left of ours there was not looked for",
                bucket.bucket, bucket.account
            );
            unseen_account(scene, target, &bucket.account, what, stays.contains(&bucket))
        }));
    }
    findings
}

/// Sources that receipts name: the statements that let them in lead back to their roles.
fn proven(scene: &Scene<'_>, future: &Future<'_>) -> Vec<Finding> {
    let out_of_sight = scene.remembered.into_iter();
    let out_of_sight = out_of_sight.flat_map(|of| of.out_of_sight(scene.spec));
    let finding = |(from, to): (&BucketRef, &BucketRef)| {
        let policy = Target::Bucket(to.clone(), BucketPart::Policy);
        let stays = same(scene.observed.document(&policy), future.document(&policy));
        let what = format!(
            "the ledger leads to the bucket {} in account {}, which the spec does not have: a rule of this spec may replicate from there still, and was not looked for",
            from.bucket, from.account
        );
        unseen_account(scene, &policy, &from.account, what, stays)
    };
    out_of_sight.map(finding).collect()
}

/// A place in an account that the spec does not have; `stays` where what leads there does.
fn unseen_account(
    scene: &Scene<'_>,
    lead: &Target,
    account: &AccountId,
    what: String,
    stays: bool,
) -> Finding {
    let finding = |level, message, help| Finding {
        code: "left-unseen".to_owned(),
        level,
        address: scene.names.address(lead),
        message,
        help,
    };
    if scene.forgotten.contains(account) {
        let help = "it stays there: guards.forget says that the account is gone".to_owned();
        return finding(FindingLevel::Note, what, help);
    }
    let name = format!(
        "name the account {account} in the spec's accounts until a plan has cleaned up there"
    );
    if stays {
        return finding(FindingLevel::Warning, what, name);
    }
    let forget = guards_line(&[("forget", quoted([account.as_str()]))]);
    finding(
        FindingLevel::Blocked,
        format!("{what}; and this plan takes away what leads there"),
        format!("{name}; or, if that account is gone, {forget}"),
    )
}

/// A bucket that the spec no longer names and whose name somebody else has by now.
fn elsewhere(scene: &Scene<'_>, target: &Target, code: &str) -> Finding {
    Finding {
        code: "left-unseen".to_owned(),
        level: FindingLevel::Warning,
        address: scene.names.address(target),
        message: format!(
            "the bucket is not where it was when s3ferry used it: another account has the name now, or it is in another Region ({code}). \
             Nothing was looked for there and nothing is changed there"
        ),
        help: "nothing needs to be done if that bucket was deleted; a bucket of the same name that was made since holds nothing of s3ferry's"
            .to_owned(),
    }
}

/// What an earlier run worked on and cannot be read any more.
fn unread(scene: &Scene<'_>, target: &Target, why: &str) -> Finding {
    Finding {
        code: "left-unseen".to_owned(),
        level: FindingLevel::Note,
        address: scene.names.address(target),
        message: format!(
            "the ledger or a mark of this spec leads here; the spec does not name it, and it could not be read: {why}"
        ),
        help: "if something of this spec may be left there, let the caller read it and plan again"
            .to_owned(),
    }
}

/// What a search of an account could not read.
fn unsearched(scene: &Scene<'_>, unread: &[(&Target, &str)]) -> Option<Finding> {
    let (first, code) = unread.first()?;
    let address = scene.names.address(first);
    let more = match unread.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more of the account"),
    };
    Some(Finding {
        code: "left-unseen".to_owned(),
        level: FindingLevel::Warning,
        address,
        message: format!(
            "this{more} could not be read ({code}): whatever of this spec is there was not found"
        ),
        help: "let the caller read it, with what s3ferry permissions PATH --for search prints, and search again"
            .to_owned(),
    })
}

/// A spec without migrations names no bucket: where neither roles nor the ledger do, rules that live on are not found.
pub(super) fn nothing_named(scene: &Scene<'_>, changes: bool) -> Option<Finding> {
    let nothing = scene.routes.is_empty() && !changes && *scene.scope == Scope::All;
    nothing.then(|| Finding {
        code: "left-elsewhere".to_owned(),
        level: FindingLevel::Note,
        address: "migrations".to_owned(),
        message: format!(
            "the spec names no bucket, and nothing of {} was found on the roles of its accounts and in the buckets that their tags and the ledger name: rules in other buckets, whose role was deleted, are not found so",
            scene.spec.name
        ),
        help: "plan again with --search, which looks in every bucket of the accounts".to_owned(),
    })
}
