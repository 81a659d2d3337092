//! What a version is: equal, different or unprovable, or expected to be on one side only.
//!
//! Most are judged from the listings. What listings leave in doubt is looked at (`HeadObject` at both sides) and judged again:
//! an object that is missing may be on its way, and an ETag that differs says nothing under SSE-KMS (docs/semantics.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use s3ferry_core::model::kinds::replication::is_archived;
use s3ferry_core::spec::{DeleteMarkers, Migration, RuleSpec, Share};

use xxhash_rust::xxh3::Xxh3;

use crate::computed::Says;
use crate::entry::{Entry, EtagForm, Kind};
use crate::join::{Found, Side};
use crate::slices::slice;
use crate::tally::digest_of;

/// What proves that two versions are the same, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The same version ID and size.
    Size,
    /// The same ETag, which is a hash of the content.
    Etag,
    /// The same checksum, of the same algorithm and type, kept by S3 with the objects.
    Checksum,
    /// The same checksum, computed by S3 of the whole object at both sides.
    Computed,
    /// The same bytes, read at both sides.
    Content,
    /// What an earlier comparison proved it by: it is what it was then.
    Earlier,
}

impl Rung {
    /// The rung in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Size => "size and version ID",
            Self::Etag => "ETag",
            Self::Checksum => "stored checksum",
            Self::Computed => "computed checksum",
            Self::Content => "content",
            Self::Earlier => "an earlier comparison",
        }
    }
}

/// Why a version is on one side only, as it should be, or is not judged in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expected {
    /// No rule of the migration takes it.
    Outside,
    /// A delete marker under a rule that keeps the replica.
    MarkerKept,
    /// S3 does not replicate it from its storage class.
    Archived,
    /// It is a replica itself, which is not replicated again.
    Replica,
    /// S3 has yet to replicate it.
    NotYet,
    /// A replica whose version was deleted at the source; S3 does not replicate that.
    DeletedAtSource,
    /// It came or went while both sides were read.
    Meanwhile,
    /// It was written after the checksums were computed.
    Later,
}

/// How two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// It has no replica.
    Missing,
    /// S3 gave up replicating it.
    Failed,
    /// A delete marker of the source is not at the destination.
    MarkerMissing,
    /// The destination has it, and it is no replica.
    Extra,
    /// A delete marker of the destination is not at the source.
    MarkerExtra,
    /// One side has an object, the other a delete marker.
    Kind,
    /// The sizes differ.
    Size,
    /// The contents differ, by ETag or checksum.
    Content,
    /// Another version is current.
    Current,
    /// The storage class is not the rule's, or the source's.
    Class,
    /// User metadata differ.
    Metadata,
    /// Tags differ.
    Tags,
}

/// Why nobody can say whether two versions are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unprovable {
    /// The ETags are no hashes of the content, and no checksum of the same kind is kept with both.
    NoHash,
    /// The caller may not look at it.
    Denied,
    /// More were in doubt than this run looks at.
    NotLookedAt,
    /// The reports of computed checksums do not tell of it at both sides.
    NotComputed,
    /// S3 could not compute its checksum at both sides.
    ComputeFailed,
}

/// The answer on one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The same at both sides, as this proves.
    Equal(Rung),
    /// Not the same.
    Different(Difference),
    /// Not known.
    Unprovable(Unprovable),
    /// As it should be.
    Expected(Expected),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Verdict {
    /// Every one.
    pub const ALL: [Self; 31] = [
        Self::Equal(Rung::Size),
        Self::Equal(Rung::Etag),
        Self::Equal(Rung::Checksum),
        Self::Equal(Rung::Computed),
        Self::Equal(Rung::Content),
        Self::Equal(Rung::Earlier),
        Self::Different(Difference::Missing),
        Self::Different(Difference::Failed),
        Self::Different(Difference::MarkerMissing),
        Self::Different(Difference::Extra),
        Self::Different(Difference::MarkerExtra),
        Self::Different(Difference::Kind),
        Self::Different(Difference::Size),
        Self::Different(Difference::Content),
        Self::Different(Difference::Current),
        Self::Different(Difference::Class),
        Self::Different(Difference::Metadata),
        Self::Different(Difference::Tags),
        Self::Unprovable(Unprovable::NoHash),
        Self::Unprovable(Unprovable::Denied),
        Self::Unprovable(Unprovable::NotLookedAt),
        Self::Unprovable(Unprovable::NotComputed),
        Self::Unprovable(Unprovable::ComputeFailed),
        Self::Expected(Expected::Outside),
        Self::Expected(Expected::MarkerKept),
        Self::Expected(Expected::Archived),
        Self::Expected(Expected::Replica),
        Self::Expected(Expected::NotYet),
        Self::Expected(Expected::DeletedAtSource),
        Self::Expected(Expected::Meanwhile),
        Self::Expected(Expected::Later),
    ];

    /// The word of receipts and of JSON lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal(Rung::Size) => "equal-size",
            Self::Equal(Rung::Etag) => "equal-etag",
            Self::Equal(Rung::Checksum) => "equal-checksum",
            Self::Equal(Rung::Computed) => "equal-computed",
            Self::Equal(Rung::Content) => "equal-content",
            Self::Equal(Rung::Earlier) => "equal-earlier",
            Self::Different(difference) => difference.as_str(),
            Self::Unprovable(Unprovable::NoHash) => "no-hash",
            Self::Unprovable(Unprovable::Denied) => "denied",
            Self::Unprovable(Unprovable::NotLookedAt) => "not-looked-at",
            Self::Unprovable(Unprovable::NotComputed) => "not-computed",
            Self::Unprovable(Unprovable::ComputeFailed) => "compute-failed",
            Self::Expected(expected) => expected.as_str(),
        }
    }
}

