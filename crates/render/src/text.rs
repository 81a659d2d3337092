//! A plan as text for a terminal or a log, in Terraform's language.
//!
//! From the top: whether it is blocked, what it was made from, the changes by migration and account, what is kept,
//! what is waited for and in which order. At the end, where a terminal stops scrolling: findings and the summary.

use s3ferry_core::format::{
    Change, Finding, FindingLevel, Gate, GateState, MigrationInfo, PlanFile,
};

use crate::bundle::{Bundle, bundles};
use crate::detail::{Line, Sign};
use crate::page::{Page, Style, Tone};
use crate::sanitize::columns;
use crate::steps::steps;
use crate::view::{self, Group, Verb};
use crate::words;

/// How much is shown of what stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Long lists are cut, and the rest is counted.
    Brief,
    /// Everything.
    Full,
}

impl Detail {
    /// Kept items shown before the rest is counted: they don't change.
    const fn kept(self) -> usize {
        match self {
            Self::Brief => 20,
            Self::Full => usize::MAX,
        }
    }

    /// Steps of the order shown before the rest is counted: the plan as JSON has every edge.
    const fn steps(self) -> usize {
        match self {
            Self::Brief => 40,
            Self::Full => usize::MAX,
        }
    }
}

/// Draws a plan as text whose lines are at most `width` columns wide, or 40 where it is less.
///
/// Longer lines wrap under their beginning, so that what stands in the first columns is always ours; give
/// `usize::MAX` where no line should wrap. What changes is shown whole. Of what stays as it is, long lists end in
/// `(N more)` unless [`Detail::Full`] is asked for.
#[must_use]
pub fn text(plan: &PlanFile, style: Style, width: usize, detail: Detail) -> String {
    let mut page = Page::new(style, width);
    blocked_line(&mut page, plan);
    made_from(&mut page, plan);
    legend(&mut page, plan);
    for group in view::groups(plan) {
        draw_group(&mut page, plan, &group);
    }
    kept(&mut page, plan, detail);
    waits(&mut page, plan);
    order(&mut page, plan, detail);
    apply_needs(&mut page, plan);
    findings(&mut page, plan);
    page.blank();
    page.line(0, 2, &[(Tone::Strong, &view::summary(plan))]);
    blocked_line(&mut page, plan);
    page.finish()
}

/// Draws changes by themselves, as [`text`] draws those of a plan; each is made because of the same clause.
#[must_use]
pub fn changes(changes: &[Change], because: &str, style: Style, width: usize) -> String {
    let mut page = Page::new(style, width);
    for change in changes {
        draw_bundle(&mut page, &Bundle::alone(change), because);
    }
    page.finish()
}

fn blocked_line(page: &mut Page, plan: &PlanFile) {
    if let Some(obstacles) = view::obstacles(plan) {
        let clause = format!(" apply refuses this plan (exit 4): {obstacles} in the way.");
        page.line(0, 2, &[(Tone::Alarm, "BLOCKED:"), (Tone::Plain, &clause)]);
    }
}

fn made_from(page: &mut Page, plan: &PlanFile) {
    let spec = &plan.spec;
    page.blank();
    let made = format!(", made {} by s3ferry {}", plan.created, plan.s3ferry);
    page.line(
        0,
        2,
        &[
            (Tone::Plain, "Plan for spec "),
            (Tone::Strong, &spec.name),
            (Tone::Plain, &made),
        ],
    );
    page.line(
        0,
        2,
        &[(Tone::Faint, &format!("spec digest {}", spec.digest))],
    );
    if !spec.targets.is_empty() {
        let only = format!(
            "Only for {} (--target); the rest of the spec was not planned.",
            spec.targets.join(", ")
        );
        page.line(0, 2, &[(Tone::Strong, &only)]);
    }
    if spec.search {
        page.line(0, 2, &[(Tone::Plain, words::SEARCHED)]);
    }
    page.blank();
    for account in &plan.accounts {
        let who = format!(
            "  account {} ({}, {}) as ",
            account.name, account.id, account.region
        );
        page.line(0, 4, &[(Tone::Plain, &who), (Tone::Faint, &account.caller)]);
    }
}

fn legend(page: &mut Page, plan: &PlanFile) {
    if plan.changes.is_empty() {
        return;
    }
    let verbs = [
        Verb::Create,
        Verb::Update,
        Verb::Replace,
        Verb::Delete,
        Verb::Prove,
    ];
    let used = verbs
        .into_iter()
        .filter(|verb| plan.changes.iter().any(|change| Verb::of(change) == *verb));
    let parts: Vec<String> = used
        .map(|verb| format!("{} {}", verb.symbol(), verb.meaning()))
        .collect();
    page.blank();
    page.line(0, 2, &[(Tone::Faint, &parts.join("   "))]);
    page.line(
        0,
        2,
        &[(
            Tone::Faint,
            "A change without a note on undo is taken back by planning the spec of before.",
        )],
    );
}

