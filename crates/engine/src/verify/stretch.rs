//! A stretch of keys, compared to its end by one task; it gives the upper part of it away where it is asked to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use s3ferry_verify::slices::Summed;
use s3ferry_verify::{First, Found, Join, Judge, Side, Step, Tally, Verdict, tally};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::cut::cut;
use super::listing::Listing;
use super::look::Doubt;
use super::{Common, Failure, Stretch};
use crate::ports::Versions;

/// Looks of one stretch at once; those of all together are bounded by what the accounts take.
pub(super) const LOOKS: usize = 16;

/// What a comparison says of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is.
    pub verdict: Verdict,
    /// The key.
    pub key: Vec<u8>,
    /// The version at the source, where there is one.
    pub source: Option<String>,
    /// The version at the destination, where there is one.
    pub destination: Option<String>,
    /// The size in bytes.
    pub size: u64,
}

/// What a stretch tells.
pub(super) enum Message {
    /// What it counted since it told something, and up to which key, included.
    Part(usize, Box<Part>),
    /// It ends before the stretch that it gives away.
    Split(usize, Stretch),
    /// It cannot be cut.
    Whole(usize),
}

/// What was counted of keys that are at their end.
#[derive(Default)]
pub(super) struct Part {
    pub(super) tally: Tally,
    pub(super) told: Option<Vec<u8>>,
    pub(super) remarks: Vec<Remark>,
}

/// Counts what a join finds. A key counts when all of it was told: whoever goes on after that key must not count any of it twice.
#[derive(Default)]
struct Counter {
    part: Part,
    key: Vec<u8>,
    open: Open,
    /// What is in doubt of keys that are at their end, with what it counts as where it is not looked at.
    doubts: Vec<(Doubt, Verdict)>,
}

/// What was found of the key that is being told of.
#[derive(Default)]
struct Open {
    seen: tally::Seen,
    covered: Vec<Summed>,
    earlier: Vec<Summed>,
    passed: Vec<(usize, u64)>,
    settled: Vec<(u64, Verdict)>,
    remarks: Vec<Remark>,
    doubts: Vec<(Doubt, Verdict)>,
}

impl Counter {
    fn take(&mut self, judge: &Judge<'_>, found: &Found<'_>) {
        if found.key() != self.key {
            self.close();
            self.key.clear();
            self.key.extend_from_slice(found.key());
        }
        let first = judge.first(found);
        if !judge.counts_again() {
            self.see(judge, found);
        }
        match first {
            First::Counted => {}
            First::Passed(slice) => self.open.passed.push((slice, found.size())),
            First::Settled(verdict) => {
                self.open.settled.push((found.size(), verdict));
                if is_told(verdict) {
                    self.open.remarks.push(remark(found, verdict));
                }
            }
            First::Look => self.open.doubts.push((doubt(found), judge.unseen(found))),
        }
    }

    /// What is found is there, and who compares later may go by it.
    fn see(&mut self, judge: &Judge<'_>, found: &Found<'_>) {
        let Open {
            seen,
            covered,
            earlier,
            ..
        } = &mut self.open;
        seen.add(found, |side, entry, digest| {
            let summed = Summed::of(side, digest);
            if judge.is_covered(entry) {
                covered.push(summed);
            }
            if judge.is_earlier(entry) {
                earlier.push(summed);
            }
        });
    }

    /// Counts the key that is at its end.
    fn close(&mut self) {
        let tally = &mut self.part.tally;
        tally.see(&std::mem::take(&mut self.open.seen));
        for summed in self.open.covered.drain(..) {
            tally.covered.add(summed);
        }
        for summed in self.open.earlier.drain(..) {
            tally.earlier.add(summed);
        }
        for (slice, size) in self.open.passed.drain(..) {
            tally.earlier.pass(slice, size);
        }
        for (size, verdict) in self.open.settled.drain(..) {
            tally.count(&self.key, size, verdict);
        }
        for remark in self.open.remarks.drain(..) {
            self.part.tell(remark);
        }
        self.doubts.append(&mut self.open.doubts);
    }

    /// What was counted since the last time, of keys up to this one.
    fn part(&mut self, told: Option<&[u8]>) -> Part {
        if told == Some(&*self.key) {
            self.close();
        }
        self.part.told = told.map(<[u8]>::to_vec);
        std::mem::take(&mut self.part)
    }
}

pub(super) fn is_told(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Different(_) | Verdict::Unprovable(_))
}

