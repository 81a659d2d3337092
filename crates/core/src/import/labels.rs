//! Names for what had other names, or none: of migrations, rules and accounts.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::digest;
use crate::ids::{AccountName, BucketName, MigrationName, Region, RuleName, SpecName};

/// How long the name of a migration and of an account may be.
const LABEL: usize = 32;
/// How long the name of a rule may be.
const RULE: usize = 64;

/// The name of a spec of what replicates from some buckets, where none was asked for and none is found: other buckets give another
/// name, for two specs of one name would take each other's rules for what left them.
#[must_use]
pub fn spec<'a>(sources: impl IntoIterator<Item = &'a BucketName>) -> SpecName {
    let sources: Vec<&str> = sources.into_iter().map(BucketName::as_str).collect();
    let first = sources.first().copied().unwrap_or("imported");
    let is_all = sources.len() < 2 && label(first, "") == first;
    let end = if is_all {
        String::new()
    } else {
        let digest = digest(&sources.into());
        format!("-{}", digest.get(..8).unwrap_or_default())
    };
    SpecName::new(label(first, &end)).expect("letters, digits and hyphens")
}

/// The name of a rule that its ID suggests.
pub(super) fn rule(id: &str) -> RuleName {
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() || "-_.".contains(letter) {
            letter
        } else {
            '-'
        }
    };
    let name: String = id.chars().map(letter).take(RULE).collect();
    RuleName::new(name).unwrap_or_else(|_| RuleName::new("rule").expect("it is a name"))
}

/// The same name, or with a number behind it where it is taken.
pub(super) fn distinct_rule(name: &RuleName, taken: &BTreeSet<RuleName>) -> RuleName {
    let numbered = (2..).filter_map(|number: usize| {
        let end = format!("-{number}");
        let stem: String = name.as_str().chars().take(RULE - end.len()).collect();
        RuleName::new(stem + &end).ok()
    });
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names
        .find(|name| !taken.contains(name))
        .expect("numbers do not end")
}

/// The names of migrations from one bucket to another, of which there are several where replicas do not all belong to the same
/// account: in the order of the names, none of them taken. `alone` says that the source has no other destination.
pub(super) fn migrations(
    source: &BucketName,
    destination: &BucketName,
    alone: bool,
    count: usize,
    taken: &BTreeSet<MigrationName>,
) -> Vec<MigrationName> {
    let stem = if alone {
        source.to_string()
    } else {
        format!("{source}-to-{destination}")
    };
    let digits = count.to_string().len();
    let names = |attempt: usize| -> Vec<MigrationName> {
        let again = if attempt == 1 {
            String::new()
        } else {
            format!("-{attempt}")
        };
        let name = |number: usize| {
            let end = if count == 1 {
                again.clone()
            } else {
                format!("{again}-{number:0digits$}")
            };
            MigrationName::new(label(&stem, &end)).expect("letters, digits and hyphens")
        };
        (1..=count).map(name).collect()
    };
    let mut all = (1..).map(names);
    all.find(|names| names.iter().all(|name| !taken.contains(name)))
        .expect("numbers do not end")
}

/// The name of an account in one of its Regions, where it has several; with a number where that is taken.
pub(super) fn account_in<T>(
    name: &AccountName,
    region: &Region,
    taken: &BTreeMap<AccountName, T>,
) -> AccountName {
    let numbered = (2..).map(|number: usize| format!("-{region}-{number}"));
    let mut ends = std::iter::once(format!("-{region}")).chain(numbered);
    ends.find_map(|end| {
        let name = AccountName::new(label(name.as_str(), &end)).ok()?;
        (!taken.contains_key(&name)).then_some(name)
    })
    .expect("numbers do not end")
}

/// A name of small letters, digits and hyphens that ends so and is no longer than names may be.
fn label(stem: &str, end: &str) -> String {
    let letter = |letter: char| {
        let small = letter.to_ascii_lowercase();
        if small.is_ascii_lowercase() || small.is_ascii_digit() {
            small
        } else {
            '-'
        }
    };
    let room = LABEL.saturating_sub(end.len());
    let stem: String = stem.chars().map(letter).take(room).collect();
    stem.trim_end_matches('-').to_owned() + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_buckets_give_a_spec_another_name() {
        let named = |sources: &[&str]| {
            let sources: Vec<BucketName> = sources
                .iter()
                .map(|name| BucketName::new(*name).expect("a name"))
                .collect();
            spec(&sources).to_string()
        };
        assert_eq!(named(&["orders-prod"]), "orders-prod");
        let long = [
            "orders-of-all-the-shops-in-europe-1",
            "orders-of-all-the-shops-in-europe-2",
        ];
        let names: BTreeSet<String> = [
            named(&["orders-prod", "aaa"]),
            named(&["orders-prod", "bbb"]),
            named(&["orders.prod"]),
            named(&[long[0]]),
            named(&[long[1]]),
        ]
        .into();
        assert_eq!(names.len(), 5, "{names:?}");
        assert!(names.iter().all(|name| name.len() <= LABEL), "{names:?}");
    }

    #[test]
    fn an_id_becomes_a_name_and_two_of_one_name_are_told_apart() {
        let names = ["everything", "a b/c", "é", &"x".repeat(255)].map(rule);
        let shown = names.clone().map(|name| name.to_string());
        assert_eq!(&shown[..3], ["everything", "a-b-c", "-"]);
        assert_eq!(shown[3].len(), RULE);
        let taken = BTreeSet::from([names[3].clone()]);
        let other = distinct_rule(&names[3], &taken);
        assert!(other.as_str().ends_with("x-2") && other.as_str().len() == RULE);
        assert_eq!(rule("").as_str(), "rule");
    }

    #[test]
    fn migrations_are_called_after_their_buckets_in_order() {
        let bucket = |name: &str| BucketName::new(name).expect("a name");
        let (source, to) = (bucket("orders.prod"), bucket("orders-archive"));
        let named = |alone, count, taken: &[&str]| -> Vec<String> {
            let taken = taken
                .iter()
                .map(|name| MigrationName::new(*name).expect("a name"));
            let names = migrations(&source, &to, alone, count, &taken.collect());
            names.iter().map(ToString::to_string).collect()
        };
        assert_eq!(named(true, 1, &[]), ["orders-prod"]);
        assert_eq!(named(true, 1, &["orders-prod"]), ["orders-prod-2"]);
        assert_eq!(named(false, 1, &[]), ["orders-prod-to-orders-archive"]);
        let many = named(false, 12, &[]);
        assert!(
            many.is_sorted() && many.iter().all(|name| name.len() <= LABEL),
            "{many:?}"
        );
    }
}
