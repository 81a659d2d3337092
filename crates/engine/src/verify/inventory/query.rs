//! Compares both sides by their inventories where they lie: a query of Athena joins them, and what it leaves in doubt is seen live.
//!
//! ```text
//! symlinks --name the files of the manifests?--> a table a side --one query--> lines: all that is equal, counted; rows of keys in doubt
//! rows of keys in doubt --by a few thousand keys--> judged, and live, as those that are read on this machine are (`live`)
//! tables dropped, however it ended
//! ```
//! Athena reads files as they are: that each has the MD5 of its manifest is not seen.

use std::sync::Arc;
use std::time::Duration;

use s3ferry_core::queries::{QueryPlace, TABLES};
use s3ferry_core::spec::Share;
use s3ferry_verify::inventory::query::{Doubted, Line, Of, Scope, Table, select};
use s3ferry_verify::inventory::{Manifest, Picked};
use s3ferry_verify::{Judge, Rung, Side, Tally, Verdict};
use tokio::time::{Instant, sleep};

use super::find::{Lists, whole};
use super::live::{judged, settle};
use super::{List, Unusable};
use crate::cancel::CancelToken;
use crate::ledger::ReceiptId;
use crate::ports::{Class, PortError, Queries, QueryState, Versions};
use crate::verify::run::{Ended, Telling};
use crate::verify::stretch::Part;
use crate::verify::{Common, Comparison, Failure, Matching, Progress, Shared, Watch};

/// The first wait for a statement, doubled up to the longest: most statements that make a table take a second, and the query minutes.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// How long a statement may take: "DML query timeout", 30 minutes unless a quota of up to 240 was asked for (Athena UG, "Service quotas").
const LONGEST: Duration = Duration::from_secs(4 * 60 * 60);

/// How long dropping a table may take, which is done while somebody waits for an end.
const DROPPING: Duration = Duration::from_secs(60);

/// How often a statement is begun that AWS did not answer or throttled: its token makes it one.
const TRIES: u32 = 6;

/// Rows of keys in doubt that are judged at once; with what is told of them some 20 MB.
const ROWS: usize = 20_000;

/// Where a comparison is made.
#[derive(Debug, Clone)]
pub struct ByQuery<'a> {
    /// The lists.
    pub lists: &'a Lists,
    /// Where the query runs.
    pub place: &'a QueryPlace,
    /// What no other run is called, so that its tables are no other's.
    pub run: &'a str,
}

/// What Athena did beside comparing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queried {
    /// Bytes that it read, of which its price is made.
    pub scanned: u64,
    /// Tables that could not be dropped, and why.
    pub left: Vec<String>,
}

/// Compares two lists by Athena.
///
/// # Guarantees
/// Of buckets it reads alone; Athena makes a table a side and writes results where the place says. However it ends, a query that runs is stopped
/// and tables are dropped, as far as Athena answers. What is told of versions is what [`super::compare_lists`] tells.
///
/// # Caveats
/// A process that is killed leaves its tables: names of tables in a catalog, whose files are the lists themselves.
///
/// # Errors
/// [`Failure`], the first one, beside what was done.
pub async fn compare_by_query<W: Versions + Queries + Clone + 'static>(
    world: W,
    of: Comparison,
    by: &ByQuery<'_>,
    watch: &mut dyn Watch,
    cancel: &CancelToken,
) -> (Result<Ended, Failure>, Queried) {
    let tables = tables(by);
    let mut asking = Asking {
        world: &world,
        place: by.place,
        named: named(by),
        asked: 0,
        queried: Queried::default(),
    };
    let mut made = 0;
    let common = Arc::new(Shared::new(world.clone(), of));
    let ended = compared(
        &common,
        by,
        &tables,
        (&mut asking, &mut made),
        watch,
        cancel,
    )
    .await;
    for table in tables.iter().take(made) {
        let never = CancelToken::never();
        if let Err(failure) = asking.done(&table.drop(), DROPPING, &never).await {
            let name = format!("{}.{}: {failure}", table.database, table.name);
            asking.queried.left.push(name);
        }
    }
    let ended = match ended {
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Asked) => Ok(Ended::Stopped(Progress::default())),
        Ok(tally) => Ok(Ended::Whole(tally)),
    };
    (ended, asking.queried)
}

