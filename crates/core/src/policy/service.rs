//! Whether a policy lets a service of AWS do something on behalf of a thing in an account: the sure cases only.

use super::canon::canonical_key;
use super::grammar::{Condition, Effect, PolicyDocument, Scope, Statement};
use super::pattern::Pattern;

/// A call that a service makes for a thing of somebody's.
#[derive(Debug, Clone, Copy)]
pub struct ServiceCall<'a> {
    /// The service, e.g. `cloudwatch.amazonaws.com`.
    pub service: &'a str,
    /// The account of the thing.
    pub account: &'a str,
    /// The ARN of the thing.
    pub source: &'a str,
    /// The action, e.g. `sns:Publish`.
    pub action: &'a str,
    /// What it is done to, by ARN.
    pub resource: &'a str,
}

/// Whether a call is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Let {
    /// Nothing allows it, or something denies it.
    Not,
    /// It hangs on a condition that cannot be judged here.
    Perhaps,
    /// Something allows it, and nothing denies it.
    Through,
}

impl PolicyDocument {
    /// Whether the policy of a thing lets a service through.
    #[must_use]
    pub fn lets(&self, call: ServiceCall<'_>) -> Let {
        let hits = |effect: Effect| {
            let statements = self.statements().iter();
            let of = statements.filter(move |statement| statement.effect() == effect);
            of.map(|statement| call.hit_by(statement, self)).max()
        };
        let denied = hits(Effect::Deny).unwrap_or(Let::Not);
        let allowed = hits(Effect::Allow).unwrap_or(Let::Not);
        match denied {
            Let::Through => Let::Not,
            Let::Perhaps => allowed.min(Let::Perhaps),
            Let::Not => allowed,
        }
    }
}

/// The services that send the account as `aws:SourceOwner`, too, which the policy that SNS gives to new topics asks for. S3 does not
/// (SNSDG: aws:SourceAccount versus aws:SourceOwner).
const TELL_OWNERS: [&str; 1] = ["cloudwatch.amazonaws.com"];

impl ServiceCall<'_> {
    /// Whether a statement is about the call, whatever it says of it.
    fn hit_by(self, statement: &Statement, document: &PolicyDocument) -> Let {
        let action = self.action.to_ascii_lowercase();
        let by_action = |name: &String| Pattern::action(name).matches(&action);
        let by_resource =
            |text: &String| Pattern::new(text, document.version()).matches(self.resource);
        let is_about = self.is_by(statement)
            && lists(statement.actions(), by_action)
            && statement
                .resources()
                .is_none_or(|scope| lists(scope, by_resource));
        if !is_about {
            return Let::Not;
        }
        let conditions = statement.conditions().iter();
        let held = conditions.map(|condition| self.meets(condition, document));
        held.min().unwrap_or(Let::Through)
    }

    /// A star in `AWS` stands for everybody, services among them: the policy that SNS gives to new topics has it
    /// (SNSDG:sns-access-policy-use-cases).
    fn is_by(self, statement: &Statement) -> bool {
        let names = |kind: &str, name: &str| {
            let scope = statement.principals().map(Scope::listed);
            let of = scope.and_then(|principals| principals.get(kind));
            of.is_some_and(|names| names.iter().any(|known| known == name))
        };
        let named = names("Service", self.service) || names("AWS", "*");
        match statement.principals() {
            Some(Scope::Only(_)) => named,
            Some(Scope::Except(_)) => !named,
            None => false,
        }
    }

    fn meets(self, condition: &Condition, document: &PolicyDocument) -> Let {
        let operator = condition.operator.to_ascii_lowercase();
        let (operator, if_there) = match operator.strip_suffix("ifexists") {
            Some(operator) => (operator, true),
            None => (&*operator, false),
        };
        let value = match canonical_key(&condition.key).as_str() {
            // What is not there differs from everything (IAMUG:reference_policies_elements_condition_operators).
            "aws:sourceowner" if !TELL_OWNERS.contains(&self.service) => {
                let holds = if_there || operator.contains("not");
                return if holds { Let::Through } else { Let::Not };
            }
            "aws:sourceaccount" | "aws:sourceowner" => self.account,
            "aws:sourcearn" => self.source,
            _ => return Let::Perhaps,
        };
        let literal = |known: &String| known == value;
        let pattern = |known: &String| Pattern::new(known, document.version()).matches(value);
        let holds = match operator {
            "stringequals" => condition.values.iter().any(literal),
            "stringlike" | "arnlike" | "arnequals" => condition.values.iter().any(pattern),
            "stringnotequals" => !condition.values.iter().any(literal),
            "stringnotlike" | "arnnotlike" | "arnnotequals" => {
                !condition.values.iter().any(pattern)
            }
            _ => return Let::Perhaps,
        };
        if holds { Let::Through } else { Let::Not }
    }
}

