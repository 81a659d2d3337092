//! Looking at what a diagnosis rests on, and at the object that one is asked for.

use s3ferry_core::doctor::{
    LiveObject, LiveVersion, ObjectSight, ReplicaSight, Status, diagnose, reads,
};
use s3ferry_core::format::diagnosis::Diagnosis;
use s3ferry_core::model::{BucketRef, Observed, OutOfReach, Target};
use s3ferry_core::route::Route;
use s3ferry_core::spec::Spec;
use s3ferry_verify::Page;

use crate::observe;
use crate::ports::{Class, PageRequest, PortError, Read, Replication, Versions};

/// An object that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct AskedObject<'a> {
    /// Its key.
    pub key: &'a str,
    /// The version; the current one where none is named.
    pub version: Option<&'a str>,
}

/// Diagnoses a migration.
///
/// # Guarantees
/// Nothing is written. What the caller may not read is set aside, and the diagnosis says that nothing is known of it.
///
/// # Errors
/// Every read that failed otherwise; and those that were denied, where the live rules are among them: nothing can be said then.
pub async fn examine<W: Read + Versions>(
    world: &W,
    spec: &Spec,
    route: &Route<'_>,
    asked: Option<AskedObject<'_>>,
    parallelism: usize,
) -> Result<Diagnosis, Vec<PortError>> {
    let object = match asked {
        Some(asked) => Some(
            look(world, route, asked)
                .await
                .map_err(|error| vec![error])?,
        ),
        None => None,
    };
    let follow = |observed: &Observed| reads::following(spec, route, observed, object.as_ref());
    let aside = |target: &Target, failure: &PortError| match failure.class {
        Class::Denied if reads::can_do_without(target) => {
            Some(OutOfReach::Unread(failure.code.clone()))
        }
        Class::Misplaced => Some(OutOfReach::Elsewhere(failure.code.clone())),
        _ => None,
    };
    let first = reads::first(route);
    let observed = observe(world, first, follow, aside, parallelism).await?;
    Ok(diagnose(spec, route, &observed, object.as_ref()))
}

/// The most pages of one key's versions that the named one is looked for in.
const PAGES: usize = 10;

/// What a listing tells of a version.
struct Listed {
    id: String,
    is_marker: bool,
    class: String,
    written: String,
}

/// Looks at an object and at its replica.
async fn look<W: Versions>(
    world: &W,
    route: &Route<'_>,
    asked: AskedObject<'_>,
) -> Result<LiveObject, PortError> {
    let sight = match listed(world, &route.source, asked).await {
        Ok(Some(Ok(listed))) => version(world, route, asked.key, listed).await?,
        Ok(Some(Err(why))) => ObjectSight::Unread(why),
        Ok(None) => ObjectSight::Missing,
        Err(error) if error.class == Class::Denied => {
            ObjectSight::Unread(format!("{}: {}", error.operation, error.code))
        }
        Err(error) => return Err(error),
    };
    Ok(LiveObject {
        key: asked.key.to_owned(),
        sight,
    })
}

/// Finds a version in the list of its key's, which begins with them: S3 lists keys in their order.
async fn listed<W: Versions>(
    world: &W,
    bucket: &BucketRef,
    asked: AskedObject<'_>,
) -> Result<Option<Result<Listed, String>>, PortError> {
    let mut request = PageRequest {
        prefix: asked.key.to_owned(),
        ..PageRequest::default()
    };
    for _ in 0..PAGES {
        let body = world.page(bucket, &request).await?;
        let page = match Page::parse(&body) {
            Ok(page) => page,
            Err(why) => return Ok(Some(Err(why.to_string()))),
        };
        let entries = (0..page.len()).filter_map(|at| page.entry(at));
        let mut of_key = entries.filter(|entry| entry.key == asked.key.as_bytes());
        let found = of_key.find(|entry| match asked.version {
            Some(version) => entry.version == version,
            None => entry.latest,
        });
        if let Some(entry) = found {
            return Ok(Some(Ok(Listed {
                id: entry.version.to_owned(),
                is_marker: entry.is_marker(),
                class: entry.class.to_owned(),
                written: entry.modified.to_owned(),
            })));
        }
        match page.next() {
            Some(next) if next.key == asked.key.as_bytes() => {
                let key = asked.key.to_owned();
                request.after = Some((key, next.version.clone()));
            }
            Some(_) | None => return Ok(None),
        }
    }
    Ok(Some(Err(
        "it has more versions than are looked through".to_owned()
    )))
}

async fn version<W: Versions>(
    world: &W,
    route: &Route<'_>,
    key: &str,
    listed: Listed,
) -> Result<ObjectSight, PortError> {
    let Listed {
        id,
        is_marker,
        class,
        written,
    } = listed;
    let replica = replica(world, &route.destination, key, &id).await?;
    let mut version = LiveVersion {
        id,
        written,
        is_marker,
        status: Status::None,
        encryption: None,
        kms_key: None,
        class,
        tags: None,
        replica,
    };
    if is_marker {
        return Ok(ObjectSight::Version(Box::new(version)));
    }
    match world.look(&route.source, key, &version.id).await {
        Ok(Some(seen)) => {
            version.status = status(&seen.head.replication);
            version.encryption = seen.head.encryption;
            version.kms_key = seen.head.kms_key;
            version.class = seen.head.storage_class;
        }
        Ok(None) => return Ok(ObjectSight::Missing),
        // What is under a key of the customer's (SSE-C) cannot be looked at without it: 400.
        Err(error) if error.class == Class::Rejected => version.status = Status::Unknown,
        Err(error) if error.class == Class::Denied => {
            let why = format!("{}: {}", error.operation, error.code);
            return Ok(ObjectSight::Unread(why));
        }
        Err(error) => return Err(error),
    }
    version.tags = match world.tags_of(&route.source, key, &version.id).await {
        Ok(tags) => Some(tags),
        Err(error) if error.class == Class::Denied => None,
        Err(error) => return Err(error),
    };
    Ok(ObjectSight::Version(Box::new(version)))
}

/// Whether the destination has a version: a replica keeps its ID (UG:replication).
async fn replica<W: Versions>(
    world: &W,
    destination: &BucketRef,
    key: &str,
    version: &str,
) -> Result<ReplicaSight, PortError> {
    let asked = AskedObject {
        key,
        version: Some(version),
    };
    match listed(world, destination, asked).await {
        Ok(Some(Ok(_))) => Ok(ReplicaSight::There),
        Ok(None) => Ok(ReplicaSight::Missing),
        Ok(Some(Err(_))) => Ok(ReplicaSight::Unread),
        // A bucket that is not there, or is somebody else's, is told of by its settings.
        Err(error) => match error.class {
            Class::Credentials | Class::Transient | Class::Throttled => Err(error),
            Class::Denied
            | Class::Propagation
            | Class::Busy
            | Class::Misplaced
            | Class::Rejected
            | Class::Unexpected => Ok(ReplicaSight::Unread),
        },
    }
}

/// The status as core has it.
pub(crate) const fn status(of: &Replication) -> Status {
    match of {
        Replication::NotEligible => Status::None,
        Replication::Pending => Status::Pending,
        Replication::Completed => Status::Completed,
        Replication::Failed => Status::Failed,
        Replication::Replica => Status::Replica,
        Replication::Other(_) => Status::Unknown,
    }
}