/// Why a comparison came to no end.
enum Stop {
    Failed(Failure),
    /// It was asked to stop.
    Asked,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<PortError> for Stop {
    fn from(error: PortError) -> Self {
        Self::Failed(error.into())
    }
}

/// A name for the tables and the tokens of a run.
fn named(ByQuery { lists, run, .. }: &ByQuery<'_>) -> String {
    let of = [&lists.source.name, &lists.destination.name, *run].join("\n");
    let digest = ReceiptId::of(of.as_bytes()).to_string();
    digest
        .trim_start_matches("sha256:")
        .chars()
        .take(32)
        .collect()
}

fn tables(by: &ByQuery<'_>) -> [Table; 2] {
    let of = |side: &str, list: &List| Table {
        database: by.place.database.clone(),
        name: format!("{TABLES}{}_{side}", named(by)),
        folder: format!("{}/{}", list.place.bucket.bucket, link(list)),
    };
    [
        of("source", &by.lists.source),
        of("destination", &by.lists.destination),
    ]
}

/// The folder of a list's `symlink.txt`, `hive/dt=YYYY-MM-DD-HH-MM/` beside the folder `YYYY-MM-DDTHH-MMZ/` of its manifest
/// (UG:storage-inventory-location).
fn link(list: &List) -> String {
    let folder = list.name.trim_end_matches("/manifest.json");
    let time = folder.rsplit('/').next().unwrap_or_default();
    let time = time.trim_end_matches('Z').replace('T', "-");
    format!("{}hive/dt={time}/", list.place.folder)
}

async fn compared<W: Versions + Queries + Clone + 'static>(
    common: &Common<W>,
    by: &ByQuery<'_>,
    tables: &[Table; 2],
    (asking, made): (&mut Asking<'_, W>, &mut usize),
    watch: &mut dyn Watch,
    cancel: &CancelToken,
) -> Result<Tally, Stop> {
    let lists = [&by.lists.source, &by.lists.destination];
    let manifests = lists.map(|list| &list.manifest);
    let mut creates = Vec::new();
    for (table, list) in tables.iter().zip(lists) {
        linked(&common.world, list).await?;
        let create = table.create(&list.manifest);
        let place = table.folder.clone();
        creates.push(create.map_err(|why| unusable(list, Unusable::Unsaid { place, why }))?);
    }
    for create in creates {
        *made += 1;
        asking.done(&create, LONGEST, cancel).await?;
    }
    let asked = common.of.asked;
    let scope = Scope {
        only_current: common.of.matching == Matching::Current,
        every: asked.looks_at_all() || asked.class || asked.content > Share::NONE,
    };
    let query = select([&tables[0], &tables[1]], manifests, scope);
    let id = asking.done(&query, LONGEST, cancel).await?;
    read(common, (asking, &id), manifests, watch, cancel).await
}

fn unusable(list: &List, why: Unusable) -> Failure {
    Failure::Inventory {
        bucket: list.place.of.bucket.to_string(),
        why,
    }
}

/// Sees that Athena will read the files of the manifest, and no others.
async fn linked<W: Versions>(world: &W, list: &List) -> Result<(), Failure> {
    let bucket = &list.place.bucket;
    let key = format!("{}symlink.txt", link(list));
    let found = whole(world, bucket, &key).await?.unwrap_or_default();
    let found = String::from_utf8_lossy(&found);
    let mut named: Vec<&str> = found.lines().map(str::trim).collect();
    named.retain(|line| !line.is_empty());
    named.sort_unstable();
    let files = list.manifest.files.iter();
    let mut wanted: Vec<String> = files
        .map(|file| format!("s3://{}/{}", bucket.bucket, file.key))
        .collect();
    wanted.sort();
    if named == wanted {
        return Ok(());
    }
    let link = format!("{}/{key}", bucket.bucket);
    Err(unusable(list, Unusable::Link { link }))
}

/// Reads the answer, and looks at what it leaves in doubt.
async fn read<W: Versions + Queries + Clone + 'static>(
    common: &Common<W>,
    (asking, id): (&Asking<'_, W>, &str),
    manifests: [&Manifest; 2],
    watch: &mut dyn Watch,
    cancel: &CancelToken,
) -> Result<Tally, Stop> {
    let of = &common.of;
    let judge = Judge::new(&of.migration, of.asked, of.settled.clone());
    let (mut tally, mut telling) = (Tally::default(), Telling::new(of.told));
    let mut doubted: Vec<Doubted> = Vec::new();
    let mut after = None;
    loop {
        let page = asking.world.query_lines(asking.place, id, after.as_deref());
        let page = unless(cancel, page).await??;
        for fields in &page.lines {
            let line = Line::read(fields, manifests);
            let line = line.map_err(|why| Failure::Query {
                reason: why.to_string(),
            })?;
            tally.see(&line.seen);
            match line.of {
                Of::Equal { count, by_etag } => {
                    let rung = if by_etag { Rung::Etag } else { Rung::Size };
                    tally.count_all(count, Verdict::Equal(rung));
                }
                Of::Doubted(version) => {
                    if let Some(whole) = full(&mut doubted, &version, ROWS) {
                        let part = unless(cancel, looked(common, &judge, &whole)).await??;
                        telling.take(part, &mut tally, watch);
                    }
                    doubted.push(*version);
                }
            }
        }
        watch.progress(&progress(&tally));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let part = unless(cancel, looked(common, &judge, &doubted)).await??;
    telling.take(part, &mut tally, watch);
    watch.progress(&progress(&tally));
    Ok(tally)
}

/// What is to be judged before a version is added: many keys, each with all of its versions, which come one after another.
fn full(doubted: &mut Vec<Doubted>, next: &Doubted, most: usize) -> Option<Vec<Doubted>> {
    let is_new = doubted.last().is_some_and(|last| last.key != next.key);
    (is_new && doubted.len() >= most).then(|| std::mem::take(doubted))
}

async fn unless<T>(cancel: &CancelToken, work: impl Future<Output = T>) -> Result<T, Stop> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Stop::Asked),
        done = work => Ok(done),
    }
}

