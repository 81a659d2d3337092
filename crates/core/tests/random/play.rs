//! Plays plans on a world in memory, and checks every write on the way.

use std::collections::{BTreeMap, BTreeSet};

use s3ferry_core::model::kinds::{Bucket, BucketEncryption};
use s3ferry_core::model::{BucketPart, BucketRef, Document, Observed, Target, same};
use s3ferry_core::plan::{Plan, Proofs, Step, StepId, Work, WriteStep, plan};
use s3ferry_core::reads;
use s3ferry_core::scene::Scene;
use s3ferry_core::scope::Scope;
use s3ferry_core::spec::{Create, Spec};
use s3ferry_testkit::MemoryWorld;
use s3ferry_testkit::random::edits::{Edit, start};
use s3ferry_testkit::random::shape::source;
use s3ferry_testkit::random::{Change, Foreign, Shape, foreign, oracle, trails};

/// A world with a spec for it.
#[derive(Clone)]
pub(crate) struct Play {
    pub(crate) world: MemoryWorld,
    pub(crate) proofs: Proofs,
    pub(crate) shape: Shape,
    /// Whether somebody took away what s3ferry finds its own things by.
    pub(crate) lost: bool,
    /// Whether somebody took away what leads to keys that left the spec.
    pub(crate) lost_keys: bool,
}

/// What a world may be while a plan is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    /// As the plan was made from it.
    Quiet,
    /// Edited since: steps whose target moved, or that AWS refuses, stop their branch.
    Edited,
}

/// How far an apply goes, and in which of the orders that the plan allows.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    /// Steps after which it stops.
    pub(crate) stop: usize,
    /// Which of the steps that are ready comes next.
    pub(crate) picks: Vec<usize>,
    pub(crate) meanwhile: Meanwhile,
}

pub(crate) type Checked<T = ()> = Result<T, String>;

