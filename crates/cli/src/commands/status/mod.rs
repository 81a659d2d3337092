//! `s3ferry status`: where migrations stand, and what to do next.

mod screen;
mod watch;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use s3ferry_core::format::status::StatusFile;
use s3ferry_core::status::{Measured, Measures, Seen, reads, status};
use s3ferry_engine::status::{look, measure};
use tokio::time::Instant;

use super::Ended;
use super::plan::shell_word;
use crate::args::{StatusArgs, StatusFormat};
use crate::chain::chain;
use crate::exit::Exit;
use crate::planning::{self, Planned};
use crate::printer::Printer;
use crate::specs::{Loaded, load};

/// A status ends with 0 wherever it can be told, as it is no judge: what needs attention is in it.
pub(crate) async fn run(printer: &Printer, args: &StatusArgs, parallelism: usize) -> Ended {
    if let Some(every) = args.watch {
        return watch::run(printer, args, parallelism, every).await;
    }
    let file = read(printer, args, parallelism, &Metered::default()).await?;
    printer.clear_status();
    printer.data(&match args.format {
        StatusFormat::Text => {
            s3ferry_render::status_text(&file, printer.style, printer.width, printer.lines)
        }
        StatusFormat::Json => s3ferry_render::sanitize_json(&file.to_json()),
    })?;
    Ok(Exit::Done)
}

/// What metrics said last. They move once a minute, and each question costs: a page that is drawn more often asks no more often.
#[derive(Debug, Default)]
struct Metered(Mutex<Option<(Instant, Measures)>>);

/// As often as S3 publishes metrics of replication.
const METRICS_FOR: Duration = Duration::from_secs(60);

impl Metered {
    fn fresh(&self) -> Option<Measures> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = kept.as_ref().filter(|(at, _)| at.elapsed() < METRICS_FOR);
        fresh.map(|(_, measures)| measures.clone())
    }

    /// What could not be had is asked for again with the next page.
    fn keep(&self, measures: &Measures) {
        let is_unread = |of: &Measured| matches!(of, Measured::Unread(_));
        if measures.values().any(is_unread) {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((Instant::now(), measures.clone()));
    }
}

/// Reads the spec, both accounts and the ledger, and says where the migrations stand.
async fn read(
    printer: &Printer,
    args: &StatusArgs,
    parallelism: usize,
    metered: &Metered,
) -> Result<StatusFile, Exit> {
    let loaded = load(printer, &args.paths.paths, &args.target)?;
    let planned = planning::make(printer, &loaded, parallelism, None).await?;
    let Loaded { spec, scope, .. } = &loaded;
    let Planned {
        cloud,
        observed,
        ledger,
        file,
        ..
    } = &planned;
    printer.status("reading metrics");
    let asked = reads::asked(spec, scope, observed);
    // Rules that came meanwhile are asked for at once.
    let measured = match metered.fresh() {
        Some(fresh) if asked.iter().all(|of| fresh.contains_key(of)) => fresh,
        Some(_) | None => {
            let measured = measure(cloud, asked).await;
            metered.keep(&measured);
            measured
        }
    };
    let sources = reads::to_look(spec, scope, observed, &measured);
    if !sources.is_empty() {
        printer.status("looking at the newest versions");
    }
    let looked = look(cloud, sources).await;
    let last = ledger.last_receipts(&spec.name).map_err(|error| {
        printer.error(&chain(&error), None);
        Exit::Error
    })?;
    let paths: Vec<String> = args
        .paths
        .paths
        .iter()
        .map(|path| shell_word(path))
        .collect();
    Ok(status(&Seen {
        spec,
        observed,
        plan: file,
        measured: &measured,
        looked: &looked,
        receipts: &last,
        paths: &paths.join(" "),
    }))
}
