//! What a comparison of both sides must be.

use std::collections::BTreeSet;

use s3ferry_core::ids::MigrationName;
use s3ferry_core::spec::{Compared, Depth, Phase, Share, Sides, VerifySpec};

use super::backfill::of_jobs;
use super::ends::Ends;
use super::logging::{Placed, sides};
use super::monitoring::amount;
use super::view::View;
use crate::report::Report;

/// Reads `verify`, and where jobs report to.
pub(super) fn verify(
    report: &mut Report<'_>,
    migration: &View<'_>,
    ends: &Ends<'_>,
    name: &MigrationName,
) -> Option<(VerifySpec, Vec<Placed>)> {
    let unsaid = VerifySpec::default();
    let mut places = Vec::new();
    let Some(view) = migration.optional("verify")? else {
        return Some((unsaid, places));
    };
    let depth = match view.optional("depth")? {
        None => unsaid.depth,
        Some(word) => word.one_of(Depth::ALL, Depth::as_str)?,
    };
    let compare = match view.optional("compare")? {
        None => unsaid.compare,
        Some(list) => compared(&list)?,
    };
    // An age that nothing can have is one that everything may have.
    let max_age = match view.optional("max_age")? {
        None => unsaid.max_age,
        Some(age) => amount(age.text()?).unwrap_or(u64::MAX),
    };
    let content = match view.optional("sample_content")? {
        None if depth == Depth::Content => Share::ALL,
        None => Share::NONE,
        Some(share) => Share::of_percent(share.text()?)?,
    };
    let reports = match view.optional("reports")? {
        None => Sides::default(),
        Some(of) => sides(&of, ends, |view, end, side| {
            let what = ("reports of checksums", name);
            let (place, mut placed) = of_jobs(report, view, end, what)?;
            placed.of = format!("{name}, {side}");
            places.push(placed);
            Some(place)
        })?,
    };
    let verify = VerifySpec {
        depth,
        compare,
        content,
        max_age,
        reports,
        confirm: view.bool_or("confirm", unsaid.confirm)?,
    };
    has_reports(report, migration, &view, &verify)?;
    Some((verify, places))
}

/// What jobs compute stands in their reports alone.
fn has_reports(
    report: &mut Report<'_>,
    migration: &View<'_>,
    view: &View<'_>,
    verify: &VerifySpec,
) -> Option<()> {
    let Sides {
        source,
        destination,
    } = &verify.reports;
    let phase = migration.optional("phase")??;
    let asks = [Phase::Verify, Phase::Cutover].map(Phase::as_str);
    let asks = phase.text().is_some_and(|phase| asks.contains(&phase));
    let is_whole = source.is_some() && destination.is_some();
    if verify.depth != Depth::Computed || is_whole || !asks {
        return Some(());
    }
    report.error(
        "verify-reports",
        view.place(),
        "with `depth: computed` the migration must say where the reports of both jobs go",
        "write `verify: { depth: computed, reports: { source: { bucket: NAME }, destination: { bucket: NAME } } }`, each with a bucket of that \
         side's account and Region\nor another depth",
    );
    None
}

fn compared(list: &View<'_>) -> Option<BTreeSet<Compared>> {
    let named = |word: &str| {
        let mut all = Compared::ALL.into_iter();
        all.find(|known| known.as_str() == word)
    };
    let words = list.node().items().iter();
    words.map(|word| named(word.text()?)).collect()
}
