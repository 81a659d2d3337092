//! The settings of both buckets.

use super::case::{Case, Known};
use super::symptom::{symptom, unread};
use crate::format::diagnosis::{Level, Symptom};
use crate::future::Future;
use crate::migration::public_policy;
use crate::model::BucketPart;
use crate::model::kinds::{Document, ObjectOwnership, RequestPayment};
use crate::route::Side;

pub(super) fn found(case: &Case<'_>, live: &Future<'_>) -> Vec<Symptom> {
    let mut found = Vec::new();
    for side in [Side::Source, Side::Destination] {
        found.extend(of_bucket(case, side));
    }
    if case.is_gone(Side::Destination) {
        return found;
    }
    found.extend(default_encryption(case));
    found.extend(wrong_account(case));
    found.extend(object_lock(case));
    found.extend(requester_pays(case));
    found.extend(closed(case, live));
    found.extend(owner(case));
    found
}

/// Whether a bucket is there, and versioned.
fn of_bucket(case: &Case<'_>, side: Side) -> Option<Symptom> {
    let target = case.part(side, BucketPart::Versioning);
    let address = case.address(&target);
    let bucket = case.address(&case.part(side, BucketPart::Itself));
    let missing = match side {
        Side::Source => "SrcBucketNotFound",
        Side::Destination => "DstBucketNotFound",
    };
    match case.known(&target) {
        Known::Unread(why) => Some(unread(side, address, why)),
        Known::Held(None) => {
            let message = "the bucket is not there, or not in this account and Region".to_owned();
            let of = symptom("bucket-missing", Level::Wrong, side, bucket, message);
            Some(of.failing([missing]).mended_by(
                "make it again, versioned, with its policy; deleting and making it does not replicate anything anew",
            ))
        }
        Known::Held(Some(Document::Versioning(live))) if !live.is_enabled() => {
            let message = format!(
                "versioning is {}, and S3 replicates between versioned buckets only",
                live.status.as_str()
            );
            let of = symptom("versioning-off", Level::Wrong, side, address, message);
            // At the source nothing written without versioning gets a status; S3 refuses to suspend it while rules are there.
            let failures = (side == Side::Destination).then_some("DstBucketUnversioned");
            Some(of.failing(failures).mended_by("set versioning to Enabled"))
        }
        Known::Held(Some(_)) => None,
    }
}

/// What the source's default encryption is decides what rules must select; the destination's may block customers' keys (SSE-C).
fn default_encryption(case: &Case<'_>) -> Vec<Symptom> {
    let sides = [Side::Source, Side::Destination].into_iter();
    let unknown = sides.filter_map(|side| {
        let target = case.part(side, BucketPart::Encryption);
        match case.known(&target) {
            Known::Unread(why) => Some(unread(side, case.address(&target), why)),
            Known::Held(_) => None,
        }
    });
    unknown.collect()
}

/// A rule may say whose the destination is, and S3 then takes it at its word.
fn wrong_account(case: &Case<'_>) -> Vec<Symptom> {
    let owner = case.route.destination.account.as_str();
    let target = case.part(Side::Source, BucketPart::Replication);
    let address = case.address(&target);
    let wrong = case.rules.iter().filter_map(|(rule, _)| {
        let to = rule.destination.as_ref()?;
        let said = to.account.as_deref()?;
        let matters = to.owner_override.is_some() && said != owner;
        matters.then(|| {
            let id = super::rules::named(rule);
            let message = format!(
                "the rule says that the destination is of account {said}, and it is of {owner}"
            );
            let at = format!("{address}/rule/{id}");
            symptom("owner-elsewhere", Level::Wrong, Side::Source, at, message)
                .failing(["DstBucketNotFound"])
                .mended_by(format!("set Destination.Account of the rule to {owner}"))
        })
    });
    wrong.collect()
}

