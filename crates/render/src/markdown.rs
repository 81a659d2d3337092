//! A plan as Markdown for the comment of a pull request, never longer than its limit.
//!
//! The page is made of items, which are shown whole, in one line, or counted: dangers get room first, and stand
//! above the rest. Whatever came from outside passes through `escape`.

use s3ferry_core::format::{
    Change, Finding, FindingLevel, Gate, GateState, MigrationInfo, PlanFile,
};

use crate::budget::{Class, Item, Rank, Section, fit, size};
use crate::bundle::{Bundle, bundles};
use crate::detail::{Line, Sign};
use crate::escape::{clipped_code, code, fenced, message, prose};
use crate::steps::steps;
use crate::view::{self, Tally, Verb};
use crate::words;

/// The least that a page's title, headings and counts need; a smaller limit is taken as this.
pub(crate) const LEAST: usize = 2_000;
/// Room for each text of the head that came from outside.
const HEAD_ROOM: usize = 80;
/// How wide a diff may be before its values go on lines of their own; GitHub shows about so much without scrolling.
pub(crate) const DIFF_WIDTH: usize = 100;
/// Kept items and steps that are listed before the rest is counted.
const LISTED: usize = 50;

/// Draws a plan as Markdown of at most `limit` characters, or 2,000 where it is less; GitHub takes 65,536.
///
/// Where that is not enough for everything, whole items are left out and counted, dangers last of all: blocked
/// findings, deletes, what can't be undone, high risk; then broader access.
#[must_use]
pub fn markdown(plan: &PlanFile, limit: usize) -> String {
    let head = head(plan);
    let sections = [
        migrations(plan),
        findings(plan),
        gates(plan),
        changes(plan, "\n#### Look at these first\n\n", is_first),
        changes(plan, "\n#### Changes\n\n", |change| !is_first(change)),
        not_carried(plan),
        background(plan),
    ];
    let room = limit.max(LEAST).saturating_sub(size(&head));
    format!("{head}{}", fit(&sections, room))
}

fn head(plan: &PlanFile) -> String {
    let mut out = format!("<!-- s3ferry plan {} -->\n", marker(&plan.spec.name));
    match plan.changes.as_slice() {
        [] => out.push_str("### s3ferry plan: no changes\n\n"),
        changes => out.push_str(&format!(
            "### s3ferry plan: {}\n\n",
            Tally::of(changes).sentence()
        )),
    }
    if let Some(obstacles) = view::obstacles(plan) {
        let text =
            format!("**BLOCKED**: `apply` refuses this plan (exit 4): {obstacles} in the way.");
        out.push_str(&format!("> [!CAUTION]\n> {text}\n\n"));
    } else if plan.changes.is_empty() {
        out.push_str(&format!("{}\n\n", view::summary(plan)));
    }
    let clip = |text: &str| clipped_code(text, HEAD_ROOM);
    let (spec, created, version) = (
        clip(&plan.spec.name),
        clip(&plan.created),
        clip(&plan.s3ferry),
    );
    out.push_str(&format!(
        "Spec {spec}, planned {created} by s3ferry {version}."
    ));
    if !plan.spec.targets.is_empty() {
        let targets = words::count(plan.spec.targets.len(), "migration");
        out.push_str(&format!(
            " **Only for {targets} named by `--target`; the rest was not planned.**"
        ));
    }
    if plan.spec.search {
        out.push_str(&format!(" {}", words::SEARCHED));
    }
    out.push_str("\n\n");
    out
}

/// A spec's name as it stands in the comment by which a pipeline finds the plan that it posted before: of each spec its own.
pub(crate) fn marker(name: &str) -> String {
    let letters = name.chars().take(HEAD_ROOM);
    letters
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
        .collect()
}

fn item(rank: Rank, class: &'static str, full: String) -> Item {
    Item {
        rank,
        class: Class::Noun(class),
        stands_for: 1,
        full,
        short: None,
    }
}

fn migrations(plan: &PlanFile) -> Section {
    let row = |migration: &MigrationInfo| {
        let MigrationInfo {
            name,
            phase,
            source,
            destination,
            gates: _,
            not_carried: _,
        } = migration;
        let (name, phase) = (code(name), code(phase));
        let (source, destination) = (code(source), code(destination));
        let gates = match view::gate_counts(migration) {
            none if none.is_empty() => "none".to_owned(),
            counts => counts.join(", "),
        };
        format!("| {name} | {phase} | {source} | {destination} | {gates} |\n")
    };
    Section {
        heading: "| Migration | Phase | From | To | Gates |\n|---|---|---|---|---|\n".to_owned(),
        items: plan
            .migrations
            .iter()
            .map(|one| item(Rank::Frame, "migration", row(one)))
            .collect(),
    }
}

