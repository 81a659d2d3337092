//! Random worlds, random specs and other people's edits: what must hold of every plan and every apply.
//!
//! `PROPTEST_CASES` raises the number of cases. A failure prints the smallest case that was found.

mod import;
mod play;
mod wanted;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestRunner;
use s3ferry_core::format::{PlanFile, SpecInfo};
use s3ferry_core::ids::MigrationName;
use s3ferry_core::model::kinds::replication::Rule;
use s3ferry_core::model::{BucketPart, Document, Target};
use s3ferry_core::ownership::Markers;
use s3ferry_core::plan::Plan;
use s3ferry_core::plan::file::Head;
use s3ferry_core::scope::Scope;
use s3ferry_render::{Detail, Style, markdown, text};
use s3ferry_testkit::random::edits::Edit;
use s3ferry_testkit::random::oracle::configuration;
use s3ferry_testkit::random::policies::parts;
use s3ferry_testkit::random::shape::{DESTINATIONS, SOURCES, destination, targets};
use s3ferry_testkit::random::{Change, Shape, change, edit, shape};

use play::{Checked, Course, Meanwhile, Play, ensure, equal};

/// A spec, a world, and what becomes of both.
#[derive(Debug, Clone)]
struct Case {
    shape: Shape,
    edits: Vec<Edit>,
    rounds: Vec<Round>,
}

/// The spec changes, people edit, and a plan is made and applied.
#[derive(Debug, Clone)]
struct Round {
    changes: Vec<Change>,
    edits: Vec<Edit>,
    /// Between the plan and its apply.
    between: Vec<Edit>,
    stop: usize,
    picks: Vec<usize>,
    targets: Option<BTreeSet<MigrationName>>,
}

fn case() -> impl Strategy<Value = Case> {
    (shape(), vec(edit(), 0..6), vec(round(), 1..4)).prop_map(|(shape, edits, rounds)| Case {
        shape,
        edits,
        rounds,
    })
}

/// Whether only the layout of documents changes. Done between a plan and its apply, it does not make the plan stale; an apply
/// leaves it as it finds it (docs/semantics.md, "Unchanged"), which the apply of this model, that writes plans as they are, does not.
fn is_layout(edit: &Edit) -> bool {
    matches!(edit, Edit::Reformat)
}

fn round() -> impl Strategy<Value = Round> {
    (
        vec(change(), 0..4),
        vec(edit(), 0..3),
        vec(
            edit().prop_filter("a layout is no edit", |edit| !is_layout(edit)),
            0..3,
        ),
        0..25_usize,
        vec(0..9_usize, 0..25),
        targets(),
    )
        .prop_map(|(changes, edits, between, stop, picks, targets)| Round {
            changes,
            edits,
            between,
            stop,
            picks,
            targets,
        })
}

/// As many cases as given, always the same, so that a change is judged by what it does; or as many new ones as
/// `PROPTEST_CASES` says, to look for more.
fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default,
        None => ProptestConfig {
            cases: count,
            rng_seed: RngSeed::Fixed(1),
            ..default
        },
    }
}

/// Plays a case: the first apply brings the world to the spec, then every round does what the test is about.
fn each_round(
    case: &Case,
    mut then: impl FnMut(&mut Play, &Round) -> Checked,
) -> Result<(), TestCaseError> {
    let mut play = Play::new(case.shape.clone());
    play.edit(&case.edits);
    settle(&mut play, &[]).map_err(TestCaseError::fail)?;
    for round in &case.rounds {
        play.change(&round.changes);
        play.edit(&round.edits);
        then(&mut play, round).map_err(TestCaseError::fail)?;
    }
    Ok(())
}

/// Imports what a case applies, as the spec's own and then as others'; whether both could be looked at.
fn import(case: &Case) -> Checked<bool> {
    // Of what is only prepared nothing tells the rules.
    let mut shape = case.shape.clone();
    for migration in shape.migrations.iter_mut().flatten() {
        migration.replicates = true;
    }
    let there = shape.destinations.iter().enumerate();
    let there = there.filter(|(_, to)| !to.made);
    let mut edits: Vec<Edit> = there.map(|(at, _)| Edit::MakeDestination(at)).collect();
    let owned = case
        .edits
        .iter()
        .filter(|edit| matches!(edit, Edit::Own(_, _)));
    edits.extend(owned.cloned());
    let mut play = Play::new(shape);
    play.edit(&edits);
    if !settle(&mut play, &[])? {
        return Ok(false);
    }
    import::changes_nothing(&play)?;
    import::takes_over_by_name(&play)
}

