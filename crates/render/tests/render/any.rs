//! What holds for every plan, however odd: plans come from files, and their values from two live accounts.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use s3ferry_core::format::{
    AccessChange, AccessVerdict, AccountInfo, Action, Attribute, Change, Edge, Estimate, Finding,
    FindingLevel, Gate, GateState, Kept, MigrationInfo, PermissionInfo, PlanFile, Reason, Risk,
    RiskLevel, SpecInfo, Summary, Undo, UndoKind, Wait,
};
use s3ferry_render::{Detail, Style, markdown, sanitize, text};
use serde_json::{Map, Value, json};

/// Texts as plans have them, and as somebody who wants to forge a review would write them.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["prod/bucket/a/replication/rule/b", "archive/role/x", "orders", "a", "", "Enabled"])
            .prop_map(str::to_owned),
        2 => select(vec![
            "x\n+ forged", "```\n+ forged", "\u{1b}[2J\u{1b}[H", "a\r\nb", "\u{202e}txt", "<img src=x>", "a|b\\|c",
            "@team", "- [x] ok", "`", "one\ntwo\nthree", "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\"}]}",
        ])
        .prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "[a-z/]{50,400}",
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let key = || {
        prop_oneof![
            select(vec![
                "Effect",
                "Action",
                "Principal",
                "Condition",
                "Statement",
                "Sid",
                "document"
            ])
            .prop_map(str::to_owned),
            any_text(),
        ]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
        Just(json!({"Effect": "Allow", "Action": ["s3:GetObject"], "Principal": "*"})),
    ];
    leaf.prop_recursive(4, 12, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((key(), inner), 0..5).prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

fn any_action() -> impl Strategy<Value = Vec<Action>> {
    select(vec![
        vec![],
        vec![Action::Create],
        vec![Action::Update],
        vec![Action::Delete],
        vec![Action::Delete, Action::Create],
        vec![Action::Update, Action::Delete],
        vec![Action::Prove],
    ])
}

fn any_reason() -> impl Strategy<Value = Reason> {
    select(vec![
        Reason::Missing,
        Reason::Differs,
        Reason::LeftSpec,
        Reason::Phase,
        Reason::Adopted,
        Reason::BrokenPrincipal,
        Reason::Unproven,
    ])
}

fn any_access() -> impl Strategy<Value = Option<AccessChange>> {
    let verdict = select(vec![
        AccessVerdict::Equal,
        AccessVerdict::Broader,
        AccessVerdict::Narrower,
        AccessVerdict::Different,
    ]);
    proptest::option::of((verdict, vec(any_text(), 0..3), vec(any_text(), 0..3))).prop_map(|one| {
        one.map(|(verdict, added, removed)| AccessChange {
            verdict,
            added,
            removed,
        })
    })
}

fn any_undo() -> impl Strategy<Value = Undo> {
    (
        select(vec![UndoKind::Exact, UndoKind::Partial, UndoKind::None]),
        any_text(),
    )
        .prop_map(|(kind, why)| Undo { kind, why })
}

fn any_risk() -> impl Strategy<Value = Risk> {
    (
        select(vec![RiskLevel::Low, RiskLevel::Medium, RiskLevel::High]),
        vec(any_text(), 0..3),
    )
        .prop_map(|(level, notes)| Risk { level, notes })
}

prop_compose! {
    fn any_attribute()(path in any_text(), before in any_value(), after in any_value()) -> Attribute {
        Attribute { path, before, after }
    }
}

prop_compose! {
    fn any_change()(
        (address, target, kind) in (any_text(), any_text(), any_text()),
        (migrations, actions, reason) in (vec(any_text(), 0..3), any_action(), any_reason()),
        (before, after, attributes) in (any_value(), any_value(), vec(any_attribute(), 0..3)),
        (access, undo, risk) in (any_access(), any_undo(), any_risk()),
    ) -> Change {
        Change { address, target, kind, migrations, actions, reason, before, after, attributes, access, undo, risk }
    }
}

prop_compose! {
    fn any_gate()(
        name in any_text(),
        state in select(vec![GateState::Met, GateState::Pending, GateState::Waiting, GateState::Blocked]),
        why in any_text(),
    ) -> Gate {
        Gate { name, state, why }
    }
}

prop_compose! {
    fn any_migration()(
        (name, phase, source, destination) in (any_text(), any_text(), any_text(), any_text()),
        gates in vec(any_gate(), 0..4),
        not_carried in vec(any_text(), 0..3),
    ) -> MigrationInfo {
        MigrationInfo { name, phase, source, destination, gates, not_carried }
    }
}

prop_compose! {
    fn any_finding()(
        level in select(vec![FindingLevel::Blocked, FindingLevel::Warning, FindingLevel::Note]),
        (code, address, message, help) in (any_text(), any_text(), any_text(), any_text()),
    ) -> Finding {
        Finding { code, level, address, message, help }
    }
}

fn any_spec() -> impl Strategy<Value = SpecInfo> {
    (any_text(), any_text(), vec(any_text(), 0..3)).prop_map(|(name, digest, targets)| SpecInfo {
        name,
        digest,
        files: vec![],
        targets,
        search: false,
    })
}

fn any_account() -> impl Strategy<Value = AccountInfo> {
    (any_text(), any_text(), any_text(), any_text()).prop_map(|(name, id, region, caller)| {
        AccountInfo {
            name,
            id,
            region,
            caller,
        }
    })
}

fn any_kept() -> impl Strategy<Value = Kept> {
    (any_text(), any_text(), any_text()).prop_map(|(address, kind, why)| Kept {
        address,
        kind,
        why,
        value: Value::Null,
    })
}

fn any_wait() -> impl Strategy<Value = Wait> {
    (any_text(), any_text(), any::<u64>()).prop_map(|(address, what, bound_seconds)| Wait {
        address,
        what,
        bound_seconds,
    })
}

fn any_edge() -> impl Strategy<Value = Edge> {
    let node = || {
        prop_oneof![
            select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned),
            any_text()
        ]
    };
    (node(), node(), any_text()).prop_map(|(first, then, why)| Edge { first, then, why })
}

