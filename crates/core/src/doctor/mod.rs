//! Doctor: why what is at the source does not come to the destination. It judges what is live, whoever wrote it: the rules to the
//! destination, the role that the configuration names, the policies and the settings of both sides. What a spec asks for beside is
//! the plan's to say.
//!
//! ```text
//! Case (rules, role, what they need) --settings--> what buckets lack
//!                                    --role------> whether S3 may assume it
//!                                    --grants----> what its policies, its boundary and both buckets' policies leave out or deny
//!                                    --keys------> what keys lack
//!                                    --object----> what becomes of one object
//! ```
//!
//! Pure: facts in, symptoms out. What must be read is told by [`reads`].

mod case;
mod grants;
mod keys;
mod object;
pub mod reads;
mod role;
mod rules;
mod settings;
mod sight;
mod symptom;

use std::collections::BTreeMap;

pub use sight::{LiveObject, LiveVersion, ObjectSight, ReplicaSight, Status};

use crate::format::diagnosis::{DIAGNOSIS_FORMAT, DiagnosedSide, Diagnosis, Symptom};
use crate::future::Future;
use crate::model::{BucketRef, Observed};
use crate::proof::Proofs;
use crate::route::Route;
use crate::scene::Scene;
use crate::scope::Scope;
use crate::spec::Spec;
use case::Case;

/// What is wrong with the live replication of a migration, and what becomes of an object where one is asked for.
#[must_use]
pub fn diagnose(
    spec: &Spec,
    route: &Route<'_>,
    observed: &Observed,
    object: Option<&LiveObject>,
) -> Diagnosis {
    let (proofs, scope, nothing) = (Proofs::default(), Scope::All, BTreeMap::new());
    let scene = Scene::new(spec, observed, &proofs, &scope);
    let live = Future {
        observed,
        planned: &nothing,
    };
    let case = Case::of(&scene, route, object);
    let mut found = rules::found(&case);
    found.extend(settings::found(&case, &live));
    found.extend(role::found(&case));
    found.extend(grants::found(&case));
    found.extend(keys::found(&case, &live));
    let found = once(found);
    Diagnosis {
        format: DIAGNOSIS_FORMAT.to_owned(),
        migration: route.name.to_string(),
        source: side(&route.source),
        destination: side(&route.destination),
        role: case.live.map(|live| live.role.clone()),
        rules: rules::shown(&case),
        object: object.map(|of| object::told(&case, of, &found)),
        found,
    }
}

fn side(bucket: &BucketRef) -> DiagnosedSide {
    DiagnosedSide {
        account: bucket.account.to_string(),
        region: bucket.region.to_string(),
        bucket: bucket.bucket.to_string(),
    }
}

/// The worst first; what was found twice is told once.
fn once(found: Vec<Symptom>) -> Vec<Symptom> {
    let mut all: Vec<Symptom> = Vec::new();
    for symptom in found {
        if !all.contains(&symptom) {
            all.push(symptom);
        }
    }
    all.sort_by_key(|of| of.level);
    all
}
