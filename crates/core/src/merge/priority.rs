//! Priorities: numbers for our rules, around everybody else's.
//!
//! Among rules with the same destination bucket the higher priority wins, and no two of them may have the same; whether rules
//! to different buckets may, AWS's documents do not say, so unique ones are written and both are read (domain reference §1.1,
//! §15). In the spec the order of the rules decides. A rule keeps the number that it has wherever
//! the order allows it, so that adding a rule changes no other. A new number is below those of everybody else's rules that
//! send some of the same objects to the same bucket: what they do today, they do tomorrow.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::kinds::replication::Rule;

/// Numbers are given this far apart, so that later rules fit in between.
const GAP: i32 = 10;

/// The wanted rules with their priorities, in their order.
///
/// `kept` are the rules that stay as they are; their numbers are taken.
pub(crate) fn assign(wanted: &[Rule], live: &[Rule], kept: &[Rule]) -> Vec<Rule> {
    let taken: BTreeSet<i32> = kept.iter().filter_map(|rule| rule.priority).collect();
    let clashing: BTreeSet<(&str, i32)> = kept.iter().filter_map(place).collect();
    let ceilings: Vec<i32> = wanted.iter().map(|rule| ceiling(rule, kept)).collect();
    let current: BTreeMap<&str, i32> = live
        .iter()
        .filter(|rule| !rule.is_legacy())
        .filter(|rule| place(rule).is_none_or(|place| !clashing.contains(&place)))
        .filter_map(|rule| Some((rule.id.as_deref()?, rule.priority?)))
        .collect();
    let known = wanted.iter().any(|rule| {
        rule.id
            .as_deref()
            .is_some_and(|id| current.contains_key(id))
    });
    let fitted = || fitted(wanted, &current, &taken, &ceilings);
    let fitted = known.then(fitted).flatten();
    let numbers = fitted.unwrap_or_else(|| fresh(&ceilings, &taken));
    wanted
        .iter()
        .zip(numbers)
        .map(|(rule, number)| Rule {
            priority: Some(number),
            ..rule.clone()
        })
        .collect()
}

/// What no two rules may have both: the destination bucket and the number.
fn place(rule: &Rule) -> Option<(&str, i32)> {
    Some((rule.destination.as_ref()?.bucket.as_str(), rule.priority?))
}

/// What a new number is to stay below: the numbers of the enabled rules of others that send some of the objects to the same bucket.
fn ceiling(rule: &Rule, kept: &[Rule]) -> i32 {
    let meeting = kept
        .iter()
        .filter(|other| other.is_enabled() && other.is_to(rule) && other.meets(rule));
    let numbers = meeting.filter_map(|other| other.priority);
    numbers.min().unwrap_or(i32::MAX)
}

/// Keeps the numbers that rules have and fits the new ones in; `None` where the order does not allow it.
fn fitted(
    wanted: &[Rule],
    current: &BTreeMap<&str, i32>,
    taken: &BTreeSet<i32>,
    ceilings: &[i32],
) -> Option<Vec<i32>> {
    let mut numbers: Vec<Option<i32>> = wanted
        .iter()
        .map(|rule| current.get(rule.id.as_deref()?).copied())
        .collect();
    let mut used: BTreeSet<i32> = taken
        .iter()
        .copied()
        .chain(numbers.iter().flatten().copied())
        .collect();
    for place in 0..wanted.len() {
        let (above, below) = neighbours(wanted, &numbers, place);
        match numbers[place] {
            Some(number) if below < number && number < above => {}
            Some(_) => return None,
            None => {
                let number = between(below, above.min(ceilings[place]), &used)?;
                used.insert(number);
                numbers[place] = Some(number);
            }
        }
    }
    numbers.into_iter().collect()
}

