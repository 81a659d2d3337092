//! The copy of existing objects: which, and where its job tells what became of them.

use s3ferry_core::ids::MigrationName;
use s3ferry_core::spec::{Backfill, BackfillScope, LogPlace, Phase};

use super::ends::{End, Ends};
use super::logging::{Placed, place};
use super::view::View;
use crate::report::Report;
use crate::yaml::Kind;

/// The highest priority of a job (BC:s3control JobPriority).
const HIGHEST: u32 = 2_147_483_647;

/// Reads `backfill`.
pub(super) fn backfill(
    report: &mut Report<'_>,
    migration: &View<'_>,
    ends: &Ends<'_>,
    name: &MigrationName,
) -> Option<(Backfill, Vec<Placed>)> {
    let view = migration.optional("backfill")?;
    let mut places = Vec::new();
    let backfill = match &view {
        None => Backfill::default(),
        Some(view) => {
            let scope = scope(view);
            let confirm = view.bool_or("confirm", true);
            let priority = priority(report, view);
            let mut delivered = |field, what| delivered(report, view, ends, (field, what, name));
            let (reports, lists) = (
                delivered("report", "reports of jobs"),
                delivered("manifest", "lists of jobs"),
            );
            let (reports, lists) = (reports?, lists?);
            let mut take = |of: Option<(LogPlace, Placed)>| {
                of.map(|(place, placed)| {
                    places.push(placed);
                    place
                })
            };
            Backfill {
                scope: scope?,
                confirm: confirm?,
                priority: priority?,
                report: take(reports),
                manifest: take(lists),
            }
        }
    };
    has_a_report(report, migration, &backfill)?;
    Some((backfill, places))
}

fn scope(view: &View<'_>) -> Option<BackfillScope> {
    match view.optional("scope")? {
        None => Some(BackfillScope::default()),
        Some(word) => word.one_of(BackfillScope::ALL, BackfillScope::as_str),
    }
}

fn priority(report: &mut Report<'_>, view: &View<'_>) -> Option<u32> {
    let Some(priority) = view.optional("priority")? else {
        return Some(Backfill::PRIORITY);
    };
    let Kind::Number(_, Some(number)) = priority.node().kind else {
        return None;
    };
    let fits = u32::try_from(number).ok().filter(|of| *of <= HIGHEST);
    if fits.is_none() {
        report.error(
            "backfill-priority",
            priority.place(),
            format!("{number} is no priority of a job"),
            "write a number up to 2147483647; the higher it is, the sooner the job is worked on",
        );
    }
    fits
}

/// A place that a job writes to: in the account of the source, as a generated list must be in its Region, too
/// (UG:s3-batch-replication-batch).
fn delivered(
    report: &mut Report<'_>,
    view: &View<'_>,
    ends: &Ends<'_>,
    (field, what, migration): (&'static str, &'static str, &MigrationName),
) -> Option<Option<(LogPlace, Placed)>> {
    let Some(view) = view.optional(field)? else {
        return Some(None);
    };
    of_jobs(report, &view, ends.source.as_ref()?, (what, migration)).map(Some)
}

/// A place that jobs write to, in the account of the bucket that they work on.
pub(super) fn of_jobs(
    report: &mut Report<'_>,
    view: &View<'_>,
    end: &End<'_>,
    (what, migration): (&'static str, &MigrationName),
) -> Option<(LogPlace, Placed)> {
    let mut place = place(report, view, end)?;
    // S3 puts a slash after it, and two would be a folder without a name.
    place.prefix = place.prefix.trim_end_matches('/').to_owned();
    let placed = Placed {
        what,
        of: migration.to_string(),
        to: Some(place.bucket.clone()),
        account: end.name.to_string(),
        says: format!("{place:?}"),
        at: view.place(),
    };
    Some((place, placed))
}

/// A job without a report would be Complete, which says nothing (UG:batch-ops-job-status).
fn has_a_report(report: &mut Report<'_>, migration: &View<'_>, backfill: &Backfill) -> Option<()> {
    let phase = migration.optional("phase")??;
    let copies = backfill.scope != BackfillScope::None && backfill.report.is_none();
    if phase.text() != Some(Phase::Backfill.as_str()) || !copies {
        return Some(());
    }
    let at = migration.optional("backfill")?.unwrap_or(phase).place();
    report.error(
        "backfill-report",
        at,
        "in phase `backfill` the migration must say where the report of its job goes",
        "write `backfill: { report: { bucket: NAME } }` with a bucket of the source's account and Region\n\
         or `backfill: { scope: none }`, if no existing object shall be copied",
    );
    None
}
