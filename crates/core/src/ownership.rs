//! Ownership: the markers by which s3ferry knows its own things in live accounts, since there is no state file.
//!
//! | thing | marker |
//! |---|---|
//! | replication rule | its ID, `s3ferry/<spec>/<migration>/<rule>` |
//! | bucket policy statement | its Sid, `S3FerrySpec<spec hash><migration hash><Migration><Purpose>` |
//! | role | tag `s3ferry:spec`, path `/s3ferry/` unless it was adopted |
//! | statement of the role's inline policy `s3ferry` | its Sid, `<Purpose>S3FerrySpec<spec hash>` |
//! | bucket | tag `s3ferry:spec` |
//! | alarm | its name, `s3ferry/<spec>/<migration>/<rule>/<metric>`, and its description; it is tagged, too |
//! | inventory configuration, event notification | its ID, `s3ferry-<spec>` |
//! | job of S3 Batch Operations | what its description begins with, `s3ferry/<spec>/<migration>/<subject>/<attempt>`, and tags that say the same |
//! | trail | tag `s3ferry:spec` |
//! | advanced event selector | its name, `s3ferry/<spec>/all` or `s3ferry/<spec>/writes` |
//! | basic event selector | that it is for data events of buckets only, each of the spec or one that tags of our roles lead to |
//! | access logging | the statement of ours, for the logged bucket, in the policy of the bucket that logs go to |
//!
//! The spec's name is in every marker, so that two specs leave each other's things alone. A configuration has one role, so
//! specs that work on the same source bucket share it: the tag then names each of them, and each has its own statements.
//!
//! Sids take letters and digits only (IAMUG:reference_policies_elements_sid), so names stand there as hashes of 64 bits, at
//! fixed places. Marks of builds before these had six digits; they are still known, and replaced by the next apply
//! (`docs/decisions/0030-marks-in-sids.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::data_events::DataEvents;
use crate::digest::digest;
use crate::ids::{
    AccountId, AlarmName, BucketName, MigrationName, Region, RuleName, SpecName, TrailName,
};
use crate::places::{BucketRef, RegionRef, TrailRef};
use crate::proof::ProofSubject;

/// The tag that says which spec a role or a bucket belongs to.
pub const SPEC_TAG: &str = "s3ferry:spec";
/// What the names of our alarms begin with, whichever spec's they are.
pub const ALARM_PREFIX: &str = "s3ferry/";
/// What every tag of ours begins with.
pub const TAG_PREFIX: &str = "s3ferry:";
/// Role tags that name a source bucket; the value is its Region.
const SOURCE_TAG: &str = "s3ferry:source:";
/// Role tags that name a destination bucket; the value is `account/Region`.
const DESTINATION_TAG: &str = "s3ferry:destination:";
/// Role tags that name a Region with alarms; the value is the accounts that they are in.
const ALARMS_TAG: &str = "s3ferry:alarms:";
/// Role tags that name a bucket that logs, inventories or trails of this spec go to; the value is `account/Region`.
const LOGS_TAG: &str = "s3ferry:logs:";
/// Role tags that name a source bucket with an event notification of this spec; the value is its Region.
const EVENTS_TAG: &str = "s3ferry:events:";
/// What the ID of every inventory and every event notification of a spec begins with.
const CONFIGURATION_MARK: &str = "s3ferry-";

/// Where things of a spec are that a role's tags lead to.
#[derive(Debug, Default)]
pub struct Leads<'a> {
    /// The source buckets of its rules.
    pub sources: BTreeSet<&'a BucketRef>,
    /// The destination buckets of its rules.
    pub destinations: BTreeSet<&'a BucketRef>,
    /// The buckets that logs and inventories go to.
    pub logs: BTreeSet<&'a BucketRef>,
    /// The source buckets with an event notification.
    pub events: BTreeSet<&'a BucketRef>,
    /// The Regions with alarms.
    pub alarms: BTreeSet<RegionRef>,
    /// The trails that record its buckets.
    pub trails: BTreeSet<TrailRef>,
}
/// Role tags that name a trail; the key ends with a hash of the value, which is `account/Region/name`.
const TRAIL_TAG: &str = "s3ferry:trail:";

/// What the descriptions of our jobs begin with, whichever spec's they are.
pub const JOB_PREFIX: &str = "s3ferry/";