/// The bounds of a place: the least number before it and the greatest after it, of the same destination bucket.
fn neighbours(wanted: &[Rule], numbers: &[Option<i32>], place: usize) -> (i32, i32) {
    let same = |other: &usize| wanted[*other].is_to(&wanted[place]);
    let before = (0..place)
        .filter(same)
        .filter_map(|other| numbers[other])
        .min();
    let after = (place + 1..wanted.len())
        .filter(same)
        .filter_map(|other| numbers[other])
        .max();
    (before.unwrap_or(i32::MAX), after.unwrap_or(-1))
}

/// A free number between two: a gap above all that are used where nothing bounds it from above, else near the middle.
fn between(below: i32, above: i32, used: &BTreeSet<i32>) -> Option<i32> {
    let highest = used.iter().next_back().copied().unwrap_or(0).max(below);
    let next = (highest / GAP).checked_add(1)?.checked_mul(GAP)?;
    if above == i32::MAX && next < above {
        return Some(next);
    }
    let middle = below + (above - below) / 2;
    let upward = (middle..above).find(|number| *number > below && !used.contains(number));
    upward.or_else(|| {
        (below + 1..middle)
            .rev()
            .find(|number| !used.contains(number))
    })
}

/// New numbers for all, the first the highest: with gaps, else without where only so each is below its ceiling. Where none
/// fits, what has to be said is said of the plan (`migration::rules`), which is not applied.
fn fresh(ceilings: &[i32], taken: &BTreeSet<i32>) -> Vec<i32> {
    let numbers = |gap: i32, first: i32| -> Vec<i32> {
        let free = (first..)
            .map(|step| step * gap)
            .filter(|number| !taken.contains(number));
        let mut numbers: Vec<i32> = free.take(ceilings.len()).collect();
        numbers.reverse();
        numbers
    };
    let fits = |numbers: &Vec<i32>| {
        let mut pairs = numbers.iter().zip(ceilings);
        pairs.all(|(number, ceiling)| number < ceiling)
    };
    let wide = numbers(GAP, 1);
    let close = || Some(numbers(1, 0)).filter(fits);
    if fits(&wide) {
        wide
    } else {
        close().unwrap_or(wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kinds::replication::{Filter, RuleDestination, Status};

    fn rule(id: &str, priority: Option<i32>) -> Rule {
        rule_to(id, priority, "arn:aws:s3:::b")
    }

    fn rule_to(id: &str, priority: Option<i32>, bucket: &str) -> Rule {
        Rule {
            id: Some(id.to_owned()),
            priority,
            legacy_prefix: None,
            filter: Some(Filter::Empty),
            status: Status::Enabled,
            source_selection: None,
            existing_objects: None,
            destination: Some(RuleDestination {
                bucket: bucket.to_owned(),
                account: None,
                storage_class: None,
                owner_override: None,
                replica_key: None,
                replication_time: None,
                metrics: None,
            }),
            delete_markers: None,
        }
    }

    fn numbers(wanted: &[Rule], live: &[Rule], kept: &[Rule]) -> Vec<(String, i32)> {
        let of = |rule: Rule| (rule.id.unwrap(), rule.priority.unwrap());
        assign(wanted, live, kept).into_iter().map(of).collect()
    }

    fn pairs(expected: &[(&str, i32)]) -> Vec<(String, i32)> {
        expected
            .iter()
            .map(|(id, number)| ((*id).to_owned(), *number))
            .collect()
    }

    #[test]
    fn the_first_rule_has_the_highest_number() {
        let wanted = [rule("a", None), rule("b", None), rule("c", None)];
        let assigned = numbers(&wanted, &[], &[]);
        assert!(
            assigned[0].1 > assigned[1].1 && assigned[1].1 > assigned[2].1,
            "{assigned:?}"
        );
    }

    #[test]
    fn numbers_of_foreign_rules_are_left_free() {
        let kept = ["x", "y"].map(|bucket| rule_to(bucket, Some(10), bucket));
        let assigned = numbers(&[rule("a", None)], &kept, &kept);
        assert_eq!(assigned, pairs(&[("a", 20)]));
    }

    #[test]
    fn a_new_rule_stands_below_everybody_elses_that_it_meets() {
        let wanted = [rule("a", None), rule("b", None)];
        let kept = [rule("foreign", Some(15)), rule_to("x", Some(0), "x")];
        assert_eq!(numbers(&wanted, &kept, &kept), pairs(&[("a", 2), ("b", 1)]));
        let live = [rule("a", Some(40)), rule("foreign", Some(15))];
        assert_eq!(
            numbers(&wanted, &live, &live[1..]),
            pairs(&[("a", 40), ("b", 7)]),
            "what is live keeps its number"
        );
    }

    #[test]
    fn a_disabled_rule_of_others_is_no_ceiling() {
        let mut foreign = rule("foreign", Some(5));
        foreign.status = Status::Disabled;
        let assigned = numbers(&[rule("a", None)], &[], &[foreign]);
        assert_eq!(assigned, pairs(&[("a", 10)]));
    }

    #[test]
    fn a_rule_keeps_a_number_that_a_rule_to_another_bucket_has_too() {
        let live = [
            rule("a", Some(20)),
            rule_to("theirs", Some(20), "arn:aws:s3:::x"),
        ];
        assert_eq!(
            numbers(&[rule("a", None)], &live, &live[1..]),
            pairs(&[("a", 20)])
        );
        let clash = [rule("a", Some(20)), rule("theirs", Some(20))];
        let assigned = numbers(&[rule("a", None)], &clash, &clash[1..]);
        assert_ne!(assigned, pairs(&[("a", 20)]));
    }

    #[test]
    fn a_rule_keeps_its_number_when_another_joins() {
        let live = [rule("a", Some(20)), rule("c", Some(10))];
        let wanted = [rule("a", None), rule("b", None), rule("c", None)];
        assert_eq!(
            numbers(&wanted, &live, &[]),
            pairs(&[("a", 20), ("b", 15), ("c", 10)])
        );
    }

    #[test]
    fn rules_in_another_order_get_new_numbers() {
        let live = [rule("a", Some(20)), rule("b", Some(10))];
        let wanted = [rule("b", None), rule("a", None)];
        assert_eq!(numbers(&wanted, &live, &[]), pairs(&[("b", 20), ("a", 10)]));
    }

    #[test]
    fn the_order_of_rules_to_different_buckets_does_not_matter() {
        let live = [
            rule_to("a", Some(10), "arn:aws:s3:::x"),
            rule_to("b", Some(20), "arn:aws:s3:::y"),
        ];
        let wanted = [
            rule_to("a", None, "arn:aws:s3:::x"),
            rule_to("b", None, "arn:aws:s3:::y"),
        ];
        assert_eq!(numbers(&wanted, &live, &[]), pairs(&[("a", 10), ("b", 20)]));
    }

    #[test]
    fn numbers_that_do_not_fit_are_given_anew() {
        let live = [rule("a", Some(11)), rule("c", Some(10))];
        let wanted = [rule("a", None), rule("b", None), rule("c", None)];
        assert_eq!(
            numbers(&wanted, &live, &[]),
            pairs(&[("a", 30), ("b", 20), ("c", 10)])
        );
    }

    #[test]
    fn a_drifted_number_that_another_rule_took_is_given_anew() {
        let kept = [rule("foreign", Some(20))];
        let live = [rule("foreign", Some(20)), rule("a", Some(20))];
        assert_eq!(
            numbers(&[rule("a", None)], &live, &kept),
            pairs(&[("a", 10)])
        );
    }

    #[test]
    fn the_end_of_the_range_is_no_trap() {
        let kept = [rule("foreign", Some(i32::MAX))];
        let assigned = numbers(&[rule("a", None)], &kept, &kept);
        assert_eq!(assigned.len(), 1);
        assert!((0..i32::MAX).contains(&assigned[0].1));
    }
}
