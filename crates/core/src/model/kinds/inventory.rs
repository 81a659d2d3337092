//! A bucket's inventory configurations: all of them, each by its ID.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size,
    Writes,
};
use super::listing::Inventory;
use super::part::Part;
use crate::format::{Action, RiskLevel, UndoKind};
use crate::ids::BucketName;
use crate::model::links::Link;
use crate::model::target::{Service, Target};

/// The inventory configurations of a bucket by their IDs; a bucket without any has no such document.
pub type Inventories = BTreeMap<String, Inventory>;

const PUT: Call = Call::of(
    "PutBucketInventoryConfiguration",
    &[Need::place("s3:PutInventoryConfiguration")],
);

/// One action is for both ways to take it away (BC:s3 DeleteBucketInventoryConfiguration).
const DELETE: Call = Call::of(
    "DeleteBucketInventoryConfiguration",
    &[Need::place("s3:PutInventoryConfiguration")],
);

pub(super) const INVENTORY: Facts = Facts {
    name: "inventory configurations",
    path: "/inventory",
    service: Service::S3,
    read: &[Call::of(
        "ListBucketInventoryConfigurations",
        &[Need::place("s3:GetInventoryConfiguration")],
    )],
    write: Some(Writes {
        create: &[PUT],
        update: &[PUT, DELETE],
        delete: &[DELETE],
    }),
    guarded: false,
    marked: Marked::ByItem,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Never,
    size: Size::Free,
    settled: Settled::AT_ONCE,
    consequences: of_inventory,
};

fn of_inventory(change: &Change<'_>) -> Consequences {
    match change.action {
        Action::Create => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &["Each list is billed by the objects that it names."],
        ),
        Action::Update => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &["The next list is the first that is so; lists that are there stay."],
        ),
        Action::Delete => Consequences::of(
            UndoKind::Exact,
            "",
            RiskLevel::Low,
            &["Lists that are there stay."],
        ),
        Action::Prove => Consequences::none(),
    }
}

impl Holding for Inventories {
    fn canonical(&self) -> Value {
        let meaning = self.iter().map(|(id, of)| (id.clone(), of.meaning()));
        json!(meaning.collect::<BTreeMap<_, _>>())
    }

    fn view(&self) -> Value {
        self.canonical()
    }

    fn parts(&self) -> Option<Parts> {
        let part = |(id, of): (&String, &Inventory)| {
            let part = Part::Inventory(id.clone(), Box::new(of.clone()));
            (format!("/{id}"), part)
        };
        Some(self.iter().map(part).collect())
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        let buckets: BTreeSet<BucketName> = self.values().filter_map(Inventory::to).collect();
        let links = buckets.into_iter().flat_map(|bucket| {
            Link::of_delivery(
                bucket,
                "a bucket takes inventories before another one's go there",
                "a bucket's inventories end before they are no longer taken",
            )
        });
        links.collect()
    }
}
