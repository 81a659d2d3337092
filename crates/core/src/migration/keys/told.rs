//! What a plan says of the keys of a migration.

use std::collections::BTreeSet;

use super::Use;
use super::look::{self, Blind, Seen, Unusable, look};
use crate::format::{Finding, FindingLevel};
use crate::future::Future;
use crate::migration::access::denied;
use crate::migration::{Case, finding};
use crate::model::kinds::Document;
use crate::model::{BucketRef, KeyPart, KeyRef, OutOfReach, Target};
use crate::policy::Grant;
use crate::policy::generate::KeySide;
use crate::policy::key_use::{Granted, KeyUse, denials, granted, granted_beside};
use crate::scene::Scene;
use crate::spec::KeyPolicies;
use FindingLevel::{Blocked, Note, Warning};

impl Use<'_> {
    /// What somebody who fails for it is told: blocked where objects fail for certain that the rules select.
    const fn level(&self) -> FindingLevel {
        if self.is_needed { Blocked } else { Warning }
    }

    fn bucket(&self) -> &BucketRef {
        match self.side {
            KeySide::Source => &self.route.source,
            KeySide::Replica => &self.route.destination,
        }
    }

    /// Which objects fail without the key.
    const fn objects(&self) -> &'static str {
        match (self.side, self.is_selected) {
            (KeySide::Source, _) => "source objects under this key",
            (KeySide::Replica, true) => "replicas of SSE-KMS objects",
            (KeySide::Replica, false) => {
                "replicas of objects that are not encrypted at all (from before 2023; SSE-S3 objects stay SSE-S3)"
            }
        }
    }

    /// The statements that the policy must have, as JSON, one a line.
    fn statements(&self) -> String {
        let texts = self.grants.iter().map(|of| of.statement.raw());
        texts.collect::<Vec<_>>().join("\n")
    }

    /// What somebody is told of the key.
    pub(super) fn warns(
        &self,
        scene: &Scene<'_>,
        case: &Case<'_>,
        future: &Future<'_>,
    ) -> Vec<Finding> {
        let seen = match look(scene, self.key) {
            Ok(seen) => seen,
            Err(blind) => return vec![self.blind(blind)],
        };
        let foreign = || seen.live.is_of_aws() && seen.key.account != self.route.role.account;
        let managed = || {
            let help = "name a customer managed key of the destination's account and Region";
            foreign().then(|| Unusable::managed(help))
        };
        if let Some(of) = seen.unusable(self.bucket()).or_else(managed) {
            let address = seen.address(scene, KeyPart::Itself);
            return vec![of.told(self.level(), address, &self.what_fails())];
        }
        self.policy(scene, case, future, &seen)
    }

    fn what_fails(&self) -> String {
        format!("{} fail", self.objects())
    }

    /// A key that is not there, or that nobody could look at, and whose policy is then not written.
    fn blind(&self, blind: Blind) -> Finding {
        let is_written = self.route.migration.destination.key_policies == KeyPolicies::Written;
        let (level, at, why) = match blind {
            Blind::Missing(at) => return look::missing(self.level(), at, &self.what_fails()),
            Blind::Unread(at, why) if is_written && self.is_selected => (Blocked, at, why),
            Blind::Unread(at, why) | Blind::Elsewhere(at, why) => (Warning, at, why),
        };
        finding(
            "key-policy-unchecked",
            level,
            at,
            format!(
                "the key could not be looked at ({why}); without this statement in its policy {}",
                self.what_fails()
            ),
            &self.statements(),
        )
    }

    /// What the key's policy says of the role.
    fn policy(
        &self,
        scene: &Scene<'_>,
        case: &Case<'_>,
        future: &Future<'_>,
        seen: &Seen<'_>,
    ) -> Vec<Finding> {
        let policy = match seen.policy(scene, future) {
            Ok(policy) => policy,
            Err(blind) => return vec![self.blind(blind)],
        };
        let address = seen.address(scene, KeyPart::Policy);
        let mut findings = seen.dangling(scene, future);
        let (grants, unsaid) = grants(scene, seen);
        for of in self.asked(case) {
            let granted = granted_beside(policy, &grants, &of);
            findings.extend(self.ungranted(granted, &address, unsaid.as_deref()));
            findings.extend(denials(policy, &of).iter().map(|hit| {
                let name = policy.name_at(hit.index);
                denied(format!("{address}/statement/{name}"), hit)
            }));
        }
        findings.dedup();
        findings
    }

    /// What S3 asks of the key in the name of the role.
    fn asked<'b>(&'b self, case: &'b Case<'_>) -> impl Iterator<Item = KeyUse<'b>> {
        self.grants.iter().map(|grant| KeyUse {
            role: &case.access.role,
            key: self.key.as_str(),
            actions: grant.actions,
            via: &grant.via,
            contexts: &grant.contexts,
        })
    }

    /// The grants of the key, where its policy alone does not let the role in for sure.
    pub(super) fn asks(
        &self,
        scene: &Scene<'_>,
        case: &Case<'_>,
        future: &Future<'_>,
    ) -> Option<Target> {
        let seen = look(scene, self.key).ok()?;
        let policy = seen.policy(scene, future).ok()?;
        let mut asked = self.asked(case);
        let is_open = asked.any(|of| granted(policy, &of) != Granted::Surely);
        is_open.then(|| Target::Key(seen.key.clone(), KeyPart::Grants))
    }

    /// `unsaid` is why a grant may let the role in all the same.
    fn ungranted(&self, granted: Granted, address: &str, unsaid: Option<&str>) -> Option<Finding> {
        let grant_finding = |code, level, message: String| {
            let end = unsaid.map_or_else(String::new, |why| {
                format!("; a grant of the key may: {why}")
            });
            let message = format!("{message}{end}");
            let help = format!(
                "{}\nadd this to the key's policy\nto let s3ferry do it, write in the migration: destination: {{ kms: {{ write_policy: true }} }}{}",
                self.statements(),
                if unsaid.is_some() {
                    "\nif a grant lets the role in, let the caller look: kms:ListGrants"
                } else {
                    ""
                }
            );
            Some(finding(code, level, address.to_owned(), message, &help))
        };
        match granted {
            Granted::Surely => None,
            Granted::Perhaps(condition) => grant_finding(
                "key-grant-unsure",
                Warning,
                format!(
                    "whether the key's policy lets the replication role do what it needs cannot be told: {condition}"
                ),
            ),
            Granted::Not(actions) => {
                let actions: Vec<&str> = actions.into_iter().collect();
                let actions = actions.join(", ");
                grant_finding(
                    "key-grants-nothing",
                    self.level(),
                    format!(
                        "the key's policy does not let the replication role do {actions}: {}",
                        self.what_fails()
                    ),
                )
            }
        }
    }
}

