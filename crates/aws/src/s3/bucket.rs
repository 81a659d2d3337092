//! The bucket itself: whether it is there, whose and where it is, and making it.

use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketNamespace, CreateBucketConfiguration,
    ObjectOwnership as SdkOwnership,
};
use s3ferry_core::ids::{ACCOUNT_REGIONAL, Region};
use s3ferry_core::model::kinds::Bucket;

use super::{BucketApi, tags};
use crate::classify::elsewhere;
use crate::failure::{Cause, Failure, Intent};

/// The one Region that CreateBucket takes no location constraint for (BC:s3 CreateBucketConfiguration).
const UNCONSTRAINED: &str = "us-east-1";

pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<Bucket>, Failure> {
    match api
        .read("HeadBucket", |s3| {
            s3.head_bucket()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .send()
        })
        .await
    {
        Ok(answer) => located(api, answer.bucket_region()).map(Some),
        Err(failure) if failure.status() == Some(404) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The bucket, if it is in the Region that the spec says. An endpoint that names no Region is taken at its word.
fn located(api: &BucketApi<'_>, answered: Option<&str>) -> Result<Bucket, Failure> {
    let wanted = &api.at.region;
    if let Some(actual) = answered.filter(|actual| *actual != wanted.as_str()) {
        let detail = format!("the bucket is in {actual}, not in {wanted}");
        let call = api.call("HeadBucket", Intent::Read);
        return Err(Failure::new(
            call,
            Cause::Misplaced {
                code: "WrongRegion",
                detail,
            },
        )
        .in_region(actual));
    }
    Ok(Bucket {
        region: wanted.clone(),
        created_with_tags: Default::default(),
    })
}

/// Makes the bucket with its marker tags and with ACLs off.
///
/// Where an earlier answer was lost, the bucket is there already: if it carries the tags that it was to be made with,
/// that is success; if not, somebody else made it meanwhile, and the caller must read again.
pub(crate) async fn create(api: &BucketApi<'_>, wanted: &Bucket) -> Result<(), Failure> {
    if wanted.region != api.at.region {
        let detail = format!(
            "a bucket cannot move from {} to {}",
            api.at.region, wanted.region
        );
        return Err(api.refused("CreateBucket", detail));
    }
    let creation = creation(api, wanted)?;
    match api
        .write("CreateBucket", |s3| {
            s3.create_bucket()
                .bucket(api.name())
                .object_ownership(SdkOwnership::BucketOwnerEnforced)
                .set_bucket_namespace(namespace(api.name()))
                .set_create_bucket_configuration(creation)
                .send()
        })
        .await
    {
        Ok(_) => Ok(()),
        Err(failure) if failure.is(&["BucketAlreadyOwnedByYou"]) => {
            settle(api, wanted, failure).await
        }
        Err(failure) => Err(failure),
    }
}

/// Names of the account's own namespace end so, and are made with a header that says it (UG:bucketnamingrules).
fn namespace(name: &str) -> Option<BucketNamespace> {
    name.ends_with(ACCOUNT_REGIONAL)
        .then_some(BucketNamespace::AccountRegional)
}

fn creation(
    api: &BucketApi<'_>,
    wanted: &Bucket,
) -> Result<Option<CreateBucketConfiguration>, Failure> {
    let constraint = constraint(&wanted.region);
    if constraint.is_none() && wanted.created_with_tags.is_empty() {
        return Ok(None);
    }
    let tags = tags::to_sdk(api, "CreateBucket", &wanted.created_with_tags)?;
    Ok(Some(
        CreateBucketConfiguration::builder()
            .set_location_constraint(constraint)
            .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
            .build(),
    ))
}

fn constraint(region: &Region) -> Option<BucketLocationConstraint> {
    (region.as_str() != UNCONSTRAINED).then(|| BucketLocationConstraint::from(region.as_str()))
}

async fn settle(api: &BucketApi<'_>, wanted: &Bucket, failure: Failure) -> Result<(), Failure> {
    let found = read(api).await?;
    let tags = tags::read(api).await?.unwrap_or_default();
    let carries = |(key, value): (&String, &String)| tags.get(key) == Some(value);
    if found.is_some() && wanted.created_with_tags.iter().all(carries) {
        return Ok(());
    }
    let detail = "a bucket of this name was made by somebody else in the account".to_owned();
    let code = failure.code().unwrap_or_default().to_owned();
    Err(failure.because(Cause::Overtaken { code, detail }))
}

/// Whose a bucket is that a call was refused on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Ours,
    Another,
    Unknown,
}

/// Tells "not allowed" from "not our bucket", which S3 answers with the same 403.
///
/// Costs up to three reads, on refusals only; the last (`s3:ListAllMyBuckets`) may itself be refused, and then the
/// failure stays as it was.
pub(crate) async fn explain(api: &BucketApi<'_>, failure: Failure) -> Failure {
    let refused =
        failure.status() == Some(403) && matches!(failure.code(), None | Some("AccessDenied"));
    if !refused || elsewhere(failure.facts()).is_some() {
        return failure;
    }
    match owner(api).await {
        Owner::Ours | Owner::Unknown => failure,
        Owner::Another => {
            let detail = format!("the bucket does not belong to account {}", api.owner());
            failure.because(Cause::Misplaced {
                code: "WrongOwner",
                detail,
            })
        }
    }
}

async fn owner(api: &BucketApi<'_>) -> Owner {
    let head = |owner: Option<&str>| {
        let owner = owner.map(str::to_owned);
        api.read("HeadBucket", move |s3| {
            let head = s3.head_bucket().bucket(api.name());
            head.set_expected_bucket_owner(owner.clone()).send()
        })
    };
    match head(Some(api.owner())).await {
        Ok(_) => return Owner::Ours,
        Err(failure) if failure.status() != Some(403) => return Owner::Unknown,
        Err(_) => {}
    }
    match head(None).await {
        Ok(_) => Owner::Another,
        Err(failure) if failure.status() == Some(404) => Owner::Unknown,
        Err(_) => listed(api).await,
    }
}

/// Looks the name up among the account's own buckets.
async fn listed(api: &BucketApi<'_>) -> Owner {
    match api
        .read("ListBuckets", |s3| {
            s3.list_buckets().prefix(api.name()).send()
        })
        .await
    {
        Ok(answer)
            if answer
                .buckets()
                .iter()
                .any(|bucket| bucket.name() == Some(api.name())) =>
        {
            Owner::Ours
        }
        // More pages of names with this prefix may follow; without them nothing is proven.
        Ok(answer) if answer.continuation_token().is_some() => Owner::Unknown,
        Ok(_) => Owner::Another,
        Err(_) => Owner::Unknown,
    }
}
