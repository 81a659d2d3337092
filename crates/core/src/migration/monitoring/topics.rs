//! Whether the topics that alarms and events name tell anybody anything. CloudWatch takes an alarm without looking at its topics;
//! S3 looks when it is written, and never again.

use super::super::{Case, finding};
use super::Warning;
use super::watched::{Watched, told};
use crate::format::{Finding, FindingLevel};
use crate::merge::advice;
use crate::model::kinds::{Document, Topic};
use crate::model::{Target, TopicRef};
use crate::policy::service::{Let, ServiceCall};
use crate::policy::{Effect, Statement};
use crate::route::Side;
use crate::scene::Scene;
use crate::spec::AlarmSpec;
use FindingLevel::Note;

/// Who tells a topic something, for whom.
pub(super) struct Teller {
    /// The service that the topic's policy must let in, e.g. `cloudwatch.amazonaws.com`.
    pub(super) service: &'static str,
    /// The same in a sentence.
    pub(super) name: &'static str,
    /// The account that it tells something of.
    pub(super) account: String,
    /// The ARN of one of the things that it tells something of.
    pub(super) source: String,
    /// The pattern of them all.
    pub(super) sources: String,
    /// What the Sid of the statement that lets it in begins with.
    pub(super) sid: &'static str,
    /// The field that names the topic.
    pub(super) field: &'static str,
    /// What tells nobody where nobody listens, in the plural.
    pub(super) what: &'static str,
    /// How much it matters that the topic is not there, or closed, and what comes of it.
    pub(super) level: FindingLevel,
    pub(super) then: String,
}

/// The topics that alarms are told to.
pub(super) fn warns(scene: &Scene<'_>, case: &Case<'_>, spec: &AlarmSpec) -> Vec<Finding> {
    let sides = [Side::Source, Side::Destination];
    let named = sides.map(|side| told(spec, side).iter().map(move |arn| (side, arn)));
    let topics = named.into_iter().flatten();
    let of = |(side, arn)| {
        let (teller, topic) = (cloudwatch(scene, case, side)?, TopicRef::of_arn(arn)?);
        Some(of_topic(scene, &teller, &topic))
    };
    topics.filter_map(of).flatten().collect()
}

/// CloudWatch, which tells topics as this service (CWUG:Notify_Users_Alarm_Changes) of the alarms of a side.
fn cloudwatch(scene: &Scene<'_>, case: &Case<'_>, side: Side) -> Option<Teller> {
    let watched = Watched::ALL.into_iter().find(|of| of.side() == side)?;
    let rule = case.route.migration.rules.first()?;
    let place = watched.place(case.route);
    Some(Teller {
        service: "cloudwatch.amazonaws.com",
        name: "CloudWatch",
        account: place.account.to_string(),
        source: watched.at(&scene.markers, case.route, &rule.name).arn(),
        sources: place.alarm_arn("*"),
        sid: "S3FerryAlarms",
        field: "monitoring.notify",
        what: "its alarms",
        level: Warning,
        then: "its alarms tell nobody".to_owned(),
    })
}

/// What keeps a topic from telling anybody what it is told.
pub(super) fn of_topic(scene: &Scene<'_>, teller: &Teller, topic: &TopicRef) -> Vec<Finding> {
    let target = Target::Topic(topic.clone());
    let address = scene.names.address(&target);
    match scene.observed.get(&target) {
        None => vec![unread(teller, topic)],
        Some(None) => vec![finding(
            "topic-missing",
            teller.level,
            address,
            format!("the topic does not exist: {}", teller.then),
            &format!(
                "create the topic, or correct its ARN in the migration's {}",
                teller.field
            ),
        )],
        Some(Some(Document::Topic(live))) => {
            let mut findings = Vec::new();
            findings.extend(closed(teller, topic, &address, live));
            findings.extend(unheard(teller, &address, live));
            findings.extend(under_key(teller, &address, live));
            findings
        }
        Some(Some(_)) => Vec::new(),
    }
}

fn unread(teller: &Teller, topic: &TopicRef) -> Finding {
    finding(
        "topic-unread",
        Note,
        topic.arn.to_string(),
        format!(
            "the topic is in account {}, which the spec does not have: whether it is there and lets {} tell it anything was not looked at",
            topic.account, teller.name
        ),
        "look at it by hand, or name its account in the spec's accounts",
    )
}