prop_compose! {
    fn any_plan()(
        (s3ferry, created, spec) in (any_text(), any_text(), any_spec()),
        accounts in vec(any_account(), 0..3),
        migrations in vec(any_migration(), 0..4),
        changes in vec(any_change(), 0..5),
        kept in vec(any_kept(), 0..24),
        (waits, order) in (vec(any_wait(), 0..3), vec(any_edge(), 0..8)),
        permissions in vec((any_text(), vec(any_text(), 0..3)), 0..3),
        numbers in any::<[u64; 4]>(),
        findings in vec(any_finding(), 0..4),
    ) -> PlanFile {
        let [reads, writes, calls, throttle_seconds] = numbers;
        PlanFile {
            format: "1.1".into(),
            fingerprints: [].into(),
            permissions: permissions.into_iter().map(|(account, actions)| PermissionInfo { account, actions }).collect(),
            estimate: Estimate { reads, writes, calls, throttle_seconds },
            summary: Summary::default(),
            s3ferry, created, spec, accounts, migrations, changes, kept, waits, order, findings,
        }
    }
}

/// How many of a kind the page shows, by what it writes in front of each.
fn shown(page: &str, marks: &[&str]) -> usize {
    page.lines()
        .filter(|line| marks.iter().any(|mark| line.starts_with(mark)))
        .count()
}

