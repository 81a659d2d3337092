//! One migration.

use std::collections::BTreeSet;

use s3ferry_core::goals::{LONGEST_RUN, Probe};
use s3ferry_core::ids::{AccountId, MigrationName, RoleName, SpecName};
use s3ferry_core::spec::{
    Backfill, Canary, Destination, Guards, Logging, Migration, Monitoring, Phase, Source,
    VerifySpec,
};

use super::accounts::Accounts;
use super::backfill;
use super::ends::{self, EndPlace, Ends};
use super::logging;
use super::monitoring;
use super::rule;
use super::verify;
use super::view::View;
use crate::report::{Report, Span};
use crate::scalar::LONGEST_KEY;
use crate::yaml::{Kind, Node};

/// The name of canary objects where none is given.
pub(crate) const CANARY: &str = Canary::NAME;

/// How long a spec's name may be.
const LONGEST_SPEC: usize = 32;

/// A migration and the places that contradictions point to.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) name: MigrationName,
    pub(super) migration: Migration,
    pub(super) source: EndPlace,
    pub(super) destination: EndPlace,
    pub(super) role_at: Option<Span>,
    pub(super) batch_role_at: Option<Span>,
    pub(super) destination_batch_role_at: Option<Span>,
    pub(super) create_at: Span,
    pub(super) owner_at: Span,
    pub(super) rules_at: Vec<(Span, Span)>,
    pub(super) events_at: Option<Span>,
    pub(super) logging_at: Vec<logging::Placed>,
}

/// What stands by itself in a migration.
struct Settings {
    phase: Phase,
    canary: Canary,
    guards: Guards,
}

/// Reads a migration. Every part is read before any is asked for, so that all problems are told at once.
pub(super) fn migration(
    report: &mut Report<'_>,
    accounts: &Accounts,
    view: &View<'_>,
    name: MigrationName,
) -> Option<Placed> {
    if matches!(view.node().kind, Kind::Bad) {
        return None;
    }
    let settings = settings(report, view);
    let ends = ends::ends(report, accounts, view);
    let role = ends.role(report, view);
    let batch_role = ends.batch_role(report, view);
    let destination_batch = ends.destination_batch_role(report, view);
    let monitoring = monitoring::monitoring(report, accounts, view, &ends.context());
    let logging = logging::logging(report, view, &ends);
    let backfill = backfill::backfill(report, view, &ends, &name);
    let verify = verify::verify(report, accounts, view, &ends, &name);
    let rules = view.require(report, "rules");
    let rules = rules.and_then(|rules| rule::rules(report, &rules, &ends.context()));
    let (settings, rules) = (settings?, rules?);
    canary_fits(report, &name, &settings.canary, &rules)?;
    let roles = Roles {
        replication: role?,
        batch: batch_role?,
        destination_batch: destination_batch?,
    };
    let (logging, mut logging_at) = logging?;
    let (backfill, reports_at) = backfill?;
    logging_at.extend(reports_at);
    let (verify, places) = verify?;
    logging_at.extend(places);
    let delivered = Delivered {
        logging,
        backfill,
        verify,
        at: logging_at,
    };
    placed(name, settings, monitoring?, ends, roles, &rules, delivered)
}

/// A role and where it is named.
type Named = (RoleName, Option<Span>);

/// The roles of a migration.
struct Roles {
    replication: Named,
    batch: Named,
    destination_batch: Named,
}

/// What S3 writes for a migration, and where it goes.
struct Delivered {
    logging: Logging,
    backfill: Backfill,
    verify: VerifySpec,
    at: Vec<logging::Placed>,
}

fn placed(
    name: MigrationName,
    settings: Settings,
    (monitoring, events_at): (Monitoring, Option<Span>),
    ends: Ends<'_>,
    roles: Roles,
    rules: &[rule::Placed],
    delivered: Delivered,
) -> Option<Placed> {
    let Settings {
        phase,
        canary,
        guards,
    } = settings;
    let Ends {
        source,
        destination,
        create,
        key_policies,
        owner,
        sound,
    } = ends;
    let (source, destination, (create, create_at), (owner, owner_at)) =
        (source?, destination?, create?, owner?);
    let key_policies = key_policies?;
    sound?;
    let migration = Migration {
        phase,
        source: Source {
            account: source.name,
            bucket: source.bucket,
        },
        destination: Destination {
            account: destination.name,
            bucket: destination.bucket,
            create,
            key_policies,
        },
        role: roles.replication.0,
        batch_role: roles.batch.0,
        destination_batch_role: roles.destination_batch.0,
        rules: rules.iter().map(|placed| placed.rule.clone()).collect(),
        owner,
        canary,
        monitoring,
        logging: delivered.logging,
        backfill: delivered.backfill,
        verify: delivered.verify,
        guards,
    };
    Some(Placed {
        name,
        migration,
        source: source.at,
        destination: destination.at,
        role_at: roles.replication.1,
        batch_role_at: roles.batch.1,
        destination_batch_role_at: roles.destination_batch.1,
        create_at,
        owner_at: owner_at.unwrap_or(destination.at.account),
        rules_at: rules
            .iter()
            .map(|placed| (placed.id_at, placed.filter_at))
            .collect(),
        events_at,
        logging_at: delivered.at,
    })
}

