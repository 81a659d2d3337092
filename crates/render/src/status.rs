//! A status as text, drawn from its wire format and from nothing else: a page that fits a screen, with what needs attention first and
//! the rest counted; or one migration with everything.

use std::collections::BTreeMap;

use s3ferry_core::format::status::{
    Attention, Backlog, BacklogSource, JobInfo, Looks, MigrationStatus, ReceiptInfo, ReceiptKind,
    StatusFile,
};
use s3ferry_core::format::{Gate, GateState};

use crate::page::{Page, Style, Tone};
use crate::words::{bytes, count, duration, number, plural};

/// The lines of a page that goes to no terminal.
const LINES: usize = 50;

/// Below this many lines not even what is counted has room; the page takes them instead.
const FEWEST: usize = 10;

/// Where the values of one migration stand.
const HANG: usize = 14;

/// Clauses that are told of a migration among others.
const CLAUSES: usize = 2;

/// A status for people, at most `width` columns wide, and where it is of several migrations at most `lines` long: what does not fit
/// is counted.
#[must_use]
pub fn status_text(of: &StatusFile, style: Style, width: usize, lines: Option<usize>) -> String {
    let mut page = Page::new(style, width);
    if let [migration] = &of.migrations[..] {
        head(&mut page, of);
        whole(&mut page, migration);
        return page.finish();
    }
    head(&mut page, of);
    let mut folded = Page::new(style, width);
    fold(&mut folded, of);
    let (page, folded) = (page.finish(), folded.finish());
    let lines = lines.unwrap_or(LINES).max(FEWEST);
    // A line is kept for what does not fit.
    let room = lines.saturating_sub(height(&page) + height(&folded) + 1);
    page + &several(of, style, width, room) + &folded
}

fn height(text: &str) -> usize {
    text.lines().count()
}

fn head(page: &mut Page, of: &StatusFile) {
    let counts = of.counts.iter();
    let counts = counts.map(|(level, count)| format!("{} {}", number(*count), word(*level)));
    let counts: Vec<String> = counts.collect();
    let all = count(of.migrations.len(), "migration");
    let line = format!("  {all}: {}", counts.join(", "));
    let at = format!("  {}", of.created);
    page.line(
        0,
        4,
        &[
            (Tone::Strong, &of.spec),
            (Tone::Plain, &line),
            (Tone::Faint, &at),
        ],
    );
    for blocked in of.blocked.iter().take(CLAUSES) {
        let line = format!("an apply of all is refused: {blocked}");
        page.line(0, 4, &[(Tone::Change, &line)]);
    }
    if of.blocked.len() > CLAUSES {
        let more = format!(
            "and for {} more",
            count(of.blocked.len() - CLAUSES, "finding")
        );
        page.line(0, 4, &[(Tone::Change, &more)]);
    }
    if of.beside > 0 {
        let line = format!(
            "{} of what left the spec: an apply of all migrations",
            plural(of.beside, "change")
        );
        page.line(0, 4, &[(Tone::Plain, &line)]);
    }
}

/// The migrations that need attention and those that wait, as many as there is room for.
fn several(of: &StatusFile, style: Style, width: usize, room: usize) -> String {
    let told = of.migrations.iter();
    let told = told.filter(|of| of.attention != Attention::Fine);
    let told: Vec<&MigrationStatus> = told.collect();
    let (mut text, mut used, mut shown) = (String::new(), 0, 0);
    for migration in &told {
        let mut page = Page::new(style, width);
        brief(&mut page, migration);
        let drawn = page.finish();
        if used + height(&drawn) > room {
            break;
        }
        used += height(&drawn);
        shown += 1;
        text.push_str(&drawn);
    }
    let left = &told[shown..];
    if !left.is_empty() {
        let mut page = Page::new(style, width);
        more(&mut page, left);
        text.push_str(&page.finish());
    }
    text
}

fn more(page: &mut Page, left: &[&MigrationStatus]) {
    let needing = left.iter().filter(|of| of.attention.is_needed()).count();
    let waiting = left.len() - needing;
    let line = match (needing, waiting) {
        (0, waiting) => format!("and {} more wait", number(waiting as u64)),
        (1, 0) => "and 1 more needs attention".to_owned(),
        (needing, 0) => format!("and {} more need attention", number(needing as u64)),
        (needing, waiting) => format!(
            "and {} more need attention, {} wait",
            number(needing as u64),
            number(waiting as u64)
        ),
    };
    let ways = ": --target NAME, --format json";
    page.line(0, 4, &[(Tone::Change, &line), (Tone::Plain, ways)]);
}

