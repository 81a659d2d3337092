//! The keys of both sides: whether they can be used, and whether their policies, their grants and the role's policies let S3.

use std::collections::BTreeSet;

use super::case::{Case, KeyAsked};
use super::symptom::{denied, symptom};
use crate::format::diagnosis::{Level, Symptom};
use crate::future::Future;
use crate::migration::keys::look::{Blind, Seen, Unusable, look};
use crate::migration::keys::told::grants;
use crate::model::kinds::Document;
use crate::model::{BucketRef, KeyPart, KeyRef, RolePart, Target};
use crate::policy::generate::{KeyGrant, KeySide};
use crate::policy::key_use::{Granted, KeyUse, denials, granted, granted_beside};
use crate::policy::permits::{Permitted, RoleUse};
use crate::policy::{Grant, PolicyDocument};
use crate::route::Side;

pub(super) fn found(case: &Case<'_>, live: &Future<'_>) -> Vec<Symptom> {
    let asked = case.keys();
    let found = asked.iter().flat_map(|of| Asked { case, of }.found(live));
    found.collect()
}

/// Whether a key's policy alone does not let the role in for sure: its grants may.
pub(super) fn is_open(case: &Case<'_>, of: &KeyAsked) -> bool {
    let policy = KeyRef::of_arn(&of.key).map(|key| Target::Key(key, KeyPart::Policy));
    let policy = policy.and_then(|target| case.scene.observed.document(&target));
    let policy = policy.and_then(Document::policy_document);
    let asked = Asked { case, of };
    policy.is_some_and(|policy| {
        let mut uses = asked.uses();
        uses.any(|(_, of)| granted(policy, &of) != Granted::Surely)
    })
}

/// A key that is asked for in a case.
struct Asked<'a> {
    case: &'a Case<'a>,
    of: &'a KeyAsked,
}

