//! The scene: everything that a plan is made from, and how its things are named and told from others'.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::ids::{AccountId, MigrationName};
use crate::live::LiveFacts;
use crate::model::kinds::replication::Rule;
use crate::model::kinds::{Document, ReplicationConfiguration};
use crate::model::{Observed, RoleRef, Target, TrailRef};
use crate::names::Names;
use crate::ownership::Markers;
use crate::proof::{Comparisons, EndedJob, PlacedCanary, Proofs};
use crate::remembered::Remembered;
use crate::route::Route;
use crate::scope::Scope;
use crate::spec::Spec;

/// Everything that a plan is made from.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The spec.
    pub spec: &'a Spec,
    /// Everything that [`crate::reads`] names, read.
    pub observed: &'a Observed,
    /// What receipts prove.
    pub proofs: &'a Proofs,
    /// Which migrations the plan is for.
    pub scope: &'a Scope,
    /// Canaries that may lie in buckets, as the ledger tells.
    pub(crate) placed: &'a [PlacedCanary],
    /// Jobs that have ended, as the ledger tells.
    pub(crate) ended: &'a [EndedJob],
    /// Comparisons of both sides, as the ledger tells.
    pub(crate) comparisons: Option<&'a Comparisons>,
    /// What earlier runs worked on, as the ledger tells.
    pub(crate) remembered: Option<&'a Remembered>,
    /// Accounts that `guards.forget` names.
    pub(crate) forgotten: BTreeSet<&'a AccountId>,
    /// The markers of the spec.
    pub(crate) markers: Markers,
    /// The names for addresses.
    pub(crate) names: Names,
    /// All migrations of the spec, by name.
    pub(crate) routes: Vec<Route<'a>>,
    /// What is not ours and decides what ours must say.
    pub(crate) live: LiveFacts,
    /// Addresses that `guards.adopt` hands over.
    adopted: BTreeSet<&'a str>,
    /// The trails that the spec says are s3ferry's: it says where they write.
    pub(crate) own_trails: BTreeSet<TrailRef>,
    /// All trails that the spec names.
    pub(crate) named_trails: BTreeSet<TrailRef>,
    /// The roles that the spec names.
    roles: BTreeSet<RoleRef>,
    /// The live configurations by the role that they run under.
    configurations: BTreeMap<RoleRef, Vec<(&'a Target, &'a ReplicationConfiguration)>>,
    /// The migrations by the marks in their Sids.
    marks: BTreeMap<String, &'a MigrationName>,
    /// The migrations by what their Sids began with in earlier builds.
    short_marks: BTreeMap<String, &'a MigrationName>,
}

impl<'a> Scene<'a> {
    /// Looks at the world with a spec.
    #[must_use]
    pub fn new(
        spec: &'a Spec,
        observed: &'a Observed,
        proofs: &'a Proofs,
        scope: &'a Scope,
    ) -> Self {
        let markers = Markers::of(&spec.name);
        let adopted = spec
            .all_guards()
            .flat_map(|guards| guards.adopt.iter().map(String::as_str));
        let routes: Vec<Route<'a>> = spec.routes().collect();
        let (mut own_trails, mut named_trails) = (BTreeSet::new(), BTreeSet::new());
        for traced in routes.iter().flat_map(Route::trails) {
            own_trails.extend(traced.to.is_some().then(|| traced.trail.clone()));
            named_trails.insert(traced.trail);
        }
        let marks = routes.iter();
        let marks = marks.map(|route| (markers.sid_mark(route.name), route.name));
        let short = routes.iter();
        let short = short.map(|route| (markers.short_sid_prefix(route.name), route.name));
        Self {
            adopted: adopted.collect(),
            forgotten: spec
                .all_guards()
                .flat_map(|guards| &guards.forget)
                .collect(),
            roles: routes.iter().flat_map(Route::roles).collect(),
            own_trails,
            named_trails,
            configurations: configurations(observed),
            marks: marks.collect(),
            short_marks: short.collect(),
            names: Names::of(spec),
            live: LiveFacts::of(observed),
            spec,
            observed,
            proofs,
            scope,
            placed: &[],
            ended: &[],
            comparisons: None,
            remembered: None,
            markers,
            routes,
        }
    }

    /// The scene with what the ledger says of canaries that may lie in buckets.
    #[must_use]
    pub const fn with_canaries(mut self, placed: &'a [PlacedCanary]) -> Self {
        self.placed = placed;
        self
    }

    /// The scene with what the ledger says of jobs that have ended.
    #[must_use]
    pub const fn with_ended(mut self, ended: &'a [EndedJob]) -> Self {
        self.ended = ended;
        self
    }

