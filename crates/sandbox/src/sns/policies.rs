//! The policy of a topic.

use serde_json::{Value, json};

use super::call::{Answer, Call};
use super::errors::invalid;
use super::state::Topic;
use crate::authority::Authority;
use crate::place::Place;
use crate::policy::validation::{Profile, check};
use crate::wire::Refusal;

/// "Topic policy: 30 KB" (SNS endpoints and quotas, "Policies").
const LARGEST: usize = 30 * 1024;

/// What a topic gets that is made without a policy (as accounts show it: GH:airbnb/binaryalert#169).
pub(super) fn default_policy(place: &Place, name: &str) -> String {
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    ];
    let actions = actions.map(|action| format!("SNS:{action}"));
    json!({ "Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [{
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": actions, "Resource": place.arn("sns", name),
        "Condition": { "StringEquals": { "AWS:SourceOwner": place.account } },
    }] })
    .to_string()
}

/// Checks a policy that is to be the topic's, and returns it as it is stored.
pub(super) fn checked(
    authority: &dyn Authority,
    topic: &Topic,
    policy: &str,
) -> Result<String, Refusal> {
    // Taken away, it is the one that topics are made with.
    if policy.is_empty() {
        return Ok(default_policy(&topic.place, &topic.name));
    }
    if policy.len() > LARGEST {
        return Err(invalid("Policy Reason: the policy is larger than 30 KB"));
    }
    let profile = Profile::Topic { arn: &topic.arn() };
    check(&profile, policy.as_bytes()).map_err(invalid)?;
    // seen: GH:hashicorp/terraform#31538
    let stored = authority.store_principals(policy);
    stored.map_err(|_| invalid("Policy Error: PrincipalNotFound"))
}

/// Reads what is stored, with its statements in a list.
fn statements(topic: &Topic) -> (Value, Vec<Value>) {
    let document: Value = serde_json::from_str(&topic.policy).unwrap_or_default();
    let statements = match &document["Statement"] {
        Value::Array(statements) => statements.clone(),
        Value::Null => Vec::new(),
        single => vec![single.clone()],
    };
    (document, statements)
}

/// One stands alone, several stand in a list.
fn one_or_many(mut words: Vec<String>) -> Value {
    match words.len() {
        1 => words.pop().map_or(Value::Null, Value::String),
        _ => json!(words),
    }
}

fn has_label(statement: &Value, label: &str) -> bool {
    statement["Sid"].as_str() == Some(label)
}

/// Adds a statement by its label; the words for a label that is there already are unverified.
pub(super) fn add_permission(call: &Call<'_>) -> Answer {
    let label = call.required("Label")?.to_owned();
    let accounts = call.members("AWSAccountId");
    let actions = call.members("ActionName");
    if accounts.is_empty() {
        return Err(invalid("AWSAccountId"));
    }
    if actions.is_empty() {
        return Err(invalid("ActionName"));
    }
    let topic = call.topic("TopicArn")?;
    let (mut document, mut statements) = statements(&topic);
    if statements
        .iter()
        .any(|statement| has_label(statement, &label))
    {
        return Err(invalid("Statement already exists"));
    }
    let roots: Vec<String> = accounts
        .iter()
        .map(|account| format!("arn:aws:iam::{account}:root"))
        .collect();
    let actions: Vec<String> = actions.iter().map(|name| format!("SNS:{name}")).collect();
    statements.push(json!({
        "Sid": label, "Effect": "Allow", "Principal": { "AWS": one_or_many(roots) }, "Action": one_or_many(actions),
        "Resource": topic.arn(),
    }));
    document["Statement"] = Value::Array(statements);
    let shown = call.sns.authority().show_principals(&document.to_string());
    let stored = checked(call.sns.authority(), &topic, &shown)?;
    replace(call, stored)
}

pub(super) fn remove_permission(call: &Call<'_>) -> Answer {
    let label = call.required("Label")?;
    let topic = call.topic("TopicArn")?;
    let (mut document, mut statements) = statements(&topic);
    statements.retain(|statement| !has_label(statement, label));
    document["Statement"] = Value::Array(statements);
    replace(call, document.to_string())
}

fn replace(call: &Call<'_>, policy: String) -> Answer {
    call.change("TopicArn", |topic| {
        topic.policy = policy;
        Ok(())
    })?;
    Ok(None)
}
