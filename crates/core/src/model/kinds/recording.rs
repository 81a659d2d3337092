//! What is true of the event selectors of a trail as a target, and the parts of them that a reviewer reads.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size,
    Writes, nothing_linked,
};
use super::part::Part;
use super::selectors::{AdvancedSelector, EventSelectors, Selector};
use crate::format::{Action, RiskLevel, UndoKind};
use crate::model::links::Link;
use crate::model::target::{Service, Target};

const PUT: &[Call] = &[Call::of(
    "PutEventSelectors",
    &[Need::place("cloudtrail:PutEventSelectors")],
)];

pub(super) const SELECTORS: Facts = Facts {
    name: "event selectors",
    path: "/selectors",
    service: Service::CloudTrail,
    read: &[Call::of(
        "GetEventSelectors",
        &[Need::place("cloudtrail:GetEventSelectors")],
    )],
    // A trail always has some, and goes with them.
    write: Some(Writes {
        create: PUT,
        update: PUT,
        delete: PUT,
    }),
    guarded: false,
    marked: Marked::ByItem,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Defaults,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_selectors,
};

fn of_selectors(change: &Change<'_>) -> Consequences {
    // aws.amazon.com/cloudtrail/pricing, "Data events delivered to S3", read 2026-09.
    let price = "Data events are billed, at 0.10 USD per 100,000: every read and write of an object is one, and replication's are among \
                 them.";
    match change.action {
        Action::Create | Action::Update => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &[price, "The trail's bucket gets them some 5 minutes later."],
        ),
        Action::Delete => Consequences::of(
            UndoKind::Partial,
            "what happens meanwhile is not recorded",
            RiskLevel::Medium,
            &["Files that are there stay."],
        ),
        Action::Prove => Consequences::none(),
    }
}

impl Holding for EventSelectors {
    fn canonical(&self) -> Value {
        let sort = match self {
            Self::Basic(_) => "basic",
            Self::Advanced(_) => "advanced",
        };
        json!({ sort: self.meanings() })
    }

    fn view(&self) -> Value {
        let all: Vec<Value> = self.all().iter().map(Selector::meaning).collect();
        json!({ "selectors": all })
    }

    /// By their names, or by their places where they have none, or share it.
    fn parts(&self) -> Option<Parts> {
        let mut named: BTreeSet<String> = BTreeSet::new();
        let all = self.all().into_iter().enumerate();
        let part = |(at, of): (usize, Selector)| {
            let name = match &of {
                Selector::Advanced(AdvancedSelector {
                    name: Some(name), ..
                }) if named.insert(name.clone()) => name.clone(),
                Selector::Basic(_) | Selector::Advanced(_) => (at + 1).to_string(),
            };
            (format!("/{name}"), Part::Selector(Box::new(of)))
        };
        Some(all.map(part).collect())
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}
