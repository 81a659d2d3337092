//! `s3ferry plan --drift`: what others changed since s3ferry wrote it.

use std::collections::BTreeMap;

use s3ferry_core::format::drift::{DRIFT_FORMAT, DriftFile};
use s3ferry_core::model::{Document, Target};
use s3ferry_core::plan::{Drift, LeftByRun, drift};
use s3ferry_engine::ledger::{FolderLedger, Held, Left};

use super::{Ended, history};
use crate::args::{COMMENT_LIMIT, Format};
use crate::chain::chain;
use crate::exit::Exit;
use crate::planning::Planned;
use crate::printer::Printer;
use crate::specs::Loaded;

/// Shows what of a plan's changes others made necessary.
pub(super) async fn show(
    printer: &Printer,
    loaded: &Loaded,
    planned: &Planned,
    format: Format,
) -> Ended {
    let left = left(printer, loaded, &planned.ledger)?;
    let plan = &planned.file;
    let Drift {
        mut drifted,
        unrecorded,
        beside,
        refused,
        pending,
    } = drift(
        &loaded.spec,
        &planned.observed,
        (&plan.changes, &plan.findings),
        &left,
        &planned.remembered,
    );
    history::tell(printer, loaded, planned, &mut drifted).await;
    let file = DriftFile {
        format: DRIFT_FORMAT.to_owned(),
        s3ferry: plan.s3ferry.clone(),
        created: plan.created.clone(),
        spec: plan.spec.name.clone(),
        targets: plan.spec.targets.clone(),
        accounts: plan.accounts.clone(),
        drifted,
        unrecorded,
        beside,
        refused,
        pending,
    };
    printer.data(&match format {
        Format::Text => s3ferry_render::drift_text(&file, printer.style, printer.width),
        Format::Markdown => s3ferry_render::drift_markdown(&file, COMMENT_LIMIT),
        Format::Json => s3ferry_render::sanitize_json(&file.to_json()),
    })?;
    Ok(if file.is_empty() {
        Exit::Done
    } else {
        Exit::Pending
    })
}

/// What runs left, with the documents that the ledger keeps.
fn left(
    printer: &Printer,
    loaded: &Loaded,
    ledger: &FolderLedger,
) -> Result<BTreeMap<Target, LeftByRun>, Exit> {
    let (left, unread) = ledger.left(&loaded.spec).map_err(|error| {
        printer.error(&chain(&error), None);
        Exit::Error
    })?;
    for (run, error) in &unread {
        let why = chain(error);
        printer.warning(&format!(
            "the journal of run {run} says nothing of what it left: {why}"
        ));
    }
    let left = left.into_iter();
    let with_document = |(target, left): (Target, Left)| {
        let document = left
            .held
            .and_then(|held| kept(printer, ledger, &target, &held));
        let left = LeftByRun {
            run: left.run,
            at: left.at,
            fingerprint: left.fingerprint,
            document,
        };
        (target, left)
    };
    Ok(left.map(with_document).collect())
}

/// What a ledger keeps under a name; none where it cannot be had, which is told.
fn kept(
    printer: &Printer,
    ledger: &FolderLedger,
    target: &Target,
    held: &Held,
) -> Option<Option<Document>> {
    match held {
        Held::Absent => Some(None),
        Held::Document(id) => match ledger.document(id) {
            Ok(document) => Some(Some(document)),
            Err(error) => {
                let why = chain(&error);
                printer.warning(&format!(
                    "what s3ferry left at {target} is not known: {why}"
                ));
                None
            }
        },
    }
}
