//! Looking at what a status rests on beside a plan: metrics of rules, and the newest versions of sources where those are silent.
//!
//! Nothing here ends in an error: what could not be had is unknown, and said so, so that one Region or one permission does not hide
//! what is known of everything else.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use s3ferry_core::doctor::Status;
use s3ferry_core::ids::MigrationName;
use s3ferry_core::model::{BucketRef, RegionRef};
use s3ferry_core::status::{Asked, Looked, LookedVersion, Measured, Measures, ToLook};
use s3ferry_verify::Page;

use crate::doctor::status;
use crate::ports::{Class, Metrics, Objects, PageRequest, PortError, Versions};

/// How many versions of a source are looked at, the newest of what is listed. A look is a call: three hundred migrations without
/// metrics take 30,000 at most, as many as ten plans of them.
const LOOKS: usize = 100;

/// How many sources are looked at at once; how many calls of them are under way is the adapter's.
const SOURCES: usize = 16;

/// Asks for metrics, all those of a Region together.
pub async fn measure<W: Metrics>(world: &W, asked: BTreeSet<Asked>) -> Measures {
    let mut places: BTreeMap<RegionRef, Vec<Asked>> = BTreeMap::new();
    for asked in asked {
        places.entry(asked.at.clone()).or_default().push(asked);
    }
    let of_place = |(at, asked): (RegionRef, Vec<Asked>)| async move {
        let metrics: Vec<_> = asked.iter().map(|asked| &asked.metric).collect();
        let answers = match world.metrics(&at, &metrics).await {
            Ok(answers) => answers.into_iter().map(measured).collect(),
            Err(error) => vec![Measured::Unread(short(&error)); asked.len()],
        };
        asked.into_iter().zip(answers).collect::<Vec<_>>()
    };
    let answers = join_all(places.into_iter().map(of_place)).await;
    answers.into_iter().flatten().collect()
}

fn measured(answer: Option<u64>) -> Measured {
    answer.map_or(Measured::Silent, Measured::Number)
}

fn short(error: &PortError) -> String {
    format!("{}: {}", error.operation, error.code)
}

/// Looks at the newest versions of sources: of each the first page under each prefix is listed, and the newest of it are looked at.
pub async fn look<W: Versions + Objects>(
    world: &W,
    sources: Vec<ToLook>,
) -> BTreeMap<MigrationName, Looked> {
    let looks = sources.into_iter().map(|of| async move {
        let looked = newest(world, &of).await;
        (of.migration, looked)
    });
    stream::iter(looks)
        .buffer_unordered(SOURCES)
        .collect()
        .await
}

async fn newest<W: Versions + Objects>(world: &W, of: &ToLook) -> Looked {
    let pages = of
        .prefixes
        .iter()
        .map(|prefix| listed(world, &of.source, prefix));
    let mut looked = Looked {
        whole: true,
        ..Looked::default()
    };
    let mut versions = Vec::new();
    for page in join_all(pages).await {
        match page {
            Ok((found, whole)) => {
                versions.extend(found);
                looked.whole &= whole;
            }
            Err(why) => {
                looked.whole = false;
                looked.unread.get_or_insert(why);
            }
        }
    }
    versions.sort_by(|one, other| other.written.cmp(&one.written));
    looked.whole &= versions.len() <= LOOKS;
    versions.truncate(LOOKS);
    let looks = versions.into_iter().map(|version| async move {
        let head = world.head(&of.source, &version.key, &version.id).await;
        (version, head)
    });
    for (version, head) in join_all(looks).await {
        let status = match head {
            Ok(Some(head)) => status(&head.replication),
            // It was removed meanwhile.
            Ok(None) => continue,
            // What is under a key of the customer's (SSE-C) cannot be looked at without it: 400.
            Err(error) if error.class == Class::Rejected => Status::Unknown,
            Err(error) => {
                looked.whole = false;
                looked.unread.get_or_insert(short(&error));
                continue;
            }
        };
        looked.versions.push(LookedVersion {
            key: version.key,
            written: version.written,
            size: version.size,
            status,
        });
    }
    looked
}

/// A version in a list.
struct Listed {
    key: String,
    id: String,
    written: String,
    size: u64,
}

/// The versions of the first page under a prefix, and whether there are no others. Delete markers have no status that a look could
/// tell (BC:s3 HeadObject).
async fn listed<W: Versions>(
    world: &W,
    source: &BucketRef,
    prefix: &str,
) -> Result<(Vec<Listed>, bool), String> {
    let request = PageRequest {
        prefix: prefix.to_owned(),
        ..PageRequest::default()
    };
    let body = world.page(source, &request).await;
    let body = body.map_err(|error| short(&error))?;
    let page = Page::parse(&body).map_err(|why| why.to_string())?;
    let entries = (0..page.len()).filter_map(|at| page.entry(at));
    let objects = entries.filter(|entry| !entry.is_marker());
    let listed = objects.map(|entry| Listed {
        key: String::from_utf8_lossy(entry.key).into_owned(),
        id: entry.version.to_owned(),
        written: entry.modified.to_owned(),
        size: entry.size,
    });
    Ok((listed.collect(), page.next().is_none()))
}