/// A migration among others: where it stands and why, and what to do next, which is never cut.
fn brief(page: &mut Page, of: &MigrationStatus) {
    let level = format!("{:<8}", word(of.attention));
    let name = format!("{}  ", of.name);
    let phase = format!("{}  ", of.phase);
    let mut clauses: Vec<String> = of.why.iter().take(CLAUSES).cloned().collect();
    if of.why.len() > CLAUSES {
        clauses.push(format!("{} more", of.why.len() - CLAUSES));
    }
    if let Some(backlog) = waits(&of.backlog) {
        clauses.push(backlog);
    }
    page.line(
        0,
        HANG,
        &[
            (tone(of.attention), &level),
            (Tone::Strong, &name),
            (Tone::Faint, &phase),
            (Tone::Plain, &clauses.join("; ")),
        ],
    );
    page.line(8, HANG, &[(Tone::Faint, "next  "), (Tone::Prove, &of.next)]);
}

/// What is fine, by phase.
fn fold(page: &mut Page, of: &StatusFile) {
    let mut phases: BTreeMap<&str, Vec<&MigrationStatus>> = BTreeMap::new();
    let fine = of.migrations.iter();
    for fine in fine.filter(|of| of.attention == Attention::Fine) {
        phases.entry(&fine.phase).or_default().push(fine);
    }
    for (phase, fine) in phases {
        let subject = match &fine[..] {
            [one] => format!("{} is in phase {phase}", one.name),
            several => format!("{} are in phase {phase}", count(several.len(), "migration")),
        };
        let gates = if fine.iter().any(|of| !of.gates.is_empty()) {
            ", all gates met"
        } else {
            ""
        };
        let line = format!("{subject}{gates}, nothing to apply, {}", together(&fine));
        page.line(0, 4, &[(Tone::Add, "fine    "), (Tone::Plain, &line)]);
    }
}

/// What is on its way of several migrations together.
fn together(fine: &[&MigrationStatus]) -> String {
    let sum = |of: fn(&Backlog) -> Option<u64>| -> u64 {
        fine.iter().filter_map(|one| of(&one.backlog)).sum()
    };
    match (sum(|of| of.operations), sum(|of| of.bytes)) {
        (0, 0) => "nothing pending".to_owned(),
        (operations, size) => {
            format!(
                "{} pending ({})",
                plural(operations, "operation"),
                bytes(size)
            )
        }
    }
}

/// One migration with everything.
fn whole(page: &mut Page, of: &MigrationStatus) {
    page.blank();
    let level = format!("{} ", word(of.attention));
    let phase = format!("  phase {}", of.phase);
    page.line(
        0,
        4,
        &[
            (tone(of.attention), &level),
            (Tone::Strong, &of.name),
            (Tone::Plain, &phase),
        ],
    );
    page.line(
        2,
        HANG,
        &[(Tone::Faint, "from        "), (Tone::Plain, &of.source)],
    );
    page.line(
        2,
        HANG,
        &[
            (Tone::Faint, "to          "),
            (Tone::Plain, &of.destination),
        ],
    );
    for why in &of.why {
        page.line(
            2,
            HANG,
            &[(Tone::Faint, "why         "), (tone(of.attention), why)],
        );
    }
    for gate in &of.gates {
        draw_gate(page, gate);
    }
    fact(
        page,
        "changes",
        &match of.changes {
            0 => "none to apply".to_owned(),
            some => format!("{} to apply", number(some)),
        },
    );
    fact(page, "backlog", &backlog(&of.backlog));
    if let Some(looks) = &of.backlog.looks {
        fact(page, "looked at", &looked(looks));
    }
    failed(page, of);
    for unread in &of.unread {
        page.line(
            2,
            HANG,
            &[(Tone::Faint, "not known   "), (Tone::Change, unread)],
        );
    }
    for job in &of.jobs {
        fact(page, "job", &told(job));
    }
    alarms(page, of);
    if let Some(age) = of.canary_age_seconds {
        fact(
            page,
            "canaries",
            &format!("the oldest proof is {} old", duration(age)),
        );
    }
    for receipt in &of.receipts {
        draw_receipt(page, receipt);
    }
    page.line(
        2,
        HANG,
        &[(Tone::Faint, "next        "), (Tone::Prove, &of.next)],
    );
}

