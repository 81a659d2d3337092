//! Whether a document is half way between two others, as after a write of several calls of which only the first were taken.

use s3ferry_core::model::Document;
use s3ferry_core::plan::WriteStep;
use serde_json::{Map, Value};

/// Whether a target holds half of a write of a step.
pub(super) fn is_half_written(step: &WriteStep, live: Option<&Document>) -> bool {
    let form = |document: Option<&Document>| document.map_or(Value::Null, Document::canonical);
    let (before, after) = (step.before.as_ref(), step.after.as_ref());
    lies_between(&form(before), &form(live), &form(after))
}

/// Whether every part of `live` is as in `before` or as in `after`.
fn lies_between(before: &Value, live: &Value, after: &Value) -> bool {
    if live == before || live == after {
        return true;
    }
    let empty = Map::new();
    let parts = |value| match value {
        &Value::Null => Some(&empty),
        other => Value::as_object(other),
    };
    let (Some(before), Some(live), Some(after)) = (parts(before), parts(live), parts(after)) else {
        return false;
    };
    let part = |map: &Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or_default();
    let keys = before.keys().chain(live.keys()).chain(after.keys());
    keys.into_iter()
        .all(|key| lies_between(&part(before, key), &part(live, key), &part(after, key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn half_a_write_lies_between_and_a_foreign_edit_does_not() {
        let before = json!({ "trust": "old", "tags": { "a": "1" } });
        let after = json!({ "trust": "new", "tags": { "a": "2", "b": "1" } });
        let between = |live| lies_between(&before, &live, &after);
        assert!(between(json!({ "trust": "new", "tags": { "a": "1" } })));
        assert!(between(json!({ "trust": "old", "tags": { "a": "2" } })));
        assert!(!between(json!({ "trust": "new", "tags": {} })));
        assert!(!between(json!({ "trust": "theirs", "tags": { "a": "1" } })));
        assert!(!between(
            json!({ "trust": "new", "tags": { "a": "1", "c": "1" } })
        ));
    }

    #[test]
    fn half_a_creation_lies_between_nothing_and_the_whole() {
        let whole = json!({ "path": "/", "tags": { "a": "1" } });
        assert!(lies_between(
            &Value::Null,
            &json!({ "path": "/", "tags": {} }),
            &whole
        ));
        assert!(!lies_between(
            &Value::Null,
            &json!({ "path": "/x/" }),
            &whole
        ));
    }
}
