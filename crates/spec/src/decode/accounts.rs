//! Accounts, and whether the ways into them can all hold at once.

use std::collections::BTreeMap;

use s3ferry_core::ids::{AccountId, AccountName, Arn, Partition, Region};
use s3ferry_core::spec::{Access, Account};

use super::view::View;
use crate::regions;
use crate::report::{Report, Span};
use crate::suggest::nearest;
use crate::table::contract::ACCOUNT;
use crate::yaml::{Entry, Kind};

/// The accounts by name; one that a diagnostic was given for is known and has no value.
#[derive(Debug)]
pub(crate) struct Accounts {
    by_name: BTreeMap<AccountName, Option<Account>>,
    gaps: bool,
}

struct Way {
    name: AccountName,
    account: Account,
    id_at: Span,
    access_at: Span,
}

/// Reads all accounts.
pub(super) fn accounts(
    report: &mut Report<'_>,
    entries: &BTreeMap<&str, &Entry>,
    gaps: bool,
) -> Accounts {
    let mut by_name = BTreeMap::new();
    let mut ways = Vec::new();
    let mut gaps = gaps;
    for entry in entries.values() {
        gaps |= !entry.key_is_text;
        let Ok(name) = AccountName::new(entry.key.as_str()) else {
            gaps = true;
            continue;
        };
        let way = if matches!(entry.value.kind, Kind::Bad) {
            None
        } else {
            way(report, entry, name.clone())
        };
        by_name.insert(name, way.as_ref().map(|way| way.account.clone()));
        ways.extend(way);
    }
    ways.sort_by_key(|way: &Way| way.id_at);
    for name in conflicts(report, &ways) {
        by_name.insert(name, None);
    }
    Accounts { by_name, gaps }
}

impl Accounts {
    /// The account that a migration names.
    pub(super) fn find(
        &self,
        report: &mut Report<'_>,
        name: &str,
        at: Span,
    ) -> Option<(AccountName, &Account)> {
        let name = AccountName::new(name).ok()?;
        if let Some((name, account)) = self.by_name.get_key_value(&name) {
            return account.as_ref().map(|account| (name.clone(), account));
        }
        if !self.gaps {
            self.unknown(report, name.as_str(), at);
        }
        None
    }

    fn unknown(&self, report: &mut Report<'_>, name: &str, at: Span) {
        let known = || self.by_name.keys().map(AccountName::as_str);
        let by_id = self.by_name.iter().find(|(_, account)| {
            account
                .as_ref()
                .is_some_and(|account| account.id.as_str() == name)
        });
        let help = match (by_id, nearest(name, known())) {
            (Some((label, _)), _) => {
                format!("write the account's name in this spec, `{label}`, not its ID")
            }
            (None, Some(meant)) => format!("did you mean `{meant}`?"),
            (None, None) if self.by_name.is_empty() => {
                format!(
                    "declare it: `accounts: {{ {name}: {{ id: \"111111111111\", region: eu-west-1 }} }}`"
                )
            }
            (None, None) => {
                let known = known()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                format!("declare it under `accounts`; declared are {known}")
            }
        };
        report.error(
            "unknown-account",
            at,
            format!("no account is named `{name}`"),
            help,
        );
    }

    /// Every account, if all are well.
    pub(super) fn all(self) -> Option<BTreeMap<AccountName, Account>> {
        self.by_name
            .into_iter()
            .map(|(name, account)| Some((name, account?)))
            .collect()
    }
}

fn way(report: &mut Report<'_>, entry: &Entry, name: AccountName) -> Option<Way> {
    let view = View::alone(&entry.value, &ACCOUNT, entry.key_at);
    let id = view.require(report, "id");
    let region = view.require(report, "region");
    let region = region.and_then(|view| region_of(report, &view));
    let (id, id_at) =
        id.and_then(|view| Some((AccountId::new(view.text()?).ok()?, view.place())))?;
    let (access, access_at) = access(report, &view, &id, region.as_ref())?;
    Some(Way {
        name,
        account: Account {
            id,
            region: region?,
            access,
        },
        id_at,
        access_at,
    })
}

