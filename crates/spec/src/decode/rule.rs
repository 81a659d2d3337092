//! Replication rules: what S3 refuses in one rule, and in the rules of one migration.

use std::collections::BTreeMap;

use s3ferry_core::ids::{Arn, RuleName};
use s3ferry_core::spec::{
    Account, Create, DeleteMarkers, Encryption, KmsSelection, RuleSpec, StorageClass,
};

use super::keys::{self, Side};
use super::view::View;
use crate::report::{Report, Span};
use crate::table::contract::{MOST_TAGS, RULE};
use crate::yaml::{Kind, Node};

/// A rule and where its name and filter are.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) rule: RuleSpec,
    pub(super) id_at: Span,
    pub(super) filter_at: Span,
}

/// What a rule needs to know about its migration; what is `None` was told.
pub(super) struct Context<'c> {
    pub(super) source: Option<&'c Account>,
    pub(super) destination: Option<&'c Account>,
    pub(super) create: Option<&'c Create>,
}

/// The rules of a migration; all of them, or `None`.
pub(super) fn rules(
    report: &mut Report<'_>,
    view: &View<'_>,
    context: &Context<'_>,
) -> Option<Vec<Placed>> {
    let decoded: Vec<Option<Placed>> = view
        .node()
        .items()
        .iter()
        .map(|item| rule(report, item, context))
        .collect();
    let unique = unique_names(report, decoded.iter().flatten());
    let rules: Vec<Placed> = decoded.into_iter().collect::<Option<_>>()?;
    if !unique || rules.is_empty() {
        return None;
    }
    shadowed(report, &rules);
    Some(rules)
}

fn rule(report: &mut Report<'_>, item: &Node, context: &Context<'_>) -> Option<Placed> {
    if matches!(item.kind, Kind::Bad) {
        return None;
    }
    let at = item.entries().first().map_or(item.at, |entry| entry.key_at);
    let view = View::alone(item, &RULE, at);
    let id = view.require(report, "id");
    let delete_markers = view.require(report, "delete_markers");
    let prefix = prefix(report, &view);
    let tags = tags(report, &view);
    if let (Some(tags), Some(markers)) = (&tags, &delete_markers) {
        markers_with_tags(report, tags, markers)?;
    }
    let kms = kms(report, &view, context);
    let storage_class = match view.optional("storage_class")? {
        Some(class) => Some(class.one_of(StorageClass::ALL, StorageClass::as_str)?),
        None => None,
    };
    let id = id?;
    let name = name(report, &id)?;
    let prefix = prefix?;
    let rule = RuleSpec {
        name,
        prefix: prefix.0,
        tags: tags?,
        delete_markers: markers(&delete_markers?)?,
        storage_class,
        time_control: view.bool_or("time_control", false)?,
        kms: kms?,
        replica_modifications: view.bool_or("replica_modifications", false)?,
        enabled: view.bool_or("enabled", true)?,
    };
    Some(Placed {
        rule,
        id_at: id.place(),
        filter_at: prefix.1.unwrap_or(id.place()),
    })
}

/// The name of a rule. Those that prove alarms are s3ferry's own.
fn name(report: &mut Report<'_>, id: &View<'_>) -> Option<RuleName> {
    let name = RuleName::new(id.text()?).ok()?;
    if !name.is_of_a_proof() {
        return Some(name);
    }
    let reserved = RuleName::OF_PROOFS;
    report.error(
        "bad-value",
        id.place(),
        format!(
            "rules whose ids begin with `{reserved}` are s3ferry's own: it proves alarms with them"
        ),
        "give the rule another id",
    );
    None
}

fn markers(view: &View<'_>) -> Option<DeleteMarkers> {
    view.one_of(DeleteMarkers::ALL, DeleteMarkers::as_str)
}

fn prefix(report: &mut Report<'_>, view: &View<'_>) -> Option<(String, Option<Span>)> {
    let Some(prefix) = view.optional("prefix")? else {
        return Some((String::new(), None));
    };
    let (text, at) = (prefix.text()?, prefix.place());
    if text.ends_with('*') {
        report.warning(
            "prefix-pattern",
            at,
            format!("the prefix `{text}` ends with a star, and prefixes are not patterns"),
            format!(
                "write `{}`, unless keys really have a star there",
                text.trim_end_matches('*')
            ),
        );
    } else if let Some(rest) = text.strip_prefix('/') {
        report.warning(
            "prefix-slash",
            at,
            format!("the prefix `{text}` begins with a slash, and keys rarely do"),
            format!("write `{rest}`, unless keys really begin with a slash"),
        );
    }
    Some((text.to_owned(), Some(at)))
}