/// What a job of ours does with every object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobWork {
    /// It replicates it.
    Copy,
    /// It computes its checksum.
    Checksum,
}

impl JobWork {
    /// What the subject in a mark begins with: nothing for copies, whose jobs were the first.
    const fn begin(self) -> &'static str {
        match self {
            Self::Copy => "",
            Self::Checksum => "checksum-",
        }
    }
}

/// What a job of ours says of whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobMark {
    /// The migration.
    pub migration: MigrationName,
    /// What it does.
    pub work: JobWork,
    /// What it does that with: the beginning of the digest of the goal's subject.
    pub subject: String,
    /// Which of the goal's jobs it is, from 1.
    pub attempt: u32,
}

impl JobMark {
    /// How much of a subject a mark has: 64 bits, as marks in Sids have.
    const SUBJECT: usize = 16;

    /// The mark of a job.
    #[must_use]
    pub fn of(
        migration: &MigrationName,
        work: JobWork,
        subject: &ProofSubject,
        attempt: u32,
    ) -> Self {
        Self {
            migration: migration.clone(),
            work,
            subject: subject.0.chars().take(Self::SUBJECT).collect(),
            attempt,
        }
    }

    /// What is planned, as descriptions and tags spell it.
    fn plan(&self) -> String {
        format!("{}{}", self.work.begin(), self.subject)
    }
}

/// The markers of one spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markers {
    spec: SpecName,
    mark: String,
    /// What earlier builds marked Sids with.
    short_mark: String,
}

impl Markers {
    /// The markers of the spec of this name.
    #[must_use]
    pub fn of(spec: &SpecName) -> Self {
        Self {
            spec: spec.clone(),
            mark: format!("{SID_MARK}{}", hash(spec.as_str(), HASH_DIGITS)),
            short_mark: format!("{SHORT_MARK}{}", hash(spec.as_str(), SHORT_DIGITS)),
        }
    }

    /// The ID of a rule in S3.
    #[must_use]
    pub fn rule_id(&self, migration: &MigrationName, rule: &RuleName) -> String {
        format!("s3ferry/{}/{migration}/{rule}", self.spec)
    }

