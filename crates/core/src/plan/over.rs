//! A write over another document than it was planned from: what the step changes, changed in what is there. For documents of which
//! each spec has its own items, where two applies work at once and one wrote after the other had looked.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::WriteStep;
use crate::merge::{RULE_LIMIT, fits_while_grown, with_priorities};
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{
    Inventories, Inventory, Notification, Notifications, Policy, ReplicationConfiguration,
};
use crate::model::{BucketPart, Document, KeyPart, RolePart, Target, same};
use crate::ownership::{mark_of_sid, spec_of_configuration, spec_of_rule};
use crate::policy::{PolicyDocument, Statement};

/// The items of a document by name, each with what it means.
type Items = BTreeMap<String, String>;

impl WriteStep {
    /// Whether all that a document holds otherwise than before and after the step is other specs': items with the mark of a spec,
    /// that are not the step's own. Where items of the step's own spec are otherwise that it leaves as they are, the answer is an old
    /// one, or somebody changed them.
    #[must_use]
    pub fn differs_by_other_specs(&self, live: Option<&Document>) -> bool {
        let Some([before, live, after]) = self.items(live) else {
            return false;
        };
        let is_known = |(name, item): (&String, &String)| {
            before.get(name) == Some(item) || after.get(name) == Some(item)
        };
        let is_own = |name: &String| before.get(name) != after.get(name);
        let names = before.keys().chain(after.keys());
        let own: BTreeSet<&str> = names
            .filter(|name| is_own(name))
            .filter_map(|name| mark(name))
            .collect();
        let came = live.iter().filter(|found| !is_known(*found));
        let gone = before.keys().chain(after.keys());
        let gone = gone.filter(|name| !live.contains_key(*name) && !is_own(name));
        let is_others = |name: &String| mark(name).is_some_and(|of| !own.contains(of));
        came.map(|(name, _)| name)
            .all(|name| is_others(name) && !is_own(name))
            && gone.into_iter().all(is_others)
    }

    /// The step over another document than it was planned from: it changes what it was to change and leaves the rest. None where
    /// somebody changed just that, or where the two do not go together.
    #[must_use]
    pub fn over(&self, live: Option<&Document>) -> Option<Self> {
        let [before, found, after] = self.items(live)?;
        let changes = |name: &&String| before.get(*name) != after.get(*name);
        let own: BTreeSet<&String> = before.keys().chain(after.keys()).filter(changes).collect();
        let is_free = |name: &&String| {
            let held = found.get(*name);
            held.is_none() || held == before.get(*name) || held == after.get(*name)
        };
        if own.is_empty() || !own.iter().all(is_free) {
            return None;
        }
        let open = |name: &&&String| found.get(**name) != after.get(**name);
        let open: BTreeSet<&str> = own.iter().filter(open).map(|name| name.as_str()).collect();
        let after = if open.is_empty() && self.goes_with(live) {
            live.cloned()
        } else {
            self.changed(live, &open)?
        };
        Some(Self {
            before: live.cloned(),
            after,
            ..self.clone()
        })
    }

    /// Whether a document has all of what the step brings and nothing of what it takes away, whatever else it has.
    #[must_use]
    pub fn is_within(&self, live: Option<&Document>) -> bool {
        let over = self.over(live);
        over.is_some_and(|over| same(over.before.as_ref(), over.after.as_ref()))
    }

    /// Whether a document holds what neither the step found nor what it leaves, and that has no mark of a spec: somebody's, so to
    /// say, where it is not an old answer.
    #[must_use]
    pub fn shows_somebodys(&self, live: Option<&Document>) -> bool {
        let is_neither = !same(live, self.before.as_ref()) && !same(live, self.after.as_ref());
        let Some([before, live, after]) = self.items(live) else {
            return is_neither;
        };
        let names = before.keys().chain(live.keys()).chain(after.keys());
        let mut names = names.filter(|name| !is_marked(name));
        is_neither
            && names.any(|name| {
                let held = live.get(name);
                held != before.get(name) && held != after.get(name)
            })
    }