fn draw_group(page: &mut Page, plan: &PlanFile, group: &Group<'_>) {
    page.blank();
    match group.migration {
        Some(migration) if group.changes.is_empty() && view::is_settled(migration) => {
            settled(page, migration);
        }
        Some(migration) => {
            head_of_migration(page, migration);
            changes_by_account(page, plan, group);
            not_carried(page, migration);
        }
        None => {
            page.line(0, 2, &[(Tone::Strong, &group_title(plan, group))]);
            changes_by_account(page, plan, group);
        }
    }
}

/// A migration of which there is nothing to say, in one line.
fn settled(page: &mut Page, migration: &MigrationInfo) {
    let title = format!("Migration {}, phase {}", migration.name, migration.phase);
    let gates = match migration.gates.len() {
        0 => String::new(),
        gates => format!(", {} met", words::count(gates, "gate")),
    };
    page.line(
        0,
        2,
        &[
            (Tone::Strong, &title),
            (Tone::Plain, &format!(": no changes{gates}")),
        ],
    );
    not_carried(page, migration);
}

fn head_of_migration(page: &mut Page, migration: &MigrationInfo) {
    let title = format!("Migration {}, phase {}", migration.name, migration.phase);
    page.line(0, 2, &[(Tone::Strong, &title)]);
    page.line(
        2,
        7,
        &[(Tone::Plain, &format!("from {}", migration.source))],
    );
    page.line(
        2,
        7,
        &[(Tone::Plain, &format!("to   {}", migration.destination))],
    );
    gates(page, migration);
}

fn changes_by_account(page: &mut Page, plan: &PlanFile, group: &Group<'_>) {
    for (name, changes) in view::by_account(plan, &group.changes) {
        page.blank();
        page.line(2, 4, &[(Tone::Strong, &account_title(plan, name))]);
        for bundle in bundles(&changes) {
            draw_bundle(page, &bundle, &view::because(plan, bundle.first));
        }
    }
    if group.changes.is_empty() {
        page.blank();
        page.line(2, 4, &[(Tone::Plain, "No changes.")]);
    }
}

/// The title of changes that belong to no migration of the plan, or to several.
fn group_title(plan: &PlanFile, group: &Group<'_>) -> String {
    let gone = match plan.spec.targets.as_slice() {
        [] => "no longer in the spec",
        _ => "not among the targets",
    };
    match group.names {
        [] => "Of no migration".to_owned(),
        [one] => format!("Migration {one}, {gone}"),
        several => format!("Shared by migrations {}", several.join(", ")),
    }
}

fn account_title(plan: &PlanFile, name: Option<&str>) -> String {
    let Some(name) = name else {
        return "To be proved".to_owned();
    };
    match plan.accounts.iter().find(|account| account.name == name) {
        Some(account) => format!("In account {name} ({}, {})", account.id, account.region),
        None => format!("In account {name}"),
    }
}

fn gates(page: &mut Page, migration: &MigrationInfo) {
    if migration.gates.is_empty() {
        return;
    }
    page.blank();
    page.line(
        2,
        4,
        &[(Tone::Plain, &format!("Gates of phase {}:", migration.phase))],
    );
    for gate in &migration.gates {
        draw_gate(page, gate);
    }
}

fn draw_gate(page: &mut Page, gate: &Gate) {
    let tone = match gate.state {
        GateState::Met => Tone::Add,
        GateState::Pending => Tone::Prove,
        GateState::Waiting => Tone::Change,
        GateState::Blocked => Tone::Alarm,
    };
    let state = format!("{:<8} ", words::gate(gate.state));
    let why = if gate.why.is_empty() {
        String::new()
    } else {
        format!(": {}", gate.why)
    };
    page.line(
        4,
        13,
        &[
            (tone, &state),
            (Tone::Plain, &gate.name),
            (Tone::Plain, &why),
        ],
    );
}

fn not_carried(page: &mut Page, migration: &MigrationInfo) {
    if migration.not_carried.is_empty() {
        return;
    }
    page.blank();
    page.line(2, 4, &[(Tone::Plain, "Not carried by these rules:")]);
    for sentence in &migration.not_carried {
        page.line(4, 6, &[(Tone::Plain, "- "), (Tone::Plain, sentence)]);
    }
}

const fn tone_of(verb: Verb) -> Tone {
    match verb {
        Verb::Create => Tone::Add,
        Verb::Update => Tone::Change,
        Verb::Replace | Verb::Delete => Tone::Remove,
        Verb::Prove => Tone::Prove,
    }
}

fn draw_bundle(page: &mut Page, bundle: &Bundle<'_>, because: &str) {
    let (address, kind) = (bundle.address(), bundle.kind());
    let why = format!(
        "{kind}: {}, because {because}.",
        Verb::of(bundle.first).meaning()
    );
    draw_head(page, 4, bundle.first, &address, &why);
    draw_lines(page, &bundle.details(page.room(10)));
    draw_warnings(page, bundle.first);
}

/// What is changed, and a sentence on it.
pub(crate) fn draw_head(
    page: &mut Page,
    indent: usize,
    change: &Change,
    address: &str,
    said: &str,
) {
    let verb = Verb::of(change);
    let symbol = format!("{} ", verb.symbol());
    page.blank();
    page.line(
        indent,
        indent + symbol.len(),
        &[(tone_of(verb), &symbol), (Tone::Strong, address)],
    );
    page.line(indent + 2, indent + 4, &[(Tone::Plain, said)]);
}

