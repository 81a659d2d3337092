//! Replicated pairs of a seed file: both buckets from one formula ([`crate::s3::state::formula`]), kept (`pairs`) or
//! computed whenever somebody asks (`synthetic`).
//!
//! ```json
//! {
//!   "pairs": [
//!     {
//!       "source": { "name": "orders-prod", "account": "111111111111", "region": "eu-west-1" },
//!       "destination": { "name": "orders-archive", "account": "222222222222", "region": "eu-central-1" },
//!       "keys": 1000000, "key": "orders/{}.json", "folders": [2, 2],
//!       "versions": 2, "versions_every": 4, "markers_every": 50, "size": [200, 900],
//!       "differences": [
//!         { "kind": "missing", "at": [17, 4711] },
//!         { "kind": "size", "every": 100000, "from": 5 },
//!         { "kind": "etag", "count": 10, "seed": 1 }
//!       ]
//!     }
//!   ]
//! }
//! ```
//!
//! Keys are numbers with leading zeros, with a slash after so many digits each time that `folders` says. Both buckets
//! have versioning. The destination holds replicas, with the ids, times and contents of the source, but where a
//! difference is planted; a key that has one has a marker on top only if that is the difference. Without a destination
//! there is one bucket.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::error::SeedError;
use crate::s3::checksum::{Algorithm, Type, md5, of_pieces};
use crate::s3::rules::storage_class::storage_class;
use crate::s3::seed::{BucketSeed, Size};
use crate::s3::state::computed::{Computed, body, object, version};
use crate::s3::state::differences::{Difference, Differences, Every, Place};
use crate::s3::state::formula::{Formula, Item, Shape, Side, Thing, mixed};
use crate::s3::state::version::{Content, Object, digest};
use crate::s3::state::world::Store;

/// A pair as a seed has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairSeed {
    source: BucketSeed,
    #[serde(default)]
    destination: Option<BucketSeed>,
    keys: u64,
    #[serde(default = "number")]
    key: String,
    #[serde(default)]
    folders: Vec<usize>,
    #[serde(default = "two")]
    versions: u64,
    #[serde(default)]
    versions_every: u64,
    #[serde(default)]
    markers_every: u64,
    #[serde(default)]
    size: Size,
    #[serde(default)]
    storage_class: Option<String>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    differences: Vec<DifferenceSeed>,
}

fn number() -> String {
    "{}".to_owned()
}

fn two() -> u64 {
    2
}

/// Where one kind of difference is: at these numbers, at every so many-th from one on, and at so many drawn ones.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DifferenceSeed {
    kind: Difference,
    #[serde(default)]
    at: Vec<u64>,
    #[serde(default)]
    every: Option<u64>,
    #[serde(default)]
    from: u64,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    seed: u64,
}

/// Makes pairs whose versions are kept.
pub(crate) fn load_kept(store: &Store, pairs: &[PairSeed]) -> Result<(), SeedError> {
    let fill = |pair: &PairSeed, formula| {
        fill(store, pair, &formula);
        Ok(())
    };
    pairs.iter().try_for_each(|pair| pair.load(store, fill))
}

/// Makes pairs of which nothing is kept.
pub(crate) fn load_computed(store: &Store, pairs: &[PairSeed]) -> Result<(), SeedError> {
    let fill = |pair: &PairSeed, formula| {
        let formula = Arc::new(formula);
        let mut ends = pair.ends();
        ends.try_for_each(|(side, end)| compute(store, end, &formula, side))
    };
    pairs.iter().try_for_each(|pair| pair.load(store, fill))
}

impl PairSeed {
    fn ends(&self) -> impl Iterator<Item = (Side, &BucketSeed)> {
        let destination = self.destination.iter();
        let destination = destination.map(|end| (Side::Destination, end));
        std::iter::once((Side::Source, &self.source)).chain(destination)
    }

    fn load(
        &self,
        store: &Store,
        fill: impl Fn(&Self, Formula) -> Result<(), SeedError>,
    ) -> Result<(), SeedError> {
        let formula = self.formula()?;
        for (_, end) in self.ends() {
            if end.has_objects() {
                return Err(end.refuse("objects", "those of a pair come from its formula"));
            }
            end.create(store)?;
            end.version(store, "Enabled")?;
        }
        fill(self, formula)?;
        self.ends().try_for_each(|(_, end)| end.configure(store))
    }

