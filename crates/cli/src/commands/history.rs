//! Who changed what others changed, and when, as far as CloudTrail's event history tells and the callers may look.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use s3ferry_aws::PastCall;
use s3ferry_core::format::drift::{ChangedBy, Drifted};
use s3ferry_core::ids::AccountId;
use s3ferry_core::model::Target;
use s3ferry_core::names::Names;
use s3ferry_core::plan::history::{Looked, events, looked_up};
use s3ferry_engine::ports::{Class, PortError};

use crate::planning::Planned;
use crate::printer::Printer;
use crate::specs::Loaded;

/// How many things are looked up: CloudTrail takes two calls a second of an account in a Region (BC:cloudtrail LookupEvents), and
/// whoever waits reads of no more than these.
const MOST: usize = 40;

/// The time between two calls, a little more than half a second.
const TURN: Duration = Duration::from_millis(550);

/// A thing with a history.
type Thing = (AccountId, Looked);

/// Says of each item who changed it last since the run left it. What is not known is said once for each account.
pub(super) async fn tell(
    printer: &Printer,
    loaded: &Loaded,
    planned: &Planned,
    drifted: &mut [Drifted],
) {
    let names = Names::of(&loaded.spec);
    let targets = planned.observed.iter();
    let targets: BTreeMap<String, &Target> = targets
        .map(|(target, _)| (names.address(target), target))
        .collect();
    let mut histories = Histories::default();
    for one in drifted.iter_mut() {
        let Some(target) = targets.get(&one.change.target) else {
            continue;
        };
        let Some(looked) = looked_up(target) else {
            continue;
        };
        let thing = (target.account().clone(), looked);
        let calls = histories.of(printer, planned, thing, &one.left).await;
        let changes = events(target.kind());
        let mut since = calls.iter().filter(|call| {
            changes.contains(call.event.as_str())
                && to_the_second(&call.at) > to_the_second(&one.left)
        });
        one.by = since.next().map(|call| ChangedBy {
            who: call.who.clone(),
            at: call.at.clone(),
            event: call.event.clone(),
        });
    }
    printer.clear_status();
    histories.say(printer, &names);
    let unknown = drifted.iter().filter(|one| one.by.is_none()).count();
    if unknown > 0 && histories.failed.is_empty() {
        let things = s3ferry_render::plural(unknown as u64, "change");
        printer.message(&format!(
            "CloudTrail's event history, which is minutes late and goes back 90 days, does not say who made {things}."
        ));
    }
}

/// A time as far as both tell it: what a run wrote in the same second is its own.
fn to_the_second(time: &str) -> &str {
    time.get(..19).unwrap_or(time)
}

/// What was looked up so far.
#[derive(Default)]
struct Histories {
    known: BTreeMap<Thing, Vec<PastCall>>,
    failed: BTreeMap<AccountId, PortError>,
    left_out: BTreeSet<Thing>,
}

impl Histories {
    /// The calls about a thing since a time, newest first; nothing where it cannot be known.
    async fn of(
        &mut self,
        printer: &Printer,
        planned: &Planned,
        thing: Thing,
        since: &str,
    ) -> Vec<PastCall> {
        if let Some(known) = self.known.get(&thing) {
            return known.clone();
        }
        if self.failed.contains_key(&thing.0) {
            return Vec::new();
        }
        if self.known.len() >= MOST {
            self.left_out.insert(thing);
            return Vec::new();
        }
        printer.status("asking CloudTrail who changed what");
        let mut found = Vec::new();
        let (account, Looked { region, names }) = &thing;
        for name in names {
            if !self.known.is_empty() || !found.is_empty() {
                tokio::time::sleep(TURN).await;
            }
            match planned.cloud.history(account, region, name, since).await {
                Ok(calls) => found.extend(calls),
                Err(error) => {
                    self.failed.insert(account.clone(), error);
                    break;
                }
            }
        }
        found.sort_by(|one, other| other.at.cmp(&one.at));
        self.known.insert(thing, found.clone());
        found
    }

    /// Says of each account once why its history is not told, and how many things were too many.
    fn say(&self, printer: &Printer, names: &Names) {
        for (account, error) in &self.failed {
            let name = names.account(account, None);
            let why = match error.class {
                Class::Denied => "the caller needs cloudtrail:LookupEvents".to_owned(),
                _ => error.to_string(),
            };
            printer.message(&format!("who made changes in {name} is not told: {why}"));
        }
        if !self.left_out.is_empty() {
            let more = s3ferry_render::plural(self.left_out.len() as u64, "thing");
            printer.message(&format!(
                "who changed {more} more was not asked: CloudTrail takes two calls a second"
            ));
        }
    }
}