    /// The migration and the rule that a rule ID of this spec names; `None` for everybody else's.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<(MigrationName, RuleName)> {
        let mut parts = id.strip_prefix("s3ferry/")?.splitn(3, '/');
        let ours = parts.next()? == self.spec.as_str();
        let migration = MigrationName::new(parts.next()?).ok()?;
        let rule = RuleName::new(parts.next()?).ok()?;
        ours.then_some((migration, rule))
    }

    /// The name of the alarm on a metric of a rule, which a word says.
    ///
    /// # Panics
    /// Never: the longest has 157 characters of the 255 that CloudWatch takes.
    #[must_use]
    pub fn alarm_name(
        &self,
        migration: &MigrationName,
        rule: &RuleName,
        metric: &str,
    ) -> AlarmName {
        let name = format!("{}/{metric}", self.rule_id(migration, rule));
        AlarmName::new(name).expect("names of specs, migrations and rules are short")
    }

    /// The migration and the rule that an alarm's name of this spec names; `None` for everybody else's.
    #[must_use]
    pub fn alarm(&self, name: &AlarmName) -> Option<(MigrationName, RuleName)> {
        let (rule, _) = name.as_str().rsplit_once('/')?;
        self.rule(rule)
    }

    /// The pattern of the names of this spec's alarms, as policies have patterns.
    pub(crate) fn alarm_pattern(&self) -> String {
        format!("{ALARM_PREFIX}{}/*", self.spec)
    }

    /// What an alarm of ours says of itself: what it looks at, and whose it is.
    pub(crate) fn alarm_description(&self, what: &str) -> String {
        let (begin, end) = DESCRIPTION_MARK;
        format!("{what} {begin}{}{end}", self.spec)
    }

    /// Whether a description says that an alarm is this spec's. `DescribeAlarms` answers no tags, so it is what tells.
    pub(crate) fn describes_alarm(&self, description: Option<&str>) -> bool {
        let specs = description.and_then(described);
        specs.is_some_and(|specs| specs.contains(&self.spec))
    }

    /// What the Sids of a migration begin with: its mark, and the name for people.
    #[must_use]
    pub fn sid_prefix(&self, migration: &MigrationName) -> String {
        self.sid_mark(migration) + &words(migration)
    }

    /// What tells the Sids of a migration: hashes at fixed places, so that no name reads like the beginning of another.
    pub(crate) fn sid_mark(&self, migration: &MigrationName) -> String {
        format!("{}{}", self.mark, hash(migration.as_str(), HASH_DIGITS))
    }

    /// The mark of a migration in a Sid of this spec; none in everybody else's, and in those of earlier builds.
    pub(crate) fn migration_mark<'a>(&self, sid: &'a str) -> Option<&'a str> {
        sid.strip_prefix(&self.mark)?;
        sid.get(..self.mark.len() + HASH_DIGITS)
    }

    /// What the Sids of a migration began with in earlier builds.
    pub(crate) fn short_sid_prefix(&self, migration: &MigrationName) -> String {
        let hash = hash(migration.as_str(), SHORT_DIGITS);
        format!("{}{}{hash}", self.short_mark, words(migration))
    }

    /// Whether a Sid is this spec's.
    #[must_use]
    pub fn owns_sid(&self, sid: &str) -> bool {
        sid.starts_with(&self.mark) || sid.starts_with(&self.short_mark)
    }

    /// Whether tags say that a thing is this spec's, or this one's among others.
    #[must_use]
    pub fn owns_tags(&self, tags: &BTreeMap<String, String>) -> bool {
        specs(tags).contains(self.spec.as_str())
    }

    /// Whether specs that a role's description names are this one alone.
    pub(crate) fn is_only(&self, specs: &BTreeSet<SpecName>) -> bool {
        specs.iter().eq([&self.spec])
    }

    /// The other specs that tags name.
    #[must_use]
    pub fn other_specs<'a>(&self, tags: &'a BTreeMap<String, String>) -> BTreeSet<&'a str> {
        let mut others = specs(tags);
        others.remove(self.spec.as_str());
        others
    }

    /// The tags of a role as if no other spec shared it.
    #[must_use]
    pub fn tags_alone(&self, tags: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut tags = tags.clone();
        if self.owns_tags(&tags) {
            tags.insert(SPEC_TAG.to_owned(), self.spec.to_string());
        }
        tags
    }

    /// What the Sid of every statement of ours in a role's policy ends with.
    #[must_use]
    pub fn role_sid_end(&self) -> &str {
        &self.mark
    }

    /// Whether the Sid of a statement in a role's policy is this spec's; one that is kept for a while has a word and a number
    /// at its end (`policy::edit`).
    #[must_use]
    pub fn owns_role_sid(&self, sid: &str) -> bool {
        marked_role_sid(sid).is_some_and(|mark| mark == self.mark || mark == self.short_mark)
    }

    /// The tags of a role that this spec shares with those that `live` names, or no longer does.
    #[must_use]
    pub fn shared_tags(
        &self,
        live: &BTreeMap<String, String>,
        ours: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut names = self.other_specs(live);
        names.extend(ours.get(SPEC_TAG).map(String::as_str));
        let names: Vec<&str> = names.into_iter().collect();
        let mut tags = live.clone();
        // Where a tag leads to, another spec may have things, too: it goes with the last spec.
        tags.extend(ours.clone());
        tags.insert(SPEC_TAG.to_owned(), names.join(" "));
        tags
    }

    /// The ID of the inventory of this spec, of which a bucket has one (BC:s3 InventoryId), and of its event notification.
    #[must_use]
    pub fn configuration_id(&self) -> String {
        format!("{CONFIGURATION_MARK}{}", self.spec)
    }

    /// Whether an inventory or an event notification is this spec's.
    #[must_use]
    pub fn owns_configuration(&self, id: &str) -> bool {
        id.strip_prefix(CONFIGURATION_MARK) == Some(self.spec.as_str())
    }

    /// The name of the advanced event selector of this spec for some data events, of which a trail has one.
    #[must_use]
    pub fn selector_name(&self, events: DataEvents) -> String {
        format!("s3ferry/{}/{}", self.spec, events.as_str())
    }

    /// The data events of this spec that the name of an advanced event selector is for; none where it is somebody else's.
    #[must_use]
    pub fn selector(&self, name: &str) -> Option<DataEvents> {
        let mut all = DataEvents::ALL.into_iter();
        all.find(|events| self.selector_name(*events) == name)
    }

    /// The Sids of the statements that let a trail of ours deliver, which is the spec's and no one migration's.
    #[must_use]
    pub fn trail_sids(&self, trail: &TrailRef) -> [String; 2] {
        let hash = hash(&trail.arn(), HASH_DIGITS);
        ["TrailLooks", "TrailDelivers"].map(|words| format!("{}{hash}{words}", self.mark))
    }

    /// What the description of a job of ours begins with.
    #[must_use]
    pub fn job_mark(&self, of: &JobMark) -> String {
        let JobMark {
            migration,
            work: _,
            subject: _,
            attempt,
        } = of;
        let plan = of.plan();
        format!("{JOB_PREFIX}{}/{migration}/{plan}/{attempt}", self.spec)
    }

    /// What the description of a job of this spec says; none where it is somebody else's.
    #[must_use]
    pub fn job(&self, description: &str) -> Option<JobMark> {
        let (mark, _) = description.split_once(':')?;
        let mut parts = mark.strip_prefix(JOB_PREFIX)?.split('/');
        let ours = parts.next()? == self.spec.as_str();
        let migration = MigrationName::new(parts.next()?).ok()?;
        let plan = parts.next()?;
        let (work, subject) = match plan.strip_prefix(JobWork::Checksum.begin()) {
            Some(subject) => (JobWork::Checksum, subject),
            None => (JobWork::Copy, plan),
        };
        let mark = JobMark {
            migration,
            work,
            subject: subject.to_owned(),
            attempt: parts.next()?.parse().ok()?,
        };
        (ours && parts.next().is_none()).then_some(mark)
    }

    /// The tags of a job of ours: the spec, the migration, and what was planned.
    #[must_use]
    pub fn job_tags(&self, of: &JobMark) -> BTreeMap<String, String> {
        let mut tags = self.bucket_tags();
        let more = [
            ("migration", of.migration.to_string()),
            ("plan", of.plan()),
            ("attempt", of.attempt.to_string()),
        ];
        tags.extend(more.map(|(word, value)| (format!("{TAG_PREFIX}{word}"), value)));
        tags
    }

    /// The tags of a bucket of ours.
    #[must_use]
    pub fn bucket_tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(SPEC_TAG.to_owned(), self.spec.to_string())])
    }

    /// The tags of a role of ours: the spec, and where the role's rules lead, so that what left the spec is found again.
    #[must_use]
    pub fn role_tags(&self, leads: &Leads<'_>) -> BTreeMap<String, String> {
        let Leads {
            sources,
            destinations,
            logs,
            events,
            alarms,
            trails,
        } = leads;
        let mut tags = self.bucket_tags();
        tags.extend(trails.iter().map(|trail| {
            let TrailRef {
                account,
                region,
                name,
            } = trail;
            let place = format!("{account}/{region}/{name}");
            (format!("{TRAIL_TAG}{}", hash(&place, HASH_DIGITS)), place)
        }));
        for place in alarms {
            let accounts = tags.entry(format!("{ALARMS_TAG}{}", place.region));
            let accounts = accounts.or_default();
            if !accounts.is_empty() {
                accounts.push(' ');
            }
            accounts.push_str(place.account.as_str());
        }
        let region = |tag, of: &BucketRef| (format!("{tag}{}", of.bucket), of.region.to_string());
        tags.extend(sources.iter().map(|of| region(SOURCE_TAG, of)));
        tags.extend(events.iter().map(|of| region(EVENTS_TAG, of)));
        let place = |bucket: &BucketRef| format!("{}/{}", bucket.account, bucket.region);
        let placed = |tag, of: &BucketRef| (format!("{tag}{}", of.bucket), place(of));
        tags.extend(destinations.iter().map(|of| placed(DESTINATION_TAG, of)));
        tags.extend(logs.iter().map(|of| placed(LOGS_TAG, of)));
        tags
    }
}