    /// The items before the step, of another document, and after the step; none where the kind of document has none.
    fn items(&self, live: Option<&Document>) -> Option<[Items; 3]> {
        let has_items = matches!(
            self.target,
            Target::Bucket(
                _,
                BucketPart::Policy
                    | BucketPart::Replication
                    | BucketPart::Inventory
                    | BucketPart::Notifications
            ) | Target::Role(_, RolePart::Policy)
                | Target::Key(_, KeyPart::Policy)
        );
        if !has_items {
            return None;
        }
        Some([
            items(self.before.as_ref())?,
            items(live)?,
            items(self.after.as_ref())?,
        ])
    }

    /// Whether the rules of a document run under the role that the step's do.
    fn goes_with(&self, live: Option<&Document>) -> bool {
        match (live, &self.after) {
            (Some(Document::Replication(live)), Some(Document::Replication(after))) => {
                live.role == after.role
            }
            (_, _) => true,
        }
    }

    /// A document with the step's items of these names as they are after it.
    fn changed(&self, live: Option<&Document>, open: &BTreeSet<&str>) -> Option<Option<Document>> {
        match &self.target {
            Target::Bucket(_, BucketPart::Replication) => {
                let of = |document: Option<&Document>| match document {
                    Some(Document::Replication(held)) => Some(held.clone()),
                    Some(_) | None => None,
                };
                let after = of(self.after.as_ref());
                rules(of(live), after, open).map(|held| held.map(Document::Replication))
            }
            Target::Region(_, _) | Target::Alarm(_) | Target::Topic(_) => None,
            Target::Trail(_, _) => None,
            Target::Bucket(_, BucketPart::Inventory) => {
                let of = |document: Option<&Document>| match document {
                    Some(Document::Inventories(held)) => held.clone(),
                    Some(_) | None => Inventories::new(),
                };
                let changed = inventories(of(live), of(self.after.as_ref()), open);
                Some((!changed.is_empty()).then_some(Document::Inventories(changed)))
            }
            Target::Bucket(_, BucketPart::Notifications) => {
                let of = |document: Option<&Document>| match document {
                    Some(Document::Notifications(held)) => held.clone(),
                    Some(_) | None => Notifications::default(),
                };
                let changed = notifications(of(live), of(self.after.as_ref()), open)?;
                Some(changed.unless_empty().map(Document::Notifications))
            }
            Target::Bucket(_, _)
            | Target::Role(_, _)
            | Target::Account(_, _)
            | Target::Key(_, _) => {
                let sample = live.or(self.after.as_ref())?;
                let after = self.after.as_ref().and_then(Document::policy_document);
                let changed = statements(live.and_then(Document::policy_document), after, open)?;
                if changed.is_empty() {
                    return Some(None);
                }
                let document = sample.with_policy(Policy::from(changed));
                fits_while_grown(&document).ok()?;
                Some(Some(document))
            }
        }
    }
}

fn is_marked(name: &str) -> bool {
    mark(name).is_some()
}

/// What says in the name of an item which spec it is of.
fn mark(name: &str) -> Option<&str> {
    mark_of_sid(name)
        .or_else(|| spec_of_rule(name))
        .or_else(|| spec_of_configuration(name))
}

/// The items of a document; none where it cannot be read, or holds what cannot be written back.
fn items(document: Option<&Document>) -> Option<Items> {
    match document {
        None => Some(Items::new()),
        Some(Document::Replication(held)) => {
            let writable = |rule: &Rule| !rule.is_legacy() && rule.existing_objects.is_none();
            if !held.unmodelled.is_empty() || !held.rules.iter().all(writable) {
                return None;
            }
            let item = |rule: &Rule| Some((rule.id.clone()?, rule.meaning().to_json().to_string()));
            held.rules.iter().map(item).collect()
        }
        Some(Document::Inventories(held)) => {
            let item = |(id, of): (&String, &Inventory)| (id.clone(), of.meaning().to_string());
            Some(held.iter().map(item).collect())
        }
        Some(Document::Notifications(held)) => {
            let item = |(id, of): (&String, &Notification)| (id.clone(), of.meaning().to_string());
            Some(held.by_id.iter().map(item).collect())
        }
        Some(document) => {
            let named = document.policy_document()?.named().into_iter();
            Some(
                named
                    .map(|(name, statement)| (name, statement.canonical().to_json().to_string()))
                    .collect(),
            )
        }
    }
}