/// The grants of a key as far as they were looked at, and what keeps others from being known.
pub(crate) fn grants(scene: &Scene<'_>, seen: &Seen<'_>) -> (BTreeSet<Grant>, Option<String>) {
    let target = Target::Key(seen.key.clone(), KeyPart::Grants);
    if let Some(OutOfReach::Unread(code) | OutOfReach::Elsewhere(code)) =
        scene.observed.out_of_reach().get(&target)
    {
        let why = format!("they could not be looked at ({code})");
        return (BTreeSet::new(), Some(why));
    }
    match scene.observed.document(&target) {
        Some(Document::Grants(grants)) => {
            let why = || "the key has more than are looked at".to_owned();
            (grants.all.clone(), grants.has_more.then(why))
        }
        _ => (BTreeSet::new(), None),
    }
}

/// Keys of both sides that are one multi-Region key: whoever made them so may count on S3 copying what is encrypted as it is.
pub(super) fn one_material(uses: &[Use<'_>]) -> Option<Finding> {
    let ids = |side| {
        let of_side = uses.iter().filter(move |of| of.side == side);
        of_side.filter_map(|of| KeyRef::of_arn(of.key))
    };
    let both = ids(KeySide::Replica).find(|key| {
        let is_multi = key.id.starts_with("mrk-");
        is_multi && ids(KeySide::Source).any(|other| other.id == key.id)
    })?;
    Some(finding(
        "key-multi-region",
        Note,
        both.arn(),
        "both sides use one multi-Region key, which S3 takes for two: replicas are decrypted and encrypted anew, and the role needs both policies"
            .to_owned(),
        "nothing needs to be done",
    ))
}