/// The specs that the tags of a role or a bucket name.
fn specs(tags: &BTreeMap<String, String>) -> BTreeSet<&str> {
    let names = tags.get(SPEC_TAG).into_iter();
    names.flat_map(|names| names.split_whitespace()).collect()
}

/// Whether a spec that tags name is in others no more.
pub(crate) fn lose_a_spec(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> bool {
    !specs(before).is_subset(&specs(after))
}

/// Whose a rule is that is not the spec's, for a sentence: "rule x is ...".
pub(crate) fn whose_rule(id: &str) -> String {
    whose(spec_of_rule(id))
}

/// Whose an event selector is that is not the spec's.
pub(crate) fn whose_selector(name: Option<&str>) -> String {
    whose(name.and_then(spec_of_selector))
}

/// The spec that the name of an advanced event selector names, whichever; none where no spec marked it.
fn spec_of_selector(name: &str) -> Option<&str> {
    let (spec, word) = name.strip_prefix("s3ferry/")?.split_once('/')?;
    let mut all = DataEvents::ALL.into_iter();
    all.any(|events| events.as_str() == word).then_some(spec)
}

/// Whose an inventory or an event notification is that is not the spec's.
pub(crate) fn whose_configuration(id: &str) -> String {
    whose(spec_of_configuration(id))
}

fn whose(spec: Option<&str>) -> String {
    match spec {
        Some(spec) => format!("of the s3ferry spec {spec}"),
        None => "not s3ferry's".to_owned(),
    }
}

/// The spec that the ID of an inventory or an event notification names, whichever; none where no spec marked it.
pub(crate) fn spec_of_configuration(id: &str) -> Option<&str> {
    let spec = id.strip_prefix(CONFIGURATION_MARK)?;
    SpecName::new(spec).is_ok().then_some(spec)
}

/// The spec that the ID of a rule names, whichever; none where no spec marked it.
pub(crate) fn spec_of_rule(id: &str) -> Option<&str> {
    let mut parts = id.strip_prefix("s3ferry/")?.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(spec), Some(_), Some(_)) => Some(spec),
        (_, _, _) => None,
    }
}

