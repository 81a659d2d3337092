//! Comparisons of two sides that differ as they were made to, in pages of few entries, cut wherever a hand is free, and stopped anywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest as _, Md5};
use proptest::prelude::*;
use s3ferry_core::inventories::ListPlace;
use s3ferry_core::model::BucketRef;
use s3ferry_core::plan::ProofSubject;
use s3ferry_core::spec::{DeleteMarkers, Phase, Share};
use s3ferry_engine::CancelToken;
use s3ferry_engine::ports::{
    Class, Look, ObjectHead, PageRequest, Piece, Pieces, PortError, Replication, Versions,
};
use s3ferry_engine::verify::{
    Comparison, Ended, Failure, List, Lists, Matching, PIECE, Progress, Remark, Since, Told, Watch,
    compare, compare_lists, compare_since, verification,
};
use s3ferry_testkit::build;
use s3ferry_verify::inventory::{DataFile, Format, Manifest};
use s3ferry_verify::{Asked, Judge, Reach, Side, Tally};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    id: String,
    size: u64,
    content: String,
    /// What reading it gives, whatever is said of it.
    bytes: Vec<u8>,
    is_marker: bool,
    modified: &'static str,
    class: String,
    tags: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
    status: Replication,
}

impl Version {
    fn new(id: &str, content: &str) -> Self {
        Self {
            id: id.to_owned(),
            size: content.len() as u64,
            content: content.to_owned(),
            bytes: content.as_bytes().to_vec(),
            is_marker: false,
            modified: "2026-01-01",
            class: "STANDARD".to_owned(),
            tags: BTreeMap::new(),
            metadata: BTreeMap::new(),
            status: Replication::Completed,
        }
    }

    fn marker(id: &str) -> Self {
        Self {
            is_marker: true,
            size: 0,
            ..Self::new(id, "")
        }
    }

    /// 32 digits that say what the content is.
    fn etag(&self) -> String {
        let sum = self
            .content
            .bytes()
            .fold(7_u128, |sum, byte| sum.wrapping_mul(257) + u128::from(byte));
        format!("{sum:032x}")
    }
}

/// Versions by key, newest first.
type Shelf = BTreeMap<String, Vec<Version>>;

#[derive(Debug, Clone)]
struct World {
    sides: Arc<[Shelf; 2]>,
    page: usize,
    calls: Arc<AtomicUsize>,
    /// The call that fails, if any.
    fails: Option<usize>,
    /// What is fetched by piece, by key.
    files: Arc<BTreeMap<String, Vec<u8>>>,
}

impl World {
    fn new(source: &Shelf, destination: &Shelf, page: usize) -> Self {
        Self {
            sides: Arc::new([source.clone(), destination.clone()]),
            page,
            calls: Arc::default(),
            fails: None,
            files: Arc::default(),
        }
    }

    fn side(&self, bucket: &BucketRef) -> &Shelf {
        &self.sides[usize::from(*bucket == build::destination())]
    }

    /// Counts a call; what it fails with, if it is the one that fails.
    fn call(&self, operation: &'static str) -> Option<PortError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        (self.fails == Some(call)).then(|| PortError {
            class: Class::Transient,
            service: "shelf",
            operation,
            target: String::new(),
            code: "Broken".to_owned(),
            message: String::new(),
            request_id: None,
            hint: None,
        })
    }

    fn find(&self, bucket: &BucketRef, key: &str, version: &str) -> Option<&Version> {
        let versions = self.side(bucket).get(key)?;
        versions
            .iter()
            .find(|one| one.id == version && !one.is_marker)
    }
}