impl Difference {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::MarkerMissing => "marker-missing",
            Self::Extra => "extra",
            Self::MarkerExtra => "marker-extra",
            Self::Kind => "kind",
            Self::Size => "size",
            Self::Content => "content",
            Self::Current => "current",
            Self::Class => "class",
            Self::Metadata => "metadata",
            Self::Tags => "tags",
        }
    }
}

impl Expected {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::MarkerKept => "marker-kept",
            Self::Archived => "archived",
            Self::Replica => "replica",
            Self::NotYet => "not-yet",
            Self::DeletedAtSource => "deleted-at-source",
            Self::Meanwhile => "meanwhile",
            Self::Later => "later",
        }
    }
}

/// How far to look beyond the listings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// The stored checksum of every version.
    pub checksums: bool,
    /// The checksum that S3 computed of every version.
    pub computed: bool,
    /// The storage class.
    pub class: bool,
    /// User metadata.
    pub metadata: bool,
    /// Tags.
    pub tags: bool,
    /// The content of so many versions.
    pub content: Share,
}

impl Asked {
    /// Whether every pair has to be looked at, whatever the listings say.
    #[must_use]
    pub const fn looks_at_all(self) -> bool {
        self.checksums || self.computed || self.metadata || self.tags
    }
}

/// What listings say of a version: the answer, or a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The answer.
    Settled(Verdict),
    /// A look at the version says more.
    Look,
    /// It is as old as an earlier comparison, which says more if this slice is what it was.
    Passed(usize),
    /// It was counted before.
    Counted,
}

/// Which versions are judged, and which are left to an earlier comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reach {
    /// All are judged.
    #[default]
    All,
    /// Of versions of both sides, those that were last modified after this time; older ones are passed.
    Since(String),
    /// Those that were passed, of these slices.
    Again(String, BTreeSet<usize>),
}

/// A version as `HeadObject` tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `x-amz-replication-status`.
    pub status: Status,
    /// The size in bytes.
    pub size: u64,
    /// The ETag without quotes.
    pub etag: String,
    /// The storage class.
    pub class: String,
    /// Whether the ETag of an object in one part is the MD5 of its content: not under SSE-KMS and SSE-C (BC:s3 Object.ETag).
    pub etag_is_hash: bool,
    /// Stored checksums by algorithm and type.
    pub checksums: BTreeMap<String, String>,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
    /// Tags, where they were asked for.
    pub tags: Option<BTreeMap<String, String>>,
}

/// The replication status of a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// S3 says nothing: no rule took it when it was written.
    #[default]
    None,
    /// On its way.
    Pending,
    /// At every destination.
    Completed,
    /// Given up.
    Failed,
    /// A replica itself.
    Replica,
}

/// What a look at one side found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The version.
    There(Facts),
    /// Nothing, or a delete marker: S3 does not tell those of a delete marker.
    Absent,
    /// The caller may not look.
    Denied,
}

/// What the rules of a migration say of keys.
#[derive(Debug, Clone)]
pub struct Judge<'a> {
    rules: Vec<&'a RuleSpec>,
    asked: Asked,
    /// What was written after this may be on its way; as S3 writes times.
    settled: String,
    reach: Reach,
    covered: String,
}