impl Play {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            world: start(),
            proofs: Proofs::new(),
            shape,
            lost: false,
            lost_keys: false,
        }
    }

    /// The same in a world of its own.
    pub(crate) fn copy(&self) -> Self {
        Self {
            world: self.world.copy(),
            ..self.clone()
        }
    }

    pub(crate) fn edit(&mut self, edits: &[Edit]) {
        for edit in edits {
            self.lost |= edit.loses_track();
            self.lost_keys |= edit.loses_keys();
            edit.make(&self.world);
        }
    }

    pub(crate) fn change(&mut self, changes: &[Change]) {
        for change in changes {
            self.shape.change(change);
        }
    }

    pub(crate) fn plan(&self, scope: &Scope) -> Plan {
        let spec = &self.shape.spec();
        let mut observed = Observed::default();
        let mut targets = reads::first_in(spec, scope);
        loop {
            while !targets.is_empty() {
                for target in targets {
                    let document = self.world.document(&target);
                    observed.insert(target, document);
                }
                targets = reads::following(spec, scope, &observed);
            }
            let plan = plan(&Scene::new(spec, &observed, &self.proofs, scope));
            if plan.questions.is_empty() {
                return plan;
            }
            targets = plan.questions;
        }
    }

    /// Applies a plan and checks every write.
    pub(crate) fn apply(&mut self, plan: &Plan, course: &Course) -> Checked {
        let mut run = Run::of(plan);
        let settings = settings_of_others(&self.shape.spec(), &self.world);
        let before = foreign(&self.world);
        for turn in 0..course.stop {
            let pick = course.picks.get(turn).copied().unwrap_or_default();
            let Some(step) = run.next(pick) else { break };
            if self.step(step, &run.made, course.meanwhile)? {
                run.done(step);
            }
        }
        if course.stop >= plan.steps.len() && course.meanwhile == Meanwhile::Quiet {
            ensure(
                run.done.len() == plan.steps.len(),
                "the steps wait for each other",
            )?;
        }
        self.foreign_is(&before)?;
        let after = settings_of_others(&self.shape.spec(), &self.world);
        equal(&after, &settings, "settings of buckets that are not ours")
    }

    /// Applies a plan that takes over what is foreign, and checks that no rule stops working on the way.
    pub(crate) fn apply_whatever(&mut self, plan: &Plan) -> Checked {
        let mut run = Run::of(plan);
        while let Some(step) = run.next(0) {
            let done = self.step(step, &run.made, Meanwhile::Quiet)?;
            ensure(done, &format!("{} is not done", step.id))?;
            run.done(step);
        }
        ensure(run.open.is_empty(), "the steps wait for each other")
    }

    /// Nothing foreign is other than it was, but for roles of ours that are gone with their tags.
    pub(crate) fn foreign_is(&self, before: &Foreign) -> Checked {
        let after = foreign(&self.world).without_roles_not_in(before);
        let before = before.clone().without_roles_gone_in(&self.world);
        equal(&after.rules, &before.rules, "foreign rules")?;
        equal(&after.statements, &before.statements, "foreign statements")?;
        equal(&after.tags, &before.tags, "foreign tags")?;
        equal(&after.logging, &before.logging, "foreign logging")?;
        equal(
            &after.inventories,
            &before.inventories,
            "foreign inventories",
        )?;
        equal(
            &after.notifications,
            &before.notifications,
            "what others have told to them",
        )?;
        equal(&after.roles, &before.roles, "paths and boundaries of roles")?;
        equal(&after.trails, &before.trails, "trails of others")?;
        equal(&after.rest, &before.rest, "what no spec names")
    }

    /// Takes a step; whether it is done.
    fn step(
        &mut self,
        step: &Step,
        made: &BTreeSet<BucketRef>,
        meanwhile: Meanwhile,
    ) -> Checked<bool> {
        let write = match &step.work {
            Work::Prove(goal) => {
                let Some(canary) = goal.canary() else {
                    return Ok(true);
                };
                let by = self.world.document(&canary.proven_by());
                let Some(proof) = canary.proof(by.as_ref()) else {
                    return Ok(false);
                };
                self.proofs.insert(proof);
                return Ok(true);
            }
            Work::Sweep(_) => return Ok(true),
            Work::Write(write) => &**write,
        };
        let live = self.world.document(&write.target);
        if same(live.as_ref(), write.after.as_ref()) {
            return Ok(true);
        }
        let is_born = is_born(&write.target, made) || trails::is_new(&write.target, live.as_ref());
        let born = write.before.is_none() && is_born;
        let problem = if born || same(live.as_ref(), write.before.as_ref()) {
            self.write(write, meanwhile)?
        } else {
            Some("it is stale".to_owned())
        };
        match (problem, meanwhile) {
            (None, _) => Ok(true),
            (Some(_), Meanwhile::Edited) => Ok(false),
            (Some(problem), Meanwhile::Quiet) => Err(format!("{}: {problem}", step.id)),
        }
    }

    /// Writes; why AWS refuses it. Rules that worked go on working, and rules that come work at once.
    fn write(&self, write: &WriteStep, meanwhile: Meanwhile) -> Checked<Option<String>> {
        let WriteStep { target, after, .. } = write;
        if let Some(refused) = oracle::refused(&self.world, target, after.as_ref()) {
            return Ok(Some(format!("AWS refuses it: {refused}")));
        }
        let before = oracle::rules(&self.world);
        let delivered = oracle::deliveries(&self.world);
        let recording = trails::ours(&self.world);
        if let Err(error) = self.world.change(target, after.as_ref()) {
            return Ok(Some(format!("AWS refuses it: {error}")));
        }
        for (rule, problem) in oracle::rules(&self.world) {
            if self.lost && !self.is_read(rule.0) {
                continue;
            }
            let worked = match before.get(&rule) {
                Some(problem) => problem.is_none(),
                None => meanwhile == Meanwhile::Quiet,
            };
            if let (true, Some(problem)) = (worked, problem) {
                return Err(format!("after {target} rule {} stops: {problem}", rule.1));
            }
        }
        for (trail, problem) in trails::ours(&self.world) {
            let worked = match recording.get(&trail) {
                Some(problem) => problem.is_none(),
                None => meanwhile == Meanwhile::Quiet,
            };
            if let (true, Some(problem), false) = (worked, problem, self.lost) {
                return Err(format!("after {target} {trail} stops: {problem}"));
            }
        }
        for (what, problem) in oracle::deliveries(&self.world) {
            let worked = match delivered.get(&what) {
                Some(problem) => problem.is_none(),
                None => meanwhile == Meanwhile::Quiet,
            };
            if let (true, Some(problem), false) = (worked, problem, self.lost) {
                return Err(format!("after {target} {what:?} is not taken: {problem}"));
            }
        }
        Ok(None)
    }

    /// Whether the spec names a source bucket; else its rules are found by the tags of their role only.
    fn is_read(&self, index: usize) -> bool {
        let spec = self.shape.spec();
        let mut migrations = spec.migrations.values();
        migrations.any(|migration| spec.source(migration) == source(index))
    }

    /// After an apply of the whole spec: a second plan is empty, and the world is what the spec says.
    pub(crate) fn is_settled(&self) -> Checked {
        let again = self.plan(&Scope::All);
        ensure(
            !again.is_blocked(),
            &format!("blocked: {:#?}", again.findings),
        )?;
        ensure(
            again.changes.is_empty(),
            &format!("a second plan has {:#?}", again.changes),
        )?;
        ensure(
            again.steps.is_empty(),
            &format!("a second plan has {:#?}", again.steps),
        )?;
        let broken: Vec<_> = oracle::rules(&self.world)
            .into_iter()
            .filter(|((index, _), problem)| {
                problem.is_some() && (!self.lost || self.is_read(*index))
            })
            .collect();
        ensure(broken.is_empty(), &format!("do not work: {broken:#?}"))?;
        super::wanted::rules_are_wanted(self)?;
        super::wanted::alarms_are_wanted(self)?;
        super::wanted::records_are_wanted(self)?;
        super::wanted::events_are_wanted(self)?;
        super::wanted::trails_are_wanted(self)?;
        if self.lost {
            return Ok(());
        }
        super::wanted::nothing_is_left_over(self)
    }

    /// Every document by meaning, but for what only a bucket's birth decides.
    pub(crate) fn meaning(&self) -> BTreeMap<Target, serde_json::Value> {
        let meaning = |(target, document): (Target, Document)| {
            let document = match document {
                Document::Encryption(it) => Document::Encryption(BucketEncryption {
                    blocked: BTreeSet::new(),
                    ..it
                }),
                other => other,
            };
            (target, document.canonical())
        };
        self.world.documents().into_iter().map(meaning).collect()
    }
}