fn region_of(report: &mut Report<'_>, view: &View<'_>) -> Option<Region> {
    let region = Region::new(view.text()?).ok()?;
    if !regions::KNOWN.contains(&region.as_str()) {
        let help = match nearest(region.as_str(), regions::KNOWN.iter().copied()) {
            Some(meant) => {
                format!("did you mean `{meant}`? A Region newer than this s3ferry is fine")
            }
            None => "check the code; a Region newer than this s3ferry is fine".to_owned(),
        };
        report.warning(
            "unknown-region",
            view.place(),
            format!("no Region `{region}` is known here"),
            help,
        );
    }
    Some(region)
}

fn access(
    report: &mut Report<'_>,
    view: &View<'_>,
    id: &AccountId,
    region: Option<&Region>,
) -> Option<(Access, Span)> {
    let profile = view.optional("profile")?;
    let role = view.optional("assume_role")?;
    match (profile, role) {
        (Some(profile), Some(_)) => {
            report.error(
                "access-conflict",
                profile.at,
                "`profile` contradicts `assume_role` of the same account",
                "keep one of the two: a profile of the AWS configuration can assume the role itself (`role_arn`, `source_profile`)",
            );
            None
        }
        (Some(profile), None) => {
            Some((Access::Profile(profile.text()?.to_owned()), profile.place()))
        }
        (None, Some(role)) => assume(report, &role, id, region),
        (None, None) => Some((Access::DefaultChain, view.at)),
    }
}

fn assume(
    report: &mut Report<'_>,
    view: &View<'_>,
    id: &AccountId,
    region: Option<&Region>,
) -> Option<(Access, Span)> {
    let arn = view.require(report, "arn");
    let external_id = view.optional("external_id")?;
    let arn = arn?;
    let at = arn.place();
    let arn = Arn::new(arn.text()?).ok()?;
    if arn.account() != id.as_str() {
        report.error(
            "account-mismatch",
            at,
            format!(
                "the role is in account {}, and this account is {id}",
                arn.account()
            ),
            format!("name a role of account {id}: what it may do is judged there"),
        );
        return None;
    }
    let partition = region.map(Region::partition).map(Partition::as_str);
    if let Some(partition) = partition.filter(|partition| *partition != arn.partition()) {
        report.error(
            "partition",
            at,
            format!(
                "the role is in partition {}, and the Region is in {partition}",
                arn.partition()
            ),
            format!("begin the ARN with `arn:{partition}:`"),
        );
        return None;
    }
    let external_id = external_id.and_then(|view| view.text()).map(str::to_owned);
    Some((Access::AssumeRole { arn, external_id }, at))
}

/// Ways in that cannot both hold: one account with two, or two accounts with one. Accounts with two are told.
fn conflicts(report: &mut Report<'_>, ways: &[Way]) -> Vec<AccountName> {
    let mut by_id: BTreeMap<&AccountId, &Way> = BTreeMap::new();
    let mut by_chain: BTreeMap<Option<&str>, &Way> = BTreeMap::new();
    let mut conflicting = Vec::new();
    for way in ways {
        if let Some(first) = by_id.get(&way.account.id) {
            if first.account.access != way.account.access {
                one_account(report, first, way);
                conflicting.push(way.name.clone());
            }
            continue;
        }
        by_id.insert(&way.account.id, way);
        let chain = match &way.account.access {
            Access::DefaultChain => None,
            Access::Profile(profile) => Some(profile.as_str()),
            Access::AssumeRole { .. } => continue,
        };
        if let Some(first) = by_chain.get(&chain) {
            two_accounts(report, first, way, chain);
        } else {
            by_chain.insert(chain, way);
        }
    }
    conflicting
}

fn one_account(report: &mut Report<'_>, first: &Way, way: &Way) {
    let place = report.name(first.access_at);
    report.error(
        "access-conflict",
        way.access_at,
        format!(
            "`{}` and `{}` are one account, {}, with two ways in",
            first.name, way.name, way.account.id
        ),
        format!("give both the same `profile` or `assume_role`; the other is at {place}"),
    );
}

fn two_accounts(report: &mut Report<'_>, first: &Way, way: &Way, chain: Option<&str>) {
    let place = report.name(first.id_at);
    let (way_in, what) = match chain {
        None => (
            "the default credential chain",
            "give one of them a `profile` or an `assume_role`".to_owned(),
        ),
        Some(profile) => (
            "one profile",
            format!("`{profile}` signs in to one account: give the other its own"),
        ),
    };
    report.error(
        "access-conflict",
        way.access_at,
        format!(
            "`{}` and `{}` are two accounts, and both use {way_in}",
            first.name, way.name
        ),
        format!("{what}; the other account is at {place}"),
    );
}