/// Applies a plan of the whole spec, if it may be applied, and plans again; whether it was applied.
fn settle(play: &mut Play, picks: &[usize]) -> Checked<bool> {
    let plan = play.plan(&Scope::All);
    is_sound(&plan)?;
    if plan.is_blocked() {
        return Ok(false);
    }
    play.apply(&plan, &whole(picks))?;
    play.is_settled()?;
    Ok(true)
}

fn whole(picks: &[usize]) -> Course {
    Course {
        stop: usize::MAX,
        picks: picks.to_vec(),
        meanwhile: Meanwhile::Quiet,
    }
}

/// Steps have names of their own, need only steps that are there, and the edges are these needs.
fn is_sound(plan: &Plan) -> Checked {
    let ids: BTreeSet<&str> = plan.steps.iter().map(|step| step.id.0.as_str()).collect();
    ensure(ids.len() == plan.steps.len(), "two steps have one name")?;
    let needs: BTreeSet<(&str, &str)> = plan
        .steps
        .iter()
        .flat_map(|step| {
            step.needs
                .iter()
                .map(|need| (need.0.as_str(), step.id.0.as_str()))
        })
        .collect();
    ensure(
        needs.iter().all(|(need, _)| ids.contains(need)),
        "a step needs one that is not there",
    )?;
    let edges: BTreeSet<(&str, &str)> = plan
        .order
        .iter()
        .map(|edge| (edge.first.as_str(), edge.then.as_str()))
        .collect();
    equal(&edges, &needs, "the edges")
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn an_apply_converges_step_by_step_and_leaves_what_is_foreign(case in case()) {
        each_round(&case, |play, round| settle(play, &round.picks).map(drop))?;
    }

    #[test]
    fn what_is_applied_is_imported_as_it_is_and_what_is_others_is_taken_over(case in case()) {
        import(&case).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn an_apply_that_stops_anywhere_is_finished_by_the_next(case in case()) {
        each_round(&case, |play, round| {
            let plan = play.plan(&Scope::All);
            if plan.is_blocked() {
                return Ok(());
            }
            let mut straight = play.copy();
            straight.apply(&plan, &whole(&round.picks))?;
            play.apply(&plan, &Course { stop: round.stop, ..whole(&round.picks) })?;
            ensure(settle(play, &round.picks)?, "stopped on the way, the next plan is blocked")?;
            equal(&play.meaning(), &straight.meaning(), "the world at the end")
        })?;
    }

    #[test]
    fn what_other_people_do_between_plan_and_apply_survives(case in case()) {
        each_round(&case, |play, round| {
            let plan = play.plan(&Scope::All);
            if plan.is_blocked() {
                return Ok(());
            }
            play.edit(&round.between);
            play.apply(&plan, &Course { meanwhile: Meanwhile::Edited, ..whole(&round.picks) })?;
            settle(play, &round.picks).map(drop)
        })?;
    }

    #[test]
    fn a_target_changes_nothing_of_other_migrations(case in case()) {
        each_round(&case, |play, round| {
            // A policy that names a role that somebody deleted is refused whole, also where the statement is not to be
            // changed; and rules that are not found are not kept working.
            let Some(targets) = round.targets.as_ref().filter(|_| !play.lost) else {
                return settle(play, &round.picks).map(drop);
            };
            let scope = Scope::Only(targets.clone());
            let plan = play.plan(&scope);
            is_sound(&plan)?;
            if plan.is_blocked() {
                return Ok(());
            }
            let before = of_others(play, targets);
            play.apply(&plan, &whole(&round.picks))?;
            equal(&of_others(play, targets), &before, "rules and statements of others")?;
            let again = play.plan(&scope);
            ensure(again.steps.is_empty() && again.changes.is_empty(), &format!("a second plan has {:#?}", again.steps))
        })?;
    }

    #[test]
    fn the_same_input_gives_the_same_bytes(case in case()) {
        each_round(&case, |play, round| {
            let scope = round.targets.clone().map_or(Scope::All, Scope::Only);
            let (one, other) = (file(&play.plan(&scope)), file(&play.copy().plan(&scope)));
            equal(&other.to_json(), &one.to_json(), "JSON")?;
            let read = PlanFile::from_json(&one.to_json()).map_err(|error| error.to_string())?;
            equal(&read.value, &one, "the plan that was written and read")?;
            for detail in [Detail::Brief, Detail::Full] {
                let drawn = |plan| text(plan, Style::Plain, 100, detail);
                equal(&drawn(&other), &drawn(&one), "text")?;
            }
            let drawn = markdown(&one, 65_536);
            ensure(drawn.chars().count() <= 65_536, "the Markdown is too long")?;
            equal(&markdown(&other, 65_536), &drawn, "Markdown")
        })?;
    }
}

fn file(plan: &Plan) -> PlanFile {
    let head = Head {
        s3ferry: "1.2.3".to_owned(),
        created: "2026-11-23T12:00:00Z".to_owned(),
        spec: SpecInfo {
            name: "default".to_owned(),
            digest: "0".to_owned(),
            files: Vec::new(),
            targets: Vec::new(),
            search: false,
        },
        accounts: Vec::new(),
    };
    plan.clone().into_file(head).1
}

/// The rules and the statements of migrations that a plan is not for, and everybody else's.
fn of_others(play: &Play, targets: &BTreeSet<MigrationName>) -> (Vec<Rule>, Vec<String>) {
    let markers = Markers::of(&play.shape.spec().name);
    let ids: Vec<String> = targets
        .iter()
        .map(|name| format!("s3ferry/default/{name}/"))
        .collect();
    let sids: Vec<String> = targets
        .iter()
        .map(|name| format!("\"Sid\":\"{}", markers.sid_prefix(name)))
        .collect();
    let configurations = (0..SOURCES.len()).filter_map(|index| configuration(&play.world, index));
    let rules = configurations.flat_map(|live| live.rules);
    let is_other = |rule: &Rule| {
        !ids.iter()
            .any(|id| rule.id.as_ref().is_some_and(|of| of.starts_with(id)))
    };
    let policies = (0..DESTINATIONS.len()).filter_map(|index| {
        match play
            .world
            .document(&Target::Bucket(destination(index), BucketPart::Policy))
        {
            Some(Document::BucketPolicy(policy)) => Some(parts(policy.text()).statements),
            _ => None,
        }
    });
    let compact = |one: &String| one.replace("\": \"", "\":\"");
    let statements = policies
        .flatten()
        .filter(|one| !sids.iter().any(|sid| compact(one).contains(sid)));
    let mut rules: Vec<Rule> = rules.filter(is_other).collect();
    rules.sort_by(|one, other| (&one.id, one.priority).cmp(&(&other.id, other.priority)));
    (rules, statements.collect())
}

/// What the cases are about is reached often enough to count on.
#[test]
fn the_generator_reaches_what_matters() {
    let mut runner = TestRunner::deterministic();
    let (mut applied, mut grown, mut deletes, mut empty, mut plans) = (0, 0, 0, 0, 0);
    let mut imported = 0;
    for _ in 0..120 {
        let case = case().new_tree(&mut runner).expect("a case").current();
        imported += usize::from(import(&case).expect("the import holds"));
        let played = each_round(&case, |play, round| {
            let plan = play.plan(&Scope::All);
            plans += 1;
            grown += usize::from(plan.steps.iter().any(|step| step.id.0.ends_with("#shrink")));
            deletes += usize::from(plan.summary.delete > 0);
            empty += usize::from(plan.steps.is_empty());
            applied += usize::from(settle(play, &round.picks)?);
            Ok(())
        });
        played.expect("the case holds");
    }
    let reached = format!(
        "{plans} plans: {applied} applied, {grown} grow first, {deletes} delete, {empty} empty"
    );
    assert!(
        imported > 60,
        "{imported} of 120 were imported and taken over"
    );
    assert!(applied * 5 > plans * 2, "{reached}");
    assert!(
        grown * 10 > plans && deletes * 10 > plans && empty * 2 < plans,
        "{reached}"
    );
}