impl Versions for World {
    async fn page(&self, bucket: &BucketRef, request: &PageRequest) -> Result<Vec<u8>, PortError> {
        tokio::task::yield_now().await;
        if let Some(error) = self.call("ListObjectVersions") {
            return Err(error);
        }
        let most = request
            .most
            .map_or(self.page, |most| (most as usize).min(self.page));
        let mut text = "<ListVersionsResult><EncodingType>url</EncodingType>".to_owned();
        let mut came = 0;
        let mut folders: Vec<&str> = Vec::new();
        let mut last = None;
        'all: for (key, versions) in self.side(bucket) {
            let Some(rest) = key.strip_prefix(&*request.prefix) else {
                continue;
            };
            let folder = rest
                .split_once('/')
                .map(|(folder, _)| &key[..request.prefix.len() + folder.len() + 1]);
            if let (true, Some(folder)) = (request.by_folder, folder) {
                if folders.last() != Some(&folder) {
                    if came == most {
                        text += "<IsTruncated>true</IsTruncated><NextKeyMarker>x</NextKeyMarker>";
                        return Ok((text + "</ListVersionsResult>").into_bytes());
                    }
                    folders.push(folder);
                    came += 1;
                    let _ = write!(
                        text,
                        "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
                    );
                }
                continue;
            }
            let mut versions: &[Version] = versions;
            match &request.after {
                Some((after, None)) if key <= after => continue,
                Some((after, Some(_))) if key < after => continue,
                Some((after, Some(id))) if key == after => {
                    let at = versions
                        .iter()
                        .position(|version| version.id == *id)
                        .unwrap();
                    versions = &versions[at + 1..];
                }
                _ => {}
            }
            for version in versions {
                if came == most {
                    let (key, id): (&String, &String) = last.unwrap();
                    let _ = write!(
                        text,
                        "<IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>"
                    );
                    return Ok((text + "</ListVersionsResult>").into_bytes());
                }
                came += 1;
                last = Some((key, &version.id));
                let latest = self.side(bucket)[key].first() == Some(version);
                let name = if version.is_marker {
                    "DeleteMarker"
                } else {
                    "Version"
                };
                let _ = write!(
                    text,
                    "<{name}><Key>{key}</Key><VersionId>{}</VersionId><IsLatest>{latest}</IsLatest><LastModified>{}</LastModified>",
                    version.id, version.modified
                );
                if !version.is_marker {
                    let _ = write!(
                        text,
                        "<ETag>&quot;{}&quot;</ETag><Size>{}</Size><StorageClass>{}</StorageClass>",
                        version.etag(),
                        version.size,
                        version.class
                    );
                }
                let _ = write!(text, "</{name}>");
            }
            if request.after.is_none() && came > most {
                break 'all;
            }
        }
        Ok((text + "<IsTruncated>false</IsTruncated></ListVersionsResult>").into_bytes())
    }

    async fn look(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<Option<Look>, PortError> {
        if let Some(error) = self.call("HeadObject") {
            return Err(error);
        }
        Ok(self.find(bucket, key, version).map(|version| Look {
            head: ObjectHead {
                replication: version.status.clone(),
                metadata: version.metadata.clone(),
                etag: Some(version.etag()),
                size: version.size,
                encryption: Some("AES256".to_owned()),
                kms_key: None,
                storage_class: version.class.clone(),
            },
            checksums: BTreeMap::from([("CRC64NVME FULL_OBJECT".to_owned(), version.etag())]),
        }))
    }

    async fn tags_of(
        &self,
        bucket: &BucketRef,
        key: &str,
        version: &str,
    ) -> Result<BTreeMap<String, String>, PortError> {
        if let Some(error) = self.call("GetObjectTagging") {
            return Err(error);
        }
        let found = self.find(bucket, key, version);
        Ok(found
            .map(|version| version.tags.clone())
            .unwrap_or_default())
    }
}

impl Pieces for World {
    async fn piece(&self, of: Piece<'_>) -> Result<Option<Vec<u8>>, PortError> {
        if let Some(error) = self.call("GetObject") {
            return Err(error);
        }
        let version = self.find(of.bucket, of.key, of.version);
        let version = version.map(|version| &version.bytes);
        let file = self.files.get(of.key).or(version);
        let rest = file.and_then(|file| file.get(of.from as usize..));
        let piece = |rest: &[u8]| rest.iter().take(of.most as usize).copied().collect();
        Ok(rest.filter(|rest| !rest.is_empty()).map(piece))
    }
}

#[derive(Default)]
struct Seen {
    progress: Progress,
    remarks: Mutex<Vec<String>>,
}

impl Watch for Seen {
    fn progress(&mut self, progress: &Progress) {
        self.progress = progress.clone();
    }

    fn remark(&mut self, remark: &Remark) {
        let key = String::from_utf8_lossy(&remark.key);
        self.remarks
            .get_mut()
            .unwrap()
            .push(format!("{} {key}", remark.verdict));
    }
}

