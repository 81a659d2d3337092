//! Before the first write of an apply: whether the callers may make all of its calls, as far as IAM's simulator can tell.

use std::collections::BTreeMap;

use futures::future::join_all;
use s3ferry_aws::{Cloud, Refused};
use s3ferry_core::format::{AccountInfo, PlanFile};
use s3ferry_core::model::Observed;
use s3ferry_core::permissions::{may_be_allowed_elsewhere, of_steps};
use s3ferry_core::plan::Step;
use s3ferry_core::spec::{Access, Spec};
use s3ferry_engine::ports::{Class, PortError};
use s3ferry_render::plural;

use crate::exit::Exit;
use crate::printer::Printer;

/// Resources of one action that are named before the rest is counted.
const NAMED: usize = 2;

/// Refuses steps that a caller is surely not allowed; nothing has been written then. What a policy of a resource may allow all the
/// same, and what cannot be asked, is said.
pub(crate) async fn refuse(
    printer: &Printer,
    spec: &Spec,
    cloud: &Cloud,
    plan: &PlanFile,
    observed: &Observed,
    steps: &[Step],
) -> Result<(), Exit> {
    let asked = of_steps(spec, steps);
    let mut callers: BTreeMap<&str, &AccountInfo> = BTreeMap::new();
    for account in &plan.accounts {
        callers.entry(&account.id).or_insert(account);
    }
    printer.status("asking IAM what the callers may do");
    let answers = asked.iter().filter_map(|(id, asked)| {
        let caller = *callers.get(id.as_str())?;
        let principal = principal(spec, caller);
        Some(async move { (caller, cloud.refused(id, principal, asked).await) })
    });
    let answers = join_all(answers).await;
    printer.clear_status();
    let mut surely = false;
    for (caller, answer) in answers {
        match answer {
            Ok(Some(refused)) => surely |= tell(printer, caller, observed, refused),
            Ok(None) => printer.detail(&format!(
                "{}: IAM's simulator does not take {}, so what it may do shows at each step",
                caller.name, caller.caller
            )),
            Err(error) => unasked(printer, caller, &error),
        }
    }
    if surely {
        printer.message("Nothing was changed.");
        return Err(Exit::Denied);
    }
    Ok(())
}

/// The role that the spec says is assumed, with its path, or else as whom STS says that the caller acts.
fn principal<'a>(spec: &'a Spec, caller: &'a AccountInfo) -> &'a str {
    let mut accounts = spec.accounts.iter();
    let account = accounts.find(|(name, _)| name.as_str() == caller.name);
    match account.map(|(_, account)| &account.access) {
        Some(Access::AssumeRole { arn, .. }) => arn.as_str(),
        Some(Access::DefaultChain | Access::Profile(_)) | None => &caller.caller,
    }
}

/// Tells what is refused, an action a line; whether any of it is beyond doubt.
fn tell(
    printer: &Printer,
    caller: &AccountInfo,
    observed: &Observed,
    refused: Vec<Refused>,
) -> bool {
    let mut by_action: BTreeMap<(bool, String, bool), Vec<String>> = BTreeMap::new();
    for Refused {
        action,
        resource,
        denied,
    } in refused
    {
        let doubt = !denied && may_be_allowed_elsewhere(observed, &action, &resource);
        by_action
            .entry((doubt, action, denied))
            .or_default()
            .push(resource);
    }
    let mut surely = false;
    for ((doubt, action, denied), on) in by_action {
        let on = named(&on);
        let who = &caller.caller;
        if doubt {
            printer.warning(&format!(
                "{}: no IAM policy of {who} allows {action} on {on}; a policy of the resource itself may",
                caller.name
            ));
            continue;
        }
        surely = true;
        let why = if denied {
            format!("a policy denies {who} {action} on {on}")
        } else {
            format!("{who} is not allowed {action} on {on}")
        };
        printer.error(
            &format!("{}: {why}", caller.name),
            Some("s3ferry permissions PATH --for apply prints what it needs; for what the spec named once, that of its text of then"),
        );
    }
    surely
}

fn named(on: &[String]) -> String {
    let more = on.len().saturating_sub(NAMED);
    let first: Vec<&str> = on.iter().take(NAMED).map(String::as_str).collect();
    let first = first.join(", ");
    if more == 0 {
        return first;
    }
    format!("{first} and {}", plural(more as u64, "more resource"))
}

/// What cannot be asked shows at each step, as it always did.
fn unasked(printer: &Printer, caller: &AccountInfo, error: &PortError) {
    let why = if error.class == Class::Denied {
        format!(
            "{} is not allowed {}:{}",
            caller.caller, error.service, error.operation
        )
    } else {
        error.to_string()
    };
    printer.message(&format!(
        "{}: what the caller may do was not asked before the first write ({why}); a permission that is missing shows at its step.",
        caller.name
    ));
}
