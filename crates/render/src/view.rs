//! What both drawings ask about a plan: the verb of a change, where it belongs, what is dangerous, how much there is.

use std::collections::BTreeMap;

use s3ferry_core::format::{
    AccessVerdict, Action, Change, Estimate, Finding, FindingLevel, GateState, MigrationInfo,
    PlanFile, Reason, RiskLevel, UndoKind,
};

use crate::words::{self, count, duration, plural};

/// What a change does, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    Create,
    Update,
    Replace,
    Delete,
    Prove,
}

impl Verb {
    /// The verb of a change's actions. A delete is never hidden behind another action.
    pub(crate) fn of(change: &Change) -> Self {
        let has = |action| change.actions.contains(&action);
        match (has(Action::Delete), has(Action::Create), has(Action::Prove)) {
            (true, true, _) => Self::Replace,
            (true, false, _) => Self::Delete,
            (false, true, _) => Self::Create,
            (false, false, true) if !has(Action::Update) => Self::Prove,
            (false, false, _) => Self::Update,
        }
    }

    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "-/+",
            Self::Delete => "-",
            Self::Prove => "?",
        }
    }

    /// The verb as a count of changes goes on.
    pub(crate) const fn counted(self) -> &'static str {
        match self {
            Self::Create => "to add",
            Self::Update => "to change",
            Self::Replace => "to replace",
            Self::Delete => "to destroy",
            Self::Prove => "to prove",
        }
    }

    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "change in place",
            Self::Replace => "delete, then create again",
            Self::Delete => "delete",
            Self::Prove => "prove",
        }
    }
}

/// How many changes there are of each verb: counted here and not taken from the plan's summary, so that the line at
/// the end can't disagree with what stands above it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) create: u64,
    pub(crate) update: u64,
    pub(crate) replace: u64,
    pub(crate) delete: u64,
    pub(crate) prove: u64,
}

impl Tally {
    pub(crate) fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut tally = Self::default();
        for change in changes {
            *match Verb::of(change) {
                Verb::Create => &mut tally.create,
                Verb::Update => &mut tally.update,
                Verb::Replace => &mut tally.replace,
                Verb::Delete => &mut tally.delete,
                Verb::Prove => &mut tally.prove,
            } += 1;
        }
        tally
    }

    /// `3 to add, 1 to change, 0 to destroy`, and what else there is.
    pub(crate) fn sentence(self) -> String {
        let Self {
            create,
            update,
            replace,
            delete,
            prove,
        } = self;
        let mut out = format!("{create} to add, {update} to change, {delete} to destroy");
        if replace > 0 {
            out.push_str(&format!(", {replace} to replace"));
        }
        if prove > 0 {
            out.push_str(&format!(", {prove} to prove"));
        }
        out
    }
}

/// The last word on a plan: `Plan: …` or `No changes. …`.
#[must_use]
pub fn summary(plan: &PlanFile) -> String {
    if !plan.changes.is_empty() {
        return format!("Plan: {}.", Tally::of(&plan.changes).sentence());
    }
    if obstacles(plan).is_some() {
        return "No changes.".to_owned();
    }
    if !plan.spec.targets.is_empty() {
        return "No changes. The targets match the spec.".to_owned();
    }
    match plan.accounts.len() {
        2 => "No changes. Both accounts match the spec.".to_owned(),
        0 | 1 => "No changes. The account matches the spec.".to_owned(),
        more => format!("No changes. All {more} accounts match the spec."),
    }
}

/// What makes `apply` refuse the plan, as a clause; none where nothing does.
pub(crate) fn obstacles(plan: &PlanFile) -> Option<String> {
    let findings = plan
        .findings
        .iter()
        .filter(|one| one.level == FindingLevel::Blocked)
        .count();
    let gates = plan
        .migrations
        .iter()
        .flat_map(|one| &one.gates)
        .filter(|gate| gate.state == GateState::Blocked);
    let parts: Vec<String> = [(findings, "finding"), (gates.count(), "gate")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// How many gates stand where, e.g. `1 waiting`, what needs attention first.
pub(crate) fn gate_counts(migration: &MigrationInfo) -> Vec<String> {
    [
        (GateState::Blocked, "BLOCKED"),
        (GateState::Waiting, "waiting"),
        (GateState::Pending, "pending"),
        (GateState::Met, "met"),
    ]
    .into_iter()
    .map(|(state, word)| {
        (
            migration
                .gates
                .iter()
                .filter(|gate| gate.state == state)
                .count(),
            word,
        )
    })
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect()
}

/// Whether every gate of a migration is passed.
pub(crate) fn is_settled(migration: &MigrationInfo) -> bool {
    migration
        .gates
        .iter()
        .all(|gate| gate.state == GateState::Met)
}

/// The findings, the most serious first, otherwise in the plan's order.
pub(crate) fn findings(plan: &PlanFile) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = plan.findings.iter().collect();
    findings.sort_by_key(|finding| finding.level);
    findings
}

/// The ways out of a finding; those after the first stand after an "or", which many of them say themselves.
pub(crate) fn ways_out(finding: &Finding) -> impl Iterator<Item = &str> {
    let ways = finding.help.lines().filter(|way| !way.trim().is_empty());
    ways.enumerate().map(|(index, way)| match index {
        0 => way,
        _ => way.strip_prefix("or ").unwrap_or(way),
    })
}

/// Whether something is lost or likely to go wrong with this change.
pub(crate) fn is_dangerous(change: &Change) -> bool {
    matches!(Verb::of(change), Verb::Delete | Verb::Replace) || change.risk.level == RiskLevel::High
}

/// Whether a change wants care: it changes behaviour, or stays.
pub(crate) fn wants_care(change: &Change) -> bool {
    change.risk.level == RiskLevel::Medium || change.undo.kind == UndoKind::None
}

/// Whether more is allowed after this change than before.
pub(crate) fn opens_access(change: &Change) -> bool {
    let verdict = change.access.as_ref().map(|access| access.verdict);
    matches!(
        verdict,
        Some(AccessVerdict::Broader | AccessVerdict::Different)
    )
}

/// Whether the grants of a statement are worth a list of their own: where it comes or goes, its table shows them.
pub(crate) fn shows_grants(change: &Change) -> bool {
    !change.before.is_null() && !change.after.is_null()
}

/// What must be known of a change before its details are read.
pub(crate) fn labels(change: &Change) -> Vec<&'static str> {
    let all = [
        (change.risk.level == RiskLevel::High, "HIGH RISK"),
        (change.undo.kind == UndoKind::None, "cannot be undone"),
        (
            opens_access(change) && shows_grants(change),
            "BROADER ACCESS",
        ),
        (change.risk.level == RiskLevel::Medium, "medium risk"),
        (change.undo.kind == UndoKind::Partial, "undone only in part"),
    ];
    all.into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, label)| label)
        .collect()
}

