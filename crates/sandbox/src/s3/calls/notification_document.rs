//! PutBucketNotificationConfiguration: ids, events, filters that overlap, targets, and the test event that they get.
//!
//! Sources of the words: GH:minio/minio#2472 (the same event twice), GH:aws-solutions/aws-waf-security-automations#49 (filters
//! that overlap), localstack's snapshots of AWS, test_s3_notifications_sqs and _sns (ARNs, names of rules, targets that are not
//! there). What no source is named for is unverified.

use s3s::{S3Error, S3Result};
use serde_json::json;

use super::body::{as_sent, parse};
use super::request::Call;
use crate::authority::Source;
use crate::clock::{iso_millis, seconds};
use crate::notifier::Unpublished;
use crate::s3::errors::{invalid_argument, malformed_xml, with_detail};
use crate::s3::notifications::notice;
use crate::s3::rules::target::Target;
use crate::s3::state::notification::{Kind, Notification};
use crate::s3::state::world::Store;
use crate::s3::xml::Element;

/// BC:s3 Event.
const EVENTS: [&str; 31] = [
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectAnnotation:Delete",
    "s3:ObjectRetention:Put",
];

/// Checks the document, tells the targets that they will hear more, and returns the text to store.
pub(crate) fn check(
    store: &Store,
    call: &Call<'_>,
    target: &Target,
    body: &[u8],
) -> S3Result<String> {
    let mut root = parse(body, "NotificationConfiguration")?;
    let all = Notification::parse(&root).ok_or_else(malformed_xml)?;
    for one in &all {
        check_one(target, one)?;
    }
    check_ids(&all)?;
    check_overlaps(&all)?;
    let skip = call.headers.get("x-amz-skip-destination-validation");
    if skip.is_none_or(|value| !value.as_bytes().eq_ignore_ascii_case(b"true")) {
        check_targets(store, target, &all)?;
    }
    if complete(store, &mut root) {
        Ok(root.write())
    } else {
        Ok(as_sent(body, &root))
    }
}

fn argument(text: impl Into<std::borrow::Cow<'static, str>>, name: &str, value: &str) -> S3Error {
    let error = with_detail(invalid_argument(text), "ArgumentName", name);
    with_detail(error, "ArgumentValue", value)
}

fn check_one(target: &Target, one: &Notification) -> S3Result<()> {
    let parts: Vec<&str> = one.target.splitn(6, ':').collect();
    let region = match parts[..] {
        ["arn", _, service, region, account, _]
            if service == one.kind.service() && !account.is_empty() =>
        {
            region
        }
        _ => {
            let text = "The ARN could not be parsed";
            return Err(argument(text, one.kind.argument(), &one.target));
        }
    };
    if region != &*target.region {
        let text = "The notification destination service region is not valid for the bucket location constraint";
        return Err(argument(text, one.kind.argument(), &one.target));
    }
    if let Some(event) = one
        .events
        .iter()
        .find(|event| !EVENTS.contains(&event.as_str()))
    {
        let text = "The event is not supported for notifications";
        return Err(argument(text, "Event", event));
    }
    check_rules(one)
}

fn check_rules(one: &Notification) -> S3Result<()> {
    for (at, (name, value)) in one.rules.iter().enumerate() {
        let kind = name.to_ascii_lowercase();
        if kind != "prefix" && kind != "suffix" {
            let text = "filter rule name must be either prefix or suffix";
            return Err(argument(text, "FilterRule.Name", name));
        }
        let mut before = one.rules[..at].iter();
        if before.any(|(earlier, _)| earlier.eq_ignore_ascii_case(&kind)) {
            let text = format!("Cannot specify more than one {kind} rule in a filter.");
            return Err(argument(text, "FilterRule.Name", name));
        }
        if value.len() > 1024 {
            let text = "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation";
            return Err(argument(text, "FilterRule.Value", ""));
        }
    }
    Ok(())
}

fn check_ids(all: &[Notification]) -> S3Result<()> {
    for (at, one) in all.iter().enumerate() {
        let Some(id) = one.id.as_deref().filter(|id| !id.is_empty()) else {
            continue;
        };
        if all[..at]
            .iter()
            .any(|earlier| earlier.id.as_deref() == Some(id))
        {
            let text = "Same ID used for multiple configurations. IDs must be unique";
            return Err(argument(text, "Id", id));
        }
    }
    Ok(())
}

