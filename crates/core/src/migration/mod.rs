//! Migrations: one file a part of one, with what the part reads, wants and warns of.
//!
//! Desired state is a function of the spec, its phases and [`crate::live`]; what is foreign in a document is brought in by
//! `merge`. A warning takes what its part computed, so that nothing is derived twice.

mod access;
mod backfill;
mod batch;
mod canary;
mod checksums;
mod destination_bucket;
pub(crate) mod keys;
mod logging;
mod monitoring;
pub(crate) mod public_policy;
mod rules;
mod versioning;

pub(crate) use access::role_targets;
pub(crate) use keys::{
    asks as grants_of, named as named_keys, of_migration as keys_of, of_rule as keys_of_rule,
    used as used_keys,
};
pub(crate) use logging::{access_sid, inventory_sid, key_format, left_of_trail, mark};
pub(crate) use monitoring::Watched;
pub(crate) use rules::for_proof as rule_for_proof;

use access::Access;

use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::goals::Goal;
use crate::model::{Observed, Target};
use crate::ownership::Markers;
use crate::phase::Part;
use crate::route::Route;
use crate::scene::Scene;
use crate::spec::Phase;
use crate::wanted::{Desired, Items};

/// A migration, with what its rules need to be allowed to do.
pub(crate) struct Case<'a> {
    pub(crate) route: &'a Route<'a>,
    access: Access,
}

/// The migrations of a scene.
pub(crate) fn cases<'a>(scene: &'a Scene<'_>) -> Vec<Case<'a>> {
    let case = |route| Case {
        route,
        access: access::of(scene, route),
    };
    scene.routes.iter().map(case).collect()
}

/// What is known of the world while it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sight<'a> {
    /// What was read so far.
    SoFar(&'a Observed),
    /// Nothing: whatever any world makes necessary is meant.
    AnyWorld,
}

impl<'a> Sight<'a> {
    /// What was read, if anything is meant in particular.
    const fn so_far(self) -> Option<&'a Observed> {
        match self {
            Self::SoFar(seen) => Some(seen),
            Self::AnyWorld => None,
        }
    }

    /// Whether what was seen says so, or some world could.
    fn says(self, test: impl FnOnce(&Observed) -> bool) -> bool {
        match self {
            Self::SoFar(seen) => test(seen),
            Self::AnyWorld => true,
        }
    }
}

/// The targets that a migration's plan rests on, given what was read so far: from the spec alone those that are always
/// needed, all independent, so that they can be read at once; then those that what was seen makes necessary.
pub(crate) fn reads(markers: &Markers, route: &Route<'_>, seen: Sight<'_>) -> Vec<Target> {
    let of = |part| match part {
        Part::DestinationBucket => destination_bucket::reads(route, seen),
        Part::Versioning => versioning::reads(route, seen),
        Part::Access => access::reads(route, seen),
        Part::Keys => keys::reads(route, seen),
        Part::Rules => rules::reads(route),
        Part::Monitoring => monitoring::reads(markers, route),
        Part::Logging => logging::reads(route, seen),
        Part::Backfill => backfill::reads(route, seen),
        Part::Checksums => checksums::reads(route),
        Part::CanaryGoal | Part::AlarmGoal | Part::VerifiedGoal => Vec::new(), // A goal rests on what its rule rests on.
    };
    Part::ALL.into_iter().flat_map(of).collect()
}

/// What may have to be known besides of a migration that something is written or proven for.
pub(crate) fn may_ask(route: &Route<'_>) -> Vec<Target> {
    let mut targets = vec![destination_bucket::asked(route)];
    let has_goals = Part::CanaryGoal.is_in(route.migration.phase);
    targets.extend(has_goals.then(|| canary::asked(route)));
    targets.extend(keys::may_ask(route));
    targets
}

/// What must be known besides of a migration that something is written or proven for.
pub(crate) fn asks(scene: &Scene<'_>, route: &Route<'_>) -> Vec<Target> {
    let of = |part| match part {
        Part::DestinationBucket => destination_bucket::asks(scene, route),
        Part::CanaryGoal => canary::asks(scene, route),
        Part::Versioning | Part::Access | Part::Keys | Part::Rules => None,
        Part::Monitoring
        | Part::Logging
        | Part::AlarmGoal
        | Part::Backfill
        | Part::Checksums
        | Part::VerifiedGoal => None,
    };
    Part::ALL.into_iter().filter_map(of).collect()
}