/// A topic whose policy keeps the service out.
fn closed(teller: &Teller, topic: &TopicRef, address: &str, live: &Topic) -> Option<Finding> {
    let lets = match live.policy.document() {
        Some(policy) => policy.lets(ServiceCall {
            service: teller.service,
            account: &teller.account,
            source: &teller.source,
            action: "sns:Publish",
            resource: topic.arn.as_str(),
        }),
        None => Let::Perhaps,
    };
    (lets == Let::Not).then(|| {
        let Teller {
            name,
            account,
            then,
            level,
            ..
        } = teller;
        finding(
            "topic-closed",
            *level,
            address.to_owned(),
            format!(
                "the topic's policy does not let {name} of account {account} publish to it: {then}"
            ),
            &format!(
                "add to the topic's policy: {}\nor take away what denies it there",
                statement(teller, topic).raw()
            ),
        )
    })
}

/// What lets the things of an account in, and nobody else (CWUG:Notify_Users_Alarm_Changes;
/// UG:grant-destinations-permissions-to-s3).
fn statement(teller: &Teller, topic: &TopicRef) -> Statement {
    let sid = advice::sid(teller.sid, &teller.sources);
    Statement::builder(sid, Effect::Allow, ["sns:Publish"])
        .principals("Service", [teller.service])
        .resources([topic.arn.as_str()])
        .condition("StringEquals", "aws:SourceAccount", [&*teller.account])
        .condition("ArnLike", "aws:SourceArn", [&*teller.sources])
        .build()
}

fn unheard(teller: &Teller, address: &str, live: &Topic) -> Option<Finding> {
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
            format!(
                "nobody has subscribed to the topic: {} tell nobody{waiting}",
                teller.what
            ),
            "subscribe to the topic, and confirm the subscription",
        )
    })
}

/// Services may not use the key that AWS manages for SNS, and its policy cannot be changed
/// (SNSDG:sns-key-management, "Enable compatibility between event sources from AWS services and encrypted topics").
fn under_key(teller: &Teller, address: &str, live: &Topic) -> Option<Finding> {
    let key = live.key.as_deref().filter(|key| !key.is_empty())?;
    let is_of_aws = key.ends_with("alias/aws/sns");
    let Teller {
        service,
        name,
        then,
        level,
        ..
    } = teller;
    let (level, message, help) = if is_of_aws {
        (
            *level,
            format!(
                "the topic is encrypted with the key that AWS manages for SNS, which {name} may not use: {then}"
            ),
            format!(
                "encrypt the topic with a key of your own whose policy allows kms:GenerateDataKey* and kms:Decrypt to {service}, or not at all"
            ),
        )
    } else {
        (
            Note,
            format!("the topic is encrypted with the key {key}, whose policy was not looked at"),
            format!(
                "check that the key's policy allows kms:GenerateDataKey* and kms:Decrypt to {service}"
            ),
        )
    };
    Some(finding(
        "topic-key",
        level,
        address.to_owned(),
        message,
        &help,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Arn;
    use crate::model::kinds::Policy;

    fn alarms() -> Teller {
        Teller {
            service: "cloudwatch.amazonaws.com",
            name: "CloudWatch",
            account: "111111111111".to_owned(),
            source: String::new(),
            sources: "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:*".to_owned(),
            sid: "S3FerryAlarms",
            field: "monitoring.notify",
            what: "its alarms",
            level: Warning,
            then: String::new(),
        }
    }

    /// The advice must work: the statement that a finding tells to add lets the alarm in.
    #[test]
    fn the_statement_to_add_lets_just_these_alarms_in() {
        let arn = Arn::new("arn:aws:sns:eu-west-1:333333333333:ops").unwrap();
        let topic = TopicRef::of_arn(&arn).unwrap();
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statement(&alarms(), &topic).raw()
        );
        let policy = Policy::read(policy);
        let lets = |account: &str, region: &str| {
            let source = format!(
                "arn:aws:cloudwatch:{region}:{account}:alarm:s3ferry/default/orders/all/latency"
            );
            policy.document().unwrap().lets(ServiceCall {
                service: alarms().service,
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
