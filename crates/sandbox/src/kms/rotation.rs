//! Whether a key rotates by itself. Nothing rotates here: what is told is kept, because tools ask for it.

use serde_json::json;

use super::call::{Answer, Call};
use super::errors::unsupported;
use super::keys::{change, fit};
use super::state::Key;
use crate::wire::Refusal;

fn check(key: &Key) -> Result<(), Refusal> {
    fit(key)?;
    if key.is_symmetric() {
        Ok(())
    } else {
        Err(unsupported(""))
    }
}

pub(crate) fn status(call: &Call<'_>) -> Answer {
    let key = call.own_key(&call.kms.state())?;
    let mut status = json!({ "KeyId": key.arn(), "KeyRotationEnabled": key.rotation.is_some() });
    if let Some(days) = key.rotation {
        status["RotationPeriodInDays"] = json!(days);
    }
    Ok(Some(status))
}

pub(crate) fn enable(call: &Call<'_>) -> Answer {
    let days = call
        .number("RotationPeriodInDays", 90, 2560)?
        .unwrap_or(365);
    change(call, |key| {
        check(key)?;
        key.rotation = Some(days);
        Ok(())
    })
}

pub(crate) fn disable(call: &Call<'_>) -> Answer {
    change(call, |key| {
        check(key)?;
        key.rotation = None;
        Ok(())
    })
}