/// The inventories with those of these IDs as they are after the step.
fn inventories(mut live: Inventories, after: Inventories, open: &BTreeSet<&str>) -> Inventories {
    live.retain(|id, _| !open.contains(id.as_str()));
    let changed = after.into_iter();
    live.extend(changed.filter(|(id, _)| open.contains(id.as_str())));
    live
}

/// The same of who hears of events; none where what comes would hear of what somebody hears of already, which S3 refuses.
fn notifications(
    mut live: Notifications,
    after: Notifications,
    open: &BTreeSet<&str>,
) -> Option<Notifications> {
    live.by_id.retain(|id, _| !open.contains(id.as_str()));
    for (id, one) in after.by_id {
        if open.contains(id.as_str()) {
            let mut others = live.by_id.values();
            if others.any(|other| one.overlaps(other).is_some()) {
                return None;
            }
            live.by_id.insert(id, one);
        }
    }
    Some(live)
}

fn statements(
    live: Option<&PolicyDocument>,
    after: Option<&PolicyDocument>,
    open: &BTreeSet<&str>,
) -> Option<PolicyDocument> {
    let empty = PolicyDocument::empty();
    let after = after.unwrap_or(&empty).named().into_iter();
    let new: Vec<Statement> = after
        .filter(|(name, _)| open.contains(name.as_str()))
        .map(|(_, statement)| statement.clone())
        .collect();
    let come: BTreeSet<&str> = new.iter().filter_map(Statement::sid).collect();
    if come.len() < new.len() {
        return None; // Ours have a Sid each.
    }
    let goes = |name: &str| open.contains(name) && !come.contains(name);
    let kept = live.unwrap_or(&empty).without_named(goes);
    kept.merged(&new, |_| false).ok()
}

