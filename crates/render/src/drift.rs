//! What others changed since s3ferry wrote it, as text and Markdown; drawn from its [`DriftFile`] and from nothing else.

use s3ferry_core::format::Change;
use s3ferry_core::format::drift::{ChangedBy, DriftFile, Drifted};

use crate::budget::{Class, Item, Rank, Section, fit, size};
use crate::detail::details;
use crate::escape::{code, prose};
use crate::markdown::{DIFF_WIDTH, LEAST, diff, finding_item, headline, marker, without_details};
use crate::page::{Page, Style, Tone};
use crate::text::{draw_finding, draw_head, draw_lines};
use crate::view::{self, Verb};
use crate::words::plural;

/// What an apply does about all of it.
const WAY_BACK: &str =
    "An apply of this spec brings it back; to keep what is there, write it into the spec.";
/// What an apply does about it where the marks are gone.
const REFUSED: &str = "An apply of this spec is refused until the marks are back, or what is there is adopted; see the findings.";
/// What is said of documents of which the ledger says nothing.
const UNRECORDED: &str = "Differs from the spec, and this ledger has no record of what s3ferry left there, so that the spec may have changed as well";

/// What happened to an item, in the past.
const fn happened(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "added",
        Verb::Update => "changed",
        Verb::Replace => "replaced",
        Verb::Delete => "deleted",
        Verb::Prove => "proven",
    }
}

/// The verdict in one line.
#[must_use]
pub fn drift_summary(drift: &DriftFile) -> String {
    let pending = match drift.pending {
        0 => String::new(),
        some => format!(
            " The spec itself asks for {}: s3ferry plan shows them.",
            plural(some, "change")
        ),
    };
    let (drifted, unrecorded) = (drift.drifted.len() as u64, drift.unrecorded.len() as u64);
    let found = match (drifted, unrecorded) {
        (0, 0) if !drift.refused.is_empty() => {
            "Drift: others took away the marks of what s3ferry left.".to_owned()
        }
        (0, 0) => "No drift: nobody changed what s3ferry left.".to_owned(),
        (some, 0) => format!("Drift: {} of others.", plural(some, "change")),
        (0, some) => format!("Drift: {} without a record.", plural(some, "difference")),
        (some, more) => format!(
            "Drift: {} of others, and {} without a record.",
            plural(some, "change"),
            plural(more, "difference")
        ),
    };
    format!("{found}{pending}")
}

/// Draws drift as text whose lines are at most `width` columns wide, or 40 where it is less.
#[must_use]
pub fn drift_text(drift: &DriftFile, style: Style, width: usize) -> String {
    let mut page = Page::new(style, width);
    for drifted in &drift.drifted {
        let what = format!(
            "{}: {} {} since {}.",
            drifted.change.kind,
            happened(Verb::of(&drifted.change)),
            by(drifted),
            left_by(drifted)
        );
        draw(&mut page, &drifted.change, &what);
    }
    for change in &drift.unrecorded {
        let what = format!(
            "{}: {UNRECORDED}; an apply would {} it.",
            change.kind,
            would(change)
        );
        draw(&mut page, change, &what);
    }
    beside(&mut page, drift);
    for finding in &drift.refused {
        draw_finding(&mut page, finding);
    }
    page.blank();
    page.line(0, 2, &[(Tone::Strong, &drift_summary(drift))]);
    if let Some(way_back) = way_back(drift) {
        page.line(0, 2, &[(Tone::Plain, way_back)]);
    }
    page.finish()
}

/// How what others changed is taken back.
const fn way_back(drift: &DriftFile) -> Option<&'static str> {
    if drift.is_empty() {
        None
    } else if drift.refused.is_empty() {
        Some(WAY_BACK)
    } else {
        Some(REFUSED)
    }
}

/// Who changed an item, and when and how, where that is known.
fn by(drifted: &Drifted) -> String {
    drifted.by.as_ref().map_or_else(
        || "by others".to_owned(),
        |ChangedBy { who, at, event }| format!("by {who} at {at} ({event})"),
    )
}

