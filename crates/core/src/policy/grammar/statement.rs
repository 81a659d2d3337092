//! One statement: its exact text, and what the text says.

use std::sync::OnceLock;

use serde_json::value::RawValue;

use super::body::{Body, Condition, Effect, Principals, Scope};
use super::error::{PolicyError, Problem};
use super::json::{join, members, scalars, string, strings};
use crate::policy::canon::CanonicalStatement;

/// A statement of a policy document.
///
/// The text is the truth: it is what is written back. `==` compares texts; compare meaning through
/// [`Statement::canonical`].
#[derive(Debug, Clone)]
pub struct Statement {
    raw: String,
    body: Body,
    /// Put together when it is first asked for: of thousands of statements most are compared by their texts alone.
    canonical: OnceLock<CanonicalStatement>,
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl Eq for Statement {}

impl Statement {
    /// Reads one statement.
    ///
    /// # Errors
    /// [`PolicyError`] names the place that is not as the grammar says.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let raw: &RawValue = serde_json::from_str(text)
            .map_err(|error| PolicyError::new("", Problem::Syntax(error.to_string())))?;
        Self::from_raw(raw, "")
    }

    pub(super) fn from_raw(raw: &RawValue, place: &str) -> Result<Self, PolicyError> {
        let body = body(raw, place)?;
        Ok(Self::from_parts(raw.get().to_owned(), body))
    }

    pub(super) const fn from_parts(raw: String, body: Body) -> Self {
        Self {
            raw,
            body,
            canonical: OnceLock::new(),
        }
    }

    /// The exact text of the statement.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The Sid; an empty one counts as none.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.body.sid.as_deref().filter(|sid| !sid.is_empty())
    }

    /// Whether the statement grants or takes away.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.body.effect
    }

    /// Who the statement is about; `None` in identity policies.
    #[must_use]
    pub const fn principals(&self) -> Option<&Scope<Principals>> {
        self.body.principals.as_ref()
    }

    /// The actions, as written.
    #[must_use]
    pub const fn actions(&self) -> &Scope<Vec<String>> {
        &self.body.actions
    }

    /// The resources, as written; `None` in trust policies.
    #[must_use]
    pub const fn resources(&self) -> Option<&Scope<Vec<String>>> {
        self.body.resources.as_ref()
    }

    /// The conditions, as written.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.body.conditions
    }

    /// Members that the grammar does not know.
    #[must_use]
    pub fn unknown_members(&self) -> &[String] {
        &self.body.unknown
    }

    /// What the statement means; equal exactly when two statements mean the same.
    #[must_use]
    pub fn canonical(&self) -> &CanonicalStatement {
        let canonical = || CanonicalStatement::new(&self.body, &self.raw);
        self.canonical.get_or_init(canonical)
    }

    /// The same, not kept: for what looks at a statement once.
    pub(crate) fn to_canonical(&self) -> CanonicalStatement {
        let canonical = || CanonicalStatement::new(&self.body, &self.raw);
        self.canonical.get().cloned().unwrap_or_else(canonical)
    }

    /// Whether both mean the same, Sids included.
    #[must_use]
    pub fn same_meaning(&self, other: &Self) -> bool {
        self == other || self.canonical() == other.canonical()
    }

    pub(crate) const fn body(&self) -> &Body {
        &self.body
    }
}

fn body(raw: &RawValue, place: &str) -> Result<Body, PolicyError> {
    let mut fields = Fields::default();
    for (name, value) in members(raw, place)? {
        fields.take(name, value, place)?;
    }
    fields.finish(place)
}

#[derive(Default)]
struct Fields {
    sid: Option<String>,
    effect: Option<Effect>,
    principals: Pair<Principals>,
    actions: Pair<Vec<String>>,
    resources: Pair<Vec<String>>,
    conditions: Vec<Condition>,
    unknown: Vec<String>,
}

/// An element and its negation, of which a statement may have one.
struct Pair<T> {
    only: Option<T>,
    except: Option<T>,
}

impl<T> Default for Pair<T> {
    fn default() -> Self {
        Self {
            only: None,
            except: None,
        }
    }
}

impl<T> Pair<T> {
    fn one(
        self,
        place: &str,
        only: &'static str,
        except: &'static str,
    ) -> Result<Option<Scope<T>>, PolicyError> {
        match (self.only, self.except) {
            (Some(_), Some(_)) => Err(PolicyError::new(
                &join(place, except),
                Problem::Conflict(only),
            )),
            (Some(listed), None) => Ok(Some(Scope::Only(listed))),
            (None, Some(listed)) => Ok(Some(Scope::Except(listed))),
            (None, None) => Ok(None),
        }
    }
}

impl Fields {
    fn take(&mut self, name: String, value: &RawValue, place: &str) -> Result<(), PolicyError> {
        let place = join(place, &name);
        match name.as_str() {
            "Sid" => self.sid = Some(string(value, &place)?),
            "Effect" => self.effect = Some(effect(value, &place)?),
            "Principal" => self.principals.only = Some(principals(value, &place)?),
            "NotPrincipal" => self.principals.except = Some(principals(value, &place)?),
            "Action" => self.actions.only = Some(strings(value, &place)?),
            "NotAction" => self.actions.except = Some(strings(value, &place)?),
            "Resource" => self.resources.only = Some(strings(value, &place)?),
            "NotResource" => self.resources.except = Some(strings(value, &place)?),
            "Condition" => self.conditions = conditions(value, &place)?,
            _ => self.unknown.push(name),
        }
        Ok(())
    }

    fn finish(self, place: &str) -> Result<Body, PolicyError> {
        let missing = |member| PolicyError::new(&join(place, member), Problem::Missing);
        Ok(Body {
            sid: self.sid,
            effect: self.effect.ok_or_else(|| missing("Effect"))?,
            principals: self.principals.one(place, "Principal", "NotPrincipal")?,
            actions: self
                .actions
                .one(place, "Action", "NotAction")?
                .ok_or_else(|| missing("Action"))?,
            resources: self.resources.one(place, "Resource", "NotResource")?,
            conditions: self.conditions,
            unknown: self.unknown,
        })
    }
}

fn effect(raw: &RawValue, place: &str) -> Result<Effect, PolicyError> {
    match string(raw, place)?.as_str() {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        _ => Err(PolicyError::new(
            place,
            Problem::Shape("\"Allow\" or \"Deny\""),
        )),
    }
}

fn principals(raw: &RawValue, place: &str) -> Result<Principals, PolicyError> {
    if !raw.get().starts_with('"') {
        return members(raw, place)?
            .into_iter()
            .map(|(kind, value)| Ok((kind.clone(), strings(value, &join(place, &kind))?)))
            .collect();
    }
    match string(raw, place)?.as_str() {
        "*" => Ok(Principals::from([("AWS".to_owned(), vec!["*".to_owned()])])),
        _ => Err(PolicyError::new(
            place,
            Problem::Shape("\"*\" or an object of principals by type"),
        )),
    }
}

fn conditions(raw: &RawValue, place: &str) -> Result<Vec<Condition>, PolicyError> {
    let mut conditions = Vec::new();
    for (operator, keys) in members(raw, place)? {
        let place = join(place, &operator);
        for (key, values) in members(keys, &place)? {
            let values = scalars(values, &join(&place, &key))?;
            conditions.push(Condition {
                operator: operator.clone(),
                key,
                values,
            });
        }
    }
    Ok(conditions)
}
