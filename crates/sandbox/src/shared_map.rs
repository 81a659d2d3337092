//! An ordered map whose copies share what they have in common, for state that keeps its past ([`crate::history`]).
//!
//! A copy costs a pointer, and a change makes anew only the nodes on its way: some twenty of a map of a thousand.
//! It is a treap: a search tree by key, and a heap by a rank that is drawn from the key, so that it stays flat and
//! the same entries always make the same tree.

use std::fmt;
use std::sync::Arc;

/// An ordered map by text; cheap to clone.
pub(crate) struct SharedMap<V> {
    root: Link<V>,
}

type Link<V> = Option<Arc<Node<V>>>;

#[derive(Clone)]
struct Node<V> {
    key: Arc<str>,
    value: V,
    rank: u64,
    left: Link<V>,
    right: Link<V>,
}

impl<V: Clone> SharedMap<V> {
    /// Returns the value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        let mut link = &self.root;
        while let Some(node) = link {
            link = match key.cmp(&node.key) {
                std::cmp::Ordering::Less => &node.left,
                std::cmp::Ordering::Equal => return Some(&node.value),
                std::cmp::Ordering::Greater => &node.right,
            };
        }
        None
    }

    /// Says whether there is such a key.
    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Returns the value of a key for change; other copies keep theirs.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        let mut link = &mut self.root;
        while let Some(node) = link {
            let node = Arc::make_mut(node);
            link = match key.cmp(&node.key) {
                std::cmp::Ordering::Less => &mut node.left,
                std::cmp::Ordering::Equal => return Some(&mut node.value),
                std::cmp::Ordering::Greater => &mut node.right,
            };
        }
        None
    }

    /// Enters a value under a key, in the place of the one it had.
    pub(crate) fn insert(&mut self, key: &str, value: V) {
        if let Some(known) = self.get_mut(key) {
            *known = value;
            return;
        }
        let node = Node {
            key: key.into(),
            value,
            rank: rank(key),
            left: None,
            right: None,
        };
        let mut link = &mut self.root;
        while link.as_ref().is_some_and(|here| here.rank >= node.rank) {
            let Some(here) = link else { break };
            let here = Arc::make_mut(here);
            link = if *node.key < *here.key {
                &mut here.left
            } else {
                &mut here.right
            };
        }
        let (left, right) = split(link.take(), key);
        *link = Some(Arc::new(Node {
            left,
            right,
            ..node
        }));
    }

    /// Removes a key and returns its value.
    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        // Looked for first, so that a key that is not there copies nothing.
        let value = self.get(key)?.clone();
        let mut link = &mut self.root;
        while link.as_ref().is_some_and(|here| *here.key != *key) {
            let Some(here) = link else { break };
            let here = Arc::make_mut(here);
            link = if *key < *here.key {
                &mut here.left
            } else {
                &mut here.right
            };
        }
        if let Some(here) = link.take() {
            *link = joined(here.left.clone(), here.right.clone());
        }
        Some(value)
    }

    /// Returns the values in the order of their keys.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.nodes().map(|node| &node.value)
    }

    fn nodes(&self) -> Nodes<'_, V> {
        let mut nodes = Nodes { above: Vec::new() };
        nodes.descend(self.root.as_deref());
        nodes
    }
}

/// The nodes in order; `above` are those whose own turn and right side are still to come.
struct Nodes<'a, V> {
    above: Vec<&'a Node<V>>,
}

impl<'a, V> Nodes<'a, V> {
    fn descend(&mut self, mut node: Option<&'a Node<V>>) {
        while let Some(here) = node {
            self.above.push(here);
            node = here.left.as_deref();
        }
    }
}

impl<'a, V> Iterator for Nodes<'a, V> {
    type Item = &'a Node<V>;

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.above.pop()?;
        self.descend(node.right.as_deref());
        Some(node)
    }
}

/// Parts a tree into what comes before a key, which it lacks, and what comes after.
fn split<V: Clone>(link: Link<V>, key: &str) -> (Link<V>, Link<V>) {
    let Some(mut here) = link else {
        return (None, None);
    };
    let node = Arc::make_mut(&mut here);
    if *node.key < *key {
        let (left, right) = split(node.right.take(), key);
        node.right = left;
        (Some(here), right)
    } else {
        let (left, right) = split(node.left.take(), key);
        node.left = right;
        (left, Some(here))
    }
}

/// Makes one tree of two, of which the first comes before the second.
fn joined<V: Clone>(left: Link<V>, right: Link<V>) -> Link<V> {
    match (left, right) {
        (None, one) | (one, None) => one,
        (Some(mut left), Some(mut right)) => {
            if left.rank >= right.rank {
                let node = Arc::make_mut(&mut left);
                node.right = joined(node.right.take(), Some(right));
                Some(left)
            } else {
                let node = Arc::make_mut(&mut right);
                node.left = joined(Some(left), node.left.take());
                Some(right)
            }
        }
    }
}

/// Draws a key's rank: FNV-1a, then mixed so that keys that differ in their last letter are far apart.
fn rank(key: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^ (hash >> 29)
}

// Written out, because a derive would ask the same of the values.
impl<V> Clone for SharedMap<V> {
    fn clone(&self) -> Self {
        Self {
            root: self.root.clone(),
        }
    }
}

impl<V> Default for SharedMap<V> {
    fn default() -> Self {
        Self { root: None }
    }
}

impl<V: Clone + fmt::Debug> fmt::Debug for SharedMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.nodes().map(|node| (&node.key, &node.value));
        f.debug_map().entries(entries).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn depth<V>(node: Option<&Node<V>>) -> usize {
        let below = |node: &Node<V>| depth(node.left.as_deref()).max(depth(node.right.as_deref()));
        node.map_or(0, |node| 1 + below(node))
    }

    proptest! {
        #[test]
        fn it_is_a_map_and_its_copies_stay_as_they_were(
            changes in proptest::collection::vec(("[a-f]{1,2}", proptest::option::of(0..100)), 0..120)
        ) {
            let (mut map, mut model) = (SharedMap::default(), BTreeMap::new());
            let mut past = Vec::new();
            for (key, value) in changes {
                past.push((map.clone(), model.clone()));
                match value {
                    Some(value) => {
                        map.insert(&key, value);
                        model.insert(key, value);
                    }
                    None => prop_assert_eq!(map.remove(&key), model.remove(&key)),
                }
            }
            past.push((map, model));
            for (map, model) in past {
                prop_assert!(map.values().eq(model.values()));
                prop_assert!(model.iter().all(|(key, value)| map.get(key) == Some(value)));
            }
        }
    }

    #[test]
    fn a_thousand_names_of_a_series_make_a_flat_tree() {
        let mut map = SharedMap::default();
        for number in 0..1000 {
            map.insert(&format!("s3ferry-replication-{number:04}"), number);
        }
        let depth = depth(map.root.as_deref());
        assert!(depth < 40, "{depth}");
        *map.get_mut("s3ferry-replication-0500").unwrap() = 7;
        assert_eq!(map.get("s3ferry-replication-0500"), Some(&7));
        assert_eq!(map.values().count(), 1000);
    }
}
