//! Grants of keys as kept documents have them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::policy::Grant;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldGrant {
    grantee: String,
    operations: BTreeSet<String>,
    context: BTreeMap<String, String>,
}

pub(super) fn held_grant(of: &Grant) -> HeldGrant {
    let Grant {
        grantee,
        operations,
        context,
    } = of.clone();
    HeldGrant {
        grantee,
        operations,
        context,
    }
}

pub(super) fn grant(held: HeldGrant) -> Grant {
    let HeldGrant {
        grantee,
        operations,
        context,
    } = held;
    Grant {
        grantee,
        operations,
        context,
    }
}
