//! Roles: one with its trust policy and tags, the list of ours in an account, and the names and texts of a role's policies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Change, Consequences, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size,
    Writes, in_a_value, nothing_linked, one_thing,
};
use super::part::{Part, RolePolicyName};
use super::policy::Policy;
use crate::format::{Action, RiskLevel, UndoKind};
use crate::ids::{RoleName, SpecName};
use crate::model::links::{Link, Thing};
use crate::model::target::{BucketPart, ROLE_POLICY_NAME, Service, Target, TrailPart};
use crate::ownership::{tagged_buckets, tagged_trails};

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its unique ID, which no other role ever had or will have; none before it is made (IAMUG:reference_identifiers).
    pub id: Option<String>,
    /// Its path, `/` at both ends. It cannot be changed.
    pub path: String,
    /// Its trust policy, decoded.
    pub trust: Policy,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// What its description says where it was there before s3ferry: somebody's words, and ours after them. Of a role under
    /// our path the description is ours, and not looked at.
    pub description: Option<String>,
}

/// The names of a role's policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolePolicies {
    /// Inline policies by name.
    pub inline: BTreeSet<String>,
    /// Attached managed policies by ARN.
    pub attached: BTreeSet<String>,
}

impl RolePolicies {
    /// The policies that s3ferry did not write.
    pub fn foreign(&self) -> impl Iterator<Item = &str> {
        self.foreign_inline()
            .chain(&self.attached)
            .map(String::as_str)
    }

    /// The inline policies that s3ferry did not write; its own one is a target of its own.
    fn foreign_inline(&self) -> impl Iterator<Item = &String> {
        self.inline.iter().filter(|name| *name != ROLE_POLICY_NAME)
    }

    /// The policies that s3ferry did not write, each with its path below the address of the role's policies.
    pub fn placed(&self) -> impl Iterator<Item = (String, RolePolicyName)> {
        let inline = self.foreign_inline().cloned();
        let inline = inline.map(|name| (format!("/inline/{name}"), RolePolicyName::Inline(name)));
        let attached = self.attached.iter().cloned();
        let attached =
            attached.map(|arn| (format!("/attached/{arn}"), RolePolicyName::Attached(arn)));
        inline.chain(attached)
    }

    /// The role's policies without some of them.
    #[must_use]
    pub fn without<'a>(&self, gone: impl IntoIterator<Item = &'a RolePolicyName>) -> Self {
        let mut left = self.clone();
        for name in gone {
            match name {
                RolePolicyName::Inline(name) => left.inline.remove(name),
                RolePolicyName::Attached(arn) => left.attached.remove(arn),
            };
        }
        left
    }
}

/// What all policies of a role say, and what limits it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleTexts {
    /// Inline policies by name.
    pub inline: BTreeMap<String, Policy>,
    /// Attached managed policies by ARN, in their default versions.
    pub attached: BTreeMap<String, Policy>,
    /// The permissions boundary: its ARN, and what it says where it is there.
    pub boundary: Option<(String, Option<Policy>)>,
}

impl RoleTexts {
    /// The policies that grant, each with its path below the address of the role.
    pub fn granting(&self) -> impl Iterator<Item = (String, &Policy)> {
        let path = |name: &String| {
            if name == ROLE_POLICY_NAME {
                "/policy".to_owned()
            } else {
                format!("/policies/inline/{name}")
            }
        };
        let inline = self.inline.iter();
        let inline = inline.map(move |(name, policy)| (path(name), policy));
        let attached = self.attached.iter();
        let attached = attached.map(|(arn, policy)| (format!("/policies/attached/{arn}"), policy));
        inline.chain(attached)
    }
}