/// What was written later may be on its way.
const SETTLED: &str = "2026-06-01";

fn comparison(asked: Asked, hands: usize) -> Comparison {
    let mut migration = build::migration(Phase::Replicate);
    migration.rules[0].delete_markers = DeleteMarkers::Mirror;
    migration.rules[0].prefix = String::new();
    Comparison {
        migration,
        source: build::source(),
        destination: build::destination(),
        matching: Matching::Versions,
        asked,
        reach: Reach::All,
        settled: SETTLED.to_owned(),
        covered: SETTLED.to_owned(),
        hands,
        looks: u64::MAX,
        told: u64::MAX,
        computed: None,
    }
}

async fn compared(world: &World, of: Comparison, from: Progress) -> (Result<Tally, Failure>, Seen) {
    let mut seen = Seen::default();
    let ended = compare(world.clone(), of, from, &mut seen, &CancelToken::never()).await;
    let ended = ended.map(|ended| match ended {
        Ended::Whole(tally) => tally,
        Ended::Stopped(_) => panic!("nobody stopped it"),
    });
    (ended, seen)
}

/// A way in which the destination can differ, in the word that it is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    None,
    Missing,
    OldMissing,
    Extra,
    Truncated,
    Swapped,
    Rotten,
    MarkerLost,
    MarkerExtra,
    Current,
    Null,
    Tags,
    Metadata,
    Class,
}

impl Damage {
    const ALL: [Self; 14] = [
        Self::None,
        Self::Missing,
        Self::OldMissing,
        Self::Extra,
        Self::Truncated,
        Self::Swapped,
        Self::Rotten,
        Self::MarkerLost,
        Self::MarkerExtra,
        Self::Current,
        Self::Null,
        Self::Tags,
        Self::Metadata,
        Self::Class,
    ];

    /// What the comparison calls it, where it looks that closely.
    fn word(self, asked: Asked) -> Option<&'static str> {
        match self {
            Self::None | Self::Null => None,
            Self::Missing | Self::OldMissing => Some("missing"),
            Self::Extra => Some("extra"),
            Self::Truncated => Some("size"),
            Self::Swapped => Some("content"),
            Self::Rotten => (asked.content == Share::ALL).then_some("content"),
            Self::MarkerLost => Some("marker-missing"),
            Self::MarkerExtra => Some("marker-extra"),
            Self::Current => Some("current"),
            Self::Tags => asked.tags.then_some("tags"),
            Self::Metadata => asked.metadata.then_some("metadata"),
            Self::Class => asked.class.then_some("class"),
        }
    }

    /// Plants it in a pair of keys that are the same.
    fn plant(self, source: &mut Vec<Version>, destination: &mut Vec<Version>) {
        let first = &mut destination[0];
        match self {
            Self::None => {}
            Self::Missing => drop(destination.remove(0)),
            Self::OldMissing => drop(destination.pop()),
            Self::Extra => destination.insert(
                0,
                Version {
                    status: Replication::NotEligible,
                    ..Version::new("mine", "mine")
                },
            ),
            Self::Truncated => first.size -= 1,
            Self::Swapped => first.content = first.content.to_uppercase(),
            // No hash that S3 keeps tells of it.
            Self::Rotten => first.bytes[3] ^= 1,
            Self::MarkerLost => source.insert(0, Version::marker("gone")),
            Self::MarkerExtra => destination.insert(0, Version::marker("theirs")),
            Self::Current => destination.swap(0, 1),
            Self::Null => source[1].id = "null".to_owned(),
            Self::Tags => first
                .tags
                .insert("a".to_owned(), "b".to_owned())
                .map_or((), drop),
            Self::Metadata => first
                .metadata
                .insert("a".to_owned(), "b".to_owned())
                .map_or((), drop),
            Self::Class => first.class = "GLACIER_IR".to_owned(),
        }
    }
}

