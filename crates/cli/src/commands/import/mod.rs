//! `s3ferry import`: a spec from what is live.
//!
//! ```text
//! flags --ways--> accounts --sign in--> buckets --engine::import--> what is live --core::import--> Draft --spec--> YAML
//!                                                                                                   +--plan--> what it would change
//! ```

mod check;
mod find;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use s3ferry_aws::{Cloud, Options};
use s3ferry_core::ids::{AccountName, SpecName};
use s3ferry_core::import::{Draft, Says, Sought, draft, spec_name, specs};
use s3ferry_core::model::{BucketRef, Observed};
use s3ferry_core::spec::Account;
use s3ferry_engine::import::look;

use find::NOTHING;

use super::Ended;
use super::plan::shell_word;
use crate::args::Import;
use crate::build_info::VERSION;
use crate::causes::sign_in_messages;
use crate::exit::Exit;
use crate::planning::unreadable;
use crate::printer::Printer;

/// What stands at the top of an imported spec.
const HEAD: &str = "Imported by s3ferry import from what is live. Planning it changes nothing but what guards.adopt names; what no spec \
                    can say stands in comments.";

pub(crate) async fn run(printer: &Printer, args: &Import, parallelism: usize) -> Ended {
    refuse_out(printer, args)?;
    let ways = ways::of(printer, args)?;
    let cloud = sign_in(printer, &ways, parallelism).await?;
    let (sources, found) = find::sources(printer, args, &cloud, parallelism).await?;
    let sought = Sought {
        name: name(printer, args, &found, &sources)?,
        accounts: ways,
        sources,
        destinations: args
            .destination
            .iter()
            .map(|(account, bucket)| (bucket.clone(), account.clone()))
            .collect(),
    };
    let observed = look(&cloud, &sought, &found, parallelism).await;
    let observed = observed.map_err(|failures| unreadable(printer, &failures, NOTHING))?;
    let draft = draft(&sought, &observed);
    has_migrations(printer, &draft)?;
    let text = written(printer, &draft)?;
    let planned = check::plan(&cloud, &draft.spec, parallelism).await;
    printer.clear_status();
    match &args.out {
        Some(path) => save(printer, path, args.force, &text)?,
        None => printer.data(&text)?,
    }
    tell(printer, &draft);
    check::tell(printer, &draft, planned)
}

/// Refuses to write over a file before anything is asked.
fn refuse_out(printer: &Printer, args: &Import) -> Result<(), Exit> {
    let Some(path) = args.out.as_deref().filter(|path| path.exists()) else {
        return Ok(());
    };
    if args.force {
        return Ok(());
    }
    let text = format!("{} exists", path.display());
    printer.error(
        &text,
        Some("name another file, or write over it with --force"),
    );
    Err(Exit::Usage)
}

async fn sign_in(
    printer: &Printer,
    ways: &BTreeMap<s3ferry_core::ids::AccountId, s3ferry_core::import::WayIn>,
    parallelism: usize,
) -> Result<Cloud, Exit> {
    printer.status("signing in");
    let accounts = ways.iter().map(|(id, way)| {
        let account = Account {
            id: id.clone(),
            region: way.home.clone(),
            access: way.access.clone(),
        };
        (way.name.clone(), account)
    });
    let accounts: BTreeMap<AccountName, Account> = accounts.collect();
    let options = Options {
        parallelism,
        version: VERSION.to_owned(),
        ..Options::default()
    };
    let (cloud, callers) = Cloud::connect(&accounts, options).await.map_err(|problems| {
        printer.clear_status();
        for (text, hint) in sign_in_messages(&problems) {
            printer.error(&text, hint);
        }
        printer.message(
            "Each account is entered by --profile ACCOUNT_ID=NAME, by --assume-role ACCOUNT_ID=ARN, or by the default credential chain.",
        );
        Exit::of_errors(problems.iter().map(|problem| &problem.error))
    })?;
    for (name, caller) in &callers {
        printer.detail(&format!("signed in to {name} as {}", caller.arn));
    }
    Ok(cloud)
}

/// The name that was asked for, or that of the one spec whose rules were found; or one of the buckets.
fn name(
    printer: &Printer,
    args: &Import,
    found: &Observed,
    sources: &BTreeSet<BucketRef>,
) -> Result<SpecName, Exit> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let mut names = specs(found).into_iter();
    match (names.next(), names.next()) {
        (None, _) => Ok(spec_name(sources.iter().map(|source| &source.bucket))),
        (Some(name), None) => Ok(name),
        (Some(one), Some(other)) => {
            let more = names.map(|name| format!(", {name}")).collect::<String>();
            let text = format!("rules of several s3ferry specs were found: {one}, {other}{more}");
            printer.error(
                &text,
                Some("a spec has one name: say which with --name; the rules of the others stay theirs"),
            );
            Err(Exit::Usage)
        }
    }
}

/// Where no rule can be said in a spec there is none, and the reasons are what there is to tell.
fn has_migrations(printer: &Printer, draft: &Draft) -> Result<(), Exit> {
    if !draft.spec.migrations.is_empty() {
        return Ok(());
    }
    for remark in &draft.remarks {
        printer.error(&s3ferry_render::sanitize(&remark.text), None);
    }
    printer.message(&format!("{NOTHING}: no rule can be written as a spec."));
    Err(Exit::Error)
}

/// The YAML of a draft, which must be read as the same spec.
fn written(printer: &Printer, draft: &Draft) -> Result<String, Exit> {
    let text = s3ferry_spec::write(&draft.spec, HEAD, &draft.remarks);
    let file = s3ferry_spec::SourceFile {
        path: "the imported spec".to_owned(),
        bytes: text.clone().into_bytes(),
    };
    let reading = s3ferry_spec::read(&[file]);
    if reading.spec.as_ref() == Some(&draft.spec) {
        return Ok(text);
    }
    printer.clear_status();
    for diagnostic in &reading.diagnostics {
        printer.diagnostic(diagnostic);
    }
    let text = "the spec that was written is not read as it was meant, and is not given out";
    printer.error(text, Some("please report this: it is a bug of s3ferry"));
    Err(Exit::Error)
}

fn save(printer: &Printer, path: &Path, force: bool, text: &str) -> Result<(), Exit> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if !force {
        options.create_new(true);
    }
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        printer.error(&format!("cannot write {}: {error}", path.display()), None);
        Exit::Error
    })?;
    printer.message(&format!(
        "Wrote {}. To see what it would change: s3ferry plan {}",
        path.display(),
        shell_word(path)
    ));
    Ok(())
}

/// What the spec holds, and what it does not.
fn tell(printer: &Printer, draft: &Draft) {
    let rules: usize = draft
        .spec
        .migrations
        .values()
        .map(|of| of.rules.len())
        .sum();
    let count = |number: usize, word| s3ferry_render::plural(number as u64, word);
    printer.message(&format!(
        "Imported {} in {}.",
        count(rules, "rule"),
        count(draft.spec.migrations.len(), "migration")
    ));
    for remark in draft
        .remarks
        .iter()
        .filter(|remark| remark.says != Says::Note)
    {
        printer.warning(&s3ferry_render::sanitize(&remark.text));
    }
}
