//! Statements in as few policies as IAM takes them in.

use super::grants::About;
use super::statements::Loose;
use crate::policy::{Effect, PolicyDocument, Statement, size};

/// The most characters of a managed policy, white space apart (IAMUG:reference_iam-quotas).
pub const MANAGED_POLICY_CHARACTERS: usize = 6_144;

/// The most managed policies of a role before its account asks for more; 20 is the most that AWS gives
/// (IAMUG:reference_iam-quotas).
pub const ATTACHED: usize = 10;

/// What a document has around its statements: version and brackets, with room for a Sid's number.
const FRAME: usize = 60;

/// Puts statements into policies, one after another. A statement goes whole where it fits into a policy, and by its
/// resources where it is larger than any.
pub(super) fn packed(statements: Vec<Loose>) -> Vec<PolicyDocument> {
    let mut policies: Vec<Vec<Loose>> = Vec::new();
    let mut room = 0;
    for mut rest in statements {
        loop {
            let whole = cost(&rest);
            if whole <= room {
                room -= whole;
                put(&mut policies, rest);
                break;
            }
            let fits_alone = whole <= MANAGED_POLICY_CHARACTERS - FRAME;
            let (first, more) = if fits_alone {
                (None, rest)
            } else {
                split(rest, room)
            };
            if let Some(first) = first {
                put(&mut policies, first);
            }
            rest = more;
            policies.push(Vec::new());
            room = MANAGED_POLICY_CHARACTERS - FRAME;
        }
    }
    policies.retain(|policy| !policy.is_empty());
    policies.iter().map(|policy| document(policy)).collect()
}

fn put(policies: &mut Vec<Vec<Loose>>, statement: Loose) {
    match policies.last_mut() {
        Some(policy) => policy.push(statement),
        None => policies.push(vec![statement]),
    }
}

/// As many resources of a statement as there is room for, and the rest; at least one is left for the next policy.
fn split(statement: Loose, room: usize) -> (Option<Loose>, Loose) {
    let Loose {
        about,
        actions,
        mut resources,
        condition,
    } = statement;
    let with = |resources: Vec<String>| Loose {
        about,
        actions: actions.clone(),
        resources,
        condition: condition.clone(),
    };
    let mut left = room.saturating_sub(cost(&with(Vec::new())));
    let fitting = resources.iter().take_while(|resource| {
        let fits = left >= weight(resource);
        left = left.saturating_sub(weight(resource));
        fits
    });
    let count = fitting.count().min(resources.len() - 1);
    let rest = resources.split_off(count);
    (
        Some(resources).filter(|first| !first.is_empty()).map(with),
        Loose {
            about,
            actions: actions.clone(),
            resources: rest,
            condition: condition.clone(),
        },
    )
}

/// How much room a statement takes at most.
fn cost(statement: &Loose) -> usize {
    let bare = Loose {
        resources: Vec::new(),
        ..statement.clone()
    };
    let bare = PolicyDocument::of([written(&bare, usize::MAX)]);
    let resources: usize = statement.resources.iter().map(|of| weight(of)).sum();
    size::iam(&bare) + resources
}

/// A resource with its quotes and its comma.
fn weight(resource: &str) -> usize {
    serde_json::Value::from(resource)
        .to_string()
        .chars()
        .count()
        + 1
}

fn document(statements: &[Loose]) -> PolicyDocument {
    let numbered = statements.iter().enumerate().map(|(at, statement)| {
        let before = statements[..at].iter();
        let number = before.filter(|of| of.about == statement.about).count() + 1;
        written(statement, number)
    });
    PolicyDocument::of(numbered)
}

fn written(statement: &Loose, number: usize) -> Statement {
    let Loose {
        about,
        actions,
        resources,
        condition,
    } = statement;
    let sid = match number {
        1 => about.sid().to_owned(),
        more => format!("{}{more}", about.sid()),
    };
    let mut builder = Statement::builder(sid, Effect::Allow, actions.iter().copied())
        .resources(resources.iter().map(String::as_str));
    if let Some((operator, key, values)) = condition {
        builder = builder.condition(operator, key, values.iter().map(String::as_str));
    }
    builder.build()
}

impl About {
    const fn sid(self) -> &'static str {
        match self {
            Self::Account => "WholeAccount",
            Self::Buckets => "Buckets",
            Self::CanaryLists => "CanaryLists",
            Self::CanaryObjects => "CanaryObjects",
            Self::CanaryKeys => "CanaryKeys",
            Self::Objects => "Objects",
            Self::ObjectKeys => "ObjectKeys",
            Self::Lists => "Lists",
            Self::Roles => "Roles",
            Self::PassedRoles => "PassedRoles",
            Self::LeftRoles => "RolesThatLeft",
            Self::Keys => "Keys",
            Self::Alarms => "Alarms",
            Self::Topics => "Topics",
            Self::Trails => "Trails",
            Self::LeftTrails => "TrailsThatLeft",
            Self::Policies => "Policies",
            Self::Jobs => "Jobs",
            Self::Queries => "Queries",
            Self::Tables => "Tables",
        }
    }
}
