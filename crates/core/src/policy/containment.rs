//! What changed between two statements, and whether access grew or shrank by it.
//!
//! It explains a change to a reviewer. It never decides whether to write: two statements that reach the same
//! through different wildcards are still different.

use std::collections::{BTreeMap, BTreeSet};

use super::canon::{CanonicalStatement, Conditions, Permission, canonical_key};
use super::grammar::{Effect, Scope, Statement, Version};
use super::pattern::Pattern;
use super::principals::{account_of_arn, root_account};

/// What a change does to access. For a Deny, more statement is less access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The statements mean the same.
    Equal,
    /// Everything that was allowed still is, and more.
    Broader,
    /// Nothing is allowed that was not, and less.
    Narrower,
    /// Neither holds, or it can't be told.
    Different,
}

/// What one element gained and lost, in the spelling of the texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// In the new statement only.
    pub added: Vec<String>,
    /// In the old statement only.
    pub removed: Vec<String>,
}

impl Change {
    /// Whether nothing was added or removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// The difference between two statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What the change does to access.
    pub verdict: Verdict,
    /// Whether both reach the same although they are written differently, e.g. `s3:*` beside `s3:Get*`.
    pub same_reach: bool,
    /// Changed actions.
    pub actions: Change,
    /// Changed resources.
    pub resources: Change,
    /// Changed principals, each with its type.
    pub principals: Change,
    /// Changed conditions, one entry for each value.
    pub conditions: Change,
}

/// Compares two statements, Sids left out.
#[must_use]
pub fn compare(before: &Statement, after: &Statement) -> Comparison {
    let reach = Reach::of(before, after);
    let equal = before.canonical().without_sid() == after.canonical().without_sid();
    Comparison {
        verdict: if equal {
            Verdict::Equal
        } else {
            reach.verdict(after.effect())
        },
        same_reach: equal || (reach.grows && reach.shrinks),
        actions: change(&actions(before), &actions(after)),
        resources: change(&resources(before), &resources(after)),
        principals: change(&principals(before), &principals(after)),
        conditions: change(&conditions(before), &conditions(after)),
    }
}

/// Whether the new statement covers the old one (`grows`) and the old one the new one (`shrinks`).
#[derive(Debug, Clone, Copy)]
struct Reach {
    grows: bool,
    shrinks: bool,
}

impl Reach {
    fn of(before: &Statement, after: &Statement) -> Self {
        let (CanonicalStatement::Modelled(before), CanonicalStatement::Modelled(after)) =
            (before.canonical(), after.canonical())
        else {
            return Self {
                grows: false,
                shrinks: false,
            };
        };
        Self {
            grows: covers(after, before),
            shrinks: covers(before, after),
        }
    }

    const fn verdict(self, effect: Effect) -> Verdict {
        match (self.grows, self.shrinks, effect) {
            (true, false, Effect::Allow) | (false, true, Effect::Deny) => Verdict::Broader,
            (false, true, Effect::Allow) | (true, false, Effect::Deny) => Verdict::Narrower,
            (true, true, _) | (false, false, _) => Verdict::Different,
        }
    }
}

/// Whether every request that the second statement is about is one that the first is about.
fn covers(a: &Permission, b: &Permission) -> bool {
    a.effect == b.effect
        && scope_covers(
            &Patterns::actions(&a.actions),
            &Patterns::actions(&b.actions),
        )
        && both_or_none(a.resources.as_ref(), b.resources.as_ref(), |a, b| {
            scope_covers(&Patterns::texts(a), &Patterns::texts(b))
        })
        && both_or_none(a.principals.as_ref(), b.principals.as_ref(), |a, b| {
            scope_covers(&Named::of(a), &Named::of(b))
        })
        && conditions_cover(&a.conditions, &b.conditions)
}

