//! Which rules of a configuration are in the spec, and which stay as they are.
//!
//! Each is judged by itself here, and by the others in [`super::between`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Sought;
use super::between::between;
use super::judged::{Fate, Judged, Sorted};
use super::keys::Keys;
use super::live::is_enforced;
use super::rule::{Ends, express};
use crate::ids::BucketName;
use crate::model::kinds::ReplicationConfiguration;
use crate::model::kinds::replication::Rule;
use crate::model::{BucketRef, Observed};
use crate::ownership::{Markers, spec_of_rule};

/// The configurations of the sources with what becomes of their rules.
pub(super) fn sort<'a>(
    sought: &'a Sought,
    observed: &'a Observed,
    markers: &Markers,
) -> Vec<Sorted<'a>> {
    let mut onward = Onward::default();
    let found = super::reads::configurations(sought, observed);
    let sorted = found.map(|(source, live)| {
        let mut judge = Judge {
            sought,
            observed,
            markers,
            source,
            live,
            keys: Keys::of(observed, source, live),
            onward: &mut onward,
        };
        let mut rules: Vec<Judged<'_>> = ranked(live)
            .into_iter()
            .map(|rule| judge.judged(rule))
            .collect();
        between(&mut rules);
        Sorted {
            source,
            live,
            rules,
        }
    });
    sorted.collect()
}

/// The rules, the most important first. Those of the first schema have no priorities; of two, the narrower is the exception.
fn ranked(live: &ReplicationConfiguration) -> Vec<&Rule> {
    let mut rules: Vec<&Rule> = live.rules.iter().collect();
    let narrow = |rule: &Rule| rule.is_legacy().then(|| rule.selects().0.len());
    rules.sort_by_key(|rule| (Reverse(rule.priority), Reverse(narrow(rule))));
    rules
}

/// Which bucket replicates to which, so that no spec is written that goes in a circle.
#[derive(Default)]
struct Onward(BTreeMap<BucketName, BTreeSet<BucketName>>);

impl Onward {
    fn leads(&self, from: &BucketName, to: &BucketName) -> bool {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(bucket) = open.pop() {
            if bucket == to {
                return true;
            }
            if seen.insert(bucket) {
                open.extend(self.0.get(bucket).into_iter().flatten());
            }
        }
        false
    }
}

/// What rules of one configuration are judged by.
struct Judge<'a, 'b> {
    sought: &'a Sought,
    observed: &'a Observed,
    markers: &'b Markers,
    source: &'a BucketRef,
    live: &'a ReplicationConfiguration,
    keys: Keys,
    onward: &'b mut Onward,
}

impl<'a> Judge<'a, '_> {
    fn judged(&mut self, rule: &'a Rule) -> Judged<'a> {
        let to = rule.destination_bucket();
        let to = to.and_then(|name| self.observed.located(&name)?.cloned());
        let fate = self.fate(rule, to.as_ref());
        let fate = fate.unwrap_or_else(Fate::Stays);
        Judged { rule, to, fate }
    }

    fn fate(&mut self, rule: &Rule, to: Option<&BucketRef>) -> Result<Fate, String> {
        let id = rule.id.as_deref().filter(|id| !id.is_empty());
        let id = id.ok_or("it has no ID, by which it could be handed over")?;
        let ours = self.markers.rule(id);
        if let (None, Some(spec)) = (&ours, spec_of_rule(id)) {
            return Err(format!("it is of the s3ferry spec {spec}"));
        }
        if ours.as_ref().is_some_and(|(_, rule)| rule.is_of_a_proof()) {
            let why = "s3ferry put it up to prove alarms, and takes it away with the proof";
            return Err(why.to_owned());
        }
        self.configuration()?;
        let to = self.place(rule, to)?;
        let from = &self.source.bucket;
        if self.onward.leads(&to.bucket, from) {
            return Err(format!(
                "{} replicates back to {from}, and a spec moves data one way",
                to.bucket
            ));
        }
        let expressed = express(
            rule,
            &Ends {
                source: self.source,
                destination: to,
                enforced: is_enforced(self.observed, to),
                keys: &self.keys,
            },
        )?;
        let onward = self.onward.0.entry(from.clone()).or_default();
        onward.insert(to.bucket.clone());
        Ok(match ours {
            Some((migration, name)) => Fate::Ours(migration, name, Box::new(expressed)),
            None => Fate::Taken(Box::new(expressed)),
        })
    }

    /// What is true of all rules of the configuration.
    fn configuration(&self) -> Result<(), String> {
        let ReplicationConfiguration {
            role,
            rules: _,
            unmodelled,
        } = self.live;
        if !unmodelled.is_empty() {
            return Err(format!(
                "its configuration holds what this version cannot write back: {}",
                unmodelled.join(", ")
            ));
        }
        match self.live.runs_as() {
            Some(role) if role.account == self.source.account => Ok(()),
            _ => Err(format!(
                "it runs under {role}, which is no role of the source's account {}",
                self.source.account
            )),
        }
    }

    fn place<'b>(&self, rule: &Rule, to: Option<&'b BucketRef>) -> Result<&'b BucketRef, String> {
        let arn = rule.destination.as_ref().map(|to| to.bucket.as_str());
        let arn = arn.unwrap_or_default();
        let name = rule.destination_bucket();
        let name = name.ok_or_else(|| format!("its destination {arn:?} is no bucket"))?;
        let wanted = &self.sought.destinations;
        if !wanted.is_empty() && !wanted.contains_key(&name) {
            return Err(format!("its destination {name} was not asked for"));
        }
        to.ok_or_else(|| {
            let account = rule.destination.as_ref().and_then(|to| to.account.as_ref());
            let known = |of: &&String| self.sought.accounts.keys().any(|id| id.as_str() == **of);
            match account {
                Some(account) if !known(&account) => format!(
                    "its destination {name} is of account {account}, which no way in was given for"
                ),
                Some(_) | None => format!(
                    "its destination {name} is in none of the accounts that a way in was given for"
                ),
            }
        })
    }
}