fn fact(page: &mut Page, name: &str, value: &str) {
    let name = format!("{name:<12}");
    page.line(2, HANG, &[(Tone::Faint, &name), (Tone::Plain, value)]);
}

fn draw_gate(page: &mut Page, gate: &Gate) {
    let (tone, state) = match gate.state {
        GateState::Met => (Tone::Add, "met"),
        GateState::Pending => (Tone::Change, "pending"),
        GateState::Waiting => (Tone::Prove, "waiting"),
        GateState::Blocked => (Tone::Alarm, "blocked"),
    };
    let line = format!(" {}: {}", gate.name, gate.why);
    page.line(
        2,
        HANG,
        &[
            (Tone::Faint, "gate        "),
            (tone, state),
            (Tone::Plain, &line),
        ],
    );
}

fn backlog(of: &Backlog) -> String {
    let from = match of.source {
        BacklogSource::NoRules => return "none: no rule is live and enabled".to_owned(),
        BacklogSource::Unknown => return "not known".to_owned(),
        BacklogSource::Metrics => "by metrics",
        BacklogSource::Looks => "by looking at versions",
        BacklogSource::Both => "by metrics, and by looking at versions where they are silent",
    };
    let told = waits(of).unwrap_or_else(|| "nothing pending".to_owned());
    format!("{told}, {from}")
}

/// What is on its way, where something is.
fn waits(of: &Backlog) -> Option<String> {
    let operations = of.operations.filter(|count| *count > 0);
    let size = of.bytes.filter(|size| *size > 0);
    if operations.is_none() && size.is_none() {
        return None;
    }
    let mut told = format!(
        "{} pending",
        plural(operations.unwrap_or_default(), "operation")
    );
    if let Some(size) = size {
        told += &format!(" ({})", bytes(size));
    }
    if let Some(latency) = of.latency_seconds.filter(|seconds| *seconds > 0) {
        told += &format!(", up to {} late", duration(latency));
    }
    Some(told)
}

fn looked(of: &Looks) -> String {
    let Looks {
        versions,
        whole,
        pending,
        completed,
        failed,
        none,
        other,
    } = of;
    let which = if *whole { "all" } else { "the newest" };
    let counts = [
        (completed, "completed"),
        (pending, "pending"),
        (failed, "failed"),
        (none, "without a status"),
        (other, "others"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| **count > 0);
    let counts: Vec<String> = counts
        .map(|(count, what)| format!("{} {what}", number(*count)))
        .collect();
    let versions = plural(*versions, "version");
    match &counts[..] {
        [] => format!("{which} {versions}"),
        counts => format!("{which} {versions}: {}", counts.join(", ")),
    }
}

fn failed(page: &mut Page, of: &MigrationStatus) {
    let failed = &of.failed;
    if failed.count == 0 {
        let is_known = failed.by_metric.is_some() || failed.looked_at.is_some();
        if is_known {
            fact(page, "failed", "none seen");
        }
        return;
    }
    let line = format!(
        "{} at least; s3ferry doctor says why",
        plural(failed.count, "object")
    );
    page.line(
        2,
        HANG,
        &[(Tone::Faint, "failed      "), (Tone::Alarm, &line)],
    );
    for key in &failed.keys {
        page.line(HANG, HANG + 2, &[(Tone::Plain, key)]);
    }
    let seen = failed.looked_at.unwrap_or_default();
    let named = failed.keys.len() as u64;
    if seen > named && named > 0 {
        let more = format!("and {} more", number(seen - named));
        page.line(HANG, HANG + 2, &[(Tone::Faint, &more)]);
    }
}

fn told(job: &JobInfo) -> String {
    let JobInfo {
        id,
        state,
        tasks,
        succeeded,
        failed,
    } = job;
    format!(
        "{id} {state}: {} of {} copied, {} failed",
        number(*succeeded),
        number(*tasks),
        number(*failed)
    )
}

fn alarms(page: &mut Page, of: &MigrationStatus) {
    if of.alarms == 0 {
        return;
    }
    let fine = of.alarms.saturating_sub(of.raised.len() as u64);
    let line = format!("{} of {} OK", number(fine), number(of.alarms));
    fact(page, "alarms", &line);
    for alarm in &of.raised {
        let tone = if alarm.state == "ALARM" {
            Tone::Alarm
        } else {
            Tone::Change
        };
        let name = format!("  {} ({})", alarm.name, alarm.metric);
        page.line(
            HANG,
            HANG + 2,
            &[(tone, &alarm.state), (Tone::Plain, &name)],
        );
    }
}

fn draw_receipt(page: &mut Page, of: &ReceiptInfo) {
    let kind = match of.kind {
        ReceiptKind::Canary => "canary",
        ReceiptKind::Alarms => "alarms",
        ReceiptKind::Backfill => "backfill",
        ReceiptKind::Verification => "verification",
    };
    let what = of
        .of
        .as_ref()
        .map_or_else(String::new, |what| format!(" {what}"));
    let age = of
        .age_seconds
        .map_or_else(|| of.at.clone(), |age| format!("{} ago", duration(age)));
    let line = format!("{kind}{what}, {age}: {}", of.says);
    let tone = if of.good { Tone::Plain } else { Tone::Change };
    page.line(2, HANG, &[(Tone::Faint, "receipt     "), (tone, &line)]);
}

const fn word(of: Attention) -> &'static str {
    match of {
        Attention::Failing => "failing",
        Attention::Blocked => "blocked",
        Attention::Unknown => "unknown",
        Attention::ToDo => "to do",
        Attention::Waiting => "waiting",
        Attention::Fine => "fine",
    }
}