fn gates(plan: &PlanFile) -> Section {
    let all = plan
        .migrations
        .iter()
        .flat_map(|one| one.gates.iter().map(move |gate| (one, gate)));
    let mut open: Vec<_> = all
        .filter(|(_, gate)| gate.state != GateState::Met)
        .collect();
    open.sort_by_key(|(_, gate)| std::cmp::Reverse(gate.state as u8));
    Section {
        heading: "\n#### Gates not passed yet\n\n".to_owned(),
        items: open
            .into_iter()
            .map(|(migration, gate)| gate_item(migration, gate))
            .collect(),
    }
}

fn gate_item(migration: &MigrationInfo, gate: &Gate) -> Item {
    let rank = match gate.state {
        GateState::Blocked => Rank::Danger,
        GateState::Waiting => Rank::Care,
        GateState::Pending | GateState::Met => Rank::Change,
    };
    let why = if gate.why.is_empty() {
        String::new()
    } else {
        format!(": {}", message(&gate.why))
    };
    let state = words::gate(gate.state);
    let full = format!(
        "- **{state}** {} of {}{why}\n",
        message(&gate.name),
        code(&migration.name)
    );
    Item {
        class: Class::Word(gate.state as u8, state),
        ..item(rank, state, full)
    }
}

fn findings(plan: &PlanFile) -> Section {
    Section {
        heading: "\n#### Findings\n\n".to_owned(),
        items: view::findings(plan).into_iter().map(finding_item).collect(),
    }
}

pub(crate) fn finding_item(finding: &Finding) -> Item {
    let rank = match finding.level {
        FindingLevel::Blocked => Rank::Danger,
        FindingLevel::Warning => Rank::Care,
        FindingLevel::Note => Rank::Background,
    };
    let level = words::finding(finding.level);
    let lead = format!(
        "- **{level}** {} at {}",
        code(&finding.code),
        code(&finding.address)
    );
    let mut full = format!("{lead}: {}\n", message(&finding.message));
    for (index, way) in view::ways_out(finding).enumerate() {
        let word = if index == 0 { "help" } else { "or" };
        full.push_str(&format!("  - {word}: {}\n", message(way)));
    }
    let short = Some(format!("{lead} (text left out for length)\n"));
    Item {
        rank,
        class: Class::Word(finding.level as u8, level),
        stands_for: 1,
        full,
        short,
    }
}

/// Whether a change stands above the others.
fn is_first(change: &Change) -> bool {
    rank(change) <= Rank::Access
}

fn rank(change: &Change) -> Rank {
    if view::is_dangerous(change) {
        Rank::Danger
    } else if view::opens_access(change) {
        Rank::Access
    } else if view::wants_care(change) {
        Rank::Care
    } else {
        Rank::Change
    }
}

fn changes(plan: &PlanFile, heading: &str, wanted: impl Fn(&Change) -> bool) -> Section {
    let mut wanted: Vec<&Change> = plan
        .changes
        .iter()
        .filter(|change| wanted(change))
        .collect();
    wanted.sort_by_key(|change| rank(change));
    Section {
        heading: heading.to_owned(),
        items: bundles(&wanted)
            .iter()
            .map(|bundle| change_item(plan, bundle))
            .collect(),
    }
}

fn change_item(plan: &PlanFile, bundle: &Bundle<'_>) -> Item {
    let change = bundle.first;
    let verb = Verb::of(change);
    let title = title(change, verb.meaning(), &bundle.kind(), &bundle.address());
    let rank = rank(change);
    let open = if rank <= Rank::Access { " open" } else { "" };
    let mut full = format!(
        "<details{open}><summary>{title}</summary>\n\n{}\n",
        why(plan, change)
    );
    let warnings = view::warnings(change);
    if !warnings.is_empty() {
        full.push('\n');
        full.extend(warnings.iter().map(|note| format!("- {}\n", message(note))));
    }
    full.push_str(&diff(&bundle.details(DIFF_WIDTH)));
    full.push_str("\n</details>\n\n");
    Item {
        rank,
        class: Class::Word(verb as u8, verb.counted()),
        stands_for: bundle.len(),
        full,
        short: Some(without_details(&title)),
    }
}

