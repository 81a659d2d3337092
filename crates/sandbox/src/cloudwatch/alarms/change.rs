//! What is done to alarms by their names, several at once.

use super::alarm::Alarm;
use crate::clock::seconds;
use crate::cloudwatch::call::{Answer, Call};

/// "If you specify any incorrect alarm names, the alarms you specify with correct names are still deleted" (BC:cloudwatch
/// DeleteAlarms); that the answer is an error then is nowhere said, and here it is none.
pub(in crate::cloudwatch) fn delete(call: &Call<'_>) -> Answer {
    let names = named(call)?;
    let now = seconds(call.cloudwatch.now());
    let mut state = call.cloudwatch.state();
    let store = state.store_mut(&call.here);
    for name in names {
        if store.alarms.remove(&name).is_some() {
            store.history.configured(now, &name, ("deleted", "Delete"));
        }
    }
    Ok(None)
}

pub(in crate::cloudwatch) fn enable_actions(call: &Call<'_>) -> Answer {
    change(call, |alarm| alarm.settings.actions_enabled = true)
}

pub(in crate::cloudwatch) fn disable_actions(call: &Call<'_>) -> Answer {
    change(call, |alarm| alarm.settings.actions_enabled = false)
}

/// Names of alarms that are not there are passed over (unverified).
fn change(call: &Call<'_>, edit: impl Fn(&mut Alarm)) -> Answer {
    let names = named(call)?;
    let mut state = call.cloudwatch.state();
    let store = state.store_mut(&call.here);
    for name in names {
        if let Some(alarm) = store.alarms.get_mut(&name) {
            edit(alarm);
        }
    }
    Ok(None)
}

/// Returns the names, all of which the caller may change.
fn named(call: &Call<'_>) -> Result<Vec<String>, crate::wire::Refusal> {
    let names = call.alarm_names()?;
    for name in &names {
        call.may_alarm(call.operation(), name, &[])?;
    }
    Ok(names)
}