/// What every mark of a spec in a Sid begins with. No hash begins with an `S`, so it is never taken for a short one.
const SID_MARK: &str = "S3FerrySpec";
/// How many hex digits a hash in a Sid has: 64 bits, so that nobody finds another name for one.
const HASH_DIGITS: usize = 16;
/// What the marks of earlier builds begin with.
const SHORT_MARK: &str = "S3Ferry";
/// How many hex digits their hashes have.
const SHORT_DIGITS: usize = 6;
/// The marks that there are: what they begin with, and how many digits follow.
const MARKS: [(&str, usize); 2] = [(SID_MARK, HASH_DIGITS), (SHORT_MARK, SHORT_DIGITS)];

/// Whether a Sid has the mark of a spec, whichever, in a bucket's policy or a role's.
pub(crate) fn has_mark(sid: &str) -> bool {
    mark_of_sid(sid).is_some()
}

/// The specs that two sets of tags name, as a tag names them; none where one of them names nobody.
pub(crate) fn named_by_either(
    one: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
) -> Option<String> {
    let (one, other) = (specs(one), specs(other));
    let named: Vec<&str> = one.union(&other).copied().collect();
    (!one.is_empty() && !other.is_empty()).then(|| named.join(" "))
}

/// The mark of a spec, whichever, in a Sid of a bucket's policy or a role's.
pub(crate) fn mark_of_sid(sid: &str) -> Option<&str> {
    let mut marks = MARKS.iter();
    let of_bucket = marks.find_map(|(begin, digits)| split_mark(sid, begin, *digits));
    of_bucket
        .map(|(mark, _)| mark)
        .or_else(|| marked_role_sid(sid))
}

/// The mark of a spec, whichever, in the Sid of a statement of a role's policy; none where no spec marked it.
#[must_use]
pub fn marked_role_sid(sid: &str) -> Option<&str> {
    let from = &sid[sid.rfind(SHORT_MARK)?..];
    MARKS.iter().find_map(|(begin, digits)| {
        let (mark, rest) = split_mark(from, begin, *digits)?;
        let number = rest.strip_prefix("Old").unwrap_or(rest);
        number
            .bytes()
            .all(|digit| digit.is_ascii_digit())
            .then_some(mark)
    })
}

/// A Sid that begins with a mark, as the mark and the rest.
fn split_mark<'a>(sid: &'a str, begin: &str, digits: usize) -> Option<(&'a str, &'a str)> {
    let (mark, rest) = sid.split_at_checked(begin.len() + digits)?;
    let hash = mark.strip_prefix(begin)?;
    let is_hash = hash
        .bytes()
        .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then_some((mark, rest))
}