/// How many of a class the page says it left out.
fn counted(page: &str, class: &str) -> usize {
    let counts = page
        .lines()
        .filter_map(|line| line.strip_prefix("**Left out here for length: "));
    let parts = counts.flat_map(|line| line.trim_end_matches(".**").split(", "));
    parts
        .filter_map(|part| part.strip_suffix(class)?.trim().parse::<usize>().ok())
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_can_be_read_as_text(plan in any_plan(), width in 40_usize..160) {
        text_stays_in_its_width_and_obeys_nobody(&plan, width)?;
        colours_change_nothing_but_colour(&plan, width)?;
        every_change_and_finding_is_in_the_text(&plan)?;
    }

    #[test]
    fn every_plan_fits_into_a_comment(
        plan in any_plan(),
        times in 1_usize..20,
        limit in prop_oneof![2_000_usize..9_000, Just(65_536)],
    ) {
        let changes = vec![plan.changes; times].concat();
        let plan = PlanFile { changes, ..plan };
        let page = markdown(&plan, limit);
        markdown_keeps_its_limit_and_obeys_nobody(&page, limit)?;
        markdown_shows_or_counts_every_danger(&plan, &page)?;
        prop_assert_eq!(page, markdown(&plan, limit));
    }

    #[test]
    fn sanitized_text_has_no_control_characters(text in any::<String>()) {
        let shown = sanitize(&text);
        let acts = |one: char| one.is_control() || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!shown.chars().any(acts));
    }
}

fn text_stays_in_its_width_and_obeys_nobody(
    plan: &PlanFile,
    width: usize,
) -> Result<(), TestCaseError> {
    let page = text(plan, Style::Plain, width, Detail::Brief);
    prop_assert!(!page.chars().any(|one| one.is_control() && one != '\n'));
    for line in page.lines() {
        prop_assert!(!line.starts_with("+ forged"), "{line}");
        prop_assert!(
            !line.is_ascii() || line.len() <= width,
            "{} > {width}: {line}",
            line.len()
        );
    }
    prop_assert_eq!(page, text(plan, Style::Plain, width, Detail::Brief));
    Ok(())
}

fn colours_change_nothing_but_colour(plan: &PlanFile, width: usize) -> Result<(), TestCaseError> {
    let coloured = text(plan, Style::Ansi, width, Detail::Brief);
    let mut parts = coloured.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    plain.extend(parts.map(|part| part.split_once('m').map_or("", |(_, text)| text)));
    prop_assert_eq!(plain, text(plan, Style::Plain, width, Detail::Brief));
    Ok(())
}

fn every_change_and_finding_is_in_the_text(plan: &PlanFile) -> Result<(), TestCaseError> {
    let page = text(plan, Style::Plain, usize::MAX, Detail::Brief);
    for change in &plan.changes {
        prop_assert!(page.contains(sanitize(&change.address).trim_end_matches(' ')));
    }
    for finding in &plan.findings {
        prop_assert!(page.contains(sanitize(&finding.message).trim_end_matches(' ')));
    }
    Ok(())
}

fn markdown_keeps_its_limit_and_obeys_nobody(
    page: &str,
    limit: usize,
) -> Result<(), TestCaseError> {
    let length = page.chars().count();
    prop_assert!(length <= limit, "{length} > {limit}");
    prop_assert!(!page.chars().any(|one| one.is_control() && one != '\n'));
    prop_assert!(!page.lines().any(|line| line.starts_with("+ forged")));
    Ok(())
}

fn markdown_shows_or_counts_every_danger(plan: &PlanFile, page: &str) -> Result<(), TestCaseError> {
    let blocked = plan
        .findings
        .iter()
        .filter(|one| one.level == FindingLevel::Blocked)
        .count();
    let gates = plan
        .migrations
        .iter()
        .flat_map(|one| &one.gates)
        .filter(|one| one.state == GateState::Blocked);
    prop_assert_eq!(
        shown(page, &["- **BLOCKED**"]) + counted(page, "BLOCKED"),
        blocked + gates.count()
    );
    let deletes = plan
        .changes
        .iter()
        .filter(|one| one.actions.contains(&Action::Delete))
        .count();
    let titles = [
        "<details open><summary><b>- delete</b>",
        "- <b>- delete</b>",
        "<details open><summary><b>-/+ ",
        "- <b>-/+ ",
    ];
    let left_out = counted(page, "to destroy") + counted(page, "to replace");
    prop_assert_eq!(shown(page, &titles) + left_out, deletes);
    Ok(())
}
