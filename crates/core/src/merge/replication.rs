//! Replication configurations: our rules by ID, everybody else's as they stand, and the one role.

use super::conflict::ConflictKind;
use super::limits::rules_fit;
use super::{Merged, priority, refuse};
use crate::ids::{Arn, MigrationName};
use crate::model::Target;
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{Document, ReplicationConfiguration};
use crate::scene::Scene;

pub(super) fn merge(
    scene: &Scene<'_>,
    target: &Target,
    wanted: &[(MigrationName, Rule)],
    role: Option<&Arn>,
    live: Option<&Document>,
) -> Merged {
    let address = scene.names.address(target);
    let live = match live {
        Some(Document::Replication(live)) => Some(live),
        _ => None,
    };
    let parts = split(scene, &address, wanted, live);
    if parts.is_settled(live, role) {
        return Ok(live.cloned().map(Document::Replication));
    }
    check(&parts, live, role).map_err(|kind| refuse(scene, target, kind))?;
    let mut kept: Vec<Rule> = parts.foreign.into_iter().chain(parts.others).collect();
    let live_rules = live.map(|live| live.rules.as_slice()).unwrap_or_default();
    let ours = priority::assign(&parts.wanted, live_rules, &kept);
    kept.extend(ours);
    rules_fit("rules", kept.len()).map_err(|kind| refuse(scene, target, kind))?;
    let role = role
        .map(ToString::to_string)
        .or_else(|| live.map(|live| live.role.clone()));
    let after = ReplicationConfiguration {
        role: role.unwrap_or_default(),
        rules: kept,
        unmodelled: Vec::new(),
    };
    Ok((!after.rules.is_empty()).then_some(Document::Replication(after)))
}

/// The live rules by owner, and those that shall be.
struct Parts {
    /// Everybody else's.
    foreign: Vec<Rule>,
    /// Ours, of migrations that this plan is not for.
    others: Vec<Rule>,
    /// Ours, to go or to be replaced; and adopted ones.
    managed: Vec<Rule>,
    /// What shall be of migrations that this plan is for.
    wanted: Vec<Rule>,
}

impl Parts {
    /// Whether there is nothing of ours to write or to take away: then the document is not our business,
    /// whatever it holds.
    fn is_settled(&self, live: Option<&ReplicationConfiguration>, role: Option<&Arn>) -> bool {
        let same_role = match (live, role) {
            (Some(live), Some(role)) => live.role == role.as_str(),
            _ => true,
        };
        let nothing = self.wanted.is_empty() && self.managed.is_empty();
        nothing && (same_role || self.others.is_empty())
    }
}

fn split(
    scene: &Scene<'_>,
    address: &str,
    wanted: &[(MigrationName, Rule)],
    live: Option<&ReplicationConfiguration>,
) -> Parts {
    let mut parts = Parts {
        foreign: Vec::new(),
        others: Vec::new(),
        managed: Vec::new(),
        wanted: wanted
            .iter()
            .filter(|(migration, _)| scene.scope.covers(migration))
            .map(|(_, rule)| rule.clone())
            .collect(),
    };
    for rule in live.map(|live| live.rules.as_slice()).unwrap_or_default() {
        let id = rule.id.as_deref().unwrap_or_default();
        let place = match scene.markers.rule(id) {
            Some((migration, _)) if !scene.scope.covers(&migration) => &mut parts.others,
            Some(_) => &mut parts.managed,
            None if scene.adopts(&format!("{address}/rule/{id}")) => &mut parts.managed,
            None => &mut parts.foreign,
        };
        place.push(rule.clone());
    }
    parts
}

fn check(
    parts: &Parts,
    live: Option<&ReplicationConfiguration>,
    role: Option<&Arn>,
) -> Result<(), ConflictKind> {
    let Some(live) = live else { return Ok(()) };
    let ids = |rules: &[&Rule]| -> Vec<String> {
        rules
            .iter()
            .map(|rule| rule.id.clone().unwrap_or_else(|| "(no ID)".to_owned()))
            .collect()
    };
    if !live.unmodelled.is_empty() {
        return Err(ConflictKind::Unmodelled(live.unmodelled.clone()));
    }
    let kept = parts.foreign.iter().chain(&parts.others);
    let dead: Vec<&Rule> = kept
        .filter(|rule| rule.existing_objects.is_some())
        .collect();
    if !dead.is_empty() {
        return Err(ConflictKind::DeadElement(ids(&dead)));
    }
    let legacy: Vec<&Rule> = parts
        .foreign
        .iter()
        .filter(|rule| rule.is_legacy())
        .collect();
    if !legacy.is_empty() && !parts.wanted.is_empty() {
        return Err(ConflictKind::LegacyRules(ids(&legacy)));
    }
    match role {
        Some(role) if role.as_str() != live.role && !parts.others.is_empty() => {
            Err(ConflictKind::RoleOfOthers {
                live: live.role.clone(),
                wanted: role.to_string(),
                rules: ids(&parts.others.iter().collect::<Vec<_>>()),
            })
        }
        Some(role) if role.as_str() != live.role && !parts.foreign.is_empty() => {
            Err(ConflictKind::OtherRole {
                live: live.role.clone(),
                wanted: role.to_string(),
                rules: ids(&parts.foreign.iter().collect::<Vec<_>>()),
            })
        }
        _ => Ok(()),
    }
}