/// What the spec asks for.
pub(crate) fn desired(scene: &Scene<'_>, cases: &[Case<'_>]) -> Desired {
    let mut desired = Desired::default();
    for case in cases {
        for (target, wanted) in wants(scene, case) {
            desired.want(target, case.route.name, wanted);
        }
    }
    let roles = access::roles(scene, cases).into_iter();
    for (target, wanted, users) in roles.chain(batch::roles(scene, users_of_jobs(cases))) {
        for user in users {
            desired.want(target.clone(), user, wanted.clone());
        }
    }
    desired
}

/// The roles of jobs, with what each of them is asked for.
fn users_of_jobs<'a>(cases: &'a [Case<'a>]) -> batch::Users<'a> {
    let mut users = batch::Users::new();
    for route in cases.iter().map(|case| case.route) {
        let copies = route.copies().then(|| backfill::access(route)).flatten();
        let copies = copies.map(|access| (&route.batch_role, access));
        let computed = route.computed().into_iter();
        let computed = computed.map(|of| (of.role, checksums::access(route, &of)));
        for (role, access) in copies.into_iter().chain(computed) {
            users.entry(role).or_default().push((route.name, access));
        }
    }
    users
}

/// What one migration asks for in its phase.
fn wants(scene: &Scene<'_>, case: &Case<'_>) -> Items {
    let phase = case.route.migration.phase;
    let of = |part: Part| match part {
        Part::DestinationBucket => destination_bucket::wants(scene, case, phase),
        Part::Versioning => versioning::wants(case, phase),
        Part::Access => access::wants(scene, case, phase),
        Part::Keys => keys::wants(scene, case, phase),
        Part::Rules => rules::wants(scene, case, phase),
        Part::Monitoring => monitoring::wants(scene, case, phase),
        Part::Logging => logging::wants(scene, case, phase),
        Part::Backfill => backfill::wants(case),
        Part::Checksums => checksums::wants(case),
        Part::CanaryGoal | Part::AlarmGoal | Part::VerifiedGoal => Items::new(), // A goal is proven, not written: see `goals`.
    };
    Part::ALL.into_iter().flat_map(of).collect()
}

/// What a reviewer should know of one migration beyond its changes. What is blocked makes `apply` refuse (exit 4): what AWS
/// would take with 200 OK and then fail object by object (T3) is refused here.
pub(crate) fn warnings(scene: &Scene<'_>, case: &Case<'_>, future: &Future<'_>) -> Vec<Finding> {
    let of = |part| match part {
        Part::DestinationBucket => destination_bucket::warns(scene, case, future),
        Part::Versioning => versioning::warns(scene, case),
        Part::Access => access::warns(scene, case, future),
        Part::Keys => keys::warns(scene, case, future),
        Part::Rules => rules::warns(scene, case, future),
        Part::Monitoring => monitoring::warns(scene, case, future),
        Part::Logging => logging::warns(scene, case, future),
        Part::Backfill => backfill::warns(scene, case, future),
        Part::Checksums => checksums::warns(scene, case, future),
        Part::CanaryGoal => canary::warns(case),
        Part::AlarmGoal | Part::VerifiedGoal => Vec::new(), // What its alarm is like, those of the rules are.
    };
    Part::ALL.into_iter().flat_map(of).collect()
}

/// What a reviewer should know of a goal that is yet to be proven.
pub(crate) fn goal_warnings(scene: &Scene<'_>, goal: &Goal, future: &Future<'_>) -> Vec<Finding> {
    match goal {
        Goal::Canary(goal) => canary::of_goal(scene, goal, future),
        Goal::Alarm(goal) => canary::of_alarm_goal(scene, goal, future),
        Goal::Backfill(goal) => backfill::of_goal(scene, goal),
        Goal::Checksums(_) => Vec::new(),
    }
}

/// A finding with a stable code.
fn finding(
    code: &str,
    level: FindingLevel,
    address: String,
    message: String,
    help: &str,
) -> Finding {
    Finding {
        code: code.to_owned(),
        level,
        address,
        message,
        help: help.to_owned(),
    }
}

/// What a plan says that a migration does not carry.
pub(crate) fn left_out(route: &Route<'_>) -> Vec<String> {
    if route.migration.phase == Phase::Prepare {
        vec!["Anything: in phase prepare there are no rules yet.".to_owned()]
    } else {
        rules::not_carried(route)
    }
}
