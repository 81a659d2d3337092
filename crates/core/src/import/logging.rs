//! What is written down of a migration's buckets: what is ours as its `logging`, and what is others' as a note.

use super::group::Group;
use super::live::part;
use super::trails;
use crate::ids::{Arn, BucketName};
use crate::migration::{access_sid, inventory_sid, key_format, mark};
use crate::model::kinds::{BucketLogging, Inventory, InventoryEncryption};
use crate::model::{BucketPart, BucketRef, Document, Observed};
use crate::ownership::Markers;
use crate::policy::generate::Record;
use crate::route::Side;
use crate::spec::{
    AccessLogs, Inventories, InventoryPlace, KeyFormat, ListEncryption, ListFormat, LogPlace,
    Logging, Schedule, Sides,
};

/// The logging of a migration, and notes on what is not the spec's.
pub(super) fn of(
    observed: &Observed,
    markers: &Markers,
    group: &Group<'_>,
) -> (Logging, Vec<String>) {
    let records = Records {
        observed,
        markers,
        group,
    };
    let mut notes = Vec::new();
    let mut logging = Logging {
        cloudtrail: trails::of(observed, markers, group),
        ..Logging::default()
    };
    let AccessLogs { to, key_format } = &mut logging.access;
    let Inventories {
        to: lists,
        format,
        schedule,
    } = &mut logging.inventory;
    for side in [Side::Source, Side::Destination] {
        match records.access(side) {
            Found::Nothing => {}
            Found::Others(note) => notes.push(note),
            Found::Ours((place, keys)) => {
                *at(to, side) = Some(place);
                *key_format = keys;
            }
        }
        match records.inventory(side) {
            Found::Nothing => {}
            Found::Others(note) => notes.push(note),
            Found::Ours((place, of, when)) => {
                *at(lists, side) = Some(place);
                *format = of;
                *schedule = when;
            }
        }
    }
    (logging, notes)
}

/// What is there of a kind on one side.
enum Found<T> {
    Nothing,
    /// Somebody else's, and what to say of it.
    Others(String),
    Ours(T),
}

/// Whose a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The migration's.
    Ours,
    /// Another migration's of the spec.
    Another,
    /// Not the spec's.
    Others,
}

fn at<T>(sides: &mut Sides<T>, side: Side) -> &mut Option<T> {
    match side {
        Side::Source => &mut sides.source,
        Side::Destination => &mut sides.destination,
    }
}

/// What is written down of the buckets of a migration.
struct Records<'a> {
    observed: &'a Observed,
    markers: &'a Markers,
    group: &'a Group<'a>,
}

impl Records<'_> {
    fn bucket(&self, side: Side) -> &BucketRef {
        match side {
            Side::Source => self.group.source,
            Side::Destination => &self.group.to,
        }
    }

    /// Whose logs or lists are that go from a bucket to another: a statement that lets them come says it.
    fn whose(&self, side: Side, record: Record, to: Option<BucketName>, sid: &str) -> Whose {
        let of = self.bucket(side);
        let to = to.map(|bucket| BucketRef {
            bucket,
            ..of.clone()
        });
        let policy = to.and_then(|to| part(self.observed, &to, BucketPart::Policy));
        let Some(policy) = policy else {
            return Whose::Others;
        };
        let document = policy.policy_document();
        if document.is_some_and(|policy| policy.statement(sid).is_some()) {
            Whose::Ours
        } else if mark::marked(policy, self.markers).contains(&(record, of.bucket.clone())) {
            Whose::Another
        } else {
            Whose::Others
        }
    }

    fn access(&self, side: Side) -> Found<(LogPlace, KeyFormat)> {
        let bucket = self.bucket(side);
        let Some(Document::Logging(live)) = part(self.observed, bucket, BucketPart::Logging) else {
            return Found::Nothing;
        };
        let BucketLogging {
            bucket: to,
            prefix,
            keys,
            grants: _, // Not the spec's to say; they stay.
        } = live;
        let sid = access_sid(self.markers, &self.group.name, side);
        match (
            live.to(),
            self.whose(side, Record::AccessLogs, live.to(), &sid),
        ) {
            (_, Whose::Another) => Found::Nothing,
            (Some(name), Whose::Ours) => Found::Ours((
                LogPlace {
                    bucket: name,
                    prefix: prefix.clone(),
                },
                key_format(keys.as_ref()),
            )),
            (_, Whose::Ours | Whose::Others) => Found::Others(format!(
                "the access logs of {} go to {to:?} with the prefix {prefix:?}, which is not s3ferry's doing and stays; a logging.access.{} \
                 that says the same takes it over",
                bucket.bucket,
                side.as_str()
            )),
        }
    }

    fn inventory(&self, side: Side) -> Found<(InventoryPlace, ListFormat, Schedule)> {
        let bucket = self.bucket(side);
        let held = part(self.observed, bucket, BucketPart::Inventory);
        let Some(Document::Inventories(live)) = held else {
            return Found::Nothing;
        };
        let sid = inventory_sid(self.markers, &self.group.name, side);
        let ours = live.get(&self.markers.configuration_id());
        let is_of_migration =
            |ours: &&Inventory| self.whose(side, Record::Inventory, ours.to(), &sid) == Whose::Ours;
        if let Some(ours) = ours.filter(is_of_migration)
            && let Some(expressed) = expressed(ours)
        {
            return Found::Ours(expressed);
        }
        let ids = live
            .keys()
            .filter(|id| !self.markers.owns_configuration(id));
        let ids: Vec<String> = ids.map(|id| format!("{id:?}")).collect();
        if ids.is_empty() {
            return Found::Nothing;
        }
        Found::Others(format!(
            "{} has inventories that are not s3ferry's and stay: {}",
            bucket.bucket,
            ids.join(", ")
        ))
    }
}

fn expressed(live: &Inventory) -> Option<(InventoryPlace, ListFormat, Schedule)> {
    let mut formats = ListFormat::ALL.into_iter();
    let mut schedules = Schedule::ALL.into_iter();
    let encryption = match &live.encryption {
        None => None,
        Some(InventoryEncryption::SseS3) => Some(ListEncryption::SseS3),
        Some(InventoryEncryption::SseKms(key)) => {
            Some(ListEncryption::SseKms(Arn::new(key.clone()).ok()?))
        }
    };
    let place = InventoryPlace {
        place: LogPlace {
            bucket: live.to()?,
            prefix: live.prefix.clone().unwrap_or_default(),
        },
        encryption,
    };
    let format = formats.find(|format| format.as_str() == live.format)?;
    let schedule = schedules.find(|of| Some(of.as_str()) == live.schedule.as_deref())?;
    Some((place, format, schedule))
}