impl<'a> Judge<'a> {
    /// A judge of a migration, for whom what was written after `settled` (as S3 writes times) may be on its way.
    #[must_use]
    pub fn new(migration: &'a Migration, asked: Asked, settled: impl Into<String>) -> Self {
        let rules = migration.rules.iter().filter(|rule| rule.enabled);
        let settled = settled.into();
        Self {
            rules: rules.collect(),
            asked,
            covered: settled.clone(),
            settled,
            reach: Reach::All,
        }
    }

    /// The same judge, of a comparison that answers for what was written up to this time.
    #[must_use]
    pub fn covering(self, covered: String) -> Self {
        Self { covered, ..self }
    }

    /// The same judge, for some versions only.
    #[must_use]
    pub fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Whether what the sides have was counted before.
    #[must_use]
    pub const fn counts_again(&self) -> bool {
        matches!(self.reach, Reach::Again(..))
    }

    /// Whether a version is old enough that who compares later may rely on this comparison for it.
    #[must_use]
    pub fn is_covered(&self, entry: &Entry<'_>) -> bool {
        entry.modified <= self.covered.as_str()
    }

    /// Whether a version is as old as the comparison that this one goes on from.
    #[must_use]
    pub fn is_earlier(&self, entry: &Entry<'_>) -> bool {
        match &self.reach {
            Reach::All => false,
            Reach::Since(time) | Reach::Again(time, _) => entry.modified <= time.as_str(),
        }
    }

    /// Judges what a join found.
    #[must_use]
    pub fn first(&self, found: &Found<'_>) -> First {
        match found {
            Found::Both {
                source,
                destination,
            } => self.pair(source, destination),
            _ if self.counts_again() => First::Counted,
            Found::Current { .. } => First::Settled(Verdict::Different(Difference::Current)),
            Found::Only { side, entry } => self.only(*side, entry),
        }
    }

    fn only(&self, side: Side, entry: &Entry<'_>) -> First {
        if self.rules_of(entry.key).next().is_none() {
            return First::Settled(Verdict::Expected(Expected::Outside));
        }
        First::Settled(match (entry.kind, side) {
            (Kind::Object, _) => return First::Look,
            // S3 tells nothing of a delete marker but that it is there (405, BC:s3 HeadObject).
            (Kind::Marker, Side::Source) => self.lone_marker(entry),
            (Kind::Marker, Side::Destination) => Verdict::Different(Difference::MarkerExtra),
        })
    }

    fn lone_marker(&self, entry: &Entry<'_>) -> Verdict {
        if self.keeps_markers(entry.key) {
            Verdict::Expected(Expected::MarkerKept)
        } else if self.is_fresh(entry) {
            Verdict::Expected(Expected::NotYet)
        } else {
            Verdict::Different(Difference::MarkerMissing)
        }
    }

    fn is_fresh(&self, entry: &Entry<'_>) -> bool {
        entry.modified > self.settled.as_str()
    }

    /// Judges what was in doubt and is one too many to be looked at.
    #[must_use]
    pub fn unseen(&self, found: &Found<'_>) -> Verdict {
        match found {
            Found::Only { entry, .. } if self.is_fresh(entry) => {
                Verdict::Expected(Expected::NotYet)
            }
            Found::Only {
                side: Side::Source, ..
            } => Verdict::Different(Difference::Missing),
            Found::Only {
                side: Side::Destination,
                ..
            } => Verdict::Different(Difference::Extra),
            Found::Both { .. } | Found::Current { .. } => {
                Verdict::Unprovable(Unprovable::NotLookedAt)
            }
        }
    }

    fn pair(&self, source: &Entry<'_>, destination: &Entry<'_>) -> First {
        if let Some(verdict) = self.plain(source, destination) {
            return match self.reach {
                Reach::All | Reach::Since(_) => First::Settled(verdict),
                Reach::Again(..) => First::Counted,
            };
        }
        let slice = self.passed(source, destination);
        match (&self.reach, slice) {
            (Reach::Since(_), Some(slice)) => First::Passed(slice),
            (Reach::Again(_, moved), of) if of.is_none_or(|slice| !moved.contains(&slice)) => {
                First::Counted
            }
            _ => self.of_both(source, destination),
        }
    }