/// The steps of a plan that are still to be taken.
struct Run<'a> {
    open: Vec<&'a Step>,
    done: BTreeSet<StepId>,
    /// Buckets that this run made: their settings are what AWS gave them.
    made: BTreeSet<BucketRef>,
}

impl<'a> Run<'a> {
    fn of(plan: &'a Plan) -> Self {
        Self {
            open: plan.steps.iter().collect(),
            done: BTreeSet::new(),
            made: BTreeSet::new(),
        }
    }

    fn next(&mut self, pick: usize) -> Option<&'a Step> {
        let is_ready = |at: &usize| self.open[*at].needs.is_subset(&self.done);
        let ready: Vec<usize> = (0..self.open.len()).filter(is_ready).collect();
        let at = ready.get(pick % ready.len().max(1))?;
        Some(self.open.remove(*at))
    }

    fn done(&mut self, step: &Step) {
        self.done.insert(step.id.clone());
        if let Work::Write(write) = &step.work
            && let (
                Target::Bucket(bucket, BucketPart::Itself),
                Some(Document::Bucket(Bucket { .. })),
            ) = (&write.target, &write.after)
        {
            self.made.insert(bucket.clone());
        }
    }
}

fn is_born(target: &Target, made: &BTreeSet<BucketRef>) -> bool {
    let with_bucket = matches!(
        target,
        Target::Bucket(_, BucketPart::Tags)
            | Target::Bucket(_, BucketPart::Versioning)
            | Target::Bucket(_, BucketPart::Encryption)
            | Target::Bucket(_, BucketPart::Ownership)
            | Target::Bucket(_, BucketPart::PublicAccess)
    );
    with_bucket && target.bucket().is_some_and(|bucket| made.contains(bucket))
}

/// The settings of destination buckets that a spec leaves to others.
fn settings_of_others(spec: &Spec, world: &MemoryWorld) -> BTreeMap<Target, Option<Document>> {
    let left = spec
        .migrations
        .values()
        .filter(|migration| migration.destination.create == Create::No);
    let targets = left.flat_map(|migration| {
        let bucket = spec.destination(migration);
        let parts: [fn(BucketRef) -> Target; 4] = [
            |of| Target::Bucket(of, BucketPart::Tags),
            |of| Target::Bucket(of, BucketPart::Encryption),
            |of| Target::Bucket(of, BucketPart::Ownership),
            |of| Target::Bucket(of, BucketPart::PublicAccess),
        ];
        parts.map(|part| part(bucket.clone()))
    });
    targets
        .map(|target| (target.clone(), world.document(&target)))
        .collect()
}

pub(crate) fn ensure(holds: bool, otherwise: &str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}

pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(after: &T, before: &T, what: &str) -> Checked {
    ensure(
        after == before,
        &format!("{what} changed:\n{after:#?}\nand were\n{before:#?}"),
    )
}