/// Compares a stretch to its end.
pub(super) async fn follow<W: Versions + Clone + 'static>(
    id: usize,
    of: Stretch,
    common: Common<W>,
    split_wanted: Arc<AtomicBool>,
    sender: UnboundedSender<Message>,
) -> Result<(), Failure> {
    let judge = common.of.judge();
    let listing = |bucket: &_| {
        Listing::new(
            common.world.clone(),
            Clone::clone(bucket),
            &of,
            common.of.matching,
        )
    };
    let mut source = listing(&common.of.source);
    let mut destination = listing(&common.of.destination);
    let mut join = Join::until(of.before.clone());
    let mut cutting = JoinSet::new();
    let mut counter = Counter::default();
    loop {
        let step = join.run(&mut |found| counter.take(&judge, &found));
        let mut part = counter.part(join.told());
        let doubts = std::mem::take(&mut counter.doubts);
        settle(&common, &judge, doubts, &mut part).await?;
        // Nobody listens where the comparison has ended.
        let _ = sender.send(Message::Part(id, Box::new(part)));
        let side = match step {
            Step::Done => return Ok(()),
            Step::Page(side) => side,
        };
        if split_wanted.swap(false, Ordering::Relaxed) && cutting.is_empty() {
            let (common, rest) = (common.clone(), rest(&join));
            cutting.spawn(async move {
                cut(&common.world, &common.of.source, &rest, common.of.matching).await
            });
        }
        let page = match side {
            Side::Source => source.next().await?,
            Side::Destination => destination.next().await?,
        };
        join.add(side, page).map_err(|unordered| Failure::Listing {
            bucket: common.of.bucket(unordered.0).bucket.to_string(),
            why: unordered.to_string(),
        })?;
        if let Some(found) = cutting.try_join_next() {
            let key = found.map_err(Failure::stopped)??;
            let key = key.filter(|key| join.reached().is_none_or(|reached| reached < &**key));
            let _ = sender.send(match key {
                None => Message::Whole(id),
                Some(key) => {
                    let upper = Stretch {
                        after: Some(key.clone()),
                        before: join.end().map(<[u8]>::to_vec),
                    };
                    // A stretch begins after a key, so the lower one ends with it.
                    let before = [&*key, b"\0"].concat();
                    join.narrow(&before);
                    source.narrow(&before);
                    destination.narrow(&before);
                    Message::Split(id, upper)
                }
            });
        }
    }
}

/// What of a stretch no page has brought yet.
fn rest(join: &Join) -> Stretch {
    Stretch {
        after: join.reached().map(<[u8]>::to_vec),
        before: join.end().map(<[u8]>::to_vec),
    }
}

/// Looks at what is in doubt, as far as looks are left.
async fn settle<W: Versions + Clone + 'static>(
    common: &Common<W>,
    judge: &Judge<'_>,
    doubts: Vec<(Doubt, Verdict)>,
    part: &mut Part,
) -> Result<(), Failure> {
    let looked = stream::iter(doubts).map(|(doubt, unseen)| async move {
        let verdict = if common.may_look() {
            common.look(judge, &doubt).await?
        } else {
            unseen
        };
        Ok::<_, Failure>(doubt.judged(verdict))
    });
    let mut looked = looked.buffer_unordered(LOOKS);
    while let Some(remark) = looked.try_next().await? {
        part.count(remark);
    }
    Ok(())
}

impl Part {
    /// Counts what a look found.
    pub(super) fn count(&mut self, remark: Remark) {
        self.tally.count(&remark.key, remark.size, remark.verdict);
        if is_told(remark.verdict) {
            self.tell(remark);
        }
    }

    /// What is told of is for nobody to rely on; what one side alone has is judged anew by every comparison.
    fn tell(&mut self, remark: Remark) {
        if let (Some(version), Some(_)) = (&remark.source, &remark.destination) {
            self.tally.doubt(&remark.key, version, remark.size);
        }
        self.remarks.push(remark);
    }
}

pub(super) fn remark(found: &Found<'_>, verdict: Verdict) -> Remark {
    let (source, destination) = found.versions();
    Remark {
        verdict,
        key: found.key().to_vec(),
        source: source.map(str::to_owned),
        destination: destination.map(str::to_owned),
        size: found.size(),
    }
}

pub(super) fn doubt(found: &Found<'_>) -> Doubt {
    let only = match found {
        Found::Only { side, .. } => Some(*side),
        Found::Both { .. } | Found::Current { .. } => None,
    };
    let (source, destination) = found.versions();
    let either = source.or(destination).unwrap_or_default();
    let (etags, modified) = match found {
        Found::Both {
            source,
            destination,
        } => (
            [source.etag, destination.etag].map(str::to_owned),
            source.modified,
        ),
        Found::Only { .. } | Found::Current { .. } => Default::default(),
    };
    Doubt {
        key: found.key().to_vec(),
        only,
        etags,
        modified: modified.to_owned(),
        source: source.unwrap_or(either).to_owned(),
        destination: destination.unwrap_or(either).to_owned(),
        size: found.size(),
    }
}

impl Doubt {
    pub(super) fn judged(self, verdict: Verdict) -> Remark {
        let has = |side: Side| self.only.is_none_or(|only| only == side);
        Remark {
            verdict,
            source: has(Side::Source).then_some(self.source.clone()),
            destination: has(Side::Destination).then_some(self.destination.clone()),
            key: self.key,
            size: self.size,
        }
    }
}
