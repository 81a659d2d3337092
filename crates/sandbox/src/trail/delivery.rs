//! What trails deliver: the calls of the log that their selectors mean, as gzip in their buckets.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::CloudTrail;
use super::events::{Event, Kind};
use super::selector::{Basic, ReadWrite, Selectors};
use super::settings::{CONTEXT, SERVICE};
use super::state::Trail;
use crate::authority::Source;
use crate::clock::{seconds, stamp};
use crate::depot::{Delivery, Parcel};
use crate::gzip::gzip;
use crate::notifier::Notice;

/// "CloudTrail typically delivers logs within an average of about 5 minutes of an API call" (UGweb:cloudtrail-concepts).
pub(crate) const DELAY: Duration = Duration::from_secs(5 * 60);

impl CloudTrail {
    /// Delivers what is due, or everything there is so far.
    pub(crate) fn deliver(&self, everything: bool) {
        let now = self.now();
        let until = if everything {
            Some(now)
        } else {
            now.checked_sub(DELAY)
        };
        let Some(until) = until else { return };
        let mut cursor = self.cursor();
        let told = self.shared.environment.calls.told(*cursor, until);
        let (Some(first), Some(last)) = (told.first(), told.last()) else {
            return;
        };
        *cursor = last.serial;
        if self.trails().is_empty() && self.trails_at(first.more.at).is_empty() {
            return;
        }
        let mut files: BTreeMap<(String, String), (Trail, Vec<Value>)> = BTreeMap::new();
        for event in told.into_iter().filter_map(Event::of) {
            self.sort(&event, &mut files);
        }
        for ((arn, region), (trail, records)) in files {
            self.deliver_file(&arn, &region, &trail, &records, now);
        }
    }

    /// Puts an event into the files of the trails that record it, by what they were when it happened.
    fn sort(&self, event: &Event, files: &mut BTreeMap<(String, String), (Trail, Vec<Value>)>) {
        let trails = self.trails_at(event.told.more.at);
        let owner = event
            .bucket()
            .and_then(|bucket| self.depot().bucket(bucket));
        let owner = owner.map(|facts| facts.owner);
        for (arn, trail) in trails.iter() {
            let account = trail.account.as_str();
            let concerns = event.caller_account() == account || owner.as_deref() == Some(account);
            if !concerns || !trail.status.logging || !trail.records(event) {
                continue;
            }
            let record = event.record(self.seed(), account, owner.as_deref());
            let file = files.entry((arn.clone(), event.region.clone()));
            let (_, records) = file.or_insert_with(|| (trail.clone(), Vec::new()));
            records.push(record);
        }
    }

    fn deliver_file(
        &self,
        arn: &str,
        region: &str,
        trail: &Trail,
        records: &[Value],
        now: SystemTime,
    ) {
        let key = self.file_name(trail, region, now);
        let source = Source {
            arn,
            account: &trail.account,
        };
        let delivery = Delivery {
            service: SERVICE,
            bucket: &trail.settings.bucket,
            key: &key,
            source,
            encryption: trail
                .settings
                .key
                .as_deref()
                .map(|key| (key, (CONTEXT, arn))),
        };
        let parcel = Parcel {
            body: gzip(json!({ "Records": records }).to_string().as_bytes()),
            content_type: "application/json",
            content_encoding: Some("gzip"),
        };
        let delivered = self.depot().deliver(&delivery, parcel);
        let mut deliveries = self.deliveries();
        let status = deliveries.entry(arn.to_owned()).or_default();
        match delivered {
            Ok(()) => {
                status.delivered = Some(now);
                status.delivery_error = None;
            }
            Err(undelivered) => {
                status.delivery_error = Some(undelivered.code);
                return;
            }
        }
        let Some(topic) = &trail.settings.topic else {
            return;
        };
        let message =
            json!({ "s3Bucket": trail.settings.bucket, "s3ObjectKey": [key] }).to_string();
        let told = self
            .notifier()
            .publish(&self.notice(source, topic, &message));
        match told {
            Ok(()) => {
                status.notified = Some(now);
                status.notification_error = None;
            }
            Err(_) => status.notification_error = Some("AuthorizationError".to_owned()),
        }
    }

    /// Makes what a trail's topic is told.
    pub(crate) fn notice<'a>(
        &self,
        source: Source<'a>,
        topic: &'a str,
        message: &'a str,
    ) -> Notice<'a> {
        Notice {
            service: SERVICE,
            source,
            // The policy of a new topic does not let CloudTrail publish: one that names it is asked for
            // (UGweb:cloudtrail-permissions-for-sns-notifications).
            tells_owner: false,
            topic,
            subject: None,
            message,
            at: seconds(self.now()),
        }
    }

    /// UGweb:cloudtrail-log-file-examples, "CloudTrail log file name format".
    fn file_name(&self, trail: &Trail, region: &str, now: SystemTime) -> String {
        let (day, minute) = (stamp(now, "%Y/%m/%d"), stamp(now, "%Y%m%dT%H%MZ"));
        let account = &trail.account;
        let unique = self.unique();
        format!(
            "{}CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{minute}_{unique}.json.gz",
            trail.folder()
        )
    }
}

impl Trail {
    /// Says whether it records an event of its account: by Region, and by its selectors.
    pub(crate) fn records(&self, event: &Event) -> bool {
        let settings = &self.settings;
        // Events of services that are everywhere come once, from us-east-1 (BC:cloudtrail IncludeGlobalServiceEvents).
        let here = settings.multi_region || self.home == event.region;
        let wanted = !event.global || settings.global_events;
        here && wanted && self.selectors.mean(event)
    }
}

impl Selectors {
    fn mean(&self, event: &Event) -> bool {
        match self {
            Self::Default => event.kind == Kind::Management,
            Self::Basic(selectors) => selectors.iter().any(|selector| selector.means(event)),
            Self::Advanced(selectors) => selectors.iter().any(|selector| {
                let mut fields = selector.field_selectors.iter();
                fields
                    .all(|field| value(event, &field.field).is_some_and(|value| field.fits(&value)))
            }),
        }
    }
}

/// Returns the value of a field that advanced selectors know; none where an event of this kind has none.
fn value(event: &Event, field: &str) -> Option<String> {
    let management = event.kind == Kind::Management;
    let caller = event.told.more.caller.as_ref();
    Some(match field {
        "eventCategory" if management => "Management".to_owned(),
        "eventCategory" => "Data".to_owned(),
        "eventName" => event.name.clone(),
        "eventSource" => event.source.clone(),
        "eventType" => "AwsApiCall".to_owned(),
        "readOnly" => event.read_only.to_string(),
        "resources.type" if !management => "AWS::S3::Object".to_owned(),
        "resources.ARN" => event.arn()?,
        "sessionCredentialFromConsole" => "false".to_owned(),
        "userIdentity.arn" => caller?.arn.clone(),
        _ => return None,
    })
}

impl Basic {
    fn means(&self, event: &Event) -> bool {
        let fits = match self.read_write_type {
            ReadWrite::All => true,
            ReadWrite::ReadOnly => event.read_only,
            ReadWrite::WriteOnly => !event.read_only,
        };
        let Some(arn) = event.arn() else {
            let excluded = self
                .exclude_management_event_sources
                .contains(&event.source);
            return fits && self.include_management_events && !excluded;
        };
        let s3 = self
            .data_resources
            .iter()
            .filter(|resource| resource.kind == "AWS::S3::Object");
        let mut places = s3.flat_map(|resource| &resource.values);
        fits && places.any(|place| arn.starts_with(place.as_str()))
    }
}