/// What the description of a role of ours says besides whose it is.
const DESCRIPTION: &str = "Assumed by S3 to replicate objects.";

/// How a role's description says whose it is, so that a list of roles tells: only GetRole answers tags.
const DESCRIPTION_MARK: (&str, &str) = ("s3ferry spec: ", ".");

/// The description of a role that carries these tags.
#[must_use]
pub fn description(tags: &BTreeMap<String, String>) -> Option<String> {
    tags.contains_key(SPEC_TAG)
        .then(|| adopted_description(Some(DESCRIPTION), tags))?
}

/// The description of a role that was there before s3ferry and carries these tags: somebody's words, and after them whose it is.
/// Without our tags it is their words again.
#[must_use]
pub fn adopted_description(live: Option<&str>, tags: &BTreeMap<String, String>) -> Option<String> {
    let theirs = live.map(their_words).filter(|words| !words.is_empty());
    let (begin, end) = DESCRIPTION_MARK;
    let ours = tags
        .get(SPEC_TAG)
        .map(|specs| format!("{begin}{specs}{end}"));
    let words: Vec<String> = theirs.map(str::to_owned).into_iter().chain(ours).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A description without what we put to it.
fn their_words(description: &str) -> &str {
    let (begin, end) = DESCRIPTION_MARK;
    match description.rsplit_once(begin) {
        Some((theirs, rest)) if rest.ends_with(end) => theirs.strip_suffix(' ').unwrap_or(theirs),
        Some(_) | None => description,
    }
}

/// The tags of an alarm with this description: whose it is.
#[must_use]
pub fn alarm_tags(description: Option<&str>) -> BTreeMap<String, String> {
    let specs = description.and_then(described).unwrap_or_default();
    let names: Vec<String> = specs.iter().map(ToString::to_string).collect();
    let tag = || (SPEC_TAG.to_owned(), names.join(" "));
    (!names.is_empty()).then(tag).into_iter().collect()
}

/// The specs that a role's description names; none where it is no description of ours.
#[must_use]
pub fn described(description: &str) -> Option<BTreeSet<SpecName>> {
    let (begin, end) = DESCRIPTION_MARK;
    let names = description.rsplit_once(begin)?.1.strip_suffix(end)?;
    let names = names.split_whitespace().map(SpecName::new);
    names.collect::<Result<_, _>>().ok()
}

/// The source buckets that a role's tags name.
#[must_use]
pub fn tagged_sources(account: &AccountId, tags: &BTreeMap<String, String>) -> Vec<BucketRef> {
    tagged_with_regions(account, tags, SOURCE_TAG)
}

/// The source buckets with event notifications that a role's tags name.
#[must_use]
pub fn tagged_events(account: &AccountId, tags: &BTreeMap<String, String>) -> Vec<BucketRef> {
    tagged_with_regions(account, tags, EVENTS_TAG)
}

fn tagged_with_regions(
    account: &AccountId,
    tags: &BTreeMap<String, String>,
    tag: &str,
) -> Vec<BucketRef> {
    let found = tags.iter().filter_map(|(key, region)| {
        Some(BucketRef {
            account: account.clone(),
            region: Region::new(region.clone()).ok()?,
            bucket: BucketName::new(key.strip_prefix(tag)?).ok()?,
        })
    });
    found.collect()
}

/// The destination buckets that a role's tags name.
#[must_use]
pub fn tagged_destinations(tags: &BTreeMap<String, String>) -> Vec<BucketRef> {
    tagged_places(tags, DESTINATION_TAG)
}

/// The buckets that logs, inventories and trails go to, as a role's tags name them.
#[must_use]
pub fn tagged_logs(tags: &BTreeMap<String, String>) -> Vec<BucketRef> {
    tagged_places(tags, LOGS_TAG)
}

fn tagged_places(tags: &BTreeMap<String, String>, tag: &str) -> Vec<BucketRef> {
    let found = tags.iter().filter_map(|(key, place)| {
        let (account, region) = place.split_once('/')?;
        Some(BucketRef {
            account: AccountId::new(account).ok()?,
            region: Region::new(region).ok()?,
            bucket: BucketName::new(key.strip_prefix(tag)?).ok()?,
        })
    });
    found.collect()
}

/// The Regions with alarms that a role's tags name, each with the account.
#[must_use]
pub fn tagged_alarms(tags: &BTreeMap<String, String>) -> Vec<RegionRef> {
    let regions = tags.iter().filter_map(|(key, accounts)| {
        let region = Region::new(key.strip_prefix(ALARMS_TAG)?).ok()?;
        Some((region, accounts))
    });
    let places = regions.flat_map(|(region, accounts)| {
        let accounts = accounts
            .split_whitespace()
            .filter_map(|of| AccountId::new(of).ok());
        accounts.map(move |account| RegionRef {
            account,
            region: region.clone(),
        })
    });
    places.collect()
}

/// The trails that a role's tags name.
#[must_use]
pub fn tagged_trails(tags: &BTreeMap<String, String>) -> Vec<TrailRef> {
    let places = tags.iter().filter(|(key, _)| key.starts_with(TRAIL_TAG));
    let trails = places.filter_map(|(_, place)| {
        let mut parts = place.splitn(3, '/');
        Some(TrailRef {
            account: AccountId::new(parts.next()?).ok()?,
            region: Region::new(parts.next()?).ok()?,
            name: TrailName::new(parts.next()?).ok()?,
        })
    });
    trails.collect()
}

/// The names of the buckets that a role's tags lead to.
pub(crate) fn tagged_buckets(tags: &BTreeMap<String, String>) -> impl Iterator<Item = BucketName> {
    tags.keys().filter_map(|tag| tagged_bucket(tag))
}

/// The bucket that a tag of a role leads to.
fn tagged_bucket(tag: &str) -> Option<BucketName> {
    let tags = [SOURCE_TAG, DESTINATION_TAG, LOGS_TAG, EVENTS_TAG];
    let name = tags.into_iter().find_map(|of| tag.strip_prefix(of));
    BucketName::new(name?).ok()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        .unwrap_or_default()
}

/// A migration's name as it can stand in a Sid.
fn words(migration: &MigrationName) -> String {
    migration.as_str().split('-').map(capitalised).collect()
}

/// The first digits of a name's hash.
fn hash(name: &str, digits: usize) -> String {
    digest(&json!(name))[..digits].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markers(spec: &str) -> Markers {
        Markers::of(&SpecName::new(spec).unwrap())
    }

    fn migration(name: &str) -> MigrationName {
        MigrationName::new(name).unwrap()
    }

    #[test]
    fn a_rule_id_is_read_back_by_its_own_spec_only() {
        let rule = RuleName::new("hot.2024").unwrap();
        let id = markers("default").rule_id(&migration("orders"), &rule);
        assert_eq!(id, "s3ferry/default/orders/hot.2024");
        assert_eq!(
            markers("default").rule(&id),
            Some((migration("orders"), rule))
        );
        assert_eq!(markers("other").rule(&id), None);
        assert_eq!(markers("default").rule("everything"), None);
        assert_eq!(markers("default").rule("s3ferry/default/orders"), None);
    }

    #[test]
    fn a_rule_of_another_spec_is_said_to_be_its() {
        assert_eq!(
            whose_rule("s3ferry/science/clicks/all"),
            "of the s3ferry spec science"
        );
        for id in ["everything", "s3ferry/science", ""] {
            assert_eq!(whose_rule(id), "not s3ferry's", "{id}");
        }
    }

    #[test]
    fn sids_tell_apart_specs_and_names_that_read_alike() {
        let ours = markers("default");
        let prefixes = ["a-1", "a1", "a--1"].map(|name| ours.sid_prefix(&migration(name)));
        assert!(
            prefixes
                .iter()
                .all(|prefix| prefix.bytes().all(|b| b.is_ascii_alphanumeric()))
        );
        assert_ne!(prefixes[0], prefixes[1]);
        assert_ne!(prefixes[0], prefixes[2]);
        let short = ours.short_sid_prefix(&migration("a-1"));
        for sid in [&prefixes[0], &short] {
            assert!(ours.owns_sid(sid) && has_mark(sid), "{sid}");
            assert!(!markers("other").owns_sid(sid), "{sid}");
        }
        assert_eq!(
            ours.migration_mark(&prefixes[0]),
            Some(ours.sid_mark(&migration("a-1")).as_str())
        );
        assert_eq!(ours.migration_mark(&short), None);
        // The hash of a name at the end of another name makes it no beginning of that one's.
        let longer = format!("a-1-{}", hash("a-1", HASH_DIGITS));
        let longer = ours.sid_prefix(&migration(&longer));
        assert!(!longer.starts_with(&prefixes[0]));
    }

    #[test]
    fn a_description_names_the_spec_of_the_tags() {
        let said = description(&markers("team-a").bucket_tags()).unwrap();
        let team = SpecName::new("team-a").unwrap();
        assert_eq!(described(&said), Some(BTreeSet::from([team])));
        assert_eq!(described("Assumed by S3 to replicate objects."), None);
        assert_eq!(description(&BTreeMap::new()), None);
    }

    #[test]
    fn somebodys_description_keeps_its_words_and_has_them_alone_again() {
        let tags = markers("team-a").bucket_tags();
        for theirs in [Some("Replicates orders. Ask team storage. "), None] {
            let with = adopted_description(theirs, &tags);
            let said = with.as_deref().expect("it says whose it is");
            let team = SpecName::new("team-a").unwrap();
            assert_eq!(described(said), Some(BTreeSet::from([team])));
            assert!(said.starts_with(theirs.unwrap_or_default()), "{said}");
            assert_eq!(adopted_description(Some(said), &tags), with, "once");
            let left = adopted_description(Some(said), &BTreeMap::new());
            assert_eq!(left.as_deref(), theirs);
        }
    }

    #[test]
    fn specs_that_share_a_role_are_all_named_and_each_knows_itself() {
        let (a, b) = (markers("team-a"), markers("team-b"));
        let both = b.shared_tags(&a.bucket_tags(), &b.bucket_tags());
        assert!(a.owns_tags(&both) && b.owns_tags(&both));
        assert!(
            !markers("team").owns_tags(&both),
            "a part of a name is another name"
        );
        assert_eq!(a.other_specs(&both), BTreeSet::from(["team-b"]));
        assert_eq!(described(&description(&both).unwrap()).unwrap().len(), 2);
        let left = a.shared_tags(&both, &BTreeMap::new());
        assert_eq!(left, b.bucket_tags());
    }

    #[test]
    fn a_statement_of_a_role_is_told_by_the_end_of_its_sid() {
        let (ours, others) = (markers("default"), markers("other"));
        let sid = format!("ReplicaObjects{}", ours.role_sid_end());
        let short = format!("ReplicaObjects{}", ours.short_mark);
        let known = [
            sid.clone(),
            format!("{sid}Old"),
            format!("{sid}Old2"),
            short,
        ];
        for sid in known {
            assert!(
                ours.owns_role_sid(&sid) && !others.owns_role_sid(&sid),
                "{sid}"
            );
        }
        for sid in [
            "ReplicaObjects",
            "S3Ferry",
            "S3Ferryxyz",
            "S3FerrySpec",
            "S3FerrySpec1080a6",
            &format!("{sid}Mine"),
            "é",
        ] {
            assert_eq!(marked_role_sid(sid), None, "{sid}");
        }
    }

    #[test]
    fn role_tags_lead_back_to_the_buckets() {
        let bucket = |account: &str, region: &str, name: &str| BucketRef {
            account: AccountId::new(account).unwrap(),
            region: Region::new(region).unwrap(),
            bucket: BucketName::new(name).unwrap(),
        };
        let source = bucket("111111111111", "eu-west-1", "orders-prod");
        let destination = bucket("222222222222", "eu-central-1", "orders-archive");
        let logs = bucket("222222222222", "eu-central-1", "archive-logs");
        let tags = markers("default").role_tags(&Leads {
            sources: [&source].into(),
            destinations: [&destination].into(),
            logs: [&logs].into(),
            events: [&source].into(),
            alarms: BTreeSet::new(),
            trails: BTreeSet::new(),
        });
        let events = tagged_events(&source.account, &tags);
        assert_eq!(events, tagged_sources(&source.account, &tags));
        assert_eq!(events, [source]);
        assert_eq!(tagged_destinations(&tags), [destination]);
        assert_eq!(tagged_logs(&tags), [logs]);
        assert!(markers("default").owns_tags(&tags));
        assert!(!markers("other").owns_tags(&tags));
    }
}