/// The line of a change that is seen while its details are folded.
fn title(change: &Change, does: &str, kind: &str, address: &str) -> String {
    let mut out = headline(change, does, kind, address);
    for label in view::labels(change) {
        out.push_str(&format!(" · <b>{label}</b>"));
    }
    out
}

fn why(plan: &PlanFile, change: &Change) -> String {
    let names: Vec<String> = change.migrations.iter().map(|name| code(name)).collect();
    let of = match names.as_slice() {
        [] => "Of no migration".to_owned(),
        [one] => format!("Of migration {one}"),
        several => format!("Of migrations {}", several.join(", ")),
    };
    format!("{of}, because {}.", prose(&view::because(plan, change)))
}

/// What is done to an item, or was.
pub(crate) fn headline(change: &Change, does: &str, kind: &str, address: &str) -> String {
    let symbol = Verb::of(change).symbol();
    format!("<b>{symbol} {does}</b> {} {}", prose(kind), code(address))
}

/// A change where there is not room for its details.
pub(crate) fn without_details(title: &str) -> String {
    format!("- {title} (details left out for length)\n\n")
}

/// The details of a change as a block, where there are any.
pub(crate) fn diff(lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = lines.iter().map(diff_line).collect();
    format!("\n{}", fenced("diff", &lines))
}

/// A line of a diff: what changes in place begins with `!`, which is how diffs mark it.
fn diff_line(line: &Line) -> String {
    let sign = match line.sign {
        Sign::Add => '+',
        Sign::Remove => '-',
        Sign::Change => '!',
        Sign::Same => ' ',
    };
    format!(
        "{sign} {}{}{}",
        "  ".repeat(line.depth),
        line.lead(),
        line.text
    )
    .trim_end()
    .to_owned()
}

fn not_carried(plan: &PlanFile) -> Section {
    let lines = plan.migrations.iter().flat_map(|migration| {
        migration
            .not_carried
            .iter()
            .map(|sentence| format!("- {}: {}\n", code(&migration.name), message(sentence)))
    });
    Section {
        heading: "\n#### Not carried by these rules\n\n".to_owned(),
        items: lines
            .map(|line| item(Rank::Background, "sentence", line))
            .collect(),
    }
}

fn background(plan: &PlanFile) -> Section {
    let kept = plan.kept.iter().map(|kept| {
        format!(
            "- {} {}: {}\n",
            code(&kept.address),
            prose(&kept.kind),
            message(&kept.why)
        )
    });
    let waits = plan.waits.iter().map(|wait| {
        let bound = words::duration(wait.bound_seconds);
        format!(
            "- at most {bound}: {} ({})\n",
            message(&wait.what),
            code(&wait.address)
        )
    });
    let lists: [(&str, Vec<String>); 3] = [
        ("kept item", kept.collect()),
        ("wait", waits.collect()),
        ("ordered step", order_lines(plan)),
    ];
    let full_lists = lists.iter().filter(|(_, lines)| !lines.is_empty());
    let mut items: Vec<Item> = full_lists
        .map(|(noun, lines)| folded(noun, lines))
        .collect();
    if !plan.changes.is_empty() {
        let full = format!("Apply: {}\n\n", view::estimate(plan));
        items.push(item(Rank::Background, "estimate", full));
    }
    if let Some(permissions) = view::permissions(plan) {
        let full = format!("Needs: {}\n\n", message(&permissions));
        items.push(item(Rank::Background, "list of permissions", full));
    }
    Section {
        heading: "\n#### Background\n\n".to_owned(),
        items,
    }
}

/// A list under a line that counts it.
fn folded(noun: &'static str, lines: &[String]) -> Item {
    let title = words::count(lines.len(), noun);
    let more = match lines.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!("- ({more} more)\n"),
    };
    let listed: String = lines.iter().take(LISTED).map(String::as_str).collect();
    let full = format!("<details><summary>{title}</summary>\n\n{listed}{more}\n</details>\n\n");
    Item {
        stands_for: lines.len(),
        ..item(Rank::Background, noun, full)
    }
}

fn order_lines(plan: &PlanFile) -> Vec<String> {
    let (steps, circle) = steps(&plan.order);
    let step_line = |step: &crate::steps::Step<'_>| {
        let why = if step.why.is_empty() {
            String::new()
        } else {
            format!(" ({})", message(step.why))
        };
        format!("- step {}: {}{why}\n", step.number, code(step.address))
    };
    let circle = circle
        .into_iter()
        .map(|address| format!("- waits for itself in a circle: {}\n", code(address)));
    steps.iter().map(step_line).chain(circle).collect()
}
