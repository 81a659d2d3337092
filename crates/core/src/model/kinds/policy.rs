//! Policies: of a bucket, and the one inline policy of a role that is s3ferry's.
//!
//! A policy is read once, where it comes in; everything else asks what it says.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::{Call, Need};
use super::kind::{
    Born, Facts, Grows, Holding, Implied, Marked, Parts, Settled, Size, Writes, nothing_of_note,
};
use super::part::{Part, PolicyOf};
use crate::ids::{Arn, BucketName};
use crate::model::links::{Link, Thing};
use crate::model::target::{BucketPart, KeyPart, KeyRef, RolePart, RoleRef, Service, Target};
use crate::policy::{PolicyDocument, PolicyError, Statement, size};

/// A policy as AWS holds it: its JSON text, decoded but otherwise as AWS answered it, and what the text says.
///
/// `==` compares texts; compare meaning with [`crate::model::same`]. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Policy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    text: String,
    says: Says,
}

/// What the text of a policy says.
#[derive(Debug, Clone)]
pub enum Says {
    /// A policy document.
    Readable(PolicyDocument),
    /// Something that this build cannot read; it is equal only to the same text.
    Unreadable(PolicyError),
}

impl Policy {
    /// Reads a policy.
    #[must_use]
    pub fn read(text: impl Into<String>) -> Self {
        let text = text.into();
        let says = match PolicyDocument::parse(&text) {
            Ok(document) => Says::Readable(document),
            Err(error) => Says::Unreadable(error),
        };
        Self(Arc::new(Inner { text, says }))
    }

    /// A policy without a statement.
    #[must_use]
    pub fn nothing() -> Self {
        Self::from(PolicyDocument::empty())
    }

    /// The policy's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// What the text says.
    #[must_use]
    pub fn says(&self) -> &Says {
        &self.0.says
    }

    /// The document, where it can be read.
    #[must_use]
    pub fn document(&self) -> Option<&PolicyDocument> {
        match &self.0.says {
            Says::Readable(document) => Some(document),
            Says::Unreadable(_) => None,
        }
    }

    /// The canonical form: equal exactly where the meaning is equal.
    pub(crate) fn canonical(&self) -> Value {
        match &self.0.says {
            Says::Readable(document) => json!({ "policy": document.canonical_json() }),
            Says::Unreadable(_) => json!({ "unreadable": self.text() }),
        }
    }

    /// The statements; a policy that cannot be read is one thing.
    pub(super) fn parts(&self, of: PolicyOf) -> Option<Parts> {
        let document = self.document()?;
        let placed = document.named().into_iter().map(|(name, statement)| {
            let part = Part::Statement(of, Box::new(statement.clone()));
            (format!("/statement/{name}"), part)
        });
        Some(placed.collect())
    }

    /// How large it is as AWS counts it against a limit, with the limit; none where there is none.
    #[must_use]
    pub fn measured(&self, limit: Size) -> Option<Measured> {
        let (size, limit, unit) = match limit {
            Size::Free => return None,
            Size::PolicyBytes(limit) => (self.text().len(), limit, Unit::Bytes),
            Size::PolicyCharacters(limit) => {
                let size = self.document().map_or(self.text().len(), size::iam);
                (size, limit, Unit::Characters)
            }
        };
        Some(Measured { size, limit, unit })
    }

    /// The statements; none where the policy cannot be read.
    pub(crate) fn statements(&self) -> &[Statement] {
        self.document().map_or(&[], PolicyDocument::statements)
    }
}

/// A size and what AWS takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// As it is.
    pub size: usize,
    /// The most that AWS takes.
    pub limit: usize,
    /// What is counted.
    pub unit: Unit,
}

/// What AWS counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, white space included.
    Bytes,
    /// Characters, white space apart.
    Characters,
}