    /// What the listings say of a version of both sides, whatever was seen of it before.
    fn plain(&self, source: &Entry<'_>, destination: &Entry<'_>) -> Option<Verdict> {
        match (source.kind, destination.kind) {
            (Kind::Marker, Kind::Marker) => return Some(Verdict::Equal(Rung::Size)),
            (Kind::Object, Kind::Object) => {}
            (Kind::Object, Kind::Marker) | (Kind::Marker, Kind::Object) => {
                return Some(Verdict::Different(Difference::Kind));
            }
        }
        if source.size != destination.size {
            return Some(Verdict::Different(Difference::Size));
        }
        if self.asked.class && !self.is_class(source.key, source.class, destination.class) {
            return Some(Verdict::Different(Difference::Class));
        }
        // Nobody has computed anything of what no rule takes.
        let is_outside = || self.rules_of(source.key).next().is_none();
        (self.asked.computed && is_outside()).then_some(Verdict::Expected(Expected::Outside))
    }

    /// The slice of a version that an earlier comparison may cover: both sides have it under one ID, and both are as old.
    fn passed(&self, source: &Entry<'_>, destination: &Entry<'_>) -> Option<usize> {
        let are_earlier = self.is_earlier(source) && self.is_earlier(destination);
        let is_one = source.version == destination.version;
        (are_earlier && is_one).then(|| slice(digest_of(source)))
    }

    fn of_both(&self, source: &Entry<'_>, destination: &Entry<'_>) -> First {
        let is_read = self.reads(source.key, source.version);
        if is_read || self.asked.looks_at_all() || source.etag != destination.etag {
            return First::Look;
        }
        First::Settled(match EtagForm::of(source.etag) {
            EtagForm::Whole | EtagForm::Parts(_) => Verdict::Equal(Rung::Etag),
            EtagForm::Other => Verdict::Equal(Rung::Size),
        })
    }

    /// Whether the content of this version is read: by a hash, so that who goes on after a stop reads the same ones, and of the time, so
    /// that another run reads others.
    #[must_use]
    pub fn reads(&self, key: &[u8], version: &str) -> bool {
        let share = self.asked.content.parts();
        if share == 0 || share == Share::ALL.parts() {
            return share != 0;
        }
        let mut hash = Xxh3::new();
        for part in [
            self.settled.as_bytes(),
            b"\0",
            key,
            b"\0",
            version.as_bytes(),
        ] {
            hash.update(part);
        }
        hash.digest() % u64::from(Share::ALL.parts()) < u64::from(share)
    }

    /// Judges a version of both sides that was looked at.
    #[must_use]
    pub fn second(&self, key: &[u8], source: &Seen, destination: &Seen) -> Verdict {
        let (source, destination) = match (source, destination) {
            (Seen::There(source), Seen::There(destination)) => (source, destination),
            (Seen::Denied, _) | (_, Seen::Denied) => {
                return Verdict::Unprovable(Unprovable::Denied);
            }
            _ => return Verdict::Expected(Expected::Meanwhile),
        };
        let different = |difference| Verdict::Different(difference);
        if source.size != destination.size {
            return different(Difference::Size);
        }
        let Some(rung) = rung(source, destination) else {
            return different(Difference::Content);
        };
        if self.asked.metadata && source.metadata != destination.metadata {
            return different(Difference::Metadata);
        }
        if self.asked.tags && source.tags != destination.tags {
            return different(Difference::Tags);
        }
        if self.asked.class && !self.is_class(key, &source.class, &destination.class) {
            return different(Difference::Class);
        }
        // Who asks for checksums is not told that sizes will do.
        match rung {
            Rung::Size if self.asked.checksums => Verdict::Unprovable(Unprovable::NoHash),
            rung => Verdict::Equal(rung),
        }
    }

    /// Judges a version of both sides and of one size by what computed checksums say of it; none where a look says more. `is_later` where it
    /// was written after the jobs were made that computed them.
    #[must_use]
    pub const fn computed(&self, says: Says, same_etag: bool, is_later: bool) -> Option<Verdict> {
        match (says, is_later) {
            (Says::Same, _) if self.asked.metadata || self.asked.tags => None,
            (Says::Same, _) => Some(Verdict::Equal(Rung::Computed)),
            (Says::Other, _) => Some(Verdict::Different(Difference::Content)),
            (Says::Nothing, true) if same_etag => Some(Verdict::Expected(Expected::Later)),
            (Says::Nothing, true) => None,
            (Says::Nothing, false) => Some(Verdict::Unprovable(Unprovable::NotComputed)),
            (Says::Failed, _) => Some(Verdict::Unprovable(Unprovable::ComputeFailed)),
        }
    }

