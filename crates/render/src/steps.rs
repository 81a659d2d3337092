//! The order of an apply as numbered steps, from the plan's edges.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::format::Edge;

/// One address in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// Steps of the same number don't wait for each other.
    pub(crate) number: usize,
    pub(crate) address: &'a str,
    /// The rule that puts it after a step of the number before; empty for the first.
    pub(crate) why: &'a str,
}

/// The addresses of the edges, each as early as its edges allow; then those that wait for each other in a circle,
/// which no plan should have.
pub(crate) fn steps(edges: &[Edge]) -> (Vec<Step<'_>>, BTreeSet<&str>) {
    let mut waiting: BTreeMap<&str, Vec<&Edge>> = BTreeMap::new();
    for edge in edges {
        waiting.entry(&edge.first).or_default();
        waiting.entry(&edge.then).or_default().push(edge);
    }
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut latest: BTreeSet<&str> = BTreeSet::new();
    for number in 1.. {
        let is_ready =
            |needs: &Vec<&Edge>| needs.iter().all(|edge| done.contains(edge.first.as_str()));
        let ready: BTreeSet<&str> = waiting
            .iter()
            .filter(|(_, needs)| is_ready(needs))
            .map(|(address, _)| *address)
            .collect();
        if ready.is_empty() {
            break;
        }
        for address in &ready {
            let needs = waiting.remove(address).unwrap_or_default();
            let last = needs
                .iter()
                .find(|edge| latest.contains(edge.first.as_str()));
            steps.push(Step {
                number,
                address,
                why: last.map_or("", |edge| &edge.why),
            });
        }
        done.extend(&ready);
        latest = ready;
    }
    (steps, waiting.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(first: &str, then: &str) -> Edge {
        Edge {
            first: first.into(),
            then: then.into(),
            why: format!("{then} needs {first}"),
        }
    }

    #[test]
    fn a_step_comes_after_the_last_thing_it_needs() {
        let edges = [
            edge("a", "c"),
            edge("a", "b"),
            edge("b", "c"),
            edge("x", "c"),
        ];
        let (steps, circle) = steps(&edges);
        let shown: Vec<_> = steps
            .iter()
            .map(|step| (step.number, step.address, step.why))
            .collect();
        assert_eq!(
            shown,
            [
                (1, "a", ""),
                (1, "x", ""),
                (2, "b", "b needs a"),
                (3, "c", "c needs b")
            ]
        );
        assert!(circle.is_empty());
    }

    #[test]
    fn a_circle_is_named_and_does_not_hang() {
        let edges = [edge("a", "b"), edge("b", "a"), edge("b", "c")];
        let (steps, circle) = steps(&edges);
        assert!(steps.is_empty());
        assert_eq!(circle, BTreeSet::from(["a", "b", "c"]));
    }
}