impl Asked<'_> {
    fn side(&self) -> Side {
        match self.of.side {
            KeySide::Source => Side::Source,
            KeySide::Replica => Side::Destination,
        }
    }

    fn bucket(&self) -> &BucketRef {
        self.case.bucket(self.side())
    }

    /// Where the role is refused a key, S3 says what it could not do (UG:replication-failure-codes).
    const fn refused(&self) -> &'static str {
        match self.of.side {
            KeySide::Source => "SrcGetObjectNotPermitted",
            KeySide::Replica => "DstPutObjectNotPermitted",
        }
    }

    const fn unusable(&self, is_there: bool) -> &'static str {
        match (self.of.side, is_there) {
            // AWS has no code for a source key that is not there.
            (KeySide::Source, _) => "SrcKmsKeyInvalidState",
            (KeySide::Replica, true) => "DstKmsKeyInvalidState",
            (KeySide::Replica, false) => "DstKmsKeyNotFound",
        }
    }

    const fn objects(&self) -> &'static str {
        match self.of.side {
            KeySide::Source => "source objects under this key fail",
            KeySide::Replica => "replicas of SSE-KMS objects fail",
        }
    }

    /// What S3 asks of the key.
    fn uses(&self) -> impl Iterator<Item = (&KeyGrant, KeyUse<'_>)> {
        let role = self.case.role.iter();
        role.flat_map(move |(_, role)| {
            self.of.grants.iter().map(move |grant| {
                let of = KeyUse {
                    role,
                    key: self.of.key.as_str(),
                    actions: grant.actions,
                    via: &grant.via,
                    contexts: &grant.contexts,
                };
                (grant, of)
            })
        })
    }

    fn found(&self, live: &Future<'_>) -> Vec<Symptom> {
        let seen = match look(self.case.scene, &self.of.key) {
            Ok(seen) => seen,
            Err(blind) => return self.blind(blind),
        };
        if let Some(of) = self.out_of_use(&seen) {
            return vec![of];
        }
        let policy = match seen.policy(self.case.scene, live) {
            Ok(policy) => policy,
            Err(blind) => return self.blind(blind),
        };
        let at = seen.address(self.case.scene, KeyPart::Policy);
        let (held, unsaid) = grants(self.case.scene, &seen);
        let mut found = Vec::new();
        for (grant, of) in self.uses() {
            let said = granted_beside(policy, &held, &of);
            found.extend(self.of_policy(&said, grant, &at, unsaid.as_deref()));
            found.extend(self.of_role(grant, &of, policy, &held));
            found.extend(denials(policy, &of).iter().map(|hit| {
                let name = policy.name_at(hit.index);
                let at = format!("{at}/statement/{name}");
                denied(self.side(), at, hit, &of.actions.join(", ")).failing([self.refused()])
            }));
            found.extend(self.denied_by_role(&of));
        }
        found
    }

    fn blind(&self, blind: Blind) -> Vec<Symptom> {
        let side = self.side();
        let (at, why) = match blind {
            Blind::Missing(at) => {
                let message = format!("there is no such key: {}", self.objects());
                let of = symptom("key-missing", Level::Wrong, side, at, message);
                return vec![of.failing([self.unusable(false)]).mended_by(
                    "name another key; one that was deleted is gone, and so is what was encrypted with it",
                )];
            }
            Blind::Unread(at, why) | Blind::Elsewhere(at, why) => (at, why),
        };
        let message = format!(
            "the key could not be looked at ({why}): whether its policy lets the role in is not known"
        );
        let grants = self.of.grants.iter();
        let unknown = grants.map(|grant| {
            symptom(
                "key-policy-unchecked",
                Level::Unknown,
                side,
                at.clone(),
                message.clone(),
            )
            .mended_by("see that the key's policy has this statement")
            .adding(&self.statement(
                grant,
                grant.actions.iter().copied().collect(),
                &at,
            ))
        });
        unknown.collect()
    }

    /// A key that S3 cannot use, whatever its policy says.
    fn out_of_use(&self, seen: &Seen<'_>) -> Option<Symptom> {
        let role = self.case.role.as_ref().map(|(_, role)| role.account());
        let foreign = seen.live.is_of_aws() && Some(seen.key.account.as_str()) != role;
        let managed = || {
            let help = "name a customer managed key of the bucket's account and Region";
            foreign.then(|| Unusable::managed(help))
        };
        let Unusable { code, what, help } = seen.unusable(self.bucket()).or_else(managed)?;
        let failure = match code {
            "key-aws-managed" => self.refused(),
            // 200 for a key of another Region, and then every object fails (UG:replication-config-for-kms-objects).
            "key-wrong-region" => self.unusable(false),
            _ => self.unusable(true),
        };
        let at = seen.address(self.case.scene, KeyPart::Itself);
        let message = format!("{what}: {}", self.objects());
        let of = symptom(code, Level::Wrong, self.side(), at, message);
        Some(of.failing([failure]).mended_by(help))
    }

    /// What the key's policy leaves out.
    fn of_policy(
        &self,
        said: &Granted,
        grant: &KeyGrant,
        at: &str,
        unsaid: Option<&str>,
    ) -> Option<Symptom> {
        let end = unsaid.map_or_else(String::new, |why| {
            format!("; a grant of the key may: {why}")
        });
        let (code, level, message, actions) = match said {
            Granted::Surely => return None,
            Granted::Perhaps(condition) => (
                "key-grant-unsure",
                Level::Unknown,
                format!(
                    "whether the key's policy lets the role do what it needs cannot be told: {condition}{end}"
                ),
                grant.actions.iter().copied().collect(),
            ),
            Granted::Not(actions) => {
                let names: Vec<&str> = actions.iter().copied().collect();
                let level = if unsaid.is_some() {
                    Level::Unknown
                } else {
                    Level::Wrong
                };
                (
                    "key-grants-nothing",
                    level,
                    format!(
                        "the key's policy does not let the role do {}: {}{end}",
                        names.join(", "),
                        self.objects()
                    ),
                    actions.clone(),
                )
            }
        };
        Some(
            symptom(code, level, self.side(), at.to_owned(), message)
                .failing([self.refused()])
                .mended_by("add this statement to the key's policy")
                .adding(&self.statement(grant, actions, at)),
        )
    }

    fn statement(
        &self,
        grant: &KeyGrant,
        actions: BTreeSet<&str>,
        at: &str,
    ) -> crate::policy::Statement {
        let named: Vec<&str> = actions.iter().copied().collect();
        let sid = self.case.sid(at, &named.join(", "));
        grant.statement.narrowed(sid, named, ["*"])
    }

    /// What the role's policies and its boundary leave out. A grant of the key is enough, and so is a key's policy that names a role of
    /// its own account.
    fn of_role(
        &self,
        grant: &KeyGrant,
        of: &KeyUse<'_>,
        policy: &PolicyDocument,
        held: &BTreeSet<Grant>,
    ) -> Vec<Symptom> {
        let Some(texts) = self.case.texts() else {
            return Vec::new();
        };
        let is_home = self.of.key.account() == of.role.account();
        let named =
            policy.for_principal(|name| is_home && (name == of.role.as_str() || name == "*"));
        let by_others = granted_beside(&named, held, of) == Granted::Surely;
        let own = self.case.own_policies();
        let own: Vec<&PolicyDocument> = own.iter().map(|(_, policy)| *policy).collect();
        let mut found = Vec::new();
        if !by_others {
            found.extend(self.left_out(
                grant,
                of,
                &own,
                "a policy of the role",
                "role-grants-nothing",
            ));
        }
        if let (Some((arn, _)), Some((_, boundary))) = (&texts.boundary, self.case.boundary()) {
            let document = format!("the role's permissions boundary {arn}");
            found.extend(self.left_out(grant, of, &[boundary], &document, "role-boundary"));
        }
        found
    }

    /// What policies of one kind leave out of a use.
    fn left_out(
        &self,
        grant: &KeyGrant,
        of: &KeyUse<'_>,
        policies: &[&PolicyDocument],
        document: &str,
        code: &str,
    ) -> Option<Symptom> {
        let (mut missing, mut unsure) = (BTreeSet::new(), BTreeSet::new());
        for (action, context) in asked(of) {
            match role_use(of, action, context).allowed_by(policies.iter().copied()) {
                Permitted::Surely => {}
                Permitted::Not => drop(missing.insert(action)),
                Permitted::Partly(text) | Permitted::Perhaps(text) => {
                    unsure.insert(format!("{action} if {text}"));
                }
            }
        }
        let (level, message, actions) = if missing.is_empty() {
            let unsure: Vec<String> = unsure.into_iter().collect();
            if unsure.is_empty() {
                return None;
            }
            let message = format!(
                "{document} allows {}, which cannot be known here",
                unsure.join("; ")
            );
            (
                Level::Unknown,
                message,
                grant.actions.iter().copied().collect(),
            )
        } else {
            let names: Vec<&str> = missing.iter().copied().collect();
            let message = format!(
                "{document} does not allow {} with the key {}: {}",
                names.join(", "),
                self.of.key,
                self.objects()
            );
            (Level::Wrong, message, missing)
        };
        let at = self.role_at(if code == "role-boundary" {
            RolePart::Itself
        } else {
            RolePart::Policies
        });
        let names: Vec<&str> = actions.iter().copied().collect();
        let sid = self
            .case
            .sid(&at, &format!("{} {}", names.join(", "), self.of.key));
        Some(
            symptom(code, level, Side::Source, at, message)
                .failing([self.refused()])
                .mended_by(format!("add this statement to {document}"))
                .adding(&grant.of_role(sid, &self.of.key, &actions)),
        )
    }

    fn role_at(&self, part: RolePart) -> String {
        let role = self.case.role.as_ref();
        role.map_or_else(String::new, |(role, _)| {
            self.case.address(&Target::Role(role.clone(), part))
        })
    }

    /// The Denies of the role's policies and its boundary.
    fn denied_by_role(&self, of: &KeyUse<'_>) -> Vec<Symptom> {
        let mut policies = self.case.own_policies();
        let boundary = self.case.boundary();
        policies.extend(boundary.map(|(arn, policy)| (arn.to_owned(), policy)));
        let mut found = Vec::new();
        for (at, policy) in policies {
            let hits = denials(policy, of).into_iter();
            found.extend(hits.map(|hit| {
                let name = policy.name_at(hit.index);
                let at = format!("{at}/statement/{name}");
                denied(Side::Source, at, &hit, &of.actions.join(", ")).failing([self.refused()])
            }));
        }
        found
    }
}

/// Each action of a use with each encryption context.
fn asked<'a>(of: &KeyUse<'a>) -> impl Iterator<Item = (&'static str, &'a str)> {
    let contexts = of.contexts;
    let actions = of.actions.iter();
    actions.flat_map(move |action| {
        contexts
            .iter()
            .map(move |context| (*action, context.as_str()))
    })
}

const fn role_use<'a>(of: &KeyUse<'a>, action: &'a str, context: &'a str) -> RoleUse<'a> {
    RoleUse {
        role: of.role,
        action,
        resource: of.key,
        key: Some((of.via, context)),
    }
}