/// Both sides, and what is to be found.
fn shelves(damages: &[Damage], asked: Asked) -> (Shelf, Shelf, Vec<String>) {
    let (mut source, mut destination, mut expected) = (Shelf::new(), Shelf::new(), Vec::new());
    for (at, damage) in damages.iter().enumerate() {
        let key = format!(
            "data/{}/{at:03}",
            ["a", "b", "long folder"][at % 3].replace(' ', "-")
        );
        let mut one = vec![
            Version::new("2", &format!("second {at}")),
            Version::new("1", &format!("first {at}")),
        ];
        let mut two = one.clone();
        damage.plant(&mut one, &mut two);
        expected.extend(damage.word(asked).map(|word| format!("{word} {key}")));
        source.insert(key.clone(), one);
        destination.insert(key, two);
    }
    expected.sort();
    (source, destination, expected)
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        any::<[bool; 4]>(),
        prop::sample::select(&[Share::NONE, Share::ALL][..]),
    )
        .prop_map(|([checksums, class, metadata, tags], content)| Asked {
            checksums,
            computed: false,
            class,
            metadata,
            tags,
            content,
        })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn what_was_planted_is_found_and_nothing_else(
        damages in prop::collection::vec(prop::sample::select(&Damage::ALL[..]), 0..40),
        asked in asked(),
        page in 1..6_usize,
        hands in 1..6_usize,
    ) {
        let (source, destination, expected) = shelves(&damages, asked);
        let world = World::new(&source, &destination, page);
        let (tally, seen) = block_on(compared(&world, comparison(asked, hands), Progress::default()));
        let mut found = seen.remarks.into_inner().unwrap();
        found.sort();
        prop_assert_eq!(&found, &expected);
        let tally = tally.unwrap();
        prop_assert_eq!(tally.different(), expected.len() as u64);
        let objects = |shelf: &Shelf| shelf.values().flatten().filter(|version| !version.is_marker).count() as u64;
        prop_assert_eq!((tally.source.objects, tally.destination.objects), (objects(&source), objects(&destination)));
    }

    /// Cuts, pages and stops change nothing of what is counted.
    #[test]
    fn a_comparison_that_failed_goes_on_to_the_same_end(
        damages in prop::collection::vec(prop::sample::select(&Damage::ALL[..]), 5..40),
        page in 1..6_usize,
        hands in 1..6_usize,
        fails in 0..60_usize,
    ) {
        let asked = Asked::default();
        let (source, destination, _) = shelves(&damages, asked);
        let whole = World::new(&source, &destination, 1000);
        let straight = block_on(compared(&whole, comparison(asked, 1), Progress::default())).0.unwrap();
        let world = World { fails: Some(fails), ..World::new(&source, &destination, page) };
        let (first, seen) = block_on(compared(&world, comparison(asked, hands), Progress::default()));
        let end = match first {
            Ok(tally) => tally,
            Err(_) => {
                let world = World { fails: None, ..world };
                block_on(compared(&world, comparison(asked, hands), seen.progress)).0.unwrap()
            }
        };
        prop_assert_eq!(end, straight);
    }
}

/// What a receipt of this comparison covers.
fn since(of: &Comparison, tally: &Tally) -> Since {
    let told = Told {
        s3ferry: String::new(),
        spec: String::new(),
        spec_digest: String::new(),
        migration: String::new(),
        subject: ProofSubject(String::new()),
        started: String::new(),
        ended: String::new(),
        lists: None,
        computed: None,
        since: None,
        engine: None,
    };
    let receipt = verification(of, tally, told);
    Since::of(&receipt, &ProofSubject(String::new()), of.asked).unwrap()
}

/// A comparison that goes on from an earlier one, and what it tells.
async fn gone_on(
    world: &World,
    of: Comparison,
    since: &Since,
    from: Progress,
) -> (Result<Tally, Failure>, Seen) {
    let mut seen = Seen::default();
    let never = CancelToken::never();
    let ended = compare_since(world.clone(), of, since, from, &mut seen, &never).await;
    let ended = ended.map(|ended| match ended {
        Ended::Whole(tally) => tally,
        Ended::Stopped(_) => panic!("nobody stopped it"),
    });
    (ended, seen)
}

/// The tally as it would be if everything had been looked at again, as far as a comparison that goes on from another can say it.
fn by_answer(tally: &Tally) -> Tally {
    let mut all = Tally {
        verdicts: BTreeMap::new(),
        ..tally.clone()
    };
    for (verdict, count) in &tally.verdicts {
        let is_equal = verdict.starts_with("equal-");
        let word = if is_equal { "equal" } else { verdict };
        let sum = all.verdicts.entry(word.to_owned()).or_default();
        sum.versions += count.versions;
        sum.bytes += count.bytes;
    }
    all
}