fn lists(scope: &Scope<Vec<String>>, names: impl Fn(&String) -> bool) -> bool {
    let listed = scope.listed().iter().any(names);
    listed == matches!(scope, Scope::Only(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:ops";

    fn lets(statements: &str) -> Let {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let document = PolicyDocument::parse(&text).expect("a policy");
        document.lets(ServiceCall {
            service: "cloudwatch.amazonaws.com",
            account: "111111111111",
            source: "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:s3ferry/default/orders/all/latency",
            action: "sns:Publish",
            resource: TOPIC,
        })
    }

    fn statement(effect: &str, principal: &str, rest: &str) -> String {
        format!(
            r#"{{"Effect":"{effect}","Principal":{principal},"Action":"SNS:Publish","Resource":"{TOPIC}"{rest}}}"#
        )
    }

    /// S3 tells no owner.
    #[test]
    fn the_policy_of_a_new_topic_lets_s3_not_through() {
        let lets = |condition: &str| {
            let text = format!(
                r#"{{"Version":"2008-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":["SNS:Publish"],"Resource":"{TOPIC}","Condition":{condition}}}]}}"#
            );
            PolicyDocument::parse(&text)
                .expect("a policy")
                .lets(ServiceCall {
                    service: "s3.amazonaws.com",
                    account: "111111111111",
                    source: "arn:aws:s3:::orders-prod",
                    action: "sns:Publish",
                    resource: TOPIC,
                })
        };
        let of = |operator: &str, key: &str| {
            lets(&format!(r#"{{"{operator}":{{"{key}":"111111111111"}}}}"#))
        };
        assert_eq!(of("StringEquals", "AWS:SourceOwner"), Let::Not);
        assert_eq!(of("StringEqualsIfExists", "AWS:SourceOwner"), Let::Through);
        assert_eq!(of("StringNotEquals", "AWS:SourceOwner"), Let::Through);
        assert_eq!(of("StringEquals", "aws:SourceAccount"), Let::Through);
    }

    const CLOUDWATCH: &str = r#"{"Service":"cloudwatch.amazonaws.com"}"#;

    fn under(condition: &str) -> Let {
        let condition = format!(r#","Condition":{condition}"#);
        lets(&statement("Allow", CLOUDWATCH, &condition))
    }

    #[test]
    fn the_policy_of_a_new_topic_lets_the_alarms_of_its_account_through() {
        let of = |account: &str| {
            let condition =
                format!(r#","Condition":{{"StringEquals":{{"AWS:SourceOwner":"{account}"}}}}"#);
            lets(&statement("Allow", r#"{"AWS":"*"}"#, &condition))
        };
        assert_eq!(of("111111111111"), Let::Through);
        assert_eq!(of("222222222222"), Let::Not);
    }

    #[test]
    fn what_names_somebody_else_or_something_else_lets_nobody_through() {
        assert_eq!(lets(&statement("Allow", CLOUDWATCH, "")), Let::Through);
        for principal in [
            r#"{"Service":"events.amazonaws.com"}"#,
            r#"{"AWS":"arn:aws:iam::111111111111:root"}"#,
        ] {
            assert_eq!(lets(&statement("Allow", principal, "")), Let::Not);
        }
        let elsewhere = statement("Allow", CLOUDWATCH, "").replace(":ops", ":dev");
        assert_eq!(lets(&elsewhere), Let::Not);
        let reads = statement("Allow", CLOUDWATCH, "").replace("Publish", "GetTopicAttributes");
        assert_eq!(lets(&reads), Let::Not);
    }

    #[test]
    fn conditions_are_judged_where_they_can_be() {
        let source =
            |pattern: &str| under(&format!(r#"{{"ArnLike":{{"aws:SourceArn":"{pattern}"}}}}"#));
        assert_eq!(
            source("arn:aws:cloudwatch:eu-west-1:111111111111:alarm:*"),
            Let::Through
        );
        assert_eq!(
            source("arn:aws:cloudwatch:eu-west-1:222222222222:alarm:*"),
            Let::Not
        );
        assert_eq!(
            under(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#),
            Let::Perhaps
        );
    }

    #[test]
    fn a_deny_wins() {
        let allow = statement("Allow", CLOUDWATCH, "");
        let deny = |rest: &str| format!("{allow},{}", statement("Deny", r#"{"AWS":"*"}"#, rest));
        assert_eq!(lets(&deny("")), Let::Not);
        let other = r#","Condition":{"StringNotEquals":{"aws:SourceAccount":"111111111111"}}"#;
        assert_eq!(lets(&deny(other)), Let::Through);
        let unknown = r#","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#;
        assert_eq!(lets(&deny(unknown)), Let::Perhaps);
    }
}
