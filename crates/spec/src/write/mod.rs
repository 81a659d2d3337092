//! A spec as YAML: the fields in the order of the table, without what the table says holds anyway, and remarks as comments.
//!
//! ```text
//! Spec --encode--> values --trim (table)--> values in order --emit--> text, with comments at their places
//! ```
//!
//! Remarks hold names of other people, and no name ends its comment: see [`emit`].

mod emit;
mod encode;
mod records;
mod trim;

use std::collections::BTreeMap;

use s3ferry_core::import::{Place, Remark};
use s3ferry_core::spec::Spec;

use crate::table::contract::FILE;

/// Where a value stands: keys, and numbers of items.
type Path = Vec<String>;

/// Writes a spec; reading it gives the same spec.
#[must_use]
pub fn write(spec: &Spec, head: &str, remarks: &[Remark]) -> String {
    let values = trim::record(&FILE, encode::spec(spec));
    let mut comments: BTreeMap<Path, Vec<String>> = BTreeMap::new();
    for remark in remarks {
        let at = comments.entry(path(spec, &remark.at)).or_default();
        at.push(remark.text.clone());
    }
    comments.insert(Path::new(), vec![head.to_owned()]);
    emit::text(&values, &comments)
}

/// The place of a remark; that of the migration where the rule is not in it.
fn path(spec: &Spec, place: &Place) -> Path {
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    match place {
        Place::Guards => keys(&["defaults"]),
        Place::Migrations => keys(&["migrations"]),
        Place::Migration(name) => keys(&["migrations", name.as_str()]),
        Place::Rule(name, rule) => {
            let migration = spec.migrations.get(name);
            let at = migration.and_then(|of| of.rules.iter().position(|of| of.name == *rule));
            match at {
                Some(at) => keys(&["migrations", name.as_str(), "rules", &at.to_string()]),
                None => keys(&["migrations", name.as_str()]),
            }
        }
    }
}
