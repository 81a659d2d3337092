//! The query protocol: `Dimensions.member.1.Name=x` in, XML out.

use std::collections::BTreeMap;

use http::request::Parts;

use crate::clock::iso_millis;
use crate::wire::escaped;
use crate::wire::form::Form;
use crate::wire::node::Node;

/// A name of more parts names nothing, and a reader must not follow it.
const DEEPEST: usize = 16;

/// What names lead to, part by part.
#[derive(Debug, Default)]
struct Tree {
    value: Option<String>,
    branches: BTreeMap<String, Self>,
}

/// Reads the operation and its input from a form in the body or in the query.
pub(super) fn read(parts: &Parts, body: &[u8]) -> (String, Node) {
    let form = Form::of_request(parts, body);
    let mut root = Tree::default();
    for (name, value) in form.iter() {
        if matches!(name, "Action" | "Version") || name.split('.').count() > DEEPEST {
            continue;
        }
        let leaf = name.split('.').fold(&mut root, |tree, part| {
            tree.branches.entry(part.to_owned()).or_default()
        });
        leaf.value = Some(value.to_owned());
    }
    let operation = form.get("Action").unwrap_or_default().to_owned();
    (operation, Node::Map(fields(root)))
}

fn fields(tree: Tree) -> Vec<(String, Node)> {
    let branches = tree.branches.into_iter();
    branches.map(|(name, tree)| (name, node(tree))).collect()
}

/// A branch `member` holds a list.
fn node(mut tree: Tree) -> Node {
    if let Some(members) = tree.branches.remove("member") {
        let mut members: Vec<_> = members
            .branches
            .into_iter()
            .filter_map(|(at, tree)| Some((at.parse::<u32>().ok()?, node(tree))))
            .collect();
        members.sort_by_key(|(at, _)| *at);
        return Node::List(members.into_iter().map(|(_, node)| node).collect());
    }
    match tree.value {
        Some(value) if tree.branches.is_empty() => Node::Raw(value),
        _ => Node::Map(fields(tree)),
    }
}

/// Writes what an operation answers; one that answers nothing has no result element.
pub(super) fn written(
    namespace: &str,
    operation: &str,
    answer: Option<&Node>,
    request_id: &str,
) -> String {
    let result = answer.map_or_else(String::new, |answer| {
        element(&format!("{operation}Result"), answer)
    });
    format!(
        "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{request_id}\
         </RequestId></ResponseMetadata></{operation}Response>"
    )
}

fn element(name: &str, node: &Node) -> String {
    format!("<{name}>{}</{name}>", inner(node))
}

fn inner(node: &Node) -> String {
    match node {
        Node::Null => String::new(),
        Node::Bool(bool) => bool.to_string(),
        Node::Integer(number) => number.to_string(),
        Node::Float(number) => format!("{number:?}"),
        Node::Time(seconds) => iso_millis(*seconds),
        Node::Text(text) | Node::Raw(text) => escaped(text),
        Node::List(items) => items.iter().map(|item| element("member", item)).collect(),
        Node::Numbers(numbers) => {
            let entry = |(name, number): &(String, f64)| {
                let name = escaped(name);
                format!("<entry><key>{name}</key><value>{number:?}</value></entry>")
            };
            numbers.iter().map(entry).collect()
        }
        Node::Map(fields) => {
            let written = fields.iter().filter(|(_, value)| *value != Node::Null);
            written.map(|(name, value)| element(name, value)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_form(text: &str) -> (String, Node) {
        let (parts, ()) = http::Request::builder()
            .uri("/")
            .body(())
            .unwrap()
            .into_parts();
        read(&parts, text.as_bytes())
    }

    #[test]
    fn names_with_points_are_maps_and_lists() {
        let form = "Action=PutMetricAlarm&Version=2010-08-01&Threshold=0.5&ActionsEnabled=true&Dimensions.member.2.Name=b\
                    &Dimensions.member.10.Name=c&Dimensions.member.1.Name=a&AlarmActions=&Statistic.Sum=3";
        let (operation, node) = read_form(form);
        assert_eq!(operation, "PutMetricAlarm");
        let names = node.get("Dimensions").and_then(Node::as_list).unwrap();
        let names: Vec<_> = names
            .iter()
            .map(|one| one.get("Name").and_then(Node::as_text).unwrap())
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(node.get("Threshold").and_then(Node::as_number), Some(0.5));
        assert_eq!(
            node.get("ActionsEnabled").and_then(Node::as_bool),
            Some(true)
        );
        assert_eq!(
            node.get("AlarmActions").and_then(Node::as_list),
            Some(&[][..])
        );
        let sum = node.get("Statistic").and_then(|of| of.get("Sum"));
        assert_eq!(sum.and_then(Node::as_integer), Some(3));
        assert_eq!(node.get("Action"), None);
    }

    #[test]
    fn no_name_is_followed_too_deep() {
        let (_, node) = read_form(&format!("{}x=1&a=b", "a.".repeat(100_000)));
        assert_eq!(node, Node::map([("a", Node::Raw("b".to_owned()))]));
    }

    #[test]
    fn answers_are_xml() {
        let answer = Node::map([
            (
                "Names",
                Node::List(vec![Node::text("<a>"), Node::text("b")]),
            ),
            ("At", Node::Time(1.5)),
            ("Threshold", Node::Float(1.0)),
            ("None", Node::Null),
        ]);
        assert_eq!(
            written("urn:x", "Do", Some(&answer), "id"),
            "<DoResponse xmlns=\"urn:x\"><DoResult><Names><member>&lt;a&gt;</member><member>b</member></Names>\
             <At>1970-01-01T00:00:01.500Z</At><Threshold>1.0</Threshold></DoResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>"
        );
    }
}