fn tags(report: &mut Report<'_>, view: &View<'_>) -> Option<BTreeMap<String, String>> {
    let Some(tags) = view.optional("tags")? else {
        return Some(BTreeMap::new());
    };
    let entries = tags.node().entries();
    if entries.len() > MOST_TAGS {
        report.error(
            "tag-count",
            tags.at,
            format!(
                "the filter asks for {} tags, and an object has at most {MOST_TAGS}",
                entries.len()
            ),
            "no object can match: ask for fewer tags, or write one rule for each combination",
        );
        return None;
    }
    entries
        .iter()
        .map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned())))
        .collect()
}

/// BC:s3 DeleteMarkerReplication: not with a tag in the filter.
fn markers_with_tags(
    report: &mut Report<'_>,
    tags: &BTreeMap<String, String>,
    markers: &View<'_>,
) -> Option<()> {
    if tags.is_empty() || markers.text() != Some("mirror") {
        return Some(());
    }
    report.error(
        "delete-markers-with-tags",
        markers.place(),
        "delete markers cannot be mirrored by a rule that filters by tags",
        "write `delete_markers: keep`, or select by `prefix` alone: a delete marker has no tags, so S3 refuses the rule \
         (\"Delete marker replication is not supported if any Tag filter is specified\")",
    );
    None
}

/// The outer `None` means that a diagnostic was given.
#[expect(
    clippy::option_option,
    reason = "nothing selected and a mistake are two answers"
)]
fn kms(
    report: &mut Report<'_>,
    view: &View<'_>,
    context: &Context<'_>,
) -> Option<Option<KmsSelection>> {
    let Some(view) = view.optional("source_kms")? else {
        return Some(None);
    };
    if matches!(view.node().kind, Kind::Bool(false)) {
        return Some(None);
    }
    let source_keys = source_keys(report, &view, context.source);
    let replica_key = replica_key(report, &view, context);
    Some(Some(KmsSelection {
        source_keys: source_keys?,
        replica_key: replica_key?,
    }))
}

fn source_keys(
    report: &mut Report<'_>,
    view: &View<'_>,
    source: Option<&Account>,
) -> Option<Vec<Arn>> {
    let mut keys: Vec<Option<Arn>> = Vec::new();
    for item in view.require(report, "keys")?.node().items() {
        let key = item
            .text()
            .and_then(|text| keys::key(report, text, item.at, Side::Source, source));
        if let Some(key) = key
            .as_ref()
            .filter(|key| keys.iter().flatten().any(|known| known == *key))
        {
            report.error(
                "listed-twice",
                item.at,
                format!("the key `{key}` is listed twice"),
                "keep one of the two",
            );
            keys.push(None);
        } else {
            keys.push(key);
        }
    }
    keys.into_iter().collect()
}

fn replica_key(report: &mut Report<'_>, view: &View<'_>, context: &Context<'_>) -> Option<Arn> {
    if let Some(given) = view.optional("replica_key")? {
        return keys::key(
            report,
            given.text()?,
            given.place(),
            Side::Destination,
            context.destination,
        );
    }
    let create = context.create?;
    if let Create::Yes(Encryption::SseKms { key, .. }) = create {
        return Some(key.clone());
    }
    report.error(
        "replica-key",
        view.at,
        "`source_kms` does not say which key replicas are encrypted with",
        "write `replica_key: ARN` with a key of the destination account and Region; it can be left out only where \
         `destination.encryption` names a `kms_key`",
    );
    None
}

fn unique_names<'p>(report: &mut Report<'_>, rules: impl Iterator<Item = &'p Placed>) -> bool {
    let mut first: BTreeMap<&RuleName, Span> = BTreeMap::new();
    let mut unique = true;
    for placed in rules {
        let Some(earlier) = first.insert(&placed.rule.name, placed.id_at) else {
            continue;
        };
        unique = false;
        let earlier = report.name(earlier);
        report.error(
            "rule-id-twice",
            placed.id_at,
            format!("two rules have the id `{}`; the first is at {earlier}", placed.rule.name),
            "give each rule of a migration its own id: it is what metrics and alarms tell rules apart by",
        );
    }
    unique
}

/// A rule that never acts, because an earlier one of the same destination takes all of its objects.
fn shadowed(report: &mut Report<'_>, rules: &[Placed]) {
    for (index, later) in rules.iter().enumerate() {
        let takes_all = |earlier: &&Placed| {
            let (wide, narrow) = (&earlier.rule, &later.rule);
            let tags = wide
                .tags
                .iter()
                .all(|(key, value)| narrow.tags.get(key) == Some(value));
            let same = wide.prefix == narrow.prefix && wide.tags == narrow.tags;
            wide.enabled && narrow.prefix.starts_with(&wide.prefix) && tags && !same
        };
        if let Some(earlier) = rules[..index].iter().find(takes_all) {
            let name = &earlier.rule.name;
            report.warning(
                "shadowed-rule",
                later.id_at,
                format!(
                    "the rule `{}` never acts: `{name}` before it takes all of its objects",
                    later.rule.name
                ),
                format!(
                    "put `{}` before `{name}`: the first rule that matches counts",
                    later.rule.name
                ),
            );
        }
    }
}