pub(super) const ROLE_TEXTS: Facts = Facts::only_read(
    "role policy texts",
    "/texts",
    Service::Iam,
    &[
        Call::of("GetRole", &[Need::place("iam:GetRole")]),
        Call::of("ListRolePolicies", &[Need::place("iam:ListRolePolicies")]),
        Call::of(
            "ListAttachedRolePolicies",
            &[Need::place("iam:ListAttachedRolePolicies")],
        ),
        Call::of("GetRolePolicy", &[Need::place("iam:GetRolePolicy")]),
        Call::of("GetPolicy", &[Need::policies("iam:GetPolicy")]),
        Call::of(
            "GetPolicyVersion",
            &[Need::policies("iam:GetPolicyVersion")],
        ),
    ],
);

pub(super) const ROLES: Facts = Facts::only_read(
    "roles",
    "roles",
    Service::Iam,
    &[Call::of("ListRoles", &[Need::account("iam:ListRoles")])],
);

const DESCRIBE: Call = Call::of(
    "UpdateRoleDescription",
    &[Need::place("iam:UpdateRoleDescription")],
);
const TAG: Call = Call::of("TagRole", &[Need::place("iam:TagRole")]);
const UNTAG: Call = Call::of("UntagRole", &[Need::place("iam:UntagRole")]);

/// What a role that stays is left to others with: our words in its description go, and our tags, or our name in them.
pub(crate) const RELEASE: &[Call] = &[DESCRIBE, TAG, UNTAG];

pub(super) const ROLE: Facts = Facts {
    name: "IAM role",
    path: "",
    service: Service::Iam,
    read: &[Call::of("GetRole", &[Need::place("iam:GetRole")])],
    write: Some(Writes {
        create: &[Call::of(
            "CreateRole",
            &[Need::place("iam:CreateRole"), Need::place("iam:TagRole")],
        )],
        update: &[
            Call::of(
                "UpdateAssumeRolePolicy",
                &[Need::place("iam:UpdateAssumeRolePolicy")],
            ),
            DESCRIBE,
            TAG,
            UNTAG,
        ],
        delete: &[Call::of("DeleteRole", &[Need::place("iam:DeleteRole")])],
    }),
    guarded: true,
    marked: Marked::ByItsWhole,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Tags,
    size: Size::Free,
    settled: Settled {
        reads_in_a_row: 1,
        wait: Some("IAM to answer what was written"),
    },
    consequences: of_role,
};

pub(super) const ROLE_POLICIES: Facts = Facts {
    name: "role policies",
    path: "/policies",
    service: Service::Iam,
    read: &[
        Call::of("ListRolePolicies", &[Need::place("iam:ListRolePolicies")]),
        Call::of(
            "ListAttachedRolePolicies",
            &[Need::place("iam:ListAttachedRolePolicies")],
        ),
    ],
    write: Some(Writes {
        create: &[],
        update: &[
            Call::of("DeleteRolePolicy", &[Need::place("iam:DeleteRolePolicy")]),
            Call::of("DetachRolePolicy", &[Need::place("iam:DetachRolePolicy")]),
        ],
        delete: &[],
    }),
    guarded: false,
    marked: Marked::ByItem,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Shrinks,
    size: Size::Free,
    settled: Settled {
        reads_in_a_row: 1,
        wait: Some("IAM to answer what was written"),
    },
    consequences: of_role_policies,
};

/// What such a policy says is not read: by its name alone nobody tells whether it grants or denies.
fn of_role_policies(change: &Change<'_>) -> Consequences {
    match change.before {
        Some(Part::RolePolicy(RolePolicyName::Attached(_))) => Consequences::of(
            UndoKind::Partial,
            "s3ferry does not attach it again; the policy itself stays, and can be attached by hand",
            RiskLevel::High,
            &["What it grants the role or denies it ends, for whatever else assumes the role too."],
        ),
        Some(_) => Consequences::of(
            UndoKind::None,
            "its text goes with it and is not in the plan: keep what `aws iam get-role-policy` answers",
            RiskLevel::High,
            &["What it grants the role or denies it ends, for whatever else assumes the role too."],
        ),
        None => Consequences::none(),
    }
}