/// A locked source needs a locked destination (UG26:replication-requirements).
fn object_lock(case: &Case<'_>) -> Option<Symptom> {
    let source = case.part(Side::Source, BucketPart::ObjectLock);
    match case.known(&source) {
        Known::Unread(why) => return Some(unread(Side::Source, case.address(&source), why)),
        Known::Held(None) => return None,
        Known::Held(Some(_)) => {}
    }
    let target = case.part(Side::Destination, BucketPart::ObjectLock);
    let address = case.address(&target);
    match case.known(&target) {
        Known::Unread(why) => Some(unread(Side::Destination, address, why)),
        Known::Held(Some(_)) => None,
        Known::Held(None) => {
            let message =
                "the source bucket has Object Lock and the destination bucket has not".to_owned();
            let of = symptom(
                "object-lock-mismatch",
                Level::Wrong,
                Side::Destination,
                address,
                message,
            );
            Some(of.failing(["DstBucketObjectLockConfigMissing"]).mended_by(
                "enable Object Lock on the destination bucket; it cannot be disabled again",
            ))
        }
    }
}

fn requester_pays(case: &Case<'_>) -> Option<Symptom> {
    let target = case.part(Side::Destination, BucketPart::RequestPayment);
    let address = case.address(&target);
    match case.known(&target) {
        Known::Unread(why) => Some(unread(Side::Destination, address, why)),
        Known::Held(Some(Document::RequestPayment(RequestPayment::Requester))) => {
            let message = "the destination bucket is Requester Pays, and S3 does not replicate to such a bucket".to_owned();
            let of = symptom(
                "destination-requester-pays",
                Level::Wrong,
                Side::Destination,
                address,
                message,
            );
            Some(
                of.failing(["DstPutObjectNotPermitted"])
                    .mended_by("set its request payment to BucketOwner"),
            )
        }
        Known::Held(_) => None,
    }
}

/// A public policy where public policies close a bucket to other accounts.
fn closed(case: &Case<'_>, live: &Future<'_>) -> Vec<Symptom> {
    let to = &case.route.destination;
    if to.account == case.route.source.account {
        return Vec::new();
    }
    let mut found = Vec::new();
    let policy = case.address(&case.part(Side::Destination, BucketPart::Policy));
    if let Some((whose, statements)) = public_policy::closed(live, to) {
        let first = statements.first().map_or("", String::as_str);
        let message = format!(
            "RestrictPublicBuckets of {whose} is on, and this statement makes the policy public ({}): S3 closes the bucket to other accounts",
            statements.join(", ")
        );
        let at = format!("{policy}/statement/{first}");
        found.push(
            symptom("policy-public", Level::Wrong, Side::Destination, at, message)
                .failing(["DstPutObjectNotPermitted"])
                .mended_by("narrow the statement: name principals instead of *, or add a condition such as aws:PrincipalOrgID"),
        );
    }
    let is_public =
        public_policy::is_public(live.document(&case.part(Side::Destination, BucketPart::Policy)));
    for target in public_policy::blocks(to) {
        if let (true, Known::Unread(why)) = (is_public, case.known(&target)) {
            found.push(unread(Side::Destination, case.address(&target), why));
        }
    }
    found
}

/// Replicas that stay the source account's arrive, and the destination's account may not be able to read them.
fn owner(case: &Case<'_>) -> Vec<Symptom> {
    let target = case.part(Side::Destination, BucketPart::Ownership);
    let address = case.address(&target);
    let differ = case.route.source.account != case.route.destination.account;
    let enforced = match case.known(&target) {
        Known::Unread(why) => return vec![unread(Side::Destination, address, why)],
        Known::Held(held) => matches!(
            held,
            Some(Document::Ownership(ObjectOwnership::BucketOwnerEnforced))
        ),
    };
    let stays = |of: &&(_, crate::policy::generate::RuleAccess)| !of.1.owner_override;
    if !differ || enforced || case.rules.iter().filter(stays).count() == 0 {
        return Vec::new();
    }
    let message = "replicas belong to the source account: the destination account may not be able to read them".to_owned();
    vec![
        symptom("owner-source", Level::Note, Side::Destination, address, message)
            .mended_by("set Object Ownership of the destination to BucketOwnerEnforced, or let the rules change the owner"),
    ]
}
