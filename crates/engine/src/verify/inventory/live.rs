//! What the lists leave in doubt of a key, as it is now: the key's versions listed at both sides and judged as those of listings are.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use s3ferry_core::model::BucketRef;
use s3ferry_verify::inventory::Picked;
use s3ferry_verify::join::join_key;
use s3ferry_verify::{Entry, Expected, First, Found, Judge, Page, Unprovable, Verdict};

use crate::ports::{PageRequest, Versions};
use crate::verify::listing::{page, request, text};
use crate::verify::stretch::{LOOKS, Part, Remark, doubt, remark};
use crate::verify::{Common, Failure, Matching};

/// A key of which the lists leave something in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubted {
    pub(super) key: Vec<u8>,
    pub(super) versions: Vec<Version>,
}

/// A version in doubt, or which version is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    source: Option<String>,
    destination: Option<String>,
    size: u64,
    is_of_current: bool,
}

impl Version {
    pub(super) fn of(found: &Found<'_>) -> Self {
        let (source, destination) = found.versions();
        Self {
            source: source.map(str::to_owned),
            destination: destination.map(str::to_owned),
            size: found.size(),
            is_of_current: matches!(found, Found::Current { .. }),
        }
    }

    /// Whether this was found of it.
    fn is(&self, found: &Found<'_>) -> bool {
        if self.is_of_current || matches!(found, Found::Current { .. }) {
            return self.is_of_current && matches!(found, Found::Current { .. });
        }
        let (source, destination) = found.versions();
        let same = |own: Option<&str>, other: Option<&str>| own.is_some() && own == other;
        same(self.source.as_deref(), source) || same(self.destination.as_deref(), destination)
    }

    fn remark(&self, key: &[u8], verdict: Verdict) -> Remark {
        Remark {
            verdict,
            key: key.to_vec(),
            source: self.source.clone(),
            destination: self.destination.clone(),
            size: self.size,
        }
    }
}

/// Whether what the lists say needs no look: what they call equal was so, and what no rule takes is so at any time.
pub(super) fn is_plain(first: First) -> bool {
    match first {
        First::Settled(
            Verdict::Equal(_) | Verdict::Expected(Expected::Outside | Expected::MarkerKept),
        ) => true,
        First::Settled(_) | First::Look | First::Passed(_) | First::Counted => false,
    }
}

/// Judges the rows of keys by what the lists say: what is plain is counted, and what is in doubt comes back.
pub(super) fn judged(judge: &Judge<'_>, picked: &Picked) -> (Part, Vec<Doubted>) {
    let (mut part, mut doubts) = (Part::default(), Vec::new());
    picked.tell(&mut |found| take(judge, &found, &mut part, &mut doubts));
    (part, doubts)
}

fn take(judge: &Judge<'_>, found: &Found<'_>, part: &mut Part, doubts: &mut Vec<Doubted>) {
    let first = judge.first(found);
    if let (true, First::Settled(verdict)) = (is_plain(first), first) {
        part.tally.count(found.key(), found.size(), verdict);
        return;
    }
    match doubts.last_mut() {
        Some(last) if last.key == found.key() => last.versions.push(Version::of(found)),
        _ => doubts.push(Doubted {
            key: found.key().to_vec(),
            versions: vec![Version::of(found)],
        }),
    }
}

/// Looks at keys in doubt, and counts what is so.
pub(super) async fn settle<W: Versions + Clone + 'static>(
    common: &Common<W>,
    judge: &Judge<'_>,
    keys: Vec<Doubted>,
    part: &mut Part,
) -> Result<(), Failure> {
    let looked = stream::iter(keys).map(|key| look(common, judge, key));
    let mut looked = looked.buffer_unordered(LOOKS);
    while let Some(remarks) = looked.try_next().await? {
        for remark in remarks {
            part.count(remark);
        }
    }
    Ok(())
}

async fn look<W: Versions + Clone + 'static>(
    common: &Common<W>,
    judge: &Judge<'_>,
    Doubted { key, versions }: Doubted,
) -> Result<Vec<Remark>, Failure> {
    if !common.may_look() {
        let unseen = Verdict::Unprovable(Unprovable::NotLookedAt);
        return Ok(versions.iter().map(|of| of.remark(&key, unseen)).collect());
    }
    let matching = common.of.matching;
    let (source, destination) = tokio::try_join!(
        live(&common.world, &common.of.source, &key, matching),
        live(&common.world, &common.of.destination, &key, matching),
    )?;
    let mut judged = vec![None; versions.len()];
    let (source, destination) = (entries(&source, &key), entries(&destination, &key));
    join_key(&key, source, destination, &mut |found| {
        for (version, judged) in versions.iter().zip(&mut judged) {
            if version.is(&found) {
                *judged = Some(match judge.first(&found) {
                    First::Settled(verdict) => Ok(remark(&found, verdict)),
                    First::Look | First::Passed(_) | First::Counted => Err(doubt(&found)),
                });
            }
        }
    });
    let mut remarks = Vec::new();
    for (version, judged) in versions.iter().zip(judged) {
        match judged {
            Some(Ok(remark)) => remarks.push(remark),
            Some(Err(doubt)) => {
                let verdict = common.look(judge, &doubt).await?;
                remarks.push(doubt.judged(verdict));
            }
            // That both sides agree on what is current is the answer, and no version's.
            None if version.is_of_current => {}
            None => remarks.push(version.remark(&key, Verdict::Expected(Expected::Meanwhile))),
        }
    }
    Ok(remarks)
}

/// The pages that have the versions of a key. It comes before all other keys that begin with it.
async fn live<W: Versions>(
    world: &W,
    bucket: &BucketRef,
    key: &[u8],
    matching: Matching,
) -> Result<Vec<Page>, Failure> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let request = PageRequest {
            prefix: text(key),
            after,
            ..request(matching)
        };
        let page = page(world, bucket, &request).await?;
        let next = page.next().filter(|next| next.key == key);
        after = next.map(|next| (text(&next.key), next.version.clone()));
        pages.push(page);
        // Of current objects a key has one.
        if after.is_none() || matching == Matching::Current {
            return Ok(pages);
        }
    }
}

fn entries<'a>(pages: &'a [Page], key: &'a [u8]) -> impl Iterator<Item = Entry<'a>> {
    let entries = pages
        .iter()
        .flat_map(|page| (0..page.len()).filter_map(|at| page.entry(at)));
    entries.filter(move |entry| entry.key == key)
}