fn of_role(change: &Change<'_>) -> Consequences {
    match change.action {
        Action::Delete => Consequences::of(
            UndoKind::Partial,
            "a role made again under the same name is another principal to policies that name it",
            RiskLevel::Medium,
            &[],
        ),
        Action::Create | Action::Update | Action::Prove => Consequences::none(),
    }
}

/// A role with its description, where that is looked at.
fn described(mut role: Value, description: Option<&str>) -> Value {
    if let (Value::Object(fields), Some(description)) = (&mut role, description) {
        fields.insert("description".to_owned(), json!(description));
    }
    role
}

impl Holding for Role {
    fn canonical(&self) -> Value {
        let Self {
            id: _, // It is given by IAM and cannot be wanted; what depends on it is a proof.
            path,
            trust,
            tags,
            boundary,
            description,
        } = self;
        let role = json!({
            "path": path, "trust": trust.canonical(), "tags": tags, "boundary": boundary,
        });
        described(role, description.as_deref())
    }

    fn view(&self) -> Value {
        let Self {
            id: _,
            path,
            trust,
            tags,
            boundary,
            description,
        } = self;
        let trust = serde_json::from_str(trust.text()).unwrap_or_else(|_| json!(trust.text()));
        let role = json!({ "path": path, "trust": trust, "tags": tags, "boundary": boundary });
        described(role, description.as_deref())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        let places = tagged_buckets(&self.tags).flat_map(|bucket| {
            let parts = [
                BucketPart::Replication,
                BucketPart::Policy,
                BucketPart::Notifications,
            ];
            let parts = parts.map(|part| Thing::Bucket(bucket.clone(), part));
            let things = parts.into_iter().chain([Thing::Watch(bucket)]);
            things.map(|thing| {
                Link::Finds(
                    thing,
                    "what a role's tags lead to is cleaned before they go, or a run that stops between would not find it again",
                )
            })
        });
        let trails = tagged_trails(&self.tags).into_iter().flat_map(|trail| {
            TrailPart::ALL.map(|part| {
                Link::Finds(
                    Thing::Trail(trail.clone(), part),
                    "a trail that a role's tags lead to records nothing of the spec's before they go, or a run that stops between would not find it again",
                )
            })
        });
        places.chain(trails).collect()
    }
}

impl Holding for BTreeMap<RoleName, Option<BTreeSet<SpecName>>> {
    fn canonical(&self) -> Value {
        let said = |says: &Option<BTreeSet<SpecName>>| {
            let names = says.as_ref()?.iter().map(ToString::to_string);
            Some(names.collect::<Vec<_>>())
        };
        let roles = self
            .iter()
            .map(|(name, says)| (name.to_string(), said(says)));
        json!(roles.collect::<BTreeMap<_, _>>())
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

impl Holding for RoleTexts {
    fn canonical(&self) -> Value {
        let Self {
            inline,
            attached,
            boundary,
        } = self;
        let said = |of: &BTreeMap<String, Policy>| {
            let said = of
                .iter()
                .map(|(name, says)| (name.clone(), says.canonical()));
            json!(said.collect::<BTreeMap<_, _>>())
        };
        let boundary = boundary
            .as_ref()
            .map(|(arn, says)| json!([arn, says.as_ref().map(Policy::canonical)]));
        json!({ "inline": said(inline), "attached": said(attached), "boundary": boundary })
    }

    fn view(&self) -> Value {
        self.canonical()
    }

    fn parts(&self) -> Option<Parts> {
        one_thing()
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}

impl Holding for RolePolicies {
    fn canonical(&self) -> Value {
        let Self {
            inline: _, // Whether ours is there, the target of its own says.
            attached,
        } = self;
        let inline: Vec<&String> = self.foreign_inline().collect();
        json!({ "inline": inline, "attached": attached })
    }

    fn view(&self) -> Value {
        in_a_value(self.canonical())
    }

    fn parts(&self) -> Option<Parts> {
        let part = |(path, name)| (path, Part::RolePolicy(name));
        Some(self.placed().map(part).collect())
    }

    fn links(&self, _: &Target) -> Vec<Link> {
        nothing_linked()
    }
}
