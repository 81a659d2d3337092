//! Values in the order of the table, without those that hold where nothing is written.

use serde_yaml::{Mapping, Value};

use crate::table::{Field, Need, Record, Shape};

/// The fields of a mapping that say something, in the order of the reference.
pub(super) fn record(record: &'static Record, mut value: Mapping) -> Mapping {
    let mut kept = Mapping::new();
    for field in record.fields {
        let Some(value) = value.remove(field.name) else {
            continue;
        };
        let value = shape(&field.shape, value);
        if !is_unsaid(field, &value) {
            kept.insert(field.name.into(), value);
        }
    }
    debug_assert!(value.is_empty(), "no field of the table: {value:?}");
    kept
}

fn shape(shape: &'static Shape, value: Value) -> Value {
    match (shape, value) {
        (Shape::Record(of), Value::Mapping(value)) => Value::Mapping(record(of, value)),
        (Shape::Named(named), Value::Mapping(values)) => {
            let of = |(key, value)| (key, self::shape(&named.of, value));
            Value::Mapping(values.into_iter().map(of).collect())
        }
        (Shape::List(list), Value::Sequence(values)) => {
            let of = |value| self::shape(&list.of, value);
            Value::Sequence(values.into_iter().map(of).collect())
        }
        (Shape::Either(shapes), value @ Value::Mapping(_)) => {
            let mut mappings = shapes.iter().filter(|of| matches!(of, Shape::Record(_)));
            match mappings.next() {
                Some(of) => self::shape(of, value),
                None => value,
            }
        }
        (_, value) => value,
    }
}

/// Whether a value holds also where it is not written.
fn is_unsaid(field: &'static Field, value: &Value) -> bool {
    let Need::Default(text) = field.need else {
        return false;
    };
    let default: Result<Value, _> = serde_yaml::from_str(text);
    default.is_ok_and(|default| shape(&field.shape, default) == *value)
}
