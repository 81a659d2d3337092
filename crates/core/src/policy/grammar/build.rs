//! Statements that s3ferry writes itself, in AWS's order of members and with single values as strings.

use serde_json::Value;

use super::body::{Body, Condition, Effect, Principals, Scope};
use super::statement::Statement;

/// A statement in the making; see [`Statement::builder`].
#[derive(Debug, Clone)]
pub struct StatementBuilder(Body);

impl Statement {
    /// Begins a statement with the members that every statement has.
    pub fn builder(
        sid: impl Into<String>,
        effect: Effect,
        actions: impl IntoIterator<Item = impl Into<String>>,
    ) -> StatementBuilder {
        StatementBuilder(Body {
            sid: Some(sid.into()).filter(|sid| !sid.is_empty()),
            effect,
            principals: None,
            actions: Scope::Only(distinct(actions)),
            resources: None,
            conditions: Vec::new(),
            unknown: Vec::new(),
        })
    }
}

impl Statement {
    /// The same under another Sid and for these actions on these resources alone.
    #[must_use]
    pub(crate) fn narrowed(
        &self,
        sid: String,
        actions: impl IntoIterator<Item = impl Into<String>>,
        resources: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let mut narrow = Self::builder(sid, self.effect(), actions).resources(resources);
        narrow.0.principals = self.principals().cloned();
        narrow.0.conditions = self.conditions().to_vec();
        narrow.build()
    }
}

impl StatementBuilder {
    /// Adds principals of one type, e.g. `AWS` or `Service`.
    #[must_use]
    pub fn principals(
        mut self,
        kind: &str,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let mut principals = match self.0.principals.take() {
            Some(Scope::Only(listed) | Scope::Except(listed)) => listed,
            None => Principals::new(),
        };
        let all = principals.remove(kind).unwrap_or_default();
        let all = all.into_iter().chain(names.into_iter().map(Into::into));
        principals.insert(kind.to_owned(), distinct(all));
        self.0.principals = Some(Scope::Only(principals));
        self
    }

    /// Sets the resources.
    #[must_use]
    pub fn resources(mut self, resources: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.resources = Some(Scope::Only(distinct(resources)));
        self
    }

    /// Adds a condition; a second one of the same operator and key replaces the first.
    #[must_use]
    pub fn condition(
        mut self,
        operator: &str,
        key: &str,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let same = |old: &Condition| old.operator == operator && old.key == key;
        self.0.conditions.retain(|old| !same(old));
        self.0.conditions.push(Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            values: distinct(values),
        });
        self
    }

    /// The finished statement.
    #[must_use]
    pub fn build(self) -> Statement {
        emit(self.0)
    }
}

/// Writes a body that holds nothing unknown.
pub(crate) fn emit(body: Body) -> Statement {
    let raw = text(&body);
    Statement::from_parts(raw, body)
}

fn distinct(items: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for item in items.into_iter().map(Into::into) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

fn text(body: &Body) -> String {
    let mut members: Vec<String> = Vec::new();
    if let Some(sid) = &body.sid {
        members.push(member("Sid", &quoted(sid)));
    }
    members.push(member("Effect", &quoted(body.effect.as_str())));
    if let Some(principals) = &body.principals {
        let name = name(principals, "Principal", "NotPrincipal");
        members.push(member(name, &principals_text(principals.listed())));
    }
    let name_of_actions = name(&body.actions, "Action", "NotAction");
    members.push(member(name_of_actions, &list(body.actions.listed())));
    if let Some(resources) = &body.resources {
        let name = name(resources, "Resource", "NotResource");
        members.push(member(name, &list(resources.listed())));
    }
    if !body.conditions.is_empty() {
        members.push(member("Condition", &conditions_text(&body.conditions)));
    }
    object(&members)
}

const fn name<T>(scope: &Scope<T>, only: &'static str, except: &'static str) -> &'static str {
    match scope {
        Scope::Only(_) => only,
        Scope::Except(_) => except,
    }
}

fn principals_text(principals: &Principals) -> String {
    let members: Vec<String> = principals
        .iter()
        .map(|(kind, names)| member(kind, &list(names)))
        .collect();
    object(&members)
}

fn conditions_text(conditions: &[Condition]) -> String {
    let mut operators: Vec<&str> = Vec::new();
    for condition in conditions {
        if !operators.contains(&condition.operator.as_str()) {
            operators.push(&condition.operator);
        }
    }
    let members: Vec<String> = operators
        .into_iter()
        .map(|operator| member(operator, &keys_text(conditions, operator)))
        .collect();
    object(&members)
}

fn keys_text(conditions: &[Condition], operator: &str) -> String {
    let members: Vec<String> = conditions
        .iter()
        .filter(|condition| condition.operator == operator)
        .map(|condition| member(&condition.key, &list(&condition.values)))
        .collect();
    object(&members)
}

fn list(items: &[String]) -> String {
    match items {
        [one] => quoted(one),
        many => {
            let items: Vec<String> = many.iter().map(|item| quoted(item)).collect();
            format!("[{}]", items.join(","))
        }
    }
}

fn member(name: &str, value: &str) -> String {
    format!("{}:{value}", quoted(name))
}

fn object(members: &[String]) -> String {
    format!("{{{}}}", members.join(","))
}

/// A JSON string in ASCII: IAM takes no character beyond U+00FF in a document (BC:iam policyDocumentType), but
/// an escape is made of ASCII.
pub(super) fn quoted(text: &str) -> String {
    let json = Value::from(text).to_string();
    json.chars().fold(String::new(), |mut ascii, character| {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
        ascii
    })
}
