//! What a role's policies say, as kept documents have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::kinds::{Policy, RoleTexts};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldTexts {
    inline: BTreeMap<String, String>,
    attached: BTreeMap<String, String>,
    boundary: Option<HeldBoundary>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeldBoundary {
    arn: String,
    text: Option<String>,
}

pub(super) fn held_texts(of: &RoleTexts) -> HeldTexts {
    let RoleTexts {
        inline,
        attached,
        boundary,
    } = of;
    let text = |of: &Policy| of.text().to_owned();
    let all = |of: &BTreeMap<String, Policy>| {
        let all = of.iter().map(|(name, policy)| (name.clone(), text(policy)));
        all.collect()
    };
    HeldTexts {
        inline: all(inline),
        attached: all(attached),
        boundary: boundary.as_ref().map(|(arn, policy)| HeldBoundary {
            arn: arn.clone(),
            text: policy.as_ref().map(text),
        }),
    }
}

pub(super) fn texts(held: HeldTexts) -> RoleTexts {
    let HeldTexts {
        inline,
        attached,
        boundary,
    } = held;
    let all = |of: BTreeMap<String, String>| {
        let all = of.into_iter();
        all.map(|(name, text)| (name, Policy::read(text))).collect()
    };
    RoleTexts {
        inline: all(inline),
        attached: all(attached),
        boundary: boundary.map(|of| (of.arn, of.text.map(Policy::read))),
    }
}
