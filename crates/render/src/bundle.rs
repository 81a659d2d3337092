//! Alarms of one rule that change alike, drawn as one: what they have in common once, and of each what is its own. Nothing of any
//! of them is left out.

use s3ferry_core::format::Change;
use serde_json::Value;

use crate::detail::{Line, Sign, changed_leaves, in_columns, leaf_lines, sign};
use crate::json::compact;
use crate::leaf::Leaf;
use crate::view::{Verb, warnings};

/// The kind of what is drawn together.
const KIND: &str = "metric alarm";

/// Changes that are drawn as one; most often a single one.
pub(crate) struct Bundle<'a> {
    /// At least one.
    pub(crate) changes: Vec<&'a Change>,
}

/// The changes, those that are drawn as one together, where the first of them stands.
pub(crate) fn bundles<'a>(changes: &[&'a Change]) -> Vec<Bundle<'a>> {
    let mut bundles: Vec<Bundle<'a>> = Vec::new();
    for change in changes {
        let fits = |bundle: &&mut Bundle<'a>| {
            let first = bundle.changes.first();
            first.is_some_and(|first| goes_with(first, change))
        };
        // Alarms of one rule stand in two Regions, and so not all together.
        let is_alarm = change.kind == KIND;
        match bundles.iter_mut().find(fits).filter(|_| is_alarm) {
            Some(bundle) => bundle.changes.push(change),
            None => bundles.push(Bundle {
                changes: vec![change],
            }),
        }
    }
    bundles
}

fn goes_with(one: &Change, other: &Change) -> bool {
    let alike = one.kind == KIND
        && other.kind == KIND
        && Verb::of(one) == Verb::of(other)
        && one.reason == other.reason
        && one.migrations == other.migrations
        && warnings(one) == warnings(other);
    alike && of_rule(&one.address).is_some() && of_rule(&one.address) == of_rule(&other.address)
}

/// The account, the Region, the rule and the last part of the address of an alarm.
fn parts(address: &str) -> Option<(&str, &str, &str, &str)> {
    let (account, rest) = address.split_once("/alarm/")?;
    let (region, name) = rest.split_once('/')?;
    let (rule, metric) = name.rsplit_once('/')?;
    Some((account, region, rule, metric))
}

fn of_rule(address: &str) -> Option<(&str, &str)> {
    parts(address).map(|(account, _, rule, _)| (account, rule))
}

impl Bundle<'_> {
    /// What they are called together, where there are several: their addresses with stars for what differs.
    pub(crate) fn address(&self) -> Option<String> {
        let first = self.changes.first().filter(|_| self.changes.len() > 1)?;
        let (account, rule) = of_rule(&first.address)?;
        Some(format!("{account}/alarm/*/{rule}/*"))
    }

    /// The lines of several: what is common, then each with its own.
    pub(crate) fn details(&self, width: usize) -> Vec<Line> {
        let all: Vec<Vec<Leaf<'_>>> = self.changes.iter().map(|of| changed_leaves(of)).collect();
        let is_common = |leaf: &Leaf<'_>| all.iter().all(|leaves| leaves.contains(leaf));
        let mut lines = Vec::new();
        for leaf in all.first().into_iter().flatten().filter(|of| is_common(of)) {
            leaf_lines(&mut lines, leaf, width);
        }
        in_columns(&mut lines);
        for (change, leaves) in self.changes.iter().zip(&all) {
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