/// Two configurations that could tell of the same event of the same key are refused, whatever their targets
/// (UG:notification-how-to-filtering).
fn check_overlaps(all: &[Notification]) -> S3Result<()> {
    for (at, one) in all.iter().enumerate() {
        for other in &all[..at] {
            let Some((first, second)) = common_event(other, one) else {
                continue;
            };
            let ((prefix, suffix), (other_prefix, other_suffix)) = (one.ends(), other.ends());
            let prefixes = prefix.starts_with(other_prefix) || other_prefix.starts_with(prefix);
            let suffixes = suffix.ends_with(other_suffix) || other_suffix.ends_with(suffix);
            if !prefixes || !suffixes {
                continue;
            }
            let text = if one.rules.is_empty() && other.rules.is_empty() {
                "Configurations overlap. Configurations on the same bucket cannot share a common event type."
            } else {
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes \
                 are overlapping for the same event type."
            };
            return Err(argument(text, "Event", &format!("{first}, {second}")));
        }
    }
    Ok(())
}

fn common_event<'a>(one: &'a Notification, other: &'a Notification) -> Option<(&'a str, &'a str)> {
    let covers = |wide: &str, narrow: &str| {
        let start = wide.strip_suffix('*');
        wide == narrow || start.is_some_and(|start| narrow.starts_with(start))
    };
    let pairs = one
        .events
        .iter()
        .flat_map(|first| other.events.iter().map(move |second| (first, second)));
    let mut common = pairs.filter(|(first, second)| covers(first, second) || covers(second, first));
    common
        .next()
        .map(|(first, second)| (first.as_str(), second.as_str()))
}

/// Topics must be there and let S3 publish, and then hear of it; of queues and functions there are none here, so that only
/// their form is looked at.
fn check_targets(store: &Store, target: &Target, all: &[Notification]) -> S3Result<()> {
    let topics = all.iter().filter(|one| match one.kind {
        Kind::Topic => true,
        Kind::Queue | Kind::Function => false,
    });
    let arn = format!("arn:aws:s3:::{}", target.name);
    let message = test_event(store, target);
    let source = Source {
        arn: &arn,
        account: &target.owner,
    };
    let told = topics.map(|one| notice(store, source, &one.target, &message));
    let told: Vec<_> = told.collect();
    let notifier = &store.environment.notifier;
    let refused = told.iter().filter_map(|told| {
        let unpublished = notifier.accepts(told).err()?;
        Some((told.topic, why(&unpublished)))
    });
    let refused: Vec<_> = refused.collect();
    if refused.is_empty() {
        // One that went between the two questions hears nothing, as one that goes later.
        for one in &told {
            let _ = notifier.publish(one);
        }
        return Ok(());
    }
    let text = "Unable to validate the following destination configurations";
    let mut error = invalid_argument(text);
    for (number, (topic, why)) in (1..).zip(refused) {
        error = with_detail(error, &format!("ArgumentName{number}"), topic);
        error = with_detail(error, &format!("ArgumentValue{number}"), why);
    }
    Err(error)
}

fn why(unpublished: &Unpublished) -> &'static str {
    match unpublished {
        Unpublished::NoTopic => "The destination topic does not exist",
        Unpublished::Denied(_) => {
            "Permissions on the destination topic do not allow S3 to publish notifications from this bucket"
        }
    }
}

/// UG:notification-content-structure, "Test message".
fn test_event(store: &Store, target: &Target) -> String {
    json!({
        "Service": "Amazon S3", "Event": "s3:TestEvent",
        "Time": iso_millis(seconds(store.environment.clock.now())), "Bucket": target.name,
        "RequestId": store.ids.mixed(16).to_ascii_uppercase(), "HostId": store.ids.mixed(56),
    })
    .to_string()
}

/// Configurations without an id get one, and names of rules are written as S3 writes them; says whether anything changed.
fn complete(store: &Store, root: &mut Element) -> bool {
    let mut changed = false;
    for one in &mut root.children {
        if one.name == "EventBridgeConfiguration" {
            continue;
        }
        if one.text_of("Id").is_none_or(str::is_empty) {
            one.children.retain(|child| child.name != "Id");
            one.children
                .insert(0, Element::leaf("Id", &store.ids.mixed(48)));
            changed = true;
        }
        let filters = one
            .children
            .iter_mut()
            .filter(|child| child.name == "Filter");
        let rules = filters.flat_map(|filter| &mut filter.children);
        let names = rules.flat_map(|key| &mut key.children);
        for name in names.flat_map(|rule| &mut rule.children) {
            let shown = match name.text.to_ascii_lowercase().as_str() {
                "prefix" => "Prefix",
                "suffix" => "Suffix",
                _ => continue,
            };
            if name.name == "Name" && name.text != shown {
                name.text = shown.to_owned();
                changed = true;
            }
        }
    }
    changed
}
