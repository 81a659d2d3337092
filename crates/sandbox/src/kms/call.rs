//! One call of KMS, as its operations see it: its input, the key it names, and whether the caller may.

use serde_json::{Map, Value, json};

use super::Kms;
use super::access::{Asked, Extra};
use super::errors::{denied, fault, invalid};
use super::managed;
use super::names::{Name, Of};
use super::state::{Key, Place, State};
use crate::authority::Caller;
use crate::iam::outside;
use crate::vault::Unusable;
use crate::wire::json::{self, wrong_type};
use crate::wire::{JsonRequest, Refusal};

/// What an operation answers, where it answers something.
pub(crate) type Answer = Result<Option<Value>, Refusal>;

/// One call, as the operations see it.
pub(crate) struct Call<'a> {
    pub(crate) kms: &'a Kms,
    pub(crate) caller: &'a Caller,
    pub(crate) operation: &'a str,
    pub(crate) input: &'a Value,
    /// The caller's account, in the Region of the signature.
    pub(crate) here: Place,
}

impl<'a> Call<'a> {
    pub(crate) fn new(kms: &'a Kms, request: &JsonRequest<'a>) -> Self {
        let JsonRequest {
            caller,
            region,
            operation,
            input,
        } = *request;
        Self {
            kms,
            caller,
            operation,
            input,
            here: Place::new(&caller.account, region),
        }
    }

    /// Returns a field that is text.
    pub(crate) fn text(&self, field: &str) -> Result<Option<&'a str>, Refusal> {
        json::text(self.input, field)
    }

    /// Returns a field that must be there.
    pub(crate) fn required(&self, field: &str) -> Result<&'a str, Refusal> {
        let text = self.text(field)?;
        text.ok_or_else(|| invalid(None, field, "not be null"))
    }

    /// Returns a text of so many characters at most, empty where there is none.
    pub(crate) fn short(&self, field: &str, longest: usize) -> Result<&'a str, Refusal> {
        let text = self.text(field)?.unwrap_or_default();
        if text.chars().count() > longest {
            let must = format!("have length less than or equal to {longest}");
            return Err(invalid(Some(text), field, &must));
        }
        Ok(text)
    }

    pub(crate) fn flag(&self, field: &str) -> Result<bool, Refusal> {
        Ok(json::flag(self.input, field)?.unwrap_or(false))
    }

    /// Returns a whole number within bounds.
    pub(crate) fn number(
        &self,
        field: &str,
        least: u64,
        most: u64,
    ) -> Result<Option<u64>, Refusal> {
        let number = match self.input.get(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value.as_u64().ok_or_else(|| wrong_type(field))?,
        };
        match outside(number, least, most) {
            Some(must) => Err(invalid(Some(&number.to_string()), field, &must)),
            None => Ok(Some(number)),
        }
    }

    /// Answers with a page of a list, given with what each is found again by.
    pub(crate) fn page(
        &self,
        name: &str,
        (usual, most): (u64, u64),
        all: impl Iterator<Item = (String, Value)>,
    ) -> Answer {
        let limit = self.number("Limit", 1, most)?.unwrap_or(usual);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let marker = self.text("Marker")?;
        let mut left = all.filter(|(at, _)| marker.is_none_or(|marker| at.as_str() > marker));
        let page: Vec<(String, Value)> = left.by_ref().take(limit).collect();
        let more = left.next().is_some();
        let last = page.last().map(|(at, _)| at.clone());
        let entries: Vec<Value> = page.into_iter().map(|(_, entry)| entry).collect();
        let mut answer = Map::new();
        answer.insert(name.to_owned(), Value::Array(entries));
        answer.insert("Truncated".to_owned(), json!(more));
        if let Some(last) = last.filter(|_| more) {
            answer.insert("NextMarker".to_owned(), json!(last));
        }
        Ok(Some(Value::Object(answer)))
    }

    /// Finds the key that a field names, for an operation that takes its id or ARN and only in its own account.
    pub(crate) fn own_key(&self, state: &State) -> Result<Key, Refusal> {
        self.own_key_with(state, Extra::default())
    }

    /// Finds it likewise, and asks with what else the request says.
    pub(crate) fn own_key_with(&self, state: &State, extra: Extra<'_>) -> Result<Key, Refusal> {
        let text = self.required("KeyId")?;
        let name = Name::read(text, &self.here)?;
        if matches!(name.of, Of::Alias(_)) {
            return Err(no_id(text));
        }
        let key = found(state, &name)?;
        if key.place.account != self.here.account {
            let message = format!("{} cannot be done across accounts.", self.operation);
            return Err(denied(message));
        }
        self.may(state, self.operation, &key, extra)?;
        Ok(key)
    }

    /// Finds the key that this text names by its id or ARN, and asks for nothing.
    pub(crate) fn named_key(&self, state: &State, text: &str) -> Result<Key, Refusal> {
        found(state, &Name::read(text, &self.here)?)
    }

    /// Finds the key that a field names by its id or ARN, in any account, and asks whether the caller may do this.
    pub(crate) fn key_by_id(&self, state: &mut State, extra: Extra<'_>) -> Result<Key, Refusal> {
        let text = self.required("KeyId")?;
        if matches!(Name::read(text, &self.here)?.of, Of::Alias(_)) {
            return Err(no_id(text));
        }
        self.any_key(state, "KeyId", self.operation, extra)
    }

    /// Finds the key that a field names in any way, in any account, and asks whether the caller may do this.
    pub(crate) fn any_key(
        &self,
        state: &mut State,
        field: &str,
        action: &str,
        extra: Extra<'_>,
    ) -> Result<Key, Refusal> {
        let name = Name::read(self.required(field)?, &self.here)?;
        managed::make(self.kms, state, &name);
        let key = found(state, &name)?;
        let alias = match &name.of {
            Of::Alias(alias) => Some(alias.as_str()),
            Of::Key(_) => None,
        };
        let extra = Extra { alias, ..extra };
        self.may(state, action, &key, extra)?;
        Ok(key)
    }

    /// Asks whether the caller may do something with a key.
    pub(crate) fn may(
        &self,
        state: &State,
        action: &str,
        key: &Key,
        extra: Extra<'_>,
    ) -> Result<(), Refusal> {
        let asked = Asked {
            caller: self.caller,
            action: &format!("kms:{action}"),
            extra,
        };
        let answer = self.kms.may_use(state, key, &asked);
        answer.map_err(|message| Unusable::Denied(message).into())
    }

    /// Asks whether the caller may do something that is done to no key.
    pub(crate) fn may_here(&self, resource: &str, extra: Extra<'_>) -> Result<(), Refusal> {
        let asked = Asked {
            caller: self.caller,
            action: &format!("kms:{}", self.operation),
            extra,
        };
        let answer = self.kms.may_at(&self.here, resource, &asked);
        answer.map_err(|message| Unusable::Denied(message).into())
    }
}

fn no_id(text: &str) -> Refusal {
    fault("InvalidArnException", format!("Invalid keyId {text}"))
}

fn found(state: &State, name: &Name) -> Result<Key, Refusal> {
    let id = name.find(state)?;
    let key = state.key(&name.place, &id).cloned();
    key.ok_or_else(|| Unusable::NotFound(format!("Invalid keyId {id}")).into())
}
