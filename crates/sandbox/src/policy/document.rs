//! Policy documents for evaluation: the JSON grammar (IAMUG:reference_policies_grammar). What else AWS refuses when a
//! policy is put is told by [`super::validation`], before.

use serde_json::{Map, Value};

use super::condition::Condition;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// Version 2012-10-17, in which `${...}` are variables (IAMUG:reference_policies_elements_version).
    pub(crate) has_variables: bool,
    pub(crate) statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// Only resource policies have principals.
    pub(crate) principals: Option<Principals>,
    pub(crate) actions: Selection,
    /// Trust policies have no resources.
    pub(crate) resources: Option<Selection>,
    pub(crate) conditions: Vec<Condition>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// Patterns, or all but those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    /// `Action`, `Resource`.
    In(Vec<String>),
    /// `NotAction`, `NotResource`.
    NotIn(Vec<String>),
}

/// Principals, or all but those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principals {
    /// `Principal`.
    In(Vec<(PrincipalKind, String)>),
    /// `NotPrincipal`.
    NotIn(Vec<(PrincipalKind, String)>),
}

impl Principals {
    /// Returns the principals that are named.
    pub(crate) fn named(&self) -> &[(PrincipalKind, String)] {
        let (Self::In(named) | Self::NotIn(named)) = self;
        named
    }
}

/// The kinds of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl PrincipalKind {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Aws, "AWS"),
        (Self::Service, "Service"),
        (Self::Federated, "Federated"),
        (Self::CanonicalUser, "CanonicalUser"),
    ];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }
}

/// AWS's message for a document that does not follow the grammar.
pub(crate) const SYNTAX: &str = "Syntax errors in policy.";

type Parsed<T> = Result<T, String>;

fn syntax() -> String {
    SYNTAX.to_owned()
}

impl Document {
    /// Parses a document. The error is AWS's message.
    pub(crate) fn parse(json: &str) -> Parsed<Self> {
        let Ok(Value::Object(mut object)) = serde_json::from_str(json) else {
            return Err(syntax());
        };
        let has_variables = version(object.remove("Version"))?;
        let statements = match object.remove("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements,
            Some(single @ Value::Object(_)) => vec![single],
            _ => return Err(syntax()),
        };
        object.remove("Id");
        only_known(&object)?;
        let statements: Vec<_> = statements
            .into_iter()
            .map(Statement::parse)
            .collect::<Parsed<_>>()?;
        Ok(Self {
            has_variables,
            statements,
        })
    }
}

impl Statement {
    fn parse(value: Value) -> Parsed<Self> {
        let Value::Object(mut object) = value else {
            return Err(syntax());
        };
        let statement = Self {
            sid: sid(object.remove("Sid"))?,
            effect: effect(object.remove("Effect").as_ref())?,
            principals: principals(&mut object)?,
            actions: selection(&mut object, "Action", "NotAction")?.ok_or_else(syntax)?,
            resources: selection(&mut object, "Resource", "NotResource")?,
            conditions: conditions(object.remove("Condition"))?,
        };
        only_known(&object)?;
        Ok(statement)
    }
}

fn version(value: Option<Value>) -> Parsed<bool> {
    match value.as_ref().map(Value::as_str) {
        None | Some(Some("2008-10-17")) => Ok(false),
        Some(Some("2012-10-17")) => Ok(true),
        Some(_) => Err(syntax()),
    }
}

fn only_known(rest: &Map<String, Value>) -> Parsed<()> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(syntax())
    }
}

fn sid(value: Option<Value>) -> Parsed<Option<String>> {
    match value {
        None => Ok(None),
        Some(Value::String(sid)) => Ok(Some(sid).filter(|sid| !sid.is_empty())),
        Some(_) => Err(syntax()),
    }
}

/// Effect is case-sensitive (IAMUG:reference_policies_elements_effect).
fn effect(value: Option<&Value>) -> Parsed<Effect> {
    match value.and_then(Value::as_str) {
        Some("Allow") => Ok(Effect::Allow),
        Some("Deny") => Ok(Effect::Deny),
        _ => Err(syntax()),
    }
}