    /// What a look at a version says where computed checksums are asked for: no hash that S3 keeps will do in their place.
    #[must_use]
    pub const fn beside(seen: Verdict, says: Says) -> Verdict {
        match (seen, says) {
            (Verdict::Equal(Rung::Content), _) => seen,
            (Verdict::Equal(_) | Verdict::Unprovable(Unprovable::NoHash), Says::Same) => {
                Verdict::Equal(Rung::Computed)
            }
            (Verdict::Equal(_) | Verdict::Unprovable(Unprovable::NoHash), _) => {
                Verdict::Expected(Expected::Later)
            }
            (_, _) => seen,
        }
    }

    /// Judges an object that only one side listed, from a look at both.
    #[must_use]
    pub fn lone(&self, side: Side, key: &[u8], source: &Seen, destination: &Seen) -> Verdict {
        match (side, source, destination) {
            (_, Seen::Denied, _) | (_, _, Seen::Denied) => Verdict::Unprovable(Unprovable::Denied),
            // It came while both sides were read.
            (_, Seen::There(_), Seen::There(_)) => self.second(key, source, destination),
            (_, Seen::Absent, Seen::Absent) => Verdict::Expected(Expected::Meanwhile),
            (_, Seen::There(facts), Seen::Absent) => self.missing(key, facts),
            (_, Seen::Absent, Seen::There(facts)) => match facts.status {
                Status::Replica => Verdict::Expected(Expected::DeletedAtSource),
                _ => Verdict::Different(Difference::Extra),
            },
        }
    }

    fn missing(&self, key: &[u8], facts: &Facts) -> Verdict {
        match facts.status {
            Status::Pending => Verdict::Expected(Expected::NotYet),
            Status::Failed => Verdict::Different(Difference::Failed),
            Status::Replica => Verdict::Expected(Expected::Replica),
            Status::Completed => Verdict::Different(Difference::Missing),
            Status::None if is_archived(&facts.class) => Verdict::Expected(Expected::Archived),
            Status::None if !self.takes(key, facts) => Verdict::Expected(Expected::Outside),
            Status::None => Verdict::Different(Difference::Missing),
        }
    }

    /// Whether tags have to be known to say whether a rule takes the key's objects.
    #[must_use]
    pub fn asks_for_tags(&self, key: &[u8]) -> bool {
        self.asked.tags || self.rules_of(key).all(|rule| !rule.tags.is_empty())
    }

    fn takes(&self, key: &[u8], facts: &Facts) -> bool {
        let tags = facts.tags.as_ref();
        let has =
            |name: &String, value: &String| tags.and_then(|tags| tags.get(name)) == Some(value);
        self.rules_of(key)
            .any(|rule| rule.tags.iter().all(|(name, value)| has(name, value)))
    }

    /// The rules whose prefix the key has, most important first.
    fn rules_of<'k>(&'k self, key: &'k [u8]) -> impl Iterator<Item = &'a RuleSpec> + 'k {
        let rules = self.rules.iter().copied();
        rules.filter(|rule| key.starts_with(rule.prefix.as_bytes()))
    }

    /// Rules with tags take no delete markers (BC:s3 DeleteMarkerReplication).
    fn keeps_markers(&self, key: &[u8]) -> bool {
        let without_tags = self.rules_of(key).find(|rule| rule.tags.is_empty());
        without_tags.is_none_or(|rule| rule.delete_markers == DeleteMarkers::Keep)
    }

    /// Whether a replica's class is one that a rule of its key sets.
    fn is_class(&self, key: &[u8], source: &str, destination: &str) -> bool {
        self.rules_of(key).any(|rule| match rule.storage_class {
            Some(class) => class.as_str() == destination,
            None => source == destination,
        })
    }
}

/// What proves two versions of one size equal; none where something proves that they are not.
fn rung(source: &Facts, destination: &Facts) -> Option<Rung> {
    let mut common = source
        .checksums
        .iter()
        .filter_map(|(algorithm, value)| Some((value, destination.checksums.get(algorithm)?)));
    if let Some(first) = common.next() {
        let all_equal = first.0 == first.1 && common.all(|(one, two)| one == two);
        return all_equal.then_some(Rung::Checksum);
    }
    let are_hashes = source.etag_is_hash && destination.etag_is_hash;
    match (EtagForm::of(&source.etag), EtagForm::of(&destination.etag)) {
        (EtagForm::Whole, EtagForm::Whole) if are_hashes => {
            (source.etag == destination.etag).then_some(Rung::Etag)
        }
        (EtagForm::Parts(_), EtagForm::Parts(_)) if source.etag == destination.etag => {
            Some(Rung::Etag)
        }
        _ => Some(Rung::Size),
    }
}
