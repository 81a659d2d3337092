//! A verification as text, and as JUnit for pipelines that show it.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use s3ferry_core::format::verification::{Answer, Verification, VerifiedSide, VerifiedVersion};
use s3ferry_core::spec::Share;

use crate::page::{Page, Style, Tone};
use crate::sanitize::sanitize;
use crate::words::{bytes, count as count_of, number, plural};

/// Where a line goes on under its column.
const HANG: usize = 15;

/// Versions that are named one by one in text; all are counted.
const NAMED: usize = 20;
/// The width of text in a report for programs.
const WIDTH: usize = 120;
/// Prefixes that are named.
const PREFIXES: usize = 10;

/// A verification for people: what each side has, every version counted, and the first of those that are different or not known.
#[must_use]
pub fn verification_text(
    of: &Verification,
    versions: &[VerifiedVersion],
    style: Style,
    width: usize,
) -> String {
    let mut page = Page::new(style, width);
    let to = format!(": {} -> {}", place(&of.source), place(&of.destination));
    page.line(0, 4, &[(Tone::Strong, &of.migration), (Tone::Plain, &to)]);
    for (name, side) in [("source", &of.source), ("destination", &of.destination)] {
        page.line(
            2,
            HANG,
            &[(
                Tone::Plain,
                &format!("{name:<12} {}{}", has(side), listed(side)),
            )],
        );
    }
    for answer in [
        Answer::Equal,
        Answer::Expected,
        Answer::Different,
        Answer::Unprovable,
    ] {
        counted(&mut page, of, answer);
    }
    prefixes(&mut page, of);
    named(&mut page, of, versions);
    page.finish()
}

fn counted(page: &mut Page, of: &Verification, answer: Answer) {
    let count = of.versions(answer);
    if count == 0 && answer != Answer::Equal {
        return;
    }
    let tone = match answer {
        Answer::Equal | Answer::Expected => Tone::Plain,
        Answer::Different => Tone::Remove,
        Answer::Unprovable => Tone::Change,
    };
    let head = format!("{:<12} {}", word(answer), number(count));
    page.line(2, HANG, &[(tone, &head), (Tone::Plain, &kinds(of, answer))]);
}

/// The verdict in one line.
#[must_use]
pub fn verification_summary(of: &Verification) -> String {
    let (different, unprovable) = (
        of.versions(Answer::Different),
        of.versions(Answer::Unprovable),
    );
    let equal = plural(of.versions(Answer::Equal), "version");
    if of.counts.is_empty() {
        return "Both sides are empty.".to_owned();
    }
    match (different, unprovable) {
        (0, 0) => format!(
            "Verified by {}: {equal} equal, nothing different.",
            of.depth
        ),
        (0, _) => format!(
            "Not verified: {equal} equal, and of {} nobody can say at this depth.",
            plural(unprovable, "version")
        ),
        _ => format!(
            "Not verified: {} different{}.",
            plural(different, "version"),
            if unprovable > 0 {
                format!(", and of {} nobody can say", number(unprovable))
            } else {
                String::new()
            }
        ),
    }
}

/// What reading content will take: of so many versions of so many bytes a side, this share, in pieces of so many bytes.
#[must_use]
pub fn content_ahead(versions: u64, all_bytes: u64, share: Share, piece: u64) -> String {
    let part = f64::from(share.parts()) / f64::from(Share::ALL.parts());
    let read = (versions as f64 * part).ceil() as u64;
    let size = (all_bytes as f64 * part).ceil() as u64;
    let requests = 2 * (read + size / piece);
    let of = if share == Share::ALL {
        format!("all {}", plural(versions, "version"))
    } else {
        format!("some {} of {}", number(read), plural(versions, "version"))
    };
    let found = if share == Share::ALL {
        String::new()
    } else {
        let damaged = (versions as f64 / 1_000.0).max(1.0);
        format!(
            "; damage of {} is found with a probability of {:.1}%",
            if versions < 1_000 {
                "one version".to_owned()
            } else {
                "1 in 1,000 versions".to_owned()
            },
            100.0 * (1.0 - (1.0 - part).powf(damaged))
        )
    };
    format!(
        "the content of {of} is read, {} at each side: about {} GetObject, {}, and what leaves the Region or AWS as transfer{found}",
        bytes(size),
        number(requests),
        dollars(requests as f64 * DOLLARS_A_GET)
    )
}

/// The price of a GetObject in USD (S3 Standard, eu-west-1, 2026-09).
const DOLLARS_A_GET: f64 = 0.0004 / 1_000.0;

/// What a query of Athena over lists of so many bytes will cost.
#[must_use]
pub fn athena_ahead(listed: u64) -> String {
    format!(
        "Athena reads both lists, at most {}: {}, and transfer of a list that lies in another Region",
        bytes(listed),
        dollars(scan_price(listed))
    )
}

/// What it has cost.
#[must_use]
pub fn athena_scanned(scanned: u64) -> String {
    format!(
        "Athena has read {}: {}",
        bytes(scanned),
        dollars(scan_price(scanned))
    )
}

fn scan_price(scanned: u64) -> f64 {
    scanned.max(LEAST_SCANNED) as f64 * DOLLARS_A_SCANNED_BYTE
}

/// 5 USD a TB, 10 MB at least; statements that make and drop tables cost nothing (aws.amazon.com/athena/pricing as athena.guide and
/// rcpedia.stanford.edu tell it; dearer in some Regions).
const DOLLARS_A_SCANNED_BYTE: f64 = 5.0 / 1e12;

const LEAST_SCANNED: u64 = 10 << 20;

fn dollars(cost: f64) -> String {
    if cost < 0.01 {
        "less than 0.01 USD".to_owned()
    } else {
        format!("about {cost:.2} USD")
    }
}

