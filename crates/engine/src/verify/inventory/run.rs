//! The comparison of two lists as a whole: a sum a partition, then the rows of what differs, then a look at what they leave in doubt.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use s3ferry_core::spec::Share;
use s3ferry_verify::inventory::{Partitions, Picked};
use s3ferry_verify::{Rung, Side, Tally, Verdict};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Lists;
use super::files::{Files, disk};
use super::groups::{Groups, told};
use super::live::{Doubted, judged, settle};
use crate::cancel::CancelToken;
use crate::ports::Versions;
use crate::verify::run::{Ended, TICK, Telling};
use crate::verify::spill::Spill;
use crate::verify::stretch::Part;
use crate::verify::{Common, Comparison, Failure, Progress, Shared, Watch};

/// Rows that each side has read.
#[derive(Debug, Default)]
struct Counted([AtomicU64; 2]);

/// Compares two lists. The folder is the run's own, and whoever made it removes it: the files of both lists are kept there, and of rows that
/// differ once more what they say.
///
/// # Guarantees
/// Reads only. Every row of both lists is counted once, with its partner as one; nothing is called different that was not seen to be so
/// after it was listed. Memory does not grow with the number of rows, nor with that of rows that differ, but for a single key's.
///
/// # Errors
/// [`Failure`], the first one. What is stopped begins anew the next time.
pub async fn compare_lists<W: Versions + Clone + 'static>(
    world: W,
    of: Comparison,
    lists: &Lists,
    folder: &Path,
    watch: &mut dyn Watch,
    cancel: &CancelToken,
) -> Result<Ended, Failure> {
    let mut telling = Telling::new(of.told);
    let files = |side, list: &_| Files::new(side, Clone::clone(list), of.matching, folder);
    let files = [
        files(Side::Source, &lists.source),
        files(Side::Destination, &lists.destination),
    ];
    let (sender, mut parts) = mpsc::unbounded_channel();
    let counted = Arc::new(Counted::default());
    let common = Arc::new(Shared::new(world, of));
    let work = compare(common, files, counted.clone(), sender);
    let mut work = Box::pin(work);
    let mut tally = Tally::default();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Ended::Stopped(Progress::default())),
            Some(part) = parts.recv() => telling.take(part, &mut tally, watch),
            ended = &mut work => {
                ended?;
                break;
            }
            _ = tick.tick() => watch.progress(&progress(&tally, &counted)),
        }
    }
    while let Ok(part) = parts.try_recv() {
        telling.take(part, &mut tally, watch);
    }
    watch.progress(&progress(&tally, &counted));
    Ok(Ended::Whole(tally))
}

/// How far it is: as long as the lists are read, by the rows.
fn progress(tally: &Tally, Counted([source, destination]): &Counted) -> Progress {
    let mut tally = tally.clone();
    if tally.source == tally.destination && tally.source.objects == 0 {
        tally.source.objects = source.load(Ordering::Relaxed);
        tally.destination.objects = destination.load(Ordering::Relaxed);
    }
    Progress {
        tally,
        left: Vec::new(),
    }
}

async fn compare<W: Versions + Clone + 'static>(
    common: Common<W>,
    [source, destination]: [Files; 2],
    counted: Arc<Counted>,
    sender: UnboundedSender<Part>,
) -> Result<(), Failure> {
    let Counted([of_source, of_destination]) = &*counted;
    let sums_of = |files: &Files, counted| {
        let empty = Partitions::covering(common.of.covered.clone());
        sums(&common.world, files.clone(), empty, counted)
    };
    let (one, two) = tokio::try_join!(
        sums_of(&source, of_source),
        sums_of(&destination, of_destination),
    )?;
    let asked = common.of.asked;
    let opened = if asked.looks_at_all() || asked.class || asked.content > Share::NONE {
        one.inhabited(&two)
    } else {
        one.differing(&two)
    };
    // Nobody listens where the comparison has ended.
    let _ = sender.send(unopened(&one, &two, &opened));
    let groups = Arc::new(Groups::of(&opened, [&one, &two]));
    if groups.count == 0 {
        return Ok(());
    }
    let (one, two) = tokio::try_join!(
        spilled(source, groups.clone()),
        spilled(destination, groups.clone())
    )?;
    let judge = common.of.judge();
    let mut aside = [one, two];
    for group in 0..groups.count {
        let (mut part, doubts, rest) = joined(common.clone(), aside, group).await?;
        aside = rest;
        settle(&common, &judge, doubts, &mut part).await?;
        let _ = sender.send(part);
    }
    Ok(())
}

/// What the sides have, and what of it is equal without being opened.
fn unopened(one: &Partitions, two: &Partitions, opened: &BTreeSet<usize>) -> Part {
    let mut part = Part::default();
    part.tally.see(one.seen());
    part.tally.see(two.seen());
    part.tally.covered.join(one.covered());
    part.tally.covered.join(two.covered());
    let equal = one.equal(two, opened);
    part.tally
        .count_all(equal.by_etag, Verdict::Equal(Rung::Etag));
    part.tally
        .count_all(equal.by_size, Verdict::Equal(Rung::Size));
    part
}

/// Reads a side's list once: the next file is fetched while one is read.
async fn sums<W: Versions + Clone + 'static>(
    world: &W,
    files: Files,
    mut sums: Partitions,
    counted: &AtomicU64,
) -> Result<Partitions, Failure> {
    let mut coming = JoinSet::new();
    files.fetch(world, 0, &mut coming);
    while let Some(fetched) = coming.join_next().await {
        let at = fetched.map_err(Failure::stopped)??;
        files.fetch(world, at + 1, &mut coming);
        let of = files.clone();
        let (added, rows) = files
            .blocking(move || {
                let mut rows = 0;
                of.read(at, &mut |row| {
                    rows += 1;
                    sums.add(of.side, row);
                })?;
                Ok((sums, rows))
            })
            .await?;
        sums = added;
        counted.fetch_add(rows, Ordering::Relaxed);
    }
    Ok(sums)
}

/// A side's rows put aside.
struct Spilled {
    files: Files,
    spill: Spill,
}

/// Reads a side's list again, and puts aside the rows that are in a group.
async fn spilled(files: Files, groups: Arc<Groups>) -> Result<Spilled, Failure> {
    let of = files.clone();
    let spill = files.blocking(move || {
        let mut spill = Spill::new(&of.path("rows"), groups.count).map_err(disk)?;
        let mut failed = None;
        for at in 0..of.count() {
            of.read(at, &mut |row| {
                if let (Some(group), None) = (groups.group(row.entry.key), &failed) {
                    failed = spill.add(group, |to| row.write(to)).err();
                }
            })?;
            if let Some(error) = failed {
                return Err(disk(error));
            }
        }
        Ok(spill)
    });
    let spill = spill.await?;
    Ok(Spilled { files, spill })
}

/// Joins the rows of a group: what is plain is counted, and what is in doubt comes back.
async fn joined<W: Send + Sync + 'static>(
    common: Common<W>,
    mut spilled: [Spilled; 2],
    group: usize,
) -> Result<(Part, Vec<Doubted>, [Spilled; 2]), Failure> {
    let [Spilled { files, .. }, _] = &spilled;
    let files = files.clone();
    let joined = files.blocking(move || {
        let mut picked = Picked::default();
        for Spilled { files, spill } in &mut spilled {
            let taken = spill.take(group, &mut |block| {
                told(block, &mut |row| picked.add(files.side, row))
            });
            taken.map_err(disk)?;
        }
        let judge = common.of.judge();
        let (part, doubts) = judged(&judge, &picked);
        Ok((part, doubts, spilled))
    });
    joined.await
}
