//! An alarm changes its state: what is entered, and who is told.

use super::alarm::{Alarm, State, StateValue};
use super::message;
use crate::authority::Source;
use crate::clock::seconds;
use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::call::{Answer, Call};
use crate::cloudwatch::errors::{fault, invalid};
use crate::cloudwatch::state::Store;
use crate::notifier::Notice;
use crate::place::Place;

/// A state that an alarm is to have.
#[derive(Debug)]
pub(in crate::cloudwatch) struct Wanted {
    pub(in crate::cloudwatch) value: StateValue,
    pub(in crate::cloudwatch) reason: String,
    pub(in crate::cloudwatch) reason_data: Option<String>,
    /// In seconds since 1970.
    pub(in crate::cloudwatch) at: f64,
}

/// "Temporarily sets the state of an alarm for testing purposes": until it is evaluated again (BC:cloudwatch SetAlarmState).
pub(in crate::cloudwatch) fn set(call: &Call<'_>) -> Answer {
    let name = call.input.required("AlarmName", 255)?;
    call.may_alarm(call.operation(), name, &[])?;
    let value = call.input.word("StateValue", &StateValue::WORDS)?;
    let value = value.ok_or_else(|| invalid(None, "StateValue", "not be null"))?;
    let reason = call.input.text("StateReason", 0, 1023)?;
    let reason = reason.ok_or_else(|| invalid(None, "StateReason", "not be null"))?;
    let data = call.input.text("StateReasonData", 0, 4000)?;
    if data.is_some_and(|data| serde_json::from_str::<serde_json::Value>(data).is_err()) {
        // BC:cloudwatch InvalidFormatFault: "Data was not syntactically valid JSON."
        return Err(fault(
            400,
            "InvalidFormat",
            "StateReasonData is not valid JSON.",
        ));
    }
    let wanted = Wanted {
        value: StateValue::read(value),
        reason: reason.to_owned(),
        reason_data: data.map(str::to_owned),
        at: seconds(call.cloudwatch.now()),
    };
    let mut state = call.cloudwatch.state();
    let store = state.store_mut(&call.here);
    if !store.alarms.contains_key(name) {
        // The code and the status are BC:cloudwatch's, the words unverified.
        return Err(fault(404, "ResourceNotFound", "The alarm does not exist."));
    }
    change(call.cloudwatch, &call.here, store, (name, wanted));
    Ok(None)
}

/// Gives an alarm a state. Where that is another one, it is entered and the actions of the new state are carried out, once: "For
/// Amazon SNS notifications, no additional actions are invoked" while it lasts (CWUG:AlarmThatSendsEmail).
pub(in crate::cloudwatch) fn change(
    cloudwatch: &CloudWatch,
    place: &Place,
    store: &mut Store,
    (name, wanted): (&str, Wanted),
) {
    let Some(alarm) = store.alarms.get_mut(name) else {
        return;
    };
    let Wanted {
        value,
        reason,
        reason_data,
        at,
    } = wanted;
    let is_new = alarm.state.value != value;
    let transitioned = if is_new { at } else { alarm.state.transitioned };
    let new = State {
        value,
        reason,
        reason_data,
        updated: at,
        transitioned,
    };
    let old = std::mem::replace(&mut alarm.state, new);
    if !is_new {
        return;
    }
    store.history.changed(at, name, &old, &alarm.state);
    if !alarm.settings.actions_enabled {
        return;
    }
    for action in alarm.settings.actions(value) {
        let outcome = carry_out(cloudwatch, place, (alarm, &old), action);
        store.history.acted(at, name, (action, value), &outcome);
    }
}

fn carry_out(
    cloudwatch: &CloudWatch,
    place: &Place,
    (alarm, old): (&Alarm, &State),
    action: &str,
) -> Result<(), String> {
    if !action.starts_with("arn:aws:sns:") {
        return Err("The sandbox carries out no other actions than those of SNS.".to_owned());
    }
    let arn = place.arn("cloudwatch", &format!("alarm:{}", alarm.name));
    let told = cloudwatch.notifier().publish(&Notice {
        service: "cloudwatch.amazonaws.com",
        source: Source {
            arn: &arn,
            account: &place.account,
        },
        tells_owner: true,
        topic: action,
        subject: Some(&message::subject(alarm, place)),
        message: &message::message(alarm, old, place),
        at: alarm.state.updated,
    });
    told.map_err(|unpublished| unpublished.to_string())
}
