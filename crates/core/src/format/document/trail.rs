//! Trails, what they record, and their lists as they are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::kinds::{
    AdvancedSelector, BasicSelector, EventSelectors, FieldSelector, SeenTrail, SeenTrails, Trail,
};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldTrail {
    bucket: String,
    prefix: Option<String>,
    multi_region: bool,
    organization: bool,
    key: Option<String>,
    tags: BTreeMap<String, String>,
    logging: bool,
    delivery_error: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HeldSelectors {
    Basic(Vec<HeldBasic>),
    Advanced(Vec<HeldAdvanced>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldBasic {
    read_write: String,
    management: bool,
    excluded: Vec<String>,
    resources: Vec<(String, Vec<String>)>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldAdvanced {
    name: Option<String>,
    fields: Vec<(String, BTreeMap<String, Vec<String>>)>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeldSeen {
    account: String,
    home: String,
    name: String,
}

pub(super) fn held_trail(of: &Trail) -> HeldTrail {
    let Trail {
        bucket,
        prefix,
        multi_region,
        organization,
        key,
        tags,
        logging,
        delivery_error,
    } = of;
    HeldTrail {
        bucket: bucket.clone(),
        prefix: prefix.clone(),
        multi_region: *multi_region,
        organization: *organization,
        key: key.clone(),
        tags: tags.clone(),
        logging: *logging,
        delivery_error: delivery_error.clone(),
    }
}

pub(super) fn trail(held: HeldTrail) -> Trail {
    let HeldTrail {
        bucket,
        prefix,
        multi_region,
        organization,
        key,
        tags,
        logging,
        delivery_error,
    } = held;
    Trail {
        bucket,
        prefix,
        multi_region,
        organization,
        key,
        tags,
        logging,
        delivery_error,
    }
}

pub(super) fn held_selectors(of: &EventSelectors) -> HeldSelectors {
    match of {
        EventSelectors::Basic(of) => HeldSelectors::Basic(of.iter().map(held_basic).collect()),
        EventSelectors::Advanced(of) => {
            HeldSelectors::Advanced(of.iter().map(held_advanced).collect())
        }
    }
}

fn held_basic(of: &BasicSelector) -> HeldBasic {
    let BasicSelector {
        read_write,
        management,
        excluded,
        resources,
    } = of.clone();
    HeldBasic {
        read_write,
        management,
        excluded,
        resources,
    }
}

fn held_advanced(of: &AdvancedSelector) -> HeldAdvanced {
    let AdvancedSelector { name, fields } = of.clone();
    let field = |FieldSelector { field, is }| (field, is);
    HeldAdvanced {
        name,
        fields: fields.into_iter().map(field).collect(),
    }
}

pub(super) fn selectors(held: HeldSelectors) -> EventSelectors {
    match held {
        HeldSelectors::Basic(held) => EventSelectors::Basic(held.into_iter().map(basic).collect()),
        HeldSelectors::Advanced(held) => {
            EventSelectors::Advanced(held.into_iter().map(advanced).collect())
        }
    }
}

fn basic(held: HeldBasic) -> BasicSelector {
    let HeldBasic {
        read_write,
        management,
        excluded,
        resources,
    } = held;
    BasicSelector {
        read_write,
        management,
        excluded,
        resources,
    }
}

fn advanced(held: HeldAdvanced) -> AdvancedSelector {
    let HeldAdvanced { name, fields } = held;
    let field = |(field, is)| FieldSelector { field, is };
    AdvancedSelector {
        name,
        fields: fields.into_iter().map(field).collect(),
    }
}

pub(super) fn held_seen(of: &SeenTrails) -> Vec<HeldSeen> {
    let held = of.0.iter().cloned().map(|seen| {
        let SeenTrail {
            name,
            home,
            account,
        } = seen;
        HeldSeen {
            account,
            home,
            name,
        }
    });
    held.collect()
}

pub(super) fn seen(held: Vec<HeldSeen>) -> SeenTrails {
    let seen = held.into_iter().map(|held| {
        let HeldSeen {
            account,
            home,
            name,
        } = held;
        SeenTrail {
            name,
            home,
            account,
        }
    });
    SeenTrails(seen.collect())
}
