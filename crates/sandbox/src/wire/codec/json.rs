//! AWS JSON: times are numbers.

use serde_json::{Map, Value, json};

use crate::wire::node::Node;

/// Reads a document; null where it is none.
pub(super) fn read(bytes: &[u8]) -> Node {
    let read: Option<Value> = serde_json::from_slice(bytes).ok();
    read.map_or(Node::Null, node)
}

/// Reads a value.
pub(crate) fn node(value: Value) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(bool) => Node::Bool(bool),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Node::Integer(number),
            None => number.as_f64().map_or(Node::Null, Node::Float),
        },
        Value::String(text) => Node::Text(text),
        Value::Array(items) => Node::List(items.into_iter().map(node).collect()),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, node(value)));
            Node::Map(fields.collect())
        }
    }
}

/// Writes a document.
pub(crate) fn written(node: &Node) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Bool(bool) => json!(bool),
        Node::Integer(number) => json!(number),
        Node::Float(number) | Node::Time(number) => json!(number),
        Node::Text(text) | Node::Raw(text) => json!(text),
        Node::List(items) => items.iter().map(written).collect(),
        Node::Numbers(numbers) => {
            let numbers = numbers
                .iter()
                .map(|(name, number)| (name.clone(), json!(number)));
            Value::Object(numbers.collect::<Map<_, _>>())
        }
        Node::Map(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (name.clone(), written(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_and_written() {
        let text = r#"{"a":[1,0.5,"x",true,null,{"b":1}]}"#;
        assert_eq!(written(&read(text.as_bytes())).to_string(), text);
        assert_eq!(read(b"{"), Node::Null);
        assert_eq!(written(&Node::Time(1.5)), json!(1.5));
    }
}