fn left_by(drifted: &Drifted) -> String {
    format!("run {} left it at {}", drifted.run, drifted.left)
}

/// What an apply would do to an item, as a verb.
fn would(change: &Change) -> &'static str {
    match (change.before.is_null(), change.after.is_null()) {
        (true, _) => "create",
        (false, true) => "delete",
        (false, false) => "change",
    }
}

fn draw(page: &mut Page, change: &Change, what: &str) {
    draw_head(page, 2, change, &change.address, what);
    draw_lines(page, &details(change, page.room(10)));
}

fn beside(page: &mut Page, drift: &DriftFile) {
    if drift.beside.is_empty() {
        return;
    }
    page.blank();
    page.line(0, 2, &[(Tone::Strong, heading(drift))]);
    for address in &drift.beside {
        page.line(2, 6, &[(Tone::Plain, "= "), (Tone::Plain, address)]);
    }
}

/// What stands above the documents of which a plan changes nothing.
const fn heading(drift: &DriftFile) -> &'static str {
    if drift.refused.is_empty() {
        BESIDE
    } else {
        "Changed by others, and no apply goes over it:"
    }
}

/// What stands above the documents that others changed and an apply leaves.
const BESIDE: &str = "Changed by others beside what is s3ferry's; an apply leaves it:";

/// Draws drift as Markdown of at most `limit` characters, or 2,000 where it is less. Whole items are left out and counted where
/// there is not room for all.
#[must_use]
pub fn drift_markdown(drift: &DriftFile, limit: usize) -> String {
    let mut head = format!(
        "<!-- s3ferry drift {} -->\n### s3ferry drift\n\n{}\n\n",
        marker(&drift.spec),
        drift_summary(drift)
    );
    head.push_str(&format!(
        "Spec {}, looked at {} by s3ferry {}.\n\n",
        code(&drift.spec),
        code(&drift.created),
        code(&drift.s3ferry)
    ));
    if let Some(way_back) = way_back(drift) {
        head.push_str(&format!("{way_back}\n\n"));
    }
    let drifted = drift.drifted.iter().map(|one| {
        let why = format!(
            "{} {} since {}.",
            happened(Verb::of(&one.change)),
            by(one),
            left_by(one)
        );
        item(&one.change, &why)
    });
    let unrecorded = drift.unrecorded.iter().map(|change| {
        let why = format!("{UNRECORDED}; an apply would {} it.", would(change));
        item(change, &why)
    });
    let beside = drift.beside.iter().map(|address| Item {
        rank: Rank::Background,
        class: Class::Noun("document"),
        stands_for: 1,
        full: format!("- {}\n", code(address)),
        short: None,
    });
    let sections = [
        Section {
            heading: "\n#### Changed by others\n\n".to_owned(),
            items: drifted.collect(),
        },
        Section {
            heading: "\n#### Without a record\n\n".to_owned(),
            items: unrecorded.collect(),
        },
        Section {
            heading: format!("\n{}\n\n", heading(drift)),
            items: beside.collect(),
        },
        Section {
            heading: "\n#### Refused\n\n".to_owned(),
            items: drift.refused.iter().map(finding_item).collect(),
        },
    ];
    let room = limit.max(LEAST).saturating_sub(size(&head));
    format!("{head}{}", fit(&sections, room))
}

fn item(change: &Change, why: &str) -> Item {
    let verb = Verb::of(change);
    let title = headline(change, happened(verb), &change.kind, &change.address);
    let diff = diff(&details(change, DIFF_WIDTH));
    let dangerous = view::opens_access(change) || verb == Verb::Delete;
    Item {
        rank: if dangerous {
            Rank::Danger
        } else {
            Rank::Change
        },
        class: Class::Word(verb as u8, happened(verb)),
        stands_for: 1,
        full: format!(
            "<details open><summary>{title}</summary>\n\n{}\n{diff}\n</details>\n\n",
            prose(why)
        ),
        short: Some(without_details(&title)),
    }
}