fn place(side: &VerifiedSide) -> String {
    format!("s3://{} ({}, {})", side.bucket, side.account, side.region)
}

fn has(side: &VerifiedSide) -> String {
    let markers = match side.markers {
        0 => String::new(),
        markers => format!(" and {}", plural(markers, "delete marker")),
    };
    format!(
        "{}{markers}, {}",
        plural(side.objects, "version"),
        bytes(side.bytes)
    )
}

/// What told of a side, where that is of another time than the comparison.
fn listed(side: &VerifiedSide) -> String {
    let told = side.inventory.as_ref();
    told.map_or_else(String::new, |of| {
        format!(
            ", by its inventory of {} (s3://{})",
            of.created, of.manifest
        )
    })
}

const fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Equal => "equal",
        Answer::Expected => "as expected",
        Answer::Different => "different",
        Answer::Unprovable => "not known",
    }
}

/// What was found, in words; a word of a newer version as it is.
fn found(word: &str) -> &str {
    match word {
        "equal-size" => "by size and version ID",
        "equal-etag" => "by ETag",
        "equal-checksum" => "by stored checksum",
        "equal-computed" => "by computed checksum",
        "equal-content" => "by content",
        "equal-earlier" => "by the comparison it goes on from",
        "missing" => "missing at the destination",
        "failed" => "failed to replicate",
        "marker-missing" => "delete marker missing at the destination",
        "extra" => "extra at the destination, not a replica",
        "marker-extra" => "extra delete marker at the destination",
        "kind" => "object on one side, delete marker on the other",
        "size" => "of another size",
        "content" => "of other content",
        "current" => "another version is current",
        "class" => "of another storage class",
        "metadata" => "with other metadata",
        "tags" => "with other tags",
        "no-hash" => "no hash on both sides",
        "denied" => "may not be looked at",
        "not-looked-at" => "too many to look at",
        "not-computed" => "in no report of computed checksums, or of another content there",
        "compute-failed" => "S3 could not compute its checksum",
        "outside" => "outside every rule",
        "marker-kept" => "delete marker that is not mirrored",
        "archived" => "archived, which S3 does not replicate",
        "replica" => "a replica itself",
        "not-yet" => "not yet replicated",
        "deleted-at-source" => "deleted at the source by version",
        "meanwhile" => "changed while it was compared",
        "later" => "written after the checksums were computed",
        other => other,
    }
}

fn kinds(of: &Verification, answer: Answer) -> String {
    let kinds = of.counts.iter().filter(|count| count.answer == answer);
    let kinds: Vec<_> = kinds.collect();
    match &kinds[..] {
        [] => String::new(),
        [only] => format!(" {}", found(&only.found)),
        several => {
            let several = several
                .iter()
                .map(|count| format!("{} {}", number(count.versions), found(&count.found)));
            format!(": {}", several.collect::<Vec<_>>().join(", "))
        }
    }
}

fn prefixes(page: &mut Page, of: &Verification) {
    if of.prefixes.len() < 2 {
        return;
    }
    let mut all: Vec<(&String, u64)> = of
        .prefixes
        .iter()
        .map(|(prefix, kinds)| (prefix, kinds.values().sum()))
        .collect();
    all.sort_by_key(|(prefix, count)| (std::cmp::Reverse(*count), *prefix));
    page.line(2, 4, &[(Tone::Plain, "by prefix")]);
    for (prefix, count) in all.iter().take(PREFIXES) {
        let prefix = match prefix.as_str() {
            "" => "(keys without a slash)",
            "*" => "(other prefixes)",
            prefix => prefix,
        };
        let line = format!("{:>10}  {prefix}", number(*count));
        page.line(4, 6, &[(Tone::Plain, &line)]);
    }
    if all.len() > PREFIXES {
        let more = format!("... and {} more", count_of(all.len() - PREFIXES, "prefix"));
        page.line(4, 6, &[(Tone::Faint, &more)]);
    }
}

fn named(page: &mut Page, of: &Verification, versions: &[VerifiedVersion]) {
    for version in versions.iter().take(NAMED) {
        page.line(4, 6, &[(Tone::Plain, &line(version))]);
    }
    let all = of.versions(Answer::Different) + of.versions(Answer::Unprovable);
    let shown = versions.len().min(NAMED) as u64;
    if all > shown && shown > 0 {
        let more = format!(
            "... and {} more: --differences FILE lists them",
            number(all - shown)
        );
        page.line(4, 6, &[(Tone::Faint, &more)]);
    }
}

fn line(version: &VerifiedVersion) -> String {
    let id = match (&version.source_version, &version.destination_version) {
        (Some(source), Some(destination)) if source != destination => {
            format!("{source} / {destination}")
        }
        (Some(id), _) | (None, Some(id)) => id.clone(),
        (None, None) => String::new(),
    };
    format!("{}  {} ({id})", found(&version.found), version.key)
}

/// Verifications as JUnit: a suite a migration, a case for each kind of difference.
/// Nothing where the library cannot write it, which memory gives it no reason for.
#[must_use]
pub fn verification_junit<'a>(
    all: impl Iterator<Item = (&'a Verification, &'a [VerifiedVersion])>,
) -> String {
    let mut report = Report::new("s3ferry verify");
    for (of, versions) in all {
        let mut suite = TestSuite::new(sanitize(&of.migration));
        let mut case = TestCase::new("both sides are the same", TestCaseStatus::success());
        if !of.clean {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(verification_summary(of));
            status.set_description(verification_text(of, versions, Style::Plain, WIDTH));
            case = TestCase::new("both sides are the same", status);
        }
        case.set_classname(sanitize(&of.migration));
        suite.add_test_case(case);
        report.add_test_suite(suite);
    }
    report.to_string().unwrap_or_default()
}