fn rules(
    live: Option<ReplicationConfiguration>,
    after: Option<ReplicationConfiguration>,
    open: &BTreeSet<&str>,
) -> Option<Option<ReplicationConfiguration>> {
    let is_open = |rule: &Rule| rule.id.as_deref().is_some_and(|id| open.contains(id));
    let of_step = after.as_ref().map_or(&[][..], |after| &after.rules);
    let mut new: Vec<Rule> = of_step
        .iter()
        .filter(|rule| is_open(rule))
        .cloned()
        .collect();
    new.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
    let mut kept = live.as_ref().map_or(Vec::new(), |live| live.rules.clone());
    kept.retain(|rule| !is_open(rule));
    let role = match (&live, &after) {
        (Some(live), Some(after)) if live.role != after.role && !kept.is_empty() => return None,
        (_, Some(after)) => after.role.clone(),
        (Some(live), None) => live.role.clone(),
        (None, None) => return Some(None),
    };
    let numbered = with_priorities(&new, of_step, &kept);
    kept.extend(numbered);
    if kept.len() > RULE_LIMIT {
        return None;
    }
    let changed = ReplicationConfiguration {
        role,
        rules: kept,
        unmodelled: Vec::new(),
    };
    Some((!changed.rules.is_empty()).then_some(changed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AccountId, BucketName, MigrationName, Region, RuleName, SpecName};
    use crate::model::BucketRef;
    use crate::model::kinds::replication::{Filter, RuleDestination, Status};
    use crate::ownership::Markers;
    use crate::plan::Stage;

    fn target(part: BucketPart) -> Target {
        let bucket = BucketRef {
            account: AccountId::new("222222222222").unwrap(),
            region: Region::new("eu-west-1").unwrap(),
            bucket: BucketName::new("lake").unwrap(),
        };
        Target::Bucket(bucket, part)
    }

    fn markers(spec: &str) -> Markers {
        Markers::of(&SpecName::new(spec).unwrap())
    }

    fn sid(spec: &str) -> String {
        markers(spec).sid_prefix(&MigrationName::new("orders").unwrap())
    }

    fn policy(sids: &[&str]) -> Option<Document> {
        let statement = |sid: &&str| {
            format!(
                r#"{{"Sid":"{sid}","Effect":"Deny","Principal":"*","Action":"s3:Put{}","Resource":"*"}}"#,
                sid.len()
            )
        };
        let statements: Vec<String> = sids.iter().map(statement).collect();
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
            statements.join(",")
        );
        Some(Document::BucketPolicy(Policy::read(text)))
    }

    fn rule(spec: &str, priority: i32) -> Rule {
        let id = markers(spec).rule_id(
            &MigrationName::new("orders").unwrap(),
            &RuleName::new("all").unwrap(),
        );
        Rule {
            id: Some(id),
            priority: Some(priority),
            legacy_prefix: None,
            filter: Some(Filter::Prefix(spec.to_owned())),
            status: Status::Enabled,
            source_selection: None,
            existing_objects: None,
            destination: Some(RuleDestination {
                bucket: "arn:aws:s3:::lake".to_owned(),
                account: None,
                storage_class: None,
                owner_override: None,
                replica_key: None,
                replication_time: None,
                metrics: None,
            }),
            delete_markers: None,
        }
    }

    fn configuration(role: &str, rules: &[Rule]) -> Option<Document> {
        Some(Document::Replication(ReplicationConfiguration {
            role: role.to_owned(),
            rules: rules.to_vec(),
            unmodelled: Vec::new(),
        }))
    }

    fn step(part: BucketPart, before: Option<Document>, after: Option<Document>) -> WriteStep {
        WriteStep {
            target: target(part),
            stage: Stage::Set,
            before,
            after,
            led: Vec::new(),
        }
    }

    #[test]
    fn what_another_spec_wrote_meanwhile_is_kept_beside_what_the_step_brings() {
        let (ours, theirs) = (sid("ours"), sid("others"));
        let step = step(
            BucketPart::Policy,
            policy(&["Base"]),
            policy(&["Base", &ours]),
        );
        let live = policy(&["Base", &theirs]);
        assert!(step.differs_by_other_specs(live.as_ref()));
        let over = step.over(live.as_ref()).unwrap();
        assert!(same(over.before.as_ref(), live.as_ref()));
        let both = policy(&["Base", &theirs, &ours]);
        assert!(same(over.after.as_ref(), both.as_ref()), "{over:#?}");
        assert!(step.is_within(both.as_ref()));
    }

    #[test]
    fn what_the_step_takes_away_goes_and_the_rest_stays() {
        let (ours, theirs) = (sid("ours"), sid("others"));
        let step = step(BucketPart::Policy, policy(&[&ours]), None);
        let over = step.over(policy(&[&ours, &theirs]).as_ref()).unwrap();
        assert!(same(over.after.as_ref(), policy(&[&theirs]).as_ref()));
        let over = step.over(policy(&[&ours]).as_ref()).unwrap();
        assert_eq!(over.after, None);
    }

    #[test]
    fn an_edit_of_somebody_is_none_of_another_spec() {
        let ours = sid("ours");
        let step = step(
            BucketPart::Policy,
            policy(&["Base"]),
            policy(&["Base", &ours]),
        );
        for live in [
            policy(&["Base", "Theirs"]),
            policy(&[]),
            policy(&["Theirs", &ours]),
        ] {
            assert!(!step.differs_by_other_specs(live.as_ref()), "{live:?}");
        }
    }

    #[test]
    fn an_old_answer_that_lacks_ours_is_no_work_of_another_spec() {
        let (new, theirs) = (sid("ours"), sid("others"));
        let old = format!("{new}Old");
        // The policy has grown, and shrinks; the answer is of before.
        let step = step(
            BucketPart::Policy,
            policy(&[&old, &new, &theirs]),
            policy(&[&new, &theirs]),
        );
        assert!(!step.differs_by_other_specs(policy(&[&old, &theirs]).as_ref()));
        let was = policy(&[&new, &theirs]).unwrap();
        let was = was.policy().unwrap().text().replace("Deny", "Allow");
        let was = Document::BucketPolicy(Policy::read(was));
        assert!(!step.differs_by_other_specs(Some(&was)));
        assert!(step.differs_by_other_specs(policy(&[&old, &new]).as_ref()));
    }

    #[test]
    fn an_inventory_of_another_spec_is_kept_beside_ours() {
        let held = |ids: &[&str]| {
            let inventory = Inventory {
                enabled: true,
                versions: "All".to_owned(),
                schedule: None,
                filter: None,
                fields: BTreeSet::new(),
                bucket: "arn:aws:s3:::lists".to_owned(),
                account: None,
                prefix: None,
                format: "CSV".to_owned(),
                encryption: None,
            };
            let held = ids.iter().map(|id| ((*id).to_owned(), inventory.clone()));
            Some(Document::Inventories(held.collect()))
        };
        let step = step(BucketPart::Inventory, None, held(&["s3ferry-ours"]));
        let live = held(&["s3ferry-others"]);
        assert!(step.differs_by_other_specs(live.as_ref()));
        let over = step.over(live.as_ref()).unwrap();
        let both = held(&["s3ferry-others", "s3ferry-ours"]);
        assert!(same(over.after.as_ref(), both.as_ref()), "{over:#?}");
        assert!(!step.differs_by_other_specs(held(&["theirs"]).as_ref()));
    }

    #[test]
    fn who_changed_just_what_the_step_changes_is_not_written_over() {
        let ours = sid("ours");
        let step = step(BucketPart::Policy, policy(&[]), policy(&[&ours]));
        let text = policy(&[&ours])
            .unwrap()
            .policy()
            .unwrap()
            .text()
            .replace("Deny", "Allow");
        let live = Some(Document::BucketPolicy(Policy::read(text)));
        assert_eq!(step.over(live.as_ref()), None);
        assert!(!step.differs_by_other_specs(live.as_ref()));
    }

    #[test]
    fn rules_of_two_specs_get_a_priority_each_and_one_role() {
        let (ours, theirs) = (rule("ours", 10), rule("others", 10));
        let new = configuration("r", std::slice::from_ref(&ours));
        let step = step(BucketPart::Replication, None, new);
        let live = configuration("r", std::slice::from_ref(&theirs));
        assert!(step.differs_by_other_specs(live.as_ref()));
        let over = step.over(live.as_ref()).unwrap();
        let Some(Document::Replication(after)) = &over.after else {
            panic!("{over:?}");
        };
        assert_eq!(after.rules[0], theirs);
        assert_eq!(after.rules[1].id, ours.id);
        assert_ne!(after.rules[1].priority, theirs.priority);
        let other_role = configuration("another", &[theirs]);
        assert_eq!(step.over(other_role.as_ref()), None);
    }

    #[test]
    fn what_is_somebodys_is_told_from_what_specs_left_earlier() {
        let (ours, theirs) = (sid("ours"), sid("others"));
        let step = step(
            BucketPart::Policy,
            policy(&["Base"]),
            policy(&["Base", &ours]),
        );
        for live in [
            policy(&["Base", "Theirs"]),
            policy(&["Base", &ours, "Theirs"]),
            policy(&[&ours]),
            policy(&[]),
            None,
        ] {
            assert!(step.shows_somebodys(live.as_ref()), "{live:?}");
        }
        for live in [
            policy(&["Base"]),
            policy(&["Base", &ours]),
            policy(&["Base", &theirs]),
            policy(&["Base", &ours, &theirs]),
        ] {
            assert!(!step.shows_somebodys(live.as_ref()), "{live:?}");
        }
    }

    #[test]
    fn a_document_without_items_has_no_way() {
        let step = step(BucketPart::Tags, None, None);
        assert_eq!(step.over(None), None);
        assert!(!step.differs_by_other_specs(None));
    }
}
