//! Finding what is to be imported: the buckets, their configurations, and everything that an import rests on.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use s3ferry_core::ids::{AccountId, BucketName, Region};
use s3ferry_core::import::{
    Sought, buckets_of, can_do_without, claimed, configurations_of, following, itself, listed,
    unplaced,
};
use s3ferry_core::model::{BucketRef, Observed, OutOfReach, Target};

use crate::observe;
use crate::ports::{PortError, Read};

/// A bucket that was named and is not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// The account has no bucket of this name.
    Nowhere(AccountId, BucketName),
    /// It could not be asked for it.
    Failed(Box<PortError>),
}

/// Finds buckets by their accounts and names.
///
/// # Errors
/// Every bucket that is not found.
pub async fn find<R: Read>(
    world: &R,
    named: &BTreeSet<(AccountId, BucketName)>,
    home: impl Fn(&AccountId) -> Region + Sync,
) -> Result<BTreeSet<BucketRef>, Vec<NotFound>> {
    let found = named
        .iter()
        .map(|(account, bucket)| one(world, account, bucket, home(account)));
    let (mut places, mut missing) = (BTreeSet::new(), Vec::new());
    for found in join_all(found).await {
        match found {
            Ok(place) => drop(places.insert(place)),
            Err(why) => missing.push(why),
        }
    }
    if missing.is_empty() {
        Ok(places)
    } else {
        Err(missing)
    }
}

async fn one<R: Read>(
    world: &R,
    account: &AccountId,
    bucket: &BucketName,
    home: Region,
) -> Result<BucketRef, NotFound> {
    if let Some(place) = world.locate(account, bucket).await {
        return Ok(place);
    }
    // A world that finds nothing does not say why; one that is asked for the bucket does.
    let place = BucketRef {
        account: account.clone(),
        region: home,
        bucket: bucket.clone(),
    };
    match world.read(&itself(&place)).await {
        Ok(Some(_)) => Ok(place),
        Ok(None) => Err(NotFound::Nowhere(account.clone(), bucket.clone())),
        Err(error) => Err(NotFound::Failed(Box::new(error))),
    }
}

/// Finds every bucket of accounts, wherever it is; and the names that no spec takes.
///
/// # Errors
/// Every list that could not be read.
pub async fn all<R: Read>(
    world: &R,
    accounts: &BTreeSet<AccountId>,
    home: &Region,
    parallelism: usize,
) -> Result<(BTreeSet<BucketRef>, BTreeSet<String>), Vec<PortError>> {
    let lists = accounts.iter().map(|account| buckets_of(account, home));
    let nothing = |_: &Observed| BTreeSet::new();
    let observed = observe(world, lists.collect(), nothing, |_, _| None, parallelism).await?;
    let (listed, unnamed) = listed(&observed);
    let placed = listed.into_iter().map(|((account, bucket), region)| async {
        match region {
            Some(region) => Some(BucketRef {
                account,
                region,
                bucket,
            }),
            None => world.locate(&account, &bucket).await,
        }
    });
    let placed = join_all(placed).await.into_iter().flatten();
    Ok((placed.collect(), unnamed))
}

/// Reads the configurations of buckets; those that `may_be_closed` are set aside where the caller may not read them.
///
/// # Errors
/// Every read that failed.
pub async fn configurations<R: Read>(
    world: &R,
    sources: &BTreeSet<BucketRef>,
    may_be_closed: bool,
    parallelism: usize,
) -> Result<Observed, Vec<PortError>> {
    let first = configurations_of(sources);
    let nothing = |_: &Observed| BTreeSet::new();
    let aside = |_: &Target, failure: &PortError| {
        let closed = may_be_closed && failure.class.is_access();
        closed.then(|| OutOfReach::Unread(failure.code.clone()))
    };
    observe(world, first, nothing, aside, parallelism).await
}

/// Reads everything that an import rests on, given the configurations.
///
/// # Guarantees
/// As [`observe`](observe()). What an import can do without and may not be looked at is set aside.
///
/// # Errors
/// Every read that failed, but for those. A destination bucket of an account that there is a way into, and that may not be looked
/// at there, is one of them.
pub async fn look<R: Read>(
    world: &R,
    sought: &Sought,
    configurations: &Observed,
    parallelism: usize,
) -> Result<Observed, Vec<PortError>> {
    let names = unplaced(sought, configurations);
    let claimed = |name: &BucketName| claimed(sought, configurations, name);
    let placed = names
        .iter()
        .map(|name| place(world, sought, name, claimed(name)));
    let (mut places, mut failures) = (BTreeMap::new(), Vec::new());
    for (name, placed) in names.iter().zip(join_all(placed).await) {
        match placed {
            Ok(place) => drop(places.insert(name.clone(), place)),
            Err(error) => failures.push(*error),
        }
    }
    let located = |mut observed: Observed| {
        for (name, place) in &places {
            observed.locate(name.clone(), place.clone());
        }
        // What could not be looked at at first is told with the rest.
        for (target, why) in configurations.out_of_reach() {
            observed.set_aside(target.clone(), why.clone());
        }
        observed
    };
    let follow = |seen: &Observed| following(sought, &located(seen.clone()));
    let aside = |target: &Target, failure: &PortError| {
        let optional = failure.class.is_access() && can_do_without(target);
        optional.then(|| OutOfReach::Unread(failure.code.clone()))
    };
    let first = configurations_of(&sought.sources);
    match observe(world, first, follow, aside, parallelism).await {
        Ok(observed) if failures.is_empty() => Ok(located(observed)),
        Ok(_) => Err(failures),
        Err(more) => {
            failures.extend(more);
            Err(failures)
        }
    }
}

/// Looks for a bucket in every account that there is a way into; in the one that it is said to be of, a refusal is told.
async fn place<R: Read>(
    world: &R,
    sought: &Sought,
    bucket: &BucketName,
    claimed: Option<&AccountId>,
) -> Result<Option<BucketRef>, Box<PortError>> {
    let asked = sought
        .accounts
        .keys()
        .map(|account| world.locate(account, bucket));
    let found = join_all(asked).await.into_iter().flatten().next();
    let (None, Some((account, way))) = (
        &found,
        claimed.and_then(|of| sought.accounts.get_key_value(of)),
    ) else {
        return Ok(found);
    };
    match one(world, account, bucket, way.home.clone()).await {
        Ok(place) => Ok(Some(place)),
        Err(NotFound::Failed(error)) if error.class.is_access() => Err(error),
        Err(NotFound::Failed(_) | NotFound::Nowhere(..)) => Ok(None),
    }
}