fn draw_warnings(page: &mut Page, change: &Change) {
    for note in view::warnings(change) {
        page.line(6, 8, &[(Tone::Alarm, "! "), (Tone::Plain, &note)]);
    }
}

pub(crate) fn draw_lines(page: &mut Page, lines: &[Line]) {
    for line in lines {
        draw_line(page, line);
    }
}

fn draw_line(page: &mut Page, line: &Line) {
    let (tone, sign) = match line.sign {
        Sign::Add => (Tone::Add, "+ "),
        Sign::Remove => (Tone::Remove, "- "),
        Sign::Change => (Tone::Change, "~ "),
        Sign::Same => (Tone::Plain, "  "),
    };
    let indent = 8 + 2 * line.depth;
    let lead = line.lead();
    page.line(
        indent,
        indent + 2 + columns(&lead),
        &[
            (tone, sign),
            (Tone::Plain, &lead),
            (Tone::Plain, &line.text),
        ],
    );
}

fn kept(page: &mut Page, plan: &PlanFile, detail: Detail) {
    section(page, "Kept as found", plan.kept.len());
    for kept in plan.kept.iter().take(detail.kept()) {
        let what = format!(" ({}, {})", kept.kind, kept.why);
        page.line(
            2,
            6,
            &[
                (Tone::Plain, "= "),
                (Tone::Plain, &kept.address),
                (Tone::Faint, &what),
            ],
        );
    }
    more(page, plan.kept.len(), detail.kept());
}

fn waits(page: &mut Page, plan: &PlanFile) {
    section(page, "Waits of an apply", plan.waits.len());
    for wait in &plan.waits {
        let bound = format!("at most {}: ", words::duration(wait.bound_seconds));
        let address = format!(" ({})", wait.address);
        page.line(
            2,
            4,
            &[
                (Tone::Plain, &bound),
                (Tone::Plain, &wait.what),
                (Tone::Faint, &address),
            ],
        );
    }
}

fn order(page: &mut Page, plan: &PlanFile, detail: Detail) {
    let (steps, circle) = steps(&plan.order);
    section(page, "Order of an apply", plan.order.len());
    let mut number = 0;
    for step in steps.iter().take(detail.steps()) {
        let lead = if step.number == number {
            "    ".to_owned()
        } else {
            format!("{:>2}. ", step.number)
        };
        let why = if step.why.is_empty() {
            String::new()
        } else {
            format!(" ({})", step.why)
        };
        page.line(
            2,
            8,
            &[
                (Tone::Plain, &lead),
                (Tone::Plain, step.address),
                (Tone::Faint, &why),
            ],
        );
        number = step.number;
    }
    more(page, steps.len(), detail.steps());
    for address in circle {
        page.line(
            2,
            8,
            &[
                (Tone::Alarm, "waits for itself in a circle: "),
                (Tone::Plain, address),
            ],
        );
    }
}

fn apply_needs(page: &mut Page, plan: &PlanFile) {
    if plan.changes.is_empty() {
        return;
    }
    page.blank();
    page.line(
        0,
        2,
        &[
            (Tone::Strong, "Apply: "),
            (Tone::Plain, &view::estimate(plan)),
        ],
    );
    if let Some(permissions) = view::permissions(plan) {
        page.line(
            0,
            2,
            &[(Tone::Strong, "Needs: "), (Tone::Plain, &permissions)],
        );
    }
}

fn findings(page: &mut Page, plan: &PlanFile) {
    section(page, "Findings", plan.findings.len());
    for finding in view::findings(plan) {
        draw_finding(page, finding);
    }
}

pub(crate) fn draw_finding(page: &mut Page, finding: &Finding) {
    let tone = match finding.level {
        FindingLevel::Blocked => Tone::Alarm,
        FindingLevel::Warning => Tone::Change,
        FindingLevel::Note => Tone::Plain,
    };
    let code = format!(" [{}] ", finding.code);
    page.blank();
    page.line(
        2,
        4,
        &[
            (tone, words::finding(finding.level)),
            (Tone::Plain, &code),
            (Tone::Strong, &finding.address),
        ],
    );
    page.line(4, 4, &[(Tone::Plain, &finding.message)]);
    for (index, way) in view::ways_out(finding).enumerate() {
        let lead = if index == 0 { "help: " } else { "or:   " };
        page.line(4, 10, &[(Tone::Strong, lead), (Tone::Plain, way)]);
    }
}

/// The title of a section, where it has something to show.
fn section(page: &mut Page, title: &str, length: usize) {
    if length > 0 {
        page.blank();
        page.line(0, 2, &[(Tone::Strong, title), (Tone::Strong, ":")]);
    }
}

fn more(page: &mut Page, length: usize, shown: usize) {
    if length > shown {
        page.line(
            2,
            4,
            &[(Tone::Plain, &format!("({} more)", length - shown))],
        );
    }
}