/// What was so at an earlier comparison, what is so now, and whether there is a new version that is damaged.
///
/// S3 changes no version in place. So what is damaged that way was damaged then, or was not there.
fn change() -> impl Strategy<Value = (Damage, Damage, bool)> {
    let damage = || prop::sample::select(&Damage::ALL[..]);
    let in_place = [Damage::Swapped, Damage::Rotten, Damage::Metadata];
    (damage(), damage(), any::<bool>()).prop_map(move |(then, now, is_new)| {
        let can_be = !in_place.contains(&now) || then == now || then == Damage::Missing;
        (then, if can_be { now } else { then }, is_new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whoever goes on from an earlier comparison finds what one finds who looks at everything.
    #[test]
    fn going_on_from_an_earlier_comparison_finds_the_same(
        changes in prop::collection::vec(change(), 0..40),
        asked in asked(),
        page in 1..6_usize,
        hands in 1..6_usize,
        fails in prop::option::of(0..80_usize),
    ) {
        let asked = Asked { tags: false, ..asked };
        let (then, now): (Vec<_>, Vec<_>) = changes.iter().map(|(then, now, _)| (*then, *now)).unzip();
        let (source, destination, _) = shelves(&then, asked);
        let of = comparison(asked, hands);
        let earlier = World::new(&source, &destination, page);
        let earlier = block_on(compared(&earlier, of.clone(), Progress::default())).0.unwrap();
        let since = since(&of, &earlier);

        let (mut source, mut destination, _) = shelves(&now, asked);
        let keys: Vec<String> = source.keys().cloned().collect();
        for key in keys.iter().filter(|key| changes[key[key.len() - 3..].parse::<usize>().unwrap()].2) {
            let new = Version { modified: "2026-07-01", ..Version::new("3", "new") };
            let other = Version { content: "NEW".to_owned(), ..new.clone() };
            source.get_mut(key).unwrap().insert(0, new);
            destination.get_mut(key).unwrap().insert(0, other);
        }
        let world = World::new(&source, &destination, page);
        let (straight, seen) = block_on(compared(&world, of.clone(), Progress::default()));
        let mut expected = seen.remarks.into_inner().unwrap();
        let world = World { fails, calls: Arc::default(), ..world };
        let (mut went, mut seen) = block_on(gone_on(&world, of.clone(), &since, Progress::default()));
        let is_whole = went.is_ok();
        if went.is_err() {
            let world = World { fails: None, ..world };
            (went, seen) = block_on(gone_on(&world, of, &since, seen.progress));
        }
        prop_assert_eq!(by_answer(&went.unwrap()), by_answer(&straight.unwrap()));
        let mut found = seen.remarks.into_inner().unwrap();
        found.sort();
        expected.sort();
        prop_assert!(!is_whole || found == expected, "{found:?} is not {expected:?}");
    }
}

/// What is as it was is not looked at; what came with an old time is.
#[test]
fn what_is_as_it_was_is_not_looked_at_again() {
    let asked = Asked {
        checksums: true,
        ..Asked::default()
    };
    let of = comparison(asked, 1);
    let then = [&[Damage::Missing][..], &[Damage::None; 30]].concat();
    let (source, destination, _) = shelves(&then, asked);
    let world = World::new(&source, &destination, 1000);
    let earlier = block_on(compared(&world, of.clone(), Progress::default())).0;
    let since = since(&of, &earlier.unwrap());
    let calls = |destination: &Shelf| {
        let world = World::new(&source, destination, 1000);
        let went = block_on(gone_on(&world, of.clone(), &since, Progress::default()));
        let count = |word| {
            went.0
                .as_ref()
                .unwrap()
                .verdicts
                .get(word)
                .map_or(0, |of| of.versions)
        };
        let calls = world.calls.load(Ordering::Relaxed);
        (calls, count("equal-earlier"), count("equal-checksum"))
    };
    // A listing of each side, and a look at each for what one side lacks.
    assert_eq!(calls(&destination), (4, 61, 0));
    // What came has an old time: its slice is listed and looked at.
    assert_eq!(calls(&source), (6, 61, 1));
}

#[test]
fn equal_sides_have_equal_fingerprints() {
    let (source, destination, _) = shelves(&[Damage::None; 9], Asked::default());
    let world = World::new(&source, &destination, 2);
    let tally = block_on(compared(
        &world,
        comparison(Asked::default(), 3),
        Progress::default(),
    ))
    .0
    .unwrap();
    assert_eq!(tally.source.fingerprint, tally.destination.fingerprint);
    assert_ne!(tally.source.fingerprint, 0);
}

/// Bytes that differ are found in whichever piece they are, and what ends early is no equal.
#[test]
fn content_is_read_to_its_end() {
    let asked = Asked {
        content: Share::ALL,
        ..Asked::default()
    };
    let content = "x".repeat(2 * PIECE as usize + 5);
    let found = |bytes: Vec<u8>| {
        let one = Shelf::from([("k".to_owned(), vec![Version::new("1", &content)])]);
        let rotten = Version {
            bytes,
            ..Version::new("1", &content)
        };
        let two = Shelf::from([("k".to_owned(), vec![rotten])]);
        let world = World::new(&one, &two, 1000);
        let tally = block_on(compared(&world, comparison(asked, 1), Progress::default())).0;
        let words = tally.unwrap().verdicts.into_keys();
        words.collect::<Vec<_>>()
    };
    let whole = content.clone().into_bytes();
    assert_eq!(found(whole.clone()), ["equal-content"]);
    for at in [0, PIECE - 1, PIECE, 2 * PIECE + 4] {
        let mut bytes = whole.clone();
        bytes[at as usize] ^= 1;
        assert_eq!(found(bytes), ["content"], "{at}");
    }
    assert_eq!(found(whole[..PIECE as usize + 1].to_vec()), ["content"]);
    assert_eq!(found(whole[..PIECE as usize].to_vec()), ["content"]);
    assert_eq!(found(Vec::new()), ["content"]);
}

#[test]
fn a_share_of_versions_is_read_the_same_ones_in_a_run_and_others_in_the_next() {
    let migration = build::migration(Phase::Verify);
    let read = |percent: &str, settled: &str| -> Vec<u32> {
        let asked = Asked {
            content: Share::of_percent(percent).unwrap(),
            ..Asked::default()
        };
        let judge = Judge::new(&migration, asked, settled);
        let is_read = |key: &u32| judge.reads(key.to_string().as_bytes(), "v");
        (0..100_000).filter(is_read).collect()
    };
    let one = read("1%", "T1");
    assert!((800..1_200).contains(&one.len()), "{}", one.len());
    assert_eq!(one, read("1%", "T1"));
    assert_ne!(one, read("1%", "T2"));
    assert_eq!(read("0%", "T1").len(), 0);
    assert_eq!(read("100%", "T1").len(), 100_000);
}

#[test]
fn both_buckets_are_read_from_their_side() {
    let of = comparison(Asked::default(), 1);
    assert_eq!(
        (of.bucket(Side::Source), of.bucket(Side::Destination)),
        (&build::source(), &build::destination())
    );
}

/// An inventory of a shelf in so many files, which are put among those of a world.
fn listed(
    files: &mut BTreeMap<String, Vec<u8>>,
    bucket: &BucketRef,
    shelf: &Shelf,
    count: usize,
) -> List {
    let mut texts = vec![String::new(); count];
    for (at, (key, versions)) in shelf.iter().enumerate() {
        for (nth, of) in versions.iter().enumerate() {
            let id = Some(&*of.id).filter(|id| *id != "null").unwrap_or_default();
            let etag = if of.is_marker {
                String::new()
            } else {
                of.etag()
            };
            let _ = writeln!(
                texts[(at + nth) % count],
                "\"{key}\",\"{id}\",\"{}\",\"{}\",\"{}\",\"2026-01-01\",\"{etag}\",\"{}\"",
                nth == 0,
                of.is_marker,
                of.size,
                if of.is_marker { "" } else { &of.class }
            );
        }
    }
    let file = |(at, text): (usize, &String)| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let content = gzip.finish().unwrap();
        let (key, size) = (format!("{}-{at}", bucket.bucket), content.len() as u64);
        let md5 = Md5::digest(&content)
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        files.insert(key.clone(), content);
        DataFile { key, size, md5 }
    };
    let columns = "Key VersionId IsLatest IsDeleteMarker Size LastModifiedDate ETag StorageClass";
    let manifest = Manifest {
        source_bucket: bucket.bucket.to_string(),
        // 2026-07-01.
        created_ms: 1_782_864_000_000,
        format: Format::Csv,
        columns: columns.split(' ').map(str::to_owned).collect(),
        files: texts.iter().enumerate().map(file).collect(),
    };
    List {
        place: ListPlace {
            of: bucket.clone(),
            bucket: bucket.clone(),
            folder: String::new(),
        },
        name: String::new(),
        manifest,
    }
}

/// What inventories of these shelves tell in a world, and what is told of each.
fn by_lists(
    world: &World,
    source: &Shelf,
    destination: &Shelf,
    count: usize,
    of: Comparison,
) -> (Result<Tally, Failure>, Vec<String>) {
    let mut files = BTreeMap::new();
    let lists = Lists {
        source: listed(&mut files, &build::source(), source, count),
        destination: listed(&mut files, &build::destination(), destination, count),
        passed: Vec::new(),
    };
    let world = World {
        files: Arc::new(files),
        ..world.clone()
    };
    let folder = tempfile::tempdir().unwrap();
    let (mut seen, never) = (Seen::default(), CancelToken::never());
    let ended = block_on(compare_lists(
        world,
        of,
        &lists,
        folder.path(),
        &mut seen,
        &never,
    ));
    let tally = ended.map(|ended| match ended {
        Ended::Whole(tally) => tally,
        Ended::Stopped(_) => panic!("nobody stopped it"),
    });
    let mut told = seen.remarks.into_inner().unwrap();
    told.sort();
    (tally, told)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn inventories_tell_what_listings_tell(
        damages in prop::collection::vec(prop::sample::select(&Damage::ALL[..]), 0..40),
        asked in asked(),
        count in 1..4_usize,
        page in 1..6_usize,
    ) {
        let (source, destination, expected) = shelves(&damages, asked);
        let world = World::new(&source, &destination, page);
        let listing = block_on(compared(&world, comparison(asked, 1), Progress::default())).0.unwrap();
        let (tally, told) = by_lists(&world, &source, &destination, count, comparison(asked, 1));
        prop_assert_eq!(told, expected);
        prop_assert_eq!(tally.unwrap(), listing);
    }

    /// What lists say is believed of what is so still.
    #[test]
    fn nothing_is_believed_that_a_listing_does_not_tell(
        damages in prop::collection::vec(prop::sample::select(&Damage::ALL[..]), 0..40),
        now in prop::collection::vec(prop::sample::select(&Damage::ALL[..]), 0..40),
        looks in prop::sample::select(&[0, 3, u64::MAX][..]),
    ) {
        let asked = Asked::default();
        let (source, destination, _) = shelves(&damages, asked);
        let (live, replica, expected) = shelves(&now, asked);
        let world = World::new(&live, &replica, 3);
        let of = Comparison { looks, ..comparison(asked, 1) };
        let (tally, told) = by_lists(&world, &source, &destination, 1, of);
        let (unseen, believed): (Vec<_>, Vec<_>) = told.into_iter().partition(|told| told.starts_with("not-looked-at "));
        prop_assert!(believed.iter().all(|told| expected.contains(told)), "{believed:?} of {expected:?}");
        prop_assert!(looks > 0 || believed.is_empty(), "{believed:?}");
        prop_assert!(looks < u64::MAX || unseen.is_empty(), "{unseen:?}");
        let tally = tally.unwrap();
        let objects = |shelf: &Shelf| shelf.values().flatten().filter(|version| !version.is_marker).count() as u64;
        prop_assert_eq!((tally.source.objects, tally.destination.objects), (objects(&source), objects(&destination)));
    }

    /// A failure of any call ends it, and leaves nothing behind that would be counted.
    #[test]
    fn a_call_that_fails_ends_a_comparison_of_lists(fails in 0..6_usize) {
        let (source, destination, _) = shelves(&[Damage::Missing; 4], Asked::default());
        let world = World { fails: Some(fails), ..World::new(&source, &destination, 9) };
        let (tally, _) = by_lists(&world, &source, &destination, 1, comparison(Asked::default(), 1));
        prop_assert!(matches!(tally, Err(Failure::Port(_))), "{tally:?}");
    }
}
