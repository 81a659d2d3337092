//! Fields that a mapping does not have, and what was probably meant.

use crate::phrases::all_of;
use crate::report::Report;
use crate::suggest::nearest;
use crate::table::Record;
use crate::table::contract;
use crate::yaml::{Entry, Kind};

/// Reports unknown fields. One that is nearly a known field stands for it from here on, as a mistake.
pub(crate) fn recognise(report: &mut Report<'_>, entries: &mut Vec<Entry>, record: &Record) {
    let given = |name: &str| entries.iter().any(|entry| entry.key == name);
    let free: Vec<&str> = record
        .fields
        .iter()
        .map(|field| field.name)
        .filter(|name| !given(name))
        .collect();
    entries.retain_mut(|entry| {
        if record.field(&entry.key).is_some() || !entry.key_is_text {
            return entry.key_is_text;
        }
        let meant = nearest(&entry.key, free.iter().copied());
        let help = unknown_help(&entry.key, meant, record);
        let message = format!("`{}` is not a field of {}", entry.key, record.what);
        report.error("unknown-field", entry.key_at, message, help);
        let Some(meant) = meant else {
            return false;
        };
        meant.clone_into(&mut entry.key);
        entry.value.kind = Kind::Bad;
        true
    });
}

fn unknown_help(key: &str, meant: Option<&str>, record: &Record) -> String {
    if let Some(help) = foreign_name(key) {
        return help.to_owned();
    }
    if let Some(meant) = meant {
        return format!("did you mean `{meant}`?");
    }
    let fields = all_of(record.fields.iter().map(|field| field.name));
    match contract::records_with(key).as_slice() {
        [elsewhere] => format!("it is a field of {elsewhere}; {} has {fields}", record.what),
        _ => format!("{} has {fields}", record.what),
    }
}

/// Names that other tools give to what a spec says otherwise.
fn foreign_name(key: &str) -> Option<&'static str> {
    let help = match key {
        "filter" | "Filter" => "write `prefix` and `tags` in the rule itself",
        "priority" | "Priority" => {
            "the order of the rules is their priority: the most important first"
        }
        "status" | "Status" => "write `enabled: true` or `enabled: false`",
        "delete_marker_replication" | "DeleteMarkerReplication" => {
            "write `delete_markers: mirror` or `delete_markers: keep`"
        }
        "existing_object_replication" | "ExistingObjectReplication" => {
            "S3 no longer takes this in rules; existing objects are copied by `backfill`"
        }
        "metrics" | "Metrics" => "metrics come with every rule; there is nothing to write",
        "replication_time" | "ReplicationTime" | "rtc" => "write `time_control: true`",
        "role" | "Role" => "write `roles: { replication: { name: NAME } }` in the migration",
        "versioning" => "both buckets are versioned in every phase; there is nothing to write",
        _ => return None,
    };
    Some(help)
}