    fn formula(&self) -> Result<Formula, SeedError> {
        let refused = |what: &str, reason: &str| self.source.refuse(what, reason);
        let Some((head, tail)) = self.key.split_once("{}") else {
            return Err(refused("key", "it must have a place for the number: {}"));
        };
        let width = self.keys.saturating_sub(1).to_string().len();
        let folders = self.folders.iter().copied();
        if folders.fold(0_usize, usize::saturating_add) > width {
            return Err(refused("folders", "they take more digits than there are"));
        }
        if self.versions == 0 {
            return Err(refused("versions", "a key has one at least"));
        }
        let class = storage_class(self.storage_class.as_deref())
            .map_err(|error| refused("storage_class", error.message().unwrap_or_default()))?;
        Ok(Formula {
            seed: self.seed,
            keys: self.keys,
            shape: Shape {
                head: head.to_owned(),
                tail: tail.to_owned(),
                width,
                folders: self.folders.clone(),
            },
            versions: self.versions,
            versions_every: self.versions_every,
            markers_every: self.markers_every,
            size: (self.size.from, self.size.to),
            class,
            differences: self.planted(),
        })
    }

    fn planted(&self) -> Differences {
        let (mut listed, mut every) = (Vec::new(), Vec::new());
        for seed in &self.differences {
            let drawn = drawn(seed.count.min(self.keys), seed.seed, self.keys);
            let numbers = seed.at.iter().copied().chain(drawn);
            listed.extend(numbers.map(|number| (number, seed.kind)));
            every.extend(seed.every.filter(|step| *step > 0).map(|step| Every {
                step,
                from: seed.from,
                difference: seed.kind,
            }));
        }
        Differences::new(listed, every)
    }
}

/// Draws so many different numbers below the number of keys.
fn drawn(count: u64, seed: u64, keys: u64) -> BTreeSet<u64> {
    let mut drawn = BTreeSet::new();
    let mut numbers = (0..).map(|step: u64| mixed(mixed(seed) ^ step) % keys);
    while (drawn.len() as u64) < count {
        drawn.extend(numbers.next());
    }
    drawn
}

fn compute(
    store: &Store,
    end: &BucketSeed,
    formula: &Arc<Formula>,
    side: Side,
) -> Result<(), SeedError> {
    let (name, account) = end.place();
    let mut world = store.world();
    let bucket = world.buckets.get_mut(name);
    let bucket = bucket.ok_or_else(|| end.refuse("keys", "the bucket is gone"))?;
    bucket.computed = Some(Computed {
        formula: Arc::clone(formula),
        side,
        owner: account.into(),
    });
    Ok(())
}

/// Keeps what the formula says.
fn fill(store: &Store, pair: &PairSeed, formula: &Formula) {
    let ends = pair.ends().map(|(side, end)| {
        let (name, account) = end.place();
        (side, name, account, Place::default())
    });
    let mut ends: Vec<_> = ends.collect();
    let mut key = String::new();
    for number in 0..formula.keys {
        formula.shape.write(number, &mut key);
        // Replicas share the bytes of their sources.
        let mut shared = Vec::new();
        for (side, name, owner, place) in &mut ends {
            let items = formula.items(*side, number, place);
            let mut items: Vec<Item> = items.newest_first().collect();
            items.reverse();
            let mut objects = Vec::with_capacity(items.len());
            for item in items {
                objects.push((item, item.object.map(|thing| made(thing, &mut shared))));
            }
            let mut world = store.world();
            for (item, object) in objects {
                let owner = (*owner, world.next_sequence());
                let version = version(item, *side, owner, object);
                if let Some(bucket) = world.buckets.get_mut(*name) {
                    bucket.put_version(&key, version);
                }
            }
        }
    }
}

fn made(thing: Thing, shared: &mut Vec<(u64, Arc<Content>)>) -> Object {
    let known = shared.iter().find(|(number, _)| *number == thing.content);
    let content = match known {
        Some((_, content)) => Arc::clone(content),
        None => {
            let content = Arc::new(content(thing));
            shared.push((thing.content, Arc::clone(&content)));
            content
        }
    };
    object(content, thing)
}

fn content(thing: Thing) -> Content {
    let body = body(thing);
    let pieces = body.pieces();
    Content {
        digest: digest(&md5(&pieces)),
        checksum: Some(of_pieces(Algorithm::Crc64Nvme, Type::FullObject, &pieces)),
        body,
        ..Content::default()
    }
}