fn settings(report: &mut Report<'_>, view: &View<'_>) -> Option<Settings> {
    let phase = phase(report, view);
    let canary = canary(report, view);
    let guards = guards(report, view);
    Some(Settings {
        phase: phase?,
        canary: canary?,
        guards: guards?,
    })
}

pub(super) fn phase(report: &mut Report<'_>, view: &View<'_>) -> Option<Phase> {
    let text = view.require(report, "phase")?.text()?;
    Phase::ALL.into_iter().find(|phase| phase.as_str() == text)
}

fn canary(report: &mut Report<'_>, view: &View<'_>) -> Option<Canary> {
    let written = |name: &str| Canary::Write {
        name: name.to_owned(),
    };
    let Some(view) = view.optional("canary")? else {
        return Some(written(CANARY));
    };
    match (view.optional("name")?, view.optional("skip")?) {
        (Some(_), Some(skip)) => {
            report.error(
                "contradiction",
                skip.at,
                "`skip` contradicts `name` of the same canary",
                "keep one of the two: `name` to prove the rules, `skip` to say why they are not proven",
            );
            None
        }
        (None, Some(skip)) => Some(Canary::Skip {
            reason: skip.text()?.to_owned(),
        }),
        (Some(name), None) => Some(written(name.text()?)),
        (None, None) => Some(written(CANARY)),
    }
}

/// The canary's key, with the rule's prefix, what names the rule and its run, must be a key; whatever the spec is called, which
/// another file may say.
fn canary_fits(
    report: &mut Report<'_>,
    migration: &MigrationName,
    canary: &Canary,
    rules: &[rule::Placed],
) -> Option<()> {
    let Canary::Write { name } = canary else {
        return Some(());
    };
    let spec = SpecName::new("s".repeat(LONGEST_SPEC)).expect("letters are a name");
    let longest = |placed: &rule::Placed| {
        let keys = placed.rule.kms.iter().flat_map(|kms| &kms.source_keys);
        let probes = keys.cloned().map(Probe::Key).chain([Probe::Default]);
        let stems = probes.map(|probe| probe.stem((&spec, migration), &placed.rule, name));
        let longest = stems.map(|stem| stem.len()).max();
        longest.unwrap_or(0) + LONGEST_RUN
    };
    let too_long = |placed: &&rule::Placed| longest(placed) > LONGEST_KEY;
    let Some(placed) = rules.iter().find(too_long) else {
        return Some(());
    };
    let length = longest(placed);
    report.error(
        "canary-too-long",
        placed.filter_at,
        format!("the canary of rule `{}` may have a key of {length} bytes", placed.rule.name),
        "a key has up to 1,024 bytes: write a shorter `canary: { name: NAME }`, or `canary: { skip: \"reason\" }`",
    );
    None
}

pub(super) fn guards(report: &mut Report<'_>, view: &View<'_>) -> Option<Guards> {
    let Some(view) = view.optional("guards")? else {
        return Some(Guards::default());
    };
    let max_deletes = match view.optional("max_deletes")? {
        Some(count) => match count.node().kind {
            Kind::Number(_, Some(count)) => u32::try_from(count).ok()?,
            _ => return None,
        },
        None => 0,
    };
    Some(Guards {
        max_deletes,
        adopt: adopt(report, &view)?,
        forget: forget(&view)?,
    })
}

fn forget(view: &View<'_>) -> Option<BTreeSet<AccountId>> {
    let Some(list) = view.optional("forget")? else {
        return Some(BTreeSet::new());
    };
    let account = |item: &Node| AccountId::new(item.text()?).ok();
    list.node().items().iter().map(account).collect()
}

fn adopt(report: &mut Report<'_>, view: &View<'_>) -> Option<Vec<String>> {
    let mut adopt: Vec<String> = Vec::new();
    let Some(list) = view.optional("adopt")? else {
        return Some(adopt);
    };
    for item in list.node().items() {
        let address = item.text()?;
        if adopt.iter().any(|known| known == address) {
            report.error(
                "listed-twice",
                item.at,
                format!("`{address}` is listed twice"),
                "keep one of the two",
            );
            return None;
        }
        adopt.push(address.to_owned());
    }
    Some(adopt)
}
