//! Whether the topics that alarms name tell anybody anything. CloudWatch takes an alarm without looking at its topics.

use super::super::{Case, finding};
use super::Warning;
use super::watched::{Watched, told};
use crate::format::{Finding, FindingLevel};
use crate::model::kinds::{Document, Topic};
use crate::model::{Target, TopicRef};
use crate::policy::service::{Let, ServiceCall};
use crate::policy::{Effect, Statement};
use crate::route::Side;
use crate::scene::Scene;
use crate::spec::AlarmSpec;
use FindingLevel::Note;

/// The service that alarms tell topics as (CWUG:Notify_Users_Alarm_Changes).
const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";

pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, spec: &AlarmSpec) -> Vec<Finding> {
    let sides = [Side::Source, Side::Destination];
    let named = sides.map(|side| told(spec, side).iter().map(move |arn| (side, arn)));
    let topics = named.into_iter().flatten();
    topics
        .filter_map(|(side, arn)| Some((side, TopicRef::of_arn(arn)?)))
        .flat_map(|(side, topic)| of_topic(scene, case, side, &topic))
        .collect()
}

fn of_topic(scene: &Scene<'_>, case: &Case<'_>, side: Side, topic: &TopicRef) -> Vec<Finding> {
    let target = Target::Topic(topic.clone());
    let address = scene.names.address(&target);
    match scene.observed.get(&target) {
        None => vec![unread(topic)],
        Some(None) => vec![finding(
            "topic-missing",
            Warning,
            address,
            "the topic does not exist: its alarms tell nobody".to_owned(),
            "create the topic, or correct its ARN in the migration's monitoring.notify",
        )],
        Some(Some(Document::Topic(live))) => {
            let mut findings = Vec::new();
            findings.extend(closed(scene, case, side, topic, live));
            findings.extend(unheard(&address, live));
            findings.extend(under_key(&address, live));
            findings
        }
        Some(Some(_)) => Vec::new(),
    }
}

fn unread(topic: &TopicRef) -> Finding {
    finding(
        "topic-unread",
        Note,
        topic.arn.to_string(),
        format!(
            "the topic is in account {}, which the spec does not have: whether it is there and lets CloudWatch tell it anything was not looked at",
            topic.account
        ),
        "look at it by hand, or name its account in the spec's accounts",
    )
}

/// A topic whose policy keeps CloudWatch out.
fn closed(
    scene: &Scene<'_>,
    case: &Case<'_>,
    side: Side,
    topic: &TopicRef,
    live: &Topic,
) -> Option<Finding> {
    let address = scene.names.address(&Target::Topic(topic.clone()));
    let account = &case.route.alarms_in;
    let watched = Watched::ALL.into_iter().find(|of| of.side() == side)?;
    let rule = case.route.migration.rules.first()?;
    let source = watched.at(&scene.markers, case.route, &rule.name).arn();
    let lets = match live.policy.document() {
        Some(policy) => policy.lets(ServiceCall {
            service: CLOUDWATCH,
            account: account.as_str(),
            source: &source,
            action: "sns:Publish",
            resource: topic.arn.as_str(),
        }),
        None => Let::Perhaps,
    };
    (lets == Let::Not).then(|| {
        finding(
            "topic-closed",
            Warning,
            address,
            format!("the topic's policy does not let CloudWatch of account {account} publish to it: its alarms tell nobody"),
            &format!(
                "add to the topic's policy: {}\nor take away what denies it there",
                statement(account.as_str(), topic).raw()
            ),
        )
    })
}

/// What lets the alarms of an account in, and nobody else (CWUG:Notify_Users_Alarm_Changes).
fn statement(account: &str, topic: &TopicRef) -> Statement {
    let (partition, region) = (topic.region.partition(), &topic.region);
    Statement::builder("S3FerryAlarms", Effect::Allow, ["sns:Publish"])
        .principals("Service", [CLOUDWATCH])
        .resources([topic.arn.as_str()])
        .condition("StringEquals", "aws:SourceAccount", [account])
        .condition(
            "ArnLike",
            "aws:SourceArn",
            [format!(
                "arn:{partition}:cloudwatch:{region}:{account}:alarm:*"
            )],
        )
        .build()
}

fn unheard(address: &str, live: &Topic) -> Option<Finding> {
    (live.confirmed == 0).then(|| {
        let waiting = match live.pending {
            0 => String::new(),
            1 => "; one subscription waits to be confirmed".to_owned(),
            many => format!("; {many} subscriptions wait to be confirmed"),
        };
        finding(
            "topic-unheard",
            Warning,
            address.to_owned(),
            format!("nobody has subscribed to the topic: its alarms tell nobody{waiting}"),
            "subscribe to the topic, and confirm the subscription",
        )
    })
}

/// CloudWatch may not use the key that AWS manages for SNS, and its policy cannot be changed
/// (SNSDG:sns-key-management, "Enable compatibility between event sources from AWS services and encrypted topics").
fn under_key(address: &str, live: &Topic) -> Option<Finding> {
    let key = live.key.as_deref().filter(|key| !key.is_empty())?;
    let is_of_aws = key.ends_with("alias/aws/sns");
    let (level, message, help) = if is_of_aws {
        (
            Warning,
            "the topic is encrypted with the key that AWS manages for SNS, which CloudWatch may not use: its alarms tell nobody".to_owned(),
            "encrypt the topic with a key of your own whose policy allows kms:GenerateDataKey* and kms:Decrypt to cloudwatch.amazonaws.com, or not at all",
        )
    } else {
        (
            Note,
            format!("the topic is encrypted with the key {key}, whose policy was not looked at"),
            "check that the key's policy allows kms:GenerateDataKey* and kms:Decrypt to cloudwatch.amazonaws.com",
        )
    };
    Some(finding(
        "topic-key",
        level,
        address.to_owned(),
        message,
        help,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Arn;
    use crate::model::kinds::Policy;

    /// The advice must work: the statement that a finding tells to add lets the alarm in.
    #[test]
    fn the_statement_to_add_lets_just_these_alarms_in() {
        let arn = Arn::new("arn:aws:sns:eu-west-1:333333333333:ops").unwrap();
        let topic = TopicRef::of_arn(&arn).unwrap();
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statement("111111111111", &topic).raw()
        );
        let policy = Policy::read(policy);
        let lets = |account: &str, region: &str| {
            let source = format!(
                "arn:aws:cloudwatch:{region}:{account}:alarm:s3ferry/default/orders/all/latency"
            );
            policy.document().unwrap().lets(ServiceCall {
                service: CLOUDWATCH,
                account,
                source: &source,
                action: "sns:Publish",
                resource: arn.as_str(),
            })
        };
        assert_eq!(lets("111111111111", "eu-west-1"), Let::Through);
        assert_eq!(lets("222222222222", "eu-west-1"), Let::Not);
        assert_eq!(lets("111111111111", "eu-central-1"), Let::Not);
    }
}