impl From<PolicyDocument> for Policy {
    fn from(document: PolicyDocument) -> Self {
        let text = document.to_json();
        let says = Says::Readable(document);
        Self(Arc::new(Inner { text, says }))
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Policy {}

pub(super) const BUCKET_POLICY: Facts = Facts {
    name: "bucket policy",
    path: "/policy",
    service: Service::S3,
    read: &[Call::of(
        "GetBucketPolicy",
        &[Need::place("s3:GetBucketPolicy")],
    )],
    write: Some(Writes {
        create: &[Call::of(
            "PutBucketPolicy",
            &[Need::place("s3:PutBucketPolicy")],
        )],
        update: &[Call::of(
            "PutBucketPolicy",
            &[Need::place("s3:PutBucketPolicy")],
        )],
        delete: &[Call::of(
            "DeleteBucketPolicy",
            &[Need::place("s3:DeleteBucketPolicy")],
        )],
    }),
    guarded: false,
    marked: Marked::ByItem,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::OurStatements,
    size: Size::PolicyBytes(size::BUCKET_POLICY_BYTES),
    // "A get request soon after put or delete can return a wrong result" (BC:s3 PutBucketPolicy). unverified: two reads are
    // enough; the canary is the proof.
    settled: Settled {
        reads_in_a_row: 2,
        wait: Some("S3 to accept the principal and to answer the new policy"),
    },
    consequences: nothing_of_note,
};

pub(super) const ROLE_POLICY: Facts = Facts {
    name: "inline role policy",
    path: "/policy",
    service: Service::Iam,
    read: &[Call::of(
        "GetRolePolicy",
        &[Need::place("iam:GetRolePolicy")],
    )],
    write: Some(Writes {
        create: &[Call::of(
            "PutRolePolicy",
            &[Need::place("iam:PutRolePolicy")],
        )],
        update: &[Call::of(
            "PutRolePolicy",
            &[Need::place("iam:PutRolePolicy")],
        )],
        delete: &[Call::of(
            "DeleteRolePolicy",
            &[Need::place("iam:DeleteRolePolicy")],
        )],
    }),
    guarded: false,
    marked: Marked::ByItsWhole,
    always_there: false,
    implies: Implied::Nothing,
    born: Born::Nothing,
    grows: Grows::Statements,
    size: Size::PolicyCharacters(size::INLINE_ROLE_CHARACTERS),
    settled: Settled {
        reads_in_a_row: 1,
        wait: Some("IAM to answer what was written"),
    },
    consequences: nothing_of_note,
};

/// A policy as a bucket's.
pub(super) struct OfBucket<'a>(pub(super) &'a Policy);

/// A policy as a role's.
pub(super) struct OfRole<'a>(pub(super) &'a Policy);

impl Holding for OfBucket<'_> {
    fn canonical(&self) -> Value {
        self.0.canonical()
    }

    fn view(&self) -> Value {
        json!({ "text": self.0.text() })
    }

    fn parts(&self) -> Option<Parts> {
        self.0.parts(PolicyOf::Bucket)
    }

    fn links(&self, at: &Target) -> Vec<Link> {
        let closed = at.bucket().into_iter().flat_map(|bucket| {
            [BucketPart::Ownership, BucketPart::PublicAccess].map(|part| {
                Link::Uses(
                    Thing::Bucket(bucket.bucket.clone(), part),
                    "a bucket is closed before its policy opens it to anybody",
                )
            })
        });
        let principals = self
            .0
            .statements()
            .iter()
            .flat_map(Statement::aws_principals);
        let roles = principals.filter_map(RoleRef::of_arn).flat_map(|role| {
            let role = Thing::Role(role, RolePart::Itself);
            [
                Link::Uses(
                    role.clone(),
                    "a principal exists before a bucket policy names it",
                ),
                Link::HoldsTillGone(
                    role,
                    "a bucket policy stops naming a principal before it is deleted",
                ),
            ]
        });
        closed.chain(roles).collect()
    }
}

