//! What a comparison of both sides must be.

use std::collections::BTreeSet;

use s3ferry_core::ids::{BucketName, MigrationName};
use s3ferry_core::spec::{AthenaSpec, Compared, Depth, LogPlace, Phase, Share, Sides, VerifySpec};

use super::accounts::Accounts;
use super::backfill::of_jobs;
use super::ends::Ends;
use super::logging::{Placed, sides};
use super::monitoring::amount;
use super::view::View;
use crate::report::Report;

/// Reads `verify`, and where what it says is written.
pub(super) fn verify(
    report: &mut Report<'_>,
    accounts: &Accounts,
    migration: &View<'_>,
    ends: &Ends<'_>,
    name: &MigrationName,
) -> Option<(VerifySpec, Vec<Placed>)> {
    let mut places = Vec::new();
    let Some(view) = migration.optional("verify")? else {
        return Some((VerifySpec::default(), places));
    };
    let athena = athena(report, accounts, &view, ends, name);
    let reports = reports(report, &view, ends, name, &mut places);
    let said = said(&view);
    let (athena, placed) = athena?.unzip();
    places.extend(placed);
    let verify = VerifySpec {
        athena,
        reports: reports?,
        ..said?
    };
    has_reports(report, migration, &view, &verify)?;
    Some((verify, places))
}

fn reports(
    report: &mut Report<'_>,
    verify: &View<'_>,
    ends: &Ends<'_>,
    name: &MigrationName,
    places: &mut Vec<Placed>,
) -> Option<Sides<LogPlace>> {
    let Some(of) = verify.optional("reports")? else {
        return Some(Sides::default());
    };
    sides(&of, ends, |view, end, side| {
        let what = ("reports of checksums", name);
        let (place, mut placed) = of_jobs(report, view, end, what)?;
        placed.of = format!("{name}, {side}");
        places.push(placed);
        Some(place)
    })
}

fn said(view: &View<'_>) -> Option<VerifySpec> {
    let unsaid = VerifySpec::default();
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
    Some(VerifySpec {
        depth,
        compare,
        content,
        max_age,
        confirm: view.bool_or("confirm", unsaid.confirm)?,
        reports: Sides::default(),
        athena: None,
    })
}

fn athena(
    report: &mut Report<'_>,
    accounts: &Accounts,
    verify: &View<'_>,
    ends: &Ends<'_>,
    migration: &MigrationName,
) -> Option<Option<(AthenaSpec, Placed)>> {
    let Some(view) = verify.optional("athena")? else {
        return Some(None);
    };
    let output = view.require(report, "output");
    let account = match view.optional("account")? {
        None => None,
        Some(account) => Some(accounts.find(report, account.text()?, account.place())?.0),
    };
    let output = output?;
    let bucket = BucketName::new(output.require(report, "bucket")?.text()?).ok()?;
    let text = |view: &View<'_>, field: &'static str, unsaid: &str| match view.optional(field)? {
        None => Some(unsaid.to_owned()),
        Some(value) => Some(value.text()?.to_owned()),
    };
    let athena = AthenaSpec {
        account,
        workgroup: text(&view, "workgroup", AthenaSpec::WORKGROUP)?,
        database: text(&view, "database", AthenaSpec::DATABASE)?,
        output: LogPlace {
            bucket: bucket.clone(),
            prefix: text(&output, "prefix", "")?,
        },
    };
    let owner = match &athena.account {
        Some(named) => named,
        None => &ends.source.as_ref()?.name,
    };
    let placed = Placed {
        what: "results of queries",
        of: migration.to_string(),
        to: Some(bucket),
        account: owner.to_string(),
        says: format!("{athena:?}"),
        at: output.place(),
    };
    Some(Some((athena, placed)))
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
