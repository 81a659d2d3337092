//! Alarms of one rule that change alike, drawn as one: what they have in common once, and of each what is its own. Nothing of any
//! of them is left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use s3ferry_core::format::Change;
use serde_json::Value;

use crate::detail::{Line, Sign, changed_leaves, details, in_columns, leaf_lines, sign};
use crate::json::compact;
use crate::leaf::Leaf;
use crate::view::{Verb, warnings};
use crate::words::count;

/// The kind of what is drawn together.
const KIND: &str = "metric alarm";

/// Changes that are drawn as one; most often a single one.
pub(crate) struct Bundle<'a> {
    /// What is said of it holds of all.
    pub(crate) first: &'a Change,
    more: Vec<&'a Change>,
}

/// What alarms have in common that are drawn together: their account, their rule, and all that is said of them besides.
type Alike<'a> = (&'a str, &'a str, Verb, u8, &'a [String], Vec<String>);

/// The changes, those that are drawn as one together, where the first of them stands.
pub(crate) fn bundles<'a>(changes: &[&'a Change]) -> Vec<Bundle<'a>> {
    let mut bundles: Vec<Bundle<'a>> = Vec::new();
    // Alarms of one rule stand in two Regions, and so not all together.
    let mut places: BTreeMap<Alike<'a>, usize> = BTreeMap::new();
    for change in changes {
        let place = alike(change).map(|alike| *places.entry(alike).or_insert(bundles.len()));
        match place.and_then(|place| bundles.get_mut(place)) {
            Some(bundle) => bundle.more.push(change),
            None => bundles.push(Bundle::alone(change)),
        }
    }
    bundles
}

fn alike(change: &Change) -> Option<Alike<'_>> {
    if change.kind != KIND {
        return None;
    }
    let (account, _, rule, _) = parts(&change.address)?;
    let (verb, reason) = (Verb::of(change), change.reason as u8);
    Some((
        account,
        rule,
        verb,
        reason,
        &change.migrations,
        warnings(change),
    ))
}

/// The account, the Region, the rule and the last part of the address of an alarm.
fn parts(address: &str) -> Option<(&str, &str, &str, &str)> {
    let (account, rest) = address.split_once("/alarm/")?;
    let (region, name) = rest.split_once('/')?;
    let (rule, metric) = name.rsplit_once('/')?;
    Some((account, region, rule, metric))
}

impl<'a> Bundle<'a> {
    /// A change by itself.
    pub(crate) const fn alone(change: &'a Change) -> Self {
        Self {
            first: change,
            more: Vec::new(),
        }
    }

    /// How many changes it is.
    pub(crate) const fn len(&self) -> usize {
        1 + self.more.len()
    }

    /// The address; of several, with stars for what differs.
    pub(crate) fn address(&self) -> Cow<'_, str> {
        match parts(&self.first.address) {
            Some((account, _, rule, _)) if !self.more.is_empty() => {
                Cow::Owned(format!("{account}/alarm/*/{rule}/*"))
            }
            Some(_) | None => Cow::Borrowed(&self.first.address),
        }
    }

    /// The kind; of several, with their number.
    pub(crate) fn kind(&self) -> Cow<'_, str> {
        if self.more.is_empty() {
            Cow::Borrowed(&self.first.kind)
        } else {
            Cow::Owned(count(self.len(), &self.first.kind))
        }
    }

    /// The lines; of several what is common, then each with its own.
    pub(crate) fn details(&self, width: usize) -> Vec<Line> {
        if self.more.is_empty() {
            return details(self.first, width);
        }
        let changes = || std::iter::once(&self.first).chain(&self.more);
        let all: Vec<Vec<Leaf<'_>>> = changes().map(|of| changed_leaves(of)).collect();
        let is_common = |leaf: &Leaf<'_>| all.iter().all(|leaves| leaves.contains(leaf));
        let mut lines = Vec::new();
        for leaf in all.first().into_iter().flatten().filter(|of| is_common(of)) {
            leaf_lines(&mut lines, leaf, width);
        }
        in_columns(&mut lines);
        for (change, leaves) in changes().zip(&all) {
            let own: Vec<&Leaf<'_>> = leaves.iter().filter(|leaf| !is_common(leaf)).collect();
            lines.extend(own_lines(change, &own));
        }
        lines
    }
}

fn own_lines(change: &Change, own: &[&Leaf<'_>]) -> [Line; 2] {
    let name = match parts(&change.address) {
        Some((_, region, _, metric)) => format!("{metric} in {region}:"),
        None => change.address.clone(),
    };
    let mut own = own.to_vec();
    // What it measures comes first, and what it says in words last.
    let place = |leaf: &&Leaf<'_>| {
        let order = [
            "metric",
            "statistic",
            "threshold",
            "evaluation_periods",
            "datapoints",
        ];
        let known = order.iter().position(|name| *name == leaf.path);
        let last = matches!(leaf.path.as_str(), "description" | "alarm_actions");
        (
            known.unwrap_or(order.len() + usize::from(last)),
            leaf.path.clone(),
        )
    };
    own.sort_by_key(place);
    let texts: Vec<String> = own.iter().map(|leaf| said(leaf)).collect();
    let sign = match Verb::of(change) {
        Verb::Create => Sign::Add,
        Verb::Delete => Sign::Remove,
        Verb::Update | Verb::Replace | Verb::Prove => Sign::Change,
    };
    let line = |depth, label, text| Line {
        sign,
        depth,
        label,
        align: 0,
        text,
    };
    [
        line(0, name, String::new()),
        line(1, String::new(), texts.join("; ")),
    ]
}

fn said(leaf: &Leaf<'_>) -> String {
    let value = |value: &Value| compact(value);
    match sign(leaf) {
        Sign::Add => format!("{} {}", leaf.path, value(leaf.after)),
        Sign::Remove => format!("{} {}", leaf.path, value(leaf.before)),
        Sign::Change | Sign::Same => {
            format!(
                "{} {} -> {}",
                leaf.path,
                value(leaf.before),
                value(leaf.after)
            )
        }
    }
}
