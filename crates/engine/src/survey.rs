//! A survey: everything that a plan rests on is read, and the plan made, until it leaves no question open.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use futures::future::join_all;
use s3ferry_core::ids::{AccountId, BucketName};
use s3ferry_core::model::{BucketRef, Observed, OutOfReach, Target};
use s3ferry_core::plan::{Comparisons, EndedJob, PlacedCanary, Plan, Proofs, plan};
use s3ferry_core::reads;
use s3ferry_core::remembered::Remembered;
use s3ferry_core::scene::Scene;
use s3ferry_core::scope::Scope;
use s3ferry_core::search::everywhere;
use s3ferry_core::spec::Spec;

use crate::observe;
use crate::ports::{Class, PortError, Read};

/// What a survey is of.
#[derive(Debug, Clone, Copy)]
pub struct Survey<'a> {
    /// The spec.
    pub spec: &'a Spec,
    /// Which migrations the plan is for.
    pub scope: &'a Scope,
    /// What receipts prove.
    pub proofs: &'a Proofs,
    /// What earlier runs worked on: with the whole spec, what of it the spec does not name is looked at, where it can be.
    pub remembered: &'a Remembered,
    /// Whether what is this spec's is looked for everywhere in its accounts; with the whole spec only.
    pub search: bool,
    /// Canaries that may lie in buckets, as the ledger tells.
    pub canaries: &'a [PlacedCanary],
    /// Jobs that have ended, as the ledger tells.
    pub ended: &'a [EndedJob],
    /// Comparisons of both sides, as the ledger tells.
    pub comparisons: &'a Comparisons,
}

/// What a survey found.
#[derive(Debug)]
pub struct Surveyed {
    /// The plan.
    pub plan: Plan,
    /// The world that it was made from.
    pub observed: Observed,
}

/// Reads the world and plans. What only a plan with something to do must know is read when there is such a plan, which is
/// then made again.
///
/// # Guarantees
/// As [`observe`](observe()). The plan has no open question.
///
/// # Errors
/// Every read that failed, but for those of what is only remembered: a plan says what it could not look at.
pub async fn survey<R: Read>(
    world: &R,
    of: Survey<'_>,
    parallelism: usize,
) -> Result<Surveyed, Vec<PortError>> {
    let Survey {
        spec,
        scope,
        proofs,
        remembered,
        search,
        canaries,
        ended,
        comparisons,
    } = of;
    let search = search && *scope == Scope::All;
    let optional = remembered.targets(spec);
    // What only the search looks at: a plan says what of it could not be read.
    let searched = Mutex::new(BTreeSet::new());
    let unread = Mutex::new(Vec::new());
    let made = |observed: &Observed| {
        let scene = Scene::new(spec, observed, proofs, scope);
        let scene = scene.with_canaries(canaries).with_ended(ended);
        let scene = scene.with_comparisons(comparisons);
        plan(&scene.with_remembered(remembered))
    };
    let last = Mutex::new(None);
    let follow = |observed: &Observed| {
        let is_new = |target: &Target| !observed.knows(target) && !observed.was_asked(target);
        let mut more = reads::following(spec, scope, observed);
        if *scope == Scope::All {
            let suspected = remembered.suspected(spec, observed).into_iter();
            more.extend(suspected.filter(is_new));
        }
        if search {
            let mut found = everywhere(spec, observed);
            found.retain(is_new);
            let beside = found.difference(&more).cloned();
            searched
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(beside);
            more.append(&mut found);
        }
        if !more.is_empty() {
            return more;
        }
        let plan = made(observed);
        let questions = plan.questions.clone();
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
        questions
    };
    let first = reads::first_in(spec, scope);
    let can_do_without = |target: &Target, failure: &PortError| {
        if failure.class == Class::Misplaced && reads::can_do_without(spec, target) {
            return Some(OutOfReach::Elsewhere(failure.code.clone()));
        }
        if failure.class == Class::Denied && reads::may_be_denied(target) {
            return Some(OutOfReach::Unread(failure.code.clone()));
        }
        let searched = searched.lock().unwrap_or_else(PoisonError::into_inner);
        if !optional.contains(target) && !searched.contains(target) {
            return None;
        }
        let mut unread = unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.push((target.clone(), failure.clone()));
        Some(OutOfReach::Unread(failure.code.clone()))
    };
    let mut observed = observe(world, first, follow, can_do_without, parallelism).await?;
    let unread = unread.into_inner().unwrap_or_else(PoisonError::into_inner);
    must_not_be_needed(spec, scope, &observed, unread)?;
    let last = last.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut plan = last.unwrap_or_else(|| made(&observed));
    if !plan.unlocated.is_empty() {
        for bucket in std::mem::take(&mut plan.unlocated) {
            let place = locate(world, spec, &bucket).await;
            observed.locate(bucket, place);
        }
        plan = made(&observed);
    }
    Ok(Surveyed { plan, observed })
}

/// What did not answer and what the ledger alone was thought to lead to: where a role's tags lead there, too, the plan rests
/// on it, and cannot be made.
fn must_not_be_needed(
    spec: &Spec,
    scope: &Scope,
    observed: &Observed,
    unread: Vec<(Target, PortError)>,
) -> Result<(), Vec<PortError>> {
    if unread.is_empty() {
        return Ok(());
    }
    let needed = reads::needed(spec, scope, observed);
    let failures = unread.into_iter();
    let failures = failures.filter(|(target, _)| needed.contains(target));
    let failures: Vec<PortError> = failures.map(|(_, failure)| failure).collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures)
    }
}

/// Looks for a bucket in every account of the spec.
async fn locate<R: Read>(world: &R, spec: &Spec, bucket: &BucketName) -> Option<BucketRef> {
    let accounts: BTreeSet<&AccountId> = spec.accounts.values().map(|of| &of.id).collect();
    let asked = accounts.into_iter().map(|of| world.locate(of, bucket));
    join_all(asked).await.into_iter().flatten().next()
}
