//! Whether the actions, the resources and the condition keys of a statement go together.
//!
//! Every action that is named must be done to one of the resources, and every key must go with every action that is named
//! (seen: a list of which one action has the key is refused). A pattern of actions is taken where one that it matches
//! does; that it needs one at all is unverified. What `NotAction` and `NotResource` leave is not judged.

use super::arn::can_be;
use super::catalogue::{Action, Service, catalogue};
use super::fault::Fault;
use super::grammar::{Selection, Statement};
use super::profile::{Profile, Scope};

/// Judges a statement.
pub(super) fn judge(statement: &Statement<'_>, profile: &Profile<'_>) -> Result<(), Fault> {
    let Some(scope) = profile.scope() else {
        return Ok(());
    };
    let service = catalogue().service(scope.service).ok_or(Fault::Action)?;
    let named = statement.actions.named();
    let found: Vec<_> = named
        .iter()
        .map(|pattern| nameable(pattern, service, scope))
        .collect();
    if found.iter().any(Vec::is_empty) {
        return Err(Fault::Action);
    }
    let resources = statement
        .resources
        .as_ref()
        .map_or(&[][..], Selection::named);
    if !resources.iter().all(|resource| profile.is_own(resource)) {
        return Err(Fault::Resource);
    }
    let keys = match profile.judges_keys() {
        true => statement.keys.as_slice(),
        false => &[],
    };
    if !keys.iter().all(|key| is_known(key, service)) {
        return Err(Fault::Key);
    }
    match &statement.actions {
        Selection::NotIn(_) => Ok(()),
        Selection::In(_) => found.iter().try_for_each(|actions| {
            let done = done_to(actions, statement, service, scope);
            go_together(&done, keys, service)
        }),
    }
}

/// Returns the actions that a pattern matches and such a policy may name: those on the types of resource that it is about.
fn nameable<'a>(pattern: &str, service: &'a Service, scope: Scope) -> Vec<&'a Action> {
    let mut actions = service.matching(pattern);
    actions.retain(|action| {
        let mut kinds = service.kinds_of(action);
        scope.allows(action) && kinds.any(|kind| scope.kinds.contains(&kind.name))
    });
    actions
}

/// Returns the actions that are done to one of the statement's resources.
fn done_to<'a>(
    actions: &[&'a Action],
    statement: &Statement<'_>,
    service: &Service,
    scope: Scope,
) -> Vec<&'a Action> {
    let Some(Selection::In(resources)) = &statement.resources else {
        return actions.to_vec();
    };
    let is_done = |action: &&Action| {
        let mut kinds = service
            .kinds_of(action)
            .filter(|kind| scope.kinds.contains(&kind.name));
        kinds.any(|kind| resources.iter().any(|resource| can_be(resource, kind.arn)))
    };
    actions.iter().copied().filter(is_done).collect()
}

fn go_together(done: &[&Action], keys: &[&str], service: &Service) -> Result<(), Fault> {
    if done.is_empty() {
        return Err(Fault::NoResource);
    }
    let goes = |key: &&str| {
        catalogue().is_global(key) || !is_of(key, service) || any_goes(key, done, service)
    };
    if keys.iter().all(goes) {
        Ok(())
    } else {
        Err(Fault::NoCondition)
    }
}

/// Says whether a key goes with one of the actions, or nobody knows of any.
fn any_goes(key: &str, done: &[&Action], service: &Service) -> bool {
    let known = done
        .iter()
        .filter_map(|action| service.goes_with(key, action));
    known.reduce(|one, other| one || other).unwrap_or(true)
}

/// Says whether a key is the service's, every service's, or another's, which is not judged.
fn is_known(key: &str, service: &Service) -> bool {
    match key.split_once(':') {
        Some((prefix, _)) if prefix.eq_ignore_ascii_case("aws") => catalogue().is_global(key),
        Some(_) => !is_of(key, service) || service.has_key(key),
        None => false,
    }
}

fn is_of(key: &str, service: &Service) -> bool {
    key.split_once(':')
        .is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(service.name()))
}