fn selection(object: &mut Map<String, Value>, name: &str, not: &str) -> Parsed<Option<Selection>> {
    match (object.remove(name), object.remove(not)) {
        (None, None) => Ok(None),
        (Some(value), None) => Ok(Some(Selection::In(strings(value)?))),
        (None, Some(value)) => Ok(Some(Selection::NotIn(strings(value)?))),
        (Some(_), Some(_)) => Err(syntax()),
    }
}

fn principals(object: &mut Map<String, Value>) -> Parsed<Option<Principals>> {
    match (object.remove("Principal"), object.remove("NotPrincipal")) {
        (None, None) => Ok(None),
        (Some(value), None) => Ok(Some(Principals::In(principal_set(value)?))),
        (None, Some(value)) => Ok(Some(Principals::NotIn(principal_set(value)?))),
        (Some(_), Some(_)) => Err(syntax()),
    }
}

fn principal_set(value: Value) -> Parsed<Vec<(PrincipalKind, String)>> {
    let kinds = match value {
        Value::String(all) if all == "*" => return Ok(vec![(PrincipalKind::Aws, all)]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(syntax()),
    };
    let mut set = Vec::new();
    for (kind, names) in kinds {
        let kind = PrincipalKind::parse(&kind).ok_or_else(syntax)?;
        set.extend(strings(names)?.into_iter().map(|name| (kind, name)));
    }
    Ok(set)
}

fn conditions(value: Option<Value>) -> Parsed<Vec<Condition>> {
    let operators = match value {
        None => return Ok(Vec::new()),
        Some(Value::Object(operators)) => operators,
        Some(_) => return Err(syntax()),
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else {
            return Err(syntax());
        };
        for (key, values) in keys {
            conditions.push(Condition::new(&operator, &key, scalars(values)?).ok_or_else(syntax)?);
        }
    }
    Ok(conditions)
}

/// Reads one string or an array of them.
fn strings(value: Value) -> Parsed<Vec<String>> {
    let string = |value| match value {
        Value::String(string) => Ok(string),
        _ => Err(syntax()),
    };
    match value {
        Value::Array(values) if !values.is_empty() => values.into_iter().map(string).collect(),
        single => Ok(vec![string(single)?]),
    }
}

/// Reads condition values, which may also be written as numbers and booleans.
fn scalars(value: Value) -> Parsed<Vec<String>> {
    let scalar = |value| match value {
        Value::String(string) => Ok(string),
        Value::Bool(bool) => Ok(bool.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(syntax()),
    };
    match value {
        Value::Array(values) => values.into_iter().map(scalar).collect(),
        single => Ok(vec![scalar(single)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = r#"{"Version":"2012-10-17","Statement":{"Sid":"a","Effect":"Allow",
        "Action":"s3:*","Resource":["*"],"Condition":{"Bool":{"aws:SecureTransport":true}}}}"#;

    #[test]
    fn one_and_many_are_written_alike() {
        let document = Document::parse(OK).unwrap();
        assert!(document.has_variables);
        let statement = &document.statements[0];
        assert_eq!(statement.actions, Selection::In(vec!["s3:*".to_owned()]));
        assert_eq!(statement.conditions.len(), 1);
    }

    #[test]
    fn what_the_grammar_does_not_know_is_refused() {
        let cases = [
            "",
            "[]",
            r#"{"Statement":[]}"#,
            &OK.replace("2012-10-17", "2020-01-01"),
            &OK.replace("\"Allow\"", "\"allow\""),
            &OK.replace("\"Action\"", "\"Actions\""),
            &OK.replace("\"Bool\"", "\"Boolean\""),
            &OK.replace("\"Sid\"", "\"Principal\":{\"Role\":\"x\"},\"Sid\""),
            &OK.replace("\"Action\"", "\"NotAction\":\"a:b\",\"Action\""),
        ];
        for json in cases {
            assert_eq!(Document::parse(json), Err(syntax()), "{json}");
        }
    }
}