fn progress(tally: &Tally) -> Progress {
    Progress {
        tally: tally.clone(),
        left: Vec::new(),
    }
}

async fn looked<W: Versions + Clone + 'static>(
    common: &Common<W>,
    judge: &Judge<'_>,
    doubted: &[Doubted],
) -> Result<Part, Failure> {
    let mut picked = Picked::default();
    for version in doubted {
        version.tell(&mut |side: Side, row| picked.add(side, row));
    }
    let (mut part, doubts) = judged(judge, &picked);
    settle(common, judge, doubts, &mut part).await?;
    Ok(part)
}

/// Who asks Athena.
struct Asking<'a, W> {
    world: &'a W,
    place: &'a QueryPlace,
    named: String,
    /// Statements that were begun.
    asked: u32,
    queried: Queried,
}

impl<W: Queries> Asking<'_, W> {
    /// Has a statement done, and gives its ID.
    async fn done(
        &mut self,
        statement: &str,
        longest: Duration,
        cancel: &CancelToken,
    ) -> Result<String, Stop> {
        if cancel.is_cancelled() {
            return Err(Stop::Asked);
        }
        let id = self.begun(statement).await?;
        let ended = self.ended(&id, longest, cancel).await;
        // One that nobody waits for any more would go on, and cost; one that has ended stays as it is.
        if ended.is_err() {
            let _ = self.world.stop_query(self.place, &id).await;
        }
        self.queried.scanned += ended?;
        Ok(id)
    }

    /// Waits for the end of a statement, and gives the bytes that it read.
    async fn ended(&self, id: &str, longest: Duration, cancel: &CancelToken) -> Result<u64, Stop> {
        let (began, mut wait) = (Instant::now(), WAITS[0]);
        loop {
            let reason = match self.world.query(self.place, id).await? {
                QueryState::Succeeded(scanned) => return Ok(scanned),
                QueryState::Open if began.elapsed() <= longest => {
                    unless(cancel, sleep(wait)).await?;
                    wait = (wait * 2).min(WAITS[1]);
                    continue;
                }
                QueryState::Open => format!("it has not ended after {} s", longest.as_secs()),
                QueryState::Failed(reason) => reason,
                QueryState::Cancelled => "somebody has stopped its query".to_owned(),
            };
            return Err(Failure::Query { reason }.into());
        }
    }

    async fn begun(&mut self, statement: &str) -> Result<String, Failure> {
        self.asked += 1;
        let token = format!("{}-{}", self.named, self.asked);
        let mut tried = 1;
        loop {
            let begun = self.world.start_query(self.place, statement, &token).await;
            match begun {
                Err(error) if again(&error) && tried < TRIES => {
                    sleep(WAITS[0] * 2_u32.pow(tried)).await;
                    tried += 1;
                }
                begun => return Ok(begun?),
            }
        }
    }
}

fn again(error: &PortError) -> bool {
    matches!(error.class, Class::Throttled | Class::Transient)
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Asked => f.write_str("it was stopped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use s3ferry_verify::inventory::Format;

    use super::*;

    fn doubted(key: &str) -> Doubted {
        let of = Manifest {
            source_bucket: String::new(),
            created_ms: 0,
            format: Format::Csv,
            columns: Vec::new(),
            files: Vec::new(),
        };
        let mut fields = vec![Some("0".to_owned()); 29];
        fields[0] = Some(key.to_owned());
        match Line::read(&fields, [&of, &of]).unwrap().of {
            Of::Doubted(version) => *version,
            Of::Equal { .. } => panic!("it is in doubt"),
        }
    }

    #[test]
    fn a_key_is_judged_with_all_of_its_versions() {
        let (mut waiting, mut judged) = (Vec::new(), Vec::new());
        for key in ["a", "a", "b", "b", "b", "c", "d"] {
            let version = doubted(key);
            if let Some(whole) = full(&mut waiting, &version, 2) {
                judged.push(whole.into_iter().map(|of| of.key).collect::<String>());
            }
            waiting.push(version);
        }
        assert_eq!(judged, ["aa", "bbb"]);
        assert_eq!(waiting.len(), 2);
    }
}