fn both_or_none<T>(a: Option<&T>, b: Option<&T>, covers: impl Fn(&T, &T) -> bool) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => covers(a, b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// A thing that a statement names, of which some contain others.
trait Set {
    fn covers(&self, other: &Self) -> bool;
    fn overlaps(&self, other: &Self) -> bool;
    fn is_everything(&self) -> bool;
}

fn scope_covers<T: Set>(a: &Scope<Vec<T>>, b: &Scope<Vec<T>>) -> bool {
    let within = |all: &[T], one: &T| all.iter().any(|other| other.covers(one));
    match (a, b) {
        (Scope::Only(a), Scope::Only(b)) => b.iter().all(|one| within(a, one)),
        (Scope::Except(a), Scope::Except(b)) => a.iter().all(|one| within(b, one)),
        (Scope::Except(a), Scope::Only(b)) => b
            .iter()
            .all(|one| !a.iter().any(|other| other.overlaps(one))),
        (Scope::Only(a), Scope::Except(_)) => a.iter().any(Set::is_everything),
    }
}

impl Set for Pattern {
    fn covers(&self, other: &Self) -> bool {
        Self::covers(self, other)
    }

    fn overlaps(&self, other: &Self) -> bool {
        Self::overlaps(self, other)
    }

    fn is_everything(&self) -> bool {
        Self::covers(self, &Self::new("*", Version::V2012))
    }
}

struct Patterns;

impl Patterns {
    fn actions(scope: &Scope<BTreeSet<String>>) -> Scope<Vec<Pattern>> {
        scope
            .clone()
            .map(|names| names.iter().map(|name| Pattern::action(name)).collect())
    }

    fn texts(scope: &Scope<BTreeSet<String>>) -> Scope<Vec<Pattern>> {
        let pattern = |text: &String| Pattern::new(text, Version::V2012);
        scope
            .clone()
            .map(|texts| texts.iter().map(pattern).collect())
    }
}

/// A principal with its type.
struct Named {
    kind: String,
    name: String,
}

impl Named {
    fn of(scope: &Scope<BTreeMap<String, BTreeSet<String>>>) -> Scope<Vec<Self>> {
        scope.clone().map(|kinds| {
            let names = kinds.into_iter();
            names
                .flat_map(|(kind, names)| {
                    names.into_iter().map(move |name| Self {
                        kind: kind.clone(),
                        name,
                    })
                })
                .collect()
        })
    }
}

impl Set for Named {
    /// Everyone covers all, an account covers its roles and users.
    fn covers(&self, other: &Self) -> bool {
        let is_account_of = || {
            let account = root_account(&self.name);
            account.is_some() && account == account_of_arn(&other.name)
        };
        let wider = self.kind == "AWS" && (self.name == "*" || is_account_of());
        self.kind == other.kind && (self.name == other.name || wider)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// No name covers the services and federations beside everyone.
    fn is_everything(&self) -> bool {
        false
    }
}

/// How the values of a condition operator narrow what it lets through.
enum Values {
    /// More values let more through; wildcards count.
    Like,
    /// More values let more through.
    Equal,
    /// More values let less through; wildcards count.
    NotLike,
    /// More values let less through.
    NotEqual,
    /// It can't be told from the set of values.
    Ordered,
}

impl Values {
    /// By operator, in lower case (IAMUG:reference_policies_elements_condition_operators).
    fn of(operator: &str) -> Self {
        let base = operator.rsplit(':').next().unwrap_or_default();
        match base.strip_suffix("ifexists").unwrap_or(base) {
            "stringlike" | "arnlike" | "arnequals" => Self::Like,
            "stringnotlike" | "arnnotlike" | "arnnotequals" => Self::NotLike,
            "stringequals"
            | "stringequalsignorecase"
            | "numericequals"
            | "dateequals"
            | "bool"
            | "binaryequals"
            | "ipaddress" => Self::Equal,
            "stringnotequals"
            | "stringnotequalsignorecase"
            | "numericnotequals"
            | "datenotequals"
            | "notipaddress" => Self::NotEqual,
            _ => Self::Ordered,
        }
    }

    /// Whether a request that satisfies the narrow values satisfies the wide ones.
    fn implied(&self, narrow: &BTreeSet<String>, wide: &BTreeSet<String>) -> bool {
        let like = |texts: &BTreeSet<String>| -> Vec<Pattern> {
            texts
                .iter()
                .map(|text| Pattern::new(text, Version::V2012))
                .collect()
        };
        let within = |one: &Pattern, all: &[Pattern]| all.iter().any(|other| other.covers(one));
        match self {
            Self::Like => like(narrow).iter().all(|one| within(one, &like(wide))),
            Self::NotLike => like(wide).iter().all(|one| within(one, &like(narrow))),
            Self::Equal => narrow.is_subset(wide),
            Self::NotEqual => wide.is_subset(narrow),
            Self::Ordered => narrow == wide,
        }
    }
}

/// Whether the second conditions imply the first: each of the first is implied by its namesake.
fn conditions_cover(a: &Conditions, b: &Conditions) -> bool {
    a.iter().all(|(name, wide)| {
        let implied = |narrow| Values::of(&name.0).implied(narrow, wide);
        b.get(name).is_some_and(implied)
    })
}

/// Items by what they mean, with the spelling to show.
type Items = BTreeMap<String, String>;

fn change(before: &Items, after: &Items) -> Change {
    let only = |one: &Items, other: &Items| -> Vec<String> {
        let missing = one
            .iter()
            .filter(|(meaning, _)| !other.contains_key(*meaning));
        missing.map(|(_, spelling)| spelling.clone()).collect()
    };
    Change {
        added: only(after, before),
        removed: only(before, after),
    }
}

fn item<T>(scope: &Scope<T>, text: &str) -> String {
    match scope {
        Scope::Only(_) => text.to_owned(),
        Scope::Except(_) => format!("all but {text}"),
    }
}

fn actions(statement: &Statement) -> Items {
    let scope = statement.actions();
    let spelled = scope.listed().iter().map(|action| item(scope, action));
    spelled
        .map(|text| (text.to_ascii_lowercase(), text))
        .collect()
}

fn resources(statement: &Statement) -> Items {
    let scopes = statement.resources().into_iter();
    scopes
        .flat_map(|scope| scope.listed().iter().map(|text| item(scope, text)))
        .map(|text| (text.clone(), text))
        .collect()
}

fn principals(statement: &Statement) -> Items {
    let CanonicalStatement::Modelled(permission) = statement.canonical() else {
        return Items::new();
    };
    let scopes = permission.principals.iter();
    scopes
        .flat_map(|scope| {
            let kinds = scope.listed().iter();
            kinds.flat_map(move |(kind, names)| {
                names
                    .iter()
                    .map(move |name| item(scope, &format!("{kind} {name}")))
            })
        })
        .map(|text| (text.clone(), text))
        .collect()
}

fn conditions(statement: &Statement) -> Items {
    let conditions = statement.conditions().iter();
    conditions
        .flat_map(|condition| {
            condition.values.iter().map(move |value| {
                let operator = condition.operator.to_ascii_lowercase();
                let key = canonical_key(&condition.key);
                (
                    format!("{operator} {key} {value}"),
                    format!("{} {} {value}", condition.operator, condition.key),
                )
            })
        })
        .collect()
}