const fn tone(of: Attention) -> Tone {
    match of {
        Attention::Failing | Attention::Blocked => Tone::Alarm,
        Attention::Unknown | Attention::ToDo => Tone::Change,
        Attention::Waiting => Tone::Prove,
        Attention::Fine => Tone::Add,
    }
}

/// A status that is drawn again and again.
#[derive(Debug, Clone, Copy)]
pub struct WatchedPage<'a> {
    /// The last one that could be read.
    pub last: Option<&'a StatusFile>,
    /// When a reading failed after it, and what was said then.
    pub problem: Option<(&'a str, &'a str)>,
    /// What the last good reading warned of, a line each.
    pub warnings: &'a str,
    /// How often it is read, in seconds.
    pub every: u64,
    /// Whether it is being read.
    pub is_reading: bool,
}

/// Lines that are told of what failed.
const SAID: usize = 4;

/// A page of exactly the terminal's lines, the last of which says how to leave.
#[must_use]
pub fn watched_text(of: &WatchedPage<'_>, style: Style, width: usize, lines: usize) -> String {
    let mut foot = Page::new(style, width);
    if let Some((at, said)) = of.problem {
        let head = format!("{at}  could not be read: what is above is older");
        foot.line(0, 4, &[(Tone::Alarm, &head)]);
        for line in said.lines().take(SAID) {
            foot.line(2, 4, &[(Tone::Plain, line)]);
        }
    }
    let warnings = of
        .warnings
        .lines()
        .filter(|line| line.starts_with("warning"));
    match warnings.count() {
        0 => {}
        some => {
            let line = format!(
                "{}: s3ferry status without --watch says them",
                count(some, "warning")
            );
            foot.line(0, 4, &[(Tone::Change, &line)]);
        }
    }
    let now = if of.is_reading { "reading now" } else { "" };
    let every = format!("every {}  q quits  {now}", duration(of.every));
    foot.line(0, 4, &[(Tone::Faint, &every)]);
    let foot = foot.finish();
    let room = lines.saturating_sub(height(&foot));
    let body = of.last.map_or_else(String::new, |last| {
        status_text(last, style, width, Some(room))
    });
    let mut drawn: Vec<&str> = body.lines().collect();
    let left = drawn.len().saturating_sub(room);
    let more = format!(
        "... {} more: --target NAME without --watch",
        count(left + 1, "line")
    );
    if left > 0 {
        drawn.truncate(room.saturating_sub(1));
        drawn.push(&more);
    }
    drawn.resize(room, "");
    drawn.extend(foot.lines());
    drawn.join("\n")
}