impl Holding for OfRole<'_> {
    fn canonical(&self) -> Value {
        self.0.canonical()
    }

    fn view(&self) -> Value {
        json!({ "text": self.0.text() })
    }

    fn parts(&self) -> Option<Parts> {
        self.0.parts(PolicyOf::Role)
    }

    /// The policy is the permission to use its keys for the buckets that the conditions beside them name, or else for all
    /// that it names.
    fn links(&self, _: &Target) -> Vec<Link> {
        let all: Vec<BucketName> = self.0.statements().iter().flat_map(buckets).collect();
        let statements = self.0.statements().iter();
        let grants = statements.flat_map(|statement| {
            let beside: Vec<BucketName> = contexts(statement).collect();
            let buckets = if beside.is_empty() { &all } else { &beside };
            let of = |key: &str| -> Vec<Link> {
                let grant = |bucket: &BucketName| Thing::KeyGrant(bucket.clone(), key.to_owned());
                buckets.iter().map(grant).map(Link::Is).collect()
            };
            keys(statement).flat_map(of).collect::<Vec<Link>>()
        });
        let named = self.0.statements().iter().flat_map(keys);
        let named = named.filter_map(|key| KeyRef::of_arn(&Arn::new(key).ok()?));
        let found = named.map(|key| {
            Link::Finds(
                Thing::Key(key, KeyPart::Policy),
                "what a role's policy leads to is cleaned before it shrinks, or a run that stops between would not find it again",
            )
        });
        grants.chain(found).collect()
    }
}

/// The KMS keys that a statement of a role's policy is about.
pub(crate) fn keys(statement: &Statement) -> impl Iterator<Item = &str> {
    let resources = statement.resources().into_iter();
    let listed = resources.flat_map(|scope| scope.listed());
    listed
        .map(String::as_str)
        .filter(|resource| resource.contains(":kms:"))
}

/// The buckets whose objects a statement is about.
fn buckets(statement: &Statement) -> impl Iterator<Item = BucketName> {
    let resources = statement.resources().into_iter();
    let listed = resources.flat_map(|scope| scope.listed());
    listed.filter_map(|resource| bucket_of(resource))
}

/// The buckets that the conditions of a statement name, as the encryption contexts that S3 sends do.
pub(super) fn contexts(statement: &Statement) -> impl Iterator<Item = BucketName> {
    let values = statement.conditions().iter().flat_map(|one| &one.values);
    values.filter_map(|value| bucket_of(value))
}

fn bucket_of(arn: &str) -> Option<BucketName> {
    let (_, rest) = arn.split_once(":s3:::")?;
    let name = rest.split_once('/').map_or(rest, |(name, _)| name);
    BucketName::new(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_policy_grants_its_keys_for_the_buckets_beside_them() {
        let key = "arn:aws:kms:eu-west-1:111111111111:key/k";
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/*"}},
            {{"Effect":"Allow","Action":"kms:Encrypt","Resource":"{key}",
              "Condition":{{"StringLike":{{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::beside","arn:aws:s3:::beside/hot/*"]}}}}}}]}}"#
        );
        let policy = Policy::read(text);
        let role = RoleRef::of_arn("arn:aws:iam::111111111111:role/x").unwrap();
        let links = OfRole(&policy).links(&Target::Role(role, RolePart::Policy));
        let grant = Link::Is(Thing::KeyGrant(
            BucketName::new("beside").unwrap(),
            key.to_owned(),
        ));
        let (grants, rest): (Vec<_>, Vec<_>) = links.into_iter().partition(|link| *link == grant);
        assert_eq!(grants.len(), 2);
        let key = KeyRef::of_arn(&Arn::new(key).unwrap()).unwrap();
        let led = Thing::Key(key, KeyPart::Policy);
        assert!(
            matches!(&rest[..], [Link::Finds(to, _)] if *to == led),
            "{rest:?}"
        );
    }

    #[test]
    fn a_bucket_policy_names_roles_with_their_accounts() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*",
            "Principal":{"AWS":["arn:aws:iam::111111111111:role/s3ferry/team","AROAEXAMPLEEXAMPLE"]}}]}"#;
        let policy = Policy::read(text);
        let bucket = Target::Role(
            RoleRef::of_arn("arn:aws:iam::222222222222:role/x").unwrap(),
            RolePart::Itself,
        );
        let links = OfBucket(&policy).links(&bucket);
        let team = RoleRef::of_arn("arn:aws:iam::111111111111:role/s3ferry/team").unwrap();
        let team = Thing::Role(team, RolePart::Itself);
        assert_eq!(links.len(), 2);
        assert!(links.iter().all(|link| match link {
            Link::Uses(thing, _) | Link::HoldsTillGone(thing, _) => *thing == team,
            Link::Is(_) | Link::HoldsTillLess(_, _) | Link::Finds(_, _) => false,
        }));
    }
}
