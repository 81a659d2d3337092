//! The role: whether it is there, whether S3 may assume it, and whether what it may do can be read.

use super::case::{Case, Known};
use super::symptom::{symptom, unread};
use crate::format::diagnosis::{Level, Symptom};
use crate::merge::advice;
use crate::model::kinds::{Document, Policy, Says};
use crate::model::{BucketPart, RolePart, Target};
use crate::policy::generate::trust_for_s3;
use crate::policy::trust::{Trusted, trusts_s3};
use crate::route::Side;

/// The failure code of a role that S3 cannot assume.
const NOT_ASSUMED: [&str; 1] = ["AssumeRoleNotPermitted"];

pub(super) fn found(case: &Case<'_>) -> Vec<Symptom> {
    let Some(live) = case.live.filter(|_| !case.rules.is_empty()) else {
        return Vec::new();
    };
    let Some((role, _)) = &case.role else {
        let at = case.address(&case.part(Side::Source, BucketPart::Replication));
        let message = format!(
            "the configuration names \"{}\", which is not the ARN of a role",
            live.role
        );
        let of = symptom("role-missing", Level::Wrong, Side::Source, at, message);
        return vec![
            of.failing(NOT_ASSUMED)
                .mended_by("name a role of the source's account"),
        ];
    };
    let itself = Target::Role(role.clone(), RolePart::Itself);
    let address = case.address(&itself);
    if !case.scene.names.knows(&role.account) {
        return vec![unread(
            Side::Source,
            address,
            "its account is not among those of the spec",
        )];
    }
    match case.known(&itself) {
        Known::Unread(why) => vec![unread(Side::Source, address, why)],
        Known::Held(Some(Document::Role(live))) => {
            let mut found = trust(&live.trust, &address);
            found.extend(path(case, &address));
            found.extend(texts(case, &Target::Role(role.clone(), RolePart::Texts)));
            found
        }
        Known::Held(_) => {
            let message = "the role that the rules run under is not there".to_owned();
            let of = symptom("role-missing", Level::Wrong, Side::Source, address, message);
            vec![of.failing(NOT_ASSUMED).mended_by(
                "apply the spec, or make the role again; a role that is made again is another one to every policy that named it",
            )]
        }
    }
}

/// A role is found by its name, and the configuration names its path, too.
fn path(case: &Case<'_>, address: &str) -> Option<Symptom> {
    let (role, named) = case.role.as_ref()?;
    let live = role.arn(&case.live_role()?.path);
    (live != *named).then(|| {
        let message = format!("the configuration names {named}, and the role is {live}");
        symptom(
            "role-missing",
            Level::Wrong,
            Side::Source,
            address.to_owned(),
            message,
        )
        .failing(NOT_ASSUMED)
        .mended_by("put the role's ARN, with its path, into the configuration")
    })
}

fn trust(trust: &Policy, address: &str) -> Vec<Symptom> {
    let of = |level, message: String| {
        symptom(
            "role-trust",
            level,
            Side::Source,
            address.to_owned(),
            message,
        )
        .failing(NOT_ASSUMED)
    };
    let document = match trust.says() {
        Says::Readable(document) => document,
        Says::Unreadable(error) => {
            return vec![of(
                Level::Unknown,
                format!("its trust policy cannot be read: {error}"),
            )];
        }
    };
    let trust = trust_for_s3();
    let wanted = trust.statements().first();
    let wanted = wanted.and_then(|of| of.with_sid(&advice::sid("AllowS3Replication", address)));
    let adding = |of: Symptom| match &wanted {
        Some(statement) => of.adding(statement),
        None => of,
    };
    let found = match trusts_s3(document) {
        Trusted::Surely => return Vec::new(),
        Trusted::Perhaps(condition) => adding(of(
            Level::Unknown,
            format!("its trust policy lets S3 assume it if {condition}; no page says that replication sends what that asks for"),
        ))
        .mended_by("take the condition out, or see that an object arrives"),
        Trusted::Denied(name) => of(
            Level::Wrong,
            format!("the statement {name} of its trust policy denies S3 to assume it"),
        )
        .mended_by("take the statement out of the trust policy"),
        Trusted::Not => adding(of(
            Level::Wrong,
            "its trust policy does not let S3 assume it".to_owned(),
        ))
        .mended_by("add this statement to the role's trust policy"),
    };
    vec![found]
}

/// What of its policies cannot be read.
fn texts(case: &Case<'_>, target: &Target) -> Vec<Symptom> {
    let address = case.address(&Target::Role(
        match target {
            Target::Role(role, _) => role.clone(),
            _ => return Vec::new(),
        },
        RolePart::Policies,
    ));
    if let Known::Unread(why) = case.known(target) {
        return vec![unread(Side::Source, address, why)];
    }
    let Some(texts) = case.texts() else {
        return Vec::new();
    };
    let unreadable = texts
        .granting()
        .filter(|(_, policy)| policy.document().is_none());
    let mut found: Vec<Symptom> = unreadable
        .map(|(path, _)| {
            unread(
                Side::Source,
                format!("{address}{path}"),
                "its text is no policy",
            )
        })
        .collect();
    if let (Some((arn, _)), None) = (&texts.boundary, case.boundary()) {
        // A boundary that is not there allows nothing.
        found.push(unread(
            Side::Source,
            arn.clone(),
            "the permissions boundary is not there, or no policy",
        ));
    }
    found
}
