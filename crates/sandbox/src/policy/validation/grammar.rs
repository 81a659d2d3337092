//! The grammar of the policies of resources (IAMUG:reference_policies_grammar), read element by element, so that the fault
//! is told by name.

use serde_json::{Map, Value};

use super::fault::Fault;
use super::profile::Profile;
use super::sids::repeat;
use crate::policy::condition::Condition;
use crate::policy::values::is_network;

type Checked<T> = Result<T, Fault>;

/// A statement, as far as it is judged.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    pub(super) actions: Selection<'a>,
    /// Trust policies have none.
    pub(super) resources: Option<Selection<'a>>,
    pub(super) keys: Vec<&'a str>,
}

/// Patterns, or all but those.
#[derive(Debug)]
pub(super) enum Selection<'a> {
    In(Vec<&'a str>),
    NotIn(Vec<&'a str>),
}

impl<'a> Selection<'a> {
    /// Returns the patterns.
    pub(super) fn named(&self) -> &[&'a str] {
        let (Self::In(named) | Self::NotIn(named)) = self;
        named
    }
}

const FIELDS: [&str; 3] = ["Version", "Id", "Statement"];

const STATEMENT_FIELDS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

const PRINCIPALS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

/// Reads the statements of a document.
pub(super) fn statements<'a>(
    document: &'a Value,
    profile: &Profile<'_>,
) -> Checked<Vec<Statement<'a>>> {
    let document = document.as_object().ok_or(Fault::Syntax)?;
    only(document, &FIELDS)?;
    match document.get("Version").map(Value::as_str) {
        None | Some(Some("2008-10-17" | "2012-10-17")) => {}
        Some(_) => return Err(Fault::Version),
    }
    let statements = match document.get("Statement") {
        None => return Err(Fault::Missing("Statement")),
        Some(Value::Array(many)) if many.is_empty() => return Err(Fault::NoStatements),
        Some(Value::Array(many)) => many.iter().collect(),
        Some(one) => vec![one],
    };
    if repeat(statements.iter().filter_map(|one| one["Sid"].as_str())) {
        return Err(Fault::Sid);
    }
    let read = |statement: &&'a Value| Statement::read(statement, profile);
    statements.iter().map(read).collect()
}

impl<'a> Statement<'a> {
    fn read(statement: &'a Value, profile: &Profile<'_>) -> Checked<Self> {
        let fields = statement.as_object().ok_or(Fault::Syntax)?;
        only(fields, &STATEMENT_FIELDS)?;
        if !fields.get("Sid").is_none_or(Value::is_string) {
            return Err(Fault::Syntax);
        }
        let allows = match fields.get("Effect").ok_or(Fault::Missing("Effect"))? {
            Value::String(effect) if effect == "Allow" => true,
            Value::String(effect) if effect == "Deny" => false,
            Value::String(effect) => return Err(Fault::Effect(effect.clone())),
            _ => return Err(Fault::Syntax),
        };
        principals(fields, allows)?;
        let actions = selection(fields, "Action", "NotAction")?.ok_or(Fault::Missing("Action"))?;
        profile.actions(actions.named())?;
        let resources = selection(fields, "Resource", "NotResource")?;
        profile.resources(resources.is_some())?;
        let keys = conditions(fields.get("Condition"))?;
        Ok(Self {
            actions,
            resources,
            keys,
        })
    }
}

fn only(fields: &Map<String, Value>, known: &[&str]) -> Checked<()> {
    let unknown = fields.keys().find(|name| !known.contains(&name.as_str()));
    unknown.map_or(Ok(()), |name| Err(Fault::UnknownField(name.clone())))
}

/// Returns a field or its opposite, which exclude each other.
fn either<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
    not: &str,
) -> Checked<Option<(&'a Value, bool)>> {
    match (fields.get(name), fields.get(not)) {
        (Some(_), Some(_)) => Err(Fault::Syntax),
        (Some(value), None) => Ok(Some((value, false))),
        (None, value) => Ok(value.map(|value| (value, true))),
    }
}

fn selection<'a>(
    fields: &'a Map<String, Value>,
    name: &'static str,
    not: &str,
) -> Checked<Option<Selection<'a>>> {
    let Some((value, negated)) = either(fields, name, not)? else {
        return Ok(None);
    };
    let named = strings(value, name)?;
    Ok(Some(match negated {
        false => Selection::In(named),
        true => Selection::NotIn(named),
    }))
}

/// Reads one string or a list of them.
fn strings<'a>(value: &'a Value, name: &'static str) -> Checked<Vec<&'a str>> {
    let string = |value: &'a Value| value.as_str().ok_or(Fault::Syntax);
    match value {
        Value::Array(many) if many.is_empty() => Err(Fault::Empty(name)),
        Value::Array(many) => many.iter().map(string).collect(),
        one => Ok(vec![string(one)?]),
    }
}

fn principals(fields: &Map<String, Value>, allows: bool) -> Checked<()> {
    let (value, negated) =
        either(fields, "Principal", "NotPrincipal")?.ok_or(Fault::Missing("Principal"))?;
    if allows && negated {
        return Err(Fault::AllowNotPrincipal);
    }
    match value {
        Value::String(everyone) if everyone == "*" => Ok(()),
        Value::Object(kinds) if kinds.is_empty() => Err(Fault::Empty("Principal")),
        Value::Object(kinds) => kinds.iter().try_for_each(|(kind, names)| {
            if !PRINCIPALS.contains(&kind.as_str()) {
                return Err(Fault::Syntax);
            }
            strings(names, "Principal").map(|_| ())
        }),
        _ => Err(Fault::Syntax),
    }
}

/// Reads conditions and returns their keys.
fn conditions(value: Option<&Value>) -> Checked<Vec<&str>> {
    let operators = match value {
        None => return Ok(Vec::new()),
        Some(value) => value.as_object().ok_or(Fault::Syntax)?,
    };
    let mut found = Vec::new();
    for (operator, keys) in operators {
        // Names of operators are exact, unlike those of keys (versitygw, against AWS).
        if !Condition::is_operator(operator) {
            return Err(Fault::Operator(operator.clone()));
        }
        for (key, value) in keys.as_object().ok_or(Fault::Syntax)? {
            let values = scalars(value)?;
            let address = |value: &&Value| value.as_str().is_some_and(is_network);
            if operator.contains("IpAddress") && !values.iter().all(address) {
                return Err(Fault::Address);
            }
            found.push(key.as_str());
        }
    }
    Ok(found)
}

/// Reads condition values, which may also be written as numbers and booleans.
fn scalars(value: &Value) -> Checked<Vec<&Value>> {
    let values = match value {
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    };
    let scalar = |value: &&Value| value.is_string() || value.is_number() || value.is_boolean();
    if values.iter().all(scalar) {
        Ok(values)
    } else {
        Err(Fault::Syntax)
    }
}
