//! What becomes of rules because of the others in their configuration.
//!
//! S3 applies to each object the rule of the highest priority to a bucket, so a rule that is taken over must go on standing to
//! every other as it does: new numbers are below those of the rules that stay and meet them (`merge::priority`). One that would
//! lose objects so stays, too.

use super::judged::{Fate, Judged};

/// Judges rules, the most important first, by each other.
pub(super) fn between(rules: &mut [Judged<'_>]) {
    twins(rules);
    never_acting(rules);
    while outranking(rules) {}
    one_schema(rules);
    nothing_for_nothing(rules);
}

/// A spec has one rule for a filter. Of two rules for the same objects and bucket the first that is enabled acts.
fn twins(rules: &mut [Judged<'_>]) {
    for at in 0..rules.len() {
        if !rules[at].is_taken() {
            continue;
        }
        let mut others = (0..rules.len()).filter(|other| *other != at);
        let Some(other) = others.find(|other| {
            let is_kept = rules[*other].is_taken() || matches!(rules[*other].fate, Fate::Ours(..));
            is_kept && rules[*other].selects_the_same(&rules[at])
        }) else {
            continue;
        };
        let id = rules[other].id().to_owned();
        let ours = !rules[other].is_taken();
        let acts = rules[at].rule.is_enabled() && (at < other || !rules[other].rule.is_enabled());
        if ours {
            let why = format!("rule {id} of this spec selects the same objects");
            rules[at].fate = Fate::Stays(why);
        } else if !acts {
            let why = format!("it never acts: rule {id} selects the same objects");
            rules[at].fate = Fate::Never(why);
        } else {
            let why = format!(
                "it never acts: rule {} selects the same objects",
                rules[at].id()
            );
            rules[other].fate = Fate::Never(why);
        }
    }
}

/// Rules that S3 never applies, because a rule of a higher priority selects all of their objects: a plan refuses them.
fn never_acting(rules: &mut [Judged<'_>]) {
    for at in 0..rules.len() {
        if !rules[at].is_taken() {
            continue;
        }
        let winner = (0..rules.len()).find(|other| {
            let winner = &rules[*other];
            let stands = !matches!(winner.fate, Fate::Never(_));
            let wins =
                winner.rule.outranks(rules[at].rule) || (winner.rule.is_legacy() && *other < at);
            *other != at
                && stands
                && wins
                && winner.competes(&rules[at])
                && winner.rule.selects_all_of(rules[at].rule)
        });
        if let Some(winner) = winner {
            let why = format!(
                "it never acts: rule {} takes all of its objects to the same bucket",
                rules[winner].id()
            );
            rules[at].fate = if rules[winner].is_taken() {
                Fate::Never(why)
            } else {
                Fate::Stays(why)
            };
        }
    }
}

/// Leaves rules that would lose objects to one that stays, or to one that is the spec's; whether there was one.
fn outranking(rules: &mut [Judged<'_>]) -> bool {
    let loses = |at: usize| {
        let mut others = rules.iter();
        others.find(|other| {
            let first = match other.fate {
                Fate::Stays(_) => rules[at].rule.outranks(other.rule),
                Fate::Ours(..) => true,
                Fate::Taken(_) | Fate::Never(_) => false,
            };
            first && rules[at].competes(other)
        })
    };
    let taken = (0..rules.len()).filter(|at| rules[*at].is_taken());
    let found = taken.filter_map(|at| Some((at, loses(at)?.id().to_owned())));
    let Some((at, id)) = found.into_iter().next() else {
        return false;
    };
    rules[at].fate = Fate::Stays(format!(
        "it shares objects with rule {id}, and would lose them to it"
    ));
    true
}

/// A configuration with a rule that stays in the first schema, or with an element that S3 takes no more, cannot be written.
fn one_schema(rules: &mut [Judged<'_>]) {
    let mut stuck = rules.iter().filter(|judged| {
        judged.stays() && (judged.rule.is_legacy() || judged.rule.existing_objects.is_some())
    });
    let Some(id) = stuck.next().map(|judged| judged.id().to_owned()) else {
        return;
    };
    for judged in rules.iter_mut() {
        if matches!(judged.fate, Fate::Taken(_) | Fate::Never(_)) {
            judged.fate = Fate::Stays(format!(
                "rule {id} stays, and S3 takes no configuration with it any more that is written anew"
            ));
        }
    }
}

/// Where no rule is taken and none is ours, the spec has nothing of the bucket, and could not say that a rule goes.
fn nothing_for_nothing(rules: &mut [Judged<'_>]) {
    let is_named = |of: &Judged<'_>| matches!(of.fate, Fate::Taken(_) | Fate::Ours(..));
    if rules.iter().any(is_named) {
        return;
    }
    for judged in rules {
        if let Fate::Never(why) = &judged.fate {
            judged.fate = Fate::Stays(why.clone());
        }
    }
}