/// What could go wrong with a change, and how far it can be taken back, a sentence each.
pub(crate) fn warnings(change: &Change) -> Vec<String> {
    let level = words::risk(change.risk.level);
    let mut notes: Vec<String> = change
        .risk
        .notes
        .iter()
        .map(|note| format!("{level}: {note}"))
        .collect();
    if notes.is_empty() && change.risk.level != RiskLevel::Low {
        notes.push(level.to_owned());
    }
    let undo = match change.undo.kind {
        UndoKind::Exact => return notes,
        UndoKind::Partial => "can be undone only in part",
        UndoKind::None => "cannot be undone",
    };
    notes.push(match change.undo.why.as_str() {
        "" => undo.to_owned(),
        why => format!("{undo}: {why}"),
    });
    notes
}

/// Why a change is planned, with the phase by its name where one is meant.
pub(crate) fn because(plan: &PlanFile, change: &Change) -> String {
    let migration = plan
        .migrations
        .iter()
        .find(|one| change.migrations == [one.name.as_str()]);
    match (change.reason, migration) {
        (Reason::Phase, Some(migration)) => format!("phase {} does not have it", migration.phase),
        (reason, _) => words::reason(reason).to_owned(),
    }
}

/// The account that an address begins with.
pub(crate) fn account(address: &str) -> &str {
    address.split('/').next().unwrap_or(address)
}

/// Changes that are read together.
pub(crate) struct Group<'a> {
    /// The migration, where there is one in the spec.
    pub(crate) migration: Option<&'a MigrationInfo>,
    /// The names of the migrations.
    pub(crate) names: &'a [String],
    pub(crate) changes: Vec<&'a Change>,
}

/// The changes by migration: every migration of the plan in its order, also without changes; then what several share,
/// then what belongs to migrations that left the spec or to none.
pub(crate) fn groups(plan: &PlanFile) -> Vec<Group<'_>> {
    let mut rest: BTreeMap<&[String], Vec<&Change>> = BTreeMap::new();
    for change in &plan.changes {
        rest.entry(&change.migrations).or_default().push(change);
    }
    let mut groups = Vec::new();
    for migration in &plan.migrations {
        let names = std::slice::from_ref(&migration.name);
        let changes = rest.remove(names).unwrap_or_default();
        groups.push(Group {
            migration: Some(migration),
            names,
            changes,
        });
    }
    let mut others: Vec<_> = rest
        .into_iter()
        .map(|(names, changes)| Group {
            migration: None,
            names,
            changes,
        })
        .collect();
    others.sort_by_key(|group| std::cmp::Reverse(group.names.len()));
    groups.extend(others);
    groups
}

/// Changes by account, in the order in which the plan names the accounts, then by name; what is to be proved comes
/// last and without one, because a proof takes both sides.
pub(crate) fn by_account<'a>(
    plan: &PlanFile,
    changes: &[&'a Change],
) -> Vec<(Option<&'a str>, Vec<&'a Change>)> {
    let mut found: BTreeMap<(bool, usize, &str), Vec<&Change>> = BTreeMap::new();
    for change in changes {
        let proof = Verb::of(change) == Verb::Prove;
        let name = if proof { "" } else { account(&change.address) };
        let place = plan
            .accounts
            .iter()
            .position(|one| one.name == name)
            .unwrap_or(usize::MAX);
        found.entry((proof, place, name)).or_default().push(change);
    }
    found
        .into_iter()
        .map(|((proof, _, name), changes)| ((!proof).then_some(name), changes))
        .collect()
}

/// What an apply takes, as a sentence.
pub(crate) fn estimate(plan: &PlanFile) -> String {
    let Estimate {
        reads,
        writes,
        calls,
        throttle_seconds,
    } = &plan.estimate;
    let writes = plural(*writes, "document");
    let calls = plural(*calls, "API call");
    let reads = plural(*reads, "document");
    let throttled = match throttle_seconds {
        0 => String::new(),
        seconds => format!(", at least {} at the service limits", duration(*seconds)),
    };
    format!("{writes} to write, {calls}{throttled}; this plan read {reads}.")
}

/// What an apply must be allowed, as a sentence; none where the plan says nothing about it.
pub(crate) fn permissions(plan: &PlanFile) -> Option<String> {
    let each = plan.permissions.iter().map(|one| {
        format!(
            "{} in {}",
            count(one.actions.len(), "IAM action"),
            one.account
        )
    });
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| format!("{}; the plan as JSON lists them.", each.join(", ")))
}