    /// The scene with what the ledger says of comparisons of both sides.
    #[must_use]
    pub const fn with_comparisons(mut self, comparisons: &'a Comparisons) -> Self {
        self.comparisons = Some(comparisons);
        self
    }

    /// The scene with what the ledger says that earlier runs worked on.
    #[must_use]
    pub const fn with_remembered(mut self, remembered: &'a Remembered) -> Self {
        self.remembered = Some(remembered);
        self
    }

    /// The migrations that the plan is for.
    pub(crate) fn covered(&self) -> impl Iterator<Item = &Route<'a>> {
        let covers = |route: &&Route<'_>| self.scope.covers(route.name);
        self.routes.iter().filter(covers)
    }

    /// What `guards.adopt` names.
    pub(crate) fn adopted(&self) -> impl Iterator<Item = &'a str> {
        self.adopted.iter().copied()
    }

    /// A migration with its places.
    pub(crate) fn route(&self, name: &MigrationName) -> Option<&Route<'a>> {
        let place = self.routes.binary_search_by(|route| route.name.cmp(name));
        place.ok().map(|place| &self.routes[place])
    }

    /// Whether `guards.adopt` names an address.
    pub(crate) fn adopts(&self, address: &str) -> bool {
        self.adopted.contains(address)
    }

    /// Whether a role is that of jobs of a migration whose phase has none any more.
    pub(crate) fn is_left_by_phase(&self, role: &RoleRef) -> bool {
        let names =
            |route: &Route<'_>| [&route.batch_role, &route.destination_batch_role].contains(&role);
        !self.has_role(role) && self.routes.iter().any(names)
    }

    /// Whether the spec has a role.
    pub(crate) fn has_role(&self, role: &RoleRef) -> bool {
        self.roles.contains(role)
    }

    /// The live configurations that run under a role.
    pub(crate) fn running_under(
        &self,
        role: &RoleRef,
    ) -> impl Iterator<Item = (&'a Target, &'a ReplicationConfiguration)> {
        let found = self.configurations.get(role).into_iter();
        found.flatten().copied()
    }

    /// Whether a rule is this spec's.
    pub(crate) fn owns_rule(&self, rule: &Rule) -> bool {
        let id = rule.id.as_deref();
        id.is_some_and(|id| self.markers.rule(id).is_some())
    }

    /// The live rules that are not this spec's and run under a role, each with its configuration and its address.
    pub(crate) fn others_under(
        &self,
        role: &RoleRef,
    ) -> impl Iterator<Item = (&'a Target, &'a Rule, String)> {
        self.running_under(role).flat_map(move |(target, live)| {
            let address = self.names.address(target);
            let others = live.rules.iter().filter(|rule| !self.owns_rule(rule));
            others.map(move |rule| {
                let id = rule.id.as_deref().unwrap_or_default();
                (target, rule, format!("{address}/rule/{id}"))
            })
        })
    }

    /// The addresses of those of them that stay: their objects would fail without the role.
    pub(crate) fn foreign_rules_under(&self, role: &RoleRef) -> Vec<String> {
        let addresses = self.others_under(role).map(|(_, _, address)| address);
        addresses.filter(|address| !self.adopts(address)).collect()
    }

    /// The migration of the spec whose statement a Sid names.
    pub(crate) fn migration_of_sid(&self, sid: &str) -> Option<&'a MigrationName> {
        match self.markers.migration_mark(sid) {
            Some(mark) => self.marks.get(mark).copied(),
            None => self.migration_of_short_sid(sid),
        }
    }

    /// As earlier builds wrote them.
    fn migration_of_short_sid(&self, sid: &str) -> Option<&'a MigrationName> {
        if !self.markers.owns_sid(sid) {
            return None;
        }
        // Whatever stands, in order, between a beginning of the Sid and the Sid begins alike; so it is found at once.
        let upto = (Bound::Unbounded, Bound::Included(sid));
        let mut before = self.short_marks.range::<str, _>(upto).rev();
        before
            .find(|(prefix, _)| sid.starts_with(prefix.as_str()))
            .map(|(_, name)| *name)
    }
}

fn configurations(
    observed: &Observed,
) -> BTreeMap<RoleRef, Vec<(&Target, &ReplicationConfiguration)>> {
    let mut found: BTreeMap<RoleRef, Vec<(&Target, &ReplicationConfiguration)>> = BTreeMap::new();
    for (target, document) in observed.iter() {
        if let Some(Document::Replication(live)) = document
            && let Some(role) = live.runs_as()
        {
            found.entry(role).or_default().push((target, live));
        }
    }
    found
}
